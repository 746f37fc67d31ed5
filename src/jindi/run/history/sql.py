"""SQL over the archive's decisions, by DuckDB where it is installed: one SELECT that reads and nothing else.

The decisions are given to DuckDB as a table; it is opened without files, network, extensions or settings to
change, so that a query can read nothing but them, and write nowhere.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
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
            try:
                asked = _asked(connection, text)
            except duckdb.Error:
                asked = []  # a DuckDB without its JSON functions: no column says anything of itself
            relation: Any = connection.sql(statements[0])
            self._reader = relation.to_arrow_reader(ROWS_AT_ONCE)
        except duckdb.Error as error:
            connection.close()
            raise _refused(error) from None
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self.schema = _with_units(self._reader.schema, schema, asked)

    def batches(self, told: Callable[[int], None] = lambda _: None) -> Iterator[pa.RecordBatch]:
        """The result's rows, some at a time; tells how many there are so far."""
        done = 0
        try:
            for batch in self._reader:
                done += batch.num_rows
                yield pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)
                told(done)
        except (self._error, pa.ArrowException, OSError) as error:
            raise _refused(error) from None
        finally:
            self._connection.close()


class _Item(msgspec.Struct):
    """What is asked for of one expression: a column, all columns, or something that is reckoned (neither)."""

    type: str
    alias: str = ""
    column_names: list[str] = []
    columns: bool = False
    replace_list: list[msgspec.Raw] = []
    rename_list: list[msgspec.Raw] = []

    @property
    def is_all(self) -> bool:
        """All columns as they are; some may be left out."""
        return self.type == "STAR" and not (self.columns or self.replace_list or self.rename_list)


class _Source(msgspec.Struct):
    type: str
    table_name: str = ""
    column_name_alias: list[str] = []


class _Made(msgspec.Struct):
    map: list[msgspec.Raw] = []


class _Node(msgspec.Struct):
    type: str
    cte_map: _Made = msgspec.field(default_factory=_Made)
    select_list: list[_Item] = []
    from_table: _Source | None = None


class _Statement(msgspec.Struct):
    node: _Node


class _Parsed(msgspec.Struct):
    statements: list[_Statement] = []


def _asked(connection: Any, text: str) -> list[_Item]:
    """What a query asks of the decisions themselves: of a join, a union or a query within it nothing is said."""
    # A cursor of its own: the answer is read to its end before the query begins.
    ((raw,),) = connection.cursor().execute("select json_serialize_sql($1)", [text]).fetchall()
    parsed = msgspec.json.decode(raw, type=_Parsed)
    node = parsed.statements[0].node if parsed.statements else None
    if node is None or node.type != "SELECT_NODE" or node.cte_map.map or node.from_table is None:
        return []
    source = node.from_table
    is_ours = source.type == "BASE_TABLE" and source.table_name.lower() == "decisions" and not source.column_name_alias
    return node.select_list if is_ours else []


def _with_units(result: pa.Schema, archived: pa.Schema, items: list[_Item]) -> pa.Schema:
    """The result's columns; what is a column of the archive under its own name or another still says its unit.

    DuckDB gives names and types only. A name that two columns have, or a type that has changed, says nothing.
    """
    sources = {name.lower(): name for name in archived.names}
    found = dict(sources) if any(item.is_all for item in items) else {}
    for item in items:
        is_column = item.type == "COLUMN_REF" and bool(item.column_names)
        name = (item.alias or (item.column_names[-1] if is_column else "")).lower()
        if name and not item.is_all:
            found[name] = sources.get(item.column_names[-1].lower(), "") if is_column else ""
    fields = []
    for field in result:
        source = found.get(field.name.lower(), "")
        is_same = source and result.names.count(field.name) == 1 and archived.field(source).type == field.type
        fields.append(field.with_metadata(archived.field(source).metadata) if is_same else field)
    return pa.schema(fields)


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
