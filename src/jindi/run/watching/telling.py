"""What a record says that somebody did, in the words of the pack `staff`. Pure: the same record gives the same events.

An event's id is made of its record's place, so that what is told twice counts once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, SECOND_US
from jindi.cases.filings import filing_id
from jindi.cases.incidents import incident_id
from jindi.run.intake import OWN_IDS
from jindi.run.records import ACTION as ACTION_RECORD
from jindi.run.records import (
    APPROVAL_PREFIX,
    SIMULATED_DOOR,
    ActionRecord,
    ApprovalRecord,
    CaseRecord,
    DecisionRecord,
    IncidentRecord,
    Record,
    ReportRecord,
    StepRecord,
    step_id,
)
from jindi.vault import is_token

ACTION, SIGN_IN, APPROVAL, GRANT = "staff_action", "staff_sign_in", "staff_approval", "staff_grant"
LIST_CHANGE, CLOSED, DAY = "staff_list_change", "staff_alert_closed", "staff_day"
EVENTS = (ACTION, SIGN_IN, APPROVAL, GRANT, LIST_CHANGE, CLOSED, DAY)

TOKEN = "text"  # noqa: S105 - a kind of token, no secret
"""The kind of token that stands for a customer here: the audit's."""

PROGRAMS = frozenset({"platform", "schedule"})
"""Names in `by` that are the platform's own clockwork and nobody's doing."""

NIGHT = (23, 6)
"""From this hour on, and until this one: as the pack has it."""

_KINDS = {
    "decision.read": "look", "explanation.read": "look", "replay.read": "look", "entity.read": "look",
    "links.read": "look",
    "subjects.read": "look", "vault.search": "search", "vault.reveal": "reveal", "subject.export": "export",
    "subject.correct": "change", "subject.erase": "change",
}  # fmt: skip
_VERBS = {
    "export": "export", "read": "other", "diff": "other", "statistics": "other", "search": "search",
    "reveal": "reveal",
}  # fmt: skip
_QUIET = ("sign_out", "metrics", "event", "platform", "door", "form")
"""Actions that say nothing about anybody."""

_GRANTED = re.compile(r"(.+) \[([^\[\]]*)(?:\].*)?", re.DOTALL)
"""Whose roles a `staff.roles` is about, and which he has then (see `roles_changed`). A name may hold brackets, too: the
last ones count, and nothing that stands behind them."""

_TEXT_MAX = 200
_SIGN_IN = "sign_in."
_CONFIDENTIAL = "filing."


class Told(NamedTuple):
    """An event to be let in by the front door."""

    event_type: str
    id: str
    at_us: int
    fields: dict[str, Any]


class Facts(Protocol):
    """What an action names and its record does not hold."""

    zone: ZoneInfo
    """Where the house's days begin."""

    def customer_of(self, decision: str) -> str | None:
        """The token of the customer whom a decision was about; None when there is none, or no such decision."""

    def blind(self, value: str) -> str:
        """The token of any text; a token stays what it is."""

    def line_of(self, name: str) -> str | None:
        """In whose line somebody answers, as it was told last; None when nobody told."""


class Known(Facts, Protocol):
    """What the journal and the packs know beside it."""

    def asked(self, seq: int) -> StepRecord | ApprovalRecord | None:
        """What was proposed at a place of the journal, if something was."""

    def named(self, record: DecisionRecord) -> Mapping[str, Any]:
        """A decided event's fields by name."""

    def colour_of(self, list_name: str) -> str | None:
        """The colour of a list; None when no list has this name."""

    def decided(self, decision: str) -> "Decided | None":
        """What is known of a decision."""


class Decided(NamedTuple):
    """A decision as whoever closes it has it before him: which event, whose, and since when."""

    event_type: str
    customer: str | None
    counterparty: str | None
    suspect: str | None
    as_of_us: int


def kind_of(action: str) -> str:
    """What kind of action a name is.

    >>> kind_of("decision.read"), kind_of("decisions.export"), kind_of("policies.read"), kind_of("staff.roles")
    ('look', 'export', 'other', 'change')
    """
    return _KINDS.get(action) or _VERBS.get(action.rpartition(".")[2], "change")


