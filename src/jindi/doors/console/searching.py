"""One box for everything that has a name: ids, customers, devices, cards, rules, features, lists, incidents.

What somebody types is looked for by its token where it is somebody's number; the number itself reaches no address, no
record and no page. What is not the reader's to see is not found.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jindi.access import Principal
from jindi.cases import case_seq
from jindi.cases.incidents import Incident, incident_seq
from jindi.doors.console.doors import Doors
from jindi.doors.console.source import DecisionFilter, DecisionRow
from jindi.doors.console.view import View, address, is_fit_for_address
from jindi.packs import OUTCOMES, Outcome
from jindi.parties.tally import SEP
from jindi.ports import CaseStoreFailure, LinkStoreFailure
from jindi.run.audit import Audit, NotRecorded
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases.folding import STAFF_PACK
from jindi.run.incidents.desk import Desk as IncidentDesk
from jindi.run.incidents.desk import Query
from jindi.run.links import Desk as LinkDesk
from jindi.run.platform import Platform
from jindi.run.records import APPROVAL_PREFIX, STEP_PREFIX, decision_id, decision_seq
from jindi.run.reveals import Reveals
from jindi.run.watching import Viewer

TEXT_MAX: Final = 128
EVENTS_SHOWN: Final = 10
NAMES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """Something of the name that was looked for. `kind` is an id of `found.`, `more` are further pages about it."""

    kind: str
    name: str
    path: str
    doc: str = ""
    worst: Outcome | None = None
    more: tuple[tuple[str, str], ...] = ()


class SearchPages:
    """The box in the head of each page. `linked` knows who there is, `cases` knows cases, `incidents` knows incidents;
    each may be missing.
    """

    def __init__(
        self, platform: Platform, doors: Doors, audit: Audit, reveals: Reveals, linked: LinkDesk | None,
        cases: CaseDesk | None, incidents: IncidentDesk | None = None,
    ) -> None:  # fmt: skip
        self._platform, self._doors, self._audit, self._reveals = platform, doors, audit, reveals
        self._linked, self._cases, self._incidents = linked, cases, incidents

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/console/search", self._doors.needs("search.find", self.search, is_recorded=False), methods=["POST"])
        ]

    async def search(self, request: Request, view: View) -> Response:
        """What has this name: its page where there is one alone, else all of them."""
        form = await self._doors.form(request)
        assert view.session is not None, "asked before"
        text = form.get("text", "").strip()[:TEXT_MAX]
        if not text:
            return RedirectResponse("/console/decisions", HTTPStatus.SEE_OTHER)
        try:
            actor = self._doors.actor(request, view.session)
            await self._audit.act(actor, "search.find", self._audit.text(text))
        except NotRecorded:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
        hits = [*await self._ids(text, view), *await self._entities(text, view), *self._names(text, view)]
        hits += [*self._titled(text, view), *self._events(text, view)]
        if len(hits) == 1 and not hits[0].more:
            return RedirectResponse(hits[0].path, HTTPStatus.SEE_OTHER)
        return self._doors.pages.show(
            "search.html", view, page=None, hits=hits, status=HTTPStatus.OK if hits else HTTPStatus.NOT_FOUND
        )  # fmt: skip

    # ---- what may have the name

    async def _ids(self, text: str, view: View) -> list[Hit]:
        """What an id names by itself."""
        if text.startswith((APPROVAL_PREFIX, STEP_PREFIX)) and view.may("approvals.read"):
            return [Hit("approval", text, f"/console/approvals/{quote(text, safe='')}")]
        with suppress(ValueError):
            identifier = decision_id(decision_seq(text))
            if view.may("decision.read") and self._doors.seen(view).decision(identifier) is not None:
                return [Hit("decision", identifier, f"/console/decisions/{identifier}")]
        with suppress(ValueError, LookupError, CaseStoreFailure):
            case_seq(text)
            if self._cases is not None and view.may("case.read"):
                await self._cases.one(text)
                return [Hit("case", text, f"/console/cases/{text}")]
        with suppress(ValueError, LookupError):
            incident_seq(text)
            if self._incidents is not None and view.may("incident.read"):
                return [_incident(self._incidents.one(text, _viewer(view)), view)]
        return []

    async def _entities(self, text: str, view: View) -> list[Hit]:
        """Customers, devices, cards: by a plain id, by a token, or by a number in clear, which becomes its token."""
        if self._linked is None or not view.may("entity.read"):
            return []
        who, names = _who(view), []
        for kind in self._linked.kinds():
            with suppress(LookupError):
                name = self._linked.name_of(kind, text)
                if name not in names and self._reveals.may_ask(who, kind, name.partition(SEP)[2]):
                    names.append(name)
        try:
            found = await self._linked.entities(*names)
        except LinkStoreFailure:
            return []
        return [self._entity(name, found[name].worst, found[name].seen, view) for name in names if name in found]

    def _entity(self, name: str, worst: int, seen: int, view: View) -> Hit:
        kind, _, value = name.partition(SEP)
        more = [("found.decisions", address("/console/decisions", text=value))] if is_fit_for_address(value) else []
        if view.may("links.read") and is_fit_for_address(name):
            more.append(("found.links", address("/console/links", start=name)))
        if view.may("cases.read"):
            more.append(("found.cases", address("/console/cases", tab="all", subject=name)))
        path = f"/console/entities/{quote(kind, safe='')}/{quote(value, safe='')}"
        return Hit("entity", f"{kind} {value}", path, view.t("found.seen", n=seen), OUTCOMES[worst], tuple(more))

    def _names(self, text: str, view: View) -> list[Hit]:
        """Policies, rules, features, lists and models whose name or sentence holds the text."""
        definitions, wanted = self._platform.program.definitions, text.casefold()

        def fits(name: str, *docs: str) -> bool:
            return wanted == name.casefold() or (len(wanted) > 1 and any(wanted in each.casefold() for each in docs))

        hits = list[Hit]()
        if view.may("policy.read"):
            for seen in self._doors.seen(view).policies():
                path = f"/console/policies/{quote(seen.policy.id, safe='')}"
                if fits(seen.policy.id, seen.policy.id):
                    hits.append(Hit("policy", seen.policy.id, path, view.words(seen.policy.doc)))
                rules = (rule for rule in seen.policy.rules if fits(rule.id, rule.id, rule.doc.zh, rule.doc.en))
                hits += [Hit("rule", rule.id, f"{path}#{quote(rule.id)}", view.words(rule.doc)) for rule in rules]
        if view.may("features.read"):
            found = (
                each for each in definitions.features.values() if fits(each.name, each.name, each.doc.zh, each.doc.en)
            )
            hits += [Hit("feature", one.name, f"/console/features/{one.name}", view.words(one.doc)) for one in found]
        if view.may("lists.read"):
            lists = (one for one in definitions.lists.values() if one.pack != STAFF_PACK and fits(one.name, one.name))
            hits += [Hit("list", each.name, f"/console/lists/{each.name}", view.words(each.doc)) for each in lists]
        exact = [each for each in hits if each.name.casefold() == wanted]
        return (exact or hits)[:NAMES_SHOWN]

    def _titled(self, text: str, view: View) -> list[Hit]:
        """Incidents in whose title all words stand, those that changed last first. Where an incident hangs together
        with an alert about staff, whoever may not know of that finds nothing.
        """
        words = text.casefold().split()
        if self._incidents is None or len(text) < 2 or not view.may("incidents.read"):
            return []
        everything = Query(show="all", order="last", limit=len(self._platform.incidents.all))
        found, _ = self._incidents.find(everything, _viewer(view))
        fitting = (each for each in found if all(word in each.title.casefold() for word in words))
        return [_incident(each, view) for each in islice(fitting, NAMES_SHOWN)]

    def _events(self, text: str, view: View) -> Iterable[Hit]:
        """Decisions about an event of the sender's own id."""
        if not view.may("decisions.read"):
            return []
        rows = self._doors.seen(view).recent(EVENTS_SHOWN, None, DecisionFilter(text=text))
        return [
            Hit("event", row.decision_id, _path(row), view.event(row.event_type), row.outcome)
            for row in rows
            if row.event_id == text
        ]


def _incident(it: Incident, view: View) -> Hit:
    doc = " · ".join((it.title, view.t(f"incidents.grade.{it.grade}"), view.t(f"incidents.state.{it.state}")))
    return Hit("incident", it.id, f"/console/incidents/{it.id}", doc)


def _viewer(view: View) -> Viewer:
    return Viewer(_who(view).name, view.may("staff_alerts.read"))


def _path(row: DecisionRow) -> str:
    return f"/console/decisions/{row.decision_id}"


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
