"""The pages of lists: what they show to whom, how entries are found, and how a change is asked for."""

import re

import pytest
from lists_pages_world import World, values_on

from clear_world import clear_files
from incidents_world import STAFF_PACK
from jindi.access import Role
from lists_world import FRESH, LISTS, MORE_LISTS
from shop_world import DAY_US, NOON_US, list_entry, pay, run


async def filled(world):
    for number in range(60):
        await world.send(list_entry(f"l{number}", "blocked", f"u{number:02}"))
    await world.send(list_entry("phone", "blocked_phones", FRESH))
    await world.send(list_entry("w", "watched", "u1", expires="2026-11-25T00:00:00Z"))
    await world.send(pay(1, user="u01"))


def test_the_lists_are_shown_with_their_sizes_and_what_asks_for_them():
    async def go():
        async with World() as world:
            await filled(world)
            page = (await world.visit().get("/console/lists")).text
            for told in ("blocked_phones", "trusted_ips", "Black", "White", "Grey", ">62<", "unused"):
                assert told in page, told
            zh = await world.visit().http.get("/console/lists", headers={"accept-language": "zh"})
            assert "未引用" in zh.text

    run(go())


def test_a_list_is_walked_page_by_page_in_the_order_of_the_address():
    async def go():
        async with World() as world:
            await filled(world)
            visit = world.visit()
            first = values_on((await visit.get("/console/lists/blocked?order=value")).text)
            second = values_on((await visit.get("/console/lists/blocked?order=value&page=2")).text)
            assert (len(first), len(second), len({*first, *second})) == (50, 12, 62)
            beyond = await visit.get("/console/lists/blocked?order=value&page=9")
            assert (beyond.status_code, beyond.headers["location"]) == (
                303, "/console/lists/blocked?order=value&page=2",
            )  # fmt: skip
            hits = values_on((await visit.get("/console/lists/blocked?order=hits")).text)
            assert hits[0] == world.platform.blind("u01")
            odd = (await visit.get("/console/lists/blocked?state=asleep&order=luck")).text
            assert "state, order" in odd

    run(go())


def test_an_address_of_an_entry_holds_a_token_and_never_its_value():
    async def go():
        async with World() as world:
            await filled(world)
            visit = world.visit()
            for name, typed in (("blocked_phones", "+86 139 1111 2222"), ("blocked", "u07")):
                found = await visit.post(f"/console/lists/{name}/find", text=typed)
                assert found.status_code == 303
                assert typed not in found.headers["location"]
                page = await visit.get(found.headers["location"])
                assert page.status_code == 200
                assert ("139****2222" if name == "blocked_phones" else "u07") in page.text
            missed = await visit.post("/console/lists/blocked/find", text="13800001111")
            assert missed.headers["location"] == "/console/lists/blocked?found=none"
            assert FRESH.encode() not in world.everything_written()
            assert (await visit.get("/console/lists/blocked/entries/text.AAAAAAAAAAAAAAAAAAAAAA")).status_code == 404
            assert (await visit.get("/console/lists/none")).status_code == 404

    run(go())


def test_that_a_list_and_an_entry_were_looked_at_is_recorded():
    async def go():
        async with World() as world:
            visit = world.visit()
            mark = world.platform.blind("villain")
            await visit.get("/console/lists/blocked")
            await visit.get(f"/console/lists/blocked/entries/{mark}")
            assert await world.doings("list.read") == [
                ("limin", "list.read", "allowed", f"blocked {mark}"), ("limin", "list.read", "allowed", "blocked"),
            ]  # fmt: skip

    run(go())


def test_a_change_is_asked_for_on_the_page_and_leads_to_its_approval():
    async def go():
        async with World() as world:
            visit = world.visit()
            asked = await visit.post(
                "/console/lists/blocked/change", move="add", lines="mallory,30d\ntrudy", why="a ring of mules"
            )
            assert asked.status_code == 303
            identifier = asked.headers["location"].split("/")[-1].partition("?")[0]
            waiting = (await visit.get("/console/lists/blocked")).text
            assert identifier in waiting
            page = (await world.visit("wang").get(f"/console/approvals/{identifier}")).text
            for told in ("mallory", "trudy", "black", "a ring of mules"):
                assert told in page, told
            entry = world.approvals.entry(identifier)
            await world.visit("wang").post(f"/console/approvals/{identifier}/approve", digest=entry.asked.digest)
            assert {"mallory", "trudy"} <= world.members().keys()
            assert world.members()["mallory"] == NOON_US + 30 * DAY_US

    run(go())


def test_what_is_wrong_is_told_by_line_and_what_was_typed_stands_there_again():
    async def go():
        async with World() as world:
            answer = await world.visit().post(
                "/console/lists/watched/change", move="add", lines="u1\n\nu1\nvery <b>odd</b>", expires="2020-01-01",
                why="a doubt",
            )  # fmt: skip
            assert answer.status_code == 400
            for told in ("stands in line 1 already", "the end lies in the past", "very &lt;b&gt;odd&lt;/b&gt;",
                         'value="a doubt"', 'value="2020-01-01"'):  # fmt: skip
                assert told in answer.text, told
            assert world.approvals.entries() == []

    run(go())


