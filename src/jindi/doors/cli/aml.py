"""`jindi aml`: working days, large transactions, packets and receipts of reports against money laundering."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from jindi.basics.problems import Problems
from jindi.doors.cli.filing_commands import reports_app
from jindi.doors.cli.helping import Plain
from jindi.doors.cli.output import Output

aml_app = typer.Typer(
    no_args_is_help=True, help="Reports against money laundering: working days, large transactions, packets, receipts."
)
aml_app.add_typer(reports_app, name="reports")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Packs = Annotated[
    list[Path] | None, typer.Option("--packs", metavar="DIR", help="A pack, or a folder of packs; may be repeated.")
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where the clear text goes, and nowhere else: a folder of yours.")
]


@contextmanager
def _told(output: Output) -> Iterator[None]:
    """What is wrong is told, and ends the command."""
    try:
        yield
    except (Problems, OSError) as error:
        output.fail(error)


@aml_app.command("calendar", cls=Plain)
def aml_calendar(
    ctx: typer.Context,
    day: Annotated[str, typer.Argument(metavar="DAY", help="2026-09-30")],
    count: Annotated[
        str, typer.Argument(metavar="+N|DAY", help="So many working days later; or how many there are until a day.")
    ] = "",
    calendar: Annotated[str, typer.Option(metavar="NAME", help="A calendar that packs declare.")] = "mainland_china",
    folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Whether a day is worked, and by which notice; the day that is so many working days later.

    A year whose notice is not declared is refused.
    """
    from jindi.doors.cli.reporting import look_at_days  # noqa: PLC0415 - only what is used is imported

    output = Output(as_json=as_json)
    with _told(output):
        look_at_days(ctx.obj.wiring, output, folders, day, count, calendar)


@aml_app.command("large", cls=Plain)
def aml_large(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="INPUT", exists=True, dir_okay=False, help="CSV or NDJSON.")],
    out: Out,
    today: Annotated[
        str, typer.Option("--today", metavar="DAY", help="By which day lateness is measured (default: today).")
    ] = "",
    folders: Packs = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Which customers' days are large transactions, and until when each is reported.

    What is found is written to DIR/large.json; who it is stands there alone.
    """
    from jindi.doors.cli.reporting import find_large  # noqa: PLC0415

    output = Output(as_json=as_json)
    with _told(output):
        find_large(ctx.obj.wiring, output, folders, file, out, today)


@aml_app.command("packet", cls=Plain)
def aml_packet(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="REPORT", exists=True, dir_okay=False, help="TOML or JSON.")],
    out: Out,
    action: Annotated[str, typer.Option(metavar="new|change|delete", help="What the packet does.")] = "new",
    sector: Annotated[str, typer.Option(metavar="bank|securities|insurance", help="Whose interface.")] = "bank",
    day: Annotated[str, typer.Option("--day", metavar="DAY", help="The packet's day (default: today).")] = "",
    serial: Annotated[
        int | None, typer.Option(metavar="N", help="Its number within the day (default: after those in DIR).")
    ] = None,
    unit: Annotated[
        Path | None,
        typer.Option("--goaml", metavar="UNIT.toml", exists=True, dir_okay=False, help="As goAML, for this unit."),
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make the packet of a report: checked whole, named, numbered, and written so that nobody else reads it."""
    from jindi.doors.cli.reporting import Making, make_packet  # noqa: PLC0415

    output = Output(as_json=as_json)
    with _told(output):
        make_packet(ctx.obj.wiring, output, Making(file, out, action, sector, day, serial, unit))


@aml_app.command("check", cls=Plain)
def aml_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A packet.")],
    as_json: AsJson = False,
) -> None:
    """Read a packet back and hold it against its form: one of the centre's by its name, any other XML as goAML."""
    from jindi.doors.cli.reporting import check_packet  # noqa: PLC0415

    output = Output(as_json=as_json)
    with _told(output):
        check_packet(output, file)


@aml_app.command("receipt", cls=Plain)
def aml_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Under its own name.")],
    form: Annotated[
        Path | None,
        typer.Option(metavar="FORM.toml", exists=True, dir_okay=False, help="How errors are told in it."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where places and words of errors are written.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What became of a packet, and which fields are wrong.

    Exit 0: taken; 3: to be corrected; 4: refused; 1: it could not be read.
    """
    from jindi.doors.cli.reporting import tell_receipt  # noqa: PLC0415

    output = Output(as_json=as_json)
    with _told(output):
        tell_receipt(output, file, form, out)
