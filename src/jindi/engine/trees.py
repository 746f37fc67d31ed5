"""Trees in flat arrays, walked by compiled kernels: scores, path contributions, exact Shapley values.

A node is 16 bytes: its threshold, and a word that holds the column it asks and where its left child lies; the
right one lies next to it. Three things make a walk the same straight line of code for every node:

- What a node does with missing values is a property of the *column*: a row is spread once into one column for
  each (input, way of missing) that the trees use, with -inf where the missing go left and NaN where they go right.
- A leaf asks column 0, which is always 0.0, against +inf, and is its own left child: walking on stays there.
- Eight trees are walked at once, those of like depth together, so that eight loads are on their way at a time.

The leaves are then added one by one in the trees' own order, as LightGBM adds them, so that the raw score is
the same to the last bit. `walk` in the tests is the definition; the kernels equal it.
"""

# mypy: disable-error-code="assignment, no-any-return"
# (to the compiler numpy's 64-bit words and Python's integers are one type; to mypy they are two)

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jindi.features.compiling import kernel, owning_kernel
from jindi.packs.definitions import Trees

Doubles = npt.NDArray[np.float64]
Words = npt.NDArray[np.int64]

ZERO_MOST = 1.0000000180025095e-35
"""LightGBM's largest zero: 1e-35 as a single-precision number."""

GROUP = 8
_LEFT_BITS = 32
_LEFT_MASK = (1 << _LEFT_BITS) - 1

# How a column treats what is missing in its input.
_PLAIN, _ZERO_RIGHT, _ZERO_LEFT, _NAN_RIGHT, _NAN_LEFT = range(5)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees laid out for the kernels. `nodes` holds two words a node; `expected` is the mean leaf below each node,
    weighted by training rows; `cover` is how many of them came there; `parent` is -1 at a root.
    """

    inputs: int
    base: float
    column_input: Words
    column_way: Words
    nodes: Words
    thresholds: Doubles
    expected: Doubles
    cover: Doubles
    parent: Words
    roots: Words
    order: Words
    depths: Words
    leaves: Words
    leaf_starts: Words

    def raw(self, row: Doubles) -> float:
        """The raw score of one row of inputs (missing as NaN)."""
        return float(
            _raw(row, self.column_input, self.column_way, self.nodes, self.thresholds, self.expected, self.roots,
                 self.order, self.depths, self.base)
        )  # fmt: skip

    def raws(self, rows: Doubles) -> Doubles:
        """The raw scores of many rows, one a line, each the same as alone."""
        out = np.empty(len(rows))
        _raws(np.ascontiguousarray(rows), self.column_input, self.column_way, self.nodes, self.thresholds,
              self.expected, self.roots, self.depths, self.base, out)  # fmt: skip
        return out

    def mean(self) -> float:
        """The raw score that is expected before anything is known: what contributions are measured from."""
        return self.base + math.fsum(self.expected[root] for root in self.roots)

    def paths(self, row: Doubles) -> Doubles:
        """Each input's contribution along the paths taken: how the expectation changes where it is asked.

        They add up to the raw score less `mean`, but for rounding.
        """
        out = np.zeros(self.inputs)
        _paths(row, self.column_input, self.column_way, self.nodes, self.thresholds, self.expected, self.roots, out)
        return out

    def shapley(self, row: Doubles) -> Doubles:
        """Each input's exact Shapley value under the trees' own covers (path-dependent TreeSHAP)."""
        out = np.zeros(self.inputs)
        _shapley(row, self.column_input, self.column_way, self.nodes, self.thresholds, self.expected, self.cover,
                 self.parent, self.leaves, int(self.depths.max()) + 1, out)  # fmt: skip
        return out


def lay_out(trees: Trees, inputs: int, base: float) -> Forest:
    """Checked trees as the kernels want them."""
    size = 2 * sum(trees.leaves) - len(trees.leaves)
    nodes, expected, cover = np.zeros(2 * size, np.int64), np.zeros(size), np.zeros(size)
    thresholds = nodes.view(np.float64)
    parent = np.full(size, -1, np.int64)
    columns: dict[tuple[int, int], int] = {(0, _PLAIN): 0}
    roots, depths, leaves, leaf_starts = [], [], [], [0]
    first_node = first_leaf = begin = 0
    for count in trees.leaves:
        # Breadth first, the children of a node side by side.
        queue = [0 if count > 1 else -1]
        depth = [0]
        for place, child in enumerate(queue):
            at = begin + place
            if child < 0:
                thresholds[2 * at] = np.inf
                nodes[2 * at + 1] = at
                expected[at] = trees.value[first_leaf + ~child]
                cover[at] = trees.count[first_leaf + ~child]
                leaves.append(at)
                continue
            node = first_node + child
            way = 2 * trees.missing[node] - 1 + trees.default_left[node] if trees.missing[node] else _PLAIN
            column = columns.setdefault((trees.feature[node] + 1, way), len(columns))
            left = begin + len(queue)
            thresholds[2 * at] = trees.threshold[node]
            nodes[2 * at + 1] = column << _LEFT_BITS | left
            parent[left] = parent[left + 1] = at
            queue += (trees.left[node], trees.right[node])
            depth += (depth[place] + 1, depth[place] + 1)
        for at in range(begin + len(queue) - 1, begin - 1, -1):
            left = int(nodes[2 * at + 1]) & _LEFT_MASK
            if left != at:
                cover[at] = cover[left] + cover[left + 1]
                whole = expected[left] * cover[left] + expected[left + 1] * cover[left + 1]
                expected[at] = whole / cover[at]
        roots.append(begin)
        depths.append(depth[-1])
        leaf_starts.append(len(leaves))
        begin += len(queue)
        first_node += count - 1
        first_leaf += count
    return Forest(
        inputs=inputs,
        base=base,
        column_input=np.array([column - 1 for column, _ in columns], np.int64),
        column_way=np.array([way for _, way in columns], np.int64),
        nodes=nodes,
        thresholds=thresholds,
        expected=expected,
        cover=cover,
        parent=parent,
        roots=np.array(roots, np.int64),
        order=np.argsort(depths, kind="stable").astype(np.int64),
        depths=np.array(depths, np.int64),
        leaves=np.array(leaves, np.int64),
        leaf_starts=np.array(leaf_starts, np.int64),
    )


@kernel
def _spread(row: Doubles, column_input: Words, column_way: Words, columns: Doubles) -> None:
    """A row's columns: each input in every way of missing that is asked for."""
    columns[0] = 0.0
    for column in range(1, len(column_input)):
        value = row[column_input[column]]
        way = column_way[column]
        if way == _PLAIN:
            columns[column] = 0.0 if np.isnan(value) else value
        elif np.isnan(value) or (way <= _ZERO_LEFT and -ZERO_MOST <= value <= ZERO_MOST):
            columns[column] = -np.inf if way in (_ZERO_LEFT, _NAN_LEFT) else np.nan
        else:
            columns[column] = value


