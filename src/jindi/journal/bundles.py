"""An auditor's bundle: some records with the proof that they stand in the journal, whole and in order.

One JSON document: the records from `first` to `end` (left out), for each the path that leads to the newest head; every
head, signed; and between each head and the next the proof that the later one goes on from the earlier. It is checked
with `docs/verify_bundle.py`, a page that needs the published key and nothing of Jindi.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from jindi.journal.chain import verify
from jindi.journal.checkpoints import Checkpoint, Verifier
from jindi.journal.heads import HeadCheck
from jindi.journal.merkle import Kept, consistency_spans, inclusion_spans, places, proof
from jindi.ports import Frame

FORMAT = "jindi-audit-bundle-1"

SignedHead = tuple[Checkpoint, str]
"""A head, its signature checked, and the note that says so."""


class _Record(msgspec.Struct, frozen=True):
    seq: int
    record: str
    path: list[str]


class _Bundle(msgspec.Struct, frozen=True):
    format: str
    key: str
    first: int
    end: int
    heads: list[str]
    consistency: list[list[str]]
    records: list[_Record]


def make_bundle(
    frames: Iterable[Frame], first: int, end: int, heads: Sequence[SignedHead], verifier: Verifier
) -> bytes:
    """The bundle of the records from `first` to `end`, from a journal's frames, all of them.

    Raises ValueError when no head covers them all; ChainBroken when the journal is not what a head says.
    """
    ordered = _once(heads)
    if not ordered or ordered[-1][0].seq < end or not 0 <= first < end:
        most = ordered[-1][0].seq if ordered else 0
        raise ValueError(f"the signed heads cover the records before {most}, not those from {first} to {end - 1}")
    size = ordered[-1][0].seq
    steps = [consistency_spans(old.seq, new.seq) for (old, _), (new, _) in pairwise(ordered)]
    paths = [inclusion_spans(seq, size) for seq in range(first, end)]
    kept = Kept({place for spans in (*steps, *paths) for place in places(spans)})
    checked, wanted = HeadCheck((head for head, _ in ordered), kept=kept), dict[int, bytes]()

    def seen(start: int, records: tuple[bytes, ...]) -> None:
        checked.seen(start, records)
        wanted.update((seq, record) for seq, record in enumerate(records, start) if first <= seq < end)

    verify(frames, seen=seen)
    checked.finish()
    shown = [
        _Record(seq, _text(wanted[seq]), [_text(each) for each in proof(spans, kept.found)])
        for seq, spans in enumerate(paths, first)
    ]
    told = [[_text(each) for each in proof(spans, kept.found)] for spans in steps]
    return msgspec.json.encode(_Bundle(FORMAT, str(verifier), first, end, [note for _, note in ordered], told, shown))


def _once(heads: Iterable[SignedHead]) -> list[SignedHead]:
    """The heads by size, those that say the same (at another time) only once."""
    return sorted({(head.seq, head.head): (head, note) for head, note in heads}.values(), key=lambda each: each[0].seq)


def _text(data: bytes) -> str:
    return b64encode(data).decode()
