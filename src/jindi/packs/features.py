"""features.toml → window features (a fold of a value per key), facts of patterns around an event's own transfer, and
derived features (expressions over others).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, cast

from jindi.basics.instants import parse_duration
from jindi.basics.problems import Problem
from jindi.language import BOOL, DURATION, INT, RATIO, TIME_WORDS, Expression, Kind, Scope, Type, Value
from jindi.packs.definitions import (
    FOLDS,
    Degrade,
    DerivedDef,
    EventDef,
    FeatureDef,
    FieldDef,
    LimitDef,
    ListDef,
    Over,
    PackDef,
    PatternDef,
    Unit,
)
from jindi.packs.expressions import (
    check_members,
    fixed_text,
    names_in,
    read_expression,
    read_unless_broken,
    speaks_of,
)
from jindi.packs.scopes import offer
from jindi.packs.tables import DURATION_MAX_US, NAME, NAME_REMEDY, Table, kind_of, meant
from jindi.packs.values import read_value
from jindi.packs.vocabulary import (
    DEGRADES,
    EVERYBODY,
    FOLDS_OF_NUMBERS,
    FOLDS_OF_TOKENS,
    FOLDS_STRICTLY_EARLIER,
    FOLDS_WITHOUT_VALUE,
    KEYS,
    PATTERN_FOLD,
    PATTERN_WORDS,
    TAKEN,
    UNITS,
)

_KEY_KINDS: Final = (Kind.TEXT, Kind.TOKEN, Kind.INT)
_FACT_TYPES: Final[Mapping[str, Type]] = {
    "hit": BOOL, "whole": BOOL, "members": INT, "others": INT, "length": INT, "new_pairs": INT, "span": DURATION,
    "share": RATIO,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Keys:
    """How a feature's key is made on each event type, and what its parts are called."""

    by: dict[str, tuple[str, ...]]
    entities: tuple[str, ...]


@dataclass(slots=True)
class Declared:
    """A table of features.toml that has not been read yet."""

    name: str
    raw: Any
    pack: PackDef
    where: str


