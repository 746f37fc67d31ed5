"""What entities did, in one SQLite file. It can be thrown away: whoever follows the journal makes it again."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from jindi.ports import Acts, ActStoreFailure, DayCount, RoleSum, RuleHits
from jindi.stores.sqlite_base import WAL, FollowedStore

_SCHEMA = (
    "create table actors (id integer primary key, name text not null unique)",
    # One entity's decisions of one outcome are one stretch of this table, in the order of the journal.
    (
        "create table places (actor integer not null, outcome integer not null, seq integer not null, "
        "primary key (actor, outcome, seq)) without rowid"
    ),
    (
        "create table days (actor integer not null, day integer not null, n0 integer not null, n1 integer not null, "
        "n2 integer not null, n3 integer not null, n4 integer not null, primary key (actor, day)) without rowid"
    ),
    (
        "create table sums (actor integer not null, event text not null, role text not null, "
        "first_us integer not null, last_us integer not null, seen integer not null, stopped integer not null, "
        "primary key (actor, event, role)) without rowid"
    ),
    (
        "create table money (actor integer not null, event text not null, role text not null, "
        "currency text not null, allowed integer not null, held integer not null, "
        "primary key (actor, event, role, currency)) without rowid"
    ),
    (
        "create table hits (actor integer not null, policy text not null, rule text not null, "
        "first_us integer not null, last_us integer not null, hits integer not null, "
        "primary key (actor, policy, rule)) without rowid"
    ),
    # Where each day begins in the journal, so that a day is a place.
    "create table firsts (day integer primary key, seq integer not null)",
    "create table cursor (one integer primary key check (one = 1), next integer not null, mark blob not null)",
    "insert into cursor values (1, 0, x'')",
)
_TABLES = ("places", "days", "sums", "money", "hits")
_PUT_DAY = (
    "insert into days values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (actor, day) do update set "
    "n0 = n0 + excluded.n0, n1 = n1 + excluded.n1, n2 = n2 + excluded.n2, n3 = n3 + excluded.n3, n4 = n4 + excluded.n4"
)
_PUT_SUM = (
    "insert into sums values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (actor, event, role) do update set "
    "last_us = excluded.last_us, seen = seen + excluded.seen, stopped = stopped + excluded.stopped"
)
_PUT_MONEY = (
    "insert into money values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (actor, event, role, currency) do update set "
    "allowed = allowed + excluded.allowed, held = held + excluded.held"
)
_PUT_HITS = (
    "insert into hits values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (actor, policy, rule) do update set "
    "last_us = excluded.last_us, hits = hits + excluded.hits"
)
_PART = (
    "select * from (select seq, outcome from places where actor = ? and outcome = ? and seq < ? "
    "order by seq desc limit ?)"
)
_ACTOR = "select id from actors where name = ?"
_DAYS = "select day, n0, n1, n2, n3, n4 from days where actor = ? and day >= ? order by day"
_SUMS = "select event, role, first_us, last_us, seen, stopped from sums where actor = ? order by event, role"
_MONEY = "select event, role, currency, allowed, held from money where actor = ? order by event, role, currency"
_HITS = (
    "select policy, rule, first_us, last_us, hits from hits where actor = ? order by hits desc, policy, rule limit ?"
)
_ENDS = "select max(id), count(*) from (select id from actors where id > ? order by id limit ?)"
_FIRST = "select seq from firsts where day >= ? order by day limit 1"
_BETWEEN = "select id from actors where id > ? and id <= ?"
_HAS_PLACE = "select 1 from places where actor = ? limit 1"
_PRAGMAS = (*WAL, "cache_size = -65536")
_ASKED_AT_ONCE = 500
_OUTCOMES = range(5)
_LAST = (1 << 63) - 1


class SqliteActs(FollowedStore):
    """The `ActStore` port over one SQLite file; `:memory:` keeps it in memory."""

    HOLDS, FAILURE = "the entities' decisions", ActStoreFailure
    TABLES = _SCHEMA
    PRAGMAS = _PRAGMAS

    def put(self, acts: Acts, cursor: int, mark: bytes) -> None:
        """Add what was seen to what is there, and move the cursor: all of it or nothing."""
        with self._changing() as base:
            ids = _ids(base, {name for name, _, _ in acts.places})
            # In the order of the table: neighbours are written together.
            base.executemany("insert into places values (?, ?, ?)", sorted((ids[n], o, s) for n, o, s in acts.places))
            base.executemany(_PUT_DAY, ((ids[name], each.day, *each.counts) for name, each in acts.days))
            base.executemany(_PUT_SUM, ((ids[name], *each[:6]) for name, each in acts.sums))
            base.executemany(_PUT_MONEY, _moneys(ids, acts))
            base.executemany(_PUT_HITS, ((ids[name], *each) for name, each in acts.hits))
            base.executemany("insert into firsts values (?, ?) on conflict (day) do nothing", acts.firsts)
            base.execute("update cursor set next = ?, mark = ?", (cursor, mark))

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""
        with self._changing() as base:
            for table in ("actors", "firsts", *_TABLES):
                base.execute(f"delete from {table}")  # noqa: S608 - constants
            base.execute("update cursor set next = 0, mark = x''")

    def places(
        self, name: str, outcomes: Sequence[int], before: int | None, limit: int
    ) -> Sequence[tuple[int, int]]:  # fmt: skip
        """Where the newest decisions that name an entity stand in the journal, each with its outcome, newest first;
        only those of some outcomes, and only places below `before` when it is given.
        """
        actor = self._actor(name)
        if actor is None or not outcomes:
            return []
        asked, given = _placing(actor, outcomes, before, limit)
        return [(int(seq), int(outcome)) for seq, outcome in self._ask(asked, *given)]

    def days(self, name: str, since: int) -> Sequence[DayCount]:
        """An entity's days from one on, oldest first; days without a decision are not there."""
        actor = self._actor(name)
        return [] if actor is None else [DayCount(day, tuple(n)) for day, *n in self._ask(_DAYS, actor, since)]

    def sums(self, name: str) -> Sequence[RoleSum]:
        """What an entity did, by event type and role."""
        actor = self._actor(name)
        if actor is None:
            return []
        money: dict[tuple[str, str], list[tuple[str, int, int]]] = {}
        for event, role, currency, minor, kept in self._ask(_MONEY, actor):
            money.setdefault((event, role), []).append((currency, minor, kept))
        found = []
        for event, role, first_us, last_us, seen, stopped in self._ask(_SUMS, actor):
            sums = money.get((event, role), [])
            allowed = tuple((currency, minor) for currency, minor, _ in sums if minor)
            held = tuple((currency, minor) for currency, _, minor in sums if minor)
            found.append(RoleSum(event, role, first_us, last_us, seen, stopped, allowed, held))
        return found

    def hits(self, name: str, limit: int) -> Sequence[RuleHits]:
        """The rules that its decisions hit, the most frequent first."""
        actor = self._actor(name)
        return [] if actor is None else [RuleHits(*row) for row in self._ask(_HITS, actor, limit)]

    def drop(self, before: int, after: int, count: int) -> int | None:
        """Drop places and days before a day among `count` entities behind a place, and who has none left; where to go
        on, None at the end. From 0 on, piece by piece, all are looked at.
        """
        last, found = self._ask(_ENDS, after, count)[0]
        if not found:
            return None
        first = self._ask(_FIRST, before)
        until = int(first[0][0]) if first else _LAST
        with self._changing() as base:
            for (actor,) in base.execute(_BETWEEN, (after, last)).fetchall():
                for outcome in _OUTCOMES:
                    base.execute(
                        "delete from places where actor = ? and outcome = ? and seq < ?", (actor, outcome, until)
                    )
                base.execute("delete from days where actor = ? and day < ?", (actor, before))
                if not base.execute(_HAS_PLACE, (actor,)).fetchall():
                    for table in _TABLES:
                        base.execute(f"delete from {table} where actor = ?", (actor,))  # noqa: S608 - constants
                    base.execute("delete from actors where id = ?", (actor,))
        return int(last) if found == count else None

    def plans(self) -> Sequence[str]:
        """How SQLite goes about each question, for whoever checks that nothing reads a whole table."""
        asked: list[tuple[str, Sequence[object]]] = [
            _placing(1, tuple(_OUTCOMES), None, 10), (_ACTOR, ("x",)), (_DAYS, (1, 0)), (_SUMS, (1,)), (_MONEY, (1,)),
            (_HITS, (1, 10)), (_ENDS, (0, 10)), (_FIRST, (0,)), (_BETWEEN, (0, 1)), (_HAS_PLACE, (1,)),
        ]  # fmt: skip
        return [str(step[3]) for said, given in asked for step in self._ask(f"explain query plan {said}", *given)]

    # ---- inside

    def _actor(self, name: str) -> int | None:
        found = self._ask(_ACTOR, name)
        return int(found[0][0]) if found else None


