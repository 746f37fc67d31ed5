"""How records of the journal become an index of their entities: wherever that is done, in a thread or beside links. It
reads what links read, and leaves out what they leave out: events about staff, and the names of staff in others.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, day_of
from jindi.packs import Definitions
from jindi.parties import ActTally
from jindi.ports import ActStore
from jindi.run.archive import Archive, Outdated
from jindi.run.follower import AT_ONCE, Taking
from jindi.run.links.taking import Shapes
from jindi.run.records import DecisionRecord

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


def zone_of(definitions: Definitions) -> ZoneInfo:
    """The zone of the first pack that is not the house's own."""
    return next((pack.zone for name, pack in definitions.packs.items() if name != "core"), ZoneInfo("UTC"))


class ActTaking(Taking[ActStore]):
    """Takes a journal into the index of its entities. Days are those of the packs in force when it began."""

    DROPPED_AT_ONCE = 200
    _read: tuple[Archive, Shapes] | None = None
    _zone: ZoneInfo | None = None
    _swept_us = 0

    def sweep(self, now_us: int, count: int) -> None:
        """A look for what is too old, once for each day, so many entities at a time."""
        if not self._sweep_at and now_us - self._swept_us < DAY_US:
            return
        before = day_number(day_of(now_us - self._keep_us, self.zone))
        self._sweep_at = self._store.drop(before, self._sweep_at, count) or 0
        if not self._sweep_at:
            self._swept_us = now_us

    def sweep_all(self, now_us: int) -> None:
        """Drop whatever is too old, all at once."""
        self._swept_us = 0
        self.sweep(now_us, 1 << 40)

    def go_on(self, archive: Archive, end: int, now_us: int) -> None:
        """Take in all records before `end` of this view of the journal, and drop a piece of what is too old."""
        self.over(archive, self._store)
        self.catch_up(end)
        self.sweep(now_us, self.DROPPED_AT_ONCE)

    @property
    def zone(self) -> ZoneInfo:
        """Whose days they are."""
        if self._zone is None:
            seq = self._archive.in_force()
            if seq < 0:
                return ZoneInfo("UTC")
            self._zone = zone_of(self._archive.program(seq).definitions)
        return self._zone

    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        if self._read is None or self._read[0] is not self._archive:
            self._read, self._rules = (self._archive, Shapes(self._archive, 1)), {}
        shapes, tally, zone = self._read[1], ActTally(), self.zone
        for count, (seq, record) in enumerate(decisions, 1):
            if (shape := shapes.of(record)) is not None:
                tally.take(
                    seq, record.event_type, shape, record.values, record.as_of_us,
                    day_number(day_of(record.as_of_us, zone)), record.verdict.outcome, self._hits(record),
                )  # fmt: skip
            if count % AT_ONCE == 0:
                self._put(tally, seq + 1)
                tally = ActTally()
        self._put(tally, end)

    def _put(self, tally: ActTally, cursor: int) -> None:
        self._store.put(tally.acts(), cursor, self._mark(cursor))

    def _hits(self, record: DecisionRecord) -> list[tuple[str, str]]:
        """The rules that a decision hit: the policy by its own name, whatever version it was."""
        if not record.verdict.hits:
            return []
        key = (record.definitions, record.event_type, record.side)
        if key not in self._rules:
            self._rules[key] = self._rules_of(*key)
        rules = self._rules[key]
        return [rules[place] for place in record.verdict.hits if place < len(rules)]

    def _rules_of(self, definitions: int, event_type: str, side: int) -> Sequence[tuple[str, str]]:
        try:
            decider = self._archive.program(definitions).events[event_type].decider(side)
        except Outdated:
            return []
        if decider is None:
            return []
        return [(decider.policy.id.partition("@")[0], rule.id) for rule in decider.policy.rules]

    _rules: dict[tuple[int, str, int], Sequence[tuple[str, str]]]
