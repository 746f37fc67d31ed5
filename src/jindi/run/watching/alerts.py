"""Alerts about staff: what was given to people to look at, newest first, each with its reasons and the person's habits.

Read from the journal, at the places that the state remembers. Whoever asks sees what `Sight` lets him see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jindi.basics.instants import DAY_US
from jindi.engine import EventProgram, shown
from jindi.language import Value
from jindi.packs import OUTCOMES, Words
from jindi.run.archive import Outdated
from jindi.run.records import DecisionRecord, decision_id
from jindi.run.watching.sight import PACK, Sight, Viewer, suspects

if TYPE_CHECKING:
    from jindi.run.platform import Found, Platform

SCAN_MAX = 2_000
"""Places that one look reads at the most."""

MEASURES = ("customers", "caseless", "reveals", "rows")
"""What a person's day is held against: his own days and those of his peers."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired: its name, its sentence, what it rests on, and its points."""

    rule: str
    doc: Words
    basis: Words
    score: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `people` are those of the house whom it names, the suspect first; `action` is what he did, where it
    was an action; `status` what became of it.
    """

    seq: int
    decision_id: str
    at_us: int
    event_type: str
    event_doc: Words
    people: tuple[str, ...]
    line: str | None
    action: str | None
    outcome: str
    score: int
    reasons: tuple[Reason, ...]
    status: str
    repeats: int = 0
    """How many more there are on the same look of the same people, day and reasons: this is the newest of them."""

    @property
    def matter(self) -> tuple[object, ...]:
        """What is the same of repetitions."""
        return self.people, self.at_us // DAY_US, tuple(each.rule for each in self.reasons)


@dataclass(frozen=True, slots=True)
class Habit:
    """A measure of today beside the means and deviations of his own days and of his peers'; None where none are known.
    `usual_max` is what the rules still take for usual.
    """

    measure: str
    today: float | None
    own_mean: float | None
    own_std: float | None
    peers_mean: float | None
    peers_std: float | None
    usual_max: float | None


@dataclass(frozen=True, slots=True)
class Fact:
    """A field or a fact that a rule read, as it was at that moment; `is_token` where it stands for somebody."""

    name: str
    doc: Words | None
    value: str
    is_token: bool = False


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One alert in full."""

    alert: Alert
    fields: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    habits: tuple[Habit, ...]


class Alerts:
    """The alerts of one platform."""

    def __init__(self, platform: "Platform", sight: Sight) -> None:
        self._platform, self._sight = platform, sight

    def newest(self, viewer: Viewer, limit: int, before: int | None = None) -> tuple[list[Alert], int | None]:
        """The newest alerts that a viewer may see, and where an older look goes on; None when nothing is older."""
        found: dict[object, Alert] = {}
        platform = self._platform
        durable = platform.archive.log.next_seq()
        places = platform.lane.state.alerts.between(0, durable if before is None else min(before, durable))
        for count, seq in enumerate(reversed(places), 1):
            if (record := self._record(seq)) is not None:
                ep = platform.archive.program(record.definitions).events[record.event_type]
                if self._sight.may_see(viewer, ep.event, record.values):
                    alert = self._alert(seq, record, ep)
                    first = found.get(alert.matter)
                    if first is None and len(found) == limit:
                        return list(found.values()), seq + 1
                    found[alert.matter] = alert if first is None else replace(first, repeats=first.repeats + 1)
            if count == SCAN_MAX:
                return list(found.values()), seq if count < len(places) else None
        return list(found.values()), None

    def one(self, viewer: Viewer, identifier: str) -> AlertPage | None:
        """An alert by its decision's id; None when there is none, or none that the viewer may see."""
        try:
            found = self._platform.find(identifier)
        except LookupError:
            return None
        event = found.ep.event
        if event.pack != PACK or found.record.verdict.outcome == 0:
            return None
        if not self._sight.may_see(viewer, event, found.record.values):
            return None
        alert = self._alert(found.seq, found.record, found.ep)
        return AlertPage(alert, tuple(_fields(found)), tuple(_facts(found)), tuple(_habits(found)))

    def _record(self, seq: int) -> DecisionRecord | None:
        try:
            record = self._platform.archive.decision(seq)
            self._platform.archive.program(record.definitions)
        except (LookupError, Outdated):
            return None
        return record

    def _alert(self, seq: int, record: DecisionRecord, ep: EventProgram) -> Alert:
        verdict = record.verdict
        outcome = OUTCOMES[verdict.outcome]
        named = {field.name: value for field, value in zip(ep.event.fields, record.values, strict=True)}
        people = suspects(ep.event, record.values)
        line = named.get("line") or (self._sight.line_of(people[0]) if people else None)
        action = named.get("action")
        return Alert(
            seq=seq, decision_id=decision_id(seq), at_us=record.at_us, event_type=record.event_type,
            event_doc=ep.event.doc, people=people,
            line=str(line) if line is not None else None, action=str(action) if action is not None else None,
            outcome=str(outcome), score=verdict.score, reasons=tuple(_reasons(ep, record)),
            status=self._platform.lane.state.openings.status(seq, outcome),
        )  # fmt: skip


