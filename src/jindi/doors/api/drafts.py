"""Drafts over HTTP: what a program has of policies and parameters before it proposes them, as whole files.

A draft belongs to whoever saved it: to the name of the key. Whoever saves says which version he saw, and is told when
it is another by now; nothing of it decides anything.
"""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.hot import Gone, TooLarge
from jindi.doors.api.versions import Guard, Keyed, person_of, proposal_document, review_document
from jindi.doors.console.words import say
from jindi.doors.guarding import by_method
from jindi.run.platform import NotNow
from jindi.run.versions.desk import Declined
from jindi.run.versions.drafts import Moved, named_owner
from jindi.run.versions.figures import Figures, FigureSheet
from jindi.run.versions.taking_up import TakingUp
from jindi.run.versions.workbench import TEXT_BYTES_MAX, Refused, Sheet, Workbench

BODY_BYTES_MAX = 2 * TEXT_BYTES_MAX
"""A file with what JSON makes of its quotation marks and line ends."""

_Asked = TypeVar("_Asked", bound=msgspec.Struct)


class SaveRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A whole file, and the version that its writer saw: 0 where there was no draft. With a draft of parameters, drafts
    of policies that go along with it. A draft that `removes` its policy has no text.
    """

    version: int
    text: str = ""
    along: list[str] | None = None
    removes: bool = False


class ProposeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why the draft is proposed, and which version of it."""

    why: str
    version: int


class DiscardRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Which version of the draft is given up."""

    version: int


class DraftRoutes:
    """The routes over one workbench."""

    def __init__(self, bench: Workbench, guard: Guard) -> None:
        self._bench, self._figures, self._guard = bench, Figures(bench), guard

    def routes(self) -> list[Route]:
        """The table of routes."""
        one = by_method(
            GET=self._guard("drafts.read", self._told(self._read)),
            POST=self._guard("draft.save", self._told(self._save)),
        )
        check = self._guard("draft.check", self._told(self._check), is_recorded=False)
        discard = self._guard("draft.discard", self._told(self._drop))
        propose = self._guard("version.propose", self._told(self._propose), is_recorded=False)
        take_up = self._guard("draft.save", self._told(self._take_up))
        return [
            Route("/v1/drafts", self._guard("drafts.read", self._told(self._list))),
            Route("/v1/drafts/{id}", one, methods=["GET", "POST"]),
            Route("/v1/drafts/{id}/check", check, methods=["POST"]),
            Route("/v1/drafts/{id}/propose", propose, methods=["POST"]),
            Route("/v1/drafts/{id}/discard", discard, methods=["POST"]),
            Route("/v1/proposals/{id}/take-up", take_up, methods=["POST"]),
        ]

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""

        async def telling(request: Request, key: Principal) -> Response:
            try:
                return await handler(request, key)
            except Moved as error:
                now = error.now.version if error.now is not None else 0
                return _declined(
                    "moved_draft", "rule.refused.gone" if now == 0 else "rule.refused.moved", version=now, n=now
                )
            except Refused as error:
                return _declined(error.code, f"rule.refused.{error.code}", **error.values)
            except Declined as error:
                return problem_answer(problems.DECLINED, error.en, detail_zh=error.zh, code=error.code)
            except Problems as error:
                return problem_answer(problems.PACKS_REFUSED, problems=error.problems)
            except (NotNow, OSError) as error:
                return problem_answer(problems.NOT_NOW, str(error))
            except LookupError as error:
                return problem_answer(problems.NOT_FOUND, str(error))
            except TooLarge:
                return problem_answer(problems.TOO_LARGE)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                return problem_answer(problems.BAD_REQUEST, str(error))
            except Gone:
                return Response()  # nobody is there to read it

        return telling

    # ---- looking

    async def _list(self, _: Request, key: Principal) -> Response:
        owner = _owner(key)
        found: list[Sheet | FigureSheet] = [*self._bench.sheets(owner), *self._figures.sheets(owner)]
        return json_answer({"drafts": [_head(each) for each in found if each.draft is not None]})

    async def _read(self, request: Request, key: Principal) -> Response:
        sheet = self._sheet(request, key)
        return json_answer({**_head(sheet), "text": sheet.text, "in_force": sheet.live})

    async def _check(self, request: Request, key: Principal) -> Response:
        sheet = self._sheet(request, key)
        document: dict[str, Any] = {**_head(sheet)}
        if isinstance(sheet, Sheet):
            check, review = await self._bench.check(sheet), await self._bench.review(sheet)
            document["digest"] = self._bench.digest(sheet)
        else:
            check, review = await self._figures.check(sheet), await self._figures.review(sheet)  # type: ignore[assignment]
            document["digest"] = self._figures.digest(sheet)
        document["problems"] = [_line(each) for each in check.problems]
        document["review"] = review_document(review) if review is not None and not check.problems else None
        return json_answer(document)

    # ---- doing

    async def _save(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, SaveRequest)
        name, owner, who = request.path_params["id"], _owner(key), person_of(key).name
        figures = self._figures.sheet(owner, name)
        if asked.removes == bool(asked.text):
            raise ValueError("give either the text of the whole file, or removes = true and no text")
        if asked.removes:
            if figures is not None or asked.along:
                raise ValueError("only a policy is deleted by a draft, and nothing goes along with it")
            return json_answer(_head(await self._remove(name, owner, who, asked.version)))
        if figures is not None:
            along = None if asked.along is None else tuple(asked.along)
            saved = await self._figures.save_text(figures, owner, who, asked.text, seen=asked.version, along=along)
            return json_answer(_head(saved))
        if asked.along:
            raise Refused("not_along")
        sheet = self._bench.sheet(owner, name)
        if sheet is not None:
            return json_answer(_head(await self._bench.save_text(sheet, owner, who, asked.text, seen=asked.version)))
        if asked.version:
            raise Moved(None)
        return json_answer(_head(await self._bench.create_from(owner, who, name, asked.text)))

    async def _remove(self, name: str, owner: str, who: str, seen: int) -> Sheet:
        sheet = self._bench.sheet(owner, name)
        if sheet is None:
            raise LookupError(f"there is no policy {name[:80]}")
        return await self._bench.remove_policy(sheet, owner, who, seen=seen)

    async def _drop(self, request: Request, key: Principal) -> Response:
        sheet = self._sheet(request, key)
        if sheet.draft is None:
            raise LookupError(f"there is no draft {request.path_params['id'][:80]}")
        asked = await _read(request, DiscardRequest)
        await self._bench.drafts.drop(sheet.draft.owner, sheet.draft.policy, seen=asked.version)
        return json_answer({"id": sheet.draft.policy, "version": 0})

    async def _propose(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, ProposeRequest)
        sheet, desk = self._sheet(request, key), self._bench.desk
        if isinstance(sheet, FigureSheet):
            self._figures.refuse_proposal(sheet, asked.version)
            proposal = await desk.propose(person_of(key), files=self._figures.packs_of(sheet), why=asked.why)
            put_away = [sheet.name, *(each.policy for each in sheet.along)]
        else:
            self._bench.refuse_proposal(sheet, asked.version)
            files = self._bench.files(sheet)
            removed = self._bench.removed(sheet)
            proposal = await desk.propose(person_of(key), [sheet.policy], files=files, why=asked.why, removed=removed)
            put_away = [sheet.policy]
        for name in put_away:
            await self._bench.discard(_owner(key), name)
        return json_answer(proposal_document(proposal), 201)

    async def _take_up(self, request: Request, key: Principal) -> Response:
        person, owner = person_of(key), _owner(key)
        proposal = self._bench.desk.proposal(request.path_params["id"])
        taken = await TakingUp(self._bench).take_up(proposal, person, owner, person.name)
        drafts = [
            {"id": draft.policy, "path": draft.path, "version": draft.version, "both": list(both)}
            for draft, both in taken.drafts
        ]
        return json_answer({"drafts": drafts, "left": list(taken.left)}, 201)

    def _sheet(self, request: Request, key: Principal) -> Sheet | FigureSheet:
        """What an address names. Raises LookupError."""
        owner, name = _owner(key), request.path_params["id"]
        found = self._bench.sheet(owner, name) or self._figures.sheet(owner, name)
        if found is None:
            raise LookupError(f"there is no policy and no file of parameters {name[:80]}")
        return found


def _owner(key: Principal) -> str:
    return named_owner(person_of(key).name)


def _head(sheet: Sheet | FigureSheet) -> dict[str, Any]:
    is_policy = isinstance(sheet, Sheet)
    document: dict[str, Any] = {
        "id": sheet.policy if isinstance(sheet, Sheet) else sheet.name,
        "kind": "policy" if is_policy else "parameters",
        "path": sheet.path,
        "version": sheet.version,
        "saved": format_instant(sheet.draft.at_us) if sheet.draft is not None else None,
        "behind": sheet.is_behind,
        "changes": sheet.changes() if isinstance(sheet, Sheet) else sheet.changed(),
    }
    if isinstance(sheet, Sheet):
        document["removes"] = sheet.removes
    else:
        document["along"] = [each.policy for each in sheet.along]
    return document


def _line(each: Problem) -> dict[str, str]:
    line = {"path": ".".join(part for part in (each.where, each.item) if part), "problem": each.problem}
    return line | ({"remedy": each.remedy} if each.remedy else {})


def _declined(code: str, message: str, **values: Any) -> Response:
    zh, en = say("zh", message, **values), say("en", message, **values)
    return problem_answer(problems.DECLINED, en, detail_zh=zh, code=code)


async def _read(request: Request, kind: type[_Asked]) -> _Asked:
    return await read_json(request, kind, BODY_BYTES_MAX)
