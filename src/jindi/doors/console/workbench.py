"""The console's pages on which policies are written: drafts, one rule at a time, as rows or as text, and what follows.

Every form works without a script. What somebody typed is never lost: a form that can't be kept comes back as it was,
with why; one that was sent when the session had ended stands on a page of its own until its author has signed in again.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from jindi.basics.problems import Problem, Problems
from jindi.doors.console.bench_base import (
    BenchPages,
    address_of,
    done_in,
    listed_in,
    owner_of,
    person_of,
    renewed,
    who,
    whole,
)
from jindi.doors.console.charts import score_line
from jindi.doors.console.doors import Doors
from jindi.doors.console.parameters import ParameterPages
from jindi.doors.console.part_forms import ALL, bands_of, reach_of
from jindi.doors.console.part_pages import PartPages
from jindi.doors.console.rule_form import (
    RuleForm,
    Unwritable,
    changed_rows,
    empty,
    empty_exemption,
    exemption_of,
    form_from,
    form_of,
    parts_of,
    rows_in,
    turned,
)
from jindi.doors.console.trials import TrialPages
from jindi.doors.console.view import View
from jindi.doors.console.words.problems import parted, place_of, said_in
from jindi.engine import CaseRun
from jindi.language import OPERATORS, TIME_WORDS, ExpressionProblems, Group, Kind, Scope, written
from jindi.packs import OUTCOMES, Definitions, readable
from jindi.packs.vocabulary import DEGRADES
from jindi.run.backtest.trials import DAYS, Busy, Trials
from jindi.run.platform import NotNow
from jindi.run.versions.desk import Declined
from jindi.run.versions.drafts import Moved
from jindi.run.versions.figures import Figures, FigureSheet
from jindi.run.versions.taking_up import TakingUp, parts_in
from jindi.run.versions.workbench import Check, Named, Refused, Rule, Sheet, Workbench


@dataclass(frozen=True, slots=True)
class Told:
    """One problem of a condition, in the page's language; `at` is the character it names, counted from one."""

    problem: str
    remedy: str
    at: int | None
    lang: str = ""
    """The language it is in, where that is not the page's."""


@dataclass(frozen=True, slots=True)
class NameLine:
    """Something that a condition may speak of: how it is written, what it is, and what for."""

    name: str
    type: str
    doc: str
    group: str
    values: tuple[tuple[str, str], ...] = ()
    """The only texts that it may be, each with what packs call it; none where it may be any."""


