"""What each person wants to be told, where, and when not. Kept apart from the journal: an address is personal."""

from collections.abc import Mapping
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from jindi.packs import LEVELS
from jindi.ports import Blobs
from jindi.run.notices.mail import is_address
from jindi.run.notices.occasions import CHOSEN, Notice
from jindi.run.notices.quiet import parse_time, quiet_until

BELL, MAIL = "bell", "mail"
WAYS: Final = (BELL, MAIL)
ZONE: Final = "Asia/Shanghai"

Wrong = Literal["address", "domain", "time", "zone", "lang"]
WRONG: Final[tuple[Wrong, ...]] = ("address", "domain", "time", "zone", "lang")


class Unfit(ValueError):  # noqa: N818 - what the person is told
    """A wish that can't be kept; `why` names the sentence."""

    def __init__(self, why: Wrong) -> None:
        self.why: Wrong = why
        super().__init__(why)


class Preferences(msgspec.Struct, frozen=True):
    """One person's wishes. `muted` are occasions with the way by which they are not told (`mail:case.assigned`).
    `breaks`: what is critical is told in quiet hours, too.
    """

    mail: str = ""
    lang: str = "zh"
    zone: str = ZONE
    quiet_from: str = ""
    quiet_until: str = ""
    breaks: bool = True
    muted: tuple[str, ...] = ()

    def wants(self, notice: Notice, way: str) -> bool:
        """Whether something is told by a way at all."""
        if way == MAIL and not self.mail:
            return False
        return notice.step > 0 or f"{way}:{notice.occasion}" not in self.muted

    def held_until(self, notice: Notice, now_us: int) -> int | None:
        """When it may be told that comes now; None: at once."""
        begins, ends = parse_time(self.quiet_from), parse_time(self.quiet_until)
        if begins is None or ends is None or (self.breaks and notice.level == LEVELS[-1]):
            return None
        return quiet_until(begins, ends, ZoneInfo(self.zone), now_us)


DEFAULT: Final = Preferences()


def fitting(wanted: Preferences, domains: tuple[str, ...] = ()) -> Preferences:
    """Wishes that can be kept. Raises Unfit."""
    if wanted.mail and not is_address(wanted.mail):
        raise Unfit("address")
    if wanted.mail and domains and wanted.mail.rpartition("@")[2].lower() not in domains:
        raise Unfit("domain")
    if wanted.lang not in ("zh", "en"):
        raise Unfit("lang")
    if wanted.zone not in available_timezones():
        raise Unfit("zone")
    given = (wanted.quiet_from, wanted.quiet_until)
    if any(given) and not all(parse_time(each) is not None for each in given):
        raise Unfit("time")
    known = {f"{way}:{name}" for way in WAYS for name in CHOSEN}
    return msgspec.structs.replace(wanted, muted=tuple(sorted(set(wanted.muted) & known)))


class PreferenceBook:
    """The wishes of all, in memory and durable under one private name."""

    BLOB = "notice-preferences.json"

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        raw = blobs.load(self.BLOB)
        try:
            self._all = {} if raw is None else msgspec.json.decode(raw, type=dict[str, Preferences])
        except msgspec.DecodeError as damage:
            raise ValueError(f"{self.BLOB}: not what was written ({damage}); restore it from a backup") from None

    def of(self, person: str) -> Preferences:
        """Somebody's wishes, or what holds for who has said none."""
        return self._all.get(person, DEFAULT)

    def all(self) -> Mapping[str, Preferences]:
        """Everybody's who has said some."""
        return self._all

    def put(self, person: str, wanted: Preferences) -> None:
        """Keep somebody's wishes."""
        changed = {**self._all, person: wanted}
        self._blobs.save(self.BLOB, [msgspec.json.encode(changed)], private=True)
        self._all = changed
