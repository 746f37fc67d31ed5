"""Instants are integer microseconds since 1970-01-01 UTC; durations are integer microseconds."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
UNITS_US = {"ms": 1_000, "s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)\Z", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


def parse_duration(text: str) -> int:
    """Microseconds of a duration such as '90s', '5m', '7d'.

    >>> parse_duration("1h") == 3600 * SECOND_US
    True
    """
    match = _DURATION.match(text)
    if not match:
        raise ValueError("not a duration such as 30s, 5m, 1h or 7d")
    return int(match[1]) * UNITS_US[match[2]]


def parse_instant(text: str) -> int:
    """Microseconds of an RFC 3339 instant with its offset.

    >>> parse_instant("1970-01-01T08:00:01+08:00")
    1000000
    """
    if not _INSTANT.match(text):
        raise ValueError("not an instant such as 2026-11-22T08:00:00Z (RFC 3339, with its offset)")
    moment = datetime.fromisoformat(text.upper())
    return (moment - _EPOCH) // timedelta(microseconds=1)


def format_instant(at_us: int) -> str:
    """The RFC 3339 text of an instant, in UTC.

    >>> format_instant(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    moment = _EPOCH + timedelta(microseconds=at_us)
    return moment.isoformat().replace("+00:00", "Z")


def day_of(at_us: int, zone: ZoneInfo) -> date:
    """The calendar day of an instant in a zone."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> int:
    """The first microsecond of a calendar day in a zone."""
    return (datetime(day.year, day.month, day.day, tzinfo=zone) - _EPOCH) // timedelta(microseconds=1)
