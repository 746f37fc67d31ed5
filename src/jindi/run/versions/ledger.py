"""What people did with versions and what was in force when: the journal's steps and definitions, in order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from jindi.packs import DECIDING, digest_of, policy_files
from jindi.run.records import DefinitionsRecord, Record, StepRecord, base_of, patch_of, source_of, step_id

ProposalState = Literal["open", "approved", "rejected", "withdrawn", "expired", "overtaken"]
VersionState = Literal["live", "challenger", "proposed", "shadow", "draft", "retired"]

_SEEN = (*DECIDING, "shadow")
_ANSWERS: Mapping[str, ProposalState] = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """A policy version and the state in which it stands in some definitions."""

    version: str
    id: str
    on: str
    state: str
    path: str


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """Definitions that came in force: their record, when, their digest with and without (`base`) shadow versions,
    the step that brought them (-1: none), and the policies in them.
    """

    seq: int
    at_us: int
    digest: str
    base: str
    cause: int
    policies: tuple[Standing, ...]

    @property
    def live(self) -> tuple[str, ...]:
        """The versions that decide."""
        return tuple(each.version for each in self.policies if each.state in DECIDING)

    def live_version(self, policy: str) -> str | None:
        """The version of a policy that decides, if it has one."""
        return next((each.version for each in self.policies if each.id == policy and each.state in DECIDING), None)


class Step(msgspec.Struct, frozen=True, array_like=True):
    """A step as it is remembered: without its patch, but with the policies and the paths that are in it, and those of
    the paths whose files it takes away.
    """

    record: StepRecord
    policies: tuple[Standing, ...]
    paths: tuple[str, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it stands now. `answer` is the step that ended it, if one did; `carried` is the step that carried
    it over to what came in force meanwhile, the newest if there were several.
    """

    seq: int
    step: Step
    state: ProposalState
    answer: StepRecord | None
    carried: StepRecord | None = None

    @property
    def digest(self) -> str:
        """What is to be approved: the whole set that it would put in force."""
        return (self.carried or self.step.record).digest

    @property
    def base(self) -> str:
        """The set that it is held against."""
        return (self.carried or self.step.record).base

    @property
    def id(self) -> str:
        """Its id for people and programs."""
        return step_id(self.seq)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a version: when, what, and the step that did it, if a person did."""

    at_us: int
    what: Literal["live", "challenger", "shadow", "proposed", "approved", "rejected", "withdrawn", "ended"]
    step: StepRecord | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a policy: where it stands, since when, and what happened to it, oldest first."""

    name: str
    id: str
    on: str
    state: VersionState
    is_watched: bool
    since_us: int
    moments: tuple[Moment, ...]


