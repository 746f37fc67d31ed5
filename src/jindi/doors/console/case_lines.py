"""A case as lists show it: its kind, subject, money, state and time in words, the same on every page."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US
from jindi.cases import NOBODY, Case
from jindi.cases.alerts import ITSELF
from jindi.doors.console.view import View
from jindi.packs import TypologyDef
from jindi.run.records import decision_id

_HEAD = re.compile("[：:。]|\\. ")


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case. `kind` is short, `doc` the whole sentence of it; `amounts` are all of them, `money` the largest.

    `state` is an id of `cases.state.`; `due` says how long is left, or how late it is. `subject_path` is the page of
    whom it is about, None where the reader has none.
    """

    case: Case
    kind: str
    doc: str
    money: str
    amounts: str
    state: str
    is_late: bool
    is_mine: bool
    due: str
    subject_path: str | None

    @property
    def path(self) -> str:
        """Its page."""
        return f"/console/cases/{self.case.id}"


Lined = Callable[[Case, View], CaseLine]


def line_of(case: Case, view: View, typologies: Mapping[str, TypologyDef], *, has_entities: bool) -> CaseLine:
    """A case for the reader. `has_entities`: there is a page for each entity."""
    typology = typologies.get(case.typology)
    doc = view.words(typology.doc) if typology is not None else case.typology
    amounts = sorted(case.amounts.items(), key=lambda each: -abs(each[1]))
    told = [view.amount(minor, currency) for currency, minor in amounts]
    more = f" +{len(told) - 1}" if len(told) > 1 else ""
    return CaseLine(
        case=case, kind=head(doc), doc=doc, money=told[0] + more if told else "", amounts=", ".join(told),
        state=state_of(case, view.now_us), is_late=case.is_late(view.now_us),
        is_mine=view.session is not None and case.assignee == view.session.principal.name, due=_due(case, view),
        subject_path=_subject_path(case, view, has_entities=has_entities),
    )  # fmt: skip


def head(doc: str) -> str:
    """What a kind is called: its sentence up to where it begins to explain.

    >>> head("撞库：拿泄露的密码试登录。"), head("Credential stuffing: leaked passwords."), head("账户盗用。")
    ('撞库', 'Credential stuffing', '账户盗用')
    """
    return _HEAD.split(doc.rstrip("."), maxsplit=1)[0]


def state_of(case: Case, now_us: int) -> str:
    """Where a case stands, in one word."""
    if case.state != "open":
        return case.state
    if case.is_snoozed(now_us):
        return "snoozed"
    if case.assignee != NOBODY:
        return "working"
    return "escalated" if case.escalated else "waiting"


def roughly_us(length_us: int) -> int:
    """A length of time to its largest unit, for what is read at a glance.

    >>> roughly_us(2 * HOUR_US + 31 * MINUTE_US) == 2 * HOUR_US
    True
    """
    unit_us = next((unit for unit in (DAY_US, HOUR_US, MINUTE_US) if length_us >= unit), MINUTE_US)
    return max(length_us - length_us % unit_us, MINUTE_US)


def _due(case: Case, view: View) -> str:
    left_us = case.due_us - view.now_us
    length = view.duration(roughly_us(abs(left_us)))
    return view.t("cases.late_by", length=length) if left_us < 0 else view.t("cases.left", length=length)


def _subject_path(case: Case, view: View, *, has_entities: bool) -> str | None:
    if case.entity == ITSELF:
        return f"/console/decisions/{decision_id(int(case.subject))}" if view.may("decision.read") else None
    if has_entities and view.may("entity.read"):
        return f"/console/entities/{quote(case.entity)}/{quote(case.subject, safe='')}"
    return None
