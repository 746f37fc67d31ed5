"""The vault: in and out again, whose it is, and what is left after an erasure or a rotation."""

import contextlib
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
OTHER = TOKENS.token("phone", OTHER_PHONE)
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


@pytest.mark.parametrize("damaged", [600, 1_000])
def test_any_number_of_damaged_keys_in_front_holds_up_none_behind_them(tmp_path, damaged):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit([personal(f"u{n}", "device", f"device-{n:06}") for n in range(damaged + 300)], 5)
        run = vault._store._keys.execute
        run("update subjects set wrapped = x'00' where number in (select number from subjects order by number limit ?)",
            (damaged,))  # fmt: skip
        vault.rotate(6)
        assert vault.rewrap(10_000) == 300
        assert vault.rewrap(10_000) == 0
        assert len(vault.check().closed_subjects) == damaged


# ---- rows sealed anew


def resealed(vault, now_us=100, **how):
    """The whole of it; every turn."""
    vault.begin_reseal(now_us)
    turns = []
    while not turns or not turns[-1].is_done:
        turns.append(vault.reseal(now_us, **({"budget": 10} | how)))
    return turns


def test_sealed_anew_everything_opens_under_keys_that_nobody_had_before(vault):
    vault.commit(ANN + BOB, 5)
    before = {name: vault._store.subject(name).wrapped for name in ("ann", "bob")}
    rows = {row for _, row in vault._store.all_rows()}
    vault.rotate(50, "sm4-gcm")
    vault.rewrap(10)
    old = {name: vault._opened(vault._store.subject(name))[0].packed() for name in before}
    [turn] = resealed(vault)
    assert (turn.subjects, turn.rows, turn.skipped) == (2, 3, 0)
    assert shown(vault.export("ann")) == EVERYTHING
    assert {each.since_us for each in vault.export("ann")} == {5}
    for name in before:
        subject = vault._store.subject(name)
        [sealer] = vault._opened(subject)
        assert sealer.profile == "sm4-gcm"
        assert sealer.packed() != old[name]
        assert (subject.fresh, subject.keyed_us) == (None, 100)
    assert not rows & {row for _, row in vault._store.all_rows()}
    assert vault.commit(ANN, 101) == 0
    assert vault.commit([personal("ann", "phone", OTHER_PHONE)], 102) == 1
    assert vault.check().ok
    assert vault.reseal(103, 10).is_done, "nothing is left to be done"


def test_an_old_key_book_opens_no_row_that_was_sealed_anew(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN, 5)
    shutil.copy(tmp_path / "keys" / "subjects.sqlite", tmp_path / "old-book")
    with closing(disk_vault(tmp_path)) as vault:
        resealed(vault)
    shutil.copy(tmp_path / "old-book", tmp_path / "keys" / "subjects.sqlite")
    with closing(disk_vault(tmp_path)) as vault, pytest.raises(CannotOpen):
        vault.export("ann")


@pytest.mark.parametrize("step", range(12))
def test_sealing_anew_that_ends_anywhere_loses_nothing_and_goes_on(tmp_path, monkeypatch, step):
    people = [personal(f"u{n}", "device", f"device-{n:06}") for n in range(9)]
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(people, 5)
        left = [step]

        def ends(name):
            act = getattr(vault._store, name)

            def ended(*given):
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
                return act(*given)

            return ended

        with monkeypatch.context() as patch:
            for name in ("rewrap", "renew", "settle", "set_note"):
                patch.setattr(vault._store, name, ends(name))
            try:
                vault.begin_reseal(100)
                while not vault.reseal(100, 3, at_once=3).is_done:
                    pass
            except KeyboardInterrupt:
                pass
    with closing(disk_vault(tmp_path)) as vault:
        assert shown(o for n in range(9) for o in vault.export(f"u{n}")) == sorted(
            (each.subject, "device", each.clear) for each in people
        )
        assert vault.check().ok
        # What comes in before it goes on, and whom is erased, is no exception.
        vault.commit([personal("u0", "phone", PHONE)], 101)
        vault.erase("u8", 102)
        while not vault.reseal(103, 4).is_done:
            pass
        assert vault.status().to_reseal is None
        if step:
            assert vault._store.count_keyed_before(100) == 0
        assert len(vault.export("u0")) == 2
        assert vault.check().ok


