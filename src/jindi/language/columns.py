"""Expressions over whole columns: what `evaluate` says of each row, for thousands of rows at a time.

A column is an array of values and, where some are missing, an array that says which. Texts are numbers into a
vocabulary. Arrays compute as the language does only while nothing leaves what they hold exactly, so before each
operation the range of its operands is looked at; where whole numbers could leave 64 bits, or a double could not tell
them apart, the rows go one by one the plain way. So the answers are the same to the bit, and only odd columns are slow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from jindi.language.expression import Expression
from jindi.language.meaning import INT_LEAST, INT_MOST, value_of
from jindi.language.tree import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    InCurrency,
    Limit,
    Listed,
    Name,
    Negative,
    Node,
    Not,
    OneOf,
    Or,
    slot,
)
from jindi.language.types import Kind, Value

Truths = npt.NDArray[np.bool_]
Cells = npt.NDArray[Any]

EXACT = 2**53
"""Whole numbers up to this are doubles without loss."""

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True, slots=True)
class Column:
    """Values of many rows: int64, float64 or bool; places in `vocabulary` where they are texts.

    `missing` is None where nothing is missing. What stands at a missing place means nothing. Ratios among which is a
    whole number that no double holds are plain objects.
    """

    values: Cells
    missing: Truths | None = None
    vocabulary: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def python(self) -> list[Value]:
        """The rows as the other evaluators have them; None is missing."""
        cells: list[Any] = self.values.tolist()
        if self.vocabulary is not None:
            words = self.vocabulary
            gone = self.missing if self.missing is not None else np.zeros(len(cells), np.bool_)
            return [None if away else words[cell] for cell, away in zip(cells, gone.tolist(), strict=True)]
        if self.missing is not None:
            for place in np.flatnonzero(self.missing).tolist():
                cells[place] = None
        return cells


def column_of(values: Sequence[Value], kind: Kind) -> Column:
    """A column of plain values of one kind, None where one is missing."""
    missing = np.fromiter((value is None for value in values), np.bool_, len(values))
    gone = missing if missing.any() else None
    given: Any = values
    if kind in (Kind.TEXT, Kind.TOKEN):
        places = {word: place for place, word in enumerate(sorted({word for word in given if word is not None}))}
        cells = np.fromiter((places.get(word, 0) for word in given), np.int64, len(values))
        return Column(cells, gone, tuple(places))
    if kind is Kind.BOOL:
        return Column(np.fromiter((value is True for value in given), np.bool_, len(values)), gone)
    # The mean of amounts is an amount, and a double.
    if kind is not Kind.RATIO and not any(type(value) is float for value in given):
        return Column(np.array([0 if value is None else value for value in given], np.int64), gone)
    if any(type(value) is int and abs(value) > EXACT for value in given):
        return Column(np.array(values, object), gone)
    return Column(np.array([0.0 if value is None else value for value in given], np.float64), gone)


def evaluate_columns(expression: Expression, columns: Mapping[str, Column], rows: int) -> Column:
    """The value of an expression in every row: what `evaluate` says of each.

    `columns` holds each input under its slot, all of `rows` rows. Raises LookupError for an input without a column.
    """
    return _Reader(columns, rows).column(_shared((expression,))[0])


def true_in(expressions: Sequence[Expression], columns: Mapping[str, Column], rows: int) -> Truths:
    """Which conditions are definitely true, a row for each condition: what `build_rules` says, turned round."""
    reader = _Reader(columns, rows)
    found = np.empty((len(expressions), rows), np.bool_)
    for place, tree in enumerate(_shared(tuple(expressions))):
        answer = reader.column(tree)
        found[place] = answer.values if answer.missing is None else answer.values & ~answer.missing
    return found


@lru_cache(maxsize=256)
def _shared(expressions: tuple[Expression, ...]) -> tuple[Node, ...]:
    """The trees of expressions, with one node in the place of all that are equal. Worked out once for the thousands of
    times that a policy's conditions are asked: a node's hash takes a walk through all that is below it.
    """
    known: dict[Node, Node] = {}
    return tuple(_sharing(expression.tree, known) for expression in expressions)


def _sharing(node: Node, known: dict[Node, Node]) -> Node:
    """A tree whose nodes are taken from among the known ones, or become known. Constants stay as they are written, for
    1 and 1.0 are equal.
    """
    if isinstance(node, Constant):
        return node
    if node in known:
        return known[node]
    match node:
        case InCurrency() | Negative() | Not():
            node = replace(node, operand=_sharing(node.operand, known))
        case Arithmetic() | Comparison():
            node = replace(node, left=_sharing(node.left, known), right=_sharing(node.right, known))
        case OneOf():
            node = replace(node, item=_sharing(node.item, known))
        case And() | Or():
            node = replace(node, parts=tuple(_sharing(part, known) for part in node.parts))
        case Call():
            node = replace(node, arguments=tuple(_sharing(each, known) for each in node.arguments))
        case _:
            pass  # nothing is below it
    return known.setdefault(node, node)


class _Reader:
    """Walks trees over one set of columns. What several conditions ask is computed once: equal nodes are one object
    (`_shared`), so a node is known by its identity.
    """

    def __init__(self, columns: Mapping[str, Column], rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._known: dict[int, Column] = {}

    def column(self, node: Node) -> Column:
        """The values of a tree."""
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = self._computed(node)
        return found

    def _constant(self, value: Value) -> Column:
        """One value for all rows, kept once: every row reads the same place."""
        if isinstance(value, str):
            return Column(np.broadcast_to(np.array(0), self._rows), None, (value,))
        kind = np.bool_ if isinstance(value, bool) else np.float64 if isinstance(value, float) else np.int64
        return Column(np.broadcast_to(np.array(value, kind), self._rows))

    def _computed(self, node: Node) -> Column:
        match node:
            case Constant(value=value):
                return self._constant(value)
            case Name() | Limit() | Listed():
                return self._input(slot(node))
            case InCurrency(operand=operand, currency=currency, type=type_):
                amount, other = self.column(operand), self._input(currency.name)
                assert other.vocabulary is not None, "a currency is a text"
                fits = np.array([word == type_.of for word in other.vocabulary] or [False], np.bool_)
                return Column(amount.values, _either(amount.missing, other.missing, ~fits[other.values]))
            case Negative(operand=operand):
                return self._negative(node, self.column(operand))
            case Arithmetic(op=op, left=left, right=right):
                return self._arithmetic(node, op, self.column(left), self.column(right))
            case Comparison(op=op, left=left, right=right):
                return self._comparison(node, op, self.column(left), self.column(right))
            case OneOf(item=item, members=members):
                return self._one_of(self.column(item), [member.value for member in members])
            case Not(operand=operand):
                inner = self.column(operand)
                return Column(~inner.values, inner.missing)
            case And(parts=parts):
                return self._kleene([self.column(part) for part in parts], decisive=False)
            case Or(parts=parts):
                return self._kleene([self.column(part) for part in parts], decisive=True)
            case Call(word=word, arguments=arguments):
                return self._call(node, word, [self.column(argument) for argument in arguments])

    def _input(self, name: str) -> Column:
        if name not in self._columns:
            raise LookupError(f"no column for the input {name}: give every input of every expression a column")
        return self._columns[name]

    # ---- the parts of the language

    def _kleene(self, parts: Sequence[Column], *, decisive: bool) -> Column:
        """`or` (decided by a true part) and `and` (by a false one); a missing part leaves the others to decide."""
        if all(part.missing is None for part in parts):
            together = np.logical_or if decisive else np.logical_and
            return Column(reduce(together, [part.values for part in parts]))
        decided = np.zeros(self._rows, np.bool_)
        unknown: Truths | None = None
        for part in parts:
            speaks = part.values if decisive else ~part.values
            decided |= speaks if part.missing is None else speaks & ~part.missing
            unknown = _either(unknown, part.missing)
        values = decided if decisive else ~decided
        return Column(values, None if unknown is None else unknown & ~decided)

    def _negative(self, node: Negative, inner: Column) -> Column:
        if _is_odd(inner) or (inner.values.dtype.kind == "i" and _range(inner)[0] == INT_LEAST):
            return self._row_by_row(node, [inner])
        return Column(-inner.values, inner.missing)

    def _arithmetic(self, node: Arithmetic, op: str, a: Column, b: Column) -> Column:
        if _is_odd(a) or _is_odd(b):
            return self._row_by_row(node, [a, b])
        missing = _either(a.missing, b.missing)
        if op in ("/", "//", "%"):
            missing = _either(missing, b.values == 0)
        if "f" in (a.values.dtype.kind, b.values.dtype.kind) or op == "/":
            return self._of_doubles(node, op, a, b, missing)
        if not _stays(op, _range(a), _range(b)):
            return self._row_by_row(node, [a, b])
        with np.errstate(all="ignore"):
            match op:
                case "+":
                    values = a.values + b.values
                case "-":
                    values = a.values - b.values
                case "*":
                    values = a.values * b.values
                case "//":
                    values = a.values // np.where(b.values == 0, 1, b.values)
                case _:
                    values = a.values % np.where(b.values == 0, 1, b.values)
        return Column(values, missing)

    def _of_doubles(self, node: Arithmetic, op: str, a: Column, b: Column, missing: Truths | None) -> Column:
        if op in ("//", "%") or not (_is_exact(a) and _is_exact(b)):
            return self._row_by_row(node, [a, b])
        left, right = a.values.astype(np.float64), b.values.astype(np.float64)
        with np.errstate(all="ignore"):
            match op:
                case "+":
                    values = left + right
                case "-":
                    values = left - right
                case "*":
                    values = left * right
                case _:
                    values = left / right
        finite = np.isfinite(values)
        return Column(values, missing if finite.all() else _either(missing, ~finite))

    def _comparison(self, node: Comparison, op: str, a: Column, b: Column) -> Column:
        missing = _either(a.missing, b.missing)
        if a.vocabulary is not None and b.vocabulary is not None:
            words = {word: place for place, word in enumerate(sorted({*a.vocabulary, *b.vocabulary}))}
            return Column(_COMPARE[op](_placed(a, words), _placed(b, words)), missing)
        mixed = a.values.dtype != b.values.dtype
        if _is_odd(a) or _is_odd(b) or (mixed and not (_is_exact(a) and _is_exact(b))):
            return self._row_by_row(node, [a, b])
        return Column(_COMPARE[op](a.values, b.values), missing)

    def _one_of(self, item: Column, members: Sequence[Value]) -> Column:
        if item.vocabulary is not None:
            held = np.array([word in members for word in item.vocabulary] or [False], np.bool_)
            return Column(held[item.values], item.missing)
        found = np.zeros(self._rows, np.bool_)
        for member in members:
            if not _meets(item, member):
                found |= np.array([value == member for value in item.values.tolist()], np.bool_)
            else:
                found |= item.values == member
        return Column(found, item.missing)

    def _call(self, node: Call, word: str, given: list[Column]) -> Column:
        first = given[0]
        match word:
            case "missing":
                return Column(np.zeros(self._rows, np.bool_) if first.missing is None else first.missing.copy())
            case "or_else":
                return self._or_else(node, first, given[1])
            case _ if any(map(_is_odd, given)):
                return self._row_by_row(node, given)
            case "abs" if first.values.dtype.kind == "f" or _range(first)[0] > INT_LEAST:
                return Column(np.abs(first.values), first.missing)
            case "min" | "max" if first.values.dtype == given[1].values.dtype:
                choose = np.minimum if word == "min" else np.maximum
                return Column(choose(first.values, given[1].values), _either(first.missing, given[1].missing))
            case "length" if first.vocabulary is not None:
                return Column(_of_words(first, len, np.int64), first.missing)
            case "starts_with" if first.vocabulary is not None and isinstance(node.arguments[1], Constant):
                start = str(node.arguments[1].value)
                return Column(_of_words(first, lambda text: text.startswith(start), np.bool_), first.missing)
            case "distance_km":
                return self._distance(node, given)
            case _:
                return self._row_by_row(node, given)

    def _or_else(self, node: Call, first: Column, otherwise: Column) -> Column:
        if first.missing is None:
            return first
        if first.vocabulary is not None and otherwise.vocabulary is not None:
            words = {word: place for place, word in enumerate(sorted({*first.vocabulary, *otherwise.vocabulary}))}
            values = np.where(first.missing, _placed(otherwise, words), _placed(first, words))
            return Column(values, otherwise.missing, tuple(words))
        if first.values.dtype != otherwise.values.dtype or _is_odd(first):
            return self._row_by_row(node, [first, otherwise])
        gone = None if otherwise.missing is None else first.missing & otherwise.missing
        return Column(np.where(first.missing, otherwise.values, first.values), gone)

    def _distance(self, node: Call, given: list[Column]) -> Column:
        """Nearly everybody is where he was before: those are 0 km, and only the rest is computed, one by one."""
        here = (given[0].values == given[2].values) & (given[1].values == given[3].values)
        on_earth = _within(given[0], 900_000) & _within(given[1], 1_800_000)
        values = np.zeros(self._rows, np.int64)
        missing = np.zeros(self._rows, np.bool_)
        for column in given:
            if column.missing is not None:
                missing |= column.missing
        rest = np.flatnonzero(~missing & ~(here & on_earth))
        if rest.size:
            some = [Column(column.values[rest]) for column in given]
            found = _Reader({}, rest.size)._row_by_row(node, some)  # noqa: SLF001 - the same class
            values[rest] = found.values
            if found.missing is not None:
                missing[rest] = found.missing
        return Column(values, missing if missing.any() else None)

    def _row_by_row(self, node: Node, given: Sequence[Column]) -> Column:
        """One node over given operands, the plain way: what arrays can't hold exactly."""
        names = [f"c{place}" for place in range(len(given))]
        bare = _over_names(node, names)
        rows = zip(*(column.python() for column in given), strict=True)
        answers = [value_of(bare, dict(zip(names, row, strict=True)).__getitem__) for row in rows]
        return column_of(answers, node.type.kind)


