"""The console's page of the audit: who did what, when, to what, and from where. To look at it is in it."""

from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from jindi.access import ACTIONS
from jindi.basics.instants import start_of_day
from jindi.doors.console.view import Pages, View
from jindi.run.audit import Audit
from jindi.run.trail import Wanted

ROWS = 50
KINDS = tuple(ACTIONS)
"""What can be done, as the filter offers it."""


class TrailPage:
    """The page over one platform's audit."""

    def __init__(self, audit: Audit, pages: Pages) -> None:
        self._audit, self._pages = audit, pages

    async def page(self, request: Request, view: View) -> Response:
        """The newest doings that fit the filter in the address."""
        asked = request.query_params
        query = {name: asked.get(name, "").strip()[:128] or None for name in ("who", "what", "on", "since", "until")}
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
        return self._pages.show(
            "audit.html", view, page="audit", rows=found.doings, older=found.older, before=before, query=query,
            unknown=unknown, kinds=KINDS, what_is=lambda what: _what(view, what),
        )  # fmt: skip


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text and len(text) == 10 and "1970" < text < "9999" else None
    except ValueError:
        return None


def _what(view: View, what: str) -> str:
    """An action in words, or its plain name when nobody named it."""
    action = ACTIONS.get(what)
    return what if action is None else view.action(action)
