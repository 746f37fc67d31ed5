"""What stores over one SQLite file have in common: one lock, changes that are whole or not at all, one kind of failure;
and, for those that a follower can make again, a file that is thrown away when it is not ours.
"""

import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

WAL = ("journal_mode = wal", "synchronous = normal", "temp_store = memory", "wal_autocheckpoint = 8192")
"""Whatever a power cut takes of what can be made again, the journal still has: such a file needs no sync of its own."""

MADE_ANEW = "start the platform again; should it not help, remove the file: it is made anew from the journal"

_NOT_OURS = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
"""What SQLite says of a file that is damaged, or no database of ours. A file that can't be reached is left alone."""


class SqliteStore:
    """One database. `HOLDS` says what is in it, `FAILURE` is the port's, `REMEDY` what to do."""

    HOLDS: ClassVar[str]
    FAILURE: ClassVar[type[Exception]]
    REMEDY: ClassVar[str] = MADE_ANEW

    def __init__(self, path: str, base: sqlite3.Connection) -> None:
        self._path, self._base = path, base
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._asked(self._base, statement, *values)

    def _asked(self, base: sqlite3.Connection, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return base.execute(statement, values).fetchall()
        except sqlite3.Error as problem:
            raise self._failure(self._path, "read", problem) from problem

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._base.execute("begin immediate")
                yield self._base
                self._base.execute("commit")
            except sqlite3.Error as problem:
                raise self._failure(self._path, "kept", problem) from problem
            finally:
                # After a commit nothing is open; whatever failed, the commit itself too, leaves no half behind.
                with suppress(sqlite3.Error):
                    if self._base.in_transaction:
                        self._base.execute("rollback")

    @classmethod
    def _failure(cls, path: str, what: str, problem: Exception) -> Exception:
        if what == "opened":
            return cls.FAILURE(f"{path}: can't be opened: {problem} ({cls.REMEDY})")
        return cls.FAILURE(f"{path}: {cls.HOLDS} can't be {what}: {problem} ({cls.REMEDY})")

    @classmethod
    def _opened(cls, path: str, open_it: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        """What opens it, with the port's failure."""
        try:
            return open_it()
        except (sqlite3.Error, OSError) as problem:
            raise cls._failure(path, "opened", problem) from problem


class FollowedStore(SqliteStore):
    """A store that a follower makes of the journal, with its cursor; `TABLES` make it. A file is read by a connection
    of its own, so that nobody who looks waits for what is being kept; `:memory:` keeps it in memory.
    """

    TABLES: ClassVar[Sequence[str]]
    PRAGMAS: ClassVar[Sequence[str]] = WAL

    def __init__(self, path: str | os.PathLike[str]) -> None:
        place = os.fspath(path)
        super().__init__(place, self._opened(place, lambda: remade(place, lambda: self._connected(place), self.TABLES)))
        if place == ":memory:":
            self._reading, self._reader = self._lock, self._base
        else:
            self._reading, self._reader = threading.RLock(), self._opened(place, lambda: self._connected(place))

    @classmethod
    def _connected(cls, place: str) -> sqlite3.Connection:
        return connected(place, cls.PRAGMAS)

    def cursor(self) -> tuple[int, bytes]:
        """The first record of the journal that has not been taken in, and the mark that was kept with it."""
        found, mark = self._ask("select next, mark from cursor")[0]
        return int(found), bytes(mark)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, self._reading:
            self._reader.close()
            self._base.close()

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._reading:
            return self._asked(self._reader, statement, *values)


def version_of(schema: Sequence[str]) -> int:
    """A number for a set of tables: a file with any other is another version's."""
    return zlib.crc32("\n".join(schema).encode()) & 0x7FFF_FFFF


def connected(path: str, pragmas: Sequence[str]) -> sqlite3.Connection:
    """A connection that may be used by several threads, in transactions of our own."""
    base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in pragmas:
            base.execute(f"pragma {pragma}")
    except BaseException:
        base.close()
        raise
    return base


def made(base: sqlite3.Connection, schema: Sequence[str]) -> None:
    """Make tables where there are none, all of them or none."""
    base.execute("begin immediate")
    for statement in schema:
        base.execute(statement)
    base.execute(f"pragma user_version = {version_of(schema)}")
    base.execute("commit")


def remade(path: str, connect: Callable[[], sqlite3.Connection], schema: Sequence[str]) -> sqlite3.Connection:
    """A database that can be thrown away. What another version of Jindi left is made anew, and so is what is damaged or
    no database at all.
    """
    try:
        return _with_tables(connect(), schema)
    except sqlite3.DatabaseError as problem:
        if path == ":memory:" or (problem.sqlite_errorcode & 0xFF) not in _NOT_OURS:
            raise
        for name in (path, f"{path}-wal", f"{path}-shm"):
            if os.path.exists(name):  # noqa: PTH110 - a name, as SQLite has it
                os.remove(name)  # noqa: PTH107
        return _with_tables(connect(), schema)


def _with_tables(base: sqlite3.Connection, schema: Sequence[str]) -> sqlite3.Connection:
    try:
        if base.execute("pragma user_version").fetchone()[0] == version_of(schema):
            _check(base, schema)
            return base
        for (name,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
            base.execute(f'drop table "{name}"')
        made(base, schema)
    except BaseException:
        base.close()
        raise
    return base


class _Strange(sqlite3.DatabaseError):
    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def _check(base: sqlite3.Connection, schema: Sequence[str]) -> None:
    """Raises DatabaseError when the file is damaged, or its tables are not ours. Some seconds for a million rows."""
    ours = {statement.split()[2] for statement in schema if statement.startswith("create ")}
    there = {name for (name,) in base.execute("select name from sqlite_master where name not like 'sqlite_%'")}
    if there != ours or base.execute("pragma quick_check(1)").fetchone()[0] != "ok":
        raise _Strange("damaged, or not ours")
