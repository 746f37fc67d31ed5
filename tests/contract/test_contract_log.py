"""What every log promises, asked of every log that we have."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindi.ports import Frame, LogFailure
from jindi.stores import MemoryLog, SegmentLog, SqliteLog
from jindi.stores.disk import Disk

BATCHES = [(b"one", 1), (b"", 2), (bytes(5_000), 3), (bytes(range(256)) * 9, 1), (b"\0", 4), (b"z" * 900, 7)]


def open_segments(folder):
    return SegmentLog(folder / "journal", segment_bytes=4096)


def open_sqlite(folder):
    return SqliteLog(folder / "journal" / "log.sqlite")


DURABLE = {"segments": open_segments, "sqlite": open_sqlite}


@pytest.fixture(params=[*DURABLE, "memory"])
def log(request, tmp_path):
    opened = MemoryLog() if request.param == "memory" else DURABLE[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.fixture(params=list(DURABLE))
def reopen(request, tmp_path):
    opened = []

    def again():
        while opened:
            opened.pop().close()
        opened.append(DURABLE[request.param](tmp_path))
        return opened[-1]

    yield again
    for left in opened:
        left.close()


def fill(log, batches=BATCHES):
    frames = []
    for batch, count in batches:
        frames.append(Frame(log.next_seq(), count, batch))
        log.append(batch, log.next_seq(), count)
    return frames


def test_a_new_log_is_empty_and_begins_at_zero(log):
    assert log.next_seq() == 0
    assert list(log.read()) == []
    assert log.notes() == ()


def test_a_log_gives_back_what_it_took_in_order(log):
    frames = fill(log)
    assert list(log.read()) == frames
    assert log.next_seq() == sum(frame.count for frame in frames)


def test_reading_begins_with_the_batch_that_holds_the_record(log):
    frames = fill(log, BATCHES * 7)
    for first in range(log.next_seq() + 2):
        expected = [frame for frame in frames if frame.first + frame.count > first]
        assert list(log.read(first)) == expected


def test_reading_may_go_on_while_batches_are_appended(log):
    frames = fill(log, BATCHES[:2])
    reader = log.read()
    assert next(reader) == frames[0]
    frames += fill(log, BATCHES * 3)
    rest = list(reader)
    assert rest == frames[1 : 1 + len(rest)]
    assert list(log.read()) == frames


@pytest.mark.parametrize(("ahead", "count"), [(1, 1), (-1, 1), (0, 0)])
def test_a_batch_out_of_turn_is_refused_and_the_log_stops(log, ahead, count):
    frames = fill(log)
    with pytest.raises(LogFailure, match="only one writer"):
        log.append(b"x", log.next_seq() + ahead, count)
    with pytest.raises(LogFailure, match="only one writer"):
        log.append(b"x", log.next_seq(), 1)
    assert list(log.read()) == frames


def test_a_closed_log_takes_nothing(log):
    log.close()
    with pytest.raises(LogFailure, match="closed"):
        log.append(b"x", 0, 1)


def test_what_was_acknowledged_is_there_after_opening_again(reopen):
    frames = []
    for _ in range(4):
        log = reopen()
        assert list(log.read()) == frames
        assert log.next_seq() == sum(frame.count for frame in frames)
        assert log.notes() == ()
        frames += fill(log)


def test_a_stopped_log_goes_on_where_it_was_after_opening_again(reopen):
    log = reopen()
    frames = fill(log)
    with pytest.raises(LogFailure):
        log.append(b"x", 0, 1)
    log = reopen()
    frames += fill(log)
    assert list(log.read()) == frames


def test_two_can_not_open_one_log(reopen, request):
    log = reopen()
    with pytest.raises(LogFailure, match="another process"):
        DURABLE[request.node.callspec.params["reopen"]](request.getfixturevalue("tmp_path"))
    fill(log)


@pytest.mark.parametrize("name", list(DURABLE))
def test_another_process_can_not_open_a_log_that_is_open(name, tmp_path):
    log = DURABLE[name](tmp_path)
    target = tmp_path / "journal" / ("log.sqlite" if name == "sqlite" else "")
    words = (
        "from jindi.ports import LogFailure\n"
        "from jindi.stores import SegmentLog, SqliteLog\n"
        f"try: {type(log).__name__}({str(target)!r})\n"
        "except LogFailure as failure: print(failure)\n"
    )
    answer = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert "another process has this log open" in answer.stdout
    log.close()


@pytest.mark.parametrize("name", list(DURABLE))
def test_a_folder_that_can_not_be_made_is_a_failure_with_words(name, tmp_path):
    (tmp_path / "journal").write_text("a file where the folder should be")
    with pytest.raises(LogFailure, match="can't be opened"):
        DURABLE[name](tmp_path)


def test_a_batch_larger_than_an_empty_segment_takes_its_place(tmp_path):
    log = SegmentLog(tmp_path, segment_bytes=2048)
    frames = fill(log, [(b"x" * 4_000, 1), (b"y" * 1_400, 1), (b"z" * 4_000, 1), (b"", 1)])
    assert log.boundaries() == (1, 2)
    assert list(log.read()) == frames
    log.close()
    log = SegmentLog(tmp_path, segment_bytes=2048, thorough=True)
    frames += fill(log, [(b"x" * 1_000, 1), (b"y" * 9_000, 1)])
    assert log.boundaries() == (1, 2, 4, 5)
    for first in range(7):
        assert list(log.read(first)) == frames[first:]
    log.close()


def test_a_full_sqlite_log_stops_and_loses_nothing(tmp_path):
    log = open_sqlite(tmp_path)
    frames = fill(log)
    (pages,) = log._base.execute("pragma page_count").fetchone()
    log._base.execute(f"pragma max_page_count = {pages + 1}")
    for _ in range(2):
        with pytest.raises(LogFailure, match="could not be made durable: database or disk is full"):
            log.append(bytes(50_000), log.next_seq(), 1)
    assert list(log.read()) == frames
    log.close()
    log = open_sqlite(tmp_path)
    frames += fill(log)
    assert list(log.read()) == frames
    log.close()


@pytest.mark.parametrize("size", [0, 1024, 2047, 4097])
def test_a_segment_of_an_impossible_size_is_refused(tmp_path, size):
    with pytest.raises(ValueError, match="a multiple of 512, at least 2048"):
        SegmentLog(tmp_path, segment_bytes=size)


def test_full_segments_are_told_when_they_are_sealed(tmp_path):
    told = []
    log = SegmentLog(tmp_path, segment_bytes=2048, on_sealed=told.append)
    fill(log, [(b"x" * 600, 2)] * 5)
    assert tuple(told) == log.boundaries() == (2, 4, 6, 8)
    log.close()


@pytest.mark.parametrize(("mark", "step"), [(1, 1 << 20), (3_000, 4_096), (20_000, 777)])
def test_the_index_and_the_step_change_nothing_that_is_read(tmp_path, monkeypatch, mark, step):
    monkeypatch.setattr("jindi.stores.segments._MARK", mark)
    monkeypatch.setattr("jindi.stores.segments._STEP", step)
    log = SegmentLog(tmp_path, segment_bytes=65536)
    frames = fill(log, BATCHES * 15)
    assert len(log.boundaries()) > 1
    for _ in range(2):
        for first in range(0, log.next_seq() + 2, 3):
            expected = [frame for frame in frames if frame.first + frame.count > first]
            assert list(log.read(first)) == expected
        log.close()
        log = SegmentLog(tmp_path, segment_bytes=65536)
    log.close()


class CountingDisk(Disk):
    """The disk, and how many bytes were read from it."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def read(self, fd, size, at):
        data = super().read(fd, size, at)
        self.bytes += len(data)
        return data


