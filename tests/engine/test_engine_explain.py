"""Explanations: what they show, and that the changes they name really change the outcome."""

import json
from dataclasses import replace

import pytest
from engine_world import NOON_US, band, definitions, exemption, facts, policy, rule
from hypothesis import given, settings
from test_engine_decide import ABSENT, policies, rows

from jindi.engine import build, decide, explain, speaking_rules, to_json


def payment(*policies):
    return build(definitions(*policies)).events["payment"]


def explained(live, away=frozenset(), **given_facts):
    program = payment(live)
    return explain(program, facts(program, frozenset(away), **given_facts), frozenset(away), at_us=NOON_US)


def applied(program, row, absent, change):
    """Decide again with a change's values in place: sums over a moved field follow, derived features too."""
    base, fixed = list(row[: program.base_count]), {}
    moved = {move.input for move in change.moves}
    for move in change.moves:
        if move.as_fact:
            fixed[move.input] = move.value
            continue
        slot = program.index[move.input]
        if move.input == "amount" and base[slot] is not None and "paid_1d" not in moved:
            total = base[program.index["paid_1d"]]
            base[program.index["paid_1d"]] = None if total is None else total + move.value - base[slot]
        base[slot] = move.value
    return decide(program, program.complete(base, absent, fixed), absent)


def test_every_condition_shows_its_values():
    found = explained(
        policy(rule("a", "not device_known and amount >= limit('large')", "review", 40)),
        device_known=False,
        amount=600_000,
    )
    (line,) = found.rules
    assert (line.id, line.state, line.asks, line.score) == ("a", "hit", "review", 40)
    assert (line.basis, line.basis_zh) == ("basis of a", "a 的依据")
    assert line.condition.text == "not device_known and amount >= limit('large')"
    assert [(part.text, part.value) for part in line.condition.parts] == [
        ("not device_known", True), ("amount >= limit('large')", True)
    ]  # fmt: skip
    compared = line.condition.parts[1].parts
    assert [(part.text, part.value) for part in compared] == [
        ("amount", "6000.00 CNY"),
        ("limit('large')", "5000.00 CNY"),
    ]


def test_limits_are_shown_with_their_day_basis_and_mark():
    found = explained(policy(rule("a", "amount >= limit('large')", "review")), amount=1)
    (limit,) = found.limits
    assert (limit.value, str(limit.since), limit.mark) == ("5000.00 CNY", "2026-01-01", "verified")
    assert (limit.basis, limit.basis_zh) == ("rule 12 amended", "细则第十二条（修订）")


def test_tokens_are_never_shown_whole():
    token = "tok_0123456789abcdef"
    live = policy(rule("a", "missing(device) or device == device", "review"))
    found = explained(live, device=token, amount=1)
    assert token.encode() not in to_json(found)
    assert [line.value for line in found.inputs if line.name == "device"] == ["tok_0123…"]


def test_an_explanation_is_plain_json():
    live = policy(
        rule("a", "amount >= limit('large')", "challenge", 10),
        rule("b", "risky_share > 1.0", score=10),
        bands=[band(20, "deny")],
        exemptions=[exemption("challenge_passed", "challenge")],
    )
    text = json.loads(
        to_json(explained(live, amount=600_000, failed_logins_1d=3, payments_1d=4, challenge_passed=True))
    )
    assert text["outcome"] == "deny"
    assert text["rules"][0]["state"] == "lifted"
    assert text["bands"] == [{"score_from": 20, "then": "deny", "reached": True, "lifted": False}]
    assert text["exemptions"][0]["holds"] is True
    assert [line["name"] for line in text["derived"]][:2] == ["failed_share", "night"] or text["derived"]


def test_a_degraded_rule_says_what_was_away_and_what_it_did_instead():
    found = explained(policy(rule("a", "payments_1d > 3", "deny", 7, degrade="challenge")), {"payments_1d"})
    (line,) = found.rules
    assert (line.state, line.asks, line.score, line.degraded, line.away) == (
        "hit", "challenge", 0, "challenge", ("payments_1d",)
    )  # fmt: skip
    assert found.degraded == ("payments_1d",)
    assert {line.name for line in found.inputs if line.absent} >= {"payments_1d"}


def test_the_nearest_amount_that_would_pass_is_named_with_its_outcome():
    found = explained(policy(rule("a", "amount >= limit('large')", "review", 40)), amount=600_000)
    (move,) = found.changes[0].moves
    assert (move.input, move.before, move.after) == ("amount", "6000.00 CNY", "4999.99 CNY")
    assert (found.changes[0].outcome, found.changes[0].score) == ("allow", 0)


def test_a_change_goes_through_the_inputs_of_a_derived_feature():
    found = explained(policy(rule("a", "failed_share > 0.5", "review")), failed_logins_1d=3, payments_1d=4)
    by_input = {change.moves[0].input: change.moves[0] for change in found.changes}
    assert by_input["failed_logins_1d"].value == 2
    assert by_input["payments_1d"].value == 6
    assert "failed_share" not in by_input
    assert not any(move.as_fact for move in by_input.values())


def test_a_derived_feature_that_no_single_input_can_turn_is_taken_as_a_fact_and_says_so():
    found = explained(policy(rule("a", "or_else(failed_share, 1.0) > 0.5 and amount > cny('0')", "review")), amount=0)
    assert all(move.as_fact == (move.input == "failed_share") for change in found.changes for move in change.moves)


