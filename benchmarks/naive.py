"""The folds as a careful client writes them that gets a key's events from a store: walked anew each time."""

import math
from collections.abc import Sequence

from benchmarks.work import ENTITIES, Feature


class Naive:
    """Features over a key's events of thirty days, oldest first, the current one last."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.of = {name: [f for f in features if f.entity == name] for name in ENTITIES}
        self.names = [f.name for name in ENTITIES for f in self.of[name]]
        self._lengths = {name: sorted({f.over_us for f in mine}) for name, mine in self.of.items()}

    def fold(self, entity: str, held: Sequence[tuple[int, int, object]], at: int) -> list[float | None]:
        """The features of one key, in the order of `of[entity]`; `held` has (instant, amount, other key)."""
        begins = {}
        for over_us in self._lengths[entity]:
            begin = len(held)
            while begin and held[begin - 1][0] > at - over_us:
                begin -= 1
            begins[over_us] = begin
        out: list[float | None] = []
        for f in self.of[entity]:
            window = held[begins[f.over_us] :]
            match f.fold:
                case "count":
                    out.append(len(window))
                case "sum":
                    out.append(sum(amount for _, amount, _ in window))
                case "mean":
                    out.append(sum(amount for _, amount, _ in window) / len(window))
                case "max":
                    out.append(max(amount for _, amount, _ in window))
                case "distinct":
                    out.append(len({other for _, _, other in window}))
                case _:
                    out.append(deviation([amount for _, amount, _ in window]))
        return out


def deviation(values: Sequence[int]) -> float | None:
    """The sample's standard deviation from exact integers; None for fewer than two."""
    count = len(values)
    if count < 2:
        return None
    total = sum(values)
    return math.sqrt((count * sum(v * v for v in values) - total * total) / (count * (count - 1)))
