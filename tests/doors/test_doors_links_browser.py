"""The pages of links in a real browser: readable in both languages and themes, gone through by keys, and by nobody
else's script.
"""

import pytest
from cases_world import HOUSE
from console_browser import Living, Profile, Tab, chromium
from links_door_world import LinkWorld
from looking_over import looked_over

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)


class Linked(Living):
    """The world of links, filled."""

    def made(self):
        return LinkWorld()

    async def fill(self):
        await self.world.fill()
        self.ip = self.world.name("ip", "203.0.113.9")
        self.device = self.world.name("device", "device-shared-1")

    def session(self, who):
        sessions = self.world.sessions
        sessions.roles[who], sessions.mfa_us[who] = frozenset(HOUSE[who]), self.world.clock.at_us
        return sessions.open(who, frozenset(), self.world.clock.at_us).clear_id

    def pages(self):
        start = "/console/links?start=user:u1"
        return [
            "/console/links", start, f"{start}&depth=2&sel={self.device}", f"{start}&depth=2&view=list&order=money",
            f"{start}&sel={self.ip}&open={self.ip}", f"/console/links?start={self.ip}",
            "/console/links?start=user:u5&goal=user:boss", "/console/links?start=user:q1&goal=user:q2",
            f"{start}&since=2026-11-30", "/console/links?start=user:nobody",
        ]  # fmt: skip

    def tab(self, process, who="wang", lang="en", theme="light", **more):
        tab = Tab(Profile(process), **more)
        for name, value in (("session", self.session(who)), ("lang", lang), ("theme", theme)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Linked()
    yield alive
    alive.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    assert [
        each
        for who, width in (("limin", 1440), ("wang", 390))
        for each in looked_over(
            living.tab(process, who, width=width), living.url, living.pages(), lang, besides=("404",)
        )
    ] == []


def chosen(tab):
    return tab.run("(document.querySelector('#links-picture [aria-current]') || {getAttribute: () => null})"
                   ".getAttribute('aria-label')")  # fmt: skip


def focused(tab):
    return tab.run("document.activeElement.getAttribute('aria-label')")


def enter(tab):
    for kind in ("keyDown", "keyUp"):
        text = {"text": "\r"} if kind == "keyDown" else {}
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, **text)


def test_a_picture_is_gone_through_by_keys_alone(process, living):
    tab = living.tab(process)
    tab.open(f"{living.url}/console/links?start=user:u1")
    tab.press("j")
    assert focused(tab).startswith("User u1 ·")
    tab.press("k")
    last = focused(tab)
    tab.press("j")
    tab.press("j")
    second = focused(tab)
    assert second not in (last, "")
    enter(tab)
    assert tab.until("location.search.includes('sel=') && document.readyState === 'complete'")
    assert chosen(tab) == second
    before = tab.run("document.querySelectorAll('#links-picture a.node').length")
    while not focused(tab) or "User mule" not in (focused(tab) or ""):
        tab.press("j")
    tab.press("e")
    assert tab.until("location.search.includes('open=user') && document.readyState === 'complete'")
    assert tab.run("document.querySelectorAll('#links-picture a.node').length") == before + 5
    tab.run("history.back()")
    assert tab.until(f"document.querySelectorAll('#links-picture a.node').length === {before}")
    assert tab.complaints() == []


def test_the_range_of_days_is_told_as_it_is_moved_and_sent_when_it_is_let_go(process, living):
    tab = living.tab(process)
    tab.open(f"{living.url}/console/links?start=user:u1")
    tab.run("const f = document.querySelector('[name=from]'); f.value = f.max; f.dispatchEvent(new Event('input'))")
    assert tab.run("document.querySelector('[data-day-of=from]').textContent") == "2026-11-25"
    tab.run("document.querySelector('[name=from]').dispatchEvent(new Event('change'))")
    assert tab.until("location.search.includes('since=2026-11-25') && document.readyState === 'complete'")
    assert tab.run("document.querySelectorAll('#links-picture a.node').length") == 2
    assert tab.complaints() == []


def test_a_link_is_followed_and_kinds_are_chosen_without_a_script(process, living):
    tab = living.tab(process)
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(f"{living.url}/console/links?start=user:u1&depth=2")
    tab.run("document.querySelector('[name=\"role.payee-user\"]').checked = true")
    tab.run("document.querySelector('#links-controls button').click()")
    assert tab.until("location.search.includes('kinds=payee-user') && document.readyState === 'complete'")
    assert tab.run("document.querySelectorAll('#links-picture a.node').length") == 7
    tab.run("document.querySelector('main header .segments a:last-child').click()")
    assert tab.until(
        "location.search.includes('view=list') && document.querySelectorAll('#list tbody tr').length === 6"
    )


def test_whoever_composes_chinese_gives_no_commands(process, living):
    tab = living.tab(process)
    tab.open(f"{living.url}/console/links?start=user:u1")
    tab.run("""
      for (const key of ["j", "e"]) {
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, isComposing: true, bubbles: true }));
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey: true, bubbles: true }));
      }
    """)
    assert tab.run("document.activeElement === document.body")
