"""What every store of movements promises: the same as plain Python over all rows."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.ports import MovementRow, MovementStoreFailure
from jindi.stores import SqliteMovements


class MemoryMovements:
    """The `MovementStore` port in plain Python; every question looks at everything."""

    def __init__(self):
        self.clear()

    def cursor(self):
        return self.at

    def put(self, rows, cursor, mark):
        for row in rows:
            self.rows.setdefault((row.day, row.customer, row.seq, row.movement), row)
        self.at = cursor, mark

    def clear(self):
        self.rows, self.at = {}, (0, b"")

    def days(self):
        return sorted({row.day for row in self.rows.values()})

    def heavy(self, day, currency, least_minor):
        of_day = [row for row in self.rows.values() if row.day == day]
        found = []
        for row in of_day:
            his = [each for each in of_day if each.customer == row.customer]
            sums = {}
            for each in his:
                sums[each.way, each.currency] = sums.get((each.way, each.currency), 0) + each.amount_minor
            if any(name != currency or total >= least_minor for (_, name), total in sums.items()):
                found.append(row)
        return sorted(found, key=lambda each: (each.customer, each.at_us, each.seq, each.movement))

    def drop(self, before):
        gone = [key for key in self.rows if key[0] < before]
        for key in gone:
            del self.rows[key]
        return len(gone)

    def close(self):
        pass


KINDS = {"disk": lambda path: SqliteMovements(path / "m.sqlite"), "memory": lambda _: SqliteMovements(":memory:"),
         "oracle": lambda _: MemoryMovements()}  # fmt: skip
ROWS = st.builds(
    MovementRow, st.integers(20_000, 20_002), st.sampled_from(["u1", "u2", "用户"]), st.integers(0, 9),
    st.sampled_from(["sent", "received"]), st.sampled_from(["in", "out"]), st.sampled_from(["CNY", "USD"]),
    st.integers(1, 100), st.integers(0, 5), st.sampled_from([0, 2, 3]),
)  # fmt: skip


def row(seq=1, day=20_000, customer="u1", movement="sent", way="out", currency="CNY", amount=10):
    return MovementRow(day, customer, seq, movement, way, currency, amount, seq, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_keeps_each_movement_once_and_goes_on_where_it_was(kind, tmp_path):
    store = KINDS[kind](tmp_path)
    with contextlib.closing(store):
        assert (store.cursor(), list(store.days())) == ((0, b""), [])
        store.put([row(), row(2)], 3, b"m")
        store.put([row(), row(3, day=20_001)], 5, b"n")
        assert (store.cursor(), list(store.days())) == ((5, b"n"), [20_000, 20_001])
        assert [each.seq for each in store.heavy(20_000, "CNY", 20)] == [1, 2]
        assert list(store.heavy(20_000, "CNY", 21)) == []
        assert (store.drop(20_001), list(store.days())) == (2, [20_001])
        store.clear()
        assert (store.cursor(), list(store.days())) == ((0, b""), [])


def test_a_file_is_as_it_was_after_it_is_opened_again_and_made_anew_when_it_is_damaged(tmp_path):
    with contextlib.closing(SqliteMovements(tmp_path / "m.sqlite")) as store:
        store.put([row()], 2, b"m")
    with contextlib.closing(SqliteMovements(tmp_path / "m.sqlite")) as again:
        assert (again.cursor(), list(again.days())) == ((2, b"m"), [20_000])
    (tmp_path / "m.sqlite").write_bytes(b"not a database at all" * 100)
    with contextlib.closing(SqliteMovements(tmp_path / "m.sqlite")) as anew:
        assert anew.cursor() == (0, b"")
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(MovementStoreFailure, match="can't be opened"):
        SqliteMovements(tmp_path / "folder.sqlite")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(ROWS, max_size=12), max_size=4), st.integers(1, 300), st.integers(20_000, 20_002))
def test_what_is_heavy_is_what_plain_python_says(pieces, least, day):
    oracle, store = MemoryMovements(), SqliteMovements(":memory:")
    with contextlib.closing(store):
        for place, piece in enumerate(pieces, 1):
            # A journal has one movement of a name at a place.
            rows = list({(each.day, each.customer, each.seq, each.movement): each for each in piece}.values())
            oracle.put(rows, place, b"")
            store.put(rows, place, b"")
        assert list(store.heavy(day, "CNY", least)) == oracle.heavy(day, "CNY", least)


def test_the_page_of_large_days_reads_only_those_who_moved_much(tmp_path):
    with contextlib.closing(SqliteMovements(tmp_path / "m.sqlite")) as store:
        store.put([row(seq, day=20_000 + seq % 9, customer=f"u{seq % 50}") for seq in range(2_000)], 3, b"m")
        plans = store.plans()
        assert not [step for step in plans if step.startswith("SCAN") and "days" not in step], plans
        assert "SEARCH movements USING PRIMARY KEY (day=? AND customer=?)" in plans, plans
        assert [step for step in plans if "by_total (day=? AND currency=? AND total>?)" in step], plans
