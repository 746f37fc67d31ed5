"""Everything that waits for a second person, in one list: proposals of policy versions, and operations of all kinds.

Knows: how both are called. Never: a language; each door says it in its own words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jindi.access import About
from jindi.run.approvals.approvals import POLICIES, Approvals
from jindi.run.approvals.book import Entry
from jindi.run.records import STEP_PREFIX, ApprovalRecord, StepRecord
from jindi.run.versions import Proposal
from jindi.run.versions.desk import Desk

STATES = ("open", "approved", "applied", "failed", "rejected", "withdrawn", "expired", "overtaken")
"""How something may stand. A proposal of policies that is approved is in force, so it counts as applied."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One step after the proposal: what, by whom, when, why."""

    what: str
    by: str
    key: str
    at_us: int
    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that somebody asked for, and how it stands."""

    id: str
    kind: str
    state: str
    by: str
    key: str
    why: str
    at_us: int
    until_us: int
    digest: str
    needed: int
    answers: tuple[Answer, ...]

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in ("open", "approved")

    @property
    def is_waived(self) -> bool:
        """Whether it went on without a second person, because the setting said so."""
        return any(answer.what == "waive" for answer in self.answers)

    @property
    def approvals(self) -> int:
        """How many people have approved it."""
        return sum(answer.what == "approve" for answer in self.answers)


def everything(approvals: Approvals, desk: Desk) -> Sequence[Waiting]:
    """All proposals and operations, the newest first."""
    listed = [of_proposal(each) for each in desk.proposals()]
    listed += [of_entry(entry, state) for entry, state in approvals.entries()]
    # Both kinds of id end in the record's number.
    return sorted(listed, key=lambda each: (each.at_us, each.id.rpartition("_")[2]), reverse=True)


def of_proposal(proposal: Proposal) -> Waiting:
    """A proposal of policy versions."""
    asked = proposal.step.record
    state = "applied" if proposal.state == "approved" else proposal.state
    answers = () if proposal.answer is None else (_answer(proposal.answer),)
    return Waiting(
        proposal.id, POLICIES, state, asked.name, asked.key, asked.why, asked.received_us, asked.expires_us,
        proposal.digest, 1, answers,
    )  # fmt: skip


def of_entry(entry: Entry, state: str) -> Waiting:
    """An operation."""
    asked = entry.asked
    steps = [*entry.approvals, *(each for each in (entry.waived, entry.ended, entry.outcome) if each is not None)]
    return Waiting(
        entry.id, asked.what, state, asked.name, asked.key, asked.why, asked.received_us, entry.until_us,
        asked.digest, asked.needed, tuple(_answer(each) for each in steps),
    )  # fmt: skip


def _answer(record: ApprovalRecord | StepRecord) -> Answer:
    return Answer(record.verb, record.name, record.key, record.received_us, record.why)


def about_waiting(approvals: Approvals, desk: Desk, identifier: str) -> About:
    """What the policies are to know of whatever has an id, when somebody wants to answer it."""
    if not identifier.startswith(STEP_PREFIX):
        return approvals.about(identifier)
    try:
        asked = desk.proposal(identifier).step.record
    except LookupError:
        return About(is_sensitive=True)
    return About(proposer=asked.name, is_sensitive=True, kind=POLICIES)
