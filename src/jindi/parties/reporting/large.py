"""Large transactions: a customer's day against dated lines; the plain definition, and the same beside a stream.

A day is one of Asia/Shanghai. Money in and money out count each by itself, as does each criterion. Yuan and foreign
currency count each against its own line; on a day with both, everything counts against both lines in equivalents, too,
and what is reported are all transactions of the group. What is exempt counts nowhere unless it is suspicious.

Equivalents come with each transaction (the interface wants them anyway): rates are not this room's business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from jindi.basics.instants import day_of
from jindi.basics.money import AMOUNT_MINOR_MAX, EXPONENTS
from jindi.basics.problems import Problem, Problems
from jindi.packs import CriterionDef, CustomerKind, Definitions, LimitDef, Mark, Means, Words
from jindi.parties.reporting.calendar import Count, WorkingCalendar

ZONE: Final = ZoneInfo("Asia/Shanghai")
LOCAL: Final = "CNY"

Direction = Literal["in", "out"]
DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)

Side = Literal["domestic", "cross_border"]
SIDES: Final[tuple[Side, ...]] = get_args(Side)


@dataclass(frozen=True, slots=True)
class Movement:
    """What one customer's money did, as far as the lines ask. `customer` is the institution's own number of him;
    `cny_minor` and `usd_minor` are the amount and its equivalent; `exempt` names an exemption, "" for none.
    """

    id: str
    at_us: int
    customer: str
    kind: CustomerKind
    means: Means
    side: Side
    direction: Direction
    currency: str
    amount_minor: int
    cny_minor: int
    usd_minor: int
    exempt: str = ""
    is_suspicious: bool = False

    def __repr__(self) -> str:
        return "Movement(…)"

    @property
    def is_local(self) -> bool:
        """Whether it is in yuan."""
        return self.currency == LOCAL

    @property
    def day(self) -> date:
        """Its day in Asia/Shanghai."""
        return day_of(self.at_us, ZONE)


class Line(NamedTuple):
    """A line that was reached: in yuan or US dollars, by yuan or foreign currency alone, or by all in equivalents."""

    currency: Literal["CNY", "USD"]
    of: Literal["local", "foreign", "all"]
    sum_minor: int
    threshold_minor: int
    mark: Mark
    basis: Words


@dataclass(frozen=True, slots=True)
class Large:
    """A customer's day that must be reported: under which criterion, in which direction, which lines were reached, by
    which movements (ids, in order of time). Until when, says `Rules.due`.
    """

    customer: str
    day: date
    criterion: CriterionDef
    direction: Direction
    lines: tuple[Line, ...]
    movements: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Large({self.criterion.code} {self.direction} on {self.day})"


class Group(NamedTuple):
    """What is summed by itself."""

    customer: str
    day: date
    criterion: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Rules:
    """The criteria, exemptions, parameters and calendars that are asked."""

    criteria: tuple[CriterionDef, ...]
    exemptions: frozenset[str]
    limits: Mapping[str, LimitDef]
    calendars: Mapping[str, WorkingCalendar]

    @classmethod
    def of(cls, definitions: Definitions) -> "Rules":
        """The rules that packs declare. Raises Problems when they declare no criterion."""
        if not definitions.criteria:
            what = "no pack says what a large transaction is"
            raise Problems([Problem("packs", "", what, "load the pack payment, or declare reporting.toml")])
        return cls(
            tuple(sorted(definitions.criteria.values(), key=lambda each: (each.code, each.name))),
            frozenset(definitions.large_exemptions),
            definitions.limits,
            {name: WorkingCalendar(each) for name, each in definitions.calendars.items()},
        )

    def groups(self, movement: Movement) -> list[Group]:
        """Where a movement counts."""
        if movement.exempt and not movement.is_suspicious:
            return []
        day = movement.day
        return [
            Group(movement.customer, day, each.name, movement.direction)
            for each in self.criteria
            if movement.kind in each.who and movement.means == each.means and each.border in ("any", movement.side)
        ]

    def due(self, found: Large) -> Count:
        """Until when a day is reported. Raises UnknownYear: that it is large is known all the same."""
        within = self.limits[found.criterion.within].on(found.day).value
        assert isinstance(within, int), "the packs hold it to a whole number"
        return self.calendars[found.criterion.calendar].after(found.day, within)

    def check(self, movement: Movement) -> list[Problem]:
        """What is wrong with a movement, by its id."""
        where, found = f"transaction {movement.id[:64]}", list[Problem]()
        if not movement.customer:
            found.append(Problem(where, "customer", "is empty", "give the institution's number of the customer"))
        if movement.currency not in EXPONENTS:
            found.append(Problem(where, "currency", "is unknown", "give an ISO 4217 code"))
        for name, amount in (
            ("amount", movement.amount_minor), ("cny", movement.cny_minor), ("usd", movement.usd_minor),
        ):  # fmt: skip
            if not 0 < amount <= AMOUNT_MINOR_MAX:
                found.append(Problem(where, name, "is not above zero", "money in and out differ by `direction`"))
        same = {"CNY": movement.cny_minor, "USD": movement.usd_minor}.get(movement.currency, movement.amount_minor)
        if same != movement.amount_minor:
            found.append(Problem(where, movement.currency.lower(), "differs from the amount", "leave it out"))
        if movement.exempt and movement.exempt not in self.exemptions:
            remedy = f"use one of: {', '.join(sorted(self.exemptions))}"
            found.append(Problem(where, "exempt", "is no exemption that a pack declares", remedy))
        day = movement.day
        for each in self.criteria:
            if day < self.limits[each.cny].steps[0].since:
                first = self.limits[each.cny].steps[0].since
                found.append(Problem(where, "at", f"lies before the first line of {each.code}", f"from {first} on"))
                break
        return found


@dataclass(slots=True)
class Sums:
    """Minor units of a group so far, in yuan and US dollars."""

    local_cny: int = 0
    foreign_usd: int = 0
    all_cny: int = 0
    all_usd: int = 0
    has_local: bool = False
    has_foreign: bool = False

    def add(self, movement: Movement) -> None:
        """Count one more."""
        self.all_cny += movement.cny_minor
        self.all_usd += movement.usd_minor
        if movement.is_local:
            self.local_cny, self.has_local = self.local_cny + movement.cny_minor, True
        else:
            self.foreign_usd, self.has_foreign = self.foreign_usd + movement.usd_minor, True


def reached(sums: Sums, criterion: CriterionDef, day: date, limits: Mapping[str, LimitDef]) -> tuple[Line, ...]:
    """The lines that sums reach; a line is reached by what equals it."""
    cny, usd = limits[criterion.cny], limits[criterion.usd]
    both = sums.has_local and sums.has_foreign
    asked: tuple[tuple[LimitDef, Literal["CNY", "USD"], Literal["local", "foreign", "all"], int, bool], ...] = (
        (cny, "CNY", "local", sums.local_cny, sums.has_local),
        (usd, "USD", "foreign", sums.foreign_usd, sums.has_foreign),
        (cny, "CNY", "all", sums.all_cny, both),
        (usd, "USD", "all", sums.all_usd, both),
    )
    found = []
    for limit, currency, of, total, is_asked in asked:
        step = limit.on(day)
        if is_asked and isinstance(step.value, int) and total >= step.value:
            found.append(Line(currency, of, total, step.value, limit.mark_of(step), step.basis))
    return tuple(found)


def large(movements: Sequence[Movement], rules: Rules) -> tuple[Large, ...]:
    """The definition: every group of movements whose sums reach a line, in the order of `Group`.

    Raises Problems with what is wrong with movements, and with ids that stand twice and differ.
    """
    _check(movements, rules)
    once = {each.id: each for each in movements}
    found = list[Large]()
    for group in sorted({group for each in once.values() for group in rules.groups(each)}):
        inside = [each for each in once.values() if group in rules.groups(each)]
        sums = Sums()
        for each in inside:
            sums.add(each)
        criterion = next(each for each in rules.criteria if each.name == group.criterion)
        lines = reached(sums, criterion, group.day, rules.limits)
        if lines:
            ordered = tuple(each.id for each in sorted(inside, key=lambda each: (each.at_us, each.id)))
            found.append(Large(group.customer, group.day, criterion, group.direction, lines, ordered))
    return tuple(found)


def _check(movements: Iterable[Movement], rules: Rules) -> None:
    problems, met = list[Problem](), dict[str, Movement]()
    for each in movements:
        problems += rules.check(each)
        if met.setdefault(each.id, each) != each:
            problems.append(_twice(each))
    if problems:
        raise Problems(problems)


def _twice(movement: Movement) -> Problem:
    return Problem(f"transaction {movement.id[:64]}", "id", "stands twice and differs", "give each its own id")


@dataclass(slots=True)
class _Held:
    sums: Sums = field(default_factory=Sums)
    movements: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class LargeWatch:
    """The same beside a stream: movements may come in any order; those of days that were forgotten are refused.

    `observe` tells the groups that are large with this movement, as they stand now; `found` all that are.
    """

    rules: Rules
    _held: dict[Group, _Held] = field(default_factory=dict)
    _met: dict[str, Movement] = field(default_factory=dict)
    _from: date = date.min

    def observe(self, movement: Movement) -> tuple[Large, ...]:
        """Count one movement; one that was counted before, with the same content, counts no more. Raises Problems."""
        before = self._met.get(movement.id)
        if before is not None and before == movement:
            return tuple(self._large(each) for each in sorted(self.rules.groups(movement)) if self._is_large(each))
        problems = self.rules.check(movement)
        if before is not None:
            problems.append(_twice(movement))
        if movement.day < self._from:
            where = f"transaction {movement.id[:64]}"
            problems.append(Problem(where, "at", "lies in a day that is closed", "report it by hand"))
        if problems:
            raise Problems(problems)
        groups = sorted(self.rules.groups(movement))
        self._met[movement.id] = movement
        for group in groups:
            held = self._held.setdefault(group, _Held())
            held.sums.add(movement)
            held.movements.append((movement.at_us, movement.id))
        return tuple(self._large(group) for group in groups if self._is_large(group))

    def found(self) -> tuple[Large, ...]:
        """All groups that are large by now, in the order of `Group`."""
        return tuple(self._large(group) for group in sorted(self._held) if self._is_large(group))

    def forget_before(self, day: date) -> None:
        """Let go of what is older than a day; what comes late for it is refused from now on."""
        self._from = max(self._from, day)
        self._held = {group: held for group, held in self._held.items() if group.day >= self._from}
        self._met = {name: each for name, each in self._met.items() if each.day >= self._from}

    def __len__(self) -> int:
        """How many movements are held."""
        return len(self._met)

    def _criterion(self, group: Group) -> CriterionDef:
        return next(each for each in self.rules.criteria if each.name == group.criterion)

    def _is_large(self, group: Group) -> bool:
        held = self._held[group]
        return bool(reached(held.sums, self._criterion(group), group.day, self.rules.limits))

    def _large(self, group: Group) -> Large:
        held, criterion = self._held[group], self._criterion(group)
        lines = reached(held.sums, criterion, group.day, self.rules.limits)
        ordered = tuple(name for _, name in sorted(held.movements))
        return Large(group.customer, group.day, criterion, group.direction, lines, ordered)
