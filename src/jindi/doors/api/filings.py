"""Reports against money laundering over HTTP: the list, one in full, an address for each step, packets, receipts,
statistics. Nobody without the rights of reports is told whether there is any.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, Final, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.basics.instants import parse_instant
from jindi.cases.filings import STATES
from jindi.cases.filings_counting import as_csv, counted
from jindi.cases.filings_steps import Approve, Drop, Return, Revise, Send, Withdraw
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.telling import telling
from jindi.doors.api.versions import Guard, Keyed
from jindi.doors.filings import XML, days_document, draft_document, page_document, report_document
from jindi.doors.guarding import by_method
from jindi.parties.reporting import Form, read_as
from jindi.parties.reporting.drafts import Draft
from jindi.parties.reporting.goaml import Unit
from jindi.parties.reporting.names import Topic
from jindi.ports import MovementStoreFailure, VaultFailure
from jindi.run.audit import Actor
from jindi.run.filings.desk import RECEIPT_BYTES_MAX, Declined, Desk, Query, Who, state_named
from jindi.run.filings.large_days import LargeDays

BODY_BYTES_MAX: Final = 1 << 20
SMALL_BYTES_MAX: Final = 8_192
TOPICS: Final = ("suspicious", "large")
PROBLEMS_SHOWN: Final = 200

NO_STORE: Final = {"cache-control": "no-store"}


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report to begin: what it says, the case that it comes from, since when the suspicion is confirmed, and an
    earlier report that it goes on with.
    """

    draft: Draft
    topic: Topic = "suspicious"
    case: str = ""
    aware: str = ""
    follows: str = ""


class Writing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a report says from now on, and the version that was looked at."""

    draft: Draft
    seen: int | None = None


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version that was looked at."""

    seen: int | None = None


class Agreed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of the packet that somebody agrees to."""

    digest: str


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    why: str


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On which day a packet was handed over."""

    on: date


class Landed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt: its file's name, its bytes in base 64, and how errors are told in it."""

    name: str
    content: str
    form: dict[str, str] | None = None


_WITH_WHY: Final[Mapping[str, type[Return | Revise | Withdraw | Drop]]] = {
    "filing.return": Return, "filing.revise": Revise, "filing.withdraw": Withdraw, "filing.drop": Drop,
}  # fmt: skip
"""Steps that say why, by their actions."""


