"""What somebody can do with a case as it stands, and what the forms on its page say."""

from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final, get_args
from zoneinfo import ZoneInfo

from jindi.basics.instants import DAY_US, HOUR_US, SECOND_US
from jindi.cases import (
    NOBODY,
    VERDICTS,
    Assign,
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
from jindi.doors.console.view import View
from jindi.run.cases import Page

VERBS: Final = tuple(
    verb for each in get_args(Step) if (verb := str(each.__struct_config__.tag)) != "attach"
)  # fmt: skip
"""Steps that an ordinary form takes; a file comes by a form of its own."""

SNOOZES: Final = {
    "1h": HOUR_US, "4h": 4 * HOUR_US, "1d": DAY_US, "3d": 3 * DAY_US, "7d": 7 * DAY_US, "30d": 30 * DAY_US,
}  # fmt: skip
"""For how long a case is put aside at a click."""

TICKED, ALERT = "case.", "alert."
"""How the fields of ticked rows begin; the case's id or the alert's place in the journal follows."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was refused: which, what it said, and why it was not done. `is_changed`: others were quicker."""

    verb: str = ""
    form: dict[str, str] = field(default_factory=dict)
    told: str = ""
    is_changed: bool = False
    status: HTTPStatus = HTTPStatus.OK

    def said(self, verb: str, name: str) -> str:
        """What was written into a field of a form, so that it stands there again."""
        return self.form.get(name, "") if verb == self.verb else ""


class Unclear(Exception):  # noqa: N818 - what a person is told
    """A form does not say what is to be done; `message` is the id of the sentence that says what is missing."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


def step_of(verb: str, form: dict[str, str], view: View) -> Step:
    """The step that a form asks for. Raises Unclear."""
    why = form.get("why", "").strip()
    match verb:
        case "assign":
            return Assign(form.get("to", NOBODY))
        case "note":
            return Note(form.get("text", "").replace("\r\n", "\n").strip())
        case "tag":
            return Tag(_tags(form.get("add", "")), tuple(tag for tag in [form.get("remove", "")] if tag))
        case "snooze":
            return Snooze(until_us_of(form, view), why)
        case "wake":
            return Wake()
        case "check":
            return Check(_whole(form.get("step", "")), form.get("done") == "yes")
        case "escalate":
            return Escalate(why)
        case "close":
            verdict = next((each for each in VERDICTS if each == form.get("verdict")), None)
            if verdict is None:
                raise Unclear("cases.say_verdict")
            return Close(verdict, why)
        case "reopen":
            return Reopen(why)
        case "merge":
            return Merge(form.get("into", ""), why)
        case "task":
            until = form.get("until", "").strip()
            due_us = _instant_us(until, view.zone) if until else None
            return Task(" ".join(form.get("text", "").split()), form.get("who", NOBODY), due_us)
        case "tick":
            return Tick(_whole(form.get("task", "")), form.get("done") == "yes")
        case "withdraw":
            return Withdraw(_whole(form.get("file", "")), why)
        case "review":
            return _review_of(form, why)
        case _:
            return Split(tuple(_whole(name.removeprefix(ALERT)) for name in form if name.startswith(ALERT)), why)


def _review_of(form: dict[str, str], why: str) -> Review:
    if form.get("agrees") not in ("yes", "no"):
        raise Unclear("cases.say_agrees")
    return Review(form["agrees"] == "yes", why)


def until_us_of(form: dict[str, str], view: View) -> int:
    """When a snooze ends: at the instant that was written, else after the length that was chosen. Raises Unclear."""
    if text := form.get("until", "").strip():
        return _instant_us(text, view.zone)
    if (length_us := SNOOZES.get(form.get("for", ""))) is None:
        raise Unclear("cases.say_until")
    return view.now_us + length_us


def _instant_us(text: str, zone: ZoneInfo) -> int:
    try:
        at = datetime.fromisoformat(text)
        return int(at.replace(tzinfo=zone).timestamp()) * SECOND_US if at.tzinfo is None else 0
    except (ValueError, OverflowError, OSError):
        raise Unclear("cases.say_until") from None


def _tags(text: str) -> tuple[str, ...]:
    plain = text.replace("，", ",").replace("、", ",")
    return tuple(tag for each in plain.split(",") if (tag := each.strip()))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else -1


@dataclass(frozen=True, slots=True)
class Possible:
    """Which forms a case's page has for its reader. `merge_into` are the ids of cases that it could go into."""

    take: bool
    give_back: bool
    assign: bool
    note: bool
    tag: bool
    check: bool
    snooze: bool
    wake: bool
    escalate: bool
    close: bool
    reopen: bool
    split: bool
    task: bool
    tick: bool
    attach: bool
    withdraw: bool
    review: bool
    merge_into: tuple[str, ...]

    def has_form(self, verb: str) -> bool:
        """Whether the page has a form of a verb with room to say why it was refused."""
        match verb:
            case "assign":
                return self.take or self.give_back or self.assign
            case "merge":
                return bool(self.merge_into)
            case (
                "note" | "tag" | "snooze" | "escalate" | "close" | "reopen" | "split" | "task" | "attach" | "withdraw"
                | "review"
            ):  # fmt: skip
                return bool(getattr(self, verb))
            case _:
                return False


def possible(page: Page, view: View, who: str, *, has_files: bool) -> Possible:
    """What the reader can do with a case now. What the desk refuses for other reasons it says when it is asked.
    `has_files`: there is somewhere to keep files.
    """
    case, leads = page.case, view.may("case.lead")
    is_open, is_mine = case.state == "open", case.assignee == who
    holds = is_open and (is_mine or leads)
    is_snoozed = case.is_snoozed(view.now_us)
    # What waits for a senior is nobody else's to take, though nothing forbids it.
    is_free = case.assignee == NOBODY and (leads or not case.escalated)
    same = (each for each in page.related if (each.entity, each.subject) == (case.entity, case.subject))
    others = tuple(each.id for each in same if each.state == "open")
    return Possible(
        take=is_open and not is_mine and (is_free or leads) and view.may("case.assign"),
        give_back=holds and case.assignee != NOBODY and view.may("case.assign"),
        assign=is_open and leads and view.may("case.assign"), note=view.may("case.note"),
        tag=is_open and view.may("case.tag"), check=holds and view.may("case.check"),
        snooze=holds and not is_snoozed and view.may("case.snooze"),
        wake=holds and is_snoozed and view.may("case.wake"),
        escalate=holds and not case.escalated and view.may("case.escalate"),
        close=holds and view.may("case.close"), reopen=case.state == "closed" and view.may("case.reopen"),
        split=holds and len(page.alerts) > 1 and view.may("case.split"),
        task=is_open and view.may("case.task"), tick=is_open and view.may("case.tick"),
        attach=is_open and has_files and view.may("case.attach"),
        withdraw=(is_mine or leads) and view.may("case.withdraw"),
        review=case.waits_for_review and who not in (case.closed_by, *page.approvers) and view.may("case.review"),
        merge_into=others if holds and view.may("case.merge") else (),
    )  # fmt: skip
