"""Definitions, built once into what `decide` runs: numbered slots, generated functions, weights.

A slot is the place of one fact in an event's row of facts. The order is the same for every row of an
event type: fields, time words, limits, list memberships, window features, derived features, models.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from zoneinfo import ZoneInfo

from jindi.basics.instants import day_of
from jindi.basics.problems import Problem, Problems
from jindi.engine.models import Model
from jindi.engine.verdicts import WEIGHTS, Decision, Verdict
from jindi.language import BOOL, RATIO, TIME_WORDS, Expression, Kind, Type, Value, build_rules, build_values
from jindi.packs.definitions import Definitions, Degrade, EventDef, Outcome, PolicyDef, Words

Facts = Sequence[Value]
"""One event's facts in slot order; None is missing."""

NOTHING: frozenset[str] = frozenset()

_LIMIT = re.compile(r"limit\('([^']*)'\)\Z")
_MEMBER = re.compile(r"([A-Za-z_]\w*) in list\('([^']*)'\)\Z")
_STRICTNESS: Mapping[Degrade, int] = {"open": 0, "challenge": 1, "closed": 2}


@dataclass(frozen=True, slots=True)
class Member:
    """A list membership that some condition asks for: is the value of `name` in `list_name`?

    The caller fills slot `slot` with True or False at the event's time, or None when the value of
    `name` (a field or a window feature) is missing.
    """

    name: str
    list_name: str
    slot: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule speaks: what goes on the wire for each rule that is hit; the basis in English where it has two."""

    rule: str
    zh: str
    en: str
    basis: str


@dataclass(frozen=True, slots=True, eq=False)
class PolicyProgram:
    """One policy, compiled. Weights are the indices of `OUTCOMES`; 0 asks for nothing.

    `rules` gives the indices of the rules that are definitely true, in order; `values` every rule's
    value (None: neither true nor false), needed only when inputs are away; likewise for exemptions.
    `lifts` has one bit per liftable weight. `band_weight[n]` is the heaviest outcome of the first n bands.
    `reads` names each rule's inputs, `blind` the rules that turn a missing value into a definite one.
    """

    policy: PolicyDef
    place: str
    rules: Callable[[Facts], list[int]]
    values: Callable[[Facts], tuple[Value, ...]]
    exemptions: Callable[[Facts], list[int]] | None
    exemption_values: Callable[[Facts], tuple[Value, ...]]
    weights: tuple[int, ...]
    scores: tuple[int, ...]
    band_from: tuple[int, ...]
    band_weight: tuple[int, ...]
    lifts: tuple[int, ...]
    reads: tuple[frozenset[str], ...]
    blind: tuple[bool, ...]
    exemption_reads: tuple[frozenset[str], ...]
    exemption_blind: tuple[bool, ...]
    reasons: tuple[Reason, ...]
    clear: Verdict | None
    """The verdict when nothing is hit, unless a band begins at or below zero."""


_Level = tuple[Callable[[Facts], tuple[Value, ...]], tuple[tuple[int, Value], ...]]


@dataclass(frozen=True, slots=True)
class Split:
    """Which events the challenger decides: see `SplitDef`. `slot` is the place of the field that draws the lot."""

    slot: int
    share_ppm: int
    seed: str


@dataclass(frozen=True, slots=True, eq=False)
class EventProgram:
    """All that is known beforehand about deciding one event type."""

    event: EventDef
    zone: ZoneInfo
    definitions: Definitions = field(repr=False)
    slots: tuple[str, ...]
    index: Mapping[str, int] = field(repr=False)
    types: tuple[Type, ...] = field(repr=False)
    fields: tuple[str, ...]
    time_words: tuple[str, ...]
    limits: tuple[str, ...]
    members: tuple[Member, ...]
    windows: tuple[str, ...]
    derived: tuple[str, ...]
    """What is computed from the other slots: derived features, then the scores of the event type's models."""
    models: Mapping[str, Model] = field(repr=False)
    roots: Mapping[str, frozenset[str]] = field(repr=False)
    """For each derived feature and model the inputs that it finally comes from, none of them derived."""
    live: PolicyProgram | None = field(repr=False)
    shadows: tuple[PolicyProgram, ...] = field(repr=False)
    clear: Decision = field(repr=False)
    """The decision when the live policy has nothing to say and there is no shadow."""
    levels: tuple[_Level, ...] = field(repr=False)
    base_count: int
    """How many facts the caller gives; `complete` adds the derived ones behind them."""
    challenger: PolicyProgram | None = field(default=None, repr=False)
    split: Split | None = None
    """There with the challenger, and only then."""

    def complete(
        self, base: Facts, absent: frozenset[str] = NOTHING, fixed: Mapping[str, Value] | None = None
    ) -> list[Value]:
        """All facts of an event: the base facts in slot order, then the derived features.

        A derived feature with an absent input is absent itself: None, and never its `else`. `fixed`
        gives derived features a value instead of computing it; what depends on them follows.
        """
        facts = list(base)
        assert len(facts) == self.base_count, "one value for each base slot"
        if absent or fixed:
            return self._complete_around(facts, absent, fixed or {})
        for fill, defaults in self.levels:
            facts.extend(fill(facts))
            for slot, otherwise in defaults:
                if facts[slot] is None:
                    facts[slot] = otherwise
        return facts

    def _complete_around(self, facts: list[Value], absent: frozenset[str], fixed: Mapping[str, Value]) -> list[Value]:
        for name in absent & self.index.keys():
            if (slot := self.index[name]) < self.base_count:
                facts[slot] = None
        away = self.away(absent)
        for fill, defaults in self.levels:
            begin = len(facts)
            facts.extend(fill(facts))
            for slot, otherwise in defaults:
                if facts[slot] is None:
                    facts[slot] = otherwise
            for slot in range(begin, len(facts)):
                name = self.slots[slot]
                if name in fixed:
                    facts[slot] = fixed[name]
                elif name in away:
                    facts[slot] = None
        return facts

    def away(self, absent: frozenset[str]) -> frozenset[str]:
        """The absent inputs that this event type has, and the derived features that go with them."""
        known = absent & self.index.keys()
        return known | {name for name in self.derived if self.roots[name] & known}

    def limits_on(self, day: date) -> tuple[Value, ...]:
        """The values of the limits on a day, in the order of `limits`; None is an unset placeholder.

        Raises LookupError when a limit has no value yet on that day. Costs a look-up per limit and step:
        the caller keeps the result for the day.
        """
        return tuple(self.definitions.limits[name].on(day).value for name in self.limits)

    @property
    def fractional(self) -> frozenset[str]:
        """Amounts that may lie between two minor units: means and deviations, and what is derived from them."""
        features, derived = self.definitions.features, self.definitions.derived
        found = {
            name
            for name in self.windows
            if features[name].fold in ("mean", "std") and features[name].type.kind is Kind.MONEY
        }
        for name in self.derived:
            each = derived.get(name)
            if each is not None and each.type.kind is Kind.MONEY and each.expression.inputs & found:
                found.add(name)
        return frozenset(found)

    def day(self, at_us: int) -> date:
        """The day in the event's zone whose limits rule an instant."""
        return day_of(at_us, self.zone)

    def degrade_of(self, name: str, away: frozenset[str]) -> Degrade:
        """What an absent input asks for; a derived feature without a wish takes its inputs' strictest."""
        feature = self.definitions.features.get(name)
        if feature is not None:
            return feature.degrade
        derived = self.definitions.derived.get(name) or self.definitions.models.get(name)
        if derived is None:
            return "open"
        if derived.degrade != "open":
            return derived.degrade
        return strictest(self.degrade_of(root, away) for root in self.roots[name] & away)

    def policies(self) -> tuple[PolicyProgram, ...]:
        """The live policy and its challenger, if there are such, and the shadows."""
        return (*self.deciders(), *self.shadows)

    def deciders(self) -> tuple[PolicyProgram, ...]:
        """The policies that decide, by side: the live one, and the challenger."""
        if self.live is None:
            return ()
        return (self.live, self.challenger) if self.challenger is not None else (self.live,)

    def decider(self, side: int) -> PolicyProgram | None:
        """The policy of a side: 0 is the live one, 1 the challenger."""
        return self.challenger if side else self.live


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Definitions ready to decide. `reads` says which window features each event type reads."""

    definitions: Definitions = field(repr=False)
    digest: str
    events: Mapping[str, EventProgram] = field(repr=False)
    reads: Mapping[str, frozenset[str]] = field(repr=False)


def strictest(wishes: Iterable[Degrade]) -> Degrade:
    """The strictest of several degradations: closed, then challenge, then open.

    >>> strictest(["open", "closed", "challenge"])
    'closed'
    """
    return max(wishes, key=_STRICTNESS.__getitem__, default="open")


def build(definitions: Definitions) -> Program:
    """Compile all event types with their live and shadow policies, once.

    Raises Problems when an expression reads what its event type cannot have.
    """
    events: dict[str, EventProgram] = {}
    problems: list[Problem] = []
    for event in definitions.events.values():
        shadows = [p for p in definitions.policies if p.on == event.name and p.state == "shadow"]
        try:
            events[event.name] = _event_program(
                definitions, event, definitions.live_policy(event.name), shadows, definitions.challenger(event.name)
            )
        except Problems as found:
            problems.extend(found.problems)
    if problems:
        raise Problems(problems)
    reads = {name: frozenset(program.windows) for name, program in events.items()}
    return Program(definitions, definitions.digest, events, reads)


def build_trial(definitions: Definitions, policy: PolicyDef) -> EventProgram:
    """The program of a policy's event type as if that policy, whatever its state, were live and alone."""
    return _event_program(definitions, definitions.events[policy.on], policy, ())


