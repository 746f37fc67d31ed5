"""What every store of cases promises, asked of every store that we have; and what one that is a file does when it
breaks.
"""

import contextlib
import shutil
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jindi.ports import CaseAlert, CaseQuery, CaseRow, CaseStep, CaseStoreFailure
from jindi.stores import SqliteCases
from memory_cases import MemoryCases

KINDS = ("disk", "memory", "oracle")
NAMES, SUBJECTS, TAGS = ("", "ann", "bob"), ("user:u1", "user:u2", "device:用户"), ("a", "b", "标签", "x'y\"z")
TYPOLOGIES, STATES = ("theft", "mule"), ("open", "closed", "merged")
TIMES = st.integers(0, 6)
ROWS = st.builds(
    CaseRow, st.sampled_from([f"case_{n:012x}" for n in range(8)]), st.sampled_from(TYPOLOGIES),
    st.sampled_from(SUBJECTS), st.sampled_from(STATES), st.sampled_from(NAMES), st.integers(0, 3), st.integers(0, 1),
    st.integers(-6, 6), TIMES, TIMES, TIMES, TIMES, st.integers(0, 2**63 - 1), st.integers(0, 9),
    st.integers(-1, 6), TIMES, st.lists(st.sampled_from(TAGS), unique=True, max_size=3).map(tuple),
    st.binary(max_size=9),
)  # fmt: skip
CASES = st.lists(ROWS, unique_by=lambda each: each.id, max_size=5)
ALERTS = st.lists(
    st.builds(CaseAlert, st.integers(0, 12), st.sampled_from([f"case_{n:012x}" for n in range(3)]), TIMES,
              st.binary(max_size=9)),
    unique_by=lambda each: each.seq, max_size=5,
)  # fmt: skip
STEPS = st.lists(
    st.builds(CaseStep, st.integers(0, 12), st.sampled_from([f"case_{n:012x}" for n in range(3)]), TIMES,
              st.sampled_from(NAMES), st.sampled_from(["note", "close"]), st.binary(max_size=9)),
    unique_by=lambda each: (each.case, each.seq), max_size=5,
)  # fmt: skip
PUTS = st.lists(st.tuples(CASES, ALERTS, STEPS, st.integers(0, 2**62), st.binary(max_size=32)), max_size=5)


def maybe(values):
    return st.none() | values


def some(values):
    return st.lists(st.sampled_from(values), unique=True).map(tuple)


QUERIES = st.builds(
    CaseQuery, now_us=TIMES, state=maybe(st.sampled_from(STATES)), assignee=maybe(st.sampled_from(NAMES)),
    typologies=some(TYPOLOGIES), levels=some(range(4)), subject=maybe(st.sampled_from(SUBJECTS)),
    tag=maybe(st.sampled_from(TAGS)), late=st.booleans(), snoozed=maybe(st.booleans()), escalated=maybe(st.booleans()),
    opened_from_us=maybe(TIMES), opened_until_us=maybe(TIMES), closed_from_us=maybe(TIMES), lot_below=maybe(TIMES),
    looked_from_us=maybe(TIMES), order=st.sampled_from(["rank", "due", "opened", "closed", "money", "looked"]),
    descending=st.booleans(), limit=st.integers(0, 9), offset=st.integers(0, 4),
)  # fmt: skip


@contextlib.contextmanager
def opened(kind):
    folder = Path(tempfile.mkdtemp())
    store = {
        "disk": lambda: SqliteCases(folder / "cases.sqlite"), "memory": lambda: SqliteCases(":memory:"),
        "oracle": MemoryCases,
    }[kind]()  # fmt: skip
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


def row(number=1, **more):
    given = {
        "id": f"case_{number:012x}", "typology": "theft", "subject": "user:u1", "state": "open", "assignee": "",
        "level": 2, "escalated": 0, "rank_us": number, "opened_us": number, "due_us": number, "wakes_us": 0,
        "closed_us": 0, "money": 0, "alerts": 1, "lot": -1, "looked_us": 0, "tags": (), "body": b"b",
    } | more  # fmt: skip
    return CaseRow(**given)


def everything(store):
    """All that can be told of a small store."""
    ids = [f"case_{n:012x}" for n in range(10)]
    return (
        store.cursor(), [store.case(each) for each in ids], [list(store.alerts_of(each)) for each in ids],
        [list(store.steps_of(each)) for each in ids], [store.alert(seq) for seq in range(14)], list(store.tags(9)),
        [list(store.of_subject(each)) for each in SUBJECTS],
    )  # fmt: skip


# ---- what all promise


@pytest.fixture(params=KINDS)
def store(request):
    with opened(request.param) as made:
        yield made


def test_a_new_store_is_empty_and_its_cursor_is_at_the_beginning(store):
    assert store.cursor() == (0, b"")
    assert store.case("case_000000000001") is None
    assert store.alert(1) is None
    asked = CaseQuery(now_us=0)
    assert (
        list(store.find(asked)) == list(store.tags(9)) == list(store.alerts_of("x")) == list(store.steps_of("x")) == []
    )
    assert store.count(asked) == 0
    assert store.tally(asked, "level") == {}


