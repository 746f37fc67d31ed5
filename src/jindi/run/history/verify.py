"""The proof that an archive says what the journal says: every digest, every range, every row made again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from jindi.journal import Chain, ChainBroken
from jindi.ports import Files, LogDamaged
from jindi.run.archive import Archive
from jindi.run.history import parts as stored
from jindi.run.history.follower import OURS, Group, Shapes
from jindi.run.history.manifest import Broken, Manifest, Part, load
from jindi.run.history.shapes import BATCH_ROWS, METADATA, day_name
from jindi.run.records import DecisionRecord, decode

Told = Callable[[str, int, int], None]
"""Told (what is being looked at, done, in all)."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What was proved: so many parts and rows, of the records before `next`, where the chain's head is `head`."""

    parts: int
    rows: int
    next: int
    head: bytes


@dataclass(slots=True)
class _Reading:
    """Where the comparison stands in one group: the parts to come, and the rows of the part in hand."""

    group: Group
    parts: list[Part]
    part: Part | None = None
    rows: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))
    batch: pa.RecordBatch | None = None
    at: int = 0


def verify(files: Files, archive: Archive, told: Told = lambda *_: None, *, alone: bool = True) -> Proved:
    """Hold an archive against its journal. Raises Broken at the first wrong place.

    While a follower is at work elsewhere (not `alone`), new files may lie there that are about to be named, and
    parts may go because they were joined: who finds the manifest changed meanwhile asks again.
    """
    manifest = load(files)
    if alone:
        _no_strays(files, manifest)
    _digests(files, manifest, told)
    comparing = _Comparing(files, manifest, archive)
    chain = Chain()
    ranges = iter(manifest.ranges)
    following = next(ranges, None)
    try:
        for frame in archive.log.read(0) if manifest.next else ():
            if following is None:
                break
            records = chain.follow(frame)
            for seq, raw in enumerate(records, frame.first):
                record = decode(raw)
                if isinstance(record, DecisionRecord):
                    comparing.add(seq, record)
            if chain.next_seq >= following.next:
                place = f"range of records {following.first} to {following.next - 1}"
                if chain.next_seq != following.next:
                    raise Broken(place, "does not end where a batch of the journal ends", stored.REMEDY)
                if chain.head.hex() != following.head:
                    raise Broken(place, "its head is not the journal's", stored.REMEDY)
                following = next(ranges, None)
            told("comparing rows", chain.next_seq, manifest.next)
    except (ChainBroken, LogDamaged) as error:
        raise Broken("journal", str(error), "see jindi verify") from None
    if following is not None:
        place = f"range of records {following.first} to {following.next - 1}"
        raise Broken(place, f"the journal ends at record {chain.next_seq}", stored.REMEDY)
    comparing.finish()
    return Proved(len(manifest.parts), manifest.rows, manifest.next, manifest.head)


def _no_strays(files: Files, manifest: Manifest) -> None:
    """Nothing that a reader would take for a part lies beside the parts."""
    named = {part.path for part in manifest.parts}
    for path in files.names():
        if path.startswith(OURS) and path.endswith(".parquet") and path not in named:
            raise Broken(path, "is not in the manifest", "run jindi archive, which removes it")


def _digests(files: Files, manifest: Manifest, told: Told) -> None:
    """Every part is there and has its digest."""
    for done, part in enumerate(manifest.parts):
        told("checking digests", done, len(manifest.parts))
        try:
            problem = stored.as_written(files, part)
        except FileNotFoundError:
            problem = "the file is missing"
        if problem:
            raise Broken(part.path, problem, stored.REMEDY)


