"""A log that lives as long as the process: for backtests, simulations and tests."""

from collections.abc import Iterator

from jindi.ports import Frame, LogFailure


class MemoryLog:
    """The `Log` port without a disk; `append` keeps a reference to the batch and nothing is durable."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._next = 0
        self._fault = ""

    def append(self, batch: bytes, first: int, count: int) -> None:
        """Keep one batch; `first` must be `next_seq`, `count` at least 1."""
        if not self._fault and (first != self._next or count < 1):
            self._fault = out_of_turn("memory log", first, count, self._next)
        if self._fault:
            raise LogFailure(self._fault)
        self._frames.append(Frame(first, count, batch))
        self._next += count

    def read(self, first: int = 0) -> Iterator[Frame]:
        """All batches from the one that holds `first`, in order."""
        low, high = 0, len(self._frames)
        while low < high:
            middle = (low + high) // 2
            frame = self._frames[middle]
            if frame.first + frame.count <= first:
                low = middle + 1
            else:
                high = middle
        while low < len(self._frames):
            yield self._frames[low]
            low += 1

    def next_seq(self) -> int:
        """The sequence number that the next record will get."""
        return self._next

    def notes(self) -> tuple[str, ...]:
        """Nothing is ever found or mended in memory."""
        return ()

    def close(self) -> None:
        """Refuse further appends; what was kept stays readable."""
        self._fault = self._fault or "memory log: the log is closed (open it again)"


def out_of_turn(place: str, first: int, count: int, expected: int) -> str:
    """The words for a batch that does not continue the log: a second writer, or a fault of the caller."""
    return (
        f"{place}: a batch of {count} records from {first} was given where {expected} is next "
        "(only one writer may append; start again from what is on disk)"
    )