def place_of(definitions: Definitions, policy: PolicyDef) -> str:
    """Where a policy's problems are reported: the file that it was read from."""
    name, _, mark = policy.id.partition("@")
    own_id = re.compile(rf"^id\s*=\s*[\"']{re.escape(name)}[\"']", re.MULTILINE)
    found = [
        path
        for path, text in definitions.source.items()
        if "policies/" in path
        and ("policies/shadow/" in path) is bool(mark)
        and own_id.search(f"\n{text}".split("\n[", 1)[0])
    ]
    # Several versions may lie aside: those that the platform wrote bear their digest in their name.
    marked = [path for path in found if mark and mark in path]
    return next(iter(marked or found), f"{policy.pack}/policies/{name}.toml")


def expressions_of(policy: PolicyDef) -> list[tuple[str, Expression]]:
    """All conditions of a policy with the name of the thing that they belong to."""
    rules = [(f"rule {rule.id}", rule.when) for rule in policy.rules]
    return rules + [(f"exemption {exemption.id}", exemption.when) for exemption in policy.exemptions]


def _event_program(
    definitions: Definitions,
    event: EventDef,
    live: PolicyDef | None,
    shadows: Sequence[PolicyDef],
    challenger: PolicyDef | None = None,
) -> EventProgram:
    policies = [*([live] if live else []), *([challenger] if challenger else []), *shadows]
    roots: dict[str, frozenset[str]] = {}
    used: set[str] = set()
    problems: list[Problem] = []
    fields = {f.name: f.type for f in event.fields}
    for policy in policies:
        for item, expression in expressions_of(policy):
            problems.extend(_unknown(definitions, fields, policy, item, expression))
            used |= expression.inputs
        used |= set(policy.keeps)
    if problems:
        raise Problems(problems)
    models = [model for model in definitions.models.values() if model.on == event.name]
    used |= {each.name for model in models for each in model.inputs}
    wanted = _derived_wanted(definitions, event, used, roots)
    for name in wanted:
        used |= definitions.derived[name].expression.inputs
    asked = sorted(match.groups() for text in used if (match := _MEMBER.match(text)))
    used |= {name for name, _ in asked}
    # Sorted: the order in which the features room answers.
    windows = tuple(
        name
        for name, feature in sorted(definitions.features.items())
        if name in used or (event.name in feature.of and event.name in feature.by)
    )
    for name, list_name in asked:
        if name not in fields and name not in windows:
            raise Problems([_homeless(event, name, list_name)])
    words = tuple(word for word in TIME_WORDS if word in used and word not in fields)
    limits = tuple(name for name in definitions.limits if f"limit('{name}')" in used)
    levels = _levels(definitions, wanted)
    derived = (*(name for level in levels for name in level), *(model.name for model in models))
    for model in models:
        seen = {each.name for each in model.inputs}
        roots[model.name] = frozenset().union(*(roots.get(name, {name}) for name in seen))
    slots = (
        *fields, *words, *(f"limit('{name}')" for name in limits),
        *(f"{name} in list('{list_name}')" for name, list_name in asked), *windows, *derived,
    )  # fmt: skip
    types = (
        *fields.values(), *(TIME_WORDS[word] for word in words),
        *(definitions.limits[name].type for name in limits), *(BOOL for _ in asked),
        *(definitions.features[name].type for name in windows),
        *(definitions.derived[name].type for level in levels for name in level), *(RATIO for _ in models),
    )  # fmt: skip
    index = {name: slot for slot, name in enumerate(slots)}
    scorers = {model.name: Model(model, index) for model in models}
    built = [_policy_program(policy, place_of(definitions, policy), index) for policy in policies]
    live_program = built.pop(0) if live else None
    challenging = built.pop(0) if challenger else None
    split = challenger.split if challenger else None
    verdict = live_program.clear if live_program else None
    return EventProgram(
        event=event,
        zone=definitions.packs[event.pack].zone,
        definitions=definitions,
        slots=slots,
        index=index,
        types=types,
        fields=tuple(fields),
        time_words=words,
        limits=limits,
        members=tuple(Member(n, ln, index[f"{n} in list('{ln}')"]) for n, ln in asked),
        windows=windows,
        derived=derived,
        models=scorers,
        roots={name: roots[name] for name in derived},
        live=live_program,
        shadows=tuple(built),
        clear=Decision.of(verdict or Verdict(policy=live.id if live else None)),
        levels=(*(_fill(definitions, level, index) for level in levels), *((model, ()) for model in scorers.values())),
        base_count=len(slots) - len(derived),
        challenger=challenging,
        split=Split(index[split.by], split.share_ppm, split.seed) if split else None,
    )


