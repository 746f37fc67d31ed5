"""Versions of policies over HTTP: drafts beside what decides, proposals, approvals, roll-backs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import Principal, Verdict
from jindi.basics.instants import format_instant
from jindi.basics.problems import Problems
from jindi.doors.api import problems
from jindi.doors.api.bodies import json_answer, problem_answer, read_json
from jindi.doors.api.hot import Gone, TooLarge
from jindi.doors.guarding import AboutOf, Endpoint, about_of, by_method
from jindi.packs import OUTCOMES
from jindi.run.platform import NotNow
from jindi.run.records import StepRecord, decision_id
from jindi.run.versions import Proposal, Tally, Version
from jindi.run.versions.desk import OPERATOR, OWN_KEY, Declined, Desk, Person, Review
from jindi.run.versions.tallies import Cost, SideTally

PACKS_BYTES_MAX = 8 * 1024 * 1024

Keyed = Callable[[Request, Principal], Awaitable[Response]]


class Guard(Protocol):
    """Makes a handler ask whether its caller may do an action, and journals that it was asked for."""

    def __call__(self, action: str, handler: Keyed, *, is_recorded: bool = True, about: AboutOf = about_of) -> Endpoint:
        """The handler, guarded."""


_Asked = TypeVar("_Asked", bound=msgspec.Struct)


class Drafts(msgspec.Struct, forbid_unknown_fields=True):
    """What to look at: the files of some policies (all that is changed, without), from the packs' folders or given."""

    policies: list[str] = []
    files: dict[str, str] | None = None


class ShadowRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A policy whose draft is to be put beside what decides."""

    policy: str
    files: dict[str, str] | None = None
    why: str = ""


class RetireRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A shadow version that is to go."""

    version: str
    why: str = ""


class ProposeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What is proposed, and why."""

    why: str
    policies: list[str] = []
    files: dict[str, str] | None = None


class ApproveRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An approval; `confirm` names rules that may fire on more than their share."""

    why: str = ""
    confirm: list[str] = []
    digest: str | None = None


class WhyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why something ends."""

    why: str


class RollBackRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why to go back, and of which policy alone."""

    why: str
    policy: str | None = None


def person_of(key: Principal) -> Person:
    """Who holds a key. The keys that a start prints are the operator's, who has the console, too."""
    return Person(key.id, OPERATOR if key.name == OWN_KEY else key.name, key.marks)


