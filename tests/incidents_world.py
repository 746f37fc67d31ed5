"""A shop where incidents are worked, with the rules of reporting that ship."""

from pathlib import Path

from jindi.access import ApiKeys, Kind, Permits, Principal, Role
from jindi.cases.incidents_steps import Impact, Open
from jindi.run.approvals.approvals import Approvals
from jindi.run.approvals.incidents import ClosingIncident
from jindi.run.audit import Actor, Audit
from jindi.run.incidents.desk import Desk
from jindi.run.records import IncidentRecord, decision_id
from jindi.run.watching import Viewer
from shop_world import HOUR_US, NOON_US, Shop, event, list_entry, pay, shop_files

PACKS = Path(__file__).parents[1] / "packs"
RULES = {
    "shop/incidents.toml": (PACKS / "platform" / "incidents.toml").read_text("utf-8"),
    "shop/sources.toml": (PACKS / "platform" / "sources.toml").read_text("utf-8"),
    "shop/parameters/incidents.toml": (PACKS / "platform" / "parameters" / "incidents.toml").read_text("utf-8"),
}
STAFF_PACK = {
    f"staff/{path.relative_to(PACKS / 'staff').as_posix()}": path.read_text("utf-8")
    for path in (PACKS / "staff").rglob("*.toml")
}
HOUSE = {
    "lin": Role.ANALYST, "wang": Role.SENIOR_ANALYST, "qian": Role.SECURITY_ADMIN, "zhou": Role.SYSTEM_ADMIN,
    "chen": Role.AUDITOR,
}  # fmt: skip
VIEWER = Viewer("wang", oversees=False)
MINUTE_US = 60_000_000


def incident_files(**more):
    return {**shop_files(), **RULES, **more}


def opening(**changed):
    """A step that opens a serious leak, of which the house became aware ten minutes ago."""
    given = {
        "title": "接口被遍历", "incident_kind": "data", "grade": "serious", "aware_us": NOON_US - 10 * MINUTE_US,
        "impact": Impact(systems=("gateway",), persons=1_200_000),
    } | changed  # fmt: skip
    return Open(**given)


def actor(who="wang"):
    return Actor(f"per_{who}", who, "console", "private", "r1")


class Room(Shop):
    """The shop with its desk of incidents, and people who may approve."""

    def __init__(self, files=None, **more):
        super().__init__(files or incident_files(), **more)

    async def __aenter__(self):
        await super().__aenter__()
        self.desk = Desk(self.platform, lambda: tuple(HOUSE))
        serial = iter(range(1, 10**6))
        self.keys = ApiKeys(self.blobs, lambda size: next(serial).to_bytes(size, "big"))
        self.approvals = Approvals(
            self.platform, Permits(), self.keys, [ClosingIncident(self.platform, self.desk)],
            is_on=self.platform.settings.four_eyes, people=self.principals,
        )  # fmt: skip
        return self

    def principals(self):
        return [self.person(name) for name in HOUSE]

    def person(self, name):
        return Principal(Kind.PERSON, f"per_{name}", name, frozenset({HOUSE[name]}), mfa_us=self.clock.now_us())

    async def open(self, who="wang", viewer=VIEWER, **changed):
        return await self.desk.open(actor(who), opening(**changed), viewer)

    async def take(self, incident, step, who="wang", *, leads=True, **more):
        return await self.desk.take(actor(who), incident.id, step, more.pop("viewer", VIEWER), leads=leads, **more)

    def later(self, us=HOUR_US):
        self.clock.at_us += us

    def records(self):
        return [record for _, record in self.platform.archive.records() if isinstance(record, IncidentRecord)]


async def alarm(room):
    """Eve of the line `it` looks at a celebrity without a case; the decision's id."""
    await room.send(pay(1))
    await room.send(list_entry("l1", "vip_customers", "star"))
    for who, line in (("eve", "it"), ("bob", "it"), ("ann", "audit")):
        await room.send(event("staff_notice", f"n-{who}", staff=who, notice="joined", line=line))
    eve = Actor("session_9", "eve", "console", "private", "r", ("security_admin",), "it")
    await Audit(room.platform).act(eve, "entity.read", f"user/{room.platform.token_of('user', 'star')}")
    await room.platform.watching.round()
    told = [each for each in room.platform.lane.recent if each.event.type == "staff_action"]
    (found,) = [each for each in told if each.decision.outcome == "review"]
    return decision_id(found.seq)
