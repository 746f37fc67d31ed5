"""Guards: figures that nobody set and rules that stop too many don't go live."""

from datetime import date

from engine_world import NOON_US, band, definitions, facts, policy, rule

from jindi.engine import SAMPLE_MIN, build, decide, guard, refit

TODAY = date(2026, 11, 22)


def guarded(live, rows=()):
    program = build(definitions(live))
    event = program.events["payment"]
    recent = {"payment": [facts(event, **row) for row in rows]}
    return [str(problem) for problem in guard(program, recent, TODAY)]


def test_an_unset_placeholder_keeps_a_policy_from_going_live():
    (problem,) = guarded(policy(rule("a", "payments_1d > limit('unset')", "review")))
    assert "rule a: limit unset is an unset placeholder from 2016-07-01 on" in problem
    assert guarded(policy(rule("a", "payments_1d > limit('unset')", "review"), state="shadow")) == []


def test_a_rule_that_fires_on_too_much_must_be_confirmed():
    few = [{"amount": 500} for _ in range(20)]
    many = few + [{"amount": 1} for _ in range(SAMPLE_MIN - 20)]
    eager = rule("a", "amount > cny('1')", "review", share_max_ppm=50_000)
    (problem,) = guarded(policy(eager), many)
    assert "rule a: fires on 10.0% of the last 200 payment events, more than 5.0%" in problem
    assert 'confirmed_share = "10%"' in problem
    confirmed = rule("a", "amount > cny('1')", "review", share_max_ppm=50_000, confirmed_share_ppm=100_000)
    assert guarded(policy(confirmed), many) == []
    beyond = rule("a", "amount > cny('1')", "review", share_max_ppm=50_000, confirmed_share_ppm=99_999)
    assert len(guarded(policy(beyond), many)) == 1


def test_a_small_sample_proves_nothing():
    rows = [{"amount": 500} for _ in range(SAMPLE_MIN - 1)]
    assert guarded(policy(rule("a", "amount > cny('1')", "review")), rows) == []
    assert len(guarded(policy(rule("a", "amount > cny('1')", "review")), [*rows, rows[0]])) == 1


def test_old_facts_fit_a_new_program_and_what_it_lacks_is_absent():
    old = build(definitions(policy(rule("a", "amount > cny('1')", "review")))).events["payment"]
    changed = policy(
        rule("a", "challenge_passed or amount > limit('large') and hour > 6", "deny"), bands=[band(1, "deny")]
    )
    new = build(definitions(changed)).events["payment"]
    row = facts(old, user="u", amount=600_000, payments_1d=4)
    found, absent = refit(old, new, row, NOON_US)
    assert absent == {name for name in new.windows if name not in old.windows} == {"challenge_passed"}
    assert decide(new, found, absent).outcome == "deny"
    again, nothing = refit(new, new, found, NOON_US)
    assert (again, nothing) == (found, frozenset())
