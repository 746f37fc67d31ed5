"""Screening: is somebody on a list? Lists as entries, names compared, an index that finds few to compare with, and why.

Knows: what an entry is, how two names are alike, what a birth, a country, an identifier change. Never: where lists come
from, who looks, what is done about a match.
"""

from jindi.parties.screening.compare import Comparison, Pair, compare
from jindi.parties.screening.entries import (
    Birth,
    Changes,
    Entry,
    Identifier,
    Kind,
    Name,
    WatchList,
    differences,
)
from jindi.parties.screening.index import (
    STRONG,
    THRESHOLD,
    Index,
    Match,
    Subject,
    index_of,
    rescreen,
)
from jindi.parties.screening.names import parse

__all__ = [
    "STRONG", "THRESHOLD", "Birth", "Changes", "Comparison", "Entry", "Identifier", "Index", "Kind", "Match", "Name",
    "Pair", "Subject", "WatchList", "compare", "differences", "index_of", "parse", "rescreen",
]  # fmt: skip
