"""What every store of entities' decisions promises, and what one that is a file does when it breaks."""

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.parties import ActTally, Shape
from jindi.parties.tally import Amount, End
from jindi.ports import Acts, ActStoreFailure
from jindi.stores import SqliteActs
from memory_acts import MemoryActs

KINDS = ("disk", "memory", "oracle")
SHAPE = Shape((End(0, "user", "user"), End(1, "payee", "user"), End(2, "device", "device")), (Amount(3, "CNY", -1),))
NAMES = ("user:u1", "user:u2", "user:用户:3", "device:d'\"1")
ALL = (0, 1, 2, 3, 4)
NONE = Acts((), (), (), (), ())


@contextlib.contextmanager
def opened(kind):
    folder = Path(tempfile.mkdtemp())
    store = {
        "disk": lambda: SqliteActs(folder / "customers.sqlite"), "memory": lambda: SqliteActs(":memory:"),
        "oracle": MemoryActs,
    }[kind]()  # fmt: skip
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


def tally(*decisions):
    """Some decisions: place, user, payee, device, amount, day, outcome, and the rules hit."""
    made = ActTally()
    for seq, user, payee, device, amount, day, outcome, *rules in decisions:
        values = (user, payee, device, amount)
        hits = [("pay", rule) for rule in rules]
        made.take(seq, "transfer", SHAPE, values, seq * 10, day, outcome, hits)
    return made.acts()


