"""Which clocks a step sets going, which reports are still to come, and which grade the figures suggest: all of them
reckoned from the rules of a day, so that nothing is guessed before a rule is in force.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from jindi.basics.money import EXPONENTS
from jindi.cases.case import Taken
from jindi.cases.incidents import Clock, Incident, outage_us, rank_of_grade
from jindi.cases.incidents_steps import Impact, Open, Step
from jindi.packs import (
    Definitions,
    DueDef,
    Grade,
    IncidentKind,
    LimitDef,
    LimitStep,
    Moment,
    Profile,
    ReportDef,
    ThresholdDef,
    Words,
)


class Figure(NamedTuple):
    """The value of a parameter on a day, how sure it is, and where it comes from."""

    value: int
    mark: str
    basis: Words


class Rules(NamedTuple):
    """All that is said of incidents on one day. A figure that is not in force yet, or was never set, is not in
    `figures`: what rests on it is not owed, and the page says so.
    """

    reports: Mapping[str, ReportDef]
    thresholds: Mapping[str, ThresholdDef]
    figures: Mapping[str, Figure]
    currencies: Mapping[str, str]


class Reason(NamedTuple):
    """Why a grade is suggested: the threshold, its figure, and what was entered."""

    threshold: ThresholdDef
    figure: Figure
    given: int
    currency: str


class Suggestion(NamedTuple):
    """The grade that the figures suggest, and why; without a reason it is the lightest. `other_currency`: the loss is
    in a currency that no threshold is in, and nothing is converted here.
    """

    grade: Grade
    reasons: tuple[Reason, ...]
    other_currency: bool


class Coming(NamedTuple):
    """A report that will be owed: from which moment on, and within how long (None where the figure is not set)."""

    report: ReportDef
    moment: Moment
    of: str
    within_us: int | None


def rules_on(definitions: Definitions, day: date) -> Rules:
    """The rules of a day."""
    named = {due.within for report in definitions.reports.values() for due in report.due}
    named |= {report.every for report in definitions.reports.values() if report.every}
    named |= {each.from_ for each in definitions.thresholds.values()}
    figures: dict[str, Figure] = {}
    for name in named:
        limit = definitions.limits.get(name)
        step = _on(limit, day) if limit is not None else None
        if limit is not None and step is not None and isinstance(step.value, int):
            figures[name] = Figure(step.value, limit.mark, step.basis)
    currencies = {name: definitions.limits[name].type.of or "" for name in named if name in definitions.limits}
    return Rules(definitions.reports, definitions.thresholds, figures, currencies)


def _on(limit: LimitDef, day: date) -> LimitStep | None:
    try:
        return limit.on(day)
    except LookupError:
        return None


# ---- clocks


def applies(report: ReportDef, incident: Incident) -> bool:
    """Whether an incident as it stands owes a report."""
    return (
        report.profile in incident.profiles
        and rank_of_grade(incident.grade) >= rank_of_grade(report.least)
        and (not report.kinds or incident.kind in report.kinds)
        and report.critical in (None, incident.impact.critical)
        and (not report.persons or bool(incident.impact.persons))
    )


def begun(before: Incident | None, after: Incident, step: Step, by: Taken, rules: Rules) -> tuple[Clock, ...]:
    """The clocks that a step sets going, or moves to an earlier end. `before` is None when the step opened it.

    What counts from awareness counts from the step when only the step made the report owed: nobody is late with what
    he could not know that he owed. What has begun goes on whatever the grade is later, until it is sent or excused.
    """
    found: list[Clock] = []
    for report in rules.reports.values():
        known = after.clocks_of(report.name)
        if not known:
            if applies(report, after) and (first := _first(before, after, report, step, by, rules)) is not None:
                found.append(first)
        elif not known[-1].is_settled:
            if (moved := _moved(before, after, known[-1])) is not None:
                found.append(moved)
        elif (again := _again(before, after, report, known[-1], by, rules)) is not None:
            found.append(again)
    return tuple(found)


def _first(
    before: Incident | None, after: Incident, report: ReportDef, step: Step, by: Taken, rules: Rules
) -> Clock | None:  # fmt: skip
    """The first clock of a report: the earliest of its times whose moment has come."""
    is_opening = before is None or isinstance(step, Open)
    timed = []
    for due in report.due:
        figure, at_us = rules.figures.get(due.within), _moment(after, due, by, is_opening=is_opening)
        if figure is not None and at_us is not None:
            timed.append(_clock(report, 0, due.moment, at_us, figure))
    return min(timed, key=lambda each: each.due_us, default=None)


def _moment(incident: Incident, due: DueDef, by: Taken, *, is_opening: bool) -> int | None:
    match due.moment:
        case "aware":
            return incident.aware_us if is_opening else by.at_us
        case "classified":
            return by.at_us
        case "contained":
            return incident.contained_us
        case "resolved":
            return incident.resolved_us
        case "sent":
            sent = [each.sent.at_us for each in incident.clocks_of(due.of) if each.sent is not None]
            return sent[0] if sent else None


def _moved(before: Incident | None, after: Incident, clock: Clock) -> Clock | None:
    """A clock that counts from awareness, when the house was aware earlier than was said."""
    if before is None or clock.moment != "aware" or clock.start_us != before.aware_us:
        return None
    if after.aware_us >= clock.start_us:
        return None
    return _restarted(clock, after.aware_us)


def _restarted(clock: Clock, start_us: int) -> Clock:
    return Clock(
        report=clock.report, turn=clock.turn, to=clock.to, moment=clock.moment, start_us=start_us,
        due_us=start_us + clock.within_us, within_us=clock.within_us, mark=clock.mark, zh=clock.zh, en=clock.en,
    )  # fmt: skip


def _again(
    before: Incident | None, after: Incident, report: ReportDef, last: Clock, by: Taken, rules: Rules
) -> Clock | None:  # fmt: skip
    """The next clock of a report that was sent: it is repeated while the incident lasts, or the grade has risen."""
    if last.sent is None or not applies(report, after):
        return None
    rose = before is not None and rank_of_grade(after.grade) > rank_of_grade(before.grade)
    if report.again and rose and (figure := rules.figures.get(report.due[0].within)) is not None:
        return _clock(report, last.turn + 1, "classified", by.at_us, figure)
    lasts = after.state in ("open", "contained")
    if report.every and lasts and (figure := rules.figures.get(report.every)) is not None:
        return _clock(report, last.turn + 1, "sent", last.sent.at_us, figure)
    return None


def _clock(report: ReportDef, turn: int, moment: Moment, start_us: int, figure: Figure) -> Clock:
    return Clock(
        report=report.name, turn=turn, to=report.to, moment=moment, start_us=start_us, due_us=start_us + figure.value,
        within_us=figure.value, mark=figure.mark, zh=figure.basis.zh, en=figure.basis.en,
    )  # fmt: skip


def coming(incident: Incident, rules: Rules) -> tuple[Coming, ...]:
    """The reports that are owed, or will be, and whose clock has not begun."""
    if incident.state == "closed":
        return ()
    waiting = (
        report for report in rules.reports.values() if applies(report, incident) and not incident.clocks_of(report.name)
    )
    return tuple(
        Coming(report, due.moment, due.of, figure.value if (figure := rules.figures.get(due.within)) else None)
        for report in waiting
        for due in report.due[:1]
    )


# ---- grades


def suggested(kind: IncidentKind, impact: Impact, profiles: Iterable[Profile], rules: Rules) -> Suggestion:
    """The grade that the figures suggest. The person decides: not everything that counts is a figure."""
    known = tuple(profiles)
    mine = [
        each for each in rules.thresholds.values()
        if each.profile in known
        and (not each.kinds or kind in each.kinds)
        and each.critical in (None, impact.critical)
        and each.whole in (None, impact.whole)
    ]  # fmt: skip
    reasons = tuple(_reached(mine, impact, rules))
    losses = {rules.currencies.get(each.from_, "") for each in mine if each.measure == "loss"}
    other = bool(impact.amount_minor) and bool(losses) and impact.currency not in losses
    grades: list[Grade] = ["general", *(each.threshold.grade for each in reasons)]
    return Suggestion(max(grades, key=rank_of_grade), reasons, other)


def _reached(thresholds: Iterable[ThresholdDef], impact: Impact, rules: Rules) -> Iterator[Reason]:
    """The gravest threshold that each figure reaches."""
    best: dict[str, Reason] = {}
    for each in thresholds:
        figure = rules.figures.get(each.from_)
        currency = rules.currencies.get(each.from_, "") if each.measure == "loss" else ""
        given = _given(each, impact, currency)
        if figure is None or given is None or given < figure.value:
            continue
        reason = Reason(each, figure, given, currency)
        known = best.get(each.measure)
        if known is None or rank_of_grade(each.grade) > rank_of_grade(known.threshold.grade):
            best[each.measure] = reason
    yield from best.values()


def _given(threshold: ThresholdDef, impact: Impact, currency: str) -> int | None:
    match threshold.measure:
        case "persons":
            return impact.persons
        case "loss":
            return impact.amount_minor if impact.currency == currency else None
        case "outage":
            return outage_us(impact)


def is_currency(text: str) -> bool:
    """Whether an amount can be in it.

    >>> is_currency("CNY"), is_currency("XYZ")
    (True, False)
    """
    return text in EXPONENTS
