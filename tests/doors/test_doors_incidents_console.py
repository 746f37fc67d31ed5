"""The pages of incidents, without a script: opened, worked, reported, closed by two, and shown to nobody else."""

import re

import pytest
from incidents_pages_world import World

from incidents_world import STAFF_PACK, VIEWER, alarm, incident_files
from jindi.access import Role
from jindi.cases.incidents_steps import CHANNELS, POSTS, Contain, Entry, Link, Resolve, Review
from jindi.doors.console.incident_forms import VERBS
from jindi.doors.console.words import WORDS
from jindi.packs import GRADES, INCIDENT_KINDS, RECEIVERS
from jindi.run.records import ActionRecord
from jindi.run.watching import Viewer
from shop_world import HOUR_US, run, shop_files

NEW = {
    "title": "接口被遍历", "kind": "data", "grade": "serious", "aware": "2026-11-22T11:50", "persons": "1,200,000",
    "systems": "gateway、ledger", "currency": "CNY", "profile__cn": "1",
}  # fmt: skip


def shows(answer, *texts):
    missing = [text for text in texts if text not in answer.text]
    assert not missing, (missing, answer.text[-3000:])
    return True


def living(work):
    async def go():
        async with World() as world:
            await work(world)

    run(go())


async def opened(world, who="wang", **changed):
    visit = world.visit(who)
    answer = await visit.post("/console/incidents/new", **NEW | changed)
    assert answer.status_code == 303, answer.text[-2000:]
    return visit, re.search(r"inc_[0-9a-f]{12}", answer.headers["location"])[0]


async def step(visit, identifier, verb, **form):
    world = visit.world
    seen = str(world.found(identifier).version)
    return await visit.post(f"/console/incidents/{identifier}/{verb}", **{"seen": seen} | form)


def test_an_incident_is_opened_with_a_form_and_its_page_says_which_clocks_began():
    async def go(world):
        visit, identifier = await opened(world, "lin")
        page = await visit.get(f"/console/incidents/{identifier}?done=open")
        assert shows(page, "接口被遍历", "The incident is open.", "With this step these clocks began", "Serious",
                     "gateway, ledger", "1,200,000", "3 h 50 min left", "Verified", "From memory, to be verified",
                     "Design default", "art. 4", "Stop the flow")  # fmt: skip
        zh = await visit.http.get(f"/console/incidents/{identifier}", headers={"accept-language": "zh"})
        assert shows(zh, "较大", "剩 3 小时 50 分钟", "凭记忆，待核实", "第四条")
        assert 'name="grade"' not in page.text, "an analyst does not grade"

    living(go)


def test_a_grade_is_suggested_without_opening_anything_and_what_was_typed_stays():
    async def go(world):
        visit = world.visit()
        answer = await visit.post(
            "/console/incidents/new", **NEW | {"suggest": "1", "amount": "30,000,000", "grade": None}
        )
        assert shows(answer, "The figures suggest:", "1,200,000 people, from 1,000,000 people on", "接口被遍历",
                     "CNY 30,000,000.00, from CNY 20,000,000.00 on")  # fmt: skip
        assert world.platform.incidents.all == {}

    living(go)


