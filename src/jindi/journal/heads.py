"""Signed heads of the Merkle tree: made, kept elsewhere, and held against the journal.

A head is a signed note as a checkpoint is, in the checkpoint format of transparency logs (C2SP tlog-checkpoint): the
journal's origin with `/tree`, the records covered, the tree's root, and a line that says when. The origin is signed,
so no checkpoint of the chain can be passed off as a head. One head is one line of a file that only grows, in a place
that those who can write the journal can't write: whoever rewrites the journal, chain and all, can't unsay it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from jindi.journal.chain import ChainBroken
from jindi.journal.checkpoints import Checkpoint, CheckpointRefused, Signer, Verifier, check, sign
from jindi.journal.merkle import Frontier, Kept, Tree, folded
from jindi.ports import Blobs, Lines

TREE = "/tree"
"""What the origin of heads ends in."""

PREFIX = "tree-"
"""The blobs that hold a head with its frontier begin so."""

RESTING_MAX = 64
"""Heads kept beside the journal with their frontier: places where a verification can begin."""


class HeadRefused(Exception):  # noqa: N818 - what the operator is told
    """The journal as it stands can't be what an earlier head covers: no head is made of it."""


class Resting(NamedTuple):
    """A head, its note, and the frontier that folds into it: what a walk over the records behind it needs."""

    head: Checkpoint
    note: str
    frontier: Frontier


class _Line(msgspec.Struct, frozen=True):
    head: str


class _Resting(msgspec.Struct, frozen=True):
    head: str
    frontier: list[bytes]


def tree_verifier(verifier: Verifier) -> Verifier:
    """What checks heads, from what checks the same journal's checkpoints (or from itself)."""
    return verifier if verifier.name.endswith(TREE) else verifier.named(verifier.name + TREE)


class Heads:
    """Signs heads, exports each as a line elsewhere, and keeps the newest few with their frontiers as blobs."""

    def __init__(self, origin: str, signer: Signer, blobs: Blobs, elsewhere: Lines | None = None) -> None:
        self._origin, self._blobs, self._elsewhere = origin + TREE, blobs, elsewhere
        self._signer = signer.named(self._origin)
        self._last: tuple[Checkpoint, str] | None = None
        self._looked = False
        self._denied = ""

    @property
    def exports(self) -> bool:
        """Whether there is another place that heads go to."""
        return self._elsewhere is not None

    def publish(
        self, state: tuple[int, Frontier], at_us: int, root_at: Callable[[int], bytes] | None = None
    ) -> Checkpoint | None:
        """Sign and export the head of a tree, or answer the one of this size that was; None when the tree is empty.
        Only what is durable may be covered. `root_at` gives the journal's root at a smaller size; it reads the journal.

        Raises HeadRefused when the newest exported head covers more, or other records, and from then on always: a
        journal that grows past what was lost is another history. OSError as it comes.
        """
        size, frontier = state
        head = Checkpoint(self._origin, size, folded(frontier), at_us)
        self._denied = self._denied or self._denies(head, root_at)
        if self._denied:
            raise HeadRefused(f"{self._denied}; run jindi verify, and restore what is missing")
        last, _ = self._newest() or (None, "")
        if size == 0 or (last is not None and last.seq == size):
            return last
        note = sign(head, self._signer)
        if self._elsewhere is not None:
            self._elsewhere.append(msgspec.json.encode(_Line(note)).decode())
        self._last = head, note
        self._blobs.save(_blob(size), [msgspec.msgpack.encode(_Resting(note, list(frontier)))])
        for name in self._blobs.names(PREFIX)[:-RESTING_MAX]:
            self._blobs.drop(name)
        return head

    def _denies(self, head: Checkpoint, root_at: Callable[[int], bytes] | None) -> str:
        """What the newest head that we know of has against this one; nothing when the one may follow the other."""
        is_first, (last, _) = not self._looked, self._newest() or (None, "")
        if last is None:
            return ""
        if last.seq > head.seq:
            return f"a head that was exported covers {last.seq} records, the journal has only {head.seq}"
        root = head.head if last.seq == head.seq else None
        if root is None and is_first and root_at is not None and not self._rests_on(last):
            # It was signed by a process whose state is not here, as when an old copy of the folder was put back.
            root = root_at(last.seq)
        if root is not None and root != last.head:
            return f"another head of {last.seq} records was exported: the history was changed"
        return ""

    def _rests_on(self, last: Checkpoint) -> bool:
        return any(each.head == last for each in resting(self._blobs, self._signer.verifier))

    @property
    def verifier(self) -> Verifier:
        """What its heads are checked with."""
        return self._signer.verifier

    def signed(self) -> list[tuple[Checkpoint, str]]:
        """All heads that we know of, those elsewhere and those beside the journal, signatures checked, each with its
        note. CheckpointRefused, OSError as they come.
        """
        kept = [(each.head, each.note) for each in resting(self._blobs, self.verifier)]
        if self._elsewhere is None:
            return kept
        return signed_heads(self._elsewhere.read(), self.verifier, []) + kept

    def newest_note(self) -> str | None:
        """The newest head that we know of, as it was signed."""
        newest = self._newest()
        return newest[1] if newest is not None else None

    def _newest(self) -> tuple[Checkpoint, str] | None:
        """The newest head that we know of: after a start it is looked up where heads were exported to."""
        if not self._looked:
            verifier = self._signer.verifier
            known = [(each.head, each.note) for each in resting(self._blobs, verifier)][-1:]
            if self._elsewhere is not None and (newest := _newest_of(self._elsewhere.read(), verifier)) is not None:
                known.append(newest)
            self._last, self._looked = max(known, key=lambda each: each[0].seq, default=None), True
        return self._last


