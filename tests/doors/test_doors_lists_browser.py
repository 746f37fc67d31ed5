"""The pages of lists, features and models in a real browser: readable in both languages and themes, and worked."""

import pytest
from console_browser import Living, Profile, Tab, chromium
from lists_pages_world import World
from looking_over import looked_over

from jindi.basics.instants import format_instant
from lists_world import HOUSE, MORE_LISTS
from scored_world import learnt, learnt_files, live, town, watcher_of
from shop_world import DAY_US, LISTS, list_entry

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

NASTY = "<b onmouseover=alert(1)>王\u202e"


class Lists(Living):
    """Five weeks of payments with a learnt model that drifts, and lists with entries in all states."""

    def made(self):
        self.watcher = watcher_of(learnt()[1])
        files = learnt_files() | {"shop/lists/lists.toml": LISTS + MORE_LISTS}
        return World(files=files, watcher=self.watcher)

    async def fill(self):
        world = self.world
        await live(world, town(new={"large": 0.35}))
        now_us = world.clock.now_us()
        for number in range(60):
            ends = {} if number % 3 else {"expires": format_instant(now_us + (number - 5) * DAY_US)}
            await world.send(list_entry(f"l{number}", "blocked", f"u{number:02}", at_us=now_us, **ends))
        await world.send(list_entry("odd", "blocked", NASTY, at_us=now_us))
        for number in range(9):
            ends = format_instant(now_us + number * DAY_US)
            await world.send(
                list_entry(f"p{number}x", "blocked_phones", f"1391111{2200 + number}", at_us=now_us, expires=ends)
            )
        await world.send(list_entry("gone", "blocked", "u59", "remove", at_us=now_us))
        await world.platform.rounds.look_for_drift(self.watcher)
        self.waits = await world.ask(list="blocked_phones", entries=["13700001111", "13700002222"], expires="30d")

    def session(self, who):
        sessions = self.world.sessions
        sessions.roles[who], sessions.mfa_us[who] = frozenset(HOUSE[who]), self.world.clock.at_us
        return sessions.open(who, frozenset(), self.world.clock.at_us).clear_id

    def pages(self):
        blind = self.world.platform.blind
        return [
            "/console/lists", "/console/lists/blocked", "/console/lists/blocked?state=soon&order=expiry",
            "/console/lists/blocked?state=removed", "/console/lists/blocked_phones?order=hits",
            "/console/lists/watched?found=none", f"/console/lists/blocked/entries/{blind('u03')}",
            f"/console/lists/blocked/entries/{blind(NASTY)}", f"/console/approvals/{self.waits.id}",
            "/console/features", "/console/features?fold=distinct", "/console/features/pays_1d",
            "/console/features/spent_1d", "/console/features?text=nothing", "/console/models", "/console/models/fraud",
            "/console/lists/none", "/console/models/none", "/console/sources", "/console/sources/asvs",
        ]  # fmt: skip

    def tab(self, process, who="wang", lang="en", theme="light", **more):
        tab = Tab(Profile(process), **more)
        for name, value in (("session", self.session(who)), ("lang", lang), ("theme", theme)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Lists()
    yield alive
    alive.close()


def opened(tab, *words):
    said = " && ".join(f"document.body.innerText.includes({word!r})" for word in words)
    assert tab.until(f"document.readyState === 'complete' && {said}"), (words, tab.run("document.body.innerText")[:900])
    return tab.run("location.pathname")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    assert [
        each
        for who, width in (("limin", 1440), ("wang", 1440), ("wang", 390))
        for each in looked_over(
            living.tab(process, who, width=width), living.url, living.pages(), lang, besides=("404",)
        )
    ] == []


def test_a_change_is_pasted_refused_by_line_mended_and_asked_for(process, living):
    tab = living.tab(process, "limin")
    tab.open(living.url + "/console/lists/watched")
    tab.run("document.querySelector('[name=lines]').value = 'a1\\na1\\n13812345678'")
    tab.run("document.querySelector('[name=why]').value = 'a doubt'")
    tab.run("document.querySelector('#change form button').click()")
    opened(tab, "stands in line 1 already", "person's number")
    assert tab.run("document.querySelector('[name=lines]').value") == "a1\na1\n13812345678"
    tab.run("document.querySelector('[name=lines]').value = 'a1\\na2,10d'")
    tab.run("document.querySelector('#change form button').click()")
    assert opened(tab, "It is asked for.", "a1", "a2").startswith("/console/approvals/apr_")


def test_a_file_is_read_into_the_lines_and_they_are_counted(process, living):
    tab = living.tab(process, "limin")
    tab.open(living.url + "/console/lists/blocked")
    tab.run("""
      (() => {
        const input = document.querySelector('[data-into]');
        const files = new DataTransfer();
        files.items.add(new File(["\\ufeffvalue,expires\\nm1,30d\\nm2,\\n"], "list.csv", { type: "text/csv" }));
        input.files = files.files;
        input.dispatchEvent(new Event("change"));
      })()
    """)
    assert tab.until("document.querySelector('[name=lines]').value === 'value,expires\\nm1,30d\\nm2,\\n'")
    assert "3 lines" in tab.run("document.querySelector('#change').innerText")
    assert tab.complaints() == []


def test_an_entry_is_found_and_taken_off_without_a_script(process, living):
    tab = living.tab(process, "wang")
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(living.url + "/console/lists/blocked")
    tab.run("document.querySelector('.filters [name=text]').value = 'u07'")
    tab.run("document.querySelector('.filters button').click()")
    assert opened(tab, "u07", "History").startswith("/console/lists/blocked/entries/text.")
    tab.run("document.querySelector('[name=move][value=remove]').click()")
    tab.run("document.querySelector('[name=why]').value = 'cleared'")
    tab.run("document.querySelector('#change form button').click()")
    opened(tab, "It is asked for.", "take off", "u07")


def test_what_a_feature_says_of_an_entity_is_asked_on_its_page(process, living):
    tab = living.tab(process, "limin")
    tab.open(living.url + "/console/features/device_users")
    tab.run("document.querySelector('#value [name=value]').value = 'device-00001'")
    tab.run("document.querySelector('#value button').click()")
    assert opened(tab, "as of", "All features of this entity") == "/console/features/device_users/value"
    assert "device-00001" not in tab.run("document.documentElement.outerHTML")


STOPS = "a[href], button, input, select, summary, [tabindex]"
REACHED = """
Array.from(document.querySelectorAll("main .scroll")).filter((e) => e.checkVisibility()).map((e) => [
  (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight) && !e.querySelector("STOPS"),
  e.tabIndex === 0 && e.hasAttribute("tabindex") && !!e.ariaLabel,
])
""".replace("STOPS", STOPS).strip()


def test_a_part_that_hides_something_is_a_stop_of_the_tab_key_and_no_other_part_is(process, living):
    hiding = 0
    for width in (390, 2400):
        tab = living.tab(process, "wang", width=width)
        tab.open(living.url + "/console/models/fraud")
        parts = tab.until(f"(() => {{ const all = {REACHED}; return all.every(([h, s]) => h === s) && all; }})()", 20)
        assert parts, tab.run(REACHED)
        hiding += sum(hides for hides, _ in parts)
        assert not all(hides for hides, _ in parts)
    assert hiding