class FilingRoutes:
    """The routes; `actor` says who acts. Without a desk there are no reports here."""

    def __init__(
        self, desk: Desk | None, guard: Guard, actor: Callable[[Request, Principal], Actor],
        large: LargeDays | None = None,
    ) -> None:  # fmt: skip
        self._desk, self._guard, self._actor, self._large = desk, guard, actor, large

    def routes(self) -> list[Route]:
        """The table of routes."""
        listed = by_method(
            GET=self._guard("filings.read", self._told(self._list)), POST=self._step("filing.open", self._open)
        )
        base = "/v1/aml/reports"
        return [
            Route(base, listed, methods=["GET", "POST"]),
            Route("/v1/aml/defaults", self._guard("filing.open", self._told(self._defaults))),
            Route("/v1/aml/statistics", self._guard("filings.statistics", self._told(self._statistics))),
            Route("/v1/aml/large", self._guard("filings.days", self._told(self._days))),
            Route("/v1/aml/large/{day}", self._step("filing.open", self._begin), methods=["POST"]),
            Route("/v1/aml/receipts", self._step("filing.land", self._land), methods=["POST"]),
            Route(f"{base}/{{id}}", self._guard("filing.read", self._told(self._one))),
            Route(f"{base}/{{id}}/packet", self._guard("filing.packet", self._told(self._packet))),
            Route(f"{base}/{{id}}/goaml", self._guard("filing.packet", self._told(self._goaml)), methods=["POST"]),
            *(
                Route(f"{base}/{{id}}/{verb}", self._step(f"filing.{verb}", handler), methods=["POST"])
                for verb, handler in (
                    ("write", self._write), ("propose", self._propose), ("approve", self._approve),
                    ("pack", self._pack), ("send", self._send),
                    *((action.removeprefix("filing."), self._why(step)) for action, step in _WITH_WHY.items()),
                )
            ),
        ]  # fmt: skip

    def _step(self, action: str, handler: Keyed) -> Callable[[Request], Awaitable[Response]]:
        # A step that is taken is a record itself; one that somebody may not take is an action that was refused.
        return self._guard(action, self._told(handler), is_recorded=False)

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems; what is answered is kept by nobody on the way."""
        return telling(handler, _declined, (Declined, MovementStoreFailure, VaultFailure), NO_STORE)

    @property
    def _there(self) -> Desk:
        if self._desk is None:
            raise LookupError("this platform keeps no reports")
        return self._desk

    def _who(self, request: Request, who: Principal) -> Who:
        return Who(self._actor(request, who), who.marks)

    # ---- looking

    async def _list(self, request: Request, _: Principal) -> Response:
        desk = self._there
        found = desk.find(query_of(dict(request.query_params)))
        return json_answer({"reports": [report_document(each, desk.now_us()) for each in found], "count": len(found)})

    async def _one(self, request: Request, _: Principal) -> Response:
        desk = self._there
        return json_answer(page_document(await desk.page(request.path_params["id"]), desk.now_us()))

    async def _defaults(self, request: Request, _: Principal) -> Response:
        desk, asked = self._there, dict(request.query_params)
        if set(asked) - {"case"}:
            raise ValueError("ask with ?case=case_…, or without for an empty draft")
        draft = await desk.defaults_of_case(asked["case"]) if "case" in asked else desk.defaults("suspicious")
        return json_answer({"draft": draft_document(draft)})

    async def _statistics(self, request: Request, _: Principal) -> Response:
        form = request.query_params.get("form", "json")
        if form not in ("json", "csv"):
            raise ValueError("form is json or csv")
        rows = counted(self._there.find(Query()))
        if form == "csv":
            return Response(as_csv(rows), media_type="text/csv; charset=utf-8")
        return json_answer({"months": [msgspec.to_builtins(each) for each in rows]})

    @property
    def _watched(self) -> LargeDays:
        if self._large is None:
            raise LookupError("this platform keeps no movements")
        return self._large

    async def _days(self, request: Request, _: Principal) -> Response:
        asked = dict(request.query_params)
        if set(asked) - {"day"}:
            raise ValueError("ask with ?day=2026-11-22, or without for all that are kept")
        large = self._watched
        days = await large.look(date.fromisoformat(asked["day"]) if "day" in asked else None)
        return json_answer(days_document(days, self._there.today(), large.behind))

    async def _begin(self, request: Request, who: Principal) -> Response:
        desk, day = self._there, date.fromisoformat(request.path_params["day"])
        await read_json(request, _Nothing, SMALL_BYTES_MAX)
        report = await self._watched.begin(self._who(request, who), day)
        if report is None:
            raise LookupError("nothing of that day is large and without a report")
        return json_answer(report_document(report, desk.now_us()), 201)

    async def _packet(self, request: Request, _: Principal) -> Response:
        name, data = await self._there.packet(request.path_params["id"])
        return _file(name, data)

    async def _goaml(self, request: Request, _: Principal) -> Response:
        asked = await read_json(request, _Unit, SMALL_BYTES_MAX)
        packet = await self._there.goaml(request.path_params["id"], read_as(Unit, asked.unit, "unit"))
        return _file(packet.name, packet.data)

    # ---- working

    async def _open(self, request: Request, who: Principal) -> Response:
        desk, asked = self._there, await read_json(request, Opening, BODY_BYTES_MAX)
        aware_us = parse_instant(asked.aware) if asked.aware else None
        report = await desk.open(
            self._who(request, who), asked.topic, asked.draft, case=asked.case, aware_us=aware_us, follows=asked.follows
        )
        return json_answer(report_document(report, desk.now_us()), 201)

    async def _write(self, request: Request, who: Principal) -> Response:
        asked = await read_json(request, Writing, BODY_BYTES_MAX)
        desk, identifier = self._there, request.path_params["id"]
        report = await desk.write(self._who(request, who), identifier, asked.draft, seen=asked.seen)
        return json_answer(report_document(report, desk.now_us()))

    async def _propose(self, request: Request, who: Principal) -> Response:
        asked = await read_json(request, Seen, SMALL_BYTES_MAX)
        desk = self._there
        report = await desk.propose(self._who(request, who), request.path_params["id"], seen=asked.seen)
        return json_answer(report_document(report, desk.now_us()))

    async def _approve(self, request: Request, who: Principal) -> Response:
        return await self._take(request, who, Approve((await read_json(request, Agreed, SMALL_BYTES_MAX)).digest))

    async def _send(self, request: Request, who: Principal) -> Response:
        return await self._take(request, who, Send((await read_json(request, Sent, SMALL_BYTES_MAX)).on))

    def _why(self, step: type[Return | Revise | Withdraw | Drop]) -> Keyed:
        async def take(request: Request, who: Principal) -> Response:
            asked = await read_json(request, Reason, SMALL_BYTES_MAX)
            return await self._take(request, who, step(asked.why))

        return take

    async def _pack(self, request: Request, who: Principal) -> Response:
        desk = self._there
        await read_json(request, _Nothing, SMALL_BYTES_MAX)
        report = await desk.pack(self._who(request, who), request.path_params["id"])
        return json_answer(report_document(report, desk.now_us()))

    async def _take(
        self, request: Request, who: Principal, step: Approve | Send | Return | Revise | Withdraw | Drop
    ) -> Response:
        desk = self._there
        report = await desk.take(self._who(request, who), request.path_params["id"], step)
        return json_answer(report_document(report, desk.now_us()))

    async def _land(self, request: Request, who: Principal) -> Response:
        desk, asked = self._there, await read_json(request, Landed, 2 * RECEIPT_BYTES_MAX)
        try:
            data = b64decode(asked.content, validate=True)
        except NotBase64:
            raise ValueError("content is the file in base 64") from None
        form = read_as(Form, asked.form, "form") if asked.form is not None else None
        report, _ = await desk.land(self._who(request, who), asked.name, data, form)
        return json_answer(page_document(await desk.page(report.id), desk.now_us()))


class _Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unit: dict[str, Any]


def _file(name: str, data: bytes) -> Response:
    return Response(data, media_type=XML, headers={"content-disposition": f'attachment; filename="{name}"'})


def query_of(asked: dict[str, str]) -> Query:
    """The question that a list's address asks. Raises ValueError."""
    known = ("state", "topic", "case", "late")
    if unknown := sorted(set(asked) - set(known)):
        raise ValueError(f"unknown parameter {unknown[0][:40]!r}; use some of: {', '.join(known)}")
    if asked.get("topic", "large") not in TOPICS:
        raise ValueError(f"topic is one of: {', '.join(TOPICS)}")
    if asked.get("late", "true") not in ("true", "false"):
        raise ValueError("late is true or false")
    return Query(
        state=state_named(asked["state"]) if "state" in asked else None,
        topic=cast("Topic | None", asked.get("topic")), case=asked.get("case", ""),
        late=asked.get("late", "false") == "true",
    )  # fmt: skip


__all__ = ["STATES", "FilingRoutes", "query_of"]


def _declined(error: Exception) -> Response | None:
    if isinstance(error, Declined):
        more = {"version": error.report.version} if error.report is not None else {}
        return problem_answer(problems.DECLINED, error.en, detail_zh=error.zh, **more)
    if isinstance(error, MovementStoreFailure):
        return problem_answer(problems.NOT_NOW, "movements can't be read for now")
    if isinstance(error, VaultFailure):
        return problem_answer(problems.NOT_NOW, "the vault can't be read or written for now")
    return None
