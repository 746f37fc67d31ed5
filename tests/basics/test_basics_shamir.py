"""Shamir's shares: enough of them give the secret, fewer give nothing, and the field is the one of AES."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindi.basics import shamir
from jindi.basics.shamir import combine, over, split, times

# Three points, and what SLIP-39's reference implementation (shamir-mnemonic 0.3.0, its function `_interpolate`) gives
# for the polynomial through them at other places: another program, the same field.
POINTS = {
    1: bytes.fromhex("00112233445566778899aabbccddeeff"),
    2: bytes.fromhex("a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"),
    3: bytes.fromhex("0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
}
ELSEWHERE = {
    0: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    4: "af27a42cb931b23a830b8800951d9e16",
    255: "3d383732292c232615101f1a01040b0e",
}


def slow_times(a, b):
    """The product as FIPS 197 defines it: polynomials over bits, modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(15, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << bit - 8
    return product


def test_the_field_is_that_of_aes():
    for a, b in itertools.product(range(256), repeat=2):
        assert times(a, b) == slow_times(a, b)
        if b:
            assert times(over(a, b), b) == a
    # FIPS 197, 4.2: {57} • {83} = {c1}, {57} • {13} = {fe}; {53} and {ca} are each other's inverse.
    assert (times(0x57, 0x83), times(0x57, 0x13), over(1, 0x53)) == (0xC1, 0xFE, 0xCA)


def test_shares_are_those_of_another_implementation():
    for place, value in ELSEWHERE.items():
        assert shamir._at(POINTS, place).hex() == value
    assert combine(POINTS).hex() == ELSEWHERE[0]


@given(st.binary(min_size=1, max_size=40), st.integers(1, 6), st.integers(0, 4), st.data())
def test_any_shares_that_are_enough_give_the_secret_back(secret, needed, more, data):
    shares = split(secret, needed, needed + more, lambda size: data.draw(st.binary(min_size=size, max_size=size)))
    assert sorted(shares) == list(range(1, needed + more + 1))
    for chosen in itertools.combinations(shares, needed):
        assert combine({number: shares[number] for number in chosen}) == secret
    assert combine(shares) == secret


def test_one_share_of_two_says_nothing_about_the_secret():
    # Over all that chance can give, each value of a share comes exactly once, whatever the secret is.
    for secret in (0, 1, 0x57, 255):
        made = [split(bytes([secret]), 2, 7, lambda _, c=chance: bytes([c])) for chance in range(256)]
        for number in (1, 2, 7):
            assert len({shares[number] for shares in made}) == 256


def test_two_shares_of_three_say_nothing_about_the_secret():
    for secret in (0, 0x57):
        seen = set()
        for first, second in itertools.product(range(256), repeat=2):
            drawn = iter((bytes([first]), bytes([second])))
            shares = split(bytes([secret]), 3, 5, lambda _, d=drawn: next(d))
            seen.add((shares[2], shares[5]))
        assert len(seen) == 256 * 256


def test_numbers_that_can_not_be_are_refused():
    for needed, shares in ((0, 3), (4, 3), (3, 256)):
        with pytest.raises(ValueError, match="needed"):
            split(b"x", needed, shares, bytes)
    for wrong in ({}, {0: b"x"}, {1: b"x", 2: b"xy"}, {256: b"x"}):
        with pytest.raises(ValueError, match="numbered"):
            combine(wrong)
