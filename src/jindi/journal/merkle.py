"""A Merkle tree over the journal's records, as RFC 6962 (and 9162) defines it: heads and proofs.

    leaf = SHA-256(0x00, record)      node = SHA-256(0x01, left, right)

The tree of `n` leaves splits at the largest power of two below `n`. So all it is made of are *perfect* subtrees, named
here by their level and their place in it, and a tree that grows has to remember one of each size: its frontier.

This page makes proofs. What checks them is `proofs`, written apart, so that one mistake can't stand in both.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"
EMPTY = sha256(b"").digest()
"""The head of the tree without a leaf."""

Place = tuple[int, int]
"""A perfect subtree: its level (a leaf's is 0), and how many of that level stand before it."""

Span = tuple[int, int]
"""Leaves from the first number to the second, the second left out: one hash of a proof stands for each span."""

Frontier = tuple[bytes, ...]
"""The heads of the perfect subtrees that a tree consists of, the largest first."""


class Tree:
    """The tree's head while records are added, from O(log n) hashes.

    `state` is replaced whole, so another thread reads size and frontier that belong together.

    >>> tree = Tree()
    >>> tree.extend([b"one", b"two", b"three"])
    >>> tree.size, len(tree.frontier)
    (3, 2)
    """

    __slots__ = ("state",)

    def __init__(self, size: int = 0, frontier: Sequence[bytes] = ()) -> None:
        if len(frontier) != size.bit_count() or any(len(each) != 32 for each in frontier):
            raise ValueError(f"{len(frontier)} hashes are no frontier of a tree of {size} records")
        self.state: tuple[int, Frontier] = (size, tuple(frontier))

    @property
    def size(self) -> int:
        """How many records the tree covers."""
        return self.state[0]

    @property
    def frontier(self) -> Frontier:
        """What the tree consists of."""
        return self.state[1]

    @property
    def root(self) -> bytes:
        """The head: one hash that pins every record and its place."""
        return folded(self.frontier)

    def extend(self, records: Iterable[bytes], kept: "Kept | None" = None) -> None:
        """Add records. A whole level of them is hashed at a time: it is called for every batch of the lane.

        `kept` is given every perfect subtree that becomes complete, if it has asked for it.
        """
        size, frontier = self.state
        peaks = list(frontier)  # the smallest one last, so those of the lowest levels are taken off first
        hashes = [sha256(LEAF + record).digest() for record in records]
        total, level, before = size + len(hashes), 0, size
        fresh: list[bytes] = []
        while hashes:
            if kept is not None:
                kept.take(level, before, hashes)
            if before & 1:
                hashes.insert(0, peaks.pop())
            if len(hashes) & 1:
                fresh.append(hashes.pop())
            pairs = iter(hashes)
            hashes = [sha256(NODE + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            before >>= 1
            level += 1
        self.state = (total, (*peaks, *reversed(fresh)))


def folded(frontier: Sequence[bytes]) -> bytes:
    """The head of the tree that consists of these perfect subtrees, the largest first."""
    if not frontier:
        return EMPTY
    head = frontier[-1]
    for left in frontier[-2::-1]:
        head = sha256(NODE + left + head).digest()
    return head


class Kept:
    """Perfect subtrees that somebody wants to know of, gathered while a tree grows over them."""

    def __init__(self, wanted: Collection[Place]) -> None:
        self.found: dict[Place, bytes] = {}
        self._wanted: dict[int, list[int]] = {}
        for level, place in sorted(set(wanted)):
            self._wanted.setdefault(level, []).append(place)

    def take(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        """The hashes of one level from place `first` on."""
        # They come in order, so the wanted ones are met in order too.
        waiting = self._wanted.get(level)
        while waiting and waiting[0] < first + len(hashes):
            place = waiting.pop(0)
            self.found[level, place] = hashes[place - first]


def parts(first: int, end: int) -> Iterator[Place]:
    """The perfect subtrees that the tree over the leaves from `first` to `end` consists of, the largest first.

    `first` must be a place where the recursion of RFC 6962 splits, as all spans of proofs are.

    >>> list(parts(4, 7))
    [(1, 2), (0, 6)]
    """
    while first < end:
        level = (end - first).bit_length() - 1
        yield level, first >> level
        first += 1 << level


def inclusion_spans(seq: int, size: int) -> list[Span]:
    """The spans whose hashes prove that record `seq` stands in the tree of `size` records, the nearest first.

    >>> inclusion_spans(2, 7)
    [(3, 4), (0, 2), (4, 7)]
    """
    if not 0 <= seq < size:
        raise ValueError(f"a tree of {size} records has no record {seq}")
    first, end, spans = 0, size, []
    while end - first > 1:
        middle = first + _split(end - first)
        if seq < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((first, middle))
            first = middle
    return spans[::-1]


def consistency_spans(old: int, size: int) -> list[Span]:
    """The spans whose hashes prove that the tree of `old` records is the beginning of that of `size` records.

    >>> consistency_spans(3, 7)
    [(2, 3), (3, 4), (0, 2), (4, 7)]
    """
    if not 0 < old <= size:
        raise ValueError(f"a tree of {size} records does not prove one of {old}")
    first, end, spans, is_whole = 0, size, [], True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((first, middle))
            first, is_whole = middle, False
    # The old head itself needs no hash: whoever asks for the proof has it.
    return ([] if is_whole else [(first, end)]) + spans[::-1]


def places(spans: Iterable[Span]) -> set[Place]:
    """The perfect subtrees that the hashes of these spans are made from."""
    return {place for first, end in spans for place in parts(first, end)}


def proof(spans: Iterable[Span], found: Mapping[Place, bytes]) -> tuple[bytes, ...]:
    """The hashes of spans, once the subtrees that they are made from are known."""
    return tuple(folded([found[place] for place in parts(first, end)]) for first, end in spans)


def _split(leaves: int) -> int:
    """The largest power of two below a number of leaves."""
    return 1 << ((leaves - 1).bit_length() - 1)
