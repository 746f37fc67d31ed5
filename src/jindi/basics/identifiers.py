"""Identifiers of people and things: the one written form of each kind, and their check digits.

Sources: resident identity card GB 11643-1999; unified social credit code GB 32100-2015; bank card numbers
ISO/IEC 7812-1 (Luhn); mobile numbers of the mainland (1 and ten more digits, second digit 3 to 9).
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date

_SEPARATORS = re.compile(r"[\s\-–—().·]+")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})\Z", re.ASCII)
_FOREIGN = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})\Z", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+\Z")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_DIGITS = frozenset("0123456789")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def phone(text: str) -> str:
    """A telephone number in E.164 form; a bare mainland mobile number gets +86.

    >>> phone("138 1234-5678") == phone("+86 138 1234 5678") == phone("008613812345678")
    True
    """
    digits = _SEPARATORS.sub("", _plain(text))
    if match := _MOBILE.match(digits):
        return f"+86{match[1]}"
    if match := _FOREIGN.match(digits):
        return f"+{match[1]}"
    raise ValueError("not a mobile number of the mainland, nor an international number with + and country code")


def id_card_check_digit(first_17: str) -> str:
    """The 18th character of a resident identity number (GB 11643-1999).

    >>> id_card_check_digit("11010519491231002")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def id_card(text: str) -> str:
    """A resident identity number with 18 characters; a 15-digit one is completed.

    >>> id_card("11010519491231002x"), id_card("110105491231002")
    ('11010519491231002X', '11010519491231002X')
    """
    number = _SEPARATORS.sub("", _plain(text)).upper()
    if len(number) == 15 and _DIGITS.issuperset(number):
        completed = number[:6] + "19" + number[6:]
        return completed + id_card_check_digit(completed)
    if len(number) != 18 or not _DIGITS.issuperset(number[:17]):
        raise ValueError("not a resident identity number: 18 characters, or 15 digits")
    if id_card_check_digit(number[:17]) != number[17]:
        raise ValueError("the check digit of the resident identity number is wrong")
    return number


