"""Whole columns say of each row what the naive meaning says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_language_compiled import BOOLS, CONDITIONS, EVERYTHING, RATIO_SLOTS, SCOPE, SEEDS, SLOTS, TEXT_SLOTS, rows
from test_language_compiled import understood as readable

from jindi.language import Column, Kind, column_of, evaluate, evaluate_columns, read, true_in

COUNT = 40


def kind_of(slot):
    if slot in BOOLS:
        return Kind.BOOL
    if slot in RATIO_SLOTS:
        return Kind.RATIO
    return Kind.TEXT if slot in TEXT_SLOTS or slot == "currency" else Kind.INT


def columns(told):
    return {slot: column_of([row[slot] for row in told], kind_of(slot)) for slot in SLOTS}


def alike(a, b):
    """The same value; a ratio may be written 3 or 3.0."""
    return a is b or (a is not None and b is not None and isinstance(a, bool) == isinstance(b, bool) and a == b)


@settings(max_examples=300, deadline=None)
@given(EVERYTHING, SEEDS)
def test_a_column_equals_the_meaning_of_each_row(text, seed):
    if (expression := readable(text)) is None:
        return
    told = rows(seed, COUNT)
    found = evaluate_columns(expression, columns(told), COUNT).python()
    for row, value in zip(told, found, strict=True):
        meant = evaluate(expression, row.get)
        assert alike(value, meant), (text, row, value, meant)


@settings(max_examples=200, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=6), SEEDS)
def test_conditions_are_true_in_the_rows_in_which_they_are_definitely_true(texts, seed):
    rules = [rule for text in texts if (rule := readable(text)) is not None]
    told = rows(seed, COUNT)
    found = true_in(rules, columns(told), COUNT)
    for place, rule in enumerate(rules):
        assert found[place].tolist() == [evaluate(rule, row.get) is True for row in told]


def test_whole_numbers_are_told_apart_where_doubles_are_not():
    rule = read("n == limit('odd')", SCOPE)
    given = {"n": column_of([2**53 + 1, 2**53], Kind.INT), "limit('odd')": column_of([2.0**53] * 2, Kind.RATIO)}
    assert evaluate_columns(rule, given, 2).python() == [False, True]


def test_what_leaves_64_bits_is_missing_and_the_other_rows_are_not():
    given = {"n": column_of([2**63 - 1, 5], Kind.INT), "m": column_of([1, 1], Kind.INT)}
    assert evaluate_columns(read("n + m", SCOPE), given, 2).python() == [None, 6]


def test_no_rows_have_no_answers():
    empty = {slot: column_of([], kind_of(slot)) for slot in SLOTS}
    for text in ("n + m", "share / risk", "channel == currency", "known and n > 3", "distance_km(n, m, n, m)"):
        assert evaluate_columns(read(text, SCOPE), empty, 0).python() == []


def test_an_input_without_a_column_is_named():
    with pytest.raises(LookupError, match="no column for the input n"):
        evaluate_columns(read("n > 1", SCOPE), {}, 3)


def test_a_column_that_has_texts_gives_them_back():
    column = Column(np.array([1, 0, 1]), np.array([False, False, True]), ("app", "web"))
    assert column.python() == ["web", "app", None]
