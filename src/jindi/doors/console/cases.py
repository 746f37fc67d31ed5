"""The console's pages about cases: the queue, each case with all that can be done with it, and rows done at once.

Every form is an ordinary one: it works without a script, carries the session's token and the version of the case that
was looked at, and ends in a redirect. What can't be done is said where it was tried, with the text that was written.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About, Principal
from jindi.basics.instants import format_instant
from jindi.basics.money import format_minor
from jindi.cases import LOTS, VERDICTS, Assign, Case, Close, Snooze, Step, Tag, case_seq
from jindi.doors.casework import codes, said
from jindi.doors.console.case_files import CaseFilePages
from jindi.doors.console.case_lines import CaseLine, head, line_of, state_of
from jindi.doors.console.case_queue import COUNTED, ORDERS, PAGES_MAX, ROWS, TEXT_MAX, Queue, queue_of, tabs_of
from jindi.doors.console.case_shapes import drawn
from jindi.doors.console.case_steps import (
    SNOOZES,
    TICKED,
    VERBS,
    Tried,
    Unclear,
    possible,
    step_of,
)
from jindi.doors.console.case_story import since, story
from jindi.doors.console.days import NAMES as DAYS
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.kept import OwnTable
from jindi.doors.console.tables import FORMS, Form, Lines, as_file
from jindi.doors.console.view import View, address, is_fit_for_address
from jindi.doors.guarding import Endpoint, by_method
from jindi.doors.waiting import Waiting, of_entry
from jindi.packs import LEVELS, OUTCOMES, TypologyDef
from jindi.ports import CaseStoreFailure
from jindi.run.approvals.approvals import Approvals, Forbidden, payload_of
from jindi.run.approvals.approvals import Declined as NotAsked
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.cases import Declined, Desk, Page
from jindi.run.records import decision_seq
from jindi.run.reveals import Reveals

CLOSING: Final = "case.close"
EXPORT_ROWS_MAX, EXPORT_ROWS_AT_ONCE = 10_000, 250
TAGS_OFFERED = 50
BEHIND_TOLD = 1_000
"""So many records behind the journal the cases may be before a page says so: less is caught up with at once."""

TABLE: Final = OwnTable(
    "cases", "/console/cases", "cases.read", ("tab", "typology", "level", "late", "tag", "subject", "order", *DAYS),
    keeps="cases.filter",
)  # fmt: skip

CSV_HEAD = (
    "case", "typology", "level", "state", "escalated", "entity", "subject", "amounts", "alerts", "score", "assignee",
    "opened", "due", "late", "snoozed_until", "tags", "verdict", "closed", "closed_by", "approval", "merged_into",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """The neighbours of a case in the queue that it was opened from: their addresses, None where there is none."""

    previous: str | None = None
    following: str | None = None


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One kind of case: what it is called, and for each level how many are open and where they are listed."""

    kind: str
    doc: str
    cells: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map of open cases: rows by line of business. `most` is the largest number in it."""

    lines: tuple[tuple[str, tuple[HeatRow, ...]], ...]
    most: int


class CasePages:
    """The pages over the cases of one platform. With `approvals` a second person is asked where it takes two, with
    `audit` an export is recorded with its rows, with `reveals` subjects have pages and masks.
    """

    def __init__(
        self, desk: Desk, doors: Doors, approvals: Approvals | None, audit: Audit | None, reveals: Reveals | None
    ) -> None:
        self._desk, self._doors, self._approvals = desk, doors, approvals
        self._audit, self._reveals = audit, reveals
        doors.tables.know(TABLE)

    async def _form(self, request: Request) -> dict[str, str]:
        return await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, action: str, act: Shown) -> Route:
            # A step that is taken is a record itself; one that nobody may take is an action that was refused.
            return Route(path, self._doors.needs(action, act, is_recorded=False), methods=["POST"])

        return [
            Route("/console/cases", self._list(), methods=["GET", "POST"]),
            *(
                Route(
                    f"/console/cases.{form}",
                    self._doors.needs("cases.export", self.told(partial(self.export, form)), is_recorded=False),
                )
                for form in FORMS
            ),
            post("/console/cases/next", "case.next", self.told(self._next)),
            post("/console/cases/ticked/assign", "case.assign", self.told(partial(self._ticked, "assign"))),
            post("/console/cases/ticked/tag", "case.tag", self.told(partial(self._ticked, "tag"))),
            post("/console/cases/ticked/snooze", "case.snooze", self.told(partial(self._ticked, "snooze"))),
            Route("/console/cases/{id}", self._doors.needs("case.read", self.told(self.one))),
            *CaseFilePages(self._desk, self._doors, self, self._audit).routes(),
            *(
                post(f"/console/cases/{{id}}/{verb}", f"case.{verb}", self.told(partial(self._step, verb)))
                for verb in VERBS
            ),
        ]

    def _list(self) -> Endpoint:
        # The form only makes an address, and whoever opens it is recorded then.
        search = self._doors.needs("cases.read", self.told(self.search), is_recorded=False, about=lambda _: About())
        return by_method(GET=self._doors.needs("cases.read", self.told(self.queue)), POST=search)

    def told(self, show: Shown) -> Shown:
        """The handler, with what can't be done at all told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except CaseStoreFailure:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.no_cases_now") from None
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except LookupError:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_case") from None

        return telling

    # ---- for other pages

    def line(self, case: Case, view: View) -> CaseLine:
        """A case as lists show it."""
        return line_of(case, view, self._desk.typologies, has_entities=self._reveals is not None)

    async def of_decision(self, seq: int, view: View) -> CaseLine | None:
        """The case that a decision belongs to, for those who may see it."""
        if not view.may("case.read"):
            return None
        with suppress(CaseStoreFailure, LookupError):
            identifier = await self._desk.case_of_decision(seq)
            return self.line(await self._desk.one(identifier), view) if identifier is not None else None
        return None

    async def of_subject(self, entity: str, subject: str, view: View) -> list[CaseLine]:
        """The newest cases about somebody, for those who may see them."""
        if not view.may("cases.read"):
            return []
        with suppress(CaseStoreFailure):
            query = self._desk.query(subject=f"{entity}:{subject}", order="opened", descending=True, limit=20)
            found, _ = await self._desk.find(query)
            return [self.line(each, view) for each in found]
        return []

    async def waiting(self, view: View) -> dict[str, int] | None:
        """How many cases wait for the reader, for nobody yet, and too long; None for those who may not see any."""
        if not view.may("cases.read"):
            return None
        who = _who(view).name
        asked = {
            "my": Queue("my"), "unassigned": Queue("unassigned"), "late": Queue("all", late=True),
        }  # fmt: skip
        with suppress(CaseStoreFailure):
            counts = await self._desk.counts(*(each.query(self._desk, who) for each in asked.values()))
            return dict(zip(asked, counts, strict=True))
        return None

    async def heat(self, view: View) -> "Heat | None":
        """Open cases by kind and level, the kinds of one line of business together; None for who may not see any."""
        if not view.may("cases.read"):
            return None
        with suppress(CaseStoreFailure):
            ask = self._desk.query
            tallies = [await self._desk.tally(ask(state="open", levels=(n,)), "typology") for n in range(len(LEVELS))]
            return _heat(self._desk.typologies, tallies, view)
        return None

    # ---- the queue

    def _queue_of(self, asked: Any, view: View) -> tuple[Queue, list[str]]:
        tabs = tabs_of(view)
        return queue_of(asked, tabs, self._desk.typologies, "my" if "my" in tabs else "all", view.zone)

    async def search(self, request: Request, view: View) -> Response:
        """The way from a filter that somebody chose to an address that can be kept, or to the case that he named."""
        form = await self._form(request)
        queue, _ = self._queue_of(form, view)
        text = form.get("text", "").strip()[:TEXT_MAX]
        if not text:
            return _to(address("/console/cases", **queue.asked))
        if not is_fit_for_address(text):
            return self._doors.clear(view)
        if (found := await self._found(text)) is not None:
            return _to(found)
        return _to(address("/console/cases", **queue.asked, found="none"))

    async def _found(self, text: str) -> str | None:
        """The address of what has an id, or of the cases of whom an id names."""
        with suppress(ValueError):
            case_seq(text)
            return f"/console/cases/{text}"
        with suppress(ValueError):
            identifier = await self._desk.case_of_decision(decision_seq(text))
            return None if identifier is None else f"/console/cases/{identifier}"
        for entity in sorted({entity for each in self._desk.typologies.values() for entity in each.by}):
            subject = f"{entity}:{text}"
            if any(await self._desk.counts(self._desk.query(subject=subject))):
                state = await self._desk.counts(self._desk.query(subject=subject, state="open"))
                return address("/console/cases", tab="all" if any(state) else "closed", subject=subject)
        return None

    async def queue(self, request: Request, view: View) -> Response:
        """One tab of the queue, filtered and in order, all by the address."""
        asked = request.query_params
        queue, unknown = self._queue_of(asked, view)
        desk, who = self._desk, _who(view).name
        found, count = await desk.find(queue.query(desk, who))
        last = min(max(-(-count // ROWS), 1), PAGES_MAX)
        if not found and count and queue.page > last:
            return _to(address("/console/cases", **queue.asked, page=last))
        return self._doors.pages.show(
            "cases.html", view, page="cases", queue=queue, unknown=unknown, found=count, last=last,
            lines=[self.line(each, view) for each in found], first=(queue.page - 1) * ROWS, tabs=await self._tabs(view),
            typologies=sorted(
                ((name, head(view.words(each.doc))) for name, each in desk.typologies.items()),
                key=lambda each: each[1],
            ),
            levels=LEVELS, orders=[name for name in ORDERS if name != "closed" or queue.is_over],
            tags=await desk.tags(TAGS_OFFERED), snoozes=SNOOZES, result=_result(asked, view),
            missed=asked.get("found") == "none", is_drained=asked.get("next") == "none",
            kept=self._doors.tables.kept(request, view, TABLE, queue.asked), **self.standing(),
        )  # fmt: skip

    async def _tabs(self, view: View) -> list[tuple[str, int | None]]:
        """The reader's tabs, and how many cases each has."""
        shown = tabs_of(view)
        counted = [tab for tab in shown if tab in COUNTED]
        who = _who(view).name
        counts = await self._desk.counts(*(Queue(tab).query(self._desk, who) for tab in counted))
        known = dict(zip(counted, counts, strict=True))
        return [(tab, known.get(tab)) for tab in shown]

    def standing(self) -> dict[str, Any]:
        """Whether what is shown is up to date."""
        try:
            behind = self._desk.behind
        except CaseStoreFailure:
            behind = 0
        return {"is_stale": self._desk.problem is not None, "behind": behind if behind >= BEHIND_TOLD else 0}

    async def export(self, form: Form, request: Request, view: View) -> Response:
        """The cases of a filter as a file, in its order. That they are taken away is recorded with their number."""
        queue, _ = self._queue_of(request.query_params, view)
        who = _who(view).name
        (count,) = await self._desk.counts(queue.query(self._desk, who))
        most = self._approvals.export_rows if self._approvals is not None and self._approvals.is_on else EXPORT_ROWS_MAX
        is_refused = count > most
        if self._audit is not None:
            assert view.session is not None, "asked before"
            actor, rows = self._doors.actor(request, view.session), 0 if is_refused else count
            await self._audit.act(actor, "cases.export", self._named(queue), allowed=not is_refused, rows=rows)
        if is_refused:
            return self._doors.pages.show(
                "cases_export.html", view, status=HTTPStatus.FORBIDDEN, page="cases", most=most, found=count,
                queue=queue,
            )  # fmt: skip
        return as_file(form, view, "cases", CSV_HEAD, self._lines(queue, who, min(count, EXPORT_ROWS_MAX)))

    def _named(self, queue: Queue) -> str:
        """A filter as the audit may keep it: what somebody typed is a token there."""
        assert self._audit is not None, "asked for by who records"
        return " ".join(
            f"{name}={self._audit.text(value) if name in ('tag', 'subject') else value}"
            for name, value in sorted(queue.asked.items())
        )

    async def _lines(self, queue: Queue, who: str, rows: int) -> Lines:
        for offset in range(0, rows, EXPORT_ROWS_AT_ONCE):
            query = queue.query(self._desk, who, min(EXPORT_ROWS_AT_ONCE, rows - offset), offset)
            found, _ = await self._desk.find(query)
            yield [_csv_line(case, query.now_us) for case in found]
            await asyncio.sleep(0)

    # ---- one case

    async def one(self, request: Request, view: View) -> Response:
        """A case: what it is, what belongs to it, what happened, and a form for each step that is possible now."""
        return await self.show(request, view, Tried())

    async def show(self, request: Request, view: View, tried: Tried) -> Response:
        """The page of a case, with what was tried in vain."""
        page = await self._desk.page(request.path_params["id"])
        who, case = _who(view), page.case
        asked = self.asked(case.id)
        waits = next((each for each in asked if each.is_waiting), None)
        queue, place = self._place(request, view)
        return self._doors.pages.show(
            "case.html", view, status=int(tried.status), page="cases", it=page, case=case, line=self.line(case, view),
            can=possible(page, view, who.name, has_files=self._desk.files.is_on), tried=tried, who=who.name,
            files=self._desk.files,
            others=since(page, _seen(tried.form), view) if tried.is_changed else [],
            pictures=[drawn(each, view) for each in page.shapes],
            moments=story(page, asked, view), related=[self.line(each, view) for each in page.related],
            mask=await self.mask(who, case), waits=waits, asks=self._asks(page, view), outcomes=OUTCOMES,
            people=sorted({*self._desk.people()} - {case.assignee}), everybody=sorted(self._desk.people()),
            snoozes=SNOOZES, verdicts=VERDICTS, beside=await self._beside(case, queue, place, view),
            context=_context(request), queue=queue, done=_verb(request.query_params.get("done", "")),
            is_drawn=case.waits_for_review and case.lot < self._desk.second_look * LOTS // 1_000, **self.standing(),
        )  # fmt: skip

    def asked(self, identifier: str) -> list[Waiting]:
        """What two people were asked about a case, the newest first."""
        if self._approvals is None:
            return []
        return [
            of_entry(entry, state)
            for entry, state in self._approvals.entries()
            if entry.asked.what == CLOSING and payload_of(entry).get("case") == identifier
        ]

    def _asks(self, page: Page, view: View) -> bool:
        """Whether closing it is asked for, rather than done: two people have to agree, and the reader may ask."""
        approvals = self._approvals
        return (
            approvals is not None
            and approvals.is_on
            and page.takes_two
            and approvals.may(_who(view), "approval.propose", CLOSING)
        )

    async def mask(self, who: Principal, case: Case) -> str | None:
        """What may be shown of whom a case is about."""
        return None if self._reveals is None else await self._reveals.mask(who, case.subject)

    def _place(self, request: Request, view: View) -> tuple[Queue | None, int]:
        """The queue that a case was opened from, and its place in it, as the address has them."""
        asked = request.query_params
        text = asked.get("at", "")
        if not text.isascii() or not text.isdecimal() or len(text) > 6:
            return None, 0
        queue, _ = self._queue_of(asked, view)
        return queue, int(text)

    async def _beside(self, case: Case, queue: Queue | None, place: int, view: View) -> Beside:
        """The neighbours. A case that has left its queue has made room: the next one stands where it stood."""
        if queue is None:
            return Beside()
        begin = max(place - 1, 0)
        found, _ = await self._desk.find(queue.query(self._desk, _who(view).name, 3, begin))
        here = next((n for n, each in enumerate(found) if each.id == case.id), None)
        after = place - begin if here is None else here + 1
        before = (place - begin if here is None else here) - 1

        def path(n: int, at: int) -> str | None:
            is_there = 0 <= n < len(found)
            return address(f"/console/cases/{found[n].id}", **queue.asked, at=at) if is_there else None

        return Beside(path(before, begin + before), path(after, begin + after))

    # ---- steps

    async def _step(self, verb: str, request: Request, view: View) -> Response:
        form = await self._form(request)
        assert view.session is not None, "asked before"
        identifier: str = request.path_params["id"]
        actor, leads = self._doors.actor(request, view.session), view.may("case.lead")
        try:
            step = step_of(verb, form, view)
            if isinstance(step, Close) and await self._is_asked(identifier, step, form, view):
                return _to(address(f"/console/cases/{identifier}", **_context(request), done="ask"))
            await self._desk.take(actor, identifier, step, seen=_seen(form), leads=leads)
        except Unclear as error:
            tried = Tried(verb, form, view.t(error.message), status=HTTPStatus.BAD_REQUEST)
        except Declined as error:
            tried = _refused(verb, form, error, view)
        except NotAsked as error:
            told = error.zh if view.lang == "zh" else error.en
            tried = Tried(verb, form, told, status=HTTPStatus.CONFLICT)
        except Forbidden as error:
            return await self._doors.refuse(request, view, error)
        else:
            return _to(address(f"/console/cases/{identifier}", **_context(request), done=verb))
        return await self.show(request, view, tried)

    async def _is_asked(self, identifier: str, step: Close, form: dict[str, str], view: View) -> bool:
        """Ask a second person to agree, where it takes two; whether that was done. Raises Declined, NotAsked, …"""
        page = await self._desk.page(identifier)
        if self._approvals is None or not self._asks(page, view):
            return False
        if _seen(form) != page.case.version:
            raise Declined("changed", page.case)
        if page.case.assignee != _who(view).name and not view.may("case.lead"):
            raise Declined("not_yours", page.case)
        await self._desk.check(page.case, step)
        payload = {"case": identifier, "verdict": step.verdict, "why": step.why}
        await self._approvals.propose(_who(view), CLOSING, payload, step.why)
        return True

    async def _next(self, request: Request, view: View) -> Response:
        """Take the first case of the queue, and go there."""
        await self._form(request)
        assert view.session is not None, "asked before"
        actor = self._doors.actor(request, view.session)
        case = await self._desk.next(actor, senior=view.may("case.lead"))
        if case is None:
            return _to(address("/console/cases", tab="my", next="none"))
        return _to(address(f"/console/cases/{case.id}", done="next"))

    async def _ticked(self, verb: str, request: Request, view: View) -> Response:
        """One step with each case that was ticked: each a record of its own, each done or refused by itself."""
        form = await self._form(request)
        assert view.session is not None, "asked before"
        queue, _ = self._queue_of(form, view)
        back = partial(address, "/console/cases", **queue.asked, page=queue.page if queue.page > 1 else None)
        ticked = {name.removeprefix(TICKED): form[name] for name in form if name.startswith(TICKED)}
        try:
            step = _ticked_step(verb, form, view)
        except Unclear as error:
            return _to(back(unclear=error.message.rpartition(".")[2]))
        if not ticked:
            return _to(back(unclear="say_cases"))
        actor, leads = self._doors.actor(request, view.session), view.may("case.lead")
        refused: Counter[str] = Counter()
        for identifier, version in ticked.items():
            if (code := await self._one_of(actor, identifier, step, version, leads=leads)) is not None:
                refused[code] += 1
        told = "~".join(f"{code}.{number}" for code, number in sorted(refused.items()))
        return _to(back(did=len(ticked) - refused.total(), refused=told))

    async def _one_of(
        self, actor: Actor, identifier: str, step: Step, version: str, *, leads: bool
    ) -> str | None:  # fmt: skip
        """Take a step with one of several cases; why it was refused, None when it was not."""
        try:
            await self._desk.take(actor, identifier, step, seen=_seen({"seen": version}), leads=leads)
        except Declined as error:
            return error.code
        except LookupError:
            return "other_state"
        return None


def _heat(typologies: Mapping[str, TypologyDef], tallies: Sequence[Mapping[str, int]], view: View) -> Heat:
    names = {name for tally in tallies for name in tally}
    lines: dict[str, list[tuple[int, HeatRow]]] = {}
    for name in names:
        typology = typologies.get(name)
        doc = view.words(typology.doc) if typology is not None else name
        counts = [tally.get(name, 0) for tally in tallies]
        cells = tuple(
            (count, address("/console/cases", tab="all", typology=name, level=level))
            for count, level in zip(counts, LEVELS, strict=True)
        )
        row = HeatRow(head(doc), doc, cells)
        lines.setdefault(typology.pack if typology is not None else "", []).append((sum(counts), row))
    ordered = sorted(lines.items(), key=lambda each: (-sum(count for count, _ in each[1]), each[0]))
    return Heat(
        tuple(
            (pack, tuple(row for _, row in sorted(rows, key=lambda each: (-each[0], each[1].kind))))
            for pack, rows in ordered
        ),
        max((count for tally in tallies for count in tally.values()), default=0),
    )


def _ticked_step(verb: str, form: dict[str, str], view: View) -> Step:
    """The step that is to be taken with all. Raises Unclear."""
    if verb == "assign":
        return Assign(_who(view).name)
    step = step_of(verb, form, view)
    if isinstance(step, Tag) and not step.add:
        raise Unclear("cases.say_tag")
    if isinstance(step, Snooze) and not step.why:
        raise Unclear("cases.say_why")
    return step


def _refused(verb: str, form: dict[str, str], error: Declined, view: View) -> Tried:
    zh, en = said(error.code)
    told = zh if view.lang == "zh" else en
    return Tried(verb, form, told, error.code == "changed", HTTPStatus.CONFLICT)


def _result(asked: Any, view: View) -> tuple[int, list[str], str] | None:
    """What became of the ticked rows, as the address says it: how many were done, and why others were not."""
    unclear = asked.get("unclear", "")
    if unclear in ("say_cases", "say_tag", "say_why", "say_until", "say_verdict"):
        return 0, [], view.t(f"cases.{unclear}")
    if unclear == "too_many":
        return 0, [], view.t("cases.work.too_many")
    if _is_count(moved := asked.get("moved", "")):
        return 0, [], view.t("cases.work.moved", n=int(moved))
    done = asked.get("did", "")
    if not _is_count(done):
        return None
    refused = []
    for each in asked.get("refused", "").split("~")[:20]:
        code, _, number = each.partition(".")
        if code in codes() and _is_count(number):
            zh, en = said(code)
            refused.append(view.t("cases.refused", n=int(number), why=zh if view.lang == "zh" else en))
    return int(done), refused, ""


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _context(request: Request) -> dict[str, str]:
    """The queue that a case was opened from, to be carried on."""
    named = ("tab", "typology", "level", "late", "tag", "subject", "order", "at")
    return {name: request.query_params[name][:TEXT_MAX] for name in named if request.query_params.get(name)}


def _verb(text: str) -> str | None:
    return text if text in (*VERBS, "ask", "next", "attach") else None


def _seen(form: dict[str, str]) -> int:
    """The version that was looked at; -1 for a form that does not say, which is the version of no case."""
    text = form.get("seen", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else -1


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal


def _to(target: str) -> Response:
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


def _csv_line(case: Case, now_us: int) -> list[str]:
    def at(at_us: int | None) -> str:
        return "" if at_us is None else format_instant(at_us)

    amounts = " ".join(f"{currency} {format_minor(minor, currency)}" for currency, minor in case.amounts.items())
    return [
        case.id, case.typology, case.level, state_of(case, now_us), str(case.escalated).lower(), case.entity,
        case.subject, amounts, str(case.alerts), str(case.score), case.assignee, at(case.opened_us), at(case.due_us),
        str(case.is_late(now_us)).lower(), at(case.wakes_us if case.is_snoozed(now_us) else None), " ".join(case.tags),
        case.verdict or "", at(case.closed_us), case.closed_by, case.approval, case.into,
    ]  # fmt: skip
