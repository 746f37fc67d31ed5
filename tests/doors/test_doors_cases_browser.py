"""The pages of cases in a real browser: readable in both languages and themes, and worked by the keyboard alone."""

import pytest
from cases_world import HOUSE, World
from console_browser import Living, Profile, Tab, chromium
from looking_over import all_told, found_here, looked_over

from jindi.cases import Assign, Check, Close, Escalate, Note, Snooze, Tag
from shop_world import DAY_US, HOUR_US, NOON_US, list_entry, pay

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

NASTY = "<b onmouseover=alert(1)>王"


async def full(world):
    """A house in the middle of its day: cases of all kinds, in all states."""
    await world.send(list_entry("l1", "blocked", NASTY))
    for number in range(58):
        await world.send(pay(number, f"{10_000 + 70 * number}.50", user=f"u{number}", at_us=NOON_US))
    world.clock.at_us = NOON_US + 5 * HOUR_US
    for number in range(58, 64):
        await world.send(pay(number, "6000.00", user=f"u{number - 58}", at_us=world.clock.at_us))
    await world.send(pay(70, "12.00", user=NASTY, at_us=world.clock.at_us))
    for number in range(71, 75):
        await world.send(pay(number, "11000.00", user="u3", at_us=world.clock.at_us))
    await world.following.catch_up()
    world.rich = await world.case(80, "14000.00", user="u3")
    await world.works("limin", world.rich, Assign("limin"))
    await world.works("zhao", world.rich, Note("The device belongs to seventeen users.\nSix of them came today."))
    await world.works("limin", world.rich, Tag(add=("mule ring", "疑似团伙")))
    await world.works("limin", world.rich, Check(0))
    found, _ = await world.desk.find(world.desk.query(state="open", assignee="", limit=12))
    for case in found[2:6]:
        await world.works("limin", case, Assign("limin"))
    await world.works("limin", found[2], Snooze(world.clock.at_us + DAY_US, "the customer calls back tomorrow"))
    await world.works("limin", found[3], Escalate("more than I can judge"))
    await world.works("limin", found[4], Close("cleared", "the customer confirmed each payment"))
    await world.works("zhao", found[7], Assign("zhao"))
    world.closed = await world.desk.one(found[4].id)
    world.large = await world.case(90, "19000.00", user="rich")
    await world.works("wang", world.large, Assign("wang"))
    wang = next(each for each in world.principals() if each.name == "wang")
    asked = {"case": world.large.id, "verdict": "confirmed", "why": "the account was taken over"}
    await world.approvals.propose(wang, "case.close", asked, asked["why"])


class Worked(Living):
    """The world of cases; `filling` puts them there."""

    def __init__(self, filling=full):
        self.filling = filling
        super().__init__()

    def made(self):
        return World()

    async def fill(self):
        await self.filling(self.world)

    def session(self, who):
        sessions = self.world.sessions
        sessions.roles[who], sessions.mfa_us[who] = frozenset(HOUSE[who]), self.world.clock.at_us
        return sessions.open(who, frozenset(), self.world.clock.at_us).clear_id

    def pages(self):
        world = self.world
        decision = f"/console/decisions/dec_{int(world.rich.id[5:], 16):012x}"
        return [
            "/console", "/console/cases", "/console/cases?tab=all", "/console/cases?tab=all&page=2&level=high",
            "/console/cases?tab=closed&did=7&refused=not_yours.1", "/console/cases?tab=snoozed&tag=none",
            f"/console/cases/{world.rich.id}?tab=all&at=3", f"/console/cases/{world.closed.id}",
            "/console/team", f"/console/cases/{world.rich.id}/print", "/console/help", "/console/help/words",
            "/console/help/guide", f"/console/cases/{world.large.id}", decision, "/console/entities/user/u3",
            "/console/cases/case_0000000fffff",
        ]  # fmt: skip

    def tab(self, process, who="wang", lang="en", theme="light", **more):
        tab = Tab(Profile(process), **more)
        for name, value in (("session", self.session(who)), ("lang", lang), ("theme", theme)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Worked()
    yield alive
    alive.close()


def enter(tab):
    for kind in ("keyDown", "keyUp"):
        text = {"text": "\r"} if kind == "keyDown" else {}
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, **text)


def typed(tab, text):
    tab.call("Input.insertText", text=text)


def opened(tab, *words):
    """Wait for a page that says something; its address."""
    said = " && ".join(f"document.body.innerText.includes({word!r})" for word in words)
    assert tab.until(f"document.readyState === 'complete' && {said}"), (words, tab.run("document.body.innerText")[:600])
    return tab.run("location.pathname")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    # (A case that is not there, and the team's page for who does not lead.)
    assert [
        each
        for who, width in (("limin", 1440), ("wang", 1440), ("wang", 390))
        for each in looked_over(
            living.tab(process, who, width=width), living.url, living.pages(), lang, besides=("404", "/console/team")
        )
    ] == []


