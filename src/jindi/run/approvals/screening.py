"""What takes two people in screening: clearing a match, lifting a freeze, taking a list out of force.

To confirm a match takes one: the law wants it stopped at once, and a freeze that was wrong is lifted by two.
"""

from abc import abstractmethod
from typing import Final, Literal

import msgspec

from jindi.basics.instants import format_instant
from jindi.run.approvals.book import Entry
from jindi.run.approvals.operations import AtOnce, Line, Unfit
from jindi.run.platform import Platform
from jindi.run.screening.book import Hit
from jindi.run.screening.desk import Desk, Verdict

Step = Literal["screening.clear", "screening.lift"]
WAS: Final[dict[Step, str]] = {"screening.clear": "open", "screening.lift": "confirmed"}
BECOMES: Final[dict[Step, Verdict]] = {"screening.clear": "cleared", "screening.lift": "lifted"}
STATE_WORDS: Final = {
    "open": ("待核实", "open"), "cleared": ("已排除", "cleared"), "confirmed": ("已确认", "confirmed"),
    "lifted": ("已解除", "lifted"),
}  # fmt: skip
STRENGTH_WORDS: Final = {"exact": ("完全一致", "exact"), "strong": ("强", "strong"), "weak": ("弱", "weak")}


class AskedVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which match, by the decision that told of it, and why it is somebody else."""

    match: str
    reason: str


class KeptVerdict(msgspec.Struct, frozen=True):
    """The same with the digest of the entry as it read: what was agreed upon holds for that alone."""

    match: str
    mark: str
    reason: str


class _Settling(AtOnce[AskedVerdict, KeptVerdict]):
    """A match is found to be somebody else."""

    asked, kept = AskedVerdict, KeptVerdict

    def __init__(self, platform: Platform, desk: Desk) -> None:
        self._platform, self._desk = platform, desk

    @property
    @abstractmethod
    def step(self) -> Step:
        """Which step it is."""

    def _hit(self, identifier: str) -> Hit | None:
        try:
            return self._desk.hit(identifier)
        except LookupError:
            return None

    async def prepare(self, asked: AskedVerdict) -> KeptVerdict:
        """The same, of a match that stands so that it can be settled."""
        hit = self._hit(asked.match)
        if hit is None:
            raise Unfit("没有此命中", "there is no such match")
        if hit.state != WAS[self.step]:
            zh, en = STATE_WORDS[hit.state]
            raise Unfit(f"该命中目前是“{zh}”，不能这样处理", f"the match is {en}, so this can't be done with it")
        if not asked.reason.strip() or len(asked.reason) > 500:
            raise Unfit("请用不超过 500 字写明哪一项不符", "say in at most 500 characters what does not fit")
        return KeptVerdict(asked.match, hit.mark, asked.reason.strip())

    async def base(self, kept: KeptVerdict) -> object:
        """The match as it stands."""
        hit = self._hit(kept.match)
        return None if hit is None else [hit.state, hit.mark, hit.decided_seq]

    async def is_done(self, kept: KeptVerdict) -> bool:
        """Whether it was settled so."""
        hit = self._hit(kept.match)
        return hit is not None and hit.mark == kept.mark and hit.state == BECOMES[self.step]

    async def apply(self, kept: KeptVerdict, now_us: int) -> None:  # noqa: ARG002 - the event has its own time
        """Settle it in the name of whoever asked; whoever agreed stands beside him."""
        entry = self._entry_of(kept)
        second = next((each.name for each in entry.approvals), "")
        await self._desk.settle(kept.match, kept.mark, BECOMES[self.step], entry.asked.name, second, kept.reason)

    def _entry_of(self, kept: KeptVerdict) -> Entry:
        """The operation that is being done: the newest of exactly this content."""
        payload = self.pack(kept)
        return next(
            each for each in self._platform.approvals.newest()
            if each.asked.what == self.what and each.asked.payload == payload
        )  # fmt: skip

    def on(self, kept: KeptVerdict) -> str:
        """The match."""
        return kept.match

    def about(self, kept: KeptVerdict) -> str:
        """The customer's token."""
        hit = self._hit(kept.match)
        return "" if hit is None else self._platform.customer(hit.user)

    def lines(self, kept: KeptVerdict) -> tuple[Line, ...]:
        """The match, the list, the entry as it read, the score, and the reason."""
        told = [Line("命中", "Match", kept.match)]
        hit = self._hit(kept.match)
        if hit is not None:
            zh, en = STRENGTH_WORDS.get(hit.strength, (hit.strength, hit.strength))
            told += [
                Line("用户", "Customer", hit.user), Line("姓名", "Name", hit.name), Line("名单", "List", hit.list),
                Line("条目", "Entry", hit.entry), Line("相似分", "Score", f"{hit.score} ({zh} / {en})"),
                Line("发现于", "Found", format_instant(hit.at_us)),
            ]  # fmt: skip
        return (*told, Line("条目摘要", "Digest of the entry", kept.mark), Line("理由", "Why", kept.reason))


class Clearing(_Settling):
    """Clear a match: this customer's name is not this entry, as it reads now."""

    what = "screening.clear"

    @property
    def step(self) -> Step:
        """Clearing."""
        return "screening.clear"


class Lifting(_Settling):
    """Lift a freeze: a match that was confirmed is somebody else after all."""

    what = "screening.lift"

    @property
    def step(self) -> Step:
        """Lifting."""
        return "screening.lift"


class DropList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which list, and why nobody is to be held against it any more."""

    list: str
    reason: str


class Dropping(AtOnce[DropList, DropList]):
    """Take a watch list out of force."""

    what, asked, kept = "watchlist.drop", DropList, DropList

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def prepare(self, asked: DropList) -> DropList:
        """The same, of a list that is in force."""
        if asked.list not in self._desk.loaded:
            raise Unfit("没有此名单", "there is no such list")
        if not asked.reason.strip() or len(asked.reason) > 500:
            raise Unfit("请用不超过 500 字写明原因", "say why in at most 500 characters")
        return asked

    async def base(self, kept: DropList) -> object:
        """Its version."""
        loaded = self._desk.loaded.get(kept.list)
        return None if loaded is None else loaded.version

    async def is_done(self, kept: DropList) -> bool:
        """Whether it is gone."""
        return kept.list not in self._desk.loaded

    async def apply(self, kept: DropList, now_us: int) -> None:  # noqa: ARG002 - the record has its own time
        """Do it."""
        await self._desk.drop(kept.list)

    def on(self, kept: DropList) -> str:
        """The list."""
        return kept.list

    def lines(self, kept: DropList) -> tuple[Line, ...]:
        """The list as it stands, and why."""
        told = [Line("名单", "List", kept.list)]
        if (loaded := self._desk.loaded.get(kept.list)) is not None:
            told += [Line("版本", "Version", loaded.version), Line("条目数", "Entries", f"{len(loaded.entries):,}")]
        return (*told, Line("理由", "Why", kept.reason))


def operations_of(platform: Platform, desk: Desk) -> list[Clearing | Lifting | Dropping]:
    """All that takes two people here."""
    return [Clearing(platform, desk), Lifting(platform, desk), Dropping(desk)]
