"""The vault: whose personal fields came in, sealed under a key that each subject has alone.

A subject is whoever a field is about: a user, or the identifier itself where no user is known. Its key seals its rows
and is wrapped under the ring; to destroy that one small thing makes all its rows unreadable, in every copy of them.
"""

import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from secrets import randbits
from typing import Literal, NamedTuple

from jindi.ports import Root, SealedRow, SubjectKey, VaultCounts, VaultStore
from jindi.vault.ciphers import CannotOpen, Profile, Sealer
from jindi.vault.ring import KeyRing, RingProblem, Version
from jindi.vault.tally import SEEN, Counter, Tally
from jindi.vault.tokens import Tokens

KNOWN_MAX = 131_072
"""Pairs of subject and token that are remembered in each of two generations, some 30 MB each: what is forgotten costs
one look into the store."""

_KEYS_MAX = 16_384
_AT_ONCE = 500
"""Keys re-wrapped, or subjects sealed anew, before other work gets its turn: a few milliseconds."""

SAMPLE = 1_000
"""Rows that a drill opens."""

_ERASURES = "erasures"
"""The name of the key book's note that says up to which record of the journal erasures are known to have been done."""

_RESEAL = "reseal"
"""The name of the key book's note that says since when all keys are to be: a number of microseconds."""


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
    tally: "TallyState"
    missing_rows: int
    """Rows that were counted and are not there: at least so many. 0 when it can't be known."""

    @property
    def ok(self) -> bool:
        """Whether everything opens, and nothing is missing."""
        return not (self.closed_subjects or self.closed_rows or self.keyless_rows) and self.tally == "agrees"


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a look at some rows found; all of them were counted."""

    subjects: int
    rows: int
    tried: int
    opened: int
    tally: "TallyState"
    missing_rows: int

    @property
    def ok(self) -> bool:
        """Whether all that was tried opened, and nothing is missing."""
        return self.opened == self.tried and self.tally == "agrees"


TallyState = Literal["agrees", "differs", "older", "gone"]
"""Rows are those that were counted; rows were taken away, added or changed; rows and tally are an older copy than what
was written down beside the keys; there is no tally that can be read, although there was one."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What one turn of sealing anew did. `skipped`: subjects that keep their older key, for not all of theirs opens."""

    subjects: int
    rows: int
    skipped: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """How much there is, and under which keys."""

    counts: VaultCounts
    versions: tuple[Version, ...]
    waiting: int
    """Keys of subjects that are still wrapped under retired versions."""
    to_reseal: int | None = None
    """Subjects that are still to be sealed under a new key of theirs; None when that was not asked for."""


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
        self._counter = Counter(ring)
        self._tally = self._next_tally = self._found_tally()
        self._changed_us: int | None = None
        self._reseal_after = -1
        self.returned = store.purge(self._gone)
        """Rows of erased subjects that were found at the opening, and dropped: a restored copy brought them back."""
        self._tally = self._next_tally

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
            new = self._store.add(subjects, rows, self._come) if rows else 0
            self._counted(now_us)
            self._remember(keyed)
            self.known.update(fresh)
            return new

    def _keyed(self, names: set[str]) -> dict[str, tuple[int, Sealer]]:
        """Numbers and keys of those among these subjects that have one."""
        keyed = {name: self._keys[name] for name in names if name in self._keys}
        if len(keyed) < len(names):
            found = self._store.named(names - keyed.keys())
            keyed |= {name: (each.number, self._opened(each)[0]) for name, each in found.items()}
        return keyed

    def _new_subject(self, name: str, now_us: int) -> tuple[SubjectKey, tuple[int, Sealer]]:
        # By chance, never counted: a number of a key book that was restored must not meet another subject's rows.
        number, sealer = randbits(62), Sealer.fresh(self._ring.active.profile)
        version, wrapped = self._ring.wrap(sealer.packed(), _of_subject(number, name))
        return SubjectKey(number, name, wrapped, version, now_us), (number, sealer)

    def _opened(self, subject: SubjectKey) -> tuple[Sealer, ...]:
        """The subject's keys: first the one that seals, then perhaps the one before it. Raises CannotOpen."""
        wrapped = [each for each in (subject.fresh, subject.wrapped) if each is not None]
        if subject.wrapped is None:
            raise CannotOpen
        bound = _of_subject(subject.number, subject.name)
        return tuple(Sealer.of(self._ring.unwrap(subject.version, each, bound)) for each in wrapped)

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

    def opened_page(
        self, kinds: Collection[str], after: int = 0, limit: int = 200
    ) -> tuple[list[Opened], int | None]:  # fmt: skip
        """Rows of these kinds, opened, of up to `limit` rows that lie above a place; and the place to go on above, None
        when these were the last. What does not open is left out: `check` tells of it. For looking through everybody.
        """
        with self._lock:
            page = self._store.all_rows(after, limit)
            chosen = [row for _, row in page if kind_of(row.token) in kinds]
            whose = self._store.with_numbers({row.subject for row in chosen})
            found: list[Opened] = []
            for row in chosen:
                subject = whose.get(row.subject)
                if subject is not None and (sealers := self._tried(subject)) is not None:
                    with suppress(CannotOpen):
                        found.append(_open(row, subject, sealers))
            return found, page[-1][0] if page else None

    def tokens_of(self, name: str, limit: int) -> tuple[str, ...]:
        """At most so many tokens that a subject has rows for; none for one that there is not. Nothing is opened."""
        with self._lock:
            subject = self._store.subject(name)
            return tuple(row.token for row in self._store.rows_of(subject.number)[:limit]) if subject else ()

    def export(self, name: str) -> tuple[Opened, ...]:
        """All that is kept of a subject. Raises LookupError when there is none of this name, CannotOpen."""
        with self._lock:
            subject = self._having(name)
            sealers = self._opened(subject)
            return tuple(_open(row, subject, sealers) for row in self._store.rows_of(subject.number))

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
            keyed = subject.number, self._opened(subject)[0]
            row = _sealed(keyed, token, clear, now_us)
            before = next(each for each in self._store.rows_of(subject.number) if each.token == token)
            rows = [row._replace(since_us=before.since_us, corrected_us=now_us)]
            if right != token and not self._store.held(subject.number, right):
                rows.append(_sealed(keyed, right, clear, now_us))
            self._store.replace(rows, self._tallied(come=rows, gone=[before]))
            self._counted(now_us)
            self.changes += 1
            return right

    def erase(self, name: str, now_us: int) -> int:
        """Destroy a subject's key, and drop its rows; how many there were. Raises LookupError.

        What comes in under this name later is a new subject's.
        """
        with self._lock:
            subject = self._having(name)
            self._keys.pop(name, None)
            dropped = self._store.erase(subject.number, now_us, self._gone)
            self._counted(now_us)
            self.known.forget()
            self.changes += 1
        # What was erased must not be called missing, should an older count be what is left.
        self.write_down()
        return dropped

    def erase_again(self, erasures: Iterable[tuple[str | int, int]], now_us: int) -> int:
        """Erase whom an older copy of the key book has brought back; how many that were.

        `erasures`: names or numbers, and when each was erased, as the journal has them. Who came later under such a
        name stays; a number is nobody else's.
        """
        returned = 0
        for which, at_us in erasures:
            name = self.name_of(which) if isinstance(which, int) else which
            subject = None if name is None else self._store.subject(name)
            if subject is not None and subject.since_us <= at_us:
                self.erase(subject.name, now_us)
                returned += 1
        return returned

    @property
    def erasures_known(self) -> int:
        """Up to which record of the journal all erasures are known to have been done; 0 when that is not known."""
        return int(self._store.note(_ERASURES) or 0)

    def know_erasures(self, until: int) -> None:
        """All erasures before this record of the journal have been done."""
        if until != self.erasures_known:
            self._store.set_note(_ERASURES, b"%d" % until)

    @property
    def last_erased_us(self) -> int | None:
        """When somebody was erased last; None when nobody ever was."""
        return self._store.last_erased_us()

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
        for version in self._ring.retired:
            after = -1
            while done < budget:
                with self._lock:
                    page = self._store.wrapped_under(version, after, min(budget - done, _AT_ONCE))
                    if not page:
                        break
                    after = page[-1].number
                    opened = [(each, sealers) for each in page if (sealers := self._tried(each)) is not None]
                    if opened:
                        self._store.rewrap([self._wrapped_again(subject, sealers) for subject, sealers in opened])
                    done += len(opened)
        return done

    def _wrapped_again(self, subject: SubjectKey, sealers: tuple[Sealer, ...]) -> SubjectKey:
        bound = _of_subject(subject.number, subject.name)
        (version, wrapped), *fresh = [self._ring.wrap(sealer.packed(), bound) for sealer in reversed(sealers)]
        return subject._replace(version=version, wrapped=wrapped, fresh=fresh[0][1] if fresh else None)

    # ---- keys of subjects, and their rows, anew

    def begin_reseal(self, now_us: int) -> int:
        """From now on no subject is to have a key of before `now_us`; how many have one. The rest is `reseal`'s."""
        with self._lock:
            self._store.set_note(_RESEAL, b"%d" % now_us)
            self._reseal_after = -1
            return self._store.count_keyed_before(now_us)

    def reseal(self, now_us: int, budget: int, at_once: int = _AT_ONCE) -> Resealed:
        """Give up to `budget` subjects a new key of the ring's cipher and seal their rows under it, with turns for
        others between. Does nothing when `begin_reseal` did not ask for it.

        It may end anywhere, also by the loss of power: the new key is durable, beside the old one, before a row is
        sealed under it, and the old one goes when no row needs it any more. Until then either opens.
        """
        subjects = rows = skipped = 0
        while subjects < budget:
            with self._lock:
                before_us = self._store.note(_RESEAL)
                if before_us is None:
                    return Resealed(subjects, rows, skipped, is_done=True)
                page = self._store.keyed_before(int(before_us), self._reseal_after, min(budget - subjects, at_once))
                if not page:
                    self._store.set_note(_RESEAL, None)
                    self._reseal_after = -1
                    return Resealed(subjects, rows, skipped, is_done=True)
                numbers = self._freshly_keyed(page)
            with self._lock:
                sealed, whole = self._resealed(numbers, now_us)
            with self._lock:
                self._store.settle(whole, now_us)
                self._reseal_after = page[-1].number
            rows += sealed
            subjects += len(whole)
            skipped += len(page) - len(whole)
        return Resealed(subjects, rows, skipped, is_done=False)

    def _freshly_keyed(self, page: Collection[SubjectKey]) -> list[int]:
        """Put a fresh key beside that of each of these subjects whose own opens; their numbers."""
        opened = [(each, sealers) for each in page if (sealers := self._tried(each)) is not None]
        keyed = []
        for subject, sealers in opened:
            if subject.fresh is None:
                fresh = Sealer.fresh(self._ring.active.profile)
                keyed.append(self._wrapped_again(subject, (fresh, *sealers)))
                # What comes in from now on is sealed under the new one already.
                self._keys.pop(subject.name, None)
        if keyed:
            self._store.rewrap(keyed)
        return [subject.number for subject, _ in opened]

    def _resealed(self, numbers: Collection[int], now_us: int) -> tuple[int, list[int]]:
        """Seal the rows of these subjects under their fresh keys: how many were under another one, and the subjects of
        which all rows are under the fresh one now. Rows that open under neither stay, and so does the older key.
        """
        gone, come, whole = [], [], []
        rows = self._rows_of(numbers)
        for subject in self._store.with_numbers(numbers).values():
            if subject.fresh is None:
                continue  # erased meanwhile
            fresh, *older = self._opened(subject)
            is_whole = True
            for row in rows.get(subject.number, ()):
                bound = _of_row(row.subject, row.token)
                # The older key first: hardly a row has come in under the fresh one already.
                clear = next((found for each in older if (found := _tried_open(each, row, bound)) is not None), None)
                if clear is not None:
                    gone.append(row)
                    come.append(row._replace(sealed=fresh.seal(clear, bound)))
                elif _tried_open(fresh, row, bound) is None:
                    is_whole = False
            whole += [subject.number] if is_whole else []
        if come:
            self._store.renew(come, self._tallied(come=come, gone=gone))
            self._counted(now_us)
        return len(come), whole

    def _rows_of(self, numbers: Collection[int]) -> dict[int, list[SealedRow]]:
        found: dict[int, list[SealedRow]] = {}
        for row in self._store.rows_of_all(numbers):
            found.setdefault(row.subject, []).append(row)
        return found

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
            waiting = sum(counts.versions.get(each, 0) for each in retired)
            before_us = self._store.note(_RESEAL)
            left = None if before_us is None else self._store.count_keyed_before(int(before_us))
            return VaultStatus(counts, self._ring.versions, waiting, left)

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
        """Open everything once, and keep nothing of it; and count. Nothing must come in meanwhile."""
        subjects, closed, met, closed_rows = 0, [], 0, 0
        found = self._walked()
        for subject in self._all_subjects():
            subjects += 1
            sealers = self._tried(subject)
            if sealers is None:
                closed += [subject.name] if subject.wrapped is not None else []
                continue
            rows = self._store.rows_of(subject.number)
            met += len(rows)
            closed_rows += sum(not _opens(row, subject, sealers) for row in rows)
        tally, missing = self._compared(found)
        return Checked(subjects, found.rows, tuple(closed), closed_rows, found.rows - met, tally, missing)

    def sample(self, most: int = SAMPLE) -> Sampled:
        """Open some rows, evenly taken from all, and count all. Nothing must come in meanwhile."""
        counts, tried, opened, at = self._store.counts(), 0, 0, 0
        step = max(1, -(-counts.rows // most))
        after = 0
        while page := self._store.all_rows(after):
            chosen = [row for n, (_, row) in enumerate(page, at) if n % step == 0]
            whose = self._store.with_numbers({row.subject for row in chosen})
            for row in chosen:
                subject = whose.get(row.subject)
                sealers = self._tried(subject) if subject is not None else None
                opened += subject is not None and sealers is not None and _opens(row, subject, sealers)
            tried += len(chosen)
            at, after = at + len(page), page[-1][0]
        tally, missing = self._compared(self._walked())
        return Sampled(counts.subjects, counts.rows, tried, opened, tally, missing)

    def _tried(self, subject: SubjectKey) -> tuple[Sealer, ...] | None:
        try:
            return self._opened(subject)
        except CannotOpen:
            return None

    # ---- counting

    def _found_tally(self) -> Tally | None:
        """The tally beside the rows; counted now where there never was one, None where one is gone or changed."""
        raw = self._store.tally()
        if raw is not None:
            return self._counter.opened(raw)
        if self._ring.kept(SEEN) is not None:
            return None
        counted = self._walked()
        self._store.set_tally(self._counter.sealed(counted))
        return counted

    def _walked(self) -> Tally:
        """What the rows that are there come to."""
        tally, after = Tally(), 0
        while page := self._store.all_rows(after):
            tally = self._counter.after(tally, come=[row for _, row in page])
            after = page[-1][0]
        return tally

    def _compared(self, found: Tally) -> tuple[TallyState, int]:
        """How the rows that were found stand to what was counted, and how many are missing."""
        try:
            seen = self._counter.seen()
        except CannotOpen:
            return "gone", 0
        if self._tally is None:
            return "gone", max(0, seen.rows - found.rows) if seen is not None else 0
        if seen is not None and seen.changes > self._tally.changes:
            return "older", max(0, seen.rows - found.rows)
        if (found.rows, found.total) != (self._tally.rows, self._tally.total):
            return "differs", max(0, self._tally.rows - found.rows)
        return "agrees", 0

    def _come(self, rows: Collection[SealedRow]) -> bytes | None:
        return self._tallied(come=rows)

    def _gone(self, rows: Collection[SealedRow]) -> bytes | None:
        return self._tallied(gone=rows)

    def _tallied(self, come: Collection[SealedRow] = (), gone: Collection[SealedRow] = ()) -> bytes | None:
        """What is to be kept beside the rows with this change. `_counted` says that the change has been made."""
        if self._tally is None:
            return None
        self._next_tally = self._counter.after(self._tally, come=come, gone=gone)
        return self._counter.sealed(self._next_tally)

    def _counted(self, now_us: int) -> None:
        if self._next_tally is not self._tally:
            self._tally, self._changed_us = self._next_tally, now_us

    def write_down(self) -> bool:
        """Write the rows' counts down beside the keys, if they have changed since: from then on an older copy of the
        rows is noticed. Answers whether there was something to write down.
        """
        with self._lock:
            if self._tally is None or self._changed_us is None:
                return False
            self._counter.write_down(self._tally, self._changed_us)
            self._changed_us = None
            return True

    def recount(self, now_us: int) -> int:
        """Take the rows that are there for all: what was missing is given up. How many there are."""
        with self._lock:
            before = self._tally.changes if self._tally is not None else 0
            with suppress(CannotOpen):
                seen = self._counter.seen()
                before = max(before, seen.changes if seen is not None else 0)
            counted = self._walked()
            self._tally = self._next_tally = Tally(counted.rows, before + 1, counted.total)
            self._store.set_tally(self._counter.sealed(self._tally))
            self._changed_us = now_us
            self.write_down()
            return counted.rows

    # ---- the end

    def _all_subjects(self) -> Iterator[SubjectKey]:
        after = -1
        while page := self._store.subjects(after):
            yield from page
            after = page[-1].number

    def close(self) -> None:
        """Let go of the store."""
        with self._lock:
            # What can't be written down now leaves the count of before, which says less and nothing wrong.
            with suppress(OSError):
                self.write_down()
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


def _tried_open(sealer: Sealer, row: SealedRow, bound: bytes) -> bytes | None:
    try:
        return sealer.open(row.sealed, bound)
    except CannotOpen:
        return None


def _opens(row: SealedRow, subject: SubjectKey, sealers: Iterable[Sealer]) -> bool:
    try:
        _open(row, subject, sealers)
    except CannotOpen:
        return False
    return True


def _open(row: SealedRow, subject: SubjectKey, sealers: Iterable[Sealer]) -> Opened:
    bound = _of_row(row.subject, row.token)
    for sealer in sealers:
        with suppress(CannotOpen):
            clear = sealer.open(row.sealed, bound).decode()
            return Opened(subject.name, row.token, clear, row.since_us, row.corrected_us)
    raise CannotOpen
