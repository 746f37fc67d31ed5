"""Who is reached from whom: an expansion that ends at a cap, and the shortest way between two.

The most relevant come first: the heaviest outcome, then the newest. A hub (an address that five thousand share) says
little of any of them: it is shown with its degree, and gone through only when somebody asks for it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from jindi.ports import Link, LinkEntity, Near

CAP, HUB, DEPTH_MAX = 150, 100, 3
"""Design defaults: so many entities are shown, from more links on somebody is a hub, and so far it is gone at the most.
"""

LOOKED_MAX = 20_000
"""So many links are looked at for a shortest way before it is given up."""

Look = Callable[[str], Sequence[Near]]
"""The links of an entity, the most relevant first."""

Between = Callable[[Collection[str]], Sequence[Link]]
"""All links that have both ends among some entities."""


@dataclass(frozen=True, slots=True)
class Graph:
    """What was reached from a start: entities in the order in which they came, and all links between them.

    `found` counts whoever was met, shown or not. `depths` says how far each is from the start. `hubs` are shown and
    not gone through.
    """

    start: LinkEntity
    entities: tuple[LinkEntity, ...]
    links: tuple[Link, ...]
    depths: Mapping[str, int]
    found: int
    hubs: frozenset[str]

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are shown."""
        return self.found > len(self.entities)


def expand(
    start: LinkEntity, look: Look, between: Between, *, depth: int = 1, cap: int = CAP, hub: int = HUB,
    opened: AbstractSet[str] = frozenset(),
) -> Graph:  # fmt: skip
    """All that is within `depth` of the start, at most `cap` entities. Who is in `opened` is gone through wherever it
    stands, be it a hub.
    """
    shown, depths, found = {start.name: start}, {start.name: 0}, {start.name}
    gone: set[str] = set()

    def step(level: Iterable[LinkEntity]) -> list[LinkEntity]:
        met: dict[str, tuple[tuple[int, int, str], LinkEntity, int]] = {}
        for each in level:
            gone.add(each.name)
            for near in look(each.name):
                name, key = near.other.name, relevance(near)
                found.add(name)
                if name not in shown and (name not in met or key < met[name][0]):
                    met[name] = key, near.other, depths[each.name] + 1
        come = sorted(met.values(), key=lambda each: each[0])[: cap - len(shown)]
        for _, other, far in come:
            shown[other.name], depths[other.name] = other, far
        return [other for _, other, _ in come]

    level = [start]
    for _ in range(depth):
        level = step(
            each for each in level if each is start or each.degree <= hub or each.name in opened
        )  # fmt: skip
    while waiting := [each for name, each in shown.items() if name in opened and name not in gone]:
        step(waiting)
    hubs = frozenset(name for name, each in shown.items() if each.degree > hub and name not in gone)
    return Graph(start, tuple(shown.values()), tuple(between(shown)), depths, len(found), hubs)


def relevance(near: Near) -> tuple[int, int, str]:
    """What comes first: the heaviest outcome, then the newest, then by name."""
    return -near.link.worst, -near.link.last_us, near.other.name


@dataclass(frozen=True, slots=True)
class Path:
    """A shortest way. No `entities`: there is none, or it was given up after so many links were looked at.

    `hubs` are those that both ends lead to: a way through them says little.
    """

    entities: tuple[LinkEntity, ...]
    looked: int
    gave_up: bool
    hubs: tuple[LinkEntity, ...]


class _Side:
    """What was reached from one end."""

    def __init__(self, end: LinkEntity) -> None:
        self.from_whom: dict[str, str | None] = {end.name: None}
        self.level = [end.name]
        self.hubs: dict[str, LinkEntity] = {}
        self.is_fresh = True

    @property
    def is_waiting(self) -> bool:
        """Whether not even the end's own links were looked at."""
        return self.is_fresh and bool(self.level)

    def way_to(self, name: str) -> list[str]:
        way, at = list[str](), str(name)
        while (back := self.from_whom[at]) is not None:
            way.append(at)
            at = back
        return [*way, at]


def shortest(
    start: LinkEntity, goal: LinkEntity, look: Look, *, hub: int = HUB, looked_max: int = LOOKED_MAX
) -> Path:  # fmt: skip
    """A shortest way between two, from both ends at once. It goes through no hub but its ends."""
    if start.name == goal.name:
        return Path((start,), 0, False, ())
    near, far = _Side(start), _Side(goal)
    known, looked = {start.name: start, goal.name: goal}, 0
    # From an end that leads nowhere the other is asked once all the same: for the hubs that both lead to.
    while (near.level and far.level) or near.is_waiting or far.is_waiting:
        is_near = bool(near.level) and (not far.level or len(near.level) <= len(far.level))
        mine, other = (near, far) if is_near else (far, near)
        mine.is_fresh = False
        fresh, meeting = list[str](), None
        for name in mine.level:
            for each in look(name):
                looked += 1
                if looked > looked_max:
                    return Path((), looked - 1, True, _both(near, far))
                met = each.other
                if met.name in mine.from_whom:
                    continue
                if met.degree > hub and met.name not in (start.name, goal.name):
                    mine.hubs.setdefault(met.name, met)
                    continue
                known[met.name], mine.from_whom[met.name] = met, name
                fresh.append(met.name)
                if met.name in other.from_whom and meeting is None:
                    meeting = met.name
        if meeting is not None:
            way = [*reversed(near.way_to(meeting)), *far.way_to(meeting)[1:]]
            return Path(tuple(known[name] for name in way), looked, False, _both(near, far))
        mine.level = fresh
    return Path((), looked, False, _both(near, far))


def _both(near: _Side, far: _Side) -> tuple[LinkEntity, ...]:
    return tuple(near.hubs[name] for name in sorted(near.hubs.keys() & far.hubs.keys()))
