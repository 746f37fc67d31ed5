"""Whoever writes somebody's number into a sentence is told; whoever writes of dates, amounts and cases is not."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics.identifiers import holds_personal_number, id_card_check_digit, luhn_holds
from jindi.basics.instants import format_instant
from jindi.basics.money import format_grouped, format_minor

DIGITS = "0123456789"
SEPARATORS = st.sampled_from(["", " ", "-", "–", "—", "·", ".", " - ", "　", "\u200b"])
FORM = str.maketrans(DIGITS, "０１２３４５６７８９")
SENTENCES = st.sampled_from([
    ("客户电话", "，已联系本人"), ("联系方式：", "。"), ("回访（", "）无人接听"), ("号码为", "的用户"), ("", ""),
    ("called ", ", no answer"), ("Asked for ", " twice."), ('see "', '"'), ("2026-11-27 ", " 13:45"),
    ("共 3 笔 ", " 已核实"), ("1,234.50 元；", "；dec_00000000002f"), ("第1次/", "/第2次"), ("tel.", "."), ("a=", ";"),
    ("12\n", "\n34"), ("27 ", " 11"), ("编号#", "#"),
])  # fmt: skip


def written(groups):
    """A number in groups, parted by one kind of separator, its digits in either width. One dot alone is a decimal's."""
    return st.builds(
        lambda parts, separator, wide: (
            ("-" if separator == "." and len(parts) == 2 else separator).join(parts).translate(FORM if wide else {})
        ),
        groups, SEPARATORS, st.booleans(),
    )  # fmt: skip


def cut(number, sizes):
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return [each for each in [*parts, number[at:]] if each]


MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(str.isascii)
PHONES = st.builds(
    lambda prefix, number, sizes: prefix + cut(number, sizes),
    st.sampled_from([[], ["+86"], ["86"], ["0086"]]), MOBILES,
    st.sampled_from([(), (3, 4), (3,), (7,), (4, 4), (1,) * 10]),
)  # fmt: skip


@st.composite
def id_cards(draw):
    region = draw(st.sampled_from(["110105", "440304", "510107", "650102"]))
    born = draw(st.dates(date(1900, 1, 1), date(2099, 12, 31))).strftime("%Y%m%d")
    first = region + born + draw(st.text(DIGITS, min_size=3, max_size=3))
    last = id_card_check_digit(first)
    number = first + draw(st.sampled_from([last, last.lower()]))
    return cut(number, draw(st.sampled_from([(), (6, 8), (6, 4, 4), (3, 3, 4, 4), (1,) * 17])))


@st.composite
def bank_cards(draw):
    first = draw(st.sampled_from("34569")) + draw(st.text(DIGITS, min_size=13, max_size=17))
    number = next(f"{first}{last}" for last in DIGITS if luhn_holds(f"{first}{last}"))
    return cut(number, draw(st.sampled_from([(), (4, 4, 4), (4, 4, 4, 4), (6,), (1,) * (len(number) - 1)])))


MAILS = st.from_regex(r"[A-Za-z0-9._%+-]{1,20}@[a-z0-9-]{1,12}(\.[a-z]{2,6}){1,2}", fullmatch=True)


def said(sentence, number):
    return f"{sentence[0]}{number}{sentence[1]}"


@given(SENTENCES, written(PHONES))
def test_a_mobile_number_is_found_however_it_is_grouped(sentence, number):
    assert holds_personal_number(said(sentence, number))


@given(SENTENCES, written(id_cards()))
def test_an_identity_number_is_found_however_it_is_grouped(sentence, number):
    assert holds_personal_number(said(sentence, number))


@given(SENTENCES, written(bank_cards()))
def test_a_bank_card_is_found_however_it_is_grouped(sentence, number):
    assert holds_personal_number(said(sentence, number))


@given(SENTENCES, MAILS, st.booleans())
def test_an_address_of_mail_is_found(sentence, address, is_wide):
    assert holds_personal_number(said(sentence, address.replace("@", "＠") if is_wide else address))


@pytest.mark.parametrize("text", ["110105194912310020", "11010519491231002", "110105 19491231 0020", "110105491231002"])
def test_an_identity_number_that_is_mistyped_or_of_before_1999_is_found_where_it_has_a_day_of_birth(text):
    assert holds_personal_number(f"证件 {text} 已核") == (len(text.replace(" ", "")) != 17)


@pytest.mark.parametrize("text", [
    "+1 415 555 2671", "(+852) 9123 4567", "0014155552671", "tel13812345678", "wx13812345678。", "138-1234-5678x",
])  # fmt: skip
def test_numbers_of_other_countries_and_those_that_hang_on_a_word_are_found(text):
    assert holds_personal_number(f"他留下 {text}")


PLAIN = st.one_of(
    st.integers(0, 2**40).map(lambda seq: f"dec_{seq:012x}"),
    st.integers(0, 2**40).map(lambda seq: f"case_{seq:012x}"),
    st.integers(0, 2**40).map(lambda seq: f"apr_{seq:012x}"),
    st.dates().map(str),
    st.dates().map(lambda day: day.strftime("%Y/%m/%d")),
    st.dates().map(lambda day: f"{day.year}.{day.month}.{day.day}"),
    st.dates().map(lambda day: f"{day.year}年{day.month}月{day.day}日"),
    st.integers(10**15, 2 * 10**15).map(format_instant),
    st.times().map(lambda time: time.strftime("%H:%M:%S")),
    st.integers(0, 10**11).map(lambda minor: format_grouped(minor, "CNY")),
    st.integers(0, 10**11).map(lambda minor: format_minor(minor, "CNY")),
    st.integers(0, 10**11).map(lambda minor: format_minor(-minor, "CNY")),
    st.integers(0, 9_999).map(lambda count: f"{count}笔"),
    st.integers(0, 1_000).map(lambda share: f"{share / 10}%"),
    st.sampled_from(["@王五", "u1", "device-0042", "10.0.0.1", "2001:db8::1", "3-5 天", "T+1", "13:45-14:00"]),
)


@given(st.lists(PLAIN, min_size=1, max_size=6), st.sampled_from(["，", "; ", " 共 ", " and ", "、", "\n- "]))
def test_ids_of_decisions_and_cases_dates_and_amounts_are_nobody_s_numbers(words, between):
    assert not holds_personal_number(f"共 {between.join(words)} 元")


@pytest.mark.parametrize("text", [
    "", "2026-11-27 13:45:10 共 12 笔 1,234.50", "订单 20261127000123", "版本 1.2.3", "第 2026112700 号工单",
    "tok_phone_000013812345678", "共 138123456.78 元", "共135 2026-11-27", "共 13 2026-11-27 5", "得 13812345.678",
    "三个月前", "1380-11-27", "得 +1234567.89",
])  # fmt: skip
def test_a_sentence_about_the_work_is_none(text):
    assert not holds_personal_number(text)


def test_a_long_text_of_numbers_is_read_through():
    assert not holds_personal_number("12 " * 3_000)
    assert holds_personal_number("12 " * 600 + "13812345678")
