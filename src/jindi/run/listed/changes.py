"""What a change of a list asks for: its lines read, each held against the list, and all that is wrong at once.

Knows: what an entry of each list may be, and how long. Never: who asks. What goes on from here has tokens where the
list is one of identifiers; no problem has a value in it.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import DAY_US, parse_instant, start_of_day
from jindi.basics.ranges import read_range
from jindi.packs import ListDef
from jindi.vault import Personal, is_token

if TYPE_CHECKING:
    from jindi.run.platform import Platform

Move = Literal["add", "extend", "remove"]
MOVES: Final[tuple[Move, ...]] = ("add", "extend", "remove")

LINES_MAX: Final = 3_000
"""Lines of one change. They stand in one record of the journal, and somebody has to read them."""

VALUE_MAX, REASON_MAX, PROBLEMS_MAX = 128, 500, 200

DAYS, DAYS_MAX = 90, 366
"""What holds while no pack in force has `list_days` and `list_days_max` (pack `core`). Design defaults."""

_HEADS = frozenset({"value", "值", "名单值", "entry"})
_DAYS_MARK = "d"


class AskedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: a value, perhaps with an end of its own (an instant, a day, or 30d) and a reason of its own."""

    value: str
    expires: str = ""
    reason: str = ""
    line: int = 0
    """Where it stood in what was pasted; 0: as it stands in the list."""


class AskedChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which list is to change, how, and by which entries. `expires` is the end of those that name none."""

    list: str
    move: Move
    entries: Sequence[AskedEntry]
    reason: str
    expires: str = ""


class KeptEntry(msgspec.Struct, frozen=True, array_like=True):
    """One entry as the journal has it: a token where the list is one of identifiers."""

    value: str
    expires_us: int | None = None
    reason: str = ""


class KeptChange(msgspec.Struct, frozen=True):
    """The same, checked. An entry without a reason of its own has the common one."""

    list: str
    move: Move
    reason: str
    entries: tuple[KeptEntry, ...]


class LineProblem(NamedTuple):
    """What is wrong with a line; 0: with the change as a whole."""

    line: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A change that was looked at: what is kept when nothing is wrong with it, and what the vault may not know yet."""

    kept: KeptChange | None
    problems: tuple[LineProblem, ...]
    personal: tuple[Personal, ...] = ()


class _Wrong(Exception):  # noqa: N818 - told as a problem of its line
    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en


def needs_expiry(definition: ListDef) -> bool:
    """Whether nothing stays on a list for good: who is watched or trusted is looked at again."""
    return definition.colour != "black"


def usual_days(platform: "Platform") -> int:
    """How long an entry is proposed to last."""
    return platform.parameter("list_days", DAYS)


def most_days(platform: "Platform") -> int:
    """How long an entry of a list on which nothing stays for good may last."""
    return platform.parameter("list_days_max", DAYS_MAX)


def lines_of(text: str) -> tuple[list[AskedEntry], list[LineProblem]]:
    r"""The lines of a pasted text: a value, then perhaps an end and a reason, parted by commas or tabs.

    >>> lines_of("value,expires\nu1,30d,known\n\nu2")[0] == [
    ...     AskedEntry("u1", "30d", "known", 2), AskedEntry("u2", "", "", 4)]
    True
    """
    entries, problems = list[AskedEntry](), list[LineProblem]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = next(csv.reader([line], delimiter="\t" if "\t" in line else ","), [])
        cells = [cell.strip() for cell in cells]
        if not entries and not problems and cells[0].lower() in _HEADS:
            continue
        while len(cells) > 3 and not cells[-1]:  # spreadsheets leave empty columns behind
            cells.pop()
        if len(cells) > 3:
            told = "a line has a value, an end and a reason: put a reason with commas between quotation marks"
            problems.append(LineProblem(number, "一行至多三列：值、到期、原因；原因中有逗号时请加引号", told))
            continue
        value, expires, reason = [*cells, "", ""][:3]
        entries.append(AskedEntry(value, expires, reason, number))
    return entries, problems


def checked(platform: "Platform", asked: AskedChange) -> Checked:
    """Hold a change against the list as it stands: what is to be kept, or everything that is wrong with it."""
    definition = platform.program.definitions.lists.get(asked.list)
    if definition is None:
        return _wrong("没有此名单", "no list of this name is declared")
    if not asked.entries:
        return _wrong("没有任何条目", "there is no entry")
    if len(asked.entries) > LINES_MAX:
        return _wrong(f"一次至多 {LINES_MAX} 行", f"at most {LINES_MAX} lines at once")
    return _Checking(platform, definition, asked).checked()


def _wrong(zh: str, en: str) -> Checked:
    return Checked(None, (LineProblem(0, zh, en),))


