"""A policy's or a parameters' file with something else in it, and every other character of the file left as it is.

A file is written by people: their comments, their order and their way to align things are theirs. So nothing is printed
anew that was not changed: of a part only those keys whose value is another, of an array only the elements that came,
went or are others. What comes out is parsed again and held against what was meant before anybody gets it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from jindi.packs.toml_text import (
    Entry,
    Header,
    NotEditable,
    alike,
    element_spans,
    entry_spans,
    equal,
    items_of,
    key_of,
    parsed,
    toml_of,
)
from jindi.packs.vocabulary import KEYS

PartKind = Literal["band", "rule", "exemption", "case"]
Part = Mapping[str, Any]
RULE: Final = "rule"
PARTS: Final[Mapping[PartKind, tuple[str, ...]]] = {
    "band": KEYS["band"], "rule": KEYS["rule"], "exemption": KEYS["exemption"], "case": KEYS["policy case"],
}  # fmt: skip
"""What a policy has several of, in the order in which its file has them, each with its keys in theirs."""

_INDENT: Final = "  "
_REST_OF_LINE: Final = re.compile(r"[ \t]*(,?)[ \t]*(#[^\n]*)?\r?\n")


@dataclass(frozen=True, slots=True)
class _Block:
    """A table with all that belongs to it: one `[[rule]]`, one `[limit]`, or what stands above all tables (`depth` 0).
    `order` are the keys that it may have. `end` is where its last line ends; what follows (blank lines, comments)
    belongs to what comes next.
    """

    at: int
    opened: int
    items: tuple[Header | Entry, ...]
    depth: int
    order: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.items[-1].end if self.items else self.opened

    def place(self, key: str) -> int:
        """Where a key stands in the order of keys."""
        return self.order.index(key) if key in self.order else len(self.order)


# ---- what people ask for: the parts of a policy


def parts_of(text: str, kind: PartKind) -> list[Part]:
    """The parts of one kind as TOML has them. Raises NotEditable when the file is not TOML."""
    found = parsed(text).get(kind, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise NotEditable(f"`{kind}` is no array of tables")
    return list(found)


def with_part(text: str, kind: PartKind, place: int, part: Part) -> str:
    r"""The file with other content of one part; what is the same stays as it is written. Raises NotEditable.

    >>> print(with_part('[[band]]\nfrom = 50 # mine\nthen = "review"\n', "band", 0, {"from": 60, "then": "review"}), end="")
    [[band]]
    from = 60 # mine
    then = "review"
    """  # noqa: E501 - one example on one line
    parts = parts_of(text, kind)
    block = _blocks(text, kind)[place]
    expected = {**parsed(text), kind: [*parts[:place], dict(part), *parts[place + 1 :]]}
    return _either(lambda is_fine: _changed(text, block, parts[place], part, is_fine=is_fine), expected)


def with_new_part(text: str, kind: PartKind, part: Part, at: int | None = None) -> str:
    """The file with one more part, behind all of its kind or before the one that is at this place now."""
    parts, blocks = parts_of(text, kind), _blocks(text, kind)
    place = len(parts) if at is None else max(0, min(at, len(parts)))
    expected = {**parsed(text), kind: [*parts[:place], dict(part), *parts[place:]]}
    told = f"[[{kind}]]\n{_lines(part, PARTS[kind])}"
    if blocks and place < len(blocks):
        begin = blocks[place].at
        return _same(f"{text[:begin]}{told}\n{text[begin:]}", expected)
    begin = blocks[-1].end if blocks else _behind(text, kind)
    before, after = text[:begin], text[begin:]
    gap = "" if before.endswith(("\n", "\r")) or not before else "\n"
    return _same(f"{before}{gap}\n{told}{after}" if before else told + after, expected)


def without_part(text: str, kind: PartKind, place: int) -> str:
    """The file without one of its parts. The comments above it stay: they may be about more than it."""
    block = _blocks(text, kind)[place]
    end = block.end
    if (blank := re.match(r"[ \t]*\r?\n", text[end:])) is not None:
        end += blank.end()
    left = [each for number, each in enumerate(parts_of(text, kind)) if number != place]
    whole = {key: value for key, value in parsed(text).items() if key != kind or left}
    return _same(text[: block.at] + text[end:], whole | ({kind: left} if left else {}))


def with_moved_part(text: str, kind: PartKind, place: int, to: int) -> str:
    """The file with one part at another place among those of its kind. What stands between parts stays there."""
    parts, blocks = list(parts_of(text, kind)), _blocks(text, kind)
    order = list(range(len(blocks)))
    order.insert(max(0, min(to, len(order) - 1)), order.pop(place))
    pieces, at = [], 0
    for slot, number in zip(blocks, order, strict=True):
        piece = text[blocks[number].at : blocks[number].end]
        pieces += [text[at : slot.at], piece if piece.endswith("\n") else piece + "\n"]
        at = slot.end
    return _same("".join(pieces) + text[at:], {**parsed(text), kind: [parts[number] for number in order]})


def with_parts(text: str, kind: PartKind, wanted: Sequence[Part]) -> str:
    """The file with these parts of a kind and no others; those that are the same are not touched."""
    steps = SequenceMatcher(None, list(map(repr, parts_of(text, kind))), list(map(repr, wanted)), autojunk=False)
    for tag, begin, end, first, last in reversed(steps.get_opcodes()):
        if tag == "equal":
            continue
        common = min(end - begin, last - first)
        for place in reversed(range(begin + common, end)):
            text = without_part(text, kind, place)
        for number, part in enumerate(wanted[first + common : last]):
            text = with_new_part(text, kind, part, begin + common + number)
        for number in range(common):
            text = with_part(text, kind, begin + number, wanted[first + number])
    return text


def settings_of(text: str) -> dict[str, Any]:
    """What a policy says of itself: all but its bands, rules, exemptions and cases."""
    return {key: value for key, value in parsed(text).items() if key not in PARTS}


def with_settings(text: str, wanted: Mapping[str, Any]) -> str:
    """The file with other settings (see `settings_of`)."""
    head = _head(text)
    expected = {key: value for key, value in parsed(text).items() if key in PARTS} | dict(wanted)
    was = settings_of(text)
    return _either(lambda is_fine: _changed(text, head, was, wanted, is_fine=is_fine), expected)


# ---- rules, which have names


def rules_of(text: str) -> list[Part]:
    """The rules of a policy's file as TOML has them. Raises NotEditable when it is not TOML."""
    return parts_of(text, RULE)


