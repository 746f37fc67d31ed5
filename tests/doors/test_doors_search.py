"""One box for everything that has a name: what is found, for whom, and that a typed number stays nowhere."""

from functools import partial

import pytest
from links_door_world import LinkWorld
from test_doors_links_console import shows, to

from jindi.access import Role
from jindi.doors.console.searching import SearchPages
from shop_world import CARD, DEVICE, PHONE, pay, run


class Searched(LinkWorld):
    """The world of links with the box."""

    def groups(self, permits):
        made = super().groups(permits)
        search = partial(
            SearchPages, self.platform, audit=self.audit, reveals=self.reveals, linked=self.linked, cases=self.desk
        )
        return [*made, search]


def living(work):
    async def go():
        async with Searched() as world:
            await work(world)

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
