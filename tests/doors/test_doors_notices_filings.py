"""Who is told of reports: who may agree to one, and who writes them; nobody else, and no team's channel."""

from cases_world import FILES
from notices_world import Told

from filings_world import who
from jindi.cases.filings_steps import Propose, Sealed
from jindi.parties.reporting.drafts import Draft
from jindi.run.filings.desk import Desk
from shop_world import DAY_US, run

LIMIT = """
[suspicious_report_days]
doc = { zh = "期限", en = "The limit" }
type = "int"
mark = "design default"
value = [{ since = 2020-01-01, is = 5, basis = { zh = "自定", en = "Ours" } }]
"""


def living(work):
    async def go():
        async with Told(files=FILES | {"shop/parameters/aml.toml": LIMIT}) as world:
            world.filings = Desk(world.platform, world.audit, world.desk)
            await world.round()
            await work(world)

    run(go())


async def told(world, person):
    await world.round()
    return sorted(name for name, _ in await world.of(person) if name.startswith("filing."))


def test_who_may_agree_is_told_and_not_who_proposed_nor_anybody_else():
    async def go(world):
        report = await world.filings.open(who("sun"), "suspicious", Draft())
        packet = Sealed("t", "0" * 64)
        await world.filings._take(who("sun"), report, Propose(packet=packet, subjects=1, transactions=1))
        assert await told(world, "feng") == ["filing.waits"]
        for person in ("sun", "limin", "wang", "chen", "zhou", "qian"):
            assert await told(world, person) == [], person

    living(go)


def test_who_writes_is_told_once_when_time_is_nearly_over_and_when_it_is_and_no_channel_is():
    async def go(world):
        await world.channel("webhook", "http://127.0.0.1:9/hook", secret="whsec_" + "A" * 32, roles=("aml_officer",))
        report = await world.filings.open(who("sun"), "suspicious", Draft())
        begun = report.owed.begun
        world.clock.at_us = begun.due_us - (begun.due_us - begun.start_us) // 5
        assert await told(world, "sun") == ["filing.near"]
        world.clock.at_us = begun.due_us
        assert await told(world, "sun") == ["filing.near"], "its last instant is in time"
        world.clock.at_us += 1
        assert await told(world, "sun") == ["filing.late", "filing.near"]
        world.clock.at_us += DAY_US
        assert await told(world, "sun") == ["filing.late", "filing.near"], "once each"
        assert [await told(world, person) for person in ("limin", "wang", "feng", "qian")] == [[]] * 4
        assert not [each for each in await world.sent() if each[2].startswith("filing.") and not each[1]]

    living(go)
