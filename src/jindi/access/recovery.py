"""Recovery codes: for the day on which the phone is lost. Ten, each once, in place of the second factor."""

import hmac
from base64 import b32encode
from collections.abc import Sequence

from jindi.access.secrets import RandomBytes, digest_of

CODES = 10
CODE_BYTES = 15
"""120 bits: a plain SHA-256 of such a code can't be searched. Below 112 bits OWASP ASVS 5.0 (6.5.2) asks for a slow
hash; codes of 80 bits that were given out before stay good until they are renewed.
"""

_PLAIN = str.maketrans({"0": "O", "1": "I", "8": "B"})


def new_codes(random: RandomBytes) -> tuple[tuple[str, ...], list[bytes]]:
    """Ten codes as they are shown, once, and what is kept of them."""
    codes = tuple(_shown(b32encode(random(CODE_BYTES)).decode()) for _ in range(CODES))
    return codes, [_digest(code) for code in codes]


def without_code(kept: Sequence[bytes], code: str) -> list[bytes] | None:
    """What is kept when a code was used; None when it is none of them."""
    if len(code) > 64:
        return None
    digest = _digest(code)
    rest = [each for each in kept if not hmac.compare_digest(each, digest)]
    return rest if len(rest) < len(kept) else None


def _shown(text: str) -> str:
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def _digest(code: str) -> bytes:
    """Small letters, spaces and digits that look like letters are forgiven: none of them is in a code."""
    plain = "".join(each for each in code.upper().translate(_PLAIN) if each.isalnum())
    return digest_of(plain.encode("utf-8", "surrogatepass"))
