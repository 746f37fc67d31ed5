"""Backup, backup again, restore, drill: times and sizes, and what deciding notices of a backup under way."""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import doors, server
from benchmarks.load import Generator
from benchmarks.measuring import Report

SUBJECT = "Backups: shipped packs"
RATE, CONNECTIONS = 1_000, 128
WAIT_S = 120


def command(*words: object) -> tuple[dict[str, Any], float]:
    """A command's JSON and its wall seconds, as a process of its own."""
    path = os.pathsep.join(filter(None, (str(server.HERE / "src"), os.environ.get("PYTHONPATH"))))
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", "from jindi.app import main; main()", *map(str, words), "--json"],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    took_s = time.perf_counter() - begin
    if done.returncode:
        raise RuntimeError(f"jindi {words[0]}: {(done.stdout or done.stderr)[-400:]}")
    return json.loads(done.stdout), took_s


def snapshot(running: server.Server) -> None:
    """Have the platform write a snapshot, as it does by itself every ten minutes."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    connection.request("POST", "/v1/snapshots", headers={"authorization": f"Bearer {running.api_key}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 201:
        raise RuntimeError(f"no snapshot: {answer.status} {body[:200]!r}")


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """Fill a journal, back it up, let it grow by a hundredth, back it up again, restore, rehearse."""
    events, more = (5_000, 500) if quick else (1_000_000, 10_000)
    pool, data, key = folder / "backups.ndjson", folder / "data-backups", folder / "backup.key"
    days = doors.wallet_pool(pool, 1_000 if quick else 25_000)
    with server.jindi(data) as running:
        generator = Generator(running, pool, days, "backups-")
        result = generator.run("ndjson", connections=2, seconds=900, lines=doors.LINES, events=events)
        if trouble := doors.unwell(result):
            report.say(f"filling the journal with {events:,} events: {trouble}")
        snapshot(running)
        command("backup", "key", "--out", key, "--data", data)
        shares = folder / "shares"
        command("keys-backup", "--out", shares, "--data", data, "--backup-key", key)
        first = [command("backup", "--to", folder / f"place-{number}", "--data", data) for number in range(rounds)]
        decisions = first[0][0]["decisions"]
        report.add(
            SUBJECT, f"the first backup of {decisions:,} decisions, platform up and idle", "s", [s for _, s in first]
        )
        place = folder / "place-0"
        stored = size_of(place)
        report.add(SUBJECT, "… stored, snapshot and all", "B per decision", [stored / decisions])
        nothing = [command("backup", "--to", place, "--data", data) for _ in range(rounds)]
        report.add(SUBJECT, "a backup with nothing new", "s", [s for _, s in nothing])
        generator.run("ndjson", connections=2, seconds=900, lines=doors.LINES, events=more)
        again, took_s = command("backup", "--to", place, "--data", data)
        grown = again["decisions"] - decisions
        report.add(SUBJECT, f"a backup after {grown:,} more decisions, same snapshot", "s", [took_s])
        report.add(SUBJECT, "… stored", "kB", [again["new_bytes"] / 1e3])
        running.stop()
    restored = []
    for number in range(rounds):
        back, took_s = command("restore", "--from", place, "--key", key, "--data", folder / f"restored-{number}")
        restored.append(took_s)
        same = (back["records"], back["decisions"], back["head"]) == (
            again["records"],
            again["decisions"],
            again["head"],
        )
        if not same:
            raise RuntimeError("what was restored is not what was backed up")
    proved, _ = command("verify", "--data", folder / "restored-0")
    original, _ = command("verify", "--data", data)
    if (proved["head"], proved["decisions"]) != (again["head"], again["decisions"]):
        raise RuntimeError("the restored journal is not the backup's")
    report.add(SUBJECT, f"restore of {proved['decisions']:,} decisions into an empty folder", "s", restored)
    if original["head"] == proved["head"]:
        report.say(f"{SUBJECT}: the restored journal ends in the original's head; no decision is missing")
    given = [word for path in sorted(shares.iterdir())[:3] for word in ("--share", path)]
    drills = [command("drill", "--from", place, "--key", key, "--in", folder, *given)[0] for _ in range(rounds)]
    for what, name in (("drill, RTO", "rto_s"), ("… restore", "restore_s"), ("… chain and seals", "verify_s"),
                       ("… state from snapshot and tail", "start_s")):  # fmt: skip
        report.add(SUBJECT, what, "s", [drill[name] for drill in drills])
    beside(report, folder, data, pool, days, seconds=2 if quick else 15)


def beside(report: Report, folder: Path, data: Path, pool: Path, days: int, *, seconds: float) -> None:
    """Decisions in an open loop, alone and while the platform makes a whole backup of its own."""
    place = folder / "place-own"
    with server.jindi(data, JINDI_BACKUP_TO=str(place), JINDI_ARCHIVE_MINUTES="0", JINDI_DRIFT_HOURS="0") as running:
        generator = Generator(running, pool, days, "beside-")
        run = lambda length: generator.run("open", connections=CONNECTIONS, seconds=length, rate=RATE)  # noqa: E731
        run(seconds / 2)
        alone = [run(seconds)]
        until = time.perf_counter() + WAIT_S
        while not place.exists() and time.perf_counter() < until:
            time.sleep(0.2)
        during = run(seconds)
        if (place / "manifests").exists():
            report.say(f"{SUBJECT}: the platform's own backup ended before the open loop beside it did")
        while not (place / "manifests").exists() and time.perf_counter() < until + WAIT_S:
            time.sleep(0.2)
        alone.append(run(seconds))
        for told, results in (("alone, before and after", alone), ("during a whole backup", [during])):
            report.add(SUBJECT, f"open loop at {RATE:,}/s, p99, {told}", "ms", [each["p99_ms"] for each in results])
            report.add(SUBJECT, f"… p50, {told}", "ms", [each["p50_ms"] for each in results])
        running.stop()
