"""A wallet under the shipped packs with a vault, watch lists of its own, and people who work matches."""

import random
from functools import cache
from pathlib import Path

from clear_world import new_vault
from jindi.access import ApiKeys, Kind, Permits, Principal, Role
from jindi.basics.instants import format_instant
from jindi.run.approvals.approvals import approvals_of
from jindi.run.approvals.screening import operations_of
from jindi.run.audit import Actor, Audit
from jindi.run.platform import Settings
from jindi.run.reveals import Reveals
from jindi.run.screening.desk import Desk
from shop_world import NOON_US, Shop

PACKS = Path(__file__).parents[1] / "packs"
CARD_NUMBER = "110101197003147032"
LISTED = """
published_on = "2026-11-01"

[[entry]]
id      = "CN-1"
kind    = "person"
name    = "单雄信"
aliases = ["SHAN Xiongxin"]
births  = ["1970-03-14"]

[[entry]]
id   = "RU-1"
kind = "person"
name = "Сергей Викторович Лавровский"
"""
MORE = """
[[entry]]
id   = "CN-2"
kind = "person"
name = "尉迟敬德"
"""
HOUSE = {"limin": (Role.ANALYST,), "wang": (Role.AML_OFFICER,), "sun": (Role.APPROVER,), "chen": (Role.AUDITOR,)}


@cache
def wallet_files():
    names = ("core", "account", "payment", "platform")
    return {
        str(path.relative_to(PACKS)): path.read_text("utf-8")
        for name in names
        for path in sorted((PACKS / name).rglob("*.toml"))
    }


def registration(number, name="李明", user=None, **more):
    document = {
        "id": f"r{number}", "type": "registration", "at": format_instant(NOON_US), "user": user or f"u{number}",
        "phone": f"1380000{number:04d}", "device": f"device-{number}", "ip": "203.0.113.9", "channel": "app",
        "account_class": "I", "name": name,
    }  # fmt: skip
    return {key: value for key, value in (document | more).items() if value is not None}


def transfer(number, payee_name=None, user="u1", payee="u9", **more):
    document = {
        "id": f"t{number}", "type": "transfer", "at": format_instant(NOON_US), "user": user, "payee": payee,
        "amount": "10.00", "funding": "balance", "account_class": "III", "verification": "two", "channel": "app",
        "arrival": "instant", "device": "device-1", "payee_name": payee_name,
    }  # fmt: skip
    return {key: value for key, value in (document | more).items() if value is not None}


def actor(name="limin"):
    return Actor(f"per_{name}", name, "console", "loopback", "r1")


class Wallet(Shop):
    """`limin` analyses, `wang` answers for laundering, `sun` approves, `chen` audits."""

    def __init__(self, files=None, **more):
        more = {"settings": Settings(release_due=False), "vault": new_vault()} | more
        super().__init__(files or wallet_files(), **more)

    async def __aenter__(self):
        await super().__aenter__()
        self.vault, self.audit = self.platform.vault, Audit(self.platform)
        self.desk = Desk(self.platform, self.audit)
        await self.desk._read()
        self.desk._begin(self.desk._pending())
        permits = Permits()
        self.reveals = Reveals(self.platform, self.audit, permits)
        self.approvals = approvals_of(
            self.platform, permits, ApiKeys(self.blobs, random.Random(5).randbytes), people=self.principals,
            more=operations_of(self.platform, self.desk),
        )  # fmt: skip
        return self

    def principals(self):
        return [self.principal(name) for name in HOUSE]

    def principal(self, name):
        return Principal(Kind.PERSON, f"per_{name}", name, frozenset(HOUSE[name]), mfa_us=self.clock.now_us())

    async def load(self, text=LISTED, name="own.toml", who="wang", **more):
        loaded = await self.desk.load(actor(who), {name: text.encode()}, **more)
        await self.settled()
        return loaded

    async def settled(self):
        """Everybody has been held against what changed, and all that was found has been told."""
        for task in list(self.desk._rounds):
            await task
        await self.desk._tell_fresh()

    async def sent(self, document):
        answer = await self.send(document)
        await self.desk._tell_fresh()
        return answer

    async def ask(self, hit, what="screening.clear", who="limin", why="another birth, another father's name"):
        from jindi.run.records import decision_id

        payload = {"match": decision_id(hit.seq), "reason": why}
        return await self.approvals.propose(self.principal(who), what, payload, why)

    async def agree(self, entry, who="wang"):
        return await self.approvals.approve(self.principal(who), entry.id, entry.asked.digest, "read and right")

    def values(self, answer):
        found = self.platform.find(answer["decision_id"])
        return dict(zip(found.ep.fields, found.record.values, strict=True))

    def everything_written(self):
        journal = b"".join(frame.batch for frame in self.log.read(0))
        return journal + b"".join(self.blobs.load(name) or b"" for name in self.blobs.names(""))
