"""When people act: the week's clock of a wallet, in China's one time zone (UTC+8, no summer time).

A person's moments are a Poisson process whose rate follows the hour of the week. It is drawn by a change
of time: steps of equal chance on an *inner* clock that runs fast at noon and slowly at four in the morning.
"""

from bisect import bisect_right
from itertools import accumulate
from random import Random

from jindi.basics.instants import DAY_US, HOUR_US

ZONE_US = 8 * HOUR_US
"""What local time is ahead of UTC."""

_WORKDAY = (2, 1, 0.6, 0.4, 0.4, 0.8, 2.5, 5, 6.5, 6, 6, 7, 9, 7.5, 6, 6, 6.5, 8, 9.5, 9.5, 9, 8.5, 6.5, 4)
_WEEKEND = (
    3.5,
    2,
    1,
    0.6,
    0.5,
    0.6,
    1.2,
    2.5,
    5,
    7,
    8.5,
    10,
    10,
    9,
    8.5,
    8.5,
    9,
    10,
    11,
    10.5,
    9.5,
    9,
    7.5,
    5,
)
_HOURS = [weight for day in range(7) for weight in (_WORKDAY if day < 5 else _WEEKEND)]
_TOTAL = sum(_HOURS)
_RATES = [weight * 168 / _TOTAL for weight in _HOURS]
_INNER = [0.0, *accumulate(_RATES)]
_WEEK_US = 7 * DAY_US
_MONDAY_US = 4 * DAY_US
"""1970-01-05 was a Monday; weeks are counted from there."""


def inner_of(at_us: int) -> float:
    """The inner clock at an instant: hours of a steady week, counted from a Monday's midnight in UTC+8."""
    week, in_week_us = divmod(at_us + ZONE_US - _MONDAY_US, _WEEK_US)
    hour, in_hour_us = divmod(in_week_us, HOUR_US)
    return week * 168 + _INNER[hour] + _RATES[hour] * in_hour_us / HOUR_US


def instant_of(inner: float) -> int:
    """The instant at which the inner clock shows `inner`, to within some milliseconds."""
    week, in_week = divmod(inner, 168)
    hour = min(bisect_right(_INNER, in_week) - 1, 167)
    share = (in_week - _INNER[hour]) / _RATES[hour]
    return int(week) * _WEEK_US + hour * HOUR_US + int(share * HOUR_US) + _MONDAY_US - ZONE_US


def next_moment(inner: float, per_day: float, chance: Random) -> float:
    """The next moment on the inner clock of someone who acts `per_day` times on an average day."""
    return inner + chance.expovariate(per_day / 24)


def local_day(at_us: int) -> int:
    """The number of the local day (days since 1970-01-01)."""
    return (at_us + ZONE_US) // DAY_US


def local_hour(at_us: int) -> int:
    """The local hour, 0 to 23."""
    return (at_us + ZONE_US) % DAY_US // HOUR_US


def day_of_month(at_us: int) -> int:
    """The local day of the month, 1 to 31 (the civil calendar, by arithmetic on days)."""
    shifted = local_day(at_us) + 719_468  # days since 0000-03-01, so that a leap day ends its year
    of_era = shifted % 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return of_year - (153 * ((5 * of_year + 2) // 153) + 2) // 5 + 1
