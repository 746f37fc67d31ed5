"""Movements of customers' days in one SQLite file. It can be thrown away: who follows the journal makes it again."""

from collections.abc import Sequence

from jindi.ports import MovementRow, MovementStoreFailure
from jindi.stores.sqlite_base import WAL, FollowedStore

# (An `on conflict` in a trigger would give way to the `or ignore` of the statement that sets it off.)
_SUMMED = (
    "insert into sums select new.day, new.customer, new.way, new.currency, 0 where not exists (select 1 from sums "
    "where day = new.day and customer = new.customer and way = new.way and currency = new.currency); "
    "update sums set total = total + new.amount "
    "where day = new.day and customer = new.customer and way = new.way and currency = new.currency;"
)
_SCHEMA = (
    # A customer's day is one stretch of the table.
    (
        "create table movements (day integer not null, customer text not null, seq integer not null, "
        "movement text not null, way text not null, currency text not null, amount integer not null, "
        "at_us integer not null, outcome integer not null, primary key (day, customer, seq, movement)) without rowid"
    ),
    # Who moved much on each of 35 days is asked for every minute: nobody adds them all up for that.
    (
        "create table sums (day integer not null, customer text not null, way text not null, currency text not null, "
        "total integer not null, primary key (day, customer, way, currency)) without rowid"
    ),
    "create index by_total on sums (day, currency, total)",
    f"create trigger summed after insert on movements begin {_SUMMED} end",
    "create table cursor (one integer primary key check (one = 1), next integer not null, mark blob not null)",
    "insert into cursor values (1, 0, x'')",
)
_PRAGMAS = (*WAL, "cache_size = -32768")
_PUT = "insert or ignore into movements values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DAYS = (
    "with recursive days (day) as (select min(day) from sums union all "
    "select (select min(day) from sums where day > days.day) from days where days.day is not null) "
    "select day from days where day is not null"
)
_HEAVY = (
    "select * from movements where day = ?1 and customer in ("
    "select customer from sums where day = ?1 and currency = ?2 and total >= ?3 "
    "union select customer from sums where day = ?1 and currency < ?2 "
    "union select customer from sums where day = ?1 and currency > ?2) order by customer, at_us, seq, movement"
)


class SqliteMovements(FollowedStore):
    """The `MovementStore` port over one SQLite file; `:memory:` keeps it in memory."""

    HOLDS, FAILURE = "customers' movements", MovementStoreFailure
    TABLES = _SCHEMA
    PRAGMAS = _PRAGMAS

    def put(self, rows: Sequence[MovementRow], cursor: int, mark: bytes) -> None:
        """Add movements, each once, and move the cursor: all of it or nothing."""
        with self._changing() as base:
            base.executemany(_PUT, sorted(rows))
            base.execute("update cursor set next = ?, mark = ?", (cursor, mark))

    def clear(self) -> None:
        """Forget everything; the cursor is 0."""
        with self._changing() as base:
            base.execute("delete from movements")
            base.execute("delete from sums")
            base.execute("update cursor set next = 0, mark = x''")

    def days(self) -> Sequence[int]:
        """The days that have movements, the oldest first."""
        return [int(day) for (day,) in self._ask(_DAYS)]

    def heavy(self, day: int, currency: str, least_minor: int) -> Sequence[MovementRow]:
        """All movements of a day of those customers whose sum in a currency reaches an amount in one way, or who moved
        any other currency; by customer, instant and place.
        """
        return [MovementRow(*row) for row in self._ask(_HEAVY, day, currency, least_minor)]

    def drop(self, before: int) -> int:
        """Forget days before one; how many movements they had."""
        with self._changing() as base:
            base.execute("delete from sums where day < ?", (before,))
            return base.execute("delete from movements where day < ?", (before,)).rowcount

    def plans(self) -> Sequence[str]:
        """How SQLite answers what the page of large days asks, step by step: nothing may read all movements."""
        asked = ((_DAYS, ()), (_HEAVY, (0, "CNY", 1)))
        return [str(step[3]) for said, given in asked for step in self._ask(f"explain query plan {said}", *given)]
