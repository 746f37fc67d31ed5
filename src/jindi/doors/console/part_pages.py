"""The console's pages for what a policy has beside rules: its bands, its own cases, its settings; and new policies.

As on the page of a rule: every form works without a script, and what could not be kept comes back as it was typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from jindi.doors.console.bench_base import BenchPages, address_of, done_in, owner_of, renewed, who, whole
from jindi.doors.console.charts import ScoreLine, score_line
from jindi.doors.console.part_forms import (
    ALL,
    ASKED,
    BANDS_MAX,
    BandForm,
    OutcomeForm,
    SettingsForm,
    Slip,
    bands_from,
    bands_of,
    cases_from,
    cases_of,
    in_order,
    raw_bands,
    raw_cases,
    raw_settings,
    reach_of,
    rearranged,
    settings_form,
    settings_from,
    slips,
)
from jindi.doors.console.rule_form import CASES_MAX, Unwritable, text_in
from jindi.doors.console.view import View
from jindi.packs import STATES
from jindi.run.versions.drafts import Moved
from jindi.run.versions.workbench import Check, Listed, Refused, Sheet, with_list, with_other_settings

Bands = tuple[BandForm, ...]
Cases = tuple[OutcomeForm, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a page says of what it was sent."""

    told: str | None = None
    status: int = 200
    is_typed: bool = False
    moved: Sheet | None = None
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class SlipLine:
    """Something that is wrong with a band, in the page's language."""

    row: int
    said: str
    is_hint: bool


