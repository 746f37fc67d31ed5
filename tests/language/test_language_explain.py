"""Explanations: each part with its value, and the nearest change that turns a comparison round."""

import math

from jindi.language import (
    BOOL,
    INT,
    RATIO,
    TEXT,
    TIME,
    Kind,
    Scope,
    Trace,
    Type,
    Value,
    crossings,
    read,
    trace,
)

CNY = Type(Kind.MONEY, "CNY")
SCOPE = Scope(
    names={
        "n": INT,
        "m": INT,
        "share": RATIO,
        "known": BOOL,
        "amount": CNY,
        "paid": Type(Kind.MONEY, None, "currency"),
        "currency": TEXT,
        "channel": TEXT,
        "since": TIME,
    },
    limits={"big": CNY},
    lists={"blocked": TEXT},
)


def turned(text: str, **facts: Value) -> list[tuple[str, Value]]:
    return [(each.input, each.value) for each in crossings(read(text, SCOPE), facts.get)]


def test_a_trace_shows_every_part_with_its_value():
    rule = read("not known and amount >= limit('big')", SCOPE)
    facts = {"known": False, "amount": 600, "limit('big')": 500}
    assert trace(rule, facts.get) == Trace(
        "not known and amount >= limit('big')",
        BOOL,
        True,
        (
            Trace("not known", BOOL, True, (Trace("known", BOOL, False),)),
            Trace(
                "amount >= limit('big')",
                BOOL,
                True,
                (Trace("amount", CNY, 600), Trace("limit('big')", CNY, 500)),
            ),
        ),
    )


def test_a_trace_says_which_currency_did_not_fit():
    (part, *_) = trace(read("paid > cny('1')", SCOPE), {"paid": 5, "currency": "USD"}.get).children
    assert part.value is None
    assert [(child.text, child.value) for child in part.children] == [("paid", 5), ("currency", "USD")]
    (part, *_) = trace(read("paid > cny('1')", SCOPE), {"paid": 5, "currency": "CNY"}.get).children
    assert part == Trace("paid", Type(Kind.MONEY, None, "currency"), 5)


def test_a_trace_of_a_membership_is_one_line():
    rule = read("channel in list('blocked')", SCOPE)
    assert trace(rule, {"channel in list('blocked')": True}.get) == Trace("channel in list('blocked')", BOOL, True)


def test_an_amount_moves_to_the_edge_of_its_limit():
    assert turned("amount >= limit('big')", amount=600, **{"limit('big')": 500}) == [("amount", 499)]
    assert turned("amount >= limit('big')", amount=400, **{"limit('big')": 500}) == [("amount", 500)]
    assert turned("amount > limit('big')", amount=400, **{"limit('big')": 500}) == [("amount", 501)]


def test_a_missing_input_is_given_both_ways():
    assert turned("n > 3") == [("n", 4), ("n", 2)]
    assert turned("known") == [("known", True), ("known", False)]
    assert turned("n + m > 3") == []


def test_a_ratio_moves_to_the_next_double():
    assert turned("share > 0.5", share=0.1) == [("share", math.nextafter(0.5, 1))]
    assert turned("share * 2 > 1", share=0.1) == [("share", math.nextafter(0.5, 1))]


def test_each_input_of_a_sum_moves_alone():
    assert turned("n + 2 * m > 10", n=1, m=2) == [("n", 7), ("m", 5)]
    assert turned("n / m > 3", n=4, m=2) == [("n", 7), ("m", 1)]


def test_what_cannot_turn_is_left_out():
    assert turned("n - n > 1", n=5) == []


def test_the_nearest_of_several_ways_is_chosen():
    assert turned("n != 7", n=5) == [("n", 7)]
    assert turned("n == 7", n=7) in ([("n", 6)], [("n", 8)])
    assert turned("n in [1, 5, 6]", n=8) == [("n", 6)]
    assert turned("n in [4, 5, 6]", n=5) in ([("n", 3)], [("n", 7)])


def test_truths_and_memberships_turn_round():
    blocked = "channel in list('blocked')"
    assert turned(f"known and not {blocked}", known=False, **{blocked: True}) == [
        ("known", True),
        (blocked, False),
    ]


def test_texts_turn_to_what_is_asked_for_or_to_anything_else():
    assert turned("channel == 'app'", channel="web") == [("channel", "app")]
    (other,) = crossings(read("channel in ['app', 'web']", SCOPE), {"channel": "web"}.get)
    assert other.any_other
    assert other.value not in ("app", "web")
    assert turned("starts_with(channel, 'ap')", channel="web") == [("channel", "ap")]


def test_a_currency_that_does_not_fit_leaves_nothing_to_move():
    assert turned("paid > cny('1')", paid=5, currency="USD") == []


def test_a_default_is_seen_through():
    assert turned("or_else(n, 0) > 3") == [("n", 4)]
    assert turned("or_else(n, 0) > 3", n=9) == [("n", 3)]


def test_a_crossing_names_its_condition_once():
    found = crossings(read("n > 3 and (n > 3 or known)", SCOPE), {"n": 1, "known": True}.get)
    assert [(each.input, each.condition) for each in found] == [("n", "n > 3"), ("known", "known")]