def _newest_of(lines: Iterable[str], verifier: Verifier) -> tuple[Checkpoint, str] | None:
    """The exported head that covers most. Signatures are checked from there on down: there may be years of heads."""
    for note in sorted(_notes(lines), key=_size_of, reverse=True):
        with suppress(CheckpointRefused):
            return check(note, verifier, verifier.name), note
    return None


def _notes(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        with suppress(msgspec.DecodeError):
            yield msgspec.json.decode(line, type=_Line).head


def _size_of(note: str) -> int:
    size = note.split("\n", 2)[1:2]
    return int(size[0]) if size and size[0].isascii() and size[0].isdecimal() and len(size[0]) < 20 else -1


def read_heads(lines: Iterable[str], verifier: Verifier) -> list[Checkpoint]:
    """The heads in exported lines; see `signed_heads`."""
    return [head for head, _ in signed_heads(lines, verifier)]


def signed_heads(
    lines: Iterable[str], verifier: Verifier, torn: list[int] | None = None
) -> list[tuple[Checkpoint, str]]:
    """The heads in exported lines, each with its note. CheckpointRefused names a line that the key has not signed.

    A line that a crash cut off is passed over, and its number put into `torn`: nobody can mend a file that only grows.
    """
    heads = []
    for number, line in enumerate(lines, 1):
        try:
            note = msgspec.json.decode(line, type=_Line).head
        except msgspec.DecodeError:
            if torn is not None:
                torn.append(number)
            continue
        try:
            heads.append((check(note, verifier, verifier.name), note))
        except CheckpointRefused as problem:
            raise CheckpointRefused(f"line {number} of the exported heads: {problem}") from None
    return heads


def resting(blobs: Blobs, verifier: Verifier) -> list[Resting]:
    """The heads kept beside the journal, signature and frontier checked; what does not fit is left out: it is only a
    place to begin, and the beginning is another.
    """
    return [found for name in blobs.names(PREFIX) if (found := _rests(blobs.load(name) or b"", verifier)) is not None]


def _rests(data: bytes, verifier: Verifier) -> Resting | None:
    try:
        kept = msgspec.msgpack.decode(data, type=_Resting)
        head = check(kept.head, verifier, verifier.name)
        tree = Tree(head.seq, kept.frontier)
    except (msgspec.DecodeError, CheckpointRefused, ValueError):
        return None
    return Resting(head, kept.head, tree.frontier) if tree.root == head.head else None


def _blob(size: int) -> str:
    return f"{PREFIX}{size:020d}"


class HeadCheck:
    """Grows a tree over the records of a walk and holds heads against it, each at its own size.

    Raises ChainBroken at the first head that the records do not have. Heads of less than the tree covers at the
    beginning are left out.
    """

    def __init__(self, heads: Iterable[Checkpoint], tree: Tree | None = None, kept: Kept | None = None) -> None:
        self.tree, self._kept = tree or Tree(), kept
        self._due = sorted((head for head in heads if head.seq >= self.tree.size), key=lambda head: head.seq)
        self.agreed = 0
        self._agree()

    def seen(self, first: int, records: Sequence[bytes]) -> None:
        """The next batch of the walk."""
        at = self.tree.size - first  # the batch in which the walk begins may begin before it
        assert at >= 0, "a walk goes on where the tree ends"
        while at < len(records):
            stop = len(records)
            if self.agreed < len(self._due):
                stop = min(stop, self._due[self.agreed].seq - first)
            self.tree.extend(records[at:stop], self._kept)
            at = stop
            self._agree()

    def finish(self) -> None:
        """The walk is over: no head may cover more."""
        if self.agreed < len(self._due):
            size, most = self.tree.size, self._due[-1].seq
            what = f"a signed head covers {most} records, {most - size} of them are missing"
            raise ChainBroken(f"end at record {size}", what, size)

    def _agree(self) -> None:
        for head in self._here():
            if head.head != self.tree.root:
                what = "the signed head is of another history: something before it was changed, moved, added or removed"
                raise ChainBroken(f"head of {head.seq} records", what, head.seq)

    def _here(self) -> Iterator[Checkpoint]:
        while self.agreed < len(self._due) and self._due[self.agreed].seq == self.tree.size:
            yield self._due[self.agreed]
            self.agreed += 1
