"""A case file as a PDF: what stands on it, as whom it is for may see it, the same bytes for the same state."""

import hashlib
import io
import subprocess
import sys

import pypdf
import pytest
from cases_world import World

from jindi.doors.console.press import runs
from shop_world import CARD, PHONE, failing_append, pay, run

NASTY = "<b>王</b> & \u202eevil \U0001f600 <font color=red>"


def text_of(content):
    """What a reader of PDF finds in it."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def squeezed(text):
    return "".join(text.split())


async def worked(world):
    case = await world.case(1)
    visit = world.visit("limin")
    await visit.step(case, "note", text=NASTY)
    case = await world.desk.one(case.id)
    await visit.step(case, "task", text="给用户回电 call him", who="", due="")
    return case


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["Case file", "Large payment", "Not legal advice", "page 1 of"]),
     ("zh", ["卷宗", "大额付款", "不构成法律意见", "给用户回电"])],
)  # fmt: skip
def test_a_paper_says_what_the_page_for_printing_says(lang, words):
    async def go():
        async with World() as world:
            case = await worked(world)
            visit = world.visit("limin")
            visit.http.cookies.set("jindi_lang", lang)
            answer = await visit.get(f"/console/cases/{case.id}/paper.pdf")
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/pdf"
            assert answer.headers["content-disposition"] == f'attachment; filename="{case.id}.pdf"'
            found = squeezed(text_of(answer.content))
            for word in (*words, case.id, case.subject):
                assert squeezed(word).lower() in found.lower(), (word, found)
            (alert,) = (await world.desk.page(case.id)).alerts
            assert alert.decision_id in found
            assert world.platform.archive.place(alert.alert.seq).head.hex() in found, "where the journal proves it"
            assert "evil[U+1F600]" in found
            assert "[U+202E]" in found, "what nobody would see is said"
            assert "<b>王</b>&" in found, "what somebody wrote is text and no markup"
            assert PHONE not in found

    run(go())


def test_the_same_state_gives_the_same_bytes_and_their_digest_is_in_the_record():
    async def go():
        async with World() as world:
            case = await worked(world)
            visit = world.visit("limin")
            path = f"/console/cases/{case.id}/paper.pdf"
            first = (await visit.get(path)).content
            world.clock.at_us += 60_000_000
            assert (await visit.get(path)).content == first
            digest = hashlib.sha256(first).hexdigest()
            (taken, _) = await world.doings("case.print")
            assert taken == ("limin", "case.print", "allowed", f"{case.id} sha256:{digest}")
            await visit.step(await world.desk.one(case.id), "note", text="one more")
            assert (await visit.get(path)).content != first

    run(go())


def test_a_long_case_has_its_pages_numbered():
    async def go():
        async with World() as world:
            case = await world.case(1)
            visit = world.visit("limin")
            for n in range(60):
                await visit.step(await world.desk.one(case.id), "note", text=f"note {n} " + "长" * 60)
            content = (await visit.get(f"/console/cases/{case.id}/paper.pdf")).content
            pages = pypdf.PdfReader(io.BytesIO(content)).pages
            assert len(pages) > 1
            for n, page in enumerate(pages, 1):
                assert (
                    squeezed(f"{case.id} · Page {n} of {len(pages)}").lower() in squeezed(page.extract_text()).lower()
                )

    run(go())


def test_a_paper_is_for_those_who_may_print_and_of_cases_that_are_there():
    async def go():
        async with World() as world:
            case = await world.case(1)
            stranger = world.visit("bob", scopes=())
            assert (await stranger.get(f"/console/cases/{case.id}/paper.pdf")).status_code == 403
            assert (await world.visit().get("/console/cases/case_ffffffffffff/paper.pdf")).status_code == 404

    run(go())


def test_a_piece_is_set_in_a_font_that_has_it():
    assert list(runs("A中é한")) == [(False, "A"), (True, "中"), (False, "é[U+D55C]")]
    assert list(runs("")) == []


def test_what_makes_pdf_is_loaded_when_the_first_one_is_asked_for():
    papers = "jindi.doors.console.papers, jindi.doors.console.decision_paper"
    code = f"import sys, {papers}; sys.exit('reportlab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- one decision


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["Decision", "What was decided", "Huge: a review", "shop rules 3", "Not legal advice",
             "amount >= cny('10000.00'): true", "jindi audit bundle --seq", "Identical, byte for byte"]),
     ("zh", ["决策记录", "巨额，人工审核", "依据", "不构成法律意见", "成立", "逐字节一致", "单独证明此记录"])],
)  # fmt: skip
def test_a_decision_s_paper_says_what_was_decided_why_and_how_to_check_it(lang, words):
    async def go():
        async with World() as world:
            (decision,) = await world.happens(pay(1, "12000.00", user="ann", phone=PHONE, card=CARD))
            visit = world.visit("limin")
            visit.http.cookies.set("jindi_lang", lang)
            answer = await visit.get(f"/console/decisions/{decision}/paper.pdf")
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/pdf"
            assert answer.headers["content-disposition"] == f'attachment; filename="{decision}.pdf"'
            found = squeezed(text_of(answer.content)).lower()
            seq = int(decision[4:], 16)
            policy = world.platform.program.definitions.live_policy("pay")
            record = world.platform.find(decision)
            for word in (
                *words, decision, f"{policy.id}@{policy.digest[:12]}", world.platform.archive.place(seq).head.hex(),
                world.platform.replay(record).digest, "138****5678", (await world.of(decision)).id,
            ):  # fmt: skip
                assert squeezed(word).lower() in found, (word, found)
            assert PHONE not in found
            assert CARD not in found

    run(go())


def test_a_decision_s_paper_is_the_same_for_the_same_state_and_is_recorded_before_it_leaves():
    async def go():
        async with World() as world:
            (decision,) = await world.happens(pay(1, "12000.00", user="ann"))
            visit, path = world.visit("limin"), f"/console/decisions/{decision}/paper.pdf"
            assert path in (await visit.get(f"/console/decisions/{decision}")).text
            first = (await visit.get(path)).content
            world.clock.at_us += 60_000_000
            assert (await visit.get(path)).content == first
            digest = hashlib.sha256(first).hexdigest()
            assert await world.doings("decision.print") == [
                ("limin", "decision.print", "allowed", f"{decision} sha256:{digest}")
            ] * 2  # fmt: skip
            assert (await visit.get("/console/decisions/dec_ffffffffffff/paper.pdf")).status_code == 404
            assert (await world.visit("bob", scopes=()).get(path)).status_code == 403
            with failing_append(world.platform.log, OSError("full")):
                assert (await visit.get(path)).status_code == 503

    run(go())


def test_a_decision_that_no_rule_spoke_in_has_a_paper_too():
    async def go():
        async with World() as world:
            (decision,) = await world.happens(pay(1, "12.00", user="ann"))
            found = squeezed(text_of((await world.visit().get(f"/console/decisions/{decision}/paper.pdf")).content))
            assert squeezed("No rule spoke.") in found
            assert squeezed("Not hit: ") in found

    run(go())
