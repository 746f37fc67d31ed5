"""Movements of customers' days in one SQLite file. It can be thrown away: who follows the journal makes it again."""

from collections.abc import Sequence

from jindi.ports import MovementRow, MovementStoreFailure
from jindi.stores.sqlite_base import WAL, FollowedStore

_SCHEMA = (
    # A customer's day is one stretch of the table.
    (
        "create table movements (day integer not null, customer text not null, seq integer not null, "
        "movement text not null, way text not null, currency text not null, amount integer not null, "
        "at_us integer not null, outcome integer not null, primary key (day, customer, seq, movement)) without rowid"
    ),
    "create table cursor (one integer primary key check (one = 1), next integer not null, mark blob not null)",
    "insert into cursor values (1, 0, x'')",
)
_PRAGMAS = (*WAL, "cache_size = -32768")
_PUT = "insert or ignore into movements values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEAVY = (
    "select * from movements where day = ?1 and customer in ("
    "select customer from movements where day = ?1 group by customer, way, currency "
    "having currency <> ?2 or sum(amount) >= ?3) order by customer, at_us, seq, movement"
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
            base.execute("update cursor set next = 0, mark = x''")

    def days(self) -> Sequence[int]:
        """The days that have movements, the oldest first."""
        return [int(day) for (day,) in self._ask("select distinct day from movements order by day")]

    def heavy(self, day: int, currency: str, least_minor: int) -> Sequence[MovementRow]:
        """All movements of a day of those customers whose sum in a currency reaches an amount in one way, or who moved
        any other currency; by customer, instant and place.
        """
        return [MovementRow(*row) for row in self._ask(_HEAVY, day, currency, least_minor)]

    def drop(self, before: int) -> int:
        """Forget days before one; how many movements they had."""
        with self._changing() as base:
            return base.execute("delete from movements where day < ?", (before,)).rowcount
