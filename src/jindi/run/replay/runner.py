"""A replay from end to end: which records, in which depth, on which cores; what is done outlives an interruption."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from enum import StrEnum
from multiprocessing import get_context

import msgspec

from jindi.basics.digests import canonical, digest
from jindi.basics.problems import Problem, Problems
from jindi.journal import Chain, ChainBroken, unseal
from jindi.ports import Blobs, Log, LogDamaged
from jindi.run import snapshots
from jindi.run.archive import Archive
from jindi.run.lists import Lists
from jindi.run.records import DecisionRecord, DefinitionsRecord, decode
from jindi.run.recovery import chain_before, last_record
from jindi.run.replay.causes import Cause, Difference
from jindi.run.replay.moments import Before, Moments, remade_by_facts
from jindi.run.replay.rebuilding import Absences, Judged, Rebuilding, Stop, layout_of
from jindi.run.state import State

PART_RECORDS = 50_000
"""Records of one part: what is lost of a core's work when it is interrupted."""

TOLD_MAX = 100
"""Differences that are told; all are counted."""

SAVE_RECORDS = 250_000
"""So many records lie between two states that are kept of an unfinished replay with features."""

KEPT = "replay-"
VERSION = 1
_TELL_EVERY = 4_096
Progress = Callable[[int, int], None]
"""Told (records done, records in all); may raise to interrupt."""


class Depth(StrEnum):
    """How deep a replay goes: decisions on their journalled facts, or the facts, too."""

    FACTS = "facts"
    FEATURES = "features"


class Range(msgspec.Struct, frozen=True):
    """Records [first, last) of the journal."""

    first: int
    last: int


class Broken(msgspec.Struct, frozen=True):
    """Where the journal's own chain does not hold; nothing from there on was replayed."""

    place: str
    what: str
    seq: int


class Tally(msgspec.Struct):
    """What was found so far. `definitions` counts decisions by the definitions record that was in force."""

    records: int = 0
    decisions: int = 0
    different: int = 0
    causes: dict[str, int] = {}
    definitions: dict[int, int] = {}
    differences: list[Difference] = []

    def count(self, judged: Judged, in_force: int) -> None:
        """One more record."""
        seq, record, causes = judged
        self.records += 1
        if isinstance(record, DecisionRecord):
            self.decisions += 1
            self.definitions[in_force] = self.definitions.get(in_force, 0) + 1
        if not causes:
            return
        self.different += 1
        for kind in {cause.kind for cause in causes}:
            self.causes[kind] = self.causes.get(kind, 0) + 1
        if len(self.differences) < TOLD_MAX:
            if isinstance(record, DecisionRecord):
                found = Difference(seq, record.event_id, record.event_type, record.as_of_us, causes)
            else:
                found = Difference(seq, "", "", 0, causes)
            self.differences.append(found)

    def add(self, other: "Tally") -> None:
        """What was found in the part behind this one."""
        self.records += other.records
        self.decisions += other.decisions
        self.different += other.different
        for kind, count in other.causes.items():
            self.causes[kind] = self.causes.get(kind, 0) + count
        for seq, count in other.definitions.items():
            self.definitions[seq] = self.definitions.get(seq, 0) + count
        self.differences = (self.differences + other.differences)[:TOLD_MAX]


class Part(msgspec.Struct):
    """One part by facts: what was found, and its piece of the chain: the first record of its first batch with the hash
    before it, the first record of its last batch with that batch's own hash.
    """

    tally: Tally
    begins: tuple[int, bytes] | None = None
    ends: tuple[int, bytes] | None = None
    broken: Broken | None = None


