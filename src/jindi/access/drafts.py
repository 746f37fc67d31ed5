"""What is only half done: kept in memory, for a short time, and taken once."""

from collections import OrderedDict
from typing import Generic, TypeVar

from jindi.access.secrets import RandomBytes, digest_of, new_secret
from jindi.basics.instants import MINUTE_US

DRAFT_LIFETIME_US = 10 * MINUTE_US
_HANDLE_LENGTH_MAX = 64

_Draft = TypeVar("_Draft")


class Drafts(Generic[_Draft]):
    """Half-done things under handles that nobody can guess. A restart forgets them; so does their time.

    Only so many are kept: the oldest go first, so that whoever begins many of them keeps out nobody for long.
    """

    def __init__(self, random: RandomBytes, *, lifetime_us: int = DRAFT_LIFETIME_US, most: int = 1_024) -> None:
        self._random, self._lifetime_us, self._most = random, lifetime_us, most
        self._kept: OrderedDict[bytes, tuple[_Draft, int]] = OrderedDict()

    def begin(self, draft: _Draft, now_us: int) -> str:
        """Keep something; the handle to get at it."""
        handle = new_secret("", self._random)
        self._kept[digest_of(handle)] = (draft, now_us + self._lifetime_us)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return handle

    def look(self, handle: str, now_us: int) -> _Draft | None:
        """What the handle stands for; None when it is unknown, taken or too old."""
        if len(handle) > _HANDLE_LENGTH_MAX:
            return None
        digest = digest_of(handle.encode("utf-8", "surrogatepass"))
        draft, until_us = self._kept.get(digest, (None, 0))
        if draft is None or now_us >= until_us:
            self._kept.pop(digest, None)
            return None
        return draft

    def change(self, handle: str, draft: _Draft) -> None:
        """Put something else in its place; its time goes on."""
        digest = digest_of(handle.encode("utf-8", "surrogatepass"))
        if digest in self._kept:
            self._kept[digest] = (draft, self._kept[digest][1])

    def take(self, handle: str, now_us: int) -> _Draft | None:
        """The same as `look`, and its end."""
        draft = self.look(handle, now_us)
        if draft is not None:
            self._kept.pop(digest_of(handle), None)
        return draft
