"""The whole path of a decision before HTTP and the disk, stage by stage; and the log under it."""

import itertools
from pathlib import Path

import msgspec

from benchmarks import doors, journal, pack
from benchmarks.measuring import Report
from jindi.app.wiring import Outside
from jindi.run import answered
from jindi.run.platform import compiled
from jindi.run.profile import profile
from jindi.run.simulate import World
from jindi.vault import KEY_BYTES, Tokens

LOG = "The log: 300 B records in batches, durable"


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """The shipped packs over the simulated wallet, and forty features with fifty rules over payments."""
    answered.warm()
    count = 1_000 if quick else 10_000
    world = World(doors.SEED, users=doors.USERS)
    wallet = [msgspec.json.encode(simulated.event) for simulated in itertools.islice(world, count)]
    bench = [msgspec.json.encode(event) for event in pack.events(count, doors.midnight_us(), 3_111_111)]
    (folder / "path").mkdir()
    chosen = pack.write(folder / "path")
    for told, folders, raws, most in (
        ("shipped packs, simulated wallet", [], wallet, None),
        (f"{len(pack.KEYS) * len(pack.FEATURES)} features, {pack.RULES} rules", [chosen], bench, 40.0),
    ):
        program = compiled(Outside().pack_files(folders))
        subject = f"One decision before HTTP and disk: {told}"
        profiles = [profile(program, Tokens(bytes(KEY_BYTES)), raws, 1) for _ in range(rounds)]
        for place, stage in enumerate(profiles[0].stages):
            report.add(subject, stage.name, "CPU µs", [each.stages[place].us for each in profiles])
        report.add(subject, "all stages", "CPU µs", [each.total_us for each in profiles], at_most=most)
        report.add(subject, "record in the journal", "B", [profiles[0].record_bytes])
    logs(report, folder, quick=quick)


def logs(report: Report, folder: Path, *, quick: bool) -> None:
    """Our segments beside SQLite: both behind the same port, the same bytes."""
    rows = journal.measure(str(folder), 2 if quick else 5, 5 if quick else 40)
    for row in (row for row in rows if "batch" in row):
        told = f"{row['log']}, batches of {row['batch']:,}"
        wall = [row["median_ms_least"], row["median_ms"], row["median_ms_most"]]
        cpu = [row["append_cpu_us_least"], row["append_cpu_us"], row["append_cpu_us_most"]]
        report.add(LOG, told, "ms to be durable", wall)
        report.add(LOG, f"… CPU, {told}", "µs per batch", cpu)
