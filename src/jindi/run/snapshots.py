"""Snapshots: a lane's state in one file, written by a forked child while the parent goes on deciding.

A snapshot is only ever a shortcut: with none, or with one that is damaged, of other definitions, or ahead of
the journal, the state is rebuilt from the journal and the operator is told why it took longer.
"""

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from jindi.engine import Program
from jindi.features import Plan
from jindi.journal import Frontier
from jindi.ports import Blobs
from jindi.run.answered import Answered
from jindi.run.approvals.book import Book
from jindi.run.filings.book import Filings
from jindi.run.incidents.book import Incidents
from jindi.run.openings import Opening, Openings
from jindi.run.requests import Requests
from jindi.run.screening.book import Screened
from jindi.run.surroundings import Surroundings
from jindi.run.versions import Ledger, Watched

MAGIC = b"JINDI-SNAPSHOT-2\n"
PREFIX = "snapshot-"
KEPT = 2
TAIL_MAX = 200_000
"""So many records after a snapshot are replayed in some ten seconds: below that an older one is as good in a backup."""

UNTOLD = 125
"""What the child ends with when no error of the system says why it failed; else with that error's number."""

_FILES_MAX = 1 << 16
_encode = msgspec.msgpack.Encoder().encode


class Unfit(Exception):  # noqa: N818 - what the operator is told
    """A snapshot can't be used; the message says why."""


class Section(msgspec.Struct, array_like=True):
    """One buffer of a snapshot: its name, length in bytes, and SHA-256."""

    name: str
    length: int
    digest: bytes


class Header(msgspec.Struct, kw_only=True):
    """Everything small, and the list of buffers that follow."""

    seq: int
    definitions_seq: int
    high_us: int
    last_record: bytes
    program: str
    answered: dict[str, Any]
    lists: dict[str, Any]
    openings: list[Opening]
    sections: list[Section]
    ledger: Ledger | None = None
    """None in a snapshot of before there were steps: the journal tells."""
    watched: Watched | None = None
    """None in a snapshot of before watched versions were counted: they are from here on."""
    frontier: list[bytes] | None = None
    """The Merkle tree's over the records before `seq`; None: the journal tells."""
    trail: bytes | None = None
    """Where people's doings stand; None in a snapshot of before there were actions."""
    approvals: Book | None = None
    """Operations that take four eyes; None in a snapshot of before there were any: the journal tells."""
    requests: Requests | None = None
    """Requests of persons about their own data; None in a snapshot of before they were kept here: the journal tells."""
    deeds: bytes | None = None
    """Where their events about decisions and lists stand; None in a snapshot of before that was remembered."""
    alerts: bytes | None = None
    """Where alerts about staff stand; None in a snapshot of before there were any."""
    casework: bytes | None = None
    """Where that stands of which cases are made; None in a snapshot of before there were any."""
    casework_from: int = 0
    """Before this place of the journal none of them is remembered."""
    incidents: Incidents | None = None
    """How incidents stand; None in a snapshot of before there were any: the journal tells."""
    filings: Filings | None = None
    """How reports stand; None in a snapshot of before there were any: the journal tells."""
    screened: Screened | None = None
    """Matches with watch lists; None in a snapshot of before there were any."""


class Restored(msgspec.Struct):
    """What a snapshot gives back."""

    header: Header
    windows: Surroundings
    answered: Answered
    openings: Openings


def name_of(seq: int) -> str:
    """The name of the snapshot taken before record `seq`."""
    return f"{PREFIX}{seq:016d}"


def seq_of(name: str) -> int:
    """Before which record the snapshot of a name was taken; ValueError when it is no snapshot's name.

    >>> seq_of(name_of(25))
    25
    """
    if not name.startswith(PREFIX):
        raise ValueError("not a snapshot's name")
    return int(name[len(PREFIX) :])


def serves(seq: int, older: Iterable[int], since: int) -> int | None:
    """The newest of some older snapshots that does as well as the one before record `seq` in a backup: of the same
    definitions, in force since record `since`, and with not too much to be replayed after it. None when none does.

    >>> serves(250_000, [10, 40_000, 90_000], 5), serves(250_000, [10], 5), serves(250_000, [90_000], 100_000)
    (90000, None, None)
    """
    fit = [each for each in older if since < each <= seq and seq - each <= TAIL_MAX]
    return max(fit, default=None)


