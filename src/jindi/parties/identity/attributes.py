"""What each kind of identifier tells: one function for each attribute, from the one written form of a number.

Sources: GB 11643-1999 (region, day of birth, order number whose last digit is odd for men), GB 32100-2015 (who
registered an organisation, and as what), ISO/IEC 7812-1, and the mainland's numbering plan of mobile telephones.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from jindi.parties.identity.cards import card_range
from jindi.parties.identity.regions import NATION, PROVINCES

Told = str | int | None

AGE_MAX: Final = 120
"""(design default) Nobody whose number says more is alive: the number is somebody's invention or a slip."""

_REGISTRARS: Final[Mapping[str, str]] = {
    "1": "institutions", "2": "foreign_affairs", "3": "justice", "4": "culture", "5": "civil_affairs",
    "6": "tourism", "7": "religion", "8": "trade_unions", "9": "market", "A": "military", "N": "agriculture",
    "Y": "other",
}  # fmt: skip
"""GB 32100-2015, first character; its letters from memory."""

_VIRTUAL: Final = ("170", "171", "162", "165", "167")
"""Numbers of operators without a network of their own (虚拟运营商): bought in batches more easily than others."""

_MACHINES: Final = ("140", "141", "144", "146", "148", "149", "172")
"""Cards for things and data. That a person's account is registered with one is strange."""

_SATELLITE: Final = ("1349", "174")
_MAINLAND: Final = "+86"


def attribute(kind: str, what: str, number: str, day: date) -> Told:
    """An attribute of an identifier in its one written form, as of a day; None where the number doesn't tell it.

    Raises KeyError for what no identifier of this kind tells.

    >>> attribute("id_card", "age", "11010519491231002X", date(2026, 12, 30))
    76
    >>> attribute("id_card", "region", "11010519491231002X", date(2026, 12, 30))
    '11'
    >>> attribute("phone", "plan", "+8617012345678", date(2026, 12, 30))
    'virtual'
    """
    return ATTRIBUTES[kind][what](number, day)


def fault_of(kind: str, number: str, day: date) -> str | None:
    """Why a number can't be right though it is well-formed and its check digit holds; None when nothing speaks against
    it. `region_unknown`, `birth_impossible`, `birth_ahead`, `birth_too_early`, `order_zero`, `registrar_unknown`.

    >>> fault_of("id_card", "990105194912310026", date(2026, 1, 1))
    'region_unknown'
    """
    found = _FAULTS.get(kind)
    return None if found is None else found(number, day)


def birth_of(number: str) -> date | None:
    """The day of birth in an identity number; None when there is no such day.

    >>> birth_of("11010519491231002X").isoformat()
    '1949-12-31'
    """
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def age_on(birth: date, day: date) -> int:
    """Whole years on a day. Who is born on 29 February is a year older on 1 March where there is no such day.

    >>> age_on(date(2000, 2, 29), date(2026, 2, 28)), age_on(date(2000, 2, 29), date(2026, 3, 1))
    (25, 26)
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


# ---- resident identity numbers


def _region(number: str, _: date) -> Told:
    return number[:2] if number[:2] in PROVINCES else None


def _age(number: str, day: date) -> Told:
    birth = birth_of(number)
    return age_on(birth, day) if birth is not None and birth <= day and age_on(birth, day) <= AGE_MAX else None


def _sex(number: str, _: date) -> Told:
    return "male" if int(number[16]) % 2 else "female"


def _fault_of_id_card(number: str, day: date) -> str | None:
    birth = birth_of(number)
    if number[:2] not in PROVINCES:
        return "region_unknown"
    if birth is None:
        return "birth_impossible"
    if birth > day:
        return "birth_ahead"
    if age_on(birth, day) > AGE_MAX:
        return "birth_too_early"
    return "order_zero" if number[14:17] == "000" else None


# ---- unified social credit codes


def _registrar(code: str, _: date) -> Told:
    return _REGISTRARS.get(code[0])


def _sort(code: str, _: date) -> Told:
    """What an organisation is. Only where the market's registrar says so it matters here."""
    if code[0] != "9":
        return "other"
    return {"1": "company", "2": "sole_trader", "3": "cooperative"}.get(code[1], "other")


def _seat(code: str, _: date) -> Told:
    return code[2:4] if code[2:4] in PROVINCES or code[2:4] == NATION else None


def _fault_of_uscc(code: str, _: date) -> str | None:
    if code[0] not in _REGISTRARS:
        return "registrar_unknown"
    return None if code[2:4] in PROVINCES or code[2:4] == NATION else "region_unknown"


# ---- bank cards


def _scheme(number: str, day: date) -> Told:
    found = card_range(number, day)
    return None if found is None else found.scheme


def _funding(number: str, day: date) -> Told:
    found = card_range(number, day)
    return None if found is None else found.funding


# ---- telephones


def _plan(number: str, _: date) -> Told:
    if not number.startswith(_MAINLAND):
        return "foreign"
    digits = number.removeprefix(_MAINLAND)
    if digits.startswith(_SATELLITE):
        return "satellite"
    if digits.startswith(_MACHINES):
        return "machine"
    return "virtual" if digits.startswith(_VIRTUAL) else "mobile"


def _block(number: str, _: date) -> Told:
    """The first seven digits of a mobile number of the mainland: ten thousand numbers share them."""
    return number.removeprefix(_MAINLAND)[:7] if number.startswith(_MAINLAND) else None


_FAULTS: Final[Mapping[str, Callable[[str, date], str | None]]] = {
    "id_card": _fault_of_id_card, "uscc": _fault_of_uscc,
}  # fmt: skip

ATTRIBUTES: Final[Mapping[str, Mapping[str, Callable[[str, date], Told]]]] = {
    "id_card": {"region": _region, "age": _age, "sex": _sex, "fault": _fault_of_id_card},
    "uscc": {"registrar": _registrar, "sort": _sort, "region": _seat, "fault": _fault_of_uscc},
    "bank_card": {"scheme": _scheme, "funding": _funding},
    "phone": {"plan": _plan, "block": _block},
}
"""For each kind of identifier what it tells. `packs.vocabulary.DERIVED` has the same names, each with its type."""
