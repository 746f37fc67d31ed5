"""When a first rating and a review are due, by the parameters of the day."""

from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from jindi.basics.instants import day_of, start_of_day
from jindi.packs import Definitions, RatingDef
from jindi.parties.rating import months_after
from jindi.parties.reporting import UnknownYear, WorkingCalendar


class Clocks:
    """The clocks of one scheme."""

    def __init__(self, definitions: Definitions, scheme: RatingDef) -> None:
        self._definitions, self._scheme = definitions, scheme
        self._zone: ZoneInfo = definitions.packs[scheme.pack].zone
        self._days: dict[date, Mapping[str, int]] = {}

    def first_due_us(self, at_us: int) -> int:
        """The end of the last working day on which a relation that begins now may be rated first.

        Of a year whose holidays nobody has declared, weekends alone are left out: that is never later than right.
        """
        day, count = day_of(at_us, self._zone), self._whole(self._scheme.first, day_of(at_us, self._zone))
        calendar = self._definitions.calendars.get(self._scheme.calendar)
        try:
            last = day + timedelta(days=count) if calendar is None else WorkingCalendar(calendar).after(day, count).day
        except UnknownYear:
            last = _weekdays_after(day, count)
        return start_of_day(last + timedelta(days=1), self._zone)

    def review_us(self, at_us: int) -> Mapping[str, int]:
        """For each level until when the next review is due, counted from an instant: the beginning of that day."""
        day = day_of(at_us, self._zone)
        if day not in self._days:
            self._days[day] = {
                each.name: start_of_day(months_after(day, self._whole(each.review, day)), self._zone)
                for each in self._scheme.levels
            }
        return self._days[day]

    def _whole(self, name: str, day: date) -> int:
        """A parameter's value on a day; before its first the first, for a relation may be older than the rule."""
        limit = self._definitions.limits[name]
        value = limit.on(max(day, limit.steps[0].since)).value
        assert isinstance(value, int), "the pack says that it is a whole number"
        return value


def _weekdays_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5  # Monday to Friday
    return day
