"""What all that is done with accounts shares: the stores, the rules that are on, and a few places to hash at."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from jindi.access import (
    Budgets,
    Device,
    Hasher,
    Lockouts,
    PasswordProfile,
    RandomBytes,
    Ranges,
    Rate,
    Role,
    Sessions,
    Site,
    Staff,
    StaffAccount,
    Trouble,
    troubles,
)
from jindi.basics.instants import MINUTE_US
from jindi.ports import Clock
from jindi.run.audit import Actor, Audit, NotRecorded

HASHING_MAX, WAITING_MAX = 2, 32
"""So many passwords are hashed at a time, each with 19 MiB, and so many may wait; whoever comes then is sent away
before anything is reckoned for him."""

STRANGERS_PER_MINUTE, ADDRESS_PER_MINUTE = 120, 20
"""Tries to sign in by devices that nobody knows: all together, and from one address. Design default."""

ITSELF = Actor("jindi", "jindi", "platform")
"""What the platform does by itself, in the audit."""


def roles_changed(account: StaffAccount, roles: Iterable[str]) -> str:
    """A change of somebody's roles as the audit has it: his name, by which alerts know him, the roles, his account."""
    return f"{account.name} [{', '.join(sorted(roles))}] {account.id}"


_P = ParamSpec("_P")
_R = TypeVar("_R")


class Refused(Exception):  # noqa: N818 - what the person is told
    """It was not done. `why` names the sentence that the person is told; `troubles` what is wrong with a password."""

    def __init__(self, why: str, troubles: Sequence[Trouble] = ()) -> None:
        super().__init__(why)
        self.why, self.troubles = why, tuple(troubles)


class AddressLimit:
    """How often strangers may try, in memory: so many at once, and after that evenly over the minute."""

    def __init__(self, together: int = STRANGERS_PER_MINUTE, each: int = ADDRESS_PER_MINUTE) -> None:
        self._together, self._each = Budgets(Rate(together, MINUTE_US)), Budgets(Rate(each, MINUTE_US))
        self._now_us = self._passed_us = 0

    def allows(self, address: str, now_us: int) -> bool:
        """Count one try from an address; whether it may be made. The address is asked first: one alone can't use up
        what all have together. Time that a clock is put back by passes for nobody, neither backwards nor twice.
        """
        self._passed_us += max(0, now_us - self._now_us)
        self._now_us = now_us
        return not self._each.take(address, self._passed_us) and not self._together.take("all", self._passed_us)


@dataclass(slots=True)
class House:
    """The people of one platform. `words` are the house's own, no good in passwords; `site` None: no passkeys."""

    staff: Staff
    sessions: Sessions
    lockouts: Lockouts
    hasher: Hasher
    profile: PasswordProfile
    audit: Audit
    clock: Clock
    random: RandomBytes
    site: Site | None = None
    breached: Ranges | None = None
    words: tuple[str, ...] = ()
    limit: AddressLimit = field(default_factory=AddressLimit)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHING_MAX))
    _waiting: int = 0
    _records: set[asyncio.Task[None]] = field(default_factory=set)

    async def beside(self, work: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Something that takes long, done beside the loop and only a few at a time. Raises Refused when many wait."""
        if self._waiting >= WAITING_MAX:
            raise Refused("busy")
        self._waiting += 1
        try:
            async with self._places:
                return await asyncio.to_thread(work, *args, **kwargs)
        finally:
            self._waiting -= 1

    def told(
        self, actor: Actor, what: str, account: StaffAccount | None, *, locks: bool = False, counts: bool = True
    ) -> None:
        """Journal that somebody was turned away, beside the answer: the answer then takes as long for everybody.

        What was typed as a login is in no record: it may be anything. Each try that counts for an account is kept, and
        whether it `locks`; of all others a few a minute, so that nobody fills the disk.
        """
        task = asyncio.create_task(self._tell(actor, what, account if counts else None, locks=locks))
        self._records.add(task)
        task.add_done_callback(self._records.discard)

    async def _tell(self, actor: Actor, what: str, account: StaffAccount | None, *, locks: bool) -> None:
        if account is None:
            await self.audit.failed(actor, what)
            return
        with suppress(NotRecorded):  # he is turned away with or without the record
            await self.audit.act(actor, what, account.id, allowed=False)
            if locks:
                await self.audit.act(actor, "sign_in.locked", account.id, allowed=False)

    async def settled(self) -> None:
        """Wait until all that was turned away is journalled: before the platform closes."""
        while self._records:
            await asyncio.gather(*self._records)

    async def fitting(self, password: str, account: StaffAccount, hashes: Sequence[str] = ()) -> str:
        """The hash of a new password that keeps all rules. Raises Refused with all that is wrong with it."""
        about = (account.login, account.name, *self.words)
        wrong = list(await self.beside(troubles, password, self.profile, about, self.breached))
        for kept in hashes:
            if await self.beside(self.hasher.fits, kept, password):
                wrong.append(Trouble.USED_BEFORE)
                break
        if wrong:
            raise Refused("password.wrong", wrong)
        return await self.beside(self.hasher.hash, password)

    def grant(self, account: str, roles: frozenset[Role]) -> StaffAccount:
        """Give a person these roles and no others; his sessions end. Raises ValueError."""
        granted = self.staff.grant(account, roles)
        self.sessions.close_account(account)
        return granted

    def reset(self, account: str, now_us: int) -> tuple[str, StaffAccount]:
        """Begin an account anew; nothing that its owner had opens anything. Raises ValueError."""
        told = self.staff.reset(account, now_us)
        self.sessions.close_account(account)
        return told

    def disable(self, account: str, why: str) -> StaffAccount:
        """Let somebody in no more; his sessions end. Raises ValueError."""
        disabled = self.staff.disable(account, why)
        self.sessions.close_account(account)
        return disabled

    def actor(self, account: StaffAccount, actor: Actor) -> Actor:
        """Somebody who is known by now, at the door that he came to."""
        return actor._replace(key=account.id, name=account.name, roles=tuple(sorted(account.roles)))

    def device(self, account: StaffAccount | None, cookie: str) -> Device | None:
        """The known device that a browser is, for an account."""
        return None if account is None else self.staff.device(account.id, cookie, self.clock.now_us())
