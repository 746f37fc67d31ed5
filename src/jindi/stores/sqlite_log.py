"""The log as one SQLite table: the yardstick for the segments, and a store that every tool can open."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from zlib import crc32

from jindi.ports import Frame, LogDamaged, LogFailure, LogHeld
from jindi.stores.disk import Disk
from jindi.stores.memory_log import out_of_turn

_PAGE = 64  # batches fetched at a time
_RESTORE = "restore the file from a copy, then check with `jindi verify`"


class SqliteLog:
    """The `Log` port over SQLite in WAL mode with `synchronous=FULL`: one transaction for each batch.

    `path` is the database file; its folder is made when it is missing. One process at a time may open it.
    Raises LogFailure when the file can't be used, LogDamaged when it is not what was written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._lock = threading.Lock()
        self._fault = ""
        try:
            Disk().make_folder(os.path.dirname(os.path.abspath(self._path)))  # noqa: PTH100, PTH120
            self._base = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=0, cached_statements=16
            )
        except (OSError, sqlite3.Error) as problem:
            raise LogFailure(
                f"{self._path}: the log can't be opened: {problem} (mend the cause, then start again)"
            ) from problem
        try:
            self._next = self._open()
        except sqlite3.Error as problem:
            self._base.close()
            raise self._failure("the log can't be opened", problem) from problem
        except BaseException:
            self._base.close()
            raise

    def _open(self) -> int:
        self._base.text_factory = bytes  # so that a batch changed into text is damage, not a crash
        run = self._base.execute
        # The exclusive lock is held until `close`; it also spares WAL its shared-memory file.
        run("pragma locking_mode = exclusive")
        run("pragma journal_mode = wal")
        run("pragma synchronous = full")
        run("begin exclusive")
        run(
            "create table if not exists batches "
            "(first integer primary key, count integer not null, crc integer not null, batch blob not null)"
        )
        run("commit")
        first_row = run("select first from batches order by first limit 1").fetchone()
        last_row = run("select first, count from batches order by first desc limit 1").fetchone()
        if last_row is None:
            return 0
        if first_row[0] != 0:
            raise LogDamaged(self._path, f"the batches before record {first_row[0]} are missing", _RESTORE)
        first, count = last_row
        for _ in self.read(first):  # the newest batch is whole; the others are checked when they are read
            pass
        return int(first + count)

    def append(self, batch: bytes, first: int, count: int) -> None:
        """Make one batch durable: one transaction; LogFailure when it fails, and from then on."""
        if not self._fault and (first != self._next or count < 1):
            self._fault = out_of_turn(self._path, first, count, self._next)
        if self._fault:
            raise LogFailure(self._fault)
        self._fault = f"{self._path}: the last append was broken off (open the log again)"
        try:
            with self._lock:
                self._base.execute(
                    "insert into batches values (?, ?, ?, ?)",
                    (first, count, _check(batch, first, count), batch),
                )
        except sqlite3.Error as problem:
            failure = self._failure("a batch could not be made durable", problem)
            self._fault = str(failure)
            raise failure from problem
        self._next, self._fault = first + count, ""

    def read(self, first: int = 0) -> Iterator[Frame]:
        """All batches from the one that holds `first`, in order; LogDamaged at the first bad place."""
        row = self._rows("select max(first) from batches where first <= ?", first)
        expected: int = row[0][0] if row[0][0] is not None else 0
        while rows := self._rows(
            "select first, count, crc, batch from batches where first >= ? order by first limit ?",
            expected,
            _PAGE,
        ):
            for at, count, check, batch in rows:
                place = f"{self._path}: record {expected}"
                if at != expected or count < 1:
                    raise LogDamaged(place, f"the next batch begins at {at}", _RESTORE)
                if not isinstance(batch, bytes) or _check(batch, at, count) != check:
                    raise LogDamaged(place, "the checksum of a batch is wrong", _RESTORE)
                expected = at + count
                if expected > first:
                    yield Frame(at, count, batch)

    def next_seq(self) -> int:
        """The sequence number that the next record will get."""
        return self._next

    def notes(self) -> tuple[str, ...]:
        """SQLite mends its own file silently; there is nothing to tell."""
        return ()

    def close(self) -> None:
        """Release the file; the log can't be read or appended to any more."""
        self._fault = self._fault or f"{self._path}: the log is closed (open it again)"
        with self._lock:
            self._base.close()

    def _rows(self, statement: str, *values: int) -> list[tuple[int, int, int, bytes]]:
        try:
            with self._lock:
                return self._base.execute(statement, values).fetchall()
        except sqlite3.Error as problem:
            raise self._failure("the log can't be read", problem) from problem

    def _failure(self, what: str, problem: sqlite3.Error) -> LogFailure:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            return LogHeld(f"{self._path}: another process has this log open (stop it, or give this one another file)")
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return LogDamaged(self._path, f"{what}: {problem}", _RESTORE)
        return LogFailure(f"{self._path}: {what}: {problem} (mend the cause, then start again)")


def _check(batch: bytes, first: int, count: int) -> int:
    return crc32(batch, crc32(b"%d %d" % (first, count)))
