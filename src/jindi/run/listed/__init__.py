"""Lists as people see and change them: who stands on one, since when and by whom; and what a change of one asks for.

Knows: what the journal says about entries, and what each line of a change must be. Never: who may ask for it, nor what
decides now; that is `run.lists`.
"""

from jindi.run.listed.changes import (
    DAYS,
    DAYS_MAX,
    LINES_MAX,
    MOVES,
    AskedChange,
    AskedEntry,
    KeptChange,
    KeptEntry,
    LineProblem,
    Move,
    checked,
    lines_of,
    most_days,
    needs_expiry,
    usual_days,
)
from jindi.run.listed.roster import (
    ORDERS,
    SOON_US,
    STATES,
    Change,
    Hits,
    Listed,
    ListEntry,
    Roster,
    Use,
    Wanted,
    mark_of,
    uses_of,
)

__all__ = [
    "DAYS",
    "DAYS_MAX",
    "LINES_MAX",
    "MOVES",
    "ORDERS",
    "SOON_US",
    "STATES",
    "AskedChange",
    "AskedEntry",
    "Change",
    "Hits",
    "KeptChange",
    "KeptEntry",
    "LineProblem",
    "ListEntry",
    "Listed",
    "Move",
    "Roster",
    "Use",
    "Wanted",
    "checked",
    "lines_of",
    "mark_of",
    "most_days",
    "needs_expiry",
    "uses_of",
    "usual_days",
]
