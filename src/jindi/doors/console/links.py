"""The console's pages of links: what hangs on an entity, as a picture and as a list, and the shortest way between two.

A state is an address, and nobody's number is in any: what is typed goes by a form and becomes a token. At whom somebody
looked is a record before he sees it. The picture is drawn by the server; each entity in it is an ordinary link.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About
from jindi.basics.instants import start_of_day
from jindi.cases import Case
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.link_view import (
    CSV_HEAD,
    HEIGHT,
    MARGIN,
    ORDERS,
    PAGES_MAX,
    ROWS,
    WIDTH,
    Asked,
    Picture,
    asked_of,
    day_in,
    days_of,
    entity_path,
    in_order,
    is_name,
    line_of,
    picture,
    roles_of,
    short,
    table_line,
    title_of,
    value_of,
    word_of,
)
from jindi.doors.console.tables import FORMS, Form, Lines, as_file
from jindi.doors.console.view import View, address, is_fit_for_address
from jindi.doors.guarding import by_method
from jindi.packs import OUTCOMES
from jindi.parties import Graph, Path, kind_of
from jindi.parties.graph import DEPTH_MAX
from jindi.parties.tally import SEP
from jindi.ports import CaseStoreFailure, Link, LinkEntity, LinkStoreFailure
from jindi.run.approvals.approvals import Approvals
from jindi.run.audit import Audit, NotRecorded
from jindi.run.cases import Desk as CaseDesk
from jindi.run.links import Desk, Unknown
from jindi.run.reveals import Reveals

PLACE, ACTION, EXPORT = "/console/links", "links.read", "links.export"
BEHIND_TOLD: Final = 1_000
"""So many records behind the journal the links may be before a page says so: less is caught up with at once."""

EXPORT_ROWS_MAX: Final = 10_000
ROLE_FIELD: Final = "role."

INK: Final = {"allow": "#3b77ac", "challenge": "#8a96a3", "delay": "#c97700", "review": "#a72e19", "deny": "#682f4f"}
"""The light theme's colours, for a picture that leaves the console."""


