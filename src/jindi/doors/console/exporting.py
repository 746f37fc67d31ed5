"""An export of more decisions than one person may take away alone: asked for, approved, and then collected once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from jindi.access import Principal
from jindi.doors.console.days import days_of
from jindi.doors.console.source import DecisionFilter, Source
from jindi.doors.console.tables import Lines, csv_chunks
from jindi.doors.console.words import Lang, say
from jindi.packs.definitions import Outcome
from jindi.run.approvals.operations import Collected, Delivery, Line, Unfit

ROWS_MAX, ROWS_AT_ONCE = 10_000, 250
_HEADS = {"zh": "中文", "en": "English", None: "–"}
ASKED = ("outcome", "type", "rule", "trouble", "since", "until", "heads")


class AskedExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which decisions: as the list's filter, but for a text that somebody typed, which could be anybody's number.
    `heads` is the language of the columns' names; without one they are the machine's own.
    """

    outcome: Outcome | None = None
    type: str | None = None
    rule: str | None = None
    trouble: Literal["degraded", "late"] | None = None
    since: str | None = None
    until: str | None = None
    heads: Lang | None = None

    def wanted(self, zone: ZoneInfo) -> DecisionFilter:
        """The same as the list's filter; its days are those of a zone."""
        days = days_of({"since": self.since or "", "until": self.until or ""}, zone)
        return DecisionFilter(self.outcome, self.type, self.rule, None, self.trouble, days.since_us, days.until_us)


class KeptExport(AskedExport, frozen=True):
    """The same as kept: those that were there when it was asked for, and how many they were at the most."""

    before: int = 0
    rows: int = 0


class Export(Collected[AskedExport, KeptExport]):
    """Hand out the decisions of a filter as CSV. `lines` reads the table, days are those of `zone`."""

    what, asked, kept = "decisions.export", AskedExport, KeptExport

    def __init__(
        self, source: Source, head: Sequence[str], lines: Callable[[DecisionFilter, int | None], Lines],
        zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self._source, self._head, self._lines, self._zone = source, head, lines, zone

    async def prepare(self, asked: AskedExport) -> KeptExport:
        """With the newest decision that is in it, and the number of rows."""
        if days_of({"since": asked.since or "", "until": asked.until or ""}, self._zone).unknown:
            raise Unfit("日期须写成 2026-11-22 这样", "a day is written as 2026-11-22")
        wanted = asked.wanted(self._zone)
        newest = self._source.recent(1, None, wanted)
        if not newest:
            raise Unfit("没有符合条件的决策", "no decision fits")
        rows = await count(self._source, wanted, ROWS_MAX)
        named = {name: getattr(asked, name) for name in asked.__struct_fields__}
        return KeptExport(**named, before=newest[0].seq + 1, rows=rows)

    async def base(self, kept: KeptExport) -> object:  # noqa: ARG002 - what is in the journal stays
        """Nothing: what was decided does not change."""
        return None

    async def deliver(self, kept: KeptExport, who: Principal, now_us: int) -> Delivery:  # noqa: ARG002 - anybody's, ever
        """The file."""
        lang = kept.heads
        head = self._head if lang is None else [say(lang, f"head.{name}") for name in self._head]
        table = csv_chunks(head, self._lines(kept.wanted(self._zone), kept.before))
        return Delivery({}, "decisions.csv", "text/csv; charset=utf-8", table)

    def on(self, kept: KeptExport) -> str:
        """The filter."""
        named = {name: getattr(kept, name) for name in ASKED}
        return " ".join([*(f"{name}={value}" for name, value in named.items() if value), f"rows={kept.rows}"])

    def rows(self, kept: KeptExport) -> int:
        """As counted when it was asked for."""
        return kept.rows

    def lines(self, kept: KeptExport) -> tuple[Line, ...]:
        """The filter and the number of rows."""
        return (
            Line("处置", "Outcome", kept.outcome or "–"),
            Line("事件类型", "Event type", kept.type or "–"),
            Line("规则", "Rule", kept.rule or "–"),
            Line("降级或迟到", "Degraded or late", kept.trouble or "–"),
            Line("起始日", "From", kept.since or "–"),
            Line("截止日", "To", kept.until or "–"),
            Line("表头语言", "Heads in", _HEADS[kept.heads]),
            Line("至多行数", "Rows at the most", f"{kept.rows:,}"),
            Line("早于记录号", "Before record", str(kept.before)),
        )


async def count(source: Source, wanted: DecisionFilter, most: int) -> int:
    """How many decisions fit, counted up to a number; the loop turns to decisions in between."""
    found, before = 0, None
    while found < most:
        rows = source.recent(min(ROWS_AT_ONCE, most - found), before, wanted)
        found += len(rows)
        if len(rows) < ROWS_AT_ONCE:
            break
        before = rows[-1].seq
        await asyncio.sleep(0)
    return found
