"""Sealed rows in one SQLite file, the key book in another: a copy of the first is worth nothing without the second.

Both are in WAL mode with `synchronous=FULL` and `secure_delete=ON`. What a deletion leaves in the write-ahead log is
cut off at once; what a disk keeps of cut-off blocks is the disk's affair.
"""

import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from jindi.ports import SealedRow, SubjectKey, VaultCounts, VaultFailure
from jindi.stores.disk import Disk

_SUBJECT = "number, name, wrapped, version, since_us, erased_us"
_ROW = "subject, token, sealed, since_us, corrected_us"
_KEYS_SCHEMA = (
    (
        "create table if not exists subjects (number integer primary key, name text not null, wrapped blob, "
        "version integer not null, since_us integer not null, erased_us integer)"
    ),
    # A name that comes back after its erasure is another subject.
    "create unique index if not exists by_name on subjects (name) where wrapped is not null",
    "create index if not exists by_version on subjects (version) where wrapped is not null",
    "create index if not exists erased on subjects (number) where wrapped is null",
)
_ROWS_SCHEMA = (
    # Rows stand in the order in which they came, so that a commit writes few pages of them.
    (
        "create table if not exists rows (subject integer not null, token text not null, sealed blob not null, "
        "since_us integer not null, corrected_us integer)"
    ),
    "create unique index if not exists by_token on rows (token, subject)",
    "create index if not exists by_subject on rows (subject)",
)
_NAMES_MAX = 500
"""Names in one question; SQLite takes 999 values at least."""

_PRAGMAS = (
    # Tokens come in no order: each new row changes a page of the index of its own, and all of that page is written.
    "page_size = 2048",
    "journal_mode = wal",
    "synchronous = full",
    "secure_delete = on",
    "cache_size = -32768",
    "wal_autocheckpoint = 8192",
)


