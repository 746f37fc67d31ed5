"""What every store of the vault promises, asked of every one that we have."""

import sqlite3
import threading

import pytest

from jindi.ports import SealedRow, SubjectKey, VaultCounts, VaultFailure
from jindi.stores import MemoryVault, SqliteVault, sqlite_vault

ANN, BOB = SubjectKey(7, "ann", b"wrapped-ann", 1, 100), SubjectKey(3, "bob", b"wrapped-bob", 1, 200)
ROWS = [
    SealedRow(7, "phone.b", b"sealed-1", 100),
    SealedRow(7, "card.a", b"sealed-2", 100),
    SealedRow(3, "phone.b", b"sealed-3", 200),
]


def open_sqlite(folder):
    return SqliteVault(folder / "rows.sqlite", folder / "keys" / "book.sqlite")


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    opened = MemoryVault() if request.param == "memory" else open_sqlite(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def full(store):
    store.add([ANN, BOB], ROWS)
    return store


def test_a_new_store_is_empty(store):
    assert store.counts() == VaultCounts(0, 0, 0, {})
    assert store.subject("ann") is None
    assert store.numbered(7) is None
    assert list(store.rows_with("phone.b")) == []
    assert not store.held(7, "phone.b")


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE rows; --", '" OR 1=1 --', "a'||'b", "%", "_", "ann\x00", "1); DELETE FROM rows"]
)
def test_attack_names_that_are_sql_are_names(full, name):
    mallory = SubjectKey(9, name, b"wrapped-mallory", 1, 300)
    full.add([mallory], [])
    assert full.subject(name) == mallory
    assert full.subject("ann") == ANN
    assert list(full.rows_with(name)) == []
    assert not full.held(7, name)
    assert full.counts().rows == len(ROWS)


def test_what_was_added_is_found_by_name_number_subject_and_token(full):
    assert full.subject("ann") == ANN
    assert full.numbered(3) == BOB
    assert full.held(7, "phone.b")
    assert not full.held(3, "card.a")
    assert list(full.rows_of(7)) == [ROWS[1], ROWS[0]]
    assert list(full.rows_with("phone.b")) == [ROWS[2], ROWS[0]]
    assert list(full.rows_with("phone.b", 1)) == [ROWS[2]]
    assert full.counts() == VaultCounts(2, 0, 3, {1: 2})


def test_many_subjects_and_rows_go_in_and_are_found_at_once(store):
    subjects = [SubjectKey(n, f"name-{n}", b"key", 1, n) for n in range(301)]
    rows = [SealedRow(n, f"phone.{n}", b"%d" % n, n) for n in range(301)]
    assert store.add(subjects, rows) == 301
    assert store.add([], rows[:7]) == 0
    assert store.named([*(each.name for each in subjects), "nobody"]) == {each.name: each for each in subjects}
    assert store.named([]) == {}
    assert [list(store.rows_of(n)) for n in range(301)] == [[row] for row in rows]


def test_subjects_are_walked_in_pages_without_gap_or_repetition(full):
    assert list(full.subjects()) == [BOB, ANN]
    assert list(full.subjects(after=3, limit=1)) == [ANN]
    assert list(full.subjects(after=7)) == []


def test_a_row_that_is_there_stays_unless_it_is_replaced(full):
    other = SealedRow(7, "phone.b", b"corrected", 100, 300)
    assert full.add([], [other, SealedRow(3, "card.c", b"new", 300)]) == 1
    assert list(full.rows_of(7)) == [ROWS[1], ROWS[0]]
    full.replace([other, SealedRow(7, "card.d", b"also new", 300)])
    assert list(full.rows_of(7)) == [ROWS[1], SealedRow(7, "card.d", b"also new", 300), other]


def test_an_erased_subject_keeps_its_number_and_dates_and_loses_key_and_rows(full):
    assert full.erase(7, 900) == 2
    assert full.subject("ann") is None
    assert full.numbered(7) == SubjectKey(7, "ann", None, 1, 100, 900)
    assert list(full.rows_of(7)) == []
    assert list(full.rows_with("phone.b")) == [ROWS[2]]
    assert full.counts() == VaultCounts(1, 1, 1, {1: 1})


def test_a_name_that_comes_back_after_its_erasure_is_another_subject(full):
    full.erase(7, 900)
    again = SubjectKey(9, "ann", b"another", 1, 1_000)
    full.add([again], [])
    assert full.subject("ann") == again
    assert full.numbered(7).wrapped is None


