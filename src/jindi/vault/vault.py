"""The vault: whose personal fields came in, sealed under a key that each subject has alone.

A subject is whoever a field is about: a user, or the identifier itself where no user is known. Its key seals its rows
and is wrapped under the ring; to destroy that one small thing makes all its rows unreadable, in every copy of them.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from secrets import randbits
from typing import NamedTuple

from jindi.ports import Root, SealedRow, SubjectKey, VaultCounts, VaultStore
from jindi.vault.ciphers import CannotOpen, Profile, Sealer
from jindi.vault.ring import KeyRing, RingProblem, Version
from jindi.vault.tokens import Tokens

KNOWN_MAX = 131_072
"""Pairs of subject and token that are remembered in each of two generations, some 30 MB each: what is forgotten costs
one look into the store."""

_KEYS_MAX = 16_384
_AT_ONCE = 500
"""Keys re-wrapped before other work gets its turn: a few milliseconds."""


class Personal(NamedTuple):
    """A personal field on its way into the vault. The only thing in the house that holds clear text and travels."""

    subject: str
    token: str
    clear: str

    def __repr__(self) -> str:
        """Nothing of it: representations end up in tracebacks and logs."""
        return "Personal(…)"


@dataclass(frozen=True, slots=True)
class Opened:
    """One field, opened. `corrected_us`: since when it says something else than what came in under its token."""

    subject: str
    token: str
    clear: str
    since_us: int
    corrected_us: int | None

    @property
    def kind(self) -> str:
        """Phone, bank_card, …"""
        return kind_of(self.token)

    def __repr__(self) -> str:
        """Nothing of it: representations end up in tracebacks and logs."""
        return "Opened(…)"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at everything found: how much opens, and what does not."""

    subjects: int
    rows: int
    closed_subjects: tuple[str, ...]
    closed_rows: int
    """Rows whose subject has a key that opens, and which don't open with it."""
    keyless_rows: int
    """Rows whose subject has no key that opens: a key book older than the rows, or a destroyed version."""

    @property
    def ok(self) -> bool:
        """Whether everything opens."""
        return not (self.closed_subjects or self.closed_rows or self.keyless_rows)


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """How much there is, and under which keys."""

    counts: VaultCounts
    versions: tuple[Version, ...]
    waiting: int
    """Keys of subjects that are still wrapped under retired versions."""


class Known:
    """A bounded memory of pairs that are durable; two generations, so that forgetting never takes all at once."""

    def __init__(self, most: int = KNOWN_MAX) -> None:
        self._most = most
        self._young: set[tuple[str, str]] = set()
        self._old: set[tuple[str, str]] = set()

    def __contains__(self, pair: object) -> bool:
        return pair in self._young or pair in self._old

    def update(self, pairs: Iterable[tuple[str, str]]) -> None:
        """These are durable."""
        self._young.update(pairs)
        if len(self._young) >= self._most:
            self._old, self._young = self._young, set()

    def forget(self) -> None:
        """Know nothing any more."""
        self._young, self._old = set(), set()


