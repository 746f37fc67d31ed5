"""Why a decision is as it is: every condition with its values, and the smallest changes that alter it.

An explanation holds values, not sentences; the doors put them into words in either language.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from jindi.basics.digests import lot_ppm
from jindi.engine.changes import Change, Without, find_changes, find_without
from jindi.engine.decide import decide, degrade_of, holding, lifted_by
from jindi.engine.program import NOTHING, EventProgram, Facts, PolicyProgram
from jindi.engine.showing import Shown, shown
from jindi.engine.verdicts import WEIGHTS, Decision, Verdict
from jindi.language import Expression, Trace, Value, evaluate, trace
from jindi.packs.definitions import Degrade, Outcome, Words

InputKind = Literal["field", "time", "limit", "list", "window", "derived", "model"]
RuleState = Literal["hit", "lifted", "not_hit"]


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression or a part of it, with the value it had. A bool of None is neither true nor false."""

    text: str
    value: Shown
    type: str
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class InputLine:
    """One fact that the policy could see. `absent` facts could not be had; others of None are missing."""

    name: str
    kind: InputKind
    type: str
    value: Shown
    absent: bool
    doc: Words | None


class _Based:
    """What rests on something. `basis` is the pack's one text, or the English of two."""

    __slots__ = ()
    basis: str
    basis_zh: str

    @property
    def basis_words(self) -> Words:
        """The basis in both languages."""
        return Words(self.basis_zh, self.basis)


@dataclass(frozen=True, slots=True)
class RuleLine(_Based):
    """A rule and what it said.

    `score` is what it added, `asks` the outcome it asked for (None when it asked for none or did not
    speak). `degraded` is the declared degradation that decided in its place because of the inputs in
    `away`; None when the condition was determined.
    """

    id: str
    doc: Words
    basis: str
    basis_zh: str
    state: RuleState
    asks: Outcome | None
    score: int
    degraded: Degrade | None
    away: tuple[str, ...]
    condition: Condition


@dataclass(frozen=True, slots=True)
class BandLine:
    """A score band: reached or not, and whether an exemption lifted it."""

    score_from: int
    then: Outcome
    reached: bool
    lifted: bool


@dataclass(frozen=True, slots=True)
class ExemptionLine(_Based):
    """An exemption, whether it holds, and which outcomes it then lifts."""

    id: str
    doc: Words
    basis: str
    basis_zh: str
    lifts: tuple[Outcome, ...]
    holds: bool
    condition: Condition


@dataclass(frozen=True, slots=True)
class LimitLine(_Based):
    """A limit in force on the event's day: since when, on what basis, and how sure the figure is."""

    name: str
    doc: Words
    value: Shown
    since: date
    basis: str
    basis_zh: str
    mark: str


@dataclass(frozen=True, slots=True)
class DerivedLine:
    """How a derived feature came to its value; `value` differs from the condition's when `else` stood in."""

    name: str
    doc: Words
    value: Shown
    absent: bool
    condition: Condition


@dataclass(frozen=True, slots=True)
class Share:
    """What one input did to a model's raw score: `points` above 0 raised it. `name` may ask for a word."""

    name: str
    doc: Words | None
    value: Shown
    points: float


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model's score and its reasons, from what raised it most to what lowered it most.

    `value` is the calibrated probability that rules read, None when it is absent. `raw` is `base` (what is
    expected before anything is known) plus the shares of all inputs; an absent score has none. `exact` shares
    are Shapley values, others follow the paths that were taken. `digest` names the model's file, `card` its card.
    """

    name: str
    doc: Words
    value: Shown
    absent: bool
    raw: float | None
    base: float | None
    exact: bool
    shares: tuple[Share, ...]
    digest: str
    card: str


@dataclass(frozen=True, slots=True)
class ShadowLine:
    """What a shadow policy would have said, in short."""

    policy: str
    outcome: Outcome
    score: int
    hits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SplitLine:
    """Which of two policies decided, and by which lot: the challenger's when `lot_ppm` is below `share_ppm`.

    `lot_ppm` is None when the event lacks the field `by`; the champion decides it then.
    """

    by: str
    seed: str
    share_ppm: int
    lot_ppm: int | None
    side: Literal["champion", "challenger"]
    champion: str
    challenger: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one decision. `policy` is None when no live policy decides the type.

    `changes` are ordered by the number of facts to change, then by how far they move. They are found by
    deciding again, each with the outcome it gives. `without` does the same for leaving out a rule.
    """

    event: str
    policy: str | None
    digest: str | None
    outcome: Outcome
    score: int
    method: str | None
    wait_us: int | None
    degraded: tuple[str, ...]
    inputs: tuple[InputLine, ...]
    derived: tuple[DerivedLine, ...]
    models: tuple[ModelLine, ...]
    rules: tuple[RuleLine, ...]
    bands: tuple[BandLine, ...]
    exemptions: tuple[ExemptionLine, ...]
    limits: tuple[LimitLine, ...]
    changes: tuple[Change, ...]
    without: tuple[Without, ...]
    shadows: tuple[ShadowLine, ...]
    split: SplitLine | None = None


