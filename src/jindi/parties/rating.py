"""How a customer is rated: points by a declared scheme, a level, and when somebody must look at it again.

Knows: the formula S = Σ (a_i / m) · p_i, exact to a thousandth of a point, what is taken off, what goes to the
highest level at once, and how a standing moves from event to event.

Never: where facts come from, who decided, what the time is.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import msgspec

from jindi.language import Value
from jindi.packs import FactorDef, RatingDef, TellingDef

MILLI: Final = 1_000
"""Points are kept in thousandths: whole numbers, so that no sum is rounded."""

Wish = Literal["", "first", "again", "review"]
"""Why a customer is to be assessed: "" not at all, as new, because something happened, or was reviewed by a person."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A factor of one customer: the fact's value, the step it gives, and the points of that."""

    factor: str
    value: Value
    step: int
    points_milli: int


@dataclass(frozen=True, slots=True)
class Assessed:
    """What facts come to. `before_milli` are the points before mitigations; `directs` name why the level is the highest
    whatever the points.
    """

    level: str
    points_milli: int
    before_milli: int
    marks: tuple[Marked, ...]
    mitigations: tuple[str, ...]
    directs: tuple[str, ...]


def assess(scheme: RatingDef, facts: Mapping[str, Value]) -> Assessed:
    """Rate by facts. Each factor gives a step a_i from 1 to m, which weighs p_i points of a hundred:
    S = Σ a_i · p_i / m lies from 100 / m to 100 (银发〔2013〕2号). A fact that is not there is None.
    """
    marks = tuple(_marked(each, facts.get(each.of), scheme.steps) for each in scheme.factors)
    before = sum(each.points_milli for each in marks)
    lighter = [each for each in scheme.mitigations if says(each, facts.get(each.of))]
    least = 100 * MILLI // scheme.steps
    points = max(before - MILLI * sum(each.less for each in lighter), least)
    directs = tuple(each.name for each in scheme.directs if says(each, facts.get(each.of)))
    return Assessed(
        level=scheme.levels[-1].name if directs else level_of(scheme, points), points_milli=points,
        before_milli=before, marks=marks, mitigations=tuple(each.name for each in lighter), directs=directs,
    )  # fmt: skip


def level_of(scheme: RatingDef, points_milli: int) -> str:
    """The level of so many points: the last whose `from` they reach."""
    return [each.name for each in scheme.levels if each.points_from * MILLI <= points_milli][-1]


def says(telling: TellingDef, value: Value) -> bool:
    """Whether a fact says what a mitigation or a direct ground asks for. A fact that is not there says nothing."""
    if value is None:
        return False
    if telling.least is not None:
        return isinstance(value, int) and not isinstance(value, bool) and value >= telling.least
    return _text(value) in telling.values


def step_of(factor: FactorDef, value: Value) -> int:
    """The step that a fact gives."""
    if value is None:
        return factor.missing
    if factor.bounds:
        assert isinstance(value, int), "the pack says that it is a number"
        return next((step for at, step in reversed(factor.bounds) if value >= at), factor.otherwise)
    return factor.values.get(_text(value), factor.otherwise)


