"""A backtest from end to end: all cores where events are independent; what is done outlives an interruption."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from statistics import median
from time import thread_time_ns
from typing import Any

import msgspec

from jindi.basics.digests import canonical, digest
from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.engine import EventProgram, PolicyProgram, Program, build, decide, judge, speaking_rules
from jindi.packs import Definitions
from jindi.ports import Blobs, Files, Log
from jindi.run.archive import Archive
from jindi.run.backtest.columns import Unfit, by_columns, complete_samples, sourcings
from jindi.run.backtest.contest import EVER_US, Candidate, Contest, Judged, Mode, Span
from jindi.run.backtest.labelled import labels_of
from jindi.run.backtest.replays import Replay
from jindi.run.backtest.report import report
from jindi.run.backtest.tally import Sample, Tally
from jindi.run.history.manifest import Manifest, Part, load
from jindi.run.history.shapes import day_name
from jindi.run.labels import Labels
from jindi.run.records import decision_id

PART_RECORDS = 50_000
"""Records of one part: what is lost of a core's work when it is interrupted."""

KEPT = "backtest-"
_ROUNDS = 5
Progress = Callable[[str, int, int], None]
"""Told (candidate, records done, records in all); may raise to interrupt."""

Unit = Part | tuple[int, int]
"""A piece of work: a part of the archive, or a stretch [first, last) of the journal's records."""

NEWEST_RECORDS = 4_000
"""Among so many records at the end are the events that cost is measured on."""

LAST_US = 253_402_300_799_000_000
"""The last instant that has a day's name."""

