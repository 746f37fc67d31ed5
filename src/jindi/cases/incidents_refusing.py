"""Why a step can't be taken as an incident stands. Who may take which steps at all is not asked here."""

from collections.abc import Collection
from typing import Final, Literal

from jindi.basics.instants import DAY_US
from jindi.cases.incidents import Incident
from jindi.cases.incidents_clocks import is_currency
from jindi.cases.incidents_steps import (
    Appoint,
    Assess,
    Classify,
    Close,
    Contain,
    Entry,
    Excuse,
    Impact,
    Link,
    Open,
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

Refusal = Literal[
    "changed", "closed", "not_closed", "not_resolved", "not_lead", "empty", "too_long", "no_change", "ahead",
    "before_awareness", "not_earlier", "too_early", "no_task", "too_many", "no_clock", "no_profile", "bad_impact",
    "bad_currency", "no_review", "reports_owed", "not_a_link", "contained", "resolved",
]  # fmt: skip
"""Why not, by name; the doors have the words. `reports_owed`: a report is neither sent nor excused."""

TEXT_MAX: Final = 4_000
TITLE_MAX: Final = 120
NAME_MAX: Final = 80
ITEMS_MAX: Final = 100
"""Tasks, links, systems: so many of each at the most."""

AGO_MAX_US: Final = 3_660 * DAY_US
"""Longer ago than ten years is a slip of the pen."""

COUNT_MAX: Final = 10_000_000_000
MINUTES_MAX: Final = 10 * 366 * 24 * 60
LEADING: Final = ("commander", "deputy")
"""Whoever has one of these posts leads the incident."""


def refusal(
    incident: Incident | None, step: Step, who: str, now_us: int, *, seen: int | None = None, leads: bool = False
) -> Refusal | None:  # fmt: skip
    """Why `who` can't take a step; None when he can. `seen` is the version that he looked at, None when he did not say;
    `leads`: the house lets him lead incidents. `incident` is None for the step that opens one.
    """
    if incident is None:
        return _opening(step, now_us) if isinstance(step, Open) else "not_a_link"
    if seen is not None and seen != incident.version:
        return "changed"
    if isinstance(step, Reopen):
        return "not_closed" if incident.state != "closed" else _lead(incident, who, leads) or _said(step.why)
    if incident.state == "closed" and not isinstance(step, Entry):
        return "closed"
    if isinstance(step, Classify | Excuse | Appoint | Close | Predate) and (no := _lead(incident, who, leads)):
        return no
    return _of_step(incident, step, now_us)


def _lead(incident: Incident, who: str, leads: bool) -> Refusal | None:
    held = {incident.posts[post] for post in LEADING if post in incident.posts}
    return None if leads or who in held else "not_lead"


def _of_step(incident: Incident, step: Step, now_us: int) -> Refusal | None:
    match step:
        case Classify():
            return _classify(incident, step)
        case Assess(impact):
            return "no_change" if impact == incident.impact else impact_refusal(impact)
        case Predate():
            return _predate(incident, step, now_us)
        case Appoint(post, name):
            return "no_change" if incident.posts.get(post, "") == name else _named(name)
        case Entry(text, at_us):
            return _past(at_us, now_us) or _said(text)
        case Task(text, _, due_us):
            if len(incident.tasks) >= ITEMS_MAX:
                return "too_many"
            return "too_early" if due_us is not None and due_us <= now_us else _said(text)
        case Tick(place, done):
            if not 0 <= place < len(incident.tasks):
                return "no_task"
            return "no_change" if bool(incident.tasks[place].done_by) == done else None
        case Tie(link, off):
            return _tie(incident, link, off=off)
        case Contain(text, at_us):
            if incident.state != "open":
                return "contained" if incident.state == "contained" else "resolved"
            return _since(incident, at_us, now_us) or _said(text)
        case Resolve(text, at_us):
            return "resolved" if incident.state == "resolved" else _since(incident, at_us, now_us) or _said(text)
        case Report():
            return _report(incident, step, now_us)
        case Excuse(report, why):
            return _said(why) if _has_owed(incident, report) else "no_clock"
        case Review(cause, lessons, measures):
            return _said(cause) or _said(lessons) or _said(measures)
        case Close(why):
            return _close(incident) or _said(why)
        case _:
            return "not_a_link"


def _opening(step: Open, now_us: int) -> Refusal | None:
    if not step.title.strip():
        return "empty"
    if len(step.title) > TITLE_MAX:
        return "too_long"
    if not step.profiles:
        return "no_profile"
    if step.began_us is not None and step.began_us > step.aware_us:
        return "before_awareness"
    if len(step.links) > ITEMS_MAX:
        return "too_many"
    times = (step.aware_us, step.began_us)
    return next((no for at_us in times if (no := _past(at_us, now_us))), None) or impact_refusal(step.impact)


def impact_refusal(impact: Impact) -> Refusal | None:
    """Why what is said to be hit can't be so."""
    if len(impact.systems) > ITEMS_MAX or len(impact.lines) > ITEMS_MAX:
        return "too_many"
    if any(_named(each) or not each.strip() for each in (*impact.systems, *impact.lines)):
        return "too_long"
    counted = (impact.persons, impact.outage_min)
    most = (COUNT_MAX, MINUTES_MAX)
    if any(given is not None and not 0 <= given <= limit for given, limit in zip(counted, most, strict=True)):
        return "bad_impact"
    if impact.amount_minor is None:
        return "bad_currency" if impact.currency else None
    if not is_currency(impact.currency):
        return "bad_currency"
    return None if 0 <= impact.amount_minor < 2**62 else "bad_impact"


def _classify(incident: Incident, step: Classify) -> Refusal | None:
    if not step.profiles:
        return "no_profile"
    same = (step.grade, step.incident_kind, step.profiles) == (incident.grade, incident.kind, incident.profiles)
    return "no_change" if same else _said(step.why)


def _predate(incident: Incident, step: Predate, now_us: int) -> Refusal | None:
    if step.aware_us > incident.aware_us:
        return "not_earlier"
    began_us = incident.began_us if step.began_us is None else step.began_us
    if began_us is not None and began_us > step.aware_us:
        return "before_awareness"
    if (step.aware_us, began_us) == (incident.aware_us, incident.began_us):
        return "no_change"
    return _past(step.aware_us, now_us) or _past(step.began_us, now_us) or _said(step.why)


def _tie(incident: Incident, link: Link, *, off: bool) -> Refusal | None:
    if off:
        return None if link in incident.links else "no_change"
    if link in incident.links:
        return "no_change"
    return "too_many" if len(incident.links) >= ITEMS_MAX else "not_a_link" if link.id == incident.id else None


def _report(incident: Incident, step: Report, now_us: int) -> Refusal | None:
    if not _has_owed(incident, step.report):
        return "no_clock"
    if step.at_us < incident.aware_us:
        return "before_awareness"
    if len(step.note) > TEXT_MAX or _named(step.reference):
        return "too_long"
    return _past(step.at_us, now_us) or ("empty" if not step.to.strip() else _named(step.to))


def _has_owed(incident: Incident, report: str) -> bool:
    return any(not each.is_settled for each in incident.clocks_of(report))


def _close(incident: Incident) -> Refusal | None:
    if incident.state != "resolved":
        return "not_resolved"
    if incident.review is None:
        return "no_review"
    return "reports_owed" if incident.owed else None


def _since(incident: Incident, at_us: int | None, now_us: int) -> Refusal | None:
    if at_us is not None and at_us < (incident.aware_us if incident.began_us is None else incident.began_us):
        return "before_awareness"
    return _past(at_us, now_us)


def _past(at_us: int | None, now_us: int) -> Refusal | None:
    if at_us is None:
        return None
    return "ahead" if at_us > now_us else "too_early" if at_us < now_us - AGO_MAX_US else None


def _named(text: str) -> Refusal | None:
    return "too_long" if len(text) > NAME_MAX else None


def _said(text: str) -> Refusal | None:
    return "empty" if not text.strip() else "too_long" if len(text) > TEXT_MAX else None


def texts_of(step: Step) -> Collection[str]:
    """All that somebody wrote himself: nobody's number belongs in any of it."""
    match step:
        case Open():
            return (step.title, *step.impact.systems, *step.impact.lines)
        case Assess(impact):
            return (*impact.systems, *impact.lines)
        case Report():
            return (step.to, step.reference, step.note)
        case Review(cause, lessons, measures):
            return (cause, lessons, measures)
        case Entry(text) | Contain(text) | Resolve(text):
            return (text,)
        case Task(text, who):
            return (text, who)
        case Classify() | Predate() | Excuse() | Close() | Reopen():
            return (step.why,)
        case Appoint() | Tick() | Tie():
            return ()
