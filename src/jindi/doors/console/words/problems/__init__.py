"""What the rooms below say of bad input, in Chinese: their sentences are English, for the API, the CLI and the logs.

Knows: every sentence that packs, the language, the engine's cases and the lists of screening say, as a template whose
gaps are `{}`, and the same in Chinese. Never: what a name, a value or a piece of code means: those stay as they are.
A sentence that nobody has put into Chinese stays English, and is told to be: no half of each.

In the Chinese, `{0}` is the first gap as it stands: one word, or anything between quotes. `{0:x}` are several words,
such as an expression; `{0:t}` is a phrase that must be put into Chinese itself, `{0:o}` one that is where it is known;
`{0:k}` the kind of a value, `{0:s}` whether it is there and true; `{0:n}` names one after the other; `{0:v}` values by
their names; `{0:c}` the name of a case.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from jindi.basics.problems import Problem
from jindi.doors.console.words.problems import (
    features,
    files,
    language,
    models,
    parties,
    policies,
    running,
    tables,
    toml,
)
from jindi.doors.console.words.problems.items import ITEMS, KINDS

_AREAS: Final = (
    tables.PHRASES, files.PHRASES, features.PHRASES, policies.PHRASES, models.PHRASES, language.PHRASES,
    running.PHRASES, toml.PHRASES, parties.PHRASES,
)  # fmt: skip
PHRASES: Final[Mapping[str, str]] = {english: chinese for area in _AREAS for english, chinese in area.items()}
assert len(PHRASES) == sum(map(len, _AREAS)), "a sentence belongs to one area"

Called = Callable[[str], str | None]
"""The Chinese name of a case, by its name; None where nobody gave one."""

LENGTH_MAX: Final = 2_000
"""A longer sentence is no sentence of ours: matching it could take long."""

DEPTH_MAX: Final = 6
"""Sentences inside sentences: a case's, of a rule's condition, of a value."""

_GAP: Final = re.compile(r"\{(\d)(?::([toknvcxs]))?\}")
_WORD: Final = re.compile(r"[A-Za-z]+", re.ASCII)
_QUOTES: Final = ("'", "`", '"')
_OF: Final = re.compile(r"(.+?) (?:of|in) (?:(\w+)|the one in field '(\w+)')\Z", re.ASCII)
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_LATIN: Final = re.compile(r"[A-Za-z0-9]", re.ASCII)
_MORE: Final = re.compile(r" and (\d+) more\Z", re.ASCII)
_PLACE: Final = re.compile(r"at character (\d+)", re.ASCII)
_REST: Final = re.compile(r"\band (\d+) more\Z", re.ASCII)
_STATE: Final = re.compile(r"(?<= = )(missing|true|false)(?=, |\Z)")
_NARROW: Final = {"k": r"([a-z]+(?: of \w+)?)", "s": "(missing|true|false)"}
_STATES: Final = {"missing": "缺失", "true": "真", "false": "假"}
_NEXT: Final = re.compile(r", (?=\w[\w' ()]* = |另有 )")


@dataclass(frozen=True, slots=True)
class _Template:
    """One sentence: what it is recognised by, and how it goes in Chinese."""

    pattern: re.Pattern[str]
    chinese: str
    marks: tuple[str, ...]
    weight: tuple[bool, int]
    """Whether it says how the sentence begins, and how much of it: of two that fit, the heavier one is meant."""

    @classmethod
    def of(cls, english: str, chinese: str) -> "_Template":
        """Compiled."""
        said = {int(gap): mark or "" for gap, mark in _GAP.findall(chinese)}
        pieces = english.split("{}")
        marks = tuple(said.get(number, "") for number in range(len(pieces) - 1))
        quoted = [one[-1:] in _QUOTES and one[-1:] == other[:1] for one, other in pairwise(pieces)]
        gaps = [
            _NARROW.get(mark, "(.*?)" if mark or is_quoted else r"(\S*?)")
            for mark, is_quoted in zip(marks, quoted, strict=True)
        ]
        text = re.escape(pieces[0]) + "".join(
            gap + re.escape(piece) for gap, piece in zip(gaps, pieces[1:], strict=True)
        )
        return cls(re.compile(text, re.DOTALL | re.ASCII), chinese, marks, (bool(pieces[0]), sum(map(len, pieces))))

    def told(self, gaps: Sequence[str]) -> str:
        """The Chinese with its gaps filled."""
        return _GAP.sub(lambda each: _spaced(each, gaps[int(each[1])]), self.chinese)


def anchor_of(english: str) -> str:
    """The longest whole word that a template says, by which it is looked for; empty when it says none.

    >>> anchor_of("`{}` must be {}, not {}"), anchor_of("two {}s have one id"), anchor_of("`{}`: {}")
    ('must', 'have', '')
    """
    whole = english.replace("{}", "x0x")  # a word beside a gap may be longer than it looks
    words = [each for each in re.findall(r"\w+", whole, re.ASCII) if _WORD.fullmatch(each)]
    return max(words, key=len, default="")


def _indexed() -> dict[str, tuple[_Template, ...]]:
    found: dict[str, list[_Template]] = {}
    for english, chinese in PHRASES.items():
        if "{}" in english:
            found.setdefault(anchor_of(english), []).append(_Template.of(english, chinese))
    return {anchor: tuple(templates) for anchor, templates in found.items()}


_INDEX: Final = _indexed()


def in_chinese(text: str, called: Called = lambda _: None) -> str | None:
    """A sentence in Chinese; None for one that nobody knows, or that holds a phrase that nobody knows.

    >>> in_chinese("`score` must be a whole number, not text")
    '`score` 应为整数，现为文本'
    >>> in_chinese("case 'noon' expected not to fire but it does: hour < 6 is true (hour = 3)", lambda _: "正午")
    '用例“正午”预期不触发，却触发了：hour < 6 为真（hour = 3）'
    >>> in_chinese("something that nobody has put into Chinese")
    """
    return _Reading(called).chinese(text, DEPTH_MAX) if len(text) <= LENGTH_MAX else None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One sentence being read. What was read is kept: a part of it may fit into several sentences, and is read once."""

    called: Called
    known: dict[tuple[str, int], str | None] = field(default_factory=dict)

    def chinese(self, text: str, depth: int) -> str | None:
        """A sentence or a phrase in Chinese; None for one that nobody knows, or that lies too deep."""
        if not text or depth == 0:
            return None if text else ""
        key = text, depth
        if key not in self.known:
            self.known[key] = PHRASES.get(text) or self._of_parts(text, depth - 1) or self._filled(text, depth - 1)
        return self.known[key]

    def _of_parts(self, text: str, depth: int) -> str | None:
        """A sentence and its remedy in brackets, or several, one behind the other; each of them known."""
        problem, remedy = parted(text)
        first, second = (self.chinese(problem, depth), self.chinese(remedy, depth)) if remedy else (None, None)
        if first and second:
            return f"{first}（{second}）"
        parts = text.split("; ")
        told = [told for part in parts if (told := self.chinese(part, depth))] if len(parts) > 1 else []
        return "；".join(told) if told and len(told) == len(parts) else None

    def _filled(self, text: str, depth: int) -> str | None:
        """The Chinese of the heaviest template that fits and whose gaps can be filled; else a kind of value."""
        words = {"", *_WORD.findall(text)}
        fitting = [each for word in words & _INDEX.keys() for each in _INDEX[word]]
        for template in sorted(fitting, key=lambda each: each.weight, reverse=True):
            match = template.pattern.fullmatch(text)
            if match is None:
                continue
            said = [self._gap(gap, mark, depth) for gap, mark in zip(match.groups(), template.marks, strict=True)]
            told = [each for each in said if each is not None]
            if len(told) == len(said):
                return template.told(told)
        return _kind(text)

    def _gap(self, text: str, mark: str, depth: int) -> str | None:
        match mark:
            case "t" | "k":
                known = self.chinese(text, depth)
                # One word is a name, a value or code; several are a phrase, and should have been known.
                return known if known is not None else text if " " not in text else None
            case "o":
                return self.chinese(text, depth) or text
            case "n":
                told = _MORE.sub(r" 及另外 \1 个", text)
                return told.replace(", ", "、").replace("' or '", "' 或 '")
            case "v":
                return self.chinese(text, depth) or values_in_chinese(text)
            case "s":
                return _STATES[text]
            case "c":
                return self.called(text) or text
            case _:
                return text


