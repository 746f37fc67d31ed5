"""What is counted while candidates judge the past: sums that can be added up, kept on disk, and gone on with."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from jindi.packs import OUTCOMES
from jindi.run.events import Scalar

STOPPED = tuple(str(outcome) for outcome in OUTCOMES[1:])
"""Everything but allow: the customer notices."""

SAMPLES_PER_CELL = 5
"""Changed decisions that are shown with their explanations, of each kind of change."""


class Money(msgspec.Struct):
    """How many events, and their amounts in minor units: all, those labelled true, those labelled false."""

    events: int = 0
    minor: int = 0
    true: int = 0
    true_minor: int = 0
    false: int = 0
    false_minor: int = 0

    def count(self, minor: int, label: bool | None) -> None:
        """One more event."""
        self.events += 1
        self.minor += minor
        if label is True:
            self.true += 1
            self.true_minor += minor
        elif label is False:
            self.false += 1
            self.false_minor += minor

    def add(self, other: "Money") -> None:
        """What another part of the past has counted."""
        self.events += other.events
        self.minor += other.minor
        self.true += other.true
        self.true_minor += other.true_minor
        self.false += other.false
        self.false_minor += other.false_minor


class Slice(msgspec.Struct):
    """A day, a segment, or the whole: all events, and by outcome what each side made of them."""

    decided: Money = msgspec.field(default_factory=Money)
    live: dict[str, Money] = msgspec.field(default_factory=dict)
    candidate: dict[str, Money] = msgspec.field(default_factory=dict)

    def count(self, was: str, would: str, minor: int, label: bool | None) -> None:
        """One more event with both outcomes."""
        self.decided.count(minor, label)
        self.live.setdefault(was, Money()).count(minor, label)
        self.candidate.setdefault(would, Money()).count(minor, label)

    def add(self, other: "Slice") -> None:
        """What another part of the past has counted."""
        self.decided.add(other.decided)
        for mine, theirs in ((self.live, other.live), (self.candidate, other.candidate)):
            for outcome, money in theirs.items():
                mine.setdefault(outcome, Money()).add(money)


class RuleTally(msgspec.Struct):
    """A rule's hits, those where no other rule was hit, and how often it was hit together with others."""

    hits: Money = msgspec.field(default_factory=Money)
    alone: int = 0
    beside: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: "RuleTally") -> None:
        """What another part of the past has counted."""
        self.hits.add(other.hits)
        self.alone += other.alone
        for rule, count in other.beside.items():
            self.beside[rule] = self.beside.get(rule, 0) + count


class Sample(msgspec.Struct, frozen=True):
    """A changed decision to be shown: which one, and all that the candidate saw of it."""

    digest: bytes
    seq: int
    facts: list[Scalar]
    absent: list[str]


class Tally(msgspec.Struct):
    """Everything counted for one candidate and one event type. `customers` are digests of entities that were stopped;
    `honest` of those stopped on an event whose label is not true.
    """

    whole: Slice = msgspec.field(default_factory=Slice)
    matrix: dict[str, dict[str, Money]] = msgspec.field(default_factory=dict)
    days: dict[str, Slice] = msgspec.field(default_factory=dict)
    segments: dict[str, Slice] = msgspec.field(default_factory=dict)
    rules_live: dict[str, RuleTally] = msgspec.field(default_factory=dict)
    rules: dict[str, RuleTally] = msgspec.field(default_factory=dict)
    customers_live: set[bytes] = msgspec.field(default_factory=set)
    customers: set[bytes] = msgspec.field(default_factory=set)
    honest_live: set[bytes] = msgspec.field(default_factory=set)
    honest: set[bytes] = msgspec.field(default_factory=set)
    degraded: int = 0
    allowed_otherwise: int = 0
    """Events that one side let through and the other did not."""
    samples: dict[str, list[Sample]] = msgspec.field(default_factory=dict)
    """Per kind of change the few decisions with the least digests: the same ones however the past was cut."""

    def count(
        self, seq: int, event_id: str, day: str, segment: str | None, customer: str | None, minor: int,
        label: bool | None, was: str, would: str, facts: Sequence[Any], absent: frozenset[str],
    ) -> None:  # fmt: skip
        """One event with both outcomes, and the facts that the candidate saw."""
        self.whole.count(was, would, minor, label)
        self.days.setdefault(day, Slice()).count(was, would, minor, label)
        if segment is not None:
            self.segments.setdefault(segment, Slice()).count(was, would, minor, label)
        self.matrix.setdefault(was, {}).setdefault(would, Money()).count(minor, label)
        if customer is not None:
            self._disturb(customer, label, was, would)
        if was != would:
            self.allowed_otherwise += (was == "allow") != (would == "allow")
            digest = blake2b(event_id.encode(), digest_size=8).digest()
            self._sample(f"{was}>{would}", digest, seq, facts, absent)

    def _disturb(self, customer: str, label: bool | None, was: str, would: str) -> None:
        digest = blake2b(customer.encode(), digest_size=8).digest()
        for outcome, all_, honest in (
            (was, self.customers_live, self.honest_live),
            (would, self.customers, self.honest),
        ):
            if outcome != "allow":
                all_.add(digest)
                if label is not True:
                    honest.add(digest)

    def _sample(self, change: str, digest: bytes, seq: int, facts: Sequence[Any], absent: Iterable[str]) -> None:
        cell = self.samples.setdefault(change, [])
        if len(cell) < SAMPLES_PER_CELL or (digest, seq) < (cell[-1].digest, cell[-1].seq):
            cell.append(Sample(digest, seq, list(facts), sorted(absent)))
            cell.sort(key=lambda sample: (sample.digest, sample.seq))
            del cell[SAMPLES_PER_CELL:]

    @staticmethod
    def hit(rules: dict[str, RuleTally], hits: Iterable[str], minor: int, label: bool | None) -> None:
        """The rules that one side hit on an event."""
        names = list(hits)
        for rule in names:
            tally = rules.setdefault(rule, RuleTally())
            tally.hits.count(minor, label)
            if len(names) == 1:
                tally.alone += 1
            for other in names:
                if other != rule:
                    tally.beside[other] = tally.beside.get(other, 0) + 1

    def add(self, other: "Tally") -> None:
        """What another part of the past has counted."""
        self.whole.add(other.whole)
        for was, row in other.matrix.items():
            for would, money in row.items():
                self.matrix.setdefault(was, {}).setdefault(would, Money()).add(money)
        for mine, theirs in ((self.days, other.days), (self.segments, other.segments)):
            for name, part in theirs.items():
                mine.setdefault(name, Slice()).add(part)
        for rules, others in ((self.rules_live, other.rules_live), (self.rules, other.rules)):
            for name, rule in others.items():
                rules.setdefault(name, RuleTally()).add(rule)
        self.customers_live |= other.customers_live
        self.customers |= other.customers
        self.honest_live |= other.honest_live
        self.honest |= other.honest
        self.degraded += other.degraded
        self.allowed_otherwise += other.allowed_otherwise
        for change, cell in other.samples.items():
            for each in cell:
                self._sample(change, each.digest, each.seq, each.facts, each.absent)
