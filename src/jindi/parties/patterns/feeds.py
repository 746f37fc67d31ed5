"""Which events are transfers, and between whom: an account is named by what it is and its id, `user:u1`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from jindi.language import Value
from jindi.packs import EventDef, FeedDef, PatternDef
from jindi.packs.patterns import FEEDS_MAX
from jindi.parties.patterns.meaning import Name, Transfer

AMOUNT_MAX = 2**48
"""Minor units: sums of all that a walk looks at stay far inside 64 bits."""


class _End(NamedTuple):
    place: int
    kind: str


class _Feed(NamedTuple):
    """Where an event type has what of a transfer. `currency` is fixed, or stands `beside`."""

    number: int
    payer: _End
    payee: _End
    amount: int
    currency: str | None
    beside: int


class Feeds:
    """The feeds of some patterns, each with its number. Raises ValueError for more than a word has bits.

    Numbers go by what the feeds say, not by the order of patterns: what is kept under them outlives a change of packs.
    """

    def __init__(self, patterns: Iterable[PatternDef], events: Mapping[str, EventDef]) -> None:
        held = list(patterns)
        feeds = {feed for pattern in held for feed in pattern.of}
        self.all: tuple[FeedDef, ...] = tuple(
            sorted(feeds, key=lambda each: (each.event, each.payer, each.payee, each.amount))
        )
        if len(self.all) > FEEDS_MAX:
            raise ValueError(f"patterns are fed by {len(self.all)} kinds of transfers, more than {FEEDS_MAX}")
        self._by_event: dict[str, list[_Feed]] = {}
        for number, feed in enumerate(self.all):
            self._by_event.setdefault(feed.event, []).append(_read(number, feed, events[feed.event]))

    def mask(self, pattern: PatternDef) -> int:
        """The feeds of a pattern as bits."""
        return sum(1 << self.all.index(feed) for feed in pattern.of)

    @property
    def events(self) -> frozenset[str]:
        """The event types that are transfers."""
        return frozenset(self._by_event)

    def speaks_of(self, event: str) -> bool:
        """Whether events of a type are transfers."""
        return event in self._by_event

    def transfers(self, event: str, values: Sequence[Value], at_us: int, name: Name) -> Iterator[Transfer]:
        """The transfers that an event is; `values` in the order of its fields. A missing field makes none, nor does an
        amount below 0 or above AMOUNT_MAX.
        """
        for feed in self._by_event.get(event, ()):
            payer, payee, amount = values[feed.payer.place], values[feed.payee.place], values[feed.amount]
            currency = feed.currency if feed.currency is not None else values[feed.beside]
            if payer is None or payee is None or not isinstance(amount, int) or not isinstance(currency, str):
                continue
            if not 0 <= amount <= AMOUNT_MAX:
                continue
            yield Transfer(
                name, at_us, f"{feed.payer.kind}:{payer}", f"{feed.payee.kind}:{payee}", amount, currency, feed.number
            )


def _read(number: int, feed: FeedDef, event: EventDef) -> _Feed:
    places = {field.name: place for place, field in enumerate(event.fields)}

    def end(name: str) -> _End:
        field = event.fields[places[name]]
        return _End(places[name], field.same_as or field.entity or name)

    money = event.fields[places[feed.amount]].type
    beside = places.get(money.currency_field or "", -1)
    return _Feed(number, end(feed.payer), end(feed.payee), places[feed.amount], money.of, beside)
