"""Notifications in one SQLite file: each write is durable, for what was told must not be told again."""

import os
import sqlite3
from collections.abc import Collection, Sequence

from jindi.ports import DeliveryRow, NoticeQuery, NoticeRow, NoticeStoreFailure, WatchRow
from jindi.stores.sqlite_base import SqliteStore, connected, made, version_of

_SCHEMA = (
    (
        "create table notices (key text primary key, notice text not null, person text not null, "
        "occasion text not null, level integer not null, at_us integer not null, body blob not null, "
        "read_us integer not null) without rowid"
    ),
    "create index by_person on notices (person, at_us, key)",
    "create index by_unread on notices (person, occasion, at_us, key) where read_us = 0",
    "create index by_notice on notices (notice, read_us)",
    "create index by_age on notices (at_us)",
    (
        "create table deliveries (key text primary key, channel text not null, person text not null, "
        "occasion text not null, level integer not null, at_us integer not null, body blob not null, "
        "state text not null, next_us integer not null, tries integer not null, why text not null, "
        "done_us integer not null) without rowid"
    ),
    "create index by_due on deliveries (next_us, at_us, key) where state in ('waiting', 'held')",
    "create index by_time on deliveries (at_us, key)",
    "create index by_channel on deliveries (channel, at_us, key)",
    (
        "create table watches (notice text primary key, step integer not null, due_us integer not null, "
        "body blob not null)"
    ),
    "create index by_step on watches (due_us)",
    "create table cursor (one integer primary key check (one = 1), next integer not null, looked_us integer not null)",
)

_NOTICES = "select key, notice, person, occasion, level, at_us, body, read_us from notices"
_DELIVERIES = (
    "select key, channel, person, occasion, level, at_us, body, state, next_us, tries, why, done_us from deliveries"
)
_ADD_NOTICE = f"insert or ignore into notices values ({', '.join('?' * 8)})"  # noqa: S608 - constants
_ADD_DELIVERY = f"insert or ignore into deliveries values ({', '.join('?' * 12)})"  # noqa: S608 - constants
_PUT_DELIVERY = f"replace into deliveries values ({', '.join('?' * 12)})"  # noqa: S608 - constants
_ORDERS = {"at": "at_us", "level": "level", "occasion": "occasion", "read": "read_us > 0"}
_PRAGMAS = ("journal_mode = wal", "synchronous = full", "cache_size = -4096", "temp_store = memory")


