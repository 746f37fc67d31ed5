"""`jindi vault` and `jindi subject`: keys and people's rights, while the platform is down."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from jindi.basics.problems import Problems
from jindi.doors.cli.output import Output
from jindi.ports import LogFailure, RootFailure, VaultFailure
from jindi.vault import CannotOpen, RingProblem, Vault

if TYPE_CHECKING:
    from jindi.doors.cli.vaulting import Keeping
    from jindi.doors.cli.wiring import Settled, Wiring

vault_app = typer.Typer(no_args_is_help=True, help="The vault's keys and rows (while the platform is down).")
subject_app = typer.Typer(
    no_args_is_help=True,
    help="One person's data: export, correct, erase, and his requests (while the platform is down).",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Data = Annotated[str | None, typer.Option("--data", metavar="DIR", help="The platform's folder (default: jindi-data).")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="A user's number, as the events have it, or a token.")]


def _do(ctx: typer.Context, data: str | None, act: "Callable[[Keeping], None]", *, as_json: bool) -> None:
    """Open the vault of a folder that no platform uses, and tell what is wrong when it declines."""
    from jindi.doors.cli.vaulting import Keeping  # noqa: PLC0415 - only what is used is imported

    output, wiring = Output(as_json=as_json), ctx.obj.wiring
    try:
        settled = wiring.settle({"data": data})
        vault = wiring.kept_vault(settled, output.note)
        try:
            _erase_again(wiring, settled, vault, output)
            act(Keeping(vault, wiring, settled, output))
        finally:
            vault.close()
    except (Problems, LogFailure, RootFailure, VaultFailure, RingProblem, CannotOpen, OSError) as error:
        output.fail(error)


def _erase_again(wiring: "Wiring", settled: "Settled", vault: Vault, output: Output) -> None:
    """As a start of the platform does: who was erased stays erased, whichever key book lies here."""
    from jindi.run.erasures import erase_again  # noqa: PLC0415

    try:
        log = wiring.view_log(settled)
    except Problems:
        return  # no journal yet, so nobody was erased
    try:
        if returned := erase_again(vault, log, wiring.clock.now_us()):
            output.note(f"{returned} subjects whom the journal says were erased had come back; they are erased again")
    finally:
        log.close()


@vault_app.command("status")
def vault_status(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """How many subjects and rows there are, and the versions of the key ring."""
    _do(ctx, data, lambda keeping: keeping.status(), as_json=as_json)


@vault_app.command("rotate")
def vault_rotate(
    ctx: typer.Context,
    cipher: Annotated[str | None, typer.Option(help="Another cipher from now on: aes-256-gcm or sm4-gcm.")] = None,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make a new version of the key that wraps subjects' keys. The platform re-wraps by itself afterwards."""
    _do(ctx, data, lambda keeping: keeping.rotate(cipher), as_json=as_json)


@vault_app.command("rewrap")
def vault_rewrap(
    ctx: typer.Context,
    destroy: Annotated[bool, typer.Option("--destroy", help="Then destroy the retired versions.")] = False,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put all subjects' keys under the newest version now."""
    _do(ctx, data, lambda keeping: keeping.rewrap(destroy=destroy), as_json=as_json)


@vault_app.command("reseal")
def vault_reseal(
    ctx: typer.Context,
    later: Annotated[bool, typer.Option("--later", help="Leave it to the platform, beside its decisions.")] = False,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Give every subject a new key and seal its rows under it. May be interrupted; the next one goes on."""
    _do(ctx, data, lambda keeping: keeping.reseal(later=later), as_json=as_json)


@vault_app.command("recount")
def vault_recount(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Give up rows that check calls missing: from now on those that are there are all."""
    _do(ctx, data, lambda keeping: keeping.recount(sure=yes), as_json=as_json)


@vault_app.command("root")
def vault_root(
    ctx: typer.Context,
    where: Annotated[str, typer.Argument(metavar="ROOT", help="file:PATH, environment, passphrase or transit:URL.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Put the key ring under another root key. Set `vault_root` to the same afterwards."""
    _do(ctx, data, lambda keeping: keeping.change_root(where), as_json=as_json)


@vault_app.command("check")
def vault_check(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """Open every key and every row once, and count; ends with 1 when something does not open or is missing."""
    _do(ctx, data, lambda keeping: keeping.check(), as_json=as_json)


@subject_app.command("export")
def subject_export(ctx: typer.Context, subject: Subject, data: Data = None, as_json: AsJson = False) -> None:
    """All that the vault keeps of one subject, in clear."""
    _do(ctx, data, lambda keeping: keeping.export(subject), as_json=as_json)


@subject_app.command("correct")
def subject_correct(
    ctx: typer.Context,
    subject: Subject,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="The token of what is wrong; see export.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Put the right text, one line on standard input, in the place of a wrong one."""
    _do(ctx, data, lambda keeping: keeping.correct(subject, token), as_json=as_json)


@subject_app.command("erase")
def subject_erase(
    ctx: typer.Context,
    subject: Subject,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Destroy one subject's key: what is kept of it can't be read any more, in backups of the rows either."""
    _do(ctx, data, lambda keeping: keeping.erase(subject, sure=yes), as_json=as_json)


@subject_app.command("request")
def subject_request(
    ctx: typer.Context,
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="access, transfer, correct, erase, withdraw, explain.")],
    subject: Subject,
    received: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The day on which it came in (default: today).")
    ] = None,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record a person's request about his own data, with the day by which it is to be answered."""
    _do(ctx, data, lambda keeping: keeping.open_request(right, subject, received), as_json=as_json)


@subject_app.command("close")
def subject_close(
    ctx: typer.Context,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request's name, as requests shows it.")],
    refused: Annotated[bool, typer.Option("--refused", help="It was refused; the person was told why.")] = False,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record that a request was answered."""
    _do(ctx, data, lambda keeping: keeping.close_request(request, refused=refused), as_json=as_json)


@subject_app.command("requests")
def subject_requests(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were answered.")] = False,
    data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Requests that wait for an answer and when each is due, also beside a platform; 1 when one is overdue."""
    from jindi.doors.cli.requesting import show_requests  # noqa: PLC0415

    output, wiring = Output(as_json=as_json), ctx.obj.wiring
    try:
        show_requests(wiring, wiring.settle({"data": data}), output, everything=everything)
    except (Problems, LogFailure, OSError) as error:
        output.fail(error)
