"""Windows over events: the program, the kernels that run it, and the naive definition that they must equal.

Knows: definitions, time as numbers, keys and values. Never: clocks, files, networks, stores, decisions.
"""

from jindi.features.batch import Answers, Batch
from jindi.features.plan import Plan, plan
from jindi.features.warming import warm
from jindi.features.windows import Memory, StructureMemory, Windows

__all__ = ["Answers", "Batch", "Memory", "Plan", "StructureMemory", "Windows", "plan", "warm"]
