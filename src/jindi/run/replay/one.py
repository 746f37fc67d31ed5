"""One decision proved by itself, on the facts that the journal holds for it."""

from hashlib import sha256
from typing import Any

import msgspec

from jindi.run.archive import Archive
from jindi.run.records import DecisionRecord, decision_id
from jindi.run.replay.causes import Cause, as_document
from jindi.run.replay.moments import Moments, remade_by_facts


class Proof(msgspec.Struct, frozen=True):
    """A decision's record, and why it does not come out as it stands, if it does not. `definitions_digest` is that of
    the definitions in force when it was made; empty when they can't be had.
    """

    seq: int
    record: DecisionRecord
    raw: bytes
    definitions_digest: str
    causes: tuple[Cause, ...]

    @property
    def identical(self) -> bool:
        """Whether every byte came out as it stands."""
        return not self.causes

    @property
    def digest(self) -> str:
        """SHA-256 of the record on disk, in hex."""
        return sha256(self.raw).hexdigest()

    def document(self) -> dict[str, Any]:
        """The proof for programs."""
        return {
            "decision_id": decision_id(self.seq), "depth": "facts", "identical": self.identical,
            "record": {"number": self.seq, "bytes": len(self.raw), "sha256": self.digest},
            "definitions": {"record": self.record.definitions, "digest": self.definitions_digest},
            "differences": [as_document(cause) for cause in self.causes],
        }  # fmt: skip


def prove(archive: Archive, seq: int) -> Proof:
    """Make one decision again. Raises LookupError when the journal has no such decision."""
    record, raw = archive.decision(seq), archive.raw(seq)
    moments = Moments(archive)
    before = moments.before(seq)
    causes = moments.causes(before.definitions) or remade_by_facts(moments, before, record, raw)
    program = moments.program(before.definitions)
    return Proof(seq, record, raw, program.digest if program is not None else "", causes)
