"""Small fits that need no library: logistic regression, Platt's and isotonic calibration, weights of evidence."""

from dataclasses import dataclass

import numpy as np

from jindi.packs.definitions import Calibration, WoeTerm
from jindi.run.learn.metrics import Doubles, Truths

ISOTONIC_POSITIVES_MIN = 1_000
"""With fewer positives a free curve follows chance; a straight line in the logit does not."""

_ROUNDS = 100
_CLOSE = 1e-10


def logistic(columns: Doubles, label: Doubles, weight: Doubles | None = None, *, ridge: float = 1.0) -> Doubles:
    """The intercept and the weights of a logistic regression, by Newton's method.

    `label` may lie between 0 and 1; `ridge` is the penalty on the squares of the weights (not the intercept).
    """
    table = np.column_stack([np.ones(len(columns)), columns])
    weights = np.ones(len(label)) if weight is None else weight
    penalty = np.full(table.shape[1], ridge)
    penalty[0] = 0.0
    found = np.zeros(table.shape[1])
    loss = _loss(table, label, weights, penalty, found)
    for _ in range(_ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(table @ found, -500, 500)))
        slope = table.T @ (weights * (chance - label)) + penalty * found
        curve = (table * (weights * np.maximum(chance * (1 - chance), 1e-12))[:, None]).T @ table
        step = np.linalg.solve(curve + np.diag(np.maximum(penalty, 1e-12)), slope)
        size = 1.0
        # Newton may overshoot where classes separate well: half a step is then taken, and half of that.
        while (after := _loss(table, label, weights, penalty, found - size * step)) > loss and size > 1e-6:
            size /= 2
        found, done = found - size * step, loss - after < _CLOSE * max(abs(loss), 1.0)
        loss = after
        if done:
            break
    return found


def _loss(table: Doubles, label: Doubles, weights: Doubles, penalty: Doubles, at: Doubles) -> float:
    raw = table @ at
    return float(np.sum(weights * (np.logaddexp(0.0, raw) - label * raw)) + 0.5 * np.sum(penalty * at * at))


def calibrated(raw: Doubles, label: Truths) -> Calibration:
    """The calibration that these held-out scores ask for: isotonic where positives are many, else Platt's."""
    positives = int(label.sum())
    if positives >= ISOTONIC_POSITIVES_MIN and len(label) - positives >= ISOTONIC_POSITIVES_MIN:
        return isotonic(raw, label)
    return platt(raw, label)


def platt(raw: Doubles, label: Truths) -> Calibration:
    """A line in the logit, with Platt's softened labels so that few positives don't make it steep."""
    positives = int(label.sum())
    target = np.where(label, (positives + 1) / (positives + 2), 1 / (len(label) - positives + 2))
    intercept, slope = logistic(raw[:, None], target, ridge=1e-9)
    return Calibration("platt", max(float(slope), 1e-6), float(intercept))


def isotonic(raw: Doubles, label: Truths) -> Calibration:
    """The rising curve that lies nearest to the labels: neighbours that fall are pooled until none does."""
    at, places = np.unique(raw, return_inverse=True)
    counts = np.bincount(places).astype(np.float64)
    sums = np.bincount(places, weights=label.astype(np.float64))
    blocks: list[tuple[float, float, int, int]] = []  # positives, rows, first and last place
    for i in range(len(at)):
        block = (float(sums[i]), float(counts[i]), i, i)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2], block[3])
        blocks.append(block)
    points: list[tuple[float, float]] = []
    for hit, count, begins, ends in blocks:
        points += [(float(at[place]), hit / count) for place in sorted({begins, ends})]
    return Calibration("isotonic", at=tuple(x for x, _ in points), is_=tuple(y for _, y in points))


def calibration_line(probability: Doubles, label: Truths) -> tuple[float, float]:
    """Slope and intercept of the labels over the logit of the probabilities: 1 and 0 when all is well."""
    inside = np.clip(probability, 1e-9, 1 - 1e-9)
    intercept, slope = logistic(np.log(inside / (1 - inside))[:, None], label.astype(np.float64), ridge=1e-9)
    return float(slope), float(intercept)


# ---- weights of evidence -------------------------------------------------------------------------

BINS_MAX = 8
BIN_SHARE_MIN = 0.02
_FIRST_CUTS = 64


