"""The door's look at watch lists: a name in, how near it is to somebody who is listed.

A name that was looked for before costs a look into a dictionary; a new one is compared. What is remembered are tokens
and entries; of names only single words stay in the index's memory, and nothing on disk. Matches that nobody was told
of yet wait in `fresh`, for whoever tells them through the front door.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jindi.run.lane import Held
from jindi.run.screening.book import SETTLED, Screened
from jindi.run.screening.seeking import SCREEN_FROM, UNUSABLE, Looking, Near, Sought

REMEMBERED_MAX: Final = 200_000
"""Names whose matches are remembered; some 60 MB. When there are more, half of them are forgotten."""

FRESH_MAX: Final = 10_000
"""Matches that wait to be told. Beyond that they are found again with the name's next event: it is stopped all the
same."""

READING: Final = "the watch lists are being read: try again in a moment"


@dataclass(frozen=True, slots=True)
class Fresh:
    """A match that was found just now and is to be told. `found`: on an `event`, or because a `list` changed."""

    user: str
    name: str
    near: Near
    found: str


class Screener:
    """Looks for names on the lists in force. For one thread: that of the lane.

    `screened` gives the book of matches, `threshold` from which score on somebody is told of.
    """

    def __init__(self, screened: Callable[[], Screened], threshold: Callable[[], int] = lambda: SCREEN_FROM) -> None:
        self._screened, self._threshold = screened, threshold
        self.lists: Looking | None = None
        """None where no list was ever loaded."""
        self.is_reading = False
        self.problem: str | None = None
        """Why the lists that there are can't be used; None when they can."""
        self.fresh: deque[Fresh] = deque()
        self._waiting: set[tuple[str, str, str, str, str]] = set()
        self._known: dict[tuple[str, int], tuple[Near, ...]] = {}

    def take(self, lists: Looking | None) -> None:
        """Go on with these lists: whatever was remembered of others is forgotten."""
        self.lists, self.is_reading, self.problem = lists, False, None
        self._known.clear()

    def seek(self, token: str, user: str, sought: Sought) -> int | None:
        """How near somebody is to whom he was not cleared of, from 0 to 100; None where there are no lists, `UNUSABLE`
        where those that there are can't be used. Raises Held while they are being read.
        """
        if self.is_reading:
            raise Held(READING)
        if self.problem is not None:
            return UNUSABLE
        if self.lists is None:
            return None
        # From which score on is a dated parameter: what was found under another one says nothing under this.
        threshold = self._threshold()
        key = token, hash((threshold, *sought[1:]))
        near = self._known.get(key)
        if near is None:
            near = self.lists.look(sought, threshold)
            self._remember(key, near)
        return self._weighed(user, token, near) if near else 0

    def again(self, user: str, token: str, sought: Sought, found: str) -> int:
        """Look for somebody who was looked for before, and have what is new told; his score. For lists that changed."""
        return (
            0 if self.lists is None else self._weighed(user, token, self.lists.look(sought, self._threshold()), found)
        )

    def told(self, fresh: Fresh) -> None:
        """A match was told, or could not be: it may be found again."""
        self._waiting.discard(_mark(fresh))

    # ---- inside

    def _remember(self, key: tuple[str, int], near: tuple[Near, ...]) -> None:
        if len(self._known) >= REMEMBERED_MAX:
            for old in list(self._known)[: REMEMBERED_MAX // 2]:
                del self._known[old]
        self._known[key] = near

    def _weighed(self, user: str, token: str, near: tuple[Near, ...], found: str = "event") -> int:
        """The score of what is not settled; what nobody knows of yet is noted."""
        book, most = self._screened(), 0
        for each in near:
            hit = book.of(user, token, each.list, each.entry)
            if hit is None or hit.mark != each.mark:
                self._note(Fresh(user, token, each, found))
            elif hit.state in SETTLED:
                continue
            most = max(most, each.score)
        return most

    def _note(self, fresh: Fresh) -> None:
        mark = _mark(fresh)
        if mark not in self._waiting and len(self.fresh) < FRESH_MAX:
            self._waiting.add(mark)
            self.fresh.append(fresh)


def _mark(fresh: Fresh) -> tuple[str, str, str, str, str]:
    return fresh.user, fresh.name, fresh.near.list, fresh.near.entry, fresh.near.mark
