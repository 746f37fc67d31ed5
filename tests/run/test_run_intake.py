"""Intake: what fits becomes an event, what doesn't is refused with every reason and no value."""

import json
import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jindi.basics.instants import MINUTE_US, format_instant
from jindi.run.intake import EVENT_BYTES_MAX, Refused
from shop_world import CANARIES, NOON_US, PHONE, event, list_entry, pay, shop_intake
from wire_documents import JSON, PAY, READING, documents

INTAKE = shop_intake()


def read(document):
    return INTAKE.read(document if isinstance(document, bytes) else json.dumps(document).encode())


def value(document, name):
    """The value that intake makes of one field."""
    taken = read(document)
    return taken.values[(PAY if taken.type == "pay" else READING).index(name)]


def paths(document):
    """The paths of all problems."""
    with pytest.raises(Refused) as refused:
        read(document)
    return [problem.item for problem in refused.value.problems]


def reading(**fields):
    return event("reading", "r1", **({"whole": 1} | fields))


# ---- what fits


def test_an_event_that_fits_becomes_typed_values_in_the_order_of_its_fields():
    taken = read(pay(1, "12.30", phone=None, card=None, device=None, ip=None))
    assert (taken.id, taken.type, taken.at_us) == ("p1", "pay", NOON_US)
    assert taken.values == ("u1", 1230, "app", None, None, None, None, None)


def test_an_optional_field_may_be_null_or_left_out_and_means_the_same():
    assert read(pay(1) | {"ip": None}).content == read(pay(1, ip=None)).content


def test_identifiers_become_tokens_that_hold_nothing_of_the_clear_text():
    taken = read(pay(1))
    assert not [canary for canary in CANARIES if canary in repr(taken)]
    assert re.fullmatch(r"phone\.[A-Za-z0-9_-]{22}", taken.values[3])


def test_the_same_phone_written_in_two_ways_is_one_token_and_one_content():
    assert read(pay(1, phone=PHONE)).content == read(pay(1, phone="+86 138-1234-5678")).content


def test_the_same_instant_in_two_zones_is_one_content():
    assert read(pay(1)).content == read(pay(1) | {"at": "2026-11-22T12:00:00+08:00"}).content


def test_money_takes_its_currency_from_the_field_beside_it():
    assert value(reading(price="1.5", money_of="USD"), "price") == 150
    assert value(reading(price="15", money_of="JPY"), "price") == 15


def test_an_instant_is_microseconds_and_a_negative_number_stays_one():
    assert value(reading(when_="1969-12-31T23:59:59.5Z"), "when_") == -500_000
    assert value(reading(whole=-5), "whole") == -5


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2026-11-22T04:00:00Z", 0),
        ("2026-11-22t04:00:00z", 0),
        ("2026-11-22 04:00:00+00:00", 0),
        ("2026-11-22T04:00:00.000001Z", 1),
        ("2026-11-22T04:00:00.0000009Z", 1),
        ("2026-11-22T04:00:00-00:00", 0),
    ],
)
def test_rfc_3339_instants_are_read_to_the_microsecond(text, us):
    assert read(pay(1) | {"at": text}).at_us == NOON_US + us


# ---- what does not fit


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"id": "x" * 129}, "id"),
        ({"at": None}, "at"),
        ({"at": 5}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-11-22T04:00:00"}, "at"),
        ({"at": "2026-02-30T04:00:00Z"}, "at"),
        ({"at": "1969-12-31T23:59:59Z"}, "at"),
        ({"type": None}, "type"),
        ({"type": "nothing"}, "type"),
        ({"type": 7}, "type"),
        ({"type": ["pay"]}, "type"),
        ({"user": None}, "user"),
        ({"user": ""}, "user"),
        ({"user": 7}, "user"),
        ({"user": "x" * 41}, "user"),
        ({"amount": None}, "amount"),
        ({"amount": 10}, "amount"),
        ({"amount": 10.5}, "amount"),
        ({"amount": "10.005"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": "9" * 24}, "amount"),
        ({"amount": "٣.00"}, "amount"),
        ({"amount": " 1.00"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1" * 25}, "amount"),
        ({"channel": "pigeon"}, "channel"),
        ({"channel": 1}, "channel"),
        ({"phone": "12"}, "phone"),
        ({"phone": 13812345678}, "phone"),
        ({"card": "62220212345678901"}, "card"),
        ({"ip": "300.1.1.1"}, "ip"),
        ({"colour": "red"}, "colour"),
        ({"user": {"x": 1}}, "user"),
        ({"user": ["u"]}, "user"),
    ],
)
def test_every_misfit_is_refused_at_its_path(broken, path):
    assert paths(pay(1) | broken) == [path]


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"whole": -6}, "whole"),
        ({"whole": 1001}, "whole"),
        ({"whole": 1.5}, "whole"),
        ({"whole": True}, "whole"),
        ({"whole": 1.0}, "whole"),
        ({"whole": "1"}, "whole"),
        ({"free": 10**15 + 1}, "free"),
        ({"free": 2**70}, "free"),
        ({"share": "0.5"}, "share"),
        ({"share": True}, "share"),
        ({"good": 1}, "good"),
        ({"good": "true"}, "good"),
        ({"when_": "soon"}, "when_"),
        ({"when_": 0}, "when_"),
        ({"price": "1.00"}, "price"),
        ({"price": "1.00", "money_of": "XXX"}, "price"),
        ({"price": "1.5", "money_of": "JPY"}, "price"),
        ({"yen": "501"}, "yen"),
        ({"yen": "1.0"}, "yen"),
    ],
)
def test_every_misfit_of_every_type_is_refused_at_its_path(broken, path):
    assert paths(reading(**broken)) == [path]


