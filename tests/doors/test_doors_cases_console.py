"""The pages of cases: what one sees and does there, what is refused and where it is said, and what nobody may."""

import asyncio
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from cases_world import HOW, World
from csv_rows import csv_rows

from jindi.access import Role, Scope
from jindi.cases import Assign, Close, Escalate, Note, Snooze, Tag
from jindi.ports import CaseStoreFailure
from shop_world import CARD, DAY_US, HOUR_US, NOON_US, PHONE, list_entry, pay, run

NASTY = "<b onmouseover=alert(1)>王"


def living(work, **more):
    """Run a test in a world of its own."""

    async def go():
        async with World(**more) as world:
            await work(world)

    run(go())


def shows(answer, *texts):
    assert answer.status_code == 200, answer.text[-600:]
    return all(text in answer.text for text in texts)


# ---- the whole way, without a script


def test_an_alert_is_taken_noted_and_closed_by_plain_forms_and_its_decision_is_told():
    async def go(world):
        (decision,) = await world.happens(pay(1, "12000.00"))
        case = await world.of(decision)
        visit = world.visit()
        assert shows(await visit.get("/console/cases?tab=unassigned"), case.id, "Large payment", "CNY 12,000.00")
        assert shows(await visit.get(f"/console/cases/{case.id}"), "Take it before you work it", "Ask the user.")
        taken = await visit.step(case, "assign", to="limin")
        assert (taken.status_code, taken.headers["location"]) == (303, f"/console/cases/{case.id}?done=assign")
        case = await world.of(decision)
        noted = await visit.step(case, "note", text="asked the customer\r\nshe knows nothing of it")
        assert shows(await visit.get(noted.headers["location"]), "The note is added.", "she knows nothing of it")
        ticked = await visit.step(await world.of(decision), "check", step="1", done="yes")
        assert shows(await visit.get(ticked.headers["location"]), "1 of 2 done", "ticked step 2")
        closed = await visit.step(await world.of(decision), "close", verdict="confirmed", why="taken over")
        assert closed.headers["location"] == f"/console/cases/{case.id}?done=close"
        assert world.status(decision) == "rejected"
        page = await visit.get(closed.headers["location"])
        assert shows(page, "closed it: Confirmed", "taken over", "Review rejected", "Reopen it")
        assert world.platform.lane.recent[-1].event.type == "review_verdict"

    living(go)


def test_every_form_of_a_case_is_a_plain_one_with_its_token_and_the_version_that_was_seen():
    async def go(world):
        case = await world.case()
        await world.happens(pay(2, "11000.00"), pay(3, "6000.00"))
        await world.works("wang", case, Assign("wang"))
        text = (await world.visit("wang").get(f"/console/cases/{case.id}")).text
        forms = re.findall(r"<form[^>]*action=\"(/console/cases/case_[^\"]*)\"[^>]*>(.*?)</form>", text, re.DOTALL)
        verbs = {address.rpartition("/")[2] for address, _ in forms}
        assert verbs == {
            "assign", "note", "tag", "snooze", "escalate", "close", "check", "split", "merge", "task", "files",
        }  # fmt: skip
        for address, inner in forms:
            assert 'name="csrf"' in inner
            assert 'name="seen" value="1"' in inner or address.endswith("/files")
        assert "<script>" not in text
        assert " style=" not in text

    living(go)


def test_a_case_is_snoozed_woken_escalated_given_back_and_reopened():
    async def go(world):
        case, visit = await world.case(), world.visit()

        async def does(verb, **form):
            answer = await visit.step(await world.desk.one(case.id), verb, **form)
            assert answer.status_code == 303, answer.text
            return await world.desk.one(case.id)

        await does("assign", to="limin")
        assert (await does("snooze", **{"for": "4h", "why": "he calls back"})).wakes_us == NOON_US + 4 * HOUR_US
        assert (await does("wake")).wakes_us is None
        until = await does("snooze", until="2026-11-24T09:30", why="on tuesday")
        assert until.wakes_us == NOON_US + DAY_US + 21 * HOUR_US + 30 * 60_000_000
        assert (await does("assign")).assignee == ""
        await does("assign", to="limin")
        assert (await does("escalate", why="too much for me")).escalated
        page = await visit.get(f"/console/cases/{case.id}")
        assert shows(page, "waits for a senior")
        assert 'id="take"' not in page.text
        senior = world.visit("wang")
        await senior.step(await world.desk.one(case.id), "assign", to="wang")
        await senior.step(await world.desk.one(case.id), "close", verdict="undetermined", why="x")
        refused = await senior.step(await world.desk.one(case.id), "close", verdict="cleared", why="nothing in it")
        assert refused.status_code == 303
        await senior.step(await world.desk.one(case.id), "reopen", why="another one came")
        assert (await world.desk.one(case.id)).state == "open"
        story = (await senior.get(f"/console/cases/{case.id}")).text
        for said in ("escalated it", "woke it", "gave it back", "reopened it", "snoozed it until 2026-11-24 09:30:00"):
            assert said in story

    living(go)


