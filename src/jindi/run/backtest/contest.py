"""One candidate against the past: each journalled event judged again by the candidate's packs.

Two ways to the same answer. *By facts*: where the candidate's features, lists and fields are those that a decision
saw, the journalled facts are judged again; events are independent then and go to all cores. *By replay*: otherwise a
state of the candidate's own is built from the journal's beginning, event by event, as recovery does. Up to `since` the
past counts as it was; from there on the candidate's own outcomes count, for what counts accepted events.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jindi.engine import Decision, EventProgram, Program, decide, refit
from jindi.language import Kind, Value
from jindi.packs import OUTCOMES, Definitions
from jindi.run.archive import Archive
from jindi.run.backtest.tally import Tally
from jindi.run.blocks import BLOCK_EVENTS, Block
from jindi.run.events import Event
from jindi.run.labels import Labels
from jindi.run.records import DecisionRecord
from jindi.run.state import State

if TYPE_CHECKING:
    from jindi.run.backtest.columns import Sourcing

Words = npt.NDArray[np.int64]
Told = Callable[[int], None]
"""Told the number of records done, now and then; may raise to interrupt."""

_TELL_EVERY = 2048
NEWEST_MAX = 1_000


EVER_US = 2**60
"""Later than any instant."""


class Mode(StrEnum):
    """How a candidate is judged."""

    FACTS = "facts"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the past: instants [since, until) of events."""

    since_us: int = 0
    until_us: int = EVER_US


@dataclass(frozen=True, slots=True)
class Candidate:
    """Packs to be tried, under a name."""

    name: str
    program: Program


@dataclass(frozen=True, slots=True)
class Judged:
    """One past event and what the candidate makes of it."""

    seq: int
    record: DecisionRecord
    ep: EventProgram
    facts: list[Value]
    absent: frozenset[str]
    decision: Decision


