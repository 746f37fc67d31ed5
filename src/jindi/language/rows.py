"""Conditions as rows that people fill in: something, what is asked of it, and a value; all of them, or any.

Rows say a part of what the language says. What they can't say (a `not` over several conditions, groups inside groups
inside groups) has no rows, and is written as text. Rows that were made of an expression, written again, read as the
same tree; rows that people filled in may be wrong, and the reader of the language says how.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from jindi.basics.instants import parse_duration
from jindi.basics.money import format_minor, parse_minor
from jindi.language.expression import Expression, ExpressionProblems, read
from jindi.language.tree import (
    DURATION_WORDS,
    And,
    Call,
    Comparison,
    Constant,
    Listed,
    Name,
    Node,
    Not,
    OneOf,
    Or,
)
from jindi.language.types import BOOL, INT, RATIO, Kind, Scope, Type

Join = Literal["all", "any"]

COMPARED: Final = (">=", ">", "<=", "<", "==", "!=")
LISTED: Final = ("in list", "not in list")
MEMBERS: Final = ("in", "not in")
BEGINS: Final = ("starts with", "not starts with")
ALONE: Final = ("is true", "is false", "missing", "not missing")
OPERATORS: Final = (*COMPARED, *MEMBERS, *LISTED, *BEGINS, *ALONE)
"""What a row may ask; the last ones take no value."""

ROWS_MAX: Final = 40
_EVEN: Final = re.compile(r"\.0+\Z")
_UNITS: Final = {"days": "d", "hours": "h", "minutes": "m", "seconds": "s"}


@dataclass(frozen=True, slots=True)
class Row:
    """One condition: `left` is a name, or anything that has a value; `right` is a value as people write it."""

    left: str
    op: str = ">="
    right: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows and groups of rows, of which all or any must hold."""

    join: Join = "all"
    parts: tuple["Row | Group", ...] = ()


def laid_out(expression: Expression, scope: Scope) -> Group | None:
    """The rows that say an expression; None when rows can't say it.

    >>> from jindi.language import Scope, Type, Kind
    >>> scope = Scope({"amount": Type(Kind.MONEY, "CNY"), "hour": INT})
    >>> laid_out(read("amount >= cny('50') and (hour < 6 or hour >= 22)", scope), scope).parts[0]
    Row(left='amount', op='>=', right='50')
    >>> laid_out(read("not (hour < 6 or hour >= 22)", scope), scope) is None
    True
    """
    group = _group(expression.tree, scope, 2)
    if group is None or len(list(rows_of(group))) > ROWS_MAX:
        return None
    try:
        again = read(written(group, scope), scope)
    except ExpressionProblems:
        return None
    return group if again.tree == expression.tree else None


def written(group: Group, scope: Scope) -> str:
    """The text that rows stand for, whether it can be read or not; "" for none."""
    return _joined(group, scope)


def rows_of(group: Group) -> Iterator[Row]:
    """All rows, whatever group they are in."""
    for part in group.parts:
        if isinstance(part, Row):
            yield part
        else:
            yield from rows_of(part)


# ---- from the tree


def _group(tree: Node, scope: Scope, deep: int) -> Group | None:
    join: Join = "any" if isinstance(tree, Or) else "all"
    nodes = tree.parts if isinstance(tree, And | Or) else (tree,)
    parts: list[Row | Group] = []
    for node in nodes:
        part = _group(node, scope, deep - 1) if isinstance(node, And | Or) and deep > 1 else _row(node, scope)
        if part is None:
            return None
        parts.append(part)
    return Group(join, tuple(parts))


def _row(node: Node, scope: Scope) -> Row | None:
    match node:
        case Comparison(op=op, left=left, right=right):
            return Row(str(left), op, _value(right, scope))
        case OneOf(item=item, members=members):
            return Row(str(item), "in", ", ".join(_member(each) for each in members))
        case Not(operand=OneOf(item=item, members=members)):
            return Row(str(item), "not in", ", ".join(_member(each) for each in members))
        case Listed(item=item, name=name):
            return Row(item.name, "in list", name)
        case Not(operand=Listed(item=item, name=name)):
            return Row(item.name, "not in list", name)
        case Call(word="missing", arguments=(asked,)):
            return Row(str(asked), "missing")
        case Not(operand=Call(word="missing", arguments=(asked,))):
            return Row(str(asked), "not missing")
        case Call(word="starts_with", arguments=(asked, Constant() as begin)):
            return Row(str(asked), "starts with", _value(begin, scope))
        case Not(operand=Call(word="starts_with", arguments=(asked, Constant() as begin))):
            return Row(str(asked), "not starts with", _value(begin, scope))
        case Name() | Call():
            return Row(str(node), "is true")
        case Not(operand=(Name() | Call()) as inner):
            return Row(str(inner), "is false")
        case _:
            return None


