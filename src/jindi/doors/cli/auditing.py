"""`jindi audit`: signed heads of the journal, and bundles that an auditor checks without us."""

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from jindi import journal
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.journal import ChainBroken, CheckpointRefused, HeadRefused, Heads, tree_verifier
from jindi.ports import LogFailure
from jindi.run.audit import Actor
from jindi.run.records import APPROVAL_PREFIX, ID_PREFIX, approval_seq, decision_seq, step_seq
from jindi.run.recovery import tree_before

audit_app = typer.Typer(no_args_is_help=True, help="The audit: signed heads, and bundles that prove records.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Data = Annotated[str | None, typer.Option("--data", metavar="DIR", help="The platform's folder (default: jindi-data).")]

RECORDS_MAX = 100_000
"""More than this makes a document that nobody can open: ask for it in parts."""


def caller() -> Actor:
    """Who runs a command: the account of the machine that he is signed in to."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers have
        name = f"uid {os.getuid()}"
    return Actor("cli", name, "cli", "loopback")


def _settle(ctx: typer.Context, output: Output, data: str | None) -> tuple[Wiring, Settled]:
    wiring: Wiring = ctx.obj.wiring
    try:
        return wiring, wiring.settle({"data": data})
    except Problems as problems:
        output.fail(problems, 2)


@audit_app.command("head")
def audit_head(
    ctx: typer.Context, data: Data = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the newest head here, too.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Sign the head of the journal as it stands and export it (while the platform is down; else POST /v1/heads)."""
    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    try:
        wiring.must_exist(settled)
        signer, blobs, elsewhere = wiring.signer(settled), wiring.blobs(settled), wiring.elsewhere(settled)
        # To be the only one at the journal: a platform's newest batch may be in its file and not yet on the disk.
        log = wiring.open_log(settled)
        try:
            tree = tree_before(log, log.next_seq())
            heads = Heads(wiring.origin(settled), signer, blobs, elsewhere)
            heads.publish(tree.state, wiring.clock.now_us(), lambda size: tree_before(log, size).root)
        finally:
            log.close()
        note = heads.newest_note()
        if out is not None and note is not None:
            out.write_text(note, "utf-8")
    except (Problems, LogFailure, HeadRefused, CheckpointRefused, OSError) as error:
        output.fail(error)
    key = str(tree_verifier(signer.verifier))
    output.give({"ok": True, "records": tree.size, "head": note, "key": key, "exported": elsewhere is not None})
    output.say(f"{note or 'there is no record yet'}\nThe key to check it with: {key}")
    if elsewhere is None:
        output.say("The setting `heads` names no folder, so it was kept beside the journal only.")


@audit_app.command("bundle")
def audit_bundle(
    ctx: typer.Context,
    seq: Annotated[str, typer.Option("--seq", metavar="A[..B]", help="Records or ids, from the first to the last.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the bundle goes.")],
    data: Data = None,
    heads: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Exported heads (default: the setting's)."),
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Records with the proof that they stand in the journal; checked offline with docs/verify_bundle.py."""
    from jindi.doors.cli.proving import exported  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    try:
        first, end = _range(seq)
        log = wiring.view_log(settled)
        verifier = tree_verifier(wiring.signer(settled).verifier)
        known = exported(wiring, settled, verifier, heads or [])
        known += [(each.head, each.note) for each in journal.resting(wiring.blobs(settled), verifier)]
        try:
            bundle = journal.make_bundle(log.read(0), first, end, known, verifier)
        finally:
            log.close()
        out.write_bytes(bundle)
    except ChainBroken as broken:
        output.fail(f"the journal is not what its heads say, at {broken.place}: {broken.what}")
    except ValueError as error:
        output.fail(f"{error}; sign one with jindi audit head, or POST /v1/heads on a running platform")
    except (Problems, LogFailure, CheckpointRefused, OSError) as error:
        output.fail(error)
    output.give({"ok": True, "first": first, "end": end, "out": str(out), "key": str(verifier)})
    output.say(
        f"{out}: {end - first} records, from {first} to {end - 1}. Check it with:"
        f" python docs/verify_bundle.py {out} {verifier}"
    )


def _range(text: str) -> tuple[int, int]:
    """The records of `A..B`, both included, or of `A` alone."""
    first, dots, last = text.partition("..")
    begin = _number(first)
    end = _number(last) + 1 if dots else begin + 1
    if not begin < end <= begin + RECORDS_MAX:
        remedy = f"write A..B, A not behind B, at most {RECORDS_MAX} records"
        raise Problems([Problem("--seq", text, "no range of records", remedy)])
    return begin, end


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    try:
        if text.startswith(APPROVAL_PREFIX):
            return approval_seq(text)
        return decision_seq(text) if text.startswith(ID_PREFIX) else step_seq(text)
    except ValueError:
        remedy = "write a number, a decision's id (dec_…), a change's (chg_…) or an operation's (apr_…)"
        raise Problems([Problem("--seq", text, "no record", remedy)]) from None
