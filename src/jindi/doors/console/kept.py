"""Filters of tables that are kept under a name: which tables there are, and what a page shows of the kept ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.requests import Request

from jindi.doors.console.view import View
from jindi.run.filters import Filters, SavedFilter

TOLD: Final = (
    "done", "forgotten", "renamed", "no_name", "name_too_long", "name_taken", "personal", "too_many", "not_there",
)  # fmt: skip
"""What an address may say became of a filter."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The kept filters of a table as a page shows them. `told` says what became of one."""

    table: str
    path: str
    asked: Mapping[str, str]
    filters: tuple[SavedFilter, ...]
    told: str
    may: bool
    shares: bool


class Keeping(Protocol):
    """A table as far as keeping its filters goes."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def path(self) -> str:
        """Its page."""

    @property
    def read(self) -> str:
        """The action of whoever looks at it."""

    @property
    def keeps(self) -> str:
        """A further action that somebody must be allowed to do; "" for none."""

    @property
    def shares(self) -> bool:
        """Whether a filter may be for all."""

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of what an address may ask for."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table that filters by itself: what an address may ask of it are the `filters`."""

    name: str
    path: str
    read: str
    filters: tuple[str, ...]
    keeps: str = ""
    shares: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """Tables that are alike, each named `PREFIX:NAME`: `find` knows which there are now, `filters` is what an address
    may ask of any of them.
    """

    prefix: str
    find: Callable[[str], Keeping | None]
    filters: tuple[str, ...]


class Tables:
    """All tables of a console, by name. Without `filters` none are kept."""

    def __init__(self, filters: Filters | None) -> None:
        self.filters = filters
        self._known: dict[str, Keeping] = {}
        self._kinds: dict[str, Kind] = {}

    def know(self, table: Keeping) -> None:
        """Take a table in; its name is its own."""
        assert table.name not in self._known, "a table has a name of its own"
        self._known[table.name] = table

    def know_kind(self, kind: Kind) -> None:
        """Take in a kind of table of which there are as many as the packs say."""
        assert kind.prefix not in self._kinds, "a kind has a prefix of its own"
        self._kinds[kind.prefix] = kind

    def get(self, name: str) -> Keeping | None:
        """A table by its name."""
        prefix, _, own = name.partition(":")
        kind = self._kinds.get(prefix)
        return kind.find(own) if kind is not None and own else self._known.get(name)

    @property
    def filtered(self) -> frozenset[str]:
        """The names of everything that an address may ask of any table."""
        own = {name for each in self._known.values() for name in each.filters}
        return frozenset(own.union(*(each.filters for each in self._kinds.values())))

    def kept(self, request: Request, view: View, table: Keeping, asked: Mapping[str, str]) -> Kept:
        """The kept filters of a table for whoever looks at it. `asked` is what the page shows now."""
        assert view.session is not None, "asked before"
        may = self.filters is not None and may_keep(view, table)
        mine = self.filters.of(view.session.principal.name, table.name) if self.filters is not None and may else []
        told = request.query_params.get("kept", "")
        return Kept(
            # Where a look goes on is no part of what somebody keeps.
            table.name, table.path, {name: value for name, value in asked.items() if name != "before"}, tuple(mine),
            view.t(f"kept.{told}") if told in TOLD else "", may, table.shares,
        )  # fmt: skip


def may_keep(view: View, table: Keeping) -> bool:
    """Whether the reader may keep filters of a table."""
    return view.may("table.filter") and view.may(table.read) and (not table.keeps or view.may(table.keeps))
