"""A list made searchable: for a subject, the entries it may be, found through few candidates and scored by `compare`.

All words of the list that are like a word of the name are found (the same, few letters apart, the same by sound or
consonants, a short form, two words written as one), and how much of each listed name they can be at the most; only who
can reach the threshold is compared. Chinese names come by characters and by readings, too. `screen_all` looks at every
entry instead: it is what the index is held to.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from jindi.parties.screening import han
from jindi.parties.screening.compare import (
    COMMON_ONLY,
    CONTRADICTION,
    MANY_CONSONANTS,
    SURPLUS,
    SURPLUS_ORGANISATION,
    Comparison,
    compare,
    consonants,
    is_telling,
    letters_apart,
    likeness,
    sound,
)
from jindi.parties.screening.entries import Birth, Changes, Entry, Identifier, Kind, Name
from jindi.parties.screening.names import (
    COMMON,
    CONSONANTS,
    LETTER,
    LETTERS,
    PARTICLE,
    TYPED,
    Form,
    Parsed,
    Read,
    parse,
)
from jindi.parties.screening.spelled import Spelled
from jindi.parties.screening.words import NICKNAMES

THRESHOLD, STRONG = 80, 90
"""Design defaults: from this score on a name is told; from this score on a match is strong."""

BIRTH_DIFFERS, BIRTH_DIFFERS_SAME_NAME, SAME_NAME = 79, 84, 98
"""The most that is left when both births are known and differ; a little more when the name is the same, so that it is
still told.
"""

AGREES = 2
"""What an equal date of birth, and an equal country, add."""

GIVEN = 0.7
"""What a given name that many have is worth at most, however few of the listed have it."""

COMMONEST = 0.35
"""What a word that stands in every name is worth beside one that stands in a single name."""

_ORGANISATIONS = frozenset({"entity", "vessel", "aircraft"})

Strength = str
"""`exact`, `strong` or `weak`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is looked for. Births are `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; `identifiers` are numbers as they are
    written.
    """

    names: tuple[str, ...]
    kind: Kind = "unknown"
    birth: str = ""
    countries: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that a subject may be: the score from 0 to 100, how strong, by which of its names, and why."""

    entry: Entry
    score: int
    strength: Strength
    name: Name
    ours: str
    comparison: Comparison
    rules: tuple[str, ...]


@dataclass(slots=True)
class _Row:
    """One name of one entry."""

    entry: str
    name: Name
    parsed: Parsed


@dataclass(frozen=True, slots=True)
class _Like:
    """The rows, ascending, that have a word like another: how much it can be worth in each, and how much of the row's
    words it can be. `most` is the most that it is worth in any.
    """

    rows: np.ndarray
    worth: np.ndarray
    part: np.ndarray
    most: float

    def of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For some rows: whether they have the word, what it is worth and how much it is there."""
        if not len(self.rows):
            nothing = np.zeros(len(rows), np.float32)
            return np.zeros(len(rows), np.bool_), nothing, nothing
        at = self.rows.searchsorted(rows)
        at[at == len(self.rows)] = 0
        has = self.rows[at] == rows
        return has, self.worth[at] * has, self.part[at] * has


@dataclass(frozen=True, slots=True)
class _Arrays:
    """Of each row, what is asked of many at once. `total` is what its words weigh together, `firsts` the first letters
    of its words as bits, `initials` those of its words that are a single letter, `any_initials` those of all rows.
    """

    total: np.ndarray
    is_organisation: np.ndarray
    firsts: np.ndarray
    initials: np.ndarray
    any_initials: int


@dataclass(slots=True)
class _Part:
    """A part of a name that is looked for: how often it stands there, what it weighs in it and elsewhere at most."""

    like: _Like
    often: int
    mine: float
    most: float
    is_enough: bool
    """Whether a row may be found by it: not by a particle or an initial."""
    hits: int
    """How many words of ours it is."""


def _neighbours(form: Form) -> Iterator[tuple[str, str, str]]:
    """Every two words that stand together, as one, and by themselves."""
    for left, right in zip(form.words, form.words[1:], strict=False):
        if len(left) + len(right) > 3:
            yield left + right, left, right


def _whole_keys(parsed: Parsed) -> Iterator[str]:
    """The keys of a name that is, or may be, Chinese, and of an organisation's first letters."""
    if parsed.is_organisation:
        yield from (f"h{each}" for each in parsed.han)
        yield from (f"g{each[at : at + 2]}" for each in parsed.han for at in range(len(each) - 1))
        if 3 < len(parsed.plain) < 9 and " " not in parsed.plain:
            yield f"i{parsed.plain}"
        yield from (f"i{each}" for each in parsed.initials)
        return
    for each in parsed.han:
        yield f"h{each}"
        if len(each) > 4:
            yield from (f"g{each[at : at + 2]}" for at in range(len(each) - 1))
        else:
            yield from (f"p{key}" for key in han.keys_of(han.sounds(each)) if han.sounds(each))
    if not parsed.han:
        for form in parsed.forms[:1]:
            for spelt in han.spelt(form.words):
                yield from (f"p{key}" for key in han.keys_of(spelt.sounds))


def _letters_keys(parsed: Parsed) -> Iterator[str]:
    """The keys of a name that may be cut into words otherwise: its consonants, and what is left without one of them.
    Two names of which one consonant differs have one of these in common.
    """
    for form in parsed.forms:
        if len(form.joined) > 4:
            core = consonants(form.joined)
            yield f"a{core}"
            if len(core) >= MANY_CONSONANTS:
                yield from (f"a{core[:at]}{core[at + 1 :]}" for at in range(len(core)))


def _plain_number(identifier: Identifier) -> str:
    return "".join(char for char in identifier.value.upper() if char.isalnum())


def _typed_errors(_: int, longer: int) -> int:
    return letters_apart(longer, TYPED)


def _consonants_errors(_: int, longer: int) -> int:
    return letters_apart(longer, CONSONANTS)


def _read_errors(_: int, longer: int) -> int:
    return letters_apart(longer, LETTERS)


_ERRORS = (_typed_errors, _consonants_errors, _read_errors, _read_errors)
"""How many letters may be wrong, by how a name came into Latin letters."""


@dataclass(slots=True)
class _Words:
    """Words of a list by what two words can have in common, and in which rows they stand, worth how much there."""

    rows: dict[str, dict[int, float]] = field(default_factory=dict)
    spelled: Spelled = field(default_factory=Spelled)
    by_sound: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_core: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_group: dict[int, tuple[str, ...]] = field(default_factory=dict)
    has_consonants: bool = False
    """Whether a word of it was written in a script of consonants."""

    def add(self, word: str, at: int, worth: float) -> None:
        """A word of a row."""
        rows = self.rows.get(word)
        if rows is None:
            rows = self.rows[word] = {}
            self.spelled.add((word,))
            # Tuples of texts and numbers cost the collector of garbage nothing, lists would.
            for known, key in ((self.by_sound, sound(word)), (self.by_core, consonants(word))):
                known[key] = (*known.get(key, ()), word)
            for group in NICKNAMES.get(word, ()):
                self.by_group[group] = (*self.by_group.get(group, ()), word)
        rows[at] = max(rows.get(at, 0.0), worth)

    def like(self, word: str, read: Read) -> set[str]:
        """All words that can be like this one in any way that `likeness` knows, but an initial."""
        found = set(self.spelled.near(word, _ERRORS[read])) if len(word) > 1 else {word} & self.rows.keys()
        found.update(each for group in NICKNAMES.get(word, ()) for each in self.by_group.get(group, ()))
        if read <= LETTERS:
            found.update(self.by_sound.get(sound(word), ()))
        if read <= CONSONANTS and is_telling(core := consonants(word)):
            found.update(self.by_core.get(core, ()))
        return found

    def one_for(self, word: str, read: Read) -> set[str]:
        """All words that can be this one cut otherwise: what `compare` takes for two words written as one."""
        found = {word} & self.rows.keys()
        if read <= LETTERS:
            found.update(self.by_sound.get(sound(word), ()))
        if read == CONSONANTS or self.has_consonants:
            found.update(self.by_core.get(consonants(word), ()))
        return found


@dataclass(slots=True)
class Index:
    """A list, searchable. `rows` only grows; what is gone from the list is dead in it, until it is built anew."""

    entries: dict[str, Entry] = field(default_factory=dict)
    _rows: list[_Row] = field(default_factory=list)
    _of_entry: dict[str, list[int]] = field(default_factory=dict)
    _words: _Words = field(default_factory=_Words)
    _joined: _Words = field(default_factory=_Words)
    _whole: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _numbers: dict[str, list[str]] = field(default_factory=dict)
    _often: dict[str, int] = field(default_factory=dict)
    _weights: dict[str, float] = field(default_factory=dict)
    _found: dict[tuple[str, Read, bool], _Like] = field(default_factory=dict)
    _arrays: _Arrays | None = None
    _alive: int = 0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Index":
        """An index of these entries."""
        index = cls()
        index.apply(Changes(tuple(entries), (), ()))
        return index

    def among(self, ids: Iterable[str]) -> "Index":
        """Some of the entries by themselves, for looking only: words weigh what they weigh in the whole list, so a
        score is the one that the whole list gives.
        """
        some = Index.of(self.entries[each] for each in ids)
        some._often, some._alive, some._arrays = self._often, self._alive, None  # noqa: SLF001 - its own kind
        some._weights.clear()  # noqa: SLF001
        return some

    def apply(self, changes: Changes) -> None:
        """The list as it is after the changes; answers are those of an index that was built anew."""
        for entry in (*changes.removed, *(old for old, _ in changes.changed)):
            self._drop(entry)
        for entry in (*changes.added, *(new for _, new in changes.changed)):
            self._add(entry)
        self._weights.clear()
        self._found.clear()
        self._arrays = None
        self._read()

    def _add(self, entry: Entry) -> None:
        self.entries[entry.id] = entry
        for number in entry.identifiers:
            if len(plain := _plain_number(number)) > 4:
                self._numbers.setdefault(plain, []).append(entry.id)
        mine = self._of_entry.setdefault(entry.id, [])
        for name in entry.names:
            kinds = (False, True) if entry.kind == "unknown" else (entry.kind in _ORGANISATIONS,)
            for is_organisation in kinds:
                row = _Row(entry.id, name, parse(name.text, is_organisation=is_organisation))
                at = len(self._rows)
                self._rows.append(row)
                mine.append(at)
                self._alive += 1
                self._enter(row.parsed, at)

    def _enter(self, parsed: Parsed, at: int) -> None:
        for form in parsed.forms:
            self._words.has_consonants |= form.read == CONSONANTS
            self._joined.has_consonants |= form.read == CONSONANTS
            for word, worth in zip(form.words, form.worth, strict=True):
                self._words.add(word, at, worth)
            for both, _, _ in _neighbours(form):
                self._joined.add(both, at, 1.0)
        for key in {*_whole_keys(parsed), *_letters_keys(parsed)}:
            self._whole[key] = (*self._whole.get(key, ()), at)
        for core in _cores(parsed):
            self._often[core] = self._often.get(core, 0) + 1

    def _drop(self, entry: Entry) -> None:
        del self.entries[entry.id]
        for number in entry.identifiers:
            if (holders := self._numbers.get(_plain_number(number))) and entry.id in holders:
                holders.remove(entry.id)
        for at in self._of_entry.pop(entry.id):
            self._alive -= 1
            parsed = self._rows[at].parsed
            for form in parsed.forms:
                for word in form.words:
                    self._words.rows[word].pop(at, None)
                for both, _, _ in _neighbours(form):
                    self._joined.rows[both].pop(at, None)
            for key in {*_whole_keys(parsed), *_letters_keys(parsed)}:
                self._whole[key] = tuple(each for each in self._whole[key] if each != at)
            for core in _cores(parsed):
                self._often[core] -= 1

    def weight(self, word: str) -> float:
        """How rare a word is in this list, from `COMMONEST` for what stands everywhere to 1: by its consonants, so
        that the spellings of Mohammed are one word.
        """
        known = self._weights.get(word)
        if known is None:
            all_rows = max(self._alive, 2)
            often = max(self._often.get(_core(word), 0), 1)
            known = COMMONEST + (1 - COMMONEST) * min(
                1.0, math.log(all_rows / often + 1) / math.log(max(all_rows / 3, 2) + 1)
            )
            if word in NICKNAMES:
                known = min(known, GIVEN)
            if len(self._weights) < 1_000_000:
                self._weights[word] = known
        return known

    # ---- looking

    def screen(self, subject: Subject, threshold: int = THRESHOLD) -> tuple[Match, ...]:
        """The entries that a subject may be, the likeliest first. An equal identifier is always told."""
        # Births and countries add to what the names are worth; without them a name has to reach the threshold alone.
        least = threshold - (2 * AGREES if subject.birth or subject.countries else 0.5)
        rows = {row for parsed in _parsed(subject) for row in self._candidates(parsed, least / 100)}
        return self._matches(subject, sorted(rows), threshold, self._by_number(subject))

    def screen_all(self, subject: Subject, threshold: int = THRESHOLD) -> tuple[Match, ...]:
        """The same by comparing with every name: slow, and what `screen` is held to."""
        rows = sorted(row for several in self._of_entry.values() for row in several)
        return self._matches(subject, rows, threshold, self._by_number(subject))

    def _by_number(self, subject: Subject) -> dict[str, Identifier]:
        return {
            entry: number
            for number in subject.identifiers
            if len(_plain_number(number)) > 4
            for entry in self._numbers.get(_plain_number(number), ())
            if _same_kind(number, self.entries[entry])
        }

    def _matches(
        self, subject: Subject, rows: Iterable[int], threshold: int, numbered: Mapping[str, Identifier]
    ) -> tuple[Match, ...]:
        best: dict[str, Match] = {}
        names = _parsed(subject)
        for at in rows:
            row = self._rows[at]
            entry = self.entries[row.entry]
            if not _kinds_fit(subject.kind, entry.kind):
                continue
            for parsed in names:
                if parsed.is_organisation != row.parsed.is_organisation:
                    continue
                compared = compare(parsed, row.parsed, self.weight)
                if compared.score < threshold and compared.score + 2 * AGREES < threshold:
                    continue
                match = judged(subject, entry, row.name, parsed.text, compared)
                known = best.get(entry.id)
                if match.score >= threshold and (known is None or _order(match) < _order(known)):
                    best[entry.id] = match
        for key, number in numbered.items():
            best[key] = _by_identifier(subject, self.entries[key], number, best.get(key))
        return tuple(sorted(best.values(), key=_order))

    def _candidates(self, parsed: Parsed, least: float) -> set[int]:
        """The rows whose score may be this share or more of a hundred."""
        found: set[int] = set()
        for key in (*_whole_keys(parsed), *_letters_keys(parsed)):
            found.update(self._whole.get(key, ()))
        for form in parsed.forms:
            found.update(self._likely(form, parsed.is_organisation, least))
        return found

    def _likely(self, form: Form, is_organisation: bool, least: float) -> list[int]:
        """The rows of which enough words may be found in a name: never fewer than `compare` finds.

        With all that is found on both sides (`worth`) and what is left of ours and of theirs at the least, the score is
        at most worth / (worth + contradiction * what both have left + surplus * what one has left more).
        """
        # One word of several is never told, so two have to be found, unless they are written as one.
        least_words = 2 if not is_organisation and 100 * least > COMMON_ONLY and _several(form) else 1
        parts, total = self._parts(form, least_words)
        surplus = SURPLUS_ORGANISATION * COMMON if is_organisation else SURPLUS
        rows = self._touched(parts, total, least, surplus, has_initials=any(len(word) == 1 for word in form.words))
        rows = rows[self._read().is_organisation[rows] == is_organisation]
        if not len(rows):
            return []
        worth, part, ours = (np.zeros(len(rows), np.float32) for _ in range(3))
        hits = np.zeros(len(rows), np.int32)
        for each in parts:
            has, found, of_it = each.like.of(rows)
            hits += has * each.hits
            worth += each.often * np.minimum(found, each.most)
            part += each.often * of_it
            ours += each.mine * has
        worth, part, ours, hits = self._with_initials(form, rows, worth, part, ours, hits)
        mine, its = np.maximum(total - ours, 0.0), np.maximum(self._read().total[rows] - part, 0.0)
        against = CONTRADICTION * np.minimum(mine, its) + surplus * np.abs(mine - its)
        likely: list[int] = rows[(hits >= least_words) & (worth + 1e-4 >= least * (worth + against))].tolist()
        return likely

    def _parts(self, form: Form, least_words: int) -> tuple[list[_Part], float]:
        """What of a name is looked for, and what its words weigh together. When too few of its words are like any word
        of the list, the others are not looked for.
        """
        parts, total = [], 0.0
        words = _counted(form)
        missing = len(words) - least_words
        for word in sorted(words, key=lambda each: ((each, form.read, False) not in self._found, -len(each))):
            often, worth = words[word]
            mine = worth * self.weight(word) if worth > PARTICLE else 0.0
            total += mine
            if missing < 0:
                continue
            like = self._like(word, read=form.read)
            missing -= not len(like.rows) and not self._read().any_initials & _bit(word[0])
            is_enough = worth > PARTICLE and len(word) > 1
            parts.append(_Part(like, often, mine, min(worth, like.most), is_enough, often))
        if missing < 0:
            parts = []
        for both, left, right in _neighbours(form):
            like = self._like(both, read=form.read, is_joined=True)
            if len(like.rows):
                mine = self.weight(left) + self.weight(right)
                parts.append(_Part(like, 1, mine, like.most, is_enough=True, hits=2))
        return parts, total

    def _touched(
        self, parts: list[_Part], total: float, least: float, surplus: float, *, has_initials: bool
    ) -> np.ndarray:
        """The rows worth a look. Words that many have are left for last: when all that remain are too little by
        themselves, rows that have nothing else are passed over.
        """
        several = sorted([each for each in parts if each.is_enough] or parts, key=lambda each: len(each.like.rows))
        rest = sum(each.often * each.most for each in parts)
        left = total - sum(each.mine for each in parts)
        touched: list[np.ndarray] = []
        for each in several:
            is_too_little = rest * (1 - least) + 1e-4 < least * surplus * max(left, 0.0)
            if is_too_little and not has_initials:
                rows = each.like.rows
                touched.append(rows[self._read().initials[rows] != 0])
            else:
                touched.append(each.like.rows)
            rest -= each.often * each.most
            left += each.mine
        return np.unique(np.concatenate(touched)) if touched else np.zeros(0, np.int32)

    def _with_initials(
        self, form: Form, rows: np.ndarray, worth: np.ndarray, part: np.ndarray, ours: np.ndarray, hits: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The same where a word can be the other's initial; one of theirs is a word of ours that was found."""
        arrays = self._read()
        for letter in {word for word in form.words if len(word) == 1}:
            fits = (arrays.firsts[rows] & _bit(letter)) != 0
            worth, part, ours = worth + LETTER * fits, part + fits, ours + LETTER * fits
        theirs = arrays.initials[rows]
        if theirs.any():
            for letter in {word[0] for word in form.words}:
                fits = (theirs & _bit(letter)) != 0
                worth, part, ours, hits = worth + LETTER * fits, part + LETTER * fits, ours + fits, hits + fits
        return worth, part, ours, hits

    def _like(self, word: str, *, read: Read, is_joined: bool = False) -> _Like:
        """The rows that have a word like this one, or two that are one with it."""
        key = word, read, is_joined
        known = self._found.get(key)
        if known is None:
            rows: list[int] = []
            worth: list[float] = []
            part: list[float] = []
            for other in self._words.one_for(word, read) if is_joined else self._words.like(word, read):
                near = likeness(word, other, read)[0]
                standing = self._words.rows[other]
                if near and standing:
                    weight = self.weight(other)
                    rows += standing
                    worth += [near * weight * each for each in standing.values()]
                    part += [weight * each if each > PARTICLE else 0.0 for each in standing.values()]
            for other in () if is_joined else self._joined.one_for(word, read):
                near = likeness(word, other, read)[0]
                standing = self._joined.rows[other]
                if near and standing:
                    rows += standing
                    worth += [near * self.weight(other)] * len(standing)
                    part += [2.0] * len(standing)
            known = _most(rows, worth, part) if rows else _NOTHING
            if len(self._found) < 200_000:
                self._found[key] = known
        return known

    def _read(self) -> _Arrays:
        if self._arrays is None:
            count = len(self._rows)
            total = np.zeros(count, np.float32)
            is_organisation = np.zeros(count, np.bool_)
            firsts, initials = np.zeros(count, np.int64), np.zeros(count, np.int64)
            for at, row in enumerate(self._rows):
                is_organisation[at] = row.parsed.is_organisation
                total[at] = min((self._total(form) for form in row.parsed.forms), default=0.0)
                for word in {word for form in row.parsed.forms for word in form.words}:
                    firsts[at] |= _bit(word[0])
                    initials[at] |= _bit(word) if len(word) == 1 else 0
            self._arrays = _Arrays(total, is_organisation, firsts, initials, int(np.bitwise_or.reduce(initials)))
        return self._arrays

    def _total(self, form: Form) -> float:
        """What the words of a name weigh, each once."""
        return sum(worth * self.weight(word) for word, (_, worth) in _counted(form).items() if worth > PARTICLE)


def _several(form: Form) -> bool:
    """Whether a name has two words or more that carry it."""
    words = {word for word, worth in zip(form.words, form.worth, strict=True) if worth > PARTICLE}
    return len(words) > 1 and not any(len(word) == 1 for word in words)


def _counted(form: Form) -> dict[str, tuple[int, float]]:
    """Each word: how often it stands there, and what it is worth at most."""
    found: dict[str, tuple[int, float]] = {}
    for word, worth in zip(form.words, form.worth, strict=True):
        often, known = found.get(word, (0, 0.0))
        found[word] = often + 1, max(known, worth)
    return found


_NOTHING = _Like(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.float32), 0.0)


def _most(rows: list[int], worth: list[float], part: list[float]) -> _Like:
    """Each row once, with the most of what it has."""
    found: dict[int, tuple[float, float]] = {}
    for at, one, other in zip(rows, worth, part, strict=True):
        known = found.get(at)
        found[at] = (one, other) if known is None else (max(known[0], one), max(known[1], other))
    ordered = sorted(found)
    both = np.array([found[at] for at in ordered], np.float32).reshape(-1, 2)
    return _Like(np.array(ordered, np.int32), both[:, 0].copy(), both[:, 1].copy(), max(worth, default=0.0))


def _bit(letter: str) -> int:
    return 1 << (ord(letter) % 62)


def _core(word: str) -> str:
    core = consonants(word)
    return core if len(core) > 2 else word


def _cores(parsed: Parsed) -> set[str]:
    return {_core(word) for form in parsed.forms for word in form.words}


def _order(match: Match) -> tuple[int, int, str]:
    """The likeliest first; among equals the better name, then the entry's id: the same order every time."""
    return (-match.score, ("exact", "strong", "weak").index(match.strength), match.entry.id)


def _parsed(subject: Subject) -> list[Parsed]:
    kinds = (False, True) if subject.kind == "unknown" else (subject.kind in _ORGANISATIONS,)
    return [parse(name, is_organisation=each) for name in subject.names for each in kinds if name.strip()]


def _kinds_fit(ours: Kind, theirs: Kind) -> bool:
    return "unknown" in {ours, theirs} or ours == theirs


def _same_kind(number: Identifier, entry: Entry) -> bool:
    """Whether an equal number of the entry is of the same kind; kinds that nobody told fit all."""
    plain = _plain_number(number)
    kinds = {each.kind for each in entry.identifiers if _plain_number(each) == plain}
    return not number.kind or number.kind in kinds or "" in kinds or "other" in kinds


def _births_fit(ours: str, births: tuple[Birth, ...]) -> str:
    """`agrees` for the same day or year, `differs`, or nothing when one side doesn't tell."""
    told = [each for each in births if each.years != (0, 0)]
    if not ours or not told:
        return ""
    year = int(ours[:4])
    for each in told:
        first, last = each.years
        if first - 1 <= year <= last + 1:
            if len(ours) == len(each.date) == 10 and year == first and ours != each.date:
                swapped = f"{ours[:4]}-{ours[8:]}-{ours[5:7]}"
                if (
                    each.date not in {ours, swapped}
                    and not each.date.endswith("-01-01")
                    and not ours.endswith("-01-01")
                ):
                    continue
            return "agrees" if first <= year <= last else ""
    return "differs"


def judged(subject: Subject, entry: Entry, name: Name, ours: str, compared: Comparison) -> Match:
    """What a likeness of names is worth, with all else that is known of both."""
    rules = list(compared.rules)
    score = compared.score
    if (
        score < 100
        and subject.countries
        and {each.casefold() for each in subject.countries} & {each.casefold() for each in entry.countries}
    ):
        score = min(score + AGREES, 99.0)
        rules.append("country_agrees")
    births = _births_fit(subject.birth, entry.births)
    if births == "agrees":
        score = min(score + AGREES, 100.0 if score >= 100 else 99.0)
        rules.append("birth_agrees")
    elif births == "differs":
        score = min(score, BIRTH_DIFFERS_SAME_NAME if compared.score >= SAME_NAME else BIRTH_DIFFERS)
        rules.append("birth_differs")
    if "other_characters" in compared.rules:
        score = min(score, compared.score)
    points = math.floor(score + 0.5)
    strength = "exact" if compared.score >= 100 and points == 100 else "strong" if points >= STRONG else "weak"
    if name.quality == "weak" and strength != "weak":
        strength = "weak"
        rules.append("weak_name")
    if births == "differs":
        strength = "weak"
    return Match(entry, points, strength, name, ours, compared, tuple(dict.fromkeys(rules)))


def _by_identifier(subject: Subject, entry: Entry, number: Identifier, known: Match | None) -> Match:
    """An equal identifier decides, whatever the names."""
    if known is not None:
        return Match(
            entry, 100, "exact", known.name, known.ours, known.comparison, (*known.rules, f"identifier:{number.kind}")
        )
    ours = subject.names[0] if subject.names else ""
    return Match(entry, 100, "exact", entry.names[0], ours, Comparison(0.0), (f"identifier:{number.kind}",))


def rescreen(
    subjects: Mapping[str, Subject], changes: Changes, by: "Index", threshold: int = THRESHOLD
) -> dict[str, tuple[Match, ...]]:
    """Which subjects a change of the list concerns: those that match an entry that was added or is another now.

    `by` is an index of the subjects as entries (`index_of`), so that the cost is that of the change, not of all
    subjects.
    Nobody is left out by a look at fewer: each changed entry is looked for among the subjects, and whoever is found is
    compared as `screen` compares.
    """
    now = Index.of((*changes.added, *(new for _, new in changes.changed)))
    concerned: set[str] = set()
    for entry in now.entries.values():
        for found in by.screen(_as_subject(entry), max(threshold - 2 * AGREES - 3, 1)):
            concerned.add(found.entry.id)
    matches = {key: now.screen(subjects[key], threshold) for key in sorted(concerned) if key in subjects}
    return {key: found for key, found in matches.items() if found}


def index_of(subjects: Mapping[str, Subject]) -> Index:
    """Subjects as a list, so that changed entries can be looked for among them."""
    return Index.of(
        Entry(key, each.kind, tuple(Name(name) for name in each.names), identifiers=each.identifiers)
        for key, each in subjects.items()
    )


def _as_subject(entry: Entry) -> Subject:
    return Subject(tuple(each.text for each in entry.names), entry.kind, identifiers=entry.identifiers)
