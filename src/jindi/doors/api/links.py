"""Links over HTTP: what hangs on an entity, and the shortest way between two."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.basics.instants import format_instant, parse_instant
from jindi.basics.money import format_minor
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer
from jindi.doors.api.versions import Guard, Keyed
from jindi.packs import OUTCOMES
from jindi.parties import kind_of
from jindi.parties.graph import CAP, DEPTH_MAX
from jindi.parties.tally import SEP
from jindi.ports import Link, LinkEntity, LinkQuery, LinkStoreFailure
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.links import Desk, Unknown
from jindi.run.platform import Platform

ACTION: Final = "links.read"
ROLES_MAX: Final = 50
_FILTERS: Final = ("since", "until", "kinds")

CLEAR: Final = "an address must not hold an identifier in clear, it ends up in logs and histories: give its token"


class LinkRoutes:
    """The routes; `actor` says who acts."""

    def __init__(
        self, platform: Platform, desk: Desk | None, guard: Guard, audit: Audit,
        actor: Callable[[Request, Principal], Actor],
    ) -> None:  # fmt: skip
        self._platform, self._desk, self._guard, self._audit, self._actor = platform, desk, guard, audit, actor

    def routes(self) -> list[Route]:
        """The table of routes."""
        # Whom was asked for stands in the query, so it is recorded when that has been read.
        return [
            Route("/v1/links", self._guard(ACTION, self._told(self._graph), is_recorded=False)),
            Route("/v1/links/path", self._guard(ACTION, self._told(self._path), is_recorded=False)),
        ]

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""

        async def telling(request: Request, who: Principal) -> Response:
            try:
                return await handler(request, who)
            except NotRecorded:
                return problem_answer(problems.NOT_RECORDED)
            except LinkStoreFailure:
                return problem_answer(problems.NOT_NOW, "links can't be read for now")
            except Unknown:
                return problem_answer(problems.NOT_FOUND, "nothing is linked to this entity, or not any more")
            except LookupError as error:
                return problem_answer(problems.NOT_FOUND, str(error.args[0]))
            except ValueError as error:
                return problem_answer(problems.BAD_REQUEST, str(error)[:400])

        return telling

    @property
    def _open(self) -> Desk:
        if self._desk is None:
            raise LookupError("this platform keeps no links (setting links_days)")
        return self._desk

    async def _graph(self, request: Request, who: Principal) -> Response:
        asked = _only(request.query_params, ("start", "depth", "limit", *_FILTERS))
        start, query = self._named(asked, "start"), query_of(asked)
        depth, cap = _whole(asked, "depth", 1, 1, DEPTH_MAX), _whole(asked, "limit", CAP, 1, CAP)
        await self._record(request, who, start)
        graph = await self._open.graph(start, query, depth=depth, cap=cap)
        return json_answer({
            "start": entity_document(graph.start),
            "entities": [
                entity_document(each) | {"distance": graph.depths[each.name], "hub": each.name in graph.hubs}
                for each in graph.entities
            ],
            "links": [link_document(each) for each in graph.links],
            "shown": len(graph.entities), "found": graph.found, "behind": self._open.behind,
        })  # fmt: skip

    async def _path(self, request: Request, who: Principal) -> Response:
        asked = _only(request.query_params, ("start", "goal", *_FILTERS))
        start, goal, query = self._named(asked, "start"), self._named(asked, "goal"), query_of(asked)
        await self._record(request, who, start, goal)
        path, links = await self._open.path(start, goal, query)
        return json_answer({
            "path": [entity_document(each) for each in path.entities], "links": [link_document(each) for each in links],
            "found": bool(path.entities), "gave_up": path.gave_up, "looked": path.looked,
            "hubs": [entity_document(each) for each in path.hubs], "behind": self._open.behind,
        })  # fmt: skip

    def _named(self, asked: Mapping[str, str], name: str) -> str:
        """An entity that the address names. Raises ValueError."""
        kind, colon, value = asked.get(name, "").partition(SEP)
        if not colon or not kind or not value:
            raise ValueError(f"{name} is an entity: its kind, a colon, and its value or token (user:u1)")
        if self._platform.is_clear(kind, value):
            raise ValueError(CLEAR)
        name = f"{kind}{SEP}{value}"
        return self._desk.same(name) if self._desk is not None else name

    async def _record(self, request: Request, who: Principal, *names: str) -> None:
        # One record for each: whoever watches staff reads there at whom somebody looked.
        for name in names:
            await self._audit.act(self._actor(request, who), ACTION, self._audit.subject(*name.split(SEP, 1)))


def _only(asked: Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    if unknown := sorted(set(asked) - set(known)):
        raise ValueError(f"not asked like this: {unknown[0][:40]!r}; use some of: {', '.join(known)}")
    return dict(asked)


def query_of(asked: Mapping[str, str]) -> LinkQuery:
    """Which links an address asks for. Raises ValueError."""
    roles = tuple(each for each in asked.get("kinds", "").split(",") if each)
    if len(roles) > ROLES_MAX:
        raise ValueError(f"at most {ROLES_MAX} kinds")
    since, until = asked.get("since"), asked.get("until")
    return LinkQuery(
        since_us=parse_instant(since) if since else None, until_us=parse_instant(until) if until else None, roles=roles
    )


def _whole(asked: Mapping[str, str], name: str, otherwise: int, least: int, most: int) -> int:
    text = asked.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        raise ValueError(f"{name} is a whole number from {least} to {most}")
    return int(text)


def entity_document(entity: LinkEntity) -> dict[str, Any]:
    """An entity, as programs are given it."""
    kind = kind_of(entity.name)
    return {"entity": kind, "value": entity.name[len(kind) + 1 :], "links": entity.degree} | _seen(entity)


def link_document(link: Link) -> dict[str, Any]:
    """A link, as programs are given it: `a` stands in it as the first of its kind's two roles."""
    money = {currency: format_minor(minor, currency) for currency, minor in link.money}
    return {"a": link.a, "b": link.b, "kind": link.roles, "amounts": money} | _seen(link)


def _seen(each: LinkEntity | Link) -> dict[str, Any]:
    return {
        "first_seen": format_instant(each.first_us), "last_seen": format_instant(each.last_us),
        "decisions": each.seen, "not_allowed": each.stopped, "outcome": str(OUTCOMES[each.worst]),
    }  # fmt: skip
