"""Tables of the console: filtered, sorted, paged by the address; taken away exactly as shown, recorded before."""

import csv
import importlib
import io
import json
import pkgutil
import re
import zipfile
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from cases_world import World
from csv_rows import csv_rows
from test_doors_approvals import House
from test_doors_trail import Rooms, doings

from jindi.access import Scope
from jindi.doors import console
from jindi.doors.console.kept import Tables
from jindi.doors.console.listing import Column, Shape, Table
from jindi.doors.console.words.heads import WORDS as HEADS
from jindi.ports import LogFailure
from shop_world import NOON_US, PHONE, failing_append, pay, run


@dataclass(frozen=True)
class Row:
    name: str
    size: int | None
    kinds: tuple[str, ...] = ()


ROWS = [
    Row("pear", 3, ("green", "sweet")), Row("apple", 1, ("red",)), Row("fig", None), Row("plum", 3, ("sweet",)),
    Row("Ash", 2, ("green",)),
]  # fmt: skip


def shape(**more):
    columns = (
        Column("name", "col.type", lambda row: row.name), Column("size", "col.score", lambda row: row.size, "number"),
        Column("kind", "col.status", lambda row: row.kinds, chosen=True, shown=False),
    )  # fmt: skip
    return Shape("fruit", "/console/fruit", "decisions.read", columns, key=lambda row: row.name, **more)


def table(**more):
    return Table(shape(**more), SimpleNamespace(tables=Tables(None)), None)


def names(asked, rows=ROWS, **more):
    made = table(**more)
    return [row.name for row in made.fitting(rows, made.asked(asked))]


def test_rows_come_as_they_are_until_somebody_asks_for_an_order():
    assert names({}) == ["pear", "apple", "fig", "plum", "Ash"]
    assert names({}, order="name") == ["Ash", "apple", "fig", "pear", "plum"]


def test_equal_rows_keep_one_order_whichever_way_they_are_sorted_and_what_has_no_value_comes_last():
    assert names({"sort": "size"}) == ["apple", "Ash", "pear", "plum", "fig"]
    assert names({"sort": "-size"}) == ["pear", "plum", "Ash", "apple", "fig"]
    assert names({"sort": "-size"}, ROWS[::-1]) == ["pear", "plum", "Ash", "apple", "fig"]


def test_a_text_is_looked_for_in_any_case_and_a_value_is_one_of_a_row_s_values():
    assert names({"text": "AP"}) == ["apple"]
    assert names({"kind": "sweet"}) == ["pear", "plum"]
    assert names({"kind": "sweet", "text": "pl"}) == ["plum"]
    assert names({"kind": "swee"}) == []


def test_what_an_address_can_not_ask_is_named_and_asks_for_nothing():
    asked = table().asked({"sort": "colour", "page": "-1", "text": PHONE, "kind": PHONE})
    assert set(asked.unknown) == {"sort", "page", "text", "kind"}
    assert (asked.query, asked.page, asked.is_filtered) == ({}, 1, False)


def test_a_file_says_plainly_what_a_page_says_in_words():
    at = Column("at", "col.time", lambda row: row.size, "time")
    assert at.text(Row("x", NOON_US)) == "2026-11-22T04:00:00Z"
    assert (at.text(Row("x", None)), Column("k", "col.type", lambda row: row.kinds).text(ROWS[0])) == (
        "",
        "green sweet",
    )
    assert Column("b", "col.type", lambda _: True).text(ROWS[0]) == "true"


# ---- the same on pages


def rows_of(page):
    return re.findall(r'<th scope="row"><bdi>([^<]*)</bdi>', page)


async def keys_of(house, count):
    for n in range(count):
        house.keys.create(f"gate {n:03d}", frozenset({Scope.EVENTS_WRITE}), NOON_US + n)


