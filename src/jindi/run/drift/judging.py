"""How well models and rules judge what has turned out by now, slice by slice, and what is proposed about a model."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from jindi.run.backtest.report import wilson
from jindi.run.drift import statistics as s
from jindi.run.drift.figures import Size
from jindi.run.drift.statistics import Doubles
from jindi.run.learn import metrics
from jindi.run.learn.metrics import Curve, Truths, Wholes

SLICES = 4
POSITIVES_MIN = 30
"""Fewer true labels than this say nothing about how well a model ranks."""

ROUNDS = 100
SEED = 20_261_126
AUC_MODERATE, AUC_LARGE = 0.02, 0.05
AUC_GONE = 0.60
"""A model whose AUC surely lies below this tells true from false hardly better than a coin."""

RATIO_MODERATE, RATIO_LARGE = 1.25, 1.5
Proposal = Literal["nothing", "recalibrate", "retrain", "retire"]


class Evaluation(msgspec.Struct, frozen=True):
    """What a model did on the last test of its evaluation (`evaluations/NAME.json` of its pack)."""

    auc: float
    auc_low: float
    auc_high: float
    average_precision: float
    label: str
    rows: int
    positives: int


def evaluation_of(document: Mapping[str, Any]) -> Evaluation | None:
    """The last fold's figures; None when the document is no evaluation of ours."""
    try:
        fold, (low, high) = document["folds"][-1], document["folds"][-1]["auc_interval"]
        found = Evaluation(
            float(fold["auc"]), float(low), float(high), float(fold["average_precision"]),
            str(document["recipe"]["label"]), int(fold["rows"]), int(fold["positives"]),
        )  # fmt: skip
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return found if all(map(math.isfinite, (found.auc, found.auc_low, found.auc_high))) else None


class Mature(msgspec.Struct):
    """Rows of one event type whose label is settled, in the order of time."""

    at_us: Wholes
    label: Truths
    whom: Wholes
    hits: list[tuple[str, ...]]

    def between(self, since_us: int, until_us: int) -> Wholes:
        """The rows of a slice."""
        rows: Wholes = np.flatnonzero((self.at_us >= since_us) & (self.at_us < until_us))
        return rows


def ranking(label: Truths, score: Doubles, whom: Wholes) -> dict[str, Any]:
    """How well a score ranks some rows, with 95 % intervals (whole customers drawn again)."""
    told: dict[str, Any] = {"rows": len(label), "positives": int(label.sum()), "auc": None, "average_precision": None}
    if label.any() and not label.all():
        curve = Curve.of(label, score)
        figures: tuple[tuple[str, float, Callable[[Curve], float]], ...] = (
            ("auc", curve.auc(), Curve.auc),
            ("average_precision", curve.average_precision(), Curve.average_precision),
        )
        for name, value, figure in figures:
            drawn = metrics.draws(figure, label, score, whom, seed=SEED, rounds=ROUNDS)
            low, high = metrics.interval(drawn)
            told[name] = {"value": value, "low": low, "high": high}
    return told


def calibration(label: Truths, score: Doubles, whom: Wholes) -> dict[str, Any] | None:
    """How many turned out true of those that the score foretold. The deviation counts a customer's rows as alike, so it
    is rather too large: (observed - expected)^2 is compared with the sum of p (1 - p), times rows per independent row.
    """
    expected = float(score.sum())
    if not len(label) or expected <= 0:
        return None
    observed = int(label.sum())
    per_row = len(label) / max(s.effective(np.unique(whom, return_counts=True)[1].tolist()), 1.0)
    deviation = math.sqrt(float(np.sum(score * (1 - score))) * per_row)
    ratio = observed / expected
    far = max(ratio, 1 / ratio) if ratio else math.inf
    size: Size = "large" if far >= RATIO_LARGE else "moderate" if far >= RATIO_MODERATE else "small"
    tail = s.normal_tail((observed - expected) / deviation) if deviation else 1.0
    return {"observed": observed, "expected": expected, "ratio": ratio, "tail": tail, "size": size}


