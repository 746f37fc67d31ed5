"""What watched versions would have decided, held against what was decided: counted as it happens, and counted again
from the journal at a start.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from jindi.engine import EventProgram
from jindi.packs import OUTCOMES

SAMPLES_KEPT = 20
"""The newest decisions in which a version and the live one disagree: enough to see what kind they are."""

PAIRS_KEPT = 256
COST_EVERY = 64
"""One event in so many that are watched is judged again, with a watch running."""

_KINDS = len(OUTCOMES)


class Judgement(Protocol):
    """What is counted of a verdict, live or read back: rules by their place in the policy."""

    @property
    def hits(self) -> Sequence[int]:
        """The rules that stand."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """A decision that the watched version would have made otherwise; outcomes by weight."""

    seq: int
    live: int
    would: int


class RuleTally(msgspec.Struct, array_like=True):
    """A rule of a watched version: its hits, and those on events that the version would stop harder than was done.

    `live` are the hits of the live policy's rule of the same id on the same events.
    """

    hits: int = 0
    heavier: int = 0
    live: int = 0


class Tally(msgspec.Struct, array_like=True):
    """One watched version beside one live version. `matrix` counts events by (live outcome, would-be outcome), row by
    row; `since_us` and `until_us` are the times of the first and the last event in it.
    """

    version: str
    live: str
    on: str
    since_us: int
    until_us: int = 0
    events: int = 0
    matrix: list[int] = msgspec.field(default_factory=lambda: [0] * (_KINDS * _KINDS))
    rules: dict[str, RuleTally] = msgspec.field(default_factory=dict)
    samples: list[Sample] = msgspec.field(default_factory=list)

    @property
    def disagreements(self) -> int:
        """Events on which the two differ."""
        return self.events - sum(self.matrix[kind * (_KINDS + 1)] for kind in range(_KINDS))

    def cell(self, live: int, would: int) -> int:
        """Events that were decided so and would have been decided so; outcomes by weight."""
        return self.matrix[live * _KINDS + would]

    def rule(self, name: str) -> RuleTally:
        """The counts of a rule."""
        found = self.rules.get(name)
        if found is None:
            found = self.rules[name] = RuleTally()
        return found


class SideTally(msgspec.Struct, array_like=True):
    """One side of a split: what its version decided of its share. `outcomes` counts by weight."""

    version: str
    other: str
    side: int
    share_ppm: int
    seed: str
    on: str
    since_us: int
    until_us: int = 0
    events: int = 0
    outcomes: list[int] = msgspec.field(default_factory=lambda: [0] * _KINDS)
    rules: dict[str, int] = msgspec.field(default_factory=dict)


class Watched(msgspec.Struct, array_like=True):
    """All tallies of a lane."""

    tallies: list[Tally] = msgspec.field(default_factory=list)
    sides: list[SideTally] = msgspec.field(default_factory=list)


class Watch:
    """Counts for the lane. Costs nothing while no version is watched."""

    def __init__(self, watched: Watched | None = None) -> None:
        self.watched = watched or Watched()
        self._here: dict[tuple[EventProgram, int], tuple[Tally, ...]] = {}
        self._sides: dict[tuple[EventProgram, int], SideTally] = {}

    def count(
        self,
        ep: EventProgram,
        seq: int,
        as_of_us: int,
        side: int,
        live: Judgement,
        outcome: int,
        shadows: Iterable[tuple[int, Judgement]],
    ) -> None:
        """Count a decision that was watched; the tally is beside the version that decided. Outcomes come by weight."""
        tallies = self._here.get((ep, side))
        if tallies is None:
            tallies = self._here[ep, side] = tuple(self._of(ep, side, as_of_us))
        decider = ep.decider(side)
        decided = decider.policy.rules if decider is not None else ()
        for tally, program, (would, verdict) in zip(tallies, ep.shadows, shadows, strict=True):
            tally.events += 1
            tally.until_us = as_of_us
            tally.matrix[outcome * _KINDS + would] += 1
            if would != outcome:
                tally.samples.append(Sample(seq, outcome, would))
                if len(tally.samples) > SAMPLES_KEPT:
                    del tally.samples[0]
            rules = program.policy.rules
            for hit in verdict.hits:
                counts = tally.rule(rules[hit].id)
                counts.hits += 1
                counts.heavier += would > outcome
            for hit in live.hits:
                tally.rule(decided[hit].id).live += 1

    def side(self, ep: EventProgram, as_of_us: int, side: int, outcome: int, verdict: Judgement) -> None:
        """Count a decision of an event type that two policies share. The outcome comes by weight."""
        tally = self._sides.get((ep, side))
        if tally is None:
            tally = self._sides[ep, side] = self._side_of(ep, side, as_of_us)
        tally.events += 1
        tally.until_us = as_of_us
        tally.outcomes[outcome] += 1
        decider = ep.decider(side)
        assert decider is not None, "both sides have a policy"
        for hit in verdict.hits:
            name = decider.policy.rules[hit].id
            tally.rules[name] = tally.rules.get(name, 0) + 1

    def _side_of(self, ep: EventProgram, side: int, as_of_us: int) -> "SideTally":
        """The tally of one side of this split: it begins anew when either version or the split is another."""
        deciders, split = ep.deciders(), ep.split
        assert split is not None, "two policies share the events"
        if len(self._sides) > PAIRS_KEPT:
            self._sides.clear()
        version, other = deciders[side].policy.version, deciders[1 - side].policy.version
        key = (version, other, side, split.share_ppm, split.seed)
        for known in self.watched.sides:
            if (known.version, known.other, known.side, known.share_ppm, known.seed) == key:
                return known
        made = SideTally(version, other, side, split.share_ppm, split.seed, ep.event.name, as_of_us)
        self.watched.sides.append(made)
        del self.watched.sides[:-PAIRS_KEPT]
        return made

    def _of(self, ep: EventProgram, side: int, as_of_us: int) -> Iterator[Tally]:
        """The tallies of an event type's shadows, as they stand in its program."""
        decider = ep.decider(side)
        live = decider.policy.version if decider is not None else ""
        if len(self._here) > PAIRS_KEPT:
            self._here.clear()
        for shadow in ep.shadows:
            version = shadow.policy.version
            known = (each for each in self.watched.tallies if (each.version, each.live) == (version, live))
            found = next(known, None)
            if found is None:
                found = Tally(version, live, ep.event.name, as_of_us)
                self.watched.tallies.append(found)
                del self.watched.tallies[:-PAIRS_KEPT]
            yield found


class Cost(msgspec.Struct):
    """CPU that judging a version took, on the events on which it was measured."""

    events: int = 0
    nanoseconds: int = 0

    @property
    def microseconds(self) -> float | None:
        """The mean of one event; None before the first was measured."""
        return self.nanoseconds / 1_000 / self.events if self.events else None
