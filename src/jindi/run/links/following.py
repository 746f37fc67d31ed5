"""The follower that makes links of the journal: it reads every decision, in small pieces, and rests between them.

Like the archive's, and unlike that of cases: what was allowed links people, too. It goes on where the store's cursor
stands, so nothing is lost and nothing counted twice.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from jindi.basics.instants import DAY_US
from jindi.packs import EventDef
from jindi.parties import Shape, Tally, shape_of
from jindi.ports import LinkStore, LinkStoreFailure
from jindi.run.archive import Archive, Outdated
from jindi.run.follower import AT_ONCE, REST_S, Follower
from jindi.run.records import DecisionRecord
from jindi.run.watching.sight import PACK, SUSPECTS

if TYPE_CHECKING:
    from jindi.run.platform import Platform

KEEP_DAYS: Final = 180
"""Design default (setting `links_days`): a link that was not seen for longer is dropped."""

DROPPED_AT_ONCE: Final = 5_000
"""Links that are looked at between two pauses for whether they are too old."""


class Shapes:
    """What is read of the event types that the journal names, found out once each: of those that can name so many
    entities. Events about staff name nobody, and neither do the names of staff in other events: what colleagues do is
    for those who oversee them.
    """

    def __init__(self, archive: Archive, least: int = 2) -> None:
        self._archive, self._least = archive, least
        self._made: dict[tuple[int, str], Shape | None] = {}

    def of(self, record: DecisionRecord) -> Shape | None:
        """What to read of a decision; None for nothing."""
        key = (record.definitions, record.event_type)
        if key not in self._made:
            self._made[key] = self._shape(*key)
        return self._made[key]

    def _shape(self, definitions: int, event_type: str) -> Shape | None:
        try:
            event: EventDef = self._archive.event(definitions, event_type)
        except Outdated:
            return None  # what this version of Jindi can't read any more links nobody
        return None if event.pack == PACK else shape_of(event, SUSPECTS, self._least)


class Following(Follower[LinkStore]):
    """Keeps the links of one platform up to date. One piece at a time, in a thread."""

    HOLDS, FAILURE = "links", LinkStoreFailure

    def __init__(
        self, platform: "Platform", store: LinkStore, tell: Callable[[str], None], keep_days: int = KEEP_DAYS,
        rest_s: float = REST_S,
    ) -> None:  # fmt: skip
        super().__init__(platform, store, tell, rest_s)
        self.keep_us = keep_days * DAY_US
        self._shapes: tuple[Archive, Shapes] | None = None
        self._seen_us, self._swept_us, self._sweep_at = 0, 0, 0

    async def sweep(self) -> None:
        """Drop whatever was not seen for too long, all at once."""
        self._swept_us = 0
        await self._sweep(1 << 40)

    # ---- inside

    async def _tend(self) -> None:
        await self._sweep(DROPPED_AT_ONCE)

    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        archive = self._platform.archive
        if self._shapes is None or self._shapes[0] is not archive:
            self._shapes = archive, Shapes(archive)
        shapes, tally = self._shapes[1], Tally(self.keep_us)
        for count, (seq, record) in enumerate(decisions, 1):
            if (shape := shapes.of(record)) is not None:
                tally.take(shape, record.values, record.as_of_us, record.verdict.outcome)
            self._seen_us = max(self._seen_us, record.as_of_us)
            if count % AT_ONCE == 0:
                self._put(tally, seq + 1)
                tally = Tally(self.keep_us)
        self._put(tally, end)

    def _put(self, tally: Tally, cursor: int) -> None:
        self.store.put(tally.entities(), tally.links(), cursor, self._mark(cursor), self.keep_us)

    async def _sweep(self, count: int) -> None:
        """A look for what is too old, once for each day of the journal, a piece at a time."""
        now_us = max(self._platform.asked_at_us, self._seen_us)
        if not self._sweep_at and now_us - self._swept_us < DAY_US:
            return
        async with self._turn:
            drop, before_us = self.store.drop, now_us - self.keep_us
            after = await asyncio.to_thread(drop, before_us, self._sweep_at, count)
        self._sweep_at = after or 0
        if not self._sweep_at:
            self._swept_us = now_us
