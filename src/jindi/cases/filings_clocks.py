"""Until when a report is owed: which clock a step sets going, by the parameters and the calendar of its day.

A clock is worked out once and stands in the step's record, so that no later packs move it. Where no calendar knows the
day it is owed all the same, and nobody knows until when: that counts as late, never as in time.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from jindi.basics.instants import HOUR_US, day_of, start_of_day
from jindi.cases.filings import ZONE
from jindi.cases.filings_steps import Begun, ClockKind
from jindi.packs import Definitions, LimitDef
from jindi.parties.reporting.calendar import UnknownYear, WorkingCalendar

CALENDAR: Final = "mainland_china"
SUSPICIOUS_DAYS, CORRECT_DAYS, LARGE_DAYS = "suspicious_report_days", "report_correct_days", "large_report_days"
LISTED_HOURS: Final = "screening_report_hours"
LISTED: Final = frozenset({"sanctions_match", "listed_party"})
"""Kinds of case after whose confirmation hours count, not days."""


def of_suspicion(definitions: Definitions, typology: str, aware_us: int) -> Begun:
    """The clock of a suspicion that was confirmed at an instant."""
    hours = definitions.limits.get(LISTED_HOURS)
    if typology in LISTED and hours is not None:
        value, mark, zh, en = _figure(hours, day_of(aware_us, ZONE))
        if value is not None:
            return Begun(
                kind="file", start_us=aware_us, due_us=aware_us + value * HOUR_US, is_settled=True, mark=mark, zh=zh,
                en=en,
            )  # fmt: skip
    return _working(definitions, SUSPICIOUS_DAYS, "file", aware_us)


def of_large(definitions: Definitions, days: Iterable[date]) -> Begun | None:
    """The clock of large transactions: that of the earliest day; None where there is no day yet."""
    first = min(days, default=None)
    return None if first is None else _working(definitions, LARGE_DAYS, "file", start_of_day(first, ZONE))


def of_correction(definitions: Definitions, at_us: int, until: date | None = None) -> Begun:
    """The clock of what came back: the centre's own limit where it named one."""
    if until is not None:
        return Begun(
            kind="correct", start_us=at_us, due_us=_end_of(until), is_settled=True, mark="verified",
            zh="中心在要求中写明的期限", en="The limit that the centre's request names",
        )  # fmt: skip
    return _working(definitions, CORRECT_DAYS, "correct", at_us)


def _working(definitions: Definitions, name: str, kind: ClockKind, start_us: int) -> Begun:
    day, limit = day_of(start_us, ZONE), definitions.limits.get(name)
    value, mark, zh, en = _figure(limit, day) if limit is not None else (None, "", "", "")
    calendar = definitions.calendars.get(CALENDAR)
    due_us, is_settled = None, False
    if value is not None and calendar is not None:
        try:
            count = WorkingCalendar(calendar).after(day, value)
            due_us, is_settled = _end_of(count.day), count.is_settled
        except UnknownYear:
            pass
    return Begun(
        kind=kind, start_us=start_us, due_us=due_us, is_settled=is_settled, mark=mark or "from memory",
        zh=zh or f"行业包没有参数 {name}", en=en or f"no pack has the parameter {name}",
    )  # fmt: skip


def _figure(limit: LimitDef, day: date) -> tuple[int | None, str, str, str]:
    try:
        step = limit.on(day)
    except LookupError:
        return None, "", "", ""
    value = step.value if isinstance(step.value, int) else None
    return value, limit.mark_of(step), step.basis.zh, step.basis.en


def _end_of(day: date) -> int:
    return start_of_day(day + timedelta(days=1), ZONE) - 1
