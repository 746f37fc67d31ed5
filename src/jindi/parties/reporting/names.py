"""Names of packets and of their receipts, and the numbers that packets get in a day.

A packet: three letters, the reporter's 14 characters, the day, a number of eight digits within the day, `.XML`. The
letters: new, changed, deleted (N, C, D); bank, securities, insurance (B, S, I); large, suspicious (H, S). A receipt
holds the packet's name in brackets and the instant at which it landed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, cast

from jindi.basics.problems import Problem, Problems

Action = Literal["new", "change", "delete"]
Sector = Literal["bank", "securities", "insurance"]
Topic = Literal["large", "suspicious"]
Outcome = Literal["accepted", "to_correct", "refused"]

ACTIONS: Final[dict[Action, str]] = {"new": "N", "change": "C", "delete": "D"}
SECTORS: Final[dict[Sector, str]] = {"bank": "B", "securities": "S", "insurance": "I"}
TOPICS: Final[dict[Topic, str]] = {"large": "H", "suspicious": "S"}
OUTCOMES: Final[dict[str, Outcome]] = {"FDSC": "accepted", "FDRC": "to_correct", "FDCF": "refused"}

SERIAL_MAX: Final = 99_999_999
REPORTER: Final = re.compile(r"[0-9A-Z]{14}\Z")

_NAME: Final = r"([NCD])([BSI])([HS])([0-9A-Z]{14})-([0-9]{8})-([0-9]{8})"
_PACKET: Final = re.compile(_NAME + r"(?:\.XML)?\Z", re.IGNORECASE)
_RECEIPT: Final = re.compile(
    r"(FDSC|FDRC|FDCF)\[(" + _NAME + r")(?:\.XML)?\][-_]?([0-9]{14})?(?:\.XML)?\Z", re.IGNORECASE
)
_FORM: Final = "name it as NBH + 14 characters + -YYYYMMDD- + 8 digits + .XML"


@dataclass(frozen=True, slots=True, order=True)
class PacketName:
    """The name of a packet. Raises ValueError for what can't be one."""

    action: Action
    sector: Sector
    topic: Topic
    reporter: str
    day: date
    serial: int

    def __post_init__(self) -> None:
        if not REPORTER.match(self.reporter):
            raise ValueError("the reporter's code is not 14 digits and capital letters")
        if not 1 <= self.serial <= SERIAL_MAX:
            raise ValueError(f"the number within the day is from 1 to {SERIAL_MAX:,}")
        if self.action == "delete" and self.topic == "suspicious":
            raise ValueError("a report of a suspicion is never deleted: correct it, or go on with another")

    @property
    def stem(self) -> str:
        """The name without its ending, as receipts and later reports have it."""
        letters = ACTIONS[self.action] + SECTORS[self.sector] + TOPICS[self.topic]
        return f"{letters}{self.reporter}-{self.day:%Y%m%d}-{self.serial:08}"

    @property
    def text(self) -> str:
        """The whole name.

        >>> PacketName("new", "bank", "large", "A1000131000001", date(2026, 11, 23), 7).text
        'NBHA1000131000001-20261123-00000007.XML'
        """
        return f"{self.stem}.XML"


@dataclass(frozen=True, slots=True)
class ReceiptName:
    """What the name of a receipt says: how the packet fared, and when it landed (YYYYMMDDhhmmss; "" if not said)."""

    outcome: Outcome
    packet: PacketName
    landed: str


def packet_name(text: str) -> PacketName:
    """The packet of a name. Raises ValueError."""
    found = _PACKET.match(text)
    if found is None:
        raise ValueError("is no packet's name")
    return _packet(found.groups())


def receipt_name(text: str) -> ReceiptName:
    """What the name of a receipt says. Raises Problems.

    >>> receipt_name("FDRC[NBHA1000131000001-20261123-00000007]20261124093001.XML").outcome
    'to_correct'
    """
    found = _RECEIPT.match(text)
    if found is None:
        remedy = "keep the name that it came with: FDSC[…], FDRC[…] or FDCF[…] with the packet's name inside"
        raise Problems([Problem("the receipt's name", "", "is no receipt's", remedy)])
    try:
        packet = _packet(found.groups()[2:8])
    except ValueError as error:
        raise Problems([Problem("the receipt's name", "", str(error), _FORM)]) from None
    landed = found[9] or ""
    if landed and not is_instant(landed):
        raise Problems([Problem("the receipt's name", "", "names no instant", "keep the name that it came with")])
    return ReceiptName(OUTCOMES[found[1].upper()], packet, landed)


def next_serial(used: Iterable[PacketName], reporter: str, day: date) -> int:
    """The first number of a day that is greater than all that a reporter used. Raises ValueError when there is none."""
    last = max((each.serial for each in used if each.reporter == reporter and each.day == day), default=0)
    if last >= SERIAL_MAX:
        raise ValueError("all numbers of this day are used")
    return last + 1


def is_day(text: str) -> bool:
    """Whether a text is a day, YYYYMMDD.

    >>> is_day("20240229"), is_day("20230229"), is_day("2024-2-9")
    (True, False, False)
    """
    if not re.fullmatch(r"[0-9]{8}", text):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def is_instant(text: str) -> bool:
    """Whether a text is an instant, YYYYMMDDhhmmss."""
    if not re.fullmatch(r"[0-9]{14}", text) or not is_day(text[:8]):
        return False
    return int(text[8:10]) < 24 and int(text[10:12]) < 60 and int(text[12:]) < 60


def _packet(parts: tuple[str | None, ...]) -> PacketName:
    action, sector, topic, reporter, day, serial = (str(each).upper() for each in parts)
    if not is_day(day):
        raise ValueError("names no day")
    return PacketName(
        cast("Action", _by(ACTIONS, action)), cast("Sector", _by(SECTORS, sector)), cast("Topic", _by(TOPICS, topic)),
        reporter, date(int(day[:4]), int(day[4:6]), int(day[6:])), int(serial),
    )  # fmt: skip


def _by(table: "dict[Action, str] | dict[Sector, str] | dict[Topic, str]", letter: str) -> str:
    return next(word for word, each in table.items() if each == letter)
