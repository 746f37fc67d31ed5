"""A report against money laundering on its way to the analysis centre, and how steps change it: a fold, so that the
journal alone says how every report stands.

How a report stands at the centre is `parties/reporting/filing`; this adds who wrote it, what waits for approval, its
clocks and its receipts. What it says, and of whom, is nowhere in here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from jindi.basics.identifiers import holds_personal_number
from jindi.basics.instants import day_of
from jindi.cases.filings_steps import (
    WHY_LENGTH_MAX,
    Approve,
    Begun,
    ClockKind,
    Drop,
    Land,
    Open,
    Pack,
    Propose,
    Return,
    Revise,
    Sealed,
    Send,
    Step,
    Withdraw,
    Write,
)
from jindi.parties.reporting import filing as standing
from jindi.parties.reporting.filing import Filing, NotPossible
from jindi.parties.reporting.names import PacketName, Topic, packet_name, receipt_name

FILING_PREFIX: Final = "rpt_"
ZONE: Final = ZoneInfo("Asia/Shanghai")
PLATFORM: Final = "platform"
"""Who approves where the house runs without four eyes: nobody, and it says so."""

State = Literal[
    "writing", "proposed", "approved", "packed", "sent", "accepted", "to_correct", "refused", "deleted", "dropped"
]  # fmt: skip
STATES: Final[tuple[State, ...]] = (
    "writing", "proposed", "approved", "packed", "sent", "to_correct", "refused", "accepted", "deleted", "dropped",
)  # fmt: skip
ENDED: Final = frozenset({"accepted", "deleted", "dropped"})
"""Nothing is owed by it any more."""

ClockState = Literal["running", "late", "met", "met_late", "unknown"]
FAR_US: Final = 1 << 62


class Clock(msgspec.Struct, frozen=True):
    """One time that a report has, and the day on which what it asks for was sent."""

    begun: Begun
    sent_on: date | None = None

    def state(self, now_us: int) -> ClockState:
        """How it stands at an instant; `unknown` where no calendar says until when it runs."""
        due_us = self.begun.due_us
        if self.sent_on is not None:
            return "met" if due_us is None or self.sent_on <= day_of(due_us, ZONE) else "met_late"
        if due_us is None:
            return "unknown"
        return "running" if now_us <= due_us else "late"


class Receipt(msgspec.Struct, frozen=True):
    """A receipt that came: its name, where it lies, how many errors it tells, and who took it in when."""

    name: str
    sealed: Sealed
    errors: int | None
    by: str
    at_us: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a report stands. `version` counts its steps, `steps` are their places in the journal.

    `owner` is under whose key the vault keeps what it says. `hands` are the marks of all who had a hand in it since it
    last came back: none of them approves it. `packet` is what is proposed, and what is sent once it is approved;
    `follows` is the report that it goes on with.
    """

    id: str
    topic: Topic
    owner: str
    filing: Filing
    draft: Sealed
    case: str
    typology: str
    follows: str
    opened_us: int
    opened_by: str
    aware_us: int
    proposed_by: str = ""
    packet: Sealed | None = None
    subjects: int = 0
    transactions: int = 0
    alone: bool = False
    dropped: bool = False
    why: str = ""
    hands: tuple[str, ...] = ()
    clocks: tuple[Clock, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    last_us: int = 0
    version: int = 1
    steps: tuple[int, ...] = ()

    @property
    def state(self) -> State:
        """How it stands, in one word."""
        if self.dropped:
            return "dropped"
        if self.filing.state == "drafted":
            return "writing" if self.packet is None else "proposed"
        return self.filing.state

    @property
    def owed(self) -> Clock | None:
        """The clock by which something is owed."""
        if self.dropped:
            return None
        return next((each for each in self.clocks if each.sent_on is None), None)

    @property
    def due_us(self) -> int:
        """Until when something is owed: far away where nothing is, long ago where nobody knows the day."""
        owed = self.owed
        if owed is None:
            return FAR_US
        return owed.begun.due_us if owed.begun.due_us is not None else 0

    def is_late(self, now_us: int) -> bool:
        """Whether what is owed is late, or nobody knows until when it is owed."""
        owed = self.owed
        return owed is not None and owed.state(now_us) in ("late", "unknown")


@dataclass(frozen=True, slots=True)
class By:
    """Who takes a step, by which marks he is known, and when."""

    name: str
    at_us: int
    marks: Collection[str] = ()


def filing_id(seq: int) -> str:
    """The id of the report that was begun by a record of the journal.

    >>> filing_id(47)
    'rpt_00000000002f'
    """
    return f"{FILING_PREFIX}{seq:012x}"


def opened(seq: int, step: Open, by: By, clocks: Sequence[Begun]) -> Report:
    """The report that a step begins."""
    identifier = filing_id(seq)
    return Report(
        id=identifier, topic=step.topic, owner=step.owner, filing=Filing(identifier, step.topic, by.name),
        draft=step.draft, case=step.case, typology=step.typology, follows=step.follows, opened_us=by.at_us,
        opened_by=by.name, aware_us=min(step.aware_us, by.at_us), hands=_with((), by),
        clocks=tuple(Clock(each) for each in clocks), last_us=by.at_us, steps=(seq,),
    )  # fmt: skip


def stepped(report: Report, step: Step, by: By, clocks: Sequence[Begun] = (), seq: int = -1) -> Report:
    """The report after a step, with the clocks that the step's record holds. Raises NotPossible."""
    _must_be_said(step)
    if report.dropped:
        raise NotPossible("报告已放弃", "the report was given up")
    after = _after(report, step, by)
    return msgspec.structs.replace(
        after, clocks=(*after.clocks, *(Clock(each) for each in clocks)), version=report.version + 1,
        last_us=max(report.last_us, by.at_us), steps=(*report.steps, seq),
    )  # fmt: skip


def _must_be_said(step: Step) -> None:
    if isinstance(step, Return | Revise | Withdraw | Drop):
        if not step.why.strip() or len(step.why) > WHY_LENGTH_MAX:
            raise NotPossible("请说明理由（不超过 500 字）", "say why, in 500 characters at the most")
        if holds_personal_number(step.why):
            raise NotPossible(
                "理由中含有证件号、手机号、卡号或邮箱：个人信息只写入报告正文",
                "the reason holds somebody's number or address: such things stand in the report itself alone",
            )


def _after(report: Report, step: Step, by: By) -> Report:
    change = msgspec.structs.replace
    match step:
        case Write(draft):
            _must(report, ("writing", "proposed"), "不能修改正文", "it is not being written")
            return change(report, draft=draft, packet=None, proposed_by="", hands=_with(report.hands, by), why="")
        case Propose():
            return _proposed(report, step, by)
        case Approve(digest):
            return _approved(report, digest, by)
        case Return(why):
            _must(report, ("proposed",), "没有待审批的报文", "nothing waits for approval")
            _must_be_another(report, by)
            return change(report, packet=None, proposed_by="", why=why)
        case Pack(stem):
            return _filed(report, standing.Pack(_named(stem)))
        case Send(on):
            return _sent(report, on, by)
        case Land():
            return _landed(report, step, by)
        case Revise(why):
            if report.state in ("writing", "proposed"):
                raise NotPossible("报告正在起草", "it is being written already")
            revised = _filed(report, standing.Revise(by.name))
            return change(revised, packet=None, proposed_by="", why=why, hands=_with(report.hands, by))
        case Withdraw(why):
            withdrawn = _filed(report, standing.Withdraw(by.name))
            return change(withdrawn, packet=None, proposed_by="", why=why, hands=_with(report.hands, by))
        case Drop(why):
            if report.filing.first_sent_on is not None:
                raise NotPossible("报告已报送过，不能放弃", "it was sent before: it can't be given up")
            return change(report, dropped=True, why=why)
        case Open():
            raise NotPossible("报告已经建立", "the report is there already")


def _proposed(report: Report, step: Propose, by: By) -> Report:
    _must(report, ("writing",), "不在起草中", "it is not being written")
    proposed = msgspec.structs.replace(
        report, filing=replace(report.filing, author=by.name), packet=step.packet, proposed_by=by.name,
        subjects=step.subjects, transactions=step.transactions, alone=step.alone, hands=_with(report.hands, by), why="",
    )  # fmt: skip
    return _filed(proposed, standing.Approve(PLATFORM)) if step.alone else proposed


def _approved(report: Report, digest: str, by: By) -> Report:
    _must(report, ("proposed",), "没有待审批的报文", "nothing waits for approval")
    _must_be_another(report, by)
    assert report.packet is not None, "it is proposed"
    if digest != report.packet.digest:
        raise NotPossible(
            "摘要与待审批的报文不符，请重新查看", "the digest is not that of the packet: look at it again"
        )
    return _filed(report, standing.Approve(by.name))


def _sent(report: Report, on: date, by: By) -> Report:
    if on > day_of(by.at_us, ZONE):
        raise NotPossible("报送日期不能在将来", "the day of sending lies ahead")
    if report.filing.packets and on < report.filing.packets[-1].day:
        raise NotPossible("报送日期早于报文日期", "it was sent before its packet's day")
    clocks = list(report.clocks)
    for place, each in enumerate(clocks):
        if each.sent_on is None:
            clocks[place] = Clock(each.begun, on)
    return msgspec.structs.replace(_filed(report, standing.Send(on)), clocks=tuple(clocks))


def _landed(report: Report, step: Land, by: By) -> Report:
    landed = _filed(report, standing.Land(receipt_name(step.name)))
    receipt = Receipt(step.name, step.receipt, step.errors, by.name, by.at_us)
    return msgspec.structs.replace(landed, receipts=(*report.receipts, receipt), hands=())


def _filed(report: Report, step: standing.Step) -> Report:
    return msgspec.structs.replace(report, filing=report.filing.after(step))


def _must(report: Report, states: tuple[State, ...], zh: str, en: str) -> None:
    if report.state not in states:
        raise NotPossible(zh, en)


def _must_be_another(report: Report, by: By) -> None:
    if not set(report.hands).isdisjoint(_with((), by)):
        raise NotPossible(
            "起草、修改或提请过本报告的人不能审批：同名及其名下的密钥、会话都算同一人",
            "nobody answers a report that he wrote, changed or proposed; a key or a session of his is himself",
        )


def _with(hands: tuple[str, ...], by: By) -> tuple[str, ...]:
    return tuple(sorted({*hands, *by.marks, f"name {by.name.casefold()}"}))


def _named(stem: str) -> PacketName:
    try:
        return packet_name(stem)
    except ValueError:
        raise NotPossible("报文名有误", "this is no packet's name") from None


def kind_of_clock(report: Report) -> ClockKind:
    """What the clock is called that begins when a receipt asks for more."""
    return "correct" if report.filing.first_sent_on is not None else "file"
