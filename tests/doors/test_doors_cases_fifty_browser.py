"""An analyst works fifty planted alerts by the keyboard alone, and what he found is what a model is trained on."""

import pytest
from cases_world import FILES, World
from console_browser import chromium
from test_doors_cases_browser import Worked, enter, opened, typed

from jindi.run.labels import Labels, examples
from shop_world import DAY_US, NOON_US, pay

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="NO CHROMIUM HERE: no page was opened in a browser; install chromium to check them",
)

ALERTS = 50
LABELS = """
[fraud]
doc = { zh = "事后认定为欺诈。", en = "It turned out to be fraud." }
on = ["pay"]
mature = "60d"
[[fraud.from]]
event = "review_verdict"
names = "decision"
is = "verdict == 'reject'"
[[fraud.from]]
event = "case_finding"
names = "decision"
is = "finding == 'confirmed'"
"""


def is_fraud(number):
    """Which of the planted payments are frauds: the analyst sees it by the amount."""
    return number % 3 == 0


async def plant(world):
    for number in range(ALERTS):
        amount = f"{13_000 if is_fraud(number) else 11_000}.{number:02}"
        await world.send(pay(number, amount, user=f"u{number}", at_us=NOON_US + number))
    await world.following.catch_up()


class Planted(Worked):
    def made(self):
        return World(files=FILES | {"shop/labels.toml": LABELS})


@pytest.fixture(scope="module")
def living():
    alive = Planted(plant)
    yield alive
    alive.close()


def test_fifty_alerts_are_worked_by_keys_alone_and_every_verdict_is_a_label(process, living):
    tab = living.tab(process, "limin", "zh")
    tab.open(living.url + "/console/cases?tab=unassigned")
    worked = set()
    for _ in range(ALERTS):
        tab.press("n")
        worked.add(opened(tab, "已领取，现由您处理。"))
        money = tab.run("document.querySelector('.case-head .figure').textContent")
        tab.press("1" if "13,0" in money else "2")
        typed(tab, "按金额与历史核对")
        enter(tab)
        opened(tab, "已结案")
    tab.press("n")
    opened(tab, "队列已清空")
    assert len(worked) == ALERTS
    assert tab.complaints() == []
    world = living.world
    archive = world.platform.archive
    labels = Labels.of(archive, world.platform.program.definitions)
    rows = list(examples(archive, labels, "fraud", "pay", cut_us=NOON_US + DAY_US))
    assert {row.event_id: row.value for row in rows} == {f"p{number}": is_fraud(number) for number in range(ALERTS)}
