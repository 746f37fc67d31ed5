"""What the forms about incidents say, and the values that stand in them."""

from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final, cast, get_args

from jindi.basics.instants import MINUTE_US, SECOND_US
from jindi.basics.money import parse_minor
from jindi.cases.incidents import Incident
from jindi.cases.incidents_steps import (
    CHANNELS,
    LINK_KINDS,
    POSTS,
    Appoint,
    Assess,
    Classify,
    Close,
    Contain,
    Entry,
    Excuse,
    Impact,
    Link,
    LinkKind,
    Open,
    Predate,
    Reopen,
    Report,
    Resolve,
    Review,
    Step,
    Task,
    Tick,
    Tie,
)
from jindi.doors.console.view import View
from jindi.packs import GRADES, INCIDENT_KINDS, PROFILES_OF_REPORTS, Grade, IncidentKind, Profile

VERBS: Final = tuple(verb for each in get_args(Step) if (verb := str(each.__struct_config__.tag)) != "open")
"""Steps that a form on an incident's page takes."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A form that was refused: which, what it said, and why it was not done. `is_changed`: others were quicker."""

    verb: str = ""
    form: dict[str, str] = field(default_factory=dict)
    told: str = ""
    is_changed: bool = False
    status: HTTPStatus = HTTPStatus.OK

    def said(self, verb: str, name: str, otherwise: str = "") -> str:
        """What was written into a field of a form, so that it stands there again."""
        return self.form.get(name, "") if verb == self.verb else otherwise


class Unclear(Exception):  # noqa: N818 - what a person is told
    """A form does not say what is to be done; `message` is the id of the sentence that says what is missing."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


def open_of(form: dict[str, str], view: View) -> Open:
    """The incident that a form opens. Raises Unclear."""
    aware_us = at_of(form, "aware", view)
    if aware_us is None:
        raise Unclear("incidents.say_aware")
    return Open(
        title=_line(form, "title"), incident_kind=_kind(form), grade=_grade(form), aware_us=aware_us,
        began_us=at_of(form, "began", view), profiles=profiles_of(form), impact=impact_of(form),
        links=tuple(each for each in [link_in(form.get("link", ""))] if each is not None), drill="drill" in form,
    )  # fmt: skip


def step_of(verb: str, form: dict[str, str], view: View, it: Incident) -> Step:
    """The step with an incident that a form asks for. Raises Unclear."""
    why = _text(form, "why")
    match verb:
        case "classify":
            return Classify(grade=_grade(form), incident_kind=_kind(form), profiles=profiles_of(form), why=why)
        case "assess":
            return Assess(impact_of(form))
        case "predate":
            aware_us = at_of(form, "aware", view)
            if aware_us is None:
                raise Unclear("incidents.say_aware")
            return Predate(aware_us=aware_us, began_us=at_of(form, "began", view), why=why)
        case "appoint":
            post = next((each for each in POSTS if each == form.get("post")), None)
            if post is None:
                raise Unclear("incidents.say_post")
            return Appoint(post, form.get("who", ""))
        case "entry":
            return Entry(_text(form, "text"), at_of(form, "at", view))
        case "task":
            return Task(_line(form, "text"), form.get("who", ""), at_of(form, "due", view))
        case "tick":
            return Tick(_whole(form.get("task", "")) or 0, form.get("done") == "yes")
        case "tie":
            return _tie_of(form)
        case "contain":
            return Contain(_text(form, "text"), _since(form, view, it.began_us or it.aware_us))
        case "resolve":
            return Resolve(_text(form, "text"), _since(form, view, it.began_us or it.aware_us))
        case "report":
            return _report_of(form, view, it)
        case "excuse":
            return Excuse(form.get("report", ""), why)
        case "review":
            return Review(_text(form, "cause"), _text(form, "lessons"), _text(form, "measures"))
        case "close":
            return Close(why)
        case _:
            return Reopen(why)


def _since(form: dict[str, str], view: View, since_us: int) -> int | None:
    at_us = at_of(form, "at", view)
    return None if at_us is None else not_before(at_us, form["at"], since_us)


def _report_of(form: dict[str, str], view: View, it: Incident) -> Report:
    channel = next((each for each in CHANNELS if each == form.get("channel")), None)
    at_us = _since(form, view, it.aware_us)
    if channel is None or at_us is None:
        raise Unclear("incidents.say_sent")
    return Report(
        report=form.get("report", ""), at_us=at_us, to=_line(form, "to"), channel=channel,
        reference=_line(form, "reference"), note=_text(form, "note"),
    )  # fmt: skip


def _tie_of(form: dict[str, str]) -> Tie:
    link = link_in(form.get("link", "")) or link_of(form.get("id", "").strip())
    if link is None:
        raise Unclear("incidents.say_link")
    return Tie(link, off=form.get("off") == "yes")


def link_in(text: str) -> Link | None:
    """A link as addresses and forms have it.

    >>> link_in("control:C12")
    Link(kind='control', id='C12')
    >>> link_in("C12") is None
    True
    """
    kind, colon, identifier = text.partition(":")
    if not colon or kind not in LINK_KINDS or not identifier or len(identifier) > 64:
        return None
    return Link(kind, identifier)


def link_of(identifier: str) -> Link | None:
    """A link by an id alone: its beginning says what it is of.

    >>> link_of("case_00000000002f").kind, link_of("dec_00000000002f").kind, link_of("C12").kind
    ('case', 'decision', 'control')
    """
    if not identifier or len(identifier) > 64:
        return None
    kinds: dict[str, LinkKind] = {"case_": "case", "dec_": "decision", "inc_": "incident"}
    kind = next((kind for begins, kind in kinds.items() if identifier.startswith(begins)), "control")
    return Link(cast("LinkKind", kind), identifier)


def impact_of(form: dict[str, str]) -> Impact:
    """What is hit, as a form says it. Raises Unclear."""
    currency = form.get("currency", "").strip().upper()
    amount = form.get("amount", "").strip().replace(",", "")
    amount_minor = None
    if amount:
        try:
            amount_minor = parse_minor(amount, currency)
        except ValueError:
            raise Unclear("incidents.say_amount") from None
    return Impact(
        systems=_items(form, "systems"), lines=_items(form, "lines"), persons=_count(form, "persons"),
        amount_minor=amount_minor, currency=currency if amount else "", outage_min=_count(form, "outage"),
        critical="critical" in form, whole="whole" in form,
    )  # fmt: skip


def profiles_of(form: dict[str, str]) -> tuple[Profile, ...]:
    """Whose rules of reporting a form has ticked."""
    return tuple(each for each in PROFILES_OF_REPORTS if f"profile.{each}" in form)


def at_of(form: dict[str, str], name: str, view: View) -> int | None:
    """An instant that was written in the page's zone; None where nothing was. Raises Unclear."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            raise ValueError
        return int(at.replace(tzinfo=view.zone).timestamp()) * SECOND_US
    except (ValueError, OverflowError, OSError):
        raise Unclear("incidents.say_time") from None


