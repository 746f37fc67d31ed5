"""The console's pages of lists: which there are and what asks for them, the entries of one, an entry's history, and the
form by which people ask for changes.

An address names an entry by a token, whatever its value is; what somebody typed is in no address.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.basics.instants import DAY_US, day_of, format_instant
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.kept import Kind, OwnTable
from jindi.doors.console.listing import Column, Shape, Table, form_of
from jindi.doors.console.tables import Lines, as_file
from jindi.doors.console.view import View, address
from jindi.packs import ListDef
from jindi.run.approvals.approvals import Approvals, Declined, Forbidden
from jindi.run.approvals.lists import WHAT, Changing
from jindi.run.audit import Audit, NotRecorded
from jindi.run.listed import (
    LINES_MAX,
    MOVES,
    ORDERS,
    STATES,
    AskedChange,
    AskedEntry,
    LineProblem,
    ListEntry,
    Roster,
    Wanted,
    lines_of,
    mark_of,
    most_days,
    needs_expiry,
    usual_days,
)
from jindi.run.listed.roster import Listed, is_of_staff
from jindi.run.reveals import Reveals

ROWS: Final = 50
PAGES_MAX: Final = 2_000
EXPORT_ROWS_MAX: Final = 10_000
EXPORT_AT_ONCE: Final = 500
FORM_BYTES_MAX: Final = 1_048_576
PROBLEMS_SHOWN: Final = 50
SHAPE: Final = Shape[Listed](
    "lists", "/console/lists", "lists.read",
    (
        Column("list", "lists.list", lambda each: each.definition.name),
        Column(
            "colour", "lists.kind", lambda each: each.definition.colour, chosen=True, searched=False,
            said=lambda view, colour: view.t(f"lists.colour.{colour}"),
        ),
        Column(
            "of", "lists.of", lambda each: each.definition.word, chosen=True, searched=False,
            said=lambda view, of: view.t(f"lists.{of}") if of in ("text", "range") else view.kind(of),
        ),
        Column("live", "lists.live", lambda each: each.live, kind="number", searched=False),
        Column("soon", "lists.soon", lambda each: each.soon, kind="number", searched=False),
        Column("forever", "lists.forever", lambda each: each.forever, kind="number", searched=False),
        Column("expired", "lists.expired", lambda each: each.expired, kind="number", searched=False),
        Column(
            "changed", "lists.changed", lambda each: each.changed.at_us if each.changed is not None else None,
            kind="time", searched=False,
        ),
        Column("rules", "lists.rules", lambda each: len(each.uses), kind="number", searched=False),
        Column("pack", "lists.pack", lambda each: each.definition.pack, chosen=True, shown=False),
        Column("zh", "lists.list", lambda each: each.definition.doc.zh, shown=False, sorts=False),
        Column("en", "lists.list", lambda each: each.definition.doc.en, shown=False, sorts=False),
    ),
    key=lambda each: each.definition.name, export="definitions.export",
)  # fmt: skip

ENTRIES: Final = "list"
FILTERS: Final = ("state", "order")
"""What an address may ask of the entries of a list; kept filters of one are named `list:NAME`."""

CSV_HEAD: Final = ("list", "value", "state", "expires", "source", "reason", "by", "changed", "changes")


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was refused: what it said, and everything that is wrong with it."""

    form: dict[str, str] = field(default_factory=dict)
    problems: tuple[LineProblem, ...] = ()
    told: str = ""
    status: HTTPStatus = HTTPStatus.OK

    @property
    def is_refused(self) -> bool:
        """Whether there was one."""
        return bool(self.problems or self.told)


