"""Cases over HTTP: the queue, a case in full, and one address for each step that can be taken with it."""

from collections.abc import Awaitable, Callable
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal, Verdict
from jindi.basics.instants import format_instant, parse_instant
from jindi.basics.money import format_minor
from jindi.cases import Case, Step
from jindi.cases.evidence import FILE_BYTES_MAX
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_document, read_json
from jindi.doors.api.telling import telling, whole
from jindi.doors.api.versions import Guard, Keyed
from jindi.doors.casework import file_said, said
from jindi.packs import LEVELS, OUTCOMES
from jindi.ports import CaseOrder, CaseQuery, CaseStoreFailure, VaultFailure
from jindi.run.audit import Actor
from jindi.run.cases import Declined, Desk, Happened, NotTaken, Page, Shape
from jindi.run.records import decision_id, decision_seq

BODY_BYTES_MAX = 16_384
LIMIT, LIMIT_MAX, OFFSET_MAX = 50, 200, 100_000
FILE_BODY_BYTES_MAX = FILE_BYTES_MAX * 4 // 3 + 4_096
"""A file in base 64, with its name."""

STEPS: dict[str, type[Step]] = {
    verb: each for each in get_args(Step) if (verb := str(each.__struct_config__.tag)) != "attach"
}  # fmt: skip
"""Steps whose body says all; a file has an address of its own, which looks at it and seals it first."""

_FILTERS = frozenset({
    "state", "assignee", "typology", "level", "subject", "tag", "late", "snoozed", "escalated", "order", "descending",
    "limit", "offset",
})  # fmt: skip
_STATES = ("open", "closed", "merged")
_SAID_AS = {"until_us": "until", "alerts": "decisions", "due_us": "due"}
"""Fields of steps that programs know by another name: instants and decisions stand as everywhere else."""


class FileRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A file to be attached: its name, and its bytes in base 64."""

    name: str
    content: bytes


class CaseRoutes:
    """The routes; `may` says whether somebody may act on cases of others, `actor` who acts."""

    def __init__(
        self, desk: Desk | None, guard: Guard, may: Callable[[Principal, str], Verdict],
        actor: Callable[[Request, Principal], Actor],
    ) -> None:  # fmt: skip
        self._desk, self._guard, self._may, self._actor = desk, guard, may, actor

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/v1/cases", self._guard("cases.read", self._told(self._list))),
            Route("/v1/cases/next", self._step("case.next", self._next), methods=["POST"]),
            Route("/v1/cases/{id}", self._guard("case.read", self._told(self._one))),
            Route("/v1/cases/{id}/attach", self._step("case.attach", self._attach), methods=["POST"]),
            Route("/v1/cases/{id}/files/{place}", self._guard("case.file", self._told(self._file))),
            *(
                Route(f"/v1/cases/{{id}}/{verb}", self._step(f"case.{verb}", self._taking(kind)), methods=["POST"])
                for verb, kind in STEPS.items()
            ),
        ]

    def _step(self, action: str, handler: Keyed) -> Callable[[Request], Awaitable[Response]]:
        # A step that is taken is a record itself; one that somebody may not take is an action that was refused.
        return self._guard(action, self._told(handler), is_recorded=False)

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""
        return telling(handler, _declined, (Declined, NotTaken, VaultFailure, CaseStoreFailure))

    @property
    def _open(self) -> Desk:
        if self._desk is None:
            raise LookupError("this platform keeps no cases")
        return self._desk

    # ---- looking

    async def _list(self, request: Request, _: Principal) -> Response:
        desk = self._open
        query = query_of(dict(request.query_params), desk)
        found, count = await desk.find(query)
        now_us = query.now_us
        return json_answer({
            "cases": [case_document(each, now_us) for each in found], "count": count, "behind": desk.behind,
        })  # fmt: skip

    async def _one(self, request: Request, _: Principal) -> Response:
        return json_answer(page_document(await self._open.page(request.path_params["id"]), self._open.query().now_us))

    # ---- working

    async def _next(self, request: Request, who: Principal) -> Response:
        senior = self._may(who, "case.lead").allowed
        case = await self._open.next(self._actor(request, who), senior=senior)
        return json_answer({"case": None if case is None else case_document(case, self._open.query().now_us)})

    async def _attach(self, request: Request, who: Principal) -> Response:
        asked = await read_json(request, FileRequest, FILE_BODY_BYTES_MAX)
        case = await self._open.attach(
            self._actor(request, who), request.path_params["id"], asked.name, asked.content
        )  # fmt: skip
        return json_answer(case_document(case, self._open.query().now_us))

    async def _file(self, request: Request, who: Principal) -> Response:
        place: str = request.path_params["place"]
        number = int(place) if place.isascii() and place.isdigit() and len(place) <= 3 else -1
        found = await self._open.file(self._actor(request, who), request.path_params["id"], number)
        if found is None:
            raise LookupError("the case has no such file, or it is not there any more")
        return Response(found[1], media_type=found[0].media, headers={"content-disposition": "attachment"})

    def _taking(self, kind: type[Step]) -> Keyed:
        async def take(request: Request, who: Principal) -> Response:
            document = await read_document(request, BODY_BYTES_MAX)
            seen, step = step_of(kind, document)
            case = await self._open.take(
                self._actor(request, who), request.path_params["id"], step, seen=seen,
                leads=self._may(who, "case.lead").allowed,
            )  # fmt: skip
            return json_answer(case_document(case, self._open.query().now_us))

        return take


def step_of(kind: type[Step], document: dict[str, Any]) -> tuple[int | None, Step]:
    """The version that was seen and the step, from a body. Raises ValueError or msgspec.ValidationError."""
    given = dict(document)
    known = keys_of(kind)
    if unknown := sorted(set(given) - {*known, "seen"}):
        raise ValueError(f"unknown key {unknown[0][:40]!r}; use some of: {', '.join([*known, 'seen'])}")
    seen = msgspec.convert(given.pop("seen", None), int | None)
    for name in ("until", "due"):
        if given.get(name) is not None:
            given[f"{name}_us"] = parse_instant(msgspec.convert(given.pop(name), str))
    if "decisions" in given:
        given["alerts"] = [decision_seq(each) for each in msgspec.convert(given.pop("decisions"), list[str])]
    return seen, msgspec.convert(given | {"type": kind.__struct_config__.tag}, kind)


def keys_of(kind: type[Step]) -> tuple[str, ...]:
    """What a step is told by, as programs name it. By which operation two people closed a case only the platform says.

    >>> keys_of(STEPS["snooze"]), keys_of(STEPS["split"]), keys_of(STEPS["close"])
    (('until', 'why'), ('decisions', 'why'), ('verdict', 'why'))
    """
    return tuple(_SAID_AS.get(each, each) for each in kind.__struct_fields__ if each != "approval")


def query_of(asked: dict[str, str], desk: Desk) -> CaseQuery:
    """The question that a list's address asks. Raises ValueError."""
    if unknown := sorted(set(asked) - _FILTERS):
        raise ValueError(f"not a filter: {unknown[0][:40]}; use some of: {', '.join(sorted(_FILTERS))}")
    order = asked.get("order", "rank")
    if order not in get_args(CaseOrder):
        raise ValueError(f"order is one of: {', '.join(get_args(CaseOrder))}")
    state = asked.get("state", "open")
    if state not in (*_STATES, "all"):
        raise ValueError(f"state is one of: {', '.join(_STATES)}, all")
    levels = [each for each in asked.get("level", "").split(",") if each]
    if wrong := sorted(set(levels) - set(LEVELS)):
        raise ValueError(f"level {wrong[0][:20]!r} is none of: {', '.join(LEVELS)}")
    return desk.query(
        state=None if state == "all" else state, assignee=asked.get("assignee"),
        typologies=tuple(each for each in asked.get("typology", "").split(",") if each),
        levels=tuple(LEVELS.index(each) for each in levels if each in LEVELS), subject=asked.get("subject"),
        tag=asked.get("tag"), late=_flag(asked, "late") or False, snoozed=_flag(asked, "snoozed"),
        escalated=_flag(asked, "escalated"), order=order, descending=_flag(asked, "descending") or False,
        limit=whole(asked, "limit", LIMIT, LIMIT_MAX), offset=whole(asked, "offset", 0, OFFSET_MAX),
    )  # fmt: skip


def _flag(asked: dict[str, str], name: str) -> bool | None:
    if name not in asked:
        return None
    if asked[name] not in ("true", "false"):
        raise ValueError(f"{name} is true or false")
    return asked[name] == "true"


