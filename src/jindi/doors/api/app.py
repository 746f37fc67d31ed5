"""The HTTP application: the hot route first, then the comfortable ones, then the console."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from jindi.access import ACTIONS, NOT_PERMITTED, About, ApiKey, ApiKeys, Permits, Principal, Ranges, Verdict
from jindi.basics.instants import format_instant
from jindi.basics.money import EXPONENTS, format_minor
from jindi.basics.problems import Problems
from jindi.doors.api import problems
from jindi.doors.api.approvals import ApprovalRoutes
from jindi.doors.api.bodies import json_answer, problem_answer, read_json, to_bytes
from jindi.doors.api.cases import CaseRoutes
from jindi.doors.api.clear import BODY_BYTES_MAX, NO_STORE, ClearRoutes
from jindi.doors.api.controls import ControlRoutes
from jindi.doors.api.drafts import DraftRoutes
from jindi.doors.api.filings import FilingRoutes
from jindi.doors.api.hot import SIGNED_BY, Events, Gone, Receive, Scope, Send, TooLarge, answer
from jindi.doors.api.incidents import IncidentRoutes
from jindi.doors.api.links import LinkRoutes
from jindi.doors.api.lists import ListRoutes
from jindi.doors.api.metrics import exposition
from jindi.doors.api.notices import NoticeRoutes
from jindi.doors.api.openapi import document
from jindi.doors.api.problems import problem
from jindi.doors.api.ratings import RatingRoutes
from jindi.doors.api.safety import SafetyRoutes
from jindi.doors.api.screening import ScreeningRoutes
from jindi.doors.api.staff_alerts import AlertRoutes
from jindi.doors.api.threshold import Threshold
from jindi.doors.api.trail import TrailRoutes
from jindi.doors.api.versions import PACKS_BYTES_MAX, Keyed, VersionRoutes
from jindi.doors.api.webhooks import WebhookRoutes
from jindi.doors.fences import Fences
from jindi.doors.guarding import AboutOf, Door, about_of, marked
from jindi.doors.origins import address_class, class_of
from jindi.engine import to_json
from jindi.language import Kind, Type, Value
from jindi.ports import Clock
from jindi.run.approvals.approvals import Approvals, approvals_of
from jindi.run.audit import Actor, Audit, NotRecorded
from jindi.run.cases import Desk as CaseDesk
from jindi.run.filings.desk import Desk as FilingDesk
from jindi.run.filings.large_days import LargeDays
from jindi.run.freezes import Freezes
from jindi.run.incidents.desk import Desk as IncidentDesk
from jindi.run.intake import Refused
from jindi.run.links import Desk as LinkDesk
from jindi.run.listed import Roster
from jindi.run.notices import Desk as NoticeDesk
from jindi.run.platform import Found, NotNow, Platform, compiled
from jindi.run.rating import Desk as RatingDesk
from jindi.run.records import decision_id
from jindi.run.reveals import Reveals
from jindi.run.screening.desk import Desk as ScreeningDesk
from jindi.run.subjects import Rights
from jindi.run.versions.desk import Desk
from jindi.run.versions.drafts import Drafts
from jindi.run.versions.workbench import Workbench
from jindi.run.watching import Alerts, Sight, Viewer
from jindi.run.webhooks.mailing import Mailing
from jindi.vault import kind_of

Handler = Callable[[Request], Awaitable[Response]]


def _on_the_wire(value: Value, type_: Type) -> Value:
    """A feature as events would carry it: amounts as decimal text, instants in RFC 3339; durations are microseconds."""
    if type_.kind is Kind.TIME and isinstance(value, int):
        return format_instant(value)
    if type_.kind is Kind.MONEY and type_.of is not None:
        if isinstance(value, int):
            return format_minor(value, type_.of)
        if isinstance(value, float):  # a mean may lie between two minor units
            return format(Decimal(str(value / 10 ** EXPONENTS[type_.of])), "f")
    return value


def _why(action: str, verdict: Verdict) -> str:
    """Why a key may not do something, in words that help whoever made the key."""
    if verdict.why != NOT_PERMITTED:
        return f"the policies forbid {action}: {verdict.why}"
    scopes = sorted(ACTIONS[action].scopes)
    return f"the key lacks the scope {' or '.join(scopes)}" if scopes else "only people may do this, in the console"


class TryRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Edited pack files by path, and the event to decide under them, as JSON."""

    files: dict[str, str]
    event: msgspec.Raw


class EntityRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Whose features: an entity such as `phone`, and its value, which may be in clear here."""

    entity: str
    value: str
    masks: bool = False


HOT = Door("POST", "/v1/events", "event.decide")
"""The hot route, which stands in no table of routes."""

CLEAR_IN_ADDRESS = (
    "an address must not hold an identifier in clear, it ends up in logs and histories: give its token, or send"
    ' {"entity": …, "value": …} by POST to /v1/entities/features'
)


class Routes:
    """Everything but the hot route."""

    def __init__(
        self, platform: Platform, keys: ApiKeys, base_files: Callable[[], Mapping[str, str]], desk: Desk,
        permits: Permits, mailing: Mailing | None = None, approvals: Approvals | None = None,
        reveals: Reveals | None = None, rights: Rights | None = None, cases: CaseDesk | None = None,
        linked: LinkDesk | None = None, roster: Roster | None = None, notices: NoticeDesk | None = None,
        bench: Workbench | None = None,
        incidents: IncidentDesk | None = None,
        screening: ScreeningDesk | None = None,
        ratings: RatingDesk | None = None,
        filings: FilingDesk | None = None,
        large: LargeDays | None = None,
        breached: Ranges | None = None,
    ) -> None:  # fmt: skip
        self._platform, self._keys, self._base_files = platform, keys, base_files
        self._permits = permits
        self._audit = Audit(platform)
        self._reveals = reveals or Reveals(platform, self._audit, permits)
        self._clear = ClearRoutes(self._reveals, rights or Rights(platform, self._audit), self._guard)
        self._sight = Sight(platform)
        self._versions = VersionRoutes(desk, self._guard, self._may)
        self._drafts = DraftRoutes(bench or Workbench(desk, Drafts(platform.blobs)), self._guard)
        self._trail = TrailRoutes(self._audit, platform, self._guard)
        asking = approvals or approvals_of(platform, permits, keys)
        self._approvals = ApprovalRoutes(asking, desk, keys, self._audit, self._guard, self._may)
        self._webhooks = WebhookRoutes(platform, mailing, self._guard, four_eyes=asking.is_on and mailing is not None)
        self._notices = NoticeRoutes(notices, self._guard)
        self._controls = ControlRoutes(platform, self._guard)
        self._cases = CaseRoutes(cases, self._guard, self._may, self._actor)
        self._incidents = IncidentRoutes(incidents, self._guard, self._may, self._actor, self._viewer)
        self._screening = ScreeningRoutes(platform, screening, self._guard, self._actor)
        self._ratings = RatingRoutes(platform, ratings, Freezes(platform, self._audit), self._guard, self._actor)
        self._filings = FilingRoutes(filings, self._guard, self._actor, large)
        self._links = LinkRoutes(platform, linked, self._guard, self._audit, self._actor)
        self._safety = SafetyRoutes(platform, self._guard, breached)
        self._lists = ListRoutes(roster or Roster(platform), self._reveals, self._guard, self._may)

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/v1/decisions/{id}", self._guard("decision.read", self._decision)),
            Route("/v1/decisions/{id}/explanation", self._guard("explanation.read", self._explanation)),
            Route("/v1/decisions/{id}/replay", self._guard("replay.read", self._replay)),
            Route("/v1/entities/{key}/{value:path}/features", self._guard("entity.read", self._features)),
            # What is looked for is in the body, so what is recorded is known only when that has been read.
            Route(
                "/v1/entities/features",
                self._guard("entity.read", self._found, is_recorded=False, about=lambda _: About()),
                methods=["POST"],
            ),
            *self._versions.routes(),
            *self._drafts.routes(),
            *self._trail.routes(),
            *self._clear.routes(),
            *self._approvals.routes(),
            *AlertRoutes(Alerts(self._platform, self._sight), self._guard, self._viewer).routes(),
            *self._webhooks.routes(),
            *self._notices.routes(),
            *self._controls.routes(),
            *self._cases.routes(),
            *self._incidents.routes(),
            *self._screening.routes(),
            *self._ratings.routes(),
            *self._filings.routes(),
            *self._links.routes(),
            *self._lists.routes(),
            *self._safety.routes(),
            Route("/v1/packs", self._guard("packs.read", self._packs)),
            Route("/v1/packs/try", self._guard("packs.try", self._try), methods=["POST"]),
            Route("/v1/snapshots", self._guard("snapshot.write", self._snapshot), methods=["POST"]),
            # Figures without anybody's data, asked for by a program every few seconds: only who may not is recorded.
            Route("/metrics", self._guard("metrics.read", self._metrics, is_recorded=False)),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/openapi.json", self._openapi),
        ]

    def _may(self, principal: Principal, action: str, about: About | None = None) -> Verdict:
        """Whether somebody may do something now."""
        now_us = self._platform.now_us()
        return self._permits.may(principal, action, now_us, *((about,) if about is not None else ()))

    def _guard(self, action: str, handler: Keyed, *, is_recorded: bool = True, about: AboutOf = about_of) -> Handler:
        """The handler, for those who may do an action; it is told who that is. That it was asked for, and whether it
        may be, is journalled first; `is_recorded` False: only when it may not, because what the handler does is a
        record itself.
        """

        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            key, now_us = request.scope.get(SIGNED_BY), self._platform.now_us()
            if key is None and given[:7].lower() == "bearer ":
                key = self._keys.holder(given[7:].strip(), now_us)
            if key is None:
                return problem_answer(problems.UNAUTHENTICATED)
            principal = key.principal
            may = self._may(principal, action, about(request))
            request.state.request_id = request_id = secrets.token_hex(8)
            if is_recorded or not may:
                actor = self._actor(request, principal)
                try:
                    await self._audit.act(actor, action, self._object(request), allowed=may.allowed)
                except NotRecorded:
                    return problem_answer(problems.NOT_RECORDED)
            if may:
                answered = await handler(request, principal)
            else:
                answered = problem_answer(problems.FORBIDDEN, _why(action, may))
            answered.headers["x-request-id"] = request_id
            return answered

        return marked(guarded, action)

    def _actor(self, request: Request, principal: Principal) -> Actor:
        return Actor(principal.id, principal.name, "api", address_class(request), request.state.request_id)

    def _object(self, request: Request) -> str:
        """What an address names, as the audit may keep it."""
        asked = request.path_params
        if "value" in asked:
            return self._audit.subject(asked["key"], asked["value"])
        return " ".join(self._audit.named(str(asked[name])) for name in ("id", "step") if name in asked)

    def _viewer(self, principal: Principal) -> Viewer:
        return Viewer(principal.name, self._may(principal, "staff_alerts.read").allowed)

    def _find(self, request: Request, principal: Principal) -> Found:
        """The decision that is asked for. Raises LookupError, also for one that is not for these eyes."""
        found = self._platform.find(request.path_params["id"])
        if not self._sight.may_see(self._viewer(principal), found.ep.event, found.record.values):
            raise LookupError(f"record {found.seq} of the journal is no decision")
        return found

    async def _decision(self, request: Request, principal: Principal) -> Response:
        try:
            found = self._find(request, principal)
        except LookupError as error:
            return problem_answer(problems.NOT_FOUND, str(error))
        body = self._platform.answer(found)
        more: dict[str, Any] = {
            "event_type": found.record.event_type,
            "at": format_instant(found.record.at_us),
            "as_of": format_instant(found.record.as_of_us),
            "status": found.status,
        }
        if found.record.shapes:
            more["patterns"] = [
                {"pattern": each.pattern, "transfers_in_all": each.count,
                 "transfers": [decision_id(seq) for seq in each.seqs]}
                for each in found.record.shapes
            ]  # fmt: skip
        masked = request.query_params.get("masks") == "true"
        if masked:
            masks = await self._reveals.masks(principal, found)
            more["personal"] = [
                {"field": each.field, "kind": each.kind, "class": each.data_class, "token": each.token,
                 "level": seen, "mask": masks.get(each.field)}
                for each, seen in self._reveals.seen(principal, found)
            ]  # fmt: skip
        headers = NO_STORE if masked else {}
        return Response(body[:-1] + b"," + to_bytes(more)[1:], headers=headers, media_type="application/json")

    async def _explanation(self, request: Request, principal: Principal) -> Response:
        try:
            found = self._find(request, principal)
        except LookupError as error:
            return problem_answer(problems.NOT_FOUND, str(error))
        # The search for what would change a decision takes long: it must not make decisions wait.
        exact = request.query_params.get("exact") == "true"
        explanation = await asyncio.to_thread(self._platform.explanation, found, exact=exact)
        return Response(to_json(explanation), media_type="application/json")

    async def _replay(self, request: Request, principal: Principal) -> Response:
        try:
            found = self._find(request, principal)
        except LookupError as error:
            return problem_answer(problems.NOT_FOUND, str(error))
        return json_answer((await asyncio.to_thread(self._platform.replay, found)).document())

    async def _features(self, request: Request, principal: Principal) -> Response:
        key, value = request.path_params["key"], request.path_params["value"]
        if self._sight.may_ask(self._viewer(principal), key, value) and self._platform.is_clear(key, value):
            return problem_answer(problems.BAD_REQUEST, CLEAR_IN_ADDRESS)
        return await self._of(principal, key, value, is_masked=request.query_params.get("masks") == "true")

    async def _found(self, request: Request, principal: Principal) -> Response:
        """The features of what the body names: the way for identifiers in clear."""
        try:
            asked = await read_json(request, EntityRequest, BODY_BYTES_MAX)
        except TooLarge:
            return problem_answer(problems.TOO_LARGE)
        except Gone:
            return Response()  # nobody is there to read it
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return problem_answer(problems.BAD_REQUEST, 'give {"entity": …, "value": …}')
        subject = self._audit.subject(asked.entity, asked.value)
        try:
            await self._audit.act(self._actor(request, principal), "entity.read", subject)
        except NotRecorded:
            return problem_answer(problems.NOT_RECORDED)
        return await self._of(principal, asked.entity, asked.value, is_masked=asked.masks)

    async def _of(self, principal: Principal, key: str, value: str, *, is_masked: bool) -> Response:
        if not self._sight.may_ask(self._viewer(principal), key, value):
            return problem_answer(problems.NOT_FOUND, "what is kept of staff is not for this key")
        try:
            features = self._platform.entity_features(key, value)
        except LookupError as error:
            return problem_answer(problems.NOT_FOUND, str(error))
        declared, warming = self._platform.program.definitions.features, self._platform.lane.state.warming
        document: dict[str, Any] = {
            "entity": key,
            "as_of": format_instant(self._platform.asked_at_us),
            "features": {name: _on_the_wire(each, declared[name].type) for name, each in features.items()},
            "types": {name: str(declared[name].type) for name in features},
            "absent": sorted(warming & features.keys()),
        }
        if not is_masked:
            return json_answer(document)
        # A user is a subject with identifiers; a card is an identifier of somebody's.
        token = self._platform.token_of(key, value)
        own = (
            [(kind_of(token), token, await self._reveals.mask(principal, token))]
            if self._platform.entity_is_token(key)
            else []
        )
        personal = own or await self._reveals.kept(principal, value)
        document["personal"] = [{"kind": kind, "token": token, "mask": mask} for kind, token, mask in personal]
        answer = json_answer(document)
        answer.headers.update(NO_STORE)
        return answer

    async def _packs(self, _: Request, __: Principal) -> Response:
        definitions = self._platform.program.definitions
        return json_answer({
            "digest": definitions.digest,
            "packs": {name: pack.version for name, pack in definitions.packs.items()},
            "policies": [
                {"id": each.id, "on": each.on, "state": each.state, "digest": each.digest}
                for each in definitions.policies
            ],
            "catching_up": sorted(self._platform.lane.state.warming),
        })  # fmt: skip

    async def _try(self, request: Request, _: Principal) -> Response:
        try:
            asked = await read_json(request, TryRequest, PACKS_BYTES_MAX)
        except TooLarge:
            return problem_answer(problems.TOO_LARGE)
        except Gone:
            return Response()  # nobody is there to read it
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return problem_answer(problems.BAD_REQUEST, 'give {"files": {path: text}, "event": {…}}')
        try:
            files = {**self._base_files(), **asked.files}
            program = await asyncio.to_thread(compiled, files, cases=False)
            trial = self._platform.try_program(program, bytes(asked.event))
        except Refused as error:
            return problem_answer(problems.REFUSED, problems=error.problems)
        except Problems as error:
            return problem_answer(problems.PACKS_REFUSED, problems=error.problems)
        explained = msgspec.Raw(to_json(await asyncio.to_thread(trial.explain)))
        return json_answer({
            "decision": trial.decision, "absent": trial.absent, "decided_before": trial.decided_before,
            "explanation": explained,
        })  # fmt: skip

    async def _snapshot(self, _: Request, __: Principal) -> Response:
        try:
            return json_answer({"snapshot": await self._platform.snapshot()}, 201)
        except NotNow as error:
            return problem_answer(problems.NOT_NOW, str(error))

    async def _metrics(self, _: Request, __: Principal) -> Response:
        return Response(exposition(self._platform), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _healthz(self, _: Request) -> Response:
        return json_answer({"status": "alive"})

    async def _readyz(self, _: Request) -> Response:
        why = self._platform.ready()
        if why is not None:
            # The reason names files of this machine: it is for the operator's log, not for strangers.
            return problem_answer(problems.STOPPED)
        return json_answer({"status": "ready"})

    async def _openapi(self, _: Request) -> Response:
        return json_answer(document(self._platform.program.definitions))


def build_api(
    platform: Platform,
    keys: ApiKeys,
    clock: Clock,
    base_files: Callable[[], Mapping[str, str]],
    console: ASGIApp | None = None,
    events: Events | None = None,
    desk: Desk | None = None,
    permits: Permits | None = None,
    fences: Fences | None = None,
    mailing: Mailing | None = None,
    approvals: Approvals | None = None,
    reveals: Reveals | None = None,
    rights: Rights | None = None,
    cases: CaseDesk | None = None,
    linked: LinkDesk | None = None,
    roster: Roster | None = None,
    notices: NoticeDesk | None = None,
    bench: Workbench | None = None,
    incidents: IncidentDesk | None = None,
    screening: ScreeningDesk | None = None,
    ratings: RatingDesk | None = None,
    filings: FilingDesk | None = None,
    large: LargeDays | None = None,
    breached: Ranges | None = None,
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The ASGI application of a running platform. `base_files` gives the packs that are always loaded; `events` is
    the hot route, if its maker uses it elsewhere, too; `desk` where versions are changed (without, what is in force
    counts as saved); `permits` says who may do what (the shipped policies, without); `fences` is what every request
    passes first; `mailing` holds the webhooks; `approvals` is where operations are asked for that take four eyes.
    `reveals` and `rights` are those of the console, too: one limit and one book for both doors. `cases` is where cases
    are worked, `linked` where links are asked for, `roster` what both doors know of lists, `notices` where people are
    notified, `bench` where drafts are kept, `incidents` where incidents are worked, `screening` where matches with
    watch lists are, `ratings` how customers are rated, `filings` where reports against money laundering are written,
    `large` where large days are found, `breached` looks leaked passwords up.
    """
    asked, fences = permits or Permits(), fences or Fences()
    hot = events or Events(platform, keys, clock, asked, fences.turnstile)
    changing = desk or Desk(platform, lambda: platform.base)
    rest = Starlette(
        routes=Routes(
            platform,
            keys,
            base_files,
            changing,
            asked,
            mailing,
            approvals,
            reveals,
            rights,
            cases,
            linked,
            roster,
            notices,
            bench,
            incidents,
            screening,
            ratings,
            filings,
            large,
            breached,
        ).routes(),
        exception_handlers={404: _not_found, 405: _not_allowed, 500: _failed},
    )
    # An address that is nearly right is told so, never answered with a redirect to whatever Host was sent.
    rest.router.redirect_slashes = False
    # Programs are told as programs even where nothing is; people get the console's pages.
    told_as_programs = frozenset({"/v1", "/metrics", "/healthz", "/readyz", "/openapi.json"})

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path == "/v1/events":
            if scope["method"] == "POST":
                await hot(scope, receive, send)
            else:
                await answer(send, 405, problem(problems.NOT_ALLOWED), problems.MEDIA_TYPE, (b"allow", b"POST"))
        elif console is None or path in told_as_programs or path.startswith("/v1/"):
            await rest(scope, receive, send)
        else:
            await console(scope, receive, send)

    audit = Audit(platform)

    async def noted(what: str, host: str, key: ApiKey | None) -> None:
        key_id, name = (key.id, key.name) if key is not None else ("", "")
        await audit.failed(Actor(key_id, name, "api", class_of(host)), what)

    return Threshold(application, keys, clock, fences, told_as_programs, noted)


async def _not_found(_: Request, __: Exception) -> Response:
    return problem_answer(problems.NOT_FOUND)


async def _not_allowed(_: Request, error: Exception) -> Response:
    response = problem_answer(problems.NOT_ALLOWED)
    response.headers.update(getattr(error, "headers", None) or {})
    return response


async def _failed(_: Request, __: Exception) -> Response:
    return problem_answer(problems.FAILED)