@dataclass(slots=True)
class Features:
    """What reading features has found so far; `broken` names what others should not be blamed for."""

    events: Mapping[str, EventDef]
    broken: set[str]
    problems: list[Problem]
    patterns: Mapping[str, PatternDef] = field(default_factory=dict)
    windows: dict[str, FeatureDef] = field(default_factory=dict)
    derived: dict[str, DerivedDef] = field(default_factory=dict)

    def read(self, declared: Sequence[Declared], limits: Mapping[str, LimitDef], lists: Mapping[str, ListDef]) -> None:
        """Read all features of all packs: the windows first, then the derived ones, each after its inputs."""
        later: dict[str, tuple[Declared, Table]] = {}
        for each in declared:
            table = self._opened(each)
            if table is None:
                self.broken.add(each.name)
            elif table.kind == "derived":
                later[each.name] = (each, table)
            else:
                is_fact = table.kind == "pattern fact"
                window = self._fact(each, table) if is_fact else _Window(table, each, self.events, self.broken).read()
                if window is None:
                    self.broken.add(each.name)
                else:
                    self.windows[each.name] = window
        for name in self._in_order({name: table for name, (_, table) in later.items()}):
            each, table = later[name]
            found = self._derived(each, table, limits, lists)
            if found is None:
                self.broken.add(name)
            else:
                self.derived[name] = found

    def _opened(self, each: Declared) -> Table | None:
        if not NAME.match(each.name):
            self.problems.append(Problem(each.where, each.name[:64], "not a name", NAME_REMEDY))
            return None
        if each.name in TAKEN:
            self.problems.append(Problem(each.where, each.name, "the name is taken", "choose another name"))
            return None
        if not isinstance(each.raw, dict):
            remedy = f"begin it with [{each.name}]"
            self.problems.append(Problem(each.where, each.name, f"must be a table, not {kind_of(each.raw)}", remedy))
            return None
        kind = "derived" if "is" in each.raw else "pattern fact" if "pattern" in each.raw else "feature"
        if kind != "feature" and (mixed := sorted(set(each.raw) & (set(KEYS["feature"]) - set(KEYS[kind])))):
            key, what = ("is", "derived") if kind == "derived" else ("pattern", "a fact of a pattern")
            self.problems.append(
                Problem(
                    each.where,
                    each.name,
                    f"is {what} (`{key}`) and a window (`{mixed[0]}`) at once",
                    f"leave out `{key}`, or everything that belongs to a window",
                )
            )
            return None
        return Table(each.raw, kind, each.where, each.name, self.problems)

    def _fact(self, each: Declared, table: Table) -> FeatureDef | None:
        """A fact of a pattern; None when it is too broken for others to speak of."""
        doc = table.words()
        degrade = cast("Degrade", table.choice("degrade", DEGRADES, "open"))
        fact = table.choice("fact", PATTERN_WORDS)
        name = table.text("pattern")
        if name not in self.patterns:
            if name and name not in self.broken:
                table.problem(f"unknown pattern '{name[:64]}'", meant(name, self.patterns))
            return None
        pattern = self.patterns[name]
        kind = self._fact_type(table, pattern, fact)
        of = tuple(dict.fromkeys(feed.event for feed in pattern.of))
        for event in of:
            if each.name in {f.name for f in self.events[event].fields}:
                table.problem(f"has the name of a field of {event}", "choose another name")
        if kind is None or table.raw.get("fact") not in PATTERN_WORDS:
            return None
        return FeatureDef(
            name=each.name,
            pack=each.pack.name,
            doc=doc,
            of=of,
            by=dict.fromkeys(of, ()),
            entities=(),
            fold=PATTERN_FOLD,
            value={},
            over=Over("sliding", length_us=pattern.over_us),
            lag_us=0,
            where={},
            counts="attempts",
            current="include",
            quantile_ppm=0,
            type=kind,
            zone=each.pack.zone,
            degrade=degrade,
            pattern=replace(pattern, cases=()),
            fact=fact,
        )

    def _fact_type(self, table: Table, pattern: PatternDef, fact: str) -> Type | None:
        if fact != "money":
            return _FACT_TYPES[fact]
        found = {
            field.type for feed in pattern.of for field in self.events[feed.event].fields if field.name == feed.amount
        }
        if len(found) == 1:
            return found.pop()
        kinds = ", ".join(sorted(str(each) for each in found))
        table.problem(f"the amounts of pattern {pattern.name} are in several currencies: {kinds}", "leave it out")
        return None

    def _in_order(self, tables: Mapping[str, Table]) -> list[str]:
        """Derived features, each after those that it reads; circles are reported and left out."""
        inner: dict[str, list[str]] = {}
        for name, table in tables.items():
            text = table.raw["is"]
            words = names_in(text) if isinstance(text, str) else frozenset()
            inner[name] = [other for other in tables if other in words]
        ordered: list[str] = []
        done: set[str] = set()
        for start in tables:
            if start in done:
                continue
            path: list[tuple[str, int]] = [(start, 0)]  # explicit, so that a long chain cannot exhaust the stack
            while path:
                name, at = path[-1]
                if at < len(inner[name]):
                    path[-1] = (name, at + 1)
                    other = inner[name][at]
                    on_path = [step for step, _ in path]
                    if other in on_path:
                        circle = [*on_path[on_path.index(other) :], other]
                        if not self.broken.issuperset(circle):
                            tables[name].problem(f"goes round in a circle: {' → '.join(circle)}", "break the circle")
                        self.broken.update(circle)
                    elif other not in done:
                        path.append((other, 0))
                    continue
                path.pop()
                done.add(name)
                ordered.append(name)
        return [name for name in ordered if name not in self.broken]

    def _derived(
        self, each: Declared, table: Table, limits: Mapping[str, LimitDef], lists: Mapping[str, ListDef]
    ) -> DerivedDef | None:
        doc = table.words()
        degrade = cast("Degrade", table.choice("degrade", DEGRADES, "open"))
        text = table.text("is")
        if not text or speaks_of(text, self.broken):
            return None
        scopes = {
            event.name: offer(event, self.windows, self.derived, limits, lists, {})
            for event in sorted(self.events.values(), key=lambda event: event.pack != each.pack.name)
        }
        words = names_in(text) - set(TIME_WORDS)
        everything = {name: kind for scope in scopes.values() for name, kind in scope.names.items()}
        if not words <= set(everything):
            rest = Scope(everything, {n: x.type for n, x in limits.items()}, {n: x.of for n, x in lists.items()})
            read = read_expression(table, "is", text, rest)
            assert read is None, "names are found as the language finds them"
            return None
        candidates = [name for name, scope in scopes.items() if words <= set(scope.names)]
        if not candidates:
            table.problem(
                f"`is`: no event type offers all of these together: {', '.join(sorted(words))}",
                "read features of one key, or give `by` of a feature as a table per event type",
            )
            return None
        found: dict[str, Expression] = {}
        for name in candidates:
            trial = Table(each.raw, "derived", each.where, each.name, [])
            expression = read_expression(trial, "is", text, scopes[name])
            if expression is not None:
                found[name] = expression
        if not found:
            read_expression(table, "is", text, scopes[candidates[0]])
            return None
        expression = next(iter(found.values()))
        # Where the same names have other types the text means something else: it isn't offered there.
        readable = tuple(name for name in self.events if found.get(name) == expression)
        for name in readable:
            if each.name in {f.name for f in self.events[name].fields}:
                table.problem(f"has the name of a field of {name}", "choose another name")
        check_members(table, "is", expression, self.derived)
        otherwise = _otherwise(table, expression.type)
        return DerivedDef(each.name, each.pack.name, doc, expression, otherwise, expression.type, readable, degrade)