def _placing(
    actor: int, outcomes: Sequence[int], before: int | None, limit: int
) -> tuple[str, list[object]]:  # fmt: skip
    """What finds a page: one part for each outcome, read in order from the table and merged, none to its end."""
    given: list[object] = []
    for outcome in outcomes:
        given += [actor, outcome, _LAST if before is None else before, limit]
    return f"{' union all '.join([_PART] * len(outcomes))} order by 1 desc limit ?", [*given, limit]


def _ids(base: sqlite3.Connection, names: Iterable[str]) -> Mapping[str, int]:
    ordered, found = sorted(names), dict[str, int]()
    base.executemany(
        "insert into actors (name) values (?) on conflict (name) do nothing", ((each,) for each in ordered)
    )
    for first in range(0, len(ordered), _ASKED_AT_ONCE):
        some = ordered[first : first + _ASKED_AT_ONCE]
        marks = ", ".join("?" * len(some))
        found |= dict(base.execute(f"select name, id from actors where name in ({marks})", some))  # noqa: S608 - marks
    return found


def _moneys(ids: Mapping[str, int], acts: Acts) -> Iterable[tuple[object, ...]]:
    for name, each in acts.sums:
        allowed, held = dict(each.money), dict(each.held)
        for currency in sorted({*allowed, *held}):
            yield ids[name], each.event_type, each.role, currency, allowed.get(currency, 0), held.get(currency, 0)