class SqliteVault:
    """The `VaultStore` port over two SQLite files; folders are made when they are missing. One process at a time."""

    def __init__(self, rows: str | os.PathLike[str], keys: str | os.PathLike[str]) -> None:
        self._lock = threading.RLock()
        # The key book's exclusive lock is held until `close`. Rows may be copied by others meanwhile.
        self._keys = _open(os.fspath(keys), ("locking_mode = exclusive", *_PRAGMAS), _KEYS_SCHEMA)
        try:
            self._rows = _open(os.fspath(rows), _PRAGMAS, _ROWS_SCHEMA)
        except BaseException:
            self._keys.close()
            raise
        self._places = {id(self._keys): os.fspath(keys), id(self._rows): os.fspath(rows)}

    def subject(self, name: str) -> SubjectKey | None:
        """The subject of this name that has a key."""
        # The second condition is the index's.
        ask = f"select {_SUBJECT} from subjects where name = ? and wrapped is not null"  # noqa: S608 - constants
        found = self._ask(self._keys, ask, name)
        return SubjectKey(*found[0]) if found else None

    def named(self, names: Collection[str]) -> Mapping[str, SubjectKey]:
        """Those of these names that have a key, by name."""
        found: dict[str, SubjectKey] = {}
        asked = list(names)
        for first in range(0, len(asked), _NAMES_MAX):
            part = asked[first : first + _NAMES_MAX]
            ask = (
                f"select {_SUBJECT} from subjects where name in ({', '.join('?' * len(part))}) and wrapped is not null"  # noqa: S608
            )
            found |= {each[1]: SubjectKey(*each) for each in self._ask(self._keys, ask, *part)}
        return found

    def numbered(self, number: int) -> SubjectKey | None:
        """The subject of this number, erased or not."""
        found = self._ask(self._keys, f"select {_SUBJECT} from subjects where number = ?", number)  # noqa: S608
        return SubjectKey(*found[0]) if found else None

    def subjects(self, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects, also erased ones, by their numbers above `after`."""
        ask = f"select {_SUBJECT} from subjects where number > ? order by number limit ?"  # noqa: S608
        return [SubjectKey(*each) for each in self._ask(self._keys, ask, after, limit)]

    def held(self, subject: int, token: str) -> bool:
        """Whether there is a row."""
        return bool(self._ask(self._rows, "select 1 from rows where subject = ? and token = ?", subject, token))

    def add(self, subjects: Collection[SubjectKey], rows: Collection[SealedRow]) -> int:
        """New subjects, then rows; a row that is there already stays as it is. How many rows were new."""
        if subjects:
            with self._changing(self._keys) as base:
                base.executemany(f"insert into subjects ({_SUBJECT}) values (?, ?, ?, ?, ?, ?)", subjects)  # noqa: S608
        if not rows:
            return 0
        with self._changing(self._rows) as base:
            put = f"insert into rows ({_ROW}) values (?, ?, ?, ?, ?) on conflict do nothing"  # noqa: S608
            return base.executemany(put, rows).rowcount

    def replace(self, rows: Collection[SealedRow]) -> None:
        """Rows in the place of those that are there, if any."""
        cells = ("sealed", "since_us", "corrected_us")
        met = f"on conflict do update set {', '.join(f'{cell} = excluded.{cell}' for cell in cells)}"
        with self._changing(self._rows) as base:
            base.executemany(f"insert into rows ({_ROW}) values (?, ?, ?, ?, ?) {met}", rows)  # noqa: S608

    def rows_of(self, subject: int) -> Sequence[SealedRow]:
        """All rows of a subject, by token."""
        ask = f"select {_ROW} from rows where subject = ? order by token"  # noqa: S608
        return [SealedRow(*each) for each in self._ask(self._rows, ask, subject)]

    def rows_with(self, token: str, limit: int | None = None) -> Sequence[SealedRow]:
        """All rows with a token, by subject, or the first so many."""
        ask = f"select {_ROW} from rows where token = ? order by subject limit ?"  # noqa: S608
        most = -1 if limit is None else limit  # to SQLite that is none
        return [SealedRow(*each) for each in self._ask(self._rows, ask, token, most)]

    def wrapped_under(self, versions: Collection[int], limit: int) -> Sequence[SubjectKey]:
        """Some subjects whose keys are wrapped under one of these versions."""
        ask = f"select {_SUBJECT} from subjects where version = ? and wrapped is not null limit ?"  # noqa: S608
        found: list[SubjectKey] = []
        for version in versions:
            found += [SubjectKey(*each) for each in self._ask(self._keys, ask, version, limit - len(found))]
        return found

    def rewrap(self, keys: Collection[SubjectKey]) -> None:
        """Put newly wrapped keys in the place of those that subjects have; who has none gets none."""
        values = [(key.wrapped, key.version, key.number) for key in keys]
        with self._changing(self._keys) as base:
            base.executemany(
                "update subjects set wrapped = ?, version = ? where number = ? and wrapped is not null", values
            )

    def erase(self, number: int, at_us: int) -> int:
        """Destroy a subject's key and drop its rows; how many there were. Name, number and dates stay."""
        with self._changing(self._keys) as base:
            base.execute("update subjects set wrapped = null, erased_us = ? where number = ?", (at_us, number))
        self._cut(self._keys)
        with self._changing(self._rows) as base:
            dropped = base.execute("delete from rows where subject = ?", (number,)).rowcount
        self._cut(self._rows)
        return int(dropped)

    def purge(self) -> int:
        """Drop rows of erased subjects; how many there were."""
        erased = self._ask(self._keys, "select number from subjects where wrapped is null")
        with self._changing(self._rows) as base:
            dropped = sum(base.execute("delete from rows where subject = ?", each).rowcount for each in erased)
        if dropped:
            self._cut(self._rows)
        return dropped

    def counts(self) -> VaultCounts:
        """How much there is."""
        by_version = self._ask(
            self._keys, "select version, count(*) from subjects where wrapped is not null group by version order by 1"
        )
        [(erased,)] = self._ask(self._keys, "select count(*) from subjects where wrapped is null")
        [(rows,)] = self._ask(self._rows, "select count(*) from rows")
        versions = dict(by_version)
        return VaultCounts(sum(versions.values()), erased, rows, versions)

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._rows.close()
            self._keys.close()

    @contextmanager
    def _changing(self, base: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block ends; nothing of it is left when it fails."""
        with self._lock:
            try:
                base.execute("begin immediate")
                try:
                    yield base
                    base.execute("commit")
                except BaseException:
                    if base.in_transaction:
                        base.execute("rollback")
                    raise
            except sqlite3.Error as problem:
                raise self._failure(base, problem) from None

    def _ask(self, base: sqlite3.Connection, statement: str, *values: int | str) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock:
            try:
                return base.execute(statement, values).fetchall()
            except sqlite3.Error as problem:
                raise self._failure(base, problem) from None

    def _cut(self, base: sqlite3.Connection) -> None:
        """Bring the write-ahead log home and cut it off: it still holds pages as they were before a deletion.

        While somebody copies the rows theirs stays a while longer; the key book, which decides, is never copied so.
        """
        with self._lock:
            try:
                base.execute("pragma wal_checkpoint(truncate)").fetchall()
            except sqlite3.Error as problem:
                raise self._failure(base, problem) from None

    def _failure(self, base: sqlite3.Connection, problem: sqlite3.Error) -> VaultFailure:
        return _told(self._places[id(base)], problem)


def _open(path: str, pragmas: Sequence[str], schema: Sequence[str]) -> sqlite3.Connection:
    base: sqlite3.Connection | None = None
    try:
        Disk().make_folder(os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120
        # SQLite gives its other files the rights of this one.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        base = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        for pragma in pragmas:
            base.execute(f"pragma {pragma}")
        base.execute("begin exclusive")
        for statement in schema:
            base.execute(statement)
        base.execute("commit")
    except OSError as problem:
        raise VaultFailure(f"{path}: can't be opened: {problem.strerror}") from problem
    except sqlite3.Error as problem:
        if base is not None:
            base.close()
        raise _told(path, problem) from None
    return base


def _told(path: str, problem: sqlite3.Error) -> VaultFailure:
    """What went wrong, by SQLite's own name for it: its messages may quote values."""
    name = getattr(problem, "sqlite_errorname", type(problem).__name__)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return VaultFailure(f"{path}: another process has this vault open (stop it first)")
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return VaultFailure(f"{path}: damaged ({name}); restore it from a copy, then run jindi vault check")
    return VaultFailure(f"{path}: {name} (mend the cause, then start again)")
