"""Working days counted by a declared calendar; a year that is not declared is refused, never guessed."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from jindi.packs import CalendarDef, Mark, Words

SATURDAY: Final = 5
UNSETTLED_FROM: Final = (12, 25)
"""From this month and day on the next year's notice may still change a day: it speaks of New Year's Day, what is put
together with it, and the weekend that is worked for it (2018-12-29 was)."""

COUNT_MAX: Final = 366

Why = Literal["weekday", "weekend", "day off", "worked weekend"]


class UnknownYear(ValueError):  # noqa: N818 - said of the calendar
    """A year of which the calendar says nothing."""

    def __init__(self, calendar: str, year: int) -> None:
        super().__init__(f"the calendar {calendar} says nothing of {year}: declare that year's notice first")
        self.calendar, self.year = calendar, year


@dataclass(frozen=True, slots=True)
class Day:
    """What a day is, and by which notice."""

    day: date
    is_working: bool
    why: Why
    basis: Words
    mark: Mark


@dataclass(frozen=True, slots=True)
class Count:
    """The day that a count came to. Not `is_settled`: a notice that is not declared yet may still move it."""

    day: date
    is_settled: bool = True


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The working days of a calendar as packs declare it."""

    definition: CalendarDef
    _off: frozenset[date] = field(init=False)
    _work: frozenset[date] = field(init=False)
    _years: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        years = self.definition.years
        stretches = [stretch for year in years for stretch in year.off]
        off = {first + timedelta(each) for first, last in stretches for each in range((last - first).days + 1)}
        object.__setattr__(self, "_off", frozenset(off))
        object.__setattr__(self, "_work", frozenset(day for year in years for day in year.work))
        object.__setattr__(self, "_years", frozenset(year.year for year in years))

    def look(self, day: date) -> Day:
        """What a day is. Raises UnknownYear."""
        said = next((each for each in self.definition.years if each.year == day.year), None)
        if said is None:
            raise UnknownYear(self.definition.name, day.year)
        # The notice of the next year speaks of days in December, too.
        later = next((each for each in self.definition.years if each.year == day.year + 1), said)
        is_off, is_worked = day in self._off, day in self._work
        why: Why = "weekend" if day.weekday() >= SATURDAY else "weekday"
        if is_off or is_worked:
            why = "day off" if is_off else "worked weekend"
            stretches = [stretch for stretch in later.off if stretch[0] <= day <= stretch[1]]
            said = later if stretches or day in later.work else said
        return Day(day, is_worked or why == "weekday", why, said.basis, said.mark)

    def is_working(self, day: date) -> bool:
        """Whether it is a working day. Raises UnknownYear."""
        if day.year not in self._years:
            raise UnknownYear(self.definition.name, day.year)
        return day in self._work or (day.weekday() < SATURDAY and day not in self._off)

    def after(self, day: date, count: int) -> Count:
        """The count-th working day after a day, which itself does not count. Raises UnknownYear, and ValueError for a
        count outside 1 to COUNT_MAX.
        """
        if not 1 <= count <= COUNT_MAX:
            raise ValueError(f"count from 1 to {COUNT_MAX} working days")
        if day.year not in self._years:
            raise UnknownYear(self.definition.name, day.year)
        left, is_settled = count, True
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
            is_settled = is_settled and self.is_settled(day)
        return Count(day, is_settled)

    def between(self, after: date, until: date) -> int:
        """How many working days lie after a day and up to another, which may count; 0 when that is not later. Raises
        UnknownYear.
        """
        days = ((after + timedelta(days=each)) for each in range(1, (until - after).days + 1))
        return sum(self.is_working(day) for day in days)

    def is_settled(self, day: date) -> bool:
        """Whether all notices that may speak of a day are declared."""
        return (day.month, day.day) < UNSETTLED_FROM or day.year + 1 in self._years
