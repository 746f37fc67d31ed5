"""What some decisions say of each entity that they name: where they stand, and the sums that a page of it shows."""

from collections.abc import Sequence

from jindi.language import Value
from jindi.parties.tally import SEP, Shape, amount_of
from jindi.ports import Acts, DayCount, RoleSum, RuleHits

OUTCOMES_COUNT = 5
"""How many outcomes there are; a place in their order is an index."""

_Money = dict[str, int]


class _Sum:
    """What is known of an entity in one role of one event type."""

    __slots__ = ("first_us", "held", "last_us", "money", "seen", "stopped")

    def __init__(self, at_us: int) -> None:
        self.first_us = self.last_us = at_us
        self.seen = self.stopped = 0
        self.money: _Money = {}
        self.held: _Money = {}


class ActTally:
    """Some decisions, taken in the order of the journal, whose instants never decrease."""

    def __init__(self) -> None:
        self._places: list[tuple[str, int, int]] = []
        self._days: dict[tuple[str, int], list[int]] = {}
        self._sums: dict[tuple[str, str, str], _Sum] = {}
        self._hits: dict[tuple[str, str, str], list[int]] = {}
        self._firsts: dict[int, int] = {}

    def take(
        self, seq: int, event_type: str, shape: Shape, values: Sequence[Value], at_us: int, day: int, outcome: int,
        hits: Sequence[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        """One decision: `outcome` is a place in the order of outcomes (0: allowed), `hits` are policies and rules."""
        named: dict[str, str] = {}  # who stands there twice stands there as the first
        for place, role, kind in shape.ends:
            value = values[place]
            if value is not None:
                named.setdefault(f"{kind}{SEP}{value}", role)
        if not named:
            return
        self._firsts.setdefault(day, seq)
        amount = amount_of(shape, values)
        for name, role in named.items():
            self._places.append((name, outcome, seq))
            self._days.setdefault((name, day), [0] * OUTCOMES_COUNT)[outcome] += 1
            self._sum(name, event_type, role, at_us, outcome, amount)
            for policy, rule in hits:
                known = self._hits.setdefault((name, policy, rule), [at_us, at_us, 0])
                known[1], known[2] = at_us, known[2] + 1

    def _sum(
        self, name: str, event_type: str, role: str, at_us: int, outcome: int, amount: tuple[str, int] | None
    ) -> None:  # fmt: skip
        found = self._sums.setdefault((name, event_type, role), _Sum(at_us))
        found.last_us = at_us
        found.seen += 1
        found.stopped += outcome > 0
        if amount is not None:
            money = found.held if outcome > 0 else found.money
            money[amount[0]] = money.get(amount[0], 0) + amount[1]

    def acts(self) -> Acts:
        """All of it, in order."""
        return Acts(
            self._places,
            [(name, DayCount(day, tuple(counts))) for (name, day), counts in sorted(self._days.items())],
            [
                (
                    name,
                    RoleSum(event, role, s.first_us, s.last_us, s.seen, s.stopped, _sorted(s.money), _sorted(s.held)),
                )
                for (name, event, role), s in sorted(self._sums.items())
            ],
            [(name, RuleHits(policy, rule, *known)) for (name, policy, rule), known in sorted(self._hits.items())],
            sorted(self._firsts.items()),
        )


def _sorted(money: _Money) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(money.items()))
