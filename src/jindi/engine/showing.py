"""How values are told: amounts with their currency, instants in UTC, tokens shortened.

What programs read is `shown`; people read amounts in their language's own form (`amount_of`, `said`).
"""

from collections.abc import Callable

from jindi.basics.instants import UNITS_US, format_instant
from jindi.basics.money import EXPONENTS, format_amount, format_minor, parse_minor
from jindi.language import Kind, Type, Value

Shown = str | int | float | bool | None
"""A value ready for a page or for JSON; None is missing."""

TOKEN_SHOWN = 8
"""Characters of a token that are shown: enough to tell two apart, too few to look one up."""


def shown(value: Value, type_: Type, read: Callable[[str], Value]) -> Shown:
    """A value as people may see it. `read` gives the currency of an amount whose currency is a field.

    >>> shown(123450, Type(Kind.MONEY, of="CNY"), lambda name: None)
    '1234.50 CNY'
    >>> shown("tok_0123456789", Type(Kind.TOKEN, of="phone"), lambda name: None)
    'tok_0123…'
    >>> shown(5_400_000_000, Type(Kind.DURATION), lambda name: None)
    '90m'
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return ", ".join(str(shown(item, Type(Kind.TEXT), read)) for item in value)
    if isinstance(value, str):
        return shortened(value) if type_.kind is Kind.TOKEN else value
    if isinstance(value, float):
        return value
    match type_.kind:
        case Kind.MONEY:
            return _amount(value, type_, read)
        case Kind.TIME:
            return _instant(value)
        case Kind.DURATION:
            return _duration(value)
        case _:
            return value


def amount_of(text: str) -> tuple[int, str] | None:
    """The minor units and the currency of an amount as `shown` gives it; None for what is none.

    >>> amount_of("-1234.50 CNY"), amount_of("7 minor units"), amount_of("12.345 CNY")
    ((-123450, 'CNY'), None, None)
    """
    digits, _, currency = text.rpartition(" ")
    try:
        return parse_minor(digits, currency), currency
    except ValueError:
        return None


def said(value: Shown, kind: str) -> Shown:
    """A shown value of a kind as English has it: amounts with the currency's code first and their thousands apart.

    >>> said("1234.50 CNY", "money"), said("1234.50 CNY", "text"), said(None, "money")
    ('CNY 1,234.50', '1234.50 CNY', None)
    """
    amount = amount_of(value) if kind == Kind.MONEY and isinstance(value, str) else None
    return value if amount is None else format_amount(*amount)


def shortened(token: str) -> str:
    """A token's kind and first characters, and a sign that there were more.

    >>> shortened("phone.abcdefghijk"), shortened("abcdefghijk"), shortened("abc")
    ('phone.abcdefgh…', 'abcdefgh…', 'abc…')
    """
    kind, dot, code = token.rpartition(".")
    return kind + dot + code[:TOKEN_SHOWN] + "…"


def _amount(minor: int, type_: Type, read: Callable[[str], Value]) -> Shown:
    currency = type_.of if type_.of is not None else read(type_.currency_field or "")
    if not isinstance(currency, str) or currency not in EXPONENTS:
        return f"{minor} minor units"
    return f"{format_minor(minor, currency)} {currency}"


def _instant(at_us: int) -> Shown:
    try:
        return format_instant(at_us)
    except OverflowError:
        return f"{at_us} µs"


def _duration(length_us: int) -> str:
    """The length in the largest unit that leaves no rest; a length with a rest, down to whole seconds.

    >>> _duration(172_800_000_000), _duration(0), _duration(1_500_000), _duration(7)
    ('2d', '0s', '1500ms', '7µs')
    >>> _duration(198_285_206_915), _duration(-61_000_001)
    ('2d 7h 4m 45s', '-1m 1s')
    """
    if length_us == 0:
        return "0s"
    units = sorted(UNITS_US, key=UNITS_US.__getitem__, reverse=True)
    for unit in units:
        if length_us % UNITS_US[unit] == 0:
            return f"{length_us // UNITS_US[unit]}{unit}"
    rest, parts = abs(length_us), []
    for unit in units[:-1]:
        count, rest = divmod(rest, UNITS_US[unit])
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if length_us < 0 else "") + " ".join(parts) if parts else f"{length_us}µs"
