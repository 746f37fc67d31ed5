"""All that the house asks of the outside world, on one page.

Knows: shapes. Never: which implementation is behind a port; only `app` does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol


class Clock(Protocol):
    """Wall time. Only `run`, `stores` and `doors` may ask; pure rooms are given the instant."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One batch as the log keeps it: `count` records from sequence number `first`, and its bytes."""

    first: int
    count: int
    batch: bytes


class LogFailure(Exception):  # noqa: N818 - the name of what happened
    """The log could not make a batch durable, or is not fit to be written; the lane must stop.

    The message names the place and the remedy. What was not acknowledged may or may not be on disk.
    """


class LogDamaged(LogFailure):
    """Bytes that were once durable are no longer what was written: names file, offset and what is wrong."""

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        self.place, self.problem, self.remedy = place, problem, remedy
        super().__init__(f"{place}: {problem}" + (f" ({remedy})" if remedy else ""))


class Log(Protocol):
    """An append-only sequence of opaque batches; a sequence number, once given, never changes meaning.

    Records are numbered from 0 without gaps. Batches are stored whole or not at all: after a crash a
    batch that was not acknowledged may be absent, never half there.
    """

    def append(self, batch: bytes, first: int, count: int) -> None:
        """Make one batch durable: when this returns, a power cut cannot lose it.

        `first` must be `next_seq`. Raises LogFailure; after that every later append fails too, until
        the log is opened again.
        """

    def read(self, first: int = 0) -> Iterator[Frame]:
        """All batches from the one that holds sequence number `first`, in order, checked for damage.

        Raises LogDamaged at the first damaged place. Batches appended meanwhile may or may not appear.
        """

    def next_seq(self) -> int:
        """The sequence number that the next record will get."""

    def notes(self) -> tuple[str, ...]:
        """What opening found and mended (a torn tail, say): sentences for the operator's log."""

    def close(self) -> None:
        """Release files and locks."""


class Blobs(Protocol):
    """Named byte strings that are replaced whole: snapshots, checkpoints, keys, small state."""

    def save(self, name: str, chunks: Iterable[bytes | memoryview], *, private: bool = False) -> None:
        """Durable and atomic: afterwards the name holds either the old bytes or all the new chunks.

        `private` bytes are readable by the owner alone (mode 0600).
        """

    def load(self, name: str) -> bytes | None:
        """The bytes, or None when there is no such name."""

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """All names that start with `prefix`, sorted."""

    def drop(self, name: str) -> None:
        """Forget a name; no error when it is not there."""


class Lines(Protocol):
    """A file of lines that only grows, kept where those who can write the journal can't write."""

    def append(self, line: str) -> None:
        """Add one line (without its end); durable when this returns. OSError comes through."""

    def read(self) -> Iterator[str]:
        """All lines, the oldest first; none when there is no such file yet. OSError comes through."""


class Files(Protocol):
    """Files below one folder, each made whole or not at all. Paths are relative, with `/` between folders."""

    def hold(self) -> bool:
        """Take the folder for this process alone until `close`; False when another process has it."""

    def save(self, path: str, chunks: Iterable[bytes | memoryview]) -> None:
        """Durable and atomic, as `Blobs.save`: content under another name, synced, renamed, the name synced."""

    def names(self) -> tuple[str, ...]:
        """The paths of all files, sorted; also of what an interrupted `save` left (a name that begins with a dot)."""

    def open(self, path: str) -> BinaryIO:
        """A file to read from; what was opened stays readable when it is dropped. Raises FileNotFoundError."""

    def drop(self, path: str) -> None:
        """Remove a file for good; no error when it is not there."""

    def close(self) -> None:
        """Let go of the folder."""
