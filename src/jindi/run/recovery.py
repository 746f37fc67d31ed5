"""Start: the newest usable snapshot, then the journal's tail, verified on the way."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from jindi import journal
from jindi.basics.problems import Problem, Problems
from jindi.engine import EventProgram, Program
from jindi.ports import Blobs, Frame, Log, LogDamaged
from jindi.run import snapshots
from jindi.run.approvals.book import Book
from jindi.run.archive import Archive, Outdated, batch_at
from jindi.run.blocks import Feeder
from jindi.run.filings.book import Filings
from jindi.run.incidents.book import Incidents
from jindi.run.lists import Lists
from jindi.run.records import CaseRecord, DecisionRecord, DefinitionsRecord, Record, decode
from jindi.run.requests import Requests
from jindi.run.screening.book import Screened
from jindi.run.state import State
from jindi.run.trail import Trail
from jindi.run.versions import Ledger, Watch

Progress = Callable[[int, int], None]
"""Told (records done, records in all)."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The lane's state as of the journal's end, the chain to go on with, and what there is to tell."""

    state: State
    chain: journal.Chain
    tree: journal.Tree
    replayed: int
    snapshot: str | None
    definitions_digest: str | None
    notes: tuple[str, ...]


def recover(log: Log, blobs: Blobs, program: Program, archive: Archive, progress: Progress | None = None) -> Recovered:
    """Rebuild the state from what is on disk. Raises LogDamaged when the journal is not what was written, Problems when
    today's packs can't hold its history.
    """
    try:
        return _recover(log, blobs, program, archive, progress)
    except OverflowError as error:
        remedy = "start with packs without this feature"
        raise Problems([Problem("journal", "", f"its history does not fit into a feature: {error}", remedy)]) from None


def _recover(log: Log, blobs: Blobs, program: Program, archive: Archive, progress: Progress | None) -> Recovered:
    notes = list(log.notes())
    state, snapshot, tree = _from_snapshot(log, blobs, program, archive, notes)
    start = state.next_seq
    total = log.next_seq()
    digest: str | None = None
    if state.definitions_seq >= 0:
        digest = _learnt(archive, state.definitions_seq, archive.record(state.definitions_seq), program)
    chain = chain_before(log, start if start < total else total - 1)
    feeder = Feeder(state.windows)
    beside: dict[tuple[int, str], EventProgram | None] = {}
    state.feed_through(feeder)
    for frame in log.read(chain.next_seq) if total else ():
        records = _followed(chain, frame)
        tree.extend(records[max(tree.size - frame.first, 0) :])
        for seq, raw in enumerate(records, frame.first):
            if seq < start:
                continue
            record = decode(raw)
            if isinstance(record, DecisionRecord):
                state.apply(seq, record, archive.values_today(record, program.definitions))
                _watch(state, seq, record, archive, beside)
            else:
                if isinstance(record, DefinitionsRecord):
                    state.definitions_seq, digest = seq, _learnt(archive, seq, record, program)
                state.ledger.note(seq, record)
                state.trail.note(seq, record)
                state.approvals.note(seq, record)
                state.requests.note(seq, record)
                state.incidents.note(seq, record)
                state.filings.note(seq, record)
                if isinstance(record, CaseRecord):
                    state.casework.put(seq)
                state.next_seq = seq + 1
            if progress is not None and seq % 4096 == 0:
                progress(seq - start, total - start)
    state.take(feeder.flush())
    return Recovered(state, chain, tree, total - start, snapshot, digest, tuple(notes))


def _learnt(archive: Archive, seq: int, record: Record, program: Program) -> str:
    """The digest of a definitions record. Today's, as it nearly always is, needn't be compiled once more."""
    assert isinstance(record, DefinitionsRecord), "the state says so"
    if record.digest == program.digest:
        archive.learn(seq, program)
    return record.digest


def chain_before(log: Log, seq: int) -> journal.Chain:
    """The chain as it stood before the batch that holds a record; the beginning when there is none."""
    batch = batch_at(log, seq) if seq >= 0 else None
    return journal.Chain() if batch is None else journal.Chain(batch.previous, batch.first)


def tree_before(log: Log, seq: int) -> journal.Tree:
    """The Merkle tree over the records before one. All of them are read: some microseconds for each."""
    tree = journal.Tree()
    for frame in log.read(0) if seq else ():
        tree.extend(journal.unseal(frame.batch).records[: seq - frame.first])
        if tree.size == seq:
            break
    return tree


def _followed(chain: journal.Chain, frame: Frame) -> tuple[bytes, ...]:
    try:
        return chain.follow(frame)
    except journal.ChainBroken as broken:
        remedy = "run jindi verify, and restore the journal from its copy"
        raise LogDamaged(broken.place, broken.what, remedy) from None


