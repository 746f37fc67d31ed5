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
from jindi.engine import EventProgram, PolicyProgram, Program, build, decide, explain, judge, to_json
from jindi.packs import Definitions
from jindi.ports import Blobs, Log
from jindi.run.archive import Archive
from jindi.run.backtest.contest import EVER_US, Candidate, Contest, Judged, Mode, Span
from jindi.run.backtest.report import report
from jindi.run.backtest.tally import Sample, Tally
from jindi.run.labels import Labels
from jindi.run.records import DecisionRecord, decision_id

PART_RECORDS = 50_000
"""Records of one part: what is lost of a core's work when it is interrupted."""

KEPT = "backtest-"
_ROUNDS = 5
Progress = Callable[[str, int, int], None]
"""Told (candidate, records done, records in all); may raise to interrupt."""

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
        self, open_log: Callable[[], Log], blobs: Blobs, question: Question, *, cores: int, keep_blobs: bool = True
    ) -> None:
        self._open_log, self._blobs, self._question, self._cores = open_log, blobs, question, max(1, cores)
        self._keep = keep_blobs

    def run(self, candidates: Sequence[Candidate], progress: Progress = lambda *_: None) -> dict[str, Any]:
        """The whole report. What was done before an interruption is not done again."""
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
        mode = contest.mode(first, last)
        tallies: Tallies = {}
        if mode is Mode.FACTS:
            tallies = self._by_facts(contest, archive, first, last, progress)
            if contest.feeds_back(tallies):
                mode = Mode.REPLAY
        if mode is Mode.REPLAY:
            tallies = {}
            contest.newest.clear()
            for judged in contest.by_replay(last, lambda done: progress(candidate.name, done, last)):
                contest.count(judged, tallies)
        progress(candidate.name, last, last)
        return {
            "name": candidate.name,
            "digest": candidate.program.digest,
            "mode": str(mode),
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

    # ---- by facts, on all cores

    def _by_facts(self, contest: Contest, archive: Archive, first: int, last: int, progress: Progress) -> Tallies:
        parts = [(begin, min(begin + PART_RECORDS, last)) for begin in range(first, last, PART_RECORDS)]
        done: dict[tuple[int, int], Tallies] = {}
        for part in parts[:-1]:
            if (kept := self._kept(contest, archive, part)) is not None:
                done[part] = kept
        todo = [part for part in parts[:-1] if part not in done]
        finished = sum(end - begin for begin, end in done)
        name = contest.candidate.name
        progress(name, finished, last)
        if self._cores > 1 and len(todo) > 1:
            for part, found in self._in_processes(contest, todo):
                done[part] = found
                self._put(contest, archive, part, found)
                finished += part[1] - part[0]
                progress(name, finished, last)
        else:
            for part in todo:
                done[part] = _part(contest, part)
                self._put(contest, archive, part, done[part])
                finished += part[1] - part[0]
                progress(name, finished, last)
        # The last part is done here: what the cost is measured on stays at hand.
        tallies: Tallies = {}
        for part in parts[:-1]:
            for event_type, tally in done[part].items():
                tallies.setdefault(event_type, Tally()).add(tally)
        for event_type, tally in _part(contest, parts[-1]).items():
            tallies.setdefault(event_type, Tally()).add(tally)
        self._forget(contest, archive, parts)
        return tallies

    def _in_processes(
        self, contest: Contest, parts: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[tuple[int, int], Tallies]]:
        # Forked: programs, labels and kernels are there already, and the journal is opened anew by each.
        pool = ProcessPoolExecutor(self._cores, get_context("fork"), _begin, (contest, self._open_log))
        try:
            jobs = {pool.submit(_work, part): part for part in parts}
            for job in as_completed(jobs):
                yield jobs[job], _decode(job.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    # ---- what is kept of an unfinished run

    def _name(self, contest: Contest, archive: Archive, part: tuple[int, int]) -> str:
        question = self._question
        journal = archive.place(part[1] - 1).head.hex()
        asked = [
            contest.candidate.program.digest, sorted(p.id for p in contest.candidate.program.definitions.policies
                                                     if p.state == "live"),
            question.span.since_us, question.span.until_us, question.known_by_us, question.label, question.segment,
            part[0], part[1], journal, archive.log.next_seq(),
        ]  # fmt: skip
        return f"{KEPT}{digest(canonical(asked))[:32]}"

    def _kept(self, contest: Contest, archive: Archive, part: tuple[int, int]) -> Tallies | None:
        data = self._blobs.load(self._name(contest, archive, part)) if self._keep else None
        if data is None:
            return None
        with suppress(msgspec.MsgspecError):
            return _decode(data)
        return None  # half-written by another version: it is done again

    def _put(self, contest: Contest, archive: Archive, part: tuple[int, int], tallies: Tallies) -> None:
        if self._keep:
            self._blobs.save(self._name(contest, archive, part), [_encode(tallies)])

    def _forget(self, contest: Contest, archive: Archive, parts: Sequence[tuple[int, int]]) -> None:
        if self._keep:
            for part in parts[:-1]:
                self._blobs.drop(self._name(contest, archive, part))


_worker: list[Contest] = []
"""In a child: its contest, over a journal that it has opened itself."""


def _begin(contest: Contest, open_log: Callable[[], Log]) -> None:
    contest.archive = contest.archive.over(open_log())
    _worker[:] = [contest]


def _work(part: tuple[int, int]) -> bytes:
    return _encode(_part(_worker[0], part))


def _part(contest: Contest, part: tuple[int, int]) -> Tallies:
    tallies: Tallies = {}
    for judged in contest.by_facts(*part):
        contest.count(judged, tallies)
    return tallies


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
    record = archive.decision(sample.seq)
    then = archive.program(record.definitions).events[record.event_type]
    was, would = change.split(">")
    return {
        "decision_id": decision_id(sample.seq), "event_id": record.event_id, "at": format_instant(record.as_of_us),
        "was": was, "would": would,
        "live": _explained(then, then.complete([*record.values, *record.facts], frozenset(record.absent)), record,
                           frozenset(record.absent)),
        "candidate": _explained(ep, sample.facts, record, frozenset(sample.absent)),
    }  # fmt: skip


def _explained(ep: EventProgram, facts: list[Any], record: DecisionRecord, absent: frozenset[str]) -> Mapping[str, Any]:
    decision = decide(ep, facts, absent)
    told: Mapping[str, Any] = msgspec.json.decode(
        to_json(explain(ep, facts, absent, at_us=record.as_of_us, decision=decision))
    )
    return {
        "outcome": told["outcome"], "score": told["score"],
        "rules": [rule for rule in told["rules"] if rule["state"] != "not_hit"],
    }  # fmt: skip