def roles_of(roles: Sequence[str]) -> str | None:
    """Roles as one text, the same for all who have the same.

    >>> roles_of(("b", "a"))
    'a+b'
    """
    return "+".join(sorted(roles))[:_TEXT_MAX] or None


def tell(seq: int, record: Record, facts: Known) -> list[Told]:
    """The events that a record at a place of the journal says; none where nobody did anything."""
    if isinstance(record, ActionRecord):
        return tell_action(seq, record, facts)
    if isinstance(record, StepRecord):
        return _step(seq, record, facts)
    if isinstance(record, ApprovalRecord):
        return _operation(seq, record, facts)
    if isinstance(record, DecisionRecord):
        return _deed(seq, record, facts)
    if isinstance(record, CaseRecord):
        return _casework(seq, record, facts)
    if isinstance(record, IncidentRecord):
        return _incident(seq, record, facts)
    if isinstance(record, ReportRecord):
        return _report(seq, record, facts)
    return []


def tell_action(seq: int, record: ActionRecord, facts: Facts) -> list[Told]:
    """The events that an action says."""
    actor, at_us = _who(record.name, record.key), record.received_us
    if not actor or record.what.partition(".")[0] in _QUIET:
        return []
    line, device = _line(record, actor, facts), _token(record.standing.device, facts)
    if record.what.startswith(_SIGN_IN):
        method = record.what.removeprefix(_SIGN_IN)
        fields = {
            "actor": actor, "line": line, "method": method, "success": record.allowed and method != "locked",
            "door": record.door, "place": record.place, "device": device,
        }  # fmt: skip
        return [_told(SIGN_IN, seq, at_us, fields)]
    told = [_told(ACTION, seq, at_us, _of_action(actor, record, facts))]
    if record.allowed and record.what == "staff.roles" and (found := _GRANTED.fullmatch(record.on)) is not None:
        grantee, granted = found.groups()
        fields = {"actor": actor, "line": line, "grantee": grantee, "granted": granted}
        told.append(_told(GRANT, seq, at_us, fields))
    return told


def _of_action(actor: str, record: ActionRecord, facts: Facts) -> dict[str, Any]:
    roles = record.standing.roles
    about = record.about or record.on.partition("/")[2] if "/" in record.on or record.about else ""
    customer = _token(about, facts) if about else facts.customer_of(record.on) if record.on else None
    # What was approved names its approval there; that others agreed is no case of the customer's.
    case = "" if record.case.startswith(APPROVAL_PREFIX) else record.case
    return {
        "actor": actor, "roles": roles_of(roles), "roles_held": len(roles) or None,
        "line": _line(record, actor, facts),
        "is_key": record.key.startswith("key_"), "action": record.what, "kind": kind_of(record.what), "on": _on(record),
        "customer": customer, "has_case": bool(case), "case_id": case, "purpose": record.purpose,
        "rows": record.rows if record.rows >= 0 else None, "allowed": record.allowed, "door": record.door,
        "place": record.place, "device": _token(record.standing.device, facts),
        "date": date_of(record.received_us, facts.zone),
    }  # fmt: skip


def _on(record: ActionRecord) -> str:
    """What an action was done to. Which report against money laundering it was, nobody who watches staff is told."""
    return "" if record.what.startswith(_CONFIDENTIAL) else record.on


def _step(seq: int, record: StepRecord, facts: Known) -> list[Told]:
    if record.verb == "carry":
        return []  # nobody's doing: the approval that brought it about is told
    actor = _who(record.name, record.key)
    line = facts.line_of(actor)
    fields = {
        "actor": actor, "line": line, "is_key": record.key.startswith("key_"), "action": f"version.{record.verb}",
        "kind": "change",
        "on": record.version or step_id(record.of if record.of >= 0 else seq), "has_case": False, "allowed": True,
        "date": date_of(record.received_us, facts.zone),
    }  # fmt: skip
    told = [_told(ACTION, seq, record.received_us, fields)]
    if record.verb == "approve" and (asked := facts.asked(record.of)) is not None:
        proposer = (_who(asked.name, asked.key), asked.received_us)
        told.append(_approval(seq, record.received_us, actor, line, "version", proposer))
    return told


