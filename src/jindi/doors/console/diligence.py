"""The console's pages of due diligence: customers by level and by when something is due, and one of them with what his
level is made of, how it came about, and what is done about it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.basics.instants import DAY_US, start_of_day
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.doors.ratings import SAID, points
from jindi.doors.waiting import Waiting, of_entry
from jindi.language import Kind, Value
from jindi.packs import Definitions, RatingDef, Words
from jindi.parties.rating import Standing
from jindi.ports import RatedQuery, RatingStoreFailure
from jindi.run.approvals.approvals import Approvals, Forbidden, payload_of
from jindi.run.approvals.approvals import Declined as NotAsked
from jindi.run.audit import Audit, NotRecorded
from jindi.run.freezes import Declined as NotFrozen
from jindi.run.freezes import Freezes
from jindi.run.rating import Declined, Desk, History
from jindi.run.records import decision_id

PLACE, LEVEL = "/console/diligence", "kyc.level"
SHOWN_MAX: Final = 2_000
"""So many customers are on the page, those due first; the figures above them are of all."""

NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Row:
    """One customer on the page."""

    standing: Standing
    is_late: bool

    @property
    def level(self) -> str:
        """The level that counts."""
        return self.standing.effective or NONE

    @property
    def by_hand(self) -> str:
        """The level that was given by hand; "" where none was."""
        return "" if self.standing.override is None else self.standing.override.level


Say = Callable[[View, str], str]


def shape(level: Say) -> Shape[Row]:
    """The table; `level` says a level in words."""
    return Shape[Row](
        "diligence", PLACE, "kyc.read",
        (
            Column("customer", "kyc.customer", lambda each: each.standing.user),
            Column("level", "kyc.level", lambda each: each.level, chosen=True, searched=False, said=level),
            Column("points", "kyc.points", lambda each: each.standing.points_milli, kind="number", searched=False),
            Column("due", "kyc.due", lambda each: each.standing.must_by_us, kind="time", searched=False),
            Column(
                "what_due", "kyc.owed", lambda each: each.standing.must_what, chosen=True, searched=False,
                said=lambda view, each: view.t(f"kyc.owed.{each}"),
            ),
            Column(
                "late", "kyc.late", lambda each: "yes" if each.is_late else "no", chosen=True, searched=False,
                said=lambda view, each: view.t(f"kyc.late.{each}"),
            ),
            Column(
                "assessed", "kyc.assessed", lambda each: each.standing.assessed_us or None, kind="time", searched=False,
            ),
            Column("by_hand", "kyc.by_hand", lambda each: each.by_hand, shown=False, sorts=False, searched=False),
        ),
        key=lambda each: each.standing.user, export="cases.export",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A factor of one customer, in words: what it looks at, what it saw, the step, the points and the most of them."""

    doc: Words
    group: str
    value: str
    step: int
    points: str
    most: int


