"""The tests behind drift: population stability with its critical value, Kolmogorov-Smirnov, intervals.

Everything is plain arithmetic on counts and sorted numbers, without a library of statistics.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]

MODERATE, LARGE = 0.10, 0.25
"""The size classes of a PSI (Lewis 1994, An Introduction to Credit Scoring): a convention, not a test."""

_TINY = 1e-300


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The population stability index of two distributions over the same bins: the sum of (a - e) ln(a / e).

    Shares or counts; each side is divided by its sum. Where a bin is empty on one side only, half a count would have
    to be put everywhere: give counts to `psi_of_counts` then. Bins empty on both sides say nothing.

    >>> round(psi([0.1] * 10, [.08, .09, .10, .11, .12, .10, .09, .11, .10, .10]), 7)
    0.0121227
    """
    e, a = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    kept = (e > 0) | (a > 0)
    e, a = e[kept] / e.sum(), a[kept] / a.sum()
    if not (e.all() and a.all()):
        return math.inf
    return float(np.sum((a - e) * np.log(a / e)))


def psi_of_counts(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The PSI of two tables of counts. Where some bin is empty on one side, each bin of both counts half a row more,
    so that the index stays finite.

    >>> round(psi_of_counts([50, 50], [50, 50]), 6), psi_of_counts([50, 0], [49, 1]) > 0
    (0.0, True)
    """
    e, a = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    kept = (e > 0) | (a > 0)
    e, a = e[kept], a[kept]
    if not (e.all() and a.all()):
        e, a = e + 0.5, a + 0.5
    return psi(e.tolist(), a.tolist())


def critical_psi(bins: int, n: float, m: float, level: float = 0.05) -> float:
    """What a PSI over so many bins exceeds with probability `level` though nothing has changed: the quantile of
    chi-square with bins - 1 degrees of freedom, times 1/n + 1/m (Yurdakul 2018, Statistical Properties of Population
    Stability Index). n and m are the (effective) numbers of independent rows.

    >>> [round(critical_psi(10, n, m), 5) for n, m in ((200, 200), (1000, 300), (20000, 5000))]
    [0.16919, 0.07332, 0.00423]
    """
    return chi_square_quantile(1 - level, bins - 1) * (1 / n + 1 / m)


def mixture_tail(value: float, weights: Sequence[float]) -> float:
    """The probability that a sum of independent chi-squares with one degree of freedom each, so weighed, is at least
    this large: by the scaled chi-square with the same mean and variance (Satterthwaite 1946, Biometrics Bull. 2:110),
    which for equal weights is the sum itself.

    >>> round(mixture_tail(16.919, [1.0] * 9), 4)
    0.05
    """
    scale, freedom = _scaled(weights)
    return chi_square_tail(value / scale, freedom)


def mixture_quantile(share: float, weights: Sequence[float]) -> float:
    """What such a sum stays below with probability `share`.

    >>> round(mixture_quantile(0.95, [0.01] * 9), 5)
    0.16919
    """
    scale, freedom = _scaled(weights)
    return scale * chi_square_quantile(share, freedom)


def _scaled(weights: Sequence[float]) -> tuple[float, float]:
    total, squares = math.fsum(weights), math.fsum(weight * weight for weight in weights)
    return squares / total, total * total / squares


def chi_square_tail(x: float, freedom: float) -> float:
    """The chance that a chi-square variable with so many degrees of freedom exceeds x: the regularised upper incomplete
    gamma function (Abramowitz & Stegun 6.5.29 for small x, the continued fraction 6.5.31 beyond).

    >>> round(chi_square_tail(16.919, 9), 4), chi_square_tail(0.0, 3)
    (0.05, 1.0)
    """
    if x <= 0:
        return 1.0
    a, z = freedom / 2, x / 2
    scale = math.exp(-z + a * math.log(z) - math.lgamma(a))
    if z < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-16:
            n += 1
            term *= z / n
            total += term
        return max(0.0, 1 - scale * total)
    # Lentz's way of evaluating the fraction from the front.
    b = z + 1 - a
    c, d = 1 / _TINY, 1 / b
    fraction = d
    for i in range(1, 10_000):
        step = -i * (i - a)
        b += 2
        d = 1 / (step * d + b or _TINY)
        c = b + step / c or _TINY
        factor = d * c
        fraction *= factor
        if abs(factor - 1) < 1e-15:
            break
    return min(1.0, scale * fraction)


def chi_square_quantile(share: float, freedom: float) -> float:
    """What a chi-square variable stays below with probability `share`, by halving: the tail falls all the way.

    >>> round(chi_square_quantile(0.95, 9), 4)
    16.919
    """
    low, high = 0.0, 1.0
    while chi_square_tail(high, freedom) > 1 - share:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if chi_square_tail(middle, freedom) > 1 - share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def ks_distance(one: Doubles, other: Doubles) -> float:
    """The largest gap between the two empirical distributions (Kolmogorov-Smirnov), ties and all.

    >>> ks_distance(np.array([1.0, 2.0]), np.array([3.0, 4.0])), ks_distance(np.array([1.0]), np.array([1.0]))
    (1.0, 0.0)
    """
    values = np.sort(np.concatenate([one, other]))
    below = np.searchsorted(np.sort(one), values, "right") / len(one)
    other_below = np.searchsorted(np.sort(other), values, "right") / len(other)
    return float(np.max(np.abs(below - other_below)))


def ks_tail(distance: float, pairs: float) -> float:
    """The probability of such a distance when both samples come from one continuous distribution: Kolmogorov's limit
    with Stephens's correction for the sizes (1970, J. R. Stat. Soc. B 32:115). `pairs` is n m / (n + m). With ties it
    is too large, never too small.

    >>> round(ks_tail(0.0, 25), 3), ks_tail(0.9, 250) < 1e-12
    (1.0, True)
    """
    root = math.sqrt(pairs)
    x = (root + 0.12 + 0.11 / root) * distance
    if x < 0.2:
        return 1.0  # 1 to 12 digits; the series below needs many terms there
    total = math.fsum(math.exp(-2 * (k * x) ** 2) * (1 if k % 2 else -1) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * total))


def holm(tails: Sequence[float]) -> list[float]:
    """Probabilities made fit to be looked at together (Holm 1979): below `level` at most with probability `level` for
    any of them, however they hang together.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(tails)), key=tails.__getitem__)
    adjusted, worst = [0.0] * len(tails), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(tails) - rank) * tails[place]))
        adjusted[place] = worst
    return adjusted


def normal_tail(z: float) -> float:
    """The probability that a standard normal variable lies as far from zero, either way."""
    return math.erfc(abs(z) / math.sqrt(2))


def effective(counts: Sequence[int]) -> float:
    """How many independent rows a sample is worth whose rows come in groups that may be alike throughout: the square of
    the sum over the sum of squares (Kish 1965, Survey Sampling). It is the least that they can be worth.

    >>> effective([1] * 10), effective([5, 5]), effective([])
    (10.0, 2.0, 0.0)
    """
    squares = sum(count * count for count in counts)
    return float(sum(counts) ** 2 / squares) if squares else 0.0