class Contest:
    """A candidate, a journal and what is known of it by an instant."""

    def __init__(
        self, archive: Archive, candidate: Candidate, span: Span, *, label: str | None = None,
        labels: Labels | None = None, known_by_us: int = 0, segment: str | None = None,
    ) -> None:  # fmt: skip
        self.archive, self.candidate, self.span = archive, candidate, span
        self.label, self._labels, self._known_by_us = label, labels, known_by_us
        self._segment = segment
        self._fits: dict[tuple[int, str], bool] = {}
        self._bases: dict[tuple[int, str], bool] = {}
        self._views: dict[tuple[int, str], View] = {}
        self.sources: dict[tuple[str, int], Sourcing] = {}
        """Where the archive has what the policies read, per event type and definitions (see `columns`)."""
        self.newest: dict[str, deque[Judged]] = {}
        """The last events judged here, per type: what the cost is measured on."""

    @property
    def types(self) -> frozenset[str]:
        """The event types that the candidate has a policy for."""
        return frozenset(name for name, ep in self.candidate.program.events.items() if ep.live is not None)

    def mode(self, first: int, last: int, known: Iterable[int] = ()) -> Mode:
        """How the candidate must be judged over records [first, last): by facts if it asks nothing else of any
        definitions that were in force. `known` are those of records before `first` that are to be judged, too.
        """
        for seq in {*known, *_definitions_between(self.archive, first, last)}:
            then = self.archive.program(seq).definitions
            if not all(self._fits_facts(seq, then, name) for name in self.types):
                return Mode.REPLAY
        return Mode.FACTS

    def feeds_back(self, tallies: dict[str, Tally]) -> bool:
        """Whether, judged by facts, some outcome changed what counts accepted events: then only a replay is right."""
        return any(tally.allowed_otherwise and name in self._come_back for name, tally in tallies.items())

    @property
    def may_feed_back(self) -> bool:
        """Whether outcomes that change could change facts at all."""
        return not self._come_back.isdisjoint(self.types)

    @property
    def _come_back(self) -> set[str]:
        """The event types whose outcomes come back into a feature."""
        features = self.candidate.program.definitions.features.values()
        return {name for feature in features if feature.counts == "accepted" for name in feature.of}

    def _fits_facts(self, seq: int, then: Definitions, event_type: str) -> bool:
        key = (seq, event_type)
        if key not in self._fits:
            self._fits[key] = self._fits_anew(seq, then, event_type)
        return self._fits[key]

    def _same_base(self, seq: int, old: EventProgram, new: EventProgram) -> bool:
        """Whether the journalled facts are the candidate's as they stand: same slots, same limits."""
        key = (seq, new.event.name)
        if key not in self._bases:
            then, today = old.definitions.limits, new.definitions.limits
            self._bases[key] = (
                old.slots[: old.base_count] == new.slots[: new.base_count]
                and old.zone == new.zone
                and all(then[name].steps == today[name].steps for name in new.limits)
            )
        return self._bases[key]

    def _fits_anew(self, seq: int, then: Definitions, event_type: str) -> bool:
        if event_type not in then.events:
            return True  # no such event was journalled under these definitions
        today = self.candidate.program.definitions
        old, new = self.archive.program(seq).events[event_type], self.candidate.program.events[event_type]
        if old.event.fields != new.event.fields:
            return False
        if any(then.features.get(name) != today.features[name] for name in new.windows):
            return False
        if not set(new.windows) <= set(old.windows):
            return False
        asked = {(member.name, member.list_name) for member in old.members}
        wanted = {(member.name, member.list_name) for member in new.members}
        return wanted <= asked and all(then.lists.get(name) == today.lists[name] for _, name in wanted)

    # ---- the two ways

    def by_facts(self, first: int, last: int, told: Told = lambda _: None) -> Iterator[Judged]:
        """Judge the records [first, last) on the facts that the journal holds for them."""
        for seq, record in self._wanted(first, last, told):
            yield self.judged(seq, record)

    def _wanted(self, first: int, last: int, told: Told = lambda _: None) -> Iterator[tuple[int, DecisionRecord]]:
        """Of the records [first, last) the decisions that are asked about."""
        types, span = self.types, self.span
        for seq, record in self._decisions(first, last, told):
            if record.event_type in types and span.since_us <= record.as_of_us < span.until_us:
                yield seq, record

    def judged(self, seq: int, record: DecisionRecord) -> Judged:
        """One journalled decision, judged again on the facts that it saw."""
        old = self.archive.program(record.definitions).events[record.event_type]
        new = self.candidate.program.events[record.event_type]
        absent = frozenset(record.absent)
        base: list[Value] = [*record.values, *record.facts]
        if not self._same_base(record.definitions, old, new):
            refitted, gone = refit(old, new, old.complete(base, absent), record.as_of_us)
            assert not gone, "asked by `mode`"
            base, absent = refitted[: new.base_count], absent & frozenset(new.windows)
        facts = new.complete(base, absent)
        return Judged(seq, record, new, facts, absent, decide(new, facts, absent))

    def by_replay(self, last: int, told: Told = lambda _: None) -> Iterator[Judged]:
        """Judge all records up to `last` with a state of the candidate's own, from the journal's beginning."""
        program = self.candidate.program
        state = State.fresh(program)
        if any(state.accepts(name) for name in program.events):
            yield from self._one_by_one(state, last, told)
        else:
            yield from self._in_blocks(state, last, told)

    def _one_by_one(self, state: State, last: int, told: Told) -> Iterator[Judged]:
        for seq, record in self._decisions(0, last, told):
            values = self.archive.values_today(record, self.candidate.program.definitions)
            if values is None or record.as_of_us < self.span.since_us:
                state.apply(seq, record, values)
                continue
            if record.as_of_us >= self.span.until_us:
                return
            event = Event(record.event_id, record.event_type, record.at_us, values)
            gathered = state.gather(event, feed=True)
            ep = self.candidate.program.events[event.type]
            decision = decide(ep, gathered.facts, gathered.absent)
            state.applied(seq, event, gathered.as_of_us, decision.outcome, decision.wait_us)
            if event.type in self.types:
                yield Judged(seq, record, ep, list(gathered.facts), gathered.absent, decision)

    def _in_blocks(self, state: State, last: int, told: Told) -> Iterator[Judged]:
        """Where no decision comes back into a feature, the windows are read in blocks; lists still go one by one."""
        block: list[tuple[int, DecisionRecord, Event]] = []
        for seq, record in self._decisions(0, last, told):
            values = self.archive.values_today(record, self.candidate.program.definitions)
            if values is None:
                continue
            if record.as_of_us >= self.span.until_us:
                break
            block.append((seq, record, Event(record.event_id, record.event_type, record.at_us, values)))
            if len(block) >= BLOCK_EVENTS:
                yield from self._block(state, block)
                block = []
        yield from self._block(state, block)

    def _block(self, state: State, block: list[tuple[int, DecisionRecord, Event]]) -> Iterator[Judged]:
        events = Block()
        for _, record, event in block:
            events.add(event.type, record.as_of_us, event.values)
        rows = {name: iter(answers.rows()) for name, answers in events.into(state.windows).items()}
        for seq, record, event in block:
            features = next(rows[event.type])
            ep = self.candidate.program.events[event.type]
            decided = record.as_of_us >= self.span.since_us
            if decided or ep.event.lifecycle is not None:
                gathered = state.gather_with(event, features)
                decision = decide(ep, gathered.facts)
            outcome = decision.outcome if decided else OUTCOMES[record.verdict.outcome]
            state.applied(seq, event, record.as_of_us, outcome, decision.wait_us if decided else record.verdict.wait_us)
            if decided and event.type in self.types:
                yield Judged(seq, record, ep, list(gathered.facts), gathered.absent, decision)

    def _decisions(self, first: int, last: int, told: Told) -> Iterator[tuple[int, DecisionRecord]]:
        for seq, record in self.archive.records(first):
            if seq >= last:
                return
            if (seq - first) % _TELL_EVERY == 0:
                told(seq - first)
            if isinstance(record, DecisionRecord):
                yield seq, record

    # ---- counting

    def view(self, definitions: int, event_type: str) -> "View":
        """Where the things that are counted stand, for decisions made under some definitions."""
        key = (definitions, event_type)
        if key not in self._views:
            then = self.archive.program(definitions).events[event_type]
            self._views[key] = View.of(then, self.candidate.program.events[event_type], self._segment)
        return self._views[key]

    def remember_newest(self, first: int, last: int) -> None:
        """Judge the last events of each type among the records [first, last), and keep them at hand."""
        newest: dict[str, deque[tuple[int, DecisionRecord]]] = {}
        for seq, record in self._wanted(first, last):
            newest.setdefault(record.event_type, deque(maxlen=NEWEST_MAX)).append((seq, record))
        for found in newest.values():
            for seq, record in found:
                self.remember(self.judged(seq, record))

    def remember(self, judged: Judged) -> None:
        """Keep an event at hand for measuring what judging costs."""
        self.newest.setdefault(judged.record.event_type, deque(maxlen=NEWEST_MAX)).append(judged)

    def count(self, judged: Judged, tallies: dict[str, Tally]) -> None:
        """Add one judged event to its type's tally."""
        record, decision = judged.record, judged.decision
        tally = tallies.setdefault(record.event_type, Tally())
        view = self.view(record.definitions, record.event_type)
        minor = view.minor(judged.facts)
        label = None
        if self._labels is not None and self.label is not None:
            label = self._labels.settled(self.label, judged.seq, record.event_id, record.as_of_us, self._known_by_us)
        tally.count(
            judged.seq, record.event_id, _day(record.as_of_us, judged.ep), view.text(view.segment_at, judged.facts),
            view.text(view.customer_at, judged.facts), minor, label, str(OUTCOMES[record.verdict.outcome]),
            str(decision.outcome), judged.facts, judged.absent,
        )  # fmt: skip
        tally.degraded += bool(decision.degraded)
        Tally.hit(tally.rules_live, [view.rules_live[record.side][hit] for hit in record.verdict.hits], minor, label)
        Tally.hit(tally.rules, [view.rules[decision.side][hit] for hit in decision.hits], minor, label)

    def labels_of(self, seqs: Words, event_ids: Sequence[str], as_of_us: Words) -> npt.NDArray[np.int8]:
        """The label of each of many decisions as it counts: 1 true, 0 false, -1 unknown."""
        if self._labels is None or self.label is None:
            return np.full(len(seqs), -1, np.int8)
        return self._labels.settled_column(self.label, seqs, event_ids, as_of_us, self._known_by_us)

    @property
    def asks_for_labels(self) -> bool:
        """Whether decisions are held against a label."""
        return self._labels is not None and self.label is not None


