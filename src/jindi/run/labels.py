"""What turned out about past events, and since when it was known: the truth that policies and models are held against.

Labels are said by events (a charge-back, a customer's report, an analyst's verdict), late, and sometimes taken
back: the last word counts. Every word keeps when the platform heard it, so that "what was known then" has one answer,
and nothing that was not known then can slip into a training row or a metric.

An event that nobody has spoken of counts as false once it is mature, and as unknown before. Never does this page
guess at younger ones, and never does it read anything but what the journal holds.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jindi.language import Value, build_values, evaluate
from jindi.packs import OUTCOMES, Definitions, LabelDef, Outcome, WordDef
from jindi.run.archive import Archive
from jindi.run.events import Scalars
from jindi.run.records import DecisionRecord, decision_seq


class Said(NamedTuple):
    """One word: when the platform heard it, by which record of the journal, and what it says."""

    known_us: int
    seq: int
    value: bool


@dataclass(slots=True)
class _Speaker:
    """A way in which one event type speaks about one label."""

    label: str
    word: WordDef
    names_at: int
    value: Callable[[Sequence[Value]], tuple[Value, ...]]


@dataclass(slots=True)
class _Heard:
    """The words about one label, by the id of the event or of its decision."""

    by_event: dict[str, list[Said]] = field(default_factory=dict)
    by_seq: dict[int, list[Said]] = field(default_factory=dict)


class Labels:
    """All words about all labels that some definitions declare."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._heard = {name: _Heard() for name in definitions.labels}
        self._speakers: dict[str, list[_Speaker]] = {}
        for label in definitions.labels.values():
            for word in label.words:
                fields = [each.name for each in definitions.events[word.event].fields]
                slots = {name: place for place, name in enumerate(fields)}
                speaker = _Speaker(label.name, word, slots[word.names], build_values([word.value], slots))
                self._speakers.setdefault(word.event, []).append(speaker)

    @classmethod
    def of(cls, archive: Archive, definitions: Definitions, *, before: int | None = None) -> "Labels":
        """The words that a journal holds (up to a record's number)."""
        labels = cls(definitions)
        labels.hear_all(archive, 0, before)
        return labels

    def hear_all(self, archive: Archive, first: int, before: int | None = None) -> None:
        """Take in what a journal's records from `first` on say (up to a record's number)."""
        for seq, record in archive.records(first):
            if before is not None and seq >= before:
                return
            if isinstance(record, DecisionRecord) and self.is_said_by(record.event_type):
                self.hear(seq, record, archive.values_today(record, self.definitions))

    def is_said_by(self, event_type: str) -> bool:
        """Whether events of a type say anything about a label."""
        return event_type in self._speakers

    def hear(self, seq: int, record: DecisionRecord, values: Scalars | None) -> None:
        """Take in a journalled event; `values` are its fields in today's order.

        One that its own policy did not let through says nothing.
        """
        if values is not None:
            self.hear_said(seq, record.event_type, record.as_of_us, OUTCOMES[record.verdict.outcome], values)

    def hear_said(self, seq: int, event_type: str, as_of_us: int, outcome: Outcome, values: Scalars) -> None:
        """Take in what an event says, wherever it was kept; which of several is heard first makes no difference."""
        if outcome is not Outcome.ALLOW:
            return
        for speaker in self._speakers.get(event_type, ()):
            about, (value,) = values[speaker.names_at], speaker.value(values)
            if not isinstance(about, str) or not isinstance(value, bool):
                continue
            heard, said = self._heard[speaker.label], Said(as_of_us, seq, value)
            if not speaker.word.by_decision:
                heard.by_event.setdefault(about, []).append(said)
                continue
            try:
                heard.by_seq.setdefault(decision_seq(about), []).append(said)
            except ValueError:
                continue  # no decision's id: it is about nothing

    def words(self, label: str, seq: int, event_id: str) -> list[Said]:
        """All that was said about an event, in the order in which it was heard."""
        heard = self._heard[label]
        return sorted([*heard.by_event.get(event_id, ()), *heard.by_seq.get(seq, ())], key=lambda said: said.seq)

    def known(self, label: str, seq: int, event_id: str, by_us: int) -> bool | None:
        """The last word heard by an instant (that instant included); None when there was none."""
        said = [word for word in self.words(label, seq, event_id) if word.known_us <= by_us]
        return said[-1].value if said else None

    def settled(self, label: str, seq: int, event_id: str, as_of_us: int, by_us: int) -> bool | None:
        """The last word, or false for an event that is mature by then; None while that can't be said yet."""
        known = self.known(label, seq, event_id, by_us)
        if known is None and as_of_us + self.definitions.labels[label].mature_us <= by_us:
            return False
        return known

    def settled_column(
        self, label: str, seqs: npt.NDArray[np.int64], event_ids: Sequence[str], as_of_us: npt.NDArray[np.int64],
        by_us: int,
    ) -> npt.NDArray[np.int8]:  # fmt: skip
        """What `settled` says of many decisions at once: 1 true, 0 false, -1 not yet."""
        mature_us = self.definitions.labels[label].mature_us
        found = np.where(as_of_us + mature_us <= by_us, 0, -1).astype(np.int8)
        heard = self._heard[label]
        spoken = {place for place, event_id in enumerate(event_ids) if event_id in heard.by_event}
        if heard.by_seq:
            spoken.update(
                np.flatnonzero(np.isin(seqs, np.fromiter(heard.by_seq, np.int64, len(heard.by_seq)))).tolist()
            )
        for place in spoken:
            known = self.known(label, int(seqs[place]), event_ids[place], by_us)
            if known is not None:
                found[place] = known
        return found


