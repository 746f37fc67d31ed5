"""Where the entities of a picture stand: drawn together by links, kept apart by all others, the same each time.

After Fruchterman and Reingold (1991), with a start in rings around the first entity instead of one by chance, and a
last touch that lets no two stand on each other.
"""

from collections.abc import Sequence
from math import ceil, pi, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

TURNS: Final = 140
GOLDEN: Final = pi * (3 - sqrt(5))
"""The angle that spreads points evenly in a spiral."""

Points = npt.NDArray[np.float64]


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


def _drawn(at: Points, ends: npt.NDArray[np.int64]) -> Points:
    """Forces, ever weaker: all push each other away, links pull, and a pull to the middle keeps parts together."""
    a, b = ends[:, 0], ends[:, 1]
    # A hub's links would pull everybody onto one heap: who has many pulls each less.
    degree = np.bincount(ends.ravel(), minlength=len(at)).astype(np.float64)
    weight = 1.0 / np.sqrt(np.maximum(np.minimum(degree[a], degree[b]), 1.0))
    reach = max(sqrt(len(at)), 2.0)
    for turn in range(TURNS):
        away = at[:, None, :] - at[None, :, :]
        square = np.einsum("ijk,ijk->ij", away, away)
        np.fill_diagonal(square, 1.0)
        force = np.einsum("ijk,ij->ik", away, 1.0 / np.maximum(square, 1e-4))
        along = at[b] - at[a]
        pull = along * (np.sqrt(np.einsum("ij,ij->i", along, along)) * weight)[:, None] * 0.5
        for axis in (0, 1):
            force[:, axis] += np.bincount(a, pull[:, axis], len(at)) - np.bincount(b, pull[:, axis], len(at))
        force -= at * 0.06
        length = np.maximum(np.sqrt(np.einsum("ij,ij->i", force, force)), 1e-9)
        most = reach * 0.12 * (1.0 - turn / TURNS) + 0.005
        at = at + force * (np.minimum(length, most) / length)[:, None]
    return at


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
    edge = np.array([width, height])
    at = np.clip(at, 0.0, edge)
    for _ in range(ceil(TURNS / 3)):
        away = at[:, None, :] - at[None, :, :]
        far = np.sqrt(np.einsum("ijk,ijk->ij", away, away))
        np.fill_diagonal(far, np.inf)
        near = far < apart
        if not near.any():
            break
        # Two on the very same point go apart in a direction of their own.
        same = np.argwhere(far < 1e-6)
        for i, j in same:
            turn = (min(i, j) + 1) * GOLDEN
            away[i, j] = np.array([np.cos(turn), np.sin(turn)]) * (1.0 if i < j else -1.0)
            far[i, j] = 1.0
        push = np.where(near, (apart - np.minimum(far, apart)) / far * 0.5, 0.0)
        at = np.clip(at + np.einsum("ijk,ij->ik", away, push), 0.0, edge)
    return at
