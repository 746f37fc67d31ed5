"""What serving a model costs: 300 trees of 31 leaves over 40 facts, some of them missing. One thread, CPU time.

`python benchmarks/models.py` prints the figures; with LightGBM installed (the extra `learn`) the model is trained
by it and its own times stand beside ours, otherwise its splits are drawn by chance.
"""

import statistics
import time

import numpy as np

from jindi.engine.models import Model
from jindi.language import RATIO
from jindi.packs.definitions import Calibration, ModelDef, ModelInput, Trees, Words
from jindi.run.learn.boosters import trees_of

TREES, LEAVES, INPUTS, ROWS, ROUNDS = 300, 31, 40, 4_000, 7


def rows(count, seed=1):
    """Facts, one in twenty missing."""
    chance = np.random.default_rng(seed)
    table = chance.normal(size=(count, INPUTS))
    table[chance.random(table.shape) < 0.05] = np.nan
    return table


def booster():
    """A trained LightGBM model, or None without LightGBM."""
    try:
        import lightgbm
    except ImportError:
        return None
    table = rows(60_000)
    there = np.nan_to_num(table)
    label = there[:, 0] + there[:, 1] * there[:, 2] + np.random.default_rng(2).normal(size=len(table)) > 1.5
    data = lightgbm.Dataset(table, label.astype(float), params={"verbose": -1})
    given = {"objective": "binary", "num_leaves": LEAVES, "num_threads": 1, "verbose": -1, "seed": 1}
    return lightgbm.train(given, data, TREES)


def drawn():
    """Trees grown leaf by leaf, each split drawn by chance."""
    chance = np.random.default_rng(3)
    arrays = {name: [] for name in Trees.__dataclass_fields__}
    for _ in range(TREES):
        left, right, above = [], [], {0: None}
        for node in range(LEAVES - 1):
            leaf = int(chance.integers(0, node + 1))
            if above[leaf] is not None:
                (left if above[leaf][1] else right)[above[leaf][0]] = node
            left.append(~leaf)
            right.append(~(node + 1))
            above[leaf], above[node + 1] = (node, True), (node, False)
        nodes = LEAVES - 1
        arrays["leaves"].append(LEAVES)
        arrays["feature"] += chance.integers(0, INPUTS, nodes).tolist()
        arrays["threshold"] += chance.normal(size=nodes).tolist()
        arrays["missing"] += [2] * nodes
        arrays["default_left"] += chance.integers(0, 2, nodes).tolist()
        arrays["left"] += left
        arrays["right"] += right
        arrays["value"] += chance.normal(size=LEAVES).tolist()
        arrays["count"] += chance.integers(20, 2_000, LEAVES).tolist()
    return arrays


def us_each(work, count):
    """The median of several rounds, in microseconds of CPU."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) / count * 1e6)
    return statistics.median(found)


def measure():
    """(what, µs a row) of each."""
    theirs = booster()
    arrays = trees_of([theirs.model_to_string()]) if theirs else drawn()
    said = Words("一句话", "one sentence")
    inputs = tuple(ModelInput(f"f{place}", RATIO) for place in range(INPUTS))
    trees = Trees(**{name: tuple(values) for name, values in arrays.items()})
    definition = ModelDef(
        "m", "bench", said, "e", "", "open", inputs, 0.0, "sigmoid", trees, (), Calibration("platt", 1.1, -0.2), "", ""
    )
    model = Model(definition, {each.name: place for place, each in enumerate(inputs)})
    table = rows(ROWS, seed=9)
    facts = [[None if cell != cell else cell for cell in row] for row in table.tolist()]  # noqa: PLR0124 - NaN
    forest = model._forest  # noqa: SLF001 - the kernel alone
    found = [
        ("score, kernel alone, one row", us_each(lambda: [forest.raw(row) for row in table], ROWS)),
        ("score from facts, calibrated, one row", us_each(lambda: [model(row) for row in facts], ROWS)),
        ("score, many rows", us_each(lambda: model.raws(table), ROWS)),
        ("reasons along the paths, one row", us_each(lambda: [forest.paths(row) for row in table], ROWS)),
        ("exact reasons (Shapley), one row", us_each(lambda: [forest.shapley(row) for row in table[:50]], 50)),
    ]
    if theirs:
        assert (model.raws(table) == theirs.predict(table, raw_score=True, num_threads=1)).all(), "to the last bit"
        found += [
            ("LightGBM, one row", us_each(lambda: [theirs.predict(r[None], num_threads=1) for r in table[:200]], 200)),
            ("LightGBM, many rows", us_each(lambda: theirs.predict(table, raw_score=True, num_threads=1), ROWS)),
            (
                "LightGBM, exact reasons",
                us_each(lambda: theirs.predict(table[:50], pred_contrib=True, num_threads=1), 50),
            ),
        ]  # fmt: skip
    return found


if __name__ == "__main__":
    for what, us in measure():
        print(f"{what:42s} {us:9.1f} µs")
