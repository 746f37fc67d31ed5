"""Shapes of money in the graph of transfers, found as each transfer comes.

`meaning` is the definition, `Detector` what is fast and equal to it. Pure: an instant is the transfer's own.
"""

from jindi.parties.patterns.cases import check_patterns, facts_of
from jindi.parties.patterns.detector import EDGES_MAX, LOOKS_MAX, Detector, NotUsable
from jindi.parties.patterns.feeds import AMOUNT_MAX, Feeds
from jindi.parties.patterns.kernel import ENTRIES as KERNELS
from jindi.parties.patterns.meaning import Found, Name, Transfer, meant

__all__ = [
    "AMOUNT_MAX",
    "EDGES_MAX",
    "KERNELS",
    "LOOKS_MAX",
    "Detector",
    "Feeds",
    "Found",
    "Name",
    "NotUsable",
    "Transfer",
    "check_patterns",
    "facts_of",
    "meant",
]