def test_cases_of_one_subject_are_merged_and_decisions_are_split_off():
    async def go(world):
        case = await world.case(1)
        await world.happens(pay(2, "11000.00"))
        other = await world.case(3, "6000.00")
        visit = world.visit()
        for each in (case, other):
            await world.works("limin", each, Assign("limin"))
        page = (await visit.get(f"/console/cases/{case.id}")).text
        first = re.search(r'name="(alert\.\d+)"', page)[1]
        split = await visit.step(await world.desk.one(case.id), "split", **{first: "1", "why": "another matter"})
        assert shows(await visit.get(split.headers["location"]), "split 1 decision off")
        merged = await visit.step(await world.desk.one(other.id), "merge", into=case.id, why="the same matter")
        page = await visit.get(merged.headers["location"])
        assert shows(page, "Merged into", f"/console/cases/{case.id}")
        assert "merged into this one" in (await visit.get(f"/console/cases/{case.id}")).text

    living(go)


# ---- the queue


def test_the_queue_is_what_its_address_says_and_its_form_only_makes_that_address():
    async def go(world):
        await world.send(list_entry("l1", "blocked", "villain2"))
        large = await world.case(1, "12000.00", user="u1")
        larger = await world.case(2, "14000.00", user="u2")
        delayed = await world.case(3, "6000.00", user="u3")
        (denied,) = await world.happens(pay(4, "10.00", user="villain2"))
        listed = await world.of(denied)
        visit = world.visit()
        everything = await visit.rows("?tab=all")
        assert set(everything) == {large.id, larger.id, delayed.id, listed.id}
        assert await visit.rows("?tab=all&level=critical") == [listed.id]
        assert await visit.rows("?tab=all&typology=anything") == [delayed.id]
        assert (await visit.rows("?tab=all&order=money"))[0] == larger.id
        assert (await visit.rows("?tab=all&order=oldest"))[0] == large.id
        assert await visit.rows("?tab=my") == []
        await world.works("limin", large, Assign("limin"))
        await world.works("limin", large, Tag(add=("ring",)))
        await world.works("limin", larger, Assign("limin"))
        await world.works("limin", larger, Snooze(NOON_US + DAY_US, "later"))
        await world.works("limin", delayed, Assign("limin"))
        await world.works("limin", delayed, Escalate("hm"))
        assert await visit.rows() == [large.id]
        assert await visit.rows("?tab=snoozed") == [larger.id]
        assert await visit.rows("?tab=unassigned") == [listed.id]
        assert await visit.rows("?tab=all&tag=ring") == [large.id]
        assert await world.visit("wang").rows("?tab=escalated") == [delayed.id]
        world.clock.at_us += 2 * HOUR_US
        assert await world.visit().rows("?tab=all&late=1") == [listed.id]
        visit = world.visit()
        answer = await visit.post("/console/cases", tab="all", level="high", late="1", order="due", text=" ")
        assert answer.headers["location"] == "/console/cases?tab=all&level=high&late=1&order=due"
        unknown = await visit.get("/console/cases?tab=escalated&level=grave")
        assert shows(unknown, "Ignored an unknown filter in the address: tab, level")

    living(go)


