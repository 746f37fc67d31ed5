"""The kernels equal the naive walk, and LightGBM itself, to the last bit."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees_world import (
    ZERO,
    expected,
    forests,
    parts,
    paths_by_definition,
    rows,
    shapley_by_definition,
    walk,
)

from jindi.engine.models import exponential, probability, sigmoid
from jindi.engine.trees import ZERO_MOST, lay_out
from jindi.packs.definitions import Calibration, Trees
from jindi.packs.models import _misshapen
from jindi.run.learn.boosters import trees_of

SEEDS = (1, 2, 3)


def bits(numbers):
    return np.asarray(numbers, np.float64).tobytes()


@given(forests(), st.lists(rows(), min_size=1, max_size=20), st.floats(-5, 5))
def test_a_raw_score_is_the_naive_walks_to_the_last_bit_alone_and_among_many(trees, many, base):
    forest = lay_out(trees, 4, base)
    wanted = [walk(trees, row, base) for row in many]
    assert bits([forest.raw(np.array(row)) for row in many]) == bits(wanted)
    assert bits(forest.raws(np.array(many))) == bits(wanted)


@given(forests(trees_max=6), rows())
def test_shares_are_what_their_definitions_say_and_add_up_to_the_score(trees, row):
    forest = lay_out(trees, 4, 0.5)
    raw, mean = walk(trees, row, 0.5), forest.mean()
    assert mean == pytest.approx(0.5 + expected(trees, row, set()), abs=1e-9)
    for found, definition in (
        (forest.paths(np.array(row)), paths_by_definition),
        (forest.shapley(np.array(row)), shapley_by_definition),
    ):
        assert found.tolist() == pytest.approx(definition(trees, row, 4), abs=1e-9)
        assert math.fsum(found) == pytest.approx(raw - mean, abs=1e-9)


@given(forests())
def test_every_grown_tree_passes_as_a_tree(trees):
    for node, _, leaves in parts(trees):
        assert _misshapen(trees.left[node : node + leaves - 1], trees.right[node : node + leaves - 1], leaves) == ""


def test_the_largest_zero_is_lightgbms():
    assert ZERO_MOST == ZERO


# ---- really trained models -----------------------------------------------------------------------


def trained(seed, **settings):
    """A LightGBM model of its own kind of missing values, and rows to score."""
    lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed: trained models are not compared")
    chance = np.random.default_rng(seed)
    table = chance.normal(size=(3_000, 12))
    table[:, 3] = np.round(table[:, 3])
    table[chance.random(table.shape) < 0.1] = 0.0
    if settings.pop("gaps", True):
        table[chance.random(table.shape) < 0.1] = np.nan
    label = np.nan_to_num(table[:, 0]) + np.nan_to_num(table[:, 3]) * np.nan_to_num(table[:, 5])
    data = lightgbm.Dataset(table, (label + chance.normal(size=3_000) > 1).astype(int), params={"verbose": -1})
    given = {"objective": "binary", "num_threads": 1, "verbose": -1, "seed": seed, "deterministic": True}
    booster = lightgbm.train(given | settings, data, 60)
    probes = np.vstack([table[:400], np.full((1, 12), np.nan), np.zeros((1, 12)), np.full((1, 12), 1e-36)])
    return booster, probes


KINDS = (
    {},
    {"gaps": False},
    {"zero_as_missing": True},
    {"use_missing": False},
    {"num_leaves": 2},
    {"num_leaves": 63, "min_data_in_leaf": 1, "max_bin": 1023, "min_data_in_bin": 1},
    {"boosting": "dart"},
    {"boost_from_average": False, "bagging_fraction": 0.5, "bagging_freq": 1, "feature_fraction": 0.5},
    {"min_gain_to_split": 50.0},
    {"monotone_constraints": [1] + [0] * 11, "num_leaves": 8},
    {"min_gain_to_split": 1e9},
)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_trained_models_raw_score_is_lightgbms_to_the_last_bit(kind, seed):
    booster, probes = trained(seed, **kind)
    arrays = trees_of([booster.model_to_string()])
    forest = lay_out(Trees(**{name: tuple(values) for name, values in arrays.items()}), 12, 0.0)
    theirs = booster.predict(probes, raw_score=True, num_threads=1)
    assert bits([forest.raw(row) for row in probes]) == bits(theirs)
    assert bits(forest.raws(probes)) == bits(theirs)


def test_exact_shares_are_lightgbms_contributions():
    booster, probes = trained(1)
    arrays = trees_of([booster.model_to_string()])
    forest = lay_out(Trees(**{name: tuple(values) for name, values in arrays.items()}), 12, 0.0)
    theirs = booster.predict(probes[:60], pred_contrib=True, num_threads=1)
    assert np.allclose([forest.shapley(row) for row in probes[:60]], theirs[:, :-1], atol=1e-9)
    assert forest.mean() == pytest.approx(theirs[0, -1], abs=1e-9)


def test_several_boosters_become_one_forest_whose_score_is_their_mean():
    (one, probes), (two, _) = trained(1), trained(2)
    arrays = trees_of([one.model_to_string(), two.model_to_string()])
    forest = lay_out(Trees(**{name: tuple(values) for name, values in arrays.items()}), 12, 0.0)
    theirs = [each.predict(probes, raw_score=True, num_threads=1) for each in (one, two)]
    assert np.allclose(forest.raws(probes), np.mean(theirs, axis=0), atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"objective": "multiclass", "num_class": 2}, "several classes"),
        ({"linear_tree": True}, "linear trees"),
        ({"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}, "averaged"),
    ],
)
def test_what_a_model_file_does_not_hold_is_refused(settings, said):
    booster, _ = trained(1, gaps=False, **settings)
    with pytest.raises(ValueError, match=said):
        trees_of([booster.model_to_string()])


def test_categorical_splits_are_refused():
    lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed")
    words = np.arange(1_000.0)[:, None] % 7
    data = lightgbm.Dataset(words, np.isin(words[:, 0], (2, 5)), categorical_feature=[0], params={"verbose": -1})
    booster = lightgbm.train({"objective": "binary", "num_threads": 1, "verbose": -1}, data, 2)
    with pytest.raises(ValueError, match="categorical"):
        trees_of([booster.model_to_string()])


# ---- link and calibration ------------------------------------------------------------------------


@given(st.floats(-700, 700))
def test_our_exponential_is_the_librarys_but_for_the_last_digit(x):
    assert exponential(x) == pytest.approx(math.exp(x), rel=4.5e-16)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=30))
@settings(max_examples=300)
def test_a_higher_raw_score_never_means_a_lower_probability(many):
    points = Calibration("isotonic", at=(-2.0, 0.1, 0.3, 7.0), is_=(0.0, 0.05, 0.05, 1.0))
    for calibration in (Calibration(), Calibration("platt", 1.7, -0.3), points):
        found = [probability(raw, "sigmoid", calibration) for raw in sorted(many)]
        # Between neighbours in the doubles an exponential may err by a unit in the last place.
        assert all(second >= first * (1 - 1e-15) for first, second in pairwise(found))
        assert all(0.0 <= each <= 1.0 for each in found)


def test_calibrations_are_what_they_say():
    points = Calibration("isotonic", at=(-1.0, 1.0), is_=(0.2, 0.6))
    assert [probability(x, "sigmoid", points) for x in (-9.0, -1.0, 0.0, 1.0, 9.0)] == [0.2, 0.2, 0.4, 0.6, 0.6]
    assert probability(0.5, "sigmoid", Calibration("platt", 2.0, -1.0)) == 0.5
    assert probability(0.0, "sigmoid", Calibration()) == sigmoid(0.0) == 0.5
    assert [probability(x, "identity", Calibration()) for x in (-0.1, 0.3, 1.1)] == [0.0, 0.3, 1.0]
