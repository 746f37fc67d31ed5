"""The facts themselves made again: a state that is rebuilt from the journal as the lane built it, event by event.

The state follows what the journal says was decided (an allowed payment counts, a waiting one may be released), so the
first difference is the one that was planted; those behind it may follow from it. What only the clock knew stays given:
when an event was received, and which inputs were away; of the latter it is proved that they could have been.
"""

from collections.abc import Callable, Iterator

import msgspec

from jindi.engine import EventProgram, Program
from jindi.features import plan
from jindi.features.plan import Plan
from jindi.journal import Chain, unseal
from jindi.language import Value
from jindi.packs import OUTCOMES, Outcome
from jindi.run.answered import Answered
from jindi.run.archive import Archive
from jindi.run.blocks import Block, Feeder
from jindi.run.events import Event, Scalars
from jindi.run.intake import Refused
from jindi.run.records import DecisionRecord, DefinitionsRecord, Record, decode, encode_decision
from jindi.run.replay.causes import Cause
from jindi.run.replay.moments import NO_DECISION, Moments, Remade, verdict_of
from jindi.run.shapes import shown
from jindi.run.state import State
from jindi.run.surroundings import NUMBERLESS, Evidence, Surroundings

BLOCK_RECORDS = 4_096
REMEMBERED = 1 << 12
"""Answered ids that the state keeps: a replay asks for none."""

_KEEPING = ("release", "verdict")
"""Follow-ups that may let an earlier event count: the windows must have seen all events before them, and no other."""

Judged = tuple[int, Record | None, tuple[Cause, ...]]
"""A record's number, the record (None: it can't be read), and what is wrong with it."""


class Stop(Exception):  # noqa: N818 - what is told
    """The state can't be rebuilt any further; the message says why."""

    def __init__(self, seq: int, cause: Cause) -> None:
        self.seq, self.cause = seq, cause
        super().__init__(f"record {seq}: {cause.name or cause.kind}")


class Absences(msgspec.Struct):
    """Whether inputs may have been away: past a policy's deadline, or while features caught up after a change.

    Under one set of definitions a type lacks the same features until all have caught up, and then none; under the
    journal's first definitions nothing has to catch up.
    """

    caught_up: bool
    lacking: dict[str, tuple[str, ...]] = {}

    def allowed(self, ep: EventProgram, absent: tuple[str, ...]) -> bool:
        """Whether the next decision of this type may have had to do without these."""
        if absent and ep.live is not None and ep.live.policy.deadline_us and absent == tuple(sorted(ep.windows)):
            return True
        lacking = self.lacking.setdefault(ep.event.name, () if self.caught_up else absent)
        if not absent:
            self.caught_up = self.caught_up or bool(lacking)
            return True
        return not self.caught_up and absent == lacking and absent == tuple(sorted({*absent} & {*ep.windows}))


class _Fed:
    """The windows as the state sees them here: events went in with their block, only old ones that are let go don't."""

    def __init__(self, windows: Surroundings) -> None:
        self._windows = windows
        self.accepted: Scalars | None = None

    def feed(self, event_type: str, as_of_us: int, values: Scalars, name: int = NUMBERLESS) -> None:
        """Fed already."""

    def keep(self, event_type: str, as_of_us: int, values: Scalars) -> None:
        """The event in hand went in as an accepted one; one of long ago goes in now."""
        if values is not self.accepted:
            self._windows.keep(event_type, as_of_us, values)


class _Waiting(msgspec.Struct, gc=False):
    seq: int
    record: DecisionRecord
    raw: bytes
    event: Event
    ep: EventProgram


def layout_of(moments: Moments, turns: list[int]) -> Plan | None:
    """The windows' plan after these definitions, one after the other; None when there were none, or they are gone."""
    layout: Plan | None = None
    for seq in turns:
        program = moments.program(seq)
        if program is None:
            return None
        layout = plan(program.definitions, program.reads, before=layout)
    return layout


