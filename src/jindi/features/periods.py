"""Calendar periods: where the day, week, month or year that holds an instant begins, in a zone."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, day_of, start_of_day
from jindi.packs.definitions import Unit

LONGEST_US: dict[Unit, int] = {"day": 2 * DAY_US, "week": 8 * DAY_US, "month": 32 * DAY_US, "year": 367 * DAY_US}
"""No period of a unit is longer than this, whatever a zone does with its clocks."""


def first_day(day: date, unit: Unit) -> date:
    """The day on which the period of `day` begins; weeks begin on Monday."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def next_day(day: date, unit: Unit) -> date:
    """The first day of the following period, given the first day of one."""
    if unit == "day":
        return day + timedelta(days=1)
    if unit == "week":
        return day + timedelta(days=7)
    if unit == "month":
        return first_day(day + timedelta(days=31), "month")
    return day.replace(year=day.year + 1)


def period(at_us: int, unit: Unit, zone: ZoneInfo) -> tuple[int, int]:
    """The first microsecond of the period that holds an instant, and of the next one.

    >>> from jindi.basics.instants import format_instant, parse_instant
    >>> at = parse_instant("2026-11-22T03:00:00+08:00")
    >>> [format_instant(edge) for edge in period(at, "month", ZoneInfo("Asia/Shanghai"))]
    ['2026-10-31T16:00:00Z', '2026-11-30T16:00:00Z']
    """
    begin = first_day(day_of(at_us, zone), unit)
    return start_of_day(begin, zone), start_of_day(next_day(begin, unit), zone)
