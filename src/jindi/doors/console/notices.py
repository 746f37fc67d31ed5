"""The console's page of one's own notifications, and the bell that stands on every page."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.view import View, address
from jindi.ports import NoticeStoreFailure
from jindi.run.notices import OCCASIONS, Desk
from jindi.run.notices.occasions import words_of

PATH: Final = "/console/notifications"
ROWS: Final = 50
PAGES_MAX: Final = 100
TICK: Final = "tick."


class NoticePages:
    """One's own notifications."""

    def __init__(self, desk: Desk, doors: Doors) -> None:
        self._desk, self._doors = desk, doors
        doors.pages.bell(lambda view: desk.unread(_who(view)))

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        return [
            Route(PATH, needs("notices.read", self._told(self.page))),
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

    async def bell(self, _: Request, view: View, __: str) -> Response:
        """The count alone, for the page's own script."""
        return self._doors.pages.show("bell_alone.html", view, waiting=self._desk.unread(_who(view)))

    async def page(self, request: Request, view: View) -> Response:
        """The reader's notifications, the newest first; filter and page stand in the address."""
        asked = request.query_params
        tab = "all" if asked.get("tab") == "all" else "unread"
        occasion = asked.get("occasion", "")
        unknown = [occasion[:40]] if occasion and occasion not in OCCASIONS else []
        occasion = "" if unknown else occasion
        page = _page(asked.get("page", ""))
        who = _who(view)
        found, count = await self._desk.mine(
            who, unread=tab == "unread", occasion=occasion or None, limit=ROWS, offset=(page - 1) * ROWS
        )
        last = min(max(-(-count // ROWS), 1), PAGES_MAX)
        if page > last:
            query = {"tab": tab if tab == "all" else "", "occasion": occasion, "page": last if last > 1 else ""}
            return RedirectResponse(address(PATH, **query), HTTPStatus.SEE_OTHER)
        return self._doors.pages.show(
            "notices.html", view, page="notices", tab=tab, occasion=occasion, unknown=unknown, told=found, found=count,
            number=page, last=last, waiting_n=self._desk.unread(who), occasions=_occasions(view),
            words=lambda notice: words_of(notice, view.lang), occasion_words=lambda name: _words(view, name),
            done=asked.get("done") == "read", is_stale=self._desk.problem is not None,
        )  # fmt: skip

    async def read(self, request: Request, view: View) -> Response:
        """Marks some as read, or all: whichever of them are the reader's own."""
        form = await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)
        keys = [name.removeprefix(TICK) for name in form if name.startswith(TICK)]
        if one := form.get("one", ""):
            keys = [one]
        await self._desk.read(_who(view), None if form.get("all") else keys)
        tab = "all" if form.get("tab") == "all" else ""
        occasion = form.get("occasion", "")
        query = {"tab": tab, "occasion": occasion if occasion in OCCASIONS else "", "done": "read"}
        return RedirectResponse(address(PATH, **query), HTTPStatus.SEE_OTHER)


def _occasions(view: View) -> list[tuple[str, str]]:
    return [(name, _words(view, name)) for name in OCCASIONS if name != "test"]


def _words(view: View, name: str) -> str:
    occasion = OCCASIONS[name]
    return occasion.zh if view.lang == "zh" else occasion.en


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) <= 4 and int(text) > 0 else 1


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
