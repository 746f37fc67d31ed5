"""TOML as people wrote it: where each key and each value of a file stands, and how a value is written.

Only files that are known to be TOML are walked through: what is no TOML is refused before.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z", re.ASCII)
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


class NotEditable(ValueError):  # noqa: N818 - the name of what happened
    """A file that can't be changed here so: the message says why, and it is to be edited by hand."""


@dataclass(frozen=True, slots=True)
class Header:
    """A line `[a.b]` or `[[a.b]]`: where its line begins, and where the next one does."""

    at: int
    end: int
    path: tuple[str, ...]
    is_array: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value: where its line begins, where the value stands, and where the next line begins."""

    at: int
    end: int
    path: tuple[str, ...]
    value_at: int
    value_end: int


# ---- values as TOML


def toml_of(value: Any) -> str:
    """A value as TOML writes it on one line. Raises NotEditable for what TOML has no word for.

    >>> toml_of({"zh": "大额", "n": [1, True]})
    '{ zh = "大额", n = [1, true] }'
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + "".join(_character(each) for each in value) + '"'
        case int():
            return str(value)
        case float():
            return repr(value)
        case datetime() | date() | time():
            return value.isoformat()
        case list() | tuple():
            return "[" + ", ".join(map(toml_of, value)) + "]"
        case Mapping():
            inner = ", ".join(f"{key_of(key)} = {toml_of(each)}" for key, each in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            raise NotEditable(f"TOML has no {type(value).__name__}")


def _character(each: str) -> str:
    if each in _ESCAPES:
        return _ESCAPES[each]
    if "\ud800" <= each <= "\udfff":
        raise NotEditable("half a character (a lone surrogate)")
    return f"\\u{ord(each):04X}" if ord(each) < 32 or ord(each) == 127 else each


def key_of(key: str) -> str:
    """A key as TOML writes it."""
    return key if _BARE.match(key) else toml_of(key)


# ---- where what stands


@lru_cache(maxsize=64)
def parsed(text: str) -> Mapping[str, Any]:
    """A file as TOML has it, which nobody may change: it is kept, for a page asks for the same file a hundred times.
    Raises NotEditable when it is none.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotEditable(f"not TOML: {error}") from None


def items_of(text: str) -> Iterator[Header | Entry]:
    """All headers and keys of a file that is known to be TOML, in order."""
    at = 0
    while (at := _skipped(text, at)) < len(text):
        begin = text.rfind("\n", 0, at) + 1
        if text[at] == "[":
            is_array = text.startswith("[[", at)
            path, at = _path(text, at + (2 if is_array else 1), "]")
            at = _line_end(text, at + (2 if is_array else 1))
            yield Header(begin, at, path, is_array)
        else:
            path, at = _path(text, at, "=")
            value_at = _spaced(text, at + 1)
            value_end = _value_end(text, value_at)
            at = _line_end(text, value_end)
            yield Entry(begin, at, path, value_at, value_end)


def _skipped(text: str, at: int) -> int:
    """Past blanks, line ends and comments."""
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
        elif text[at] == "#":
            at = _line_end(text, at)
        else:
            break
    return at


def _spaced(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _path(text: str, at: int, end: str) -> tuple[tuple[str, ...], int]:
    """The parts of a key up to the sign that ends it, and where that stands."""
    parts = []
    while True:
        at = _spaced(text, at)
        stop = _value_end(text, at) if text[at] in "'\"" else _bare_end(text, at)
        parts.append(tomllib.loads(f"{text[at:stop]} = 0").popitem()[0])
        at = _spaced(text, stop)
        if text[at] == end:
            return tuple(parts), at
        at += 1  # the dot


def _bare_end(text: str, at: int) -> int:
    while text[at].isalnum() or text[at] in "_-":
        at += 1
    return at


def _value_end(text: str, at: int) -> int:
    """Where the value that begins here ends."""
    for quotes in ('"""', "'''", '"', "'"):
        if text.startswith(quotes, at):
            return _string_end(text, at, quotes)
    if text[at] == "[":
        at = _skipped(text, at + 1)
        while text[at] != "]":
            at = _skipped(text, _value_end(text, at))
            at = _skipped(text, at + 1) if text[at] == "," else at
        return at + 1
    if text[at] == "{":
        at = _skipped(text, at + 1)
        while text[at] != "}":
            _, at = _path(text, at, "=")
            at = _skipped(text, _value_end(text, _skipped(text, at + 1)))
            at = _skipped(text, at + 1) if text[at] == "," else at
        return at + 1
    end = at
    while end < len(text) and text[end] not in ",]}#\r\n":
        end += 1
    return at + len(text[at:end].rstrip())


def _string_end(text: str, at: int, quotes: str) -> int:
    at += len(quotes)
    while not text.startswith(quotes, at):
        at += 2 if text[at] == "\\" and quotes[0] == '"' else 1
    at += len(quotes)
    if len(quotes) == 3:  # up to two quotation marks more belong to the text
        while text.startswith(quotes[0], at):
            at += 1
    return at


def element_spans(written: str) -> list[tuple[int, int]]:
    """Where each element of an array begins and ends; the text begins with its bracket."""
    found = []
    at = _skipped(written, 1)
    while written[at] != "]":
        end = _value_end(written, at)
        found.append((at, end))
        at = _skipped(written, end)
        at = _skipped(written, at + 1) if written[at] == "," else at
    return found


def entry_spans(written: str) -> list[tuple[tuple[str, ...], int, int]]:
    """The keys of an inline table, each with where its value begins and ends; the text begins with its brace."""
    found = []
    at = _skipped(written, 1)
    while written[at] != "}":
        path, at = _path(written, at, "=")
        begin = _skipped(written, at + 1)
        end = _value_end(written, begin)
        found.append((path, begin, end))
        at = _skipped(written, end)
        at = _skipped(written, at + 1) if written[at] == "," else at
    return found


# ---- sameness


def alike(one: Any, other: Any) -> bool:
    """Equal, and of one kind: true is not 1, nor 1 the same as 1.0."""
    if isinstance(one, dict) and isinstance(other, Mapping):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and bool(one == other)


def equal(one: Any, other: Any) -> bool:
    """As `alike`, whatever the order of keys: order means nothing to TOML."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and (one == other or repr(one) == repr(other) == "nan")
