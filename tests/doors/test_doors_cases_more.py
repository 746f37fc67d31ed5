"""Tasks, files, second looks, the team, kept filters, a step with all that match, and a case on paper."""

import asyncio
import io
import re
import zipfile

import pytest
from test_doors_cases_console import NASTY, living, shows

from jindi.cases import LOTS, Assign, Attach, Close, Merge, Review, Task, Tick, Withdraw
from jindi.cases.evidence import FILE_BYTES_MAX, looked_at, plain_name
from jindi.run.cases import Declined, team_of
from jindi.run.filters import Filters
from jindi.run.records import CaseRecord
from shop_world import CARD, DAY_US, HOUR_US, PHONE

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF"


def zipped(*names, size=10):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        for name in names:
            parts.writestr(name, b"0" * size)
    return out.getvalue()


def document(relations):
    """A document of Office with what it says it hangs on."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        for name in ("[Content_Types].xml", "word/document.xml"):
            parts.writestr(name, b"<x/>")
        parts.writestr("word/_rels/settings.xml.rels", relations)
    return out.getvalue()


def related(kind):
    return (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        f'{kind}" Target="https://evil.example/x.dotm" TargetMode="External"/></Relationships>'
    ).encode()


# ---- what may be attached


@pytest.mark.parametrize(
    ("content", "media", "why"),
    [
        (PDF, "application/pdf", None),
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png", None),
        (b"\xff\xd8\xff\xe0", "image/jpeg", None),
        ("日期,金额\n2026-11-23,12.00\n".encode(), "text/plain", None),
        (b"<script>alert(1)</script>", "text/plain", None),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "sheet", None),
        (zipped("[Content_Types].xml", "word/document.xml"), "document", None),
        (b"", "", "file_empty"),
        (b"x" * (FILE_BYTES_MAX + 1), "", "file_too_large"),
        (b"MZ\x90\x00", "", "file_kind"),
        (b"text with a \0 in it", "", "file_kind"),
        (b"\xd0\xcf\x11\xe0", "", "file_kind"),
        (zipped("run.exe"), "", "file_kind"),
        (b"PK\x03\x04broken", "", "file_kind"),
        (PDF + b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>", "application/pdf", "file_active"),
        (PDF + b"/Launch", "application/pdf", "file_active"),
        (zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "sheet", "file_active"),
        (zipped("[Content_Types].xml", "word/document.xml", "word/embeddings/a.bin"), "document", "file_active"),
        (zipped("[Content_Types].xml", "xl/workbook.xml", size=60_000_000), "sheet", "file_too_large"),
        (PDF + b"/OpenAction<</S/J#61vaScript/J#53(app.alert(1))>>", "application/pdf", "file_active"),
        (document(related("hyperlink")), "document", None),
        (document(related("attachedTemplate")), "document", "file_active"),
        (document(related("oleObject")), "document", "file_active"),
        (document(related("frame").replace(b'"External"', b"'External'")), "document", "file_active"),
        (document(related("attachedTemplate").replace(b"x.dotm", b"x>.dotm")), "document", "file_active"),
        (document(related("attached&#84;emplate")), "document", "file_active"),
        (document(b'<!DOCTYPE r [<!ENTITY t "frame">]>' + related("&t;")), "document", "file_active"),
        (document(related("attachedTemplate").decode().encode("utf-16")), "document", "file_active"),
        (document(b" " * 3_000_000), "document", "file_too_large"),
    ],
)
def test_a_file_is_what_its_content_says_and_nothing_that_runs_is_taken(content, media, why):
    found, told = looked_at(content)
    assert found.endswith(media)
    assert bool(found) == bool(media)
    assert told == why


@pytest.mark.parametrize("name", ["a\r\nb.pdf", "..", "", "\u202efdp.exe", "x" * 400 + ".pdf"])
def test_a_file_s_name_can_be_shown_on_one_line(name):
    plain = plain_name(name)
    assert plain
    assert plain.isprintable()
    assert len(plain) <= 120


# ---- files on a case


def test_a_file_is_sealed_handed_out_as_it_came_and_stands_in_the_story():
    async def go(world):
        case, visit = await world.case(), world.visit()
        answer = await visit.upload(case, "流水 明细.pdf", PDF)
        assert answer.headers["location"].startswith(f"/console/cases/{case.id}?done=attach")
        page = await visit.get(f"/console/cases/{case.id}")
        assert shows(page, "流水 明细.pdf", "attached 流水 明细.pdf")
        file = await visit.get(f"/console/cases/{case.id}/files/0")
        assert file.content == PDF
        assert file.headers["content-disposition"].startswith("attachment;")
        assert "sandbox" in ",".join(file.headers.get_list("content-security-policy"))
        held = b"".join(path for path in world.kept())
        assert PDF not in held
        assert ("limin", "case.file", "allowed", case.id) in await world.doings("case.file")
        for verb in ("attach", "file"):
            assert await world.doings(f"case.{verb}"), verb

    living(go)


def test_what_is_not_taken_is_said_on_the_page_of_the_case_and_leaves_nothing():
    async def go(world):
        case, visit = await world.case(), world.visit()
        before = world.platform.vault.status().counts
        for name, content, status, said in [
            ("run.pdf", b"MZ\x90\x00", 422, "not a type that is taken"),
            ("empty.txt", b"", 422, "the file is empty"),
            (f"{PHONE}.pdf", PDF, 409, "holds somebody"),
            ("", b"", 400, "Choose a file"),
        ]:
            answer = await visit.upload(case, name, content)
            assert (answer.status_code, said in answer.text) == (status, True), answer.text[-800:]
        assert (await world.desk.one(case.id)).files == ()
        assert world.platform.vault.status().counts == before
        late = await visit.upload(case, "a.pdf", PDF, csrf="")
        assert late.status_code == 403

    living(go)


def test_a_file_that_was_withdrawn_is_given_to_nobody_and_the_case_says_by_whom():
    async def go(world):
        case = await world.case()
        await world.works("limin", case, Assign("limin"))
        visit = world.visit()
        await visit.upload(case, "a.pdf", PDF)
        wrong = await visit.step(await world.desk.one(case.id), "withdraw", file="0", why="another customer's")
        assert wrong.status_code == 303
        assert (await visit.get(f"/console/cases/{case.id}/files/0")).status_code == 404
        assert shows(await visit.get(f"/console/cases/{case.id}"), "withdrawn by limin", "another customer")
        with pytest.raises(Declined, match="no_file"):
            await world.works("limin", case, Withdraw(0, "again"))

    living(go)


def test_files_and_tasks_go_where_a_case_is_merged_into():
    async def go(world):
        first = await world.case(1)
        second = await world.case(2, "6000.00")
        await world.works("limin", second, Assign("limin"))
        await world.works("limin", first, Assign("limin"))
        await world.desk.attach(world.actor("limin"), second.id, "a.txt", b"seen")
        await world.works("limin", second, Task("call him", "zhao"))
        await world.works("limin", second, Merge(first.id, "one matter"))
        whole = await world.desk.one(first.id)
        assert [each.name for each in whole.files] == ["a.txt"]
        assert [each.text for each in whole.tasks] == ["call him"]
        file, content = await world.desk.file(world.actor("limin"), first.id, 0)
        assert (file.case, content) == (second.id, b"seen")

    living(go)


def test_a_file_can_t_be_made_a_case_s_by_the_body_of_a_step():
    async def go(world):
        case, visit = await world.case(), world.visit()
        form = {"token": "text.x", "name": "a", "media": "text/plain", "size": "1", "digest": "0" * 64}
        assert (await visit.step(case, "attach", **form)).status_code in (404, 405)
        assert (await world.desk.one(case.id)).files == ()

    living(go)


# ---- tasks


def test_a_task_is_asked_for_done_and_undone_and_belongs_to_somebody_who_works_cases():
    async def go(world):
        case, visit = await world.case(), world.visit()
        await visit.step(case, "task", text=f"ask the bank {NASTY}", who="zhao", until="2026-11-24T09:30")
        case = await world.desk.one(case.id)
        assert (case.tasks[0].who, case.tasks[0].by) == ("zhao", "limin")
        page = await visit.get(f"/console/cases/{case.id}")
        assert shows(page, "ask the bank &lt;b", "zhao")
        done = await world.visit("zhao").step(case, "tick", task="0", done="yes")
        assert shows(await visit.get(done.headers["location"]), "done by zhao")
        with pytest.raises(Declined, match="no_change"):
            await world.works("zhao", case, Tick(0))
        with pytest.raises(Declined, match="no_task"):
            await world.works("zhao", case, Tick(1))
        with pytest.raises(Declined, match="nobody"):
            await world.works("zhao", case, Task("x", "chen"))
        refused = await visit.step(await world.desk.one(case.id), "task", text=f"call {PHONE}")
        assert refused.status_code == 409
        assert "holds somebody" in refused.text

    living(go)


# ---- second looks


async def closed(world, number=1, by="limin", **fields):
    case = await world.case(number, **fields)
    await world.works(by, case, Assign(by))
    await world.works(by, await world.desk.one(case.id), Close("cleared", "the customer knows of it"))
    return await world.desk.one(case.id)


def test_another_person_who_leads_looks_again_once_and_nobody_at_his_own():
    async def go(world):
        case = await closed(world)
        own = await closed(world, 2, by="wang", user="two")
        senior = world.visit("wang")
        assert shows(await senior.get(f"/console/cases/{case.id}"), "The verdict is wrong")
        assert "The verdict is wrong" not in (await senior.get(f"/console/cases/{own.id}")).text
        with pytest.raises(Declined, match="own_verdict"):
            await world.works("wang", own, Review(agrees=True, why="of course"))
        unclear = await senior.step(case, "review", why="x")
        assert (unclear.status_code, "Say whether you agree" in unclear.text) == (400, True)
        said = await senior.step(case, "review", agrees="no", why="the device is one of the ring's")
        assert shows(await senior.get(said.headers["location"]), "took a second look: wrong", "device is one of")
        with pytest.raises(Declined, match="reviewed"):
            await world.works("sun", case, Review(agrees=True, why="no"))
        assert (
            await world.visit("limin").step(await world.desk.one(case.id), "review", agrees="yes")
        ).status_code == 403

    living(go)


def test_a_case_closed_again_draws_again_and_its_second_look_is_gone():
    async def go(world):
        case = await closed(world)
        await world.works("wang", case, Review(agrees=False, why="look again"))
        await world.visit("wang").step(await world.desk.one(case.id), "reopen", why="as was said")
        world.clock.at_us += HOUR_US
        await world.works("wang", await world.desk.one(case.id), Close("confirmed", "it was"), leads=True)
        again = await world.desk.one(case.id)
        assert again.look is None
        assert again.waits_for_review
        assert [(each.of, each.by, each.agrees) for each in again.looks] == [("limin", "wang", False)]
        assert again.lot != case.lot
        (limin,) = [each for each in (await team_of(world.desk)).people if each.name == "limin"]
        assert (limin.looked, limin.agreed) == (1, 0)

    living(go)


def test_what_is_drawn_is_the_share_that_the_parameter_says():
    async def go(world):
        for number in range(60):
            await closed(world, number, user=f"u{number}")
            world.clock.at_us += 7_919_113
        cases, _ = await world.desk.find(world.desk.query(state="closed", limit=100))
        drawn = {each.id for each in cases if each.lot < 50 * LOTS // 1_000}
        team = await team_of(world.desk)
        assert {each.id for each in team.sample} == drawn
        assert len({each.lot for each in cases}) == 60
        halves = [each for each in cases if each.lot < LOTS // 2]
        assert 15 <= len(halves) <= 45, "a fair lot falls so with a probability of 0.9999"

    living(go)


# ---- the team


def test_the_team_page_counts_what_everybody_has_and_has_done():
    async def go(world):
        await closed(world, 1)
        other = await closed(world, 2, user="two")
        await world.works("wang", other, Review(agrees=True, why="right"))
        mine = await world.case(3, user="three")
        await world.works("limin", mine, Assign("limin"))
        await world.case(4, user="four")
        world.clock.at_us += 2 * DAY_US
        team = await team_of(world.desk)
        (limin,) = team.people
        assert (limin.open, limin.late, limin.closed, limin.looked, limin.agreed) == (1, 1, 2, 1, 1)
        assert sum(sum(counts) for _, counts in team.ages) == 2
        assert dict(team.ages)["high"] == (0, 0, 2, 0)
        page = await world.visit("wang").get("/console/team")
        assert shows(page, "limin", "Work of the team")
        assert (await world.visit("limin").get("/console/team")).status_code == 403

    living(go)


# ---- kept filters


def test_a_filter_of_cases_is_kept_shared_used_renamed_and_forgotten():
    async def go(world):
        visit, other, lead = world.visit(), world.visit("zhao"), world.visit("chen")
        form = {"table": "cases", "name": "大额 高危", "tab": "all", "level": "high", "order": "money"}
        kept = await visit.post("/console/tables/keep", **form, shared="1")
        assert kept.headers["location"] == "/console/cases?tab=all&level=high&order=money&kept=done"
        await visit.post("/console/tables/keep", table="cases", name="my own", tab="all", late="1")
        assert "大额 高危" in (await visit.get("/console/cases")).text
        theirs = (await other.get("/console/cases")).text
        (path,) = re.findall(r'<a href="(/console/filters/\d+)" title="shared by limin">大额 高危</a>', theirs)
        assert "my own" not in theirs
        opened = await other.get(path)
        assert opened.headers["location"] == "/console/cases?tab=all&level=high&order=money"
        assert "大额 高危" not in (await lead.get("/console/cases")).text, "an auditor works no cases"
        assert (await lead.get(path)).status_code == 404
        for vain in ("rename", "forget"):
            answer = await other.post(f"{path}/{vain}", name="theirs")
            assert "kept=not_there" in answer.headers["location"]
        await visit.post(f"{path}/rename", name="大额")
        assert ">大额</a>" in (await other.get("/console/cases")).text
        await visit.post(f"{path}/forget")
        assert "大额" not in (await other.get("/console/cases")).text
        assert (await other.get(path)).status_code == 404
        assert [each.name for each in Filters(world.platform.blobs).of("limin", "cases")] == ["my own"]
        assert await world.doings("table.filter")

    living(go)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"name": " "}, "no_name"),
        ({"name": "x" * 41}, "name_too_long"),
        ({"name": f"of {PHONE}"}, "personal"),
        ({"name": "one", "tab": "all", "subject": f"card:{CARD}"}, "personal"),
    ],
)
def test_a_filter_that_can_t_be_kept_says_why(form, why):
    async def go(world):
        answer = await world.visit().post("/console/tables/keep", table="cases", **form)
        assert f"kept={why}" in answer.headers["location"]
        assert CARD not in answer.headers["location"]
        assert Filters(world.platform.blobs).of("limin", "cases") == []

    living(go)


# ---- all that match


async def over(visit, answer):
    """The page of a step with many cases, once it is over."""
    for _ in range(400):
        page = await visit.get(answer.headers["location"])
        if "data-again" not in page.text:
            return page.text
        await asyncio.sleep(0.01)
    raise AssertionError(page.text)


def test_a_step_with_all_that_match_takes_each_of_them_and_no_other():
    async def go(world):
        for number in range(60):
            await world.case(number, user=f"u{number}")
        await world.case(90, "6000.00", user="other")
        taken = await world.case(91, user="taken")
        await world.works("zhao", taken, Assign("zhao"))
        visit = world.visit()
        page = await visit.get("/console/cases?tab=all&level=high")
        assert shows(page, "With all 61 that match")
        begun = await visit.post("/console/case-work/assign", tab="all", level="high", count="61")
        text = await over(visit, begun)
        assert "60 done" in text
        assert "1 refused" in text
        mine, count = await world.desk.find(world.desk.query(state="open", assignee="limin", limit=100))
        assert count == 60
        assert {each.typology for each in mine} == {"large_payment"}
        closing = await visit.post(
            "/console/case-work/close", tab="my", count="60", verdict="cleared", why="one campaign of ours"
        )
        assert "60 done" in await over(visit, closing)
        archive = world.platform.archive
        records = [archive.record(seq) for seq in range(archive.log.next_seq())]
        closings = [each for each in records if isinstance(each, CaseRecord) and each.verb == "close"]
        assert {each.case for each in closings} == {each.id for each in mine}

    living(go)


def test_a_queue_that_has_moved_is_shown_again_and_nothing_is_done():
    async def go(world):
        await world.case(1)
        moved = await world.visit().post("/console/case-work/assign", tab="all", count="7")
        assert "moved=1" in moved.headers["location"]
        assert shows(await world.visit().get(moved.headers["location"]), "1 match now")
        unclear = await world.visit().post("/console/case-work/close", tab="all", count="1", verdict="cleared")
        assert "unclear=say_why" in unclear.headers["location"]
        assert not await world.doings("case.assign")

    living(go)


def test_nobody_sees_or_stops_what_another_does_with_many_and_one_can_stop_his_own():
    async def go(world):
        for number in range(30):
            await world.case(number, user=f"u{number}")
        visit, other = world.visit(), world.visit("zhao")
        begun = await visit.post("/console/case-work/assign", tab="all", count="30")
        place = begun.headers["location"]
        assert (await other.get(place)).status_code == 404
        await other.post(f"{place}/stop")
        second = await visit.post("/console/case-work/tag", tab="all", count="30", add="x")
        assert "unclear=too_many" in second.headers["location"] or second.headers["location"].startswith(place[:20])
        await visit.post(f"{place}/stop")
        text = await over(visit, begun)
        done = int(re.search(r"(\d+) done", text)[1])
        (count,) = await world.desk.counts(world.desk.query(state="open", assignee="limin"))
        assert count == done

    living(go)


# ---- on paper


def test_a_case_on_paper_has_all_of_it_and_where_the_journal_proves_it():
    async def go(world):
        case = await world.case()
        await world.works("limin", await world.desk.one(case.id), Assign("limin"))
        await world.desk.attach(world.actor("limin"), case.id, "a.txt", b"seen")
        await world.works("limin", await world.desk.one(case.id), Task("call him"))
        await world.works("limin", await world.desk.one(case.id), Close("confirmed", f"taken over {NASTY}"))
        page = await world.visit().get(f"/console/cases/{case.id}/print")
        assert shows(page, "Case file", "taken over &lt;b", "a.txt", "call him", "Look at the user", "Made by limin")
        hashes = re.findall(r"hash of its batch ([0-9a-f]{64})", page.text)
        assert hashes == [world.platform.archive.place(int(case.id[5:], 16)).head.hex()]
        assert await world.doings("case.print")

    living(go)


def test_what_is_known_of_a_case_is_the_same_when_it_is_made_anew():
    async def go(world):
        case = await closed(world)
        await world.works("wang", case, Review(agrees=True, why="right"))
        before = await world.desk.one(case.id)
        world.following.store.clear()
        await world.following.catch_up()
        assert await world.desk.one(case.id) == before

    living(go)


def test_a_forged_step_of_the_journal_is_no_file():
    async def go(world):
        case = await world.case()
        forged = Attach("text.none", "a.txt", "text/plain", 4, "0" * 64)
        await world.works("limin", case, forged)
        assert await world.desk.file(world.actor("limin"), case.id, 0) is None

    living(go)


# ---- a session that ends while somebody writes


def test_what_was_written_when_the_session_ended_comes_back_and_is_sent_after_signing_in_again():
    async def go(world):
        case, visit = await world.case(), world.visit()
        headers = {"origin": str(visit.http.base_url), "sec-fetch-site": "same-origin"}
        path, note = f"/console/cases/{case.id}/note", f"she called back {NASTY}"
        world.sessions.close(visit.clear_id)
        ended = await visit.post(path, headers, text=note, seen="0")
        assert ended.status_code == 401
        assert "she called back &lt;b" in ended.text
        assert "sign in in a new tab" in ended.text
        assert (await world.desk.one(case.id)).notes == 0
        anew = world.visit()
        again = {"again": "1", "text": note, "seen": "0", "csrf": None}
        asked = await anew.post(path, headers, **again)
        assert (asked.status_code, "Look at it again" in asked.text) == (403, True)
        assert (await world.desk.one(case.id)).notes == 0
        token = re.search(r'id="once-more".*?name="csrf" value="([^"]+)"', asked.text, re.DOTALL)[1]
        sent = await anew.post(path, headers, **again | {"csrf": token})
        assert sent.status_code == 303
        assert (await world.desk.one(case.id)).notes == 1

    living(go)


def test_no_form_comes_back_to_another_site_or_with_a_wrong_token_or_with_somebody_s_number_in_it():
    async def go(world):
        case, visit = await world.case(), world.visit()
        ours = {"origin": str(visit.http.base_url), "sec-fetch-site": "same-origin"}
        path = f"/console/cases/{case.id}/note"
        for headers, csrf in (
            ({}, None), (ours | {"sec-fetch-site": "cross-site"}, None), ({"origin": "https://evil.example"}, None),
            (ours, "wrong"),
        ):  # fmt: skip
            refused = await visit.post(path, headers, text="x", again="1", seen="0", csrf=csrf)
            assert refused.status_code == 403
            assert "once-more" not in refused.text
        world.sessions.close(visit.clear_id)
        for where, form in ((path, {}), ("/console/find", {"value": PHONE}), ("/console/decisions", {"text": PHONE})):
            headers = {} if where == path else ours
            gone = await visit.post(where, headers, **(form or {"text": "x"}))
            assert gone.status_code == 303
            assert gone.headers["location"].startswith("/sign-in")
        assert (await world.desk.one(case.id)).notes == 0

    living(go)
