"""Conditions over archived decisions, in the language that rules are written in.

A condition reads what the decision saw: fields, words of the clock (of the decision's own instant, in the
pack's zone), and whichever limits, memberships and features its event type had; beside them some of the
decision itself. What a version of the definitions did not have is missing in its rows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from jindi.basics.problems import Problem, Problems
from jindi.language import (
    BOOL,
    INT,
    TEXT,
    TIME,
    TIME_WORDS,
    ExpressionProblems,
    Scope,
    Type,
    Value,
    build_rules,
    read,
    time_words,
)
from jindi.run.history.shapes import OWN, ShapeMeta

DECISION_NAMES: Mapping[str, Type] = {
    "outcome": TEXT,
    "score": INT,
    "late": BOOL,
    "policy": TEXT,
    "method": TEXT,
    "seq": INT,
    "decision_id": TEXT,
    "event_id": TEXT,
    "as_of": TIME,
    "received_at": TIME,
}
"""What a condition can read of the decision itself, unless a field or a feature has the name."""

_LIMIT = re.compile(r"limit\('([^']*)'\)\Z")
_MEMBER = re.compile(r"([A-Za-z_]\w*) in list\('([^']*)'\)\Z")
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


class Where:
    """A condition, checked and compiled for the versions of one event type (the newest last).

    Raises Problems with everything that is wrong with it.
    """

    def __init__(self, text: str, versions: Sequence[ShapeMeta]) -> None:
        event_type = versions[-1].event_type
        self._columns = {
            meta.definitions: {slot.slot: column for column, slot in meta.columns.items()} for meta in versions
        }
        self._zones = {meta.definitions: ZoneInfo(meta.zone) for meta in versions}
        scope = _scope(versions)
        slots = {slot.slot for meta in versions for slot in meta.columns.values()}
        try:
            condition = read(text, scope)
        except ExpressionProblems as found:
            raise Problems(Problem("--where", event_type, line) for line in found.problems) from None
        if condition.type != BOOL:
            what = f"is {condition.type}, neither true nor false"
            raise Problems([Problem("--where", event_type, what, "compare it with something")])
        self._inputs = tuple(sorted(condition.inputs))
        known = slots | TIME_WORDS.keys() | DECISION_NAMES.keys()
        if unknown := sorted(set(self._inputs) - known):
            remedy = "ask for what its policies and features read, or query the columns with --sql"
            raise Problems(
                Problem("--where", event_type, f"{name} is not among what was decided on", remedy) for name in unknown
            )
        self._rules = build_rules([condition], {name: slot for slot, name in enumerate(self._inputs)})

    def columns(self, definitions: int) -> tuple[str, ...]:
        """The columns that the condition needs of a part's rows."""
        its = self._columns[definitions]
        needed = {its.get(name, name) for name in self._inputs if name in its or name in DECISION_NAMES}
        return tuple(sorted(needed | {"as_of"}))

    def mask(self, definitions: int, batch: pa.RecordBatch) -> pa.Array:
        """For each row whether the condition is definitely true."""
        its, rows = self._columns[definitions], batch.num_rows
        words = self._clock(
            definitions, batch, [name for name in self._inputs if name in TIME_WORDS.keys() - its.keys()]
        )
        cells: list[Sequence[Value]] = []
        for name in self._inputs:
            if name in its:
                cells.append(_cells(batch.column(its[name])))
            elif name in words:
                cells.append(words[name])
            elif name in DECISION_NAMES and name in OWN and not self._is_slot(name):
                cells.append(_cells(batch.column(name)))
            else:
                cells.append([None] * rows)
        facts: Sequence[Sequence[Value]] = list(zip(*cells, strict=True)) if cells else [()] * rows
        rules: Callable[[Sequence[Value]], list[int]] = self._rules
        return pa.array([bool(rules(row)) for row in facts], pa.bool_())

    def _is_slot(self, name: str) -> bool:
        """Whether a name means a slot, though not every version has it."""
        return any(name in its for its in self._columns.values())

    def _clock(self, definitions: int, batch: pa.RecordBatch, names: Sequence[str]) -> dict[str, list[Value]]:
        """Words of the clock that no column holds, of each row's own instant."""
        if not names:
            return {}
        zone = self._zones[definitions]
        words = [time_words(at_us, zone) for at_us in _cells(batch.column("as_of"))]
        return {name: [each[name] for each in words] for name in names}


def _scope(versions: Sequence[ShapeMeta]) -> Scope:
    """What a condition may speak of: all that any version has, as long as they agree on its type."""
    slots: dict[str, Type] = {}
    problems = []
    for meta in reversed(versions):
        for each in meta.columns.values():
            if slots.setdefault(each.slot, each.type) != each.type:
                what = f"{each.slot} was {each.type} under the definitions of record {meta.definitions}"
                remedy = "narrow --since and --until to one version"
                problems.append(Problem("--where", meta.event_type, what, remedy))
    if problems:
        raise Problems(problems)
    names: dict[str, Type] = {**TIME_WORDS, **DECISION_NAMES}
    names |= {slot: kind for slot, kind in slots.items() if _NAME.match(slot)}
    limits = {match[1]: kind for slot, kind in slots.items() if (match := _LIMIT.match(slot))}
    lists = {match[2]: names[match[1]] for slot in slots if (match := _MEMBER.match(slot)) and match[1] in names}
    return Scope(names, limits, lists)


def _cells(column: Any) -> list[Any]:
    """A column's values as the language has them: instants are whole microseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    cells: list[Any] = column.to_pylist()
    return cells