@dataclass(frozen=True, slots=True)
class Evidence:
    """One input in bins, with how much it tells."""

    edges: tuple[float, ...]
    woe: tuple[float, ...]
    missing: float
    mean: float
    information: float


def evidence(column: Doubles, label: Truths) -> Evidence:
    """An input's bins: split where it tells most, again and again, while a bin keeps its share of the rows.

    The weight of evidence of a bin is ln((b / B) / (g / G)): above 0 there is more risk than elsewhere. An empty
    cell counts half a row. Missing values are a bin of their own.
    """
    there = ~np.isnan(column)
    values, bad = column[there], label[there]
    edges: list[float] = []
    if len(values):
        cuts = np.unique(np.quantile(values, np.linspace(0, 1, _FIRST_CUTS + 1)[1:-1], method="inverted_cdf"))
        cuts = cuts[cuts < values.max()]
        place = np.searchsorted(cuts, values, side="left")
        counts = np.bincount(place, minlength=len(cuts) + 1).astype(np.float64)
        ones = np.bincount(place, weights=bad, minlength=len(cuts) + 1).astype(np.float64)
        edges = sorted(float(cuts[i]) for i in _splits(counts, ones, BIN_SHARE_MIN * len(column)))
    place = np.searchsorted(np.array(edges), values, side="left")
    bins = [bad[place == i] for i in range(len(edges) + 1)] + [label[~there]]
    positives, negatives = float(label.sum()), float((~label).sum())
    woe, information, mean = [], 0.0, 0.0
    for rows in bins:
        b, g = float(rows.sum()) or 0.5, float((~rows).sum()) or 0.5
        each = float(np.log((b / positives) / (g / negatives))) if len(rows) else 0.0
        if len(rows):
            information += (b / positives - g / negatives) * each
            mean += each * len(rows) / len(label)
        woe.append(each)
    return Evidence(tuple(edges), tuple(woe[:-1]), woe[-1], mean, information)


def _splits(counts: Doubles, ones: Doubles, least: float) -> list[int]:
    """The cuts between cells after which a tree of few leaves splits, the most telling first."""
    found: list[int] = []
    ranges = [(0, len(counts))]
    while len(found) + 1 < BINS_MAX:
        best: tuple[float, int, int] | None = None
        for number, (low, high) in enumerate(ranges):
            below, hit = np.cumsum(counts[low:high]), np.cumsum(ones[low:high])
            for i in range(high - low - 1):
                rest = below[-1] - below[i]
                if below[i] < least or rest < least:
                    continue
                gain = _surprise(hit[-1], below[-1]) - _surprise(hit[i], below[i]) - _surprise(hit[-1] - hit[i], rest)
                if best is None or gain > best[0]:
                    best = (gain, number, low + i + 1)
        if best is None or best[0] < 2.0:
            return found
        low, high = ranges.pop(best[1])
        ranges += [(low, best[2]), (best[2], high)]
        found.append(best[2] - 1)
    return found


def _surprise(hit: float, count: float) -> float:
    """How badly one share describes the rows of a bin: minus the logarithm of their likelihood."""
    if hit <= 0 or hit >= count:
        return 0.0
    share = hit / count
    return float(-(hit * np.log(share) + (count - hit) * np.log1p(-share)))


def terms(columns: Doubles, label: Truths, *, information_min: float = 0.01) -> tuple[float, tuple[WoeTerm, ...]]:
    """A logistic model on weights of evidence: its base and one term for each input.

    Inputs that tell less than `information_min` get the weight 0.
    """
    found = [evidence(columns[:, i], label) for i in range(columns.shape[1])]
    used = [i for i, each in enumerate(found) if each.information >= information_min]
    seen = np.column_stack([_woe(columns[:, i], found[i]) for i in used]) if used else np.zeros((len(label), 0))
    base, *weights = logistic(seen, label.astype(np.float64)).tolist()
    by_place = dict(zip(used, weights, strict=True))
    return base, tuple(
        WoeTerm(by_place.get(i, 0.0), each.edges, each.woe, each.missing, each.mean) for i, each in enumerate(found)
    )


def _woe(column: Doubles, each: Evidence) -> Doubles:
    woe = np.array(each.woe)[np.searchsorted(np.array(each.edges), np.nan_to_num(column), side="left")]
    return np.where(np.isnan(column), each.missing, woe)
