"""Files of a case in the console: taken with a form, handed out as downloads; and the case on paper or as a PDF."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.doors.casework import file_said, said
from jindi.doors.console.case_shapes import drawn
from jindi.doors.console.case_steps import Tried
from jindi.doors.console.case_story import Moment, story
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import SANDBOX
from jindi.doors.console.papers import CasePaper, case_paper
from jindi.doors.console.source import JournalPlace
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES
from jindi.ports import VaultFailure
from jindi.run.audit import Audit
from jindi.run.cases import Declined, Desk, NotTaken, Page, Seen

if TYPE_CHECKING:
    from jindi.doors.console.cases import CasePages

ATTACH: Final = "attach"
Told = Callable[[Shown], Callable[[Request, View], Awaitable[Response]]]


class CaseFilePages:
    """What belongs to the page of a case and is no ordinary step. `cases` shows that page; without `audit` there is no
    PDF, for nobody could record that it was taken.
    """

    def __init__(self, desk: Desk, doors: Doors, cases: "CasePages", audit: Audit | None) -> None:
        self._desk, self._doors, self._cases, self._audit = desk, doors, cases, audit

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
            # What it is of is recorded with its digest, before it is handed out.
            Route("/console/cases/{id}/paper.pdf", needs("case.print", told(self.paper), is_recorded=False)),
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
            return await self._vain(request, view, told, _status(error))
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
        assert view.session is not None, "asked before"
        actor = self._doors.actor(request, view.session)
        try:
            found = await self._desk.file(actor, request.path_params["id"], number)
        except NotTaken as error:
            status, told = _status(error), view.t(f"cases.file.{error.why.removeprefix('file_')}")
            back = (f"/console/cases/{request.path_params['id']}#files", view.t("cases.file.back"))
            return self._doors.pages.show(
                "refused.html", view, status=int(status), page="cases", told=[told], code=int(status), back=back,
            )  # fmt: skip
        if found is None:
            return self._doors.error(view, HTTPStatus.NOT_FOUND, "cases.file.gone")
        file, content = found
        named = f"attachment; filename=\"file\"; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(content, media_type=file.media, headers={"content-disposition": named, **SANDBOX})

    async def printed(self, request: Request, view: View) -> Response:
        """All of a case on one page, for paper or a PDF, with where the journal proves it."""
        page = await self._desk.page(request.path_params["id"])
        return self._doors.pages.show(
            "case_print.html", view, page="cases", it=page, case=page.case, line=self._cases.line(page.case, view),
            moments=self._moments(page, view), rows=await self._rows(page, view), outcomes=OUTCOMES,
            pictures=[drawn(each, view) for each in page.shapes],
            has_paper=self._audit is not None,
        )  # fmt: skip

    async def _rows(self, page: Page, view: View) -> list[tuple[Seen, tuple[str, ...], JournalPlace | None]]:
        """The decisions of a case, each with its rules and its place in the journal."""
        source, rows = self._doors.seen(view), []
        for each in page.alerts:
            found = source.decision(each.decision_id)
            rows.append(
                (each, found.row.rules if found is not None else (), found.place if found is not None else None)
            )
            await asyncio.sleep(0)  # each is a short read, but there may be two hundred: decisions go first
        return rows

    def _moments(self, page: Page, view: View) -> list[Moment]:
        return list(reversed(story(page, self._cases.asked(page.case.id), view)))

    async def paper(self, request: Request, view: View) -> Response:
        """The same as a PDF. Its digest is in the record that it was taken away."""
        assert view.session is not None, "asked before"
        page = await self._desk.page(request.path_params["id"])
        rows, mask = await self._rows(page, view), await self._cases.mask(view.session.principal, page.case)
        paper = CasePaper(page, self._cases.line(page.case, view), rows, self._moments(page, view), mask)
        content = await asyncio.to_thread(case_paper, view, paper)
        digest = sha256(content).hexdigest()
        if self._audit is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        actor = self._doors.actor(request, view.session)
        await self._audit.act(
            actor, "case.print", f"{page.case.id} sha256:{digest}", case=page.case.id, rows=len(rows)
        )  # fmt: skip
        named = {"content-disposition": f'attachment; filename="{page.case.id}.pdf"', **SANDBOX}
        return Response(content, media_type="application/pdf", headers=named)


def _status(error: NotTaken) -> HTTPStatus:
    """How an answer says that a file may not pass: it is the file, or it is only for now."""
    is_for_now = error.why == "file_unscanned"
    return HTTPStatus.SERVICE_UNAVAILABLE if is_for_now else HTTPStatus.UNPROCESSABLE_ENTITY