def not_before(at_us: int, text: str, since_us: int) -> int:
    """A time as it was written, to the minute or to the second: what lies in the same minute or second as a begin is
    not before it.

    >>> at_us, since_us = 60_000_000, 90_000_000
    >>> not_before(at_us, "2026-11-22T12:01", since_us), not_before(at_us, "2026-11-22T12:01:00", since_us)
    (90000000, 60000000)
    """
    width_us = MINUTE_US if text.strip().count(":") == 1 else SECOND_US
    return since_us if at_us < since_us < at_us + width_us else at_us


def field_time(at_us: int | None, view: View) -> str:
    """An instant as a field of a form has it: to the second, in the page's zone. To the minute it would lie before what
    happened in that minute.
    """
    if at_us is None:
        return ""
    return datetime.fromtimestamp(at_us // SECOND_US, view.zone).strftime("%Y-%m-%dT%H:%M:%S")


def _kind(form: dict[str, str]) -> IncidentKind:
    kind = next((each for each in INCIDENT_KINDS if each == form.get("kind")), None)
    if kind is None:
        raise Unclear("incidents.say_kind")
    return kind


def _grade(form: dict[str, str]) -> Grade:
    grade = next((each for each in GRADES if each == form.get("grade")), None)
    if grade is None:
        raise Unclear("incidents.say_grade")
    return grade


def _items(form: dict[str, str], name: str) -> tuple[str, ...]:
    plain = form.get(name, "").replace("，", ",").replace("、", ",").replace("\n", ",")
    return tuple(dict.fromkeys(each for part in plain.split(",") if (each := part.strip())))


def _count(form: dict[str, str], name: str) -> int | None:
    text = form.get(name, "").strip().replace(",", "")
    if not text:
        return None
    count = _whole(text)
    if count is None:
        raise Unclear("incidents.say_number")
    return count


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _text(form: dict[str, str], name: str) -> str:
    return form.get(name, "").replace("\r\n", "\n").strip()


def _line(form: dict[str, str], name: str) -> str:
    return " ".join(form.get(name, "").split())
