"""The console's pages of one's own account: password, second factors, recovery codes, sessions, devices.

No form here names an account: it is always the session's. What touches a factor asks for one that was shown just now.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from jindi.access import NewSession, Session, csrf_token
from jindi.doors.console.gate import (
    BEGUN,
    ENTRY_S,
    Gate,
    browser_name,
    cookie,
    drop_cookie,
    offers_passkeys,
    put_cookie,
    refused_sentences,
)
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.signing_in import app_values, options_answer, rules_values, status_of
from jindi.doors.console.view import View, own_path
from jindi.run.audit import Actor, NotRecorded
from jindi.run.people import STALE, Entrance, House, Own, Refused

PATH = "/console/account"
NOTHING: Mapping[str, str] = MappingProxyType({})
AGAIN = f"{PATH}/again"
KEPT = "kept."
"""Before the names of the fields of a form that waits for the factor; `kept` alone is its address."""

AGAIN_BYTES_MAX, AGAIN_FIELDS_MAX = 2 * CASE_FORM_BYTES_MAX, 2 * CASE_FIELDS_MAX
DONE = ("password", "factor", "removed", "session", "device", "shown")

_Act = Callable[[Actor, Session, str, dict[str, str], Request], Awaitable[Response]]


class AccountPages:
    """One's own account."""

    def __init__(self, house: House, entrance: Entrance, own: Own, gate: Gate) -> None:
        self._house, self._entrance, self._own, self._gate = house, entrance, own, gate

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, act: _Act, action: str) -> Route:
            # What it does is a record itself.
            handler = self._gate.needs(action, self._doing(act), is_recorded=False)
            return Route(PATH + path, handler, methods=["POST"])

        return [
            Route(PATH, self._gate.needs("account.read", self.page)),
            post("/password", self._password, "password.change"),
            post("/check", self._check, "password.change"),
            post("/factor", self._begin, "factor.add"),
            Route(f"{PATH}/factor", self._gate.needs("factor.add", self.factor, is_recorded=False)),
            post("/factor/totp", self._totp, "factor.add"),
            post("/factor/passkey/options", self._options, "factor.add"),
            post("/factor/passkey", self._passkey, "factor.add"),
            post("/totp/remove", self._remove_totp, "factor.remove"),
            post("/passkeys/remove", self._remove_passkey, "factor.remove"),
            post("/codes", self._codes, "recovery.renew"),
            post("/sessions/end", self._end_session, "session.revoke"),
            post("/devices/forget", self._forget_device, "device.forget"),
            Route(AGAIN, self._gate.needs("factor.show", self.again, is_recorded=False)),
            post("/again", self._again, "factor.show"),
            post("/again/passkey/options", self._again_options, "factor.show"),
            post("/again/passkey", self._again_passkey, "factor.show"),
        ]

    def _doing(self, act: _Act) -> Callable[[Request, View], Awaitable[Response]]:
        """A form: its token is checked, its refusal is told on the account's page."""

        async def show(request: Request, view: View) -> Response:
            form = await self._gate.form(request, bytes_max=AGAIN_BYTES_MAX, fields_max=AGAIN_FIELDS_MAX)
            session, clear_id = self._gate.who(request)
            if session is None or clear_id is None or not session.account:
                return self._gate.error(view, HTTPStatus.FORBIDDEN, "people.no_account_here")
            try:
                return await act(self._actor(request, session), session, clear_id, form, request)
            except Refused as refused:
                if refused.why == STALE:
                    return RedirectResponse(f"{AGAIN}?{urlencode({'back': PATH})}", HTTPStatus.SEE_OTHER)
                sentences = refused_sentences(view, refused, self._house)
                return self._page(request, view, sentences, status_of(refused))
            except NotRecorded:
                return self._gate.error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")

        return show

    def _actor(self, request: Request, session: Session) -> Actor:
        actor, roles = self._gate.actor(request), tuple(sorted(session.roles))
        return actor._replace(key=session.account, name=session.who, roles=roles, device=session.device)

    # ---- pages

    async def page(self, request: Request, view: View) -> Response:
        """The account as it stands."""
        return self._page(request, view, [])

    def _page(self, request: Request, view: View, sentences: list[str], status: int = HTTPStatus.OK) -> Response:
        session, _ = self._gate.who(request)
        account = self._house.staff.get(session.account) if session is not None else None
        if session is None or account is None:
            return self._gate.error(view, HTTPStatus.FORBIDDEN, "people.no_account_here")
        done = request.query_params.get("done")
        devices = {each.id: each for each in account.devices}
        return self._gate.pages.show(
            "account.html", view, status=int(status), page="account", account=account, session=session,
            sentences=sentences, done=done if done in DONE else None, sessions=self._own.sessions(session),
            devices=devices, has_password=self._house.staff.hash_of(account.id) is not None,
            offers_passkeys=offers_passkeys(request, self._house), is_fresh=session.is_fresh(view.now_us), again=AGAIN,
            **rules_values(view, self._house),
        )  # fmt: skip

    async def factor(self, request: Request, view: View) -> Response:
        """The page on which another factor is set up."""
        return self._factor(request, view, [])

    def _factor(self, request: Request, view: View, sentences: list[str], status: int = HTTPStatus.OK) -> Response:
        session, _ = self._gate.who(request)
        found = self._own.begun(cookie(request, BEGUN))
        if session is None or found is None or found[0].session != session.id:
            return RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        return self._gate.pages.show(
            "set_up.html", view, status=int(status), sentences=sentences, base=f"{PATH}/factor", page="account",
            offers_passkeys=offers_passkeys(request, self._house),
            **app_values(view, found[0].totp, found[1].login),
        )  # fmt: skip

    async def again(self, request: Request, view: View) -> Response:
        """The page that asks for a factor once more."""
        return self._again_page(request, view, request.query_params.get("back", ""), [])

    def ask_again(self, request: Request, view: View, back: str, form: Mapping[str, str] | None) -> Response:
        """The same in the place of what takes it. A form that was sent waits on the page, and nowhere else."""
        kept = {} if form is None else {"kept": request.url.path} | {KEPT + name: form[name] for name in form}
        return self._again_page(request, view, back, [], HTTPStatus.FORBIDDEN, kept)

    def _again_page(
        self, request: Request, view: View, back: str, sentences: list[str], status: int = HTTPStatus.OK,
        kept: Mapping[str, str] = NOTHING,
    ) -> Response:  # fmt: skip
        session, _ = self._gate.who(request)
        account = self._house.staff.get(session.account) if session is not None else None
        if account is None:
            return self._gate.error(view, HTTPStatus.FORBIDDEN, "people.no_account_here")
        return self._gate.pages.show(
            "again.html", view, status=int(status), page="account", sentences=sentences, back=own_path(back),
            kept=kept,
            has_totp=account.has_totp, has_passkey=bool(account.passkeys) and offers_passkeys(request, self._house),
        )  # fmt: skip

    # ---- forms

    async def _password(
        self, actor: Actor, session: Session, clear_id: str, form: dict[str, str], request: Request
    ) -> Response:
        if form.get("password", "") != form.get("again", ""):
            raise Refused("password.differ")
        opened = await self._own.change_password(
            actor, session, clear_id, form.get("old", ""), form.get("password", "")
        )
        answer = _done("password")
        self._gate.put_session(request, answer, opened)
        return answer

    async def _check(
        self, _: Actor, session: Session, __: str, form: dict[str, str], ___: Request
    ) -> Response:  # fmt: skip
        account = self._house.staff.get(session.account)
        assert account is not None, "its session is open"
        return JSONResponse([each.value for each in await self._own.check(account, form.get("password", ""))])

    async def _begin(
        self, _: Actor, session: Session, __: str, ___: dict[str, str], request: Request
    ) -> Response:  # fmt: skip
        handle = self._own.begin_factor(session)
        answer = RedirectResponse(f"{PATH}/factor", HTTPStatus.SEE_OTHER)
        put_cookie(request, answer, BEGUN, handle, ENTRY_S)
        return answer

    async def _totp(
        self, actor: Actor, session: Session, _: str, form: dict[str, str], request: Request
    ) -> Response:  # fmt: skip
        handle = cookie(request, BEGUN)
        return await self._add(request, self._own.add_totp(actor, session, handle, form.get("code", "")))

    async def _passkey(
        self, actor: Actor, session: Session, _: str, form: dict[str, str], request: Request
    ) -> Response:  # fmt: skip
        handle, name = cookie(request, BEGUN), form.get("name", "").strip() or browser_name(request)
        return await self._add(
            request, self._own.add_passkey(actor, session, handle, form.get("answer", ""), name)
        )  # fmt: skip

    async def _add(self, request: Request, adding: Awaitable[None]) -> Response:
        try:
            await adding
        except Refused as refused:
            if refused.why != "factor.wrong":
                raise
            view = self._gate.view(request)
            sentences = refused_sentences(view, refused, self._house)
            return self._factor(request, view, sentences, HTTPStatus.UNPROCESSABLE_ENTITY)
        answer = _done("factor")
        drop_cookie(request, answer, BEGUN)
        return answer

    async def _options(
        self, _: Actor, session: Session, __: str, ___: dict[str, str], request: Request
    ) -> Response:  # fmt: skip
        return options_answer(self._own.ask_passkey(cookie(request, BEGUN), session.id))

    async def _remove_totp(
        self, actor: Actor, session: Session, _: str, __: dict[str, str], ___: Request
    ) -> Response:  # fmt: skip
        await self._own.remove_totp(actor, session)
        return _done("removed")

    async def _remove_passkey(
        self, actor: Actor, session: Session, _: str, form: dict[str, str], __: Request
    ) -> Response:  # fmt: skip
        await self._own.remove_passkey(actor, session, form.get("id", ""))
        return _done("removed")

    async def _codes(
        self, actor: Actor, session: Session, _: str, __: dict[str, str], request: Request
    ) -> Response:  # fmt: skip
        codes = await self._own.new_codes(actor, session)
        return self._gate.pages.show("recovery.html", self._gate.view(request), codes=codes, next=PATH, page="account")

    async def _end_session(
        self, actor: Actor, session: Session, _: str, form: dict[str, str], __: Request
    ) -> Response:  # fmt: skip
        if form.get("id") == "others":
            await self._own.end_others(actor, session)
        else:
            await self._own.end_session(actor, session, form.get("id", ""))
        return _done("session")

    async def _forget_device(
        self, actor: Actor, session: Session, _: str, form: dict[str, str], __: Request
    ) -> Response:  # fmt: skip
        await self._own.forget_device(actor, session, form.get("id", ""))
        return _done("device")

    async def _again(
        self, actor: Actor, session: Session, clear_id: str, form: dict[str, str], request: Request
    ) -> Response:  # fmt: skip
        showing = self._entrance.again(actor, session, clear_id, form.get("code", ""))
        return await self._shown(request, form, showing)

    async def _again_passkey(
        self, actor: Actor, session: Session, clear_id: str, form: dict[str, str], request: Request
    ) -> Response:  # fmt: skip
        showing = self._entrance.again_passkey(
            actor, session, clear_id, form.get("handle", ""), form.get("answer", "")
        )  # fmt: skip
        return await self._shown(request, form, showing)

    async def _shown(self, request: Request, form: dict[str, str], showing: Awaitable[NewSession]) -> Response:
        back = form.get("back", "")
        try:
            opened = await showing
        except Refused as refused:
            view = self._gate.view(request)
            sentences = refused_sentences(view, refused, self._house)
            return self._again_page(request, view, back, sentences, status_of(refused), _kept_in(form))
        answer: Response = RedirectResponse(own_path(back), HTTPStatus.SEE_OTHER)
        if "kept" in form:
            answer = self._go_on(self._gate.view(request), form, opened)
        self._gate.put_session(request, answer, opened)
        return answer

    def _go_on(self, view: View, form: Mapping[str, str], opened: NewSession) -> Response:
        """The form that waited, to be sent in the session that there is now."""
        fields = {name.removeprefix(KEPT): value for name, value in form.items() if name.startswith(KEPT)}
        return self._gate.pages.show(
            "once_more.html", replace(view, session=opened.session, csrf=csrf_token(opened.clear_id)), page=None,
            fields=fields, written={name: fields[name] for name in ("text", "why") if fields.get(name)},
            target=own_path(form["kept"]), about="once_more.shown",
        )  # fmt: skip

    async def _again_options(
        self, _: Actor, session: Session, __: str, ___: dict[str, str], ____: Request
    ) -> Response:  # fmt: skip
        handle, options = self._entrance.ask_again(session)
        return options_answer(options, handle)


def _kept_in(form: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if name == "kept" or name.startswith(KEPT)}


def _done(what: str) -> Response:
    return RedirectResponse(f"{PATH}?done={what}", HTTPStatus.SEE_OTHER)
