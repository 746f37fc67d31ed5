"""Models at work: facts in slot order → a calibrated probability, and what each input did to it.

The raw score is LightGBM's own to the last bit. What follows it, link and calibration, is plain IEEE arithmetic
without a library's `exp`, so that a score is the same number on every machine that replays it.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jindi.basics.money import EXPONENTS
from jindi.engine.trees import Doubles, Forest, lay_out
from jindi.language import Kind, Value
from jindi.packs.definitions import Calibration, ModelDef, ModelInput, WoeTerm

_INV_LN2 = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""ln 2 in two parts; the first has so few digits that small multiples of it are exact."""

_FACTORIALS = tuple(1.0 / math.factorial(n) for n in range(13, 1, -1))
_FAR = 700.0


def exponential(x: float) -> float:
    """The exponential of x, x within ±700, from additions and multiplications alone: within 2 units in the last place.

    >>> exponential(0.0), abs(exponential(1.0) - math.e) < 1e-15
    (1.0, True)
    """
    k = math.floor(x * _INV_LN2 + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    total = 0.0
    for factor in _FACTORIALS:
        total = total * r + factor
    return math.ldexp((total * r + 1.0) * r + 1.0, k)


def sigmoid(x: float) -> float:
    """The logistic function.

    >>> sigmoid(0.0), sigmoid(1e9), sigmoid(-1e9) < 1e-300
    (0.5, 1.0, True)
    """
    return 1.0 / (1.0 + exponential(min(max(-x, -_FAR), _FAR)))


def probability(raw: float, link: str, calibration: Calibration) -> float:
    """A raw score as the calibrated probability that rules read."""
    if calibration.kind == "platt":
        return sigmoid(calibration.slope * raw + calibration.intercept)
    if calibration.kind == "isotonic":
        return _between(raw, calibration.at, calibration.is_)
    return sigmoid(raw) if link == "sigmoid" else min(max(raw, 0.0), 1.0)


def _between(x: float, at: Sequence[float], is_: Sequence[float]) -> float:
    """The height at x of straight lines through points, level outside them.

    >>> _between(0.5, (0.0, 1.0), (0.0, 0.4)), _between(9.0, (0.0, 1.0), (0.0, 0.4))
    (0.2, 0.4)
    """
    place = bisect_left(at, x)
    if place == 0:
        return is_[0]
    if place == len(at):
        return is_[-1]
    low, high = is_[place - 1], is_[place]
    return min(low + (high - low) * ((x - at[place - 1]) / (at[place] - at[place - 1])), high)


@dataclass(frozen=True, slots=True)
class Shares:
    """A raw score taken apart: `base` is what is expected of any event, `points` what each input changes.

    They add up to `raw` but for rounding.
    """

    raw: float
    base: float
    points: tuple[float, ...]


class Model:
    """One model, laid out for an event type's slots."""

    def __init__(self, definition: ModelDef, index: Mapping[str, int]) -> None:
        self.definition = definition
        self._slots = tuple(index[each.name] for each in definition.inputs)
        self._asked = tuple((place, each.equals) for place, each in enumerate(definition.inputs) if each.equals)
        self.scales = tuple(_scale(each) for each in definition.inputs)
        """What each input is divided by: amounts come in minor units."""
        self._scaled = tuple((place, scale) for place, scale in enumerate(self.scales) if scale != 1.0)
        self._forest: Forest | None = None
        if definition.trees is not None:
            self._forest = lay_out(definition.trees, len(definition.inputs), definition.base)
            # Compiled, or read from the disk, now: not while an event waits.
            self._forest.raw(np.full(len(definition.inputs), np.nan))

    def __call__(self, facts: Sequence[Value]) -> tuple[float]:
        """The calibrated probability, as a level of facts of its own."""
        definition = self.definition
        return (probability(self.raw(facts), definition.link, definition.calibration),)

    def raw(self, facts: Sequence[Value]) -> float:
        """The raw score of one event's facts."""
        if self._forest is not None:
            return self._forest.raw(np.array(self.row(facts), dtype=np.float64))
        total = self.definition.base
        for term, value in zip(self.definition.terms, self.row(facts), strict=True):
            total += term.weight * _woe(term, value)
        return total

    def row(self, facts: Sequence[Value]) -> list[float]:
        """What the model sees: its inputs as doubles, in order; a missing one is NaN."""
        row: list[float] = [math.nan if (value := facts[slot]) is None else value for slot in self._slots]  # type: ignore[misc]
        for place, word in self._asked:
            value = facts[self._slots[place]]
            row[place] = math.nan if value is None else float(value == word)
        for place, scale in self._scaled:
            row[place] = row[place] / scale
        return row

    def raws(self, rows: Doubles) -> Doubles:
        """The raw scores of many rows of inputs, one a line: each is what the row scores alone."""
        if self._forest is not None:
            return self._forest.raws(rows)
        total = np.full(len(rows), self.definition.base)
        for place, term in enumerate(self.definition.terms):
            column = rows[:, place]
            woe = np.array(term.woe)[np.searchsorted(np.array(term.edges), np.nan_to_num(column), side="left")]
            total += term.weight * np.where(np.isnan(column), term.missing, woe)
        return total

    def probabilities(self, rows: Doubles) -> Doubles:
        """The calibrated probabilities of many rows."""
        definition = self.definition
        raws = self.raws(rows).tolist()
        return np.array([probability(raw, definition.link, definition.calibration) for raw in raws])

    def shares(self, facts: Sequence[Value], *, exact: bool = False) -> Shares:
        """What each input changes in the raw score: along the paths taken, or (`exact`) its Shapley value.

        Paths cost little more than the score. Exact values cost a hundred times that, and give the inputs of a
        joint effect equal parts of it, where a path gives more to the one that is asked last.
        """
        row = np.array(self.row(facts), dtype=np.float64)
        if self._forest is not None:
            points = self._forest.shapley(row) if exact else self._forest.paths(row)
            return Shares(self._forest.raw(row), self._forest.mean(), tuple(points.tolist()))
        terms = self.definition.terms
        base = self.definition.base + math.fsum(term.weight * term.mean for term in terms)
        # The terms of a sum share nothing: both ways of taking it apart are the same.
        parts = [term.weight * (_woe(term, value) - term.mean) for term, value in zip(terms, row.tolist(), strict=True)]
        return Shares(self.raw(facts), base, tuple(parts))


def _woe(term: WoeTerm, value: float) -> float:
    return term.missing if math.isnan(value) else term.woe[bisect_left(term.edges, value)]


def _scale(each: ModelInput) -> float:
    """Amounts of a fixed currency are seen in major units, as tables of facts hold them."""
    if each.type.kind is Kind.MONEY and each.type.of is not None:
        return float(10 ** EXPONENTS[each.type.of])
    return 1.0
