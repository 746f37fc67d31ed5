"""The console's pages for somebody who is not in yet: password, second factor, the company's sign-in, invitations.

Each step is an ordinary form that ends in a redirect. What is half done lies behind a handle in a cookie, never in the
address; whoever is turned away gets the same page whatever the reason is.
"""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from jindi.access import OidcRefused, totp_link, totp_text
from jindi.doors.console.gate import (
    ASKED,
    BEGUN,
    DEVICE,
    ENTRY,
    ENTRY_S,
    STATUS,
    Gate,
    Plain,
    browser_name,
    cookie,
    drop_cookie,
    offers_passkeys,
    put_cookie,
    refused_sentences,
    trouble_text,
)
from jindi.doors.console.guard import read_form, refuse_other_sites
from jindi.doors.console.qr import qr_svg
from jindi.doors.console.view import View
from jindi.doors.oidc import BACK, Company
from jindi.run.audit import NotRecorded
from jindi.run.people import Entered, Entrance, House, Own, Refused

NOTICES = ("ended", "signed_out")


class SigningIn:
    """The way in, for people with accounts."""

    def __init__(self, house: House, entrance: Entrance, own: Own, company: Company | None, gate: Gate) -> None:
        self._house, self._entrance, self._own, self._company, self._gate = house, entrance, own, company, gate

    def routes(self) -> list[Route]:
        """The table of routes. Nobody is there yet, so nobody is asked for a right."""

        def post(path: str, act: Plain) -> Route:
            return Route(path, self._guarded(act), methods=["POST"])

        return [
            post("/sign-in/password", self.password),
            Route("/sign-in/factor", self.factor),
            post("/sign-in/totp", self.totp),
            post("/sign-in/recovery", self.recovery),
            post("/sign-in/passkey/options", self.passkey_options),
            post("/sign-in/passkey", self.passkey),
            post("/sign-in/new-password", self.new_password),
            *(self._company_routes() if self._company is not None else ()),
            Route("/invitation/{token}", self.invitation),
            post("/invitation", self.accept),
            post("/invitation/check", self.check),
            Route("/set-up", self.set_up),
            post("/set-up/totp", self.set_up_totp),
            post("/set-up/passkey/options", self.set_up_options),
            post("/set-up/passkey", self.set_up_passkey),
        ]

    def _company_routes(self) -> list[Route]:
        return [
            Route("/sign-in/company", self._guarded(self.to_company)),
            Route(BACK, self._guarded(self.from_company)),
        ]

    def _guarded(self, act: Plain) -> Plain:
        """A step that other sites can't send, and that is not done when it can't be journalled."""

        async def handler(request: Request) -> Response:
            if request.method == "POST":
                refuse_other_sites(request)
            try:
                return await act(request)
            except NotRecorded:
                view = self._gate.view(request)
                return self._gate.error(view, HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded")

        return handler

    # ---- the first factor

    def page(self, view: View, sentences: list[str], status: int = HTTPStatus.OK) -> Response:
        """The page with login and password."""
        return self._gate.pages.show(
            "sign_in_account.html", view, status=int(status), sentences=sentences, company=self._company is not None,
            profile=self._house.profile,
        )  # fmt: skip

    async def password(self, request: Request) -> Response:
        """Login and password."""
        form = await read_form(request)
        address = request.client.host if request.client is not None else ""
        try:
            handle = await self._entrance.password(
                self._gate.actor(request), form.get("login", ""), form.get("password", ""), cookie(request, DEVICE),
                address,
            )  # fmt: skip
        except Refused as refused:
            view = self._gate.view(request)
            return self.page(view, refused_sentences(view, refused, self._house), status_of(refused))
        return self._half_done(request, handle)

    def _half_done(self, request: Request, handle: str) -> Response:
        answer = RedirectResponse("/sign-in/factor", HTTPStatus.SEE_OTHER)
        put_cookie(request, answer, ENTRY, handle, ENTRY_S)
        return answer

    # ---- the second factor

    async def factor(self, request: Request) -> Response:
        """The page that asks for it."""
        return self._factor_page(request, [])

    def _factor_page(self, request: Request, sentences: list[str], status: int = HTTPStatus.OK) -> Response:
        found = self._entrance.waiting(cookie(request, ENTRY))
        if found is None:
            return RedirectResponse("/sign-in?why=ended", HTTPStatus.SEE_OTHER)
        entry, account = found
        view = self._gate.view(request)
        if entry.shown:
            return self._gate.pages.show(
                "new_password.html", view, status=int(status), sentences=sentences, **self._rules(view), token=None
            )
        offered = bool(account.passkeys) and offers_passkeys(request, self._house)
        return self._gate.pages.show(
            "factor.html", view, status=int(status), sentences=sentences, has_totp=account.has_totp,
            has_passkey=offered, codes_left=account.codes_left,
            elsewhere=self._house.site.origins[0] if account.passkeys and not offered and self._house.site else None,
        )  # fmt: skip

    async def totp(self, request: Request) -> Response:
        """A code from the app."""
        form = await read_form(request)
        return await self._show(request, self._entrance.totp, form.get("code", ""))

    async def recovery(self, request: Request) -> Response:
        """A recovery code."""
        form = await read_form(request)
        return await self._show(request, self._entrance.code, form.get("code", ""))

    async def passkey(self, request: Request) -> Response:
        """A passkey's answer."""
        form = await read_form(request)
        return await self._show(request, self._entrance.passkey, form.get("answer", ""))

    async def _show(self, request: Request, show: Any, shown: str) -> Response:
        handle, device = cookie(request, ENTRY), cookie(request, DEVICE)
        try:
            entered: Entered | None = await show(
                self._gate.actor(request), handle, shown, device, browser_name(request)
            )
        except Refused as refused:
            return self._turned_away(request, refused)
        return self._half_done(request, handle) if entered is None else self._in(request, entered)

    def _turned_away(self, request: Request, refused: Refused) -> Response:
        view = self._gate.view(request)
        sentences = refused_sentences(view, refused, self._house)
        if self._entrance.waiting(cookie(request, ENTRY)) is None:
            answer = self.page(view, sentences, status_of(refused))
            drop_cookie(request, answer, ENTRY)
            return answer
        return self._factor_page(request, sentences, status_of(refused))

    async def passkey_options(self, request: Request) -> Response:
        """What the browser is to ask its passkeys."""
        await read_form(request)
        try:
            return options_answer(self._entrance.ask_passkey(cookie(request, ENTRY)))
        except Refused:
            return Response(status_code=HTTPStatus.FORBIDDEN)

    async def new_password(self, request: Request) -> Response:
        """A new password in the place of one that is too old."""
        form = await read_form(request)
        view = self._gate.view(request)
        if form.get("password", "") != form.get("again", ""):
            return self._factor_page(request, [view.t("people.password.differ")], HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            entered = await self._entrance.new_password(
                self._gate.actor(request), cookie(request, ENTRY), form.get("password", ""), cookie(request, DEVICE),
                browser_name(request),
            )  # fmt: skip
        except Refused as refused:
            return self._turned_away(request, refused)
        return self._in(request, entered)

    def _in(self, request: Request, entered: Entered) -> Response:
        answer = self._gate.enter(request, entered.opened, entered.device)
        for name in (ENTRY, BEGUN, ASKED):
            if cookie(request, name):
                drop_cookie(request, answer, name)
        return answer

    # ---- the company's own sign-in

    async def to_company(self, request: Request) -> Response:
        """Off to the company's provider. A link of another site leads to the page with the button instead: who is
        signed in at the provider already would come in without having done anything.
        """
        assert self._company is not None, "only routed with one"
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        try:
            url, handle = await self._company.begin()
        except OidcRefused:
            view = self._gate.view(request)
            return self.page(view, [view.t("people.sign_in.company")], HTTPStatus.BAD_GATEWAY)
        answer = RedirectResponse(url, HTTPStatus.SEE_OTHER)
        put_cookie(request, answer, ASKED, handle, ENTRY_S)
        return answer

    async def from_company(self, request: Request) -> Response:
        """Back from it."""
        assert self._company is not None, "only routed with one"
        actor = self._gate.actor(request)
        try:
            said = await self._company.finish(cookie(request, ASKED), dict(request.query_params))
            got = await self._entrance.company(actor, self._company.settings, said, cookie(request, DEVICE))
        except (OidcRefused, Refused) as refused:
            why = "sign_in.company" if isinstance(refused, OidcRefused) else refused.why
            if isinstance(refused, OidcRefused):
                self._house.told(actor, "sign_in.oidc", None)
            view = self._gate.view(request)
            answer = self.page(view, [view.t(f"people.{why}")], HTTPStatus.FORBIDDEN)
        else:
            answer = self._half_done(request, got) if isinstance(got, str) else self._in(request, got)
        drop_cookie(request, answer, ASKED)
        return answer

    # ---- an invitation

    async def invitation(self, request: Request) -> Response:
        """The page that a link opens. Opening it uses nothing up."""
        return self._invitation(request, request.path_params["token"], [])

    def _invitation(self, request: Request, token: str, sentences: list[str], status: int = HTTPStatus.OK) -> Response:
        view, account = self._gate.view(request), self._own.invited(token)
        if account is None:
            return self._gate.error(view, HTTPStatus.GONE, "people.invitation.dead")
        return self._gate.pages.show(
            "invitation.html", view, status=int(status), account=account, token=token, sentences=sentences,
            **self._rules(view),
        )  # fmt: skip

    async def accept(self, request: Request) -> Response:
        """The password for it."""
        form = await read_form(request)
        token = form.get("token", "")
        view = self._gate.view(request)
        if form.get("password", "") != form.get("again", ""):
            return self._invitation(request, token, [view.t("people.password.differ")], HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            handle = await self._own.begin(token, form.get("password", ""))
        except Refused as refused:
            sentences = refused_sentences(view, refused, self._house)
            return self._invitation(request, token, sentences, HTTPStatus.UNPROCESSABLE_ENTITY)
        answer = RedirectResponse("/set-up", HTTPStatus.SEE_OTHER)
        put_cookie(request, answer, BEGUN, handle, ENTRY_S)
        return answer

    async def check(self, request: Request) -> Response:
        """What is wrong with a password so far, for whoever holds an invitation or a half-done sign-in."""
        form = await read_form(request)
        account = self._own.invited(form.get("token", ""))
        waiting = self._entrance.waiting(cookie(request, ENTRY))
        if account is None and waiting is not None and waiting[0].shown:
            account = waiting[1]
        if account is None:
            return Response(status_code=HTTPStatus.FORBIDDEN)
        try:
            return JSONResponse([each.value for each in await self._own.check(account, form.get("password", ""))])
        except Refused as refused:
            return Response(status_code=status_of(refused))

    async def set_up(self, request: Request) -> Response:
        """The page on which a second factor is set up."""
        return self._set_up(request, [])

    def _set_up(self, request: Request, sentences: list[str], status: int = HTTPStatus.OK) -> Response:
        view, found = self._gate.view(request), self._own.begun(cookie(request, BEGUN))
        if found is None or not found[0].token:
            return self._gate.error(view, HTTPStatus.GONE, "people.factor.ended")
        begun, account = found
        return self._gate.pages.show(
            "set_up.html", view, status=int(status), sentences=sentences, base="/set-up", page=None,
            offers_passkeys=offers_passkeys(request, self._house),
            **app_values(view, begun.totp, account.login),
        )  # fmt: skip

    async def set_up_options(self, request: Request) -> Response:
        """What the browser is to ask for a new passkey."""
        await read_form(request)
        try:
            return options_answer(self._own.ask_passkey(cookie(request, BEGUN)))
        except Refused:
            return Response(status_code=HTTPStatus.FORBIDDEN)

    async def set_up_totp(self, request: Request) -> Response:
        """The first code of the app."""
        form = await read_form(request)
        return await self._taken_up(request, self._own.accept_totp, form.get("code", ""), browser_name(request))

    async def set_up_passkey(self, request: Request) -> Response:
        """The new passkey."""
        form = await read_form(request)
        name = form.get("name", "").strip() or browser_name(request)
        return await self._taken_up(request, self._own.accept_passkey, form.get("answer", ""), name)

    async def _taken_up(self, request: Request, accept: Any, shown: str, name: str) -> Response:
        view = self._gate.view(request)
        try:
            entered, codes = await accept(
                self._gate.actor(request), cookie(request, BEGUN), shown, cookie(request, DEVICE), name
            )
        except Refused as refused:
            return self._set_up(request, refused_sentences(view, refused, self._house), status_of(refused))
        # The codes are on this page and nowhere else; the session begins with it.
        answer = self._gate.pages.show("recovery.html", view, codes=codes, next="/console", page=None)
        way = self._in(request, entered)
        answer.raw_headers.extend(each for each in way.raw_headers if each[0] == b"set-cookie")
        return answer

    def _rules(self, view: View) -> dict[str, Any]:
        return rules_values(view, self._house)


def rules_values(view: View, house: House) -> dict[str, Any]:
    """What a form for a new password says of its rules."""
    profile = house.profile
    shown = ["short", "guessable"]
    shown += ["letter_and_digit"] if profile.letter_and_digit else []
    shown += ["kinds"] if profile.kinds > 1 else []
    shown += ["breached"] if house.breached is not None else []
    return {
        "profile": profile,
        "rules": [(name, trouble_text(view, name, house)) for name in shown],
        "remembers": profile.history,
    }


def app_values(view: View, secret: bytes, login: str) -> dict[str, Any]:
    """What the page shows on which an app is set up."""
    link, text = totp_link(secret, login), totp_text(secret)
    grouped = " ".join(text[place : place + 4] for place in range(0, len(text), 4))
    return {"picture": qr_svg(link, view.t("factor.qr")), "link": link, "secret": grouped}


def options_answer(options: str, handle: str = "") -> Response:
    """Options for the browser's own script, as JSON."""
    return Response(f'{{"handle": "{handle}", "options": {options}}}', media_type="application/json")


def status_of(refused: Refused) -> int:
    """Later, not so, or no."""
    return STATUS.get(refused.why, HTTPStatus.UNPROCESSABLE_ENTITY if refused.troubles else HTTPStatus.FORBIDDEN)
