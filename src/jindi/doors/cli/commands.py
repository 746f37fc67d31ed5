"""The commands. Each one settles, does, and tells; what it needs of the outside comes from the app's wiring."""

import os
import platform as machine
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

import jindi
from jindi import packs
from jindi.basics.instants import DAY_US, format_instant
from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.alone import alone, must_exist
from jindi.doors.cli.aml import aml_app
from jindi.doors.cli.approvals import approvals_app
from jindi.doors.cli.auditing import audit_app
from jindi.doors.cli.helping import Plain
from jindi.doors.cli.kyc_commands import kyc_app
from jindi.doors.cli.output import Output, counted
from jindi.doors.cli.policies import policies_app
from jindi.doors.cli.registering import controls_app
from jindi.doors.cli.staffing import staff_app
from jindi.doors.cli.subjects import subject_app, vault_app
from jindi.doors.cli.watchlist_commands import watchlists_app
from jindi.doors.cli.webhooks import webhooks_app
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.ports import ActStoreFailure, LinkStoreFailure, LogFailure

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=(
    "Jindi 金堤: security and risk control for internet finance. Not legal advice. 金堤不构成法律意见。"
))  # fmt: skip
packs_app = typer.Typer(no_args_is_help=True, help="Packs: check, show, try, and begin new ones.")
features_app = typer.Typer(no_args_is_help=True, help="Features: what could be worth counting.")
rules_app = typer.Typer(no_args_is_help=True, help="Rules: find them in the past.")
config_app = typer.Typer(no_args_is_help=True, help="Settings and where each comes from.")
keys_app = typer.Typer(
    no_args_is_help=True, help="API keys (while the platform is down; on a running one: jindi approvals)."
)
backup_app = typer.Typer(help="Backups: make one, see how they stand, forget old ones, make their key.")
app.add_typer(backup_app, name="backup")
app.add_typer(packs_app, name="packs")
app.add_typer(policies_app, name="policies")
app.add_typer(approvals_app, name="approvals")
app.add_typer(audit_app, name="audit")
app.add_typer(controls_app, name="controls")
app.add_typer(features_app, name="features")
app.add_typer(rules_app, name="rules")
app.add_typer(config_app, name="config")
app.add_typer(keys_app, name="keys")
app.add_typer(staff_app, name="staff")
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(vault_app, name="vault")
app.add_typer(subject_app, name="subject")
app.add_typer(watchlists_app, name="watchlists")
app.add_typer(kyc_app, name="kyc")
app.add_typer(aml_app, name="aml")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Whole = Annotated[
    bool, typer.Option("--all", help="Every rule, limit and change, not only what was hit and is nearest.")
]
Data = Annotated[str | None, typer.Option("--data", metavar="DIR", help="The platform's folder (default: jindi-data).")]
DemoData = Annotated[str, typer.Option("--data", metavar="DIR", help="The demo's folder.")]
Packs = Annotated[
    list[Path] | None, typer.Option("--packs", metavar="DIR", help="A pack, or a folder of packs; may be repeated.")
]
Changes = Annotated[
    str | None,
    typer.Option(
        "--changes", metavar="files|approved", help="What puts policies in force: saved files, or an approval."
    ),
]
Listen = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
]


Tls = Annotated[
    str | None,
    typer.Option("--tls", metavar="off|demo|files", help="TLS, with given files or with a certificate of our own."),
]

BackupTo = Annotated[
    Path | None, typer.Option("--to", metavar="DIR", help="The folder of the backups (default: the setting backup_to).")
]
BackupFrom = Annotated[
    Path, typer.Option("--from", metavar="DIR", exists=True, file_okay=False, help="The folder of the backups.")
]
BackupKeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", exists=True, dir_okay=False, help="The backup key.")
]
AtLeast = Annotated[
    int,
    typer.Option("--at-least", min=0, metavar="N", help="Backup N is known: refuse a folder whose newest is older."),
]


@dataclass(slots=True)
class _Context:
    wiring: Wiring


def run(wiring: Wiring) -> None:
    """Run the command that the arguments name."""
    as_json = "--json" in sys.argv[1:]
    output = Output(as_json=as_json)
    try:
        # Programs are told of arguments that can't be read as they are told of everything else.
        code = app(obj=_Context(wiring), prog_name="jindi", standalone_mode=not as_json)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except (Problems, LogFailure, OSError) as error:
        output.fail(error)
    except typer.exceptions.TyperException as error:
        output.fail(Problems([_usage(error)]), error.exit_code)
    raise SystemExit(code or 0)


