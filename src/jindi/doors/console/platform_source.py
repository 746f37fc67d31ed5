"""The running platform as the console sees it: answers from memory, or with one short read of the journal."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from jindi.basics.instants import MINUTE_US
from jindi.doors.console.source import (
    ALL_DECISIONS,
    DecisionFilter,
    DecisionPage,
    DecisionRow,
    FieldLine,
    JournalPlace,
    Minute,
    PolicyView,
    ReplayLine,
    ReplayView,
    RuleCount,
    ScenarioScore,
    Scoreboard,
    Stats,
)
from jindi.engine import EventProgram, Explanation, Facts, advice_of
from jindi.engine.showing import shown
from jindi.language import Kind, Value
from jindi.packs import OUTCOMES, EventDef, Outcome, PolicyDef, Words
from jindi.run.archive import Outdated
from jindi.run.lane import Decided
from jindi.run.measures import MINUTES_KEPT, quantile_us
from jindi.run.platform import Found, Platform
from jindi.run.records import DecisionRecord, decision_id
from jindi.run.replay import Cause
from jindi.run.state import STAFF
from jindi.run.watching import NOBODY, Alert, AlertPage, Alerts, Sight, Viewer

RATE_SECONDS = 10
TOP_RULES = 10


class PlatformSource:
    """The console's `Source` over a live platform, as a viewer sees it: without one, nobody's business is in it.
    `score` gives the simulation's figures, if one runs.
    """

    def __init__(
        self, platform: Platform, score: Callable[[], Mapping[str, Any] | None] = lambda: None,
        viewer: Viewer = NOBODY, sight: Sight | None = None,
    ) -> None:  # fmt: skip
        self._platform, self._score = platform, score
        self._sight, self._viewer = sight or Sight(platform), viewer
        self._alerts = Alerts(platform, self._sight)

    def seen_by(self, viewer: Viewer) -> "PlatformSource":
        """The same, as this viewer sees it."""
        return PlatformSource(self._platform, self._score, viewer, self._sight)

    def recent(
        self, limit: int, before: int | None = None, wanted: DecisionFilter = ALL_DECISIONS
    ) -> Sequence[DecisionRow]:
        """The newest decisions that fit, newest first."""
        fitting = (row for row in self._newest(before, wanted) if _fits(row, wanted))
        return list(islice(fitting, limit))

    def _newest(self, before: int | None, wanted: DecisionFilter) -> Iterator[DecisionRow]:
        """What may fit, newest first: what this lane has decided, and then what was decided before it began."""
        kept = self._kept(wanted)
        for decided in reversed(kept):
            if decided.latency_us is None or (before is not None and decided.seq >= before):
                continue
            if not _plainly_unfit(
                decided.decision.outcome, decided.event.type, decided.event.at_us, wanted
            ) and self._sight.may_see(self._viewer, decided.ep.event, decided.event.values):
                yield self._row(decided)
        if len(kept) == kept.maxlen:
            return  # between what is remembered and the start some are forgotten
        for earlier in self._platform.earlier()[0]:
            record = earlier.record
            if before is not None and earlier.seq >= before:
                continue
            outcome = OUTCOMES[record.verdict.outcome]
            if not _plainly_unfit(outcome, record.event_type, record.at_us, wanted) and self._sight.may_see(
                self._viewer, earlier.ep.event, record.values
            ):
                yield self._journalled(earlier.seq, record, earlier.ep)

    def rows_of(self, found: Sequence[tuple[int, DecisionRecord]]) -> Sequence[DecisionRow]:
        """Decisions that were read from the journal, as rows; those that the viewer may not see are not among them."""
        rows = []
        for seq, record in found:
            try:
                ep = self._platform.archive.program(record.definitions).events[record.event_type]
            except Outdated:
                continue
            if self._sight.may_see(self._viewer, ep.event, record.values):
                rows.append(self._journalled(seq, record, ep))
        return rows

    def horizon_us(self, wanted: DecisionFilter = ALL_DECISIONS) -> int | None:
        """The instant of the oldest decision that `recent` can still find for a filter."""
        kept = self._kept(wanted)
        if len(kept) == kept.maxlen:
            return kept[0].event.at_us
        earlier, is_all = self._platform.earlier()
        if is_all:
            return None
        if earlier:
            return earlier[-1].record.at_us
        return kept[0].event.at_us if kept else self._platform.started_us

    def _kept(self, wanted: DecisionFilter) -> deque[Decided]:
        """Where all that fits is found: what was stopped, hit, late or degraded is kept for longer."""
        lane, stopped = self._platform.lane, wanted.outcome not in (None, Outcome.ALLOW)
        return lane.remarkable if stopped or wanted.rule or wanted.trouble else lane.recent

    def _row(self, decided: Decided) -> DecisionRow:
        program, decision = decided.ep, decided.decision
        decider = program.decider(decision.side)
        rules = tuple(decider.policy.rules[hit].id for hit in decision.hits) if decider is not None else ()
        subject, minor, currency = _subject(program.event, decided.event.values)
        return DecisionRow(
            seq=decided.seq,
            decision_id=decision_id(decided.seq),
            event_id=decided.event.id,
            event_type=decided.event.type,
            at_us=decided.event.at_us,
            outcome=decision.outcome,
            score=decision.score,
            rules=rules,
            subject=subject,
            amount_minor=minor,
            currency=currency,
            latency_us=decided.latency_us,
            degraded=bool(decision.degraded),
            late=decided.late,
            status=self._platform.lane.state.openings.status(decided.seq, decision.outcome),
        )

    def _journalled(self, seq: int, record: DecisionRecord, ep: EventProgram) -> DecisionRow:
        """A row of what the journal says; how long an answer took it does not say."""
        verdict, decider = record.verdict, ep.decider(record.side)
        subject, minor, currency = _subject(ep.event, record.values)
        outcome = OUTCOMES[verdict.outcome]
        return DecisionRow(
            seq=seq, decision_id=decision_id(seq), event_id=record.event_id, event_type=record.event_type,
            at_us=record.at_us, outcome=outcome, score=verdict.score,
            rules=tuple(decider.policy.rules[hit].id for hit in verdict.hits) if decider is not None else (),
            subject=subject, amount_minor=minor, currency=currency,
            degraded=bool(verdict.degraded), late=record.late,
            status=self._platform.lane.state.openings.status(seq, outcome),
            exempted=tuple(decider.policy.rules[each].id for each in verdict.exempted) if decider is not None else (),
        )  # fmt: skip

    def _find(self, identifier: str) -> Found | None:
        try:
            found = self._platform.find(identifier)
        except LookupError:
            return None
        return found if self._sight.may_see(self._viewer, found.ep.event, found.record.values) else None

    def staff_alerts(self, limit: int, before: int | None = None) -> tuple[Sequence[Alert], int | None]:
        """The newest alerts about staff that the viewer may see."""
        return self._alerts.newest(self._viewer, limit, before)

    def staff_alert(self, identifier: str) -> AlertPage | None:
        """An alert about staff, if the viewer may see it."""
        return self._alerts.one(self._viewer, identifier)

    def decision(self, identifier: str) -> DecisionPage | None:
        """A decision by its id."""
        found = self._find(identifier)
        if found is None:
            return None
        record, ep = found.record, found.ep
        verdict = record.verdict
        live = ep.decider(record.side)
        recent = {each.seq: each for each in self._platform.lane.recent}.get(found.seq)
        row = self._journalled(found.seq, record, ep)
        if recent is not None:
            row = replace(row, latency_us=recent.latency_us)
        place = self._platform.archive.place(found.seq)
        values = dict(zip(ep.fields, record.values, strict=True))
        retry = values.get("retry_of")
        return DecisionPage(
            row=row,
            as_of_us=record.as_of_us,
            received_us=record.received_us,
            policy=live.policy.id if live is not None else None,
            policy_digest=live.policy.digest if live is not None else None,
            definitions_digest=found.program.digest,
            place=JournalPlace(found.seq, place.first, place.head.hex()),
            fields=tuple(_lines(ep, found.facts)),
            method=verdict.method,
            wait_us=verdict.wait_us,
            absent=record.absent,
            retry_of=retry if isinstance(retry, str) else None,
            advice=advice_of(ep, record.side, Outcome(row.outcome), verdict.hits),
        )

    def explanation(self, identifier: str) -> Callable[[], Explanation] | None:
        """Why a decision is as it is: the facts are found now, the reckoning is for a thread."""
        found = self._find(identifier)
        return partial(self._platform.explanation, found) if found is not None else None

    def replay(self, identifier: str) -> Callable[[], ReplayView] | None:
        """A decision made again; it is found now, the rest is for a thread."""
        found = self._find(identifier)
        return partial(self._replayed, found) if found is not None else None

    def _replayed(self, found: Found) -> ReplayView:
        proof = self._platform.replay(found)
        return ReplayView(len(proof.raw), proof.digest, tuple(_replay_line(cause) for cause in proof.causes))

    def event_types(self) -> Sequence[tuple[str, Words]]:
        """The event types that a policy decides."""
        program = self._platform.program
        return [(name, ep.event.doc) for name, ep in program.events.items() if ep.live is not None]

    def stats(self) -> Stats:
        """The platform's pulse now."""
        platform, measures = self._platform, self._platform.measures
        now_us = platform.now_us()
        docs = {
            (policy.id, rule.id): rule.doc
            for policy in platform.program.definitions.policies
            for rule in policy.rules
            # Who sees a count move when he has just done something knows that he was noticed.
            if policy.pack != STAFF
        }
        rules = [
            RuleCount(policy, rule, docs[policy, rule], hits)
            for (policy, rule), hits in measures.rules.most_common(TOP_RULES * 2)
            if (policy, rule) in docs
        ]
        return Stats(
            as_of_us=now_us,
            started_us=platform.started_us,
            decisions=measures.outcomes.total(),
            per_second=measures.rate(now_us, RATE_SECONDS),
            minutes=tuple(_minutes(measures.minutes, now_us)),
            latency_us_p50=quantile_us(measures.latency, 0.5),
            latency_us_p99=quantile_us(measures.latency, 0.99),
            rules=tuple(rules[:TOP_RULES]),
            waiting=platform.lane.waiting,
            stopped=platform.lane.stopped,
            telling_us=None if platform.held is None else platform.lane.state.high_us,
            told_from_us=platform.held_from_us,
        )

    def scoreboard(self) -> Scoreboard | None:
        """The simulation against its ground truth."""
        figures = self._score()
        if figures is None:
            return None
        scenarios = tuple(
            ScenarioScore(
                scenario=name, episodes=line["episodes"], episodes_caught=line["episodes_caught"],
                events=line["events"], events_caught=line["events_stopped"],
                caught_minor=line["saved_minor"], missed_minor=line["missed_minor"],
            )
            for name, line in figures["scenarios"].items()
        )  # fmt: skip
        return Scoreboard(
            currency="CNY",
            honest=figures["honest_events"],
            wrongly_stopped=figures["honest_disturbed"],
            scenarios=scenarios,
        )

    def policies(self) -> Sequence[PolicyView]:
        """All policies: live first, then shadows and drafts."""
        definitions, measures = self._platform.program.definitions, self._platform.measures
        order = {"live": 0, "shadow": 1, "draft": 2}
        return [
            PolicyView(
                policy=policy,
                limits=tuple(definitions.limits[name] for name in _limits_of(policy) if name in definitions.limits),
                decided={} if policy.pack == STAFF else self._decided(policy),
                hits={}
                if policy.pack == STAFF
                else {
                    rule.id: (measures.shadow_rules if policy.state == "shadow" else measures.rules)[policy.id, rule.id]
                    for rule in policy.rules
                },
                is_confidential=policy.pack == STAFF,
            )
            for policy in sorted(definitions.policies, key=lambda each: (order[each.state], each.id))
        ]

    def _decided(self, policy: PolicyDef) -> Mapping[Outcome, int]:
        measures = self._platform.measures
        if policy.state == "live" and self._platform.program.definitions.challenger(policy.on) is not None:
            sides = [each for each in self._platform.watched.sides if each.version == policy.version]
            return {outcome: sum(side.outcomes[n] for side in sides) for n, outcome in enumerate(Outcome)}
        if policy.state == "live":
            return {outcome: measures.outcomes[policy.on, outcome] for outcome in Outcome}
        return {outcome: measures.shadow_outcomes[policy.id, outcome] for outcome in Outcome}


