"""A payment wallet's world to watch: honest people, adversaries of ten kinds, the truth beside the stream.

Knows: a seed, habits, schemes, arithmetic. Never: the platform's rules, clocks, files, networks, stores.
"""

from jindi.run.simulate.scoreboard import HEADER, Scoreboard
from jindi.run.simulate.truth import SCENARIOS, Simulated, Truth, read_truth, truth_line, write_truth
from jindi.run.simulate.world import START_US, World

__all__ = [
    "HEADER",
    "SCENARIOS",
    "START_US",
    "Scoreboard",
    "Simulated",
    "Truth",
    "World",
    "read_truth",
    "truth_line",
    "write_truth",
]
