"""Why a record made again is not the record on disk: which fact, rule, score, list, limit or model, then and now."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from jindi.engine import EventProgram, PolicyProgram
from jindi.language import Value
from jindi.packs import OUTCOMES
from jindi.run.events import Scalar
from jindi.run.records import DecisionRecord, VerdictRecord, decision_id

Kind = Literal[
    "unreadable", "undecidable", "definitions", "event", "as_of", "late", "absent", "clock", "limit", "list",
    "feature", "facts", "side", "rule", "score", "outcome", "method", "wait", "degraded", "shadows", "shapes",
    "encoding",
]  # fmt: skip

Told = Scalar | tuple[str, ...]
_encode = msgspec.msgpack.Encoder().encode


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is not the same: as the journal has it, and as it comes out when it is made again.

    `policy` says whose rule or verdict it is, where a shadow's is meant. `inputs` are what a rule read: facts, and
    scores of models, as they come out now.
    """

    kind: Kind
    name: str = ""
    journalled: Told = None
    recomputed: Told = None
    policy: str | None = None
    inputs: dict[str, Scalar] | None = None


def as_document(cause: Cause) -> dict[str, Any]:
    """A cause for programs."""
    return {
        "kind": cause.kind, "name": cause.name, "journalled": cause.journalled, "recomputed": cause.recomputed,
        **({"policy": cause.policy} if cause.policy is not None else {}),
        **({"inputs": cause.inputs} if cause.inputs else {}),
    }  # fmt: skip


class Difference(msgspec.Struct, frozen=True):
    """A record that does not come out as it stands. `event_type` is empty for what is no decision."""

    seq: int
    event_id: str
    event_type: str
    as_of_us: int
    causes: tuple[Cause, ...]


def compare(
    ep: EventProgram, journalled: DecisionRecord, recomputed: DecisionRecord, facts: Sequence[Value]
) -> tuple[Cause, ...]:
    """All that differs between two records of one event; `facts` are the completed ones of the record made again.

    What explains most comes first: the definitions, the instant, inputs, then what was made of them.
    """
    found = [
        *_differ("definitions", "", journalled.definitions, recomputed.definitions),
        *_differ("as_of", "", journalled.as_of_us, recomputed.as_of_us),
        *_differ("late", "", journalled.late, recomputed.late),
        *_differ("absent", "", journalled.absent, recomputed.absent),
        *_facts(ep, journalled.facts, recomputed.facts),
    ]
    inputs = dict(zip(ep.slots, facts, strict=True))
    found += _differ("side", "", journalled.side, recomputed.side)
    if journalled.side == recomputed.side:
        decider = ep.decider(recomputed.side)
        found += _verdict(decider, journalled.verdict, recomputed.verdict, inputs, shadow=False)
    else:
        # Two policies spoke: their rules have nothing to do with each other.
        was, is_ = outcome_name(journalled.verdict.outcome), outcome_name(recomputed.verdict.outcome)
        found += _differ("outcome", "", was, is_)
    if len(journalled.shadows) != len(recomputed.shadows):
        found.append(Cause("shadows", "", len(journalled.shadows), len(recomputed.shadows)))
    else:
        for shadow, then, now in zip(ep.shadows, journalled.shadows, recomputed.shadows, strict=True):
            found += _verdict(shadow, then, now, inputs, shadow=True)
    found += _differ("shapes", "", _evidence(journalled), _evidence(recomputed))
    return tuple(found) or (Cause("encoding"),)


def _evidence(record: DecisionRecord) -> tuple[str, ...]:
    """Patterns with their transfers, in a line each."""
    return tuple(
        f"{each.pattern}: {', '.join(decision_id(seq) for seq in each.seqs)} ({each.count})" for each in record.shapes
    )


def same(one: object, other: object) -> bool:
    """Whether two values stand for the same bytes: 1, 1.0 and True are three values."""
    return type(one) is type(other) and _encode(one) == _encode(other)


def _differ(kind: Kind, name: str, then: Told, now: Told, policy: str | None = None) -> Iterator[Cause]:
    if not same(then, now):
        yield Cause(kind, name, then, now, policy)


def _facts(ep: EventProgram, then: Sequence[Scalar], now: Sequence[Scalar]) -> Iterator[Cause]:
    if len(then) != len(now):
        yield Cause("facts", "", len(then), len(now))
        return
    for slot, (was, is_) in enumerate(zip(then, now, strict=True), len(ep.fields)):
        yield from _differ(kind_of(ep, slot), ep.slots[slot], was, is_)


def kind_of(ep: EventProgram, slot: int) -> Kind:
    """What kind of fact stands in a slot behind the fields."""
    words, limits = len(ep.fields) + len(ep.time_words), len(ep.limits)
    if slot < words:
        return "clock"
    if slot < words + limits:
        return "limit"
    return "list" if slot < words + limits + len(ep.members) else "feature"


def _verdict(
    policy: PolicyProgram | None, then: VerdictRecord, now: VerdictRecord, facts: Mapping[str, Value], *, shadow: bool
) -> Iterator[Cause]:
    whose = policy.policy.id if policy is not None and shadow else None
    was, is_ = _said(then), _said(now)
    for rule in sorted(was.keys() | is_.keys()):
        if was.get(rule) != is_.get(rule):
            name, read = _rule(policy, rule, facts)
            yield Cause("rule", name, was.get(rule, "not hit"), is_.get(rule, "not hit"), whose, read)
    yield from _differ("score", "", then.score, now.score, whose)
    yield from _differ("outcome", "", outcome_name(then.outcome), outcome_name(now.outcome), whose)
    yield from _differ("degraded", "", then.degraded, now.degraded, whose)
    yield from _differ("method", "", then.method, now.method, whose)
    yield from _differ("wait", "", then.wait_us, now.wait_us, whose)


def outcome_name(weight: int) -> str:
    """An outcome by its weight; a number that is none stays a number."""
    return str(OUTCOMES[weight]) if 0 <= weight < len(OUTCOMES) else str(weight)


def _said(verdict: VerdictRecord) -> dict[int, str]:
    """What each rule that spoke did, by its place."""
    presumed = set(verdict.presumed)
    said = dict.fromkeys(verdict.hits, "hit") | dict.fromkeys(verdict.exempted, "lifted")
    return {
        rule: f"{said.get(rule, 'not hit')}, presumed" if rule in presumed else said[rule]
        for rule in said.keys() | presumed
    }


def _rule(policy: PolicyProgram | None, rule: int, facts: Mapping[str, Value]) -> tuple[str, dict[str, Scalar] | None]:
    """A rule's id and what it reads now."""
    if policy is None or not 0 <= rule < len(policy.reads):
        return f"#{rule}", None
    read = {name: facts[name] for name in sorted(policy.reads[rule]) if name in facts}
    return policy.policy.rules[rule].id, {
        name: value for name, value in read.items() if not isinstance(value, tuple | list | frozenset)
    }
