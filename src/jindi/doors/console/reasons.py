"""A decision's page: the engine's explanation put into the order and the words in which people read it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jindi.doors.console import charts
from jindi.doors.console.source import DecisionPage
from jindi.doors.console.view import View
from jindi.doors.console.words import WORDS
from jindi.engine import Change, Condition, Explanation, InputLine, Move, RuleLine, Without, amount_of, shown
from jindi.language import Kind
from jindi.packs.definitions import OUTCOMES, LimitDef, LimitStep, Outcome, Words


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a condition with the value it had. `sign` is true, false, missing or nothing to judge."""

    depth: int
    text: str
    value: str
    sign: str


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule ready for the page. `state` is hit, lifted, unknown or not_hit."""

    line: RuleLine
    state: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class MoveView:
    """One fact that would have to be otherwise."""

    name: str
    doc: Words | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What would have to be otherwise, and what would then follow. `rules` are those to be left out."""

    moves: tuple[MoveView, ...]
    rules: tuple[str, ...]
    outcome: Outcome
    score: int


def decision_values(found: DecisionPage, explanation: Explanation | None, view: View) -> dict[str, Any]:
    """All that the decision's template needs."""
    values: dict[str, Any] = {"found": found, "row": found.row, "why": explanation, "sentence": None}
    values["shown_text"] = lambda shown, kind="": text_of(shown, view, kind)
    values["replay_text"] = lambda kind, text: replay_text(kind, text, view)
    if explanation is None:
        return values
    inputs = {line.name: line for line in explanation.inputs}
    rules = [_rule(line, inputs, view) for line in explanation.rules]
    rules.sort(key=lambda rule: (_ORDER[rule.state], -rule.line.score))
    bands = [(band.score_from, band.then.value) for band in explanation.bands]
    concerned = _concerned(explanation)
    parts = [(line.id, line.score) for line in explanation.rules if line.score]
    return values | {
        "sentence": summary(explanation, view),
        "rules": rules,
        "spoke": sum(rule.state in ("hit", "lifted") for rule in rules),
        "waterfall": charts.waterfall(parts, bands),
        "docs": {line.id: line.doc for line in explanation.rules},
        "features": [line for line in explanation.inputs if line.kind in ("window", "derived")],
        "clock": [line for line in explanation.inputs if line.kind == "time"],
        "lists": [line for line in explanation.inputs if line.kind == "list"],
        "concerned": concerned,
        "limits_used": [line for line in explanation.limits if f"limit('{line.name}')" in concerned],
        "limits_rest": [line for line in explanation.limits if f"limit('{line.name}')" not in concerned],
        "exemptions": [(line, tuple(_steps(line.condition, inputs, view))) for line in explanation.exemptions],
        "changes": _changes(explanation, inputs, view),
        "text": lambda line: text_of(line.value, view, line.type),
        "kinds": {line.name: line.type for line in explanation.inputs},
    }


def replay_text(kind: str, text: str, view: View) -> str:
    """A value of a replay's difference; outcomes, and what rules said, in the reader's words."""
    if kind == "outcome" and text in OUTCOMES:
        return view.t(f"outcome.{text}")
    if kind == "rule":
        said, comma, _ = text.partition(", presumed")
        word = f"rule.{said.replace(' ', '_')}"
        return view.t(word) + (f" · {view.t('rule.degraded')}" if comma else "") if word in WORDS else text
    return text


_ORDER = {"hit": 0, "lifted": 1, "unknown": 2, "not_hit": 3}


