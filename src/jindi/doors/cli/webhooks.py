"""`jindi webhooks`: who is told of decisions, while the platform is down; while it runs, /v1/webhooks does the same."""

from collections.abc import Callable
from typing import Annotated, NoReturn, TypeVar

import typer

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.ports import LogFailure
from jindi.run.webhooks.mailing import Mailing
from jindi.run.webhooks.reaching import Forbidden

webhooks_app = typer.Typer(no_args_is_help=True, help="Webhooks (while the platform is down).")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Data = Annotated[str | None, typer.Option("--data", metavar="DIR", help="The platform's folder (default: jindi-data).")]
Id = Annotated[str, typer.Argument(metavar="ID", help="An endpoint, wh_….")]
_Done = TypeVar("_Done")


class _Keeping:
    """The endpoints of a folder."""

    def __init__(self, ctx: typer.Context, data: str | None, *, as_json: bool) -> None:
        self.output = Output(as_json=as_json)
        self.wiring: Wiring = ctx.obj.wiring
        try:
            self.settled: Settled = self.wiring.settle({"data": data})
        except Problems as problems:
            self.output.fail(problems, 2)
        try:
            self.wiring.must_exist(self.settled)
            self.mailing: Mailing = self.wiring.mailing(self.settled, self.wiring.blobs(self.settled))
        except (Problems, ValueError, OSError) as error:
            self.output.fail(error if isinstance(error, Problems | OSError) else str(error))

    def change(self, on: str, act: Callable[[int], _Done]) -> _Done:
        """Act, with the journal to ourselves and a record of it first."""
        from jindi.doors.cli.auditing import caller  # noqa: PLC0415
        from jindi.run.audit import record_alone  # noqa: PLC0415

        try:
            log = self.wiring.open_log(self.settled)
        except (LogFailure, Problems) as error:
            self.output.fail(error)
        now_us = self.wiring.clock.now_us()
        try:
            record_alone(log, caller(), "webhook.change", on, now_us)
            return act(now_us)
        except (LogFailure, LookupError, ValueError) as error:
            self.output.fail(error if isinstance(error, LogFailure) else str(error))
        finally:
            log.close()

    def refuse(self, error: Exception) -> NoReturn:
        """Say why an address is none for us."""
        self.output.fail(Problems([Problem("webhooks add", "URL", str(error), "see docs/transport.md")]), 2)


def _step(ctx: typer.Context, identifier: str, step: str, data: str | None, *, as_json: bool) -> None:
    keeping = _Keeping(ctx, data, as_json=as_json)
    done = keeping.change(f"{identifier} {step}", lambda now_us: keeping.mailing.step(identifier, step, now_us))
    keeping.output.give({"ok": True, **done})
    keeping.output.say("   ".join(f"{name}: {value}" for name, value in done.items() if value != ""))
    if done.get("arrived") is False:
        raise typer.Exit(1)


@webhooks_app.command("add")
def webhooks_add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where decisions are posted to: https://….")],
    outcomes: Annotated[
        list[str] | None, typer.Option("--outcome", metavar="OUTCOME", help="Tell of these outcomes only; repeatable.")
    ] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Tell of these event types only; repeatable.")
    ] = None,
    asymmetric: Annotated[
        bool, typer.Option("--asymmetric", help="Sign with Ed25519 (v1a): the receiver gets a public key.")
    ] = False,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell somebody of decisions from now on. What its receiver checks signatures with is shown once."""
    keeping = _Keeping(ctx, data, as_json=as_json)
    try:
        keeping.mailing.check(url)
    except Forbidden as error:
        keeping.refuse(error)
    made, secret = keeping.change(
        "add",
        lambda now_us: keeping.mailing.endpoints.add(
            url, now_us, outcomes=outcomes or [], types=types or [], asymmetric=asymmetric
        ),
    )
    keeping.output.give({"ok": True, "id": made.id, "secret": secret})
    keeping.output.say(f"{made.id} {secret}\nThis is the only time that it is shown.")


@webhooks_app.command("list")
def webhooks_list(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """All endpoints, how far each has been told, and what failed. Works beside a running platform, too."""
    keeping = _Keeping(ctx, data, as_json=as_json)
    log = keeping.wiring.view_log(keeping.settled)
    try:
        records = log.next_seq()
    finally:
        log.close()
    shown = [keeping.mailing.document(each, records) for each in keeping.mailing.endpoints.all()]
    keeping.output.give({"webhooks": shown})
    for each in shown:
        keeping.output.say(
            f"{each['id']} {each['state']} {each['url']}   told: {each.get('delivered', 0)}"
            f"   behind: {each.get('behind', 0)}   failures in a row: {each.get('failures', 0)}"
            + (f"   {each['why'] or each.get('last_problem')}" if each["why"] or each.get("last_problem") else "")
        )


@webhooks_app.command("test")
def webhooks_test(ctx: typer.Context, endpoint: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Send one message without content, to see whether it arrives. Exit 1 when it does not."""
    _step(ctx, endpoint, "test", data, as_json=as_json)


@webhooks_app.command("disable")
def webhooks_disable(ctx: typer.Context, endpoint: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Stop telling an endpoint; it goes on from there when it is enabled."""
    _step(ctx, endpoint, "disable", data, as_json=as_json)


@webhooks_app.command("enable")
def webhooks_enable(ctx: typer.Context, endpoint: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Go on telling an endpoint, one that is dead, too."""
    _step(ctx, endpoint, "enable", data, as_json=as_json)


@webhooks_app.command("rotate")
def webhooks_rotate(ctx: typer.Context, endpoint: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Make a new secret; for a day messages are signed with both."""
    _step(ctx, endpoint, "rotate", data, as_json=as_json)


@webhooks_app.command("remove")
def webhooks_remove(ctx: typer.Context, endpoint: Id, data: Data = None, as_json: AsJson = False) -> None:
    """Forget an endpoint for good."""
    _step(ctx, endpoint, "remove", data, as_json=as_json)