def _replay_line(cause: Cause) -> ReplayLine:
    name = " ".join(filter(None, (cause.policy, cause.name)))
    return ReplayLine(cause.kind, name, *(_told(value) for value in (cause.journalled, cause.recomputed)))


def _told(value: object) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) or "–" if isinstance(value, tuple | list) else str(value)


def _limits_of(policy: PolicyDef) -> Sequence[str]:
    conditions = [rule.when for rule in policy.rules] + [exemption.when for exemption in policy.exemptions]
    asked = {text for when in conditions for text in when.inputs if text.startswith("limit('")}
    return sorted(text[len("limit('") : -2] for text in asked)


def _minutes(kept: Any, now_us: int) -> Iterator[Minute]:
    """The minutes since the first decision, without gaps."""
    by_start = {minute.start_us: minute for minute in kept}
    if not by_start:
        return
    last = now_us - now_us % MINUTE_US
    first = max(min(by_start), last - (MINUTES_KEPT - 1) * MINUTE_US)
    for start_us in range(first, last + 1, MINUTE_US):
        minute = by_start.get(start_us)
        if minute is None:
            yield Minute(start_us, {})
        else:
            outcomes = {Outcome(name): count for name, count in minute.outcomes.items()}
            yield Minute(start_us, outcomes, quantile_us(minute.latency, 0.5), quantile_us(minute.latency, 0.99))


