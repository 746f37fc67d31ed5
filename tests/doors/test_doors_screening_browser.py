"""The pages of screening in a real browser: readable in both languages and themes, and a match decided by hand."""

import pytest
from console_browser import Living, Profile, Tab, chromium
from looking_over import looked_over
from test_doors_screening_pages import World

from jindi.run.records import decision_id
from screening_world import HOUSE, LISTED, MORE, actor, registration, transfer

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)


class Screening(Living):
    """Matches in every state, one of a name that is nobody's, and a list that has changed."""

    def made(self):
        return World()

    async def fill(self):
        world = self.world
        await world.load(LISTED)
        for number in (1, 2, 3, 4):
            await world.sent(registration(number, "单雄信"))
        await world.sent(transfer(1, "Sergej Lavrovsky", payee="u-with-a-very-long-name-" + "x" * 40))
        first, second, third, *_ = [each for each in world.desk.hits() if each.entry == "CN-1"]
        await world.agree(await world.ask(first))
        await world.desk.confirm(actor(), decision_id(second.seq), "一" * 300)
        await world.ask(third, why="another birth: " + "word " * 60)
        await world.load(LISTED + MORE)
        self.open_one = decision_id(world.desk.hits("open")[0].seq)
        self.asked = decision_id(third.seq)
        self.frozen = decision_id(second.seq)

    def tab(self, process, who="wang", lang="en", theme="light", **more):
        sessions = self.world.sessions
        sessions.roles[who], sessions.mfa_us[who] = frozenset(HOUSE[who]), self.world.clock.at_us
        session = sessions.open(who, frozenset(), self.world.clock.at_us).clear_id
        tab = Tab(Profile(process), **more)
        for name, value in (("session", session), ("lang", lang), ("theme", theme)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Screening()
    yield alive
    alive.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    pages = [
        "/console/screening", "/console/screening?state=open&sort=-score", f"/console/screening/{living.open_one}",
        f"/console/screening/{living.asked}", f"/console/screening/{living.frozen}?done=confirm",
        "/console/screening/dec_0000000fffff",
    ]  # fmt: skip
    assert [
        each
        for width in (1440, 360)
        for each in looked_over(
            living.tab(process, "wang", width=width), living.url, pages, lang, besides=("404",)
        )
    ] == []  # fmt: skip


def test_a_match_is_confirmed_by_hand_and_its_page_says_until_when_the_report_is_due(process, living):
    tab = living.tab(process, "limin")
    tab.open(f"{living.url}/console/screening/{living.open_one}")
    tab.run("document.querySelector('form[action$=\"/confirm\"]').closest('details').open = true")
    tab.run("document.querySelector('form[action$=\"/confirm\"] [name=why]').value = 'the same document'")
    tab.run("document.querySelector('form[action$=\"/confirm\"]').requestSubmit()")
    assert tab.until("document.body.innerText.includes('Suspicious report due')")
    assert tab.run("document.body.innerText.includes('Confirmed and frozen.')")
