"""Rates: who asks too often waits, who does not is never made to, and the memory of it has an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.access import Budgets, Rate, parse_rate

MINUTE_US = 60_000_000


@pytest.mark.parametrize(
    "text", ["", "0/second", "-1/second", "10/day", "10", "ten/second", "1e9/second", "10/second "]
)
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match="not a rate"):
        parse_rate(text)


def test_off_is_a_rate_without_an_end():
    assert parse_rate("off") is None


@given(st.integers(1, 50), st.lists(st.integers(0, MINUTE_US), max_size=200))
def test_no_stretch_lets_through_more_than_twice_the_rate_and_who_keeps_to_it_never_waits(most, pauses):
    budgets, now_us, let = Budgets(Rate(most, MINUTE_US)), 0, []
    for pause in pauses:
        now_us += pause
        if not budgets.take("a", now_us):
            let.append(now_us)
    for begin in let:
        assert sum(begin <= each < begin + MINUTE_US for each in let) <= 2 * most
    steady = Budgets(Rate(most, MINUTE_US))
    assert not any(steady.take("b", turn * (MINUTE_US // most + 1)) for turn in range(100))


def test_what_is_refused_costs_nothing_and_says_how_long_to_wait():
    budgets = Budgets(Rate(2, MINUTE_US))
    assert [budgets.take("a", 0) for _ in range(2)] == [0, 0]
    waits = [budgets.take("a", 0) for _ in range(50)]
    assert set(waits) == {MINUTE_US // 2}
    assert budgets.wait_us("a", 0) == MINUTE_US // 2
    assert budgets.take("a", MINUTE_US // 2) == 0
    assert budgets.take("b", 0) == 0


def test_what_came_in_whole_is_paid_before_the_next():
    budgets = Budgets(Rate(10, MINUTE_US))
    assert budgets.take("a", 0) == 0
    budgets.owe("a", 0, 19)
    assert budgets.take("a", 0) > MINUTE_US
    assert budgets.take("a", 2 * MINUTE_US) == 0


def test_a_flood_of_new_subjects_fills_no_memory_and_shares_one_budget():
    budgets = Budgets(Rate(5, MINUTE_US), subjects_max=100)
    answers = [budgets.take(f"10.0.{n >> 8}.{n & 255}", 0) for n in range(5_000)]
    assert len(budgets) <= 101
    assert answers[:105].count(0) == 105
    assert all(answers[106:])
    # Those who were there before the flood have what they had.
    assert budgets.take("10.0.0.1", 0) == 0
    # And when the debts are paid there is room again.
    assert budgets.take("new", 2 * MINUTE_US) == 0
    assert len(budgets) <= 2