@dataclass(frozen=True, slots=True)
class Example:
    """A past decision with the facts that it saw and what was known about it at some later cut."""

    seq: int
    event_id: str
    event_type: str
    as_of_us: int
    facts: Mapping[str, Value]
    value: bool


def examples(
    archive: Archive, labels: Labels, label: str, event_type: str, *, since_us: int = 0, cut_us: int
) -> Iterator[Example]:
    """The decisions from `since_us` up to a cut whose label is settled by the cut, with the facts of their moment.

    Raises LookupError when the label is not about this event type.
    """
    definition = labels.definitions.labels[label]
    if event_type not in definition.on:
        raise LookupError(f"the label {label} is not about {event_type}")
    for seq, record in archive.records():
        if not isinstance(record, DecisionRecord) or record.event_type != event_type:
            continue
        if record.as_of_us > cut_us:
            return  # time never goes back in a journal
        if record.as_of_us < since_us:
            continue
        value = labels.settled(label, seq, record.event_id, record.as_of_us, cut_us)
        if value is not None:
            yield Example(seq, record.event_id, event_type, record.as_of_us, facts_of(archive, record), value)


def facts_of(archive: Archive, record: DecisionRecord) -> dict[str, Value]:
    """Every fact that a decision saw, by its name."""
    ep = archive.program(record.definitions).events[record.event_type]
    facts = ep.complete([*record.values, *record.facts], frozenset(record.absent))
    return dict(zip(ep.slots, facts, strict=True))


@dataclass(frozen=True, slots=True)
class Leak:
    """A training row that holds what could not be known at its cut, or not what was known."""

    seq: int
    what: str


def leaks(rows: Iterable[Example], archive: Archive, definition: LabelDef, cut_us: int) -> Iterator[Leak]:
    """Hold training rows, wherever they come from, against the journal: each row that is not what was known.

    It asks the journal anew for each row and takes no index's word for it, so it is slow, and independent of how
    the rows were made.
    """
    words = list(_words_about(archive, definition))
    for row in rows:
        try:
            record = archive.decision(row.seq)
        except LookupError:
            yield Leak(row.seq, "the journal holds no such decision")
            continue
        if (record.event_id, record.event_type) != (row.event_id, row.event_type):
            yield Leak(row.seq, "it is another event's row")
            continue
        if record.as_of_us > cut_us:
            yield Leak(row.seq, "it was decided after the cut")
        about = [said for target, said in words if target in (record.event_id, row.seq) and said.known_us <= cut_us]
        mature = record.as_of_us + definition.mature_us <= cut_us
        if not about and not mature:
            yield Leak(row.seq, "nothing was known of it, and it was not mature")
        elif row.value is not (about[-1].value if about else False):
            yield Leak(row.seq, "its label is not what was known at the cut")
        journalled = facts_of(archive, record)
        wrong = sorted(name for name, value in row.facts.items() if journalled.get(name) != value)
        if wrong:
            yield Leak(row.seq, f"facts that the decision did not see: {', '.join(wrong)}")


