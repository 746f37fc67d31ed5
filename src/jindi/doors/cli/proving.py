"""Proving the journal: walk its chain, hold kept checkpoints against it, make a new one."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from rich.progress import Progress

from jindi import journal
from jindi.basics.problems import Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.journal import ChainBroken, Checkpoint, CheckpointRefused, Verifier
from jindi.ports import Frame, Log, LogDamaged, LogFailure
from jindi.run.records import DECISION


def verify_journal(wiring: Wiring, settled: Settled, output: Output, kept: Sequence[Path], key: str | None) -> None:
    """Exit 0 with the counts, or exit 1 with the first broken place."""
    try:
        log = wiring.view_log(settled)
    except LogDamaged as damage:
        _broken(output, damage.place, damage.problem)
    except (Problems, LogFailure) as error:
        output.fail(error, 2)
    try:
        checkpoints = _checkpoints(wiring, settled, kept, key)
    except (CheckpointRefused, ValueError) as error:
        _broken(output, "checkpoint", str(error))
    decisions = [0]
    try:
        with output.progress() as progress:
            verified = journal.verify(_counted(log, decisions, progress), checkpoints)
    except ChainBroken as broken:
        _broken(output, broken.place, broken.what)
    finally:
        log.close()
    notes = log.notes()
    output.give({
        "ok": True, "batches": verified.batches, "records": verified.records, "decisions": decisions[0],
        "head": verified.head.hex(), "checkpoints": verified.checkpoints, "notes": list(notes),
    })  # fmt: skip
    output.say(
        f"✓ the chain holds: {counted(verified.batches, 'batch', 'batches')}, {counted(decisions[0], 'decision')}"
        f" ({counted(verified.records, 'record')}),"
        f" {counted(verified.checkpoints, 'checkpoint agrees', 'checkpoints agree')}; head {verified.head.hex()[:16]}"
    )
    for note in notes:
        output.say(note)


def _counted(log: Log, decisions: list[int], progress: Progress) -> Iterator[Frame]:
    """The frames, counting the decisions in them as they pass."""
    task = progress.add_task("verifying", total=log.next_seq())
    for frame in log.read(0):
        with contextlib.suppress(ValueError):  # the walk itself says what is wrong with this batch
            # A record's second byte is its kind.
            decisions[0] += sum(record[1] == DECISION for record in journal.unseal(frame.batch).records)
        yield frame
        progress.update(task, completed=frame.first + frame.count)


def _checkpoints(wiring: Wiring, settled: Settled, kept: Sequence[Path], key: str | None) -> list[Checkpoint]:
    verifier = Verifier.parse(key) if key is not None else wiring.verifier(settled)
    if verifier is None:
        if kept:
            raise ValueError("there is no key here to check a checkpoint with; give the published one with --key")
        return []
    checkpoints = [journal.check(path.read_text("utf-8"), verifier) for path in kept]
    own = wiring.verifier(settled)
    if own is not None:
        checkpoints += journal.load_checkpoints(wiring.blobs(settled), own)
    return checkpoints


def _broken(output: Output, place: str, what: str) -> NoReturn:
    output.give({"ok": False, "place": place, "problem": what})
    output.err.print(f"✗ the chain is broken at {place}: {what}", markup=False, style="red")
    raise SystemExit(1)


def make_checkpoint(wiring: Wiring, settled: Settled, output: Output, out: Path | None) -> None:
    """Sign the newest batch's hash."""
    try:
        log = wiring.view_log(settled)
        head, seq = journal.GENESIS, log.next_seq()
        for frame in log.read(seq - 1) if seq else ():
            head, seq = journal.unseal(frame.batch).head, frame.first + frame.count
        log.close()
        signer = wiring.signer(settled)
    except (Problems, LogFailure) as error:
        output.fail(error)
    note = journal.sign(Checkpoint(wiring.origin(settled), seq, head, wiring.clock.now_us()), signer)
    if out is not None:
        try:
            out.write_text(note, "utf-8")
        except OSError as error:
            output.fail(error)
    output.give({"ok": True, "records": seq, "checkpoint": note, "key": str(signer.verifier)})
    if out is not None:
        output.say(f"{out}: the first {counted(seq, 'record')}. The key to check it with: {signer.verifier}")
    else:
        output.say(f"{note}\nThe key to check it with: {signer.verifier}")
