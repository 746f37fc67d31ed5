"""Incidents over HTTP: the list, one in full, one address to open one and one for each step that can be taken."""

from collections.abc import Awaitable, Callable
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal, Verdict
from jindi.basics.instants import format_instant, parse_instant
from jindi.basics.money import format_minor, parse_minor
from jindi.cases.incidents import STATES, Clock, Incident
from jindi.cases.incidents_clocks import Suggestion
from jindi.cases.incidents_steps import Impact, Open, Step
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_document
from jindi.doors.api.telling import telling, whole
from jindi.doors.api.versions import Guard, Keyed
from jindi.doors.guarding import by_method
from jindi.doors.incidents import said
from jindi.packs import GRADES, INCIDENT_KINDS
from jindi.run.audit import Actor
from jindi.run.incidents.desk import ORDERS, SHOWS, Declined, Desk, Happened, Page, Query
from jindi.run.watching import Viewer

BODY_BYTES_MAX = 65_536
LIMIT, LIMIT_MAX, OFFSET_MAX = 50, 200, 100_000

STEPS: dict[str, type[Step]] = {
    verb: each for each in get_args(Step) if (verb := str(each.__struct_config__.tag)) != "open"
}  # fmt: skip
"""Steps with an incident that is there."""

SAID_AS = {
    "aware_us": "aware", "began_us": "began", "at_us": "at", "due_us": "due", "incident_kind": "kind",
}  # fmt: skip
"""Fields of steps that programs know by another name."""

_INSTANTS = ("aware_us", "began_us", "at_us", "due_us")
_FILTERS = frozenset({"state", "grade", "kind", "late", "drill", "order", "limit", "offset"})


class IncidentRoutes:
    """The routes; `may` says what somebody may do, `actor` who acts, `viewer` what he may see of staff."""

    def __init__(
        self, desk: Desk | None, guard: Guard, may: Callable[[Principal, str], Verdict],
        actor: Callable[[Request, Principal], Actor], viewer: Callable[[Principal], Viewer],
    ) -> None:  # fmt: skip
        self._desk, self._guard, self._may, self._actor, self._viewer = desk, guard, may, actor, viewer

    def routes(self) -> list[Route]:
        """The table of routes."""
        listed = by_method(
            GET=self._guard("incidents.read", self._told(self._list)),
            POST=self._step("incident.open", self._open),
        )
        return [
            Route("/v1/incidents", listed, methods=["GET", "POST"]),
            Route("/v1/incidents/{id}", self._guard("incident.read", self._told(self._one))),
            *(
                Route(f"/v1/incidents/{{id}}/{verb}", self._step(f"incident.{verb}", self._taking(kind)),
                      methods=["POST"])
                for verb, kind in STEPS.items()
            ),
        ]  # fmt: skip

    def _step(self, action: str, handler: Keyed) -> Callable[[Request], Awaitable[Response]]:
        # A step that is taken is a record itself; one that somebody may not take is an action that was refused.
        return self._guard(action, self._told(handler), is_recorded=False)

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""
        return telling(handler, _declined, (Declined,))

    @property
    def _there(self) -> Desk:
        if self._desk is None:
            raise LookupError("this platform keeps no incidents")
        return self._desk

    async def _list(self, request: Request, who: Principal) -> Response:
        desk = self._there
        found, count = desk.find(query_of(dict(request.query_params)), self._viewer(who))
        now_us = desk.now_us()
        return json_answer({"incidents": [document_of(each, now_us) for each in found], "count": count})

    async def _one(self, request: Request, who: Principal) -> Response:
        desk = self._there
        page = await desk.page(request.path_params["id"], self._viewer(who))
        return json_answer(page_document(page, desk.now_us(), takes_two=desk.takes_two(page.incident)))

    async def _open(self, request: Request, who: Principal) -> Response:
        desk = self._there
        seen, step = step_of(Open, await read_document(request, BODY_BYTES_MAX))
        if seen is not None:
            raise ValueError("seen belongs to an incident that is there")
        assert isinstance(step, Open), "that was asked for"
        incident = await desk.open(self._actor(request, who), step, self._viewer(who))
        return json_answer(document_of(incident, desk.now_us()), 201)

    def _taking(self, kind: type[Step]) -> Keyed:
        async def take(request: Request, who: Principal) -> Response:
            desk = self._there
            seen, step = step_of(kind, await read_document(request, BODY_BYTES_MAX))
            incident = await desk.take(
                self._actor(request, who), request.path_params["id"], step, self._viewer(who), seen=seen,
                leads=self._may(who, "incident.lead").allowed,
            )  # fmt: skip
            return json_answer(document_of(incident, desk.now_us()))

        return take


