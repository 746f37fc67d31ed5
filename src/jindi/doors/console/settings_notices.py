"""The console's settings of notifications: one's own wishes, and for who administers them the channels of teams."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import ROLES, About, Principal
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.guard import CASE_FIELDS_MAX, CASE_FORM_BYTES_MAX
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View, address
from jindi.doors.guarding import by_method
from jindi.packs import LEVELS
from jindi.ports import NoticeStoreFailure
from jindi.run.approvals.approvals import Approvals, Declined, Forbidden
from jindi.run.audit import NotRecorded
from jindi.run.notices import KINDS, OCCASIONS, Desk, Preferences
from jindi.run.notices.channels import SIGNED, Channel, Unknown, Wanted
from jindi.run.notices.channels import Unfit as UnfitChannel
from jindi.run.notices.desk import CHANGE, Sending
from jindi.run.notices.occasions import CHOSEN, words_of
from jindi.run.notices.preferences import WAYS, ZONE
from jindi.run.notices.preferences import Unfit as UnfitWish

PATH: Final = "/console/settings/notifications"
ROLE: Final = "role."
WAY: Final = "tell."
LOG_LOOKED: Final = 1_000
"""So many of the newest deliveries the log shows."""

ZONES: Final = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Tokyo", "Europe/Berlin", "Europe/London",
    "America/New_York", "America/Los_Angeles", "UTC",
)  # fmt: skip
"""Zones that the form offers; somebody's own is added to them."""

_OF_STAFF: Final = "staff.alert"

DONE: Final = ("saved", "mailed", "sent", "again", "asked")
STEPS: Final = ("disable", "enable", "remove")


def _occasion(view: View, name: str) -> str:
    known = OCCASIONS.get(name)
    return name if known is None else known.zh if view.lang == "zh" else known.en


