"""A case file as a PDF: what stands on it, as whom it is for may see it, the same bytes for the same state."""

import hashlib
import io
import subprocess
import sys

import pypdf
import pytest
from cases_world import World

from jindi.doors.console.papers import runs
from shop_world import PHONE, run

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
    code = "import sys, jindi.doors.console.papers; sys.exit('reportlab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
