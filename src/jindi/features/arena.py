"""The memory that holds all lists: words that become more without being copied.

Memory is the system's own, private to the process (a forked child sees it as it was), and takes no room
before it is written.
"""

import mmap
from typing import Any

import numpy as np

from jindi.features.kernel import Words

_PRIVATE: dict[str, Any] = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}


def _mapped(count: int) -> mmap.mmap:
    """Zeroed memory for so many words, in large pages where the system has them."""
    held = mmap.mmap(-1, 8 * count, **_PRIVATE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        held.madvise(mmap.MADV_HUGEPAGE)
    return held


class Arena:
    """Zeroed words. `words` is replaced by `grow`: whoever holds the old array must let go of it first."""

    __slots__ = ("_held", "words")

    def __init__(self, count: int) -> None:
        self._held = _mapped(count)
        self.words: Words = np.frombuffer(self._held, dtype=np.int64)

    def grow(self, count: int) -> None:
        """Have `count` words, the old ones first.

        The system moves pages instead of copying; it copies where it can't, or while somebody still looks.
        """
        self.words = np.empty(0, dtype=np.int64)
        try:
            self._held.resize(8 * count)
        except (BufferError, OSError, SystemError, ValueError):
            before, self._held = np.frombuffer(self._held, dtype=np.int64), _mapped(count)
            np.frombuffer(self._held, dtype=np.int64)[: before.size] = before
        self.words = np.frombuffer(self._held, dtype=np.int64)
