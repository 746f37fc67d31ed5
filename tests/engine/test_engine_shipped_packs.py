"""The packs that are shipped: their cases hold, and what is said to alter their decisions does."""

from pathlib import Path

import pytest

from jindi.engine import build, build_trial, check_cases, decide, explain
from jindi.engine.examples import facts_of
from jindi.language import Kind
from jindi.packs import load

PACKS = Path(__file__).parents[2] / "packs"


@pytest.fixture(scope="module")
def shipped():
    return load({path.relative_to(PACKS).as_posix(): path.read_text("utf-8") for path in PACKS.rglob("*.toml")})


def test_all_cases_of_the_shipped_packs_come_out_as_their_authors_say(shipped):
    assert [str(problem) for problem in check_cases(build(shipped))] == []


def test_changes_of_single_facts_alter_the_decisions_of_the_shipped_packs(shipped):
    seen = 0
    for policy in shipped.policies:
        program = build_trial(shipped, policy)
        for case in (rule.cases[0] for rule in policy.rules if rule.cases):
            row = facts_of(program, case)
            found = explain(program, row, at_us=case.at_us, decision=decide(program, row))
            for change in found.changes:
                (move, *more) = change.moves
                slot = program.index[move.input]
                # Sums over an amount move along with it: that has its own test.
                if more or move.as_fact or program.types[slot].kind is Kind.MONEY:
                    continue
                base = list(row[: program.base_count])
                base[slot] = move.value
                after = decide(program, program.complete(base))
                assert (after.outcome, after.score) == (change.outcome, change.score)
                assert after.outcome is not found.outcome
                seen += 1
    assert seen > 100
