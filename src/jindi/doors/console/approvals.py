"""The console's pages about what takes four eyes: one list, each thing with exactly what is approved, and the keys.

Every form is an ordinary one: it works without a script, carries the session's token, and ends in a redirect. The one
page that shows a secret is the answer to the form that collects it, and is shown once.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from jindi.access import ACTIONS, SCOPES, About, ApiKey, ApiKeys, Principal, Scope
from jindi.basics.instants import DAY_US, format_instant, parse_instant
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.doors.console.words import WORDS
from jindi.doors.waiting import Waiting, about_waiting, everything, of_entry
from jindi.run.approvals.approvals import POLICIES, Approvals, Declined, Forbidden
from jindi.run.approvals.operations import Line
from jindi.run.audit import NotRecorded
from jindi.run.records import STEP_PREFIX
from jindi.run.versions.desk import Desk
from jindi.vault import PROFILES

DONE = ("asked", "approved", "rejected", "withdrawn")
SCOPE = "scope."
FIELDS: dict[str, tuple[str, ...]] = {
    "key.create": ("name", "days"),
    "key.revoke": ("key",),
    "key.rotate": ("key", "overlap_hours", "days"),
    "vault.rotate": ("cipher",),
    "vault.destroy": ("version",),
    "subject.erase": ("subject",),
    "decisions.export": ("outcome", "type", "rule", "trouble", "since", "until", "heads"),
}
"""What the forms of each kind send."""

WHOLE = frozenset({"days", "overlap_hours", "version"})


class KeyLine(NamedTuple):
    """A key as the list shows it; `standing` is live, revoked or expired."""

    key: ApiKey
    standing: str


def _standing(key: ApiKey, now_us: int) -> str:
    return "live" if key.is_live(now_us) else "expired" if key.revoked_us is None else "revoked"


def _known(key: ApiKey) -> tuple[str, ...]:
    """The names of those who were ever shown its secret, as far as they are known."""
    return tuple(mark.removeprefix("name:") for mark in key.owners if mark.startswith("name:"))


PAST: Final = Shape[Waiting](
    "approvals", "/console/approvals", "approvals.read",
    (
        Column(
            "kind", "approvals.kind", lambda each: each.kind, chosen=True,
            said=lambda view, kind: kind_words(view, kind),  # noqa: PLW0108 - it stands further down
        ),
        Column(
            "state", "col.status", lambda each: each.state, chosen=True, searched=False,
            said=lambda view, state: view.t(f"approvals.state.{state}"),
        ),
        Column("by", "approvals.asker", lambda each: each.by, chosen=True),
        Column("why", "col.why", lambda each: each.why, sorts=False),
        Column("at", "col.time", lambda each: each.at_us, kind="time", searched=False),
        Column("until", "approvals.until", lambda each: each.until_us, kind="time", searched=False, sorts=False),
        Column("approvals", "approvals.count", lambda each: each.approvals, kind="number", searched=False),
        Column("digest", "approvals.digest", lambda each: each.digest, sorts=False),
        Column("id", "approvals.kind", lambda each: each.id, shown=False),
        Column(
            "answered_by", "approvals.kind", lambda each: tuple(f"{a.what}:{a.by}" for a in each.answers), shown=False,
            sorts=False,
        ),
    ),
    key=lambda each: each.id, export="approvals.export", order="-at",
)  # fmt: skip

KEYS: Final = Shape[KeyLine](
    "keys", "/console/keys", "keys.read",
    (
        Column("name", "keys.name", lambda each: each.key.name),
        Column(
            "state", "keys.state", lambda each: each.standing, chosen=True, searched=False,
            said=lambda view, standing: view.t(f"keys.{standing}"),
        ),
        Column("scopes", "keys.scopes", lambda each: tuple(sorted(each.key.scopes)), chosen=True),
        Column("made", "keys.made", lambda each: each.key.created_us, kind="time", searched=False),
        Column("ends", "keys.ends", lambda each: each.key.expires_us, kind="time", searched=False),
        Column(
            "used", "keys.used", lambda each: None if each.key.used_day < 0 else each.key.used_day * DAY_US,
            kind="time", searched=False,
        ),
        Column("known", "keys.known", lambda each: _known(each.key)),
        Column("id", "keys.name", lambda each: each.key.id, shown=False),
    ),
    key=lambda each: each.key.id, export="keys.export",
)  # fmt: skip

Act = Callable[[Principal, dict[str, str], Request, View], Awaitable[Response]]


class ApprovalPages:
    """The pages and forms."""

    def __init__(self, approvals: Approvals, desk: Desk, keys: ApiKeys, doors: Doors) -> None:
        self._approvals, self._desk, self._keys = approvals, desk, keys
        self._pages, self._needs, self._form, self._refuse = doors.pages, doors.needs, doors.form, doors.refuse
        self._past = Table(PAST, doors, self._answered)
        self._listed = Table(KEYS, doors, self._all_keys)

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, act: Act, action: str) -> Route:
            # A step that is taken is a record itself; one that nobody may take is an action that was refused.
            about = self._about if "{id}" in path else _sensitive
            handler = self._needs(action, self._doing(act), is_recorded=False, about=about)
            return Route(path, handler, methods=["POST"])

        return [
            Route("/console/approvals", self._needs("approvals.read", self.all)),
            *self._past.routes(),
            *self._listed.routes(),
            post("/console/approvals/propose", self._propose, "approval.propose"),
            Route("/console/approvals/{id}", self._needs("approvals.read", self.one)),
            post("/console/approvals/{id}/approve", self._approve, "approval.approve"),
            post("/console/approvals/{id}/reject", self._reject, "approval.reject"),
            post("/console/approvals/{id}/withdraw", self._withdraw, "approval.withdraw"),
            post("/console/approvals/{id}/collect", self._collect, "approval.collect"),
            Route("/console/keys", self._needs("keys.read", self.keys)),
        ]

    def _about(self, request: Request) -> About:
        return about_waiting(self._approvals, self._desk, request.path_params["id"])

    # ---- pages

    async def all(self, request: Request, view: View) -> Response:
        """Everything that waits, what was, and forms to ask for more."""
        listed = everything(self._approvals, self._desk)
        return self._pages.show(
            "approvals.html", view, page="approvals", waiting=[each for each in listed if each.is_waiting],
            t=await self._past.listed(request, view), **self._common(request, view),
            asks={kind: view_may(self._approvals, view, kind) for kind in self._approvals.kinds},
            profiles=PROFILES, scopes=SCOPES,
        )  # fmt: skip

    async def _answered(self, _: View) -> Sequence[Waiting]:
        return [each for each in everything(self._approvals, self._desk) if not each.is_waiting]

    async def _all_keys(self, view: View) -> Sequence[KeyLine]:
        listed = sorted(self._keys.all(), key=lambda key: (not key.is_live(view.now_us), -key.created_us))
        return [KeyLine(each, _standing(each, view.now_us)) for each in listed]

    async def one(self, request: Request, view: View) -> Response:
        """One operation: exactly what is approved, by whom it was asked for and answered, and the forms that answer."""
        identifier: str = request.path_params["id"]
        if identifier.startswith(STEP_PREFIX):
            return RedirectResponse(f"/console/proposals/{identifier}", HTTPStatus.SEE_OTHER)
        try:
            seen = await self._approvals.standing(identifier, _who(view))
        except LookupError:
            return self._refused(view, [view.t("error.no_approval", id=identifier[:64])], HTTPStatus.NOT_FOUND)
        who, asked = _who(view), seen.entry.asked
        return self._pages.show(
            "approval.html", view, page="approvals", seen=seen, each=of_entry(seen.entry, seen.state),
            is_own=self._approvals.is_own(who, seen.entry), is_asker=self._approvals.is_asker(who, seen.entry),
            may_answer=self._approvals.may(who, "approval.approve", asked.what, asked.name),
            payload=asked.payload.decode(), said=lambda line: line_text(line, view), **self._common(request, view),
        )  # fmt: skip

    async def keys(self, request: Request, view: View) -> Response:
        """All API keys, without their secrets, and forms to ask for another, for another secret, or for an end."""
        asks = {kind: view_may(self._approvals, view, kind) for kind in self._approvals.kinds}
        return self._pages.show(
            "keys.html", view, page="keys", t=await self._listed.listed(request, view), asks=asks, scopes=SCOPES,
            day_of=lambda day: format_instant(day * DAY_US)[:10], **self._common(request, view),
        )  # fmt: skip

    def _common(self, request: Request, view: View) -> dict[str, Any]:
        done = request.query_params.get("done")
        return {
            "done": done if done in DONE else None,
            "is_on": self._approvals.is_on,
            "changes": self._desk.platform.settings.changes,
            "kind_of": lambda kind: kind_words(view, kind),
        }

    # ---- forms

    def _doing(self, act: Act) -> Shown:
        """A form's handler: checked, done, and then the page that it says; or why it was declined."""

        async def handler(request: Request, view: View) -> Response:
            form = await self._form(request)
            try:
                return await act(_who(view), form, request, view)
            except Declined as error:
                return self._refused(view, [error.zh if view.lang == "zh" else error.en], HTTPStatus.CONFLICT)
            except Forbidden as error:
                return await self._refuse(request, view, error)
            except NotRecorded:
                return self._refused(view, [view.t("error.not_recorded")], HTTPStatus.SERVICE_UNAVAILABLE)
            except LookupError:
                identifier = request.path_params.get("id", "")[:64]
                return self._refused(view, [view.t("error.no_approval", id=identifier)], HTTPStatus.NOT_FOUND)

        return handler

    async def _propose(self, who: Principal, form: dict[str, str], _: Request, __: View) -> Response:
        kind = form.get("kind", "")
        entry = await self._approvals.propose(who, kind, document_of(kind, form), form.get("why", ""))
        return _to(f"/console/approvals/{entry.id}?done=asked")

    async def _approve(self, who: Principal, form: dict[str, str], request: Request, _: View) -> Response:
        entry = await self._approvals.approve(
            who, request.path_params["id"], form.get("digest", ""), form.get("why", "")
        )
        return _to(f"/console/approvals/{entry.id}?done=approved")

    async def _reject(self, who: Principal, form: dict[str, str], request: Request, _: View) -> Response:
        entry = await self._approvals.reject(who, request.path_params["id"], form.get("why", ""))
        return _to(f"/console/approvals/{entry.id}?done=rejected")

    async def _withdraw(self, who: Principal, form: dict[str, str], request: Request, _: View) -> Response:
        entry = await self._approvals.withdraw(who, request.path_params["id"], form.get("why", ""))
        return _to(f"/console/approvals/{entry.id}?done=withdrawn")

    async def _collect(self, who: Principal, _: dict[str, str], request: Request, view: View) -> Response:
        identifier = request.path_params["id"]
        delivery = await self._approvals.collect(who, identifier)
        if delivery.chunks is not None:
            name = {"content-disposition": f'attachment; filename="{delivery.file}"'}
            return StreamingResponse(delivery.chunks, headers=name, media_type=delivery.media_type)
        return self._pages.show("collected.html", view, page="approvals", shown=delivery.shown, id=identifier)

    def _refused(self, view: View, told: list[str], status: HTTPStatus) -> Response:
        return self._pages.show(
            "refused.html", view, status=int(status), page="approvals", told=told, code=int(status),
            back=("/console/approvals", view.t("approvals.title")),
        )  # fmt: skip


