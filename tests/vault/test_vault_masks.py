"""Masks: what is shown never suffices, never grows, and never is the text itself."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.access import Kind, Principal, Role, Scope, level
from jindi.basics.identifiers import NORMAL_FORMS, id_card_check_digit
from jindi.vault import HIDDEN, LEVELS, SENSITIVE, SHOWN_MAX, Level, mask

KINDS = tuple(NORMAL_FORMS)
SEPARATING = set("*.: @+-/")


def luhn(digits):
    for last in "0123456789":
        total = 0
        for place, digit in enumerate(reversed(digits + last)):
            value = int(digit) * (2 if place % 2 else 1)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return digits + last
    raise AssertionError


digits = st.text("0123456789", min_size=17, max_size=17)
han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12)
phones = st.from_regex(r"(\+86|0086|)1[3-9][0-9]{9}", fullmatch=True, alphabet=st.characters(codec="ascii"))
cards = st.from_regex(r"[1-9][0-9]{10,17}", fullmatch=True, alphabet=st.characters(codec="ascii")).map(luhn)
id_cards = digits.map(lambda first: first + id_card_check_digit(first))
emails = st.emails()
ips = st.ip_addresses().map(str)
anything = st.text(max_size=60)
VALUES = {
    "phone": phones, "bank_card": cards, "id_card": id_cards, "email": emails, "ip": ips, "name": han | anything,
    "address": st.builds("".join, st.lists(han, max_size=4)) | anything,
    "device": anything | st.from_regex(r"[A-Za-z0-9]{1,40}", fullmatch=True), "account": anything | phones,
    "uscc": anything,
}  # fmt: skip
pairs = st.sampled_from([kind for kind in KINDS if kind in VALUES]).flatmap(
    lambda kind: st.tuples(st.just(kind), VALUES[kind] | anything)
)


def shown(masked):
    return sum(character not in SEPARATING for character in masked)


@given(pairs, st.sampled_from(LEVELS))
def test_a_mask_shows_no_more_characters_than_its_kind_allows(pair, how):
    kind, clear = pair
    masked = mask(kind, clear, how)
    assert shown(masked) <= SHOWN_MAX[kind]
    assert how is not Level.HIDDEN or masked in (HIDDEN, "***")


@given(pairs, st.sampled_from(LEVELS))
def test_a_mask_is_never_the_text_and_always_hides_something(pair, how):
    kind, clear = pair
    masked = mask(kind, clear, how)
    assert masked != clear
    assert "*" in masked
    # At least a third of the letters and digits of what has its kind's form are away, whatever its length.
    if masked != HIDDEN and kind not in ("email", "address", "ip"):
        letters = sum(character.isalnum() for character in unicodedata.normalize("NFC", clear))
        assert shown(masked) * 3 <= max(3, letters * 2)


@given(pairs)
def test_less_is_never_more(pair):
    kind, clear = pair
    narrow, partial = (shown(mask(kind, clear, how)) for how in (Level.NARROW, Level.PARTIAL))
    assert narrow <= partial


@given(han.filter(lambda text: len(text) > 1), han.filter(lambda text: len(text) > 1))
def test_the_mask_of_a_name_does_not_tell_its_length(one, other):
    assert len(mask("name", one, Level.PARTIAL)) - len(mask("name", one, Level.PARTIAL).rstrip("*")) == 2
    if one[0] == other[0] and len(one) != len(other):
        assert mask("name", one[:1] + "x", Level.PARTIAL) == mask("name", other[:1] + "xyz", Level.PARTIAL)


@given(cards, cards)
def test_the_mask_of_a_card_does_not_tell_its_length(one, other):
    assert len(mask("bank_card", one, Level.PARTIAL)) == len(mask("bank_card", other, Level.PARTIAL))


@given(st.text(max_size=20))
def test_a_mask_never_ends_within_a_letter_and_its_signs(text):
    masked = mask("name", text, Level.PARTIAL).rstrip("*")
    normal = "".join(unicodedata.normalize("NFC", text).split())
    assert normal.startswith(masked)
    rest = normal[len(masked) :]
    assert not masked or not rest or unicodedata.category(rest[0]) not in ("Mn", "Mc", "Me")


@pytest.mark.parametrize(
    ("kind", "clear", "masked"),
    [
        ("name", "王", "**"), ("name", "王明", "王**"), ("name", "王小明", "王**"), ("name", "欧阳娜娜", "欧阳**"),
        ("name", "司马光", "司马**"), ("name", "司马", "司**"), ("name", "阿卜杜拉·买买提", "阿**"),
        ("name", "𠮷田", "𠮷**"), ("name", "葛\U000e0100明", "葛\U000e0100**"), ("name", "Li Min", "L**"),
        ("name", "e\u0301lodie", "é**"), ("name", "\u202e王明", "**"), ("name", "王**", HIDDEN),
        ("phone", "+86 138-1234-5678", "138****5678"), ("phone", "008613812345678", "138****5678"),
        ("phone", "+1 415 555 0100", "+******00"), ("phone", "12345", HIDDEN),
        ("bank_card", "6222 0212 3456 7890 128", "6222 **** **** 0128"),
        ("bank_card", "4111111111111111", "4111 **** **** 1111"),
        ("bank_card", "4111111111111112", HIDDEN),
        ("id_card", "11010519491231002x", "1****************X"), ("id_card", "110105491231002", "1*************2"),
        ("email", "li.min@example.com", "l***@example.com"), ("email", "l@example.com", "***@example.com"),
        ("email", "李@例子.中国", "***@***"),
        ("address", "广东省深圳市南山区科技园路1号", "广东省深圳市南山区******"),
        ("address", "北京市", HIDDEN), ("address", "幸福小区3栋", HIDDEN),
        ("address", "北京市望京小区12号", "北京市******"), ("address", "12 Baker Street, London", HIDDEN),
        ("ip", "203.0.113.77", "203.0.113.*"), ("ip", "::ffff:203.0.113.77", "203.0.113.*"),
        ("ip", "2001:db8:7:9::1", "2001:db8:7:*"), ("ip", "fe80::1", "fe80:0:0:*"),
        ("device", "canary-device-0042", "****0042"), ("device", "d-7F3a", HIDDEN),
        ("account", "12345678", "****78"), ("account", "limin@example.com", HIDDEN),
        ("uscc", "91110000600037341L", "91**************1L"), ("plate", "京A12345", HIDDEN),
    ],
)  # fmt: skip
def test_the_forms_of_masks(kind, clear, masked):
    assert mask(kind, clear, Level.PARTIAL) == masked


def person(*roles):
    return Principal(Kind.PERSON, "per_1", "x", frozenset(roles))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", KINDS)
def test_what_authenticates_a_customer_is_hidden_from_everybody(role, kind):
    assert level(person(role), "C3", kind) is Level.HIDDEN
    assert level(person(role), "C2", "no such kind") is Level.HIDDEN


def test_who_works_with_customers_sees_masks_and_who_administers_sees_none():
    for role in (Role.ANALYST, Role.SENIOR_ANALYST, Role.AML_OFFICER):
        assert level(person(role), "C2", "phone") is Level.PARTIAL
    for role in (Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN, Role.AUDITOR, Role.POLICY_AUTHOR, Role.APPROVER):
        assert level(person(role), "C2", "phone") is Level.HIDDEN
    assert level(person(Role.TREASURER), "C2", "phone") is Level.HIDDEN
    assert level(person(Role.TREASURER), "C2", "bank_card") is Level.NARROW
    assert level(person(Role.SUPERVISOR), "C2", "id_card") is Level.NARROW
    assert level(person(Role.TREASURER, Role.ANALYST), "C2", "bank_card") is Level.PARTIAL


def test_a_key_sees_masks_only_when_it_may_open_the_vault_and_admin_may_not():
    for scope in Scope:
        key = Principal(Kind.KEY, "key_1", "x", scopes=frozenset({scope}))
        sees = level(key, "C2", "phone") is Level.PARTIAL
        assert sees == (scope in (Scope.VAULT_OPEN, Scope.SUBJECTS_ACT))


def test_kinds_that_need_a_fresh_factor_are_kinds_that_have_a_mask():
    assert set(SHOWN_MAX) >= SENSITIVE
