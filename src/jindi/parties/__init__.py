"""Who stands behind an event: the entities that it names, and how they hang together.

Knows: which fields of an event name entities, what stands with what, who is reached from whom and by which way, how a
picture of it is laid out. Never: where links are kept, who may look at them, clocks, journals, anybody's clear text.
"""

from jindi.parties.graph import Graph, Path, expand, shortest
from jindi.parties.layout import laid_out
from jindi.parties.tally import Shape, Tally, kind_of, shape_of

__all__ = ["Graph", "Path", "Shape", "Tally", "expand", "kind_of", "laid_out", "shape_of", "shortest"]