def test_all_problems_of_an_event_are_told_at_once():
    broken = pay(1) | {"id": "", "at": "?", "user": None, "amount": "x", "channel": "pigeon", "phone": "1", "zzz": 0}
    assert sorted(paths(broken)) == ["amount", "at", "channel", "id", "phone", "user", "zzz"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b'"pay"',
        b"\xff\xfe",
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        b"{}{}",
        b"\xef\xbb\xbf{}",
        b'{"id": NaN}',
        b"[" * 100_000,
        b'{"x":' + b"[" * 30_000 + b',"type":"pay"}',
        b'{"type":"pay","x":' + b'{"a":' * 10_000,
    ],
)
def test_what_is_not_a_json_object_is_refused_and_nothing_else_happens(raw):
    with pytest.raises(Refused):
        INTAKE.read(raw)


def test_several_lines_sent_as_one_event_are_told_which_header_makes_them_many():
    line = json.dumps(pay(1)).encode()
    for raw in (line + b"\n" + line, line + b"\nnot json\n"):
        with pytest.raises(Refused) as refused:
            INTAKE.read(raw)
        (problem,) = refused.value.problems
        assert "several lines" in problem.problem
        assert "Content-Type: application/x-ndjson" in problem.remedy


def test_a_wrong_identifier_is_told_what_a_right_one_looks_like():
    with pytest.raises(Refused) as refused:
        read(pay(1) | {"phone": "12"})
    (problem,) = refused.value.problems
    assert "give a phone number such as" in problem.remedy


def test_an_event_larger_than_the_limit_is_refused_even_if_it_would_fit():
    padded = json.dumps(pay(1)).encode() + b" " * EVENT_BYTES_MAX
    with pytest.raises(Refused, match="longer than"):
        INTAKE.read(padded)


def test_a_clock_more_than_five_minutes_ahead_is_refused_and_five_minutes_are_not():
    assert read(pay(1, at_us=NOON_US + 5 * MINUTE_US)).at_us == NOON_US + 5 * MINUTE_US
    assert paths(pay(1, at_us=NOON_US + 5 * MINUTE_US + 1)) == ["at"]


def test_no_message_repeats_a_value_that_was_sent():
    secret = "S3CRET"
    fields = {name: f"{secret} {number}" for number, name in enumerate(PAY)}
    for broken in (
        {"id": "p", "type": "pay", "at": secret} | fields,
        {"id": "p", "type": secret, "at": secret},
        pay(1) | {"13812345678": 1, f"a field of {secret}": 1, "x" * 41: 1},
        reading(price=secret, money_of=secret, when_=secret, share=secret, yen=secret, free=secret),
    ):
        with pytest.raises(Refused) as refused:
            read(broken)
        text = str(refused.value)
        assert secret not in text
        assert "13812345678" not in text
        assert "xxxx" not in text


def test_every_problem_says_what_to_do():
    with pytest.raises(Refused) as refused:
        read({"id": "", "type": "pay", "at": 1, "channel": "pigeon", "zzz": 1})
    assert all(problem.remedy for problem in refused.value.problems)


# ---- lists of identifiers


def test_a_list_of_identifiers_takes_the_clear_text_and_keeps_the_token():
    token = read(pay(1)).values[3]
    assert read(list_entry("l1", "blocked_phones", PHONE)).values[1] == token
    assert read(list_entry("l1", "blocked_phones", token)).values[1] == token