def chunks(state: Any, last_record: bytes, frontier: Frontier | None = None) -> Iterator[bytes | memoryview]:
    """The bytes of a snapshot of a `State`. Buffers are given as they lie, without copies."""
    answered_header, tables = state.answered.save()
    buffers: list[tuple[str, memoryview]] = [("answered.young", next(tables)), ("answered.old", next(tables))]
    buffers += [(f"windows.{name}", memoryview(data).cast("B")) for name, data in state.windows.save()]
    header = Header(
        seq=state.next_seq,
        definitions_seq=state.definitions_seq,
        high_us=state.high_us,
        last_record=last_record,
        program=state.program.digest,
        answered=answered_header,
        lists=state.lists.save(),
        openings=state.openings.save(),
        ledger=state.ledger,
        watched=state.watch.watched,
        trail=state.trail.save(),
        approvals=state.approvals,
        requests=state.requests,
        deeds=state.deeds.save(),
        alerts=state.alerts.save(),
        casework=state.casework.save(),
        casework_from=state.casework.begins,
        incidents=state.incidents,
        filings=state.filings,
        screened=state.screened,
        frontier=None if frontier is None else list(frontier),
        sections=[Section(name, data.nbytes, hashlib.sha256(data).digest()) for name, data in buffers],
    )
    head = _encode(header)
    yield MAGIC + len(head).to_bytes(8, "little") + hashlib.sha256(head).digest() + head
    for _, data in buffers:
        yield data


def write_forked(state: Any, blobs: Blobs, last_record: bytes, frontier: Frontier | None = None) -> int:
    """Start writing a snapshot in a child process; returns its process id. The parent's state may go on
    changing at once: the child has the memory as it was. Its exit status is for `why`.
    """
    name = name_of(state.next_seq)
    with warnings.catch_warnings():
        # Python warns that threads and fork may deadlock. The child takes no lock that another thread could
        # hold: it only hashes arrays and writes them with plain system calls.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    status = UNTOLD
    try:
        # The journal's lock and the listening socket are the parent's alone: were it killed now, the next
        # start must find them free.
        os.closerange(3, _FILES_MAX)
        blobs.save(name, chunks(state, last_record, frontier), private=True)
        status = 0
    except OSError as error:
        status = error.errno if error.errno is not None and 0 < error.errno < UNTOLD else UNTOLD
    finally:
        # Never back into the parent's code: no exit handlers, no flushing of its buffers.
        os._exit(status)


def why(status: int) -> str:
    """Why a child could not write its snapshot, from the status that `waitpid` gives."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"signal {-code} ended the process that wrote it"
    return os.strerror(code).lower() if code != UNTOLD else "its writer failed"


def write(state: Any, blobs: Blobs, last_record: bytes, frontier: Frontier | None = None) -> str:
    """Write a snapshot here and now; returns its name."""
    name = name_of(state.next_seq)
    blobs.save(name, chunks(state, last_record, frontier), private=True)
    return name


def prune(blobs: Blobs) -> None:
    """Forget all snapshots but the newest few."""
    for name in blobs.names(PREFIX)[:-KEPT]:
        blobs.drop(name)


def read(data: bytes, program: Program, before: Plan | None = None) -> Restored:
    """A snapshot's content, checked to the last byte; `before` is the plan of the windows in force before it. Raises
    Unfit with the reason.
    """
    start = len(MAGIC) + 40
    if len(data) < start or not data.startswith(MAGIC):
        raise Unfit("it is no snapshot of this version")
    length = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 8], "little")
    head = data[start : start + length]
    if hashlib.sha256(head).digest() != data[len(MAGIC) + 8 : start]:
        raise Unfit("its header is damaged")
    header = msgspec.msgpack.decode(head, type=Header)
    if header.program != program.digest:
        raise Unfit("it was taken under other packs")
    view, at, sections = memoryview(data), start + length, {}
    for section in header.sections:
        body = view[at : at + section.length]
        if body.nbytes != section.length or hashlib.sha256(body).digest() != section.digest:
            raise Unfit(f"its section {section.name} is damaged")
        sections[section.name] = body
        at += section.length
    if at != len(data):
        raise Unfit("it is longer than it says")
    windows = Surroundings(program, before)
    windows.load(
        {name.removeprefix("windows."): body for name, body in sections.items() if name.startswith("windows.")}
    )
    return Restored(
        header=header,
        windows=windows,
        answered=Answered.load(header.answered, sections["answered.young"], sections["answered.old"]),
        openings=Openings.load(header.openings),
    )
