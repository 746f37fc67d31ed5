"""Every way to spoil a finished journal, and who notices: opening, reading, the chain, a checkpoint."""

import struct
from itertools import pairwise
from random import Random
from zlib import crc32

import pytest
from simulated_disk import SimulatedDisk

from jindi.journal import Chain, ChainBroken, Checkpoint, Verified, unseal, verify
from jindi.ports import LogDamaged, LogFailure
from jindi.stores import SegmentLog, SqliteLog

SEGMENT = 2048
SIZES = (10, 500, 0, 900, 300, 1_200, 90, 480, 700, 20, 250, 333)


def write(disk, sizes=SIZES, word=b"r"):
    log, chain = SegmentLog("j", segment_bytes=SEGMENT, file_system=disk), Chain()
    for size in sizes:
        batch = chain.seal([word * (size // 2) + bytes(size - size // 2), b"end"], chain.next_seq)
        log.append(batch, log.next_seq(), 2)
    log.close()
    return chain


@pytest.fixture
def disk():
    made = SimulatedDisk()
    made.chain = write(made)
    made.kill()
    return made


def kept(disk):
    return Checkpoint("bank.example", disk.chain.next_seq, disk.chain.head, 0)


def segments(disk):
    return sorted(path for path in disk.seen if path.endswith(".segment"))


def look(disk, checkpoints=()):
    """What `verify` sees: the log opened for reading, its notes, and the walk over the chain."""
    log = SegmentLog("j", segment_bytes=SEGMENT, file_system=disk, read_only=True)
    verified = verify(log.read(), checkpoints)
    return verified, log.notes()


def frames_of(disk, path):
    """(offset, size) of each frame in a segment."""
    content, at, found = bytes(disk.content(path)), 512, []
    while content[at : at + 4] == b"\xf5\xc1J\xfe":
        (length,) = struct.unpack_from("<I", content, at + 12)
        found.append((at, 32 + length + -length % 32))
        at += found[-1][1]
    return found


def test_the_sound_journal_verifies(disk):
    verified, notes = look(disk, [kept(disk)])
    assert verified == Verified(12, 24, disk.chain.head, 24, 1)
    assert notes == ()
    assert len(segments(disk)) >= 5


def test_any_flipped_bit_of_any_file_is_found(disk):
    chance = Random(7)
    for path in [*segments(disk), "j/log"]:
        content = disk.content(path)
        for at in [at for at in range(len(content)) if content[at] or at % 5 == 0]:
            bit = 1 << chance.randrange(8)
            content[at] ^= bit
            try:
                verified, notes = look(disk)
            except (LogDamaged, ChainBroken) as found:
                says = str(found)
            else:
                says = "j/"
                # Free space behind the last batch: nothing of the journal is touched, and it is told.
                assert path == segments(disk)[-1]
                assert verified.batches == 12
                assert "never acknowledged" in notes[0]
            content[at] ^= bit
            assert says.startswith("j/")


def test_every_bit_of_the_newest_batch_counts_and_is_never_cut_away(disk):
    path = segments(disk)[-1]
    at, size = frames_of(disk, path)[-1]
    for bit in range(8 * at, 8 * (at + size)):
        disk.content(path)[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogDamaged, match=f"offset {at}: .*put the file back from a copy"):
            SegmentLog("j", segment_bytes=SEGMENT, file_system=disk)
        disk.kill()
        disk.content(path)[bit // 8] ^= 1 << bit % 8
    assert look(disk)[0].batches == 12


def test_a_lost_sector_is_damage_or_at_the_very_end_found_by_a_checkpoint(disk):
    for path in segments(disk):
        content, frames = disk.content(path), frames_of(disk, path)
        for at in range(0, len(content), 512):
            before = bytes(content[at : at + 512])
            if before.strip(b"\0"):
                content[at : at + 512] = bytes(512)
                # The page of the stores says it: this alone looks as if it had never been acknowledged.
                in_last = path == segments(disk)[-1] and at + 512 > frames[-1][0]
                if not in_last:
                    with pytest.raises((LogDamaged, ChainBroken)):
                        look(disk)
                with pytest.raises((LogDamaged, ChainBroken)):
                    look(disk, [kept(disk)])
                content[at : at + 512] = before


@pytest.mark.parametrize("number", range(5))
def test_a_removed_segment_is_found(disk, number):
    del disk.seen[segments(disk)[number]]
    with pytest.raises(LogDamaged, match="missing"):
        look(disk)


def test_the_newest_segments_can_not_be_removed_unnoticed(disk):
    while len(segments(disk)) > 1:
        del disk.seen[segments(disk)[-1]]
        with pytest.raises(LogDamaged, match="the segments after record"):
            look(disk)


def test_a_journal_without_segments_does_not_begin_anew(disk):
    for path in segments(disk):
        del disk.seen[path]
    with pytest.raises(LogDamaged, match="all segments are missing"):
        SegmentLog("j", segment_bytes=SEGMENT, file_system=disk)


def test_a_truncated_segment_is_found_at_any_length(disk):
    for path in segments(disk):
        whole = bytes(disk.content(path))
        for size in range(0, len(whole), 37):
            del disk.content(path)[size:]
            with pytest.raises(LogDamaged, match=f"{size} bytes"):
                look(disk)
            disk.content(path)[:] = whole


def test_a_segment_that_grew_is_found(disk):
    disk.content(segments(disk)[1]).extend(b"more")
    with pytest.raises(LogDamaged, match="2052 bytes instead of 2048"):
        look(disk)


def test_exchanged_segments_are_found(disk):
    paths = segments(disk)
    for one, other in pairwise(paths):
        disk.seen[one], disk.seen[other] = disk.seen[other], disk.seen[one]
        with pytest.raises(LogDamaged, match="not where its name says"):
            look(disk)
        disk.seen[one], disk.seen[other] = disk.seen[other], disk.seen[one]


def test_a_copied_segment_under_another_name_is_found(disk):
    disk.seen["j/00000000000000000099.segment"] = disk.seen[segments(disk)[1]]
    with pytest.raises(LogDamaged, match="not where its name says"):
        look(disk)


def test_a_segment_of_another_log_is_found(disk):
    other = SimulatedDisk()
    write(other)
    disk.seen[segments(disk)[1]] = other.seen[segments(disk)[1]]
    with pytest.raises(LogDamaged, match="belongs to another log"):
        look(disk)


def test_removed_repeated_and_exchanged_batches_in_a_segment_are_found(disk):
    path = next(p for p in segments(disk) if len(frames_of(disk, p)) >= 3)
    content, frames = disk.content(path), frames_of(disk, path)
    whole, end = bytes(content), frames[-1][0] + frames[-1][1]
    parts = [whole[at : at + size] for at, size in frames]
    orders = [
        [0, 2],
        [1, 2],
        [0, 1],
        [0, 0, 1, 2],
        [0, 1, 1, 2],
        [0, 1, 2, 2],
        [1, 0, 2],
        [0, 2, 1],
        [2, 1, 0],
    ]
    for order in orders:
        body = b"".join(parts[i] for i in order) + whole[frames[2][0] + frames[2][1] : end]
        content[:] = (whole[:512] + body).ljust(SEGMENT - 512, b"\0")[: SEGMENT - 512] + whole[-512:]
        with pytest.raises((LogDamaged, ChainBroken)):
            look(disk)
    content[:] = whole
    assert look(disk)[0].batches == 12


def test_a_repeated_batch_at_the_end_of_the_newest_segment_is_found():
    disk = SimulatedDisk()
    write(disk, (10, 20))
    disk.kill()
    (path,) = segments(disk)
    content, (at, size) = disk.content(path), frames_of(disk, path)[-1]
    content[at + size : at + 2 * size] = content[at : at + size]
    with pytest.raises(LogDamaged, match="record 2 stands where 4 is next"):
        SegmentLog("j", segment_bytes=SEGMENT, file_system=disk)


def one_segment():
    disk = SimulatedDisk()
    disk.chain = write(disk, (400, 380, 10, 1_300, 30))
    disk.kill()
    return disk


@pytest.fixture
def newest(monkeypatch):
    """A journal in one unsealed segment: content, and where its frames are."""
    monkeypatch.setattr(f"{__name__}.SEGMENT", 8192)
    made = one_segment()
    (path,) = segments(made)
    made.newest, made.frames = made.content(path), frames_of(made, path)
    assert len(made.frames) == 5
    return made


def refused(disk, words):
    with pytest.raises(LogDamaged, match=words):
        SegmentLog("j", segment_bytes=8192, file_system=disk)


def test_a_damaged_batch_with_others_behind_it_is_never_taken_for_torn(newest):
    for at, size in newest.frames[:-1]:
        before = bytes(newest.newest[at : at + size])
        newest.newest[at + 40] ^= 1
        refused(newest, f"offset {at}: the checksum of a batch is wrong, and more follows it")
        newest.kill()
        newest.newest[at : at + size] = before
        newest.newest[at + 20] ^= 1
        refused(newest, f"offset {at}: the header of a batch is damaged")
        newest.kill()
        newest.newest[at : at + size] = bytes(size)
        refused(newest, f"offset {at}: (the header of a batch was erased|zeros, but record [0-9]+ follows)")
        newest.kill()
        newest.newest[at : at + size] = before


def test_an_erased_header_is_told_from_one_that_was_never_written(newest):
    at, _ = newest.frames[-1]
    newest.newest[at : at + 32] = bytes(32)
    refused(newest, f"offset {at}: the header of a batch was erased")


def test_lost_sectors_before_sound_batches_are_damage(newest):
    at, _ = newest.frames[0]
    newest.newest[at : at + 512] = bytes(512)
    refused(newest, "offset 512: zeros, but record 2 follows")


def test_a_newest_batch_whose_header_sector_is_missing_is_torn(newest):
    at, size = newest.frames[3]
    assert at // 512 < (at + size) // 512 - 1
    begin = at + 512 - at % 512
    newest.newest[at:begin] = bytes(begin - at)
    newest.newest[at + size : 8192 - 512] = bytes(8192 - 512 - at - size)
    log = SegmentLog("j", segment_bytes=8192, file_system=newest)
    (note,) = log.notes()
    assert f"offset {at}: " in note
    assert "bytes of a batch that was never acknowledged were cut away" in note
    assert log.next_seq() == 6


def forge(disk, path, number, change):
    """Change one frame as somebody would who can compute every checksum of the file, but not the chain."""
    content = disk.content(path)
    seed, (at, size) = crc32(bytes(content[:512])), frames_of(disk, path)[number]
    frame = bytearray(content[at : at + size])
    change(frame)
    (length,) = struct.unpack_from("<I", frame, 12)
    struct.pack_into("<I", frame, 8, crc32(bytes(frame[32 : 32 + length]), seed))
    struct.pack_into("<I", frame, 4, crc32(bytes(frame[8:32]), seed))
    content[at : at + size] = frame


def test_a_changed_record_whose_checksums_were_made_to_fit_is_found_by_the_chain(disk):
    def change(frame):
        frame[90] ^= 1

    for path in segments(disk):
        before = bytes(disk.content(path))
        forge(disk, path, 0, change)
        with pytest.raises(ChainBroken, match="the hash of a batch is wrong"):
            look(disk)
        disk.content(path)[:] = before


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [(24, 99, "out of order"), (16, 0, "out of order"), (16, 3, "out of order|seal"), (12, 2**31, "beyond")],
)
def test_a_forged_header_does_not_lead_astray(disk, offset, value, words):
    forge(disk, segments(disk)[1], 0, lambda frame: struct.pack_into("<I", frame, offset, value))
    log = SegmentLog("j", segment_bytes=SEGMENT, file_system=disk, read_only=True)
    with pytest.raises(LogDamaged, match=words):
        list(log.read())


def test_a_segment_of_a_later_format_is_refused(disk):
    content = disk.content(segments(disk)[0])
    struct.pack_into("<I", content, 12, 2)
    struct.pack_into("<I", content, 8, crc32(bytes(content[:8] + content[12:512])))
    with pytest.raises(LogDamaged, match="format 2 is not known here"):
        look(disk)


def test_an_identity_of_another_log_is_refused(disk):
    disk.content("j/log")[:] = b"something else entirely"
    with pytest.raises(LogDamaged, match="j/log: does not name this log"):
        look(disk)


def test_batches_wiped_from_the_end_are_found_by_a_kept_checkpoint(disk):
    path = segments(disk)[-1]
    content = disk.content(path)
    for at, _ in reversed(frames_of(disk, path)):
        content[at : SEGMENT - 512] = bytes(SEGMENT - 512 - at)
        assert look(disk)[0].batches < 12
        with pytest.raises(ChainBroken, match="are missing"):
            look(disk, [kept(disk)])


def test_a_whole_journal_written_anew_is_found_by_a_kept_checkpoint(disk):
    forged = SimulatedDisk()
    write(forged, word=b"f")
    forged.kill()
    assert look(forged)[0].batches == 12
    with pytest.raises(ChainBroken, match="the history was rewritten"):
        look(forged, [kept(disk)])
    longer = SimulatedDisk()
    write(longer, (*SIZES, 5), word=b"f")
    longer.kill()
    with pytest.raises(ChainBroken, match="the history was rewritten"):
        look(longer, [kept(disk)])


def test_opening_names_the_damage_of_old_segments_only_when_asked_to_read_them(disk):
    path = segments(disk)[1]
    disk.content(path)[600] ^= 1
    SegmentLog("j", segment_bytes=SEGMENT, file_system=disk).close()
    with pytest.raises(LogDamaged, match=f"{path}: offset 512: the checksum"):
        SegmentLog("j", segment_bytes=SEGMENT, file_system=disk, thorough=True)


def test_what_stands_before_the_damage_is_still_read(disk):
    path = segments(disk)[2]
    disk.content(path)[600] ^= 1
    log, got = SegmentLog("j", segment_bytes=SEGMENT, file_system=disk, read_only=True), []
    with pytest.raises(LogDamaged):
        got.extend(log.read())
    first = int(path[2:22])
    assert sum(frame.count for frame in got) == first > 0
    assert [unseal(frame.batch).first for frame in got] == list(range(0, first, 2))


def verify_sqlite(path):
    log = SqliteLog(path)
    try:
        verify(log.read())
    finally:
        log.close()


def test_a_damaged_sqlite_log_is_found(tmp_path):
    path, chain = tmp_path / "log.sqlite", Chain()
    log = SqliteLog(path)
    for size in SIZES:
        log.append(chain.seal([b"x" * size], chain.next_seq), log.next_seq(), 1)
    log.close()
    for act in (
        "update batches set batch = replace(batch, 'x', 'y') where first = 7",
        "delete from batches where first = 4",
        "update batches set count = 2 where first = 3",
        "delete from batches where first = 0",
        "update batches set first = 99 where first = 5",
        "update batches set batch = 5 where first = 11",
    ):
        broken = tmp_path / "broken.sqlite"
        broken.write_bytes(path.read_bytes())
        log = SqliteLog(broken)
        log._base.execute(act)
        log.close()
        with pytest.raises((LogDamaged, ChainBroken)):
            verify_sqlite(broken)
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"this is no database, not even a small one" * 50)
    with pytest.raises(LogFailure, match="not a database"):
        SqliteLog(garbage)
