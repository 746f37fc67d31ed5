"""Where people work incidents: every step is looked at, journalled, and only then taken.

Whether somebody may take steps at all is asked at the doors. Who may see an incident that hangs together with an alert
about staff is asked here: never the suspect, nor his line.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from jindi.basics.digests import canonical
from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import day_of
from jindi.cases.case import Taken, case_seq
from jindi.cases.incidents import (
    Clock,
    Incident,
    incident_id,
    incident_seq,
    opened,
    rank_of_grade,
    stepped,
)
from jindi.cases.incidents_clocks import Coming, Rules, Suggestion, begun, coming, rules_on, suggested
from jindi.cases.incidents_refusing import Refusal, refusal, texts_of
from jindi.cases.incidents_steps import (
    Appoint,
    Close,
    Entry,
    Link,
    Open,
    Step,
    Task,
    Tie,
    pack_step,
    unpack_step,
    verb_of,
)
from jindi.packs import Grade, IncidentKind, PlanDef
from jindi.run.archive import Outdated
from jindi.run.audit import Actor, NotRecorded
from jindi.run.cases import Desk as CaseDesk
from jindi.run.lane import Busy, Stopped
from jindi.run.records import INCIDENT, IncidentRecord, decision_seq
from jindi.run.watching import Sight, Viewer
from jindi.run.watching.sight import NOBODY

if TYPE_CHECKING:
    from jindi.run.platform import Platform

ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Where the days of rules begin."""

Order = Literal["due", "grade", "opened", "last"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)

Show = Literal["working", "open", "contained", "resolved", "closed", "all"]
SHOWS: Final[tuple[Show, ...]] = get_args(Show)
"""Which incidents are asked for; `working` are all that are not closed."""

_FAR_US: Final = 1 << 62


class Declined(Exception):  # noqa: N818 - what a person is told
    """A step can't be taken as things stand, and nothing was changed. `code` names why; the doors have the words."""

    def __init__(self, code: "Refusal | str", incident: Incident | None = None) -> None:
        self.code, self.incident = code, incident
        super().__init__(code)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents are asked for, in which order. `late`: with a report that should have been sent by now; `drill`
    None: drills and others alike. Opened from one instant on, and before another.
    """

    show: Show = "working"
    grade: Grade | None = None
    kind: IncidentKind | None = None
    late: bool = False
    drill: bool | None = None
    opened_from_us: int | None = None
    opened_until_us: int | None = None
    order: Order = "due"
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of an incident's story. `at_us` is when it happened, as whoever wrote it says; `recorded_us` when he
    did.
    `clocks` are those that it set going, or moved.
    """

    seq: int
    at_us: int
    recorded_us: int
    name: str
    verb: str
    step: Step
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """An incident in full: its story (the newest first), what is still to come, what the figures suggest, the plans."""

    incident: Incident
    story: tuple[Happened, ...]
    coming: tuple[Coming, ...]
    suggestion: Suggestion
    plans: tuple[PlanDef, ...]
    rules: Rules


