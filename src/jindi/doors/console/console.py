"""The console's addresses and what answers at each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from jindi.access import (
    ABSOLUTE_US,
    ACTIONS,
    NOT_PERMITTED,
    About,
    ApiKey,
    ApiKeys,
    Kind,
    NewSession,
    Permits,
    Scope,
    Session,
    Sessions,
    SignInLinks,
    Verdict,
    is_csrf_token,
)
from jindi.access.actions import Group
from jindi.access.policies import FRESH_FACTOR
from jindi.basics.identifiers import is_written_as_name
from jindi.basics.instants import MINUTE_US, SECOND_US, format_instant
from jindi.basics.money import EXPONENTS, format_minor
from jindi.doors.console import live
from jindi.doors.console.account import AccountPages
from jindi.doors.console.approvals import ApprovalPages, view_may
from jindi.doors.console.assets import Assets
from jindi.doors.console.attention import Attention, Need, Needing
from jindi.doors.console.case_bulk import CaseBulkPages
from jindi.doors.console.case_team import CaseTeamPages
from jindi.doors.console.cases import CasePages
from jindi.doors.console.clear import ClearPages, clear_in_address, has_clear_in_address
from jindi.doors.console.controls import Ask, ControlsPage
from jindi.doors.console.days import NAMES as DAYS
from jindi.doors.console.days import Days, days_of
from jindi.doors.console.decision_paper import DecisionPaper, decision_paper
from jindi.doors.console.doors import Doors, MakeGroup, Shown
from jindi.doors.console.doors import Group as PageGroup
from jindi.doors.console.exporting import Export, count
from jindi.doors.console.gate import DEVICE, DEVICE_S, Gate, cookie_name, put_cookie
from jindi.doors.console.guard import (
    CASE_FIELDS_MAX,
    CASE_FORM_BYTES_MAX,
    FIELDS_MAX,
    FORM_BYTES_MAX,
    RULE_FIELDS_MAX,
    RULE_FORM_BYTES_MAX,
    SANDBOX,
    SecurityHeaders,
    Upload,
    Waiting,
    is_surely_ours,
    is_upload,
    read_form,
    read_upload,
    refuse_other_sites,
)
from jindi.doors.console.help import HelpPages
from jindi.doors.console.keeping import KeptPages
from jindi.doors.console.kept import Tables
from jindi.doors.console.listing import TEXT_MAX, Asked, Column, Shape, Table
from jindi.doors.console.overview import overview_values
from jindi.doors.console.reasons import decision_values, limit_text
from jindi.doors.console.signing_in import NOTICES, SigningIn
from jindi.doors.console.source import DecisionFilter, DecisionRow, Source, Sources
from jindi.doors.console.staff import StaffPages
from jindi.doors.console.staff_alerts import AlertPages
from jindi.doors.console.subjects import SubjectPages
from jindi.doors.console.tables import FORMS, Form, Lines, as_file
from jindi.doors.console.trail import TrailPage
from jindi.doors.console.versions import VersionPages
from jindi.doors.console.view import CHOICES, COOKIE, MENU, Pages, View, address, is_fit_for_address, own_path, view_of
from jindi.doors.console.words import WORDS
from jindi.doors.guarding import AboutOf, Endpoint, about_of, by_method, marked
from jindi.doors.oidc import Company
from jindi.doors.origins import address_class
from jindi.packs.definitions import OUTCOMES, Outcome
from jindi.ports import Clock
from jindi.run.approvals.approvals import Approvals, Forbidden
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.backtest.trials import Trials
from jindi.run.cases import Desk as CaseDesk
from jindi.run.filters import Filters
from jindi.run.people import Entrance, House, Office, Own
from jindi.run.records import decision_id, decision_seq
from jindi.run.reveals import Reveals
from jindi.run.subjects import Rights
from jindi.run.versions.desk import OPERATOR, OWN_KEY, Desk
from jindi.run.watching import NOBODY, Viewer

PAGE_ROWS = 50
EXPORT_ROWS_MAX, EXPORT_ROWS_AT_ONCE = 10_000, 250
CSV_HEAD = (
    "seq", "decision_id", "event_id", "event_type", "at", "outcome", "score", "rules", "subject", "amount",
    "currency", "status", "degraded", "late",
)  # fmt: skip
DECISIONS_LOOKED = 1_000
"""(design default) So many of the newest that fit are sorted, where somebody asks for another order than by time."""

DECISIONS = Shape[DecisionRow](
    "decisions", "/console/decisions", "decisions.read",
    (
        Column("time", "col.time", lambda row: row.at_us, kind="time", searched=False),
        Column("verdict", "col.outcome", lambda row: OUTCOMES.index(row.outcome), kind="outcome", searched=False),
        Column("score", "col.score", lambda row: row.score, kind="number", searched=False),
        Column("event", "col.type", lambda row: row.event_type, searched=False),
        Column("subject", "col.subject", lambda row: row.subject),
        Column("amount", "col.amount", lambda row: _amount(row), kind="money", searched=False),  # noqa: PLW0108
        Column("rules", "col.rules", lambda row: row.rules, sorts=False, searched=False),
        Column("status", "col.status", lambda row: row.status, searched=False),
        Column("latency", "col.latency", lambda row: row.latency_us, kind="number", searched=False),
        Column("decision_id", "col.time", lambda row: row.decision_id, shown=False, sorts=False),
        Column("event_id", "col.time", lambda row: row.event_id, shown=False, sorts=False),
    ),
    key=lambda row: f"{-row.seq:020d}", carried=("outcome", "type", "rule", "trouble", *DAYS, "before"),
)  # fmt: skip
"""The list of decisions. What fits is found by the source, which keeps the newest; the order is made here."""

SEARCHED = ("subject", "tag", "text")
FILTERED = (
    "before", "late", "level", "on", "order", "outcome", "page", "rule", "since", "tab", "trouble", "type", "typology",
    "until", "what", "who",
)  # fmt: skip
KEPT_WHEN_ENDED = frozenset({
    Group.CASEWORK, Group.CASELEAD, Group.AUTHORING, Group.APPROVING, Group.PROPOSING, Group.ANSWERING,
})  # fmt: skip
"""Whose forms come back when the session ended meanwhile. Others hold what belongs on no second page: somebody's
number, a password, a code.
"""

KEPT_WHEN_STALE = KEPT_WHEN_ENDED | {Group.KEYING, Group.STAFFING}
"""Whose forms go on when their sender has shown his second factor again: also those that name keys and colleagues."""

FORGED = ("error.other_site", "error.csrf")
"""Why a form is refused that this browser's own page did not send."""

