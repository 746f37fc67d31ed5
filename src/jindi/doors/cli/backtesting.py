"""Asking the journal's past what edited packs would have decided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from jindi import packs
from jindi.basics.instants import parse_instant, start_of_day
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.engine import Program, build
from jindi.packs import Definitions
from jindi.run.archive import Archive
from jindi.run.backtest import Candidate, Span
from jindi.run.backtest.contest import EVER_US
from jindi.run.backtest.runner import Backtest, Question, promoted
from jindi.run.history.manifest import Broken


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's options as they were written."""

    candidates: tuple[Path, ...]
    policy: str | None
    since: str | None
    until: str | None
    label: str | None
    known_by: str | None
    segment: str | None
    page: Path | None
    cores: int


def run_backtest(wiring: Wiring, settled: Settled, output: Output, asked: Asked) -> None:
    """Judge the past by every candidate and tell what would have changed. Raises Problems."""
    if not asked.candidates and asked.policy is None:
        raise Problems([Problem("backtest", "", "nothing to try", "name edited packs with --candidate, or --policy")])
    newest = newest_program(wiring, settled, "a backtest")
    tried = [_candidate(wiring, newest, folder, asked.policy) for folder in asked.candidates or (None,)]
    question = _question(wiring, asked, tried)
    output.warm()
    backtest = Backtest(
        lambda: wiring.view_log(settled), wiring.blobs(settled), question, cores=asked.cores,
        files=wiring.archive(settled),
    )  # fmt: skip
    with output.progress() as progress:
        tasks = {each.name: progress.add_task(each.name, total=None) for each in tried}
        try:
            report = backtest.run(
                tried, lambda name, done, total: progress.update(tasks[name], completed=done, total=total)
            )
        except Broken as broken:
            raise Problems([Problem("archive", broken.place, broken.what, broken.remedy)]) from None
    if asked.page is not None:
        _write_page(asked.page, report)
    output.give(report)
    for each in report["candidates"]:
        _tell(output, each)
    if asked.page is not None:
        output.say(f"the whole report: {asked.page}")


def newest_program(wiring: Wiring, settled: Settled, asker: str) -> Program:
    """The program in force at the journal's end. Raises Problems when there is none."""
    log = wiring.view_log(settled)
    try:
        archive = Archive(log)
        if (seq := archive.in_force()) < 0:
            raise Problems([Problem("journal", "", "it is empty", f"{asker} needs a past")])
        return archive.program(seq)
    finally:
        log.close()


def _candidate(wiring: Wiring, newest: Program, folder: Path | None, policy: str | None) -> Candidate:
    """Today's packs with those of the folder in the place of their namesakes, and the named policy live."""
    definitions = newest.definitions
    if folder is not None:
        definitions = packs.load(_merged(definitions.source, wiring.pack_files([folder])))
    name = "/".join(filter(None, (str(folder) if folder is not None else None, policy)))
    return Candidate(name, promoted(definitions, policy) if policy is not None else build(definitions))


def _merged(source: Mapping[str, str], edited: Mapping[str, str]) -> dict[str, str]:
    replaced = {path.partition("/")[0] for path in edited}
    return {path: text for path, text in source.items() if path.partition("/")[0] not in replaced} | dict(edited)


def _question(wiring: Wiring, asked: Asked, tried: list[Candidate]) -> Question:
    zone = zone_of([each.program for each in tried])
    now_us = wiring.clock.now_us()
    problems: list[Problem] = []

    def instant(option: str, text: str | None, default_us: int) -> int:
        if text is None:
            return default_us
        try:
            return instant_of(text, zone)
        except ValueError as error:
            problems.append(Problem("backtest", option, str(error), "write 2026-11-01 or 2026-11-01T00:00:00+08:00"))
            return default_us

    since_us = instant("--since", asked.since, 0)
    until_us = instant("--until", asked.until, EVER_US)
    known_by_us = instant("--known-by", asked.known_by, now_us)
    if not problems and since_us >= until_us:
        problems.append(Problem("backtest", "--until", "it is not after --since", "give a later one"))
    if asked.segment is not None and not any(
        asked.segment in ep.index for each in tried for ep in each.program.events.values()
    ):
        remedy = "name a field or a feature of the candidate's packs"
        problems.append(Problem("backtest", "--segment", "no event of the candidate has it", remedy))
    if problems:
        raise Problems(problems)
    label = asked.label or _only_label([each.program.definitions for each in tried])
    return Question(Span(since_us, until_us), known_by_us, label, asked.segment)


