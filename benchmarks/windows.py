"""The windows alone: batch and single call, hot keys, many windows, memory; then peers on the same work."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import peers_columns, peers_ours, peers_postgres, peers_redis, peers_river
from benchmarks.features import DAY, ENTITIES, definitions
from benchmarks.measuring import Report, collector_off, cpu_s
from benchmarks.work import Work, differences, work
from jindi.features import Batch, Windows, plan
from jindi.packs.definitions import Definitions, Over

ALONE = "Features alone"
COLUMNS = "Features beside DuckDB, Polars: 36, whole stream"
LIVE = "Features beside river, Redis, PostgreSQL: 36, event by event"
Make = Callable[[Work], object]
"""A peer's class: the work in, something with `run` and `close` out."""

START = 1_700_000_000 * 10**6


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:  # noqa: ARG001 - one shape for all
    """Everything about windows."""
    alone(report, quick=quick, rounds=rounds)
    depths(report, quick=quick, rounds=rounds)
    widths(report, quick=quick, rounds=rounds)
    beside_columns(report, quick=quick, rounds=min(rounds, 3))
    beside_live(report, quick=quick, rounds=min(rounds, 3))


# ---- ours alone ------------------------------------------------------------------------------------


def alone(report: Report, *, quick: bool, rounds: int) -> None:
    """Throughput in batches, cost of single calls, bytes per event and key."""
    keys = 500 if quick else 20_000
    given = work(5_000 if quick else 300_000, keys)
    tail = 1_000 if quick else 20_000
    batch, memory = [], []
    single: list[float] = []
    names_share: list[float] = []
    peers_ours.Batched(given.head(100)).run()
    for _ in range(rounds):
        ours = peers_ours.Batched(given.head(given.events - tail))
        _, spent = ours.run()
        batch.append((given.events - tail) / spent)
        held = ours.windows.memory()
        memory.append(held.total_bytes / (given.events - tail) / len(ENTITIES))
        names_share.append(held.names_bytes / (given.events - tail) / len(ENTITIES))
        rows = [("payment", int(row[1]), row[2:]) for row in given.rows()][-tail:]
        single.append(_per_event(ours.windows, rows))
    report.add(ALONE, "36 features over 4 keys, in batches", "events/s", batch, at_least=300_000)
    report.add(ALONE, "36 features over 4 keys, one call from Python", "µs", single, at_most=6)
    told = f"memory, all told, {(given.events - tail) / keys:.0f} events a key"
    report.add(ALONE, told, "B per event and key", memory, at_most=52)
    report.add(ALONE, "… of which keys and values in Python (estimated)", "B per event and key", names_share)