def test_case_after_case_is_worked_by_the_keyboard_alone(process, living):
    tab = living.tab(process, "zhao")
    tab.open(living.url + "/console/cases?tab=unassigned")
    done = set()
    for key in ("1", "2", "1"):
        tab.press("n")
        done.add(opened(tab, "It is yours now."))
        tab.press("c")
        typed(tab, "looked at the payments n a x ]")
        tab.call(
            "Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, modifiers=2
        )
        opened(tab, "The note is added.", "looked at the payments n a x ]")
        tab.press(key)
        typed(tab, "as the note says")
        enter(tab)
        opened(tab, "It is closed", "Confirmed" if key == "1" else "Cleared")
    assert len(done) == 3
    assert tab.complaints() == []


def test_rows_are_walked_ticked_and_taken_by_keys(process, living):
    tab = living.tab(process, "zhao")
    tab.open(living.url + "/console/cases?tab=unassigned&order=newest")
    rows = tab.run("Array.from(document.querySelectorAll('[data-open]')).map((each) => each.textContent)")
    for key in ("j", "x", "j", "j", "x", "k"):
        tab.press(key)
    assert tab.run("document.getElementById('ticked-count').textContent") == "2 selected"
    tab.press("a")
    opened(tab, "2 done")
    left = tab.run("Array.from(document.querySelectorAll('[data-open]')).map((each) => each.textContent)")
    assert set(rows) - set(left) >= {rows[0], rows[2]}
    tab.press("j")
    tab.press("a")
    opened(tab, "1 done")
    tab.press("j")
    enter(tab)
    first = opened(tab, "What happened")
    tab.press("]")
    assert tab.until(f"location.pathname !== '{first}' && document.readyState === 'complete'")
    tab.press("[")
    assert tab.until(f"location.pathname === '{first}' && document.readyState === 'complete'")
    tab.press("a")
    opened(tab, "The assignee is changed.")
    tab.press("?")
    assert tab.run("document.getElementById('help').open")
    assert "take the next case" in tab.run("document.getElementById('help').innerText")
    tab.press("n")
    tab.browser.wait(0.3)
    assert tab.run("location.pathname") == first, "a key means nothing while the help is open"
    assert tab.complaints() == []


def test_whoever_composes_chinese_gives_no_commands(process, living):
    tab = living.tab(process, "zhao")
    tab.open(living.url + f"/console/cases/{living.world.rich.id}")
    before = tab.run("location.href")
    tab.run("""
      for (const key of ["n", "a", "c"]) {
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, isComposing: true, bubbles: true }));
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey: true, bubbles: true }));
      }
    """)
    tab.browser.wait(0.3)
    assert tab.run("location.href") == before
    assert tab.run("document.activeElement === document.body")


def test_whoever_switched_the_keys_off_gives_no_commands(process, living):
    tab = living.tab(process, "zhao")
    tab.cookie(living.url, "jindi_keys", "off")
    tab.open(living.url + "/console/cases")
    tab.press("n")
    tab.browser.wait(0.3)
    assert tab.run("location.pathname") == "/console/cases"


def test_a_case_is_taken_and_closed_without_a_script(process, living):
    tab = living.tab(process, "limin")
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(living.url + "/console/cases?tab=unassigned&order=oldest")
    tab.run("document.querySelector('[data-open]').click()")
    opened(tab, "Take it before you work it.")
    tab.run("document.getElementById('take').click()")
    opened(tab, "The assignee is changed.")
    tab.run("document.querySelector('#close [value=cleared]').click()")
    tab.run("document.querySelector('#close [name=why]').value = 'nothing in it'")
    tab.run("document.querySelector('#close button').click()")
    opened(tab, "It is closed", "nothing in it")
    tab.open(living.url + "/console/cases?tab=unassigned&order=oldest")
    tab.run("document.querySelector('input[form=ticked]').click()")
    tab.run("document.querySelector('#ticked button').click()")
    opened(tab, "1 done")


def test_a_step_with_all_that_match_tells_on_a_page_of_its_own_how_far_it_is(process, living):
    tab = living.tab(process, "wang")
    tab.open(living.url + "/console/cases?tab=all")
    tab.run("""
      const form = document.querySelector("form[action='/console/case-work/assign']");
      form.elements.add.value = "swept";
      form.requestSubmit(form.querySelector("[formaction='/console/case-work/tag']"));
    """)
    assert tab.until("location.pathname.startsWith('/console/case-work/') && document.readyState === 'complete'")
    wide = found_here(tab)
    tab.call("Emulation.setDeviceMetricsOverride", width=390, height=900, deviceScaleFactor=1, mobile=False)
    assert wide + found_here(tab) + all_told(tab, living.url) == []
