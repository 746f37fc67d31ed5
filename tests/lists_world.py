"""A shop with lists of all colours, and people who may and may not change them."""

import random

from clear_world import clear_files, new_vault
from jindi.access import ApiKeys, Kind, Permits, Principal, Role
from jindi.run.approvals.approvals import approvals_of
from jindi.run.audit import Audit
from jindi.run.listed import Roster
from jindi.run.platform import Settings
from jindi.run.reveals import Reveals
from jindi.run.trail import Wanted
from shop_world import LISTS, Shop

MORE_LISTS = """
[watched]
doc = { zh = "关注的用户：疑点未消。", en = "Users watched: a doubt is open." }
colour = "grey"
of = "text"

[trusted_ips]
doc = { zh = "可信的共用出口。", en = "Shared exits that are known." }
colour = "white"
identifier = "ip"
"""
HOUSE = {
    "limin": (Role.ANALYST,),
    "wang": (Role.SENIOR_ANALYST,),
    "sun": (Role.APPROVER,),
    "chen": (Role.AUDITOR,),
}
HOW = Settings(changes="approved", release_due=False, export_rows=40)
FRESH = "13911112222"


class Room(Shop):
    """`limin` analyses, `wang` leads, `sun` approves and sees no masks, `chen` audits."""

    def __init__(self, settings=HOW, files=None, **more):
        super().__init__(
            files or clear_files(lists=LISTS + MORE_LISTS), settings=settings, **{"vault": new_vault()} | more
        )

    async def __aenter__(self):
        await super().__aenter__()
        self.chance = random.Random(5).randbytes
        self.audit, self.keys, permits = Audit(self.platform), ApiKeys(self.blobs, self.chance), Permits()
        self.approvals = approvals_of(self.platform, permits, self.keys, people=self.principals)
        self.reveals = Reveals(self.platform, self.audit, permits)
        self.roster = Roster(self.platform)
        return self

    def principals(self):
        return [self.principal(name) for name in HOUSE]

    def principal(self, name):
        return Principal(Kind.PERSON, f"per_{name}", name, frozenset(HOUSE[name]), mfa_us=self.clock.now_us())

    async def ask(self, who="limin", why="named by two victims", **payload):
        """Ask for a change of a list; `entries` may be plain values."""
        entries = [{"value": each} if isinstance(each, str) else each for each in payload.pop("entries")]
        document = {"list": "blocked", "move": "add", "reason": why, "entries": entries} | payload
        return await self.approvals.propose(self.principal(who), "list.change", document, why)

    async def approve(self, entry, who="wang"):
        return await self.approvals.approve(self.principal(who), entry.id, entry.asked.digest, "read and right")

    async def changed(self, **payload):
        return await self.approve(await self.ask(**payload))

    def state_of(self, entry):
        return self.approvals.entry(entry.id).state(self.approvals.now_us())

    def members(self, name="blocked"):
        return dict(self.platform.lane.state.lists.entries[name])

    def token(self, text=FRESH, kind="phone"):
        return self.platform.tokens.token(kind, text)

    async def doings(self, what=None):
        found = (await self.audit.look(Wanted())).doings
        return [(each.name, each.what, each.outcome, each.on) for each in found if what in (None, each.what)]

    def everything_written(self):
        """All that the platform has written down, but for the vault: the journal, and what is small."""
        journal = b"".join(frame.batch for frame in self.log.read(0))
        return journal + b"".join(self.blobs.load(name) or b"" for name in self.blobs.names(""))
