"""The register of controls over HTTP: how each stands, with its evidence; and runs on demand."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.doors.api import problems
from jindi.doors.api.problems import Title, problem
from jindi.doors.api.versions import Guard
from jindi.run.platform import NotNow, Platform

_json = msgspec.json.Encoder().encode


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
            return _refused(problems.NOT_NOW, "this platform has no register of controls")
        return Response(_json(found), 200, media_type="application/json")

    async def _run(self, request: Request, principal: Principal) -> Response:
        only = tuple(request.query_params.getlist("only"))
        unknown = sorted(set(only) - self._platform.program.definitions.controls.keys())
        if unknown or set(request.query_params) - {"only"}:
            said = ", ".join(unknown)[:80] or "give only=ID, or nothing"
            return _refused(problems.BAD_REQUEST, f"no such control: {said}" if unknown else said)
        try:
            self._platform.rounds.begin_controls(only, principal.name)
        except NotNow as error:
            return _refused(problems.NOT_NOW, str(error))
        return Response(_json({"accepted": True, "only": only}), 202, media_type="application/json")


def _refused(title: Title, why: str) -> Response:
    return Response(problem(title, why), title.status, media_type=problems.MEDIA_TYPE.decode())
