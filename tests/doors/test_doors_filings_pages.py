"""Reports in the console: a compliance officer works a laundering case to its receipt; nobody else learns of it."""

import re
from datetime import date

import pytest
from filings_pages_world import World

from filings_world import HOUSE, KNOWS, NAME, NUMBER, REFUSAL, WORDS, draft, laundering_files, open_files, receipt_name
from filings_world import who as who_writes
from jindi.doors.console.filing_forms import draft_of, form_of
from jindi.parties.reporting.drafts import Day, Draft, Subject
from shop_world import NOON_US, run

LIST = "/console/reports"
PAGES = (
    "/console", "/console/cases", "/console/decisions", "/console/approvals", "/console/lists", "/console/subjects",
    "/console/staff-alerts", "/console/audit", "/console/help", "/console/keys", "/console/find", "/console/team",
)  # fmt: skip
NOWHERE = "rpt_000000000fff"
UNTOLD = tuple(name for name in HOUSE if name not in KNOWS)


def filled(page, **changed):
    """The fields of the form on a page as they stand, with some changed."""
    form = page[page.index('id="write"') if 'id="write"' in page else page.index('id="edit"') :]
    form = form[: form.index("</form>")]
    found = dict(re.findall(r'<input name="([^"]+)"[^>]*? value="([^"]*)"', form))
    found |= dict(re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
    for name, options in re.findall(r'<select name="([^"]+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
        found[name] = (chosen[1] if chosen[1] is not None else chosen[2]) if chosen else ""
    found |= dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    return found | changed


def given(world):
    return {
        "institution": "A1000131000001", "institution_name": "示例支付", "sector": "bank", "branch": "A1000131000001",
        "place": "CHN110108", "means": "000121", "features": "0101", "behaviour": WORDS[0], "analysis": WORDS[1],
        "subjects.0.user": "u1", "subjects.0.occupation": "1A", "evidence": "\n".join(world),
    }  # fmt: skip


async def posted(visit, path, form):
    return await visit.http.post(path, data=form)


def test_an_officer_works_a_case_from_its_page_to_a_packet_and_its_receipt():
    async def go():
        async with World(laundering_files()) as world:
            decisions = await world.customers()
            case = await world.case()
            wang, sun = world.visit("wang"), world.visit("sun")
            assert f"/console/reports/new?case={case.id}" in (await wang.get(f"/console/cases/{case.id}")).text
            page = (await wang.get(f"{LIST}/new?case={case.id}")).text
            begun = filled(page)
            assert begun["subjects.0.user"] == case.subject
            assert begun["crimes"].split() == ["1201", "0801"], "what the pack suspects in a case of mules"
            assert set(begun["evidence"].split()) <= set(decisions)
            form = begun | given(decisions) | {"crimes": "1201"}
            answer = await posted(wang, f"{LIST}/new", form)
            assert answer.status_code == 303, answer.text[-2000:]
            path = answer.headers["location"].partition("?")[0]
            (report,) = world.platform.filings.newest()
            assert (report.case, report.typology, path) == (case.id, case.typology, f"{LIST}/{report.id}")
            assert "Running" in (await wang.get(path)).text
            assert (await wang.post(f"{path}/propose")).status_code == 303
            shown = (await wang.get(path)).text
            assert "somebody else answers it" in shown
            assert (await wang.post(f"{path}/approve", digest="0" * 64)).status_code == 409
            digest = re.search(r'name="digest" value="([0-9a-f]{64})"', (await sun.get(path)).text)[1]
            packet = await sun.get(f"{path}/file")
            assert NUMBER in packet.text
            assert packet.headers["content-disposition"].startswith("attachment")
            assert (await sun.post(f"{path}/approve", digest=digest)).status_code == 303
            assert (await wang.post(f"{path}/pack")).status_code == 303
            assert (await wang.post(f"{path}/send", on="never")).status_code == 400
            assert (await wang.post(f"{path}/send", on="2026-11-22")).status_code == 303
            name = receipt_name("to_correct", world.platform.filings.newest()[0].filing.packets[0])
            named = {"error": "ONE", "place": "WHERE", "field": "WHAT", "code": "NO", "says": "WORDS"}
            landed = await wang.http.post(
                f"{LIST}/receipts", data={"csrf": wang.csrf, **named}, files={"file": (name, REFUSAL)}
            )
            assert landed.status_code == 303, landed.text[-2000:]
            shown = (await wang.get(path)).text
            assert "SEIF 1" in shown
            assert "the occupation or trade" in shown
            assert (await wang.post(f"{path}/revise", why="补职业")).status_code == 303
            months = (await wang.get(f"{LIST}/statistics")).text
            assert "2026-11" in months
            assert "2026-11" in (await wang.get(f"{LIST}/statistics.csv")).text

    run(go())


def test_what_a_packet_lacks_is_told_at_once_and_the_text_is_kept():
    async def go():
        async with World() as world:
            decisions = await world.customers()
            wang = world.visit("wang")
            bare = given(decisions) | {"analysis": "", "place": "", "csrf": wang.csrf, "topic": "suspicious"}
            path = (await posted(wang, f"{LIST}/new", bare)).headers["location"].partition("?")[0]
            refused = await wang.post(f"{path}/propose")
            assert refused.status_code == 422
            assert all(word in refused.text for word in ("why it is suspicious", "where it was", "types of crime"))
            page = (await wang.get(path)).text
            saved = await posted(wang, f"{path}/write", filled(page, analysis="一" * 30, csrf=wang.csrf))
            assert saved.status_code == 303
            stale = await posted(wang, f"{path}/write", filled(page, analysis="二" * 30, csrf=wang.csrf))
            assert stale.status_code == 409
            assert "二" * 30 in stale.text, "what was typed is not lost"

    run(go())


def test_a_large_day_is_written_on_a_line_and_a_bad_line_is_named_by_its_number():
    async def go():
        async with World() as world:
            decisions = await world.customers()
            wang = world.visit("wang")
            form = given(decisions) | {"csrf": wang.csrf, "topic": "large", "usd_rate": "7.1", "evidence": ""}
            bad = await posted(wang, f"{LIST}/new", form | {"days": "u1 2026-13-01 0503 " + decisions[0]})
            assert (bad.status_code, "Line 1" in bad.text) == (400, True)
            day = "u1 2026-11-22 0503 " + " ".join(decisions)
            made = await posted(wang, f"{LIST}/new", form | {"days": day})
            path = made.headers["location"].partition("?")[0]
            assert (await wang.post(f"{path}/propose")).status_code == 303

    run(go())


def test_large_days_are_on_a_page_and_their_report_is_begun_there():
    async def go():
        async with World(open_files()) as world:
            await world.pays(9, "600000.00")
            await world.moving.catch_up()
            wang = world.visit("wang")
            page = (await wang.get(f"{LIST}/days")).text
            assert all(word in page for word in ("0503", "2026-11-27", "None yet"))
            begun = await wang.post(f"{LIST}/days/begin", day="2026-11-22")
            assert begun.headers["location"].startswith(f"{LIST}/rpt_")
            assert "Being written" in (await wang.get(f"{LIST}/days")).text
            assert (await wang.post(f"{LIST}/days/begin", day="2026-11-22")).headers["location"] == f"{LIST}/days"
            assert "0503" in (await wang.get(f"{LIST}/days.csv")).text

    run(go())


def test_a_packet_and_an_approval_take_a_fresh_second_factor():
    async def go():
        async with World() as world:
            report = await world.desk.propose(who_writes(), (await world.written()).id)
            stale = world.visit("sun", mfa_us=NOON_US - 600_000_000)
            for answer in (
                await stale.get(f"{LIST}/{report.id}/file"),
                await stale.post(f"{LIST}/{report.id}/approve", digest=report.packet.digest),
            ):
                assert answer.status_code in (303, 403)
                assert NAME not in answer.text
            assert world.desk.one(report.id).state == "proposed"

    run(go())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_read_in_both_languages(lang):
    async def go():
        async with World() as world:
            report = await world.sent()
            await world.land(report, "refused")
            wang = world.visit("wang")
            for path in (LIST, f"{LIST}/{report.id}", f"{LIST}/new", f"{LIST}/new?topic=large", f"{LIST}/statistics"):
                page = await wang.http.get(path, headers={"accept-language": lang})
                assert page.status_code == 200
                assert "filings." not in re.sub(r'name="[^"]*"|value="[^"]*"', "", page.text), path

    run(go())


# ---- no tipping-off


def test_nobody_else_learns_of_a_report_on_any_page():
    async def go():
        async with World() as world:
            evidence = (await world.desk.page((await world.written()).id)).draft.evidence
            case = await world.case()
            report = await world.desk.open(who_writes(), "suspicious", draft(evidence), case=case.id)
            await world.land(await world.sent(report=report), "to_correct", REFUSAL)
            for who in UNTOLD:
                visit = world.visit(who)
                told = [(await visit.get(path)).text for path in (*PAGES, f"/console/cases/{case.id}")]
                told += [(await visit.get(f"/console/cases/{case.id}/print")).text, *world.told]
                for text in told:
                    assert "/console/reports" not in text
                    assert not any(word in text for word in (*WORDS, report.id))
                for path in ("/console/search?q=", f"{LIST}/"):
                    there, nowhere = [await visit.get(path + each) for each in (report.id, NOWHERE)]
                    same = [_but_the_request(each.text.replace(report.id, NOWHERE)) for each in (there, nowhere)]
                    assert same[0] == same[1], "there or not, it is the same"
                assert there.status_code == nowhere.status_code == 403

    run(go())


def _but_the_request(text):
    return re.sub(r"<code>[0-9a-f]{16}</code>", "", text)


def test_an_auditor_reads_a_report_and_has_no_packet():
    async def go():
        async with World() as world:
            report = await world.desk.propose(who_writes(), (await world.written()).id)
            chen = world.visit("chen")
            assert WORDS[1] in (await chen.get(f"{LIST}/{report.id}")).text
            assert (await chen.get(f"{LIST}/{report.id}/file")).status_code == 403
            assert NAME not in (await chen.get(f"{LIST}/{report.id}")).text

    run(go())


def test_the_overview_says_what_waits_for_the_reader_and_to_nobody_else():
    async def go():
        async with World() as world:
            await world.desk.propose(who_writes(), (await world.written()).id)
            told = {who: (await world.visit(who).get("/console")).text for who in ("sun", "wang", "limin")}
            assert "AML reports that wait" in told["sun"]
            assert "AML reports" not in told["limin"]
            assert "AML reports that wait" not in told["wang"], "nobody is asked to answer his own"

    run(go())


# ---- the form


def test_a_draft_is_the_same_after_it_was_a_form():
    one = Draft(
        institution="A1000131000001", crimes=("0801", "1201"), behaviour="一\n二", evidence=("dec_1", "dec_2"),
        subjects=(Subject(user="u1", latin_last="Shan"), Subject(user="u2")),
        others=(Subject(user="u3", nationality=""),),
        days=(Day(user="u1", day=date(2026, 11, 22), code="0503", decisions=("dec_1", "dec_2")),),
    )  # fmt: skip
    assert draft_of(form_of(one)) == one
    assert "\n" not in form_of(one)["crimes"], "a browser takes line ends out of a field of one line"
