"""The console: pages that people read, drawn by the server, usable without a script and without a network.

Knows: HTTP, both languages, how figures are shown. Never: what a rule means, how anything is stored; it asks
a `Source` and shows what that answers.
"""

from jindi.doors.console.console import build_console
from jindi.doors.console.source import (
    ALL_DECISIONS,
    DecisionFilter,
    DecisionPage,
    DecisionRow,
    FieldLine,
    FollowUp,
    JournalPlace,
    Minute,
    PolicyView,
    ReplayLine,
    ReplayView,
    RuleCount,
    ScenarioScore,
    Scoreboard,
    Source,
    Stats,
)

__all__ = [
    "ALL_DECISIONS",
    "DecisionFilter",
    "DecisionPage",
    "DecisionRow",
    "FieldLine",
    "FollowUp",
    "JournalPlace",
    "Minute",
    "PolicyView",
    "ReplayLine",
    "ReplayView",
    "RuleCount",
    "ScenarioScore",
    "Scoreboard",
    "Source",
    "Stats",
    "build_console",
]