def _unknown(
    definitions: Definitions,
    fields: Mapping[str, Type],
    policy: PolicyDef,
    item: str,
    expression: Expression,
) -> Iterable[Problem]:
    """What an expression of a policy reads and its event type cannot have."""
    for text in sorted(expression.inputs):
        if match := _LIMIT.match(text):
            known = match[1] in definitions.limits
        elif match := _MEMBER.match(text):
            feature = definitions.features.get(match[1])
            at_hand = match[1] in fields or (feature is not None and policy.on in feature.by)
            known = match[2] in definitions.lists and at_hand
        elif text in definitions.derived:
            known = policy.on in definitions.derived[text].events
        elif text in definitions.features:
            known = policy.on in definitions.features[text].by
        elif text in definitions.models:
            known = policy.on == definitions.models[text].on
        else:
            known = text in fields or text in TIME_WORDS
        if not known:
            yield Problem(
                place_of(definitions, policy), item, f"{text} cannot be read on a {policy.on} event",
                "name a field, feature, limit or list that this event type has",
            )  # fmt: skip


def _homeless(event: EventDef, name: str, list_name: str) -> Problem:
    problem = f"'{name} in list('{list_name}')' asks about a derived value"
    return Problem(f"{event.pack}/features.toml", event.name, problem, "ask about a field or a window feature")


