"""The console in a real browser, under its own policy, without a network."""

import pytest
from console_browser import Profile, Served, Tab, chromium
from console_world import NOW_US, Doors, World
from looking_over import CONTRAST, WIDER, looked_over

from jindi.access import Scope
from jindi.packs import Outcome

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)


@pytest.fixture(scope="module")
def doors():
    return Doors(World(160))


@pytest.fixture(scope="module")
def served(doors):
    server = Served(doors.app)
    yield server.url
    server.close()


@pytest.fixture
def browser(process):
    profile = Profile(process)
    yield profile
    profile.close()


@pytest.fixture
def tab(browser, served, doors):
    page = Tab(browser)
    session = doors.sessions.open("limin", frozenset({Scope.DECISIONS_READ}), NOW_US)
    page.cookie(served, "jindi_session", session.clear_id)
    page.cookie(served, "jindi_lang", "en")
    return page


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(tab, served, doors, lang):
    row = doors.world.of(Outcome.DENY)
    pages = (
        "/sign-in/" + doors.link(),
        "/console",
        "/console/decisions",
        f"/console/decisions/{row.decision_id}",
        "/console/policies",
        "/console/policies/payment",
    )
    assert looked_over(tab, served, pages, lang) == []


def test_no_page_needs_sideways_scrolling_on_a_small_screen(browser, served, doors):
    page = Tab(browser, width=390, height=844)
    session = doors.sessions.open("limin", frozenset({Scope.DECISIONS_READ}), NOW_US)
    page.cookie(served, "jindi_session", session.clear_id)
    row = doors.world.of(Outcome.DENY)
    for address in (
        "/console",
        "/console/decisions",
        f"/console/decisions/{row.decision_id}",
        "/console/policies/payment",
    ):
        page.open(served + address)
        assert page.run(WIDER) <= 0, address


SEEN = "document.querySelector('.side a').checkVisibility()"
SWITCH = "document.querySelector('.nav-switch > summary')"


def test_on_a_small_screen_the_menu_is_one_row_that_opens_and_closes_by_the_keyboard(browser, served, doors):
    page = Tab(browser, width=390, height=844)
    session = doors.sessions.open("limin", frozenset({Scope.DECISIONS_READ}), NOW_US)
    page.cookie(served, "jindi_session", session.clear_id)
    page.cookie(served, "jindi_lang", "en")
    page.open(served + "/console/decisions")
    assert not page.run(SEEN)
    assert page.run("document.querySelector('.side').getBoundingClientRect().height") < 60
    assert page.run(f"{SWITCH}.textContent.trim()") == "Menu Decisions", "it says where one is"
    page.run(f"{SWITCH}.focus()")
    page.call("Input.dispatchKeyEvent", type="keyDown", key=" ", code="Space", text=" ", windowsVirtualKeyCode=32)
    page.call("Input.dispatchKeyEvent", type="keyUp", key=" ", code="Space", windowsVirtualKeyCode=32)
    assert page.until(SEEN)
    assert page.run(WIDER) <= 0
    page.run("document.querySelector('.side a').focus()")
    page.press("Escape")
    assert not page.run(SEEN)
    assert page.run(f"document.activeElement === {SWITCH}")
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(served + "/console/decisions")
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    page.run(f"{SWITCH}.click()")
    assert page.run(SEEN), "no script of ours has run"


def test_on_a_wide_screen_the_menu_is_there_without_a_switch(tab, served):
    tab.open(served + "/console/decisions")
    assert tab.run(SEEN)
    assert not tab.run(f"{SWITCH}.checkVisibility()")


def test_a_person_signs_in_with_a_link_and_the_language_switch_keeps_the_page(browser, served, doors):
    page = Tab(browser)
    page.cookie(served, "jindi_lang", "zh")
    page.open(f"{served}/sign-in/{doors.link()}")
    page.run("document.querySelector('main button').click()")
    assert page.until("location.pathname === '/console' && document.readyState === 'complete'")
    page.open(served + "/console/decisions?outcome=deny")
    page.run("document.querySelector('button[name=lang]').click()")
    assert page.until("document.documentElement.lang === 'en' && document.readyState === 'complete'")
    assert page.run("location.pathname + location.search") == "/console/decisions?outcome=deny"
    assert page.run("document.querySelector('select[name=outcome]').value") == "deny"
    assert page.complaints() == []


def first_link(row):
    address = f"/console/decisions/{row.decision_id}"
    return f"document.querySelector('.live-rows a').getAttribute('href') === '{address}'"


