"""From text to a bare tree: our own small reader for a subset of Python's expression grammar.

The text never reaches Python's own parser. Length, number of words, nesting and the size of every literal
are bounded before anything is built, so a hostile text costs no more than a long honest one.
"""

import keyword
import re
from dataclasses import dataclass

from jindi.language.meaning import INT_MOST
from jindi.language.tree import POWERS

LENGTH_MAX = 4_000
WORDS_MAX = 1_000
DEPTH_MAX = 40
TEXT_LENGTH_MAX = 256
RATIO_MAX = 10**12

RESERVED = frozenset(keyword.kwlist) | {"true", "false"}
"""Words that can't name a field, a feature or anything else an expression reads."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text or a truth as it was written."""

    at: int
    value: int | float | str | bool


@dataclass(frozen=True, slots=True)
class Word:
    """A name standing alone."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A word with arguments in round brackets."""

    at: int
    name: str
    arguments: tuple["Bare", ...]


@dataclass(frozen=True, slots=True)
class Members:
    """Literals in square brackets."""

    at: int
    items: tuple["Bare", ...]


@dataclass(frozen=True, slots=True)
class Prefixed:
    """`not` or the sign before an operand."""

    at: int
    op: str
    operand: "Bare"


@dataclass(frozen=True, slots=True)
class Computed:
    """Two operands of arithmetic."""

    at: int
    op: str
    left: "Bare"
    right: "Bare"


