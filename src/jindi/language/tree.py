"""The tree of an expression: frozen nodes, each with its type, and the one way to print them.

A tree exists only when it has passed every check, so whoever walks it needs no second look.
Printing a tree and reading it again gives the same tree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from jindi.basics.money import format_minor
from jindi.language.types import BOOL, Kind, Type, Value

DURATION_WORDS = {"days": DAY_US, "hours": HOUR_US, "minutes": MINUTE_US, "seconds": SECOND_US}
"""The words that make a duration, the longest unit first."""

POWERS = {
    "or": 1,
    "and": 2,
    "not": 3,
    "compare": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "//": 6,
    "%": 6,
    "minus": 7,
}
"""How strongly an operator binds: the larger number binds first. `minus` is the sign before a value."""

ATOM = 8
"""The power of what needs no brackets anywhere."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the expression itself; never missing."""

    type: Type
    value: Value

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Name:
    """A field, a feature or a time word; its slot is its name."""

    type: Type
    name: str

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Limit:
    """A dated parameter, with the value of the event's day."""

    type: Type
    name: str

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Listed:
    """Whether an input's value stands in a named list; the answer is itself an input."""

    item: Name
    name: str
    type: Type = BOOL

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class InCurrency:
    """An amount whose currency is another field, where a fixed currency is needed: missing if they differ.

    The reader puts it in where the types ask for it; it isn't written and isn't printed.
    """

    type: Type
    operand: "Node"
    currency: Name

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Negative:
    """The sign of a number, an amount or a duration turned round."""

    type: Type
    operand: "Node"

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """One of + - * / // % on two operands."""

    type: Type
    op: str
    left: "Node"
    right: "Node"

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of == != < <= > >= on two operands of one kind."""

    op: str
    left: "Node"
    right: "Node"
    type: Type = BOOL

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether a value is one of those written in square brackets."""

    item: "Node"
    members: tuple[Constant, ...]
    type: Type = BOOL

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; missing stays missing."""

    operand: "Node"
    type: Type = BOOL

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class And:
    """All parts true; false as soon as one part is false, whatever else is missing."""

    parts: tuple["Node", ...]
    type: Type = BOOL

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Or:
    """One part true; true as soon as one part is true, whatever else is missing."""

    parts: tuple["Node", ...]
    type: Type = BOOL

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Call:
    """One of the language's words applied: missing, or_else, abs, min, max, length, ..."""

    type: Type
    word: str
    arguments: tuple["Node", ...]

    def __str__(self) -> str:
        return show(self)


Node = (
    Constant | Name | Limit | Listed | InCurrency | Negative | Arithmetic | Comparison | OneOf | Not | And | Or | Call
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order in which they are written."""
    match node:
        case Constant() | Name() | Limit():
            return ()
        case Listed(item=item):
            return (item,)
        case InCurrency(operand=operand, currency=currency):
            return (operand, currency)
        case Negative(operand=operand) | Not(operand=operand):
            return (operand,)
        case Arithmetic(left=left, right=right) | Comparison(left=left, right=right):
            return (left, right)
        case OneOf(item=item, members=members):
            return (item, *members)
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Call(arguments=arguments):
            return arguments


def slot(node: Name | Limit | Listed) -> str:
    """The canonical text under which facts carry this input."""
    match node:
        case Name(name=name):
            return name
        case Limit(name=name):
            return f"limit({name!r})"
        case Listed(item=item, name=name):
            return f"{item.name} in list({name!r})"


def inputs(node: Node) -> Iterator[str]:
    """The slots that a tree reads, some perhaps more than once; a membership reads only itself."""
    if isinstance(node, Name | Limit | Listed):
        yield slot(node)
    else:
        for child in children(node):
            yield from inputs(child)


def show(node: Node) -> str:
    """The canonical text of a tree: single spaces, and brackets only where they are needed."""
    match node:
        case Constant():
            return _constant(node)
        case Name() | Limit() | Listed():
            return slot(node)
        case InCurrency(operand=operand):
            return show(operand)
        case Negative(operand=operand):
            return "-" + _within(operand, POWERS["minus"])
        case Arithmetic(op=op, left=left, right=right):
            return f"{_within(left, POWERS[op])} {op} {_within(right, POWERS[op] + 1)}"
        case Comparison(op=op, left=left, right=right):
            above = POWERS["compare"] + 1
            return f"{_within(left, above)} {op} {_within(right, above)}"
        case OneOf(item=item, members=members):
            return f"{_within(item, POWERS['compare'] + 1)} in [{', '.join(show(member) for member in members)}]"
        case Not(operand=operand):
            return "not " + _within(operand, POWERS["not"])
        case And(parts=parts):
            return " and ".join(_within(part, POWERS["and"] + 1) for part in parts)
        case Or(parts=parts):
            return " or ".join(_within(part, POWERS["or"] + 1) for part in parts)
        case Call(word=word, arguments=arguments):
            return f"{word}({', '.join(show(argument) for argument in arguments)})"


def _power(node: Node) -> int:
    match node:
        case Constant(value=value):
            negative = not isinstance(value, str) and value is not None and not isinstance(value, tuple) and value < 0
            money = node.type.kind is Kind.MONEY
            return POWERS["minus"] if negative and not money else ATOM
        case Name() | Limit() | Call():
            return ATOM
        case InCurrency(operand=operand):
            return _power(operand)
        case Negative():
            return POWERS["minus"]
        case Arithmetic(op=op):
            return POWERS[op]
        case Comparison() | OneOf() | Listed():
            return POWERS["compare"]
        case Not():
            return POWERS["not"]
        case And():
            return POWERS["and"]
        case Or():
            return POWERS["or"]


def _within(node: Node, power: int) -> str:
    text = show(node)
    return text if _power(node) >= power else f"({text})"


def _constant(node: Constant) -> str:
    value = node.value
    if isinstance(value, int) and node.type.kind is Kind.MONEY:
        currency = str(node.type.of)
        return f"{currency.lower()}({format_minor(value, currency)!r})"
    if isinstance(value, int) and node.type.kind is Kind.DURATION:
        word = next(word for word, unit in DURATION_WORDS.items() if value % unit == 0)
        return f"{'-' if value < 0 else ''}{word}({abs(value) // DURATION_WORDS[word]})"
    if isinstance(value, float):
        digits = format(Decimal(repr(value)), "f")
        return digits if "." in digits else digits + ".0"
    return repr(value)
