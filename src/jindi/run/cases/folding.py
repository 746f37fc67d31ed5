"""Records of the journal taken into the cases, some thousand at a time: read once, changed in memory, kept at once."""

from typing import Final

import msgspec

from jindi.basics.money import EXPONENTS
from jindi.cases import (
    Alert,
    Case,
    Merge,
    Split,
    Taken,
    alert_of,
    joined,
    opened,
    parted,
    rank_of,
    stepped,
    taken_in,
    unpack_step,
)
from jindi.packs import LEVELS, OUTCOMES, Outcome, TypologyDef, Words
from jindi.ports import CaseAlert, CaseRow, CaseStep, CaseStore
from jindi.run.archive import Archive, Outdated
from jindi.run.records import CaseRecord, DecisionRecord, Record

STAFF_PACK: Final = "staff"
"""What it finds is shown to those outside the suspect's line alone, on a page of its own: it makes no cases."""

_encode = msgspec.msgpack.Encoder().encode
_case = msgspec.msgpack.Decoder(Case).decode
_alert = msgspec.msgpack.Decoder(Alert).decode


def subject_key(entity: str, subject: str) -> str:
    """Whose a case is, in one text.

    >>> subject_key("user", "u1")
    'user:u1'
    """
    return f"{entity}:{subject}"


