"""Which cases a page asks for. All of it stands in the address, so that a queue can be kept, shared and exported."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from jindi.cases import LOTS, NOBODY
from jindi.doors.console.days import Days, days_of
from jindi.doors.console.view import View
from jindi.packs import LEVELS
from jindi.ports import CaseOrder, CaseQuery
from jindi.run.cases import Desk

ROWS = 50
PAGES_MAX = 2_000
"""No further than so: whoever looks for something there had better filter."""

TABS: Final = ("my", "unassigned", "all", "snoozed", "escalated", "sample", "closed")
OVER: Final = ("sample", "closed")
"""The tabs of what is over: `sample` are those of it that wait for a second look."""

COUNTED: Final = TABS[:-1]
"""The tabs that say how many there are. Nobody counts what is over whenever a page is opened."""

ORDERS: Final[dict[str, tuple[CaseOrder, bool]]] = {
    "rank": ("rank", False), "due": ("due", False), "newest": ("opened", True), "oldest": ("opened", False),
    "money": ("money", True), "closed": ("closed", True),
}  # fmt: skip
"""Each order by its name in the address: by what, and whether the largest comes first."""

TEXT_MAX = 128


@dataclass(frozen=True, slots=True)
class Queue:
    """A tab with its filter, its order and a page of it; "" asks for all. Of `days` are cases that were opened then."""

    tab: str
    typology: str = ""
    level: str = ""
    late: bool = False
    tag: str = ""
    subject: str = ""
    order: str = ""
    page: int = 1
    days: Days | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for less than its tab."""
        return any((self.typology, self.level, self.late, self.tag, self.subject, self.days))

    @property
    def ordered(self) -> str:
        """The name of its order: what is over is shown by when it ended, unless somebody wants it otherwise."""
        return self.order or ("closed" if self.is_over else "rank")

    @property
    def is_over(self) -> bool:
        """Whether its cases are closed."""
        return self.tab in OVER

    @property
    def asked(self) -> dict[str, str]:
        """What an address has to say so that the same is shown, but for the page."""
        said = {
            "tab": self.tab, "typology": self.typology, "level": self.level, "late": "1" if self.late else "",
            "tag": self.tag, "subject": self.subject, "order": self.order,
            **(self.days.query if self.days is not None else {}),
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}

    def of(self, tab: str) -> "Queue":
        """The first page of another tab under the same filter; what is over is late no more."""
        order = self.order if (tab in OVER) is self.is_over else ""
        return replace(self, tab=tab, page=1, order=order, late=self.late and tab not in OVER)

    def query(self, desk: Desk, who: str, limit: int = ROWS, offset: int | None = None) -> CaseQuery:
        """The question to the desk, as `who` asks it."""
        by, descending = ORDERS[self.ordered]
        return desk.query(
            state="closed" if self.is_over else "open",
            lot_below=desk.second_look * LOTS // 1_000 if self.tab == "sample" else None,
            assignee={"my": who, "unassigned": NOBODY}.get(self.tab),
            typologies=(self.typology,) if self.typology else (),
            levels=tuple(n for n, level in enumerate(LEVELS) if level == self.level), subject=self.subject or None,
            tag=self.tag or None, late=self.late and not self.is_over,
            snoozed={"my": False, "unassigned": False, "snoozed": True}.get(self.tab),
            escalated={"escalated": True, "unassigned": False}.get(self.tab), order=by, descending=descending,
            opened_from_us=self.days.since_us if self.days is not None else None,
            opened_until_us=self.days.until_us if self.days is not None else None,
            limit=limit, offset=(self.page - 1) * ROWS if offset is None else offset,
        )  # fmt: skip


def queue_of(
    asked: Mapping[str, str], tabs: Collection[str], typologies: Collection[str], otherwise: str, zone: ZoneInfo
) -> tuple[Queue, list[str]]:
    """The queue that an address or a form asks for, and the names of those parts that mean nothing."""
    days = days_of(asked, zone)
    unknown: list[str] = list(days.unknown)

    def chosen(name: str, known: Callable[[str], bool]) -> str:
        text = asked.get(name, "").strip()[:TEXT_MAX]
        if not text or known(text):
            return text
        unknown.append(name)
        return ""

    queue = Queue(
        tab=chosen("tab", lambda text: text in tabs) or otherwise,
        typology=chosen("typology", lambda text: text in typologies),
        level=chosen("level", lambda text: text in LEVELS), late=chosen("late", lambda text: text == "1") == "1",
        tag=chosen("tag", str.isprintable), subject=chosen("subject", lambda text: ":" in text),
        order=chosen("order", lambda text: text in ORDERS), page=int(chosen("page", _is_page) or 1),
        days=days or None,
    )  # fmt: skip
    if queue.order == "closed" and not queue.is_over:
        queue = replace(queue, order="")
    return queue, unknown


def _is_page(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= PAGES_MAX


def tabs_of(view: View) -> list[str]:
    """The tabs for somebody: who works no cases has none, and what was escalated is for those who lead."""
    without = {
        "escalated": not view.may("case.lead"), "my": not view.may("case.next"), "sample": not view.may("cases.team"),
    }  # fmt: skip
    return [tab for tab in TABS if not without.get(tab, False)]
