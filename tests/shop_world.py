# ruff: noqa: E501 - tables of TOML are read by their columns
"""A small shop with every turn that a decision's life can take, and a platform over memory to run it."""

import asyncio
import contextlib
import json
from functools import cache
from pathlib import Path

from jindi.basics.instants import format_instant
from jindi.engine import build
from jindi.packs import load
from jindi.run.intake import Intake
from jindi.run.platform import Platform, Settings
from jindi.stores.files import MemoryBlobs
from jindi.stores.memory_log import MemoryLog
from jindi.vault import Tokens

CORE = Path(__file__).parents[1] / "packs" / "core"
NOON_US = 1_795_320_000_000_000  # 2026-11-22 12:00 in Shanghai
SECOND_US, HOUR_US, DAY_US = 1_000_000, 3_600_000_000, 86_400_000_000
KEY = bytes(range(32))

PHONE, CARD, IP, DEVICE = "13812345678", "6222021234567890128", "203.0.113.77", "canary-device-0042"
CANARIES = (PHONE, CARD, IP, DEVICE)

PACK = """
name = "shop"
version = "1"
zone = "Asia/Shanghai"
currency = "CNY"
needs = ["core"]
doc = { zh = "小店。", en = "A small shop." }
"""

EVENTS = """
[pay]
doc = { zh = "付款。", en = "A payment." }
late_after = "5m"
[pay.fields]
user    = { type = "text", class = "C2", entity = "user", length_max = 40, doc = { zh = "付款人", en = "Who pays" } }
amount  = { type = "money", class = "C2", least = 1, doc = { zh = "金额", en = "The amount" } }
channel = { type = "text", class = "public", values = ["app", "web"], doc = { zh = "渠道", en = "Channel" } }
phone   = { type = "text", class = "C2", identifier = "phone", required = false, doc = { zh = "电话", en = "Phone" } }
card    = { type = "text", class = "C2", entity = "card", identifier = "bank_card", required = false, doc = { zh = "银行卡", en = "Card" } }
device  = { type = "text", class = "C2", entity = "device", identifier = "device", required = false, doc = { zh = "设备", en = "Device" } }
ip      = { type = "text", class = "C2", entity = "ip", identifier = "ip", required = false, doc = { zh = "地址", en = "Address" } }
retry_of = { type = "text", class = "C1", required = false, doc = { zh = "原事件", en = "What this retries" } }

[reading]
doc = { zh = "各种类型各一个字段。", en = "One field of each type." }
late_after = "1h"
[reading.fields]
whole = { type = "int", class = "C1", least = -5, most = 1000, doc = { zh = "整数", en = "A whole number" } }
free  = { type = "int", class = "C1", required = false, doc = { zh = "任意整数", en = "Any whole number" } }
share = { type = "ratio", class = "C1", required = false, doc = { zh = "比率", en = "A ratio" } }
good  = { type = "bool", class = "C1", required = false, doc = { zh = "是否", en = "Yes or no" } }
when_ = { type = "time", class = "C1", required = false, doc = { zh = "时刻", en = "An instant" } }
price = { type = "money", class = "C1", currency_field = "money_of", required = false, doc = { zh = "价格", en = "A price" } }
money_of = { type = "text", class = "C1", required = false, doc = { zh = "币种", en = "Its currency" } }
yen   = { type = "money", class = "C1", currency = "JPY", required = false, most = 500, doc = { zh = "日元", en = "Yen" } }
"""

FEATURES = """
[pays_1d]
doc = { zh = "一天内付款笔数。", en = "Payments in a day." }
of = "pay"
by = "user"
fold = "count"
over = "1d"

[spent_1d]
doc = { zh = "一天内获准的付款金额，含本笔。", en = "What was paid and allowed in a day, this one included." }
of = "pay"
by = "user"
fold = "sum"
value = "amount"
over = "1d"
counts = "accepted"

[device_users]
doc = { zh = "一周内设备上的用户数。", en = "Users on the device in a week." }
of = "pay"
by = "device"
fold = "distinct"
value = "user"
over = "7d"

[passed_15m]
doc = { zh = "十五分钟内通过的验证。", en = "Challenges passed in fifteen minutes." }
of = "challenge_result"
by = { challenge_result = "user", pay = "user" }
fold = "count"
over = "15m"
where = "passed"
"""