def _words_about(archive: Archive, definition: LabelDef) -> Iterator[tuple[str | int, Said]]:
    for seq, record in archive.records():
        if not isinstance(record, DecisionRecord) or OUTCOMES[record.verdict.outcome] is not Outcome.ALLOW:
            continue
        for word in definition.words:
            if word.event != record.event_type:
                continue
            fields = archive.program(record.definitions).definitions.events[word.event].fields
            given = {each.name: value for each, value in zip(fields, record.values, strict=True)}
            value = evaluate(word.value, given.__getitem__)
            target = given.get(word.names)
            if isinstance(value, bool) and isinstance(target, str):
                try:
                    yield (decision_seq(target) if word.by_decision else target), Said(record.as_of_us, seq, value)
                except ValueError:
                    continue


@dataclass(frozen=True, slots=True)
class Step:
    """Of the events that turn out true, this share is known to be within this time."""

    after_us: int
    share: float


def maturity(labels: Labels, label: str, decided: Iterable[tuple[int, str, int]], by_us: int) -> list[Step]:
    """How fast a label becomes known: over (seq, event id, as_of) of past events, as seen at `by_us`.

    Young events have shown only their quick labels so far, so the plain share of delays flatters. This is the
    estimator for right-truncated delays (Lagakos, Barraj & De Gruttola 1988, Biometrika 75:515): the share known
    within d is the product, over the observed delays u > d, of 1 - n(u)/N(u), with n(u) delays equal to u and N(u)
    delays up to u of events that are at least u old. It says nothing of delays longer than the oldest event is old.
    """
    delays, ages = [], []
    for seq, event_id, as_of_us in decided:
        said = [word for word in labels.words(label, seq, event_id) if word.known_us <= by_us]
        if said and said[-1].value:
            first = next(word for word in said if word.value)
            delays.append(max(0, first.known_us - as_of_us))
            ages.append(by_us - as_of_us)
    return truncated_share(delays, ages)


def truncated_share(delays_us: Sequence[int], ages_us: Sequence[int]) -> list[Step]:
    """The estimator of `maturity`, over delays and the ages of their events (never below the delay).

    >>> truncated_share([1, 2, 2, 5], [9, 9, 9, 9])
    [Step(after_us=1, share=0.25), Step(after_us=2, share=0.75), Step(after_us=5, share=1.0)]
    """
    steps: list[Step] = []
    share = 1.0
    delays, ages = sorted(delays_us), sorted(ages_us)
    end = len(delays)
    while end:
        begin = bisect_left(delays, delays[end - 1])
        steps.append(Step(delays[begin], share))
        # Whoever is too young for this delay has had a shorter one: all of them are among the `end`.
        share *= 1 - (end - begin) / (end - bisect_left(ages, delays[begin]))
        end = begin
    return steps[::-1]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about one label and event type at an instant. Only the `mature` share of the decided is fit
    for metrics: among younger events those with a label are the quick ones.
    """

    label: str
    event_type: str
    decided: int
    mature: int
    true: int
    false: int
    unknown: int
    curve: tuple[Step, ...]

    def within(self, share: float) -> int | None:
        """How long it takes until this share of the true ones is known, in microseconds; None without any."""
        return next((step.after_us for step in self.curve if step.share >= share), None)


def standing(
    archive: Archive, labels: Labels, by_us: int, told: Callable[[int], None] = lambda _: None
) -> list[Standing]:
    """How every label stands, per event type that it is about. Told the number of records read, now and then."""
    decided: dict[str, list[tuple[int, str, int]]] = {}
    for seq, record in archive.records():
        if isinstance(record, DecisionRecord) and record.as_of_us <= by_us:
            decided.setdefault(record.event_type, []).append((seq, record.event_id, record.as_of_us))
        if seq % 4096 == 0:
            told(seq)
    found = []
    for label in labels.definitions.labels.values():
        for event_type in label.on:
            rows = decided.get(event_type, [])
            values = [labels.settled(label.name, *row, by_us) for row in rows]
            mature = sum(as_of_us + label.mature_us <= by_us for _, _, as_of_us in rows)
            curve = tuple(maturity(labels, label.name, rows, by_us))
            found.append(
                Standing(label.name, event_type, len(rows), mature, values.count(True), values.count(False),
                         values.count(None), curve)
            )  # fmt: skip
    return found
