"""Screening over HTTP: the lists in force and how to load one, matches, and the step that one person takes alone.

Clearing a match, lifting a freeze and taking a list out of force take two people: they are asked for at /v1/approvals
(`screening.clear`, `screening.lift`, `watchlist.drop`).
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.hot import read_body
from jindi.doors.api.telling import telling, whole
from jindi.doors.api.versions import Guard, Keyed
from jindi.doors.guarding import by_method
from jindi.doors.screening import REPORT_HOURS, entry_document, list_document, match_document, said
from jindi.run.audit import Actor
from jindi.run.platform import Platform
from jindi.run.screening.book import STATES
from jindi.run.screening.desk import Declined, Desk
from jindi.run.screening.unpacking import unpacked

LIST_BYTES_MAX: Final = 64 << 20
BODY_BYTES_MAX: Final = 8_192
LIMIT, LIMIT_MAX, OFFSET_MAX = 50, 500, 1_000_000


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody is who the list means."""

    reason: str


class ScreeningRoutes:
    """The routes; `actor` says who acts. Without a desk nothing is screened here."""

    def __init__(
        self, platform: Platform, desk: Desk | None, guard: Guard, actor: Callable[[Request, Principal], Actor]
    ) -> None:
        self._platform, self._desk, self._guard, self._actor = platform, desk, guard, actor

    def routes(self) -> list[Route]:
        """The table of routes."""
        lists = by_method(
            GET=self._guard("screening.read", self._told(self._lists)),
            POST=self._guard("watchlist.load", self._told(self._load), is_recorded=False),
        )
        return [
            Route("/v1/watchlists", lists, methods=["GET", "POST"]),
            Route("/v1/screening/matches", self._guard("screening.read", self._told(self._matches))),
            Route("/v1/screening/matches/{id}", self._guard("screening.match", self._told(self._match))),
            Route(
                "/v1/screening/matches/{id}/confirm",
                self._guard("screening.confirm", self._told(self._confirm), is_recorded=False), methods=["POST"],
            ),
        ]  # fmt: skip

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""
        return telling(handler, _declined, (Declined,))

    @property
    def _there(self) -> Desk:
        if self._desk is None:
            raise LookupError("this platform screens nobody")
        return self._desk

    @property
    def _hours(self) -> int:
        return self._platform.parameter("screening_report_hours", REPORT_HOURS)

    async def _lists(self, _: Request, __: Principal) -> Response:
        desk = self._there
        progress = desk.progress
        return json_answer({
            "lists": [list_document(each) for each in desk.loaded.values()], "problem": desk.problem,
            "reading": desk.is_reading,
            "looking": None if progress is None else {
                "entries": progress.entries, "rows": progress.rows, "of": progress.total, "found": progress.found,
            },
        })  # fmt: skip

    async def _load(self, request: Request, who: Principal) -> Response:
        desk, name = self._there, request.query_params.get("file", "")
        meant = request.query_params.get("meant", "false")
        if not name or len(name) > 200 or meant not in ("true", "false"):
            raise ValueError("name the file with ?file=sdn.zip; meant is true or false")
        files = await asyncio.to_thread(unpacked, name, await read_body(request.receive, LIST_BYTES_MAX))
        loaded = await desk.load(self._actor(request, who), files, is_meant=meant == "true")
        return json_answer({"lists": [list_document(each) for each in loaded]}, 201)

    async def _matches(self, request: Request, _: Principal) -> Response:
        desk, asked = self._there, dict(request.query_params)
        if unknown := sorted(set(asked) - {"state", "limit", "offset"}):
            raise ValueError(f"not a filter: {unknown[0][:40]}; use some of: state, limit, offset")
        if (state := asked.get("state", "")) not in ("", *STATES):
            raise ValueError(f"state is one of: {', '.join(STATES)}")
        found = desk.hits(state)
        first, limit = whole(asked, "offset", 0, OFFSET_MAX), whole(asked, "limit", LIMIT, LIMIT_MAX)
        page = [match_document(each, self._hours) for each in found[first : first + limit]]
        return json_answer({"matches": page, "count": len(found)})

    async def _match(self, request: Request, _: Principal) -> Response:
        desk = self._there
        hit = desk.hit(request.path_params["id"])
        entry, why = desk.entry(hit), await desk.why(hit)
        more: dict[str, Any] = {
            "now": None if entry is None else entry_document(entry),
            "why": None if why is None else {"zh": list(why.zh), "en": list(why.en)},
        }
        return json_answer(match_document(hit, self._hours) | more)

    async def _confirm(self, request: Request, who: Principal) -> Response:
        asked = await read_json(request, Reason, BODY_BYTES_MAX)
        hit = await self._there.confirm(self._actor(request, who), request.path_params["id"], asked.reason)
        return json_answer(match_document(hit, self._hours))


def _declined(error: Exception) -> Response | None:
    if not isinstance(error, Declined):
        return None
    zh, en = said(error.code, error.values_of)
    return problem_answer(problems.DECLINED, en, detail_zh=zh, code=error.code)
