"""Lists as packs and events make them, and decisions that wait for their last word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.packs import Outcome, load
from jindi.run.lists import Lists
from jindi.run.openings import FOLLOW_UPS, OPEN_MAX_US, Opening, Openings
from shop_world import LISTS, NOON_US, shop_files, shop_program

HOUR_US = 3_600_000_000


def lists():
    return Lists(shop_program().definitions)


def other_packs(text):
    return load(shop_files(lists=text))


# ---- lists


def test_a_pack_s_entries_are_members_until_they_expire():
    held = lists()
    assert held.holds("blocked", "villain", NOON_US)
    assert held.holds("blocked", "brief", NOON_US + HOUR_US - 1)
    assert not held.holds("blocked", "brief", NOON_US + HOUR_US)
    assert not held.holds("blocked", "nobody", NOON_US)


def test_an_entry_that_was_removed_by_an_event_stays_removed_when_packs_change():
    held = lists()
    held.change("blocked", "villain", add=False, expires_us=None)
    held.change("blocked", "new", add=True, expires_us=None)
    held.adopt(other_packs(LISTS.replace("for an hour", "for two")))
    assert not held.holds("blocked", "villain", NOON_US)
    assert held.holds("blocked", "new", NOON_US)


def test_what_events_did_to_a_list_outlives_packs_that_lack_it():
    held = lists()
    held.change("blocked_phones", "phone.x", add=True, expires_us=None)
    declared = shop_program().definitions
    from dataclasses import replace

    held.adopt(replace(declared, lists={}))
    assert "blocked_phones" not in held
    held.adopt(declared)
    assert held.holds("blocked_phones", "phone.x", NOON_US)


def test_a_copy_under_other_packs_leaves_the_lists_in_force_alone():
    held = lists()
    held.change("blocked", "new", add=True, expires_us=None)
    copy = held.under(other_packs(LISTS + LISTS.replace("[blocked]", "[other]").split("[blocked_phones]")[0]))
    copy.change("blocked", "new", add=False, expires_us=None)
    assert copy.holds("other", "villain", NOON_US)
    assert held.holds("blocked", "new", NOON_US)
    assert "other" not in held


def test_an_entry_that_is_added_again_takes_its_new_expiry():
    held = lists()
    held.change("blocked", "x", add=True, expires_us=NOON_US)
    held.change("blocked", "x", add=True, expires_us=NOON_US + 5)
    assert held.holds("blocked", "x", NOON_US)
    assert held.size("blocked") == 3


CHANGES = st.lists(
    st.tuples(st.sampled_from(["villain", "brief", "a", "b"]), st.booleans(), st.none() | st.integers(0, 9))
)


@given(CHANGES, st.integers(0, 10))
def test_a_list_is_what_its_last_change_says_and_survives_being_saved(changes, at_us):
    held, oracle = lists(), {"villain": None, "brief": NOON_US + HOUR_US}
    for value, add, expires_us in changes:
        held.change("blocked", value, add=add, expires_us=expires_us)
        if add:
            oracle[value] = expires_us
        else:
            oracle.pop(value, None)
    again = lists()
    again.restore(**held.save())
    for each in (held, again):
        for value in ("villain", "brief", "a", "b"):
            is_in = value in oracle and (oracle[value] is None or at_us < oracle[value])
            assert each.holds("blocked", value, at_us) == is_in
    assert again.version == held.version == len(changes)


# ---- decisions that wait


def opening(seq, outcome="challenge", at_us=0, due_us=None):
    return Opening.of(seq, "pay", (f"u{seq}", 1, None, True, 0.5), Outcome(outcome), at_us, due_us)


@pytest.mark.parametrize("outcome", ["challenge", "delay", "review"])
@pytest.mark.parametrize("lifecycle", sorted(FOLLOW_UPS))
def test_a_follow_up_speaks_only_about_outcomes_that_it_is_for(outcome, lifecycle):
    waiting = Openings()
    waiting.add(opening(1, outcome))
    refusal = waiting.refusal(1, lifecycle)
    assert (refusal is None) == (outcome in FOLLOW_UPS[lifecycle])


def test_a_decision_is_followed_up_once():
    waiting = Openings()
    waiting.add(opening(1))
    waiting.settle(1, "passed")
    assert "already" in waiting.refusal(1, "challenge_result")
    assert waiting.status(1, "challenge") == "passed"


def test_what_is_not_waiting_can_not_be_followed_up():
    assert "no decision that waits" in Openings().refusal(7, "verdict")


def test_a_status_is_final_for_the_last_word_and_closed_for_what_was_forgotten():
    waiting = Openings()
    assert [waiting.status(1, o) for o in ("allow", "deny", "challenge")] == ["final", "final", "closed"]


def test_what_nobody_followed_up_is_forgotten_after_thirty_days():
    waiting = Openings()
    waiting.add(opening(1, at_us=0))
    waiting.add(opening(2, at_us=5))
    waiting.expire(OPEN_MAX_US)
    assert len(waiting) == 2
    waiting.expire(OPEN_MAX_US + 1)
    assert [each.seq for each in waiting.save()] == [2]


def test_only_a_pending_delay_whose_time_is_over_is_due():
    waiting = Openings()
    waiting.add(opening(1, "delay", due_us=10))
    waiting.add(opening(2, "delay", due_us=11))
    waiting.add(opening(3, "delay", due_us=9))
    waiting.add(opening(4, "review"))
    waiting.settle(3, "recalled")
    assert [each.seq for each in waiting.due(10)] == [1]


def test_what_is_due_stays_due_until_somebody_has_followed_it_up():
    waiting = Openings()
    waiting.add(opening(1, "delay", due_us=12))
    waiting.add(opening(2, "delay", due_us=10))
    assert [[each.seq for each in waiting.due(now)] for now in (9, 10, 12, 12)] == [[], [2], [2, 1], [2, 1]]
    waiting.settle(2, "released")
    assert [each.seq for each in waiting.due(12)] == [1]
    waiting.expire(OPEN_MAX_US + 1)
    assert waiting.due(12) == []


def test_only_what_nobody_has_followed_up_counts_as_pending():
    waiting = Openings()
    waiting.add(opening(1, at_us=0))
    waiting.add(opening(2, at_us=0))
    waiting.add(opening(3, at_us=1))
    waiting.settle(1, "passed")
    assert (len(waiting), waiting.pending, Openings.load(waiting.save()).pending) == (3, 2, 2)
    waiting.expire(OPEN_MAX_US + 1)
    assert (len(waiting), waiting.pending) == (1, 1)


def test_openings_survive_being_saved():
    waiting = Openings()
    waiting.add(opening(1, "delay", due_us=10))
    waiting.add(opening(2))
    waiting.settle(2, "failed")
    again = Openings.load(waiting.save())
    assert [(o.seq, o.status, o.due_us) for o in again.save()] == [(1, "pending", 10), (2, "failed", None)]
    assert [o.values for o in again.save()] == [("u1", 1, None, True, 0.5), ("u2", 1, None, True, 0.5)]
    assert [o.seq for o in again.due(10)] == [1]
