"""Alerts, the cases that they come to, and what people do with them: a person examines a finding.

Knows: which decision is an alert and of which kind, which case it joins, in which order cases are taken, what a step
does to a case and when it can't be taken. Never: who may take it, clocks, journals, where cases are kept.
"""

from jindi.cases.alerts import CUSTOMERS, Alert, alert_of
from jindi.cases.case import (
    CASE_PREFIX,
    NOBODY,
    Case,
    State,
    Taken,
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
    Check,
    Close,
    Escalate,
    Merge,
    Note,
    Reopen,
    Snooze,
    Split,
    Step,
    Tag,
    Verdict,
    Wake,
    pack_step,
    unpack_step,
    verb_of,
)

__all__ = [
    "CASE_PREFIX", "CUSTOMERS", "NOBODY", "VERDICTS", "Alert", "Assign", "Case", "Check", "Close", "Escalate",
    "Merge", "Note", "Refusal", "Reopen", "Snooze", "Split", "State", "Step", "Tag", "Taken", "Verdict", "Wake",
    "alert_of", "case_id", "case_seq", "joined", "opened", "pack_step", "parted", "rank_of", "refusal", "stepped",
    "taken_in", "unpack_step", "verb_of",
]  # fmt: skip
