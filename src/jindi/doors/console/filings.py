"""The console's pages of reports against money laundering: the list with its clocks, one in full with all that can be
done with it, and months counted. Whoever may not know of reports finds nothing of them here or on any other page.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from http import HTTPStatus
from operator import attrgetter
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import About
from jindi.basics.instants import DAY_US
from jindi.basics.problems import Problem, Problems
from jindi.cases.filings import FAR_US, STATES, Report
from jindi.cases.filings_counting import Row, counted
from jindi.cases.filings_steps import Approve, Drop, Return, Revise, Send, Withdraw
from jindi.doors.console.attention import Need
from jindi.doors.console.case_lines import head
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.filing_forms import (
    FORM_BYTES_MAX,
    FORM_FIELDS_MAX,
    OF_SUBJECT,
    draft_of,
    form_of,
    rows_of,
)
from jindi.doors.console.guard import SANDBOX
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.doors.filings import XML, said
from jindi.packs import Words
from jindi.parties.reporting import Form, codes
from jindi.parties.reporting.names import SECTORS, Topic
from jindi.ports import MovementStoreFailure, VaultFailure
from jindi.run.audit import NotRecorded
from jindi.run.filings.desk import Declined, Desk, Query, Who
from jindi.run.filings.large_days import Days, Found, LargeDays

NEAR_US: Final = 2 * DAY_US
"""(design default) So long before its end a clock presses."""

LIST: Final = "/console/reports"
MONTHS: Final = f"{LIST}/statistics"
DAYS: Final = f"{LIST}/days"
WITH_WHY: Final[Mapping[str, type[Return | Revise | Withdraw | Drop]]] = {
    "return": Return,
    "revise": Revise,
    "withdraw": Withdraw,
    "drop": Drop,
}
TOPICS: Final[tuple[Topic, ...]] = ("suspicious", "large")
PROBLEMS_SHOWN: Final = 50


def _due(report: Report) -> int | None:
    return report.due_us if 0 < report.due_us < FAR_US else None


def _state(view: View, text: str) -> str:
    return view.t(f"filings.state.{text}")


def _way(view: View, text: str) -> str:
    return view.t(f"filings.way.{text}")


def _topic(view: View, text: str) -> str:
    return view.t(f"filings.topic.{text}")


SHAPE: Final = Shape[Report](
    "filings", LIST, "filings.read",
    (
        Column("id", "filings.report", lambda each: each.id, sorts=False),
        Column("topic", "filings.topic", lambda each: each.topic, chosen=True, searched=False, said=_topic),
        Column("state", "filings.state", lambda each: each.state, chosen=True, searched=False, said=_state),
        Column("due", "filings.due", _due, kind="time", searched=False),
        Column("typology", "filings.typology", lambda each: each.typology or None, chosen=True),
        Column("case", "filings.case", lambda each: each.case or None),
        Column("opened", "filings.opened", lambda each: each.opened_us, kind="time", searched=False),
        Column("by", "filings.by", lambda each: each.opened_by),
        Column(
            "packets", "filings.packets", lambda each: tuple(name.text for name in each.filing.packets), shown=False
        ),
    ),
    key=lambda each: each.id, export="filings.export", shares=False,
)  # fmt: skip

_COUNTS: Final = (
    "opened", "sent", "in_time", "late", "corrections", "accepted", "to_correct", "refused", "deleted", "dropped",
    "subjects", "transactions",
)  # fmt: skip

MONTH_SHAPE: Final = Shape[Row](
    "filing_months", MONTHS, "filings.statistics",
    (
        Column("month", "filings.month", lambda each: each.month, chosen=True),
        Column("topic", "filings.topic", lambda each: each.topic, chosen=True, searched=False, said=_topic),
        Column("typology", "filings.typology", lambda each: each.typology or None, chosen=True),
        *(
            Column(name, f"filings.count.{name}", attrgetter(name), kind="number",
                   searched=False)
            for name in _COUNTS
        ),
    ),
    key=lambda each: f"{each.month} {each.topic} {each.typology}", export="filings.export", shares=False,
)  # fmt: skip


def _report(view: View, text: str) -> str:
    return view.t("filings.days.none_yet") if text == "no" else view.t("filings.days.begun")


DAY_SHAPE: Final = Shape[Found](
    "filing_days", DAYS, "filings.days",
    (
        Column("day", "filings.day", lambda each: each.large.day.isoformat(), chosen=True),
        Column("customer", "filings.customer", lambda each: each.large.customer),
        Column("code", "filings.criterion", lambda each: each.large.criterion.code, chosen=True),
        Column("direction", "filings.way", lambda each: each.large.direction, chosen=True, searched=False, said=_way),
        Column("sum", "filings.sum", lambda each: each.large.lines[0].sum_minor, kind="number", searched=False),
        Column("due", "filings.due", lambda each: each.due.day.isoformat() if each.due else None, searched=False),
        Column(
            "reported", "filings.report", lambda each: "yes" if each.report else "no", chosen=True, searched=False,
            said=_report,
        ),
    ),
    key=lambda each: f"{each.large.day} {each.large.customer} {each.large.criterion.code} {each.large.direction}",
    export="filings.export", shares=False,
)  # fmt: skip


class FilingPages:
    """The pages."""

    def __init__(self, desk: Desk, doors: Doors, large: LargeDays | None = None) -> None:
        """`large` finds the days of large transactions; without, none are kept here."""
        self._desk, self._doors, self._large = desk, doors, large
        self._table = Table(SHAPE, doors, self._rows)
        self._months = Table(MONTH_SHAPE, doors, self._counted)
        self._days = Table(DAY_SHAPE, doors, self._found)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs

        def post(path: str, action: str, act: Shown) -> Route:
            # A step that is taken is a record itself.
            about = lambda _: About(is_sensitive=True)  # noqa: E731 - it is handed on as it is
            return Route(path, needs(action, self._told(act), is_recorded=False, about=about), methods=["POST"])

        sensitive = lambda _: About(is_sensitive=True)  # noqa: E731
        return [
            Route(LIST, needs("filings.read", self._told(self.all))),
            *self._table.routes(),
            *self._months.routes(),
            *self._days.routes(),
            Route(DAYS, needs("filings.days", self._told(self.days))),
            post(f"{DAYS}/begin", "filing.open", self.begin),
            Route(MONTHS, needs("filings.statistics", self._told(self.months))),
            post(f"{LIST}/receipts", "filing.land", self.land),
            Route(f"{LIST}/new", needs("filing.open", self._told(self.new))),
            post(f"{LIST}/new", "filing.open", self.open),
            Route(f"{LIST}/{{id}}", needs("filing.read", self._told(self.one))),
            Route(f"{LIST}/{{id}}/file", needs("filing.packet", self._told(self.file), about=sensitive)),
            post(f"{LIST}/{{id}}/write", "filing.write", self.write),
            post(f"{LIST}/{{id}}/propose", "filing.propose", self.propose),
            post(f"{LIST}/{{id}}/approve", "filing.approve", self.approve),
            post(f"{LIST}/{{id}}/pack", "filing.pack", self.pack),
            post(f"{LIST}/{{id}}/send", "filing.send", self.send),
            *(post(f"{LIST}/{{id}}/{verb}", f"filing.{verb}", partial(self.why, verb)) for verb in WITH_WHY),
        ]

    def _told(self, show: Shown) -> Shown:
        """The handler, with what can't be done at all told as a page."""

        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except MovementStoreFailure:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "filings.no_movements_now") from None
            except VaultFailure:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "filings.no_vault_now") from None
            except LookupError:
                raise HTTPException(HTTPStatus.NOT_FOUND, "filings.none_such") from None

        return telling

    # ---- for the overview

    def needs(self, view: View) -> Sequence[Need]:
        """What of reports needs the reader, if he may know of any: clocks, and packets that he may agree to."""
        if not view.may("filings.read"):
            return ()
        mine = [each for each in self._desk.find(Query(state="proposed")) if self._may_answer(each, view)]
        near = [each for each in self._desk.find(Query()) if each.owed is not None and _presses(each, view.now_us)]
        return (
            Need("need.filings_due", len(near) if view.may("filing.write") else 0, f"{LIST}?sort=due", presses=True),
            Need("need.filings_answer", len(mine), f"{LIST}?state=proposed", presses=True),
        )

    def _may_answer(self, report: Report, view: View) -> bool:
        assert view.session is not None, "asked before"
        marks = {*view.session.principal.marks, f"name {view.session.who.casefold()}"}
        return view.may("filing.approve") and marks.isdisjoint(report.hands)

    # ---- looking

    async def _rows(self, _: View) -> list[Report]:
        return self._desk.find(Query())

    async def _counted(self, _: View) -> list[Row]:
        return counted(self._desk.find(Query()))

    async def all(self, request: Request, view: View) -> Response:
        """The list, what is owed first before the others, and the form that takes in a receipt."""
        return await self._list(request, view)

    async def _list(
        self, request: Request, view: View, told: Sequence[str] = (), status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        reports = self._desk.find(Query())
        late = sum(each.is_late(view.now_us) for each in reports)
        listed = await self._table.listed(request, view, reports)
        return self._doors.pages.show(
            "filings.html", view, status=int(status), page="filings", t=listed, late=late, told=told,
            is_on=self._desk.is_on, done=request.query_params.get("done") == "land", kind_of=self._kind_of,
        )  # fmt: skip

    async def months(self, request: Request, view: View) -> Response:
        """Months counted."""
        listed = await self._months.listed(request, view)
        return self._doors.pages.show(
            "filing_months.html", view, page="filings", t=listed, counts=_COUNTS, kind_of=self._kind_of
        )

    async def _found(self, _: View) -> list[Found]:
        return list((await self._large.look()).found) if self._large is not None else []

    async def days(self, request: Request, view: View) -> Response:
        """Days of large transactions, and the reports of them."""
        days = await self._large.look() if self._large is not None else Days()
        listed = await self._days.listed(request, view, days.found)
        waiting = sorted({each.large.day for each in days.found if each.report is None}, reverse=True)
        return self._doors.pages.show(
            "filing_days.html", view, page="filings", t=listed, days=days, waiting=waiting, today=self._desk.today(),
            behind=self._large.behind if self._large is not None else 0, is_on=self._desk.is_on,
        )  # fmt: skip

    async def begin(self, request: Request, view: View) -> Response:
        """Begin the report of a day."""
        form = await self._doors.form(request)
        try:
            day = _day(form.get("day", ""))
        except ValueError:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "filings.none_such") from None
        report = await self._large.begin(self._who(request, view), day) if self._large is not None else None
        return _to(report, "open") if report is not None else RedirectResponse(DAYS, HTTPStatus.SEE_OTHER)

    async def one(self, request: Request, view: View) -> Response:
        """A report in full."""
        return await self._show(request, view)

    async def _show(
        self, request: Request, view: View, told: Sequence[str] = (), form: dict[str, str] | None = None,
        verb: str = "", status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:  # fmt: skip
        page = await self._desk.page(request.path_params["id"])
        report = page.report
        given = form if verb == "write" and form is not None else form_of(page.draft) if page.draft is not None else {}
        return self._doors.pages.show(
            "filing.html", view, status=int(status), page="filings", it=report, whole=page, told=told, verb=verb,
            typed=form or {}, today=self._desk.today().isoformat(), may_answer=self._may_answer(report, view),
            done=request.query_params.get("done", "") if request.query_params.get("done") in _DONE else "",
            said=said, is_open=verb == "write" or (report.state == "writing" and bool(page.problems)),
            kind_of=self._kind_of, **_choices(given),
        )  # fmt: skip

    def _kind_of(self, view: View, typology: str) -> str:
        """What a kind of case is called."""
        declared = self._desk.typologies.get(typology)
        return head(view.words(declared.doc)) if declared is not None else typology

    async def new(self, request: Request, view: View) -> Response:
        """The form that begins a report: of a case, of large transactions, or empty."""
        return await self._show_new(request, view)

    async def _show_new(
        self, request: Request, view: View, told: Sequence[str] = (), form: dict[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:  # fmt: skip
        asked = form if form is not None else dict(request.query_params)
        case, topic = asked.get("case", ""), _topic_of(asked.get("topic", ""))
        follows = self._desk.one(asked["follows"]).id if asked.get("follows") else ""
        if form is None:
            draft = await self._desk.defaults_of_case(case) if case else self._desk.defaults(topic)
            form = form_of(draft)
        return self._doors.pages.show(
            "filing_new.html", view, status=int(status), page="filings", case=case, topic=topic, told=told,
            before=self._desk.of_case(case) if case else [], follows=follows,
            is_on=self._desk.is_on, **_choices(form),
        )  # fmt: skip

    async def file(self, request: Request, view: View) -> Response:  # noqa: ARG002 - that he may was asked
        """The packet, as a download and nothing else."""
        name, data = await self._desk.packet(request.path_params["id"])
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store", **SANDBOX}
        return Response(data, media_type=XML, headers=headers)

    # ---- doing

    async def open(self, request: Request, view: View) -> Response:
        """Begin a report."""
        form = await self._form(request)
        try:
            draft = draft_of(form)
            report = await self._desk.open(
                self._who(request, view), _topic_of(form.get("topic", "")), draft, case=form.get("case", ""),
                follows=form.get("follows", ""),
            )  # fmt: skip
        except ValueError as error:
            return await self._show_new(request, view, [view.t("filings.bad_day", n=str(error))], form,
                                        HTTPStatus.BAD_REQUEST)  # fmt: skip
        except Declined as error:
            return await self._show_new(request, view, [_said(error, view)], form, HTTPStatus.CONFLICT)
        return _to(report, "open")

    async def write(self, request: Request, view: View) -> Response:
        """Change what a report says."""
        form = await self._form(request)
        seen = form.get("seen", "")
        try:
            report = await self._desk.write(
                self._who(request, view), request.path_params["id"], draft_of(form),
                seen=int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else None,
            )  # fmt: skip
        except ValueError as error:
            told = [view.t("filings.bad_day", n=str(error))]
            return await self._show(request, view, told, form, "write", HTTPStatus.BAD_REQUEST)
        except Declined as error:
            return await self._vain(request, view, error, "write", form)
        return _to(report, "write")

    async def propose(self, request: Request, view: View) -> Response:
        """Make the packet, and have it wait for a second person."""
        await self._doors.form(request)
        try:
            report = await self._desk.propose(self._who(request, view), request.path_params["id"])
        except Problems as error:
            told = [_problem(each, view) for each in error.problems[:PROBLEMS_SHOWN]]
            return await self._show(request, view, told, None, "propose", HTTPStatus.UNPROCESSABLE_ENTITY)
        except Declined as error:
            return await self._vain(request, view, error, "propose")
        return _to(report, "propose")

    async def approve(self, request: Request, view: View) -> Response:
        """Agree to the packet that was looked at."""
        form = await self._doors.form(request)
        return await self._take(request, view, "approve", form, Approve(form.get("digest", "")))

    async def pack(self, request: Request, view: View) -> Response:
        """Give the packet its name."""
        await self._doors.form(request)
        try:
            report = await self._desk.pack(self._who(request, view), request.path_params["id"])
        except Declined as error:
            return await self._vain(request, view, error, "pack")
        return _to(report, "pack")

    async def send(self, request: Request, view: View) -> Response:
        """Say that it was handed over."""
        form = await self._doors.form(request)
        try:
            on = _day(form.get("on", ""))
        except ValueError:
            told = [view.t("filings.bad_send_day")]
            return await self._show(request, view, told, form, "send", HTTPStatus.BAD_REQUEST)
        return await self._take(request, view, "send", form, Send(on))

    async def why(self, verb: str, request: Request, view: View) -> Response:
        """A step that says why."""
        form = await self._doors.form(request)
        return await self._take(request, view, verb, form, WITH_WHY[verb](form.get("why", "").strip()))

    async def _take(
        self, request: Request, view: View, verb: str, form: dict[str, str],
        step: Approve | Send | Return | Revise | Withdraw | Drop,
    ) -> Response:  # fmt: skip
        try:
            report = await self._desk.take(self._who(request, view), request.path_params["id"], step)
        except Declined as error:
            return await self._vain(request, view, error, verb, form)
        return _to(report, verb)

    async def land(self, request: Request, view: View) -> Response:
        """Take in a receipt under its own name."""
        upload = await self._doors.upload(request)
        if not upload.name or not upload.content:
            return await self._list(request, view, [view.t("filings.receipt.nothing")], HTTPStatus.BAD_REQUEST)
        named = {name: upload.fields.get(name, "").strip() for name in ("error", "place", "field", "code", "says")}
        try:
            report, _ = await self._desk.land(
                self._who(request, view), upload.name, upload.content, Form(**named) if named["error"] else None
            )
        except Problems as error:
            told = [_problem(each, view) for each in error.problems[:PROBLEMS_SHOWN]]
            return await self._list(request, view, told, HTTPStatus.UNPROCESSABLE_ENTITY)
        except Declined as error:
            return await self._list(request, view, [_said(error, view)], HTTPStatus.CONFLICT)
        except LookupError:
            return await self._list(request, view, [view.t("filings.receipt.not_ours")], HTTPStatus.NOT_FOUND)
        return _to(report, "land")

    # ---- what they have in common

    async def _form(self, request: Request) -> dict[str, str]:
        return await self._doors.form(request, bytes_max=FORM_BYTES_MAX, fields_max=FORM_FIELDS_MAX)

    def _who(self, request: Request, view: View) -> Who:
        assert view.session is not None, "asked before"
        return Who(self._doors.actor(request, view.session), view.session.principal.marks)

    async def _vain(
        self, request: Request, view: View, error: Declined, verb: str, form: dict[str, str] | None = None
    ) -> Response:
        return await self._show(request, view, [_said(error, view)], form, verb, HTTPStatus.CONFLICT)


_DONE: Final = frozenset({"open", "write", "propose", "approve", "pack", "send", "land", *WITH_WHY})


def _choices(form: dict[str, str]) -> dict[str, object]:
    """What the form of a draft offers."""
    return {
        "form": form, "fields": OF_SUBJECT, "documents": codes.DOCUMENTS, "urgency": codes.URGENCY,
        "directed": codes.DIRECTED, "triggers": codes.TRIGGERS, "crimes": codes.CRIMES, "sectors": tuple(SECTORS),
        "rows_of": partial(rows_of, form), "states": STATES,
    }  # fmt: skip


def _topic_of(text: str) -> Topic:
    return text if text in TOPICS else "suspicious"


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _presses(report: Report, now_us: int) -> bool:
    return report.due_us - now_us < NEAR_US


def _said(error: Declined, view: View) -> str:
    return error.zh if view.lang == "zh" else error.en


_FIELD_WORDS: Final = {
    "institution": Words("报告机构编码", "the reporter's code"), "branch": Words("上报网点代码", "the branch"),
    "place": Words("交易发生地", "where it was"), "means": Words("交易方式", "how it was done"),
    "behaviour": Words("资金交易及客户行为情况", "what was done"),
    "analysis": Words("疑点分析", "why it is suspicious"),
    "crimes": Words("疑似涉罪类型", "types of crime"), "features": Words("可疑交易特征代码", "codes of features"),
    "subjects": Words("可疑主体", "subjects"), "evidence": Words("交易证据", "evidence"),
    "decisions": Words("交易证据", "evidence"), "days": Words("大额交易日", "large days"),
    "usd_rate": Words("美元折算率", "the rate of the US dollar"),
}  # fmt: skip
"""What the fields of a draft are called, where a problem names one."""


def _problem(each: Problem, view: View) -> str:
    """A problem with the field's own name before it."""
    name = each.item.split(" ", 1)[0].split(".", 1)[0]
    words = _FIELD_WORDS.get(name)
    head = f"{view.words(words)}: " if words is not None else ""
    remedy = f" ({each.remedy})" if each.remedy else ""
    return f"{head}{each.item} {each.problem}{remedy}"


def _to(report: Report, verb: str) -> Response:
    return RedirectResponse(f"{LIST}/{report.id}?done={verb}", HTTPStatus.SEE_OTHER)
