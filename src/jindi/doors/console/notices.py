"""The console's page of one's own notifications, and the bell that stands on every page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.doors.console.days import NAMES as DAYS
from jindi.doors.console.days import days_of
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.listing import EXPORT_ROWS_MAX, Asked, Column, Shape, Table, form_of, named
from jindi.doors.console.tables import Lines, as_file
from jindi.doors.console.view import View, address
from jindi.packs import LEVELS
from jindi.ports import NoticeOrder, NoticeQuery, NoticeStoreFailure
from jindi.run.notices import OCCASIONS, Desk
from jindi.run.notices.desk import Told
from jindi.run.notices.occasions import words_of

PATH: Final = "/console/notifications"
ROWS: Final = 50
TICK: Final = "tick."
ORDERS: Final[Mapping[str, NoticeOrder]] = {"level": "level", "occasion": "occasion", "at": "at", "read": "read"}
"""What the store sorts by, by the names of columns."""

SHAPE: Final = Shape[Told](
    "notices", PATH, "notices.read",
    (
        Column("level", "cases.level", lambda each: each.notice.level),
        Column("occasion", "notices.what", lambda each: each.notice.occasion),
        Column("matter", "notices.matter", lambda each: each.notice.matter, sorts=False),
        Column("at", "col.time", lambda each: each.notice.at_us, kind="time"),
        Column("read", "notices.is_read", lambda each: each.is_read),
    ),
    key=lambda each: each.key, export="notices.export", order="-at", shares=False,
    carried=("tab", "occasion", "level", *DAYS),
)  # fmt: skip
"""Everybody's own; the store filters, sorts and pages."""


class NoticePages:
    """One's own notifications."""

    def __init__(self, desk: Desk, doors: Doors) -> None:
        self._desk, self._doors = desk, doors
        self._table = Table(SHAPE, doors, self._none)
        doors.pages.bell(lambda view: desk.unread(_who(view)))

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        return [
            Route(PATH, needs("notices.read", self._told(self.page))),
            Route(f"{PATH}.{{form}}", needs("notices.export", self._told(self.export), is_recorded=False)),
            Route(f"{PATH}/bell", self._doors.fragment("notices.read", self.bell)),
            Route(f"{PATH}/read", needs("notices.mark", self._told(self.read)), methods=["POST"]),
        ]

    def _told(self, show: Shown) -> Shown:
        """The handler, with a store that can't be reached told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NoticeStoreFailure:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.no_notices_now") from None

        return telling

    async def _none(self, _: View) -> Sequence[Told]:
        """They are read page by page, where they are shown."""
        return ()

    async def bell(self, _: Request, view: View, __: str) -> Response:
        """The count alone, for the page's own script."""
        return self._doors.pages.show("bell_alone.html", view, waiting=self._desk.unread(_who(view)))

    async def page(self, request: Request, view: View) -> Response:
        """The reader's notifications; filter, order and page stand in the address."""
        asked, query, unknown = self._question(request.query_params, view)
        who = _who(view)
        found, count = await self._desk.mine(who, query)
        if asked.page > 1 and (asked.page - 1) * ROWS >= count:
            last = max(-(-count // ROWS), 1)
            return RedirectResponse(address(PATH, **asked.query, page=last if last > 1 else ""), HTTPStatus.SEE_OTHER)
        return self._doors.pages.show(
            "notices.html", view, page="notices", t=self._table.stored(request, view, asked, found, count),
            tab="unread" if query.unread else "all", unknown=unknown, told=found,
            asked={each: asked.carried.get(each, "") for each in SHAPE.carried},
            waiting_n=self._desk.unread(who), occasions=_occasions(view), levels=LEVELS,
            words=lambda notice: words_of(notice, view.lang), occasion_words=lambda name: _words(view, name),
            done=request.query_params.get("done") == "read", is_stale=self._desk.problem is not None,
        )  # fmt: skip

    def _question(self, given: Mapping[str, str], view: View) -> tuple[Asked, NoticeQuery, list[str]]:
        """What an address asks for, the same for the store, and what in it nobody knows."""
        asked, days = self._table.asked(given), days_of(given, view.zone)
        said = asked.carried
        known = {"tab": ("all", "unread"), "occasion": tuple(OCCASIONS), "level": LEVELS}
        unknown = [said[name] for name, options in known.items() if said.get(name) not in (None, *options)]
        fit = {name: value for name, value in said.items() if value in known.get(name, ())}
        if fit.get("tab") == "unread":
            del fit["tab"]
        asked = replace(asked, text="", carried=fit | days.query)
        level, sort = fit.get("level"), asked.sort or SHAPE.order
        return asked, NoticeQuery(
            unread=fit.get("tab") != "all", occasion=fit.get("occasion"),
            level=None if level is None else [str(each) for each in LEVELS].index(level), since_us=days.since_us,
            until_us=days.until_us, order=ORDERS[sort.removeprefix("-")], descending=sort.startswith("-"),
            limit=ROWS, offset=(asked.page - 1) * ROWS,
        ), [*unknown, *days.unknown, *(each for each in asked.unknown if each != "text")]  # fmt: skip

    async def export(self, request: Request, view: View) -> Response:
        """Exactly what the address shows, all pages of it, as a file; that it is taken away is recorded."""
        form = form_of(request)
        if form is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        asked, query, _ = self._question(request.query_params, view)
        found, _ = await self._desk.mine(_who(view), replace(query, limit=EXPORT_ROWS_MAX, offset=0))
        refused = await self._doors.taking(
            request, view, "notices.export", named(self._doors, asked.query), len(found)
        )  # fmt: skip
        return refused or as_file(form, view, SHAPE.name, [each.name for each in SHAPE.columns], _lines(found))

    async def read(self, request: Request, view: View) -> Response:
        """Marks some as read, or all: whichever of them are the reader's own."""
        form = await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)
        keys = [name.removeprefix(TICK) for name in form if name.startswith(TICK)]
        if one := form.get("one", ""):
            keys = [one]
        await self._desk.read(_who(view), None if form.get("all") else keys)
        asked, _, _ = self._question(form, view)
        return RedirectResponse(address(PATH, **asked.query, done="read"), HTTPStatus.SEE_OTHER)


async def _lines(found: Sequence[Told]) -> Lines:
    yield [[column.text(each) for column in SHAPE.columns] for each in found]


def _occasions(view: View) -> list[tuple[str, str]]:
    return [(name, _words(view, name)) for name in OCCASIONS if name != "test"]


def _words(view: View, name: str) -> str:
    occasion = OCCASIONS[name]
    return occasion.zh if view.lang == "zh" else occasion.en


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
