"""What a durable batch costs: our segments beside SQLite, the same bytes, the same folder, turn by turn.

`python benchmarks/journal.py [FOLDER]` prints a table; `measure()` returns its rows. Wall time waits for
the disk under FOLDER (a temporary folder when none is given) and for whoever else uses the machine; CPU
time is this process alone. What both logs read back is compared before any figure is told.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from jindi.journal import Chain, Tree, verify
from jindi.stores import SegmentLog, SqliteLog

RECORD_BYTES = 300
BATCHES = (1, 10, 100, 1000)
BACKENDS = {"segments": SegmentLog, "sqlite": SqliteLog}


def _round(log, chain, records, appends):
    """Wall times of single appends in ms, and the CPU of the chain and of the log in µs per append."""
    walls, sealing, appending = [], 0, 0
    for _ in range(appends):
        begin = time.process_time_ns()
        first = chain.next_seq
        batch = chain.seal(records, first)
        middle, wall = time.process_time_ns(), time.perf_counter_ns()
        log.append(batch, first, len(records))
        walls.append((time.perf_counter_ns() - wall) / 1e6)
        sealing, appending = sealing + middle - begin, appending + time.process_time_ns() - middle
    return walls, sealing / appends / 1e3, appending / appends / 1e3


def _row(backend, size, rounds):
    walls = sorted(wall for told, _, _ in rounds for wall in told)
    medians = [statistics.median(told) for told, _, _ in rounds]
    appending = [cpu for _, _, cpu in rounds]
    median_ms = statistics.median(walls)
    return {
        "log": backend,
        "batch": size,
        "median_ms": median_ms,
        "median_ms_least": min(medians),
        "median_ms_most": max(medians),
        "p99_ms": walls[int(len(walls) * 0.99)],
        "records_per_s": size / median_ms * 1e3,
        "seal_cpu_us": statistics.median(cpu for _, cpu, _ in rounds),
        "append_cpu_us": statistics.median(appending),
        "append_cpu_us_least": min(appending),
        "append_cpu_us_most": max(appending),
    }


def measure(folder=None, rounds=7, appends=40):
    """Rows of figures: one for each log and batch size, then one for each log of reading all back."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        places = {"segments": Path(made) / "segments", "sqlite": Path(made) / "log.sqlite"}
        logs = {name: BACKENDS[name](place) for name, place in places.items()}
        chains = {name: Chain() for name in logs}
        rows = []
        for size in BATCHES:
            records = [bytes([65 + index % 26]) * RECORD_BYTES for index in range(size)]
            told = {name: [] for name in logs}
            for name, log in logs.items():
                _round(log, chains[name], records, 5)
            for _ in range(rounds):  # in turn, so that a slow moment of the machine meets both
                for name, log in logs.items():
                    told[name].append(_round(log, chains[name], records, appends))
            rows += [_row(name, size, told[name]) for name in logs]
        heads, reads = {}, []
        for name, log in logs.items():
            log.close()
            begin = time.perf_counter()
            again = BACKENDS[name](places[name])
            opened = time.perf_counter()
            proved = verify(again.read())
            done = time.perf_counter()
            again.close()
            heads[name] = (proved.head, proved.records)
            reads.append(
                {
                    "log": name,
                    "open_ms": (opened - begin) * 1e3,
                    "verified_records_per_s": proved.records / (done - opened),
                }
            )
        assert len(set(heads.values())) == 1, "the two logs do not hold the same records"
        return rows + reads


def tree_cost(rounds=7, count=20_000):
    """The Merkle tree's CPU in µs for a record: for each batch size the median, the least and the most."""
    records, rows = [index.to_bytes(4, "big") * (RECORD_BYTES // 4) for index in range(count)], []
    for size in BATCHES:
        told = []
        for _ in range(rounds):
            tree, begin = Tree(), time.process_time_ns()
            for first in range(0, count, size):
                tree.extend(records[first : first + size])
            told.append((time.process_time_ns() - begin) / count / 1e3)
        rows.append((size, statistics.median(told), min(told), max(told)))
    return rows


def main():
    rows = measure(sys.argv[1] if len(sys.argv) > 1 else None)
    print(f"batches of {RECORD_BYTES} B records, durable before append returns; median (least to most)")
    print(f"{'log':9} {'batch':>5} {'ms':>24} {'p99 ms':>8} {'records/s':>10} {'CPU µs':>22} {'seal µs':>8}")
    for row in rows:
        if "batch" in row:
            wall = f"{row['median_ms']:.3f} ({row['median_ms_least']:.3f} to {row['median_ms_most']:.3f})"
            cpu = f"{row['append_cpu_us']:.0f} ({row['append_cpu_us_least']:.0f} to {row['append_cpu_us_most']:.0f})"
            print(
                f"{row['log']:9} {row['batch']:5} {wall:>24} {row['p99_ms']:8.2f} "
                f"{row['records_per_s']:10,.0f} {cpu:>22} {row['seal_cpu_us']:8.1f}"
            )
        else:
            print(
                f"{row['log']:9} opened in {row['open_ms']:.1f} ms, "
                f"{row['verified_records_per_s']:,.0f} records/s read, checked and chained"
            )
    for size, median, least, most in tree_cost():
        print(f"tree      {size:5} {median:.2f} ({least:.2f} to {most:.2f}) CPU µs for a record")


if __name__ == "__main__":
    main()
