"""Links: what questions cost where there are a million, what making them of the journal costs, and whom."""

import asyncio
import json
import random
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from benchmarks.casework import Wall, timed_ms
from benchmarks.measuring import Report, cpu_s
from jindi.app.wiring import Outside
from jindi.basics.instants import DAY_US, format_instant
from jindi.parties import expand, laid_out, shortest
from jindi.ports import Link, LinkEntity, LinkQuery
from jindi.run.follower import REST_S
from jindi.run.links import Following
from jindi.run.platform import Platform, Settings
from jindi.stores import SegmentLog, SqliteLinks
from jindi.stores.files import MemoryBlobs
from jindi.vault import KEY_BYTES, Tokens

STORE = "Links kept: {links:,}"
FOLLOWER = "Links made of the journal: {decisions:,} decisions with four entities each, {users:,} users"
AT_ONCE, KEEP_US = 500, 180 * DAY_US

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
shop = { type = "text", class = "C1", entity = "merchant", doc = { zh = "商户", en = "Which shop" } }
device = { type = "text", class = "C2", entity = "device", identifier = "device", doc = { zh = "设备", en = "Device" } }
ip = { type = "text", class = "C2", entity = "ip", identifier = "ip", doc = { zh = "地址", en = "Address" } }
amount = { type = "money", class = "C2", doc = { zh = "金额", en = "The amount" } }
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
basis = "to measure with"
case = [ { name = "yes", given = { amount = "1000.00" }, fires = true }, { name = "no", given = { amount = "1.00" }, fires = false } ]
""",  # noqa: E501 - a table of TOML
}


def measure(report: Report, folder: Path, *, quick: bool, rounds: int) -> None:
    """The store by itself, the picture, then a journal and its follower."""
    keep(report, folder / "kept.sqlite", links=5_000 if quick else 1_000_000, rounds=rounds)
    asyncio.run(follow(report, folder, decisions=2_000 if quick else 200_000, rounds=rounds, quick=quick))


# ---- the store


def keep(report: Report, path: Path, *, links: int, rounds: int) -> None:
    """What is asked of a store that is full. Devices have few users, addresses hundreds, one has five thousand."""
    subject, draw = STORE.format(links=links), random.Random(7)
    store = SqliteLinks(path)
    users, begin, made = links // 4, time.perf_counter(), 0
    while made < links:
        piece = [one for _ in range(AT_ONCE * 4) for one in drawn(draw, users)][: links - made]
        ends = {name for each in piece for name in each[:2]}
        store.put([LinkEntity(name, 1, made + 1, 1, 0, 0) for name in sorted(ends)], piece, made + 1, b"m", KEEP_US)
        made += len(piece)
    report.add(subject, "filled, new and seen again", "links/s", [made / (time.perf_counter() - begin)])
    there = sum(store.roles().values())
    report.add(subject, "file", "B per link, its entities included", [path.stat().st_size / there])
    query, hubs = LinkQuery(since_us=0), [f"ip:i{n}" for n in range(3)]

    def graph(name: str, depth: int):
        start = store.entities([name])[name]
        return expand(
            start, lambda each: store.near(each, query, 5_000), lambda names: store.between(names, query), depth=depth
        )  # fmt: skip

    named = [f"user:u{draw.randrange(users)}" for _ in range(40)]
    named = [name for name in named if store.entities([name])]
    whole = [graph(name, 2) for name in named]
    report.add(subject, "entities met within two links", "median", [sorted(g.found for g in whole)[len(whole) // 2]])
    for told, work in {
        "expansion, one link far": lambda: [graph(name, 1) for name in named],
        "… two far": lambda: [graph(name, 2) for name in named],
        "… three far": lambda: [graph(name, 3) for name in named],
    }.items():
        report.add(subject, told, "ms each", [timed_ms(work, 3) / len(named) for _ in range(rounds)])
    report.add(subject, "links of the largest hub", "", [store.entities(hubs[:1])[hubs[0]].degree])
    report.add(subject, "expansion of a hub", "ms", [timed_ms(lambda: graph(hubs[0], 1), 3) for _ in range(rounds)])
    pairs = list(pairwise(named))

    def way(a: str, b: str):
        ends = store.entities([a, b])
        return shortest(ends[a], ends[b], lambda each: store.near(each, query, 5_000))

    found = [way(*pair) for pair in pairs]
    report.add(subject, "ways found", "of all asked", [sum(bool(each.entities) for each in found) / len(found)])
    report.add(subject, "links looked at for a way", "median", [sorted(each.looked for each in found)[len(found) // 2]])
    spent = [timed_ms(lambda pair=pair: way(*pair), 1) for pair in pairs]
    report.add(subject, "a way, found or given up", "ms, median", [sorted(spent)[len(spent) // 2]])
    report.add(subject, "… the slowest", "ms", [max(spent)])
    largest = max((graph(name, 3) for name in named), key=lambda each: len(each.entities))
    places = {each.name: n for n, each in enumerate(largest.entities)}
    ends = [(places[each.a], places[each.b]) for each in largest.links]
    report.add(subject, "largest picture", "entities", [len(places)])

    def picture() -> None:
        laid_out(len(places), ends, 800, 480, 40)

    report.add(subject, "… laid out", "ms", [timed_ms(picture, 3) for _ in range(rounds)])
    store.close()

    def reopen() -> None:
        SqliteLinks(path).close()

    report.add(subject, "opened, with the look whether it is whole", "ms", [timed_ms(reopen, 1)])


def drawn(draw: random.Random, users: int) -> list[Link]:
    """The links of one event: a user on a device, at an address, with a shop or a payee."""
    user, at_us, worst = f"user:u{draw.randrange(users)}", draw.randrange(10**12), draw.choice([0] * 19 + [3])
    device, address = f"device:d{draw.randrange(users)}", f"ip:i{int(draw.random() ** 3 * users / 10)}"
    other, roles = (
        (f"merchant:m{draw.randrange(2_000)}", "merchant-user") if draw.random() < 0.6
        else (f"user:u{draw.randrange(users)}", "payee-user")
    )  # fmt: skip
    seen = (at_us, at_us, 1, int(worst > 0), worst)
    money = (("CNY", draw.randrange(10**6)),)
    return [
        Link(device, user, "device-user", *seen), Link(address, user, "ip-user", *seen),
        Link(other, user, roles, *seen, money),
    ][: 3 if other != user else 2]  # fmt: skip


# ---- the follower


async def follow(report: Report, folder: Path, *, decisions: int, rounds: int, quick: bool) -> None:
    """A journal that is made, followed, and made into links again."""
    users = 100 if quick else 20_000
    subject = FOLLOWER.format(decisions=decisions, users=users)
    platform = Platform(
        open_log=lambda _: SegmentLog(folder / "journal"), blobs=MemoryBlobs(), tokens=Tokens(bytes(KEY_BYTES)),
        clock=Wall(), files={**Outside().pack_files([]), **PACK}, settings=Settings(release_due=False),
    )  # fmt: skip
    await platform.start()
    try:
        await beside(report, subject, platform, folder, users=users, count=500 if quick else 10_000, rounds=rounds)
        await decide(platform, users, max(decisions - platform.log.next_seq(), 0), "more")
        for told, rest_s in (("rebuilt from nothing, without rests", 0.0), ("… resting as beside a lane", REST_S)):
            path = folder / f"again-{rest_s}.sqlite"
            following = Following(platform, SqliteLinks(path), print, rest_s=rest_s)
            records, wall, cpu = platform.log.next_seq(), time.perf_counter(), cpu_s()
            await following.catch_up()
            report.add(subject, told, "decisions/s", [records / (time.perf_counter() - wall)])
            report.add(subject, "… CPU", "µs per decision", [(cpu_s() - cpu) / records * 1e6])
            links = sum(following.store.roles().values())
            await following.close()
            report.add(subject, "… file", "B per link, its entities included", [path.stat().st_size / links])
    finally:
        await platform.close(snapshot=False)


async def beside(
    report: Report, subject: str, platform: Platform, folder: Path, *, users: int, count: int, rounds: int
) -> None:
    """The same decisions in turn with and without somebody who follows."""
    following, alone, followed = Following(platform, SqliteLinks(folder / "followed.sqlite"), print), [], []
    waits: dict[str, list[float]] = {"alone": [], "followed": []}
    await decide(platform, users, count, "first")
    for number in range(rounds):
        alone.append(count / await decide(platform, users, count, f"a{number}", waits["alone"]))
        await following.catch_up()
        keeping = asyncio.create_task(following.keep())
        followed.append(count / await decide(platform, users, count, f"f{number}", waits["followed"]))
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        following._stopping.clear()  # noqa: SLF001 - it goes on in the next round
    report.add(subject, "decided in this process, nobody follows", "/s", alone)
    report.add(subject, "… while links are made of them", "/s", followed)
    for told, spent in (("slowest of a hundred rounds of 500, alone", "alone"), ("… followed", "followed")):
        row = sorted(waits[spent])
        report.add(subject, told, "ms", [row[min(len(row) * 99 // 100, len(row) - 1)]])
    await following.close()


async def decide(platform: Platform, users: int, count: int, name: str, waits: list[float] | None = None) -> float:
    """Decide so many payments; answers the seconds that it took."""
    draw, begin = random.Random(name), time.perf_counter()
    for first in range(0, count, AT_ONCE):
        at, now_us, since = format_instant(platform.now_us()), platform.now_us(), time.perf_counter()
        answers = [
            platform.submit(payment(f"{name}-{number}", draw, users, at), now_us)
            for number in range(first, min(first + AT_ONCE, count))
        ]
        await asyncio.gather(*answers)
        if waits is not None:
            waits.append((time.perf_counter() - since) * 1e3)
    return time.perf_counter() - begin


def payment(identifier: str, draw: random.Random, users: int, at: str) -> bytes:
    """A payment: most by one's own device, at an address that some share."""
    user = draw.randrange(users)
    event = {
        "id": identifier, "type": "pay", "at": at, "user": f"u{user}", "shop": f"m{draw.randrange(500)}",
        "device": f"device-{user if draw.random() < 0.9 else draw.randrange(users)}",
        "ip": f"10.{draw.randrange(4)}.{user % 200}.{user // 200 % 200}", "amount": "10.00",
    }  # fmt: skip
    return json.dumps(event).encode()
