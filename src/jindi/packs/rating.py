"""rating.toml → how customers are rated by their risk of laundering: factors, weights, levels and review clocks."""

from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from typing import Any, Final, TypeVar, cast

from jindi.basics.instants import parse_duration
from jindi.basics.money import parse_minor
from jindi.basics.problems import Problem
from jindi.language import INT, Kind, Type
from jindi.packs.definitions import (
    CalendarDef,
    DerivedDef,
    EventDef,
    FactorDef,
    FactorGroup,
    FeatureDef,
    LevelDef,
    LimitDef,
    Mark,
    PackDef,
    PolicyDef,
    RatingDef,
    TellingDef,
)
from jindi.packs.tables import Table, kind_of, meant, opened_table
from jindi.packs.vocabulary import MARKS

SORTS: Final = ("scheme", "level", "factor", "mitigation", "direct")
"""What a file of rating declares, each sort in a table of tables: [factor.occupation]."""

GROUPS: Final[tuple[FactorGroup, ...]] = ("customer", "region", "business", "occupation")
STEPS: Final = (2, 4, 5, 8, 10)
"""So many steps a factor may have: each divides a thousand, so that points are exact to a thousandth."""

WEIGHTS: Final = 100
SUBJECT: Final = "user"
_NUMBERS: Final = (Kind.INT, Kind.MONEY, Kind.DURATION, Kind.TIME)

T = TypeVar("T")


