"""Links in one SQLite file. It can be thrown away: whoever follows the journal makes it again."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from jindi.ports import Link, LinkEntity, LinkQuery, LinkStoreFailure, Near
from jindi.stores.sqlite_base import WAL, FollowedStore

_T = TypeVar("_T")

_SCHEMA = (
    (
        "create table entities (id integer primary key, name text not null unique, first_us integer not null, "
        "last_us integer not null, seen integer not null, stopped integer not null, worst integer not null, "
        "degree integer not null default 0)"
    ),
    "create table roles (id integer primary key, name text not null unique, links integer not null default 0)",
    (
        "create table links (id integer primary key, a integer not null, b integer not null, roles integer not null, "
        "first_us integer not null, last_us integer not null, seen integer not null, stopped integer not null, "
        "worst integer not null, money text not null, unique (a, b, roles))"
    ),
    "create index links_of on links (b)",
    # Degrees, and how many links there are in which roles, follow from the links themselves. Who has none left goes.
    (
        "create trigger linked after insert on links begin "
        "update entities set degree = degree + 1 where id in (new.a, new.b); "
        "update roles set links = links + 1 where id = new.roles; end"
    ),
    (
        "create trigger parted after delete on links begin "
        "update entities set degree = degree - 1 where id in (old.a, old.b); "
        "update roles set links = links - 1 where id = old.roles; "
        "delete from entities where degree = 0 and id in (old.a, old.b); end"
    ),
    "create table cursor (one integer primary key check (one = 1), next integer not null, mark blob not null)",
    "insert into cursor values (1, 0, x'')",
)
_ANEW = "excluded.first_us - last_us > ?7"
_PUT_ENTITY = (
    "insert into entities (name, first_us, last_us, seen, stopped, worst) values (?1, ?2, ?3, ?4, ?5, ?6) "  # noqa: S608
    "on conflict (name) do update set last_us = excluded.last_us, "
    f"first_us = iif({_ANEW}, excluded.first_us, first_us), seen = iif({_ANEW}, 0, seen) + excluded.seen, "
    f"stopped = iif({_ANEW}, 0, stopped) + excluded.stopped, worst = max(iif({_ANEW}, 0, worst), excluded.worst)"
)
_LINK_ANEW = "excluded.first_us - last_us > ?10"
_PUT_LINK = (
    "insert into links (a, b, roles, first_us, last_us, seen, stopped, worst, money) values "  # noqa: S608
    "((select id from entities where name = ?1), (select id from entities where name = ?2), "
    "(select id from roles where name = ?3), ?4, ?5, ?6, ?7, ?8, ?9) "
    "on conflict (a, b, roles) do update set last_us = excluded.last_us, "
    f"first_us = iif({_LINK_ANEW}, excluded.first_us, first_us), "
    f"seen = iif({_LINK_ANEW}, 0, seen) + excluded.seen, "
    f"stopped = iif({_LINK_ANEW}, 0, stopped) + excluded.stopped, "
    f"worst = max(iif({_LINK_ANEW}, 0, worst), excluded.worst), "
    f"money = case when money = '' or {_LINK_ANEW} then excluded.money when excluded.money = '' then money "
    "else both(money, excluded.money) end"
)
_ENTITY = "{0}.name, {0}.first_us, {0}.last_us, {0}.seen, {0}.stopped, {0}.worst, {0}.degree"
_LINK = "l.first_us, l.last_us, l.seen, l.stopped, l.worst, l.money"
_ENDS = "select max(id), count(*) from (select id from links where id > ? order by id limit ?)"
_COMPANY = tuple(
    f"select e.name from (select {other} as other from links where {mine} = ? limit ?) "  # noqa: S608 - constants
    "join entities e on e.id = other"
    for mine, other in (("a", "b"), ("b", "a"))
)
_PRAGMAS = (*WAL, "cache_size = -65536")
_ASKED_AT_ONCE = 200


class SqliteLinks(FollowedStore):
    """The `LinkStore` port over one SQLite file; `:memory:` keeps it in memory."""

    HOLDS, FAILURE = "links", LinkStoreFailure
    TABLES = _SCHEMA
    PRAGMAS = _PRAGMAS

    @classmethod
    def _connected(cls, place: str) -> sqlite3.Connection:
        base = super()._connected(place)
        base.create_function("both", 2, _both, deterministic=True)
        return base

    def put(
        self, entities: Collection[LinkEntity], links: Collection[Link], cursor: int, mark: bytes, keep_us: int
    ) -> None:
        """Add what was seen to what is there, and move the cursor: all of it or nothing. What had not been seen for
        longer than `keep_us` begins anew. Degrees follow from the links; those that are given are not looked at.
        """
        with self._changing() as base:
            base.executemany(_PUT_ENTITY, ((*each[:6], keep_us) for each in entities))
            roles = {(each.roles,) for each in links}
            base.executemany("insert into roles (name) values (?) on conflict (name) do nothing", roles)
            base.executemany(_PUT_LINK, ((*each[:8], _text(each.money), keep_us) for each in links))
            base.execute("update cursor set next = ?, mark = ?", (cursor, mark))

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""
        with self._changing() as base:
            for table in ("links", "entities", "roles"):
                base.execute(f"delete from {table}")  # noqa: S608 - constants
            base.execute("update cursor set next = 0, mark = x''")

    def entities(self, names: Collection[str]) -> Mapping[str, LinkEntity]:
        """Those of these entities that have links, by name."""
        found: list[tuple[Any, ...]] = []
        for some in _pieces(sorted(names)):
            found += self._ask(_named(len(some)), *some)
        return {each[0]: LinkEntity(*each) for each in found}

    def near(self, name: str, query: LinkQuery, limit: int) -> Sequence[Near]:
        """The links of an entity: the heaviest outcome first, then the newest, then by the other's name and roles."""
        where, given = _where(query)
        found = self._ask("select id from entities where name = ?", name)
        if not found:
            return []
        one = found[0][0]
        rows = self._ask(_near_of(where), one, *given, one, *given, limit)
        return [_near(name, row) for row in rows]

    def between(self, names: Collection[str], query: LinkQuery) -> Sequence[Link]:
        """All links that have both ends among these entities, by their ends and roles."""
        where, given = _where(query)
        ids: dict[int, str] = {}
        for some in _pieces(sorted(names)):
            asked = f"select id, name from entities where name in ({_marks(len(some))})"  # noqa: S608 - marks only
            ids |= {int(one): str(name) for one, name in self._ask(asked, *some)}
        links = []
        for one, name in ids.items():
            for others in _pieces(list(ids)):
                rows = self._ask(_between_of(where, len(others)), one, *others, *given)
                for b, roles, first_us, last_us, seen, stopped, worst, money in rows:
                    links.append(Link(name, ids[b], roles, first_us, last_us, seen, stopped, worst, _money(money)))
        return sorted(links)

    def company(self, name: str, kind: str, limit: int) -> tuple[int, bool]:
        """How many entities of a kind an entity has links with, and whether that is all: only so many links are looked
        at on either side.
        """
        found = self._ask("select id from entities where name = ?", name)
        if not found:
            return 0, True
        sides = [self._ask(side, found[0][0], limit) for side in _COMPANY]
        others = {other for side in sides for (other,) in side if other.startswith(f"{kind}:")}
        return len(others), all(len(side) < limit for side in sides)

    def roles(self) -> Mapping[str, int]:
        """How many links there are in which roles."""
        return dict(self._ask("select name, links from roles where links > 0 order by name"))

    def drop(self, before_us: int, after: int, count: int) -> int | None:
        """Drop those links that were not seen since an instant, and who has none left, among `count` links behind a
        place; where to go on, None at the end. From 0 on, piece by piece, all are looked at.
        """
        last, found = self._ask(_ENDS, after, count)[0]
        if found:
            with self._changing() as base:
                base.execute("delete from links where id > ? and id <= ? and last_us < ?", (after, last, before_us))
        return int(last) if found == count else None

    def plans(self, query: LinkQuery) -> Sequence[str]:
        """How SQLite goes about a question, for whoever checks that nothing reads a whole table."""
        where, given = _where(query)
        asked: list[tuple[str, tuple[object, ...]]] = [
            (_near_of(where), (1, *given, 1, *given, 10)),
            (_between_of(where, 2), (1, 2, 3, *given)),
            (_named(2), ("x", "y")),
            (_ENDS, (0, 10)),
            *((side, (1, 10)) for side in _COMPANY),
        ]
        return [str(step[3]) for said, values in asked for step in self._ask(f"explain query plan {said}", *values)]


