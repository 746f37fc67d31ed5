"""The console's pages of the audit and the vault: who did what, when, to what, and from where; who saw clear text how
often; how the chain and the vault stand; and the proof that records stand in the journal. To look at it is in it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import ACTIONS, About
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import DAY_US
from jindi.doors.console.days import NAMES, day_of_text, days_of
from jindi.doors.console.doors import Doors
from jindi.doors.console.listing import EXPORT_ROWS_MAX, Column, Shape, Table, form_of, named
from jindi.doors.console.tables import Lines, as_file
from jindi.doors.console.view import View, address
from jindi.doors.guarding import by_method
from jindi.ports import CaseStoreFailure, LogFailure, VaultFailure
from jindi.run.audit import Audit, NotRecorded
from jindi.run.cases import Desk as CaseDesk
from jindi.run.proving import RECORDS_MAX, Busy, Proof, Proving
from jindi.run.records import (
    APPROVAL_PREFIX,
    ID_PREFIX,
    STEP_PREFIX,
    approval_seq,
    decision_seq,
    step_seq,
)
from jindi.run.reveal_days import DAYS, LEAST, TIMES, PersonDays, RevealDays
from jindi.run.trail import Doing, Page, Wanted
from jindi.vault import Version

ROWS: Final = 50
SORTED: Final = 500
"""(design default) So many of the newest doings that fit are sorted, where somebody asks for an order."""

LOOKS_MAX: Final = 25
"""An export looks so many times, each at up to 2,000 doings; whoever wants more names days."""

KINDS: Final = tuple(ACTIONS)
"""What can be done, as the filter offers it."""

FIELDS: Final = ("who", "what", "on", "outcome", "since", "until")
OUTCOMES: Final = ("allowed", "refused")
PEOPLE_SHOWN: Final = 12
BAR: Final = 20
"""How high the highest bar is, in the drawing's units."""


