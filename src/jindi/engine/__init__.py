"""The decision core: definitions built once, then facts → rules, scores, exemptions → decision, and why.

Knows: definitions, values and arithmetic. Never: clocks, files, networks, stores, where facts come from.
"""

from jindi.engine.advice import advice_of
from jindi.engine.changes import Change, Move, Without
from jindi.engine.columns import Columns, Verdicts, complete_columns, inputs_of, judge_columns
from jindi.engine.decide import decide, judge, reasons, side_of
from jindi.engine.examples import CaseRun, OutcomeRun, check_cases, check_policy, run_cases, run_outcomes, scores_of
from jindi.engine.explanations import (
    BandLine,
    Condition,
    DerivedLine,
    ExemptionLine,
    Explanation,
    InputLine,
    LimitLine,
    ModelLine,
    RuleLine,
    ShadowLine,
    Share,
    SplitLine,
    explain,
    speaking_rules,
    to_json,
)
from jindi.engine.guards import SAMPLE_MIN, Finding, findings, guard, refit
from jindi.engine.models import Model, Shares
from jindi.engine.program import (
    EventProgram,
    Facts,
    Member,
    PolicyProgram,
    Program,
    Reason,
    Split,
    build,
    build_trial,
)
from jindi.engine.showing import Shown, amount_of, said, shortened, shown
from jindi.engine.verdicts import WEIGHTS, Decision, Verdict

__all__ = [
    "SAMPLE_MIN",
    "WEIGHTS",
    "BandLine",
    "CaseRun",
    "Change",
    "Columns",
    "Condition",
    "Decision",
    "DerivedLine",
    "EventProgram",
    "ExemptionLine",
    "Explanation",
    "Facts",
    "Finding",
    "InputLine",
    "LimitLine",
    "Member",
    "Model",
    "ModelLine",
    "Move",
    "OutcomeRun",
    "PolicyProgram",
    "Program",
    "Reason",
    "RuleLine",
    "ShadowLine",
    "Share",
    "Shares",
    "Shown",
    "Split",
    "SplitLine",
    "Verdict",
    "Verdicts",
    "Without",
    "advice_of",
    "amount_of",
    "build",
    "build_trial",
    "check_cases",
    "check_policy",
    "complete_columns",
    "decide",
    "explain",
    "findings",
    "guard",
    "inputs_of",
    "judge",
    "judge_columns",
    "reasons",
    "refit",
    "run_cases",
    "run_outcomes",
    "said",
    "scores_of",
    "shortened",
    "shown",
    "side_of",
    "speaking_rules",
    "to_json",
]
