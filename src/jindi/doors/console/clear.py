"""The console's pages of clear text: one to ask for it, one that shows it for a while, one to find whom a number is.

Forms are ordinary ones and work without a script; each can be sent once. The page with clear text leaves by itself
(the answer says so in a header, whatever the browser runs), is kept by no cache, and its script takes the values away
when the time is over or the page is left.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import PURPOSES, About, Session
from jindi.basics.identifiers import NORMAL_FORMS, holds_personal_number
from jindi.basics.instants import MINUTE_US
from jindi.doors.console.cases import CasePages
from jindi.doors.console.doors import Form, Needs, Shown
from jindi.doors.console.source import DecisionPage, Source
from jindi.doors.console.view import Pages, View
from jindi.doors.console.words import WORDS
from jindi.doors.guarding import by_method
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.platform import Platform
from jindi.run.records import decision_seq
from jindi.run.reveals import Declined, Reveals, Wish

FIELD = "field."
ONCE_US = 10 * MINUTE_US
ONCE_MAX = 2_000

Seen = Callable[[View], Source]
ActorOf = Callable[[Request, Session], Actor]

_STATUS = {
    "not_kept": HTTPStatus.NOT_FOUND, "limit": HTTPStatus.TOO_MANY_REQUESTS, "no_vault": HTTPStatus.SERVICE_UNAVAILABLE,
    "not_permitted": HTTPStatus.FORBIDDEN, "fresh_factor": HTTPStatus.FORBIDDEN, "own_policy": HTTPStatus.FORBIDDEN,
    "failed": HTTPStatus.FORBIDDEN, "no_case": HTTPStatus.FORBIDDEN, "never_shown": HTTPStatus.FORBIDDEN,
    "other_kind": HTTPStatus.FORBIDDEN,
}  # fmt: skip


class Once:
    """Marks that go into a form and are good for one sending of it, by that session, for that thing."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, str, int]] = {}

    def give(self, session: str, what: str, now_us: int) -> str:
        """A mark for a form; the oldest go when there are too many."""
        while len(self._given) >= ONCE_MAX:
            del self._given[next(iter(self._given))]
        mark = secrets.token_urlsafe(18)
        self._given[mark] = (session, what, now_us + ONCE_US)
        return mark

    def take(self, mark: str, session: str, what: str, now_us: int) -> bool:
        """Whether the form may be sent; never twice."""
        given = self._given.pop(mark, None)
        return given is not None and given[:2] == (session, what) and now_us < given[2]


