"""Notifications and their settings in a browser: readable in both languages and themes, and used without a script."""

import pytest
from console_browser import Living, Profile, Tab, chromium
from looking_over import looked_over
from notices_world import Told

from jindi.cases import Assign, Escalate
from jindi.ports import DeliveryRow
from jindi.run.notices import MailSettings, Preferences
from jindi.run.notices.follower import key_of
from jindi.run.webhooks.endpoints import Progress
from shop_world import HOUR_US, list_entry, pay

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

NASTY = "<b onmouseover=alert(1)>王"
OUTSIDE = "https://93.184.216.34"


async def full(world):
    """A house in the middle of its day: things of all kinds have been told."""
    for number in range(1, 5):
        case = await world.case(number, user=f"u{number}")
        await world.works("wang", case, Assign("limin"), leads=True)
    await world.works("limin", case, Escalate("more than I can judge"))
    await world.round(2 * 60 + 1)
    await world.send(list_entry("l1", "blocked", "villain", at_us=world.clock.at_us))
    await world.happens(pay(40, "10.00", world.clock.at_us, user="villain"))
    await world.round(2 * 60 + 5)
    await world.round(20)
    world.slack = await world.channel("slack", f"{OUTSIDE}/services/T0/B0/x", name=f"{NASTY} on call", least="high")
    world.robot = await world.channel("dingtalk", f"{OUTSIDE}/robot/send?access_token=x", name="风控值班群",
                                      roles=["senior_analyst", "aml_officer"])  # fmt: skip
    await world.approvals.propose(world.who("zhou"), "channel.change", {"step": "disable", "id": world.robot}, "moved")
    await world.round(1)
    rows = [
        DeliveryRow(key_of(str(n)), channel, "", "case.late", 2, world.clock.at_us - n * HOUR_US // 7,
                    b'{"id":"x","occasion":"case.late","level":"high","at_us":0,"matter":"case_00000000002f"}', state,
                    world.clock.at_us + 10**15, tries, why)
        for n, (channel, state, tries, why) in enumerate([
            (world.slack, "sent", 1, ""), (world.robot, "failed", 11, "the service answered with error 310000"),
            ("mail", "held", 0, ""), ("ch_gone", "waiting", 3, "no connection: ConnectError"),
        ])
    ]  # fmt: skip
    world.store.put((), rows, (), (), world.notices.follower._next, world.notices.follower._looked_us)
    world.wishes.put("limin", Preferences(mail="li.min@example.com", quiet_from="22:00", quiet_until="07:00"))
    ends, now_us = world.mailing.endpoints, world.clock.at_us
    for number in range(3):
        url = f"{OUTSIDE}/jindi/{'long-' * 12 if number else ''}{number}"
        made, _ = ends.add(url, now_us, outcomes=["deny", "review"][:number], types=["pay"][:number])
        ends.save_progress(made.id, Progress(2, 1_204_883, number * 3, now_us, now_us, "answered 503"))
    ends.put(made.id, "dead", "11 tries failed: answered 503")
    world.dead = made.id


class Notified(Living):
    """The world of notifications."""

    def made(self):
        return Told(mail=MailSettings("localhost", 25, "jindi@example.com", tls="off"))

    async def fill(self):
        await full(self.world)

    def session(self, who):
        sessions = self.world.sessions
        sessions.roles[who], sessions.mfa_us[who] = frozenset(self.world.house[who]), self.world.clock.at_us
        return sessions.open(who, frozenset(), self.world.clock.at_us).clear_id

    def pages(self, who):
        own = [
            "/console/notifications", "/console/notifications?tab=all", "/console/notifications?occasion=drift.found",
            "/console/settings/notifications", "/console/settings/notifications?done=saved&why=connection",
        ]  # fmt: skip
        return [*own, "/console/settings/webhooks"] if who == "zhou" else own

    def tab(self, process, who="limin", lang="en", theme="light", **more):
        tab = Tab(Profile(process), **more)
        for name, value in (("session", self.session(who)), ("lang", lang), ("theme", theme)):
            tab.cookie(self.url, f"jindi_{name}", value)
        return tab


@pytest.fixture(scope="module")
def living():
    alive = Notified()
    yield alive
    alive.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_breaks_the_policy_or_asks_the_outside_or_is_hard_to_read(process, living, lang):
    assert [
        each
        for who, width in (("limin", 1440), ("zhou", 1440), ("zhou", 390))
        for each in looked_over(living.tab(process, who, width=width), living.url, living.pages(who), lang)
    ] == []


def test_the_bell_refreshes_by_itself_and_by_no_stream(process, living):
    tab = living.tab(process, "wang")
    tab.open(living.url + "/console/policies")
    before = tab.run("document.getElementById('panel-bell').innerText.trim()")
    assert before.startswith("1") or int(before.split()[0]) > 0
    other = living.tab(process, "wang")
    other.open(living.url + "/console/notifications")
    other.run("document.querySelector('form [name=all]').form.querySelector('button').click()")
    assert other.until("document.body.innerText.includes('Marked as read.')")
    assert tab.until("!document.querySelector('#panel-bell .count')")
    streams = [url for url in tab.requested() if url.endswith("/console/live")]
    assert streams == []
    assert tab.complaints() == []


def test_one_is_marked_and_wishes_are_kept_without_a_script(process, living):
    tab = living.tab(process, "sun")
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(living.url + "/console/notifications")
    before = tab.run("document.querySelectorAll('tr.unread').length")
    assert before > 0
    tab.run("document.querySelector('tr.unread button').click()")
    assert tab.until("document.body.innerText.includes('Marked as read.')")
    assert tab.run("document.querySelectorAll('tr.unread').length") == before - 1
    tab.open(living.url + "/console/settings/notifications")
    tab.run("document.querySelector('[name=mail]').value = 'sun@example.com'")
    tab.run("document.querySelector('[name=\"tell.mail:case.assigned\"]').click()")
    tab.run("document.querySelector('.wishes button.primary').click()")
    assert tab.until("document.body.innerText.includes('Your settings are saved.')")
    assert living.world.wishes.of("sun").mail == "sun@example.com"
    assert living.world.wishes.of("sun").muted == ("mail:case.assigned",)
