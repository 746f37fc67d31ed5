"""Files of a case in the console: taken with a form, handed out as downloads, and the case as one page to print."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.doors.casework import file_said, said
from jindi.doors.console.case_steps import Tried
from jindi.doors.console.case_story import story
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES
from jindi.ports import VaultFailure
from jindi.run.cases import Declined, Desk, NotTaken

if TYPE_CHECKING:
    from jindi.doors.console.cases import CasePages

ATTACH: Final = "attach"
_SANDBOX: Final = {"content-security-policy": "default-src 'none'; sandbox"}
"""Beside the policy that every answer carries: the stricter of the two holds."""

Told = Callable[[Shown], Callable[[Request, View], Awaitable[Response]]]


class CaseFilePages:
    """What belongs to the page of a case and is no ordinary step. `cases` shows that page."""

    def __init__(self, desk: Desk, doors: Doors, cases: "CasePages") -> None:
        self._desk, self._doors, self._cases = desk, doors, cases

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs, told = self._doors.needs, self._cases.told
        return [
            Route(
                "/console/cases/{id}/files", needs("case.attach", told(self.attach), is_recorded=False),
                methods=["POST"],
            ),
            Route("/console/cases/{id}/files/{place}", needs("case.file", told(self.file))),
            Route("/console/cases/{id}/print", needs("case.print", told(self.printed))),
        ]  # fmt: skip

    async def attach(self, request: Request, view: View) -> Response:
        """Take a file. Why it was not taken is said on the page of the case."""
        upload = await self._doors.upload(request)
        assert view.session is not None, "asked before"
        identifier, actor = request.path_params["id"], self._doors.actor(request, view.session)
        try:
            if not upload.name:
                return await self._vain(request, view, view.t("cases.file.nothing"), HTTPStatus.BAD_REQUEST)
            await self._desk.attach(actor, identifier, upload.name, upload.content)
        except NotTaken as error:
            told = file_said(error.why)[0 if view.lang == "zh" else 1]
            return await self._vain(request, view, told, HTTPStatus.UNPROCESSABLE_ENTITY)
        except Declined as error:
            zh, en = said(error.code)
            return await self._vain(request, view, zh if view.lang == "zh" else en, HTTPStatus.CONFLICT)
        except VaultFailure:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.no_cases_now") from None
        return RedirectResponse(f"/console/cases/{identifier}?done=attach#files", HTTPStatus.SEE_OTHER)

    async def _vain(self, request: Request, view: View, told: str, status: HTTPStatus) -> Response:
        return await self._cases.show(request, view, Tried(ATTACH, {}, told, status=status))

    async def file(self, request: Request, view: View) -> Response:
        """A file, as a download and nothing else: a browser is to show none of it as a page of ours."""
        place: str = request.path_params["place"]
        number = int(place) if place.isascii() and place.isdecimal() and len(place) <= 3 else -1
        found = await self._desk.file(request.path_params["id"], number)
        if found is None:
            return self._doors.error(view, HTTPStatus.NOT_FOUND, "cases.file.gone")
        file, content = found
        named = f"attachment; filename=\"file\"; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(content, media_type=file.media, headers={"content-disposition": named, **_SANDBOX})

    async def printed(self, request: Request, view: View) -> Response:
        """All of a case on one page, for paper or a PDF, with where the journal proves it."""
        page = await self._desk.page(request.path_params["id"])
        source, rows = self._doors.seen(view), []
        for each in page.alerts:
            found = source.decision(each.decision_id)
            rows.append(
                (each, found.row.rules if found is not None else (), found.place if found is not None else None)
            )
            await asyncio.sleep(0)  # each is a short read, but there may be two hundred: decisions go first
        return self._doors.pages.show(
            "case_print.html", view, page="cases", it=page, case=page.case, line=self._cases.line(page.case, view),
            moments=list(reversed(story(page, self._cases.asked(page.case.id), view))), rows=rows, outcomes=OUTCOMES,
        )  # fmt: skip
