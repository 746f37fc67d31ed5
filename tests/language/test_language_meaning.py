"""What expressions mean: values, missing values, currencies, time."""

import ast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.instants import DAY_US, HOUR_US, parse_instant
from jindi.language import (
    BOOL,
    DURATION,
    INT,
    RATIO,
    TEXT,
    TIME,
    TIME_WORDS,
    ExpressionProblems,
    Kind,
    Scope,
    Type,
    Value,
    build_rules,
    build_values,
    distance_km,
    evaluate,
    read,
    time_words,
)

CNY = Type(Kind.MONEY, "CNY")
SCOPE = Scope(
    names={
        "n": INT,
        "m": INT,
        "o": INT,
        "share": RATIO,
        "known": BOOL,
        "risky": BOOL,
        "amount": CNY,
        "paid": Type(Kind.MONEY, None, "currency"),
        "fee": Type(Kind.MONEY, None, "currency"),
        "dollars": Type(Kind.MONEY, "USD"),
        "currency": TEXT,
        "channel": TEXT,
        "since": TIME,
        "phone": Type(Kind.TOKEN, "phone"),
        "device": Type(Kind.TOKEN, "device"),
    },
    limits={"big": CNY},
    lists={"blocked": TEXT, "phones": Type(Kind.TOKEN, "phone")},
)


def value(text: str, **facts: Value) -> Value:
    """By its meaning, and by the compiled function, which must agree."""
    expression = read(text, SCOPE)
    slots = {slot: index for index, slot in enumerate(sorted(expression.inputs))}
    meant = evaluate(expression, facts.get)
    (compiled,) = build_values([expression], slots)([facts.get(slot) for slot in slots])
    assert type(compiled) is type(meant)
    assert compiled == meant
    if expression.type == BOOL:
        assert build_rules([expression], slots)([facts.get(slot) for slot in slots]) == [0] * (meant is True)
    return meant


