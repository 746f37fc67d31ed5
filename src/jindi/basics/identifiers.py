"""Identifiers of people and things: the one written form of each kind, and their check digits.

Sources: resident identity card GB 11643-1999; unified social credit code GB 32100-2015; bank card numbers
ISO/IEC 7812-1 (Luhn); mobile numbers of the mainland (1 and ten more digits, second digit 3 to 9).
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

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

_WORD = re.compile(r"[0-9A-Za-z_]+")
_NUMBER = re.compile(r"[0-9]+[Xx]?\Z|[Xx]\Z")
_JOINT = re.compile(r"[\s\-\u2010-\u2015.·•()]{1,5}\Z")
_NUMBER_CHARACTERS_MAX = 19
_GLUED_MOBILE = re.compile(r"[A-Za-z]+1[3-9][0-9]{9}\Z")
_HELD_ID = re.compile(
    r"[1-9][0-9]{5}(?:(?:19|20)[0-9]{2}{day}[0-9]{3}[0-9Xx]|[0-9]{2}{day}[0-9]{3})\Z".replace(
        "{day}", "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    )
)
_HELD_CARD = re.compile(r"[3-69][0-9]{14,18}\Z")
_HELD_FOREIGN = re.compile(r"[1-9][0-9]{9,14}\Z")
"""With a + before it. Shorter ones are amounts more often than telephones, country code and all."""
_HELD_EMAIL = re.compile(r"[^@\s]@[^@\s]+\.[^@\s.]")
_DAY = re.compile(r"[0-9]{4} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01])")
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")
_ONLY_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff·•・\s]{2,}\Z")
_PERSONAL = ("phone", "id_card", "bank_card", "email")


def holds_personal_number(text: str) -> bool:
    """Whether a text is, or has in it, what is written as a person's number or address of mail. In doubt it is one: an
    identity number with one digit mistyped still names its owner to whoever reads it. Days, times, amounts and ids in a
    sentence are none.

    >>> [holds_personal_number(text) for text in ("138 1234-5678", "李敏 13812345678", "110105194912310020", "a@b.cn")]
    [True, True, True, True]
    >>> [holds_personal_number(text) for text in ("dec_0123456789ab", "u00017", "evt-2026-1042", "李敏")]
    [False, False, False, False]
    >>> holds_personal_number("3 payments of 138,123,456.78 on 2026-11-27, order 20261127000123")
    False
    """
    if any(_is(NORMAL_FORMS[kind], text) for kind in _PERSONAL):
        return True
    plain = _plain("".join(each for each in text if each not in _INVISIBLE))
    if _HELD_EMAIL.search(plain) or any(_GLUED_MOBILE.match(word[0]) for word in _WORD.finditer(plain)):
        return True
    return any(_begins_with_number(run[first:]) for run in _runs_of_numbers(plain) for first in range(len(run)))


def _runs_of_numbers(plain: str) -> Iterator[list[tuple[str, str]]]:
    """Numbers that only spaces, dashes, dots or brackets part, each with what stands right before it."""
    run: list[tuple[str, str]] = []
    end = 0
    for word in _WORD.finditer(plain):
        before = plain[end : word.start()]
        end = word.end()
        is_number = _NUMBER.match(word[0]) is not None
        if run and not (is_number and _JOINT.match(before)):
            yield run
            run = []
        if is_number:
            run.append((before, word[0]))
    if run:
        yield run


def _begins_with_number(run: Sequence[tuple[str, str]]) -> bool:
    """Whether the first numbers of a run are together one of a person."""
    is_foreign, number = run[0][0].endswith("+"), ""
    for count, (_, word) in enumerate(run, 1):
        number += word
        if len(number) > _NUMBER_CHARACTERS_MAX or "X" in number[:-1].upper():
            return False
        joints, groups = [before for before, _ in run[1:count]], [each for _, each in run[:count]]
        if _is_decimal(joints):
            continue
        if _HELD_ID.match(number) or (is_foreign and _HELD_FOREIGN.match(number)):
            return True
        if len(groups[0]) > 2 and number.startswith("00") and _HELD_FOREIGN.match(number[2:]):
            return True
        if _is_one_number(groups) and _is_phone_or_card(number.rstrip("Xx")):
            return True
    return False


def _is_decimal(joints: Sequence[str]) -> bool:
    """Whether there is a decimal among numbers: one dot alone, or dots where other things part the rest."""
    return "." in joints and (len(joints) == 1 or set(joints) != {"."})


def _is_one_number(groups: Sequence[str]) -> bool:
    """Whether digits are grouped as one number is: each by itself, or two and more together, and no day among them."""
    if all(len(each) == 1 for each in groups):
        return True
    return all(len(each) > 1 for each in groups[:-1]) and _DAY.search(" ".join(groups)) is None


def _is_phone_or_card(digits: str) -> bool:
    return _MOBILE.match(digits) is not None or (_HELD_CARD.match(digits) is not None and luhn_holds(digits))


def _is(reads: Callable[[str], str], text: str) -> bool:
    with suppress(ValueError):
        reads(text)
        return True
    return False


def is_written_as_name(text: str) -> bool:
    """Whether a text has nothing but Chinese characters, as names and places have and ids never do.

    >>> is_written_as_name("阿凡提·买买提"), is_written_as_name("商户 001")
    (True, False)
    """
    return _ONLY_HAN.match(_plain(text)) is not None
