"""reporting.toml → when a customer's day is a large transaction, what is exempt from being reported as one, and which
events move whose money, and what reports from cases of a kind say by default.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar, cast

from jindi.basics.problems import Problem
from jindi.language import INT, Kind
from jindi.packs.definitions import (
    BORDERS,
    CUSTOMER_KINDS,
    MEANS,
    SIDES,
    WAYS,
    Border,
    CalendarDef,
    CriterionDef,
    CustomerKind,
    EventDef,
    FieldDef,
    LargeExemptionDef,
    LimitDef,
    Mark,
    Means,
    MovementDef,
    PackDef,
    Side,
    SuspicionDef,
    TypologyDef,
    Way,
)
from jindi.packs.tables import Table, kind_of, meant, opened_table
from jindi.packs.vocabulary import MARKS

SORTS: Final = ("criterion", "exemption", "movement", "suspicion")
"""What a file of reporting declares, each sort in a table of tables: [criterion.cash]."""

_CODE: Final = re.compile(r"[0-9]{4}\Z")

T = TypeVar("T")


class Reporting:
    """Reads files of reporting. `limits`, `calendars`, `events` and `typologies` are what they may speak of, `broken`
    the names of what could not be read: nobody is blamed for speaking of those.
    """

    def __init__(
        self, limits: Mapping[str, LimitDef], calendars: Mapping[str, CalendarDef], events: Mapping[str, EventDef],
        typologies: Mapping[str, TypologyDef], broken: Collection[str], problems: list[Problem],
    ) -> None:  # fmt: skip
        self._limits, self._calendars, self._broken, self._problems = limits, calendars, broken, problems
        self._events, self._typologies = events, typologies

    def sorts_of(self, raw: Mapping[str, Any], where: str) -> dict[str, Mapping[str, Any]]:
        """A file's tables by sort; what is no sort, or no table, stands in the problems then."""
        found: dict[str, Mapping[str, Any]] = {}
        for name, given in raw.items():
            if name not in SORTS:
                self._problems.append(Problem(where, name[:64], "not a part of reporting", meant(name, SORTS)))
            elif not isinstance(given, dict):
                what = f"must be a table, not {kind_of(given)}"
                self._problems.append(Problem(where, name, what, f"begin it with [{name}.…]"))
            else:
                found[name] = given
        return found

    def criterion(self, raw: Any, name: str, pack: PackDef, where: str) -> CriterionDef | None:
        """One criterion; None when anything is wrong with it, which stands in the problems then."""
        return self._whole(raw, "large criterion", name, where, lambda table: self._criterion(table, name, pack))

    def _criterion(self, table: Table, name: str, pack: PackDef) -> CriterionDef:
        code = table.text("code")
        if code and not _CODE.match(code):
            table.problem("`code` is not four digits", 'write it as "0501"')
        who = table.names("who", required=True)
        for each in who:
            if each not in CUSTOMER_KINDS:
                table.problem(f"`who`: unknown kind of customer '{each[:64]}'", meant(each, CUSTOMER_KINDS))
        calendar = table.name("calendar")
        if calendar and calendar not in self._calendars and calendar not in self._broken:
            table.problem(f"`calendar`: there is no calendar '{calendar}'", meant(calendar, self._calendars))
        return CriterionDef(
            name=name, pack=pack.name, doc=table.words(), code=code,
            who=tuple(cast("CustomerKind", each) for each in who),
            means=cast("Means", table.choice("means", MEANS)),
            border=cast("Border", table.choice("border", BORDERS)),
            cny=self._limit(table, "cny", "CNY"), usd=self._limit(table, "usd", "USD"),
            within=self._limit(table, "within", None), calendar=calendar,
            basis=table.basis("say which rule asks for it"), mark=cast("Mark", table.choice("mark", MARKS)),
        )  # fmt: skip

    def exemption(self, raw: Any, name: str, pack: PackDef, where: str) -> LargeExemptionDef | None:
        """One exemption; None when anything is wrong with it."""
        return self._whole(
            raw, "large exemption", name, where,
            lambda table: LargeExemptionDef(
                name, pack.name, table.words(), table.basis("say which rule exempts it"),
                cast("Mark", table.choice("mark", MARKS)),
            ),
        )  # fmt: skip

    def movement(self, raw: Any, name: str, pack: PackDef, where: str) -> MovementDef | None:
        """What an event moves for one customer; None when anything is wrong with it."""
        return self._whole(raw, "movement", name, where, lambda table: self._movement(table, name, pack))

    def _movement(self, table: Table, name: str, pack: PackDef) -> MovementDef:
        event_name = table.name("event")
        event = self._events.get(event_name)
        if event is None and event_name and event_name not in self._broken:
            table.problem(f"`event`: there is no event '{event_name[:64]}'", meant(event_name, self._events))

        def field(key: str, fits: Callable[[FieldDef], bool], what: str, default: str | None = None) -> str:
            given = table.name(key, default)
            if given and event is not None:
                found = next((each for each in event.fields if each.name == given), None)
                if found is None:
                    known = [each.name for each in event.fields]
                    table.problem(f"`{key}`: {event.name} has no field '{given[:64]}'", meant(given, known))
                elif not fits(found):
                    table.problem(f"`{key}`: the field {given} is {what}", "name another field")
            return given

        return MovementDef(
            name=name, pack=pack.name, doc=table.words(), event=event_name,
            customer=field("customer", lambda each: each.entity is not None, "no entity"),
            kind=cast("CustomerKind", table.choice("kind", CUSTOMER_KINDS)),
            way=cast("Way", table.choice("way", WAYS)), means=cast("Means", table.choice("means", MEANS)),
            side=cast("Side", table.choice("side", SIDES)),
            amount=field("amount", lambda each: each.type.kind is Kind.MONEY, "no money"),
            card=field("card", lambda each: each.identifier == "bank_card", "no bank card", ""),
            other=field("other", lambda each: each.entity is not None, "no entity", ""),
            other_name=field("other_name", lambda each: each.identifier == "name", "no name", ""),
            exempt=table.name("exempt", ""),
        )  # fmt: skip

    def suspicion(self, raw: Any, name: str, pack: PackDef, where: str) -> SuspicionDef | None:
        """What reports from cases of a typology say by default; None when anything is wrong with it."""
        return self._whole(raw, "suspicion", name, where, lambda table: self._suspicion(table, name, pack))

    def _suspicion(self, table: Table, name: str, pack: PackDef) -> SuspicionDef:
        typology = table.name("typology")
        if typology and typology not in self._typologies and typology not in self._broken:
            table.problem(f"`typology`: there is no typology '{typology[:64]}'", meant(typology, self._typologies))
        crimes, features = table.names("crimes", required=True), table.names("features")
        if not all(_CODE.match(each) for each in crimes):
            table.problem("`crimes` are not four digits each", 'write them as ["0801"]')
        return SuspicionDef(
            name, pack.name, table.words(), typology, crimes, features, table.basis("say why these are suspected"),
            cast("Mark", table.choice("mark", MARKS)),
        )  # fmt: skip

    def _whole(
        self, raw: Any, kind: str, name: str, where: str, read: Callable[[Table], T]
    ) -> T | None:  # fmt: skip
        before = len(self._problems)
        table = opened_table(raw, kind, name, where, self._problems)
        if table is None:
            return None
        found = read(table)
        return found if len(self._problems) == before else None

    def _limit(self, table: Table, key: str, currency: str | None) -> str:
        """The name of a parameter, held to its type: money of a currency, or (None) a whole number of days."""
        name = table.name(key)
        if not name or name in self._broken:
            return name
        limit = self._limits.get(name)
        if limit is None:
            table.problem(f"`{key}`: there is no parameter '{name[:64]}'", meant(name, self._limits))
        elif currency is None and limit.type.kind is not INT.kind:
            table.problem(f"`{key}`: the parameter {name} is no whole number", "name a number of working days")
        elif currency is not None and (limit.type.kind is not Kind.MONEY or limit.type.of != currency):
            table.problem(f"`{key}`: the parameter {name} is no amount in {currency}", "name such an amount")
        return name
