"""A customer's points equal the formula, his level the lines, and his clock moves as the rules say."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.packs import load
from jindi.parties.rating import (
    Assessed,
    Override,
    assess,
    assessed,
    is_overdue,
    level_of,
    missed,
    opened,
    overridden,
    reviewed,
    told,
    wished,
    with_document,
)

PACKS = Path(__file__).parents[2] / "packs"
NAMES = ("core", "account", "payment", "platform", "diligence")
FILES = {
    str(path.relative_to(PACKS)): path.read_text("utf-8")
    for name in NAMES
    for path in sorted((PACKS / name).rglob("*.toml"))
}
DEFINITIONS = load(FILES)
SCHEME = DEFINITIONS.rating
CLOCK = {"low": 360, "lower": 360, "medium": 240, "higher": 120, "high": 60}


def values_of(factor):
    """Facts that a factor may meet: known and unknown words, numbers at, below and above each line, and none."""
    if factor.bounds:
        return st.one_of(st.none(), st.sampled_from([at + off for at, _ in factor.bounds for off in (-1, 0, 1)]))
    return st.one_of(st.none(), st.sampled_from([*factor.values, "something else"]))


FACTS = st.fixed_dictionaries(
    {each.of: values_of(each) for each in SCHEME.factors if each.of != "profile_opened_by"}
    | {
        "profile_opened_by": st.sampled_from([None, "in_person", "remote", "agent"]),
        "profile_cooperates": st.sampled_from([None, True, False]),
        "profile_inquiry": st.sampled_from([None, True, False]),
        "listed_verdict": st.sampled_from([None, "cleared", "confirmed", "lifted"]),
    }
)


def oracle(facts):
    """The definition, in a few lines and with fractions: S = Σ a_i / m · p_i, less mitigations, and grounds."""
    total = Fraction(0)
    for factor in SCHEME.factors:
        value = facts.get(factor.of)
        if value is None:
            step = factor.missing
        elif factor.bounds:
            reached = [step for at, step in factor.bounds if at <= value]
            step = reached[-1] if reached else factor.otherwise
        else:
            step = factor.values.get(value, factor.otherwise)
        total += Fraction(step, SCHEME.steps) * factor.weight
    if facts.get("profile_opened_by") == "in_person":
        total -= 2
    total = max(total, Fraction(100, SCHEME.steps))
    is_direct = (
        facts.get("listed_verdict") == "confirmed"
        or facts.get("profile_public_office") == "foreign"
        or facts.get("profile_cooperates") is False
        or facts.get("profile_inquiry") is True
    )
    lines = [("low", 0), ("lower", 36), ("medium", 52), ("higher", 68), ("high", 84)]
    return total, "high" if is_direct else [name for name, line in lines if line <= total][-1]


@given(facts=FACTS)
@settings(max_examples=120)
def test_points_and_level_equal_the_formula_exactly(facts):
    found = assess(SCHEME, facts)
    points, level = oracle(facts)
    assert Fraction(found.points_milli, 1_000) == points
    assert found.level == level
    assert sum(each.points_milli for each in found.marks) == found.before_milli


def test_points_lie_from_twenty_to_a_hundred():
    least = {each.of: min(each.values, key=each.values.get) for each in SCHEME.factors if each.values}
    most = {each.of: max(each.values, key=each.values.get) for each in SCHEME.factors if each.values}
    numbers = {each.of: max(at for at, _ in each.bounds) for each in SCHEME.factors if each.bounds}
    assert (
        assess(
            SCHEME, least | {"person_age": 30, "moved_90d": 0, "payees_90d": 0, "topped_up_cards_90d": 0}
        ).points_milli
        == 20_000
    )
    assert assess(SCHEME, most | numbers).points_milli <= 100_000


@pytest.mark.parametrize(
    ("points_milli", "level"),
    [
        (20_000, "low"), (35_999, "low"), (36_000, "lower"), (51_999, "lower"), (52_000, "medium"),
        (67_999, "medium"), (68_000, "higher"), (83_999, "higher"), (84_000, "high"), (100_000, "high"),
    ],
)  # fmt: skip
def test_a_level_begins_at_its_line(points_milli, level):
    assert level_of(SCHEME, points_milli) == level


def test_no_level_waits_more_than_twice_as_long_as_the_next_higher_one():
    months = [DEFINITIONS.limits[each.review].steps[-1].value for each in SCHEME.levels]
    assert months[-1] == 6
    assert all(lower <= 2 * upper for lower, upper in pairwise(months))


def found(level, *directs):
    return Assessed(level, 50_000, 50_000, (), (), directs)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("assess"), st.sampled_from(sorted(CLOCK)), st.booleans()),
        st.tuples(st.just("review")),
        st.tuples(st.just("again")),
        st.tuples(st.just("by hand"), st.sampled_from(sorted(CLOCK))),
        st.tuples(st.just("document"), st.integers(1, 900)),
    ),
    max_size=12,
)


@given(steps=STEPS, gaps=st.lists(st.integers(1, 50), min_size=12, max_size=12))
@settings(max_examples=100)
def test_whatever_happens_nobody_waits_longer_than_his_level_may(steps, gaps):
    at, seq = 1_000, 1
    standing = assessed(opened("u1", 0, at, at + 14), found("lower"), seq, at, clock(at))
    for (what, *values), gap in zip(steps, gaps, strict=False):
        at, seq, before = at + gap, seq + 1, standing
        if what == "assess":
            direct = ("listed",) if values[1] else ()
            standing = assessed(standing, found("high" if direct else values[0], *direct), seq, at, clock(at))
            if before.wish != "review":
                assert standing.due_us <= before.due_us
        elif what == "review":
            standing = assessed(reviewed(standing, seq), found(standing.level, *standing.directs), seq, at, clock(at))
            assert standing.due_us == at + CLOCK[standing.effective]
            assert standing.override is None
        elif what == "again":
            standing = wished(standing, "again", seq)
        elif what == "by hand":
            standing = overridden(standing, Override(values[0], "a", "b", "c", at), clock(at))
        else:
            standing = with_document(standing, at + values[0])
        assert standing.due_us <= at + CLOCK[standing.effective]
        assert standing.must_by_us <= standing.due_us
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(standing), type=type(standing)) == standing


def clock(at):
    return {level: at + time for level, time in CLOCK.items()}


def test_a_ground_for_the_highest_level_outweighs_a_level_by_hand():
    standing = assessed(opened("u1", 0, 1, 2), found("low"), 1, 5, clock(5))
    standing = overridden(standing, Override("medium", "a", "b", "c", 6), clock(6))
    assert standing.effective == "medium"
    standing = assessed(standing, found("high", "listed"), 2, 7, clock(7))
    assert standing.effective == "high"
    assert standing.is_untold


def test_a_review_that_is_owed_stays_one_whatever_else_happens():
    standing = reviewed(assessed(opened("u1", 0, 1, 2), found("low"), 1, 5, clock(5)), 2)
    assert wished(standing, "again", 3).wish == "review"
    assert wished(opened("u1", 0, 1, 2), "again", 3).wish == "first"


def test_overdue_is_from_the_instant_on():
    standing = assessed(opened("u1", 0, 1, 2), found("high"), 1, 5, clock(5))
    assert not is_overdue(standing, 64)
    assert is_overdue(standing, 65)
    assert missed(standing, 65).told_due_us == 65
    assert told(standing, "high").is_untold is False


def test_a_fact_of_zero_is_a_fact_and_no_missing_one():
    facts = SimpleNamespace(
        marks={each.factor: each for each in assess(SCHEME, {"person_age": 0, "moved_90d": 0}).marks}
    )
    assert facts.marks["age"].step == 4
    assert facts.marks["turnover"].step == 1
