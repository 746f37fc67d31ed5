"""Proving the journal: walk its chain, hold kept checkpoints against it, make a new one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rich.progress import Progress

from jindi import journal
from jindi.basics.problems import Problems
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.journal import ChainBroken, Checkpoint, CheckpointRefused, HeadCheck, Resting, Tree, Verifier, tree_verifier
from jindi.ports import Frame, Log, LogDamaged, LogFailure
from jindi.run.records import DECISION
from jindi.run.recovery import chain_before


@dataclass(frozen=True, slots=True)
class Against:
    """What the journal is held against: checkpoints and heads kept elsewhere, and where the walk begins."""

    checkpoints: Sequence[Path] = ()
    heads: Sequence[Path] = ()
    since: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """Checkpoints and heads with their signatures checked, and the head that the walk begins behind."""

    checkpoints: Sequence[Checkpoint]
    heads: Sequence[Checkpoint]
    start: Resting | None
    torn: Sequence[int] = ()


def verify_journal(wiring: Wiring, settled: Settled, output: Output, against: Against) -> None:
    """Exit 0 with the counts, or exit 1 with the first broken place."""
    try:
        log = wiring.view_log(settled)
    except LogDamaged as damage:
        _broken(output, damage.place, damage.problem)
    except (Problems, LogFailure) as error:
        output.fail(error, 2)
    try:
        known = _known(wiring, settled, against)
    except (CheckpointRefused, ValueError) as error:
        _broken(output, "checkpoint", str(error))
    begin = known.start
    decisions = [0]
    try:
        tree = Tree() if begin is None else Tree(begin.head.seq, begin.frontier)
        held = HeadCheck(known.heads, tree)

        def seen(first: int, records: tuple[bytes, ...]) -> None:
            # A record's second byte is its kind.
            decisions[0] += sum(record[1] == DECISION for record in records)
            held.seen(first, records)

        with output.progress() as progress:
            chain = chain_before(log, min(tree.size, log.next_seq() - 1)) if begin is not None else journal.Chain()
            first = chain.next_seq
            verified = journal.verify(_shown(log, first, progress), known.checkpoints, chain, seen)
        held.finish()
    except ChainBroken as broken:
        _broken(output, broken.place, broken.what)
    except LogDamaged as damage:
        _broken(output, damage.place, damage.problem)
    finally:
        log.close()
    notes = [*log.notes(), *(f"line {number} of the exported heads was cut off, and is none" for number in known.torn)]
    output.give({
        "ok": True, "batches": verified.batches, "records": verified.records, "decisions": decisions[0],
        "head": verified.head.hex(), "checkpoints": verified.checkpoints, "heads": held.agreed,
        "root": held.tree.root.hex(), "first": first, "notes": notes,
    })  # fmt: skip
    output.say(
        f"✓ the chain holds: {counted(verified.batches, 'batch', 'batches')}, {counted(decisions[0], 'decision')}"
        f" ({counted(verified.records, 'record')}),"
        f" {counted(verified.checkpoints, 'checkpoint agrees', 'checkpoints agree')},"
        f" {counted(held.agreed, 'signed head agrees', 'signed heads agree')}; head {verified.head.hex()[:16]}"
    )
    if begin is not None:
        output.say(f"read from record {first} on: behind the signed head of {begin.head.seq} records")
    for note in notes:
        output.say(note)


def _shown(log: Log, first: int, progress: Progress) -> Iterator[Frame]:
    """The frames, with people told how far it is."""
    task = progress.add_task("verifying", total=log.next_seq() - first)
    for frame in log.read(first):
        yield frame
        progress.update(task, completed=frame.first + frame.count - first)


def _known(wiring: Wiring, settled: Settled, against: Against) -> _Known:
    verifier = Verifier.parse(against.key) if against.key is not None else wiring.verifier(settled)
    if verifier is None:
        if against.checkpoints or against.heads or against.since:
            raise ValueError("there is no key here to check signatures with; give the published one with --key")
        return _Known((), (), None)
    checkpoints = [journal.check(path.read_text("utf-8"), verifier) for path in against.checkpoints]
    own = wiring.verifier(settled)
    if own is not None:
        checkpoints += journal.load_checkpoints(wiring.blobs(settled), own)
    torn: list[int] = []
    heads = [head for head, _ in exported(wiring, settled, tree_verifier(verifier), against.heads, torn)]
    kept = journal.resting(wiring.blobs(settled), tree_verifier(verifier))
    if against.since is None:
        return _Known(checkpoints, _once(heads, kept), None, torn)
    if against.since.isdecimal():
        until = int(against.since)
    else:
        heads.append(_named(Path(against.since), tree_verifier(verifier)))
        until = heads[-1].seq
    # A place to begin lies beside the journal, where it may have been changed along with it. So where there are heads
    # from elsewhere, it must be one of them: its frontier folds into a root that was signed and out of reach.
    firm = {(head.seq, head.head) for head in heads}
    rests = [each for each in kept if each.head.seq <= until and (not firm or (each.head.seq, each.head.head) in firm)]
    return _Known(checkpoints, _once(heads, kept), rests[-1] if rests else None, torn)


def _once(heads: Sequence[Checkpoint], kept: Sequence[Resting]) -> list[Checkpoint]:
    """Heads that were exported and those kept beside the journal; most are both."""
    return list({(head.seq, head.head): head for head in (*heads, *(each.head for each in kept))}.values())


def _named(path: Path, verifier: Verifier) -> Checkpoint:
    """The head in a file, as `jindi audit head --out` wrote it."""
    try:
        return journal.check(path.read_text("utf-8"), verifier, verifier.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--since wants the number of a record, or a file with a signed head: {error}") from None


def exported(
    wiring: Wiring, settled: Settled, verifier: Verifier, files: Sequence[Path] = (), torn: list[int] | None = None
) -> list[tuple[Checkpoint, str]]:
    """The heads that were exported, signatures checked: from copies of their file, else from where the settings say."""
    if files:
        lines = [line for path in files for line in path.read_text("utf-8", "replace").splitlines()]
        return journal.signed_heads(lines, verifier, torn)
    elsewhere = wiring.elsewhere(settled)
    return [] if elsewhere is None else journal.signed_heads(elsewhere.read(), verifier, torn)


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