# ---- what programs send


def keys_of(kind: type[Step]) -> tuple[str, ...]:
    """What a step is told by, as programs name it. By which operation two people closed it only the platform says.

    >>> keys_of(STEPS["entry"]), keys_of(STEPS["close"])
    (('text', 'at'), ('why',))
    """
    return tuple(SAID_AS.get(each, each) for each in kind.__struct_fields__ if each != "approval")


def step_of(kind: type[Step], document: dict[str, Any]) -> tuple[int | None, Step]:
    """The version that was seen and the step, from a body. Raises ValueError or msgspec.ValidationError."""
    given = dict(document)
    known = keys_of(kind)
    if unknown := sorted(set(given) - {*known, "seen"}):
        raise ValueError(f"unknown key {unknown[0][:40]!r}; use some of: {', '.join([*known, 'seen'])}")
    seen = msgspec.convert(given.pop("seen", None), int | None)
    for field, name in SAID_AS.items():
        if name in given and field in kind.__struct_fields__:
            value = given.pop(name)
            is_instant = field in _INSTANTS and value is not None
            given[field] = parse_instant(msgspec.convert(value, str)) if is_instant else value
    if "impact" in given:
        given["impact"] = _impact_of(msgspec.convert(given["impact"], dict[str, Any]))
    return seen, msgspec.convert(given | {"type": kind.__struct_config__.tag}, kind)


def _impact_of(document: dict[str, Any]) -> dict[str, Any]:
    known = ("systems", "lines", "persons", "amount", "currency", "outage_min", "critical", "whole")
    if unknown := sorted(set(document) - set(known)):
        raise ValueError(f"unknown key of impact {unknown[0][:40]!r}; use some of: {', '.join(known)}")
    given = dict(document)
    amount = msgspec.convert(given.pop("amount", None), str | None)
    if amount is not None:
        given["amount_minor"] = parse_minor(amount, msgspec.convert(given.get("currency", ""), str))
    msgspec.convert(given, Impact)
    return given


def query_of(asked: dict[str, str]) -> Query:
    """The question that a list's address asks. Raises ValueError."""
    if unknown := sorted(set(asked) - _FILTERS):
        raise ValueError(f"unknown parameter {unknown[0][:40]!r}; use some of: {', '.join(sorted(_FILTERS))}")
    drill = _choice(asked, "drill", ("true", "false"), "")
    return Query(
        show=msgspec.convert(_choice(asked, "state", SHOWS, "working"), Any),
        grade=msgspec.convert(_choice(asked, "grade", GRADES, "") or None, Any),
        kind=msgspec.convert(_choice(asked, "kind", INCIDENT_KINDS, "") or None, Any),
        late=_choice(asked, "late", ("true", "false"), "false") == "true",
        drill=None if not drill else drill == "true",
        order=msgspec.convert(_choice(asked, "order", ORDERS, "due"), Any),
        limit=whole(asked, "limit", LIMIT, LIMIT_MAX), offset=whole(asked, "offset", 0, OFFSET_MAX),
    )  # fmt: skip


def _choice(asked: dict[str, str], name: str, options: tuple[str, ...], otherwise: str) -> str:
    value = asked.get(name, otherwise)
    if name in asked and value not in options:
        raise ValueError(f"{name} is one of: {', '.join(options)}")
    return value


# ---- what programs are given


def _at(at_us: int | None) -> str | None:
    return None if at_us is None else format_instant(at_us)


def clock_document(clock: Clock, now_us: int) -> dict[str, Any]:
    """A clock, as programs are given it."""
    sent = clock.sent
    return {
        "report": clock.report, "turn": clock.turn, "to": clock.to, "from": clock.moment, "start": _at(clock.start_us),
        "due": _at(clock.due_us), "state": clock.state(now_us), "mark": clock.mark,
        "basis": {"zh": clock.zh, "en": clock.en},
        "sent": None if sent is None else {
            "at": _at(sent.at_us), "to": sent.to, "channel": sent.channel, "reference": sent.reference,
            "note": sent.note, "by": sent.by, "recorded": _at(sent.recorded_us),
        },
        "excused_by": clock.excused_by, "why": clock.why,
    }  # fmt: skip


