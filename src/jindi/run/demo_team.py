"""The demo's own analysts: they work the cases of the simulated past, in its time, so that a fresh desk looks like one.

What they do are steps of cases as real people's are, in the journal, under names that nobody signs in with and from a
door of their own (`demo`). They find the truth as often as people do, take longer than they should now and then, and
leave the newest cases to whoever looks at the demo. Once the stream is live they do nothing more.
"""

from collections.abc import Callable, Collection
from math import log
from typing import TYPE_CHECKING, Final

from jindi.basics.instants import MINUTE_US
from jindi.cases import Assign, Case, Close
from jindi.cases.steps import Verdict
from jindi.packs import OUTCOMES
from jindi.run.audit import Actor, NotRecorded
from jindi.run.cases import Declined, Desk, Following
from jindi.run.cases.desk import Page
from jindi.run.records import SIMULATED_DOOR
from jindi.run.simulate.reactions import review
from jindi.run.simulate.town import stream

if TYPE_CHECKING:
    from jindi.run.platform import Platform

ROUND_US: Final = 15 * MINUTE_US
"""So often the team looks at the queue."""

CASES_AT_ONCE: Final = 500
SHARE_BEGUN: Final = 0.7
"""Of the time that a case takes, so much is waiting; then somebody takes it and looks into it."""

SHARE_USED, SPREAD = 0.4, 0.5
"""Most cases take two fifths of the time that they have; with this spread about three of a hundred take all of it."""

NAMES: Final = ("demo-lin", "demo-wei", "demo-xia", "demo-yun")

_WHY: Final[dict[Verdict, tuple[str, ...]]] = {
    "confirmed": (
        "已致电客户核实，非本人操作。 Called the customer: it was somebody else.",
        "设备与收款方均为首次出现，客户否认。 New device, new payee; the customer denies it.",
    ),
    "cleared": (
        "已致电客户核实，系本人操作。 Called the customer: it was the customer.",
        "与客户往常习惯一致。 It fits what the customer has always done.",
    ),
}

LetGo = Callable[[str], None]
"""Told of each decision that waited and that the team lets go, by its id: its money moves after all."""


class Team:
    """Works the cases of one simulated past. `guilty` are the places of decisions about what was wrong in truth."""

    def __init__(
        self, platform: "Platform", following: Following, seed: int, guilty: Collection[int], let_go: LetGo
    ) -> None:  # fmt: skip
        self._following, self._seed, self._guilty, self._let_go = following, seed, guilty, let_go
        self._now_us = self._next_us = 0
        self._desk = Desk(platform, following, now_us=lambda: self._now_us)
        self._left: set[str] = set()
        """Cases that they can't close: where it takes two people, say."""

    async def work(self, now_us: int) -> int:
        """Take what is begun and close what is done by an instant of the simulated past; answers how many cases were
        closed. Whoever takes a case is a round of looking into it at least.
        """
        if now_us < self._next_us:
            return 0
        self._now_us, self._next_us = now_us, now_us + ROUND_US
        await self._following.catch_up()
        cases, _ = await self._desk.find(self._desk.query(state="open", limit=CASES_AT_ONCE))
        closed = 0
        for each in cases:
            if each.id in self._left:
                continue
            if each.assignee in NAMES and done_us(self._seed, each) <= now_us:
                closed += await self._close(each)
            elif not each.assignee and begun_us(self._seed, each) <= now_us:
                await self._take(each, Assign(stream(self._seed, "who", each.id).choice(NAMES)))
        return closed

    async def _take(self, case: Case, step: Assign | Close) -> bool:
        """One step of whoever of the team has the case; whether it was taken."""
        who = step.to if isinstance(step, Assign) else case.assignee
        try:
            await self._desk.take(Actor(who, who, SIMULATED_DOOR, roles=("analyst",)), case.id, step)
        except (Declined, NotRecorded):
            self._left.add(case.id)
            return False
        return True

    async def _close(self, case: Case) -> bool:
        page, chance = await self._desk.page(case.id), stream(self._seed, "team", case.id)
        guilty = any(each.alert.seq in self._guilty for each in page.alerts)
        _, found = review(guilty=guilty, now_us=self._now_us, chance=chance)
        verdict: Verdict = "confirmed" if found == "reject" else "cleared"
        if not await self._take(case, Close(verdict, chance.choice(_WHY[verdict]))):
            return False
        if verdict == "cleared":
            self._tell_board(page)
        return True

    def _tell_board(self, page: Page) -> None:
        for each in page.alerts:
            if each.status == "pending" and OUTCOMES[each.alert.outcome] in ("delay", "review"):
                self._let_go(each.decision_id)


def begun_us(seed: int, case: Case) -> int:
    """When somebody takes a case."""
    return case.opened_us + int((done_us(seed, case) - case.opened_us) * SHARE_BEGUN)


def done_us(seed: int, case: Case) -> int:
    """When somebody is done with a case, by its kind's time and by chance; the same for a case whenever it is asked."""
    used = stream(seed, "pace", case.id).lognormvariate(log(SHARE_USED), SPREAD)
    return case.opened_us + int((case.due_us - case.opened_us) * used)
