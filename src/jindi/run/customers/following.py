"""The follower that writes down which decisions name whom. It reads what links read, and leaves out what they leave
out: events about staff, and the names of staff in others.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, day_of
from jindi.parties import ActTally
from jindi.ports import ActStore, ActStoreFailure
from jindi.run.archive import Archive, Outdated
from jindi.run.follower import AT_ONCE, REST_S, Follower
from jindi.run.links.following import KEEP_DAYS, Shapes
from jindi.run.records import DecisionRecord

if TYPE_CHECKING:
    from jindi.run.platform import Platform

LOOKED_AT_ONCE: Final = 200
"""Entities that are looked at between two pauses for what is too old."""

_EPOCH: Final = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """A day as the store counts it.

    >>> day_number(date(1970, 1, 2))
    1
    """
    return day.toordinal() - _EPOCH


def day_named(number: int) -> date:
    """The day of a number.

    >>> day_named(1).isoformat()
    '1970-01-02'
    """
    return date.fromordinal(number + _EPOCH)


class Following(Follower[ActStore]):
    """Keeps what entities did up to date. Days are those of `zone`; what is older than `keep_days` is dropped."""

    HOLDS, FAILURE = "the entities' decisions", ActStoreFailure

    def __init__(
        self, platform: "Platform", store: ActStore, tell: Callable[[str], None], zone: ZoneInfo,
        keep_days: int = KEEP_DAYS, rest_s: float = REST_S,
    ) -> None:  # fmt: skip
        super().__init__(platform, store, tell, rest_s)
        self.keep_us, self.zone = keep_days * DAY_US, zone
        self._read: tuple[Archive, Shapes] | None = None
        self._rules: dict[tuple[int, str, int], Sequence[tuple[str, str]]] = {}
        self._swept_us, self._sweep_at = 0, 0

    async def sweep(self) -> None:
        """Drop whatever is too old, all at once."""
        self._swept_us = 0
        await self._sweep(1 << 40)

    # ---- inside

    async def _tend(self) -> None:
        await self._sweep(LOOKED_AT_ONCE)

    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        archive = self._platform.archive
        if self._read is None or self._read[0] is not archive:
            self._read, self._rules = (archive, Shapes(archive, 1)), {}
        shapes, tally = self._read[1], ActTally()
        for count, (seq, record) in enumerate(decisions, 1):
            if (shape := shapes.of(record)) is not None:
                tally.take(
                    seq, record.event_type, shape, record.values, record.as_of_us,
                    day_number(day_of(record.as_of_us, self.zone)),
                    record.verdict.outcome, self._hits(archive, record),
                )  # fmt: skip
            if count % AT_ONCE == 0:
                self._put(tally, seq + 1)
                tally = ActTally()
        self._put(tally, end)

    def _put(self, tally: ActTally, cursor: int) -> None:
        self.store.put(tally.acts(), cursor, self._mark(cursor))

    def _hits(self, archive: Archive, record: DecisionRecord) -> list[tuple[str, str]]:
        """The rules that a decision hit: the policy by its own name, whatever version it was."""
        if not record.verdict.hits:
            return []
        key = (record.definitions, record.event_type, record.side)
        if key not in self._rules:
            try:
                decider = archive.program(record.definitions).events[record.event_type].decider(record.side)
            except Outdated:
                decider = None
            policy = decider.policy if decider is not None else None
            self._rules[key] = (
                [] if policy is None else [(policy.id.partition("@")[0], rule.id) for rule in policy.rules]
            )  # fmt: skip
        rules = self._rules[key]
        return [rules[place] for place in record.verdict.hits if place < len(rules)]

    async def _sweep(self, count: int) -> None:
        """A look for what is too old, once for each day, a piece at a time."""
        now_us = self._platform.asked_at_us
        if not self._sweep_at and now_us - self._swept_us < DAY_US:
            return
        before = day_number(day_of(now_us - self.keep_us, self.zone))
        async with self._turn:
            after = await asyncio.to_thread(self.store.drop, before, self._sweep_at, count)
        self._sweep_at = after or 0
        if not self._sweep_at:
            self._swept_us = now_us
