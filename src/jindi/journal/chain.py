"""Batches that name the batch before them, and the walk that proves it.

    batch = version 1 (1 byte) | first record's number (8) | records (4) | previous hash (32)
            | length of each record (4 each) | the records | hash (32)

Numbers are little-endian. The hash is SHA-256 over everything before it, so over the previous hash too:
whoever knows the newest hash knows that nothing before it was changed, removed, added or reordered.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, pairwise
from struct import Struct, pack, unpack_from

from jindi.journal.checkpoints import Checkpoint
from jindi.ports import Frame, LogDamaged

GENESIS = sha256(b"jindi journal 1").digest()
"""The hash before the first batch."""

_HEAD = Struct("<BQI32s")
_HASH = 32


class ChainBroken(Exception):  # noqa: N818 - the name of what happened
    """The chain does not hold: the place, what is wrong there, and from which record on nothing is proved."""

    def __init__(self, place: str, what: str, seq: int) -> None:
        self.place, self.what, self.seq = place, what, seq
        super().__init__(f"{place}: {what}")


@dataclass(frozen=True, slots=True)
class Batch:
    """One opened batch: its records, numbered from `first`, the hash before it and its own."""

    first: int
    records: tuple[bytes, ...]
    previous: bytes
    head: bytes


def seal(records: Sequence[bytes], first: int, previous: bytes) -> bytes:
    """The bytes of a batch of at least one record that follows the batch with hash `previous`."""
    count = len(records)
    assert count > 0, "a batch has at least one record"
    body = b"".join((_HEAD.pack(1, first, count, previous), pack(f"<{count}I", *map(len, records)), *records))
    return body + sha256(body).digest()


def unseal(batch: bytes) -> Batch:
    """The content of a batch whose own hash is right; ValueError says what is wrong with the bytes.

    >>> unseal(seal([b"a", b""], 7, GENESIS)).records
    (b'a', b'')
    """
    if len(batch) < _HEAD.size + _HASH:
        raise ValueError(f"{len(batch)} bytes are too few for a batch")
    version, first, count, previous = _HEAD.unpack_from(batch)
    if version != 1:
        raise ValueError(f"a batch of format {version} is not known here")
    end, at = len(batch) - _HASH, _HEAD.size + 4 * count
    if count < 1 or at > end:
        raise ValueError(f"a count of {count} records does not fit the batch")
    head = batch[end:]
    if sha256(memoryview(batch)[:end]).digest() != head:
        raise ValueError("the hash of a batch is wrong")
    ends = list(accumulate(unpack_from(f"<{count}I", batch, _HEAD.size), initial=at))
    if ends[-1] != end:
        raise ValueError("the lengths of the records do not add up to the batch")
    records = tuple([batch[begin:stop] for begin, stop in pairwise(ends)])
    return Batch(first, records, previous, head)


class Chain:
    """Where the chain stands: `head`, the newest hash, and `next_seq`, the number of the next record.

    `previous` is the hash before the newest batch, and `first` that batch's first record: what a full
    segment's checkpoint needs at the moment when the first batch of the next segment is already sealed.
    """

    __slots__ = ("first", "head", "next_seq", "previous")

    def __init__(self, head: bytes = GENESIS, next_seq: int = 0) -> None:
        self.head = self.previous = head
        self.next_seq = self.first = next_seq

    def seal(self, records: Sequence[bytes], first: int) -> bytes:
        """The next batch, and the chain moves on to it.

        When the log then can't take the batch, the chain is ahead of it: both are to be opened again.
        """
        assert first == self.next_seq, f"record {first} given where {self.next_seq} is next"
        batch = seal(records, first, self.head)
        self._move(first, len(records), batch[-_HASH:])
        return batch

    def follow(self, frame: Frame) -> tuple[bytes, ...]:
        """The records of the next batch as the log gave it; ChainBroken when it does not follow.

        A batch that the log gives is checked here against itself, its frame and the one before it.
        """
        place = f"batch of record {frame.first}"
        if frame.first != self.next_seq:
            what = f"stands where record {self.next_seq} is next"
            raise ChainBroken(place, what, self.next_seq)
        try:
            batch = unseal(frame.batch)
        except ValueError as problem:
            raise ChainBroken(place, str(problem), self.next_seq) from None
        if batch.first != frame.first or len(batch.records) != frame.count:
            what = f"holds {len(batch.records)} records from {batch.first}, not what the log says"
            raise ChainBroken(place, what, self.next_seq)
        if batch.previous != self.head:
            what = "does not name the hash of the batch before it"
            raise ChainBroken(place, what, self.next_seq)
        self._move(frame.first, frame.count, batch.head)
        return batch.records

    def _move(self, first: int, count: int, head: bytes) -> None:
        self.first, self.previous = first, self.head
        self.next_seq, self.head = first + count, head


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk proved: so many batches and records, ending in `head` with `next_seq` as the next.

    `checkpoints` is how many of the given ones lie on the walked part and agree with it.
    """

    batches: int
    records: int
    head: bytes
    next_seq: int
    checkpoints: int


def _passed(_: int, __: tuple[bytes, ...]) -> None:
    """Nobody looks at the records of a walk."""


def verify(
    frames: Iterable[Frame],
    checkpoints: Iterable[Checkpoint] = (),
    chain: Chain | None = None,
    seen: Callable[[int, tuple[bytes, ...]], None] = _passed,
) -> Verified:
    """Walk the batches from where `chain` stands (the beginning) and hold the checkpoints against them.

    Raises ChainBroken at the first place that is not as it was written: damage that the log reports, a
    batch that does not follow the one before it, a checkpoint of another history, or records that a
    checkpoint covers and the log no longer has. Checkpoints before the walk's beginning are left out;
    their signatures are the caller's to check (`check`, `load_checkpoints`). `seen` is given each batch that
    follows: its first record's number, and the records.
    """
    chain = chain or Chain()
    start, batches = chain.next_seq, 0
    due = sorted((c for c in checkpoints if c.seq >= start), key=lambda c: c.seq)
    agreed = _agree(due, 0, chain)
    for frame in _told(frames, chain):
        records = chain.follow(frame)
        seen(frame.first, records)
        batches += 1
        if agreed < len(due) and due[agreed].seq <= chain.next_seq:
            agreed = _agree(due, agreed, chain)
    if agreed < len(due):
        raise ChainBroken(
            f"end at record {chain.next_seq}",
            f"a checkpoint covers {due[-1].seq} records, {due[-1].seq - chain.next_seq} of them are missing",
            chain.next_seq,
        )
    return Verified(batches, chain.next_seq - start, chain.head, chain.next_seq, agreed)


def _told(frames: Iterable[Frame], chain: Chain) -> Iterator[Frame]:
    """The frames, with what the log finds damaged told as a broken chain."""
    try:
        yield from frames
    except LogDamaged as damage:
        raise ChainBroken(damage.place, damage.problem, chain.next_seq) from damage


def _agree(due: Sequence[Checkpoint], at: int, chain: Chain) -> int:
    """How many checkpoints are behind us, after those that end at or before this place are compared."""
    while at < len(due) and due[at].seq <= chain.next_seq:
        place = f"batch of record {chain.first}"
        if due[at].seq != chain.next_seq:
            what = f"goes across the checkpoint of {due[at].seq} records: another history"
            raise ChainBroken(place, what, chain.first)
        if due[at].head != chain.head:
            what = f"is not what the checkpoint of {due[at].seq} records covers: the history was rewritten"
            raise ChainBroken(place, what, chain.first)
        at += 1
    return at