class VersionRoutes:
    """The routes; `guard` makes a handler ask whether its caller may, `may` is that question alone."""

    def __init__(self, desk: Desk, guard: Guard, may: Callable[[Principal, str], Verdict]) -> None:
        self._desk, self._guard, self._may = desk, guard, may

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, handler: Keyed, action: str) -> Route:
            # A step that is taken is a record itself; one that nobody may take is an action that was refused.
            return Route(path, self._guard(action, self._told(handler), is_recorded=False), methods=["POST"])

        def get(path: str, handler: Keyed, action: str) -> Route:
            return Route(path, self._guard(action, self._told(handler)))

        proposals = by_method(
            GET=self._guard("proposals.read", self._told(self._proposals)),
            POST=self._guard("version.propose", self._told(self._propose), is_recorded=False),
        )
        diff = self._guard("policies.diff", self._told(self._diff))
        return [
            get("/v1/policies", self._list, "policies.read"),
            Route("/v1/policies/diff", diff, methods=["POST"]),
            post("/v1/policies/shadow", self._shadow, "version.shadow"),
            post("/v1/policies/retire", self._retire, "version.retire"),
            post("/v1/policies/rollback", self._roll_back, "version.roll_back"),
            get("/v1/policies/statistics", self._statistics, "policies.statistics"),
            get("/v1/policies/{id}", self._policy, "policy.read"),
            Route("/v1/proposals", proposals, methods=["GET", "POST"]),
            get("/v1/proposals/{id}", self._proposal, "proposal.read"),
            post("/v1/proposals/{id}/approve", self._approve, "version.approve"),
            post("/v1/proposals/{id}/reject", self._reject, "version.reject"),
        ]

    def _told(self, handler: Keyed) -> Keyed:
        """The handler, with what can go wrong told as problems."""

        async def telling(request: Request, key: Principal) -> Response:
            try:
                return await handler(request, key)
            except Declined as error:
                return problem_answer(problems.DECLINED, error.en, detail_zh=error.zh, code=error.code)
            except Problems as error:
                return problem_answer(problems.PACKS_REFUSED, problems=error.problems)
            except NotNow as error:
                return problem_answer(problems.NOT_NOW, str(error))
            except LookupError as error:
                return problem_answer(problems.NOT_FOUND, str(error))
            except TooLarge:
                return problem_answer(problems.TOO_LARGE)
            except msgspec.MsgspecError as error:
                return problem_answer(problems.BAD_REQUEST, str(error))
            except Gone:
                return Response()  # nobody is there to read it

        return telling

    # ---- looking

    async def _list(self, _: Request, __: Principal) -> Response:
        return json_answer(policies_document(self._desk))

    async def _policy(self, request: Request, _: Principal) -> Response:
        name: str = request.path_params["id"]
        found = [each for each in self._desk.versions() if name in (each.id, each.name)]
        if not found:
            raise LookupError(f"there is no policy or version {name[:80]}")
        return json_answer({"id": found[0].id, "on": found[0].on, "versions": [version_document(v) for v in found]})

    async def _statistics(self, request: Request, _: Principal) -> Response:
        wanted = request.query_params.get("version")
        found = statistics_document(self._desk, wanted)
        known = {each.name for each in self._desk.versions()}
        if wanted is not None and not found["watched"] and not found["sides"] and wanted not in known:
            raise LookupError(f"there is no version {wanted[:80]}")
        return json_answer(found)

    async def _diff(self, request: Request, _: Principal) -> Response:
        asked = await _read(request, Drafts)
        return json_answer(review_document(await self._desk.preview(asked.policies, asked.files)))

    async def _proposals(self, _: Request, __: Principal) -> Response:
        return json_answer({"proposals": [proposal_document(each) for each in self._desk.proposals()]})

    async def _proposal(self, request: Request, _: Principal) -> Response:
        proposal = self._desk.proposal(request.path_params["id"])
        review = await self._desk.review(proposal)
        return json_answer(
            {**proposal_document(proposal), "edited": self._desk.is_edited(proposal), "review": review_document(review)}
        )

    # ---- doing

    async def _shadow(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, ShadowRequest)
        version = await self._desk.shadow(person_of(key), asked.policy, files=asked.files, why=asked.why)
        return json_answer({"version": version}, 201)

    async def _retire(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, RetireRequest)
        await self._desk.retire(person_of(key), asked.version, why=asked.why)
        return json_answer({"version": asked.version})

    async def _propose(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, ProposeRequest)
        proposal = await self._desk.propose(person_of(key), asked.policies, files=asked.files, why=asked.why)
        review = await self._desk.review(proposal)
        return json_answer({**proposal_document(proposal), "review": review_document(review)}, 201)

    async def _approve(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, ApproveRequest)
        identifier: str = request.path_params["id"]
        missing = await self._desk.approve(
            person_of(key), identifier, why=asked.why, confirm=asked.confirm, digest=asked.digest
        )
        return json_answer({**proposal_document(self._desk.proposal(identifier)), "catching_up": missing})

    async def _reject(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, WhyRequest)
        identifier: str = request.path_params["id"]
        await self._desk.reject(
            person_of(key), identifier, why=asked.why, may_reject=self._may(key, "version.approve").allowed
        )  # fmt: skip
        return json_answer(proposal_document(self._desk.proposal(identifier)))

    async def _roll_back(self, request: Request, key: Principal) -> Response:
        asked = await _read(request, RollBackRequest)
        digest, differences = await self._desk.roll_back(person_of(key), asked.policy, why=asked.why)
        return json_answer({"digest": digest, "differences": differences, **policies_document(self._desk)})


async def _read(request: Request, kind: type[_Asked]) -> _Asked:
    return await read_json(request, kind, PACKS_BYTES_MAX)


# ---- documents


def policies_document(desk: Desk) -> dict[str, Any]:
    """All versions, and how this platform takes changes."""
    in_force = desk.platform.ledger.in_force
    return {
        "changes": desk.platform.settings.changes,
        "digest": desk.platform.program.digest,
        "base": in_force.base if in_force is not None else None,
        "versions": [version_document(each) for each in desk.versions()],
        "proposals": [proposal_document(each) for each in desk.proposals() if each.state == "open"],
    }


