"""Due diligence over HTTP: customers by level and by when something is due, one of them with his history, and the step
that one person takes alone. A level by hand takes two people: it is asked for at /v1/approvals (`kyc.level`).
"""

from collections.abc import Callable
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.basics.instants import parse_instant
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.telling import telling, whole
from jindi.doors.api.versions import Guard, Keyed
from jindi.doors.guarding import by_method
from jindi.doors.ratings import SAID, freeze_document, history_document, scheme_document, standing_document
from jindi.ports import RatedQuery, RatingStoreFailure
from jindi.run.audit import Actor
from jindi.run.freezes import Declined as NotFrozen
from jindi.run.freezes import Freezes
from jindi.run.platform import Platform
from jindi.run.rating import Declined, Desk

BODY_BYTES_MAX: Final = 8_192
LIMIT, LIMIT_MAX, OFFSET_MAX = 50, 500, 1_000_000
UNRATED: Final = "none"


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was checked, and the document's new end, an instant."""

    note: str
    document_until: str | None = None


class Ordered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an authority's order freezes, and the order's number."""

    user: str
    order: str


class RatingRoutes:
    """The routes; `actor` says who acts. Without a desk nobody is rated here."""

    def __init__(
        self, platform: Platform, desk: Desk | None, freezes: Freezes, guard: Guard,
        actor: Callable[[Request, Principal], Actor],
    ) -> None:  # fmt: skip
        self._platform, self._desk, self._freezes = platform, desk, freezes
        self._guard, self._actor = guard, actor

    def routes(self) -> list[Route]:
        """The table of routes."""
        freezes = by_method(
            GET=self._guard("kyc.read", self._told(self._frozen)),
            POST=self._guard("kyc.freeze", self._told(self._freeze), is_recorded=False),
        )
        return [
            Route("/v1/kyc/freezes", freezes, methods=["GET", "POST"]),
            Route("/v1/kyc/customers", self._guard("kyc.read", self._told(self._customers))),
            Route(
                "/v1/kyc/customers/{user:path}/review",
                self._guard("kyc.review", self._told(self._review), is_recorded=False), methods=["POST"],
            ),
            Route("/v1/kyc/customers/{user:path}", self._guard("kyc.customer", self._told(self._customer))),
        ]  # fmt: skip

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""
        return telling(handler, _declined, (Declined, NotFrozen, RatingStoreFailure))

    @property
    def _there(self) -> Desk:
        if self._desk is None or self._desk.scheme is None:
            raise LookupError("this platform rates nobody: load the pack diligence")
        return self._desk

    async def _customers(self, request: Request, _: Principal) -> Response:
        desk, asked, now_us = self._there, dict(request.query_params), self._platform.now_us()
        if unknown := sorted(set(asked) - {"level", "overdue", "user", "limit", "offset"}):
            raise ValueError(f"not a filter: {unknown[0][:40]}; use some of: level, overdue, user, limit, offset")
        assert desk.scheme is not None, "asked before"
        levels = (UNRATED, *(each.name for each in desk.scheme.levels))
        if (level := asked.get("level")) is not None and level not in levels:
            raise ValueError(f"level is one of: {', '.join(levels)}")
        if (overdue := asked.get("overdue", "false")) not in ("true", "false"):
            raise ValueError("overdue is true or false")
        query = RatedQuery(
            level="" if level == UNRATED else level, due_before_us=now_us if overdue == "true" else None,
            user=asked.get("user"), limit=whole(asked, "limit", LIMIT, LIMIT_MAX),
            offset=whole(asked, "offset", 0, OFFSET_MAX),
        )  # fmt: skip
        found, count = await desk.found(query)
        counts = await desk.counts()
        return json_answer({
            "customers": [standing_document(each, now_us) for each in found], "count": count,
            "levels": {
                each: {"customers": counts.get(_kept(each), (0, 0))[0], "overdue": counts.get(_kept(each), (0, 0))[1]}
                for each in levels
            },
            "scheme": scheme_document(desk.scheme), "behind": desk.behind, "problem": desk.problem,
        })  # fmt: skip

    async def _customer(self, request: Request, _: Principal) -> Response:
        desk, user = self._there, request.path_params["user"]
        standing = await desk.standing(user)
        history = [history_document(each) for each in await desk.history(user)]
        return json_answer(standing_document(standing, self._platform.now_us()) | {"history": history})

    async def _frozen(self, _: Request, __: Principal) -> Response:
        return json_answer({"freezes": [freeze_document(each) for each in self._freezes.live()]})

    async def _freeze(self, request: Request, who: Principal) -> Response:
        asked = await read_json(request, Ordered, BODY_BYTES_MAX)
        return json_answer(
            freeze_document(await self._freezes.begin(self._actor(request, who), asked.user, asked.order)), 201
        )

    async def _review(self, request: Request, who: Principal) -> Response:
        asked = await read_json(request, Reviewed, BODY_BYTES_MAX)
        desk, user = self._there, request.path_params["user"]
        until_us = None if asked.document_until is None else parse_instant(asked.document_until)
        await desk.review(self._actor(request, who), user, asked.note, until_us)
        return json_answer(standing_document(await desk.standing(user), self._platform.now_us()))


def _kept(level: str) -> str:
    return "" if level == UNRATED else level


def _declined(error: Exception) -> Response | None:
    if isinstance(error, (Declined, NotFrozen)):
        zh, en = SAID[error.code]
        return problem_answer(problems.DECLINED, en, detail_zh=zh, code=error.code)
    return problem_answer(problems.NOT_NOW, str(error)) if isinstance(error, RatingStoreFailure) else None