def test_rows_of_erased_subjects_that_come_back_are_dropped(full):
    full.erase(7, 900)
    full.add([], [ROWS[0]])  # as a restored copy would
    assert full.purge() == 1
    assert full.purge() == 0
    assert full.counts().rows == 1


def test_keys_are_wrapped_again_but_never_for_who_has_none(full):
    assert [each.number for each in full.wrapped_under(1)] == [3, 7]
    assert [each.number for each in full.wrapped_under(1, limit=1)] == [3]
    assert [each.number for each in full.wrapped_under(1, after=3)] == [7]
    full.erase(3, 900)
    full.rewrap([SubjectKey(7, "ann", b"new", 2, 100), SubjectKey(3, "bob", b"new", 2, 200)])
    assert full.subject("ann") == SubjectKey(7, "ann", b"new", 2, 100)
    assert full.numbered(3).wrapped is None
    assert list(full.wrapped_under(1)) == []


def test_a_fresh_key_stands_beside_the_old_one_until_it_is_the_only_one(full):
    full.rewrap([ANN._replace(fresh=b"fresh-ann")])
    assert full.subject("ann").fresh == b"fresh-ann"
    assert [each.number for each in full.keyed_before(150)] == [7]
    assert [each.number for each in full.keyed_before(50)] == [7], "who has a fresh one is not done yet"
    assert [each.number for each in full.keyed_before(300, after=3)] == [7]
    assert full.count_keyed_before(300) == 2
    full.settle([7, 3], 250)
    assert full.subject("ann") == ANN._replace(wrapped=b"fresh-ann", keyed_us=250)
    assert full.subject("bob") == BOB, "who has no fresh key keeps what it has"
    assert [each.number for each in full.keyed_before(240)] == [3]
    full.erase(3, 260)
    assert full.count_keyed_before(1_000) == 1


def test_a_row_is_renewed_where_it_is_and_never_brought_back(full):
    full.erase(3, 900)
    full.renew([ROWS[0]._replace(sealed=b"new", since_us=999), ROWS[2]._replace(sealed=b"new")], b"tally")
    assert list(full.rows_of(7)) == [ROWS[1], ROWS[0]._replace(sealed=b"new")]
    assert list(full.rows_of(3)) == []
    assert full.tally() == b"tally"


def test_the_tally_is_told_which_rows_come_and_go(store):
    told = []

    def tallied(rows):
        told.append(sorted(row.sealed for row in rows))
        return b"%d" % len(told)

    assert store.tally() is None
    assert store.add([ANN, BOB], ROWS, tallied) == 3
    assert store.add([], ROWS, tallied) == 0, "nothing new, nothing told"
    assert store.tally() == b"1"
    assert store.erase(7, 900, tallied) == 2
    store.add([], ROWS[:1])
    assert store.tally() == b"2"
    assert store.purge(tallied) == 1
    store.replace([ROWS[2]._replace(sealed=b"right")], b"4")
    assert told == [[b"sealed-1", b"sealed-2", b"sealed-3"], [b"sealed-1", b"sealed-2"], [b"sealed-1"]]
    assert store.tally() == b"4"
    store.set_tally(b"5")
    assert store.tally() == b"5"


def test_all_rows_are_walked_in_pages_without_gap_or_repetition(full):
    found, after = [], 0
    while page := full.all_rows(after, 2):
        found += [row for _, row in page]
        after = page[-1][0]
    assert sorted(found) == sorted(ROWS)
    assert sorted(full.rows_of_all([7, 99])) == sorted(ROWS[:2])
    assert full.with_numbers([3, 99]) == {3: BOB}


def test_notes_are_kept_and_forgotten(full):
    assert full.note("n") is None
    full.set_note("n", b"1")
    full.set_note("n", b"2")
    assert full.note("n") == b"2"
    full.set_note("n", None)
    assert full.note("n") is None


# ---- what only a disk can promise


def test_what_was_added_is_there_after_the_files_are_opened_again(tmp_path):
    store = open_sqlite(tmp_path)
    store.add([ANN, BOB], ROWS)
    store.close()
    again = open_sqlite(tmp_path)
    assert again.counts() == VaultCounts(2, 0, 3, {1: 2})
    assert again.subject("ann") == ANN
    again.close()