class ClearPages:
    """The pages over the reveals of one platform."""

    def __init__(
        self, reveals: Reveals, platform: Platform, audit: Audit, seen: Seen, pages: Pages, needs: Needs,
        form: Form, actor: ActorOf, cases: CasePages | None = None,
    ) -> None:  # fmt: skip
        self._reveals, self._platform, self._audit, self._seen = reveals, platform, audit, seen
        self._pages, self._needs, self._form, self._actor = pages, needs, form, actor
        self._once, self._cases = Once(), cases

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            self._route("/console/decisions/{id}/reveal", "vault.reveal", self.ask, self.reveal),
            self._route("/console/find", "vault.search", self.seek, self.find),
        ]

    def _route(self, path: str, action: str, get: Shown, post: Shown) -> Route:
        # What is shown and what is not is recorded by `Reveals`; an empty form shows nothing.
        def guarded(show: Shown) -> Any:
            return self._needs(action, show, is_recorded=False, about=lambda _: About())

        return Route(path, by_method(GET=guarded(get), POST=guarded(post)), methods=["GET", "POST"])

    # ---- one decision's fields

    async def ask(self, request: Request, view: View) -> Response:
        """The form. That the decision was looked at is recorded: it shows masks."""
        if request.query_params:
            return self._clear_in_address(view)
        case = await self._case_of(request.path_params["id"], view)
        return await self._asking(request, view, given=NOTHING_GIVEN | {"case": case})

    async def _case_of(self, identifier: str, view: View) -> str:
        """The case that a decision belongs to, which clear text is most likely wanted for; "" when there is none."""
        if self._cases is None:
            return ""
        with suppress(ValueError):
            found = await self._cases.of_decision(decision_seq(identifier), view)
            return found.case.id if found is not None else ""
        return ""

    async def _asking(self, request: Request, view: View, **more: Any) -> Response:
        assert view.session is not None, "asked before"
        if not view.may("decision.read"):
            raise HTTPException(HTTPStatus.FORBIDDEN, "error.forbidden.not_permitted")
        found = self._page(request, view)
        try:
            await self._audit.act(self._actor(request, view.session), "decision.read", found.row.decision_id)
        except NotRecorded:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
        who = view.session.principal
        inner = self._reveals.find(who, found.row.decision_id)
        masks = await self._reveals.masks(who, inner)
        lines = [each for each, _ in self._reveals.seen(who, inner)]
        docs = {field.name: field.doc for field in found.fields}
        told = {"why": None, "chosen": set(), "given": NOTHING_GIVEN} | more
        status = int(_STATUS.get(told["why"], HTTPStatus.BAD_REQUEST)) if told["why"] else 200
        return self._pages.show(
            "reveal.html", view, status=status, page="decisions", row=found.row, lines=lines, masks=masks, docs=docs,
            purposes=PURPOSES.values(), once=self._mark(view, found.row.decision_id),
            seconds=self._platform.settings.reveal_seconds, **told,
        )  # fmt: skip

    async def reveal(self, request: Request, view: View) -> Response:
        """What was asked for, in clear, for a while."""
        form = await self._form(request)
        assert view.session is not None, "asked before"
        found = self._page(request, view)
        self._used_once(view, form, found.row.decision_id)
        fields = tuple(name.removeprefix(FIELD) for name in form if name.startswith(FIELD))
        purpose, case = form.get("purpose", ""), form.get("case", "").strip()
        wish = Wish(purpose, case, decision=found.row.decision_id, fields=fields)
        try:
            shown = await self._reveals.reveal(view.session.principal, self._actor(request, view.session), wish)
        except Declined as error:
            given = {"purpose": purpose if purpose in PURPOSES else "", "case": case[:40]}
            return await self._asking(request, view, why=error.why, chosen=set(fields), given=given)
        except NotRecorded:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
        seconds = self._platform.settings.reveal_seconds
        back = f"/console/decisions/{found.row.decision_id}"
        docs = {field.name: field.doc for field in found.fields}
        answer = self._pages.show(
            "revealed.html", view, page="decisions", row=found.row, shown=shown, docs=docs, purpose=PURPOSES[purpose],
            case=case, seconds=seconds, back=back,
        )  # fmt: skip
        answer.headers["refresh"] = f"{seconds}; url={back}"
        answer.headers["cache-control"] = "no-store"
        return answer

    def _page(self, request: Request, view: View) -> DecisionPage:
        found = self._seen(view).decision(request.path_params["id"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        return found

    # ---- whose number is it

    async def seek(self, request: Request, view: View) -> Response:
        """The empty form."""
        if request.query_params:
            return self._clear_in_address(view)
        return self._seeking(view)

    def _seeking(self, view: View, **more: Any) -> Response:
        told = {"why": None, "met": None, "entities": (), "given": NOTHING_GIVEN} | more
        status = int(_STATUS.get(told["why"], HTTPStatus.BAD_REQUEST)) if told["why"] else 200
        return self._pages.show(
            "find.html", view, status=status, page="find", purposes=PURPOSES.values(), kinds=KINDS,
            once=self._mark(view, "find"), **told,
        )  # fmt: skip

    async def find(self, request: Request, view: View) -> Response:
        """Who has it. What was typed is in no address and comes back on no page."""
        form = await self._form(request)
        assert view.session is not None, "asked before"
        self._used_once(view, form, "find")
        kind, purpose, case = form.get("kind", ""), form.get("purpose", ""), form.get("case", "").strip()
        given = {"kind": kind if kind in KINDS else "", "purpose": purpose if purpose in PURPOSES else "",
                 "case": case[:40]}  # fmt: skip
        actor = self._actor(request, view.session)
        try:
            met = await self._reveals.search(
                view.session.principal, actor, kind, form.get("value", ""), purpose, case
            )  # fmt: skip
        except Declined as error:
            return self._seeking(view, why=error.why, given=given)
        except NotRecorded:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
        return self._seeking(view, met=met, entities=self._platform.entities_of(kind), given=given)

    # ---- forms

    def _clear_in_address(self, view: View) -> Response:
        return clear_in_address(self._pages, view)

    def _mark(self, view: View, what: str) -> str:
        assert view.session is not None, "asked before"
        return self._once.give(view.session.id, what, view.now_us)

    def _used_once(self, view: View, form: dict[str, str], what: str) -> None:
        assert view.session is not None, "asked before"
        if not self._once.take(form.get("once", ""), view.session.id, what, view.now_us):
            raise HTTPException(HTTPStatus.CONFLICT, "error.form_used")


_UNTYPED = frozenset({"before", "after"})
"""Places in the journal: numbers that the pages count, which nobody types."""


def has_clear_in_address(request: Request) -> bool:
    """Whether an address has what is written as a person's number in it, wherever that stands. Of an entity's the page
    itself knows better: it knows what its kind is named by.
    """
    asked = [value for name, value in request.query_params.multi_items() if name not in _UNTYPED]
    asked += [str(value) for name, value in request.path_params.items() if name not in ("key", "value")]
    return any(holds_personal_number(text) for text in asked)


def clear_in_address(pages: Pages, view: View) -> Response:
    """What is asked for by address is refused. A page that came back would have the address in it, for the form that
    changes the language.
    """
    return pages.show(
        "error.html", replace(view, back="/console/find"), status=400, page=None, code=400,
        title=view.t("error.title.400"), sentence=view.t("error.clear_in_address"),
    )  # fmt: skip


NOTHING_GIVEN = {"purpose": "", "case": "", "kind": ""}
KINDS = tuple(kind for kind in NORMAL_FORMS if f"kind.{kind}" in WORDS)