SHAPE: Final = Shape[Sending](
    "deliveries", PATH, "channels.read",
    (
        Column("at", "col.time", lambda each: each.row.at_us, kind="time", searched=False),
        Column(
            "occasion", "notices.what", lambda each: each.row.occasion, chosen=True, searched=False, said=_occasion
        ),
        Column(
            "channel", "notices.channel.name_col",
            lambda each: each.row.channel if each.channel is None else each.channel.name, chosen=True,
            said=lambda view, channel: view.t("notices.log.person") if channel == "mail" else channel,
        ),
        Column(
            "state", "col.status", lambda each: each.row.state, chosen=True, searched=False,
            said=lambda view, state: view.t(f"notices.sent.{state}"),
        ),
        Column("tries", "notices.log.tries", lambda each: each.row.tries, kind="number", searched=False),
        Column("why", "col.status", lambda each: each.row.why, shown=False, sorts=False),
        Column(
            "matter", "notices.what", lambda each: "" if each.notice.occasion == _OF_STAFF else each.notice.matter,
            shown=False, sorts=False,
        ),
    ),
    key=lambda each: each.row.key, export="deliveries.export",
    # Alerts about staff leave the house in no file, and neither does that somebody was told of one.
    leaves=lambda each: each.row.occasion != _OF_STAFF,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was refused: which, what it said, and why it was not done."""

    which: str = ""
    form: dict[str, str] = field(default_factory=dict)
    told: str = ""
    status: HTTPStatus = HTTPStatus.OK

    def said(self, which: str, name: str, otherwise: str = "") -> str:
        """What was written into a field of a form, so that it stands there again."""
        return self.form.get(name, "") if which == self.which else otherwise


class NoticeSettingsPages:
    """The page and its forms."""

    def __init__(self, desk: Desk, doors: Doors, approvals: Approvals) -> None:
        self._desk, self._doors, self._approvals = desk, doors, approvals
        self._log = Table(SHAPE, doors, self._sent, LOG_LOOKED)

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs

        def post(path: str, action: str, act: Shown, *, is_recorded: bool = True) -> Route:
            handler = needs(action, self._told(act), is_recorded=is_recorded, about=lambda _: About())
            return Route(PATH + path, handler, methods=["POST"])

        both = by_method(
            GET=needs("notices.prefer", self._told(self.page)),
            POST=needs("notices.prefer", self._told(self._wish), about=lambda _: About()),
        )
        return [
            Route(PATH, both, methods=["GET", "POST"]),
            *self._log.routes(),
            post("/mail", "notices.prefer", self._try_mail),
            # What asks for approval is a record itself.
            post("/channels", "channel.change", self._ask, is_recorded=False),
            post("/channels/{id}/test", "channel.test", self._try_channel),
            post("/channels/{id}/change", "channel.change", self._change, is_recorded=False),
            post("/deliveries/{id}/resend", "delivery.resend", self._resend),
        ]

    def _told(self, show: Shown) -> Shown:
        async def telling(request: Request, view: View) -> Response:
            try:
                return await show(request, view)
            except NoticeStoreFailure:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.no_notices_now") from None
            except NotRecorded:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
            except Unknown:
                raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_channel") from None

        return telling

    # ---- the page

    async def page(self, request: Request, view: View) -> Response:
        """One's own wishes; for who may see them the channels and what was sent."""
        return await self._show(request, view, Tried())

    async def _show(self, request: Request, view: View, tried: Tried) -> Response:
        asked = request.query_params
        who = _who(view)
        done = asked.get("done")
        chosen, wishes = _chosen(view), self._desk.wishes(who)
        if tried.which == "wishes":
            wishes = _wishes_of(tried.form, chosen, wishes)
        shown: dict[str, Any] = {
            "wishes": wishes, "tried": tried, "chosen": chosen, "ways": WAYS, "occasions": OCCASIONS,
            "zones": sorted({*ZONES, wishes.zone}), "has_mail": self._desk.courier.mail is not None,
            "rules": self._desk.rules, "done": done if done in DONE else None, "why": _why(asked.get("why", "")),
            "channels": None, "t": None, "asks": False,
        }  # fmt: skip
        if view.may("channels.read"):
            shown |= {
                "channels": self._desk.channels.all(), "t": await self._log.listed(request, view),
                "kinds": KINDS, "signed": SIGNED, "roles": ROLES,
                "levels": LEVELS, "asks": self._approvals.may(who, "approval.propose", CHANGE),
                "waits": self._waits(),
            }  # fmt: skip
        return self._doors.pages.show(
            "settings_notices.html", view, status=int(tried.status), page="settings_notices",
            words=lambda notice: words_of(notice, view.lang), **shown,
        )  # fmt: skip

    async def _sent(self, _: View) -> Sequence[Sending]:
        return await self._desk.log(LOG_LOOKED)

    def _waits(self) -> dict[str, str]:
        """The channels about which a second person is asked, each with the operation's id."""
        found = {}
        for entry, state in self._approvals.entries():
            if entry.asked.what == CHANGE and state in ("open", "approved"):
                kind = self._approvals.kinds.get(CHANGE)
                if kind is not None:
                    found[kind.unpack(entry.asked.payload).id] = entry.id
        return found

    # ---- one's own

    async def _wish(self, request: Request, view: View) -> Response:
        form = await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)
        try:
            wanted = self._desk.fitting(_wishes_of(form, _chosen(view), self._desk.wishes(_who(view))))
        except UnfitWish as error:
            told = view.t(f"notices.wish.{error.why}")
            return await self._show(request, view, Tried("wishes", form, told, HTTPStatus.UNPROCESSABLE_ENTITY))
        self._desk.wish(_who(view), wanted)
        return _to(done="saved")

    async def _try_mail(self, request: Request, view: View) -> Response:
        await self._doors.form(request)
        sent = await self._desk.try_mail(_who(view))
        return _to(done="mailed") if not sent.why else _to(why=_code(sent.why))

    # ---- channels

    async def _ask(self, request: Request, view: View) -> Response:
        form = await self._doors.form(request, bytes_max=CASE_FORM_BYTES_MAX, fields_max=CASE_FIELDS_MAX)
        wanted = Wanted(
            form.get("kind", ""), form.get("name", ""), form.get("address", "").strip(), form.get("secret", "").strip(),
            tuple(name.removeprefix(ROLE) for name in form if name.startswith(ROLE)), form.get("least", ""),
            form.get("lang", ""),
        )  # fmt: skip
        # What is secret comes back on no page, also where it was refused.
        kept = {name: text for name, text in form.items() if name not in ("address", "secret")}
        who = _who(view)
        if not self._approvals.may(who, "approval.propose", CHANGE):
            return await self._doors.refuse(request, view, Forbidden("approval.propose", CHANGE, "not_for_kind"))
        try:
            channel = await self._desk.ask(wanted)
        except UnfitChannel as error:
            told = view.t(f"notices.channel.{error.why}")
            return await self._show(request, view, Tried("channel", kept, told, HTTPStatus.UNPROCESSABLE_ENTITY))
        return await self._propose(request, view, channel, "add", form.get("why", ""), Tried("channel", kept))

    async def _change(self, request: Request, view: View) -> Response:
        form = await self._doors.form(request)
        channel, step = self._desk.channels.get(request.path_params["id"]), form.get("step", "")
        if step not in STEPS:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "error.not_a_form")
        return await self._propose(request, view, channel, step, form.get("why", ""), Tried(channel.id, form))

    async def _propose(
        self, request: Request, view: View, channel: Channel, step: str, why: str, tried: Tried
    ) -> Response:  # fmt: skip
        try:
            entry = await self._approvals.propose(_who(view), CHANGE, {"step": step, "id": channel.id}, why)
        except (Declined, Forbidden, NotRecorded) as error:
            if step == "add":
                self._desk.channels.remove(channel.id)
            if isinstance(error, Forbidden):
                return await self._doors.refuse(request, view, error)
            if isinstance(error, NotRecorded):
                raise
            told = error.zh if view.lang == "zh" else error.en
            return await self._show(request, view, Tried(tried.which, tried.form, told, HTTPStatus.CONFLICT))
        return RedirectResponse(f"/console/approvals/{entry.id}?done=asked", HTTPStatus.SEE_OTHER)

    async def _try_channel(self, request: Request, _: View) -> Response:
        await self._doors.form(request)
        sent = await self._desk.try_channel(request.path_params["id"])
        return _to(done="sent") if not sent.why else _to(why=_code(sent.why))

    async def _resend(self, request: Request, _: View) -> Response:
        await self._doors.form(request)
        if not await self._desk.resend(request.path_params["id"]):
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.not_found")
        return _to(done="again")