def _value(node: Node, scope: Scope) -> str:
    """A value as people write it; a text that the language would read as something else keeps its quotes."""
    if not isinstance(node, Constant):
        return str(node)
    match node.type.kind, node.value:
        case Kind.MONEY, int(minor) if node.type.of is not None:
            return _EVEN.sub("", format_minor(minor, node.type.of))
        case Kind.DURATION, int(length) if length > 0:
            word = next(word for word, unit in DURATION_WORDS.items() if length % unit == 0)
            return f"{length // DURATION_WORDS[word]}{_UNITS[word]}"
        case Kind.TEXT, str(text):
            return text if _is_plain(text, scope) else str(node)
        case _:
            return str(node).lower() if node.type == BOOL else str(node)


def _member(node: Constant) -> str:
    text = _value(node, Scope())
    return str(node) if "," in text or not text.strip() else text


def _is_plain(text: str, scope: Scope) -> bool:
    """Whether a text means itself without quotes."""
    if not text.strip() or text != text.strip():
        return False
    try:
        read(text, scope)
    except ExpressionProblems:
        return "'" not in text and '"' not in text
    return False


# ---- to text


def _joined(group: Group, scope: Scope) -> str:
    texts = [
        _within(_joined(part, scope)) if isinstance(part, Group) and len(part.parts) > 1
        else _joined(part, scope) if isinstance(part, Group)
        else _said(part, scope)
        for part in group.parts
    ]  # fmt: skip
    return (" and " if group.join == "all" else " or ").join(text for text in texts if text)


def _said(row: Row, scope: Scope) -> str:
    left, right = row.left.strip(), row.right.strip()
    if not left and not right:
        return ""
    if row.op == "is true":
        return _operand(left)
    if row.op == "is false":
        return f"not {_operand(left)}"
    if row.op in ("missing", "not missing"):
        return f"{'not ' if row.op.startswith('not') else ''}missing({left})"
    kind = _kind(left, scope)
    if row.op in BEGINS:
        begin = right if right[:1] in ("'", '"') else f"'{right}'"
        return f"{'not ' if row.op.startswith('not') else ''}starts_with({left}, {begin})"
    if row.op in LISTED:
        name = right.removeprefix("list('").removesuffix("')")
        return f"{_operand(left)} {row.op.removesuffix(' list')} list('{name}')"
    if row.op in MEMBERS:
        inner = right.removeprefix("[").removesuffix("]")
        members = ", ".join(_literal(each, kind, scope, is_member=True) for each in _parted(inner))
        return f"{_operand(left)} {row.op} [{members}]"
    return f"{_operand(left)} {row.op} {_operand(_literal(right, kind, scope))}"


def _kind(left: str, scope: Scope) -> Type | None:
    try:
        return read(left, scope).type
    except ExpressionProblems:
        return None


def _parted(text: str) -> Iterator[str]:
    """The members of a list that somebody typed: commas (also the wide one) part them, quotes hold them together."""
    part, quote = "", ""
    for each in text:
        if quote:
            quote = "" if each == quote else quote
        elif each in "'\"":
            quote = each
        elif each in ",，、":
            if part.strip():
                yield part.strip()
            part = ""
            continue
        part += each
    if part.strip():
        yield part.strip()


def _literal(text: str, kind: Type | None, scope: Scope, *, is_member: bool = False) -> str:
    """What somebody typed, as the language writes it: `2000` beside an amount is one, `app` beside a text is one."""
    if kind is None or not text:
        return text
    try:
        found: Type | None = read(text, Scope() if is_member else scope).type
    except ExpressionProblems:
        found = None
    if found is not None and (found == kind or found.kind is kind.kind or {found, kind} == {INT, RATIO}):
        return text
    try:
        match kind.kind:
            case Kind.MONEY if kind.of is not None:
                plain = text.removesuffix(kind.of).removeprefix("¥").replace(",", "").strip()
                parse_minor(plain, kind.of)
                return f"{kind.of.lower()}('{plain}')"
            case Kind.DURATION:
                return _duration(parse_duration(text))
            case Kind.BOOL if text.lower() in ("true", "yes", "是", "false", "no", "否"):
                return "true" if text.lower() in ("true", "yes", "是") else "false"
            case Kind.TEXT if found is None and "'" not in text and '"' not in text:
                return f"'{text}'"
    except ValueError:
        return text
    return text


def _duration(length_us: int) -> str:
    word = next((word for word, unit in DURATION_WORDS.items() if length_us % unit == 0), None)
    if word is None:
        raise ValueError("shorter than a second")
    return f"{word}({length_us // DURATION_WORDS[word]})"


def _operand(text: str) -> str:
    """In brackets where something inside binds less than what is written beside it."""
    bare = _without_brackets(text)
    loose = any(f" {word} " in f" {bare} " for word in ("and", "or", "not", "in")) or any(
        sign in bare for sign in ("==", "!=", "<", ">")
    )
    return _within(text) if loose else text


def _without_brackets(text: str) -> str:
    """What stands outside of all brackets and quotes."""
    out, depth, quote = "", 0, ""
    for each in text:
        if quote:
            quote = "" if each == quote else quote
        elif each in "'\"":
            quote = each
        elif each in "([":
            depth += 1
        elif each in ")]":
            depth -= 1
        elif depth == 0:
            out += each
    return out


def _within(text: str) -> str:
    return f"({text})" if text else ""
