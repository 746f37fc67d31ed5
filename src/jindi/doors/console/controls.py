"""The console's page of controls: by category of risk, how each stands, and what its check saw."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from jindi.basics.instants import parse_instant
from jindi.doors.console.view import Pages, View
from jindi.packs import Words

Ask = Callable[[], Awaitable[dict[str, Any] | None]]
"""The register as a document; None when the platform has none."""


class ControlsPage:
    """The page over one platform's register."""

    def __init__(self, ask: Ask, pages: Pages) -> None:
        self._ask, self._pages = ask, pages

    async def page(self, request: Request, view: View) -> Response:
        """All controls, or those that fail."""
        found = await self._ask()
        only_failing = request.query_params.get("show") == "failing"
        return self._pages.show(
            "controls.html", view, page="controls", d=found, only_failing=only_failing, at_us=parse_instant,
            said=lambda both: both[view.lang],
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


def pretty(evidence: object) -> str:
    """Evidence as people read it."""
    return json.dumps(evidence, ensure_ascii=False, indent=2)
