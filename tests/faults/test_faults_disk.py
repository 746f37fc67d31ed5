"""The real disk: what the simulated one stands for."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from jindi.journal import verify
from jindi.ports import LogFailure
from jindi.stores import Disk, SegmentLog

LANE = """
import sys
from jindi.journal import Chain, verify
from jindi.stores import SegmentLog
log, chain = SegmentLog(sys.argv[1], segment_bytes=65536), Chain()
verify(log.read(), chain=chain)
while True:
    first = chain.next_seq
    log.append(chain.seal([b"%d" % first, bytes(first * 37 % 3000)], first), first, 2)
    print(log.next_seq(), flush=True)
"""


def test_a_killed_process_loses_nothing_that_it_said(tmp_path):
    for turn in range(4):
        lane = subprocess.Popen([sys.executable, "-c", LANE, str(tmp_path)], stdout=subprocess.PIPE)
        said = [lane.stdout.readline() for _ in range(5 + 31 * turn)]
        lane.send_signal(signal.SIGKILL)
        said += lane.stdout.readlines()
        lane.wait()
        lane.stdout.close()
        whole = [line for line in said if line.endswith(b"\n")]
        log = SegmentLog(tmp_path, segment_bytes=65536)
        verified = verify(log.read())
        assert int(whole[-1]) <= verified.records <= int(whole[-1]) + 2
        log.close()


def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    """A snapshot is written by a fork, which may outlive the log of its parent."""
    words = f"""
import os, signal
from jindi.stores import SegmentLog
log = SegmentLog({str(tmp_path)!r}, segment_bytes=65536)
child = os.fork()
if not child:
    signal.alarm(20)
    signal.pause()
log.close()
SegmentLog({str(tmp_path)!r}, segment_bytes=65536).close()
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
print("opened again")
"""
    answer = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert "opened again" in answer.stdout


def test_a_write_that_the_system_takes_in_pieces_is_finished(tmp_path, monkeypatch):
    disk, real = Disk(), os.pwrite
    fd = disk.open(str(tmp_path / "file"), create=True)
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, bytes(data)[:7], at))
    disk.write(fd, bytes(range(100)), 3)
    assert disk.read(fd, 200, 3) == bytes(range(100))
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: 0)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        disk.write(fd, b"", 0) or disk.write(fd, b"x", 0)
    disk.close(fd)


def test_a_read_that_the_system_gives_in_pieces_is_put_together(tmp_path, monkeypatch):
    disk, real = Disk(), os.pread
    fd = disk.open(str(tmp_path / "file"), create=True)
    disk.write(fd, bytes(range(100)), 0)
    monkeypatch.setattr(os, "pread", lambda fd, size, at: real(fd, min(size, 7), at))
    assert disk.read(fd, 200, 3) == bytes(range(3, 100))
    disk.close(fd)


def test_folders_are_made_with_their_parents(tmp_path):
    disk = Disk()
    disk.make_folder(str(tmp_path / "a" / "b" / "c"))
    disk.make_folder(str(tmp_path / "a" / "b" / "c"))
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"exists|directory"):
        disk.make_folder(str(tmp_path / "file"))


def test_reserving_space_never_shortens_a_file(tmp_path):
    disk = Disk()
    fd = disk.open(str(tmp_path / "file"), create=True)
    disk.allocate(fd, 4096)
    disk.allocate(fd, 512)
    assert disk.size(fd) == 4096
    disk.close(fd)


def test_a_file_size_limit_stops_the_log_before_anything_is_acknowledged(tmp_path):
    """A real refusal of the system in the middle of a run, not a simulated one."""
    words = f"""
import resource, signal
from jindi.ports import LogFailure
from jindi.stores import SegmentLog
log = SegmentLog({str(tmp_path)!r}, segment_bytes=65536)
log.append(b"a" * 60_000, 0, 1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    log.append(b"b" * 60_000, 1, 1)
except LogFailure as failure:
    print(failure)
"""
    answer = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert "could not be made durable: File too large" in answer.stdout
    log = SegmentLog(tmp_path, segment_bytes=65536, thorough=True)
    assert [frame.batch for frame in log.read()] == [b"a" * 60_000]
    log.append(b"b" * 60_000, 1, 1)
    log.close()


def test_a_log_that_is_not_there_can_not_be_looked_at(tmp_path):
    with pytest.raises(LogFailure, match="can't be opened"):
        SegmentLog(tmp_path / "nothing", read_only=True)
    assert list(tmp_path.iterdir()) == []