def _casework(seq: int, record: CaseRecord, facts: Known) -> list[Told]:
    """A step with a case: it belongs to that case, and concerns whom the case is about. What a demo's own people did in
    its simulated past is nobody's doing now; what goes on in its office the simulation itself says.
    """
    if record.door == SIMULATED_DOOR:
        return []
    action = ActionRecord(
        ACTION_RECORD, record.received_us, record.key, record.name, f"case.{record.verb}", record.case, True,
        record.door, record.place, record.request, record.about, record.case, standing=record.standing,
    )  # fmt: skip
    return tell_action(seq, action, facts)


def _incident(seq: int, record: IncidentRecord, facts: Known) -> list[Told]:
    """A step with an incident, which is about no customer."""
    action = ActionRecord(
        ACTION_RECORD, record.received_us, record.key, record.name, f"incident.{record.verb}",
        record.incident or incident_id(seq), True, record.door, record.place, record.request,
        standing=record.standing,
    )  # fmt: skip
    return tell_action(seq, action, facts)


def _report(seq: int, record: ReportRecord, facts: Known) -> list[Told]:
    """A step with a report against money laundering: which, about whom, and from which case is told to nobody who
    watches staff.
    """
    action = ActionRecord(
        ACTION_RECORD, record.received_us, record.key, record.name, f"filing.{record.verb}",
        record.report or filing_id(seq), True, record.door, record.place, record.request, standing=record.standing,
    )  # fmt: skip
    return tell_action(seq, action, facts)


def _operation(seq: int, record: ApprovalRecord, facts: Known) -> list[Told]:
    """A step of what takes four eyes; what the platform does by itself is nobody's doing, and has no key."""
    if record.verb in ("apply", "fail", "waive") or not record.key:
        return []
    actor = _who(record.name, record.key)
    asked = record if record.of < 0 else facts.asked(record.of)
    matter = asked.what if isinstance(asked, ApprovalRecord) else record.what
    line = facts.line_of(actor)
    fields = {
        "actor": actor, "line": line, "is_key": record.key.startswith("key_"), "action": f"approval.{record.verb}",
        "kind": "change",
        "on": matter, "has_case": False, "allowed": True, "date": date_of(record.received_us, facts.zone),
    }  # fmt: skip
    told = [_told(ACTION, seq, record.received_us, fields)]
    if record.verb == "approve" and asked is not None and asked is not record:
        proposer = (_who(asked.name, asked.key), asked.received_us)
        told.append(_approval(seq, record.received_us, actor, line, matter, proposer))
    return told


def _approval(seq: int, at_us: int, actor: str, line: str | None, matter: str, asked: tuple[str, int]) -> Told:
    proposer, since_us = asked
    fields = {
        "approver": actor, "proposer": proposer, "pair": "|".join(sorted((actor, proposer))), "line": line,
        "matter": matter, "waited_s": max(0, at_us - since_us) // SECOND_US,
    }  # fmt: skip
    return _told(APPROVAL, seq, at_us, fields)


def _deed(seq: int, record: DecisionRecord, facts: Known) -> list[Told]:
    """What somebody did by an event of a decision's own life: a verdict, a release, an entry of a list."""
    fields = facts.named(record)
    actor = str(fields.get("by") or "").strip()
    if not actor or actor in PROGRAMS:
        return []
    if "list" in fields:
        return _list_change(seq, record, fields, actor, facts)
    decided = facts.decided(str(fields["decision"]))
    if decided is None:
        return []
    good = fields.get("verdict", "accept" if record.event_type == "decision_release" else "reject") == "accept"
    closed = {
        "actor": actor, "decision": fields["decision"], "about": decided.event_type,
        "verdict": "good" if good else "bad", "customer": decided.customer, "counterparty": decided.counterparty,
        "suspect": decided.suspect, "waited_s": max(0, record.as_of_us - decided.as_of_us) // SECOND_US,
    }  # fmt: skip
    return [_told(CLOSED, seq, record.at_us, closed)]


