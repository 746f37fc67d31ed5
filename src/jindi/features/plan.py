"""From definitions to the program that the kernels run: which lists are kept, and how each event touches them.

A *structure* is a family of lists, one per key, fed by the same events under the same condition with the
same value. All features that agree in these share it, whatever their windows, folds and lags. Its
`signature` says so in words; a structure with the same signature in another plan holds the same records.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import numpy as np

from jindi.basics.instants import HOUR_US
from jindi.basics.problems import Problem, Problems
from jindi.features import kernel as k
from jindi.features.periods import LONGEST_US
from jindi.language import Expression, Kind, Type
from jindi.packs.definitions import Definitions, EventDef, FeatureDef, Unit

NUMBERS = frozenset({Kind.INT, Kind.MONEY, Kind.TIME, Kind.DURATION, Kind.BOOL})
SUMMED = frozenset({Kind.INT, Kind.MONEY, Kind.DURATION, Kind.BOOL})
STRICTLY_EARLIER = frozenset({"seen", "first", "last", "since_first", "since_last"})
CODES = {
    "count": k.COUNT, "sum": k.SUM, "mean": k.MEAN, "std": k.STD, "min": k.MIN, "max": k.MAX,
    "distinct": k.DISTINCT, "first": k.FIRST, "last": k.LAST, "since_first": k.SINCE_FIRST,
    "since_last": k.SINCE_LAST, "seen": k.SEEN, "quantile": k.QUANTILE,
}  # fmt: skip

Codec = str
"""How a value becomes a word: `number` as it is, `ratio` by an order-keeping code, `name` by interning."""


def codec_of(kind: Kind) -> Codec:
    """The codec of a kind of value."""
    if kind in NUMBERS:
        return "number"
    return "ratio" if kind is Kind.RATIO else "name"


@dataclass(frozen=True, slots=True)
class Source:
    """What one event type contributes to a structure: its key fields, condition and value field."""

    by: tuple[str, ...]
    where: str
    zone: str
    value: str


@dataclass(slots=True)
class Structure:
    """A family of lists and what its indexes must offer. `kept_us` < 0: nothing is ever reclaimed."""

    signature: str
    sources: Mapping[str, Source]
    entities: tuple[str, ...]
    counts: str
    codec: Codec
    is_set: bool
    kept_us: int = 0
    extremes: bool = False
    squares: bool = False
    summed: bool = False
    ever: bool = False
    lasts: list[int] = field(default_factory=list)
    ranks: list[tuple[str, int]] = field(default_factory=list)
    peaks: list[tuple[str, int, int]] = field(default_factory=list)
    """The windows whose extremes are remembered from one reading to the next: (what, length, lag)."""
    edges: list[tuple[str, int, int]] = field(default_factory=list)
    """The edges of windows that move through the lists, each with a remembered place: (what, length, lag)."""
    features: list[str] = field(default_factory=list)

    @property
    def has_value(self) -> bool:
        """Whether records hold a value beside the time."""
        return bool(self.codec)

    @property
    def flags(self) -> int:
        """The kernel's flags."""
        return (
            k.HAS_VALUE * self.has_value
            | k.HAS_EXTREMES * self.extremes
            | k.HAS_SQUARES * self.squares
            | k.HAS_EVER * self.ever
            | k.IS_SET * self.is_set
            | k.CHECKED * self.summed
            | k.LASTS_NOW * (self.lasts[:1] == [0])
        )


@dataclass(frozen=True, slots=True)
class Start:
    """A calendar window's start, computed per event: the period of `unit` that holds `as_of - lag`."""

    unit: Unit
    zone: ZoneInfo
    lag_us: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A `where` of one event type, and the zone of its time words."""

    expression: Expression
    zone: ZoneInfo


Visit = tuple[int, int, int, int, int, tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]
"""(structure, key word, value word, condition word, feeds, windows, folds)."""


@dataclass(frozen=True, slots=True)
class Lane:
    """How one event type (or one entity asked about) meets the structures.

    The words handed to the kernel are, in this order: a word per key, per value, per condition, per
    calendar start. `reads` are the features answered, in order; `forms` says how each word answered
    becomes a value: q integer, d double, b truth, n name (a word to be looked up), r ratio.
    """

    name: str
    keys: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    """(namespace, fields) of each key."""
    values: tuple[tuple[str, Codec], ...]
    conditions: tuple[Condition, ...]
    starts: tuple[Start, ...]
    reads: tuple[str, ...]
    forms: str
    visits: tuple[Visit, ...]
    creates: frozenset[int]
    """The key words whose keys this lane may create, because it feeds them."""

    @property
    def words(self) -> int:
        """How many words go in."""
        return len(self.keys) + len(self.values) + len(self.conditions) + len(self.starts)


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole program. `reads` gives, per event type, the features answered, in order."""

    structures: tuple[Structure, ...]
    lanes: Mapping[str, Lane]
    entities: Mapping[str, Lane]
    events: Mapping[str, EventDef]
    features: Mapping[str, FeatureDef]
    reads: Mapping[str, tuple[str, ...]]
    home: Mapping[str, int]
    """The structure of each feature."""
    signature: str
    """Names the structures, what they keep and index: a snapshot fits the plan whose signature it bears."""