def _plainly_unfit(outcome: Outcome, event_type: str, at_us: int, wanted: DecisionFilter) -> bool:
    """What can be told before a row is made."""
    return (
        (wanted.outcome is not None and outcome != wanted.outcome)
        or (wanted.event_type is not None and event_type != wanted.event_type)
        or not wanted.has(at_us)
    )


def _fits(row: DecisionRow, wanted: DecisionFilter) -> bool:
    if wanted.rule is not None and wanted.rule not in row.rules:
        return False
    if wanted.text and not any(wanted.text in text for text in (row.decision_id, row.event_id, row.subject or "")):
        return False
    if wanted.trouble == "degraded":
        return row.degraded
    return row.late if wanted.trouble == "late" else True


def _subject(event: EventDef, values: Sequence[Value]) -> tuple[str | None, int | None, str | None]:
    """The key of the first entity, and the first amount with its currency."""
    subject: str | None = None
    minor: int | None = None
    currency: str | None = None
    named = {field.name: value for field, value in zip(event.fields, values, strict=True)}
    for field in event.fields:
        value = named[field.name]
        if subject is None and field.entity is not None and isinstance(value, str):
            subject = value
        if minor is None and field.type.kind is Kind.MONEY and isinstance(value, int):
            beside = named.get(field.type.currency_field or "")
            minor, currency = value, field.type.of or (beside if isinstance(beside, str) else None)
    return subject, minor, currency


def _lines(ep: EventProgram, facts: Facts) -> Iterator[FieldLine]:
    named = dict(zip(ep.fields, facts[: len(ep.fields)], strict=True))
    for field in ep.event.fields:
        text = shown(named[field.name], field.type, named.get)
        yield FieldLine(
            field.name,
            field.doc,
            text,
            field.type.kind,
            field.data_class,
            field.identifier is not None,
        )
