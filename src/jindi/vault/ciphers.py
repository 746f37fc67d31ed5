"""Authenticated ciphers by profile: what is sealed can be opened only whole, and only as what it was sealed for.

A sealed text is a version byte, a profile byte, a random nonce of 96 bits, then ciphertext and tag. The two bytes
and the `bound` bytes (whose row, whose key) are associated data: a flipped bit, a row moved to another place, another
profile or another key are all refused alike, so that nobody learns from the refusal which it was.
"""

import os
from collections.abc import Callable
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

Profile = Literal["aes-256-gcm", "sm4-gcm"]

PROFILES: Final[tuple[Profile, ...]] = ("aes-256-gcm", "sm4-gcm")
PROFILE_KEY_BYTES: Final[dict[Profile, int]] = {"aes-256-gcm": 32, "sm4-gcm": 16}
USES_MAX: Final = 2**32
"""Random nonces of 96 bits are safe for so many seals under one key (NIST SP 800-38D, section 8.3)."""

_FORMAT: Final = 1
_CODES: Final[dict[Profile, int]] = {"aes-256-gcm": 1, "sm4-gcm": 2}
_NAMES: Final[dict[int, Profile]] = {code: profile for profile, code in _CODES.items()}
_HEADER, _NONCE, _TAG = 2, 12, 16


class CannotOpen(Exception):  # noqa: N818 - what the holder of a sealed text is told
    """A sealed text can't be opened. The same words whatever the reason is."""

    def __init__(self) -> None:
        super().__init__("a sealed value can't be opened with this key in this place")


class Sealer:
    """Seals and opens under one key of one profile."""

    __slots__ = ("_header", "_key", "_open", "_seal", "profile")

    def __init__(self, profile: Profile, key: bytes) -> None:
        if len(key) != PROFILE_KEY_BYTES[profile]:
            raise ValueError(f"a key of {profile} has {PROFILE_KEY_BYTES[profile]} bytes, this one has {len(key)}")
        self.profile, self._key = profile, key
        self._header = bytes((_FORMAT, _CODES[profile]))
        self._seal, self._open = _aes(key) if profile == "aes-256-gcm" else _sm4(key)

    @classmethod
    def fresh(cls, profile: Profile) -> "Sealer":
        """One under a new key."""
        return cls(profile, os.urandom(PROFILE_KEY_BYTES[profile]))

    @classmethod
    def of(cls, packed: bytes) -> "Sealer":
        """What `packed` gave away. Raises CannotOpen when it is none."""
        profile = _NAMES.get(packed[0]) if packed else None
        if profile is None or len(packed) != 1 + PROFILE_KEY_BYTES[profile]:
            raise CannotOpen
        return cls(profile, packed[1:])

    def packed(self) -> bytes:
        """The key with its profile, to be wrapped under another key."""
        return bytes((_CODES[self.profile],)) + self._key

    def seal(self, clear: bytes, bound: bytes) -> bytes:
        """The sealed form of `clear`, to be opened with the same `bound` only."""
        nonce = os.urandom(_NONCE)
        return self._header + nonce + self._seal(nonce, clear, self._header + bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """What was sealed. Raises CannotOpen."""
        if sealed[:_HEADER] != self._header or len(sealed) < _HEADER + _NONCE + _TAG:
            raise CannotOpen
        try:
            nonce, rest = sealed[_HEADER : _HEADER + _NONCE], sealed[_HEADER + _NONCE :]
            return self._open(nonce, rest, self._header + bound)
        except InvalidTag:
            raise CannotOpen from None


def nonce_of(sealed: bytes) -> bytes:
    """The nonce of a sealed text; it is no secret, and must be another one each time under one key."""
    return sealed[_HEADER : _HEADER + _NONCE]


def profile_named(name: str) -> Profile:
    """A profile by its name. Raises ValueError."""
    if name not in PROFILES:
        raise ValueError(f"not a profile; use one of: {', '.join(PROFILES)}")
    return name


_Work = Callable[[bytes, bytes, bytes], bytes]


def _aes(key: bytes) -> tuple[_Work, _Work]:
    cipher = AESGCM(key)
    return cipher.encrypt, cipher.decrypt


def _sm4(key: bytes) -> tuple[_Work, _Work]:
    algorithm = SM4(key)

    def seal(nonce: bytes, clear: bytes, bound: bytes) -> bytes:
        work = Cipher(algorithm, GCM(nonce)).encryptor()
        work.authenticate_additional_data(bound)
        return work.update(clear) + work.finalize() + work.tag

    def open_(nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        work = Cipher(algorithm, GCM(nonce, sealed[-_TAG:])).decryptor()
        work.authenticate_additional_data(bound)
        return work.update(sealed[:-_TAG]) + work.finalize()

    return seal, open_
