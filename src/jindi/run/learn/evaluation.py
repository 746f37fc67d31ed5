"""Prequential evaluation: train on what was known, test on what came next, step by step through time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from jindi.basics.instants import DAY_US, format_instant
from jindi.basics.problems import Problem, Problems
from jindi.engine import Model
from jindi.packs import ModelInput
from jindi.run.learn import metrics
from jindi.run.learn.fitting import calibration_line
from jindi.run.learn.metrics import Curve, Doubles, Truths, Wholes
from jindi.run.learn.recipe import Recipe
from jindi.run.learn.table import Table
from jindi.run.learn.thresholds import allowed, lowest
from jindi.run.learn.training import as_model, calibrate, train

SEGMENTS_MAX = 50
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fold:
    """One step: instants between which rows are trained on, calibrated on, tested on."""

    train_us: int
    calibrate_us: int
    known_us: int
    test_us: int
    end_us: int
    leave_out_us: int
    """Entities with a positive event from here on are left out of the test once it is known."""


def folds(recipe: Recipe, zone: ZoneInfo) -> tuple[Fold, ...]:
    """The steps of a recipe, the earliest first. The last one tests from `test_from` (or `test_at`) on.

    Each trains up to `delay` before its test: by then what happened is known.
    """
    first_us = recipe.test_us(zone)
    length_us = recipe.length_us("test")
    found = []
    for step in range(recipe.folds):
        test_us = first_us - step * length_us
        known_us = test_us - recipe.length_us("delay")
        calibrate_us = known_us - recipe.length_us("calibrate")
        train_us = calibrate_us - recipe.length_us("train")
        leave_out_us = known_us - recipe.length_us("leave_out")
        found.append(Fold(train_us, calibrate_us, known_us, test_us, test_us + length_us, leave_out_us))
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class Tested:
    """What a fold's test rows are and how they scored."""

    rows: Wholes
    label: Truths
    entity: Wholes
    day: Wholes
    raw: Doubles
    probability: Doubles


def test_rows(table: Table, fold: Fold) -> Wholes:
    """The rows of a fold's test without those of entities that were known to be bad when the day began.

    Known are those with a positive event in the stretch that is left out whose label was known by then: whoever is
    blocked already is nobody's finding.
    """
    rows = np.flatnonzero(table.within(fold.test_us, fold.end_us))
    day = (table.at_us[rows] - fold.test_us) // DAY_US
    bad = np.flatnonzero(table.label & (table.at_us >= fold.leave_out_us) & (table.at_us < fold.end_us))
    first: dict[int, int] = {}
    for entity, known_us in zip(table.entity[bad].tolist(), table.known_us[bad].tolist(), strict=True):
        first[entity] = min(known_us, first.get(entity, known_us))
    begin_us = fold.test_us + day * DAY_US
    kept = [
        first.get(entity, begins + 1) > begins
        for entity, begins in zip(table.entity[rows].tolist(), begin_us.tolist(), strict=True)
    ]
    found: Wholes = rows[np.array(kept, np.bool_)]
    return found


def fitted(table: Table, fold: Fold, recipe: Recipe, inputs: tuple[ModelInput, ...], *, jobs: int) -> tuple[Model, str]:
    """A fold's model, calibrated on time that its training never saw, and its file's text."""
    usable, known = table.as_known(fold.test_us, recipe.length_us("delay"))
    rows = np.flatnonzero(usable & table.within(fold.train_us, fold.calibrate_us))
    document = train(recipe, inputs, table.columns[rows], known[rows], jobs=jobs)
    made = {
        "train": _between(fold.train_us, fold.calibrate_us),
        "calibrate": _between(fold.calibrate_us, fold.known_us),
    }
    document = {**document, "made": document["made"] | made}
    model, text = as_model(document, recipe, inputs)
    held = np.flatnonzero(usable & table.within(fold.calibrate_us, fold.known_us))
    if not len(held):
        return model, text
    return as_model(calibrate(document, model, table.columns[held], known[held]), recipe, inputs)


