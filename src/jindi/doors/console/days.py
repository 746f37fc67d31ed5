"""From one day to another, both included: the filter by time that lists have in common, and how addresses say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from jindi.basics.instants import start_of_day

NAMES = ("since", "until")


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a zone, inclusive; None is open. `unknown` are the names of what was given and is no day."""

    zone: ZoneInfo
    since: date | None = None
    until: date | None = None
    unknown: tuple[str, ...] = ()

    @property
    def since_us(self) -> int | None:
        """Where the first day begins."""
        return None if self.since is None else start_of_day(self.since, self.zone)

    @property
    def until_us(self) -> int | None:
        """Where the last day has ended: the first instant that is not in it any more."""
        return None if self.until is None else start_of_day(self.until + timedelta(days=1), self.zone)

    @property
    def query(self) -> dict[str, str]:
        """The same as an address has it."""
        given = {"since": self.since, "until": self.until}
        return {name: day.isoformat() for name, day in given.items() if day is not None}

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None


def days_of(asked: Mapping[str, str], zone: ZoneInfo) -> Days:
    """The days that an address or a form asks for.

    >>> days_of({"since": "2026-11-22", "until": "2026-02-30"}, ZoneInfo("Asia/Shanghai")).unknown
    ('until',)
    """
    found = {name: day_of_text(asked.get(name, "")) for name in NAMES}
    unknown = tuple(name for name in NAMES if asked.get(name) and found[name] is None)
    return Days(zone, found["since"], found["until"], unknown)


def day_of_text(text: str | None) -> date | None:
    """A day as it is written, or None for what is none.

    >>> day_of_text("2026-11-22"), day_of_text("20261122"), day_of_text("0000-00-00")
    (datetime.date(2026, 11, 22), None, None)
    """
    try:
        return date.fromisoformat(text) if text and len(text) == 10 and "1970" < text < "9999" else None
    except ValueError:
        return None