class Vault:
    """Rows over a store, keys under a ring. May be used by several threads."""

    def __init__(self, store: VaultStore, ring: KeyRing, *, known_max: int = KNOWN_MAX) -> None:
        self._store, self._ring = store, ring
        self._lock = threading.RLock()
        self.known = Known(known_max)
        self.changes = 0
        """How often something was corrected or erased: what was read of rows before that may be out of date."""
        self._keys: dict[str, tuple[int, Sealer]] = {}
        self.returned = store.purge()
        """Rows of erased subjects that were found at the opening, and dropped: a restored copy brought them back."""

    # ---- in

    def commit(self, batch: Iterable[Personal], now_us: int) -> int:
        """Make personal fields durable; how many of them were new. Raises VaultFailure or RingProblem, and knows
        nothing of the batch then.
        """
        with self._lock:
            fresh = {(subject, token): clear for subject, token, clear in batch if (subject, token) not in self.known}
            keyed = self._keyed({name for name, _ in fresh})
            subjects: list[SubjectKey] = []
            rows: list[SealedRow] = []
            for (name, token), clear in fresh.items():
                if name not in keyed:
                    subject, keyed[name] = self._new_subject(name, now_us)
                    subjects.append(subject)
                rows.append(_sealed(keyed[name], token, clear, now_us))
            new = self._store.add(subjects, rows) if rows else 0
            self._remember(keyed)
            self.known.update(fresh)
            return new

    def _keyed(self, names: set[str]) -> dict[str, tuple[int, Sealer]]:
        """Numbers and keys of those among these subjects that have one."""
        keyed = {name: self._keys[name] for name in names if name in self._keys}
        if len(keyed) < len(names):
            found = self._store.named(names - keyed.keys())
            keyed |= {name: (each.number, self._opened(each)) for name, each in found.items()}
        return keyed

    def _new_subject(self, name: str, now_us: int) -> tuple[SubjectKey, tuple[int, Sealer]]:
        # By chance, never counted: a number of a key book that was restored must not meet another subject's rows.
        number, sealer = randbits(62), Sealer.fresh(self._ring.active.profile)
        version, wrapped = self._ring.wrap(sealer.packed(), _of_subject(number, name))
        return SubjectKey(number, name, wrapped, version, now_us), (number, sealer)

    def _opened(self, subject: SubjectKey) -> Sealer:
        if subject.wrapped is None:
            raise CannotOpen
        return Sealer.of(self._ring.unwrap(subject.version, subject.wrapped, _of_subject(subject.number, subject.name)))

    def _remember(self, keyed: dict[str, tuple[int, Sealer]]) -> None:
        if len(self._keys) + len(keyed) > _KEYS_MAX:
            self._keys.clear()
        self._keys.update(keyed)

    # ---- out

    def look_up(self, token: str) -> tuple[Opened, ...]:
        """The clear text behind a token, once for each subject that has it. Raises CannotOpen for what is damaged."""
        with self._lock:
            found = []
            for row in self._store.rows_with(token):
                subject = self._store.numbered(row.subject)
                if subject is not None and subject.wrapped is not None:
                    found.append(_open(row, subject, self._opened(subject)))
            return tuple(found)

    def open_one(self, name: str, token: str) -> Opened | None:
        """One row of one subject; None when there is none, or the subject was erased. Raises CannotOpen."""
        with self._lock:
            subject = self._store.subject(name)
            if subject is None:
                return None
            rows = [row for row in self._store.rows_of(subject.number) if row.token == token]
            return _open(rows[0], subject, self._opened(subject)) if rows else None

    def holders(self, token: str, limit: int) -> tuple[str, ...]:
        """The names of at most so many subjects that have a row with a token; nothing is opened."""
        with self._lock:
            names = []
            for row in self._store.rows_with(token, limit):
                subject = self._store.numbered(row.subject)
                if subject is not None and subject.wrapped is not None:
                    names.append(subject.name)
            return tuple(names)

    def tokens_of(self, name: str, limit: int) -> tuple[str, ...]:
        """At most so many tokens that a subject has rows for; none for one that there is not. Nothing is opened."""
        with self._lock:
            subject = self._store.subject(name)
            return tuple(row.token for row in self._store.rows_of(subject.number)[:limit]) if subject else ()

    def export(self, name: str) -> tuple[Opened, ...]:
        """All that is kept of a subject. Raises LookupError when there is none of this name, CannotOpen."""
        with self._lock:
            subject = self._having(name)
            sealer = self._opened(subject)
            return tuple(_open(row, subject, sealer) for row in self._store.rows_of(subject.number))

    def correct(self, name: str, token: str, clear: str, tokens: Tokens, now_us: int) -> str:
        """Another text in the place of a wrong one; returns the right one's own token.

        What was decided stays as it was, under the token that came in: from now on that one opens to the right text,
        and the right text's own token does, too. Raises LookupError when the subject has no such row, ValueError
        (without the text) when the text is no identifier of that kind.
        """
        with self._lock:
            subject = self._having(name)
            if not self._store.held(subject.number, token):
                raise LookupError("this subject has no such token")
            right = tokens.token(kind_of(token), clear)
            keyed = subject.number, self._opened(subject)
            row = _sealed(keyed, token, clear, now_us)
            before = next(each for each in self._store.rows_of(subject.number) if each.token == token)
            rows = [row._replace(since_us=before.since_us, corrected_us=now_us)]
            if right != token and not self._store.held(subject.number, right):
                rows.append(_sealed(keyed, right, clear, now_us))
            self._store.replace(rows)
            self.changes += 1
            return right

    def erase(self, name: str, now_us: int) -> int:
        """Destroy a subject's key, and drop its rows; how many there were. Raises LookupError.

        What comes in under this name later is a new subject's.
        """
        with self._lock:
            subject = self._having(name)
            self._keys.pop(name, None)
            dropped = self._store.erase(subject.number, now_us)
            self.known.forget()
            self.changes += 1
            return dropped

    def number_of(self, name: str) -> int | None:
        """The number that was drawn for a subject; None when nothing is kept of one of this name."""
        with self._lock:
            subject = self._store.subject(name)
            return None if subject is None else subject.number

    def name_of(self, number: int) -> str | None:
        """The name of the subject of a number; None when there is none, or his key is gone."""
        with self._lock:
            subject = self._store.numbered(number)
            return None if subject is None or subject.wrapped is None else subject.name

    def erase_number(self, number: int, now_us: int) -> int:
        """As `erase`, of the subject of this number and no other: who came in under his name later stays. Raises
        LookupError.
        """
        with self._lock:
            name = self.name_of(number)
            if name is None:
                raise LookupError("the vault has no subject of this number")
            return self.erase(name, now_us)

    def has(self, name: str) -> bool:
        """Whether something is kept of a subject of this name."""
        return self._store.subject(name) is not None

    def _having(self, name: str) -> SubjectKey:
        subject = self._store.subject(name)
        if subject is None:
            raise LookupError("the vault has no subject of this name")
        return subject

    # ---- keys

    def rotate(self, now_us: int, profile: Profile | None = None) -> Version:
        """A new version of the ring wraps from now on; see `rewrap`."""
        with self._lock:
            return self._ring.rotate(now_us, profile)

    def rewrap(self, budget: int) -> int:
        """Put up to `budget` subjects' keys under the active version, with turns for others between; how many.

        Keys that are damaged stay where they are; `check` names them.
        """
        done = 0
        while done < budget:
            with self._lock:
                found = self._store.wrapped_under(self._ring.retired, min(budget - done, _AT_ONCE))
                opened = [(subject, sealer) for subject in found if (sealer := self._tried(subject)) is not None]
                if not opened:
                    break
                self._store.rewrap([self._wrapped_again(subject, sealer) for subject, sealer in opened])
                done += len(opened)
        return done

    def _wrapped_again(self, subject: SubjectKey, sealer: Sealer) -> SubjectKey:
        version, wrapped = self._ring.wrap(sealer.packed(), _of_subject(subject.number, subject.name))
        return subject._replace(version=version, wrapped=wrapped)

    def destroy(self, number: int, now_us: int) -> None:
        """Destroy a retired version that no key needs any more. Raises RingProblem."""
        with self._lock:
            if left := self._store.counts().versions.get(number, 0):
                raise RingProblem(f"{left} keys are still wrapped under version {number}: re-wrap first")
            self._ring.destroy(number, now_us)

    def change_root(self, root: Root) -> None:
        """Put the ring under another root; what the old one opens are old copies of the ring's file."""
        with self._lock:
            self._ring.change_root(root)

    # ---- looking

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions of the key ring, the oldest first."""
        return self._ring.versions

    def status(self) -> VaultStatus:
        """How much there is, and under which keys."""
        with self._lock:
            counts, retired = self._store.counts(), self._ring.retired
            return VaultStatus(counts, self._ring.versions, sum(counts.versions.get(each, 0) for each in retired))

    def seals(self, after: int = -1, limit: int = 1_000) -> tuple[list[tuple[str, bytes]], int | None]:
        """What lies sealed under which key, for those who count nonces: of up to `limit` subjects above a number, and
        the number to go on above; None when these were the last. Nothing is opened.
        """
        page = self._store.subjects(after, limit)
        found: list[tuple[str, bytes]] = []
        for subject in page:
            if subject.wrapped is not None:
                found.append((f"version {subject.version}", subject.wrapped))
                found += [(f"subject {subject.number}", row.sealed) for row in self._store.rows_of(subject.number)]
        return found, page[-1].number if page else None

    def check(self) -> Checked:
        """Open everything once, and keep nothing of it. Nothing must come in meanwhile: all rows are counted first."""
        subjects, closed, met, closed_rows = 0, [], 0, 0
        counted = self._store.counts().rows
        for subject in self._all_subjects():
            subjects += 1
            sealer = self._tried(subject)
            if sealer is None:
                closed += [subject.name] if subject.wrapped is not None else []
                continue
            rows = self._store.rows_of(subject.number)
            met += len(rows)
            closed_rows += sum(not _opens(row, subject, sealer) for row in rows)
        return Checked(subjects, counted, tuple(closed), closed_rows, counted - met)

    def _tried(self, subject: SubjectKey) -> Sealer | None:
        try:
            return self._opened(subject)
        except CannotOpen:
            return None

    def _all_subjects(self) -> Iterator[SubjectKey]:
        after = -1
        while page := self._store.subjects(after):
            yield from page
            after = page[-1].number

    def close(self) -> None:
        """Let go of the store."""
        with self._lock:
            self._keys.clear()
            self._store.close()


def kind_of(token: str) -> str:
    """The kind of identifier that a token stands for.

    >>> kind_of("phone.AAAAAAAAAAAAAAAAAAAAAA")
    'phone'
    """
    return token.partition(".")[0]


def _of_subject(number: int, name: str) -> bytes:
    """A subject's identity: its key opens for no other number, and under no other name."""
    return b"jindi subject v1" + number.to_bytes(8, "big") + name.encode()


def _of_row(number: int, token: str) -> bytes:
    """A row's identity. The token, which begins with its kind, comes last, so no other pair gives the same bytes."""
    return b"jindi row v1" + number.to_bytes(8, "big") + token.encode()


def _sealed(keyed: tuple[int, Sealer], token: str, clear: str, now_us: int) -> SealedRow:
    number, sealer = keyed
    return SealedRow(number, token, sealer.seal(clear.encode(), _of_row(number, token)), now_us)


def _opens(row: SealedRow, subject: SubjectKey, sealer: Sealer) -> bool:
    try:
        _open(row, subject, sealer)
    except CannotOpen:
        return False
    return True


def _open(row: SealedRow, subject: SubjectKey, sealer: Sealer) -> Opened:
    clear = sealer.open(row.sealed, _of_row(row.subject, row.token)).decode()
    return Opened(subject.name, row.token, clear, row.since_us, row.corrected_us)
