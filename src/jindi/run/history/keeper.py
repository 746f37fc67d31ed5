"""The follower beside the live lane: a thread of its own that works in small pieces and rests between them."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from jindi.ports import Files
from jindi.run.archive import Archive

REST_S = 0.0005
"""How long it rests after every few rows. While it rests the lane has the interpreter for itself."""


class _Stopping(Exception):  # noqa: N818 - what ends a round
    """The platform is closing: what is under way is dropped, and made again another time."""


class _Follows(Protocol):
    def follow(self) -> int:
        """Follow the journal to its end."""


class Keeper:
    """Brings an archive up to the journal's end, a round at a time. `round` runs in a thread; `close` waits for it."""

    def __init__(self, files: Files) -> None:
        # Imported here, before the lane is live: Arrow takes its time, and holds everybody up meanwhile.
        from jindi.run.history.follower import Follower  # noqa: PLC0415

        self._make: Callable[[Files, Archive, Callable[[], None]], _Follows] = Follower
        self._files = files
        self._follower: _Follows | None = None
        self._archive: Archive | None = None
        self._stopping = threading.Event()
        self._working = threading.Lock()

    def round(self, archive: Archive) -> None:
        """Follow the journal as far as it goes now. Raises what stands in the way; the next round begins afresh."""
        with self._working:
            if self._stopping.is_set():
                return
            if not self._files.hold():
                raise RuntimeError("another process follows the journal into this archive; let it end")
            try:
                follower = self._follower if self._archive is archive else None
                self._follower = None
                follower = follower or self._make(self._files, archive, self._rest)
                follower.follow()
            except _Stopping:
                return
            self._follower, self._archive = follower, archive

    def close(self) -> None:
        """Break off what is under way, and let go of the archive."""
        self._stopping.set()
        with self._working:
            self._files.close()

    def _rest(self) -> None:
        if self._stopping.is_set():
            raise _Stopping
        time.sleep(REST_S)
