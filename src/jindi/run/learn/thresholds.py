"""Where alarms begin, so that false ones stay within a budget on time that is still to come.

A threshold that uses its budget up to the last alarm where it is chosen exceeds it later in half of all cases. So
fewer are allowed there: as many as make the budget hold with some confidence, by the exact bound of a Poisson count
(Garwood 1936). What drifts is met by choosing again each day, on the days just past (Dawid 1984, "prequential").
"""

from collections import deque
from dataclasses import dataclass, field
from math import exp, lgamma, log

import numpy as np

from jindi.run.learn.metrics import Doubles


def allowed(budget: float, confidence: float) -> int:
    """How many false alarms may be counted where a threshold is chosen; below zero where not even one can be afforded.

    The largest number that would be exceeded with `confidence` by whoever makes `budget` of them on average.

    >>> allowed(131.0, 0.9), allowed(131.0, 0.5), allowed(1.0, 0.9)
    (115, 130, -1)
    """
    term, total, count = -budget, 0.0, -1
    if budget <= 0.0:
        return -1
    while True:
        total += exp(term)
        if total > 1.0 - confidence:
            return count
        count += 1
        term = -budget + (count + 1) * log(budget) - lgamma(count + 2)


def lowest(honest: Doubles, false_alarms: int) -> float:
    """The lowest threshold at which no more than so many of these honest scores would be told (at or above it).

    >>> lowest(np.array([0.1, 0.9, 0.5]), 1) > 0.5, lowest(np.array([0.1, 0.9, 0.5]), 3)
    (True, 0.0)
    """
    if false_alarms < 0:
        return float("inf")
    if false_alarms >= len(honest):
        return 0.0
    place = len(honest) - 1 - false_alarms
    return float(np.nextafter(np.partition(honest, place)[place], np.inf))


@dataclass(slots=True)
class Rolling:
    """A threshold that is chosen anew each day, on `days` just past: on what was scored, and what turned out by then.

    An alarm that was looked at counts as false until its event is known to be fraud. An event that raised none was
    looked at by nobody: it counts by its own probability of being honest, so scores have to be calibrated. Reviewers
    overlook a share of the frauds they look at (`overlooked`; second looks at samples tell how many): for each fraud
    found, so many alarms that were cleared were right. Until `days` have passed, `first` stands.
    """

    first: float
    share: float
    days: int = 14
    confidence: float = 0.9
    overlooked: float = 0.0
    _past: deque["_Day"] = field(default_factory=deque)
    _known: set[str] = field(default_factory=set)

    def begin(self, day: int) -> float:
        """The threshold of a day that begins now; days are asked for in order."""
        while self._past and self._past[0].number < day - self.days:
            self._past.popleft()
        self._past.append(_Day(day))
        whole = list(self._past)[:-1]
        if len(whole) < self.days:
            return self.first
        spent = sum(self._falsehood(name, 1.0, looked=True) for each in whole for name in each.told)
        left = allowed(self.share * sum(each.events for each in whole), self.confidence) - spent
        told = sorted((each for day_ in whole for each in day_.scores), key=lambda each: -each[1])
        false = np.cumsum([self._falsehood(name, score, looked=looked) for name, score, looked in told])
        over = np.flatnonzero(false > left)
        if left < 0:
            return float("inf")
        return float(np.nextafter(told[over[0]][1], np.inf)) if len(over) else 0.0

    def _falsehood(self, name: str, score: float, *, looked: bool) -> float:
        """How much of a false alarm an event counts for."""
        if name in self._known:
            return -self.overlooked / (1.0 - self.overlooked) if looked else 0.0
        return 1.0 if looked else 1.0 - score

    def count(self) -> None:
        """An event of any kind: what the budget is a share of."""
        self._past[-1].events += 1

    def scored(self, name: str, score: float, *, told: bool, looked: bool) -> None:
        """What a model said of an event, and whether its alarm was looked at; `told` if a rule raises one whatever
        the threshold.
        """
        if told:
            self._past[-1].told.append(name)
        else:
            self._past[-1].scores.append((name, score, looked))

    def found(self, name: str) -> None:
        """The event turned out to be fraud."""
        self._known.add(name)


@dataclass(slots=True)
class _Day:
    number: int
    events: int = 0
    scores: list[tuple[str, float, bool]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
