"""Why an expression has its value, and what would have to be different: asked for, never paid for live."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from jindi.language.expression import Expression
from jindi.language.meaning import INT_LEAST, INT_MOST, Read, value_of
from jindi.language.tree import (
    Call,
    Comparison,
    Constant,
    InCurrency,
    Listed,
    Name,
    Node,
    OneOf,
    children,
    slot,
)
from jindi.language.types import BOOL, Kind, Type, Value


@dataclass(frozen=True, slots=True)
class Trace:
    """A part of an expression with its value (None: missing) and the parts that led to it."""

    text: str
    type: Type
    value: Value
    children: tuple["Trace", ...] = ()


@dataclass(frozen=True, slots=True)
class Crossing:
    """One input, one value of it, and the condition within the expression that would turn round.

    `now` is the input's present value. Where `any_other` holds, every value but the present one does it
    and `value` is only an example.
    """

    input: str
    type: Type
    now: Value
    value: Value
    condition: str
    any_other: bool = False


def trace(expression: Expression, read: Read) -> Trace:
    """Every part of an expression with its value, constants left out.

    >>> from jindi.language import BOOL, INT, Scope, read
    >>> rule = read("not known and n > 3", Scope({"known": BOOL, "n": INT}))
    >>> [(part.text, part.value) for part in trace(rule, {"known": False, "n": 2}.get).children]
    [('not known', True), ('n > 3', False)]
    """
    return _trace(expression.tree, read)


def crossings(expression: Expression, read: Read) -> tuple[Crossing, ...]:
    """For each input of each comparison, the nearest value that turns that comparison round.

    Amounts, numbers and times move to the nearest whole value, ratios to the nearest double, texts to a
    value that matters; truths and memberships turn round. Limits stay: they are not the event's. Each
    crossing has been tried: with that value, and all else as it is, the comparison really turns.

    >>> from jindi.language import INT, Scope, read
    >>> rule = read("n * 2 > 10", Scope({"n": INT}))
    >>> [(each.input, each.now, each.value) for each in crossings(rule, {"n": 2}.get)]
    [('n', 2, 6)]
    """
    found: dict[Crossing, None] = {}
    for crossing in _crossings(expression.tree, read):
        found.setdefault(crossing)
    return tuple(found)


def _trace(node: Node, read: Read) -> Trace:
    value = value_of(node, read)
    if isinstance(node, InCurrency) and value is not None:
        return _trace(node.operand, read)  # the currency fits, so nothing needs to be said about it
    if isinstance(node, Listed):
        return Trace(str(node), BOOL, value)
    parts = tuple(_trace(child, read) for child in children(node) if not isinstance(child, Constant))
    return Trace(str(node), node.type, value, parts)


def _crossings(node: Node, read: Read) -> Iterator[Crossing]:
    match node:
        case Name() | Listed() if node.type == BOOL:
            now = read(slot(node))
            for other in (True, False) if now is None else (not now,):
                yield Crossing(slot(node), BOOL, now, other, str(node))
        case Comparison(left=left) if left.type != BOOL:
            yield from _asked(node, read)
        case OneOf() | Call(word="starts_with"):
            yield from _asked(node, read)
        case Call(word="missing"):
            return
        case _:
            for child in children(node):
                yield from _crossings(child, read)


def _asked(node: Comparison | OneOf | Call, read: Read) -> Iterator[Crossing]:
    """The crossings of one question, input by input."""
    for name in dict.fromkeys(_names(node)):
        now = read(name.name)
        holds = partial(_with, node, read, name.name)
        present = holds(now)
        if name.type.kind in (Kind.TEXT, Kind.TOKEN):
            yield from _texts(node, name, now, present, read)
            continue
        if name.type == BOOL:
            continue
        turned = [
            value
            for value in _candidates(node, name, now, read)
            if (answer := holds(value)) is not None and answer is not present
        ]
        if turned and isinstance(now, int | float):
            nearest = min(turned, key=lambda value: abs(value - now))
            yield Crossing(name.name, name.type, now, nearest, str(node))
        elif turned:
            for wanted in (True, False):
                first = next((value for value in turned if holds(value) is wanted), None)
                if first is not None:
                    yield Crossing(name.name, name.type, now, first, str(node))


def _with(node: Node, read: Read, name: str, value: Value) -> Value:
    return value_of(node, lambda asked: value if asked == name else read(asked))


def _names(node: Node) -> Iterator[Name]:
    if isinstance(node, Name):
        yield node
    elif not isinstance(node, Listed):
        for child in children(node):
            yield from _names(child)


def _alone(node: Node) -> Name | None:
    """The input that a side consists of, if it is nothing else."""
    match node:
        case Name():
            return node
        case InCurrency(operand=operand):
            return _alone(operand)
        case Call(word="or_else", arguments=(inner, _)):
            return _alone(inner)
        case _:
            return None


def _candidates(node: Comparison | OneOf | Call, name: Name, now: Value, read: Read) -> list[int | float]:
    """Values worth trying; among them the nearest that turns the question round, if it can be turned."""
    ratio = name.type.kind is Kind.RATIO
    match node:
        case Comparison(left=left, right=right):
            others = [
                value_of(other, read)
                for side, other in ((left, right), (right, left))
                if _alone(side) == name and name not in set(_names(other))
            ]
            anchors = [other for other in others if isinstance(other, int | float)]
            if anchors:
                return [near for anchor in anchors for near in _near(anchor, ratio=ratio)]
        case OneOf(item=item, members=members) if _alone(item) == name:
            numbers = [member.value for member in members if isinstance(member.value, int | float)]
            return [near for number in numbers for near in _near(number, ratio=ratio)]
        case _:
            pass
    if not isinstance(now, int | float):
        return []
    holds = partial(_with, node, read, name.name)
    return [found for way in (1, -1) if (found := _search(holds, now, way, ratio=ratio)) is not None]


def _near(value: float, *, ratio: bool) -> list[int | float]:
    if ratio:
        around: list[int | float] = [
            math.nextafter(value, -math.inf),
            float(value),
            math.nextafter(value, math.inf),
        ]
        return [each for each in around if math.isfinite(each)]
    floor = math.floor(value)
    return [each for each in (floor - 1, floor, floor + 1, floor + 2) if INT_LEAST <= each <= INT_MOST]


def _search(holds: partial[Value], now: float, way: int, *, ratio: bool) -> int | float | None:
    """Steps that double until the answer turns, then halves between: exact where the answer turns once."""
    at, least, most = (_rank(float(now)), -_RANK_MOST, _RANK_MOST) if ratio else (int(now), INT_LEAST, INT_MOST)
    value = _unrank if ratio else int
    present = holds(now)
    same, step = at, 1
    while True:
        probe = max(least, min(most, at + way * step))
        answer = holds(value(probe))
        if answer is not None and answer is not present:
            break
        if probe in (least, most):
            return None
        same, step = probe, step * 2
    turned = probe
    while abs(turned - same) > 1:
        middle = (turned + same) // 2
        answer = holds(value(middle))
        if answer is not None and answer is not present:
            turned = middle
        else:
            same = middle
    return value(turned)


def _rank(value: float) -> int:
    """The place of a double among all doubles, so that neighbours differ by one."""
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & (2**63 - 1))


def _unrank(rank: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<q", abs(rank)))[0]
    return value if rank >= 0 else -value


_RANK_MOST = _rank(math.nextafter(math.inf, 0.0))


def _texts(node: Node, name: Name, now: Value, present: Value, read: Read) -> Iterator[Crossing]:
    wanted: list[Value] = []
    match node:
        case Comparison(left=left, right=right):
            for side, other in ((left, right), (right, left)):
                if _alone(side) == name:
                    wanted.append(value_of(other, read))
        case OneOf(item=item, members=members) if _alone(item) == name:
            wanted.extend(member.value for member in members)
        case Call(arguments=(text, Constant(value=start))) if _alone(text) == name:
            wanted.append(start)
        case _:
            pass
    named = [value for value in wanted if isinstance(value, str)]
    for value in (*named, "", "other") if named else ():
        answer = _with(node, read, name.name, value)
        if answer is not None and answer is not present:
            yield Crossing(name.name, name.type, now, value, str(node), any_other=value not in named)
            return
