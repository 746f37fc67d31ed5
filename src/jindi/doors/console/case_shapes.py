"""A pattern of transfers as a picture: accounts, and arrows for money from who paid to who was paid. Geometry alone."""

from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from typing import Final

from jindi.doors.console.link_view import is_name, shape_path, short, title_of
from jindi.doors.console.view import View
from jindi.packs import OUTCOMES
from jindi.parties import kind_of, laid_out
from jindi.run.cases import Leg, Shape

WIDTH, HEIGHT, MARGIN, APART = 640, 300, 36, 46.0
SIZE: Final = 10.0
LABELLED: Final = 24
"""Of so many accounts all have their names beside them; of more only those of the last transfer."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays or is paid, in the picture; `is_last` of those between whom the last transfer went."""

    name: str
    x: float
    y: float
    shape: str
    label: str
    told: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """All transfers from one to another: a line and its head. `is_last` where the decision's own is among them."""

    line: str
    head: str
    outcome: str
    told: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A pattern, laid out; `start` is who pays in the decision's own transfer, "" where no address may name him."""

    shape: Shape
    accounts: tuple[Account, ...]
    arrows: tuple[Arrow, ...]
    start: str
    counted: str
    width: int = WIDTH
    height: int = HEIGHT


def counted(shape: Shape, view: View) -> str:
    """Of how many transfers a pattern is made, and how many of them are told."""
    if len(shape.legs) < shape.count:
        return view.t("cases.shape.newest", n=len(shape.legs), all=shape.count)
    return view.t("cases.shape.transfers", n=shape.count)


def drawn(shape: Shape, view: View) -> Drawn:
    """A pattern for the reader."""
    names = list(dict.fromkeys(name for leg in shape.legs for name in (leg.payer, leg.payee)))
    places = {name: place for place, name in enumerate(names)}
    pairs = [(places[leg.payer], places[leg.payee]) for leg in shape.legs]
    field = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    points = [(x + MARGIN, y + MARGIN) for x, y in laid_out(len(names), pairs, *field, APART)]
    last = shape.legs[-1] if shape.legs else None
    ends = {last.payer, last.payee} if last is not None else set()
    accounts = tuple(
        Account(
            name, round(x, 1), round(y, 1), shape_path(kind_of(name), SIZE),
            short(name) if len(names) <= LABELLED or name in ends else "", title_of(view, name), name in ends,
        )
        for name, (x, y) in zip(names, points, strict=True)
    )  # fmt: skip
    at = {each.name: (each.x, each.y) for each in accounts}
    start = last.payer if last is not None and is_name(last.payer) else ""
    return Drawn(shape, accounts, _arrows(shape, last, view, at.__getitem__), start, counted(shape, view))


def _arrows(
    shape: Shape, last: Leg | None, view: View, at: Callable[[str], tuple[float, float]]
) -> tuple[Arrow, ...]:  # fmt: skip
    between: dict[tuple[str, str], list[Leg]] = {}
    for leg in shape.legs:
        between.setdefault((leg.payer, leg.payee), []).append(leg)
    found = []
    for (payer, payee), legs in between.items():
        line, head = _arrow(at(payer), at(payee), aside=6.0 if (payee, payer) in between else 0.0)
        amounts = ", ".join(view.amount(leg.amount_minor, leg.currency) for leg in legs[:5])
        told = f"{short(payer)} → {short(payee)} · {amounts}" + (" …" if len(legs) > 5 else "")
        found.append(Arrow(line, head, str(OUTCOMES[max(leg.outcome for leg in legs)]), told, last in legs))
    return tuple(found)


def _arrow(a: tuple[float, float], b: tuple[float, float], aside: float) -> tuple[str, str]:
    """A line that ends where the shapes begin, and its head; moved aside where money went the other way, too."""
    length = max(hypot(b[0] - a[0], b[1] - a[1]), 1.0)
    right, down = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    gap = min(SIZE + 4, length / 3)
    x1, y1 = a[0] + right * gap - down * aside, a[1] + down * gap + right * aside
    x2, y2 = b[0] - right * gap - down * aside, b[1] - down * gap + right * aside
    turn = atan2(y2 - y1, x2 - x1)
    wings = [(x2 + 9 * cos(turn + side), y2 + 9 * sin(turn + side)) for side in (pi - 0.4, pi + 0.4)]
    head = " ".join(f"{x:.1f} {y:.1f}L" for x, y in wings).removesuffix("L")
    return f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", f"M{x2:.1f} {y2:.1f}L{head}z"
