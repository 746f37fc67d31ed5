"""The console's settings of webhooks: who is told of decisions, how far, and the steps that a second person answers."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View, address
from jindi.packs import OUTCOMES
from jindi.run.approvals.approvals import Approvals, Declined, Forbidden
from jindi.run.audit import NotRecorded
from jindi.run.platform import Platform
from jindi.run.webhooks import Endpoint, Progress, Unknown
from jindi.run.webhooks.mailing import Mailing

PATH: Final = "/console/settings/webhooks"
CHANGE: Final = "webhook.change"
OUTCOME: Final = "outcome."
STEPS: Final = ("disable", "enable", "rotate", "remove")
FIELDS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint as the list shows it; `waits` is the operation about it that waits for a second person."""

    endpoint: Endpoint
    progress: Progress | None
    behind: int
    waits: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was refused: which, what it said, and why it was not done."""

    which: str = ""
    form: dict[str, str] = field(default_factory=dict)
    told: str = ""
    status: HTTPStatus = HTTPStatus.OK

    def said(self, which: str, name: str) -> str:
        """What was written into a field of a form, so that it stands there again."""
        return self.form.get(name, "") if which == self.which else ""


SHAPE: Final = Shape[Line](
    "webhooks", PATH, "webhooks.read",
    (
        Column("url", "webhooks.url", lambda each: each.endpoint.url),
        Column(
            "told", "webhooks.told", lambda each: (*map(str, each.endpoint.outcomes), *each.endpoint.types),
            sorts=False, searched=False,
        ),
        Column(
            "state", "col.status", lambda each: each.endpoint.state, chosen=True, searched=False,
            said=lambda view, state: view.t(f"webhooks.state.{state}"),
        ),
        Column(
            "delivered", "webhooks.delivered", lambda each: each.progress.delivered if each.progress else None,
            kind="number", searched=False,
        ),
        Column("behind", "webhooks.behind", lambda each: each.behind, kind="number", searched=False),
        Column(
            "last", "webhooks.last", lambda each: (each.progress.last_us or None) if each.progress else None,
            kind="time", searched=False,
        ),
        Column("id", "webhooks.url", lambda each: each.endpoint.id, shown=False),
    ),
    key=lambda each: each.endpoint.id, export="webhooks.export",
)  # fmt: skip


class WebhookPages:
    """The page over the endpoints of one platform, and its forms."""

    def __init__(self, mailing: Mailing, platform: Platform, doors: Doors, approvals: Approvals) -> None:
        self._mailing, self._platform, self._doors, self._approvals = mailing, platform, doors, approvals
        self._table = Table(SHAPE, doors, self._rows)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs

        def post(path: str, act: Shown, *, is_recorded: bool = False) -> Route:
            # What asks for approval is a record itself.
            handler = needs(CHANGE, self._told(act), is_recorded=is_recorded, about=lambda _: About())
            return Route(PATH + path, handler, methods=["POST"])

        return [
            Route(PATH, needs("webhooks.read", self.page)),
            *self._table.routes(),
            post("/add", self._add),
            post("/{id}/test", self._test, is_recorded=True),
            post("/{id}/change", self._change),
        ]

    def _told(self, show: Shown) -> Shown:
        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except Unknown:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_webhook") from None

        return telling

    async def page(self, request: Request, view: View) -> Response:
        """All endpoints, how far each was told, and forms for what can be done."""
        return await self._show(request, view, Tried())

    async def _rows(self, _: View) -> list[Line]:
        return self._lines()

    async def _show(self, request: Request, view: View, tried: Tried) -> Response:
        asked = request.query_params
        done = asked.get("done")
        return self._doors.pages.show(
            "settings_webhooks.html", view, status=int(tried.status), page="settings_webhooks",
            t=await self._table.listed(request, view), tried=tried,
            done=done if done in ("arrived", "failed") else None, outcomes_all=OUTCOMES,
            types=sorted(self._platform.program.definitions.events), is_on=self._approvals.is_on,
            asks=self._approvals.may(_who(view), "approval.propose", CHANGE),
        )  # fmt: skip

    def _lines(self) -> list[Line]:
        records = self._platform.archive.log.next_seq()
        waits = self._waits()
        found = []
        for each in self._mailing.endpoints.all():
            progress = self._mailing.endpoints.progress(each.id)
            behind = max(0, records - progress.next) if progress is not None else 0
            found.append(Line(each, progress, behind, waits.get(each.id, "")))
        return found

    def _waits(self) -> dict[str, str]:
        """The endpoints about which a second person is asked, each with the operation's id."""
        kind, found = self._approvals.kinds.get(CHANGE), {}
        for entry, state in self._approvals.entries():
            if kind is not None and entry.asked.what == CHANGE and state in ("open", "approved"):
                found[kind.unpack(entry.asked.payload).id] = entry.id
        return found

    async def _add(self, request: Request, view: View) -> Response:
        form = await self._doors.form(request, fields_max=FIELDS_MAX)
        document: dict[str, Any] = {
            "step": "add", "url": form.get("url", "").strip(),
            "outcomes": [str(each) for each in OUTCOMES if f"{OUTCOME}{each}" in form],
            "types": [each.strip() for each in form.get("types", "").split(",") if each.strip()],
            "asymmetric": "asymmetric" in form,
        }  # fmt: skip
        return await self._propose(request, view, document, Tried("add", form))

    async def _change(self, request: Request, view: View) -> Response:
        form = await self._doors.form(request)
        identifier, step = request.path_params["id"], form.get("step", "")
        self._mailing.endpoints.get(identifier)
        if step not in STEPS:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "error.not_a_form")
        return await self._propose(request, view, {"step": step, "id": identifier}, Tried(identifier, form))

    async def _propose(self, request: Request, view: View, document: dict[str, Any], tried: Tried) -> Response:
        try:
            entry = await self._approvals.propose(_who(view), CHANGE, document, tried.form.get("why", ""))
        except Forbidden as error:
            return await self._doors.refuse(request, view, error)
        except Declined as error:
            told = error.zh if view.lang == "zh" else error.en
            return await self._show(request, view, Tried(tried.which, tried.form, told, HTTPStatus.CONFLICT))
        return RedirectResponse(f"/console/approvals/{entry.id}?done=asked", HTTPStatus.SEE_OTHER)

    async def _test(self, request: Request, _: View) -> Response:
        await self._doors.form(request)
        sent = await asyncio.to_thread(self._mailing.test, request.path_params["id"], self._platform.now_us())
        return RedirectResponse(address(PATH, done="failed" if sent.why else "arrived"), HTTPStatus.SEE_OTHER)


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
