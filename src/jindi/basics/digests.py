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


def digest(data: bytes) -> str:
    """SHA-256 of the bytes, as 64 hexadecimal digits.

    >>> digest(b"abc")[:16]
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(data).hexdigest()
