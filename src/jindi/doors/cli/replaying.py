"""Decisions of the past made again, and held against the journal byte by byte."""

from dataclasses import dataclass
from typing import Any

import msgspec

from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.backtesting import instant_of, newest_program, zone_of
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.ports import LogDamaged, LogFailure
from jindi.run.archive import Archive
from jindi.run.records import decision_id, decision_seq
from jindi.run.replay import Cause, Depth, Difference, Range, Replay, Report, as_document
from jindi.run.replay.runner import seq_at

SHOWN_MAX = 10
"""Differences that are told in words; `--json` has more."""

_EVERYTHING = Range(0, 1 << 62)


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's options as they were written."""

    what: str | None
    since: str | None
    until: str | None
    features: bool
    cores: int


def run_replay(wiring: Wiring, settled: Settled, output: Output, asked: Asked) -> None:
    """Exit 0 when every byte came out as it stands, 1 with what differs, 2 when it can't be asked."""
    try:
        wiring.must_exist(settled)
        range_ = _range(wiring, settled, asked)
        output.warm()
        depth = Depth.FEATURES if asked.features else Depth.FACTS
        replay = Replay(lambda: wiring.view_log(settled), wiring.blobs(settled), cores=asked.cores)
        with output.progress() as progress:
            task = progress.add_task("replaying", total=None)
            report = replay.run(
                range_, depth, lambda done, total: progress.update(task, completed=done, total=total)
            )  # fmt: skip
    except LogDamaged as damage:
        output.give({"ok": False, "broken": {"place": damage.place, "problem": damage.problem}})
        output.err.print(f"✗ the journal is damaged at {damage.place}: {damage.problem}", markup=False, style="red")
        raise SystemExit(1) from None
    except (Problems, LogFailure, OSError) as error:
        output.fail(error, 2)
    output.give(document(report))
    _tell(output, report)
    if not report.ok:
        raise SystemExit(1)


def _range(wiring: Wiring, settled: Settled, asked: Asked) -> Range:
    """Which records are meant. Raises Problems."""
    if asked.what is not None and (asked.since is not None or asked.until is not None):
        raise Problems([Problem("replay", asked.what[:40], "an id and instants at once", "give one or the other")])
    if asked.what is not None:
        return _named(wiring, settled, asked.what)
    if asked.since is None and asked.until is None:
        return _EVERYTHING
    zone = zone_of([newest_program(wiring, settled, "a replay")])
    problems: list[Problem] = []
    bounds: list[int | None] = []
    for option, text in (("--since", asked.since), ("--until", asked.until)):
        try:
            bounds.append(None if text is None else instant_of(text, zone))
        except ValueError as error:
            problems.append(Problem("replay", option, str(error), "write 2026-11-01 or 2026-11-01T00:00:00+08:00"))
    if problems:
        raise Problems(problems)
    log = wiring.view_log(settled)
    try:
        archive = Archive(log)
        first = 0 if bounds[0] is None else seq_at(archive, bounds[0])
        last = log.next_seq() if bounds[1] is None else seq_at(archive, bounds[1])
    finally:
        log.close()
    if first >= last:
        raise Problems([Problem("replay", "--since, --until", "the journal has no decision between", "widen them")])
    return Range(first, last)


def _named(wiring: Wiring, settled: Settled, what: str) -> Range:
    """One decision, or those from one to another, both included."""
    first, dots, last = what.partition("..")
    try:
        begin = decision_seq(first)
        end = decision_seq(last) if dots else begin
    except ValueError as error:
        remedy = "give a decision_id, or two with .. between them"
        raise Problems([Problem("replay", what[:40], str(error), remedy)]) from None
    if end < begin:
        raise Problems([Problem("replay", what[:40], "it ends before it begins", "give the earlier decision first")])
    log = wiring.view_log(settled)
    try:
        archive = Archive(log)
        for seq in (begin, end):
            try:
                archive.decision(seq)
            except LookupError as error:
                raise Problems([Problem("replay", decision_id(seq), str(error), "look up its id")]) from None
            except (ValueError, IndexError):
                pass  # it is there, and can't be read: that is for the replay to tell
    finally:
        log.close()
    return Range(begin, end + 1)


