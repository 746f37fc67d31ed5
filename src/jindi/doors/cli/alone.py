"""Commands that change what a platform keeps in memory: only while none runs, and journalled before it is done."""

from collections.abc import Callable
from typing import TypeVar

from jindi.basics.problems import Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.ports import LogFailure

_Done = TypeVar("_Done")


def must_exist(wiring: Wiring, settled: Settled, output: Output, *, or_empty: bool = False) -> None:
    """A folder whose name was mistyped is told, never made."""
    try:
        wiring.must_exist(settled, or_empty=or_empty)
    except Problems as problems:
        output.fail(problems)


ADDRESS = "address"
"""Where a data folder keeps the address that its platform listened on last."""


def alone(wiring: Wiring, settled: Settled, output: Output, what: str, on: str, act: Callable[[], _Done]) -> _Done:
    """Change stored keys only while no platform has them in memory: it would not see the change. That it is done is
    journalled first.
    """
    from jindi.doors.cli.auditing import caller  # noqa: PLC0415
    from jindi.run.audit import record_alone  # noqa: PLC0415

    try:
        log = wiring.open_log(settled)
    except (LogFailure, Problems) as error:
        output.fail(error)
    try:
        record_alone(log, caller(), what, on, wiring.clock.now_us())
        return act()
    except LogFailure as error:
        output.fail(error)
    finally:
        log.close()
