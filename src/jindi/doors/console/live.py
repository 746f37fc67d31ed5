"""The live list: one stream per browser, at most so many in all, the newest decisions and never a backlog."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from zoneinfo import ZoneInfo

from jindi.doors.console import figures
from jindi.doors.console.source import DecisionRow, Source
from jindi.doors.console.words import LANGS, WORDS, say

LOOK_EVERY_S = 1.0
ROWS_MAX = 20
"""More than this many in a second can't be read; the newest are shown, the list page has them all."""

LOOKS_MAX = 600
"""A stream ends after ten minutes of looking and the browser opens a new one, so that none is forgotten."""

STREAMS_MAX = 64


def row_json(row: DecisionRow, zone: ZoneInfo) -> dict[str, Any]:
    """A row as the page's script shows it: figures already in words, per language where they differ."""
    amount = None
    if row.amount_minor is not None and row.currency is not None:
        amount = {lang: figures.amount(row.amount_minor, row.currency, lang) for lang in LANGS}
    return {
        "seq": row.seq,
        "id": row.decision_id,
        "at": figures.clock(row.at_us, zone),
        "at_full": figures.instant(row.at_us, zone),
        "outcome": row.outcome.value,
        "event_type": row.event_type,
        "type": {
            lang: say(lang, f"event.{row.event_type}") if f"event.{row.event_type}" in WORDS else row.event_type
            for lang in LANGS
        },
        "subject": row.subject,
        "amount": amount,
        "score": row.score,
        "rules": list(row.rules[:4]),
        "degraded": row.degraded,
        "late": row.late,
    }


def newer(source: Source, after: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The newest rows after a place in the journal, oldest first, at most `ROWS_MAX`."""
    rows = [row for row in source.recent(ROWS_MAX) if row.seq > after]
    return [row_json(row, zone) for row in reversed(rows)]


async def stream(seen_now: Callable[[], Source | None], zone: ZoneInfo, after: int | None) -> AsyncIterator[bytes]:
    """Server-sent events: `rows` when there are new ones, `beat` as a sign of life otherwise.

    Without a place to begin after, it begins after the newest: the page that opened it has shown those.
    A slow reader gets fewer, newer rows, for each look asks anew; nothing is queued for it. `seen_now`
    is asked before every look, so that a session that ended takes its stream along, and so does a right.
    """
    last = after
    if last is None and (source := seen_now()) is not None:
        last = max((row.seq for row in source.recent(1)), default=-1)
    yield b"retry: 3000\n\n"
    for _ in range(LOOKS_MAX):
        if (source := seen_now()) is None:
            yield b"event: ended\ndata: {}\n\n"
            return
        rows = newer(source, -1 if last is None else last, zone)
        if rows:
            last = rows[-1]["seq"]
            data = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
            yield f"id: {last}\nevent: rows\ndata: {data}\n\n".encode()
        else:
            yield b"event: beat\ndata: {}\n\n"
        await asyncio.sleep(LOOK_EVERY_S)
