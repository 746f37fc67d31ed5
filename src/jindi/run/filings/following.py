"""The follower that keeps customers' movements, as packs declare them, for as long as their days may be reported.

It reads each decision by the definitions of its own moment, so that the same journal gives the same movements. What was
denied, or challenged (whoever passes comes again as another event), moved nothing; what was delayed or went to a person
is kept, and whoever counts asks what became of it.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

from jindi.basics.instants import DAY_US, day_of
from jindi.cases.filings import ZONE
from jindi.packs import OUTCOMES, EventDef, MovementDef
from jindi.parties.reporting.moving import moved
from jindi.ports import MovementRow, MovementStore, MovementStoreFailure
from jindi.run.archive import Outdated
from jindi.run.follower import AT_ONCE, REST_S, Follower, Taking
from jindi.run.records import DecisionRecord

if TYPE_CHECKING:
    from jindi.run.archive import Archive
    from jindi.run.platform import Platform

KEEP_DAYS: Final = 35
"""(design default) Longer than any stretch of days off with the working days that a report has."""

SWEEP_US: Final = DAY_US // 24
MOVES: Final = frozenset({"allow", "delay", "review"})

_EPOCH: Final = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """A day as the store counts it."""
    return day.toordinal() - _EPOCH


def day_named(number: int) -> date:
    """The day of a number.

    >>> day_named(day_number(date(2026, 11, 22)))
    datetime.date(2026, 11, 22)
    """
    return date.fromordinal(number + _EPOCH)


class MovementTaking(Taking[MovementStore]):
    """Takes a journal into the store of movements."""

    DROPPED_AT_ONCE = 1
    _read: "tuple[Archive, dict[tuple[int, str], Shape]] | None" = None
    _swept_us = 0

    def sweep(self, now_us: int, count: int) -> None:  # noqa: ARG002 - a day goes at once
        """Forget days that are too old, now and then."""
        if now_us - self._swept_us >= SWEEP_US:
            self._store.drop(day_number(day_of(now_us - self._keep_us, ZONE)))
            self._swept_us = now_us

    def _take(self, decisions: Iterator[tuple[int, DecisionRecord]], end: int) -> None:
        rows = list[MovementRow]()
        for count, (seq, record) in enumerate(decisions, 1):
            rows += self._rows(seq, record)
            if count % AT_ONCE == 0:
                self._store.put(rows, seq + 1, self._mark(seq + 1))
                rows = []
        self._store.put(rows, end, self._mark(end))

    def _rows(self, seq: int, record: DecisionRecord) -> list[MovementRow]:
        if OUTCOMES[record.verdict.outcome] not in MOVES:
            return []
        known = self._shape(record)
        if known is None:
            return []
        event, declared = known
        values = dict(zip((each.name for each in event.fields), record.values, strict=True))
        day = day_number(day_of(record.at_us, ZONE))
        return [
            MovementRow(
                day, each.customer, seq, each.movement.name, each.movement.way, each.currency, each.amount_minor,
                record.at_us, record.verdict.outcome,
            )
            for each in moved(declared, event, values)
        ]  # fmt: skip

    def _shape(self, record: DecisionRecord) -> "Shape":
        if self._read is None or self._read[0] is not self._archive:
            self._read = (self._archive, {})
        known, key = self._read[1], (record.definitions, record.event_type)
        if key not in known:
            known[key] = _shape_of(self._archive, record)
        return known[key]


Shape = tuple[EventDef, tuple[MovementDef, ...]] | None
"""An event type with its movements, as the definitions of a decision had them; None where it has none."""


def _shape_of(archive: "Archive", record: DecisionRecord) -> Shape:
    try:
        program = archive.program(record.definitions)
    except Outdated:
        return None  # what this version of Jindi can't read any more moves nothing here
    declared = tuple(
        each for each in program.definitions.movements.values() if each.event == record.event_type
    )  # fmt: skip
    return (program.events[record.event_type].event, declared) if declared else None


class Following(Follower[MovementStore]):
    """Keeps the movements of one platform's customers in a thread."""

    HOLDS, FAILURE = "customers' movements", MovementStoreFailure

    def __init__(
        self, platform: "Platform", store: MovementStore, tell: Callable[[str], None], rest_s: float = REST_S
    ) -> None:
        super().__init__(platform, store, tell, KEEP_DAYS * DAY_US, rest_s)

    def _make(self, archive: "Archive") -> MovementTaking:
        return MovementTaking(archive, self.store, self.keep_us, self._rest_s, self._stopping.is_set)
