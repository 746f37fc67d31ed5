"""Codes from an app (TOTP, RFC 6238): six digits, each once, and each open for half a minute and no longer.

A device's clock may be off. Instead of taking the codes before and after, too, it is kept how far this device's clock
is ahead of ours, learnt when the app is set up and learnt again (RFC 6238, section 6) from two codes in a row that were
of another half minute. Such codes open nothing: at each instant there is one code that opens, and what was open under
one reckoning of the clock is used up under the next.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from pyotp import TOTP

from jindi.access.secrets import RandomBytes
from jindi.basics.instants import MINUTE_US, SECOND_US

SECRET_BYTES = 20
"""160 bits, as RFC 4226 (section 4) recommends, and what every app takes."""

DIGITS, PERIOD_US = 6, 30 * SECOND_US
DRIFT: Final = 2
"""So many periods a device's clock may be off, either way; beyond that it must be set. A design default."""

RELEARN_US: Final = 10 * MINUTE_US
"""Within this time of one stray code another one must follow for the clock to be learnt anew. A design default."""

ISSUER = "Jindi"


class Shown(StrEnum):
    """What a code was."""

    RIGHT = "right"
    STRAY = "stray"
    """A code of this app, of another half minute than the one that its device is at, or one that was used."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Stray:
    """A code of another half minute: between which bounds it puts the device's clock ahead of ours; when it came."""

    least_us: int
    most_us: int
    at_us: int


@dataclass(frozen=True, slots=True)
class AppClock:
    """What is kept of one app's clock. `ahead_us`: how far it is ahead of ours, negative when it is behind.

    `last`: the period of the newest code that is used up; so are all before it. `stray`: one that came just now.
    """

    ahead_us: int = 0
    last: int = -1
    stray: Stray | None = None


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


def first_clock(secret: bytes, code: str, now_us: int) -> AppClock | None:
    """The clock of an app that is being set up, by its first code; None when it is no code of this app.

    Here alone any code within the drift is taken: it opens nothing, and the secret was made a moment ago.
    """
    if (period := _period(secret, code, now_us)) is None:
        return None
    seen = _seen(period, now_us)
    return AppClock(_nearest(0, seen.least_us, seen.most_us), period)


def totp_shown(secret: bytes, code: str, now_us: int, clock: AppClock) -> tuple[Shown, AppClock]:
    """What a code is now, and the clock as it is to be kept: a code that was shown is used up, whatever it was."""
    if (period := _period(secret, code, now_us)) is None:
        return Shown.WRONG, clock
    if period <= clock.last:
        return Shown.STRAY, clock
    if period == (now_us + clock.ahead_us) // PERIOD_US:
        return Shown.RIGHT, AppClock(clock.ahead_us, period)
    return Shown.STRAY, _strayed(clock, period, now_us)


def _strayed(clock: AppClock, period: int, now_us: int) -> AppClock:
    seen, before = _seen(period, now_us), clock.stray
    if before is not None and 0 <= now_us - before.at_us <= RELEARN_US:
        least_us, most_us = max(seen.least_us, before.least_us), min(seen.most_us, before.most_us)
        if least_us <= most_us:
            # What is open by the old reckoning is used up: by the new one it would be open once more.
            last = max(period, (now_us + clock.ahead_us) // PERIOD_US)
            return AppClock(_nearest(clock.ahead_us, least_us, most_us), last)
    return replace(clock, last=max(clock.last, period), stray=seen)


def _seen(period: int, now_us: int) -> Stray:
    """What a code tells of its device's clock: it was within the code's period when the code was read off."""
    least_us = period * PERIOD_US - now_us
    return Stray(least_us, least_us + PERIOD_US - 1, now_us)


def _nearest(to_us: int, least_us: int, most_us: int) -> int:
    return min(max(to_us, least_us), most_us)


def _period(secret: bytes, code: str, now_us: int) -> int | None:
    """The period that a code belongs to, the newest if it is several; all within the drift are looked at."""
    typed = "".join(code.split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdecimal():
        return None
    made, now, found = TOTP(totp_text(secret)), now_us // PERIOD_US, None
    for period in range(max(0, now - DRIFT), now + DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(period), typed):
            found = period
    return found
