"""The console's pages of screening: the lists in force and how one is loaded, matches, and each with what is done about
it. A customer's name stands on none of them: masks do, as far as the reader may see them.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.basics.instants import DAY_US, HOUR_US
from jindi.basics.problems import Problems
from jindi.doors.console.attention import Need
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.doors.console.words.problems import said_in
from jindi.doors.screening import REPORT_HOURS, report_due_us, said
from jindi.doors.waiting import Waiting, of_entry
from jindi.run.approvals.approvals import Approvals, Forbidden, payload_of
from jindi.run.approvals.approvals import Declined as NotAsked
from jindi.run.audit import Audit, NotRecorded
from jindi.run.records import decision_id
from jindi.run.reveals import Reveals
from jindi.run.screening.book import Hit
from jindi.run.screening.desk import Declined, Desk
from jindi.run.screening.shelf import Loaded
from jindi.run.screening.unpacking import unpacked

LIST_DAYS: Final = 7
"""(design default) Where the packs have no `screening_list_days`."""

CLEAR, LIFT, DROP = "screening.clear", "screening.lift", "watchlist.drop"
PROBLEMS_SHOWN: Final = 50

SHAPE: Final = Shape[Hit](
    "screening", "/console/screening", "screening.read",
    (
        Column("at", "screening.at", lambda each: each.at_us, kind="time", searched=False),
        Column("customer", "screening.customer", lambda each: each.user),
        Column("name", "screening.name", lambda each: each.name, sorts=False),
        Column("list", "screening.list", lambda each: each.list, chosen=True),
        Column("entry", "screening.entry", lambda each: each.entry),
        Column("score", "screening.score", lambda each: each.score, kind="number", searched=False),
        Column(
            "strength", "screening.strength", lambda each: each.strength, chosen=True, searched=False,
            said=lambda view, each: view.t(f"screening.strength.{each}"),
        ),
        Column(
            "found", "screening.found", lambda each: each.found, chosen=True, searched=False,
            said=lambda view, each: view.t(f"screening.found.{each}"),
        ),
        Column(
            "state", "screening.state", lambda each: each.state, chosen=True, searched=False,
            said=lambda view, each: view.t(f"screening.state.{each}"),
        ),
        Column("by", "screening.by", lambda each: each.by, shown=False),
        Column("reason", "screening.reason", lambda each: each.reason, shown=False, sorts=False),
    ),
    key=lambda each: decision_id(each.seq), export="cases.export",
)  # fmt: skip

_ASKS: Final = {"clear": CLEAR, "lift": LIFT}


class ScreeningPages:
    """The pages. `approvals` is where a second person is asked, `reveals` gives masks."""

    def __init__(self, desk: Desk, doors: Doors, approvals: Approvals, audit: Audit, reveals: Reveals | None) -> None:
        self._desk, self._doors, self._approvals, self._reveals = desk, doors, approvals, reveals
        self._platform = audit.platform
        self._table = Table(SHAPE, doors, self._rows)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs

        def post(path: str, action: str, act: Shown, kind: str = "") -> Route:
            # What is asked for is a record itself, and so is what is done.
            about = (lambda _: About(is_sensitive=True, kind=kind)) if kind else (lambda _: About())
            return Route(path, needs(action, self._told(act), is_recorded=False, about=about), methods=["POST"])

        return [
            Route("/console/screening", needs("screening.read", self._told(self.all))),
            *self._table.routes(),
            post("/console/screening/lists", "watchlist.load", self.load),
            post("/console/screening/lists/drop", "approval.propose", self.drop, DROP),
            Route("/console/screening/{id}", needs("screening.match", self._told(self.one))),
            post("/console/screening/{id}/confirm", "screening.confirm", self.confirm),
            *(
                post(f"/console/screening/{{id}}/{verb}", "approval.propose", partial(self.ask, verb), kind)
                for verb, kind in _ASKS.items()
            ),
        ]  # fmt: skip

    def _told(self, show: Shown) -> Shown:
        """The handler, with what can't be done at all told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except LookupError:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_match") from None

        return telling

    # ---- for the overview

    def needs(self, view: View) -> Sequence[Need]:
        """What of screening needs the reader: matches, and reports that are owed soon or late."""
        if not view.may("screening.read"):
            return ()
        due = [report_due_us(each, self._hours) for each in self._desk.hits("confirmed")]
        near = sum(each is not None and view.now_us >= each - 6 * HOUR_US for each in due)
        return (
            Need("need.screening", len(self._desk.hits("open")), "/console/screening?state=open", presses=True),
            Need("need.screening_due", near, "/console/screening?state=confirmed", presses=True),
        )

    @property
    def _hours(self) -> int:
        return self._platform.parameter("screening_report_hours", REPORT_HOURS)

    # ---- looking

    async def all(self, request: Request, view: View) -> Response:
        """The lists in force, and matches by the address."""
        return await self._show(request, view)

    async def _rows(self, _: View) -> list[Hit]:
        return self._desk.hits()

    async def _show(
        self, request: Request, view: View, told: Sequence[str] = (), status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        listed = await self._table.listed(request, view)
        days = self._platform.parameter("screening_list_days", LIST_DAYS)
        return self._doors.pages.show(
            "screening.html", view, status=int(status), page="screening", t=listed, desk=self._desk,
            lists=list(self._desk.loaded.values()), days=days, told=told, masks=await self._masks(view, listed.rows),
            is_stale=lambda each: self._is_stale(each, days), may_load=view.may("watchlist.load"),
            may_drop=self._approvals.may(_who(view), "approval.propose", DROP), identifier=decision_id,
            done=request.query_params.get("done") == "load",
        )  # fmt: skip

    def _is_stale(self, each: Loaded, days: int) -> bool:
        return self._platform.now_us() - each.loaded_us > days * DAY_US

    async def one(self, request: Request, view: View) -> Response:
        """A match: the customer's mask, the entry as it reads, why, and the forms."""
        return await self._show_one(request, view)

    async def _show_one(
        self, request: Request, view: View, told: str = "", form: dict[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK, verb: str = "",
    ) -> Response:  # fmt: skip
        identifier = request.path_params["id"]
        hit = self._desk.hit(identifier)
        why = await self._desk.why(hit)
        who = _who(view)
        return self._doors.pages.show(
            "screening_match.html", view, status=int(status), page="screening", it=hit, id=decision_id(hit.seq),
            entry=self._desk.entry(hit), why=None if why is None else why.zh if view.lang == "zh" else why.en,
            masks=await self._masks(view, [hit]), told=told, form_given=form or {},
            form_open=verb, due_us=report_due_us(hit, self._hours),
            may_confirm=view.may("screening.confirm") and hit.state == "open",
            may_clear=hit.state == "open" and self._approvals.may(who, "approval.propose", CLEAR),
            may_lift=hit.state == "confirmed" and self._approvals.may(who, "approval.propose", LIFT),
            waits=[each for each in self._asked(decision_id(hit.seq)) if each.is_waiting],
            done=request.query_params.get("done") == "confirm",
        )  # fmt: skip

    def _asked(self, identifier: str) -> list[Waiting]:
        """What two people were asked about a match, the newest first."""
        return [
            of_entry(entry, state)
            for entry, state in self._approvals.entries()
            if entry.asked.what in _ASKS.values() and payload_of(entry).get("match") == identifier
        ]

    async def _masks(self, view: View, hits: Sequence[Hit]) -> dict[str, str]:
        """Masks beside tokens, as far as the reader may see them."""
        if self._reveals is None:
            return {}
        masks = {each.name: await self._reveals.mask(_who(view), each.name) for each in hits}
        return {token: mask for token, mask in masks.items() if mask is not None}

    # ---- doing

    async def load(self, request: Request, view: View) -> Response:
        """Take a list's file and put it in force; everything that is wrong with it is told at once."""
        upload = await self._doors.upload(request)
        assert view.session is not None, "asked before"
        if not upload.name or not upload.content:
            return await self._show(request, view, [view.t("screening.load.nothing")], HTTPStatus.BAD_REQUEST)
        try:
            files = await asyncio.to_thread(unpacked, upload.name, upload.content)
            actor = self._doors.actor(request, view.session)
            await self._desk.load(actor, files, is_meant="meant" in upload.fields)
        except Problems as error:
            told = [self._doors.pages.problem(view, each) for each in error.problems[:PROBLEMS_SHOWN]]
            return await self._show(request, view, told, HTTPStatus.UNPROCESSABLE_ENTITY)
        except Declined as error:
            return await self._show(request, view, [_declined(error, view)], HTTPStatus.CONFLICT)
        return _to("/console/screening?done=load")

    async def drop(self, request: Request, view: View) -> Response:
        """Ask that a list be taken out of force."""
        form = await self._doors.form(request)
        name, why = form.get("list", ""), form.get("why", "").strip()
        try:
            entry = await self._approvals.propose(_who(view), DROP, {"list": name, "reason": why}, why)
        except NotAsked as error:
            told = error.zh if view.lang == "zh" else error.en
            return await self._show(request, view, [told], HTTPStatus.CONFLICT)
        except Forbidden as error:
            return await self._doors.refuse(request, view, error)
        return _to(f"/console/approvals/{entry.id}?done=asked")

    async def confirm(self, request: Request, view: View) -> Response:
        """Somebody is whom the list means: freeze at once."""
        form = await self._doors.form(request)
        assert view.session is not None, "asked before"
        identifier, actor = request.path_params["id"], self._doors.actor(request, view.session)
        try:
            await self._desk.confirm(actor, identifier, form.get("why", ""))
        except Declined as error:
            told = _declined(error, view)
            return await self._show_one(request, view, told, form, HTTPStatus.CONFLICT, "confirm")
        return _to(f"/console/screening/{identifier}?done=confirm")

    async def ask(self, verb: str, request: Request, view: View) -> Response:
        """Ask a second person to clear a match, or to lift a freeze."""
        form = await self._doors.form(request)
        identifier, why = request.path_params["id"], form.get("why", "").strip()
        self._desk.hit(identifier)
        try:
            payload = {"match": identifier, "reason": why}
            entry = await self._approvals.propose(_who(view), _ASKS[verb], payload, why)
        except NotAsked as error:
            told = error.zh if view.lang == "zh" else error.en
            return await self._show_one(request, view, told, form, HTTPStatus.CONFLICT, verb)
        except Forbidden as error:
            return await self._doors.refuse(request, view, error)
        return _to(f"/console/approvals/{entry.id}?done=asked")


def _declined(error: Declined, view: View) -> str:
    """Why it was declined, in the reader's language; what is wrong with a list too, which the rooms below say."""
    values = error.values_of
    if "what" in values:
        values = {**values, "what": said_in(str(values["what"]), view.lang).text}
    zh, en = said(error.code, values)
    return zh if view.lang == "zh" else en


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal


def _to(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)
