"""Lists over HTTP: which there are, and the entries of one. A change is asked for at /v1/approvals (`list.change`)."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal, Verdict
from jindi.basics.instants import format_instant
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer
from jindi.doors.api.versions import Guard, Keyed
from jindi.run.listed import ORDERS, STATES, Change, Listed, ListEntry, Roster, Wanted
from jindi.run.listed.roster import is_of_staff
from jindi.run.reveals import Reveals

LIMIT, LIMIT_MAX, OFFSET_MAX = 50, 500, 1_000_000
_FILTERS = frozenset({"state", "order", "limit", "offset", "masks"})


class ListRoutes:
    """The routes; `may` says whether somebody may know of lists about staff, `reveals` gives masks."""

    def __init__(
        self, roster: Roster, reveals: Reveals, guard: Guard, may: Callable[[Principal, str], Verdict]
    ) -> None:
        self._roster, self._reveals, self._guard, self._may = roster, reveals, guard, may

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/v1/lists", self._guard("lists.read", self._all)),
            Route("/v1/lists/{id}", self._guard("list.read", self._told(self._one))),
        ]

    def _told(self, handler: Keyed) -> Keyed:
        async def telling(request: Request, who: Principal) -> Response:
            try:
                return await handler(request, who)
            except LookupError as error:
                return problem_answer(problems.NOT_FOUND, str(error))
            except ValueError as error:
                return problem_answer(problems.BAD_REQUEST, str(error)[:400])

        return telling

    def _of_staff(self, who: Principal) -> bool:
        return self._may(who, "staff_alerts.read").allowed

    async def _all(self, _: Request, who: Principal) -> Response:
        await self._roster.catch_up()
        listed = await self._roster.all(staff=self._of_staff(who))
        return json_answer({"lists": [list_document(each) for each in listed], "behind": self._roster.behind})

    async def _one(self, request: Request, who: Principal) -> Response:
        await self._roster.catch_up()
        name, asked = request.path_params["id"], dict(request.query_params)
        if is_of_staff(self._roster.definition(name)) and not self._of_staff(who):
            raise LookupError("no list of this name is declared")
        wanted = wanted_of(asked)
        found, count = await self._roster.entries(name, wanted)
        masked = asked.get("masks") == "true"
        entries = [entry_document(each) for each in found]
        if masked:
            for document, each in zip(entries, found, strict=True):
                document["mask"] = await self._reveals.mask(who, each.value) if each.mark == each.value else None
        answer = json_answer(
            list_document(await self._roster.one(name))
            | {"entries": entries, "count": count, "behind": self._roster.behind}
        )
        if masked:
            answer.headers["cache-control"] = "no-store"
        return answer


def wanted_of(asked: dict[str, str]) -> Wanted:
    """The entries that an address asks for. Raises ValueError."""
    if unknown := sorted(set(asked) - _FILTERS):
        raise ValueError(f"not a filter: {unknown[0][:40]}; use some of: {', '.join(sorted(_FILTERS))}")
    state, order = asked.get("state", ""), asked.get("order", "changed")
    if state not in ("", *STATES):
        raise ValueError(f"state is one of: {', '.join(STATES)}")
    if order not in ORDERS:
        raise ValueError(f"order is one of: {', '.join(ORDERS)}")
    if asked.get("masks", "true") not in ("true", "false"):
        raise ValueError("masks is true or false")
    return Wanted(state, order, _whole(asked, "limit", LIMIT, LIMIT_MAX), _whole(asked, "offset", 0, OFFSET_MAX))


def _whole(asked: dict[str, str], name: str, otherwise: int, most: int) -> int:
    text = asked.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not int(text) <= most:
        raise ValueError(f"{name} is a whole number up to {most}")
    return int(text)


def list_document(each: Listed) -> dict[str, Any]:
    """A list, as programs are given it."""
    of = each.definition
    return {
        "name": of.name, "pack": of.pack, "doc": {"zh": of.doc.zh, "en": of.doc.en}, "colour": of.colour,
        "of": of.word, "live": each.live, "ends_soon": each.soon, "for_good": each.forever,
        "expired": each.expired, "changed": None if each.changed is None else change_document(each.changed),
        "rules": [
            {"policy": use.policy, "rule": use.rule, "state": use.state, "exemption": use.is_exemption}
            for use in each.uses
        ],
    }  # fmt: skip


def entry_document(each: ListEntry) -> dict[str, Any]:
    """An entry, as programs are given it: a token where the list is one of identifiers."""
    return {
        "value": each.value, "state": each.state,
        "expires": None if each.expires_us is None else format_instant(each.expires_us),
        "source": "pack" if each.is_of_pack else "event", "reason": each.reason, "changes": each.changes,
        "changed": None if each.changed is None else change_document(each.changed),
    }  # fmt: skip


def change_document(each: Change) -> dict[str, Any]:
    """One change, as programs are given it."""
    return {
        "at": format_instant(each.at_us), "action": "add" if each.is_add else "remove", "by": each.by,
        "event": each.event_id, "decision_id": f"dec_{each.seq:012x}",
    }  # fmt: skip