def _spaced(gap: re.Match[str], filled: str) -> str:
    """What fills a gap, with a space wherever Latin letters or digits would touch Chinese."""
    before, after = gap.string[: gap.start()][-1:], gap.string[gap.end() :][:1]
    left = " " if _HAN.match(before) and _LATIN.match(filled[:1]) else ""
    right = " " if _HAN.match(after) and _LATIN.match(filled[-1:]) else ""
    return f"{left}{filled}{right}"


def values_in_chinese(text: str) -> str:
    """Values by their names, as the engine tells them of a case.

    >>> values_in_chinese("city = missing, user = 'missing', trusted = true, and 2 more")
    "city = 缺失，user = 'missing'，trusted = 真，另有 2 项"
    """
    told = _STATE.sub(lambda each: _STATES[each[1]], _REST.sub(r"另有 \1 项", text))
    return _NEXT.sub("，", told)


def _kind(text: str) -> str | None:
    """A kind of value, or of thing, with what it is of.

    >>> _kind("money of CNY"), _kind("an amount in CNY"), _kind("a dozen of eggs")
    ('金额（CNY）', '金额（CNY）', None)
    """
    if text in KINDS:
        return KINDS[text]
    match = _OF.match(text)
    if match is None or match[1] not in KINDS:
        return None
    return f"{KINDS[match[1]]}（{match[2] or f'币种见字段“{match[3]}”'}）"