def test_a_batch_that_fails_leaves_nothing_of_its_rows(tmp_path):
    store = open_sqlite(tmp_path)
    store.add([ANN], [])
    with pytest.raises(VaultFailure):
        store.add([], [SealedRow(7, "phone.b", b"sealed", 1), SealedRow(7, "card.a", None, 1)])
    assert store.counts().rows == 0
    store.add([], ROWS[:2])
    assert store.counts().rows == 2
    store.close()


def test_the_files_are_their_owners_alone(tmp_path):
    store = open_sqlite(tmp_path)
    store.add([ANN, BOB], ROWS)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in found} >= {".sqlite", ".sqlite-wal"}
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    store.close()


def test_another_process_is_told_that_the_vault_is_open(tmp_path):
    store = open_sqlite(tmp_path)
    with pytest.raises(VaultFailure, match="another process has this vault open"):
        open_sqlite(tmp_path)
    store.close()


def test_rows_can_be_copied_while_the_vault_is_open_and_is_written(tmp_path):
    store = open_sqlite(tmp_path)
    store.add([ANN, BOB], ROWS)
    source = sqlite3.connect(f"file:{tmp_path / 'rows.sqlite'}?mode=ro", uri=True)
    copy = sqlite3.connect(tmp_path / "copy")
    source.backup(copy)
    store.add([], [SealedRow(3, "card.later", b"sealed", 1)])
    assert copy.execute("select count(*) from rows").fetchone() == (3,)
    assert store.erase(7, 9) == 2
    source.close()
    copy.close()
    assert store.counts().rows == 2
    store.close()


def test_what_is_erased_while_the_key_book_is_copied_is_cut_off_when_the_copy_ends_or_it_is_told(tmp_path, monkeypatch):
    store = open_sqlite(tmp_path)
    store.add([ANN, BOB], ROWS)
    copying = sqlite3.connect(f"file:{tmp_path / 'keys' / 'book.sqlite'}?mode=ro", uri=True, check_same_thread=False)
    copying.execute("begin")
    assert copying.execute("select count(*) from subjects").fetchone() == (2,)
    monkeypatch.setattr(sqlite_vault, "_CUT_S", 0.05)
    with pytest.raises(VaultFailure, match="is being copied"):
        store.erase(7, 900)
    monkeypatch.setattr(sqlite_vault, "_CUT_S", 30.0)
    ending = threading.Timer(0.1, copying.close)
    ending.start()
    store.erase(7, 901)
    ending.join()
    assert b"wrapped-ann" not in b"".join(path.read_bytes() for path in (tmp_path / "keys").iterdir())
    store.close()


def test_a_key_book_of_before_there_were_fresh_keys_is_read(tmp_path):
    (tmp_path / "keys").mkdir()
    old = sqlite3.connect(tmp_path / "keys" / "book.sqlite")
    old.execute(
        "create table subjects (number integer primary key, name text not null, wrapped blob, "
        "version integer not null, since_us integer not null, erased_us integer)"
    )
    old.execute("insert into subjects values (7, 'ann', x'77726170706564', 1, 100, null)")
    old.commit()
    old.close()
    store = open_sqlite(tmp_path)
    assert store.subject("ann") == SubjectKey(7, "ann", b"wrapped", 1, 100)
    store.close()


def test_nothing_of_an_erased_key_or_row_is_left_in_any_file(tmp_path):
    store = open_sqlite(tmp_path)
    store.add([ANN, BOB], ROWS)
    store.rewrap([SubjectKey(7, "ann", b"wrapped-again", 2, 100)])
    store.erase(7, 900)
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for gone in (b"wrapped-ann", b"wrapped-again", b"sealed-1", b"sealed-2"):
        assert gone not in left
    assert b"wrapped-bob" in left
    assert b"sealed-3" in left
    store.close()


def test_a_file_that_is_no_database_is_named_as_damaged(tmp_path):
    (tmp_path / "rows.sqlite").write_bytes(b"not a database, but long enough to look like something " * 20)
    with pytest.raises(VaultFailure, match=r"rows.sqlite: damaged"):
        open_sqlite(tmp_path)


def test_failures_quote_no_value(tmp_path):
    store = open_sqlite(tmp_path)
    store.add([ANN], [])
    with pytest.raises(VaultFailure) as told:
        store.add([SubjectKey(8, "ann", b"x", 1, 1)], [])
    assert "ann" not in str(told.value).replace(str(tmp_path), "")
    assert told.value.__suppress_context__
    store.close()
