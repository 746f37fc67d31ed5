"""A case, and how alerts and steps change it: a fold, so that the journal alone says how every case stands."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec

from jindi.basics.instants import HOUR_US
from jindi.basics.money import EXPONENTS
from jindi.cases.alerts import Alert
from jindi.cases.steps import (
    Assign,
    Attach,
    Check,
    Close,
    Escalate,
    Merge,
    Note,
    Reopen,
    Review,
    Snooze,
    Split,
    Step,
    Tag,
    Task,
    Tick,
    Verdict,
    Wake,
    Withdraw,
)
from jindi.packs import LEVELS, Level, TypologyDef

T = TypeVar("T")

CASE_PREFIX: Final = "case_"
NOBODY: Final = ""

State = Literal["open", "closed", "merged"]

DOUBLING_US: Final = HOUR_US
"""The urgency of a case doubles each time that so much passes (design default): see `rank_of`."""

LEVEL_BITS: Final = 2
"""Each level weighs four times the one below it (design default)."""

MONEY_BITS_MAX: Final = 30

AMOUNT_MAX: Final = 2**63 - 1
"""A case's sums go no further (minor units): that is what stores keep, and nobody ranks beyond it."""


LOTS: Final = 1_000_000
"""A closed case draws one of so many lots; those below a share are looked at a second time."""


class TaskState(msgspec.Struct, frozen=True):
    """A task of a case: what, whose, until when, who asked for it, and who has done it."""

    text: str
    who: str
    due_us: int | None
    by: str
    done_by: str = ""


class Look(msgspec.Struct, frozen=True):
    """A second look: at whose verdict, by whom, what was found, and after how many times of reopening."""

    of: str
    by: str
    agrees: bool
    at_us: int
    closing: int


class FileState(msgspec.Struct, frozen=True):
    """A file of a case, as it was attached to `case`, which may since have been merged into another. `withdrawn`: by
    whom it was taken back, "" while it stands.
    """

    case: str
    token: str
    name: str
    media: str
    size: int
    digest: str
    by: str
    at_us: int
    withdrawn: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """How a case stands. Amounts are minor units by currency; `outcome` and `score` are the highest of its alerts.

    `version` counts the steps that people took: whoever takes the next one says which he saw. `wakes_us` ends its
    snooze, None: it is not snoozed. `done` are the steps of the investigation that were ticked. `into` names the case
    that it was merged into, `earlier` the last closed one of the same subject and kind. `escalated`: it waits for a
    senior. `lot` was drawn when it was closed (`LOTS`); `looks` are second looks at its verdicts, the oldest first.
    """

    id: str
    typology: str
    entity: str
    subject: str
    level: Level
    opened_us: int
    due_us: int
    last_us: int
    alerts: int = 0
    amounts: Mapping[str, int] = {}
    outcome: int = 0
    score: int = 0
    state: State = "open"
    assignee: str = NOBODY
    assigned_us: int | None = None
    first_taken_us: int | None = None
    wakes_us: int | None = None
    escalated: bool = False
    tags: tuple[str, ...] = ()
    done: tuple[int, ...] = ()
    notes: int = 0
    verdict: Verdict | None = None
    why: str = ""
    closed_us: int | None = None
    closed_by: str = ""
    approval: str = ""
    reopened: int = 0
    into: str = ""
    earlier: str = ""
    version: int = 0
    tasks: tuple[TaskState, ...] = ()
    files: tuple[FileState, ...] = ()
    lot: int = 0
    looks: tuple[Look, ...] = ()

    def is_snoozed(self, now_us: int) -> bool:
        """Whether it is out of the queue for a while."""
        return self.state == "open" and self.wakes_us is not None and self.wakes_us > now_us

    @property
    def look(self) -> Look | None:
        """The second look at the verdict that stands; None while there was none."""
        last = self.looks[-1] if self.looks else None
        return last if last is not None and self.state == "closed" and last.closing == self.reopened else None

    @property
    def waits_for_review(self) -> bool:
        """Whether a second look could still be taken at it."""
        return self.state == "closed" and self.look is None

    def is_late(self, now_us: int) -> bool:
        """Whether it should be over by now."""
        return self.state == "open" and now_us > self.due_us


