"""Known devices, and the lock on the door: a stranger's vain tries close it for strangers, not for its owner.

Failures are counted per account and device. A browser that has signed in to an account before carries a long random
cookie and has a counter of its own; all others together have one. Source of the figures: the profile's.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from jindi.access.records import read_records, save_records
from jindi.access.secrets import digest_of
from jindi.basics.instants import DAY_US
from jindi.ports import Blobs

COOKIE_LENGTH_MAX = 64
DEVICES_MAX = 10
DEVICE_LIFETIME_US = 180 * DAY_US
"""A device that was not used for so long is a stranger again."""

_NOBODY = "nobody:"
STRANGER = ""
"""The device of whoever has none that is known."""


class Device(msgspec.Struct, frozen=True):
    """A browser that has signed in to one account. `id` is public, `name` what the browser says it is."""

    id: str
    digest: bytes
    name: str
    created_us: int
    used_us: int


def known_device(devices: Collection[Device], cookie: str, now_us: int) -> Device | None:
    """The device of an account that carries this cookie, if it is still known."""
    if not cookie or len(cookie) > COOKIE_LENGTH_MAX:
        return None
    digest, found = digest_of(cookie.encode("utf-8", "surrogatepass")), None
    for device in devices:
        if hmac.compare_digest(device.digest, digest) and now_us - device.used_us < DEVICE_LIFETIME_US:
            found = device
    return found


@dataclass(frozen=True, slots=True)
class Lock:
    """How many vain tries, how long the first lock lasts, and the longest that later ones grow to."""

    tries: int
    lock_us: int
    lock_max_us: int = DAY_US


class _Counter(msgspec.Struct, frozen=True):
    who: str
    device: str
    tries: int
    locks: int
    until_us: int
    last_us: int


def nobody(login: str) -> str:
    """Whose tries are counted where nobody has this login: as for an account, so that the two don't differ. What was
    typed may be anything, a password even: a digest stands for it.
    """
    return _NOBODY + digest_of(login[:256].casefold().encode("utf-8", "surrogatepass")).hex()


class Lockouts:
    """Vain tries by account and device. Each lock lasts twice as long as the one before, up to a day.

    A try that is refused because of the lock is not counted: nobody can make it longer from outside. Only a whole
    sign-in clears a counter, so a right password opens no fresh set of tries at the second factor.
    """

    BLOB = "access-lockouts.json"

    def __init__(self, blobs: Blobs, lock: Lock, *, nobodies_max: int = 1_024) -> None:
        self._blobs, self._lock, self._nobodies_max = blobs, lock, nobodies_max
        self._kept = {(each.who, each.device): each for each in read_records(blobs, self.BLOB, _Counter)}

    def is_locked(self, who: str, device: str, now_us: int) -> bool:
        """Whether tries from this device (or from strangers) for this account are refused now."""
        counter = self._kept.get((who, device))
        return counter is not None and now_us < counter.until_us

    def failed(self, who: str, device: str, now_us: int) -> bool:
        """Count one vain try, durably; whether it locks."""
        counter = self._kept.get((who, device))
        if counter is None or now_us - counter.last_us >= self._lock.lock_max_us:
            counter = _Counter(who, device, 0, 0, 0, now_us)
        tries, locks, until_us = counter.tries + 1, counter.locks, counter.until_us
        if tries >= self._lock.tries:
            until_us = now_us + min(self._lock.lock_us << min(locks, 16), self._lock.lock_max_us)
            tries, locks = 0, locks + 1
        counter = _Counter(who, device, tries, locks, until_us, now_us)
        kept = {key: each for key, each in self._kept.items() if self._counts(each, now_us)}
        self._replace(self._bounded(kept | {(who, device): counter}))
        return until_us > now_us

    def cleared(self, who: str, device: str | None = None) -> None:
        """Forget the vain tries of a device, or of all of an account's."""
        kept = {
            key: counter
            for key, counter in self._kept.items()
            if counter.who != who or device not in (None, counter.device)
        }
        if len(kept) < len(self._kept):
            self._replace(kept)

    def _bounded(self, counters: dict[tuple[str, str], _Counter]) -> dict[tuple[str, str], _Counter]:
        """Without the oldest of nobody's: anybody can make up logins."""
        nobodies = sorted((each.last_us, key) for key, each in counters.items() if key[0].startswith(_NOBODY))
        gone = {key for _, key in nobodies[: max(0, len(nobodies) - self._nobodies_max)]}
        return {key: each for key, each in counters.items() if key not in gone}

    def _counts(self, counter: _Counter, now_us: int) -> bool:
        return now_us < counter.until_us or now_us - counter.last_us < self._lock.lock_max_us

    def _replace(self, counters: dict[tuple[str, str], _Counter]) -> None:
        save_records(self._blobs, self.BLOB, counters.values())
        self._kept = counters