def _field_type(event: EventDef, name: str) -> Type:
    return next(f.type for f in event.fields if f.name == name)


def _required(event: EventDef, name: str) -> bool:
    return next(f.required for f in event.fields if f.name == name)


def _source(feature: FeatureDef, event: str) -> Source:
    where = feature.where.get(event)
    return Source(
        by=feature.by[event],
        where=where.text if where else "",
        zone=str(feature.zone) if where else "",
        value=feature.value.get(event, ""),
    )


def _signature(sources: Mapping[str, Source], feature: FeatureDef, codec: Codec, *, is_set: bool) -> str:
    feeds = {name: [list(s.by), s.where, s.zone, s.value] for name, s in sorted(sources.items())}
    kind = "set" if is_set else "list"
    return json.dumps([feeds, list(feature.entities), feature.counts, codec, kind], ensure_ascii=False)


def _reach(feature: FeatureDef) -> int:
    """How far back a feature looks; the past of an `ever` window is kept as a base."""
    if feature.over.kind == "ever":
        return feature.lag_us
    if feature.over.kind == "calendar":
        assert feature.over.unit is not None, "the loader gives every calendar window its unit"
        return LONGEST_US[feature.over.unit] + feature.lag_us
    return feature.over.length_us + feature.lag_us


def is_covered(feature: FeatureDef, structure: Structure, covered: tuple[int, bool]) -> bool:
    """Whether records that go back so far, with a base that is whole or not, are all that a feature needs."""
    reach, whole = covered
    based = feature.over.kind == "ever" and not structure.is_set
    return _reach(feature) <= reach and (whole or not based)


def _refusals(feature: FeatureDef, definitions: Definitions) -> list[Problem]:
    """What the kernels can't do exactly, or what makes no sense, said with the place."""
    where, found = f"{feature.pack}/features.toml", []
    kinds = {_field_type(definitions.events[e], v).kind for e, v in feature.value.items() if v}
    codecs = {codec_of(kind) for kind in kinds}
    if len(codecs) > 1:
        found.append(Problem(where, feature.name, "its events give values of different kinds", "use one type"))
    if feature.fold in ("sum", "mean", "std") and not kinds <= SUMMED:
        found.append(
            Problem(where, feature.name, f"{feature.fold} is exact for int, money, duration and bool only",
                    "store the ratio as an integer in a fixed unit")
        )  # fmt: skip
    if feature.fold in ("min", "max", "quantile") and "name" in codecs:
        found.append(Problem(where, feature.name, f"{feature.fold} needs an order", "use a number, time or ratio"))
    if feature.fold == "quantile" and (feature.lag_us or feature.over.kind == "ever"):
        found.append(Problem(where, feature.name, "an exact quantile is not kept with lag or over ever",
                             "leave out the lag, or use a sliding or calendar window"))  # fmt: skip
    if feature.fold not in CODES:
        found.append(Problem(where, feature.name, "unknown fold", f"use one of: {', '.join(CODES)}"))
    return found