def version_document(version: Version) -> dict[str, Any]:
    """A version and what happened to it."""
    return {
        "version": version.name,
        "id": version.id,
        "on": version.on,
        "state": version.state,
        "watched": version.is_watched,
        "since": format_instant(version.since_us) if version.since_us else None,
        "history": [
            {"at": format_instant(each.at_us), "what": each.what, **(_by(each.step) if each.step is not None else {})}
            for each in version.moments
        ],
    }


def proposal_document(proposal: Proposal) -> dict[str, Any]:
    """A proposal as it stands."""
    asked = proposal.step.record
    document: dict[str, Any] = {
        "id": proposal.id,
        "state": proposal.state,
        **_by(asked),
        "at": format_instant(asked.received_us),
        "expires": format_instant(asked.expires_us),
        "digest": proposal.digest,
        "base": proposal.base,
        "versions": [each.version for each in proposal.step.policies],
        "files": list(proposal.step.paths),
    }
    if proposal.carried is not None:
        document["carried"] = format_instant(proposal.carried.received_us)
    if (answer := proposal.answer) is not None:
        document["answer"] = {
            **_by(answer),
            "at": format_instant(answer.received_us),
            "what": answer.verb,
            "confirmed": answer.confirmed,
        }
    return document


def review_document(review: Review) -> dict[str, Any]:
    """What would come in force."""
    return {
        "base": review.base,
        "digest": review.digest,
        "differences": review.differences,
        "text": review.text,
        "cases": review.cases,
        "findings": [
            {
                "policy": each.policy,
                "rule": each.rule,
                "problem": str(each.problem),
                "fired": each.fired,
                "events": each.events,
            }
            for each in review.findings
        ],
        "problems": [str(each) for each in review.problems],
        "undecided": review.undecided,
    }


def statistics_document(desk: Desk, version: str | None = None) -> dict[str, Any]:
    """What watched versions would have decided beside what was decided, the newest first."""
    costs = desk.platform.measures.costs
    watched = desk.platform.watched
    found = [each for each in reversed(watched.tallies) if version in (None, each.version)]
    sides = [each for each in reversed(watched.sides) if version in (None, each.version)]
    return {"watched": [_tally(each, costs) for each in found], "sides": [_side(each) for each in sides]}


def _side(side: SideTally) -> dict[str, Any]:
    names = [str(outcome) for outcome in OUTCOMES]
    return {
        "version": side.version,
        "beside": side.other,
        "side": "challenger" if side.side else "champion",
        "share": side.share_ppm / 1_000_000,
        "seed": side.seed,
        "on": side.on,
        "since": format_instant(side.since_us),
        "until": format_instant(side.until_us),
        "events": side.events,
        "outcomes": dict(zip(names, side.outcomes, strict=True)),
        "rules": dict(sorted(side.rules.items())),
    }


def _tally(tally: Tally, costs: Mapping[str, Cost]) -> dict[str, Any]:
    names = [str(outcome) for outcome in OUTCOMES]
    kinds = range(len(names))
    cost, live_cost = (costs[name].microseconds if name in costs else None for name in (tally.version, tally.live))
    return {
        "version": tally.version,
        "live": tally.live or None,
        "on": tally.on,
        "since": format_instant(tally.since_us),
        "until": format_instant(tally.until_us),
        "events": tally.events,
        "disagreements": tally.disagreements,
        "live_outcomes": {names[live]: sum(tally.cell(live, would) for would in kinds) for live in kinds},
        "would_outcomes": {names[would]: sum(tally.cell(live, would) for live in kinds) for would in kinds},
        "matrix": [
            {"live": names[live], "would": names[would], "events": tally.cell(live, would)}
            for live in kinds
            for would in kinds
            if tally.cell(live, would)
        ],
        "rules": {
            name: {"hits": each.hits, "heavier": each.heavier, "live_hits": each.live}
            for name, each in sorted(tally.rules.items())
        },
        "samples": [
            {"decision_id": decision_id(each.seq), "live": names[each.live], "would": names[each.would]}
            for each in reversed(tally.samples)
        ],
        "cost_us": round(cost, 2) if cost is not None else None,
        "live_cost_us": round(live_cost, 2) if live_cost is not None else None,
    }


def _by(step: StepRecord) -> Mapping[str, str]:
    return {"by": step.name, "key": step.key, "why": step.why}
