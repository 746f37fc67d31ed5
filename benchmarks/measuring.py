"""Figures and how they are told: medians, spread, what was promised, and whether it holds."""

import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Row:
    """One line of the table: the same thing measured several times.

    `at_most` or `at_least` is what was promised of the median, None when nothing was.
    """

    subject: str
    what: str
    unit: str
    values: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The figure that is told."""
        return statistics.median(self.values)

    @property
    def holds(self) -> bool | None:
        """Whether the promise holds; None when there is none."""
        if self.at_most is not None:
            return self.median <= self.at_most
        return self.median >= self.at_least if self.at_least is not None else None

    @property
    def promise(self) -> str:
        """The promise in signs; empty when there is none."""
        if self.at_most is not None:
            return f"≤ {shown(self.at_most)}"
        return f"≥ {shown(self.at_least)}" if self.at_least is not None else ""


@dataclass(slots=True)
class Report:
    """All that a run has to tell, in the order in which it was measured."""

    told: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, subject, what, unit, values, *, at_most=None, at_least=None, note=""):
        """A line of the table; nothing is added when nothing was measured."""
        if not values:
            return
        row = Row(subject, what, unit, list(values), at_most, at_least, note)
        self.rows.append(row)
        fails = "" if row.holds is not False else f"   FALLS SHORT of {row.promise}"
        self.told(f"  {what}: {shown(row.median)} {unit} ({spread(row)}){fails}")

    def say(self, remark: str) -> None:
        """A sentence that belongs beside the figures: a peer that is away, a result that differs."""
        self.remarks.append(remark)
        self.told(f"  ! {remark}")


def shown(number: float) -> str:
    """A figure with as many digits as it deserves."""
    size = abs(number)
    if size >= 1000:
        return f"{number:,.0f}"
    for least, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if size >= least:
            return f"{number:.{digits}f}"
    return f"{number:.4f}" if size else "0"


def spread(row: Row) -> str:
    """The least and the most of a row's values; a single value has no spread."""
    if len(row.values) == 1:
        return "once"
    return f"{shown(min(row.values))} to {shown(max(row.values))}"


def cpu_s() -> float:
    """CPU seconds of this process, all its threads."""
    return time.process_time()


def cpu_of(pid: int) -> float:
    """CPU seconds that another process and its living threads have taken; 0 when it can't be known."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            spent += int(task.read_text().split()[0])
        except (OSError, IndexError, ValueError):
            continue  # the thread has ended meanwhile
    return spent / 1e9


def resident_mb(pid: int | None = None) -> float:
    """What a process holds in memory, in MB."""
    pages = int(Path(f"/proc/{pid or os.getpid()}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def collector_off():
    """No garbage collection in between: it would be charged to whoever is measured just then."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def per_call_us(work: Callable[[], object], calls: int) -> float:
    """CPU microseconds per call."""
    with collector_off():
        begin = cpu_s()
        for _ in range(calls):
            work()
        return (cpu_s() - begin) / calls * 1e6


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the sorted values lies."""
    return values[min(len(values) - 1, int(len(values) * share))]