BAD = {
    "no title": ({"title": " "}, 409, "a text is empty"),
    "no kind": ({"kind": ""}, 400, "Choose a kind"),
    "no grade": ({"grade": None}, 400, "Choose a grade"),
    "a time that is none": ({"aware": "yesterday"}, 400, "The time can&#39;t be read"),
    "a time ahead": ({"aware": "2027-01-01T00:00"}, 409, "the time lies ahead"),
    "people that are no number": ({"persons": "many"}, 400, "whole numbers"),
    "money that is none": ({"amount": "1.005"}, 400, "can&#39;t be read"),
    "no rules": ({"profile__cn": None}, 409, "whose rules"),
    "somebody's number": ({"systems": "13812345678"}, 409, "nobody&#39;s data"),
    "a link to nothing": ({"link": "control:C99"}, 409, "nothing of this id"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_with_the_form_is_said_where_it_was_tried(what):
    async def go(world):
        changed, status, told = BAD[what]
        answer = await world.visit().post("/console/incidents/new", **NEW | changed)
        assert answer.status_code == status
        assert shows(answer, told, "gateway" if "systems" not in changed else "")
        assert world.platform.incidents.all == {}

    living(go)


def test_an_incident_is_worked_by_forms_from_its_opening_to_its_end_by_two_people():
    async def go(world):
        visit, one = await opened(world)
        forms = {
            "assess": {"persons": "2000000", "outage": "15", "critical": "1", "amount": "10.50", "currency": "cny"},
            "classify": {"grade": "critical", "kind": "data", "profile__cn": "1", "profile__nis2": "1", "why": "worse"},
            "predate": {"aware": "2026-11-22T11:30", "began": "2026-11-22T11:00", "why": "the alarm"},
            "appoint": {"post": "commander", "who": "qian"}, "entry": {"text": "shut", "at": "2026-11-22T11:40"},
            "task": {"text": "look", "who": "lin", "due": "2026-11-23T10:00"}, "tick": {"task": "0", "done": "yes"},
            "contain": {"text": "cut off"}, "resolve": {"text": "mended"},
            "review": {"cause": "a key", "lessons": "scan", "measures": "rotate"},
        }  # fmt: skip
        for verb, form in forms.items():
            answer = await step(visit, one, verb, **form)
            assert (answer.status_code, answer.headers.get("location")) == (
                303, f"/console/incidents/{one}?done={verb}",
            ), (verb, answer.text[-1500:])  # fmt: skip
        page = await visit.get(f"/console/incidents/{one}?done=classify")
        assert shows(page, "Critical", "commander", "Time to detect", "30 min", "a key", "look", "are still owed")
        refused = await step(visit, one, "close", why="over")
        assert (refused.status_code, shows(refused, "neither sent nor excused")) == (409, True)
        while owed := world.found(one).owed:
            await step(visit, one, "report", report=owed[0].report, at="2026-11-22T12:00", to="office", channel="mail",
                       reference="R-1")  # fmt: skip
        page = await visit.get(f"/console/incidents/{one}")
        assert shows(page, "All reported", "R-1", "a second person has to agree", "Ask")
        asked = await step(visit, one, "close", why="over")
        assert asked.headers["location"].endswith("done=ask")
        assert shows(await visit.get(f"/console/incidents/{one}"), "Closing waits for a second person")
        assert world.found(one).state == "resolved"
        (entry,) = [each for each, _ in world.approvals.entries()]
        await world.approvals.approve(world.person("qian"), entry.id, entry.asked.digest, "read it")
        assert shows(await visit.get(f"/console/incidents/{one}"), "Closed", entry.id)
        assert (await step(visit, one, "reopen", why="it came back")).status_code == 303

    living(go)


def test_the_time_that_a_report_s_form_begins_with_is_taken_though_all_happens_in_one_minute():
    async def go(world):
        world.clock.at_us += 40_500_000
        visit, one = await opened(world, aware="2026-11-22T12:00:40")
        world.clock.at_us += 10_000_000
        page = (await visit.get(f"/console/incidents/{one}")).text
        tag = re.search(r'<input name="at" type="datetime-local"[^>]*required[^>]*>', page)[0]
        assert 'value="2026-11-22T12:00:50"' in tag
        assert 'min="2026-11-22T12:00:40"' in tag
        assert 'step="1"' in tag, "a browser takes what stands there"
        sent = {"report": world.found(one).owed[0].report, "to": "office", "channel": "mail"}
        for at, status in (("2026-11-22T11:59", 409), ("2026-11-22T12:00:39", 409), ("2026-11-22T12:02", 409)):
            assert (await step(visit, one, "report", at=at, **sent)).status_code == status
        assert (await step(visit, one, "report", at="2026-11-22T12:00", **sent)).status_code == 303, "that minute"
        done = [each.sent for each in world.found(one).clocks if each.sent]
        assert done[0].at_us == world.found(one).aware_us

    living(go)


def test_a_report_that_is_excused_and_a_link_that_comes_and_goes():
    async def go(world):
        visit, one = await opened(world)
        await step(visit, one, "excuse", report="nfra_first", why="not under this authority")
        assert shows(await visit.get(f"/console/incidents/{one}"), "not owed", "not under this authority")
        _, other = await opened(world)
        await step(visit, one, "tie", id=other)
        assert world.found(one).links == (Link("incident", other),)
        await step(visit, one, "tie", link=f"incident:{other}", off="yes")
        assert world.found(one).links == ()
        assert (await step(visit, one, "tie", id="C99")).status_code == 409

    living(go)


def test_who_was_slower_is_told_and_what_he_wrote_is_not_lost():
    async def go(world):
        visit, one = await opened(world)
        await world.take(world.found(one), Entry("x"))
        answer = await visit.post(f"/console/incidents/{one}/entry", seen="1", text="my long note")
        assert (answer.status_code, shows(answer, "Somebody took a step since", "my long note")) == (409, True)

    living(go)


def test_the_list_is_filtered_and_in_order_by_its_address():
    async def go(world):
        visit, first = await opened(world, grade="general", kind="fraud")
        _, second = await opened(world, grade="critical", kind="outage", drill="1")
        page = await visit.get("/console/incidents")
        assert page.text.index(second) < page.text.index(first), "what ends first stands first"
        assert shows(page, "Drill", "Outbreak of fraud", "Critical")
        for query, there, away in (
            ("?kind=fraud", first, second), ("?drill=yes", second, first), ("?grade=critical", second, first),
        ):  # fmt: skip
            found = (await visit.get(f"/console/incidents{query}")).text
            assert there in found, query
            assert away not in found, query
        ordered = (await visit.get("/console/incidents?order=opened&state=all")).text
        assert ordered.index(second) < ordered.index(first)
        assert shows(await visit.get("/console/incidents?grade=x&order=luck"), "grade=x", "order=luck")
        assert shows(await visit.get("/console/incidents?state=closed"), "No incident fits.")
        world.later(10 * HOUR_US)
        assert second in (await world.visit().get("/console/incidents?late=1")).text

    living(go)


def test_a_long_list_has_pages():
    async def go(world):
        for number in range(52):
            await world.open(title=f"incident {number}")
        visit = world.visit()
        first, second = [(await visit.get(f"/console/incidents?page={n}")).text for n in (1, 2)]
        listed = [set(re.findall(r'data-open href="/console/incidents/(inc_\w+)"', page)) for page in (first, second)]
        assert [len(each) for each in listed] == [50, 2]
        assert not listed[0] & listed[1]
        beyond = await visit.get("/console/incidents?page=9")
        assert (beyond.status_code, beyond.headers["location"]) == (303, "/console/incidents?page=2")

    living(go)


def test_the_overview_counts_reports_whose_time_runs_out():
    async def go(world):
        lead = world.visit("wang")
        await opened(world, kind="attack")
        assert "Incident reports past half" not in (await lead.get("/console")).text
        world.later(HOUR_US)
        lead = world.visit("wang")
        page = await lead.get("/console")
        assert shows(page, "Incident reports past half their time", "Incident reports that are late")
        drill = await world.open(drill=True)
        assert drill.drill
        again = await lead.get("/console")
        count = re.search(r"late=1\">[^<]+</a> <b class=\"number\">(\d+)", page.text)[1]
        assert f'late=1">Incident reports that are late</a> <b class="number">{count}' in again.text, "no drill counts"

    living(go)


def test_the_draft_has_facts_times_and_timeline_in_both_languages():
    async def go(world):
        visit, one = await opened(world)
        it = await world.take(world.found(one), Contain("cut off at the gateway"))
        it = await world.take(it, Resolve("mended"))
        await world.take(it, Review("a key", "scan", "rotate"))
        page = await visit.get(f"/console/incidents/{one}/print")
        assert shows(
            page, "Incident report", "A draft", "1. The incident", "cut off at the gateway", "1,200,000", "a key"
        )
        zh = await visit.http.get(f"/console/incidents/{one}/print", headers={"accept-language": "zh"})
        assert shows(zh, "安全事件报告", "草稿", "三、经过与处置", "较大", "接口被遍历")

    living(go)


def test_a_table_is_taken_away_with_a_record_of_how_many_rows():
    async def go(world):
        await opened(world)
        told = await world.visit("wang").get("/console/incidents.csv")
        assert told.text.splitlines()[1].count("接口被遍历") == 1
        assert (await world.visit("lin").get("/console/incidents.csv")).status_code == 403
        records = [each for _, each in world.platform.archive.records() if isinstance(each, ActionRecord)]
        exported = [(each.allowed, each.rows) for each in records if each.what == "incidents.export"]
        assert exported == [(True, 1), (False, -1)]

    living(go)


def test_who_only_audits_reads_and_has_no_form():
    async def go(world):
        _, one = await opened(world)
        page = await world.visit("chen").get(f"/console/incidents/{one}")
        assert shows(page, "接口被遍历", "Timeline")
        assert f'action="/console/incidents/{one}/' not in page.text
        refused = await world.visit("chen").post(f"/console/incidents/{one}/entry", text="x", seen="1")
        assert refused.status_code == 403
        assert (await world.visit("chen").get("/console/incidents/new")).status_code == 403

    living(go)


def test_attack_an_incident_of_an_alert_about_staff_is_shown_to_no_suspect_by_no_page():
    async def go():
        async with World({**shop_files(), **incident_files(), **STAFF_PACK}) as world:
            alert = await alarm(world)
            overseer = Viewer("ann", oversees=True)
            incident = await world.open(
                "wang", viewer=overseer, title="tell nobody", links=(Link("alert", alert),)
            )  # fmt: skip
            await world.take(incident, Entry("secret"), viewer=overseer)
            for who, role in (("eve", "security_admin"), ("bob", "security_admin"), ("wang", "senior_analyst")):
                visit = world.visit(who, roles=(Role(role),))
                for path in ("", f"/{incident.id}", f"/{incident.id}/print", "?state=all&order=opened"):
                    page = await visit.get(f"/console/incidents{path}")
                    assert "tell nobody" not in page.text, (who, path)
                    assert "secret" not in page.text, (who, path)
                answer = await visit.post(f"/console/incidents/{incident.id}/entry", text="x", seen="2")
                assert answer.status_code == 404
            assert world.found(incident.id).version == 2
            assert world.desk.one(incident.id, overseer)
            with pytest.raises(LookupError):
                world.desk.one(incident.id, VIEWER)

    run(go())


def test_every_word_that_a_page_asks_for_by_a_name_is_there():
    for prefix, names in (
        ("incidents.grade.", GRADES), ("incidents.kind.", INCIDENT_KINDS), ("incidents.to.", RECEIVERS),
        ("incidents.post.", POSTS), ("incidents.channel.", CHANNELS), ("incidents.did.", ("open", *VERBS)),
        ("incidents.done.", ("open", "ask", *VERBS)), ("incidents.state.", ("open", "contained", "resolved", "closed")),
        ("incidents.link.", ("case", "decision", "control", "alert", "incident")),
        ("incidents.moment.", ("aware", "classified", "contained", "resolved", "sent")),
    ):  # fmt: skip
        assert {prefix + name for name in names} <= WORDS.keys()
