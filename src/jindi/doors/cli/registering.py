"""`jindi controls`: the register, its runs (by a running platform, too), and the report with the evidence."""

from pathlib import Path
from typing import Annotated

import typer

from jindi.doors.cli.helping import Plain
from jindi.doors.cli.output import Output

controls_app = typer.Typer(no_args_is_help=True, help="Controls: the register, its checks, the report with evidence.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Data = Annotated[str | None, typer.Option("--data", metavar="DIR", help="The platform's folder (default: jindi-data).")]
Packs = Annotated[
    list[Path] | None, typer.Option("--packs", metavar="DIR", help="A pack, or a folder of packs; may be repeated.")
]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="This control; may be repeated.")]


@controls_app.command("list")
def controls_list(ctx: typer.Context, data: Data = None, folders: Packs = None, as_json: AsJson = False) -> None:
    """All controls with their owner, their period, and how each stands."""
    from jindi.doors.cli.controlling import desk_of, show  # noqa: PLC0415 - only what is used is imported

    output = Output(as_json=as_json)
    show(desk_of(ctx.obj.wiring, output, data, folders), output)


@controls_app.command("run")
def controls_run(
    ctx: typer.Context, only: Only = None,
    due: Annotated[bool, typer.Option("--due", help="Only those whose period has passed, or that fail.")] = False,
    url: Annotated[str, typer.Option(help="The running platform (default: where the settings say).")] = "",
    api_key: Annotated[
        str, typer.Option("--api-key", envvar="JINDI_API_KEY", help="For a running platform: a key with admin.")
    ] = "",
    data: Data = None, folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run the checks and keep their evidence. A platform that is running is asked to do it, beside its decisions.

    A run that is interrupted goes on where it was. Exit 1 when a control fails; one that could not run counts so.
    """
    from jindi.doors.cli.controlling import desk_of, run  # noqa: PLC0415

    output = Output(as_json=as_json)
    desk = desk_of(ctx.obj.wiring, output, data, folders)
    run(desk, output, tuple(only or ()), is_due_only=due, url=url, api_key=api_key)


@controls_app.command("advisories", cls=Plain)
def controls_advisories(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="OSV records: a zip, a folder, or JSON.")],
    data: Data = None, folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take in what is known of flaws in components (OSV's PyPI/all.zip), in the place of what was there.

    Jindi fetches nothing itself. The platform may run meanwhile; the next look of control C56 uses it.
    """
    from jindi.doors.cli.controlling import desk_of, take_advisories  # noqa: PLC0415

    output = Output(as_json=as_json)
    take_advisories(desk_of(ctx.obj.wiring, output, data, folders), output, files)


@controls_app.command("report")
def controls_report(
    ctx: typer.Context,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole report here as HTML.")] = None,
    data: Data = None, folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Every control with its mapping, its last result and the evidence; exit 1 while one fails."""
    from jindi.doors.cli.controlling import desk_of, report  # noqa: PLC0415

    output = Output(as_json=as_json)
    report(desk_of(ctx.obj.wiring, output, data, folders), output, page)
