"""A table's columns as events: the mapping file, read and checked, and the turning of cells into values.

The format is described where people meet it, in docs/decide.md. Cells are turned column by column; what
doesn't fit is told with its row and column, never with its value.
"""

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np

from jindi.basics.instants import parse_duration, parse_instant
from jindi.basics.money import AMOUNT_MINOR_MAX, EXPONENTS, parse_minor
from jindi.basics.problems import Problem, Problems
from jindi.language import Kind
from jindi.packs import Definitions, EventDef, FieldDef
from jindi.run.events import Scalar, Scalars
from jindi.run.intake import ID_LENGTH_MAX
from jindi.vault import Tokens

Cells = Sequence[Any]
Table = Mapping[str, Cells]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS_US = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
_SOURCE_KEYS = {"column", "literal", "prefix", "unit", "round", "zone", "true", "false"}
PROBLEMS_TOLD_MAX = 50


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from, and how a cell is turned into it."""

    column: str | None
    literal: Any
    prefix: str
    unit: str | None
    round: Literal["half-even", "half-up", "exact"]
    zone: ZoneInfo | None
    true: frozenset[Any]
    false: frozenset[Any]


@dataclass(frozen=True, slots=True)
class Derived:
    """A further event made from some rows."""

    type: str
    column: str
    values: tuple[Any, ...]
    after_us: int
    first: bool
    id: Source
    fields: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Truth:
    """A column that is copied as true and false: what its cells mean; what `unknown` holds becomes a gap."""

    column: str
    source: Source
    unknown: frozenset[Any]

    def read(self, cells: Cells, tell: Callable[[int, str], None]) -> list[bool | None]:
        """The cells as true, false or nothing."""
        out: list[bool | None] = []
        for row, cell in enumerate(cells):
            known = cell is not None and cell != "" and cell not in self.unknown
            try:
                out.append(_truth(self.source, cell) if known else None)
            except ValueError as error:
                tell(row, str(error))
                out.append(None)
        return out


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A mapping file, read."""

    type: str
    id: Source
    at: Source
    fields: Mapping[str, Source]
    keep: Mapping[str, str]
    derived: tuple[Derived, ...]
    truths: Mapping[str, Truth]

    @property
    def columns(self) -> tuple[str, ...]:
        """The input columns that are read."""
        sources = [self.id, self.at, *self.fields.values()]
        names = [*self.keep.values(), *(truth.column for truth in self.truths.values())]
        for derived in self.derived:
            sources += [derived.id, *derived.fields.values()]
            names.append(derived.column)
        return tuple(dict.fromkeys([*(s.column for s in sources if s.column is not None), *names]))


