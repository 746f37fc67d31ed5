"""The process that a running platform has its links made by: `jindi follow-links`, at a lower priority."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing

from jindi.basics.instants import DAY_US
from jindi.doors.cli.wiring import Settled, Wiring


def child_of(settled: Settled) -> tuple[Sequence[str], Mapping[str, str]]:
    """How a platform with these settings starts it: command and environment."""
    command = (
        sys.executable, "-c", "from jindi.app import main; main()", "follow-links", "--data", str(settled.data)
    )  # fmt: skip
    return command, {**os.environ, "JINDI_JOURNAL": settled.journal, "JINDI_LINKS_DAYS": str(settled.links_days)}


def follow_links(wiring: Wiring, settled: Settled) -> None:
    """Follow for as long as somebody writes lines into our input. Raises LinkStoreFailure when there is no store."""
    from jindi.run.links import follow  # noqa: PLC0415 - what it needs is only imported where it runs

    store = wiring.link_store(settled)
    if store is None:
        return
    with closing(store):
        follow(
            sys.stdin, lambda: wiring.view_log(settled), store, settled.links_days * DAY_US,
            lambda line: (sys.stdout.buffer.write(line), sys.stdout.buffer.flush()),
        )  # fmt: skip
