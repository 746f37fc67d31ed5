"""The follower: reads the journal from where the archive ends, and writes what is new as parts.

A step is all or nothing: parts are written and durable first, then one manifest names them. What a crash
leaves beside the manifest is removed at the next start, and the step is made again from the journal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from jindi.basics.instants import DAY_US
from jindi.journal import Chain, ChainBroken, unseal
from jindi.ports import Files, Log
from jindi.run.archive import Archive
from jindi.run.history import parts as stored
from jindi.run.history.manifest import MANIFEST, Broken, Manifest, Part, load, save
from jindi.run.history.shapes import BATCH_ROWS, Row, Shape, day_name
from jindi.run.records import DecisionRecord, decode

STEP_ROWS = 50_000
"""Rows that are held in memory at most; then they become parts."""

PIECE_ROWS = 8
"""Rows that are worked on between two rests."""

ANOTHER = "this archive belongs to another journal; name the right folder, or delete the archive: it is made again"


OURS = ("day=", "_jindi/.")
"""How the paths begin that nobody but a follower makes; other files in the folder are let be."""


def _never() -> None:
    return None


class Shapes:
    """The shapes of all event types and definitions that the journal names, made once each."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._made: dict[tuple[int, str], Shape] = {}

    def of(self, record: DecisionRecord) -> Shape:
        """The shape of a record's row."""
        key = (record.definitions, record.event_type)
        if key not in self._made:
            ep = self._archive.program(record.definitions).events[record.event_type]
            self._made[key] = Shape(record.definitions, ep)
        return self._made[key]


@dataclass(slots=True)
class Group:
    """Rows of one day, type and definitions on their way into a part."""

    day: str
    shape: Shape
    rows: list[Row] = field(default_factory=list)
    batches: list[pa.RecordBatch] = field(default_factory=list)

    def pack(self, rest: Callable[[], None] = _never) -> None:
        """Turn the rows that wait into columns."""
        if self.rows:
            self.batches.append(self.shape.batch(self.rows, rest))
            self.rows = []


class Follower:
    """Writes an archive from a journal. `rest` is called every few rows, so that a follower beside the live lane
    takes its turns in small pieces; an exception from it breaks the step off, and nothing of it is kept.

    Raises Broken when the archive is no archive of this journal or is not whole.
    """

    def __init__(self, files: Files, archive: Archive, rest: Callable[[], None] = _never) -> None:
        self._files, self._archive, self._rest = files, archive, rest
        self._shapes = Shapes(archive)
        self._day = (-1, "")
        self.manifest = load(files)
        _same_history(self.manifest, archive.log)
        tidy(files, self.manifest)

    def follow(self, until: int | None = None, told: Callable[[int], None] = lambda _: None) -> int:
        """Archive the batches that end before record `until` (all); tells the next record after each step.

        Answers how many records were followed. Raises Broken, LogDamaged, LogFailure or OSError; the archive
        then ends where the last whole step ended.
        """
        began = self.manifest.next
        chain = Chain(self.manifest.head, began)
        until = self._archive.log.next_seq() if until is None else until
        groups: dict[tuple[str, int, str], Group] = {}
        count = 0
        for frame in self._archive.log.read(began) if began < until else ():
            if frame.first + frame.count > until:
                break
            try:
                records = chain.follow(frame)
            except ChainBroken as broken:
                raise Broken(MANIFEST, f"{broken}; {ANOTHER}") from None
            for seq, raw in enumerate(records, frame.first):
                record = decode(raw)
                if isinstance(record, DecisionRecord):
                    self._add(groups, seq, record)
                    count += 1
                if seq % PIECE_ROWS == 0:
                    self._rest()
            if count >= STEP_ROWS:
                self._step(groups, chain)
                count = 0
                told(chain.next_seq)
        if chain.next_seq > self.manifest.next:
            self._step(groups, chain)
            told(chain.next_seq)
        self.join()
        return self.manifest.next - began

    def join(self) -> None:
        """Make few parts of many, for as long as any are due."""
        while (old := stored.due(self.manifest)) is not None:
            new = stored.join(self._files, old, self._rest)
            self._keep(self.manifest.exchanged(old, new))
            for part in old:
                self._files.drop(part.path)

    def _add(self, groups: dict[tuple[str, int, str], Group], seq: int, record: DecisionRecord) -> None:
        number = record.as_of_us // DAY_US
        if number != self._day[0]:
            self._day = number, day_name(record.as_of_us)
        day = self._day[1]
        key = (day, record.definitions, record.event_type)
        if key not in groups:
            groups[key] = Group(day, self._shapes.of(record))
        group = groups[key]
        group.rows.append(group.shape.row(seq, record))
        if len(group.rows) >= BATCH_ROWS:
            group.pack(self._rest)

    def _step(self, groups: dict[tuple[str, int, str], Group], chain: Chain) -> None:
        """Everything gathered becomes parts of the archive, or nothing."""
        parts: list[Part] = []
        for group in groups.values():
            group.pack(self._rest)
            table = pa.Table.from_batches(group.batches).combine_chunks()
            shape = group.shape
            parts.append(stored.write(self._files, group.day, shape.event_type, shape.definitions, iter((table,))))
            self._rest()
        groups.clear()
        self._keep(self.manifest.grown(parts, chain.next_seq, chain.head))
        self.join()

    def _keep(self, manifest: Manifest) -> None:
        save(self._files, manifest)
        self.manifest = manifest


def tidy(files: Files, manifest: Manifest) -> Sequence[str]:
    """Remove what an interrupted step left; raises Broken when a part is missing. For who holds the folder."""
    named = {part.path for part in manifest.parts} | {MANIFEST}
    there = frozenset(files.names())
    for path in sorted(named - there - {MANIFEST}):
        raise Broken(path, "the file is missing", stored.REMEDY)
    left = sorted(path for path in there - named if path.startswith(OURS))
    for path in left:
        files.drop(path)
    return left


def _same_history(manifest: Manifest, log: Log) -> None:
    """Raises Broken unless the journal has the very batch that the archive ends with."""
    if manifest.next > log.next_seq():
        what = f"goes to record {manifest.next}, the journal only to {log.next_seq()}; {ANOTHER}"
        raise Broken(MANIFEST, what)
    for frame in log.read(manifest.next - 1) if manifest.next else ():
        if frame.first + frame.count != manifest.next or unseal(frame.batch).head != manifest.head:
            raise Broken(MANIFEST, f"its head is not that of the journal; {ANOTHER}")
        break
