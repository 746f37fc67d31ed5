"""A shop whose changes are approved: its drafts, two people, and steps in few words."""

import asyncio
import contextlib

from jindi.run.platform import Settings
from jindi.run.versions.desk import Desk, Person
from shop_world import POLICY, Shop, pay, reopened, shop_files

ANN, BOB, CLEO = Person("key_ann", "ann"), Person("key_bob", "bob"), Person("key_cleo", "cleo")
APPROVED = Settings(changes="approved", release_due=False)
LOWER = POLICY.replace("cny('1000')", "cny('900')").replace('"999.99"', '"899.99"')
LOWEST = POLICY.replace("cny('1000')", "cny('800')").replace('"999.99"', '"799.99"')
NIGHT = """
[pays_3h]
doc = { zh = "三小时内付款笔数。", en = "Payments in three hours." }
of = "pay"
by = "user"
fold = "count"
over = "3h"
"""
FAST = POLICY.replace(
    "[[exemption]]",
    """[[rule]]
id = "fast"
doc = { zh = "付款太快。", en = "Paying too fast." }
when = "pays_3h >= 3"
then = "review"
basis = "shop rules 9"
case = [ { name = "yes", given = { pays_3h = 3 }, fires = true }, { name = "no", given = { pays_3h = 2 }, fires = false } ]

[[exemption]]""",  # noqa: E501 - a table of TOML is one line
)
EAGER = POLICY.replace(
    "[[exemption]]",
    """[[rule]]
id = "eager"
doc = { zh = "什么都查。", en = "Everything is reviewed." }
when = "amount >= cny('1')"
then = "review"
basis = "shop rules 10"
case = [ { name = "yes", given = { amount = "1.00" }, fires = true }, { name = "no", given = { amount = "0.99" }, fires = false } ]

[[exemption]]""",  # noqa: E501 - a table of TOML is one line
)


class Office:
    """A shop, its saved drafts, and the desk at which they are changed."""

    def __init__(self, shop=None, **more):
        self.shop = shop or Shop(settings=more.pop("settings", APPROVED), **more)
        self.saved = shop_files()
        self.desk = Desk(self.shop.platform, lambda: self.saved)

    async def __aenter__(self):
        await self.shop.__aenter__()
        return self

    async def __aexit__(self, *_):
        await self.shop.__aexit__(*_)

    def save(self, policy=POLICY, **changed):
        """An author saves the drafts."""
        self.saved = shop_files(policy=policy, **changed)

    async def propose(self, policy, who=ANN, **changed):
        self.save(policy, **changed)
        return await self.desk.propose(who, why="try it")

    async def live(self, policy, **changed):
        """A policy is proposed by ann and approved by bob."""
        proposal = await self.propose(policy, **changed)
        await self.desk.approve(BOB, proposal.id)
        return proposal

    async def outcome(self, number, amount="950.00", **fields):
        return (await self.shop.send(pay(number, amount, **fields)))["outcome"]

    def state(self, version):
        return next((each.state for each in self.desk.versions() if each.name == version), None)

    def states(self):
        return {each.name: each.state for each in self.desk.versions()}

    def story(self, version):
        found = next(each for each in self.desk.versions() if each.name == version)
        return [moment.what for moment in found.moments]


@contextlib.asynccontextmanager
async def after_restart(office, **more):
    """The office again, over what is on disk; its drafts lie as they lay."""
    shop = reopened(office.shop, settings=APPROVED, **more)
    again = Office(shop)
    again.saved = office.saved
    async with again:
        yield again


def meanwhile(work):
    return asyncio.ensure_future(work)