def _list_change(
    seq: int, record: DecisionRecord, fields: Mapping[str, Any], actor: str, facts: Known
) -> list[Told]:  # fmt: skip
    colour = facts.colour_of(str(fields["list"]))
    if colour is None:
        return []
    expires = fields.get("expires")
    changed = {
        "actor": actor, "list": fields["list"], "colour": colour, "move": fields["action"],
        "customer": facts.blind(str(fields["value"])),
        "expires_days": max(0, expires - record.at_us) // DAY_US if isinstance(expires, int) else None,
    }  # fmt: skip
    return [_told(LIST_CHANGE, seq, record.at_us, changed)]


def _told(event_type: str, seq: int, at_us: int, fields: Mapping[str, Any]) -> Told:
    known = {name: value for name, value in fields.items() if value is not None and value != ""}
    return Told(event_type, f"{OWN_IDS}{event_type}-{seq:012x}", at_us, known)


def _who(name: str, key: str) -> str:
    return (name.strip() or key)[:_TEXT_MAX]


def _line(record: ActionRecord, actor: str, facts: Facts) -> str | None:
    return record.standing.line or facts.line_of(actor)


def _token(text: str, facts: Facts) -> str | None:
    if not text:
        return None
    return text if is_token(TOKEN, text) else facts.blind(text)


def date_of(at_us: int, zone: ZoneInfo) -> str:
    """The local date of an instant.

    >>> date_of(1_795_287_600_000_000, ZoneInfo("Asia/Shanghai"))
    '2026-11-22'
    """
    return _local(at_us, zone).date().isoformat()


def _local(at_us: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_us / SECOND_US, UTC).astimezone(zone)


class Day:
    """What people did on one day, counted from the actions that were told of it."""

    def __init__(self, date: str, zone: ZoneInfo) -> None:
        self.date, self._zone = date, zone
        self._people: dict[str, _Person] = {}

    def add(self, told: Told) -> None:
        """Take in an event; what was not done, was done by a key, or is no action, counts for nothing."""
        fields = told.fields
        if told.event_type != ACTION or not fields["allowed"] or fields["is_key"] or fields["date"] != self.date:
            return
        self._people.setdefault(fields["actor"], _Person()).add(told, _local(told.at_us, self._zone).hour)

    def events(self, at_us: int) -> list[Told]:
        """One event for each person, told as of an instant (the day's end)."""
        return [
            Told(DAY, f"{OWN_IDS}{DAY}-{self.date}-{number:04x}", at_us, person.fields(actor, self.date))
            for number, (actor, person) in enumerate(sorted(self._people.items()))
        ]


class _Person:
    """One person's day."""

    def __init__(self) -> None:
        self.roles: str | None = None
        self.line: str | None = None
        self.customers: set[str] = set()
        self.caseless: set[str] = set()
        self.reveals = self.searches = self.rows = self.actions = self.nightly = 0

    def add(self, told: Told, hour: int) -> None:
        fields, kind = told.fields, told.fields["kind"]
        self.roles, self.line = fields.get("roles", self.roles), fields.get("line", self.line)
        self.actions += 1
        self.nightly += hour >= NIGHT[0] or hour < NIGHT[1]
        self.reveals += kind == "reveal"
        self.searches += kind == "search"
        if kind == "export":
            self.rows += fields.get("rows", 0)
        if kind in ("look", "search", "reveal") and (customer := fields.get("customer")) is not None:
            self.customers.add(customer)
            if not fields["has_case"]:
                self.caseless.add(customer)

    def fields(self, actor: str, date: str) -> dict[str, Any]:
        found = {
            "actor": actor, "roles": self.roles, "line": self.line, "date": date, "customers": len(self.customers),
            "caseless": len(self.caseless), "reveals": self.reveals, "searches": self.searches, "rows": self.rows,
            "actions": self.actions, "nightly": self.nightly,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value is not None}


def days_of(told: Iterable[Told], zone: ZoneInfo) -> dict[str, Day]:
    """Days, by date, made of what was told of them."""
    days: dict[str, Day] = {}
    for each in told:
        if each.event_type == ACTION:
            date = each.fields["date"]
            days.setdefault(date, Day(date, zone)).add(each)
    return days
