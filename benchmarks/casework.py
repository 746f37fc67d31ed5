"""Cases: what the queue costs where there are many, and what it costs to make them of the journal, and whom."""

import asyncio
import json
import random
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.measuring import Report, cpu_s
from jindi.app.wiring import Outside
from jindi.basics.instants import format_instant
from jindi.ports import CaseAlert, CaseQuery, CaseRow, CaseStep, CaseStore
from jindi.run.cases import Following
from jindi.run.platform import Platform, Settings
from jindi.stores import SegmentLog, SqliteCases
from jindi.stores.files import MemoryBlobs
from jindi.vault import KEY_BYTES, Tokens

STORE = "Cases kept: {cases:,} with {alerts:,} alerts"
FOLLOWER = "Cases made of the journal: {decisions:,} decisions, one in {share} an alert, {users:,} users"
SHARE, AT_ONCE = 10, 500

PACK = {
    "bench/pack.toml": """
name = "bench"
version = "1"
zone = "Asia/Shanghai"
currency = "CNY"
needs = ["core"]
doc = { zh = "测量。", en = "To measure with." }
""",
    "bench/events.toml": """
[pay]
doc = { zh = "付款。", en = "A payment." }
late_after = "5m"
[pay.fields]
user = { type = "text", class = "C2", entity = "user", doc = { zh = "付款人", en = "Who pays" } }
amount = { type = "money", class = "C2", doc = { zh = "金额", en = "The amount" } }
""",
    "bench/typologies.toml": """
[theft]
doc = { zh = "盗用。", en = "Theft." }
by = "user"
severity = "high"
due = "4h"
""",
    "bench/policies/pay.toml": """
id = "pay"
on = "pay"
state = "live"
deadline = "200ms"
doc = { zh = "付款策略。", en = "The policy of payments." }
[[rule]]
id = "large"
doc = { zh = "大额。", en = "Large." }
when = "amount >= cny('1000')"
then = "review"
typology = "theft"
basis = "to measure with"
case = [ { name = "yes", given = { amount = "1000.00" }, fires = true }, { name = "no", given = { amount = "1.00" }, fires = false } ]
""",  # noqa: E501 - a table of TOML
}


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """The store by itself, then a journal and its follower."""
    keep(report, folder / "kept.sqlite", cases=200 if quick else 20_000, each=50, rounds=rounds)
    asyncio.run(follow(report, folder, decisions=2_000 if quick else 1_000_000, rounds=rounds, quick=quick))


# ---- the store


def keep(report: Report, path: Path, *, cases: int, each: int, rounds: int) -> None:
    """What is asked of a store that is full."""
    subject, draw = STORE.format(cases=cases, alerts=cases * each), random.Random(7)
    store = SqliteCases(path)
    begin = time.perf_counter()
    for first in range(0, cases, AT_ONCE):
        fill(store, draw, range(first, min(first + AT_ONCE, cases)), each)
    report.add(subject, "filled", "alerts/s", [cases * each / (time.perf_counter() - begin)])
    for told, work in questions(store, cases).items():
        report.add(subject, told, "ms", [timed_ms(work, 20) for _ in range(rounds)])
    for count in (1, AT_ONCE):
        rows = [row_of(draw, draw.randrange(cases)) for _ in range(count)]
        told = f"{count} case{'s' * (count > 1)} put"
        report.add(subject, told, "ms", [timed_ms(lambda: store.put(rows, [], [], 1, b""), 5) for _ in range(rounds)])  # noqa: B023
    store.close()
    report.add(subject, "file", "B per alert, its case included", [path.stat().st_size / (cases * each)])
    report.add(subject, "opened, with the look whether it is whole", "ms", [timed_ms(lambda: reopen(path), 1)])


def reopen(path: Path) -> None:
    """Open a store and let go of it."""
    SqliteCases(path).close()