class Report(msgspec.Struct, frozen=True):
    """What a replay proved, or did not. `head` is the chain's hash at the end of the last batch that was read;
    `snapshot` the one that the state began from, None where it was rebuilt from the journal's beginning.
    """

    depth: Depth
    range: Range
    tally: Tally
    digests: dict[int, str]
    head: bytes
    broken: Broken | None = None
    stopped: Difference | None = None
    snapshot: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all was asked and every byte came out as it stands."""
        return not self.tally.different and self.broken is None and self.stopped is None


class _Unfinished(msgspec.Struct):
    """What is kept of an interrupted replay with features; the state lies beside it."""

    tally: Tally
    turns: list[int]
    absences: Absences
    snapshot: str | None


_encode = msgspec.msgpack.Encoder().encode
_part = msgspec.msgpack.Decoder(Part).decode
_unfinished = msgspec.msgpack.Decoder(_Unfinished).decode


class Replay:
    """One question to one journal. `blobs` holds snapshots and, until it is done, what is done."""

    def __init__(self, open_log: Callable[[], Log], blobs: Blobs, *, cores: int = 1, keep: bool = True) -> None:
        self._open_log, self._blobs, self._cores, self._keep = open_log, blobs, max(1, cores), keep

    def run(self, range_: Range, depth: Depth = Depth.FACTS, progress: Progress = lambda *_: None) -> Report:
        """Replay records; raises Problems when there are none."""
        log = self._open_log()
        try:
            moments = Moments(Archive(log))
            range_ = Range(range_.first, min(range_.last, log.next_seq()))
            if range_.first >= range_.last:
                raise Problems([Problem("journal", "", "it has no such records", "ask for records that it has")])
            if depth is Depth.FACTS:
                return self._by_facts(moments, range_, progress)
            return self._with_features(moments, range_, progress)
        finally:
            log.close()

    # ---- by facts, on all cores

    def _by_facts(self, moments: Moments, range_: Range, progress: Progress) -> Report:
        bounds = [
            Range(begin, min(begin + PART_RECORDS, range_.last))
            for begin in range(range_.first, range_.last, PART_RECORDS)
        ]
        done = {each: kept for each in bounds if (kept := self._kept(moments.archive, each)) is not None}
        todo = [each for each in bounds if each not in done]
        total = range_.last - range_.first
        finished = total - sum(each.last - each.first for each in todo)

        def told(more: int) -> None:
            progress(finished + more, total)

        told(0)
        for each, part in self._parts(moments, todo, told):
            done[each] = part
            finished += each.last - each.first
            self._put(moments.archive, each, part)
            told(0)
        tally, before, broken = Tally(), None, None
        for each in bounds:
            part = done[each]
            tally.add(part.tally)
            broken = broken or part.broken or _unlinked(before, part)
            before = part
            if broken is not None:
                break
        for each in bounds if broken is None else ():
            self._drop(self._name(moments.archive, each))
        head = before.ends[1] if before is not None and before.ends is not None else b""
        return Report(Depth.FACTS, range_, tally, self._digests(moments, tally), head, broken)

    def _parts(
        self, moments: Moments, todo: Sequence[Range], told: Callable[[int], None]
    ) -> Iterator[tuple[Range, Part]]:  # fmt: skip
        if self._cores == 1 or len(todo) < 2:
            for each in todo:
                yield each, part_by_facts(moments, each, told)
            return
        # What the children will need is compiled before they are born.
        moments.program(moments.before(todo[0].last).definitions)
        moments.program(moments.before(todo[-1].last).definitions)
        pool = ProcessPoolExecutor(self._cores, get_context("fork"), _begin, (moments, self._open_log))
        try:
            jobs = {pool.submit(_work, (each.first, each.last)): each for each in todo}
            for job in as_completed(jobs):
                yield jobs[job], _part(job.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    # ---- with features, one event after the other

    def _with_features(self, moments: Moments, range_: Range, progress: Progress) -> Report:
        rebuilding, tally, snapshot, notes = self._start(moments, range_)
        begun = rebuilding.state.next_seq if rebuilding.state is not None else 0
        saved, total = begun, range_.last - begun
        progress(0, total)

        def told(done: int) -> None:
            nonlocal saved
            if done - saved >= SAVE_RECORDS:
                self._save(moments.archive, range_, rebuilding, tally, snapshot)
                saved = done
            try:
                progress(done - begun, total)
            except BaseException:
                self._save(moments.archive, range_, rebuilding, tally, snapshot)
                raise

        broken: Broken | None = None
        stopped: Difference | None = None
        try:
            for judged in rebuilding.run(range_.last, told):
                if judged[0] >= range_.first:
                    tally.count(judged, rebuilding.turns[-1] if rebuilding.turns else -1)
        except ChainBroken as error:
            broken = Broken(error.place, error.what, error.seq)
        except LogDamaged as error:
            broken = Broken(error.place, error.problem, rebuilding.chain.next_seq)
        except Stop as stop:
            stopped = Difference(stop.seq, "", "", 0, (stop.cause,))
        self._drop(self._state_name(range_))
        self._drop(self._state_name(range_) + "-found")
        return Report(
            Depth.FEATURES, range_, tally, self._digests(moments, tally), rebuilding.chain.head, broken, stopped,
            snapshot, tuple(notes),
        )  # fmt: skip

    def _start(self, moments: Moments, range_: Range) -> tuple[Rebuilding, Tally, str | None, list[str]]:
        """From where an interrupted run was, from a snapshot before the range, or from the journal's beginning."""
        archive = moments.archive
        notes: list[str] = []
        if (unfinished := self._load_unfinished(range_)) is not None:
            state = self._restored(moments, self._state_name(range_), unfinished.turns, range_.last, [])
            if state is not None:
                chain = chain_before(archive.log, min(state.next_seq, archive.log.next_seq() - 1))
                rebuilding = Rebuilding(moments, state, chain, unfinished.absences, unfinished.turns)
                return rebuilding, unfinished.tally, unfinished.snapshot, notes
        for name in reversed(self._blobs.names(snapshots.PREFIX)) if range_.first else ():
            seq = int(name.removeprefix(snapshots.PREFIX))
            if 0 < seq <= range_.first:
                turns = [moments.before(seq).definitions]
                state = self._restored(moments, name, turns, range_.first, notes)
                if state is not None:
                    # What was catching up when the definitions came had caught up when the snapshot was taken.
                    chain = chain_before(archive.log, seq)
                    return Rebuilding(moments, state, chain, Absences(caught_up=True), turns), Tally(), name, notes
        return Rebuilding(moments, None, Chain(), Absences(caught_up=True), []), Tally(), None, notes

    def _restored(
        self, moments: Moments, name: str, turns: list[int], latest: int, notes: list[str]
    ) -> State | None:  # fmt: skip
        """A state that was saved, if it is of this journal and of these definitions."""
        archive = moments.archive
        before = layout_of(moments, turns[:-1])
        program = moments.program(turns[-1]) if turns else None
        data = self._blobs.load(name)
        if data is None or program is None or (before is None and len(turns) > 1):
            return None
        try:
            restored = snapshots.read(data, program, before)
            header = restored.header
            if restored.windows.absent:
                raise snapshots.Unfit("some features had not caught up")
            if header.seq > latest:
                raise snapshots.Unfit("it is ahead of what is asked")
            if header.last_record != last_record(archive, header.seq):
                raise snapshots.Unfit("it belongs to another journal")
        except (snapshots.Unfit, ValueError) as error:
            notes.append(f"{name} is not used: {error}")
            return None
        lists = Lists(program.definitions)
        lists.restore(**header.lists)
        state = State(program, restored.windows, lists, restored.openings, restored.answered)
        state.high_us, state.next_seq, state.definitions_seq = header.high_us, header.seq, turns[-1]
        return state

    # ---- what is kept of an unfinished run

    def _name(self, archive: Archive, part: Range) -> str:
        asked = [VERSION, part.first, part.last, archive.place(part.last - 1).head.hex()]
        return f"{KEPT}{digest(canonical(asked))[:32]}"

    def _kept(self, archive: Archive, part: Range) -> Part | None:
        with suppress(msgspec.MsgspecError, LogDamaged, ValueError, LookupError):
            data = self._blobs.load(self._name(archive, part)) if self._keep else None
            return _part(data) if data is not None else None
        return None  # half-written by another version, or of a journal that can't be read: it is done again

    def _put(self, archive: Archive, part: Range, found: Part) -> None:
        if self._keep and found.broken is None:
            self._blobs.save(self._name(archive, part), [_encode(found)], private=True)

    def _drop(self, name: str) -> None:
        if self._keep:
            self._blobs.drop(name)

    def _state_name(self, range_: Range) -> str:
        return f"{KEPT}features-{range_.first}-{VERSION}"

    def _save(
        self, archive: Archive, range_: Range, rebuilding: Rebuilding, tally: Tally, snapshot: str | None
    ) -> None:  # fmt: skip
        state = rebuilding.state
        if not self._keep or state is None or not state.next_seq:
            return
        name = self._state_name(range_)
        self._blobs.drop(f"{name}-found")  # never what was found beside a state of another moment
        self._blobs.save(name, snapshots.chunks(state, last_record(archive, state.next_seq)), private=True)
        found = _Unfinished(tally, rebuilding.turns, rebuilding.absences, snapshot)
        self._blobs.save(f"{name}-found", [_encode(found)], private=True)

    def _load_unfinished(self, range_: Range) -> _Unfinished | None:
        data = self._blobs.load(f"{self._state_name(range_)}-found") if self._keep else None
        if data is None:
            return None
        with suppress(msgspec.MsgspecError):
            return _unfinished(data)
        return None

    def _digests(self, moments: Moments, tally: Tally) -> dict[int, str]:
        programs = {seq: moments.program(seq) for seq in sorted(tally.definitions)}
        return {seq: program.digest if program is not None else "" for seq, program in programs.items()}