def _otherwise(table: Table, kind: Type) -> Value:
    """The value that stands for a missing result; numbers and true/false may be written as texts too."""
    if not table.has("else"):
        return None
    raw = table.raw["else"]
    if isinstance(raw, str):
        if kind.kind is Kind.BOOL and raw in ("true", "false"):
            return raw == "true"
        if kind.kind is Kind.INT and raw.removeprefix("-").isdecimal() and raw.isascii() and len(raw) < 20:
            raw = int(raw)
    if kind.kind is Kind.MONEY and kind.of is None:
        table.problem("`else` has no currency here: the amount's currency is a field", "leave it out")
        return None
    try:
        return read_value(raw, kind)
    except ValueError as error:
        table.problem(f"`else` of a {kind} {error}")
        return None


class _Window:
    """One window feature being read."""

    def __init__(self, table: Table, each: Declared, events: Mapping[str, EventDef], broken: Collection[str]) -> None:
        self.table, self.each, self.events, self.broken = table, each, events, broken
        self.sound = True

    def fail(self, problem: str, remedy: str = "") -> None:
        """Record a problem that leaves the feature without a usable type or key."""
        self.sound = False
        self.table.problem(problem, remedy)

    def read(self) -> FeatureDef | None:
        """The feature; None when it is too broken for others to speak of."""
        table = self.table
        doc = table.words()
        degrade = cast("Degrade", table.choice("degrade", DEGRADES, "open"))
        counts = cast("Literal['attempts', 'accepted']", table.choice("counts", ("attempts", "accepted"), "attempts"))
        fold = table.choice("fold", FOLDS)
        over = self._over()
        lag_us = table.duration("lag", "0s", least_us=0)
        current = self._current(fold)
        quantile_ppm = self._quantile(fold, over, lag_us)
        if over.kind == "sliding" and over.length_us + lag_us > DURATION_MAX_US:
            table.problem("`over` and `lag` together are longer than a hundred years", "shorten one")
        feeds = self._feeds()
        fold_known = table.raw.get("fold") in FOLDS
        keys = self._keys(feeds)
        if keys is None or not fold_known:
            return None
        where = self._where(feeds)
        value, kind = self._value(fold, feeds, keys, where)
        if not self.sound or kind is None:
            return None
        for name in keys.by:
            if self.each.name in {f.name for f in self.events[name].fields}:
                table.problem(f"has the name of a field of {name}", "choose another name")
        return FeatureDef(
            name=self.each.name,
            pack=self.each.pack.name,
            doc=doc,
            of=tuple(event.name for event in feeds),
            by=keys.by,
            entities=keys.entities,
            fold=fold,
            value=value,
            over=over,
            lag_us=lag_us,
            where=where,
            counts=counts,
            current=current,
            quantile_ppm=quantile_ppm,
            type=kind,
            zone=self.each.pack.zone,
            degrade=degrade,
        )

    def _over(self) -> Over:
        text = self.table.text("over", remedy='write "7d", "day", "week", "month", "year" or "ever"')
        if text in UNITS:
            return Over("calendar", unit=cast("Unit", text))
        if text == "ever" or not text:
            return Over("ever")
        try:
            length_us = parse_duration(text)
        except ValueError:
            self.table.problem(
                f"`over` is no window: '{text[:32]}'",
                'write a duration such as "7d", or day, week, month, year, ever',
            )
            return Over("ever")
        if length_us == 0:
            self.table.problem("`over` is an empty window", 'write a duration such as "7d"')
        if length_us > DURATION_MAX_US:
            self.table.problem("`over` is longer than a hundred years", 'write "ever"')
            return Over("ever")
        return Over("sliding", length_us=length_us)

    def _current(self, fold: str) -> Literal["include", "exclude"]:
        given = self.table.choice("current", ("include", "exclude"), "include")
        if fold in FOLDS_STRICTLY_EARLIER:
            if self.table.has("current"):
                self.table.problem(f"`current` means nothing: {fold} reads strictly earlier events", "leave it out")
            return "exclude"
        return cast("Literal['include', 'exclude']", given)

    def _quantile(self, fold: str, over: Over, lag_us: int) -> int:
        table = self.table
        if fold != "quantile":
            if table.has("q"):
                table.problem("`q` belongs to the fold quantile", "leave it out")
            return 0
        if lag_us:
            table.problem("an exact quantile has no lag", "leave `lag` out")
        if over.kind == "ever" and table.raw.get("over") == "ever":
            table.problem('an exact quantile keeps the whole window: over = "ever" is refused', "give a duration")
        given = table.raw.get("q")
        if isinstance(given, bool) or not isinstance(given, float) or not 0 < given < 1:
            table.problem("`q` must be a number between 0 and 1", "write q = 0.95")
            return 500_000
        return max(1, min(999_999, round(given * 1_000_000)))

    def _feeds(self) -> list[EventDef]:
        feeds = []
        for name in self.table.names("of", single=True, required=True):
            if name in self.events:
                feeds.append(self.events[name])
            elif name in self.broken:
                self.sound = False
            else:
                self.fail(f"`of`: unknown event '{name[:64]}'", meant(name, self.events))
        return feeds

    # --- keys ---------------------------------------------------------------------------------------

    def _keys(self, feeds: Sequence[EventDef]) -> _Keys | None:
        table = self.table
        if not table.has("by"):
            self.fail("`by` is missing", "name the field or the entity that the feature is kept for")
            return None
        given = table.raw["by"]
        if given == EVERYBODY:
            # One list for all: a key without parts, which every event can make.
            return _Keys(by=dict.fromkeys(self.events, ()), entities=()) if feeds and self.sound else None
        if isinstance(given, dict):
            asked = self._keys_by_event(given, feeds)
        else:
            words = table.names("by", single=True)
            asked = {event.name: words for event in feeds} if words else {}
            self.sound = self.sound and bool(words)
        if not feeds or not self.sound:
            return None
        parts: dict[str, tuple[FieldDef, ...]] = {}
        for name, words in asked.items():
            fields = [self._part(self.events[name], word, "by") for word in words]
            found = tuple(f for f in fields if f is not None)
            if len(found) < len(words):
                self.sound = False
                continue
            if len({f.name for f in found}) < len(found):
                self.fail(f"`by` names one field of {name} twice", "name it once")
            parts[name] = found
        if not self.sound or not all(event.name in parts for event in feeds):
            return None
        first = parts[feeds[0].name]
        for name, found in parts.items():
            if len(found) != len(first):
                self.fail(
                    f"`by` has {len(found)} parts on {name} and {len(first)} on {feeds[0].name}",
                    "give as many",
                )
            elif reason := _unlike(first, found, entities=not isinstance(given, dict)):
                self.fail(
                    f"`by`: {name} has {reason} {feeds[0].name}",
                    "give both fields one type and one entity, or write `by` as a table per event type",
                )
        for f in first:
            if f.type.kind not in _KEY_KINDS:
                self.fail(f"`by`: {f.name} is {f.type}", "a key is a text, a token or a whole number")
        if not self.sound:
            return None
        if not isinstance(given, dict):
            words = next(iter(asked.values()))
            for event in self.events.values():
                if event.name not in parts and (readers := _resolved(event, words)) and not _unlike(first, readers):
                    parts[event.name] = readers
        return _Keys(
            by={name: tuple(f.name for f in found) for name, found in parts.items()},
            entities=tuple(f.entity or f.name for f in first),
        )

    def _keys_by_event(self, given: Mapping[str, Any], feeds: Sequence[EventDef]) -> dict[str, tuple[str, ...]]:
        asked: dict[str, tuple[str, ...]] = {}
        for name, words in given.items():
            if name not in self.events:
                if name in self.broken:
                    self.sound = False
                else:
                    self.fail(f"`by`: unknown event '{name[:64]}'", meant(name, self.events))
                continue
            listed = [words] if isinstance(words, str) else words
            if not isinstance(listed, list) or not listed or not all(isinstance(w, str) for w in listed):
                self.fail(f"`by`: {name} must be a field or a list of fields", 'write by = { login = "user" }')
                continue
            asked[name] = tuple(listed)
        for event in feeds:
            if event.name not in given:
                self.fail(f"`by` says nothing of {event.name}, which feeds the feature", "add it to the table")
        return asked

    def _part(self, event: EventDef, word: str, key: str) -> FieldDef | None:
        """The field of an event that a word names: by its own name, else by its entity."""
        found = _fields_for(event, word)
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(f.name for f in found)
            self.fail(
                f"`{key}`: {event.name} has several fields of entity {word}: {names}",
                f'choose one: {key} = {{ {event.name} = "{found[0].name}" }}',
            )
        elif f"{event.name}.{word}" in self.broken:
            self.sound = False
        else:
            known = {f.name for f in event.fields} | {f.entity for f in event.fields if f.entity}
            self.fail(f"`{key}`: {event.name} has no field or entity '{word[:64]}'", meant(word, known))
        return None

    # --- what is folded -----------------------------------------------------------------------------

    def _where(self, feeds: Sequence[EventDef]) -> dict[str, Expression]:
        table = self.table
        if not table.has("where"):
            return {}
        given = table.raw["where"]
        texts: dict[str, str] = {}
        if isinstance(given, str):
            texts = {event.name: given for event in feeds}
        elif isinstance(given, dict):
            names = [event.name for event in feeds]
            for name, text in given.items():
                if name not in names:
                    table.problem(f"`where`: '{name[:64]}' does not feed the feature", meant(name, names))
                elif not isinstance(text, str):
                    table.problem(f"`where`: {name} must be a text, not {kind_of(text)}")
                else:
                    texts[name] = text
        else:
            table.wrong("where", "a text, or a table of texts per event type", given)
        where: dict[str, Expression] = {}
        for name, text in texts.items():
            prefix = f"{name}."
            broken = {word.removeprefix(prefix) for word in self.broken if word.startswith(prefix)}
            scope = Scope({f.name: f.type for f in self.events[name].fields})
            key = "where" if len(texts) == 1 else f"where` on `{name}"
            expression = read_unless_broken(table, key, text, scope, broken=broken, expected=BOOL)
            if expression is not None:
                where[name] = expression
        return where

    def _value(
        self, fold: str, feeds: Sequence[EventDef], keys: _Keys, where: Mapping[str, Expression]
    ) -> tuple[dict[str, str], Type | None]:
        table = self.table
        if fold in FOLDS_WITHOUT_VALUE:
            if table.has("value"):
                table.problem(f"{fold} folds no value", "leave `value` out")
            return {}, INT if fold == "count" else DURATION
        fields = self._value_fields(fold, feeds, keys)
        if not self.sound:
            return {}, None
        first = fields[feeds[0].name]
        for name, f in fields.items():
            if f.type.kind is not first.type.kind or (first.type.kind is Kind.TOKEN and f.type != first.type):
                self.fail(
                    f"`value`: {name}.{f.name} is {f.type}, {feeds[0].name}.{first.name} is {first.type}",
                    "fold values of one type",
                )
        kind = first.type.kind
        if fold in FOLDS_OF_NUMBERS and kind not in (Kind.INT, Kind.MONEY):
            allowed = ", ".join(FOLDS_OF_TOKENS) if kind is Kind.TOKEN else "count, distinct, seen, first, last"
            self.fail(f"{fold} of a {first.type}", f"fold a whole number or money, or use one of: {allowed}")
        if kind is Kind.RATIO and fold not in ("first", "last"):
            self.fail(f"{fold} of a ratio is not exact", "use first or last, or make the field a whole number")
        money = self._currency({event.name: fields[event.name] for event in feeds}, keys, where)
        if not self.sound:
            return {}, None
        value = {name: f.name for name, f in fields.items()}
        match fold:
            case "distinct":
                return value, INT
            case "seen":
                return value, BOOL
            case "mean" | "std" if money is None:
                return value, RATIO
            case _:  # the mean of amounts is an amount, though a double that may lie between two minor units
                return value, money or first.type

    def _value_fields(self, fold: str, feeds: Sequence[EventDef], keys: _Keys) -> dict[str, FieldDef]:
        table = self.table
        if not table.has("value"):
            self.fail(f"`value` is missing: {fold} needs one", "name the field that is folded")
            return {}
        given = table.raw["value"]
        fields: dict[str, FieldDef] = {}
        if isinstance(given, dict):
            allowed = list(keys.by) if fold == "seen" else [event.name for event in feeds]
            for name, word in given.items():
                if name not in allowed:
                    if name not in self.broken:
                        self.fail(f"`value`: '{name[:64]}' does not feed the feature", meant(name, allowed))
                elif not isinstance(word, str):
                    self.fail(f"`value`: {name} must be a text, not {kind_of(word)}")
                elif (found := self._part(self.events[name], word, "value")) is not None:
                    fields[name] = found
            for event in feeds:
                if event.name not in given:
                    self.fail(
                        f"`value` says nothing of {event.name}, which feeds the feature",
                        "add it to the table",
                    )
        elif isinstance(given, str):
            for event in feeds:
                if (found := self._part(event, given, "value")) is not None:
                    fields[event.name] = found
        else:
            self.fail(f"`value` must be a text or a table of texts per event type, not {kind_of(given)}")
        if self.sound and fold == "seen":
            self._asked_values(given, fields, feeds[0].name, keys)
        return fields

    def _asked_values(self, given: Any, fields: dict[str, FieldDef], first: str, keys: _Keys) -> None:
        """`seen` asks whether the event in hand carries a value met before, so events that only read the
        feature need the value as well; those that have none cannot read it.
        """
        for name in [name for name in keys.by if name not in fields]:
            found = _fields_for(self.events[name], given) if isinstance(given, str) else []
            if len(found) == 1 and found[0].type == fields[first].type:
                fields[name] = found[0]
            elif isinstance(self.table.raw["by"], dict):
                self.fail(f"`value`: {name} reads `seen` and has no such value", "name its field in a `value` table")
            else:
                del keys.by[name]

    def _currency(self, fields: Mapping[str, FieldDef], keys: _Keys, where: Mapping[str, Expression]) -> Type | None:
        """The one currency of a money fold: of the pack, pinned by `where`, or a part of the key."""
        found: set[Type] = set()
        for name, f in fields.items():
            if f.type.kind is not Kind.MONEY:
                return None
            word = f.type.currency_field
            if word is None:
                found.add(f.type)
            elif word in keys.by[name]:
                found.add(f.type)
                names = {by[keys.by[name].index(word)] for by in keys.by.values()}
                if len(names) > 1:
                    self.fail("`by`: the currency's field has several names", "give it the same name everywhere")
            elif name in where and (text := fixed_text(where[name], word)) is not None:
                found.add(Type(Kind.MONEY, of=text))
            elif name not in where and self.table.has("where") and speaks_of(str(self.table.raw["where"]), {word}):
                self.sound = False  # the condition itself is reported already
            else:
                self.fail(
                    f"`value`: {name}.{f.name} may be in any currency, and a fold needs one",
                    f"put {word} into `by`, or write where = \"{word} == 'CNY'\"",
                )
        if len(found) > 1:
            kinds = ", ".join(sorted(str(kind) for kind in found))
            self.fail(f"`value` mixes currencies: {kinds}", "fold one currency")
        return next(iter(found)) if found and self.sound else None


def _fields_for(event: EventDef, word: str) -> list[FieldDef]:
    named = [f for f in event.fields if f.name == word]
    return named or [f for f in event.fields if f.entity == word]


def _resolved(event: EventDef, words: Iterable[str]) -> tuple[FieldDef, ...]:
    """The key's fields on an event that only reads, or nothing when it cannot make the key."""
    found = [_fields_for(event, word) for word in words]
    fields = tuple(fields[0] for fields in found if len(fields) == 1)
    return fields if len(fields) == len(found) and len({f.name for f in fields}) == len(fields) else ()


def _unlike(first: Sequence[FieldDef], other: Sequence[FieldDef], *, entities: bool = True) -> str:
    """How the parts of two keys differ so that they would never meet; empty when they don't. Who writes the
    key's field for each event type may cross entities on purpose: a payee who withdraws is a user.
    """
    for one, two in zip(first, other, strict=True):
        if one.type != two.type:
            return f"{two.name} of type {two.type}, unlike {one.name} of type {one.type} on"
        if entities and one.entity != two.entity:
            names = (two.entity or "(none)", one.entity or "(none)")
            return f"{two.name} of entity {names[0]}, unlike {one.name} of {names[1]} on"
    return ""
