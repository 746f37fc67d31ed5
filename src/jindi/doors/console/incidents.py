"""The console's pages about incidents: the list, the form that opens one, each with all that can be done with it, and
its report on paper.

Every form is an ordinary one: it works without a script, carries the version that was looked at, and ends in a
redirect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.basics.instants import MINUTE_US, format_instant
from jindi.basics.money import format_minor
from jindi.cases.incidents import Clock, ClockState, Incident, outage_us
from jindi.cases.incidents_clocks import Coming, Reason, Suggestion, suggested
from jindi.cases.incidents_refusing import LEADING, impact_refusal
from jindi.cases.incidents_steps import CHANNELS, POSTS, Close, Link, Open
from jindi.doors.console.attention import Need
from jindi.doors.console.days import Days, days_of
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.incident_forms import (
    VERBS,
    Tried,
    Unclear,
    field_time,
    impact_of,
    link_in,
    open_of,
    profiles_of,
    step_of,
)
from jindi.doors.console.tables import FORMS, Form, Lines, as_file
from jindi.doors.console.view import View, address
from jindi.doors.guarding import by_method
from jindi.doors.incidents import said
from jindi.doors.waiting import Waiting, of_entry
from jindi.packs import GRADES, INCIDENT_KINDS, PROFILES_OF_REPORTS, Grade, IncidentKind
from jindi.run.approvals.approvals import Approvals, Forbidden, payload_of
from jindi.run.approvals.approvals import Declined as NotAsked
from jindi.run.audit import Audit, NotRecorded
from jindi.run.incidents.desk import ORDERS, SHOWS, Declined, Desk, Happened, Order, Page, Query, Show
from jindi.run.watching import Viewer

CLOSING: Final = "incident.close"
ROWS, PAGES_MAX = 50, 200
EXPORT_ROWS_MAX: Final = 10_000
CSV_HEAD = (
    "incident", "title", "kind", "grade", "state", "drill", "aware", "opened", "contained", "resolved", "closed",
    "persons", "loss", "outage_min", "reports", "owed", "next_due", "late", "commander",
)  # fmt: skip
PATHS: Final = {
    "case": "/console/cases/", "decision": "/console/decisions/", "control": "/console/controls/",
    "alert": "/console/staff-alerts/", "incident": "/console/incidents/",
}  # fmt: skip
"""Where what an incident hangs together with is shown."""


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock for the reader: its report's name, how it stands, and how long is left or it is late. `is_near`: little
    is left.
    """

    clock: Clock
    name: str
    state: ClockState
    left: str
    is_near: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An incident as the list shows it, with the clock that ends first."""

    it: Incident
    next: ClockLine | None
    late: int


class IncidentPages:
    """The pages over the incidents of one platform. `approvals` is where a second person is asked to close one."""

    def __init__(self, desk: Desk, doors: Doors, approvals: Approvals, audit: Audit) -> None:
        self._desk, self._doors, self._approvals, self._audit = desk, doors, approvals, audit

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs

        def post(path: str, action: str, act: Shown) -> Route:
            # A step that is taken is a record itself; one that nobody may take is an action that was refused.
            return Route(path, needs(action, act, is_recorded=False), methods=["POST"])

        new = by_method(
            GET=needs("incident.open", self._told(self.new), is_recorded=False, about=lambda _: About()),
            POST=needs("incident.open", self._told(self.open), is_recorded=False, about=lambda _: About()),
        )
        return [
            Route("/console/incidents", needs("incidents.read", self._told(self.all))),
            *(
                Route(f"/console/incidents.{form}",
                      needs("incidents.export", self._told(partial(self.export, form)), is_recorded=False))
                for form in FORMS
            ),
            Route("/console/incidents/new", new, methods=["GET", "POST"]),
            Route("/console/incidents/{id}", needs("incident.read", self._told(self.one))),
            Route("/console/incidents/{id}/print", needs("incident.print", self._told(self.printed))),
            *(
                post(f"/console/incidents/{{id}}/{verb}", f"incident.{verb}", self._told(partial(self._step, verb)))
                for verb in VERBS
            ),
        ]  # fmt: skip

    def _told(self, show: Shown) -> Shown:
        """The handler, with what can't be done at all told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except LookupError:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_incident") from None

        return telling

    async def _form(self, request: Request) -> dict[str, str]:
        return await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)

    # ---- for the overview

    def needs(self, view: View) -> Sequence[Need]:
        """What of incidents needs the reader: reports that are late, and those whose time runs out."""
        if not view.may("incidents.read"):
            return ()
        found = [each for each in self._desk.all(viewer_of(view)) if each.state != "closed" and not each.drill]
        owed = [(clock, clock.state(view.now_us)) for each in found for clock in each.owed]
        late = sum(state == "late" for _, state in owed)
        near = sum(state == "running" and view.now_us >= clock.half_us for clock, state in owed)
        return (
            Need("need.incident_late", late, "/console/incidents?late=1", presses=True),
            Need("need.incident_near", near, "/console/incidents", presses=True),
        )

    # ---- the list

    async def all(self, request: Request, view: View) -> Response:
        """The incidents, filtered and in order, all by the address."""
        query, days, number, unknown = query_of(request, view.zone)
        found, count = self._desk.find(query, viewer_of(view))
        last = min(max(-(-count // ROWS), 1), PAGES_MAX)
        if not found and count and number > last:
            return _to(address("/console/incidents", **asked_of(query, days), page=last))
        numbers = {
            show: self._desk.find(Query(show=show, limit=0), viewer_of(view))[1] for show in SHOWS if show != "all"
        }
        return self._doors.pages.show(
            "incidents.html", view, page="incidents", rows=[self._row(each, view) for each in found], query=query,
            found=count, last=last, number=number, unknown=unknown, asked=asked_of(query, days), shows=SHOWS,
            orders=ORDERS, grades=GRADES, kinds=INCIDENT_KINDS, numbers=numbers,
        )  # fmt: skip

    def _row(self, incident: Incident, view: View) -> Row:
        owed = incident.owed
        late = sum(each.state(view.now_us) == "late" for each in owed)
        return Row(incident, self._line(owed[0], view) if owed else None, late)

    def _line(self, clock: Clock, view: View) -> ClockLine:
        return ClockLine(
            clock, self._name(clock.report, view), clock.state(view.now_us), _left(clock, view),
            clock.state(view.now_us) == "running" and view.now_us >= clock.near_us,
        )  # fmt: skip

    def _name(self, report: str, view: View) -> str:
        """What a report is called; its plain name when the packs have it no more."""
        found = self._desk.rules().reports.get(report)
        return report if found is None else view.words(found.doc)

    async def export(self, form: Form, request: Request, view: View) -> Response:
        """The incidents of a filter as a file. That they are taken away is recorded with their number."""
        query, days, _, _ = query_of(request, view.zone)
        found, count = self._desk.find(replace_limit(query, EXPORT_ROWS_MAX), viewer_of(view))
        most = self._approvals.export_rows if self._approvals.is_on else EXPORT_ROWS_MAX
        is_refused = count > most
        assert view.session is not None, "asked before"
        on = " ".join(f"{name}={value}" for name, value in sorted(asked_of(query, days).items()) if value)
        actor = self._doors.actor(request, view.session)
        await self._audit.act(actor, "incidents.export", on, allowed=not is_refused, rows=0 if is_refused else count)
        if is_refused:
            told = view.t("incidents.export.too_many", n=f"{count:,}", most=f"{most:,}")
            return self._doors.pages.show(
                "refused.html", view, status=HTTPStatus.FORBIDDEN, page="incidents", told=[told], code=403,
                back=("/console/incidents", view.t("incidents.title")),
            )  # fmt: skip
        return as_file(form, view, "incidents", CSV_HEAD, _lines(found, view.now_us))

    # ---- opening

    async def new(self, request: Request, view: View) -> Response:
        """The form that opens an incident; what it is opened from comes with the address."""
        link = link_in(request.query_params.get("from", ""))
        form = {
            "link": "" if link is None else f"{link.kind}:{link.id}", "aware": field_time(view.now_us, view),
            "profile.cn": "1", "currency": "CNY", "kind": _likely(link),
        }  # fmt: skip
        return self._shown_new(view, Tried("open", form), None)

    def _shown_new(self, view: View, tried: Tried, suggestion: Suggestion | None) -> Response:
        return self._doors.pages.show(
            "incident_new.html", view, status=int(tried.status), page="incidents", tried=tried,
            suggestion=suggestion, reasons=self._reasons(suggestion, view), grades=GRADES, kinds=INCIDENT_KINDS,
            profiles=PROFILES_OF_REPORTS, plans=self._desk.plans(), link=link_in(tried.form.get("link", "")),
            paths=PATHS,
        )  # fmt: skip

    async def open(self, request: Request, view: View) -> Response:
        """Open an incident, or only say which grade the figures suggest."""
        form = await self._form(request)
        assert view.session is not None, "asked before"
        try:
            if "suggest" in form:
                return self._shown_new(view, Tried("open", form), self._suggest(form))
            step: Open = open_of(form, view)
            incident = await self._desk.open(self._doors.actor(request, view.session), step, viewer_of(view))
        except Unclear as error:
            return self._shown_new(
                view, Tried("open", form, view.t(error.message), status=HTTPStatus.BAD_REQUEST), None
            )
        except Declined as error:
            return self._shown_new(view, _refused("open", form, error, view), None)
        return _to(address(f"/console/incidents/{incident.id}", done="open"))

    def _suggest(self, form: dict[str, str]) -> Suggestion:
        kind = next((each for each in INCIDENT_KINDS if each == form.get("kind")), None)
        if kind is None:
            raise Unclear("incidents.say_kind")
        impact = impact_of(form)
        if (why := impact_refusal(impact)) is not None:
            raise Declined(why)
        return suggested(kind, impact, profiles_of(form), self._desk.rules())

    def _reasons(self, suggestion: Suggestion | None, view: View) -> list[tuple[Reason, str, str]]:
        """Why a grade is suggested, with its figure and what was entered in words."""
        if suggestion is None:
            return []
        return [
            (each, _figure(each, each.figure.value, view), _figure(each, each.given, view))
            for each in suggestion.reasons
        ]

    # ---- one incident

    async def one(self, request: Request, view: View) -> Response:
        """An incident: how it stands, its clocks, what happened, and a form for each step that is possible now."""
        return await self._show(request, view, Tried())

    async def _show(self, request: Request, view: View, tried: Tried) -> Response:
        page = await self._desk.page(request.path_params["id"], viewer_of(view))
        it, asked = page.incident, self._asked(request.path_params["id"])
        done = request.query_params.get("done", "")
        return self._doors.pages.show(
            "incident.html", view, status=int(tried.status), page="incidents", **self._values(page, view), tried=tried,
            can=self._can(it, view), asked=asked, waits=next((each for each in asked if each.is_waiting), None),
            takes_two=self._desk.takes_two(it), asks=self._asks(it, view), people=sorted({*self._desk.people()}),
            done=done if done in (*VERBS, "open", "ask") else "", began=self._began(page, done, view),
            grades=GRADES, kinds=INCIDENT_KINDS, profiles=PROFILES_OF_REPORTS, posts=POSTS, channels=CHANNELS,
            time=lambda at_us: field_time(at_us, view),
        )  # fmt: skip

    def _values(self, page: Page, view: View) -> dict[str, Any]:
        """What the page and the paper have in common."""
        it = page.incident
        clocks = sorted(it.clocks, key=lambda each: (each.is_settled, each.due_us))
        return {
            "it": it, "clocks": [self._line(each, view) for each in clocks], "coming": _coming(page.coming, view),
            "story": page.story, "said_of": lambda each: said_of(each, view, partial(self._name, view=view)),
            "suggestion": page.suggestion,
            "reasons": self._reasons(page.suggestion, view), "plans": page.plans, "paths": PATHS,
            "loss": None if it.impact.amount_minor is None
            else view.amount(it.impact.amount_minor, it.impact.currency),
            "amount": "" if it.impact.amount_minor is None
            else format_minor(it.impact.amount_minor, it.impact.currency),
            "outage": None if (length_us := outage_us(it.impact)) is None else view.duration(length_us),
            "owed": len(it.owed), "name_of": lambda clock: self._line(clock, view).name,
        }  # fmt: skip

    def _began(self, page: Page, done: str, view: View) -> list[ClockLine]:
        """The clocks that the step which was just taken has set going, so that the page says so."""
        if done not in VERBS and done != "open":
            return []
        last = max(page.story, key=lambda each: each.seq, default=None)
        is_it = last is not None and last.verb == done and last.name == _who(view).name
        return [self._line(each, view) for each in last.clocks] if last is not None and is_it else []

    def _can(self, it: Incident, view: View) -> dict[str, bool]:
        """Which forms the page has for its reader."""
        who = _who(view).name
        leads = view.may("incident.lead") or who in {it.posts.get(post) for post in LEADING}
        works, is_open = view.may("incident.entry"), it.state != "closed"
        led = dict.fromkeys(("classify", "predate", "appoint", "excuse"), works and leads and is_open)
        mine = dict.fromkeys(("assess", "task", "tick", "tie", "report", "review"), works and is_open)
        return led | mine | {
            "entry": works, "contain": works and it.state == "open",
            "resolve": works and it.state in ("open", "contained"),
            "close": works and leads and it.state == "resolved", "reopen": works and leads and not is_open,
        }  # fmt: skip

    def _asked(self, identifier: str) -> list[Waiting]:
        """What two people were asked about an incident, the newest first."""
        return [
            of_entry(entry, state)
            for entry, state in self._approvals.entries()
            if entry.asked.what == CLOSING and payload_of(entry).get("incident") == identifier
        ]

    def _asks(self, it: Incident, view: View) -> bool:
        """Whether closing it is asked for, rather than done."""
        return self._desk.takes_two(it) and self._approvals.may(_who(view), "approval.propose", CLOSING)

    async def printed(self, request: Request, view: View) -> Response:
        """The report's draft: the facts, the timeline and what was learnt, on one page to print or save."""
        page = await self._desk.page(request.path_params["id"], viewer_of(view))
        return self._doors.pages.show("incident_print.html", view, page="incidents", **self._values(page, view))

    # ---- steps

    async def _step(self, verb: str, request: Request, view: View) -> Response:
        form = await self._form(request)
        assert view.session is not None, "asked before"
        identifier, viewer = request.path_params["id"], viewer_of(view)
        actor, leads = self._doors.actor(request, view.session), view.may("incident.lead")
        try:
            step = step_of(verb, form, view, self._desk.one(identifier, viewer))
            if isinstance(step, Close) and await self._is_asked(identifier, step, form, view):
                return _to(address(f"/console/incidents/{identifier}", done="ask"))
            await self._desk.take(actor, identifier, step, viewer, seen=_seen(form), leads=leads)
        except Unclear as error:
            tried = Tried(verb, form, view.t(error.message), status=HTTPStatus.BAD_REQUEST)
        except Declined as error:
            tried = _refused(verb, form, error, view)
        except NotAsked as error:
            told = error.zh if view.lang == "zh" else error.en
            tried = Tried(verb, form, told, status=HTTPStatus.CONFLICT)
        except Forbidden as error:
            return await self._doors.refuse(request, view, error)
        else:
            return _to(address(f"/console/incidents/{identifier}", done=verb))
        return await self._show(request, view, tried)

    async def _is_asked(self, identifier: str, step: Close, form: dict[str, str], view: View) -> bool:
        """Ask a second person to agree, where it takes two; whether that was done. Raises Declined, NotAsked, …"""
        it = self._desk.one(identifier, viewer_of(view))
        if not self._asks(it, view):
            return False
        if _seen(form) != it.version:
            raise Declined("changed", it)
        if not self._can(it, view)["close"]:
            raise Declined("not_resolved" if it.state != "resolved" else "not_lead", it)
        self._desk.check(it, step)
        payload = {"incident": identifier, "why": step.why}
        await self._approvals.propose(_who(view), CLOSING, payload, step.why)
        return True


# ---- the question of the list


def query_of(request: Request, zone: ZoneInfo) -> tuple[Query, Days, int, list[str]]:
    """The question that an address asks, its days, the page of its answer, and what in it nobody knows."""
    asked = request.query_params
    days = days_of(asked, zone)
    unknown = list(days.unknown)

    def choice(name: str, options: Sequence[str], otherwise: str) -> str:
        value = asked.get(name) or otherwise
        if value in options or value == otherwise:
            return value
        unknown.append(f"{name}={value[:40]}")
        return otherwise

    text = asked.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and 0 < len(text) <= 4 else 1
    number = min(max(number, 1), PAGES_MAX)
    drill = choice("drill", ("yes", "no"), "")
    query = Query(
        show=cast("Show", choice("state", SHOWS, "working")), grade=cast("Grade", choice("grade", GRADES, "") or None),
        kind=cast("IncidentKind", choice("kind", INCIDENT_KINDS, "") or None), late=asked.get("late") == "1",
        drill=None if not drill else drill == "yes", opened_from_us=days.since_us, opened_until_us=days.until_us,
        order=cast("Order", choice("order", ORDERS, "due")),
        limit=ROWS, offset=(number - 1) * ROWS,
    )  # fmt: skip
    return query, days, number, unknown


def asked_of(query: Query, days: Days) -> dict[str, str]:
    """A question as addresses have it; what is usual is left out."""
    drill = "" if query.drill is None else "yes" if query.drill else "no"
    return {
        "state": "" if query.show == "working" else query.show, "grade": query.grade or "", "kind": query.kind or "",
        "late": "1" if query.late else "", "drill": drill, "order": "" if query.order == "due" else query.order,
        **days.query,
    }  # fmt: skip


def replace_limit(query: Query, limit: int) -> Query:
    """The same question for all of it."""
    return msgspec.structs.replace(query, limit=limit, offset=0)


# ---- words and figures


def said_of(each: Happened, view: View, named: Callable[[str], str]) -> tuple[str, str]:
    """What a step says in the timeline: a sentence, and the text that somebody wrote."""
    step = each.step
    body = next((text for name in ("text", "why", "note") if (text := getattr(step, name, ""))), "")
    values: dict[str, object] = {}
    match each.verb:
        case "open" | "classify":
            grade, kind = getattr(step, "grade", ""), getattr(step, "incident_kind", "")
            values = {"grade": view.t(f"incidents.grade.{grade}"), "kind": view.t(f"incidents.kind.{kind}")}
        case "appoint":
            who = getattr(step, "who", "") or view.t("incidents.nobody")
            values = {"post": view.t(f"incidents.post.{getattr(step, 'post', '')}"), "who": who}
        case "tie":
            link: Link = getattr(step, "link")  # noqa: B009 - the step is known by its verb
            return view.t("incidents.did.untie" if getattr(step, "off", False) else "incidents.did.tie", id=link.id), ""
        case "report":
            values = {"to": getattr(step, "to", ""), "report": named(getattr(step, "report", ""))}
        case "excuse":
            values = {"report": named(getattr(step, "report", ""))}
        case "tick":
            number = getattr(step, "task", 0) + 1
            return view.t("incidents.did.tick" if getattr(step, "done", True) else "incidents.did.untick", n=number), ""
        case "review":
            body = "\n".join(getattr(step, name) for name in ("cause", "lessons", "measures"))
    return view.t(f"incidents.did.{each.verb}", **values), body


def _left(clock: Clock, view: View) -> str:
    """How long is left of a clock, or by how much it is late; to the minute."""
    if clock.is_settled:
        return ""
    rest_us = abs(clock.due_us - view.now_us) // MINUTE_US * MINUTE_US
    words = view.duration(rest_us) if rest_us else view.t("incidents.under_a_minute")
    return view.t("incidents.late_by" if view.now_us > clock.due_us else "incidents.left", time=words)


def _figure(reason: Reason, value: int, view: View) -> str:
    match reason.threshold.measure:
        case "persons":
            return view.t("incidents.persons_n", n=f"{value:,}")
        case "loss":
            return view.amount(value, reason.currency)
        case "outage":
            return view.duration(value)


def _coming(coming: Sequence[Coming], view: View) -> list[tuple[Coming, str]]:
    """What will be owed, and within how long."""
    return [
        (each, view.t("incidents.not_set") if each.within_us is None else view.duration(each.within_us))
        for each in coming
    ]


def _likely(link: Link | None) -> str:
    return {"case": "fraud", "alert": "data", "decision": "attack"}.get(link.kind, "") if link is not None else ""


def _refused(verb: str, form: dict[str, str], error: Declined, view: View) -> Tried:
    zh, en = said(error.code)
    told = zh if view.lang == "zh" else en
    return Tried(verb, form, told, error.code == "changed", HTTPStatus.CONFLICT)


def _seen(form: dict[str, str]) -> int:
    """The version that was looked at; -1 for a form that does not say, which is the version of no incident."""
    text = form.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else -1


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal


def viewer_of(view: View) -> Viewer:
    """What the reader may see of staff."""
    return Viewer(_who(view).name, view.may("staff_alerts.read"))


def _to(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


async def _lines(found: Sequence[Incident], now_us: int) -> Lines:
    yield [_csv_line(each, now_us) for each in found]


def _csv_line(it: Incident, now_us: int) -> list[str]:
    def at(at_us: int | None) -> str:
        return "" if at_us is None else format_instant(at_us)

    def count(number: int | None) -> str:
        return "" if number is None else str(number)

    impact, owed = it.impact, it.owed
    loss = "" if impact.amount_minor is None else (
        f"{impact.currency} {format_minor(impact.amount_minor, impact.currency)}"
    )  # fmt: skip
    return [
        it.id, it.title, it.kind, it.grade, it.state, str(it.drill).lower(), at(it.aware_us), at(it.opened_us),
        at(it.contained_us), at(it.resolved_us), at(it.closed_us), count(impact.persons), loss,
        count(impact.outage_min), str(len(it.clocks)), str(len(owed)), at(owed[0].due_us if owed else None),
        str(any(each.state(now_us) == "late" for each in owed)).lower(), it.posts.get("commander", ""),
    ]  # fmt: skip
