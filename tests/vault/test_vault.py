"""The vault: in and out again, whose it is, and what is left after an erasure or a rotation."""

import shutil
import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vault_world import ANN, BOB, CARD, OTHER_PHONE, PHONE, TOKENS, disk_vault, memory_vault, personal, shown

from jindi.ports import VaultFailure
from jindi.vault import PROFILES, CannotOpen, Known, RingProblem, is_token
from jindi.vault import vault as vault_module

PHONE_TOKEN = TOKENS.token("phone", PHONE)
EVERYTHING = [("ann", "bank_card", CARD), ("ann", "phone", PHONE)]


@pytest.fixture(params=["memory", "disk"])
def vault(request, tmp_path):
    with closing(memory_vault() if request.param == "memory" else disk_vault(tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize("profile", PROFILES)
def test_what_came_in_comes_out_by_token_and_by_subject(profile):
    vault = memory_vault(profile)
    assert vault.commit(ANN + BOB, 5) == 3
    assert shown(vault.export("ann")) == EVERYTHING
    assert shown(vault.look_up(PHONE_TOKEN)) == [("ann", "phone", PHONE), ("bob", "phone", PHONE)]
    assert {each.since_us for each in vault.export("ann")} == {5}
    assert vault.look_up(TOKENS.token("phone", OTHER_PHONE)) == ()
    with pytest.raises(LookupError):
        vault.export("nobody")


def test_what_is_known_is_taken_once(vault):
    assert vault.commit(ANN + ANN, 5) == 2
    assert vault.commit(ANN, 6) == 0
    assert all((each.subject, each.token) in vault.known for each in ANN)
    vault.known.forget()
    assert vault.commit(ANN, 7) == 0
    assert {each.since_us for each in vault.export("ann")} == {5}


def test_a_vault_that_is_opened_again_has_everything(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN, 5)
    with closing(disk_vault(tmp_path)) as vault:
        assert shown(vault.export("ann")) == EVERYTHING
        assert vault.commit([*ANN, personal("ann", "phone", OTHER_PHONE)], 6) == 1
        assert vault.check().ok


pairs = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 5)), max_size=12)


@given(st.lists(pairs, max_size=5), st.integers(1, 4))
def test_however_batches_fall_and_however_little_is_remembered_each_pair_is_there_once(batches, most):
    vault = memory_vault(known_max=most)
    for batch in batches:
        vault.commit([personal(name, "device", f"device-number-{n}") for name, n in batch], 5)
    wanted = {(name, f"device-number-{n}") for batch in batches for name, n in batch}
    assert vault.status().counts.rows == len(wanted)
    found = [(each.subject, each.clear) for name in {n for n, _ in wanted} for each in vault.export(name)]
    assert sorted(found) == sorted(wanted)


def test_however_few_keys_are_remembered_a_subject_stays_one(vault, monkeypatch):
    monkeypatch.setattr(vault_module, "_KEYS_MAX", 3)
    for turn in range(4):
        vault.commit([personal(f"u{n}", "device", f"device-{turn}-{n}") for n in range(turn, 7)], turn)
    counts = vault.status().counts
    assert (counts.subjects, counts.rows) == (7, 22)
    assert len(vault._keys) <= 7
    assert vault.check().ok


def test_memory_of_pairs_is_bounded_and_keeps_the_newest():
    known = Known(10)
    for n in range(100):
        known.update([("s", str(n))])
    assert sum(("s", str(n)) in known for n in range(100)) <= 20
    assert ("s", "99") in known


# ---- what is refused


def test_a_row_that_is_put_in_the_place_of_another_is_refused(vault):
    vault.commit(ANN + BOB, 5)
    store = vault._store
    [own] = store.rows_of(store.subject("bob").number)
    for other in store.rows_of(store.subject("ann").number):
        store.replace([other._replace(sealed=own.sealed)])
    with pytest.raises(CannotOpen):
        vault.export("ann")
    found = vault.check()
    assert (found.ok, found.closed_rows, found.keyless_rows) == (False, 2, 0)


