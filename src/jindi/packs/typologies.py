"""typologies.toml → the kinds of case that decisions come to people as, each with the steps to look at it."""

from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from jindi.basics.problems import Problem
from jindi.packs.definitions import LEVELS, Level, Outcome, PackDef, TypologyDef
from jindi.packs.tables import Table, meant, opened_table

_LEAST: Final = tuple(str(outcome) for outcome in Outcome if outcome is not Outcome.ALLOW)
STEPS_MAX: Final = 20


def read_typology(
    raw: Any, name: str, pack: PackDef, where: str, entities: Collection[str] | None, problems: list[Problem]
) -> TypologyDef | None:  # fmt: skip
    """One typology; None when anything is wrong with it, which stands in the problems then.

    `entities` are those that events name; None when some event can't be read, so that nobody knows all of them.
    """
    before = len(problems)
    table = opened_table(raw, "typology", name, where, problems)
    if table is None:
        return None
    doc = table.words()
    by = table.names("by", single=True, required=True)
    for entity in by:
        if entities is not None and entity not in entities:
            table.problem(f"`by`: no event names an entity '{entity[:64]}'", meant(entity, entities))
    steps = [
        Table(each, "typology step", where, f"{name}: step {number}", problems).words()
        for number, each in enumerate(table.tables("step"), 1)
    ]
    if len(steps) > STEPS_MAX:
        table.problem(f"more than {STEPS_MAX} steps", "a list that nobody can go through is not worked")
    typology = TypologyDef(
        name=name,
        pack=pack.name,
        doc=doc,
        by=by,
        least=Outcome(table.choice("least", _LEAST, str(Outcome.REVIEW))),
        level=cast("Level", table.choice("severity", LEVELS)),
        due_us=table.duration("due", None),
        steps=tuple(steps),
        rest=table.boolean("rest", False),
    )
    return typology if len(problems) == before else None


def check_rest(typologies: Mapping[str, TypologyDef], places: Mapping[str, str]) -> list[Problem]:
    """What only all typologies together show: at most one is that of whatever points to none."""
    rest = [name for name, each in typologies.items() if each.rest]
    return [
        Problem(places[name], name, f"`rest` is that of {rest[0]} already", "leave `rest` out of one of the two")
        for name in rest[1:]
    ]