def test_a_row_is_found_as_it_was_put_and_the_later_one_holds(store):
    first = row(tags=("b", "a"), money=2**63 - 1, rank_us=-5)
    store.put([first], [CaseAlert(4, first.id, 5, b"x")], [CaseStep(6, first.id, 7, "ann", "note", b"y")], 8, b"mark")
    assert store.case(first.id) == first
    assert store.alert(4) == CaseAlert(4, first.id, 5, b"x")
    assert list(store.steps_of(first.id)) == [CaseStep(6, first.id, 7, "ann", "note", b"y")]
    assert store.cursor() == (8, b"mark")
    second = row(tags=("c",), state="closed")
    store.put([second], [], [], 9, b"")
    assert store.case(first.id) == second
    assert store.cursor() == (9, b"")
    assert list(store.tags(9)) == []


def test_an_alert_goes_over_to_another_case(store):
    one, two = row(1), row(2)
    store.put([one, two], [CaseAlert(4, one.id, 5, b""), CaseAlert(5, one.id, 5, b"")], [], 6, b"")
    store.put([], [CaseAlert(4, two.id, 5, b"")], [], 7, b"")
    assert [each.seq for each in store.alerts_of(one.id)] == [5]
    assert [each.seq for each in store.alerts_of(two.id)] == [4]


def test_what_is_forgotten_is_gone(store):
    store.put([row(tags=("a",))], [CaseAlert(4, row().id, 5, b"")], [CaseStep(6, row().id, 7, "n", "v", b"")], 8, b"m")
    store.clear()
    with opened("oracle") as fresh:
        assert everything(store) == everything(fresh)


@pytest.mark.parametrize("kind", KINDS[:2])
@settings(max_examples=150)
@given(PUTS, st.lists(QUERIES, max_size=8))
@example(
    [([row(1), row(2, state="closed"), row(3, state="merged")], [], [], 1, b"")],
    [CaseQuery(now_us=0, order=order, descending=down) for order in ("rank", "closed") for down in (False, True)],
)
def test_every_question_is_answered_as_by_looking_at_everything(kind, puts, queries):
    with opened(kind) as asked, opened("oracle") as oracle:
        for put in puts:
            asked.put(*put)
            oracle.put(*put)
        assert everything(asked) == everything(oracle)
        for query in queries:
            assert list(asked.find(query)) == oracle.find(query)
            assert asked.count(query) == oracle.count(query)
            for by in ("typology", "level", "assignee", "state"):
                assert dict(asked.tally(query, by)) == oracle.tally(query, by)
            if query.subject is not None:
                for typology in TYPOLOGIES:
                    assert list(asked.of_subject(query.subject, typology)) == oracle.of_subject(query.subject, typology)
            for limit in (0, 1, 3):
                case = f"case_{limit % 3:012x}"
                assert list(asked.alerts_of(case, limit)) == oracle.alerts_of(case, limit)
                assert list(asked.tags(limit)) == oracle.tags(limit)


@given(QUERIES)
@settings(max_examples=400)
def test_no_question_reads_a_whole_table(query):
    store = SqliteCases(":memory:")
    try:
        steps = store.plans(query)
        assert [each for each in steps if each.startswith("SCAN")] == []
        if not (query.typologies or query.levels or query.subject or query.tag or query.late or query.assignee
                or query.opened_from_us is not None or query.opened_until_us is not None
                or query.closed_from_us is not None or query.lot_below is not None
                or query.looked_from_us is not None):  # fmt: skip
            assert f"SEARCH cases USING INDEX by_{query.order} (state=?)" in steps or query.assignee is not None
        if query.subject is not None and not (query.typologies or query.tag or query.assignee):
            # Whoever shows a hundred entities counts the open cases of each. (Tags are asked for without a subject.)
            asked = {each for each in steps if "SEARCH cases" in each and "by_looked" not in each}
            assert asked == {"SEARCH cases USING INDEX by_subject (subject=?)"}
    finally:
        store.close()


def test_what_sqlite_plans_does_not_depend_on_what_lies_in_the_file():
    with opened("disk") as store:
        before = store.plans(CaseQuery(now_us=0))
        store.put([row(n) for n in range(1, 400)], [], [], 1, b"")
        assert store.plans(CaseQuery(now_us=0)) == before
        assert store._ask("select count(*) from sqlite_master where name like 'sqlite_stat%'") == [(0,)]


def test_several_threads_may_ask_and_put_at_once(store):
    failed = []

    def work(name):
        try:
            for number in range(40):
                store.put([row(number, assignee=name)], [], [], number, b"")
                store.find(CaseQuery(now_us=0, assignee=name))
                store.count(CaseQuery(now_us=0))
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    workers = [threading.Thread(target=work, args=(name,)) for name in ("ann", "bob", "cleo")]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert failed == []
    assert store.count(CaseQuery(now_us=0)) == 40


# ---- the file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cases.sqlite"


def filled(path, count=300):
    store = SqliteCases(path)
    store.put([row(n, body=bytes(200)) for n in range(count)], [], [], 7, b"mark")
    store.close()


