"""The register of controls on the command line: shown, run, reported."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from jindi import packs
from jindi.basics.instants import format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.auditing import caller
from jindi.doors.cli.grounds import ground_of
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.oversight import Standing, counts
from jindi.packs import Definitions
from jindi.packs.tables import meant
from jindi.ports import LogFailure, LogHeld
from jindi.run.archive import Archive
from jindi.run.audit import record_alone
from jindi.run.controls.advisories import in_use, keep, take_in
from jindi.run.controls.flaws import open_flaws
from jindi.run.controls.ground import Ground
from jindi.run.controls.register import Book, standings
from jindi.run.controls.registry import look
from jindi.run.controls.report import document
from jindi.run.controls.runner import Asking, Runner

Failures = (Problems, LogFailure, OSError)


class Desk:
    """The register of one folder, as commands see it."""

    def __init__(self, wiring: Wiring, settled: Settled, output: Output) -> None:
        self.wiring, self.settled, self.output = wiring, settled, output
        self.definitions = _in_force(wiring, settled)
        self.book = Book(wiring.blobs(settled))
        if not self.definitions.controls:
            what = "no pack has a control"
            raise Problems([Problem("controls.toml", "", what, "load the pack platform, which comes with Jindi")])

    def standings(self) -> list[Standing]:
        """How all controls stand."""
        log = None
        with suppress(Problems):
            log = self.wiring.view_log(self.settled)
        try:
            now_us, results = self.wiring.clock.now_us(), self.book.read().results
            return standings(self.definitions.controls.values(), results, log, now_us)
        finally:
            if log is not None:
                log.close()

    def document(self) -> dict[str, Any]:
        """The report."""
        now_us = self.wiring.clock.now_us()
        return document(self.standings(), self.definitions, self.wiring.origin(self.settled), now_us)

    def ground(self) -> Ground:
        """What checks stand on."""
        return ground_of(self.wiring, self.settled, self.definitions)

    def record(self, what: str, on: str) -> int:
        """Journal an action; its number when it is durable."""
        log = self.wiring.open_log(self.settled)
        try:
            return record_alone(log, caller(), what, on, self.wiring.clock.now_us())
        finally:
            log.close()


def _in_force(wiring: Wiring, settled: Settled) -> Definitions:
    """The definitions that the next start has: the saved packs, or what people have approved."""
    if settled.platform.changes == "files":
        return packs.load(wiring.pack_files(settled.packs))
    log = wiring.view_log(settled)
    try:
        archive = Archive(log)
        return archive.program(archive.in_force()).definitions
    except LookupError:
        return packs.load(wiring.pack_files(settled.packs))
    finally:
        log.close()


def desk_of(wiring: Wiring, output: Output, data: str | None, folders: list[Path] | None) -> Desk:
    """The register of a folder that a platform was started in; fails with what is wrong."""
    try:
        settled = wiring.settle({"data": data, "packs": ",".join(map(str, folders)) if folders else None})
    except Problems as problems:
        output.fail(problems, 2)
    try:
        wiring.must_exist(settled)
        return Desk(wiring, settled, output)
    except Failures as error:
        output.fail(error)


def show(desk: Desk, output: Output) -> None:
    """All controls, without their evidence."""
    try:
        found = desk.document()
    except Failures as error:
        output.fail(error)
    for risk in found["risks"]:
        for each in risk["controls"]:
            if each["result"] is not None:
                del each["result"]["evidence"]
    output.give(found)
    for risk in found["risks"]:
        output.say(f"{risk['title']['zh']} {risk['title']['en']}")
        for each in risk["controls"]:
            due = "" if each["due"] is None else f", due {each['due'][:16]}"
            output.say(f"  {_marked(each)}  {each['owner']}, every {_period(each['period_hours'])}{due}")
            output.say(f"      {each['doc']['zh']} {each['doc']['en']}")
    output.say(_summed(found["counts"]))


def run(
    desk: Desk, output: Output, only: tuple[str, ...], *, is_due_only: bool, url: str = "", api_key: str = ""
) -> None:  # fmt: skip
    """Run controls; exit 1 when one of them is not green. A platform that has the folder open is asked to run them, at
    `url` (by default where its settings say), with `api_key`.
    """
    try:
        _known(desk, only)
        if url or _is_running(desk):
            _through(desk, output, url, api_key, only, is_due_only=is_due_only)
            return
        output.warm()
        runner = Runner(desk.book, desk.wiring.clock, desk.definitions.controls, desk.definitions.digest)
        ground = desk.ground()
        plan = runner.plan(Asking(only, is_due_only), ground)
        if plan.is_resumed:
            output.note(f"going on with {plan.run}: {counted(len(plan.controls), 'control')} left")
        with output.progress() as progress:
            task = progress.add_task("controls", total=len(plan.controls))
            made = runner.perform(
                plan, caller().name, lambda control: look(control, ground), desk.record,
                lambda name, done, total: progress.update(task, description=name, completed=done, total=total),
            )  # fmt: skip
        ran = {each.control for each in made}
        stands = desk.standings()
        found = document(stands, desk.definitions, desk.wiring.origin(desk.settled), desk.wiring.clock.now_us())
    except Failures as error:
        output.fail(error)
    asked = [each for each in stands if each.control.id in ran]
    _tell_run(output, plan.run, asked, found)
    if counts(asked).failing:
        raise SystemExit(1)


def _is_running(desk: Desk) -> bool:
    """Whether another process has the journal."""
    try:
        desk.wiring.open_log(desk.settled).close()
    except LogHeld:
        return True
    return False


def _through(
    desk: Desk, output: Output, url: str, api_key: str, only: tuple[str, ...], *, is_due_only: bool
) -> None:  # fmt: skip
    """Have the running platform run them: it has open what some of the checks need."""
    from jindi.doors.cli.controlling_asked import RunningControls  # noqa: PLC0415 - an HTTP client is slow to import

    asking = RunningControls(desk.wiring, desk.settled, output, url, api_key)
    asked, found = asking.run(only, is_due_only=is_due_only)
    _tell_listed(output, asked, found)
    if not all(each["green"] for each in asked):
        raise SystemExit(1)


def take_advisories(desk: Desk, output: Output, files: list[Path]) -> None:
    """Take in what is known of flaws, and tell at once which of our components have one."""
    lock = desk.wiring.lock()
    try:
        if lock is None:
            what = "there is no requirements.lock, so nobody knows whose flaws to keep"
            raise Problems([Problem("requirements.lock", "", what, "install Jindi from its wheel or its sources")])
        now_us, components = desk.wiring.clock.now_us(), in_use(lock)
        told = take_in(files, set(components), now_us)
        keep(desk.wiring.blobs(desk.settled), told)
    except Failures as error:
        output.fail(error)
    found = open_flaws(told.flaws, components)
    output.give(
        {"ok": True, "records": told.records, "newest": format_instant(told.newest_us), "digest": told.digest,
         "components": len(components), "open": [each.ids for each in found]}
    )  # fmt: skip
    parts, newest = counted(len(components), "component"), format_instant(told.newest_us)[:10]
    output.say(f"{counted(told.records, 'record')} taken in, the newest of {newest}; {parts}")
    for each in found:
        since, due = format_instant(each.published_us)[:10], format_instant(each.due_us)[:10]
        what = f"{each.component} {each.version}  {each.severity}, known since {since}, to be gone by {due}"
        output.say(f"  {what}  {', '.join(each.ids)}")
    if not found:
        output.say("no component has a flaw that they know of")


def _known(desk: Desk, only: tuple[str, ...]) -> None:
    unknown = [each for each in only if each not in desk.definitions.controls]
    if unknown:
        raise Problems(
            Problem("--only", each[:64], "no pack has this control", meant(each, desk.definitions.controls))
            for each in unknown
        )


def _tell_run(output: Output, run: str, asked: list[Standing], found: dict[str, Any]) -> None:
    ids = {each.control.id for each in asked}
    listed = [each for risk in found["risks"] for each in risk["controls"] if each["id"] in ids]
    _tell_listed(output, listed, found, run)


def _tell_listed(output: Output, listed: list[dict[str, Any]], found: dict[str, Any], run: str = "") -> None:
    run = run or next((each["result"]["run"] for each in listed if each["result"] is not None), "")
    failing = sum(not each["green"] for each in listed)
    output.give({"ok": failing == 0, "run": run, "ran": len(listed), "failing": failing, "controls": listed})
    for each in listed:
        mark = "✓" if each["green"] else "✗"
        output.say(f"{mark} {each['id']} {each['doc']['zh']} {each['doc']['en']}")
        output.say(_seen(each))
        _why(output, each)
    if not listed:
        output.say("没有到期的控制。No control is due.")
        return
    output.say(f"{run}: {counted(len(listed), 'control')}; " + _summed(found["counts"]))


def _seen(each: dict[str, Any]) -> str:
    """Where a result stands, and what its evidence is known by."""
    result = each["result"]
    if result is None:
        return "    – no result 没有结果"
    return f"    record {result['record']}, evidence sha256:{result['evidence_digest'][:16]}, {result['seconds']:g} s"


def _why(output: Output, each: dict[str, Any]) -> None:
    """Why a control is not green, with what is to be done."""
    if each["green"]:
        return
    why = {"zh": "尚无结果：运行 jindi controls run", "en": "there is no result yet: jindi controls run"}
    if each["result"] is not None and each["state"] != "never":
        why = each["result"]["why"] if each["result"]["why"]["en"] else _STALE.get(each["state"], why)
    output.say(f"    {each['state']}: {why['zh']} {why['en']}")


_STALE = {
    "overdue": {"zh": "结果已过期：运行 jindi controls run", "en": "the result is too old: jindi controls run"},
    "altered": {
        "zh": "保存的结果不是日志所载的那个：查明谁改了它，再重新运行",
        "en": "the kept result is not the one that the journal names: find out who changed it, then run it again",
    },
}
"""What is to be done about a result that is green by itself and counts for nothing."""


def report(desk: Desk, output: Output, page: Path | None) -> None:
    """The whole register; exit 1 while a control is not green."""
    try:
        found = desk.document()
        if page is not None:
            _write_page(page, found)
    except Failures as error:
        output.fail(error)
    output.give(found)
    for risk in found["risks"]:
        output.say(f"{risk['title']['zh']} {risk['title']['en']}")
        for each in risk["controls"]:
            result = each["result"]
            said = f"{result['ended'][:16]} record {result['record']}" if result is not None else "–"
            output.say(
                f"  {'✓' if each['green'] else '✗'} {each['id']:8} {each['state']:14} {said}  {each['doc']['en']}"
            )
            _why(output, each)
    output.say(_summed(found["counts"]))
    if page is not None:
        output.say(f"the whole report: {page}")
    if not found["ok"]:
        raise SystemExit(1)


def _write_page(path: Path, found: dict[str, Any]) -> None:
    from jindi.doors.reports import controls_page  # noqa: PLC0415 - templates are only read where a page is asked for

    try:
        path.write_text(controls_page(found), "utf-8")
    except OSError as error:
        raise Problems(
            [Problem(str(path), "", f"the page can't be written: {error.strerror}", "choose another --page")]
        ) from None


def _marked(each: dict[str, Any]) -> str:
    return f"{'✓' if each['green'] else '✗'} {each['id']:8} {each['state']:13}"


def _period(hours: float) -> str:
    return f"{hours / 24:g} d" if hours >= 24 else f"{hours:g} h"


def _summed(found: dict[str, int]) -> str:
    return (
        f"{found['passed']} 项成立 green, {found['failing']} 项未成立 failing, {found['excluded']} 项不适用 excluded,"
        f" 共 {found['all']} in all"
    )