def plan(
    definitions: Definitions,
    reads: Mapping[str, frozenset[str]],
    *,
    before: Plan | None = None,
    allowance_us: int = HOUR_US,
) -> Plan:
    """The program of all window features of the definitions.

    `reads` gives, per event type, the window features that it reads. `before` is the plan in force: a
    count without a value keeps the structure it had, so that adding a feature loses nothing.
    `allowance_us` is kept beyond the longest window, for a reader that is behind the lane. Raises
    Problems for folds that can't be kept exactly and for reads without a key.
    """
    definitions, reads = _windows_of(definitions, reads)
    problems = [p for f in definitions.features.values() for p in _refusals(f, definitions)]
    for event, names in reads.items():
        problems += [
            Problem(f"{definitions.features[name].pack}/features.toml", name, f"can't be read on {event}: no key",
                    f"give `by` an entry for {event}")
            for name in sorted(names)
            if event not in definitions.features[name].by
        ]  # fmt: skip
    if problems:
        raise Problems(problems)
    structures, home = _structures(definitions, before, allowance_us)
    lanes = {
        name: _lane(name, definitions, structures, home, reads.get(name, frozenset())) for name in definitions.events
    }
    entities = {
        name: _entity_lane(name, definitions, structures, home)
        for name in sorted({f.entities[0] for f in definitions.features.values() if len(f.entities) == 1})
    }
    shapes = [[s.signature, s.flags, s.kept_us, s.lasts, s.ranks, s.edges, s.peaks] for s in structures]
    return Plan(
        structures=tuple(structures),
        lanes=lanes,
        entities=entities,
        events=definitions.events,
        features=definitions.features,
        reads={name: lane.reads for name, lane in lanes.items()},
        home=home,
        signature=json.dumps(shapes, ensure_ascii=False),
    )


def _windows_of(
    definitions: Definitions, reads: Mapping[str, frozenset[str]]
) -> tuple[Definitions, dict[str, frozenset[str]]]:
    """Without the facts of patterns: those are found beside the windows, by who knows the graph of transfers."""
    windows = {name: each for name, each in definitions.features.items() if each.pattern is None}
    beside = definitions.features.keys() - windows.keys()
    return replace(definitions, features=windows), {event: frozenset(names - beside) for event, names in reads.items()}


def _structures(
    definitions: Definitions, before: Plan | None, allowance_us: int
) -> tuple[list[Structure], dict[str, int]]:
    """The structures that the features need, and which feature lives where."""
    found: dict[str, Structure] = {}
    bare: list[tuple[FeatureDef, dict[str, Source], str]] = []
    home: dict[str, str] = {}
    for feature in sorted(definitions.features.values(), key=lambda f: f.name):
        sources = {event: _source(feature, event) for event in sorted(feature.of)}
        kinds = [_field_type(definitions.events[e], s.value).kind for e, s in sources.items() if s.value]
        codec = codec_of(kinds[0]) if kinds else ""
        is_set = feature.over.kind == "ever" and feature.fold in ("distinct", "seen") and bool(codec)
        signature = _signature(sources, feature, codec, is_set=is_set)
        if not codec:
            bare.append((feature, sources, signature))
            continue
        home[feature.name] = signature
        if signature not in found:
            found[signature] = Structure(signature, sources, feature.entities, feature.counts, codec, is_set)
    known = {s.signature for s in before.structures} if before else frozenset()
    for feature, sources, signature in bare:
        home[feature.name] = signature
        hosts = [
            s.signature for s in found.values() if s.codec and not s.is_set and _hosts(s, sources, feature, definitions)
        ]
        old = before.structures[before.home[feature.name]].signature if before and feature.name in before.home else ""
        if old in hosts:
            home[feature.name] = old
        elif hosts and signature not in known:
            home[feature.name] = min(hosts)
        elif signature not in found:
            found[signature] = Structure(signature, sources, feature.entities, feature.counts, "", is_set=False)
    ordered = [found[signature] for signature in sorted(found)]
    numbers = {s.signature: i for i, s in enumerate(ordered)}
    for feature in sorted(definitions.features.values(), key=lambda f: f.name):
        _demand(ordered[numbers[home[feature.name]]], feature, allowance_us)
    return ordered, {name: numbers[signature] for name, signature in home.items()}


def _hosts(host: Structure, sources: Mapping[str, Source], feature: FeatureDef, definitions: Definitions) -> bool:
    """Whether a structure with a value has exactly the events that a feature without one counts."""
    if host.entities != feature.entities or host.counts != feature.counts or host.sources.keys() != sources.keys():
        return False
    return all(
        (mine.by, mine.where, mine.zone) == (theirs.by, theirs.where, theirs.zone)
        and _required(definitions.events[event], theirs.value)
        for (event, mine), theirs in zip(sources.items(), host.sources.values(), strict=True)
    )