class Ledger(msgspec.Struct, array_like=True):
    """All steps and all definitions so far. Grows with what people do, not with what is decided."""

    steps: dict[int, Step] = msgspec.field(default_factory=dict)
    taken: list[Taken] = msgspec.field(default_factory=list)

    def note(self, seq: int, record: Record) -> None:
        """Take in a record of the journal; decisions say nothing here."""
        if isinstance(record, StepRecord):
            patch = patch_of(record.patch)
            texts = {path: text for path, text in patch.items() if text is not None}
            kept = msgspec.structs.replace(record, patch=b"")
            self.steps[seq] = Step(
                kept, _standings(texts), tuple(sorted(patch)), tuple(sorted(set(patch) - set(texts)))
            )
        elif isinstance(record, DefinitionsRecord):
            base = digest_of(base_of(record)) if record.beneath else record.digest
            standings = _standings(source_of(record))
            self.taken.append(Taken(seq, record.received_us, record.digest, base, record.cause, standings))

    @property
    def in_force(self) -> Taken | None:
        """What is in force."""
        return self.taken[-1] if self.taken else None

    # ---- proposals

    def proposals(self, now_us: int) -> list[Proposal]:
        """All proposals, the newest first."""
        return [self._proposal(seq, now_us) for seq in reversed(self.steps) if self._verb(seq) == "propose"]

    def proposal(self, seq: int, now_us: int) -> Proposal | None:
        """One proposal; None when no proposal stands there."""
        return self._proposal(seq, now_us) if self._verb(seq) == "propose" else None

    def _verb(self, seq: int) -> str | None:
        step = self.steps.get(seq)
        return step.record.verb if step is not None else None

    def _proposal(self, seq: int, now_us: int) -> Proposal:
        step = self.steps[seq]
        about = [each.record for each in self.steps.values() if each.record.of == seq]
        answer = next((each for each in about if each.verb in _ANSWERS), None)
        carried = next((each for each in reversed(about) if each.verb == "carry"), None)
        base = (carried or step.record).base
        state: ProposalState = "open"
        if answer is not None:
            state = _ANSWERS[answer.verb]
        elif self.in_force is not None and base != self.in_force.base:
            state = "overtaken"
        elif now_us >= step.record.expires_us:
            state = "expired"
        return Proposal(seq, step, state, answer, carried)

    # ---- going back

    def previous(self, policy: str | None = None) -> Taken | None:
        """What a roll-back returns to: what was in force before what is in force came in force for the first time;
        with a policy's id the same of its live version alone. None when there is nothing before.

        Going back twice goes back two steps, and never forth again to what was left.
        """
        stack: list[tuple[str, Taken]] = []
        for each in self.taken:
            mark = each.base if policy is None else each.live_version(policy)
            if mark is None:
                continue
            marks = [known for known, _ in stack]
            if marks and marks[-1] == mark:
                stack[-1] = (mark, each)
            elif self._verb(each.cause) == "roll_back" and mark in marks:
                del stack[marks.index(mark) :]
                stack.append((mark, each))
            else:
                stack.append((mark, each))
        return stack[-2][1] if len(stack) > 1 else None

    # ---- versions

    def versions(self, now_us: int, drafts: Mapping[str, str] | None = None) -> list[Version]:
        """All versions that were ever seen in force or proposed, and those that lie in `drafts` only; of each policy
        the one that decides first, then by time, the newest first.
        """
        seen: dict[str, Standing] = {}
        moments: dict[str, list[Moment]] = {}
        for at in self._moments(seen):
            moments.setdefault(at[0], []).append(at[1])
        today = {each.version: each for each in (self.in_force.policies if self.in_force else ())}
        asked = {
            each.version
            for proposal in self.proposals(now_us)
            if proposal.state == "open"
            for each in proposal.step.policies
            if each.state in DECIDING
        }
        drafts_now = _standings(drafts or {})
        saved = {each.version for each in drafts_now}
        found = []
        for name, standing in seen.items():
            past = moments.get(name, [])
            stands = today.get(name)
            state: VersionState = "retired"
            if stands is not None and stands.state in DECIDING:
                state = "live" if stands.state == "live" else "challenger"
            elif name in asked:
                state = "proposed"
            elif stands is not None:
                state = "shadow" if stands.state == "shadow" else "draft"
            elif name in saved and not any(moment.what in DECIDING for moment in past):
                state = "draft"
            watched = stands is not None and stands.state == "shadow"
            found.append(
                Version(name, standing.id, standing.on, state, watched, past[-1].at_us if past else 0, tuple(past))
            )
        for each in drafts_now:
            if each.version not in seen:
                found.append(Version(each.version, each.id, each.on, "draft", False, 0, ()))
                seen[each.version] = each
        order = {"live": 0, "challenger": 1, "proposed": 2, "shadow": 3, "draft": 4, "retired": 5}
        return sorted(found, key=lambda each: (each.id, order[each.state], -each.since_us, each.name))

    def _moments(self, seen: dict[str, Standing]) -> Iterator[tuple[str, Moment]]:
        """What happened to each version, in the journal's order. `seen` collects how each was called."""
        before: dict[str, str] = {}
        taken = {each.seq: each for each in self.taken}
        for seq in sorted({*taken, *self.steps}):
            if seq in taken:
                now = {each.version: each.state for each in taken[seq].policies}
                cause = self.steps.get(taken[seq].cause)
                step = cause.record if cause is not None else None
                for each in taken[seq].policies:
                    seen.setdefault(each.version, each)
                    if before.get(each.version) != each.state and each.state in _SEEN:
                        yield each.version, Moment(taken[seq].at_us, _word(each.state), step)
                for version, state in before.items():
                    if state in _SEEN and now.get(version) not in _SEEN:
                        yield version, Moment(taken[seq].at_us, "ended", step)
                before = now
                continue
            record = self.steps[seq].record
            about = self.steps.get(record.of) if record.of >= 0 else self.steps[seq]
            words: Mapping[str, Literal["proposed", "rejected", "withdrawn", "approved"]] = {
                "propose": "proposed", "reject": "rejected", "withdraw": "withdrawn", "approve": "approved",
            }  # fmt: skip
            if about is not None and record.verb in words:
                for each in about.policies:
                    if each.state in DECIDING:
                        seen.setdefault(each.version, each)
                        yield each.version, Moment(record.received_us, words[record.verb], record)


def _word(state: str) -> Literal["live", "challenger", "shadow"]:
    return "live" if state == "live" else "challenger" if state == "challenger" else "shadow"


def _standings(files: Mapping[str, str]) -> tuple[Standing, ...]:
    return tuple(
        Standing(each.version, each.id, each.on, each.state, each.path) for each in policy_files(files)
    )  # fmt: skip
