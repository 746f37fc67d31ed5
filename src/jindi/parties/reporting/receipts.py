"""Receipts read back: what became of a packet, and what is wrong with it, field by field.

What a receipt's name says is known from the specification (accepted, to be corrected, refused, when it landed). Of what
stands inside, one tree was read, in a public program: the centre's request to correct a report of large transactions
(`MCVR`). The tree of errors was not. It is asked for as a `Form`: which element is one error, and which elements in it
name the place, the field, the code and the words. Without one, the outcome is known and the errors are not: `is_read`
says so, and nothing is guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from jindi.basics.problems import Problem, Problems
from jindi.packs import Words
from jindi.parties.reporting.camlmac import DIALECT, LARGE, SUSPICIOUS
from jindi.parties.reporting.markup import Element, read_markup
from jindi.parties.reporting.names import ReceiptName, receipt_name
from jindi.parties.reporting.shapes import Branch, Leaf, Look, Many, Value, leaves

REQUEST: Final = Branch("MCVR", (
    Branch("BSIF", (
        Leaf("RICD", "报告机构编码", "the reporter's code", required=True),
        Leaf("TMLM", "更正完成时限", "until when", required=True),
        Leaf("RQDS", "更正填报要求", "what is asked for", length=10_000, lines=True),
        Leaf("RQNM", "待更正大额交易总数", "how many transactions", required=True),
    )),
    Many("TSDTs", Branch("TSDT", (
        Leaf("OCNM", "原客户号", "the customer's number", required=True),
        Leaf("OTDT", "原大额交易发生日期", "the day", required=True),
        Leaf("OTCD", "原大额交易特征代码", "the criterion", required=True),
        Leaf("OTIC", "原业务标识号", "the mark of the transaction", required=True),
        Many("ITEMS", Leaf("ITEM", "待更正字段", "a field to correct"), least=1),
    )), least=1),
))  # fmt: skip
"""The centre's request to correct a report of large transactions."""

ERRORS_MAX: Final = 10_000

FIELDS: Final[dict[str, Words]] = {
    leaf.tag: Words(leaf.zh, leaf.en) for shape in (SUSPICIOUS, LARGE) for leaf in leaves(shape)
}
"""What the fields of packets are called."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one error is told in a receipt: the names of elements, "" for what is not told."""

    error: str
    place: str = ""
    field: str = ""
    code: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that the centre found. `place` and `says` may hold personal data: nobody is shown them by accident."""

    field: str
    code: str
    place: str
    says: str

    def __repr__(self) -> str:
        return f"FieldError({self.field})"

    @property
    def words(self) -> Words | None:
        """What the field is called; None for one that is not known."""
        return FIELDS.get(self.field)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a packet. `is_read` False: there is more inside than could be told. `until` is the centre's own
    limit for a correction, as it writes it.
    """

    name: ReceiptName
    errors: tuple[FieldError, ...] = ()
    until: str = ""
    asks: str = ""
    is_read: bool = True

    def __repr__(self) -> str:
        return f"Receipt({self.name.outcome} {self.name.packet.stem})"


def read_receipt(file_name: str, data: bytes, form: Form | None = None) -> Receipt:
    """A receipt by its name and its content. Raises Problems."""
    name = receipt_name(file_name)
    root = read_markup(data, "receipt")
    if root.tag == REQUEST.tag:
        return _request(name, root)
    if form is not None:
        errors = tuple(_error(each, form) for each in _found(root, form.error))
        if len(errors) > ERRORS_MAX:
            raise Problems([Problem("receipt", "", f"tells more than {ERRORS_MAX:,} errors", "split the packet")])
        is_read = bool(errors) or name.outcome == "accepted"
        return Receipt(name, errors, is_read=is_read)
    return Receipt(name, is_read=name.outcome == "accepted")


def _request(name: ReceiptName, root: Element) -> Receipt:
    look = Look("receipt", DIALECT, [])
    tree = cast("dict[str, Value]", look.read(REQUEST, root))
    if name.outcome != "to_correct":
        look.wrong("the receipt's name", "says another outcome than its content", "fetch it again")
    if look.problems:
        raise Problems(look.problems)
    head, several = cast("dict[str, str]", tree["BSIF"]), cast("list[dict[str, Value]]", tree["TSDTs"])
    if head["RICD"] != name.packet.reporter:
        look.wrong("BSIF/RICD", "is another reporter's", "this request is not ours")
    if head["RQNM"] != str(len(several)):
        look.wrong("BSIF/RQNM", "is not how many there are", "fetch it again")
    if look.problems:
        raise Problems(look.problems)
    errors = [
        FieldError(field, "", "/".join(str(each[tag]) for tag in ("OCNM", "OTDT", "OTCD", "OTIC")), "")
        for each in several
        for field in cast("list[str]", each["ITEMS"])
    ]
    return Receipt(name, tuple(errors), head["TMLM"], head.get("RQDS", ""))


def _found(element: Element, tag: str) -> Iterator[Element]:
    waiting = [element]
    while waiting:
        each = waiting.pop()
        if each.tag == tag:
            yield each
        waiting += reversed(each.children)


def _error(element: Element, form: Form) -> FieldError:
    def told(tag: str) -> str:
        if not tag:
            return ""
        found = next((each.text.strip() for each in _found(element, tag)), "")
        return "" if found == DIALECT.filler else found

    return FieldError(told(form.field), told(form.code), told(form.place), told(form.says))
