"""Features as people look at them: what each is made of, what reads it, whether it is kept, what it says lately.

Knows: definitions in force, and the decisions that are still at hand. Never: an entity; whoever asks for somebody's
value takes the road of all who do (`Platform.entity_features`).
"""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from jindi.engine import EventProgram
from jindi.language import Kind, Type, Value
from jindi.packs import Definitions, DerivedDef, FeatureDef
from jindi.run.records import DecisionRecord, decode
from jindi.run.state import STAFF

if TYPE_CHECKING:
    from jindi.run.platform import Platform

SEEN_MAX: Final = 5_000
"""Decisions that a distribution looks at, the newest."""

BINS: Final = 12
WORDS_MAX: Final = 10

Standing = Literal["kept", "warming", "unread"]
STANDINGS: Final = ("kept", "warming", "unread")
"""A feature is ready, or came lately and catches up with the past, or no policy and no model reads it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A rule, an exemption or a model that reads a feature; `through` names the derived feature in between."""

    kind: Literal["rule", "exemption", "model", "keeps"]
    policy: str
    name: str
    condition: str
    state: str
    through: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A feature with all that is known of it. `inputs` is what a derived one reads itself."""

    definition: FeatureDef | DerivedDef
    standing: Standing
    readers: tuple[Reader, ...]
    enters: tuple[str, ...]
    inputs: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.definition.name

    @property
    def window(self) -> FeatureDef | None:
        """The window that it is; None when it is derived."""
        return self.definition if isinstance(self.definition, FeatureDef) else None

    @property
    def derived(self) -> DerivedDef | None:
        """The expression that it is; None when it is a window."""
        return self.definition if isinstance(self.definition, DerivedDef) else None

    @property
    def events(self) -> tuple[str, ...]:
        """The events that feed it, or on which it can be read."""
        definition = self.definition
        return definition.of if isinstance(definition, FeatureDef) else definition.events

    @property
    def entities(self) -> tuple[str, ...]:
        """What its key is made of; nothing for a derived one."""
        return self.definition.entities if isinstance(self.definition, FeatureDef) else ()

    @property
    def fold(self) -> str:
        """How it folds its events; "derived" for an expression."""
        return self.definition.fold if isinstance(self.definition, FeatureDef) else "derived"

    @property
    def is_confidential(self) -> bool:
        """Whether what it says is about people of the house."""
        return self.definition.pack == STAFF


@dataclass(frozen=True, slots=True)
class Asked:
    """Which features are wanted; "" asks for all."""

    text: str = ""
    entity: str = ""
    pack: str = ""
    event: str = ""
    fold: str = ""
    standing: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What an address has to say so that the same is shown."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar: from `low` up to (not including, but for the last) `high`, or a word; and how many."""

    low: float
    high: float
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a feature said in the newest decisions that read it. `bins` is empty where words must not be shown.

    `missing` had no value, `absent` could not be had (it still caught up, or time was short).
    """

    decisions: int
    missing: int
    absent: int
    bins: tuple[Bin, ...]
    quantiles: tuple[float, ...]
    distinct: int
    since_us: int | None
    events: tuple[str, ...]
    is_hidden: bool = False


class Explorer:
    """The features of one platform."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform

    @property
    def definitions(self) -> Definitions:
        """The definitions in force."""
        return self._platform.program.definitions

    def all(self, asked: Asked) -> list[Seen]:
        """The features that are asked for, by name."""
        definitions = self.definitions
        every: dict[str, FeatureDef | DerivedDef] = {**definitions.features, **definitions.derived}
        readers, enters = readers_of(definitions), enters_of(definitions)
        found = [self._seen(each, readers, enters) for _, each in sorted(every.items())]
        return [each for each in found if _fits(each, asked)]

    def one(self, name: str) -> Seen:
        """One feature. Raises LookupError."""
        definitions = self.definitions
        found = definitions.features.get(name) or definitions.derived.get(name)
        if found is None:
            raise LookupError("there is no feature of this name")
        return self._seen(found, readers_of(definitions), enters_of(definitions))

    def _seen(
        self, each: FeatureDef | DerivedDef, readers: Mapping[str, tuple[Reader, ...]],
        enters: Mapping[str, tuple[str, ...]],
    ) -> Seen:  # fmt: skip
        inputs = () if isinstance(each, FeatureDef) else tuple(sorted(each.expression.inputs))
        return Seen(
            each,
            self._standing(each, is_read=each.name in readers),
            readers.get(each.name, ()),
            enters.get(each.name, ()),
            inputs,
        )

    def _standing(self, each: FeatureDef | DerivedDef, *, is_read: bool) -> Standing:
        roots = {each.name}
        if isinstance(each, DerivedDef):
            roots = set(_reach(self.definitions, each.name))
        if roots & self._platform.lane.state.warming:
            return "warming"
        return "kept" if is_read else "unread"

    def written(self, name: str) -> str:
        """The definition as its author wrote it; "" when it is not found."""
        pack = self.one(name).definition.pack
        for path, text in self.definitions.source.items():
            if path.startswith(f"{pack}/") and path.endswith("features.toml") and (found := table_of(text, name)):
                return found
        return ""

    async def distribution(self, name: str) -> Distribution:
        """What the feature said lately: from decisions in memory, and those before the start while these are few."""
        definition = self.one(name).definition
        records = self._newest(name)
        shown = _may_be_shown(self.definitions, definition)
        return await asyncio.to_thread(_distribution, name, definition.type, records, shown)

    def _newest(self, name: str) -> list[tuple[EventProgram, DecisionRecord | bytes]]:
        """The newest decisions of events that read a feature, newest first."""
        lane = self._platform.lane
        found: list[tuple[EventProgram, DecisionRecord | bytes]] = [
            (each.ep, each.record) for each in reversed(lane.recent) if name in each.ep.index
        ]
        if len(lane.recent) < (lane.recent.maxlen or 0):
            found += [(each.ep, each.record) for each in self._platform.earlier()[0] if name in each.ep.index]
        return found[:SEEN_MAX]


