"""Closing an incident that is, or ever was, serious or worse: by two people."""

import msgspec

from jindi.cases.incidents import Incident
from jindi.cases.incidents_steps import Close
from jindi.run.approvals.book import Entry
from jindi.run.approvals.operations import AtOnce, Line, Unfit
from jindi.run.audit import Actor
from jindi.run.incidents.desk import Declined, Desk
from jindi.run.platform import Platform

GRADE_WORDS = {
    "general": ("一般", "general"), "serious": ("较大", "serious"), "major": ("重大", "major"),
    "critical": ("特别重大", "critical"),
}  # fmt: skip


class CloseIncident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which incident is to be closed, and why."""

    incident: str
    why: str


class ClosingIncident(AtOnce[CloseIncident, CloseIncident]):
    """Close an incident. It is closed in the name of whoever asked, and says by which operation."""

    what, asked, kept = "incident.close", CloseIncident, CloseIncident

    def __init__(self, platform: Platform, desk: Desk) -> None:
        self._platform, self._desk = platform, desk

    async def prepare(self, asked: CloseIncident) -> CloseIncident:
        """The same, of an incident that can be closed."""
        incident = self._desk.at_once(asked.incident)
        if incident is None:
            raise Unfit("没有此事件", "there is no such incident")
        try:
            self._desk.check(incident, Close(asked.why))
        except Declined as declined:
            raise Unfit("该事件目前不能关闭", f"the incident can't be closed: {declined.code}") from None
        return asked

    async def base(self, kept: CloseIncident) -> object:
        """What the approval rests on: the incident as it stands, to its last step that is no note."""
        incident = self._desk.at_once(kept.incident)
        if incident is None:
            return None
        review = incident.review
        return [
            incident.id, incident.state, incident.grade, incident.peak, len(incident.clocks), len(incident.owed),
            incident.reopened, None if review is None else [review.by, review.at_us],
        ]  # fmt: skip

    async def is_done(self, kept: CloseIncident) -> bool:
        """Whether the incident is closed."""
        incident = self._desk.at_once(kept.incident)
        return incident is None or incident.state == "closed"

    async def apply(self, kept: CloseIncident, now_us: int) -> None:  # noqa: ARG002 - the record has its own time
        """Close it."""
        entry = self._entry_of(kept)
        actor = Actor(entry.asked.key, entry.asked.name, "approval")
        await self._desk.close_approved(actor, kept.incident, Close(kept.why, entry.id))

    def _entry_of(self, kept: CloseIncident) -> Entry:
        """The operation that is being done: the newest of exactly this content."""
        payload = self.pack(kept)
        return next(
            each for each in self._platform.approvals.newest()
            if each.asked.what == self.what and each.asked.payload == payload
        )  # fmt: skip

    def on(self, kept: CloseIncident) -> str:
        """The incident."""
        return kept.incident

    def lines(self, kept: CloseIncident) -> tuple[Line, ...]:
        """Incident, grade, what was learnt, and the reason. What hangs together with an alert about staff stands on the
        incident's own page alone.
        """
        told = [Line("安全事件", "Incident", kept.incident)]
        incident = self._desk.at_once(kept.incident)
        if incident is not None and not incident.alerts:
            told += _facts(incident)
        return (*told, Line("理由", "Why", kept.why))


def _facts(incident: Incident) -> list[Line]:
    zh, en = GRADE_WORDS[incident.grade]
    peak_zh, peak_en = GRADE_WORDS[incident.peak]
    sent = sum(each.sent is not None for each in incident.clocks)
    told = [
        Line("标题", "Title", incident.title), Line("级别", "Grade", f"{zh} / {en}", (zh, en)),
        Line("最高级别", "Highest grade", f"{peak_zh} / {peak_en}", (peak_zh, peak_en)),
        Line("已报送", "Reports sent", f"{sent} / {len(incident.clocks)}"),
    ]  # fmt: skip
    if incident.review is not None:
        told.append(Line("原因", "Cause", incident.review.cause))
    return told
