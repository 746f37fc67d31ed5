"""`jindi approvals`: what takes a second person on a running platform: asking, looking, answering, collecting."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jindi.basics.problems import Problems
from jindi.doors.cli.output import Output

if TYPE_CHECKING:
    from jindi.doors.cli.approving import Approving

approvals_app = typer.Typer(
    no_args_is_help=True, help="What takes a second person on a running platform: ask, look, answer, collect."
)

Url = Annotated[str, typer.Option(help="The running platform.")]
Key = Annotated[str, typer.Option("--api-key", envvar="JINDI_API_KEY", help="A key with the scope that is needed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Why = Annotated[str, typer.Option("--why", help="The reason; it is journalled.")]
Identifier = Annotated[str, typer.Argument(metavar="ID", help="An operation (apr_…) or a proposal (chg_…).")]
HERE = "http://127.0.0.1:8420"


def _do(ctx: typer.Context, url: str, key: str, act: "Callable[[Approving], None]", *, as_json: bool) -> None:
    """Ask the platform, and tell what is wrong when it declines."""
    from jindi.doors.cli.approving import Approving  # noqa: PLC0415 - an HTTP client is slow to import

    output = Output(as_json=as_json)
    try:
        act(Approving(ctx.obj.wiring, output, url, key))
    except (Problems, OSError) as error:
        output.fail(error)


@approvals_app.command("list")
def approvals_list(
    ctx: typer.Context,
    whole: Annotated[bool, typer.Option("--all", help="What is over, too.")] = False,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Everything that waits for somebody, with who asked and until when."""
    _do(ctx, url, api_key, lambda asking: asking.waiting(whole=whole), as_json=as_json)


@approvals_app.command("show")
def approvals_show(
    ctx: typer.Context, identifier: Identifier, url: Url = HERE, api_key: Key = "", as_json: AsJson = False
) -> None:
    """Exactly what is approved, its digest, and what happened to it."""
    _do(ctx, url, api_key, lambda asking: asking.one(identifier), as_json=as_json)


@approvals_app.command("propose")
def approvals_propose(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="key.create, key.revoke, vault.rotate, …")],
    payload: Annotated[
        str, typer.Argument(metavar="JSON", help='What is asked for: {"key": "key_…"}; - reads standard input.')
    ] = "{}",
    why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Ask for an operation; another person approves it. Needs --why."""
    _do(ctx, url, api_key, lambda asking: asking.ask_for(kind, payload, why), as_json=as_json)


@approvals_app.command("approve")
def approvals_approve(
    ctx: typer.Context,
    identifier: Identifier,
    digest: Annotated[str, typer.Option(help="The digest that `show` printed: what is approved is what was read.")],
    why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Approve it; it is done at once when that was the last approval that it takes. Another person's key."""
    _do(ctx, url, api_key, lambda asking: asking.approve_one(identifier, digest, why), as_json=as_json)


@approvals_app.command("reject")
def approvals_reject(
    ctx: typer.Context, identifier: Identifier, why: Why = "", url: Url = HERE, api_key: Key = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Reject what somebody else asked for. Needs --why."""
    _do(ctx, url, api_key, lambda asking: asking.end("reject", identifier, why), as_json=as_json)


@approvals_app.command("withdraw")
def approvals_withdraw(
    ctx: typer.Context, identifier: Identifier, why: Why = "", url: Url = HERE, api_key: Key = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take back what one asked for. Needs --why."""
    _do(ctx, url, api_key, lambda asking: asking.end("withdraw", identifier, why), as_json=as_json)


@approvals_app.command("collect")
def approvals_collect(
    ctx: typer.Context,
    identifier: Identifier,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where a file goes; must not exist yet.")] = None,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Have what was approved done, and take the result: a new key's secret, or a file. It works once."""
    _do(ctx, url, api_key, lambda asking: asking.collect(identifier, out), as_json=as_json)
