"""The console's pages about the rights of whom data is about: requests with their clocks, and what answers them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.doors.guarding import by_method
from jindi.run.audit import Actor, NotRecorded
from jindi.run.requests import Request as Asked
from jindi.run.reveals import Reveals
from jindi.run.subjects import ASKED, REASONS, Declined, Rights

_STATUS = {
    "no_request": HTTPStatus.NOT_FOUND, "not_kept": HTTPStatus.NOT_FOUND, "closed": HTTPStatus.CONFLICT,
    "other_request": HTTPStatus.CONFLICT, "waits": HTTPStatus.CONFLICT, "fresh_factor": HTTPStatus.FORBIDDEN,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE, "no_vault": HTTPStatus.SERVICE_UNAVAILABLE,
}  # fmt: skip
DONE = ("opened", "corrected", "erased", "refused")

SHAPE: Final = Shape[Asked](
    "subjects", "/console/subjects", "subjects.read",
    (
        Column("closed", "col.time", lambda each: each.closed_us, kind="time", searched=False),
        Column(
            "asked", "subjects.asked", lambda each: each.asked, chosen=True, searched=False,
            said=lambda view, asked: view.t(f"subjects.asked.{asked}"),
        ),
        Column("subject", "subjects.subject", lambda each: each.subject, sorts=False),
        Column(
            "state", "subjects.state", lambda each: each.state, chosen=True, searched=False,
            said=lambda view, state: view.t(f"subjects.state.{state}"),
        ),
        Column("by", "subjects.by", lambda each: each.closed_by, chosen=True),
        Column("id", "subjects.reference", lambda each: each.id, shown=False),
        Column("reference", "subjects.reference", lambda each: each.reference, shown=False),
        Column("received", "subjects.received", lambda each: each.received.isoformat(), shown=False, searched=False),
        Column("due", "subjects.due", lambda each: each.due.isoformat(), shown=False, searched=False),
        Column("reason", "subjects.state", lambda each: each.reason, shown=False, searched=False),
    ),
    key=lambda each: each.id, export="subjects.export", order="-closed",
)  # fmt: skip

Act = Callable[[Request, View, Actor, dict[str, str]], Awaitable[Response]]


class SubjectPages:
    """The pages over one platform's requests."""

    def __init__(self, rights: Rights, reveals: Reveals, doors: Doors) -> None:
        self._rights, self._reveals, self._pages = rights, reveals, doors.pages
        self._needs, self._form, self._actor = doors.needs, doors.form, doors.actor
        self._closed = Table(SHAPE, doors, self._ended)

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, act: Act, action: str) -> Route:
            return Route(path, self._needs(action, self._doing(act), is_recorded=False), methods=["POST"])

        requests = by_method(
            GET=self._needs("subjects.read", self.requests),
            # To note that a letter came in shows and changes nothing of anybody's.
            POST=self._needs(
                "subject.request", self._doing(self._open), is_recorded=False, about=lambda _: About()
            ),
        )  # fmt: skip
        one = "/console/subjects/{id}"
        return [
            Route("/console/subjects", requests, methods=["GET", "POST"]),
            *self._closed.routes(),
            Route(one, self._needs("subjects.read", self.request)),
            post(f"{one}/export", self._export, "subject.export"),
            post(f"{one}/correct", self._correct, "subject.correct"),
            post(f"{one}/erase", self._erase, "subject.erase"),
            post(f"{one}/refuse", self._refuse, "subject.refuse"),
        ]

    # ---- pages

    async def requests(self, request: Request, view: View) -> Response:
        """All requests, those that are due first."""
        return await self._list(request, view)

    async def _ended(self, _: View) -> Sequence[Asked]:
        return [each for each in self._rights.requests.listed if each.state != "open"]

    async def _list(self, request: Request, view: View, why: str | None = None) -> Response:
        today = self._rights.today
        everyone = self._rights.requests.listed
        done = request.query_params.get("done")
        return self._pages.show(
            "subjects.html", view, status=int(_STATUS.get(why, HTTPStatus.BAD_REQUEST)) if why else 200,
            page="subjects", today=today, open=[each for each in everyone if each.state == "open"],
            t=await self._closed.listed(request, view), asked=ASKED, why=why,
            done=done if done in DONE else None, reasons=REASONS,
        )  # fmt: skip

    async def request(self, request: Request, view: View) -> Response:
        """One request: its clock, what is kept of the subject (masked), and the forms that end it."""
        return await self._one(request, view)

    async def _one(self, request: Request, view: View, why: str | None = None) -> Response:
        assert view.session is not None, "asked before"
        try:
            asked = self._rights.requests.one(request.path_params["id"])
        except LookupError:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_request") from None
        kept = await self._reveals.kept(view.session.principal, asked.subject)
        done = request.query_params.get("done")
        waits = await self._rights.waits_for_another(view.session.principal, asked)
        return self._pages.show(
            "subject.html", view, status=int(_STATUS.get(why, HTTPStatus.BAD_REQUEST)) if why else 200,
            page="subjects", asked=asked, today=self._rights.today, kept=kept, reasons=REASONS, why=why,
            done=done if done in DONE else None, waits=waits,
        )  # fmt: skip

    # ---- forms

    def _doing(self, act: Act) -> Shown:
        async def handler(request: Request, view: View) -> Response:
            form = await self._form(request)
            assert view.session is not None, "asked before"
            try:
                return await act(request, view, self._actor(request, view.session), form)
            except Declined as error:
                if "id" in request.path_params:
                    return await self._one(request, view, error.why)
                return await self._list(request, view, error.why)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None

        return handler

    async def _open(self, _: Request, view: View, actor: Actor, form: dict[str, str]) -> Response:
        text = form.get("received", "")
        try:
            received = date.fromisoformat(text) if text else None
        except ValueError:
            raise Declined("bad_day", "not a day") from None
        made = await self._rights.open(
            _who(view), actor, form.get("asked", ""), form.get("subject", "").strip(), received,
            form.get("reference", "").strip(),
        )  # fmt: skip
        return RedirectResponse(f"/console/subjects/{made.id}?done=opened", HTTPStatus.SEE_OTHER)

    async def _export(self, request: Request, view: View, actor: Actor, _: dict[str, str]) -> Response:
        identifier: str = request.path_params["id"]
        lines = await self._rights.export(_who(view), actor, identifier)
        headers = {
            "content-disposition": f'attachment; filename="{identifier}.jsonl"', "cache-control": "no-store",
        }  # fmt: skip
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)

    async def _correct(self, request: Request, view: View, actor: Actor, form: dict[str, str]) -> Response:
        identifier: str = request.path_params["id"]
        await self._rights.correct(_who(view), actor, identifier, form.get("token", ""), form.get("value", ""))
        return RedirectResponse(f"/console/subjects/{identifier}?done=corrected", HTTPStatus.SEE_OTHER)

    async def _erase(self, request: Request, view: View, actor: Actor, form: dict[str, str]) -> Response:
        identifier: str = request.path_params["id"]
        if form.get("sure") != "yes":
            raise Declined("not_sure", "tick that you are sure")
        await self._rights.erase(_who(view), actor, identifier)
        return RedirectResponse(f"/console/subjects/{identifier}?done=erased", HTTPStatus.SEE_OTHER)

    async def _refuse(self, request: Request, view: View, actor: Actor, form: dict[str, str]) -> Response:
        identifier: str = request.path_params["id"]
        await self._rights.refuse(_who(view), actor, identifier, form.get("reason", ""))
        return RedirectResponse(f"/console/subjects/{identifier}?done=refused", HTTPStatus.SEE_OTHER)


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
