"""`jindi policies`: what a running platform's policy versions are, and the steps that change them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jindi.basics.problems import Problems
from jindi.doors.cli.helping import Plain
from jindi.doors.cli.output import Output

if TYPE_CHECKING:
    from jindi.doors.cli.versioning import Asking

policies_app = typer.Typer(
    no_args_is_help=True,
    help="Versions of policies on a running platform: watch, propose, approve, roll back.",
)

Url = Annotated[str, typer.Option(help="The running platform.")]
Key = Annotated[str, typer.Option("--api-key", envvar="JINDI_API_KEY", help="A key with the scope that is needed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Why = Annotated[str, typer.Option("--why", help="The reason; it is journalled.")]
Candidate = Annotated[
    list[Path] | None,
    typer.Option("--candidate", metavar="DIR", help="Edited packs instead of the platform's saved ones. Repeatable."),
]
HERE = "http://127.0.0.1:8420"


def _do(ctx: typer.Context, url: str, key: str, act: "Callable[[Asking], None]", *, as_json: bool) -> None:
    """Ask the platform, and tell what is wrong when it declines."""
    from jindi.doors.cli.versioning import Asking  # noqa: PLC0415 - an HTTP client is slow to import

    output = Output(as_json=as_json)
    try:
        act(Asking(ctx.obj.wiring, output, url, key))
    except (Problems, OSError) as error:
        output.fail(error)


@policies_app.command("list")
def policies_list(ctx: typer.Context, url: Url = HERE, api_key: Key = "", as_json: AsJson = False) -> None:
    """All versions with their states, and open proposals."""
    _do(ctx, url, api_key, lambda asking: asking.list_all(), as_json=as_json)


@policies_app.command("show")
def policies_show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A policy, a version (payment@…) or a proposal (chg_…).")],
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """One policy's versions and what happened to them, or one proposal and what it would change."""
    _do(ctx, url, api_key, lambda asking: asking.show(name), as_json=as_json)


@policies_app.command("diff", cls=Plain)
def policies_diff(
    ctx: typer.Context,
    policies: Annotated[list[str] | None, typer.Argument(metavar="POLICY", help="Only these policies.")] = None,
    candidate: Candidate = None,
    text: Annotated[bool, typer.Option("--text", help="The files' texts as a unified diff, too.")] = False,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """What the drafts would put in force: differences, cases, and what guards say."""
    _do(ctx, url, api_key, lambda asking: asking.diff(policies or [], candidate, text=text), as_json=as_json)


@policies_app.command("shadow")
def policies_shadow(
    ctx: typer.Context,
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="The policy whose draft is to be watched.")],
    candidate: Candidate = None, why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put a policy's draft beside what decides; it decides nothing and is counted. Scope policies:write."""
    _do(ctx, url, api_key, lambda asking: asking.shadow(policy, candidate, why), as_json=as_json)


@policies_app.command("retire")
def policies_retire(
    ctx: typer.Context,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A shadow version, such as payment@3f2a91c0d1e2.")],
    why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """End a shadow version. Scope policies:write."""
    _do(ctx, url, api_key, lambda asking: asking.retire(version, why), as_json=as_json)


@policies_app.command("propose", cls=Plain)
def policies_propose(
    ctx: typer.Context,
    policies: Annotated[
        list[str] | None, typer.Argument(metavar="POLICY", help="Only these policies' files; else all changes.")
    ] = None,
    candidate: Candidate = None, why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Propose the drafts exactly as they are. Scope policies:write; needs --why."""
    _do(ctx, url, api_key, lambda asking: asking.propose(policies or [], candidate, why), as_json=as_json)


@policies_app.command("approve")
def policies_approve(
    ctx: typer.Context,
    proposal: Annotated[str, typer.Argument(metavar="ID", help="The proposal, such as chg_00000000002f.")],
    confirm: Annotated[
        list[str] | None, typer.Option("--confirm", metavar="RULE", help="It may fire on more than its share.")
    ] = None,
    digest: Annotated[str | None, typer.Option(help="Approve only if the proposal has this digest.")] = None,
    why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put a proposal in force at once. Scope policies:approve; another person's key than the author's."""
    _do(ctx, url, api_key, lambda asking: asking.approve(proposal, confirm or [], digest, why), as_json=as_json)


@policies_app.command("reject")
def policies_reject(
    ctx: typer.Context,
    proposal: Annotated[str, typer.Argument(metavar="ID", help="The proposal.")],
    why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Reject a proposal, or withdraw one's own. Needs --why."""
    _do(ctx, url, api_key, lambda asking: asking.reject(proposal, why), as_json=as_json)


@policies_app.command("rollback")
def policies_rollback(
    ctx: typer.Context,
    policy: Annotated[str | None, typer.Argument(metavar="POLICY", help="Only this policy; else everything.")] = None,
    why: Why = "", url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Go back to what was in force before, at once. Scope policies:approve; needs --why."""
    _do(ctx, url, api_key, lambda asking: asking.roll_back(policy, why), as_json=as_json)


@policies_app.command("stats")
def policies_stats(
    ctx: typer.Context,
    version: Annotated[str | None, typer.Argument(metavar="VERSION", help="Only this watched version.")] = None,
    url: Url = HERE, api_key: Key = "", as_json: AsJson = False,
) -> None:  # fmt: skip
    """What watched versions would have decided beside what was decided, since they started."""
    _do(ctx, url, api_key, lambda asking: asking.stats(version), as_json=as_json)
