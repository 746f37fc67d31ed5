"""From the journal to the front door: each thing that somebody did becomes an event, exactly once.

It follows the places of people's doings with a cursor that is saved after what it told is durable. What a crash leaves
between the two is told again, under the same ids, and counts once. It never follows what it told itself: an event is no
action, and nobody's doing.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from heapq import merge
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from jindi.basics.instants import HOUR_US, day_of, start_of_day
from jindi.cases import CUSTOMERS
from jindi.ports import Blobs
from jindi.run.archive import Outdated
from jindi.run.intake import Refused
from jindi.run.lane import Busy, Conflict, Stopped
from jindi.run.records import SIMULATED_DOOR, ApprovalRecord, DecisionRecord, StepRecord, decision_seq
from jindi.run.watching.sight import Sight
from jindi.run.watching.telling import ACTION, DAY, TOKEN, Day, Decided, Told, tell
from jindi.vault import is_token

if TYPE_CHECKING:
    from jindi.run.platform import Platform

BLOB = "watching.json"

AT_ONCE = 64
"""Doings that are told before the cursor moves."""

CALM_US = HOUR_US // 6
"""So long after a day's end its sums are told: clocks differ."""

DAYS_MAX = 7
"""Days that a platform was down are made up for, as many at the most."""

COUNTERPARTIES = ("payee", "merchant", "counterparty")
"""Entities of packs that stand for the other side of what a customer does."""

_decode = msgspec.json.Decoder(type=dict[str, Any]).decode


class Watching:
    """Tells on one platform what its people do. `round` is called when something was done, and every second."""

    def __init__(self, platform: "Platform", blobs: Blobs, told: Callable[[str], None] = lambda _: None) -> None:
        self._platform, self._blobs, self._told = platform, blobs, told
        self._saved: tuple[int, str] | None = None
        self._sight = Sight(platform)
        self._deeds_from = 0
        self._next, self._day = self._load()

    def _load(self) -> tuple[int, str]:
        end = self._platform.archive.log.next_seq()
        kept = self._blobs.load(BLOB)
        if kept is not None:
            with suppress(msgspec.MsgspecError, KeyError, TypeError, ValueError):
                found = _decode(kept)
                self._saved = int(found["next"]), str(found["day"])
                # A journal that was restored may end before the cursor does.
                return min(self._saved[0], end), self._saved[1]
            self._told("where watching staff had come to can't be read; it goes on from now")
        # What was done before anybody watched is not told as if it were done now: it would look like a burst.
        return end, ""

    async def round(self) -> int:
        """Tell what was done since; answers how many events were decided. Nothing is lost when the lane is busy or has
        stopped: the next round goes on there.
        """
        platform = self._platform
        durable = platform.archive.log.next_seq()
        if platform.held is not None:
            self._deeds_from = durable  # what a simulated past says that people did is nobody's doing now
            return 0
        if platform.ready() is not None:
            return 0
        if ACTION not in platform.program.events:
            self._next = durable
            if self._saved is not None:
                self._save()
            return 0
        told = 0
        places = merge(
            platform.trail.between(self._next, durable),
            platform.lane.state.deeds.between(max(self._next, self._deeds_from), durable),
        )
        waiting = list(places)
        for begin in range(0, len(waiting), AT_ONCE):
            piece = waiting[begin : begin + AT_ONCE]
            count = await self._tell([each for seq in piece for each in self._of(seq)])
            if count is None:
                return told
            told += count
            self._next = piece[-1] + 1
            self._save()
        self._next = max(self._next, durable)
        told += await self._days() or 0
        return told

    def close(self) -> None:
        """Remember where it has come to."""
        if self._saved is not None:
            self._save()

    def _save(self) -> None:
        now = (self._next, self._day)
        if now != self._saved:
            self._blobs.save(BLOB, [msgspec.json.encode({"next": self._next, "day": self._day})])
            self._saved = now

    def _of(self, seq: int) -> list[Told]:
        return tell(seq, self._platform.archive.record(seq), _Journal(self._platform, self._sight))

    async def _tell(self, events: list[Told]) -> int | None:
        """Let events in; answers how many were decided, None when the lane takes no more for now."""
        platform, futures = self._platform, []
        try:
            for each in events:
                if each.event_type not in platform.program.events:
                    continue
                try:
                    event = platform.intake.make(each.event_type, each.id, each.at_us, each.fields)
                    futures.append(platform.lane.submit(event, platform.now_us()))
                except Conflict:
                    continue  # told before, under definitions that have changed since
                except Refused as refused:
                    self._told(f"what somebody did was not taken as {each.event_type}: {refused}")
            await asyncio.gather(*futures)
        except (Busy, Stopped):
            await asyncio.gather(*futures, return_exceptions=True)
            return None
        return len(futures)

    async def _days(self) -> int | None:
        """Tell the sums of days that have ended since."""
        platform = self._platform
        zone = platform.program.events[ACTION].zone
        today = day_of(platform.now_us() - CALM_US, zone)
        if not self._day:
            self._day = today.isoformat()
            self._save()
        first = max(date.fromisoformat(self._day), today - timedelta(days=DAYS_MAX))
        told = 0
        while DAY in platform.program.events and first < today:
            ends_us = start_of_day(first + timedelta(days=1), zone)
            day = await self._day_of(first, start_of_day(first, zone), ends_us, zone)
            count = await self._tell(day.events(ends_us))
            if count is None:
                return told
            told += count
            first += timedelta(days=1)
            self._day = first.isoformat()
            self._save()
        return told

    async def _day_of(self, which: date, begins_us: int, ends_us: int, zone: ZoneInfo) -> Day:
        """A day's sums, from the journal: the newest places first, until they are older than the day."""
        platform, day = self._platform, Day(which.isoformat(), zone)
        places = platform.trail.between(0, platform.archive.log.next_seq())
        for count, seq in enumerate(reversed(places), 1):
            record = platform.archive.record(seq)
            if isinstance(record, DecisionRecord) or not hasattr(record, "received_us"):
                continue
            if getattr(record, "door", "") == SIMULATED_DOOR:
                continue  # dated in a demo's past, and nobody's doing
            if record.received_us < begins_us - HOUR_US:  # clocks may go back, a little
                break
            if begins_us <= record.received_us < ends_us:
                for each in tell(seq, record, _Journal(platform, self._sight)):
                    day.add(each)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        return day