def _derived_wanted(
    definitions: Definitions, event: EventDef, used: set[str], roots: dict[str, frozenset[str]]
) -> list[str]:
    """The derived features filled on an event type, in declared order.

    They are those that its policies use, directly or through another one, and those that come for
    nearly nothing: of a window that the event itself feeds, or of the pack's own fields alone.
    """
    _find_roots(definitions, roots)
    wanted: set[str] = set()
    waiting = [name for name in used if name in definitions.derived]
    for name, derived in definitions.derived.items():
        if event.name not in derived.events:
            continue
        windows = [definitions.features[root] for root in roots[name] if root in definitions.features]
        at_home = event.pack == derived.pack and event.lifecycle is None
        if any(event.name in window.of for window in windows) or (not windows and at_home):
            waiting.append(name)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(i for i in definitions.derived[name].expression.inputs if i in definitions.derived)
    return [name for name in definitions.derived if name in wanted]


def _inner(definitions: Definitions, name: str) -> list[str]:
    """The derived features that a derived feature reads itself."""
    return [text for text in definitions.derived[name].expression.inputs if text in definitions.derived]


def _inside_out(definitions: Definitions) -> list[str]:
    """All derived features, each after those that it reads. Packs have no circles, but long chains."""
    ordered: dict[str, None] = {}
    waiting = list(definitions.derived)[::-1]
    while waiting:
        name = waiting[-1]
        first = [other for other in _inner(definitions, name) if other not in ordered]
        waiting.extend(first)
        if not first:
            ordered.setdefault(waiting.pop())
    return list(ordered)


