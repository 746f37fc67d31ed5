"""A report while people write it: what they say, whom it is about, and which decisions are its evidence.

It names customers by the platform's own numbers and money by decisions; names and numbers of people come in when the
packet is made. What somebody types into it all the same is as secret as the rest: a draft is kept sealed, shows nothing
when it is printed, and no problem quotes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

import msgspec

from jindi.basics.money import EXPONENTS
from jindi.basics.problems import Problem
from jindi.parties.reporting import codes
from jindi.parties.reporting.model import (
    Account,
    Counterparty,
    Customer,
    CustomerDay,
    Document,
    Feature,
    Institution,
    LargeReport,
    Latin,
    SuspiciousReport,
    Transaction,
)
from jindi.parties.reporting.names import REPORTER, SECTORS, Sector, Topic

TEXT_MAX: Final = 10_000
"""The longest account of behaviour and of suspicion (the interface's)."""

ANALYSIS_LEAST: Final = 20
"""(design default) Fewer characters say nothing: an account this short is a slip."""

SUBJECTS_MAX, EVIDENCE_MAX, DAYS_MAX = 50, 500, 200
"""(design default) So many in one report; what is more is another report."""


class _Held:
    """What never shows its content."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Subject(_Held, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is reported, by his number here. What is left empty is taken from the vault: his name, and his
    document where it keeps one of a kind; `document` is a kind of the interface (`id_card`, `uscc`, …).
    """

    user: str
    name: str = ""
    document: str = ""
    number: str = ""
    nationality: str = "CHN"
    occupation: str = ""
    phone: str = ""
    address: str = ""
    latin_last: str = ""
    latin_first: str = ""


class Day(_Held, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's day that is large under one criterion, and the decisions whose movements made it so."""

    user: str
    day: date
    code: str
    decisions: tuple[str, ...]


class Draft(_Held, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people write. The codes are the interface's; `place` and `means` are said of all transactions: where they
    were, and how they were done. `others` says more of people on the other side, who are not reported. `usd_rate`
    is how many yuan a US dollar was, for reports of large transactions.
    """

    institution: str = ""
    institution_name: str = ""
    sector: str = "bank"
    branch: str = ""
    place: str = ""
    means: str = ""
    urgency: str = "01"
    directed: str = "01"
    directed_other: str = ""
    trigger: str = "01"
    trigger_other: str = ""
    crimes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    behaviour: str = ""
    analysis: str = ""
    measures: str = ""
    correction_mark: str = ""
    usd_rate: str = ""
    subjects: tuple[Subject, ...] = ()
    others: tuple[Subject, ...] = ()
    evidence: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()


class Movement(_Held, msgspec.Struct, frozen=True, kw_only=True):
    """One movement that is evidence, with what the vault says of it. `outcome` is what was decided."""

    decision: str
    event_id: str
    at_us: int
    customer: str
    way: str
    currency: str
    amount_minor: int
    outcome: str
    card: str = ""
    other: str = ""
    other_name: str = ""


class Person(_Held, msgspec.Struct, frozen=True, kw_only=True):
    """What the vault says of somebody: his name, and his document by its kind."""

    name: str = ""
    document: str = ""
    number: str = ""
    phones: tuple[str, ...] = ()


_WHERE: Final = "draft"


def problems_of(draft: Draft, topic: Topic) -> list[Problem]:
    """What is missing or wrong, as far as it can be said before anything is revealed; all at once."""
    found = list[Problem]()

    def wrong(path: str, problem: str, remedy: str) -> None:
        found.append(Problem(_WHERE, path, problem, remedy))

    if not REPORTER.match(draft.institution):
        wrong("institution", "is not 14 digits and capital letters", "give the reporter's code at the centre")
    if draft.sector not in SECTORS:
        wrong("sector", "is unknown", f"use one of: {', '.join(SECTORS)}")
    for name in ("branch", "place", "means"):
        if not getattr(draft, name):
            wrong(name, "is missing", "give the code of the interface")
    for name, several in (("subjects", draft.subjects), ("others", draft.others)):
        for number, each in enumerate(several, 1):
            if not each.user:
                wrong(f"{name} {number}.user", "is empty", "give the customer's number")
            if bool(each.document) != bool(each.number):
                wrong(f"{name} {number}.document", "a kind and a number go together", "give both, or neither")
            if each.document and each.document not in codes.DOCUMENTS:
                wrong(f"{name} {number}.document", "is unknown", f"use one of: {', '.join(sorted(codes.DOCUMENTS))}")
        if len({each.user for each in several}) < len(several):
            wrong(name, "names one twice", "name each once")
    users = [each.user for each in draft.subjects]
    most = SUBJECTS_MAX if topic == "suspicious" else DAYS_MAX
    if len(draft.subjects) > most:
        wrong("subjects", f"has more than {most}", "make another report of the others")
    found.extend(_of_suspicion(draft) if topic == "suspicious" else _of_days(draft, set(users)))
    return found


def _of_suspicion(draft: Draft) -> list[Problem]:
    found = list[Problem]()
    for name, what in (("behaviour", "what was done"), ("analysis", "why it is suspicious")):
        text = getattr(draft, name).strip()
        if len(text) < ANALYSIS_LEAST:
            found.append(Problem(_WHERE, name, "is missing, or too short to say anything", f"say {what}"))
        elif len(text) > TEXT_MAX:
            found.append(Problem(_WHERE, name, f"is longer than {TEXT_MAX:,} characters", "say it shorter"))
    for name, remedy in (
        ("crimes", "name a type of crime"), ("features", "name the code that was filed with the centre"),
        ("subjects", "name whom it is about"), ("evidence", "name the decisions that show it"),
    ):  # fmt: skip
        if not getattr(draft, name):
            found.append(Problem(_WHERE, name, "is empty", remedy))
    if len(draft.evidence) > EVIDENCE_MAX:
        found.append(Problem(_WHERE, "evidence", f"has more than {EVIDENCE_MAX}", "choose those that show it"))
    if len(set(draft.evidence)) < len(draft.evidence):
        found.append(Problem(_WHERE, "evidence", "names one twice", "name each once"))
    if draft.days:
        found.append(Problem(_WHERE, "days", "belong to reports of large transactions", "leave them out"))
    return found


def _of_days(draft: Draft, users: set[str]) -> list[Problem]:
    found = list[Problem]()
    if not draft.days:
        found.append(Problem(_WHERE, "days", "is empty", "name a customer's day"))
    if len(draft.days) > DAYS_MAX:
        found.append(Problem(_WHERE, "days", f"has more than {DAYS_MAX}", "make another report of the others"))
    if rate_of(draft.usd_rate) is None:
        found.append(Problem(_WHERE, "usd_rate", "is no rate", "say how many yuan a US dollar was, such as 7.1234"))
    for number, each in enumerate(draft.days, 1):
        if each.code not in codes.FEATURES:
            remedy = f"use one of: {', '.join(sorted(codes.FEATURES))}"
            found.append(Problem(_WHERE, f"days {number}.code", "is no criterion", remedy))
        if each.user not in users:
            found.append(Problem(_WHERE, f"days {number}.user", "is none of the subjects", "add him to the subjects"))
        if not each.decisions:
            found.append(Problem(_WHERE, f"days {number}.decisions", "is empty", "name those that made the day large"))
    return found


def rate_of(text: str) -> Decimal | None:
    """A rate, None for what is none.

    >>> rate_of("7.1234"), rate_of("0"), rate_of("seven")
    (Decimal('7.1234'), None, None)
    """
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and Decimal("0.0001") <= rate <= Decimal(10_000) else None


def decisions_of(draft: Draft) -> tuple[str, ...]:
    """All decisions that a draft names, each once."""
    of_days = (each for day in draft.days for each in day.decisions)
    return tuple(dict.fromkeys((*draft.evidence, *of_days)))


def suspicious_of(
    draft: Draft, identifier: str, author: str, people: Mapping[str, Person], movements: Sequence[Movement],
    first_packet: str = "", times: int = 1,
) -> SuspiciousReport:  # fmt: skip
    """The report of a suspicion that a draft comes to. `people` are customers by their numbers, `movements` those of
    its evidence that a subject made.
    """
    subjects = {each.user for each in draft.subjects}
    return SuspiciousReport(
        id=identifier, institution=Institution(draft.institution, draft.institution_name), branch=draft.branch,
        urgency=draft.urgency, directed=draft.directed, trigger=draft.trigger, behaviour=draft.behaviour.strip(),
        analysis=draft.analysis.strip(), crimes=draft.crimes, features=draft.features, author=author,
        subjects=tuple(_customer(each, people) for each in draft.subjects),
        transactions=_transactions([each for each in movements if each.customer in subjects], draft, is_large=False),
        times=times, first_packet=first_packet, directed_other=draft.directed_other, trigger_other=draft.trigger_other,
        correction_mark=draft.correction_mark, measures=draft.measures.strip(),
    )  # fmt: skip


def large_of(draft: Draft, identifier: str, people: Mapping[str, Person], movements: Sequence[Movement]) -> LargeReport:
    """The report of large transactions that a draft comes to: of each customer and day one, with its criteria."""
    subjects = {each.user: each for each in draft.subjects}
    made = dict[tuple[str, date], dict[str, list[str]]]()
    for day in draft.days:
        made.setdefault((day.user, day.day), {}).setdefault(day.code, []).extend(day.decisions)
    days = []
    for (user, on), criteria in made.items():
        his = [each for each in movements if each.customer == user]
        features = tuple(
            Feature(code, _transactions([e for e in his if e.decision in set(decisions)], draft, is_large=True))
            for code, decisions in criteria.items()
        )
        days.append(CustomerDay(_customer(subjects[user], people), on, features))
    return LargeReport(identifier, Institution(draft.institution, draft.institution_name), tuple(days))


def _customer(subject: Subject, people: Mapping[str, Person]) -> Customer:
    known = people.get(subject.user, Person())
    kind, number = (subject.document, subject.number) if subject.number else (known.document, known.number)
    return Customer(
        number=subject.user, name=subject.name or known.name, document=Document(kind, number),
        nationalities=(subject.nationality,) if subject.nationality else (), occupation=subject.occupation,
        phones=(subject.phone,) if subject.phone else known.phones,
        addresses=(subject.address,) if subject.address else (), latin=_latin(subject),
    )  # fmt: skip


_NOT_DONE: Final = {
    "deny": "该笔被拒绝，未成交", "review": "该笔转人工审核", "delay": "该笔延迟入账", "challenge": "该笔要求加强验证",
}  # fmt: skip
"""What is noted of a movement that was not simply let through."""


def _transaction(each: Movement, draft: Draft, *, is_large: bool) -> Transaction:
    note = _NOT_DONE.get(each.outcome)
    # Whoever is on the other side has his account here, too: it is the platform's own money that moved.
    other = next((one for one in (*draft.others, *draft.subjects) if one.user == each.other), None)
    cny, usd = _equivalents(each, rate_of(draft.usd_rate)) if is_large else (None, None)
    return Transaction(
        id=each.event_id, at_us=each.at_us, customer=each.customer, direction="in" if each.way == "in" else "out",
        place=draft.place, means=draft.means, currency=each.currency, amount_minor=each.amount_minor,
        account=Account(each.customer, card=each.card), cny_minor=cny, usd_minor=usd, branch=draft.branch,
        counterparty=_counterparty(each, other, draft) if each.other else Counterparty(),
        notes=(note,) if note is not None else (),
    )  # fmt: skip


def _counterparty(each: Movement, other: Subject | None, draft: Draft) -> Counterparty:
    typed = other if other is not None else Subject(user=each.other)
    return Counterparty(
        name=typed.name or each.other_name, account=each.other, institution=draft.institution_name,
        institution_code=draft.institution, region=draft.place, latin=_latin(typed),
        document=Document(typed.document, typed.number) if typed.number else None,
    )  # fmt: skip


def _latin(subject: Subject) -> Latin | None:
    return Latin(subject.latin_last, subject.latin_first) if subject.latin_last else None


def _transactions(movements: Sequence[Movement], draft: Draft, *, is_large: bool) -> tuple[Transaction, ...]:
    """Movements as transactions, in order of time. What moved money from one subject to another, or from one to
    himself, is two, and no two may have the same mark: the later one says which side it is.
    """
    found, met = list[Transaction](), set[str]()
    for each in sorted(movements, key=lambda each: (each.at_us, each.event_id, each.way)):
        made = _transaction(each, draft, is_large=is_large)
        found.append(replace(made, id=f"{made.id}/{each.way}") if made.id in met else made)
        met.add(made.id)
    return tuple(found)


def _equivalents(each: Movement, rate: Decimal | None) -> tuple[int | None, int | None]:
    """An amount in yuan and US dollars, where the rate of the two says so; rounded half up to the cent."""
    if rate is None or each.currency not in ("CNY", "USD"):
        return None, None
    assert EXPONENTS["CNY"] == EXPONENTS["USD"], "both have cents"
    amount = Decimal(each.amount_minor)
    if each.currency == "CNY":
        return each.amount_minor, int((amount / rate).quantize(Decimal(1), ROUND_HALF_UP))
    return int((amount * rate).quantize(Decimal(1), ROUND_HALF_UP)), each.amount_minor


def sector_of(draft: Draft) -> Sector:
    """Whose interface it is."""
    return next(each for each in SECTORS if each == draft.sector)
