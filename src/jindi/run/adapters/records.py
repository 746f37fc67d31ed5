"""What a reader gives: one row, transaction or message at a time, with its place; or why it can't be read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

PIECE_BYTES_MAX = 1 << 20
"""No line, message or piece of markup is longer: what is read of a hostile file stays small."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that may become events.

    `read` gives the text of a source (a path, a column, a field's number), None where there is none; `has` says whether
    it is there at all, also for what is never passed on; `shown` is what a file of rejects may hold of it.
    """

    place: str
    read: Callable[[str], str | None]
    has: Callable[[str], bool]
    shown: Callable[[], dict[str, str]]
    card: Callable[[], str | None] = lambda: None
    """The card number that must stay in fields which become tokens."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record whose bounds are known and whose content is broken: it is rejected, the others are read."""

    place: str
    problem: str
    remedy: str
    content: dict[str, str] = field(default_factory=dict)
    """What a file of rejects may hold of it."""


class Reader(Protocol):
    """A format, set up for one file."""

    def records(self, stream: BinaryIO, where: str) -> Iterator[Record | Unreadable]:
        """All of a file, in its order. Raises Problems where the file as a whole can't be read or isn't whole."""


def in_columns(cells: dict[str, str], place: str) -> Record:
    """A record whose sources are the names of its columns.

    >>> in_columns({"no": "1", "note": ""}, "line 2").read("note") is None
    True
    """

    def read(name: str) -> str | None:
        return cells.get(name) or None

    return Record(place, read, lambda name: bool(cells.get(name)), lambda: {k: v for k, v in cells.items() if v})
