"""A policy says of columns what it says row by row."""

import pytest
from engine_world import facts
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine_decide import WEIGHT, payment, policies, rows
from test_engine_models import event
from test_engine_models import facts as scored

from jindi.engine import complete_columns, inputs_of, judge, judge_columns
from jindi.language import column_of
from models_world import DOCUMENT, LOGISTIC, changed


def columns_of(program, told, names):
    """The named slots of complete rows, as columns."""
    return {
        name: column_of([row[program.index[name]] for row in told], program.types[program.index[name]].kind)
        for name in names
    }


@settings(max_examples=150, deadline=None)
@given(policies(), st.lists(rows, min_size=0, max_size=12))
def test_verdicts_over_columns_are_those_of_each_row(live, given_rows):
    program = payment(live)
    told = [facts(program, **row) for row in given_rows]
    found = judge_columns(program.live, columns_of(program, told, inputs_of(program.live)), len(told))
    for place, row in enumerate(told):
        verdict = judge(program, program.live, row)
        assert int(found.weights[place]) == WEIGHT[verdict.outcome]
        assert int(found.scores[place]) == verdict.score
        assert tuple(found.hits[:, place].nonzero()[0].tolist()) == verdict.hits


@settings(max_examples=100, deadline=None)
@given(policies(), st.lists(rows, min_size=1, max_size=8))
def test_derived_features_over_columns_are_those_of_each_row(live, given_rows):
    program = payment(live)
    told = [facts(program, **row) for row in given_rows]
    columns = columns_of(program, told, program.slots[: program.base_count])
    complete_columns(program, columns, program.derived, len(told))
    for name in program.derived:
        assert columns[name].python() == [row[program.index[name]] for row in told], name


@pytest.mark.parametrize("document", [DOCUMENT, LOGISTIC], ids=["trees", "logistic"])
def test_models_over_columns_score_what_they_score_row_by_row(document):
    ep = event(changed(document=document))
    told = [
        scored(ep, amount=amount, pays_1d=pays, channel=channel)
        for amount in (None, 1, 89_999, 90_000)
        for pays in (None, 0, 4)
        for channel in ("app", "web", None)
    ]
    columns = columns_of(ep, told, ep.slots[: ep.base_count])
    complete_columns(ep, columns, ep.derived, len(told))
    assert columns["fraud"].python() == [row[ep.index["fraud"]] for row in told]
