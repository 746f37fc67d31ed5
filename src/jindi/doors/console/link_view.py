"""What a page about links is asked for by its address, and how entities and links are shown: names, words, shapes.

A picture is geometry: a template draws it. What an entity is, is its shape; how heavy the outcomes were that it stood
in, its colour with a mark and a word.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import cos, log1p, pi, sin
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jindi.basics.instants import day_of, format_instant, start_of_day
from jindi.basics.money import format_minor
from jindi.doors.console.view import View, is_fit_for_address
from jindi.doors.console.words import WORDS
from jindi.packs import OUTCOMES
from jindi.parties import kind_of, laid_out
from jindi.parties.graph import DEPTH_MAX
from jindi.parties.tally import JOINED, SEP
from jindi.ports import Link, LinkEntity, LinkQuery

ROWS: Final = 50
PAGES_MAX: Final = 1_000
NAME_MAX: Final = 200
PART: Final = ","
"""What parts several names in an address."""

CSV_HEAD: Final = (
    "a_entity", "a", "b_entity", "b", "kind", "decisions", "not_allowed", "outcome", "amounts",
    "first_seen", "last_seen",
)  # fmt: skip
ORDERS: Final = ("relevance", "last", "first", "seen", "stopped", "money")
WIDTH, HEIGHT, MARGIN = 880, 560, 40
APART: Final = 40.0
LABELLED: Final = 48
"""So many entities may all have their names beside them; of more only those that matter most."""

_SIDES: Final = {"device": 4, "terminal": 3, "ip": 4, "merchant": 3, "person": 6, "phone": 5, "campaign": 8}
"""Corners of the shape that a kind has; without, it is a circle."""

_TURNED: Final = {"device": pi / 4, "terminal": pi, "person": pi / 6}
"""Those that do not stand on a corner, or not with one on top."""


_GLYPHS: Final = {
    "challenge": "M-2.2 -3.8h4.4L4.4 0 2.2 3.8h-4.4L-4.4 0z", "delay": "M-3.2 -3.2h6.4v6.4h-6.4z",
    "review": "M0 -4.4 4.4 3.4h-8.8z", "deny": "M0 -5 5 0 0 5 -5 0z",
}  # fmt: skip
"""The marks of outcomes, as they stand inside of shapes: nobody has to tell colours apart. Allowed has none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `chosen` is the entity that is looked at, `case` the case that somebody works on."""

    start: str = ""
    goal: str = ""
    depth: int = 1
    since: date | None = None
    until: date | None = None
    roles: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    chosen: str = ""
    view: str = "graph"
    order: str = "relevance"
    page: int = 1
    case: str = ""

    @property
    def parts(self) -> dict[str, str]:
        """It again, as an address has it."""
        return {
            "start": self.start, "goal": self.goal, "depth": str(self.depth) if self.depth > 1 else "",
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "kinds": PART.join(self.roles), "open": PART.join(self.opened), "sel": self.chosen,
            "view": self.view if self.view != "graph" else "", "order": self.order if self.order != ORDERS[0] else "",
            "page": str(self.page) if self.page > 1 else "", "case": self.case,
        }  # fmt: skip

    def but(self, **how: object) -> dict[str, str]:
        """The address of the same with something else in it: its first page."""
        return replace(self, **({"page": 1} | how)).parts  # type: ignore[arg-type]

    def query(self, zone: ZoneInfo) -> LinkQuery:
        """Which links are asked for: whole days of the page's zone."""
        until = self.until + timedelta(days=1) if self.until else None
        return LinkQuery(
            since_us=start_of_day(self.since, zone) if self.since else None,
            until_us=start_of_day(until, zone) - 1 if until else None, roles=self.roles,
        )  # fmt: skip