class DiligencePages:
    """The pages. `approvals` is where a second person is asked."""

    def __init__(self, desk: Desk, freezes: Freezes, doors: Doors, approvals: Approvals, audit: Audit) -> None:
        self._desk, self._freezes, self._doors, self._approvals = desk, freezes, doors, approvals
        self._platform = audit.platform
        self._table = Table(shape(self._level), doors, self._rows)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs

        def post(path: str, action: str, act: Shown, kind: str = "") -> Route:
            # What is asked for is a record itself, and so is what is done.
            about = (lambda _: About(is_sensitive=True, kind=kind)) if kind else (lambda _: About())
            return Route(path, needs(action, self._told(act), is_recorded=False, about=about), methods=["POST"])

        return [
            Route(PLACE, needs("kyc.read", self._told(self.all))),
            *self._table.routes(),
            post(f"{PLACE}/freezes", "kyc.freeze", self.freeze),
            post(f"{PLACE}/{{user:path}}/review", "kyc.review", self.review),
            post(f"{PLACE}/{{user:path}}/level", "approval.propose", self.ask, LEVEL),
            Route(f"{PLACE}/{{user:path}}", needs("kyc.customer", self._told(self.one))),
        ]

    def _told(self, show: Shown) -> Shown:
        """The handler, with what can't be done at all told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except RatingStoreFailure:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.no_ratings") from None
            except LookupError:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_customer") from None

        return telling

    # ---- looking

    def _level(self, view: View, level: str) -> str:
        """A level in words: those of the scheme in force, or its name where that has no such level."""
        if level in ("", NONE):
            return view.t("kyc.level.none")
        scheme = self._desk.scheme
        found = None if scheme is None else scheme.level(level)
        return level if found is None else view.words(found.doc)

    async def all(self, request: Request, view: View) -> Response:
        """Customers by the address, how many there are of each level, and who is temporarily frozen."""
        return await self._show_all(request, view)

    async def _show_all(
        self, request: Request, view: View, told: str = "", form: Mapping[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:  # fmt: skip
        counts = await self._desk.counts()
        scheme = self._desk.scheme
        levels = [NONE, *(each.name for each in scheme.levels)][::-1] if scheme is not None else []
        figures = [(each, *counts.get("" if each == NONE else each, (0, 0))) for each in levels]
        return self._doors.pages.show(
            "diligence.html", view, status=int(status), page="diligence", told=told, form_given=form or {},
            freezes=self._freezes.live(), done=request.query_params.get("done"),
            may_freeze=self._freezes.is_there and view.may("kyc.freeze"), scheme=scheme,
            t=await self._table.listed(request, view),
            figures=[each for each in figures if each[0] != NONE or each[1]], total=sum(each[1] for each in figures),
            late=sum(each[2] for each in figures), most=SHOWN_MAX, problem=self._desk.problem, level=self._level,
            points=points, path=_path,
        )  # fmt: skip

    async def _rows(self, _: View) -> list[Row]:
        found, _count = await self._desk.found(RatedQuery(limit=SHOWN_MAX))
        return [Row(each, self._desk.is_overdue(each)) for each in found]

    async def one(self, request: Request, view: View) -> Response:
        """A customer's level: what it is made of, how it came about, and the forms."""
        return await self._show(request, view)

    async def _show(
        self, request: Request, view: View, told: str = "", form: Mapping[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK, verb: str = "",
    ) -> Response:  # fmt: skip
        user = request.path_params["user"]
        standing = await self._desk.standing(user)
        history = await self._desk.history(user)
        last = next((each for each in history if each.found is not None and each.scheme is not None), None)
        scheme = self._desk.scheme
        levels = [] if scheme is None else [each.name for each in scheme.levels]
        is_open = bool(standing.assessed_us) and not standing.directs
        return self._doors.pages.show(
            "diligence_customer.html", view, status=int(status), page="diligence", it=standing, user=user,
            level=self._level, points=points, path=_path(user), late=self._desk.is_overdue(standing),
            lines=[] if last is None else self._lines(view, last), last=last, history=history, story=self._story(view),
            grounds=_docs(scheme, "directs", standing.directs), levels=levels, identifier=decision_id,
            lighter=_lighter(last),
            account_class=_said(view, self._platform.program.definitions, "account_class", standing.account_class),
            freeze=self._freezes.of(user), told=told, form_given=form or {}, form_open=verb,
            done=request.query_params.get("done"),
            waits=[each for each in self._asked(user) if each.is_waiting],
            may_review=view.may("kyc.review") and bool(standing.assessed_us),
            may_ask=is_open and self._approvals.may(_who(view), "approval.propose", LEVEL),
        )  # fmt: skip

    def _lines(self, view: View, step: History) -> list[Line]:
        """The factors of an assessment, those that weigh most first, in the words of the scheme of that time."""
        assert step.found is not None, "asked before"
        assert step.scheme is not None, "asked before"
        factors = {each.name: each for each in step.scheme.factors}
        definitions = self._platform.program.definitions
        lines = []
        for mark in sorted(step.found.marks, key=lambda each: (-each.points_milli, each.factor)):
            factor = factors[mark.factor]
            said = _said(view, definitions, factor.of, mark.value)
            lines.append(Line(factor.doc, factor.group, said, mark.step, points(mark.points_milli), factor.weight))
        return lines

    def _story(self, view: View) -> Callable[[History], str]:
        """What says a step of the history in one sentence."""

        def said(step: History) -> str:
            fields = step.fields
            if (found := step.found) is not None:
                return view.t(
                    "kyc.story.assessed", level=self._level(view, found.level), points=points(found.points_milli)
                )
            if step.event_type == "customer_review":
                return view.t("kyc.story.review", by=str(fields["by"]), note=str(fields["note"]))
            if step.event_type != "customer_rating":
                return view.t("kyc.story.unread")
            levels = {
                "before": self._level(view, str(fields["level_before"])),
                "level": self._level(view, str(fields["risk_level"])),
            }  # fmt: skip
            if fields["how"] == "assessed":
                return view.t("kyc.story.level", **levels)
            by, second = str(fields.get("by") or "–"), str(fields.get("second") or "–")
            return view.t("kyc.story.by_hand", by=by, second=second, reason=str(fields.get("reason") or ""), **levels)

        return said

    def _asked(self, user: str) -> list[Waiting]:
        """What two people were asked about a customer, the newest first."""
        return [
            of_entry(entry, state)
            for entry, state in self._approvals.entries()
            if entry.asked.what == LEVEL and payload_of(entry).get("user") == user
        ]

    # ---- doing

    async def review(self, request: Request, view: View) -> Response:
        """Record that the reader has reviewed a customer."""
        form = await self._doors.form(request)
        assert view.session is not None, "asked before"
        user, actor = request.path_params["user"], self._doors.actor(request, view.session)
        try:
            until_us = self._until_us(form.get("document_until", ""))
            await self._desk.review(actor, user, form.get("note", ""), until_us)
        except (Declined, ValueError) as error:
            zh, en = SAID[error.code if isinstance(error, Declined) else "document"]
            told = zh if view.lang == "zh" else en
            return await self._show(request, view, told, form, HTTPStatus.CONFLICT, "review")
        return RedirectResponse(f"{_path(user)}?done=review", HTTPStatus.SEE_OTHER)

    async def freeze(self, request: Request, view: View) -> Response:
        """An authority orders a temporary freeze: it begins at once."""
        form = await self._doors.form(request)
        assert view.session is not None, "asked before"
        actor = self._doors.actor(request, view.session)
        try:
            await self._freezes.begin(actor, form.get("user", "").strip(), form.get("order", ""))
        except NotFrozen as error:
            zh, en = SAID[error.code]
            return await self._show_all(request, view, zh if view.lang == "zh" else en, form, HTTPStatus.CONFLICT)
        return RedirectResponse(f"{PLACE}?done=freeze", HTTPStatus.SEE_OTHER)

    def _until_us(self, text: str) -> int | None:
        """The end of a day that somebody typed, in the pack's zone. Raises ValueError."""
        if not text:
            return None
        scheme = self._desk.scheme
        assert scheme is not None, "who is a customer is so by a scheme"
        zone = self._platform.program.definitions.packs[scheme.pack].zone
        return start_of_day(date.fromisoformat(text), zone) + DAY_US

    async def ask(self, request: Request, view: View) -> Response:
        """Ask a second person for a level by hand."""
        form = await self._doors.form(request)
        user, why = request.path_params["user"], form.get("why", "").strip()
        try:
            payload = {"user": user, "level": form.get("level", ""), "reason": why}
            entry = await self._approvals.propose(_who(view), LEVEL, payload, why)
        except NotAsked as error:
            told = error.zh if view.lang == "zh" else error.en
            return await self._show(request, view, told, form, HTTPStatus.CONFLICT, "level")
        except Forbidden as error:
            return await self._doors.refuse(request, view, error)
        return RedirectResponse(f"/console/approvals/{entry.id}?done=asked", HTTPStatus.SEE_OTHER)


def _path(user: str) -> str:
    return f"{PLACE}/{quote(user, safe='')}"


def _lighter(last: History | None) -> list[Words]:
    """What took points off in an assessment."""
    if last is None or last.found is None:
        return []
    return _docs(last.scheme, "mitigations", last.found.mitigations)


def _docs(scheme: RatingDef | None, part: Literal["directs", "mitigations"], names: tuple[str, ...]) -> list[Words]:
    """What some parts of a scheme are called; their names where the scheme no longer has them."""
    parts = () if scheme is None else scheme.directs if part == "directs" else scheme.mitigations
    there = {each.name: each.doc for each in parts}
    return [there.get(each, Words.alike(each)) for each in names]


def _said(view: View, definitions: Definitions, fact: str, value: Value) -> str:
    """A fact's value as people read it: with the packs' own words, where they have any."""
    if value is None:
        return view.t("kyc.unknown")
    if isinstance(value, bool):
        return view.t("kyc.yes" if value else "kyc.no")
    feature = definitions.features.get(fact)
    if feature is not None and feature.type.kind is Kind.MONEY and isinstance(value, int):
        return view.amount(value, feature.type.of or "CNY")
    if isinstance(value, int):
        return f"{value:,}"
    names = {fact} if feature is None else {each for each in feature.value.values() if each}
    words = (definitions.words.get(name, {}).get(str(value)) for name in sorted(names))
    return next((view.words(each) for each in words if each is not None), str(value))


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
