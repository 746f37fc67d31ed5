"""The pages of incidents in a real browser: readable in both languages and themes, and an incident opened by hand."""

import pytest
from console_browser import Living, Profile, Tab, chromium
from incidents_pages_world import World
from looking_over import looked_over

from incidents_world import HOUSE, MINUTE_US
from jindi.cases.incidents_steps import (
    Appoint,
    Classify,
    Contain,
    Entry,
    Excuse,
    Impact,
    Link,
    Report,
    Resolve,
    Review,
    Task,
    Tie,
)
from shop_world import DAY_US, HOUR_US, NOON_US, pay

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

NASTY = "<b onmouseover=alert(1)>王\u202e" + "一" * 60


class Incidents(Living):
    """Incidents of every grade and state, one with everything that a page can show."""

    def made(self):
        return World()

    async def fill(self):
        world = self.world
        decision = (await world.send(pay(1)))["decision_id"]
        impact = Impact(
            systems=("gateway", "ledger"), lines=("payment",), persons=12_000_000, amount_minor=3_000_000_00,
            currency="CNY", outage_min=95, critical=False,
        )  # fmt: skip
        full = await world.open(impact=impact, began_us=NOON_US - HOUR_US, title="支付网关接口被遍历")
        for step in (
            Appoint("commander", "wang"), Appoint("liaison", "qian"), Task("核对日志", "lin", NOON_US + DAY_US),
            Entry("网关限流", NOON_US - 5 * MINUTE_US), Tie(Link("decision", decision)),
            Report(report="pboc_brief", at_us=NOON_US, to="当地分支机构", channel="platform", reference="2026-0001"),
            Excuse("nfra_first", "不属于该部门监管"),
            Classify(grade="major", incident_kind="data", profiles=("cn", "dora"), why="人数超出预计"),
        ):  # fmt: skip
            full = await world.take(full, step)
        self.full = full.id
        over = await world.open(grade="general", incident_kind="fraud", title=NASTY, drill=True)
        over = await world.take(over, Contain("已止付"))
        over = await world.take(over, Resolve("已恢复"))
        over = await world.take(over, Review("钓鱼短信", "识别太慢", "增加规则"))
        self.over = over.id
        await world.open(grade="critical", incident_kind="outage", title="核心账务中断", impact=Impact())

    def session(self, who):
        sessions = self.world.sessions
        sessions.roles[who], sessions.mfa_us[who] = frozenset({HOUSE[who]}), self.world.clock.at_us
        return sessions.open(who, frozenset(), self.world.clock.at_us).clear_id

    def pages(self):
        return [
            "/console/incidents", "/console/incidents?order=grade&state=all&late=1", "/console/incidents/new",
            f"/console/incidents/new?from=incident:{self.full}", f"/console/incidents/{self.full}?done=classify",
            f"/console/incidents/{self.over}", f"/console/incidents/{self.full}/print", "/console/incidents/none",
        ]  # fmt: skip

    def tab(self, process, who="wang", lang="en", theme="light", **more):
        tab = Tab(Profile(process), **more)
        for name, value in (("session", self.session(who)), ("lang", lang), ("theme", theme)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Incidents()
    yield alive
    alive.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    assert [
        each
        for width in (1440, 360)
        for each in looked_over(
            living.tab(process, "wang", width=width), living.url, living.pages(), lang, besides=("404",)
        )
    ] == []


def opened(tab, *words):
    said = " && ".join(f"document.body.innerText.includes({word!r})" for word in words)
    assert tab.until(f"document.readyState === 'complete' && {said}"), (words, tab.run("document.body.innerText")[:900])
    return tab.run("location.pathname")


def test_a_grade_is_suggested_the_incident_is_opened_and_a_report_stops_its_clock(process, living):
    tab = living.tab(process)
    tab.open(living.url + "/console/incidents/new")
    fill = "document.querySelector('#open [name={}]').value = {!r}"
    for name, value in (("title", "数据外流"), ("kind", "data"), ("persons", "1500000")):
        tab.run(fill.format(name, value))
    tab.run("document.querySelector('[name=suggest]').click()")
    opened(tab, "The figures suggest:", "1,500,000 people")
    tab.run("document.querySelector('[name=grade][value=serious]').click()")
    tab.run("document.querySelector('#open button.primary').click()")
    path = opened(tab, "The incident is open.", "7 owed")
    assert path.startswith("/console/incidents/inc_")
    tab.run("document.querySelector('form[action$=\"/report\"] [name=to]').value = 'an office'")
    tab.run("document.querySelector('form[action$=\"/report\"]').requestSubmit()")
    opened(tab, "its clock stopped", "6 owed", "an office")
