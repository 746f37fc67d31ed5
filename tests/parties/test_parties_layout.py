"""Where entities stand in a picture."""

from itertools import combinations
from math import dist

from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.parties import laid_out

FIELD = (900.0, 560.0)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.data())
def test_everybody_stands_in_the_field_and_nobody_on_anybody(count, data):
    ends = st.integers(0, max(count - 1, 0))
    pairs = data.draw(st.lists(st.tuples(ends, ends), max_size=80)) if count else []
    points = laid_out(count, pairs, *FIELD, 26.0)
    assert len(points) == count
    assert all(0 <= x <= FIELD[0] and 0 <= y <= FIELD[1] for x, y in points)
    assert all(dist(a, b) > 12 for a, b in combinations(points, 2))


def test_the_same_graph_has_the_same_picture():
    pairs = [(n, n // 3) for n in range(1, 90)]
    assert laid_out(90, pairs, *FIELD, 26.0) == laid_out(90, list(reversed(pairs)), *FIELD, 26.0)


def test_who_is_linked_stands_nearer_than_who_is_not():
    # Two stars whose middles are linked.
    pairs = [(0, n) for n in range(2, 12)] + [(1, n) for n in range(12, 22)] + [(0, 1)]
    points = laid_out(22, pairs, *FIELD, 26.0)
    own = max(dist(points[0], points[n]) for n in range(2, 12))
    others = min(dist(points[0], points[n]) for n in range(12, 22))
    assert own < others
