"""Numbers and instants as people read them, in either language."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from jindi.basics.money import format_amount, format_amount_zh, format_grouped, format_minor
from jindi.doors.console.words import Lang

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZH_UNITS = ((10**8, "亿"), (10**4, "万"))
_EN_UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "k"))


def local(at_us: int, zone: ZoneInfo) -> datetime:
    """An instant on the clock of a zone."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)


def instant(at_us: int, zone: ZoneInfo) -> str:
    """To the second, as tables show it.

    >>> instant(1_700_000_000_123_456, ZoneInfo("Asia/Shanghai"))
    '2023-11-15 06:13:20'
    """
    return f"{local(at_us, zone):%Y-%m-%d %H:%M:%S}"


def instant_exact(at_us: int, zone: ZoneInfo) -> str:
    """To the microsecond, where one decision is looked at.

    >>> instant_exact(1_700_000_000_123_456, ZoneInfo("Asia/Shanghai"))
    '2023-11-15 06:13:20.123456'
    """
    return f"{local(at_us, zone):%Y-%m-%d %H:%M:%S.%f}"


def clock(at_us: int, zone: ZoneInfo) -> str:
    """The time of day alone.

    >>> clock(1_700_000_000_123_456, ZoneInfo("Asia/Shanghai"))
    '06:13:20'
    """
    return f"{local(at_us, zone):%H:%M:%S}"


def offset(at_us: int, zone: ZoneInfo) -> str:
    """How far a zone's clock is from UTC at an instant.

    >>> offset(0, ZoneInfo("Asia/Shanghai"))
    '+08:00'
    """
    digits = local(at_us, zone).strftime("%z")
    return f"{digits[:3]}:{digits[3:5]}"


def count(number: int) -> str:
    """A whole number with its thousands apart.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,}"


def count_short(number: int, lang: Lang) -> str:
    """A whole number for a tile, in the language's own units.

    >>> count_short(1_284_567, "zh"), count_short(1_284_567, "en"), count_short(9_999, "zh")
    ('128.5 万', '1.3M', '9,999')
    """
    if number < 10_000:
        return count(number)
    for unit, word in _ZH_UNITS if lang == "zh" else _EN_UNITS:
        if number >= unit:
            return f"{number / unit:,.1f} {word}" if lang == "zh" else f"{number / unit:,.1f}{word}"
    return count(number)


def plain_amount(minor: int, currency: str) -> str:
    """Money without its currency, for a column whose head names it.

    >>> plain_amount(-123450, "CNY"), plain_amount(700, "JPY")
    ('-1,234.50', '700')
    """
    return format_grouped(minor, currency)


def amount(minor: int, currency: str, lang: Lang) -> str:
    """Money in full: the yuan sign where readers use it, the currency's code otherwise.

    >>> amount(-123450, "CNY", "zh"), amount(123450, "CNY", "en"), amount(700, "JPY", "zh")
    ('-¥1,234.50', 'CNY 1,234.50', 'JPY 700')
    """
    return format_amount_zh(minor, currency) if lang == "zh" else format_amount(minor, currency)


def amount_short(minor: int, currency: str, lang: Lang) -> str:
    """Money for a tile.

    >>> amount_short(128_456_700, "CNY", "zh"), amount_short(128_456_700, "CNY", "en")
    ('¥128.5 万', 'CNY 1.3M')
    """
    whole = format_minor(abs(minor), currency).partition(".")[0]
    digits, sign = count_short(int(whole), lang), "-" if minor < 0 else ""
    return f"{sign}¥{digits}" if lang == "zh" and currency == "CNY" else f"{currency} {sign}{digits}"


def share(part: int, whole: int) -> str:
    """A percentage with two decimals; a dash when there is nothing to divide by.

    >>> share(1, 3), share(0, 0)
    ('33.33%', '–')
    """
    return f"{part * 100 / whole:.2f}%" if whole else "–"


def milliseconds(us: int | None) -> str:
    """A short time in milliseconds, as exact as it is interesting.

    >>> milliseconds(412), milliseconds(2_812), milliseconds(31_400), milliseconds(None)
    ('0.41 ms', '2.81 ms', '31.4 ms', '–')
    """
    if us is None:
        return "–"
    return f"{us / 1000:.2f} ms" if us < 10_000 else f"{us / 1000:.1f} ms"


def duration(us: int, lang: Lang) -> str:
    """A length of time in its largest fitting units.

    >>> duration(9_000_000_000, "en"), duration(9_000_000_000, "zh"), duration(250_000, "en")
    ('2 h 30 min', '2 小时 30 分钟', '250 ms')
    """
    if abs(us) < SECOND_US:
        return f"{us / 1000:g} " + ("毫秒" if lang == "zh" else "ms")
    words = ("天", "小时", "分钟", "秒") if lang == "zh" else ("d", "h", "min", "s")
    parts, rest = [], abs(us)
    for unit_us, word in zip((DAY_US, HOUR_US, MINUTE_US, SECOND_US), words, strict=True):
        whole, rest = divmod(rest, unit_us)
        if whole:
            parts.append(f"{whole} {word}")
    return ("-" if us < 0 else "") + " ".join(parts[:2])


def heat(number: int, most: int) -> int:
    """How warm a cell of a heat map is, from 0 (nothing) to 4 (the most there is).

    >>> [heat(n, 100) for n in (0, 1, 25, 26, 75, 100)], heat(0, 0)
    ([0, 1, 1, 2, 3, 4], 0)
    """
    return 0 if number <= 0 or most <= 0 else min(1 + 4 * (number - 1) // most, 4)
