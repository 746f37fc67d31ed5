"""`jindi aml reports`: reports of a running platform, from a draft to a receipt."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jindi.basics.problems import Problems
from jindi.doors.cli.approvals import HERE, AsJson, Key, Url
from jindi.doors.cli.helping import Plain
from jindi.doors.cli.output import Output

if TYPE_CHECKING:
    from jindi.doors.cli.filing import Filing

reports_app = typer.Typer(
    no_args_is_help=True, help="Reports of a running platform: written, approved, packed, sent, answered by receipts."
)

Identifier = Annotated[str, typer.Argument(metavar="ID", help="A report (rpt_…).")]
Draft = Annotated[
    Path, typer.Argument(metavar="DRAFT", exists=True, dir_okay=False, help="What it says: TOML or JSON.")
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where clear text goes, and nowhere else: a folder of yours.")
]
Why = Annotated[str, typer.Option("--why", help="The reason, without anybody's data; it is journalled.")]


def _do(ctx: typer.Context, url: str, key: str, act: "Callable[[Filing], None]", *, as_json: bool) -> None:
    """Ask the platform, and tell what is wrong when it declines."""
    from jindi.doors.cli.filing import Filing  # noqa: PLC0415 - an HTTP client is slow to import

    output = Output(as_json=as_json)
    try:
        act(Filing(ctx.obj.wiring, output, url, key))
    except (Problems, OSError) as error:
        output.fail(error)


@reports_app.command("list")
def reports_list(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help="Of one state, such as proposed.")] = "",
    topic: Annotated[str, typer.Option(metavar="suspicious|large", help="Of one topic.")] = "",
    case: Annotated[str, typer.Option(help="Of one case.")] = "",
    late: Annotated[bool, typer.Option("--late", help="What is late, or has no known end.")] = False,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """The reports, what is owed first before the others. Exit 1 when one is late."""
    asked = {"state": state, "topic": topic, "case": case, "late": "true" if late else ""}
    _do(ctx, url, api_key, lambda asking: asking.listed(asked), as_json=as_json)


@reports_app.command("show", cls=Plain)
def reports_show(
    ctx: typer.Context, identifier: Identifier,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write what it says into this folder, too.")
    ] = None,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """How a report stands: its clocks, what it lacks, its packets and receipts. What it says goes to DIR alone."""
    _do(ctx, url, api_key, lambda asking: asking.standing(identifier, out), as_json=as_json)


@reports_app.command("draft", cls=Plain)
def reports_draft(
    ctx: typer.Context, out: Out, case: Annotated[str, typer.Option(help="The case that it is about.")] = "",
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """A draft to begin with, DIR/draft.json: of a case its customer, its decisions, and what crimes are suspected."""
    _do(ctx, url, api_key, lambda asking: asking.draft(case, out), as_json=as_json)


@reports_app.command("new", cls=Plain)
def reports_new(
    ctx: typer.Context, draft: Draft,
    case: Annotated[str, typer.Option(help="The case that it comes from.")] = "",
    topic: Annotated[str, typer.Option(metavar="suspicious|large", help="What it is about.")] = "suspicious",
    aware: Annotated[
        str, typer.Option(metavar="INSTANT", help="Since when the suspicion is confirmed (default: now).")
    ] = "",
    follows: Annotated[str, typer.Option(metavar="ID", help="An earlier report that it goes on with.")] = "",
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Begin a report."""
    more = {"case": case, "topic": topic, "aware": aware, "follows": follows}
    _do(ctx, url, api_key, lambda asking: asking.new(draft, more), as_json=as_json)


@reports_app.command("write", cls=Plain)
def reports_write(
    ctx: typer.Context, identifier: Identifier, draft: Draft,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say something else; what waited for approval waits no more."""
    _do(ctx, url, api_key, lambda asking: asking.write(identifier, draft), as_json=as_json)


@reports_app.command("propose")
def reports_propose(
    ctx: typer.Context, identifier: Identifier, url: Url = HERE, api_key: Key = "", as_json: AsJson = False
) -> None:
    """Make the packet: names and numbers come out of the vault, each person's against a record. It then waits for a
    second person.
    """
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "propose", {}), as_json=as_json)


@reports_app.command("approve")
def reports_approve(
    ctx: typer.Context, identifier: Identifier,
    digest: Annotated[str, typer.Option(help="The SHA-256 of the packet that was looked at.")],
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Agree to exactly the packet of a digest; never to a report of one's own."""
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "approve", {"digest": digest}), as_json=as_json)


