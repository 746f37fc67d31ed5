"""What a report must be before it is sent in any form; every problem at once, by path, without a value."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from jindi.basics.identifiers import id_card, uscc
from jindi.basics.instants import day_of
from jindi.basics.money import AMOUNT_MINOR_MAX, EXPONENTS
from jindi.basics.problems import Problem
from jindi.packs import Words
from jindi.packs.tables import meant
from jindi.parties.reporting import codes
from jindi.parties.reporting.large import ZONE
from jindi.parties.reporting.model import (
    Customer,
    CustomerDay,
    Document,
    LargeReport,
    Report,
    SuspiciousReport,
    Transaction,
)
from jindi.parties.reporting.names import PacketName, packet_name

_FORMS: Final = {"id_card": id_card, "uscc": uscc}
_LATEST: Final = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Remark:
    """What is not wrong and should be looked at."""

    path: str
    words: Words


@dataclass(slots=True)
class Checked:
    """What was found."""

    where: str
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def wrong(self, path: str, problem: str, remedy: str) -> None:
        """One thing that is wrong."""
        self.problems.append(Problem(self.where, path, problem, remedy))

    def known(self, path: str, code: str, table: "dict[str, Words]") -> None:
        """Hold a code against a list that was read whole."""
        if code not in table:
            self.wrong(path, "is no code of the interface", f"use one of: {', '.join(sorted(table))}")

    def other(self, path: str, code: str, said: str) -> None:
        """`99` says what it is, and nothing else does."""
        if (code == "99") != bool(said):
            self.wrong(path, "says what else it is, and belongs to 99 alone", "give it with 99, or leave it out")


def check(report: Report, where: str = "report") -> Checked:
    """Look at a report."""
    checked = Checked(where)
    if not report.id:
        checked.wrong("id", "is empty", "give the report an id of its own, made from no customer's data")
    if isinstance(report, LargeReport):
        _large(report, checked)
    else:
        _suspicious(report, checked)
    return checked


def _large(report: LargeReport, checked: Checked) -> None:
    if not report.days:
        checked.wrong("days", "is empty", "name a customer's day")
    met = set[tuple[str, object]]()
    for number, day in enumerate(report.days, 1):
        path = f"days {number}"
        if (day.customer.number, day.day) in met:
            checked.wrong(path, "is the same customer and day as one before", "put their features together")
        met.add((day.customer.number, day.day))
        _customer(day.customer, f"{path}.customer", checked)
        _features(day, path, checked)


def _features(day: CustomerDay, path: str, checked: Checked) -> None:
    if not day.features:
        checked.wrong(f"{path}.features", "is empty", "say which criterion was met")
    given = [each.code for each in day.features]
    for number, feature in enumerate(day.features, 1):
        at = f"{path}.features {number}"
        if feature.code not in codes.FEATURES:
            checked.wrong(f"{at}.code", "is no criterion", f"use one of: {', '.join(sorted(codes.FEATURES))}")
        if given.index(feature.code) < number - 1:
            checked.wrong(f"{at}.code", "stands twice in this day", "put the two together")
        if not feature.transactions:
            checked.wrong(f"{at}.transactions", "is empty", "name the transactions that met it")
        for place, each in _transactions(feature.transactions, at, checked):
            if each.customer != day.customer.number:
                checked.wrong(f"{place}.customer", "is another customer's", "put it under its own customer")
            if _in_time(each.at_us) and day_of(each.at_us, ZONE) != day.day:
                checked.wrong(f"{place}.at", "lies in another day (Asia/Shanghai)", "put it under its own day")
            for name, amount in (("cny", each.cny_minor), ("usd", each.usd_minor)):
                if amount is None:
                    checked.wrong(f"{place}.{name}", "is missing", "give the equivalent of the amount")


def _suspicious(report: SuspiciousReport, checked: Checked) -> None:
    checked.known("urgency", report.urgency, dict(codes.URGENCY))
    checked.known("directed", report.directed, dict(codes.DIRECTED))
    checked.known("trigger", report.trigger, dict(codes.TRIGGERS))
    checked.other("directed_other", report.directed, report.directed_other)
    checked.other("trigger_other", report.trigger, report.trigger_other)
    for name, several in (("crimes", report.crimes), ("features", report.features), ("subjects", report.subjects)):
        if not several:
            checked.wrong(name, "is empty", "name one at least")
        if len(set(several)) < len(several):
            checked.wrong(name, "names one twice", "name it once")
    for number, crime in enumerate(report.crimes, 1):
        if crime not in codes.CRIMES:
            words = Words(
                "不在已读到的疑似涉罪类型清单中，请核对",
                "is not in the list of types of crime that was read: look it up",
            )
            checked.remarks.append(Remark(f"crimes {number}", words))
    if report.times < 1:
        checked.wrong("times", "is below 1", "1 is the first report, 2 the first that goes on with it")
    if (report.times > 1) != bool(report.first_packet):
        checked.wrong("first_packet", "belongs to reports that go on with another, and to all of them", "see `times`")
    if report.first_packet and not _is_first(report.first_packet):
        checked.wrong("first_packet", "is not the name of a packet of a suspicion", "give the first packet's name")
    numbers = [each.number for each in report.subjects]
    for number, subject in enumerate(report.subjects, 1):
        _customer(subject, f"subjects {number}", checked)
        if numbers.index(subject.number) < number - 1:
            checked.wrong(f"subjects {number}.number", "is that of one before", "name each subject once")
    for place, each in _transactions(report.transactions, "", checked):
        if each.customer not in numbers:
            checked.wrong(f"{place}.customer", "is none of the subjects", "add that customer to the subjects")


def _is_first(text: str) -> bool:
    try:
        name: PacketName = packet_name(text)
    except ValueError:
        return False
    return name.topic == "suspicious"


def _customer(customer: Customer, path: str, checked: Checked) -> None:
    _document(customer.document, f"{path}.document", checked)
    for name, related in (
        ("legal_representative", customer.legal_representative), ("controller", customer.controller),
    ):  # fmt: skip
        if related is not None:
            _acting(related.name, related.document, f"{path}.{name}", checked)


def _acting(name: str, document: Document | None, path: str, checked: Checked) -> None:
    if not name:
        checked.wrong(f"{path}.name", "is empty", "give it, or leave him out")
    if document is not None:
        _document(document, f"{path}.document", checked)


def _document(document: Document, path: str, checked: Checked) -> None:
    if document.kind not in codes.DOCUMENTS:
        checked.wrong(f"{path}.kind", "is unknown", meant(document.kind[:32], codes.DOCUMENTS))
        return
    if not document.number:
        checked.wrong(f"{path}.number", "is empty", "give it, or leave the document out")
    if (document.kind in codes.OTHERS) != bool(document.other):
        checked.wrong(f"{path}.other", "says what an other kind is, and belongs to those alone", "see `kind`")
    reads = _FORMS.get(document.kind)
    if reads is not None:
        try:
            if reads(document.number) != document.number:
                checked.wrong(f"{path}.number", "is not in its one written form", "no spaces, capital letters")
        except ValueError as error:
            checked.wrong(f"{path}.number", str(error), "look at the document again")


def _transactions(
    several: tuple[Transaction, ...], path: str, checked: Checked
) -> Iterator[tuple[str, Transaction]]:  # fmt: skip
    met = set[str]()
    for number, each in enumerate(several, 1):
        at = f"{path}.transactions {number}" if path else f"transactions {number}"
        if each.id in met:
            checked.wrong(f"{at}.id", "is that of one before", "name each transaction once")
        met.add(each.id)
        _transaction(each, at, checked)
        yield at, each


def _in_time(at_us: int) -> bool:
    return 0 <= at_us < _LATEST


def _transaction(each: Transaction, path: str, checked: Checked) -> None:
    for name, at_us in (
        ("at", each.at_us), ("account.opened_at", each.account.opened_at_us),
        ("account.closed_at", each.account.closed_at_us),
    ):  # fmt: skip
        if at_us is not None and not _in_time(at_us):
            checked.wrong(f"{path}.{name}", "is not between 1970 and 2200", "look at the year")
    if each.currency not in EXPONENTS:
        checked.wrong(f"{path}.currency", "is unknown", "give an ISO 4217 code")
    for name, amount in (("amount", each.amount_minor), ("cny", each.cny_minor), ("usd", each.usd_minor)):
        if amount is not None and not 0 < amount <= AMOUNT_MINOR_MAX:
            checked.wrong(f"{path}.{name}", "is not above zero", "`direction` says which way it went")
    same = {"CNY": each.cny_minor, "USD": each.usd_minor}.get(each.currency)
    if same is not None and same != each.amount_minor:
        checked.wrong(f"{path}.{each.currency.lower()}", "differs from the amount", "they are one and the same")
    if each.channel:
        checked.known(f"{path}.channel", each.channel, dict(codes.CHANNELS))
    checked.other(f"{path}.channel_other", each.channel, each.channel_other)
    if each.agent is not None:
        _acting(each.agent.name, each.agent.document, f"{path}.agent", checked)
    if each.counterparty.document is not None:
        _document(each.counterparty.document, f"{path}.counterparty.document", checked)
