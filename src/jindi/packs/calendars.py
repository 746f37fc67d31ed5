"""calendars.toml → working days of a place, year by year as its notices declare them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, cast

from jindi.basics.problems import Problem
from jindi.packs.definitions import CalendarDef, CalendarYearDef, Mark, PackDef
from jindi.packs.tables import Table, meant, opened_table
from jindi.packs.values import read_day
from jindi.packs.vocabulary import MARKS

YEAR_FIRST: Final = 1949
YEAR_LAST: Final = 2199
OFF_DAYS_MAX: Final = 16
"""A stretch of days off is longer than this only by a slip of the pen."""

SATURDAY: Final = 5


def read_calendar(raw: Any, name: str, pack: PackDef, where: str, problems: list[Problem]) -> CalendarDef | None:
    """One calendar; None when anything is wrong with it, which stands in the problems then."""
    before = len(problems)
    table = opened_table(raw, "calendar", name, where, problems)
    if table is None:
        return None
    years: dict[int, CalendarYearDef] = {}
    given = table.tables("year")
    if not given:
        table.missing("year", 'write year = [ { of = 2026, off = [ … ], work = [ … ], basis = "…", mark = "…" } ]')
    for number, each in enumerate(given, 1):
        year = _year(Table(each, "calendar year", where, f"{name}: year {number}", problems))
        if year.year in years:
            table.problem(f"the year {year.year} stands here twice", "keep one of the two")
        years[year.year] = year
    for problem in _contradictions(years.values()):
        table.problem(*problem)
    calendar = CalendarDef(
        name, pack.name, table.words(), tuple(years[year] for year in sorted(years)), table.name("adds_to", "")
    )
    return calendar if len(problems) == before else None


def joined(
    calendars: Mapping[str, CalendarDef], places: Mapping[str, str], problems: list[Problem]
) -> dict[str, CalendarDef]:
    """The calendars with the years that others add to them; what contradicts itself stands in the problems then."""
    found = {name: each for name, each in calendars.items() if not each.adds_to}
    for name, each in calendars.items():
        if not each.adds_to:
            continue
        base = found.get(each.adds_to)
        if base is None:
            what = f"`adds_to`: there is no calendar '{each.adds_to}'"
            problems.append(Problem(places[name], name, what, meant(each.adds_to, found)))
            continue
        twice = {year.year for year in base.years} & {year.year for year in each.years}
        problems += [
            Problem(places[name], name, f"{each.adds_to} has the year {year} already", "leave it out")
            for year in sorted(twice)
        ]
        years = tuple(sorted((*base.years, *each.years), key=lambda year: year.year))
        if not twice:
            problems += [Problem(places[name], name, *problem) for problem in _contradictions(years)]
        found[each.adds_to] = replace(base, years=years)
    return found


def _year(table: Table) -> CalendarYearDef:
    year = table.integer("of", None, YEAR_FIRST, YEAR_LAST)
    off: list[tuple[date, date]] = []
    for number, each in enumerate(table.tables("off"), 1):
        stretch = Table(each, "days off", table.where, f"{table.item}: off {number}", table.problems)
        first, last = _day(stretch, "first", year), _day(stretch, "last", year)
        if first is None or last is None:
            continue
        if not 0 <= (last - first).days < OFF_DAYS_MAX:
            stretch.problem(f"from {first} to {last} is no stretch of days off", f"1 to {OFF_DAYS_MAX} days")
            continue
        off.append((first, last))
    work = tuple(_worked(table, year))
    for day in work:
        if day.weekday() < SATURDAY:
            table.problem(f"`work`: {day} is no weekend day", "other days are worked without saying so")
    return CalendarYearDef(
        year, tuple(off), work, table.basis("name the notice"), cast("Mark", table.choice("mark", MARKS))
    )


def _day(table: Table, key: str, year: int) -> date | None:
    if not table.has(key):
        table.missing(key, f"write {key} = {year}-01-01")
        return None
    try:
        return _of_year(table, key, read_day(table.raw[key]), year)
    except ValueError as error:
        table.problem(f"`{key}` {error}")
        return None


def _worked(table: Table, year: int) -> Iterator[date]:
    given = table.raw.get("work", []) if table.has("work") else []
    if not isinstance(given, list):
        table.wrong("work", "a list of dates", given)
        return
    for each in given:
        try:
            day = _of_year(table, "work", read_day(each), year)
        except ValueError as error:
            table.problem(f"`work`: a day {error}")
            continue
        if day is not None:
            yield day


def _of_year(table: Table, key: str, day: date, year: int) -> date | None:
    if day.year == year or (day.year, day.month) == (year - 1, 12):
        return day
    table.problem(f"`{key}`: {day} is no day of {year}, nor of the December before", "move it to its own year")
    return None


def _contradictions(years: Iterable[CalendarYearDef]) -> Iterator[tuple[str, str]]:
    off: set[date] = set()
    years = tuple(years)
    for year in years:
        for first, last in year.off:
            stretch = {first + timedelta(days=each) for each in range((last - first).days + 1)}
            for day in sorted(stretch & off):
                yield f"{day} is off twice", "keep one of the two"
            off |= stretch
    worked = [day for year in years for day in year.work]
    for day in sorted({each for each in worked if worked.count(each) > 1}):
        yield f"{day} is worked twice", "keep one of the two"
    for day in sorted(off & set(worked)):
        yield f"{day} is off and worked", "look at the notice again"
