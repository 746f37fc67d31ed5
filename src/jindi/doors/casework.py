"""Why a step with a case can't be taken, in words: one table for the API and the console."""

from typing import Final

_SAID: Final[dict[str, tuple[str, str]]] = {
    "changed": (
        "案件刚被他人更新，请刷新后再操作", "somebody took a step with this case since you looked at it: look again",
    ),
    "not_open": ("案件已结束", "the case is over"),
    "not_closed": ("案件尚未结案，无需重开", "the case is not closed, so it can't be reopened"),
    "not_yours": ("案件不在您名下，请先领取", "the case is not yours: take it first"),
    "not_to_others": ("只有组长可以把案件分给他人", "only who leads may give cases to others"),
    "escalated": ("案件已升级，由组长处理或分派", "it was escalated: who leads takes it, or gives it to somebody"),
    "nobody": ("没有此人，或其无权处理案件", "there is nobody of this name who works cases"),
    "empty": ("请写明内容", "say something: the text is empty"),
    "too_long": ("内容过长（不超过 2,000 字）", "the text is longer than 2,000 characters"),
    "personal": (
        "内容中含有证件号、手机号、卡号或邮箱。个人信息不得写入备注，请改用令牌或在案件中查看明文",
        "the text holds somebody's number or address: nobody's data belongs in a note; name its token instead",
    ),
    "no_change": ("没有变化", "nothing would change"),
    "not_ahead": ("暂缓时间须在将来", "a snooze ends in the future"),
    "too_far": ("暂缓最长 90 天", "a snooze takes 90 days at the most"),
    "no_step": ("没有此调查步骤", "the investigation has no such step"),
    "itself": ("案件不能并入自身", "a case can't be merged into itself"),
    "other_state": ("目标案件不存在或已结束", "the other case is not there, or is over"),
    "other_subject": ("只能并入同一主体的案件", "only cases of the same subject can be merged"),
    "no_alerts": ("请选择要拆出的决策", "choose the decisions that are to go"),
    "all_alerts": ("至少要留下一个决策", "at least one decision has to stay"),
    "others_alerts": ("所选决策不属于此案件", "some of these decisions are not of this case"),
    "waiting": (
        "还有决策在等待审核结论，请给出属实或排除",
        "decisions of this case wait for a verdict: say confirmed or cleared",
    ),
    "too_many": ("标签过多（最多 20 个）", "a case has at most 20 tags"),
    "not_a_tag": (
        "标签须为 1 至 40 个可见字符，首尾无空格", "a tag has 1 to 40 visible characters, no space at its ends",
    ),
    "no_task": ("没有此待办", "the case has no such task"),
    "too_many_tasks": ("待办过多（最多 50 项）", "a case has at most 50 tasks"),
    "no_file": ("没有此文件，或已撤回", "the case has no such file, or it was withdrawn"),
    "too_many_files": ("文件过多（最多 50 个）", "a case has at most 50 files"),
    "own_verdict": ("不能复核自己的结案结论", "nobody takes a second look at a verdict of his own"),
    "reviewed": ("该结案结论已经复核", "somebody has taken a second look at it already"),
    "takes_two": (
        "金额超过单人结案限额，请提请第二人审批（case.close）",
        "the amount is above what one person may close: ask for approval (case.close)",
    ),
}  # fmt: skip


def said(code: str) -> tuple[str, str]:
    """The words of a refusal: zh, en."""
    return _SAID[code]


def codes() -> frozenset[str]:
    """All refusals that have words."""
    return frozenset(_SAID)


_FILES_SAID: Final[dict[str, tuple[str, str]]] = {
    "file_empty": ("文件是空的", "the file is empty"),
    "file_too_large": ("文件过大（至多 5 MB）", "the file is too large: 5 MB at the most"),
    "file_kind": (
        "不支持该类型：按内容看，它不是 PDF、PNG、JPEG、Word、Excel 或 UTF-8 文本",
        "not a type that is taken: by its content it is no PDF, PNG, JPEG, Word, Excel or UTF-8 text",
    ),
    "file_active": (
        "文件含有打开时会运行的内容（脚本、宏、附件或外部链接），请另存为不含此类内容的副本",
        "it holds what runs when it is opened (a script, macro, attachment or outside link): save a copy without that",
    ),
    "file_infected": (
        "病毒扫描在文件中查出恶意内容，文件不予存放或交出；安全人员已获通知",
        "a virus scanner found malware in the file: it is neither kept nor handed out, and security people are told",
    ),
    "file_unscanned": (
        "文件现在无法作病毒扫描，因此不予存放或交出，请稍后再试；如持续如此，请联系管理员检查扫描程序（jindi doctor）",
        "no virus scanner could look at it, so it is neither kept nor handed out: try again, or see jindi doctor",
    ),
    "no_vault": ("没有启用保险库，文件无处加密存放", "there is no vault to keep files in"),
}


def file_said(why: str) -> tuple[str, str]:
    """Why a file was not taken: zh, en."""
    return _FILES_SAID[why]
