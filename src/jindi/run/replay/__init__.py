"""Replay: decisions of the past made again with the definitions of their moment, and held against the journal's bytes.

Knows: the journal, the programs that its definitions records hold, state rebuilt from it, and how to tell why two
records differ. Never: today's packs, or anything that would change a journal.
"""

from jindi.run.replay.causes import Cause, Difference, as_document
from jindi.run.replay.moments import Moments, Remade, remade_by_facts
from jindi.run.replay.one import Proof, prove
from jindi.run.replay.runner import Depth, Range, Replay, Report

__all__ = [
    "Cause", "Depth", "Difference", "Moments", "Proof", "Range", "Remade", "Replay", "Report", "as_document", "prove",
    "remade_by_facts",
]  # fmt: skip