def asked_of(given: Mapping[str, str], roles: Collection[str]) -> tuple[Asked, list[str]]:
    """What an address or a form asks for, and the names of those parts that mean nothing."""
    unknown: list[str] = []

    def text(name: str) -> str:
        return given.get(name, "").strip()

    def name_in(name: str) -> str:
        if not text(name) or is_name(text(name)):
            return text(name)
        unknown.append(name)
        return ""

    def one_of(name: str, known: Sequence[str], otherwise: str) -> str:
        if text(name) in ("", *known):
            return text(name) or otherwise
        unknown.append(name)
        return otherwise

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(text(name)) if text(name) else None
        except ValueError:
            unknown.append(name)
            return None

    def names(name: str, known: Collection[str] | None) -> tuple[str, ...]:
        told = tuple(dict.fromkeys(each for each in text(name).split(PART) if each))[:50]
        good = tuple(each for each in told if (is_name(each) if known is None else each in known))
        if len(good) < len(told):
            unknown.append(name)
        return good

    page = text("page")
    case = text("case")
    return Asked(
        start=name_in("start"), goal=name_in("goal"),
        depth=int(one_of("depth", [str(n + 1) for n in range(DEPTH_MAX)], "1")), since=day("since"), until=day("until"),
        roles=names("kinds", roles), opened=names("open", None), chosen=name_in("sel"),
        view=one_of("view", ("graph", "list"), "graph"), order=one_of("order", ORDERS, ORDERS[0]),
        page=int(page) if page.isascii() and page.isdecimal() and 0 < int(page[:6]) <= PAGES_MAX else 1,
        case=case if case.startswith("case_") and len(case) <= 24 else "",
    ), unknown  # fmt: skip


def is_name(text: str) -> bool:
    """Whether a text may name an entity in an address.

    >>> is_name("user:u1"), is_name("user"), is_name("user:13812345678"), is_name("user:a,b")
    (True, False, False, False)
    """
    kind, colon, value = text.partition(SEP)
    return (
        bool(kind and colon and value) and len(text) <= NAME_MAX and text.isprintable() and PART not in text
        and is_fit_for_address(value)
    )  # fmt: skip


def value_of(name: str) -> str:
    """An entity's value, by its name."""
    return name.partition(SEP)[2]


def short(name: str) -> str:
    """An entity's value at a glance: of a token, which says nothing by itself, the beginning of its code.

    >>> short("device:device.AbCdEfGhIjKlMnOpQrStUv"), short("user:u00017"), short("merchant:a-very-long-merchant")
    ('AbCdEf…', 'u00017', 'a-very-long…')
    """
    value = value_of(name)
    head, dot, code = value.partition(".")
    if dot and len(code) == 22 and head.replace("_", "").isalpha():
        return code[:6] + "…"
    return value if len(value) <= 12 else value[:11] + "…"


def word_of(view: View, role: str) -> str:
    """What an entity is, or as what it stands in a link."""
    return view.t(f"links.kind.{role}") if f"links.kind.{role}" in WORDS else role.replace("_", " ")


def roles_of(view: View, roles: str) -> str:
    """The two roles of a link in words."""
    return " – ".join(word_of(view, each) for each in roles.split(JOINED, 1))


def title_of(view: View, name: str) -> str:
    """An entity in words."""
    return f"{word_of(view, kind_of(name))} {short(name)}"


@dataclass(frozen=True, slots=True)
class Node:
    """An entity in a picture. `shape` is what it is, as a path around its place; `outcome` its heaviest, and `glyph`
    the mark of that inside.
    """

    entity: LinkEntity
    x: float
    y: float
    kind: str
    shape: str
    outcome: str
    glyph: str
    label: str
    told: str
    is_start: bool
    is_hub: bool
    is_chosen: bool
    is_dim: bool
    has_label: bool
    cases: int

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.entity.name


@dataclass(frozen=True, slots=True)
class Edge:
    """All links between two entities in a picture, as one line."""

    x1: float
    y1: float
    x2: float
    y2: float
    outcome: str
    width: float
    told: str
    is_dim: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph, laid out."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    kinds: tuple[str, ...]
    shapes: Mapping[str, str]
    outcomes: tuple[str, ...]
    width: int = WIDTH
    height: int = HEIGHT


