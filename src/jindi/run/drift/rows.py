"""The rows that drift is asked of: a fair sample of each stretch, and the facts in it as columns."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from jindi.basics.instants import DAY_US
from jindi.basics.money import EXPONENTS
from jindi.engine import EventProgram
from jindi.language import Kind, Type, Value
from jindi.packs import FeatureDef
from jindi.run.archive import Archive
from jindi.run.drift.figures import Column
from jindi.run.drift.statistics import Wholes
from jindi.run.records import DecisionRecord

ROWS_MAX = 50_000
"""Rows of a stretch that are looked at; more are drawn from, each with the same chance."""

SEED = 20_261_126
_PEOPLE = ("user", "customer")
_SETTLING = ("last", "since_last")
WEEK_US = 7 * DAY_US
_NUMBERS = (Kind.INT, Kind.MONEY, Kind.DURATION, Kind.RATIO)
T = TypeVar("T")


class Stretch(msgspec.Struct, frozen=True):
    """Instants [since, until) of `as_of`."""

    since_us: int
    until_us: int

    def holds(self, at_us: int) -> bool:
        """Whether an instant lies in it."""
        return self.since_us <= at_us < self.until_us


class Sample(Generic[T]):
    """Up to so many of what passes by, each with the same chance (Vitter 1985, algorithm R); the same every time."""

    def __init__(self, most: int = ROWS_MAX) -> None:
        self.rows: list[T] = []
        self.seen = 0
        self._most, self._chance = most, random.Random(SEED)  # noqa: S311 - a draw of rows

    def add(self, row: T) -> None:
        """One more has passed by."""
        self.seen += 1
        if len(self.rows) < self._most:
            self.rows.append(row)
        elif (place := self._chance.randrange(self.seen)) < self._most:
            self.rows[place] = row


def entity_at(ep: EventProgram) -> int | None:
    """The field whose equal values make rows no strangers to each other: the customer, or else the first entity."""
    fields = [(place, field.entity) for place, field in enumerate(ep.event.fields) if field.entity is not None]
    people = [place for place, entity in fields if entity in _PEOPLE]
    return people[0] if people else fields[0][0] if fields else None


def entities(archive: Archive, rows: Iterable[DecisionRecord]) -> list[str]:
    """Whom each row is about; a row that is about nobody is a stranger to all."""
    found = []
    for number, record in enumerate(rows):
        ep = archive.program(record.definitions).events[record.event_type]
        place = entity_at(ep)
        value = record.values[place] if place is not None else None
        found.append(f"#{number}" if value is None else str(value))
    return found


def numbered(whom: Sequence[str]) -> Wholes:
    """Customers as numbers."""
    if not whom:
        return np.empty(0, np.int64)
    _, numbers = np.unique(np.array(whom), return_inverse=True)
    return numbers.astype(np.int64)


class Facts:
    """The facts of some rows of one event type, by name, under today's meaning of the names."""

    def __init__(self, archive: Archive, today: EventProgram, rest: Callable[[], None] = lambda: None) -> None:
        self._archive, self.today, self._rest = archive, today, rest
        self.redefined: set[str] = set()
        """Facts that have meant something else in some of the rows."""
        self._same: dict[tuple[int, str], bool] = {}

    def is_growing(self, name: str, reference: Stretch, first_us: int) -> bool:
        """Whether a fact changes by itself as the history that began at `first_us` goes on: it reads a window that the
        reference saw only partly full, or one that is never full (`ever`), or a month or a year that has just begun.
        """
        definitions = self.today.definitions
        roots = self.today.roots.get(name, frozenset({name}))
        features = [definitions.features[root] for root in roots if root in definitions.features]
        return any(_fills(each, reference, first_us) for each in features)

    @property
    def names(self) -> tuple[str, ...]:
        """The facts that can be compared: numbers, yes or no, and words that are no identifiers and nobody's secret."""
        ep = self.today
        open_words = {
            field.name for field in ep.event.fields
            if field.entity is None and field.identifier is None and field.data_class in ("public", "C1")
        }  # fmt: skip
        found = []
        first = len(ep.fields) + len(ep.time_words)
        for slot, (name, kind) in enumerate(zip(ep.slots, ep.types, strict=True)):
            if len(ep.fields) <= slot < first + len(ep.limits) or name in ep.models:
                continue  # clocks and limits move by themselves; scores are looked at for themselves
            if kind.kind in _NUMBERS or kind.kind is Kind.BOOL or (kind.kind is Kind.TEXT and name in open_words):
                found.append(name)
        return tuple(found)

    def rows_of(self, records: Sequence[DecisionRecord]) -> list[dict[str, Value]]:
        """Each row's facts by name; what these definitions did not have yet is not there."""
        found = []
        for number, record in enumerate(records):
            ep = self._archive.program(record.definitions).events[record.event_type]
            facts = ep.complete([*record.values, *record.facts], frozenset(record.absent))
            found.append({
                name: value for name, value in zip(ep.slots, facts, strict=True) if self._means_today(record, ep, name)
            })  # fmt: skip
            if number % 8 == 0:
                self._rest()
        return found

    def _means_today(self, record: DecisionRecord, ep: EventProgram, name: str) -> bool:
        key = (record.definitions, name)
        if key not in self._same:
            self._same[key] = self._meaning(ep, name) == self._meaning(self.today, name)
            if not self._same[key] and name in self.today.index:
                self.redefined.add(name)
        return self._same[key]

    def _meaning(self, ep: EventProgram, name: str) -> Any:
        if name not in ep.index:
            return None
        definitions = ep.definitions
        if name in definitions.models:
            return definitions.models[name].digest
        if name in definitions.derived and name in ep.roots:
            roots = sorted(ep.roots[name] & definitions.features.keys())
            return (str(definitions.derived[name].expression), [definitions.features[root] for root in roots])
        return definitions.features.get(name) or ep.types[ep.index[name]]

    def column(self, name: str, rows: Sequence[dict[str, Value]]) -> tuple[Column, Wholes]:
        """One fact of the rows that have it, and which rows these are: numbers as doubles (money in major units), or
        words.
        """
        kind = self.today.types[self.today.index[name]]
        kept = np.array([place for place, row in enumerate(rows) if name in row], np.int64)
        values: list[Any] = [row[name] for row in rows if name in row]
        if kind.kind in _NUMBERS:
            scale = scale_of(kind)
            return np.array([np.nan if value is None else value / scale for value in values], np.float64), kept
        if kind.kind is Kind.BOOL:
            return [None if value is None else "yes" if value else "no" for value in values], kept
        return [None if value is None else str(value) for value in values], kept


def _fills(feature: FeatureDef, reference: Stretch, first_us: int) -> bool:
    """Whether a window feature is still filling up, or always is."""
    seen_us = reference.since_us - first_us
    if feature.over.kind == "ever":
        # How long ago the last time was settles when everybody has had a last time; all else of `ever` only grows.
        return feature.fold not in _SETTLING or seen_us < reference.until_us - reference.since_us
    if feature.over.kind == "calendar":
        return feature.over.unit in ("month", "year") or seen_us < WEEK_US + feature.lag_us
    return seen_us < feature.over.length_us + feature.lag_us


def scale_of(kind: Type) -> float:
    """By what a fact is divided to be what people read."""
    if kind.kind is Kind.MONEY and kind.of is not None:
        return float(10 ** EXPONENTS[kind.of])
    return 1e6 if kind.kind is Kind.DURATION else 1.0
