"""A shop with a vault, staff with factors, and what they did as the journal has it."""

from jindi.access import Kind, Permits, Principal, Role, Scope
from jindi.journal import unseal
from jindi.run.audit import Actor, Audit
from jindi.run.masked import Masks
from jindi.run.platform import Settings
from jindi.run.records import ActionRecord, decode
from jindi.run.reveals import Reveals, Wish
from jindi.run.subjects import Rights
from jindi.stores import MemoryVault
from jindi.stores.files import MemoryBlobs
from jindi.vault import KeyRing, KeyRoot, Vault
from shop_world import CARD, DEVICE, IP, NOON_US, PHONE, Shop, pay, shop_files

ID_CARD = "11010519491231002X"
CASE = "CASE-2026-0042"
OTHER_PHONE = "13987654321"
FRAUD = "fraud_investigation"
MASKS = {"phone": "138****5678", "card": "6222 **** **** 0128", "device": "****0042", "ip": "203.0.113.*"}
CLEAR = {"phone": PHONE, "card": CARD, "device": DEVICE, "ip": IP}

EXTRA = """
[open_account]
doc = { zh = "开户。", en = "An account is opened." }
late_after = "5m"
[open_account.fields]
user = { type = "text", class = "C2", entity = "user", length_max = 40, doc = { zh = "用户", en = "Who" } }
id_card = { type = "text", class = "C2", identifier = "id_card", required = false, doc = { zh = "身份证", en = "Identity" } }
name = { type = "text", class = "C2", identifier = "name", required = false, doc = { zh = "姓名", en = "Name" } }
login = { type = "text", class = "C3", identifier = "account", required = false, doc = { zh = "登录口令的摘要", en = "What signs in" } }
referee = { type = "text", class = "C2", required = false, doc = { zh = "推荐人", en = "Who brought him" } }
referee_phone = { type = "text", class = "C2", identifier = "phone", subject = "referee", required = false, doc = { zh = "推荐人电话", en = "That one's phone" } }
"""  # noqa: E501 - a table of TOML is read by its columns


def clear_files(**more):
    from shop_world import EVENTS

    return shop_files(events=EVENTS + EXTRA, **more)


def new_vault():
    root = KeyRoot(bytes(32), "aes-256-gcm", {"kind": "file"})
    return Vault(MemoryVault(), KeyRing.create(MemoryBlobs(), root, "aes-256-gcm", 1))


def analyst(name="limin", mfa_us=NOON_US, roles=(Role.ANALYST,)):
    return Principal(Kind.PERSON, f"per_{name}", name, frozenset(roles), mfa_us=mfa_us, session="session_1")


def senior(name="wang", **more):
    return analyst(name, roles=(Role.SENIOR_ANALYST,), **more)


def key(*scopes, name="payouts"):
    return Principal(Kind.KEY, f"key_{name}", name, scopes=frozenset(scopes or (Scope.VAULT_OPEN,)))


def link(*scopes, name="operator"):
    return Principal(Kind.LINK, "session_2", name, scopes=frozenset(scopes or (Scope.VAULT_OPEN,)))


def actor(who):
    return Actor(who.session or who.id, who.name, "console", "loopback", "r1")


def wish(decision, *fields, purpose=FRAUD, case=CASE):
    return Wish(purpose, case, decision=decision, fields=fields or ("phone",))


class Desk(Shop):
    """The shop with its reveals and rights, and one payment of u1 and one of u2."""

    def __init__(self, files=None, **more):
        more = {"settings": Settings(four_eyes=False), **more}
        super().__init__(files or clear_files(), vault=more.pop("vault", None) or new_vault(), **more)

    async def __aenter__(self):
        await super().__aenter__()
        self.vault = self.platform.vault
        self.audit = Audit(self.platform)
        self.reveals = Reveals(self.platform, self.audit, Permits())
        self.rights = Rights(self.platform, self.audit)
        self.first = (await self.send(pay(1)))["decision_id"]
        self.other = (await self.send(pay(2, user="u2", phone=OTHER_PHONE)))["decision_id"]
        return self

    async def show(self, who, asked):
        return await self.reveals.reveal(who, actor(who), asked)

    def actions(self, what=None):
        """The actions that the journal has, oldest first."""
        found = [decode(raw) for frame in self.log.read(0) for raw in unseal(frame.batch).records]
        return [each for each in found if isinstance(each, ActionRecord) and what in (None, each.what)]

    def token(self, field, decision=None):
        found = self.platform.find(decision or self.first)
        return dict(zip(found.ep.fields, found.record.values, strict=True))[field]

    def fresh_masks(self):
        return Masks(self.vault)


def clear_of(shown):
    return {line.field: line.clear for line in shown.lines}
