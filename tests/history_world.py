"""Journals with everything in them, archives of them, and the naive row that every archived one must equal."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from jindi.app.wiring import Outside
from jindi.journal import Chain, unseal
from jindi.packs import OUTCOMES
from jindi.run.archive import Archive
from jindi.run.history.follower import Follower
from jindi.run.history.manifest import MANIFEST
from jindi.run.history.shapes import column_names
from jindi.run.intake import Refused
from jindi.run.platform import Platform, Settings
from jindi.run.records import DecisionRecord, decision_id
from jindi.run.simulate import World
from jindi.stores.files import MemoryBlobs
from jindi.stores.memory_log import MemoryLog
from jindi.vault import Tokens
from shop_world import (
    EVENTS,
    FEATURES,
    HOUR_US,
    KEY,
    NOON_US,
    POLICY,
    SECOND_US,
    Clock,
    Shop,
    event,
    list_entry,
    pay,
    shop_files,
)

SHADOW = """
id = "{id}"
on = "pay"
state = "shadow"
deadline = "200ms"
doc = {{ zh = "影子策略。", en = "A shadow." }}
[[rule]]
id = "small-too"
doc = {{ zh = "小额也查。", en = "Small ones, too." }}
when = "amount >= cny('{least}')"
then = "review"
score = 7
basis = "shop rules 8"
case = [ {{ name = "yes", given = {{ amount = "{least}" }}, fires = true }},
         {{ name = "no", given = {{ amount = "0.01" }}, fires = false }} ]
"""

MEAN = """
[usual_30d]
doc = { zh = "三十天内付款的平均金额。", en = "The mean of the payments of thirty days." }
of = ["pay"]
by = "user"
fold = "mean"
value = "amount"
over = "30d"

[usual_twice]
doc = { zh = "平均金额的两倍。", en = "Twice the mean." }
is = "usual_30d + usual_30d"
"""

RATIO = """
[spent_share]
doc = { zh = "本笔占当日获准金额的比例。", en = "This payment's share of what was allowed in the day." }
is = "amount / spent_1d"
else = "0"
"""

COUPON = 'coupon = { type = "int", class = "C1", required = false, doc = { zh = "券", en = "A coupon" } }\n\n[reading]'


def versions():
    """Three sets of definitions: the shop's own, with shadows and a ratio, with a new field and a feature fewer."""
    shadowed = shop_files(features=FEATURES + RATIO + MEAN) | {
        "shop/policies/one.toml": SHADOW.format(id="one", least="4.00").replace(
            "amount >= cny('4.00')", "amount >= cny('4.00') or amount > usual_twice"
        ),
        "shop/policies/two.toml": SHADOW.format(id="two", least="6000.00"),
    }
    changed = shop_files(
        events=EVENTS.replace("[reading]", COUPON, 1),
        policy=POLICY.replace("amount >= cny('10000')", "amount >= cny('12000')").replace("10000.00", "12000.00"),
    )
    return shop_files(), shadowed, changed


def events_of(number, at_us):
    """A few events of every kind; `number` makes their ids their own."""
    amounts = ("2000.00", "5.00", "6000.00", "15000.00", "0.01", "1", "999.99")
    for n, amount in enumerate(amounts):
        user = ("u3", "villain", "=cmd()", f"v{number}")[n % 4]
        yield pay(1000 * number + n, amount, at_us + n * SECOND_US, user=user)
    yield event("reading", f"r{number}", at_us + 8 * SECOND_US, whole=number % 7, share=number / 7, good=True,
                when_="2026-01-01T00:00:00Z", price="3.50", money_of="USD", yen="40")  # fmt: skip
    yield list_entry(f"l{number}", "blocked", f"u{number}", at_us=at_us + 9 * SECOND_US)


@cache
def shop_journal():
    """Several days and versions, with follow-ups, shadows, late and degraded decisions: as a log of batches."""

    async def go():
        async with Shop(clock=Clock(NOON_US), settings=Settings(release_due=False)) as shop:
            number = 0
            for files in versions():
                await shop.platform.take(files)
                for _ in range(3):
                    number += 1
                    at_us = NOON_US + number * 9 * HOUR_US
                    shop.clock.at_us = at_us + 10 * SECOND_US
                    answers = [await shop.send(each) for each in events_of(number, at_us)]
                    for answer in answers:
                        follow = {"decision": answer["decision_id"], "by": "s1"}
                        at_us = shop.clock.at_us
                        name = f"{number}-{answer['decision_id']}"
                        if answer["outcome"] == "challenge":
                            result = {"decision": answer["decision_id"], "user": "u3", "method": "otp", "passed": True}
                            with contextlib.suppress(Refused):
                                await shop.send(event("challenge_result", f"cha-{name}", at_us, **result))
                                await shop.send(pay(f"again-{name}", "2000.00", at_us, user="u3"))
                        elif answer["outcome"] == "delay":
                            await shop.send(event("decision_release", f"rel-{name}", at_us, **follow))
                        elif answer["outcome"] == "review":
                            verdict = event("review_verdict", f"ver-{name}", at_us, verdict="accept", **follow)
                            await shop.send(verdict)
                    # Far behind the others in its own time: late; long on its way: past the deadline.
                    await shop.send(pay(1000 * number + 50, at_us=at_us - HOUR_US))
                    raw = json.dumps(pay(1000 * number + 51, "2000.00", at_us=at_us)).encode()
                    await shop.platform.submit(raw, at_us - 10 * SECOND_US)
            return shop.log

    return asyncio.run(go())


