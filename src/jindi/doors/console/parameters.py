"""The console's pages of parameters: figures with dates, sources and marks, and the values that are to come.

A value to come is a draft of the parameters' file, tried on the past as if it had been in force, and takes the same
road as a policy. What has been in force can't be changed, and the page says so.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.basics.problems import Problems
from jindi.doors.console.bench_base import BenchPages, done_in, listed_in, owner_of, person_of, who, whole
from jindi.doors.console.doors import Doors
from jindi.doors.console.reasons import limit_text
from jindi.doors.console.rule_form import both_of, text_in
from jindi.doors.console.view import View
from jindi.packs import MARKS
from jindi.run.backtest.trials import DAYS, Busy, Trials
from jindi.run.platform import NotNow
from jindi.run.versions.desk import Declined
from jindi.run.versions.drafts import Moved
from jindi.run.versions.figures import Figures, FigureSheet, Parameter, read_figure
from jindi.run.versions.workbench import Refused

BASE = "/console/parameters"
Acting = Callable[[Request, View, FigureSheet, Mapping[str, str]], Awaitable[str]]
_FIELDS = ("since", "is", "basis_zh", "basis_en", "mark")


class ParameterPages(BenchPages):
    """The pages over one set of parameters."""

    def __init__(self, figures: Figures, trials: Trials, doors: Doors) -> None:
        super().__init__(figures.bench, doors)
        self._figures, self._trials = figures, trials

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs, draft = self._doors.needs, f"{BASE}/drafts/{{id}}"

        def post(verb: str, act: Acting, action: str, *, is_recorded: bool = True) -> Route:
            handler = needs(action, self._acting(act), is_recorded=is_recorded)
            return Route(f"{draft}/{verb}", handler, methods=["POST"])

        return [
            Route(BASE, needs("policies.read", self.overview)),
            Route(f"{BASE}/{{id}}", needs("policy.read", self.one)),
            Route(f"{BASE}/{{id}}", needs("draft.save", self.save), methods=["POST"]),
            Route(f"{BASE}/{{id}}/remove", needs("draft.save", self.remove), methods=["POST"]),
            Route(draft, needs("drafts.read", self.sheet)),
            Route(f"{draft}/file", needs("drafts.read", self.file)),
            post("along", self._along, "draft.save"),
            post("take-over", self._take_over, "draft.save"),
            post("discard", self._discard, "draft.discard"),
            post("backtest", self._backtest, "backtest.run"),
            post("propose", self._propose, "version.propose", is_recorded=False),
        ]

    def sheets(self, view: View) -> list[FigureSheet]:
        """The reader's drafts of parameters."""
        return self._figures.sheets(owner_of(view))

    # ---- looking

    async def overview(self, _: Request, view: View) -> Response:
        """All parameters, with what is in force and what is to come."""
        return self._pages.show(
            "parameters.html", view, page="policies", parameters=self._figures.all(), limit_text=limit_text,
            mine=self.sheets(view) if view.may("drafts.read") else [],
        )  # fmt: skip

    async def one(self, request: Request, view: View) -> Response:
        """One parameter with all its values, and the form of a value to come."""
        parameter = self._figures.one(request.path_params["id"])
        if parameter is None:
            return self._no_parameter(request, view)
        since = request.query_params.get("since", "")
        form = self._form_of(view, parameter, since)
        return self._one_page(request, view, parameter, form)

    def _form_of(self, view: View, parameter: Parameter, since: str) -> dict[str, str]:
        """The form of the value of a day, when the draft has one that is to come; or an empty one."""
        sheet = self._figures.sheet(owner_of(view), parameter.file)
        assert sheet is not None, "its parameter is there"
        for each in self._figures.figures(sheet, parameter.limit.name):
            if each.step.since.isoformat() == since and each.time == "coming" and each.change != "removed":
                basis = each.raw.get("basis", "")
                zh, en = (basis, basis) if isinstance(basis, str) else (basis.get("zh", ""), basis.get("en", ""))
                mark = each.raw.get("mark", parameter.limit.mark)
                return dict(zip(_FIELDS, (since, str(each.raw.get("is", "")), zh, en, mark), strict=True))
        return dict(zip(_FIELDS, ("", "", "", "", parameter.limit.mark), strict=True))

    def _one_page(
        self, request: Request, view: View, parameter: Parameter, form: Mapping[str, str], told: str | None = None,
        status: int = 200, moved: FigureSheet | None = None,
    ) -> Response:  # fmt: skip
        sheet = self._figures.sheet(owner_of(view), parameter.file)
        assert sheet is not None, "its parameter is there"
        return self._pages.show(
            "parameter.html", view, page="policies", status=status, parameter=parameter, limit=parameter.limit,
            figures=self._figures.figures(sheet, parameter.limit.name), sheet=sheet, form=form, told=told, marks=MARKS,
            first=self._figures.tomorrow(parameter.limit), limit_text=limit_text, can=view.may("draft.save"),
            draft_version=(moved or sheet).version, done=None if told else done_in(request), base=BASE,
        )  # fmt: skip

    async def sheet(self, request: Request, view: View) -> Response:
        """A draft of a parameters' file: what it changes, what it would do, and what comes next."""
        sheet = self._sheet(request, view)
        if sheet is None:
            return self._no_parameter(request, view)
        return await self._sheet_page(request, view, sheet)

    async def _sheet_page(
        self, request: Request, view: View, sheet: FigureSheet, told: str | None = None, status: int = 200,
        why: str = "", tried: str = "",
    ) -> Response:  # fmt: skip
        desk, figures = self._figures.desk, self._figures
        check = await figures.check(sheet)
        digest = figures.digest(sheet)
        changed = [each for name in sheet.changed() if (each := figures.one(name)) is not None]
        return self._pages.show(
            "parameters_draft.html", view, page="policies", status=status, sheet=sheet, check=check,
            review=await figures.review(sheet) if sheet.is_changed else None, digest=digest, days=DAYS,
            changed=[(each, figures.figures(sheet, each.limit.name)) for each in changed], limit_text=limit_text,
            readers=figures.readers(sheet), trials=self._trials.all_of(digest), running=self._trials.running,
            others=figures.others(owner_of(view), sheet), told=told, done=done_in(request), why=why, tried=tried,
            both=[each for each in listed_in(request, "both") if each in sheet.changed()], base=BASE,
            can=view.may("draft.save"), may_propose=view.may("version.propose"), takes_proposals=desk.takes_proposals,
            is_approved_mode=desk.is_approved_mode, is_alone=desk.is_alone,
        )  # fmt: skip

    async def file(self, request: Request, view: View) -> Response:
        """The draft as the file that it is."""
        sheet = self._sheet(request, view)
        if sheet is None:
            return self._no_parameter(request, view)
        name = sheet.path.rpartition("/")[2]
        return Response(
            sheet.text, media_type="application/toml",
            headers={"content-disposition": f'attachment; filename="{quote(name)}"'},
        )  # fmt: skip

    # ---- values to come

    async def save(self, request: Request, view: View) -> Response:
        """Keep a value to come in the draft."""
        fields, is_ours = await self.typed(request, view)
        parameter = self._figures.one(request.path_params["id"])
        if parameter is None:
            return self._no_parameter(request, view) if is_ours else self.forged(view)
        form = {name: text_in(fields, name) for name in _FIELDS}
        if not is_ours:
            why = view.t("rule.renewed") if fields.get("again") else view.t("error.csrf")
            return self._one_page(request, view, parameter, form, why, HTTPStatus.FORBIDDEN)
        return await self._kept(request, view, parameter, form, whole(fields.get("version")), is_removing=False)

    async def remove(self, request: Request, view: View) -> Response:
        """Take a value to come out of the draft."""
        fields = await self._doors.form(request)
        parameter = self._figures.one(request.path_params["id"])
        if parameter is None:
            return self._no_parameter(request, view)
        form = dict.fromkeys(_FIELDS, "") | {"since": text_in(fields, "since")}
        return await self._kept(request, view, parameter, form, whole(fields.get("version")), is_removing=True)

    async def _kept(
        self, request: Request, view: View, parameter: Parameter, form: Mapping[str, str], seen: int, *,
        is_removing: bool,
    ) -> Response:  # fmt: skip
        owner, name = owner_of(view), parameter.limit.name
        sheet = self._figures.sheet(owner, parameter.file)
        assert sheet is not None, "its parameter is there"
        status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
        moved: FigureSheet | None = None
        try:
            since = _day(form["since"])
            if is_removing:
                await self._figures.remove(sheet, owner, who(view), name, since, seen=seen)
            else:
                value = _value(form, parameter, since)
                await self._figures.save(sheet, owner, who(view), name, value, seen=seen)
        except Refused as error:
            told = self.refusal(view, error)
        except Moved as error:
            told, status = self.moved(view, error), HTTPStatus.CONFLICT
            moved = self._figures.sheet(owner, parameter.file)
        except OSError:
            told, status = view.t("rule.refused.disk"), HTTPStatus.SERVICE_UNAVAILABLE
        else:
            done = "removed" if is_removing else "saved"
            return RedirectResponse(f"{BASE}/{quote(name)}?done={done}", HTTPStatus.SEE_OTHER)
        return self._one_page(request, view, parameter, form, told, status, moved)

    # ---- what comes next

    def _acting(self, act: Acting) -> Any:
        """A form's handler: done, and then the page that it says; or the draft's page again, with why not."""

        async def handler(request: Request, view: View) -> Response:
            form = await self._doors.form(request)
            sheet = self._sheet(request, view)
            if sheet is None:
                return self._no_parameter(request, view)
            try:
                return RedirectResponse(await act(request, view, sheet, form), HTTPStatus.SEE_OTHER)
            except Declined as error:
                told, status = (error.zh if view.lang == "zh" else error.en), HTTPStatus.CONFLICT
            except Refused as error:
                told, status = self.refusal(view, error), HTTPStatus.UNPROCESSABLE_ENTITY
            except Moved as error:
                told, status = self.moved(view, error), HTTPStatus.CONFLICT
            except Busy:
                told, status = view.t("error.busy_trial"), HTTPStatus.CONFLICT
            except Problems as error:
                told, status = self._pages.problems(view, error.problems[:8]), HTTPStatus.UNPROCESSABLE_ENTITY
            except (NotNow, OSError) as error:
                told, status = self._pages.told(view, str(error)), HTTPStatus.SERVICE_UNAVAILABLE
            now = self._sheet(request, view) or sheet
            tried = request.url.path.rpartition("/")[2]
            return await self._sheet_page(request, view, now, told, int(status), form.get("why", ""), tried)

        return handler

    async def _along(self, _: Request, view: View, sheet: FigureSheet, form: Mapping[str, str]) -> str:
        chosen = [name.removeprefix("along.") for name in form if name.startswith("along.")]
        seen = whole(form.get("version"))
        await self._figures.take_along(sheet, owner_of(view), who(view), chosen, seen=seen)
        return f"{_draft(sheet)}?done=along"

    async def _take_over(self, _: Request, view: View, sheet: FigureSheet, form: Mapping[str, str]) -> str:
        seen = whole(form.get("version"))
        _now, both = await self._figures.take_over(sheet, owner_of(view), who(view), seen=seen)
        more = f"&both={quote(','.join(both))}" if both else ""
        return f"{_draft(sheet)}?done=taken_over{more}"

    async def _discard(self, _: Request, view: View, sheet: FigureSheet, form: Mapping[str, str]) -> str:
        await self._figures.discard(owner_of(view), sheet.name, seen=whole(form.get("version")))
        return f"{BASE}?done=discarded"

    async def _backtest(self, _: Request, view: View, sheet: FigureSheet, form: Mapping[str, str]) -> str:
        readers = {each.id: each for each in self._figures.readers(sheet)}
        policy = readers.get(form.get("policy", ""))
        if policy is None:
            raise Refused("no_reader")
        asked = form.get("days", "")
        days = int(asked) if asked in {str(each) for each in DAYS} else DAYS[0]
        labels = self._figures.desk.platform.program.definitions.labels
        label = next((name for name, each in labels.items() if policy.on in each.on), None)
        trial = self._trials.start(
            await self._figures.as_if(sheet), policy.id, who=who(view), digest=self._figures.digest(sheet), days=days,
            label=label, draft=sheet.name, as_if=tuple(sheet.changed()),
        )  # fmt: skip
        return f"/console/backtests/{trial.id}"

    async def _propose(self, _: Request, view: View, sheet: FigureSheet, form: Mapping[str, str]) -> str:
        self._figures.refuse_proposal(sheet, whole(form.get("version")))
        proposal = await self._figures.desk.propose(
            person_of(view), files=self._figures.packs_of(sheet), why=form.get("why", "")
        )  # fmt: skip
        await self._figures.discard(owner_of(view), sheet.name)
        for each in sheet.along:
            await self._bench.discard(owner_of(view), each.policy)
        return f"/console/proposals/{proposal.id}?done=proposed"

    # ---- what they have in common

    def _sheet(self, request: Request, view: View) -> FigureSheet | None:
        return self._figures.sheet(owner_of(view), request.path_params["id"])

    def _no_parameter(self, request: Request, view: View) -> Response:
        return self._doors.error(view, HTTPStatus.NOT_FOUND, "error.no_parameter", id=request.path_params["id"][:64])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("no_day", given=text[:32]) from None


def _value(form: Mapping[str, str], parameter: Parameter, since: date) -> dict[str, Any]:
    """What somebody typed, as the file has it. Raises Refused."""
    if form["mark"] not in MARKS:
        raise Refused("no_mark", given=form["mark"][:32])
    value = {"since": since, "is": read_figure(form["is"], parameter.limit.type.kind)}
    return value | {"basis": both_of(form["basis_zh"], form["basis_en"]) or "", "mark": form["mark"]}


def _draft(sheet: FigureSheet) -> str:
    return f"{BASE}/drafts/{quote(sheet.name, safe='')}"
