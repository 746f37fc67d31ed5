"""A secret in shares: any `needed` of them give it back, fewer tell nothing at all (Shamir 1979).

Each byte of the secret is the value at 0 of a polynomial of degree `needed` - 1 over GF(256), the field of AES; the
other coefficients are drawn by chance. A share is its number and the polynomials' values there. Nothing here says
whether shares belong together or were changed: whoever keeps them adds what tells.
"""

from collections.abc import Callable, Iterable, Mapping

SHARES_MAX = 255
"""The field has so many places besides 0."""


def _tables() -> tuple[bytes, bytes]:
    """Powers of the generator 3 (twice over, so that sums of logarithms need no remainder), and logarithms."""
    powers, logarithms, value = bytearray(510), bytearray(256), 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logarithms[value] = exponent
        doubled = value << 1 ^ (0x11B if value & 0x80 else 0)
        value ^= doubled
    return bytes(powers), bytes(logarithms)


_POWERS, _LOGARITHMS = _tables()


def times(a: int, b: int) -> int:
    """The product in the field. FIPS 197 has this example:

    >>> hex(times(0x57, 0x83)), hex(times(0x57, 0x13))
    ('0xc1', '0xfe')
    """
    return _POWERS[_LOGARITHMS[a] + _LOGARITHMS[b]] if a and b else 0


def over(a: int, b: int) -> int:
    """The quotient in the field; `b` is not 0.

    >>> over(times(0x57, 0x83), 0x83) == 0x57
    True
    """
    assert b, "there is no quotient by 0"
    return _POWERS[_LOGARITHMS[a] + 255 - _LOGARITHMS[b]] if a else 0


def split(secret: bytes, needed: int, shares: int, chance: Callable[[int], bytes]) -> dict[int, bytes]:
    """The shares by their numbers, 1 to `shares`. `chance` gives so many random bytes as it is asked for."""
    if not 1 <= needed <= shares <= SHARES_MAX:
        raise ValueError(f"needed: at least 1, at most as many as there are shares; shares: at most {SHARES_MAX}")
    # Highest power first, as Horner reads them.
    coefficients = [chance(len(secret)) for _ in range(needed - 1)]
    made = {}
    for number in range(1, shares + 1):
        values = bytearray(len(secret))
        for coefficient in (*coefficients, secret):
            for at, each in enumerate(coefficient):
                values[at] = times(values[at], number) ^ each
        made[number] = bytes(values)
    return made


def combine(shares: Mapping[int, bytes]) -> bytes:
    """The secret of so many shares as were needed. Too few, or strange ones, give something else without a word."""
    return _at(shares, 0)


def _at(shares: Mapping[int, bytes], place: int) -> bytes:
    """The polynomials' values at a place, by Lagrange."""
    if not shares or len({len(each) for each in shares.values()}) != 1 or not all(0 < n < 256 for n in shares):
        raise ValueError("shares are numbered 1 to 255 and are all of one length")
    value = bytearray(len(next(iter(shares.values()))))
    for number, each in shares.items():
        weight = _weight(number, shares, place)
        for at, byte in enumerate(each):
            value[at] ^= times(weight, byte)
    return bytes(value)


def _weight(number: int, numbers: Iterable[int], place: int) -> int:
    weight = 1
    for other in numbers:
        if other != number:
            weight = times(weight, over(place ^ other, number ^ other))
    return weight