class ListPages:
    """The pages over the lists of one platform. `reveals` gives masks, `approvals` is where changes are asked for."""

    def __init__(
        self, roster: Roster, doors: Doors, approvals: Approvals, audit: Audit, reveals: Reveals | None
    ) -> None:
        self._roster, self._doors, self._approvals = roster, doors, approvals
        self._audit, self._reveals, self._platform = audit, reveals, audit.platform
        self._table = Table(SHAPE, doors, self._rows)
        doors.tables.know_kind(Kind(ENTRIES, self._entries_of, FILTERS))

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        return [
            Route("/console/lists", needs("lists.read", self._told(self.all))),
            *self._table.routes(),
            Route("/console/lists/{id}", needs("list.read", self._told(self.one))),
            Route(
                "/console/lists/{id}/entries.{form}",
                needs("lists.export", self._told(self.export), is_recorded=False),
            ),
            # The form only makes an address, and whoever opens it is recorded then.
            Route(
                "/console/lists/{id}/find",
                needs("list.read", self._told(self.find), is_recorded=False, about=lambda _: About()),
                methods=["POST"],
            ),
            Route(
                "/console/lists/{id}/change",
                needs("approval.propose", self._told(self.change), is_recorded=False, about=lambda _: _ASKING),
                methods=["POST"],
            ),
            Route("/console/lists/{id}/entries/{entry}", needs("list.read", self._told(self.entry))),
        ]

    def _told(self, show: Shown) -> Shown:
        """The handler, with what can't be done at all told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                # A form is looked at first: whoever sends none of ours is told nothing, not even what there is.
                if "id" in request.path_params and request.method != "POST":
                    self._definition(request, view)
                return await show(request, view)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except LookupError:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_list") from None

        return telling

    def _definition(self, request: Request, view: View) -> ListDef:
        """The list that an address names. One about staff is not there for whoever may not know of it."""
        definition = self._roster.definition(request.path_params["id"])
        if is_of_staff(definition) and not view.may("staff_alerts.read"):
            raise LookupError
        return definition

    # ---- looking

    async def all(self, request: Request, view: View) -> Response:
        """Every list: what it is, how many stand on it, when it changed last, and what asks for it."""
        return self._doors.pages.show(
            "lists.html", view, page="lists", t=await self._table.listed(request, view), behind=self._roster.behind,
            waiting=self._waiting(), needs_expiry=needs_expiry,
        )  # fmt: skip

    async def _rows(self, view: View) -> list[Listed]:
        await self._roster.catch_up()
        return await self._roster.all(staff=view.may("staff_alerts.read"))

    async def one(self, request: Request, view: View) -> Response:
        """One list, filtered and in order by the address, with the form that asks for a change."""
        return await self._show(request, view, Tried())

    async def _show(self, request: Request, view: View, tried: Tried) -> Response:
        await self._roster.catch_up()
        name, definition = request.path_params["id"], self._definition(request, view)
        state, order, page, unknown = _asked(request)
        hits = await self._roster.hits(name)
        wanted = Wanted(state, order, ROWS, (page - 1) * ROWS)
        found, count = await self._roster.entries(name, wanted, hits)
        last = min(max(-(-count // ROWS), 1), PAGES_MAX)
        if not found and count and page > last:
            return _to(address(f"/console/lists/{name}", **_query(state, order, last)))
        days, table = usual_days(self._platform), self._entries_of(name)
        assert table is not None, "it was there just now"
        return self._doors.pages.show(
            "list.html", view, status=int(tried.status), page="lists", it=await self._roster.one(name), found=found,
            count_of=count, state=state, order=order, number=page, last=last, unknown=unknown, hits=hits,
            states=STATES, orders=ORDERS, behind=self._roster.behind, query=partial(_query, state, order),
            masks=await self._masks(_who(view), found), may_ask=self._may_ask(view, definition), moves=MOVES,
            tried=tried, days=days, most=most_days(self._platform), until=self._day_in(definition, days),
            must_end=needs_expiry(definition), alone_may=self._alone(definition), lines_max=LINES_MAX,
            problems_shown=PROBLEMS_SHOWN, missed=request.query_params.get("found") == "none",
            waiting=self._waiting().get(name, []),
            kept=self._doors.tables.kept(request, view, table, _query(state, order, 1)),
        )  # fmt: skip

    def _entries_of(self, name: str) -> OwnTable | None:
        """The table of a list's entries; None when there is no such list. Of a list about staff it is not there for
        whoever may not know of it.
        """
        try:
            definition = self._roster.definition(name)
        except LookupError:
            return None
        path = f"/console/lists/{quote(name, safe='')}"
        if is_of_staff(definition):
            return OwnTable(f"{ENTRIES}:{name}", path, "staff_alerts.read", FILTERS, keeps="list.read")
        return OwnTable(f"{ENTRIES}:{name}", path, "list.read", FILTERS)

    async def entry(self, request: Request, view: View) -> Response:
        """One entry: how it stands, everything that was said about it, and forms to change it."""
        await self._roster.catch_up()
        return await self._show_entry(request, view, Tried())

    async def _show_entry(self, request: Request, view: View, tried: Tried) -> Response:
        name, definition = request.path_params["id"], self._definition(request, view)
        value = await self._roster.named(name, request.path_params["entry"])
        found = self._roster.entry(name, value, await self._roster.hits(name))
        days = usual_days(self._platform)
        return self._doors.pages.show(
            "list_entry.html", view, status=int(tried.status), page="lists", it=await self._roster.one(name),
            each=found,
            history=await self._roster.history(name, value), masks=await self._masks(_who(view), [found]),
            declared=next((each for each in definition.entries if each.value == value), None),
            may_ask=self._may_ask(view, definition), tried=tried, days=days, most=most_days(self._platform),
            until=self._day_in(definition, days), must_end=needs_expiry(definition), alone_may=self._alone(definition),
            behind=self._roster.behind,
        )  # fmt: skip

    async def find(self, request: Request, view: View) -> Response:
        """The way from what somebody typed to an entry's address, which has a token in its place."""
        form = await self._doors.form(request)
        await self._roster.catch_up()
        definition, text = self._definition(request, view), form.get("text", "").strip()[:128]
        mark = self._mark(definition, text)
        try:
            value = await self._roster.named(definition.name, mark)
        except LookupError:
            return _to(address(f"/console/lists/{definition.name}", found="none"))
        return _to(f"/console/lists/{definition.name}/entries/{mark_of(self._platform, definition, value)}")

    def _mark(self, definition: ListDef, text: str) -> str:
        """What would stand for a typed value in an address, were it on the list."""
        if definition.of.of is None:
            return self._platform.blind(text)
        try:
            return self._platform.tokens.token(definition.of.of, text)
        except ValueError:
            return text

    async def export(self, request: Request, view: View) -> Response:
        """The entries of a filter as a file, in its order. That they are taken away is recorded with their number."""
        form = form_of(request)
        if form is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        await self._roster.catch_up()
        name = request.path_params["id"]
        state, order, _, _ = _asked(request)
        _, count = await self._roster.entries(name, Wanted(state, order, 0))
        most = self._approvals.export_rows if self._approvals.is_on else EXPORT_ROWS_MAX
        is_refused = count > most
        assert view.session is not None, "asked before"
        actor, rows = self._doors.actor(request, view.session), 0 if is_refused else count
        on = " ".join([name, *(f"{key}={value}" for key, value in _query(state, order, 1).items() if value)])
        await self._audit.act(actor, "lists.export", on, allowed=not is_refused, rows=rows)
        if is_refused:
            told = view.t("lists.export.too_many", n=f"{count:,}", most=f"{most:,}")
            return self._doors.pages.show(
                "refused.html", view, status=HTTPStatus.FORBIDDEN, page="lists", told=[told], code=403,
                back=(f"/console/lists/{name}", name),
            )  # fmt: skip
        return as_file(form, view, name, CSV_HEAD, self._lines(name, state, order))

    async def _lines(self, name: str, state: str, order: str) -> Lines:
        for offset in range(0, EXPORT_ROWS_MAX, EXPORT_AT_ONCE):
            found, _ = await self._roster.entries(name, Wanted(state, order, EXPORT_AT_ONCE, offset))
            if not found:
                return
            yield [_csv_line(name, each) for each in found]
            await asyncio.sleep(0)

    # ---- changing

    async def change(self, request: Request, view: View) -> Response:
        """Ask for a change, one entry or many; every line that is wrong is told at once, with what was typed."""
        form = await self._doors.form(request, bytes_max=FORM_BYTES_MAX)
        definition = self._definition(request, view)
        back = form.get("entry", "")
        show = partial(self._show_again, request, view, back)
        try:
            asked, problems = await self._read(definition, form, back)
            if problems or asked is None:
                return await show(Tried(form, tuple(problems), status=HTTPStatus.BAD_REQUEST))
            payload = {
                "list": asked.list, "move": asked.move, "reason": asked.reason, "expires": asked.expires,
                "entries": [
                    {"value": each.value, "expires": each.expires, "reason": each.reason, "line": each.line}
                    for each in asked.entries
                ],
            }  # fmt: skip
            entry = await self._approvals.propose(_who(view), WHAT, payload, asked.reason)
        except Declined as error:
            problems = [LineProblem(*each) for each in error.problems]
            told = "" if problems else error.zh if view.lang == "zh" else error.en
            status = HTTPStatus.BAD_REQUEST if problems else HTTPStatus.CONFLICT
            return await show(Tried(form, tuple(problems), told, status))
        except Forbidden as error:
            return await self._doors.refuse(request, view, error)
        return _to(f"/console/approvals/{entry.id}?done=asked")

    async def _show_again(self, request: Request, view: View, back: str, tried: Tried) -> Response:
        if not back:
            return await self._show(request, view, tried)
        request.path_params["entry"] = back
        return await self._show_entry(request, view, tried)

    async def _read(
        self, definition: ListDef, form: dict[str, str], back: str
    ) -> tuple[AskedChange | None, list[LineProblem]]:
        """What a form asks for, or what of it can't be read."""
        move = next((each for each in MOVES if each == form.get("move")), None)
        if move is None:
            return None, [LineProblem(0, "请选择变更方式", "say what is to be done")]
        if back:
            entries, problems = [AskedEntry(await self._roster.named(definition.name, back))], list[LineProblem]()
        else:
            entries, problems = lines_of(form.get("lines", ""))
        expires = form.get("expires", "").strip() if move != "remove" and "forever" not in form else ""
        return AskedChange(definition.name, move, entries, form.get("why", "").strip(), expires), problems

    def _may_ask(self, view: View, definition: ListDef) -> bool:
        """Whether the reader may ask for a change of a list here."""
        return not is_of_staff(definition) and self._approvals.may(_who(view), "approval.propose", WHAT)

    def _alone(self, definition: ListDef) -> dict[str, bool]:
        """Which moves one person may make by himself."""
        alone = self._platform.settings.lists_alone
        return {move: not self._approvals.is_on or f"{definition.colour}.{move}" in alone for move in MOVES}

    def _waiting(self) -> dict[str, list[tuple[str, str, int]]]:
        """The changes that wait for a second person, by list: the operation's id, who asked, how many entries."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        operation = self._approvals.kinds.get(WHAT)
        if not isinstance(operation, Changing):
            return found
        for entry, state in self._approvals.entries():
            if entry.asked.what == WHAT and state in ("open", "approved"):
                kept = operation.unpack(entry.asked.payload)
                found.setdefault(kept.list, []).append((entry.id, entry.asked.name, len(kept.entries)))
        return found

    async def _masks(self, who: Principal, found: list[ListEntry]) -> dict[str, str]:
        """Masks beside tokens, as far as the reader may see them."""
        if self._reveals is None:
            return {}
        masks = {each.value: await self._reveals.mask(who, each.value) for each in found if each.mark == each.value}
        return {value: mask for value, mask in masks.items() if mask is not None}

    def _day_in(self, definition: ListDef, days: int) -> str:
        """The day so many days from now, where the list's pack is at home."""
        zone = self._platform.program.definitions.packs[definition.pack].zone
        when: date = day_of(self._platform.now_us() + days * DAY_US, zone)
        return when.isoformat()


