"""Which backups stay: the newest few, and of the days, weeks and months before one each."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec


class Retention(msgspec.Struct, frozen=True):
    """How many backups of each kind stay: the `newest`, and the last one of so many days, weeks (ISO) and months, in
    UTC, that have any.
    """

    newest: int
    daily: int = 0
    weekly: int = 0
    monthly: int = 0


def retained(made: Sequence[tuple[int, int]], retention: Retention, always: Iterable[int] = ()) -> set[int]:
    """The numbers of those backups that stay, of (number, microseconds when it was made), oldest first.

    The newest always does, and so do those that are named.

    >>> day = 86_400_000_000
    >>> sorted(retained([(1, 0), (2, 10), (3, day), (4, 2 * day), (5, 2 * day + 9)], Retention(1, daily=3)))
    [2, 3, 5]
    """
    numbers = [number for number, _ in made]
    stay = set(numbers[-max(1, retention.newest) :]) | (set(always) & set(numbers))
    for count, period in ((retention.daily, "%Y-%m-%d"), (retention.weekly, "%G-%V"), (retention.monthly, "%Y-%m")):
        met: dict[str, int] = {}
        for number, at_us in reversed(made):
            met.setdefault(datetime.fromtimestamp(at_us / 1e6, UTC).strftime(period), number)
        stay.update(list(met.values())[:count])
    return stay