def test_who_is_damaged_keeps_the_older_key_and_is_told(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit([*ANN, *BOB, personal("ann", "phone", OTHER_PHONE)], 5)
        run = vault._store._keys.execute
        run("update subjects set wrapped = x'00' where name = 'bob'")
        number = vault._store.subject("ann").number
        card = TOKENS.token("bank_card", CARD)
        [good] = vault._store.rows_with(card)
        damage = "update rows set sealed = ? where subject = ? and token = ?"
        vault._store._rows.execute(damage, (b"", number, card))
        before = vault._store.subject("ann")
        [turn] = resealed(vault)
        assert (turn.subjects, turn.rows, turn.skipped) == (0, 2, 2)
        assert vault._store.subject("ann").fresh is not None
        assert vault._store.subject("ann").keyed_us is None
        assert [each.clear for each in vault.look_up(OTHER)] == [OTHER_PHONE]
        # Should the row come back from a copy, the older key still opens it, and then it is sealed anew, too.
        vault._store._rows.execute(damage, (good.sealed, number, card))
        assert len(vault.export("ann")) == 3
        [turn] = resealed(vault, 200)
        assert (turn.subjects, turn.rows, turn.skipped) == (1, 1, 1)
        assert before.wrapped != vault._store.subject("ann").wrapped


def test_rows_are_sealed_anew_while_events_come_in_and_keys_are_rotated(vault):
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
    rounds = 0
    while not done.is_set() or rounds < 3:
        rounds += 1
        vault.rotate(rounds)
        resealed(vault, 1_000 + rounds, budget=7, at_once=3)
        vault.rewrap(7)
    thread.join()
    assert failures == []
    assert vault.status().counts.rows == 600
    assert vault.check().ok


# ---- rows that are missing


def test_a_row_that_somebody_takes_away_is_missed(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN + BOB, 5)
        assert vault.check().tally == "agrees"
        vault._store._rows.execute("delete from rows where token = ?", (TOKENS.token("bank_card", CARD),))
        found = vault.check()
        assert (found.ok, found.tally, found.missing_rows) == (False, "differs", 1)
        # What is lost may be given up, and then the next loss is found.
        assert vault.recount(9) == 2
        assert vault.check().ok
        vault._store._rows.execute("delete from rows")
        assert vault.check().missing_rows == 2


def test_a_row_that_is_put_back_as_it_was_before_a_correction_is_noticed(vault):
    vault.commit(ANN, 5)
    [old] = vault._store.rows_with(PHONE_TOKEN)
    vault.correct("ann", PHONE_TOKEN, OTHER_PHONE, TOKENS, 9)
    assert vault.check().ok
    vault._store.replace([old])
    found = vault.check()
    assert (found.ok, found.closed_rows, found.tally, found.missing_rows) == (False, 0, "differs", 0)


def test_an_old_copy_of_all_rows_with_its_tally_is_noticed(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN, 5)
    shutil.copy(tmp_path / "vault.sqlite", tmp_path / "old")
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(BOB, 6)
    shutil.copy(tmp_path / "old", tmp_path / "vault.sqlite")
    with closing(disk_vault(tmp_path)) as vault:
        found = vault.check()
        assert (found.tally, found.missing_rows) == ("older", 1)
        vault.commit([personal("cho", "phone", PHONE)], 7)
        vault.write_down()
    with closing(disk_vault(tmp_path)) as vault:
        vault.recount(8)
        assert vault.check().ok


def test_a_tally_that_is_gone_changed_or_from_elsewhere_is_noticed(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN, 5)
        good = vault._store.tally()
    flipped = bytearray(good)
    flipped[-1] ^= 1
    elsewhere = memory_vault()._store.tally()
    for wrong in (bytes(flipped), elsewhere, b""):
        with closing(disk_vault(tmp_path)) as vault:
            vault._store.set_tally(wrong)
        with closing(disk_vault(tmp_path)) as vault:
            assert vault.check().tally == "gone"
            assert vault.commit(BOB, 6) in (0, 1), "it goes on, and goes on saying so"
            assert vault.check().tally == "gone"
    with closing(disk_vault(tmp_path)) as vault:
        vault._store._rows.execute("delete from tally")
    with closing(disk_vault(tmp_path)) as vault:
        assert vault.check().tally == "gone"
        vault.recount(9)
        assert vault.check().ok


@given(st.lists(st.tuples(st.sampled_from(["come", "erase", "correct", "reseal"]), st.integers(0, 3)), max_size=12))
def test_whatever_happens_in_order_the_count_agrees(steps):
    vault = memory_vault()
    for at, (what, n) in enumerate(steps, 10):
        with contextlib.suppress(LookupError):
            if what == "come":
                vault.commit([personal(f"u{n}", "phone", PHONE), personal(f"u{n}", "device", f"device-{at}")], at)
            elif what == "erase":
                vault.erase(f"u{n}", at)
            elif what == "correct":
                vault.correct(f"u{n}", PHONE_TOKEN, f"1391234567{n}", TOKENS, at)
            else:
                resealed(vault, at)
    assert vault.check().ok


def test_a_vault_of_before_there_was_a_tally_is_counted_when_it_is_opened(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN, 5)
        vault._store._rows.execute("delete from tally")
        vault._changed_us = None
    (tmp_path / "keys" / "rows-seen").unlink(missing_ok=True)
    with closing(disk_vault(tmp_path)) as vault:
        assert vault.check().ok
        vault._store._rows.execute("delete from rows where token = ?", (PHONE_TOKEN,))
        assert vault.check().missing_rows == 1


def test_a_tally_tells_nobody_what_a_row_adds(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        kept = set()
        for n in range(50):
            vault.recount(n)
            kept.add(vault._store.tally())
        assert len(kept) == 50


# ---- erasures that an older key book has undone


def test_who_was_erased_stays_erased_although_an_older_key_book_came_back(tmp_path):
    with closing(disk_vault(tmp_path)) as vault:
        vault.commit(ANN + BOB, 5)
    shutil.copy(tmp_path / "keys" / "subjects.sqlite", tmp_path / "old-book")
    shutil.copy(tmp_path / "vault.sqlite", tmp_path / "old-rows")
    with closing(disk_vault(tmp_path)) as vault:
        vault.erase("ann", 9)
    shutil.copy(tmp_path / "old-book", tmp_path / "keys" / "subjects.sqlite")
    shutil.copy(tmp_path / "old-rows", tmp_path / "vault.sqlite")
    with closing(disk_vault(tmp_path)) as vault:
        assert shown(vault.export("ann")) == EVERYTHING, "that is what the old copy does"
        assert vault.erase_again([("ann", 9), ("nobody", 9)], 20) == 1
        with pytest.raises(LookupError):
            vault.export("ann")
        # Who came under the name afterwards is another one, and stays.
        vault.commit(ANN[:1], 30)
        assert vault.erase_again([("ann", 9)], 40) == 0
        assert shown(vault.export("ann")) == [("ann", "phone", PHONE)]


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