def _marked(factor: FactorDef, value: Value, steps: int) -> Marked:
    step = step_of(factor, value)
    return Marked(factor.name, value, step, step * factor.weight * MILLI // steps)


def _text(value: Value) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the month's last where it has no such day.

    >>> months_after(date(2026, 8, 31), 6).isoformat()
    '2027-02-28'
    """
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


# ---- a standing


class Override(msgspec.Struct, frozen=True, array_like=True):
    """A level that two people gave by hand; it holds until the next review."""

    level: str
    by: str
    second: str
    reason: str
    at_us: int


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """How a customer stands. All times are microseconds, 0 where something has not happened.

    `first_due_us` is until when the first rating is due, `due_us` until when the next review is. `wish` and `wish_seq`
    say that an assessment is owed, and by which record of the journal. `told_level` is the level that events speak of,
    `told_due_us` the time that was told as missed. `document_until_us` is when the identity document ends,
    `account_class` the class of account that his checked identity gave him last, at `classed_us`.
    """

    user: str
    opened_us: int
    first_due_us: int
    level: str = ""
    points_milli: int = 0
    assessed_us: int = 0
    assessed_seq: int = -1
    directs: tuple[str, ...] = ()
    reviewed_us: int = 0
    due_us: int = 0
    document_until_us: int = 0
    override: Override | None = None
    wish: Wish = "first"
    wish_seq: int = -1
    told_level: str = ""
    told_due_us: int = 0
    account_class: str = ""
    classed_us: int = 0

    @property
    def effective(self) -> str:
        """The level that counts: what two people gave by hand, unless a ground goes to the highest at once."""
        return self.level if self.override is None or self.directs else self.override.level

    @property
    def is_untold(self) -> bool:
        """Whether no event says yet which level counts."""
        return self.assessed_us > 0 and not self.wish and self.effective != self.told_level

    @property
    def must_by_us(self) -> int:
        """Until when somebody must have done something: the first rating, the review, or another document."""
        if not self.assessed_us:
            return self.first_due_us
        ends = [each for each in (self.due_us, self.document_until_us) if each]
        return min(ends)

    @property
    def must_what(self) -> Literal["first", "review", "document"]:
        """What it is."""
        if not self.assessed_us:
            return "first"
        return "document" if self.must_by_us != self.due_us else "review"


def opened(user: str, seq: int, at_us: int, first_due_us: int) -> Standing:
    """A relationship begins: a first rating is owed."""
    return Standing(user, at_us, first_due_us, wish_seq=seq)


def wished(standing: Standing, wish: Wish, seq: int) -> Standing:
    """Something happened after which he is assessed anew; a review that is owed already stays one."""
    if standing.wish in ("first", "review"):
        return msgspec.structs.replace(standing, wish_seq=seq)
    return msgspec.structs.replace(standing, wish=wish, wish_seq=seq)


def with_document(standing: Standing, until_us: int) -> Standing:
    """Another document, or the same with another end."""
    return msgspec.structs.replace(standing, document_until_us=until_us)


def classed(standing: Standing, account_class: str, at_us: int) -> Standing:
    """His identity was checked well enough for a class of account."""
    return msgspec.structs.replace(standing, account_class=account_class, classed_us=at_us)


def reviewed(standing: Standing, seq: int) -> Standing:
    """A person has reviewed him: what was given by hand ends, and the clock begins anew with the next assessment."""
    return msgspec.structs.replace(standing, wish="review", wish_seq=seq, override=None)


def assessed(standing: Standing, found: Assessed, seq: int, at_us: int, review_us: Mapping[str, int]) -> Standing:
    """An assessment was made. `review_us` says for each level until when the next review is due, counted from now.

    The first assessment and the one after a review set the clock. Any other may only bring the review nearer: who rises
    is looked at within the time of the new level, and who falls no later than before.
    """
    after = msgspec.structs.replace(
        standing, level=found.level, points_milli=found.points_milli, assessed_us=at_us, assessed_seq=seq,
        directs=found.directs, wish="", wish_seq=-1,
    )  # fmt: skip
    return _clocked(after, standing, at_us, review_us)


def told(standing: Standing, level: str) -> Standing:
    """An event says which level counts."""
    return msgspec.structs.replace(standing, told_level=level)


def missed(standing: Standing, due_us: int) -> Standing:
    """An event says that what was due by then was not done."""
    return msgspec.structs.replace(standing, told_due_us=due_us)


def unread(standing: Standing, seq: int) -> Standing:
    """An assessment whose facts were not all there (features that were warming): it is owed as before."""
    return msgspec.structs.replace(standing, wish_seq=seq)


def overridden(standing: Standing, override: Override, review_us: Mapping[str, int]) -> Standing:
    """Two people gave a level by hand. That, too, may only bring the review nearer."""
    after = msgspec.structs.replace(standing, override=override, told_level=override.level)
    return msgspec.structs.replace(after, due_us=min(standing.due_us, review_us[after.effective]))


def _clocked(after: Standing, before: Standing, at_us: int, review_us: Mapping[str, int]) -> Standing:
    due_us = review_us[after.effective]
    if before.wish in ("first", "review"):
        return msgspec.structs.replace(after, reviewed_us=at_us, due_us=due_us)
    return msgspec.structs.replace(after, due_us=min(before.due_us, due_us))


def is_overdue(standing: Standing, now_us: int) -> bool:
    """Whether what must be done was not done in time."""
    return standing.must_by_us <= now_us