def document(report: Report) -> dict[str, Any]:
    """A report for programs."""
    tally = report.tally
    return {
        "ok": report.ok,
        "depth": str(report.depth),
        "records": {"first": report.range.first, "next": report.range.last},
        "replayed": tally.records,
        "decisions": tally.decisions,
        "different": tally.different,
        "causes": dict(sorted(tally.causes.items())),
        "definitions": [
            {"record": seq, "digest": report.digests.get(seq, ""), "decisions": count}
            for seq, count in sorted(tally.definitions.items())
        ],
        "differences": [_difference(each) for each in tally.differences],
        "stopped": _difference(report.stopped) if report.stopped is not None else None,
        "broken": {"place": report.broken.place, "problem": report.broken.what, "record": report.broken.seq}
        if report.broken is not None else None,
        "head": report.head.hex(),
        "chain_from": "beginning" if report.range.first == 0 or _is_whole(report) else "range",
        "state_from": (report.snapshot or "beginning") if report.depth is Depth.FEATURES else None,
        "notes": list(report.notes),
    }  # fmt: skip


def _is_whole(report: Report) -> bool:
    """Whether the chain was followed from the journal's beginning."""
    return report.depth is Depth.FEATURES and report.snapshot is None


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "record": each.seq,
        "decision_id": decision_id(each.seq) if each.event_type else None,
        "event_id": each.event_id or None,
        "event_type": each.event_type or None,
        "as_of": format_instant(each.as_of_us) if each.event_type else None,
        "causes": [as_document(cause) for cause in each.causes],
    }


def _tell(output: Output, report: Report) -> None:
    if output.as_json:
        return
    tally = report.tally
    how = "on their journalled facts" if report.depth is Depth.FACTS else "with their features"
    for note in report.notes:
        output.say(note)
    if report.ok:
        output.say(
            f"✓ {counted(tally.decisions, 'decision')} made again {how}: every byte as it stands"
            f" ({counted(tally.records, 'record')},"
            f" {counted(len(tally.definitions), 'set of definitions', 'sets of definitions')})"
        )
        output.say(_chain_said(report))
        return
    if report.broken is not None:
        broken = report.broken
        output.err.print(f"✗ the chain is broken at {broken.place}: {broken.what}", markup=False, style="red")
        output.say(f"nothing from record {broken.seq} on was replayed")
    if report.stopped is not None:
        output.err.print(
            f"✗ the state can't be rebuilt from record {report.stopped.seq} on:"
            f" {_said(report.stopped.causes[0])}", markup=False, style="red",
        )  # fmt: skip
    if tally.different:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(tally.causes.items()))
        output.say(f"✗ {tally.different:,} of {counted(tally.records, 'record')} differ, made again {how} ({kinds})")
        for each in tally.differences[:SHOWN_MAX]:
            name = decision_id(each.seq) if each.event_type else f"record {each.seq}"
            output.say(f"  {name} {each.event_type} {each.event_id}".rstrip())
            for cause in each.causes:
                output.say(f"    {_said(cause)}")
        if report.depth is Depth.FEATURES and tally.different > 1:
            output.say("  The first may be the reason of those behind it: the state follows what the journal says.")


def _chain_said(report: Report) -> str:
    head = report.head.hex()[:16]
    begin = "from the beginning" if report.range.first == 0 or _is_whole(report) else "through these batches"
    state = f"; the state was taken from {report.snapshot}" if report.snapshot is not None else ""
    return f"  the chain was followed {begin}, head {head} (jindi verify holds checkpoints against it){state}"


def _said(cause: Cause) -> str:
    named = " ".join(filter(None, (cause.policy, cause.kind.replace("_", " "), cause.name)))
    if cause.kind in ("unreadable", "undecidable", "encoding"):
        return named
    read = ", ".join(f"{name} = {_shown(value)}" for name, value in (cause.inputs or {}).items())
    return f"{named}: journalled {_shown(cause.journalled)}, recomputed {_shown(cause.recomputed)}" + (
        f" ({read})" if read else ""
    )


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "nothing"
    return msgspec.json.encode(value).decode()
