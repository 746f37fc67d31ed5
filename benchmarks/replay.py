"""Replay: a journal of a simulated wallet's life, with packs that change on the way, made again to the last byte."""

import asyncio
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.doors import SEED, USERS, midnight_us
from benchmarks.measuring import Report
from benchmarks.server import HERE
from jindi.app.wiring import Outside
from jindi.basics.problems import Problems
from jindi.run.intake import Refused
from jindi.run.lane import Busy
from jindi.run.platform import Platform, Settings
from jindi.run.records import decision_id
from jindi.run.simulate import World

SUBJECT = "Replay: shipped packs, a wallet's life with follow-ups, packs that change twice"
CHUNK = 64
DEPTHS = (("by facts", ()), ("by facts, one core", ("--cores", "1")), ("with features", ("--features",)))


class WorldClock:
    """The world's own time: what is received is received when it happens."""

    def __init__(self) -> None:
        self.at_us = 0

    def now_us(self) -> int:
        """The instant of the newest event."""
        return self.at_us


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """A million decisions, made again by facts and with their features."""
    wanted = 4_000 if quick else 1_000_000
    data = folder / "data-replay"
    began = time.perf_counter()
    decided = asyncio.run(live(data, wanted))
    report.say(f"the journal of {decided:,} decisions was lived in {time.perf_counter() - began:.0f} s")
    for depth, options in (
        ("by facts", ()),
        ("by facts, one core", ("--cores", "1")),
        ("with features", ("--features",)),
    ):
        walls, cpus, peaks, different = [], [], [], []
        for _ in range(min(rounds, 3) if depth == "by facts" else 1):
            told, wall_s, cpu_s, peak_mb = replay(data, *options)
            assert told["decisions"] == decided, told
            assert len(told["definitions"]) == 3
            different.append(told["different"] + (not told["ok"]))
            walls.append(decided / wall_s)
            cpus.append(cpu_s / decided * 1e6)
            peaks.append(peak_mb)
        report.add(SUBJECT, f"{depth}: of {decided:,} decisions differ", "decisions", different, at_most=0)
        report.add(SUBJECT, "… decisions", "/s", walls, note="start of the process and chain included")
        report.add(SUBJECT, "… CPU", "µs per decision", cpus)
        report.add(SUBJECT, "… peak memory of a process", "MB", peaks)


def replay(data: Path, *options: str) -> tuple[dict, float, float, float]:
    """What `jindi replay` says; wall and CPU seconds, and the largest of its processes."""
    begin = time.perf_counter()
    path = os.pathsep.join((str(HERE / "src"), os.environ.get("PYTHONPATH", "")))
    process = subprocess.Popen(
        [sys.executable, "-c", "from jindi.app import main; main()", "replay", *options, "--data", str(data), "--json"],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert process.stdout is not None
    peak_mb = 0.0
    while not select.select([process.stdout], [], [], 0.05)[0]:
        # What `wait4` says of the peak is at least what this process held when it began the other.
        peak_mb = max(peak_mb, *map(highest_mb, (process.pid, *children_of(process.pid))))
    said = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return json.loads(said), time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, peak_mb


def children_of(pid: int) -> list[int]:
    """The processes that a process has begun."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def highest_mb(pid: int) -> float:
    """The most that a process has held in memory so far, in MB; 0 when it can't be known."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM")), 0.0)


async def live(data: Path, wanted: int) -> int:
    """Let a platform live through a world's events; answers how many were decided."""
    outside, clock = Outside(), WorldClock()
    settled = outside.settle({"data": str(data)})
    files = outside.pack_files([])
    platform = Platform(
        open_log=lambda _: outside.open_log(settled), blobs=outside.blobs(settled), tokens=outside.tokens(settled),
        clock=clock, files=files,
        settings=Settings(snapshot_every=1 << 60, snapshot_minutes=1 << 40, release_due=False, archive_minutes=0),
    )  # fmt: skip
    world = World(SEED, users=USERS, start_us=midnight_us())
    clock.at_us = world.now_us
    await platform.start()
    changes = iter(((wanted // 3, lower_limit), (2 * wanted // 3, other_window)))
    due, change = next(changes)
    decided = 0
    for simulated in world:
        clock.at_us = max(clock.at_us, world.now_us)
        try:
            future = platform.submit(json.dumps(simulated.event).encode(), clock.at_us)
        except Refused:
            continue  # people follow up what has been settled meanwhile
        except Busy:
            await platform.lane.settled()
            continue
        decided += 1
        last = platform.lane.recent[-1]
        decision = last.decision
        wait = {"wait_us": decision.wait_us} if decision.wait_us is not None else {}
        world.react(
            simulated.event["id"], decision.outcome, decision.method, decision_id=decision_id(last.seq), **wait
        )  # fmt: skip
        if decided % CHUNK == 0:
            await future
        if decided == due:
            files = change(files)
            try:
                await platform.take(files)
            except Problems as problems:
                raise AssertionError(str(problems)) from None
            due, change = next(changes, (0, lower_limit))
        if decided >= wanted:
            break
    await platform.close(snapshot=False)
    return decided


def lower_limit(files: dict[str, str]) -> dict[str, str]:
    """The packs with another limit, cases included."""
    changed = dict(files)
    path = "payment/parameters/own.toml"
    text = changed[path]
    assert "new_payee_delay_2h_from" in text
    head, tail = text.split("[new_payee_delay_2h_from]")
    changed[path] = head + "[new_payee_delay_2h_from]" + tail.replace('"5000.00"', '"4000.00"', 1)
    assert changed[path] != text
    return changed


def other_window(files: dict[str, str]) -> dict[str, str]:
    """The packs with one window of another length, which asks for more than was kept."""
    changed = dict(files)
    path = "payment/features.toml"
    changed[path] = changed[path].replace('over = "30d"', 'over = "45d"')
    assert changed[path] != files[path]
    return changed
