"""The scoreboard: money counts once, the last word decides what was saved, disturbance is not forgotten."""

import json
from itertools import islice

import msgspec
import pytest

from jindi.run.simulate import HEADER, Kept, Scoreboard, Truth, World

THEFT = "account_takeover"


def event(name: str, kind: str = "transfer", user: str = "u1", amount: str | None = "100.00", **more: str):
    fields = {"id": name, "type": kind, "user": user, **more}
    return fields if amount is None else fields | {"amount": amount}


def theft(loss_minor: int = 10_000, episode: str = "epi_1") -> Truth:
    return Truth(THEFT, episode, loss_minor)


def test_an_empty_board_has_no_shares():
    figures = Scoreboard().to_json()
    assert figures["precision"] is None
    assert figures["recall"] is None
    assert figures["saved_share"] is None
    assert figures["scenarios"] == {}


def test_stopped_theft_is_saved_and_allowed_theft_is_missed():
    board = Scoreboard()
    board.feed(event("e1"), theft(), "deny")
    board.feed(event("e2"), theft(2_500), "allow")
    figures = board.to_json()
    row = figures["scenarios"][THEFT]
    assert (row["at_risk_minor"], row["saved_minor"], row["missed_minor"]) == (12_500, 10_000, 2_500)
    assert (row["events"], row["events_stopped"], row["recall"]) == (2, 1, 0.5)
    assert figures["saved_share"] == 0.8


@pytest.mark.parametrize("outcome", ["challenge", "delay", "review", "deny"])
def test_every_outcome_but_allow_stops(outcome):
    board = Scoreboard()
    board.feed(event("e1"), theft(), outcome)
    board.feed(event("e2"), Truth(), outcome)
    figures = board.to_json()
    assert figures["saved_minor"] == 10_000
    assert figures["honest_by_outcome"] == {outcome: 1}
    assert figures["precision"] == 0.5


def test_an_episode_is_caught_once_and_its_delay_is_the_events_before():
    board = Scoreboard()
    for name, outcome in (("a", "allow"), ("b", "allow"), ("c", "review"), ("d", "deny")):
        board.feed(event(name), theft(), outcome)
    board.feed(event("x"), theft(episode="epi_2"), "deny")
    board.feed(event("y"), theft(episode="epi_3"), "allow")
    row = board.to_json()["scenarios"][THEFT]
    assert (row["episodes"], row["episodes_caught"]) == (3, 2)
    assert row["delay_events_median"] == 1  # of 2 and 0


def test_a_retry_that_is_allowed_loses_what_was_saved_once():
    board = Scoreboard()
    board.feed(event("e1"), theft(), "challenge")
    board.feed(event("e2", retry_of="e1"), theft(), "allow")
    row = board.to_json()["scenarios"][THEFT]
    assert (row["at_risk_minor"], row["saved_minor"], row["missed_minor"]) == (10_000, 0, 10_000)


def test_a_retry_that_is_stopped_again_is_saved_once():
    board = Scoreboard()
    board.feed(event("e1"), theft(), "challenge")
    board.feed(event("e2", retry_of="e1"), theft(), "deny")
    row = board.to_json()["scenarios"][THEFT]
    assert (row["at_risk_minor"], row["saved_minor"]) == (10_000, 10_000)


def test_an_honest_wish_that_comes_true_after_a_challenge_still_disturbed_its_customer():
    board = Scoreboard()
    board.feed(event("e1"), Truth(), "challenge")
    assert board.to_json()["honest_unserved_minor"] == 10_000
    board.feed(event("e2", retry_of="e1"), Truth(), "allow")
    figures = board.to_json()
    assert (figures["honest_unserved"], figures["honest_unserved_minor"]) == (0, 0)
    assert (figures["honest_events"], figures["honest_disturbed"]) == (1, 1)
    assert (figures["customers"], figures["customers_disturbed"]) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "more", "saved"),
    [
        ("decision_release", {"by": "schedule"}, 0),
        ("decision_recall", {"by": "service_desk"}, 10_000),
        ("review_verdict", {"by": "analyst-1", "verdict": "accept"}, 0),
        ("review_verdict", {"by": "analyst-1", "verdict": "reject"}, 10_000),
    ],
)
def test_the_last_word_decides_what_was_saved(kind, more, saved):
    board = Scoreboard()
    board.feed(event("e1"), theft(), "review", decision_id="dec_7")
    board.feed(event("e2"), Truth(), "review", decision_id="dec_8")
    for number in (7, 8):
        board.feed({"id": f"l{number}", "type": kind, "decision": f"dec_{number}", **more}, Truth())
    figures = board.to_json()
    assert figures["saved_minor"] == saved
    assert figures["honest_unserved_minor"] == saved


