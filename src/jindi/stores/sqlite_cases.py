"""Cases in one SQLite file. It can be thrown away: whoever follows the journal makes it again."""

import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from jindi.ports import CaseAlert, CaseQuery, CaseRow, CaseStep, CaseStoreFailure

_COLUMNS = (
    "id, typology, subject, state, assignee, level, escalated, rank_us, opened_us, due_us, wakes_us, closed_us, money, "
    "alerts"
)
_VERSION = 1
_SCHEMA = (
    (f"create table cases ({_COLUMNS.replace('id,', 'id text primary key,', 1)}, body blob not null) without rowid"),
    # One index for each order in which queues are looked at, and one for whose a case is about.
    "create index by_rank on cases (state, rank_us, id)",
    "create index by_due on cases (state, due_us, id)",
    "create index by_opened on cases (state, opened_us, id)",
    "create index by_closed on cases (state, closed_us, id)",
    "create index by_money on cases (state, money, id)",
    "create index by_assignee on cases (assignee, state, rank_us, id)",
    "create index by_typology on cases (typology, state, rank_us, id)",
    "create index by_subject on cases (subject, typology, opened_us, id)",
    "create index all_by_opened on cases (opened_us, id)",
    "create table tags (tag text not null, case_id text not null, primary key (tag, case_id)) without rowid",
    "create index tags_of on tags (case_id)",
    "create table alerts (seq integer primary key, case_id text not null, at_us integer not null, body blob not null)",
    "create index alerts_of on alerts (case_id, seq)",
    (
        "create table steps (seq integer not null, case_id text not null, at_us integer not null, name text not null, "
        "verb text not null, body blob not null, primary key (case_id, seq)) without rowid"
    ),
    "create table cursor (one integer primary key check (one = 1), next integer not null, mark blob not null)",
    "insert into cursor values (1, 0, x'')",
)
_PUT_CASE = "replace into cases values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PRAGMAS = ("journal_mode = wal", "synchronous = normal", "cache_size = -16384", "temp_store = memory")
"""Whatever a power cut takes, the journal still has: this file needs no sync of its own."""

_ORDERS = {"rank": "rank_us", "due": "due_us", "opened": "opened_us", "closed": "closed_us", "money": "money"}
_REMEDY = "stop the platform, remove the file, start again: it is made anew from the journal"


