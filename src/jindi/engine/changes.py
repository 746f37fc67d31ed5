"""The smallest changes that would alter a decision, each found by deciding again.

Nothing here is inferred from the shape of the rules: a rule only proposes values worth trying, and what is
reported is what came out when they were tried. Three searches, each with a bound: one fact at a time; two
at a time; and, for a decision that many rules hold up, step by step.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice

from jindi.basics.instants import DAY_US
from jindi.basics.money import AMOUNT_MINOR_MAX
from jindi.engine.decide import degrade_of, holding, judge, lifted_by, settle
from jindi.engine.program import EventProgram, Facts, PolicyProgram
from jindi.engine.showing import Shown, shown
from jindi.engine.verdicts import WEIGHTS, Verdict
from jindi.language import Kind, Value, crossings
from jindi.packs.definitions import FieldDef, Outcome

CHANGES_MAX = 16
"""Changes in one explanation; the nearest to each outcome is always among them."""

TRIES_SINGLE, TRIES_PAIRS, TRIES_STEPS = 8_000, 2_000, 2_000
"""How often each search may decide again: an explanation takes well under a second, whatever the policy."""

_STEPS_MAX = 6
_PAIR_CANDIDATES = 48
_NUMBERS = (Kind.INT, Kind.MONEY, Kind.DURATION, Kind.TIME, Kind.RATIO)
_FAR = 2**53
_TIME_RANGES: Mapping[str, tuple[int, int]] = {
    "hour": (0, 23),
    "minute": (0, 59),
    "weekday": (1, 7),
    "day": (1, 31),
    "month": (1, 12),
    "year": (1, 9999),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One fact, taken to be another.

    `before` and `after` are as people may see them, `value` is `after` as facts carry it. `distance` is
    relative to the value itself (1 for a yes that becomes a no). With `any_other`, every value but `before`
    turns the condition, and `after` is only an example. `as_fact` marks a derived feature that was set by
    hand because no single one of its inputs did it. `held` names window features and memberships that
    might not stay as they are if this field were another, and were left alone; sums were moved along.
    """

    input: str
    before: Shown
    after: Shown
    value: Value
    distance: float
    any_other: bool
    as_fact: bool
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Facts that would have to be otherwise, and the decision that would then follow."""

    moves: tuple[Move, ...]
    outcome: Outcome
    score: int


@dataclass(frozen=True, slots=True)
class Without:
    """Rules without which the outcome would be another, and the decision that would then follow."""

    rules: tuple[str, ...]
    outcome: Outcome
    score: int


def find_changes(
    program: EventProgram, policy: PolicyProgram, facts: Facts, absent: frozenset[str]
) -> tuple[Change, ...]:
    """Changes of facts that alter the policy's outcome, the smallest first.

    Absent inputs and limits are left alone: the first are unknown, the second are not facts of the event.
    Words of the clock are changed one at a time, as if they were independent.
    """
    return _Search(program, policy, facts, absent).changes()


def find_without(
    program: EventProgram, policy: PolicyProgram, facts: Facts, absent: frozenset[str]
) -> tuple[Without, ...]:
    """The smallest sets of rules (one, two, or all) without which the outcome would be another."""
    verdict = judge(program, policy, facts, absent)
    speaking = sorted((*verdict.hits, *verdict.exempted))
    away = program.away(absent)
    asking = {rule for rule in verdict.presumed if degrade_of(program, policy, rule, away) == "challenge"}
    holds, _ = holding(program, policy, facts, absent)
    lifted = lifted_by(policy, holds)

    def leaving(out: tuple[int, ...]) -> Without | None:
        rest = [rule for rule in speaking if rule not in out]
        found = settle(
            policy,
            [rule for rule in rest if rule not in asking],
            lifted=lifted,
            asking=[rule for rule in rest if rule in asking],
        )
        if found.outcome is verdict.outcome:
            return None
        ids = tuple(policy.policy.rules[rule].id for rule in out)
        return Without(ids, found.outcome, found.score)

    heaviest = WEIGHTS[verdict.outcome]
    top = tuple(
        rule
        for rule in verdict.hits
        if (WEIGHTS[Outcome.CHALLENGE] if rule in asking else policy.weights[rule]) == heaviest
    )
    rounds: list[list[tuple[int, ...]]] = [
        [(rule,) for rule in speaking],
        [(first, second) for first, second in islice(combinations(speaking, 2), TRIES_PAIRS)],
        [top] if len(top) > 2 else [],
        [tuple(speaking)] if len(speaking) > 2 else [],
    ]
    for tried in rounds:
        if found := [without for out in tried if (without := leaving(out)) is not None]:
            return tuple(found[:CHANGES_MAX])
    return ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A slot and the value to try in it."""

    slot: int
    value: Value
    distance: float
    any_other: bool = False


