"""An event as the house sees it: typed, tokenised, with a digest of its content."""

from hashlib import blake2b

import msgspec

Scalar = int | float | bool | str | None
"""What a field of an event, or a fact, holds: a `Value` that is no list."""

Scalars = tuple[Scalar, ...]

_encode = msgspec.msgpack.Encoder().encode


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event after intake. `values` stand in the order of its type's declared fields; None is missing.

    `digest` is over type, time and tokenised values: the same id with another digest is a different event
    under a used name.
    """

    id: str
    type: str
    at_us: int
    values: Scalars
    digest: bytes


def content_digest(type_name: str, at_us: int, values: Scalars) -> bytes:
    """128 bits that stand for an event's content.

    >>> content_digest("login", 1, ("a",)) == content_digest("login", 1, ("b",))
    False
    """
    return blake2b(_encode((type_name, at_us, values)), digest_size=16).digest()
