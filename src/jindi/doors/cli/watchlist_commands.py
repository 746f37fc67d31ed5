"""`jindi watchlists`: the lists in force on a running platform, and how one is loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jindi.basics.problems import Problems
from jindi.doors.cli.approvals import HERE, AsJson, Key, Url
from jindi.doors.cli.helping import Plain
from jindi.doors.cli.output import Output

if TYPE_CHECKING:
    from jindi.doors.cli.watchlists import Watching

watchlists_app = typer.Typer(
    no_args_is_help=True, help="Watch lists in force on a running platform: see and load them."
)


def _do(ctx: typer.Context, url: str, key: str, act: "Callable[[Watching], None]", *, as_json: bool) -> None:
    """Ask the platform, and tell what is wrong when it declines."""
    from jindi.doors.cli.watchlists import Watching  # noqa: PLC0415 - an HTTP client is slow to import

    output = Output(as_json=as_json)
    try:
        act(Watching(ctx.obj.wiring, output, url, key))
    except (Problems, OSError) as error:
        output.fail(error)


@watchlists_app.command("show")
def watchlists_show(ctx: typer.Context, url: Url = HERE, api_key: Key = "", as_json: AsJson = False) -> None:
    """The lists in force: version, day of publication, entries, who loaded them, and what changed."""
    _do(ctx, url, api_key, lambda asking: asking.lists(), as_json=as_json)


@watchlists_app.command("load", cls=Plain)
def watchlists_load(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Lists; OFAC's three together.")
    ],
    is_meant: Annotated[
        bool, typer.Option("--meant", help="They may take away many entries, or be older than those in force.")
    ] = False,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put lists in force at once; everybody is held against what is new in them."""
    _do(ctx, url, api_key, lambda asking: asking.load(files, is_meant=is_meant), as_json=as_json)
