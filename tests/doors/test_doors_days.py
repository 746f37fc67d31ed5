"""From one day to another: the same filter on every list that has a time, in its order, and in what is taken away."""

import json
import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from cases_world import World
from csv_rows import csv_rows
from hypothesis import given
from hypothesis import strategies as st
from incidents_pages_world import World as IncidentWorld
from notices_world import Told
from test_doors_cases_more import closed
from test_doors_notices import assigned
from test_doors_trail import Rooms

from jindi.access import Scope
from jindi.basics.instants import DAY_US, HOUR_US, day_of
from jindi.doors.console.days import days_of
from jindi.ports import NoticeQuery, NoticeRow
from jindi.run.cases import Desk
from jindi.stores.sqlite_notices import SqliteNotices
from shop_world import NOON_US, pay, run

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT_US = NOON_US + 12 * HOUR_US
"""Where 2026-11-23 begins in Shanghai."""

DATES = st.dates(date(1971, 1, 1), date(2200, 1, 1))


@given(
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Santiago"]), DATES, DATES, st.integers(0, DAY_US - 1)
)
def test_both_days_are_in_it_whole_and_no_other_one_is(name, first, last, into_us):
    zone = ZoneInfo(name)
    days = days_of({"since": first.isoformat(), "until": last.isoformat()}, zone)
    for day in (first - timedelta(days=1), first, last, last + timedelta(days=1)):
        alone = days_of({"since": day.isoformat(), "until": day.isoformat()}, zone)
        at_us = alone.since_us + into_us * (alone.until_us - alone.since_us) // DAY_US
        assert day_of(at_us, zone) == day
        assert (days.since_us <= at_us < days.until_us) is (first <= day <= last)


def test_what_is_no_day_is_named_and_asks_for_nothing():
    days = days_of({"since": "22.11.2026", "until": "2026-02-30"}, SHANGHAI)
    assert (bool(days), days.unknown, days.query) == (False, ("since", "until"), {})
    assert days_of({"until": "2026-11-22"}, SHANGHAI).query == {"until": "2026-11-22"}
    assert not days_of({}, SHANGHAI)


def test_decisions_of_a_day_are_on_the_page_in_the_order_and_in_the_file():
    async def go():
        async with Rooms() as rooms:
            for n, (at_us, amount) in enumerate((
                (MIDNIGHT_US - 1, "1.00"), (MIDNIGHT_US, "7.00"), (MIDNIGHT_US + DAY_US - 1, "5.00"),
                (MIDNIGHT_US + DAY_US, "9.00"),
            )):  # fmt: skip
                rooms.shop.clock.at_us = at_us
                await rooms.shop.send(pay(n, amount, at_us))
            ann = rooms.guest("ann", Scope.DECISIONS_READ)
            address = await ann.send("/console/decisions", since="2026-11-23", until="2026-11-23", sort="-amount")
            assert address == "/console/decisions?since=2026-11-23&until=2026-11-23&sort=-amount"
            page = await ann.see(address)
            assert re.findall(r"CNY ([\d.]+)", page) == ["7.00", "5.00"]
            assert 'type="date" value="2026-11-23"' in page
            for form in ("csv", "json"):
                answer = await ann.http.get(address.replace("decisions?", f"decisions.{form}?"))
                found = csv_rows(answer.content) if form == "csv" else json.loads(answer.content)
                assert [list(line.values())[9] for line in found] == ["7.00", "5.00"]
            assert re.findall(r"CNY ([\d.]+)", await ann.see("/console/decisions?until=2026-11-22")) == ["1.00"]
            assert re.findall(r"CNY ([\d.]+)", await ann.see("/console/decisions?since=2026-11-24")) == ["9.00"]
            assert "since" in await ann.see("/console/decisions?since=yesterday")

    run(go())


def test_cases_opened_on_a_day_are_on_the_page_in_the_order_and_in_the_file():
    async def go():
        async with World() as world:
            made = []
            for n, at_us in enumerate((MIDNIGHT_US - 1, MIDNIGHT_US, MIDNIGHT_US + HOUR_US, MIDNIGHT_US + DAY_US)):
                world.clock.at_us = at_us
                made.append((await world.case(n + 1, user=f"u{n}")).id)
            visit = world.visit("wang")
            asked = "tab=all&order=oldest&since=2026-11-23&until=2026-11-23"
            page = (await visit.get(f"/console/cases?{asked}")).text
            assert [each for each in made if each in page] == made[1:3]
            answer = await visit.get(f"/console/cases.json?{asked}")
            assert [line["case"] for line in json.loads(answer.content)] == made[1:3]
            visit.http.cookies.set("jindi_lang", "zh")
            assert "开立起始日" in (await visit.get(f"/console/cases?{asked}")).text
            moved = await visit.post("/console/cases", tab="all", since="2026-11-23", until="x")
            assert moved.headers["location"] == "/console/cases?tab=all&since=2026-11-23"

    run(go())