def told(store):
    return [
        (
            list(store.places(name, ALL, None, 100)), list(store.places(name, (0, 3), 9, 3)), list(store.days(name, 0)),
            list(store.sums(name)), list(store.hits(name, 50)),
        )
        for name in NAMES
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_begins_empty_at_the_first_record(kind):
    with opened(kind) as store:
        assert store.cursor() == (0, b"")
        assert told(store) == [([], [], [], [], [])] * len(NAMES)
        assert store.drop(10, 0, 5) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_somebody_did_is_found_by_him_in_each_role_and_sums_are_exact(kind):
    with opened(kind) as store:
        store.put(tally((3, "u1", "u2", None, 500, 7, 0), (5, "u2", "u1", None, 70, 8, 3, "big")), 6, b"m")
        store.put(tally((8, "u1", "u2", None, 40, 8, 0, "big", "odd")), 9, b"n")
        assert store.places("user:u1", ALL, None, 9) == [(8, 0), (5, 3), (3, 0)]
        assert store.places("user:u1", ALL, 8, 1) == [(5, 3)]
        assert store.places("user:u1", (0,), None, 9) == [(8, 0), (3, 0)]
        assert [tuple(each) for each in store.days("user:u1", 8)] == [(8, (1, 0, 0, 1, 0))]
        assert [tuple(each) for each in store.sums("user:u1")] == [
            ("transfer", "payee", 50, 50, 1, 1, (), (("CNY", 70),)),
            ("transfer", "user", 30, 80, 2, 0, (("CNY", 540),), ()),
        ]
        assert [tuple(each) for each in store.hits("user:u1", 1)] == [("pay", "big", 50, 80, 2)]
        assert store.cursor() == (9, b"n")


@pytest.mark.parametrize("kind", KINDS)
def test_who_stands_twice_in_one_decision_did_it_once(kind):
    with opened(kind) as store:
        store.put(tally((3, "u1", "u1", None, 500, 7, 0)), 4, b"m")
        assert store.places("user:u1", ALL, None, 9) == [(3, 0)]
        assert [each.role for each in store.sums("user:u1")] == ["user"]


@pytest.mark.parametrize("kind", KINDS)
def test_days_that_are_too_old_are_dropped_and_whoever_has_none_left_goes(kind):
    with opened(kind) as store:
        store.put(tally((3, "u1", "u2", None, 5, 7, 0), (4, "u1", None, None, 5, 9, 0)), 5, b"m")
        after = 0
        while after is not None:
            after = store.drop(8, after, 1)
        assert store.places("user:u1", ALL, None, 9) == [(4, 0)]
        assert [each.day for each in store.days("user:u1", 0)] == [9]
        assert store.sums("user:u1")[0].seen == 2, "sums are of all that it did since it is here"
        assert store.sums("user:u2") == []
        store.put(tally((6, "u2", None, None, 5, 9, 0)), 7, b"m")
        assert store.sums("user:u2")[0].seen == 1, "and whoever comes back begins anew"


@pytest.mark.parametrize("kind", KINDS)
def test_when_everything_is_too_old_nothing_is_left(kind):
    with opened(kind) as store:
        store.put(tally((3, "u1", "u2", "d'\"1", 5, 7, 0)), 5, b"m")
        assert store.drop(99, 0, 50) is None
        assert told(store) == [([], [], [], [], [])] * len(NAMES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_is_cleared_is_as_new(kind):
    with opened(kind) as store:
        store.put(tally((3, "u1", "u2", None, 5, 7, 0, "big")), 5, b"m")
        store.clear()
        assert store.cursor() == (0, b"")
        assert told(store) == [([], [], [], [], [])] * len(NAMES)


NAMED = st.sampled_from(["u1", "u2", "用户:3", None])
DECISION = st.tuples(
    NAMED, NAMED, st.sampled_from(["d'\"1", None]), st.integers(0, 10**13), st.integers(0, 1), st.integers(0, 4),
    st.lists(st.sampled_from(["big", "odd"]), max_size=2, unique=True),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(DECISION, max_size=5), max_size=4), st.integers(0, 9))
def test_every_store_answers_as_the_plain_one_whatever_the_pieces(rounds, before):
    with opened("memory") as store, opened("memory") as at_once, opened("oracle") as oracle:
        seq, day, whole = 0, 0, []
        for n, decisions in enumerate(rounds, 1):
            made = []
            for user, payee, device, amount, later, outcome, rules in decisions:
                seq, day = seq + 1, day + later
                made.append((seq, user, payee, device, amount, day, outcome, *rules))
            whole += made
            for held in (store, oracle):
                held.put(tally(*made), n, b"m")
        at_once.put(tally(*whole), 1, b"m")
        assert told(store) == told(oracle) == told(at_once)
        for held in (store, oracle):
            after = 0
            while after is not None:
                after = held.drop(before, after, 2)
        assert told(store) == told(oracle)


def test_no_question_reads_a_whole_table(tmp_path):
    with contextlib.closing(SqliteActs(tmp_path / "customers.sqlite")) as store:
        plans = store.plans()
        assert any("PRIMARY KEY (actor=? AND outcome=? AND seq<?)" in step for step in plans)
        assert not [step for step in plans if step.startswith("SCAN") and "subquery" not in step.lower()], plans


def test_a_file_keeps_what_it_was_given(tmp_path):
    with contextlib.closing(SqliteActs(tmp_path / "customers.sqlite")) as store:
        store.put(tally((3, "u1", None, None, 5, 7, 0)), 5, b"m")
    with contextlib.closing(SqliteActs(tmp_path / "customers.sqlite")) as again:
        assert again.cursor() == (5, b"m")
        assert again.places("user:u1", ALL, None, 9) == [(3, 0)]


@pytest.mark.parametrize("damage", ["no database", "other tables", "other version"])
def test_a_file_that_is_not_ours_any_more_is_made_anew(tmp_path, damage):
    path = tmp_path / "customers.sqlite"
    with contextlib.closing(SqliteActs(path)) as store:
        store.put(tally((3, "u1", None, None, 5, 7, 0)), 5, b"m")
    if damage == "no database":
        path.write_bytes(b"not a database, but long enough to look like one" * 40)
    else:
        with contextlib.closing(sqlite3.connect(path)) as base:
            base.execute("drop table hits" if damage == "other tables" else "pragma user_version = 7")
            base.commit()
    with contextlib.closing(SqliteActs(path)) as again:
        assert again.cursor() == (0, b"")
        again.put(tally((3, "u1", None, None, 5, 7, 0)), 5, b"m")
        assert again.places("user:u1", ALL, None, 9) == [(3, 0)]


def test_what_can_not_be_reached_is_a_failure_that_names_the_file(tmp_path):
    (tmp_path / "customers.sqlite").mkdir()
    with pytest.raises(ActStoreFailure, match=r"customers\.sqlite"):
        SqliteActs(tmp_path / "customers.sqlite")


def test_what_fails_while_it_is_kept_leaves_nothing_behind(tmp_path):
    with contextlib.closing(SqliteActs(tmp_path / "customers.sqlite")) as store:
        store.put(tally((3, "u1", None, None, 5, 7, 0)), 5, b"m")
        twice = tally((4, "u1", None, None, 5, 7, 0), (3, "u1", None, None, 5, 7, 0))
        with pytest.raises(ActStoreFailure):
            store.put(twice, 9, b"n")
        assert store.cursor() == (5, b"m")
        assert store.sums("user:u1")[0].seen == 1
