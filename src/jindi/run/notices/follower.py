"""The follower that tells people: it goes through the journal and the clock with a cursor of its own.

What it finds, what is to be sent of it, and the cursor are kept in one write: a crash leaves all of it or nothing, and
nothing is told twice. What is old when it is found comes to each person as one digest.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from heapq import merge
from typing import TYPE_CHECKING, Final

import msgspec

from jindi import journal
from jindi.access import Role
from jindi.basics.instants import DAY_US, MINUTE_US
from jindi.packs import LEVELS
from jindi.ports import DeliveryRow, LogFailure, NoticeRow, NoticeStore, NoticeStoreFailure, WatchRow
from jindi.run.notices.channels import Channels
from jindi.run.notices.finding import Finder, Found
from jindi.run.notices.occasions import DIGEST, OCCASIONS, Notice, digest_of
from jindi.run.notices.preferences import BELL, MAIL, PreferenceBook
from jindi.run.notices.rules import Rules
from jindi.run.records import Record, decode

if TYPE_CHECKING:
    from jindi.run.platform import Platform

AT_ONCE: Final = 64
"""Records that are looked at before the cursor moves."""

PAUSE_S: Final = 1.0
WATCHES_AT_ONCE: Final = 200
KEPT_US: Final = 90 * DAY_US
"""So long notifications are kept (design default)."""

MAIL_CHANNEL: Final = "mail"

_encode = msgspec.json.Encoder().encode
_found = msgspec.json.Decoder(Found).decode
_notice = msgspec.json.Decoder(Notice).decode


def notice_of(body: bytes) -> Notice:
    """A notification from what is kept."""
    return _notice(body)


def key_of(*parts: str) -> str:
    """A short name that is the same each time, and says nothing.

    >>> key_of("a", "b") == key_of("a", "b") != key_of("ab", "")
    True
    """
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


class Follower:
    """Tells the people of one platform. One round at a time."""

    def __init__(
        self, platform: "Platform", finder: Finder, store: NoticeStore, preferences: PreferenceBook, channels: Channels,
        rules: Rules, tell: Callable[[str], None], changed: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._platform, self._finder, self.store = platform, finder, store
        self._preferences, self._channels, self._rules = preferences, channels, rules
        self._tell, self._changed, self._turn = tell, changed, asyncio.Lock()
        self._next = self._looked_us = -1
        self._saved_us = -1
        self._stopped_us = 0
        self._pruned_us = 0
        self.problem: str | None = None
        """Why people are not told; None when they are."""

    async def keep(self) -> None:
        """Follow, for as long as the platform runs."""
        while True:
            try:
                await self.round()
                self.problem = None
            except (NoticeStoreFailure, LogFailure) as error:
                if self.problem is None:
                    self._tell(f"people are not notified: {error}")
                self.problem = str(error)
            except Exception as error:  # noqa: BLE001 - the cursor stays, so nothing is lost: the next round goes on there
                if self.problem != (problem := f"{type(error).__name__}: {error}"):
                    self._tell(f"people could not be notified: {problem}")
                self.problem = problem
            await asyncio.sleep(PAUSE_S)

    async def close(self) -> None:
        """Let go of the store, once what has begun is ended."""
        async with self._turn:
            with suppress(NoticeStoreFailure):
                if self._next >= 0:
                    await asyncio.to_thread(self.store.put, (), (), (), (), self._next, self._looked_us)
            await asyncio.to_thread(self.store.close)

    async def round(self) -> int:
        """Tell what there is to tell now; how many notifications were new."""
        async with self._turn:
            now_us = self._platform.now_us()
            end = self._platform.archive.log.next_seq()
            await self._begin(end, now_us)
            if self._platform.held is not None:  # what a simulated past says is nobody's news
                await self._put((), end, now_us)
                return 0
            told = await self._journal(end, now_us)
            told += await self._clock(now_us)
            told += await self._escalate(now_us)
            if abs(now_us - self._pruned_us) >= DAY_US:
                self._pruned_us = now_us
                told += await asyncio.to_thread(self.store.prune, now_us - KEPT_US)
            if told:
                self._changed()
            return told

    async def _begin(self, end: int, now_us: int) -> None:
        if self._next >= 0:
            return
        kept = await asyncio.to_thread(self.store.cursor)
        # What was there before anybody was told is not told as if it happened now.
        self._next, self._looked_us = kept if kept is not None else (end, now_us)
        if self._next > end:
            self._tell("people were told more than the journal holds: it was restored; they are told from its end on")
            self._next = end
        self._looked_us = min(self._looked_us, now_us)
        if kept is None:
            await self._put((), self._next, self._looked_us)

    # ---- the journal

    async def _journal(self, end: int, now_us: int) -> int:
        told, old_us = 0, now_us - self._rules.fold_us
        old: list[Found] = []
        begin = self._next
        for count, (seq, record) in enumerate(self._records(begin, end), 1):
            found = await self._finder.of(seq, record)
            fresh = [each for each in found if each.notice.at_us > old_us]
            old += [each for each in found if each.notice.at_us <= old_us]
            if fresh and old:  # all that is old comes before what is new, in one write
                told += await self._put(folded_up(old, begin, now_us), seq, self._looked_us)
                old = []
            if fresh:
                told += await self._put(fresh, seq + 1, self._looked_us)
            elif count % AT_ONCE == 0:
                await asyncio.sleep(0)
        if old or end != self._next:
            told += await self._put(folded_up(old, begin, now_us), end, self._looked_us)
        return told

    def _records(self, begin: int, end: int) -> Iterator[tuple[int, Record]]:
        """The records that may matter, in order: by their places as far as those are remembered."""
        if begin >= end:
            return
        state, archive = self._platform.lane.state, self._platform.archive
        trails = (self._platform.trail, state.casework, state.alerts)
        if begin >= max(each.begins for each in trails):
            last = -1
            batch: journal.Batch | None = None
            for seq in merge(*(each.between(begin, end) for each in trails)):
                if seq == last:
                    continue
                last = seq
                if batch is None or not batch.first <= seq < batch.first + len(batch.records):
                    batch = archive.place(seq)
                yield seq, decode(batch.records[seq - batch.first])
            return
        for seq, record in archive.records(begin):
            if seq >= end:
                return
            yield seq, record

    # ---- the clock

    async def _clock(self, now_us: int) -> int:
        since_us = self._looked_us
        if now_us <= since_us:  # the machine's clock was put back
            return 0
        found = await asyncio.to_thread(self._finder.of_clock, since_us, now_us)
        stopped = self._platform.lane.stopped
        if stopped is None:
            self._stopped_us = 0
        elif not self._stopped_us:
            self._stopped_us = now_us
            lane = self._finder.of_lane(stopped, now_us)
            found += [lane] if lane is not None else []
        old_us = now_us - self._rules.fold_us
        fresh = [each for each in found if each.notice.at_us > old_us]
        old = [each for each in found if each.notice.at_us <= old_us]
        return await self._put([*folded_up(old, since_us, now_us), *fresh], self._next, now_us)

    # ---- who is next

    async def _escalate(self, now_us: int) -> int:
        told = 0
        for row in await asyncio.to_thread(self.store.watches, now_us, WATCHES_AT_ONCE):
            told += await self._step(row, _found(row.body), now_us)
        return told

    async def _step(self, row: WatchRow, found: Found, now_us: int) -> int:
        """One step of one escalation; it ends when somebody has looked, or has done what was to be done."""
        chain = self._rules.chain
        is_over = (
            row.step >= len(chain)
            or await asyncio.to_thread(self.store.is_read, row.notice)
            or await asyncio.to_thread(self._finder.is_settled, found)
        )
        if is_over:
            await asyncio.to_thread(self.store.put, (), (), (), (row.notice,), self._next, self._looked_us)
            return 0
        notice = msgspec.structs.replace(
            found.notice, id=f"{found.notice.id}+{row.step + 1}", at_us=now_us, step=row.step + 1
        )
        if chain[row.step].to == "lead":
            onward = [Found(notice, found.leads)]
            more: list[DeliveryRow] = []
        else:
            onward = []
            roles = frozenset((*found.roles, *found.lead_roles))
            more = list(self._to_teams(notice, roles, now_us, least=len(LEVELS)))
        watches: list[WatchRow] = []
        if row.step + 1 < len(chain):
            due_us = found.notice.at_us + chain[row.step + 1].minutes * MINUTE_US
            watches = [WatchRow(row.notice, row.step + 1, max(due_us, now_us + 1), row.body)]
        done = () if watches else (row.notice,)
        return await self._put(onward, self._next, self._looked_us, more, watches, done)

    # ---- what comes of it

    async def _put(
        self, found: Iterable[Found], cursor: int, looked_us: int, more: Iterable[DeliveryRow] = (),
        watches: Iterable[WatchRow] = (), done: Iterable[str] = (),
    ) -> int:  # fmt: skip
        now_us = self._platform.now_us()
        notices: list[NoticeRow] = []
        deliveries, watching = list(more), list(watches)
        for each in found:
            notices += self._to_people(each)
            deliveries += self._by_mail(each, now_us)
            deliveries += self._to_teams(each.notice, frozenset(each.roles), now_us)
            if OCCASIONS[each.notice.occasion].escalates and self._rules.chain and not each.notice.step:
                due_us = each.notice.at_us + self._rules.chain[0].minutes * MINUTE_US
                watching.append(WatchRow(each.notice.id, 0, due_us, _encode(each)))
        rests = self._saved_us >= 0 and 0 <= now_us - self._saved_us < MINUTE_US
        if rests and not (notices or deliveries or watching or done):
            # What is found again after a crash has the same ids: a cursor that only moves needs no sync each second.
            self._next, self._looked_us = cursor, looked_us
            return 0
        new = await asyncio.to_thread(
            self.store.put, notices, deliveries, watching, tuple(done), cursor, looked_us
        )  # fmt: skip
        self._next, self._looked_us, self._saved_us = cursor, looked_us, now_us
        return new

    def _to_people(self, found: Found) -> Iterator[NoticeRow]:
        notice, body = found.notice, _encode(found.notice)
        for person in found.people:
            if self._preferences.of(person).wants(notice, BELL):
                key = key_of(notice.id, person)
                yield NoticeRow(key, notice.id, person, notice.occasion, notice.rank, notice.at_us, body)

    def _by_mail(self, found: Found, now_us: int) -> Iterator[DeliveryRow]:
        notice = found.notice
        for person in found.people:
            wishes = self._preferences.of(person)
            if wishes.wants(notice, MAIL):
                held_us = wishes.held_until(notice, now_us)
                yield self._delivery(notice, MAIL_CHANNEL, person, now_us if held_us is None else held_us, held_us)

    def _to_teams(
        self, notice: Notice, roles: frozenset[Role], now_us: int, least: int | None = None
    ) -> Iterator[DeliveryRow]:
        """To the channels of teams. What is confidential goes to none, whatever asked for it."""
        if OCCASIONS[notice.occasion].is_confidential:
            return
        for channel in self._channels.all():
            if channel.hears(notice.rank if least is None else least, roles):
                yield self._delivery(notice, channel.id, "", now_us, None)

    def _delivery(
        self, notice: Notice, channel: str, person: str, next_us: int, held_us: int | None
    ) -> DeliveryRow:  # fmt: skip
        return DeliveryRow(
            key_of(notice.id, channel, person), channel, person, notice.occasion, notice.rank, notice.at_us,
            _encode(notice), "waiting" if held_us is None else "held", next_us,
        )  # fmt: skip


def folded_up(old: list[Found], mark: int, now_us: int) -> list[Found]:
    """What is old, as one digest for each person; teams are not told what is old."""
    by_person: dict[str, list[Notice]] = {}
    for each in old:
        for person in each.people:
            by_person.setdefault(person, []).append(each.notice)
    return [
        Found(digest_of(f"{DIGEST}:{mark:x}:{key_of(person)}", notices, now_us), (person,))
        for person, notices in sorted(by_person.items())
    ]
