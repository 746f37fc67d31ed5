"""What every table of the console has: a filter, an order, pages, and a file of exactly what is shown.

A page declares its columns once and gives the rows; the rest follows, and all of it stands in the address, so that a
view can be kept, passed on and taken away. Tables whose rows are read from a store page by page (cases, decisions,
entries of a list, the audit) bring a filter of their own and have from here what the others have.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final, Generic, Literal, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.basics.instants import format_instant
from jindi.doors.console.doors import Doors
from jindi.doors.console.kept import Kept
from jindi.doors.console.tables import FORMS, Lines, as_file
from jindi.doors.console.tables import Form as FileForm
from jindi.doors.console.view import View, address, is_fit_for_address

ROWS: Final = 50
TEXT_MAX: Final = 80
CHOICES_MAX: Final = 200
"""So many values of a column are offered; whoever looks for another one types it."""

EXPORT_ROWS_MAX: Final = 10_000
"""(design default) So many rows has a file at the most."""

EXPORT_ROWS_AT_ONCE: Final = 250

Value = str | int | float | bool | None | tuple[str, ...]
Kind = Literal["text", "number", "time", "money", "outcome"]
"""How a column reads: numbers, times and money begin with the largest when they are sorted by."""

R = TypeVar("R")


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column. `name` stands in addresses and files, `word` is the id of its head, `of` gives what it is sorted and
    filtered by and what a file says. `chosen`: its values are offered as a filter, each as `said` says it. A column
    that is not `shown` is in files and filters alone.
    """

    name: str
    word: str
    of: Callable[[R], Value]
    kind: Kind = "text"
    chosen: bool = False
    said: Callable[[View, str], str] | None = None
    sorts: bool = True
    exports: bool = True
    searched: bool = True
    shown: bool = True

    def text(self, row: R) -> str:
        """What a file says."""
        value = self.of(row)
        if value is None:
            return ""
        if isinstance(value, tuple):
            return " ".join(value)
        if self.kind == "time" and isinstance(value, int):
            return format_instant(value)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def values(self, row: R) -> tuple[str, ...]:
        """What a filter finds it by."""
        value = self.of(row)
        return value if isinstance(value, tuple) else () if value is None else (self.text(row),)