def test_a_sum_that_holds_the_amount_moves_with_it():
    live = policy(rule("a", "paid_1d > cny('100')", "review"))
    found = explained(live, amount=5_000, paid_1d=12_000)
    amount = next(change.moves[0] for change in found.changes if change.moves[0].input == "amount")
    assert amount.value == 3_000


def test_what_could_not_be_moved_along_is_named():
    found = explained(policy(rule("a", "user in list('blocked') or amount > cny('10')", "deny")), amount=2_000)
    amount = next(change.moves[0] for change in found.changes if change.moves[0].input == "amount")
    assert "paid_1d" not in amount.held


def test_two_facts_are_tried_when_one_is_not_enough():
    live = policy(rule("a", "not device_known", "deny"), rule("b", "amount >= limit('large')", "deny"))
    found = explained(live, device_known=False, amount=600_000)
    assert {len(change.moves) for change in found.changes if change.outcome == "allow"} == {2}
    assert found.without[0].rules == ("a", "b")


def test_many_rules_are_taken_down_step_by_step():
    names = [
        "payments_1d > 1",
        "failed_logins_1d > 1",
        "not device_known",
        "amount > cny('9')",
        "channel == 'web'",
    ]
    live = policy(*(rule(f"r{i}", text, "deny") for i, text in enumerate(names)))
    found = explained(live, payments_1d=9, failed_logins_1d=9, device_known=False, amount=2_000, channel="web")
    assert [len(change.moves) for change in found.changes] == [5]
    assert found.changes[0].outcome == "allow"
    assert found.without[0].rules == ("r0", "r1", "r2", "r3", "r4")


def test_without_names_the_rule_that_decides():
    live = policy(rule("a", "amount > cny('1')", "deny"), rule("b", "amount > cny('1')", "review", 5))
    (without,) = explained(live, amount=600).without
    assert (without.rules, without.outcome, without.score) == (("a",), "review", 5)


def test_an_explanation_of_another_decision_is_refused():
    program = payment(policy(rule("a", "amount > cny('1')", "deny")))
    row, other = facts(program, amount=600), facts(program, amount=1)
    assert explain(program, row, at_us=NOON_US, decision=decide(program, row)).outcome == "deny"
    with pytest.raises(ValueError, match="another decision"):
        explain(program, row, at_us=NOON_US, decision=decide(program, other))


def test_an_event_that_nobody_decides_can_be_explained():
    program = payment(policy(rule("a", "amount > cny('1')", "deny", 3), state="shadow"))
    found = explain(program, facts(program, amount=600), at_us=NOON_US)
    assert (found.policy, found.outcome, found.rules, found.changes) == (None, "allow", (), ())
    assert [(line.outcome, line.score, line.hits) for line in found.shadows] == [("deny", 3, ("a",))]


@settings(max_examples=60, deadline=None)
@given(policies(), rows)
def test_every_change_really_alters_the_outcome(live, given_row):
    program = payment(live)
    for absent in (frozenset(), frozenset(ABSENT[:2])):
        row = facts(program, absent, **given_row)
        decision = decide(program, row, absent)
        found = explain(program, row, absent, at_us=NOON_US, decision=decision)
        sizes = [(len(change.moves), sum(move.distance for move in change.moves)) for change in found.changes]
        assert sizes == sorted(sizes)
        for change in found.changes:
            after = applied(program, row, absent, change)
            assert (after.outcome, after.score) == (change.outcome, change.score)
            assert after.outcome is not decision.outcome
            assert not {move.input for move in change.moves} & program.away(absent)


@settings(max_examples=60, deadline=None)
@given(policies(), rows)
def test_leaving_out_the_named_rules_really_alters_the_outcome(live, given_row):
    program = payment(live)
    row = facts(program, **given_row)
    for without in explain(program, row, at_us=NOON_US).without:
        rest = [r for r in live.rules if r.id not in without.rules]
        other = payment(policy(*rest, bands=live.bands, exemptions=live.exemptions))
        after = decide(other, facts(other, **{n: row[program.index[n]] for n in program.slots[: program.base_count]}))
        assert (after.outcome, after.score) == (without.outcome, without.score)
        assert after.outcome is not decide(program, row).outcome


@settings(max_examples=60, deadline=None)
@given(policies(), rows)
def test_scores_and_states_add_up_to_the_decision(live, given_row):
    program = payment(live)
    absent = frozenset(ABSENT[:1])
    row = facts(program, absent, **given_row)
    found = explain(program, row, absent, at_us=NOON_US)
    assert sum(line.score for line in found.rules) == found.score
    decision = decide(program, row, absent)
    states = [
        ("hit" if i in decision.hits else "lifted" if i in decision.exempted else "not_hit")
        for i in range(len(found.rules))
    ]
    assert [line.state for line in found.rules] == states
    assert speaking_rules(program, row, absent, decision) == tuple(
        line for line in found.rules if line.state != "not_hit"
    )


def test_an_explanation_without_a_search_says_the_same_but_for_what_would_change_it():
    program = build(definitions(policy(rule("large", "amount > cny('5')", "deny", 7)))).events["payment"]
    row = facts(program, amount=600)
    whole, short = explain(program, row, at_us=NOON_US), explain(program, row, at_us=NOON_US, search=False)
    assert whole.changes
    assert short == replace(whole, changes=(), without=())