def case_document(case: Case, now_us: int) -> dict[str, Any]:
    """A case, as programs are given it."""

    def at(at_us: int | None) -> str | None:
        return None if at_us is None else format_instant(at_us)

    return {
        "id": case.id, "typology": case.typology, "entity": case.entity, "subject": case.subject, "level": case.level,
        "state": case.state, "assignee": case.assignee, "escalated": case.escalated,
        "snoozed_until": at(case.wakes_us) if case.is_snoozed(now_us) else None, "opened": at(case.opened_us),
        "due": at(case.due_us), "late": case.is_late(now_us), "last_alert": at(case.last_us), "alerts": case.alerts,
        "amounts": {currency: format_minor(minor, currency) for currency, minor in case.amounts.items()},
        "outcome": str(OUTCOMES[case.outcome]), "score": case.score, "tags": list(case.tags),
        "done": list(case.done), "verdict": case.verdict, "why": case.why, "closed": at(case.closed_us),
        "closed_by": case.closed_by, "approval": case.approval, "merged_into": case.into, "earlier": case.earlier,
        "looks": [
            {"of": each.of, "by": each.by, "agrees": each.agrees, "at": at(each.at_us)} for each in case.looks
        ],
        "tasks": [
            {"text": each.text, "who": each.who, "due": at(each.due_us), "by": each.by, "done_by": each.done_by}
            for each in case.tasks
        ],
        "files": [
            {"name": each.name, "media": each.media, "size": each.size, "sha256": each.digest, "by": each.by,
             "at": at(each.at_us), "withdrawn_by": each.withdrawn}
            for each in case.files
        ],
        "version": case.version,
    }  # fmt: skip


def page_document(page: Page, now_us: int) -> dict[str, Any]:
    """A case in full, as programs are given it."""
    typology = page.typology
    return case_document(page.case, now_us) | {
        "takes_two": page.takes_two,
        "doc": None if typology is None else {"zh": typology.doc.zh, "en": typology.doc.en},
        "steps": [{"zh": each.zh, "en": each.en} for each in typology.steps] if typology is not None else [],
        "decisions": [
            {"decision_id": each.decision_id, "event_type": each.alert.event_type, "status": each.status,
             "outcome": str(OUTCOMES[each.alert.outcome]), "score": each.alert.score,
             "at": format_instant(each.alert.at_us)}
            for each in page.alerts
        ],
        "patterns": [_shape(each) for each in page.shapes],
        "story": [_story(each) for each in page.story],
        "related": [each.id for each in page.related],
    }  # fmt: skip


def _shape(each: Shape) -> dict[str, Any]:
    """A pattern that a decision completed, with the newest of its transfers."""
    return {
        "pattern": each.pattern, "doc": {"zh": each.doc.zh, "en": each.doc.en}, "decision_id": each.decision_id,
        "decisions": each.times, "transfers_in_all": each.count,
        "transfers": [
            {"decision_id": leg.decision_id, "at": format_instant(leg.at_us), "event_type": leg.event_type,
             "payer": leg.payer, "payee": leg.payee, "amount": format_minor(leg.amount_minor, leg.currency),
             "currency": leg.currency, "outcome": str(OUTCOMES[leg.outcome])}
            for leg in each.legs
        ],
    }  # fmt: skip


def _story(each: Happened) -> dict[str, Any]:
    told = {} if each.step is None else {
        _SAID_AS.get(name, name): value for name, value in msgspec.to_builtins(each.step).items() if name != "type"
    }  # fmt: skip
    for name in ("until", "due"):
        if told.get(name) is not None:
            told[name] = format_instant(told[name])
    if "decisions" in told:
        told["decisions"] = [decision_id(seq) for seq in told["decisions"]]
    other = {"case": each.other} if each.other else {}
    return {"seq": each.seq, "at": format_instant(each.at_us), "by": each.name, "verb": each.verb, **other, **told}


def _declined(error: Exception) -> Response | None:
    if isinstance(error, Declined):
        zh, en = said(error.code)
        more = {"version": error.case.version} if error.case is not None else {}
        return problem_answer(problems.DECLINED, en, detail_zh=zh, code=error.code, **more)
    if isinstance(error, NotTaken):
        zh, en = file_said(error.why)
        kind = problems.NOT_NOW if error.why == "file_unscanned" else problems.DECLINED
        return problem_answer(kind, en, detail_zh=zh, code=error.why)
    if isinstance(error, VaultFailure):
        return problem_answer(problems.NOT_NOW, "the vault can't be written for now")
    if isinstance(error, CaseStoreFailure):
        return problem_answer(problems.NOT_NOW, "cases can't be read or kept for now")
    return None
