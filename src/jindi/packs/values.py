"""Values as packs write them → values as the language holds them."""

import math
import re
from datetime import UTC, date, datetime, timedelta

from jindi.basics.instants import parse_duration, parse_instant
from jindi.basics.money import parse_minor
from jindi.language import Kind, Type, Value
from jindi.packs.tables import INT_MAX, kind_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RATIO = re.compile(r"(-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,15})?)(%?)\Z", re.ASCII)


class NotFitting(ValueError):  # noqa: N818 - said of the value, in the words of the sentence that follows
    """A TOML value that cannot stand for a value of the declared type; the message goes on after its name."""


def read_value(raw: object, kind: Type) -> Value:
    """The value that a pack means by a TOML value of a declared type; NotFitting, a
    ValueError, says what is wrong.

    Money is a decimal text, a duration a text such as "5m", a time an RFC 3339 text or a TOML date and time
    with its offset, a ratio a number or a decimal text (also as a percentage).

    >>> read_value("19.90", Type(Kind.MONEY, of="CNY")), read_value("5%", Type(Kind.RATIO))
    (1990, 0.05)
    >>> read_value("5m", Type(Kind.INT))
    Traceback (most recent call last):
    jindi.packs.values.NotFitting: must be a whole number, not text
    """
    match kind.kind:
        case Kind.INT:
            return _int(raw)
        case Kind.BOOL:
            if not isinstance(raw, bool):
                raise NotFitting(f"must be true or false, not {kind_of(raw)}")
            return raw
        case Kind.MONEY:
            return _money(raw, kind)
        case Kind.TIME:
            return read_instant(raw)
        case Kind.DURATION:
            if not isinstance(raw, str):
                raise NotFitting(f'must be a duration text such as "5m", not {kind_of(raw)}')
            return parse_duration(raw)
        case Kind.RATIO:
            return _ratio(raw)
        case _:
            if not isinstance(raw, str):
                raise NotFitting(f"must be a text, not {kind_of(raw)}")
            return raw


def read_instant(raw: object) -> int:
    """Microseconds of an RFC 3339 text or a TOML date and time with its offset."""
    if isinstance(raw, str):
        return parse_instant(raw)
    if not isinstance(raw, datetime):
        raise NotFitting(f'must be an instant such as "2026-11-22T08:00:00+08:00", not {kind_of(raw)}')
    if raw.tzinfo is None:
        raise NotFitting("has no offset; write it as 2026-11-22T08:00:00+08:00")
    return (raw - _EPOCH) // timedelta(microseconds=1)


def read_day(raw: object) -> date:
    """A calendar day: a TOML date."""
    if isinstance(raw, datetime) or not isinstance(raw, date):
        raise NotFitting(f"must be a date such as 2026-01-01 (without quotes), not {kind_of(raw)}")
    return raw


def _int(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise NotFitting(f"must be a whole number, not {kind_of(raw)}")
    if abs(raw) > INT_MAX:
        raise NotFitting("is beyond 64 bits")
    return raw


def _money(raw: object, kind: Type) -> int:
    if not isinstance(raw, str):
        raise NotFitting(f'must be an amount as text such as "1234.50", not {kind_of(raw)}')
    if kind.of is None:
        raise NotFitting("has no currency")
    return parse_minor(raw, kind.of)


def _ratio(raw: object) -> float:
    if isinstance(raw, str):
        match = _RATIO.match(raw)
        if not match:
            raise NotFitting('is not a ratio such as 0.25, "0.25" or "25%"')
        return float(match[1]) / 100 if match[2] else float(match[1])
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise NotFitting(f"must be a number such as 0.25, not {kind_of(raw)}")
    if not math.isfinite(raw) or abs(raw) > INT_MAX:
        raise NotFitting("is not a finite number of sane size")
    return float(raw)
