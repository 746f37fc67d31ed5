"""The console's pages about versions: what is saved, watched, proposed and in force, and the forms that change it.

Every form is an ordinary one: it works without a script, carries the session's token, and ends in a redirect.
"""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import Session
from jindi.basics.problems import Problems
from jindi.doors.console.doors import Doors, Shown
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES, case_called
from jindi.run.backtest.trials import Trials
from jindi.run.platform import NotNow
from jindi.run.versions import Proposal, Tally, Version
from jindi.run.versions.desk import Declined, Desk, Person
from jindi.run.versions.taking_up import may_take_up
from jindi.run.versions.tallies import SideTally

Act = Callable[[Person, View, dict[str, str], Request], Awaitable[str]]
"""What a form does; answers the address of the page that comes next."""

CONFIRM = "confirm."
DONE = ("shadowed", "retired", "proposed", "approved", "rejected", "rolled_back")


SHAPE: Final = Shape[Version](
    "versions", "/console/policies", "policies.read",
    (
        Column("version", "col.version", lambda each: each.name),
        Column("policy", "policies.policy", lambda each: each.id, chosen=True),
        Column(
            "event", "col.type", lambda each: each.on, chosen=True, said=lambda view, name: view.event(name)
        ),
        Column(
            "state", "col.status", lambda each: each.state, chosen=True, searched=False,
            said=lambda view, state: view.t(f"state.{state}"),
        ),
        Column("since", "col.since", lambda each: each.since_us or None, kind="time", searched=False),
    ),
    key=lambda each: each.name, export="definitions.export", order="-since",
)  # fmt: skip