class _Reader:
    """Reads a mapping file's tables and gathers problems."""

    def __init__(self, place: str, definitions: Definitions) -> None:
        self.place, self.definitions = place, definitions
        self.problems: list[Problem] = []

    def problem(self, item: str, problem: str, remedy: str = "") -> None:
        self.problems.append(Problem(self.place, item, problem, remedy))

    def source(self, item: str, given: Any) -> Source:
        if (
            not isinstance(given, dict)
            or ("column" in given) == ("literal" in given)
            or not isinstance(given.get("column", ""), str)
            or isinstance(given.get("literal"), dict | list)
        ):
            self.problem(item, "not a source", 'write { column = "NAME" } or { literal = VALUE }')
            given = {"literal": None}
        for key in sorted(set(given) - _SOURCE_KEYS):
            self.problem(item, f"unknown key '{key}'", f"use one of: {', '.join(sorted(_SOURCE_KEYS))}")
        rounding = given.get("round", "exact")
        if rounding not in ("half-even", "half-up", "exact"):
            self.problem(item, "unknown rounding", "use half-even, half-up or exact")
            rounding = "exact"
        unit = given.get("unit")
        if unit is not None and unit not in ("major", "minor", *_UNITS_US):
            self.problem(item, "unknown unit", f"use major, minor, {', '.join(_UNITS_US)}")
        zone = None
        if "zone" in given:
            try:
                zone = ZoneInfo(str(given["zone"]))
            except (KeyError, ValueError, OSError):
                self.problem(item, "unknown time zone", "use a name such as Asia/Shanghai or UTC")
        return Source(
            given.get("column"), given.get("literal"), str(given.get("prefix", "")), unit, rounding, zone,
            _said(given.get("true")), _said(given.get("false")),
        )  # fmt: skip

    def truth(self, item: str, given: Mapping[str, Any]) -> Truth:
        for key in sorted(set(given) - {"column", "true", "false", "unknown"}):
            self.problem(item, f"unknown key '{key}'", "use column, true, false, unknown")
        column = given.get("column")
        if not isinstance(column, str):
            self.problem(item, "names no column", 'write { column = "NAME", true = VALUE, false = VALUE }')
            column = ""
        source = self.source(item, {key: given[key] for key in ("true", "false") if key in given} | {"column": column})
        return Truth(column, source, _said(given.get("unknown")))

    def fields(self, item: str, type_name: str, given: Any) -> dict[str, Source]:
        event = self.definitions.events.get(type_name)
        if event is None:
            self.problem(item, "not a declared event type", f"use one of: {', '.join(sorted(self.definitions.events))}")
            return {}
        if not isinstance(given, dict):
            self.problem(item, "no table of fields", "write one line for each field of the event type")
            return {}
        names = [field.name for field in event.fields]
        for name in sorted(set(given) - set(names)):
            self.problem(f"{item}: {name}", f"not a field of {type_name}", f"its fields are: {', '.join(names)}")
        for field in event.fields:
            if field.required and field.name not in given:
                self.problem(f"{item}: {field.name}", "a required field has no source", "name its column")
        return {name: self.source(f"{item}: {name}", given[name]) for name in names if name in given}

    def derived(self, number: int, given: Any) -> Derived:
        item = f"derive {number}"
        if not isinstance(given, dict):
            self.problem(item, "not a table", "write [[derive]] and its lines")
            given = {}
        when = given.get("when", {})
        when = when if isinstance(when, dict) else {}
        values = when.get("in", [when["is"]] if "is" in when else [])
        values = values if isinstance(values, list) else []
        if not isinstance(when.get("column"), str) or not values:
            self.problem(item, "no condition", 'write when = { column = "NAME", is = VALUE }')
        if given.get("place", "after") not in ("before", "after"):
            self.problem(item, "unknown place", "use before or after")
        try:
            after_us = parse_duration(given.get("after", "0s"))
        except (ValueError, TypeError) as error:
            self.problem(item, f"after: {error}")
            after_us = 0
        type_name = str(given.get("type"))
        return Derived(
            type_name, str(when.get("column")), tuple(values), after_us, given.get("place", "after") == "before",
            self.source(f"{item}: id", given.get("id")), self.fields(item, type_name, given.get("fields")),
        )  # fmt: skip


def _said(given: Any) -> frozenset[Any]:
    said = given if isinstance(given, list) else [given]
    return frozenset(each for each in said if isinstance(each, str | int | float))


def read_columns(text: str, definitions: Definitions, place: str = "columns.toml") -> ColumnMap:
    """A mapping from its TOML text. Raises Problems with all of them."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problems([Problem(place, "", f"not TOML: {error}")]) from None
    reader = _Reader(place, definitions)
    kept, derived = given.get("keep", {}), given.get("derive", [])
    if not isinstance(kept, dict) or not all(isinstance(each, str | dict) for each in kept.values()):
        reader.problem("keep", "not a table of columns", 'write lines such as output_name = "input_name"')
        kept = {}
    truths = {name: reader.truth(f"keep: {name}", each) for name, each in kept.items() if isinstance(each, dict)}
    if not isinstance(derived, list):
        reader.problem("derive", "not a list of tables", "write [[derive]] and its lines")
        derived = []
    known = {"type", "id", "at", "fields", "keep", "derive"}
    for key in sorted(set(given) - known):
        reader.problem(key, "unknown key", f"use one of: {', '.join(sorted(known))}")
    columns = ColumnMap(
        type=str(given.get("type")),
        id=reader.source("id", given.get("id")),
        at=reader.source("at", given.get("at")),
        fields=reader.fields("fields", str(given.get("type")), given.get("fields")),
        keep={name: column for name, column in kept.items() if isinstance(column, str)},
        truths=truths,
        derived=tuple(reader.derived(number, each) for number, each in enumerate(derived, 1)),
    )
    if reader.problems:
        raise Problems(reader.problems)
    return columns


Turn = Callable[[Any], Scalar]


def instants(source: Source, cells: Cells, tell: Callable[[int, str], None]) -> list[int]:
    """Microseconds of a column of times."""
    turn = _instant(source)
    out = []
    for row, cell in enumerate(cells):
        try:
            out.append(turn(cell))
        except (ValueError, TypeError, OverflowError) as error:
            tell(row, str(error))
            out.append(0)
    return out


def _instant(source: Source) -> Callable[[Any], int]:
    def turn(cell: Any) -> int:
        if isinstance(cell, datetime):
            if cell.tzinfo is None:
                if source.zone is None:
                    raise ValueError("a time without a zone; name the zone in the mapping")
                cell = cell.replace(tzinfo=source.zone)
            span: timedelta = cell - _EPOCH
            return span // timedelta(microseconds=1)
        if isinstance(cell, str) and source.unit in _UNITS_US:
            # A CSV file's numbers are text; whole ones stay whole, for a float holds no nanoseconds.
            cell = int(cell) if cell.lstrip("-").isdecimal() and len(cell) < 24 else _number(cell)
        if isinstance(cell, str):
            try:
                return parse_instant(cell)
            except ValueError:
                return turn(_local(cell))
        if isinstance(cell, int | float) and not isinstance(cell, bool) and source.unit in _UNITS_US:
            scale = _UNITS_US[source.unit]
            return int(cell * int(scale)) if scale >= 1 else int(cell // 1000)
        raise ValueError("not a time; for a number name its unit")

    return turn


def _local(text: str) -> datetime:
    """A time as ISO 8601 writes it; the message of Python's own error would repeat the text."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a time such as 2026-11-22 08:00:00") from None


