"""The journal as decisions: records by their number, the definitions that each was made with, all in order."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from jindi import journal, packs
from jindi.basics.problems import Problem, Problems
from jindi.engine import Program, build
from jindi.packs import Definitions, EventDef, FieldDef
from jindi.ports import Log
from jindi.run.answers import Writer
from jindi.run.events import Declaring, Scalars, field_order, reordered
from jindi.run.records import DECISION, DecisionRecord, DefinitionsRecord, Record, decode, source_of


class Outdated(Problems, LookupError):  # noqa: N818 - what was looked for is there and outdated
    """Definitions that the journal holds and this version of Jindi no longer takes, with what it has against them."""

    def __init__(self, seq: int, found: Problems) -> None:
        what = f"its definitions can't be read by this version of Jindi: {len(found.problems)} of their lines don't fit"
        first = Problem(f"record {seq} of the journal", "", what, "use the version that wrote it")
        super().__init__((first, *found.problems))


@dataclass(frozen=True, slots=True)
class _Events:
    events: Mapping[str, EventDef]


def batch_at(log: Log, seq: int) -> journal.Batch | None:
    """The batch that holds a record; None when there is none. Raises LogDamaged, LogFailure.

    The reader is closed before this returns: one that is left half-way closes its file when it is forgotten, and what
    the disk says to that nobody hears.
    """
    frames = log.read(seq)
    try:
        frame = next(frames, None)
    finally:
        if isinstance(frames, Generator):
            frames.close()
    return None if frame is None else journal.unseal(frame.batch)


class Archive:
    """Reads a journal. Definitions are read and compiled once for each record of them."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._programs: dict[int, Program] = {}
        self._events: dict[int, _Events] = {}
        self._writers: dict[tuple[int, str, int], Writer] = {}
        self._order: dict[tuple[int, str, str], tuple[int, ...] | None] = {}

    def over(self, log: Log) -> "Archive":
        """The same journal through another view of it, with all programs that are compiled already."""
        other = Archive(log)
        other._programs, other._writers, other._order = self._programs, self._writers, self._order
        other._events = self._events
        return other

    def records(self, first: int = 0) -> Iterator[tuple[int, Record]]:
        """All records from a sequence number on. Raises LogDamaged at the first damaged place."""
        for frame in self.log.read(first):
            seq = frame.first
            for record in journal.unseal(frame.batch).records:
                if seq >= first:
                    yield seq, decode(record)
                seq += 1

    def record(self, seq: int) -> Record:
        """One record. Raises LookupError when the journal has none of this number."""
        return decode(self.raw(seq))

    def others(self, until: int) -> Iterator[tuple[int, Record]]:
        """All records before `until` that are no decisions; decisions are passed over unread."""
        for frame in self.log.read(0) if until else ():
            for seq, record in enumerate(journal.unseal(frame.batch).records, frame.first):
                if seq < until and record[1] != DECISION:  # a record's second byte is its kind
                    yield seq, decode(record)
            if frame.first + frame.count >= until:
                return

    def in_force(self, until: int | None = None) -> int:
        """The number of the definitions record in force at the journal's end (or before record `until`); -1 when
        there is none.
        """
        seq = (self.log.next_seq() if until is None else until) - 1
        while seq >= 0:
            batch = self.place(seq)
            for raw in reversed(batch.records[: seq - batch.first + 1]):
                record = decode(raw)
                if isinstance(record, DecisionRecord):
                    return record.definitions
                if isinstance(record, DefinitionsRecord):
                    return seq
                seq -= 1
        return -1

    def raw(self, seq: int) -> bytes:
        """One record's bytes. Raises LookupError when the journal has none of this number."""
        if 0 <= seq < self.log.next_seq():
            batch = self.place(seq)
            return batch.records[seq - batch.first]
        raise LookupError(f"the journal has no record {seq}")

    def place(self, seq: int) -> journal.Batch:
        """The batch that holds a record. Raises LookupError when there is none."""
        if (batch := batch_at(self.log, seq)) is None:
            raise LookupError(f"the journal has no record {seq}")
        return batch

    def decision(self, seq: int) -> DecisionRecord:
        """One decision. Raises LookupError when there is none of this number."""
        record = self.record(seq)
        if not isinstance(record, DecisionRecord):
            raise LookupError(f"record {seq} of the journal is no decision")  # noqa: TRY004 - it isn't there
        return record

    def learn(self, seq: int, program: Program) -> None:
        """The program compiled from the definitions record at `seq` is already at hand."""
        self._programs[seq] = program

    def known(self, definitions_seq: int) -> Program | None:
        """The program of a definitions record if it is compiled already."""
        return self._programs.get(definitions_seq)

    def program(self, definitions_seq: int) -> Program:
        """The program that a decision was made with, from the definitions record it names.

        Raises Outdated when this version of Jindi does not take these definitions any more.
        """
        if definitions_seq not in self._programs:
            try:
                self._programs[definitions_seq] = build(packs.load(self._source(definitions_seq)))
            except Problems as found:
                raise Outdated(definitions_seq, found) from None
        return self._programs[definitions_seq]

    def _source(self, definitions_seq: int) -> Mapping[str, str]:
        record = self.record(definitions_seq)
        if not isinstance(record, DefinitionsRecord):
            raise LookupError(f"record {definitions_seq} of the journal holds no definitions")  # noqa: TRY004
        return source_of(record)

    def _declaring(self, definitions_seq: int) -> Declaring:
        """The fields of a past event's type. They can be read as long as the events themselves can: a rule that a later
        version no longer takes keeps no history from being replayed.
        """
        try:
            return self.program(definitions_seq).definitions
        except Outdated:
            if definitions_seq not in self._events:
                try:
                    self._events[definitions_seq] = _Events(packs.load_events(self._source(definitions_seq)))
                except Problems as found:
                    raise Outdated(definitions_seq, found) from None
            return self._events[definitions_seq]

    def read_back(self, seq: int) -> tuple[DecisionRecord, Writer]:
        """A decision and what writes its answer with the words of its own moment."""
        record = self.decision(seq)
        key = (record.definitions, record.event_type, record.side)
        if key not in self._writers:
            self._writers[key] = Writer(self.program(record.definitions).events[record.event_type], record.side)
        return record, self._writers[key]

    def values_today(self, record: DecisionRecord, today: Definitions) -> Scalars | None:
        """A journalled event's values in the order of today's fields; None when its type is gone.

        A field that came later, or whose type has changed, is missing.
        """
        order = self.order_today(record.definitions, record.event_type, today)
        return None if order is None else reordered(record.values, order)

    def order_today(self, definitions_seq: int, event_type: str, today: Definitions) -> tuple[int, ...] | None:
        """Where today's fields of an event type stood under some definitions, as `field_order` says."""
        key = (definitions_seq, event_type, today.digest)
        if key not in self._order:
            self._order[key] = field_order(self._declaring(definitions_seq), today, event_type)
        return self._order[key]

    def fields(self, definitions_seq: int, event_type: str) -> tuple[FieldDef, ...]:
        """The fields of an event type under some definitions, in the order of its values."""
        return self.event(definitions_seq, event_type).fields

    def event(self, definitions_seq: int, event_type: str) -> EventDef:
        """An event type as some definitions declared it."""
        return self._declaring(definitions_seq).events[event_type]
