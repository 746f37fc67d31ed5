"""The room of reports behind its console, with the pages on which nobody else may learn of one."""

import random
from zoneinfo import ZoneInfo

from test_doors_reveal import Staff, Visit

from filings_world import HOUSE, Room
from jindi.access import ApiKeys, Permits, SignInLinks
from jindi.doors.console import build_console
from jindi.doors.console.filings import FilingPages
from jindi.doors.console.platform_source import PlatformSource
from jindi.doors.console.searching import SearchPages
from jindi.run.approvals.approvals import approvals_of
from jindi.run.reveals import Reveals
from jindi.run.versions.desk import Desk as VersionDesk


class World(Room):
    """The room, and people's browsers."""

    async def __aenter__(self):
        await super().__aenter__()
        serial = iter(range(1, 10**6))
        self.sessions = Staff(self.blobs, lambda count: next(serial).to_bytes(count, "big"))
        self.keys = ApiKeys(self.blobs, random.Random(5).randbytes)
        self.approvals = approvals_of(self.platform, Permits(), self.keys)
        reveals = Reveals(self.platform, self.audit, Permits(), self.casework)
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions,
            links=SignInLinks(self.blobs, random.Random(5).randbytes), clock=self.clock,
            zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=Permits(), keys=self.keys,
            desk=VersionDesk(self.platform, lambda: self.platform.base), approvals=self.approvals, reveals=reveals,
            casework=self.casework,
            more=[
                lambda doors: FilingPages(self.desk, doors, self.large),
                lambda doors: SearchPages(self.platform, doors, self.audit, reveals, None, self.casework),
            ],
        )  # fmt: skip
        return self

    def visit(self, who="wang", **more):
        return Visit(self, who, **{"roles": HOUSE[who]} | more)

    async def case(self):
        """The case that came of the customers' money."""
        await self.following.catch_up()
        cases, _ = await self.casework.find(self.casework.query(limit=10))
        return next(each for each in cases if each.entity in ("user", "payee"))