def picture(
    view: View, entities: Sequence[LinkEntity], links: Sequence[Link], start: str, *, chosen: str = "",
    hubs: Collection[str] = (), cases: Mapping[str, int] | None = None, in_a_row: bool = False,
) -> Picture:  # fmt: skip
    """Entities and links as a picture; `in_a_row` lays them out as the way that they are."""
    places = {each.name: n for n, each in enumerate(entities)}
    pairs = [(places[each.a], places[each.b]) for each in links]
    if in_a_row:
        across = (WIDTH - 4 * MARGIN) / max(len(entities) - 1, 1)
        points = [(2 * MARGIN + n * across, 90.0 + (24.0 if n % 2 else 0.0)) for n in range(len(entities))]
    else:
        field = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
        points = [(x + MARGIN, y + MARGIN) for x, y in laid_out(len(entities), pairs, *field, APART)]
    beside = {chosen} | {end for each in links for end in each[:2] if chosen in each[:2]}
    is_bright = chosen if chosen in places else ""
    few, has_few_beside = len(entities) <= LABELLED, len(beside) <= LABELLED
    nodes = []
    for each, (x, y) in zip(entities, points, strict=True):
        name, kind, outcome = each.name, kind_of(each.name), str(OUTCOMES[each.worst])
        size = 15.0 if name == start else 11.0
        matters = name in (start, chosen) or name in hubs or bool(is_bright and has_few_beside and name in beside)
        number = (cases or {}).get(name, 0)
        told = [title_of(view, name), view.t(f"outcome.{outcome}"), view.t("links.decisions", n=each.seen)]
        told += [view.t("links.hub.of", n=each.degree)] if name in hubs else []
        told += [view.t("links.cases.open", n=number)] if number else []
        nodes.append(Node(
            each, round(x, 1), round(y, 1), kind, shape_path(kind, size), outcome, _GLYPHS.get(outcome, ""),
            short(name), " · ".join(told),
            name == start, name in hubs, name == chosen, bool(is_bright) and name not in beside, few or matters, number,
        ))  # fmt: skip
    edges = _edges(view, links, {node.name: node for node in nodes}, is_bright)
    kinds = tuple(sorted({node.kind for node in nodes}))
    there = {node.outcome for node in nodes}
    return Picture(
        tuple(nodes), edges, kinds, {kind: shape_path(kind, 7.0) for kind in kinds},
        tuple(str(each) for each in OUTCOMES if str(each) in there), height=HEIGHT if not in_a_row else 200,
    )  # fmt: skip


def _edges(view: View, links: Sequence[Link], nodes: Mapping[str, Node], bright: str) -> tuple[Edge, ...]:
    between: dict[tuple[str, str], list[Link]] = {}
    for each in links:
        between.setdefault((min(each.a, each.b), max(each.a, each.b)), []).append(each)
    edges = []
    for (a, b), row in between.items():
        seen, worst = sum(each.seen for each in row), max(each.worst for each in row)
        roles = ", ".join(roles_of(view, each.roles) for each in row)
        told = f"{roles} · {view.t('links.decisions', n=seen)} · {view.t(f'outcome.{OUTCOMES[worst]}')}"
        one, other = nodes[a], nodes[b]
        edges.append(Edge(
            one.x, one.y, other.x, other.y, str(OUTCOMES[worst]), round(1.0 + min(log1p(seen - 1), 4.0) * 0.6, 1), told,
            bool(bright) and bright not in (a, b),
        ))  # fmt: skip
    return tuple(edges)


