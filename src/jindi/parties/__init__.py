"""Who stands behind an event: the entities that it names, and how they hang together.

Knows: which fields of an event name entities, what stands with what, what each did, who is reached from whom and by
which way, how a picture of it is laid out. Never: where that is kept, who may look
at it, clocks, journals, anybody's clear text.
"""

from jindi.parties.acts import ActTally
from jindi.parties.graph import Graph, Path, expand, shortest
from jindi.parties.layout import laid_out
from jindi.parties.tally import Shape, Tally, kind_of, shape_of

__all__ = ["ActTally", "Graph", "Path", "Shape", "Tally", "expand", "kind_of", "laid_out", "shape_of", "shortest"]
