"""What there is to tell, from records of the journal and from what the clock makes due, and whom it concerns."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from jindi.access import ROLES, About, Kind, Permits, Principal, Role, folded
from jindi.basics.instants import MINUTE_US
from jindi.cases import Assign, Escalate, Task, unpack_step
from jindi.cases import incidents_steps as incident_steps
from jindi.cases.filings import Report
from jindi.cases.incidents import Clock, Incident, incident_id, rank_of_grade
from jindi.oversight import EVENT as CONTROL_EVENT
from jindi.packs import LEVELS
from jindi.ports import CaseQuery, CaseRow, CaseStore
from jindi.run.approvals.approvals import Approvals
from jindi.run.approvals.book import Entry
from jindi.run.archive import Outdated
from jindi.run.backup.saver import EVENT as OVERDUE_EVENT
from jindi.run.cases.files import FOUND
from jindi.run.drift.watcher import EVENT as DRIFT_EVENT
from jindi.run.notices.occasions import OCCASIONS, Notice
from jindi.run.notices.rules import Rules
from jindi.run.records import (
    ActionRecord,
    ApprovalRecord,
    CaseRecord,
    DecisionRecord,
    DefinitionsRecord,
    IncidentRecord,
    Record,
    ReportRecord,
    StepRecord,
    approval_id,
    decision_id,
    step_id,
)
from jindi.run.watching import Sight, Viewer
from jindi.run.watching.sight import PACK as STAFF_PACK

if TYPE_CHECKING:
    from jindi.run.platform import Platform

CASES_AT_ONCE: Final = 500
"""Cases that are read together when the clock is asked."""

ANSWERS_MAX: Final = 50_000
"""Answers of the policies that are remembered."""


class Found(msgspec.Struct, frozen=True):
    """Something to tell: to these people (by folded names), to teams of these roles, and to whom it goes next."""

    notice: Notice
    people: tuple[str, ...]
    roles: tuple[Role, ...] = ()
    leads: tuple[str, ...] = ()
    lead_roles: tuple[Role, ...] = ()


class Finder:
    """Looks at one platform. `people` are all who may be told; what nobody may know of concerns nobody."""

    def __init__(
        self, platform: "Platform", permits: Permits, approvals: Approvals, people: Callable[[], Iterable[Principal]],
        cases: CaseStore | None, rules: Rules,
    ) -> None:  # fmt: skip
        self._platform, self._permits, self._approvals, self._people = platform, permits, approvals, people
        self._cases, self._rules, self._sight = cases, rules, Sight(platform)
        self._answers: dict[tuple[object, ...], bool] = {}

    # ---- whom it concerns

    def _may(self, who: Principal, action: str, kind: str | None = None) -> bool:
        """Whether somebody may do an action (to an operation of a kind). It is asked once: policies don't change while
        we run, and in a house of hundreds each escalated case would be asked about for seconds.
        """
        person = (who.id, who.name) if self._permits.is_own else ("", "")
        key = (who.kind, *person, who.roles, who.scopes, action, kind)
        if key not in self._answers:
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            asked = Principal(who.kind, who.id, who.name, who.roles, who.scopes)
            about = About(kind=kind)
            self._answers[key] = self._permits.may(asked, action, self._platform.now_us(), about).allowed
        return self._answers[key]

    def _who(self, actions: Sequence[str], but: str = "") -> tuple[str, ...]:
        """Everybody who may do one of these actions, but for whoever did it."""
        found = (folded(each.name) for each in self._people() if any(self._may(each, action) for action in actions))
        return tuple(sorted(set(found) - {folded(but)}))

    def _roles(self, actions: Sequence[str]) -> tuple[Role, ...]:
        return tuple(role for role in ROLES if any(self._may(_of_role(role), action) for action in actions))

    def of_audience(self, notice: Notice, but: str = "") -> Found:
        """What concerns all who may do something."""
        occasion = OCCASIONS[notice.occasion]
        roles = () if occasion.is_confidential else self._roles(occasion.audience)
        return self._led(Found(notice, self._who(occasion.audience, but), roles))

    def _personal(self, notice: Notice, *names: str) -> Found:
        """What concerns people by name. Whoever is not here any more is not told."""
        here = {folded(each.name) for each in self._people()}
        people = tuple(sorted({folded(each) for each in names} & here))
        return self._led(Found(notice, people))

    def _led(self, found: Found) -> Found:
        lead = OCCASIONS[found.notice.occasion].lead
        if not lead or not OCCASIONS[found.notice.occasion].escalates:
            return found
        leads = tuple(each for each in self._who((lead,)) if each not in found.people)
        return msgspec.structs.replace(found, leads=leads, lead_roles=self._roles((lead,)))

    # ---- from records

    async def of(self, seq: int, record: Record) -> list[Found]:
        """What a record gives to tell. Who may do something is asked beside the loop, for a house may have a thousand
        people; who may know of an alert about staff is asked on it, for lines are read from the lane's windows.
        """
        if isinstance(record, DefinitionsRecord) or (isinstance(record, ActionRecord) and record.what != FOUND):
            return []
        found = await asyncio.to_thread(self._of, seq, record)
        return [self._narrowed(seq, each) for each in found]

    def _narrowed(self, seq: int, found: Found) -> Found:
        """An alert about staff concerns those alone who are outside the suspect's line."""
        if found.notice.occasion != "staff.alert":
            return found
        return Found(found.notice, tuple(each for each in found.people if self.may_see(each, seq)))

    def _of(self, seq: int, record: Record) -> list[Found]:
        if isinstance(record, CaseRecord):
            return list(self._casework(seq, record))
        if isinstance(record, IncidentRecord):
            return list(self._incident(seq, record))
        if isinstance(record, ReportRecord):
            return list(self._filing(seq, record))
        if isinstance(record, ApprovalRecord):
            return list(self._operation(seq, record))
        if isinstance(record, StepRecord):
            return list(self._proposal(seq, record))
        if isinstance(record, DecisionRecord) and record.verdict.outcome:
            return list(self._decided(seq, record))
        if isinstance(record, ActionRecord):
            return list(self._malware(seq, record))
        return []

    def _malware(self, seq: int, record: ActionRecord) -> Iterator[Found]:
        """That a scanner found something in a file: who audits is shown the record, who leads incidents without that
        right the form of a new one.
        """
        mark, of_case = f"{record.case}:{seq:x}", quote(f"case:{record.case}", safe="")
        shown = _notice("file.found", mark, record.received_us, record.case, f"/console/audit/{seq}")
        opened = _notice(
            "file.found", f"{mark}:lead", record.received_us, record.case, f"/console/incidents/new?from={of_case}"
        )
        auditing, leading = (action for action in OCCASIONS["file.found"].audience)
        readers, roles = self._who((auditing,)), self._roles((auditing,))
        yield Found(shown, readers, roles)
        leads = tuple(each for each in self._who((leading,)) if each not in readers)
        yield Found(opened, leads, tuple(each for each in self._roles((leading,)) if each not in roles))

    def _casework(self, seq: int, record: CaseRecord) -> Iterator[Found]:
        try:
            step = unpack_step(record.body)
        except msgspec.ValidationError:
            return  # a later version of Jindi wrote it
        if isinstance(step, Assign) and step.to and folded(step.to) != folded(record.name):
            yield self._personal(self._of_case("case.assigned", record.case, f"{seq:x}", record.received_us), step.to)
        if isinstance(step, Task) and step.who and folded(step.who) != folded(record.name):
            yield self._personal(self._of_case("case.task", record.case, f"{seq:x}", record.received_us), step.who)
        if isinstance(step, Escalate):
            notice = self._of_case("case.escalated", record.case, f"{seq:x}", record.received_us)
            yield self.of_audience(notice, but=record.name)

    def _of_case(self, occasion: str, case: str, mark: str, at_us: int) -> Notice:
        return _notice(occasion, f"{case}:{mark}", at_us, case, f"/console/cases/{case}")

    # ---- incidents

    def _incident(self, seq: int, record: IncidentRecord) -> Iterator[Found]:
        incident = self._platform.incidents.all.get(record.incident or incident_id(seq))
        if incident is None or incident.alerts:
            return  # what hangs together with an alert about staff is told to nobody: it stands on its page
        try:
            step = incident_steps.unpack_step(record.body)
            clocks = msgspec.json.decode(record.clocks, type=tuple[Clock, ...])
        except msgspec.ValidationError:
            return  # a later version of Jindi wrote it
        at_us, who = record.received_us, ""
        match step:
            case incident_steps.Open(drill=False):
                yield self._of_incident("incident.opened", incident, f"{seq:x}", at_us, but=record.name)
            case incident_steps.Classify(grade=grade) if rank_of_grade(grade) > self._grade_before(incident, seq):
                yield self._of_incident("incident.raised", incident, f"{seq:x}", at_us, but=record.name)
            case incident_steps.Appoint(_, who) | incident_steps.Task(_, who):
                if who and folded(who) != folded(record.name):
                    occasion = "incident.task" if record.verb == "task" else "incident.appointed"
                    yield self._personal(self._incident_notice(occasion, incident, f"{seq:x}", at_us), who)
            case _:
                pass
        if not incident.drill:
            yield from (
                self._of_clock_of(incident, clock, how, at_us)
                for clock in clocks if (how := _how_far(clock, at_us)) is not None
            )  # fmt: skip

    def _grade_before(self, incident: Incident, seq: int) -> int:
        """The grade that an incident had before a step, as its earlier steps say."""
        before = -1
        for place in incident.steps:
            if place >= seq:
                break
            with suppress(LookupError, msgspec.ValidationError):
                record = self._platform.archive.record(place)
                if isinstance(record, IncidentRecord) and record.verb in ("open", "classify"):
                    step = incident_steps.unpack_step(record.body)
                    if isinstance(step, incident_steps.Open | incident_steps.Classify):
                        before = rank_of_grade(step.grade)
        return before

    def _incident_notice(self, occasion: str, incident: Incident, mark: str, at_us: int) -> Notice:
        path = f"/console/incidents/{incident.id}"
        return _notice(occasion, f"{incident.id}:{mark}", at_us, incident.id, path)

    def _of_incident(
        self, occasion: str, incident: Incident, mark: str, at_us: int, but: str = ""
    ) -> Found:  # fmt: skip
        """What concerns all who lead incidents, and those who have a post in this one."""
        found = self.of_audience(self._incident_notice(occasion, incident, mark, at_us), but)
        here = {folded(each.name) for each in self._people()}
        posted = {folded(each) for each in incident.posts.values()} & here - {folded(but)}
        return msgspec.structs.replace(found, people=tuple(sorted({*found.people, *posted})))

    def _of_clock_of(self, incident: Incident, clock: Clock, how: str, at_us: int) -> Found:
        return self._of_incident(f"incident.{how}", incident, f"{clock.report}:{clock.turn}", at_us)

    def _running_out(self, since_us: int, now_us: int) -> Iterator[Found]:
        """Clocks of incidents that came further between two instants, and tasks that became due."""
        for incident in self._platform.incidents.newest():
            if incident.state == "closed" or incident.alerts:
                continue
            for task in incident.tasks:
                is_due = task.due_us is not None and since_us < task.due_us <= now_us
                if is_due and task.who and not task.done_by:
                    mark = f"{incident.tasks.index(task)}:{task.due_us}"
                    yield self._personal(self._incident_notice("incident.task_due", incident, mark, now_us), task.who)
            for clock in () if incident.drill else incident.owed:
                how, before = _how_far(clock, now_us), _how_far(clock, since_us)
                if how is not None and how != before:
                    yield self._of_clock_of(incident, clock, how, now_us)

    # ---- reports against money laundering

    def _filing(self, seq: int, record: ReportRecord) -> Iterator[Found]:
        """That a packet waits for a second person: those who may agree to it, and had no hand in it."""
        report = self._platform.filings.all.get(record.report)
        if report is None or record.verb != "propose" or report.state != "proposed":
            return
        found = self.of_audience(_of_report("filing.waits", report, f"{seq:x}", record.received_us), record.name)
        others = tuple(each for each in found.people if f"name {each}" not in report.hands)
        yield msgspec.structs.replace(found, people=others)

    def _filings_due(self, since_us: int, now_us: int) -> Iterator[Found]:
        """Clocks of reports that came further between two instants."""
        for report in self._platform.filings.newest():
            owed = report.owed
            if owed is None or owed.begun.due_us is None:
                continue
            due_us, mark = owed.begun.due_us, f"{len(report.clocks)}"
            near_us = due_us - (due_us - owed.begun.start_us) // 4
            if since_us <= due_us < now_us:
                yield self.of_audience(_of_report("filing.late", report, mark, now_us))
            elif since_us < near_us <= now_us <= due_us:
                yield self.of_audience(_of_report("filing.near", report, mark, now_us))

    def _operation(self, seq: int, record: ApprovalRecord) -> Iterator[Found]:
        of = seq if record.of < 0 else record.of
        entry = self._approvals.book.entries.get(of)
        if entry is None:
            return
        identifier = approval_id(of)
        asker = entry.asked.name

        def as_notice(occasion: str) -> Notice:
            path = f"/console/approvals/{identifier}"
            return _notice(occasion, f"{identifier}:{seq:x}", record.received_us, identifier, path)

        if record.verb == "propose" and self._approvals.is_on:
            yield self._for_approvers(entry, as_notice("approval.waits"))
        elif record.verb == "approve" and entry.approvals[-1:] == [record] and entry.approved_us == record.received_us:
            yield self._personal(as_notice("approval.approved"), asker)
        elif record.verb == "reject" and entry.ended == record:
            yield self._personal(as_notice("approval.rejected"), asker)
        elif record.verb == "fail" and entry.outcome == record:
            yield self._personal(as_notice("approval.failed"), asker)

    def _for_approvers(self, entry: Entry, notice: Notice, *more: str) -> Found:
        """What concerns all who could approve an operation: never its proposer, whatever else he may."""
        kind = entry.asked.what
        others = (each for each in self._people() if not self._approvals.is_own(each, entry))
        able = {folded(each.name) for each in others if self._may(each, "approval.approve", kind)}
        roles = tuple(each for each in ROLES if self._may(_of_role(each), "approval.approve", kind))
        here = {folded(each.name) for each in self._people()}
        people = tuple(sorted(able | ({folded(each) for each in more} & here)))
        return Found(notice, people, roles, lead_roles=roles)

    def _proposal(self, seq: int, record: StepRecord) -> Iterator[Found]:
        of = seq if record.of < 0 else record.of
        identifier = step_id(of)
        path = f"/console/proposals/{identifier}"
        if record.verb == "propose":
            notice = _notice("proposal.waits", f"{identifier}:{seq:x}", record.received_us, identifier, path)
            yield self.of_audience(notice, but=record.name)
        elif record.verb in ("approve", "reject") and record.of >= 0:
            with suppress(LookupError):
                asked = self._platform.archive.record(record.of)
                if isinstance(asked, StepRecord) and folded(asked.name) != folded(record.name):
                    occasion = "proposal.approved" if record.verb == "approve" else "proposal.rejected"
                    notice = _notice(occasion, f"{identifier}:{seq:x}", record.received_us, identifier, path)
                    yield self._personal(notice, asked.name)

    def _decided(self, seq: int, record: DecisionRecord) -> Iterator[Found]:
        try:
            event = self._platform.archive.program(record.definitions).events[record.event_type].event
        except Outdated:
            return
        identifier = decision_id(seq)
        if event.pack == STAFF_PACK:
            path = f"/console/staff-alerts/{identifier}"
            notice = _notice("staff.alert", identifier, record.received_us, identifier, path)
            yield self.of_audience(notice)
            return
        named = {field.name: value for field, value in zip(event.fields, record.values, strict=True)}
        if record.event_type == CONTROL_EVENT:
            control = str(named.get("control", ""))
            path = f"/console/controls/{quote(control, safe='')}"
            yield self.of_audience(_notice("control.failed", identifier, record.received_us, control, path))
        elif record.event_type in (DRIFT_EVENT, OVERDUE_EVENT):
            occasion = "drift.found" if record.event_type == DRIFT_EVENT else "backup.overdue"
            path = f"/console/decisions/{identifier}"
            yield self.of_audience(_notice(occasion, identifier, record.received_us, identifier, path))

    def is_here(self, person: str) -> bool:
        """Whether somebody of this folded name may still come in."""
        return any(folded(each.name) == person for each in self._people())

    def may_know_reports(self, person: str) -> bool:
        """Whether somebody may know of reports against money laundering."""
        known = [each for each in self._people() if folded(each.name) == person]
        return bool(known) and all(self._may(each, "filings.read") for each in known)

    def may_see(self, person: str, seq: int) -> bool:
        """Whether somebody may know of an alert about staff, as things stand now."""
        platform = self._platform
        try:
            record = platform.archive.decision(seq)
            event = platform.archive.program(record.definitions).events[record.event_type].event
        except (LookupError, ValueError):
            return False
        # One person may be known by several principals: each of them has to be outside.
        known = [each for each in self._people() if folded(each.name) == person]
        return bool(known) and all(
            self._sight.may_see(Viewer(each.name, self._may(each, "staff_alerts.read")), event, record.values)
            for each in known
        )

    # ---- from the clock

    def of_clock(self, since_us: int, now_us: int) -> list[Found]:
        """What became due between two instants. Blocking: it asks the cases."""
        found = [*self._expiring(since_us, now_us), *self._running_out(since_us, now_us)]
        found += self._filings_due(since_us, now_us)
        if self._cases is not None:
            found += self._due(since_us, now_us)
            found += self._untaken(since_us, now_us)
        return found

    def _expiring(self, since_us: int, now_us: int) -> Iterator[Found]:
        ahead_us = self._rules.ends_us
        for entry in list(self._approvals.book.entries.values()):
            if since_us + ahead_us < entry.until_us <= now_us + ahead_us and entry.state(now_us) in (
                "open",
                "approved",
            ):
                mark = f"{entry.id}:{entry.until_us}"
                notice = _notice("approval.expires", mark, now_us, entry.id, f"/console/approvals/{entry.id}")
                if entry.state(now_us) == "open":
                    yield self._for_approvers(entry, notice, entry.asked.name)
                else:
                    yield self._personal(notice, entry.asked.name)

    def _due(self, since_us: int, now_us: int) -> Iterator[Found]:
        for occasion, ahead_us in (("case.late", 0), ("case.due_soon", self._rules.soon_us)):
            for row in self._until(now_us + ahead_us, since_us + ahead_us):
                if row.assignee and row.wakes_us <= now_us and not (ahead_us and row.due_us <= now_us):
                    notice = self._of_case(occasion, row.id, f"{row.due_us}", min(now_us, row.due_us))
                    yield self._personal(notice, row.assignee)

    def _until(self, end_us: int, begin_us: int) -> Iterator[CaseRow]:
        """Open cases that are due between two instants, the latest first."""
        query = CaseQuery(now_us=end_us, state="open", late=True, order="due", descending=True)
        for row in self._each(query):
            if row.due_us < begin_us:
                return
            yield row

    def _each(self, query: CaseQuery) -> Iterator[CaseRow]:
        """All cases of a question, page after page."""
        assert self._cases is not None, "asked before"
        offset = 0
        while rows := self._cases.find(replace(query, limit=CASES_AT_ONCE, offset=offset)):
            yield from rows
            offset += len(rows)

    def _untaken(self, since_us: int, now_us: int) -> Iterator[Found]:
        wait_us = self._rules.take_us
        query = CaseQuery(
            now_us=now_us, state="open", assignee="", levels=(len(LEVELS) - 1,), opened_from_us=since_us - wait_us,
            opened_until_us=now_us - wait_us, order="opened",
        )  # fmt: skip
        found: Found | None = None
        for row in self._each(query):
            notice = self._of_case("case.untaken", row.id, "untaken", row.opened_us + wait_us)
            found = self.of_audience(notice) if found is None else msgspec.structs.replace(found, notice=notice)
            yield found

    def of_lane(self, stopped: str | None, mark: int) -> Found | None:
        """That decisions have stopped."""
        if stopped is None:
            return None
        return self.of_audience(_notice("lane.stopped", f"{mark // MINUTE_US}", mark, "", "/console"))

    # ---- whether it is still so

    def is_settled(self, found: Found) -> bool:
        """Whether what was told needs nobody any more. Blocking."""
        notice, now_us = found.notice, self._platform.now_us()
        kind = notice.occasion.partition(".")[0]
        if kind == "case" and self._cases is not None:
            row = self._cases.case(notice.matter)
            if row is None or row.state != "open":
                return True
            return {"case.untaken": bool(row.assignee), "case.escalated": not row.escalated}.get(notice.occasion, False)
        if kind == "approval":
            entries = list(self._approvals.book.entries.values())
            entry = next((each for each in entries if each.id == notice.matter), None)
            return entry is None or entry.state(now_us) != "open"
        if kind == "incident":
            return self._is_incident_settled(notice)
        if kind == "filing":
            report = self._platform.filings.all.get(notice.matter)
            return report is None or (
                report.state != "proposed" if notice.occasion == "filing.waits" else report.owed is None
            )
        if kind == "lane":
            return self._platform.lane.stopped is None
        return False

    def _is_incident_settled(self, notice: Notice) -> bool:
        """Whether an incident's clock was stopped, or the incident was looked at by somebody who did something."""
        incident = self._platform.incidents.all.get(notice.matter)
        if incident is None or incident.state == "closed":
            return True
        if notice.occasion == "incident.opened":
            return incident.version > 1
        _, _, report, turn = (*notice.id.split(":"), "", "")[:4]
        return not any(each.report == report and str(each.turn) == turn for each in incident.owed)


def _how_far(clock: Clock, at_us: int) -> str | None:
    """How far a clock has come that nobody has settled: half, near its end, or late; None before half of it."""
    if at_us > clock.due_us:
        return "late"
    return "near" if at_us >= clock.near_us else "half" if at_us >= clock.half_us else None


def _notice(occasion: str, mark: str, at_us: int, matter: str, path: str) -> Notice:
    return Notice(f"{occasion}:{mark}", occasion, OCCASIONS[occasion].level, at_us, matter, path)


def _of_report(occasion: str, report: Report, mark: str, at_us: int) -> Notice:
    return _notice(occasion, f"{report.id}:{mark}", at_us, report.id, f"/console/reports/{report.id}")


def _of_role(role: Role) -> Principal:
    """Somebody of a role and no more: what a team of this role may know."""
    return Principal(Kind.PERSON, f"team_{role}", f"team {role}", frozenset({role}))
