"""A control is green while its newest result passed, is young enough, and is the journal's; nothing else is green."""

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.oversight import (
    RISKS,
    SEVERITIES,
    Result,
    Told,
    counts,
    evidence_digest,
    failing,
    is_due,
    record_of,
    standing,
    tellings,
)
from jindi.packs import ControlDef, Words
from jindi.packs import vocabulary as words

HOUR_US = 3_600_000_000
PERIOD_US = 24 * HOUR_US
NOW_US = 1_795_320_000_000_000
SAME = Words("同", "same")


def control(identifier="C01", excluded=None, digest="asked"):
    return ControlDef(
        identifier, "p", SAME, SAME, "leak", ("x",), "check", {}, "auditor", PERIOD_US, "high", SAME, excluded, digest
    )


def result(outcome="passed", ended_us=NOW_US, **more):
    given = {
        "control": "C01", "outcome": outcome, "why_zh": "", "why_en": "", "evidence": {"n": 1},
        "began_us": ended_us - 1, "ended_us": ended_us, "run": "run_1", "by": "ann", "asked": "asked",
        "definitions": "d", "seq": 5,
    }  # fmt: skip
    return Result(**(given | more))


def test_what_passed_is_green_until_its_period_is_over_and_overdue_from_then_on():
    passed = result()
    assert standing(control(), passed, NOW_US).state == "passed"
    assert standing(control(), passed, NOW_US + PERIOD_US).state == "passed"
    assert standing(control(), passed, NOW_US + PERIOD_US + 1).state == "overdue"


def test_a_control_is_due_before_its_period_is_over_so_that_it_is_never_overdue_while_all_goes_well():
    stands = standing(control(), result(), NOW_US)
    assert not is_due(stands, NOW_US + PERIOD_US * 9 // 10 - 1)
    assert is_due(stands, NOW_US + PERIOD_US * 9 // 10)


@pytest.mark.parametrize("outcome", ["failed", "could_not_run"])
def test_what_failed_or_could_not_run_stays_so(outcome):
    stands = standing(control(), result(outcome), NOW_US + 100 * PERIOD_US)
    assert stands.state == outcome
    assert not stands.is_green


@pytest.mark.parametrize("outcome", ["failed", "could_not_run"])
def test_what_did_not_pass_is_looked_at_again_within_the_hour(outcome):
    """Somebody may have mended it: nobody waits a week to see that."""
    stands = standing(control(), result(outcome), NOW_US)
    assert not is_due(stands, NOW_US + HOUR_US // 2)
    assert is_due(stands, NOW_US + HOUR_US)


def test_a_control_that_nobody_has_run_is_due_and_not_green():
    stands = standing(control(), None, NOW_US)
    assert (stands.state, stands.is_green, is_due(stands, NOW_US)) == ("never", False, True)


def test_a_result_of_another_question_is_none():
    """Whoever asks for less, or for another check, has no result until that has been run."""
    assert standing(control(digest="asked for less"), result(), NOW_US).state == "never"


def test_a_result_that_the_journal_does_not_name_is_altered_whatever_it_says():
    assert standing(control(), result(), NOW_US, is_altered=True).state == "altered"


def test_a_result_from_the_future_is_not_young():
    assert standing(control(), result(ended_us=NOW_US + 1), NOW_US).state == "overdue"


def test_what_does_not_apply_is_neither_run_nor_counted():
    stands = standing(control(excluded=SAME), result("failed"), NOW_US)
    assert (stands.state, stands.is_green, stands.due_us) == ("excluded", True, None)
    assert not is_due(stands, NOW_US + 9 * PERIOD_US)
    found = counts([stands, standing(control(), result(), NOW_US), standing(control(), None, NOW_US)])
    assert dataclasses.astuple(found) == (3, 1, 1, 1)


CHANGES = st.sampled_from(
    [
        {"outcome": "failed"}, {"evidence": {"n": 2}}, {"evidence": {}}, {"why_en": "x"}, {"why_zh": "x"},
        {"began_us": 1}, {"ended_us": NOW_US + 7}, {"run": "run_2"}, {"by": "bob"}, {"asked": "less"},
        {"definitions": "e"}, {"control": "C02"},
    ]
)  # fmt: skip


@given(CHANGES)
def test_whatever_is_changed_in_a_result_it_is_not_the_one_that_the_journal_names(change):
    assert record_of(msgspec.structs.replace(result(), **change)) != record_of(result())


def test_what_became_known_later_changes_nothing_of_what_the_journal_names():
    later = msgspec.structs.replace(result(), seq=99, passed_us=7)
    assert evidence_digest(later) == evidence_digest(result())
    assert len(record_of(result())) < 200


def test_a_result_remembers_when_it_last_held_and_what_came_before():
    first = result(ended_us=NOW_US, seq=1).following(None)
    second = result("failed", ended_us=NOW_US + 5, seq=2).following(first)
    third = result("could_not_run", ended_us=NOW_US + 9, seq=3).following(second)
    assert (first.passed_us, third.passed_us) == (NOW_US, NOW_US)
    assert [(each.outcome, each.seq) for each in third.earlier] == [("failed", 2), ("passed", 1)]
    for number in range(50):
        third = result("failed", seq=number).following(third)
    assert len(third.earlier) == 20


def test_a_failure_is_told_once_and_again_when_something_new_is_known():
    stands = [standing(control(), result("failed", seq=5), NOW_US)]
    fresh, still = tellings(stands, {})
    assert [each.control.id for each in fresh] == ["C01"]
    assert still == {}
    told = {"C01": Told("failed", 5)}
    assert tellings(stands, told) == ((), told)
    again = [standing(control(), result("failed", seq=6), NOW_US)]
    assert len(tellings(again, told)[0]) == 1
    altered = [standing(control(), result("failed", seq=5), NOW_US, is_altered=True)]
    assert len(tellings(altered, told)[0]) == 1


def test_what_became_green_is_forgotten_so_that_its_next_failure_is_told():
    green = [standing(control(), result(), NOW_US)]
    assert tellings(green, {"C01": Told("failed", 5)}) == ((), {})


@given(st.lists(st.sampled_from(["passed", "failed", "could_not_run"]), max_size=12))
def test_over_any_history_every_failing_result_is_told_exactly_once(outcomes):
    told, heard = {}, 0
    for number, outcome in enumerate(outcomes):
        stands = [standing(control(), result(outcome, seq=number), NOW_US)]
        for _ in range(3):  # each minute
            fresh, told = tellings(stands, told)
            heard += len(fresh)
            told |= {each.control.id: Told(each.state, each.result.seq) for each in fresh}
    assert heard == sum(outcome != "passed" for outcome in outcomes)


def test_failing_are_all_that_are_not_green():
    states = [standing(control(), found, NOW_US) for found in (result(), result("failed"), None)]
    assert [each.state for each in failing(states)] == ["failed", "never"]


def test_each_word_of_the_packs_has_words_for_people():
    assert tuple(RISKS) == words.RISKS
    assert tuple(SEVERITIES) == words.SEVERITIES
    assert all(each.zh != each.en for each in (*RISKS.values(), *SEVERITIES.values()))