def luhn_holds(digits: str) -> bool:
    """Whether a number passes the Luhn check (ISO/IEC 7812-1).

    >>> luhn_holds("4111111111111111"), luhn_holds("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def bank_card(text: str) -> str:
    """A bank card number: 12 to 19 digits that pass the Luhn check.

    >>> bank_card("4111 1111 1111 1111")
    '4111111111111111'
    """
    digits = _SEPARATORS.sub("", _plain(text))
    if not 12 <= len(digits) <= 19 or not _DIGITS.issuperset(digits):
        raise ValueError("not a bank card number: 12 to 19 digits")
    if not luhn_holds(digits):
        raise ValueError("the check digit of the bank card number is wrong")
    return digits


def email(text: str) -> str:
    """An e-mail address in lower case.

    >>> email(" Li.Min@Example.COM ")
    'li.min@example.com'
    """
    address = _plain(text).casefold()
    if len(address) > 254 or not _EMAIL.match(address):
        raise ValueError("not an e-mail address")
    return address


def name(text: str) -> str:
    """A person's name: width and case folded, one space between parts, none around the middle dot.

    >>> name("ＬＩ   min"), name("阿凡提 · 买买提")
    ('li min', '阿凡提·买买提')
    """
    folded = " ".join(_plain(text).casefold().split())
    folded = re.sub(r"\s*[·•・]\s*", "·", folded)
    if not folded:
        raise ValueError("an empty name")
    return folded


def address(text: str) -> str:
    """A postal address without spaces and punctuation, folded in width and case.

    >>> address("北京市 海淀区, 中关村1号") == address("北京市海淀区中关村１号")
    True
    """
    folded = re.sub(r"[\s,.;:、，。；：\-#()（）]+", "", _plain(text).casefold())
    if not folded:
        raise ValueError("an empty address")
    return folded


def ip(text: str) -> str:
    """An internet address; an IPv4 address written inside IPv6 is the IPv4 address.

    >>> ip("::ffff:10.0.0.1"), ip("2001:DB8::0001")
    ('10.0.0.1', '2001:db8::1')
    """
    try:
        value = ipaddress.ip_address(_plain(text))
    except ValueError:
        raise ValueError("not an internet address (IPv4 or IPv6)") from None
    mapped = value.ipv4_mapped if isinstance(value, ipaddress.IPv6Address) else None
    return str(mapped or value)


def uscc(text: str) -> str:
    """A unified social credit code (GB 32100-2015), checked.

    >>> uscc("91110000600037341l")
    '91110000600037341L'
    """
    code = _SEPARATORS.sub("", _plain(text)).upper()
    if len(code) != 18 or any(character not in _USCC_ALPHABET for character in code):
        raise ValueError("not a unified social credit code: 18 characters of its alphabet")
    total = sum(_USCC_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(code[:17]))
    if _USCC_ALPHABET[(31 - total % 31) % 31] != code[17]:
        raise ValueError("the check character of the unified social credit code is wrong")
    return code


def opaque(text: str) -> str:
    """An identifier that has no grammar of its own (a device fingerprint): trimmed, otherwise as it is.

    >>> opaque(" d-7F3a ")
    'd-7F3a'
    """
    value = _plain(text)
    if not value:
        raise ValueError("an empty identifier")
    return value


def exact(text: str) -> str:
    """A name that is what it is, to the last space: a customer's number, or whatever else somebody was asked for by.

    >>> exact("u 1")
    'u 1'
    """
    if not text:
        raise ValueError("an empty identifier")
    return text


NORMAL_FORMS: Mapping[str, Callable[[str], str]] = {
    "phone": phone,
    "id_card": id_card,
    "bank_card": bank_card,
    "email": email,
    "name": name,
    "address": address,
    "ip": ip,
    "uscc": uscc,
    "device": opaque,
    "account": opaque,
    "text": exact,
}
"""Each kind of identifier and the function that gives its one written form (ValueError when it isn't one)."""

_MAIL_IN_TEXT = re.compile(r"[^\s@,;<>()\u3000-\u303f\uff00-\uffef]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_WORD_IN_TEXT = re.compile(r"[0-9A-Za-z_]+")
_NUMBER_WORD = re.compile(r"[0-9]+[Xx]?\Z|[Xx]\Z")
_JOINT = re.compile(r"[\s\-\u2010-\u2015.·•()]{1,3}\Z")
_GLUED_MOBILE = re.compile(r"[A-Za-z]+1[3-9][0-9]{9}\Z")
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")
CARD_DIGITS_IN_TEXT_MIN = 15
"""Shorter numbers in a sentence are dates, amounts and orders far more often than cards."""

FOREIGN_DIGITS_IN_TEXT_MIN = 10
"""Shorter numbers with a + in a sentence are amounts more often than telephones, country code and all."""

GROUP_DIGITS_MIN = 3
"""People write numbers in groups of three digits and more; groups of two are days, months and cents."""

_NUMBER_CHARACTERS_MAX = 19


def mentions(text: str) -> tuple[str, ...]:
    """The kinds of identifiers of persons that stand in a sentence, each once: nobody's number belongs in a note.

    >>> mentions("called 138-1234-5678, asked for a.b@example.com"), mentions("card 4111 1111 1111 1111")
    (('email', 'phone'), ('bank_card',))
    >>> mentions("dec_00000000002f: 3 payments of 1,234.50 on 2026-11-27, order 20261127000123")
    ()
    """
    plain = unicodedata.normalize("NFKC", "".join(each for each in text if each not in _INVISIBLE))
    found = {"email"} if _MAIL_IN_TEXT.search(plain) else set()
    for run in _runs_of_numbers(plain):
        for first in range(len(run)):
            found |= _kinds_from(run[first:])
    if any(_GLUED_MOBILE.match(word[0]) for word in _WORD_IN_TEXT.finditer(plain)):
        found.add("phone")
    return tuple(sorted(found))


def _runs_of_numbers(plain: str) -> Iterator[list[tuple[str, str]]]:
    """Numbers that only spaces, dashes, dots or brackets part, each with what stands right before it."""
    run: list[tuple[str, str]] = []
    end = 0
    for word in _WORD_IN_TEXT.finditer(plain):
        before = plain[end : word.start()]
        end = word.end()
        is_number = _NUMBER_WORD.match(word[0]) is not None
        if run and not (is_number and _JOINT.match(before)):
            yield run
            run = []
        if is_number:
            run.append((before, word[0]))
    if run:
        yield run


def _kinds_from(run: Sequence[tuple[str, str]]) -> set[str]:
    """The kinds of identifiers that begin with the first of these numbers."""
    found, is_foreign, number = set(), run[0][0].endswith("+"), ""
    for count, (_, word) in enumerate(run, 1):
        number += word
        if len(number) > _NUMBER_CHARACTERS_MAX or "X" in number[:-1].upper():
            break
        groups = [each for _, each in run[:count]]
        if count == 2 and run[1][0] == ".":
            continue  # a decimal
        if kind := _kind_of_number(number, groups, is_foreign=is_foreign):
            found.add(kind)
    return found


def _kind_of_number(number: str, groups: Sequence[str], *, is_foreign: bool) -> str | None:
    digits = number.rstrip("Xx")
    if is_foreign and len(digits) >= FOREIGN_DIGITS_IN_TEXT_MIN and _is(phone, f"+{digits}"):
        return "phone"
    if not _is_in_groups(groups):
        return None
    if _MOBILE.match(digits) or (digits.startswith("00") and len(digits) > 10 and _is(phone, digits)):
        return "phone"
    if (len(number) == 18 and _is(id_card, number)) or (len(number) == 15 and _is_old_id_card(digits)):
        return "id_card"
    return "bank_card" if len(digits) >= CARD_DIGITS_IN_TEXT_MIN and _is(bank_card, digits) else None


def _is_in_groups(groups: Sequence[str]) -> bool:
    """Whether digits are grouped as people write one number: from three on, fewer at the end, or each by itself."""
    if all(len(each) == 1 for each in groups):
        return True
    rest = groups[1:] if groups[0] == "86" else groups
    if not rest or any(len(each) < GROUP_DIGITS_MIN for each in rest[:-1]):
        return False
    return len(rest[-1]) >= GROUP_DIGITS_MIN or sum(map(len, rest)) >= CARD_DIGITS_IN_TEXT_MIN


def _is_old_id_card(digits: str) -> bool:
    """Whether 15 digits are an identity number of before 1999: it has no check digit, but a day of birth."""
    if len(digits) != 15:
        return False
    with suppress(ValueError):
        date(1900 + int(digits[6:8]), int(digits[8:10]), int(digits[10:12]))
        return True
    return False


def _is(reads: Callable[[str], str], number: str) -> bool:
    with suppress(ValueError):
        return bool(reads(number))
    return False