def _over_names(node: Node, names: Sequence[str]) -> Node:
    """A node whose operands are inputs."""
    match node:
        case Negative(type=type_, operand=operand):
            return Negative(type_, Name(operand.type, names[0]))
        case Arithmetic(type=type_, op=op, left=left, right=right):
            return Arithmetic(type_, op, Name(left.type, names[0]), Name(right.type, names[1]))
        case Comparison(op=op, left=left, right=right):
            return Comparison(op, Name(left.type, names[0]), Name(right.type, names[1]))
        case Call(type=type_, word=word, arguments=arguments):
            named = tuple(Name(each.type, name) for each, name in zip(arguments, names, strict=True))
            return Call(type_, word, named)
        case _:
            raise AssertionError(f"arrays hold every answer of this: {node}")


def _either(*masks: Truths | None) -> Truths | None:
    found: Truths | None = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found | mask
    return found


def _within(column: Column, most: int) -> Truths:
    found: Truths = (column.values >= -most) & (column.values <= most)
    return found


def _range(column: Column) -> tuple[int, int]:
    """The least and the greatest value that stands in a column, missing places too."""
    if not len(column):
        return 0, 0
    return int(column.values.min()), int(column.values.max())


def _meets(column: Column, member: Value) -> bool:
    """Whether arrays compare a column's values with a number as the language does."""
    if _is_odd(column):
        return False
    if isinstance(member, float) is (column.values.dtype.kind == "f"):
        return True
    return _is_exact(column) and not (isinstance(member, int) and abs(member) > EXACT)


