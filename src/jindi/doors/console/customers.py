"""The console's page of a customer: all that the platform knows of an entity beside a case, masked, on one page.

Its address names the entity as events do, or by its token. That somebody looked is a record before it is made. Each
panel stands on its own: one that can't be made says so, and the others are there.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jindi.access import ACTIONS, Principal
from jindi.basics.instants import format_instant
from jindi.basics.money import format_minor
from jindi.doors.console.behaviour import Topic, topics_of
from jindi.doors.console.case_lines import CaseLine, line_of
from jindi.doors.console.charts import WIDTH_HALF, Chart, stacked
from jindi.doors.console.doors import Doors
from jindi.doors.console.link_view import entity_path, is_name, short, word_of
from jindi.doors.console.source import DecisionRow
from jindi.doors.console.tables import FORMS, Form, Lines, as_file
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES, Definitions, ListDef, Outcome
from jindi.parties import kind_of
from jindi.parties.rating import Standing, is_overdue
from jindi.parties.tally import SEP
from jindi.ports import (
    ActStoreFailure,
    CaseStoreFailure,
    LinkStoreFailure,
    LogFailure,
    RatingStoreFailure,
    RoleSum,
    RuleHits,
)
from jindi.run.approvals.approvals import Approvals
from jindi.run.approvals.lists import Changing
from jindi.run.audit import Audit, NotRecorded
from jindi.run.cases import Desk as CaseDesk
from jindi.run.customers import Around, Desk
from jindi.run.intake import SUBJECT_ENTITY
from jindi.run.listed import ListEntry, Roster
from jindi.run.listed.roster import is_of_staff
from jindi.run.platform import Platform
from jindi.run.rating import Desk as RatingDesk
from jindi.run.requests import Request as RightsRequest
from jindi.run.reveals import Reveals

PLACE, READ, EXPORT = "/console/entities", "entity.read", "entity.export"
ROWS: Final = 20
SCORES: Final = 60
"""So many of the newest decisions are read for the timeline of scores, and at the most of each page."""

SCORE_AXIS = 10
"""The axis of scores reaches at least here: where there are no points, no bar looks like one."""

DAYS: Final = 60
HITS: Final = 20
CASES: Final = 20
BEHIND_TOLD: Final = 1_000
CSV_HEAD: Final = ("panel", "name", "detail", "value", "first", "last")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Activity:
    """What an entity did: its newest decisions, days, roles and rules. `newest` are those of the timeline."""

    newest: tuple[DecisionRow, ...]
    rows: tuple[DecisionRow, ...]
    older: int | None
    days: list[tuple[Any, tuple[int, ...]]]
    sums: Sequence[RoleSum]
    hits: Sequence[RuleHits]

    @property
    def counts(self) -> tuple[int, ...]:
        """How the days' decisions came out, in the order of outcomes."""
        return tuple(sum(counts[n] for _, counts in self.days) for n in range(len(OUTCOMES)))

    @property
    def first_us(self) -> int | None:
        """When the entity was first seen."""
        return min((each.first_us for each in self.sums), default=None)

    @property
    def last_us(self) -> int | None:
        """When it was last seen."""
        return max((each.last_us for each in self.sums), default=None)

    @property
    def waiting(self) -> int:
        """How many of the newest decisions still wait for an answer."""
        return sum(each.status == "pending" for each in self.newest)

    @property
    def exempted(self) -> tuple[DecisionRow, ...]:
        """Those of the newest whose outcome was lifted by an exemption."""
        return tuple(each for each in self.newest if each.exempted)


@dataclass(frozen=True, slots=True)
class Membership:
    """A list on which the entity stands or stood. `by` is what stands there: the entity itself, or what it has."""

    definition: ListDef
    entry: ListEntry


@dataclass(frozen=True, slots=True)
class Whole:
    """All that the page tells. A panel that could not be made is None."""

    kept: list[tuple[str, str, str | None]]
    mask: str | None
    topics: list[Topic]
    activity: Activity | None
    around: list[Around] | None
    cases: list[CaseLine] | None
    lists: list[Membership]
    pending: list[tuple[str, str]]
    requests: list[RightsRequest] | None
    standing: Standing | None = None