def zone_of(programs: list[Program]) -> ZoneInfo | None:
    """The zone of all live policies; None when they have several."""
    zones = {str(ep.zone) for program in programs for ep in program.events.values() if ep.live is not None}
    return ZoneInfo(zones.pop()) if len(zones) == 1 else None


def instant_of(text: str, zone: ZoneInfo | None) -> int:
    """An instant, or the beginning of a day in the packs' zone. Raises ValueError."""
    if len(text) == len("2026-11-01") and zone is not None:
        try:
            return start_of_day(date.fromisoformat(text), zone)
        except ValueError:
            raise ValueError("no such day") from None
    return parse_instant(text)


def _only_label(all_: list[Definitions]) -> str | None:
    names = {name for definitions in all_ for name in definitions.labels}
    return names.pop() if len(names) == 1 else None


def _write_page(path: Path, report: dict[str, Any]) -> None:
    from jindi.doors.reports import backtest_page  # noqa: PLC0415 - templates are only read where a page is asked for

    try:
        path.write_text(backtest_page(report), "utf-8")
    except OSError as error:
        raise Problems(
            [Problem(str(path), "", f"the page can't be written: {error.strerror}", "choose another --page")]
        ) from None


def _tell(output: Output, candidate: dict[str, Any]) -> None:
    kept = candidate["from_archive"]
    source = f", {counted(kept, 'decision')} from the archive" if kept else ""
    output.say(f"{candidate['name']} (by {_MODES[candidate['mode']]}{source})")
    if not candidate["types"]:
        output.say("  the candidate decides no event of this time")
        return
    if output.as_json:
        return
    same = [name for name, found in candidate["types"].items() if not found["changed"]]
    if same:
        output.say(f"nothing would change for: {', '.join(same)}")
    for name, found in candidate["types"].items():
        if not found["changed"]:
            continue
        labelled = found["labelled"]
        known = f"; labelled: {labelled['true']:,} true, {labelled['false']:,} false" if any(labelled.values()) else ""
        output.say(f"{name}: {counted(found['events'], 'decision')}, {found['changed']:,} would change{known}")
        table = Table("", "live", "candidate")
        for head, of in _ROWS.items():
            live, would = of(found["live"]), of(found["candidate"])
            if (live, would) != ("–", "–"):
                table.add_row(head, live, would)
        output.out.print(table)
        if found["rules_silent"]:
            output.say(f"  never hit: {', '.join(found['rules_silent'])}")


_MODES = {
    "facts": "facts",
    "replay": "replay: features, lists or fields differ, or a changed outcome comes back into a feature",
}

_ROWS: dict[str, Callable[[dict[str, Any]], str]] = {
    "stopped": lambda side: f"{side['stopped']['events']:,}",
    **{
        outcome: lambda side, outcome=outcome: f"{side['outcomes'][outcome]['events']:,}"  # type: ignore[misc]
        for outcome in packs.OUTCOMES
    },
    "precision": lambda side: _share(side["precision"]),
    "recall": lambda side: _share(side["recall"]),
    "false alarms": lambda side: _share(side["false_alarms"]),
    "share of money caught": lambda side: _share(side["money_caught_share"]),
}


def _share(share: dict[str, float] | None) -> str:
    if share is None:
        return "–"
    low, high = share["low"], share["high"]
    return f"{share['value']:.1%}" + (f" ({low:.1%} to {high:.1%})" if low is not None else "")
