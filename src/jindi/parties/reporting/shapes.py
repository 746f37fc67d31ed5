"""The shape of a packet, told once: by it a tree of texts is checked, written as XML, and read back.

This is the packets' schema. It is our own, made from what is known of the interfaces; a leaf says what it means in both
languages, so that a problem can be read by whoever fills in the form.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, Union

from jindi.basics.problems import Problem
from jindi.packs.tables import meant
from jindi.parties.reporting.markup import Element, escaped, shown, unwritable

Value: TypeAlias = Union[str, "dict[str, Value]", "list[Value]"]
"""A tree: a text, what stands under names, or a list of the same."""

LENGTH: Final = 512
"""The longest text of a leaf of which no length is known: a design default."""

MANY_MAX: Final = 500_000


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text must be; `says` is told as the remedy."""

    says: str
    holds: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with a text. `lines`: it may have several."""

    tag: str
    zh: str
    en: str
    rule: Rule | None = None
    required: bool = False
    length: int = LENGTH
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """An element with elements in this order."""

    tag: str
    children: "tuple[Shape, ...]"
    required: bool = True


@dataclass(frozen=True, slots=True)
class Many:
    """Elements of one shape, within an element of their own unless `tag` is empty."""

    tag: str
    item: Leaf | Branch
    least: int = 0
    most: int = MANY_MAX


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several elements."""

    options: tuple[Leaf | Branch, ...]
    required: bool = True


