"""One policy over whole columns of facts: the verdicts that `judge` gives row by row, thousands at a time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jindi.engine.decide import lifted_by, settle
from jindi.engine.models import Model
from jindi.engine.program import EventProgram, PolicyProgram
from jindi.engine.verdicts import WEIGHTS
from jindi.language import Column, column_of, evaluate_columns, true_in

Columns = dict[str, Column]
"""The facts of many events of one type, by slot."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a policy says of many rows: the outcome's weight and the score of each, and (rule, row) whether the rule
    stands. Rules whose outcome an exemption lifted don't.
    """

    weights: npt.NDArray[np.int64]
    scores: npt.NDArray[np.int64]
    hits: npt.NDArray[np.bool_]


def inputs_of(policy: PolicyProgram) -> frozenset[str]:
    """The slots that a policy's conditions read."""
    conditions = [rule.when for rule in policy.policy.rules]
    conditions += [exemption.when for exemption in policy.policy.exemptions]
    return frozenset().union(*(condition.inputs for condition in conditions))


def complete_columns(ep: EventProgram, columns: Columns, names: Iterable[str], rows: int) -> None:
    """Compute derived features and models' scores and put them among the columns, in the order of the slots."""
    for name in sorted(names, key=ep.index.__getitem__):
        if name in ep.models:
            columns[name] = _scores(ep.models[name], columns, rows)
            continue
        derived = ep.definitions.derived[name]
        found = evaluate_columns(derived.expression, columns, rows)
        if derived.otherwise is not None and found.missing is not None:
            otherwise = derived.otherwise
            plain = [otherwise if value is None else value for value in found.python()]
            found = column_of(plain, derived.type.kind)
        columns[name] = found


def judge_columns(policy: PolicyProgram, columns: Columns, rows: int) -> Verdicts:
    """What one policy says of every row, no input being away."""
    definition = policy.policy
    hits = true_in([rule.when for rule in definition.rules], columns, rows)
    weights = np.zeros(rows, np.int64)
    scores = np.zeros(rows, np.int64)
    added = np.empty(rows, np.int64)
    for place, hit in enumerate(hits):
        if policy.scores[place]:
            scores += np.multiply(hit, policy.scores[place], out=added)
        if policy.weights[place]:
            np.maximum(weights, policy.weights[place], out=weights, where=hit)
    if policy.band_from:
        reached = np.searchsorted(np.array(policy.band_from), scores, side="right")
        weights = np.maximum(weights, np.array(policy.band_weight)[reached])
    if definition.exemptions:
        holding = true_in([exemption.when for exemption in definition.exemptions], columns, rows)
        for row in np.flatnonzero(holding.any(axis=0) & (weights > 0)).tolist():
            lifted = lifted_by(policy, np.flatnonzero(holding[:, row]).tolist())
            verdict = settle(policy, np.flatnonzero(hits[:, row]).tolist(), lifted=lifted)
            weights[row], scores[row] = WEIGHTS[verdict.outcome], verdict.score
            hits[:, row] = False
            hits[list(verdict.hits), row] = True
    return Verdicts(weights, scores, hits)


def _scores(model: Model, columns: Columns, rows: int) -> Column:
    """A model's calibrated probabilities."""
    table = np.empty((rows, len(model.definition.inputs)), np.float64)
    for place, (each, scale) in enumerate(zip(model.definition.inputs, model.scales, strict=True)):
        column = columns[each.name]
        if each.equals is not None:
            assert column.vocabulary is not None, "the loader lets only texts be asked for a word"
            same = np.array([word == each.equals for word in column.vocabulary] or [False], np.float64)
            table[:, place] = same[column.values]
        else:
            table[:, place] = column.values if scale == 1.0 else column.values / scale
        if column.missing is not None:
            table[column.missing, place] = np.nan
    return Column(model.probabilities(table))
