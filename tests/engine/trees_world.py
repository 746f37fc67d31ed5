"""The definition of a tree model, walked naively; the kernels must equal it. And trees to walk."""

import math
from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from jindi.packs.definitions import Trees

ZERO = float(np.float32(1e-35))
VALUES = (0.0, -0.0, 1e-36, -1e-36, 1e-35, 1.5, -1.5, 3.0, 1e300, -1e300)


def goes_left(trees, node, value):
    """LightGBM's rule for one numerical split."""
    missing = trees.missing[node]
    if math.isnan(value) and missing != 2:
        value = 0.0
    if (missing == 1 and -ZERO <= value <= ZERO) or (missing == 2 and math.isnan(value)):
        return bool(trees.default_left[node])
    return value <= trees.threshold[node]


def parts(trees):
    """(first node, first leaf, leaves) of each tree."""
    node = leaf = 0
    for leaves in trees.leaves:
        yield node, leaf, leaves
        node, leaf = node + leaves - 1, leaf + leaves


def walk(trees, row, base=0.0):
    """The raw score: one leaf of each tree, added in order."""
    total = base
    for first_node, first_leaf, leaves in parts(trees):
        at = 0 if leaves > 1 else -1
        while at >= 0:
            node = first_node + at
            at = (trees.left if goes_left(trees, node, row[trees.feature[node]]) else trees.right)[node]
        total += trees.value[first_leaf + ~at]
    return total


def expectation(trees, first_node, first_leaf, at, row, known):
    """A node's expected leaf when only some inputs are known: unknown splits are averaged by training rows."""
    if at < 0:
        return trees.value[first_leaf + ~at], trees.count[first_leaf + ~at]
    node = first_node + at
    below = [
        expectation(trees, first_node, first_leaf, child, row, known) for child in (trees.left[node], trees.right[node])
    ]
    count = below[0][1] + below[1][1]
    if trees.feature[node] in known:
        return below[0 if goes_left(trees, node, row[trees.feature[node]]) else 1][0], count
    return sum(value * share for value, share in below) / count, count


def expected(trees, row, known):
    """The whole model's expectation when some inputs are known."""
    return math.fsum(
        expectation(trees, node, leaf, 0 if leaves > 1 else -1, row, known)[0] for node, leaf, leaves in parts(trees)
    )


def shapley_by_definition(trees, row, inputs):
    """Each input's mean gain over all orders of learning the inputs."""
    found = []
    for one in range(inputs):
        others = [other for other in range(inputs) if other != one]
        total = 0.0
        for size in range(inputs):
            weight = math.factorial(size) * math.factorial(inputs - size - 1) / math.factorial(inputs)
            for known in combinations(others, size):
                gain = expected(trees, row, {*known, one}) - expected(trees, row, set(known))
                total += weight * gain
        found.append(total)
    return found


def paths_by_definition(trees, row, inputs):
    """Each input's moves of the expectation along the paths."""
    found = [0.0] * inputs
    for first_node, first_leaf, leaves in parts(trees):
        at = 0 if leaves > 1 else -1
        while at >= 0:
            node = first_node + at
            child = (trees.left if goes_left(trees, node, row[trees.feature[node]]) else trees.right)[node]
            before, after = (expectation(trees, first_node, first_leaf, n, row, set())[0] for n in (at, child))
            found[trees.feature[node]] += after - before
            at = child
    return found


@st.composite
def forests(draw, inputs=4, trees_max=20, leaves_max=9):
    """Trees as LightGBM grows them: each split turns a leaf into a node, numbered in the order of the splits."""
    arrays = {name: [] for name in Trees.__dataclass_fields__}
    numbers = st.sampled_from(VALUES) | st.floats(-1e6, 1e6)
    for _ in range(draw(st.integers(1, trees_max))):
        leaves = draw(st.integers(1, leaves_max))
        left, right, parent = [], [], {0: None}
        for node in range(leaves - 1):
            leaf = draw(st.integers(0, node))
            above = parent[leaf]
            if above is not None:
                (left if above[1] else right)[above[0]] = node
            left.append(~leaf)
            right.append(~(node + 1))
            parent[leaf], parent[node + 1] = (node, True), (node, False)
            arrays["feature"].append(draw(st.integers(0, inputs - 1)))
            arrays["threshold"].append(draw(numbers))
            missing = draw(st.integers(0, 2))
            arrays["missing"].append(missing)
            arrays["default_left"].append(draw(st.integers(0, 1)) if missing else 0)
        arrays["leaves"].append(leaves)
        arrays["left"] += left
        arrays["right"] += right
        arrays["value"] += [draw(st.floats(-10, 10)) for _ in range(leaves)]
        arrays["count"] += [draw(st.integers(1, 1000)) for _ in range(leaves)]
    return Trees(**{name: tuple(values) for name, values in arrays.items()})


def rows(inputs=4):
    """A row of inputs, with zeros of all kinds and gaps among them."""
    each = st.sampled_from((*VALUES, math.nan)) | st.floats(-1e6, 1e6)
    return st.lists(each, min_size=inputs, max_size=inputs)