Shape: TypeAlias = Leaf | Branch | Many | OneOf


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a packet's family writes: what stands in a leaf that has nothing to say ("" leaves it out), and whether
    repeated elements are numbered.
    """

    filler: str = ""
    numbered: bool = False


@dataclass(slots=True)
class Look:
    """One look at a tree: where it is, how it is written, and what was found wrong."""

    where: str
    dialect: Dialect
    problems: list[Problem]

    def wrong(self, path: str, problem: str, remedy: str = "", line: int = 0) -> None:
        """Note one thing."""
        item = f"line {line}: {path}" if line else path
        self.problems.append(Problem(self.where, item, problem, remedy))

    # ---- what a tree must be

    def check(self, shape: Branch, value: Value | None, path: str = "") -> None:
        """Hold a tree against a shape."""
        self._branch_of(shape, value, _at(path, shape.tag))

    def _branch_of(self, shape: Branch, value: Value | None, path: str) -> None:
        if not isinstance(value, dict):
            self.wrong(path, "is missing", "it must be there")
            return
        for child in shape.children:
            match child:
                case Leaf():
                    self._leaf(child, value.get(child.tag), path)
                case Branch():
                    if child.required or child.tag in value:
                        self._branch_of(child, value.get(child.tag), _at(path, child.tag))
                case Many():
                    self._many(child, value.get(_key(child)), path)
                case OneOf():
                    self._one_of(child, value, path, 0)
                    for each in child.options:
                        if each.tag in value and isinstance(each, Branch):
                            self._branch_of(each, value[each.tag], _at(path, each.tag))
                        elif each.tag in value and isinstance(each, Leaf):
                            self._leaf(each, value[each.tag], path)

    def _one_of(self, shape: OneOf, inside: dict[str, Value], path: str, line: int) -> None:
        present = [each for each in shape.options if each.tag in inside]
        if len(present) > 1 or (shape.required and not present):
            names = ", ".join(each.tag for each in shape.options)
            self.wrong(path, "has not exactly one of its kinds", f"one of: {names}", line)

    def _many(self, shape: Many, value: Value | None, path: str) -> None:
        several = value if isinstance(value, list) else []
        at = _at(path, shape.tag) if shape.tag else path
        self._count(shape, len(several), at, 0)
        for number, each in enumerate(several, 1):
            if isinstance(shape.item, Leaf):
                self._leaf(shape.item, each, at, 0, number)
            else:
                self._branch_of(shape.item, each, _at(at, f"{shape.item.tag} {number}"))

    def _count(self, shape: Many, count: int, path: str, line: int) -> None:
        if not shape.least <= count <= shape.most:
            most = "" if shape.most == MANY_MAX else f", {shape.most} at the most"
            self.wrong(path, f"has {count} {shape.item.tag}", f"{shape.least} at least{most}", line)

    def _leaf(self, shape: Leaf, value: Value | None, path: str, line: int = 0, number: int = 0) -> None:
        at = f"{_at(path, shape.tag)}{f' {number}' if number else ''} {shape.zh}"
        if not isinstance(value, str) or not value:
            if shape.required or number:
                self.wrong(at, "is missing", f"{shape.en} must be given", line)
            return
        if value == self.dialect.filler:
            self.wrong(at, "is what stands for nothing", "leave it out", line)
        elif unwritable(value, lines=shape.lines):
            what = "holds control characters" if shape.lines else "holds line ends or control characters"
            self.wrong(at, what, "take them out", line)
        elif value != value.strip():
            self.wrong(at, "begins or ends with a space", "take it away", line)
        elif len(value) > shape.length:
            self.wrong(at, f"is longer than {shape.length:,} characters", f"{shape.en}: make it shorter", line)
        elif shape.rule is not None and not shape.rule.holds(value):
            self.wrong(at, "is not written as it must be", shape.rule.says, line)

    # ---- out

    def written(self, shape: Branch, value: Value) -> str:
        """The document. The tree must have been checked."""
        lines = ['<?xml version="1.0" encoding="UTF-8"?>']
        self._write(shape, value, lines, "")
        return "\n".join(lines) + "\n"

    def _write(self, shape: Shape, value: Value | None, lines: list[str], seqno: str) -> None:
        match shape:
            case Leaf():
                text = value if isinstance(value, str) and value else self.dialect.filler
                if text:
                    lines.append(f"<{shape.tag}{seqno}>{escaped(text)}</{shape.tag}>")
            case Branch() if isinstance(value, dict):
                lines.append(f"<{shape.tag}{seqno}>")
                for child in shape.children:
                    if isinstance(child, OneOf):
                        for each in child.options:
                            if each.tag in value:
                                self._write(each, value[each.tag], lines, "")
                    else:
                        self._write(child, value.get(_key(child)), lines, "")
                lines.append(f"</{shape.tag}>")
            case Many():
                several = value if isinstance(value, list) else []
                if shape.tag and (several or self.dialect.numbered):
                    lines.append(f"<{shape.tag}>")
                for number, inside in enumerate(several, 1):
                    self._write(shape.item, inside, lines, f' seqno="{number}"' if self.dialect.numbered else "")
                if shape.tag and (several or self.dialect.numbered):
                    lines.append(f"</{shape.tag}>")
            case _:
                pass

    # ---- in

    def read(self, shape: Branch, element: Element) -> Value:
        """The tree of a document; what is wrong with it goes to the problems, and it is then not to be used."""
        if element.tag != shape.tag:
            self.wrong(shown(element.tag), f"is no {shape.tag}", "give the packet that is meant", element.line)
            return {}
        return self._branch(shape, element, shape.tag)

    def _branch(self, shape: Branch, element: Element, path: str) -> dict[str, Value]:
        self._no_text(element, path)
        found: dict[str, Value] = {}
        kinds = {tag: child for child in shape.children for tag in _tags(child)}
        order = {tag: place for place, child in enumerate(shape.children) for tag in _tags(child)}
        met, last = set[str](), -1
        for child in element.children:
            kind, at = kinds.get(child.tag), _at(path, shown(child.tag))
            if kind is None:
                self.wrong(at, "is unknown here", meant(child.tag, order), child.line)
                continue
            if order[child.tag] < last:
                self.wrong(at, "stands out of order", f"order: {', '.join(order)}", child.line)
            last = max(last, order[child.tag])
            repeats = isinstance(kind, Many) and not kind.tag
            if child.tag in met and not repeats:
                self.wrong(at, "stands twice", "keep one", child.line)
                continue
            met.add(child.tag)
            self._take(kind, child, path, found)
        for each in shape.children:
            self._is_there(each, met, found, path, element.line)
        return found

    def _is_there(self, shape: Shape, met: set[str], found: dict[str, Value], path: str, line: int) -> None:
        """What is missing, or there too often; what stands there has been looked at."""
        match shape:
            case Leaf() if shape.tag not in met:
                self._leaf(shape, None, path, line)
            case Branch() if shape.tag not in met and shape.required:
                self.wrong(_at(path, shape.tag), "is missing", "it must be there", line)
            case Many():
                several = found.setdefault(_key(shape), [])
                assert isinstance(several, list), "a list stands there"
                self._count(shape, len(several), _at(path, shape.tag) if shape.tag else path, line)
            case OneOf():
                self._one_of(shape, found, path, line)
            case _:
                pass

    def _take(self, shape: Shape, element: Element, path: str, found: dict[str, Value]) -> None:
        if isinstance(shape, OneOf):
            shape = next(each for each in shape.options if each.tag == element.tag)
        match shape:
            case Leaf():
                if text := self._text(shape, element, path):
                    found[shape.tag] = text
            case Branch():
                found[shape.tag] = self._branch(shape, element, _at(path, shape.tag))
            case Many():
                several = found.setdefault(_key(shape), [])
                assert isinstance(several, list), "a list stands there"
                if shape.tag:
                    self._several(shape, element, _at(path, shape.tag), several)
                else:
                    several.append(self._item(shape.item, element, path, len(several) + 1))

    def _item(self, shape: Leaf | Branch, element: Element, path: str, number: int) -> Value:
        if isinstance(shape, Branch):
            return self._branch(shape, element, _at(path, f"{shape.tag} {number}"))
        return self._text(shape, element, path, number)

    def _text(self, shape: Leaf, element: Element, path: str, number: int = 0) -> str:
        if element.children:
            self.wrong(_at(path, shape.tag), "holds elements where a text stands", "", element.line)
        text = "" if element.text == self.dialect.filler else element.text
        self._leaf(shape, text, path, element.line, number)
        return text

    def _several(self, shape: Many, element: Element, path: str, found: list[Value]) -> None:
        self._no_text(element, path)
        for number, child in enumerate(element.children, 1):
            if child.tag != shape.item.tag:
                at = _at(path, f"{shown(child.tag)} {number}")
                self.wrong(at, "is unknown here", f"only {shape.item.tag} may stand here", child.line)
                continue
            if self.dialect.numbered and child.attributes.get("seqno") != str(number):
                at = _at(path, f"{child.tag} {number}")
                self.wrong(at, "has not its number", f'write seqno="{number}"', child.line)
            found.append(self._item(shape.item, child, path, number))

    def _no_text(self, element: Element, path: str) -> None:
        if element.text.strip():
            self.wrong(path, "holds a text where elements stand", "", element.line)


def leaves(shape: Shape) -> Iterator[Leaf]:
    """All leaves of a shape, in order."""
    match shape:
        case Leaf():
            yield shape
        case Branch():
            for child in shape.children:
                yield from leaves(child)
        case Many():
            yield from leaves(shape.item)
        case OneOf():
            for option in shape.options:
                yield from leaves(option)


def _key(shape: Shape) -> str:
    if isinstance(shape, OneOf):
        return ""
    return shape.tag or (shape.item.tag if isinstance(shape, Many) else "")


def _tags(shape: Shape) -> list[str]:
    return [each.tag for each in shape.options] if isinstance(shape, OneOf) else [_key(shape)]


def _at(path: str, tag: str) -> str:
    return f"{path}/{tag}" if path else tag
