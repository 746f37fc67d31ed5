"""How much work there is, who has it, how long it takes, and how often a second look agrees: for whoever leads."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from jindi.basics.instants import DAY_US, HOUR_US
from jindi.cases import LOTS, Case, Verdict
from jindi.packs import LEVELS, Level
from jindi.ports import CaseQuery

if TYPE_CHECKING:
    from jindi.run.cases.desk import Desk

SINCE_US: Final = 30 * DAY_US
CLOSED_MAX: Final = 1_000
"""So many closed cases are looked at for the figures; the newest, when there are more."""

SAMPLE_SHOWN: Final = 50

AGES: Final = ((0, 4 * HOUR_US), (4 * HOUR_US, DAY_US), (DAY_US, 3 * DAY_US), (3 * DAY_US, None))
"""How long open cases have been there, in brackets: from, and until (None: any longer)."""


@dataclass(slots=True)
class Work:
    """One person's: what he has now, and what he closed. Times are medians in microseconds, None: of nothing."""

    name: str
    open: int = 0
    late: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    handling_us: float | None = None
    reopened: int = 0
    looked: int = 0
    agreed: int = 0

    @property
    def closed(self) -> int:
        """How many he closed."""
        return self.verdicts.total()


@dataclass(frozen=True, slots=True)
class Team:
    """The whole. `ages` has a row for each level and in it a count for each bracket; `sample` waits for a second look,
    `waiting` of them in all. `is_cut`: more were closed than were looked at. `waited_us`: the median time until
    somebody took a case.
    """

    people: tuple[Work, ...]
    ages: tuple[tuple[Level, tuple[int, ...]], ...]
    sample: tuple[Case, ...]
    waiting: int
    is_cut: bool
    waited_us: float | None
    since_us: int


async def team_of(desk: "Desk") -> Team:
    """The figures as of now."""
    now_us = desk.query().now_us
    since_us = now_us - SINCE_US
    recent = desk.query(
        state="closed", closed_from_us=since_us, order="closed", descending=True, limit=CLOSED_MAX
    )  # fmt: skip
    closed, count = await desk.find(recent)
    drawn = desk.query(
        state="closed", lot_below=desk.second_look * LOTS // 1_000, order="closed", limit=SAMPLE_SHOWN
    )  # fmt: skip
    sample, waiting = await desk.find(drawn)
    works = {each.name: each for each in _closed(closed)}
    # What a second look found wrong is open again, so it is found by its look, wherever it is.
    seen, _ = await desk.find(desk.query(looked_from_us=since_us, order="looked", descending=True, limit=CLOSED_MAX))
    for look in (look for case in seen for look in case.looks if look.at_us >= since_us):
        work = works.setdefault(look.of, Work(look.of))
        work.looked, work.agreed = work.looked + 1, work.agreed + look.agrees
    for what, query in (("open", desk.query(state="open")), ("late", desk.query(state="open", late=True))):
        for name, number in (await desk.tally(query, "assignee")).items():
            if name:
                setattr(works.setdefault(name, Work(name)), what, number)
    waited = [each.first_taken_us - each.opened_us for each in closed if each.first_taken_us is not None]
    return Team(
        people=tuple(sorted(works.values(), key=lambda each: (-each.open, -each.closed, each.name))),
        ages=await _ages(desk, now_us), sample=tuple(sample), waiting=waiting, is_cut=count > len(closed),
        waited_us=median(waited) if waited else None, since_us=since_us,
    )  # fmt: skip


def _closed(cases: Iterable[Case]) -> Iterable[Work]:
    """Everybody's work with what is over."""
    of = defaultdict[str, list[Case]](list)
    for case in cases:
        of[case.closed_by].append(case)
    for name, own in of.items():
        times = [
            case.closed_us - case.assigned_us
            for case in own
            if case.closed_us is not None and case.assigned_us is not None
        ]
        yield Work(
            name, verdicts=Counter(case.verdict for case in own if case.verdict is not None),
            handling_us=median(times) if times else None, reopened=sum(case.reopened > 0 for case in own),
        )  # fmt: skip


async def _ages(desk: "Desk", now_us: int) -> tuple[tuple[Level, tuple[int, ...]], ...]:
    """Open cases by level and by how long they have been there."""
    tallies = []
    for young_us, old_us in AGES:
        opened_from_us = None if old_us is None else now_us - old_us + 1
        query: CaseQuery = desk.query(
            state="open", opened_from_us=opened_from_us, opened_until_us=now_us - young_us + 1
        )  # fmt: skip
        tallies.append(await desk.tally(query, "level"))
    return tuple(
        (level, tuple(tally.get(str(place), 0) for tally in tallies)) for place, level in reversed([*enumerate(LEVELS)])
    )
