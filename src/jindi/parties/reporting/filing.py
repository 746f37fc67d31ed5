"""How a report stands: a fold of steps, each allowed or refused with a reason in both languages.

drafted → approved by another → packed → sent → accepted, to be corrected, or refused. What came back is revised, or
(large transactions alone) withdrawn; each goes the same way again, with the letter that its packet must have.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from jindi.packs import Words
from jindi.parties.reporting.names import Action, Outcome, PacketName, ReceiptName, Topic

State = Literal["drafted", "approved", "packed", "sent", "accepted", "to_correct", "refused", "deleted"]

WORDS: Final[dict[State, Words]] = {
    "drafted": Words("待审批", "waits for approval"), "approved": Words("已审批", "approved"),
    "packed": Words("已制报文", "packed"), "sent": Words("已报送", "sent"), "accepted": Words("已接收", "accepted"),
    "to_correct": Words("要求补正", "to be corrected"), "refused": Words("被退回", "refused"),
    "deleted": Words("已删除", "deleted"),
}  # fmt: skip


class NotPossible(ValueError):  # noqa: N818 - said of the step
    """A step that a report does not take now."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


@dataclass(frozen=True, slots=True)
class Approve:
    """Somebody else than the author agrees."""

    by: str


@dataclass(frozen=True, slots=True)
class Revise:
    """It is changed, before it is sent or after it came back."""

    by: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A report of large transactions that the centre has is to be deleted there."""

    by: str


@dataclass(frozen=True, slots=True)
class Pack:
    """Its packet was made."""

    name: PacketName


@dataclass(frozen=True, slots=True)
class Send:
    """The packet was handed over."""

    on: date


@dataclass(frozen=True, slots=True)
class Land:
    """A receipt came."""

    receipt: ReceiptName


Step = Approve | Revise | Withdraw | Pack | Send | Land


@dataclass(frozen=True, slots=True)
class Filing:
    """A report's standing. `action` is what its next packet is; `is_in` that the centre has a version of it;
    `first_sent_on` the day that a deadline is measured by.
    """

    report: str
    topic: Topic
    author: str
    state: State = "drafted"
    action: Action = "new"
    is_in: bool = False
    approved_by: str = ""
    packets: tuple[PacketName, ...] = ()
    first_sent_on: date | None = None

    def after(self, step: Step) -> "Filing":
        """The standing after a step; a receipt that was there before changes nothing. Raises NotPossible."""
        match step:
            case Approve(by):
                return self._approved(by)
            case Revise(by):
                return self._revised(by)
            case Withdraw(by):
                return self._withdrawn(by)
            case Pack(name):
                return self._packed(name)
            case Send(on):
                self._must(("packed",), "先制作报文", "make its packet first")
                return replace(self, state="sent", first_sent_on=self.first_sent_on or on)
            case Land(receipt):
                return self._landed(receipt)

    def is_late(self, due: date, today: date) -> bool:
        """Whether it was first sent after a day, or is not sent and that day is over."""
        return (self.first_sent_on or today) > due

    def _must(self, states: tuple[State, ...], zh: str, en: str) -> None:
        if self.state not in states:
            said = WORDS[self.state]
            raise NotPossible(f"报告当前为“{said.zh}”，{zh}", f"the report is {said.en}: {en}")

    def _approved(self, by: str) -> "Filing":
        self._must(("drafted",), "无须审批", "nothing waits for approval")
        if by == self.author:
            raise NotPossible("起草人不能审批自己的报告", "nobody approves a report of his own")
        return replace(self, state="approved", approved_by=by)

    def _revised(self, by: str) -> "Filing":
        states: tuple[State, ...] = ("drafted", "approved", "packed", "accepted", "to_correct", "refused")
        self._must(states, "等回执后再修改", "wait for its receipt")
        action: Action = "change" if self.is_in else "new"
        return replace(self, state="drafted", author=by, approved_by="", action=action)

    def _withdrawn(self, by: str) -> "Filing":
        if self.topic == "suspicious":
            raise NotPossible("可疑交易报告不能删除", "a report of a suspicion is never deleted")
        if not self.is_in:
            raise NotPossible("中心尚未接收，无须删除", "the centre does not have it: there is nothing to delete")
        self._must(("accepted", "to_correct", "refused"), "等回执后再删除", "wait for its receipt")
        return replace(self, state="drafted", author=by, approved_by="", action="delete")

    def _packed(self, name: PacketName) -> "Filing":
        self._must(("approved",), "先由他人审批", "somebody else approves it first")
        if (name.topic, name.action) != (self.topic, self.action):
            raise NotPossible("报文名的类别或操作与报告不符", "the packet's name is of another topic or action")
        if any(name.stem == each.stem for each in self.packets):
            raise NotPossible("报文名已用过", "this name was used before")
        if self.packets and name.reporter != self.packets[0].reporter:
            raise NotPossible("报告机构编码与此前不同", "the packets before it are another reporter's")
        return replace(self, state="packed", packets=(*self.packets, name))

    def _landed(self, receipt: ReceiptName) -> "Filing":
        if receipt.packet not in self.packets:
            raise NotPossible("回执不属于本报告", "the receipt is of another report's packet")
        if receipt.packet != self.packets[-1]:
            raise NotPossible("回执所对应的报文已被替换", "the receipt is of a packet that was replaced")
        outcome: Outcome = receipt.outcome
        now: State = "deleted" if outcome == "accepted" and receipt.packet.action == "delete" else outcome
        if self.state == now:
            return self
        # The centre may ask for corrections of what it took before.
        if self.state != "sent" and (self.state, now) != ("accepted", "to_correct"):
            self._must(("sent",), "回执与现状矛盾", "the receipt contradicts how it stands")
        is_in = now != "deleted" and (self.is_in or outcome != "refused")
        return replace(self, state=now, is_in=is_in)


def standing(filing: Filing, steps: Iterable[Step]) -> Filing:
    """How a report stands after some steps. Raises NotPossible."""
    for step in steps:
        filing = filing.after(step)
    return filing