class WorkbenchPages(BenchPages):
    """The pages over one workbench."""

    def __init__(self, bench: Workbench, trials: Trials, doors: Doors) -> None:
        super().__init__(bench, doors)
        self._trials, self._results = trials, TrialPages(trials, bench.desk, doors)
        self._parts = PartPages(bench, doors)
        self._figures = ParameterPages(Figures(bench), trials, doors)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs

        def post(path: str, act: Callable[..., Awaitable[Response]], action: str, *, is_recorded: bool = True) -> Route:
            handler = needs(action, act, is_recorded=is_recorded)
            return Route(path, handler, methods=["POST"])

        base = "/console/workbench"
        return [
            Route(base, needs("drafts.read", self.overview)),
            Route(f"{base}/{{id}}", needs("drafts.read", self.sheet)),
            Route(f"{base}/{{id}}/file", needs("drafts.read", self.file)),
            *self._named_routes("rule", f"{base}/{{id}}/new", f"{base}/{{id}}/rules"),
            *self._named_routes("exemption", f"{base}/{{id}}/new-exemption", f"{base}/{{id}}/exemptions"),
            *self._parts.routes(),
            *self._figures.routes(),
            # What is typed is checked again and again; that it was saved is recorded.
            Route(
                f"{base}/{{id}}/check",
                needs("draft.check", self.check, is_recorded=False),
                methods=["POST"],
            ),
            Route(f"{base}/{{id}}/remove", needs("drafts.read", self.removal)),
            post(f"{base}/{{id}}/remove", self._acting(self._remove_policy), "draft.save"),
            post("/console/proposals/{id}/take-up", self.take_up, "draft.save"),
            post(f"{base}/{{id}}/take-over", self._acting(self._take_over), "draft.save"),
            post(f"{base}/{{id}}/discard", self._acting(self._discard), "draft.discard"),
            post(f"{base}/{{id}}/backtest", self._acting(self._backtest), "backtest.run"),
            post(f"{base}/{{id}}/shadow", self._acting(self._shadow), "version.shadow", is_recorded=False),
            post(f"{base}/{{id}}/propose", self._acting(self._propose), "version.propose", is_recorded=False),
            *self._results.routes(),
        ]

    def _named_routes(self, kind: Named, new: str, one: str) -> list[Route]:
        """The addresses of rules, or of exemptions."""
        needs, path = self._doors.needs, f"{one}/{{rule}}"
        see, save = partial(self.rule, kind=kind), partial(self.save, kind=kind)
        routes = [
            Route(each, needs(action, act), methods=methods)
            for each in (new, path)
            for action, act, methods in (("drafts.read", see, ["GET"]), ("draft.save", save, ["POST"]))
        ]
        for verb, act in (("remove", self._remove), ("restore", self._restore), ("move", self._move)):
            acting = self._acting(partial(act, kind=kind))
            routes.append(Route(f"{path}/{verb}", needs("draft.save", acting), methods=["POST"]))
        return routes

    # ---- pages

    async def overview(self, request: Request, view: View) -> Response:
        """One's drafts, and all policies that can be worked on."""
        mine = self._bench.sheets(owner_of(view))
        policies = self._bench.policies()
        docs = {each.id: each for each in self._bench.desk.platform.program.definitions.policies}
        figures = self._figures.sheets(view)
        return self._pages.show(
            "workbench.html", view, page="policies", mine=mine, policies=policies, docs=docs, figures=figures,
            can=view.may("draft.save"), **self._taken_up(request, mine, figures),
        )  # fmt: skip

    def _taken_up(self, request: Request, mine: Sequence[Sheet], figures: Sequence[FigureSheet]) -> dict[str, Any]:
        """What an address says of a proposal that was just taken up; only what is there is shown."""
        if request.query_params.get("done") != "taken_up":
            return {"taken_up": False, "both": [], "left": []}
        known = {f"{sheet.policy}:{part}": f"{address_of(sheet.policy)}{_place_of(part)}"
                 for sheet in mine for part in parts_in(sheet)}  # fmt: skip
        known |= {
            f"{sheet.name}:{name}": f"/console/parameters/{quote(name)}"
            for sheet in figures
            for name in sheet.changed()
        }
        paths = {path for each in self._bench.desk.proposals() for path in each.step.paths}
        return {
            "taken_up": True,
            "both": [(each, known[each]) for each in listed_in(request, "both") if each in known],
            "left": [each for each in listed_in(request, "left") if each in paths],
        }

    async def sheet(self, request: Request, view: View) -> Response:
        """One policy on the table: its rules, what the draft changes, what it would do, and what comes next."""
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view)
        return await self._sheet_page(request, view, sheet)

    async def _sheet_page(
        self, request: Request, view: View, sheet: Sheet, told: str | None = None, status: int = 200, why: str = "",
        tried: str = "",
    ) -> Response:  # fmt: skip
        if sheet.removes or tried == "remove":
            return await self._removal_page(request, view, sheet, told, status, why)
        desk = self._bench.desk
        check = await self._bench.check(sheet)
        review = await self._bench.review(sheet) if sheet.is_changed else None
        digest = self._bench.digest(sheet)
        bands = sheet.listed("band")
        line = score_line(
            [(each["from"], each.get("then", "")) for each in bands if type(each.get("from")) is int], ALL,
            reach_of(sheet.listed_rules()), await self._bench.scores(sheet),
        )  # fmt: skip
        return self._pages.show(
            "workbench_policy.html", view, page="policies", status=status, sheet=sheet, check=check, review=review,
            digest=digest, trials=self._trials.of_policy(sheet.policy), running=self._trials.running, days=DAYS,
            labels=self._labels(sheet), told=told, done=done_in(request), line=line, bands=bands_of(bands),
            policy=check.policy(sheet.policy), reads=_reads(check, sheet),
            both=[(each, f"{address_of(sheet.policy)}{_place_of(each)}") for each in listed_in(request, "both")
                  if each in parts_in(sheet)],
            can=view.may("draft.save"), takes_proposals=desk.takes_proposals, is_approved_mode=desk.is_approved_mode,
            is_alone=desk.is_alone, is_confidential=self._bench.is_confidential(sheet), why=why, tried=tried,
            may_propose=view.may("version.propose"),
        )  # fmt: skip

    async def removal(self, request: Request, view: View) -> Response:
        """What would go with a policy, before anybody asks for it."""
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view)
        return await self._removal_page(request, view, sheet)

    async def _removal_page(
        self, request: Request, view: View, sheet: Sheet, told: str | None = None, status: int = 200, why: str = ""
    ) -> Response:  # fmt: skip
        desk = self._bench.desk
        leaving = await self._bench.leaving(sheet)
        if leaving is None:
            told, status = told or view.t("rule.refused.not_there", id=sheet.policy), max(status, HTTPStatus.CONFLICT)
        return self._pages.show(
            "workbench_removal.html", view, page="policies", status=int(status), sheet=sheet, leaving=leaving,
            told=told, why=why, done=done_in(request), can=view.may("draft.save"),
            may_propose=view.may("version.propose"), takes_proposals=desk.takes_proposals,
            is_approved_mode=desk.is_approved_mode, is_alone=desk.is_alone,
        )  # fmt: skip

    async def file(self, request: Request, view: View) -> Response:
        """The draft as the file that it is."""
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view)
        name = sheet.path.rpartition("/")[2]
        return Response(
            sheet.text, media_type="application/toml",
            headers={"content-disposition": f'attachment; filename="{quote(name)}"'},
        )  # fmt: skip

    async def rule(self, request: Request, view: View, *, kind: Named = "rule") -> Response:
        """One rule or exemption of the draft, or a new one."""
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view)
        scope, name = self._bench.scope(sheet.on), request.path_params.get("rule")
        if name is None:
            form = empty() if kind == "rule" else empty_exemption()
            return await self._rule_page(request, view, sheet, None, form, check=None, kind=kind)
        line = sheet.rule(name, kind)
        if line is None:
            missing = "error.no_rule" if kind == "rule" else "error.no_exemption"
            return self._doors.error(view, HTTPStatus.NOT_FOUND, missing, id=name[:64])
        form = form_of(line.now if line.now is not None else line.live or {}, scope)
        return await self._rule_page(request, view, sheet, name, form, check=await self._bench.check(sheet), kind=kind)

    async def _rule_page(
        self, request: Request, view: View, sheet: Sheet, name: str | None, form: RuleForm, *, check: Check | None,
        told: str | None = None, status: int = 200, is_typed: bool = False, moved: Sheet | None = None,
        kind: Named = "rule",
    ) -> Response:  # fmt: skip
        definitions = self._bench.desk.platform.program.definitions
        line = sheet.rule(name, kind) if name is not None else None
        problems, type_ = self._told(form.when, sheet.on, view)
        rows = self._told_rows(form, sheet.on, view) if problems else {}
        rule = name or form.id
        runs: tuple[CaseRun, ...] = check.runs(sheet.policy, form.id or rule) if check is not None else ()
        mine, others = _parted(check, form.id or rule, kind)
        return self._pages.show(
            "workbench_rule.html", view, page="policies", status=status, sheet=sheet, name=name, line=line, form=form,
            problems=[] if rows else problems, rows=rows, type=type_, runs=runs, mine=mine, others=others,
            is_checked=check is not None,
            names=list(self._names(definitions, sheet.on, view)), operators=OPERATORS, told=told, is_typed=is_typed,
            moved=moved, there=None if moved is None or name is None else moved.rule(name, kind),
            done=None if is_typed else done_in(request), can=view.may("draft.save"), kind=kind,
            asked=tuple(str(each) for each in OUTCOMES if each != "allow"), degrades=DEGRADES,
            typologies=definitions.typologies, advice=definitions.advice, draft_version=(moved or sheet).version,
            action=_address(sheet.policy, name, kind),
        )  # fmt: skip

    # ---- saving a rule

    async def save(self, request: Request, view: View, *, kind: Named = "rule") -> Response:
        """The form of a rule or an exemption: kept in the draft, checked, or with a row more or less."""
        fields, is_ours = await self.typed(request, view)
        name = request.path_params.get("rule")
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view) if is_ours else self.forged(view)
        line = sheet.rule(name, kind) if name is not None else None
        before = line.now if line is not None else None
        form = form_from(fields, self._bench.scope(sheet.on), str((before or {}).get("when", "")))
        if not is_ours:
            # Of another session, most likely this one's before: nothing is done, and nothing that was typed is lost.
            why = view.t("rule.renewed") if fields.get("again") else view.t("error.csrf")
            return await self._rule_page(
                request, view, sheet, name, form, check=None, told=why, status=HTTPStatus.FORBIDDEN, is_typed=True,
                kind=kind,
            )  # fmt: skip
        do = fields.get("do", "check")
        if do == "save":
            return await self._save(request, view, sheet, name, form, whole(fields.get("version")), kind)
        if do in ("code", "builder"):
            form = turned(form, "code" if do == "code" else "builder", self._bench.scope(sheet.on))
        elif do != "check":
            form = changed_rows(form, do)
        check: Check | None = None
        told: str | None = None
        if do == "check":
            try:
                rule = name if before is not None else None
                check, _ = await self._bench.check_with(sheet, rule, _raw(form, before, kind), kind)
            except (Unwritable, Refused) as error:
                told = self.refusal(view, error)
        return await self._rule_page(
            request, view, sheet, name, form, check=check, told=told, is_typed=True, status=422 if told else 200,
            kind=kind,
        )  # fmt: skip

    async def _save(
        self, request: Request, view: View, sheet: Sheet, name: str | None, form: RuleForm, seen: int, kind: Named
    ) -> Response:  # fmt: skip
        line = sheet.rule(name, kind) if name is not None else None
        rule = name if line is not None and line.now is not None else None
        status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
        moved: Sheet | None = None
        try:
            parts = _raw(form, line.now if line is not None else None, kind)
            await self._bench.save_rule(sheet, owner_of(view), who(view), rule, parts, seen=seen, kind=kind)
        except (Unwritable, Refused) as error:
            told = self.refusal(view, error)
        except Moved as error:
            status = HTTPStatus.CONFLICT
            told = self.moved(view, error)
            moved = replace(sheet, draft=error.now)
        except OSError:
            told, status = view.t("rule.refused.disk"), HTTPStatus.SERVICE_UNAVAILABLE
        else:
            return RedirectResponse(f"{_address(sheet.policy, form.id, kind)}?done=saved", HTTPStatus.SEE_OTHER)
        return await self._rule_page(
            request, view, sheet, name, form, check=None, told=told, status=status, is_typed=True, moved=moved,
            kind=kind,
        )  # fmt: skip

    # ---- as one types

    async def check(self, request: Request, view: View) -> Response:
        """What is wrong with a condition, for the page's own script: its text, its type, all problems at once."""
        fields, is_ours = await self.typed(request, view)
        if not is_ours:
            return renewed(view)
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return JSONResponse({"told": view.t("error.no_policy", id="")}, HTTPStatus.NOT_FOUND)
        form = form_from(fields, self._bench.scope(sheet.on))
        problems, type_ = self._told(form.when, sheet.on, view)
        rows = self._told_rows(form, sheet.on, view) if problems else {}
        said = view.t("rule.types.ok") if type_ else view.t("rule.types.empty") if not form.when else ""
        return JSONResponse({
            "text": form.when,
            "type": type_,
            "said": view.t("rule.rows.wrong", n=len(rows)) if rows else said,
            "problems": [asdict(each) for each in ([] if rows else problems)],
            "rows": {name: [asdict(each) for each in found] for name, found in rows.items()},
        })  # fmt: skip

    def _told_rows(self, form: RuleForm, on: str, view: View) -> dict[str, list[Told]]:
        """The problems of each row that has some, by the beginning of its fields' names: each row is read alone, so
        that all are told at once, where they are. Nothing where the condition is a text, or only the whole is wrong.
        """
        if form.mode != "builder" or form.group is None:
            return {}
        scope = self._bench.scope(on)
        found = {
            name: self._told(written(Group("all", (row,)), scope), on, view)[0] for name, row in rows_in(form.group)
        }
        return {name: told for name, told in found.items() if told}

    def _told(self, text: str, on: str, view: View) -> tuple[list[Told], str]:
        """The problems of a condition, and its type when there are none ("" otherwise, and for no condition)."""
        if not text.strip():
            return [], ""
        try:
            expression = self._bench.read(text, on)
        except ExpressionProblems as found:
            return [_told(line, view) for line in found.problems], ""
        return [], str(expression.type)

    def _names(self, definitions: Definitions, on: str, view: View) -> Iterator[NameLine]:
        """All that a condition on an event type may speak of, with what it is for."""
        scope: Scope = self._bench.scope(on)
        for field in definitions.events[on].fields:
            called = definitions.words.get(field.name, {})
            values = tuple((each, view.words(called[each]) if each in called else "") for each in field.values)
            yield NameLine(field.name, _type(field.type.kind, view), view.words(field.doc), "fields", values)
        features = set(readable(definitions, on))
        for name in sorted(features):
            found = definitions.features.get(name) or definitions.derived[name]
            yield NameLine(name, _type(found.type.kind, view), view.words(found.doc), "features")
        for name, model in definitions.models.items():
            if model.on == on:
                yield NameLine(name, _type(Kind.RATIO, view), view.words(model.doc), "models")
        for name, kind in TIME_WORDS.items():
            yield NameLine(name, _type(kind.kind, view), view.t(f"clock.{name}"), "time")
        for name in sorted(scope.limits):
            limit = definitions.limits[name]
            yield NameLine(f"limit('{name}')", _type(limit.type.kind, view), view.words(limit.doc), "limits")
        for name in sorted(scope.lists):
            held = definitions.lists[name]
            yield NameLine(name, _type(held.of.kind, view), view.words(held.doc), "lists")

    # ---- what comes next

    def _acting(self, act: Callable[[Request, View, Sheet, Mapping[str, str]], Awaitable[str]]) -> Any:
        """A form's handler: done, and then the page that it says; or the policy's page again, with why not."""

        async def handler(request: Request, view: View) -> Response:
            form = await self._doors.form(request)
            sheet = self.sheet_of(request, view)
            if sheet is None:
                return self.no_policy(request, view)
            try:
                return RedirectResponse(await act(request, view, sheet, form), HTTPStatus.SEE_OTHER)
            except Declined as error:
                told, status = (error.zh if view.lang == "zh" else error.en), HTTPStatus.CONFLICT
            except Refused as error:
                told, status = self.refusal(view, error), HTTPStatus.UNPROCESSABLE_ENTITY
            except Moved as error:
                told = self.moved(view, error)
                status, sheet = HTTPStatus.CONFLICT, replace(sheet, draft=error.now)
            except Busy:
                told, status = view.t("error.busy_trial"), HTTPStatus.CONFLICT
            except Problems as error:
                told, status = self._pages.problems(view, error.problems[:8]), HTTPStatus.UNPROCESSABLE_ENTITY
            except (NotNow, OSError) as error:
                told, status = self._pages.told(view, str(error)), HTTPStatus.SERVICE_UNAVAILABLE
            tried = request.url.path.rpartition("/")[2]
            return await self._sheet_page(request, view, sheet, told, int(status), form.get("why", ""), tried)

        return handler

    async def _remove(
        self, request: Request, view: View, sheet: Sheet, form: Mapping[str, str], *, kind: Named
    ) -> str:  # fmt: skip
        rule: str = request.path_params["rule"]
        await self._bench.remove_rule(
            sheet, owner_of(view), who(view), rule, seen=whole(form.get("version")), kind=kind
        )  # fmt: skip
        return f"{address_of(sheet.policy)}?done=removed"

    async def _restore(
        self, request: Request, view: View, sheet: Sheet, form: Mapping[str, str], *, kind: Named
    ) -> str:  # fmt: skip
        rule: str = request.path_params["rule"]
        await self._bench.restore_rule(
            sheet, owner_of(view), who(view), rule, seen=whole(form.get("version")), kind=kind
        )  # fmt: skip
        return f"{address_of(sheet.policy)}?done=restored"

    async def _move(
        self, request: Request, view: View, sheet: Sheet, form: Mapping[str, str], *, kind: Named
    ) -> str:  # fmt: skip
        rule: str = request.path_params["rule"]
        by = -1 if form.get("to") == "up" else 1
        await self._bench.move_rule(
            sheet, owner_of(view), who(view), rule, by, seen=whole(form.get("version")), kind=kind
        )  # fmt: skip
        return f"{_address(sheet.policy, rule, kind)}?done=moved"

    async def _remove_policy(self, _: Request, view: View, sheet: Sheet, form: Mapping[str, str]) -> str:
        await self._bench.remove_policy(sheet, owner_of(view), who(view), seen=whole(form.get("version")))
        return f"{address_of(sheet.policy)}?done=removing"

    async def _take_over(self, _: Request, view: View, sheet: Sheet, form: Mapping[str, str]) -> str:
        _now, both = await self._bench.take_over(
            sheet, owner_of(view), who(view), seen=whole(form.get("version"))
        )  # fmt: skip
        more = f"&both={quote(','.join(both))}" if both else ""
        return f"{address_of(sheet.policy)}?done=taken_over{more}"

    async def take_up(self, request: Request, view: View) -> Response:
        """A proposal that ended is a draft of its author again."""
        await self._doors.form(request)
        identifier: str = request.path_params["id"]
        try:
            proposal = self._bench.desk.proposal(identifier)
            taken = await TakingUp(self._bench).take_up(proposal, person_of(view), owner_of(view), who(view))
        except LookupError:
            return self._doors.error(view, HTTPStatus.NOT_FOUND, "error.no_proposal", id=identifier[:64])
        except Declined as error:
            return self._refused(view, error.zh if view.lang == "zh" else error.en, HTTPStatus.CONFLICT)
        except Moved as error:
            return self._refused(view, self.moved(view, error), HTTPStatus.CONFLICT)
        except OSError:
            return self._refused(view, view.t("rule.refused.disk"), HTTPStatus.SERVICE_UNAVAILABLE)
        both = [f"{draft.policy}:{each}" for draft, found in taken.drafts for each in found]
        more = "".join(
            f"&{name}={quote(','.join(each))}" for name, each in (("both", both), ("left", taken.left)) if each
        )
        return RedirectResponse(f"/console/workbench?done=taken_up{more}", HTTPStatus.SEE_OTHER)

    def _refused(self, view: View, told: str, status: HTTPStatus) -> Response:
        return self._pages.show(
            "refused.html", view, status=int(status), page="policies", told=[told], code=int(status)
        )  # fmt: skip

    async def _discard(self, _: Request, view: View, sheet: Sheet, form: Mapping[str, str]) -> str:
        await self._bench.discard(owner_of(view), sheet.policy, seen=whole(form.get("version")))
        return f"{address_of(sheet.policy)}?done=discarded"

    async def _backtest(self, _: Request, view: View, sheet: Sheet, form: Mapping[str, str]) -> str:
        if self._bench.is_confidential(sheet):
            raise Problems(())
        if sheet.removes:
            raise Refused("removes", id=sheet.policy)
        check = await self._bench.check(sheet)
        if check.program is None:
            raise Problems(check.problems)
        asked = form.get("days", "")
        days = int(asked) if asked in {str(each) for each in DAYS} else DAYS[0]
        label = form.get("label") or None
        trial = self._trials.start(
            check.program, sheet.policy, who=who(view), digest=self._bench.digest(sheet), days=days,
            label=label if label in self._labels(sheet) else None,
        )  # fmt: skip
        return f"/console/backtests/{trial.id}"

    async def _shadow(self, _: Request, view: View, sheet: Sheet, form: Mapping[str, str]) -> str:
        if sheet.removes:
            raise Refused("removes", id=sheet.policy)
        if sheet.is_behind:
            raise Declined("behind")
        version = await self._bench.desk.shadow(
            person_of(view), sheet.policy, files=self._bench.files(sheet), why=form.get("why", "")
        )  # fmt: skip
        return f"/console/versions/{quote(version)}?done=shadowed"

    async def _propose(self, _: Request, view: View, sheet: Sheet, form: Mapping[str, str]) -> str:
        self._bench.refuse_proposal(sheet, whole(form.get("version")))
        proposal = await self._bench.desk.propose(
            person_of(view), [sheet.policy], files=self._bench.files(sheet), why=form.get("why", ""),
            removed=self._bench.removed(sheet),
        )  # fmt: skip
        await self._bench.discard(owner_of(view), sheet.policy)
        return f"/console/proposals/{proposal.id}?done=proposed"

    def _labels(self, sheet: Sheet) -> list[str]:
        labels = self._bench.desk.platform.program.definitions.labels
        return [name for name, label in labels.items() if sheet.on in label.on]