def explain(
    program: EventProgram,
    facts: Facts,
    absent: frozenset[str] = NOTHING,
    *,
    at_us: int,
    decision: Decision | None = None,
    exact: bool = False,
    search: bool = True,
) -> Explanation:
    """Explain the decision on complete facts; `at_us` is the instant that fixed the limits. With `exact` the
    reasons of models are Shapley values, which take some milliseconds for each model. Without `search` nobody looks
    for what would change the decision, which is most of the work: `changes` and `without` are empty then.

    Raises ValueError when `decision` is given and these facts don't lead to it: then the facts or the
    program are of another moment. Tokens are shortened in all that comes out.
    """
    found = decide(program, facts, absent)
    if decision is not None and decision != found:
        raise ValueError("these facts give another decision: explain it with the definitions of its moment")
    sight = _Sight(program, facts, absent)
    live = program.decider(found.side)
    holds = holding(program, live, facts, absent)[0] if live else []
    return Explanation(
        event=program.event.name,
        policy=found.policy,
        digest=live.policy.digest if live else None,
        outcome=found.outcome,
        score=found.score,
        method=found.method,
        wait_us=found.wait_us,
        degraded=found.degraded,
        inputs=_inputs(sight),
        derived=_derived(sight),
        models=_models(sight, exact=exact),
        rules=_rules(sight, live, found) if live else (),
        bands=_bands(live, found, holds) if live else (),
        exemptions=_exemptions(sight, live, holds) if live else (),
        limits=_limits(sight, program.day(at_us)),
        changes=find_changes(program, live, facts, absent) if live and search else (),
        without=find_without(program, live, facts, absent) if live and search else (),
        shadows=tuple(_shadow(shadow, verdict) for shadow, verdict in zip(program.shadows, found.shadows, strict=True)),
        split=_split(program, facts, found),
    )


def _split(program: EventProgram, facts: Facts, found: Decision) -> SplitLine | None:
    split, live, challenger = program.split, program.live, program.challenger
    if split is None or live is None or challenger is None:
        return None
    value = facts[split.slot]
    return SplitLine(
        by=program.slots[split.slot],
        seed=split.seed,
        share_ppm=split.share_ppm,
        lot_ppm=lot_ppm(split.seed, str(value)) if value is not None else None,
        side="challenger" if found.side else "champion",
        champion=live.policy.version,
        challenger=challenger.policy.version,
    )


def to_json(explanation: Explanation) -> bytes:
    """An explanation as JSON: the same names, instants and amounts as text, tokens shortened."""
    return msgspec.json.encode(explanation)


@dataclass(frozen=True, slots=True)
class _Sight:
    """The facts by name, as a tree walk reads them."""

    program: EventProgram
    facts: Facts
    absent: frozenset[str]

    def read(self, name: str) -> Value:
        """The value of an input by its canonical text."""
        return self.facts[self.program.index[name]]

    def condition(self, expression: Expression) -> Condition:
        """An expression with all its values."""
        return condition_of(trace(expression, self.read), self.read)

    def show(self, name: str) -> Shown:
        """An input's value as people may see it."""
        slot = self.program.index[name]
        return shown(self.facts[slot], self.program.types[slot], self.read)


def condition_of(step: Trace, read: Callable[[str], Value]) -> Condition:
    """A traced expression as it may be shown."""
    parts = tuple(condition_of(child, read) for child in step.children)
    return Condition(step.text, shown(step.value, step.type, read), str(step.type.kind), parts)


def _docs(program: EventProgram) -> dict[str, Words]:
    """What each slot that has a sentence of its own holds; words of the clock have none."""
    definitions = program.definitions
    docs: dict[str, Words] = {f.name: f.doc for f in program.event.fields}
    docs |= {name: definitions.features[name].doc for name in program.windows}
    docs |= {name: definitions.derived[name].doc for name in program.derived if name not in program.models}
    docs |= {name: model.definition.doc for name, model in program.models.items()}
    docs |= {f"limit('{name}')": definitions.limits[name].doc for name in program.limits}
    docs |= {program.slots[m.slot]: definitions.lists[m.list_name].doc for m in program.members}
    return docs


def _inputs(sight: _Sight) -> tuple[InputLine, ...]:
    program = sight.program
    docs = _docs(program)
    kinds: list[InputKind] = ["field"] * len(program.fields)
    kinds += ["time"] * len(program.time_words)
    kinds += ["limit"] * len(program.limits)
    kinds += ["list"] * len(program.members)
    kinds += ["window"] * len(program.windows)
    kinds += ["derived"] * (len(program.derived) - len(program.models))
    kinds += ["model"] * len(program.models)
    away = program.away(sight.absent)
    return tuple(
        InputLine(name, kind, str(type_.kind), sight.show(name), name in away, docs.get(name))
        for name, kind, type_ in zip(program.slots, kinds, program.types, strict=True)
    )


