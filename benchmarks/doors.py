"""End to end: HTTP in, a durable decision out, the load generator on the same cores, beside an empty handler."""

import itertools
import json
import time
from contextlib import ExitStack
from pathlib import Path

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
    pool_events = 2_000 if quick else 20_000
    seconds = 0.5 if quick else 2.5
    connections = (1, 32) if quick else CONNECTIONS
    pools = {"wallet": folder / "wallet.ndjson", "bench": folder / "bench.ndjson"}
    days = {"wallet": wallet_pool(pools["wallet"], pool_events), "bench": bench_pool(pools["bench"], pool_events)}
    names = {
        "wallet": "shipped packs",
        "bench": f"{len(pack.KEYS) * len(pack.FEATURES)} features, {pack.RULES} rules",
        "empty": "uvicorn, empty handler",
    }
    with ExitStack() as stack:
        servers = {
            "wallet": stack.enter_context(server.jindi(folder / "data-wallet")),
            "bench": stack.enter_context(server.jindi(folder / "data-bench", [pack.write(folder)])),
            "empty": stack.enter_context(server.empty()),
        }
        generators = {
            name: Generator(
                each,
                pools["bench" if name == "bench" else "wallet"],
                days["bench" if name == "bench" else "wallet"],
                f"{name}-",
            )
            for name, each in servers.items()
        }
        for each in generators.values():  # caches, memory, and the segments' first pages
            each.run("closed", connections=8, seconds=seconds / 2)
        runs: dict[tuple[str, str], list[dict]] = {}

        def run(name: str, what: str, mode: str, **how: object) -> None:
            result = generators[name].run(mode, **how)
            runs.setdefault((name, what), []).append(result)
            if trouble := unwell(result):
                report.say(f"HTTP, {names[name]}, {what}: {trouble}")

        for _ in range(min(rounds, 3)):
            for count in connections:
                for name in servers:
                    run(name, str(count), "closed", connections=count, seconds=seconds)
            for name in ("wallet", "bench"):
                run(name, "open", "open", connections=OPEN_CONNECTIONS, seconds=2 * seconds, rate=OPEN_RATE)
                run(name, "ndjson", "ndjson", connections=2, seconds=seconds, lines=LINES)
        top = str(connections[-1])
        for name, told in names.items():
            promised = name == "bench"
            subject = f"HTTP, durable: {told}" if name != "empty" else f"HTTP: {told}"
            for count in connections:
                many = runs[name, str(count)]
                word = "connection" if count == 1 else "connections"
                least = 7_000 if promised and count == CONNECTIONS[-1] else None
                report.add(subject, f"closed loop, {count} {word}", "/s", [r["rate"] for r in many], at_least=least)
                report.add(subject, f"… p50, {count} {word}", "ms", [r["p50_ms"] for r in many])
                report.add(subject, f"… p99, {count} {word}", "ms", [r["p99_ms"] for r in many])
                report.add(
                    subject, f"… CPU of the server, {count} {word}", "µs each", [r["server_cpu_us"] for r in many]
                )
            if name == "empty":
                continue
            ratios = [
                mine["rate"] / bare["rate"] for mine, bare in zip(runs[name, top], runs["empty", top], strict=True)
            ]
            report.add(
                subject,
                f"share of the empty handler's rate, {top} connections",
                "×",
                ratios,
                at_least=0.5 if promised else None,
            )
            many = runs[name, "open"]
            report.add(subject, f"open loop at {OPEN_RATE:,}/s, answered", "/s", [r["rate"] for r in many])
            report.add(
                subject, f"… p50 from the instant due, open loop at {OPEN_RATE:,}/s", "ms", [r["p50_ms"] for r in many]
            )
            report.add(
                subject,
                f"… p99 from the instant due, open loop at {OPEN_RATE:,}/s",
                "ms",
                [r["p99_ms"] for r in many],
                at_most=8,
            )
            report.add(
                subject,
                f"… p99.9 from the instant due, open loop at {OPEN_RATE:,}/s",
                "ms",
                [r["p999_ms"] for r in many],
            )
            many = runs[name, "ndjson"]
            report.add(
                subject,
                f"NDJSON, {LINES:,} lines a body, 2 connections",
                "/s",
                [r["rate"] for r in many],
                at_least=20_000,
            )
            report.add(subject, "… CPU of the server", "µs each", [r["server_cpu_us"] for r in many])
        for name in ("wallet", "bench"):
            servers[name].stop()
            size, records = journal_bytes(folder / f"data-{name}")
            report.add(
                f"HTTP, durable: {names[name]}", "journal, all told", "B per decision", [size / records], at_most=1_000,
                note="the aim was 250 B",
            )  # fmt: skip
