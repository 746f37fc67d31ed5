"""Sealed rows and their key book that live as long as the process: for simulations and tests."""

import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from jindi.ports import SealedRow, SubjectKey, VaultCounts


class MemoryVault:
    """The `VaultStore` port without a disk; nothing is durable."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._subjects: dict[int, SubjectKey] = {}
        self._names: dict[str, int] = {}
        self._rows: dict[tuple[int, str], SealedRow] = {}

    def subject(self, name: str) -> SubjectKey | None:
        """The subject of this name that has a key."""
        with self._lock:
            number = self._names.get(name)
            return None if number is None else self._subjects[number]

    def named(self, names: Collection[str]) -> Mapping[str, SubjectKey]:
        """Those of these names that have a key, by name."""
        with self._lock:
            return {name: self._subjects[self._names[name]] for name in names if name in self._names}

    def numbered(self, number: int) -> SubjectKey | None:
        """The subject of this number, erased or not."""
        return self._subjects.get(number)

    def subjects(self, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects, also erased ones, by their numbers above `after`."""
        with self._lock:
            return [self._subjects[number] for number in sorted(self._subjects) if number > after][:limit]

    def held(self, subject: int, token: str) -> bool:
        """Whether there is a row."""
        return (subject, token) in self._rows

    def add(self, subjects: Collection[SubjectKey], rows: Collection[SealedRow]) -> int:
        """New subjects, then rows; a row that is there already stays as it is. How many rows were new."""
        with self._lock:
            for subject in subjects:
                self._subjects[subject.number] = subject
                self._names[subject.name] = subject.number
            before = len(self._rows)
            for row in rows:
                self._rows.setdefault((row.subject, row.token), row)
            return len(self._rows) - before

    def replace(self, rows: Collection[SealedRow]) -> None:
        """Rows in the place of those that are there, if any."""
        with self._lock:
            for row in rows:
                self._rows[row.subject, row.token] = row

    def rows_of(self, subject: int) -> Sequence[SealedRow]:
        """All rows of a subject, by token."""
        with self._lock:
            return [self._rows[key] for key in sorted(self._rows) if key[0] == subject]

    def rows_with(self, token: str, limit: int | None = None) -> Sequence[SealedRow]:
        """All rows with a token, by subject, or the first so many."""
        with self._lock:
            return [self._rows[key] for key in sorted(self._rows) if key[1] == token][:limit]

    def wrapped_under(self, versions: Collection[int], limit: int) -> Sequence[SubjectKey]:
        """Some subjects whose keys are wrapped under one of these versions."""
        with self._lock:
            found = [each for each in self._subjects.values() if each.wrapped is not None and each.version in versions]
            return found[:limit]

    def rewrap(self, keys: Collection[SubjectKey]) -> None:
        """Put newly wrapped keys in the place of those that subjects have; who has none gets none."""
        with self._lock:
            for key in keys:
                if (known := self._subjects.get(key.number)) is not None and known.wrapped is not None:
                    self._subjects[key.number] = known._replace(wrapped=key.wrapped, version=key.version)

    def erase(self, number: int, at_us: int) -> int:
        """Destroy a subject's key and drop its rows; how many there were. Name, number and dates stay."""
        with self._lock:
            known = self._subjects[number]
            self._subjects[number] = known._replace(wrapped=None, erased_us=at_us)
            if self._names.get(known.name) == number:
                del self._names[known.name]
            return self.purge()

    def purge(self) -> int:
        """Drop rows of erased subjects; how many there were."""
        with self._lock:
            erased = {each.number for each in self._subjects.values() if each.wrapped is None}
            gone = [key for key in self._rows if key[0] in erased]
            for key in gone:
                del self._rows[key]
            return len(gone)

    def counts(self) -> VaultCounts:
        """How much there is."""
        with self._lock:
            kept = [each for each in self._subjects.values() if each.wrapped is not None]
            versions = dict(sorted(Counter(each.version for each in kept).items()))
            return VaultCounts(len(kept), len(self._subjects) - len(kept), len(self._rows), versions)

    def close(self) -> None:
        """There is nothing to let go of."""
