# ruff: noqa: E501 - tables of TOML are read by their columns
"""A long life of the shop, with every turn that a replay must take, and journals in which somebody planted something."""

import asyncio
import json
import zlib
from functools import cache

import msgspec
import pytest

from jindi.basics.digests import canonical, digest
from jindi.journal import Chain, unseal
from jindi.run.lane import Stopped
from jindi.run.platform import Settings
from jindi.stores.memory_log import MemoryLog
from models_world import RULE, changed, with_model
from shop_world import (
    DAY_US,
    EVENTS,
    FEATURES,
    HOUR_US,
    LIMITS,
    LISTS,
    NOON_US,
    POLICY,
    SECOND_US,
    Shop,
    copied,
    event,
    failing_append,
    list_entry,
    pay,
    reopened,
    run,
    shop_files,
)

WEB = """
[web_pays_1d]
doc = { zh = "一天内网页付款笔数。", en = "Payments by web in a day." }
of = "pay"
by = "user"
fold = "count"
over = "1d"
where = "channel == 'web'"

[web_spent_1d]
doc = { zh = "一天内获准的网页付款金额。", en = "What was paid by web and allowed in a day." }
of = "pay"
by = "user"
fold = "sum"
value = "amount"
over = "1d"
where = "channel == 'web'"
counts = "accepted"

[spent_share]
doc = { zh = "本笔占当日获准金额的比例。", en = "This payment's share of what was allowed in the day." }
is = "amount / spent_1d"
else = "0"
"""
WEB_RULE = """
[[rule]]
id = "web-often"
doc = { zh = "网页付款多。", en = "Many payments by web." }
when = "web_pays_1d >= 3 and spent_share < 0.9"
score = 15
degrade = "closed"
basis = "shop rules 8"
case = [ { name = "yes", given = { web_pays_1d = 3, spent_share = 0.5 }, fires = true }, { name = "no", given = { web_pays_1d = 2 }, fires = false } ]
"""
SHADOW = """
id = "strict"
on = "pay"
state = "shadow"
deadline = "200ms"
doc = { zh = "影子策略。", en = "A shadow." }
[[rule]]
id = "small-too"
doc = { zh = "小额也查。", en = "Small ones, too." }
when = "amount >= cny('100') and hour >= 8"
then = "review"
score = 7
basis = "shop rules 9"
case = [ { name = "yes", at = "2026-11-22T09:00:00+08:00", given = { amount = "100.00" }, fires = true }, { name = "no", at = "2026-11-22T09:00:00+08:00", given = { amount = "0.01" }, fires = false } ]
"""
LISTED = LISTS.replace(
    '{ value = "villain", reason = "known" }',
    '{ value = "villain", reason = "known" }, { value = "u4", reason = "new" }',
)
COUPON = 'coupon = { type = "int", class = "C1", required = false, doc = { zh = "券", en = "A coupon" } }\n\n[reading]'


def more_rules():
    head, tail = POLICY.split("[[exemption]]")
    return f"{head}{WEB_RULE}\n[[exemption]]{tail}"


def freely(text):
    """Rules that may fire as often as they like."""
    rules, exemption, tail = text.partition("[[exemption]]")
    return rules.replace("\nbasis = ", '\nshare_max = "100%"\nbasis = ') + exemption + tail


@cache
def versions():
    """Four sets of packs: the shop's own; new features, a shadow and a model; another model, list and limit; a new field."""
    # Half of these payments are stopped: nobody is to be asked whether that was meant.
    first = shop_files(policy=freely(POLICY))
    second = with_model(shop_files(features=FEATURES + WEB, policy=freely(more_rules())), rule=freely(RULE)) | {
        "shop/policies/strict.toml": SHADOW
    }
    third = second | {
        "shop/models/fraud.json": changed(("base",), 1.25),
        "shop/lists/lists.toml": LISTED,
        "shop/parameters/limits.toml": LIMITS.replace("20000.00", "15000.00"),
        "shop/policies/pay.toml": second["shop/policies/pay.toml"]
        .replace("20000.01", "15000.01")
        .replace("20000.00", "15000.00"),
    }
    fourth = third | {"shop/events.toml": EVENTS.replace("[reading]", COUPON, 1)}
    return first, second, third, fourth