class _Comparing:
    """Makes rows again from the journal and holds them against those of the parts, group by group."""

    def __init__(self, files: Files, manifest: Manifest, archive: Archive) -> None:
        self._files, self._shapes = files, Shapes(archive)
        self._parts: dict[tuple[str, str, int], list[Part]] = {}
        for part in reversed(manifest.parts):
            self._parts.setdefault(part.group, []).append(part)
        self._readings: dict[tuple[str, str, int], _Reading] = {}
        self._day = ""

    def add(self, seq: int, record: DecisionRecord) -> None:
        """The next decision of the journal."""
        day = day_name(record.as_of_us)
        if day != self._day:
            self._end_day()
            self._day = day
        key = (day, record.event_type, record.definitions)
        if key not in self._readings:
            group = Group(day, self._shapes.of(record))
            self._readings[key] = _Reading(group, self._parts.pop(key, []))
        reading = self._readings[key]
        reading.group.rows.append(reading.group.shape.row(seq, record))
        if len(reading.group.rows) >= BATCH_ROWS:
            self._compare(reading)

    def finish(self) -> None:
        """There are no more decisions."""
        self._end_day()
        for parts in self._parts.values():
            raise Broken(parts[-1].path, f"row {parts[-1].first} is not in the journal", stored.REMEDY)

    def _end_day(self) -> None:
        for reading in self._readings.values():
            self._compare(reading)
            if (extra := self._next_rows(reading, 1)) is not None:
                what = f"row {extra.column('seq')[0].as_py()} is not in the journal"
                raise Broken(_place(reading), what, stored.REMEDY)
        self._readings.clear()

    def _compare(self, reading: _Reading) -> None:
        reading.group.pack()
        for wanted in reading.group.batches:
            at = 0
            while at < wanted.num_rows:
                found = self._next_rows(reading, wanted.num_rows - at)
                if found is None:
                    what = f"decision {wanted.column('seq')[at].as_py()} of the journal is missing"
                    raise Broken(_place(reading), what, stored.REMEDY)
                _same(_place(reading), found, wanted.slice(at, found.num_rows))
                at += found.num_rows
        reading.group.batches.clear()

    def _next_rows(self, reading: _Reading, most: int) -> pa.RecordBatch | None:
        """Up to so many rows of the group's parts, from where the comparison stands."""
        while reading.batch is None or reading.at >= reading.batch.num_rows:
            reading.batch, reading.at = next(reading.rows, None), 0
            if reading.batch is None:
                if not reading.parts:
                    return None
                part = reading.part = reading.parts.pop()
                schema = stored.schema_of(self._files, part)
                if not _is_schema(schema, reading.group.shape.schema):
                    raise Broken(part.path, "its columns are not those of its event type", stored.REMEDY)
                reading.rows = stored.batches(self._files, part)
        found = reading.batch.slice(reading.at, most)
        reading.at += found.num_rows
        return found


def _place(reading: _Reading) -> str:
    group = reading.group
    return reading.part.path if reading.part is not None else f"day={group.day}/type={group.shape.event_type}"


def _is_schema(found: pa.Schema, wanted: pa.Schema) -> bool:
    """Whether names, types and our own metadata are the same; Parquet adds metadata of its own."""

    def has(field: pa.Field) -> bool:
        there = found.field(field.name).metadata or {}
        return all(there.get(key) == value for key, value in (field.metadata or {}).items())

    if not found.equals(wanted) or (found.metadata or {}).get(METADATA) != wanted.metadata[METADATA]:
        return False
    return all(has(field) for field in wanted)


def _same(place: str, found: pa.RecordBatch, wanted: pa.RecordBatch) -> None:
    """Raises Broken with the first row and column that differ."""
    if found.equals(wanted):
        return
    for row in range(wanted.num_rows):
        for name in wanted.schema.names:
            has, says = found.column(name)[row], wanted.column(name)[row]
            if not has.equals(says):
                seq = wanted.column("seq")[row].as_py()
                if name == "seq":
                    what = f"row {has.as_py()} stands where decision {seq} of the journal belongs"
                else:
                    what = f"row {seq}: column {name} is not what the journal says"
                raise Broken(place, what, stored.REMEDY)