class CustomerPages:
    """The pages over the entities of one platform. Panels whose desk is not given are not shown."""

    def __init__(
        self, platform: Platform, doors: Doors, audit: Audit, reveals: Reveals, *, desk: Desk | None = None,
        casework: CaseDesk | None = None, approvals: Approvals | None = None, roster: Roster | None = None,
        ratings: RatingDesk | None = None,
    ) -> None:  # fmt: skip
        self._platform, self._doors, self._audit, self._reveals = platform, doors, audit, reveals
        self._desk, self._casework, self._approvals, self._roster = desk, casework, approvals, roster
        self._ratings = ratings

    def routes(self) -> list[Route]:
        """The table of routes."""
        needs = self._doors.needs
        return [
            *(
                Route(
                    f"{PLACE}.{form}/{{key}}/{{value:path}}",
                    needs(EXPORT, partial(self.export, form), is_recorded=False),
                )
                for form in FORMS
            ),
            Route(f"{PLACE}/{{key}}/{{value:path}}", needs(READ, self.page)),
        ]

    # ---- the page

    async def page(self, request: Request, view: View) -> Response:
        """One entity as of now."""
        key, value = request.path_params["key"], request.path_params["value"]
        if self._platform.is_clear(key, value):
            return self._doors.clear(view)
        before, outcome, unknown = _asked(request)
        name = self._name(key, value)
        whole = await self._whole(view, key, value, name, before, outcome)
        activity = whole.activity
        return self._doors.pages.show(
            "customer.html", view, page="customer", key=key, value=value, name=name, it=whole, activity=activity,
            is_fit_name=is_name(name), as_of_us=self._platform.asked_at_us, before=before, outcome_asked=outcome,
            unknown=unknown, has_desk=self._desk is not None, has_links=self._desk is not None and self._desk.has_links,
            has_cases=self._casework is not None, path=self._path(key, value), behind=self._behind(),
            is_stale=self._desk is not None and self._desk.problem is not None,
            keep_days=0 if self._desk is None else self._desk.keep_us // 86_400_000_000,
            chart=None if activity is None else _days_chart(view, activity),
            scores=None if activity is None or not activity.newest else _scores_chart(view, activity.newest),
            may_reveal=view.may("vault.reveal") and bool(whole.kept), open_cases=_open(whole.cases),
            word=partial(word_of, view), short=short, kind_of=kind_of, entity_path=entity_path, sums=_by_currency,
            is_name=is_name, label_events=_label_events(self._platform.program.definitions),
            may_export=view.may(EXPORT), level=self._level(view, whole.standing),
            is_review_late=whole.standing is not None and is_overdue(whole.standing, self._platform.now_us()),
            query={"outcome": outcome},
        )  # fmt: skip

    def _level(self, view: View, standing: Standing | None) -> str:
        """The level that counts, in words."""
        if self._ratings is None or standing is None:
            return ""
        scheme = self._ratings.scheme
        found = None if scheme is None else scheme.level(standing.effective)
        return view.t("kyc.level.none") if found is None else view.words(found.doc)

    def _path(self, key: str, value: str) -> str:
        return f"{PLACE}/{quote(key, safe='')}/{quote(value, safe='')}"

    def _name(self, key: str, value: str) -> str:
        return f"{key}{SEP}{value}" if self._desk is None else self._desk.name_of(key, value)

    def _behind(self) -> int:
        if self._desk is None:
            return 0
        with suppress(ActStoreFailure):
            behind = self._desk.behind
            return behind if behind >= BEHIND_TOLD else 0
        return 0

    async def _whole(
        self, view: View, key: str, value: str, name: str, before: int | None, outcome: str
    ) -> Whole:  # fmt: skip
        """All of it. Raises 404 for whom nothing is known of, or who is not for these eyes."""
        who = _who(view)
        if not self._reveals.may_ask(who, key, value):
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_entity")
        try:
            features = self._platform.entity_features(key, value)
        except LookupError:
            features = {}
        kept = await self._reveals.kept(who, value)
        activity = await _made(partial(self._activity, view, name, before, outcome)) if self._desk else None
        if not features and not kept and (activity is None or not activity.sums):
            raise HTTPException(HTTPStatus.NOT_FOUND, "error.no_entity")
        desk = self._desk
        return Whole(
            kept=kept, mask=await self._reveals.mask(who, value),
            topics=topics_of(features, self._platform.program.definitions, view), activity=activity,
            around=await _made(partial(desk.around, name)) if desk is not None else None,
            cases=await _made(partial(self._cases, view, name)), lists=await self._lists(view, name),
            pending=self._pending(view, value), requests=self._requests(view, value),
            standing=await _made(partial(self._standing, view, key, value)),
        )  # fmt: skip

    async def _activity(self, view: View, name: str, before: int | None, outcome: str) -> Activity:
        desk, seen = self._desk, self._doors.seen(view)
        assert desk is not None, "asked before"
        every = tuple(range(len(OUTCOMES)))
        newest = seen.rows_of(await desk.records(await desk.places(name, every, None, SCORES)))
        asked = every if not outcome else (OUTCOMES.index(Outcome(outcome)),)
        places = await desk.places(name, asked, before, ROWS + 1)
        rows = seen.rows_of(await desk.records(places[:ROWS]))
        return Activity(
            tuple(newest), tuple(rows), places[ROWS - 1] if len(places) > ROWS else None, await desk.days(name, DAYS),
            await desk.sums(name), await desk.hits(name, HITS),
        )  # fmt: skip

    async def _standing(self, view: View, key: str, value: str) -> Standing | None:
        """How a customer is rated, for those who may see it."""
        if self._ratings is None or key != SUBJECT_ENTITY or not view.may("kyc.read"):
            return None
        return await self._ratings.standing(value)

    async def _cases(self, view: View, name: str) -> list[CaseLine]:
        """The newest cases about the entity, open and closed, for those who may see them."""
        if self._casework is None or not view.may("cases.read"):
            return []
        query = self._casework.query(subject=name, order="opened", descending=True, limit=CASES)
        found, _ = await self._casework.find(query)
        return [line_of(each, view, self._casework.typologies, has_entities=True) for each in found]

    async def _lists(self, view: View, name: str) -> list[Membership]:
        """The lists on which the entity stands or stood, as far as today's rules ask them for such entities; those
        about staff only for whoever may know of them.
        """
        if self._roster is None or not view.may("list.read"):
            return []
        await self._roster.catch_up()
        kind, _, value = name.partition(SEP)
        found = []
        for listed in _lists_of(self._platform.program.definitions, kind):
            if is_of_staff(listed) and not view.may("staff_alerts.read"):
                continue
            with suppress(LookupError):
                found.append(Membership(listed, self._roster.entry(listed.name, value)))
        return found

    def _pending(self, view: View, value: str) -> list[tuple[str, str]]:
        """Operations about the entity that wait for a second person: what, and their ids."""
        approvals, found = self._approvals, list[tuple[str, str]]()
        if approvals is None or not view.may("approvals.read"):
            return found
        customer = self._platform.customer(value)
        for entry, state in approvals.entries():
            operation = approvals.kinds.get(entry.asked.what)
            if state not in ("open", "approved") or operation is None:
                continue
            kept = operation.unpack(entry.asked.payload)
            is_listed = isinstance(operation, Changing) and any(each.value == value for each in kept.entries)
            if is_listed or operation.about(kept) == customer:
                found.append((_what(view, entry.asked.what), entry.id))
        return found

    def _requests(self, view: View, value: str) -> list[RightsRequest] | None:
        """The person's requests about his data; None for whoever may not read those."""
        if not view.may("subjects.read"):
            return None
        names = {value, self._platform.customer(value)}
        return [each for each in self._platform.requests.listed if each.subject in names]

    # ---- taking it away

    async def export(self, form: Form, request: Request, view: View) -> Response:
        """What the page shows, as a file. That it is taken away is recorded first, with how many rows."""
        key, value = request.path_params["key"], request.path_params["value"]
        if self._platform.is_clear(key, value):
            return self._doors.clear(view)
        name = self._name(key, value)
        assert view.session is not None, "asked before"
        actor, on = self._doors.actor(request, view.session), self._audit.subject(key, value)
        try:
            if not view.may(READ):
                await self._audit.act(actor, READ, on, allowed=False)
                raise HTTPException(HTTPStatus.FORBIDDEN, "error.forbidden.not_permitted")
            whole = await self._whole(view, key, value, name, None, "")
            lines = list(_lines(whole))
            await self._audit.act(actor, EXPORT, on, rows=len(lines))
        except NotRecorded:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "error.not_recorded") from None
        return as_file(form, view, "customer", CSV_HEAD, _once(lines))


