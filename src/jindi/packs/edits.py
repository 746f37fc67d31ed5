"""One rule of a policy's file put in the place of another, with every other character of the file left as it is.

A file is written by people: their comments, their order and their way to align things are theirs. So nothing is printed
anew that was not changed: of a rule only those keys whose value is another. What comes out is parsed again and held
against what was meant before anybody gets it.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from jindi.packs.vocabulary import KEYS

RULE: Final = "rule"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z", re.ASCII)
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
_INDENT: Final = "  "


class NotEditable(ValueError):  # noqa: N818 - the name of what happened
    """A file that no rule can be put into here: the message says why, and it is to be edited by hand."""


@dataclass(frozen=True, slots=True)
class _Header:
    """A line `[a.b]` or `[[a.b]]`: where its line begins, and where the next one does."""

    at: int
    end: int
    path: tuple[str, ...]
    is_array: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key with its value: where its line begins, where the value stands, and where the next line begins."""

    at: int
    end: int
    path: tuple[str, ...]
    value_at: int
    value_end: int


@dataclass(frozen=True, slots=True)
class _Block:
    """One `[[rule]]` with all that belongs to it. `end` is where its last line ends; what follows (blank lines,
    comments) belongs to what comes next.
    """

    header: _Header
    items: tuple[_Header | _Entry, ...]

    @property
    def end(self) -> int:
        return self.items[-1].end if self.items else self.header.end


# ---- what people ask for


def rules_of(text: str) -> list[Mapping[str, Any]]:
    """The rules of a policy's file as TOML has them. Raises NotEditable when it is not TOML."""
    rules = _parsed(text).get(RULE, [])
    if not isinstance(rules, list) or not all(isinstance(each, dict) for each in rules):
        raise NotEditable("`rule` is no array of tables")
    return rules


def with_rule(text: str, rule: str, parts: Mapping[str, Any]) -> str:
    r"""The file with other content of one rule; keys whose value is the same stay as they are written.

    Raises NotEditable when there is no such rule, or several, or when they are not written as `[[rule]]`.

    >>> print(with_rule('[[rule]]\nid = "a" # mine\nscore = 1\n', "a", {"id": "a", "score": 2}), end="")
    [[rule]]
    id = "a" # mine
    score = 2
    """
    place = _place(text, rule)
    return _proved(text, _changed(text, _blocks(text)[place], rules_of(text)[place], parts), place, parts)


def with_new_rule(text: str, parts: Mapping[str, Any]) -> str:
    """The file with one more rule behind its last one."""
    if any(each.get("id") == parts.get("id") for each in rules_of(text)):
        raise NotEditable(f"there is a rule {parts.get('id')} already")
    blocks = _blocks(text)
    at = blocks[-1].end if blocks else len(text)  # what lies in a table must stay there
    before, after = text[:at], text[at:]
    gap = "" if before.endswith(("\n", "\r")) or not before else "\n"
    new = f"{before}{gap}\n[[{RULE}]]\n{_lines(parts)}{after}"
    expected = [*rules_of(text), dict(parts)]
    return _same(new, {**_parsed(text), RULE: expected})


def without_rule(text: str, rule: str) -> str:
    """The file without one of its rules. The comments above it stay: they may be about more than it."""
    place = _place(text, rule)
    block = _blocks(text)[place]
    end = block.end
    if (blank := re.match(r"[ \t]*\r?\n", text[end:])) is not None:
        end += blank.end()
    left = [each for number, each in enumerate(rules_of(text)) if number != place]
    whole = {key: value for key, value in _parsed(text).items() if key != RULE or left}
    return _same(text[: block.header.at] + text[end:], whole | ({RULE: left} if left else {}))


