"""The archive on the command line: follow the journal, prove the archive, export decisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import Progress

from jindi.basics.instants import parse_duration, parse_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.ports import Files, Log, LogFailure
from jindi.run.archive import Archive
from jindi.run.history.follower import Follower
from jindi.run.history.labelled import NEEDED, Labelled, Question, check
from jindi.run.history.manifest import Broken, Manifest, load
from jindi.run.history.selection import Selection, Wanted
from jindi.run.history.sql import Query
from jindi.run.history.tables import write_table
from jindi.run.history.verify import Proved, Told, verify
from jindi.run.labels import Labels

TRIES = 3
"""So often an export begins again because parts were joined under its hands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What `jindi export` was told."""

    out: Path
    where: str | None
    sql: str | None
    since: str | None
    until: str | None
    types: tuple[str, ...]
    columns: str | None
    label: str | None = None
    mature: str | None = None


def follow_journal(wiring: Wiring, settled: Settled, output: Output) -> None:
    """Bring the archive up to the journal's end."""
    files = wiring.archive(settled)
    try:
        with _journal(wiring, settled) as (log, until):
            if not files.hold():
                what = "another process follows the journal into this archive (a platform with archive_minutes above 0)"
                raise Problems([Problem(str(wiring.archive_folder(settled)), "", what, "let it, or stop it first")])
            follower = Follower(files, Archive(log))
            rows = follower.manifest.rows
            with output.progress() as progress:
                task = progress.add_task("archiving", total=until, completed=follower.manifest.next)
                records = follower.follow(until, lambda done: progress.update(task, completed=done))
    except (Problems, LogFailure, Broken, OSError) as error:
        output.fail(error)
    finally:
        files.close()
    manifest = follower.manifest
    output.give({
        "ok": True, "records": records, "rows": manifest.rows - rows, "parts": len(manifest.parts),
        "rows_in_all": manifest.rows, "next": manifest.next, "head": manifest.head.hex(),
    })  # fmt: skip
    output.say(
        f"✓ {counted(manifest.rows - rows, 'decision')} archived;"
        f" {manifest.rows:,} in {counted(len(manifest.parts), 'part')}, up to record "
        f"{manifest.next} of the journal"
    )


@contextmanager
def _journal(wiring: Wiring, settled: Settled) -> Iterator[tuple[Log, int]]:
    """The journal, and up to which record it may be followed. Raises Problems or LogFailure.

    Beside a running platform the newest batch is left out: what is in the file is not yet on the disk.
    """
    log = wiring.view_log(settled)
    until = log.next_seq()
    try:
        alone = wiring.open_log(settled)
    except LogFailure:
        for frame in log.read(until - 1) if until else ():
            until = frame.first
            break
    else:
        log.close()
        log, until = alone, alone.next_seq()
    try:
        yield log, until
    finally:
        log.close()


def verify_archive(wiring: Wiring, settled: Settled, output: Output) -> None:
    """Exit 0 with what was proved, or exit 1 with the first wrong place."""
    files = wiring.archive(settled)
    try:
        log = wiring.view_log(settled)
    except (Problems, LogFailure) as error:
        output.fail(error, 2)
    try:
        proved = _proved(files, log, output)
        behind = log.next_seq() - proved.next
    except Broken as broken:
        output.give({"ok": False, "place": broken.place, "problem": broken.what, "remedy": broken.remedy})
        output.err.print(f"✗ the archive is wrong at {broken}", markup=False, style="red")
        raise SystemExit(1) from None
    except OSError as error:
        output.fail(error)
    finally:
        log.close()
        files.close()
    output.give({
        "ok": True, "parts": proved.parts, "rows": proved.rows, "next": proved.next, "head": proved.head.hex(),
        "behind": behind,
    })  # fmt: skip
    output.say(
        f"✓ the archive says what the journal says: {counted(proved.rows, 'decision')}"
        f" in {counted(proved.parts, 'part')}, up to record {proved.next};"
        f" {counted(behind, 'record is', 'records are')} not archived yet"
    )


def _proved(files: Files, log: Log, output: Output) -> Proved:
    for left in reversed(range(TRIES)):
        manifest = load(files)
        alone = bool(manifest.ranges) and files.hold()
        try:
            with output.progress() as progress:
                return verify(files, Archive(log), _bar(progress), alone=alone)
        except Broken:
            if alone or not left or load(files) == manifest:
                raise
    raise AssertionError("the last try answers or raises")