def test_subjects_keys_can_not_change_places_nor_names(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN + BOB, 5)
        ann, bob = (vault._store.subject(name) for name in ("ann", "bob"))
        run = vault._store._keys.execute
        run("update subjects set wrapped = ? where number = ?", (bob.wrapped, ann.number))
        with pytest.raises(CannotOpen):
            vault.export("ann")
        run("update subjects set wrapped = ?, name = 'eve' where number = ?", (ann.wrapped, ann.number))
        with pytest.raises(CannotOpen):
            vault.export("eve")
        assert vault.check().closed_subjects == ("eve",)


def test_no_error_and_no_representation_holds_clear_text(vault):
    vault.commit(ANN, 5)
    assert PHONE not in repr(ANN)
    assert PHONE not in repr(vault.export("ann"))
    assert PHONE not in repr(vault.check())
    with pytest.raises(ValueError, match="mobile number") as told:
        vault.correct("ann", PHONE_TOKEN, "1380000", TOKENS, 6)
    assert "1380000" not in str(told.value)


def test_a_commit_that_fails_is_not_remembered(vault, monkeypatch):
    def fail(*_):
        raise VaultFailure("full")

    with monkeypatch.context() as patch:
        patch.setattr(vault._store, "add", fail)
        with pytest.raises(VaultFailure):
            vault.commit(ANN, 5)
    assert not any((each.subject, each.token) in vault.known for each in ANN)
    with pytest.raises(LookupError):
        vault.export("ann")
    assert vault.commit(ANN, 6) == 2
    assert shown(vault.export("ann")) == EVERYTHING


# ---- correction and erasure


def test_a_correction_opens_under_the_token_that_came_in_and_under_its_own(vault):
    vault.commit(ANN, 5)
    right = vault.correct("ann", PHONE_TOKEN, OTHER_PHONE, TOKENS, 9)
    assert right == TOKENS.token("phone", OTHER_PHONE)
    assert is_token("phone", right)
    [old], [new] = vault.look_up(PHONE_TOKEN), vault.look_up(right)
    assert (old.clear, old.since_us, old.corrected_us) == (OTHER_PHONE, 5, 9)
    assert (new.clear, new.since_us, new.corrected_us) == (OTHER_PHONE, 9, None)
    assert PHONE not in {each.clear for each in vault.export("ann")}
    assert vault.commit(ANN, 10) == 0, "the wrong text must not come back with the next event"
    for whose, token in (("nobody", PHONE_TOKEN), ("ann", right[:-1])):
        with pytest.raises(LookupError):
            vault.correct(whose, token, PHONE, TOKENS, 11)


def test_a_correction_to_another_writing_of_the_same_is_one_row(vault):
    vault.commit(ANN, 5)
    assert vault.correct("ann", PHONE_TOKEN, "+86 138-1234-5678", TOKENS, 9) == PHONE_TOKEN
    assert vault.status().counts.rows == 2


def test_after_an_erasure_nothing_opens_and_others_keep_what_they_share(vault):
    vault.commit(ANN + BOB, 5)
    assert vault.erase("ann", 9) == 2
    with pytest.raises(LookupError):
        vault.export("ann")
    assert shown(vault.look_up(PHONE_TOKEN)) == [("bob", "phone", PHONE)]
    assert vault.status().counts.erased == 1
    assert vault.check().ok


def test_who_comes_back_after_an_erasure_is_a_new_subject(vault):
    vault.commit(ANN, 5)
    vault.erase("ann", 9)
    assert vault.commit(ANN[:1], 10) == 1
    assert shown(vault.export("ann")) == [("ann", "phone", PHONE)]