def _number(cell: Any) -> float:
    """A cell as a number; the message of Python's own error would repeat the cell."""
    try:
        return math.nan if isinstance(cell, bool) else float(cell)
    except ValueError:
        raise ValueError("not a number") from None


def values(field: FieldDef, source: Source, rows: int, table: Table, tokens: Tokens, currency: Cells | None,
           tell: Callable[[int, str], None]) -> list[Scalar]:  # fmt: skip
    """The values of one field for all rows of a chunk."""
    cells: Cells = [source.literal] * rows if source.column is None else table[source.column]
    if field.type.kind is Kind.MONEY and source.unit != "minor" and field.type.of is not None:
        fast = _fast_money(field, source, cells)
        if fast is not None:
            return fast
    turn = _turner(field, source, tokens)
    out: list[Scalar] = []
    for row, cell in enumerate(cells):
        if cell is None or cell == "":
            if field.required:
                tell(row, "missing")
            out.append(None)
            continue
        try:
            if currency is not None:
                out.append(_money(field, source, str(currency[row]), cell))
            else:
                out.append(turn(cell))
        except (ValueError, TypeError, OverflowError) as error:
            tell(row, str(error))
            out.append(None)
    return out


def _fast_money(field: FieldDef, source: Source, cells: Cells) -> list[Scalar] | None:
    """A whole column of floats at once, when nothing in it needs a second look."""
    if source.round == "exact" or not len(cells) or not isinstance(cells[0], float):
        return None
    try:
        major = np.asarray(cells, np.float64)
    except (TypeError, ValueError):
        return None
    minor = major * 10.0 ** EXPONENTS[field.type.of or ""]
    if not np.isfinite(minor).all() or (np.abs(minor) > AMOUNT_MINOR_MAX).any():
        return None
    whole = np.rint(minor) if source.round == "half-even" else np.copysign(np.floor(np.abs(minor) + 0.5), minor)
    if (field.least is not None and (whole < field.least).any()) or (
        field.most is not None and (whole > field.most).any()
    ):
        return None
    listed: list[Scalar] = whole.astype(np.int64).tolist()
    return listed


def _money(field: FieldDef, source: Source, currency: str, cell: Any) -> int:
    if currency not in EXPONENTS:
        raise ValueError("unknown currency; give an ISO 4217 code")
    unit = source.unit or ("minor" if isinstance(cell, int) and not isinstance(cell, bool) else "major")
    if isinstance(cell, Decimal) and cell.is_finite():
        cell = format(cell.normalize(), "f")
    if isinstance(cell, str) and unit == "major" and source.round == "exact":
        minor = parse_minor(cell, currency)
    else:
        minor = _rounded(_number(cell) * 10.0 ** EXPONENTS[currency] if unit == "major" else cell, source)
    if abs(minor) > AMOUNT_MINOR_MAX:
        raise ValueError(f"amount beyond {AMOUNT_MINOR_MAX} minor units")
    return _bounded(field, minor)


