"""The cases of patterns, run by their meaning: does each complete where its author says so?"""

from collections.abc import Iterator

from jindi.basics.problems import Problem
from jindi.packs import Definitions, PatternCaseDef, PatternDef
from jindi.parties.patterns.meaning import Found, Transfer, meant

_REMEDY = "mend the pattern or the case"


def check_patterns(definitions: Definitions) -> list[Problem]:
    """All cases of all patterns that don't come out as their authors say."""
    return [
        problem
        for pattern in definitions.patterns.values()
        for case in pattern.cases
        for problem in _check(pattern, case)
    ]


def facts_of(found: Found) -> dict[str, int | None]:
    """A pattern's figures by the names that packs give them."""
    return {
        "members": found.members, "others": found.others, "length": found.length, "money": found.money_minor,
        "span": found.span_us, "share": found.share_ppm, "new_pairs": found.new_pairs,
    }  # fmt: skip


def _check(pattern: PatternDef, case: PatternCaseDef) -> Iterator[Problem]:
    transfers = [
        Transfer(str(n), each.at_us, each.payer, each.payee, each.amount_minor, each.currency)
        for n, each in enumerate(case.transfers)
    ]
    found = meant(pattern, 1, transfers)
    where = f"{pattern.pack}/patterns.toml"
    facts = facts_of(found)
    if found.hit is not case.completes:
        told = ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None) or "no facts"
        wanted = "expected to complete it but does not" if case.completes else "expected not to complete it but does"
        yield Problem(where, pattern.name, f"case '{case.name}' {wanted} ({told})", _REMEDY)
    for name, value in case.gives.items():
        if facts[name] != value:
            yield Problem(where, pattern.name, f"case '{case.name}': {name} is {facts[name]}, not {value}", _REMEDY)