def _is_odd(column: Column) -> bool:
    return column.values.dtype.kind == "O"


def _is_exact(column: Column) -> bool:
    """Whether doubles hold all values of a column without loss."""
    if column.values.dtype.kind != "i":
        return True
    least, most = _range(column)
    return least >= -EXACT and most <= EXACT


def _stays(op: str, a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether every result of two ranges of whole numbers lies within 64 bits."""
    match op:
        case "+":
            least, most = a[0] + b[0], a[1] + b[1]
        case "-":
            least, most = a[0] - b[1], a[1] - b[0]
        case "*":
            corners = [x * y for x in a for y in b]
            least, most = min(corners), max(corners)
        case _:
            # Only the least number divided by -1 leaves 64 bits.
            return a[0] > INT_LEAST
    return least >= INT_LEAST and most <= INT_MOST


def _placed(column: Column, words: Mapping[str, int]) -> Cells:
    """A column of texts as places in another vocabulary."""
    assert column.vocabulary is not None, "asked of texts only"
    return _of_words(column, words.__getitem__, np.int64)


def _of_words(column: Column, of: Callable[[str], Any], kind: Any) -> Cells:
    """A function of texts, asked once for each word."""
    assert column.vocabulary is not None, "asked of texts only"
    answers: Cells = np.array([of(word) for word in column.vocabulary] or [0], kind)
    return answers[column.values]
