"""Passwords: which ones are taken, and how they are kept.

Knows: profiles of rules, Argon2id, how hard a password is to guess. Never: a password after the call it came with.
"""

import hashlib
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Literal

from jindi.basics.instants import DAY_US, MINUTE_US

ProfileName = Literal["nist", "pci", "mlps3"]

LENGTH_MAX = 1_024
"""Longer texts are no passwords. What is shorter is hashed whole: nothing is cut off."""

SCORED_MAX = 72
"""So much of a password is scored: the time that scoring takes grows with the square of the length."""

SCORE_MIN = 3
"""On zxcvbn's scale from 0 to 4: at least 10^8 guesses. Design default."""

RANGE_DIGITS = 5
"""Breached passwords are looked up by so many digits of their SHA-1, as public corpora are cut (k-anonymity)."""


@dataclass(frozen=True, slots=True)
class PasswordProfile:
    """A set of rules for passwords and sign-ins, as some standard asks for them.

    `length_min` counts characters of a password that stands beside a second factor, which is always there. `kinds`
    out of small letters, capital letters, digits and others must be in it; `letter_and_digit`: both of these.
    `history`: the new one is none of the last so many. `max_age_us` None: a password has no age. After `tries` vain
    ones, `lock_us` pass. A session ends when it was not used for `idle_us`, and in any case after `absolute_us`.
    """

    name: ProfileName
    length_min: int
    kinds: int
    letter_and_digit: bool
    history: int
    max_age_us: int | None
    tries: int
    lock_us: int
    idle_us: int
    absolute_us: int
    since: date
    source: str
    mark: Literal["verified", "from memory", "design default"]


PROFILES: Final[dict[ProfileName, PasswordProfile]] = {
    "nist": PasswordProfile(
        "nist", 8, 1, False, 0, None, 10, 30 * MINUTE_US, 30 * MINUTE_US, 720 * MINUTE_US, date(2025, 8, 1),
        "NIST SP 800-63B-4: 8 characters beside a second factor, no composition, no age; at most 100 vain tries."
        " Tries, lock and sessions are stricter by design", "from memory",
    ),
    "pci": PasswordProfile(
        "pci", 12, 1, True, 4, 90 * DAY_US, 10, 30 * MINUTE_US, 15 * MINUTE_US, 720 * MINUTE_US, date(2024, 6, 11),
        "PCI DSS 4.0.1: 8.2.8, 8.3.4, 8.3.6, 8.3.7, 8.3.9", "from memory",
    ),
    "mlps3": PasswordProfile(
        "mlps3", 8, 3, False, 4, 90 * DAY_US, 5, 30 * MINUTE_US, 15 * MINUTE_US, 720 * MINUTE_US, date(2019, 12, 1),
        "GB/T 22239-2019 8.1.4.1 asks for complexity, change at intervals, an end to vain tries and idle sessions,"
        " and gives no figures: these are usual in reviews", "from memory",
    ),
}  # fmt: skip
"""The profiles by name. They contradict each other, so one is on, and the pages say which."""


class Trouble(StrEnum):
    """What is wrong with a new password."""

    SHORT = "short"
    LONG = "long"
    UNREADABLE = "unreadable"
    KINDS = "kinds"
    LETTER_AND_DIGIT = "letter_and_digit"
    GUESSABLE = "guessable"
    BREACHED = "breached"
    USED_BEFORE = "used_before"


Ranges = Callable[[str], Iterable[str]]
"""The rest of each breached password's SHA-1, for the five digits that it begins with: upper-case hexadecimal."""


