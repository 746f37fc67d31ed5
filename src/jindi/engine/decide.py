"""The pure core: facts in, decision out; the same function live, in shadow and in a backtest."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from jindi.basics.digests import lot_ppm
from jindi.engine.program import NOTHING, EventProgram, Facts, PolicyProgram, Reason, strictest
from jindi.engine.verdicts import WEIGHTS, Decision, Verdict
from jindi.packs.definitions import OUTCOMES, Degrade, Outcome

_CHALLENGE = WEIGHTS[Outcome.CHALLENGE]
_DELAY = WEIGHTS[Outcome.DELAY]


def decide(program: EventProgram, facts: Facts, absent: frozenset[str] = NOTHING) -> Decision:
    """The decision on one event; knows no clock, file or chance, so equal facts give equal decisions.

    `facts` are in slot order, derived ones filled by `program.complete(base, absent)`. `absent` names
    the inputs that could not be had (all window features when the deadline has passed); rules that
    therefore cannot be determined do what they declare.
    """
    live = program.live
    if live is None:
        if not program.shadows:
            return program.clear
        return Decision.of(Verdict(None), _shadows(program, facts, absent))
    if program.challenger is not None and side_of(program, facts):
        verdict = judge(program, program.challenger, facts, absent)
        return Decision.of(verdict, _shadows(program, facts, absent), 1)
    verdict = judge(program, live, facts, absent)
    if program.shadows:
        return Decision.of(verdict, _shadows(program, facts, absent))
    return program.clear if verdict is live.clear else Decision.of(verdict)


def side_of(program: EventProgram, facts: Facts) -> int:
    """Which side decides an event: 0 the live policy, 1 the challenger. It depends on one field's value alone."""
    split = program.split
    if split is None:
        return 0
    value = facts[split.slot]
    return int(value is not None and lot_ppm(split.seed, str(value)) < split.share_ppm)


def judge(program: EventProgram, policy: PolicyProgram, facts: Facts, absent: frozenset[str] = NOTHING) -> Verdict:
    """What one policy of an event type says about the facts."""
    if absent:
        return _judge_around(program, policy, facts, absent)
    hits = policy.rules(facts)
    if not hits and policy.clear is not None:
        return policy.clear
    score = heaviest = 0
    weights, scores = policy.weights, policy.scores
    for rule in hits:
        score += scores[rule]
        if (weight := weights[rule]) > heaviest:  # the hot path: a call of max costs three times as much
            heaviest = weight
    heaviest = max(heaviest, policy.band_weight[bisect_right(policy.band_from, score)])
    if heaviest and policy.exemptions is not None and (exemptions := policy.exemptions(facts)):
        return settle(policy, hits, lifted=lifted_by(policy, exemptions))
    method = wait_us = None
    if heaviest == _CHALLENGE:
        method = _method(policy, hits, (), score)
    elif heaviest == _DELAY:
        wait_us = _wait(policy, hits, (), score)
    return Verdict(
        policy.policy.id, OUTCOMES[heaviest], score, tuple(hits), (), (), (), method, wait_us
    )  # fmt: skip


def settle(
    policy: PolicyProgram,
    hits: Sequence[int],
    *,
    lifted: int = 0,
    asking: Sequence[int] = (),
    presumed: Sequence[int] = (),
    degraded: tuple[str, ...] = (),
) -> Verdict:
    """The verdict of given hits, the long way: with lifted outcomes and with rules that stand in.

    `hits` are rules that speak as they stand, `asking` those that can't be determined and ask for a
    challenge instead: they add no score. `lifted` has a bit for each weight that is not asked for.
    """
    standing: list[int] = []
    exempted: list[int] = []
    score = heaviest = 0
    for rule in sorted((*hits, *asking)):
        weight = _CHALLENGE if rule in asking else policy.weights[rule]
        score += 0 if rule in asking else policy.scores[rule]
        if lifted >> weight & 1:
            exempted.append(rule)
        else:
            standing.append(rule)
            heaviest = max(heaviest, weight)
    for band in policy.policy.bands:
        weight = WEIGHTS[band.then]
        if band.score_from <= score and not lifted >> weight & 1:
            heaviest = max(heaviest, weight)
    return Verdict(
        policy.policy.id,
        OUTCOMES[heaviest],
        score,
        tuple(standing),
        tuple(exempted),
        tuple(presumed),
        degraded,
        _method(policy, standing, asking, score) if heaviest == _CHALLENGE else None,
        _wait(policy, standing, asking, score) if heaviest == _DELAY else None,
    )


def lifted_by(policy: PolicyProgram, exemptions: Iterable[int]) -> int:
    """The weights that true exemptions lift, one bit each."""
    lifted = 0
    for exemption in exemptions:
        lifted |= policy.lifts[exemption]
    return lifted


