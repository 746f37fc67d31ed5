"""incidents.toml → the reports that incidents owe, the figures that suggest a grade, and the plans by kind."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Literal, TypeVar, cast

from jindi.basics.problems import Problem
from jindi.language import DURATION, INT, Kind, Type
from jindi.packs.definitions import (
    GRADES,
    INCIDENT_KINDS,
    MEASURES,
    MOMENTS,
    PROFILES_OF_REPORTS,
    RECEIVERS,
    DueDef,
    Grade,
    IncidentKind,
    LimitDef,
    Measure,
    Moment,
    PackDef,
    PlanDef,
    Profile,
    Receiver,
    ReportDef,
    ThresholdDef,
    Words,
)
from jindi.packs.tables import Table, kind_of, meant, opened_table
from jindi.packs.vocabulary import MARKS

SORTS: Final = ("report", "threshold", "plan")
"""What a file of incidents declares, each sort in a table of tables: [report.cac_first]."""

STEPS_MAX: Final = 20

T = TypeVar("T")


def sorts_of(raw: Mapping[str, Any], where: str, problems: list[Problem]) -> dict[str, Mapping[str, Any]]:
    """A file's tables by sort; what is no sort, or no table, stands in the problems then."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, given in raw.items():
        if name not in SORTS:
            problems.append(Problem(where, name[:64], "not a part of incidents", meant(name, SORTS)))
        elif not isinstance(given, dict):
            problems.append(Problem(where, name, f"must be a table, not {kind_of(given)}", f"begin it with [{name}.…]"))
        else:
            found[name] = given
    return found


