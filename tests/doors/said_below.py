"""What the rooms below the console can say of bad input, from their source: every literal that becomes a sentence."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "jindi"

WHOLE = (
    "packs/*.py", "language/*.py", "basics/instants.py", "basics/money.py", "engine/examples.py", "engine/guards.py",
    "parties/patterns/cases.py", "parties/screening/formats/*.py", "run/screening/unpacking.py",
    "run/screening/shelf.py",
)  # fmt: skip
"""Rooms whose every phrase counts: what they say may be built far from where it is told."""

TOLD = ("engine/program.py", "run/versions/*.py", "run/records.py", "run/backtest/runner.py", "run/platform.py")
"""Larger ones, of which only what is handed to a problem or an error counts."""

SPEAKING = frozenset({
    "Problem", "problem", "missing", "wrong", "fail", "refuse", "note", "NotReadable", "NotFitting", "NotEditable",
    "NotNow", "Damaged", "_parted", "LookupError", "ValueError",
})  # fmt: skip
"""Calls whose arguments are told to somebody."""

NAMED = frozenset({"problem", "remedy", "what", "told"})
"""What a sentence is called before it is told."""

_LETTERS = re.compile(r"[A-Za-z]{2}")
_FILLED = re.compile(r"\bkind_of\(|\b_a\(|\b_plural\(|\.type\Z|\A(error|refusal|expected|expression\.type)\Z")
_GAPS = re.compile(r"(?:\{\})+")


def said() -> dict[str, str]:
    """Every sentence with a word in it, its gaps as `{}`, and where it stands first."""
    return {text: place for text, place in _said().items() if _LETTERS.search(text)}


def sayable() -> set[str]:
    """The same, with those that are nothing but gaps, and with their parts: a clause that is told behind another, and
    the two halves of a sentence that has its remedy in brackets.
    """
    found = set(_said())
    for text in list(found):
        problem, bracket, remedy = text.removesuffix(")").partition(" (")
        found |= {text.removeprefix("; ")} | ({problem, remedy} if bracket and text.endswith(")") else set())
    return found


def gaps_of_phrases() -> Iterator[tuple[str, str, int]]:
    """The gaps that a sentence, a kind of value or a type fills: of which sentence, where that stands, which gap."""
    for patterns in (WHOLE, TOLD):
        for path in sorted(path for pattern in patterns for path in SRC.glob(pattern)):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    text = _GAPS.sub("{}", _template(node) or "")
                    gaps = [ast.unparse(each.value) for each in node.values if isinstance(each, ast.FormattedValue)]
                    is_open = [
                        text[at - 1 : at] not in ("'", "`", "[")
                        for at in (m.start() for m in re.finditer(r"\{\}", text))
                    ]
                    if len(is_open) == len(gaps):
                        place = f"{path.relative_to(SRC).as_posix()}:{node.lineno}"
                        yield from (
                            (text, place, number)
                            for number, gap in enumerate(gaps)
                            if is_open[number] and _FILLED.search(gap)
                        )


@cache
def _said() -> dict[str, str]:
    found: dict[str, str] = {}
    for patterns, is_whole in ((WHOLE, True), (TOLD, False)):
        for path in sorted(path for pattern in patterns for path in SRC.glob(pattern)):
            for line, text in _sentences(path, is_whole=is_whole):
                found.setdefault(text, f"{path.relative_to(SRC).as_posix()}:{line}")
    return found


def _sentences(path: Path, *, is_whole: bool) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text("utf-8"))
    silent = {id(each) for each in _not_told(tree)}
    for line, text, is_told in _literals(tree, silent, is_told=False):
        if is_told or (is_whole and " " in text.strip() and _LETTERS.search(text)):
            yield line, text


def _not_told(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, texts under definitions, patterns, types, and what only a mistake of ours would say."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for inner in body if isinstance(body, list) else []:
            if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant):
                yield inner.value
        if isinstance(node, ast.Assert) and node.msg is not None:
            yield node.msg
        if isinstance(node, ast.Call) and _name_of(node.func) == "compile":
            yield from node.args
        if isinstance(node, ast.Call) and _name_of(node.func) == "cast":
            yield node.args[0]


def _literals(node: ast.AST, silent: set[int], *, is_told: bool) -> Iterator[tuple[int, str, bool]]:
    """The literals of a tree as templates, and whether each is handed to somebody who tells it."""
    if id(node) in silent:
        return
    text = _template(node)
    if text is not None:
        yield getattr(node, "lineno", 0), _GAPS.sub("{}", text), is_told
        for inner in _inside(node):
            yield from _literals(inner, silent, is_told=False)
        return
    for child, is_said in _children(node, is_told=is_told):
        yield from _literals(child, silent, is_told=is_said)


def _children(node: ast.AST, *, is_told: bool) -> Iterator[tuple[ast.AST, bool]]:
    match node:
        case ast.Call(func=func, args=arguments, keywords=named):
            yield func, False
            is_said = _name_of(func) in SPEAKING
            yield from ((each, is_said) for each in arguments)
            yield from ((each.value, is_said or each.arg in NAMED) for each in named)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield from ((test, False), (body, is_told), (orelse, is_told))
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield value, name in NAMED
        case _:
            yield from ((each, is_told and isinstance(node, ast.BoolOp)) for each in ast.iter_child_nodes(node))


def _template(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in values)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            one, other = _template(left), _template(right)
            return None if one is None and other is None else ("{}" if one is None else one) + (other or "{}")
    return None


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What fills the gaps of a literal."""
    if isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            if _template(side) is None:
                yield side
            else:
                yield from _inside(side)
    elif isinstance(node, ast.JoinedStr):
        yield from (each.value for each in node.values if isinstance(each, ast.FormattedValue))


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
