"""The watch lists that are in force, each in its newest version, kept whole: entries, who loaded it, from what.

A list is public, so it lies in clear; it is small, so it is replaced whole. What can't be read is not passed over:
whoever asks for the lists is told, and nobody is screened against half of them.
"""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec

from jindi.basics.digests import digest
from jindi.parties.screening import Entry, WatchList
from jindi.ports import Blobs

PREFIX: Final = "watchlist-"
FORMAT: Final = 1
LEVEL: Final = 6


class Loaded(msgspec.Struct, frozen=True):
    """A list with what is known of it: `by` whoever loaded it last, at `loaded_us`, from files of these names; `before`
    is the version that it replaced, with how many entries were added, removed and changed since.
    """

    name: str
    version: str
    published_on: str
    entries: tuple[Entry, ...]
    loaded_us: int
    by: str
    files: tuple[str, ...] = ()
    before: str = ""
    added: int = 0
    removed: int = 0
    changed: int = 0
    format: int = FORMAT

    @property
    def list(self) -> WatchList:
        """The list itself. Raises ValueError when its entries are not what its version says."""
        made = WatchList.of(self.name, self.entries, self.published_on)
        if made.version != self.version:
            raise ValueError("its entries are not those of its version")
        return made


class Damaged(Exception):  # noqa: N818 - what the operator is told
    """A list lies there and can't be read; the message says which and why, without anybody's name."""


def save(blobs: Blobs, loaded: Loaded) -> None:
    """Keep a list in the place of its last version. OSError comes through."""
    blobs.save(_blob(loaded.name), [zlib.compress(msgspec.json.encode(loaded), LEVEL)])


def drop(blobs: Blobs, name: str) -> None:
    """Take a list off the shelf."""
    blobs.drop(_blob(name))


def load(blobs: Blobs) -> Mapping[str, Loaded]:
    """All lists by name. Raises Damaged."""
    found: dict[str, Loaded] = {}
    for blob in blobs.names(PREFIX):
        raw = blobs.load(blob)
        try:
            loaded = msgspec.json.decode(zlib.decompress(raw or b""), type=Loaded)
            if loaded.format != FORMAT:
                raise Damaged(f"{blob} is of another version of Jindi: load the list again")
            _ = loaded.list
        except (zlib.error, msgspec.MsgspecError, ValueError):
            raise Damaged(f"{blob} can't be read: load the list again") from None
        found[loaded.name] = loaded
    return dict(sorted(found.items()))


def _blob(name: str) -> str:
    """A list's place: its name may be anything, a file's name not."""
    return PREFIX + digest(name.encode())[:24]