def _demand(structure: Structure, feature: FeatureDef, allowance_us: int) -> None:
    """Make a structure offer what a feature reads."""
    structure.features.append(feature.name)
    structure.kept_us = max(structure.kept_us, _reach(feature) + allowance_us)
    structure.summed |= feature.fold in ("sum", "mean", "std")
    structure.squares |= feature.fold == "std"
    structure.extremes |= feature.fold in ("min", "max")
    structure.ever |= feature.over.kind == "ever" and not structure.is_set
    if _asks_values(feature) and feature.lag_us not in structure.lasts:
        structure.lasts.append(feature.lag_us)
        structure.lasts.sort()
    for edge in _edges(feature):
        if edge not in structure.edges:
            structure.edges.append(edge)
    if feature.fold == "quantile" and (window := _window_name(feature)) not in structure.ranks:
        structure.ranks.append(window)
    if feature.fold in ("min", "max") and (window_and_lag := _edges(feature)[0]) not in structure.peaks:
        structure.peaks.append(window_and_lag)


def _edges(feature: FeatureDef) -> list[tuple[str, int, int]]:
    """The moving edges of a feature's window: where it begins, and where it ends if it ends `lag` ago."""
    return [(*_window_name(feature), feature.lag_us), ("end", 0, feature.lag_us)]


def _asks_values(feature: FeatureDef) -> bool:
    """Whether a feature compares values; `seen` without a value asks only whether there was an event."""
    return feature.fold in ("distinct", "seen") and any(feature.value.values())


def _window_name(feature: FeatureDef) -> tuple[str, int]:
    """A window of a quantile, named so that features over the same one share its index."""
    if feature.over.kind == "calendar":
        return f"{feature.over.unit} {feature.zone}", 0
    return feature.over.kind, feature.over.length_us


def _form(feature: FeatureDef, structure: Structure) -> str:
    """How the word of a feature becomes a value."""
    if feature.fold in ("mean", "std"):
        return "d"
    if feature.fold == "seen":
        return "b"
    if feature.fold in ("min", "max", "first", "last", "quantile"):
        if structure.codec == "name":
            return "n"
        if structure.codec == "ratio":
            return "r"
        return "b" if feature.type.kind is Kind.BOOL else "q"
    return "q"


_Window = tuple[int, int, int, Start | None]
_Edged = tuple[_Window, tuple[int, int]]


class _Words:
    """Numbers the words of a lane's input while its visits are written down."""

    def __init__(self) -> None:
        self.keys: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        self.values: dict[tuple[str, Codec], int] = {}
        self.conditions: dict[tuple[str, str], tuple[int, Condition]] = {}
        self.starts: dict[Start, int] = {}


def _lane(
    name: str,
    definitions: Definitions,
    structures: list[Structure],
    home: Mapping[str, int],
    reads: frozenset[str],
) -> Lane:
    """How an event type meets the structures: those it feeds, and those that it only reads."""
    order = tuple(sorted(reads))
    touched: dict[tuple[int, tuple[str, ...], str], list[str]] = {}
    for number, structure in enumerate(structures):
        if name in structure.sources:
            source = structure.sources[name]
            touched[number, source.by, source.value] = []
    for feature_name in order:
        feature = definitions.features[feature_name]
        structure = structures[home[feature_name]]
        value = structure.sources[name].value if name in structure.sources else feature.value.get(name, "")
        touched.setdefault((home[feature_name], feature.by[name], value), []).append(feature_name)
    return _build(name, definitions, structures, touched, order)


def _entity_lane(entity: str, definitions: Definitions, structures: list[Structure], home: Mapping[str, int]) -> Lane:
    """How one entity is asked about: all the features of its key, without a current event."""
    order = tuple(sorted(f.name for f in definitions.features.values() if f.entities == (entity,)))
    touched: dict[tuple[int, tuple[str, ...], str], list[str]] = {}
    for feature_name in order:
        touched.setdefault((home[feature_name], (entity,), ""), []).append(feature_name)
    return _build("", definitions, structures, touched, order)