def _bar(progress: Progress) -> Told:
    task = progress.add_task("reading", total=None)
    return lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def export_decisions(wiring: Wiring, settled: Settled, output: Output, asked: Asked) -> None:
    """Write the table that was asked for."""
    folder = wiring.archive_folder(settled)
    try:
        wanted = _wanted(asked)
        if not folder.is_dir():
            remedy = "run jindi archive first, or name another folder with --data"
            raise Problems([Problem(str(folder), "", "nothing is archived here yet", remedy)])
        if asked.out.resolve().is_relative_to(folder.resolve()):
            raise Problems([Problem(str(asked.out), "", "lies in the archive", "write it somewhere else")])
        if not asked.out.parent.is_dir():
            raise Problems([Problem(str(asked.out.parent), "", "no such folder", "make it first")])
        labels, question = (None, None) if asked.label is None else _labels(wiring, settled, asked, asked.label)
        rows = _exported(wiring.archive(settled), folder, wanted, asked, output, labels, question)
    except (Problems, Broken, OSError) as error:
        output.fail(error)
    output.give({"ok": True, "rows": rows, "out": str(asked.out)})
    output.say(f"{counted(rows, 'row')} → {asked.out}")


def _labels(wiring: Wiring, settled: Settled, asked: Asked, label: str) -> tuple[Labels, Question]:
    """What the journal knows about the label by now. Raises Problems."""
    log = wiring.view_log(settled)
    try:
        archive = Archive(log)
        if (seq := archive.in_force()) < 0:
            raise Problems([Problem("journal", "", "it is empty", "start the platform and send it events")])
        definitions = archive.program(seq).definitions
        check(definitions, label, asked.types)
        mature_us = definitions.labels[label].mature_us
        if asked.mature is not None:
            try:
                mature_us = parse_duration(asked.mature)
            except ValueError as error:
                raise Problems([Problem("--mature", "", str(error), "write 14d")]) from None
        return Labels.of(archive, definitions), Question(label, mature_us, wiring.clock.now_us())
    finally:
        log.close()


def _exported(
    files: Files, folder: Path, wanted: Wanted, asked: Asked, output: Output, labels: Labels | None,
    question: Question | None,
) -> int:  # fmt: skip
    for left in reversed(range(TRIES)):
        manifest = load(files)
        try:
            with output.progress() as progress:
                return _written(files, folder, manifest, wanted, asked, progress, labels, question)
        except (Problems, FileNotFoundError):
            if not left or load(files) == manifest:
                raise
    raise AssertionError("the last try answers or raises")


def _written(
    files: Files, folder: Path, manifest: Manifest, wanted: Wanted, asked: Asked, progress: Progress,
    labels: Labels | None, question: Question | None,
) -> int:  # fmt: skip
    task = progress.add_task(asked.out.name, total=None)
    if asked.sql is not None:
        query = Query(files, folder, manifest, wanted, asked.sql)
        return write_table(asked.out, query.schema, query.batches(lambda done: progress.update(task, completed=done)))
    told = lambda done, total: progress.update(task, completed=done, total=total)  # noqa: E731
    if labels is None or question is None:
        selection = Selection(files, manifest, wanted)
        return write_table(asked.out, selection.schema, selection.batches(told))
    needed = (*wanted.columns, *NEEDED) if wanted.columns else ()
    labelled = Labelled(
        Selection(files, manifest, replace(wanted, columns=needed)), labels, question, wanted.columns
    )  # fmt: skip
    return write_table(asked.out, labelled.schema, labelled.batches(told))


def _wanted(asked: Asked) -> Wanted:
    problems: list[Problem] = []
    if asked.sql is not None and (asked.where is not None or asked.columns is not None):
        problems.append(Problem("--sql", "", "says itself what is wanted", "leave out --where and --columns"))
    if asked.sql is not None and asked.label is not None:
        problems.append(Problem("--label", asked.label, "is not joined to a query's rows", "leave out --sql"))
    if asked.mature is not None and asked.label is None:
        problems.append(Problem("--mature", "", "says when a label is known", "name one with --label"))
    bounds: list[int | None] = []
    for name, text in (("--since", asked.since), ("--until", asked.until)):
        try:
            bounds.append(None if text is None else parse_instant(text if "T" in text else f"{text}T00:00:00Z"))
        except ValueError as error:
            problems.append(Problem(name, "", str(error), "write 2026-11-22 or 2026-11-22T08:00:00Z"))
    if problems:
        raise Problems(problems)
    columns = tuple(part.strip() for part in (asked.columns or "").split(",") if part.strip())
    return Wanted(asked.types, bounds[0], bounds[1], asked.where, columns)
