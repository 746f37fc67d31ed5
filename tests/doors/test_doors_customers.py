"""The page of a customer: what each panel says, what it leaves out for whom, what is recorded, what can be taken."""

import re
from html import unescape
from zoneinfo import ZoneInfo

from csv_rows import csv_rows
from customers_world import CustomerWorld
from test_doors_links_console import shows

from jindi.access import Permits, Role
from jindi.doors.console.behaviour import topics_of
from jindi.doors.console.view import View
from jindi.packs import load
from jindi.ports import ActStoreFailure, LinkStoreFailure
from links_world import send
from shop_world import CARD, DEVICE, IP, NOON_US, PHONE, list_entry, pay, run

USER = "/console/entities/user/u1"
CLEAR = (PHONE, CARD, DEVICE, IP)


def living(work, **more):
    async def go():
        async with CustomerWorld(**more) as world:
            await world.happens(
                pay(1, "12000.00"), pay(2, "20.00"), pay(3, "30.00", user="u2"), send(4, "u9", "u1", "50.00", NOON_US),
            )  # fmt: skip
            await work(world)

    run(go())


def part(answer, name):
    """One panel of the page, without its tags."""
    found = re.search(rf'<section class="card[^"]*" id="{name}">(.*?)</section>', answer.text, re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", found[1]))) if found else None


def has(answer, name, *texts):
    said = part(answer, name)
    assert said is not None, name
    missing = [each for each in texts if each not in said]
    assert not missing, (missing, said)
    return True


def test_all_that_is_known_of_a_customer_is_on_one_page_and_nothing_in_clear():
    async def go(world):
        page = await world.visit().get(USER)
        assert page.status_code == 200
        assert has(page, "marks", "newest", "Allow", "1 open case", "1 decision waits", "First seen", "CNY 70.00")
        assert has(page, "days", "3 in all", "Review 1")
        assert has(page, "roles", "CNY 20.00", "CNY 12,000.00", "Payee", "CNY 50.00")
        assert has(page, "newest", "CNY 12,000.00", "huge")
        assert has(page, "cases", "case_000000000001", "CNY 12,000.00", "Unassigned")
        assert has(page, "scores", "the newest 3")
        assert has(page, "hits", "huge", "pay")
        assert has(page, "around", "shared with 1 more (User)", "not shared")
        assert has(page, "lists", "On none of the lists")
        assert has(page, "kept", "138****5678", "Reveal with reason…")
        assert has(page, "exempted", "No exemption held")
        assert not [each for each in CLEAR if each in page.text]
        assert "reveal" in re.search(r'id="kept">.*?href="([^"]+)"', page.text, re.DOTALL)[1]

    living(go)


def test_the_same_page_is_there_in_chinese():
    async def go(world):
        visit = world.visit()
        visit.http.cookies.set("jindi_lang", "zh")
        page = await visit.get(USER)
        assert has(page, "newest", "最近的决策", "审核")
        assert has(page, "around", "另有 1 个用户共用")

    living(go)


def test_a_device_and_a_card_have_the_page_too_under_their_tokens():
    async def go(world):
        device = world.platform.tokens.token("device", DEVICE)
        page = await world.visit().get(f"/console/entities/device/{device}")
        assert has(page, "around", "User", "2 in all")
        assert has(page, "days", "3 in all")
        refused = await world.visit().get(f"/console/entities/device/{DEVICE}")
        assert refused.status_code == 400
        assert DEVICE not in refused.text
        assert (await world.visit().get("/console/entities/user/nobody-knows")).status_code in (200, 404)
        assert (await world.visit().get("/console/entities/nothing/x")).status_code == 404

    living(go)


def test_newest_decisions_are_paged_and_filtered_by_the_address():
    async def go(world):
        await world.happens(*(pay(n, "10.00", world.clock.now_us()) for n in range(100, 130)))
        visit = world.visit()
        first = await visit.get(USER)
        assert len(re.findall(r"data-open", first.text)) == 20
        older = re.search(r'rel="next" href="([^"#]+)', first.text)[1]
        second = await visit.get(older)
        assert len(re.findall(r"data-open", second.text)) == 13
        assert 'rel="next"' not in second.text
        decisions = re.findall(r'data-open href="([^"]+)"', first.text + second.text)
        assert len(set(decisions)) == 33
        review = await visit.get(f"{USER}?outcome=review")
        assert len(re.findall(r"data-open", review.text)) == 1
        assert has(await visit.get(f"{USER}?outcome=deny"), "newest", "No decision fits the filter")
        assert has(await visit.get(f"{USER}?outcome=maybe"), "newest", "outcome")

    living(go)


def test_lists_on_which_somebody_stands_are_told_with_their_end():
    async def go(world):
        await world.happens(list_entry("l1", "blocked", "u1", at_us=world.clock.now_us()))
        page = await world.visit().get(USER)
        assert has(page, "lists", "blocked", "in force", "no end")
        assert has(page, "marks", "listed: blocked")
        await world.happens(list_entry("l2", "blocked", "u1", "remove", at_us=world.clock.now_us()))
        page = await world.visit().get(USER)
        assert has(page, "lists", "removed")
        assert "listed: blocked" not in part(page, "marks")

    living(go)


def test_that_somebody_looked_is_a_record_with_whom_it_was_about():
    async def go(world):
        await world.visit().get(USER)
        subject = world.audit.subject("user", "u1")
        assert await world.doings("entity.read") == [("limin", "entity.read", "allowed", subject)]

    living(go)


def test_each_role_sees_the_panels_of_its_rights_and_no_others():
    panels = {"cases": "/console/cases", "around": "/console/links", "lists": "/console/lists",
              "pending": "/console/approvals", "requests": "/console/subjects"}  # fmt: skip

    async def go(world):
        looked = 0
        for role in Role:
            visit = world.visit(f"x{role}", roles=(role,))
            answer = await visit.get(USER)
            if answer.status_code == 403:
                assert "huge" not in answer.text
                continue
            assert answer.status_code == 200
            looked += 1
            for panel, place in panels.items():
                may = (await visit.get(place)).status_code == 200
                assert (part(answer, panel) is not None) == may, (role, panel)
            may = (await visit.get("/console/find")).status_code == 200
            assert ("Reveal with reason" in answer.text) == may, role
        assert 1 < looked < len(Role)

    living(go)


def test_a_panel_that_can_not_be_made_says_so_and_the_others_are_there(monkeypatch):
    def broken(*_):
        raise ActStoreFailure("the disk is gone")

    def parted(*_):
        raise LinkStoreFailure("the disk is gone")

    async def go(world):
        monkeypatch.setattr(world.act_store, "places", broken)
        page = await world.visit().get(USER)
        assert has(page, "days", "This panel can't be read now")
        assert has(page, "around", "shared with")
        assert has(page, "behaviour")
        assert "the disk is gone" not in page.text
        monkeypatch.undo()
        monkeypatch.setattr(world.store, "near", parted)
        page = await world.visit().get(USER)
        assert has(page, "around", "This panel can't be read now")
        assert has(page, "days", "3 in all")

    living(go)


def test_while_the_index_is_behind_the_page_says_how_far(monkeypatch):
    async def go(world):
        monkeypatch.setattr(type(world.acting), "behind", property(lambda _: 4_321))
        assert shows(await world.visit().get(USER), "4,321 records are not in yet")
        world.acting.problem = "the disk is full"
        page = await world.visit().get(USER)
        assert shows(page, "Activity is not up to date")
        assert "the disk is full" not in page.text

    living(go)


def view_in(lang="en"):
    """A page view of nobody."""
    return View(lang, "light", "normal", "on", None, Permits(), None, "/console", ZoneInfo("UTC"), 0, "r1")


SAID = 'doc = { zh = "说明", en = "said" }'
SUM, MOST, COUNT = 'fold = "sum"\nvalue = "amount"', 'fold = "max"\nvalue = "amount"', 'fold = "count"'


def windows(**features):
    """A small pack with these features of a user: over what, what is folded, and over which event."""
    event = """
[{name}]
{said}
[{name}.fields]
user = {{ type = "text", class = "C2", entity = "user", {said} }}
amount = {{ type = "money", class = "C2", least = 1, {said} }}
"""
    return {
        "shop/pack.toml": f'name = "shop"\nversion = "1"\nzone = "UTC"\ncurrency = "CNY"\n{SAID}\n',
        "shop/events.toml": "".join(event.format(name=name, said=SAID) for name in ("payment", "look")),
        "shop/features.toml": "".join(
            f'[{name}]\n{SAID}\nof = "{of}"\nby = "user"\n{fold}\nover = "{over}"\n'
            for name, (over, fold, of) in features.items()
        ),
    }


def test_windows_of_one_figure_stand_side_by_side_and_a_usual_day_is_told_only_where_they_say_it():
    declared = load(
        windows(
            paid_1d=("1d", COUNT, "payment"), paid_30d=("30d", COUNT, "payment"), paid_ever=("ever", COUNT, "payment"),
            sum_1h=("1h", SUM, "payment"), sum_7d=("7d", SUM, "payment"), most_7d=("7d", MOST, "payment"),
            lone_7d=("7d", COUNT, "look"),
        )
    )  # fmt: skip
    values = {"paid_1d": 4, "paid_30d": 15, "paid_ever": 90, "sum_1h": 100, "sum_7d": 70_000, "most_7d": 5}
    values["lone_7d"] = 3
    topics = {topic.of: topic.figures for topic in topics_of(values, declared, view_in())}
    assert set(topics) == {("payment",), ("look",)}
    figures = {figure.readings[0].name: figure for figure in topics["payment",]}
    assert [each.name for each in figures["paid_1d"].readings] == ["paid_1d", "paid_30d", "paid_ever"]
    assert [each.text for each in figures["paid_1d"].readings] == ["4", "15", "90"]
    assert figures["paid_1d"].usual == "", "the longest has no days"
    assert (figures["sum_1h"].usual, figures["sum_1h"].days) == ("CNY 100.00", 7)
    assert figures["most_7d"].usual == "", "the largest of seven days is no sum of days"
    assert topics["look",][0].usual == "", "nothing stands beside it"
    counted = {name: value for name, value in values.items() if name != "paid_ever"}
    figure = topics_of(counted, declared, view_in())[1].figures[0]
    assert (figure.usual, figure.days) == ("0.5", 30)


def test_the_page_is_taken_away_as_a_table_without_clear_text_and_with_a_record():
    async def go(world):
        lead = world.visit("wang")
        answer = await lead.get("/console/entities.csv/user/u1")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == 'attachment; filename="customer.csv"'
        rows = csv_rows(answer.content)
        panels = {row["panel"] for row in rows}
        assert {"kept", "feature", "day", "role", "rule", "decision", "near", "case"} <= panels
        assert not [each for each in CLEAR if each in answer.text]
        assert await world.doings("entity.export") == [
            ("wang", "entity.export", "allowed", world.audit.subject("user", "u1"))
        ]
        as_json = (await lead.get("/console/entities.json/user/u1")).json()
        assert as_json == rows
        assert (await lead.get(f"/console/entities.csv/device/{DEVICE}")).status_code == 400
        assert (await lead.get("/console/entities.csv/nothing/x")).status_code == 404

    living(go)


def test_whoever_may_look_and_not_export_takes_nothing_away():
    async def go(world):
        visit = world.visit("limin")
        page = await visit.get(USER)
        refused = await visit.get("/console/entities.csv/user/u1")
        assert (refused.status_code == 200) == ("/console/entities.csv/user/u1" in page.text)
        if refused.status_code == 403:
            assert ("limin", "entity.export") in [each[:2] for each in await world.doings("entity.export")]

    living(go)


def test_what_is_kept_of_colleagues_is_not_there_for_others():
    async def go(world):
        answer = await world.visit().get("/console/entities/staff/wang")
        assert answer.status_code == 404

    living(go)
