"""End to end: HTTP in, a durable decision out, the load generator on the same cores, beside an empty handler."""

import itertools
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import pack, server
from benchmarks.load import Generator
from benchmarks.measuring import Report
from jindi.basics.instants import DAY_US
from jindi.run.simulate import World
from jindi.stores.segments import SegmentLog

CONNECTIONS = (1, 8, 32, 128)
HISTORY_DAYS = 400
"""The streams begin so long ago, so that no lap of theirs comes near the present."""

USERS, SEED = 3_000, 11
OPEN_RATE, OPEN_CONNECTIONS = 2_000, 128
LINES = 1_000
AIM = "the aim was 250 B"
SUBJECTS = {
    "wallet": "HTTP, durable: shipped packs",
    "bench": f"HTTP, durable: {len(pack.KEYS) * len(pack.FEATURES)} features, {pack.RULES} rules",
    "empty": "HTTP: uvicorn, empty handler",
}


def midnight_us() -> int:
    """A midnight long ago."""
    return (time.time_ns() // 1000 // DAY_US - HISTORY_DAYS) * DAY_US


def wallet_pool(path: Path, events: int) -> int:
    """A file of simulated wallet events, one a line; returns how many whole days they take."""
    start_us = midnight_us()
    world = World(SEED, users=USERS, start_us=start_us)
    with path.open("w", encoding="utf-8") as file:
        for simulated in itertools.islice(world, events):
            file.write(json.dumps(simulated.event, ensure_ascii=False) + "\n")
    return (world.now_us - start_us) // DAY_US + 1


def bench_pool(path: Path, events: int) -> int:
    """The same for the pack of forty features: twenty events a minute or so."""
    gap_us = 3_111_111
    with path.open("w", encoding="utf-8") as file:
        for event in pack.events(events, midnight_us(), gap_us):
            file.write(json.dumps(event) + "\n")
    return events * gap_us // DAY_US + 1


def journal_bytes(data: Path) -> tuple[int, int]:
    """(bytes of all batches, records) of a journal that nobody writes."""
    log = SegmentLog(data / "journal", read_only=True)
    size = sum(len(frame.batch) for frame in log.read())
    records = log.next_seq()
    log.close()
    return size, records


def unwell(result: dict) -> str:
    """What went wrong in a run; empty when every request was answered well."""
    return ", ".join(
        [f"{count} with status {status}" for status, count in result["bad"].items()]
        + ([f"{result['unanswered']} unanswered"] if result["unanswered"] else [])
    )


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """Closed loop, open loop and batches, server by server in turn."""
    events = 2_000 if quick else 20_000
    connections = (1, 32) if quick else CONNECTIONS
    pools = {"wallet": folder / "wallet.ndjson", "bench": folder / "bench.ndjson"}
    days = {"wallet": wallet_pool(pools["wallet"], events), "bench": bench_pool(pools["bench"], events)}
    with ExitStack() as stack:
        servers = {
            "wallet": stack.enter_context(server.jindi(folder / "data-wallet")),
            "bench": stack.enter_context(server.jindi(folder / "data-bench", [pack.write(folder)])),
            "empty": stack.enter_context(server.empty()),
        }
        generators = {}
        for name, each in servers.items():
            stream = "bench" if name == "bench" else "wallet"
            generators[name] = Generator(each, pools[stream], days[stream], f"{name}-")
        seconds = 0.5 if quick else 2.5
        runs = drive(report, generators, connections, seconds, 1 if quick else min(rounds, 3))
        for name in ("wallet", "bench"):
            if died := servers[name].has_died():
                report.say(f"{SUBJECTS[name]}: {died}")
            servers[name].stop()
    for name in ("wallet", "bench"):
        tell_closed(report, name, runs, connections)
        tell_compared(report, name, runs, connections[-1])
        tell_others(report, name, runs)
        size, records = journal_bytes(folder / f"data-{name}")
        report.add(SUBJECTS[name], "journal, all told", "B per decision", [size / records], at_most=1_000, note=AIM)
    tell_closed(report, "empty", runs, connections)


Runs = dict[tuple[str, str], list[dict[str, Any]]]
"""(server, what) → the result of each round."""


def drive(
    report: Report, generators: dict[str, Generator], connections: Sequence[int], seconds: float, rounds: int
) -> Runs:
    """All runs, in turn."""
    runs: Runs = {}

    gone: set[str] = set()

    def run(name: str, what: str, mode: str, **how: object) -> None:
        if name in gone:
            return
        try:
            result = generators[name].run(mode, **how)
        except RuntimeError as error:
            # The other servers' figures, and what this one gave so far, are still worth telling.
            gone.add(name)
            report.say(f"{SUBJECTS[name]}, {what}: nothing is measured from here on: {str(error).strip()[-120:]}")
            return
        runs.setdefault((name, what), []).append(result)
        if trouble := unwell(result):
            report.say(f"{SUBJECTS[name]}, {what}: {trouble}")

    for name in generators:  # caches, memory, and the segments' first pages
        run(name, "warming up", "closed", connections=8, seconds=seconds / 2)
    for _ in range(rounds):
        for count in connections:
            for name in generators:
                run(name, str(count), "closed", connections=count, seconds=seconds)
        for name in ("wallet", "bench"):
            run(name, "open", "open", connections=OPEN_CONNECTIONS, seconds=2 * seconds, rate=OPEN_RATE)
            run(name, "ndjson", "ndjson", connections=2, seconds=seconds, lines=LINES)
    return runs


def figures(runs: Runs, name: str, what: str, figure: str) -> list[float]:
    """One figure of a server's runs, round by round."""
    return [result[figure] for result in runs.get((name, what), [])]


def tell_closed(report: Report, name: str, runs: Runs, connections: Sequence[int]) -> None:
    """As fast as it goes."""
    for count in connections:
        told, what = f"{count} connection{'s' if count > 1 else ''}", str(count)
        least = 7_000 if name != "empty" and count == CONNECTIONS[-1] else None
        report.add(SUBJECTS[name], f"closed loop, {told}", "/s", figures(runs, name, what, "rate"), at_least=least)
        report.add(SUBJECTS[name], f"… p50, {told}", "ms", figures(runs, name, what, "p50_ms"))
        report.add(SUBJECTS[name], f"… p99, {told}", "ms", figures(runs, name, what, "p99_ms"))
        report.add(
            SUBJECTS[name], f"… CPU of the server, {told}", "µs each", figures(runs, name, what, "server_cpu_us")
        )


def tell_compared(report: Report, name: str, runs: Runs, most: int) -> None:
    """Beside the empty handler, round by round."""
    mine, bare = figures(runs, name, str(most), "rate"), figures(runs, "empty", str(most), "rate")
    shares = [own / floor for own, floor in zip(mine, bare, strict=False)]
    what = f"share of the empty handler's rate, {most} connections"
    report.add(SUBJECTS[name], what, "×", shares, at_least=0.5)


def tell_others(report: Report, name: str, runs: Runs) -> None:
    """The open loop and the batches."""
    subject, loop = SUBJECTS[name], f"open loop at {OPEN_RATE:,}/s"
    report.add(subject, f"{loop}, answered", "/s", figures(runs, name, "open", "rate"))
    for told, figure, most in (("p50", "p50_ms", None), ("p99", "p99_ms", 8), ("p99.9", "p999_ms", None)):
        what = f"… {told} from the instant due, {loop}"
        report.add(subject, what, "ms", figures(runs, name, "open", figure), at_most=most)
    what = f"NDJSON, {LINES:,} lines a body, 2 connections"
    report.add(subject, what, "/s", figures(runs, name, "ndjson", "rate"), at_least=20_000)
    report.add(subject, "… CPU of the server, NDJSON", "µs each", figures(runs, name, "ndjson", "server_cpu_us"))