def questions(store: CaseStore, cases: int) -> dict[str, Callable[[], object]]:
    """What pages of the console and programs ask."""
    now_us = cases * 1_000

    def query(**how) -> CaseQuery:
        return CaseQuery(now_us=now_us, **how)

    free = query(state="open", assignee="", snoozed=False, escalated=False)
    one = case_id(cases // 2)
    return {
        "the queue's first page": lambda: store.find(free),
        "… and how many wait": lambda: store.count(free),
        "one's own cases": lambda: store.find(query(state="open", assignee="ann")),
        "all cases, the newest first": lambda: store.find(query(order="opened", descending=True)),
        "closed cases, by money": lambda: store.find(query(state="closed", order="money", descending=True)),
        "late cases": lambda: store.find(query(state="open", late=True)),
        "cases with a tag": lambda: store.find(query(state="open", tag="vip")),
        "page 201 of the queue": lambda: store.find(query(state="open", offset=10_000)),
        "open cases by kind": lambda: store.tally(query(state="open"), "typology"),
        "tags": lambda: store.tags(50),
        "a case with its alerts, its story and its like": lambda: (
            store.case(one), store.alerts_of(one, 200), store.steps_of(one), store.of_subject("user:u7"),
        ),
    }  # fmt: skip


def case_id(number: int) -> str:
    """The id of a case."""
    return f"case_{number:012x}"


def row_of(draw: random.Random, number: int) -> CaseRow:
    """A case as they come: most are open, some are somebody's, few have a tag."""
    return CaseRow(
        case_id(number), draw.choice(["theft", "scam", "mule", "other"]), f"user:u{number % 15_000}",
        draw.choice(["open", "open", "open", "closed"]), draw.choice(["", "", "", "ann", "bob"]), draw.randrange(4),
        int(draw.random() < 0.05), draw.randrange(10**15), number * 1_000, number * 1_000 + draw.randrange(10**10), 0,
        number, draw.randrange(10**9), 50, draw.randrange(-1, 1_000_000), 0,
        ("vip",) if draw.random() < 0.1 else (), draw.randbytes(350),
    )  # fmt: skip


def fill(store: CaseStore, draw: random.Random, numbers: range, each: int) -> None:
    """Put some cases, each with its alerts and two steps."""
    alerts = [
        CaseAlert(number * each + place, case_id(number), number, draw.randbytes(100))
        for number in numbers
        for place in range(each)
    ]
    steps = [
        CaseStep(number * each + place, case_id(number), number, "ann", "note", b"{}")
        for number in numbers
        for place in range(2)
    ]
    store.put([row_of(draw, number) for number in numbers], alerts, steps, numbers[-1], b"mark")


def timed_ms(work: Callable[[], object], times: int) -> float:
    """The median of some calls, in milliseconds of wall time."""
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        spent.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(spent)


# ---- the follower


class Wall:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds since 1970."""
        return time.time_ns() // 1_000


async def follow(report: Report, folder: Path, *, decisions: int, rounds: int, quick: bool) -> None:
    """A journal that is made, followed, and made into cases again."""
    users = 100 if quick else 20_000
    subject = FOLLOWER.format(decisions=decisions, share=SHARE, users=users)
    platform = Platform(
        open_log=lambda _: SegmentLog(folder / "journal"), blobs=MemoryBlobs(), tokens=Tokens(bytes(KEY_BYTES)),
        clock=Wall(), files={**Outside().pack_files([]), **PACK}, settings=Settings(release_due=False),
    )  # fmt: skip
    await platform.start()
    try:
        await beside(report, subject, platform, folder, users=users, count=1_000 if quick else 50_000, rounds=rounds)
        left = max(decisions - platform.log.next_seq(), 0)
        await decide(platform, users, left, "more")
        for name in ("rebuilt", "rebuilt again")[: 1 if quick else 2]:
            store = SqliteCases(folder / f"{name.replace(' ', '-')}.sqlite")
            following = Following(platform, store, print)
            records, wall, cpu = platform.log.next_seq(), time.perf_counter(), cpu_s()
            await following.catch_up()
            report.add(subject, f"{name} from nothing", "s", [time.perf_counter() - wall])
            report.add(subject, "… CPU", "µs per record", [(cpu_s() - cpu) / records * 1e6])
            await following.close()
    finally:
        await platform.close(snapshot=False)


async def beside(
    report: Report, subject: str, platform: Platform, folder: Path, *, users: int, count: int, rounds: int
) -> None:
    """The same decisions in turn with and without somebody who follows."""
    store = SqliteCases(folder / "followed.sqlite")
    following, alone, followed = Following(platform, store, print), [], []
    await decide(platform, users, count, "first")
    for number in range(rounds):
        alone.append(count / await decide(platform, users, count, f"a{number}"))
        await following.catch_up()
        keeping = asyncio.create_task(following.keep())
        followed.append(count / await decide(platform, users, count, f"f{number}"))
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
    report.add(subject, "decided in this process, nobody follows", "/s", alone)
    report.add(subject, "… while cases are made of them", "/s", followed)
    await decide(platform, users, count, "behind")
    begin = time.perf_counter()
    records = await following.catch_up()
    report.add(subject, "taken in by a follower that is behind", "records/s", [records / (time.perf_counter() - begin)])
    await following.close()


async def decide(platform: Platform, users: int, count: int, name: str) -> float:
    """Decide so many payments; answers the seconds that it took."""
    draw, begin = random.Random(name), time.perf_counter()
    for first in range(0, count, AT_ONCE):
        at = format_instant(platform.now_us())
        now_us = platform.now_us()
        answers = [
            platform.submit(payment(f"{name}-{number}", draw, users, at), now_us)
            for number in range(first, min(first + AT_ONCE, count))
        ]
        await asyncio.gather(*answers)
    return time.perf_counter() - begin


def payment(identifier: str, draw: random.Random, users: int, at: str) -> bytes:
    """A payment; one in so many is large."""
    amount = f"{draw.randrange(1_000, 90_000)}.00" if draw.randrange(SHARE) == 0 else "10.00"
    event = {"id": identifier, "type": "pay", "at": at, "user": f"u{draw.randrange(users)}", "amount": amount}
    return json.dumps(event).encode()
