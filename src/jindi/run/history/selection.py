"""Which decisions of an archive are wanted, and how they come out: in order, as one table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from jindi.basics.problems import Problem, Problems
from jindi.ports import Files
from jindi.run.history import parts as stored
from jindi.run.history.manifest import Manifest, Part, load
from jindi.run.history.shapes import OWN, PARTITIONS, ShapeMeta, day_name, meta_of
from jindi.run.history.where import Where

_PARTITION_TYPES = {"day": pa.date32(), "type": pa.string()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. Empty `types` and `columns` are all; times are of `as_of`, `until_us` is left out itself."""

    types: tuple[str, ...] = ()
    since_us: int | None = None
    until_us: int | None = None
    where: str | None = None
    columns: tuple[str, ...] = ()

    def parts(self, manifest: Manifest) -> tuple[Part, ...]:
        """The parts that may have wanted rows. Raises Problems for a type that the archive does not have."""
        if not manifest.parts:
            raise Problems([Problem("archive", "", "nothing is archived here yet", "run jindi archive first")])
        known = sorted({part.type for part in manifest.parts})
        if strange := sorted(set(self.types) - set(known)):
            remedy = f"it has: {', '.join(known)}"
            raise Problems(Problem("--type", name, "no event of this type is archived", remedy) for name in strange)
        first = "" if self.since_us is None else day_name(self.since_us)
        last = "9999-12-31" if self.until_us is None else day_name(self.until_us)
        return tuple(
            part for part in manifest.parts if (not self.types or part.type in self.types) and first <= part.day <= last
        )


class Selection:
    """The wanted rows of an archive: by day, type and number. Raises Problems when they can't be one table."""

    def __init__(self, files: Files, manifest: Manifest, wanted: Wanted) -> None:
        self._files, self._wanted = files, wanted
        self.parts = wanted.parts(manifest)
        schemas = version_schemas(files, self.parts)
        self.schema = _chosen(united(schemas.values()), wanted.columns)
        self._where: dict[str, Where] = {}
        if wanted.where is not None:
            metas: dict[str, list[ShapeMeta]] = {}
            for schema in schemas.values():
                meta = meta_of(schema)
                metas.setdefault(meta.event_type, []).append(meta)
            problems: list[Problem] = []
            for event_type, versions in metas.items():
                try:
                    ordered = sorted(versions, key=lambda meta: meta.definitions)
                    self._where[event_type] = Where(wanted.where, ordered)
                except Problems as found:
                    problems.extend(found.problems)
            if problems:
                raise Problems(problems)
        self._schemas = schemas

    def batches(self, told: Callable[[int, int], None] = lambda *_: None) -> Iterator[pa.RecordBatch]:
        """The rows, some at a time; tells (rows looked at, rows in all)."""
        done, total = 0, sum(part.rows for part in self.parts)
        for part in self.parts:
            where = self._where.get(part.type)
            there = self._schemas[part.type, part.definitions]
            needed = {name for name in self.schema.names if name in there.names} | {"as_of"}
            if where is not None:
                needed |= set(where.columns(part.definitions))
            for batch in stored.still_there(self._files, part, [name for name in there.names if name in needed]):
                done += batch.num_rows
                found = self._kept(part, batch)
                if found.num_rows:
                    yield self._shaped(part, found)
                told(done, total)

    def _kept(self, part: Part, batch: pa.RecordBatch) -> pa.RecordBatch:
        for bound, keeps in ((self._wanted.since_us, pc.greater_equal), (self._wanted.until_us, pc.less)):
            if bound is not None:
                batch = batch.filter(keeps(batch.column("as_of"), pa.scalar(bound, OWN["as_of"])))
        where = self._where.get(part.type)
        return batch if where is None else batch.filter(where.mask(part.definitions, batch))

    def _shaped(self, part: Part, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows in the columns of the whole selection."""
        arrays = []
        for name, kind in zip(self.schema.names, self.schema.types, strict=True):
            if name in PARTITIONS:
                value = date.fromisoformat(part.day) if name == "day" else part.type
                arrays.append(pa.repeat(pa.scalar(value, kind), batch.num_rows))
            elif name in batch.schema.names:
                arrays.append(batch.column(name))
            else:
                arrays.append(pa.nulls(batch.num_rows, kind))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def version_schemas(files: Files, parts: Sequence[Part]) -> dict[tuple[str, int], pa.Schema]:
    """The schema of each event type under each of its definitions."""
    schemas: dict[tuple[str, int], pa.Schema] = {}
    for part in parts:
        key = (part.type, part.definitions)
        if key not in schemas:
            try:
                schemas[key] = stored.schema_of(files, part)
            except FileNotFoundError:
                schemas[key] = stored.schema_of(files, stored.heir_of(load(files), part))
    return schemas


def united(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """All columns of several schemas, the partitions' first. Raises Problems where a name has two types."""
    fields = {name: pa.field(name, kind) for name, kind in _PARTITION_TYPES.items()}
    fields |= {name: pa.field(name, kind) for name, kind in OWN.items()}
    problems: dict[str, Problem] = {}
    for schema in sorted(schemas, key=lambda schema: -meta_of(schema).definitions):
        for field in schema:
            known = fields.setdefault(field.name, field)
            # What a column says of itself holds for all its rows, or is not said.
            said, other = known.metadata or {}, field.metadata or {}
            if said != other:
                both = {key: value for key, value in said.items() if other.get(key) == value}
                fields[field.name] = known.with_metadata(both)
            if known.type != field.type:
                what = f"is {known.type} in one event type or version and {field.type} in another"
                problems[field.name] = Problem("column", field.name, what, "choose one with --type, --since, --until")
    if problems:
        raise Problems(problems.values())
    return pa.schema(list(fields.values()))


def _chosen(schema: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    if not columns:
        return schema
    if strange := [name for name in columns if name not in schema.names]:
        remedy = f"there are: {', '.join(schema.names)}"
        raise Problems(Problem("--columns", name, "no such column", remedy) for name in strange)
    return pa.schema([schema.field(name) for name in dict.fromkeys(columns)])
