"""The book of operations that take four eyes: what was asked for, who answered, what became of it.

Knows: the rules by which a step counts. Never: what an operation does. The book is built from the journal, and it is
the referee there, too: a step that breaks the rules (an approval of one's own, of another content, too late, twice)
changes nothing, whoever wrote it into the journal.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from jindi.basics.digests import canonical, digest
from jindi.run.records import ApprovalRecord, Record, approval_id

State = Literal["open", "approved", "applied", "failed", "rejected", "withdrawn", "expired"]


def content_digest(what: str, payload: bytes, base: str, needed: int) -> str:
    """What an approval is bound to: the kind of operation, its payload, the state that it was proposed against, and
    how many people it takes.

    >>> content_digest("key.revoke", b"{}", "", 1) == content_digest("key.revoke", b"{}", "", 2)
    False
    """
    return digest(canonical({"what": what, "payload": payload.decode(), "base": base, "needed": needed}))


class Entry(msgspec.Struct, array_like=True):
    """One operation: its proposal, those who approved, what ended it, and what came of it."""

    seq: int
    asked: ApprovalRecord
    approvals: list[ApprovalRecord] = msgspec.field(default_factory=list)
    waived: ApprovalRecord | None = None
    ended: ApprovalRecord | None = None
    outcome: ApprovalRecord | None = None
    approved_us: int = -1
    """When it had all its approvals; -1: it has not."""

    @property
    def id(self) -> str:
        """Its id for people and programs."""
        return approval_id(self.seq)

    @property
    def until_us(self) -> int:
        """When it ends: what nobody has answered, and what was approved and not carried out for as long."""
        if self.approved_us < 0:
            return self.asked.expires_us
        return self.approved_us + self.asked.expires_us - self.asked.received_us

    def state(self, now_us: int) -> State:
        """How it stands at an instant."""
        if self.ended is not None:
            return "withdrawn" if self.ended.verb == "withdraw" else "rejected"
        if self.outcome is not None:
            return "failed" if self.outcome.verb == "fail" else "applied"
        if now_us >= self.until_us:
            return "expired"
        return "open" if self.approved_us < 0 else "approved"

    def is_by(self, marks: Iterable[str]) -> bool:
        """Whether whoever has these marks is its proposer."""
        return not self._marks.isdisjoint(marks)

    def has_approval_of(self, marks: Iterable[str]) -> bool:
        """Whether whoever has these marks has approved it already."""
        known = set(marks)
        return any(not known.isdisjoint(each.marks) for each in self.approvals)

    @property
    def _marks(self) -> frozenset[str]:
        return frozenset(self.asked.marks)

    def take(self, step: ApprovalRecord) -> bool:
        """Take in a step; whether it counts."""
        at_us = step.received_us
        if at_us < self.asked.received_us:
            return False
        state = self.state(at_us)
        match step.verb:
            case "approve":
                return state == "open" and self._approved(step)
            case "waive":
                counts = state == "open" and not step.marks and step.digest == self.asked.digest
                if counts:
                    self.waived, self.approved_us = step, at_us
                return counts
            case "reject":
                counts = state == "open" and bool(step.marks) and not self.is_by(step.marks)
            case "withdraw":
                counts = state in ("open", "approved") and (not step.marks or self.is_by(step.marks))
            case "apply" | "collect" | "fail":
                return self._done(step, state)
            case _:
                return False
        if counts:
            self.ended = step
        return counts

    def _approved(self, step: ApprovalRecord) -> bool:
        if not step.marks or step.digest != self.asked.digest:
            return False
        if self.is_by(step.marks) or self.has_approval_of(step.marks):
            return False
        self.approvals.append(step)
        if len(self.approvals) >= self.asked.needed:
            self.approved_us = step.received_us
        return True

    def _done(self, step: ApprovalRecord, state: State) -> bool:
        # What was handed out may still turn out to have failed; nothing else changes what has been done.
        handed_out = self.outcome is not None and self.outcome.verb == "collect"
        counts = state == "approved" or (step.verb == "fail" and handed_out)
        if step.verb == "collect":
            counts = counts and self.is_by(step.marks)
        if counts:
            self.outcome = step
        return counts


class Book(msgspec.Struct, array_like=True):
    """All operations so far, and the newest instant that they speak of. Grows with what people do."""

    entries: dict[int, Entry] = msgspec.field(default_factory=dict)
    high_us: int = 0

    def note(self, seq: int, record: Record) -> bool:
        """Take in a record of the journal; whether it counts. Whatever is no step of an operation says nothing here."""
        if not isinstance(record, ApprovalRecord):
            return False
        self.high_us = max(self.high_us, record.received_us)
        if record.verb == "propose":
            content = content_digest(record.what, record.payload, record.base, record.needed)
            counts = record.of == -1 and bool(record.marks) and record.needed > 0 and record.digest == content
            if counts:
                self.entries[seq] = Entry(seq, record)
            return counts
        entry = self.entries.get(record.of)
        return entry is not None and record.of < seq and entry.take(record)

    def newest(self) -> list[Entry]:
        """All of them, the newest first."""
        return [self.entries[seq] for seq in sorted(self.entries, reverse=True)]
