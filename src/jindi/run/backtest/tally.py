"""What is counted while candidates judge the past: sums that can be added up, kept on disk, and gone on with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from jindi.packs import OUTCOMES
from jindi.run.events import Scalar

STOPPED = tuple(str(outcome) for outcome in OUTCOMES[1:])
"""Everything but allow: the customer notices."""

Words = npt.NDArray[np.int64]
_OUTCOMES = tuple(str(outcome) for outcome in OUTCOMES)
_LABELS: tuple[bool | None, ...] = (None, False, True)

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

    def count(self, minor: int, label: bool | None, events: int = 1) -> None:
        """One more event; or several of one label, with their amounts together."""
        self.events += events
        self.minor += minor
        if label is True:
            self.true += events
            self.true_minor += minor
        elif label is False:
            self.false += events
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

    def count(self, was: str, would: str, minor: int, label: bool | None, events: int = 1) -> None:
        """One more event with both outcomes; or several alike."""
        self.decided.count(minor, label, events)
        self.live.setdefault(was, Money()).count(minor, label, events)
        self.candidate.setdefault(would, Money()).count(minor, label, events)

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
    """A changed decision to be shown: which one, and all that the candidate saw of it.

    Without facts it is only named: the candidate saw what the journal holds. That is read when all is counted
    (`columns.complete_samples`), for until then most samples lose their place to others.
    """

    digest: bytes
    seq: int
    facts: list[Scalar] | None
    absent: list[str]


def plain(facts: Sequence[Any]) -> list[Scalar]:
    """Facts as a sample keeps them."""
    return list(facts)


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
            self.disturb(customer, label, was, would)
        if was != would:
            self.allowed_otherwise += (was == "allow") != (would == "allow")
            digest = digest_of(event_id)
            self.keep(f"{was}>{would}", Sample(digest, seq, plain(facts), sorted(absent)))

    def disturb(self, customer: str, label: bool | None, was: str, would: str) -> None:
        """A customer whose event one side or the other stopped (nothing is counted when neither did)."""
        digest = digest_of(customer)
        for outcome, all_, honest in (
            (was, self.customers_live, self.honest_live),
            (would, self.customers, self.honest),
        ):
            if outcome != "allow":
                all_.add(digest)
                if label is not True:
                    honest.add(digest)

    def disturb_groups(self, names: Sequence[str], places: Words, groups: "Groups") -> None:
        """The customers of many events: each row's place among their names (-1: it has none)."""
        known: dict[int, bytes] = {}
        for outcomes, all_, honest in (
            (groups.was, self.customers_live, self.honest_live),
            (groups.would, self.customers, self.honest),
        ):
            stopped = (outcomes > 0) & (places >= 0)
            for chosen, held in ((stopped, all_), (stopped & (groups.labels != 1), honest)):
                seen = np.zeros(len(names), np.bool_)
                seen[places[chosen]] = True
                for place in np.flatnonzero(seen).tolist():
                    if place not in known:
                        known[place] = digest_of(names[place])
                    held.add(known[place])

    def wants(self, change: str, digest: bytes, seq: int) -> bool:
        """Whether a changed decision is among the few of its kind that are shown, as far as is known."""
        cell = self.samples.get(change, [])
        return len(cell) < SAMPLES_PER_CELL or (digest, seq) < (cell[-1].digest, cell[-1].seq)

    def keep(self, change: str, sample: Sample) -> None:
        """Show this changed decision, unless there are enough with lesser digests."""
        if not self.wants(change, sample.digest, sample.seq):
            return
        cell = self.samples.setdefault(change, [])
        cell.append(sample)
        cell.sort(key=lambda each: (each.digest, each.seq))
        del cell[SAMPLES_PER_CELL:]

    def count_groups(
        self, groups: "Groups", days: Sequence[str], day_of_row: Words, segment: tuple[Sequence[str], Words] | None
    ) -> None:
        """Many events with both outcomes. `day_of_row` are places in `days`; `segment` gives names, and each row's
        place among them (-1: it has none).
        """
        names: Sequence[str] = ()
        places = np.full(len(groups.seqs), -1)
        if segment is not None:
            names, places = segment
        for (day, place, was, would), events, minor, label in groups.together(day_of_row, places):
            had, has = _OUTCOMES[was], _OUTCOMES[would]
            self.whole.count(had, has, minor, label, events)
            self.days.setdefault(days[day], Slice()).count(had, has, minor, label, events)
            if place >= 0:
                self.segments.setdefault(names[place], Slice()).count(had, has, minor, label, events)
            self.matrix.setdefault(had, {}).setdefault(has, Money()).count(minor, label, events)

    @staticmethod
    def hit_groups(
        rules: dict[str, RuleTally], names: Sequence[str], hits: npt.NDArray[np.bool_], groups: "Groups"
    ) -> None:
        """The rules that one side hit on many events: (rule, event) whether it was."""
        bits = _words_of_bits(hits)
        once, twice = np.zeros_like(bits[:1]), np.zeros_like(bits[:1])
        for row in bits:
            twice |= once & row
            once |= row
        alone = np.bitwise_count(bits & (once & ~twice)).sum(axis=1, dtype=np.int64)
        for place in np.flatnonzero(bits.any(axis=1)).tolist():
            tally = rules.setdefault(names[place], RuleTally())
            for events, minor, label in groups.by_label(hits[place]):
                tally.hits.count(minor, label, events)
            tally.alone += int(alone[place])
            together = np.bitwise_count(bits & bits[place]).sum(axis=1, dtype=np.int64)
            for other in np.flatnonzero(together).tolist():
                if other != place:
                    tally.beside[names[other]] = tally.beside.get(names[other], 0) + int(together[other])

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
                self.keep(change, each)