class _Checking:
    """One change under the look."""

    def __init__(self, platform: "Platform", definition: ListDef, asked: AskedChange) -> None:
        self._definition, self._asked = definition, asked
        self._kind = definition.of.of
        self._token: Callable[[str], str] | None = None
        if self._kind is not None:
            self._token = platform.tokens.maker(self._kind)
        self._members: Mapping[str, int | None] = platform.lane.state.lists.entries[definition.name]
        self._now_us = platform.now_us()
        self._zone = platform.program.definitions.packs[definition.pack].zone
        self._most_days = most_days(platform)
        self._seen: dict[str, int] = {}
        self._problems: list[LineProblem] = []
        self._personal: list[Personal] = []

    def checked(self) -> Checked:
        """Everything at once."""
        asked = self._asked
        common_us = self._whole(lambda: self._end(asked.expires))
        self._whole(lambda: _reason(asked.reason, must=True))
        entries = tuple(self._each(common_us))
        if self._problems:
            return Checked(None, tuple(self._problems[:PROBLEMS_MAX]))
        kept = KeptChange(asked.list, asked.move, asked.reason.strip(), entries)
        return Checked(kept, (), tuple(self._personal))

    def _whole(self, look: Callable[[], int | None]) -> int | None:
        try:
            return look()
        except _Wrong as wrong:
            self._problems.append(LineProblem(0, wrong.zh, wrong.en))
            return None

    def _each(self, common_us: int | None) -> Iterator[KeptEntry]:
        for number, entry in enumerate(self._asked.entries, 1):
            line = entry.line or number
            try:
                yield self._one(entry, line, common_us)
            except _Wrong as wrong:
                self._problems.append(LineProblem(line, wrong.zh, wrong.en))

    def _one(self, entry: AskedEntry, line: int, common_us: int | None) -> KeptEntry:
        value = self._value(entry.value.strip())
        if (before := self._seen.setdefault(value, line)) != line:
            raise _Wrong(f"与第 {before} 行重复", f"stands in line {before} already")
        _reason(entry.reason)
        ends_us = self._end(entry.expires)
        if ends_us is None:
            ends_us = common_us
        self._held_against(value, ends_us)
        return KeptEntry(value, None if self._asked.move == "remove" else ends_us, entry.reason.strip())

    def _value(self, text: str) -> str:
        if not 1 <= len(text) <= VALUE_MAX:
            raise _Wrong(f"值为空或超过 {VALUE_MAX} 字", f"the value is empty or longer than {VALUE_MAX} characters")
        if self._definition.is_of_ranges:
            try:
                return read_range(text)
            except ValueError:
                told = "this is no range of addresses: write 192.0.2.0/24"
                raise _Wrong("不是地址段，应写成 192.0.2.0/24", told) from None
        if self._kind is None:
            if holds_personal_number(text):
                told = "this is written as a person's number, and a list of texts would keep it in clear"
                raise _Wrong("写法像个人号码，而文本名单会原样保存；请用标识类名单", told)
            return text
        if is_token(self._kind, text):
            return text
        assert self._token is not None, "a list of identifiers has a kind"
        try:
            token = self._token(text)
        except ValueError:
            told = f"this is no identifier of the list's kind ({self._kind})"
            raise _Wrong(f"不是该名单的标识类型（{self._kind}）", told) from None
        self._personal.append(Personal(token, token, text))
        return token

    def _end(self, text: str) -> int | None:
        """An end as somebody wrote it: an instant, a day (its end), or so many days from now."""
        text = text.strip()
        if not text:
            return None
        if self._asked.move == "remove":
            raise _Wrong("移除不需要到期时间", "what is taken off needs no end")
        ends_us = self._read(text)
        if ends_us <= self._now_us:
            raise _Wrong("到期时间已过", "the end lies in the past")
        if needs_expiry(self._definition) and ends_us > self._now_us + (self._most_days + 1) * DAY_US:
            told = f"ends later than {self._most_days} days from now (list_days_max)"
            raise _Wrong(f"到期时间晚于 {self._most_days} 天（参数 list_days_max）", told)
        return ends_us

    def _read(self, text: str) -> int:
        try:
            if text.endswith(_DAYS_MARK) and text[:-1].isascii() and text[:-1].isdecimal() and len(text) <= 6:
                return self._now_us + int(text[:-1]) * DAY_US
            if len(text) == len("2026-11-27"):
                return start_of_day(date.fromisoformat(text.replace("/", "-")) + timedelta(days=1), self._zone)
            return parse_instant(text)
        except (ValueError, OverflowError):
            told = "the end is no day (2027-01-31), instant (2027-01-31T08:00:00Z) or number of days (30d)"
            raise _Wrong("到期时间应为日期 2027-01-31、时刻 2027-01-31T08:00:00Z 或天数 30d", told) from None

    def _held_against(self, value: str, ends_us: int | None) -> None:
        """What the list says of the value now."""
        move, members = self._asked.move, self._members
        ends_now = members.get(value)
        is_live = value in members and (ends_now is None or self._now_us < ends_now)
        if move == "remove":
            if value not in members:
                raise _Wrong("不在名单中", "is not on the list")
            return
        if ends_us is None and needs_expiry(self._definition):
            raise _Wrong("灰名单与白名单须有到期时间", "on a grey or white list nothing stays for good: give an end")
        if move == "add" and is_live:
            raise _Wrong("已在名单中；如需调整到期，请选“调整到期”", "is on the list already; change its end instead")
        if move == "extend":
            if value not in members:
                raise _Wrong("不在名单中", "is not on the list")
            if ends_us == ends_now:
                raise _Wrong("到期时间未变", "ends then already")


def _reason(text: str, *, must: bool = False) -> None:
    text = text.strip()
    if must and not text:
        raise _Wrong("请写明原因", "say why")
    if len(text) > REASON_MAX or not text.isprintable():
        told = f"the reason is longer than {REASON_MAX} characters, or has invisible ones"
        raise _Wrong(f"原因超过 {REASON_MAX} 字或含不可见字符", told)
    if holds_personal_number(text):
        raise _Wrong("原因中有个人号码", "the reason has a person's number in it")


def ends_of(entries: Sequence[KeptEntry]) -> tuple[int | None, int | None, int]:
    """The first end, the last one, and how many entries have none."""
    ends = [each.expires_us for each in entries if each.expires_us is not None]
    return (min(ends), max(ends), len(entries) - len(ends)) if ends else (None, None, len(entries))
