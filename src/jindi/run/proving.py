"""Bundles that people ask for on a page: records of the journal with the proof that they stand there, made beside the
lane, one at a time, with progress, held in memory until they are collected.

Events of staff are in none: whoever asks may be whom they are about. One follows every doing, so that they are missing
tells nobody anything.

A proof needs the whole tree, so the journal is read from its beginning. That takes a while on a large one, and it is
done in short pieces with pauses in between: decisions go first.
"""

import asyncio
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from jindi import journal
from jindi.journal import ChainBroken, CheckpointRefused, Heads
from jindi.ports import Frame, LogFailure
from jindi.run.platform import NotNow, Platform
from jindi.run.records import DecisionRecord
from jindi.run.state import STAFF

RECORDS_MAX: Final = 10_000
"""(design default) So many records has a bundle of a page; `jindi audit bundle` makes larger ones."""

KEPT: Final = 8
BYTES_MAX: Final = 64 << 20
"""What was made and not yet forgotten: so many, and so large all together."""

_PIECE_S, _PAUSE_S = 0.004, 0.006

State = Literal["running", "done", "failed"]
Trouble = Literal["no_key", "no_head", "broken", "unreadable", "behind", "nothing"]


@dataclass(slots=True)
class Proof:
    """One bundle: who asked for which records, how far it is, what it came to. `seqs` are the records of a case, ()
    for all from `first` to `end` (left out). `size`, `root` and `head_us` are those of the head that the records were
    held against, `key` is the public half of what signed it.
    """

    id: str
    who: str
    about: str
    first: int
    end: int
    seqs: tuple[int, ...]
    at_us: int
    total: int
    done: int = 0
    state: State = "running"
    trouble: Trouble | None = None
    bundle: bytes = b""
    size: int = 0
    root: str = ""
    head_us: int = 0
    key: str = ""
    paths: int = 0
    """How many hashes lead from the first record to the head."""
    left_out: int = 0
    """How many events of staff are not in it."""

    @property
    def count(self) -> int:
        """How many records are in it."""
        return (len(self.seqs) or self.end - self.first) - self.left_out


class Busy(Exception):  # noqa: N818 - what a person is told
    """Another bundle is being made."""


class Proving:
    """All bundles of a running platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._made: dict[str, Proof] = {}
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self.verified: tuple[int, int] | None = None
        """How many records were verified from the beginning on the last time that it was done here, and when."""

    @property
    def records(self) -> int:
        """How many records are durable now."""
        return self._platform.archive.log.next_seq()

    def one(self, who: str, identifier: str) -> Proof | None:
        """A bundle by its id, for whoever asked for it."""
        found = self._made.get(identifier)
        return found if found is not None and found.who == who else None

    def start(self, who: str, about: str, first: int, end: int, seqs: Sequence[int] = ()) -> Proof:
        """Begin to make a bundle. Raises Busy, and ValueError for records that are not there or too many."""
        if self._task is not None and not self._task.done():
            raise Busy
        seqs = tuple(sorted(set(seqs)))
        if not 0 <= first < end <= self.records or (len(seqs) or end - first) > RECORDS_MAX:
            raise ValueError("no such records, or too many")
        self._number += 1
        proof = Proof(f"prf-{self._number}", who, about, first, end, seqs, self._platform.now_us(), self.records)
        self._forget()
        self._made[proof.id] = proof
        self._task = asyncio.get_running_loop().create_task(self._make(proof))
        return proof

    def _forget(self) -> None:
        """The oldest go when there are many, or much of them."""
        while self._made and (
            len(self._made) >= KEPT or sum(len(each.bundle) for each in self._made.values()) > BYTES_MAX
        ):
            del self._made[next(iter(self._made))]

    async def _make(self, proof: Proof) -> None:
        heads = self._platform.heads
        if heads is None:
            proof.state, proof.trouble = "failed", "no_key"
            return
        try:
            # What was done last is behind the newest head for some minutes: it is signed now.
            await self._platform.publish_head()
            await asyncio.to_thread(self._prove, proof, heads)
        except NotNow:
            proof.state, proof.trouble = "failed", "no_head"
        except ChainBroken:
            self.verified = None
            proof.state, proof.trouble = "failed", "broken"
        except (LogFailure, CheckpointRefused, LookupError, OSError):
            proof.state, proof.trouble = "failed", "unreadable"
        except ValueError:
            proof.state, proof.trouble = "failed", "behind"
        except BaseException:
            proof.state, proof.trouble = "failed", "unreadable"
            raise

    def _prove(self, proof: Proof, heads: Heads) -> None:
        signed, verifier = heads.signed(), heads.verifier
        newest = max((head for head, _ in signed), key=lambda head: head.seq, default=None)
        if newest is None or newest.seq < proof.end:
            raise ValueError("no signed head covers the records")
        proof.total = newest.seq
        wanted = proof.seqs or range(proof.first, proof.end)
        shown = [seq for seq in wanted if not self._is_of_staff(seq)]
        proof.left_out = len(wanted) - len(shown)
        if not shown:
            proof.state, proof.trouble = "failed", "nothing"
            return
        picked = shown if proof.seqs or proof.left_out else None
        bundle = journal.make_bundle(self._frames(proof, newest.seq), proof.first, proof.end, signed, verifier, picked)
        proof.paths = _held(bundle, newest.seq, newest.head)
        proof.size, proof.root, proof.head_us, proof.key = newest.seq, newest.head.hex(), newest.at_us, str(verifier)
        self.verified = newest.seq, self._platform.now_us()
        proof.bundle, proof.state = bundle, "done"

    def _is_of_staff(self, seq: int) -> bool:
        archive = self._platform.archive
        record = archive.record(seq)
        return isinstance(record, DecisionRecord) and archive.event(record.definitions, record.event_type).pack == STAFF

    def _frames(self, proof: Proof, until: int) -> Iterator[Frame]:
        """The journal from its beginning up to the newest head, in short pieces."""
        begun = time.monotonic()
        for frame in self._platform.archive.log.read(0):
            yield frame
            proof.done = min(frame.first + frame.count, until)
            if proof.done >= until:
                return
            if time.monotonic() - begun > _PIECE_S:
                time.sleep(_PAUSE_S)
                begun = time.monotonic()

    async def ended(self) -> None:
        """Wait until nothing is being made."""
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task


def _held(bundle: bytes, size: int, root: bytes) -> int:
    """Hold every record of a bundle against the head, by the other half of the mathematics than made it. Answers how
    many hashes lead from the first one to the head; ValueError where a proof does not hold.
    """
    document: dict[str, Any] = msgspec.json.decode(bundle)
    for each in document["records"]:
        path = [b64decode(node) for node in each["path"]]
        if not journal.is_included(journal.leaf_hash(b64decode(each["record"])), each["seq"], size, path, root):
            raise ValueError(f"record {each['seq']} is not proved")
    return len(document["records"][0]["path"])
