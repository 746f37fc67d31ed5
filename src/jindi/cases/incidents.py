"""An incident, and how steps change it: a fold, so that the journal alone says how every incident stands.

Which clocks a step sets going is worked out once (`incidents_clocks`) and stands in the step's record. So a change of
the rules moves no clock that runs, and the same records give the same incidents whatever the packs say by then.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from jindi.basics.instants import MINUTE_US
from jindi.cases.case import Taken, TaskState
from jindi.cases.incidents_steps import (
    Appoint,
    Assess,
    Channel,
    Classify,
    Close,
    Contain,
    Entry,
    Excuse,
    Impact,
    Link,
    Open,
    Post,
    Predate,
    Reopen,
    Report,
    Resolve,
    Review,
    Step,
    Task,
    Tick,
    Tie,
)
from jindi.packs import GRADES, Grade, IncidentKind, Moment, Profile, Receiver

INCIDENT_PREFIX: Final = "inc_"
TWO_FROM: Final[Grade] = "serious"
"""From this grade on closing takes a second person."""

State = Literal["open", "contained", "resolved", "closed"]
STATES: Final[tuple[State, ...]] = ("open", "contained", "resolved", "closed")

ClockState = Literal["running", "late", "met", "met_late", "excused"]

NEAR_SHARE: Final = 4
"""A clock is near its end when less than one such part of its time is left (design default)."""


class Sent(msgspec.Struct, frozen=True):
    """A report that was sent: when, to whom, by what, under which reference, and who said so when."""

    at_us: int
    to: str
    channel: Channel
    reference: str
    note: str
    by: str
    recorded_us: int


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One time for one report, as it was set going. `turn` counts those of one report from 0; `moment` is what it
    counts from; `within_us` how long it is, `mark` how sure that figure is, and `zh`, `en` where it comes from.
    """

    report: str
    turn: int
    to: Receiver
    moment: Moment
    start_us: int
    due_us: int
    within_us: int
    mark: str
    zh: str
    en: str
    sent: Sent | None = None
    excused_by: str = ""
    why: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is owed by it any more."""
        return self.sent is not None or bool(self.excused_by)

    def state(self, now_us: int) -> ClockState:
        """How it stands at an instant."""
        if self.sent is not None:
            return "met" if self.sent.at_us <= self.due_us else "met_late"
        if self.excused_by:
            return "excused"
        return "running" if now_us <= self.due_us else "late"

    @property
    def half_us(self) -> int:
        """When half of its time is over."""
        return self.due_us - (self.due_us - self.start_us) // 2

    @property
    def near_us(self) -> int:
        """From when on it is near its end."""
        return self.due_us - (self.due_us - self.start_us) // NEAR_SHARE


class Lessons(msgspec.Struct, frozen=True):
    """What was learnt, by whom and when."""

    cause: str
    lessons: str
    measures: str
    by: str
    at_us: int


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """How an incident stands. `version` counts its steps, the opening included; `steps` are their places in the
    journal.

    `aware_us` is when the house became aware, `graded_us` when it has had at least this grade since, `peak` the highest
    grade that it ever had. `contained_us` and `resolved_us` are since when, as people said.
    """

    id: str
    title: str
    kind: IncidentKind
    grade: Grade
    peak: Grade
    opened_us: int
    opened_by: str
    aware_us: int
    began_us: int | None
    profiles: tuple[Profile, ...]
    impact: Impact
    drill: bool
    graded_us: int
    state: State = "open"
    posts: dict[Post, str] = {}
    tasks: tuple[TaskState, ...] = ()
    links: tuple[Link, ...] = ()
    clocks: tuple[Clock, ...] = ()
    contained_us: int | None = None
    resolved_us: int | None = None
    review: Lessons | None = None
    closed_us: int | None = None
    closed_by: str = ""
    why: str = ""
    approval: str = ""
    reopened: int = 0
    last_us: int = 0
    version: int = 1
    steps: tuple[int, ...] = ()

    @property
    def takes_two(self) -> bool:
        """Whether closing it takes a second person. It is the highest grade that counts: nobody grades it down to close
        it alone.
        """
        return not self.drill and GRADES.index(self.peak) >= GRADES.index(TWO_FROM)

    @property
    def owed(self) -> tuple[Clock, ...]:
        """The clocks by which something is still owed, the first that ends first."""
        return tuple(sorted((each for each in self.clocks if not each.is_settled), key=lambda each: each.due_us))

    @property
    def alerts(self) -> tuple[str, ...]:
        """The decisions about staff that it hangs together with: who may not know of one must not know of it."""
        return tuple(each.id for each in self.links if each.kind == "alert")

    @property
    def detect_us(self) -> int | None:
        """How long it went on before anybody was aware; None where nobody knows when it began."""
        return None if self.began_us is None else max(self.aware_us - self.began_us, 0)

    @property
    def contain_us(self) -> int | None:
        """How long it took from awareness until it went no further; None while it does."""
        return None if self.contained_us is None else max(self.contained_us - self.aware_us, 0)

    def clocks_of(self, report: str) -> tuple[Clock, ...]:
        """All clocks of one report, the oldest first."""
        return tuple(each for each in self.clocks if each.report == report)


def incident_id(seq: int) -> str:
    """The id of the incident that was opened by a record of the journal.

    >>> incident_id(47)
    'inc_00000000002f'
    """
    return f"{INCIDENT_PREFIX}{seq:012x}"


def incident_seq(identifier: str) -> int:
    """The record that an incident's id names. Raises ValueError when it is no such id.

    >>> incident_seq("inc_00000000002f")
    47
    """
    digits = identifier.removeprefix(INCIDENT_PREFIX)
    if len(digits) != 12 or not identifier.startswith(INCIDENT_PREFIX) or set(digits) - set("0123456789abcdef"):
        raise ValueError("not an incident's id: inc_ and twelve hexadecimal digits")
    return int(digits, 16)


def opened(seq: int, step: Open, by: Taken) -> Incident:
    """The incident that a step opens. Nobody is aware of anything later than he says it."""
    return Incident(
        id=incident_id(seq), title=step.title, kind=step.incident_kind, grade=step.grade, peak=step.grade,
        opened_us=by.at_us, opened_by=by.name, aware_us=min(step.aware_us, by.at_us), began_us=step.began_us,
        profiles=step.profiles, impact=step.impact, drill=step.drill, graded_us=by.at_us, links=step.links,
        last_us=by.at_us, steps=(seq,),
    )  # fmt: skip


def stepped(incident: Incident, step: Step, by: Taken, seq: int = -1) -> Incident:
    """The incident after a step that could be taken. The clocks that the step sets going come with `with_clocks`."""
    return msgspec.structs.replace(
        _after(incident, step, by), version=incident.version + 1, last_us=max(incident.last_us, by.at_us),
        steps=(*incident.steps, seq),
    )  # fmt: skip


def with_clocks(incident: Incident, begun: Sequence[Clock]) -> Incident:
    """The incident with clocks that begin; one of the same report and turn takes the place of the other, and never ends
    later than that did.
    """
    clocks = list(incident.clocks)
    for new in begun:
        place = next((n for n, old in enumerate(clocks) if (old.report, old.turn) == (new.report, new.turn)), None)
        if place is None:
            clocks.append(new)
        elif new.due_us < clocks[place].due_us and not clocks[place].is_settled:
            clocks[place] = new
    return msgspec.structs.replace(incident, clocks=tuple(clocks))


def _after(incident: Incident, step: Step, by: Taken) -> Incident:
    change = msgspec.structs.replace
    match step:
        case Classify():
            return _classified(incident, step, by)
        case Assess(impact):
            return change(incident, impact=impact)
        case Predate():
            began = incident.began_us if step.began_us is None else step.began_us
            return change(incident, aware_us=min(incident.aware_us, step.aware_us), began_us=began)
        case Appoint(post, who):
            posts = {name: held for name, held in incident.posts.items() if name != post}
            return change(incident, posts=posts | ({post: who} if who else {}))
        case Task(text, who, due_us):
            return change(incident, tasks=(*incident.tasks, TaskState(text, who, due_us, by.name)))
        case Tick(place, done):
            ticked = msgspec.structs.replace(incident.tasks[place], done_by=by.name if done else "")
            return change(incident, tasks=(*incident.tasks[:place], ticked, *incident.tasks[place + 1 :]))
        case Tie(link, off):
            others = tuple(each for each in incident.links if each != link)
            return change(incident, links=others if off else (*others, link))
        case Contain(_, at_us):
            return change(incident, state="contained", contained_us=_earlier(at_us, by))
        case Resolve(_, at_us):
            since_us = _earlier(at_us, by)
            contained_us = since_us if incident.contained_us is None else incident.contained_us
            return change(incident, state="resolved", contained_us=contained_us, resolved_us=since_us)
        case Report():
            return _reported(incident, step, by)
        case Excuse(report, why):
            return _settled(incident, report, excused_by=by.name, why=why)
        case Review(cause, lessons, measures):
            return change(incident, review=Lessons(cause, lessons, measures, by.name, by.at_us))
        case Close(why, approval):
            return change(
                incident, state="closed", closed_us=by.at_us, closed_by=by.name, why=why, approval=approval
            )  # fmt: skip
        case Reopen():
            return change(
                incident, state="open", contained_us=None, resolved_us=None, closed_us=None, closed_by="", why="",
                approval="", review=None, reopened=incident.reopened + 1,
            )  # fmt: skip
        case Open() | Entry():
            return incident


def _classified(incident: Incident, step: Classify, by: Taken) -> Incident:
    return msgspec.structs.replace(
        incident, grade=step.grade, kind=step.incident_kind, profiles=step.profiles,
        peak=max(incident.peak, step.grade, key=GRADES.index),
        graded_us=incident.graded_us if step.grade == incident.grade else by.at_us,
    )  # fmt: skip


def _earlier(at_us: int | None, by: Taken) -> int:
    return by.at_us if at_us is None else min(at_us, by.at_us)


def _reported(incident: Incident, step: Report, by: Taken) -> Incident:
    sent = Sent(step.at_us, step.to, step.channel, step.reference, step.note, by.name, by.at_us)
    return _settled(incident, step.report, sent=sent)


def _settled(
    incident: Incident, report: str, *, sent: Sent | None = None, excused_by: str = "", why: str = ""
) -> Incident:  # fmt: skip
    """The incident with the running clock of a report ended."""
    clocks = list(incident.clocks)
    for place, each in enumerate(clocks):
        if each.report == report and not each.is_settled:
            clocks[place] = msgspec.structs.replace(each, sent=sent, excused_by=excused_by, why=why)
            break
    return msgspec.structs.replace(incident, clocks=tuple(clocks))


def rank_of_grade(grade: Grade) -> int:
    """A grade as a number, the gravest highest.

    >>> rank_of_grade("general"), rank_of_grade("critical")
    (0, 3)
    """
    return GRADES.index(grade)


def outage_us(impact: Impact) -> int | None:
    """An outage in microseconds.

    >>> outage_us(Impact(outage_min=2))
    120000000
    """
    return None if impact.outage_min is None else impact.outage_min * MINUTE_US