POLICY = """
id = "pay"
on = "pay"
state = "live"
deadline = "200ms"
doc = { zh = "付款策略。", en = "The policy of payments." }

[[rule]]
id = "large"
doc = { zh = "大额，需验证。", en = "Large: a challenge." }
when = "amount >= cny('1000') and amount < cny('5000')"
then = "challenge"
method = "otp"
score = 20
basis = "shop rules 1"
case = [ { name = "yes", given = { amount = "1000.00" }, fires = true }, { name = "no", given = { amount = "999.99" }, fires = false } ]

[[rule]]
id = "very-large"
doc = { zh = "很大，先冷静。", en = "Very large: cool off." }
when = "amount >= cny('5000') and amount < cny('10000')"
then = "delay"
wait = "2h"
score = 40
basis = "shop rules 2"
case = [ { name = "yes", given = { amount = "5000.00" }, fires = true }, { name = "no", given = { amount = "10000.00" }, fires = false } ]

[[rule]]
id = "huge"
doc = { zh = "巨额，人工审核。", en = "Huge: a review." }
when = "amount >= cny('10000')"
then = "review"
score = 60
basis = "shop rules 3"
case = [ { name = "yes", given = { amount = "10000.00" }, fires = true }, { name = "no", given = { amount = "9999.99" }, fires = false } ]

[[rule]]
id = "blocked"
doc = { zh = "名单内。", en = "On a list." }
when = "user in list('blocked') or phone in list('blocked_phones')"
then = "deny"
basis = "shop rules 4"
case = [ { name = "yes", given = { user = "u1" }, lists = { blocked = ["u1"] }, fires = true }, { name = "no", given = { user = "u2", phone = "p" }, fires = false } ]

[[rule]]
id = "spent-enough"
doc = { zh = "当日累计超限。", en = "Over the day's limit." }
when = "spent_1d > limit('daily')"
then = "deny"
degrade = "closed"
basis = "shop rules 5"
case = [ { name = "yes", given = { spent_1d = "20000.01" }, fires = true }, { name = "no", given = { spent_1d = "20000.00" }, fires = false } ]

[[rule]]
id = "crowd"
doc = { zh = "设备上用户多。", en = "Many users on the device." }
when = "device_users >= 4"
score = 5
basis = "shop rules 6"
case = [ { name = "yes", given = { device_users = 4 }, fires = true }, { name = "no", given = { device_users = 3 }, fires = false } ]

[[exemption]]
id = "just-passed"
doc = { zh = "刚通过验证。", en = "A challenge was just passed." }
when = "passed_15m >= 1"
lifts = ["challenge"]
basis = "shop rules 7"
"""

LIMITS = """
[daily]
doc = { zh = "单日上限。", en = "The most in a day." }
type = "money"
mark = "design default"
value = [ { since = 2020-01-01, is = "20000.00", basis = "the owner" } ]
"""

LISTS = """
[blocked]
doc = { zh = "禁止的用户。", en = "Users who may not pay." }
colour = "black"
of = "text"
entry = [ { value = "villain", reason = "known" }, { value = "brief", expires = 2026-11-22T05:00:00Z, reason = "for an hour" } ]

[blocked_phones]
doc = { zh = "禁止的电话。", en = "Phones that may not pay." }
colour = "black"
identifier = "phone"
"""


@cache
def core_files():
    return {f"core/{path.relative_to(CORE)}": path.read_text("utf-8") for path in sorted(CORE.rglob("*.toml"))}


def shop_files(**changed):
    """The shop's pack files; `policy=…` and the like replace one whole file."""
    given = {
        "pack": PACK,
        "events": EVENTS,
        "features": FEATURES,
        "policy": POLICY,
        "limits": LIMITS,
        "lists": LISTS,
    } | changed
    return {
        **core_files(),
        "shop/pack.toml": given["pack"],
        "shop/events.toml": given["events"],
        "shop/features.toml": given["features"],
        "shop/policies/pay.toml": given["policy"],
        "shop/parameters/limits.toml": given["limits"],
        "shop/lists/lists.toml": given["lists"],
    }


@cache
def shop_program():
    return build(load(shop_files()))


