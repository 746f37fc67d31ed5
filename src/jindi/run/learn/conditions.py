"""Conditions that a rule can be made of: one question about one fact each, with thresholds that people can read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jindi.basics.money import EXPONENTS
from jindi.language import TIME_WORDS, Kind
from jindi.packs import ModelInput
from jindi.run.learn.metrics import Doubles, Truths

CUTS_MAX = 24
"""Thresholds that are tried for one fact, at most."""

CLOCK = frozenset({"hour", "weekday"})
"""Words of the clock that a rule may ask for."""

RATIO_DIGITS = 12
"""Decimals that the language writes."""

_DIGITS = 2
_SECOND_US, _MINUTE_US, _HOUR_US, _DAY_US = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
_SPANS = (("days", _DAY_US), ("hours", _HOUR_US), ("minutes", _MINUTE_US), ("seconds", _SECOND_US))
NUMBERS = (Kind.INT, Kind.RATIO, Kind.MONEY, Kind.DURATION)

How = Literal[">=", "<", "is", "is not", "missing"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about one input: `cut` in the input's own unit as a model sees it, 0 where there is none."""

    input: ModelInput
    place: int
    how: How
    cut: float = 0.0

    def holds(self, columns: Doubles) -> Truths:
        """Where it is definitely true: a missing value makes no comparison true."""
        column = columns[:, self.place]
        found: Truths
        match self.how:
            case ">=":
                found = column >= self.cut
            case "<":
                found = column < self.cut
            case "is":
                found = column == 1.0
            case "is not":
                found = column == 0.0
            case "missing":
                found = np.isnan(column)
        return found

    @property
    def text(self) -> str:
        """The condition in the packs' language."""
        name, word = self.input.name, self.input.equals
        match self.how:
            case ">=" | "<":
                return f"{name} {self.how} {literal(self.input, self.cut)}"
            case "missing":
                return f"missing({name})"
            case "is":
                return name if word is None else f"{name} == '{word}'"
            case "is not":
                return f"not {name}" if word is None else f"{name} != '{word}'"


def literal(each: ModelInput, cut: float) -> str:
    """A threshold as an expression writes it.

    >>> from jindi.language import DURATION, Type
    >>> literal(ModelInput("x", DURATION), 7_200_000_000.0), literal(ModelInput("x", Type(Kind.MONEY, "CNY")), 300.0)
    ('hours(2)', "cny('300')")
    """
    match each.type.kind:
        case Kind.MONEY:
            return f"{str(each.type.of).lower()}('{cut:.{EXPONENTS[str(each.type.of)]}f}')".replace(".00')", "')")
        case Kind.DURATION:
            word, unit = next((w, u) for w, u in _SPANS if u == _SECOND_US or cut % u == 0)
            return f"{word}({round(cut / unit)})"
        case Kind.RATIO:
            return f"{cut:.{RATIO_DIGITS}f}".rstrip("0").rstrip(".") if cut % 1 else str(int(cut))
        case _:
            return str(int(cut))


def readable(each: ModelInput, value: float) -> float:
    """The value that people would write instead: two digits, whole units of time, whole numbers.

    >>> from jindi.language import DURATION, INT, RATIO
    >>> readable(ModelInput("x", RATIO), 0.12345), readable(ModelInput("x", INT), 1234.0)
    (0.12, 1200.0)
    >>> readable(ModelInput("x", DURATION), 5_000_000_000.0) / 60_000_000
    83.0
    """
    if value == 0.0 or not math.isfinite(value):
        return 0.0 if value == 0.0 else value
    if each.type.kind is Kind.DURATION:
        unit = next((unit for _, unit in _SPANS if abs(value) >= 3 * unit), _SECOND_US)
        return float(round(_digits(value / unit)) * unit)
    rounded = _digits(value)
    match each.type.kind:
        case Kind.INT:
            return float(round(rounded))
        case Kind.MONEY:
            scale = float(10 ** EXPONENTS[str(each.type.of)])
            return round(rounded * scale) / scale
        case _:
            return round(rounded, RATIO_DIGITS)


def _digits(value: float) -> float:
    return float(f"{value:.{_DIGITS - 1}e}")


def conditions(inputs: Sequence[ModelInput], columns: Doubles, label: Truths) -> list[Condition]:
    """All conditions that are tried. Thresholds are quantiles of the positives and of all, rounded."""
    found: list[Condition] = []
    for place, each in enumerate(inputs):
        if each.name in TIME_WORDS and each.name not in CLOCK:
            continue  # a rule that knows the day of the month or the year knows the past by heart
        column = columns[:, place]
        there = ~np.isnan(column)
        if not there.all() and each.equals is None:
            found.append(Condition(each, place, "missing"))
        if each.type.kind in NUMBERS:
            for cut in _cuts(each, column[there], column[there & label]):
                found += [Condition(each, place, ">=", cut), Condition(each, place, "<", cut)]
        elif each.equals is not None or each.type.kind is Kind.BOOL:
            found += [Condition(each, place, "is"), Condition(each, place, "is not")]
    return found


def _cuts(each: ModelInput, values: Doubles, positives: Doubles) -> list[float]:
    if not len(values):
        return []
    shares = np.linspace(0.04, 0.96, CUTS_MAX // 2)
    tried = [*np.quantile(values, [*shares[::2], 0.99, 0.999], method="lower")]
    if len(positives):
        tried += [*np.quantile(positives, shares, method="lower")]
    low, high = float(values.min()), float(values.max())
    return sorted({cut for value in tried if low < (cut := readable(each, float(value))) <= high})