class VersionPages:
    """The pages and forms over one desk."""

    def __init__(self, desk: Desk, doors: Doors, trials: Trials | None = None) -> None:
        self._desk, self._trials = desk, trials
        self._pages, self._needs, self._form = doors.pages, doors.needs, doors.form
        self._table = Table(SHAPE, doors, self._rows)
        doors.pages.calls(
            lambda name, pack: case_called(desk.platform.program.definitions.case_words, name, pack)
        )  # fmt: skip

    def routes(self) -> list[Route]:
        """The table of routes."""

        def post(path: str, act: Act, action: str) -> Route:
            # A step that is taken is a record itself; one that nobody may take is an action that was refused.
            return Route(path, self._needs(action, self._doing(act), is_recorded=False), methods=["POST"])

        return [
            *self._table.routes(),
            Route("/console/drafts", self._needs("drafts.read", self.drafts)),
            post("/console/drafts/propose", self._propose, "version.propose"),
            post("/console/drafts/shadow", self._shadow, "version.shadow"),
            Route("/console/proposals/{id}", self._needs("proposal.read", self.proposal)),
            post("/console/proposals/{id}/approve", self._approve, "version.approve"),
            post("/console/proposals/{id}/reject", self._reject, "version.reject"),
            Route("/console/versions/{version}", self._needs("version.read", self.version)),
            post("/console/versions/{version}/retire", self._retire, "version.retire"),
            post("/console/rollback", self._roll_back, "version.roll_back"),
        ]

    # ---- pages

    async def _rows(self, _: View) -> Sequence[Version]:
        return self._desk.versions()

    async def overview(self, request: Request, view: View) -> dict[str, Any]:
        """What the list of policies shows of versions."""
        proposals = self._desk.proposals()
        versions = self._desk.versions()
        by_policy: dict[str, list[Any]] = {}
        for each in versions:
            by_policy.setdefault(each.id, []).append(each)
        return {
            **self._common(request, view),
            "versions": by_policy,
            "t": await self._table.listed(request, view),
            "open": [each for each in proposals if each.state == "open"],
            "past": [each for each in proposals if each.state != "open"][:20],
            "saved": [each for each in versions if each.state == "draft"],
            "before": self._desk.platform.ledger.previous() if self._desk.takes_proposals else None,
            "mode": self._desk.platform.settings.changes,
        }

    async def drafts(self, request: Request, view: View) -> Response:
        """What the saved files would put in force."""
        try:
            review = await self._desk.preview()
        except Problems as error:
            return self._refused(view, self._told(view, error), HTTPStatus.UNPROCESSABLE_ENTITY)
        saved = [each for each in self._desk.versions() if each.state == "draft"]
        common = self._common(request, view)
        return self._pages.show(
            "drafts.html", view, page="policies", review=review, saved=saved,
            mode=self._desk.platform.settings.changes, **common,
        )  # fmt: skip

    async def proposal(self, request: Request, view: View) -> Response:
        """One proposal: who, why, what it changes, and the forms that end it."""
        try:
            proposal = self._desk.proposal(request.path_params["id"])
        except LookupError:
            text = view.t("error.no_proposal", id=request.path_params["id"][:64])
            return self._refused(view, [text], HTTPStatus.NOT_FOUND)
        review = await self._desk.review(proposal)
        common = self._common(request, view)
        return self._pages.show(
            "proposal.html", view, page="policies", proposal=proposal, review=review,
            edited=self._desk.is_edited(proposal), is_own=self._is_own(view.session, proposal),
            may_take_up=self._may_take_up(view, proposal),
            trials=self._trials.all_of(proposal.digest) if self._trials is not None else (), **common,
        )  # fmt: skip

    async def version(self, request: Request, view: View) -> Response:
        """One version: its life, how it differs from the live one, and what it would have done."""
        name: str = request.path_params["version"]
        try:
            seen = await self._desk.inspect(name)
        except Problems as error:
            return self._refused(view, self._told(view, error), HTTPStatus.UNPROCESSABLE_ENTITY)
        if seen is None:
            return self._refused(view, [view.t("error.no_version", id=name[:80])], HTTPStatus.NOT_FOUND)
        watched = self._desk.platform.watched
        costs = self._desk.platform.measures.costs
        common = self._common(request, view)
        return self._pages.show(
            "version.html", view, page="policies", seen=seen, may_retire=self._may_retire(name),
            tallies=[TallyView(each) for each in reversed(watched.tallies) if each.version == name],
            sides=_sides([each for each in reversed(watched.sides) if name in (each.version, each.other)]),
            costs={each: costs[each].microseconds for each in costs}, **common,
        )  # fmt: skip

    def _common(self, request: Request, view: View) -> dict[str, Any]:
        done = request.query_params.get("done")
        return {
            "done": done if done in DONE else None,
            "may_write": view.may("version.propose"),
            "may_approve": view.may("version.approve"),
            "is_approved_mode": self._desk.is_approved_mode,
            "takes_proposals": self._desk.takes_proposals,
            "is_alone": self._desk.is_alone,
            "bench": self._trials is not None,
        }

    def _is_own(self, session: Session | None, proposal: Proposal) -> bool:
        return session is not None and _person(session).did(proposal.step.record)

    def _may_take_up(self, view: View, proposal: Proposal) -> bool:
        if self._trials is None or view.session is None or not view.may("draft.save"):
            return False
        return may_take_up(proposal, _person(view.session))

    def _may_retire(self, version: str) -> bool:
        mark = version.rpartition("@")[2]
        return any(mark in path and "policies/shadow/" in path for path in self._desk.platform.aside)

    # ---- forms

    def _doing(self, act: Act) -> Shown:
        """A form's handler: checked, done, and then the page that it says; or why it was declined."""

        async def handler(request: Request, view: View) -> Response:
            form = await self._form(request)
            assert view.session is not None, "asked before"
            try:
                target = await act(_person(view.session), view, form, request)
            except Declined as error:
                return self._refused(view, [error.zh if view.lang == "zh" else error.en], HTTPStatus.CONFLICT)
            except Problems as error:
                return self._refused(view, self._told(view, error), HTTPStatus.UNPROCESSABLE_ENTITY)
            except NotNow as error:
                return self._refused(view, [self._pages.told(view, str(error))], HTTPStatus.SERVICE_UNAVAILABLE)
            except LookupError as error:
                return self._refused(view, [self._pages.told(view, str(error))], HTTPStatus.NOT_FOUND)
            return RedirectResponse(target, HTTPStatus.SEE_OTHER)

        return handler

    async def _shadow(self, person: Person, _: View, form: dict[str, str], __: Request) -> str:
        version = await self._desk.shadow(person, form.get("policy", ""), why=form.get("why", ""))
        return f"/console/versions/{quote(version)}?done=shadowed"

    async def _propose(self, person: Person, _: View, form: dict[str, str], __: Request) -> str:
        proposal = await self._desk.propose(person, why=form.get("why", ""))
        return f"/console/proposals/{proposal.id}?done=proposed"

    async def _approve(self, person: Person, _: View, form: dict[str, str], request: Request) -> str:
        identifier: str = request.path_params["id"]
        confirm = [name.removeprefix(CONFIRM) for name in form if name.startswith(CONFIRM)]
        await self._desk.approve(
            person, identifier, why=form.get("why", ""), confirm=confirm, digest=form.get("digest", "")
        )  # fmt: skip
        return f"/console/proposals/{identifier}?done=approved"

    async def _reject(self, person: Person, view: View, form: dict[str, str], request: Request) -> str:
        identifier: str = request.path_params["id"]
        may_reject = view.may("version.approve")
        await self._desk.reject(person, identifier, why=form.get("why", ""), may_reject=may_reject)
        return f"/console/proposals/{identifier}?done=rejected"

    async def _retire(self, person: Person, _: View, form: dict[str, str], request: Request) -> str:
        version: str = request.path_params["version"]
        await self._desk.retire(person, version, why=form.get("why", ""))
        return f"/console/versions/{quote(version)}?done=retired"

    async def _roll_back(self, person: Person, _: View, form: dict[str, str], __: Request) -> str:
        await self._desk.roll_back(person, form.get("policy") or None, why=form.get("why", ""))
        return "/console/policies?done=rolled_back"

    def _told(self, view: View, error: Problems) -> list[str]:
        return [self._pages.problem(view, each) for each in error.problems]

    def _refused(self, view: View, told: Sequence[str], status: HTTPStatus) -> Response:
        return self._pages.show("refused.html", view, status=int(status), page="policies", told=told, code=int(status))


