"""SQL over the archive's decisions, by DuckDB where it is installed: one SELECT that reads and nothing else.

The decisions are given to DuckDB as a table; it is opened without files, network, extensions or settings to
change, so that a query can read nothing but them, and write nowhere.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from jindi.basics.problems import Problem, Problems
from jindi.ports import Files
from jindi.run.history.manifest import Manifest
from jindi.run.history.selection import Wanted, united, version_schemas

ROWS_AT_ONCE = 16_384

_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_unsigned_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
}


class Query:
    """One SELECT over the table `decisions`: the wanted rows of the archive in a folder.

    Raises Problems when DuckDB is not there, the text is not one SELECT, or DuckDB refuses it.
    """

    def __init__(self, files: Files, folder: Path, manifest: Manifest, wanted: Wanted, text: str) -> None:
        try:
            import duckdb  # noqa: PLC0415 - an optional extra
        except ImportError:
            remedy = "install it beside Jindi: pip install 'jindi[sql]', or use --where"
            raise Problems([Problem("--sql", "", "needs DuckDB, which is not installed", remedy)]) from None
        self._error: type[Exception] = duckdb.Error
        parts = wanted.parts(manifest)
        schema = united(list(version_schemas(files, parts).values()))
        connection = duckdb.connect(":memory:", config=_CLOSED)
        try:
            statements = connection.extract_statements(text)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise Problems([Problem("--sql", "", "not one SELECT", 'write "SELECT … FROM decisions"')])
            connection.register("archived", _dataset(folder, [part.path for part in parts], schema))
            connection.execute(f"create temp view decisions as select * from archived {_bounds(wanted)}")  # noqa: S608
            # Days and hours are those of UTC, wherever the query runs.
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set lock_configuration = true")
            relation: Any = connection.sql(statements[0])
            self._reader = relation.to_arrow_reader(ROWS_AT_ONCE)
        except duckdb.Error as error:
            connection.close()
            raise _refused(error) from None
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self.schema: pa.Schema = self._reader.schema

    def batches(self, told: Callable[[int], None] = lambda _: None) -> Iterator[pa.RecordBatch]:
        """The result's rows, some at a time; tells how many there are so far."""
        done = 0
        try:
            for batch in self._reader:
                done += batch.num_rows
                yield batch
                told(done)
        except (self._error, pa.ArrowException, OSError) as error:
            raise _refused(error) from None
        finally:
            self._connection.close()


def _dataset(folder: Path, paths: list[str], schema: pa.Schema) -> Any:
    if not paths:
        return schema.empty_table()
    partitions = pa.schema([schema.field("day"), schema.field("type")])
    return ds.dataset(
        [str(folder / path) for path in paths], schema=schema, format="parquet",
        partitioning=ds.partitioning(partitions, flavor="hive"), partition_base_dir=str(folder),
    )  # fmt: skip


def _bounds(wanted: Wanted) -> str:
    """The condition on `as_of`, of whole numbers only."""
    bounds = [
        f"as_of {sign} make_timestamptz({bound})"
        for sign, bound in ((">=", wanted.since_us), ("<", wanted.until_us))
        if bound is not None
    ]
    return f"where {' and '.join(bounds)}" if bounds else ""


def _refused(error: Exception) -> Problems:
    return Problems([Problem("--sql", "", str(error).strip(), "see docs/history.md")])
