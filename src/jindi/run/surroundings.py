"""What an event is seen against: the windows of its keys, and the graph of transfers around it.

To all that feeds and reads features this is one thing: a fact of a pattern stands among the window features, in the
order of their names. The windows are exact by themselves; a pattern that could not be looked at whole says so:

* what is complete and would stay so whatever else there is, is told, and its counts are of at least;
* all else of it is missing, and the fact `whole` is false.

No pattern's fact, `whole` neither, is there for an event that is no transfer of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from jindi.engine import Program
from jindi.features import Answers, Batch, Memory, Plan, Windows, plan
from jindi.features.batch import plain
from jindi.language import Value
from jindi.packs import Definitions, PatternDef
from jindi.parties.patterns import Detector, Name, Transfer
from jindi.parties.patterns import kernel as k

NUMBERLESS: Final = -1
"""The number of an event that stands in no journal."""

SECTION: Final = "patterns"
"""What a snapshot calls the transfers that are remembered."""

_PLACES: Final[Mapping[str, int]] = {
    "hit": k.HIT, "whole": k.WHOLE, "members": k.MEMBERS, "others": k.OTHERS, "length": k.LENGTH, "money": k.MONEY,
    "span": k.SPAN, "share": k.SHARE, "new_pairs": k.NEW_PAIRS,
}  # fmt: skip
_AT_LEAST: Final = frozenset({"hit", "members", "others"})
"""What is told of a complete pattern that was not looked at whole."""

Evidence = Mapping[str, tuple[Name, ...]]
"""By pattern: the transfers that complete it, named by their places in the journal, in the order of arrival."""


class Observed(Protocol):
    """What the events of one type read: see `features.Answers`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of a row."""

    def column(self, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """A feature's values, and where they are missing."""

    def rows(self) -> list[list[Value]]:
        """A row for each event."""


