"""Words with a meaning of their own: the parts of the clock and the calendar, and the distance on Earth."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from jindi.language.types import INT, TIME, Type

TIME_WORDS: Mapping[str, Type] = MappingProxyType(
    {"at": TIME, "hour": INT, "minute": INT, "weekday": INT, "day": INT, "month": INT, "year": INT}
)
"""The words about the event's own time that every expression may use; they are inputs like names."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARTH_RADIUS_KM = 6371.0088  # the mean radius of the IUGG: the sphere with the least error everywhere
_DEGREE = 10_000  # coordinates are whole ten-thousandths of a degree: about 11 m, coarse enough to keep


def time_words(at_us: int, zone: ZoneInfo) -> dict[str, int]:
    """The time words of an instant in a zone, in the order of TIME_WORDS.

    `hour` is 0..23, `minute` 0..59, `weekday` 1 (Monday) to 7, `day` 1..31, `month` 1..12; `at` is the
    instant itself in microseconds UTC. Raises OverflowError outside the years 1 to 9999.

    >>> time_words(1_522_540_831_000_000, ZoneInfo("Asia/Shanghai"))["hour"]
    8
    """
    block, into_us = divmod(at_us, _BLOCK_US)
    known = _blocks.get((block, zone))
    if known is None:
        local = (_EPOCH + timedelta(microseconds=block * _BLOCK_US)).astimezone(zone)
        if local.minute % 15 or local.second:
            # Before standard time some zones had offsets of odd minutes: no block is whole there.
            local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
            return _words(at_us, local, local.minute)
        if len(_blocks) >= _BLOCKS_MAX:
            _blocks.clear()
        known = _blocks[block, zone] = local
    return _words(at_us, known, known.minute + into_us // 60_000_000)


def _words(at_us: int, local: datetime, minute: int) -> dict[str, int]:
    return {
        "at": at_us,
        "hour": local.hour,
        "minute": minute,
        "weekday": local.isoweekday(),
        "day": local.day,
        "month": local.month,
        "year": local.year,
    }


_BLOCK_US = 15 * 60 * 1_000_000
"""Offsets of zones, and the instants at which they change, are whole quarters of an hour: within one quarter
only the minute moves, so the calendar is asked once for each quarter."""
_BLOCKS_MAX = 4_096
_blocks: dict[tuple[int, ZoneInfo], datetime] = {}


def distance_km(lat_a: int, lon_a: int, lat_b: int, lon_b: int) -> int | None:
    """Whole kilometres between two places given in ten-thousandths of a degree; None if one isn't on Earth.

    >>> distance_km(399_042, 1_164_074, 312_304, 1_214_737)  # Beijing to Shanghai
    1067
    """
    if abs(lat_a) > 90 * _DEGREE or abs(lat_b) > 90 * _DEGREE:
        return None
    if abs(lon_a) > 180 * _DEGREE or abs(lon_b) > 180 * _DEGREE:
        return None
    if lat_a == lat_b and lon_a == lon_b:
        return 0  # nearly always: people stay where they are
    phi_a, phi_b = math.radians(lat_a / _DEGREE), math.radians(lat_b / _DEGREE)
    half_phi, half_lambda = (phi_b - phi_a) / 2, math.radians((lon_b - lon_a) / _DEGREE) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return round(2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord))))
