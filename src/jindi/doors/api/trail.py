"""The audit over HTTP: what people and keys did, and signed heads on demand."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.basics.instants import format_instant, parse_instant
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer
from jindi.doors.api.versions import Guard
from jindi.run.audit import Audit
from jindi.run.platform import NotNow, Platform
from jindi.run.trail import Doing, Wanted

LIMIT, LIMIT_MAX = 50, 200


class TrailRoutes:
    """The routes; `guard` makes a handler ask for a key and journals that it was asked for, this too."""

    def __init__(self, audit: Audit, platform: Platform, guard: Guard) -> None:
        self._audit, self._platform, self._guard = audit, platform, guard

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/v1/audit", self._guard("audit.read", self._look)),
            Route("/v1/heads", self._guard("head.write", self._head), methods=["POST"]),
        ]

    async def _look(self, request: Request, _: Principal) -> Response:
        try:
            wanted = _wanted(request)
        except ValueError as error:
            return problem_answer(problems.BAD_REQUEST, str(error))
        page = await self._audit.look(wanted)
        return json_answer({"actions": [_document(each) for each in page.doings], "older": page.older})

    async def _head(self, _: Request, __: Principal) -> Response:
        try:
            head = await self._platform.publish_head()
        except NotNow as error:
            return problem_answer(problems.NOT_NOW, str(error))
        assert head is not None, "that somebody asked is a record"
        return json_answer({"records": head.seq, "root": head.head.hex(), "at": format_instant(head.at_us)}, 201)


def _wanted(request: Request) -> Wanted:
    """The filter in an address. ValueError names what can't be read."""
    asked = request.query_params
    unknown = sorted(set(asked) - {"who", "what", "on", "since", "until", "before", "limit"})
    if unknown:
        raise ValueError(f"not a filter: {', '.join(unknown)[:80]}")
    return Wanted(
        who=asked.get("who"), what=asked.get("what"), on=asked.get("on"),
        since_us=_instant(asked.get("since"), "since"), until_us=_instant(asked.get("until"), "until"),
        before=_whole(asked.get("before"), "before", 1 << 60),
        limit=_whole(asked.get("limit"), "limit", LIMIT_MAX) or LIMIT,
    )  # fmt: skip


def _instant(text: str | None, name: str) -> int | None:
    try:
        return None if text is None else parse_instant(text)
    except ValueError:
        raise ValueError(f"{name}: write an instant such as 2026-11-27T08:00:00Z") from None


def _whole(text: str | None, name: str, most: int) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= most):
        raise ValueError(f"{name}: write a number from 1 to {most}")
    return int(text)


def _document(doing: Doing) -> dict[str, object]:
    document: dict[str, object] = msgspec.to_builtins(doing)
    document["at"] = format_instant(document.pop("at_us"))  # type: ignore[arg-type]
    return document