class Rating:
    """Reads files of rating. `broken` are names that could not be read: nobody is blamed for speaking of those."""

    def __init__(
        self, events: Mapping[str, EventDef], windows: Mapping[str, FeatureDef], derived: Mapping[str, DerivedDef],
        limits: Mapping[str, LimitDef], calendars: Mapping[str, CalendarDef], policies: Collection[PolicyDef],
        broken: Collection[str], problems: list[Problem],
    ) -> None:  # fmt: skip
        self._events, self._limits, self._calendars, self._broken = events, limits, calendars, broken
        self._types = {name: each.type for name, each in windows.items()}
        self._types |= {name: each.type for name, each in derived.items()}
        self._policies, self._problems = policies, problems

    def read(self, raw: Mapping[str, Any], pack: PackDef, where: str) -> RatingDef | None:
        """A file's scheme; None when anything is wrong with it, which stands in the problems then."""
        before = len(self._problems)
        for name, given in raw.items():
            if name not in SORTS:
                self._problems.append(Problem(where, name[:64], "not a part of rating", meant(name, SORTS)))
            elif not isinstance(given, dict):
                what = f"must be a table, not {kind_of(given)}"
                self._problems.append(Problem(where, name, what, f"begin it with [{name}.…]"))
        schemes = raw.get("scheme") if isinstance(raw.get("scheme"), dict) else None
        if not schemes or len(schemes) != 1:
            self._problems.append(Problem(where, "scheme", "there must be one scheme", "write one [scheme.NAME]"))
            return None
        name, given = next(iter(schemes.items()))
        table = opened_table(given, "rating scheme", name, where, self._problems)
        if table is None:
            return None
        scheme = self._scheme(table, name, pack, raw)
        return scheme if len(self._problems) == before else None

    def _scheme(self, table: Table, name: str, pack: PackDef, raw: Mapping[str, Any]) -> RatingDef:
        on = self._event(table, table.name("on"), "on")
        steps = table.integer("steps", None, 2, 10)
        if steps not in STEPS:
            table.problem("`steps` must divide a thousand", f"use one of: {', '.join(map(str, STEPS))}")
            steps = 5
        scheme = RatingDef(
            name=name, pack=pack.name, doc=table.words(), on=table.name("on"), steps=steps,
            opens=self._about(table, "opens"), again=self._about(table, "again"),
            first=self._whole(table, "first"), calendar=self._calendar(table),
            levels=self._each(raw, "level", table, self._level),
            factors=self._each(raw, "factor", table, lambda each, key: self._factor(each, key, on, steps)),
            mitigations=self._each(raw, "mitigation", table, lambda each, key: self._mitigation(each, key, on)),
            directs=self._each(raw, "direct", table, lambda each, key: self._direct(each, key, on)),
            basis=table.basis("say where the scheme comes from"), mark=cast("Mark", table.choice("mark", MARKS)),
        )  # fmt: skip
        self._check_whole(scheme, table)
        own = {one.name for one in self._events.values() if one.own and one.pack == pack.name} | {scheme.on}
        for each in sorted(own & {*scheme.opens, *scheme.again}):
            remedy = "name in `opens` and `again` what others tell"
            table.problem(f"{each} is told by what rates: it would rate for ever", remedy)
        return scheme

    def _each(
        self, raw: Mapping[str, Any], sort: str, scheme: Table, read: Callable[[Table, str], T]
    ) -> tuple[T, ...]:  # fmt: skip
        given = raw.get(sort, {})
        tables = [
            (name, opened_table(each, f"rating {sort}", name, scheme.where, self._problems))
            for name, each in (given.items() if isinstance(given, dict) else ())
        ]
        return tuple(read(table, name) for name, table in tables if table is not None)

    def _check_whole(self, scheme: RatingDef, table: Table) -> None:
        """What only all parts together show."""
        if (total := sum(each.weight for each in scheme.factors)) != WEIGHTS:
            table.problem(f"the weights of its factors add up to {total}", f"make them add up to {WEIGHTS}")
        froms = [each.points_from for each in scheme.levels]
        if len(froms) < 2 or froms != sorted(set(froms)) or froms[0] != 0:
            table.problem("its levels do not rise from 0", "write two or more [level.…], the lowest first, from = 0")
            return
        months = [self._newest(each.review) for each in scheme.levels]
        for (lower, upper), (level, above) in zip(pairwise(months), pairwise(scheme.levels), strict=True):
            if lower is not None and upper is not None and lower > 2 * upper:
                table.problem(
                    f"level {level.name} is reviewed after {lower} months, {above.name} after {upper}",
                    "give no level more than twice the time of the next higher one (银发〔2013〕2号)",
                )

    def _newest(self, name: str) -> int | None:
        limit = self._limits.get(name)
        value = limit.steps[-1].value if limit is not None and limit.steps else None
        return value if isinstance(value, int) else None

    def _level(self, table: Table, name: str) -> LevelDef:
        points = table.integer("from", None, 0, WEIGHTS)
        return LevelDef(name, table.words(), points, self._whole(table, "review"), table.boolean("enhanced", False))

    def _factor(self, table: Table, name: str, on: EventDef | None, steps: int) -> FactorDef:
        of, found = self._fact(table, on)
        values: dict[str, int] = {}
        bounds: list[tuple[int, int]] = []
        if found is not None and found.kind in _NUMBERS:
            bounds = self._bounds(table, found, steps)
        elif found is not None:
            values = self._values(table, steps)
        return FactorDef(
            name=name, doc=table.words(), group=cast("FactorGroup", table.choice("group", GROUPS)),
            weight=table.integer("weight", None, 1, WEIGHTS), of=of, values=values, bounds=tuple(bounds),
            otherwise=table.integer("otherwise", steps, 1, steps), missing=table.integer("missing", None, 1, steps),
            basis=table.basis("say why it counts"), mark=cast("Mark", table.choice("mark", MARKS)),
        )  # fmt: skip

    def _values(self, table: Table, steps: int) -> dict[str, int]:
        """The step of each value: `is = { student = 2 }`; of a fact that is true or false both."""
        found = {}
        for value, step in table.table("is").items():
            if isinstance(step, bool) or not isinstance(step, int) or not 1 <= step <= steps:
                table.problem(f"`is`: {value[:64]} needs a step from 1 to {steps}", "give a whole number")
            else:
                found[value] = step
        if not found:
            table.missing("is", "write is = { VALUE = STEP }: the fact is a text, or true or false")
        return found

    def _bounds(self, table: Table, found: Type, steps: int) -> list[tuple[int, int]]:
        """From which value on which step holds, rising."""
        bounds = []
        for number, raw in enumerate(table.tables("from"), 1):
            each = Table(raw, "rating bound", table.where, f"{table.item}: from {number}", self._problems)
            at = self._number(each, "at", found)
            bounds.append((at, each.integer("is", None, 1, steps)))
        if not bounds or [at for at, _ in bounds] != sorted({at for at, _ in bounds}):
            table.problem("`from` must name rising values", "write from = [{ at = 0, is = 1 }, { at = 10, is = 3 }]")
        return bounds

    def _number(self, table: Table, key: str, found: Type) -> int:
        """A value of a fact's type: minor units, microseconds, or a whole number."""
        if found.kind is Kind.INT:
            return table.integer(key, None)
        text = table.text(key)
        try:
            return parse_minor(text, found.of or "CNY") if found.kind is Kind.MONEY else parse_duration(text)
        except ValueError as error:
            if text:
                table.problem(f"`{key}` is {error}", f"give a value of type {found}")
            return 0

    def _mitigation(self, table: Table, name: str, on: EventDef | None) -> TellingDef:
        less = table.integer("less", None, 1, WEIGHTS)
        return self._telling(table, name, on, less)

    def _direct(self, table: Table, name: str, on: EventDef | None) -> TellingDef:
        return self._telling(table, name, on, 0)

    def _telling(self, table: Table, name: str, on: EventDef | None, less: int) -> TellingDef:
        """When a fact says so: one of some values, or at least so much."""
        of, found = self._fact(table, on)
        least: int | None = None
        values: tuple[str, ...] = ()
        if found is not None and found.kind in _NUMBERS:
            least = self._number(table, "at_least", found)
        elif found is not None:
            values = table.names("is", single=True, required=True)
        return TellingDef(name, table.words(), of, values, least, less, table.basis("say why it counts"))

    def _fact(self, table: Table, on: EventDef | None) -> tuple[str, Type | None]:
        """A fact that the decision of an assessment keeps: a field of the event, or a feature that its policy keeps."""
        name = table.name("of")
        if on is None or not name:
            return name, None
        field = next((each for each in on.fields if each.name == name), None)
        if field is not None:
            return name, field.type
        live = (each for each in self._policies if each.on == on.name and each.state == "live")
        kept = [name for each in live for name in each.keeps]
        if name in kept and name in self._types:
            return name, self._types[name]
        if name not in self._broken:
            known = [*kept, *(each.name for each in on.fields)]
            table.problem(f"`of`: {name} is no field of {on.name}, and its policy does not keep it", meant(name, known))
        return name, None

    def _event(self, table: Table, name: str, key: str) -> EventDef | None:
        event = self._events.get(name)
        if event is None and name and name not in self._broken:
            table.problem(f"`{key}`: unknown event '{name[:64]}'", meant(name, self._events))
        if event is not None and not any(each.entity == SUBJECT for each in event.fields):
            table.problem(f"`{key}`: {name} is about no {SUBJECT}", f"name an event with a field of entity {SUBJECT}")
        return event

    def _about(self, table: Table, key: str) -> tuple[str, ...]:
        names = table.names(key, required=key == "opens")
        for each in names:
            self._event(table, each, key)
        return names

    def _whole(self, table: Table, key: str) -> str:
        """The name of a parameter that is a whole number."""
        name = table.name(key)
        limit = self._limits.get(name)
        if name and limit is None and name not in self._broken:
            table.problem(f"`{key}`: there is no parameter '{name[:64]}'", meant(name, self._limits))
        elif limit is not None and limit.type.kind is not INT.kind:
            table.problem(f"`{key}`: the parameter {name} is no whole number", "name one of type int")
        return name

    def _calendar(self, table: Table) -> str:
        name = table.name("calendar")
        if name and name not in self._calendars and name not in self._broken:
            table.problem(f"`calendar`: there is no calendar '{name}'", meant(name, self._calendars))
        return name
