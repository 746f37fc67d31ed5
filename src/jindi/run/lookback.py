"""What was decided before this start: the journal's end, read when somebody first asks."""

from dataclasses import dataclass

from jindi.engine import EventProgram
from jindi.ports import LogFailure
from jindi.run.archive import Archive
from jindi.run.records import DecisionRecord

LOOK_BACK = 500
"""So many of the newest records are read: some milliseconds of the event loop, once after a start."""

COMPILED_MAX = 1
"""So many other definitions than are at hand are compiled for it; it takes a tenth of a second for each."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A decision of the journal, with the program of its moment."""

    seq: int
    record: DecisionRecord
    ep: EventProgram


def look_back(archive: Archive, until: int, most: int = LOOK_BACK) -> tuple[tuple[Earlier, ...], bool]:
    """The newest decisions before record `until`, newest first, and whether they are all that there are.

    What can't be read ends the list: it is for people to look at, and `verify` says what is wrong with a journal.
    """
    first = max(0, until - most)
    try:
        read = [(seq, record) for seq, record in archive.records(first) if seq < until]
    except LogFailure:
        return (), False
    found: list[Earlier] = []
    compiled = 0
    for seq, record in reversed(read):
        if not isinstance(record, DecisionRecord):
            continue
        if archive.known(record.definitions) is None:
            compiled += 1
        if compiled > COMPILED_MAX:
            return tuple(found), False
        try:
            ep = archive.program(record.definitions).events[record.event_type]
        except LookupError:
            return tuple(found), False
        found.append(Earlier(seq, record, ep))
    return tuple(found), first == 0
