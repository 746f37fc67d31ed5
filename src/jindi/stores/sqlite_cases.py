"""Cases in one SQLite file. It can be thrown away: whoever follows the journal makes it again."""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from jindi.ports import CaseAlert, CaseQuery, CaseRow, CaseStep, CaseStoreFailure
from jindi.stores.sqlite_base import WAL, SqliteStore, connected, remade

_COLUMNS = (
    "id, typology, subject, state, assignee, level, escalated, rank_us, opened_us, due_us, wakes_us, closed_us, money, "
    "alerts, lot, looked_us"
)
_FOUND_BY = 16
"""So many columns a case is found by; its tags and its body follow."""
_SCHEMA = (
    (
        f"create table cases ({_COLUMNS.replace('id,', 'id text primary key,', 1)}, tags text not null, "
        "body blob not null) without rowid"
    ),
    # One index for each order in which queues are looked at, and one for whose a case is about.
    "create index by_rank on cases (state, rank_us, id)",
    "create index by_due on cases (state, due_us, id)",
    "create index by_opened on cases (state, opened_us, id)",
    "create index by_closed on cases (state, closed_us, id)",
    "create index by_money on cases (state, money, id)",
    "create index by_assignee on cases (assignee, state, rank_us, id)",
    "create index by_typology on cases (typology, state, rank_us, id)",
    "create index by_subject on cases (subject, typology, opened_us, id)",
    "create index by_lot on cases (state, lot, id)",
    "create index by_looked on cases (state, looked_us, id)",
    # What counts are made of, so that nobody reads the rows themselves to count them.
    "create index by_kind on cases (state, typology, level, assignee, escalated, wakes_us, due_us, id)",
    # Tags stand with their cases, so that a page is one question, and here, so that a tag finds its cases.
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
_PUT_CASE = f"replace into cases values ({', '.join('?' * (_FOUND_BY + 2))})"  # noqa: S608 - constants
_CASES = f"select {_COLUMNS}, tags, body from cases"  # noqa: S608 - constants
_TAGS = (
    "select tag, count(*) from tags join cases on cases.id = tags.case_id where cases.state = 'open' "
    "group by tag order by 2 desc, 1 limit ?"
)
_PRAGMAS = (*WAL, "cache_size = -16384")
_ORDERS = {
    "rank": "rank_us", "due": "due_us", "opened": "opened_us", "closed": "closed_us", "money": "money",
    "looked": "looked_us",
}  # fmt: skip
_STATES = ("open", "closed", "merged")


class SqliteCases(SqliteStore):
    """The `CaseStore` port over one SQLite file; `:memory:` keeps it in memory."""

    HOLDS, FAILURE = "cases", CaseStoreFailure

    def __init__(self, path: str | os.PathLike[str]) -> None:
        place = os.fspath(path)
        base = self._opened(place, lambda: remade(place, lambda: connected(place, _PRAGMAS), _SCHEMA))
        super().__init__(place, base)

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
            base.executemany(_PUT_CASE, [(*each[:_FOUND_BY], json.dumps(each.tags), each.body) for each in cases])
            base.executemany("delete from tags where case_id = ?", [(each.id,) for each in cases])
            marks = {(tag, each.id) for each in cases for tag in each.tags}
            base.executemany("insert into tags values (?, ?)", marks)
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
        ask, values = _finding(query)
        return _rows_of(self._ask(ask, *values))

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
        return [(tag, count) for tag, count in self._ask(_TAGS, limit)]

    def plans(self, query: CaseQuery) -> Sequence[str]:
        """How SQLite goes about a query, for whoever checks that nothing reads a whole table: each step of finding,
        counting and tallying.
        """
        where, values = _where(query)
        asked: list[tuple[str, list[Any]]] = [
            _finding(query),
            (f"select count(*) from cases {where}", values),  # noqa: S608 - constants
            (f"select level, count(*) from cases {where} group by 1", values),  # noqa: S608
            (_TAGS, [50]),
        ]
        return [str(step[3]) for ask, given in asked for step in self._ask(f"explain query plan {ask}", *given)]

    # ---- inside

    def _one(self, where: str, *values: object) -> CaseRow | None:
        found = self._rows(where, *values)
        return found[0] if found else None

    def _rows(self, where: str, *values: object) -> list[CaseRow]:
        return _rows_of(self._ask(f"{_CASES} {where}", *values))


def _where(query: CaseQuery) -> tuple[str, list[object]]:
    # All states are named where none is asked for: it is the state that indexes begin with.
    states = _STATES if query.state is None else (query.state,)
    # Whose cases they are narrows far more than their state: the plus takes the state away from indexes.
    column = "state" if query.subject is None else "+state"
    terms: list[tuple[str, tuple[object, ...]]] = [(f"{column} in ({', '.join('?' * len(states))})", states)]
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
    if query.closed_from_us is not None:
        terms.append(("closed_us >= ?", (query.closed_from_us,)))
    if query.lot_below is not None:
        terms.append(("lot between 0 and ?", (query.lot_below - 1,)))
    if query.looked_from_us is not None:
        terms.append(("looked_us >= ?", (query.looked_from_us,)))
    said = " and ".join(term for term, _ in terms)
    return f"where {said}", [value for _, values in terms for value in values]


def _finding(query: CaseQuery) -> tuple[str, list[object]]:
    """What finds a page: one part for each state, read in order from its index and merged, none of them to its end."""
    parts, given = [], list[object]()
    for state in _STATES if query.state is None else (query.state,):
        where, values = _where(replace(query, state=state))
        parts.append(f"{_CASES} {where}")
        given += values
    turn = "desc" if query.descending else "asc"
    order = f"order by {_ORDERS[query.order]} {turn}, id {turn} limit ? offset ?"
    return f"{' union all '.join(parts)} {order}", [*given, query.limit, query.offset]


def _rows_of(found: Sequence[tuple[Any, ...]]) -> list[CaseRow]:
    return [CaseRow._make((*each[:_FOUND_BY], tuple(json.loads(each[-2])), each[-1])) for each in found]
