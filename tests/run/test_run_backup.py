"""Backups: what was acknowledged comes back, to the last batch; what was changed is found; what is needed is kept."""

import os
import random
import sqlite3
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_world import Breaking, Folder, document, records
from jindi.basics.instants import HOUR_US
from jindi.basics.problems import Problems
from jindi.journal import Chain, Signer
from jindi.ports import DeliveryRow, NoticeQuery, NoticeRow, WatchRow
from jindi.run.backup import drill as drills
from jindi.run.backup import making
from jindi.run.backup.drill import Outcome
from jindi.run.backup.making import Memory
from jindi.run.backup.manifest import Broken, write
from jindi.run.backup.parts import Named
from jindi.run.backup.restoring import open_backup
from jindi.run.backup.retention import Retention, retained
from jindi.run.backup.sealing import BackupKey, DataKey, Recipient, Unsealable, fingerprint
from jindi.run.backup.standing import standing
from jindi.run.snapshots import name_of
from jindi.stores.databases import copied
from jindi.stores.segments import SegmentLog
from jindi.stores.sqlite_notices import SqliteNotices
from shop_world import CANARIES


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """A few batches fill a piece, so that every turn is taken."""
    monkeypatch.setattr(making, "PIECE_BYTES", 2_000)
    monkeypatch.setattr(making, "REMEMBER_EVERY", 2)


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path)
    yield made
    made.log.close()


def everywhere(folder, moments, to):
    """Every kept backup is still restored as it was made."""
    with folder.opened() as repository:
        numbers = repository.numbers()
    for number in numbers:
        assert folder.given_back(to / f"r{number}-{os.urandom(3).hex()}", number) == moments[number]


# ---- what comes back


@pytest.mark.parametrize("store", ["segments", "sqlite"])
def test_what_is_restored_is_the_journal_batch_for_batch(tmp_path, monkeypatch, store):
    monkeypatch.setenv("JINDI_JOURNAL", store)
    folder = Folder(tmp_path)
    folder.grow((1, 5, 40, 1, 3) * 4)
    made = folder.back_up()
    assert (made.body.next, made.body.decisions) == (200, 199)
    assert made.body.head == folder.chain.head.hex()
    # A backup is of no store: what one has written the other takes.
    for other in ("segments", "sqlite"):
        monkeypatch.setenv("JINDI_JOURNAL", other)
        assert folder.given_back(tmp_path / f"restored-{other}") == folder.batches()
    folder.log.close()


def test_an_empty_journal_has_a_backup_too(folder, tmp_path):
    made = folder.back_up()
    assert (made.body.next, made.body.newest_us) == (0, None)
    assert folder.given_back(tmp_path / "restored") == []
    folder.grow()
    folder.back_up()
    assert folder.given_back(tmp_path / "again") == folder.batches()


def test_every_backup_gives_back_its_own_moment(folder, tmp_path):
    chance, moments = random.Random(7), {}
    for _ in range(12):
        folder.grow([chance.randrange(1, 9) for _ in range(chance.randrange(0, 6))])
        moments[folder.back_up(beside=chance.random() < 0.5).manifest.number] = folder.batches()
    everywhere(folder, moments, tmp_path)


def test_what_is_there_already_is_not_sealed_again(folder):
    folder.grow((4,) * 30)
    first = folder.back_up()
    assert first.new_pieces == len(first.body.pieces) > 5
    again = folder.back_up()
    assert again.new_pieces == 0
    assert again.body.pieces == first.body.pieces
    folder.grow((2,))
    more = folder.back_up()
    # The piece that was not full yet is filled up: what comes anew is that one, and nothing before it.
    assert more.new_pieces == 1
    assert more.body.stretches[:-1] == first.body.stretches[: len(more.body.stretches) - 1]


def test_nothing_acknowledged_before_a_backup_began_is_missing_from_it(folder, tmp_path):
    acknowledged, stop, moments = [0], threading.Event(), {}

    def write_on():
        while not stop.is_set():
            folder.grow((random.randrange(1, 5),))
            acknowledged[0] = folder.chain.next_seq

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for number in range(8):
            before = acknowledged[0]
            made = folder.back_up(beside=number % 2 == 0)
            assert made.body.next >= before
            moments[made.manifest.number] = made.body.next
    finally:
        stop.set()
        writer.join()
    whole = folder.batches()
    everywhere(folder, {n: [each for each in whole if each[0] < next_] for n, next_ in moments.items()}, tmp_path)