TABLE = [
    ("n + m * 2", {"n": 1, "m": 3}, 7),
    ("(n + m) * 2", {"n": 1, "m": 3}, 8),
    ("-n * m", {"n": 2, "m": 3}, -6),
    ("n - m - 1", {"n": 9, "m": 3}, 5),
    ("n // m", {"n": -7, "m": 2}, -4),
    ("n % m", {"n": -7, "m": 2}, 1),
    ("n / m", {"n": 1, "m": 4}, 0.25),
    ("n / m", {"n": 1, "m": 0}, None),
    ("n // m", {"n": 1, "m": 0}, None),
    ("n % m", {"n": 1, "m": 0}, None),
    ("share / n", {"share": 1.0, "n": 0}, None),
    ("n + m", {"n": 2**63 - 1, "m": 1}, None),
    ("n + m", {"n": 2**63 - 1, "m": 0}, 2**63 - 1),
    ("n * m", {"n": 2**62, "m": -2}, -(2**63)),
    ("n * m", {"n": 2**62, "m": 2}, None),
    ("-n", {"n": -(2**63)}, None),
    ("abs(n)", {"n": -(2**63)}, None),
    ("abs(n)", {"n": -5}, 5),
    ("n // m", {"n": -(2**63), "m": -1}, None),
    ("share * 2", {"share": 1.7e308}, None),
    ("share / 0.5", {"share": 1.7e308}, None),
    ("share * 2 > 1", {"share": 1.7e308}, None),
    ("n + m > o", {"n": 2**63 - 1, "m": 1, "o": 0}, None),
    ("n > 3", {}, None),
    ("n == m", {"n": 1}, None),
    ("1 < n < 5", {"n": 3}, True),
    ("1 < n < m", {"n": 0}, False),
    ("1 < n < m", {"n": 3}, None),
    ("n > share", {"n": 1, "share": 0.5}, True),
    ("n == 9223372036854775807", {"n": 2**63 - 1}, True),
    ("n == share", {"n": 2**53 + 1, "share": 2.0**53}, False),
    ("known and risky", {"known": False}, False),
    ("known and risky", {"known": True}, None),
    ("known or risky", {"known": True}, True),
    ("known or risky", {"known": False}, None),
    ("not known", {}, None),
    ("not known", {"known": False}, True),
    ("missing(known)", {}, True),
    ("missing(n / m)", {"n": 1, "m": 0}, True),
    ("missing(n / m)", {"n": 1, "m": 1}, False),
    ("missing(known and risky)", {"known": False}, False),
    ("or_else(n, 7)", {}, 7),
    ("or_else(n, 7)", {"n": 0}, 0),
    ("or_else(n / m, 0) > 1", {"n": 1, "m": 0}, False),
    ("or_else(known, true)", {}, True),
    ("or_else(known and n > 1, false)", {"known": True}, False),
    ("known == (n > 3)", {"known": True, "n": 4}, True),
    ("known != risky", {"known": True}, None),
    ("n in [1, 2]", {"n": 2}, True),
    ("n not in [1, 2]", {"n": 2}, False),
    ("n in [1, 2]", {}, None),
    ("channel in ['app', 'web']", {"channel": "app"}, True),
    ("channel == 'app'", {"channel": "web"}, False),
    ("starts_with(channel, 'ap')", {"channel": "app"}, True),
    ("starts_with(channel, 'ap')", {"channel": "a"}, False),
    ("starts_with(channel, '')", {"channel": ""}, True),
    ("starts_with(channel, 'ap')", {}, None),
    ("length(channel)", {"channel": "金堤"}, 2),
    ("channel in list('blocked')", {"channel in list('blocked')": True}, True),
    ("channel not in list('blocked')", {"channel in list('blocked')": True}, False),
    ("channel in list('blocked')", {}, None),
    ("phone == phone", {"phone": "t1"}, True),
    ("min(n, m)", {"n": 1, "m": 2}, 1),
    ("max(n, m)", {"n": 1}, None),
    ("amount >= limit('big')", {"amount": 100, "limit('big')": 100}, True),
    ("amount > cny('0.99')", {"amount": 100}, True),
    ("amount * 3", {"amount": 100}, 300),
    ("amount // 3", {"amount": 100}, 33),
    ("amount // cny('0.30')", {"amount": 100}, 3),
    ("amount % cny('0.30')", {"amount": 100}, 10),
    ("amount / cny('0.50')", {"amount": 100}, 2.0),
    ("amount == -cny('-1')", {"amount": 100}, True),
    ("dollars > usd('1.50')", {"dollars": 151}, True),
    ("paid > cny('5')", {"paid": 501, "currency": "CNY"}, True),
    ("paid > cny('5')", {"paid": 501, "currency": "USD"}, None),
    ("paid > cny('5')", {"paid": 501}, None),
    ("paid + fee > cny('5')", {"paid": 500, "fee": 1, "currency": "CNY"}, True),
    ("paid > fee", {"paid": 500, "fee": 1, "currency": "KRW"}, True),
    ("paid / amount", {"paid": 500, "amount": 250, "currency": "CNY"}, 2.0),
    ("paid / amount", {"paid": 500, "amount": 250, "currency": "HKD"}, None),
    ("or_else(paid, cny('7'))", {"paid": 500, "currency": "HKD"}, 700),
    ("paid in [cny('5'), cny('6')]", {"paid": 500, "currency": "CNY"}, True),
    ("paid > cny('5') or paid > usd('1')", {"paid": 501, "currency": "USD"}, True),
    ("at - since", {"at": 90 * DAY_US, "since": 0}, 90 * DAY_US),
    ("at - since > days(3)", {"at": 3 * DAY_US + 1, "since": 0}, True),
    ("at - hours(1) == since", {"at": HOUR_US, "since": 0}, True),
    ("(at - since) / hours(1)", {"at": 3 * HOUR_US, "since": 0}, 3.0),
    ("minutes(5) * 2 == at - since", {"at": 600_000_000, "since": 0}, True),
    ("hour >= 22 or hour < 6", {"hour": 23}, True),
    ("distance_km(n, m, o, 1_214_737)", {"n": 399_042, "m": 1_164_074, "o": 312_304}, 1067),
    ("distance_km(n, 0, 0, 0)", {"n": 900_001}, None),
    ("distance_km(n, 0, 0, 0)", {}, None),
    ("(n > 1 or known) and n < 5", {"known": True}, None),
    ("(known or n > 1) and not (risky and n > 3)", {"known": True, "risky": True}, None),
    ("missing(n) or n > 3", {}, True),
    ("not missing(n) and n > 3", {}, False),
    ("true", {}, True),
    ("True and not False", {}, True),
    ("n\n  > 3\nand known", {"n": 4, "known": True}, True),
]


