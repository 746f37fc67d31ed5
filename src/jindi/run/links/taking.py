"""How records of the journal become links in a store: wherever that is done, in a thread or in a process of its own."""

import time
from collections.abc import Callable
from typing import Final

from jindi import journal
from jindi.basics.instants import DAY_US
from jindi.packs import EventDef
from jindi.parties import Shape, Tally, shape_of
from jindi.ports import LinkStore
from jindi.run.archive import Archive, Outdated
from jindi.run.records import DECISION, DecisionRecord, decode
from jindi.run.watching.sight import PACK, SUSPECTS

AT_ONCE: Final = 1_000
"""Decisions that are taken in before the store is written: some ten thousand links at the most."""

PIECE, REST_S = 8, 0.0005
"""In a thread it rests after every few decisions. While it rests the lane has the interpreter for itself."""


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


class Taking:
    """Takes a journal into a store. For one thread at a time; `rest_s` 0: without rests, `is_stopping` ends a round."""

    def __init__(
        self, archive: Archive, store: LinkStore, keep_us: int, rest_s: float = 0.0,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._archive, self._store, self._keep_us = archive, store, keep_us
        self._rest_s, self._is_stopping = rest_s, is_stopping
        self._shapes = Shapes(archive)
        self._is_known = False
        self._seen_us, self._swept_us, self._sweep_at = 0, 0, 0

    def over(self, archive: Archive, store: LinkStore) -> None:
        """Go on with another view of the same journal, or another store."""
        if archive is not self._archive:
            self._archive, self._shapes = archive, Shapes(archive)
        self._store = store

    def catch_up(self, end: int) -> int:
        """Take in all records before `end`; answers how many there were."""
        begin = self._begin(end)
        return 0 if begin == end else self._take(begin, end)

    def sweep(self, now_us: int, count: int) -> None:
        """A look for what is too old, once for each day of the journal, `count` links at a time."""
        now_us = max(now_us, self._seen_us)
        if not self._sweep_at and now_us - self._swept_us < DAY_US:
            return
        self._sweep_at = self._store.drop(now_us - self._keep_us, self._sweep_at, count) or 0
        if not self._sweep_at:
            self._swept_us = now_us

    def sweep_all(self, now_us: int) -> None:
        """Drop whatever was not seen for too long, all at once."""
        self._swept_us = 0
        self.sweep(now_us, 1 << 40)

    @property
    def is_sweeping(self) -> bool:
        """Whether a look for what is too old is under way."""
        return bool(self._sweep_at)

    # ---- inside

    def _begin(self, end: int) -> int:
        """Where to go on. Links that were made of another journal are forgotten: one was restored, say."""
        cursor, mark = self._store.cursor()
        if not self._is_known and cursor:
            if cursor > end or self._mark(cursor) != mark:
                self._store.clear()
                cursor = 0
            self._is_known = True
        return cursor

    def _mark(self, cursor: int) -> bytes:
        """What the journal before a place is known by: the hash of the batch that holds the record before it."""
        return self._archive.place(cursor - 1).head

    def _take(self, begin: int, end: int) -> int:
        tally, count = Tally(self._keep_us), 0
        try:
            for frame in self._archive.log.read(begin):
                if frame.first >= end:
                    break
                for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
                    if not begin <= seq < end or raw[1] != DECISION:  # a record's second byte is its kind
                        continue
                    record = decode(raw)
                    assert isinstance(record, DecisionRecord), "its kind says so"
                    if (shape := self._shapes.of(record)) is not None:
                        tally.take(shape, record.values, record.as_of_us, record.verdict.outcome)
                    self._seen_us = max(self._seen_us, record.as_of_us)
                    count += 1
                    if count % PIECE == 0:
                        self._rest()
                    if count % AT_ONCE == 0:
                        self._put(tally, seq + 1)
                        tally = Tally(self._keep_us)
            self._put(tally, end)
        except _Stopping:
            return 0
        return end - begin

    def _put(self, tally: Tally, cursor: int) -> None:
        self._store.put(tally.entities(), tally.links(), cursor, self._mark(cursor), self._keep_us)

    def _rest(self) -> None:
        if self._is_stopping():
            raise _Stopping
        if self._rest_s:
            time.sleep(self._rest_s)