def test_a_snapshot_is_never_ahead_of_the_journal_beside_it(folder):
    folder.grow()
    source = folder.outside.backup_source(folder.settled, folder.log)
    order = []
    parts = [_Noted(part, order) for part in source.parts]
    journal = source.journal

    def noted():
        order.append("journal")
        return journal()

    folder.blobs.save(name_of(6), [b"a snapshot"])
    folder.back_up(source=replace(source, parts=parts, journal=noted))
    assert order == ["before"] * 5 + ["journal"] + ["after"] * 3


class _Noted:
    def __init__(self, part, order):
        self._part, self._order, self.after_journal = part, order, part.after_journal
        self.only_newest = part.only_newest

    def files(self):
        self._order.append("after" if self.after_journal else "before")
        return self._part.files()


def test_of_many_snapshots_the_newest_is_taken_and_sessions_are_not(folder, tmp_path):
    folder.grow()
    for seq in (2, 4, 6):
        folder.blobs.save(name_of(seq), [bytes([seq]) * 5_000])
    for name in ("access-sessions.json", "access-links.json", "access-keys.json", "seal-00000000000000000002"):
        folder.blobs.save(name, [name.encode()])
    (folder.settled.data / "jindi.toml").write_text("snapshot_minutes = 9\n", "utf-8")
    made = folder.back_up()
    assert {kept.path for kept in made.body.files} == {
        "jindi.toml", "state/access-keys.json", "state/key-origin", "state/seal-00000000000000000002",
        f"state/{name_of(6)}",
    }  # fmt: skip
    _, settled = folder.restore(tmp_path / "restored")
    assert (settled.data / "state" / name_of(6)).read_bytes() == bytes([6]) * 5_000
    assert (settled.data / "jindi.toml").read_text("utf-8") == "snapshot_minutes = 9\n"
    assert (settled.data.stat().st_mode & 0o777) == 0o700


def test_a_database_is_copied_at_one_instant_after_the_journal(folder, tmp_path):
    path = folder.settled.data / "vault.sqlite"
    base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    base.execute("pragma journal_mode = wal")
    base.execute("create table pairs (a integer, b integer)")
    stop = threading.Event()

    def write_on():
        number = 0
        while not stop.is_set():
            number += 1
            base.execute("begin")
            base.execute("insert into pairs values (?, ?)", (number, 0))
            base.execute("update pairs set b = a where b = 0")
            base.execute("commit")

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for number in range(5):
            made = folder.back_up(beside=False)
            assert [kept.path for kept in made.body.files][-1] == "vault.sqlite"
            _, settled = folder.restore(tmp_path / f"restored-{number}")
            there = sqlite3.connect(settled.data / "vault.sqlite")
            assert there.execute("pragma integrity_check").fetchone() == ("ok",)
            assert there.execute("select count(*) from pairs where a <> b").fetchone() == (0,)
            there.close()
    finally:
        stop.set()
        writer.join()
        base.close()
    assert [path.name for path in folder.settled.data.iterdir() if path.name.endswith(".copy")] == []


def test_what_people_were_told_and_have_read_and_what_would_go_on_to_others_comes_back(folder, tmp_path):
    folder.grow()
    store = SqliteNotices(folder.settled.data / "notices.sqlite")
    notices = [NoticeRow(f"n{n}", f"case-{n}", "li min", "case.assigned", 2, n, b"{}", 0) for n in (1, 2)]
    waiting = DeliveryRow("d1", "mail", "li min", "case.assigned", 2, 1, b"{}", "held", 9)
    store.put(notices, [waiting], [WatchRow("case-1", 1, 50, b"{}")], (), 4, 7)
    store.read("li min", ["n1"], 8)
    folder.back_up()  # while it is open
    store.close()
    _, settled = folder.restore(tmp_path / "restored")
    there = SqliteNotices(settled.data / "notices.sqlite")
    try:
        assert [(row.key, row.read_us) for row in there.find(NoticeQuery(person="li min"))] == [("n2", 0), ("n1", 8)]
        assert [row.key for row in there.due(9, 10)] == ["d1"]
        assert [row.notice for row in there.watches(50, 10)] == ["case-1"]
        assert there.cursor() == (4, 7)
    finally:
        there.close()