def document_of(kind: str, form: dict[str, str]) -> dict[str, Any]:
    """What a form of a kind asks for: its own fields, and no others."""
    document: dict[str, Any] = {}
    for name in FIELDS.get(kind, ()):
        text = form.get(name, "").strip()
        if text:
            document[name] = int(text) if name in WHOLE and text.isascii() and text.isdecimal() else text
    if kind == "key.create":
        document["scopes"] = [str(scope) for scope in Scope if f"{SCOPE}{scope}" in form]
    return document


_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)


_WORDED: Final = {
    "Kind": "notices.kind", "From the level on": "level", "Step": "webhooks.step", "Outcomes": "outcome",
    "Scopes": "scope", "Event types": "event",
}  # fmt: skip
"""Lines that name things of ours, and the words that pages have for these."""


def line_text(line: Line, view: View) -> str:
    """A line's value as a page says it: in the reader's language, with instants in the page's zone."""
    text = line.text if line.said is None else line.said[0 if view.lang == "zh" else 1]
    if (kind := _WORDED.get(line.en)) is not None:
        parts = [(each, f"{kind}.{each}") for each in text.split(", ")]
        return "; ".join(f"{view.t(word)} ({each})" if word in WORDS else each for each, word in parts)
    return _INSTANT.sub(lambda found: view.at(parse_instant(found[0])), text)


def kind_words(view: View, kind: str) -> str:
    """A kind of operation in words."""
    if kind == POLICIES:
        return view.t("approvals.policies")
    return view.action(ACTIONS[kind]) if kind in ACTIONS else kind


def view_may(approvals: Approvals, view: View, kind: str) -> bool:
    """Whether the reader may ask for a kind of operation."""
    return approvals.may(_who(view), "approval.propose", kind)


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal


def _sensitive(_: Request) -> About:
    return About(is_sensitive=True)


def _to(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