def _derived(sight: _Sight) -> tuple[DerivedLine, ...]:
    away = sight.program.away(sight.absent)
    program = sight.program
    definitions = (program.definitions.derived[name] for name in program.derived if name not in program.models)
    return tuple(
        DerivedLine(d.name, d.doc, sight.show(d.name), d.name in away, sight.condition(d.expression))
        for d in definitions
    )


def _models(sight: _Sight, *, exact: bool) -> tuple[ModelLine, ...]:
    """The models' scores with their reasons. An absent score has none: it was not computed from these facts."""
    program = sight.program
    away = program.away(sight.absent)
    docs = _docs(program)
    lines = []
    for name, model in program.models.items():
        definition = model.definition
        parts = None if name in away else model.shares(sight.facts, exact=exact)
        found = [
            Share(each.title, docs.get(each.name), sight.show(each.name), points)
            for each, points in zip(definition.inputs, parts.points if parts else (), strict=False)
        ]
        lines.append(
            ModelLine(
                name=name,
                doc=definition.doc,
                value=sight.show(name),
                absent=name in away,
                raw=parts.raw if parts else None,
                base=parts.base if parts else None,
                exact=exact,
                shares=tuple(sorted(found, key=lambda share: -share.points)),
                digest=definition.digest,
                card=definition.card,
            )
        )
    return tuple(lines)


def speaking_rules(
    program: EventProgram, facts: Facts, absent: frozenset[str], decision: Decision
) -> tuple[RuleLine, ...]:
    """Of an explanation's rules those that had a say in the decision on these facts: hit, or lifted by an exemption."""
    decider = program.decider(decision.side)
    if decider is None:
        return ()
    return _rules(_Sight(program, facts, absent), decider, decision, {*decision.hits, *decision.exempted})


def _rules(
    sight: _Sight, live: PolicyProgram, found: Decision, among: Collection[int] | None = None
) -> tuple[RuleLine, ...]:
    """The lines of the rules, or of those that stand at the places `among`."""
    program = sight.program
    away = program.away(sight.absent)
    lines = []
    for place, rule in enumerate(live.policy.rules):
        if among is not None and place not in among:
            continue
        value = evaluate(rule.when, sight.read)
        gone = live.reads[place] & away
        undetermined = bool(gone) and (value is None or live.blind[place])
        how = degrade_of(program, live, place, away) if undetermined else None
        state: RuleState = "hit" if place in found.hits else "lifted" if place in found.exempted else "not_hit"
        speaks, asking = state != "not_hit", how == "challenge"
        lines.append(
            RuleLine(
                id=rule.id,
                doc=rule.doc,
                basis=rule.basis.en,
                basis_zh=rule.basis.zh,
                state=state,
                asks=(Outcome.CHALLENGE if asking else rule.then) if speaks else None,
                score=rule.score if speaks and not asking else 0,
                degraded=how,
                away=tuple(sorted(gone, key=program.index.__getitem__)) if undetermined else (),
                condition=sight.condition(rule.when),
            )
        )
    return tuple(lines)


def _bands(live: PolicyProgram, found: Decision, holds: Sequence[int]) -> tuple[BandLine, ...]:
    lifted = lifted_by(live, holds)
    return tuple(
        BandLine(band.score_from, band.then, found.score >= band.score_from, bool(lifted >> WEIGHTS[band.then] & 1))
        for band in sorted(live.policy.bands, key=lambda band: band.score_from)
    )


def _exemptions(sight: _Sight, live: PolicyProgram, holds: Sequence[int]) -> tuple[ExemptionLine, ...]:
    return tuple(
        ExemptionLine(
            exemption.id,
            exemption.doc,
            exemption.basis.en,
            exemption.basis.zh,
            tuple(sorted(exemption.lifts, key=WEIGHTS.__getitem__)),
            place in holds,
            sight.condition(exemption.when),
        )
        for place, exemption in enumerate(live.policy.exemptions)
    )


def _limits(sight: _Sight, day: date) -> tuple[LimitLine, ...]:
    lines = []
    for name in sight.program.limits:
        limit = sight.program.definitions.limits[name]
        step = limit.on(day)
        value = sight.show(f"limit('{name}')")
        lines.append(LimitLine(name, limit.doc, value, step.since, step.basis.en, step.basis.zh, limit.mark_of(step)))
    return tuple(lines)


def _shadow(shadow: PolicyProgram, verdict: Verdict) -> ShadowLine:
    ids: Sequence[str] = [shadow.policy.rules[rule].id for rule in verdict.hits]
    return ShadowLine(shadow.policy.id, verdict.outcome, verdict.score, tuple(ids))
