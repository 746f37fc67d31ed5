"""One box for everything that has a name: what is found, for whom, and that a typed number stays nowhere."""

from functools import partial

import pytest
from incidents_pages_world import World as IncidentWorld
from links_door_world import LinkWorld
from test_doors_links_console import shows, to

from incidents_world import STAFF_PACK, alarm, incident_files
from jindi.access import Permits, Role
from jindi.cases.incidents_steps import Link
from jindi.doors.console.searching import SearchPages
from jindi.run.reveals import Reveals
from jindi.run.watching import Viewer
from shop_world import CARD, DEVICE, PHONE, pay, run


class Searched(LinkWorld):
    """The world of links with the box."""

    def groups(self, permits):
        made = super().groups(permits)
        search = partial(
            SearchPages, self.platform, audit=self.audit, reveals=self.reveals, linked=self.linked, cases=self.desk
        )
        return [*made, search]


class Alarmed(IncidentWorld):
    """The world of incidents with the box."""

    def groups(self):
        reveals = Reveals(self.platform, self.audit, Permits())
        search = partial(
            SearchPages, self.platform, audit=self.audit, reveals=reveals, linked=None, cases=None, incidents=self.desk
        )
        return [*super().groups(), search]


def living(work, world=Searched):
    async def go():
        async with world() as world_now:
            await work(world_now)

    run(go())


async def look(visit, text):
    return await visit.post("/console/search", text=text)


def test_an_id_leads_straight_to_what_it_names():
    async def go(world):
        (decision,) = await world.happens(pay(1, "12000.00", user="ann"))
        case, visit = await world.of(decision), world.visit()
        assert to(await look(visit, decision)) == f"/console/decisions/{decision}"
        assert to(await look(visit, case.id)) == f"/console/cases/{case.id}"
        assert to(await look(visit, "p1")) == f"/console/decisions/{decision}"
        assert to(await look(visit, "")) == "/console/decisions"
        nothing = await look(visit, "dec_0000000fffff")
        assert (nothing.status_code, "Nothing has this name" in nothing.text) == (404, True)
        assert 'action="/console/search"' in nothing.text

    living(go)


def test_a_customer_is_found_by_his_id_and_a_device_by_what_it_is_in_clear():
    async def go(world):
        await world.happens(pay(1, "12000.00", user="ann", device=DEVICE), pay(2, "20.00", user="ann"))
        visit = world.visit()
        found = await look(visit, "ann")
        assert shows(found, "user ann", "in 2 decisions", "/console/links?start=user%3Aann", "subject=user%3Aann")
        device = await look(visit, DEVICE)
        assert shows(device, f"device {world.platform.token_of('device', DEVICE)}")
        assert DEVICE not in device.text
        assert shows(await look(visit, world.platform.token_of("device", DEVICE)), "device")

    living(go)


@pytest.mark.parametrize("text", [CARD, PHONE, "王小明", "nobody@example.com"])
def test_a_number_or_a_name_in_clear_stays_on_no_page_and_in_no_record(text):
    async def go(world):
        await world.happens(pay(1, "12000.00", user="ann", card=CARD))
        visit = world.visit()
        answer = await look(visit, text)
        assert text not in answer.text
        assert text not in str(answer.headers)
        done = await world.doings("search.find")
        assert len(done) == 1
        assert text not in str(done)
        assert text.encode() not in b"".join(frame.batch for frame in world.platform.log.read(0))

    living(go)


def test_rules_features_and_lists_are_found_by_a_part_of_their_name_or_sentence():
    async def go(world):
        visit = world.visit("wang")
        definitions = world.platform.program.definitions
        policy = definitions.live_policy("pay")
        rule = policy.rules[0]
        found = await look(visit, rule.id)
        assert f"/console/policies/{policy.id}#{rule.id}" in (found.headers.get("location") or found.text)
        by_words = await look(visit, rule.doc.en[:12])
        assert rule.id in by_words.text or rule.id in by_words.headers.get("location", "")

    living(go)


def test_nobody_finds_what_he_may_not_read():
    async def go(world):
        (decision,) = await world.happens(pay(1, "12000.00", user="ann"))
        security = world.visit("sec", roles=(Role.SECURITY_ADMIN,))
        assert (await look(security, decision)).status_code == 403
        without = await world.visit().http.post("/console/search", data={"text": "ann"})
        assert without.status_code == 403
        assert not [each for each in await world.doings("search.find") if each[2] == "allowed"]

    living(go)


def test_an_incident_is_found_by_its_id_and_by_words_of_its_title():
    async def go(world):
        leak = await world.open(title="网关接口被遍历 Gateway enumerated")
        other = await world.open(title="Payments were slow at noon")
        visit = world.visit()
        assert to(await look(visit, leak.id)) == f"/console/incidents/{leak.id}"
        assert to(await look(visit, "gateway ENUMERATED")) == f"/console/incidents/{leak.id}"
        assert to(await look(visit, "遍历")) == f"/console/incidents/{leak.id}"
        assert to(await look(visit, "noon payments")) == f"/console/incidents/{other.id}"
        assert (await look(visit, "gateway noon")).status_code == 404
        assert (await look(visit, "inc_0000000fffff")).status_code == 404
        third = await world.open(title="Gateway restarted")
        both = await look(visit, "gateway")
        assert shows(both, leak.id, third.id, "Gateway restarted", "Serious")

    living(go, Alarmed)


def test_an_incident_about_staff_is_found_by_nobody_whom_the_alert_is_about():
    async def go(world):
        alert = await alarm(world)
        watch = Viewer("chen", oversees=True)
        about = await world.open("chen", viewer=watch, title="Somebody looked too often", links=(Link("alert", alert),))
        assert to(await look(world.visit("chen"), about.id)) == f"/console/incidents/{about.id}"
        for text in (about.id, "looked too often"):
            for who, role in (("eve", Role.AUDITOR), ("bob", Role.AUDITOR), ("wang", Role.SENIOR_ANALYST)):
                found = await look(world.visit(who, roles=(role,)), text)
                assert (found.status_code, "location" in found.headers) == (404, False), who
                assert "looked too often" not in found.text.replace(f'value="{text}"', "")

    living(go, lambda: Alarmed(incident_files(**STAFF_PACK)))


def test_whoever_may_not_read_incidents_finds_none():
    async def go(world):
        leak = await world.open(title="Gateway enumerated")
        author = world.visit("ann", roles=(Role.POLICY_AUTHOR,))
        may = (await author.get("/console/incidents")).status_code == 200
        for text in (leak.id, "gateway"):
            assert ((await look(author, text)).status_code != 404) is may

    living(go, Alarmed)
