"""A house in which operations take four eyes: its people with keys, a vault with a customer, and a shop beneath."""

import contextlib
import itertools

from jindi.access import ApiKeys, Kind, Permits, Principal, Role, Scope
from jindi.run.approvals.approvals import Approvals
from jindi.run.approvals.keys import Create, Revoke, Rotate
from jindi.run.approvals.vaults import DestroyRing, Erase, RotateRing
from jindi.stores import MemoryVault
from jindi.stores.files import MemoryBlobs
from jindi.vault import KeyRing, KeyRoot, Vault
from shop_world import Shop, reopened

HOUR_US = 3_600_000_000
GATEWAY = {"name": "gateway", "scopes": ["events:write"], "days": 30}


def new_vault():
    root = KeyRoot(bytes(32), "aes-256-gcm", {"kind": "file"})
    return Vault(MemoryVault(), KeyRing.create(MemoryBlobs(), root, "aes-256-gcm", 1))


def person(name, *roles, now_us, fresh=True, account=None, also=()):
    """A member of staff with an account, as the policies see him."""
    return Principal(
        Kind.PERSON, account or f"per_{name}", name, frozenset(roles), mfa_us=now_us if fresh else None,
        also=frozenset(also),
    )  # fmt: skip


class House:
    """Ann and bob run the machine, cleo audits persons' rights, dan approves policies; `eve` may do nothing here."""

    def __init__(self, shop=None, vault=None, keys=None, people=(), people_gone=(), **more):
        self.vault = vault or new_vault()
        self.shop = shop or Shop(vault=self.vault)
        self.people, self.people_gone, self.more = list(people), set(people_gone), more
        chance = itertools.count(1)
        self.keys = keys or ApiKeys(self.shop.blobs, lambda size: next(chance).to_bytes(size, "big"))
        self.tokens = []

    async def __aenter__(self):
        await self.shop.__aenter__()
        self.approvals = Approvals(
            self.shop.platform, Permits(), self.keys,
            [Create(self.keys), Revoke(self.keys), Rotate(self.keys), RotateRing(self.vault),
             DestroyRing(self.vault), Erase(self.vault, self.shop.platform.blind)],
            people=lambda: self.people, is_gone=self.people_gone.__contains__, **self.more,
        )  # fmt: skip
        return self

    async def __aexit__(self, *_):
        await self.shop.__aexit__(*_)

    def key(self, name, *scopes, **more):
        """A key that was made at the machine, and whoever holds it."""
        made = self.keys.create(name, frozenset(scopes or {Scope.ADMIN}), self.shop.clock.now_us(), **more)[1]
        return made.principal

    def staff(self, name, *roles, **more):
        made = person(name, *roles, now_us=self.shop.clock.now_us(), **more)
        self.people.append(made)
        return made

    def session(self, name, *scopes, key=None, number=1):
        """A browser that somebody signed in with, by a key or by a link."""
        return Principal(
            Kind.LINK, f"session_{number:012x}", name, scopes=frozenset(scopes or {Scope.ADMIN}),
            session=f"session_{number:012x}", via=key.id if key else "", also=key.also if key else frozenset(),
        )  # fmt: skip

    async def ask(self, who, kind="key.create", document=None, why="it is needed"):
        return await self.approvals.propose(who, kind, GATEWAY if document is None else document, why)

    async def answer(self, who, entry, why="read and right"):
        return await self.approvals.approve(who, entry.id, entry.asked.digest, why)

    def state(self, entry):
        return self.approvals.entry(entry.id).state(self.approvals.now_us())


@contextlib.asynccontextmanager
async def two():
    """A house with ann and bob, who both may."""
    async with House() as house:
        house.ann, house.bob = house.key("ann"), house.key("bob")
        yield house


@contextlib.asynccontextmanager
async def after_restart(house, **more):
    """The house over what is on disk."""
    shop = reopened(house.shop, vault=house.vault, **more)
    keys = ApiKeys(shop.blobs, lambda size: b"\7" * size)
    again = House(shop, house.vault, keys, house.people, house.people_gone, **house.more)
    async with again:
        yield again


SECURITY, APPROVER, ANALYST, OFFICER = Role.SECURITY_ADMIN, Role.APPROVER, Role.ANALYST, Role.AML_OFFICER
