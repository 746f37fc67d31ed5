"""advice.toml → what customers are told when they are challenged, held up or refused: why, and what to do now."""

from collections.abc import Mapping
from typing import Any, Final

from jindi.basics.problems import Problem
from jindi.packs.definitions import AdviceDef, Outcome, PackDef
from jindi.packs.tables import opened_table

CHARACTERS_MAX: Final = 400
"""(design default) What stands on a telephone's screen without being scrolled away."""

_OUTCOMES: Final = tuple(str(outcome) for outcome in Outcome if outcome is not Outcome.ALLOW)


def read_advice(raw: Any, name: str, pack: PackDef, where: str, problems: list[Problem]) -> AdviceDef | None:
    """One advice; None when anything is wrong with it, which stands in the problems then."""
    before = len(problems)
    table = opened_table(raw, "advice", name, where, problems)
    if table is None:
        return None
    doc = table.words()
    for language, text in (("zh", doc.zh), ("en", doc.en)):
        if len(text) > CHARACTERS_MAX:
            table.problem(
                f"`doc`: {language} is longer than {CHARACTERS_MAX} characters", "nobody reads more: shorten it"
            )
    outcome = Outcome(table.choice("outcome", _OUTCOMES)) if table.has("outcome") else None
    advice = AdviceDef(name, pack.name, doc, outcome)
    return advice if len(problems) == before else None


def check_advice(advice: Mapping[str, AdviceDef], places: Mapping[str, str]) -> list[Problem]:
    """What only all of them together show: an outcome has one general advice."""
    first: dict[Outcome, str] = {}
    problems = []
    for name, each in advice.items():
        if each.outcome is not None and (other := first.setdefault(each.outcome, name)) != name:
            what = f"`outcome`: {other} is told for {each.outcome} already"
            problems.append(Problem(places[name], name, what, "leave out `outcome` in one of the two"))
    return problems
