"""`jindi staff`: the accounts of people, while the platform is down. While it runs, the console has them."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from jindi.access import Staff, StaffAccount, normal_login, parse_roles, person_name
from jindi.basics.instants import format_instant
from jindi.basics.problems import Problems
from jindi.doors.cli.alone import ADDRESS, alone, must_exist
from jindi.doors.cli.output import Output
from jindi.doors.cli.wiring import Settled, Wiring
from jindi.run.people import roles_changed

staff_app = typer.Typer(no_args_is_help=True, help="Accounts of people (while the platform is down).")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]
Data = Annotated[str | None, typer.Option("--data", metavar="DIR", help="The platform's folder (default: jindi-data).")]
Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The name that the person signs in with.")]
Roles = Annotated[
    list[str], typer.Option("--role", metavar="ROLE", help="A role: analyst, approver, security_admin, …; repeatable.")
]


_Told = TypeVar("_Told")


def _opened(
    ctx: typer.Context, output: Output, data: str | None, *, or_empty: bool = False
) -> tuple[Wiring, Settled, Staff]:
    wiring: Wiring = ctx.obj.wiring
    try:
        settled = wiring.settle({"data": data})
    except Problems as problems:
        output.fail(problems, 2)
    must_exist(wiring, settled, output, or_empty=or_empty)
    try:
        return wiring, settled, wiring.staff(settled)
    except Problems as problems:
        output.fail(problems)


@staff_app.command("invite")
def staff_invite(
    ctx: typer.Context, login: Login,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the person is called.")],
    roles: Roles, data: Data = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make an account, or another link for one that waits. The link is shown once, and works for 24 hours."""
    output = Output(as_json=as_json)
    wiring, settled, staff = _opened(ctx, output, data, or_empty=True)
    try:
        login, name, given = normal_login(login), person_name(name), parse_roles(roles)
        there = staff.named(login)
        if there is not None and (there.state != "invited" or (there.name, there.roles) != (name, given)):
            raise ValueError("there is an account with this login; see jindi staff list")
    except ValueError as error:
        output.fail(str(error), 2)
    token, account = _done(
        wiring, settled, output, "staff.invite", f"{login} [{', '.join(sorted(given))}]",
        lambda fresh, now_us: (
            fresh.invite(login, name, given, now_us) if there is None else fresh.invite_again(there.id, now_us)
        ),
    )  # fmt: skip
    _tell_link(wiring, settled, output, token, account)


@staff_app.command("list")
def staff_list(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """All accounts."""
    output = Output(as_json=as_json)
    _, _, staff = _opened(ctx, output, data)
    output.give({"staff": [
        {"id": each.id, "login": each.login, "name": each.name, "roles": sorted(each.roles), "state": each.state,
         "totp": each.has_totp, "passkeys": len(each.passkeys), "recovery_codes": each.codes_left,
         "last_sign_in": None if each.used_us is None else format_instant(each.used_us)} for each in staff.all()
    ]})  # fmt: skip
    for each in staff.all():
        used = "never signed in" if each.used_us is None else f"last in {format_instant(each.used_us)}"
        output.say(f"{each.id} {each.login} {each.name} [{', '.join(sorted(each.roles))}] {each.state}, {used}")


@staff_app.command("disable")
def staff_disable(ctx: typer.Context, login: Login, data: Data = None, as_json: AsJson = False) -> None:
    """Let somebody in no more."""
    output = Output(as_json=as_json)
    wiring, settled, staff = _opened(ctx, output, data)
    who = _named(staff, login, output)
    account = _done(
        wiring, settled, output, "staff.disable", who.id, lambda fresh, _: fresh.disable(who.id, "by the command line")
    )
    _tell(output, account, "disabled")


@staff_app.command("enable")
def staff_enable(ctx: typer.Context, login: Login, data: Data = None, as_json: AsJson = False) -> None:
    """Let somebody in again, by the password and factors that he had."""
    output = Output(as_json=as_json)
    wiring, settled, staff = _opened(ctx, output, data)
    who = _named(staff, login, output)
    account = _done(wiring, settled, output, "staff.enable", who.id, lambda fresh, now_us: fresh.enable(who.id, now_us))
    _tell(output, account, "enabled")


@staff_app.command("reset")
def staff_reset(ctx: typer.Context, login: Login, data: Data = None, as_json: AsJson = False) -> None:
    """Begin somebody's account anew: password, factors, codes, devices and sessions end; a link is shown once."""
    output = Output(as_json=as_json)
    wiring, settled, staff = _opened(ctx, output, data)
    who = _named(staff, login, output)
    token, account = _done(
        wiring, settled, output, "staff.reset", who.id, lambda fresh, now_us: fresh.reset(who.id, now_us)
    )
    _tell_link(wiring, settled, output, token, account)


@staff_app.command("roles")
def staff_roles(ctx: typer.Context, login: Login, roles: Roles, data: Data = None, as_json: AsJson = False) -> None:
    """Give somebody these roles and no others; his sessions end."""
    output = Output(as_json=as_json)
    wiring, settled, staff = _opened(ctx, output, data)
    who = _named(staff, login, output)
    try:
        given = parse_roles(roles)
    except ValueError as error:
        output.fail(str(error), 2)
    account = _done(
        wiring, settled, output, "staff.roles", roles_changed(who, given),
        lambda fresh, _: fresh.grant(who.id, given),
    )  # fmt: skip
    _tell(output, account, f"now [{', '.join(sorted(given))}]")


def _named(staff: Staff, login: str, output: Output) -> StaffAccount:
    account = staff.named(login)
    if account is None:
        output.fail("nobody has this login; see jindi staff list")
    return account


def _done(
    wiring: Wiring, settled: Settled, output: Output, what: str, on: str, act: Callable[[Staff, int], _Told]
) -> _Told:
    """Something that is done to accounts, read again once nobody else can change them. What can't be fails in words;
    the record says that it was tried.
    """
    try:
        return alone(wiring, settled, output, what, on, lambda: act(wiring.staff(settled), wiring.clock.now_us()))
    except ValueError as error:
        output.fail(str(error))


def _tell(output: Output, account: StaffAccount, what: str) -> None:
    output.give({"ok": True, "id": account.id, "login": account.login, "state": account.state})
    output.say(f"{account.login} is {what}")


def _tell_link(wiring: Wiring, settled: Settled, output: Output, token: str, account: StaffAccount) -> None:
    address, assumes = _reached(wiring, settled)
    link = f"{address}/invitation/{token}"
    output.give({"ok": True, "id": account.id, "login": account.login, "link": link, "assumes": assumes})
    output.say(
        f"{account.id} {link}\n"
        f"Hand this link to {account.name} yourself: it is shown only now, and works once, within 24 hours."
    )
    if assumes != "site":
        output.say(
            f"It assumes that the platform listens {_ASSUMED[assumes]}. Where that is otherwise, put its address"
        )
        output.say("in the place of the first part, or set `site`.")


_ASSUMED = {"last_start": "where it listened last", "settings": "as the settings say: it has not been started yet"}


def _reached(wiring: Wiring, settled: Settled) -> tuple[str, str]:
    """Where people reach the console, and what that stands on: no platform runs now, for accounts are changed alone."""
    if settled.site:
        return wiring.address(settled), "site"
    kept = wiring.blobs(settled).load(ADDRESS)
    return (wiring.address(settled), "settings") if kept is None else (kept.decode(), "last_start")
