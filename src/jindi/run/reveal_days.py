"""How often each person saw clear text, day by day, and whether today is much more than what is usual for him.

Counted from the trail, never from the whole journal: the first look reads the newest doings of the last days, up to a
bound, and every later look only what has come since. What the bound left out is said.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, day_of
from jindi.run.platform import Platform
from jindi.run.records import ActionRecord

DAYS: Final = 14
LOOKED: Final = 5_000
"""(design default) So many of the newest doings the first look reads."""

TIMES: Final = 3
LEAST: Final = 5
"""(design default) A day is much when it has at least so many reveals, and so many times what is usual for him."""

REVEAL: Final = "vault.reveal"


@dataclass(frozen=True, slots=True)
class PersonDays:
    """One person's reveals of the last days, the oldest first; the last one is today. `usual` is the mean of the days
    before; None where there is none to speak of.
    """

    name: str
    days: tuple[int, ...]

    @property
    def today(self) -> int:
        """Today's."""
        return self.days[-1]

    @property
    def all(self) -> int:
        """All days together."""
        return sum(self.days)

    @property
    def usual(self) -> float | None:
        """The mean of the days before today."""
        before = self.days[:-1]
        return sum(before) / len(before) if any(before) else None

    @property
    def times(self) -> float | None:
        """How many times his usual today is, where that is much; a first day has nothing to be held against."""
        usual = self.usual
        if usual is None or self.today < LEAST or self.today < TIMES * usual:
            return None
        return self.today / usual


@dataclass(frozen=True, slots=True)
class Reveals:
    """All people's, those with most today first. `since` is the first day; `looked` is how many doings were read when
    the bound left older ones out, None when none were.
    """

    people: tuple[PersonDays, ...]
    since: date
    looked: int | None

    @property
    def most(self) -> int:
        """The most that anybody had on one day."""
        return max((count for each in self.people for count in each.days), default=0)


class RevealDays:
    """The counts of one platform, in one zone's days."""

    def __init__(self, platform: Platform, zone: ZoneInfo) -> None:
        self._platform, self._zone = platform, zone
        self._counts: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        self._next, self._lock = -1, asyncio.Lock()
        self._looked: int | None = None

    async def now(self) -> Reveals:
        """The counts as of now."""
        async with self._lock:
            await asyncio.to_thread(self._catch_up)
        today = day_of(self._platform.now_us(), self._zone)
        days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
        people = [PersonDays(name, tuple(found.get(day, 0) for day in days)) for name, found in self._counts.items()]
        shown = sorted((each for each in people if each.all), key=lambda each: (-each.today, -each.all, each.name))
        return Reveals(tuple(shown), days[0], self._looked)

    def _catch_up(self) -> None:
        platform = self._platform
        durable = platform.archive.log.next_seq()
        places = platform.trail.between(max(self._next, 0), durable)
        oldest_us = platform.now_us() - (DAYS + 1) * DAY_US
        is_first = self._next < 0
        read = places[-LOOKED:] if is_first else places
        for seq in reversed(read):
            record = platform.archive.record(seq)
            if record.received_us < oldest_us:
                break
            # The form that asks for a reveal is an action, too; only what was seen names whose it was.
            if isinstance(record, ActionRecord) and record.what == REVEAL and record.allowed and record.purpose:
                self._counts[record.name][day_of(record.received_us, self._zone)] += 1
        else:
            if is_first and len(places) > len(read):
                self._looked = len(read)
        self._next = durable
        first = day_of(oldest_us, self._zone)
        for found in self._counts.values():
            for day in [day for day in found if day < first]:
                del found[day]
