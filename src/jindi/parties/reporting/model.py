"""A report before any interface: an institution, customers, accounts, transactions, what is suspected.

These values hold personal data in clear. None of them shows it when it is printed, and no problem quotes it: it leaves
only as the bytes of a packet. Reports are confidential (反洗钱法第三十五条): nobody whom one speaks of, and nobody who
need not know, learns that there is one; so no name or number of a report is made from its subjects.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from jindi.packs import CustomerKind, LimitDef
from jindi.parties.reporting import codes

Direction = Literal["in", "out"]


class _Held:
    """What never shows its content."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Document(_Held):
    """An identifier and its kind (`codes.DOCUMENTS`); `other` says what it is where the kind is an "other"."""

    kind: str
    number: str
    other: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Latin(_Held):
    """A name in Latin letters, as goAML has it: `first` and `last` of a person, `last` alone of an organisation."""

    last: str
    first: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Related(_Held):
    """Somebody behind an organisation: its legal representative, or who holds or controls it."""

    name: str
    document: Document | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Customer(_Held):
    """Who is reported. `number` is the institution's own; nationalities are three-letter codes (CHN)."""

    number: str
    name: str
    document: Document
    nationalities: tuple[str, ...] = ()
    occupation: str = ""
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    legal_representative: Related | None = None
    controller: Related | None = None
    latin: Latin | None = None
    born_on: date | None = None

    @property
    def kind(self) -> CustomerKind:
        """A person or an organisation, by its document."""
        code = codes.DOCUMENTS[self.document.kind][0] if self.document.kind in codes.DOCUMENTS else ""
        return "entity" if code.startswith("6") else "person"


@dataclass(frozen=True, slots=True, repr=False)
class Account(_Held):
    """An account and the card of it. Its kind, and that of the card, are codes of the interface."""

    number: str
    kind: str = ""
    opened_at_us: int | None = None
    closed_at_us: int | None = None
    card: str = ""
    card_kind: str = ""
    card_other: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Agent(_Held):
    """Who acted for the customer (代办人)."""

    name: str
    document: Document | None = None
    nationality: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Counterparty(_Held):
    """The other side, as far as it is known."""

    name: str = ""
    document: Document | None = None
    account: str = ""
    account_kind: str = ""
    institution: str = ""
    institution_code: str = ""
    institution_code_kind: str = ""
    region: str = ""
    latin: Latin | None = None
    kind: CustomerKind = "person"


@dataclass(frozen=True, slots=True, repr=False)
class Transaction(_Held):
    """One transaction of a customer. `id` is the business's own mark of it (业务标识号); codes are the interface's.

    Instants are told to the second there: fractions are left out.
    """

    id: str
    at_us: int
    customer: str
    direction: Direction
    place: str
    means: str
    currency: str
    amount_minor: int
    account: Account
    cny_minor: int | None = None
    usd_minor: int | None = None
    branch: str = ""
    relation: str = ""
    agent: Agent | None = None
    counterparty: Counterparty = field(default_factory=Counterparty)
    match_kind: str = ""
    match_number: str = ""
    channel: str = ""
    channel_other: str = ""
    device: str = ""
    institution_trade: str = ""
    foreign_trade: str = ""
    purpose: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Institution(_Held):
    """Who reports: its 14 characters at the centre, and its name."""

    code: str
    name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Feature(_Held):
    """A criterion that a customer's day met, and the transactions that met it."""

    code: str
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True, repr=False)
class CustomerDay(_Held):
    """A customer's day that is large."""

    customer: Customer
    day: date
    features: tuple[Feature, ...]


@dataclass(frozen=True, slots=True, repr=False)
class LargeReport(_Held):
    """Large transactions of some customers and days."""

    id: str
    institution: Institution
    days: tuple[CustomerDay, ...]


@dataclass(frozen=True, slots=True, repr=False)
class SuspiciousReport(_Held):
    """A suspicion: of whom, of which crimes, why, and what was done. `times` is 1 for the first report, 2 for the first
    that goes on with it, and so on; those name the first one's packet in `first_packet`. `measures` has no field in
    the centre's packet and is goAML's `action`.
    """

    id: str
    institution: Institution
    branch: str
    urgency: str
    directed: str
    trigger: str
    behaviour: str
    analysis: str
    crimes: tuple[str, ...]
    features: tuple[str, ...]
    author: str
    subjects: tuple[Customer, ...]
    transactions: tuple[Transaction, ...]
    times: int = 1
    first_packet: str = ""
    directed_other: str = ""
    trigger_other: str = ""
    correction_mark: str = ""
    measures: str = ""


Report = LargeReport | SuspiciousReport

CONFIDENTIAL: Final = "反洗钱法第三十五条"
"""What binds whoever has a report: it is kept secret, above all from whom it speaks of."""


def kept_until(filed_on: date, years: LimitDef) -> date:
    """The last day on which a report that was filed on a day must still be there: `years` is a dated parameter (10
    since 2025), counted from the day of filing. Raises LookupError before the parameter's first value.
    """
    count = years.on(filed_on).value
    assert isinstance(count, int), "a parameter of whole years"
    try:
        return filed_on.replace(year=filed_on.year + count)
    except ValueError:  # 29 February
        return filed_on.replace(year=filed_on.year + count, day=28) + timedelta(days=1)