_Found = tuple[tuple[_Step, ...], Verdict]


class _Search:
    def __init__(self, program: EventProgram, policy: PolicyProgram, facts: Facts, absent: frozenset[str]) -> None:
        self.program, self.policy, self.facts, self.absent = program, policy, facts, absent
        self.base = list(facts[: program.base_count])
        self.verdict = judge(program, policy, facts, absent)
        self.away = program.away(absent)
        self.fields: Mapping[str, FieldDef] = {f.name: f for f in program.event.fields}
        self.sums = self._sums()
        self.tries = 0

    def changes(self) -> tuple[Change, ...]:
        candidates = self._candidates()
        found = self._singles(candidates)
        if not any(self._is_goal(verdict) for _, verdict in found):
            candidates.sort(key=lambda step: (step.distance, step.slot))
            pairs = self._pairs(candidates[:_PAIR_CANDIDATES])
            found += pairs or self._step_by_step(candidates)
        found.sort(key=lambda item: (len(item[0]), sum(step.distance for step in item[0])))
        return tuple(self._change(steps, verdict) for steps, verdict in _fair(found))

    def _is_goal(self, verdict: Verdict) -> bool:
        """Another outcome; for an event that was not allowed, a lighter one."""
        if self.verdict.outcome is Outcome.ALLOW:
            return verdict.outcome is not Outcome.ALLOW
        return WEIGHTS[verdict.outcome] < WEIGHTS[self.verdict.outcome]

    def _try(self, steps: Iterable[_Step]) -> Verdict:
        """Decide again with other values. Derived features and sums over a moved field follow."""
        self.tries += 1
        program = self.program
        base = list(self.base)
        fixed: dict[str, Value] = {}
        moved: dict[int, Value] = {}
        for step in steps:
            moved[step.slot] = step.value
            if step.slot < program.base_count:
                base[step.slot] = step.value
            else:
                fixed[program.slots[step.slot]] = step.value
        for slot, value in moved.items():
            before = self.facts[slot]
            for window in self.sums.get(slot, ()):
                total = base[window]
                if window not in moved and isinstance(total, int) and isinstance(value, int):
                    assert isinstance(before, int), "only a numeric field that is there is summed"
                    base[window] = total + value - before
        complete = program.complete(base, self.absent, fixed)
        return judge(program, self.policy, complete, self.absent)

    def _sums(self) -> dict[int, list[int]]:
        """Which sums hold the event's own field and move when it moves: field slot → window slots."""
        event, index = self.program.event.name, self.program.index
        found: dict[int, list[int]] = {}
        for name in self.program.windows:
            window = self.program.definitions.features[name]
            includes = window.current == "include" and window.lag_us == 0 and event in window.of
            if window.fold == "sum" and includes and event not in window.where and name not in self.away:
                slot = index.get(window.value[event], -1)
                if slot >= 0 and type(self.facts[slot]) is int:
                    found.setdefault(slot, []).append(index[name])
        return found

    def _read(self, name: str) -> Value:
        return self.facts[self.program.index[name]]

    def _concerned(self) -> set[str]:
        """All inputs that the policy's conditions come from, derived features with their inputs."""
        names: set[str] = set()
        for reads in (*self.policy.reads, *self.policy.exemption_reads):
            names |= reads
        waiting = [name for name in names if name in self.program.roots]
        while waiting:
            inner = self._read_by(waiting.pop()) - names
            names |= inner
            waiting.extend(name for name in inner if name in self.program.roots)
        for field, windows in self.sums.items():
            if any(self.program.slots[window] in names for window in windows):
                names.add(self.program.slots[field])
        return {name for name in names if name not in self.away and not name.startswith("limit(")}

    def _read_by(self, name: str) -> frozenset[str]:
        """The inputs of a derived feature or of a model."""
        if name in self.program.models:
            return frozenset(each.name for each in self.program.models[name].definition.inputs)
        return self.program.definitions.derived[name].expression.inputs

    def _candidates(self) -> list[_Step]:
        """Values worth trying: where a comparison turns, the other truth value, the other listed words."""
        concerned = self._concerned()
        index, types = self.program.index, self.program.types
        found: dict[tuple[int, Value], _Step] = {}
        definitions = self.program.definitions
        conditions = [rule.when for rule in self.policy.policy.rules]
        conditions += [exemption.when for exemption in self.policy.policy.exemptions]
        derived = definitions.derived
        conditions += [derived[name].expression for name in self.program.derived if name in concerned & derived.keys()]
        proposals: list[tuple[str, Value, bool]] = [
            (crossing.input, crossing.value, crossing.any_other)
            for condition in conditions
            for crossing in crossings(condition, self._read)
            if crossing.input in concerned
        ]
        for name in sorted(concerned, key=index.__getitem__):
            if types[index[name]].kind is Kind.BOOL:
                proposals += [(name, True, False), (name, False, False)]
            elif name in self.fields:
                proposals += [(name, word, False) for word in self.fields[name].values]
        asked = {member.slot for member in self.program.members if self.facts[member.slot] is None}
        for name, value, any_other in proposals:
            slot = index[name]
            if slot in asked:
                continue  # nobody to look up in the list: the value itself is missing
            if types[slot].kind is not Kind.TOKEN and value != self.facts[slot] and self._is_lawful(slot, value):
                found.setdefault((slot, value), _Step(slot, value, self._distance(slot, value), any_other))
        return list(found.values())

    def _singles(self, candidates: list[_Step]) -> list[_Found]:
        nearest: dict[tuple[int, Outcome], tuple[_Step, Verdict]] = {}
        base_count = self.program.base_count

        def note(step: _Step, verdict: Verdict) -> None:
            key = (step.slot, verdict.outcome)
            if verdict.outcome is not self.verdict.outcome and (
                key not in nearest or step.distance < nearest[key][0].distance
            ):
                nearest[key] = (step, verdict)

        for step in candidates:
            if step.slot < base_count:
                note(step, self._try([step]))
        for name in sorted(self._concerned(), key=self.program.index.__getitem__):
            slot = self.program.index[name]
            if slot < base_count and self.program.types[slot].kind in _NUMBERS:
                for step, verdict in self._turning_points(slot):
                    note(step, verdict)
        for step in candidates:
            if step.slot >= base_count and self.tries < TRIES_SINGLE:
                verdict = self._try([step])
                roots = self.program.roots[self.program.slots[step.slot]]
                if not any((self.program.index[root], verdict.outcome) in nearest for root in roots):
                    note(step, verdict)
        return [((step,), verdict) for step, verdict in nearest.values()]

    def _turning_points(self, slot: int) -> Iterator[tuple[_Step, Verdict]]:
        """The nearest larger and smaller number that alters the outcome: doubled steps, then halved."""
        before = self.facts[slot]
        if isinstance(before, bool) or not isinstance(before, int | float):
            return
        least, most = self._range(slot)
        for sign, bound in ((1, most), (-1, least)):
            same: int | float = before
            whole = isinstance(before, int)
            stride: int | float = 1 if whole else max(abs(before), 1.0) * 1e-6
            other: int | float | None = None
            while other is None and self.tries < TRIES_SINGLE and same != bound:
                probe = max(least, min(most, before + sign * stride))
                if self._alters(slot, probe):
                    other = probe
                else:
                    same, stride = probe, stride * 2
            if other is None:
                continue
            while abs(other - same) > (1 if whole else max(abs(other), 1.0) * 1e-12):
                middle = (other + same) // 2 if whole else (other + same) / 2
                if middle in (other, same):
                    break
                if self._alters(slot, middle):
                    other = middle
                else:
                    same = middle
            if not whole:
                other = self._rounded(slot, float(other), before, sign)
            step = _Step(slot, other, self._distance(slot, other))
            yield step, self._try([step])

    def _alters(self, slot: int, value: Value) -> bool:
        return self._try([_Step(slot, value, 0.0)]).outcome is not self.verdict.outcome

    def _rounded(self, slot: int, value: float, before: float, sign: int) -> float:
        """The shortest decimal just beyond a turning point that still alters the outcome."""
        for digits in range(1, 12):
            unit = 10.0**-digits
            near = round((math.ceil if sign > 0 else math.floor)(value / unit) * unit, digits)
            if near != before and self._is_lawful(slot, near) and self._alters(slot, near):
                return near
        return value

    def _pairs(self, candidates: list[_Step]) -> list[_Found]:
        found: list[_Found] = []
        stop = self.tries + TRIES_PAIRS
        for first, second in combinations(candidates, 2):
            if self.tries >= stop:
                break
            if first.slot != second.slot and self._is_goal(verdict := self._try((first, second))):
                found.append(((first, second), verdict))
        return found

    def _step_by_step(self, candidates: list[_Step]) -> list[_Found]:
        """Take the step that eases the decision most, again and again; then drop what wasn't needed."""
        if self.verdict.outcome is Outcome.ALLOW:
            return []
        taken: list[_Step] = []
        verdict = self.verdict
        stop = self.tries + TRIES_STEPS
        while not self._is_goal(verdict) and len(taken) < _STEPS_MAX:
            slots = {step.slot for step in taken}
            best: tuple[tuple[int, int, int, float], _Step, Verdict] | None = None
            for step in candidates:
                if step.slot in slots or self.tries >= stop:
                    continue
                tried = self._try([*taken, step])
                key = (*self._burden(tried), step.distance)
                if best is None or key < best[0]:
                    best = (key, step, tried)
            if best is None or best[0][:3] >= self._burden(verdict):
                return []
            taken.append(best[1])
            verdict = best[2]
        if not self._is_goal(verdict):
            return []
        for step in sorted(taken, key=lambda step: -step.distance):
            fewer = [other for other in taken if other is not step]
            if self._is_goal(lighter := self._try(fewer)):
                taken, verdict = fewer, lighter
        return [(tuple(taken), verdict)]

    def _burden(self, verdict: Verdict) -> tuple[int, int, int]:
        """How much stands against the event: the outcome's weight, the rules that ask for it, the score."""
        weight = WEIGHTS[verdict.outcome]
        return weight, sum(self.policy.weights[rule] == weight for rule in verdict.hits), verdict.score

    def _range(self, slot: int) -> tuple[int, int]:
        """The least and the largest number that this slot may hold."""
        name, kind = self.program.slots[slot], self.program.types[slot].kind
        if name in _TIME_RANGES and slot >= len(self.program.fields):
            return _TIME_RANGES[name]
        most = AMOUNT_MINOR_MAX if kind is Kind.MONEY else _FAR
        before = self.facts[slot]
        positive = isinstance(before, int | float) and before >= 0
        least = 0 if positive else -most
        field = self.fields.get(name)
        if field is not None:
            least = field.least if field.least is not None else least
            most = field.most if field.most is not None else most
        return least, most

    def _is_lawful(self, slot: int, value: Value) -> bool:
        """Could the slot hold this value at all? Counts and amounts don't fall below nothing."""
        field = self.fields.get(self.program.slots[slot])
        if isinstance(value, str):
            return field is None or not field.values or value in field.values
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value is not None
        least, most = self._range(slot)
        return least <= value <= most

    def _distance(self, slot: int, value: Value) -> float:
        before = self.facts[slot]
        numbers = isinstance(before, int | float) and isinstance(value, int | float)
        if not numbers or isinstance(before, bool):
            return 1.0
        assert isinstance(before, int | float), "just seen"
        assert isinstance(value, int | float), "just seen"
        if self.program.types[slot].kind is Kind.TIME:
            return abs(value - before) / DAY_US
        return abs(value - before) / max(abs(before), 1)

    def _change(self, steps: tuple[_Step, ...], verdict: Verdict) -> Change:
        return Change(tuple(self._move(step) for step in steps), verdict.outcome, verdict.score)

    def _move(self, step: _Step) -> Move:
        name, type_ = self.program.slots[step.slot], self.program.types[step.slot]
        return Move(
            input=name,
            before=shown(self.facts[step.slot], type_, self._read),
            after=shown(step.value, type_, self._read),
            value=step.value,
            distance=step.distance,
            any_other=step.any_other,
            as_fact=step.slot >= self.program.base_count,
            held=self._held(name, step.slot),
        )

    def _held(self, name: str, slot: int) -> tuple[str, ...]:
        """The window features and list memberships that depend on a field and were not moved with it."""
        if name not in self.fields:
            return ()
        event = self.program.event.name
        moved = {self.program.slots[window] for window in self.sums.get(slot, ())}
        held = []
        for window in self.program.windows:
            feature = self.program.definitions.features[window]
            condition = feature.where.get(event)
            feeds = feature.pattern.of if feature.pattern is not None else ()
            if window not in moved and (
                any(feed.event == event and name in (feed.payer, feed.payee, feed.amount) for feed in feeds)
                or name in feature.by.get(event, ())
                or (event in feature.of and feature.value.get(event) == name)
                or (event in feature.of and condition is not None and name in condition.inputs)
            ):
                held.append(window)
        held += [self.program.slots[member.slot] for member in self.program.members if member.name == name]
        return tuple(held)


def _fair(found: list[_Found]) -> list[_Found]:
    """The first of a sorted list, but with the nearest way to each outcome among them."""
    seen: set[Outcome] = set()
    firsts: list[_Found] = []
    rest: list[_Found] = []
    for item in found:
        (rest if item[1].outcome in seen else firsts).append(item)
        seen.add(item[1].outcome)
    kept = [*firsts, *rest][:CHANGES_MAX]
    return [item for item in found if any(item is other for other in kept)]
