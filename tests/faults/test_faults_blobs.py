"""Blobs on a disk that forgets and fails: a name holds the old bytes or the new ones, never a mixture."""

import pytest
from simulated_disk import Died, SimulatedDisk

from jindi.stores import FileBlobs

OLD, NEW = b"old " * 300, b"new, and longer " * 200
CHUNKS = [NEW[:700], NEW[700:701], NEW[701:]]
WAYS = ("die", "die_half", "die_after", "EIO", "EIO_half", "ENOSPC_half", "EROFS")


def prepared(seed):
    disk = SimulatedDisk(seed)
    blobs = FileBlobs("b", file_system=disk)
    blobs.save("state", [OLD])
    return disk, blobs


def calls_of_a_save():
    disk, blobs = prepared(0)
    before = disk.calls
    blobs.save("state", CHUNKS)
    return disk.calls - before


@pytest.mark.parametrize("power_cut", [False, True])
@pytest.mark.parametrize("how", WAYS)
def test_a_save_that_fails_at_any_call_leaves_old_or_new(how, power_cut):
    for at in range(1, calls_of_a_save() + 1):
        for seed in range(20):
            disk, blobs = prepared(seed)
            disk.inject(at, how)
            with pytest.raises((Died, OSError)):
                blobs.save("state", CHUNKS)
            if power_cut:
                disk.power_cut()
            else:
                disk.kill()
            blobs = FileBlobs("b", file_system=disk)
            assert blobs.load("state") in (OLD, NEW)
            assert blobs.names() == ("state",)
            blobs.tidy()
            assert list(disk.seen) == ["b/state"]


def test_a_finished_save_survives_a_power_cut():
    for seed in range(50):
        disk, blobs = prepared(seed)
        blobs.save("state", CHUNKS)
        disk.power_cut()
        assert FileBlobs("b", file_system=disk).load("state") == NEW


def test_a_finished_drop_survives_a_power_cut():
    for seed in range(50):
        disk, blobs = prepared(seed)
        blobs.drop("state")
        disk.power_cut()
        assert FileBlobs("b", file_system=disk).load("state") is None