class PartPages(BenchPages):
    """The pages over one workbench."""

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs, base = self._doors.needs, "/console/workbench/{id}"
        routes = []
        for name, see, save in (
            ("bands", self.bands, self.save_bands),
            ("cases", self.cases, self.save_cases),
            ("settings", self.settings, self.save_settings),
        ):
            routes += [
                Route(f"{base}/{name}", needs("drafts.read", see)),
                Route(f"{base}/{name}", needs("draft.save", save), methods=["POST"]),
            ]
        # What is typed is checked again and again; that it was saved is recorded.
        check = needs("draft.check", self.check, is_recorded=False)
        return [
            *routes,
            Route(f"{base}/check-bands", check, methods=["POST"]),
            Route("/console/new-policy", needs("drafts.read", self.beginning)),
            Route("/console/new-policy", needs("draft.save", self.begin), methods=["POST"]),
        ]

    # ---- bands

    async def bands(self, request: Request, view: View) -> Response:
        """The bands of the draft, on the line of scores."""
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view)
        return await self._bands_page(request, view, sheet, bands_of(sheet.listed("band")), _Told())

    async def _bands_page(self, request: Request, view: View, sheet: Sheet, forms: Bands, told: _Told) -> Response:
        check = told.check or (None if told.is_typed else await self._bench.check(sheet))
        problems = [each for each in check.problems if each.item.startswith("band ")] if check is not None else []
        return self._pages.show(
            "workbench_bands.html", view, page="policies", status=told.status, sheet=sheet, forms=forms, asked=ASKED,
            line=await self._line(sheet, forms), slips=self._slips(view, sheet, forms), told=told.told,
            moved=told.moved, is_typed=told.is_typed, can=view.may("draft.save"), check=check,
            draft_version=(told.moved or sheet).version, problems=problems,
            there=bands_of(told.moved.listed("band")) if told.moved is not None else (),
            done=None if told.is_typed else done_in(request), most=BANDS_MAX, live=bands_of(_live(sheet, "band")),
        )  # fmt: skip

    async def _line(self, sheet: Sheet, forms: Bands) -> ScoreLine:
        bands = [(each.score_from, each.then) for each in forms if each.score_from is not None]
        return score_line(bands, ALL, reach_of(sheet.listed_rules()), await self._bench.scores(sheet))

    def _slips(self, view: View, sheet: Sheet, forms: Bands) -> list[SlipLine]:
        return [_said(each, view) for each in slips(forms, reach_of(sheet.listed_rules()))]

    async def save_bands(self, request: Request, view: View) -> Response:
        """The form of the bands: kept in the draft, checked, or with a row more or less."""
        fields, is_ours = await self.typed(request, view)
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view) if is_ours else self.forged(view)
        forms, do = bands_from(fields), fields.get("do", "check")
        if not is_ours:
            return await self._bands_page(request, view, sheet, forms, self._older(view, fields))
        if do == "save":
            raw = raw_bands(forms)
            kept, told = await self._save_list(view, sheet, "band", raw, whole(fields.get("version")))
            return kept or await self._bands_page(request, view, sheet, forms, told)
        if do == "check":
            told = await self._try(view, sheet, lambda: with_list(sheet.text, "band", raw_bands(forms)))
            return await self._bands_page(request, view, sheet, forms, told)
        forms = in_order(forms) if do == "sort" else rearranged(forms, do, BandForm(), BANDS_MAX)
        return await self._bands_page(request, view, sheet, forms, _Told(is_typed=True))

    async def check(self, request: Request, view: View) -> Response:
        """What is wrong with bands, and what each score comes to, for the page's own script."""
        fields, is_ours = await self.typed(request, view)
        if not is_ours:
            return renewed(view)
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return JSONResponse({"told": view.t("error.no_policy", id="")}, HTTPStatus.NOT_FOUND)
        forms = bands_from(fields)
        page = self._pages.show(
            "workbench_line.html", view, line=await self._line(sheet, forms), slips=self._slips(view, sheet, forms)
        )  # fmt: skip
        return JSONResponse({"panel": bytes(page.body).decode(), "problems": [], "said": "", "type": "", "text": ""})

    # ---- the policy's own cases

    async def cases(self, request: Request, view: View) -> Response:
        """The cases of the whole policy."""
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view)
        told = _Told(check=await self._bench.check(sheet))
        return self._cases_page(request, view, sheet, cases_of(sheet.listed("case")), told)

    def _cases_page(self, request: Request, view: View, sheet: Sheet, forms: Cases, told: _Told) -> Response:
        check = told.check
        runs = check.outcomes(sheet.policy) if check is not None else ()
        name = f"policy {sheet.policy}"
        mine = [
            each for each in (check.problems if check is not None else ())
            if each.item.startswith(("case ", "case:", name))
        ]  # fmt: skip
        others = [each for each in (check.problems if check is not None else ()) if each not in mine]
        return self._pages.show(
            "workbench_cases.html", view, page="policies", status=told.status, sheet=sheet, forms=forms, all=ALL,
            runs=runs, mine=[each for each in mine if not runs or each.item != name], others=others,
            is_checked=check is not None, told=told.told, moved=told.moved, is_typed=told.is_typed, most=CASES_MAX,
            draft_version=(told.moved or sheet).version, can=view.may("draft.save"),
            done=None if told.is_typed else done_in(request),
        )  # fmt: skip

    async def save_cases(self, request: Request, view: View) -> Response:
        """The form of the cases: kept in the draft, run, or with one more or less."""
        fields, is_ours = await self.typed(request, view)
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view) if is_ours else self.forged(view)
        forms, do = cases_from(fields), fields.get("do", "check")
        if not is_ours:
            return self._cases_page(request, view, sheet, forms, self._older(view, fields))
        if do not in ("save", "check"):
            forms = rearranged(forms, do, OutcomeForm(), CASES_MAX)
            return self._cases_page(request, view, sheet, forms, _Told(is_typed=True))
        try:
            raw = raw_cases(forms, sheet.listed("case"))
        except Unwritable as error:
            told = _Told(self.refusal(view, error), HTTPStatus.UNPROCESSABLE_ENTITY, is_typed=True)
            return self._cases_page(request, view, sheet, forms, told)
        if do == "check":
            told = await self._try(view, sheet, lambda: with_list(sheet.text, "case", raw))
            return self._cases_page(request, view, sheet, forms, told)
        kept, told = await self._save_list(view, sheet, "case", raw, whole(fields.get("version")))
        return kept or self._cases_page(request, view, sheet, forms, told)

    # ---- what a policy says of itself

    async def settings(self, request: Request, view: View) -> Response:
        """What it is for, its stage, how long it may take, what it keeps and which share it decides."""
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view)
        told = _Told(check=await self._bench.check(sheet))
        return self._settings_page(request, view, sheet, settings_form(sheet.settings()), told)

    def _settings_page(
        self, request: Request, view: View, sheet: Sheet, form: SettingsForm, told: _Told
    ) -> Response:  # fmt: skip
        definitions = self._bench.desk.platform.program.definitions
        event = definitions.events[sheet.on]
        check, plain = told.check, ("", sheet.policy, f"{sheet.policy}: split")
        problems = check.problems if check is not None else ()
        return self._pages.show(
            "workbench_settings.html", view, page="policies", status=told.status, sheet=sheet, form=form, states=STATES,
            told=told.told, moved=told.moved, is_typed=told.is_typed, draft_version=(told.moved or sheet).version,
            can=view.may("draft.save"), done=None if told.is_typed else done_in(request), is_checked=check is not None,
            mine=[each for each in problems if each.item in plain],
            others=[each for each in problems if each.item not in plain],
            fields=[each.name for each in event.fields if str(each.type.kind) in ("text", "token")],
            rival=definitions.live_policy(sheet.on), policy=check.policy(sheet.policy) if check is not None else None,
        )  # fmt: skip

    async def save_settings(self, request: Request, view: View) -> Response:
        """The form of the settings: kept in the draft, or checked."""
        fields, is_ours = await self.typed(request, view)
        sheet = self.sheet_of(request, view)
        if sheet is None:
            return self.no_policy(request, view) if is_ours else self.forged(view)
        form = settings_from(fields)
        if not is_ours:
            return self._settings_page(request, view, sheet, form, self._older(view, fields))
        wanted = raw_settings(form, sheet.settings())
        if fields.get("do") != "save":
            told = await self._try(view, sheet, lambda: with_other_settings(sheet.text, wanted))
            return self._settings_page(request, view, sheet, form, told)
        owner, seen = owner_of(view), whole(fields.get("version"))
        try:
            await self._bench.save_settings(sheet, owner, who(view), wanted, seen=seen)
        except (Refused, Moved, OSError) as error:
            return self._settings_page(request, view, sheet, form, self._not_kept(view, sheet, error))
        return _back(sheet, "settings")

    # ---- a policy that is not there yet

    async def beginning(self, request: Request, view: View) -> Response:
        """The form of a new policy."""
        on = request.query_params.get("on", "")
        return self._new_page(view, {"on": on}, None, 200)

    def _new_page(self, view: View, fields: Mapping[str, str], told: str | None, status: int) -> Response:
        return self._pages.show(
            "workbench_new.html", view, page="policies", status=status, events=self._bench.open_events(),
            form={name: text_in(fields, name) for name in ("on", "policy", "zh", "en")}, told=told,
            can=view.may("draft.save"),
        )  # fmt: skip

    async def begin(self, request: Request, view: View) -> Response:
        """Begin a policy as a draft."""
        fields, is_ours = await self.typed(request, view)
        if not is_ours:
            why = view.t("rule.renewed") if fields.get("again") else view.t("error.csrf")
            return self._new_page(view, fields, why, HTTPStatus.FORBIDDEN)
        on, policy, zh, en = (text_in(fields, name) for name in ("on", "policy", "zh", "en"))
        try:
            if not zh or not en:
                raise Refused("no_doc")
            await self._bench.create(owner_of(view), who(view), on, policy, zh, en)
        except Refused as error:
            return self._new_page(view, fields, self.refusal(view, error), HTTPStatus.UNPROCESSABLE_ENTITY)
        except Moved as error:
            return self._new_page(view, fields, self.moved(view, error), HTTPStatus.CONFLICT)
        except OSError:
            return self._new_page(view, fields, view.t("rule.refused.disk"), HTTPStatus.SERVICE_UNAVAILABLE)
        return RedirectResponse(f"{address_of(policy)}?done=begun", HTTPStatus.SEE_OTHER)

    # ---- what they have in common

    def _older(self, view: View, fields: Mapping[str, str]) -> _Told:
        """Of another session, most likely this one's before: nothing is done, and nothing that was typed is lost."""
        why = view.t("rule.renewed") if fields.get("again") else view.t("error.csrf")
        return _Told(why, HTTPStatus.FORBIDDEN, is_typed=True)

    async def _try(self, view: View, sheet: Sheet, make: Any) -> _Told:
        """What the check says of what nobody has saved."""
        try:
            return _Told(is_typed=True, check=await self._bench.check_text(sheet, make()))
        except Refused as error:
            return _Told(self.refusal(view, error), HTTPStatus.UNPROCESSABLE_ENTITY, is_typed=True)

    async def _save_list(
        self, view: View, sheet: Sheet, kind: Listed, raw: Sequence[Mapping[str, Any]], seen: int
    ) -> tuple[Response | None, _Told]:
        try:
            await self._bench.save_list(sheet, owner_of(view), who(view), kind, raw, seen=seen)
        except (Refused, Moved, OSError) as error:
            return None, self._not_kept(view, sheet, error)
        return _back(sheet, f"{kind}s"), _Told()

    def _not_kept(self, view: View, sheet: Sheet, error: Refused | Moved | OSError) -> _Told:
        if isinstance(error, Refused):
            return _Told(self.refusal(view, error), HTTPStatus.UNPROCESSABLE_ENTITY, is_typed=True)
        if isinstance(error, Moved):
            moved = replace(sheet, draft=error.now)
            return _Told(self.moved(view, error), HTTPStatus.CONFLICT, is_typed=True, moved=moved)
        return _Told(view.t("rule.refused.disk"), HTTPStatus.SERVICE_UNAVAILABLE, is_typed=True)


def _said(slip: Slip, view: View) -> SlipLine:
    values = {
        name: view.t(f"outcome.{each}") if name in ("then", "before") and each in ALL else each
        for name, each in slip.values.items()
    }
    return SlipLine(slip.row, view.t(f"bands.wrong.{slip.key}", **values), slip.is_hint)


def _live(sheet: Sheet, kind: Listed) -> Sequence[Mapping[str, Any]]:
    """The parts as they decide, where the draft has others; none where it has the same."""
    return replace(sheet, draft=None).listed(kind) if sheet.is_changed_in(kind) else ()


def _back(sheet: Sheet, page: str) -> Response:
    return RedirectResponse(f"{address_of(sheet.policy, page)}?done=saved", HTTPStatus.SEE_OTHER)