class Taken(NamedTuple):
    """Who took a step, and when."""

    name: str
    at_us: int


def case_id(seq: int) -> str:
    """The id of the case that begins with a record of the journal: its first alert's, or the step's that split it off.

    >>> case_id(47)
    'case_00000000002f'
    """
    return f"{CASE_PREFIX}{seq:012x}"


def case_seq(identifier: str) -> int:
    """The record that a case's id names. Raises ValueError when it is no such id.

    >>> case_seq("case_00000000002f")
    47
    """
    digits = identifier.removeprefix(CASE_PREFIX)
    if len(digits) != 12 or not identifier.startswith(CASE_PREFIX) or set(digits) - set("0123456789abcdef"):
        raise ValueError("not a case's id: case_ and twelve hexadecimal digits")
    return int(digits, 16)


def rank_of(case: Case) -> int:
    """Where a case stands in the queue, as an instant in microseconds: the smaller comes first.

    What is asked for is the order by risk × money × urgency, where the urgency doubles every `DOUBLING_US`. Its
    logarithm is bits of risk + bits of money - (due - now) / DOUBLING_US: `now` is the same for all, so the order never
    changes while nothing comes, and an index can keep it. Bits are whole: a case weighs as its amount's power of two.

    >>> calm = Case(id="a", typology="t", entity="user", subject="u", level="low", opened_us=0, due_us=0, last_us=0)
    >>> grave = msgspec.structs.replace(calm, level="critical", amounts={"CNY": 12_345_00})
    >>> (rank_of(calm) - rank_of(grave)) / HOUR_US
    20.0
    """
    bits = LEVEL_BITS * LEVELS.index(case.level) + _money_bits(case.amounts)
    return case.due_us - bits * DOUBLING_US