def test_pages_of_the_queue_show_each_case_once_and_how_many_there_are():
    async def go(world):
        await world.happens(*(pay(n, f"{10_000 + n}.00", user=f"u{n}") for n in range(120)))
        visit, seen, address = world.visit(), [], "/console/cases?tab=all&order=money"
        while address:
            text = (await visit.get(address)).text
            assert "120 match" in text
            seen += re.findall(r'data-open href="/console/cases/(case_\w+)', text)
            found = re.search(r'rel="next" href="([^"]+)"', text)
            address = found[1].replace("&amp;", "&") if found else None
        assert len(seen) == len(set(seen)) == 120
        beyond = await visit.get("/console/cases?tab=all&page=900")
        assert beyond.headers["location"] == "/console/cases?tab=all&page=3"
        opened = re.search(
            r'data-open href="([^"]+\?at=50&amp;[^"]+)"', (await visit.get("/console/cases?tab=all&page=2")).text
        )[1]
        page = (await visit.get(opened.replace("&amp;", "&"))).text
        assert re.search(r'id="previous"[^>]*at=49"', page)
        assert re.search(r'id="following"[^>]*at=51"', page)

    living(go)


def test_an_id_leads_to_its_case_and_a_number_in_clear_to_no_address():
    async def go(world):
        (decision,) = await world.happens(pay(1, "12000.00"))
        case, visit = await world.of(decision), world.visit()

        async def found(text):
            return await visit.post("/console/cases", tab="all", text=text)

        for text in (case.id, f" {decision} "):
            assert (await found(text)).headers["location"] == f"/console/cases/{case.id}"
        assert (await found("u1")).headers["location"] == "/console/cases?tab=all&subject=user%3Au1"
        assert await visit.rows("?tab=all&subject=user%3Au1") == [case.id]
        missed = await found("nobody")
        assert shows(await visit.get(missed.headers["location"]), "No case has this id")
        for text in (PHONE, CARD):
            answer = await found(text)
            assert answer.status_code == 400
            assert text not in answer.text
            by_address = await visit.get(f"/console/cases?tag={text}")
            assert by_address.status_code == 400
            assert text not in by_address.text

    living(go)


def test_take_next_takes_the_first_of_the_queue_and_says_when_nothing_waits():
    async def go(world):
        await world.case(1, "10000.00", user="u1")
        await world.case(2, "14999.00", user="u2")
        visit = world.visit()
        first = (await visit.rows("?tab=unassigned"))[0]
        taken = await visit.post("/console/cases/next")
        assert taken.headers["location"] == f"/console/cases/{first}?done=next"
        assert (await world.desk.one(first)).assignee == "limin"
        await visit.post("/console/cases/next")
        empty = await visit.post("/console/cases/next")
        assert shows(await visit.get(empty.headers["location"]), "The queue is empty")
        gone = await world.visit("zhao").get("/console/cases")
        assert shows(gone, "Nothing is yours to do.", "/console/cases?tab=unassigned")

    living(go)


def test_ticked_rows_are_done_one_by_one_and_the_page_says_what_was_refused():
    async def go(world):
        cases = [await world.case(n, "12000.00", user=f"u{n}") for n in range(4)]
        await world.works("zhao", cases[0], Assign("zhao"))
        visit = world.visit()
        ticked = {f"case.{each.id}": str(each.version) for each in cases}
        before = world.platform.lane.state.next_seq
        answer = await visit.post("/console/cases/ticked/assign", tab="all", **ticked)
        assert world.platform.lane.state.next_seq == before + 3, "a record of its own for each"
        assert parse_qs(urlsplit(answer.headers["location"]).query) == {
            "tab": ["all"], "did": ["3"], "refused": ["changed.1"],
        }  # fmt: skip
        page = await visit.get(answer.headers["location"])
        assert shows(page, "3 done", "1 refused: somebody took a step with this case")
        fresh = {f"case.{each.id}": str((await world.desk.one(each.id)).version) for each in cases}
        tagged = await visit.post("/console/cases/ticked/tag", tab="all", add="mule ring", **fresh)
        assert "did=4" in tagged.headers["location"]
        fresh = {name: str(int(version) + 1) for name, version in fresh.items()}
        snoozed = await visit.post(
            "/console/cases/ticked/snooze", tab="all", **{"for": "1d", "why": "the bank is closed"}, **fresh
        )
        assert "did=3&refused=not_yours.1" in snoozed.headers["location"]
        for path, form, said in (
            ("assign", {}, "Tick the cases first."), ("tag", fresh, "Write the tag."),
            ("snooze", {"for": "1d", **fresh}, "Say why."), ("snooze", {"why": "x", **fresh}, "Choose until when."),
        ):  # fmt: skip
            unclear = await visit.post(f"/console/cases/ticked/{path}", tab="all", **form)
            assert shows(await visit.get(unclear.headers["location"]), said)
        forged = await visit.get("/console/cases?tab=all&did=1&refused=<script>.1~changed.x~empty.2")
        assert shows(forged, "1 done", "2 refused: say something")
        assert "<script>.1" not in forged.text

    living(go)


