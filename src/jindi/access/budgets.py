"""Rates: how often somebody may ask. One number is kept for each subject, and so many subjects at the most.

The rule is the generic cell rate algorithm (ITU-T I.371): a rate of `most` in a span lets `most` through at once and
after that one for every part of the span. What is refused costs nothing. Instants come from a clock that never goes
back, in microseconds.
"""

import re
from typing import NamedTuple

from jindi.basics.instants import HOUR_US, MINUTE_US, SECOND_US

SUBJECTS_MAX = 65_536
"""Subjects that are kept at a time. When all of them are still in debt, newcomers share one budget."""

_SPANS = {"second": SECOND_US, "minute": MINUTE_US, "hour": HOUR_US}
_RATE = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour)")
_NEWCOMERS = ""


class Rate(NamedTuple):
    """So many in a span of microseconds."""

    most: int
    span_us: int


def parse_rate(text: str) -> Rate | None:
    """A rate such as `600/minute`; None for `off`. Raises ValueError for anything else.

    >>> parse_rate("600/minute")
    Rate(most=600, span_us=60000000)
    """
    if text == "off":
        return None
    if (found := _RATE.fullmatch(text)) is None:
        raise ValueError("not a rate: write such as 600/minute (second, minute, hour), or off")
    return Rate(int(found[1]), _SPANS[found[2]])


class Budgets:
    """What each subject has left of one rate."""

    def __init__(self, rate: Rate, subjects_max: int = SUBJECTS_MAX) -> None:
        self._step_us = rate.span_us / rate.most
        self._room_us = rate.span_us - self._step_us
        self._subjects_max = subjects_max
        self._due_us: dict[str, float] = {}
        self._swept_us = 0

    def take(self, subject: str, now_us: int, count: int = 1) -> int:
        """Spend one; 0 when there was one to spend, else the microseconds until there is (and nothing is spent).

        With `count` above one the rest is owed: what was let in whole is paid before the next is let in.
        """
        due_us = self._due_us.get(subject)
        if due_us is None and len(self._due_us) >= self._subjects_max:
            self._sweep(now_us)
            if len(self._due_us) >= self._subjects_max:
                subject = _NEWCOMERS
                due_us = self._due_us.get(subject)
        if due_us is None or due_us < now_us:
            due_us = now_us
        elif due_us - now_us > self._room_us:
            return max(1, int(due_us - now_us - self._room_us))
        self._due_us[subject] = due_us + count * self._step_us
        return 0

    def wait_us(self, subject: str, now_us: int) -> int:
        """What `take` would answer; nothing is spent."""
        return max(0, int(self._due_us.get(subject, 0) - now_us - self._room_us))

    def owe(self, subject: str, now_us: int, count: int) -> None:
        """Charge what was done already."""
        self._due_us[subject] = max(self._due_us.get(subject, 0), now_us) + count * self._step_us

    def __len__(self) -> int:
        return len(self._due_us)

    def _sweep(self, now_us: int) -> None:
        """Forget who owes nothing; at most once a second, for it walks them all."""
        if now_us - self._swept_us >= SECOND_US:
            self._swept_us = now_us
            self._due_us = {subject: due for subject, due in self._due_us.items() if due > now_us}
