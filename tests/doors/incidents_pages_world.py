"""The room of incidents behind its console."""

import random
from zoneinfo import ZoneInfo

from test_doors_reveal import Staff, Visit

from incidents_world import HOUSE, Room
from jindi.access import Permits, SignInLinks
from jindi.doors.console import build_console
from jindi.doors.console.incidents import IncidentPages
from jindi.doors.console.platform_source import PlatformSource
from jindi.run.audit import Audit
from jindi.run.versions.desk import Desk as VersionDesk


class World(Room):
    """The room, and people's browsers. `lin` is an analyst, `wang` and `qian` lead, `chen` audits."""

    async def __aenter__(self):
        await super().__aenter__()
        serial = iter(range(1, 10**6))
        self.sessions = Staff(self.blobs, lambda count: next(serial).to_bytes(count, "big"))
        self.audit = Audit(self.platform)
        self.console = build_console(
            PlatformSource(self.platform), sessions=self.sessions,
            links=SignInLinks(self.blobs, random.Random(5).randbytes), clock=self.clock,
            zone=ZoneInfo("Asia/Shanghai"), audit=self.audit, permits=Permits(), keys=self.keys,
            desk=VersionDesk(self.platform, lambda: self.platform.base), approvals=self.approvals,
            more=self.groups(),
        )  # fmt: skip
        return self

    def groups(self):
        return [lambda doors: IncidentPages(self.desk, doors, self.approvals, self.audit)]

    def visit(self, who="wang", **more):
        return Visit(self, who, **({"roles": (HOUSE[who],)} if "roles" not in more else {}) | more)

    def found(self, identifier):
        return self.platform.incidents.all[identifier]