def _build(
    name: str,
    definitions: Definitions,
    structures: list[Structure],
    touched: Mapping[tuple[int, tuple[str, ...], str], list[str]],
    order: tuple[str, ...],
) -> Lane:
    words = _Words()
    for number, by, value in touched:
        structure = structures[number]
        words.keys.setdefault((structure.entities, by), len(words.keys))
        if value:
            words.values.setdefault((value, structure.codec), len(words.values))
    forms = ["q"] * len(order)
    slots = {feature: i for i, feature in enumerate(order)}
    creates: set[int] = set()
    drafts: list[tuple[int, int, str, tuple[str, str], int, list[_Edged], list[tuple[int, ...]]]] = []
    for (number, by, value), names in touched.items():
        structure = structures[number]
        source = structure.sources.get(name)
        feeds = 0 if source is None else k.KEEP if structure.counts == "accepted" else k.FEED
        key = words.keys[structure.entities, by]
        if feeds:
            creates.add(key)
        condition = ""
        if source is not None and source.where:
            condition = source.where
            example = definitions.features[structure.features[0]]
            words.conditions.setdefault(
                (condition, source.zone),
                (len(words.conditions), Condition(example.where[name], example.zone)),
            )
        windows: dict[_Window, tuple[int, int]] = {}
        features = [definitions.features[n] for n in names]
        for feature in features:
            if feature.over.kind == "calendar":
                assert feature.over.unit is not None, "the loader gives every calendar window its unit"
                words.starts.setdefault(Start(feature.over.unit, feature.zone, feature.lag_us), len(words.starts))
            low, high = (structure.edges.index(edge) for edge in _edges(feature))
            windows[_window(feature)] = (low, high)
        # Short windows first: each search then begins where the shorter window's ended.
        ranked = sorted(windows, key=lambda w: (w[2], w[0] == k.EVER, w[1]))
        folds: list[tuple[int, ...]] = []
        for feature in features:
            forms[slots[feature.name]] = form = _form(feature, structure)
            index = 0
            if _asks_values(feature):
                index = structure.lasts.index(feature.lag_us)
            elif feature.fold == "seen":
                index = -1
            elif feature.fold == "quantile":
                index = structure.ranks.index(_window_name(feature))
            elif feature.fold in ("min", "max"):
                index = structure.peaks.index(_edges(feature)[0])
            current = int(feature.current == "include" and feature.lag_us == 0 and feature.fold not in STRICTLY_EARLIER)
            folds.append(
                (CODES[feature.fold], ranked.index(_window(feature)), slots[feature.name], current, index,
                 feature.quantile_ppm, int(form == "r"))
            )  # fmt: skip
        edged = [(window, windows[window]) for window in ranked]
        drafts.append((number, key, value, (condition, source.zone if source else ""), feeds, edged, folds))
    value_at = len(words.keys)
    condition_at = value_at + len(words.values)
    start_at = condition_at + len(words.conditions)
    visits: list[Visit] = []
    for number, key, value, condition_key, feeds, edged, folds in drafts:
        value_word = value_at + words.values[value, structures[number].codec] if value else -1
        condition_word = condition_at + words.conditions[condition_key][0] if condition_key[0] else -1
        lines = tuple(
            (kind, length, lag, start_at + words.starts[start] if start else -1, low, high)
            for (kind, length, lag, start), (low, high) in edged
        )
        visits.append((number, key, value_word, condition_word, feeds, lines, tuple(folds)))
    return Lane(
        name=name,
        keys=tuple(words.keys),
        values=tuple(words.values),
        conditions=tuple(condition for _, condition in words.conditions.values()),
        starts=tuple(words.starts),
        reads=order,
        forms="".join(forms),
        visits=tuple(visits),
        creates=frozenset(creates),
    )


def _window(feature: FeatureDef) -> _Window:
    """A window as (kind, length, lag, calendar start); a calendar one sorts by its longest length."""
    if feature.over.kind == "ever":
        return k.EVER, 0, feature.lag_us, None
    if feature.over.kind == "sliding":
        return k.SLIDING, feature.over.length_us, feature.lag_us, None
    assert feature.over.unit is not None, "the loader gives every calendar window its unit"
    start = Start(feature.over.unit, feature.zone, feature.lag_us)
    return k.CALENDAR, LONGEST_US[feature.over.unit], feature.lag_us, start


def capacity_of(size_class: int) -> int:
    """Records in a slab of a class: 2, 3, 4, 6, 8, 12, 16, 24, ...: a sixth is unused on average."""
    return (3 if size_class & 1 else 2) << (size_class >> 1)