def test_a_backup_of_the_rows_from_before_an_erasure_opens_for_all_but_the_erased(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN + BOB, 5)
    shutil.copy(tmp_path / "vault.sqlite", tmp_path / "backup")
    with closing(disk_vault(tmp_path)) as vault:
        old = vault._store.subject("ann")
        vault.erase("ann", 9)
    shutil.copy(tmp_path / "backup", tmp_path / "vault.sqlite")
    with closing(disk_vault(tmp_path)) as vault:
        assert vault.returned == 2
        assert shown(vault.export("bob")) == [("bob", "phone", PHONE)]
        assert vault._store.numbered(old.number).wrapped is None
        with pytest.raises(LookupError):
            vault.export("ann")
        assert vault.check().ok


def test_an_old_copy_of_the_key_book_opens_nothing_once_its_version_is_destroyed(tmp_path):
    book = tmp_path / "keys" / "subjects.sqlite"
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN + BOB, 5)
    shutil.copy(book, tmp_path / "old-book")
    shutil.copy(tmp_path / "vault.sqlite", tmp_path / "old-rows")
    with closing(disk_vault(tmp_path)) as vault:
        vault.erase("ann", 9)
        vault.rotate(10)
        vault.rewrap(10)
        vault.destroy(1, 11)
        assert shown(vault.export("bob")) == [("bob", "phone", PHONE)]
    shutil.copy(tmp_path / "old-book", book)
    shutil.copy(tmp_path / "old-rows", tmp_path / "vault.sqlite")
    with closing(disk_vault(tmp_path)) as vault:
        for name in ("ann", "bob"):
            with pytest.raises(CannotOpen):
                vault.export(name)
        found = vault.check()
        assert (set(found.closed_subjects), found.keyless_rows) == ({"ann", "bob"}, 3)


def test_rows_without_their_key_book_are_told(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN, 5)
    for path in (tmp_path / "keys").glob("subjects.sqlite*"):
        path.unlink()
    with closing(disk_vault(tmp_path)) as vault:
        found = vault.check()
        assert (found.ok, found.rows, found.keyless_rows) == (False, 2, 2)


# ---- rotation


def test_after_a_rotation_and_re_wrapping_old_versions_may_go(vault):
    vault.commit(ANN + BOB, 5)
    vault.rotate(6)
    assert vault.status().waiting == 2
    with pytest.raises(RingProblem, match="re-wrap first"):
        vault.destroy(1, 7)
    assert vault.rewrap(1) == 1
    assert vault.rewrap(10) == 1
    assert vault.rewrap(10) == 0
    vault.destroy(1, 8)
    vault.commit([personal("cho", "phone", OTHER_PHONE)], 9)
    assert shown(vault.export("ann")) == EVERYTHING
    assert vault.status().counts.versions == {2: 3}
    assert vault.check().ok


def test_a_damaged_key_holds_up_no_other_and_keeps_its_version_from_going(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN + BOB, 5)
        vault._store._keys.execute("update subjects set wrapped = x'00' where name = 'ann'")
        vault.rotate(6)
        assert vault.rewrap(10) == 1
        assert vault.rewrap(10) == 0
        with pytest.raises(RingProblem, match="1 keys are still wrapped"):
            vault.destroy(1, 7)
        assert vault.check().closed_subjects == ("ann",)
        assert vault.erase("ann", 8) == 2
        vault.destroy(1, 9)
        assert vault.check().ok


def test_keys_are_rotated_and_wrapped_again_while_events_come_in(vault):
    failures, done = [], threading.Event()

    def come_in():
        try:
            for n in range(600):
                vault.commit([personal(f"user-{n % 50}", "device", f"device-number-{n}")], n)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
            failures.append(error)
        done.set()

    thread = threading.Thread(target=come_in)
    thread.start()
    rotations = 0
    while not done.is_set() or rotations < 3:
        vault.rotate(rotations)
        vault.rewrap(7)
        rotations += 1
    thread.join()
    while vault.rewrap(10):
        pass
    for version in vault.status().versions[:-1]:
        vault.destroy(version.number, 1)
    assert failures == []
    assert vault.status().counts.rows == 600
    assert vault.check().ok
