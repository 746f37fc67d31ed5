"""The pages of links: what one sees and does there, what is refused and where it is said, and what nobody may."""

import csv
import io
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from links_door_world import LinkWorld

from jindi.access import Role, Scope
from jindi.basics.instants import DAY_US
from jindi.cases import Assign
from jindi.doors.console.link_view import ORDERS, Asked, asked_of, is_name, shape_path
from jindi.ports import LinkStoreFailure
from links_world import send
from shop_world import CARD, DEVICE, IP, NOON_US, PHONE, pay, run

NASTY = "<b onmouseover=alert(1)>u"
START = "/console/links?start=user:u1"


def living(work, **more):
    """Run a test in a world of its own."""

    async def go():
        async with LinkWorld(**more) as world:
            await work(world)

    run(go())


def full(work, **more):
    async def filled(world):
        await world.fill()
        await work(world)

    living(filled, **more)


def shows(answer, *texts):
    assert answer.status_code == 200, answer.text[-600:]
    missing = [text for text in texts if text not in answer.text]
    assert not missing, missing
    return True


def nodes(answer):
    """Whom a picture has, by what is told of each: its address."""
    found = re.findall(r'<a class="node[^"]*" href="([^"]+)" aria-label="([^"]+)"', answer.text)
    return {unescape(told): unescape(href) for href, told in found}


