"""What is kept of controls: the last result of each with its evidence, an unfinished run, and what was told."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from jindi import journal
from jindi.oversight import Result, Standing, Told, record_of, standing
from jindi.packs import ControlDef
from jindi.ports import Blobs, Log
from jindi.run.records import ACTION, ActionRecord, Record, decode

BLOB: Final = "controls.json"
"""The name of what is kept, beside the journal. It can be read by anybody who may read the folder, and changed by
whoever may write it: what it claims counts only as far as the journal names it.
"""

RUN, RESULT = "control.run", "control.result"
"""The actions: a run begins, and what one control of it came to."""

_MARK: Final = RESULT.encode()


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


class Named:
    """The newest result of each control that the journal names. It follows the journal, and reads nothing twice.

    Not only what was edited counts as altered: an old green result that is put back in the place of a red one is the
    journal's, too, and not its newest.
    """

    def __init__(self) -> None:
        self._next = -1
        self._newest: dict[str, tuple[int, str]] = {}

    def follow(self, log: Log, results: Mapping[str, Result]) -> None:
        """Read on, from the oldest of these results at the latest. Raises LogDamaged."""
        known = [each.seq for each in results.values() if each.seq >= 0]
        oldest = min(known, default=log.next_seq())
        first = self._next if self._next >= 0 else oldest
        for frame in log.read(first) if first < log.next_seq() else ():
            # A search over bytes is fast enough for a journal of years; what is found is looked at.
            if _MARK in frame.batch:
                for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
                    if raw[1] == ACTION:
                        self._note(seq, decode(raw))
            self._next = frame.first + frame.count

    def _note(self, seq: int, record: Record) -> None:
        if isinstance(record, ActionRecord) and record.what == RESULT:
            self._newest[record.on.partition(" ")[0]] = seq, record.on

    def has(self, result: Result) -> bool:
        """Whether the journal names this very result, and none of its control that is newer."""
        return self._newest.get(result.control) == (result.seq, record_of(result))


def standings(
    controls: Iterable[ControlDef], results: Mapping[str, Result], log: Log | None, now_us: int,
    named: Named | None = None,
) -> list[Standing]:  # fmt: skip
    """How controls stand, in their order. `log`: the journal that must name each result (None when there is none yet,
    and then no result counts); `named`: what was read of it before.
    """
    following = named or Named()
    if log is not None:
        following.follow(log, results)
    found = []
    for control in controls:
        result = results.get(control.id)
        is_altered = result is not None and (log is None or not following.has(result))
        found.append(standing(control, result, now_us, is_altered=is_altered))
    return found