def readers_of(definitions: Definitions) -> dict[str, tuple[Reader, ...]]:
    """Who reads each feature, itself or through a derived one; live ones first."""
    reach = {name: _reach(definitions, name) for name in definitions.derived}
    found: dict[str, list[Reader]] = {}

    def note(inputs: Iterable[str], make: "_Making") -> None:
        direct = {name for text in inputs for name in _names(text)}
        for name in direct:
            found.setdefault(name, []).append(make(""))
        for through in direct & reach.keys():
            for name in reach[through] - direct:
                found.setdefault(name, []).append(make(through))

    for policy in definitions.policies:
        for rule in policy.rules:
            note(rule.when.inputs, _Making("rule", policy.id, rule.id, rule.when.text, policy.state))
        for each in policy.exemptions:
            note(each.when.inputs, _Making("exemption", policy.id, each.id, each.when.text, policy.state))
        note(policy.keeps, _Making("keeps", policy.id, policy.id, "", policy.state))
    for model in definitions.models.values():
        note((each.name for each in model.inputs), _Making("model", model.name, model.name, "", "live"))
    order = {"live": 0, "shadow": 1, "draft": 2}
    return {
        name: tuple(sorted(set(each), key=lambda one: (order[one.state], one.policy, one.name, one.through)))
        for name, each in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Making:
    kind: Literal["rule", "exemption", "model", "keeps"]
    policy: str
    name: str
    condition: str
    state: str

    def __call__(self, through: str) -> Reader:
        return Reader(self.kind, self.policy, self.name, self.condition, self.state, through)


def enters_of(definitions: Definitions) -> dict[str, tuple[str, ...]]:
    """The derived features that each feature enters itself."""
    found: dict[str, list[str]] = {}
    for name, derived in sorted(definitions.derived.items()):
        for each in {inner for text in derived.expression.inputs for inner in _names(text)}:
            found.setdefault(each, []).append(name)
    return {name: tuple(each) for name, each in found.items()}


def _reach(definitions: Definitions, name: str) -> frozenset[str]:
    """All that a derived feature comes from, however far. Packs have no circles."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        derived = definitions.derived.get(waiting.pop())
        if derived is None:
            continue
        for each in {inner for text in derived.expression.inputs for inner in _names(text)} - found:
            found.add(each)
            waiting.append(each)
    return frozenset(found)


def _names(text: str) -> tuple[str, ...]:
    """The name that an input is about: of a list's question, who is asked for; of a limit, none."""
    name = text.partition(" in list(")[0]
    return (name,) if name.isidentifier() else ()


def _fits(each: Seen, asked: Asked) -> bool:
    definition, text = each.definition, asked.text.casefold()
    doc = definition.doc
    return (
        (not text or any(text in part.casefold() for part in (definition.name, doc.zh, doc.en)))
        and asked.entity in ("", *each.entities)
        and asked.pack in ("", definition.pack)
        and asked.event in ("", *each.events)
        and asked.fold in ("", each.fold)
        and asked.standing in ("", each.standing)
    )


def table_of(text: str, name: str) -> str:
    r"""A table of a TOML file as it is written, without what follows it.

    >>> table_of("# one\n[a]\nx = 1\n\n# of b\n[b]\ny = 2\n", "a")
    '[a]\nx = 1'
    """
    found = re.search(rf"^\[{re.escape(name)}\][^\n]*\n(?:(?!\[\w)[^\n]*(?:\n|\Z))*", text, re.MULTILINE)
    if found is None:
        return ""
    lines = found[0].rstrip().split("\n")
    while lines and (not lines[-1].strip() or lines[-1].startswith("#")):  # that is said about what comes next
        lines.pop()
    return "\n".join(lines)


def _may_be_shown(definitions: Definitions, definition: FeatureDef | DerivedDef) -> frozenset[str] | None:
    """The words of a text that may be shown: those that the fields declare. None: numbers, all of them."""
    if definition.type.kind not in (Kind.TEXT, Kind.TOKEN):
        return None
    if not isinstance(definition, FeatureDef) or definition.type.kind is Kind.TOKEN:
        return frozenset()
    words: set[str] = set()
    for event, field in definition.value.items():
        declared = next(each for each in definitions.events[event].fields if each.name == field)
        words.update(declared.values)
    return frozenset(words)


def _distribution(
    name: str, kind: Type, records: Sequence[tuple[EventProgram, DecisionRecord | bytes]],
    shown: Collection[str] | None,
) -> Distribution:  # fmt: skip
    values: list[Value] = []
    absent, since_us, events = 0, None, set[str]()
    for ep, raw in records:
        record = decode(raw) if isinstance(raw, bytes) else raw
        assert isinstance(record, DecisionRecord), "a decision's own record"
        away = frozenset(record.absent)
        since_us = record.as_of_us
        events.add(record.event_type)
        slot = ep.index[name]
        base = [*record.values, *record.facts]
        value = base[slot] if slot < ep.base_count else ep.complete(base, away)[slot]
        if value is None and away and (name in away or name in ep.away(away)):
            absent += 1
        values.append(value)
    known = [value for value in values if value is not None]
    missing = len(values) - len(known) - absent
    named = tuple(sorted(events))
    distinct = len(set(known))
    if shown is not None or kind.kind is Kind.BOOL:
        bins = _words(known, shown)
        hidden = shown is not None and not shown
        return Distribution(len(values), missing, absent, () if hidden else bins, (), distinct, since_us, named, hidden)
    numbers = sorted(float(value) for value in known if isinstance(value, int | float))
    return Distribution(
        len(values), missing, absent, tuple(_bins(numbers)), tuple(_quantiles(numbers)), distinct, since_us, named
    )


def _words(known: Sequence[Value], shown: Collection[str] | None) -> tuple[Bin, ...]:
    counts = Counter("true" if value is True else "false" if value is False else str(value) for value in known)
    if shown is not None:
        counts = Counter({word: count for word, count in counts.items() if word in shown})
    return tuple(Bin(0, 0, word, count) for word, count in counts.most_common(WORDS_MAX))


def _quantiles(numbers: Sequence[float]) -> Iterable[float]:
    """Least, tenth, median, nine tenths, ninety-nine hundredths, most."""
    if not numbers:
        return
    for share in (0, 0.1, 0.5, 0.9, 0.99, 1):
        yield numbers[min(int(share * len(numbers)), len(numbers) - 1)]


def _bins(numbers: Sequence[float]) -> Iterable[Bin]:
    """Bars of equal width between the least and the 99th hundredth; what lies beyond is the last bar's."""
    if not numbers:
        return
    low, whole = numbers[0], all(number.is_integer() for number in numbers)
    high = numbers[min(int(0.99 * len(numbers)), len(numbers) - 1)]
    if high <= low:
        high = numbers[-1]
    if high <= low:
        yield Bin(low, low, "", len(numbers))
        return
    width = (high - low) / BINS
    if whole and high - low < BINS:
        width = 1.0
    elif whole:
        width = -(-(high - low + 1) // BINS)
    count = max(1, min(BINS, round((high - low) / width) + (1 if whole else 0)))
    counts = [0] * count
    for number in numbers:
        counts[min(int((number - low) / width), count - 1)] += 1
    for place, each in enumerate(counts):
        last = numbers[-1] if place == count - 1 else low + (place + 1) * width
        yield Bin(low + place * width, last, "", each)