def _usage(error: typer.exceptions.TyperException) -> Problem:
    """What can't be read of the arguments, as a problem of the command that they name."""
    context, named = getattr(error, "ctx", None), getattr(error, "param", None)
    where = context.command_path if context is not None else "jindi"
    item = getattr(error, "option_name", "") if named is None else named.get_error_hint().strip("'")
    alike = ", ".join(getattr(error, "possibilities", None) or ())
    # The formatted message names the parameter once more; this one does not, and is empty where one is missing.
    what = error.message.partition(f": {item}")[0] or "missing"
    return Problem(where, item, what, f"did you mean {alike}?" if alike else f"see {where} --help")


def _settle(ctx: typer.Context, output: Output, data: str | None = None, folders: list[Path] | None = None,
            listen: str | None = None, changes: str | None = None,
            tls: str | None = None) -> tuple[Wiring, Settled]:  # fmt: skip
    wiring: Wiring = ctx.obj.wiring
    flags = {
        "data": data,
        "listen": listen,
        "changes": changes,
        "tls": tls,
        "packs": ",".join(map(str, folders)) if folders else None,
    }
    try:
        return wiring, wiring.settle(flags)
    except Problems as problems:
        output.fail(problems, 2)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"jindi {jindi.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Jindi 金堤."""


# ---- the platform


@app.command()
def up(
    ctx: typer.Context, data: Data = None, folders: Packs = None, listen: Listen = None, changes: Changes = None,
    tls: Tls = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Start the platform: API and console in one process, until it is told to stop."""
    from jindi.doors.cli.running import bring_up  # noqa: PLC0415 - the server is only imported when one runs

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders, listen, changes, tls)
    bring_up(wiring, settled, output)


_AS_BEGUN = "(default: {}, or as the folder began)"


@app.command()
def demo(
    ctx: typer.Context, data: DemoData = "demo-data", folders: Packs = None, listen: Listen = None,
    changes: Changes = None, tls: Tls = None,
    users: Annotated[
        int | None, typer.Option(min=20, help=f"Customers of the simulated wallet {_AS_BEGUN.format('12,000')}.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help=f"The simulated world's seed {_AS_BEGUN.format(7)}.")] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=0, max=366,
            help=f"Days of history told at full speed before the stream is live {_AS_BEGUN.format(7)}.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Start the platform with a simulated wallet's stream and a scoreboard against its ground truth."""
    from jindi.doors.cli.running import Simulation, bring_up  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders, listen, changes, tls)
    bring_up(wiring, _with_one_person(settled), output, Simulation(seed, users, days))


def _with_one_person(settled: Settled) -> Settled:
    """The settings of a demo, which one person looks at: four eyes are off unless somebody says otherwise."""
    if all(line.origin != "default" for line in settled.lines if line.name == "four_eyes"):
        return settled
    return replace(settled, platform=replace(settled.platform, four_eyes=False))


@app.command()
def decide(
    ctx: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", exists=True, dir_okay=False, help="NDJSON, CSV or Parquet.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="OUT.parquet", help="Where the answers go.")],
    folders: Packs = None,
    columns: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="How columns become events (TOML).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide every event of a file: all features and the decision of each row, with state in memory."""
    from jindi.run.batch import decide_file  # noqa: PLC0415 - pyarrow is only imported where tables are read
    from jindi.run.columns import read_columns  # noqa: PLC0415
    from jindi.run.platform import compiled  # noqa: PLC0415
    from jindi.vault import KEY_BYTES, Tokens  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    if not out.parent.is_dir():
        output.fail(Problems([Problem(str(out.parent), "", "no such folder", "make it first")]), 2)
    try:
        program = compiled(wiring.pack_files(settled.packs))
        mapping = (
            read_columns(columns.read_text("utf-8"), program.definitions, columns.name) if columns is not None else None
        )
        output.warm()
        # Tokens of a file live as long as the run: the same identifier is the same token throughout it.
        tokens = Tokens(os.urandom(KEY_BYTES))
        with output.progress() as progress:
            task = progress.add_task(source.name, total=None)
            summary = decide_file(
                source, out, program, tokens, mapping,
                lambda done, total: progress.update(task, completed=done, total=total),
            )  # fmt: skip
    except Problems as problems:
        output.fail(problems)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "a file is not UTF-8"
        output.fail(f"the files could not be read or written: {why}")
    output.give(
        {
            "ok": True,
            "rows": summary.rows,
            "events": summary.events,
            "outcomes": dict(summary.outcomes),
            "out": str(out),
        }
    )
    said = ", ".join(f"{outcome} {count}" for outcome, count in summary.outcomes.items() if count)
    output.say(
        f"{counted(summary.rows, 'row')} decided ({counted(summary.events, 'event')}): {said or 'nothing'} → {out}"
    )


