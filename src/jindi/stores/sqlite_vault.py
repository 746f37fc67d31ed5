"""Sealed rows in one SQLite file, the key book in another: a copy of the first is worth nothing without the second.

Both are in WAL mode with `synchronous=FULL` and `secure_delete=ON`. What a deletion leaves in the write-ahead log is
cut off at once; what a disk keeps of cut-off blocks is the disk's affair. A lock file beside the key book keeps other
processes from changing either; whoever only copies takes no lock, and is waited for when something is cut off.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from jindi.ports import SealedRow, SubjectKey, Tallied, VaultCounts, VaultFailure, VaultHeld
from jindi.stores.disk import Disk

_SUBJECT = "number, name, wrapped, version, since_us, erased_us, fresh, keyed_us"
_ROW = "subject, token, sealed, since_us, corrected_us"
_KEYS_SCHEMA = (
    (
        "create table if not exists subjects (number integer primary key, name text not null, wrapped blob, "
        "version integer not null, since_us integer not null, erased_us integer, fresh blob, keyed_us integer)"
    ),
    "create table if not exists notes (name text primary key, value blob not null)",
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
    "create table if not exists tally (one integer primary key check (one = 1), value blob not null)",
)
_PUT_ROW = f"insert into rows ({_ROW}) values (?, ?, ?, ?, ?)"  # noqa: S608 - constants
_ROWS_OF = f"select {_ROW} from rows where subject = ? order by token"  # noqa: S608 - constants
_NEW_COLUMNS = ("fresh blob", "keyed_us integer")
"""What key books of before lack."""

_KEYED_BEFORE = "wrapped is not null and (coalesce(keyed_us, since_us) < ? or fresh is not null)"
_CUT_S = 10.0
"""So long somebody who copies the key book is waited for when a deletion in it is cut off."""

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
        self._held = _hold(os.fspath(keys))
        try:
            self._keys = _open(os.fspath(keys), _PRAGMAS, _KEYS_SCHEMA, _NEW_COLUMNS)
            try:
                self._rows = _open(os.fspath(rows), _PRAGMAS, _ROWS_SCHEMA)
            except BaseException:
                self._keys.close()
                raise
        except BaseException:
            os.close(self._held)
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

    def add(self, subjects: Collection[SubjectKey], rows: Collection[SealedRow], tallied: Tallied | None = None) -> int:
        """New subjects, then rows; a row that is there already stays as it is. How many rows were new."""
        if subjects:
            with self._changing(self._keys) as base:
                marks = "?, ?, ?, ?, ?, ?, ?, ?"
                base.executemany(f"insert into subjects ({_SUBJECT}) values ({marks})", subjects)  # noqa: S608
        if not rows:
            return 0

        def put_all(base: sqlite3.Connection) -> Collection[SealedRow]:
            base.executemany(_PUT_ROW, rows)
            return rows

        with self._lock:
            try:
                # Hardly ever is one of them there already, and all at once is a quarter cheaper.
                return self._added(tallied, put_all)
            except VaultFailure as failure:
                if not isinstance(failure.__context__, sqlite3.IntegrityError):
                    raise
            # One by one: which of them are new is what the tally has to know.
            put = f"{_PUT_ROW} on conflict do nothing"
            return self._added(tallied, lambda base: [row for row in rows if base.execute(put, row).rowcount])

    def _added(
        self, tallied: Tallied | None,
        put: Callable[[sqlite3.Connection], Collection[SealedRow]],
    ) -> int:  # fmt: skip
        with self._changing(self._rows) as base:
            come = put(base)
            _tally(base, tallied(come) if tallied is not None and come else None)
            return len(come)

    def replace(self, rows: Collection[SealedRow], tally: bytes | None = None) -> None:
        """Rows in the place of those that are there, if any."""
        cells = ("sealed", "since_us", "corrected_us")
        met = f"on conflict do update set {', '.join(f'{cell} = excluded.{cell}' for cell in cells)}"
        with self._changing(self._rows) as base:
            base.executemany(f"insert into rows ({_ROW}) values (?, ?, ?, ?, ?) {met}", rows)  # noqa: S608
            _tally(base, tally)

    def renew(self, rows: Collection[SealedRow], tally: bytes | None = None) -> None:
        """Newly sealed texts in the place of those of the same rows; a row that is not there does not come."""
        values = [(row.sealed, row.token, row.subject) for row in rows]
        with self._changing(self._rows) as base:
            base.executemany("update rows set sealed = ? where token = ? and subject = ?", values)
            _tally(base, tally)

    def rows_of(self, subject: int) -> Sequence[SealedRow]:
        """All rows of a subject, by token."""
        return [SealedRow(*each) for each in self._ask(self._rows, _ROWS_OF, subject)]

    def rows_of_all(self, subjects: Collection[int]) -> Sequence[SealedRow]:
        """All rows of these subjects, in any order."""
        found = self._asked_in_parts(self._rows, f"select {_ROW} from rows where subject in", subjects)  # noqa: S608
        return [SealedRow(*each) for each in found]

    def with_numbers(self, numbers: Collection[int]) -> Mapping[int, SubjectKey]:
        """The subjects of these numbers, erased or not, by number."""
        found = self._asked_in_parts(self._keys, f"select {_SUBJECT} from subjects where number in", numbers)  # noqa: S608
        return {each[0]: SubjectKey(*each) for each in found}

    def _asked_in_parts(self, base: sqlite3.Connection, ask: str, numbers: Collection[int]) -> Iterator[tuple]:  # type: ignore[type-arg]
        asked = list(numbers)
        for first in range(0, len(asked), _NAMES_MAX):
            part = asked[first : first + _NAMES_MAX]
            yield from self._ask(base, f"{ask} ({', '.join('?' * len(part))})", *part)

    def rows_with(self, token: str, limit: int | None = None) -> Sequence[SealedRow]:
        """All rows with a token, by subject, or the first so many."""
        ask = f"select {_ROW} from rows where token = ? order by subject limit ?"  # noqa: S608
        most = -1 if limit is None else limit  # to SQLite that is none
        return [SealedRow(*each) for each in self._ask(self._rows, ask, token, most)]

    def all_rows(self, after: int = 0, limit: int = 10_000) -> Sequence[tuple[int, SealedRow]]:
        """Rows with the places where they lie, by place, above `after`."""
        ask = f"select rowid, {_ROW} from rows where rowid > ? order by rowid limit ?"  # noqa: S608
        return [(each[0], SealedRow(*each[1:])) for each in self._ask(self._rows, ask, after, limit)]

    def wrapped_under(self, version: int, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects whose keys are wrapped under this version, by their numbers above `after`."""
        chosen = "version = ? and number > ? and wrapped is not null"
        ask = f"select {_SUBJECT} from subjects where {chosen} order by number limit ?"  # noqa: S608
        return [SubjectKey(*each) for each in self._ask(self._keys, ask, version, after, limit)]

    def rewrap(self, keys: Collection[SubjectKey]) -> None:
        """Put newly wrapped keys, also fresh ones, in the place of those that subjects have; who has none gets none."""
        values = [(key.wrapped, key.fresh, key.version, key.number) for key in keys]
        put = "update subjects set wrapped = ?, fresh = ?, version = ? where number = ? and wrapped is not null"
        with self._changing(self._keys) as base:
            base.executemany(put, values)

    def keyed_before(self, at_us: int, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects whose key was made before an instant, or who have a fresh one, by their numbers above `after`."""
        ask = f"select {_SUBJECT} from subjects where {_KEYED_BEFORE} and number > ? order by number limit ?"  # noqa: S608
        return [SubjectKey(*each) for each in self._ask(self._keys, ask, at_us, after, limit)]

    def count_keyed_before(self, at_us: int) -> int:
        """How many there are of these."""
        [(count,)] = self._ask(self._keys, f"select count(*) from subjects where {_KEYED_BEFORE}", at_us)  # noqa: S608
        return int(count)

    def settle(self, numbers: Collection[int], at_us: int) -> None:
        """The fresh keys of these subjects are their only ones from now on; who has none keeps what it has."""
        put = (
            "update subjects set wrapped = fresh, fresh = null, keyed_us = ?"
            " where number = ? and fresh is not null and wrapped is not null"
        )
        with self._changing(self._keys) as base:
            base.executemany(put, [(at_us, number) for number in numbers])

    def erase(self, number: int, at_us: int, tallied: Tallied | None = None) -> int:
        """Destroy a subject's key and drop its rows; how many there were. Name, number and dates stay."""
        with self._changing(self._keys) as base:
            put = "update subjects set wrapped = null, fresh = null, erased_us = ? where number = ?"
            base.execute(put, (at_us, number))
        dropped = self._drop([number], tallied)
        self._cut(self._keys, patient=True)
        return dropped

    def last_erased_us(self) -> int | None:
        """When a subject was erased last; None when none ever was."""
        [(at_us,)] = self._ask(self._keys, "select max(erased_us) from subjects where wrapped is null")
        return at_us if at_us is None else int(at_us)

    def purge(self, tallied: Tallied | None = None) -> int:
        """Drop rows of erased subjects; how many there were."""
        erased = self._ask(self._keys, "select number from subjects where wrapped is null")
        return self._drop([number for (number,) in erased], tallied)

    def _drop(self, subjects: Collection[int], tallied: Tallied | None) -> int:
        """Drop all rows of these subjects; how many there were."""
        gone: list[SealedRow] = []
        with self._changing(self._rows) as base:
            for number in subjects:
                gone += [SealedRow(*each) for each in base.execute(_ROWS_OF, (number,)).fetchall()]
            if gone:
                base.executemany("delete from rows where subject = ?", {(row.subject,) for row in gone})
                _tally(base, tallied(gone) if tallied is not None else None)
        if gone:
            self._cut(self._rows)
        return len(gone)

    def tally(self) -> bytes | None:
        """What is kept beside the rows; None when nothing is."""
        found = self._ask(self._rows, "select value from tally")
        return found[0][0] if found else None

    def set_tally(self, tally: bytes) -> None:
        """Keep something else beside them."""
        with self._changing(self._rows) as base:
            _tally(base, tally)

    def note(self, name: str) -> bytes | None:
        """A small text of the key book's; None when there is none."""
        found = self._ask(self._keys, "select value from notes where name = ?", name)
        return found[0][0] if found else None

    def set_note(self, name: str, text: bytes | None) -> None:
        """Keep a small text in the key book, or none any more."""
        with self._changing(self._keys) as base:
            base.execute("delete from notes where name = ?", (name,))
            if text is not None:
                base.execute("insert into notes (name, value) values (?, ?)", (name, text))

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
            if self._held >= 0:
                os.close(self._held)
                self._held = -1

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

    def _cut(self, base: sqlite3.Connection, *, patient: bool = False) -> None:
        """Bring the write-ahead log home and cut it off: it still holds pages as they were before a deletion.

        While somebody copies the file they stay a while longer. Of the rows that is no harm, for their key is gone; for
        the key book it is waited (`patient`), and told when it takes too long.
        """
        with self._lock:
            until = time.monotonic() + _CUT_S
            try:
                while base.execute("pragma wal_checkpoint(truncate)").fetchone()[0] and patient:
                    if time.monotonic() > until:
                        what = "is being copied, so what was erased still stands in its write-ahead log"
                        raise VaultFailure(f"{self._places[id(base)]}: {what} (let the copy end, then erase again)")
                    time.sleep(0.02)
            except sqlite3.Error as problem:
                raise self._failure(base, problem) from None

    def _failure(self, base: sqlite3.Connection, problem: sqlite3.Error) -> VaultFailure:
        return _told(self._places[id(base)], problem)


def _hold(keys: str) -> int:
    """Take the key book for this process alone: a descriptor to be closed when it is let go of."""
    try:
        Disk().make_folder(os.path.dirname(os.path.abspath(keys)))  # noqa: PTH100, PTH120
        held = os.open(f"{keys}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise VaultFailure(f"{keys}: can't be opened: {problem.strerror}") from problem
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise VaultHeld(f"{keys}: another process has this vault open (stop it first)") from None
    return held


def _tally(base: sqlite3.Connection, tally: bytes | None) -> None:
    if tally is not None:
        base.execute("insert or replace into tally (one, value) values (1, ?)", (tally,))


def _open(
    path: str, pragmas: Sequence[str], schema: Sequence[str], new_columns: Sequence[str] = ()
) -> sqlite3.Connection:
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
        there = {each[1] for each in base.execute("pragma table_info(subjects)")}
        for column in new_columns:
            if column.split()[0] not in there:
                base.execute(f"alter table subjects add column {column}")
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
