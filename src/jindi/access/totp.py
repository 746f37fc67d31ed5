"""Codes from an app (TOTP, RFC 6238): six digits, half a minute, each once."""

import hmac
from base64 import b32encode
from typing import Final

from pyotp import TOTP

from jindi.access.secrets import RandomBytes
from jindi.basics.instants import SECOND_US

SECRET_BYTES = 20
"""160 bits, as RFC 4226 (section 4) recommends, and what every app takes."""

DIGITS, PERIOD_US = 6, 30 * SECOND_US
DRIFT: Final = 1
"""So many periods a phone's clock may be off, either way."""

ISSUER = "Jindi"


def new_totp(random: RandomBytes) -> bytes:
    """A secret for an app, 20 bytes."""
    secret = random(SECRET_BYTES)
    assert len(secret) == SECRET_BYTES, "the source of random bytes gave another length"
    return secret


def totp_text(secret: bytes) -> str:
    """The secret as it is typed into an app that can't scan: 32 letters and digits."""
    return b32encode(secret).decode()


def totp_link(secret: bytes, login: str) -> str:
    """The `otpauth:` address that a picture of dots carries into the app."""
    return TOTP(totp_text(secret), name=login, issuer=ISSUER).provisioning_uri()


def totp_counter(secret: bytes, code: str, now_us: int, last: int) -> int | None:
    """The period that a code belongs to; None for a wrong code, and for one of a period up to `last`.

    `last` is the period of the last code that was taken: whoever read a code over a shoulder is too late. All
    periods in reach are looked at, whichever fits.
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdecimal():
        return None
    made, now, found = TOTP(totp_text(secret)), now_us // PERIOD_US, None
    for counter in range(max(0, now - DRIFT), now + DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(counter), typed) and counter > last:
            found = counter
    return found
