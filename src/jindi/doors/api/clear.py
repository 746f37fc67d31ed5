"""Clear text over HTTP: reveals and searches, and the rights of whom data is about.

Everything is asked for in a body, never in an address: addresses end up in logs, histories and other people's screens.
Answers with clear text carry `no-store`. What is not there, what is not the caller's and what was erased look alike.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.basics.instants import format_instant
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.hot import Gone, TooLarge
from jindi.doors.api.versions import Guard, Keyed
from jindi.doors.guarding import by_method
from jindi.doors.origins import address_class
from jindi.run import reveals, subjects
from jindi.run.audit import Actor, NotRecorded
from jindi.run.requests import Request as Wanted
from jindi.run.reveals import Reveals, Wish
from jindi.run.subjects import Rights

BODY_BYTES_MAX = 16_384
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_Asked = TypeVar("_Asked", bound=msgspec.Struct)

_TITLES = {
    "no_vault": problems.NOT_NOW,
    "busy": problems.NOT_NOW,
    "not_kept": problems.NOT_FOUND,
    "no_request": problems.NOT_FOUND,
    "closed": problems.DECLINED,
    "other_request": problems.DECLINED,
    "waits": problems.DECLINED,
    "limit": problems.TOO_MANY_SHOWN,
    "not_permitted": problems.FORBIDDEN,
    "fresh_factor": problems.FORBIDDEN,
    "own_policy": problems.FORBIDDEN,
    "failed": problems.FORBIDDEN,
    "no_case": problems.FORBIDDEN,
    "never_shown": problems.FORBIDDEN,
    "other_kind": problems.FORBIDDEN,
}
"""What a reason is on the wire; whatever is not named here is a bad request."""


class RevealRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Fields of a decision, or tokens of a subject; for what, and in which case."""

    purpose: str
    case: str
    decision: str = ""
    fields: list[str] = []
    subject: str = ""
    tokens: list[str] = []


class SearchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An identifier in clear."""

    kind: str
    value: str
    purpose: str
    case: str


class OpenRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A request of a person: what is asked for, about whom, when it came (a day), and the institution's reference."""

    kind: str
    subject: str
    received: date | None = None
    reference: str = ""


class CorrectRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The token of what is wrong, and the right text."""

    token: str
    value: str


class RefuseRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is refused."""

    reason: str


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No more is needed."""


class ClearRoutes:
    """The routes; `guard` makes a handler ask whether its caller may. Each handler records what it does itself."""

    def __init__(self, reveals_: Reveals, rights: Rights, guard: Guard) -> None:
        self._reveals, self._rights, self._guard = reveals_, rights, guard

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, handler: Keyed, action: str) -> Route:
            # Whether the case and the factor are there is asked when the body has been read.
            return Route(path, self._post(handler, action), methods=["POST"])

        one = "/v1/subjects/requests/{id}"
        requests = by_method(
            GET=self._guard("subjects.read", self._told(self._requests)),
            POST=self._post(self._open, "subject.request"),
        )
        return [
            post("/v1/vault/reveal", self._reveal, "vault.reveal"),
            post("/v1/vault/search", self._search, "vault.search"),
            Route("/v1/subjects/requests", requests, methods=["GET", "POST"]),
            post(f"{one}/export", self._export, "subject.export"),
            post(f"{one}/correct", self._correct, "subject.correct"),
            post(f"{one}/erase", self._erase, "subject.erase"),
            post(f"{one}/refuse", self._refuse, "subject.refuse"),
        ]

    def _post(self, handler: Keyed, action: str) -> Any:
        return self._guard(action, self._told(handler), is_recorded=False, about=lambda _: About())

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems that hold no value."""

        async def telling(request: Request, who: Principal) -> Response:
            try:
                answer = await handler(request, who)
            except (reveals.Declined, subjects.Declined) as error:
                answer = problem_answer(_TITLES.get(error.why, problems.BAD_REQUEST), str(error), code=error.why)
            except NotRecorded:
                answer = problem_answer(problems.NOT_RECORDED)
            except TooLarge:
                answer = problem_answer(problems.TOO_LARGE)
            except Gone:
                return Response()  # nobody is there to read it
            except _Unreadable as error:
                answer = problem_answer(problems.BAD_REQUEST, str(error))
            answer.headers.update(NO_STORE)
            return answer

        return telling

    # ---- clear text

    async def _reveal(self, request: Request, who: Principal) -> Response:
        asked = await _read(request, RevealRequest)
        wish = Wish(
            asked.purpose, asked.case, asked.decision, tuple(asked.fields), asked.subject, tuple(asked.tokens)
        )  # fmt: skip
        if asked.decision and (asked.subject or asked.tokens):
            raise _Unreadable("give a decision with fields, or a subject with tokens, not both")
        shown = await self._reveals.reveal(who, _actor(request, who), wish)
        lines = [
            {"field": each.field, "kind": each.kind, "token": each.token, "value": each.clear} for each in shown.lines
        ]
        return json_answer({"record": shown.record, "fields": lines})

    async def _search(self, request: Request, who: Principal) -> Response:
        asked = await _read(request, SearchRequest)
        actor = _actor(request, who)
        met = await self._reveals.search(who, actor, asked.kind, asked.value, asked.purpose, asked.case)
        return json_answer({"record": met.record, "kind": met.kind, "token": met.token, "subjects": met.subjects})

    # ---- rights

    async def _requests(self, _: Request, __: Principal) -> Response:
        today = self._rights.today
        listed = [_document(each, today) for each in self._rights.requests.listed]
        return json_answer({"today": today, "requests": listed})

    async def _open(self, request: Request, who: Principal) -> Response:
        asked = await _read(request, OpenRequest)
        made = await self._rights.open(
            who, _actor(request, who), asked.kind, asked.subject, asked.received, asked.reference
        )
        return json_answer(_document(made, self._rights.today), 201)

    async def _export(self, request: Request, who: Principal) -> Response:
        await _read(request, Nothing)
        lines = await self._rights.export(who, _actor(request, who), request.path_params["id"])
        return StreamingResponse(lines, media_type="application/x-ndjson")

    async def _correct(self, request: Request, who: Principal) -> Response:
        asked = await _read(request, CorrectRequest)
        actor, identifier = _actor(request, who), request.path_params["id"]
        right = await self._rights.correct(who, actor, identifier, asked.token, asked.value)
        return json_answer({"token": asked.token, "right_token": right})

    async def _erase(self, request: Request, who: Principal) -> Response:
        await _read(request, Nothing)
        dropped = await self._rights.erase(who, _actor(request, who), request.path_params["id"])
        return json_answer({"rows": dropped})

    async def _refuse(self, request: Request, who: Principal) -> Response:
        asked = await _read(request, RefuseRequest)
        ended = await self._rights.refuse(who, _actor(request, who), request.path_params["id"], asked.reason)
        return json_answer(_document(ended, self._rights.today))


class _Unreadable(Exception):  # noqa: N818 - what the caller is told
    """A body that can't be read; the message says what would be, and nothing of what was."""


async def _read(request: Request, shape: type[_Asked]) -> _Asked:
    if request.query_params:
        raise _Unreadable("what is asked for stands in the body: an address is no place for it")
    try:
        return await read_json(request, shape, BODY_BYTES_MAX)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The decoder's own words can hold a part of what was sent.
        raise _Unreadable(f"give a JSON object with: {', '.join(shape.__struct_fields__)}") from None


def _actor(request: Request, who: Principal) -> Actor:
    return Actor(who.id, who.name, "api", address_class(request), getattr(request.state, "request_id", ""))


def _document(each: Wanted, today: date) -> Mapping[str, Any]:
    return {
        "id": each.id, "kind": each.asked, "subject": each.subject, "received": each.received, "due": each.due,
        "days_left": each.days_left(today) if each.state == "open" else None, "overdue": each.is_overdue(today),
        "state": each.state, "reason": each.reason, "reference": each.reference, "opened_by": each.by,
        "opened_at": format_instant(each.opened_us), "closed_by": each.closed_by, "rows": each.rows,
        "closed_at": None if each.closed_us is None else format_instant(each.closed_us),
    }  # fmt: skip
