"""Exact bounds of a share that was counted (Clopper, Pearson 1934), without more than the standard library."""

from collections.abc import Callable
from math import exp, lgamma, log, log1p

_STEPS = 300
_TINY = 1e-300
_HALVINGS = 60


def lower(true: int, told: int, error: float) -> float:
    """The largest share at which `true` or more of `told` would still come by chance in no more than `error`.

    >>> round(lower(9, 10, 0.05), 4), lower(0, 10, 0.05)
    (0.6058, 0.0)
    """
    if true == 0:
        return 0.0
    return _where(lambda share: at_least(true, told, share) <= error)


def upper(true: int, told: int, error: float) -> float:
    """The smallest share at which `true` or fewer of `told` would still come by chance in no more than `error`.

    >>> round(upper(9, 10, 0.05), 4), upper(10, 10, 0.05)
    (0.9949, 1.0)
    """
    if true == told:
        return 1.0
    return _where(lambda share: 1.0 - at_least(true + 1, told, share) > error)


def at_least(true: int, told: int, share: float) -> float:
    """The chance of `true` or more among `told`, each with the chance `share`: a regularized incomplete beta.

    >>> round(at_least(2, 3, 0.5), 12)
    0.5
    """
    if true <= 0:
        return 1.0
    if true > told or share <= 0.0:
        return 0.0
    if share >= 1.0:
        return 1.0
    a, b = float(true), float(told - true + 1)
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(share) + b * log1p(-share)
    if share < (a + 1) / (a + b + 2):
        return exp(front) * _fraction(a, b, share) / a
    return 1.0 - exp(front) * _fraction(b, a, 1.0 - share) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Lentz's continued fraction of the incomplete beta function (Abramowitz, Stegun 26.5.8)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            step = c * d
            value *= step
        if abs(step - 1.0) < 1e-15:
            break
    return value


def _where(below: Callable[[float], bool]) -> float:
    """The share up to which something holds, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2