def test_what_was_put_is_there_after_a_restart(path):
    filled(path)
    store = SqliteCases(path)
    assert store.cursor() == (7, b"mark")
    assert store.count(CaseQuery(now_us=0)) == 300
    store.close()


def is_new(path):
    store = SqliteCases(path)
    store.put([row(1)], [], [], 9, b"m")
    found = store.cursor(), store.count(CaseQuery(now_us=0))
    store.close()
    return found == ((9, b"m"), 1)


def overwritten(path, at, garbage):
    raw = bytearray(path.read_bytes())
    raw[at : at + len(garbage)] = garbage
    path.write_bytes(bytes(raw))


@pytest.mark.parametrize("break_it", [
    lambda path: path.write_bytes(b"this is no database" * 500),
    lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(5_000)),
    lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    lambda path: overwritten(path, 0, b"\xff" * 64),
    lambda path: overwritten(path, 4096 * 9, b"\xff" * 4096),
    lambda path: overwritten(path, path.stat().st_size - 4096 * 3, b"\x55" * 4096),
])  # fmt: skip
def test_a_file_that_is_damaged_or_no_database_is_made_anew(path, break_it):
    filled(path)
    break_it(path)
    assert is_new(path)


@pytest.mark.parametrize("statement", [
    "pragma user_version = 1", "drop table steps", "drop index by_rank", "create table more (x)",
    "create view more as select 1",
])  # fmt: skip
def test_a_file_of_another_version_is_made_anew(path, statement):
    filled(path)
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute(statement)
        base.commit()
    assert is_new(path)


def test_an_empty_file_is_a_new_store(path):
    path.touch()
    assert is_new(path)


def test_a_folder_in_its_place_is_told_and_left_alone(path):
    path.mkdir()
    with pytest.raises(CaseStoreFailure, match="can't be opened"):
        SqliteCases(path)
    assert path.is_dir()


def test_a_file_that_somebody_else_holds_is_told_and_left_alone(path, monkeypatch):
    filled(path)
    before = path.read_bytes()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("pragma locking_mode = exclusive")
    other.execute("begin immediate")
    other.execute("update cursor set next = 8")
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **more: real(*given, **more, timeout=0.05))
    with pytest.raises(CaseStoreFailure, match="locked"):
        SqliteCases(path)
    other.close()
    assert path.read_bytes() == before


class Failing:
    """A connection whose disk fails at one kind of statement."""

    def __init__(self, base, at, times=1):
        self._base, self._at, self.left = base, at, times

    def __getattr__(self, name):
        return getattr(self._base, name)

    def _may(self, statement):
        if statement.startswith(self._at) and self.left:
            self.left -= 1
            raise sqlite3.OperationalError("disk I/O error")

    def execute(self, statement, *given):
        self._may(statement)
        return self._base.execute(statement, *given)

    def executemany(self, statement, rows):
        self._may(statement)
        return self._base.executemany(statement, rows)


@pytest.mark.parametrize("at", [
    "begin", "replace into cases", "delete from tags", "insert into tags", "replace into alerts", "replace into steps",
    "update cursor", "commit",
])  # fmt: skip
def test_whatever_fails_nothing_is_kept_by_halves_and_the_next_time_all_of_it_is(path, at):
    filled(path, 5)
    store = SqliteCases(path)
    before = everything(store)
    put = (
        [row(1, tags=("a",), state="closed"), row(9)], [CaseAlert(4, row(9).id, 5, b"")],
        [CaseStep(6, row(9).id, 7, "n", "v", b"")], 8, b"m",
    )  # fmt: skip
    store._base = Failing(store._base, at)
    with pytest.raises(CaseStoreFailure, match=r"can't be kept: disk I/O error \(start the platform again"):
        store.put(*put)
    assert everything(store) == before
    store.put(*put)
    with opened("oracle") as oracle:
        oracle.put([row(n, body=bytes(200)) for n in range(5)], [], [], 7, b"mark")
        oracle.put(*put)
        assert everything(store) == everything(oracle)
    store.close()


def test_a_disk_that_is_full_is_told_and_what_was_there_stays(path):
    filled(path, 5)
    store = SqliteCases(path)
    before = everything(store)
    pages = store._base.execute("pragma page_count").fetchone()[0]
    store._base.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(CaseStoreFailure, match="full"):
        store.put([row(n, body=bytes(4_000)) for n in range(200)], [], [], 8, b"m")
    assert everything(store) == before
    store._base.execute("pragma max_page_count = 1000000")
    store.put([row(6)], [], [], 8, b"m")
    assert store.cursor() == (8, b"m")
    store.close()


def test_a_question_that_fails_is_told(path):
    store = SqliteCases(path)
    store._base = Failing(store._base, "select")
    with pytest.raises(CaseStoreFailure, match="can't be read: disk I/O error"):
        store.count(CaseQuery(now_us=0))
    assert store.count(CaseQuery(now_us=0)) == 0
    store.close()
    with pytest.raises(CaseStoreFailure, match="closed"):
        store.cursor()
    with pytest.raises(CaseStoreFailure, match="closed"):
        store.put([], [], [], 1, b"")