def summary(explanation: Explanation, view: View) -> str:
    """Why, in one sentence: the outcome, how many rules spoke, and the weightiest of them in words."""
    outcome = view.t("outcome." + explanation.outcome)
    if explanation.policy is None:
        return view.t("decision.no_policy")
    spoke = [line for line in explanation.rules if line.state == "hit"]
    lifted = sum(line.state == "lifted" for line in explanation.rules)
    if not spoke:
        message = "summary.lifted" if lifted else "summary.none"
        return view.t(message, outcome=outcome, n=len(explanation.rules), lifted=lifted)
    heaviest = max(spoke, key=lambda line: (line.asks == explanation.outcome, line.score))
    said = view.words(heaviest.doc).rstrip("。. ")
    if len(spoke) == 1:
        return view.t("summary.one", outcome=outcome, score=explanation.score, doc=said)
    return view.t("summary.many", outcome=outcome, score=explanation.score, doc=said, n=len(spoke))


def text_of(value: str | float | bool | None, view: View, kind: str = "") -> str:
    """A value of an explanation as text; `kind` is its type's. A length keeps its seconds: they were decided on."""
    if kind == Kind.MONEY and isinstance(value, str) and (amount := amount_of(value)) is not None:
        return view.amount(*amount)
    if kind == Kind.DURATION and isinstance(value, str) and view.lang == "zh":
        return _LENGTH.sub(lambda part: f"{part[1]} {_UNITS[part[2]]}", value)
    if value is None:
        return view.t("missing")
    if isinstance(value, bool):
        return view.t("yes" if value else "no")
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


_LENGTH: Final = re.compile(r"(\d+)(ms|µs|d|h|m|s)\b")
_UNITS: Final = {"d": "天", "h": "小时", "m": "分钟", "s": "秒", "ms": "毫秒", "µs": "微秒"}


def limit_text(limit: LimitDef, step: LimitStep, view: View) -> str:
    """A limit's value from a day on as text; a placeholder that nobody set says so."""
    if step.value is None:
        return view.t("limit.unset")
    return text_of(shown(step.value, limit.type, lambda _: None), view, limit.type.kind)


def _rule(line: RuleLine, inputs: dict[str, InputLine], view: View) -> RuleView:
    state: str = line.state
    if state == "not_hit" and line.condition.value is None:
        state = "unknown"
    return RuleView(line, state, tuple(_steps(line.condition, inputs, view)))


def _steps(condition: Condition, inputs: dict[str, InputLine], view: View, depth: int = 0) -> Iterator[Step]:
    """The parts from the whole to the inputs; constants say nothing that their text does not."""
    if condition.parts or condition.text in inputs or depth == 0:
        sign = ""
        if condition.type == "bool":
            sign = "missing" if condition.value is None else "true" if condition.value else "false"
        yield Step(depth, condition.text, text_of(condition.value, view, condition.type), sign)
    for part in condition.parts:
        yield from _steps(part, inputs, view, depth + 1)


def _leaves(condition: Condition) -> Iterator[str]:
    if not condition.parts:
        yield condition.text
    for part in condition.parts:
        yield from _leaves(part)


def _concerned(explanation: Explanation) -> frozenset[str]:
    """The inputs of rules that were hit, so that the page can show them first."""
    return frozenset(name for line in explanation.rules if line.state == "hit" for name in _leaves(line.condition))


def _changes(explanation: Explanation, inputs: dict[str, InputLine], view: View) -> list[ChangeView]:
    def of_move(move: Move) -> MoveView:
        line = inputs.get(move.input)
        doc, kind = (line.doc, line.type) if line is not None else (None, "")
        return MoveView(move.input, doc, text_of(move.before, view, kind), text_of(move.after, view, kind))

    def of_change(change: Change) -> ChangeView:
        moves = tuple(map(of_move, change.moves))
        return ChangeView(moves, (), change.outcome, change.score)

    def of_without(without: Without) -> ChangeView:
        return ChangeView((), without.rules, without.outcome, without.score)

    found = [*map(of_change, explanation.changes), *map(of_without, explanation.without)]
    # People ask first what would have let it through; the engine's own order stands within each kind.
    return sorted(found, key=lambda change: _weight(change.outcome) > _weight(explanation.outcome))


def _weight(outcome: Outcome) -> int:
    return OUTCOMES.index(outcome)
