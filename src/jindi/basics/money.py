"""Money is a whole number of minor units in a named currency; decimals exist only in text."""

import re

EXPONENTS = {
    "CNY": 2, "USD": 2, "EUR": 2, "GBP": 2, "HKD": 2, "MOP": 2, "SGD": 2, "AUD": 2, "CAD": 2, "CHF": 2,
    "NZD": 2, "THB": 2, "MYR": 2, "INR": 2, "RUB": 2, "TWD": 2, "PHP": 2, "BRL": 2, "MXN": 2, "ZAR": 2,
    "JPY": 0, "KRW": 0, "VND": 0, "IDR": 2, "KWD": 3, "BHD": 3, "JOD": 3,
}  # fmt: skip
"""Decimal digits of each currency's minor unit (ISO 4217)."""

AMOUNT_MINOR_MAX = 10**15
"""No single amount may exceed this many minor units: sums over a window then stay far inside 64 bits."""

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z", re.ASCII)


def parse_minor(text: str, currency: str) -> int:
    """Minor units of a decimal string; raises ValueError that says what is wrong, without the value.

    >>> parse_minor("19.9", "CNY"), parse_minor("-0.01", "CNY"), parse_minor("1200", "JPY")
    (1990, -1, 1200)
    >>> parse_minor("1.005", "CNY")
    Traceback (most recent call last):
    ValueError: more than 2 decimal places for CNY
    """
    if currency not in EXPONENTS:
        raise ValueError("unknown currency; give an ISO 4217 code")
    if len(text) > 24 or not _DECIMAL.match(text):
        raise ValueError("not a decimal amount such as 1234.50")
    exponent = EXPONENTS[currency]
    whole, _, fraction = text.partition(".")
    if len(fraction) > exponent:
        raise ValueError(f"more than {exponent} decimal places for {currency}")
    minor = int(whole + fraction.ljust(exponent, "0"))
    if abs(minor) > AMOUNT_MINOR_MAX:
        raise ValueError(f"amount beyond {AMOUNT_MINOR_MAX} minor units")
    return minor


def format_minor(minor: int, currency: str) -> str:
    """The decimal string of an amount, with all its decimal places.

    >>> format_minor(-5, "CNY"), format_minor(123456, "CNY"), format_minor(7, "JPY")
    ('-0.05', '1234.56', '7')
    """
    exponent = EXPONENTS[currency]
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else f"{sign}{digits}"


def format_grouped(minor: int, currency: str) -> str:
    """An amount without its currency, for a column whose head names it.

    >>> format_grouped(-123450, "CNY"), format_grouped(1234567, "JPY")
    ('-1,234.50', '1,234,567')
    """
    whole, dot, fraction = format_minor(abs(minor), currency).partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}{dot}{fraction}"


def format_amount(minor: int, currency: str) -> str:
    """An amount in English: the currency's code, a space, the digits with their thousands apart.

    >>> format_amount(-123450, "CNY"), format_amount(700, "JPY")
    ('CNY -1,234.50', 'JPY 700')
    """
    return f"{currency} {format_grouped(minor, currency)}"


def format_amount_zh(minor: int, currency: str) -> str:
    """An amount in Chinese: the yuan by its sign, any other currency by its code.

    >>> format_amount_zh(-123450, "CNY"), format_amount_zh(700, "JPY")
    ('-¥1,234.50', 'JPY 700')
    """
    if currency != "CNY":
        return format_amount(minor, currency)
    return f"{'-' if minor < 0 else ''}¥{format_grouped(abs(minor), currency)}"