class SqliteNotices(SqliteStore):
    """The `NoticeStore` port over one SQLite file; `:memory:` keeps it in memory."""

    HOLDS, FAILURE = "notifications", NoticeStoreFailure
    REMEDY = "start the platform again; should it not help, move the file away: what was told is forgotten with it"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        place = os.fspath(path)
        super().__init__(place, self._opened(place, lambda: _with_tables(place)))

    def cursor(self) -> tuple[int, int] | None:
        """The first record that has not been looked at, and the instant until which the clock was; None: neither."""
        found = self._ask("select next, looked_us from cursor")
        return (int(found[0][0]), int(found[0][1])) if found else None

    def put(
        self, notices: Collection[NoticeRow], deliveries: Collection[DeliveryRow], watches: Collection[WatchRow],
        done: Collection[str], cursor: int, looked_us: int,
    ) -> int:  # fmt: skip
        """Rows that are not there yet (of watches also those that are), without the watches of `done`, and the cursor:
        all of it or nothing. How many notifications were new.
        """
        with self._changing() as base:
            before = base.total_changes
            base.executemany(_ADD_NOTICE, notices)
            new = base.total_changes - before
            base.executemany(_ADD_DELIVERY, deliveries)
            base.executemany("replace into watches values (?, ?, ?, ?)", watches)
            base.executemany("delete from watches where notice = ?", [(each,) for each in done])
            base.execute("replace into cursor values (1, ?, ?)", (cursor, looked_us))
        return new

    def find(self, query: NoticeQuery) -> Sequence[NoticeRow]:
        """Somebody's notifications, in their order; of equal ones the newest first."""
        ask, values = _finding(query)
        return [NoticeRow(*each) for each in self._ask(ask, *values)]

    def count(self, query: NoticeQuery) -> int:
        """How many there are, whatever the limit."""
        where, values = _where(query)
        return int(self._ask(f"select count(*) from notices {where}", *values)[0][0])  # noqa: S608 - constants

    def read(self, person: str, keys: Collection[str] | None, at_us: int) -> int:
        """Note that somebody has read these of his own, or all; how many he had not."""
        with self._changing() as base:
            before = base.total_changes
            if keys is None:
                base.execute("update notices set read_us = ? where person = ? and read_us = 0", (at_us, person))
            else:
                change = "update notices set read_us = ? where key = ? and person = ? and read_us = 0"
                base.executemany(change, [(at_us, key, person) for key in keys])
            return base.total_changes - before

    def is_read(self, notice: str) -> bool:
        """Whether anybody has read a notification."""
        return bool(self._ask("select 1 from notices where notice = ? and read_us > 0 limit 1", notice))

    def watches(self, now_us: int, limit: int) -> Sequence[WatchRow]:
        """What may have to go on to somebody else now."""
        ask = "select notice, step, due_us, body from watches where due_us <= ? order by due_us limit ?"
        return [WatchRow(*each) for each in self._ask(ask, now_us, limit)]

    def due(self, now_us: int, limit: int) -> Sequence[DeliveryRow]:
        """What is to be sent now, the oldest first."""
        ask = f"{_DELIVERIES} where state in ('waiting', 'held') and next_us <= ? order by next_us, at_us, key limit ?"
        return [DeliveryRow(*each) for each in self._ask(ask, now_us, limit)]

    def settle(self, deliveries: Collection[DeliveryRow]) -> None:
        """Rows in the place of those of the same key."""
        with self._changing() as base:
            base.executemany(_PUT_DELIVERY, deliveries)

    def log(self, limit: int, offset: int = 0, channel: str | None = None) -> Sequence[DeliveryRow]:
        """What was sent and what was not, the newest first."""
        where, values = ("where channel = ?", [channel]) if channel is not None else ("", [])
        ask = f"{_DELIVERIES} {where} order by at_us desc, key limit ? offset ?"
        return [DeliveryRow(*each) for each in self._ask(ask, *values, limit, offset)]

    def delivery(self, key: str) -> DeliveryRow | None:
        """One of them."""
        found = self._ask(f"{_DELIVERIES} where key = ?", key)
        return DeliveryRow(*found[0]) if found else None

    def prune(self, before_us: int) -> int:
        """Forget what is older and no longer on its way; how many notifications there were."""
        with self._changing() as base:
            before = base.total_changes
            base.execute("delete from notices where at_us < ?", (before_us,))
            gone = base.total_changes - before
            base.execute("delete from deliveries where at_us < ? and state in ('sent', 'failed')", (before_us,))
        return gone

    def plans(self, query: NoticeQuery) -> Sequence[str]:
        """How SQLite goes about what each page asks, for whoever checks that nothing reads a whole table."""
        where, values = _where(query)
        asked: list[tuple[str, list[object]]] = [
            (f"select count(*) from notices {where}", values),  # noqa: S608 - constants
            _finding(query),
            (f"{_DELIVERIES} where state in ('waiting', 'held') and next_us <= 0 order by next_us, at_us, key", []),
        ]
        return [str(step[3]) for ask, given in asked for step in self._ask(f"explain query plan {ask}", *given)]


def _where(query: NoticeQuery) -> tuple[str, list[object]]:
    terms: list[tuple[str, object]] = [("person = ?", query.person)]
    for term, value in (
        ("occasion = ?", query.occasion), ("level = ?", query.level), ("at_us >= ?", query.since_us),
        ("at_us < ?", query.until_us),
    ):  # fmt: skip
        if value is not None:
            terms.append((term, value))
    said = " and ".join(term for term, _ in terms) + (" and read_us = 0" if query.unread else "")
    return f"where {said}", [value for _, value in terms]


def _finding(query: NoticeQuery) -> tuple[str, list[object]]:
    """What finds a page. Somebody's own are a few hundred: an order other than by time is made of them, by no index."""
    where, values = _where(query)
    turn = "desc" if query.descending else "asc"
    order = f"{_ORDERS[query.order]} {turn}" if query.order != "at" else ""
    by = ", ".join(filter(None, (order, "at_us asc" if query.order == "at" and not query.descending else "at_us desc")))
    return f"{_NOTICES} {where} order by {by}, key limit ? offset ?", [*values, query.limit, query.offset]


def _with_tables(path: str) -> sqlite3.Connection:
    """The database with its tables. What another version left is not touched: nobody else could say what was told."""
    base = connected(path, _PRAGMAS)
    try:
        version = base.execute("pragma user_version").fetchone()[0]
        if version == version_of(_SCHEMA):
            return base
        if version or base.execute("select count(*) from sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("its tables are another version's")
        made(base, _SCHEMA)
    except BaseException:
        base.close()
        raise
    return base