@pytest.mark.parametrize(
    "disguised", [f"phone.{PHONE}", "phone.", "phone." + "1" * 21, f"phone.{'a' * 23}", f"phone.{'a' * 21}+"]
)
def test_clear_text_that_begins_like_a_token_is_not_taken_for_one(disguised):
    assert paths(list_entry("l1", "blocked_phones", disguised)) == ["value"]


def test_a_list_of_texts_keeps_the_text():
    assert read(list_entry("l1", "blocked", "phone.x")).values[1] == "phone.x"


# ---- the two roads agree


@settings(max_examples=300)
@given(documents())
@example(pay(1) | {"at": "2026-11-22 04:00:00Z"})
@example(reading(share=5))
def test_what_one_road_takes_the_other_takes_and_makes_the_same_of_it(document):
    """The fast road is a generated decoder; the slow one, which names the problems, also reads files' events."""
    raw = json.dumps(document).encode()
    slow = INTAKE._problems_of_document(document, at_is_us=False)
    try:
        fast = INTAKE.read(raw)
    except Refused as refused:
        if not slow:
            raise AssertionError("refused without a problem") from refused
        return
    assert not slow
    fields = {name: value for name, value in document.items() if name not in ("id", "type", "at")}
    assert INTAKE.make(fast.type, fast.id, fast.at_us, fields) == fast


TWICE = [
    ('"amount": "5.00"', '"amount": "5.00", "amount": "5000.00"'),
    ('"amount": "5.00"', '"amount":"9.00","amount" :"5.00"'),
    ('"user": "u1"', '"user": "u1", "\\u0075ser": "u2"'), ('"ip": null', '"ip": "203.0.113.7", "ip": null'),
    ('"ip": null', '"ip": null, "ip": null'), ('"id": "p1"', '"id": "p1", "id": "p2"'),
    ('"type": "pay"', '"type": "pay", "type": "pay"'),
]  # fmt: skip


@pytest.mark.parametrize(("once", "twice"), TWICE)
def test_attack_a_name_that_stands_twice_is_refused_however_it_is_written(once, twice):
    text = json.dumps(pay(1, "5.00") | {"ip": None})
    assert read(text.encode()).id == "p1"
    with pytest.raises(Refused, match="a name stands twice"):
        read(text.replace(once, twice).encode())


@given(documents(), st.data())
def test_attack_whatever_member_is_given_again_the_event_is_refused(document, data):
    text = json.dumps(document)
    try:
        read(text.encode())
    except Refused:
        return
    again = data.draw(st.sampled_from(sorted(document)))
    value = data.draw(st.sampled_from([json.dumps(document[again]), "null", '"x"', "1"]))
    at = data.draw(st.sampled_from(["front", "end"]))
    member = f"{json.dumps(again)}: {value}"
    twice = f"{{{member}, {text[1:]}" if at == "front" else f"{text[:-1]}, {member}}}"
    with pytest.raises(Refused):
        read(twice.encode())


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_whatever_do_anything_but_be_refused(raw):
    with pytest.raises(Refused):
        INTAKE.read(raw)


@given(st.integers(0, NOON_US))
def test_an_instant_survives_the_wire(at_us):
    assert read(pay(1, at_us=at_us)).at_us == at_us
    assert format_instant(at_us).endswith("Z")


def test_numbers_that_are_not_finite_are_refused_even_where_they_come_as_values():
    for number in (math.inf, -math.inf, math.nan):
        with pytest.raises(Refused):
            INTAKE.make("reading", "r", NOON_US, {"whole": 1, "share": number})


def test_a_time_that_python_can_not_hold_is_refused():
    assert paths(pay(1) | {"at": "10000-01-01T00:00:00Z"}) == ["at"]


# ---- what the platform tells itself


def test_from_inside_a_token_stays_what_it_is_and_from_outside_it_is_text_like_any_other():
    token = read(pay(1)).values[3]
    fields = {name: each for name, each in pay(1).items() if name not in ("id", "type", "at")}
    assert INTAKE.make("pay", "p1", NOON_US, fields | {"phone": token}).values[3] == token
    assert INTAKE.make("pay", "p1", NOON_US, fields).values == read(pay(1)).values
    device = read(pay(1)).values[5]
    assert read(pay(1, device=device)).values[5] != device, "whoever holds a token can't speak in its name"


def test_attack_ids_that_the_platform_gives_are_refused_from_outside():
    assert paths(pay(1) | {"id": "jindi-staff_action-000000000001"}) == ["id"]
    fields = {name: each for name, each in pay(1).items() if name not in ("id", "type", "at")}
    assert INTAKE.make("pay", "jindi-1", NOON_US, fields).id == "jindi-1"