@app.command()
def adapt(
    ctx: typer.Context,
    format_: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="pain.001, pacs.008, camt.053, iso8583, iso8583-bcd, alipay, wechat; own (with --mapping);"
            " new: write a mapping to begin with from a sample.",
        ),
    ],
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", exists=True, dir_okay=False, help="A file of messages, or a bill.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="EVENTS.ndjson", help="Where the events (or the mapping) go.")],
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", exists=True, dir_okay=False, help="A mapping of your own (TOML), over FORMAT's or alone."
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", exists=True, dir_okay=False, help="The key of pseudonyms, 32 bytes."),
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option("--assume", metavar="NAME=VALUE", help="What the messages do not say; may be repeated."),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Where rejected records go (default: beside --out)."),
    ] = None,
    type_: Annotated[
        str, typer.Option("--type", metavar="EVENT", help="With new: the event type that a record becomes.")
    ] = "",
    folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Payment messages and bills of others become events: ISO 20022, ISO 8583, Alipay, WeChat Pay, your own.

    Exit 0: every record gave events or was skipped by rule; 3: some were rejected, told, and kept in a file of their
    own; 1: nothing was written.
    """
    from jindi.doors.cli.adapting import Asked  # noqa: PLC0415 - only what is used is imported
    from jindi.doors.cli.adapting import adapt as turn  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    try:
        turn(
            wiring, settled, Asked(format_, source, out, rejects, mapping, key, tuple(assume or ()), type_), output
        )  # fmt: skip
    except (Problems, OSError) as error:
        output.fail(error)


@app.command()
def bench(
    ctx: typer.Context, folders: Packs = None,
    profile: Annotated[bool, typer.Option("--profile", help="Print the cost of every stage.")] = False,
    events: Annotated[int, typer.Option(min=1_000, help="Simulated events to decide in each round.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the median is told, with its spread.")] = 5,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Measure the hot path on this machine: CPU microseconds per decision, before HTTP and the disk."""
    from jindi.doors.cli.measuring import measure  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    try:
        measure(wiring, settled, output, events, rounds, stages=profile)
    except Problems as error:
        output.fail(error)


