"""Digests and canonical bytes: one way to turn a value into the bytes that stand for it."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    r"""The one JSON text of a value: keys sorted, no spaces, UTF-8, no NaN.

    >>> canonical({"b": 1, "a": [True, None, "金"]})
    b'{"a":[true,null,"\xe9\x87\x91"],"b":1}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def lot_ppm(seed: str, value: str) -> int:
    """A lot from 0 to 999,999, as good as drawn and always the same for a seed and a value: the first 64 bits of
    SHA-256 over `seed`, a zero and `value`, scaled.

    >>> lot_ppm("2026-12", "alice") == lot_ppm("2026-12", "alice")
    True
    """
    first = hashlib.sha256(f"{seed}\0{value}".encode()).digest()[:8]
    return int.from_bytes(first, "big") * 1_000_000 >> 64


def digest(data: bytes) -> str:
    """SHA-256 of the bytes, as 64 hexadecimal digits.

    >>> digest(b"abc")[:16]
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(data).hexdigest()