class Desk:
    """The incidents of one platform, as people see them and work them."""

    def __init__(
        self, platform: "Platform", people: Callable[[], Iterable[str]] = tuple, casework: CaseDesk | None = None
    ) -> None:
        """`people` are the names of all who work incidents; `casework` knows whether there is a case."""
        self._platform, self.people, self._casework = platform, people, casework
        self._step, self._sight = asyncio.Lock(), Sight(platform)

    # ---- looking

    def now_us(self) -> int:
        """The platform's clock."""
        return self._platform.now_us()

    def rules(self) -> Rules:
        """What is said of incidents today."""
        return rules_on(self._platform.program.definitions, day_of(self.now_us(), ZONE))

    def may_see(self, viewer: Viewer, incident: Incident) -> bool:
        """Whether somebody may know of an incident: of each alert about staff that it hangs together with."""
        return all(self._may_see(viewer, each) for each in incident.alerts)

    def _may_see(self, viewer: Viewer, decision: str) -> bool:
        archive = self._platform.archive
        try:
            record = archive.decision(decision_seq(decision))
            event = archive.program(record.definitions).events[record.event_type].event
        except (LookupError, ValueError, Outdated):
            return False
        return self._sight.may_see(viewer, event, record.values)

    def all(self, viewer: Viewer) -> list[Incident]:
        """All that somebody may see, the newest first."""
        return [each for each in self._platform.incidents.newest() if self.may_see(viewer, each)]

    def find(self, query: Query, viewer: Viewer) -> tuple[list[Incident], int]:
        """Some incidents, in order, and how many there are of the kind."""
        now_us = self.now_us()
        found = [each for each in self.all(viewer) if _fits(each, query, now_us)]
        found.sort(key=lambda each: _rank(each, query.order))
        return found[query.offset : query.offset + query.limit], len(found)

    def one(self, identifier: str, viewer: Viewer) -> Incident:
        """An incident by its id. Raises LookupError, also where somebody may not know of it."""
        try:
            incident_seq(identifier)
        except ValueError as error:
            raise LookupError(str(error)) from None
        found = self._platform.incidents.all.get(identifier)
        if found is None or not self.may_see(viewer, found):
            raise LookupError("there is no incident of this id")
        return found

    async def page(self, identifier: str, viewer: Viewer) -> Page:
        """An incident in full. Raises LookupError."""
        incident, rules = self.one(identifier, viewer), self.rules()
        plans = self._platform.program.definitions.plans.values()
        return Page(
            incident, await asyncio.to_thread(self._story, incident), coming(incident, rules),
            suggested(incident.kind, incident.impact, incident.profiles, rules),
            tuple(each for each in plans if each.kind == incident.kind), rules,
        )  # fmt: skip

    def plans(self) -> Sequence[PlanDef]:
        """The plans of all kinds."""
        return tuple(self._platform.program.definitions.plans.values())

    def _story(self, incident: Incident) -> tuple[Happened, ...]:
        """What happened, the newest first. What waits for the disk is not told yet."""
        archive, durable = self._platform.archive, self._platform.archive.log.next_seq()
        found: list[Happened] = []
        for seq in incident.steps:
            record = archive.record(seq) if 0 <= seq < durable else None
            if isinstance(record, IncidentRecord):
                step = unpack_step(record.body)
                clocks = msgspec.json.decode(record.clocks, type=tuple[Clock, ...])
                at_us = _own_time(step, record.received_us)
                found.append(Happened(seq, at_us, record.received_us, record.name, record.verb, step, clocks))
        return tuple(sorted(found, key=lambda each: (each.at_us, each.seq), reverse=True))

    # ---- working

    async def open(self, actor: Actor, step: Open, viewer: Viewer) -> Incident:
        """Open an incident. Raises Declined or NotRecorded; then there is none."""
        async with self._step:
            step = msgspec.structs.replace(step, links=tuple(self._link(each, viewer) for each in step.links))
            self._refuse(None, step, actor.name, None, leads=False)
            by = Taken(actor.name, self.now_us())
            after = opened(-1, step, by)
            seq = await self._journal(actor, "", step, by, begun(None, after, step, by, self.rules()))
            return self._platform.incidents.all[incident_id(seq)]

    async def take(
        self, actor: Actor, identifier: str, step: Step, viewer: Viewer, *, seen: int | None = None,
        leads: bool = False,
    ) -> Incident:  # fmt: skip
        """Take a step with an incident: how it stands afterwards.

        `seen` is the version that was looked at, `leads` lets lead incidents without a post in them. Raises
        LookupError, Declined, or NotRecorded; then nothing was changed.
        """
        async with self._step:
            incident = self.one(identifier, viewer)
            if isinstance(step, Tie) and not step.off:
                step = Tie(self._link(step.link, viewer))
            self._refuse(incident, step, actor.name, seen, leads=leads)
            if isinstance(step, Close) and not step.approval and self.takes_two(incident):
                raise Declined("takes_two", incident)
            by = Taken(actor.name, self.now_us())
            after = stepped(incident, step, by)
            await self._journal(actor, incident.id, step, by, begun(incident, after, step, by, self.rules()))
            return self._platform.incidents.all[incident.id]

    def takes_two(self, incident: Incident) -> bool:
        """Whether closing it takes a second person here."""
        return incident.takes_two and self._platform.settings.four_eyes

    def check(self, incident: Incident, step: Step) -> None:
        """Whether a step could be taken by whoever leads. Raises Declined."""
        self._refuse(incident, step, "", None, leads=True)

    def at_once(self, identifier: str) -> Incident | None:
        """An incident by its id, whoever asks: for what two people were asked about it."""
        return self._platform.incidents.all.get(identifier)

    async def close_approved(self, actor: Actor, identifier: str, step: Close) -> None:
        """Close an incident as two people have agreed, who both saw it. Raises as `take`."""
        assert step.approval, "the operation is named"
        async with self._step:
            incident = self._platform.incidents.all[identifier]
            self._refuse(incident, step, actor.name, None, leads=True)
            await self._journal(actor, identifier, step, Taken(actor.name, self.now_us()), ())

    async def _journal(
        self, actor: Actor, identifier: str, step: Step, by: Taken, clocks: Sequence[Clock]
    ) -> int:  # fmt: skip
        record = IncidentRecord(
            INCIDENT, by.at_us, actor.key, actor.name, identifier, verb_of(step), pack_step(step),
            canonical(msgspec.to_builtins(tuple(clocks))), actor.door, actor.place, actor.request, actor.standing,
        )  # fmt: skip
        try:
            return await self._platform.incident_step(record)
        except (Busy, Stopped) as error:
            raise NotRecorded("the step could not be journalled, so it was not taken; try again") from error

    def _refuse(
        self, incident: Incident | None, step: Step, who: str, seen: int | None, *, leads: bool
    ) -> None:  # fmt: skip
        if any(holds_personal_number(text) for text in texts_of(step)):
            raise Declined("personal", incident)
        if (why := refusal(incident, step, who, self.now_us(), seen=seen, leads=leads)) is not None:
            raise Declined(why, incident)
        given = step.who if isinstance(step, Appoint | Task) else ""
        if given not in ("", who) and given not in set(self.people()):
            raise Declined("nobody", incident)

    def _link(self, link: Link, viewer: Viewer) -> Link:
        """A link to what is there, for whoever may know of it. A decision about staff is an alert, whatever it was
        called. Raises Declined.
        """
        if link.kind in ("decision", "alert"):
            if not self._may_see(viewer, link.id):
                raise Declined("no_such_link")
            return Link("decision" if self._may_see(NOBODY, link.id) else "alert", link.id)
        if not self._is_there(link, viewer):
            raise Declined("no_such_link")
        return link

    def _is_there(self, link: Link, viewer: Viewer) -> bool:
        match link.kind:
            case "case":
                try:
                    case_seq(link.id)
                except ValueError:
                    return False
                return self._casework is not None and self._casework.at_once(link.id) is not None
            case "control":
                return link.id in self._platform.program.definitions.controls
            case _:
                other = self._platform.incidents.all.get(link.id)
                return other is not None and self.may_see(viewer, other)