async def _once(lines: Sequence[Sequence[str]]) -> Lines:
    yield lines


def _lines(whole: Whole) -> Iterator[tuple[str, str, str, str, str, str]]:
    """The panels as rows of one table. No clear text: what the page masks is masked here."""
    for kind, token, masked in whole.kept:
        yield "kept", kind, token, masked or "", "", ""
    for topic in whole.topics:
        for figure in topic.figures:
            for each in figure.readings:
                yield "feature", each.name, each.over, each.text, "", ""
    if whole.activity is not None:
        yield from _of_activity(whole.activity)
    for around in whole.around or ():
        for one in around.neighbours:
            link, shared = one.near.link, f"shared={one.shared}{'' if one.is_all else '+'}"
            seen = _instants(link.first_us, link.last_us)
            yield "near", one.near.other.name, shared, str(link.seen), *seen
    for line in whole.cases or ():
        yield "case", line.case.id, line.case.typology, f"{line.case.state} {line.case.verdict}".strip(), "", ""
    for member in whole.lists:
        ends = member.entry.expires_us
        yield "list", member.definition.name, member.definition.colour, member.entry.state, "", (
            "" if ends is None else format_instant(ends)
        )  # fmt: skip
    for what, identifier in whole.pending:
        yield "pending", what, identifier, "", "", ""
    for request in whole.requests or ():
        yield "request", request.id, request.right, request.state, request.received.isoformat(), request.due.isoformat()