@dataclass(frozen=True, slots=True)
class View:
    """Where in the facts of an event type the things stand that are counted."""

    amount_at: int | None
    customer_at: int | None
    segment_at: int | None
    rules_live: tuple[tuple[str, ...], ...]
    rules: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, then: EventProgram, now: EventProgram, segment: str | None) -> "View":
        """The view of decisions made under one program, judged by another."""
        fields = {field.name: (place, field) for place, field in enumerate(now.event.fields)}
        place, field = fields.get("amount", (None, None))
        amount_at = place if field is not None and field.type.kind is Kind.MONEY and field.type.of else None
        customers = [place for place, field in fields.values() if field.entity in ("user", "customer")]
        return cls(
            amount_at, customers[0] if customers else None, now.index.get(segment) if segment else None,
            *(tuple(tuple(rule.id for rule in side.policy.rules) for side in ep.deciders()) for ep in (then, now)),
        )  # fmt: skip

    def names(self, now: EventProgram) -> tuple[str, ...]:
        """The slots that are counted by."""
        places = (self.amount_at, self.customer_at, self.segment_at)
        return tuple(now.slots[place] for place in places if place is not None)

    def minor(self, facts: list[Value]) -> int:
        """The event's amount in minor units; 0 when it has none."""
        value = facts[self.amount_at] if self.amount_at is not None else None
        return value if isinstance(value, int) else 0

    @staticmethod
    def text(place: int | None, facts: list[Value]) -> str | None:
        """A fact as text."""
        return None if place is None or facts[place] is None else str(facts[place])


def _day(at_us: int, ep: EventProgram) -> str:
    return ep.day(at_us).isoformat()


def _definitions_between(archive: Archive, first: int, last: int) -> list[int]:
    """The definitions records that decisions of [first, last) were made with."""
    found: dict[int, None] = {}
    for seq, record in archive.records(first):
        if seq >= last:
            break
        if isinstance(record, DecisionRecord):
            found[record.definitions] = None
    return list(found)
