"""The console's pages of backtests: how far one is, what it came to, and the whole report to take away."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.doors.console.doors import Doors
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES
from jindi.run.backtest.trials import SECONDS_MAX, Kept, Trials
from jindi.run.versions.desk import Desk

ORDER = tuple(str(outcome) for outcome in OUTCOMES)


class TrialPages:
    """The pages over all trials of a platform."""

    def __init__(self, trials: Trials, desk: Desk, doors: Doors) -> None:
        self._trials, self._desk, self._doors = trials, desk, doors
        self._pages = doors.pages

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        return [
            Route("/console/backtests/{id}", needs("backtest.read", self.trial)),
            Route("/console/backtests/{id}/panel", self._doors.fragment("backtest.read", self.panel)),
            Route("/console/backtests/{id}/report", needs("backtest.read", self.report)),
            Route("/console/backtests/{id}/stop", needs("backtest.stop", self.stop), methods=["POST"]),
        ]

    async def trial(self, request: Request, view: View) -> Response:
        """One backtest."""
        return self._page("trial.html", request, view)

    async def panel(self, request: Request, view: View, _: str) -> Response:
        """How far it is, for the page's own script."""
        return self._page("trial_panel.html", request, view)

    def _page(self, template: str, request: Request, view: View) -> Response:
        kept = self._trials.one(request.path_params["id"])
        if kept is None:
            return self._missing(request, view)
        return self._pages.show(
            template, view, page="policies", trial=kept.trial, seen=shown(kept), minutes=SECONDS_MAX // 60,
            may_stop=view.may("backtest.stop"), order=ORDER,
        )  # fmt: skip

    async def report(self, request: Request, view: View) -> Response:
        """The whole report as a file: a page that needs nothing beside itself, and so is not one of the console's."""
        from jindi.doors.reports import backtest_page  # noqa: PLC0415 - templates are only read where one asks

        kept = self._trials.one(request.path_params["id"])
        if kept is None or kept.report is None:
            return self._missing(request, view)
        name = f"backtest-{kept.trial.policy}-{kept.trial.id}.html"
        return Response(
            backtest_page(kept.report), media_type="text/html",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )  # fmt: skip

    async def stop(self, request: Request, view: View) -> Response:
        """End it."""
        await self._doors.form(request)
        identifier: str = request.path_params["id"]
        if self._trials.one(identifier) is None:
            return self._missing(request, view)
        if self._trials.stop(identifier):
            await self._trials.ended()
        return RedirectResponse(f"/console/backtests/{identifier}", HTTPStatus.SEE_OTHER)

    def _missing(self, request: Request, view: View) -> Response:
        return self._doors.error(view, HTTPStatus.NOT_FOUND, "error.no_trial", id=request.path_params["id"][:64])


def shown(kept: Kept) -> dict[str, Any] | None:
    """What the page needs of a report: its one event type, and what stands in which row."""
    if kept.report is None:
        return None
    candidate = kept.report["candidates"][0]
    found = candidate["types"].get(kept.trial.on)
    if found is None:
        return {"mode": candidate["mode"], "type": None}
    used = [
        name for name in ORDER
        if any(found["matrix"][name][other]["events"] or found["matrix"][other][name]["events"] for other in ORDER)
    ]  # fmt: skip
    rules = found["rules"]
    names = sorted({*rules["live"], *rules["candidate"]}, key=lambda name: (-_moved(rules, name), name))
    return {
        "mode": candidate["mode"], "type": found, "used": used, "records": kept.report["records"],
        "labelled": found["labelled"]["true"] + found["labelled"]["false"] > 0,
        "rules": [(name, rules["live"].get(name), rules["candidate"].get(name)) for name in names],
    }  # fmt: skip


def _moved(rules: dict[str, Any], name: str) -> int:
    """By how many hits the two sides differ."""
    live, would = (int(rules[side][name]["events"]) if name in rules[side] else 0 for side in ("live", "candidate"))
    return abs(would - live)
