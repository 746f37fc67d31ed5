"""The console's pages of alerts about staff: what somebody did, why it is remarkable, and what is usual for him."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from jindi.access import ACTIONS
from jindi.doors.console.source import Source
from jindi.doors.console.view import Pages, View

ROWS = 30


class AlertPages:
    """The pages; `seen` gives the platform as a reader may see it."""

    def __init__(self, seen: Callable[[View], Source], pages: Pages) -> None:
        self._seen, self._pages = seen, pages

    async def page(self, request: Request, view: View) -> Response:
        """The newest alerts."""
        text = request.query_params.get("before", "")
        before = int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
        rows, older = self._seen(view).staff_alerts(ROWS, before)
        return self._pages.show(
            "staff_alerts.html", view, page="staff_alerts", rows=rows, older=older, before=before,
            what_is=lambda what: _what(view, what),
        )  # fmt: skip

    async def one(self, request: Request, view: View) -> Response:
        """One alert, with the person's habits beside the day."""
        identifier: str = request.path_params["id"]
        found = self._seen(view).staff_alert(identifier)
        if found is None:
            return self._pages.show(
                "error.html", view, status=HTTPStatus.NOT_FOUND, code=int(HTTPStatus.NOT_FOUND),
                title=view.t("error.title.404"), sentence=view.t("error.no_staff_alert"), page=None,
            )  # fmt: skip
        return self._pages.show(
            "staff_alert.html", view, page="staff_alerts", found=found, alert=found.alert,
            what_is=lambda what: _what(view, what), figure=_figure,
        )  # fmt: skip


def _figure(value: float | None) -> str:
    """A count or a mean, as short as it may be."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"


def _what(view: View, what: str) -> str:
    action = ACTIONS.get(what)
    return what if action is None else view.action(action)