def rows(answer):
    table = re.search(r'id="list">(.*?)</table>', answer.text, re.DOTALL)[1]
    lines = re.findall(r"<tr[ >].*?</tr>", table.partition("<tbody>")[2], re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", line)] for line in lines]


def to(answer):
    assert answer.status_code == 303, answer.text[-400:]
    return answer.headers["location"]


# ---- starting


def test_what_is_typed_leads_to_an_address_with_a_token_and_comes_back_on_no_page():
    async def go(world):
        await world.happens(pay(1))
        visit = world.visit()
        assert shows(await visit.get("/console/links"), "Start", 'name="value"', "90 d", "User")
        target = to(await visit.post("/console/links", act="start", kind="device", value=f" {DEVICE} "))
        assert parse_qs(urlsplit(target).query) == {"start": [world.name("device", DEVICE)]}
        assert shows(await visit.get(target), "Device", "1 decision")
        assert to(await visit.post("/console/links", act="start", kind="user", value="u1")).endswith("start=user%3Au1")
        for kind, value in (("card", "1234"), ("device", ""), ("nothing", "u1")):
            answer = await visit.post("/console/links", act="start", kind=kind, value=value)
            assert answer.status_code == 400
            assert "There is no such entity" in answer.text
        bad = await visit.post("/console/links", act="start", kind="user", value=PHONE)
        assert (bad.status_code, "which no address may hold" in bad.text, PHONE in bad.text) == (400, True, False)
        kept = await visit.post("/console/links", act="start", kind="merchant", value="shop 7")
        assert 'value="shop 7"' in kept.text
        for clear in (f"device:{DEVICE}", f"card:{CARD}", f"user:{PHONE}", f"ip:{IP}"):
            refused = await visit.get(f"/console/links?start={clear}")
            assert (refused.status_code, clear[5:] in refused.text) == (400, False), clear
        told = repr([*world.told, *(await world.doings())])
        assert not [each for each in (DEVICE, CARD, IP, PHONE) if each in told]

    living(go)


def test_whom_nothing_is_linked_to_is_told_so():
    async def go(world):
        visit = world.visit()
        for path in (START, "/console/links?start=user:u1&goal=user:u2"):
            answer = await visit.get(path)
            assert (answer.status_code, "Nothing is linked to User u1" in answer.text) == (404, True)
        await world.happens(pay(1))
        world.clock.at_us += 91 * DAY_US
        assert (await world.visit().get(START)).status_code == 404, "what is too old is shown no more"

    living(go)


# ---- the graph


def test_a_graph_shows_whom_it_reaches_with_how_heavy_it_was_in_words():
    async def go(world):
        visit = world.visit("wang")
        page = await visit.get(f"{START}&depth=2")
        assert shows(page, "15 entities shown · 21 links", "1 hub is not gone through", 'role="group"')
        told = nodes(page)
        assert "User u1 · Review · 4 decisions · 2 open cases" in told
        assert [each for each in told if re.match(r"IP address \S+ · Review · 132 decisions · hub of 133 links", each)]
        assert len(told) == 15
        assert "<script>" not in page.text
        assert " style=" not in page.text
        assert " onclick" not in page.text
        alone = nodes(await visit.get(START))
        assert len(alone) == 6
        assert set(alone) < set(told) or len(alone) < len(told)

    full(go)


def test_the_same_address_gives_the_same_picture():
    async def go(world):
        visit = world.visit("wang")
        one, other = [(await visit.get(f"{START}&depth=2&sel=user:mule")).text for _ in range(2)]
        picture = re.compile(r'<svg class="links" id.*?</svg>', re.DOTALL)
        assert picture.search(one)[0] == picture.search(other)[0]

    full(go)


def test_whoever_is_selected_is_told_of_and_all_but_his_neighbours_are_dimmed():
    async def go(world):
        visit = world.visit("wang")
        first = await visit.get(f"{START}&depth=2")
        page = await visit.get(next(href for told, href in nodes(first).items() if "User mule" in told))
        assert shows(page, "mule", "2 not allowed", "Start here", "Shortest path to it", 'aria-current="true"')
        dim = re.findall(r'class="node n-\w+ dim[^"]*" href="[^"]+" aria-label="([^"·]+) ·', page.text)
        assert {"User u5", "User u6"} <= set(dim)
        assert not {"User u1", "User m0", "User mule"} & set(dim)
        mask = await visit.get(f"{START}&depth=1&sel={world.name('ip', '203.0.113.9')}")
        assert shows(mask, "203.0.113.*", "Expand", "hub")

    full(go)


def test_a_hub_is_expanded_when_somebody_asks_and_the_cap_is_said():
    async def go(world):
        ip = world.name("ip", "203.0.113.9")
        await world.happens(*(send(n, "u1", f"payee{n}", at_us=world.clock.at_us) for n in range(1000, 1030)))
        visit = world.visit("wang")
        page = await visit.get(f"{START}&sel={ip}")
        way = unescape(re.search(r'id="expand" href="([^"]+)"', page.text)[1])
        assert parse_qs(urlsplit(way).query)["open"] == [ip]
        opened = await visit.get(way)
        assert shows(opened, "150 of 167 shown")
        assert 'id="hubs"' not in opened.text
        assert len(nodes(opened)) == 150

    full(go)


def test_depth_kinds_and_days_are_chosen_by_an_ordinary_form():
    async def go(world):
        visit = world.visit("wang")
        page = await visit.get(f"{START}&depth=2")
        form = re.search(r'<form class="filters links-controls".*?</form>', page.text, re.DOTALL)[0]
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        assert (fields["start"], fields["act"]) == ("user:u1", "show")
        low, high = (re.search(rf'name="{name}" min="(\d+)" max="(\d+)"', form).groups() for name in ("from", "to"))
        assert low == high
        first, last = map(int, low)
        assert last - first == 3
        fields.pop("csrf")

        async def chosen(**more):
            given = fields | {"depth": "2", "from": str(first), "to": str(last)} | more
            return parse_qs(urlsplit(to(await visit.post("/console/links", **given))).query)

        assert await chosen() == {"start": ["user:u1"], "depth": ["2"]}, "ends that were not moved limit nothing"
        assert (await chosen(**{"from": str(last)}))["since"] == ["2026-11-25"]
        both = await chosen(**{"from": str(last - 1), "to": str(first)})
        assert (both.get("since"), both["until"]) == (None, ["2026-11-24"]), "ends that were swapped are put right"
        roles = await chosen(**{"role.payee-user": "1", "role.nonsense": "1"})
        assert roles["kinds"] == ["payee-user"]
        narrow = await visit.get(f"{START}&depth=2&kinds=payee-user")
        assert {told.partition(" ·")[0] for told in nodes(narrow)} == {
            "User u1", "User u2", "User mule", "User m0", "User m1", "User m2", "User m3",
        }  # fmt: skip
        late = nodes(await visit.get(f"{START}&depth=1&since=2026-11-25"))
        assert len(late) == 2, "only the device was seen with him on the last day"
        nothing = await visit.get(f"{START}&since=2026-11-30&view=list")
        assert shows(nothing, "There are no links of these kinds in this time.", "Reset")

    full(go)


def test_parts_of_an_address_that_mean_nothing_are_named_and_left_out():
    async def go(world):
        answer = await world.visit().get(f"{START}&depth=9&view=map&since=never&kinds=x,device-user&order=size&page=x")
        assert shows(answer, ["Ignored an unknown filter in the address", " depth, view, since, kinds, order"][0])
        for name in ("depth", "view", "since", "kinds", "order"):
            assert re.search(rf"unknown filter[^<]*\b{name}\b", answer.text), name

    full(go)


# ---- the list


def test_the_list_has_the_same_links_in_any_order_page_by_page():
    async def go(world):
        visit = world.visit("wang")
        lines = rows(await visit.get(f"{START}&depth=2&view=list"))
        assert len(lines) == 21
        assert lines[0][:3] == [f"Device {short_of(world)}", "User u1", "Review"]
        seen = [int(line[3]) for line in rows(await visit.get(f"{START}&depth=2&view=list&order=seen"))]
        assert seen == sorted(seen, reverse=True)
        money = rows(await visit.get(f"{START}&depth=2&view=list&order=money"))[0]
        assert money[5] == "CNY 30,000.00"
        ip = world.name("ip", "203.0.113.9")
        told, way = [], f"/console/links?start={ip}&view=list&order=last"
        while way:
            page = await visit.get(way)
            told += rows(page)
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            way = unescape(following[1]) if following else None
        assert len(told) == 135
        beyond = await visit.get(f"/console/links?start={ip}&view=list&page=900")
        assert "page=3" in to(beyond)

    full(go)


def short_of(world):
    return world.name("device", "device-shared-1").partition(".")[2][:6] + "…"


def test_an_order_of_the_list_is_one_of_those_that_are_offered():
    for order in ORDERS:
        assert asked_of({"start": "user:u1", "order": order}, ())[0].order == order
    assert asked_of({"start": "user:u1", "order": "x"}, ()) == (Asked(start="user:u1"), ["order"])
    assert Asked(start="user:u1").parts["order"] == ""
    assert not is_name("user:" + "x" * 300)
    shapes = {shape_path(kind, 9) for kind in ("user", "device", "ip", "merchant", "person", "card")}
    assert len(shapes) == 6


# ---- ways


def test_the_shortest_way_is_asked_for_and_shown_in_its_order():
    async def go(world):
        visit = world.visit("wang")
        target = to(await visit.post("/console/links", act="goal", start="user:u5", kind="user", value="boss"))
        page = await visit.get(target)
        assert shows(page, "Shortest path: User u5 → User boss", "5 steps")
        assert [told.partition(" ·")[0].split()[-1] for told in nodes(page)][2:] == ["u1", "mule", "m1", "boss"]
        assert [line[1] for line in rows(page)][-1] == "User m1"
        none = await visit.get("/console/links?start=user:q1&goal=user:q2")
        assert shows(none, "There is no way between them", "Both lead to these hubs", "hub of 133 links")
        assert (await visit.get("/console/links?start=user:q1&goal=user:nobody")).status_code == 404

    full(go)


# ---- cases


def test_what_was_found_goes_to_the_case_at_hand_as_a_note():
    async def go(world):
        found, _ = await world.desk.find(world.desk.query(subject="user:u1", state="open", limit=1))
        case = found[0]
        await world.works("limin", case, Assign("limin"))
        visit = world.visit()
        on_case = await visit.get(f"/console/cases/{case.id}")
        way = unescape(re.search(r'id="links" href="([^"]+)"', on_case.text)[1])
        assert parse_qs(urlsplit(way).query) == {"start": ["user:u1"], "case": [case.id]}
        page = await visit.get(way + "&sel=user:mule")
        form = re.search(r'id="add">(.*?)</section>', page.text, re.DOTALL)[1]
        assert f'action="/console/cases/{case.id}/note"' in form
        text = unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)[1])
        assert text == "Links of User mule: /console/links?start=user%3Au1&sel=user%3Amule"
        seen = re.search(r'name="seen" value="(\d+)"', form)[1]
        await visit.post(f"/console/cases/{case.id}/note", seen=seen, text=text)
        assert text in unescape((await visit.get(f"/console/cases/{case.id}")).text)
        entity = await visit.get("/console/entities/user/u1")
        assert shows(entity, "/console/links?start=user%3Au1")
        assert 'id="add"' not in (await world.visit("chen", roles=(Role.AUDITOR, Role.ANALYST)).get(
            "/console/links?start=user:q7"
        )).text  # fmt: skip

    full(go)