@cache
def wallet_journal(count=700):
    """The simulated wallet under the shipped packs."""

    async def go():
        clock, log = Clock(1_790_000_000_000_000), MemoryLog()
        platform = Platform(
            open_log=lambda _: log, blobs=MemoryBlobs(), tokens=Tokens(KEY), clock=clock,
            files=Outside().pack_files([]), settings=Settings(release_due=False),
        )  # fmt: skip
        await platform.start()
        world = World(11, users=200, start_us=clock.at_us)
        for simulated in world:
            clock.at_us = max(clock.at_us, world.now_us)
            try:
                await platform.submit(msgspec.json.encode(simulated.event), clock.at_us)
            except Refused:
                continue
            decided = platform.lane.recent[-1]
            decision = decided.decision
            wait = {"wait_us": decision.wait_us} if decision.wait_us is not None else {}
            world.react(simulated.event["id"], decision.outcome, decision.method,
                        decision_id=decision_id(decided.seq), **wait)  # fmt: skip
            if log.next_seq() >= count:
                break
        await platform.close()
        return log

    return asyncio.run(go())


def rebatched(log, sizes):
    """The same records in batches of other sizes: a journal's batches fall as they fall."""
    records = [record for frame in log.read(0) for record in unseal(frame.batch).records]
    other, chain, at = MemoryLog(), Chain(), 0
    for size in [*sizes, *[64] * len(records)]:
        if some := records[at : at + size]:
            other.append(chain.seal(some, at), at, len(some))
            at += len(some)
    return other


def prefix(log, batches):
    """The first batches of a journal."""
    other = MemoryLog()
    for frame in list(log.read(0))[:batches]:
        other.append(frame.batch, frame.first, frame.count)
    return other


def archived(files, log, **more):
    """Follow a journal to its end; the follower."""
    assert files.hold()
    follower = Follower(files, Archive(log), **more)
    follower.follow()
    return follower


def instant(us):
    return None if us is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def naive_rows(log):
    """What every archive of a journal holds, by number: written down one value at a time."""
    archive, rows = Archive(log), {}
    for seq, record in archive.records(0):
        if not isinstance(record, DecisionRecord):
            continue
        program = archive.program(record.definitions)
        ep = program.events[record.event_type]
        ids = [rule.id for rule in ep.live.policy.rules] if ep.live else []
        verdict = record.verdict
        row = {
            "day": f"{instant(record.as_of_us):%Y-%m-%d}", "type": record.event_type, "seq": seq,
            "decision_id": decision_id(seq), "event_id": record.event_id, "at": instant(record.at_us),
            "as_of": instant(record.as_of_us), "received_at": instant(record.received_us), "late": record.late,
            "definitions": record.definitions, "definitions_digest": program.digest,
            "policy": ep.live.policy.id if ep.live else None,
            "policy_digest": ep.live.policy.digest if ep.live else None,
            "outcome": str(OUTCOMES[verdict.outcome]), "score": verdict.score,
            "reasons": [ids[n] for n in verdict.hits], "exempted": [ids[n] for n in verdict.exempted],
            "presumed": [ids[n] for n in verdict.presumed], "degraded": list(verdict.degraded),
            "absent": list(record.absent), "method": verdict.method, "wait_us": verdict.wait_us,
            "shadows": [
                {"policy": shadow.policy.id, "outcome": str(OUTCOMES[said.outcome]), "score": said.score,
                 "hits": [shadow.policy.rules[n].id for n in said.hits]}
                for shadow, said in zip(ep.shadows, record.shadows, strict=True)
            ],
        }  # fmt: skip
        facts = ep.complete([*record.values, *record.facts], frozenset(record.absent))
        for column, kind, value in zip(column_names(ep.slots), ep.types, facts, strict=True):
            row[column] = instant(value) if kind.kind == "time" else value
        rows[seq] = row
    return rows


def read_rows(files):
    """What an archive holds, by number, read file by file as anybody would; each number only once."""
    rows = {}
    for path in files.names():
        if path == MANIFEST:
            continue
        day, event_type, name = path.split("/")
        assert name.endswith(".parquet"), path
        with files.open(path) as raw:
            table = pq.read_table(pa.BufferReader(raw.read()))
        for row in table.to_pylist():
            assert row["seq"] not in rows, "a decision stands in two parts"
            rows[row["seq"]] = {"day": day.removeprefix("day="), "type": event_type.removeprefix("type=")} | row
    return rows


def count_of(log):
    return sum(isinstance(record, DecisionRecord) for _, record in Archive(log).records(0))
