"""Which occasions there are: each with its words, how urgent it is, whom it concerns, and who is next. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from jindi.packs import LEVELS, Level

DIGEST: Final = "digest"
"""Many notifications in one."""

TEST: Final = "test"


@dataclass(frozen=True, slots=True)
class Occasion:
    """One kind of thing that people are told. `audience` are actions: it concerns whoever may do one of them; empty
    where it concerns the people whom it names. `lead` is the action of those to whom it goes when nobody looks at it;
    empty: it goes to nobody else. `is_confidential`: no group is ever told, for nobody knows who reads there.
    """

    name: str
    zh: str
    en: str
    level: Level
    audience: tuple[str, ...] = ()
    lead: str = ""
    is_confidential: bool = False

    @property
    def escalates(self) -> bool:
        """Whether somebody else is told when nobody has looked."""
        return bool(self.lead) and not self.is_confidential


OCCASIONS: Final[dict[str, Occasion]] = {
    each.name: each
    for each in (
        Occasion("case.assigned", "案件已分派给您", "A case was assigned to you", "medium"),
        Occasion("case.task", "案件中有任务交给您", "A task of a case is yours", "medium"),
        Occasion("case.due_soon", "您的案件即将到期", "A case of yours is due soon", "medium"),
        Occasion("case.late", "您的案件已超时", "A case of yours is late", "high", lead="case.lead"),
        Occasion(
            "case.escalated", "有案件升级，待高级人员处理", "An escalated case waits for seniors", "high",
            audience=("case.lead",), lead="case.lead",
        ),
        Occasion(
            "case.untaken", "极高级别案件无人领取", "A critical case was opened and nobody has taken it", "critical",
            audience=("case.next",), lead="case.lead",
        ),
        Occasion(
            "incident.opened", "有安全事件开立", "An incident was opened", "high", audience=("incident.lead",),
            lead="incident.lead",
        ),
        Occasion(
            "incident.raised", "安全事件升级", "An incident was graded up", "high", audience=("incident.lead",),
        ),
        Occasion(
            "incident.half", "事件报送时限已过半", "Half of the time for an incident's report is over", "medium",
            audience=("incident.lead",),
        ),
        Occasion(
            "incident.near", "事件报送时限将到", "The time for an incident's report is nearly over", "high",
            audience=("incident.lead",), lead="incident.lead",
        ),
        Occasion(
            "incident.late", "事件报送已超时", "An incident's report is late", "critical", audience=("incident.lead",),
            lead="incident.lead",
        ),
        Occasion("incident.appointed", "安全事件中有角色指派给您", "You have a post in an incident", "high"),
        Occasion("incident.task", "安全事件中有任务交给您", "A task of an incident is yours", "high"),
        Occasion("incident.task_due", "您在安全事件中的任务已到期", "A task of yours in an incident is due", "high"),
        Occasion(
            "filing.waits", "有反洗钱报告待您审批", "An AML report waits for your approval", "high",
            audience=("filing.approve",), is_confidential=True,
        ),
        Occasion(
            "filing.near", "反洗钱报告期限将到", "The time for an AML report is nearly over", "high",
            audience=("filing.write",), is_confidential=True,
        ),
        Occasion(
            "filing.late", "反洗钱报告已逾期", "An AML report is late", "critical",
            audience=("filing.write",), is_confidential=True,
        ),
        Occasion("approval.waits", "有申请待您审批", "An approval waits for you", "medium", lead="approval.approve"),
        Occasion("approval.approved", "您的申请已获批准", "What you asked for was approved", "medium"),
        Occasion("approval.rejected", "您的申请被驳回", "What you asked for was rejected", "medium"),
        Occasion("approval.failed", "获批事项执行失败", "What was approved could not be carried out", "high"),
        Occasion("approval.expires", "申请即将过期", "What was asked for expires soon", "high"),
        Occasion(
            "proposal.waits", "有策略提案待批准", "A proposal of a policy waits", "medium",
            audience=("version.approve",),
        ),
        Occasion("proposal.approved", "您的策略提案已获批准", "Your proposal was approved", "medium"),
        Occasion("proposal.rejected", "您的策略提案被驳回", "Your proposal was rejected", "medium"),
        Occasion(
            "control.failed", "有控制失效", "A control failed", "high", audience=("control.run", "audit.read"),
            lead="audit.read",
        ),
        Occasion(
            "drift.found", "发现漂移", "Drift was found", "medium", audience=("version.propose", "version.approve"),
        ),
        Occasion(
            "backup.overdue", "备份或恢复演练逾期", "A backup or its drill is overdue", "high",
            audience=("snapshot.write",), lead="audit.read",
        ),
        Occasion(
            "staff.alert", "有员工预警待查看", "There is an alert about staff", "high",
            audience=("staff_alerts.read",), is_confidential=True,
        ),
        Occasion(
            "file.found", "文件中查出恶意内容", "Malware was found in a file", "high",
            audience=("audit.read", "incident.lead"),
        ),
        Occasion(
            "lane.stopped", "决策已停止", "Decisions have stopped", "critical",
            audience=("snapshot.write",), lead="control.run",
        ),
        Occasion(DIGEST, "通知汇总", "A digest of notifications", "low"),
        Occasion(TEST, "测试通知", "A test", "low"),
    )
}  # fmt: skip
"""All occasions by name. Their levels are design defaults."""

CHOSEN: Final = tuple(name for name in OCCASIONS if name not in (DIGEST, TEST))
"""The occasions that a person may choose about."""

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "low": ("低", "low"), "medium": ("中", "medium"), "high": ("高", "high"), "critical": ("极高", "critical"),
}  # fmt: skip


class Notice(msgspec.Struct, frozen=True):
    """One thing that is told. `id` is made of what it tells, so that the same is told once; `matter` is the id of what
    it is about, `path` the page that shows it. `step` counts how often it went on to somebody else. `counts` says, in a
    digest, how many there are of each occasion.
    """

    id: str
    occasion: str
    level: Level
    at_us: int
    matter: str = ""
    path: str = "/console/notifications"
    step: int = 0
    counts: dict[str, int] = {}

    @property
    def rank(self) -> int:
        """The level as a number, the gravest highest."""
        return LEVELS.index(self.level)


class Message(msgspec.Struct, frozen=True):
    """A notification as a channel tells it: words in one language, and the link."""

    title: str
    lines: tuple[str, ...]
    link: str
    link_words: str
    level: Level


def words_of(notice: Notice, lang: str) -> str:
    """What a notification says, in a sentence.

    >>> words_of(Notice("a", "case.late", "high", 0, step=1), "en")
    'Nobody has looked: A case of yours is late'
    """
    occasion = OCCASIONS.get(notice.occasion)
    if occasion is None:
        return notice.occasion
    said = occasion.zh if lang == "zh" else occasion.en
    if not notice.step:
        return said
    return f"无人处理，转告您：{said}" if lang == "zh" else f"Nobody has looked: {said}"


def level_words(level: str, lang: str) -> str:
    """A level in words."""
    return _WORDS[level][0 if lang == "zh" else 1]


def message_of(notice: Notice, lang: str, base: str, group: str = "") -> Message:
    """What a channel tells of a notification: what, how urgent, which id, and where to look. `group` names the channel
    where that is said (in a test).
    """
    is_zh = lang == "zh"
    said = words_of(notice, lang)
    lines = [f"{'级别' if is_zh else 'Level'}: {level_words(notice.level, lang)}"]
    if notice.matter:
        lines.append(f"{'编号' if is_zh else 'Id'}: {notice.matter}")
    if group:
        lines.append(f"{'通道' if is_zh else 'Channel'}: {group}")
    for name, count in notice.counts.items():
        known = OCCASIONS.get(name)
        if known is not None:
            lines.append(f"{known.zh if is_zh else known.en}: {count}")
    brand = "金堤" if is_zh else "Jindi"
    return Message(
        f"{brand} · {said}", tuple(lines), base.rstrip("/") + notice.path, "打开" if is_zh else "Open", notice.level
    )


def digest_of(identifier: str, notices: "list[Notice]", at_us: int) -> Notice:
    """Many notifications in one; it is as urgent as the gravest of them."""
    counts: dict[str, int] = {}
    for each in notices:
        for name, count in (each.counts or {each.occasion: 1}).items():
            counts[name] = counts.get(name, 0) + count
    gravest = max((each.rank for each in notices), default=0)
    return Notice(identifier, DIGEST, LEVELS[gravest], at_us, counts=counts)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation: after so many minutes without anybody looking, to whom."""

    minutes: int
    to: Literal["lead", "channel"]


CHAIN: Final = (Rung(15, "lead"), Rung(30, "channel"))
"""What happens to what is urgent and nobody looks at (design default)."""


def parse_chain(text: str) -> tuple[Rung, ...]:
    """A chain as the settings have it. Raises ValueError.

    >>> parse_chain("15=lead, 30=channel") == CHAIN
    True
    >>> parse_chain("")
    ()
    """
    rungs: list[Rung] = []
    for part in (each.strip() for each in text.split(",") if each.strip()):
        minutes, equals, to = (each.strip() for each in part.partition("="))
        if not equals or not minutes.isdecimal() or not 1 <= int(minutes) <= 10_000 or to not in ("lead", "channel"):
            raise ValueError("not a chain of steps: write such as 15=lead,30=channel")
        if rungs and int(minutes) <= rungs[-1].minutes:
            raise ValueError("each step comes later than the one before")
        rungs.append(Rung(int(minutes), "lead" if to == "lead" else "channel"))
    return tuple(rungs)
