"""The room with lists behind its console and its API."""

import re
from zoneinfo import ZoneInfo

from test_doors_reveal import Staff, Visit

from jindi.access import Permits, SignInLinks
from jindi.doors.console import build_console
from jindi.doors.console.features import FeaturePages
from jindi.doors.console.lists import ListPages
from jindi.doors.console.models import ModelPages
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.sources import SourcePages
from jindi.run.exploring import Explorer
from jindi.run.scoring import Models
from jindi.run.subjects import Rights
from jindi.run.versions.desk import Desk as VersionDesk
from lists_world import HOUSE, Room


class World(Room):
    """The room, and people's browsers."""

    async def __aenter__(self):
        await super().__aenter__()
        serial, permits = iter(range(1, 10**6)), Permits()
        self.sessions = Staff(self.blobs, lambda count: next(serial).to_bytes(count, "big"))
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions, links=SignInLinks(self.blobs, self.chance),
            clock=self.clock, zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=permits, keys=self.keys,
            desk=VersionDesk(self.platform, lambda: self.platform.base), approvals=self.approvals,
            reveals=self.reveals, rights=Rights(self.platform, self.audit), more=self.groups(),
        )  # fmt: skip
        return self

    def groups(self):
        explorer = Explorer(self.platform)
        return [
            lambda doors: ListPages(self.roster, doors, self.approvals, self.audit, self.reveals),
            lambda doors: FeaturePages(explorer, doors, self.audit, self.reveals),
            lambda doors: ModelPages(Models(self.platform), doors),
            lambda doors: SourcePages(self.platform, doors),
        ]

    def visit(self, who="limin", **more):
        return Visit(self, who, **({"roles": HOUSE[who]} if who in HOUSE and "scopes" not in more else {}) | more)


def values_on(page):
    """The marks of the entries that a page lists, in its order."""
    return re.findall(r'data-open href="/console/lists/[a-z_]+/entries/([^"]+)"', page)
