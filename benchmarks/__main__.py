"""`python -m benchmarks`: everything in one run, one table, results kept in benchmarks/RESULTS.md."""

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from benchmarks import (
    backtests,
    backups,
    casework,
    console,
    doors,
    limits,
    links,
    path,
    recovery,
    replay,
    results,
    rules,
    screening,
    vaults,
    windows,
)
from benchmarks.measuring import Report

SUBJECTS = {
    "limits": limits.measure,
    "features": windows.measure,
    "policies": rules.measure,
    "path": path.measure,
    "backtests": backtests.measure,
    "http": doors.measure,
    "recovery": recovery.measure,
    "replay": replay.measure,
    "vault": vaults.measure,
    "backup": backups.measure,
    "cases": casework.measure,
    "links": links.measure,
    "console": console.measure,
    "screening": screening.measure,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure; 1 when something could not be measured at all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: does everything run? The figures mean nothing."
    )
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="only this subject; may be repeated")
    parser.add_argument("--rounds", type=int, help="rounds in turn (default: 5, quick: 1)")
    parser.add_argument("--out", type=Path, help="where the page goes (default: RESULTS.md here, for a full run only)")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where journals are written: the disk that is measured (default: a temporary folder)",
    )
    parser.add_argument(
        "--events", type=int, help="with --only backtests: instead, other rules over so long a past, and its memory"
    )
    given = parser.parse_args(arguments)
    if given.events is not None and given.only != ["backtests"]:
        parser.error("--events goes with --only backtests")
    rounds = given.rounds or (1 if given.quick else 5)
    report = Report(lambda line: print(line, flush=True))
    load_before, begin, failed = os.getloadavg(), time.perf_counter(), 0
    when = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
    for name in given.only or SUBJECTS:
        print(f"{name}", flush=True)
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="bench-", dir=given.folder) as folder:
            try:
                if given.events is not None:
                    backtests.measure_long(report, Path(folder), events=given.events, rounds=rounds)
                else:
                    SUBJECTS[name](report, Path(folder), quick=given.quick, rounds=rounds)
            except Exception as error:  # noqa: BLE001 - the other subjects are still to be measured
                traceback.print_exc()
                report.say(f"{name} could not be measured to its end: {type(error).__name__}: {last_line(error)}")
                failed = 1
        print(f"  [{time.perf_counter() - started:.0f} s]", flush=True)
    command = " ".join(["python -m benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
    whole = not given.quick and not given.only
    out = given.out or (results.RESULTS if whole else None)
    text = results.page(report, command, when, time.perf_counter() - begin, load_before)
    print()
    print(text)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        print(f"written to {out}")
    return failed


def last_line(error: Exception) -> str:
    """What an error says in the end: another process's traceback has it there."""
    return str(error).strip().rpartition("\n")[2]


if __name__ == "__main__":
    sys.exit(main())
