"""A backup killed with SIGKILL at any instant leaves one that is whole, and the next one goes on."""

import os
import random
import signal
import time

import pytest

from backup_world import Folder
from jindi.run.backup import making
from jindi.run.backup.retention import Retention


@pytest.mark.parametrize("seed", range(2))
def test_a_backup_that_is_killed_leaves_the_older_one_and_the_next_is_whole(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(making, "PIECE_BYTES", 3_000)
    monkeypatch.setattr(making, "REMEMBER_EVERY", 2)
    chance, folder = random.Random(seed), Folder(tmp_path)
    folder.grow((4,) * 4)
    began = time.perf_counter()
    folder.back_up()
    # What a backup takes at most: less than we thought when one was whole before it was killed, else more.
    long_s, killed, whole = time.perf_counter() - began, 0, [folder.batches()]
    for number in range(12):
        folder.grow([chance.randrange(1, 6) for _ in range(40)])
        child = os.fork()
        if not child:
            try:
                folder.back_up(beside=True)
            finally:
                os._exit(0)
        time.sleep(chance.random() * long_s)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        long_s *= 1.3 if os.WIFSIGNALED(status) else 0.6
        whole.append(folder.batches())
        given = folder.given_back(tmp_path / f"restored-{number}")
        assert given in whole
    folder.back_up()
    assert folder.given_back(tmp_path / "restored") == folder.batches()
    # What was sealed for nothing goes, and nothing else.
    with folder.opened() as repository:
        repository.prune(Retention(1), folder.signer.verifier)
    assert folder.given_back(tmp_path / "pruned") == folder.batches()
    assert killed > 0
    folder.log.close()
