"""What takes four eyes over HTTP: one list, and the steps of asking, answering, collecting. The API keys, too."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from jindi.access import About, ApiKey, ApiKeys, Principal, Verdict
from jindi.basics.instants import DAY_US, format_instant
from jindi.basics.problems import Problems
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json, to_bytes
from jindi.doors.api.hot import Gone, TooLarge
from jindi.doors.api.versions import Guard, Keyed, person_of, review_document
from jindi.doors.guarding import by_method
from jindi.doors.origins import address_class
from jindi.doors.waiting import Waiting, about_waiting, everything, of_entry, of_proposal
from jindi.run.approvals.approvals import POLICIES, Approvals, Declined, Forbidden, payload_of, said
from jindi.run.approvals.lists import WHAT as LISTS
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.platform import NotNow
from jindi.run.records import STEP_PREFIX
from jindi.run.versions.desk import Declined as PolicyDeclined
from jindi.run.versions.desk import Desk

BODY_BYTES_MAX = 65_536
PROPOSAL_BYTES_MAX = 1_048_576
"""A change of a list may have thousands of lines."""

_Asked = TypeVar("_Asked", bound=msgspec.Struct)


class Propose(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for. Who asks is whoever holds the key, and nothing that is sent."""

    kind: str
    why: str
    payload: dict[str, Any] = {}