class LinkPages:
    """The pages over the links of one platform. With `cases` entities tell their cases; `approvals` says how many rows
    one person may take away.
    """

    def __init__(
        self, desk: Desk, doors: Doors, *, audit: Audit, reveals: Reveals | None = None,
        cases: CaseDesk | None = None, approvals: Approvals | None = None,
    ) -> None:  # fmt: skip
        self._desk, self._doors, self._audit = desk, doors, audit
        self._reveals, self._cases, self._approvals = reveals, cases, approvals

    def routes(self) -> list[Route]:
        """The table of routes."""
        # Whom somebody looks at stands in the query: the pages record it themselves, in the words of an entity's.
        get = partial(self._doors.needs, ACTION, is_recorded=False)
        seek = self._doors.needs(ACTION, self._told(self.seek), is_recorded=False, about=lambda _: About())
        return [
            Route(PLACE, by_method(GET=get(self._told(self.page)), POST=seek), methods=["GET", "POST"]),
            Route(f"{PLACE}.svg", get(self._told(self.drawing))),
            *(
                Route(
                    f"{PLACE}.{form}",
                    self._doors.needs(EXPORT, self._told(partial(self.export, form)), is_recorded=False),
                )
                for form in FORMS
            ),
        ]

    def _told(self, show: Shown) -> Shown:
        """The handler, with what can't be done at all told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except LinkStoreFailure:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.no_links_now") from None
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None

        return telling

    async def _asked(self, given: Mapping[str, str]) -> tuple[Asked, list[str]]:
        asked, unknown = asked_of(given, await self._desk.roles())
        same = self._desk.same
        return replace(
            asked, start=same(asked.start), goal=same(asked.goal), chosen=same(asked.chosen),
            opened=tuple(map(same, asked.opened)),
        ), unknown  # fmt: skip

    # ---- forms

    async def seek(self, request: Request, view: View) -> Response:
        """The way from what somebody typed or chose to an address that can be kept."""
        form = await self._doors.form(request, fields_max=200)
        asked, _ = await self._asked(form)
        if form.get("act") == "show":
            roles = tuple(name.removeprefix(ROLE_FIELD) for name in form if name.startswith(ROLE_FIELD))
            asked, _ = asked_of(asked.parts | {"kinds": ",".join(roles)}, await self._desk.roles())
            since, until = day_in(form.get("from", "")), day_in(form.get("to", ""))
            if since is not None and until is not None:
                low, high = day_in(form.get("first", "")), day_in(form.get("last", ""))
                since, until = min(since, until), max(since, until)
                # An end that was not moved is no limit: what comes tomorrow is shown tomorrow.
                asked = replace(
                    asked, since=None if since == low else since, until=None if until == high else until, page=1
                )
            return _to(address(PLACE, **replace(asked, page=1).parts))
        kind, value, field = form.get("kind", ""), form.get("value", ""), form.get("act", "")
        try:
            name = self._desk.name_of(kind, value)
        except LookupError:
            return await self._refused(view, asked, form, "links.say_value")
        if not is_name(name):
            return await self._refused(view, asked, form, "links.not_for_address")
        if field == "goal" and asked.start:
            return _to(address(PLACE, **asked.but(goal=name)))
        return _to(address(PLACE, **Asked(start=name, case=asked.case).parts))

    async def _refused(self, view: View, asked: Asked, form: Mapping[str, str], message: str) -> Response:
        """The form again, with what was typed only where it may be anybody's to read."""
        value = form.get("value", "").strip()
        kept = value if is_fit_for_address(value) and len(value) <= 64 else ""
        return self._show_form(
            view, asked, told=view.t(message), status=HTTPStatus.BAD_REQUEST, kind=form.get("kind", ""), value=kept
        )

    def _show_form(
        self, view: View, asked: Asked, *, told: str = "", status: int = HTTPStatus.OK, kind: str = "", value: str = "",
        unknown: Sequence[str] = (),
    ) -> Response:  # fmt: skip
        return self._doors.pages.show(
            "links_start.html", view, status=int(status), page="links", asked=asked, told=told, kinds=self._kinds(view),
            kind=kind or kind_of(asked.start), value=value, unknown=unknown, keep_days=self._desk.keep_us,
            **self._standing(),
        )  # fmt: skip

    def _kinds(self, view: View) -> list[tuple[str, str]]:
        """The kinds of entities that somebody may start from, customers first."""
        known = self._desk.kinds()
        named = [(kind, word_of(view, kind)) for kind in known]
        return sorted(named, key=lambda each: (each[0] != "user", each[1]))

    def _standing(self) -> dict[str, Any]:
        """Whether what is shown is up to date."""
        try:
            behind = self._desk.behind
        except LinkStoreFailure:
            behind = 0
        return {"is_stale": self._desk.problem is not None, "behind": behind if behind >= BEHIND_TOLD else 0}

    # ---- a graph or a way

    async def page(self, request: Request, view: View) -> Response:
        """What the address asks for: the form, what hangs on an entity, or the way between two."""
        asked, unknown = await self._asked(request.query_params)
        if any(self._desk.is_clear(name) for name in (asked.start, asked.goal, asked.chosen) if name):
            return self._doors.clear(view)
        if not asked.start:
            return self._show_form(view, asked, unknown=unknown)
        await self._record(request, view, *filter(None, (asked.start, asked.goal)))
        try:
            self._may_ask(view, asked.start, asked.goal)
            if asked.goal:
                return await self._way(view, asked, unknown)
            return await self._around(view, asked, unknown)
        except Unknown as error:
            told = view.t("links.unknown", name=title_of(view, str(error.args[0])))
            return self._show_form(view, asked, told=told, status=HTTPStatus.NOT_FOUND, unknown=unknown)

    def _may_ask(self, view: View, *names: str) -> None:
        """What is kept of colleagues is not for everybody: it is as if nothing were there. Raises Unknown."""
        assert view.session is not None, "asked before"
        for name in filter(None, names):
            kind, _, value = name.partition(SEP)
            if self._reveals is not None and not self._reveals.may_ask(view.session.principal, kind, value):
                raise Unknown(name)

    async def _record(self, request: Request, view: View, *names: str) -> None:
        """At whom somebody looks, one record for each."""
        assert view.session is not None, "asked before"
        for name in names:
            actor = self._doors.actor(request, view.session)
            await self._audit.act(actor, ACTION, self._audit.subject(*name.split(SEP, 1)))

    async def _graph(self, view: View, asked: Asked) -> Graph:
        return await self._desk.graph(
            asked.start, asked.query(view.zone), depth=asked.depth, opened=frozenset(asked.opened)
        )

    async def _around(self, view: View, asked: Asked, unknown: Sequence[str]) -> Response:
        graph = await self._graph(view, asked)
        shown = {each.name: each for each in graph.entities}
        chosen = shown.get(asked.chosen, graph.start)
        counts = await self._open_cases(view, list(shown))
        lines = in_order(graph.links, asked.order)
        last = min(max(-(-len(lines) // ROWS), 1), PAGES_MAX)
        if asked.page > last:
            return _to(address(PLACE, **replace(asked, page=last).parts))
        drawn = None
        if asked.view == "graph":
            drawn = await self._doors.beside(
                partial(
                    picture,
                    view,
                    graph.entities,
                    graph.links,
                    asked.start,
                    chosen=asked.chosen,
                    hubs=graph.hubs,
                    cases=counts,
                )
            )
        rows = lines[(asked.page - 1) * ROWS : asked.page * ROWS]
        return self._doors.pages.show(
            "links.html", view, page="links", asked=asked, graph=graph, drawn=drawn, unknown=unknown, path=None,
            lines=[line_of(view, each) for each in rows], count_lines=len(lines), last=last, orders=ORDERS,
            days=days_of(view, asked, [graph.start]), roles=await self._roles(view, asked), depths=DEPTH_MAX,
            ink=None, **await self._details(view, asked, graph.start, chosen, graph, counts), **self._common(view),
        )  # fmt: skip

    async def _way(self, view: View, asked: Asked, unknown: Sequence[str]) -> Response:
        path, links = await self._desk.path(asked.start, asked.goal, asked.query(view.zone))
        start = path.entities[0] if path.entities else await self._desk.one(asked.start)
        shown = {each.name: each for each in path.entities}
        chosen = shown.get(asked.chosen, start)
        counts = await self._open_cases(view, list(shown))
        drawn = self._drawn_way(view, asked, path, links, counts) if path.entities else None
        return self._doors.pages.show(
            "links.html", view, page="links", asked=asked, graph=None, drawn=drawn, unknown=unknown, path=path,
            lines=[line_of(view, each) for each in _along(path, links)], count_lines=len(links), last=1, orders=ORDERS,
            days=days_of(view, asked, [start]), roles=await self._roles(view, asked), depths=DEPTH_MAX, ink=None,
            **await self._details(view, asked, start, chosen, None, counts), **self._common(view),
        )  # fmt: skip

    @staticmethod
    def _drawn_way(
        view: View, asked: Asked, path: Path, links: Sequence[Link], counts: Mapping[str, int]
    ) -> Picture:  # fmt: skip
        return picture(
            view, path.entities, links, asked.start, chosen=asked.chosen, cases=counts, in_a_row=True
        )  # fmt: skip

    def _common(self, view: View) -> dict[str, Any]:
        """What every page of links is drawn with."""
        return {
            "kinds": self._kinds(view), "word": partial(word_of, view), "short": short,
            "title": partial(title_of, view),
            "value_of": value_of, "kind_of": kind_of, "is_name": is_name, "field": (WIDTH, HEIGHT, MARGIN),
            "weights": OUTCOMES, "day_us": partial(_day_us, view), **self._standing(),
        }  # fmt: skip

    async def _roles(self, view: View, asked: Asked) -> list[tuple[str, str, bool]]:
        """The kinds of links that there are, the most frequent first, and whether each is shown."""
        there = await self._desk.roles()
        ranked = sorted(there, key=lambda name: (-there[name], name))[:40]
        return [(name, roles_of(view, name), name in asked.roles) for name in ranked]

    async def _details(
        self, view: View, asked: Asked, start: LinkEntity, chosen: LinkEntity, graph: Graph | None,
        counts: Mapping[str, int],
    ) -> dict[str, Any]:  # fmt: skip
        """What is told of the entity that is looked at."""
        assert view.session is not None, "asked before"
        if self._desk.is_clear(chosen.name):
            raise Unknown(chosen.name)
        mask = None
        if self._reveals is not None:
            mask = await self._reveals.mask(view.session.principal, value_of(chosen.name))
        is_open = graph is None or (chosen.name not in graph.hubs and (
            chosen.name in asked.opened or graph.depths[chosen.name] < asked.depth
        ))  # fmt: skip
        beside = [each for each in (graph.links if graph else ()) if chosen.name in each[:2]]
        return {
            "start": start, "chosen": chosen, "mask": mask, "is_open": is_open,
            "neighbours": [(each, each.b if each.a == chosen.name else each.a) for each in in_order(beside, "")[:8]],
            "count_beside": len({end for each in beside for end in each[:2]} - {chosen.name}),
            "entity_page": entity_path(chosen.name) if view.may("entity.read") else None,
            "case": await self._at_hand(view, asked, chosen.name), "cases_open": counts.get(chosen.name, 0),
            "outcome": str(OUTCOMES[chosen.worst]),
        }  # fmt: skip

    # ---- cases

    async def _open_cases(self, view: View, names: Sequence[str]) -> dict[str, int]:
        """How many open cases each has, for those who may see cases."""
        if self._cases is None or not view.may("cases.read"):
            return {}
        with suppress(CaseStoreFailure):
            counts = await self._cases.counts(
                *(self._cases.query(subject=name, state="open", limit=1) for name in names)
            )  # fmt: skip
            return {name: count for name, count in zip(names, counts, strict=True) if count}
        return {}

    async def _at_hand(self, view: View, asked: Asked, name: str) -> Case | None:
        """The open case that a note may go to: the one that somebody came from, else the newest about the entity."""
        if self._cases is None or not view.may("case.note"):
            return None
        with suppress(CaseStoreFailure):
            if asked.case:
                with suppress(LookupError):
                    case = await self._cases.one(asked.case)
                    return case if case.state == "open" else None
            query = self._cases.query(subject=name, state="open", order="opened", descending=True, limit=1)
            found, _ = await self._cases.find(query)
            return found[0] if found else None
        return None

    # ---- files

    async def drawing(self, request: Request, view: View) -> Response:
        """The picture as a file of its own, in the light theme's colours."""
        asked, graph = await self._filed(request, view)
        await self._record(request, view, asked.start)
        drawn = picture(view, graph.entities, graph.links, asked.start, chosen=asked.chosen, hubs=graph.hubs)
        answer = self._doors.pages.show("links_file.svg", view, drawn=drawn, ink=INK, asked=asked, graph=graph)
        answer.headers["content-type"] = "image/svg+xml; charset=utf-8"
        answer.headers["content-disposition"] = 'attachment; filename="links.svg"'
        return answer

    async def export(self, form: Form, request: Request, view: View) -> Response:
        """The links of a graph as a table to take away. That they are is recorded with their number."""
        asked, graph = await self._filed(request, view)
        assert view.session is not None, "asked before"
        count, most = len(graph.links), EXPORT_ROWS_MAX
        if self._approvals is not None and self._approvals.is_on:
            most = self._approvals.export_rows
        actor, on = self._doors.actor(request, view.session), self._audit.subject(*asked.start.split(SEP, 1))
        is_refused = count > most
        await self._audit.act(actor, EXPORT, on, allowed=not is_refused, rows=0 if is_refused else count)
        if is_refused:
            return self._doors.pages.show(
                "links_export.html", view, status=HTTPStatus.FORBIDDEN, page="links", most=most, found=count,
                asked=asked,
            )  # fmt: skip
        return as_file(form, view, "links", CSV_HEAD, _pages(in_order(graph.links, asked.order)))

    async def _filed(self, request: Request, view: View) -> tuple[Asked, Graph]:
        """The graph that a file is made of."""
        asked, _ = await self._asked(request.query_params)
        if not asked.start or self._desk.is_clear(asked.start):
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_links")
        try:
            self._may_ask(view, asked.start)
            return asked, await self._graph(view, asked)
        except Unknown:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_links") from None


async def _pages(links: Sequence[Link]) -> Lines:
    """Links as lines of a table."""
    yield [table_line(each) for each in links]


def _along(path: Path, links: Sequence[Link]) -> list[Link]:
    """The links of a way, in its order."""
    places = {each.name: n for n, each in enumerate(path.entities)}
    return sorted(links, key=lambda each: (min(places[each.a], places[each.b]), *each[:3]))


def _day_us(view: View, ordinal: int) -> int:
    return start_of_day(date.fromordinal(ordinal), view.zone)


def _to(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)
