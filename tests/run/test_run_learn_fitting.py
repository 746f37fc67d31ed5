"""Figures and fits equal their plain definitions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.engine.models import probability
from jindi.run.learn import metrics
from jindi.run.learn.fitting import calibrated, calibration_line, evidence, isotonic, logistic, platt, terms
from jindi.run.learn.metrics import Curve

SCORED = st.lists(
    st.tuples(st.booleans(), st.integers(-4, 4), st.integers(0, 5), st.integers(0, 2)), min_size=2, max_size=40
).filter(lambda rows: len({truth for truth, *_ in rows}) == 2)


def columns(rows):
    label, score, card, day = (np.array(each) for each in zip(*rows, strict=True))
    return label.astype(bool), score.astype(float), card, day


@given(SCORED)
def test_auc_is_the_share_of_pairs_in_order(rows):
    label, score, *_ = columns(rows)
    pairs = [(a > b) + (a == b) / 2 for a in score[label] for b in score[~label]]
    assert metrics.auc(label, score) == pytest.approx(np.mean(pairs))


@given(SCORED)
def test_average_precision_and_ks_are_read_off_every_threshold(rows):
    label, score, *_ = columns(rows)
    recall_before = total = gap = 0.0
    for threshold in sorted(set(score.tolist()), reverse=True):
        told = score >= threshold
        recall = label[told].sum() / label.sum()
        total += (recall - recall_before) * label[told].mean()
        gap = max(gap, abs(recall - (~label[told]).sum() / (~label).sum()))
        recall_before = recall
    assert metrics.average_precision(label, score) == pytest.approx(total)
    assert Curve.of(label, score).ks() == pytest.approx(gap)


@given(SCORED, st.data())
def test_a_weight_counts_a_row_as_often_as_it_says(rows, data):
    label, score, *_ = columns(rows)
    times = np.array([data.draw(st.integers(1, 3)) for _ in rows])
    repeated = Curve.of(np.repeat(label, times), np.repeat(score, times))
    weighted = Curve.of(label, score, times.astype(float))
    assert (weighted.auc(), weighted.average_precision()) == pytest.approx(
        (repeated.auc(), repeated.average_precision())
    )


@given(SCORED)
def test_figures_are_scikit_learns(rows):
    theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed: figures are not compared")
    label, score, *_ = columns(rows)
    assert metrics.auc(label, score) == pytest.approx(theirs.roc_auc_score(label, score))
    assert metrics.average_precision(label, score) == pytest.approx(theirs.average_precision_score(label, score))


def test_card_precision_counts_cards_once_a_day_and_found_ones_never_again():
    label = np.array([True, False, False, True, True, False])
    score = np.array([9.0, 8.0, 1.0, 9.0, 5.0, 4.0])
    card = np.array([1, 1, 2, 1, 3, 2])
    day = np.array([0, 0, 0, 1, 1, 1])
    # Day 0: card 1 is found. Day 1: it is looked at no more; card 3 is.
    assert metrics.card_precision(label, score, card, day, 1) == 1.0
    assert metrics.card_precision(label, score, card, day, 2) == 0.5


@given(SCORED, st.integers(1, 4))
def test_a_budget_is_kept_by_the_lowest_threshold_that_keeps_it(rows, budget):
    label, score, card, day = columns(rows)
    tops = {(c, d): score[(card == c) & (day == d)].max() for c, d in zip(card, day, strict=True)}
    days = len(set(day.tolist()))
    kept = [t for t in tops.values() if sum(top >= t for top in tops.values()) <= budget * days]
    threshold = metrics.budget_threshold(score, card, day, budget)
    assert threshold == min(kept, default=math.inf)
    assert metrics.alerts(label, score, card, day, threshold).cards_per_day <= budget


def test_savings_are_what_review_spares_less_what_it_costs():
    label, amount = np.array([True, True, False]), np.array([100.0, 50.0, 100.0])
    assert metrics.savings(label, np.array([0.9, 0.01, 0.9]), amount, 10.0) == pytest.approx(1 - (20 + 50) / 150)


def test_calibration_error_is_nothing_where_shares_are_what_was_said():
    label = np.arange(1000) % 10 < 3
    assert metrics.calibration_error(label, np.full(1000, 0.3), 1) == pytest.approx(0.0, abs=1e-12)
    assert metrics.calibration_error(label, np.full(1000, 0.5), 1) == pytest.approx(0.2)


def test_an_interval_holds_its_figure_and_repeats_with_its_seed():
    chance = np.random.default_rng(1)
    label = chance.random(2_000) < 0.1
    score = label + chance.normal(size=2_000)
    card = np.arange(2_000) // 4
    low, high = metrics.interval(metrics.draws(Curve.auc, label, score, card, seed=3))
    assert low < metrics.auc(label, score) < high
    assert (low, high) == metrics.interval(metrics.draws(Curve.auc, label, score, card, seed=3))


# ---- fits ----------------------------------------------------------------------------------------


def test_a_logistic_regression_is_scikit_learns():
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    chance = np.random.default_rng(2)
    table = chance.normal(size=(800, 4))
    label = chance.random(800) < 1 / (1 + np.exp(1 - table @ [1.0, -2.0, 0.0, 0.5]))
    theirs = linear.LogisticRegression(tol=1e-10, max_iter=1_000).fit(table, label)
    found = logistic(table, label.astype(float))
    assert found == pytest.approx([*theirs.intercept_, *theirs.coef_[0]], abs=1e-5)


def test_classes_that_separate_wholly_are_fitted_all_the_same():
    found = logistic(np.array([[-1.0], [-2.0], [1.0], [2.0]]), np.array([0.0, 0.0, 1.0, 1.0]), ridge=1e-9)
    assert np.isfinite(found).all()
    assert found[1] > 0


@given(st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=2, max_size=60))
@settings(max_examples=200)
def test_isotonic_calibration_is_the_nearest_rising_curve(rows):
    raw, label = np.array([r for r, _ in rows], float), np.array([t for _, t in rows])
    found = isotonic(raw, label)
    at = sorted(set(raw.tolist()))
    means = [label[raw == x].mean() for x in at]
    counts = [int((raw == x).sum()) for x in at]
    # The definition: at each point the largest of the smallest means of all stretches that hold it.
    for i, x in enumerate(at):
        wanted = max(
            min(np.average(means[low : high + 1], weights=counts[low : high + 1]) for high in range(i, len(at)))
            for low in range(i + 1)
        )
        assert probability(x, "sigmoid", found) == pytest.approx(wanted, abs=1e-9)
    assert all(second > first for first, second in zip(found.at, found.at[1:], strict=False))


def test_platts_line_brings_probabilities_back_and_few_positives_ask_for_it():
    chance = np.random.default_rng(4)
    raw = chance.normal(-2, 2, 20_000)
    label = chance.random(20_000) < 1 / (1 + np.exp(-(0.5 * raw - 1)))
    line = platt(raw, label)
    assert (line.slope, line.intercept) == pytest.approx((0.5, -1.0), abs=0.06)
    told = np.array([probability(each, "sigmoid", line) for each in raw.tolist()])
    assert calibration_line(told, label) == pytest.approx((1.0, 0.0), abs=0.02)
    few = np.zeros(20_000, bool)
    few[:999] = True
    assert calibrated(raw, few).kind == "platt"
    few[:1_000] = True
    assert calibrated(raw, few).kind == "isotonic"


def test_weights_of_evidence_are_what_their_formula_says():
    column = np.repeat([1.0, 2.0, np.nan], [500, 300, 200])
    label = np.zeros(1000, bool)
    label[:50] = label[500:600] = label[800:850] = True
    found = evidence(column, label)
    assert found.edges == (1.0,)
    positives, negatives = 200, 800
    bins = [(50, 450), (100, 200), (50, 150)]
    woe = [math.log((b / positives) / (g / negatives)) for b, g in bins]
    assert [*found.woe, found.missing] == pytest.approx(woe)
    assert found.information == pytest.approx(
        sum((b / positives - g / negatives) * w for (b, g), w in zip(bins, woe, strict=True))
    )
    assert found.mean == pytest.approx(0.5 * woe[0] + 0.3 * woe[1] + 0.2 * woe[2])


def test_an_input_that_tells_nothing_gets_no_weight():
    chance = np.random.default_rng(5)
    table = np.column_stack([chance.normal(size=5_000), np.zeros(5_000), np.full(5_000, np.nan)])
    label = chance.random(5_000) < 1 / (1 + np.exp(2 - table[:, 0]))
    _, found = terms(table, label)
    assert found[0].weight > 0.5
    assert (found[1].weight, found[2].weight) == (0.0, 0.0)


@given(SCORED)
def test_macro_f1_is_scikit_learns(rows):
    theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed: figures are not compared")
    label, score, *_ = columns(rows)
    assert metrics.macro_f1(label, score > 0) == pytest.approx(
        theirs.f1_score(label, score > 0, average="macro", zero_division=0)
    )


def test_an_interval_of_a_daily_figure_lies_between_its_days_and_repeats():
    days = [0.1, 0.3, 0.2, 0.4]
    low, high = metrics.interval(metrics.daily_draws(days, seed=3))
    assert 0.1 <= low < np.mean(days) < high <= 0.4
    assert metrics.interval(metrics.daily_draws(days, seed=3)) == (low, high)
