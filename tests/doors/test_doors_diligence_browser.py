"""The pages of due diligence in a real browser: readable in both languages and themes, and a review by hand."""

import pytest
from console_browser import Living, Profile, Tab, chromium
from looking_over import looked_over
from test_doors_diligence_pages import World

from rating_world import RISKY
from screening_world import HOUSE, actor
from shop_world import DAY_US

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)


class Diligence(Living):
    """Customers of every kind: by hand, on a ground, overdue, frozen, with a long name."""

    def made(self):
        return World()

    async def fill(self):
        world = self.world
        await world.taken_on("u1", 1)
        await world.taken_on("u2", 2, **RISKY)
        await world.taken_on("u3", 3, public_office="foreign", document_until="2027-03-01T00:00:00Z")
        await world.taken_on("u-with-a-very-long-name-" + "x" * 60, 4)
        await world.ratings.override("u1", "medium", "limin", "wang", "press about him: " + "word " * 60)
        await world.ratings.review(actor("wang"), "u2", "一" * 300)
        payload = {"user": "u2", "level": "high", "reason": "a partner who is listed elsewhere"}
        await world.approvals.propose(world.principal("limin"), "kyc.level", payload, payload["reason"])
        world.clock.at_us += 200 * DAY_US
        await world.rate()
        await world.freezes.begin(actor("wang"), "u2", "2027-0042")

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
    alive = Diligence()
    yield alive
    alive.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    pages = [
        "/console/diligence", "/console/diligence?late=yes&sort=-points", "/console/diligence/u1",
        "/console/diligence/u2?done=review", "/console/diligence/u3", "/console/diligence/nobody",
    ]  # fmt: skip
    assert [
        each
        for width in (1440, 360)
        for each in looked_over(living.tab(process, "wang", width=width), living.url, pages, lang, besides=("404",))
    ] == []


def test_a_review_is_recorded_by_hand_and_the_page_says_who_did_it(process, living):
    tab = living.tab(process, "limin")
    tab.open(f"{living.url}/console/diligence/u3")
    assert tab.run("document.querySelector('form[action$=\"/review\"]').closest('details').open"), "overdue: it is open"
    tab.run("document.querySelector('form[action$=\"/review\"] [name=note]').value = 'papers and turnover fit'")
    tab.run("document.querySelector('form[action$=\"/review\"] [name=document_until]').value = '2037-03-01'")
    tab.run("document.querySelector('form[action$=\"/review\"]').requestSubmit()")
    assert tab.until("document.body.innerText.includes('limin reviewed: papers and turnover fit')")