def test_a_table_is_filtered_sorted_and_paged_by_its_address():
    async def go():
        async with House() as house:
            await keys_of(house, 120)
            guest = house.guest("ann")
            page = await guest.see("/console/keys?sort=name&text=gate")
            assert rows_of(page) == [f"gate {n:03d}" for n in range(50)]
            (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
            page = await guest.see(following.replace("&amp;", "&"))
            assert rows_of(page) == [f"gate {n:03d}" for n in range(50, 100)]
            page = await guest.see("/console/keys?sort=name&text=gate&page=99")
            assert rows_of(page) == [f"gate {n:03d}" for n in range(100, 120)], "no page is behind the last"
            page = await guest.see("/console/keys?sort=-name&text=gate")
            assert rows_of(page)[0] == "gate 119"
            assert 'aria-sort="descending"' in page
            assert rows_of(await guest.see("/console/keys?scopes=admin&sort=name")) == ["ann", "bob"]
            assert "Nothing fits" in await guest.see("/console/keys?text=nobody")

    run(go())


def test_what_is_typed_into_a_table_s_filter_goes_by_form_and_a_number_comes_to_no_address():
    async def go():
        async with House() as house:
            guest = house.guest("ann")
            address = await guest.send(
                "/console/tables/filter", table="keys", text="ann", state="live", nosuch="x", sort="-made"
            )
            assert address == "/console/keys?text=ann&state=live&sort=-made"
            assert PHONE not in await guest.send("/console/tables/filter", 400, table="keys", text=PHONE)
            assert (await guest.http.post("/console/tables/filter", data={"table": "keys"})).status_code == 403
            await guest.send("/console/tables/filter", 404, table="no such table")
            found = await doings(house.shop.platform)
            assert "keys.read" not in [each.what for each in found], "whoever opens the address is recorded then"
            await guest.see(address)
            (seen, *_) = await doings(house.shop.platform)
            assert seen.what == "keys.read"
            assert re.fullmatch(r"sort=-made state=live text=text\.[\w-]{22}", seen.on)

    run(go())


def test_a_file_has_exactly_the_rows_of_the_view_in_its_order_and_is_recorded_with_their_number():
    async def go():
        async with House() as house:
            house.keys.create("=cmd|'/C calc'!A0", frozenset({Scope.EVENTS_WRITE}), NOON_US)
            house.keys.create("-2+3", frozenset({Scope.EVENTS_WRITE}), NOON_US)
            guest = house.guest("ann")
            query = "?scopes=events:write&sort=-name"
            answer = await guest.http.get(f"/console/keys.csv{query}")
            lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
            assert lines[0][:3] == ["Name", "State", "Scopes"]
            assert [line[0] for line in lines[1:]] == ["'=cmd|'/C calc'!A0", "'-2+3"]
            as_json = (await guest.http.get(f"/console/keys.json{query}")).json()
            assert [each["name"] for each in as_json] == ["=cmd|'/C calc'!A0", "-2+3"]
            assert "secret" not in json.dumps(as_json)
            workbook = await guest.http.get(f"/console/keys.xlsx{query}")
            assert workbook.content.startswith(b"PK")
            await guest.see("/console/keys.exe", 404)
            found = [each for each in await doings(house.shop.platform) if each.what == "keys.export"]
            assert [(each.on, each.outcome) for each in found] == [("scopes=events:write sort=-name", "allowed")] * 3
            record = house.shop.platform.archive.record(found[0].seq)
            assert record.rows == 2

    run(go())


def test_more_rows_than_one_person_may_take_are_given_to_nobody_and_that_is_recorded():
    async def go():
        async with House() as house:
            await keys_of(house, 4)
            guest = house.guest("ann")
            page = await guest.see("/console/keys.csv", 403)
            assert "one person takes away 3 at the most" in page
            assert "gate 001" not in page
            (refused, *_) = await doings(house.shop.platform)
            assert (refused.what, refused.outcome) == ("keys.export", "refused")
            assert (await guest.http.get("/console/keys.csv?text=gate 001")).status_code == 200

    run(go())


def test_without_a_record_no_table_leaves():
    async def go():
        async with House() as house:
            guest = house.guest("ann")
            with failing_append(house.shop.log, LogFailure("the disk is full")):
                answer = await guest.http.get("/console/keys.csv")
            assert answer.status_code == 503
            assert "ann" not in answer.text.replace("<bdi>ann</bdi>", "")

    run(go())


@pytest.mark.parametrize(
    ("table", "path"),
    [("keys", "/console/keys.csv"), ("approvals", "/console/approvals.csv"), ("controls", "/console/controls.csv"),
     ("audit", "/console/audit.csv"), ("versions", "/console/policies.csv")],
)  # fmt: skip
def test_attack_whoever_may_not_read_a_table_neither_takes_it_nor_keeps_its_filters(table, path):
    async def go():
        async with House() as house:
            stranger = house.guest("eve", Scope.EVENTS_WRITE)
            assert (await stranger.http.get(path)).status_code == 403
            form = {"table": table, "name": "mine"}
            assert (await stranger.http.post("/console/tables/keep", data=form)).status_code == 403
            reader = house.guest("max", Scope.VAULT_OPEN)
            for way in ("keep", "filter"):
                await reader.send(f"/console/tables/{way}", 404, **form)

    run(go())


def test_decisions_are_sorted_among_the_newest_and_the_file_has_that_order():
    async def go():
        async with Rooms() as rooms:
            for n, amount in enumerate(("30.00", "5.00", "900.00", "7.00")):
                await rooms.shop.send(pay(n, amount))
            ann = rooms.guest("ann", Scope.DECISIONS_READ)
            page = await ann.see("/console/decisions?sort=-amount")
            shown = re.findall(r"CNY ([\d.]+)", page)
            assert shown == ["900.00", "30.00", "7.00", "5.00"]
            assert "newest first" not in page
            assert "4 shown, in the order of a column" in page
            assert "4 shown, newest first" in await ann.see("/console/decisions")
            assert 'aria-sort="descending"' in page
            answer = await ann.http.get("/console/decisions.csv?sort=amount")
            lines = csv_rows(answer.content)
            assert [line["amount"] for line in lines] == ["5.00", "7.00", "30.00", "900.00"]
            address = await ann.send("/console/decisions", outcome="allow", sort="-amount")
            assert address == "/console/decisions?outcome=allow&sort=-amount"

    run(go())


def test_when_older_decisions_were_not_looked_at_the_page_says_so(monkeypatch):
    async def go():
        monkeypatch.setattr("jindi.doors.console.console.DECISIONS_LOOKED", 3)
        async with Rooms() as rooms:
            for n in range(5):
                await rooms.shop.send(pay(n))
            ann = rooms.guest("ann", Scope.DECISIONS_READ)
            page = await ann.see("/console/decisions?sort=score")
            assert "the newest 3 are sorted" in page
            assert "are sorted" not in await ann.see("/console/decisions")

    run(go())


def test_a_kept_filter_of_any_table_is_opened_by_its_address():
    async def go():
        async with World() as world:
            chen = world.visit("chen")
            kept = await chen.post("/console/tables/keep", table="audit", name="refusals", outcome="refused")
            assert kept.headers["location"] == "/console/audit?outcome=refused&kept=done"
            page = (await chen.get("/console/audit")).text
            (path,) = re.findall(r'<a href="(/console/filters/\d+)"[^>]*>refusals</a>', page)
            assert (await chen.get(path)).headers["location"] == "/console/audit?outcome=refused"
            assert (await world.visit("wang").get(path)).status_code == 404

    run(go())


def test_filters_of_staff_alerts_are_nobody_else_s_and_no_file_has_the_alerts():
    async def go():
        async with World() as world:
            chen = world.visit("chen")
            await chen.post("/console/tables/keep", table="staff_alerts", name="of li", text="li", shared="1")
            page = (await chen.get("/console/staff-alerts")).text
            assert "for all who may read" not in page
            stored = json.loads(world.blobs.load("table-filters.json"))
            assert [each["shared"] for each in stored["filters"]] == [False]
            assert (await chen.get("/console/staff-alerts.csv")).status_code == 404

    run(go())


# ---- what stands at the heads of files


def exported():
    """The machine names of the columns of every file that a table of the console can be taken away as."""
    for module in pkgutil.iter_modules(console.__path__):
        room = vars(importlib.import_module(f"{console.__name__}.{module.name}"))
        for name, value in room.items():
            if name == "shape" and value.__module__ == f"{console.__name__}.{module.name}":
                value = value(lambda _, each: each)  # noqa: PLW2901 - a table whose words hang on what is in force
            if isinstance(value, Shape) and (value.export or value.name == "audit"):
                yield value.name, [each.name for each in value.columns if each.exports]
            elif name == "CSV_HEAD":
                yield module.name, list(value)


def test_every_column_of_every_file_has_one_word_in_each_language_and_no_two_the_same():
    names = {name for _, head in exported() for name in head}
    assert {f"head.{name}" for name in names} == set(HEADS)
    for lang in (0, 1):
        words = [each[lang] for each in HEADS.values()]
        assert len(words) == len(set(words))
    for _, head in exported():
        assert len(head) == len(set(head))


def test_a_file_for_people_has_words_of_their_language_and_json_has_the_machine_names():
    async def go():
        async with Rooms() as rooms:
            await rooms.shop.send(pay(1))
            ann = rooms.guest("ann", Scope.DECISIONS_READ)
            heads = {}
            for lang in ("zh", "en"):
                ann.http.cookies.set("jindi_lang", lang)
                answer = await ann.http.get("/console/decisions.csv")
                heads[lang] = next(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
                book = zipfile.ZipFile(io.BytesIO((await ann.http.get("/console/decisions.xlsx")).content))
                strings = book.read("xl/sharedStrings.xml").decode()
                assert all(f">{word}<" in strings for word in heads[lang])
                told = (await ann.http.get("/console/decisions.json")).json()
                assert list(told[0])[:4] == ["seq", "decision_id", "event_id", "event_type"]
            assert heads["zh"][:4] == ["日志序号", "决策编号", "事件编号", "事件类型"]
            assert heads["en"][:4] == ["Journal number", "Decision", "Event id", "Event type"]

    run(go())
