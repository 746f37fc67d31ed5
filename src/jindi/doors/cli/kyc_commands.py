"""`jindi kyc`: customers' ratings and reviews on a running platform, and what an identifier tells."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from jindi.basics.problems import Problems
from jindi.doors.cli.approvals import HERE, AsJson, Key, Url
from jindi.doors.cli.helping import Plain
from jindi.doors.cli.output import Output

if TYPE_CHECKING:
    from jindi.doors.cli.kyc import Rating

kyc_app = typer.Typer(
    no_args_is_help=True, help="Due diligence: customers' ratings and reviews, and what an identifier tells."
)

User = Annotated[str, typer.Argument(metavar="USER", help="The customer.")]


def _do(ctx: typer.Context, url: str, key: str, act: "Callable[[Rating], None]", *, as_json: bool) -> None:
    """Ask the platform, and tell what is wrong when it declines."""
    from jindi.doors.cli.kyc import Rating  # noqa: PLC0415 - an HTTP client is slow to import

    output = Output(as_json=as_json)
    try:
        act(Rating(ctx.obj.wiring, output, url, key))
    except (Problems, OSError) as error:
        output.fail(error)


@kyc_app.command("list")
def kyc_list(
    ctx: typer.Context,
    level: Annotated[str, typer.Option(help="A level of the scheme, or none: not rated yet.")] = "",
    is_overdue: Annotated[bool, typer.Option("--overdue", help="Those alone who are overdue.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 50,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Customers by their level of risk, those due first first."""
    _do(
        ctx, url, api_key, lambda asking: asking.customers(level, limit, is_overdue=is_overdue), as_json=as_json
    )  # fmt: skip


@kyc_app.command("show")
def kyc_show(ctx: typer.Context, user: User, url: Url = HERE, api_key: Key = "", as_json: AsJson = False) -> None:
    """A customer's level, what it is made of, and how it came about."""
    _do(ctx, url, api_key, lambda asking: asking.customer(user), as_json=as_json)


@kyc_app.command("review")
def kyc_review(
    ctx: typer.Context,
    user: User,
    note: Annotated[str, typer.Option(help="What was checked, and what came of it; it is journalled.")],
    document_until: Annotated[
        str, typer.Option(metavar="INSTANT", help="The document's new end, such as 2036-05-01T00:00:00+08:00.")
    ] = "",
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record a review: the customer is assessed anew, and the clock begins again."""
    _do(ctx, url, api_key, lambda asking: asking.review(user, note, document_until), as_json=as_json)


@kyc_app.command("freeze")
def kyc_freeze(
    ctx: typer.Context,
    user: User,
    order: Annotated[str, typer.Option(help="The number of the authority's order; it is journalled.")],
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Freeze a customer by an authority's order, at once; it ends by itself."""
    _do(ctx, url, api_key, lambda asking: asking.freeze(user, order), as_json=as_json)


@kyc_app.command("check", cls=Plain)
def kyc_check(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="id_card, uscc, bank_card or phone.")],
    as_json: AsJson = False,
) -> None:
    """What an identifier tells, and whether it can be right. It is read from standard input, never from the line.

    Exit 0: nothing speaks against it; 3: it can't be right; 1: it could not be read.
    """
    from jindi.doors.cli.kyc import check  # noqa: PLC0415 - beside an HTTP client

    output = Output(as_json=as_json)
    try:
        check(kind, output)
    except Problems as error:
        output.fail(error)
