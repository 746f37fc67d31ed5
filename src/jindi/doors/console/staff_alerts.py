"""The console's pages of alerts about staff: what somebody did, why it is remarkable, and what is usual for him."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from jindi.access import ACTIONS, Role
from jindi.doors.console.doors import Doors
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.source import Source
from jindi.doors.console.view import View, role_title
from jindi.doors.console.words import WORDS
from jindi.run.watching import Alert
from jindi.run.watching.alerts import Fact

ROWS_LOOKED: Final = 300
"""So many alerts are looked at for a page; older ones are one step further back."""


def _of(view: View, what: str) -> str:
    """What an alert is about in words: an action of somebody, or an event of staff."""
    return _what(view, what) if what in ACTIONS else view.t(f"staff_alerts.event.{what}")


SHAPE: Final = Shape[Alert](
    "staff_alerts", "/console/staff-alerts", "staff_alerts.read",
    (
        Column("at", "col.time", lambda each: each.at_us, kind="time", searched=False),
        Column("who", "staff_alerts.who", lambda each: each.people),
        Column("line", "staff_alerts.of", lambda each: each.line, chosen=True),
        Column("what", "staff_alerts.what", lambda each: each.action or each.event_type, chosen=True, said=_of),
        Column("why", "staff_alerts.why", lambda each: tuple(reason.rule for reason in each.reasons), sorts=False),
        Column("score", "col.score", lambda each: each.score, kind="number", searched=False),
        Column(
            "status", "col.status", lambda each: each.status, chosen=True, searched=False,
            said=lambda view, status: view.status(status),
        ),
    ),
    # They leave the house in no file; and what somebody looks for among them is nobody else's business.
    key=lambda each: each.decision_id, shares=False, carried=("before",),
)  # fmt: skip


class AlertPages:
    """The pages; `seen` gives the platform as a reader may see it."""

    def __init__(self, seen: Callable[[View], Source], doors: Doors) -> None:
        self._seen, self._pages = seen, doors.pages
        self._table = Table(SHAPE, doors, self._newest, ROWS_LOOKED)

    async def page(self, request: Request, view: View) -> Response:
        """The newest alerts that fit, in an order."""
        text = request.query_params.get("before", "")
        before = int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
        rows, older = self._seen(view).staff_alerts(ROWS_LOOKED, before)
        return self._pages.show(
            "staff_alerts.html", view, page="staff_alerts", t=await self._table.listed(request, view, rows),
            older=older, before=before, what_is=lambda what: _what(view, what),
        )  # fmt: skip

    async def _newest(self, view: View) -> Sequence[Alert]:
        return self._seen(view).staff_alerts(ROWS_LOOKED)[0]

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
            what_is=lambda what: _what(view, what), figure=_figure, said=lambda fact: _said(view, fact),
        )  # fmt: skip


def _figure(value: float | None) -> str:
    """A count or a mean, as short as it may be."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"


def _said(view: View, fact: Fact) -> str:
    """What a fact's value is called where these are words of ours and no pack's; nothing where it is what it says."""
    if fact.value in ("true", "false"):
        return view.t("yes" if fact.value == "true" else "no")
    if fact.name == "action" and fact.value in ACTIONS:
        return _what(view, fact.value)
    if fact.name == "place" and f"audit.place.{fact.value}" in WORDS:
        return view.t(f"audit.place.{fact.value}")
    roles = fact.value.split("+")
    if fact.name == "roles" and all(role in tuple(Role) for role in roles):
        return ("、" if view.lang == "zh" else ", ").join(role_title(Role(role), view.lang) for role in roles)
    return ""


def _what(view: View, what: str) -> str:
    action = ACTIONS.get(what)
    return what if action is None else view.action(action)