def row_of(case: Case) -> CaseRow:
    """A case as it is kept."""
    # In hundredths of whole units, whatever the minor unit is.
    hundredths = (abs(minor) * 100 // 10 ** EXPONENTS[currency] for currency, minor in case.amounts.items())
    return CaseRow(
        id=case.id, typology=case.typology, subject=subject_key(case.entity, case.subject), state=case.state,
        assignee=case.assignee, level=LEVELS.index(case.level), escalated=int(case.escalated), rank_us=rank_of(case),
        opened_us=case.opened_us, due_us=case.due_us, wakes_us=case.wakes_us or 0, closed_us=case.closed_us or 0,
        money=max(hundredths, default=0), alerts=case.alerts,
        lot=case.lot if case.waits_for_review else -1,
        looked_us=max((each.at_us for each in case.looks), default=0), tags=case.tags, body=_encode(case),
    )  # fmt: skip


def case_of(row: CaseRow) -> Case:
    """A case from what is kept."""
    return _case(row.body)


def alert_in(row: CaseAlert) -> Alert:
    """An alert from what is kept."""
    return _alert(row.body)


class Folding:
    """One piece of the journal on its way into the store: `take` each record, then `keep`."""

    def __init__(self, store: CaseStore, archive: Archive) -> None:
        self._store, self._archive = store, archive
        self._cases: dict[str, Case] = {}
        self._of: dict[tuple[str, str], dict[str, Case]] = {}
        self._alerts: dict[int, CaseAlert] = {}
        self._steps: list[CaseStep] = []

    def take(self, seq: int, record: Record) -> None:
        """Take in one record; what has nothing to do with cases changes nothing."""
        if isinstance(record, DecisionRecord):
            self._decided(seq, record)
        elif isinstance(record, CaseRecord):
            self._stepped(seq, record)

    def keep(self, cursor: int, mark: bytes) -> None:
        """Make what was taken in the store's, up to a place of the journal and with the journal's mark there."""
        rows = [row_of(case) for case in self._cases.values()]
        self._store.put(rows, list(self._alerts.values()), self._steps, cursor, mark)
        self._cases, self._of, self._alerts, self._steps = {}, {}, {}, []

    # ---- decisions

    def _decided(self, seq: int, record: DecisionRecord) -> None:
        if not record.verdict.outcome:
            return
        try:
            program = self._archive.program(record.definitions)
        except Outdated:
            return  # what this version of Jindi can't read any more makes no case
        ep, definitions = program.events[record.event_type], program.definitions
        decider = ep.decider(record.side)
        if ep.event.pack == STAFF_PACK or decider is None:
            return
        hits = [decider.policy.rules[hit] for hit in record.verdict.hits]
        alert = alert_of(
            seq, ep.event, record.values, record.as_of_us, OUTCOMES[record.verdict.outcome], record.verdict.score, hits,
            definitions.typologies,
        )  # fmt: skip
        if alert is not None:
            self._joins(alert, definitions.typologies[alert.typology])

    def _joins(self, alert: Alert, typology: TypologyDef) -> None:
        """An alert comes to the newest open case of its subject and kind; where there is none it begins one."""
        like = self._like(alert.entity, alert.subject, typology.name).values()
        case = max(
            (each for each in like if each.state == "open"), key=lambda each: (each.opened_us, each.id), default=None
        )
        if case is not None:
            case = joined(case, alert)
        else:
            closed = (each for each in like if each.state == "closed")
            earlier = max(closed, key=lambda each: (each.closed_us or 0, each.id), default=None)
            case = opened(alert, typology, earlier=earlier.id if earlier is not None else "")
        self._put(case)
        self._belongs(alert, case.id)

    def _belongs(self, alert: Alert, case: str) -> None:
        self._alerts[alert.seq] = CaseAlert(alert.seq, case, alert.at_us, _encode(alert))

    # ---- steps

    def _stepped(self, seq: int, record: CaseRecord) -> None:
        case = self._find(record.case)
        if case is None:
            return
        try:
            step = unpack_step(record.body)
        except msgspec.ValidationError:
            return  # a later version of Jindi wrote it
        by = Taken(record.name, record.received_us)
        if isinstance(step, Merge):
            self._merged(case, step, by, seq)
        elif isinstance(step, Split):
            self._split(case, step, by, seq)
        else:
            self._put(stepped(case, step, by))
        self._steps.append(CaseStep(seq, case.id, record.received_us, record.name, record.verb, record.body))

    def _merged(self, case: Case, step: Merge, by: Taken, seq: int) -> None:
        target = self._find(step.into)
        if target is None:
            return
        alerts = self._alerts_of(case.id)
        self._put(taken_in(target, alerts, case))
        self._put(stepped(case, step, by))
        for alert in alerts:
            self._belongs(alert, target.id)
        self._steps.append(CaseStep(seq, target.id, by.at_us, by.name, "merged_in", _told(step, case.id)))

    def _split(self, case: Case, step: Split, by: Taken, seq: int) -> None:
        alerts = self._alerts_of(case.id)
        going = [alert for alert in alerts if alert.seq in step.alerts]
        staying = [alert for alert in alerts if alert.seq not in step.alerts]
        if not going:
            return
        first, *others = sorted(going, key=lambda alert: alert.seq)
        new = opened(first, _kind_of(case), seq)
        for alert in others:
            new = joined(new, alert)
        new = msgspec.structs.replace(
            new, level=case.level, due_us=case.due_us, assignee=case.assignee, assigned_us=case.assigned_us,
            first_taken_us=case.first_taken_us, entity=case.entity, subject=case.subject, typology=case.typology,
        )  # fmt: skip
        self._put(new)
        self._put(stepped(parted(case, staying), step, by))
        for alert in going:
            self._belongs(alert, new.id)
        self._steps.append(CaseStep(seq, new.id, by.at_us, by.name, "split_off", _told(step, case.id)))

    # ---- what is known

    def _put(self, case: Case) -> None:
        self._cases[case.id] = case
        self._like(case.entity, case.subject, case.typology)[case.id] = case

    def _find(self, identifier: str) -> Case | None:
        if identifier in self._cases:
            return self._cases[identifier]
        row = self._store.case(identifier)
        return case_of(row) if row is not None else None

    def _like(self, entity: str, subject: str, typology: str) -> dict[str, Case]:
        """All cases of a subject and kind, as they stand now."""
        key = (subject_key(entity, subject), typology)
        if key not in self._of:
            self._of[key] = {row.id: case_of(row) for row in self._store.of_subject(*key)}
        return self._of[key]

    def _alerts_of(self, case: str) -> list[Alert]:
        kept = {row.seq: row for row in self._store.alerts_of(case)}
        mine = {**kept, **self._alerts}
        return [alert_in(row) for row in mine.values() if row.case == case]


def _kind_of(case: Case) -> TypologyDef:
    """What a case itself says of its kind: the packs that said it may be gone."""
    return TypologyDef(case.typology, "", Words("", ""), (case.entity,), Outcome.REVIEW, case.level, 0, ())


def _told(step: Merge | Split, other: str) -> bytes:
    """What the other case of a merge or a split is told: which case it was."""
    return msgspec.json.encode({"type": "from", "case": other, "why": step.why})