def with_rule(text: str, rule: str, part: Part) -> str:
    r"""The file with other content of one rule; keys whose value is the same stay as they are written.

    Raises NotEditable when there is no such rule, or several, or when they are not written as `[[rule]]`.

    >>> print(with_rule('[[rule]]\nid = "a" # mine\nscore = 1\n', "a", {"id": "a", "score": 2}), end="")
    [[rule]]
    id = "a" # mine
    score = 2
    """
    return with_part(text, RULE, named(text, RULE, rule), part)


def with_new_rule(text: str, part: Part) -> str:
    """The file with one more rule behind its last one."""
    if any(each.get("id") == part.get("id") for each in rules_of(text)):
        raise NotEditable(f"there is a rule {part.get('id')} already")
    return with_new_part(text, RULE, part)


def without_rule(text: str, rule: str) -> str:
    """The file without one of its rules. The comments above it stay: they may be about more than it."""
    return without_part(text, RULE, named(text, RULE, rule))


def named(text: str, kind: PartKind, name: str) -> int:
    """At which place the part with an id stands. Raises NotEditable when there is none, or two."""
    places = [place for place, each in enumerate(parts_of(text, kind)) if each.get("id") == name]
    if len(places) != 1:
        raise NotEditable(f"no {kind} {name[:64]}" if not places else f"two {kind}s {name[:64]}")
    return places[0]


# ---- the values of parameters


def values_of(text: str, limit: str) -> list[Part]:
    """The dated values of a parameter. Raises NotEditable when the file has no such parameter, or no such values."""
    table = parsed(text).get(limit)
    values = table.get("value") if isinstance(table, dict) else None
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise NotEditable(f"no parameter {limit[:64]} with dated values")
    return list(values)


def with_values(text: str, limit: str, wanted: Sequence[Part]) -> str:
    r"""The file with other dated values of one parameter; those that stay keep their own words.

    >>> print(with_values('[a]\nvalue = [\n  { is = 1 }, # ours\n]\n', "a", [{"is": 1}, {"is": 2}]), end="")
    [a]
    value = [
      { is = 1 }, # ours
      { is = 2 },
    ]
    """
    values_of(text, limit)
    whole = parsed(text)
    was, new = whole[limit], {**whole[limit], "value": [dict(each) for each in wanted]}
    block = next((each for each in _tables(text) if each[0] == limit), None)
    if block is None:
        raise NotEditable(f"{limit[:64]} is not written as [{limit[:64]}]")
    return _either(lambda is_fine: _changed(text, block[1], was, new, is_fine=is_fine), {**whole, limit: new})