def test_a_word_on_an_unknown_decision_changes_nothing():
    board = Scoreboard()
    board.feed({"id": "l1", "type": "decision_release", "decision": "dec_9", "by": "schedule"}, Truth())
    assert board.to_json()["events"] == 0


def test_events_that_only_tell_are_not_judged():
    board = Scoreboard()
    board.feed(event("r1", "payment_result", amount=None), theft(0))
    board.feed(event("r2", "fraud_report"), Truth(), "deny")
    assert board.to_json()["events"] == 0


def test_customers_are_counted_once_and_thieves_are_no_customers():
    board = Scoreboard()
    for number, outcome in enumerate(("deny", "allow", "review", "deny")):
        board.feed(event(f"e{number}", user="u1"), Truth(), outcome)
    board.feed(event("e9", user="u2"), Truth())
    board.feed(event("t1", user="u3"), theft(), "deny")
    figures = board.to_json()
    assert (figures["customers"], figures["customers_disturbed"]) == (2, 1)
    assert figures["honest_by_outcome"] == {"deny": 2, "review": 1}
    assert figures["honest_disturbed_share"] == 0.6


def test_a_login_without_an_amount_disturbs_but_holds_no_money():
    board = Scoreboard()
    board.feed(event("e1", "login", amount=None), Truth(), "challenge")
    assert board.to_json()["honest_unserved_minor"] == 0
    assert board.to_json()["honest_unserved"] == 1


def test_rows_fit_the_header_and_end_with_all_together():
    board = Scoreboard()
    board.feed(event("e1"), theft(), "deny")
    board.feed(event("e2"), Truth("mule_ring", "epi_2", 50_000))
    rows = board.rows()
    assert all(len(row) == len(HEADER) for row in rows)
    assert [row[0] for row in rows] == ["account_takeover", "mule_ring", "all"]
    assert rows[-1] == ("all", "2", "1", "2", "1", "50.0%", "600.00", "100.00", "500.00", "0")
    assert rows[1][-1] == "–"


def test_the_board_balances_over_a_living_world():
    """Whatever is decided, at risk = saved + missed in every scenario; who allows all saves nothing."""
    for outcomes in (("allow",), ("allow", "challenge", "delay", "review", "deny")):
        world, board = World(31, users=200, fraud=30), Scoreboard()
        for number, (sent, truth) in enumerate(islice(world, 8_000)):
            outcome = outcomes[number % len(outcomes)]
            board.feed(sent, truth, outcome, "dec_" + sent["id"])
            world.react(sent["id"], outcome, "otp", decision_id="dec_" + sent["id"])
        figures = board.to_json()
        assert json.loads(json.dumps(figures)) == figures
        for row in figures["scenarios"].values():
            assert 0 <= row["saved_minor"] <= row["at_risk_minor"]
            assert row["missed_minor"] == row["at_risk_minor"] - row["saved_minor"]
        assert figures["honest_unserved_minor"] >= 0
        assert (figures["saved_minor"] == 0) == (outcomes == ("allow",))


def told_in_two(cut: int, *, is_restored: bool):
    """The figures of a world, told to one board, or in its second part to one that was kept and restored."""
    board, outcomes = Scoreboard(), ("allow", "review", "deny", "delay", "allow")
    for place, simulated in enumerate(islice(World(7, users=80), 3_000)):
        if is_restored and place == cut:
            kept = msgspec.json.decode(msgspec.json.encode(board.kept()), type=Kept)
            board = Scoreboard.restored(kept)
        board.feed(simulated.event, simulated.truth, outcomes[place % 5], f"dec_{place}")
    return board.to_json()


@pytest.mark.parametrize("cut", [0, 1, 700, 2_999])
def test_a_board_that_was_kept_and_restored_goes_on_as_if_it_had_never_ended(cut):
    whole, restored = (told_in_two(cut, is_restored=each) for each in (False, True))
    # An episode that goes on over the cut is counted on both sides: the next start of a demo tells a world of its own.
    for figures in (whole, restored):
        for row in (figures, *figures["scenarios"].values()):
            for name in ("episodes", "episodes_caught", "delay_events_median"):
                row.pop(name, None)
    assert restored == whole


def test_episodes_of_the_next_start_are_others_though_they_are_called_the_same():
    board = Scoreboard()
    board.feed(event("e1"), theft(), "deny")
    board = Scoreboard.restored(board.kept())
    board.feed(event("e2"), theft(), "deny")
    board = Scoreboard.restored(board.kept())
    board.feed(event("e3"), theft(), "allow")
    assert board.to_json()["episodes"] == 3
    assert board.to_json()["episodes_caught"] == 2