# ---- files


def test_a_list_is_taken_away_as_csv_and_that_is_recorded_with_its_rows():
    async def go(world):
        visit = world.visit("wang")
        answer = await visit.get("/console/links.csv?start=user:m1")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        head, *lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert head[:4] == ["Kind of entity A", "Entity A", "Kind of entity B", "Entity B"]
        assert lines[0][:9] == ["user", "boss", "user", "m1", "payee-user", "1", "1", "review", "CNY 20000.00"]
        assert len(lines) == 2
        refused = await visit.get("/console/links.csv?start=user:u1&depth=2")
        assert (refused.status_code, "one person may take 5 at once" in refused.text) == (403, True)
        subject = [f"user/{world.platform.blind(name)}" for name in ("u1", "m1")]
        assert await world.doings("links.export") == [
            ("wang", "links.export", "refused", subject[0]), ("wang", "links.export", "allowed", subject[1]),
        ]  # fmt: skip
        assert (await world.visit("limin").get("/console/links.csv?start=user:m1")).status_code == 403
        assert (await visit.get("/console/links.csv")).status_code == 404

    full(go)


def test_a_picture_is_taken_away_as_a_file_that_needs_no_style_sheet():
    async def go(world):
        answer = await world.visit().get("/console/links.svg?start=user:u1&depth=2")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert answer.text.lstrip().startswith("<svg")
        assert 'xmlns="http://www.w3.org/2000/svg"' in answer.text
        assert 'fill="#a72e19"' in answer.text
        assert "<a " not in answer.text
        assert "href" not in answer.text
        assert (await world.visit().get("/console/links.svg")).status_code == 404
        assert len(await world.doings("links.read")) == 1

    full(go)