def _rounded(value: Any, source: Source) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number: float = _number(value)
    if not abs(number) < 2**63:
        raise ValueError("not a finite number of a sane size")
    if source.round == "half-up":
        return int(np.copysign(np.floor(abs(number) + 0.5), number))
    whole: int = round(number)
    if source.round == "exact" and whole != number:
        raise ValueError("not whole; name a rounding in the mapping")
    return whole


def _bounded(field: FieldDef, value: int) -> int:
    least = -AMOUNT_MINOR_MAX if field.least is None else field.least
    most = AMOUNT_MINOR_MAX if field.most is None else field.most
    if not least <= value <= most:
        raise ValueError("outside what the field allows")
    return value


def _turner(field: FieldDef, source: Source, tokens: Tokens) -> Turn:
    kind = field.type.kind
    if kind is Kind.MONEY:
        return lambda cell: _money(field, source, field.type.of or "", cell)
    if kind is Kind.INT:
        return lambda cell: _bounded(field, _rounded(_number(cell) if isinstance(cell, str) else cell, source))
    if kind is Kind.TIME:
        return _instant(source)
    if kind is Kind.DURATION:
        scale = _UNITS_US[source.unit or "us"]
        return lambda cell: _bounded(field, round(_number(cell) * scale))
    if kind is Kind.RATIO:
        return _ratio
    if kind is Kind.BOOL:
        return lambda cell: _truth(source, cell)
    return lambda cell: _text(field, tokens, source.prefix + _written(cell))


def _ratio(cell: Any) -> float:
    number = _number(cell)
    if not abs(number) < float("inf"):
        raise ValueError("not a finite number")
    return number


def _truth(source: Source, cell: Any) -> bool:
    if cell in source.true:
        return True
    if cell in source.false:
        return False
    said = {"true": True, "false": False, "1": True, "0": False}.get(str(cell).lower())
    if said is None:
        raise ValueError("neither true nor false; name the values in the mapping")
    return said


def _written(cell: Any) -> str:
    if isinstance(cell, float):
        if not cell.is_integer():
            raise ValueError("a fraction where a text or an id is wanted")
        return str(int(cell))
    return str(cell)


def _text(field: FieldDef, tokens: Tokens, text: str) -> str:
    if not 1 <= len(text) <= field.length_max:
        raise ValueError(f"empty or longer than {field.length_max} characters")
    if field.values and text not in field.values:
        raise ValueError("not one of the declared values")
    return tokens.token(field.identifier, text) if field.identifier is not None else text


def ids(source: Source, rows: Iterable[int], table: Table, tell: Callable[[int, str], None]) -> list[str]:
    """The event ids of some rows."""
    out = []
    for row in rows:
        cell = source.literal if source.column is None else table[source.column][row]
        try:
            if cell is None or cell == "":
                raise ValueError("missing")
            written = source.prefix + _written(cell)
            if len(written) > ID_LENGTH_MAX:
                raise ValueError(f"longer than {ID_LENGTH_MAX} characters")
            out.append(written)
        except ValueError as error:
            tell(row, str(error))
            out.append("")
    return out


def field_values(
    event: EventDef, sources: Mapping[str, Source], rows: int, table: Table, tokens: Tokens,
    tell: Callable[[int, str, str], None],
) -> list[Scalars]:  # fmt: skip
    """The values of all fields of an event type, row by row. `tell` gets (row, field, problem)."""
    columns: list[Sequence[Scalar]] = []
    for field in event.fields:
        source = sources.get(field.name)
        if source is None:
            columns.append([None] * rows)
            continue
        currency = None
        if field.type.currency_field is not None and field.type.of is None and field.type.currency_field in sources:
            beside = sources[field.type.currency_field]
            currency = [beside.literal] * rows if beside.column is None else table[beside.column]
        columns.append(values(field, source, rows, table, tokens, currency, about(tell, field.name)))
    return list(zip(*columns, strict=True)) if columns else [()] * rows


def about(tell: Callable[[int, str, str], None], name: str) -> Callable[[int, str], None]:
    """Tell problems of one column."""
    return lambda row, why: tell(row, name, why)
