"""Root keys that are held here: from a secret of 32 bytes (a file, the environment), or from a passphrase.

A key-management service is another `Root`: the ring asks for no more than that port.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from jindi.vault.ciphers import PROFILE_KEY_BYTES, CannotOpen, Profile, Sealer

ROOT_BYTES = 32
SALT_BYTES = 16

MEMORY_KIB, ITERATIONS, LANES = 65_536, 3, 1
"""What a passphrase is stretched with: 64 MiB, three passes, asked for once at a start (RFC 9106, section 4)."""

_MEMORY_MAX_KIB, _ITERATIONS_MAX, _LANES_MAX = 4_194_304, 64, 16


class KeyRoot:
    """The `Root` port over a secret of 32 bytes. `about` is what is kept beside the ring, in clear."""

    def __init__(self, secret: bytes, profile: Profile, about: Mapping[str, str]) -> None:
        if len(secret) != ROOT_BYTES:
            raise ValueError(f"a root key has {ROOT_BYTES} bytes, this one has {len(secret)}")
        self._about = dict(about)
        # One secret may serve either profile, never with the same key.
        key = hmac.digest(secret, f"jindi root v1 {profile}".encode(), hashlib.sha256)
        self._sealer = Sealer(profile, key[: PROFILE_KEY_BYTES[profile]])

    @property
    def about(self) -> Mapping[str, str]:
        """Its kind, and for a passphrase what it is stretched with."""
        return self._about

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """A small key, sealed."""
        return self._sealer.seal(key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """What `wrap` sealed. Raises CannotOpen."""
        return self._sealer.open(wrapped, bound)


def read_secret(text: str) -> bytes:
    """A secret of 32 bytes from its 64 hexadecimal digits. Raises ValueError, without the text."""
    digits = text.strip()
    if len(digits) != 2 * ROOT_BYTES or set(digits.lower()) - set("0123456789abcdef"):
        raise ValueError(f"a root key is written as {2 * ROOT_BYTES} hexadecimal digits")
    return bytes.fromhex(digits)


def new_stretch(*, memory_kib: int = MEMORY_KIB, iterations: int = ITERATIONS, lanes: int = LANES) -> dict[str, str]:
    """What a new passphrase is to be stretched with: a salt of its own, and how hard."""
    return {
        "kind": "passphrase", "kdf": "argon2id", "salt": os.urandom(SALT_BYTES).hex(), "memory_kib": str(memory_kib),
        "iterations": str(iterations), "lanes": str(lanes),
    }  # fmt: skip


def passphrase_root(passphrase: str, profile: Profile, about: Mapping[str, str]) -> KeyRoot:
    """The root that a passphrase gives with the parameters that are kept beside the ring.

    Raises CannotOpen when those are none: they lie in clear and may have been changed to be cheap or endless.
    """
    try:
        salt = bytes.fromhex(about["salt"])
        memory, iterations, lanes = (int(about[name]) for name in ("memory_kib", "iterations", "lanes"))
    except (KeyError, ValueError):
        raise CannotOpen from None
    bounds = ((memory, 8 * lanes, _MEMORY_MAX_KIB), (iterations, 1, _ITERATIONS_MAX), (lanes, 1, _LANES_MAX))
    if about.get("kdf") != "argon2id" or len(salt) < 8 or not all(least <= n <= most for n, least, most in bounds):
        raise CannotOpen
    stretch = Argon2id(salt=salt, length=ROOT_BYTES, iterations=iterations, lanes=lanes, memory_cost=memory)
    return KeyRoot(stretch.derive(passphrase.encode()), profile, about)
