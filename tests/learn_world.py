"""A table of facts to learn from, and a recipe over it: the shop's payments with planted frauds."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAYS, PER_DAY = 60, 60
RECIPE = """
name = "fraud"
on = "pay"
kind = "KIND"
doc = { zh = "欺诈概率。", en = "The probability of fraud." }
inputs = ["amount", "pays_1d", "channel == 'web'", "device_users"]
label = "fraud"
known = "fraud_at"
entity = "user"
amount = "amount"
segments = ["channel"]
delay = "7d"
test_from = 2026-02-20
train = "21d"
calibrate = "7d"
folds = 2
cards_per_day = 5
MORE
[settings]
trees = 20
leaves = 6
bags = 3
"""


def facts(path, **changed):
    """Payments in which large amounts by web, and many in a day, are likelier fraud; told 1 to 10 days later."""
    chance = np.random.default_rng(1)
    count = DAYS * PER_DAY
    at = [FIRST + timedelta(minutes=int(1440 * i / PER_DAY)) for i in range(count)]
    cents = chance.integers(100, 200_000, count)
    pays = chance.integers(1, 9, count)
    web = chance.random(count) < 0.5
    risk = -4.0 + cents / 60_000 + 0.3 * pays + 1.5 * web
    fraud = chance.random(count) < 1 / (1 + np.exp(-risk))
    told = [
        moment + timedelta(days=int(days)) if bad else None
        for moment, days, bad in zip(at, chance.integers(1, 11, count), fraud, strict=True)
    ]
    table = {
        "event_type": ["pay"] * count,
        "at": pa.array(at, pa.timestamp("us", "UTC")),
        "user": [f"u{i}" for i in chance.integers(0, 400, count)],
        "amount": pa.array((cents / 100).astype(np.float32), pa.float32()),
        "pays_1d": pays,
        "channel": ["web" if each else "app" for each in web],
        "device_users": [None if i % 7 == 0 else i % 5 for i in range(count)],
        "fraud": fraud,
        "fraud_at": pa.array(told, pa.timestamp("us", "UTC")),
    } | changed
    pq.write_table(pa.table(table), path)
    return path