def rebased(base: str, mine: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """What was done to the rules of `base` in `mine`, done to `theirs`; and the rules that both changed otherwise.

    Of those the content of `mine` stands. Raises NotEditable when `mine` changed more than rules.
    """
    old, new, now = (_named(text) for text in (base, mine, theirs))
    if _without_rules(base) != _without_rules(mine):
        raise NotEditable("more than rules is different")
    both = []
    text = theirs
    for name in [*new, *(name for name in old if name not in new)]:
        was, wanted, there = old.get(name), new.get(name), now.get(name)
        if wanted in (was, there):
            continue
        if there != was:
            both.append(name)
        if wanted is None:
            text = without_rule(text, name) if there is not None else text
        elif there is None:
            text = with_new_rule(text, wanted)
        else:
            text = with_rule(text, name, wanted)
    return text, tuple(both)


def _named(text: str) -> dict[str, Mapping[str, Any]]:
    rules = rules_of(text)
    found = {str(each.get("id", "")): each for each in rules}
    if len(found) < len(rules):
        raise NotEditable("two rules have one id")
    return found


def _without_rules(text: str) -> dict[str, Any]:
    return {key: value for key, value in _parsed(text).items() if key != RULE}


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
            inner = ", ".join(f"{_key(key)} = {toml_of(each)}" for key, each in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            raise NotEditable(f"TOML has no {type(value).__name__}")


def _said(key: str, value: Any) -> str:
    """A key's value; a condition that its author wrote on several lines stays on several."""
    lines = key == "when" and isinstance(value, str) and "\n" in value
    if lines and "'''" not in value and all(each.isprintable() or each in "\n\t" for each in value):
        return f"'''\n{value}'''"
    if key == "case" and isinstance(value, list | tuple):
        return _cases(value)
    return toml_of(value)


def _character(each: str) -> str:
    if each in _ESCAPES:
        return _ESCAPES[each]
    if "\ud800" <= each <= "\udfff":
        raise NotEditable("half a character (a lone surrogate)")
    return f"\\u{ord(each):04X}" if ord(each) < 32 or ord(each) == 127 else each


def _key(key: str) -> str:
    return key if _BARE.match(key) else toml_of(key)


def _cases(cases: Sequence[Any], written: Mapping[int, str] | None = None) -> str:
    """Cases, each on a line of its own; those that were there before as they were written."""
    kept = written or {}
    lines = [f"{_INDENT}{kept.get(number) or toml_of(each)},\n" for number, each in enumerate(cases)]
    return f"[\n{''.join(lines)}]" if lines else "[]"


def _lines(parts: Mapping[str, Any]) -> str:
    """A whole new rule."""
    order = [key for key in KEYS[RULE] if key in parts] + [key for key in parts if key not in KEYS[RULE]]
    width = max((len(_key(key)) for key in order if key != "case"), default=0)
    return "".join(
        f"{_key(key) if key == 'case' else _key(key).ljust(width)} = {_said(key, parts[key])}\n"
        for key in order
    )  # fmt: skip


# ---- where what stands


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotEditable(f"not TOML: {error}") from None


def _items(text: str) -> Iterator[_Header | _Entry]:
    """All headers and keys of a file that is known to be TOML, in order."""
    at = 0
    while (at := _skipped(text, at)) < len(text):
        begin = text.rfind("\n", 0, at) + 1
        if text[at] == "[":
            is_array = text.startswith("[[", at)
            path, at = _path(text, at + (2 if is_array else 1), "]")
            at = _line_end(text, at + (2 if is_array else 1))
            yield _Header(begin, at, path, is_array)
        else:
            path, at = _path(text, at, "=")
            value_at = _spaced(text, at + 1)
            value_end = _value_end(text, value_at)
            at = _line_end(text, value_end)
            yield _Entry(begin, at, path, value_at, value_end)


def _blocks(text: str) -> list[_Block]:
    found: list[_Block] = []
    header: _Header | None = None
    items: list[_Header | _Entry] = []

    def close() -> None:
        if header is not None:
            found.append(_Block(header, tuple(items)))
        items.clear()

    for item in _items(text):
        if isinstance(item, _Header) and item.path == (RULE,) and item.is_array:
            close()
            header = item
        elif isinstance(item, _Header) and item.path[0] != RULE:
            close()
            header = None
        elif header is not None:
            items.append(item)
    close()
    if len(found) != len(rules_of(text)):
        raise NotEditable("its rules are not written as [[rule]]")
    return found


def _place(text: str, rule: str) -> int:
    places = [place for place, each in enumerate(rules_of(text)) if each.get("id") == rule]
    if len(places) != 1:
        raise NotEditable(f"no rule {rule[:64]}" if not places else f"two rules {rule[:64]}")
    return places[0]


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


def _elements(text: str, at: int) -> list[str]:
    """The texts of an array's elements."""
    found = []
    at = _skipped(text, at + 1)
    while text[at] != "]":
        end = _value_end(text, at)
        found.append(text[at:end])
        at = _skipped(text, end)
        at = _skipped(text, at + 1) if text[at] == "," else at
    return found


# ---- the change


def _changed(text: str, block: _Block, was: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The text with those keys of one block exchanged that are not the same any more; from the last to the first, so
    that places stay what they are.
    """
    swaps: list[tuple[int, int, str]] = []
    for key in dict.fromkeys([*was, *wanted]):
        if key in was and key in wanted and _alike(was[key], wanted[key]):
            continue
        entry = _plain_entry(block, key)
        if entry is not None and key in wanted:
            swaps.append((entry.value_at, entry.value_end, _value(text, entry, key, was[key], wanted[key])))
            continue
        swaps += [(begin, end, "") for begin, end in _spans(block, key)]
        if key in wanted:
            swaps.append(_inserted(text, block, key, wanted[key]))
    for begin, end, new in sorted(swaps, key=lambda each: (each[0], each[1]), reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def _alike(one: Any, other: Any) -> bool:
    """Equal, and of one kind: true is not 1, nor 1 the same as 1.0."""
    if isinstance(one, dict) and isinstance(other, Mapping):
        return list(one) == list(other) and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return type(one) is type(other) and bool(one == other)


def _value(text: str, entry: _Entry, key: str, was: Any, wanted: Any) -> str:
    """A new value in the place of another; cases that stay keep their own words."""
    if key != "case" or not isinstance(was, list) or not isinstance(wanted, list) or text[entry.value_at] != "[":
        return _said(key, wanted)
    written = _elements(text, entry.value_at)
    kept: dict[int, str] = {}
    for number, each in enumerate(wanted):
        same = next((place for place, old in enumerate(was) if _alike(old, each) and written[place]), None)
        if same is not None:
            kept[number], written[same] = written[same], ""
    return _cases(wanted, kept)


def _plain_entry(block: _Block, key: str) -> _Entry | None:
    """The one line that gives a key its value; None where it is written otherwise (in parts, or as a table)."""
    spans = [item for item in _own(block) if item.path == (key,)]
    return spans[0] if len(spans) == 1 and len(list(_spans(block, key))) == 1 else None


def _own(block: _Block) -> Iterator[_Entry]:
    """The keys of the rule itself: those above its first inner table."""
    for item in block.items:
        if isinstance(item, _Header):
            return
        yield item


def _spans(block: _Block, key: str) -> Iterator[tuple[int, int]]:
    """All lines that have to do with a key: `key = …`, `key.part = …`, `[rule.key]` and what follows it."""
    inside = False
    for item in block.items:
        if isinstance(item, _Header):
            inside = item.path[1] == key
            if inside:
                yield item.at, item.end
        elif inside or (item in _own(block) and item.path[0] == key):
            yield item.at, item.end


def _inserted(text: str, block: _Block, key: str, value: Any) -> tuple[int, int, str]:
    """A new line where it belongs: behind the last key that comes before it in the order of a rule's keys."""
    order = KEYS[RULE].index(key) if key in KEYS[RULE] else len(KEYS[RULE])
    at, width = block.header.end, 0
    for item in _own(block):
        known = KEYS[RULE].index(item.path[0]) if item.path[0] in KEYS[RULE] else len(KEYS[RULE])
        if known <= order:
            at = item.end
        if item.path[0] != "case" and len(item.path) == 1:
            width = max(width, text.index("=", item.at, item.value_at + 1) - item.at - 1)
    gap = "" if text[:at].endswith("\n") else "\n"
    name = _key(key) if key == "case" else _key(key).ljust(width)
    return at, at, f"{gap}{name} = {_said(key, value)}\n"


# ---- the proof


def _proved(text: str, new: str, place: int, parts: Mapping[str, Any]) -> str:
    rules = [dict(each) for each in rules_of(text)]
    rules[place] = dict(parts)
    return _same(new, {**_parsed(text), RULE: rules})


def _same(new: str, expected: Mapping[str, Any]) -> str:
    """What was made, when it says what was meant."""
    found = _parsed(new)
    if not _equal(found, expected):
        raise NotEditable("it is written in a way that can't be changed here")
    return new


def _equal(one: Any, other: Any) -> bool:
    """As `_alike`, whatever the order of keys: order means nothing to TOML."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and (one == other or repr(one) == repr(other) == "nan")
