"""Masks: what somebody may see of an identifier without a reason: enough to recognise it, too little to use it.

Knows: one masked form for each kind of identifier. Never: who looks; that is `access.seeing`. What is shown never grows
with what is hidden: a text that doesn't have its kind's form is hidden whole, and how long the hidden part is can't be
told where lengths differ.

Sources of the forms: common practice of Chinese payment apps and bank slips (first and last of an identity number,
3 and 4 of a mobile number, 4 and 4 of a card); PCI DSS 4.0.1, 3.4.1 allows 6 and 4 of a card, so ours show less. JR/T
0171-2020 has an annex on masking whose text we have not read. Mark: from memory, and where they differ, design default.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum

from jindi.basics.identifiers import NORMAL_FORMS

HIDDEN = "******"
"""What stands for a text of which nothing is shown, whatever its length."""


class Level(StrEnum):
    """How much of an identifier is shown. Clear text is no level: it leaves the vault by a reveal only."""

    HIDDEN = "hidden"
    NARROW = "narrow"
    """What a stranger may see of his own: the end of a card, the first part of an address."""
    PARTIAL = "partial"
    """What whoever works with customers sees."""


LEVELS: tuple[Level, ...] = tuple(Level)
"""From the least to the most."""

SHOWN_MAX: Mapping[str, int] = {
    "name": 6, "phone": 7, "id_card": 2, "bank_card": 8, "email": 66, "address": 24, "ip": 12, "device": 4,
    "account": 4, "uscc": 4,
}  # fmt: skip
"""So many characters of a kind a mask shows at the most, signs that only separate left out."""

SENSITIVE = frozenset({"id_card", "bank_card", "account", "address"})
"""Kinds whose clear text needs a fresh second factor: the high part of C2. PIPL Art. 28 counts financial accounts as
sensitive and where somebody is; that an identity number and a home belong here is a design default."""

_SURNAMES = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙钟离"
    "长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭"
    "南门羊舌微生梁丘左丘东门西门歐陽司馬東方獨孤諸葛"
)
_COMPOUND = frozenset(_SURNAMES[at : at + 2] for at in range(0, len(_SURNAMES), 2))
"""Surnames of two characters."""

_HOST = re.compile(r"[a-z0-9-]{1,40}(?:\.[a-z0-9-]{1,40}){1,3}\Z", re.ASCII)
_TAIL = re.compile(r"[A-Za-z0-9]{4}\Z", re.ASCII)
_MOBILE = re.compile(r"\+861[3-9][0-9]{9}\Z", re.ASCII)
_REGION = re.compile(r"[\u4e00-\u9fff]{2,7}?(?:省|自治区|特别行政区)")
_CITY = re.compile(r"[\u4e00-\u9fff]{1,6}?(?:市|自治州|地区|盟)")
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{1,6}?(?:自治县|新区|矿区|区|县|旗|市)")
_STREET = re.compile("[路街道巷弄里村镇乡号楼栋室园厦]|小区|社区|园区|校区|厂区|开发区")


def mask(kind: str, clear: str, level: Level) -> str:
    """What is shown of an identifier. Never the identifier itself, and `HIDDEN` for what has not its kind's form.

    >>> mask("phone", "+86 138-1234-1234", Level.PARTIAL), mask("bank_card", "6222021234567890128", Level.PARTIAL)
    ('138****1234', '6222 **** **** 0128')
    >>> mask("name", "王小明", Level.PARTIAL), mask("id_card", "11010519491231002X", Level.PARTIAL)
    ('王**', '1****************X')
    >>> mask("phone", "13812341234", Level.HIDDEN), mask("phone", "not one", Level.PARTIAL)
    ('******', '******')
    """
    masked = HIDDEN
    if level is not Level.HIDDEN and kind in _MASKS:
        try:
            masked = _MASKS[kind](clear, level) or HIDDEN
        except ValueError:
            masked = HIDDEN
    if masked == clear:  # somebody typed a mask for a value
        masked = HIDDEN if clear != HIDDEN else "***"
    return masked


def _name(clear: str, _: Level) -> str:
    """The surname, or of other names the first letter; always two stars, so nobody can count the rest.

    >>> [_name(each, Level.PARTIAL) for each in ("王明", "欧阳修", "欧阳", "Li Min", "阿凡提·买买提", "王")]
    ['王**', '欧阳**', '欧**', 'L**', '阿**', '**']
    """
    text = "".join(unicodedata.normalize("NFC", clear).split())
    first = _grapheme(text)
    if not first or len(text) == len(first):
        return "**"
    if text[:2] in _COMPOUND and len(text) > 2:
        return f"{text[:2]}**"
    return f"{first}**"


def _grapheme(text: str) -> str:
    """The first letter with the signs that belong to it; "" when the text doesn't begin with a letter, or with one
    that carries so many signs that it is no name.
    """
    if not text or not text[0].isalpha() or unicodedata.category(text[0]) == "Lm":
        return ""
    end = 1
    while end < len(text) and (unicodedata.category(text[end]) in ("Mn", "Mc", "Me")):
        end += 1
    return text[:end] if end <= 4 else ""


def _phone(clear: str, _: Level) -> str:
    """3 and 4 of a mobile number of the mainland; the last two of any other.

    >>> _phone("+852 9123 4567", Level.PARTIAL)
    '+******67'
    """
    number = NORMAL_FORMS["phone"](clear)
    return f"{number[3:6]}****{number[-4:]}" if _MOBILE.match(number) else f"+******{number[-2:]}"


def _id_card(clear: str, _: Level) -> str:
    """First and last of what was written, with 15 or 18 characters.

    >>> _id_card("110105491231002", Level.PARTIAL)
    '1*************2'
    """
    number = NORMAL_FORMS["id_card"](clear)
    written = re.sub(r"[^0-9Xx]", "", unicodedata.normalize("NFKC", clear)).upper()
    if len(written) == 15:
        number = written
    return f"{number[0]}{'*' * (len(number) - 2)}{number[-1]}"


def _bank_card(clear: str, level: Level) -> str:
    """4 and 4, of short numbers and for strangers the last 4; always in the same shape.

    >>> _bank_card("6222021234567890128", Level.NARROW)
    '**** **** **** 0128'
    """
    number = NORMAL_FORMS["bank_card"](clear)
    first = number[:4] if level is Level.PARTIAL and len(number) >= 16 else "****"
    return f"{first} **** **** {number[-4:]}"


def _email(clear: str, _: Level) -> str:
    """The first character and the domain; a name of one character is hidden, and so is a domain that is no plain host.

    >>> _email("li.min@example.com", Level.PARTIAL), _email("l@example.com", Level.PARTIAL)
    ('l***@example.com', '***@example.com')
    """
    local, _at, domain = NORMAL_FORMS["email"](clear).rpartition("@")
    first = local[0] if len(local) > 1 and local[0].isascii() and local[0].isalnum() else ""
    shown = domain if len(domain) <= 64 and _HOST.match(domain) else "***"
    return f"{first}***@{shown}"


def _address(clear: str, _: Level) -> str:
    """To the district; nothing where no province or city leads to it.

    >>> _address("北京市海淀区中关村大街1号", Level.PARTIAL), _address("中山路小区12号", Level.PARTIAL)
    ('北京市海淀区******', '')
    >>> _address("广东省深圳市", Level.PARTIAL)
    '广东省******'
    """
    text = NORMAL_FORMS["address"](clear)
    shown: list[str] = []
    rest = text
    for part in (_REGION, _CITY, _DISTRICT):
        found = part.match(rest)
        if found is None or _STREET.search(found[0]) or (part is _DISTRICT and not shown):
            continue
        shown.append(found[0])
        rest = rest[found.end() :]
    if shown and not rest:
        shown.pop()
    return f"{''.join(shown)}******" if shown else ""


def _ip(clear: str, level: Level) -> str:
    """The network: /24 and /48, for strangers the first part.

    >>> _ip("203.0.113.77", Level.PARTIAL), _ip("203.0.113.77", Level.NARROW), _ip("2001:db8:7::1", Level.PARTIAL)
    ('203.0.113.*', '203.*', '2001:db8:7:*')
    """
    address = NORMAL_FORMS["ip"](clear)
    if ":" not in address:
        parts = address.split(".")
        return ".".join(parts[: 3 if level is Level.PARTIAL else 1]) + ".*"
    head = address.partition("::")[0].split(":") if "::" in address else address.split(":")
    groups = [group for group in head if group] + ["0"] * 3
    return ":".join(groups[: 3 if level is Level.PARTIAL else 1]) + ":*"


def _opaque(clear: str, level: Level) -> str:
    """The last four of twelve or more, the last two of eight or more, when they are plain letters and digits.

    >>> _opaque("canary-device-0042", Level.PARTIAL), _opaque("d-7F3a", Level.PARTIAL)
    ('****0042', '')
    """
    text = NORMAL_FORMS["device"](clear)
    tail = _TAIL.search(text)
    if tail is None or len(text) < 8 or level is Level.NARROW:
        return ""
    return f"****{tail[0]}" if len(text) >= 12 else f"****{tail[0][-2:]}"


def _uscc(clear: str, _: Level) -> str:
    """First two and last two of a company's code.

    >>> _uscc("91110000600037341L", Level.PARTIAL)
    '91**************1L'
    """
    code = NORMAL_FORMS["uscc"](clear)
    return f"{code[:2]}{'*' * 14}{code[-2:]}"


_MASKS: Mapping[str, Callable[[str, Level], str]] = {
    "name": _name, "phone": _phone, "id_card": _id_card, "bank_card": _bank_card, "email": _email,
    "address": _address, "ip": _ip, "device": _opaque, "account": _opaque, "uscc": _uscc,
}  # fmt: skip
