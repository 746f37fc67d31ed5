"""Where the entities of a picture stand: drawn together by links, kept apart by all others, the same each time.

After Fruchterman and Reingold (1991), with a start in rings around the first entity instead of one by chance, and a
last touch that lets no two stand on each other.
"""

from collections.abc import Sequence
from math import ceil, cos, pi, sin, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

TURNS: Final = 120
GOLDEN: Final = pi * (3 - sqrt(5))
"""The angle that spreads points evenly in a spiral."""

Points = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def laid_out(
    count: int, pairs: Sequence[tuple[int, int]], width: float, height: float, apart: float
) -> list[tuple[float, float]]:
    """Points in a field for `count` entities, those of a pair near each other; any two are some way `apart` as far as
    there is room.

    >>> laid_out(1, (), 100, 60, 10)
    [(50.0, 30.0)]
    """
    if count < 2:
        return [(width / 2, height / 2)] * count
    at = _begun(count)
    if pairs:
        ends = np.unique(np.sort(np.asarray(pairs, dtype=np.int64), axis=1), axis=0)
        at = _drawn(at, ends[ends[:, 0] != ends[:, 1]])
    at = _fitted(at, width, height)
    return [(float(x), float(y)) for x, y in _parted(at, width, height, apart)]


def _begun(count: int) -> Points:
    """A spiral around the first, wide enough that nobody begins beside anybody."""
    n = np.arange(count, dtype=np.float64)
    return np.stack([np.sqrt(n) * np.cos(n * GOLDEN), np.sqrt(n) * np.sin(n * GOLDEN)], axis=1)


def _drawn(at: Points, ends: Places) -> Points:
    """Forces, ever weaker: all push each other away, links pull, and a pull to the middle keeps parts together."""
    a, b = ends[:, 0], ends[:, 1]
    # A hub's links would pull everybody onto one heap: who has many pulls each less.
    degree = np.bincount(ends.ravel(), minlength=len(at)).astype(np.float64)
    weight = 1.0 / np.sqrt(np.maximum(np.minimum(degree[a], degree[b]), 1.0))
    reach, (x, y) = max(sqrt(len(at)), 2.0), at.T.copy()
    for turn in range(TURNS):
        right, down = x[:, None] - x, y[:, None] - y
        near = 1.0 / np.maximum(right * right + down * down, 1e-4)
        np.fill_diagonal(near, 0.0)
        push_x, push_y = (right * near).sum(axis=1), (down * near).sum(axis=1)
        along_x, along_y = x[b] - x[a], y[b] - y[a]
        pull = np.hypot(along_x, along_y) * weight * 0.5
        push_x += _at_ends(a, b, along_x * pull, len(x)) - x * 0.06
        push_y += _at_ends(a, b, along_y * pull, len(y)) - y * 0.06
        length = np.maximum(np.hypot(push_x, push_y), 1e-9)
        step = np.minimum(length, reach * 0.12 * (1.0 - turn / TURNS) + 0.005) / length
        x, y = x + push_x * step, y + push_y * step
    return np.stack([x, y], axis=1)


def _at_ends(a: Places, b: Places, pull: Values, count: int) -> Values:
    """What links pull at both of their ends."""
    return np.bincount(a, pull, count).astype(np.float64) - np.bincount(b, pull, count).astype(np.float64)


def _fitted(at: Points, width: float, height: float) -> Points:
    """The whole field used, each way by itself but not so that the picture is drawn out of shape."""
    low, high = at.min(axis=0), at.max(axis=0)
    span = np.maximum(high - low, 1e-6)
    scale = np.array([width, height]) / span
    scale = np.minimum(scale, scale.min() * 2.0)
    fitted: Points = (at - (low + high) / 2) * scale + np.array([width, height]) / 2
    return fitted


def _parted(at: Points, width: float, height: float, apart: float) -> Points:
    """Whoever stands on somebody else moves aside, a little each time."""
    room = sqrt(width * height / len(at)) * 0.8  # where there is less room than all want, they get what there is
    apart = min(apart, room)
    x, y = np.clip(at[:, 0], 0.0, width), np.clip(at[:, 1], 0.0, height)
    for _ in range(ceil(TURNS / 3)):
        right, down = x[:, None] - x, y[:, None] - y
        far = np.hypot(right, down)
        np.fill_diagonal(far, np.inf)
        if not (far < apart).any():
            break
        # Two on the very same point go apart in a direction of their own.
        for i, j in np.argwhere(far < 1e-6):
            turn, side = (min(i, j) + 1) * GOLDEN, 1.0 if i < j else -1.0
            right[i, j], down[i, j], far[i, j] = cos(turn) * side, sin(turn) * side, 1.0
        push = np.maximum(apart - far, 0.0) / far * 0.5
        x = np.clip(x + (right * push).sum(axis=1), 0.0, width)
        y = np.clip(y + (down * push).sum(axis=1), 0.0, height)
    return np.stack([x, y], axis=1)