def normal_password(text: str) -> str:
    """A password as it is hashed, whatever keyboard it came from: NFKC (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", text)


def troubles(
    password: str, profile: PasswordProfile, about: Collection[str] = (), breached: Ranges | None = None
) -> tuple[Trouble, ...]:
    """All that is wrong with a new password, but for its history; none when it is in order.

    `about`: the person's login and name, and words of the house: they are the first that a stranger tries.
    """
    password = normal_password(password)
    if len(password) > LENGTH_MAX:
        return (Trouble.LONG,)
    found = []
    if any(unicodedata.category(each)[0] == "C" for each in password):
        found.append(Trouble.UNREADABLE)
    if len(password) < profile.length_min:
        found.append(Trouble.SHORT)
    if _kinds(password) < profile.kinds:
        found.append(Trouble.KINDS)
    digits = any(each.isdigit() for each in password)
    if profile.letter_and_digit and not (digits and any(each.isalpha() for each in password)):
        found.append(Trouble.LETTER_AND_DIGIT)
    if score(password, about) < SCORE_MIN or _is_mostly(about, password):
        found.append(Trouble.GUESSABLE)
    if breached is not None and _is_breached(password, breached):
        found.append(Trouble.BREACHED)
    return tuple(found)


_scoring = threading.Lock()


def score(password: str, about: Collection[str] = ()) -> int:
    """How hard a password is to guess, 0 to 4, by its first 72 characters."""
    from zxcvbn import matching, zxcvbn  # type: ignore[import-untyped]  # noqa: PLC0415 - takes a tenth of a second that most commands need not wait

    from jindi.access.chinese import FREQUENT  # noqa: PLC0415 - as above

    words = [word for text in about for word in _words(text)]
    if not (scored := normal_password(password)[:SCORED_MAX]):
        return 0
    # The library keeps the words of the last call in a place of its own.
    with _scoring:
        matching.RANKED_DICTIONARIES.setdefault("chinese", {word: rank for rank, word in enumerate(FREQUENT, 1)})
        return int(zxcvbn(scored, words, max_length=SCORED_MAX)["score"])


def _is_mostly(about: Collection[str], password: str) -> bool:
    """Whether little is left of a password without the words of its owner and house."""
    left = whole = password[:SCORED_MAX].casefold()
    for word in sorted({word for text in about for word in _words(text) if len(word) > 3}, key=len, reverse=True):
        left = left.replace(word, "")
    return left != whole and score(left) < SCORE_MIN - 1


def _words(text: str) -> list[str]:
    """A login or name as people put it into passwords: whole, without what separates, and its parts."""
    words: list[str] = []
    for whole in (text.casefold(), text.casefold().partition("@")[0]):
        parts = "".join(each if each.isalnum() else " " for each in whole).split()
        words += [whole, "".join(parts), *(part for part in parts if len(part) > 2)]
    return [word for word in dict.fromkeys(words) if word]


def _kinds(password: str) -> int:
    others = any(not each.isalnum() or (each.isalpha() and each.lower() == each.upper()) for each in password)
    return sum((
        any(each.islower() for each in password), any(each.isupper() for each in password),
        any(each.isdigit() for each in password), others,
    ))  # fmt: skip


def _is_breached(password: str, breached: Ranges) -> bool:
    # The corpora are cut by SHA-1; nothing is kept under it here.
    digits = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()
    rest = digits[RANGE_DIGITS:]
    return any(line.partition(":")[0].strip().upper() == rest for line in breached(digits[:RANGE_DIGITS]))


@dataclass(frozen=True, slots=True)
class HashCost:
    """What a guess costs. The floor is OWASP's first choice for Argon2id: 19 MiB, two passes, one lane."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


FLOOR = HashCost()


class Hasher:
    """Argon2id. Takes some 25 ms of one core and 19 MiB for each call: call it beside the loop, few at a time."""

    def __init__(self, cost: HashCost = FLOOR) -> None:
        from argon2 import PasswordHasher, Type  # noqa: PLC0415 - takes a tenth of a second that most commands need not wait

        if cost.memory_kib < FLOOR.memory_kib or cost.passes < FLOOR.passes or cost.lanes < 1:
            raise ValueError(f"a password's hash costs at least {FLOOR.memory_kib} KiB and {FLOOR.passes} passes")
        self._argon = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        self._nobody = self._argon.hash("nobody")
        self.worked = 0
        """How often something was hashed: the same for a login that exists and for one that doesn't."""

    def hash(self, password: str) -> str:
        """What is kept of a password. Raises ValueError for one that is too long to be one."""
        if len(password) > LENGTH_MAX:
            raise ValueError(f"a password has at most {LENGTH_MAX} characters")
        self.worked += 1
        return self._argon.hash(_bytes(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether this is the password. None, for nobody's, takes the same work and is never right."""
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - as above

        self.worked += 1
        is_someones = kept is not None and kept.startswith("$argon2id$")
        password = password if len(password) <= LENGTH_MAX else ""
        try:
            right = self._argon.verify(kept if is_someones and kept is not None else self._nobody, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return right and is_someones and bool(password)

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with less than today's cost."""
        return self._argon.check_needs_rehash(kept)


def _bytes(password: str) -> bytes:
    return normal_password(password).encode("utf-8", "surrogatepass")