def impact_document(impact: Impact) -> dict[str, Any]:
    """What is hit, as programs are given it."""
    amount = None if impact.amount_minor is None else format_minor(impact.amount_minor, impact.currency)
    return {
        "systems": list(impact.systems), "lines": list(impact.lines), "persons": impact.persons, "amount": amount,
        "currency": impact.currency, "outage_min": impact.outage_min, "critical": impact.critical,
        "whole": impact.whole,
    }  # fmt: skip


def document_of(incident: Incident, now_us: int) -> dict[str, Any]:
    """An incident, as programs are given it."""
    review = incident.review
    return {
        "id": incident.id, "title": incident.title, "kind": incident.kind, "grade": incident.grade,
        "peak": incident.peak, "state": incident.state, "drill": incident.drill, "opened": _at(incident.opened_us),
        "opened_by": incident.opened_by, "aware": _at(incident.aware_us), "began": _at(incident.began_us),
        "contained": _at(incident.contained_us), "resolved": _at(incident.resolved_us),
        "profiles": list(incident.profiles), "impact": impact_document(incident.impact), "posts": dict(incident.posts),
        "tasks": [
            {"text": each.text, "who": each.who, "due": _at(each.due_us), "by": each.by, "done_by": each.done_by}
            for each in incident.tasks
        ],
        "links": [{"kind": each.kind, "id": each.id} for each in incident.links],
        "clocks": [clock_document(each, now_us) for each in incident.clocks],
        "review": None if review is None else {
            "cause": review.cause, "lessons": review.lessons, "measures": review.measures, "by": review.by,
            "at": _at(review.at_us),
        },
        "closed": _at(incident.closed_us), "closed_by": incident.closed_by, "why": incident.why,
        "approval": incident.approval, "reopened": incident.reopened, "version": incident.version,
    }  # fmt: skip


def page_document(page: Page, now_us: int, *, takes_two: bool) -> dict[str, Any]:
    """An incident in full, as programs are given it."""
    return document_of(page.incident, now_us) | {
        "takes_two": takes_two,
        "coming": [
            {"report": each.report.name, "to": each.report.to, "from": each.moment, "of": each.of,
             "within_us": each.within_us, "doc": {"zh": each.report.doc.zh, "en": each.report.doc.en}}
            for each in page.coming
        ],
        "suggestion": _suggestion(page.suggestion),
        "plans": [
            {"name": each.name, "doc": {"zh": each.doc.zh, "en": each.doc.en},
             "steps": [{"zh": step.zh, "en": step.en} for step in each.steps]}
            for each in page.plans
        ],
        "story": [_story(each) for each in page.story],
    }  # fmt: skip


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "grade": suggestion.grade,
        "because": [
            {"threshold": each.threshold.name, "measure": each.threshold.measure, "grade": each.threshold.grade,
             "from": each.figure.value, "given": each.given, "mark": each.figure.mark,
             "basis": {"zh": each.figure.basis.zh, "en": each.figure.basis.en}}
            for each in suggestion.reasons
        ],
        "other_currency": suggestion.other_currency,
    }  # fmt: skip


def _story(each: Happened) -> dict[str, Any]:
    told = {SAID_AS.get(name, name): value for name, value in msgspec.to_builtins(each.step).items() if name != "type"}
    for name in ("aware", "began", "at", "due"):
        if isinstance(told.get(name), int):
            told[name] = format_instant(told[name])
    if "impact" in told:
        told["impact"] = impact_document(msgspec.convert(told["impact"], Impact))
    own = {"at": format_instant(each.at_us), "recorded": format_instant(each.recorded_us)}
    begun = [{"report": clock.report, "turn": clock.turn, "due": _at(clock.due_us)} for clock in each.clocks]
    return {**told, "seq": each.seq, **own, "by": each.name, "verb": each.verb, "clocks": begun}


assert {*STATES} <= {*SHOWS}, "each state can be asked for"


def _declined(error: Exception) -> Response | None:
    if not isinstance(error, Declined):
        return None
    zh, en = said(error.code)
    more = {"version": error.incident.version} if error.incident is not None else {}
    return problem_answer(problems.DECLINED, en, detail_zh=zh, code=error.code, **more)
