"""Large days of a platform's customers: found among the movements that the follower keeps, held against the reports
that there are, and begun as reports when a day is over.

The store gives a little more than is large, and `parties/reporting/large`, the definition, decides. Amounts in a
currency other than yuan and US dollars can't be converted here: they are counted and told, never left out in silence.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from jindi.cases.filings import Report
from jindi.packs import OUTCOMES, MovementDef
from jindi.parties.reporting import Count, Large, Movement, Rules, UnknownYear, large
from jindi.parties.reporting.drafts import DAYS_MAX, Day, Subject
from jindi.ports import LogFailure, MovementRow, MovementStoreFailure, VaultFailure
from jindi.run.audit import Actor, NotRecorded
from jindi.run.filings.desk import Declined, Desk, Query, Who
from jindi.run.filings.following import Following, day_named, day_number
from jindi.run.records import decision_id, decision_seq

if TYPE_CHECKING:
    from jindi.run.platform import Platform

RATE: Final = "usd_cny_rate_e4"
RATE_E4: Final = 70_000
"""(design default) Where no pack in force has the parameter."""

LOCAL, DOLLAR = "CNY", "USD"
SETTLED: Final = frozenset({"released", "accepted"})
"""What became of a decision that was delayed or went to a person, and moved money in the end."""

PAUSE_S: Final = 60.0
BLOB: Final = "aml-days.json"
"""The small blob that says when the days were looked at last, and what was amiss: counts, nobody's data."""

PLATFORM: Final = Who(Actor("", "platform", "platform"))


@dataclass(frozen=True, slots=True)
class Found:
    """A customer's day that is large under one criterion, in one way: by which decisions, until when it is reported
    (None: no calendar knows), and by which report (None: by none yet). `is_grown`: it has decisions that its report has
    not.
    """

    large: Large
    decisions: tuple[str, ...]
    due: Count | None
    report: Report | None = None
    is_grown: bool = False

    def __repr__(self) -> str:
        return "Found(…)"

    def is_late(self, today: date) -> bool:
        """Whether it has no report that was sent, and its time is over or unknown."""
        if self.report is not None and self.report.filing.first_sent_on is not None:
            return False
        return self.due is None or self.due.day < today


@dataclass(frozen=True, slots=True)
class Days:
    """What was found, the newest day first; how many movements could not be converted."""

    found: tuple[Found, ...] = ()
    unconverted: int = 0


class Watch(msgspec.Struct, frozen=True):
    """When large days were last looked at, how many were found, how many of those are late, and how many movements
    could not be converted.
    """

    at_us: int
    found: int
    late: int
    unconverted: int


@dataclass(slots=True)
class _Reported:
    """What reports say already: of each customer, day and criterion which report, by which decisions; and decisions
    that are evidence of a suspicion, for which no exemption holds.
    """

    by: dict[tuple[str, date, str], tuple[Report, set[str]]] = field(default_factory=dict)
    suspicious: set[str] = field(default_factory=set)


Said = tuple[tuple[str, ...], tuple[Day, ...]]
"""Of a report: the decisions that are its evidence of a suspicion, and its large days."""


