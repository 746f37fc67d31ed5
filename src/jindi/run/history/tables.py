"""Tables on their way out: Parquet, CSV or NDJSON, whole under their name or not there at all."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems

SUFFIXES = (".parquet", ".csv", ".ndjson")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is a formula to a spreadsheet."""

_json = msgspec.json.Encoder(decimal_format="number").encode


class _Writer(Protocol):
    def write(self, batch: pa.RecordBatch) -> None:
        """Some more rows."""

    def close(self) -> None:
        """There are no more."""


def write_table(target: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write rows to a file whose suffix says the form; answers how many. The file appears when it is whole."""
    if target.suffix not in SUFFIXES:
        remedy = f"name a file that ends in {', '.join(SUFFIXES)}"
        raise Problems([Problem(str(target), "", "not a form that is written here", remedy)])
    part = target.with_name(f"{target.name}.part")
    rows = 0
    try:
        with part.open("wb") as file:
            writer = _WRITERS[target.suffix](file, schema)
            for batch in batches:
                writer.write(batch)
                rows += batch.num_rows
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return rows


class _Parquet:
    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _Csv:
    """Numbers stay numbers, instants are RFC 3339, lists are JSON, and no cell is a formula."""

    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._names = [safe(name) for name in schema.names]
        self._file, self._schema = file, schema
        self._writer: pa.csv.CSVWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        arrays = [_plain(column) for column in batch.columns]
        table = pa.RecordBatch.from_arrays(arrays, names=self._names)
        if self._writer is None:
            self._writer = pa.csv.CSVWriter(self._file, table.schema)
        self._writer.write_batch(table)

    def close(self) -> None:
        if self._writer is None:
            self.write(pa.RecordBatch.from_pylist([], schema=self._schema))
        assert self._writer is not None, "writing makes it"
        self._writer.close()


class _Ndjson:
    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._file, self._names = file, schema.names

    def write(self, batch: pa.RecordBatch) -> None:
        for row in zip(*(_cells(column) for column in batch.columns), strict=True):
            self._file.write(_json(dict(zip(self._names, row, strict=True))) + b"\n")

    def close(self) -> None:
        return None


_WRITERS: dict[str, Callable[[Any, pa.Schema], _Writer]] = {".parquet": _Parquet, ".csv": _Csv, ".ndjson": _Ndjson}


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that would be is preceded by an apostrophe.

    >>> safe("=1+1"), safe("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _cells(column: pa.Array) -> list[Any]:
    """A column's values as JSON has them."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        zone = "Z" if kind.tz is not None else ""
        instants = column.cast(pa.int64()).to_pylist()
        return [None if us is None else format_instant(us).removesuffix("Z") + zone for us in instants]
    if pa.types.is_dictionary(kind):
        return _cells(column.dictionary_decode())
    cells: list[Any] = column.to_pylist()
    return cells


def _plain(column: pa.Array) -> pa.Array:
    """A column as CSV can have it."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if is_number or pa.types.is_boolean(kind) or pa.types.is_date(kind):
        return column
    if _is_text(kind) or pa.types.is_timestamp(kind):
        return pa.array([None if cell is None else safe(str(cell)) for cell in _cells(column)], pa.string())
    return pa.array([None if cell is None else _written(cell) for cell in _cells(column)], pa.string())


def _written(cell: Any) -> str:
    """What is neither a number nor a text, as a text: lists and structures as JSON."""
    return safe(_json(cell).decode() if isinstance(cell, list | dict) else str(cell))