def test_a_damaged_database_stops_the_backup_and_is_named(folder, tmp_path):
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"SQLite format 3\0" + bytes(4096))
    source = folder.outside.backup_source(folder.settled, folder.log)
    part = Named({"broken.sqlite": lambda: copied(path)}, after_journal=True)
    with pytest.raises(OSError, match="database") as failure:
        folder.back_up(source=replace(source, parts=[part]))
    assert failure.value.filename == str(path)
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".copy")] == []


# ---- who can read it


def test_nothing_in_the_place_can_be_read_without_the_backup_key(folder):
    folder.grow()
    folder.back_up()
    content = b"".join(path.read_bytes() for path in folder.files())
    known = [b"shop", b"daily", b"villain", b"p7", b"u1", *(canary.encode() for canary in CANARIES)]
    plain = b"".join(records())
    assert b"p7" in plain
    for each in known[:3]:
        assert each not in content
    assert not [record for record in records()[1:] if record[-40:] in content]


def test_the_platforms_keys_are_in_no_backup(folder):
    folder.grow()
    made = folder.back_up()
    keys = folder.outside.key_bytes(folder.settled)
    assert sorted(keys) == ["key-signing", "key-token"]
    assert made.body.keys == {name: fingerprint(name, key) for name, key in keys.items()}
    with folder.opened() as repository:
        manifest, body, _ = open_backup(repository, folder.key)
        for piece in body.pieces:
            plain = manifest.data_key(folder.key, piece.key).open_piece(piece.index, repository.load_piece(piece.id))
            assert not [name for name, key in keys.items() if key in plain]
            assert folder.key.seed not in plain


def test_another_key_opens_nothing(folder, tmp_path):
    folder.grow()
    folder.back_up()
    other = BackupKey.new(str(folder.signer.verifier))
    with pytest.raises(Broken, match="another backup key"):
        folder.restore(tmp_path / "restored", key=other)
    assert not (tmp_path / "restored").exists()


def test_after_a_change_of_the_key_the_new_one_opens_everything_and_the_old_one_nothing_new(folder, tmp_path):
    folder.grow((4,) * 9)
    first = folder.back_up()
    new = BackupKey.new(str(folder.signer.verifier))
    second = folder.back_up(key=new)
    assert second.new_pieces == len(second.body.pieces)
    assert folder.given_back(tmp_path / "new", key=new) == folder.batches()
    assert folder.given_back(tmp_path / "old", first.manifest.number) == folder.batches()
    with pytest.raises(Broken):
        folder.restore(tmp_path / "no", second.manifest.number)


def test_what_is_sealed_opens_only_in_its_own_place():
    key = DataKey(bytes(32), "r", 7)
    sealed, body = key.seal_piece(3, b"x" * 100), key.seal_body(b"y")
    assert key.open_piece(3, sealed) == b"x" * 100
    assert key.open_body(body) == b"y"
    for other, act in (
        (DataKey(bytes(32), "r", 7), lambda k: k.open_piece(4, sealed)),
        (DataKey(bytes(32), "r", 8), lambda k: k.open_piece(3, sealed)),
        (DataKey(bytes(32), "q", 7), lambda k: k.open_piece(3, sealed)),
        (DataKey(bytes(31) + b"1", "r", 7), lambda k: k.open_piece(3, sealed)),
        (DataKey(bytes(32), "r", 8), lambda k: k.open_body(body)),
        (key, lambda k: k.open_body(sealed)),
    ):
        with pytest.raises(Unsealable):
            act(other)
    recipient = BackupKey(bytes(32), str(Signer("j", bytes(32)).verifier))
    wrapped = Recipient.parse(str(recipient.recipient)).seal(b"k" * 32, b"here")
    assert recipient.open(wrapped, b"here") == b"k" * 32
    for changed in (b"there", b""):
        with pytest.raises(Unsealable):
            recipient.open(wrapped, changed)
    with pytest.raises(Unsealable):
        recipient.open(wrapped[:40], b"here")


