"""The register of controls over HTTP: how each stands, with its evidence; and runs on demand."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer
from jindi.doors.api.versions import Guard
from jindi.run.platform import NotNow, Platform


class ControlRoutes:
    """The routes; `guard` makes a handler ask for a key and journals that it was asked for."""

    def __init__(self, platform: Platform, guard: Guard) -> None:
        self._platform, self._guard = platform, guard

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/v1/controls", self._guard("controls.read", self._read)),
            Route("/v1/controls/run", self._guard("control.run", self._run), methods=["POST"]),
        ]

    async def _read(self, _: Request, __: Principal) -> Response:
        found = await self._platform.rounds.controls()
        if found is None:
            return problem_answer(problems.NOT_NOW, "this platform has no register of controls")
        return json_answer({**found, "running": self._platform.rounds.is_running_controls})

    async def _run(self, request: Request, principal: Principal) -> Response:
        only = tuple(request.query_params.getlist("only"))
        unknown = sorted(set(only) - self._platform.program.definitions.controls.keys())
        if unknown or set(request.query_params) - {"only"}:
            said = ", ".join(unknown)[:80] or "give only=ID, or nothing"
            return problem_answer(problems.BAD_REQUEST, f"no such control: {said}" if unknown else said)
        try:
            self._platform.rounds.begin_controls(only, principal.name)
        except NotNow as error:
            return problem_answer(problems.NOT_NOW, str(error))
        return json_answer({"accepted": True, "only": only}, 202)