class _Journal:
    """What the platform knows beside a record."""

    def __init__(self, platform: "Platform", sight: Sight) -> None:
        self._platform, self._sight = platform, sight
        self.zone = platform.program.events[ACTION].zone

    def blind(self, value: str) -> str:
        return value if is_token(TOKEN, value) else self._platform.blind(value)

    def line_of(self, name: str) -> str | None:
        return self._sight.line_of(name)

    def customer_of(self, decision: str) -> str | None:
        decided = self.decided(decision)
        return decided.customer if decided is not None else None

    def decided(self, decision: str) -> Decided | None:
        try:
            record = self._platform.archive.decision(decision_seq(decision))
            entities = self._entities(record)
        except (ValueError, LookupError, Outdated):
            return None
        suspect = entities.get("staff") if record.event_type.startswith("staff_") else None
        customer = next((self.blind(entities[name]) for name in CUSTOMERS if name in entities), None)
        other = next((self.blind(entities[name]) for name in COUNTERPARTIES if name in entities), None)
        return Decided(record.event_type, customer, other, suspect, record.as_of_us)

    def _entities(self, record: DecisionRecord) -> dict[str, str]:
        fields = self._platform.archive.program(record.definitions).events[record.event_type].event.fields
        named = zip(fields, record.values, strict=True)
        return {field.entity: str(value) for field, value in named if field.entity is not None and value is not None}

    def named(self, record: DecisionRecord) -> Mapping[str, Any]:
        fields = self._platform.archive.program(record.definitions).events[record.event_type].event.fields
        return {field.name: value for field, value in zip(fields, record.values, strict=True)}

    def asked(self, seq: int) -> StepRecord | ApprovalRecord | None:
        with suppress(LookupError):
            record = self._platform.archive.record(seq)
            return record if isinstance(record, StepRecord | ApprovalRecord) else None
        return None

    def colour_of(self, list_name: str) -> str | None:
        found = self._platform.program.definitions.lists.get(list_name)
        return found.colour if found is not None else None
