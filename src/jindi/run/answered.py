"""Which events have been answered, and where: a bounded index from event id to place in the journal.

Two generations of an open-addressing table. When the young one is full the old one is forgotten, and with it
every event before the young one's birth: such events are refused from then on, so forgetting never counts an
event twice. The table keeps 128 bits of each id; the journal, which holds the id itself, has the last word.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from struct import Struct
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Table = NDArray[np.int64]
_halves = Struct("<qq").unpack
_START, _OLDLESS = 1 << 12, 2
ANSWERED_MAX = 1 << 21
"""Events per generation; a full generation's table takes some 100 MB."""


FRESH_MAX = 256
"""Answers that wait in a dictionary until they go into the table together: a call of their own costs as much as all."""


# Short kernels keep Python's lock: giving it away and getting it back costs more than they take. `_move` may be long.
@njit(cache=True)
def _find(table: Table, high: int, low: int) -> int:
    mask = table.shape[0] - 1
    place = low & mask
    while table[place, 2] >= 0:
        if table[place, 0] == high and table[place, 1] == low:
            return int(table[place, 2])
        place = (place + 1) & mask
    return -1


@njit(cache=True)
def _find_either(young: Table, old: Table, high: int, low: int) -> int:
    seq = _find(young, high, low)
    return seq if seq >= 0 else _find(old, high, low)


@njit(cache=True)
def _put(table: Table, high: int, low: int, seq: int) -> None:
    mask = table.shape[0] - 1
    place = low & mask
    while table[place, 2] >= 0:
        place = (place + 1) & mask
    table[place, 0], table[place, 1], table[place, 2] = high, low, seq


@njit(cache=True)
def _put_all(table: Table, rows: Table) -> None:
    for i in range(rows.shape[0]):
        _put(table, rows[i, 0], rows[i, 1], rows[i, 2])


@njit(cache=True, nogil=True)
def _move(old: Table, new: Table) -> None:
    for place in range(old.shape[0]):
        if old[place, 2] >= 0:
            _put(new, old[place, 0], old[place, 1], old[place, 2])


FILTER_BYTES = 4
"""Bytes of a table's filter for each of its rows."""


class _Filter:
    """Says of most ids that a table does not have that it has not, without a call into it: one byte for each of many
    residues of the lower halves, set where the table has one that falls there.
    """

    __slots__ = ("_bytes", "marks", "mask")

    def __init__(self, table: Table) -> None:
        self.marks = bytearray(FILTER_BYTES * table.shape[0])
        self.mask = len(self.marks) - 1
        self._bytes = np.frombuffer(self.marks, np.uint8)
        self.add(table[table[:, 2] >= 0, 1])

    def add(self, lows: NDArray[np.int64]) -> None:
        """Take in some lower halves."""
        self._bytes[lows & self.mask] = 1


def _empty(rows: int) -> Table:
    table = np.zeros((rows, 3), np.int64)
    table[:, 2] = -1
    return table


def fingerprint(event_id: str) -> tuple[int, int]:
    """128 bits of an event id, as two signed 64-bit halves."""
    high, low = _halves(blake2b(event_id.encode(), digest_size=16).digest())
    return high, low


class Answered:
    """The index. `floor_us`: events from before this instant may have been forgotten; those from it on never."""

    def __init__(self, most: int = ANSWERED_MAX) -> None:
        self._most = most
        self._young, self._old = _empty(_START), _empty(_OLDLESS)
        self._near, self._far = _Filter(self._young), _Filter(self._old)
        self._fresh: dict[tuple[int, int], int] = {}
        self._count = 0
        self._room = self._room_of_young()
        self._born_us = self.floor_us = 0

    def find(self, mark: tuple[int, int]) -> int | None:
        """The sequence number of the answer to the event with this fingerprint, if it is remembered."""
        if (fresh := self._fresh.get(mark)) is not None:
            return fresh
        low, near, far = mark[1], self._near, self._far
        if not (near.marks[low & near.mask] or far.marks[low & far.mask]):
            return None
        seq: int = _find_either(self._young, self._old, mark[0], mark[1])
        return seq if seq >= 0 else None

    def add(self, mark: tuple[int, int], seq: int, as_of_us: int) -> None:
        """Remember an answer that is not yet in the index."""
        if self._count >= self._room:
            self._make_room(as_of_us)
        self._fresh[mark] = seq
        self._count += 1
        if len(self._fresh) >= FRESH_MAX:
            self._settle()

    def _settle(self) -> None:
        """Put what is fresh into the young table, which has room for it."""
        if self._fresh:
            rows = np.array([(*mark, seq) for mark, seq in self._fresh.items()], np.int64)
            _put_all(self._young, rows)
            self._near.add(rows[:, 1])
            self._fresh.clear()

    def _make_room(self, as_of_us: int) -> None:
        """Forget the old generation, or give the young one a larger table."""
        self._settle()
        if self._count >= self._most:
            if self._old.shape[0] > _OLDLESS:
                # What is now forgotten may be as young as the first of those who came after it, to the microsecond.
                self.floor_us = self._born_us + 1
            self._old, self._young, self._count = self._young, _empty(_START), 0
            self._far, self._near = self._near, _Filter(self._young)
            self._born_us = as_of_us
        elif self._count * 10 >= self._young.shape[0] * 6:
            larger = _empty(self._young.shape[0] * 2)
            _move(self._young, larger)
            self._young, self._near = larger, _Filter(larger)
        self._room = self._room_of_young()

    def _room_of_young(self) -> int:
        rows: int = self._young.shape[0]
        return min(self._most, -(-rows * 6 // 10))

    def __len__(self) -> int:
        return self._count + int((self._old[:, 2] >= 0).sum())

    def bytes_held(self) -> int:
        """Memory of the tables and their filters, in bytes."""
        return self._young.nbytes + self._old.nbytes + len(self._near.marks) + len(self._far.marks)

    def save(self) -> tuple[dict[str, Any], Iterator[memoryview]]:
        """A header of plain values and the two tables' bytes."""
        self._settle()
        header = {
            "most": self._most, "count": self._count, "born_us": self._born_us, "floor_us": self.floor_us,
            "rows": [self._young.shape[0], self._old.shape[0]],
        }  # fmt: skip
        return header, iter((self._young.data.cast("B"), self._old.data.cast("B")))

    @classmethod
    def load(cls, header: Mapping[str, Any], young: bytes | memoryview, old: bytes | memoryview) -> "Answered":
        """The index that `save` gave away."""
        answered = cls(header["most"])
        rows = header["rows"]
        answered._young = np.frombuffer(young, np.int64).reshape(rows[0], 3).copy()
        answered._old = np.frombuffer(old, np.int64).reshape(rows[1], 3).copy()
        answered._near, answered._far = _Filter(answered._young), _Filter(answered._old)
        answered._count, answered._born_us = header["count"], header["born_us"]
        answered.floor_us = header["floor_us"]
        return answered


def warm() -> None:
    """Load (on a machine's first run: compile) the table's kernels, so that no event waits for them."""
    trial = Answered()
    trial.add((0, 0), 0, 0)
    trial.save()
    trial.find((0, 0))
    _move(_empty(_START), _empty(_START * 2))
