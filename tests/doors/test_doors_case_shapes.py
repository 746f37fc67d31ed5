"""The transfers that make a case's patterns: on its page as a picture and a list, over HTTP, and in its own words."""

import html
import json
import re

from api_world import Api
from cases_world import FILES, World
from test_doors_api import conforms

from casework_world import Room, case_files
from clear_world import new_vault
from jindi.access import Scope
from shop_world import HOUR_US, NOON_US, run
from transfers_world import send, with_transfers

LEGS = [("a", "b", "600.00"), ("b", "c", "590.00"), ("c", "a", "580.00")]


def ring(start=0):
    """Money goes round; the last leg comes to a case."""
    return [send(start + n, *leg, at_us=NOON_US + n * HOUR_US) for n, leg in enumerate(LEGS)]


def living(work):
    async def go():
        async with World(files=with_transfers(FILES, typology="large_payment")) as world:
            world.clock.at_us = NOON_US + 9 * HOUR_US
            await work(world)

    run(go())


def test_the_page_of_a_case_shows_who_paid_whom_as_a_picture_and_as_a_list():
    async def go(world):
        decisions = await world.happens(*ring())
        case = await world.of(decisions[-1])
        page = (await world.visit().get(f"/console/cases/{case.id}")).text
        card = page.split('id="shape-ring"')[1].split("</section>")[0]
        assert "A ring." in card
        assert "made by 3 transfers" in card
        assert 'role="img"' in card
        assert card.count('class="arrow') == 3
        assert 'class="arrow is-last"' in card
        told = html.unescape(" ".join(re.findall("<title>(.*?)</title>", card)))
        assert "a → b · CNY 600.00" in told
        table = card.split("<table")[1]
        assert re.findall(r"user:(\w)</bdi>", table) == list("abbcca")
        assert [each in table for each in decisions] == [True] * 3
        zh = (await world.visit().get(f"/console/cases/{case.id}?lang=zh")).text
        assert ("由 3 笔转账构成" in zh) or ("made by 3 transfers" in zh)

    living(go)


def test_the_printed_case_names_every_transfer_with_its_decision():
    async def go(world):
        decisions = await world.happens(*ring())
        case = await world.of(decisions[-1])
        page = (await world.visit().get(f"/console/cases/{case.id}/print")).text
        part = page.split("A ring.")[1].split("</section>")[0]
        assert re.findall(r"user:(\w)</bdi>", part) == list("abbcca")
        assert [each in part for each in decisions] == [True] * 3
        paper = await world.visit().get(f"/console/cases/{case.id}/paper.pdf")
        assert paper.content.startswith(b"%PDF")

    living(go)


def test_a_case_without_patterns_has_no_such_card_and_reads_nothing():
    async def go(world):
        case = await world.case()
        page = (await world.visit().get(f"/console/cases/{case.id}")).text
        assert "shape-" not in page
        assert (await world.desk.page(case.id)).shapes == ()

    living(go)


def test_of_each_pattern_the_newest_of_the_case_is_told_and_how_many_there_were():
    async def go(world):
        await world.happens(*ring())
        (decision,) = await world.happens(send(9, "c", "a", "570.00", NOON_US + 4 * HOUR_US))
        case = await world.of(decision)
        (shape,) = [each for each in (await world.desk.page(case.id)).shapes if each.pattern == "ring"]
        assert (shape.decision_id, shape.times, shape.count) == (decision, 2, 3)
        assert [leg.amount_minor for leg in shape.legs] == [60_000, 59_000, 57_000]

    living(go)


def test_programs_are_given_the_same():
    async def go():
        async with Room(with_transfers(case_files(), typology="theft"), vault=new_vault()) as room:
            room.clock.at_us = NOON_US + 9 * HOUR_US
            api = Api(room, cases=lambda: room.desk)
            async with api:
                for each in ring():
                    await room.send(each)
                (case,) = await room.cases()
                answer = await api.ask("GET", f"/v1/cases/{case.id}", key=api.key(Scope.CASES_WORK))
                assert answer.status_code == 200
                shape = next(each for each in answer.json()["patterns"] if each["pattern"] == "ring")
                assert (shape["pattern"], shape["transfers_in_all"], shape["doc"]["en"]) == ("ring", 3, "A ring.")
                legs = [(leg["payer"], leg["payee"], leg["amount"], leg["outcome"]) for leg in shape["transfers"]]
                assert legs[0] == ("user:a", "user:b", "600.00", "allow")
                assert legs[-1] == ("user:c", "user:a", "580.00", "review")
                decision = f"/v1/decisions/{shape['decision_id']}"
                told = (await api.ask("GET", decision, key=api.key(Scope.DECISIONS_READ))).json()
                ring_told = next(each for each in told["patterns"] if each["pattern"] == "ring")
                assert ring_told["transfers"] == [leg["decision_id"] for leg in shape["transfers"]]
                root = json.loads((await api.ask("GET", "/openapi.json")).text)
                path = root["paths"]["/v1/cases/{id}"]["get"]
                schema = path["responses"]["200"]["content"]["application/json"]["schema"]
                assert conforms(answer.json(), schema, root) == []

    run(go())