@dataclass(frozen=True, slots=True)
class Groups:
    """Many events side by side: numbers, amounts in minor units, labels (1, 0, -1 unknown), outcomes' weights.

    `most` is no less than any amount, either way.
    """

    seqs: Words
    minor: Words
    labels: npt.NDArray[np.int8]
    was: Words
    would: Words
    most: int

    def together(
        self, days: Words, segments: Words
    ) -> Iterator[tuple[tuple[int, int, int, int], int, int, bool | None]]:
        """The events that have day, segment, outcomes and label in common: these, how many, amounts, the label."""
        outcomes = len(OUTCOMES)
        most = int(segments.max(initial=-1)) + 2
        key = (((days * most + segments + 1) * outcomes + self.was) * outcomes + self.would) * 3 + self.labels + 1
        if len(key) and int(key.max()) < 2**15:
            key = key.astype(np.int16)  # small numbers are sorted by their digits
        order = np.argsort(key, kind="stable")
        ranked, minor = key[order], self.minor[order]
        begins = np.flatnonzero(np.diff(ranked, prepend=-1))
        counts = np.diff(begins, append=len(ranked))
        for code, begin, events in zip(ranked[begins].tolist(), begins.tolist(), counts.tolist(), strict=True):
            rest, label = divmod(code, 3)
            rest, would = divmod(rest, outcomes)
            rest, was = divmod(rest, outcomes)
            day, segment = divmod(rest, most)
            total = exact_sum(minor[begin : begin + events], self.most)
            yield (day, segment - 1, was, would), events, total, _LABELS[label]

    def by_label(self, chosen: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, bool | None]]:
        """Of some events, label by label: how many, their amounts, the label."""
        rows = np.flatnonzero(chosen)
        labels, minor = self.labels[rows], self.minor[rows]
        for label, events in enumerate(np.bincount(labels + 1, minlength=3).tolist(), -1):
            if events:
                same = minor if events == len(minor) else minor[labels == label]
                yield events, exact_sum(same, self.most), _LABELS[label + 1]


def digest_of(text: str) -> bytes:
    """What a customer or an event is known by among what is counted."""
    return blake2b(text.encode(), digest_size=8).digest()


def farthest(values: Words) -> int:
    """The greatest distance from zero.

    >>> farthest(np.array([3, -(2**63)]))
    9223372036854775808
    """
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))


def exact_sum(values: Words, most: int) -> int:
    """A sum that never leaves its range; none of the values is farther than `most` from zero.

    >>> exact_sum(np.array([2**62, 2**62, 2**62]), 2**62)
    13835058055282163712
    """
    return int(values.sum()) if most * len(values) < 2**62 else sum(values.tolist())


def _words_of_bits(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """The rows as bits in words of 64, the last ones filled up with zeros."""
    packed = np.packbits(hits, axis=1)
    wide = np.zeros((len(hits), -(-packed.shape[1] // 8) * 8), np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide.view(np.uint64)
