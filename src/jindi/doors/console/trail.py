"""The console's page of the audit: who did what, when, to what, and from where. To look at it is in it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jindi.access import ACTIONS
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import start_of_day
from jindi.doors.console.doors import Form
from jindi.doors.console.view import Pages, View, address
from jindi.run.audit import Audit
from jindi.run.trail import Doing, Wanted

ROWS = 50
KINDS = tuple(ACTIONS)
"""What can be done, as the filter offers it."""


class TrailPage:
    """The page over one platform's audit."""

    def __init__(self, audit: Audit, pages: Pages, form: Form) -> None:
        self._audit, self._pages, self._form = audit, pages, form

    async def search(self, request: Request, view: View) -> Response:
        """The way from a filter that somebody typed to an address that can be kept. What is written as a person's
        number gets none, and comes back on no page. Nothing is looked up: whoever opens the address is recorded then.
        """
        form = await self._form(request)
        query = _query(form)
        if any(value is not None and holds_personal_number(value) for value in query.values()):
            fit = {name: None if value and holds_personal_number(value) else value for name, value in query.items()}
            return self._page(view, fit, (), None, is_refused=True)
        return RedirectResponse(address("/console/audit", **query), HTTPStatus.SEE_OTHER)

    async def page(self, request: Request, view: View) -> Response:
        """The newest doings that fit the filter in the address."""
        asked = request.query_params
        query = _query(asked)
        since, until = _day(query["since"]), _day(query["until"])
        unknown = [name for name, day in (("since", since), ("until", until)) if query[name] and day is None]
        text = asked.get("before", "")
        before = int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
        found = await self._audit.look(
            Wanted(
                who=query["who"],
                what=query["what"],
                on=query["on"],
                before=before,
                limit=ROWS,
                since_us=None if since is None else start_of_day(since, view.zone),
                until_us=None if until is None else start_of_day(until + timedelta(days=1), view.zone),
            )
        )
        return self._page(view, query, found.doings, found.older, before=before, unknown=unknown)

    def _page(
        self, view: View, query: Mapping[str, str | None], rows: Sequence[Doing], older: int | None,
        *, before: int | None = None, unknown: Sequence[str] = (), is_refused: bool = False,
    ) -> Response:  # fmt: skip
        status = HTTPStatus.BAD_REQUEST if is_refused else HTTPStatus.OK
        return self._pages.show(
            "audit.html", view, status=status, page="audit", rows=rows, older=older, before=before, query=query,
            unknown=unknown, kinds=KINDS, what_is=lambda what: _what(view, what), is_refused=is_refused,
        )  # fmt: skip


def _query(asked: Mapping[str, str]) -> dict[str, str | None]:
    return {name: asked.get(name, "").strip()[:128] or None for name in ("who", "what", "on", "since", "until")}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text and len(text) == 10 and "1970" < text < "9999" else None
    except ValueError:
        return None


def _what(view: View, what: str) -> str:
    """An action in words, or its plain name when nobody named it."""
    action = ACTIONS.get(what)
    return what if action is None else view.action(action)
