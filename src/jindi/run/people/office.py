"""The accounts of others: inviting, disabling, giving roles. Who may do this is asked before; here it is done."""

import asyncio
from contextlib import suppress

from jindi.access import Role, StaffAccount, normal_login, person_name, refuse_clash
from jindi.run.audit import Actor, NotRecorded
from jindi.run.people.house import ITSELF, House, roles_changed

LAPSE_S = 3_600.0
"""How often a running platform looks for accounts that nobody uses any more."""


class Office:
    """Staff administration of one platform. Each step is journalled before it is done. All raise ValueError for what
    can't be, and NotRecorded.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    def all(self) -> tuple[StaffAccount, ...]:
        """Every account, by login."""
        return self._house.staff.all()

    async def invite(self, actor: Actor, login: str, name: str, roles: frozenset[Role]) -> tuple[str, StaffAccount]:
        """A new account and the token of its one-time link."""
        login, name = normal_login(login), person_name(name)
        refuse_clash(roles)
        await self._house.audit.act(actor, "staff.invite", f"{login} [{', '.join(sorted(roles))}]")
        return self._house.staff.invite(login, name, roles, self._house.clock.now_us())

    async def invite_again(self, actor: Actor, account: str) -> tuple[str, StaffAccount]:
        """Another link for somebody who has not come yet; the old one ends."""
        await self._house.audit.act(actor, "staff.invite", self._named(actor, account).id)
        return self._house.staff.invite_again(account, self._house.clock.now_us())

    async def reset(self, actor: Actor, account: str) -> tuple[str, StaffAccount]:
        """Begin an account anew: nothing that its owner had opens anything any more."""
        await self._house.audit.act(actor, "staff.reset", self._named(actor, account).id)
        return self._house.reset(account, self._house.clock.now_us())

    async def disable(self, actor: Actor, account: str) -> StaffAccount:
        """Let somebody in no more, from now on."""
        await self._house.audit.act(actor, "staff.disable", self._named(actor, account).id)
        return self._house.disable(account, f"by {actor.name}")

    async def enable(self, actor: Actor, account: str) -> StaffAccount:
        """Let somebody in again."""
        await self._house.audit.act(actor, "staff.enable", self._named(actor, account).id)
        self._house.lockouts.cleared(account)
        return self._house.staff.enable(account, self._house.clock.now_us())

    async def unlock(self, actor: Actor, account: str) -> None:
        """Forget the vain tries that closed the door to somebody."""
        await self._house.audit.act(actor, "staff.unlock", self._named(actor, account).id)
        self._house.lockouts.cleared(account)

    async def grant(self, actor: Actor, account: str, roles: frozenset[Role]) -> StaffAccount:
        """Give a person these roles and no others; his sessions end. Whoever calls this has seen to it that two
        people want it.
        """
        named = self._named(actor, account)
        refuse_clash(roles)
        await self._house.audit.act(actor, "staff.roles", roles_changed(named, roles))
        return self._house.grant(account, roles)

    async def lapse(self) -> tuple[StaffAccount, ...]:
        """Disable the accounts that nobody has used for too long; which ones they are."""
        gone = []
        for account in self._house.staff.idle(self._house.clock.now_us()):
            await self._house.audit.act(ITSELF, "staff.disable", f"{account.id} idle")
            gone.append(self._house.disable(account.id, "idle"))
        return tuple(gone)

    async def keep(self) -> None:
        """`lapse` for as long as the platform runs, once an hour. What can't be recorded is tried again later."""
        while True:
            with suppress(NotRecorded):
                await self.lapse()
            await asyncio.sleep(LAPSE_S)

    def _named(self, actor: Actor, account: str) -> StaffAccount:
        """Somebody else's account: nobody administers his own."""
        found = self._house.staff.get(account)
        if found is None:
            raise ValueError("there is no such account")
        if found.id == actor.key:
            raise ValueError("nobody changes his own account here; ask another administrator")
        return found
