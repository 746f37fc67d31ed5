"""A shop's past: payments with follow-ups and what turned out about them, and candidates that judge it again."""

import random

from jindi.basics.instants import parse_instant
from jindi.engine import build
from jindi.packs import load
from jindi.run.backtest import Candidate, Span
from jindi.run.backtest.runner import Backtest, Question
from shop_world import DAY_US, EVENTS, HOUR_US, NOON_US, POLICY, Shop, copied, event, pay, run, shop_files

REPORTS = """
[report]
doc = { zh = "客诉。", en = "A customer's report." }
late_after = "1h"
[report.fields]
payment = { type = "text", class = "C1", doc = { zh = "付款", en = "Which payment" } }
fraud   = { type = "bool", class = "C1", required = false, doc = { zh = "是否欺诈", en = "Whether it was fraud" } }
"""
LABELS = """
[fraud]
doc = { zh = "欺诈。", en = "It was fraud." }
on = "pay"
mature = "30d"
[[fraud.from]]
event = "report"
names = "payment"
is = "fraud"
[[fraud.from]]
event = "review_verdict"
names = "decision"
is = "verdict == 'reject'"
"""
FILES = {**shop_files(events=EVENTS + REPORTS), "shop/labels.toml": LABELS}


def report(number, payment, at_us, fraud=True):
    fields = {} if fraud is None else {"fraud": fraud}
    return event("report", f"r{number}", at_us, payment=payment, **fields)


ALWAYS = Span(0, 4_000_000_000_000_000)
LATER = NOON_US + 400 * DAY_US


def story(count, seed=1, accepted=True):
    """Payments of a few users and devices over weeks, with follow-ups and reports, in time order."""
    draw = random.Random(seed)
    documents, at_us = [], NOON_US
    for number in range(count):
        at_us += draw.randrange(1, 3 * HOUR_US)
        amount = draw.choice(["5.00", "200.00", "1500.00", "4000.00", "7000.00", "12000.00"])
        user, device = f"u{draw.randrange(5)}", f"device-{draw.randrange(4)}"
        documents.append(pay(number, amount, at_us, user=user, device=device, phone=None))
        if draw.random() < 0.1:
            documents.append(report(number, f"p{number}", at_us + 1, fraud=draw.random() < 0.8))
    return documents


def lived(files, documents, follow_ups=False):
    """The archive of a shop with these packs that has seen these events; a challenge is passed now and then."""

    async def go():
        async with Shop(files) as shop:
            for number, document in enumerate(documents):
                shop.clock.at_us = max(shop.clock.at_us, instant(document))
                answer = await shop.send(document)
                if follow_ups and answer["outcome"] == "challenge" and number % 2:
                    result = event(
                        "challenge_result", f"c{number}", instant(document) + 1, decision=answer["decision_id"],
                        user=document["user"], method="otp", passed=True,
                    )  # fmt: skip
                    await shop.send(result)
            return copied(shop.log), shop.blobs

    return run(go())


def instant(document):
    return parse_instant(document["at"])


def candidate(name="new", **changed):
    return Candidate(
        name,
        build(
            load(
                {
                    **shop_files(**({"events": FILES["shop/events.toml"]} | changed)),
                    "shop/labels.toml": FILES["shop/labels.toml"],
                }
            )
        ),
    )


STRICTER = POLICY.replace("amount >= cny('1000') and", "amount >= cny('100') and").replace(
    'given = { amount = "999.99" }, fires = false', 'given = { amount = "99.99" }, fires = false'
)
WIDER = shop_files()["shop/features.toml"].replace('over = "7d"', 'over = "30d"')
FREE = shop_files()["shop/features.toml"].replace('counts = "accepted"\n', "")


def question(**more):
    return Question(ALWAYS, LATER, label="fraud", segment="channel", **more)


def backtest(log, blobs, candidates, cores=1, asked=None, progress=lambda *_: None):
    return Backtest(lambda: copied(log), blobs, asked or question(), cores=cores).run(candidates, progress)
