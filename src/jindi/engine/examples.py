"""A pack's own worked examples, run: does each rule fire where its author says that it does?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jindi.basics.problems import Problem, Problems
from jindi.engine.decide import judge
from jindi.engine.program import EventProgram, Facts, PolicyProgram, Program, build_trial
from jindi.engine.showing import said, shown
from jindi.language import Expression, Kind, Trace, Value, time_words, trace
from jindi.packs.definitions import CaseDef, Definitions, Outcome, PolicyDef, RuleDef

_VALUES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class CaseRun:
    """One case of a rule, run: whether it is to fire, whether it did (None: its condition was missing something), the
    values that the condition read, and why it is a miss ("" where it came out as its author says).
    """

    name: str
    wanted: bool | None
    fired: bool | None
    values: str
    why: str


@dataclass(frozen=True, slots=True)
class OutcomeRun:
    """One case of a whole policy, run: which outcome it is to have and which it had (None: it could not be run), the
    score, the rules that were hit, and why it is a miss ("" where it came out as its author says).
    """

    name: str
    wanted: Outcome | None
    came: Outcome | None
    score: int
    hits: tuple[str, ...]
    why: str


def check_cases(program: Program) -> list[Problem]:
    """All cases of all policies, drafts and shadows too, that don't come out as their authors say."""
    return [problem for policy in program.definitions.policies for problem in check_policy(program.definitions, policy)]


def check_policy(definitions: Definitions, policy: PolicyDef) -> list[Problem]:
    """The cases of one policy that don't come out as its author says.

    A case's facts are what it gives; limits are those of its day; derived features are computed unless
    they are given; everything else, and a model's score, is missing.
    """
    try:
        program = build_trial(definitions, policy)
    except Problems as found:
        return list(found.problems)
    assert program.live is not None, "a trial's policy is live"
    problems: list[Problem] = []
    for place, rule in enumerate(policy.rules):
        for case in rule.cases:
            problems.extend(_check(program, program.live, place, case))
    for case in policy.cases:
        problems.extend(_check(program, program.live, None, case))
    return problems


def run_cases(definitions: Definitions, policy: PolicyDef, rule: str) -> tuple[CaseRun, ...]:
    """The cases of one rule, each run, those that hold too. Raises Problems when the policy can't be tried."""
    program = build_trial(definitions, policy)
    found = next((each for each in policy.rules if each.id == rule), None)
    return tuple(_run(program, found, case) for case in found.cases) if found is not None else ()


def run_outcomes(definitions: Definitions, policy: PolicyDef) -> tuple[OutcomeRun, ...]:
    """The cases of a whole policy, each run, those that hold too. Raises Problems when the policy can't be tried."""
    program = build_trial(definitions, policy)
    assert program.live is not None, "a trial's policy is live"
    return tuple(_run_outcome(program, program.live, case) for case in policy.cases)


def scores_of(program: EventProgram, policy: str, recent: Sequence[Facts]) -> tuple[int, ...] | None:
    """The scores that a policy gives to complete facts of recent events; None when it judges none here."""
    known = (program.live, program.challenger, *program.shadows)
    found = next((each for each in known if each is not None and each.policy.id == policy), None)
    return None if found is None else tuple(judge(program, found, facts).score for facts in recent)


def _run_outcome(program: EventProgram, policy: PolicyProgram, case: CaseDef) -> OutcomeRun:
    try:
        verdict = judge(program, policy, facts_of(program, case))
    except LookupError as error:
        return OutcomeRun(case.name, case.outcome, None, 0, (), str(error.args[0]))
    why = "; ".join(each.problem for each in _check(program, policy, None, case))
    hits = tuple(policy.policy.rules[hit].id for hit in verdict.hits)
    return OutcomeRun(case.name, case.outcome, verdict.outcome, verdict.score, hits, why)


def _run(program: EventProgram, rule: RuleDef, case: CaseDef) -> CaseRun:
    try:
        facts = facts_of(program, case)
    except LookupError as error:
        return CaseRun(case.name, case.fires, None, "", str(error.args[0]))

    def read(name: str) -> Value:
        return facts[program.index[name]]

    step = trace(rule.when, read)
    why = _fires(program, rule.when, facts, wanted=case.fires) if case.fires is not None else None
    value = step.value if isinstance(step.value, bool) else None
    return CaseRun(case.name, case.fires, value, _values(program, step, facts), why or "")