@reports_app.command("return")
def reports_return(
    ctx: typer.Context, identifier: Identifier, why: Why, url: Url = HERE, api_key: Key = "", as_json: AsJson = False
) -> None:
    """Send a report of somebody else's back to be written anew."""
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "return", {"why": why}), as_json=as_json)


@reports_app.command("pack")
def reports_pack(
    ctx: typer.Context, identifier: Identifier, url: Url = HERE, api_key: Key = "", as_json: AsJson = False
) -> None:
    """Give the approved packet its name: the next number of the day."""
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "pack", {}), as_json=as_json)


@reports_app.command("packet", cls=Plain)
def reports_packet(
    ctx: typer.Context, identifier: Identifier, out: Out,
    unit: Annotated[
        Path | None,
        typer.Option("--goaml", metavar="UNIT.toml", exists=True, dir_okay=False, help="As goAML, for this unit."),
    ] = None,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fetch the packet into a folder of yours. Each time is a record."""
    _do(ctx, url, api_key, lambda asking: asking.packet(identifier, out, unit), as_json=as_json)


@reports_app.command("send")
def reports_send(
    ctx: typer.Context, identifier: Identifier,
    on: Annotated[str, typer.Option(metavar="DAY", help="The day on which it was handed over.")],
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say that the packet was handed over."""
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "send", {"on": on}), as_json=as_json)


@reports_app.command("receipt", cls=Plain)
def reports_receipt(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Under its own name.")],
    form: Annotated[
        Path | None,
        typer.Option(metavar="FORM.toml", exists=True, dir_okay=False, help="How errors are told in it."),
    ] = None,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take in a receipt. Exit 0: accepted; 3: to be corrected; 4: refused."""
    _do(ctx, url, api_key, lambda asking: asking.receipt(file, form), as_json=as_json)


@reports_app.command("revise")
def reports_revise(
    ctx: typer.Context, identifier: Identifier, why: Why, url: Url = HERE, api_key: Key = "", as_json: AsJson = False
) -> None:
    """Open it again: it came back, or what the centre has is to be changed."""
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "revise", {"why": why}), as_json=as_json)


@reports_app.command("withdraw")
def reports_withdraw(
    ctx: typer.Context, identifier: Identifier, why: Why, url: Url = HERE, api_key: Key = "", as_json: AsJson = False
) -> None:
    """Have a report of large transactions deleted at the centre that has it."""
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "withdraw", {"why": why}), as_json=as_json)


@reports_app.command("drop")
def reports_drop(
    ctx: typer.Context, identifier: Identifier, why: Why, url: Url = HERE, api_key: Key = "", as_json: AsJson = False
) -> None:
    """Give up what was never sent."""
    _do(ctx, url, api_key, lambda asking: asking.step(identifier, "drop", {"why": why}), as_json=as_json)


@reports_app.command("days")
def reports_days(
    ctx: typer.Context,
    day: Annotated[str, typer.Option(metavar="DAY", help="One day; without, all that are kept.")] = "",
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Large days among the platform's own movements, and the reports of them. Exit 1 when one is late."""
    _do(ctx, url, api_key, lambda asking: asking.days(day), as_json=as_json)


@reports_app.command("begin")
def reports_begin(
    ctx: typer.Context, day: Annotated[str, typer.Argument(metavar="DAY", help="2026-11-22")],
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Begin a report of all that is large on a day and has none yet."""
    _do(ctx, url, api_key, lambda asking: asking.begin(day), as_json=as_json)


@reports_app.command("statistics")
def reports_statistics(ctx: typer.Context, url: Url = HERE, api_key: Key = "", as_json: AsJson = False) -> None:
    """Months counted by topic and kind of case, as CSV: begun, sent, in time, late, receipts."""
    _do(ctx, url, api_key, lambda asking: asking.statistics(), as_json=as_json)
