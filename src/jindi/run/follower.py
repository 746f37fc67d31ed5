"""What followers of the journal have in common that read every decision of it: a piece at a time, from where a store's
cursor stands, so that nothing is lost and nothing counted twice; in a thread that rests, or in a process of its own.
"""

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Protocol, TypeVar

from jindi import journal
from jindi.ports import LogFailure
from jindi.run.archive import Archive
from jindi.run.records import DECISION, DecisionRecord, decode

if TYPE_CHECKING:
    from jindi.run.platform import Platform

AT_ONCE: Final = 1_000
"""Decisions that are taken in before the store is written: some ten thousand rows at the most."""

PIECE, REST_S = 8, 0.0005
"""In a thread it rests after every few decisions. While it rests the lane has the interpreter for itself."""

PAUSE_S: Final = 0.5
"""So often it is looked whether something has come."""


class Followed(Protocol):
    """A store that is made of the journal, and can be made again from it at any time."""

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""

    def close(self) -> None:
        """Let go of the file."""


Kept = TypeVar("Kept", bound=Followed)


class Stopping(Exception):  # noqa: N818 - what ends a round
    """The platform is closing: what is under way is dropped, and made again at the next start."""


class Taking(ABC, Generic[Kept]):
    """Takes a journal into a store. For one thread at a time; `rest_s` 0: without rests, `is_stopping` ends a round."""

    DROPPED_AT_ONCE: ClassVar[int]
    """So much is looked at between two pauses for whether it is too old."""

    def __init__(
        self, archive: Archive, store: Kept, keep_us: int, rest_s: float = 0.0,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._archive, self._store, self._keep_us = archive, store, keep_us
        self._rest_s, self._is_stopping = rest_s, is_stopping
        self._is_known, self._sweep_at = False, 0

    def over(self, archive: Archive, store: Kept) -> None:
        """Go on with another view of the same journal, or another store."""
        self._archive, self._store = archive, store

    def catch_up(self, end: int) -> int:
        """Take in all records before `end`; answers how many there were."""
        begin = self._begin(end)
        if begin == end:
            return 0
        try:
            self._take(self._decisions(begin, end), end)
        except Stopping:
            return 0
        return end - begin

    @abstractmethod
    def sweep(self, now_us: int, count: int) -> None:
        """A look for what is too old, a piece at a time."""

    @property
    def is_sweeping(self) -> bool:
        """Whether a look for what is too old is under way."""
        return bool(self._sweep_at)

    # ---- inside

    @abstractmethod
    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        """Take in some decisions, and put the cursor at `end`."""

    def _begin(self, end: int) -> int:
        """Where to go on. What was made of another journal is forgotten: one was restored, say."""
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

    def _decisions(self, begin: int, end: int) -> Iterator[tuple[int, DecisionRecord]]:
        """The decisions between two places, with a rest after every few. Raises Stopping."""
        count = 0
        for frame in self._archive.log.read(begin):
            if frame.first >= end:
                return
            for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
                if not begin <= seq < end or raw[1] != DECISION:  # a record's second byte is its kind
                    continue
                record = decode(raw)
                assert isinstance(record, DecisionRecord), "its kind says so"
                yield seq, record
                count += 1
                if count % PIECE == 0:
                    self._rest()

    def _rest(self) -> None:
        if self._is_stopping():
            raise Stopping
        if self._rest_s:
            time.sleep(self._rest_s)


class Follower(ABC, Generic[Kept]):
    """Keeps a store of one platform up to date in a thread. `HOLDS` says what is in it, `FAILURE` is its port's."""

    HOLDS: ClassVar[str]
    FAILURE: ClassVar[type[Exception]]

    def __init__(
        self, platform: "Platform", store: Kept, tell: Callable[[str], None], keep_us: int, rest_s: float = REST_S
    ) -> None:  # fmt: skip
        self._platform, self.store, self._tell = platform, store, tell
        self.keep_us, self._rest_s = keep_us, rest_s
        self._turn, self._stopping = asyncio.Lock(), threading.Event()
        self._taking: Taking[Kept] | None = None
        self.problem: str | None = None
        """Why the store is not up to date; None when it is."""

    @abstractmethod
    def _make(self, archive: Archive) -> Taking[Kept]:
        """What takes in."""

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return max(self._platform.archive.log.next_seq() - self.store.cursor()[0], 0)

    async def keep(self) -> None:
        """Follow, for as long as the platform runs."""
        while True:
            try:
                await self.catch_up()
                async with self._turn:
                    taking = self._now
                    await asyncio.to_thread(taking.sweep, self._platform.asked_at_us, taking.DROPPED_AT_ONCE)
                self.problem = None
            except (self.FAILURE, LogFailure) as error:
                self.problem = self.problem or self._said(error)
            await asyncio.sleep(PAUSE_S)

    def _said(self, error: Exception) -> str:
        self._tell(f"{self.HOLDS} are not up to date: {error}")
        return str(error)

    async def catch_up(self) -> int:
        """Take in all that is durable by now; answers how many records of the journal there were."""
        async with self._turn:
            end, taking = self._platform.archive.log.next_seq(), self._now
            task = asyncio.ensure_future(asyncio.to_thread(taking.catch_up, end))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                self._stopping.set()
                await asyncio.wait([task])  # nobody lets go of the store under it
                raise

    async def close(self) -> None:
        """Let go of the store, once what is under way has been broken off."""
        self._stopping.set()
        async with self._turn:
            await asyncio.to_thread(self.store.close)

    @property
    def _now(self) -> Taking[Kept]:
        """What takes in, over the journal and the store as they are."""
        archive = self._platform.archive
        if self._taking is None:
            self._taking = self._make(archive)
        self._taking.over(archive, self.store)
        return self._taking
