"""Expressions inside packs: read by the language, their problems given the pack's address."""

import ast
import re
from collections.abc import Collection, Sequence
from typing import Final

from jindi.language import Expression, ExpressionProblems, Scope, Type, read
from jindi.packs.tables import Table, meant

_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD: Final = re.compile(r"\b[A-Za-z_]\w*\b(?!\s*\()", re.ASCII)
_ANY_WORD: Final = re.compile(r"\w+", re.ASCII)
_MEMBER: Final = re.compile(r"(\w+) in list\(")
_NOT_NAMES: Final = frozenset({"and", "or", "not", "in", "true", "false", "True", "False"})


def names_in(text: str) -> frozenset[str]:
    """The names that an expression reads, found without checking it.

    >>> sorted(names_in("a + limit('b') > 3 and c in ['d', 'e']"))
    ['a', 'c']
    >>> sorted(names_in("1_000 < min (x, 5)"))
    ['x']
    """
    return frozenset(_WORD.findall(_QUOTED.sub(" ", text))) - _NOT_NAMES


def speaks_of(text: str, broken: Collection[str]) -> bool:
    """Whether a text mentions something whose own problems are already reported: then its own would only
    repeat them.
    """
    return not set(_ANY_WORD.findall(text)).isdisjoint(broken)


def read_unless_broken(
    table: Table, key: str, text: str, scope: Scope, *, broken: Collection[str], expected: Type
) -> Expression | None:
    """As `read_expression`; but a text that speaks of something broken is only looked through for names that
    nobody knows, since what it means can't be said yet.
    """
    if not speaks_of(text, broken):
        return read_expression(table, key, text, scope, expected)
    for name in sorted(names_in(text) - set(scope.names) - set(broken)):
        table.problem(f"`{key}`: unknown name '{name[:64]}'", meant(name, scope.names))
    return None


def read_expression(table: Table, key: str, text: str, scope: Scope, expected: Type | None = None) -> Expression | None:
    """The expression, or None after its problems were recorded."""
    try:
        expression = read(text, scope)
    except ExpressionProblems as found:
        for line in found.problems:
            table.problem(*_parted(f"`{key}`: {line}"))
        return None
    if expected is not None and expression.type != expected:
        table.problem(f"`{key}` must be {expected}, not {expression.type}", "compare something, or ask missing(x)")
        return None
    return expression


def check_members(table: Table, key: str, expression: Expression, derived: Collection[str]) -> None:
    """Lists hold what events carry: membership is looked up before derived features have a value."""
    for text in sorted(expression.inputs):
        match = _MEMBER.match(text)
        if match and match[1] in derived:
            table.problem(
                f"`{key}`: asks whether the derived feature {match[1]} is in a list",
                "ask about a field or a window feature",
            )


def _parted(line: str) -> tuple[str, str]:
    """A sentence and the remedy that stands in brackets at its end.

    >>> _parted("unknown name 'big' (write limit('big'))")
    ("unknown name 'big'", "write limit('big')")
    >>> _parted("no remedy")
    ('no remedy', '')
    """
    depth = 0
    for at in range(len(line) - 1, -1, -1):
        depth += (line[at] == ")") - (line[at] == "(")
        if depth == 0:
            break
    if at == len(line) - 1 or line[at - 1 : at] != " ":
        return line, ""
    return line[: at - 1], line[at + 1 : -1]


def fixed_text(expression: Expression | None, name: str) -> str | None:
    """The text that a condition pins a name to: `name == 'text'`, alone or as one part of an `and`."""
    if expression is None:
        return None
    # The canonical text has passed the language's own guards of length and depth.
    body = ast.parse(str(expression), mode="eval").body
    parts: Sequence[ast.expr] = body.values if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And) else [body]
    for part in parts:
        match part:
            case ast.Compare(left=ast.Name(id=word), ops=[ast.Eq()], comparators=[ast.Constant(value=str(text))]):
                if word == name:
                    return text
            case ast.Compare(left=ast.Constant(value=str(text)), ops=[ast.Eq()], comparators=[ast.Name(id=word)]):
                if word == name:
                    return text
    return None
