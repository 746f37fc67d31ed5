"""People for checks: a small platform with staff of its own, who come in as people do; its clock can be put ahead.

Passwords and secrets are drawn by chance for each of them, and go away with the platform.
"""

from base64 import b32encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pyotp import TOTP

from jindi.access import Factor, Role, StaffAccount, new_totp
from jindi.access.totp import PERIOD_US
from jindi.run.audit import Actor
from jindi.run.controls.ground import Scratch
from jindi.run.controls.worlds import lived
from jindi.run.people import AddressLimit, Entered, Entrance, Office, Own, Refused
from jindi.run.platform import Platform

DOOR: Final = Actor("", "", "console", "private", "check")
_ANY: Final = 1_000_000
SESSION: Final = "jindi_session"
"""The console's cookie where there is no TLS, as in here."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with an account, and what he has and knows."""

    account: StaffAccount
    password: str = field(repr=False)
    secret: bytes = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)

    @property
    def id(self) -> str:
        """The account's id."""
        return self.account.id

    def code(self, now_us: int) -> str:
        """What his app shows now."""
        return TOTP(b32encode(self.secret).decode()).generate_otp(now_us // PERIOD_US)


class Crew:
    """The people of a small platform."""

    def __init__(self, scratch: Scratch, platform: Platform) -> None:
        self.scratch, self.platform, self.clock = scratch, platform, scratch.clock
        self.house = scratch.house(platform)
        # A check tries more in a minute than a person does; how often strangers may is no part of it.
        self.house.limit = AddressLimit(_ANY, _ANY)
        self.entrance, self.own, self.office = Entrance(self.house), Own(self.house), Office(self.house)

    @property
    def now_us(self) -> int:
        """The small platform's clock."""
        return self.clock.now_us()

    def later(self, span_us: int) -> None:
        """Put the clock ahead."""
        self.clock.ahead_us += span_us

    def password(self) -> str:
        """A password that keeps the rules of every profile."""
        return f"{self.house.random(12).hex()}-Kq7"

    async def member(self, login: str, name: str, *roles: Role) -> Member:
        """A new account that has been taken up, with an app."""
        password, secret = self.password(), new_totp(self.house.random)
        token, account = self.house.staff.invite(login, name, frozenset(roles), self.now_us)
        hash_ = await self.house.fitting(password, account)
        account, codes = self.house.staff.accept(token, hash_, Factor(secret), self.now_us)
        return Member(account, password, secret, codes)

    async def first(self, member: Member, cookie: str = "", password: str | None = None) -> str:
        """The first of two steps to come in; its handle. Raises Refused."""
        given = member.password if password is None else password
        return await self.entrance.password(DOOR, member.account.login, given, cookie, "192.0.2.1")

    async def enter(self, member: Member, cookie: str = "") -> Entered:
        """In by password and app; the clock goes on until the app shows another code. Raises Refused."""
        handle = await self.first(member, cookie)
        entered = await self.entrance.totp(DOOR, handle, member.code(self.now_us), cookie, "check")
        self.later(PERIOD_US)
        if entered is None:
            raise Refused("password.old")
        return entered


async def refused(step: Awaitable[object]) -> str:
    """Why something was refused; "" when it was done."""
    try:
        await step
    except Refused as refusal:
        return refusal.why
    return ""


def staffed(scratch: Scratch, work: Callable[[Crew], Awaitable[Answer]]) -> Answer:
    """Do something with a small platform and its people."""

    async def go(platform: Platform) -> Answer:
        crew = Crew(scratch, platform)
        try:
            return await work(crew)
        finally:
            await crew.house.settled()

    return lived(scratch, go)