@kernel
def _step(at: int, columns: Doubles, nodes: Words, thresholds: Doubles) -> int:
    """The node after this one; a leaf is followed by itself. NaN is never <= anything: it goes right."""
    word = nodes[2 * at + 1]
    return (word & _LEFT_MASK) + (0 if columns[word >> _LEFT_BITS] <= thresholds[2 * at] else 1)


@owning_kernel
def _raw(
    row: Doubles,
    column_input: Words,
    column_way: Words,
    nodes: Words,
    thresholds: Doubles,
    expected: Doubles,
    roots: Words,
    order: Words,
    depths: Words,
    base: float,
) -> float:
    columns = np.empty(len(column_input))
    _spread(row, column_input, column_way, columns)
    count = len(roots)
    found = np.empty(count)
    i = 0
    while i + GROUP <= count:
        a, b, c, d = roots[order[i]], roots[order[i + 1]], roots[order[i + 2]], roots[order[i + 3]]
        e, f, g, h = roots[order[i + 4]], roots[order[i + 5]], roots[order[i + 6]], roots[order[i + 7]]
        while True:
            a_next, b_next = _step(a, columns, nodes, thresholds), _step(b, columns, nodes, thresholds)
            c_next, d_next = _step(c, columns, nodes, thresholds), _step(d, columns, nodes, thresholds)
            e_next, f_next = _step(e, columns, nodes, thresholds), _step(f, columns, nodes, thresholds)
            g_next, h_next = _step(g, columns, nodes, thresholds), _step(h, columns, nodes, thresholds)
            moved = (a ^ a_next) | (b ^ b_next) | (c ^ c_next) | (d ^ d_next)
            moved |= (e ^ e_next) | (f ^ f_next) | (g ^ g_next) | (h ^ h_next)
            a, b, c, d, e, f, g, h = a_next, b_next, c_next, d_next, e_next, f_next, g_next, h_next
            if moved == 0:
                break
        found[order[i]], found[order[i + 1]] = expected[a], expected[b]
        found[order[i + 2]], found[order[i + 3]] = expected[c], expected[d]
        found[order[i + 4]], found[order[i + 5]] = expected[e], expected[f]
        found[order[i + 6]], found[order[i + 7]] = expected[g], expected[h]
        i += GROUP
    while i < count:
        at = roots[order[i]]
        for _ in range(depths[order[i]]):
            at = _step(at, columns, nodes, thresholds)
        found[order[i]] = expected[at]
        i += 1
    total = base
    for tree in range(count):
        total += found[tree]
    return total


