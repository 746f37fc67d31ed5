"""The console's pages of staff administration: who there is, inviting, disabling, resetting, and giving roles."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import ACTIONS, IDLE_DAYS, ROLES, Role, StaffAccount, parse_roles
from jindi.access.roles import TITLES
from jindi.doors.console.doors import Doors
from jindi.doors.console.gate import Gate
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.run.approvals.approvals import Approvals, Declined, Forbidden
from jindi.run.audit import Actor, NotRecorded
from jindi.run.people import House, Office

PATH = "/console/staff"
DONE = ("disabled", "enabled", "unlocked", "roles")
ROLE = "role."
"""Each role is a field of its own in a form."""

SHAPE: Final = Shape[StaffAccount](
    "staff", PATH, "staff.read",
    (
        Column("name", "staff.person", lambda each: each.name),
        Column("login", "staff.login", lambda each: each.login),
        Column(
            "state", "staff.state", lambda each: str(each.state), chosen=True, searched=False,
            said=lambda view, state: view.t(f"staff.state.{state}"),
        ),
        Column(
            "role", "account.roles", lambda each: tuple(sorted(each.roles)), chosen=True, searched=False,
            said=lambda view, role: TITLES[Role(role)][0 if view.lang == "zh" else 1] if role in ROLES else role,
        ),
        Column("factors", "account.factors", lambda each: _factors(each), sorts=False, searched=False),  # noqa: PLW0108
        Column("used", "staff.used", lambda each: each.used_us, kind="time", searched=False),
        Column("id", "staff.login", lambda each: each.id, shown=False),
    ),
    key=lambda each: each.id, export="staff.export",
)  # fmt: skip


def _factors(each: StaffAccount) -> tuple[str, ...]:
    return ("totp",) * each.has_totp + ("passkey",) * len(each.passkeys)


_Act = Callable[[Actor, dict[str, str], Request, View], Awaitable[Response]]


class StaffPages:
    """Accounts of staff, for whoever administers them."""

    def __init__(
        self, house: House, office: Office, gate: Gate, doors: Doors, approvals: Approvals | None = None
    ) -> None:
        self._house, self._office, self._gate, self._approvals = house, office, gate, approvals
        self._table = Table(SHAPE, doors, self._everybody)

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, act: _Act, action: str) -> Route:
            # What it does is a record itself.
            return Route(PATH + path, self._gate.needs(action, self._doing(act), is_recorded=False), methods=["POST"])

        return [
            Route(PATH, self._gate.needs("staff.read", self.page)),
            *self._table.routes(),
            post("/invite", self._invite, "staff.invite"),
            Route(f"{PATH}/{{id}}", self._gate.needs("staff.read", self.person)),
            post("/{id}/invite", self._invite_again, "staff.invite"),
            post("/{id}/disable", self._disable, "staff.disable"),
            post("/{id}/enable", self._enable, "staff.enable"),
            post("/{id}/unlock", self._unlock, "staff.unlock"),
            post("/{id}/reset", self._reset, "staff.reset"),
            post("/{id}/roles", self._roles, "staff.roles"),
        ]

    def _doing(self, act: _Act) -> Callable[[Request, View], Awaitable[Response]]:
        async def show(request: Request, view: View) -> Response:
            form = await self._gate.form(request)
            session, _ = self._gate.who(request)
            if session is None or not session.account:
                return self._gate.error(view, HTTPStatus.FORBIDDEN, "people.no_account_here")
            actor = self._gate.actor(request)._replace(
                key=session.account, name=session.who, roles=tuple(sorted(session.roles)), device=session.device
            )
            try:
                return await act(actor, form, request, view)
            except Declined as error:
                told = error.zh if view.lang == "zh" else error.en
                return await self._page(request, view, [told], HTTPStatus.CONFLICT)
            except Forbidden as error:
                action = view.action(ACTIONS[error.action])
                return self._gate.error(view, HTTPStatus.FORBIDDEN, f"error.forbidden.{error.why}", action=action)
            except ValueError as error:
                return await self._page(request, view, [self._said(view, error)], HTTPStatus.UNPROCESSABLE_ENTITY)
            except NotRecorded:
                return self._gate.error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")

        return show

    def _said(self, view: View, error: ValueError) -> str:
        """What can't be, in the reader's language. The domain tells it in English, by its beginning."""
        text = str(error)
        for beginning, message in REFUSALS.items():
            if text.startswith(beginning):
                return view.t(message)
        return text

    # ---- pages

    async def page(self, request: Request, view: View) -> Response:
        """Every account."""
        return await self._page(request, view, [])

    async def _everybody(self, _: View) -> Sequence[StaffAccount]:
        return self._office.all()

    async def _page(
        self, request: Request, view: View, sentences: list[str], status: int = HTTPStatus.OK,
        told: tuple[str, StaffAccount] | None = None,
    ) -> Response:  # fmt: skip
        identifier = request.path_params.get("id")
        person = self._house.staff.get(identifier) if identifier is not None else None
        if identifier is not None and person is None:
            return self._gate.error(view, HTTPStatus.NOT_FOUND, "people.no_person")
        done = request.query_params.get("done")
        session, _ = self._gate.who(request)
        values = {
            "page": "staff", "sentences": sentences, "done": done if done in DONE else None, "roles": ROLES,
            "title_of": lambda role: TITLES[role][0 if view.lang == "zh" else 1], "told": told,
            "is_fresh": session is not None and session.is_fresh(view.now_us), "again": "/console/account/again",
            "link": None if told is None else self._link(request, told[0]), "profile": self._house.profile,
            "idle_days": IDLE_DAYS[-1], "asks": self._asks,
        }  # fmt: skip
        if person is not None:
            return self._gate.pages.show(
                "person.html", view, status=int(status), person=person,
                is_own=session is not None and session.account == person.id,
                sessions=self._house.sessions.of_account(person.id, view.now_us), **values,
            )  # fmt: skip
        listed = await self._table.listed(request, view)
        return self._gate.pages.show("staff.html", view, status=int(status), t=listed, **values)

    def _link(self, request: Request, token: str) -> str:
        """The address of a one-time link, as whoever asks for it reaches us."""
        here = f"{request.url.scheme}://{request.headers.get('host', '')}"
        site = self._house.site
        return f"{here if site is None else site.origins[0]}/invitation/{token}"

    async def person(self, request: Request, view: View) -> Response:
        """One account."""
        return await self._page(request, view, [])

    # ---- forms

    @property
    def _asks(self) -> bool:
        """Whether it takes a second person to give somebody rights."""
        return self._approvals is not None and self._approvals.is_on

    async def _ask(self, request: Request, kind: str, document: dict[str, object], form: dict[str, str]) -> Response:
        """Ask a second person."""
        session, _ = self._gate.who(request)
        assert session is not None, "asked before"
        assert self._approvals is not None, "asked before"
        entry = await self._approvals.propose(session.principal, kind, document, form.get("why", ""))
        return RedirectResponse(f"/console/approvals/{entry.id}?done=asked", HTTPStatus.SEE_OTHER)

    async def _invite(self, actor: Actor, form: dict[str, str], request: Request, view: View) -> Response:
        if self._asks:
            wanted: dict[str, object] = {"login": form.get("login", ""), "name": form.get("name", "")}
            return await self._ask(request, "staff.invite", wanted | {"roles": sorted(_roles(form))}, form)
        told = await self._office.invite(actor, form.get("login", ""), form.get("name", ""), _roles(form))
        return await self._page(request, view, [], HTTPStatus.OK, told)

    async def _invite_again(self, actor: Actor, _: dict[str, str], request: Request, view: View) -> Response:
        told = await self._office.invite_again(actor, request.path_params["id"])
        return await self._page(request, view, [], HTTPStatus.OK, told)

    async def _reset(self, actor: Actor, form: dict[str, str], request: Request, view: View) -> Response:
        if self._asks:
            return await self._ask(request, "staff.reset", {"account": request.path_params["id"]}, form)
        told = await self._office.reset(actor, request.path_params["id"])
        return await self._page(request, view, [], HTTPStatus.OK, told)

    async def _disable(self, actor: Actor, _: dict[str, str], request: Request, __: View) -> Response:
        return _done((await self._office.disable(actor, request.path_params["id"])).id, "disabled")

    async def _enable(self, actor: Actor, _: dict[str, str], request: Request, __: View) -> Response:
        return _done((await self._office.enable(actor, request.path_params["id"])).id, "enabled")

    async def _unlock(self, actor: Actor, _: dict[str, str], request: Request, __: View) -> Response:
        await self._office.unlock(actor, request.path_params["id"])
        return _done(request.path_params["id"], "unlocked")

    async def _roles(self, actor: Actor, form: dict[str, str], request: Request, __: View) -> Response:
        if self._asks:
            wanted: dict[str, object] = {"account": request.path_params["id"], "roles": sorted(_roles(form))}
            return await self._ask(request, "staff.roles", wanted, form)
        return _done((await self._office.grant(actor, request.path_params["id"], _roles(form))).id, "roles")


REFUSALS = {
    "not a login": "people.refused.login",
    "not a name": "people.refused.name",
    "there is an account with this login": "people.refused.taken",
    "there is an account with this name": "people.refused.same_name",
    "no role given": "people.refused.no_role",
    "one person can't be both": "people.refused.clash",
    "this is the last active": "people.refused.last",
    "nobody changes his own": "people.refused.own",
    "this account is disabled": "people.refused.disabled",
    "this account is not disabled": "people.refused.not_disabled",
    "this account is not waiting": "people.refused.not_waiting",
    "there is no such account": "people.no_person",
}
"""What the domain refuses, by the beginning of its sentence."""


def _roles(form: dict[str, str]) -> frozenset[Role]:
    return parse_roles([name.removeprefix(ROLE) for name in form if name.startswith(ROLE)])


def _done(account: str, what: str) -> Response:
    return RedirectResponse(f"{PATH}/{account}?done={what}", HTTPStatus.SEE_OTHER)