def parted(line: str) -> tuple[str, str]:
    """A sentence and the remedy that stands in brackets at its end.

    >>> parted("unknown name 'big' (write limit('big'))")
    ("unknown name 'big'", "write limit('big')")
    >>> parted("ends too early (')' is expected here)")
    ('ends too early', "')' is expected here")
    """
    if not line.endswith(")"):
        return line, ""
    depth = 0
    for at in range(len(line) - 1, 0, -1):
        depth += (line[at] == ")") - (line[at] == "(")
        if depth == 0 and line[at - 1] == " ":
            return line[: at - 1], line[at + 1 : -1]
    # A bracket that is only spoken of has no other half.
    problem, _, remedy = line[:-1].rpartition(" (")
    return (problem, remedy) if problem else (line, "")


def item_in_chinese(item: str, called: Called = lambda _: None) -> str:
    """A place inside a file: what the parts are called is Chinese, their names stay.

    >>> item_in_chinese("rule night: case 3"), item_in_chinese("rule night: case 'noon'", lambda _: "正午")
    ('规则 night：用例 3', '规则 night：用例“正午”')
    >>> item_in_chinese("large_payment: value 2: basis"), item_in_chinese("rule number 2")
    ('large_payment：第 2 个值：basis', '规则 第 2 条')
    >>> item_in_chinese("line 3, column 5")
    '第 3 行第 5 列'
    """
    before, quote, name = item.removesuffix("'").partition(" '")
    if quote and item.endswith("'"):  # a case by its name, which may hold anything
        return f"{_parts(before + ' ').rstrip()}“{called(name) or name}”"
    return _parts(item)


def _parts(item: str) -> str:
    return "：".join(_part(part) for part in item.split(": "))


def _part(part: str) -> str:
    word, space, rest = part.partition(" ")
    if "," in rest:  # a place in a text: `line 3, column 5`
        return in_chinese(part) or part
    if space and word in ITEMS:
        return ITEMS[word].format(_part(rest))
    return PHRASES.get(part, part) if space else part


def place_of(problem: str) -> int | None:
    """The character of a condition that a problem names, counted from one.

    >>> place_of("'&&' at character 9 doesn't fit"), place_of("unknown name 'x'")
    (9, None)
    """
    match = _PLACE.search(problem)
    return int(match[1]) if match is not None else None


@dataclass(frozen=True, slots=True)
class Said:
    """A text of a page, and whether it is still English where the page is not."""

    text: str
    is_english: bool = False


def said_in(text: str, lang: str, called: Called = lambda _: None) -> Said:
    """A sentence of the rooms below in a page's language, or several problems, a line each, with their places."""
    if lang != "zh":
        return Said(text)
    lines = [_line(line, called) for line in text.split("\n")]
    told = [line for line in lines if line is not None]
    return Said("；".join(told)) if len(told) == len(lines) else Said(text, is_english=True)


def _line(text: str, called: Called) -> str | None:
    """A sentence, or a problem as it prints: the longest of its ends that is one, behind its place."""
    chinese = in_chinese(text, called)
    for at in (match.end() for match in re.finditer(": ", text) if chinese is None):
        found = in_chinese(text[at:], called)
        if found is not None:
            return f"{item_in_chinese(text[: at - 2], called)}：{found}"
    return chinese


def problem_in(problem: Problem, lang: str, called: Called = lambda _: None) -> tuple[str, Said, Said]:
    """A problem in a page's language: its address, what is wrong, what to do about it ("" when that goes unsaid)."""
    where, item, joint = problem.where, problem.item, ": "
    if lang == "zh":
        where, item, joint = _part(where), item_in_chinese(item, called), "："
    address = joint.join(part for part in (where, item) if part)
    return address, said_in(problem.problem, lang, called), said_in(problem.remedy, lang, called)