# ---- others went on meanwhile


def rebased(base: str, mine: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """What was done to a policy between `base` and `mine`, done to `theirs`; and what both changed otherwise, of which
    the content of `mine` stands: rules by their ids, all else as `exemptions/ID`, `bands/`, `cases/`, `settings/KEY`.
    """
    both: list[str] = []
    text = _settings_rebased(base, mine, theirs, both)
    for kind, prefix in (("rule", ""), ("exemption", "exemptions/")):
        text = _named_rebased(kind, base, mine, text, both, prefix)  # type: ignore[arg-type]
    for listed, name in (("band", "bands/"), ("case", "cases/")):
        text = _listed_rebased(listed, base, mine, text, both, name)  # type: ignore[arg-type]
    return text, tuple(both)


def rebased_values(base: str, mine: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The same for a file of parameters: their dated values, and the parameters whose values both changed."""
    old, new, now = parsed(base), parsed(mine), parsed(theirs)
    if {key: _but_values(each) for key, each in old.items()} != {key: _but_values(each) for key, each in new.items()}:
        raise NotEditable("more than dated values is different")
    both, text = [], theirs
    for name, table in new.items():
        if table == old.get(name) or table == now.get(name):
            continue
        if now.get(name) != old.get(name):
            both.append(name)
        text = with_values(text, name, table["value"])
    return text, tuple(both)


def _but_values(table: object) -> object:
    return {key: each for key, each in table.items() if key != "value"} if isinstance(table, dict) else table


def _settings_rebased(base: str, mine: str, theirs: str, both: list[str]) -> str:
    old, new, now = settings_of(base), settings_of(mine), settings_of(theirs)
    wanted = dict(now)
    for key in dict.fromkeys([*new, *old]):
        if new.get(key) in (old.get(key), now.get(key)):
            continue
        if now.get(key) != old.get(key):
            both.append(f"settings/{key}")
        if key in new:
            wanted[key] = new[key]
        else:
            wanted.pop(key, None)
    return theirs if wanted == now else with_settings(theirs, wanted)


def _named_rebased(kind: PartKind, base: str, mine: str, text: str, both: list[str], prefix: str) -> str:
    old, new, now = (_by_name(each, kind) for each in (base, mine, text))
    for name in [*new, *(name for name in old if name not in new)]:
        was, wanted, there = old.get(name), new.get(name), now.get(name)
        if wanted in (was, there):
            continue
        if there != was:
            both.append(prefix + name)
        if wanted is None:
            text = without_part(text, kind, named(text, kind, name)) if there is not None else text
        elif there is None:
            text = with_new_part(text, kind, wanted)
        else:
            text = with_part(text, kind, named(text, kind, name), wanted)
    return text


def _listed_rebased(kind: PartKind, base: str, mine: str, text: str, both: list[str], name: str) -> str:
    old, new, now = (parts_of(each, kind) for each in (base, mine, text))
    if new in (old, now):
        return text
    if now != old:
        both.append(name)
    return with_parts(text, kind, new)


def _by_name(text: str, kind: PartKind) -> dict[str, Part]:
    parts = parts_of(text, kind)
    found = {str(each.get("id", "")): each for each in parts}
    if len(found) < len(parts):
        raise NotEditable(f"two {kind}s have one id")
    return found


# ---- where what stands


def _blocks(text: str, kind: PartKind) -> list[_Block]:
    found: list[_Block] = []
    header: Header | None = None
    items: list[Header | Entry] = []

    def close() -> None:
        if header is not None:
            found.append(_Block(header.at, header.end, tuple(items), 1, PARTS[kind]))
        items.clear()

    for item in items_of(text):
        if isinstance(item, Header) and item.path == (kind,) and item.is_array:
            close()
            header = item
        elif isinstance(item, Header) and item.path[0] != kind:
            close()
            header = None
        elif header is not None:
            items.append(item)
    close()
    if len(found) != len(parts_of(text, kind)):
        raise NotEditable(f"its {kind}s are not written as [[{kind}]]")
    return found


def _head(text: str) -> _Block:
    """What stands above all tables, and the tables that are settings, too."""
    items: list[Header | Entry] = []
    inside, is_nested = True, False
    for item in items_of(text):
        if isinstance(item, Header):
            inside, is_nested = item.path[0] not in PARTS, True
        if inside and (is_nested or item.path[0] not in PARTS):
            items.append(item)
    begin = items[0].at if items else 0
    return _Block(begin, begin, tuple(items), 0, KEYS["policy"])


def _tables(text: str) -> Iterator[tuple[str, _Block]]:
    """The tables `[name]` of a file, each with what belongs to it."""
    header: Header | None = None
    items: list[Header | Entry] = []
    for item in items_of(text):
        if isinstance(item, Header) and (header is None or item.path[0] != header.path[0]):
            if header is not None:
                yield header.path[0], _Block(header.at, header.end, tuple(items), 1, KEYS["limit"])
            header, items = (item, []) if len(item.path) == 1 and not item.is_array else (None, [])
        elif header is not None:
            items.append(item)
    if header is not None:
        yield header.path[0], _Block(header.at, header.end, tuple(items), 1, KEYS["limit"])


def _behind(text: str, kind: PartKind) -> int:
    """Where the first part of a kind belongs: behind all that its file has before such parts."""
    before = list(PARTS)[: list(PARTS).index(kind)]
    end, inside = 0, True
    for item in items_of(text):
        if isinstance(item, Header):
            inside = item.path[0] in before or item.path[0] not in PARTS
        end = item.end if inside else end
    return end


# ---- the change


def _changed(text: str, block: _Block, was: Part, wanted: Part, *, is_fine: bool) -> str:
    """The text with those keys of one block exchanged that are not the same any more; from the last to the first, so
    that places stay what they are. `is_fine`: inside of values, too, only what is another is exchanged.
    """
    swaps: list[tuple[int, int, str]] = []
    for key in dict.fromkeys([*was, *wanted]):
        if key in was and key in wanted and alike(was[key], wanted[key]):
            continue
        entry = _plain_entry(block, key)
        if entry is not None and key in wanted:
            written = text[entry.value_at : entry.value_end]
            new = _revalued(key, written, was[key], wanted[key]) if is_fine else _said(key, wanted[key])
            swaps.append((entry.value_at, entry.value_end, new))
            continue
        swaps += [(begin, end, "") for begin, end in _spans(block, key)]
        if key in wanted:
            swaps.append(_inserted(text, block, key, wanted[key]))
    for begin, end, new in sorted(swaps, key=lambda each: (each[0], each[1]), reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def _plain_entry(block: _Block, key: str) -> Entry | None:
    """The one line that gives a key its value; None where it is written otherwise (in parts, or as a table)."""
    spans = [item for item in _own(block) if item.path == (key,)]
    return spans[0] if len(spans) == 1 and len(list(_spans(block, key))) == 1 else None


def _own(block: _Block) -> Iterator[Entry]:
    """The keys of the block itself: those above its first inner table."""
    for item in block.items:
        if isinstance(item, Header):
            return
        yield item


def _spans(block: _Block, key: str) -> Iterator[tuple[int, int]]:
    """All lines that have to do with a key: `key = …`, `key.part = …`, `[rule.key]` and what follows it."""
    inside = False
    for item in block.items:
        if isinstance(item, Header):
            inside = len(item.path) > block.depth and item.path[block.depth] == key
            if inside:
                yield item.at, item.end
        elif inside or (item in _own(block) and item.path[0] == key):
            yield item.at, item.end


def _inserted(text: str, block: _Block, key: str, value: Any) -> tuple[int, int, str]:
    """A new line where it belongs: behind the last key that comes before it in the order of such a block's keys."""
    at, width = block.opened, 0
    for item in _own(block):
        if block.place(item.path[0]) <= block.place(key):
            at = item.end
        if item.path[0] != "case" and len(item.path) == 1:
            width = max(width, text.index("=", item.at, item.value_at + 1) - item.at - 1)
    gap = "" if not text[:at] or text[:at].endswith("\n") else "\n"
    name = key_of(key) if key == "case" else key_of(key).ljust(width)
    return at, at, f"{gap}{name} = {_said(key, value)}\n"


# ---- values


def _said(key: str, value: Any) -> str:
    """A key's value; a condition that its author wrote on several lines stays on several."""
    lines = key == "when" and isinstance(value, str) and "\n" in value
    if lines and "'''" not in value and all(each.isprintable() or each in "\n\t" for each in value):
        return f"'''\n{value}'''"
    if key in ("case", "value") and isinstance(value, list | tuple):
        return _in_lines(map(toml_of, value))
    return toml_of(value)


def _in_lines(elements: Iterator[str] | Sequence[str]) -> str:
    """An array, each element on a line of its own."""
    lines = [f"{_INDENT}{each},\n" for each in elements]
    return f"[\n{''.join(lines)}]" if lines else "[]"


def _lines(part: Part, keys: tuple[str, ...]) -> str:
    """A whole new part."""
    order = [key for key in keys if key in part] + [key for key in part if key not in keys]
    width = max((len(key_of(key)) for key in order if key != "case"), default=0)
    return "".join(
        f"{key_of(key) if key == 'case' else key_of(key).ljust(width)} = {_said(key, part[key])}\n"
        for key in order
    )  # fmt: skip


def _revalued(key: str, written: str, was: Any, wanted: Any) -> str:
    """A value as it was written, with what is another in it exchanged."""
    if alike(was, wanted):
        return written
    if isinstance(was, dict) and isinstance(wanted, Mapping) and written.startswith("{"):
        return _retabled(written, was, wanted) or toml_of(wanted)
    if isinstance(was, list) and isinstance(wanted, list | tuple) and written.startswith("[") and was and wanted:
        return _relisted(written, was, wanted)
    return _said(key, wanted)


def _retabled(written: str, was: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """An inline table with other values of the same keys; "" or None where it has other keys."""
    entries = entry_spans(written)
    keys = [path[0] for path, _, _ in entries]
    if list(was) != list(wanted) or keys != list(was) or any(len(path) > 1 for path, _, _ in entries):
        return None
    for (key,), begin, end in reversed(entries):
        written = written[:begin] + _revalued(key, written[begin:end], was[key], wanted[key]) + written[end:]
    return written


def _relisted(written: str, was: Sequence[Any], wanted: Sequence[Any]) -> str:
    """An array in which elements came, went or are others; those that stay keep their own words."""
    words = [written[begin:end] for begin, end in element_spans(written)]
    if len(wanted) > len(was) and "\n" not in written and all(isinstance(each, Mapping) for each in wanted):
        written = _in_lines(words)

    def word(part: Any) -> str:
        return next((words[place] for place, each in enumerate(was) if alike(each, part)), None) or toml_of(part)

    steps = SequenceMatcher(None, list(map(repr, was)), list(map(repr, wanted)), autojunk=False)
    for tag, begin, end, first, last in reversed(steps.get_opcodes()):
        if tag == "equal":
            continue
        common = min(end - begin, last - first)
        for place in reversed(range(begin + common, end)):
            written = _without_element(written, place)
        if new := [word(part) for part in wanted[first + common : last]]:
            written = _with_elements(written, begin + common, new)
        for number in reversed(range(common)):
            at, to = element_spans(written)[begin + number]
            old, part = was[begin + number], wanted[first + number]
            written = written[:at] + _revalued("", words[begin + number], old, part) + written[to:]
    return written


def _without_element(written: str, place: int) -> str:
    """The array without an element; with its whole line where it stands alone on one."""
    spans = element_spans(written)
    begin, end = spans[place]
    line = written.rfind("\n", 0, begin) + 1
    rest = _REST_OF_LINE.match(written, end)
    if line and rest is not None and not written[line:begin].strip():
        return written[:line] + written[rest.end() :]
    if place + 1 < len(spans):
        return written[:begin] + written[spans[place + 1][0] :]
    return written[: spans[place - 1][1] if place else begin] + written[end:]


def _with_elements(written: str, place: int, new: Sequence[str]) -> str:
    """The array with more elements before a place; on lines of their own where its elements stand so."""
    spans = element_spans(written)
    begin, end = spans[max(0, place - 1)]
    line = written.rfind("\n", 0, begin) + 1
    rest = _REST_OF_LINE.match(written, end)
    indent = written[line:begin]
    if not line or rest is None or indent.strip():
        if not place:
            return written[:begin] + "".join(f"{each}, " for each in new) + written[begin:]
        return written[:end] + "".join(f", {each}" for each in new) + written[end:]
    lines = "".join(f"{indent}{each},\n" for each in new)
    if not place:
        return written[:line] + lines + written[line:]
    comma = "" if rest[1] else ","
    return written[:end] + comma + written[end : rest.end()] + lines + written[rest.end() :]


# ---- the proof


def _either(make: Callable[[bool], str], expected: Mapping[str, Any]) -> str:
    """The finest change that says what was meant: inside of values, or else with whole values exchanged."""
    try:
        return _same(make(True), expected)
    except (NotEditable, IndexError):
        return _same(make(False), expected)


def _same(new: str, expected: Mapping[str, Any]) -> str:
    """What was made, when it says what was meant."""
    if not equal(parsed(new), expected):
        raise NotEditable("it is written in a way that can't be changed here")
    return new
