"""The pages of reports in a real browser: readable in both languages and themes, and a report written by hand."""

from datetime import date

import pytest
from console_browser import Living, Profile, Tab, chromium
from filings_pages_world import World
from looking_over import looked_over

from filings_world import FORM, HOUSE, REFUSAL, draft, laundering_files, who
from jindi.cases.filings_steps import Revise
from jindi.parties.reporting import Form
from shop_world import DAY_US

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)


class Filings(Living):
    """Reports in several states: one late, one that came back with errors, one that waits for a second person."""

    def made(self):
        return World(laundering_files())

    async def fill(self):
        world = self.world
        decisions = await world.customers()
        await world.pays(9, "600000.00", user="u-with-a-very-long-name-" + "x" * 40)
        await world.large.begin(who(), date(2026, 11, 22))
        await world.pays(10, "600000.00", payee="u7")
        await world.moving.catch_up()
        case = await world.case()
        await world.desk.open(who(), "suspicious", draft(), aware_us=world.clock.at_us - 20 * DAY_US)
        late = await world.desk.open(who(), "suspicious", draft(decisions), case=case.id)
        sent = await world.sent(report=late)
        back, _ = await world.land(sent, "to_correct", REFUSAL, form=Form(**FORM))
        waits = await world.desk.open(who(), "suspicious", draft(decisions, measures="一" * 300))
        waits = await world.desk.propose(who(), waits.id)
        written = await world.desk.open(who(), "suspicious", draft(decisions, analysis=""))
        self.back, self.waits, self.written, self.case = back.id, waits.id, written.id, case.id
        self.revised = (await world.desk.take(who(), back.id, Revise("补职业"))).id

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
    alive = Filings()
    yield alive
    alive.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    pages = [
        "/console/reports", "/console/reports?state=proposed", f"/console/reports/{living.back}",
        f"/console/reports/{living.waits}?done=propose", f"/console/reports/{living.written}",
        f"/console/reports/new?case={living.case}", "/console/reports/new?topic=large", "/console/reports/statistics",
        "/console/reports/days",
        "/console/reports/new", "/console/reports/rpt_0000000fffff",
    ]  # fmt: skip
    assert [
        each
        for width in (1440, 360)
        for each in looked_over(
            living.tab(process, "wang", width=width), living.url, pages, lang, besides=("404",)
        )
    ] == []  # fmt: skip


def test_a_second_person_agrees_by_hand_to_the_packet_that_is_shown(process, living):
    tab = living.tab(process, "sun")
    tab.open(f"{living.url}/console/reports/{living.waits}")
    tab.run("document.querySelector('form[action$=\"/approve\"]').requestSubmit()")
    assert tab.until("document.body.innerText.includes('It is approved.')")