def test_cases_that_wait_for_a_second_look_are_a_table_like_the_others(monkeypatch):
    async def go():
        async with World() as world:
            monkeypatch.setattr(Desk, "second_look", 1_000)
            drawn = [await closed(world, n, user=f"u{n}") for n in range(1, 4)]
            visit = world.visit("wang")
            page = (await visit.get("/console/cases?tab=sample&order=newest")).text
            assert all(each.id in page for each in drawn)
            answer = await visit.get("/console/cases.json?tab=sample&order=oldest")
            assert [line["case"] for line in json.loads(answer.content)] == [each.id for each in drawn]
            monkeypatch.setattr(Desk, "second_look", 0)
            assert "None waits for a second look" in (await visit.get("/console/cases?tab=sample")).text
            assert 'tab=sample"' not in (await world.visit("limin").get("/console/cases")).text, "for those who lead"

    run(go())


def test_incidents_opened_on_a_day_are_on_the_page_in_the_order_and_in_the_file():
    async def go():
        async with IncidentWorld() as world:
            made = []
            for n, at_us in enumerate((MIDNIGHT_US - 1, MIDNIGHT_US, MIDNIGHT_US + HOUR_US, MIDNIGHT_US + DAY_US)):
                world.clock.at_us = at_us
                made.append((await world.open(title=f"number {n}", aware_us=at_us - HOUR_US)).id)
            visit = world.visit("wang")
            asked = "order=opened&since=2026-11-23&until=2026-11-23"
            page = (await visit.get(f"/console/incidents?{asked}")).text
            assert [each for each in made if f"/console/incidents/{each}" in page] == made[1:3]
            answer = await visit.get(f"/console/incidents.json?{asked}")
            assert [line["incident"] for line in json.loads(answer.content)] == [made[2], made[1]]
            assert "since=2026-11-23" in page, "heads that sort keep the days"
            assert "since" in (await visit.get("/console/incidents?since=x")).text

    run(go())


# ---- notifications


def test_notifications_are_filtered_sorted_paged_and_taken_away_as_shown():
    async def go():
        async with Told() as world:
            await assigned(world)
            await world.round()
            world.clock.at_us = MIDNIGHT_US + HOUR_US
            case = await assigned(world, 2)
            await world.round()
            visit = world.visit()
            page = (await visit.get("/console/notifications?since=2026-11-23&occasion=case.assigned&sort=at")).text
            assert f"/console/cases/{case.id}" in page
            assert page.count("A case was assigned to you</a>") == 1
            assert 'aria-sort="ascending"' in page
            answer = await visit.get("/console/notifications.json?tab=all&occasion=case.assigned&sort=at")
            found = json.loads(answer.content)
            assert [line["at"] for line in found] == sorted(line["at"] for line in found)
            assert (len(found), found[1]["matter"], found[1]["read"]) == (2, case.id, "false")
            told = await world.doings("notices.export")
            assert told[-1][:3] == ("limin", "notices.export", "allowed")
            marked = await visit.post(
                "/console/notifications/read", all="1", occasion="case.assigned", since="2026-11-22", sort="at"
            )  # fmt: skip
            assert marked.headers["location"] == (
                "/console/notifications?occasion=case.assigned&since=2026-11-22&sort=at&done=read"
            )
            zhao = await world.visit("zhao").get("/console/notifications.json?tab=all")
            assert json.loads(zhao.content) == [], "everybody takes away his own"

    run(go())


ROWS = st.lists(
    st.builds(
        NoticeRow, st.integers(0, 99).map(str), st.just("n"), st.sampled_from(["ann", "bob"]),
        st.sampled_from(["case.assigned", "case.late"]), st.integers(0, 3), st.integers(0, 9), st.just(b""),
        st.integers(0, 1),
    ),
    max_size=30, unique_by=lambda row: row.key,
)  # fmt: skip
QUERIES = st.builds(
    NoticeQuery, person=st.sampled_from(["ann", "bob"]), unread=st.booleans(),
    occasion=st.sampled_from([None, "case.late"]), level=st.sampled_from([None, 0, 2]),
    since_us=st.none() | st.integers(0, 9), until_us=st.none() | st.integers(0, 9),
    order=st.sampled_from(["at", "level", "occasion", "read"]), descending=st.booleans(), limit=st.integers(0, 9),
    offset=st.integers(0, 5),
)  # fmt: skip


def naive(rows, query):
    found = [
        row for row in rows
        if row.person == query.person and not (query.unread and row.read_us) and query.occasion in (None, row.occasion)
        and query.level in (None, row.level) and (query.since_us is None or row.at_us >= query.since_us)
        and (query.until_us is None or row.at_us < query.until_us)
    ]  # fmt: skip
    found.sort(key=lambda row: row.key)
    found.sort(key=lambda row: row.at_us, reverse=query.order != "at" or query.descending)
    if query.order != "at":
        by = {"level": lambda r: r.level, "occasion": lambda r: r.occasion, "read": lambda r: r.read_us > 0}
        found.sort(key=by[query.order], reverse=query.descending)
    return found


@given(ROWS, QUERIES)
def test_the_store_finds_what_looking_at_every_row_finds_and_reads_no_whole_table(rows, query):
    store = SqliteNotices(":memory:")
    try:
        store.put(rows, [], [], [], 1, 1)
        found = naive(rows, query)
        assert list(store.find(query)) == found[query.offset : query.offset + query.limit]
        assert store.count(query) == len(found)
        plans = store.plans(query)
        assert [each for each in plans if each.startswith("SCAN") and "INDEX" not in each] == []
        assert any(each.startswith("SEARCH notices USING") for each in plans)
    finally:
        store.close()
