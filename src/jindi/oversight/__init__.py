"""The register of controls: what was promised, what the last check found, and whether that still counts.

Knows: results, their evidence, periods, what counts as failed. Never: how anything is checked, clocks, files.
"""

from jindi.oversight.register import (
    EVENT,
    RISKS,
    SEVERITIES,
    Counts,
    Outcome,
    Result,
    Standing,
    State,
    Told,
    counts,
    evidence_digest,
    failing,
    is_due,
    record_of,
    standing,
    tellings,
)

__all__ = [
    "EVENT",
    "RISKS",
    "SEVERITIES",
    "Counts",
    "Outcome",
    "Result",
    "Standing",
    "State",
    "Told",
    "counts",
    "evidence_digest",
    "failing",
    "is_due",
    "record_of",
    "standing",
    "tellings",
]
