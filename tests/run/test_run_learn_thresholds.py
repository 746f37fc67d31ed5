"""Thresholds of alarms: the budget of false ones holds on time still to come, and nothing unknown is used."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.run.learn.thresholds import Rolling, allowed, lowest


def test_the_allowed_count_is_the_largest_that_a_true_mean_of_the_budget_seldom_stays_within():
    chance = np.random.default_rng(3)
    for budget in (3.0, 20.0, 131.0):
        for confidence in (0.5, 0.9, 0.99):
            count, seen = allowed(budget, confidence), chance.poisson(budget, 200_000)
            assert (seen <= count).mean() <= 1 - confidence + 0.005
            assert (seen <= count + 1).mean() > 1 - confidence - 0.005


def test_a_budget_too_small_for_the_confidence_affords_no_alarm_at_all():
    assert allowed(1.0, 0.9) == -1
    assert allowed(0.0, 0.5) == -1
    assert lowest(np.array([0.2, 0.9]), allowed(1.0, 0.9)) == float("inf")


def test_a_threshold_with_a_margin_keeps_its_budget_later_about_as_often_as_its_confidence_says():
    chance, share, events = np.random.default_rng(5), 0.001, 100_000
    kept = 0
    for _ in range(400):
        cut = lowest(chance.random(chance.poisson(events)), allowed(share * events, 0.9))
        kept += 1 - cut <= share  # of uniform scores, this is the share that will be told later
    assert 0.86 <= kept / 400 <= 0.95


@given(st.lists(st.floats(0, 1), max_size=60), st.integers(0, 70))
def test_at_the_lowest_threshold_no_more_are_told_than_allowed_and_below_the_next_score_more_would_be(scores, count):
    honest = np.array(scores, float)
    cut = lowest(honest, count)
    assert (honest >= cut).sum() <= count
    if cut > 0:
        below = honest[honest < cut].max()
        assert (honest >= below).sum() > count


def lived(rolling, days, per_day, chance, *, shift=0.0):
    """Days of honest scores, of which nobody knows more than their alarms; how many were told on each."""
    told = []
    for day in days:
        cut = rolling.begin(day)
        scores = chance.random(per_day) * 0.1 + shift
        for at, score in enumerate(scores.tolist()):
            rolling.count()
            rolling.scored(f"{day}-{at}", score, told=False, looked=score >= cut)
        told.append(int((scores >= cut).sum()))
    return told


def test_the_first_threshold_stands_until_enough_days_have_passed():
    rolling = Rolling(0.07, 0.01, days=3, confidence=0.5)
    lived(rolling, range(3), 200, np.random.default_rng(1))
    assert rolling.begin(3) != 0.07
    early = Rolling(0.7, 0.01, days=3)
    assert [early.begin(day) for day in range(3)] == [0.7] * 3


def test_after_a_drift_the_budget_holds_again_once_the_days_before_have_drifted_too():
    rolling = Rolling(0.099, 0.01, days=5, confidence=0.9)
    chance = np.random.default_rng(2)
    before = lived(rolling, range(20), 1_000, chance)
    drifted = lived(rolling, range(20, 25), 1_000, chance, shift=0.05)
    after = lived(rolling, range(25, 65), 1_000, chance, shift=0.05)
    assert 5 < np.mean(before[5:]) <= 10
    assert drifted[0] > 100
    assert 5 < np.mean(after) <= 11


def cut_after(days_scores, *, found=(), overlooked=0.0, told=()):
    """The threshold after a day on which all scores from one half up were looked at."""
    rolling = Rolling(0.5, 0.02, days=1, confidence=0.5, overlooked=overlooked)
    rolling.begin(0)
    for name, score in days_scores.items():
        rolling.count()
        rolling.scored(name, score, told=name in told, looked=score >= 0.5)
    for name in found:
        rolling.found(name)
    return rolling.begin(1)


HONEST = {str(at): at / 1_000 for at in range(1_000)}
FRAUD = {f"bad-{at}": 0.75 for at in range(100)}


def test_a_fraud_that_an_alarm_found_is_no_false_alarm_and_one_that_was_cleared_is():
    assert cut_after(HONEST | FRAUD, found=FRAUD) == pytest.approx(0.979, abs=0.003)
    some = [name for name in FRAUD if name.endswith("0")]
    rest = {name: 1.0 for name in FRAUD if name not in some}
    assert cut_after(HONEST | FRAUD | rest, found=some) > cut_after(HONEST | FRAUD, found=FRAUD)


def test_what_reviewers_overlook_is_made_up_for_by_what_they_find():
    # Of 100 frauds looked at, 7 were cleared: they would eat up a third of what is allowed.
    cleared = {f"bad-{at}": 0.9999 for at in range(7)}
    found = {f"bad-{at}": 0.9999 for at in range(7, 100)}
    all_found = cut_after(HONEST | cleared | found, found=[*cleared, *found])
    strict = cut_after(HONEST | cleared | found, found=found)
    fair = cut_after(HONEST | cleared | found, found=found, overlooked=0.07)
    assert strict == pytest.approx(all_found + 0.007, abs=0.0015)
    assert fair == pytest.approx(all_found, abs=0.0015)


def test_an_event_that_raised_no_alarm_counts_by_its_probability_of_being_honest():
    below = {f"quiet-{at}": 0.4 for at in range(100)}
    # Twenty may be told: none was looked at, and of those that score 0.4 six in ten are honest.
    assert cut_after(below) > 0.4
    fewer = {f"quiet-{at}": 0.4 for at in range(30)} | {f"low-{at}": 0.0 for at in range(1_000)}
    assert 0.0 < cut_after(fewer) < 0.4


def test_alarms_of_rules_spend_the_same_budget():
    rules = {f"rule-{at}": 0.0 for at in range(40)}
    ten, forty = [f"rule-{at}" for at in range(10)], list(rules)
    assert cut_after(HONEST | rules) < cut_after(HONEST | rules, told=ten) < 1.0
    assert cut_after(HONEST | rules, told=forty) == float("inf")
    assert cut_after(HONEST | rules, told=forty, found=forty) < 1.0


@pytest.mark.parametrize("missing", [3, 5])
def test_a_day_without_events_counts_as_a_day(missing):
    rolling = Rolling(0.5, 0.01, days=3, confidence=0.5)
    for day in range(missing):
        rolling.begin(day)
    assert rolling.begin(missing) == float("inf")