def facts_of(program: EventProgram, case: CaseDef) -> list[Value]:
    """The complete facts that a case describes. Raises LookupError when a limit has no value on its day.

    A model's score is what the case gives, or missing: a case proves a rule, and stays true when the model that
    the rule reads is trained again.
    """
    words: Mapping[str, Value] = {**time_words(case.at_us, program.zone), **case.given}
    limits = program.limits_on(program.day(case.at_us))
    base: list[Value] = [case.given.get(name) for name in program.fields]
    base += [words[word] for word in program.time_words]
    base += limits
    for member in program.members:
        value = case.given.get(member.name)
        base.append(None if value is None else (member.list_name, value) in case.members)
    base += [case.given.get(name) for name in program.windows]
    fixed = {name: case.given.get(name) for name in program.models}
    fixed |= {name: case.given[name] for name in program.derived if name in case.given}
    return program.complete(base, fixed=fixed)


def _check(program: EventProgram, policy: PolicyProgram, rule: int | None, case: CaseDef) -> Iterator[Problem]:
    item = f"rule {policy.policy.rules[rule].id}" if rule is not None else f"policy {policy.policy.id}"
    try:
        facts = facts_of(program, case)
    except LookupError as error:
        remedy = "give the limit a value for that day, or the case a later `at`"
        yield Problem(policy.place, item, f"case '{case.name}': {error.args[0]}", remedy)
        return
    if rule is not None and case.fires is not None:
        problem = _fires(program, policy.policy.rules[rule].when, facts, wanted=case.fires)
        if problem:
            yield Problem(policy.place, item, f"case '{case.name}' {problem}", "mend the rule or the case")
    if case.outcome is not None:
        verdict = judge(program, policy, facts)
        if verdict.outcome is not case.outcome:
            problem = f"expected {case.outcome} but got {verdict.outcome} with score {verdict.score}"
            hits = [policy.policy.rules[hit].id for hit in verdict.hits]
            problem += f"; hit: {', '.join(hits)}" if hits else "; no rule is hit"
            problem += "".join(_silent(program, policy, facts, case, verdict.hits + verdict.exempted))
            yield Problem(policy.place, item, f"case '{case.name}' {problem}", "mend the policy or the case")


def _fires(program: EventProgram, when: Expression, facts: Facts, *, wanted: bool) -> str | None:
    def read(name: str) -> Value:
        return facts[program.index[name]]

    step = trace(when, read)
    if (step.value is True) is wanted:
        return None
    if wanted:
        return f"expected to fire but {_why_not(program, step, facts)}"
    return f"expected not to fire but it does: {_with_values(program, step, facts)}"


def _silent(
    program: EventProgram, policy: PolicyProgram, facts: Facts, case: CaseDef, spoke: tuple[int, ...]
) -> Iterator[str]:
    """Why the first rule that would have brought the expected outcome is silent."""

    def read(name: str) -> Value:
        return facts[program.index[name]]

    for place, rule in enumerate(policy.policy.rules):
        if rule.then is case.outcome and rule.then is not None and place not in spoke:
            yield f"; rule {rule.id} is silent because {_why_not(program, trace(rule.when, read), facts)}"
            return


def _why_not(program: EventProgram, step: Trace, facts: Facts) -> str:
    """The first part of a condition that keeps it from being true, with its values."""
    while _is_conjunction(step):
        step = next(part for part in step.children if part.value is not True)
    value = "missing" if step.value is None else "false"
    return f"{step.text} is {value} ({_values(program, step, facts)})"


def _is_conjunction(step: Trace) -> bool:
    """Is this condition its parts joined by `and`, each of them traced?"""
    rest = step.text
    for place, part in enumerate(step.children):
        joined = " and " if place else ""
        for text in (joined + part.text, f"{joined}({part.text})"):
            if rest.startswith(text):
                rest = rest[len(text) :]
                break
        else:
            return False
    return len(step.children) > 1 and not rest


def _with_values(program: EventProgram, step: Trace, facts: Facts) -> str:
    return f"{step.text} is true ({_values(program, step, facts)})"


def _values(program: EventProgram, step: Trace, facts: Facts) -> str:
    """The inputs of a condition with their values, each once."""

    def read(name: str) -> Value:
        return facts[program.index[name]]

    found: dict[str, str] = {}
    for name in _inputs(step):
        slot = program.index.get(name)
        if slot is not None and name not in found:
            value = said(shown(facts[slot], program.types[slot], read), program.types[slot].kind)
            quoted = program.types[slot].kind in (Kind.TEXT, Kind.TOKEN) and value is not None
            text = "missing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            found[name] = f"{name} = '{text}'" if quoted else f"{name} = {text}"
    told = list(found.values())
    more = [f"and {len(told) - _VALUES_SHOWN} more"] if len(told) > _VALUES_SHOWN else []
    return ", ".join(told[:_VALUES_SHOWN] + more)


def _inputs(step: Trace) -> Iterator[str]:
    if not step.children:
        yield step.text
    for part in step.children:
        yield from _inputs(part)