def test_a_key_file_with_a_changed_character_is_refused(folder):
    text = folder.key.text()
    assert BackupKey.parse(text).seed == folder.key.seed
    assert repr(folder.key) == f"<the backup key {folder.key.recipient.name}>"
    first = text.splitlines()[0]
    for place in range(len("JINDI-BACKUP-KEY "), len(first)):
        wrong = "A" if text[place] != "A" else "B"
        with pytest.raises(ValueError, match="changed"):
            BackupKey.parse(text[:place] + wrong + text[place + 1 :])
    with pytest.raises(ValueError, match="not a backup key"):
        BackupKey.parse("")
    with pytest.raises(ValueError, match="public half"):
        Recipient.parse("jindi-backup-to AAAA")


# ---- what was changed is found


@pytest.fixture
def full(folder):
    folder.grow((4,) * 9)
    folder.blobs.save(name_of(6), [os.urandom(3_000)])
    folder.back_up()
    folder.grow()
    folder.back_up()
    return folder


def needed(folder):
    """The files that the newest backup needs: identity, manifest, pieces."""
    with folder.opened() as repository:
        number = repository.numbers()[-1]
        pieces = repository.load(number, None)[0].pieces
    wanted = {"jindi-backup.json", f"{number:08d}.manifest", *pieces}
    return [path for path in folder.files() if path.name in wanted]


def refused(folder, tmp_path):
    with pytest.raises(Broken) as broken:
        folder.restore(tmp_path / f"restored-{os.urandom(4).hex()}")
    return str(broken.value)


def test_a_flipped_bit_anywhere_is_found_and_its_file_named(full, tmp_path):
    chance = random.Random(3)
    for path in needed(full):
        whole = path.read_bytes()
        places = [0, len(whole) - 1, *chance.choices(range(len(whole)), k=12)]
        if path.suffix == ".json":
            places = [*range(len(whole))]
        for place in places:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
            said = refused(full, tmp_path)
            assert path.name in said or path.suffix == ".json", (path, place, said)
        path.write_bytes(whole)
    assert full.given_back(tmp_path / "whole") == full.batches()


