"""How the values of one event type become the words a kernel reads, and its answers become values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from struct import Struct
from typing import Any

from jindi.features import kernel as k
from jindi.features.names import Names
from jindi.features.periods import period
from jindi.features.plan import Lane, Start
from jindi.language import TIME_WORDS, Value, build_values, time_words
from jindi.packs.definitions import EventDef

_DOUBLE, _WORD = Struct("=d"), Struct("=q")


def ratio_word(value: float) -> int:
    """A word that orders as the double does.

    >>> ratio_word(-1.5) < ratio_word(-0.0) == ratio_word(0.0) < ratio_word(1e-300) < ratio_word(2.0)
    True
    """
    word: int = _WORD.unpack(_DOUBLE.pack(value + 0.0))[0]
    return word if word >= 0 else word ^ 0x7FFFFFFFFFFFFFFF


@dataclass(slots=True)
class Calendar:
    """A calendar window's start, remembered while the same period lasts."""

    start: Start
    begin: int = 0
    end: int = 0

    def at(self, as_of_us: int) -> int:
        """Where the period of `as_of - lag` begins."""
        at = as_of_us - self.start.lag_us
        if not self.begin <= at < self.end:
            self.begin, self.end = period(at, self.start.unit, self.start.zone)
        return self.begin


@dataclass(slots=True)
class KeyWord:
    """A key of a lane: the fields that make it, the numbers of its values, and whether to number new ones."""

    names: Names
    value_of: Callable[[Sequence[Any]], Any]
    places: tuple[int, ...]
    creates: bool


@dataclass(slots=True)
class Conditions:
    """The conditions of a lane whose time words are those of one zone; `places` are their words."""

    places: tuple[int, ...]
    values: Callable[[Sequence[Any]], tuple[Value, ...]]
    zone: Any
    timed: bool


@dataclass(slots=True)
class Runner:
    """A lane, ready to run."""

    lane: Lane
    at: int
    keys: tuple[KeyWord, ...]
    values: tuple[tuple[int, str], ...]
    conditions: tuple[Conditions, ...]
    calendars: tuple[Calendar, ...]
    pack: Struct
    unpack: Struct
    names_at: tuple[int, ...]
    absent_at: tuple[int, ...] = ()
    fields: int = 0
    zeros: list[int] = field(default_factory=list)

    def words(self, names: Names, as_of_us: int, values: Sequence[Any], *, create: bool) -> list[int]:
        """The words of one event."""
        if len(values) != self.fields:
            raise ValueError(f"{self.lane.name}: {len(values)} values for {self.fields} declared fields")
        words = [
            key.names[key.value_of(values)]
            if create and key.creates
            else key.names.known(key.value_of(values))
            for key in self.keys
        ]
        for place, codec in self.values:
            value = values[place]
            if value is None or value != value:  # noqa: PLR0124 - not a number is no value
                words.append(k.MISSING)
            elif codec == "number":
                words.append(value)
            elif codec == "name":
                words.append(names[value] if create else names.known(value))
            else:
                words.append(ratio_word(value))
        if self.conditions:
            words += self.holds(as_of_us, values)
        for calendar in self.calendars:
            words.append(calendar.at(as_of_us))
        return words

    def holds(self, as_of_us: int, values: Sequence[Any]) -> list[int]:
        """Which conditions are definitely true for an event, as words."""
        words = self.zeros.copy()
        for group in self.conditions:
            facts = (*values, *time_words(as_of_us, group.zone).values()) if group.timed else values
            for place, value in zip(group.places, group.values(facts), strict=True):
                words[place] = int(value is True)
        return words


def runner(lane: Lane, at: int, event: EventDef | None, keys: Mapping[tuple[str, ...], Names]) -> Runner:
    """Make a lane ready: `event` is its type, or None for an entity asked about by its one value."""
    places = {f.name: i for i, f in enumerate(event.fields)} if event else {lane.keys[0][1][0]: 0}
    key_words = []
    for i, (namespace, fields) in enumerate(lane.keys):
        where = tuple(places[name] for name in fields)
        key_words.append(KeyWord(keys[namespace], itemgetter(*where), where, i in lane.creates))
    zones: dict[str, list[int]] = {}
    for i, condition in enumerate(lane.conditions):
        zones.setdefault(str(condition.zone), []).append(i)
    slots = {**places, **{word: len(places) + i for i, word in enumerate(TIME_WORDS)}}
    groups = []
    for numbers in zones.values():
        expressions = [lane.conditions[i].expression for i in numbers]
        timed = any(e.inputs & TIME_WORDS.keys() for e in expressions)
        groups.append(
            Conditions(tuple(numbers), build_values(expressions, slots), lane.conditions[numbers[0]].zone, timed)
        )
    codes = {"q": "q", "n": "q", "d": "d", "r": "d", "b": "?7x"}
    return Runner(
        lane=lane,
        at=at,
        keys=tuple(key_words),
        values=tuple((places[name], codec) for name, codec in lane.values),
        conditions=tuple(groups),
        calendars=tuple(Calendar(start) for start in lane.starts),
        pack=Struct(f"={lane.words}q"),
        unpack=Struct("=" + "".join(codes[form] for form in lane.forms)),
        names_at=tuple(i for i, form in enumerate(lane.forms) if form == "n"),
        fields=len(places),
        zeros=[0] * len(lane.conditions),
    )