_ASKING = About(is_sensitive=True, kind=WHAT)


def _asked(request: Request) -> tuple[str, str, int, list[str]]:
    """Filter, order and page of an address, and what of it means nothing."""
    asked, unknown = request.query_params, []
    state, order, page = asked.get("state", ""), asked.get("order", "changed"), asked.get("page", "1")
    if state and state not in STATES:
        state, unknown = "", ["state"]
    if order not in ORDERS:
        order, unknown = "changed", [*unknown, "order"]
    number = int(page) if page.isascii() and page.isdecimal() and len(page) <= 4 else 1
    return state, order, min(max(number, 1), PAGES_MAX), unknown


def _query(state: str, order: str, page: int) -> dict[str, str]:
    """What an address has to say so that the same is shown."""
    return {
        "state": state, "order": "" if order == "changed" else order, "page": str(page) if page > 1 else "",
    }  # fmt: skip


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal


def _to(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


def _csv_line(name: str, each: ListEntry) -> list[str]:
    changed = each.changed
    return [
        name, each.value, each.state, "" if each.expires_us is None else format_instant(each.expires_us),
        "pack" if each.is_of_pack else "event", each.reason, "" if changed is None else changed.by,
        "" if changed is None else format_instant(changed.at_us), str(each.changes),
    ]  # fmt: skip