def tested(table: Table, fold: Fold, model: Model) -> Tested:
    """A fold's test rows, scored."""
    rows = test_rows(table, fold)
    if not len(rows):
        raise Problems([Problem("test", format_instant(fold.test_us), "no rows to test on", "give a later file")])
    return scored(table, rows, (table.at_us[rows] - fold.test_us) // DAY_US, model)


def scored(table: Table, rows: Wholes, day: Wholes, model: Model) -> Tested:
    """Rows with what a model says of them."""
    columns = table.columns[rows]
    return Tested(rows, table.label[rows], table.entity[rows], day, model.raws(columns), model.probabilities(columns))


def drawn_parts(table: Table, recipe: Recipe) -> Iterator[tuple[Wholes, Wholes]]:
    """The training and the test rows of a random split, fold by fold: positives and negatives apart."""
    for number in range(recipe.folds):
        chance = np.random.default_rng(recipe.seed + number)
        train_rows, test_rows_ = [], []
        for rows in (np.flatnonzero(table.label), np.flatnonzero(~table.label)):
            mixed = chance.permutation(rows)
            count = round(len(rows) * recipe.test_share)
            test_rows_.append(mixed[:count])
            train_rows.append(mixed[count:])
        yield np.sort(np.concatenate(train_rows)), np.sort(np.concatenate(test_rows_))


Step = tuple[str, Tested, Mapping[str, Any]]
"""The text of a fold's model file, its test, and what it was made on."""


def _through_time(
    table: Table, recipe: Recipe, inputs: tuple[ModelInput, ...], zone: ZoneInfo, jobs: int, told: Told
) -> Iterator[Step]:
    for number, fold in enumerate(folds(recipe, zone), 1):
        told(f"fold {number} of {recipe.folds}: test from {format_instant(fold.test_us)}")
        model, text = fitted(table, fold, recipe, inputs, jobs=jobs)
        stretches = {
            "train": _between(fold.train_us, fold.calibrate_us),
            "calibrate": _between(fold.calibrate_us, fold.known_us),
            "test": _between(fold.test_us, fold.end_us),
        }
        yield text, tested(table, fold, model), stretches


def _at_random(table: Table, recipe: Recipe, inputs: tuple[ModelInput, ...], jobs: int, told: Told) -> Iterator[Step]:
    whole = _between(int(table.at_us[0]), int(table.at_us[-1]) + 1)
    for number, (train_rows, rows) in enumerate(drawn_parts(table, recipe), 1):
        told(f"fold {number} of {recipe.folds}: drawn at random with seed {recipe.seed + number - 1}")
        document = train(recipe, inputs, table.columns[train_rows], table.label[train_rows], jobs=jobs)
        model, text = as_model({**document, "made": document["made"] | {"split": "random"}}, recipe, inputs)
        day = (table.at_us[rows] - table.at_us[0]) // DAY_US
        yield text, scored(table, rows, day, model), {"train": whole, "calibrate": [], "test": whole}


def learn(
    table: Table,
    recipe: Recipe,
    inputs: tuple[ModelInput, ...],
    zone: ZoneInfo,
    *,
    jobs: int = 1,
    told: Told = lambda _: None,
) -> tuple[str, Mapping[str, Any]]:
    """Train and test through all folds. Returns the last fold's model file and the evaluation.

    The model that is shipped is the one whose figures stand last in the evaluation: nothing is fitted again
    after it was looked at. Raises Problems when a fold has too little to learn from.
    """
    steps = (
        _at_random(table, recipe, inputs, jobs, told)
        if recipe.split == "random"
        else _through_time(table, recipe, inputs, zone, jobs, told)
    )
    results: list[Mapping[str, Any]] = []
    drawn: dict[str, list[Doubles]] = {name: [] for name in DRAWN}
    text, threshold, cut = "", float("nan"), float("nan")
    for text_, outcome, stretches in steps:
        text = text_
        chance = _draws(outcome, recipe, recipe.seed + len(results))
        for name, values in chance.items():
            drawn[name].append(values)
        results.append({**stretches, **_figures(table, outcome, recipe, (threshold, cut), chance)})
        # The next fold's alerts are judged by the thresholds that this one would have asked for.
        threshold = metrics.budget_threshold(outcome.probability, outcome.entity, outcome.day, recipe.cards_per_day)
        cut = _cut(outcome, recipe)
    over = {name: metrics.mean_and_deviation([result[name] for result in results]) for name in FIGURES}
    return text, {
        "recipe": _plain(recipe),
        "mean": {name: mean for name, (mean, _) in over.items()},
        "deviation": {name: deviation for name, (_, deviation) in over.items()},
        "mean_interval": {name: metrics.interval(np.mean(values, axis=0)) for name, values in drawn.items()},
        "threshold_for_budget": threshold,
        "threshold_for_false_alarms": cut if np.isfinite(cut) else None,
        "folds": results,
    }


FIGURES = ("auc", "average_precision", "card_precision", "ks", "macro_f1", "calibration_error", "savings")
DRAWN = ("auc", "average_precision", "card_precision")
"""The figures that are told with an interval."""


def _draws(found: Tested, recipe: Recipe, seed: int) -> Mapping[str, Doubles]:
    days = metrics.card_precisions(found.label, found.raw, found.entity, found.day, recipe.cards_per_day)
    return {
        "auc": metrics.draws(Curve.auc, found.label, found.raw, found.entity, seed=seed),
        "average_precision": metrics.draws(Curve.average_precision, found.label, found.raw, found.entity, seed=seed),
        "card_precision": metrics.daily_draws(days, seed=seed),
    }


def _figures(
    table: Table, found: Tested, recipe: Recipe, before: tuple[float, float], chance: Mapping[str, Doubles]
) -> Mapping[str, Any]:
    label, score, card, day = found.label, found.probability, found.entity, found.day
    raw = found.raw
    k = recipe.cards_per_day
    amount = table.amount[found.rows]
    slope, intercept = calibration_line(score, label) if label.any() and not label.all() else (np.nan, np.nan)
    figures: dict[str, Any] = {
        "rows": len(label),
        "positives": int(label.sum()),
        "auc": metrics.auc(label, raw),
        "average_precision": metrics.average_precision(label, raw),
        "card_precision": metrics.card_precision(label, raw, card, day, k),
        "ks": Curve.of(label, raw).ks(),
        "macro_f1": metrics.macro_f1(label, score >= 0.5),
        "calibration_error": metrics.calibration_error(label, score),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "savings": metrics.savings(label, score, amount, recipe.review_cost),
        **{f"{name}_interval": metrics.interval(values) for name, values in chance.items()},
        "curves": curves(label, score, amount, day, recipe.review_cost),
    }
    best = metrics.budget_threshold(score, card, day, k)
    figures["alerts_at_budget"] = _alerts(metrics.alerts(label, score, card, day, best))
    threshold, cut = before
    if not np.isnan(threshold):
        # Asked for on the week before, got on this one: what a fixed threshold really does.
        figures["alerts_at_the_last_threshold"] = _alerts(metrics.alerts(label, score, card, day, threshold))
        figures["alarms_at_the_last_threshold"] = _alarms(found, cut)
    figures["segments"] = {
        name: _segment(np.array([cells[row] for row in found.rows]), label, raw)
        for name, cells in table.segments.items()
    }
    return figures


def _cut(found: Tested, recipe: Recipe) -> float:
    """Where alarms would begin so that false ones stay within their share of events: later too, with a margin."""
    return lowest(found.probability[~found.label], allowed(recipe.false_alarms * len(found.label), CONFIDENCE))


def _alarms(found: Tested, cut: float) -> Mapping[str, float | None]:
    told = found.probability >= cut
    true = int((told & found.label).sum())
    return {
        "threshold": cut if np.isfinite(cut) else None,
        "false_share": float((told & ~found.label).mean()),
        "precision": true / int(told.sum()) if told.any() else None,
        "recall": true / max(int(found.label.sum()), 1),
    }


CONFIDENCE = 0.9
"""That a threshold keeps the share of false alarms that it was chosen for."""

CURVE_POINTS = 50


def curves(label: Truths, score: Doubles, amount: Doubles, day: Wholes, review_cost: float) -> Mapping[str, Any]:
    """What a page draws: precision over recall, the cost at each threshold, and calibration by bands of score.

    The cost of a threshold is what reviewing all at or above it costs and what is lost below it, per day.
    """
    order = np.argsort(-score, kind="stable")
    hit = np.cumsum(label[order])
    lost = float(np.sum(amount[label])) - np.cumsum(np.where(label, amount, 0.0)[order])
    reviews = review_cost * np.arange(1, len(order) + 1)
    days = max(len(np.unique(day)), 1)
    places = np.unique(np.geomspace(1, len(order), CURVE_POINTS).astype(np.int64)) - 1
    bands = [part for part in np.array_split(np.argsort(score, kind="stable"), metrics.BINS) if len(part)]
    total = max(int(label.sum()), 1)
    return {
        "precision_recall": [
            {
                "told": int(place) + 1,
                "threshold": float(score[order][place]),
                "precision": float(hit[place] / (place + 1)),
                "recall": float(hit[place] / total),
                "cost_per_day": float((reviews[place] + lost[place]) / days),
            }
            for place in places
        ],
        "calibration": [
            {"rows": len(part), "told": float(np.mean(score[part])), "is": float(np.mean(label[part]))}
            for part in bands
        ],
    }


def _segment(cells: Any, label: Truths, raw: Doubles) -> Mapping[str, Any]:
    values, counts = np.unique(cells, return_counts=True)
    largest = values[np.argsort(-counts, kind="stable")][:SEGMENTS_MAX]
    return {
        str(value): {
            "rows": int((cells == value).sum()),
            "positives": int(label[cells == value].sum()),
            "auc": metrics.auc(label[cells == value], raw[cells == value]),
            "average_precision": metrics.average_precision(label[cells == value], raw[cells == value]),
        }
        for value in largest
    }


def _alerts(found: metrics.Alerts) -> Mapping[str, float]:
    return {
        "threshold": found.threshold, "cards_per_day": found.cards_per_day, "precision": found.precision,
        "recall": found.recall,
    }  # fmt: skip


def _between(from_us: int, until_us: int) -> list[str]:
    return [format_instant(from_us), format_instant(until_us)]


def _plain(recipe: Recipe) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = msgspec.to_builtins(recipe)
    return plain