def decay(newest: Mapping[str, Any], evaluation: Evaluation | None) -> dict[str, Any] | None:
    """Whether the newest mature rows are ranked worse than the evaluation's: its one-sided probability when they are
    not, from both intervals, and the size of the fall. None when it can't be said.
    """
    auc = newest["auc"]
    if evaluation is None or auc is None or newest["positives"] < POSITIVES_MIN:
        return None
    error = math.hypot((auc["high"] - auc["low"]) / 3.92, (evaluation.auc_high - evaluation.auc_low) / 3.92)
    fall = evaluation.auc - auc["value"]
    tail = 0.5 * math.erfc(fall / error / math.sqrt(2)) if error else float(fall <= 0)
    size: Size = "large" if fall >= AUC_LARGE else "moderate" if fall >= AUC_MODERATE else "small"
    return {"expected": evaluation.auc, "found": auc["value"], "fall": fall, "tail": tail, "size": size}


def propose(
    score: Mapping[str, Any] | None, newest: Mapping[str, Any] | None, fallen: Mapping[str, Any] | None,
    calibrated: Mapping[str, Any] | None, level: float,
) -> tuple[Proposal, tuple[str, ...]]:  # fmt: skip
    """What is proposed about a model, and why: the heaviest that any criterion asks for.

    *retire*: with enough true labels the AUC surely lies below 0.60. *retrain*: the AUC has fallen against the
    evaluation, statistically and by 0.02 or more; or the score's distribution has drifted, statistically and by a large
    PSI. *recalibrate*: other numbers turn out true than were foretold, statistically and by a quarter or more; or the
    score has drifted, statistically and by a moderate PSI.
    """
    auc = newest["auc"] if newest is not None else None
    if auc is not None and newest is not None and newest["positives"] >= POSITIVES_MIN and auc["high"] < AUC_GONE:
        return "retire", ("auc_gone",)
    retrain, recalibrate = [], []
    if fallen is not None and fallen["tail"] < level and fallen["size"] != "small":
        retrain.append("auc_fell")
    if score is not None and score["alarm"]:
        if score["size"] == "large":
            retrain.append("score_drift_large")
        elif score["size"] == "moderate":
            recalibrate.append("score_drift_moderate")
    enough = newest is not None and newest["positives"] >= POSITIVES_MIN
    if enough and calibrated is not None and calibrated["tail"] < level and calibrated["size"] != "small":
        recalibrate.append("calibration_off")
    if retrain:
        return "retrain", tuple(retrain + recalibrate)
    return ("recalibrate", tuple(recalibrate)) if recalibrate else ("nothing", ())


def rules_over(mature: Mature, bounds: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Each rule's precision in each slice, and whether the newest is worse than those before it (two-sided)."""
    found: dict[str, list[tuple[int, int]]] = {}
    for number, (since_us, until_us) in enumerate(bounds):
        for row in mature.between(since_us, until_us):
            for rule in mature.hits[row]:
                slices = found.setdefault(rule, [(0, 0)] * len(bounds))
                true, hits = slices[number]
                slices[number] = (true + bool(mature.label[row]), hits + 1)
    return {rule: _rule(slices) for rule, slices in sorted(found.items())}


def _rule(slices: Sequence[tuple[int, int]]) -> dict[str, Any]:
    shares = [wilson(true, hits) for true, hits in slices]
    *earlier, (true, hits) = slices
    before_true, before_hits = sum(t for t, _ in earlier), sum(h for _, h in earlier)
    tail = 1.0
    if hits and before_hits:
        pooled = (true + before_true) / (hits + before_hits)
        error = math.sqrt(pooled * (1 - pooled) * (1 / hits + 1 / before_hits))
        tail = s.normal_tail((true / hits - before_true / before_hits) / error) if error else 1.0
    return {
        "slices": [
            {"true": t, "hits": h, "precision": msgspec.to_builtins(_plain(share)) if share is not None else None}
            for (t, h), share in zip(slices, shares, strict=True)
        ],
        "tail": tail,
    }  # fmt: skip


def _plain(share: Any) -> dict[str, float]:
    return {"value": share.value, "low": share.low, "high": share.high}
