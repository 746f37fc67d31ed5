"""Requests of persons about their own data, each with the day by which it is to be answered.

A request is an action in the journal, and so is its end; this reads them back. What it is about is a right of the
Personal Information Protection Law; how long an answer may take is a dated parameter of the pack `platform`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, Literal, get_args

import msgspec

from jindi import journal
from jindi.basics.instants import DAY_US
from jindi.packs import LimitDef
from jindi.ports import Log
from jindi.run.records import ACTION, ActionRecord, decode

Right = Literal["access", "transfer", "correct", "erase", "withdraw", "explain"]
"""To see and copy (Art. 45), to take elsewhere (Art. 45), to have put right (Art. 46), to have erased (Art. 47), to
withdraw consent (Art. 15, 16), to have a decision or the rules explained (Art. 24, 48).
"""

RIGHTS: Final[tuple[Right, ...]] = get_args(Right)
OPEN, CLOSE, EVENT = "request.open", "request.close", "subject_request_overdue"
PACK = "platform"
"""The pack that has the limits and the event."""

Ending = Literal["done", "refused"]
ENDINGS: Final[tuple[Ending, ...]] = get_args(Ending)

Asked = Literal["export", "correct", "erase", "withdraw", "explain"]
_ASKED: Final[Mapping[Right, Asked]] = {
    "access": "export", "transfer": "export", "correct": "correct", "erase": "erase", "withdraw": "withdraw",
    "explain": "explain",
}  # fmt: skip

_OPENED = re.compile(r"(\w+) (\d{4}-\d\d-\d\d) (\d{4}-\d\d-\d\d) (.+)", re.DOTALL)
_CLOSED = re.compile(r"(req-\d+) (\w+)")
SUBJECT_MAX = 160


class Request(msgspec.Struct, frozen=True):
    """One request. `subject` is a subject of the vault, or a token where the vault doesn't know the name.

    Days are those of the platform's zone; `due` is the last one on which an answer is in time. `by` opened it, under a
    `reference` of the institution's own. `reason` says why it was refused, `rows` how much the answer held, -1 when
    nobody counted.
    """

    id: str
    right: Right
    subject: str
    received: date
    due: date
    by: str
    opened_us: int
    reference: str = ""
    closed_us: int | None = None
    ending: Ending | None = None
    closed_by: str = ""
    reason: str = ""
    rows: int = -1

    @property
    def asked(self) -> Asked:
        """What is asked for, in the doors' words."""
        return _ASKED[self.right]

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.closed_us is None

    @property
    def state(self) -> Literal["open", "fulfilled", "refused"]:
        """How it stands, in the doors' words."""
        return "open" if self.is_open else "fulfilled" if self.ending == "done" else "refused"

    def days_left(self, today: date) -> int:
        """How many days are left; below zero it is overdue. 0: it is due today."""
        return (self.due - today).days

    def is_overdue(self, today: date) -> bool:
        """Whether it is still open after its last day."""
        return self.is_open and today > self.due


class Requests(msgspec.Struct):
    """The requests that records tell of, as they come; a part of the lane's state, and of its snapshots."""

    known: dict[str, Request] = {}

    def note(self, seq: int, record: object) -> None:
        """Take in a record of the journal; all but the two kinds of action say nothing here."""
        if not isinstance(record, ActionRecord) or not record.allowed:
            return
        if record.what == OPEN and (found := _OPENED.fullmatch(record.on)) is not None and found[1] in RIGHTS:
            received, due = date.fromisoformat(found[2]), date.fromisoformat(found[3])
            right: Right = found[1]
            self.known[id_of(seq)] = Request(
                id_of(seq), right, found[4], received, due, record.name, record.received_us, record.case
            )
        elif record.what == CLOSE and (ended := _CLOSED.fullmatch(record.on)) is not None and ended[2] in ENDINGS:
            known = self.known.get(ended[1])
            if known is not None and known.is_open:
                ending: Ending = ended[2]
                self.known[known.id] = msgspec.structs.replace(
                    known, closed_us=record.received_us, ending=ending, closed_by=record.name, reason=record.purpose,
                    rows=record.rows,
                )  # fmt: skip

    @property
    def all(self) -> tuple[Request, ...]:
        """Every request, oldest first."""
        return tuple(self.known.values())

    def one(self, identifier: str) -> Request:
        """A request by its id. Raises LookupError."""
        if identifier not in self.known:
            raise LookupError("there is no request of this id")
        return self.known[identifier]

    @property
    def open(self) -> tuple[Request, ...]:
        """Those that wait for an answer, the one that is due first in front."""
        return tuple(sorted((each for each in self.all if each.is_open), key=lambda each: each.due))

    @property
    def listed(self) -> tuple[Request, ...]:
        """Open ones first, by the day on which they are due; then the others, the newest first."""
        answered = (each for each in self.all if not each.is_open)
        return (*self.open, *sorted(answered, key=lambda each: -(each.closed_us or 0)))

    def overdue(self, today: date) -> tuple[Request, ...]:
        """Those whose last day is over."""
        return tuple(each for each in self.open if each.is_overdue(today))


def id_of(seq: int) -> str:
    """A request's name: the place of its record.

    >>> id_of(17)
    'req-17'
    """
    return f"req-{seq}"


def opened(right: Right, subject: str, received: date, due: date) -> str:
    """What the action `request.open` is on. ValueError for a subject that is too long to stand there whole."""
    if not 0 < len(subject) <= SUBJECT_MAX:
        raise ValueError(f"a subject's name has 1 to {SUBJECT_MAX} characters")
    return f"{right} {received} {due} {subject}"


def closed(request: str, ending: Ending) -> str:
    """What the action `request.close` is on."""
    return f"{request} {ending}"


def due_on(right: Right, received: date, limits: Mapping[str, LimitDef]) -> tuple[date, LimitDef]:
    """The last day for an answer, and the parameter that says so. LookupError when there is none, or none so early."""
    limit = limits.get(f"request_{right}_due")
    if limit is None:
        raise LookupError(f"no parameter request_{right}_due: load the pack platform")
    value = limit.on(received).value
    if value is None or isinstance(value, str):
        raise LookupError(f"the parameter request_{right}_due is not set")
    return received + timedelta(microseconds=int(value) // DAY_US * DAY_US), limit


def read(log: Log) -> Requests:
    """All requests of a journal. Raises LogFailure."""
    found = Requests()
    for seq, record in _actions(log):
        found.note(seq, record)
    return found


def _actions(log: Log) -> Iterator[tuple[int, object]]:
    for frame in log.read(0):
        for seq, raw in enumerate(journal.unseal(frame.batch).records, frame.first):
            if raw[1] == ACTION:  # a record's second byte is its kind
                yield seq, decode(raw)


def events(requests: Iterable[Request], today: date) -> list[dict[str, object]]:
    """The fields of a `subject_request_overdue` event for each request. Whose it is does not stand in it."""
    return [
        {"subject": each.id, "right": str(each.right), "overdue_days": (today - each.due).days} for each in requests
    ]
