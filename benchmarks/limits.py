"""What this machine can do at all: memory and disk, so that every other figure has a neighbour."""

import os
import time
from pathlib import Path

import numpy as np

from benchmarks.measuring import Report, percentile

SUBJECT = "This machine"
BLOCK = 4_096
SEGMENT = 64 * 2**20
GAP_S = 0.001


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """Copying memory, gathering at random, and making a block durable."""
    words = (2**20 if quick else 2**25) // 8
    source = np.arange(words)
    target = np.empty_like(source)
    places = np.random.default_rng(1).integers(0, words, 2**17)
    copies, gathers, syncs, tails = [], [], [], []
    for _ in range(rounds):
        copies.append(_best(lambda: np.copyto(target, source), 8) * 1e6)
        gathers.append(_best(lambda: source[places], 8) / len(places) * 1e9)
        middle, tail = _syncs(folder / "sync", 40 if quick else 400)
        syncs.append(middle)
        tails.append(tail)
    report.add(SUBJECT, "memcpy, read and written", "GB/s", [2 * source.nbytes / us / 1e3 for us in copies])
    report.add(SUBJECT, "random 8-byte gather", "ns", gathers)
    report.add(SUBJECT, "fdatasync of 4 KiB in a zero-filled file, 1 ms apart, p50", "ms", syncs)
    report.add(SUBJECT, "fdatasync of 4 KiB in a zero-filled file, 1 ms apart, p99", "ms", tails)


def _best(work, times: int) -> float:
    """The quickest of some goes, in seconds: what the machine can, not what its neighbours leave."""
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best


def _syncs(path: Path, count: int) -> tuple[float, float]:
    """The median and the 99th percentile of `count` syncs, in ms."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(file, bytes(SEGMENT // 16), 0)
        os.fsync(file)
        took, block = [], os.urandom(BLOCK)
        for number in range(count):
            os.pwrite(file, block, number * BLOCK)
            begin = time.perf_counter()
            os.fdatasync(file)
            took.append((time.perf_counter() - begin) * 1e3)
            time.sleep(GAP_S)
    finally:
        os.close(file)
        path.unlink()
    took.sort()
    return percentile(took, 0.5), percentile(took, 0.99)