@dataclass(frozen=True, slots=True)
class Joined:
    """Operands of `and` or of `or`: a chain of them is one node, however long."""

    at: int
    op: str
    operands: tuple["Bare", ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, perhaps a chain of them: operands with the operators between."""

    at: int
    operands: tuple["Bare", ...]
    ops: tuple[str, ...]


Bare = Literal | Word | Applied | Members | Prefixed | Computed | Joined | Compared


class NotReadable(Exception):  # noqa: N818 - the name of what happened
    """The text has no tree; the message says where, why and what to write instead."""


_TOKEN = re.compile(
    r"""[ \t\r\n]+
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9][0-9A-Za-z_]*(?:\.[0-9A-Za-z_]*)?)
      | (?P<text>'[^'\\\r\n]*' | "[^"\\\r\n]*")
      | (?P<mark>==|!=|<=|>=|//|\*\*|:=|&&|\|\||[-+*/%<>()\[\],])
    """,
    re.VERBOSE,
)
_WHOLE = re.compile(r"(?:0|[1-9][0-9]*(?:_[0-9]+)*)\Z", re.ASCII)
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{1,12}\Z", re.ASCII)

_INSTEAD = {
    "**": "there are no powers; multiply",
    ":=": "nothing can be given a name here; declare a derived feature",
    "&&": "write 'and'",
    "||": "write 'or'",
    "=": "write '==' to compare",
    "!": "write 'not' or '!='",
    "&": "write 'and'",
    "|": "write 'or'",
    "~": "write 'not'",
    ".": "values have no parts; declare a field or a feature for what you need",
    "#": "comments belong into the pack's file, outside the expression",
    "\\": "text takes no escapes; write the character itself",
    "'": "close the text with the same quote, on the same line",
    '"': "close the text with the same quote, on the same line",
    "{": "write members in square brackets: channel in ['app', 'web']",
    "@": "write one expression of the language's words",
    ";": "write one expression",
    ":": "write one expression of the language's words",
}
_INSTEAD_OF_WORD = {
    "None": "write missing(x)",
    "is": "write '==', or missing(x)",
    "if": "join conditions by 'and' and 'or', or write two rules",
    "else": "join conditions by 'and' and 'or', or write or_else(x, literal)",
    "lambda": "an expression defines nothing; declare a derived feature",
    "for": "an expression does not loop; declare a window feature",
}


@dataclass(frozen=True, slots=True)
class _Token:
    at: int
    kind: str
    text: str


def parse(text: str) -> Bare:
    """The bare tree of a text; raises NotReadable at the first place that doesn't fit."""
    if len(text) > LENGTH_MAX:
        raise NotReadable(f"longer than {LENGTH_MAX} characters (split it into several rules or derived features)")
    return _Reader(_tokens(text)).whole()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotReadable(_stray(text[at], at))
        if match.lastgroup is not None:
            tokens.append(_Token(at, match.lastgroup, match[0]))
        at = match.end()
        if len(tokens) > WORDS_MAX:
            raise NotReadable(f"more than {WORDS_MAX} words and signs (split it into several rules)")
    tokens.append(_Token(len(text), "end", ""))
    return tokens


def _stray(character: str, at: int) -> str:
    if character in _INSTEAD:
        return f"{character!r} at character {at + 1} has no meaning here ({_INSTEAD[character]})"
    shown = repr(character) if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"
    remedy = "names and signs are plain ASCII; other characters stand only inside quoted text"
    return f"{shown} at character {at + 1} has no meaning here ({remedy})"


class _Reader:
    """Reads tokens by the power of their operators; `depth` counts what is still open."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.next = 0
        self.depth = 0

    def whole(self) -> Bare:
        if self.tokens[0].kind == "end":
            raise NotReadable("empty (write a condition such as amount >= limit('large_payment'))")
        tree, _ = self.expression(0)
        if self.token.kind != "end":
            raise NotReadable(self.unexpected())
        return tree

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def take(self) -> _Token:
        token = self.tokens[self.next]
        self.next += 1
        return token

    def sees(self, *texts: str) -> bool:
        return self.token.kind in ("mark", "word") and self.token.text in texts

    def expect(self, mark: str) -> None:
        if not self.sees(mark):
            raise NotReadable(self.unexpected(f"{mark!r} is expected here"))
        self.take()

    def unexpected(self, remedy: str = "") -> str:
        token = self.token
        if token.kind == "end":
            return f"ends too early ({remedy or 'a value is expected here'})"
        words = _INSTEAD | _INSTEAD_OF_WORD
        if token.text in words and token.kind != "text":
            remedy = words[token.text]
        shown = "a text" if token.kind == "text" else repr(token.text[:40])
        remedy = remedy or "an operator is missing before it"
        return f"{shown} at character {token.at + 1} doesn't fit ({remedy})"

    def expression(self, power: int) -> tuple[Bare, int]:
        """Reads what binds at least as strongly as `power`; gives the tree and how deep it is."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise NotReadable(_too_deep(self.token))
        tree, depth = self.operand(power)
        while (op := self.operator()) is not None and POWERS[_power_name(op)] >= power:
            if POWERS[_power_name(op)] == POWERS["compare"]:
                tree, depth = self.comparison(tree, depth)
            else:
                at = self.take().at
                right, right_depth = self.expression(POWERS[op] + 1)
                if op not in ("and", "or"):
                    tree, depth = Computed(at, op, tree, right), max(depth, right_depth) + 1
                elif isinstance(tree, Joined) and tree.op == op:
                    tree, depth = Joined(tree.at, op, (*tree.operands, right)), max(depth, right_depth + 1)
                else:
                    tree, depth = Joined(at, op, (tree, right)), max(depth, right_depth) + 1
            if depth > DEPTH_MAX:
                raise NotReadable(_too_deep(self.token))
        self.depth -= 1
        return tree, depth

    def operator(self) -> str | None:
        token = self.token
        if token.kind == "mark" and token.text in (
            "+",
            "-",
            "*",
            "/",
            "//",
            "%",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
        ):
            return token.text
        if token.kind == "word" and token.text in ("and", "or", "in"):
            return token.text
        if token.kind == "word" and token.text == "not" and self.tokens[self.next + 1].text == "in":
            return "not in"
        return None

    def comparison(self, first: Bare, depth: int) -> tuple[Bare, int]:
        at = self.token.at
        operands, ops = [first], []
        while (op := self.operator()) is not None and _power_name(op) == "compare":
            self.take()
            if op == "not in":
                self.take()
            operand, operand_depth = self.expression(POWERS["compare"] + 1)
            operands.append(operand)
            ops.append(op)
            depth = max(depth, operand_depth)
        return Compared(at, tuple(operands), tuple(ops)), depth + 1

    def operand(self, power: int) -> tuple[Bare, int]:
        token = self.token
        if self.sees("("):
            self.take()
            tree, depth = self.expression(0)
            self.expect(")")
            return tree, depth + 1
        if self.sees("["):
            self.take()
            items, depth = self.sequence("]")
            return Members(token.at, items), depth + 1
        if self.sees("-"):
            self.take()
            tree, depth = self.expression(POWERS["minus"])
            return Prefixed(token.at, "minus", tree), depth + 1
        if self.sees("not"):
            if power > POWERS["not"]:
                raise NotReadable(
                    f"'not' at character {token.at + 1} doesn't fit (put it and its condition in brackets)"
                )
            self.take()
            tree, depth = self.expression(POWERS["not"])
            return Prefixed(token.at, "not", tree), depth + 1
        if token.kind == "word":
            return self.word()
        if token.kind in ("number", "text"):
            self.take()
            return Literal(token.at, _number(token) if token.kind == "number" else _text(token)), 1
        raise NotReadable(self.unexpected("a value is expected here"))

    def word(self) -> tuple[Bare, int]:
        if self.token.text in RESERVED and self.token.text.lower() not in ("true", "false"):
            raise NotReadable(self.unexpected("this word has no meaning here"))
        token = self.take()
        if token.text in ("true", "True", "false", "False"):
            return Literal(token.at, token.text.lower() == "true"), 1
        if not self.sees("("):
            return Word(token.at, token.text), 1
        self.take()
        arguments, depth = self.sequence(")")
        return Applied(token.at, token.text, arguments), depth + 1

    def sequence(self, end: str) -> tuple[tuple[Bare, ...], int]:
        items: list[Bare] = []
        depth = 0
        while not self.sees(end):
            item, item_depth = self.expression(0)
            items.append(item)
            depth = max(depth, item_depth)
            if not self.sees(","):
                break
            self.take()
        self.expect(end)
        return tuple(items), depth


def _too_deep(token: _Token) -> str:
    return (
        f"nested more than {DEPTH_MAX} deep at character {token.at + 1} "
        "(split it into several rules or derived features)"
    )


def _power_name(op: str) -> str:
    return op if op in POWERS else "compare"


def _number(token: _Token) -> int | float:
    digits, place = token.text, f"the number at character {token.at + 1}"
    if "." in digits:
        if not _DECIMAL.match(digits):
            raise NotReadable(f"{place} isn't a decimal such as 0.25 (at most 12 digits on each side, no exponent)")
        ratio = float(digits)
        if ratio >= RATIO_MAX:
            raise NotReadable(f"{place} is too large (decimals stay below {RATIO_MAX})")
        return ratio
    if not _WHOLE.match(digits):
        raise NotReadable(f"{place} isn't a whole number such as 5000 or 5_000 (no letters, no leading zeros)")
    if len(digits) > 26 or int(digits) > INT_MOST:
        raise NotReadable(f"{place} doesn't fit into 64 bits (write a smaller one)")
    return int(digits)


def _text(token: _Token) -> str:
    inner, place = token.text[1:-1], f"the text at character {token.at + 1}"
    if len(inner) > TEXT_LENGTH_MAX:
        raise NotReadable(f"{place} is longer than {TEXT_LENGTH_MAX} characters (put long texts into a list)")
    if not inner.isprintable():
        raise NotReadable(f"{place} holds a character that can't be seen (only printable characters may stand in it)")
    return inner