_YEAR_S = 365 * 24 * 3600

T = TypeVar("T")


class Console:
    """The pages over one running platform. Every page but signing in needs a session."""

    def __init__(
        self,
        sources: Sources,
        sessions: Sessions,
        links: SignInLinks,
        clock: Clock,
        zone: ZoneInfo,
        desk: Desk | None = None,
        keys: ApiKeys | None = None,
        audit: Audit | None = None,
        permits: Permits | None = None,
        house: House | None = None,
        company: Company | None = None,
        controls: Ask | None = None,
        approvals: Approvals | None = None,
        reveals: Reveals | None = None,
        rights: Rights | None = None,
        casework: CaseDesk | None = None,
        more: Sequence[MakeGroup] = (),
        trials: Trials | None = None,
    ) -> None:
        self._audit, self._permits = audit, permits or Permits()
        self._sources, self._sessions, self._links, self._keys = sources, sessions, links, keys
        self._clock, self._zone = clock, zone
        self._assets = Assets()
        self._pages = Pages(self._assets)
        self._desk, self._asking = desk, approvals
        self._tables = Tables(Filters(audit.platform.blobs) if audit is not None else None)
        self._decided = Table(DECISIONS, self._doors(), self._no_rows)
        self._versions, self._has_bench = None, trials is not None
        if desk is not None:
            self._versions = VersionPages(desk, self._doors(), trials)
        self._trail = TrailPage(audit, self._doors(), casework) if audit is not None else None
        self._house = house
        self._account: AccountPages | None = None
        self._signing_in, self._people = self._pages_of_people(house, company, approvals)
        self._approvals = None
        if approvals is not None and desk is not None and keys is not None:
            everyday = sources.seen_by(NOBODY)  # alerts about staff leave the house in no file
            approvals.register(Export(everyday, CSV_HEAD, partial(self._lines, everyday), zone))
            self._approvals = ApprovalPages(approvals, desk, keys, self._doors())
            self._pages.alone(not approvals.is_on)
        self._alerts = AlertPages(self._seen, self._doors())
        self._controls = ControlsPage(controls or _no_register, self._doors())
        self._reveals = reveals
        self._cases = self._pages_of_cases(casework, approvals, audit, reveals)
        self._casework: list[PageGroup] = []
        if casework is not None and (cases := self._cases) is not None:
            doors = self._doors()
            self._casework = [
                cases,
                CaseTeamPages(casework, doors, cases),
                CaseBulkPages(casework, doors, cases),
            ]
        self._clear = self._subjects = None
        if reveals is not None and audit is not None:
            self._clear = ClearPages(
                reveals, audit.platform, audit, self._seen, self._pages, self._needs, self._checked_form, self._actor,
                self._cases,
            )  # fmt: skip
            if rights is not None:
                self._subjects = SubjectPages(rights, reveals, self._doors())
        self._attention = Attention(approvals, desk, controls or _no_register)
        self._explaining = asyncio.Lock()
        self._more: list[PageGroup] = [make(self._doors()) for make in more]
        self._help = HelpPages(self._doors(), audit, self._has)
        self._more += [self._help, KeptPages(self._doors())]
        self._paths = {route.path for route in self.routes()}
        self._pages.only_with(self._paths)
        self._streams = 0

    def _pages_of_people(
        self, house: House | None, company: Company | None, approvals: Approvals | None
    ) -> tuple[SigningIn | None, list[Route]]:
        """The way in for people with accounts, and the addresses of all pages about them."""
        if house is None:
            return None, []
        gate = Gate(
            self._pages, self._needs, self._checked_form, self._view, self._who, self._nobody, self._enter,
            self._put_session, self._error,
        )  # fmt: skip
        entrance, own = Entrance(house), Own(house)
        signing_in = SigningIn(house, entrance, own, company, gate)
        self._account = AccountPages(house, entrance, own, gate)
        staff = StaffPages(house, Office(house), gate, self._doors(), approvals)
        return signing_in, [*signing_in.routes(), *self._account.routes(), *staff.routes()]

    def _pages_of_cases(
        self, casework: CaseDesk | None, approvals: Approvals | None, audit: Audit | None, reveals: Reveals | None
    ) -> CasePages | None:
        """The pages on which cases are worked, where there are any."""
        if casework is None:
            return None
        return CasePages(casework, self._doors(), approvals, audit, reveals if audit is not None else None)

    def _doors(self) -> Doors:
        """What groups of pages are built from."""
        return Doors(
            self._pages, self._needs, self._checked_form, self._checked_upload, self._actor, self._refused_by_policy,
            partial(clear_in_address, self._pages), self._error, self._seen, self._beside, self._beside_pages,
            self._tables, self._taking, self._blind,
        )  # fmt: skip

    # ---- who is there -------------------------------------------------------------------------------

    def _cookie_name(self, request: Request) -> str:
        return cookie_name(request, "session")

    def _who(self, request: Request, *, use: bool = True) -> tuple[Session | None, str | None]:
        clear_id = request.cookies.get(self._cookie_name(request))
        if not clear_id:
            return None, None
        now_us = self._clock.now_us()
        session = self._sessions.read(clear_id, now_us, use=use)
        if session is not None and session.key and self._keys is not None:
            key = self._keys.get(session.key)
            # What a key opened ends with the key, and what may have been opened with its old secret ends with that.
            if key is None or not key.is_live(now_us) or session.opened_us < key.overlap_us <= now_us:
                self._sessions.close(clear_id)
                session = None
        return session, clear_id if session is not None else None

    def _view(self, request: Request) -> View:
        session, clear_id = self._who(request)
        return self._view_of(request, session, clear_id)

    def _view_of(self, request: Request, session: Session | None, clear_id: str | None) -> View:
        now_us = self._clock.now_us()
        return view_of(
            request, session=session, permits=self._permits, clear_id=clear_id, zone=self._zone, now_us=now_us
        )  # fmt: skip

    def _needs(self, action: str, show: Shown, *, is_recorded: bool = True, about: AboutOf = about_of) -> Endpoint:
        """A page for those who are signed in and may do an action. That it was asked for is journalled before it is
        made; `is_recorded` False: only when it may not be, because what it does is a record itself.
        """

        async def handler(request: Request) -> Response:
            view = self._view(request)
            if view.session is None:
                return await self._ended(request, view, action)
            may = self._permits.may(view.session.principal, action, view.now_us, about(request))
            try:
                if is_recorded or not may:
                    await self._act(request, self._actor(request, view.session), action, allowed=may.allowed)
            except NotRecorded:
                return self._error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")
            if not may:
                return await self._forbidden(request, view, action, may)
            return clear_in_address(self._pages, view) if has_clear_in_address(request) else await show(request, view)

        return marked(handler, action)

    async def _ended(self, request: Request, view: View, action: str) -> Response:
        """The way to sign in; a form that somebody had begun to write is kept on the page that says so."""
        if request.method == "POST" and is_surely_ours(request) and ACTIONS[action].group in KEPT_WHEN_ENDED:
            with suppress(HTTPException):
                form = await read_form(request, bytes_max=RULE_FORM_BYTES_MAX, fields_max=RULE_FIELDS_MAX)
                return self._once_more(request, view, form, HTTPStatus.UNAUTHORIZED)
        had_one = self._cookie_name(request) in request.cookies
        return RedirectResponse("/sign-in?why=ended" if had_one else "/sign-in", HTTPStatus.SEE_OTHER)

    def _once_more(self, request: Request, view: View, form: Mapping[str, str], status: HTTPStatus) -> Response:
        """A form that was not taken, to be sent again by whoever has signed in meanwhile. Nothing of it was done, and
        nothing of it is kept but on this page.
        """
        fields = {name: value for name, value in form.items() if name != "csrf"}
        written = {name: value for name, value in fields.items() if name in ("text", "why") and value}
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return self._pages.show(
            "once_more.html", view, status=int(status), page=None, fields=fields, written=written, target=target
        )  # fmt: skip

    def _beside_pages(self, action: str, show: Callable[[Request, View, str], Awaitable[Response]]) -> Endpoint:
        """What a page's own script asks for again and again: it keeps no session open, and is not journalled, for the
        page was.
        """

        async def handler(request: Request) -> Response:
            session, clear_id = self._who(request, use=False)
            if session is None or clear_id is None:
                return Response(status_code=HTTPStatus.UNAUTHORIZED)
            view = self._view_of(request, session, clear_id)
            if not view.may(action):
                return Response(status_code=HTTPStatus.UNAUTHORIZED)
            return await show(request, view, clear_id)

        return marked(handler, action)

    async def _forbidden(self, request: Request, view: View, action: str, may: Verdict) -> Response:
        """The page that says why somebody may not do what he asked for; where all that is missing is a second factor
        that was shown just now, the page that asks for it, with the form that was sent.
        """
        if may.why == FRESH_FACTOR and self._account is not None and view.session is not None and view.session.account:
            kept = await self._kept(request, action)
            back = request.url.path if request.method == "GET" else _from(request)
            return self._account.ask_again(request, view, back, kept)
        words = view.action(ACTIONS[action])
        if may.why == NOT_PERMITTED and view.session is not None and view.session.principal.kind is not Kind.PERSON:
            scopes = ", ".join(sorted(ACTIONS[action].scopes)) or "–"
            return self._error(view, HTTPStatus.FORBIDDEN, "error.forbidden.scope", action=words, scopes=scopes)
        known = may.why if f"error.forbidden.{may.why}" in WORDS else NOT_PERMITTED
        return self._error(view, HTTPStatus.FORBIDDEN, f"error.forbidden.{known}", action=words)

    async def _kept(self, request: Request, action: str) -> Mapping[str, str] | None:
        """The form that was sent, for the page that comes in its place; nothing of it was done. None where it is none
        of ours, or holds what belongs on no second page.
        """
        if request.method != "POST" or ACTIONS[action].group not in KEPT_WHEN_STALE:
            return None
        with suppress(HTTPException):
            form: Mapping[str, str] | None = getattr(request.state, "form", None)
            if form is None:
                form = await self._checked_form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)
            return {name: value for name, value in form.items() if name != "csrf"}
        return None

    async def _refused_by_policy(self, request: Request, view: View, error: Forbidden) -> Response:
        """What a door could not know before it read the form is a refused action all the same."""
        assert view.session is not None, "asked before"
        try:
            await self._act(request, self._actor(request, view.session), error.action, error.kind, allowed=False)
        except NotRecorded:
            return self._error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")
        return await self._forbidden(request, view, error.action, Verdict(False, error.why))

    def _seen(self, view: View) -> Source:
        """The platform as the reader may see it."""
        assert view.session is not None, "asked before"
        return self._seen_in(view.session)

    def _seen_in(self, session: Session) -> Source:
        oversees = self._permits.may(session.principal, "staff_alerts.read", self._clock.now_us()).allowed
        return self._sources.seen_by(Viewer(session.principal.name, oversees))

    def _first_page(self, session: Session) -> str:
        """Where somebody begins: the first page of the menu that he may see."""
        now_us, there = self._clock.now_us(), [each for each in MENU if each[0] not in self._pages.absent]
        return next(
            (path for _, path, action in there if self._permits.may(session.principal, action, now_us)), "/console"
        )

    # ---- the audit ----------------------------------------------------------------------------------

    def _actor(self, request: Request, session: Session) -> Actor:
        """Who acts: an account with its roles, or a session that a link or key opened."""
        nobody = self._nobody(request)
        if not session.account:
            return nobody._replace(key=session.id, name=session.who)
        roles = tuple(sorted(session.roles))
        return nobody._replace(key=session.account, name=session.who, roles=roles, device=session.device)

    def _nobody(self, request: Request) -> Actor:
        """Somebody at the door."""
        return Actor("", "", "console", address_class(request), request.state.request_id)

    async def _act(
        self, request: Request, actor: Actor, what: str, on: str | None = None, *, allowed: bool = True
    ) -> None:
        """Journal an action before it is done. Raises NotRecorded."""
        if self._audit is not None:
            await self._audit.act(actor, what, self._object(request) if on is None else on, allowed=allowed)

    def _object(self, request: Request) -> str:
        """What an address names, as the audit may keep it: what somebody typed into a search is kept as a token."""
        asked = request.path_params
        if self._audit is not None and "value" in asked:
            return self._audit.subject(asked["key"], asked["value"])
        assert self._audit is not None, "asked before"
        named = asked.get("id") or asked.get("version")
        if named is None:
            return self._filter(request.query_params)
        return " ".join(self._audit.named(str(each)) for each in (named, asked.get("entry")) if each is not None)

    def _filter(self, asked: Mapping[str, str]) -> str:
        """A list's filter as the audit may keep it."""
        assert self._audit is not None, "asked before"
        return " ".join(
            f"{name}={self._audit.text(value) if name in SEARCHED else self._audit.named(value)}"
            for name, value in sorted(asked.items())
            if value and (name in (*SEARCHED, *FILTERED) or name in self._tables.filtered)
        )

    async def _no_rows(self, _: View) -> Sequence[DecisionRow]:
        """Decisions are read page by page, where they are shown."""
        return ()

    def _blind(self, text: str) -> str:
        """What the audit keeps of a text that somebody typed."""
        return self._audit.text(text) if self._audit is not None else ""

    async def _taking(self, request: Request, view: View, action: str, on: str, rows: int) -> Response | None:
        """Record that rows of a table are taken away; the page that refuses it when they are too many for one person,
        or when that can't be recorded.
        """
        assert view.session is not None, "asked before"
        most = self._asking.export_rows if self._asking is not None and self._asking.is_on else EXPORT_ROWS_MAX
        is_refused = rows > most
        if self._audit is not None:
            actor, given = self._actor(request, view.session), 0 if is_refused else rows
            try:
                await self._audit.act(actor, action, on, allowed=not is_refused, rows=given)
            except NotRecorded:
                return self._error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")
        if not is_refused:
            return None
        told = view.t("table.export.too_many", n=f"{rows:,}", most=f"{most:,}")
        back = request.url.path.rpartition(".")[0]
        return self._pages.show(
            "refused.html", view, status=int(HTTPStatus.FORBIDDEN), page=None, told=[told], code=403,
            back=(address(back, **request.query_params), view.t("table.back")),
        )  # fmt: skip

    # ---- signing in ---------------------------------------------------------------------------------

    async def sign_in(self, request: Request) -> Response:
        """The page a link opens. It only shows a button: a preview that follows links uses nothing up."""
        view = self._view(request)
        token = request.path_params.get("token")
        if token is None:
            if view.session is not None:
                return RedirectResponse(self._first_page(view.session), HTTPStatus.SEE_OTHER)
            why = request.query_params.get("why")
            return self._sign_in_page(view, f"sign_in.{why}" if why in NOTICES else None)
        invitation = self._links.look(token, view.now_us) if not self._is_for_accounts() else None
        if invitation is None:
            return self._sign_in_page(view, "sign_in.dead", HTTPStatus.GONE)
        minutes = -(-(invitation.expires_us - view.now_us) // MINUTE_US)
        return self._pages.show(
            "sign_in.html", view, invitation=invitation, minutes=minutes, token=token, takes_keys=False, notice=None
        )  # fmt: skip

    def _is_for_accounts(self) -> bool:
        """Whether people come in by their accounts: then links and keys open nothing here any more."""
        return self._house is not None and self._house.staff.has_active()

    def _sign_in_page(self, view: View, notice: str | None, status: int = HTTPStatus.OK) -> Response:
        """The page of somebody who has no link."""
        if self._is_for_accounts() and self._signing_in is not None:
            told = "sign_in.ended_account" if notice == "sign_in.ended" else notice
            return self._signing_in.page(view, [] if told is None else [view.t(told)], status)
        return self._pages.show(
            "sign_in.html", view, status=int(status), invitation=None, token=None,
            takes_keys=self._keys is not None, notice=notice,
        )  # fmt: skip

    async def consume(self, request: Request) -> Response:
        """The button on that page: uses the link up and opens a session under a new id."""
        refuse_other_sites(request)
        form = await read_form(request)
        token = form.get("token", "") if not self._is_for_accounts() else ""
        seen = self._links.look(token, self._clock.now_us())
        if seen is not None and (refused := await self._entering(request, "", seen.who, "sign_in.link")) is not None:
            return refused
        invitation = self._links.redeem(token, self._clock.now_us())
        if invitation is None:
            await self._not_let_in(request, "sign_in.link")
            return self._sign_in_page(self._view(request), "sign_in.dead", HTTPStatus.GONE)
        return self._opened(request, invitation.who, invitation.scopes, "link")

    async def consume_key(self, request: Request) -> Response:
        """Signs in whoever holds an API key, with that key's name and rights, while nobody has an account."""
        refuse_other_sites(request)
        form = await read_form(request)
        now_us, takes = self._clock.now_us(), self._keys is not None and not self._is_for_accounts()
        key = self._keys.holder(form.get("key", "").strip(), now_us) if takes and self._keys is not None else None
        if key is None:
            await self._not_let_in(request, "sign_in.key")
            return self._sign_in_page(self._view(request), "sign_in.bad_key", HTTPStatus.FORBIDDEN)
        if (refused := await self._entering(request, key.id, key.name, "sign_in.key")) is not None:
            return refused
        return self._opened(request, OPERATOR if key.name == OWN_KEY else key.name, key.scopes, "key", key)

    async def _entering(self, request: Request, key: str, who: str, what: str) -> Response | None:
        """Journal that somebody comes in; the page that refuses it when that can't be done, else None."""
        actor = self._nobody(request)._replace(key=key, name=who)
        try:
            await self._act(request, actor, what, "")
        except NotRecorded:
            return self._error(self._view(request), HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")
        return None

    async def _not_let_in(self, request: Request, what: str) -> None:
        if self._audit is not None:
            await self._audit.failed(self._nobody(request), what)

    def _opened(
        self, request: Request, who: str, scopes: frozenset[Scope], by: str, key: ApiKey | None = None
    ) -> Response:  # fmt: skip
        """A session for somebody without an account, and the way to the console."""
        came, also = (key.id, key.owners) if key is not None else ("", ())
        opened = self._sessions.open(who, scopes, self._clock.now_us(), by=by, key=came, also=also)
        return self._enter(request, opened, None)

    def _enter(self, request: Request, opened: NewSession, device: str | None) -> Response:
        """The way in, for a session that was just opened; whatever session this browser had before ends."""
        _, before = self._who(request, use=False)
        if before is not None:
            self._sessions.close(before)
        answer = RedirectResponse(self._first_page(opened.session), HTTPStatus.SEE_OTHER)
        self._put_session(request, answer, opened)
        if device is not None:
            put_cookie(request, answer, DEVICE, device, DEVICE_S)
        return answer

    def _put_session(self, request: Request, answer: Response, opened: NewSession) -> None:
        put_cookie(request, answer, "session", opened.clear_id, ABSOLUTE_US // SECOND_US)

    async def sign_out(self, request: Request) -> Response:
        """Ends the session and tells the browser to forget it."""
        await self._checked_form(request)
        session, clear_id = self._who(request, use=False)
        if session is not None and clear_id is not None:
            # The one action that is done without its record, too: to refuse it would leave the door open.
            with suppress(NotRecorded):
                await self._act(request, self._actor(request, session), "sign_out", "")
            self._sessions.close(clear_id)
        answer = RedirectResponse("/sign-in?why=signed_out", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(self._cookie_name(request), path="/", secure=request.url.scheme == "https")
        answer.headers["clear-site-data"] = '"cache", "storage"'
        return answer

    async def _checked_form(
        self, request: Request, *, bytes_max: int = FORM_BYTES_MAX, fields_max: int = FIELDS_MAX
    ) -> dict[str, str]:
        refuse_other_sites(request)
        form = await read_form(request, bytes_max=bytes_max, fields_max=fields_max)
        self._check_token(request, form)
        return form

    async def _checked_upload(self, request: Request) -> Upload:
        refuse_other_sites(request)
        if not is_upload(request):
            # Whoever sends an ordinary form instead is asked for its token first, as everywhere.
            self._check_token(request, await read_form(request))
        upload = await read_upload(request)
        self._check_token(request, upload.fields)
        return upload

    def _check_token(self, request: Request, form: Mapping[str, str]) -> None:
        """Raises 403 when a form does not carry the token of the session that it is sent in."""
        session, clear_id = self._who(request)
        if session is not None and clear_id is not None:
            given = request.headers.get("x-csrf-token") or form.get("csrf", "")
            if not is_csrf_token(clear_id, given):
                raise HTTPException(HTTPStatus.FORBIDDEN, "error.csrf")

    async def preferences(self, request: Request) -> Response:
        """Language, theme, row height, keyboard: kept in the browser; the page stays where it was."""
        form = await self._checked_form(request)
        answer = RedirectResponse(own_path(form.get("back", "")), HTTPStatus.SEE_OTHER)
        for name, allowed in CHOICES.items():
            if form.get(name) in allowed:
                answer.set_cookie(
                    COOKIE + name,
                    form[name],
                    max_age=_YEAR_S,
                    path="/",
                    secure=request.url.scheme == "https",
                    httponly=True,
                    samesite="lax",
                )
        return answer

    # ---- pages --------------------------------------------------------------------------------------

    async def overview(self, _: Request, view: View) -> Response:
        """The platform now: decisions as they come, rates, time taken, rules, the simulation's score."""
        is_new = await self._help.is_new(view)
        return self._pages.show("overview.html", view, **await self._figures(view), page="overview", is_new=is_new)

    async def overview_panels(self, _: Request, view: View, __: str) -> Response:
        """The figures of the overview alone, for the page's own script."""
        return self._pages.show("overview_panels.html", view, **await self._figures(view))

    async def _figures(self, view: View) -> dict[str, Any]:
        source = self._seen(view)
        return {
            **overview_values(source, view),
            "cases": await self._cases.waiting(view) if self._cases is not None else None,
            "heat_map": await self._cases.heat(view) if self._cases is not None else None,
            "needs": await self._attention.of(view, source, self._needed(view)),
        }

    def _needed(self, view: View) -> list[Need]:
        """What groups of pages know of that needs the reader."""
        return [need for group in self._more if isinstance(group, Needing) for need in group.needs(view)]

    async def decisions(self, request: Request, view: View) -> Response:
        """The list, its filter in the address."""
        wanted, days, unknown = _filter_of(request.query_params, view.zone)
        if wanted.text is not None and is_written_as_name(wanted.text):
            return clear_in_address(self._pages, view)
        return await self._listed(request, view, wanted, days, unknown, _whole(request.query_params.get("before")))

    async def search(self, request: Request, view: View) -> Response:
        """The way from what somebody typed to an address that can be kept and passed on. What is written as a person's
        number or name gets none: it is refused on the page of the list, and comes back on no page.
        """
        form = await self._checked_form(request)
        fit = {name: value for name, value in form.items() if is_fit_for_address(value)}
        wanted, days, unknown = _filter_of(fit, view.zone)
        if len(fit) == len(form):
            return RedirectResponse(_way_to(wanted, days, form.get("sort", "")), HTTPStatus.SEE_OTHER)
        assert view.session is not None, "asked before"
        if self._audit is not None:
            try:
                await self._act(request, self._actor(request, view.session), "decisions.read", self._filter(form))
            except NotRecorded:
                return self._error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")
        # Senders number their events as they like, some of them as a telephone is numbered.
        text = form.get("text", "").strip()
        found = self._seen(view).recent(PAGE_ROWS, None, DecisionFilter(text=text))
        if one := next((row for row in found if row.event_id == text), None):
            return RedirectResponse(f"/console/decisions/{one.decision_id}", HTTPStatus.SEE_OTHER)
        return await self._listed(request, view, wanted, days, unknown, None, is_refused=True)

    async def _listed(
        self, request: Request, view: View, wanted: DecisionFilter, days: Days, unknown: Sequence[str],
        before: int | None, *, is_refused: bool = False,
    ) -> Response:  # fmt: skip
        source, sort = self._seen(view), self._decided.asked(request.query_params).sort
        looked = DECISIONS_LOOKED if sort else PAGE_ROWS
        rows = source.recent(looked + 1, before, wanted)
        t = await self._decided.listed(request, view, rows[:looked])
        older = rows[looked - 1].seq if len(rows) > looked else None
        return self._pages.show(
            "decisions.html",
            view,
            t=replace(t, looked=looked) if sort and older is not None else t,
            status=HTTPStatus.BAD_REQUEST if is_refused else HTTPStatus.OK,
            is_refused=is_refused,
            is_telling=not rows and source.stats().telling_us is not None,
            page="decisions",
            rows=t.rows,
            older=older,
            before=before,
            sort=sort,
            wanted=wanted,
            query=_query_of(wanted, days),
            unknown=unknown,
            types=source.event_types(),
            rules=sorted({rule.id for seen in source.policies() for rule in seen.policy.rules}),
            horizon_us=source.horizon_us(wanted),
        )

    async def export(self, form: Form, request: Request, view: View) -> Response:
        """The same filter's decisions as a file, newest first, at most ten thousand. More than one person may take away
        takes another's approval.
        """
        wanted, days, _ = _filter_of(request.query_params, view.zone)
        if wanted.text is not None and is_written_as_name(wanted.text):
            return clear_in_address(self._pages, view)
        if self._asking is not None and self._asking.is_on:
            most = self._asking.export_rows
            if await count(self._seen(view), wanted, most + 1) > most:
                return self._pages.show(
                    "export.html", view, status=HTTPStatus.FORBIDDEN, page="decisions", most=most, wanted=wanted,
                    query=_query_of(wanted, days), may_ask=view_may(self._asking, view, "decisions.export"),
                )  # fmt: skip
        asked = self._decided.asked(request.query_params)
        if asked.sort:
            return as_file(form, view, "decisions", CSV_HEAD, self._sorted(self._seen(view), wanted, asked))
        return as_file(form, view, "decisions", CSV_HEAD, self._lines(self._seen(view), wanted))

    async def _sorted(self, source: Source, wanted: DecisionFilter, asked: Asked) -> Lines:
        """The same rows in an order, so all of them are read first."""
        rows: list[DecisionRow] = []
        while len(rows) < EXPORT_ROWS_MAX:
            found = source.recent(EXPORT_ROWS_AT_ONCE, rows[-1].seq if rows else None, wanted)
            rows += found
            if len(found) < EXPORT_ROWS_AT_ONCE:
                break
            await asyncio.sleep(0)
        yield [_csv_line(row) for row in self._decided.fitting(rows, replace(asked, text=""))]

    async def _lines(self, source: Source, wanted: DecisionFilter, before: int | None = None) -> Lines:
        """Page after page, so that the loop can turn to decisions in between."""
        for _ in range(EXPORT_ROWS_MAX // EXPORT_ROWS_AT_ONCE):
            rows = source.recent(EXPORT_ROWS_AT_ONCE, before, wanted)
            yield [_csv_line(row) for row in rows]
            if len(rows) < EXPORT_ROWS_AT_ONCE:
                return
            before = rows[-1].seq
            await asyncio.sleep(0)

    async def decision(self, request: Request, view: View) -> Response:
        """One decision and why."""
        identifier: str = request.path_params["id"]
        source = self._seen(view)
        found = source.decision(identifier)
        if found is None:
            return self._error(view, HTTPStatus.NOT_FOUND, "error.no_decision", id=identifier[:64])
        explanation = await self._beside(source.explanation(identifier))
        values = decision_values(found, explanation, view)
        values["replay"] = await self._beside(source.replay(identifier))
        values["masks"] = await self._masks(view, identifier)
        values["case"] = await self._cases.of_decision(found.row.seq, view) if self._cases is not None else None
        values["has_paper"] = self._audit is not None and view.may("decision.print")
        values["may_reveal"] = self._clear is not None and view.may("vault.reveal")
        return self._pages.show("decision.html", view, page="decisions", **values)

    async def paper(self, request: Request, view: View) -> Response:
        """One decision as a PDF. Its digest is in the record that it was taken away."""
        identifier: str = request.path_params["id"]
        source = self._seen(view)
        found = source.decision(identifier)
        if found is None or self._audit is None:
            return self._error(view, HTTPStatus.NOT_FOUND, "error.no_decision", id=identifier[:64])
        assert view.session is not None, "asked before"
        case = await self._cases.of_decision(found.row.seq, view) if self._cases is not None else None
        paper = DecisionPaper(
            found, await self._beside(source.explanation(identifier)), await self._beside(source.replay(identifier)),
            await self._masks(view, identifier), case.case.id if case is not None else None,
        )  # fmt: skip
        content = await asyncio.to_thread(decision_paper, view, paper)
        on = f"{found.row.decision_id} sha256:{sha256(content).hexdigest()}"
        try:
            await self._audit.act(self._actor(request, view.session), "decision.print", on, rows=1)
        except NotRecorded:
            return self._error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")
        named = {"content-disposition": f'attachment; filename="{found.row.decision_id}.pdf"', **SANDBOX}
        return Response(content, media_type="application/pdf", headers=named)

    async def _masks(self, view: View, identifier: str) -> Mapping[str, str]:
        """What stands beside the tokens of a decision's page, as far as the reader may see it."""
        if self._reveals is None or view.session is None:
            return {}
        return await self._reveals.masks_of(view.session.principal, identifier)

    async def _beside(self, reckon: Callable[[], T] | None) -> T | None:
        """What takes long, reckoned beside the loop and one at a time, so that decisions keep their pace."""
        if reckon is None:
            return None
        async with self._explaining:
            try:
                return await asyncio.to_thread(reckon)
            except (LookupError, ValueError):
                return None

    async def policies(self, request: Request, view: View) -> Response:
        """All policies, with what they have done, their versions, and proposals."""
        more: dict[str, Any] = {"versions": None, "bench": False, "t": None}
        if self._versions is not None:
            more = await self._versions.overview(request, view)
        return self._pages.show("policies.html", view, page="policies", policies=self._seen(view).policies(), **more)

    async def policy(self, request: Request, view: View) -> Response:
        """One policy: its rules with documentation, basis and hits. Read only."""
        identifier: str = request.path_params["id"]
        found = next((seen for seen in self._seen(view).policies() if seen.policy.id == identifier), None)
        if found is None:
            return self._error(view, HTTPStatus.NOT_FOUND, "error.no_policy", id=identifier[:64])
        versions = None
        if self._desk is not None:
            versions = [each for each in self._desk.versions() if each.id == identifier.partition("@")[0]]
        return self._pages.show(
            "policy.html", view, page="policies", seen=found, limit_text=limit_text, versions=versions,
            bench=self._has_bench,
        )  # fmt: skip

    # ---- live ---------------------------------------------------------------------------------------

    async def live(self, request: Request, view: View, clear_id: str) -> Response:
        """New decisions as server-sent events."""
        assert view.session is not None, "asked before"
        try:
            await self._act(request, self._actor(request, view.session), "live.read")
        except NotRecorded:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"retry-after": "5"})
        if self._streams >= live.STREAMS_MAX:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"retry-after": "30"})
        after = _whole(request.headers.get("last-event-id") or request.query_params.get("after"))
        return StreamingResponse(self._counted(clear_id, after), media_type="text/event-stream")

    async def _counted(self, clear_id: str, after: int | None) -> AsyncIterator[bytes]:
        def seen_now() -> Source | None:
            now_us = self._clock.now_us()
            session = self._sessions.read(clear_id, now_us, use=False)
            if session is None or not self._permits.may(session.principal, "live.read", now_us):
                return None
            return self._seen_in(session)

        self._streams += 1
        try:
            async for chunk in live.stream(seen_now, self._zone, after):
                yield chunk
        finally:
            self._streams -= 1

    async def live_rows(self, request: Request, view: View, _: str) -> Response:
        """The same by asking, for browsers without a shared worker."""
        after = _whole(request.query_params.get("after"))
        return JSONResponse(live.newer(self._seen(view), -1 if after is None else after, self._zone))

    # ---- the rest -----------------------------------------------------------------------------------

    async def asset(self, request: Request) -> Response:
        """One of our own files."""
        found = self._assets.answer(request.path_params["digest"], request.path_params["name"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        return found

    async def home(self, _: Request) -> Response:
        """The front door leads to the console."""
        return RedirectResponse("/console", HTTPStatus.SEE_OTHER)

    def _error(
        self, view: View, status: int, message: str, step: str | None = None, **values: object
    ) -> Response:  # fmt: skip
        known = f"error.title.{status}" if f"error.title.{status}" in WORDS else "error.title.400"
        return self._pages.show(
            "error.html",
            view,
            status=status,
            code=int(status),
            title=view.t(known),
            sentence=view.t(message, **values),
            step=step,
            page=None,
        )

    async def refused(self, request: Request, refusal: Exception) -> Response:
        """The page for everything that was refused: what, why, and what to do."""
        assert isinstance(refusal, HTTPException), "only registered for refusals"
        if refusal.detail == "error.csrf" and (form := self._unsigned(request)) is not None:
            return self._once_more(request, self._view(request), form, HTTPStatus.FORBIDDEN)
        if refusal.detail in FORGED:
            await self._not_let_in(request, "form.forged")
        usual = {404: "error.not_found", 405: "error.method"}
        message = refusal.detail if refusal.detail in WORDS else usual.get(refusal.status_code, "error.failed")
        answer = self._error(self._view(request), refusal.status_code, message)
        answer.headers.update(refusal.headers or {})
        return answer

    def _unsigned(self, request: Request) -> dict[str, str] | None:
        """A form from a page of ours that carries no session's token at all: one that is sent again after its session
        ended. It comes back with the token of now, to be looked at and confirmed.
        """
        form: dict[str, str] | None = getattr(request.state, "form", None)
        if form is None or form.get("csrf") or "x-csrf-token" in request.headers or not is_surely_ours(request):
            return None
        return form if form.get("again") == "1" else None

    def _too_many(self, request: Request, wait_s: int) -> Response:
        answer = self._error(
            self._view_of(request, None, None), HTTPStatus.TOO_MANY_REQUESTS, "error.too_many", seconds=wait_s
        )
        answer.headers["retry-after"] = str(wait_s)
        return answer

    async def failed(self, request: Request, _: Exception) -> Response:
        """The page for our own faults; the fault itself goes to the server's log, never to the browser."""
        return self._error(self._view_of(request, None, None), HTTPStatus.INTERNAL_SERVER_ERROR, "error.failed")

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/", self.home),
            Route("/sign-in", self.sign_in),
            Route("/sign-in", self.consume, methods=["POST"]),
            Route("/sign-in/key", self.consume_key, methods=["POST"]),
            *self._people,
            Route("/sign-in/{token}", self.sign_in),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/console", self._needs("overview.read", self.overview)),
            Route("/console/panels", self._beside_pages("overview.read", self.overview_panels)),
            Route("/console/preferences", self.preferences, methods=["POST"]),
            Route("/console/live", self._beside_pages("live.read", self.live)),
            Route("/console/live.json", self._beside_pages("live.read", self.live_rows)),
            Route("/console/decisions", self._list_of_decisions(), methods=["GET", "POST"]),
            *(
                Route(f"/console/decisions.{form}", self._needs("decisions.export", partial(self.export, form)))
                for form in FORMS
            ),
            Route("/console/decisions/{id}", self._needs("decision.read", self.decision)),
            # It is recorded with its digest, before it is handed out.
            Route("/console/decisions/{id}/paper.pdf", self._needs("decision.print", self.paper, is_recorded=False)),
            Route("/console/policies", self._needs("policies.read", self.policies)),
            Route("/console/policies/{id}", self._needs("policy.read", self.policy)),
            Route("/console/controls", self._needs("controls.read", self._controls.page)),
            Route("/console/controls/{id}", self._needs("controls.read", self._controls.control)),
            *self._controls.routes(),
            *(self._trail.routes() if self._trail is not None else ()),
            *(self._clear.routes() if self._clear is not None else ()),
            *(self._subjects.routes() if self._subjects is not None else ()),
            *(route for group in self._casework for route in group.routes()),
            Route("/console/staff-alerts", self._needs("staff_alerts.read", self._alerts.page)),
            Route("/console/staff-alerts/{id}", self._needs("staff_alerts.read", self._alerts.one)),
            *(self._versions.routes() if self._versions is not None else ()),
            *(self._approvals.routes() if self._approvals is not None else ()),
            *(route for group in self._more for route in group.routes()),
            Route("/assets/{digest}/{name}", self.asset),
        ]

    def _has(self, path: str) -> bool:
        """Whether this console has a page of that address."""
        return path in self._paths

    def _list_of_decisions(self) -> Endpoint:
        # The form only makes an address, and whoever opens it is recorded then; what it shows itself it records.
        search = self._needs("decisions.read", self.search, is_recorded=False, about=lambda _: About())
        return by_method(GET=self._needs("decisions.read", self.decisions), POST=search)

    def app(self) -> ASGIApp:
        """All of it as one ASGI application."""
        pages = Starlette(
            routes=self.routes(), exception_handlers={HTTPException: self.refused, Exception: self.failed}
        )
        # Outside of Starlette's own layers, so that the page of an unforeseen fault carries the headers too.
        return SecurityHeaders(Waiting(pages, self._too_many))


def build_console(
    sources: Sources,
    *,
    sessions: Sessions,
    links: SignInLinks,
    clock: Clock,
    zone: ZoneInfo,
    desk: Desk | None = None,
    keys: ApiKeys | None = None,
    audit: Audit | None = None,
    permits: Permits | None = None,
    house: House | None = None,
    company: Company | None = None,
    controls: Ask | None = None,
    approvals: Approvals | None = None,
    reveals: Reveals | None = None,
    rights: Rights | None = None,
    casework: CaseDesk | None = None,
    more: Sequence[MakeGroup] = (),
    trials: Trials | None = None,
) -> ASGIApp:
    """The console as an ASGI application for the root of a server: `/console`, `/sign-in`, `/assets`. With `desk` it
    has the pages on which versions are changed, with `keys` people may sign in with an API key, with `audit` all that
    they do is journalled before it is done, and shown. `permits` says who may do what (the shipped policies, without),
    `controls` gives the register of controls. With `approvals` (and `desk` and `keys`) it has the pages of what takes
    four eyes. With `casework` it has the pages on which cases are worked. With `house` people come in by accounts of
    their own, and with `company` by their company's sign-in, too. `more` makes further groups of pages.
    With `trials` pages link to the workbench, which is one of them, and show what was tried on the past.

    `zone` is the zone in which all instants are shown. Behind TLS the server must set the scheme to
    `https`, so that cookies are marked secure.
    """
    return Console(
        sources,
        sessions,
        links,
        clock,
        zone,
        desk,
        keys,
        audit,
        permits,
        house,
        company,
        controls,
        approvals,
        reveals,
        rights,
        casework,
        more,
        trials,
    ).app()


async def _no_register() -> None:
    """The register of a platform that has none."""


def _from(request: Request) -> str:
    """The page of ours that a form was on."""
    return urlsplit(request.headers.get("referer", "")).path if request.method == "POST" else request.url.path


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 18 else None


def _filter_of(asked: Mapping[str, str], zone: ZoneInfo) -> tuple[DecisionFilter, Days, list[str]]:
    """The filter that an address or a form asks for, its days, and the names of those parts that mean nothing."""
    days = days_of(asked, zone)
    unknown = list(days.unknown)
    outcome: Outcome | None = None
    if text := asked.get("outcome"):
        try:
            outcome = Outcome(text)
        except ValueError:
            unknown.append("outcome")
    trouble: Literal["degraded", "late"] | None = None
    match asked.get("trouble"):
        case "degraded":
            trouble = "degraded"
        case "late":
            trouble = "late"
        case None | "":
            pass
        case _:
            unknown.append("trouble")

    def text_of(name: str) -> str | None:
        return asked.get(name, "").strip()[:128] or None

    wanted = DecisionFilter(
        outcome, text_of("type"), text_of("rule"), text_of("text"), trouble, days.since_us, days.until_us
    )
    return wanted, days, unknown


def _way_to(wanted: DecisionFilter, days: Days, sort: str) -> str:
    """The address of what is wanted: of a decision when nothing but its whole id is, of the list otherwise."""
    if wanted.text is not None and wanted == DecisionFilter(text=wanted.text):
        with suppress(ValueError):
            return f"/console/decisions/{decision_id(decision_seq(wanted.text))}"
    return address("/console/decisions", **_query_of(wanted, days), sort=sort[:TEXT_MAX])


def _query_of(wanted: DecisionFilter, days: Days) -> dict[str, str | None]:
    return {
        "outcome": wanted.outcome,
        "type": wanted.event_type,
        "rule": wanted.rule,
        "text": wanted.text,
        "trouble": wanted.trouble,
        **days.query,
    }


def _amount(row: DecisionRow) -> float | None:
    """What amounts are sorted by: the figure, whatever its currency."""
    if row.amount_minor is None or row.currency is None:
        return None
    return row.amount_minor / float(10 ** EXPONENTS.get(row.currency, 2))


def _csv_line(row: DecisionRow) -> list[str]:
    amount = "" if row.amount_minor is None or row.currency is None else format_minor(
        row.amount_minor, row.currency
    )  # fmt: skip
    return [
        str(row.seq), row.decision_id, row.event_id, row.event_type, format_instant(row.at_us),
        row.outcome.value, str(row.score), " ".join(row.rules), row.subject or "", amount,
        row.currency or "", row.status, str(row.degraded).lower(), str(row.late).lower(),
    ]  # fmt: skip
