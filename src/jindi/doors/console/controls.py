"""The console's page of controls: by category of risk, how each stands, and what its check saw."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access.roles import Role
from jindi.basics.instants import parse_instant
from jindi.doors.console.doors import Doors
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View, role_title
from jindi.oversight import RISKS, SEVERITIES
from jindi.packs import Words

Ask = Callable[[], Awaitable[dict[str, Any] | None]]
"""The register as a document; None when the platform has none."""


Control = dict[str, Any]
"""One control of the register's document, with the words of its category of risk under `title`."""


def _ended(each: Control) -> int | None:
    return None if each["result"] is None else parse_instant(each["result"]["ended"])


SHAPE: Final = Shape[Control](
    "controls", "/console/controls", "controls.read",
    (
        Column("id", "controls.id", lambda each: each["id"]),
        Column(
            "state", "controls.state", lambda each: each["state"], chosen=True, searched=False,
            said=lambda view, state: view.t(f"controls.state.{state}"),
        ),
        Column("zh", "controls.promise", lambda each: each["doc"]["zh"], sorts=False),
        Column(
            "owner", "controls.owner", lambda each: each["owner"], chosen=True, searched=False,
            said=lambda view, owner: role_title(Role(owner), view.lang) if owner in tuple(Role) else owner,
        ),
        Column(
            "severity", "controls.severity", lambda each: each["severity"], chosen=True, searched=False,
            said=lambda view, severity: view.words(SEVERITIES[severity]) if severity in SEVERITIES else severity,
        ),
        Column("found", "controls.found", _ended, kind="time", searched=False),
        Column(
            "risk", "controls.risk", lambda each: each["risk"], chosen=True, searched=False, shown=False,
            said=lambda view, risk: view.words(RISKS[risk]) if risk in RISKS else risk,
        ),
        Column(
            "show", "controls.show", lambda each: "green" if each["green"] else "failing", chosen=True, shown=False,
            searched=False, exports=False,
            said=lambda view, show: view.t(f"controls.show.{show}") if show in ("green", "failing") else show,
        ),
        Column("en", "controls.promise", lambda each: each["doc"]["en"], sorts=False, shown=False),
    ),
    key=lambda each: each["id"], export="controls.export", page_rows=200,
)  # fmt: skip


class ControlsPage:
    """The page over one platform's register."""

    def __init__(self, ask: Ask, doors: Doors) -> None:
        self._ask, self._pages = ask, doors.pages
        self._table = Table(SHAPE, doors, self._rows)

    def routes(self) -> list[Route]:
        """Where the table is taken away."""
        return self._table.routes()

    async def _rows(self, _: View) -> Sequence[Control]:
        return _controls(await self._ask())

    async def page(self, request: Request, view: View) -> Response:
        """All controls by category of risk, or those that fit a filter, in an order."""
        found = await self._ask()
        t = await self._table.listed(request, view, _controls(found))
        titles = [each["title"] for each in t.rows]
        return self._pages.show(
            "controls.html", view, page="controls", d=found, t=t, at_us=parse_instant,
            said=lambda both: both[view.lang],
            # Sorted by anything, the table is one; as it stands, it goes by category.
            begins=[not t.asked.sort and title not in titles[:n] for n, title in enumerate(titles)],
        )  # fmt: skip

    async def control(self, request: Request, view: View) -> Response:
        """One control with its evidence."""
        found = await self._ask() or {"risks": []}
        wanted = request.path_params["id"]
        for risk in found["risks"]:
            for each in risk["controls"]:
                if each["id"] == wanted:
                    evidence = None if each["result"] is None else pretty(each["result"]["evidence"])
                    return self._pages.show(
                        "control.html", view, page="controls", c=each, risk=risk["title"], evidence=evidence,
                        said=lambda both: both[view.lang], at_us=parse_instant, basis=Words(**each["basis"]),
                    )  # fmt: skip
        raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")


def _controls(found: Mapping[str, Any] | None) -> list[Control]:
    """The controls of a register's document, in its order."""
    risks = [] if found is None else found["risks"]
    return [each | {"title": risk["title"]} for risk in risks for each in risk["controls"]]


def pretty(evidence: object) -> str:
    """Evidence as people read it."""
    return json.dumps(evidence, ensure_ascii=False, indent=2)
