"""Which entities an event names, and what some decisions say of how they hang together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeVar

from jindi.basics.money import EXPONENTS
from jindi.language import Kind, Value
from jindi.packs import EventDef
from jindi.ports import Link, LinkEntity

SEP = ":"
JOINED = "-"


def kind_of(name: str) -> str:
    """What an entity is, by its name.

    >>> kind_of("user:u1:x")
    'user'
    """
    return name.partition(SEP)[0]


class End(NamedTuple):
    """A field that names an entity: where its value stands, as what it stands there, and what it is."""

    place: int
    role: str
    kind: str


class Amount(NamedTuple):
    """A field of money: where it stands, and its currency, or where that stands."""

    place: int
    currency: str | None
    beside: int


class Shape(NamedTuple):
    """What of an event type links read."""

    ends: tuple[End, ...]
    amounts: tuple[Amount, ...]


def shape_of(event: EventDef, leave_out: Collection[str] = (), least: int = 2) -> Shape | None:
    """What links read of an event type; None where it can't name so many entities: a link has two. `leave_out` names
    roles that link nobody.
    """
    places = {field.name: place for place, field in enumerate(event.fields)}
    ends = tuple(
        End(places[field.name], field.entity, field.same_as or field.entity)
        for field in event.fields
        if field.entity is not None and field.entity not in leave_out
    )
    amounts = tuple(
        Amount(places[field.name], field.type.of, places.get(field.type.currency_field or "", -1))
        for field in event.fields
        if field.type.kind is Kind.MONEY
    )
    return Shape(ends, amounts) if len(ends) >= least else None


@dataclass(slots=True)
class _Seen:
    """What is known of an entity or a link."""

    first_us: int
    last_us: int
    seen: int = 0
    stopped: int = 0
    worst: int = 0
    money: dict[str, int] | None = None

    def take(self, at_us: int, outcome: int, money: tuple[str, int] | None, keep_us: int) -> None:
        if at_us - self.last_us > keep_us:
            self.first_us, self.seen, self.stopped, self.worst, self.money = at_us, 0, 0, 0, None
        self.last_us = at_us
        self.seen += 1
        self.stopped += outcome > 0
        self.worst = max(self.worst, outcome)
        if money is not None:
            held = self.money = self.money or {}
            held[money[0]] = held.get(money[0], 0) + money[1]


class Tally:
    """Some decisions, taken in the order of the journal, whose instants never decrease. What was not seen for longer
    than `keep_us` begins anew: it makes no difference whether it was dropped meanwhile.
    """

    def __init__(self, keep_us: int) -> None:
        self._keep_us = keep_us
        self._entities: dict[str, _Seen] = {}
        self._links: dict[tuple[str, str, str], _Seen] = {}

    def __len__(self) -> int:
        return len(self._links)

    def take(self, shape: Shape, values: Sequence[Value], at_us: int, outcome: int) -> None:
        """One decision: `values` of its event, and its outcome's place in the order of outcomes (0: allowed)."""
        named: dict[str, str] = {}  # as what each stands there; who stands there twice stands there as the first
        for place, role, kind in shape.ends:
            value = values[place]
            if value is not None:
                named.setdefault(f"{kind}{SEP}{value}", role)
        if len(named) < 2:
            return
        money, keep_us = amount_of(shape, values), self._keep_us
        for name in named:
            _put(self._entities, name, at_us).take(at_us, outcome, None, keep_us)
        for (a, role_a), (b, role_b) in combinations(sorted(named.items(), key=_by_role), 2):
            _put(self._links, (a, b, f"{role_a}{JOINED}{role_b}"), at_us).take(at_us, outcome, money, keep_us)

    def entities(self) -> list[LinkEntity]:
        """Whom they name, in order."""
        return [
            LinkEntity(name, each.first_us, each.last_us, each.seen, each.stopped, each.worst)
            for name, each in sorted(self._entities.items())
        ]

    def links(self) -> list[Link]:
        """What they link, in order."""
        return [
            Link(*key, each.first_us, each.last_us, each.seen, each.stopped, each.worst, _money(each))
            for key, each in sorted(self._links.items())
        ]


def _by_role(named: tuple[str, str]) -> tuple[str, str]:
    return named[1], named[0]


_Key = TypeVar("_Key")


def _put(held: dict[_Key, _Seen], key: _Key, at_us: int) -> _Seen:
    found = held.get(key)
    if found is None:
        found = held[key] = _Seen(at_us, at_us)
    return found


def _money(seen: _Seen) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(seen.money.items())) if seen.money else ()


def amount_of(shape: Shape, values: Sequence[Value]) -> tuple[str, int] | None:
    """The first amount that an event has; None when it has none."""
    for place, fixed, beside in shape.amounts:
        value = values[place]
        if isinstance(value, int):
            currency = fixed or (str(values[beside]) if beside >= 0 else "")
            if currency in EXPONENTS:
                return currency, value
    return None