def _per_event(windows: Windows, rows: Sequence[tuple]) -> float:
    """CPU µs of each live call."""
    observe = windows.observe
    for row in rows[: len(rows) // 10]:
        observe(*row)
    rest = rows[len(rows) // 10 :]
    with collector_off():
        begin = cpu_s()
        for row in rest:
            observe(*row)
        return (cpu_s() - begin) / len(rest) * 1e6


def depths(report: Report, *, quick: bool, rounds: int) -> None:
    """One hot key whose thirty days hold ever more events: the live call must not notice."""
    declared = definitions()
    program = plan(declared, {"payment": frozenset(declared.features)})
    sizes = (10, 1_000) if quick else (10, 100, 1_000, 10_000, 100_000, 1_000_000)
    calls = 500 if quick else 10_000
    took: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(min(rounds, 3)):
        for size in sizes:
            took[size].append(_per_event(*_hot(program, size, calls)))
    for size in sizes:
        report.add(ALONE, f"live call on one hot key of {size:,} events", "µs", took[size])
    ratios = [most / least for most, least in zip(took[sizes[-1]], took[sizes[0]], strict=True)]
    report.add(ALONE, f"… {sizes[-1]:,} events beside {sizes[0]}", "×", ratios, at_most=2)


def _hot(program, size: int, calls: int) -> tuple[Windows, list[tuple]]:
    """Windows whose user, merchant and card have so many events in thirty days, and the events that follow.

    They follow at the same pace: for each that comes one goes out of the longest window.
    """
    windows = Windows(program)
    gap_us = 30 * DAY // size
    random = np.random.default_rng(3)
    devices = [f"d{i}" for i in random.integers(0, 50, size + calls).tolist()]
    amounts = random.integers(1, 10**6, size + calls)
    times = START + np.arange(size + calls) * gap_us
    for begin in range(0, size, 100_000):
        cut = slice(begin, min(begin + 100_000, size))
        rows = len(times[cut])
        columns = [["u1"] * rows, devices[cut], ["m1"] * rows, ["c1"] * rows, amounts[cut]]
        windows.observe_batch(Batch(("payment",), np.zeros(rows, np.int64), times[cut], [columns]))
    after = zip(times[size:].tolist(), devices[size:], amounts[size:].tolist(), strict=True)
    return windows, [("payment", at, ("u1", device, "m1", "c1", amount)) for at, device, amount in after]


def widths(report: Report, *, quick: bool, rounds: int) -> None:
    """The same folds over ever more windows."""
    counts = (1, 4) if quick else (1, 2, 4, 8, 16)
    given = work(3_000 if quick else 60_000, 300 if quick else 4_000)
    took: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(min(rounds, 5)):
        for count in counts:
            declared = _widened(count)
            windows = Windows(plan(declared, {"payment": frozenset(declared.features)}))
            observe = windows.observe
            rows = [("payment", int(row[1]), row[2:]) for row in given.rows()]
            for row in rows[: len(rows) // 2]:
                observe(*row)
            took[count].append(_per_event(windows, rows[len(rows) // 2 :]))
    for count in counts:
        features = len(_widened(count).features)
        report.add(ALONE, f"live call, {count} windows of each fold ({features} features)", "µs", took[count])


def _widened(count: int) -> Definitions:
    """Count, sum, mean, max and distinct over so many windows up to thirty days, for each of the four keys."""
    declared = definitions()
    patterns = {}
    for feature in declared.features.values():
        patterns.setdefault((feature.by["payment"], feature.fold), feature)
    features = {}
    for (key, fold), feature in patterns.items():
        if fold == "std":
            continue
        for number in range(1, count + 1):
            name = f"{key[0]}_{fold}_{number}"
            features[name] = replace(feature, name=name, over=Over("sliding", 30 * DAY * number // count))
    return replace(declared, features=features)


# ---- peers -----------------------------------------------------------------------------------------


def installed(report: Report, module: str, name: str) -> bool:
    """Whether a peer's Python package is there; says so when it is not."""
    if importlib.util.find_spec(module) is not None:
        return True
    report.say(f"{name} is not installed (pip install -r requirements-bench.lock): not compared")
    return False


def in_turn(
    report: Report,
    subject: str,
    given: Work,
    ours: Make,
    peers: Sequence[Make],
    *,
    rounds: int,
    promises: dict[str, float],
) -> None:
    """Equal first, then round by round in turn; a peer that answers otherwise is told of, not timed."""
    mine = ours(given)
    truth, _ = mine.run()
    running = []
    for make in peers:
        peer = make(given)
        answers, _ = peer.run()
        if wrong := differences(truth, answers, peer.features):
            report.say(
                f"{peer.name} {peer.version}: {len(wrong)} of {len(peer.features)} features differ"
                f" ({', '.join(wrong[:3])}): not timed"
            )
            continue
        running.append(peer)
    spent: dict[str, list[float]] = {}
    for _ in range(rounds):
        for each in (mine, *running):
            spent.setdefault(each.name, []).append(each.run()[1] / given.events * 1e6)
    report.add(subject, f"{mine.name} ({given.events:,} events)", "CPU µs per event", spent[mine.name])
    for peer in running:
        some = (
            f", {len(peer.features)} of {len(given.features)} features"
            if len(peer.features) < len(given.features)
            else ""
        )
        ratios = [theirs / own for theirs, own in zip(spent[peer.name], spent[mine.name], strict=True)]
        note = "results equal"
        report.add(subject, f"{peer.name} ({peer.version}){some}", "CPU µs per event", spent[peer.name], note=note)
        report.add(subject, f"… {peer.name} beside {mine.name}", "×", ratios, at_least=promises.get(peer.name))
    for peer in (mine, *running):
        peer.close()


def beside_columns(report: Report, *, quick: bool, rounds: int) -> None:
    """The whole stream at once, in order of arrival."""
    given = work(2_000 if quick else 200_000, 200 if quick else 20_000)
    peers = []
    if installed(report, "duckdb", "DuckDB"):
        peers.append(peers_columns.DuckDb)
    if installed(report, "polars", "Polars"):
        peers.append(peers_columns.Polars)
    in_turn(report, COLUMNS, given, peers_ours.Batched, peers, rounds=rounds, promises={"DuckDB": 4, "Polars": 8})


def beside_live(report: Report, *, quick: bool, rounds: int) -> None:
    """One event after the other, as a live system asks."""
    given = work(300 if quick else 2_500, 30 if quick else 250)
    peers: list[Make] = []
    servers = []
    if installed(report, "river", "river"):
        peers.append(peers_river.River)
    for module, name, server_of, ways in (
        ("redis", "Redis", peers_redis.Server, (peers_redis.ClientComputed, peers_redis.LuaComputed)),
        ("psycopg", "PostgreSQL", peers_postgres.Server, (peers_postgres.OneSelect, peers_postgres.SelectEach)),
    ):
        if not installed(report, module, f"{name}'s client"):
            continue
        try:
            server = server_of()
        except (OSError, RuntimeError) as error:
            report.say(f"{name} is not compared: {error}")
            continue
        servers.append(server)
        peers += [lambda given, way=way, server=server: way(given, server) for way in ways]
    promises = {peers_redis.ClientComputed.name: 50, peers_redis.LuaComputed.name: 50}
    try:
        in_turn(report, LIVE, given, peers_ours.Single, peers, rounds=rounds, promises=promises)
    finally:
        for server in servers:
            server.close()
