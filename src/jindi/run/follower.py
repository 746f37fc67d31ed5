"""What followers of the journal have in common that read every decision of it: one piece at a time, in a thread that
rests between pieces, from where a store's cursor stands, so that nothing is lost and nothing counted twice.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Protocol, TypeVar

from jindi import journal
from jindi.ports import LogFailure
from jindi.run.records import DECISION, DecisionRecord, decode

if TYPE_CHECKING:
    from jindi.run.platform import Platform

AT_ONCE: Final = 1_000
"""Decisions that are taken in before the store is written: some ten thousand rows at the most."""

PIECE, REST_S = 8, 0.0005
"""After every few decisions it rests. While it rests the lane has the interpreter for itself."""

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


class Follower(Generic[Kept]):
    """Keeps a store of one platform up to date. `HOLDS` says what is in it, `FAILURE` is its port's."""

    HOLDS: ClassVar[str]
    FAILURE: ClassVar[type[Exception]]

    def __init__(
        self, platform: "Platform", store: Kept, tell: Callable[[str], None], rest_s: float = REST_S
    ) -> None:  # fmt: skip
        self._platform, self.store, self._tell = platform, store, tell
        self._rest_s = rest_s
        self._turn, self._is_known = asyncio.Lock(), False
        self._stopping = threading.Event()
        self.problem: str | None = None
        """Why the store is not up to date; None when it is."""

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return max(self._platform.archive.log.next_seq() - self.store.cursor()[0], 0)

    async def keep(self) -> None:
        """Follow, for as long as the platform runs."""
        while True:
            try:
                await self.catch_up()
                await self._tend()
                self.problem = None
            except (self.FAILURE, LogFailure) as error:
                self.problem = self.problem or self._said(error)
            await asyncio.sleep(PAUSE_S)

    def _said(self, error: Exception) -> str:
        self._tell(f"{self.HOLDS} are not up to date: {error}")
        return str(error)

    async def _tend(self) -> None:
        """What is done after each round."""

    async def catch_up(self) -> int:
        """Take in all that is durable by now; answers how many records of the journal there were."""
        async with self._turn:
            end = self._platform.archive.log.next_seq()
            begin = await asyncio.to_thread(self._begin, end)
            return 0 if begin == end else await self._in_thread(self._round, begin, end)

    async def close(self) -> None:
        """Let go of the store, once what is under way has been broken off."""
        self._stopping.set()
        async with self._turn:
            await asyncio.to_thread(self.store.close)

    # ---- in a thread

    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        """Take in some decisions, and put the cursor at `end`."""
        raise NotImplementedError

    def _round(self, begin: int, end: int) -> int:
        try:
            self._take(self._decisions(begin, end), end)
        except Stopping:
            return 0
        return end - begin

    def _decisions(self, begin: int, end: int) -> Iterator[tuple[int, DecisionRecord]]:
        """The decisions between two places, with a rest after every few. Raises Stopping."""
        count = 0
        for frame in self._platform.archive.log.read(begin):
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

    async def _in_thread(self, work: Callable[[int, int], int], begin: int, end: int) -> int:
        task = asyncio.ensure_future(asyncio.to_thread(work, begin, end))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping.set()
            await asyncio.wait([task])  # nobody lets go of the store under it
            raise

    def _begin(self, end: int) -> int:
        """Where to go on. What was made of another journal is forgotten: one was restored, say."""
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

    def _rest(self) -> None:
        if self._stopping.is_set():
            raise Stopping
        if self._rest_s:
            time.sleep(self._rest_s)
