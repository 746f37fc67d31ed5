"""What takes two people about a customer's rating: a level by hand.

An assessment is made by the scheme alone. Who knows better says why, and somebody else agrees; the next review ends it.
"""

import msgspec

from jindi.parties.rating import Standing
from jindi.run.approvals.book import Entry
from jindi.run.approvals.operations import AtOnce, Line, Unfit
from jindi.run.platform import Platform
from jindi.run.rating.desk import REASON_MAX, Declined, Desk

LEVEL = "kyc.level"

WHY_NOT = {
    "no_level": ("行业包没有声明该等级", "the packs in force declare no such level"),
    "not_rated": ("该客户尚未评级", "the customer has not been rated yet"),
    "direct": (
        "该客户有直接列为最高等级的情形，不能人工调整；请先处理该情形",
        "a ground puts the customer on the highest level, which nobody talks away: deal with the ground first",
    ),
    "same": ("该客户已是该等级", "the customer is on that level already"),
}


class AskedLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which customer, which level, and why the scheme is wrong about him."""

    user: str
    level: str
    reason: str


class KeptLevel(msgspec.Struct, frozen=True):
    """The same with the assessment that it was agreed upon."""

    user: str
    level: str
    reason: str
    assessed_seq: int


class ByHand(AtOnce[AskedLevel, KeptLevel]):
    """Give a customer a level by hand."""

    what, asked, kept = LEVEL, AskedLevel, KeptLevel

    def __init__(self, platform: Platform, desk: Desk) -> None:
        self._platform, self._desk = platform, desk

    async def _standing(self, user: str) -> Standing | None:
        try:
            return await self._desk.standing(user)
        except LookupError:
            return None

    async def prepare(self, asked: AskedLevel) -> KeptLevel:
        """The same, of a customer whose level can be given by hand."""
        standing = await self._standing(asked.user)
        if standing is None:
            raise Unfit("没有此客户", "there is no such customer")
        try:
            self._desk.must_be_overridable(standing, asked.level)
        except Declined as error:
            raise Unfit(*WHY_NOT[error.code]) from None
        if not asked.reason.strip() or len(asked.reason) > REASON_MAX:
            raise Unfit("请用不超过 500 字写明理由", "say why in at most 500 characters")
        return KeptLevel(asked.user, asked.level, asked.reason.strip(), standing.assessed_seq)

    async def base(self, kept: KeptLevel) -> object:
        """How the customer stands: the assessment, and what was given by hand before."""
        standing = await self._standing(kept.user)
        if standing is None:
            return None
        by_hand = standing.override
        return [standing.assessed_seq, standing.level, list(standing.directs), by_hand and by_hand.at_us]

    async def is_done(self, kept: KeptLevel) -> bool:
        """Whether he was given it for this reason."""
        standing = await self._standing(kept.user)
        by_hand = None if standing is None else standing.override
        return by_hand is not None and (by_hand.level, by_hand.reason) == (kept.level, kept.reason)

    async def apply(self, kept: KeptLevel, now_us: int) -> None:  # noqa: ARG002 - the event has its own time
        """Give it in the name of whoever asked; whoever agreed stands beside him."""
        entry = self._entry_of(kept)
        second = next((each.name for each in entry.approvals), "")
        await self._desk.override(kept.user, kept.level, entry.asked.name, second, kept.reason)

    def _entry_of(self, kept: KeptLevel) -> Entry:
        """The operation that is being done: the newest of exactly this content."""
        payload = self.pack(kept)
        return next(
            each for each in self._platform.approvals.newest()
            if each.asked.what == self.what and each.asked.payload == payload
        )  # fmt: skip

    def on(self, kept: KeptLevel) -> str:
        """The customer."""
        return kept.user

    def about(self, kept: KeptLevel) -> str:
        """The customer's token."""
        return self._platform.customer(kept.user)

    def lines(self, kept: KeptLevel) -> tuple[Line, ...]:
        """Customer, level, and why."""
        scheme = self._desk.scheme
        level = None if scheme is None else scheme.level(kept.level)
        said = None if level is None else (level.doc.zh, level.doc.en)
        return (
            Line("客户", "Customer", kept.user), Line("等级", "Level", kept.level, said),
            Line("理由", "Why", kept.reason),
        )  # fmt: skip
