"""One fact in two stretches of time: bins that both fill, the PSI over them, the distance of the distributions."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from jindi.run.drift import statistics as s
from jindi.run.drift.statistics import Doubles, Wholes

BINS = 10
CATEGORIES_MAX = 10
LEAST_ROWS = 5
"""A bin is to have at least so many (independent) rows of the smaller stretch, or it is joined with its neighbour:
below that a chi-square is not what a PSI follows (Cochran 1954, Biometrics 10:417).
"""

MISSING, OTHER = "missing", "other"
Size = Literal["small", "moderate", "large"]
Column = Doubles | Sequence[str | None]
"""Numbers (NaN: missing), or words (None: missing)."""


class Bin(msgspec.Struct, frozen=True):
    """One bin: what it holds in words, and its rows in either stretch."""

    name: str
    reference: int
    current: int


class Comparison(msgspec.Struct, frozen=True):
    """A fact in the reference stretch and in the current one.

    `worth` is how many independent rows each stretch is worth for this fact. `critical` is what `psi` exceeds with
    probability `level` though nothing has changed; `tail` is the probability of such a PSI then, `ks_tail` that of
    such a distance `ks` (numbers only). None: there was nothing to tell apart.
    """

    bins: tuple[Bin, ...]
    worth: tuple[float, float]
    psi: float
    critical: float | None
    tail: float
    size: Size
    ks: float | None = None
    ks_tail: float | None = None
    quantiles: tuple[tuple[float, ...], tuple[float, ...]] | None = None


QUANTILES = (0.1, 0.5, 0.9, 0.99)
CUSTOMERS_MIN = 20
"""From fewer customers than this it can't be told how alike their rows are: they are taken for alike throughout."""


def compare_columns(
    reference: Column, current: Column, level: float, whom: tuple[Wholes, Wholes] | None = None
) -> Comparison:
    """Hold a fact's current values against those of the reference. `whom` numbers the customer of each row; rows of one
    customer are no strangers to each other. None: all are.
    """
    bins, there, here = _binned(reference, current, LEAST_ROWS)
    weights = spreads((there, here), whom, len(bins))
    n, m = _worth(len(there), len(here), len(bins), weights)
    if len(bins) > 1 and min(n, m) < LEAST_ROWS * len(bins):
        # Worth so little that tenths are too fine.
        bins, there, here = _binned(reference, current, LEAST_ROWS * max(len(there) / n, len(here) / m))
        weights = spreads((there, here), whom, len(bins))
        n, m = _worth(len(there), len(here), len(bins), weights)
    value = s.psi_of_counts([b.reference for b in bins], [b.current for b in bins]) if len(bins) > 1 else 0.0
    more: dict[str, Any] = {}
    if isinstance(reference, np.ndarray) and isinstance(current, np.ndarray):
        known, now = reference[~np.isnan(reference)], current[~np.isnan(current)]
        if len(known) and len(now):
            distance = s.ks_distance(known, now)
            # The distance shows what hangs together most: it is worth what the widest spread leaves.
            pairs = 1 / max(weights) if weights else n * m / (n + m)
            share = min(len(known) / len(reference), len(now) / len(current))
            more = {
                "ks": distance, "ks_tail": s.ks_tail(distance, pairs * share),
                "quantiles": tuple(tuple(np.quantile(each, QUANTILES).tolist()) for each in (known, now)),
            }  # fmt: skip
    critical = s.mixture_quantile(1 - level, weights) if weights else None
    tail = s.mixture_tail(value, weights) if weights else 1.0
    return Comparison(tuple(bins), (n, m), value, critical, tail, size_of(value), **more)


def spreads(places: tuple[Wholes, Wholes], whom: tuple[Wholes, Wholes] | None, bins: int) -> list[float]:
    """The weights of the chi-squares that a PSI without drift is the sum of: rows of these bins and customers.

    A PSI is nearly the sum over bins of (a - e)^2 / share; so it is a sum of squared normals, weighed by the
    eigenvalues of the covariance of the differences, divided by the shares (Rao & Scott 1981, J. Am. Stat. Assoc.
    76:221). With independent rows all weights are 1/n + 1/m, and it is Yurdakul's chi-square. Rows of one customer
    count together; of fewer than twenty customers they are taken for alike. Empty when there is nothing to tell apart.
    """
    if bins < 2:
        return []
    counts = np.stack([np.bincount(each, minlength=bins) for each in places])
    shares = counts.sum(axis=0) / counts.sum()
    free = np.diag(shares) - np.outer(shares, shares)
    whole = np.zeros((bins, bins))
    least = 0.0
    for side, rows in enumerate(places):
        n = len(rows)
        least += 1 / n
        sizes = np.bincount(whom[side]) if whom is not None else None
        if sizes is None:
            whole += free / n
        elif (customers := np.count_nonzero(sizes)) < CUSTOMERS_MIN:
            whole += free / s.effective(sizes.tolist())
        else:
            table = np.bincount(whom[side] * bins + rows, minlength=len(sizes) * bins).reshape(-1, bins)  # type: ignore[index]
            apart = table - sizes[:, None] * (counts[side] / n)
            whole += apart.T @ apart / n**2 * customers / (customers - 1)
    scale = 1 / np.sqrt(shares)
    weights = np.linalg.eigvalsh(whole * scale[:, None] * scale)
    kept = [float(weight) for weight in weights[1:] if weight > 0]  # the shares of one side add up: one weight is none
    # Customers that differ less than strangers would are chance, or a regularity that need not last.
    return kept if sum(kept) >= (bins - 1) * least else [least] * (bins - 1)


