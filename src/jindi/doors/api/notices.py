"""Channels of notifications over HTTP: which there are, whether they work, and what was sent."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.basics.instants import format_instant
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer
from jindi.doors.api.versions import Guard
from jindi.ports import NoticeStoreFailure
from jindi.run.notices import Channel, Desk
from jindi.run.notices.channels import Unknown
from jindi.run.notices.desk import Sending

LIMIT_MAX, OFFSET_MAX = 200, 100_000
NONE_HERE = "this platform notifies nobody"


class NoticeRoutes:
    """The routes; `desk` None: this platform notifies nobody."""

    def __init__(self, desk: Desk | None, guard: Guard) -> None:
        self._desk, self._guard = desk, guard

    def routes(self) -> list[Route]:
        """The table of routes."""
        channels, deliveries = "/v1/notification-channels", "/v1/notification-deliveries"
        test, resend = self._guard("channel.test", self._test), self._guard("delivery.resend", self._resend)
        return [
            Route(channels, self._guard("channels.read", self._channels)),
            Route(f"{channels}/{{id}}/test", test, methods=["POST"]),
            Route(deliveries, self._guard("channels.read", self._deliveries)),
            Route(f"{deliveries}/{{id}}/resend", resend, methods=["POST"]),
        ]

    async def _channels(self, _: Request, __: Principal) -> Response:
        found = self._desk.channels.all() if self._desk is not None else ()
        return json_answer({"channels": [channel_document(each) for each in found]})

    async def _test(self, request: Request, _: Principal) -> Response:
        identifier = request.path_params["id"]
        if self._desk is None:
            return problem_answer(problems.NOT_FOUND, NONE_HERE)
        try:
            sent = await self._desk.try_channel(identifier)
        except Unknown as error:
            return problem_answer(problems.NOT_FOUND, str(error))
        return json_answer({"id": identifier, "arrived": not sent.why, "why": sent.why})

    async def _deliveries(self, request: Request, _: Principal) -> Response:
        asked = request.query_params
        limit, offset = _whole(asked.get("limit", "50"), LIMIT_MAX), _whole(asked.get("offset", "0"), OFFSET_MAX)
        if limit is None or offset is None:
            return problem_answer(problems.BAD_REQUEST, f"limit is at most {LIMIT_MAX}, offset at most {OFFSET_MAX}")
        if self._desk is None:
            return json_answer({"deliveries": []})
        try:
            found = await self._desk.log(limit, offset, asked.get("channel"))
        except NoticeStoreFailure:
            return problem_answer(problems.NOT_NOW, "notifications can't be reached now")
        return json_answer({"deliveries": [delivery_document(each) for each in found]})

    async def _resend(self, request: Request, _: Principal) -> Response:
        if self._desk is None:
            return problem_answer(problems.NOT_FOUND, NONE_HERE)
        identifier = request.path_params["id"]
        try:
            if not await self._desk.resend(identifier):
                return problem_answer(problems.NOT_FOUND, "there is no delivery with this id that is over")
        except NoticeStoreFailure:
            return problem_answer(problems.NOT_NOW, "notifications can't be reached now")
        return json_answer({"id": identifier, "state": "waiting"})


def channel_document(channel: Channel) -> dict[str, Any]:
    """A channel as it is shown: without address and secret."""
    return {
        "id": channel.id, "kind": channel.kind, "name": channel.name, "host": channel.place, "roles": channel.roles,
        "least": channel.least, "lang": channel.lang, "state": channel.state,
        "created": format_instant(channel.created_us),
    }  # fmt: skip


def delivery_document(sending: Sending) -> dict[str, Any]:
    """A delivery as it is shown: to whom of the staff is nobody's business, nor about which alert of theirs."""
    row, notice = sending.row, sending.notice
    return {
        "id": row.key, "channel": row.channel, "occasion": row.occasion, "level": notice.level,
        "matter": "" if row.occasion == "staff.alert" else notice.matter, "at": format_instant(row.at_us),
        "state": row.state, "tries": row.tries, "why": row.why,
        "done": format_instant(row.done_us) if row.done_us else None,
    }  # fmt: skip


def _whole(text: str, most: int) -> int | None:
    whole = int(text) if text.isascii() and text.isdecimal() and len(text) <= 6 else None
    return whole if whole is not None and whole <= most else None