@pytest.mark.parametrize(("text", "facts", "meant"), TABLE)
def test_each_word_means_what_the_table_says(text, facts, meant):
    assert value(text, **facts) == meant


def test_types_of_results():
    types = {
        "n + 1": INT,
        "n / 2": RATIO,
        "n + share": RATIO,
        "n > 1": BOOL,
        "amount * 2": CNY,
        "2 * amount": CNY,
        "amount / amount": RATIO,
        "amount // amount": INT,
        "paid + fee": Type(Kind.MONEY, None, "currency"),
        "paid + amount": CNY,
        "at - since": DURATION,
        "at + days(1)": TIME,
        "days(1) // 2": DURATION,
        "limit('big')": CNY,
        "or_else(share, 1)": RATIO,
        "phone": Type(Kind.TOKEN, "phone"),
    }
    assert {text: read(text, SCOPE).type for text in types} == types


def test_inputs_are_canonical():
    rule = read('channel  not in list( "blocked" ) and amount>limit("big") and paid > cny("1")', SCOPE)
    assert rule.inputs == {"channel in list('blocked')", "amount", "limit('big')", "paid", "currency"}
    assert str(rule) == "not channel in list('blocked') and amount > limit('big') and paid > cny('1.00')"


WRONG = {
    "amout > cny('1')": "unknown name 'amout' (did you mean 'amount'?)",
    "big < amount": "unknown name 'big' (write limit('big'))",
    "blocked": "unknown name 'blocked' (write ... in list('blocked'))",
    "channel in list('bloked')": "unknown list 'bloked' (did you mean 'blocked'?)",
    "amount > limit('bigg')": "unknown limit 'bigg' (did you mean 'big'?)",
    "mising(n)": "unknown word 'mising(...)' (did you mean 'missing'?)",
    "n(3)": "unknown word 'n(...)' (it is a value, not a word with arguments)",
    "amount > 5000": "'>' between an amount in CNY and a whole number (money compares only with money: cny('5000'))",
    "dollars > 5": "'>' between an amount in USD and a whole number (money compares only with money: usd('5000'))",
    "amount > dollars": "amounts in different currencies meet: CNY and USD "
    "(compare and compute only within one currency)",
    "amount + 1 > amount": "'+' doesn't work between an amount in CNY and a whole number "
    "(write the number as an amount: cny('5000'))",
    "amount * share > amount": "'*' doesn't work between an amount in CNY and a ratio "
    "(amounts stay whole: compare a ratio of two amounts instead, a / b >= 0.8)",
    "amount > cny('1.005')": "cny(...) at character 10: more than 2 decimal places for CNY (write cny('5000'))",
    "phone == device": "'==' between a token of phone and a token of device "
    "(a token equals only a token of the same identifier; use in list('name') for known values)",
    "phone == '138'": "'==' between a token of phone and a text "
    "(a token equals only a token of the same identifier; use in list('name') for known values)",
    "device in list('phones')": "list 'phones' holds tokens of phone, but 'device' is a token of device "
    "(look up a field of the same kind)",
    "phone < phone": "'<' between two tokens: they have no order (use == or !=)",
    "channel < 'a'": "'<' between two texts: they have no order (use == or !=)",
    "at - since > 3": "'>' between a duration and a whole number "
    "(a duration compares only with a duration: minutes(5), hours(2), days(3))",
    "n and known": "'and' is given a whole number: n (compare it with something, or ask missing(x))",
    "channel + 'x' == 'y'": "'+' doesn't work between a text and a text (there is no arithmetic on text or tokens)",
    "n = 1": "'=' at character 3 has no meaning here (write '==' to compare)",
    "min(n)": "min is given 1 arguments (it takes 2: write min(a, b))",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_problem_names_its_remedy(text):
    with pytest.raises(ExpressionProblems) as caught:
        read(text, SCOPE)
    assert caught.value.problems == (WRONG[text],)


def test_the_field_of_a_currency_must_be_readable():
    scope = Scope(names={"paid": Type(Kind.MONEY, None, "currency")})
    assert read("paid > paid // 2", scope).inputs == {"paid"}
    with pytest.raises(ExpressionProblems, match="the currency of paid is in field 'currency'"):
        read("paid > cny('1')", scope)


def test_names_of_the_scope_come_before_time_words():
    assert read("hour", Scope(names={"hour": TEXT})).type == TEXT


def test_time_words_are_of_the_zone():
    at = parse_instant("2026-12-31T16:30:59Z")
    words = time_words(at, ZoneInfo("Asia/Shanghai"))
    assert words == {"at": at, "hour": 0, "minute": 30, "weekday": 5, "day": 1, "month": 1, "year": 2027}
    assert list(words) == list(TIME_WORDS)
    assert time_words(at, ZoneInfo("UTC"))["year"] == 2026
    assert time_words(-1, ZoneInfo("UTC"))["year"] == 1969


@given(st.integers(-900_000, 900_000), st.integers(-1_800_000, 1_800_000), st.integers(-900_000, 900_000))
def test_distances_are_symmetric_and_no_longer_than_half_the_earth(lat_a, lon_a, lat_b):
    there, back = distance_km(lat_a, lon_a, lat_b, 0), distance_km(lat_b, 0, lat_a, lon_a)
    assert there == back
    assert 0 <= there <= 20016
    assert distance_km(lat_a, lon_a, lat_a, lon_a) == 0


NUMBERS = st.recursive(
    st.sampled_from(("n", "m", "o", "1", "3")),
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(("+", "-", "*", "//", "%")), inner),
        st.builds("-{}".format, inner),
        st.builds("({})".format, inner),
        st.builds("min({}, {})".format, inner, inner),
    ),
    max_leaves=6,
)
TRUTHS = st.recursive(
    st.builds(
        "{} {} n {} {}".format,
        NUMBERS,
        st.sampled_from(("<", "==", "!=")),
        st.sampled_from((">=", "<")),
        NUMBERS,
    ),
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(("and", "or")), inner),
        st.builds("not {}".format, inner),
        st.builds("({})".format, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(NUMBERS, TRUTHS), st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9))
def test_where_all_is_present_python_agrees(text, n, m, o):
    """Python itself is the oracle for precedence and for whole numbers."""
    facts = {"n": n, "m": m, "o": o}
    try:
        expected = eval(compile(ast.parse(text, mode="eval"), "", "eval"), {"min": min}, facts)
        meant = evaluate(read(text, SCOPE), facts.get)
    except (ZeroDivisionError, ExpressionProblems):
        return
    assert meant == expected


def test_ratios_keep_all_digits_of_a_double():
    assert value("share + 0.1", share=0.2) == 0.1 + 0.2
    assert str(read("share > 0.000000000001", SCOPE)) == "share > 0.000000000001"