SHAPE: Final = Shape[Doing](
    "audit", "/console/audit", "audit.read",
    (
        Column("at", "col.time", lambda row: row.at_us, kind="time"),
        Column("name", "audit.who", lambda row: row.name),
        Column("action", "audit.what", lambda row: row.what),
        Column("object", "audit.on", lambda row: row.on),
        Column("result", "audit.outcome", lambda row: row.outcome),
        Column("door", "audit.from", lambda row: " ".join(filter(None, (row.door, row.place)))),
        Column("request", "audit.request", lambda row: row.request, sorts=False),
        Column("record", "audit.record", lambda row: row.seq, kind="number"),
        Column("key", "audit.who", lambda row: row.key, shown=False),
    ),
    key=lambda row: f"{-row.seq:020d}", carried=(*FIELDS, "before"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a person: where it stands in the drawing, and in words."""

    x: int
    y: float
    height: float
    title: str
    is_today: bool


@dataclass(frozen=True, slots=True)
class RevealLine:
    """One person's reveals as the page shows them. `times` is how many times his usual today is, None: not much."""

    person: PersonDays
    bars: tuple[Bar, ...]
    times: float | None


class VaultLine(NamedTuple):
    """How the vault stands."""

    subjects: int
    erased: int
    rows: int
    versions: Sequence[Version]
    waiting: int
    erasures: int
    now_us: int

    def age(self, version: Version) -> int:
        """How old a version of the keys is, in whole days."""
        return max(0, self.now_us - version.created_us) // DAY_US


class TrailPage:
    """The pages over one platform's audit. With `cases` the records of a case can be proved together."""

    def __init__(self, audit: Audit, doors: Doors, cases: CaseDesk | None) -> None:
        self._audit, self._doors, self._cases, self._platform = audit, doors, cases, audit.platform
        self._proving = Proving(audit.platform)
        self._days: dict[str, RevealDays] = {}
        self._table = Table(SHAPE, doors, self._none)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        search = needs("audit.read", self.search, is_recorded=False, about=lambda _: About())
        return [
            Route(
                "/console/audit", by_method(GET=needs("audit.read", self.page), POST=search), methods=["GET", "POST"]
            ),
            Route("/console/audit.{form}", needs("audit.export", self.export, is_recorded=False)),
            Route("/console/audit/prove", needs("audit.prove", self.prove, is_recorded=False), methods=["POST"]),
            Route("/console/audit/proofs/{id}", needs("audit.prove", self.proof, is_recorded=False)),
            Route("/console/audit/proofs/{id}/bundle.json", needs("audit.prove", self.bundle, is_recorded=False)),
            Route("/console/audit/{id}", needs("audit.read", self.one)),
        ]

    async def _none(self, _: View) -> Sequence[Doing]:
        """The trail is read as far as it is asked for, where it is shown."""
        return ()

    # ---- looking

    async def search(self, request: Request, view: View) -> Response:
        """The way from a filter that somebody typed to an address that can be kept. What is written as a person's
        number gets none, and comes back on no page. Nothing is looked up: whoever opens the address is recorded then.
        """
        form = await self._doors.form(request)
        query = _query(form)
        if any(value is not None and holds_personal_number(value) for value in query.values()):
            fit = {name: None if value and holds_personal_number(value) else value for name, value in query.items()}
            return await self._page(request, view, fit, Page((), None), is_refused=True)
        return RedirectResponse(address("/console/audit", **query), HTTPStatus.SEE_OTHER)

    async def page(self, request: Request, view: View) -> Response:
        """The newest doings that fit the filter in the address."""
        query, unknown, before = _query(request.query_params), _unknown(request.query_params), _before(request)
        limit = SORTED if self._table.asked(request.query_params).sort else ROWS
        found = await self._audit.look(_wanted(query, view, before, limit))
        return await self._page(request, view, query, found, before=before, unknown=unknown)

    async def _page(
        self, request: Request, view: View, query: Mapping[str, str | None], found: Page,
        *, before: int | None = None, unknown: Sequence[str] = (), is_refused: bool = False,
    ) -> Response:  # fmt: skip
        status = HTTPStatus.BAD_REQUEST if is_refused else HTTPStatus.OK
        t = await self._table.listed(request, view, found.doings)
        is_cut = bool(t.asked.sort) and found.older is not None
        return self._doors.pages.show(
            "audit.html", view, status=status, page="audit",
            t=replace(t, looked=len(found.doings) if is_cut else None, may_export=view.may("audit.export")),
            rows=t.rows, older=found.older, before=before, query=query, unknown=unknown, kinds=KINDS,
            outcomes_of=OUTCOMES, what_is=lambda what: _what(view, what), is_refused=is_refused,
            reveals=await self._reveals(view), days=DAYS, times=TIMES, least=LEAST, vault=await self._vault(),
            records=self._proving.records, head=self._platform.head, verified=self._proving.verified,
            exports_heads=self._platform.heads is not None and self._platform.heads.exports,
        )  # fmt: skip

    async def _reveals(self, view: View) -> tuple[Sequence[RevealLine], int | None] | None:
        """Who saw clear text how often; None when the journal can't be read for it."""
        counted = self._days.setdefault(str(view.zone), RevealDays(self._platform, view.zone))
        try:
            found = await counted.now()
        except (LogFailure, LookupError):
            return None
        assert view.session is not None, "asked before"
        own = view.session.principal.name
        days = [found.since + timedelta(days=n) for n in range(DAYS)]
        return [_line(each, days, found.most, own) for each in found.people[:PEOPLE_SHOWN]], found.looked

    async def _vault(self) -> VaultLine | None:
        """How the vault stands; None where there is none, or when it can't be read."""
        vault, platform = self._platform.vault, self._platform
        if vault is None:
            return None
        try:
            status = await asyncio.to_thread(vault.status)
        except VaultFailure:
            return None
        erasures = sum(each.asked == "erase" for each in platform.requests.open)
        counts = status.counts
        return VaultLine(
            counts.subjects, counts.erased, counts.rows, status.versions, status.waiting, erasures, platform.now_us()
        )  # fmt: skip

    async def one(self, request: Request, view: View) -> Response:
        """One doing: all that its record says, where it stands, and the form that proves it."""
        try:
            found = await self._audit.one(_number(request.path_params["id"]))
        except LookupError:
            raise HTTPException(HTTPStatus.NOT_FOUND, "audit.no_record") from None
        doing = found.doing
        return self._doors.pages.show(
            "audit_record.html", view, page="audit", it=found, doing=doing, what=_what(view, doing.what),
            thing=_thing(view, doing), head=self._platform.head,
        )  # fmt: skip

    # ---- taking away

    async def export(self, request: Request, view: View) -> Response:
        """The doings of a filter as a file, in its order."""
        form = form_of(request)
        if form is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        query, asked = _query(request.query_params), self._table.asked(request.query_params)
        rows, is_whole = await self._all(query, view)
        if not is_whole:
            told = [view.t("audit.export.too_far", n=f"{len(rows):,}")]
            return self._doors.pages.show(
                "refused.html", view, status=int(HTTPStatus.FORBIDDEN), page="audit", told=told, code=403,
                back=(address("/console/audit", **query), view.t("audit.title")),
            )  # fmt: skip
        on = named(self._doors, {name: value or "" for name, value in query.items()})
        refused = await self._doors.taking(request, view, "audit.export", on, len(rows))
        if refused is not None:
            return refused
        found = self._table.fitting(rows, asked)
        return as_file(form, view, "audit", [each.name for each in SHAPE.columns], _lines(found))

    async def _all(self, query: Mapping[str, str | None], view: View) -> tuple[list[Doing], bool]:
        """All doings of a filter, and whether that is all of them."""
        rows: list[Doing] = []
        before: int | None = None
        for _ in range(LOOKS_MAX):
            found = await self._audit.look(_wanted(query, view, before, EXPORT_ROWS_MAX))
            rows += found.doings
            if found.older is None:
                return rows, True
            before = found.older
        return rows, False

    # ---- proving

    async def prove(self, request: Request, view: View) -> Response:
        """Begin to prove a record, a range, or the records of a case, as a signed bundle."""
        form = await self._doors.form(request)
        assert view.session is not None, "asked before"
        try:
            about, first, end, seqs = await self._chosen(form, view)
            if not 0 <= first < end <= self._proving.records or (len(seqs) or end - first) > RECORDS_MAX:
                raise ValueError("no such records")
            actor = self._doors.actor(request, view.session)
            await self._audit.act(actor, "audit.prove", about, rows=len(seqs) or end - first)
            proof = self._proving.start(view.session.principal.name, about, first, end, seqs)
        except NotRecorded:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
        except CaseStoreFailure:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.no_cases_now") from None
        except Busy:
            return self._not_begun(view, "audit.prove.busy", HTTPStatus.CONFLICT)
        except (ValueError, LookupError):
            return self._not_begun(view, "audit.prove.unclear", HTTPStatus.BAD_REQUEST)
        return RedirectResponse(f"/console/audit/proofs/{proof.id}", HTTPStatus.SEE_OTHER)

    def _not_begun(self, view: View, message: str, status: HTTPStatus) -> Response:
        told = [view.t(message, n=f"{RECORDS_MAX:,}", records=f"{self._proving.records:,}")]
        return self._doors.pages.show(
            "refused.html", view, status=int(status), page="audit", told=told, code=int(status),
            back=("/console/audit", view.t("audit.title")),
        )  # fmt: skip

    async def _chosen(self, form: Mapping[str, str], view: View) -> tuple[str, int, int, tuple[int, ...]]:
        """What a form asks for: what about, the range, and the records of a case. Raises ValueError, LookupError."""
        case = form.get("case", "").strip()
        if case:
            if self._cases is None or not view.may("case.read"):
                raise LookupError("no cases are kept here")
            page = await self._cases.page(case)
            seqs = tuple(sorted({*(each.seq for each in page.story), *(each.alert.seq for each in page.alerts)}))
            return page.case.id, seqs[0], seqs[-1] + 1, seqs
        first, last = form.get("first", "").strip(), form.get("last", "").strip()
        begin = _place(first)
        end = (_place(last) if last else begin) + 1
        return f"{begin}..{end - 1}", begin, end, ()

    async def proof(self, request: Request, view: View) -> Response:
        """How far a bundle is, and what it proves."""
        proof = self._own(request, view)
        return self._doors.pages.show("audit_proof.html", view, page="audit", proof=proof)

    async def bundle(self, request: Request, view: View) -> Response:
        """The bundle as a file. That it is taken away is recorded."""
        proof = self._own(request, view)
        if proof.state != "done":
            raise HTTPException(HTTPStatus.CONFLICT, "audit.prove.not_yet")
        assert view.session is not None, "asked before"
        actor = self._doors.actor(request, view.session)
        try:
            await self._audit.act(actor, "audit.export", proof.about, rows=proof.count)
        except NotRecorded:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
        name = {"content-disposition": f'attachment; filename="{proof.id}.bundle.json"'}
        return Response(proof.bundle, media_type="application/json", headers=name)

    def _own(self, request: Request, view: View) -> Proof:
        assert view.session is not None, "asked before"
        proof = self._proving.one(view.session.principal.name, request.path_params["id"])
        if proof is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "audit.prove.gone")
        return proof


async def _lines(found: Sequence[Doing]) -> Lines:
    for first in range(0, len(found), ROWS):
        yield [[column.text(row) for column in SHAPE.columns] for row in found[first : first + ROWS]]
        await asyncio.sleep(0)


def _query(asked: Mapping[str, str]) -> dict[str, str | None]:
    found = {name: asked.get(name, "").strip()[:128] or None for name in FIELDS}
    if found["outcome"] not in (None, *OUTCOMES):
        found["outcome"] = None
    return found


def _unknown(asked: Mapping[str, str]) -> list[str]:
    unknown = [name for name in NAMES if asked.get(name) and day_of_text(asked[name]) is None]
    return unknown + ["outcome"] * (asked.get("outcome", "") not in ("", *OUTCOMES))


def _before(request: Request) -> int | None:
    text = request.query_params.get("before", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def _wanted(query: Mapping[str, str | None], view: View, before: int | None, limit: int) -> Wanted:
    days = days_of({name: query[name] or "" for name in NAMES}, view.zone)
    return Wanted(
        who=query["who"], what=query["what"], on=query["on"], outcome=query["outcome"], before=before, limit=limit,
        since_us=days.since_us, until_us=days.until_us,
    )  # fmt: skip


def _number(text: str) -> int:
    """A record's number as an address has it. Raises LookupError."""
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    raise LookupError(text)


def _place(text: str) -> int:
    """The record that a form names, by its number or by an id. Raises ValueError."""
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    if text.startswith(APPROVAL_PREFIX):
        return approval_seq(text)
    return decision_seq(text) if text.startswith(ID_PREFIX) else step_seq(text)


def _what(view: View, what: str) -> str:
    """An action in words, or its plain name when nobody named it."""
    action = ACTIONS.get(what)
    return what if action is None else view.action(action)


def _thing(view: View, doing: Doing) -> str | None:
    """The page of what was acted on, where the reader may see one: of a change it shows the difference."""
    name = doing.on.split(" ")[-1]
    pages = (
        (ID_PREFIX, "/console/decisions/", "decision.read"), ("case_", "/console/cases/", "case.read"),
        (APPROVAL_PREFIX, "/console/approvals/", "approvals.read"),
        (STEP_PREFIX, "/console/proposals/", "proposal.read"),
    )  # fmt: skip
    for prefix, path, action in pages:
        if name.startswith(prefix) and view.may(action):
            return path + quote(name, safe="")
    if doing.what.startswith("version.") and "@" in doing.on and view.may("version.read"):
        return "/console/versions/" + quote(doing.on, safe="@")
    return None


def _line(person: PersonDays, days: Sequence[date], most: int, own: str) -> RevealLine:
    """A person's bars. Whoever reads his own is not told that he stands out: that is for others to ask about."""
    last = len(days) - 1
    bars = tuple(
        Bar(n * 7, BAR - height, height, f"{day.isoformat()}: {count}", n == last)
        for n, (day, count) in enumerate(zip(days, person.days, strict=True))
        for height in (round(BAR * count / most, 1),)
    )
    return RevealLine(person, bars, None if person.name == own else person.times)
