"""What is kept of controls: the last result of each with its evidence, an unfinished run, and what was told."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from jindi.oversight import Result, Standing, Told, record_of, standing
from jindi.packs import ControlDef
from jindi.ports import Blobs, Log
from jindi.run.archive import Archive
from jindi.run.records import ActionRecord

BLOB: Final = "controls.json"
"""The name of what is kept, beside the journal. It can be read by anybody who may read the folder, and changed by
whoever may write it: what it claims counts only as far as the journal names it.
"""

RUN, RESULT = "control.run", "control.result"
"""The actions: a run begins, and what one control of it came to."""


class Unfinished(msgspec.Struct, frozen=True):
    """A run that is under way, or was broken off: what is left of it."""

    run: str
    left: tuple[str, ...]
    began_us: int


class Kept(msgspec.Struct, frozen=True):
    """All that is kept."""

    results: dict[str, Result] = {}
    told: dict[str, Told] = {}
    unfinished: Unfinished | None = None


class Book:
    """What is kept, as it lies in some blobs."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def read(self) -> Kept:
        """All of it. What can't be read is nothing: all controls are due then, and none is green."""
        raw = self._blobs.load(BLOB)
        try:
            return Kept() if raw is None else msgspec.json.decode(raw, type=Kept)
        except (msgspec.MsgspecError, ValueError):
            return Kept()

    def write(self, kept: Kept) -> None:
        """Durable when this returns."""
        self._blobs.save(BLOB, [msgspec.json.encode(kept)])


def is_named(log: Log, result: Result) -> bool:
    """Whether the journal names this very result: nothing of it was changed since it was found."""
    try:
        record = Archive(log).record(result.seq)
    except LookupError:
        return False
    return isinstance(record, ActionRecord) and record.what == RESULT and record.on == record_of(result)


def standings(
    controls: Iterable[ControlDef], results: Mapping[str, Result], log: Log | None, now_us: int
) -> list[Standing]:  # fmt: skip
    """How controls stand, in the order of risk, pack and id. `log`: the journal that must name each result; None when
    there is none yet, and then no result counts.
    """
    found = []
    for control in controls:
        result = results.get(control.id)
        is_altered = result is not None and (log is None or not is_named(log, result))
        found.append(standing(control, result, now_us, is_altered=is_altered))
    return found
