"""Webhooks over HTTP: who is told of decisions, and how that goes."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.hot import Gone, TooLarge
from jindi.doors.api.versions import Guard
from jindi.doors.guarding import by_method
from jindi.run.platform import Platform
from jindi.run.webhooks import Forbidden, Unknown
from jindi.run.webhooks.mailing import STEPS, Mailing

BYTES_MAX = 16_384
TWO_PEOPLE = "it takes two people to change a webhook: POST /v1/approvals with kind webhook.change"


class NewEndpoint(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be told, and of what; without outcomes and types of everything."""

    url: str
    outcomes: list[str] = []
    types: list[str] = []
    asymmetric: bool = False


class WebhookRoutes:
    """The routes; `mailing` None: this platform tells nobody."""

    def __init__(self, platform: Platform, mailing: Mailing | None, guard: Guard, *, four_eyes: bool) -> None:
        self._platform, self._mailing, self._guard, self._four_eyes = platform, mailing, guard, four_eyes

    def routes(self) -> list[Route]:
        """The table of routes."""
        both = by_method(
            GET=self._guard("webhooks.read", self._list), POST=self._guard("webhook.change", self._add)
        )  # fmt: skip
        step = self._guard("webhook.change", self._step)
        return [
            Route("/v1/webhooks", both, methods=["GET", "POST"]),
            Route("/v1/webhooks/{id}/{step}", step, methods=["POST"]),
        ]

    async def _list(self, _: Request, __: Principal) -> Response:
        mailing = self._mailing
        if mailing is None:
            return json_answer({"webhooks": []})
        records = self._platform.archive.log.next_seq()
        return json_answer({"webhooks": [mailing.document(each, records) for each in mailing.endpoints.all()]})

    async def _add(self, request: Request, _: Principal) -> Response:
        if (mailing := self._mailing) is None:
            return problem_answer(problems.NOT_NOW, "this platform sends no webhooks")
        try:
            asked = await read_json(request, NewEndpoint, BYTES_MAX)
            if unknown := sorted(set(asked.types) - set(self._platform.program.definitions.events)):
                raise ValueError(f"no such event type: {', '.join(unknown)[:80]}")
            await asyncio.to_thread(mailing.check, asked.url)
            if self._four_eyes:
                return problem_answer(problems.DECLINED, TWO_PEOPLE)
            made, secret = mailing.endpoints.add(
                asked.url, self._platform.now_us(), outcomes=asked.outcomes, types=asked.types,
                asymmetric=asked.asymmetric,
            )  # fmt: skip
        except TooLarge:
            return problem_answer(problems.TOO_LARGE)
        except Gone:
            return Response()  # nobody is there to read it
        except (msgspec.MsgspecError, Forbidden, ValueError) as error:
            return problem_answer(problems.BAD_REQUEST, str(error))
        return json_answer({**mailing.document(made), "secret": secret}, 201)

    async def _step(self, request: Request, _: Principal) -> Response:
        step, mailing = request.path_params["step"], self._mailing
        if mailing is None or step not in STEPS:
            return problem_answer(problems.NOT_FOUND)
        if self._four_eyes and step != "test":
            return problem_answer(problems.DECLINED, TWO_PEOPLE)
        try:
            if step == "test":  # it waits for somebody else
                return json_answer(
                    await asyncio.to_thread(mailing.step, request.path_params["id"], step, self._platform.now_us())
                )
            return json_answer(mailing.step(request.path_params["id"], step, self._platform.now_us()))
        except Unknown as error:
            return problem_answer(problems.NOT_FOUND, str(error))
