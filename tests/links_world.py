"""A shop in which people also send each other money, and the desk where it is asked who hangs together with whom."""

from jindi.run.links import Desk, Following
from jindi.stores import SqliteLinks
from shop_world import EVENTS, POLICY, Shop, copied, event, shop_files

TRANSFER = """
[transfer]
doc = { zh = "转账。", en = "A transfer." }
late_after = "5m"
[transfer.fields]
user    = { type = "text", class = "C2", entity = "user", length_max = 40, doc = { zh = "付款人", en = "Who sends" } }
payee   = { type = "text", class = "C2", entity = "payee", same_as = "user", length_max = 40, doc = { zh = "收款人", en = "Who receives" } }
amount  = { type = "money", class = "C2", least = 1, doc = { zh = "金额", en = "The amount" } }
device  = { type = "text", class = "C2", entity = "device", identifier = "device", required = false, doc = { zh = "设备", en = "Device" } }
"""  # noqa: E501 - a table of TOML

TRANSFERS = """
id = "transfer"
on = "transfer"
state = "live"
deadline = "200ms"
doc = { zh = "转账策略。", en = "The policy of transfers." }
[[rule]]
id = "large_transfer"
doc = { zh = "大额转账。", en = "A large transfer." }
when = "amount >= cny('10000')"
then = "review"
basis = "to test with"
case = [ { name = "yes", given = { amount = "10000.00" }, fires = true }, { name = "no", given = { amount = "1.00" }, fires = false } ]
"""  # noqa: E501


def link_files(**more):
    return {
        **shop_files(policy=POLICY), "shop/events.toml": EVENTS + TRANSFER, "shop/policies/transfer.toml": TRANSFERS,
        **more,
    }  # fmt: skip


def send(number, user, payee, amount="10.00", at_us=None, **more):
    """A transfer as a dict on the wire."""
    return event("transfer", f"t{number}", at_us, user=user, payee=payee, amount=amount, **more)


class Room(Shop):
    """A shop over memory with its links. `store` outlives it, as a file does."""

    def __init__(self, files=None, *, store=None, keep_days=30, **more):
        super().__init__(files or link_files(), **more)
        self.store, self.keep_days = store or SqliteLinks(":memory:"), keep_days

    async def __aenter__(self):
        await super().__aenter__()
        self.following = Following(self.platform, self.store, self.told.append, self.keep_days, rest_s=0)
        self.desk = Desk(self.platform, self.following)
        return self

    async def happens(self, *documents):
        for each in documents:
            await self.send(each)
        await self.following.catch_up()

    def again(self, *, store=None, files=None, **more):
        """The room after a crash, over what its journal and its store hold by now."""
        more = {"clock": self.clock, "keep_days": self.keep_days, **more}
        return Room(files or self.files, log=copied(self.log), store=store or self.store, **more)


def tables(store):
    """All that a store knows of links, in one order whatever the order in which it came."""
    ask = store._ask
    links = ask(
        "select a.name, b.name, r.name, l.first_us, l.last_us, l.seen, l.stopped, l.worst, l.money from links l "
        "join entities a on a.id = l.a join entities b on b.id = l.b join roles r on r.id = l.roles order by 1, 2, 3"
    )
    entities = ask("select name, first_us, last_us, seen, stopped, worst, degree from entities order by name")
    return links, entities, ask("select name, links from roles where links > 0 order by name")
