"""The table, as a page that can be kept."""

import importlib.metadata
import os
import platform
from pathlib import Path

from benchmarks.measuring import Report, Row, shown, spread

PACKAGES = (
    "numpy", "numba", "msgspec", "uvicorn", "uvloop", "httptools", "duckdb", "polars", "river", "redis", "psycopg",
    "zen-engine", "common-expression-language", "rule-engine",
)  # fmt: skip

HOW = """\
* CPU figures are of the processes that do the work, all their threads (client and server together for Redis and
  PostgreSQL), not wall time. Rates and latencies of HTTP are wall time, with the load generator on the same cores.
* Everyone in a comparison runs in turn, round by round; a ratio is taken within its round. The figure told is the
  median over the rounds, beside it the least and the most. "once" was measured once.
* Peers' results are compared with ours before any clock runs: counts, sums, maxima and distinct values exactly,
  means and deviations to 1e-9. A peer that answers otherwise, or is not installed, is named below and not timed.
* Peers get their best case: DuckDB and Polars all cores and their own columns (and we, beside them, ours); Redis and
  PostgreSQL no durability; the rule engines one list expression over facts in their own shape, none of them missing.
* × beside a peer: how many times our cost theirs is; more is better for us.
"""


def environment(load_before: tuple[float, ...]) -> list[str]:
    """What the figures were taken on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or "unknown",
    )
    memory_kb = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    before, after = (" / ".join(f"{value:.1f}" for value in loads) for loads in (load_before, os.getloadavg()))
    return [
        f"{os.cpu_count()} cores, {model}, {memory_kb / 2**20:.0f} GiB, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}; {', '.join(versions)}",
        f"load average (1, 5, 15 minutes) before: {before}; after: {after}",
    ]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def verdict(row: Row) -> str:
    """What became of a promise."""
    return {True: "holds", False: "**falls short**", None: ""}[row.holds]


def table(rows: list[Row]) -> str:
    """One table of everything."""
    lines = [
        "| what | median | least to most | unit | promised | | note |",
        "| --- | ---: | --- | --- | --- | --- | --- |",
    ]
    order = list(dict.fromkeys(row.subject for row in rows))
    subject = ""
    for row in sorted(rows, key=lambda row: order.index(row.subject)):
        if row.subject != subject:
            subject = row.subject
            lines.append(f"| **{subject}** | | | | | | |")
        told = (row.what, shown(row.median), spread(row), row.unit, row.promise, verdict(row), row.note)
        lines.append(f"| {' | '.join(told)} |")
    return "\n".join(lines)


def page(report: Report, command: str, when: str, seconds: float, load_before: tuple[float, ...]) -> str:
    """The whole page of results."""
    short = [row for row in report.rows if row.holds is False]
    fallen = [
        f"* {row.subject}: {row.what.removeprefix('… ')}: {shown(row.median)} {row.unit} ({spread(row)}),"
        f" promised {row.promise}."
        for row in short
    ]
    kept = sum(row.holds is True for row in report.rows)
    parts = [
        "# Results",
        f"Made by `{command}` on {when}, in {seconds:.0f} s. Make them again with `make bench`.",
        "What models and mined rules catch, beside published figures, stands at the end.",
        "\n".join(f"* {line}" for line in environment(load_before)),
        (
            "A busy machine makes every figure worse, wall time most of all: look at the load average first, at the"
            " ratios second, at single figures last."
        ),
        "## What falls short",
        "\n".join(fallen) if fallen else "Nothing that was promised.",
        f"{kept} of {kept + len(short)} promises hold in this run.",
        "## What was not compared, and what else was seen",
        "\n".join(f"* {remark}" for remark in report.remarks) if report.remarks else "Everything was there and equal.",
        "## The table",
        table(report.rows),
        "## How it is measured",
        HOW.strip(),
    ]
    return with_learnt("\n\n".join(parts) + "\n")


RESULTS = Path(__file__).with_name("RESULTS.md")
APPENDED = ("LEARNING.md", "INSIDERS.md", "YEAR.md")
"""Pages that are made by commands of their own and stand at the end of the results."""


def mark_of(page: str) -> str:
    """The line from which on a page stands."""
    return f"<!-- From here on {page}, as it stands. -->"


def with_learnt(results: str) -> str:
    """A page of results with what is learnt, what is caught of insiders, and a simulated year at its end, word for
    word, one heading lower.
    """
    parts = [results.partition(mark_of(APPENDED[0]))[0].rstrip(), ""]
    for page in APPENDED:
        if not (lines := _lines(str(RESULTS.with_name(page)))):
            continue
        parts += [mark_of(page), "", *(f"#{line}" if line.startswith("#") else line for line in lines), ""]
    return "\n".join(parts).rstrip() + "\n"