def _told(line: str, view: View) -> Told:
    problem, remedy = parted(line)
    told, mended = said_in(problem, view.lang), said_in(remedy, view.lang)
    return Told(told.text, mended.text, place_of(problem), "en" if told.is_english or mended.is_english else "")


def _parted(check: Check | None, rule: str, kind: Named) -> tuple[list[Problem], list[Problem]]:
    """The problems of one rule or exemption, and all others."""
    if check is None:
        return [], []
    name = f"{kind} {rule}"
    mine = [each for each in check.problems if each.item == name or each.item.startswith(f"{name}:")]
    return mine, [each for each in check.problems if each not in mine]


def _type(kind: Kind, view: View) -> str:
    return view.t(f"type.{kind}")


def _raw(form: RuleForm, before: Rule | None, kind: Named) -> Rule:
    """A form as its file has it. Raises Unwritable."""
    return parts_of(form, before) if kind == "rule" else exemption_of(form, before)


def _reads(check: Check, sheet: Sheet) -> tuple[list[str], list[str]]:
    """The features and the models that a policy's conditions read."""
    found = check.policy(sheet.policy)
    if found is None or check.program is None:
        return [], []
    conditions = (*(each.when for each in found.rules), *(each.when for each in found.exemptions))
    named = {name for when in conditions for name in when.inputs}
    definitions = check.program.definitions
    features = sorted(name for name in named if name in definitions.features or name in definitions.derived)
    return features, sorted(name for name in named if name in definitions.models)


def _place_of(part: str) -> str:
    """Where a part that `packs.rebased` names is edited, behind its policy's address."""
    if part.endswith("/") or part.startswith("settings/"):
        return f"/{part.partition('/')[0]}"
    return f"/{quote(part)}" if "/" in part else f"/rules/{quote(part)}"


def _address(policy: str, rule: str | None, kind: Named) -> str:
    if rule is None:
        return address_of(policy, "new" if kind == "rule" else "new-exemption")
    return address_of(policy, f"{kind}s", rule)