def holding(
    program: EventProgram, policy: PolicyProgram, facts: Facts, absent: frozenset[str] = NOTHING
) -> tuple[list[int], list[int]]:
    """The exemptions that hold, and those that an absent input leaves undetermined: they don't."""
    away = program.away(absent)
    holds: list[int] = []
    undetermined: list[int] = []
    for exemption, value in enumerate(policy.exemption_values(facts)):
        gone = policy.exemption_reads[exemption] & away
        if gone and (value is None or policy.exemption_blind[exemption]):
            undetermined.append(exemption)
        elif value is True:
            holds.append(exemption)
    return holds, undetermined


def reasons(program: EventProgram, decision: Decision) -> list[Reason]:
    """Why: for each rule that stands its name, its sentence in both languages and its basis."""
    decider = program.decider(decision.side)
    return [decider.reasons[rule] for rule in decision.hits] if decider else []


def _shadows(program: EventProgram, facts: Facts, absent: frozenset[str]) -> tuple[Verdict, ...]:
    return tuple([judge(program, shadow, facts, absent) for shadow in program.shadows])


def _judge_around(program: EventProgram, policy: PolicyProgram, facts: Facts, absent: frozenset[str]) -> Verdict:
    """A verdict while inputs are away.

    A rule is undetermined when it reads an absent input and its value is neither true nor false without
    it, or when it asks whether values are missing. A value that is missing in earnest beside the absent
    one leaves it undetermined too: a degraded answer may be too careful, never too sure.
    """
    away = program.away(absent)
    hits: list[int] = []
    asking: list[int] = []
    presumed: list[int] = []
    mattered: set[str] = set()
    for rule, value in enumerate(policy.values(facts)):
        gone = policy.reads[rule] & away
        if not gone or not (value is None or policy.blind[rule]):
            if value is True:
                hits.append(rule)
            continue
        mattered |= gone
        how = degrade_of(program, policy, rule, away)
        if how != "open":
            presumed.append(rule)
            (hits if how == "closed" else asking).append(rule)
    lifting, undetermined = holding(program, policy, facts, absent)
    lifted = lifted_by(policy, lifting)
    verdict = settle(policy, hits, lifted=lifted, asking=asking, presumed=presumed)
    for exemption in undetermined:
        full = settle(policy, hits, lifted=lifted | policy.lifts[exemption], asking=asking, presumed=presumed)
        if full != verdict:
            mattered |= policy.exemption_reads[exemption] & away
    return settle(
        policy,
        hits,
        lifted=lifted,
        asking=asking,
        presumed=presumed,
        degraded=_leaves(program, mattered, away),
    )


def degrade_of(program: EventProgram, policy: PolicyProgram, rule: int, away: frozenset[str]) -> Degrade:
    """What an undetermined rule does: its own wish, or where that is `open` its absent inputs' strictest.

    `away` is what `program.away` says of the absent inputs.
    """
    own = policy.policy.rules[rule].degrade
    if own != "open":
        return own
    return strictest(program.degrade_of(name, away) for name in policy.reads[rule] & away)


def _leaves(program: EventProgram, names: set[str], away: frozenset[str]) -> tuple[str, ...]:
    """The absent inputs themselves instead of what is derived from them, in slot order."""
    found: set[str] = set()
    for name in names:
        found |= program.roots[name] & away if name in program.roots else {name}
    return tuple(sorted(found, key=program.index.__getitem__))


def _method(policy: PolicyProgram, rules: Iterable[int], asking: Sequence[int], score: int) -> str | None:
    """The step-up method of the heaviest challenge: of the rule with the largest score or of the band
    that begins highest. Equal weights are settled by name, so that the order of rules never matters.
    """
    best: tuple[int, str] | None = None
    for rule in rules:
        definition = policy.policy.rules[rule]
        asks = definition.then is Outcome.CHALLENGE or rule in asking
        if asks and definition.method is not None:
            candidate = (definition.score, definition.method)
            best = candidate if best is None else max(best, candidate)
    for band in policy.policy.bands:
        if band.then is Outcome.CHALLENGE and band.score_from <= score and band.method is not None:
            candidate = (band.score_from, band.method)
            best = candidate if best is None else max(best, candidate)
    return best[1] if best else None


def _wait(policy: PolicyProgram, rules: Iterable[int], asking: Sequence[int], score: int) -> int | None:
    """The longest wait that a rule or a reached band asks for, in microseconds."""
    delaying = [policy.policy.rules[rule] for rule in rules if rule not in asking]
    waits = [rule.wait_us for rule in delaying if rule.then is Outcome.DELAY]
    waits += [b.wait_us for b in policy.policy.bands if b.then is Outcome.DELAY and b.score_from <= score]
    return max((wait for wait in waits if wait is not None), default=None)
