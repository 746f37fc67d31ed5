"""A shop whose decisions come to people as cases, behind its console, with staff who work them."""

import random
import re
from zoneinfo import ZoneInfo

from test_doors_reveal import Staff, Visit

from clear_world import clear_files, new_vault
from jindi.access import ApiKeys, Kind, Permits, Principal, Role, SignInLinks
from jindi.doors.console import build_console
from jindi.doors.console.customers import CustomerPages
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.approvals.approvals import approvals_of
from jindi.run.approvals.cases import Closing
from jindi.run.audit import Actor, Audit
from jindi.run.cases import Desk, Following
from jindi.run.platform import Settings
from jindi.run.reveals import Reveals
from jindi.run.subjects import Rights
from jindi.run.trail import Wanted
from jindi.run.versions.desk import Desk as VersionDesk
from jindi.stores.sqlite_cases import SqliteCases
from shop_world import NOON_US, POLICY, Shop, pay

TYPOLOGIES = """
[large_payment]
doc = { zh = "大额付款：金额远高于该用户平时。", en = "Large payment: far above what the user usually pays." }
by = "user"
severity = "high"
due = "4h"
step = [
  { doc = { zh = "查看用户三十天内的付款。", en = "Look at the user's payments of thirty days." } },
  { doc = { zh = "向用户核实。", en = "Ask the user." } },
]

[blocked_user]
doc = { zh = "名单用户：命中禁用名单。", en = "Listed user: on a blocked list." }
by = "user"
severity = "critical"
due = "1h"

[anything]
doc = { zh = "其他：没有专门类型的决策。", en = "Anything else: no kind of its own." }
by = ["user", "device"]
least = "delay"
severity = "medium"
due = "1d"
rest = true
"""


def _files():
    files = clear_files(
        policy=POLICY.replace('then = "review"\n', 'then = "review"\ntypology = "large_payment"\n').replace(
            'id = "blocked"\n', 'id = "blocked"\ntypology = "blocked_user"\n'
        )
    )
    limit = files["core/parameters/cases.toml"].replace('"50000.00"', '"15000.00"')
    del files["core/typologies.toml"]  # the shop has its own for whatever points to none
    return files | {"shop/typologies.toml": TYPOLOGIES, "core/parameters/cases.toml": limit}


FILES = _files()
HOW = Settings(changes="approved", release_due=False, export_rows=5)
HOUSE = {
    "limin": (Role.ANALYST,),
    "zhao": (Role.ANALYST,),
    "wang": (Role.SENIOR_ANALYST,),
    "sun": (Role.AML_OFFICER,),
    "chen": (Role.AUDITOR,),
}


class World(Shop):
    """The shop, its cases and its console. `limin` and `zhao` are analysts, `wang` and `sun` lead, `chen` audits."""

    def __init__(self, settings=HOW, files=FILES):
        super().__init__(files, settings=settings, vault=new_vault())

    async def __aenter__(self):
        await super().__aenter__()
        serial = iter(range(1, 10**6))
        chance = random.Random(5).randbytes
        self.sessions = Staff(self.blobs, lambda count: next(serial).to_bytes(count, "big"))
        self.audit, self.keys, permits = Audit(self.platform), ApiKeys(self.blobs, chance), Permits()
        self.following = Following(self.platform, SqliteCases(":memory:"), self.told.append)
        self.desk = Desk(self.platform, self.following, lambda: ("limin", "wang", "zhao"))
        self.approvals = approvals_of(
            self.platform, permits, self.keys, people=self.principals, more=[Closing(self.platform, self.desk)]
        )
        self.reveals = Reveals(self.platform, self.audit, permits, self.desk)
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions, links=SignInLinks(self.blobs, chance),
            clock=self.clock, zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=permits, keys=self.keys,
            desk=VersionDesk(self.platform, lambda: self.platform.base), approvals=self.approvals,
            reveals=self.reveals, rights=Rights(self.platform, self.audit), casework=self.desk,
            more=[self.customers, *self.groups(permits)],
        )  # fmt: skip
        return self

    def customers(self, doors):
        """The pages of customers."""
        return CustomerPages(
            self.platform, doors, self.audit, self.reveals, casework=self.desk, approvals=self.approvals
        )

    def groups(self, permits):
        """Further groups of pages."""
        return []

    async def __aexit__(self, *_):
        await self.following.close()
        await super().__aexit__(*_)

    def principals(self):
        return [
            Principal(Kind.PERSON, f"per_{name}", name, frozenset(roles), mfa_us=self.clock.now_us())
            for name, roles in HOUSE.items()
        ]

    def visit(self, who="limin", **more):
        return Desktop(self, who, **({"roles": HOUSE[who]} if who in HOUSE and "scopes" not in more else {}) | more)

    async def happens(self, *documents):
        """Events come in, and the cases know of them; the decisions' ids."""
        made = [(await self.send(each))["decision_id"] for each in documents]
        await self.following.catch_up()
        return made

    async def case(self, number=1, amount="12000.00", **fields):
        """A payment that comes to a case; the case."""
        (decision,) = await self.happens(pay(number, amount, self.clock.now_us(), **fields))
        return await self.of(decision)

    async def of(self, decision):
        identifier = await self.desk.case_of_decision(int(decision[4:], 16))
        return await self.desk.one(identifier)

    async def works(self, who, case, step, **more):
        return await self.desk.take(self.actor(who), case.id, step, **more)

    def actor(self, who):
        return Actor(f"per_{who}", who, "console")

    def kept(self):
        """Every byte that the vault's store and the journal hold."""
        yield from (frame.batch for frame in self.platform.log.read(0))
        yield from (row.sealed for _, row in self.platform.vault._store.all_rows())

    async def doings(self, what=None):
        found = (await self.audit.look(Wanted())).doings
        return [(each.name, each.what, each.outcome, each.on) for each in found if what in (None, each.what)]


class Desktop(Visit):
    """Somebody's browser, with what one does on pages of cases."""

    async def step(self, case, verb, *, query="", **form):
        """Send a form of the page, with the version that the page shows."""
        form = {"seen": str(case.version)} | form
        return await self.post(f"/console/cases/{case.id}/{verb}{query}", **form)

    async def upload(self, case, name, content, **more):
        """Send a file by the form of the page."""
        files = {"file": (name, content, "application/octet-stream")} if name else {"x": (None, "")}
        form = {"csrf": self.csrf} | more
        return await self.http.post(f"/console/cases/{case.id}/files", data=form, files=files)

    async def rows(self, query=""):
        """The cases that a queue shows, in its order."""
        text = (await self.get(f"/console/cases{query}")).text
        return re.findall(r'data-open href="/console/cases/(case_[0-9a-f]{12})', text)


__all__ = ["FILES", "HOUSE", "HOW", "NOON_US", "Desktop", "World", "pay"]