class Rebuilding:
    """Goes along the journal from where the chain stands. `turns` are the definitions records passed, the first one
    those that the state began under.
    """

    def __init__(
        self, moments: Moments, state: State | None, chain: Chain, absences: Absences, turns: list[int]
    ) -> None:  # fmt: skip
        self._moments, self.state, self.chain = moments, state, chain
        self._archive: Archive = moments.archive
        self.absences, self.turns = absences, turns
        self._block: list[_Waiting] = []
        if state is not None:
            self._use(state)

    def _use(self, state: State) -> None:
        self.state = state
        state.windows.evidence_of = tuple(sorted(frozenset().union(*(each.all for each in state.spoken.values()))))
        self._fed = _Fed(state.windows)
        state.feed_through(self._fed)

    def run(self, last: int, told: Callable[[int], None] = lambda _: None) -> Iterator[Judged]:
        """Every record up to `last`, in order; `told` the number of those done, may raise to interrupt: nothing is half
        done then.

        Raises ChainBroken, LogDamaged, or Stop.
        """
        for frame in self._archive.log.read(self.chain.next_seq):
            if frame.first >= last:
                break
            for seq, raw in enumerate(self.chain.follow(frame), frame.first):
                if seq >= last:
                    break
                if self.state is not None and seq < self.state.next_seq:
                    continue  # the snapshot lies amid this batch
                yield from self._next(seq, raw)
            if len(self._block) >= BLOCK_RECORDS:
                yield from self._flush()
            if not self._block and self.state is not None:
                told(self.state.next_seq)
        yield from self._flush()

    def _next(self, seq: int, raw: bytes) -> Iterator[Judged]:
        try:
            record = decode(raw)
        except (ValueError, IndexError):
            yield from self._flush()
            yield seq, None, (Cause("unreadable"),)
            return
        if isinstance(record, DefinitionsRecord):
            yield from self._flush()
            self._turn(seq)
            yield seq, record, self._moments.causes(seq)
            return
        if not isinstance(record, DecisionRecord):
            yield from self._flush()
            if self.state is not None:
                self.state.next_seq = seq + 1
            yield seq, record, ()  # what people did is told, not made again
            return
        waiting = self._waiting(seq, record, raw)
        if isinstance(waiting, Cause):
            yield from self._flush()
            yield seq, record, (waiting,)
            return
        self._block.append(waiting)
        if waiting.ep.event.lifecycle in _KEEPING:
            yield from self._flush()

    def _waiting(self, seq: int, record: DecisionRecord, raw: bytes) -> _Waiting | Cause:
        if self.state is None:
            raise Stop(seq, Cause("definitions", "a decision before any definitions"))
        ep = self._program_of(self.state.definitions_seq, record)
        if isinstance(ep, Cause):
            return ep
        return _Waiting(seq, record, raw, record.event, ep)

    # ---- one set of definitions after the other

    def _turn(self, seq: int) -> None:
        """Go on under the definitions of a record, as the lane did."""
        program = self._moments.program(seq)
        if program is None:
            raise Stop(seq, Cause("definitions", "they can't be had", seq))
        if self.state is None:
            state = State.fresh(program)
            state.answered = Answered(most=REMEMBERED)
        else:
            before = self.state.windows.plan
            windows = Surroundings(program, before)
            missing = windows.adopt(self.state.windows)
            state = self.state.under(program, windows, frozenset())
            if missing:
                state.take(self._warmed(program, before, seq))
            self.absences = Absences(caught_up=False)
        self.turns.append(seq)
        state.definitions_seq, state.next_seq = seq, seq + 1
        self._use(state)

    def _warmed(self, program: Program, before: Plan, until: int) -> Surroundings:
        """What new features would have seen: the journal so far, into windows of their own."""
        side = State.fresh(program, Surroundings(program, before))
        side.answered = Answered(most=REMEMBERED)
        feeder = Feeder(side.windows)
        side.feed_through(feeder)
        then, high_us = -1, 0
        for frame in self._archive.log.read(0):
            for seq, raw in enumerate(unseal(frame.batch).records, frame.first):
                if seq >= until:
                    return feeder.flush()
                try:
                    record = decode(raw)
                except (ValueError, IndexError):
                    continue  # told when it was passed
                if isinstance(record, DefinitionsRecord):
                    then = seq
                elif isinstance(record, DecisionRecord) and not isinstance(self._program_of(then, record), Cause):
                    high_us = max(high_us, record.at_us)
                    if (record.definitions, record.as_of_us) != (then, high_us):
                        # Told when it was passed; here the lane went on as it must have.
                        record = msgspec.structs.replace(record, definitions=then, as_of_us=high_us)
                    side.apply(seq, record, self._archive.values_today(record, program.definitions))
        return feeder.flush()

    def _program_of(self, definitions: int, record: DecisionRecord) -> EventProgram | Cause:
        """The program of a record's event type, if the record can be one of these definitions."""
        program = self._moments.program(definitions)
        ep = program.events.get(record.event_type) if program is not None else None
        if ep is None:
            return Cause("event", "no such type under these definitions", record.event_type)
        if (cause := self._moments.misfit(definitions, ep, record.values)) is not None:
            return cause
        if not 0 <= record.verdict.outcome < len(OUTCOMES):
            return Cause("outcome", "", str(record.verdict.outcome))
        return ep

    # ---- events in blocks

    def _flush(self) -> Iterator[Judged]:
        block, self._block = self._block, []
        if not block or self.state is None:
            return
        rows = self._fed_block(self.state, block)
        evidence = self.state.windows.found
        for place, each in enumerate(block):
            found = evidence[place] if evidence else {}
            yield each.seq, each.record, self._judge(self.state, each, next(rows[each.record.event_type]), found)

    def _fed_block(self, state: State, block: list[_Waiting]) -> dict[str, Iterator[list[Value]]]:
        events, high_us = Block(), state.high_us
        for each in block:
            high_us = max(high_us, each.event.at_us)
            events.add(each.event.type, high_us, each.event.values, each.seq)
            if OUTCOMES[each.record.verdict.outcome] is Outcome.ALLOW and state.accepts(each.event.type):
                events.accept(each.event.values)
        try:
            return {name: iter(answers.rows()) for name, answers in events.into(state.windows).items()}
        except (OverflowError, ValueError) as error:
            raise Stop(block[0].seq, Cause("undecidable", f"windows: {type(error).__name__}")) from None

    def _judge(
        self, state: State, each: _Waiting, features: list[Value], evidence: Evidence
    ) -> tuple[Cause, ...]:  # fmt: skip
        record, event = each.record, each.event
        absent = frozenset(record.absent if self.absences.allowed(each.ep, record.absent) else ())
        outcome = OUTCOMES[record.verdict.outcome]
        self._fed.accepted = event.values
        high_us = max(event.at_us, state.high_us)
        causes: tuple[Cause, ...]
        try:
            gathered = state.gather_with(event, features, absent)
            decision = state.decide(event, gathered)
            raw = encode_decision(
                state.definitions_seq, gathered.as_of_us, record.received_us, event,
                gathered.base[len(event.values) :], sorted(absent), gathered.late, decision,
                shown(evidence, state.spoken[event.type].of(decision, absent)),
            )  # fmt: skip
        except (Refused, *NO_DECISION) as error:  # a limit that had no value on that day, or facts of another kind
            causes = (Cause("undecidable", type(error).__name__),)
        else:
            causes = verdict_of(each.ep, record, each.raw, Remade(raw, list(gathered.facts)))
        try:
            state.applied(each.seq, event, high_us, outcome, record.verdict.wait_us)
        except (OverflowError, ValueError) as error:
            raise Stop(each.seq, Cause("undecidable", f"windows: {type(error).__name__}")) from None
        return causes
