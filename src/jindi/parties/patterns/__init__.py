"""Shapes of money in the graph of transfers, found as each transfer comes.

`meaning` is the definition, `Detector` what is fast and equal to it. Pure: an instant is the transfer's own.
"""

from jindi.parties.patterns.cases import check_patterns, facts_of
from jindi.parties.patterns.detector import AMOUNT_MAX, EDGES_MAX, LOOKS_MAX, Detector, NotUsable
from jindi.parties.patterns.feeds import Feeds
from jindi.parties.patterns.meaning import Found, Transfer, meant

__all__ = [
    "AMOUNT_MAX",
    "EDGES_MAX",
    "LOOKS_MAX",
    "Detector",
    "Feeds",
    "Found",
    "NotUsable",
    "Transfer",
    "check_patterns",
    "facts_of",
    "meant",
]