def _money_bits(amounts: Mapping[str, int]) -> int:
    """The binary digits of the largest amount in whole units; no rates are asked, so it is an order of magnitude."""
    largest = max((abs(minor) // 10 ** EXPONENTS[currency] for currency, minor in amounts.items()), default=0)
    return min(largest.bit_length(), MONEY_BITS_MAX)


# ---- alerts


def opened(alert: Alert, typology: TypologyDef, seq: int | None = None, earlier: str = "") -> Case:
    """A new case that begins with an alert. `seq` is the step's that splits it off."""
    case = Case(
        id=case_id(alert.seq if seq is None else seq), typology=typology.name, entity=alert.entity,
        subject=alert.subject, level=typology.level, opened_us=alert.at_us, due_us=alert.at_us + typology.due_us,
        last_us=alert.at_us, earlier=earlier,
    )  # fmt: skip
    return joined(case, alert)


def joined(case: Case, alert: Alert) -> Case:
    """The case with one more alert. Something new ends a snooze: nobody sleeps through it."""
    return msgspec.structs.replace(_counted(case, [alert]), last_us=max(case.last_us, alert.at_us), wakes_us=None)


def _counted(case: Case, alerts: Iterable[Alert]) -> Case:
    amounts, count, outcome, score = dict(case.amounts), case.alerts, case.outcome, case.score
    for alert in alerts:
        count, outcome, score = count + 1, max(outcome, alert.outcome), max(score, alert.score)
        if alert.amount_minor is not None:
            total = amounts.get(alert.currency, 0) + alert.amount_minor
            amounts[alert.currency] = max(-AMOUNT_MAX, min(total, AMOUNT_MAX))
    return msgspec.structs.replace(case, alerts=count, amounts=amounts, outcome=outcome, score=score)


def _emptied(case: Case) -> Case:
    return msgspec.structs.replace(case, alerts=0, amounts={}, outcome=0, score=0)


def taken_in(case: Case, alerts: Collection[Alert], other: Case) -> Case:
    """The case with the alerts of another one that was merged into it; it is due when the earlier of the two was. It is
    a new version: whoever has looked at it before has not seen all of it.
    """
    both = _counted(case, alerts)
    return msgspec.structs.replace(
        both, opened_us=min(case.opened_us, other.opened_us), due_us=min(case.due_us, other.due_us),
        last_us=max(case.last_us, other.last_us), level=max(case.level, other.level, key=LEVELS.index),
        escalated=case.escalated or other.escalated, tags=_marks((*case.tags, *other.tags)), version=case.version + 1,
        tasks=(*case.tasks, *other.tasks), files=(*case.files, *other.files),
    )  # fmt: skip


def parted(case: Case, left: Collection[Alert]) -> Case:
    """The case with only these alerts left."""
    return _counted(_emptied(case), left)


# ---- steps


def stepped(case: Case, step: Step, by: Taken) -> Case:
    """The case after a step that could be taken (`refusal`). What a merge or a split does to the other case is told
    there (`taken_in`, `parted`).
    """
    return msgspec.structs.replace(_after(case, step, by), version=case.version + 1)


def _after(case: Case, step: Step, by: Taken) -> Case:
    change = msgspec.structs.replace
    match step:
        case Assign(to):
            first = case.first_taken_us if case.first_taken_us is not None or not to else by.at_us
            since = by.at_us if to else None
            return change(case, assignee=to, assigned_us=since, first_taken_us=first, wakes_us=None)
        case Note():
            return change(case, notes=case.notes + 1)
        case Tag(add, remove):
            return change(case, tags=_marks(tag for tag in (*case.tags, *add) if tag not in remove))
        case Snooze(until_us):
            return change(case, wakes_us=until_us)
        case Wake():
            return change(case, wakes_us=None)
        case Check(place, done):
            ticked = {*case.done, place} if done else set(case.done) - {place}
            return change(case, done=tuple(sorted(ticked)))
        case Escalate():
            return change(case, escalated=True, assignee=NOBODY, assigned_us=None, wakes_us=None)
        case Close(verdict, why, approval):
            return change(
                case, state="closed", verdict=verdict, why=why, approval=approval, closed_us=by.at_us,
                closed_by=by.name, wakes_us=None, lot=_lot(case, by.at_us),
            )  # fmt: skip
        case Reopen():
            return change(
                case, state="open", verdict=None, why="", approval="", closed_us=None, closed_by="",
                reopened=case.reopened + 1, lot=0,
            )  # fmt: skip
        case Merge(into):
            return change(
                _emptied(case), state="merged", into=into, closed_us=by.at_us, closed_by=by.name, wakes_us=None
            )
        case Split():
            return case
        case Task(text, who, due_us):
            return change(case, tasks=(*case.tasks, TaskState(text, who, due_us, by.name)))
        case Tick(place, done):
            return change(case, tasks=_put(case.tasks, place, change(case.tasks[place], done_by=by.name * done)))
        case Attach(token, name, media, size, digest):
            file = FileState(case.id, token, name, media, size, digest, by.name, by.at_us)
            return change(case, files=(*case.files, file))
        case Withdraw(place):
            return change(case, files=_put(case.files, place, change(case.files[place], withdrawn=by.name)))
        case Review(agrees):
            return change(case, looks=(*case.looks, Look(case.closed_by, by.name, agrees, by.at_us, case.reopened)))


def _put(row: tuple[T, ...], place: int, new: T) -> tuple[T, ...]:
    return (*row[:place], new, *row[place + 1 :])


def _lot(case: Case, closed_us: int) -> int:
    """What a closing draws: nobody who closes a case can aim at a microsecond of our clock, and anybody can check it
    afterwards.
    """
    drawn = hashlib.sha256(f"{case.id}:{case.version}:{closed_us}".encode()).digest()
    return int.from_bytes(drawn[:8]) % LOTS


def _marks(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(tags)))
