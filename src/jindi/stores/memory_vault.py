"""Sealed rows and their key book that live as long as the process: for simulations and tests."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from jindi.ports import SealedRow, SubjectKey, Tallied, VaultCounts


class MemoryVault:
    """The `VaultStore` port without a disk; nothing is durable."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._subjects: dict[int, SubjectKey] = {}
        self._names: dict[str, int] = {}
        self._rows: dict[tuple[int, str], SealedRow] = {}
        self._tally: bytes | None = None
        self._notes: dict[str, bytes] = {}

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

    def add(self, subjects: Collection[SubjectKey], rows: Collection[SealedRow], tallied: Tallied | None = None) -> int:
        """New subjects, then rows; a row that is there already stays as it is. How many rows were new."""
        with self._lock:
            for subject in subjects:
                self._subjects[subject.number] = subject
                self._names[subject.name] = subject.number
            come = {
                (row.subject, row.token): row for row in reversed(list(rows)) if not self.held(row.subject, row.token)
            }
            self._rows |= come
            self._told(tallied, list(come.values()))
            return len(come)

    def replace(self, rows: Collection[SealedRow], tally: bytes | None = None) -> None:
        """Rows in the place of those that are there, if any."""
        with self._lock:
            for row in rows:
                self._rows[row.subject, row.token] = row
            self._tally = tally or self._tally

    def renew(self, rows: Collection[SealedRow], tally: bytes | None = None) -> None:
        """Newly sealed texts in the place of those of the same rows; a row that is not there does not come."""
        with self._lock:
            for row in rows:
                if (known := self._rows.get((row.subject, row.token))) is not None:
                    self._rows[row.subject, row.token] = known._replace(sealed=row.sealed)
            self._tally = tally or self._tally

    def _told(self, tallied: Tallied | None, rows: Collection[SealedRow]) -> None:
        if tallied is not None and rows:
            self._tally = tallied(rows) or self._tally

    def rows_of(self, subject: int) -> Sequence[SealedRow]:
        """All rows of a subject, by token."""
        with self._lock:
            return [self._rows[key] for key in sorted(self._rows) if key[0] == subject]

    def rows_of_all(self, subjects: Collection[int]) -> Sequence[SealedRow]:
        """All rows of these subjects, in any order."""
        with self._lock:
            return [row for row in self._rows.values() if row.subject in subjects]

    def with_numbers(self, numbers: Collection[int]) -> Mapping[int, SubjectKey]:
        """The subjects of these numbers, erased or not, by number."""
        with self._lock:
            return {number: self._subjects[number] for number in numbers if number in self._subjects}

    def rows_with(self, token: str, limit: int | None = None) -> Sequence[SealedRow]:
        """All rows with a token, by subject, or the first so many."""
        with self._lock:
            return [self._rows[key] for key in sorted(self._rows) if key[1] == token][:limit]

    def all_rows(self, after: int = 0, limit: int = 10_000) -> Sequence[tuple[int, SealedRow]]:
        """Rows with the places where they lie, by place, above `after`."""
        with self._lock:
            return list(enumerate(list(self._rows.values())[after : after + limit], after + 1))

    def wrapped_under(self, version: int, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects whose keys are wrapped under this version, by their numbers above `after`."""
        return self._chosen(lambda each: each.version == version, after)[:limit]

    def rewrap(self, keys: Collection[SubjectKey]) -> None:
        """Put newly wrapped keys, also fresh ones, in the place of those that subjects have; who has none gets none."""
        with self._lock:
            for key in keys:
                if (known := self._subjects.get(key.number)) is not None and known.wrapped is not None:
                    again = known._replace(wrapped=key.wrapped, fresh=key.fresh, version=key.version)
                    self._subjects[key.number] = again

    def keyed_before(self, at_us: int, after: int = -1, limit: int = 1_000) -> Sequence[SubjectKey]:
        """Subjects whose key was made before an instant, or who have a fresh one, by their numbers above `after`."""

        def is_one(each: SubjectKey) -> bool:
            keyed_us = each.since_us if each.keyed_us is None else each.keyed_us
            return keyed_us < at_us or each.fresh is not None

        return self._chosen(is_one, after)[:limit]

    def count_keyed_before(self, at_us: int) -> int:
        """How many there are of these."""
        with self._lock:
            return len(self.keyed_before(at_us, limit=len(self._subjects)))

    def _chosen(self, is_one: Callable[[SubjectKey], bool], after: int) -> list[SubjectKey]:
        with self._lock:
            found = (self._subjects[number] for number in sorted(self._subjects) if number > after)
            return [each for each in found if each.wrapped is not None and is_one(each)]

    def settle(self, numbers: Collection[int], at_us: int) -> None:
        """The fresh keys of these subjects are their only ones from now on; who has none keeps what it has."""
        with self._lock:
            for number in numbers:
                known = self._subjects[number]
                if known.fresh is not None and known.wrapped is not None:
                    self._subjects[number] = known._replace(wrapped=known.fresh, fresh=None, keyed_us=at_us)

    def erase(self, number: int, at_us: int, tallied: Tallied | None = None) -> int:
        """Destroy a subject's key and drop its rows; how many there were. Name, number and dates stay."""
        with self._lock:
            known = self._subjects[number]
            self._subjects[number] = known._replace(wrapped=None, fresh=None, erased_us=at_us)
            if self._names.get(known.name) == number:
                del self._names[known.name]
            return self.purge(tallied)

    def last_erased_us(self) -> int | None:
        """When a subject was erased last; None when none ever was."""
        with self._lock:
            return max((each.erased_us for each in self._subjects.values() if each.erased_us is not None), default=None)

    def purge(self, tallied: Tallied | None = None) -> int:
        """Drop rows of erased subjects; how many there were."""
        with self._lock:
            erased = {each.number for each in self._subjects.values() if each.wrapped is None}
            gone = [self._rows.pop(key) for key in list(self._rows) if key[0] in erased]
            self._told(tallied, gone)
            return len(gone)

    def tally(self) -> bytes | None:
        """What is kept beside the rows; None when nothing is."""
        return self._tally

    def set_tally(self, tally: bytes) -> None:
        """Keep something else beside them."""
        self._tally = tally

    def note(self, name: str) -> bytes | None:
        """A small text of the key book's; None when there is none."""
        return self._notes.get(name)

    def set_note(self, name: str, text: bytes | None) -> None:
        """Keep a small text in the key book, or none any more."""
        if text is None:
            self._notes.pop(name, None)
        else:
            self._notes[name] = text

    def counts(self) -> VaultCounts:
        """How much there is."""
        with self._lock:
            kept = [each for each in self._subjects.values() if each.wrapped is not None]
            versions = dict(sorted(Counter(each.version for each in kept).items()))
            return VaultCounts(len(kept), len(self._subjects) - len(kept), len(self._rows), versions)

    def close(self) -> None:
        """There is nothing to let go of."""
