"""The trail: where in the journal people's doings stand, so that nobody has to read all decisions to find them."""

from array import array
from bisect import bisect_left, bisect_right

import msgspec

from jindi.cases.filings import filing_id
from jindi.cases.incidents import incident_id
from jindi.run.archive import Archive
from jindi.run.records import (
    SIMULATED_DOOR,
    ActionRecord,
    ApprovalRecord,
    CaseRecord,
    IncidentRecord,
    Record,
    ReportRecord,
    StepRecord,
    approval_id,
)

SEQS_MAX = 1 << 20
"""Places that are remembered. Of more the oldest sixteenth goes: the journal still has them, and so has a bundle."""

SCAN_MAX = 2_000
"""Records that one look reads at the most: it must end soon even when nothing fits."""

_ITEM = array("Q").itemsize


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which doings are asked for; None asks for all. `before` and `after` are places in the journal, neither of them
    counts itself; `who` is a key's id or a name.
    """

    who: str | None = None
    what: str | None = None
    on: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    outcome: str | None = None
    before: int | None = None
    after: int | None = None
    limit: int = 50


class Doing(msgspec.Struct, frozen=True):
    """One thing that somebody did, as it is shown. `outcome` is `allowed` or `refused`."""

    seq: int
    at_us: int
    key: str
    name: str
    what: str
    on: str
    outcome: str
    door: str
    place: str
    request: str


class Page(msgspec.Struct, frozen=True):
    """What a look found, the newest first, and where an older look goes on; None when there is nothing older."""

    doings: tuple[Doing, ...]
    older: int | None


class Trail:
    """Places in the journal, in order: of actions and steps, or (a second one) of the events by which people settled
    decisions and changed lists.
    """

    def __init__(self) -> None:
        self._seqs = array("Q")
        self.begins = 0
        """From this place of the journal on nothing is left out."""

    def note(self, seq: int, record: Record) -> None:
        """Take in a record of the journal; what no person did says nothing here."""
        if isinstance(
            record, ActionRecord | StepRecord | ApprovalRecord | CaseRecord | IncidentRecord | ReportRecord
        ):  # fmt: skip
            self.put(seq)

    def put(self, seq: int) -> None:
        """Take in a place that is known to belong here."""
        self._seqs.append(seq)
        if len(self._seqs) > SEQS_MAX:
            del self._seqs[: SEQS_MAX // 16]
            self.begins = self._seqs[0]

    def between(self, first: int, until: int) -> "array[int]":
        """The places from `first` on and before `until`, the oldest first."""
        return self._seqs[bisect_left(self._seqs, first) : bisect_left(self._seqs, until)]

    def save(self) -> bytes:
        """The trail for a snapshot."""
        return self._seqs.tobytes()

    @classmethod
    def load(cls, data: bytes) -> "Trail":
        """A saved trail. ValueError when it is none."""
        if len(data) % _ITEM:
            raise ValueError("a trail of broken length")
        trail = cls()
        trail._seqs.frombytes(data)
        return trail

    def after(self, seq: int) -> "array[int]":
        """The places behind record `seq`."""
        return self._seqs[bisect_right(self._seqs, seq) :]

    def last(self, before: int | None) -> "tuple[array[int], bool]":
        """The newest places before one, at most `SCAN_MAX`, and whether there are older ones."""
        end = len(self._seqs) if before is None else bisect_left(self._seqs, before)
        begin = max(0, end - SCAN_MAX)
        return self._seqs[begin:end], begin > 0

    def __len__(self) -> int:
        return len(self._seqs)


def one(archive: Archive, seq: int) -> Doing:
    """What somebody did at a place. Raises LookupError where that is no doing of anybody."""
    record = archive.record(seq)
    if not isinstance(
        record, ActionRecord | StepRecord | ApprovalRecord | CaseRecord | IncidentRecord | ReportRecord
    ):  # fmt: skip
        raise LookupError(f"record {seq} of the journal is nobody's doing")  # noqa: TRY004 - it isn't there
    return _doing(seq, record)


def look(archive: Archive, places: "array[int]", wanted: Wanted, *, has_older: bool) -> Page:
    """Read what stands at these places, the newest first; for a thread of its own."""
    found: list[Doing] = []
    if wanted.after is not None:
        newer = places[bisect_right(places, wanted.after) :]
        has_older, places = has_older and len(newer) == len(places), newer
    until = places if wanted.before is None else places[: bisect_right(places, wanted.before - 1)]
    durable = archive.log.next_seq()
    for seq in reversed(until):
        if seq >= durable:
            continue  # it waits for the disk, and so does whoever wants to do it
        doing = _doing(seq, archive.record(seq))
        if wanted.since_us is not None and doing.at_us < wanted.since_us:
            # Clocks may go back, but not by a day: what is older than that ends the look, but for a simulated past.
            if doing.at_us < wanted.since_us - _CLOCK_BACK_US and doing.door != SIMULATED_DOOR:
                return Page(tuple(found), None)
            continue
        if _fits(doing, wanted):
            found.append(doing)
            if len(found) == wanted.limit:
                return Page(tuple(found), seq if seq != places[0] or has_older else None)
    return Page(tuple(found), places[0] if has_older else None)


_CLOCK_BACK_US = 86_400_000_000


def _fits(doing: Doing, wanted: Wanted) -> bool:
    return (
        wanted.who in (None, doing.key, doing.name)
        and (wanted.what is None or doing.what == wanted.what or doing.what.startswith(f"{wanted.what}."))
        and wanted.on in (None, doing.on)
        and wanted.outcome in (None, doing.outcome)
        and (wanted.until_us is None or doing.at_us < wanted.until_us)
    )


def _doing(seq: int, record: Record) -> Doing:
    if isinstance(record, StepRecord):
        on = record.version or (f"chg_{record.of:012x}" if record.of >= 0 else f"chg_{seq:012x}")
        what = f"version.{record.verb}"
        return Doing(seq, record.received_us, record.key, record.name, what, on, "allowed", "", "", "")
    if isinstance(record, ApprovalRecord):
        on = f"{record.what} {approval_id(record.of if record.of >= 0 else seq)}"
        what = f"approval.{record.verb}"
        return Doing(seq, record.received_us, record.key, record.name, what, on, "allowed", "", "", "")
    if isinstance(record, CaseRecord):
        return Doing(
            seq, record.received_us, record.key, record.name, f"case.{record.verb}", record.case, "allowed",
            record.door, record.place, record.request,
        )  # fmt: skip
    if isinstance(record, IncidentRecord):
        return Doing(
            seq, record.received_us, record.key, record.name, f"incident.{record.verb}",
            record.incident or incident_id(seq), "allowed", record.door, record.place, record.request,
        )  # fmt: skip
    if isinstance(record, ReportRecord):
        return Doing(
            seq, record.received_us, record.key, record.name, f"filing.{record.verb}",
            record.report or filing_id(seq), "allowed", record.door, record.place, record.request,
        )  # fmt: skip
    assert isinstance(record, ActionRecord), "the trail holds nothing else"
    return Doing(
        seq, record.received_us, record.key, record.name, record.what, record.on,
        "allowed" if record.allowed else "refused", record.door, record.place, record.request,
    )  # fmt: skip