REASONS: Final = {
    "no mail server": "no_server", "he has no address": "no_address", "the connection failed": "connection",
    "no connection": "connection", "no mail was sent": "connection", "no answer within": "connection",
    "the receiver's certificate": "certificate", "the mail server's certificate": "certificate",
    "the address lies inside": "inside", "the name has no address": "unknown_name",
    "the mail server refused": "refused", "the mail server answered": "refused", "the service answered": "refused",
    "answered": "refused", "mail may not go": "domain", "a test was sent": "soon",
}  # fmt: skip
"""Why something did not arrive, by the beginning of the sentence."""


def _code(why: str) -> str:
    return next((code for start, code in REASONS.items() if why.startswith(start)), "failed")


def _why(text: str) -> str | None:
    return text if text in (*REASONS.values(), "failed") else None


def _chosen(view: View) -> list[str]:
    """The occasions that may concern the reader: those of people by name, and those whose audience he is of."""
    audiences = {name: OCCASIONS[name].audience for name in CHOSEN}
    return [name for name, actions in audiences.items() if not actions or any(view.may(each) for each in actions)]


def _wishes_of(form: dict[str, str], chosen: list[str], before: Preferences) -> Preferences:
    """Wishes as the form has them: what it shows and is not ticked is not told; what it does not show stays."""
    ticked = {name.removeprefix(WAY) for name in form if name.startswith(WAY)}
    shown = {f"{way}:{name}" for way in WAYS for name in chosen}
    muted = tuple(sorted((set(before.muted) - shown) | (shown - ticked)))
    return Preferences(
        form.get("mail", "").strip()[:254], form.get("lang", ""), form.get("zone", ZONE), form.get("quiet_from", ""),
        form.get("quiet_until", ""), "breaks" in form, muted,
    )  # fmt: skip


def _to(**query: object) -> Response:
    return RedirectResponse(address(PATH, **query), HTTPStatus.SEE_OTHER)


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
