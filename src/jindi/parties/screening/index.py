"""A list made searchable: for a subject, the entries it may be, found through few candidates and scored by `compare`.

Candidates come by the words of names (the same, a letter more or less, the same by sound or consonants, a short form,
two words written as one) and, for Chinese names, by characters and by readings. `screen_all` looks at every entry
instead: it is what the index is held to.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from jindi.parties.screening import han
from jindi.parties.screening.compare import GATE, LENGTHS, Comparison, compare, consonants, likeness, sound
from jindi.parties.screening.entries import Birth, Changes, Entry, Identifier, Kind, Name
from jindi.parties.screening.names import PARTICLE, Form, Parsed, parse
from jindi.parties.screening.words import NICKNAMES

THRESHOLD, STRONG = 80, 90
"""Design defaults: from this score on a name is told; from this score on a match is strong."""

CANDIDATES = 50
"""So many names are scored for a subject at the most, besides those found by an identifier."""

BIRTH_DIFFERS, BIRTH_DIFFERS_SAME_NAME, SAME_NAME = 79, 84, 98
"""The most that is left when both births are known and differ; a little more when the name is the same, so that it is
still told.
"""

AGREES = 2
"""What an equal date of birth, and an equal country, add."""

COMMONEST = 0.35
"""What a word that stands in every name is worth beside one that stands in a single name."""

LIKELY = 0.55
"""What share of a name must be found in words that are alike before it is compared."""

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


@lru_cache(maxsize=65_536)
def _deletes(word: str) -> tuple[str, ...]:
    """A word, and what is left of it when one letter is taken out."""
    return tuple(dict.fromkeys((word, *(word[:at] + word[at + 1 :] for at in range(len(word))))))


def _word_keys(word: str, *, is_joined: bool) -> Iterator[str]:
    """The keys under which a word is found by others that are like it; two words written as one have fewer."""
    yield f"~{sound(word)}"
    if 3 < len(word) < 14:
        yield from _deletes(word)
    else:
        yield word
    if is_joined:
        return
    core = consonants(word)
    if len(core) > 2:
        yield f"={core}"
        if len(core) > 4:
            yield from (f"={each}" for each in _deletes(core)[1:])
    for group in NICKNAMES.get(word, ()):
        yield f"#{group}"


def _words_of(forms: Iterable[Form]) -> dict[str, bool]:
    """Every word that a name is found by, and whether it is several written as one."""
    found: dict[str, bool] = {}
    for form in forms:
        for left, right in zip(form.words, form.words[1:], strict=False):
            if len(left) + len(right) > 4:
                found[left + right] = True
        if len(form.words) > 2:
            found[form.joined] = True
    for form in forms:
        found |= {word: False for word, worth in zip(form.words, form.worth, strict=True) if worth > PARTICLE}
    return found


def _whole_keys(parsed: Parsed) -> Iterator[str]:
    """The keys of a name that is, or may be, Chinese."""
    if parsed.is_organisation:
        yield from (f"h{each}" for each in parsed.han)
        yield from (f"g{each[at : at + 2]}" for each in parsed.han for at in range(len(each) - 1))
        return
    for each in parsed.han:
        yield f"h{each}"
        if len(each) > 4:
            yield from (f"g{each[at : at + 2]}" for at in range(len(each) - 1))
        else:
            yield from (f"p{key}" for key in han.keys_of(han.sounds(each)) if han.sounds(each))
    if not parsed.han:
        for form in parsed.forms[:1]:
            for sounds, _ in han.spelt(form.words):
                yield from (f"p{key}" for key in han.keys_of(sounds))


def _plain_number(identifier: Identifier) -> str:
    return "".join(char for char in identifier.value.upper() if char.isalnum())


@dataclass(slots=True)
class Index:
    """A list, searchable. `rows` only grows; what is gone from the list is dead in it, until it is built anew."""

    entries: dict[str, Entry] = field(default_factory=dict)
    _rows: list[_Row] = field(default_factory=list)
    _of_entry: dict[str, list[int]] = field(default_factory=dict)
    _postings: dict[str, list[int]] = field(default_factory=dict)
    _similar: dict[str, dict[str, None]] = field(default_factory=dict)
    _keyed: set[tuple[str, bool]] = field(default_factory=set)
    _whole: dict[str, list[int]] = field(default_factory=dict)
    _numbers: dict[str, list[str]] = field(default_factory=dict)
    _often: dict[str, int] = field(default_factory=dict)
    _weights: dict[str, float] = field(default_factory=dict)
    _found: dict[tuple[str, bool], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    _arrays: tuple[np.ndarray, np.ndarray] | None = None
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
        some._often, some._alive = self._often, self._alive  # noqa: SLF001 - its own kind
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
        for word, is_joined in _words_of(parsed.forms).items():
            # One word can stand alone in one name and be two in another: the keys of both are kept.
            if (word, is_joined) not in self._keyed:
                self._keyed.add((word, is_joined))
                for key in dict.fromkeys(_word_keys(word, is_joined=is_joined)):
                    self._similar.setdefault(key, {})[word] = None
            self._postings.setdefault(word, []).append(at)
        for key in dict.fromkeys(_whole_keys(parsed)):
            self._whole.setdefault(key, []).append(at)
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
            for word in _words_of(parsed.forms):
                self._postings[word].remove(at)
            for key in dict.fromkeys(_whole_keys(parsed)):
                self._whole[key].remove(at)
            for core in _cores(parsed):
                self._often[core] -= 1

    def weight(self, word: str) -> float:
        """How rare a word is in this list, from `COMMONEST` for what stands everywhere to 1: by its consonants, so
        that the
        spellings of Mohammed are one word.
        """
        known = self._weights.get(word)
        if known is None:
            all_rows = max(self._alive, 2)
            often = max(self._often.get(_core(word), 0), 1)
            known = COMMONEST + (1 - COMMONEST) * min(
                1.0, math.log(all_rows / often + 1) / math.log(max(all_rows / 3, 2) + 1)
            )
            if len(self._weights) < 1_000_000:
                self._weights[word] = known
        return known

    # ---- looking

    def screen(self, subject: Subject, threshold: int = THRESHOLD, candidates: int = CANDIDATES) -> tuple[Match, ...]:
        """The entries that a subject may be, the likeliest first. An equal identifier is always told."""
        rows = {row for parsed in _parsed(subject) for row in self._candidates(parsed, candidates)}
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

    def _candidates(self, parsed: Parsed, most: int) -> list[int]:
        found: dict[int, float] = {}
        for key in _whole_keys(parsed):
            for at in self._whole.get(key, ())[:400]:
                found[at] = found.get(at, 0.0) + (1.0 if key[0] != "g" else 0.2)
        whole = sorted(found, key=lambda at: -found[at])[:most]
        if not parsed.forms:
            return whole
        totals, zeros = self._totals()
        if not len(totals):
            return whole
        best: dict[int, float] = {}
        for form in parsed.forms[:4]:
            total = sum(
                worth * self.weight(word)
                for word, worth in zip(form.words, form.worth, strict=True)
                if worth > PARTICLE
            )
            for word, is_joined in _words_of((form,)).items():
                rows, worth = self._like(word, is_joined=is_joined)
                zeros[rows] += worth
            touched = np.flatnonzero(zeros > LIKELY * 0.2 * total)
            share = zeros[touched] / (
                0.8 * np.minimum(totals[touched], total) + 0.2 * np.maximum(totals[touched], total)
            )
            zeros[:] = 0.0
            likely = share >= LIKELY
            touched, share = touched[likely], share[likely]
            if len(touched) > most:
                top = np.argpartition(-share, most)[:most]
                touched, share = touched[top], share[top]
            for one, of_it in zip(touched.tolist(), share.tolist(), strict=True):
                best[one] = max(best.get(one, 0.0), of_it)
        ranked = sorted(best, key=lambda at: (-best[at], at))
        return list(dict.fromkeys((*whole, *ranked)))[:most]

    def _like(self, word: str, *, is_joined: bool) -> tuple[np.ndarray, np.ndarray]:
        """The rows that have a word like this one, and what that is worth in each at the most."""
        known = self._found.get((word, is_joined))
        if known is not None:
            return known
        best: dict[int, float] = {}
        keys = dict.fromkeys(_word_keys(word, is_joined=is_joined))
        short, long = len(word) - LENGTHS, len(word) + LENGTHS
        others = {
            each for key in keys for each in self._similar.get(key, ()) if key[0] == "#" or short <= len(each) <= long
        }
        for other in others:
            near, _ = likeness(word, other)
            if near < GATE - 0.1:
                continue
            worth = near * self.weight(other)
            for at in self._postings.get(other, ()):
                if best.get(at, 0.0) < worth:
                    best[at] = worth
        known = np.fromiter(best.keys(), np.int32, len(best)), np.fromiter(best.values(), np.float32, len(best))
        if len(self._found) < 200_000:
            self._found[word, is_joined] = known
        return known

    def _totals(self) -> tuple[np.ndarray, np.ndarray]:
        """What the words of each row are worth together, and as many zeros to count in."""
        if self._arrays is None:
            totals = np.zeros(len(self._rows), np.float32)
            for at, row in enumerate(self._rows):
                totals[at] = max(
                    (
                        sum(
                            worth * self.weight(word)
                            for word, worth in zip(form.words, form.worth, strict=True)
                            if worth > PARTICLE
                        )
                        for form in row.parsed.forms
                    ),
                    default=1.0,
                )
            self._arrays = np.maximum(totals, 0.1), np.zeros(len(self._rows), np.float32)
        return self._arrays


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
        for found in by.screen(_as_subject(entry), max(threshold - 2 * AGREES - 3, 1), 4 * CANDIDATES):
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