def _fits(incident: Incident, query: Query, now_us: int) -> bool:
    if query.show == "working":
        shown = incident.state != "closed"
    else:
        shown = query.show in ("all", incident.state)
    return (
        shown
        and query.grade in (None, incident.grade)
        and query.kind in (None, incident.kind)
        and query.drill in (None, incident.drill)
        and (query.opened_from_us is None or incident.opened_us >= query.opened_from_us)
        and (query.opened_until_us is None or incident.opened_us < query.opened_until_us)
        and (not query.late or any(each.state(now_us) == "late" for each in incident.owed))
    )


def _rank(incident: Incident, order: Order) -> tuple[int, ...]:
    """Where it stands; what is equal stands with the newest first."""
    newest = -incident_seq(incident.id)
    match order:
        case "due":
            owed = incident.owed
            return (owed[0].due_us if owed else _FAR_US, -rank_of_grade(incident.grade), newest)
        case "grade":
            return (-rank_of_grade(incident.grade), newest)
        case "last":
            return (-incident.last_us, newest)
        case "opened":
            return (newest,)


def _own_time(step: Step, recorded_us: int) -> int:
    """When it happened, where whoever wrote it said so."""
    at_us = getattr(step, "at_us", None) if not isinstance(step, Entry) else step.at_us
    return recorded_us if not isinstance(at_us, int) else min(at_us, recorded_us)
