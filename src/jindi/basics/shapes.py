"""How deep and how wide a JSON text is, counted before anything is built of it.

A decoder makes an object of every bracket: a small text can ask for a lot of memory, and a deep one for a deep stack.
The count reads bytes only, outside of strings, and stops at the first limit that is passed. It does not say whether
the text is JSON; that is the decoder's.

A name that stands twice in one object means one thing to a reader who takes the first and another to one who takes the
last: whoever checks and whoever acts could be two such readers. Such a text is refused (RFC 8259, section 4, asks for
unique names).
"""

import json
import re
from typing import Any, NamedTuple

import msgspec

_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*+(?:"|\Z)', re.DOTALL)
"""A string, or what begins as one and has no end."""

_BRACKET = re.compile(rb"[\[\]{}]")


class Limits(NamedTuple):
    """How much a JSON text may hold. `members` counts what objects and arrays hold; `digits` the longest number."""

    depth: int = 32
    members: int = 20_000
    digits: int = 64


USUAL = Limits()
"""Design default: no document that this house reads is deeper than 8, or has more than some hundreds of members."""


class Misshapen(msgspec.DecodeError):
    """A JSON text is deeper, wider or has longer numbers than its place takes. Names the limit and no content."""


def check_shape(text: bytes | memoryview, limits: Limits = USUAL) -> None:
    """Raise Misshapen for a JSON text beyond the limits.

    >>> check_shape(b'{"a": [1, 2, "]]]]"]}')
    >>> check_shape(b"[" * 100_000)
    Traceback (most recent call last):
    jindi.basics.shapes.Misshapen: nested deeper than 32 levels
    """
    bare = _STRING.sub(b"", bytes(text))
    _check_depth(bare, limits.depth)
    # Each member but the first of its object or array has a comma before it.
    if bare.count(b",") + bare.count(b"{") + bare.count(b"[") > limits.members:
        raise Misshapen(f"more than {limits.members} members")
    if re.search(rb"[0-9]{%d}" % (limits.digits + 1), bare):
        raise Misshapen(f"a number of more than {limits.digits} digits")


def check_names(text: bytes | memoryview) -> None:
    r"""Raise Misshapen for a JSON text with an object that has a name twice. What is no JSON passes: the decoder
    refuses it. `check_shape` comes first: it bounds the work.

    >>> check_names(b'{"a": 1, "b": {"a": 2}}')
    >>> check_names(b'{"a": 1, "\\u0061": 2}')
    Traceback (most recent call last):
    jindi.basics.shapes.Misshapen: a name stands twice in one object
    """
    try:
        json.loads(bytes(text).decode(), object_pairs_hook=_once, parse_int=str, parse_float=str)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return


def _once(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise Misshapen("a name stands twice in one object")


def _check_depth(bare: bytes, most: int) -> None:
    depth = 0
    for found in _BRACKET.finditer(bare):
        depth += 1 if found[0] in b"[{" else -1
        if depth > most:
            raise Misshapen(f"nested deeper than {most} levels")
