"""Start: the newest usable snapshot, then the journal's tail, verified on the way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jindi import journal
from jindi.engine import Program
from jindi.features import Windows, plan
from jindi.ports import Blobs, Log, LogDamaged
from jindi.run import snapshots
from jindi.run.archive import Archive
from jindi.run.lists import Lists
from jindi.run.records import DecisionRecord, DefinitionsRecord, decode
from jindi.run.state import State

Progress = Callable[[int, int], None]
"""Told (records done, records in all)."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The lane's state as of the journal's end, the chain to go on with, and what there is to tell."""

    state: State
    chain: journal.Chain
    replayed: int
    snapshot: str | None
    definitions_digest: str | None
    notes: tuple[str, ...]


def recover(log: Log, blobs: Blobs, program: Program, archive: Archive, progress: Progress | None = None) -> Recovered:
    """Rebuild the state from what is on disk. Raises LogDamaged when the journal is not what was written."""
    notes = list(log.notes())
    state, snapshot = _from_snapshot(log, blobs, program, archive, notes)
    start = state.next_seq
    total = log.next_seq()
    head: bytes | None = None
    digest: str | None = None
    if state.definitions_seq >= 0:
        digest = archive.program(state.definitions_seq).digest
    for seq, record, head in _verified(log, start):
        if isinstance(record, DefinitionsRecord):
            state.definitions_seq, digest = seq, record.digest
            state.next_seq = seq + 1
        else:
            state.apply(seq, record, archive.values_today(record, program.definitions))
        if progress is not None and seq % 4096 == 0:
            progress(seq - start, total - start)
    if head is None and total:
        head = _head(log, total - 1)
    chain = journal.Chain(head) if head is not None else journal.Chain()
    return Recovered(state, chain, total - start, snapshot, digest, tuple(notes))


def _verified(log: Log, first: int) -> Iterator[tuple[int, DecisionRecord | DefinitionsRecord, bytes]]:
    """Records from `first` on with the hash of their batch; each batch must follow from the one before."""
    previous: bytes | None = None
    for frame in log.read(first):
        batch = journal.read_batch(frame.batch)
        if previous is not None and batch.previous != previous:
            raise LogDamaged(
                f"journal record {frame.first}", "the batch does not follow from the one before it",
                "run jindi verify and restore the journal from its copy",
            )  # fmt: skip
        previous = batch.hash
        for seq, record in enumerate(batch.records, frame.first):
            if seq >= first:
                yield seq, decode(record), previous


def _head(log: Log, last: int) -> bytes:
    for frame in log.read(last):
        return journal.read_batch(frame.batch).hash
    raise LogDamaged(f"journal record {last}", "the last batch can't be read", "run jindi verify")


def _from_snapshot(
    log: Log, blobs: Blobs, program: Program, archive: Archive, notes: list[str]
) -> tuple[State, str | None]:
    windows_plan = plan(program.definitions, program.reads)
    for name in reversed(blobs.names(snapshots.PREFIX)):
        try:
            data = blobs.load(name)
            if data is None:
                continue
            restored = snapshots.read(data, windows_plan, program.digest)
            header = restored.header
            if header.seq > log.next_seq():
                raise snapshots.Unfit("it is ahead of the journal")
            if header.seq and header.last_record != last_record(archive, header.seq):
                raise snapshots.Unfit("it belongs to another journal")
        except (snapshots.Unfit, ValueError, OSError) as error:
            notes.append(f"snapshot {name} is not used: {error}; the state is rebuilt from further back")
            continue
        lists = Lists(program.definitions)
        lists.restore(**header.lists)
        state = State(program, restored.windows, lists, restored.openings, restored.answered)
        state.high_us, state.next_seq = header.high_us, header.seq
        state.definitions_seq = header.definitions_seq
        return state, name
    return State.fresh(program, Windows(windows_plan)), None


def last_record(archive: Archive, seq: int) -> bytes:
    """What ties a snapshot to its journal: the digest of the batch that holds the record before it."""
    for frame in archive.log.read(seq - 1):
        return journal.read_batch(frame.batch).hash
    return b""
