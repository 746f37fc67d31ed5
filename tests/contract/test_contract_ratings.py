"""What every store of customers' ratings promises, and what one that is a file does when it breaks."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.ports import RatedQuery, RatedRow, RatingStoreFailure
from jindi.stores import SqliteRatings
from memory_ratings import MemoryRatings

KINDS = ("disk", "memory", "oracle")
USERS = ("u1", "u_2", "U%3", "用户4", "a'b\"c", "x\\y")
LEVELS = ("", "low", "high")


@contextlib.contextmanager
def opened(kind):
    folder = Path(tempfile.mkdtemp())
    store = {
        "disk": lambda: SqliteRatings(folder / "ratings.sqlite"), "memory": lambda: SqliteRatings(":memory:"),
        "oracle": MemoryRatings,
    }[kind]()  # fmt: skip
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


ROWS = st.builds(
    RatedRow, st.sampled_from(USERS), st.sampled_from(LEVELS), st.integers(0, 50), st.booleans(), st.booleans(),
    st.binary(max_size=3),
)  # fmt: skip
PUTS = st.lists(
    st.tuples(
        st.lists(ROWS, max_size=4, unique_by=lambda row: row.user),
        st.lists(st.tuples(st.sampled_from(USERS), st.integers(0, 30)), max_size=4),
    ),
    max_size=5,
)
QUERIES = st.builds(
    RatedQuery, level=st.sampled_from((None, *LEVELS)), due_before_us=st.one_of(st.none(), st.integers(0, 50)),
    user=st.sampled_from((None, "u", "%", "_", "\\", "用户", "'")), limit=st.integers(1, 4), offset=st.integers(0, 3),
)  # fmt: skip


@given(puts=PUTS, query=QUERIES, now=st.integers(0, 50))
@settings(max_examples=40)
def test_every_store_answers_as_the_plain_one_does(puts, query, now):
    answers = []
    for kind in ("memory", "oracle"):
        with opened(kind) as store:
            for number, (rows, steps) in enumerate(puts, 1):
                store.put(rows, steps, number, bytes([number]))
            answers.append(
                (
                    store.cursor(), [store.one(each) for each in USERS], store.found(query), sorted(store.owed(99)),
                    sorted(store.missed(now, 99)), store.counts(now), [store.steps(each, 3) for each in USERS],
                )
            )  # fmt: skip
    assert answers[0] == answers[1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cleared_is_gone_and_the_cursor_begins_anew(kind):
    with opened(kind) as store:
        store.put([RatedRow("u1", "low", 5, True, False, b"x")], [("u1", 3)], 9, b"m")
        assert (store.cursor(), store.one("u1"), store.steps("u1", 9)) == ((9, b"m"), b"x", [3])
        store.clear()
        assert (store.cursor(), store.one("u1"), store.steps("u1", 9)) == ((0, b""), None, [])


def test_a_file_keeps_what_was_put_and_another_versions_file_is_made_anew():
    folder = Path(tempfile.mkdtemp())
    try:
        store = SqliteRatings(folder / "ratings.sqlite")
        store.put([RatedRow("u1", "low", 5, True, False, b"x")], [], 9, b"m")
        store.close()
        again = SqliteRatings(folder / "ratings.sqlite")
        assert again.one("u1") == b"x"
        again.close()
        (folder / "ratings.sqlite").write_bytes(b"no database at all, and longer than a page's head" * 9)
        anew = SqliteRatings(folder / "ratings.sqlite")
        assert anew.cursor() == (0, b"")
        anew.close()
    finally:
        shutil.rmtree(folder)


def test_a_file_that_can_not_be_reached_is_told_with_a_remedy():
    with pytest.raises(RatingStoreFailure, match="can't be opened"):
        SqliteRatings(Path("/proc/nowhere/ratings.sqlite"))


def test_a_page_of_customers_reads_no_whole_table(tmp_path):
    with contextlib.closing(SqliteRatings(tmp_path / "ratings.sqlite")) as store:
        plans = store.plans()
        assert any("by_level (level=? AND due<?)" in step for step in plans), plans
        # Without a condition it walks an index in the order of the page, and stops at the page's end.
        walked = {step for step in plans if step.startswith("SCAN")}
        assert walked == {"SCAN levels", "SCAN customers USING INDEX by_due"}, plans
        # Only those whose names begin so are put in order, and found by their names.
        sorting = [n for n, step in enumerate(plans) if "TEMP B-TREE" in step]
        assert [plans[n - 1] for n in sorting] == ["SEARCH customers USING PRIMARY KEY (user>? AND user<?)"], plans
