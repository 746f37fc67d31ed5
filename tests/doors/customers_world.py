"""The house that works cases, with links, lists, sources, and the pages of customers over all of them."""

from functools import partial

from links_door_world import LinkWorld, _files

from jindi.doors.console.customers import CustomerPages
from jindi.doors.console.lists import ListPages
from jindi.doors.console.sources import SourcePages
from jindi.run.customers import Desk, Following
from jindi.run.listed import Roster
from jindi.stores import SqliteActs

SOURCES = """
[ours]
title = { zh = "自定口径", en = "Our own" }
body = { zh = "本店", en = "The shop" }
status = "ours"
mark = "design default"
names = ["to test with", "shop rules", "ours", "自定"]

[law]
title = { zh = "反诈法", en = "Anti-fraud Law" }
body = { zh = "全国人大常委会", en = "Standing Committee" }
number = "主席令第119号"
since = 2022-12-01
status = "in force"
mark = "verified"
names = ["反诈法", "Anti-fraud Law"]
address = "https://example.org/law"
note = { zh = "<b>注</b>", en = "<b>note</b>" }
article = [
  { id = "18", says = { zh = "监测异常账户。", en = "Abnormal accounts are watched." } },
  { id = "22", says = { zh = "另一条。", en = "Another." }, mark = "from memory" },
]
"""
CITING = """
[[rule]]
id = "small_gift"
doc = { zh = "小额。", en = "A small one." }
when = "amount < cny('0.02')"
score = 1
basis = { zh = "《反诈法》第十八条：监测", en = "Anti-fraud Law Art. 18: watched" }
case = [ { name = "yes", given = { amount = "0.01" }, fires = true }, { name = "no", given = { amount = "1.00" }, fires = false } ]
"""  # noqa: E501 - a table of TOML


def files():
    made = _files()
    transfer = "shop/policies/transfer.toml"
    return made | {"core/sources.toml": SOURCES, transfer: made[transfer] + CITING}


class CustomerWorld(LinkWorld):
    """The world of links, and pages that need them. `act_store` outlives it, as a file does."""

    def __init__(self, act_store=None, **more):
        super().__init__(**({"files": files()} | more))
        self.act_store = act_store or SqliteActs(":memory:")

    def customers(self, doors):
        self.acting = Following(
            self.platform, self.act_store, self.told.append, 90, rest_s=0
        )  # fmt: skip
        self.roster = Roster(self.platform)
        return CustomerPages(
            self.platform, doors, self.audit, self.reveals, casework=self.desk, approvals=self.approvals,
            roster=self.roster, desk=Desk(self.platform, self.acting, self.linking),
        )  # fmt: skip

    def groups(self, permits):
        return [
            *super().groups(permits), partial(SourcePages, self.platform),
            lambda doors: ListPages(self.roster, doors, self.approvals, self.audit, self.reveals),
        ]  # fmt: skip

    async def happens(self, *documents):
        made = await super().happens(*documents)
        await self.acting.catch_up()
        return made

    async def __aexit__(self, *_):
        await self.acting.close()
        await super().__aexit__(*_)
