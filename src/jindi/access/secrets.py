"""Secrets are made from bytes handed in, shown once, and kept as digests only."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]
"""Gives so many bytes that nobody can guess (the system's generator, in production)."""

SECRET_BYTES = 32
"""256 bits: a plain SHA-256 of such a secret can be neither reversed nor searched."""


def new_secret(prefix: str, random: RandomBytes) -> str:
    """A secret as text that is safe in headers and addresses: the prefix, then 43 characters."""
    raw = random(SECRET_BYTES)
    assert len(raw) == SECRET_BYTES, "the source of random bytes gave another length"
    return prefix + urlsafe_b64encode(raw).rstrip(b"=").decode()


def digest_of(secret: str | bytes) -> bytes:
    """What is kept of a secret: its SHA-256."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()