class LargeDays:
    """The large days of one platform."""

    def __init__(self, platform: "Platform", desk: Desk, following: Following) -> None:
        self._platform, self._desk, self._following = platform, desk, following
        self._beginning = asyncio.Lock()
        self._said: dict[str, tuple[int, Said]] = {}
        """What each report says of days, with its version then: a thousand are not unsealed for each day anew."""

    @property
    def behind(self) -> int:
        """How many records of the journal have not been taken in."""
        return self._following.behind

    @property
    def problem(self) -> str | None:
        """Why the movements are not up to date; None when they are."""
        return self._following.problem

    async def look(self, on: date | None = None) -> Days:
        """The large days that are kept, or those of one day. Raises MovementStoreFailure."""
        rules = self._rules()
        if rules is None:
            return Days()
        days = [on] if on is not None else [day_named(each) for each in await self._stored()]
        reported = await asyncio.to_thread(self._reported)
        found, unconverted = list[Found](), 0
        for day in sorted(days, reverse=True):
            groups, left = await self._of_day(day, rules, reported)
            found += groups
            unconverted += left
        return Days(tuple(found), unconverted)

    async def begin(self, who: Who, day: date) -> Report | None:
        """Begin a report of all that is large on a day and has none yet; None where there is nothing. What is more than
        one report takes goes into another one. Raises Declined, NotRecorded, MovementStoreFailure.
        """
        async with self._beginning:
            await self._following.catch_up()
            found = [each for each in (await self.look(day)).found if each.report is None][:DAYS_MAX]
            if not found:
                return None
            draft = msgspec.structs.replace(
                self._desk.defaults("large"),
                subjects=tuple(Subject(user=user) for user in dict.fromkeys(each.large.customer for each in found)),
                days=_days(found),
            )
            return await self._desk.open(who, "large", draft)

    async def keep(self) -> None:
        """Begin the reports of days that are over, for as long as the platform runs: an officer fills them in."""
        while True:
            # After a failure the next round begins afresh; that movements are not up to date their follower tells.
            with suppress(MovementStoreFailure, LogFailure, NotRecorded, VaultFailure, Declined, OSError):
                await self.begin_due()
            await asyncio.sleep(PAUSE_S)

    async def begin_due(self) -> int:
        """Begin the reports of days that are over; how many were begun."""
        if not self._desk.is_on or self._rules() is None:
            return 0
        await self._following.catch_up()
        count, today = 0, self._desk.today()
        for day in [day_named(each) for each in await self._stored()]:
            while day < today and await self.begin(PLATFORM, day) is not None:
                count += 1
        await self._note(today)
        return count

    async def _note(self, today: date) -> None:
        """Say that the days were looked at, for the control that asks whether they are."""
        days = await self.look()
        late = sum(each.is_late(today) for each in days.found)
        watch = Watch(self._desk.now_us(), len(days.found), late, days.unconverted)
        await asyncio.to_thread(self._platform.blobs.save, BLOB, [msgspec.json.encode(watch)])

    # ---- finding

    async def _stored(self) -> Sequence[int]:
        return await asyncio.to_thread(self._following.store.days)

    def _rules(self) -> Rules | None:
        definitions = self._platform.program.definitions
        return Rules.of(definitions) if definitions.criteria else None

    async def _of_day(self, day: date, rules: Rules, reported: _Reported) -> tuple[list[Found], int]:
        least = _least(rules, day)
        if least is None:
            return [], 0
        rows = await asyncio.to_thread(self._following.store.heavy, day_number(day), LOCAL, least)
        counting = [each for each in rows if self._counts(each)]
        movements, left = self._movements(counting, reported)
        found = await asyncio.to_thread(large, movements, rules)
        return [self._found(each, rules, reported) for each in found], left

    def _counts(self, row: MovementRow) -> bool:
        """Whether money moved: at once, or when somebody let it."""
        outcome = OUTCOMES[row.outcome]
        return outcome == "allow" or self._platform.lane.state.openings.status(row.seq, outcome) in SETTLED

    def _movements(self, rows: Sequence[MovementRow], reported: _Reported) -> tuple[list[Movement], int]:
        declared, rate = self._platform.program.definitions.movements, self._platform.parameter(RATE, RATE_E4)
        found, left = list[Movement](), 0
        for row in rows:
            movement = declared.get(row.movement)
            equivalents = _equivalents(row, rate)
            if movement is None:
                continue  # packs in force no longer say that this moves anything
            if equivalents is None:
                left += 1
                continue
            found.append(_movement(row, movement, *equivalents, reported.suspicious))
        return found, left

    def _found(self, each: Large, rules: Rules, reported: _Reported) -> Found:
        decisions = tuple(dict.fromkeys(name.partition("/")[0] for name in each.movements))
        try:
            due = rules.due(each)
        except UnknownYear:
            due = None
        known = reported.by.get((each.customer, each.day, each.criterion.code))
        if known is None:
            return Found(each, decisions, due)
        return Found(each, decisions, due, known[0], not set(decisions) <= known[1])

    def _reported(self) -> _Reported:
        """What reports say already; for a thread."""
        found = _Reported()
        for report in self._desk.find(Query()):
            if report.state in ("dropped", "deleted"):
                continue
            evidence, days = self._said_of(report)
            found.suspicious.update(evidence)
            for day in days:
                known = found.by.setdefault((day.user, day.day, day.code), (report, set()))
                known[1].update(day.decisions)
        return found

    def _said_of(self, report: Report) -> Said:
        version, said = self._said.get(report.id, (0, ((), ())))
        if version == report.version:
            return said
        draft = self._desk.draft(report)
        if draft is None:
            return (), ()
        said = (draft.evidence if report.topic == "suspicious" else (), draft.days)
        self._said[report.id] = report.version, said
        return said


def _least(rules: Rules, day: date) -> int | None:
    """The lowest line in yuan on a day; None before the first."""
    lines = [rules.limits[each.cny] for each in rules.criteria]
    values = [line.on(day).value for line in lines if line.steps[0].since <= day]
    return min((each for each in values if isinstance(each, int)), default=None) if len(values) == len(lines) else None


def _movement(
    row: MovementRow, declared: MovementDef, cny_minor: int, usd_minor: int, suspicious: set[str]
) -> Movement:
    decision = decision_id(row.seq)
    return Movement(
        f"{decision}/{row.movement}", row.at_us, row.customer, declared.kind, declared.means, declared.side,
        declared.way, row.currency, row.amount_minor, cny_minor, usd_minor, declared.exempt, decision in suspicious,
    )  # fmt: skip


def _equivalents(row: MovementRow, rate_e4: int) -> tuple[int, int] | None:
    """An amount in yuan and in US dollars, at least one minor unit each; None for a currency without a rate."""
    rate = Decimal(rate_e4) / 10_000
    if row.currency == LOCAL:
        return row.amount_minor, max(_whole(Decimal(row.amount_minor) / rate), 1)
    if row.currency == DOLLAR:
        return max(_whole(Decimal(row.amount_minor) * rate), 1), row.amount_minor
    return None


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _days(found: Sequence[Found]) -> tuple[Day, ...]:
    """The days of a draft: a customer's criterion once, for money in and out together."""
    made: dict[tuple[str, date, str], list[str]] = {}
    for each in found:
        made.setdefault((each.large.customer, each.large.day, each.large.criterion.code), []).extend(each.decisions)
    return tuple(
        Day(user=user, day=day, code=code, decisions=tuple(sorted(dict.fromkeys(decisions), key=decision_seq)))
        for (user, day, code), decisions in made.items()
    )


__all__ = ["Days", "Found", "LargeDays"]