class TallyView:
    """A tally as its page shows it: outcomes side by side, the matrix, rules by what they add."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        kinds = range(len(OUTCOMES))
        self.outcomes = [
            (
                OUTCOMES[kind],
                sum(tally.cell(kind, would) for would in kinds),
                sum(tally.cell(live, kind) for live in kinds),
            )
            for kind in kinds
        ]
        self.outcomes = [each for each in self.outcomes if each[1] or each[2]]
        used = [kind for kind in kinds if any(tally.cell(kind, other) or tally.cell(other, kind) for other in kinds)]
        self.kinds = [OUTCOMES[kind] for kind in used]
        self.matrix = [(OUTCOMES[live], [(live, would, tally.cell(live, would)) for would in used]) for live in used]
        self.rules = sorted(tally.rules.items(), key=lambda each: (-each[1].heavier, -each[1].hits, each[0]))
        self.samples = [(each.seq, OUTCOMES[each.live], OUTCOMES[each.would]) for each in reversed(tally.samples)]


def _sides(sides: list[SideTally]) -> list[tuple[SideTally, float, list[tuple[Any, int]]]]:
    """Each side with its share of the events and the outcomes that occurred, the newest first and then the champion."""
    began = {_split_of(each): each.since_us for each in sides}
    used = [kind for kind in range(len(OUTCOMES)) if any(each.outcomes[kind] for each in sides)]
    return [
        (
            each,
            (each.share_ppm if each.side else 1_000_000 - each.share_ppm) / 1_000_000,
            [(OUTCOMES[kind], each.outcomes[kind]) for kind in used],
        )
        for each in sorted(sides, key=lambda each: (-began[_split_of(each)], each.side))
    ]


def _split_of(side: SideTally) -> tuple[frozenset[str], int, str]:
    """What both sides of a split have in common."""
    return frozenset((side.version, side.other)), side.share_ppm, side.seed


def _person(session: Session) -> Person:
    return Person("", session.who, session.principal.marks)