def shape_path(kind: str, size: float) -> str:
    """A kind's shape around the origin, as an SVG path.

    >>> shape_path("ip", 2)
    'M0 -2L2 0L0 2L-2 0z'
    """
    if kind == "card":
        wide, tall = round(size * 1.25, 1), round(size * 0.8, 1)
        return f"M{-wide} {-tall}H{wide}V{tall}H{-wide}z"
    corners = _SIDES.get(kind, 0)
    if not corners:
        return f"M{-size:g} 0a{size:g} {size:g} 0 1 0 {2 * size:g} 0a{size:g} {size:g} 0 1 0 {-2 * size:g} 0z"
    # A shape with few corners is small for its reach: it gets some more.
    reach, turn = size * {3: 1.3, 4: 1.0 if kind == "ip" else 1.2}.get(corners, 1.1), _TURNED.get(kind, 0.0)
    points = [
        f"{round(reach * sin(turn + 2 * pi * n / corners), 1) + 0:g} "
        f"{round(-reach * cos(turn + 2 * pi * n / corners), 1) + 0:g}"
        for n in range(corners)
    ]
    return f"M{'L'.join(points)}z"


@dataclass(frozen=True, slots=True)
class Line:
    """A link as a list shows it: its ends with their roles, its amounts in words."""

    link: Link
    role_a: str
    role_b: str
    outcome: str
    money: str
    amounts: str


def line_of(view: View, link: Link) -> Line:
    """A link for the reader."""
    role_a, _, role_b = link.roles.partition(JOINED)
    told = [view.amount(minor, currency) for currency, minor in sorted(link.money, key=lambda each: -abs(each[1]))]
    more = f" +{len(told) - 1}" if len(told) > 1 else ""
    return Line(
        link, word_of(view, role_a), word_of(view, role_b), str(OUTCOMES[link.worst]),
        told[0] + more if told else "", ", ".join(told),
    )  # fmt: skip


def in_order(links: Sequence[Link], order: str) -> list[Link]:
    """Links in an order of the list, the largest or newest first; whatever is equal by their names."""

    def key(each: Link) -> tuple[int, ...]:
        match order:
            case "last":
                return (-each.last_us,)
            case "first":
                return (each.first_us,)
            case "seen":
                return (-each.seen,)
            case "stopped":
                return (-each.stopped,)
            case "money":
                return (-max((abs(minor) for _, minor in each.money), default=0),)
            case _:
                return -each.worst, -each.last_us

    return sorted(links, key=lambda each: (*key(each), *each[:3]))


@dataclass(frozen=True, slots=True)
class Days:
    """The days that a start has links of, as the two ends of the range count them, and those that are chosen."""

    first: int
    last: int
    since: int
    until: int

    @property
    def is_more_than_one(self) -> bool:
        """Whether there is anything to choose."""
        return self.last > self.first


def days_of(view: View, asked: Asked, entities: Sequence[LinkEntity]) -> Days:
    """The range of days for what is shown."""
    first = day_of(min(each.first_us for each in entities), view.zone).toordinal()
    last = day_of(max(each.last_us for each in entities), view.zone).toordinal()
    since = asked.since.toordinal() if asked.since else first
    until = asked.until.toordinal() if asked.until else last
    first, last = min(first, since, until), max(last, since, until)
    return Days(first, last, since, until)


def day_in(text: str) -> date | None:
    """A day that a range counts; None for what is none."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:8]) <= date.max.toordinal():
        return None
    return date.fromordinal(int(text[:8]))


def entity_path(name: str) -> str:
    """The page of an entity."""
    return f"/console/entities/{quote(kind_of(name))}/{quote(value_of(name), safe='')}"


def table_line(link: Link) -> list[str]:
    """A link as a line of a table."""
    amounts = " ".join(f"{currency} {format_minor(minor, currency)}" for currency, minor in link.money)
    return [
        kind_of(link.a), value_of(link.a), kind_of(link.b), value_of(link.b), link.roles, str(link.seen),
        str(link.stopped), str(OUTCOMES[link.worst]), amounts, format_instant(link.first_us),
        format_instant(link.last_us),
    ]  # fmt: skip
