# ruff: noqa: E501 - tables of TOML are read by their columns
"""A shop with a model whose customers, amounts and frauds change at some day, or stay as they are."""

import json
import random
from functools import cache
from pathlib import Path

from jindi.run.archive import Archive
from jindi.run.drift import Question
from jindi.run.drift.judging import Evaluation
from jindi.run.platform import Settings
from models_world import with_model
from past_world import FILES, report
from shop_world import DAY_US, HOUR_US, NOON_US, Shop, copied, pay, run

PLATFORM = Path(__file__).parents[1] / "packs" / "platform"
DAYS, NEW_DAYS = 35, 7
QUESTION = Question(current_us=NEW_DAYS * DAY_US, reference_us=28 * DAY_US)

# One leaf for each of four kinds of payments: what is foretold is what comes true.
SHARES = {"small": 0.02, "small web": 0.05, "large": 0.30, "large web": 0.60}
MODEL = {
    "format": "jindi-model/1",
    "kind": "trees",
    "inputs": [{"name": "amount", "type": "money of CNY"}, {"name": "channel", "type": "text", "equals": "web"}],
    "base": 0.0,
    "link": "identity",
    "trees": {
        "leaves": [4],
        "feature": [0, 1, 1],
        "threshold": [899.995, 0.5, 0.5],
        "missing": [2, 0, 0],
        "default_left": [0, 0, 0],
        "left": [1, -1, -3],
        "right": [2, -2, -4],
        "value": [*SHARES.values()],
        "count": [7000, 2000, 700, 300],
    },
    "calibration": {"kind": "none"},
    "card": "models/fraud.md",
}
RULE = """
[[rule]]
id = "model-sure"
doc = { zh = "模型认为是欺诈。", en = "The model takes it for fraud." }
when = "fraud >= 0.5"
then = "review"
basis = "models/fraud.md"
case = [ { name = "yes", given = { fraud = 0.95 }, fires = true }, { name = "no", given = { fraud = 0.1 }, fires = false } ]
"""


def platform_files():
    return {
        f"platform/{path.relative_to(PLATFORM).as_posix()}": path.read_text("utf-8")
        for path in PLATFORM.rglob("*.toml")
    }


@cache
def packs(mature="5d"):
    from jindi.packs.models import seal

    files = with_model(FILES, text=seal(MODEL), rule=RULE) | platform_files()
    return files | {"shop/labels.toml": FILES["shop/labels.toml"].replace('mature = "30d"', f'mature = "{mature}"')}


def town(seed=1, per_day=80, people=900, large=0.10, web=0.3, new=None, shares=None, new_shares=None):
    """Payments over five weeks and what is reported about them. `new` says how the last week is otherwise; `new_shares`
    what then comes true in the last fortnight of mature days.
    """
    draw = random.Random(seed)
    documents, number = [], 0
    for day in range(DAYS):
        now = {"large": large, "web": web} | (new or {} if day >= DAYS - NEW_DAYS else {})
        true = SHARES | (shares or {}) | (new_shares or {} if day >= DAYS - 2 * NEW_DAYS else {})
        for _ in range(per_day):
            number += 1
            at_us = NOON_US + day * DAY_US + draw.randrange(20) * HOUR_US
            is_large, is_web = draw.random() < now["large"], draw.random() < now["web"]
            fen = draw.randrange(90_000, 99_000) if is_large else draw.randrange(100, 20_000)
            person = draw.randrange(people)
            payment = pay(
                number, f"{fen // 100}.{fen % 100:02}", at_us, user=f"u{person}", device=f"device-{person:05}",
                channel="web" if is_web else "app", phone=None, card=None, ip=None,
            )  # fmt: skip
            kind = ("large" if is_large else "small") + (" web" if is_web else "")
            documents.append((at_us, payment))
            if draw.random() < true[kind]:
                documents.append((at_us + HOUR_US, report(number, f"p{number}", at_us + HOUR_US)))
    documents.sort(key=lambda each: each[0])
    return documents


def lived(documents, files=None, change=None):
    """The journal of a shop that these events came to; `change` gives other packs from a day on."""

    async def go():
        async with Shop(files or packs(), settings=Settings(release_due=False)) as shop:
            changed = change is None
            for at_us, document in documents:
                shop.clock.at_us = max(shop.clock.at_us, at_us)
                if not changed and at_us >= NOON_US + change[0] * DAY_US:
                    await shop.platform.take(change[1])
                    changed = True
                last = shop.submit(document)
                if len(shop.platform.lane.recent) % 512 == 0:
                    await last
            await last
            shop.platform.lane.settle()
            return copied(shop.log)

    return run(go())


@cache
def quiet():
    """Five weeks in which nothing changes."""
    return lived(town())


def archive(log):
    return Archive(copied(log))


def evaluation(auc=0.80, spread=0.02):
    return Evaluation(auc, auc - spread, auc + spread, 0.3, "fraud", 5000, 300)


def evaluation_text(auc=0.80, spread=0.02):
    """As `jindi learn` writes it, as far as it is read."""
    fold = {
        "auc": auc, "auc_interval": [auc - spread, auc + spread], "average_precision": 0.3, "rows": 5000, "positives": 300,
    }  # fmt: skip
    return json.dumps({"recipe": {"label": "fraud"}, "folds": [fold]})
