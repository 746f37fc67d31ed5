"""Charts as geometry: the server reckons, a template draws SVG, no script is needed.

Lengths are pixels of the drawing's own box; colours are classes, so that a theme can change them.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 168
WIDTH_HALF = 440
BAR_MOST = 56
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 18, 8, 22
_FIGURE, _GAP = 7, 12
"""How wide a figure of an axis is at most, and how far the axis stands from it and it from the edge."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a series, `kind` its class; `title` is what the pointer tells."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Column:
    """All bars of one minute, with the words that the pointer tells; `x`, `width` is the whole column."""

    x: float
    width: float
    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A series as one SVG path, broken where there is no value."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole chart. `left`..`right`, `top`..`bottom` is the field inside the axes."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    width: int
    right: int
    height: int = HEIGHT
    left: int = _LEFT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def ceiling(value: float) -> tuple[float, float]:
    """A round figure at or above a value, and the step of two to five marks that leads there.

    >>> ceiling(7.3), ceiling(0), ceiling(1234), ceiling(0.04)
    ((8.0, 2.0), (1.0, 0.5), (1500.0, 500.0), (0.04, 0.01))
    """
    if value <= 0:
        return 1.0, 0.5
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    for factor in (0.25, 0.5, 1.0, 2.0, 2.5, 5.0):
        step = factor * power
        marks = -(-round(value / step, 9) // 1)
        if marks <= 4:
            return round(marks * step, 9), round(step, 9)
    return power * 10, power * 5


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _up(top: float, step: float, unit: str) -> tuple[Tick, ...]:
    field = HEIGHT - _BOTTOM - _TOP
    marks = round(top / step)
    return tuple(
        Tick(round(HEIGHT - _BOTTOM - field * n * step / top, 1), _number(round(n * step, 9)) + unit)
        for n in range(marks + 1)
    )


def _margin(up: Sequence[Tick]) -> int:
    """The room that the longest figure of the upright axis needs, in a drawing's own pixels.

    >>> _margin([Tick(0, "0"), Tick(1, "0.6%")]), _margin([Tick(0, "400,000")])
    (44, 61)
    """
    return max(_LEFT, _GAP + _FIGURE * max(len(tick.text) for tick in up))


def _across(labels: Sequence[str], slot: float, left: int) -> tuple[Tick, ...]:
    every = max(1, -(-len(labels) // (6 if slot > 6 else 4)))
    return tuple(
        Tick(round(left + (n + 0.5) * slot, 1), label)
        for n, label in enumerate(labels)
        if (len(labels) - 1 - n) % every == 0
    )


def stacked(
    labels: Sequence[str],
    stacks: Sequence[Sequence[tuple[str, float]]],
    titles: Sequence[str],
    unit: str = "",
    *,
    width: int = WIDTH,
    least: float = 0,
) -> Chart:
    """One column per label, its (class, value) parts upon each other in the order given. The upright axis reaches
    `least` at any rate.
    """
    top, step = ceiling(max(least, *(sum(value for _, value in stack) for stack in stacks), 0))
    up = _up(top, step, unit)
    left = _margin(up)
    slot = (width - left - _RIGHT) / max(1, len(labels))
    field = HEIGHT - _BOTTOM - _TOP
    columns = []
    for n, stack in enumerate(stacks):
        x, base, bars = left + n * slot, float(HEIGHT - _BOTTOM), []
        for kind, value in stack:
            height = field * value / top
            if height > 0:
                base -= height
                # A lone column is no wider than it would be among others: a wall of colour tells nothing.
                gap = max(min(2.0, slot / 4), slot - BAR_MOST)
                bars.append(Bar(round(x + gap / 2, 2), round(base, 2), round(slot - gap, 2), round(height, 2), kind))
        columns.append(Column(round(x, 2), round(slot, 2), titles[n], tuple(bars)))
    return Chart(tuple(columns), (), _across(labels, slot, left), up, width, width - _RIGHT, left=left)


def lines(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    titles: Sequence[str],
    *,
    width: int = WIDTH,
) -> Chart:
    """One line per (class, values); None leaves a gap, a lone value is drawn as a dot."""
    top, step = ceiling(max((v for _, values in series for v in values if v is not None), default=0))
    up = _up(top, step, "")
    left = _margin(up)
    slot = (width - left - _RIGHT) / max(1, len(labels))
    field = HEIGHT - _BOTTOM - _TOP
    drawn = []
    for kind, values in series:
        path, pen_down = [], False
        for n, value in enumerate(values):
            if value is None:
                pen_down = False
                continue
            x, y = left + (n + 0.5) * slot, HEIGHT - _BOTTOM - field * value / top
            path.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
            if not pen_down and (n + 1 == len(values) or values[n + 1] is None):
                path.append("h0.01")
            pen_down = True
        drawn.append(Line("".join(path), kind))
    columns = tuple(Column(round(left + n * slot, 2), round(slot, 2), title, ()) for n, title in enumerate(titles))
    return Chart(columns, tuple(drawn), _across(labels, slot, left), up, width, width - _RIGHT, left=left)


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: from where the score stood to where it went."""

    name: str
    points: int
    total: int
    x: float
    width: float
    y: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score from which an outcome begins, as a vertical line; `y` is where its name stands."""

    x: float
    y: int
    score: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How a score came about: steps from top to bottom, thresholds across, the total last."""

    steps: tuple[Step, ...]
    thresholds: tuple[Threshold, ...]
    score: int
    zero: float
    total_x: float
    total_width: float
    width: int
    height: int
    names_width: int
    row: int


def waterfall(parts: Sequence[tuple[str, int]], bands: Sequence[tuple[int, str]]) -> Waterfall:
    """The steps of (name, points) in order, the greatest first, and the bands' (score, outcome)."""
    width, names, row, top = 640, 220, 26, 36
    ordered = sorted(parts, key=lambda part: (-part[1], part[0]))
    # An outcome begins at its lowest band; higher bands of the same outcome only change its method.
    lightest = sorted((min(score for score, then in bands if then == it), it) for it in {then for _, then in bands})
    totals = [0]
    for _, points in ordered:
        totals.append(totals[-1] + points)
    low = min(0, *totals)
    high = max(1, *totals, *(score for score, _ in bands)) if bands else max(1, *totals)
    scale = (width - names - 56) / (high - low)

    def at(score: int) -> float:
        return round(names + (score - low) * scale, 1)

    steps = tuple(
        Step(
            name,
            points,
            after,
            at(min(before, after)),
            round(max(1.0, abs(points) * scale), 1),
            top + n * row,
        )
        for n, ((name, points), before, after) in enumerate(zip(ordered, totals[:-1], totals[1:], strict=True))
    )
    score = totals[-1]
    return Waterfall(
        steps,
        tuple(
            Threshold(at(from_score), 12 + 14 * (n % 2), from_score, outcome)
            for n, (from_score, outcome) in enumerate(lightest)
        ),
        score,
        at(0),
        at(min(0, score)),
        round(max(1.0, abs(score) * scale), 1),
        width,
        top + (len(ordered) + 1) * row + 6,
        names,
        row,
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the score line in which one outcome holds: scores from `low` to `high`, None where it has no end.
    `count` of the decisions that are known fall into it.
    """

    x: float
    width: float
    outcome: str
    low: int | None
    high: int | None
    count: int


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """The line of scores with what each comes to. `marks` are the scores at which something begins; of them the last
    figure says whether it is out of order.
    """

    segments: tuple[Segment, ...]
    marks: tuple[tuple[float, int, bool], ...]
    reach: tuple[float, float]
    known: int
    width: int


def score_line(
    bands: Sequence[tuple[int, str]], order: Sequence[str], reach: tuple[int, int], scores: Sequence[int] = ()
) -> ScoreLine:
    """What each score comes to by bands of (score, outcome), in their order; `order` are all outcomes by weight,
    `reach` the lowest and highest score that there can be, `scores` those of known decisions.

    As in the engine the heaviest outcome of all bands at or below a score holds.
    """
    width, left = 420, 12
    starts = sorted({score for score, _ in bands})
    low = min(0, reach[0], *starts) if starts else min(0, reach[0])
    high = max(reach[1], *starts, low + 1) if starts else max(reach[1], low + 1)
    low, high = low - max(1, (high - low) // 12), high + max(1, (high - low) // 8)

    def at(score: int) -> float:
        return round(left + (score - low) * (width - 2 * left) / (high - low), 1)

    edges: list[int | None] = [None, *starts, None]
    segments = []
    for begin, end in itertools.pairwise(edges):
        asked = [order.index(then) for score, then in bands if begin is not None and score <= begin and then in order]
        outcome = order[max(asked, default=0)]
        held = sum((begin is None or each >= begin) and (end is None or each < end) for each in scores)
        x, to = at(low if begin is None else begin), at(high if end is None else end)
        last = None if end is None else end - 1
        segments.append(Segment(x, round(to - x, 1), outcome, begin, last, held))
    marks = tuple(
        (at(score), score, any(other >= score for other, _ in bands[:place])) for place, (score, _) in enumerate(bands)
    )
    return ScoreLine(tuple(segments), marks, (at(reach[0]), at(reach[1])), len(scores), width)
