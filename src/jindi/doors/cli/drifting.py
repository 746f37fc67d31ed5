"""Whether what is decided on, and how well it is judged, is still what it was."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from jindi.basics.instants import parse_duration
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.backtesting import instant_of, newest_program, zone_of
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.ports import LogFailure
from jindi.run.archive import Archive
from jindi.run.drift import Question, drift
from jindi.run.drift.watcher import evaluations_for

FACTS_TOLD = 12
"""Facts of a type that are told in words, those that have drifted farthest; the page and `--json` have all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's options as they were written."""

    current: str
    reference: str
    until: str | None
    known_by: str | None
    level: float
    page: Path | None


def look_for_drift(wiring: Wiring, settled: Settled, output: Output, asked: Asked) -> None:
    """Compare, tell, and end well whatever was found; exit 2 when it can't be asked."""
    try:
        program = newest_program(wiring, settled, "drift")
        question = _question(asked, zone_of([program]))
        evaluations = evaluations_for(program.definitions, wiring.evaluations(settled.packs))
        log = wiring.view_log(settled)
        try:
            with output.progress() as progress:
                task = progress.add_task("reading", total=None)
                report = drift(
                    Archive(log), question, evaluations,
                    lambda what, done, total: progress.update(task, description=what, completed=done, total=total),
                )  # fmt: skip
        finally:
            log.close()
        if asked.page is not None:
            _write_page(asked.page, report)
    except (Problems, LogFailure) as error:
        output.fail(error, 2)
    output.give(report)
    if not output.as_json:
        _tell(output, report)
    if asked.page is not None:
        output.say(f"the whole report: {asked.page}")


def _question(asked: Asked, zone: Any) -> Question:
    problems: list[Problem] = []
    lengths: list[int] = []
    for option, text in (("--current", asked.current), ("--reference", asked.reference)):
        try:
            length_us = parse_duration(text)
        except ValueError as error:
            problems.append(Problem("drift", option, str(error), "write a duration such as 7d"))
            continue
        if length_us <= 0:
            problems.append(Problem("drift", option, "an empty stretch", "write a duration such as 7d"))
        lengths.append(length_us)
    instants: list[int | None] = []
    for option, instant in (("--until", asked.until), ("--known-by", asked.known_by)):
        try:
            instants.append(None if instant is None else instant_of(instant, zone))
        except ValueError as error:
            problems.append(Problem("drift", option, str(error), "write 2026-11-01 or 2026-11-01T00:00:00+08:00"))
    if not 0 < asked.level < 1:
        problems.append(Problem("drift", "--level", "not a probability", "write a number such as 0.05"))
    if problems:
        raise Problems(problems)
    return Question(lengths[0], lengths[1], instants[0], instants[1], asked.level)


def _write_page(path: Path, report: dict[str, Any]) -> None:
    from jindi.doors.reports import drift_page  # noqa: PLC0415 - templates are only read where a page is asked for

    try:
        path.write_text(drift_page(report), "utf-8")
    except OSError as error:
        raise Problems(
            [Problem(str(path), "", f"the page can't be written: {error.strerror}", "choose another --page")]
        ) from None


def _tell(output: Output, report: dict[str, Any]) -> None:
    output.say(
        f"reference {report['reference'][0]} to {report['reference'][1]}, current to {report['current'][1]};"
        f" level {report['level']:g} in each event type"
    )
    for name, found in report["types"].items():
        if not found["compared"]:
            rows = f"{found['reference']['decisions']:,} and {found['current']['decisions']:,}"
            output.say(f"{name}: too few decisions to compare ({rows})")
            continue
        alarms = sum(each["alarm"] for each in found["facts"].values())
        output.say(
            f"{name}: {found['reference']['decisions']:,} and {found['current']['decisions']:,} decisions;"
            f" {alarms} of {len(found['facts'])} facts have drifted beyond chance"
        )
        drifted = sorted(found["facts"].items(), key=lambda pair: (not pair[1]["alarm"], -pair[1]["psi"]))
        shown = [pair for pair in drifted if _is_worth_telling(pair[1])][:FACTS_TOLD]
        if shown:
            table = Table("fact", "PSI", "critical", "p (Holm)", "size", "")
            for fact, each in shown:
                table.add_row(
                    fact, f"{each['psi']:.3f}", _number(each["critical"]), _number(each["adjusted"]), each["size"],
                    "redefined" if each["redefined"] else "beyond chance" if each["alarm"] else "",
                )  # fmt: skip
            output.out.print(table)
        for model, each in found["models"].items():
            _tell_model(output, model, each)
    if not report["findings"]:
        output.say("nothing that a person has to hear of")
    for each in report["findings"]:
        what = f"{each['on']}.{each['name']}" if each["what"] != "outcomes" else f"outcomes of {each['on']}"
        proposal = f", proposed: {each['proposal']} ({', '.join(each['because'])})" if each["what"] == "model" else ""
        output.say(f"! {each['what']} {what}: {each['size']}{proposal}")


def _is_worth_telling(each: dict[str, Any]) -> bool:
    return bool(each["alarm"] or (each["size"] != "small" and not each["growing"]))


def _tell_model(output: Output, name: str, each: dict[str, Any]) -> None:
    said = [f"model {name}: {each['proposal']}"]
    if each["score"] is not None:
        said.append(f"score PSI {each['score']['psi']:.3f} (critical {_number(each['score']['critical'])})")
    if each["newest"] is not None and each["newest"]["auc"] is not None:
        auc, newest = each["newest"]["auc"], each["newest"]
        expected = f", its evaluation {each['evaluation']['auc']:.3f}" if each["evaluation"] is not None else ""
        said.append(
            f"AUC {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f}) on {newest['positives']:,} true of"
            f" {newest['rows']:,} mature{expected}"
        )
    if each["calibration"] is not None:
        said.append(f"{each['calibration']['ratio']:.2f} times as many turned out true as foretold")
    output.say("; ".join(said))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
