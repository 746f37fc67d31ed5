"""Parts as bytes: tables written whole, several made into one, and read again piece by piece."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jindi.ports import Files
from jindi.run.history.manifest import Broken, Manifest, Part, load, path_of

PART_ROWS = 500_000
"""A part grows no larger than this by being joined with others."""

GROUP_PARTS = 8
"""So many small parts of one group are joined while their day lasts; when it is over, all are."""

ROW_GROUP_ROWS = 65_536
READ_ROWS = 16_384
_HASH_BYTES = 1 << 20


def write(files: Files, day: str, event_type: str, definitions: int, tables: Iterator[pa.Table]) -> Part:
    """A new part from tables of one schema, in the journal's order; durable when this returns."""
    sink = pa.BufferOutputStream()
    writer: pq.ParquetWriter | None = None
    rows, first, last = 0, -1, -1
    for table in tables:
        if writer is None:
            writer = pq.ParquetWriter(sink, table.schema, compression="zstd")
            first = table.column("seq")[0].as_py()
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        rows, last = rows + table.num_rows, table.column("seq")[-1].as_py()
    assert writer is not None, "a part has at least one row"
    writer.close()
    content = memoryview(sink.getvalue())
    path = path_of(day, event_type, first, last)
    chunks = (content[at : at + _HASH_BYTES] for at in range(0, len(content), _HASH_BYTES))
    files.save(path, chunks)
    return Part(path, day, event_type, definitions, rows, first, last, len(content), sha256(content).hexdigest())


def join(files: Files, parts: Sequence[Part], rest: Callable[[], None] = lambda: None) -> Part:
    """Adjacent parts of one group as one new part; the old ones are still there."""

    def tables() -> Iterator[pa.Table]:
        gathered: list[pa.RecordBatch] = []
        for part in parts:
            for batch in batches(files, part):
                gathered.append(batch)
                if sum(each.num_rows for each in gathered) >= ROW_GROUP_ROWS:
                    yield pa.Table.from_batches(gathered).combine_chunks()
                    gathered.clear()
                rest()
        if gathered:
            yield pa.Table.from_batches(gathered).combine_chunks()

    one = parts[0]
    return write(files, one.day, one.type, one.definitions, tables())


def due(manifest: Manifest) -> Sequence[Part] | None:
    """Adjacent parts of a group that are to be joined now; None when there is nothing to join.

    A day that is over gets as few parts as can be. While it lasts, a part is joined with those before it as
    long as they are no more than twice as large: so a row is written again only a few times.
    """
    today = max((part.day for part in manifest.parts), default="")
    groups: dict[tuple[str, str, int], list[Part]] = {}
    for part in manifest.parts:
        groups.setdefault(part.group, []).append(part)
    for (day, _, _), parts in groups.items():
        run = _over(parts) if day < today else _lasting(parts)
        if run is not None:
            return run
    return None


def _over(parts: Sequence[Part]) -> Sequence[Part] | None:
    begin, rows = 0, 0
    for place, part in enumerate(parts):
        if rows + part.rows > PART_ROWS:
            if place - begin > 1:
                return parts[begin:place]
            begin, rows = place, 0
        rows += part.rows
    return parts[begin:] if len(parts) - begin > 1 else None


def _lasting(parts: Sequence[Part]) -> Sequence[Part] | None:
    if sum(2 * part.rows < PART_ROWS for part in parts) < GROUP_PARTS:
        return None
    begin, rows = len(parts), 0
    while begin > 0:
        before = parts[begin - 1].rows
        if rows + before > PART_ROWS or (rows and before > 2 * rows):
            break
        begin, rows = begin - 1, rows + before
    return parts[begin:] if len(parts) - begin > 1 else None


def batches(
    files: Files,
    part: Part,
    columns: Sequence[str] | None = None,
    rows: int = READ_ROWS,
    coded: Sequence[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """A part's rows, some at a time; the texts of `coded` columns as places in a dictionary. Raises FileNotFoundError
    when it is gone, Broken when it can't be read.
    """
    with files.open(part.path) as raw:
        try:
            file = pq.ParquetFile(raw, read_dictionary=coded)
            yield from file.iter_batches(rows, columns=columns, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise Broken(part.path, f"can't be read: {type(error).__name__}", REMEDY) from None


def schema_of(files: Files, part: Part) -> pa.Schema:
    """The schema of a part, with its metadata."""
    with files.open(part.path) as raw:
        try:
            return pq.read_schema(raw)
        except (pa.ArrowException, OSError) as error:
            raise Broken(part.path, f"can't be read: {type(error).__name__}", REMEDY) from None


REMEDY = "run jindi archive --verify; a broken archive is deleted and made again from the journal"


def still_there(
    files: Files,
    part: Part,
    columns: Sequence[str] | None = None,
    coded: Sequence[str] | None = None,
    rows: int = READ_ROWS,
) -> Iterator[pa.RecordBatch]:
    """As `batches`; when the part was joined with others since its manifest was read, its rows from there."""
    try:
        files.open(part.path).close()
    except FileNotFoundError:
        heir = heir_of(load(files), part)
        wanted = columns if columns is None or "seq" in columns else [*columns, "seq"]
        for batch in still_there(files, heir, wanted, coded, rows):
            seq = batch.column("seq")
            own = batch.filter(pc.and_(pc.greater_equal(seq, part.first), pc.less_equal(seq, part.last)))
            yield own if columns is None else own.select(list(columns))
        return
    yield from batches(files, part, columns, rows, coded)


def heir_of(manifest: Manifest, part: Part) -> Part:
    """The part that now has another one's rows. Raises Broken when none has."""
    for each in manifest.parts:
        if each.path != part.path and each.group == part.group and each.first <= part.first and part.last <= each.last:
            return each
    raise Broken(part.path, "the file is missing", REMEDY)


def as_written(files: Files, part: Part) -> str:
    """What is wrong with a part's file by itself; empty when it has the bytes and the rows that it should have."""
    hashed, size = sha256(), 0
    with files.open(part.path) as raw:
        while chunk := raw.read(_HASH_BYTES):
            hashed.update(chunk)
            size += len(chunk)
        if (hashed.hexdigest(), size) != (part.sha256, part.bytes):
            return "the bytes are not those that were written"
        raw.seek(0)
        try:
            rows = pq.read_metadata(raw).num_rows
        except (pa.ArrowException, OSError):
            return "no Parquet file"
    return "" if rows == part.rows else f"it has {rows} rows, the manifest says {part.rows}"
