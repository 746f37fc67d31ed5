"""The follower that makes cases of the journal: it goes on where the store's cursor stands, and loses nothing."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from jindi import journal
from jindi.ports import CaseStore, CaseStoreFailure, LogFailure
from jindi.run.cases.folding import Folding
from jindi.run.records import CASE, DECISION, Record, decode

if TYPE_CHECKING:
    from jindi.run.platform import Platform

AT_ONCE: Final = 5_000
"""Records that are taken in before the cursor moves: the more, the fewer times a case with many alerts is written.
While some thousand are written, pages wait a few hundred milliseconds.
"""

PIECE, REST_S = 8, 0.0002
"""After every few records, some half a millisecond of work, it rests: the lane has the interpreter for itself then, and
need not wait until it is taken from here.
"""

PAUSE_S: Final = 0.5
"""So often it is looked whether something has come."""


class Following:
    """Keeps the cases of one platform up to date. One piece at a time, each in a thread of its own."""

    def __init__(
        self, platform: "Platform", store: CaseStore, tell: Callable[[str], None], rest_s: float = REST_S
    ) -> None:  # fmt: skip
        self._platform, self.store, self._tell, self._rest_s = platform, store, tell, rest_s
        self._turn, self._is_known = asyncio.Lock(), False
        self.problem: str | None = None
        """Why the cases are not up to date; None when they are."""

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return max(self._platform.archive.log.next_seq() - self.store.cursor()[0], 0)

    async def keep(self) -> None:
        """Follow, for as long as the platform runs."""
        while True:
            try:
                await self.catch_up()
                self.problem = None
            except (CaseStoreFailure, LogFailure) as error:
                self.problem = self.problem or self._said(error)
            await asyncio.sleep(PAUSE_S)

    def _said(self, error: Exception) -> str:
        self._tell(f"cases are not up to date: {error}")
        return str(error)

    async def catch_up(self) -> int:
        """Take in all that is durable by now; answers how many records of the journal there were."""
        async with self._turn:
            end = self._platform.archive.log.next_seq()
            begin = await asyncio.to_thread(self._begin, end)
            if begin == end:
                return 0
            casework = self._platform.lane.state.casework
            # As far as places are remembered they are looked up; what lies before that is read record by record.
            places = list(casework.between(begin, end)) if begin >= max(casework.begins, 1) else None
            work = asyncio.ensure_future(asyncio.to_thread(self._take, begin, end, places))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.wait([work])  # what has begun is ended before anybody lets go of the store
                raise

    async def close(self) -> None:
        """Let go of the store, once what has begun is ended."""
        async with self._turn:
            await asyncio.to_thread(self.store.close)

    def _begin(self, end: int) -> int:
        """Where to go on. Cases that were made of another journal are forgotten: one was restored, say."""
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

    def _take(self, begin: int, end: int, places: Sequence[int] | None) -> int:
        folding = Folding(self.store, self._platform.archive)
        records = self._all(begin, end) if places is None else self._at(places)
        for count, (seq, record) in enumerate(records, 1):
            folding.take(seq, record)
            if count % PIECE == 0 and self._rest_s:
                time.sleep(self._rest_s)
            if count % AT_ONCE == 0:
                folding.keep(seq + 1, self._mark(seq + 1))
        folding.keep(end, self._mark(end))
        return end - begin

    def _all(self, begin: int, end: int) -> Iterator[tuple[int, Record]]:
        """Every record that may matter, read one after the other."""
        for frame in self._platform.archive.log.read(begin):
            if frame.first >= end:
                return
            for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
                if begin <= seq < end and raw[1] in (DECISION, CASE):  # a record's second byte is its kind
                    yield seq, decode(raw)

    def _at(self, places: Sequence[int]) -> Iterator[tuple[int, Record]]:
        """The records at these places; several of one batch are read together."""
        batch: journal.Batch | None = None
        for seq in places:
            if batch is None or not batch.first <= seq < batch.first + len(batch.records):
                batch = self._platform.archive.place(seq)
            yield seq, decode(batch.records[seq - batch.first])