class Incidents:
    """Reads files of incidents. `limits` are the parameters that they may speak of, `broken` the names of what could
    not be read: nobody is blamed for speaking of those.
    """

    def __init__(self, limits: Mapping[str, LimitDef], broken: Collection[str], problems: list[Problem]) -> None:
        self._limits, self._broken, self._problems = limits, broken, problems

    def report(self, raw: Any, name: str, pack: PackDef, where: str) -> ReportDef | None:
        """One report; None when anything is wrong with it, which stands in the problems then."""
        return self._whole(raw, "incident report", name, where, lambda table: self._report(table, name, pack))

    def _report(self, table: Table, name: str, pack: PackDef) -> ReportDef:
        due = [
            self._due(Table(each, "incident due", table.where, f"{name}: due {number}", self._problems))
            for number, each in enumerate(table.tables("due"), 1)
        ]
        if not due:
            table.missing("due", 'write due = [ { from = "aware", within = "…" } ]')
        every = table.name("every", "")
        if table.has("every"):
            self._is_of(table, "every", every, DURATION)
        return ReportDef(
            name=name, pack=pack.name, doc=table.words(),
            profile=cast("Profile", table.choice("profile", PROFILES_OF_REPORTS)),
            to=cast("Receiver", table.choice("to", RECEIVERS)),
            least=cast("Grade", table.choice("least", GRADES)), kinds=_kinds(table),
            critical=_either(table, "critical"), persons=table.boolean("persons", False), due=tuple(due),
            every=every, again=table.boolean("again", False),
            mark=cast("Literal['verified', 'from memory', 'design default']", table.choice("mark", MARKS)),
            basis=table.basis("say which rule asks for it"),
        )  # fmt: skip

    def _due(self, table: Table) -> DueDef:
        moment = cast("Moment", table.choice("from", MOMENTS))
        within = table.name("within")
        self._is_of(table, "within", within, DURATION)
        of = table.name("of", "")
        if (moment == "sent") != bool(of):
            table.problem(
                '`of` names the report that was sent, and belongs to from = "sent" alone',
                "name a report, or leave it out",
            )
        return DueDef(moment, within, of)

    def threshold(self, raw: Any, name: str, pack: PackDef, where: str) -> ThresholdDef | None:
        """One threshold; None when anything is wrong with it."""
        return self._whole(raw, "incident threshold", name, where, lambda table: self._threshold(table, name, pack))

    def _threshold(self, table: Table, name: str, pack: PackDef) -> ThresholdDef:
        measure = cast("Measure", table.choice("measure", MEASURES))
        figure = table.name("from")
        self._is_of(table, "from", figure, {"persons": INT, "loss": None, "outage": DURATION}[measure])
        return ThresholdDef(
            name=name, pack=pack.name, doc=table.words(),
            profile=cast("Profile", table.choice("profile", PROFILES_OF_REPORTS)),
            grade=cast("Grade", table.choice("grade", GRADES)), measure=measure, from_=figure, kinds=_kinds(table),
            critical=_either(table, "critical"), whole=_either(table, "whole"),
        )  # fmt: skip

    def plan(self, raw: Any, name: str, pack: PackDef, where: str) -> PlanDef | None:
        """One plan; None when anything is wrong with it."""
        return self._whole(raw, "incident plan", name, where, lambda table: self._plan(table, name, pack))

    def _plan(self, table: Table, name: str, pack: PackDef) -> PlanDef:
        steps: list[Words] = [
            Table(each, "incident plan step", table.where, f"{name}: step {number}", self._problems).words()
            for number, each in enumerate(table.tables("step"), 1)
        ]
        if not 0 < len(steps) <= STEPS_MAX:
            table.problem(f"a plan has 1 to {STEPS_MAX} steps", "say what is done first, and what then")
        kind = cast("IncidentKind", table.choice("kind", INCIDENT_KINDS))
        return PlanDef(name, pack.name, table.words(), kind, tuple(steps))

    def _whole(
        self, raw: Any, kind: str, name: str, where: str, read: Callable[[Table], T]
    ) -> T | None:  # fmt: skip
        before = len(self._problems)
        table = opened_table(raw, kind, name, where, self._problems)
        if table is None:
            return None
        found = read(table)
        return found if len(self._problems) == before else None

    def _is_of(self, table: Table, key: str, name: str, kind: Type | None) -> None:
        """Hold a named parameter to its type; None: money."""
        if not name or name in self._broken:
            return
        limit = self._limits.get(name)
        if limit is None:
            table.problem(f"`{key}`: there is no parameter '{name[:64]}'", meant(name, self._limits))
        elif limit.type.kind is not (Kind.MONEY if kind is None else kind.kind):
            expected = "an amount of money" if kind is None else f"a {kind}"
            table.problem(f"`{key}`: the parameter {name} is no {expected.split(' ', 1)[1]}", f"name {expected}")


def check_reports(
    reports: Mapping[str, ReportDef], places: Mapping[str, str], broken: Collection[str]
) -> list[Problem]:
    """What only all reports together show: each waits for a report that there is, and none in a circle for itself."""
    found: list[Problem] = []
    for name, report in reports.items():
        found += [
            Problem(places[name], name, f"`of`: there is no report '{due.of[:64]}'", meant(due.of, reports))
            for due in report.due
            if due.of and due.of not in reports and due.of not in broken
        ]
        if _waits_for_itself(name, reports):
            found.append(Problem(places[name], name, "waits for itself to be sent", "let one of them begin elsewhere"))
    return found


def _waits_for_itself(name: str, reports: Mapping[str, ReportDef]) -> bool:
    seen: set[str] = set()
    waiting = [due.of for due in reports[name].due if due.of]
    while waiting:
        other = waiting.pop()
        if other == name:
            return True
        if other in reports and other not in seen:
            seen.add(other)
            waiting += [due.of for due in reports[other].due if due.of]
    return False


def _kinds(table: Table) -> tuple[IncidentKind, ...]:
    kinds = table.names("kinds")
    for each in kinds:
        if each not in INCIDENT_KINDS:
            table.problem(f"`kinds`: unknown kind '{each[:64]}'", meant(each, INCIDENT_KINDS))
    return tuple(cast("IncidentKind", each) for each in kinds)


def _either(table: Table, key: str) -> bool | None:
    return table.boolean(key) if table.has(key) else None