def test_a_missing_a_truncated_and_a_swapped_file_is_each_found_and_named(full, tmp_path):
    paths = needed(full)
    for path in paths:
        if path.name == "jindi-backup.json":
            continue
        whole = path.read_bytes()
        for cut in (0, 1, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            assert path.name in refused(full, tmp_path)
        path.write_bytes(whole)
    pieces = [path for path in paths if "pieces" in str(path)]
    first, second = pieces[0].read_bytes(), pieces[1].read_bytes()
    pieces[0].write_bytes(second)
    pieces[1].write_bytes(first)
    assert "not what was written" in refused(full, tmp_path)
    pieces[0].write_bytes(first)
    pieces[1].unlink()
    assert "the piece is missing" in refused(full, tmp_path)


def test_an_older_manifest_in_a_newer_ones_place_is_found(full, tmp_path):
    old, new = sorted((full.place / "manifests").iterdir())
    new.write_bytes(old.read_bytes())
    assert "an older one in a newer one's place" in refused(full, tmp_path)


def test_an_older_backup_that_was_changed_is_noticed_by_the_one_that_followed_it(full, tmp_path):
    old, _ = sorted((full.place / "manifests").iterdir())
    with full.opened() as repository:
        manifest, _ = repository.load(1, full.signer.verifier)
    assert document(old)["number"] == 1
    old.write_bytes(write(replace_struct(manifest, at_us=manifest.at_us + 1), full.signer))
    assert "not what backup 2 followed" in refused(full, tmp_path)


def test_damage_of_an_older_backup_is_no_reason_not_to_restore_the_newest(full, tmp_path):
    (full.place / "manifests" / "00000001.manifest").write_bytes(b"")
    assert full.given_back(tmp_path / "restored") == full.batches()


def replace_struct(struct, **changed):
    import msgspec

    return msgspec.structs.replace(struct, **changed)


def test_a_manifest_that_another_has_signed_is_refused(full, tmp_path):
    with full.opened() as repository:
        manifest, _ = repository.load(2, full.signer.verifier)
    forged = write(manifest, Signer(full.signer.verifier.name, bytes(32)))
    (full.place / "manifests" / "00000002.manifest").write_bytes(forged)
    assert "is not signed by" in refused(full, tmp_path)
    # And a third one, which would be the newest.
    (full.place / "manifests" / "00000003.manifest").write_bytes(forged.replace(b'"number":2', b'"number":3'))
    assert "00000003" in refused(full, tmp_path)


def test_a_place_that_was_put_back_is_found_by_all_who_know_a_newer_backup(full, tmp_path):
    (full.place / "manifests" / "00000002.manifest").unlink()
    with pytest.raises(Broken, match="backup 2 is known"):
        full.back_up()
    with full.opened() as repository, pytest.raises(Broken, match="backup 2 is known"):
        standing(repository, full.signer.verifier, full.key.recipient, full.blobs, 1, 90, 0)
    with pytest.raises(Broken, match="backup 2 is known"):
        full.restore(tmp_path / "restored", at_least=2)
    # Who knows nothing can't know better: the older one is whole.
    assert full.restore(tmp_path / "restored")[0].manifest.number == 1


def test_a_place_that_was_emptied_is_found(full):
    for path in (full.place / "manifests").iterdir():
        path.unlink()
    with pytest.raises(Broken, match="backup 2 is known"):
        full.back_up()
    with full.opened() as repository, pytest.raises(Broken, match="none here"):
        standing(repository, full.signer.verifier, full.key.recipient, full.blobs, 1, 90, 0)


def test_a_piece_that_is_gone_is_sealed_again_and_told(full, tmp_path):
    with full.opened() as repository:
        _, body, _ = open_backup(repository, full.key)
    gone = body.stretches[2].piece.id
    (full.place / "pieces" / gone[:2] / gone).unlink()
    made = full.back_up()
    assert [note for note in made.body.notes if gone[:12] in note]
    assert full.given_back(tmp_path / "restored") == full.batches()


def test_a_journal_that_was_rewritten_or_cut_off_is_not_backed_up_over_its_past(full, tmp_path):
    frames = full.batches()
    for kept, rewritten in ((0, True), (5, True), (len(frames) - 2, False)):
        chain, log = Chain(), SegmentLog(tmp_path / f"journal-{kept}")
        for first, count, batch in frames[:kept]:
            log.append(batch, first, count)
            chain = Chain(batch[-32:], first + count)
        if rewritten:
            while chain.next_seq < full.chain.next_seq + 5:
                first = chain.next_seq
                log.append(chain.seal([records()[2]] * 3, first), first, 3)
        with pytest.raises(Broken, match="cut off or rewritten"):
            full.back_up(source=full.outside.backup_source(full.settled, log))
        log.close()


def test_a_newest_batch_that_was_not_durable_may_be_another_one_after_a_crash(full, tmp_path):
    *frames, (first, _, _) = full.batches()
    log, chain = SegmentLog(tmp_path / "journal"), Chain()
    for begin, count, batch in frames:
        log.append(batch, begin, count)
        chain = Chain(batch[-32:], begin + count)
    source = full.outside.backup_source(full.settled, log)
    made = full.back_up(source=source)  # it is gone, and nothing came in its place yet
    assert made.body.next == first
    log.append(chain.seal([records()[3]], first), first, 1)
    full.back_up(source=source)
    given = full.given_back(tmp_path / "restored")
    assert given == [(f.first, f.count, f.batch) for f in log.read(0)]
    log.close()


# ---- interruptions


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_at_any_point_leaves_the_older_backup_and_is_gone_on_from(tmp_path, error):
    reached, broke, resumed = 0, True, 0
    while broke:
        folder = Folder(tmp_path / str(reached))
        folder.grow((4,) * 6)
        folder.back_up()
        before = folder.batches()
        folder.grow((4,) * 10)
        files = Breaking(folder.place, reached, error)
        with suppress(error):
            folder.back_up(files)
        broke = files.broke
        if broke:
            # It is there either whole or not at all.
            given = folder.given_back(tmp_path / f"{reached}-old")
            assert given in (before, folder.batches())
        folder.grow((1,))
        made = folder.back_up()
        resumed += made.resumed
        assert folder.given_back(tmp_path / f"{reached}-new") == folder.batches()
        folder.log.close()
        reached += 1
    assert reached > 10
    assert resumed > 0


def test_a_backup_whose_manifest_was_just_added_when_the_process_ended_counts_as_made(folder, tmp_path, monkeypatch):
    folder.grow((4,) * 6)
    folder.back_up()
    folder.grow((4,) * 6)
    with monkeypatch.context() as patch:
        patch.setattr(Memory, "save", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            folder.back_up()
    folder.grow()
    made = folder.back_up()
    assert made.manifest.number == 3
    assert folder.given_back(tmp_path / "restored") == folder.batches()


def _interrupted(*_):
    raise KeyboardInterrupt


def test_two_at_a_time_are_refused(folder):
    folder.grow()
    with folder.opened() as repository:
        repository.hold()
        with pytest.raises(Problems, match="another process works"):
            folder.back_up()
    folder.back_up()


def test_a_place_of_others_is_not_written_to(folder, tmp_path):
    folder.place.mkdir()
    (folder.place / "letters.txt").write_text("mine", "utf-8")
    with pytest.raises(Problems, match="other things"):
        folder.back_up()
    (folder.place / "letters.txt").unlink()
    folder.back_up()
    other = Folder(tmp_path / "other")
    other.place = folder.place
    with pytest.raises(Problems, match="another journal"):
        other.back_up()
    other.log.close()


def test_nothing_is_restored_over_what_is_there(full, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    (there / "x").write_text("kept", "utf-8")
    with pytest.raises(Problems, match="not empty"):
        full.restore(there)
    assert (there / "x").read_text("utf-8") == "kept"
    (there / "x").unlink()
    assert full.given_back(there) == full.batches()
    with pytest.raises(Problems, match="not empty"):
        full.restore(there)
    # A restore that fails leaves nothing; one that was killed leaves what it had, under another name.
    (piece,) = [path for path in full.files() if path.name == needed(full)[-1].name]
    whole = piece.read_bytes()
    piece.write_bytes(b"")
    with pytest.raises(Broken):
        full.restore(tmp_path / "new")
    assert not [path for path in tmp_path.iterdir() if "new" in path.name]
    piece.write_bytes(whole)
    (tmp_path / ".new.restoring").mkdir()
    with pytest.raises(Problems, match="interrupted restore"):
        full.restore(tmp_path / "new")


# ---- forgetting


def test_forgetting_never_drops_a_piece_that_a_kept_backup_needs(folder, tmp_path):
    chance, moments = random.Random(11), {}
    for _ in range(15):
        folder.grow([chance.randrange(1, 9) for _ in range(chance.randrange(0, 5))])
        moments[folder.back_up().manifest.number] = folder.batches()
        if chance.random() < 0.4:
            keep = chance.randrange(1, 5)
            with folder.opened() as repository:
                pruned = repository.prune(Retention(keep), folder.signer.verifier)
                assert pruned.kept == tuple(sorted(moments))[-keep:]
                # And nothing that none needs stays.
                wanted = {piece for number in pruned.kept for piece in repository.load(number, None)[0].pieces}
                assert repository.pieces() == wanted
            moments = {number: moments[number] for number in pruned.kept}
            everywhere(folder, moments, tmp_path)


def test_what_an_interrupted_backup_has_sealed_stays_until_it_is_gone_on_from(folder):
    folder.grow((4,) * 4)
    folder.back_up()
    folder.grow((4,) * 12)
    with pytest.raises(KeyboardInterrupt):
        folder.back_up(Breaking(folder.place, 6))
    with folder.opened() as repository:
        unfinished = Memory(folder.blobs, repository.identity().id).unfinished()
        repository.prune(Retention(1), folder.signer.verifier, [each.piece.id for each in unfinished.stretches])
    assert folder.back_up().resumed == len(unfinished.stretches) > 0


def test_nothing_is_forgotten_while_a_backup_to_be_kept_can_not_be_read(full):
    path = full.place / "manifests" / "00000002.manifest"
    path.write_bytes(path.read_bytes().replace(b'"number":2', b'"number":4'))
    before = full.files()
    with full.opened() as repository, pytest.raises(Broken, match="00000002"):
        repository.prune(Retention(1), full.signer.verifier)
    assert full.files() == before


def test_the_backup_that_was_proved_last_stays_and_nothing_goes_while_a_kept_one_lacks_a_piece(folder, tmp_path):
    for _ in range(5):
        folder.grow()
        folder.back_up()
    with folder.opened() as repository:
        assert repository.prune(Retention(1), folder.signer.verifier, always=[2]).kept == (2, 5)
        assert repository.prune(Retention(1), folder.signer.verifier, always=[99, 2]).kept == (2, 5)
    gone = next(piece for piece in (folder.place / "pieces").rglob("*/*"))
    gone.unlink()
    before = folder.files()
    with folder.opened() as repository, pytest.raises(Broken, match="which is not here"):
        repository.prune(Retention(1), folder.signer.verifier, always=[2])
    assert folder.files() == before


@given(
    st.lists(st.integers(0, 400 * 24), min_size=1, max_size=60),
    st.builds(Retention, st.integers(1, 5), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
)
def test_of_each_kept_day_week_and_month_the_last_backup_stays_and_the_newest_always(hours, retention):
    made = [(number, hour * HOUR_US) for number, hour in enumerate(sorted(hours), 1)]
    stay = retained(made, retention)
    assert made[-1][0] in stay
    at = {number: datetime.fromtimestamp(at_us / 1e6, UTC) for number, at_us in made}

    def kept_of(periods, count):
        last = {period(at[number]): number for number, _ in made for period in [periods]}
        return {last[each] for each in sorted(last)[-count:]} if count else set()

    wanted = {number for number, _ in made[-retention.newest :]}
    wanted |= kept_of(lambda d: d.date(), retention.daily)
    wanted |= kept_of(lambda d: tuple(d.isocalendar())[:2], retention.weekly)
    wanted |= kept_of(lambda d: (d.year, d.month), retention.monthly)
    assert stay == wanted


# ---- drills


def test_a_drill_that_another_has_signed_counts_for_nothing(full):
    with full.opened() as repository:
        manifest, body, digest = open_backup(repository, full.key)
        outcome = Outcome(full.outside.clock, manifest, digest, body, full.outside.clock.now_us())
        outcome.keys = dict.fromkeys(body.keys, "split")
        passed = outcome.drill()
        assert passed.ok
        other = BackupKey.new(str(full.signer.verifier))
        repository.save_drill("00000002-1", drills.write(passed, other.signer))
        assert drills.drills(repository, full.key.recipient.drills) == []
        repository.save_drill("00000002-2", drills.write(passed, full.key.signer))
        assert drills.drills(repository, full.key.recipient.drills) == [passed]
        assert drills.known(repository, full.key.recipient.drills) == 2


def test_what_is_overdue_is_told_and_what_is_not_is_not(full):
    hour, day = 3_600_000_000, 86_400_000_000
    with full.opened() as repository:
        manifest, body, digest = open_backup(repository, full.key)
        made_us = manifest.at_us

        def overdue(now_us, hours=6, days=90):
            ask = (repository, full.signer.verifier, full.key.recipient, full.blobs, hours, days, now_us)
            return [each.what for each in standing(*ask).overdue]

        assert overdue(made_us) == ["drill"]
        for ok in (False, True):
            outcome = Outcome(full.outside.clock, manifest, digest, body, made_us + ok)
            outcome.keys = dict.fromkeys(body.keys, "proved" if ok else "missing")
            repository.save_drill(f"00000002-{ok:d}", drills.write(outcome.drill(), full.key.signer))
            # A drill that failed is none.
            assert overdue(made_us) == ([] if ok else ["drill"])
        assert overdue(made_us + 12 * hour) == []
        assert overdue(made_us + 12 * hour + 1) == ["backup"]
        assert overdue(made_us + 90 * day + 1, hours=0) == []
        assert overdue(made_us + 90 * day + 2) == ["backup", "drill"]
        assert overdue(made_us + 900 * day, hours=0, days=0) == []