def test_one_entry_is_taken_off_or_given_another_end_from_its_own_page():
    async def go():
        async with World() as world:
            mark = world.platform.blind("villain")
            visit, path = world.visit(), "/console/lists/blocked/change"
            asked = await visit.post(path, move="extend", entry=mark, expires="2027-01-31", why="looked at again")
            assert asked.status_code == 303, asked.text
            wrong = await visit.post(path, move="extend", entry=mark, expires="whenever", why="looked at again")
            assert wrong.status_code == 400
            assert "villain" in wrong.text
            assert (await visit.post(path, move="extend", entry="text.nobody", why="x")).status_code == 404

    run(go())


@pytest.mark.parametrize("who", ["sun", "chen"])
def test_who_may_not_ask_sees_no_form_and_is_refused(who):
    async def go():
        async with World() as world:
            visit = world.visit(who)
            page = (await visit.get("/console/lists/blocked")).text
            assert "You can&#39;t ask for a change" in page
            refused = await visit.post("/console/lists/blocked/change", move="add", lines="u1", why="x")
            assert refused.status_code == 403
            assert ("approval.propose", "refused") in [(what, how) for _, what, how, _ in await world.doings()]

    run(go())


def test_an_export_has_the_filter_of_the_page_and_is_recorded_with_its_rows():
    async def go():
        async with World() as world:
            for number in range(30):
                await world.send(list_entry(f"l{number}", "blocked", f"=u{number:02}"))
            lead = world.visit("wang")
            answer = await lead.get("/console/lists/blocked/entries.csv?state=live&order=value")
            lines = answer.text.lstrip("\ufeff").splitlines()
            assert lines[0].startswith("List,Value,State,Expires,Source,Reason,By")
            assert lines[1].startswith("blocked,'=u00,live,,event,r,s1,")
            assert len(lines) == 32 + 1
            assert await world.doings("lists.export") == [
                ("wang", "lists.export", "allowed", "blocked state=live order=value"),
            ]  # fmt: skip
            for number in range(30, 50):
                await world.send(list_entry(f"l{number}", "blocked", f"u{number:02}"))
            assert (await lead.get("/console/lists/blocked/entries.csv")).status_code == 403, "more than one may take"
            assert (await world.visit("limin").get("/console/lists/blocked/entries.csv")).status_code == 403

    run(go())


def test_masks_stand_beside_tokens_only_for_who_works_with_customers():
    async def go():
        async with World() as world:
            await filled(world)
            for who, seen in (("limin", True), ("sun", False)):
                page = (await world.visit(who).get("/console/lists/blocked_phones")).text
                assert ("139****2222" in page) is seen
                assert world.token()[:12] in page

    run(go())


def test_a_filter_of_one_list_s_entries_is_kept_under_a_name_and_opened_by_its_address():
    async def go():
        async with World() as world:
            await filled(world)
            visit = world.visit()
            form = {"table": "list:blocked", "name": "ends soon", "state": "soon", "order": "expiry"}
            kept = await visit.post("/console/tables/keep", **form)
            assert kept.headers["location"] == "/console/lists/blocked?state=soon&order=expiry&kept=done"
            page = (await visit.get("/console/lists/blocked")).text
            assert "ends soon" in page
            assert "ends soon" not in (await visit.get("/console/lists/watched")).text, "each list has its own"
            (address,) = re.findall(r'href="(/console/filters/\d+)"', page)
            opened = await visit.get(address)
            assert opened.headers["location"] == "/console/lists/blocked?state=soon&order=expiry"
            shared = await visit.post("/console/tables/keep", **form | {"name": "for all", "shared": "1"})
            assert shared.status_code == 303
            other = (await world.visit("wang").get("/console/lists/blocked")).text
            assert ("for all" in other, "ends soon" in other) == (True, False)
            none = await visit.post("/console/tables/keep", **form | {"table": "list:none"})
            assert none.status_code == 404
            assert (await visit.post("/console/tables/keep", **form | {"table": "list:"})).status_code == 404
            renamed = await visit.post(f"{address}/rename", name="ends next week")
            assert "kept=renamed" in renamed.headers["location"]
            assert (await visit.post(f"{address}/forget")).headers[
                "location"
            ] == "/console/lists/blocked?kept=forgotten"

    run(go())


def test_filters_of_a_list_about_staff_are_not_there_for_whoever_may_not_know_of_it():
    async def go():
        async with World(files=clear_files(lists=LISTS + MORE_LISTS) | STAFF_PACK) as world:
            form = {"table": "list:vip_customers", "name": "soon", "state": "soon", "shared": "1"}
            auditor = world.visit("chen", roles=(Role.AUDITOR,))
            assert (await auditor.get("/console/lists/vip_customers")).status_code == 200
            kept = await auditor.post("/console/tables/keep", **form)
            assert kept.status_code == 303
            (address,) = re.findall(
                r'href="(/console/filters/\d+)"', (await auditor.get("/console/lists/vip_customers")).text
            )
            lin = world.visit()
            for way in ("keep", "filter"):
                assert (await lin.post(f"/console/tables/{way}", **form)).status_code == 404
            assert (await lin.get(address)).status_code == 404

    run(go())
