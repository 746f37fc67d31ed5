"""What the features room claims, measured: one event at a time, in batches, on a hot key, and its memory.

`python benchmarks/features.py` prints the figures; `measure(...)` returns them. CPU time of this process
alone, so that a busy machine disturbs little.
"""

import gc
import json
import sys
import time
from zoneinfo import ZoneInfo

import numpy as np

from jindi.features import Batch, Windows, plan
from jindi.language import INT, RATIO, TEXT, Kind, Type
from jindi.packs.definitions import Definitions, EventDef, FeatureDef, FieldDef, Over, Words

DOC = Words("一句话", "one sentence")
MONEY = Type(Kind.MONEY, of="CNY")
SECOND, MINUTE, HOUR, DAY = 10**6, 60 * 10**6, 3600 * 10**6, 86_400 * 10**6
OVERS = {"1m": MINUTE, "1h": HOUR, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
ENTITIES = ("user", "device", "merchant", "card")


def _feature(name, entity, fold, value, over_us):
    kind = RATIO if fold in ("mean", "std") else MONEY if value == "amount" else INT
    return FeatureDef(
        name, "bench", DOC, ("payment",), {"payment": (entity,)}, (entity,), fold,
        {"payment": value} if value else {}, Over("sliding", over_us), 0, {}, "attempts", "include", 0, kind,
        ZoneInfo("Asia/Shanghai"), "open",
    )  # fmt: skip


def definitions():
    """36 features over 4 keys: counts, sums, means, deviations, extremes and distinct values, to 30 days."""
    fields = [FieldDef(name, TEXT, "C1", DOC, entity=name) for name in ENTITIES]
    event = EventDef("payment", "bench", DOC, (*fields, FieldDef("amount", MONEY, "C1", DOC)), 0)
    features = []
    for entity in ENTITIES:
        other = "device" if entity == "user" else "user"
        for fold, value, over in (
            ("count", "", "1h"), ("count", "", "1d"), ("count", "", "30d"), ("sum", "amount", "1d"),
            ("sum", "amount", "30d"), ("mean", "amount", "30d"), ("max", "amount", "7d"),
            ("std", "amount", "30d"), ("distinct", other, "7d"),
        ):  # fmt: skip
            features.append(_feature(f"{entity}_{fold}_{value}_{over}", entity, fold, value, OVERS[over]))
    return Definitions({}, {"payment": event}, {f.name: f for f in features}, {}, {}, {}, (), "bench")


def stream(events, keys, seed=7, days=40):
    """A stream with popular and rare keys (lognormal), in the order of time."""
    random = np.random.default_rng(seed)
    weights = random.lognormal(0, 1.5, keys)
    weights /= weights.sum()
    columns = [[f"{name}{i}" for i in random.choice(keys, events, p=weights).tolist()] for name in ENTITIES]
    times = np.sort(random.integers(0, days * DAY, events)) + 1_700_000_000 * SECOND
    return columns, random.lognormal(9, 1, events).astype(np.int64), times


def _batch(columns, amounts, times, begin, end):
    cut = [column[begin:end] for column in columns]
    return Batch(("payment",), np.zeros(end - begin, np.int64), times[begin:end], [[*cut, amounts[begin:end]]])


def measure(events=400_000, keys=20_000, singles=20_000, hot=1_000_000):
    """The figures, by name."""
    figures = {}
    defs = definitions()
    reads = {"payment": frozenset(defs.features)}
    program = plan(defs, reads)
    windows = Windows(program)
    columns, amounts, times = stream(events + singles, keys)
    windows.observe_batch(_batch(columns, amounts, times, 0, 1))
    gc.collect()
    begin = time.process_time()
    for at in range(1, events, 50_000):
        windows.observe_batch(_batch(columns, amounts, times, at, min(at + 50_000, events)))
    spent = time.process_time() - begin
    figures["batch events/s"] = round((events - 1) / spent)
    rows = [
        ("payment", int(times[i]), (*(column[i] for column in columns), int(amounts[i])))
        for i in range(events, events + singles)
    ]
    for row in rows[:200]:
        windows.observe(*row)
    begin = time.process_time()
    for row in rows[200:]:
        windows.observe(*row)
    figures["single us"] = round((time.process_time() - begin) / (singles - 200) * 1e6, 2)
    figures |= memory(windows)
    figures["hot key single us"] = hot_key(program, hot)
    return figures


def memory(windows):
    """Bytes per record of a list, and per event and key (all lists of a key together, free space included)."""
    weighed = windows.memory()
    arena = sum(s.bytes for s in weighed.structures) + weighed.free_bytes + weighed.directory_bytes
    events = sum(s.records for s in weighed.structures if any("sum" in name for name in s.features))
    return {
        "lists per event": len(weighed.structures),
        "bytes per record": round(arena / sum(s.records for s in weighed.structures), 1),
        "bytes per event and key": round(arena / events, 1),
        "bytes per event and key of keys and values in Python": round(weighed.names_bytes / events, 1),
    }


def hot_key(program, most):
    """Microseconds per single event on one key that holds 10, 1000, ... events within its windows."""
    figures = {}
    random = np.random.default_rng(3)
    size = 10
    while size <= most:
        windows = Windows(program)
        gap = 20 * DAY // size
        times = np.arange(size, dtype=np.int64) * gap + 1_700_000_000 * SECOND
        columns = [["u1"] * size, [f"d{i}" for i in random.integers(0, 50, size)], ["m1"] * size, ["c1"] * size]
        amounts = random.integers(1, 10**6, size)
        for begin in range(0, size, 100_000):
            windows.observe_batch(_batch(columns, amounts, times, begin, min(begin + 100_000, size)))
        now = int(times[-1])
        windows.read("payment", now, ("u1", "d1", "m1", "c1", 5))
        begin = time.process_time()
        rounds = 20_000
        for i in range(rounds):
            windows.read("payment", now + i, ("u1", "d1", "m1", "c1", 5 + i))
        figures[size] = round((time.process_time() - begin) / rounds * 1e6, 2)
        size *= 10
    return figures


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:])), indent=1))
