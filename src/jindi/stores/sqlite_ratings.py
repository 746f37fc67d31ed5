"""How customers are rated, in one SQLite file. It can be thrown away: whoever follows the journal makes it again."""

from collections.abc import Iterable, Mapping, Sequence

from jindi.ports import RatedQuery, RatedRow, RatingStoreFailure
from jindi.stores.sqlite_base import FollowedStore

# An `or ignore` in a trigger gives way to the conflict clause of the statement that set it off.
_ONE_MORE = (
    "insert into levels select new.level, 0 where not exists (select 1 from levels where level = new.level); "
    "update levels set customers = customers + 1 where level = new.level;"
)
_ONE_LESS = "update levels set customers = customers - 1 where level = old.level;"
_SCHEMA = (
    (
        "create table customers (user text primary key, level text not null, due integer not null, "
        "owed integer not null, missed integer not null, body blob not null) without rowid"
    ),
    "create index by_due on customers (due)",
    "create index by_level on customers (level, due)",
    "create index by_owed on customers (owed) where owed = 1",
    "create index by_missed on customers (due) where missed = 0",
    # How many stand at each level is asked for by every page, and counting a million customers takes 80 ms.
    "create table levels (level text primary key, customers integer not null) without rowid",
    f"create trigger one_more after insert on customers begin {_ONE_MORE} end",
    f"create trigger one_less after delete on customers begin {_ONE_LESS} end",
    (
        "create trigger moved after update of level on customers when old.level <> new.level "
        f"begin {_ONE_LESS} {_ONE_MORE} end"
    ),
    "create table steps (user text not null, seq integer not null, primary key (user, seq)) without rowid",
    "create table cursor (one integer primary key check (one = 1), next integer not null, mark blob not null)",
    "insert into cursor values (1, 0, x'')",
)
_PUT = (
    "insert into customers values (?, ?, ?, ?, ?, ?) on conflict (user) do update set level = excluded.level, "
    "due = excluded.due, owed = excluded.owed, missed = excluded.missed, body = excluded.body"
)
_COUNTS = (
    "select level, customers, (select count(*) from customers as late where late.level = levels.level and due <= ?) "
    "from levels where customers > 0"
)
_ALL = "select coalesce(sum(customers), 0) from levels"
_MISSED = "select body from customers where missed = 0 and due <= ? order by due limit ?"
_STEPS = "select seq from steps where user = ? order by seq desc limit ?"
_LAST = "\U0010ffff"
"""No name goes on with it: it ends the range of those that begin with some text."""


_Question = tuple[str, Sequence[object]]


def _found(query: RatedQuery) -> tuple[_Question, _Question]:
    """What asks for a page of standings, and what counts them all."""
    wanted, given = list[str](), list[object]()
    for condition, value in (
        ("level = ?", query.level), ("due <= ?", query.due_before_us),
        ("user >= ?", query.user), ("user < ?", None if query.user is None else query.user + _LAST),
    ):  # fmt: skip
        if value is not None:
            wanted.append(condition)
            given.append(value)
    where = f"where {' and '.join(wanted)}" if wanted else ""
    page = f"select body from customers {where} order by due, user limit ? offset ?"  # noqa: S608 - constants
    count = f"select count(*) from customers {where}" if wanted else _ALL  # noqa: S608 - constants
    return (page, [*given, query.limit, query.offset]), (count, given)


class SqliteRatings(FollowedStore):
    """The `RatingStore` port over one SQLite file; `:memory:` keeps it in memory."""

    HOLDS, FAILURE = "the ratings of customers", RatingStoreFailure
    TABLES = _SCHEMA

    def put(self, rows: Iterable[RatedRow], steps: Iterable[tuple[str, int]], cursor: int, mark: bytes) -> None:
        """Put standings in the place of what is there, add steps, and move the cursor: all of it or nothing."""
        with self._changing() as base:
            base.executemany(_PUT, rows)
            base.executemany("insert into steps values (?, ?) on conflict do nothing", steps)
            base.execute("update cursor set next = ?, mark = ?", (cursor, mark))

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""
        with self._changing() as base:
            base.execute("delete from customers")
            base.execute("delete from steps")
            base.execute("update cursor set next = 0, mark = x''")

    def one(self, user: str) -> bytes | None:
        """A customer's standing."""
        found = self._ask("select body from customers where user = ?", user)
        return bytes(found[0][0]) if found else None

    def found(self, query: RatedQuery) -> tuple[Sequence[bytes], int]:
        """A page of standings, those due first first, and how many there are in all."""
        (page, on_page), (count, counted) = _found(query)
        rows = self._ask(page, *on_page)
        return [bytes(body) for (body,) in rows], int(self._ask(count, *counted)[0][0])

    def owed(self, limit: int) -> Sequence[bytes]:
        """Customers of whom an assessment or an event is owed."""
        return [bytes(body) for (body,) in self._ask("select body from customers where owed = 1 limit ?", limit)]

    def missed(self, now_us: int, limit: int) -> Sequence[bytes]:
        """Customers whose time is over and of whom nobody was told so."""
        return [bytes(body) for (body,) in self._ask(_MISSED, now_us, limit)]

    def counts(self, now_us: int) -> Mapping[str, tuple[int, int]]:
        """How many customers there are of each level, and how many of them are overdue."""
        return {level: (int(count), int(late)) for level, count, late in self._ask(_COUNTS, now_us)}

    def plans(self) -> Sequence[str]:
        """How SQLite answers what the page of customers asks, step by step: nothing may read every customer."""
        pages = [
            RatedQuery(),
            RatedQuery(level="high"),
            RatedQuery(due_before_us=0),
            RatedQuery(level="high", due_before_us=0),
            RatedQuery(user="u"),
        ]
        asked = [
            (_COUNTS, (0,)),
            (_MISSED, (0, 50)),
            (_STEPS, ("u", 50)),
            *(each for page in pages for each in _found(page)),
        ]
        return [str(step[3]) for said, given in asked for step in self._ask(f"explain query plan {said}", *given)]

    def steps(self, user: str, limit: int) -> Sequence[int]:
        """The newest records of a customer's history, newest first."""
        return [int(seq) for (seq,) in self._ask(_STEPS, user, limit)]
