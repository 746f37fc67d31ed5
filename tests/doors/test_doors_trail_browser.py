"""The pages of those who look over others, in a real browser: the audit, a record and its proof, alerts about staff."""

import pytest
from console_browser import Living, Profile, Tab, chromium
from looking_over import all_told, found_here, looked_over
from test_doors_staff_alerts import OVERSEER, House

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

NEWEST = "document.querySelector('main a[href^=\"/console/audit/\"]').getAttribute('href')"


class Trail(Living):
    """A house in which eve was noticed."""

    def made(self):
        return House()

    async def fill(self):
        opened = self.world.sessions.open("ann", frozenset(OVERSEER), self.world.shop.clock.now_us())
        self.session = opened.clear_id

    def tab(self, process, width, lang):
        tab = Tab(Profile(process), width=width)
        for name, value in (("session", self.session), ("lang", lang)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Trail()
    yield alive
    alive.close()


@pytest.mark.parametrize(("lang", "width"), [("zh", 1440), ("zh", 390), ("en", 390)])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang, width):
    tab = living.tab(process, width, lang)
    alert = f"/console/staff-alerts/{living.world.alert}"
    assert looked_over(tab, living.url, ["/console/staff-alerts", alert, "/console/audit"], lang) == []
    record = tab.run(NEWEST)
    assert looked_over(tab, living.url, [record], lang) == []
    tab.run("document.querySelector('form[action=\"/console/audit/prove\"]').requestSubmit()")
    assert tab.until("location.pathname.startsWith('/console/audit/proofs/') && document.readyState === 'complete'")
    assert found_here(tab) + all_told(tab, living.url) == []