def _where(query: LinkQuery) -> tuple[str, list[object]]:
    said, given = "", list[object]()
    if query.since_us is not None:
        said += " and l.last_us >= ?"
        given.append(query.since_us)
    if query.until_us is not None:
        said += " and l.first_us <= ?"
        given.append(query.until_us)
    if query.roles:
        said += f" and l.roles in (select id from roles where name in ({_marks(len(query.roles))}))"  # noqa: S608 - marks
        given += query.roles
    return said, given


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _named(count: int) -> str:
    return f"select {_ENTITY.format('e')} from entities e where e.name in ({_marks(count)})"  # noqa: S608 - constants


def _near_of(where: str) -> str:
    sides = [
        f"select {is_a}, r.name, {_LINK}, {_ENTITY.format('e')} from links l "  # noqa: S608 - constants
        f"join entities e on e.id = l.{other} join roles r on r.id = l.roles where l.{mine} = ? {where}"
        for is_a, mine, other in ((1, "a", "b"), (0, "b", "a"))
    ]
    # Numbers of columns: the link's worst, its last_us, the other's name, the roles.
    return f"{' union all '.join(sides)} order by 7 desc, 4 desc, 9, 2 limit ?"


def _between_of(where: str, count: int) -> str:
    return (
        f"select l.b, r.name, {_LINK} from links l join roles r on r.id = l.roles "  # noqa: S608 - constants
        f"where l.a = ? and l.b in ({_marks(count)}) {where}"
    )


def _pieces(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (values[first : first + _ASKED_AT_ONCE] for first in range(0, len(values), _ASKED_AT_ONCE))


def _near(name: str, row: tuple[Any, ...]) -> Near:
    is_a, roles, first_us, last_us, seen, stopped, worst, money, *other = row
    a, b = (name, other[0]) if is_a else (other[0], name)
    return Near(Link(a, b, roles, first_us, last_us, seen, stopped, worst, _money(money)), LinkEntity(*other))


def _text(money: Sequence[tuple[str, int]]) -> str:
    """Money as one text.

    >>> _text((("CNY", 120), ("USD", 5))), _money("CNY 120 USD 5")
    ('CNY 120 USD 5', (('CNY', 120), ('USD', 5)))
    """
    return " ".join(f"{currency} {minor}" for currency, minor in money)


def _money(text: str) -> tuple[tuple[str, int], ...]:
    words = text.split()
    return tuple((currency, int(minor)) for currency, minor in zip(words[::2], words[1::2], strict=True))


def _both(one: str, other: str) -> str:
    """Two sums of money in one text."""
    sums = dict(_money(one))
    for currency, minor in _money(other):
        sums[currency] = sums.get(currency, 0) + minor
    return _text(sorted(sums.items()))