def test_the_file_is_the_filter_holds_no_formula_and_is_recorded_with_its_rows():
    async def go(world):
        case = await world.case(1, "12000.00", user="=cmd()")
        await world.case(2, "6000.00", user="u2")
        await world.works("limin", case, Tag(add=("@ring",)))
        lead = world.visit("wang")
        answer = await lead.get("/console/cases.csv?tab=all&typology=large_payment")
        assert answer.headers["content-disposition"] == 'attachment; filename="cases.csv"'
        rows = csv_rows(answer.content)
        assert [(row["case"], row["subject"], row["tags"]) for row in rows] == [(case.id, "'=cmd()", "'@ring")]
        assert rows[0]["amounts"] == "CNY 12000.00"
        assert await world.doings("cases.export") == [
            ("wang", "cases.export", "allowed", "tab=all typology=large_payment")
        ]  # fmt: skip
        (told,) = (await lead.get("/console/cases.json?tab=all&typology=large_payment")).json()
        assert (told["case"], told["subject"], told["tags"]) == (case.id, "=cmd()", "@ring")
        book = await lead.get("/console/cases.xlsx?tab=all&typology=large_payment")
        assert book.headers["content-disposition"] == 'attachment; filename="cases.xlsx"'
        assert len(await world.doings("cases.export")) == 3
        tagged = await lead.get("/console/cases.csv?tab=all&tag=@ring")
        assert tagged.status_code == 200
        assert "@ring" not in str(await world.doings("cases.export"))
        await world.happens(*(pay(n, "10000.00", user=f"v{n}") for n in range(10, 16)))
        large = await lead.get("/console/cases.csv?tab=all")
        assert large.status_code == 403
        assert "8 cases fit, more than the 5" in large.text
        assert (await world.doings("cases.export"))[0][2] == "refused"
        assert (await world.visit("limin").get("/console/cases.csv")).status_code == 403

    living(go)


# ---- what is refused, and where


def test_who_was_slower_sees_what_changed_who_did_it_and_his_own_words_again():
    async def go(world):
        case, visit = await world.case(), world.visit()
        await world.works("limin", case, Assign("limin"))
        seen = await world.desk.one(case.id)
        await world.works("zhao", case, Note("I know this one"))
        answer = await visit.step(seen, "close", verdict="cleared", why="she confirmed the payment")
        assert answer.status_code == 409
        assert "The case changed since you opened it" in answer.text
        changed = answer.text.partition('id="changed"')[2].partition("</div>")[0]
        assert "zhao" in changed
        assert "I know this one" in changed
        assert "took the case" not in changed, "what one knew is no change"
        assert 'value="she confirmed the payment"' in answer.text
        assert re.search(r'value="cleared" required checked', answer.text)
        again = re.search(r'id="close".*?name="seen" value="(\d+)"', answer.text, re.DOTALL)[1]
        assert (await visit.step(seen, "close", seen=again, verdict="cleared", why="she did")).status_code == 303

    living(go)


