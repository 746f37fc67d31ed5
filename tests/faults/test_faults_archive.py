"""An archive on a disk that forgets and fails: whatever call is the last, afterwards each decision stands once."""

from functools import cache

import pytest
from simulated_disk import Died, SimulatedDisk

from history_world import naive_rows, prefix, read_rows, rebatched, shop_journal
from jindi.run.archive import Archive
from jindi.run.history import follower as following
from jindi.run.history import parts as stored
from jindi.run.history.follower import Follower
from jindi.run.history.manifest import MANIFEST, load
from jindi.run.history.verify import verify
from jindi.stores import FileTree

WAYS = ("die", "die_half", "die_after", "EIO", "ENOSPC_half")

TURNS_EACH = 7
"""Turns that each way is tried at; more than there are calls tries all."""


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Steps of a few rows and parts that are joined soon, so that a short story has every turn."""
    monkeypatch.setattr(following, "STEP_ROWS", 12)
    monkeypatch.setattr(stored, "GROUP_PARTS", 2)


@cache
def journal():
    """A few batches of the shop's journal, and what an archive of it must hold."""
    log = prefix(rebatched(shop_journal(), [9, 12, 3, 14, 9]), 6)
    return Archive(log), naive_rows(log)


def follow(disk):
    """Two rounds, as a platform would make them."""
    archive, _ = journal()
    files = FileTree("a", file_system=disk)
    assert files.hold()
    follower = Follower(files, archive)
    follower.follow(archive.log.next_seq() // 2)
    follower.follow()
    files.close()


def holds(disk):
    """Start again, and see that nothing is missing, nothing stands twice, and nothing is left over."""
    archive, rows = journal()
    follow(disk)
    files = FileTree("a", file_system=disk)
    assert read_rows(files) == rows
    assert set(files.names()) == {MANIFEST, *(part.path for part in load(files).parts)}
    assert verify(files, archive).rows == len(rows)


def turns():
    """The calls at which a failure is not like the one before: all but reads, and the first of each run of reads."""
    disk = SimulatedDisk()
    follow(disk)
    assert disk.log.count("rename") >= 12
    assert "remove" in disk.log, "nothing was joined"
    quiet = {"read", "size", "is_folder"}
    return [at for at, name in enumerate(disk.log, 1) if name not in quiet or disk.log[at - 2] not in quiet]


@pytest.mark.parametrize("power_cut", [False, True])
@pytest.mark.parametrize("how", WAYS)
def test_a_follower_that_ends_at_any_call_leaves_each_decision_once(how, power_cut):
    at_all = turns()
    assert len(at_all) > 100
    # Each way, with and without a power cut, has turns of its own, spread over the whole story.
    number = 2 * WAYS.index(how) + power_cut
    for at in at_all[number % (step := max(1, len(at_all) // TURNS_EACH)) :: step]:
        disk = SimulatedDisk(at)
        disk.inject(at, how)
        with pytest.raises((Died, OSError)):
            follow(disk)
        if power_cut:
            disk.power_cut()
        else:
            disk.kill()
        holds(disk)


def test_a_follower_that_ends_again_and_again_gets_there_in_the_end():
    for seed in range(3):
        disk, at = SimulatedDisk(seed), 40 + 7 * seed
        while True:
            disk.inject(at, "die_half")
            try:
                follow(disk)
            except Died:
                disk.power_cut()
                at += 61
                continue
            break
        disk.kill()
        holds(disk)


def test_what_a_round_has_archived_survives_a_power_cut():
    archive, _ = journal()
    for seed in range(6):
        disk = SimulatedDisk(seed)
        files = FileTree("a", file_system=disk)
        files.hold()
        follower = Follower(files, archive)
        follower.follow(archive.log.next_seq() // 2)
        disk.power_cut()
        kept = load(FileTree("a", file_system=disk))
        assert kept == follower.manifest
        assert kept.next > 0
        follow(disk)
        holds(disk)
