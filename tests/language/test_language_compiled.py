"""Compiled rules and values equal the naive meaning; printing and reading are each other's inverse."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from jindi.language import (
    BOOL,
    DURATION,
    INT,
    RATIO,
    TEXT,
    TIME,
    Expression,
    Kind,
    Scope,
    Type,
    Value,
    build_rules,
    build_truths,
    build_values,
    crossings,
    evaluate,
    read,
    trace,
)

CNY = Type(Kind.MONEY, "CNY")
PHONE = Type(Kind.TOKEN, "phone")
DYNAMIC = Type(Kind.MONEY, None, "currency")
SCOPE = Scope(
    names={
        "known": BOOL,
        "risky": BOOL,
        "n": INT,
        "m": INT,
        "lat": INT,
        "share": RATIO,
        "risk": RATIO,
        "amount": CNY,
        "balance": CNY,
        "foreign": DYNAMIC,
        "currency": TEXT,
        "channel": TEXT,
        "since": TIME,
        "age": DURATION,
        "phone": PHONE,
        "other_phone": PHONE,
    },
    limits={"big": CNY, "many": INT, "old": DURATION, "home": TEXT, "odd": RATIO},
    lists={"blocked": TEXT, "bad_phones": PHONE},
)

EXTREMES = (2**63 - 1, -(2**63), 2**62, -(2**62), 2**53 + 1)
DOUBLES = (0.0, -0.0, 0.25, 0.5, 1.0, -1.5, 1e308, -1e308, 5e-324, 2.0**53)
LETTERS = ("", "app", "web", "ap", "CNY", "金")
BOOLS = ("known", "risky", "channel in list('blocked')", "phone in list('bad_phones')")
RATIO_SLOTS = ("share", "risk", "limit('odd')")
TEXT_SLOTS = ("channel", "limit('home')", "phone", "other_phone")
WHOLES = ("n", "m", "lat", "amount", "balance", "foreign", "since", "age", "at", "hour")
SLOT_NAMES = (*BOOLS, *RATIO_SLOTS, *TEXT_SLOTS, *WHOLES, "currency", "limit('big')", "limit('many')", "limit('old')")
SLOTS = {slot: index for index, slot in enumerate(SLOT_NAMES)}


def fact(slot: str, chance: random.Random, *, wild: bool) -> Value:
    if slot in BOOLS:
        return chance.random() < 0.5
    if slot in RATIO_SLOTS:
        return chance.choice(DOUBLES)
    if slot in TEXT_SLOTS:
        return chance.choice(LETTERS)
    if slot == "currency":
        return "CNY" if chance.random() < 0.8 else "USD"
    if wild and slot != "lat" and chance.random() < 0.5:
        return chance.choice(EXTREMES) - chance.choice((0, 0, 1))
    return chance.choice((*range(-3, 9), 1250, 900_000))


def rows(seed: int, count: int = 40) -> list[dict[str, Value]]:
    """Facts of every temper: all there or many missing, small or at the ends of 64 bits."""
    chance = random.Random(seed)
    told = []
    for index in range(count):
        away, wild = (0.0, 0.1, 0.4)[index % 3], index % 4 == 3
        told.append(
            {slot: None if chance.random() < away else bounded(fact(slot, chance, wild=wild)) for slot in SLOTS}
        )
    return told


def bounded(value: Value) -> Value:
    return max(-(2**63), value) if type(value) is int else value


SEEDS = st.integers(0, 2**32)


def joined(parts: SearchStrategy[str], *words: str) -> SearchStrategy[str]:
    """Two parts in brackets around a word, or bare where brackets may be left out."""
    return st.builds("({}) {} ({})".format, parts, st.sampled_from(words), parts)


def sums(inputs: tuple[str, ...], literals: SearchStrategy[str], divisors: tuple[str, ...]) -> SearchStrategy[str]:
    """Arithmetic over inputs of one additive kind; nothing in it is only a constant."""

    def deeper(inner: SearchStrategy[str]) -> SearchStrategy[str]:
        return st.one_of(
            joined(inner, "+", "-"),
            st.builds("{} {} {}".format, inner, st.sampled_from("+-"), literals),
            st.builds("-({})".format, inner),
            st.builds("abs({})".format, inner),
            st.builds("{}({}, {})".format, st.sampled_from(("min", "max")), inner, inner),
            st.builds("or_else({}, {})".format, inner, literals),
            st.builds("({}) {} {}".format, inner, st.sampled_from(("//", "*")), st.sampled_from(divisors)),
        )

    return st.recursive(st.sampled_from(inputs), deeper, max_leaves=4)


NUMBERS = st.sampled_from(("0", "1", "7", "-3", "5_000", "9223372036854775807"))
AMOUNTS = st.sampled_from(("cny('0')", "cny('12.50')", "-cny('3')", "cny('-0.01')"))
LENGTHS = st.sampled_from(("seconds(0)", "minutes(5)", "-days(3)", "hours(36)"))
DECIMALS = st.sampled_from(("0.25", "-1.5", "0.000001", "0.0", "999999999999.5"))

MONEY = sums(("amount", "balance", "limit('big')"), AMOUNTS, ("3", "-1", "n"))
FOREIGN = sums(("foreign",), AMOUNTS, ("3", "m"))
SPANS = sums(("age", "limit('old')", "(at - since)", "(since - at)"), LENGTHS, ("3", "-1", "n"))
COUNTS = st.one_of(
    sums(("n", "m", "hour", "limit('many')", "length(channel)"), NUMBERS, ("3", "-1", "n", "(m - 1)")),
    st.builds("({}) {} ({})".format, MONEY, st.just("//"), MONEY),
    st.builds("({}) % ({})".format, st.sampled_from(("n", "m", "n - m")), st.sampled_from(("m", "7", "-2", "n + m"))),
    st.just("distance_km(lat, n, m, lat)"),
    st.just("distance_km(lat, 1_164_074, 312_304, lat // 2)"),
)
RATIOS = st.one_of(
    st.builds("({}) / ({})".format, COUNTS, COUNTS),
    st.builds("({}) / ({})".format, MONEY, MONEY),
    st.builds("({}) / ({})".format, FOREIGN, FOREIGN),
    st.builds("({}) / ({})".format, SPANS, SPANS),
    st.builds(
        "({}) {} ({})".format,
        st.sampled_from(("share", "risk", "limit('odd')", "-share", "or_else(risk, 0)")),
        st.sampled_from("+-*/"),
        st.one_of(COUNTS, st.sampled_from(("share", "risk", "abs(risk)", "min(share, risk)", "max(risk, 0.5)"))),
    ),
)
TIMES = st.one_of(
    st.sampled_from(("at", "since", "min(at, since)")),
    st.builds("{} {} ({})".format, st.sampled_from(("at", "since")), st.sampled_from("+-"), SPANS),
)
TEXTS = st.sampled_from(("channel", "currency", "limit('home')", "or_else(channel, 'web')"))
ORDER = st.sampled_from(("==", "!=", "<", "<=", ">", ">="))


def ordered(left: SearchStrategy[str], right: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.one_of(
        st.builds("{} {} {}".format, left, ORDER, right),
        st.builds("{} {} {} {} {}".format, right, ORDER, left, ORDER, left),
        st.builds("missing({})".format, left),
    )


QUESTIONS = st.one_of(
    st.sampled_from(
        (
            "known",
            "risky",
            "channel in list('blocked')",
            "phone not in list('bad_phones')",
            "missing(phone)",
            "phone == other_phone",
            "phone != other_phone",
            "missing(currency)",
            "true",
            "False",
            "n in [1, 2, 3]",
            "n not in [1]",
            "share in [0.25, 1]",
            "channel in ['app', 'web', '金']",
            "amount in [cny('0'), cny('0.05')]",
            "foreign in [cny('0.05')]",
            "starts_with(channel, 'ap')",
            "starts_with(or_else(channel, 'w'), '')",
        )
    ),
    ordered(COUNTS, st.one_of(COUNTS, NUMBERS, DECIMALS)),
    ordered(RATIOS, st.one_of(RATIOS, NUMBERS, DECIMALS)),
    ordered(MONEY, st.one_of(MONEY, AMOUNTS, FOREIGN)),
    ordered(FOREIGN, st.one_of(MONEY, AMOUNTS, FOREIGN)),
    ordered(SPANS, st.one_of(SPANS, LENGTHS)),
    ordered(TIMES, TIMES),
    st.builds("{} {} {}".format, TEXTS, st.sampled_from(("==", "!=")), TEXTS),
)


def conditions(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.one_of(
        joined(inner, "and", "or"),
        joined(st.one_of(inner, st.just("known")), "==", "!="),
        st.builds("{} {} {} or {}".format, inner, st.sampled_from(("and", "or")), inner, inner),
        st.builds("not {}".format, inner),
        st.builds("missing({})".format, inner.filter(lambda text: text not in ("true", "False"))),
        st.builds("or_else({}, {})".format, inner, st.sampled_from(("true", "false"))),
    )


CONDITIONS = st.recursive(QUESTIONS, conditions, max_leaves=6)
EVERYTHING = st.one_of(CONDITIONS, COUNTS, RATIOS, MONEY, FOREIGN, SPANS, TIMES, TEXTS)


def understood(text: str) -> Expression | None:
    """The expression, unless chance has written a comparison of two constants or one far too deep."""
    try:
        return read(text, SCOPE)
    except Exception as refusal:
        if "two constants" in str(refusal) or "nested more" in str(refusal):
            return None
        raise


def same(a: Value, b: Value) -> bool:
    return type(a) is type(b) and a == b


@settings(max_examples=200, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=5), SEEDS)
def test_compiled_rules_equal_the_meaning(texts, seed):
    rules = [rule for text in texts if (rule := understood(text)) is not None]
    decide, values = build_rules(rules, SLOTS), build_values(rules, SLOTS)
    for row in rows(seed):
        facts = tuple(row[slot] for slot in SLOTS)
        meant = [evaluate(rule, row.get) for rule in rules]
        assert decide(facts) == [index for index, value in enumerate(meant) if value is True]
        assert all(same(a, b) for a, b in zip(values(list(facts)), meant, strict=True))


@settings(max_examples=100, deadline=None)
@given(st.lists(CONDITIONS, min_size=0, max_size=5), SEEDS)
def test_compiled_truths_equal_the_meaning(texts, seed):
    rules = [rule for text in texts if (rule := understood(text)) is not None]
    truths = build_truths(rules, SLOTS)
    for row in rows(seed):
        found = truths([row[slot] for slot in SLOTS])
        assert found == tuple(evaluate(rule, row.get) is True for rule in rules)
        assert all(type(value) is bool for value in found)


@settings(max_examples=200, deadline=None)
@given(EVERYTHING, SEEDS)
def test_compiled_values_equal_the_meaning(text, seed):
    if (expression := understood(text)) is None:
        return
    values = build_values([expression], SLOTS)
    for row in rows(seed):
        (value,) = values([row[slot] for slot in SLOTS])
        meant = evaluate(expression, row.get)
        assert same(value, meant)
        if type(meant) is int:
            assert -(2**63) <= meant < 2**63
        if type(meant) is float:
            assert math.isfinite(meant)


@settings(max_examples=200, deadline=None)
@given(EVERYTHING)
def test_reading_what_was_printed_gives_the_same_tree(text):
    if (expression := understood(text)) is None:
        return
    again = read(str(expression), SCOPE)
    assert again.tree == expression.tree
    assert again.inputs == expression.inputs
    assert str(again) == str(expression)
    assert expression.inputs <= set(SLOTS)


@settings(max_examples=200, deadline=None)
@given(EVERYTHING, SEEDS)
def test_explanations_agree_with_the_meaning(text, seed):
    if (expression := understood(text)) is None:
        return
    for row in rows(seed, 4):
        assert same(trace(expression, row.get).value, evaluate(expression, row.get))
        for crossing in crossings(expression, row.get):
            assert crossing.now == row[crossing.input]
            moved = row | {crossing.input: crossing.value}
            question = read(crossing.condition, SCOPE)
            before, after = evaluate(question, row.get), evaluate(question, moved.get)
            assert after is not None
            assert after is not before


def test_only_the_inputs_that_rules_use_need_a_slot():
    rule = read("n > 1 and known", SCOPE)
    assert build_rules([rule], {"n": 40, "known": 3})([None] * 3 + [True] + [None] * 36 + [2]) == [0]


def test_facts_may_carry_more_than_the_rules_use():
    assert build_rules([read("n > 1", SCOPE)], {"n": 0})([2, "more"]) == [0]


def test_an_input_without_a_slot_is_named():
    with pytest.raises(LookupError, match=r"no slot for the input limit\('big'\)"):
        build_rules([read("amount > limit('big')", SCOPE)], {"amount": 0})


def test_a_slot_that_is_no_position_is_refused():
    with pytest.raises(LookupError, match="isn't a whole number"):
        build_values([read("n", SCOPE)], {"n": -1})


def test_a_value_is_no_condition():
    with pytest.raises(TypeError, match="condition 0 is int"):
        build_rules([read("n + 1", SCOPE)], {"n": 0})
    with pytest.raises(TypeError, match="condition 0 is int"):
        build_truths([read("n + 1", SCOPE)], {"n": 0})


def test_no_rules_hit_nothing():
    assert build_rules([], {})(()) == []
    assert build_values([], {})(()) == ()


def test_a_thousand_rules_still_make_one_function():
    rules = [read(f"n > {index} and channel in ['app', 'web']", SCOPE) for index in range(1000)]
    assert build_rules(rules, {"n": 0, "channel": 1})((3, "web")) == [0, 1, 2]
