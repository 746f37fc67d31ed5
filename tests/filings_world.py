"""A wallet under the shipped packs whose laundering cases become reports: a vault, cases, and people who write, agree,
audit, and who must never know.
"""

from datetime import date

from clear_world import new_vault
from jindi.access import Kind, Permits, Principal, Role
from jindi.basics.instants import format_instant
from jindi.cases.filings_steps import Send
from jindi.parties.reporting.drafts import Draft, Subject
from jindi.run.audit import Actor, Audit
from jindi.run.cases import Desk as CaseDesk
from jindi.run.cases import Following
from jindi.run.filings.desk import Desk, Who
from jindi.run.filings.following import Following as MovementFollowing
from jindi.run.filings.large_days import LargeDays
from jindi.run.platform import Settings
from jindi.run.records import ActionRecord, ReportRecord
from jindi.stores.sqlite_cases import SqliteCases
from jindi.stores.sqlite_movements import SqliteMovements
from screening_world import registration, transfer, wallet_files
from shop_world import NOON_US, SECOND_US, Shop

HOUSE = {
    "wang": (Role.AML_OFFICER,), "sun": (Role.APPROVER,), "chen": (Role.AUDITOR,), "limin": (Role.ANALYST,),
    "gao": (Role.SENIOR_ANALYST,), "qian": (Role.SECURITY_ADMIN,), "zhou": (Role.SYSTEM_ADMIN,),
    "shen": (Role.SUPERVISOR,), "tan": (Role.TREASURER,), "pei": (Role.POLICY_AUTHOR,),
}  # fmt: skip
KNOWS = ("wang", "sun", "chen")
"""Who may know of reports; all others never learn that there is one."""

REPORTER = "A1000131000001"
NAME, NUMBER, PHONE, OTHER_NAME, CARD = "单雄信", "110101197003147032", "13800000001", "尉迟敬德", "6222021234567890128"
BEHAVIOUR = "十一月二十二日上午收到多人转入，十分钟内全部转出，账户不留余额。"
ANALYSIS = "快进快出，与开户时所填职业不符；付款人彼此不相识，疑为跑分。"
WORDS = (BEHAVIOUR, ANALYSIS, NAME, NUMBER, OTHER_NAME)
UNIT = {
    "rentity_id": 101, "report_code": "STR", "indicators": ["FAST"], "funds_code": "BANKD", "transmode": "EFT",
    "countries": {"CHN": "CN"}, "branch": "HQ",
}  # fmt: skip
FORM = {"error": "ONE", "place": "WHERE", "field": "WHAT", "code": "NO", "says": "WORDS"}
REFUSAL = "<R><ONE><WHERE>SEIF 1</WHERE><WHAT>SEVC</WHAT><NO>E101</NO><WORDS>不能为空</WORDS></ONE></R>".encode()


def draft(decisions=(), **changed):
    """A draft about u1 that can become a packet."""
    given = {
        "institution": REPORTER, "institution_name": "示例支付", "branch": REPORTER, "place": "CHN110108",
        "means": "000121", "crimes": ("1201", "0801"), "features": ("0101",), "behaviour": BEHAVIOUR,
        "analysis": ANALYSIS, "measures": "限制非柜面交易", "subjects": (Subject(user="u1", occupation="1A"),),
        "evidence": tuple(decisions),
    } | changed  # fmt: skip
    return Draft(**given)


def principal(name, mfa_us=NOON_US):
    return Principal(Kind.PERSON, f"per_{name}", name, frozenset(HOUSE[name]), mfa_us=mfa_us)


def who(name="wang"):
    return Who(Actor(f"per_{name}", name, "console", "private", "r1"), principal(name).marks)


def receipt_name(outcome, packet, at="20261124093001"):
    code = {"accepted": "FDSC", "to_correct": "FDRC", "refused": "FDCF"}[outcome]
    return f"{code}[{packet.stem}]{at}.XML"


def open_files():
    """The wallet's packs without what would stop a transfer."""
    return {path: text for path, text in wallet_files().items() if path != "payment/policies/transfer.toml"}


MULES = """
id = "transfer"
on = "transfer"
state = "live"
deadline = "200ms"
doc = { zh = "转账。", en = "Transfers." }
[[rule]]
id = "mules"
doc = { zh = "跑分。", en = "Mules." }
when = "amount >= cny('25000') and amount < cny('35000')"
then = "review"
typology = "mule_ring"
basis = { zh = "自定", en = "Ours" }
[[rule.case]]
name = "at"
given = { amount = "25000.00" }
fires = true
[[rule.case]]
name = "above"
given = { amount = "35000.00" }
fires = false
"""


def laundering_files():
    """The wallet's packs with one rule about transfers, whose cases are of a laundering kind."""
    return open_files() | {"payment/policies/transfer.toml": MULES}


class Room(Shop):
    """`wang` writes reports, `sun` agrees, `chen` audits; all others of the house never learn of them."""

    def __init__(self, files=None, *, store=None, **more):
        more = {"settings": Settings(release_due=False), "vault": new_vault()} | more
        super().__init__(files or wallet_files(), **more)
        self.store = store or SqliteCases(":memory:")

    async def __aenter__(self):
        await super().__aenter__()
        self.audit, self.permits = Audit(self.platform), Permits()
        self.following = Following(self.platform, self.store, self.told.append)
        self.casework = CaseDesk(self.platform, self.following, lambda: ("wang", "limin"))
        self.desk = Desk(self.platform, self.audit, self.casework)
        self.moving = MovementFollowing(self.platform, SqliteMovements(":memory:"), self.told.append, rest_s=0)
        self.large = LargeDays(self.platform, self.desk, self.moving)
        return self

    async def pays(self, number, amount, user="u1", payee="u2"):
        """A transfer, now; its decision's id."""
        event = transfer(number, user=user, payee=payee, amount=amount, at=format_instant(self.clock.at_us))
        return (await self.send(event))["decision_id"]

    async def customers(self):
        """Two customers, of whom the first is reported; the ids of two decisions about his money."""
        await self.send(registration(1, NAME, id_card=NUMBER, phone=PHONE))
        await self.send(registration(2, OTHER_NAME, user="u2", phone="13800000002"))
        self.clock.at_us += 60 * SECOND_US
        now = {"at": format_instant(self.clock.at_us)}
        first = await self.send(transfer(1, user="u2", payee="u1", amount="30000.00", **now))
        second = await self.send(
            transfer(
                2, user="u1", payee="u2", payee_name=OTHER_NAME, amount="29900.00", funding="card", card=CARD, **now
            )
        )
        return first["decision_id"], second["decision_id"]

    async def written(self, **changed):
        """A report that can become a packet."""
        decisions = await self.customers()
        return await self.desk.open(who(), "suspicious", draft(decisions, **changed))

    async def sent(self, on=date(2026, 11, 22), report=None):
        """A report on its way: proposed, approved, packed, sent."""
        report = report or await self.written()
        report = await self.desk.propose(who(), report.id)
        report = await self.desk.approve(who("sun"), report.id, report.packet.digest)
        report = await self.desk.pack(who(), report.id)

        return await self.desk.take(who(), report.id, Send(on))

    async def land(self, report, outcome, data=b"<R/>", **more):
        name = receipt_name(outcome, report.filing.packets[-1], more.pop("at", "20261124093001"))
        return await self.desk.land(who(), name, data, **more)

    def records(self, kind=ReportRecord):
        return [record for _, record in self.platform.archive.records() if isinstance(record, kind)]

    def actions(self, what):
        return [each for each in self.records(ActionRecord) if each.what == what]
