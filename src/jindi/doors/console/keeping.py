"""The forms of tables: a filter becomes an address, and an address is kept under a name, renamed, opened, forgotten."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.kept import Keeping, may_keep
from jindi.doors.console.view import View, address, is_fit_for_address
from jindi.run.filters import Filters, NotKept

TEXT_MAX = 128
SHARED = "1"


class KeptPages:
    """The routes. What a form asks of a table is what its address may ask, and nothing else."""

    def __init__(self, doors: Doors) -> None:
        self._doors, self._tables = doors, doors.tables

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, act: Shown, *, is_recorded: bool = True) -> Route:
            handler = self._doors.needs("table.filter", act, is_recorded=is_recorded, about=lambda _: About())
            return Route(path, handler, methods=["POST"])

        # A form that filters only makes an address, and whoever opens it is recorded then.
        routes = [post("/console/tables/filter", self._filter, is_recorded=False)]
        if self._tables.filters is not None:
            routes += [
                post("/console/tables/keep", self._keep),
                Route("/console/filters/{id}", self._doors.needs("table.filter", self._open, is_recorded=False)),
                post("/console/filters/{id}/rename", self._rename),
                post("/console/filters/{id}/forget", self._forget),
            ]
        return routes

    async def _form(self, request: Request) -> dict[str, str]:
        return await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)

    async def _filter(self, request: Request, view: View) -> Response:
        """The way from a filter that somebody chose to an address that can be kept and passed on."""
        form = await self._form(request)
        table = self._table(view, form)
        asked = _asked(table, form)
        if not all(map(is_fit_for_address, asked.values())):
            return self._doors.clear(view)
        return _to(address(table.path, **asked))

    async def _keep(self, request: Request, view: View) -> Response:
        """Keep the filter that the page shows."""
        form = await self._form(request)
        table = self._table(view, form)
        if not may_keep(view, table):
            raise HTTPException(HTTPStatus.FORBIDDEN, "error.forbidden.read")
        asked, shared = _asked(table, form), table.shares and form.get("shared") == SHARED
        shown = {name: value for name, value in asked.items() if is_fit_for_address(value)}
        try:
            if shown != asked:
                raise NotKept("personal")
            self._filters.keep(_who(view), table.name, form.get("name", ""), asked, shared=shared)
        except NotKept as error:
            return _to(address(table.path, **shown, kept=error.why))
        return _to(address(table.path, **asked, kept="done"))

    async def _open(self, request: Request, view: View) -> Response:
        """The permalink of a kept filter. What it shows is recorded there."""
        try:
            kept = self._filters.one(_who(view), _number(request))
        except NotKept:
            raise HTTPException(HTTPStatus.NOT_FOUND, "kept.not_there") from None
        table = self._tables.get(kept.table)
        if table is None or not may_keep(view, table):
            # To whoever may not read a table its filters are as if they were not there.
            raise HTTPException(HTTPStatus.NOT_FOUND, "kept.not_there")
        return _to(address(table.path, **_asked(table, kept.asked)))

    async def _rename(self, request: Request, view: View) -> Response:
        """Call one of the reader's own otherwise."""
        form = await self._form(request)
        try:
            kept = self._filters.rename(_who(view), _number(request), form.get("name", ""))
        except NotKept as error:
            return self._back(request, view, error)
        return _to(address(self._path(kept.table), **kept.asked, kept="renamed"))

    async def _forget(self, request: Request, view: View) -> Response:
        """Forget one of the reader's own."""
        await self._form(request)
        try:
            kept = self._filters.forget(_who(view), _number(request))
        except NotKept as error:
            return self._back(request, view, error)
        return _to(address(self._path(kept.table), kept="forgotten"))

    def _back(self, request: Request, view: View, error: NotKept) -> Response:
        """The page of the filter, which says why not; where there is none, a page that says so."""
        try:
            kept = self._filters.one(_who(view), _number(request))
        except NotKept:
            raise HTTPException(HTTPStatus.NOT_FOUND, "kept.not_there") from None
        return _to(address(self._path(kept.table), **kept.asked, kept=error.why))

    @property
    def _filters(self) -> Filters:
        assert self._tables.filters is not None, "else there is no such address"
        return self._tables.filters

    def _path(self, table: str) -> str:
        known = self._tables.get(table)
        return "/console" if known is None else known.path

    def _table(self, view: View, form: Mapping[str, str]) -> Keeping:
        """The table that a form is about; whoever may not read it finds none."""
        table = self._tables.get(form.get("table", ""))
        if table is None or not view.may(table.read):
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        return table


def _asked(table: Keeping, given: Mapping[str, str]) -> dict[str, str]:
    """What an address asks of a table, of what a form holds."""
    asked = {name: given.get(name, "").strip()[:TEXT_MAX] for name in table.filters}
    return {name: value for name, value in asked.items() if value}


def _number(request: Request) -> int:
    text: str = request.path_params["id"]
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0


def _who(view: View) -> str:
    assert view.session is not None, "asked before"
    return view.session.principal.name


def _to(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)