class SqliteCases:
    """The `CaseStore` port over one SQLite file; `:memory:` keeps it in memory."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._lock = threading.RLock()
        self._base = _opened(self._path)

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""
        found, mark = self._ask("select next, mark from cursor")[0]
        return int(found), bytes(mark)

    def put(
        self, cases: Collection[CaseRow], alerts: Collection[CaseAlert], steps: Collection[CaseStep], cursor: int,
        mark: bytes,
    ) -> None:  # fmt: skip
        """Rows in the place of those of the same id or seq, and the cursor: all of it or nothing. `mark` is what the
        journal is known again by.
        """
        with self._changing() as base:
            base.executemany(_PUT_CASE, [(*each[:14], each.body) for each in cases])
            base.executemany("delete from tags where case_id = ?", [(each.id,) for each in cases])
            base.executemany("insert into tags values (?, ?)", [(tag, each.id) for each in cases for tag in each.tags])
            base.executemany("replace into alerts values (?, ?, ?, ?)", alerts)
            base.executemany("replace into steps values (?, ?, ?, ?, ?, ?)", steps)
            base.execute("update cursor set next = ?, mark = ?", (cursor, mark))

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""
        with self._changing() as base:
            for table in ("cases", "tags", "alerts", "steps"):
                base.execute(f"delete from {table}")  # noqa: S608 - constants
            base.execute("update cursor set next = 0, mark = x''")

    def case(self, identifier: str) -> CaseRow | None:
        """A case by its id."""
        return self._one("where id = ?", identifier)

    def of_subject(self, subject: str, typology: str | None = None) -> Sequence[CaseRow]:
        """All cases of a subject, or those of one kind, the newest first."""
        order = "order by opened_us desc, id desc"
        if typology is None:
            return self._rows(f"where subject = ? {order}", subject)
        return self._rows(f"where subject = ? and typology = ? {order}", subject, typology)

    def alert(self, seq: int) -> CaseAlert | None:
        """The alert that stands at a place of the journal."""
        found = self._ask("select seq, case_id, at_us, body from alerts where seq = ?", seq)
        return CaseAlert(*found[0]) if found else None

    def alerts_of(self, case: str, limit: int | None = None) -> Sequence[CaseAlert]:
        """The alerts of a case, the newest first."""
        ask = "select seq, case_id, at_us, body from alerts where case_id = ? order by seq desc limit ?"
        return [CaseAlert(*each) for each in self._ask(ask, case, -1 if limit is None else limit)]

    def steps_of(self, case: str) -> Sequence[CaseStep]:
        """What happened to a case, the oldest first."""
        ask = "select seq, case_id, at_us, name, verb, body from steps where case_id = ? order by seq"
        return [CaseStep(*each) for each in self._ask(ask, case)]

    def find(self, query: CaseQuery) -> Sequence[CaseRow]:
        """The cases that are asked for, in their order."""
        where, values = _where(query)
        column, turn = _ORDERS[query.order], "desc" if query.descending else "asc"
        order = f"{where} order by {column} {turn}, id {turn} limit ? offset ?"
        return self._rows(order, *values, query.limit, query.offset)

    def count(self, query: CaseQuery) -> int:
        """How many there are, whatever the limit."""
        where, values = _where(query)
        return int(self._ask(f"select count(*) from cases {where}", *values)[0][0])  # noqa: S608 - constants

    def tally(self, query: CaseQuery, by: Literal["typology", "level", "assignee", "state"]) -> Mapping[str, int]:
        """How many there are of each."""
        where, values = _where(query)
        ask = f"select {by}, count(*) from cases {where} group by 1"  # noqa: S608 - constants
        return {str(each): count for each, count in self._ask(ask, *values)}

    def tags(self, limit: int) -> Sequence[tuple[str, int]]:
        """The tags of open cases with how many have each, the most used first."""
        ask = (
            "select tag, count(*) from tags join cases on cases.id = tags.case_id where cases.state = 'open' "
            "group by tag order by 2 desc, 1 limit ?"
        )
        return [(tag, count) for tag, count in self._ask(ask, limit)]

    def plan(self, query: CaseQuery) -> str:
        """How SQLite goes about a query, for whoever checks that no page scans a whole table."""
        where, values = _where(query)
        column, turn = _ORDERS[query.order], "desc" if query.descending else "asc"
        ask = f"explain query plan select id from cases {where} order by {column} {turn}, id {turn} limit 50"  # noqa: S608
        return "; ".join(str(each[3]) for each in self._ask(ask, *values))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    # ---- inside

    def _one(self, where: str, *values: object) -> CaseRow | None:
        found = self._rows(where, *values)
        return found[0] if found else None

    def _rows(self, where: str, *values: object) -> list[CaseRow]:
        with self._lock:
            found = self._ask(f"select {_COLUMNS}, body from cases {where}", *values)  # noqa: S608 - constants
            return [CaseRow._make((*each[:14], self._tags_of(each[0]), each[14])) for each in found]

    def _tags_of(self, case: str) -> tuple[str, ...]:
        return tuple(tag for (tag,) in self._ask("select tag from tags where case_id = ? order by tag", case))

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._base.execute(statement, values).fetchall()
        except sqlite3.Error as problem:
            raise CaseStoreFailure(f"{self._path}: cases can't be read: {problem} ({_REMEDY})") from problem

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                self._base.execute("begin immediate")
                try:
                    yield self._base
                except BaseException:
                    self._base.execute("rollback")
                    raise
                self._base.execute("commit")
        except sqlite3.Error as problem:
            raise CaseStoreFailure(f"{self._path}: cases can't be kept: {problem} ({_REMEDY})") from problem


def _where(query: CaseQuery) -> tuple[str, list[object]]:
    terms: list[tuple[str, tuple[object, ...]]] = []
    if query.state is not None:
        terms.append(("state = ?", (query.state,)))
    if query.assignee is not None:
        terms.append(("assignee = ?", (query.assignee,)))
    for column, chosen in (("typology", query.typologies), ("level", query.levels)):
        if chosen:
            terms.append((f"{column} in ({', '.join('?' * len(chosen))})", chosen))
    if query.subject is not None:
        terms.append(("subject = ?", (query.subject,)))
    if query.tag is not None:
        terms.append(("id in (select case_id from tags where tag = ?)", (query.tag,)))
    if query.late:
        terms.append(("due_us < ?", (query.now_us,)))
    if query.snoozed is not None:
        terms.append(("wakes_us > ?" if query.snoozed else "wakes_us <= ?", (query.now_us,)))
    if query.escalated is not None:
        terms.append(("escalated = ?", (int(query.escalated),)))
    if query.opened_from_us is not None:
        terms.append(("opened_us >= ?", (query.opened_from_us,)))
    if query.opened_until_us is not None:
        terms.append(("opened_us < ?", (query.opened_until_us,)))
    said = " and ".join(term for term, _ in terms)
    return (f"where {said}" if said else ""), [value for _, values in terms for value in values]


def _opened(path: str) -> sqlite3.Connection:
    """The database with its tables. What another version of Jindi left is made anew, and so is what is no database."""
    try:
        try:
            return _with_tables(path)
        except sqlite3.DatabaseError:
            if path == ":memory:":
                raise
            for name in (path, f"{path}-wal", f"{path}-shm"):
                if os.path.exists(name):  # noqa: PTH110 - a name, as SQLite has it
                    os.remove(name)  # noqa: PTH107
            return _with_tables(path)
    except (sqlite3.Error, OSError) as problem:
        raise CaseStoreFailure(f"{path}: can't be opened: {problem} ({_REMEDY})") from problem


def _with_tables(path: str) -> sqlite3.Connection:
    base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            base.execute(f"pragma {pragma}")
        if base.execute("pragma user_version").fetchone()[0] == _VERSION:
            return base
        base.execute("begin immediate")
        for (name,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
            base.execute(f'drop table "{name}"')
        for statement in _SCHEMA:
            base.execute(statement)
        base.execute(f"pragma user_version = {_VERSION}")
        base.execute("commit")
    except BaseException:
        base.close()
        raise
    return base
