"""What needs somebody now: approvals that he may give, and what the platform warns of before it goes wrong."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jindi.basics.instants import SECOND_US
from jindi.doors.console.controls import Ask
from jindi.doors.console.source import Source
from jindi.doors.console.view import View
from jindi.doors.waiting import Waiting, everything
from jindi.run.approvals.approvals import Approvals
from jindi.run.records import STEP_PREFIX
from jindi.run.versions.desk import Desk, Person

KEPT_US = 15 * SECOND_US
"""The register is reckoned no more often than so: pages ask for it every few seconds."""

SLOW_US = 20_000
"""A minute whose slowest hundredth waited longer than this is worth a look (design default)."""

RECENT = 200
"""So many of the newest decisions are looked at."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing: the id of its words, how many there are, where they are, and whether it presses."""

    message: str
    count: int
    path: str
    presses: bool = False


@runtime_checkable
class Needing(Protocol):
    """A group of pages that knows of something that needs the reader."""

    def needs(self, view: View) -> Sequence[Need]:
        """What needs him now; what counts nothing is not shown."""


class Attention:
    """Gathers it for each reader. Without `approvals` or `desk` nothing waits for two people."""

    def __init__(self, approvals: Approvals | None, desk: Desk | None, controls: Ask) -> None:
        self._approvals, self._desk, self._controls = approvals, desk, controls
        self._failing, self._asked_us = 0, -KEPT_US

    async def of(self, view: View, source: Source, more: Sequence[Need] = ()) -> list[Need]:
        """What needs the reader: what he may answer first, then what other groups of pages know of, then what is
        amiss.
        """
        found = [*self._answers(view), *more, *await self._amiss(view, source)]
        return [each for each in found if each.count]

    def _answers(self, view: View) -> list[Need]:
        if self._approvals is None or self._desk is None or view.session is None:
            return []
        waiting = [each for each in everything(self._approvals, self._desk) if each.is_waiting]
        mine = [each for each in waiting if self._may_answer(each, view)]
        policies = [each for each in mine if each.id.startswith(STEP_PREFIX)]
        needs = [Need("need.approvals", len(mine) - len(policies), "/console/approvals", presses=True)]
        return [*needs, Need("need.proposals", len(policies), "/console/policies", presses=True)]

    def _may_answer(self, each: Waiting, view: View) -> bool:
        """Whether the reader may answer it and did not ask for it himself."""
        assert view.session is not None, "asked before"
        assert self._approvals is not None, "asked before"
        who = view.session.principal
        if each.id.startswith(STEP_PREFIX):
            assert self._desk is not None, "asked before"
            with suppress(LookupError):
                step = self._desk.proposal(each.id).step.record
                return view.may("version.approve") and not Person("", view.session.who, who.marks).did(step)
            return False
        entry = next((entry for entry, _ in self._approvals.entries() if entry.id == each.id), None)
        if entry is None or self._approvals.is_own(who, entry):
            return False
        return self._approvals.may(who, "approval.approve", entry.asked.what, entry.asked.name)

    async def _amiss(self, view: View, source: Source) -> list[Need]:
        needs = []
        if view.may("controls.read"):
            needs.append(Need("need.controls", await self._failing_now(view.now_us), "/console/controls?show=failing"))
        stats = source.stats()
        lately = [minute for minute in stats.minutes[-5:] if minute.decisions]
        slow = sum(1 for minute in lately if (minute.latency_us_p99 or 0) > SLOW_US)
        needs.append(Need("need.slow", slow, "/console"))
        if view.may("decisions.read"):
            degraded = sum(row.degraded for row in source.recent(RECENT))
            needs.append(Need("need.degraded", degraded, "/console/decisions?trouble=degraded"))
        return needs

    async def _failing_now(self, now_us: int) -> int:
        if now_us - self._asked_us >= KEPT_US:
            document = await self._controls()
            listed = [each for risk in document["risks"] for each in risk["controls"]] if document else []
            # What nobody has looked at yet is no news; the page of controls counts it as failing all the same.
            self._failing = sum(not each["green"] and each["state"] != "never" for each in listed)
            self._asked_us = now_us
        return self._failing