class Approve(msgspec.Struct, forbid_unknown_fields=True):
    """An approval of the content with this digest. `confirm` names rules of policies that may fire on more than their
    share.
    """

    digest: str
    why: str = ""
    confirm: list[str] = []


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why something ends."""

    why: str


class ApprovalRoutes:
    """The routes; `guard` makes a handler ask whether its caller may, `may` is that question alone."""

    def __init__(
        self, approvals: Approvals, desk: Desk, keys: ApiKeys, audit: Audit, guard: Guard,
        may: Callable[[Principal, str], Verdict],
    ) -> None:  # fmt: skip
        self._approvals, self._desk, self._keys, self._audit = approvals, desk, keys, audit
        self._guard, self._may = guard, may

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, handler: Keyed, action: str) -> Route:
            # A step that is taken is a record itself; one that nobody may take is an action that was refused.
            guarded = self._guard(action, self._told(handler), is_recorded=False, about=self._about)
            return Route(path, guarded, methods=["POST"])

        both = by_method(
            GET=self._guard("approvals.read", self._told(self._list)),
            POST=self._guard("approval.propose", self._told(self._propose), is_recorded=False),
        )
        return [
            Route("/v1/approvals", both, methods=["GET", "POST"]),
            Route("/v1/approvals/{id}", self._guard("approvals.read", self._told(self._one))),
            post("/v1/approvals/{id}/approve", self._approve, "approval.approve"),
            post("/v1/approvals/{id}/reject", self._reject, "approval.reject"),
            post("/v1/approvals/{id}/withdraw", self._withdraw, "approval.withdraw"),
            post("/v1/approvals/{id}/collect", self._collect, "approval.collect"),
            Route("/v1/keys", self._guard("keys.read", self._listed_keys)),
        ]

    def _about(self, request: Request) -> About:
        return about_waiting(self._approvals, self._desk, request.path_params["id"])

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""

        async def telling(request: Request, who: Principal) -> Response:
            try:
                return await handler(request, who)
            except (Declined, PolicyDeclined) as error:
                return _declined(error)
            except Forbidden as error:
                return await self._forbidden(request, who, error)
            except NotRecorded:
                return problem_answer(problems.NOT_RECORDED)
            except Problems as error:
                return problem_answer(problems.PACKS_REFUSED, problems=error.problems)
            except NotNow as error:
                return problem_answer(problems.NOT_NOW, str(error))
            except LookupError as error:
                return problem_answer(problems.NOT_FOUND, str(error))
            except TooLarge:
                return problem_answer(problems.TOO_LARGE)
            except (msgspec.MsgspecError, RecursionError) as error:
                return problem_answer(problems.BAD_REQUEST, str(error)[:400])
            except Gone:
                return Response()  # nobody is there to read it

        return telling

    async def _forbidden(self, request: Request, who: Principal, error: Forbidden) -> Response:
        """What the door could not know before it read the request is a refused action all the same."""
        actor = Actor(who.id, who.name, "api", address_class(request))
        try:
            await self._audit.act(actor, error.action, error.kind, allowed=False)
        except NotRecorded:
            return problem_answer(problems.NOT_RECORDED)
        return problem_answer(problems.FORBIDDEN, str(error)[:400])

    # ---- looking

    async def _list(self, _: Request, __: Principal) -> Response:
        listed = everything(self._approvals, self._desk)
        return json_answer({
            "four_eyes": "on" if self._approvals.is_on else "off",
            "changes": self._desk.platform.settings.changes,
            "kinds": sorted([POLICIES, *self._approvals.kinds]),
            "approvals": [waiting_document(each) for each in listed],
        })  # fmt: skip

    async def _one(self, request: Request, who: Principal) -> Response:
        return json_answer(await self._document(who, request.path_params["id"]))

    async def _document(self, who: Principal, identifier: str) -> dict[str, Any]:
        if identifier.startswith(STEP_PREFIX):
            proposal = self._desk.proposal(identifier)
            document = waiting_document(of_proposal(proposal))
            return document | {"review": review_document(await self._desk.review(proposal))}
        seen = await self._approvals.standing(identifier, who)
        document = waiting_document(of_entry(seen.entry, seen.state)) | {
            "payload": payload_of(seen.entry), "base": seen.entry.asked.base, "stale": seen.is_stale,
            "collected": seen.is_collected,
        }  # fmt: skip
        lines = [{"zh": line.zh, "en": line.en, "text": line.text} for line in seen.lines or ()]
        return document | {"lines": lines}

    async def _listed_keys(self, _: Request, __: Principal) -> Response:
        now_us = self._desk.platform.now_us()
        return json_answer({"keys": [key_document(each, now_us) for each in self._keys.all()]})

    # ---- doing

    async def _propose(self, request: Request, who: Principal) -> Response:
        asked = await _read(request, Propose, PROPOSAL_BYTES_MAX)
        if asked.kind != LISTS and len(to_bytes(asked)) > BODY_BYTES_MAX:
            raise TooLarge
        if asked.kind == POLICIES:
            policies = msgspec.convert(asked.payload.get("policies", []), list[str])
            proposal = await self._desk.propose(person_of(who), policies, why=said(asked.why))
            return json_answer(await self._document(who, proposal.id), 201)
        entry = await self._approvals.propose(who, asked.kind, asked.payload, asked.why)
        return json_answer(await self._document(who, entry.id), 201)

    async def _approve(self, request: Request, who: Principal) -> Response:
        asked, identifier = await _read(request, Approve), request.path_params["id"]
        if identifier.startswith(STEP_PREFIX):
            await self._desk.approve(
                person_of(who), identifier, why=said(asked.why, must=False), confirm=asked.confirm, digest=asked.digest
            )
        else:
            await self._approvals.approve(who, identifier, asked.digest, asked.why)
        return json_answer(await self._document(who, identifier))

    async def _reject(self, request: Request, who: Principal) -> Response:
        asked, identifier = await _read(request, Why), request.path_params["id"]
        if identifier.startswith(STEP_PREFIX):
            await self._desk.reject(
                person_of(who), identifier, why=said(asked.why), may_reject=self._may(who, "version.approve").allowed
            )
        else:
            await self._approvals.reject(who, identifier, asked.why)
        return json_answer(await self._document(who, identifier))

    async def _withdraw(self, request: Request, who: Principal) -> Response:
        asked, identifier = await _read(request, Why), request.path_params["id"]
        if identifier.startswith(STEP_PREFIX):
            await self._desk.reject(person_of(who), identifier, why=said(asked.why), may_reject=False)
        else:
            await self._approvals.withdraw(who, identifier, asked.why)
        return json_answer(await self._document(who, identifier))

    async def _collect(self, request: Request, who: Principal) -> Response:
        delivery = await self._approvals.collect(who, request.path_params["id"])
        headers = {"cache-control": "no-store"}
        if delivery.chunks is None:
            answer = json_answer(dict(delivery.shown))
            answer.headers.update(headers)
            return answer
        headers["content-disposition"] = f'attachment; filename="{delivery.file}"'
        return StreamingResponse(delivery.chunks, headers=headers, media_type=delivery.media_type)


def waiting_document(waiting: Waiting) -> dict[str, Any]:
    """One thing that waits, or waited."""
    return {
        "id": waiting.id,
        "kind": waiting.kind,
        "state": waiting.state,
        "by": waiting.by,
        "key": waiting.key,
        "why": waiting.why,
        "at": format_instant(waiting.at_us),
        "expires": format_instant(waiting.until_us),
        "digest": waiting.digest,
        "needed": waiting.needed,
        "answers": [
            {"what": each.what, "by": each.by, "key": each.key, "at": format_instant(each.at_us), "why": each.why}
            for each in waiting.answers
        ],
    }


def key_document(key: ApiKey, now_us: int) -> dict[str, Any]:
    """An API key, without its secret."""

    def at(at_us: int | None) -> str | None:
        return None if not at_us else format_instant(at_us)

    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "in_force": key.is_live(now_us),
        "signed": key.signs,
        "created": format_instant(key.created_us),
        "revoked": at(key.revoked_us),
        "expires": at(key.expires_us),
        "rotated": at(key.rotated_us),
        "old_secret_until": at(key.overlap_us) if key.overlap_us > now_us else None,
        "last_used": None if key.used_day < 0 else format_instant(key.used_day * DAY_US)[:10],
        "known_to": list(key.owners),
    }


def _declined(error: Declined | PolicyDeclined) -> Response:
    """Why nothing was done; where what was asked for has lines, which of them."""
    lines = [{"line": line, "zh": zh, "en": en} for line, zh, en in getattr(error, "problems", ())]
    more = {"lines": lines} if lines else {}
    return problem_answer(problems.DECLINED, error.en, detail_zh=error.zh, code=error.code, **more)


async def _read(request: Request, kind: type[_Asked], most: int = BODY_BYTES_MAX) -> _Asked:
    return await read_json(request, kind, most)