@owning_kernel
def _raws(
    rows: Doubles,
    column_input: Words,
    column_way: Words,
    nodes: Words,
    thresholds: Doubles,
    expected: Doubles,
    roots: Words,
    depths: Words,
    base: float,
    out: Doubles,
) -> None:
    """Eight rows at a time go through one tree after the other, which stays in the cache meanwhile."""
    columns = np.empty((GROUP, len(column_input)))
    for start in range(0, len(rows), GROUP):
        size = min(GROUP, len(rows) - start)
        for i in range(GROUP):
            _spread(rows[start + min(i, size - 1)], column_input, column_way, columns[i])
        total = np.full(GROUP, base)
        for tree in range(len(roots)):
            a = b = c = d = e = f = g = h = roots[tree]
            for _ in range(depths[tree]):
                a, b = _step(a, columns[0], nodes, thresholds), _step(b, columns[1], nodes, thresholds)
                c, d = _step(c, columns[2], nodes, thresholds), _step(d, columns[3], nodes, thresholds)
                e, f = _step(e, columns[4], nodes, thresholds), _step(f, columns[5], nodes, thresholds)
                g, h = _step(g, columns[6], nodes, thresholds), _step(h, columns[7], nodes, thresholds)
            total[0] += expected[a]
            total[1] += expected[b]
            total[2] += expected[c]
            total[3] += expected[d]
            total[4] += expected[e]
            total[5] += expected[f]
            total[6] += expected[g]
            total[7] += expected[h]
        out[start : start + size] = total[:size]


@owning_kernel
def _paths(
    row: Doubles,
    column_input: Words,
    column_way: Words,
    nodes: Words,
    thresholds: Doubles,
    expected: Doubles,
    roots: Words,
    out: Doubles,
) -> None:
    columns = np.empty(len(column_input))
    _spread(row, column_input, column_way, columns)
    for tree in range(len(roots)):
        at = roots[tree]
        while True:
            after = _step(at, columns, nodes, thresholds)
            if after == at:
                break
            out[column_input[nodes[2 * at + 1] >> _LEFT_BITS]] += expected[after] - expected[at]
            at = after


@owning_kernel
def _shapley(
    row: Doubles,
    column_input: Words,
    column_way: Words,
    nodes: Words,
    thresholds: Doubles,
    expected: Doubles,
    cover: Doubles,
    parent: Words,
    leaves: Words,
    length: int,
    out: Doubles,
) -> None:
    """Leaf by leaf. On the way to a leaf stand some inputs; knowing one lets the row pass or not (`ones`), not
    knowing it lets a share of the training rows pass (`zeros`). A leaf's worth is shared among them by the
    Shapley weights of all subsets, whose sums are kept by their size: Lundberg's EXTEND and UNWIND.
    """
    columns = np.empty(len(column_input))
    _spread(row, column_input, column_way, columns)
    names, ones, zeros = np.empty(length, np.int64), np.empty(length), np.empty(length)
    weights = np.empty(length + 1)
    for leaf in leaves:
        count = 0
        at = leaf
        while parent[at] >= 0:
            above = parent[at]
            name = column_input[nodes[2 * above + 1] >> _LEFT_BITS]
            place = 0
            while place < count and names[place] != name:
                place += 1
            if place == count:
                names[count], ones[count], zeros[count] = name, 1.0, 1.0
                count += 1
            if _step(above, columns, nodes, thresholds) != at:
                ones[place] = 0.0
            zeros[place] *= cover[at] / cover[above]
            at = above
        weights[0] = 1.0
        for k in range(count):
            weights[k + 1] = 0.0
            for i in range(k, -1, -1):
                weights[i + 1] += ones[k] * weights[i] * (i + 1) / (k + 2)
                weights[i] *= zeros[k] * (k + 1 - i) / (k + 2)
        for k in range(count):
            total = 0.0
            if ones[k] != 0.0:
                carried = weights[count]
                for i in range(count - 1, -1, -1):
                    part = carried * (count + 1) / (i + 1)
                    total += part
                    carried = weights[i] - part * zeros[k] * (count - i) / (count + 1)
            else:
                for i in range(count):
                    total += weights[i] / (zeros[k] * (count - i) / (count + 1))
            out[names[k]] += total * (ones[k] - zeros[k]) * expected[leaf]