def _unlinked(before: Part | None, part: Part) -> Broken | None:
    """What is wrong where two parts meet; None when one chain goes through both."""
    if before is None or before.ends is None or part.begins is None:
        return None
    last, head = before.ends
    first, previous = part.begins
    if first != last and previous != head:
        return Broken(f"batch of record {first}", "does not name the hash of the batch before it", first)
    return None


_worker: list[Moments] = []
"""In a child: the definitions, over a journal that it has opened itself."""


def _begin(moments: Moments, open_log: Callable[[], Log]) -> None:
    _worker[:] = [moments.over(moments.archive.over(open_log()))]


def _work(part: tuple[int, int]) -> bytes:
    return _encode(part_by_facts(_worker[0], Range(*part)))


def part_by_facts(moments: Moments, range_: Range, told: Callable[[int], None] = lambda _: None) -> Part:
    """Replay some records on their journalled facts, following the chain through their batches."""
    part, archive = Part(Tally()), moments.archive
    chain: Chain | None = None
    try:
        before = moments.before(range_.first)
        for frame in archive.log.read(range_.first):
            if frame.first >= range_.last:
                break
            if chain is None:
                previous = _previous(frame.batch)
                chain = Chain(previous, frame.first)
                part.begins = (frame.first, previous)
            records = chain.follow(frame)
            part.ends = (frame.first, chain.head)
            for seq, raw in enumerate(records, frame.first):
                if range_.first <= seq < range_.last:
                    part.tally.count(_judged(moments, before, seq, raw), before.definitions)
                    if (seq - range_.first) % _TELL_EVERY == 0:
                        told(seq - range_.first)
    except ChainBroken as error:
        part.broken = Broken(error.place, error.what, error.seq)
    except LogDamaged as error:
        part.broken = Broken(error.place, error.problem, chain.next_seq if chain is not None else range_.first)
    return part


def _previous(batch: bytes) -> bytes:
    try:
        return unseal(batch).previous
    except ValueError:
        return b""  # the walk itself says what is wrong with it


def _judged(moments: Moments, before: Before, seq: int, raw: bytes) -> Judged:
    """One record, and what is known before the next one."""
    try:
        record = decode(raw)
    except (ValueError, IndexError):
        return seq, None, (Cause("unreadable"),)
    if isinstance(record, DefinitionsRecord):
        before.definitions = seq
        return seq, record, moments.causes(seq)
    if not isinstance(record, DecisionRecord):
        return seq, record, ()  # what people did is told, not made again
    causes = remade_by_facts(moments, before, record, raw)
    before.high_us = max(before.high_us, record.at_us)
    return seq, record, causes


def seq_at(archive: Archive, at_us: int) -> int:
    """The first record whose `as_of` is not before an instant: `as_of` never goes back, so halving finds it."""
    end = archive.log.next_seq()

    def as_of_us(seq: int) -> int:
        while seq < end:
            record = archive.record(seq)
            if isinstance(record, DecisionRecord):
                return record.as_of_us
            seq += 1  # definitions go with the first decision behind them
        return 1 << 62

    return bisect_left(range(end), at_us, key=as_of_us)
