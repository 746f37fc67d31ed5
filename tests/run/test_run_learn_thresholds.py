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
    """Days of honest scores; how many were told on each."""
    told = []
    for day in days:
        cut = rolling.begin(day)
        scores = np.minimum(chance.random(per_day) + shift, 1.5)
        for at, score in enumerate(scores.tolist()):
            rolling.count()
            rolling.scored(f"{day}-{at}", score, told=False)
        told.append(int((scores >= cut).sum()))
    return told


def test_the_first_threshold_stands_until_enough_days_have_passed():
    rolling = Rolling(0.7, 0.01, days=3, confidence=0.5)
    chance = np.random.default_rng(1)
    lived(rolling, range(3), 200, chance)
    assert rolling.begin(3) != 0.7
    early = Rolling(0.7, 0.01, days=3)
    assert [early.begin(day) for day in range(3)] == [0.7] * 3


def test_after_a_drift_the_budget_holds_again_once_the_days_before_have_drifted_too():
    rolling = Rolling(0.99, 0.01, days=5, confidence=0.9)
    chance = np.random.default_rng(2)
    before = lived(rolling, range(20), 1_000, chance)
    drifted = lived(rolling, range(20, 25), 1_000, chance, shift=0.3)
    after = lived(rolling, range(25, 45), 1_000, chance, shift=0.3)
    assert np.mean(before[5:]) <= 10
    assert drifted[0] > 100
    assert np.mean(after) <= 10


def test_an_unfound_fraud_can_only_raise_the_threshold_and_a_found_one_does_not_count():
    def cut(*, found):
        rolling = Rolling(0.5, 0.01, days=1, confidence=0.5)
        rolling.begin(0)
        for at in range(1_000):
            rolling.count()
            rolling.scored(str(at), at / 1_000, told=False)
        for at in range(100):
            rolling.count()
            rolling.scored(f"bad-{at}", 2.0 + at, told=False)
            if found:
                rolling.found(f"bad-{at}")
        return rolling.begin(1)

    assert cut(found=False) > 2.0
    assert 0.98 < cut(found=True) < 1.0


def test_alarms_of_rules_spend_the_same_budget():
    def cut(rules):
        rolling = Rolling(0.5, 0.02, days=1, confidence=0.5)
        rolling.begin(0)
        for at in range(1_000):
            rolling.count()
            rolling.scored(str(at), at / 1_000, told=at < rules)
        return rolling.begin(1)

    assert cut(0) < cut(10) < 1.0
    assert cut(50) == float("inf")


@pytest.mark.parametrize("missing", [3, 5])
def test_a_day_without_events_counts_as_a_day(missing):
    rolling = Rolling(0.5, 0.01, days=3, confidence=0.5)
    for day in range(missing):
        rolling.begin(day)
    assert rolling.begin(missing) == float("inf")
