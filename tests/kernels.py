"""Compile every kernel once, beside what reads the code: `python tests/kernels.py`. Later processes read them from the
disk; a clone that is new would have each of the processes that run tests compile them all, a minute each.
"""

import numpy as np

from jindi import features
from jindi.engine.trees import lay_out
from jindi.packs.definitions import Trees
from jindi.parties import patterns
from jindi.run import answered

STUMP = Trees(
    leaves=(2,), feature=(0,), threshold=(0.5,), missing=(2,), default_left=(1,), left=(-1,), right=(-2,),
    value=(0.0, 1.0), count=(1, 1),
)  # fmt: skip


def main() -> None:
    """All of them."""
    features.warm(more=patterns.KERNELS)
    answered.warm()
    forest, row = lay_out(STUMP, 1, 0.0), np.zeros(1)
    forest.raw(row)
    forest.raws(row.reshape(1, 1))
    forest.paths(row)
    forest.shapley(row)


if __name__ == "__main__":
    main()
