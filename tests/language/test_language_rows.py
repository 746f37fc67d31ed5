"""Conditions as rows: what they say is said again by the language, and what people type into them is understood."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.language import (
    BOOL,
    DURATION,
    INT,
    OPERATORS,
    RATIO,
    TEXT,
    ExpressionProblems,
    Group,
    Kind,
    Row,
    Scope,
    Type,
    laid_out,
    read,
    rows_of,
    written,
)
from jindi.packs import load, scope_for

PACKS = Path(__file__).parents[2] / "packs"
CNY = Type(Kind.MONEY, "CNY")
SCOPE = Scope(
    names={
        "amount": CNY, "paid_7d": CNY, "device_known": BOOL, "users_7d": INT, "share": RATIO, "channel": TEXT,
        "age": DURATION, "phone": Type(Kind.TOKEN, "phone"),
    },
    limits={"large": CNY, "users_max": INT},
    lists={"bad_channels": TEXT, "bad_phones": Type(Kind.TOKEN, "phone")},
)  # fmt: skip


def rows(text):
    group = laid_out(read(text, SCOPE), SCOPE)
    assert group is not None, text
    return [(row.left, row.op, row.right) for row in rows_of(group)]


def said(*given, join="all"):
    return written(Group(join, tuple(Row(*each) for each in given)), SCOPE)


# ---- from the language to rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount >= cny('5000')", [("amount", ">=", "5000")]),
        ("amount >= limit('large')", [("amount", ">=", "limit('large')")]),
        ("amount > 3 * paid_7d", [("amount", ">", "3 * paid_7d")]),
        ("amount * users_7d > 10 * paid_7d", [("amount * users_7d", ">", "10 * paid_7d")]),
        ("device_known", [("device_known", "is true", "")]),
        ("not device_known", [("device_known", "is false", "")]),
        ("channel == 'app'", [("channel", "==", "app")]),
        ("channel == 'amount'", [("channel", "==", "'amount'")]),
        ("channel in ['app', 'web']", [("channel", "in", "app, web")]),
        ("channel not in ['a, b']", [("channel", "not in", "'a, b'")]),
        ("phone in list('bad_phones')", [("phone", "in list", "bad_phones")]),
        ("channel not in list('bad_channels')", [("channel", "not in list", "bad_channels")]),
        ("missing(phone)", [("phone", "missing", "")]),
        ("not missing(phone)", [("phone", "not missing", "")]),
        ("not starts_with(channel, 'ap')", [("channel", "not starts with", "ap")]),
        ("age >= days(3)", [("age", ">=", "3d")]),
        ("age < seconds(90)", [("age", "<", "90s")]),
        ("6 <= hour < 22", [("6", "<=", "hour"), ("hour", "<", "22")]),
        ("or_else(device_known, false)", [("or_else(device_known, False)", "is true", "")]),
        ("device_known == false", [("device_known", "==", "false")]),
    ],
)
def test_a_condition_is_shown_as_people_write_it(text, expected):
    assert rows(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "not (device_known and users_7d > 1)",
        "device_known or (users_7d > 1 and (share > 0.5 or users_7d > 3))",
    ],
)
def test_what_rows_can_not_say_has_none(text):
    assert laid_out(read(text, SCOPE), SCOPE) is None


def test_nearly_all_conditions_of_the_shipped_packs_have_rows_and_each_reads_back_as_the_same_tree():
    definitions = load({str(each.relative_to(PACKS)): each.read_text("utf-8") for each in PACKS.rglob("*.toml")})
    shown, all_ = 0, 0
    for policy in definitions.policies:
        scope = scope_for(definitions, policy.on)
        for rule in policy.rules:
            all_ += 1
            if (group := laid_out(rule.when, scope)) is not None:
                shown += 1
                assert read(written(group, scope), scope).tree == rule.when.tree
    assert shown >= 0.9 * all_


# ---- from rows to the language


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (("amount", ">=", "2000"), "amount >= cny('2000')"),
        (("amount", ">=", "2,000.50"), "amount >= cny('2000.50')"),
        (("amount", ">=", "¥2000"), "amount >= cny('2000')"),
        (("age", ">=", "2h"), "age >= hours(2)"),
        (("age", ">=", "90m"), "age >= minutes(90)"),
        (("channel", "==", "app"), "channel == 'app'"),
        (("channel", "in", "app，web、h5"), "channel in ['app', 'web', 'h5']"),
        (("channel", "in", "['app', 'web']"), "channel in ['app', 'web']"),
        (("channel", "in list", "list('bad_channels')"), "channel in list('bad_channels')"),
        (("device_known", "==", "是"), "device_known == true"),
        (("users_7d", ">=", "limit('users_max')"), "users_7d >= limit('users_max')"),
        (("share", ">", "0.25"), "share > 0.25"),
        (("users_7d > 1 or device_known", "is false", ""), "not (users_7d > 1 or device_known)"),
    ],
)
def test_what_people_type_beside_a_name_is_a_value_of_its_kind(row, text):
    assert said(row) == text
    read(text, SCOPE)


def test_a_group_stands_in_brackets_and_an_empty_row_says_nothing():
    inner = Group("any", (Row("users_7d", ">", "3"), Row(""), Row("device_known", "is false")))
    assert written(Group("all", (Row("amount", ">", "5"), inner, Row(""))), SCOPE) == (
        "amount > cny('5') and (users_7d > 3 or not device_known)"
    )
    assert written(Group("all", (Row(""),)), SCOPE) == ""


def test_what_is_wrong_in_a_row_is_wrong_in_the_text_and_nothing_is_guessed():
    for row in (("amount", ">=", "many"), ("nobody", ">", "3"), ("phone", "==", "13800000000")):
        with pytest.raises(ExpressionProblems):
            read(said(row), SCOPE)


TYPED = st.text(max_size=20) | st.sampled_from(
    ["amount", "5000", "app", "users_7d", "'a'", "((", "1d", "not", "a or b"]
)
ROWS = st.builds(Row, TYPED, st.sampled_from(OPERATORS), TYPED)


@given(st.builds(Group, st.sampled_from(["all", "any"]), st.lists(
    ROWS | st.builds(Group, st.sampled_from(["all", "any"]), st.lists(ROWS, max_size=3).map(tuple)), max_size=4
).map(tuple)))  # fmt: skip
def test_whatever_is_typed_becomes_a_text_and_what_reads_is_shown_as_rows_that_say_the_same(group):
    text = written(group, SCOPE)
    try:
        expression = read(text, SCOPE)
    except ExpressionProblems:
        return
    if expression.type == BOOL and (again := laid_out(expression, SCOPE)) is not None:
        assert read(written(again, SCOPE), SCOPE).tree == expression.tree
