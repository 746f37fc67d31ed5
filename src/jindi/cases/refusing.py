"""Why a step can't be taken as a case stands. Who may take which steps at all is not asked here."""

from collections.abc import Collection
from typing import Final, Literal

from jindi.basics.instants import DAY_US
from jindi.cases.case import Case
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
    Wake,
    Withdraw,
)
from jindi.packs import TypologyDef

Refusal = Literal[
    "changed", "not_open", "not_closed", "not_yours", "empty", "too_long", "no_change", "not_ahead", "too_far",
    "no_step", "itself", "other_state", "other_subject", "no_alerts", "all_alerts", "others_alerts", "waiting",
    "too_many", "not_a_tag", "not_to_others", "escalated", "no_task", "too_many_tasks", "no_file", "too_many_files",
    "own_verdict", "reviewed",
]  # fmt: skip
"""Why not, by name; the doors have the words.

`changed`: somebody took a step since the case was looked at. `not_yours`: it is somebody else's, or nobody's yet.
`waiting`: decisions of it wait for a verdict, and `undetermined` gives them none.
"""

TEXT_MAX: Final = 2_000
SNOOZE_MAX_US: Final = 90 * DAY_US
"""Longer than that nothing is put aside (design default)."""

TAGS_MAX: Final = 20
TAG_MAX: Final = 40
TASKS_MAX: Final = 50
FILES_MAX: Final = 50


def refusal(
    case: Case, step: Step, who: str, now_us: int, typology: TypologyDef | None, *, seen: int | None = None,
    leads: bool = False, other: Case | None = None, alerts: Collection[int] = (), waiting: int = 0,
    approvers: Collection[str] = (),
) -> Refusal | None:  # fmt: skip
    """Why `who` can't take a step; None when he can.

    `seen` is the version of the case that he looked at, None when he did not say. Whoever `leads` may act on cases of
    others. `other` is the case that this one is to be merged into, `alerts` are those of this case, `waiting` is how
    many of its decisions wait for a verdict. `approvers` are those who approved its closing.
    """
    if seen is not None and seen != case.version:
        return "changed"
    if isinstance(step, Reopen):
        return "not_closed" if case.state != "closed" else _said(step.why)
    if isinstance(step, Review):
        return _review(case, step, who, approvers)
    if case.state != "open" and not isinstance(step, Note | Withdraw):
        return "not_open"
    if _needs_it(step) and case.assignee != who and not leads:
        return "not_yours"
    match step:
        case Assign(to):
            if to not in ("", who) and not leads:
                return "not_to_others"
            if to and case.escalated and not leads:
                return "escalated"
            held = case.assignee not in ("", who)
            return "not_yours" if held and not leads else "no_change" if to == case.assignee else None
        case Note(text):
            return _said(text)
        case Tag():
            return _tags(case, step)
        case Snooze(until_us, why):
            return "not_ahead" if until_us <= now_us else "too_far" if until_us > now_us + SNOOZE_MAX_US else _said(why)
        case Wake():
            return None if case.is_snoozed(now_us) else "no_change"
        case Check(place, done):
            if typology is None or not 0 <= place < len(typology.steps):
                return "no_step"
            return "no_change" if (place in case.done) == done else None
        case Escalate(why):
            return "no_change" if case.escalated else _said(why)
        case Close(verdict, why):
            return "waiting" if verdict == "undetermined" and waiting else _said(why)
        case Merge(into, why):
            return _merge(case, into, other) or _said(why)
        case Split(chosen, why):
            return _split(chosen, alerts) or _said(why)
        case Task(text):
            return "too_many_tasks" if len(case.tasks) >= TASKS_MAX else _said(text)
        case Tick(place, done):
            if not 0 <= place < len(case.tasks):
                return "no_task"
            return "no_change" if bool(case.tasks[place].done_by) == done else None
        case Attach(name=name):
            return "too_many_files" if len(case.files) >= FILES_MAX else _said(name)
        case Withdraw(place, why):
            if not 0 <= place < len(case.files) or case.files[place].withdrawn:
                return "no_file"
            return _said(why)


def _needs_it(step: Step) -> bool:
    """Whether a step is for whoever has the case. What is added to it is anybody's, and so is taking it."""
    return not isinstance(step, Assign | Note | Tag | Task | Tick | Attach)


def _review(case: Case, step: Review, who: str, approvers: Collection[str]) -> Refusal | None:
    """Nobody looks a second time at what he decided himself, alone or with another."""
    if case.state != "closed":
        return "not_closed"
    if case.closed_by == who or who in approvers:
        return "own_verdict"
    return "reviewed" if case.look is not None else _said(step.why)


def _said(text: str) -> Refusal | None:
    return "empty" if not text.strip() else "too_long" if len(text) > TEXT_MAX else None


def _tags(case: Case, step: Tag) -> Refusal | None:
    if any(not tag.strip() or tag != tag.strip() or len(tag) > TAG_MAX or not tag.isprintable() for tag in step.add):
        return "not_a_tag"
    after = ({*case.tags} | {*step.add}) - {*step.remove}
    return "too_many" if len(after) > TAGS_MAX else "no_change" if after == {*case.tags} else None


def _merge(case: Case, into: str, other: Case | None) -> Refusal | None:
    if into == case.id:
        return "itself"
    if other is None or other.state != "open":
        return "other_state"
    return "other_subject" if (other.entity, other.subject) != (case.entity, case.subject) else None


def _split(chosen: Collection[int], alerts: Collection[int]) -> Refusal | None:
    if not chosen:
        return "no_alerts"
    if not set(chosen) <= set(alerts):
        return "others_alerts"
    return "all_alerts" if set(chosen) == set(alerts) else None
