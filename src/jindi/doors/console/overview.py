"""What the overview shows, reckoned from the platform's pulse."""

from dataclasses import dataclass, replace
from typing import Any

from jindi.basics.instants import MINUTE_US, SECOND_US
from jindi.doors.console import charts, figures
from jindi.doors.console.source import Minute, Source, Stats
from jindi.doors.console.view import View
from jindi.packs.definitions import OUTCOMES, Outcome

LIVE_ROWS = 10
MINUTES_SHOWN = 60
STALE_US = 10 * SECOND_US
"""Figures older than this are shown with a warning that says how old."""

_STOPPED = OUTCOMES[1:]


@dataclass(frozen=True, slots=True)
class MinuteLine:
    """A minute's row in the table behind the charts."""

    label: str
    decisions: int
    outcomes: tuple[int, ...]
    latency_us_p50: int | None
    latency_us_p99: int | None


def overview_values(source: Source, view: View) -> dict[str, Any]:
    """All that the overview's templates need."""
    stats = _padded(source.stats())
    rows = source.recent(LIVE_ROWS)
    totals = {outcome: sum(minute.outcomes.get(outcome, 0) for minute in stats.minutes) for outcome in OUTCOMES}
    decided = sum(totals.values())
    return {
        "stats": stats,
        "rows": rows,
        "last": rows[0].seq if rows else -1,
        "totals": totals,
        "decided": decided,
        "stopped": decided - totals[Outcome.ALLOW],
        "rates": _rates(stats, view),
        "volume": _volume(stats, view),
        "latency": _latency(stats, view),
        "minutes": _lines(stats, view),
        "lately": next((minute for minute in reversed(stats.minutes) if minute.latency_us_p50 is not None), None),
        "busiest": max((rule.hits for rule in stats.rules), default=0),
        "board": source.scoreboard(),
        "stale_s": (view.now_us - stats.as_of_us) // SECOND_US if view.now_us - stats.as_of_us > STALE_US else None,
        "live_rows": LIVE_ROWS,
        "minutes_shown": len(stats.minutes),
    }


def _padded(stats: Stats) -> Stats:
    """The same with empty minutes in front, so that a young platform's charts have an hour's width too."""
    if not stats.minutes:
        return stats
    first_us, wanting = stats.minutes[0].start_us, MINUTES_SHOWN - len(stats.minutes)
    empty = tuple(Minute(first_us - n * MINUTE_US, {}) for n in range(wanting, 0, -1))
    return replace(stats, minutes=empty + stats.minutes)


def _label(minute: Minute, view: View) -> str:
    return figures.clock(minute.start_us - minute.start_us % MINUTE_US, view.zone)[:5]


def _lines(stats: Stats, view: View) -> tuple[MinuteLine, ...]:
    return tuple(
        MinuteLine(
            _label(minute, view),
            minute.decisions,
            tuple(minute.outcomes.get(outcome, 0) for outcome in OUTCOMES),
            minute.latency_us_p50,
            minute.latency_us_p99,
        )
        for minute in reversed(stats.minutes)
        if minute.decisions
    )


def _rates(stats: Stats, view: View) -> charts.Chart:
    stacks, titles = [], []
    for minute in stats.minutes:
        whole = minute.decisions
        parts = [(outcome.value, minute.outcomes.get(outcome, 0)) for outcome in _STOPPED]
        stacks.append([(kind, part * 100 / whole if whole else 0.0) for kind, part in parts])
        said = " · ".join(f"{view.t('outcome.' + kind)} {figures.share(part, whole)}" for kind, part in parts if part)
        titles.append(f"{_label(minute, view)}  {said or '0%'}")
    return charts.stacked([_label(m, view) for m in stats.minutes], stacks, titles, "%")


def _volume(stats: Stats, view: View) -> charts.Chart:
    return charts.stacked(
        [_label(minute, view) for minute in stats.minutes],
        [[("volume", float(minute.decisions))] for minute in stats.minutes],
        [f"{_label(minute, view)}  {figures.count(minute.decisions)}" for minute in stats.minutes],
        width=charts.WIDTH_HALF,
    )


def _latency(stats: Stats, view: View) -> charts.Chart:
    def in_ms(us: int | None) -> float | None:
        return None if us is None else us / 1000

    return charts.lines(
        [_label(minute, view) for minute in stats.minutes],
        [
            ("p99", [in_ms(minute.latency_us_p99) for minute in stats.minutes]),
            ("p50", [in_ms(minute.latency_us_p50) for minute in stats.minutes]),
        ],
        [
            f"{_label(minute, view)}  p50 {figures.milliseconds(minute.latency_us_p50)}"
            f" · p99 {figures.milliseconds(minute.latency_us_p99)}"
            for minute in stats.minutes
        ],
        width=charts.WIDTH_HALF,
    )