def layout(structure: Structure, size_class: int) -> list[int]:
    """Where everything lies in a slab of a class (a line of the kernel's table)."""
    capacity = capacity_of(size_class)
    head = 1 + (k.B_WIDTH if structure.ever else 0)
    at = head + len(structure.lasts) + 3 * len(structure.ranks)
    row = [0] * k.C_WIDTH
    row[k.C_CAPACITY] = capacity
    row[k.C_RECORDS] = at
    at += capacity * (2 if structure.has_value else 1)
    row[k.C_SQUARES] = at
    if structure.squares:
        at += 2 * (capacity >> 3)
    row[k.C_BLOCKS] = at
    if structure.extremes:
        size = capacity >> 3
        while size:
            at += 2 * size
            size >>= 3
    row[k.C_LAST] = at
    row[k.C_HASH] = 0 if capacity <= k.SCAN else 1 << (capacity * 4 // 3).bit_length()
    size = (capacity + 63) >> 6
    row[k.C_LAST_SIZE] = (row[k.C_HASH] >> 1) + size
    while size > 1:
        size = (size + 15) >> 4
        row[k.C_LAST_SIZE] += size
    at += len(structure.lasts) * row[k.C_LAST_SIZE]
    row[k.C_HINTS] = at
    at += len(structure.edges) + k.K_WIDTH * len(structure.peaks) if capacity > k.SCAN else 0
    row[k.C_RANKS] = at
    at += len(structure.ranks) * 2 * capacity
    row[k.C_SIZE] = at
    return row


@dataclass(frozen=True, slots=True)
class Program:
    """The plan as words for the kernels; `lanes` and `entities` say where each one's visits begin.

    `directory_at` are the words that hold where a structure's directory begins, for when it moves.
    `scratch` words at the head of the exchange buffer are the kernel's own.
    """

    words: k.Words
    lanes: Mapping[str, int]
    entities: Mapping[str, int]
    structures: tuple[int, ...]
    top: int
    scratch: int


def assemble(plan: Plan) -> Program:
    """Write the plan down as words."""
    words: list[int] = []
    tables = []
    for structure in plan.structures:
        tables.append(len(words))
        for size_class in range(k.CLASSES):
            words += layout(structure, size_class)
    lines = []
    for i, structure in enumerate(plan.structures):
        lines.append(len(words))
        line = [0] * k.S_WIDTH
        line[k.S_FLAGS] = structure.flags
        line[k.S_KEPT] = structure.kept_us
        line[k.S_LASTS] = len(structure.lasts)
        line[k.S_RANKS] = len(structure.ranks)
        line[k.S_HINTS] = len(structure.edges)
        line[k.S_PEAKS] = len(structure.peaks)
        line[k.S_CLASSES] = tables[i]
        line[k.S_FREE] = k.A_WIDTH + i * k.CLASSES
        line[k.S_CURSORS] = 1 + (k.B_WIDTH if structure.ever else 0)
        words += line
    every = [*plan.lanes.values(), *plan.entities.values()]
    widest = max((len(windows) for lane in every for *_, windows, _ in lane.visits), default=0)
    founds = max(2, widest * k.R_WIDTH)
    scratch = founds + max((len(lane.visits) for lane in every), default=0)

    def write(lane: Lane) -> int:
        visits = []
        numbers = [visit[0] for visit in lane.visits]
        for place, (number, key, value, condition, feeds, windows, folds) in enumerate(lane.visits):
            window_at = len(words)
            for window in windows:
                words.extend(window)
            fold_at = len(words)
            for fold in folds:
                words.extend(fold)
            # What reading found holds for feeding only where no other visit has fed the same list in between.
            shared = plan.structures[number].lasts[:1] == [0] and numbers.count(number) == 1
            found_at = founds + place if shared else -1
            visits.append(
                (lines[number], key, value, condition, feeds, len(windows), window_at, len(folds), fold_at, found_at)
            )
        at = len(words)
        words.append(len(visits))
        for visit in visits:
            words.extend(visit)
        return at

    lanes = {name: write(lane) for name, lane in plan.lanes.items()}
    entities = {name: write(lane) for name, lane in plan.entities.items()}
    return Program(
        words=np.array(words, dtype=np.int64),
        lanes=lanes,
        entities=entities,
        structures=tuple(lines),
        top=k.A_WIDTH + len(plan.structures) * k.CLASSES,
        scratch=scratch,
    )
