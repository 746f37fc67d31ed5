"""What an expression means, written as plainly as it can be: the oracle that compiled rules must equal.

One rule for missing values: arithmetic and comparison with a missing operand are missing; `and`, `or` and
`not` are Kleene's (false and missing is false, true or missing is true); `missing(x)` is never missing.
"""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

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
from jindi.language.types import Value
from jindi.language.words import distance_km

INT_LEAST, INT_MOST = -(2**63), 2**63 - 1
"""Whole numbers, amounts, times and durations live in 64 bits; a result outside is missing."""

Read = Callable[[str], Value]
"""Gives the value of an input by its canonical text; None is missing."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPUTE: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def value_of(node: Node, read: Read) -> Value:
    """The value of a tree, None where it is missing."""
    match node:
        case Constant(value=value):
            return value
        case Name() | Limit() | Listed():
            return read(slot(node))
        case InCurrency(operand=operand, currency=currency, type=type_):
            return value_of(operand, read) if read(currency.name) == type_.of else None
        case Negative(operand=operand):
            number: Any = value_of(operand, read)
            return None if number is None else _bounded(-number)
        case Arithmetic(op=op, left=left, right=right):
            return _compute(op, value_of(left, read), value_of(right, read))
        case Comparison(op=op, left=left, right=right):
            a, b = value_of(left, read), value_of(right, read)
            return None if a is None or b is None else _COMPARE[op](a, b)
        case OneOf(item=item, members=members):
            found = value_of(item, read)
            return None if found is None else any(found == member.value for member in members)
        case Not(operand=operand):
            found = value_of(operand, read)
            return None if found is None else not found
        case And(parts=parts):
            found_all = [value_of(part, read) for part in parts]
            return False if False in found_all else None if None in found_all else True
        case Or(parts=parts):
            found_all = [value_of(part, read) for part in parts]
            return True if True in found_all else None if None in found_all else False
        case Call(word=word, arguments=arguments):
            return _apply(word, [value_of(argument, read) for argument in arguments])


def _compute(op: str, a: Any, b: Any) -> Value:
    if a is None or b is None or (op in ("/", "//", "%") and b == 0):
        return None
    return _bounded(_COMPUTE[op](a, b))


def _bounded(result: Any) -> Value:
    if isinstance(result, float):
        return result if math.isfinite(result) else None
    whole: int = result
    return whole if INT_LEAST <= whole <= INT_MOST else None


def _apply(word: str, values: list[Any]) -> Value:
    if word == "missing":
        return values[0] is None
    if word == "or_else":
        return values[1] if values[0] is None else values[0]  # type: ignore[no-any-return]
    if None in values:
        return None
    result: Value
    match word, values:
        case "abs", [a]:
            result = _bounded(abs(a))
        case "min", [a, b]:
            result = min(a, b)
        case "max", [a, b]:
            result = max(a, b)
        case "length", [a]:
            result = len(a)
        case "starts_with", [a, b]:
            result = a[: len(b)] == b
        case "distance_km", [lat_a, lon_a, lat_b, lon_b]:
            result = distance_km(lat_a, lon_a, lat_b, lon_b)
        case _:
            raise AssertionError(f"the reader let an unknown word through: {word}")
    return result
