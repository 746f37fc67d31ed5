"""The shop with its cases and its console, and people who are told what concerns them."""

import random
from pathlib import Path
from zoneinfo import ZoneInfo

from cases_world import FILES, HOUSE, HOW, Desktop, World
from test_doors_reveal import Staff

from jindi.access import ApiKeys, Kind, Permits, Principal, Role, SignInLinks
from jindi.basics.instants import MINUTE_US
from jindi.doors.console import build_console
from jindi.doors.console.notices import NoticePages
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.settings_notices import NoticeSettingsPages
from jindi.doors.console.settings_webhooks import WebhookPages
from jindi.ports import NoticeQuery
from jindi.run.approvals.approvals import approvals_of
from jindi.run.approvals.cases import Closing
from jindi.run.approvals.channels import ChannelChange
from jindi.run.approvals.webhooks import Change
from jindi.run.audit import Audit
from jindi.run.cases import Desk, Following
from jindi.run.notices import Channels, PreferenceBook, Rules
from jindi.run.notices.assembling import Notifying
from jindi.run.notices.channels import Wanted
from jindi.run.reveals import Reveals
from jindi.run.subjects import Rights
from jindi.run.versions.desk import Desk as VersionDesk
from jindi.run.webhooks import Endpoints, Reach
from jindi.run.webhooks.mailing import Mailing
from jindi.run.webhooks.sending import receivers_context
from jindi.stores.sqlite_cases import SqliteCases
from jindi.stores.sqlite_notices import SqliteNotices
from shop_world import Shop, copied

STAFF = Path(__file__).parents[2] / "packs" / "staff"
STAFF_PACK = {f"staff/{path.relative_to(STAFF).as_posix()}": path.read_text("utf-8") for path in STAFF.rglob("*.toml")}
BASE = "https://jindi.example"
PEOPLE = HOUSE | {
    "zhou": (Role.SYSTEM_ADMIN,),
    "qian": (Role.SECURITY_ADMIN,),
    "feng": (Role.APPROVER,),
    "ying": (Role.SYSTEM_ADMIN,),
}
LOOPBACK = Reach(["127.0.0.0/8"], http_on_loopback=True)


class Told(World):
    """`notices` tells the people of the world; `store` outlives it, as a file does."""

    def __init__(
        self, settings=HOW, files=FILES, *, store=None, mail=None, rules=None, reach=LOOPBACK, own="", people=None,
        log=None, blobs=None, clock=None,
    ):  # fmt: skip
        super().__init__(settings, files)
        if log is not None:
            Shop.__init__(self, files, log=log, blobs=blobs, clock=clock, settings=settings)
        self.store, self.mail, self.reach = store or SqliteNotices(":memory:"), mail, reach
        self.rules = rules or Rules()
        self.house, self.own = dict(people or PEOPLE), own

    async def __aenter__(self):
        await Shop.__aenter__(self)
        serial = iter(range(1, 10**6))
        chance = random.Random(5).randbytes
        self.sessions = Staff(self.blobs, lambda count: next(serial).to_bytes(count, "big"))
        self.audit, self.keys, permits = Audit(self.platform), ApiKeys(self.blobs, chance), Permits(self.own)
        self.following = Following(self.platform, SqliteCases(":memory:"), self.told.append)
        self.desk = Desk(self.platform, self.following, lambda: ("limin", "wang", "zhao"))
        self.channels, self.wishes = Channels(self.blobs, chance), PreferenceBook(self.blobs)
        self.mailing = Mailing(Endpoints(self.blobs, chance), self.reach, receivers_context(None))
        self.approvals = approvals_of(
            self.platform, permits, self.keys, people=self.principals,
            more=[Closing(self.platform, self.desk), Change(self.platform, self.mailing),
                  ChannelChange(self.platform, self.channels)],
        )  # fmt: skip
        notifying = Notifying(self.store, self.channels, self.wishes, self.mail, self.rules, BASE)
        self.notices = notifying.on(
            self.platform, permits, self.approvals, self.principals, self.following.store, self.mailing, self.clock,
            self.told.append,
        )  # fmt: skip
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions, links=SignInLinks(self.blobs, chance),
            clock=self.clock, zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=permits, keys=self.keys,
            desk=VersionDesk(self.platform, lambda: self.platform.base), approvals=self.approvals,
            reveals=Reveals(self.platform, self.audit, permits, self.desk), rights=Rights(self.platform, self.audit),
            casework=self.desk,
            more=[
                lambda doors: NoticePages(self.notices.desk, doors),
                lambda doors: NoticeSettingsPages(self.notices.desk, doors, self.approvals),
                lambda doors: WebhookPages(self.mailing, self.platform, doors, self.approvals),
            ],
        )  # fmt: skip
        await self.notices.follower.round()
        return self

    def principals(self):
        return [
            Principal(Kind.PERSON, f"per_{name}", name, frozenset(roles), mfa_us=self.clock.now_us())
            for name, roles in self.house.items()
        ]

    def who(self, name):
        return next(each for each in self.principals() if each.name == name)

    def visit(self, who="limin", **more):
        roles = {"roles": self.house[who]} if who in self.house and "scopes" not in more else {}
        return Desktop(self, who, **({"mfa_us": self.clock.now_us()} | roles | more))

    async def round(self, minutes=0):
        """Time goes on, and people are told."""
        self.clock.at_us += minutes * MINUTE_US
        await self.following.catch_up()
        return await self.notices.follower.round()

    async def of(self, who, *, unread=True):
        """What somebody has been told, the newest first."""
        if not isinstance(who, str) or who not in self.house:
            return await super().of(who)
        found, _ = await self.notices.desk.mine(self.who(who), NoticeQuery(unread=unread))
        return [(each.notice.occasion, each.notice.matter) for each in found]

    async def sent(self, channel=None):
        return [(each.row.channel, each.row.person, each.notice.occasion, each.row.state)
                for each in await self.notices.desk.log(200, 0, channel)]  # fmt: skip

    async def channel(self, kind, address, *, name=None, secret="", roles=("analyst",), least="low", lang="zh"):
        """A channel that two people have agreed upon."""
        wanted = Wanted(kind, name or f"{kind} of the team", address, secret, tuple(roles), least, lang)
        made = await self.notices.desk.ask(wanted)
        entry = await self.approvals.propose(
            self.who("zhou"), "channel.change", {"step": "add", "id": made.id}, "on call"
        )
        await self.approvals.approve(self.who("ying"), entry.id, entry.asked.digest, "right")
        assert self.channels.get(made.id).state == "on"
        return made.id

    def again(self, **more):
        """The world after the machine went down: what is on disk, and nothing of what was in memory."""
        return Told(
            self.platform.settings, self.files, store=self.store, mail=self.mail, rules=self.rules, reach=self.reach,
            people=self.house, log=copied(self.log), blobs=self.blobs, clock=self.clock, **more,
        )  # fmt: skip