def _find_roots(definitions: Definitions, roots: dict[str, frozenset[str]]) -> None:
    """For each derived feature the inputs that it finally comes from."""
    for name in _inside_out(definitions):
        found: set[str] = set()
        for text in definitions.derived[name].expression.inputs:
            if text in definitions.derived:
                found |= roots[text]
                continue
            found.add(text)
            if match := _MEMBER.match(text):
                found.add(match[1])
        roots[name] = frozenset(found)


def _levels(definitions: Definitions, wanted: Sequence[str]) -> list[list[str]]:
    """Derived features in layers: each reads only what stands in earlier layers."""
    depth: dict[str, int] = {}
    for name in _inside_out(definitions):
        depth[name] = 1 + max((depth[other] for other in _inner(definitions, name)), default=-1)
    layers: list[list[str]] = [[] for _ in range(1 + max((depth[name] for name in wanted), default=-1))]
    for name in wanted:
        layers[depth[name]].append(name)
    return layers


def _fill(definitions: Definitions, level: Sequence[str], index: Mapping[str, int]) -> _Level:
    derived = [definitions.derived[name] for name in level]
    defaults = tuple((index[d.name], d.otherwise) for d in derived if d.otherwise is not None)
    return build_values([d.expression for d in derived], index), defaults


def _policy_program(policy: PolicyDef, place: str, index: Mapping[str, int]) -> PolicyProgram:
    rules = [rule.when for rule in policy.rules]
    exemptions = [exemption.when for exemption in policy.exemptions]
    bands = sorted(policy.bands, key=lambda band: band.score_from)
    clear = Verdict(policy=policy.id)
    return PolicyProgram(
        policy=policy,
        place=place,
        rules=build_rules(rules, index),
        values=build_values(rules, index),
        exemptions=build_rules(exemptions, index) if exemptions else None,
        exemption_values=build_values(exemptions, index),
        weights=tuple(WEIGHTS[rule.then or Outcome.ALLOW] for rule in policy.rules),
        scores=tuple(rule.score for rule in policy.rules),
        band_from=tuple(band.score_from for band in bands),
        band_weight=tuple(accumulate((WEIGHTS[band.then] for band in bands), max, initial=0)),
        lifts=tuple(sum(1 << WEIGHTS[o] for o in e.lifts if WEIGHTS[o]) for e in policy.exemptions),
        reads=tuple(_reads(when) for when in rules),
        blind=tuple(_is_blind(when) for when in rules),
        exemption_reads=tuple(_reads(when) for when in exemptions),
        exemption_blind=tuple(_is_blind(when) for when in exemptions),
        reasons=tuple(_reason(rule.id, rule.doc, rule.basis.en) for rule in policy.rules),
        clear=clear if all(band.score_from > 0 for band in bands) else None,
    )


def _reason(rule: str, doc: Words, basis: str) -> Reason:
    return Reason(rule, doc.zh, doc.en, basis)


def _reads(when: Expression) -> frozenset[str]:
    """The inputs of a condition; asking a list about a window feature reads that feature too."""
    return when.inputs | {match[1] for text in when.inputs if (match := _MEMBER.match(text))}


def _is_blind(when: Expression) -> bool:
    """Does the condition turn a missing value into a definite one? Then, with an input away, what it
    says is about our trouble and not about the event, and its declared degradation decides.
    """
    text = str(when)
    return "missing(" in text or "or_else(" in text
