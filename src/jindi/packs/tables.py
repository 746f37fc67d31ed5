"""One TOML table, read with its address: right types or a problem, and no key that nobody knows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any, Final

from jindi.basics.instants import parse_duration
from jindi.basics.problems import Problem
from jindi.packs.definitions import Words
from jindi.packs.vocabulary import KEYS

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z", re.ASCII)
SLUG: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z", re.ASCII)
NAME_REMEDY: Final = "use lower-case letters, digits and _, beginning with a letter, at most 64"
SLUG_REMEDY: Final = "use lower-case letters, digits, - and _, beginning with a letter, at most 64"

INT_MAX: Final = 2**63 - 1
DURATION_MAX_US: Final = 36_600 * 86_400_000_000
"""A hundred years: longer is a slip of the pen, and instants plus durations stay far inside 64 bits."""

_PERCENT = re.compile(r"(0|[1-9][0-9]{0,2})(?:\.([0-9]{1,4}))?%\Z", re.ASCII)

_KINDS: Sequence[tuple[type, str]] = (
    (bool, "true or false"),
    (str, "text"),
    (int, "a whole number"),
    (float, "a number with decimals"),
    (list, "an array"),
    (dict, "a table"),
    (datetime, "a date and time"),
    (date, "a date"),
    (time, "a time of day"),
)


def kind_of(value: object) -> str:
    """How a TOML value is called in a sentence.

    >>> kind_of(True), kind_of(1), kind_of([])
    ('true or false', 'a whole number', 'an array')
    """
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "something else")


def meant(word: str, known: Iterable[str]) -> str:
    """A remedy for a word that is not known: the nearest one, or what there is.

    >>> meant("cuont", ["count", "sum"])
    "did you mean 'count'?"
    >>> meant("zzz", ["count", "sum"])
    'use one of: count, sum'
    """
    options = sorted(set(known))
    near = get_close_matches(word, options, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if not options:
        return "none is declared"
    shown = ", ".join(options[:12])
    return f"use one of: {shown}" + (", …" if len(options) > 12 else "")


class Table:
    """A TOML table under inspection. Every getter gives a usable value of the right type and records a
    problem when the file has none, so that one reading finds everything that is wrong.
    """

    def __init__(self, raw: Mapping[str, Any], kind: str, where: str, item: str, problems: list[Problem]) -> None:
        self.raw, self.kind, self.where, self.item, self.problems = raw, kind, where, item, problems
        known = KEYS[kind]
        for key in raw:
            if key not in known:
                self.problem(f"unknown key '{key}'", meant(key, known))

    def problem(self, problem: str, remedy: str = "", item: str = "") -> None:
        """Record one thing that is wrong here."""
        self.problems.append(Problem(self.where, item or self.item, problem, remedy))

    def has(self, key: str) -> bool:
        """Whether the file gives this key."""
        assert key in KEYS[self.kind], f"{self.kind} knows no key {key}"
        return key in self.raw

    def missing(self, key: str, remedy: str) -> None:
        """Record that a key which must be there isn't."""
        self.problem(f"`{key}` is missing", remedy)

    def wrong(self, key: str, expected: str, value: object) -> None:
        """Record that a key holds another type than it should."""
        self.problem(f"`{key}` must be {expected}, not {kind_of(value)}")

    def text(self, key: str, default: str | None = None, remedy: str = "", length_max: int = 2000) -> str:
        """A text that isn't empty; `default` None means that it must be given."""
        if not self.has(key):
            if default is None:
                self.missing(key, remedy or "give a text")
            return default or ""
        value = self.raw[key]
        if not isinstance(value, str):
            self.wrong(key, "a text", value)
            return default or ""
        if not value.strip():
            self.problem(f"`{key}` is empty", remedy or "give a text")
        elif len(value) > length_max:
            self.problem(f"`{key}` is longer than {length_max} characters", "make it shorter")
        return value

    def name(self, key: str, default: str | None = None, pattern: re.Pattern[str] = NAME) -> str:
        """A text that is a name."""
        value = self.text(key, default)
        if value and not pattern.match(value):
            remedy = NAME_REMEDY if pattern is NAME else SLUG_REMEDY
            self.problem(f"`{key}` is not a name", remedy)
        return value

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """One of the options; the first of them stands in when the file's word is none."""
        if not self.has(key):
            if default is None:
                self.missing(key, f"use one of: {', '.join(options)}")
            return default if default is not None else options[0]
        value = self.raw[key]
        if not isinstance(value, str):
            self.wrong(key, "a text", value)
        elif value in options:
            return value
        else:
            self.problem(f"unknown {key} '{value[:64]}'", meant(value, options))
        return default if default is not None else options[0]

    def boolean(self, key: str, default: bool | None = None) -> bool:
        """True or false; `default` None means that it must be given."""
        if not self.has(key):
            if default is None:
                self.missing(key, "give true or false")
            return bool(default)
        value = self.raw[key]
        if not isinstance(value, bool):
            self.wrong(key, "true or false", value)
            return bool(default)
        return value

    def integer(self, key: str, default: int | None, least: int = -INT_MAX, most: int = INT_MAX) -> int:
        """A whole number within bounds; `default` None means that it must be given."""
        fallback = default if default is not None else max(least, 0)
        if not self.has(key):
            if default is None:
                self.missing(key, "give a whole number")
            return fallback
        value = self.raw[key]
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, "a whole number", value)
            return fallback
        if not least <= value <= most:
            self.problem(f"`{key}` is out of range", f"give a whole number from {least} to {most}")
            return fallback
        return value

    def duration(self, key: str, default: str | None, least_us: int = 1) -> int:
        """Microseconds of a duration text; `default` None means that it must be given."""
        if not self.has(key):
            if default is None:
                self.missing(key, 'give a duration such as "5m"')
                return least_us
            return parse_duration(default)
        value = self.raw[key]
        if not isinstance(value, str):
            self.wrong(key, 'a duration text such as "5m"', value)
            return least_us
        try:
            length_us = parse_duration(value)
        except ValueError as error:
            self.problem(f"`{key}` is {error}")
            return least_us
        if length_us < least_us:
            self.problem(f"`{key}` is too short", "give a longer duration")
        elif length_us > DURATION_MAX_US:
            self.problem(f"`{key}` is longer than a hundred years", "give a shorter duration")
        return length_us

    def share(self, key: str, default_ppm: int) -> int:
        """Parts per million of a percentage text such as "5%" or "0.25%"."""
        if not self.has(key):
            return default_ppm
        value = self.raw[key]
        if not isinstance(value, str):
            self.wrong(key, 'a percentage text such as "5%"', value)
            return default_ppm
        match = _PERCENT.match(value)
        ppm = int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0")) if match else 0
        if not 0 < ppm <= 1_000_000:
            self.problem(f"`{key}` is not a percentage above 0% and up to 100%", 'write it as "5%" or "0.25%"')
            return default_ppm
        return ppm

    def words(self) -> Words:
        """The `doc` of this table: one sentence in both languages."""
        return self.sentence("doc")

    def sentence(self, key: str) -> Words:
        """A sentence that must be given in both languages."""
        remedy = f'write {key} = {{ zh = "…", en = "…" }}'
        if not self.has(key):
            self.missing(key, remedy)
            return Words("", "")
        value = self.raw[key]
        if not isinstance(value, dict):
            self.problem(f"`{key}` must be a table with zh and en, not {kind_of(value)}", remedy)
            return Words("", "")
        return self._both(key, value, remedy)

    def basis(self, remedy: str) -> Words:
        """The `basis` of this table: one text for both languages, or one in each."""
        value = self.raw.get("basis")
        if isinstance(value, dict):
            return self._both("basis", value, 'write basis = { zh = "…", en = "…" }, or one text for both')
        if value is None or isinstance(value, str):
            return Words.alike(self.text("basis", remedy=remedy))
        self.wrong("basis", "a text, or a table with zh and en", value)
        return Words("", "")

    def _both(self, key: str, value: dict[str, Any], remedy: str) -> Words:
        each = Table(value, "doc", self.where, f"{self.item}: {key}" if self.item else key, self.problems)
        return Words(each.text("zh", remedy=remedy), each.text("en", remedy=remedy))

    def names(self, key: str, *, single: bool = False, required: bool = False) -> tuple[str, ...]:
        """A list of texts, each once; with `single` a bare text stands for a list of one."""
        expected = "a text or a list of texts" if single else "a list of texts"
        if not self.has(key):
            if required:
                self.missing(key, f"give {expected}")
            return ()
        value = self.raw[key]
        if single and isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(part, str) and part for part in value):
            self.problem(f"`{key}` must be {expected}")
            return ()
        if not value:
            self.problem(f"`{key}` is empty", "name at least one")
        for word in sorted({part for part in value if value.count(part) > 1}):
            self.problem(f"`{key}` names '{word[:64]}' twice", "name it once")
        return tuple(dict.fromkeys(value))

    def table(self, key: str) -> Mapping[str, Any]:
        """A table of this key as it is; empty when it isn't there."""
        if not self.has(key):
            return {}
        value = self.raw[key]
        if not isinstance(value, dict):
            self.wrong(key, "a table", value)
            return {}
        return value

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        """The tables of an array of this key; empty when it isn't there."""
        if not self.has(key):
            return []
        value = self.raw[key]
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            self.problem(f"`{key}` must be an array of tables")
            return []
        return value


def opened_table(raw: Any, kind: str, name: str, where: str, problems: list[Problem]) -> Table | None:
    """What a file declares under a name; None, and a problem, when the name is none or it is no table."""
    if not NAME.match(name):
        problems.append(Problem(where, name[:64], "not a name", NAME_REMEDY))
        return None
    if not isinstance(raw, dict):
        problems.append(Problem(where, name, f"must be a table, not {kind_of(raw)}", f"begin it with [{name}]"))
        return None
    return Table(raw, kind, where, name, problems)
