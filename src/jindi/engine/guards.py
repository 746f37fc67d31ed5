"""What keeps a policy from going live by mistake: figures nobody has set, rules that stop half the world."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from jindi.basics.problems import Problem
from jindi.engine.program import EventProgram, Facts, PolicyProgram, Program, expressions_of
from jindi.language import Value, time_words

SAMPLE_MIN = 200
"""Fewer recent events than this say nothing about a rule's share."""

_WHOLE_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that speaks against a policy. A rule that fires on `fired` of `events` recent events may be confirmed
    by its name; an unset figure (`rule` None) may not.
    """

    problem: Problem
    policy: str
    rule: str | None = None
    fired: int = 0
    events: int = 0


def findings(program: Program, recent: Mapping[str, Sequence[Facts]], day: date | None = None) -> list[Finding]:
    """What speaks against the policies of a program that would decide.

    `recent` holds complete facts of recent events by event type, in this program's slots (see `refit`).
    `day` is the day from which the policies would decide: a limit that is unset then or later is refused;
    without a day only its newest value counts.
    """
    found: list[Finding] = []
    for name, event in program.events.items():
        for policy in event.deciders():
            found.extend(_unset(event, policy, day))
            found.extend(_too_eager(event, policy, recent.get(name, ())))
    return found


def guard(program: Program, recent: Mapping[str, Sequence[Facts]], day: date | None = None) -> list[Problem]:
    """Why the live policies of a program may not go live: no problem, no objection. See `findings`."""
    return [each.problem for each in findings(program, recent, day)]


def refit(old: EventProgram, new: EventProgram, facts: Facts, at_us: int) -> tuple[list[Value], frozenset[str]]:
    """Facts of an event seen under one program as another program would see them, and what is absent then.

    Fields, list memberships and window features go over by name; words of the clock and limits are of
    `at_us`; derived features are computed anew. A window feature that is new or defined otherwise, and a
    membership that was not asked for, are absent. Raises LookupError when a limit has no value on that day.
    """
    words = time_words(at_us, new.zone)
    absent: set[str] = set()

    def carried(name: str) -> Value:
        if name in old.index:
            return facts[old.index[name]]
        absent.add(name)
        return None

    base: list[Value] = [facts[old.index[name]] if name in old.fields else None for name in new.fields]
    base += [words[word] for word in new.time_words]
    base += new.limits_on(new.day(at_us))
    base += [carried(new.slots[member.slot]) for member in new.members]
    for name in new.windows:
        same = old.definitions.features.get(name) == new.definitions.features[name]
        if not same:
            absent.add(name)
        base.append(carried(name) if same else None)
    return new.complete(base, frozenset(absent)), frozenset(absent)


def _unset(event: EventProgram, policy: PolicyProgram, day: date | None) -> Iterator[Finding]:
    """Limits that this policy stands on and nobody has given a value."""
    users: dict[str, list[str]] = {}
    for item, expression in expressions_of(policy.policy):
        inputs = set(expression.inputs)
        for name in expression.inputs & event.roots.keys():
            inputs |= event.roots[name]
        for name in event.limits:
            if f"limit('{name}')" in inputs:
                users.setdefault(name, []).append(item)
    for name, items in users.items():
        limit = event.definitions.limits[name]
        steps = [step for step in limit.steps if day is not None and step.since > day]
        try:
            steps.insert(0, limit.on(day) if day is not None else limit.steps[-1])
        except LookupError as error:
            problem = Problem(policy.place, items[0], str(error.args[0]), "give it an earlier value, or wait")
            yield Finding(problem, policy.policy.id)
        for step in steps:
            if step.value is None:
                problem = Problem(
                    policy.place, items[0], f"limit {name} is an unset placeholder from {step.since} on",
                    f"give it a value and a basis in {limit.pack}/parameters, or keep the policy in shadow",
                )  # fmt: skip
                yield Finding(problem, policy.policy.id)


def _too_eager(event: EventProgram, policy: PolicyProgram, recent: Sequence[Facts]) -> Iterator[Finding]:
    """Rules that fire on more of the recent events than their authors have said or confirmed."""
    if len(recent) < SAMPLE_MIN:
        return
    fired = [0] * len(policy.policy.rules)
    for facts in recent:
        for hit in policy.rules(facts):
            fired[hit] += 1
    for rule, count in zip(policy.policy.rules, fired, strict=True):
        allowed_ppm = max(rule.share_max_ppm, rule.confirmed_share_ppm or 0)
        if count * _WHOLE_PPM > allowed_ppm * len(recent):
            problem = Problem(
                policy.place, f"rule {rule.id}",
                f"fires on {_percent(count, len(recent))} of the last {len(recent)} {event.event.name} "
                f"events, more than {_percent(allowed_ppm, _WHOLE_PPM)}",
                f'narrow it, or confirm it with confirmed_share = "{_percent_up(count, len(recent))}"',
            )  # fmt: skip
            yield Finding(problem, policy.policy.id, rule.id, count, len(recent))


def _percent(part: int, whole: int) -> str:
    """A share to one decimal place.

    >>> _percent(1, 8)
    '12.5%'
    """
    return f"{100 * part / whole:.1f}%"


def _percent_up(part: int, whole: int) -> str:
    """A share in whole percent, rounded up: a confirmation that this sample would pass.

    >>> _percent_up(1, 8)
    '13%'
    """
    return f"{-(-100 * part // whole)}%"