Tallies = dict[str, Tally]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Tallies).decode


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the past. `known_by_us`: labels count as far as they had been heard by then.

    `segment` names a field or feature whose values the events are split by.
    """

    span: Span
    known_by_us: int
    label: str | None = None
    segment: str | None = None


def promoted(definitions: Definitions, policy_id: str) -> Program:
    """The program of some definitions as if this policy, a draft or a shadow, were live on its event type.

    Raises Problems when there is no such policy.
    """
    found = next((policy for policy in definitions.policies if policy.id == policy_id), None)
    if found is None:
        known = ", ".join(sorted(policy.id for policy in definitions.policies))
        raise Problems(
            [Problem("--policy", policy_id[:64], "no policy of the candidate has this id", f"it has: {known}")]
        )
    policies = tuple(
        replace(policy, state="live", split=None) if policy.id == policy_id
        else replace(policy, state="draft") if policy.on == found.on and policy.state == "live"
        else policy
        for policy in definitions.policies
    )  # fmt: skip
    return build(replace(definitions, policies=policies))


class Backtest:
    """One question to one journal, for several candidates."""

    def __init__(
        self, open_log: Callable[[], Log], blobs: Blobs, question: Question, *, cores: int, keep_blobs: bool = True,
        files: Files | None = None,
    ) -> None:  # fmt: skip
        self._open_log, self._blobs, self._question, self._cores = open_log, blobs, question, max(1, cores)
        self._keep, self._files = keep_blobs, files
        self._manifest = Manifest()

    def run(self, candidates: Sequence[Candidate], progress: Progress = lambda *_: None) -> dict[str, Any]:
        """The whole report. What was done before an interruption is not done again."""
        # The archive first: the journal goes at least as far.
        self._manifest = load(self._files) if self._files is not None else Manifest()
        log = self._open_log()
        try:
            archive = Archive(log)
            first, last = 0, log.next_seq()
            if last == 0:
                raise Problems([Problem("journal", "", "it is empty", "a backtest needs a past")])
            labels = self._labels(archive, candidates)
            return {
                "since": format_instant(self._question.span.since_us) if self._question.span.since_us else None,
                "until": format_instant(self._question.span.until_us)
                if self._question.span.until_us < EVER_US
                else None,
                "known_by": format_instant(self._question.known_by_us),
                "label": self._question.label,
                "segment": self._question.segment,
                "records": last,
                "candidates": [self._judge(archive, each, labels, first, last, progress) for each in candidates],
            }
        finally:
            log.close()

    def _labels(self, archive: Archive, candidates: Sequence[Candidate]) -> Labels | None:
        name = self._question.label
        if name is None:
            return None
        for each in candidates:
            declared = each.program.definitions.labels
            if name in declared:
                if self._files is not None and self._is_of(archive):
                    return labels_of(archive, self._files, self._manifest, each.program.definitions)
                return Labels.of(archive, each.program.definitions)
        known = ", ".join(sorted({label for each in candidates for label in each.program.definitions.labels}))
        remedy = f"use one of: {known}" if known else "declare one in labels.toml"
        raise Problems([Problem("--label", name[:64], "no candidate declares this label", remedy)])

    def _judge(
        self, archive: Archive, candidate: Candidate, labels: Labels | None, first: int, last: int, progress: Progress
    ) -> dict[str, Any]:
        question = self._question
        contest = Contest(
            archive, candidate, question.span, label=question.label, labels=labels, known_by_us=question.known_by_us,
            segment=question.segment,
        )  # fmt: skip
        parts = self._parts(contest, archive)
        behind = self._manifest.next if parts else first
        mode = contest.mode(behind, last, {part.definitions for part in parts})
        tallies: Tallies = {}
        from_columns = 0
        way = _Way(candidate.name, last, 2 if mode is Mode.FACTS and contest.may_feed_back else 1, progress)
        if mode is Mode.FACTS:
            work = self._work(contest, parts, first, last)
            from_columns = sum(unit.rows for unit in work if isinstance(unit, Part))
            tallies = self._by_facts(contest, archive, work, last, way)
            if contest.feeds_back(tallies):
                mode = Mode.REPLAY
                way.once_more()
        if mode is Mode.REPLAY:
            tallies, from_columns = self._by_replay(contest, archive, last, way)
        way.end()
        return {
            "name": candidate.name,
            "digest": candidate.program.digest,
            "mode": str(mode),
            "from_archive": from_columns,
            "types": {
                name: {
                    **report(tallies[name]),
                    "currency": _currency(candidate.program.events[name]),
                    "docs": _docs(candidate.program.events[name], archive, last),
                    "rules_silent": _silent(candidate.program.events[name], tallies[name]),
                    "cost": _cost(archive, list(contest.newest.get(name, ()))),
                    "changes": _changes(archive, candidate.program.events[name], tallies[name]),
                }
                for name in sorted(tallies)
            },
        }

    def _by_replay(self, contest: Contest, archive: Archive, last: int, way: "_Way") -> tuple[Tallies, int]:
        """The tallies, and how many events came from the archive: by its columns where they say all that is asked."""
        files = self._files
        contest.newest.clear()
        if files is not None and self._is_of(archive):
            with suppress(Unfit):
                replay = Replay(contest, archive, files, self._manifest, last)
                tallies = replay.run(way.at)
                for judged in replay.newest():
                    contest.remember(judged)
                return tallies, replay.archived
        tallies = {}
        for judged in contest.by_replay(last, way.at):
            contest.remember(judged)
            contest.count(judged, tallies)
        return tallies, 0

    def _is_of(self, archive: Archive) -> bool:
        """Whether the archive is this journal's."""
        following = self._manifest.next
        return following > 0 and archive.place(following - 1).head == self._manifest.head

    # ---- by facts, on all cores

    def _parts(self, contest: Contest, archive: Archive) -> list[Part]:
        """The parts of this journal's archive that hold what is asked for; none where there is no such archive."""
        manifest, span = self._manifest, self._question.span
        if not self._is_of(archive):
            return []
        since, until = day_name(span.since_us), day_name(min(span.until_us, LAST_US))
        return [part for part in manifest.parts if part.type in contest.types and since <= part.day <= until]

    def _work(self, contest: Contest, parts: list[Part], first: int, last: int) -> list[Unit]:
        """The pieces of work, none of which needs another: parts of the archive where its columns hold what is asked
        for, and stretches of the journal for the rest. The last is always a stretch.
        """
        if parts and self._files is not None:
            try:
                contest.sources = sourcings(contest, self._files, parts)
            except Unfit:
                parts = []
            else:
                first = self._manifest.next
        stretches = [(begin, min(begin + PART_RECORDS, last)) for begin in range(first, last, PART_RECORDS)]
        return [*parts, *(stretches or [(last, last)])]

    def _by_facts(self, contest: Contest, archive: Archive, work: Sequence[Unit], last: int, way: "_Way") -> Tallies:
        # Added up as they come: sums, sets and least digests don't ask for an order, and a long past has many units.
        tallies: Tallies = {}
        todo, finished = [], 0
        for unit in work[:-1]:
            if (kept := self._kept(contest, archive, unit)) is None:
                todo.append(unit)
            else:
                _include(tallies, kept)
                finished += _size(unit)
        way.at(finished)
        if self._cores > 1 and len(todo) > 1:
            made = self._in_processes(contest, todo)
        else:
            made = ((unit, _judged(contest, self._files, unit)) for unit in todo)
        for unit, found in made:
            _include(tallies, found)
            self._put(contest, archive, unit, found)
            finished += _size(unit)
            way.at(finished)
        _include(tallies, _judged(contest, self._files, work[-1]))
        complete_samples(contest, tallies)
        contest.remember_newest(max(0, last - NEWEST_RECORDS), last)
        self._forget(contest, archive, work)
        return tallies

    def _in_processes(self, contest: Contest, work: Sequence[Unit]) -> Iterator[tuple[Unit, Tallies]]:
        # Forked: programs, labels and kernels are there already, and the journal is opened anew by each.
        pool = ProcessPoolExecutor(self._cores, get_context("fork"), _begin, (contest, self._open_log, self._files))
        try:
            jobs = {pool.submit(_done, unit): unit for unit in work}
            for job in as_completed(jobs):
                yield jobs.pop(job), _decode(job.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    # ---- what is kept of an unfinished run

    def _name(self, contest: Contest, archive: Archive, unit: Unit) -> str:
        question = self._question
        if isinstance(unit, Part):
            piece: list[Any] = [unit.path, unit.sha256]
        else:
            piece = [unit[0], unit[1], archive.place(unit[1] - 1).head.hex()]
        asked = [
            contest.candidate.program.digest, sorted(p.id for p in contest.candidate.program.definitions.policies
                                                     if p.state == "live"),
            question.span.since_us, question.span.until_us, question.known_by_us, question.label, question.segment,
            *piece, archive.log.next_seq(),
        ]  # fmt: skip
        return f"{KEPT}{digest(canonical(asked))[:32]}"

    def _kept(self, contest: Contest, archive: Archive, unit: Unit) -> Tallies | None:
        data = self._blobs.load(self._name(contest, archive, unit)) if self._keep else None
        if data is None:
            return None
        with suppress(msgspec.MsgspecError):
            return _decode(data)
        return None  # half-written by another version: it is done again

    def _put(self, contest: Contest, archive: Archive, unit: Unit, tallies: Tallies) -> None:
        if self._keep:
            self._blobs.save(self._name(contest, archive, unit), [_encode(tallies)])

    def _forget(self, contest: Contest, archive: Archive, work: Sequence[Unit]) -> None:
        if self._keep:
            for unit in work[:-1]:
                self._blobs.drop(self._name(contest, archive, unit))


_worker: list[tuple[Contest, Files | None]] = []
"""In a child: its contest, over a journal that it has opened itself, and the archive."""


def _begin(contest: Contest, open_log: Callable[[], Log], files: Files | None) -> None:
    contest.archive = contest.archive.over(open_log())
    _worker[:] = [(contest, files)]


class _Way:
    """A candidate's progress as one way that never leads back: records count in each pass that there may be, and a
    pass that begins anew is told when it has come further than before.
    """

    def __init__(self, name: str, records: int, passes: int, progress: Progress) -> None:
        self._name, self._records, self._total, self._progress = name, records, records * passes, progress
        self._begun = self._told = 0

    def at(self, done: int) -> None:
        """So many records of this pass are judged."""
        self._told = max(self._told, self._begun + min(done, self._records))
        self._progress(self._name, self._told, self._total)

    def once_more(self) -> None:
        """The next pass begins."""
        self._begun += self._records

    def end(self) -> None:
        """All is judged; a pass that was not needed is over, too."""
        self._progress(self._name, self._total, self._total)


def _done(unit: Unit) -> bytes:
    return _encode(_judged(*_worker[0], unit))


def _judged(contest: Contest, files: Files | None, unit: Unit) -> Tallies:
    """What one piece of work comes to."""
    rows: Iterator[Judged]
    if isinstance(unit, Part):
        assert files is not None, "parts are an archive's"
        try:
            return {unit.type: by_columns(contest, files, unit, contest.sources[unit.type, unit.definitions])}
        except Unfit:
            past = contest.by_facts(unit.first, unit.last + 1)
            rows = (judged for judged in past if judged.record.event_type == unit.type)
    else:
        rows = contest.by_facts(*unit)
    tallies: Tallies = {}
    for judged in rows:
        contest.count(judged, tallies)
    return tallies


def _include(tallies: Tallies, found: Tallies) -> None:
    """Add what one piece of work came to."""
    for event_type, tally in found.items():
        tallies.setdefault(event_type, Tally()).add(tally)


def _size(unit: Unit) -> int:
    return unit.rows if isinstance(unit, Part) else unit[1] - unit[0]


# ---- beside the sums


def _currency(ep: EventProgram) -> str | None:
    return next((field.type.of for field in ep.event.fields if field.name == "amount"), None)


def _docs(ep: EventProgram, archive: Archive, last: int) -> dict[str, dict[str, str]]:
    """What each rule says it is for: the candidate's, and those in force at the journal's end."""
    newest = archive.program(archive.in_force(last))
    found: dict[str, dict[str, str]] = {}
    for each in (newest.events.get(ep.event.name), ep):
        for side in each.deciders() if each is not None else ():
            found |= {rule.id: {"zh": rule.doc.zh, "en": rule.doc.en} for rule in side.policy.rules}
    return found


def _silent(ep: EventProgram, tally: Tally) -> list[str]:
    """Rules of the candidate that were never hit."""
    return [rule.id for side in ep.deciders() for rule in side.policy.rules if rule.id not in tally.rules]


def _cost(archive: Archive, newest: Sequence[Judged]) -> dict[str, Any] | None:
    """CPU microseconds that judging takes, for the live policies of their moment and for the candidate, on the newest
    events; the median of some rounds.
    """
    if not newest or newest[0].ep.live is None:
        return None
    live = []
    for each in newest:
        ep = archive.program(each.record.definitions).events[each.record.event_type]
        if ep.live is not None:
            live.append(
                (ep, ep.live, ep.complete([*each.record.values, *each.record.facts], frozenset(each.record.absent)))
            )
    would = [(each.ep, each.ep.live, each.facts) for each in newest if each.ep.live is not None]
    return {"events": len(newest), "live_us": _timed(live), "candidate_us": _timed(would)}


def _timed(rows: Sequence[tuple[EventProgram, PolicyProgram, list[Any]]]) -> float | None:
    if not rows:
        return None
    rounds = []
    for _ in range(_ROUNDS):
        began = thread_time_ns()
        for ep, policy, facts in rows:
            judge(ep, policy, facts)
        rounds.append((thread_time_ns() - began) / 1_000 / len(rows))
    return median(rounds)


def _changes(archive: Archive, ep: EventProgram, tally: Tally) -> list[dict[str, Any]]:
    """The samples of changed decisions with both explanations."""
    return [
        _change(archive, ep, change, sample) for change in sorted(tally.samples) for sample in tally.samples[change]
    ]


def _change(archive: Archive, ep: EventProgram, change: str, sample: Sample) -> dict[str, Any]:
    assert sample.facts is not None, "completed when all was counted"
    record = archive.decision(sample.seq)
    then = archive.program(record.definitions).events[record.event_type]
    was, would = change.split(">")
    return {
        "decision_id": decision_id(sample.seq), "event_id": record.event_id, "at": format_instant(record.as_of_us),
        "was": was, "would": would,
        "live": _explained(then, then.complete([*record.values, *record.facts], frozenset(record.absent)),
                           frozenset(record.absent)),
        "candidate": _explained(ep, sample.facts, frozenset(sample.absent)),
    }  # fmt: skip


def _explained(ep: EventProgram, facts: list[Any], absent: frozenset[str]) -> Mapping[str, Any]:
    decision = decide(ep, facts, absent)
    rules = speaking_rules(ep, facts, absent, decision)
    return {"outcome": str(decision.outcome), "score": decision.score, "rules": msgspec.to_builtins(rules)}