def shop_intake(now_us=lambda: NOON_US):
    return Intake(shop_program().definitions, Tokens(KEY), now_us)


class Clock:
    """Stands still until it is told."""

    def __init__(self, at_us=NOON_US):
        self.at_us = at_us

    def now_us(self):
        return self.at_us


def pay(number, amount="10.00", at_us=NOON_US, **fields):
    """A payment event as a dict on the wire; fields given as None are left out."""
    whole = {
        "id": f"p{number}",
        "type": "pay",
        "at": format_instant(at_us),
        "user": "u1",
        "amount": amount,
        "channel": "app",
        "phone": PHONE,
        "card": CARD,
        "device": DEVICE,
        "ip": IP,
    } | fields
    return {name: value for name, value in whole.items() if value is not None}


def event(type_name, identifier, at_us=NOON_US, **fields):
    return {"id": identifier, "type": type_name, "at": format_instant(at_us), **fields}


def list_entry(identifier, name, value, action="add", at_us=NOON_US, **more):
    return event("list_entry", identifier, at_us, list=name, value=value, action=action, reason="r", by="s1", **more)


def copied(log):
    """What a memory log holds, in a new log, as after a restart."""
    copy = MemoryLog()
    for frame in log.read(0):
        copy.append(frame.batch, frame.first, frame.count)
    return copy


class Shop:
    """A platform over memory. `send` submits and waits for the answer."""

    def __init__(
        self, files=None, *, log=None, blobs=None, clock=None, settings=None, open_log=None, keeper=None, watcher=None,
        vault=None,
    ):  # fmt: skip
        self.log, self.blobs = log or MemoryLog(), blobs or MemoryBlobs()
        self.clock = clock or Clock()
        self.files = files or shop_files()
        self.told = []
        self._opened = 0
        self.platform = Platform(
            open_log=open_log or self._open,
            blobs=self.blobs,
            tokens=Tokens(KEY),
            clock=self.clock,
            files=self.files,
            settings=settings or Settings(),
            keeper=keeper,
            watcher=watcher,
            vault=vault,
            tell=self.told.append,
        )

    def _open(self, _sealed):
        # A memory log, once closed, is opened again by copying it.
        if self._opened:
            self.log = copied(self.log)
        self._opened += 1
        return self.log

    async def __aenter__(self):
        await self.platform.start()
        return self

    async def __aexit__(self, *_):
        await self.platform.close()

    def submit(self, document):
        raw = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        return self.platform.submit(raw, self.clock.now_us())

    async def answer(self, document):
        return await self.submit(document)

    async def send(self, document):
        return json.loads(await self.submit(document))

    def status(self, decision_id):
        return self.platform.find(decision_id).status


def run(work):
    """Run a coroutine to its end; anything that it leaves behind is an error."""
    return asyncio.run(work)


def reopened(shop, **more):
    """The shop after a restart over what its log and blobs hold."""
    more = {"files": shop.files, "clock": shop.clock, "blobs": shop.blobs, **more}
    return Shop(log=copied(shop.log), **more)


PROBES = [
    shop_intake().read(json.dumps(pay(0, user=user, device=device)).encode()).values
    for user in ("u1", "u2", "u3", "nobody")
    for device in (DEVICE, "another-device-0043")
]


def state_of(state):
    """A state as plain values: equal when the next event is seen against the same.

    Windows are compared by what they would answer, for their memory may lie differently."""
    windows = [state.windows.read("pay", state.high_us, probe) for probe in PROBES if "pay" in state.program.events]
    return {
        "high_us": state.high_us,
        "next_seq": state.next_seq,
        "definitions_seq": state.definitions_seq,
        "lists": state.lists.save(),
        "openings": [(o.seq, o.event_type, o.values, o.status, o.due_us, o.outcome) for o in state.openings.save()],
        "answered": len(state.answered),
        "warming": state.warming,
        "windows": windows,
    }


@contextlib.contextmanager
def failing_append(log, error, times=1):
    """The next appends fail, as when a disk does."""
    real, left = log.append, [times]

    def append(batch, first, count):
        if left[0]:
            left[0] -= 1
            raise error
        real(batch, first, count)

    log.append = append
    try:
        yield
    finally:
        log.append = real
