"""A payment wallet's world to watch: honest people, adversaries of ten kinds, the truth beside the stream; and the
office behind it, with insiders of eleven kinds.

Knows: a seed, habits, schemes, arithmetic. Never: the platform's rules, clocks, files, networks, stores.
"""

from jindi.run.simulate.insiders import open_office
from jindi.run.simulate.office import Office
from jindi.run.simulate.scoreboard import HEADER, Kept, Scoreboard
from jindi.run.simulate.truth import INSIDERS, SCENARIOS, Simulated, Truth, read_truth, truth_line, write_truth
from jindi.run.simulate.world import START_US, World

__all__ = [
    "HEADER",
    "INSIDERS",
    "SCENARIOS",
    "START_US",
    "Kept",
    "Office",
    "Scoreboard",
    "Simulated",
    "Truth",
    "World",
    "open_office",
    "read_truth",
    "truth_line",
    "write_truth",
]