def _of_activity(activity: Activity) -> Iterator[tuple[str, str, str, str, str, str]]:
    for day, counts in activity.days:
        for outcome, count in zip(OUTCOMES, counts, strict=True):
            if count:
                yield "day", day.isoformat(), outcome.value, str(count), "", ""
    for each in activity.sums:
        money = " ".join(f"{format_minor(minor, currency)} {currency}" for currency, minor in each.money)
        yield (
            "role",
            each.event_type,
            each.role,
            f"{each.seen} {money}".strip(),
            *_instants(each.first_us, each.last_us),
        )
    for hit in activity.hits:
        yield "rule", hit.rule, hit.policy, str(hit.hits), *_instants(hit.first_us, hit.last_us)
    for row in activity.newest:
        detail = " ".join((row.outcome.value, str(row.score), *row.rules))
        yield "decision", row.decision_id, row.event_type, detail, format_instant(row.at_us), ""


def _instants(first_us: int, last_us: int) -> tuple[str, str]:
    return format_instant(first_us), format_instant(last_us)


async def _made(make: Callable[[], Awaitable[T]]) -> T | None:
    """A panel; None when what it stands on can't be read now."""
    try:
        return await make()
    except (ActStoreFailure, CaseStoreFailure, LinkStoreFailure, RatingStoreFailure, LogFailure, LookupError):
        return None


def _asked(request: Request) -> tuple[int | None, str, list[str]]:
    """Page and filter of an address, and what of it means nothing."""
    before, outcome = request.query_params.get("before", ""), request.query_params.get("outcome", "")
    unknown = []
    if outcome and outcome not in {each.value for each in OUTCOMES}:
        outcome, unknown = "", ["outcome"]
    is_place = before.isascii() and before.isdecimal() and len(before) <= 18
    return (int(before) if is_place else None), outcome, unknown


def _lists_of(definitions: Definitions, kind: str) -> list[ListDef]:
    """The lists that today's rules ask for such entities."""
    asked: dict[str, None] = {}
    for policy in definitions.policies:
        fields = {
            field.name: field.same_as or field.entity or "" for field in definitions.events[policy.on].fields
        }  # fmt: skip
        conditions = [rule.when for rule in policy.rules] + [exemption.when for exemption in policy.exemptions]
        for when in conditions:
            for text in when.inputs:
                field, found, rest = text.partition(" in list('")
                if found and fields.get(field) == kind:
                    asked[rest.removesuffix("')")] = None
    return [definitions.lists[name] for name in asked if name in definitions.lists]


def _label_events(definitions: Definitions) -> frozenset[str]:
    """The event types that say how something turned out."""
    return frozenset(word.event for label in definitions.labels.values() for word in label.words)


def _what(view: View, kind: str) -> str:
    """A kind of operation in words, where it is an action that people know."""
    return view.action(ACTIONS[kind]) if kind in ACTIONS else kind


def _open(cases: Sequence[CaseLine] | None) -> int:
    return sum(each.case.state == "open" for each in cases or ())


def _by_currency(sums: Sequence[RoleSum]) -> Mapping[str, int]:
    """What all roles' allowed decisions were about, by currency."""
    found: dict[str, int] = {}
    for each in sums:
        for currency, minor in each.money:
            found[currency] = found.get(currency, 0) + minor
    return found


def _days_chart(view: View, activity: Activity) -> Chart:
    labels = [day.strftime("%m-%d") for day, _ in activity.days]
    stacks = [
        [(outcome.value, float(count)) for outcome, count in zip(OUTCOMES, counts, strict=True)]
        for _, counts in activity.days
    ]
    titles = [
        f"{day.isoformat()} · "
        + (", ".join(f"{view.t('outcome.' + o.value)} {n}" for o, n in zip(OUTCOMES, counts, strict=True) if n) or "0")
        for day, counts in activity.days
    ]
    return stacked(labels, stacks, titles)


def _scores_chart(view: View, newest: Sequence[DecisionRow]) -> Chart:
    """The scores of the newest decisions, the oldest of them first, each in the colour of its outcome."""
    rows = newest[::-1]
    days = [view.at(row.at_us)[5:10] for row in rows]
    labels = [day if n == 0 or day != days[n - 1] else "" for n, day in enumerate(days)]
    # A decision without points is told by a thin bar all the same: its outcome is what matters.
    least = max(max((row.score for row in rows), default=0), SCORE_AXIS) / 60
    stacks = [[(row.outcome.value, float(row.score) if row.score > least else least)] for row in rows]
    titles = [f"{view.at(row.at_us)} · {view.t('outcome.' + row.outcome.value)} · {row.score}" for row in rows]
    return stacked(labels, stacks, titles, width=WIDTH_HALF, least=SCORE_AXIS)


def _who(view: View) -> Principal:
    assert view.session is not None, "asked before"
    return view.session.principal
