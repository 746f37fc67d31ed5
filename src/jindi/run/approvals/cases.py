"""Closing a case above the limit: by two people, since a wrong word about much money can't be taken back."""

from typing import get_args

import msgspec

from jindi.basics.money import format_amount, format_amount_zh
from jindi.cases import Case, Close, Verdict
from jindi.run.approvals.book import Entry
from jindi.run.approvals.operations import AtOnce, Line, Unfit
from jindi.run.audit import Actor
from jindi.run.cases import Declined, Desk
from jindi.run.platform import Platform

VERDICT_WORDS = {
    "confirmed": ("属实", "confirmed"),
    "cleared": ("排除", "cleared"),
    "undetermined": ("无法认定", "undetermined"),
}


class CloseCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which case is to be closed, with which verdict, and why."""

    case: str
    verdict: str
    why: str


class KeptCase(msgspec.Struct, frozen=True):
    """The same, with a verdict that there is."""

    case: str
    verdict: Verdict
    why: str


class Closing(AtOnce[CloseCase, KeptCase]):
    """Close a case. It is closed in the name of whoever asked, and the case says by which operation."""

    what, asked, kept = "case.close", CloseCase, KeptCase

    def __init__(self, platform: Platform, desk: Desk) -> None:
        self._platform, self._desk = platform, desk

    async def prepare(self, asked: CloseCase) -> KeptCase:
        """The same, of an open case."""
        if asked.verdict not in get_args(Verdict):
            raise Unfit(
                "结论应为：confirmed、cleared 或 undetermined", "a verdict is confirmed, cleared or undetermined"
            )
        try:
            case = await self._desk.current(asked.case)
        except LookupError:
            raise Unfit("没有此案件", "there is no such case") from None
        verdict: Verdict = msgspec.convert(asked.verdict, Verdict)
        try:
            await self._desk.check(case, Close(verdict, asked.why))
        except Declined as declined:
            raise Unfit("该案件目前不能结案", f"the case can't be closed: {declined.code}") from None
        return KeptCase(case.id, verdict, asked.why)

    async def base(self, kept: KeptCase) -> object:
        """What of the case the approval rests on: its state and all that belongs to it. Notes may come."""
        case = await self._found(kept)
        return None if case is None else [case.id, case.state, case.alerts, dict(case.amounts)]

    async def is_done(self, kept: KeptCase) -> bool:
        """Whether the case is closed."""
        case = await self._found(kept)
        return case is None or case.state != "open"

    async def apply(self, kept: KeptCase, now_us: int) -> None:  # noqa: ARG002 - the record has its own time
        """Close it."""
        entry = self._entry_of(kept)
        asked = entry.asked
        step = Close(kept.verdict, kept.why, entry.id)
        await self._desk.close_approved(Actor(asked.key, asked.name, "approval"), kept.case, step)

    def _entry_of(self, kept: KeptCase) -> Entry:
        """The operation that is being done: the newest of exactly this content."""
        payload = self.pack(kept)
        return next(
            each for each in self._platform.approvals.newest()
            if each.asked.what == self.what and each.asked.payload == payload
        )  # fmt: skip

    async def _found(self, kept: KeptCase) -> Case | None:
        try:
            return await self._desk.current(kept.case)
        except LookupError:
            return None

    def on(self, kept: KeptCase) -> str:
        """The case."""
        return kept.case

    def lines(self, kept: KeptCase) -> tuple[Line, ...]:
        """Case, amount, verdict and reason."""
        zh, en = VERDICT_WORDS[kept.verdict]
        told = [
            Line("案件", "Case", kept.case),
            Line("结论", "Verdict", f"{zh} / {en}", (zh, en)),
            Line("理由", "Why", kept.why),
        ]
        case = self._desk.at_once(kept.case)
        if case is not None:
            en = ", ".join(format_amount(minor, currency) for currency, minor in case.amounts.items()) or "-"
            zh = "、".join(format_amount_zh(minor, currency) for currency, minor in case.amounts.items()) or "-"
            told += [Line("涉及金额", "Amount", en, (zh, en)), Line("预警数", "Alerts", str(case.alerts))]
        return tuple(told)
