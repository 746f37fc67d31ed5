"""Alerts, the cases that they come to, and what people do with them: a person examines a finding.

Knows: which decision is an alert and of which kind, which case it joins, in which order cases are taken, what a step
does to a case and when it can't be taken; how incidents stand, which reports they owe by when, and which grade figures
suggest (`incidents*`, imported by name: their steps are called like those of cases). Never: who may take it, clocks,
journals, where cases are kept.
"""

from jindi.cases.alerts import CUSTOMERS, Alert, alert_of
from jindi.cases.case import (
    CASE_PREFIX,
    LOTS,
    NOBODY,
    Case,
    FileState,
    Look,
    State,
    Taken,
    TaskState,
    case_id,
    case_seq,
    joined,
    opened,
    parted,
    rank_of,
    stepped,
    taken_in,
)
from jindi.cases.refusing import Refusal, refusal
from jindi.cases.steps import (
    VERDICTS,
    Assign,
    Attach,
    Check,
    Close,
    Escalate,
    Merge,
    Note,
    Reopen,
    Review,
    Snooze,
    Split,
    Step,
    Tag,
    Task,
    Tick,
    Verdict,
    Wake,
    Withdraw,
    pack_step,
    unpack_step,
    verb_of,
)

__all__ = [
    "CASE_PREFIX", "CUSTOMERS", "LOTS", "NOBODY", "VERDICTS", "Alert", "Assign", "Attach", "Case", "Check", "Close",
    "Escalate", "FileState", "Look", "Merge", "Note", "Refusal", "Reopen", "Review", "Snooze", "Split", "State",
    "Step", "Tag", "Taken", "Task", "TaskState", "Tick", "Verdict", "Wake", "Withdraw", "alert_of", "case_id",
    "case_seq", "joined", "opened", "pack_step", "parted", "rank_of", "refusal", "stepped", "taken_in", "unpack_step",
    "verb_of",
]  # fmt: skip
