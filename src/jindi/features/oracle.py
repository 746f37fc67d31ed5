"""The naive definition of every feature, which the kernels must equal: plain lists, walked whole each time.

It is meant to be read, and to be right; it is never fast.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jindi.basics.instants import day_of, start_of_day
from jindi.features.periods import first_day
from jindi.language import Value, evaluate, time_words
from jindi.packs.definitions import Definitions, FeatureDef


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in a feature's list: when it counted, and the value it brought."""

    at_us: int
    value: Value


def fold_of(feature: FeatureDef, entries: Sequence[Entry], as_of_us: int, value: Value) -> Value:
    """The fold over the entries of one window; `value` is the current event's (for `seen`)."""
    values = [entry.value for entry in entries]
    numbers = [v for v in values if isinstance(v, int | float)]
    count = len(entries)
    match feature.fold:
        case "count":
            return count
        case "sum":
            return sum(numbers)
        case "mean":
            return float(sum(numbers)) / float(count) if count else None
        case "std":
            spread = count * sum(v * v for v in numbers) - sum(numbers) ** 2
            return math.sqrt(float(spread) / float(count * (count - 1))) if count > 1 else None
        case "min":
            return min(numbers, default=None)
        case "max":
            return max(numbers, default=None)
        case "distinct":
            return len(set(values))
        case "first":
            return values[0] if values else None
        case "last":
            return values[-1] if values else None
        case "since_first":
            return as_of_us - entries[0].at_us if entries else None
        case "since_last":
            return as_of_us - entries[-1].at_us if entries else None
        case "seen" if any(feature.value.values()):
            return None if value is None else value in values
        case "seen":
            return count > 0
        case "quantile":
            rank = -(-feature.quantile_ppm * count // 1_000_000)
            return sorted(numbers)[max(rank, 1) - 1] if values else None
        case _:
            raise AssertionError(feature.fold)


def in_window(feature: FeatureDef, at_us: int, as_of_us: int) -> bool:
    """Whether an instant lies in the window that ends at `as_of - lag`."""
    end = as_of_us - feature.lag_us
    if at_us > end or feature.over.kind == "ever":
        return at_us <= end
    if feature.over.unit is None:
        return at_us > end - feature.over.length_us
    return at_us >= start_of_day(first_day(day_of(end, feature.zone), feature.over.unit), feature.zone)


@dataclass(slots=True)
class Oracle:
    """Does what `Windows` does: observe, read and keep, with the same answers."""

    definitions: Definitions
    reads: Mapping[str, tuple[str, ...]]
    lists: dict[tuple[str, tuple[Value, ...]], list[Entry]] = field(default_factory=dict)

    def observe(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> list[Value]:
        """Read, then feed what counts attempts."""
        row = self.read(event_type, as_of_us, values)
        self._feed("attempts", event_type, as_of_us, values)
        return row

    def keep(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> None:
        """Feed what counts accepted events."""
        self._feed("accepted", event_type, as_of_us, values)

    def read(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> list[Value]:
        """The features of the type, in the order of `reads`."""
        facts = self._facts(event_type, values)
        features = [self.definitions.features[name] for name in self.reads[event_type]]
        return [self._value(feature, event_type, as_of_us, facts) for feature in features]

    def _facts(self, event_type: str, values: Sequence[Value]) -> dict[str, Value]:
        return {f.name: v for f, v in zip(self.definitions.events[event_type].fields, values, strict=True)}

    def _value(self, feature: FeatureDef, event_type: str, as_of_us: int, facts: Mapping[str, Value]) -> Value:
        key = tuple(facts[name] for name in feature.by[event_type])
        if None in key:
            return None
        entries = list(self.lists.get((feature.name, key), ()))
        earlier_only = feature.fold in ("seen", "first", "last", "since_first", "since_last")
        if not earlier_only and feature.current == "include" and counts(feature, event_type, as_of_us, facts):
            entries.append(Entry(as_of_us, brought(feature, event_type, facts)))
        entries = [entry for entry in entries if in_window(feature, entry.at_us, as_of_us)]
        return fold_of(feature, entries, as_of_us, brought(feature, event_type, facts))

    def _feed(self, counting: str, event_type: str, as_of_us: int, values: Sequence[Value]) -> None:
        facts = self._facts(event_type, values)
        for feature in self.definitions.features.values():
            if feature.counts == counting and counts(feature, event_type, as_of_us, facts):
                key = tuple(facts[name] for name in feature.by[event_type])
                entry = Entry(as_of_us, brought(feature, event_type, facts))
                self.lists.setdefault((feature.name, key), []).append(entry)


def brought(feature: FeatureDef, event_type: str, facts: Mapping[str, Value]) -> Value:
    """The value that an event brings to a feature."""
    name = feature.value.get(event_type, "")
    return facts[name] if name else None


def counts(feature: FeatureDef, event_type: str, as_of_us: int, facts: Mapping[str, Value]) -> bool:
    """Whether an event feeds a feature: its type does, it has key and value, and the condition holds."""
    if event_type not in feature.of or any(facts[name] is None for name in feature.by[event_type]):
        return False
    if feature.value.get(event_type) and brought(feature, event_type, facts) is None:
        return False
    if event_type not in feature.where:
        return True
    known = {**facts, **time_words(as_of_us, feature.zone)}
    return evaluate(feature.where[event_type], known.__getitem__) is True