@app.command()
def learn(
    ctx: typer.Context,
    facts: Annotated[
        Path, typer.Argument(metavar="FACTS", exists=True, help="Parquet: facts as they stood at decision time.")
    ],
    recipe: Annotated[Path, typer.Option("--recipe", exists=True, dir_okay=False, help="What to learn (TOML).")],
    into: Annotated[Path, typer.Option("--into", help="The pack's folder: models/ and evaluations/ are written.")],
    folders: Packs = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=256, help="Threads for growing trees.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Train a model on what was known, test it on what came next, and write it as a file of a pack."""
    from jindi.doors.cli.learning import learn_from  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    try:
        learn_from(facts, recipe, into, packs.load(wiring.pack_files(settled.packs)), output, jobs=jobs)
    except (Problems, OSError) as error:
        output.fail(error if isinstance(error, Problems) else str(error))


# ---- the record


@app.command()
def explain(
    ctx: typer.Context,
    decision: Annotated[str, typer.Argument(metavar="ID", help="A decision_id.")],
    exact: Annotated[bool, typer.Option("--exact", help="Reasons of models as exact Shapley values.")] = False,
    whole: Whole = False, data: Data = None, folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Explain a decision from the journal: what was hit, with all values, and what would change it."""
    from jindi.doors.cli.explaining import explain_from_journal  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders)
    try:
        explain_from_journal(wiring, settled, output, decision, exact=exact, whole=whole)
    except (LookupError, LogFailure, Problems) as error:
        output.fail(error if isinstance(error, Problems) else str(error))


@app.command()
def labels(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """What has turned out about past events so far, per label, and how long that takes to be known."""
    from jindi.doors.cli.labelling import show_labels  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    try:
        show_labels(wiring, settled, output)
    except (LogFailure, Problems) as error:
        output.fail(error if isinstance(error, Problems) else str(error))


@app.command()
def backtest(
    ctx: typer.Context,
    candidates: Annotated[
        list[Path] | None,
        typer.Option("--candidate", metavar="DIR", help="Edited packs to be tried; the others stay. Repeatable."),
    ] = None,
    policy: Annotated[str | None, typer.Option(help="Judge as if this draft or shadow policy were live.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY|INSTANT", help="From (default: the beginning).")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY|INSTANT", help="Until, not included.")] = None,
    label: Annotated[str | None, typer.Option(help="What decisions are held against.")] = None,
    known_by: Annotated[
        str | None, typer.Option(metavar="DAY|INSTANT", help="Labels as they were known then (default: now).")
    ] = None,
    segment: Annotated[str | None, typer.Option(help="A field or feature to split events by.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="OUT.html", help="Write a page with tables and charts.")] = None,
    cores: Annotated[int, typer.Option(min=1, help="Processes (default: all cores).")] = os.cpu_count() or 1,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """What edited packs would have decided over the journal's past, beside what was decided."""
    from jindi.doors.cli.backtesting import Asked, run_backtest  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    asked = Asked(tuple(candidates or ()), policy, since, until, label, known_by, segment, page, cores)
    try:
        run_backtest(wiring, settled, output, asked)
    except (LogFailure, Problems) as error:
        output.fail(error if isinstance(error, Problems) else str(error))


@app.command()
def drift(
    ctx: typer.Context,
    current: Annotated[str, typer.Option(metavar="DURATION", help="The stretch that is asked about.")] = "7d",
    reference: Annotated[str, typer.Option(metavar="DURATION", help="The stretch before it, compared with.")] = "28d",
    until: Annotated[
        str | None, typer.Option(metavar="DAY|INSTANT", help="The end, not included (default: the newest decision).")
    ] = None,
    known_by: Annotated[
        str | None, typer.Option(metavar="DAY|INSTANT", help="Labels as they were known then (default: the end).")
    ] = None,
    level: Annotated[float, typer.Option(help="The chance of any false alarm in an event type.")] = 0.05,
    page: Annotated[Path | None, typer.Option(metavar="OUT.html", help="Write a page with tables and charts.")] = None,
    data: Data = None, folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Whether facts, scores and outcomes have drifted, and whether models judge as well as they did."""
    from jindi.doors.cli.drifting import Asked, look_for_drift  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders)
    look_for_drift(wiring, settled, output, Asked(current, reference, until, known_by, level, page))


@app.command()
def replay(
    ctx: typer.Context,
    what: Annotated[
        str | None, typer.Argument(metavar="ID|ID..ID", help="A decision, or from one to another; nothing: all.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY|INSTANT", help="From (default: the beginning).")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY|INSTANT", help="Until, not included.")] = None,
    features: Annotated[
        bool, typer.Option("--features", help="Rebuild the state and prove the facts, too; on one core.")
    ] = False,
    cores: Annotated[int, typer.Option(min=1, help="Processes (default: all cores).")] = os.cpu_count() or 1,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make past decisions again, with the definitions of their moment. Exit 0 when every byte is as it stands."""
    from jindi.doors.cli.replaying import Asked, run_replay  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    run_replay(wiring, settled, output, Asked(what, since, until, features, cores))


@app.command()
def verify(
    ctx: typer.Context, data: Data = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="A signed checkpoint kept elsewhere."),
    ] = None,
    heads: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Exported heads (default: the setting's)."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="HEAD|SEQ", help="Read only what stands behind a signed head (a file), or a record."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="The published key that signed it, if not this folder's own.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Walk the journal's chain. Exit 0 when it holds; exit 1 and name the first broken place when not."""
    from jindi.doors.cli.proving import Against, verify_journal  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    verify_journal(wiring, settled, output, Against(checkpoint or [], heads or [], since, key))


@app.command()
def checkpoint(
    ctx: typer.Context, data: Data = None,
    out: Annotated[Path | None, typer.Option(help="Write it here instead of printing it.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """A signed checkpoint of the journal as it stands. Keep it where nobody who can write the journal can."""
    from jindi.doors.cli.proving import make_checkpoint  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    make_checkpoint(wiring, settled, output, out)


@app.command("follow-links", hidden=True)
def follow_links(ctx: typer.Context, data: Data = None) -> None:
    """What a running platform starts to have its links made: a round for each line that it writes."""
    from jindi.doors.cli.following import follow_links as follow  # noqa: PLC0415

    output = Output(as_json=True)
    wiring, settled = _settle(ctx, output, data)
    try:
        follow(wiring, settled)
    except (LinkStoreFailure, ActStoreFailure, LogFailure, Problems) as error:
        output.fail(error if isinstance(error, Problems) else str(error))


@app.command()
def snapshot(ctx: typer.Context, data: Data = None, folders: Packs = None, as_json: AsJson = False) -> None:
    """Recover from the journal and write a snapshot (a running platform: POST /v1/snapshots)."""
    from jindi.doors.cli.running import snapshot_offline  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders)
    must_exist(wiring, settled, output)
    snapshot_offline(wiring, settled, output)


@app.command()
def doctor(ctx: typer.Context, data: Data = None, folders: Packs = None, as_json: AsJson = False) -> None:
    """Look at the machine, the folder, the packs and the journal, and say what is not well."""
    from jindi.doors.cli.doctoring import findings  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders)
    found = findings(wiring, settled)
    output.give({"ok": all(each.is_well for each in found), "findings": [msgspec.to_builtins(each) for each in found]})
    for each in found:
        output.say(
            f"{'✓' if each.is_well else '✗'} {each.what}: {each.text}" + (f" ({each.remedy})" if each.remedy else "")
        )
    if not all(each.is_well for each in found):
        raise typer.Exit(1)


# ---- backups


@backup_app.callback(invoke_without_command=True)
def backup(
    ctx: typer.Context, data: Data = None, folders: Packs = None, to: BackupTo = None, as_json: AsJson = False
) -> None:
    """Make a backup now, beside a running platform or not; what is there already is not copied again."""
    if ctx.invoked_subcommand is not None:
        return
    from jindi.doors.cli.backing import Where, back_up  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders)
    back_up(wiring, settled, output, Where(to))


@backup_app.command("key")
def backup_key(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the key goes: not on this machine's disk.")],
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make the key that reads backups. The folder keeps its public half: backups are sealed to it from now on."""
    from jindi.doors.cli.backing import new_key  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    new_key(wiring, settled, output, out)


@backup_app.command("status")
def backup_status(ctx: typer.Context, data: Data = None, to: BackupTo = None, as_json: AsJson = False) -> None:
    """The newest backup, the newest drill, and what is overdue. Exit 1 when something is."""
    from jindi.doors.cli.backing import Where, show_standing  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    show_standing(wiring, settled, output, Where(to))


@backup_app.command("prune")
def backup_prune(
    ctx: typer.Context,
    keep: Annotated[int, typer.Option("--keep", min=1, metavar="N", help="So many of the newest backups stay.")],
    daily: Annotated[int, typer.Option(min=0, metavar="N", help="And the last one of so many days (UTC).")] = 0,
    weekly: Annotated[int, typer.Option(min=0, metavar="N", help="And the last one of so many weeks.")] = 0,
    monthly: Annotated[int, typer.Option(min=0, metavar="N", help="And the last one of so many months.")] = 0,
    data: Data = None, to: BackupTo = None,
    key: Annotated[
        Path | None, typer.Option("--key", exists=True, dir_okay=False, help="The backup key, away from the platform.")
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Forget all but the newest backups and those of days, weeks and months before. No piece goes that one of these
    needs, and never the backup that a drill has proved last.
    """
    from jindi.doors.cli.backing import Where, forget  # noqa: PLC0415
    from jindi.run.backup.retention import Retention  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    forget(wiring, settled, output, Where(to), Retention(keep, daily, weekly, monthly), key)


@app.command()
def restore(
    ctx: typer.Context, source: BackupFrom, key: BackupKeyFile, data: Data = None,
    number: Annotated[
        int | None, typer.Option("--backup", min=1, metavar="N", help="Which backup (default: the newest).")
    ] = None,
    at_least: AtLeast = 0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Restore a backup into an empty folder; nothing is ever written over what is there."""
    from jindi.doors.cli.backing import bring_back  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    bring_back(wiring, settled, output, source, key, number, at_least)


@app.command()
def drill(
    ctx: typer.Context, source: BackupFrom, key: BackupKeyFile,
    beside: Annotated[
        Path | None, typer.Option("--in", metavar="DIR", exists=True, file_okay=False, help="Where there is room.")
    ] = None,
    shares: Annotated[
        list[Path] | None,
        typer.Option("--share", metavar="FILE", exists=True, dir_okay=False, help="Shares of the keys; repeatable."),
    ] = None,
    own_keys: Annotated[
        bool,
        typer.Option("--own-keys", help="Compare and open with the keys of the folder --data, without the custodians."),
    ] = False,
    data: Data = None, at_least: AtLeast = 0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Restore the newest backup into a temporary place, prove it, and keep a record beside the backups."""
    from jindi.doors.cli.backing import rehearse  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data=data)
    rehearse(wiring, settled, output, source, key, beside, shares or [], at_least, own_keys=own_keys)


@app.command("keys-backup")
def keys_backup(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the shares go, a file each.")],
    needed: Annotated[int, typer.Option("--needed", min=2, max=255, help="So many give the keys back.")] = 3,
    shares: Annotated[int, typer.Option("--shares", min=2, max=255, help="So many are made.")] = 5,
    key: Annotated[
        Path | None, typer.Option("--backup-key", exists=True, dir_okay=False, help="The backup key, to be with them.")
    ] = None,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """The platform's keys in shares, to be kept apart: fewer than needed tell nothing."""
    from jindi.doors.cli.backing import share_keys  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    share_keys(wiring, settled, output, out, needed, shares, key)


@app.command("keys-restore", cls=Plain)
def keys_restore(
    ctx: typer.Context,
    shares: Annotated[list[Path], typer.Argument(metavar="SHARE", exists=True, dir_okay=False, help="Enough of them.")],
    backup_key: Annotated[
        Path | None, typer.Option("--backup-key-out", metavar="FILE", help="Where the backup key goes.")
    ] = None,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put the keys back into a restored folder, from enough of their shares."""
    from jindi.doors.cli.backing import unshare_keys  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    unshare_keys(wiring, settled, output, shares, backup_key)


# ---- the archive


@app.command()
def archive(
    ctx: typer.Context, data: Data = None,
    verify: Annotated[bool, typer.Option("--verify", help="Prove the archive against the journal.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write what is new in the journal to the Parquet archive; interrupted, it goes on where it was."""
    from jindi.doors.cli.archiving import follow_journal, verify_archive  # noqa: PLC0415 - pyarrow is slow to import

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    (verify_archive if verify else follow_journal)(wiring, settled, output)


@app.command()
def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A file: .parquet, .csv or .ndjson.")],
    data: Data = None,
    where: Annotated[str | None, typer.Option("--where", metavar="EXPR", help="A condition, as in a rule.")] = None,
    sql: Annotated[str | None, typer.Option("--sql", metavar="SELECT", help="A query over decisions (DuckDB).")] = None,
    since: Annotated[str | None, typer.Option("--since", help="A day or an instant (UTC), itself included.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="A day or an instant (UTC), itself left out.")] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="An event type; may be repeated.")
    ] = None,
    columns: Annotated[str | None, typer.Option("--columns", help="Names of columns, separated by commas.")] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="NAME", help="With what turned out, to learn from.")
    ] = None,
    mature: Annotated[
        str | None,
        typer.Option("--mature", metavar="14d", help="The age at which silence means false (default: the label's)."),
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write archived decisions to a table: those that a condition chooses, or what a query makes of them."""
    from jindi.doors.cli.archiving import Asked, export_decisions  # noqa: PLC0415 - pyarrow is slow to import

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    export_decisions(
        wiring, settled, output, Asked(out, where, sql, since, until, tuple(types or ()), columns, label, mature)
    )


# ---- features


@features_app.command("suggest")
def features_suggest(
    ctx: typer.Context,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event type that is to read them.")],
    label: Annotated[str | None, typer.Option(help="What entities become known for (default: each label).")] = None,
    delay: Annotated[str, typer.Option(help="How long after an event its label is known.")] = "7d",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write here (default: print).")] = None,
    folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write out features that have proved their worth, for an event type's entities and labels: a TOML fragment."""
    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    try:
        definitions = packs.load(wiring.pack_files(settled.packs))
        text, names = packs.suggest(definitions, event, label=label, delay=delay)
        if out is not None:
            out.write_text(text, "utf-8")
    except (Problems, OSError) as error:
        output.fail(error if isinstance(error, Problems) else str(error))
    output.give({"event": event, "features": list(names), "toml": text} | ({"file": str(out)} if out else {}))
    output.say(text if out is None else f"{counted(len(names), 'feature')}: {out}")


# ---- screening


@app.command(cls=Plain)
def screen(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Who is looked for.")] = None,
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", metavar="FILE|DIR", exists=True, help="A list, or a folder of lists; may be repeated."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="FILE|-", help="Names: CSV with a header, NDJSON, or one a line; - is standard input."
        ),
    ] = None,
    threshold: Annotated[int, typer.Option(min=1, max=100, help="From which score on somebody is told.")] = 80,
    kind: Annotated[str, typer.Option(metavar="KIND", help="person, entity, vessel, aircraft (default: any).")] = "",
    birth: Annotated[str, typer.Option(metavar="YYYY[-MM[-DD]]", help="When the subject was born.")] = "",
    country: Annotated[str, typer.Option(metavar="NAME", help="A country, as the lists write it.")] = "",
    identifier: Annotated[
        list[str] | None, typer.Option(metavar="KIND:NUMBER", help="passport:E12345678; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Names against watch lists, and why.

    Exit 0: nobody was found; 3: somebody may be listed; 1: it could not be done.
    """
    from jindi.doors.cli.screening import Asked  # noqa: PLC0415 - tables of names are slow to import
    from jindi.doors.cli.screening import screen as look  # noqa: PLC0415

    output = Output(as_json=as_json)
    asked = Asked(
        tuple(names or ()), tuple(lists or ()), file, threshold, kind, birth, country, tuple(identifier or ())
    )
    try:
        look(asked, output)
    except Problems as error:
        output.fail(error)


@app.command(cls=Plain)
def url(
    links: Annotated[list[str], typer.Argument(metavar="URL", help="Links to be judged; none is opened.")],
    own: Annotated[
        list[str] | None, typer.Option("--own", metavar="DOMAIN", help="A domain of your own; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Links that pretend: how likely each is phishing, and whether it imitates a domain of yours.

    Exit 0: none stands out; 3: one is doubtful or an imitation; 1: one can't be read.
    """
    from jindi.doors.cli.links import judge  # noqa: PLC0415 - the model's kernels are slow to import

    judge(tuple(links), tuple(own or ()), Output(as_json=as_json))


# ---- rules


@rules_app.command("mine")
def rules_mine(
    ctx: typer.Context,
    facts: Annotated[
        Path, typer.Argument(metavar="FACTS", exists=True, help="Parquet, as `jindi decide` or an export writes it.")
    ],
    recipe: Annotated[Path, typer.Option("--recipe", exists=True, dir_okay=False, help="What to look for (TOML).")],
    into: Annotated[Path, typer.Option("--into", file_okay=False, help="The pack folder that gets the draft.")],
    folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Propose short rules: found on one stretch of time, chosen on a later one, tested on a third; a draft policy."""
    from jindi.doors.cli.mining import mine_from  # noqa: PLC0415 - pyarrow is slow to import

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    try:
        mine_from(facts, recipe, into, packs.load(wiring.pack_files(settled.packs)), output)
    except Problems as error:
        output.fail(error)


# ---- packs


_ONE = {"policies": "policy"}
"""The singular of what is counted, where it is more than an s that falls away."""


@packs_app.command("check", cls=Plain)
def packs_check(
    ctx: typer.Context,
    folder: Annotated[list[Path] | None, typer.Argument(metavar="DIR", help="A pack, or a folder of packs.")] = None,
    folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Load packs, report every problem of every file, and run every rule's own cases."""
    from jindi.engine import build, check_cases  # noqa: PLC0415
    from jindi.parties.patterns import check_patterns  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, [*(folder or []), *(folders or [])])
    try:
        definitions = packs.load(wiring.pack_files(settled.packs))
        problems = check_cases(build(definitions)) + check_patterns(definitions)
        if problems:
            raise Problems(problems)
    except Problems as error:
        output.fail(error)
    counts = {
        "packs": len(definitions.packs),
        "events": len(definitions.events),
        "features": len(definitions.features) + len(definitions.derived),
        "models": len(definitions.models),
        "policies": len(definitions.policies),
        "rules": sum(len(policy.rules) for policy in definitions.policies),
        "cases": sum(len(p.cases) + sum(len(rule.cases) for rule in p.rules) for p in definitions.policies),
    }
    output.give({"ok": True, "digest": definitions.digest, **counts})
    output.say(
        "✓ "
        + ", ".join(counted(count, _ONE.get(name, name[:-1]), name) for name, count in counts.items())
        + f"; digest {definitions.digest[:12]}"
    )


@packs_app.command("show")
def packs_show(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="What to show; nothing: all names.")] = None,
    folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show what packs declare, in both languages."""
    from jindi.doors.cli.showing import show  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    try:
        show(packs.load(wiring.pack_files(settled.packs)), name, output)
    except Problems as error:
        output.fail(error)


@packs_app.command("new")
def packs_new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The pack's name: small letters, digits and _.")],
    into: Annotated[Path, typer.Option("--into", help="The folder in which the pack's folder is made.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a working pack to begin with."""
    output = Output(as_json=as_json)
    wiring, _ = _settle(ctx, output)
    try:
        files = packs.skeleton(name)
        wiring.write_files(into, files)
    except Problems as error:
        output.fail(error)
    output.give({"ok": True, "files": sorted(str(into / path) for path in files)})
    for path in sorted(files):
        output.say(str(into / path))
    output.say(f"Check it with: jindi packs check {into / name}")


@packs_app.command("try")
def packs_try(
    ctx: typer.Context,
    event: Annotated[Path, typer.Argument(metavar="EVENT.json", help="One event; -: standard input.", allow_dash=True)],
    url: Annotated[str, typer.Option(help="The running platform.")] = "http://127.0.0.1:8420",
    api_key: Annotated[str, typer.Option(envvar="JINDI_API_KEY", help="A key with the scope admin.")] = "",
    whole: Whole = False, folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Decide one event under edited packs against a running platform's history; nothing is kept of it."""
    from jindi.doors.cli.explaining import try_packs  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, None, folders)
    try:
        raw = sys.stdin.buffer.read() if str(event) == "-" else event.read_bytes()
        try_packs(wiring.pack_files(settled.packs), raw, url, api_key, output, whole=whole)
    except (Problems, OSError) as error:
        output.fail(error)


# ---- settings and keys


@config_app.command("show")
def config_show(
    ctx: typer.Context, data: Data = None, folders: Packs = None, listen: Listen = None, as_json: AsJson = False
) -> None:
    """Every setting, its value and where it comes from."""
    output = Output(as_json=as_json)
    _, settled = _settle(ctx, output, data, folders, listen)
    output.give(
        {"settings": [{"name": s.name, "value": s.value, "origin": s.origin, "doc": s.doc} for s in settled.lines]}
    )
    if not as_json:
        table = Table("setting", "value", "from", "meaning")
        for line in settled.lines:
            table.add_row(line.name, line.value, line.origin, line.doc)
        output.out.print(table)


@config_app.command("save")
def config_save(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where it goes; an older one is replaced.")],
    data: Data = None, folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Settings and packs in one signed file, without any secret."""
    from jindi.doors.cli.configuring import save_configuration  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data, folders)
    try:
        save_configuration(wiring, settled, output, out)
    except (Problems, OSError) as error:
        output.fail(error)


@config_app.command("restore")
def config_restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What save has written.")],
    data: Data = None,
    by: Annotated[
        str | None, typer.Option(metavar="KEY", help="The line that checks its signature, as save printed it.")
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Settings and packs of such a file into a new folder."""
    from jindi.doors.cli.configuring import restore_configuration  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    try:
        restore_configuration(wiring, settled, output, file, by)
    except (Problems, OSError) as error:
        output.fail(error)


@keys_app.command("new")
def keys_new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scopes: Annotated[
        list[str],
        typer.Option("--scope", metavar="SCOPE", help="A right: events:write, decisions:read, …; repeatable."),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="It ends after so many days.")] = 90,
    signed: Annotated[
        bool, typer.Option("--signed", help="Each request must be signed (RFC 9421); shows the private key.")
    ] = False,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", metavar="FILE", exists=True, dir_okay=False,
            help="Signed, by whoever has the private half of this Ed25519 key (PEM).",
        ),
    ] = None,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make an API key. It is shown once."""
    from jindi.access import parse_scopes  # noqa: PLC0415

    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    try:
        rights = parse_scopes(scopes)
    except ValueError as error:
        output.fail(str(error), 2)
    until_us = wiring.clock.now_us() + days * DAY_US
    if signed or public_key is not None:
        from jindi.doors.cli.signing import pair_of  # noqa: PLC0415

        public, private = pair_of(public_key, output)
        must_exist(wiring, settled, output, or_empty=True)
        try:
            key = alone(
                wiring, settled, output, "key.create", f"{name} [{', '.join(sorted(rights))}] signed",
                lambda: wiring.keys(wiring.blobs(settled)).create_signing(
                    name, rights, wiring.clock.now_us(), public, expires_us=until_us
                ),
            )  # fmt: skip
        except ValueError as error:
            output.fail(str(error))
        output.give({"ok": True, "id": key.id, "private_key": private})
        output.say(f"{key.id}, for {days} days: requests are signed with its private key, see docs/transport.md")
        if private is not None:
            output.say(f"{private}This is the only time that the private key is shown.")
        return
    must_exist(wiring, settled, output, or_empty=True)
    clear, key = alone(
        wiring, settled, output, "key.create", f"{name} [{', '.join(sorted(rights))}]",
        lambda: wiring.keys(wiring.blobs(settled)).create(name, rights, wiring.clock.now_us(), expires_us=until_us),
    )  # fmt: skip
    output.give({"ok": True, "id": key.id, "api_key": clear})
    output.say(f"{key.id} {clear}\nThis is the only time that the key is shown. It ends after {days} days.")


@keys_app.command("list")
def keys_list(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """All keys, without their secrets."""
    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    must_exist(wiring, settled, output)
    keys = wiring.keys(wiring.blobs(settled)).all()
    output.give({"keys": [
        {"id": k.id, "name": k.name, "scopes": sorted(k.scopes), "created": format_instant(k.created_us),
         "revoked": None if k.revoked_us is None else format_instant(k.revoked_us), "signed": k.signs,
         "expires": None if k.expires_us is None else format_instant(k.expires_us),
         "last_used": None if k.used_day < 0 else format_instant(k.used_day * DAY_US)[:10]} for k in keys
    ]})  # fmt: skip
    for key in keys:
        end = "" if key.expires_us is None else f" until {format_instant(key.expires_us)}"
        used = "" if key.used_day < 0 else f", last used {format_instant(key.used_day * DAY_US)[:10]}"
        state = f"in force{end}{used}" if key.revoked_us is None else f"revoked {format_instant(key.revoked_us)}"
        output.say(
            f"{key.id} {key.name} [{', '.join(sorted(key.scopes))}] made {format_instant(key.created_us)}, {state}"
            + (", signed" if key.signs else "")
        )


@keys_app.command("revoke")
def keys_revoke(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY_ID")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take a key out of force for good."""
    output = Output(as_json=as_json)
    wiring, settled = _settle(ctx, output, data)
    must_exist(wiring, settled, output)
    if not alone(
        wiring, settled, output, "key.revoke", key,
        lambda: wiring.keys(wiring.blobs(settled)).revoke(key, wiring.clock.now_us()),
    ):  # fmt: skip
        output.fail("no key in force has this id")
    output.give({"ok": True, "id": key})
    output.say(f"{key} is revoked")


def machine_facts(data: Path) -> dict[str, str]:
    """What `doctor` says of the machine, and of the disk that a folder is on or would be made on."""
    place = next(each for each in (data.absolute(), *data.absolute().parents) if each.exists())
    free = shutil.disk_usage(place).free
    return {
        "python": machine.python_version(),
        "system": f"{machine.system()} {machine.machine()}",
        "cores": str(os.cpu_count()),
        "free_disk_gb": f"{free / 1e9:.1f}",
    }