def _worth(n: int, m: int, bins: int, weights: Sequence[float]) -> tuple[float, float]:
    """How many independent rows the stretches are worth on average over the bins."""
    if not weights:
        return float(n), float(m)
    effect = sum(weights) / (bins - 1) / (1 / n + 1 / m)
    return n / effect, m / effect


def _binned(reference: Column, current: Column, least: float) -> "Binned":
    if isinstance(reference, np.ndarray) and isinstance(current, np.ndarray):
        return numeric_bins(reference, current, least)
    return word_bins([*reference], [*current], least)


def size_of(value: float) -> Size:
    """The size class of a PSI.

    >>> size_of(0.05), size_of(0.10), size_of(0.25)
    ('small', 'moderate', 'large')
    """
    return "large" if value >= s.LARGE else "moderate" if value >= s.MODERATE else "small"


Binned = tuple[list[Bin], Wholes, Wholes]
"""The bins, and in which of them each row of the reference and of the current stretch lies."""


def numeric_bins(reference: Doubles, current: Doubles, least: float) -> Binned:
    """The tenths of the reference, ties kept together, and what is missing; thin ones joined with a neighbour."""
    known = reference[~np.isnan(reference)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="inverted_cdf")) if len(known) else _NONE
    gone = len(edges) + 1
    places = [
        np.where(np.isnan(each), gone, np.searchsorted(edges, each, "left")) for each in (reference, current)
    ]  # fmt: skip
    names = [_between(edges, place) for place in range(gone)]
    return _gathered([*names, MISSING], places[0], places[1], least, ordered=gone)


def word_bins(reference: Sequence[str | None], current: Sequence[str | None], least: float) -> Binned:
    """The most frequent words of both, then all others together, then what is missing."""
    counts = Counter(reference) + Counter(current)
    words = sorted((word for word in counts if word is not None), key=lambda word: (-counts[word], word))
    number: dict[str | None, int] = {word: place for place, word in enumerate(words[:CATEGORIES_MAX])}
    other = len(number)
    number[None] = other + 1
    there, here = (
        np.fromiter((number.get(word, other) for word in each), np.int64, len(each)) for each in (reference, current)
    )
    return _gathered([*words[:CATEGORIES_MAX], OTHER, MISSING], there, here, least, ordered=0)


_NONE: Doubles = np.empty(0)


def _between(edges: Doubles, place: int) -> str:
    low = f"{edges[place - 1]:.6g} < " if place else ""
    high = f" ≤ {edges[place]:.6g}" if place < len(edges) else ""
    return f"{low}x{high}" if low or high else "any"


def _gathered(names: list[str], there: Wholes, here: Wholes, each_least: float, *, ordered: int) -> Binned:
    """Bins with their rows; a thin one goes to the thinner of its neighbours (the first `ordered` have them), or else
    to the bin of all others, or the largest. Empty ones go.
    """
    counts = np.stack([np.bincount(each, minlength=len(names)) for each in (there, here)], axis=1)
    groups = [[place] for place in range(len(names)) if counts[place].any()]
    least = each_least * (len(there) + len(here)) / max(min(len(there), len(here)), 1)

    def rows(group: list[int]) -> int:
        return int(counts[group].sum())

    while len(groups) > 1 and rows(thin := min(groups, key=rows)) < least:
        at = groups.index(thin)
        if thin[0] < ordered:
            sides = [groups[n] for n in (at - 1, at + 1) if 0 <= n < len(groups) and groups[n][0] < ordered]
        else:
            sides = [each for each in groups if each is not thin and names[each[0]] == OTHER]
        host = min(sides, key=rows) if sides else max((each for each in groups if each is not thin), key=rows)
        groups.remove(thin)
        groups[groups.index(host)] = sorted([*host, *thin])
    target = np.zeros(len(names), np.int64)
    for number, group in enumerate(groups):
        target[group] = number
    bins = [
        Bin(_name([names[place] for place in group]), *(int(side) for side in counts[group].sum(axis=0)))
        for group in groups
    ]
    return bins, target[there], target[here]


def _name(names: list[str]) -> str:
    first, last = names[0], next((name for name in reversed(names) if name != MISSING), names[-1])
    if len(names) == 1 or first == last:
        return first
    low, x, _ = first.partition("x")
    if not x or not ("≤" in first + last or "<" in first + last):
        return OTHER
    joined = f"{low}x{last.partition('x')[2]}"
    return joined if joined != "x" else "any"