def test_new_decisions_come_by_themselves_and_wait_while_one_reads(tab, served, doors):
    tab.open(served + "/console")
    assert tab.until("document.querySelector('[data-part=status]').textContent === 'Live'")
    row = doors.world.happen(NOW_US + 1_000_000)
    assert tab.until(first_link(row))
    box = tab.run("(r => [r.x + 40, r.y + 60])(document.querySelector('.live .scroll').getBoundingClientRect())")
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    held = doors.world.happen(NOW_US + 2_000_000)
    assert tab.until("!document.querySelector('[data-part=held]').hidden")
    assert tab.run(first_link(row))
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=5, y=600)
    assert tab.until(first_link(held))
    tab.press("p")
    assert tab.run("document.querySelector('[data-part=pause]').getAttribute('aria-pressed')") == "true"
    last = doors.world.happen(NOW_US + 3_000_000)
    assert tab.until("!document.querySelector('[data-part=held]').hidden")
    tab.press("p")
    assert tab.until(first_link(last))
    assert tab.complaints() == []


def test_eight_tabs_are_all_live(tab, browser, served, doors):
    tabs = [tab, *(Tab(browser) for _ in range(7))]
    for each in tabs:
        each.open(served + "/console")
    row = doors.world.happen(NOW_US + 4_000_000)
    for each in tabs:
        assert each.until(first_link(row))
    assert len([url for url in tab.requested() if url.endswith("/console/decisions")]) == 0


def test_keys_move_open_and_go_and_keep_still_while_one_types(tab, served):
    tab.open(served + "/console/decisions")
    tab.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', isComposing: true, bubbles: true}))")
    assert tab.run("document.querySelectorAll('tr.chosen').length") == 0
    for _ in range(2):
        tab.press("j")
    assert tab.run("Array.from(document.querySelectorAll('tbody tr')).findIndex(r => r.matches('.chosen'))") == 1
    wanted = tab.run("document.querySelector('tr.chosen a').getAttribute('href')")
    tab.press("/")
    assert tab.run("document.activeElement.id") == "search"
    tab.press("j")
    assert tab.run("document.activeElement.value") == "j"
    tab.press("Escape")
    tab.press("?")
    assert tab.run("document.querySelector('#help').open")
    tab.press("?")
    tab.press("o")
    assert tab.until(f"location.pathname === '{wanted}' && document.readyState === 'complete'")
    tab.press("g")
    tab.press("p")
    assert tab.until("location.pathname === '/console/policies'")
    assert tab.complaints() == []


def test_the_keys_have_a_switch(tab, served):
    tab.cookie(served, "jindi_keys", "off")
    tab.open(served + "/console/decisions")
    tab.press("j")
    assert tab.run("document.querySelectorAll('tr.chosen').length") == 0


def test_the_list_of_rules_can_be_cut_to_those_that_were_hit(tab, served, doors):
    row = doors.world.of(Outcome.DENY)
    tab.open(f"{served}/console/decisions/{row.decision_id}")
    visible = "Array.from(document.querySelectorAll('#rules .rule')).filter(r => r.checkVisibility()).length"
    before = tab.run(visible)
    tab.run("document.querySelector('[data-only-hits]').click()")
    assert 0 < tab.run(visible) < before


def test_an_ended_session_is_said(tab, served, doors):
    tab.open(served + "/console")
    assert tab.until("document.querySelector('[data-part=status]').textContent === 'Live'")
    doors.sessions.close_all("limin")
    assert tab.until("document.querySelector('[data-part=status]').textContent.includes('ended')")


def test_a_lost_connection_is_said(browser, doors):
    server, page = Served(doors.app), Tab(browser)
    session = doors.sessions.open("limin", frozenset({Scope.DECISIONS_READ}), NOW_US)
    page.cookie(server.url, "jindi_session", session.clear_id)
    page.cookie(server.url, "jindi_lang", "en")
    page.open(server.url + "/console")
    assert page.until("document.querySelector('[data-part=status]').textContent === 'Live'")
    server.close()
    assert page.until("document.querySelector('[data-part=status]').textContent.includes('reconnecting')")


def test_the_check_of_contrast_finds_what_is_hard_to_read(tab, served):
    tab.cookie(served, "jindi_theme", "light")
    tab.open(served + "/console/decisions")
    tab.run("document.documentElement.style.setProperty('--muted', '#aaaaaa')")
    assert tab.run(CONTRAST)
