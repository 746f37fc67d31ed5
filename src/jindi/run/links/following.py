"""The follower that makes links of the journal: it reads every decision, in small pieces, and rests between them.

Like the archive's, and unlike that of cases: what was allowed links people, too. It goes on where the store's cursor
stands, so nothing is lost and nothing counted twice.
"""

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Final

from jindi import journal
from jindi.basics.instants import DAY_US
from jindi.packs import EventDef
from jindi.parties import Shape, Tally, shape_of
from jindi.ports import LinkStore, LinkStoreFailure, LogFailure
from jindi.run.archive import Archive, Outdated
from jindi.run.records import DECISION, DecisionRecord, decode
from jindi.run.watching.sight import PACK, SUSPECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from jindi.run.platform import Platform

KEEP_DAYS: Final = 180
"""Design default (setting `links_days`): a link that was not seen for longer is dropped."""

AT_ONCE: Final = 1_000
"""Decisions that are taken in before the store is written: some ten thousand links at the most."""

PIECE, REST_S = 8, 0.0005
"""After every few decisions it rests. While it rests the lane has the interpreter for itself."""

PAUSE_S: Final = 0.5
"""So often it is looked whether something has come."""

DROPPED_AT_ONCE: Final = 5_000
"""Links that are looked at between two pauses for whether they are too old."""


class _Stopping(Exception):  # noqa: N818 - what ends a round
    """The platform is closing: what is under way is dropped, and made again at the next start."""


class Shapes:
    """What links read of the event types that the journal names, found out once each. Events about staff link nobody,
    and neither do the names of staff in other events: what colleagues do is for those who oversee them.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
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
        return None if event.pack == PACK else shape_of(event, SUSPECTS)


class Following:
    """Keeps the links of one platform up to date. One piece at a time, in a thread."""

    def __init__(
        self, platform: "Platform", store: LinkStore, tell: "Callable[[str], None]", keep_days: int = KEEP_DAYS,
        rest_s: float = REST_S,
    ) -> None:  # fmt: skip
        self._platform, self.store, self._tell = platform, store, tell
        self.keep_us, self._rest_s = keep_days * DAY_US, rest_s
        self._turn, self._is_known = asyncio.Lock(), False
        self._stopping = threading.Event()
        self._shapes: tuple[Archive, Shapes] | None = None
        self._seen_us, self._swept_us, self._sweep_at = 0, 0, 0
        self.problem: str | None = None
        """Why the links are not up to date; None when they are."""

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return max(self._platform.archive.log.next_seq() - self.store.cursor()[0], 0)

    async def keep(self) -> None:
        """Follow, for as long as the platform runs."""
        while True:
            try:
                await self.catch_up()
                await self._sweep(DROPPED_AT_ONCE)
                self.problem = None
            except (LinkStoreFailure, LogFailure) as error:
                self.problem = self.problem or self._said(error)
            await asyncio.sleep(PAUSE_S)

    def _said(self, error: Exception) -> str:
        self._tell(f"links are not up to date: {error}")
        return str(error)

    async def catch_up(self) -> int:
        """Take in all that is durable by now; answers how many records of the journal there were."""
        async with self._turn:
            end = self._platform.archive.log.next_seq()
            begin = await asyncio.to_thread(self._begin, end)
            return 0 if begin == end else await self._in_thread(self._take, begin, end)

    async def sweep(self) -> None:
        """Drop whatever was not seen for too long, all at once."""
        self._swept_us = 0
        await self._sweep(1 << 40)

    async def close(self) -> None:
        """Let go of the store, once what is under way has been broken off."""
        self._stopping.set()
        async with self._turn:
            await asyncio.to_thread(self.store.close)

    # ---- inside

    async def _in_thread(self, work: "Callable[[int, int], int]", begin: int, end: int) -> int:
        task = asyncio.ensure_future(asyncio.to_thread(work, begin, end))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping.set()
            await asyncio.wait([task])  # nobody lets go of the store under it
            raise

    def _begin(self, end: int) -> int:
        """Where to go on. Links that were made of another journal are forgotten: one was restored, say."""
        cursor, mark = self.store.cursor()
        if not self._is_known and cursor:
            if cursor > end or self._mark(cursor) != mark:
                self.store.clear()
                cursor = 0
            self._is_known = True
        return cursor

    def _mark(self, cursor: int) -> bytes:
        """What the journal before a place is known by: the hash of the batch that holds the record before it."""
        return self._platform.archive.place(cursor - 1).head

    def _take(self, begin: int, end: int) -> int:
        archive = self._platform.archive
        if self._shapes is None or self._shapes[0] is not archive:
            self._shapes = archive, Shapes(archive)
        shapes, tally, count = self._shapes[1], Tally(self.keep_us), 0
        try:
            for frame in archive.log.read(begin):
                if frame.first >= end:
                    break
                for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
                    if not begin <= seq < end or raw[1] != DECISION:  # a record's second byte is its kind
                        continue
                    record = decode(raw)
                    assert isinstance(record, DecisionRecord), "its kind says so"
                    if (shape := shapes.of(record)) is not None:
                        tally.take(shape, record.values, record.as_of_us, record.verdict.outcome)
                    self._seen_us = max(self._seen_us, record.as_of_us)
                    count += 1
                    if count % PIECE == 0:
                        self._rest()
                    if count % AT_ONCE == 0:
                        self._put(tally, seq + 1)
                        tally = Tally(self.keep_us)
            self._put(tally, end)
        except _Stopping:
            return 0
        return end - begin

    def _put(self, tally: Tally, cursor: int) -> None:
        self.store.put(tally.entities(), tally.links(), cursor, self._mark(cursor), self.keep_us)

    def _rest(self) -> None:
        if self._stopping.is_set():
            raise _Stopping
        if self._rest_s:
            time.sleep(self._rest_s)

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
