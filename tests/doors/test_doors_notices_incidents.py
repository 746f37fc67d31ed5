"""Who is told of incidents: whoever leads them and has a post in one, of clocks that run out, once, and of no drill."""

import msgspec
from cases_world import FILES
from notices_world import STAFF_PACK, Told

from incidents_world import MINUTE_US, RULES, alarm, opening
from jindi.cases.incidents_steps import Appoint, Classify, Excuse, Link, Task
from jindi.ports import NoticeQuery
from jindi.run.audit import Actor
from jindi.run.incidents.desk import Desk
from jindi.run.watching import Viewer
from shop_world import DAY_US, HOUR_US, run

ALL = Viewer("wang", oversees=False)
BY_WANG = Actor("per_wang", "wang", "console")


def living(work, **more):
    async def go():
        async with Told(files=FILES | RULES | more.pop("packs", {}), **more) as world:
            world.incidents = Desk(world.platform, lambda: ("wang", "sun", "limin"))
            await world.round()
            await work(world)

    run(go())


async def told(world, who):
    await world.round()
    return [name for name, _ in await world.of(who) if name.startswith("incident.")]


async def opened(world, **changed):
    now_us = world.clock.now_us()
    return await world.incidents.open(BY_WANG, opening(aware_us=now_us, **changed), ALL)


async def take(world, incident, step):
    return await world.incidents.take(BY_WANG, incident.id, step, ALL, leads=True)


def test_who_leads_is_told_that_one_was_opened_and_graded_up_and_who_opened_it_is_not():
    async def go(world):
        incident = await opened(world)
        assert await told(world, "sun") == ["incident.opened"]
        assert await told(world, "wang") == []
        assert await told(world, "limin") == []
        grade = {"incident_kind": "data", "profiles": ("cn",), "why": "x"}
        incident = await take(world, incident, Classify(grade="major", **grade))
        assert sorted(await told(world, "sun")) == ["incident.opened", "incident.raised"]
        await take(world, incident, Classify(grade="general", **grade))
        assert sorted(await told(world, "sun")) == ["incident.opened", "incident.raised"], "not of a lower one"

    living(go)


def test_a_clock_tells_at_half_at_three_quarters_and_when_it_is_late_and_no_more_once_it_is_settled():
    async def go(world):
        incident = await opened(world, grade="general", incident_kind="data", profiles=("nis2",))
        incident = await take(
            world, incident, Classify(grade="serious", incident_kind="fraud", profiles=("nis2",), why="x")
        )  # fmt: skip
        assert {each.report for each in incident.owed} == {"nis2_warning", "nis2_notice"}
        incident = await take(world, incident, Excuse("nis2_notice", "x"))

        async def clocks():
            return [name for name in await told(world, "sun") if name.rpartition(".")[2] in ("half", "near", "late")]

        assert await clocks() == []
        found = []
        for hours in (12, 6, 7):
            world.clock.at_us += hours * HOUR_US
            found = await clocks()
        assert sorted(found) == ["incident.half", "incident.late", "incident.near"]
        world.clock.at_us += DAY_US
        assert sorted(await clocks()) == ["incident.half", "incident.late", "incident.near"], "once each"

    living(go)


def test_whose_post_or_task_it_is_is_told_and_that_a_task_is_due():
    async def go(world):
        incident = await opened(world, grade="general", incident_kind="fraud")
        assert await told(world, "limin") == []
        incident = await take(world, incident, Appoint("scribe", "limin"))
        await take(world, incident, Task("look", "limin", world.clock.now_us() + 10 * MINUTE_US))
        assert sorted(await told(world, "limin")) == ["incident.appointed", "incident.task"]
        world.clock.at_us += 11 * MINUTE_US
        assert sorted(await told(world, "limin")) == ["incident.appointed", "incident.task", "incident.task_due"]

    living(go)


def test_nobody_is_told_of_a_drill_s_clocks_or_of_what_hangs_together_with_an_alert_about_staff():
    async def go(world):
        drill = await opened(world, drill=True)
        alert = await alarm(world)
        secret = await world.incidents.open(
            BY_WANG, opening(links=(Link("alert", alert),)), Viewer("ann", oversees=True)
        )  # fmt: skip
        assert secret.alerts
        assert drill.owed
        world.clock.at_us += 6 * HOUR_US
        for who in ("sun", "qian", "zhou"):
            assert await told(world, who) == [], who

    living(go, packs=STAFF_PACK)


def test_what_is_told_names_the_incident_and_nothing_of_it():
    async def go(world):
        incident = await opened(world, title="secret title")
        await world.round()
        found, _ = await world.notices.desk.mine(world.who("sun"), NoticeQuery(unread=True))
        assert found
        assert b"secret" not in msgspec.json.encode([each.notice for each in found])
        assert [matter for name, matter in await world.of("sun") if name == "incident.opened"] == [incident.id]

    living(go)