class Life:
    """Sends a shop what happens in a life; ids and instants only grow."""

    def __init__(self):
        self.number, self.at_us = 0, NOON_US

    async def day(self, shop, count=24):
        """Payments of all sizes with their follow-ups, late ones among them, and entries that come and go."""
        for n in range(count):
            self.number += 1
            self.at_us += HOUR_US // 2
            shop.clock.at_us = max(shop.clock.at_us, self.at_us)
            amount = ("5.00", "250.00", "1500.00", "7000.00", "12000.00", "4000.00", "0.01")[self.number % 7]
            late_us = HOUR_US if n % 9 == 4 else 0
            answer = await shop.send(pay(
                f"{self.number}-{shop.log.next_seq()}", amount, self.at_us - late_us,
                user=f"u{self.number % 5}", device=f"device-{self.number % 4:04}", channel=("app", "web")[self.number % 2],
            ))  # fmt: skip
            await self.follow(shop, answer, n)
        await shop.send(list_entry(f"l{self.number}", "blocked", f"u{self.number % 5}", at_us=self.at_us))
        await shop.send(pay(f"on-{self.number}", "5.00", self.at_us, user=f"u{self.number % 5}"))
        await shop.send(
            list_entry(f"m{self.number}", "blocked", f"u{self.number % 5}", action="remove", at_us=self.at_us)
        )
        await shop.send(
            event(
                "reading",
                f"r{self.number}",
                self.at_us,
                whole=7,
                share=0.5,
                good=True,
                price="3.50",
                money_of="USD",
                yen="40",
            )
        )
        shop.platform.lane.state.windows.sweep(2_000)

    async def follow(self, shop, answer, n):
        """What becomes of a decision that is not the last word."""
        of = {"decision": answer["decision_id"]}
        self.at_us += SECOND_US
        shop.clock.at_us = max(shop.clock.at_us, self.at_us)
        match answer["outcome"]:
            case "challenge":
                result = event(
                    "challenge_result",
                    f"c{self.number}",
                    self.at_us,
                    **of,
                    user=f"u{self.number % 5}",
                    method="otp",
                    passed=n % 3 != 0,
                )
                await shop.send(result)
                await shop.send(
                    pay(
                        f"again-{self.number}",
                        "1500.00",
                        self.at_us,
                        user=f"u{self.number % 5}",
                        retry_of=f"p{self.number}",
                    )
                )
            case "delay":
                kind = "decision_release" if n % 2 else "decision_recall"
                await shop.send(event(kind, f"d{self.number}", self.at_us, **of, by="s1"))
            case "review":
                await shop.send(
                    event(
                        "review_verdict",
                        f"v{self.number}",
                        self.at_us,
                        **of,
                        verdict=("accept", "reject")[n % 2],
                        by="s1",
                    )
                )


async def until_caught_up(shop):
    while shop.platform.lane.state.warming:  # noqa: ASYNC110 - the lane tells nobody
        await asyncio.sleep(0)


async def _lived():
    first, second, third, fourth = versions()
    life, settings = Life(), Settings(release_due=False)
    async with Shop(first, settings=settings) as shop:
        await life.day(shop)
        await life.day(shop)
        # Past the deadline: no feature could be had in time.
        raw = json.dumps(pay("slow", "1500.00", life.at_us)).encode()
        await shop.platform.submit(raw, shop.clock.at_us - SECOND_US)
        assert await shop.platform.take(second)
        warming = [shop.submit(pay(f"warm{n}", "10.00", life.at_us, channel="web")) for n in range(4)]
        await asyncio.gather(*warming)
        await until_caught_up(shop)
        await life.day(shop)
        with failing_append(shop.log, OSError("lost")), pytest.raises(Stopped):
            await shop.answer(pay("lost", "5.00", life.at_us))
        await shop.platform.tend()
        await life.day(shop)
        await shop.platform.take(third)
        await life.day(shop)
        life.at_us += 2 * DAY_US
        await life.day(shop)
        log, blobs = copied(shop.log), shop.blobs
    async with reopened(shop, files=fourth, settings=settings) as again:
        await life.day(again)
        await life.day(again)
        await again.platform.take(first)
        await until_caught_up(again)
        await life.day(again)
        again.platform.lane.settle()
        log, blobs = copied(again.log), again.blobs
    return log, blobs


@cache
def long_life():
    """The journal of it all, and its snapshots. Not to be changed: `copied` gives a copy."""
    return run(_lived())


def records_of(log):
    """All records of a journal as plain lists."""
    return [
        msgspec.msgpack.decode(record) for frame in log.read(0) for record in unseal(frame.batch).records
    ]  # fmt: skip


def planted(log, seq, change):
    """The journal with one record changed and every hash behind it made anew: `jindi verify` finds nothing.

    `change` is given the record as a plain list; what it returns, if anything, are the record's new bytes.
    """
    chain, new = Chain(), MemoryLog()
    for frame in log.read(0):
        records = list(unseal(frame.batch).records)
        if frame.first <= seq < frame.first + frame.count:
            record = msgspec.msgpack.decode(records[seq - frame.first])
            raw = change(record)
            records[seq - frame.first] = raw if raw is not None else msgspec.msgpack.encode(record)
        new.append(chain.seal(records, frame.first), frame.first, frame.count)
    return new


def retold(edit, *, honest=True):
    """A change of a definitions record: its text is edited; an honest one has the digest of its text."""

    def change(record):
        files = msgspec.json.decode(zlib.decompress(record[3]))
        edit(files)
        packed = canonical(files)
        record[3] = zlib.compress(packed, 9)
        if honest:
            record[2] = digest(packed)

    return change
