"""An auditor's bundle: some records with the proof that they stand in the journal, whole and in order.

One JSON document: the records from `first` to `end` (left out), or some of these, for each the path that leads to the
newest head; every head, signed; and between each head and the next the proof that the later one goes on from the
earlier. It is checked with `docs/verify_bundle.py`, a page that needs the published key and nothing of Jindi.
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
PICKED = "jindi-audit-bundle-2"
"""The format of a bundle of some records: what lies between them is not in it, and nothing is said of that."""

SignedHead = tuple[Checkpoint, str]
"""A head, its signature checked, and the note that says so."""


class _Record(msgspec.Struct, frozen=True):
    seq: int
    record: str
    path: list[str]


class _Bundle(msgspec.Struct, frozen=True, omit_defaults=True):
    format: str
    key: str
    first: int
    end: int
    heads: list[str]
    consistency: list[list[str]]
    records: list[_Record]
    picked: bool = False


def make_bundle(
    frames: Iterable[Frame], first: int, end: int, heads: Sequence[SignedHead], verifier: Verifier,
    picked: Sequence[int] | None = None,
) -> bytes:  # fmt: skip
    """The bundle of the records from `first` to `end`, or of the `picked` ones of them (in order, each once), from a
    journal's frames, all of them.

    Raises ValueError when no head covers them all; ChainBroken when the journal is not what a head says.
    """
    ordered = _once(heads)
    if not ordered or ordered[-1][0].seq < end or not 0 <= first < end:
        most = ordered[-1][0].seq if ordered else 0
        raise ValueError(f"the signed heads cover the records before {most}, not those from {first} to {end - 1}")
    size = ordered[-1][0].seq
    steps = [consistency_spans(old.seq, new.seq) for (old, _), (new, _) in pairwise(ordered)]
    seqs = range(first, end) if picked is None else picked
    paths = {seq: inclusion_spans(seq, size) for seq in seqs}
    kept = Kept({place for spans in (*steps, *paths.values()) for place in places(spans)})
    checked, wanted = HeadCheck((head for head, _ in ordered), kept=kept), dict[int, bytes]()

    def seen(start: int, records: tuple[bytes, ...]) -> None:
        checked.seen(start, records)
        wanted.update((seq, record) for seq, record in enumerate(records, start) if seq in paths)

    verify(frames, seen=seen)
    checked.finish()
    shown = [
        _Record(seq, _text(wanted[seq]), [_text(each) for each in proof(spans, kept.found)])
        for seq, spans in paths.items()
    ]
    told = [[_text(each) for each in proof(spans, kept.found)] for spans in steps]
    notes, is_picked = [note for _, note in ordered], picked is not None
    form = PICKED if is_picked else FORMAT
    return msgspec.json.encode(_Bundle(form, str(verifier), first, end, notes, told, shown, is_picked))


def _once(heads: Iterable[SignedHead]) -> list[SignedHead]:
    """The heads by size, those that say the same (at another time) only once."""
    return sorted({(head.seq, head.head): (head, note) for head, note in heads}.values(), key=lambda each: each[0].seq)


def _text(data: bytes) -> str:
    return b64encode(data).decode()
