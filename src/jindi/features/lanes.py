"""How the values of one event type become the words a kernel reads, and its answers become values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isnan
from struct import Struct
from types import CodeType
from typing import Any, cast

from jindi.features import kernel as k
from jindi.features.names import Names
from jindi.features.periods import period
from jindi.features.plan import Lane, Start
from jindi.language import TIME_WORDS, Truths, build_truths, time_words
from jindi.packs.definitions import EventDef

_DOUBLE, _WORD = Struct("=d"), Struct("=q")


def ratio_word(value: float | None) -> int:
    """A word that orders as the double does; what is no number is missing.

    >>> ratio_word(-1.5) < ratio_word(-0.0) == ratio_word(0.0) < ratio_word(1e-300) < ratio_word(2.0)
    True
    """
    if value is None or isnan(value):
        return k.MISSING
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
    """A key of a lane: the places of its fields, the numbers of its values, and whether to number new ones."""

    names: Names
    places: tuple[int, ...]
    creates: bool


@dataclass(slots=True)
class Conditions:
    """The conditions of a lane whose time words are those of one zone; `places` are their words."""

    places: tuple[int, ...]
    truths: Truths
    zone: Any
    timed: bool


Writer = Callable[[Sequence[Any], int], None]
"""Writes the words of one event, given its values and its instant, into the exchange buffer."""


@dataclass(slots=True)
class Runner:
    """A lane, ready to run: `learn` writes its words and numbers what is new, `look` numbers nothing."""

    lane: Lane
    at: int
    keys: tuple[KeyWord, ...]
    values: tuple[tuple[int, str], ...]
    conditions: tuple[Conditions, ...]
    calendars: tuple[Calendar, ...]
    fields: int
    names: tuple[str, ...]
    """The event type's fields, in their order."""
    outputs: int
    answers_at: int
    """The byte at which its answers begin."""
    unpack: Struct
    unpack_words: Struct
    names_at: tuple[int, ...]
    absent_at: tuple[int, ...]
    learn: Writer = field(init=False)
    look: Writer = field(init=False)

    def refuse(self, values: Sequence[Any]) -> None:
        """Say that an event has another number of values than its type declares."""
        raise ValueError(f"{self.lane.name}: {len(values)} values for {self.fields} declared fields")

    def holds(self, as_of_us: int, values: Sequence[Any]) -> Sequence[bool]:
        """Which conditions are definitely true for an event."""
        if len(self.conditions) == 1:
            group = self.conditions[0]
            return group.truths((*values, *time_words(as_of_us, group.zone).values()) if group.timed else values)
        words = [False] * len(self.lane.conditions)
        for group in self.conditions:
            facts = (*values, *time_words(as_of_us, group.zone).values()) if group.timed else values
            for place, value in zip(group.places, group.truths(facts), strict=True):
                words[place] = value
        return words


def runner(
    lane: Lane,
    at: int,
    event: EventDef | None,
    keys: Mapping[tuple[str, ...], Names],
    names: Names,
    absent: frozenset[str],
    buffer: memoryview,
    inputs: int,
) -> Runner:
    """Make a lane ready: `event` is its type, or None for an entity asked about by its one value.

    Its words go into `buffer` (of bytes) from word `inputs` on, the answers follow them.
    """
    places = {f.name: i for i, f in enumerate(event.fields)} if event else {lane.keys[0][1][0]: 0}
    key_words = [
        KeyWord(keys[namespace], tuple(places[name] for name in fields), i in lane.creates)
        for i, (namespace, fields) in enumerate(lane.keys)
    ]
    zones: dict[str, list[int]] = {}
    for i, condition in enumerate(lane.conditions):
        zones.setdefault(str(condition.zone), []).append(i)
    slots = {**places, **{word: len(places) + i for i, word in enumerate(TIME_WORDS)}}
    groups = []
    for numbers in zones.values():
        expressions = [lane.conditions[i].expression for i in numbers]
        timed = any(e.inputs & TIME_WORDS.keys() for e in expressions)
        groups.append(
            Conditions(tuple(numbers), build_truths(expressions, slots), lane.conditions[numbers[0]].zone, timed)
        )
    codes = {"q": "q", "n": "q", "d": "d", "r": "d", "b": "?7x"}
    made = Runner(
        lane=lane,
        at=at,
        keys=tuple(key_words),
        values=tuple((places[name], codec) for name, codec in lane.values),
        conditions=tuple(groups),
        calendars=tuple(Calendar(start) for start in lane.starts),
        fields=len(places),
        names=tuple(places),
        outputs=inputs + lane.words,
        answers_at=8 * (inputs + lane.words),
        unpack=Struct("=" + "".join(codes[form] for form in lane.forms)),
        unpack_words=Struct(f"={len(lane.forms)}q"),
        names_at=tuple(i for i, form in enumerate(lane.forms) if form == "n"),
        absent_at=tuple(i for i, name in enumerate(lane.reads) if name in absent),
    )
    made.learn = _writer(made, names, buffer, 8 * inputs, learns=True)
    made.look = _writer(made, names, buffer, 8 * inputs, learns=False)
    return made


def _writer(each: Runner, names: Names, buffer: memoryview, offset: int, *, learns: bool) -> Writer:
    """One function that writes a lane's words, generated because a loop over its parts costs three times as
    much. Its text is made of numbers alone: nothing that a pack says is in it.
    """
    known: dict[str, Any] = {
        "names": names,
        "ratio_word": ratio_word,
        "holds": each.holds,
        "pack_into": Struct(f"={each.lane.words}q").pack_into,
        "buffer": buffer,
        "refuse": each.refuse,
    }
    words = []
    for i, key in enumerate(each.keys):
        known[f"key{i}"], known[f"known{i}"] = key.names, key.names.known
        value = "".join(f"v{place}, " for place in key.places)
        value = value[:-2] if len(key.places) == 1 else f"({value})"
        if learns and key.creates:
            words.append(f"key{i}[{value}]")
        else:
            # A single key that is None is in the dictionary; a key of several parts needs a look at each.
            words.append(f"key{i}.get({value}, {k.NEW_KEY})" if len(key.places) == 1 else f"known{i}({value})")
    for place, codec in each.values:
        if codec == "number":
            words.append(f"{k.MISSING} if v{place} is None else v{place}")
        elif codec == "ratio":
            words.append(f"ratio_word(v{place})")
        else:
            words.append(f"names[v{place}]" if learns else f"names.get(v{place}, {k.NEW_KEY})")
    if each.conditions:
        words.append("*holds(as_of_us, values)")
    for i, calendar in enumerate(each.calendars):
        known[f"start{i}"] = calendar.at
        words.append(f"start{i}(as_of_us)")
    fields = "".join(f"v{i}, " for i in range(each.fields))
    text = (
        "def write(values, as_of_us):\n"
        f"    if len(values) != {each.fields}:\n        refuse(values)\n"
        + (f"    ({fields}) = values\n" if fields else "")
        + f"    pack_into(buffer, {offset}, {', '.join(words)})\n"
    )
    exec(_code(text), known)  # noqa: S102 - see above: own text, numbers only
    return cast("Writer", known["write"])


@lru_cache(maxsize=512)
def _code(text: str) -> CodeType:
    """A text compiled; the same lanes are made ready for each platform, replay and trial of a draft."""
    return compile(text, "<a lane's words>", "exec")