@dataclass(frozen=True, slots=True)
class Both:
    """What windows answered, with facts of patterns among it: `places` are those of the facts in a row."""

    names: tuple[str, ...]
    windows: Answers
    places: tuple[int, ...]
    facts: Sequence[Sequence[Value]]

    def column(self, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """A feature's values, and where they are missing (the value there means nothing)."""
        place = self.names.index(name)
        if place not in self.places:
            return self.windows.column(name)
        number = self.places.index(place)
        cells = [row[number] for row in self.facts]
        missing = np.array([each is None for each in cells], np.bool_)
        held = next((each for each in cells if each is not None), 0)
        kind = np.bool_ if isinstance(held, bool) else np.float64 if isinstance(held, float) else np.int64
        return np.array([0 if each is None else each for each in cells], kind), missing

    def rows(self) -> list[list[Value]]:
        """A row for each event."""
        return [_among(row, self.places, facts) for row, facts in zip(self.windows.rows(), self.facts, strict=True)]


@dataclass(frozen=True, slots=True)
class _Reads:
    """Which facts an event type reads: their places in its row, and where they stand in what the kernel tells."""

    places: tuple[int, ...]
    facts: tuple[tuple[int, str], ...]


class Surroundings:
    """One lane's window state and, where definitions ask for facts of patterns, its graph of transfers.

    Events come in the order of `as_of`; one thread at a time. `name` is an event's place in the journal.
    """

    def __init__(self, program: Program, before: Plan | None = None) -> None:
        definitions = program.definitions
        self.windows = Windows(plan(definitions, program.reads, before=before))
        self.detector = detector_of(definitions)
        self.evidence_of: tuple[str, ...] = ()
        """The patterns whose evidence `observe_batch` gathers: all but few ask for none."""
        self.found: list[Evidence] = []
        """What `observe_batch` gathered, for each event of the batch."""
        self._beside = facts_beside(definitions)
        self._lacking: frozenset[str] = frozenset()
        held = self.detector.patterns if self.detector is not None else ()
        self._patterns = {pattern.name: number for number, pattern in enumerate(held)}
        self._sure = [_only_grows(pattern) for pattern in held]
        self._reads = {name: self._read_by(definitions, reads) for name, reads in program.reads.items()}
        self._reads = {name: reads for name, reads in self._reads.items() if reads.places}
        self._names = {name: tuple(sorted(reads)) for name, reads in program.reads.items()}
        self._looked = False

    def _read_by(self, definitions: Definitions, reads: frozenset[str]) -> _Reads:
        names = sorted(reads)
        places = tuple(place for place, name in enumerate(names) if name in self._beside)
        asked = [definitions.features[names[place]] for place in places]
        return _Reads(places, tuple((self._patterns[each.pattern.name], each.fact) for each in asked if each.pattern))

    # ---- what there is

    @property
    def plan(self) -> Plan:
        """The windows' plan."""
        return self.windows.plan

    @property
    def absent(self) -> frozenset[str]:
        """Features whose history is not there yet."""
        return self.windows.absent | self._lacking

    @property
    def as_of_us(self) -> int:
        """The lane's high-water mark."""
        return self.windows.as_of_us

    @property
    def touches(self) -> frozenset[str]:
        """The event types that change what is remembered."""
        windows = {name for name, lane in self.plan.lanes.items() if lane.visits}
        transfers = self.detector.feeds.events if self.detector is not None else frozenset()
        return frozenset(windows | transfers)

    def memory(self) -> Memory:
        """What the windows take."""
        return self.windows.memory()

    def sweep(self, budget: int = 1000) -> int:
        """As of the windows; transfers that are too old go by themselves."""
        return self.windows.sweep(budget)

    def entity(self, entity: str, value: Value, as_of_us: int) -> dict[str, Value]:
        """As of the windows: patterns have no key."""
        return self.windows.entity(entity, value, as_of_us)

    # ---- one event

    def observe(self, event_type: str, as_of_us: int, values: Sequence[Value], name: Name = NUMBERLESS) -> list[Value]:
        """Read every feature of the event's type, then the event is part of what is remembered. As `Windows.observe`,
        also in what it raises.
        """
        row = self.windows.observe(event_type, as_of_us, values)
        self._looked = False
        detector = self.detector
        if detector is None or not detector.feeds.speaks_of(event_type):
            return row
        reads = self._reads.get(event_type)
        if reads is None:
            detector.feed(list(detector.feeds.transfers(event_type, values, as_of_us, name)))
            return row
        told = None
        for transfer in detector.feeds.transfers(event_type, values, as_of_us, name):
            told = detector.look(transfer)
            self._looked = True
        return _among(row, reads.places, self._told(reads, told))

    def read(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> list[Value]:
        """What `observe` would answer, with nothing remembered. It costs a copy of all transfers: for trials."""
        row = self.windows.read(event_type, as_of_us, values)
        reads = self._reads.get(event_type)
        if self.detector is None or reads is None:
            return row
        told, beside = None, self.detector.copy()
        for transfer in beside.feeds.transfers(event_type, values, as_of_us, NUMBERLESS):
            told = beside.look(transfer)
        return _among(row, reads.places, self._told(reads, told))

    def evidence(self, patterns: Iterable[str]) -> Evidence:
        """The transfers by which the event just observed completes some patterns; others are left out."""
        if self.detector is None or not self._looked:
            return {}
        found = {name: self.detector.evidence(self._patterns[name]) for name in patterns}
        return {name: each for name, each in found.items() if each}

    def feed(self, event_type: str, as_of_us: int, values: Sequence[Value], name: Name = NUMBERLESS) -> None:
        """`observe`, when nobody asks."""
        self.windows.feed(event_type, as_of_us, values)
        if self.detector is not None and self.detector.feeds.speaks_of(event_type):
            self.detector.feed(list(self.detector.feeds.transfers(event_type, values, as_of_us, name)))

    def keep(self, event_type: str, as_of_us: int, values: Sequence[Value]) -> None:
        """As of the windows. A transfer counts for patterns when it is tried, whatever is decided."""
        self.windows.keep(event_type, as_of_us, values)

    def _told(self, reads: _Reads, told: Sequence[int] | None) -> list[Value]:
        """The facts of one event, of what the kernel told of it; None: it was no transfer."""
        if told is None:
            return [None] * len(reads.facts)
        sure = self._sure
        return [_fact(told, pattern * k.F_WIDTH, fact, sure=sure[pattern]) for pattern, fact in reads.facts]

    # ---- many events

    def observe_batch(self, batch: Batch, names: Sequence[Name] | None = None) -> list[Observed]:
        """As `Windows.observe_batch`."""
        answers = self.windows.observe_batch(batch)
        self.found = []
        if self.detector is None or not any(self.detector.feeds.speaks_of(each) for each in batch.event_types):
            return list(answers)
        transfers, owners = self._transfers(batch, names)
        wanted = [self._patterns[name] for name in self.evidence_of]
        told, evidence = self.detector.facts_of(transfers, wanted)
        # An event that is several transfers is told by the last one, as one by one.
        rows = dict(zip(owners, range(len(owners)), strict=True))
        if wanted:
            patterns = self.detector.patterns
            gathered: list[dict[str, tuple[Name, ...]]] = [{} for _ in batch.kinds]
            for (row, pattern), transfers_of in evidence.items():
                if rows[owners[row]] == row:
                    gathered[owners[row]][patterns[pattern].name] = transfers_of
            self.found = list(gathered)
        numbers = told.reshape(-1, len(self.detector.patterns) * k.F_WIDTH).tolist()
        last = {owner: numbers[row] for owner, row in rows.items()}
        found: list[Observed] = []
        for kind, each in enumerate(answers):
            reads = self._reads.get(batch.event_types[kind])
            if reads is None:
                found.append(each)
                continue
            mine = np.flatnonzero(batch.kinds == kind).tolist()
            facts = [self._told(reads, last.get(row)) for row in mine]
            found.append(Both(self._names[batch.event_types[kind]], each, reads.places, facts))
        return found

    def feed_batch(self, batch: Batch, names: Sequence[Name] | None = None) -> None:
        """`observe_batch`, when nobody asks for the answers."""
        self.windows.feed_batch(batch)
        if self.detector is not None and any(self.detector.feeds.speaks_of(each) for each in batch.event_types):
            self.detector.feed(self._transfers(batch, names)[0])

    def _transfers(self, batch: Batch, names: Sequence[Name] | None) -> tuple[list[Transfer], list[int]]:
        """The transfers of a batch, in its order, and which event each is."""
        assert self.detector is not None, "asked before"
        feeds = self.detector.feeds
        kinds, times = batch.kinds.tolist(), batch.as_of_us.tolist()
        rows: dict[int, Iterator[tuple[Value, ...]]] = {}
        for kind, event_type in enumerate(batch.event_types):
            if feeds.speaks_of(event_type):
                count = kinds.count(kind)
                rows[kind] = zip(*(plain(column, count) for column in batch.columns[kind]), strict=True)
        transfers: list[Transfer] = []
        owners: list[int] = []
        for place, kind in enumerate(kinds):
            if kind in rows:
                name = names[place] if names is not None else NUMBERLESS
                for each in feeds.transfers(batch.event_types[kind], next(rows[kind]), times[place], name):
                    transfers.append(each)
                    owners.append(place)
        return transfers, owners

    # ---- carried over, kept and read back

    def adopt(self, other: "Surroundings") -> frozenset[str]:
        """Take over what another one remembers, as `Windows.adopt`; answers the features that are still absent.

        Windows are copied. Transfers are not: the two remember them together from now on, so of the two only one may
        go on observing. They are taken where they were fed by the same events as far back; else all facts of patterns
        are absent until a replay brings them.
        """
        missing = self.windows.adopt(other.windows)
        mine, theirs = self.detector, other.detector
        if mine is not None and (theirs is None or other._lacking or not mine.take(theirs)):  # noqa: SLF001 - its own kind
            self._lacking = self._beside
        return missing | self._lacking

    def save(self) -> Iterator[tuple[str, bytes | memoryview]]:
        """The whole state as named buffers: the windows', and the transfers."""
        yield from self.windows.save()
        if self.detector is not None:
            yield SECTION, self.detector.to_bytes()

    def load(self, buffers: Mapping[str, bytes | memoryview]) -> None:
        """Replace the whole state by what `save` gave. Raises ValueError when it is of other definitions."""
        self.windows.load((name, body) for name, body in buffers.items() if name != SECTION)
        if self.detector is not None:
            if SECTION not in buffers:
                raise ValueError("snapshot of patterns: there is none (replay the journal instead)")
            self.detector.restore(buffers[SECTION])


def facts_beside(definitions: Definitions) -> frozenset[str]:
    """The features that are facts of patterns."""
    return frozenset(name for name, feature in definitions.features.items() if feature.pattern is not None)


def detector_of(definitions: Definitions) -> Detector | None:
    """A detector of the patterns that some feature is a fact of; None when there are none."""
    read = {each.pattern.name: each.pattern for each in definitions.features.values() if each.pattern is not None}
    return Detector(tuple(read[name] for name in sorted(read)), definitions.events) if read else None


def patterns_of(definitions: Definitions, names: Iterable[str]) -> frozenset[str]:
    """The patterns that some features, by name, are facts of."""
    asked = (definitions.features.get(name) for name in names)
    return frozenset(each.pattern.name for each in asked if each is not None and each.pattern is not None)


def _only_grows(pattern: PatternDef) -> bool:
    """Whether a pattern that is complete stays so, and its counts go up, whatever else there is to be seen."""
    return pattern.kind in ("fan_in", "fan_out", "scatter_gather", "cycle") and not pattern.only_new


def _fact(told: Sequence[int], at: int, fact: str, *, sure: bool) -> Value:
    """One fact of a pattern, of the columns that begin at a place."""
    if told[at + k.WHOLE] == 0 and fact != "whole" and not (sure and told[at + k.HIT] == 1 and fact in _AT_LEAST):
        return None
    value = told[at + _PLACES[fact]]
    if fact in ("hit", "whole"):
        return value == 1
    if value == k.NONE:
        return None
    return value / 1_000_000 if fact == "share" else value


def _among(row: list[Value], places: Sequence[int], facts: Sequence[Value]) -> list[Value]:
    """A row of windows with the facts at their places."""
    for place, fact in zip(places, facts, strict=True):
        row.insert(place, fact)
    return row