# ---- who may not, and what goes wrong


@pytest.mark.parametrize("role", [Role.POLICY_AUTHOR, Role.APPROVER, Role.AUDITOR, Role.SYSTEM_ADMIN])
def test_who_may_not_look_at_entities_sees_no_links_and_no_way_to_them(role):
    async def go(world):
        await world.happens(pay(1))
        visit = world.visit("chen", roles=(role,))
        assert (await visit.get(START)).status_code == 403
        assert (await visit.post("/console/links", act="start", kind="user", value="u1")).status_code == 403
        assert 'href="/console/links"' not in (await visit.get("/console/controls")).text
        assert ("chen", "links.read", "refused", "") in await world.doings()

    living(go)


def test_a_look_is_a_record_before_anything_is_shown():
    async def go(world):
        await world.happens(pay(1), send(2, "u1", "u2", at_us=NOON_US))
        visit = world.visit()
        await visit.get(START)
        await visit.get(f"{START}&goal=user:u2")
        blind = world.platform.blind
        assert [on for _, _, _, on in await world.doings("links.read")] == [
            f"user/{blind(name)}" for name in ("u2", "u1", "u1")
        ]  # fmt: skip

    living(go)


def test_whatever_a_name_holds_is_text():
    async def go(world):
        await world.happens(pay(1, user=NASTY, ip=None, card=None))
        page = await world.visit().get(f"/console/links?start={world.name('device', DEVICE)}")
        assert shows(page, "&lt;b onmouse")
        assert "<b onmouse" not in page.text
        file = await world.visit().get(f"/console/links.svg?start={world.name('device', DEVICE)}")
        assert "<b onmouse" not in file.text

    living(go)


def test_a_name_that_no_address_may_hold_is_shown_and_leads_nowhere():
    async def go(world):
        await world.happens(pay(1, user="王小明", ip=None, card=None))
        page = await world.visit().get(f"/console/links?start={world.name('device', DEVICE)}")
        assert shows(page, "王小明")
        assert all("%E7%8E%8B" not in href for href in nodes(page).values())

    living(go)


def test_links_that_are_not_up_to_date_or_can_not_be_read_say_so(monkeypatch):
    async def go(world):
        await world.happens(pay(1))
        visit = world.visit()
        world.linking.problem = "the disk is full"
        assert shows(await visit.get(START), "The links are not up to date")
        world.linking.problem = None
        with monkeypatch.context() as patched:
            patched.setattr(type(world.linking), "behind", 4_321)
            assert shows(await visit.get(START), "4,321 records are not in yet")

        def broken(*_):
            raise LinkStoreFailure("gone")

        world.linking.store = type("Broken", (), {"__getattr__": lambda *_: broken, "close": lambda _: None})()
        answer = await visit.get(START)
        assert (answer.status_code, "be read for now" in answer.text) == (503, True)

    living(go)


def test_a_session_with_a_scope_sees_what_the_scope_is_for():
    async def go(world):
        await world.happens(pay(1))
        assert shows(await world.visit("key", scopes={Scope.ENTITIES_READ}).get(START), "User u1")
        assert (await world.visit("key", scopes={Scope.DECISIONS_READ}).get(START)).status_code == 403

    living(go)


def test_the_pages_are_written_in_chinese_too():
    async def go(world):
        visit = world.visit("wang")
        visit.http.headers["accept-language"] = "zh"
        page = await visit.get(f"{START}&depth=2")
        assert shows(page, "关联图谱", "显示 15 个主体 · 21 条关联", "1 个枢纽未展开", "最重处置", "写入案件备注")
        assert shows(await visit.get("/console/links"), "超过 90 天未再出现")

    full(go)
