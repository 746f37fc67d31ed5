"""Alerts about staff over HTTP, for programs of those who look into them: never about a key's own holder or line."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.basics.instants import format_instant
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer
from jindi.doors.api.versions import Guard
from jindi.run.watching import Alert, AlertPage, Alerts, Viewer
from jindi.run.watching.alerts import document, habits_of

LIMIT, LIMIT_MAX = 50, 200


class AlertRoutes:
    """The routes; `viewer_of` says who looks, and whether the policies let him."""

    def __init__(self, alerts: Alerts, guard: Guard, viewer_of: Callable[[Principal], Viewer]) -> None:
        self._alerts, self._guard, self._viewer_of = alerts, guard, viewer_of

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/v1/staff-alerts", self._guard("staff_alerts.read", self._list)),
            Route("/v1/staff-alerts/{id}", self._guard("staff_alerts.read", self._one)),
        ]

    async def _list(self, request: Request, principal: Principal) -> Response:
        asked = request.query_params
        try:
            unknown = sorted(set(asked) - {"before", "limit"})
            if unknown:
                raise ValueError(f"not a filter: {', '.join(unknown)[:80]}")
            before, limit = (
                _whole(asked.get("before"), "before", 1 << 60),
                _whole(asked.get("limit"), "limit", LIMIT_MAX),
            )
        except ValueError as error:
            return problem_answer(problems.BAD_REQUEST, str(error))
        found, older = self._alerts.newest(self._viewer_of(principal), limit or LIMIT, before)
        return json_answer({"alerts": [_of(each) for each in found], "older": older})

    async def _one(self, request: Request, principal: Principal) -> Response:
        found = self._alerts.one(self._viewer_of(principal), request.path_params["id"])
        if found is None:
            return problem_answer(problems.NOT_FOUND, "there is no such alert about staff")
        return json_answer(_of(found.alert) | _more(found))


def _of(alert: Alert) -> dict[str, object]:
    return document(alert) | {"at": format_instant(alert.at_us)}


def _more(page: AlertPage) -> dict[str, object]:
    return {
        "fields": {each.name: each.value for each in page.fields},
        "facts": {each.name: each.value for each in page.facts},
        "habits": habits_of(page.habits),
    }


def _whole(text: str | None, name: str, most: int) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= most):
        raise ValueError(f"{name}: write a number from 1 to {most}")
    return int(text)