def _reasons(ep: EventProgram, record: DecisionRecord) -> Iterator[Reason]:
    decider = ep.decider(record.side)
    if decider is None:
        return
    hits = [decider.policy.rules[hit] for hit in record.verdict.hits]
    for rule in sorted(hits, key=lambda rule: -rule.score):
        yield Reason(rule.id, rule.doc, rule.basis, rule.score)


def _fields(found: "Found") -> Iterator[Fact]:
    named = dict(zip(found.ep.fields, found.record.values, strict=True))
    for field in found.ep.event.fields:
        if named[field.name] is not None:
            text = _text(shown(named[field.name], field.type, named.get))
            yield Fact(field.name, field.doc, text, field.identifier is not None)


def _facts(found: "Found") -> Iterator[Fact]:
    """What the rules that fired have read, beside the event's own fields."""
    ep, decider = found.ep, found.ep.decider(found.record.side)
    if decider is None:
        return
    read = [name for hit in found.record.verdict.hits for name in decider.policy.rules[hit].when.inputs]
    for name in dict.fromkeys(read):
        if name in ep.fields or name not in ep.index:
            continue
        value = found.facts[ep.index[name]]
        definitions = found.program.definitions
        limit = definitions.limits.get(name.removeprefix("limit('").removesuffix("')"))
        declared = definitions.features.get(name) or definitions.derived.get(name) or limit
        doc = declared.doc if declared is not None else None
        if value is not None:
            yield Fact(name, doc, _text(shown(value, ep.types[ep.index[name]], lambda _: None)))


def _text(value: object) -> str:
    """A value as people read it: no more digits than they can use."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _habits(found: "Found") -> Iterator[Habit]:
    def value(name: str) -> float | None:
        place = found.ep.index.get(name)
        known: Value = found.facts[place] if place is not None else None
        return float(known) if isinstance(known, int | float) else None

    for measure in MEASURES:
        habit = Habit(
            measure, value(f"staff_{measure}_today"), value(f"staff_own_{measure}_mean_28d"),
            value(f"staff_own_{measure}_std_28d"), value(f"staff_peer_{measure}_mean_28d"),
            value(f"staff_peer_{measure}_std_28d"), value(f"staff_usual_{measure}"),
        )  # fmt: skip
        if habit.today is not None:
            yield habit


def document(alert: Alert) -> dict[str, object]:
    """An alert as programs are given it."""
    return {
        "decision_id": alert.decision_id, "event_type": alert.event_type, "people": alert.people, "line": alert.line,
        "action": alert.action, "outcome": alert.outcome, "score": alert.score, "status": alert.status,
        "repeats": alert.repeats,
        "reasons": [
            {"rule": each.rule, "doc": each.doc.en, "doc_zh": each.doc.zh, "score": each.score}
            for each in alert.reasons
        ],
    }  # fmt: skip


def habits_of(habits: Sequence[Habit]) -> list[dict[str, object]]:
    """Habits as programs are given them."""
    return [{name: getattr(each, name) for name in Habit.__dataclass_fields__} for each in habits]