@pytest.mark.parametrize(
    ("verb", "form", "said", "kept"),
    [
        ("note", {"text": f"called {PHONE}"}, "nobody&#39;s data belongs in a note", f"called {PHONE}</textarea>"),
        ("note", {"text": "  "}, "the text is empty", ""),
        ("close", {"why": "x"}, "Choose a verdict.", 'value="x"'),
        ("close", {"verdict": "undetermined", "why": "x"}, "decisions of this case wait for a verdict", 'value="x"'),
        ("snooze", {"until": "2020-01-01T00:00", "why": "x"}, "a snooze ends in the future", "2020-01-01T00:00"),
        ("snooze", {"until": "soon", "why": "x"}, "Choose until when.", 'value="x"'),
        ("snooze", {"for": "30d"}, "the text is empty", ""),
        ("merge", {"into": "case_000000000000", "why": "x"}, "the other case is not there", ""),
        ("check", {"step": "77", "done": "yes"}, "no such step", ""),
        ("assign", {"to": "zhao"}, "only who leads may give cases to others", ""),
        ("tag", {"add": "x" * 41}, "a tag has 1 to 40 visible characters", "x" * 41),
        ("split", {"why": "x"}, "choose the decisions that are to go", ""),
        ("note", {"text": "x", "seen": "no"}, "The case changed since you opened it", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_on_the_page_and_what_was_written_is_kept(verb, form, said, kept):
    async def go(world):
        case = await world.case()
        await world.happens(pay(2, "2.00"))
        await world.works("limin", case, Assign("limin"))
        before = await world.desk.one(case.id)
        answer = await world.visit().step(before, verb, **form)
        assert answer.status_code in (400, 409)
        assert said in answer.text
        assert kept in answer.text
        assert await world.desk.one(case.id) == before

    living(go)


def test_a_note_of_two_thousand_chinese_characters_is_taken_and_one_more_is_not():
    async def go(world):
        case, visit = await world.case(), world.visit()
        assert (await visit.step(case, "note", text="查" * 2_000)).status_code == 303
        after = await world.desk.one(case.id)
        assert (await visit.step(after, "note", text="查" * 2_001)).status_code == 409
        assert (await visit.step(after, "note", text="查" * 9_000)).status_code == 413

    living(go)


def test_nothing_is_done_without_the_forms_token_or_from_another_site_or_by_nobody():
    async def go(world):
        case, visit = await world.case(), world.visit()
        paths = [
            f"/console/cases/{case.id}/assign", "/console/cases/next", "/console/cases/ticked/assign", "/console/cases",
        ]  # fmt: skip
        for path in paths:
            form = {"to": "limin", "seen": "0", f"case.{case.id}": "0"}
            assert (await visit.post(path, csrf="0" * 64, **form)).status_code == 403
            elsewhere = await visit.post(path, headers={"origin": "https://evil.example"}, **form)
            assert elsewhere.status_code == 403
            nobody = world.visit("limin")
            nobody.http.cookies.clear()
            assert (await nobody.post(path, **form)).headers["location"] == "/sign-in"
        assert (await world.desk.one(case.id)).assignee == ""

    living(go)


def test_who_may_only_look_sees_no_form_and_whoever_may_not_look_sees_nothing():
    async def go(world):
        case = await world.case()
        auditor = world.visit("chen")
        page = (await auditor.get(f"/console/cases/{case.id}")).text
        assert case.id in page
        assert f'action="/console/cases/{case.id}' not in page
        queue = (await auditor.get("/console/cases")).text
        assert case.id in queue, "who works none begins with all"
        assert "take-next" not in queue
        assert 'type="checkbox" form="ticked"' not in queue
        for path in (f"/console/cases/{case.id}/note", "/console/cases/next", "/console/cases/ticked/tag"):
            assert (await auditor.post(path, text="x", seen="0")).status_code == 403
        assert ("chen", "case.note", "refused", case.id) in await world.doings("case.note")
        for who, roles, scopes in (("otto", (Role.POLICY_AUTHOR,), None), ("key", (), (Scope.DECISIONS_READ,))):
            other = world.visit(who, roles=roles, scopes=scopes)
            for path in ("/console/cases", f"/console/cases/{case.id}", "/console/cases.csv"):
                assert (await other.get(path)).status_code == 403
            home = (await other.get("/console")).text
            assert "/console/cases" not in home
            decision = (await other.get(f"/console/decisions/dec_{case.id[5:]}")).text
            assert case.id not in decision
        key = world.visit("robot", roles=(), scopes=(Scope.CASES_WORK,))
        assert case.id in (await key.get("/console/cases?tab=all")).text

    living(go)


def test_only_who_leads_gives_cases_to_others_and_works_those_of_others():
    async def go(world):
        case = await world.case()
        await world.works("zhao", case, Assign("zhao"))
        case = await world.desk.one(case.id)
        page = await world.visit("limin").get(f"/console/cases/{case.id}")
        assert shows(page, "It is zhao&#39;s")
        assert 'id="close"' not in page.text
        refused = await world.visit("limin").step(case, "close", verdict="cleared", why="x")
        assert refused.status_code == 409
        assert "the case is not yours" in refused.text
        lead = world.visit("wang")
        assert shows(await lead.get(f"/console/cases/{case.id}"), "<option>limin</option>", 'id="close"')
        assert (await lead.step(case, "assign", to="limin")).status_code == 303
        stranger = await lead.step(await world.desk.one(case.id), "assign", to="nobody")
        assert "there is nobody of this name" in stranger.text

    living(go)


# ---- two people


def test_a_large_case_is_closed_by_two_people_and_the_page_says_that_it_waits():
    async def go(world):
        (decision,) = await world.happens(pay(1, "19000.00"))
        case, visit = await world.of(decision), world.visit()
        await world.works("limin", case, Assign("limin"))
        case = await world.of(decision)
        assert shows(await visit.get(f"/console/cases/{case.id}"), "above what one person may close", "Ask to close it")
        stale = await visit.step(case, "close", seen="0", verdict="confirmed", why="taken over")
        assert stale.status_code == 409
        asked = await visit.step(case, "close", verdict="confirmed", why="taken over")
        assert asked.headers["location"] == f"/console/cases/{case.id}?done=ask"
        page = await visit.get(asked.headers["location"])
        waits = re.search(r'id="waits".*?href="/console/approvals/(apr_\w+)"', page.text, re.DOTALL)[1]
        assert "asked for approval to close it" in page.text
        assert 'id="close"' not in page.text
        assert (await world.of(decision)).state == "open"
        lead = world.visit("wang")
        operation = await lead.get(f"/console/approvals/{waits}")
        assert shows(operation, f'href="/console/cases/{case.id}"')
        digest = re.search(r'name="digest" value="(\w+)"', operation.text)[1]
        approved = await lead.post(f"/console/approvals/{waits}/approve", digest=digest, why="agreed")
        assert approved.status_code == 303, approved.text
        assert world.status(decision) == "rejected"
        page = await visit.get(f"/console/cases/{case.id}")
        assert shows(page, "closed it: Confirmed", waits, "answered: approved")
        auditor = world.visit("chen")
        found = await auditor.get(f"/console/audit?on={case.id}")
        assert shows(found, "Close a case", "Carried out after approval")

    living(go)


def test_another_ones_large_case_is_not_asked_to_be_closed():
    async def go(world):
        case = await world.case(1, "19000.00")
        await world.works("zhao", case, Assign("zhao"))
        answer = await world.visit().step(await world.desk.one(case.id), "close", verdict="cleared", why="x")
        assert answer.status_code == 409
        assert not world.approvals.entries()

    living(go)


def test_where_one_person_is_enough_no_case_takes_two():
    async def go(world):
        case = await world.case(1, "19000.00")
        await world.works("limin", case, Assign("limin"))
        visit = world.visit()
        assert "above what one person may close" not in (await visit.get(f"/console/cases/{case.id}")).text
        await visit.step(await world.desk.one(case.id), "close", verdict="cleared", why="x")
        assert (await world.desk.one(case.id)).state == "closed"

    living(go, settings=replace(HOW, four_eyes=False))


# ---- other pages


def test_decision_entity_and_overview_lead_to_cases():
    async def go(world):
        (decision,) = await world.happens(pay(1, "12000.00"))
        case, visit = await world.of(decision), world.visit()
        assert shows(await visit.get(f"/console/decisions/{decision}"), f'href="/console/cases/{case.id}"')
        assert shows(await visit.get("/console/entities/user/u1"), f'href="/console/cases/{case.id}"')
        assert shows(await visit.get(f"/console/cases/{case.id}"), 'href="/console/entities/user/u1"')
        home = await visit.get("/console")
        assert shows(home, "Cases that wait", "/console/cases?tab=unassigned", '<a href="/console/cases">Cases</a>')
        assert shows(await visit.get(f"/console/decisions/{decision}/reveal"), f'value="{case.id}"')
        plain = await visit.get(f"/console/decisions/{(await world.happens(pay(2)))[0]}")
        assert "/console/cases/" not in plain.text

    living(go)


def test_what_people_and_events_bring_in_is_text_on_every_page():
    async def go(world):
        await world.send(list_entry("l1", "blocked", NASTY))
        (decision,) = await world.happens(pay(1, "12.00", user=NASTY))
        case = await world.of(decision)
        await world.works("limin", case, Note(f"x {NASTY}"))
        await world.works("limin", case, Tag(add=(NASTY,)))
        for who in ("limin", "wang"):
            for path in ("/console/cases?tab=all", f"/console/cases/{case.id}", f"/console/decisions/{decision}"):
                text = (await world.visit(who).get(path)).text
                assert "<b onmouseover" not in text
        assert (await world.visit().get(f"/console/cases?tab=all&tag={NASTY}")).status_code == 200

    living(go)


def test_looking_is_recorded_and_every_step_is_a_record_with_its_actor():
    async def go(world):
        case, visit = await world.case(), world.visit()
        await visit.get("/console/cases?tab=all&tag=secret")
        await visit.get(f"/console/cases/{case.id}")
        assert ("limin", "case.read", "allowed", case.id) in await world.doings("case.read")
        (listed,) = await world.doings("cases.read")
        assert "tab=all" in listed[3]
        assert "secret" not in listed[3], "what somebody typed is a token there"
        await visit.step(case, "assign", to="limin")
        happened = (await world.desk.page(case.id)).story
        assert [(each.name, each.verb) for each in happened] == [("limin", "assign")]

    living(go)


def test_a_store_that_cannot_be_read_is_said_and_what_is_old_is_marked(monkeypatch):
    async def go(world):
        case, visit = await world.case(), world.visit()
        world.following.problem = "the disk is full: /secret/place"
        stale = await visit.get("/console/cases?tab=all")
        assert shows(stale, "The cases are not up to date", case.id)
        assert "/secret/place" not in stale.text
        world.following.problem = None

        def broken(*_):
            raise CaseStoreFailure("gone")

        for name in ("case", "find", "count", "of_subject", "alert"):
            monkeypatch.setattr(world.following.store, name, broken)
        for path in ("/console/cases", f"/console/cases/{case.id}"):
            answer = await visit.get(path)
            assert answer.status_code == 503
            assert "The journal is unharmed" in answer.text
        assert (await visit.get("/console")).status_code == 200
        assert (await visit.get(f"/console/decisions/dec_{case.id[5:]}")).status_code == 200

    living(go)


def test_there_is_no_such_case():
    async def go(world):
        visit = world.visit()
        for path in ("/console/cases/case_0000000fffff", "/console/cases/x", "/console/cases/case_%2e%2e"):
            assert (await visit.get(path)).status_code == 404
        answer = await visit.post("/console/cases/case_0000000fffff/note", text="x", seen="0")
        assert answer.status_code == 404

    living(go)


def test_many_take_the_same_case_and_one_has_it():
    async def go(world):
        case = await world.case()
        people = [world.visit(who) for who in ("limin", "zhao", "wang") for _ in range(3)]
        answers = await asyncio.gather(*(each.step(case, "assign", to=each.who) for each in people))
        assert sorted(each.status_code for each in answers) == [303] + [409] * 8
        story = (await world.desk.page(case.id)).story
        assert len(story) == 1

    living(go)


def test_all_that_can_happen_is_told_in_both_languages():
    async def go(world):
        case = await world.case()
        await world.works("limin", case, Assign("limin"))
        await world.works("limin", case, Close("cleared", "x"))
        visit = world.visit()
        visit.http.headers["accept-language"] = "zh"
        page = (await visit.get(f"/console/cases/{case.id}?done=close")).text
        for said in (
            "结案：排除",
            "领取案件",
            "1 个决策进入案件",
            "已结案，结论已发送至相关决策。",
            "大额付款：金额远高于该用户平时。",
        ):
            assert said in page
        queue = (await visit.get("/console/cases?tab=closed")).text
        assert "大额付款" in queue
        assert "▲" not in queue, "a level is drawn, not typed"

    living(go)