def _from_snapshot(
    log: Log, blobs: Blobs, program: Program, archive: Archive, notes: list[str]
) -> tuple[State, str | None, journal.Tree]:
    for name in reversed(blobs.names(snapshots.PREFIX)):
        try:
            data = blobs.load(name)
            if data is None:
                continue
            restored = snapshots.read(data, program)
            header = restored.header
            if restored.windows.absent:
                raise snapshots.Unfit("some features had not caught up")
            if header.seq > log.next_seq():
                raise snapshots.Unfit("it is ahead of the journal")
            if header.seq and header.last_record != last_record(archive, header.seq):
                raise snapshots.Unfit("it belongs to another journal")
            tree = None if header.frontier is None else journal.Tree(header.seq, header.frontier)
        except (snapshots.Unfit, ValueError, OSError) as error:
            notes.append(f"snapshot {name} is not used: {error}; the state is rebuilt from further back")
            continue
        lists = Lists(program.definitions)
        lists.restore(**header.lists)
        state = State(program, restored.windows, lists, restored.openings, restored.answered)
        state.high_us, state.next_seq = header.high_us, header.seq
        state.definitions_seq = header.definitions_seq
        state.ledger = header.ledger if header.ledger is not None else _ledger(archive, header.seq)
        state.trail = Trail.load(header.trail) if header.trail is not None else _trail(state.ledger)
        state.approvals = header.approvals if header.approvals is not None else _approvals(archive, header.seq)
        state.requests = header.requests if header.requests is not None else _requests(archive, header.seq)
        state.incidents = header.incidents if header.incidents is not None else _incidents(archive, header.seq)
        state.filings = header.filings if header.filings is not None else _filings(archive, header.seq)
        state.screened = header.screened if header.screened is not None else Screened()
        if header.deeds is not None:
            state.deeds = Trail.load(header.deeds)
        if header.alerts is not None:
            state.alerts = Trail.load(header.alerts)
        state.casework = Trail.load(header.casework or b"")
        state.casework.begins = header.casework_from if header.casework is not None else header.seq
        state.watch = Watch(header.watched)
        return state, name, tree or tree_before(log, header.seq)
    return State.fresh(program), None, journal.Tree()


def _watch(
    state: State,
    seq: int,
    record: DecisionRecord,
    archive: Archive,
    beside: dict[tuple[int, str], EventProgram | None],
) -> None:
    """Count what the versions of its moment did and would have done. `beside` remembers the event types that had any
    version beside the live one.
    """
    key = (record.definitions, record.event_type)
    if key not in beside:
        beside[key] = None
        with suppress(Outdated):  # what can't be read any more can't be counted either
            found = archive.program(record.definitions).events[record.event_type]
            beside[key] = found if found.shadows or found.challenger is not None else None
    if (ep := beside[key]) is None:
        return
    outcome = record.verdict.outcome
    if ep.shadows:
        shadows = ((each.outcome, each) for each in record.shadows)
        state.watch.count(ep, seq, record.as_of_us, record.side, record.verdict, outcome, shadows)
    if ep.challenger is not None:
        state.watch.side(ep, record.as_of_us, record.side, outcome, record.verdict)


def _ledger(archive: Archive, until: int) -> Ledger:
    """What a snapshot of an earlier Jindi doesn't know: the steps and definitions before a record."""
    ledger = Ledger()
    for seq, record in archive.others(until):
        ledger.note(seq, record)
    return ledger


def _approvals(archive: Archive, until: int) -> Book:
    """What a snapshot of an earlier Jindi doesn't know: the operations that took four eyes before a record."""
    book = Book()
    for seq, record in archive.others(until):
        book.note(seq, record)
    return book


def _requests(archive: Archive, until: int) -> Requests:
    """What a snapshot of an earlier Jindi doesn't know: the requests of persons before a record."""
    found = Requests()
    for seq, record in archive.others(until):
        found.note(seq, record)
    return found


def _incidents(archive: Archive, until: int) -> Incidents:
    """What a snapshot of an earlier Jindi doesn't know: the incidents before a record."""
    found = Incidents()
    for seq, record in archive.others(until):
        found.note(seq, record)
    return found


def _filings(archive: Archive, until: int) -> Filings:
    """What a snapshot of an earlier Jindi doesn't know: the reports before a record."""
    found = Filings()
    for seq, record in archive.others(until):
        found.note(seq, record)
    return found


def _trail(ledger: Ledger) -> Trail:
    """What a snapshot of an earlier Jindi doesn't know: before there were actions there were steps."""
    trail = Trail()
    for seq in sorted(ledger.steps):
        trail.note(seq, ledger.steps[seq].record)
    return trail


def last_record(archive: Archive, seq: int) -> bytes:
    """What ties a snapshot to its journal: the digest of the batch that holds the record before it."""
    batch = batch_at(archive.log, seq - 1)
    return b"" if batch is None else batch.head
