"""What an identifier tells without telling whose it is, and which numbers can't be right."""

from calendar import isleap
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.basics.identifiers import id_card_check_digit, phone
from jindi.packs.vocabulary import DERIVED, STRICT
from jindi.parties.identity import CARD_RANGES, PROVINCES, attribute, fault_of
from jindi.parties.identity.attributes import AGE_MAX, ATTRIBUTES, age_on

TODAY = date(2026, 11, 28)


def id_card(province="11", birth="19700314", order="703"):
    digits = f"{province}0101{birth}{order}"
    return digits + id_card_check_digit(digits)


def test_the_language_of_packs_and_this_room_name_the_same_attributes():
    assert {kind: set(told) for kind, told in DERIVED.items()} == {kind: set(told) for kind, told in ATTRIBUTES.items()}
    assert all(fault_of(kind, "", TODAY) is None for kind in DERIVED if kind not in STRICT)


def test_each_attribute_is_of_its_declared_type():
    numbers = {
        "id_card": id_card(), "uscc": "91110000600037341L", "bank_card": "6225750000000009",
        "phone": phone("13812345678"),
    }  # fmt: skip
    for kind, attributes in DERIVED.items():
        for what, (word, _) in attributes.items():
            told = attribute(kind, what, numbers[kind], TODAY)
            assert told is None or type(told) is {"int": int, "text": str}[word], (kind, what)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (id_card(), None),
        (id_card(province="99"), "region_unknown"),
        (id_card(province="16"), "region_unknown"),
        (id_card(birth="19700231"), "birth_impossible"),
        (id_card(birth="20261129"), "birth_ahead"),
        (id_card(birth="20261128"), None),
        (id_card(birth="19051128"), "birth_too_early"),
        (id_card(birth="19051129"), None),
        (id_card(order="000"), "order_zero"),
    ],
)
def test_an_identity_number_with_a_right_check_digit_may_be_impossible(number, fault):
    assert fault_of("id_card", number, TODAY) == fault


def test_an_organisations_code_begins_with_a_registrar_and_a_region_that_exist():
    assert fault_of("uscc", "91110000600037341L", TODAY) is None
    assert fault_of("uscc", "91990000600037341L", TODAY) == "region_unknown"
    assert fault_of("uscc", "Q1110000600037341L", TODAY) == "registrar_unknown"
    assert attribute("uscc", "sort", "91110000600037341L", TODAY) == "company"
    assert attribute("uscc", "registrar", "91110000600037341L", TODAY) == "market"


def _birthday(birth, year):
    """The day of a year on which somebody is a year older."""
    return (3, 1) if (birth.month, birth.day) == (2, 29) and not isleap(year) else (birth.month, birth.day)


@given(birth=st.dates(date(1906, 1, 1), TODAY), day=st.dates(TODAY, date(2027, 1, 1)))
@settings(max_examples=30)
def test_an_age_is_the_number_of_birthdays_since(birth, day):
    days = (birth + timedelta(days=each) for each in range(1, (day - birth).days + 1))
    birthdays = sum((each.month, each.day) == _birthday(birth, each.year) for each in days)
    assert age_on(birth, day) == birthdays
    told = attribute("id_card", "age", id_card(birth=birth.strftime("%Y%m%d")), day)
    assert told == (birthdays if birthdays <= AGE_MAX else None)


def test_what_a_number_does_not_tell_is_missing_and_no_guess():
    assert attribute("id_card", "age", id_card(birth="19700231"), TODAY) is None
    assert attribute("id_card", "region", id_card(province="99"), TODAY) is None
    assert attribute("bank_card", "scheme", "9999999999999995", TODAY) is None
    assert attribute("bank_card", "funding", "6229990000000000", TODAY) is None, "UnionPay has both"
    assert attribute("phone", "block", phone("+33 6 12 34 56 78"), TODAY) is None


def test_a_cards_range_says_its_scheme_and_the_longest_beginning_says_most():
    numbers = (
        "4111111111111111", "5555555555554444", "2221000000000009", "378282246310005", "3530111333300000",
        "6225750000000009", "6228480000000000", "6299810000000000",
    )  # fmt: skip
    told = {
        each: (attribute("bank_card", "scheme", each, TODAY), attribute("bank_card", "funding", each, TODAY))
        for each in numbers
    }
    assert told == {
        "4111111111111111": ("visa", None), "5555555555554444": ("mastercard", None),
        "2221000000000009": ("mastercard", None), "378282246310005": ("amex", None), "3530111333300000": ("jcb", None),
        "6225750000000009": ("unionpay", "credit"), "6228480000000000": ("unionpay", "debit"),
        "6299810000000000": ("unionpay", None),
    }  # fmt: skip
    assert attribute("bank_card", "scheme", "2221000000000009", date(2016, 12, 31)) is None, "not yet in use"


def test_no_range_of_cards_stands_behind_a_shorter_one_that_hides_it():
    for place, each in enumerate(CARD_RANGES):
        assert not any(
            before.first <= each.first[: len(before.first)] <= before.last and len(before.first) < len(each.first)
            for before in CARD_RANGES[:place]
        ), each


def test_a_phone_tells_its_kind_and_its_block_of_ten_thousand():
    kinds = {"13812345678": "mobile", "17012345678": "virtual", "14912345678": "machine", "13491234567": "satellite",
             "+447700900123": "foreign"}  # fmt: skip
    assert {text: attribute("phone", "plan", phone(text), TODAY) for text in kinds} == kinds
    assert attribute("phone", "block", phone("138 1234 5678"), TODAY) == "1381234"


def test_provinces_are_two_digits_each():
    assert len(PROVINCES) == 35
    assert all(len(each) == 2 and each.isdigit() for each in PROVINCES)
