"""A set of words in which those that are few letters apart from another are found: all of them, by looking at few.

Each word has a bit for every letter that it has, and one for every letter that it has twice. One letter more or less
changes one bit, another letter two, so whoever differs in more bits than so many errors can change is passed over without a look
at its letters.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz.distance import OSA

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ONCE = {letter: 1 << at for at, letter in enumerate(LETTERS)}
_TWICE = {letter: 1 << (36 + at) for at, letter in enumerate(LETTERS[:26])}

Errors = Callable[[int, int], int]
"""How many letters two words of these lengths may be apart, the shorter's length first."""


def letters_of(word: str) -> int:
    """The letters of a word as bits."""
    bits = 0
    for letter in word:
        bit = _ONCE.get(letter, 0)
        bits |= _TWICE.get(letter, 0) if bits & bit else bit
    return bits


@dataclass(slots=True)
class Spelled:
    """The words. What is found does not depend on the order in which they were added, only its order does."""

    _known: dict[str, None] = field(default_factory=dict)
    _sorted: list[str] = field(default_factory=list)
    _bits: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))
    _begin: list[int] = field(default_factory=lambda: [0])
    _sorted_count: int = 0

    def add(self, words: Iterable[str]) -> None:
        """Take in words; those that are known already change nothing."""
        self._known.update(dict.fromkeys(words))

    def near(self, word: str, errors: Errors, most: int) -> Iterator[str]:
        """The words as many letters apart as `errors` allows, at most `most`: the word itself, too, if it is known."""
        if self._sorted_count != len(self._known):
            self._sort()
        bits, size, begin = np.uint64(letters_of(word)), len(word), self._begin
        for other in range(max(size - most, 1), min(size + most, len(begin) - 2) + 1):
            gap = abs(size - other)
            allowed = min(errors(min(size, other), max(size, other)), most)
            first, end = begin[other], begin[other + 1]
            if gap > allowed or first == end:
                continue
            apart = np.bitwise_count(self._bits[first:end] ^ bits)
            for at in np.flatnonzero(apart <= 2 * allowed - gap).tolist():
                found = self._sorted[first + at]
                if OSA.distance(word, found, score_cutoff=allowed) <= allowed:
                    yield found

    def _sort(self) -> None:
        """By length, so that words of one length lie together."""
        self._sorted = sorted(self._known, key=len)
        self._bits = np.fromiter(map(letters_of, self._sorted), np.uint64, len(self._sorted))
        lengths = np.fromiter(map(len, self._sorted), np.int64, len(self._sorted))
        longest = int(lengths[-1]) if len(lengths) else 0
        self._begin = np.searchsorted(lengths, np.arange(longest + 2)).tolist()
        self._sorted_count = len(self._known)
