"""A set of words in which those that are few letters apart from another are found: all of them, by looking at few.

Each word has a bit for every letter that it has, and one for every letter that it has twice. One letter more or less
changes one bit, another letter two, so whoever differs in more bits than so many errors can change is passed over
without a look at its letters.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ONCE = {letter: 1 << at for at, letter in enumerate(LETTERS)}
_TWICE = {letter: 1 << (36 + at) for at, letter in enumerate(LETTERS[:26])}

Errors = Callable[[int, int], int]
"""How many letters two words of these lengths may be apart, the shorter's length first: never fewer for longer ones."""


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
    _texts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.object_))
    _bits: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))
    _begin: list[int] = field(default_factory=lambda: [0])
    _around: dict[tuple[int, Errors], tuple[int, np.ndarray]] = field(default_factory=dict)

    def add(self, words: Iterable[str]) -> None:
        """Take in words; those that are known already change nothing."""
        self._known.update(dict.fromkeys(words))

    def near(self, word: str, errors: Errors) -> list[str]:
        """The words as many letters apart as `errors` allows: the word itself, too, if it is known."""
        if len(self._sorted) != len(self._known):
            self._sort()
        first, most = self._lengths(len(word), errors)
        if not len(most):
            return []
        apart = np.bitwise_count(self._bits[first : first + len(most)] ^ np.uint64(letters_of(word)))
        likely = (apart <= most).nonzero()[0] + first
        worst = _allowed(len(word), len(self._sorted[first + len(most) - 1]), errors)
        texts = self._texts[likely].tolist()
        distances = cdist((word,), texts, scorer=OSA.distance, score_cutoff=worst, dtype=np.uint8)[0]
        near = [(texts[at], int(distances[at])) for at in (distances <= worst).nonzero()[0].tolist()]
        return [each for each, distance in near if distance <= _allowed(len(word), len(each), errors)]

    def _lengths(self, size: int, errors: Errors) -> tuple[int, np.ndarray]:
        """Where the words begin that are long enough for one of this length, and in how many bits each may differ."""
        known = self._around.get((size, errors))
        if known is None:
            begin, longest = self._begin, len(self._begin) - 2
            fit = [each for each in range(1, longest + 1) if abs(size - each) <= _allowed(size, each, errors)]
            first, last = (begin[fit[0]], begin[fit[-1] + 1]) if fit else (0, 0)
            most = np.zeros(last - first, np.int8)
            for each in fit:
                most[begin[each] - first : begin[each + 1] - first] = 2 * _allowed(size, each, errors) - abs(
                    size - each
                )
            known = self._around[size, errors] = first, most
        return known

    def _sort(self) -> None:
        """By length, so that words of one length lie together."""
        self._sorted = sorted(self._known, key=len)
        self._bits = np.fromiter(map(letters_of, self._sorted), np.uint64, len(self._sorted))
        self._texts = np.array(self._sorted, np.object_)
        lengths = np.fromiter(map(len, self._sorted), np.int64, len(self._sorted))
        longest = int(lengths[-1]) if len(lengths) else 0
        self._begin = np.searchsorted(lengths, np.arange(longest + 2)).tolist()
        self._around = {}


def _allowed(one: int, other: int, errors: Errors) -> int:
    return errors(min(one, other), max(one, other))
