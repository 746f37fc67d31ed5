"""Quiet hours: when somebody is not to be told, in his own zone, over midnight and over changes of the clocks. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from jindi.basics.instants import SECOND_US


def parse_time(text: str) -> time | None:
    """A time of day as forms send it; None for anything else.

    >>> parse_time("22:30"), parse_time("24:00"), parse_time("")
    (datetime.time(22, 30), None, None)
    """
    hours, colon, minutes = text.partition(":")
    if not colon or len(text) != 5 or not (hours + minutes).isdecimal() or not text.isascii():
        return None
    return time(int(hours), int(minutes)) if int(hours) < 24 and int(minutes) < 60 else None


def quiet_until(begins: time, ends: time, zone: ZoneInfo, now_us: int) -> int | None:
    """When the quiet hours end that an instant lies in; None when it lies in none.

    A time that the clocks skip is that long after the skip as it would have been; one that comes twice is the first.
    """
    if begins == ends:
        return None
    today = datetime.fromtimestamp(now_us / SECOND_US, UTC).astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        begin_us = _instant(day, begins, zone)
        end_us = _instant(day if begins < ends else day + timedelta(days=1), ends, zone)
        if begin_us <= now_us < end_us:
            return end_us
    return None


def _instant(day: date, at: time, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, at, zone).timestamp()) * SECOND_US
