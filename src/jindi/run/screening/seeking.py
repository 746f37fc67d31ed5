"""Whom an event asks about, and what answers: the door's side of screening."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol


class Sought(NamedTuple):
    """Somebody who is looked for on watch lists, in clear: it is kept nowhere as it stands here."""

    name: str
    number: str | None = None
    birth: str | None = None
    country: str | None = None
    kind: str = "unknown"

    def __repr__(self) -> str:
        """Without anybody's data: this may land in a message."""
        return f"Sought({self.kind})"


Seek = Callable[[str, str, Sought], int | None]
"""(the name's token, whose it is, who) → the score from 0 to 100 of what was not cleared; None where there are no
lists, `UNUSABLE` where there are some that can't be used.
"""

UNUSABLE: Final = -1
SCREEN_FROM: Final = 80
"""(design default) From this score on somebody is told of, where the packs have no `screening_from`."""


@dataclass(frozen=True, slots=True)
class Near:
    """An entry that a name is near to: what a match says of it."""

    list: str
    entry: str
    mark: str
    list_version: str
    score: int
    strength: str
    rules: str


class Looking(Protocol):
    """Watch lists, searchable."""

    def look(self, sought: Sought, threshold: int) -> tuple[Near, ...]:
        """The entries that somebody may be, the likeliest first."""
