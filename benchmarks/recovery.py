"""Starting: with nothing, after a kill with a long journal, and with a snapshot; and what a long life weighs."""

import http.client
import json
import time
from pathlib import Path

from benchmarks import doors, server
from benchmarks.load import Generator
from benchmarks.measuring import Report
from jindi.app.wiring import Outside
from jindi.features import plan
from jindi.run import snapshots
from jindi.run.platform import compiled
from jindi.stores.files import FileBlobs

SUBJECT = "Start and recovery: shipped packs"


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """A million events through the door, then a kill, a start without a snapshot, and a start with one."""
    events = 5_000 if quick else 1_000_000
    pool = folder / "recovery.ndjson"
    days = doors.wallet_pool(pool, 1_000 if quick else 25_000)
    event = pool.read_bytes().partition(b"\n")[0]
    first: list[float] = []
    first_cpu: list[float] = []
    for number in range(min(rounds, 3)):
        wall, spent = first_decision(folder / f"first-{number}", event)
        first.append(wall)
        first_cpu.append(spent)
    report.add(SUBJECT, "process start to first decision, empty folder", "s", first, at_most=3)
    report.add(SUBJECT, "… CPU", "s", first_cpu)

    data = folder / "data-recovery"
    with server.jindi(data) as running:
        generator = Generator(running, pool, days, "recovery-")
        generator.run("ndjson", connections=1, seconds=60, lines=100, events=100)
        before_mb = running.resident_mb()
        result = generator.run("ndjson", connections=2, seconds=900, lines=doors.LINES, events=events)
        died = running.has_died()
        held_mb = [] if died else [running.resident_mb() - before_mb]
    if died:
        report.say(f"filling the journal with {events:,} events: {died} after {result['good']:,} of them")
    if trouble := doors.unwell(result):
        report.say(f"filling the journal with {events:,} events: {trouble}")
    done = result["good"]
    report.add(SUBJECT, f"{done:,} events as NDJSON, sustained", "/s", [result["rate"]])
    report.add(
        SUBJECT,
        "memory of the process that they took, everything",
        "B per event",
        [each * 1e6 / done for each in held_mb],
    )
    size, records = doors.journal_bytes(data)
    report.add(SUBJECT, "journal, all told", "B per decision", [size / records], at_most=1_000, note=doors.AIM)
    with server.jindi(data) as running:
        told = f"start after a kill, {records:,} records to replay"
        report.add(SUBJECT, told, "s", [running.ready_s], at_most=30)
        report.add(SUBJECT, "… CPU", "s", [running.ready_cpu_s])
        running.stop()
    starts, cpu = [], []
    for _ in range(min(rounds, 3)):
        with server.jindi(data) as running:
            starts.append(running.ready_s)
            cpu.append(running.ready_cpu_s)
            running.stop()
    report.add(SUBJECT, f"start with a snapshot of {records:,} records", "s", starts, at_most=3)
    report.add(SUBJECT, "… CPU", "s", cpu)
    weigh(report, data, records)


def weigh(report: Report, data: Path, events: int) -> None:
    """What the windows in the last snapshot take."""
    program = compiled(Outside().pack_files([]))
    blobs = FileBlobs(data / "state")
    kept = blobs.load(blobs.names(snapshots.PREFIX)[-1])
    assert kept is not None
    held = snapshots.read(kept, plan(program.definitions, program.reads), program.digest).windows.memory()
    lists = sum(each.records for each in held.structures)
    arena = held.total_bytes - held.names_bytes
    report.add(SUBJECT, "snapshot", "B per event", [len(kept) / events])
    report.add(SUBJECT, "windows, all told", "B per event", [held.total_bytes / events])
    report.add(SUBJECT, "… of which keys and values in Python (estimated)", "B per event", [held.names_bytes / events])
    report.add(SUBJECT, "windows, without keys and values", "B per record of a list", [arena / lists])


def first_decision(data: Path, event: bytes) -> tuple[float, float]:
    """Wall and CPU seconds from the start of the process to the first answered event."""
    begin = time.perf_counter()
    with server.jindi(data) as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port)
        headers = {"authorization": f"Bearer {running.api_key}", "content-type": "application/json"}
        connection.request("POST", "/v1/events", event, headers)
        answer = json.loads(connection.getresponse().read())
        wall = time.perf_counter() - begin
        connection.close()
        assert "decision_id" in answer, answer
        return wall, running.cpu_s()