def test_where_a_reader_has_walked_the_next_one_need_not(tmp_path, monkeypatch):
    monkeypatch.setattr("jindi.stores.segments._MARK", 1_000)
    monkeypatch.setattr("jindi.stores.segments._STEP", 4_096)
    log = SegmentLog(tmp_path, segment_bytes=65536)
    fill(log, [(b"x" * 600, 1)] * 150)
    log.close()
    disk = CountingDisk()
    log = SegmentLog(tmp_path, segment_bytes=65536, file_system=disk, read_only=True)
    wanted = log.boundaries()[0] - 10  # far back in a segment that is full
    read = []
    for _ in range(2):
        before = disk.bytes
        reader = log.read(wanted)
        assert next(reader).first == wanted
        reader.close()
        read.append(disk.bytes - before)
    log.close()
    assert read[0] > 50_000
    assert read[1] < 10_000


@settings(max_examples=40, deadline=None)
@given(
    batches=st.lists(
        st.tuples(st.one_of(st.binary(max_size=200), st.integers(0, 9_000).map(bytes)), st.integers(1, 5)),
        max_size=30,
    ),
    size=st.sampled_from([2048, 4096, 8192]),
)
def test_any_batches_come_back_from_segments_of_any_size(tmp_path_factory, batches, size):
    folder = tmp_path_factory.mktemp("journal")
    log = SegmentLog(folder, segment_bytes=size)
    frames = fill(log, batches)
    assert list(log.read()) == frames
    log.close()
    log = SegmentLog(folder, segment_bytes=size, thorough=True)
    assert list(log.read()) == frames
    bounds = (0, *log.boundaries(), log.next_seq())
    assert all(low <= high for low, high in pairwise(bounds))
    assert log.notes() == ()
    log.close()