@dataclass(frozen=True)
class Shape(Generic[R]):
    """A table: its name, its address, who may `read` it and who may `export` it ("": nobody), its columns, and what
    tells two rows apart that are equal otherwise. `order` is how it stands when nobody asks for another order: a
    column's name, with "-" where the largest comes first; "": as the rows come. `shares`: filters may be for all.
    `carried` are further parts of an address that choose which rows there are; whoever gives the rows reads them.
    `leaves` tells which rows may be in a file, `page_rows` is how many are on a page.
    """

    name: str
    path: str
    read: str
    columns: tuple[Column[R], ...]
    key: Callable[[R], str]
    export: str = ""
    order: str = ""
    keeps: str = ""
    shares: bool = True
    carried: tuple[str, ...] = ()
    leaves: Callable[[R], bool] = lambda _: True
    page_rows: int = ROWS

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of what an address may ask for."""
        return ("text", *(each.name for each in self.columns if each.chosen), *self.carried, "sort")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; `unknown` are the names of those parts that mean nothing."""

    text: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    unknown: tuple[str, ...] = ()

    @property
    def query(self) -> dict[str, str]:
        """The same as an address has it, but for the page."""
        said = {"text": self.text, **self.chosen, **self.carried, "sort": self.sort}
        return {name: value for name, value in said.items() if value}

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for less than all."""
        return bool(self.text or any(self.chosen.values()))


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: its words, the address that sorts by it (None where nothing does), and how it is sorted."""

    text: str
    is_number: bool
    path: str | None = None
    turn: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter with the values that are offered: each as it stands in an address, and in words."""

    name: str
    text: str
    value: str
    offered: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Listed(Generic[R]):
    """A table as a page shows it: one page of what fits, and all that stands around it. `looked` is how many rows were
    looked at when there may be older ones, None when all were.
    """

    shape: Shape[R]
    rows: tuple[R, ...]
    found: int
    all: int
    last: int
    asked: Asked
    heads: tuple[Head, ...]
    choices: tuple[Choice, ...]
    kept: Kept
    may_export: bool
    looked: int | None = None

    def paged(self, number: int) -> str:
        """The address of another page of the same."""
        return address(self.shape.path, **self.asked.query, page=number if number > 1 else None)


class Table(Generic[R]):
    """A table whose rows are at hand. `rows` gives them as the reader may see them, in their own order; `looked` is how
    many it gives at the most where there may be more.
    """

    def __init__(
        self, shape: Shape[R], doors: Doors, rows: Callable[[View], Awaitable[Sequence[R]]],
        looked: int | None = None,
    ) -> None:  # fmt: skip
        self.shape, self._doors, self._rows, self._looked = shape, doors, rows, looked
        self._columns = {each.name: each for each in shape.columns}
        doors.tables.know(shape)

    def routes(self) -> list[Route]:
        """Where it is taken away, for those who may."""
        if not self.shape.export:
            return []
        handler = self._doors.needs(self.shape.export, self._export, is_recorded=False)
        return [Route(f"{self.shape.path}.{{form}}", handler)]

    # ---- looking

    async def listed(self, request: Request, view: View, rows: Sequence[R] | None = None) -> Listed[R]:
        """What the address asks for, of `rows` where they are given."""
        shape = self.shape
        rows = await self._rows(view) if rows is None else rows
        asked = self.asked(request.query_params)
        found = self.fitting(rows, asked)
        last = max(-(-len(found) // shape.page_rows), 1)
        asked = replace(asked, page=min(asked.page, last))
        first = (asked.page - 1) * shape.page_rows
        looked = len(rows) if self._looked is not None and len(rows) >= self._looked else None
        return Listed(
            shape, tuple(found[first : first + shape.page_rows]), len(found), len(rows), last, asked,
            tuple(self._head(each, asked, view) for each in shape.columns if each.shown),
            tuple(self._choice(each, rows, asked, view) for each in shape.columns if each.chosen),
            self._doors.tables.kept(request, view, shape, asked.query), bool(shape.export) and view.may(shape.export),
            looked,
        )  # fmt: skip

    def stored(self, request: Request, view: View, asked: Asked, rows: Sequence[R], found: int) -> Listed[R]:
        """A table that its store filters, sorts and pages by itself: `rows` are the page that is `asked` for, of
        `found` in all.
        """
        shape = self.shape
        return Listed(
            shape, tuple(rows), found, found, max(-(-found // shape.page_rows), 1), asked,
            tuple(self._head(each, asked, view) for each in shape.columns if each.shown), (),
            self._doors.tables.kept(request, view, shape, asked.query), bool(shape.export) and view.may(shape.export),
        )  # fmt: skip

    def asked(self, given: Mapping[str, str]) -> Asked:
        """What an address asks for, as far as it means something."""
        unknown = []
        text = given.get("text", "").strip()[:TEXT_MAX]
        if text and not is_fit_for_address(text):
            text = ""
            unknown.append("text")
        chosen = {each.name: given.get(each.name, "").strip()[:TEXT_MAX] for each in self.shape.columns if each.chosen}
        for name, value in chosen.items():
            if value and not is_fit_for_address(value):
                chosen[name] = ""
                unknown.append(name)
        sort = given.get("sort", "")
        column = self._columns.get(sort.removeprefix("-"))
        if sort and (column is None or not column.sorts):
            unknown.append("sort")
            sort = ""
        page = given.get("page", "1")
        number = int(page) if page.isascii() and page.isdecimal() and len(page) <= 6 else 0
        if number < 1:
            unknown.append("page")
        carried = {
            name: value
            for name in self.shape.carried
            if (value := given.get(name, "").strip()[:TEXT_MAX]) and is_fit_for_address(value)
        }
        return Asked(text, chosen, carried, sort, max(number, 1), tuple(unknown))

    def fitting(self, rows: Sequence[R], asked: Asked) -> list[R]:
        """All that fits, in order; of two equals the one with the smaller key comes first."""
        wanted = [(self._columns[name], value) for name, value in asked.chosen.items() if value]
        searched = [each for each in self.shape.columns if each.searched]
        text = asked.text.casefold()
        found = [
            row for row in rows
            if all(value in column.values(row) for column, value in wanted)
            and (not text or any(text in column.text(row).casefold() for column in searched))
        ]  # fmt: skip
        order = asked.sort or self.shape.order
        if not order:
            return found
        column = self._columns[order.removeprefix("-")]
        found.sort(key=self.shape.key)
        there = [(value, row) for row in found if (value := _sortable(column.of(row))) is not None]
        there.sort(key=lambda each: each[0], reverse=order.startswith("-"))
        return [row for _, row in there] + [row for row in found if _sortable(column.of(row)) is None]

    def _head(self, column: Column[R], asked: Asked, view: View) -> Head:
        is_number, text = column.kind in ("number", "money"), view.t(column.word)
        if not column.sorts:
            return Head(text, is_number)
        order = asked.sort or self.shape.order
        turn = "" if order.removeprefix("-") != column.name else "descending" if order[0] == "-" else "ascending"
        begins = f"-{column.name}" if column.kind in ("number", "money", "time") else column.name
        other = column.name if begins[0] == "-" else f"-{column.name}"
        sort = begins if order != begins else other
        query = replace(asked, sort="" if sort == self.shape.order else sort).query
        return Head(text, is_number, address(self.shape.path, **query), turn)

    def _choice(self, column: Column[R], rows: Sequence[R], asked: Asked, view: View) -> Choice:
        values = sorted({value for row in rows for value in column.values(row)})[:CHOICES_MAX]
        value = asked.chosen[column.name]
        if value and value not in values:
            values.append(value)
        said = column.said or (lambda _, each: each)
        return Choice(column.name, view.t(column.word), value, tuple((each, said(view, each)) for each in values))

    # ---- taking away

    async def _export(self, request: Request, view: View) -> Response:
        """Exactly what the address shows, all pages of it, as a file. That it is taken away is recorded with its
        number of rows; more than one person may take away alone, nobody does.
        """
        assert view.session is not None, "asked before"
        form, shape = form_of(request), self.shape
        if form is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        if not view.may(shape.read):
            raise HTTPException(HTTPStatus.FORBIDDEN, "error.forbidden.read")
        asked = self.asked(request.query_params)
        found = [row for row in self.fitting(await self._rows(view), asked) if shape.leaves(row)]
        refused = await self._doors.taking(request, view, shape.export, named(self._doors, asked.query), len(found))
        if refused is not None:
            return refused
        columns = [each for each in shape.columns if each.exports]
        return as_file(form, view, shape.name, [each.name for each in columns], self._lines(columns, found))

    async def _lines(self, columns: Sequence[Column[R]], found: Sequence[R]) -> Lines:
        for first in range(0, len(found), EXPORT_ROWS_AT_ONCE):
            yield [[each.text(row) for each in columns] for row in found[first : first + EXPORT_ROWS_AT_ONCE]]
            await asyncio.sleep(0)


def _sortable(value: Value) -> str | float | None:
    """What values of one column are compared by."""
    if isinstance(value, tuple):
        return " ".join(value) or None
    return float(value) if isinstance(value, bool) else value


def form_of(request: Request) -> FileForm | None:
    """The form of a file that an address asks for; None when there is no such one."""
    asked = request.path_params["form"]
    return next((each for each in FORMS if each == asked), None)


def named(doors: Doors, query: Mapping[str, str]) -> str:
    """A filter as the audit may keep it: what somebody typed is a token there."""
    return " ".join(
        f"{name}={doors.blind(value) if name == 'text' else value}" for name, value in sorted(query.items()) if value
    )
