"""Why a step with an incident can't be taken, in words: one table for the API and the console."""

from typing import Final

_SAID: Final[dict[str, tuple[str, str]]] = {
    "changed": (
        "事件刚被他人更新，请刷新后再操作",
        "somebody took a step with this incident since you looked at it: look again",
    ),
    "closed": ("事件已关闭", "the incident is closed"),
    "not_closed": ("事件尚未关闭，无需重开", "the incident is not closed, so it can't be reopened"),
    "not_resolved": ("事件尚未解决，不能关闭", "it is not resolved, so it can't be closed"),
    "not_lead": (
        "须由本事件的指挥、副指挥，或有指挥权限的人操作",
        "this is for its commander or deputy, or whoever may lead incidents",
    ),
    "nobody": ("没有此人，或其无权处理安全事件", "there is nobody of this name who works incidents"),
    "empty": ("请写明内容", "say something: a text is empty"),
    "too_long": ("内容过长", "a text is too long"),
    "personal": (
        "内容中含有证件号、手机号、卡号或邮箱。个人信息不得写入事件，请写明种类和人数",
        "the text holds somebody's number or address: nobody's data belongs here; say which kinds and how many people",
    ),
    "no_change": ("没有变化", "nothing would change"),
    "ahead": ("时间不能在将来", "the time lies ahead"),
    "too_early": ("时间过早，请核对", "the time is too early: look at it again"),
    "before_awareness": (
        "时间顺序有误：发生应早于知悉，处置与报送应晚于知悉",
        "the times are in a wrong order: it begins, one becomes aware, then it is handled and reported",
    ),
    "not_earlier": (
        "知悉时间只能改早：时限不因改时间而放宽",
        "awareness only moves back: no clock ends later because another time was written",
    ),
    "no_task": ("没有此任务", "the incident has no such task"),
    "too_many": ("条目过多（最多 100 项）", "there are at most 100 of these"),
    "no_clock": (
        "该报告没有在计时：未到时点、已报送或无须报送", "no clock of this report runs: not yet, sent, or excused",
    ),
    "no_profile": ("请至少选择一套报送规则", "choose whose rules of reporting apply"),
    "bad_impact": ("影响数值有误：须为不小于零的整数", "a figure of what is hit is not a whole number from zero on"),
    "bad_currency": (
        "金额与币种须同时填写，币种如 CNY", "an amount has a currency, such as CNY, and the other way round",
    ),
    "no_review": ("请先完成复盘：原因、教训、措施", "write the review first: cause, lessons, measures"),
    "reports_owed": (
        "还有报告既未报送也未登记无须报送", "a report is neither sent nor excused: see to it first",
    ),
    "not_a_link": ("不能关联到此对象", "it can't be linked to that"),
    "no_such_link": ("没有此对象，或您无权查看", "there is nothing of this id, or it is not for you to see"),
    "contained": ("事件已遏制", "it is contained already"),
    "resolved": ("事件已解决", "it is resolved already"),
    "takes_two": (
        "较大以上事件须两人关闭，请提请第二人审批（incident.close）",
        "closing what is, or was, serious takes two people: ask for approval (incident.close)",
    ),
}  # fmt: skip


def said(code: str) -> tuple[str, str]:
    """The words of a refusal: zh, en."""
    return _SAID[code]


def codes() -> frozenset[str]:
    """All refusals that have words."""
    return frozenset(_SAID)
