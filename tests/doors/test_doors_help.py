"""Help: what pages are for, words with their line, and a first quarter of an hour that the journal ticks."""

import re
from pathlib import Path

import pytest
from test_doors_cases_console import living, shows

from jindi.access import ACTIONS
from jindi.basics.instants import MINUTE_US
from jindi.cases import Assign, Close, Note
from jindi.doors.console.glossary import TERMS
from jindi.doors.console.help import STEPS
from jindi.doors.console.view import MENU
from jindi.doors.console.words import WORDS

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
TEMPLATES = Path(__file__).parents[2] / "src" / "jindi" / "doors" / "console" / "templates"


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.id)
def test_a_word_of_the_console_stands_in_the_glossary_under_the_same_name(term):
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in GLOSSARY.splitlines() if line.startswith("|")]
    said = {(zh, re.sub(r" \(.*\)", "", en)) for zh, en in rows}
    assert (term.name.zh, re.sub(r" \(.*\)", "", term.name.en)) in said, "docs/glossary.md has other words for it"
    assert len({each.id for each in TERMS}) == len(TERMS)


def test_every_word_that_a_page_explains_is_known():
    asked = {
        name for path in TEMPLATES.glob("*.html") for name in re.findall(r'm\.word\(v, "([^"]+)"', path.read_text())
    }
    assert len(asked) >= 10
    assert asked <= {term.id for term in TERMS}


def test_every_page_of_the_menu_says_what_it_is_for():
    assert {name for name, _, _ in MENU} - {"help"} <= {name[6:] for name in WORDS if name.startswith("about.")}

    async def go(world):
        page = await world.visit().get("/console/cases")
        assert shows(page, "About this page", "Take cases, look into them")
        index = await world.visit().get("/console/help")
        assert shows(index, "Find any decision")
        assert "Accounts of staff" not in index.text
        assert shows(await world.visit().get("/console/help/words"), 'id="typology"', "案件类型", "A pattern of risk")

    living(go)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_a_step_of_the_guide_asks_for_what_is_recorded(step):
    assert step.needs in ACTIONS
    assert set(step.actions) & ACTIONS.keys(), "nothing could tick it"
    assert {f"guide.{step.id}", f"guide.{step.id}.how"} <= WORDS.keys()


def test_the_first_quarter_of_an_hour_is_ticked_by_the_journal_and_by_nobody_else_s_doings():
    async def go(world):
        visit, other = world.visit(), world.visit("zhao")
        first = await visit.get("/console/help/guide")
        assert shows(first, "0 of")
        await visit.get("/console")
        case = await world.case()
        await world.works("zhao", case, Assign("zhao"))
        await world.works("limin", case, Note("seen"))
        page = await visit.get("/console/help/guide")
        done = re.findall(r'<li class="card is-done".*?<h2>(.*?)</h2>', page.text, re.DOTALL)
        assert done == ["See what the platform is doing", "Look into it and write it down"]
        assert 'aria-current="step"' in page.text
        theirs = re.findall(
            r'<li class="card is-done".*?<h2>(.*?)</h2>', (await other.get("/console/help/guide")).text, re.DOTALL
        )
        assert theirs == ["Take a case"]

    living(go)


def test_whoever_is_new_is_shown_the_way_until_he_has_gone_a_part_of_it():
    async def go(world):
        visit = world.visit()
        assert shows(await visit.get("/console"), "New here?", "/console/help/guide")
        case = await world.case()
        await world.works("limin", case, Assign("limin"))
        await world.works("limin", case, Note("seen"))
        await world.works("limin", case, Close("cleared", "it was him"))
        world.clock.at_us += 2 * MINUTE_US
        again = await visit.get("/console")
        assert again.status_code == 200
        assert "New here?" not in again.text
        assert "New here?" in (await world.visit("zhao").get("/console")).text

    living(go)
