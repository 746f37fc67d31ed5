"""Every action that is asked for or recorded, by name: one table for the policies, the audit and the screen.

Knows: names, their words, which groups the policies speak of, and which scopes of API keys carry them. Never: who may
do what; that stands in `policies`. An action that is not in this table can't be asked for, so it is never allowed; and
it can't be recorded, so it is never done.
"""

from dataclasses import dataclass
from enum import StrEnum

from jindi.access.scopes import Scope


class Group(StrEnum):
    """What the policies call several actions together."""

    READING = "reading"
    """To look at decisions and policies: tokens and figures, never clear text."""
    ENTITIES = "entities"
    """To look at one customer's, device's, … history."""
    CASES = "cases"
    """To look at cases."""
    CASEWORK = "casework"
    """To work cases: to take them, to write on them, to close them."""
    CASELEAD = "caselead"
    """To act on cases of others, and to give them to others."""
    INCIDENTS = "incidents"
    """To look at incidents."""
    INCIDENTWORK = "incidentwork"
    """To open incidents and to work them."""
    INCIDENTLEAD = "incidentlead"
    """To lead incidents without a post in them: to grade, to appoint, to excuse reports, to close."""
    REPORTS = "reports"
    """To look at reports against money laundering, which nobody else is told of."""
    REPORTWORK = "reportwork"
    """To write them, to have their packets made, to send them, to take in their receipts."""
    REPORTANSWER = "reportanswer"
    """To agree to a report that somebody else wrote, or to send it back."""
    EXPORTING = "exporting"
    """To take many records away at once."""
    REVEALING = "revealing"
    """To see or search clear text from the vault."""
    SUBJECTS = "subjects"
    """The rights of the person whom data is about."""
    AUTHORING = "authoring"
    """To write and propose policies."""
    APPROVING = "approving"
    """To answer what others propose about policies."""
    PROPOSING = "proposing"
    """To ask for what takes four eyes."""
    ANSWERING = "answering"
    """To answer it."""
    STAFFING = "staffing"
    """Accounts of staff."""
    KEYING = "keying"
    """Keys: of programs and of the vault."""
    OPERATING = "operating"
    """To run the machine: backups, snapshots, where messages go."""
    AUDITING = "auditing"
    """To look at what others did."""
    OVERSEEING = "overseeing"
    """To see whether controls hold."""
    INTAKE = "intake"
    """To send events in."""
    MEASURING = "measuring"
    """Figures about the machine, without anybody's data."""
    OWN = "own"
    """One's own account, sessions and factors."""
    ENTERING = "entering"
    """To come in and go: what nobody asks the policies for, for nobody is there yet. It is recorded all the same."""
    MACHINE = "machine"
    """What the platform does by itself or in the course of another action, and what is done at the machine by whoever
    has its folder: it is recorded, and no policy is asked."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its words, its group, and the scopes that let a key do it. No scopes: only people do it."""

    name: str
    group: Group
    zh: str
    en: str
    scopes: frozenset[Scope] = frozenset()
    also: tuple[Group, ...] = ()
    """Further groups that it belongs to."""


def _table(*actions: Action) -> dict[str, Action]:
    table = {action.name: action for action in actions}
    assert len(table) == len(actions), "an action is in the table once"
    return table


_READERS = frozenset({Scope.DECISIONS_READ, Scope.POLICIES_WRITE, Scope.POLICIES_APPROVE})
_DECISIONS = frozenset({Scope.DECISIONS_READ})
_WRITERS = frozenset({Scope.POLICIES_WRITE})
_APPROVERS = frozenset({Scope.POLICIES_APPROVE})
_ADMIN = frozenset({Scope.ADMIN})
_OPENERS = frozenset({Scope.VAULT_OPEN})
_SUBJECTS = frozenset({Scope.SUBJECTS_ACT})
_ASKERS = frozenset({Scope.ADMIN, Scope.SUBJECTS_ACT, Scope.CASES_WORK, Scope.DECISIONS_READ, Scope.POLICIES_WRITE})
_ANSWERERS = frozenset({Scope.ADMIN, Scope.SUBJECTS_ACT, Scope.CASES_WORK, Scope.POLICIES_APPROVE})
_CASES = frozenset({Scope.CASES_WORK})
_FILERS = frozenset({Scope.REPORTS_FILE})
_FILED = frozenset({Scope.REPORTS_FILE, Scope.REPORTS_APPROVE})
_CONSOLE = frozenset(Scope) - {Scope.EVENTS_WRITE, Scope.METRICS_READ}
"""Whoever has a session in the console by a link or a key, before there are accounts."""

ACTIONS: dict[str, Action] = _table(
    Action("event.decide", Group.INTAKE, "提交事件", "Send an event in", frozenset({Scope.EVENTS_WRITE})),
    Action("password.check", Group.INTAKE, "检查一个新密码", "Check a new password", frozenset({Scope.EVENTS_WRITE})),
    Action("url.score", Group.INTAKE, "评估一条链接", "Score a link", frozenset({Scope.EVENTS_WRITE})),
    Action("overview.read", Group.READING, "查看总览", "Read the overview", _DECISIONS),
    Action("live.read", Group.READING, "查看实时决策", "Watch live decisions", _DECISIONS),
    Action("search.find", Group.READING, "搜索", "Search", _DECISIONS),
    Action("decision.read", Group.READING, "查看决策", "Read a decision", _DECISIONS),
    Action("decision.print", Group.READING, "导出单笔决策的 PDF", "Take a decision as a PDF", _DECISIONS),
    Action("decisions.read", Group.READING, "查看决策列表", "Read the list of decisions", _DECISIONS),
    Action("explanation.read", Group.READING, "查看解释", "Read an explanation", _DECISIONS),
    Action("replay.read", Group.READING, "重演决策", "Replay a decision", _DECISIONS),
    Action("policies.read", Group.READING, "查看策略列表", "Read the policies", _READERS),
    Action("policies.diff", Group.READING, "比较策略", "Compare policies", _READERS),
    Action("policies.statistics", Group.READING, "查看策略统计", "Read policy statistics", _READERS),
    Action("policy.read", Group.READING, "查看策略", "Read a policy", _READERS),
    Action("drafts.read", Group.READING, "查看草稿", "Read drafts", _READERS),
    Action("proposals.read", Group.READING, "查看提案列表", "Read the proposals", _READERS),
    Action("proposal.read", Group.READING, "查看提案", "Read a proposal", _READERS),
    Action("version.read", Group.READING, "查看版本", "Read a version", _READERS),
    Action("lists.read", Group.READING, "查看名单一览", "Read the lists", _DECISIONS),
    Action("list.read", Group.READING, "查看名单", "Read a list", _DECISIONS),
    Action("lists.export", Group.EXPORTING, "导出名单", "Export a list", _DECISIONS),
    Action("list.change", Group.MACHINE, "变更名单", "Change a list"),
    Action("features.read", Group.READING, "查看特征一览", "Read the features", _READERS),
    Action("feature.read", Group.READING, "查看特征", "Read a feature", _READERS),
    Action("models.read", Group.READING, "查看模型一览", "Read the models", _READERS),
    Action("model.read", Group.READING, "查看模型", "Read a model", _READERS),
    Action("sources.read", Group.READING, "查看依据来源", "Read the sources of bases", _READERS),
    Action("definitions.export", Group.READING, "导出定义表", "Export a table of definitions", _READERS),
    Action("entity.read", Group.ENTITIES, "查询主体", "Look up an entity", frozenset({Scope.ENTITIES_READ})),
    Action(
        "entity.export",
        Group.EXPORTING,
        "导出客户全景",
        "Export all about a customer",
        frozenset({Scope.ENTITIES_READ}),
    ),
    Action("links.read", Group.ENTITIES, "查看关联图谱", "Look at links", frozenset({Scope.ENTITIES_READ})),
    Action("links.export", Group.CASELEAD, "导出关联", "Export links"),
    Action("cases.read", Group.CASES, "查看案件列表", "Read the cases", _CASES),
    Action("case.read", Group.CASES, "查看案件", "Read a case", _CASES),
    Action("cases.export", Group.CASELEAD, "导出案件", "Export cases", _CASES),
    Action("case.next", Group.CASEWORK, "领取下一个案件", "Take the next case", _CASES),
    Action("case.assign", Group.CASEWORK, "分派案件", "Assign a case", _CASES),
    Action("case.note", Group.CASEWORK, "添加案件备注", "Write a note on a case", _CASES),
    Action("case.tag", Group.CASEWORK, "标记案件", "Tag a case", _CASES),
    Action("case.check", Group.CASEWORK, "勾选调查步骤", "Tick a step of the investigation", _CASES),
    Action("case.snooze", Group.CASEWORK, "暂缓案件", "Snooze a case", _CASES),
    Action("case.wake", Group.CASEWORK, "恢复案件", "Wake a case", _CASES),
    Action("case.escalate", Group.CASEWORK, "升级案件", "Escalate a case", _CASES),
    Action("case.merge", Group.CASEWORK, "合并案件", "Merge a case into another", _CASES),
    Action("case.split", Group.CASEWORK, "拆分案件", "Split a case", _CASES),
    Action("case.close", Group.CASEWORK, "结案", "Close a case", _CASES),
    Action("case.reopen", Group.CASEWORK, "重开案件", "Reopen a case", _CASES),
    Action("case.task", Group.CASEWORK, "添加待办", "Add a task to a case", _CASES),
    Action("case.tick", Group.CASEWORK, "勾选待办", "Tick a task of a case", _CASES),
    Action("case.attach", Group.CASEWORK, "添加案件文件", "Attach a file to a case", _CASES),
    Action("case.withdraw", Group.CASEWORK, "撤回案件文件", "Withdraw a file of a case", _CASES),
    Action("case.file", Group.CASEWORK, "下载案件文件", "Download a file of a case", _CASES),
    Action("case.print", Group.CASES, "打印卷宗", "Print a case file", _CASES),
    Action("case.review", Group.CASELEAD, "复核结案结论", "Take a second look at a verdict", _CASES),
    Action("cases.team", Group.CASELEAD, "查看团队工作量", "See the team's work", _CASES),
    Action("cases.filter", Group.CASEWORK, "保存筛选", "Keep a filter of cases", _CASES),
    Action("cases.work", Group.CASEWORK, "查看批量进度", "Watch a step with many cases", _CASES),
    Action("case.lead", Group.CASELEAD, "处理他人案件", "Act on cases of others", _CASES),
    Action("screening.read", Group.CASES, "查看名单筛查", "Look at screening", _CASES),
    Action("screening.match", Group.CASES, "查看名单命中", "Read a match with a watch list", _CASES),
    Action("screening.confirm", Group.CASEWORK, "确认名单命中并停办业务", "Confirm a match, and freeze", _CASES),
    Action("screening.clear", Group.MACHINE, "排除名单命中", "Clear a match"),
    Action("screening.lift", Group.MACHINE, "解除停办", "Lift a freeze"),
    Action("watchlist.load", Group.CASELEAD, "载入监控名单", "Load a watch list", _CASES),
    Action("watchlist.drop", Group.MACHINE, "停用监控名单", "Take a watch list out of force"),
    Action("kyc.read", Group.CASES, "查看尽职调查", "Look at due diligence", _CASES),
    Action("kyc.customer", Group.CASES, "查看客户评级", "Read a customer's rating", _CASES),
    Action("kyc.review", Group.CASEWORK, "记录客户审核", "Record a customer's review", _CASES),
    Action("kyc.freeze", Group.CASELEAD, "按令临时冻结客户", "Freeze a customer by an order, for a short time", _CASES),
    Action("kyc.level", Group.MACHINE, "人工调整客户等级", "Give a customer a level by hand"),
    Action("incidents.read", Group.INCIDENTS, "查看安全事件列表", "Read the incidents", _CASES),
    Action("incident.read", Group.INCIDENTS, "查看安全事件", "Read an incident", _CASES),
    Action("incident.print", Group.INCIDENTS, "打印事件报告", "Print an incident's report", _CASES),
    Action("incidents.export", Group.INCIDENTLEAD, "导出安全事件", "Export incidents"),
    Action("incident.open", Group.INCIDENTWORK, "开立安全事件", "Open an incident", _CASES),
    Action("incident.classify", Group.INCIDENTWORK, "事件定级", "Grade an incident", _CASES),
    Action("incident.assess", Group.INCIDENTWORK, "更新事件影响", "Say what an incident hits", _CASES),
    Action("incident.predate", Group.INCIDENTWORK, "更正事件时间", "Put an incident's times right", _CASES),
    Action("incident.appoint", Group.INCIDENTWORK, "指定事件角色", "Appoint somebody in an incident", _CASES),
    Action("incident.entry", Group.INCIDENTWORK, "记录事件经过", "Write into an incident's timeline", _CASES),
    Action("incident.task", Group.INCIDENTWORK, "添加事件任务", "Add a task to an incident", _CASES),
    Action("incident.tick", Group.INCIDENTWORK, "勾选事件任务", "Tick a task of an incident", _CASES),
    Action("incident.tie", Group.INCIDENTWORK, "关联到事件", "Link something to an incident", _CASES),
    Action("incident.contain", Group.INCIDENTWORK, "标记事件已遏制", "Say that an incident is contained", _CASES),
    Action("incident.resolve", Group.INCIDENTWORK, "标记事件已解决", "Say that an incident is resolved", _CASES),
    Action("incident.report", Group.INCIDENTWORK, "登记事件报送", "Record that a report was sent", _CASES),
    Action("incident.excuse", Group.INCIDENTWORK, "登记无须报送", "Say that a report is not owed", _CASES),
    Action("incident.review", Group.INCIDENTWORK, "填写事件复盘", "Write an incident's review", _CASES),
    Action("incident.close", Group.INCIDENTWORK, "关闭安全事件", "Close an incident", _CASES),
    Action("incident.reopen", Group.INCIDENTWORK, "重开安全事件", "Reopen an incident", _CASES),
    Action("incident.lead", Group.INCIDENTLEAD, "指挥安全事件", "Lead incidents", _ADMIN),
    Action("filings.read", Group.REPORTS, "查看反洗钱报告列表", "Read the AML reports", _FILED),
    Action("filing.read", Group.REPORTS, "查看反洗钱报告", "Read an AML report", _FILED),
    Action("filings.statistics", Group.REPORTS, "查看反洗钱统计", "Read the AML statistics", _FILED),
    Action("filings.days", Group.REPORTS, "查看大额交易日", "See the days of large transactions", _FILED),
    Action("filings.export", Group.REPORTWORK, "导出反洗钱报告列表", "Export the list of AML reports", _FILERS),
    Action(
        "filing.packet", Group.REPORTWORK, "下载反洗钱报文", "Download an AML packet", _FILED, (Group.REPORTANSWER,)
    ),
    Action("filing.open", Group.REPORTWORK, "建立反洗钱报告", "Begin an AML report", _FILERS),
    Action("filing.write", Group.REPORTWORK, "编写反洗钱报告", "Write an AML report", _FILERS),
    Action("filing.propose", Group.REPORTWORK, "制作报文并提请审批", "Make a packet and ask for approval", _FILERS),
    Action(
        "filing.approve",
        Group.REPORTANSWER,
        "批准反洗钱报告",
        "Approve an AML report",
        frozenset({Scope.REPORTS_APPROVE}),
    ),
    Action(
        "filing.return",
        Group.REPORTANSWER,
        "退回反洗钱报告",
        "Send an AML report back",
        frozenset({Scope.REPORTS_APPROVE}),
    ),
    Action("filing.pack", Group.REPORTWORK, "为报文编号", "Number an AML packet", _FILERS),
    Action("filing.send", Group.REPORTWORK, "登记报送", "Record that an AML packet was sent", _FILERS),
    Action("filing.land", Group.REPORTWORK, "登记回执", "Take in a receipt", _FILERS),
    Action("filing.revise", Group.REPORTWORK, "更正反洗钱报告", "Correct an AML report", _FILERS),
    Action("filing.withdraw", Group.REPORTWORK, "删除已报送的大额报告", "Delete a large-transaction report", _FILERS),
    Action("filing.drop", Group.REPORTWORK, "放弃反洗钱报告", "Give an AML report up", _FILERS),
    Action("filing.reveal", Group.MACHINE, "为报文取用明文", "Clear text taken for a packet"),
    Action("decisions.export", Group.EXPORTING, "导出决策", "Export decisions", _DECISIONS),
    Action("version.shadow", Group.AUTHORING, "设为影子版本", "Put in the shadow", _WRITERS),
    Action("version.retire", Group.AUTHORING, "撤下影子版本", "Retire a version", _WRITERS),
    Action("version.propose", Group.AUTHORING, "提出变更", "Propose", _WRITERS),
    Action("version.withdraw", Group.AUTHORING, "撤回提案", "Withdraw", _WRITERS),
    Action("version.reject", Group.APPROVING, "驳回提案", "Reject", _WRITERS | _APPROVERS, (Group.AUTHORING,)),
    Action("version.approve", Group.APPROVING, "批准提案", "Approve", _APPROVERS),
    Action("version.roll_back", Group.APPROVING, "回退", "Roll back", _APPROVERS),
    Action("draft.save", Group.AUTHORING, "保存草稿", "Save a draft", _WRITERS),
    Action("draft.check", Group.AUTHORING, "检查草稿", "Check a draft", _WRITERS),
    Action("draft.discard", Group.AUTHORING, "放弃草稿", "Give a draft up", _WRITERS),
    Action("backtest.run", Group.AUTHORING, "运行回测", "Run a backtest", _WRITERS),
    Action("backtest.stop", Group.AUTHORING, "停止回测", "Stop a backtest", _WRITERS),
    Action("backtest.read", Group.READING, "查看回测", "Read a backtest", _READERS),
    Action("packs.read", Group.OPERATING, "查看行业包", "Read the packs", _ADMIN),
    Action("packs.try", Group.AUTHORING, "试行行业包", "Try packs", _ADMIN),
    Action("metrics.read", Group.MEASURING, "读取运行指标", "Read metrics", frozenset({Scope.METRICS_READ})),
    Action("snapshot.write", Group.OPERATING, "写入快照", "Write a snapshot", _ADMIN),
    Action("vault.reveal", Group.REVEALING, "查看明文", "Reveal clear text", _OPENERS),
    Action("vault.search", Group.REVEALING, "按明文查找", "Search by clear text", _OPENERS),
    Action("subjects.read", Group.SUBJECTS, "查看个人信息请求", "Read requests about persons' data", _SUBJECTS),
    Action("subjects.export", Group.SUBJECTS, "导出个人信息请求登记", "Export the register of requests", _SUBJECTS),
    Action("subject.request", Group.SUBJECTS, "登记个人信息请求", "Open a request about a person's data", _SUBJECTS),
    Action("subject.refuse", Group.SUBJECTS, "拒绝个人信息请求", "Refuse a request about a person's data", _SUBJECTS),
    Action("subject.export", Group.SUBJECTS, "导出个人信息", "Export a person's data", _SUBJECTS),
    Action("subject.correct", Group.SUBJECTS, "更正个人信息", "Correct a person's data", _SUBJECTS),
    Action("subject.erase", Group.SUBJECTS, "删除个人信息", "Erase a person's data", _SUBJECTS),
    Action("request.open", Group.MACHINE, "个人信息请求已登记", "A request about a person's data was opened"),
    Action("request.close", Group.MACHINE, "个人信息请求已办结", "A request about a person's data was closed"),
    Action(
        "approvals.read",
        Group.PROPOSING,
        "查看待批事项",
        "Read what waits for approval",
        _ASKERS | _ANSWERERS,
        (Group.ANSWERING, Group.AUDITING),
    ),
    Action(
        "approvals.export",
        Group.PROPOSING,
        "导出待批事项",
        "Export what waits for approval",
        _ASKERS | _ANSWERERS,
        (Group.ANSWERING, Group.AUDITING),
    ),
    # Which kinds of operations somebody may ask for and answer is narrowed by the policies (`policies.PARTIES`).
    Action("approval.propose", Group.PROPOSING, "提请审批", "Ask for approval", _ASKERS),
    Action("approval.withdraw", Group.PROPOSING, "撤回申请", "Withdraw what was asked for", _ASKERS),
    Action("approval.collect", Group.PROPOSING, "领取结果", "Collect what was approved", _ASKERS),
    Action("approval.approve", Group.ANSWERING, "同意申请", "Approve", _ANSWERERS),
    Action("approval.reject", Group.ANSWERING, "驳回申请", "Reject", _ANSWERERS),
    Action("approval.apply", Group.MACHINE, "执行获批事项", "Carry out what was approved"),
    Action("approval.fail", Group.MACHINE, "获批事项执行失败", "What was approved could not be carried out"),
    Action("approval.waive", Group.MACHINE, "未经第二人审批", "Go on without a second person"),
    Action("staff.read", Group.STAFFING, "查看员工账户", "Read the accounts of staff"),
    Action("staff.export", Group.STAFFING, "导出员工账户表", "Export the table of accounts"),
    Action("staff.invite", Group.STAFFING, "邀请员工", "Invite a member of staff"),
    Action("staff.disable", Group.STAFFING, "停用员工账户", "Disable an account"),
    Action("staff.enable", Group.STAFFING, "启用员工账户", "Enable an account"),
    Action("staff.unlock", Group.STAFFING, "解除登录锁定", "Unlock an account"),
    Action("staff.reset", Group.STAFFING, "重置员工登录", "Reset how somebody signs in"),
    Action("staff.roles", Group.STAFFING, "变更员工角色", "Change somebody's roles"),
    Action("keys.read", Group.KEYING, "查看接口密钥", "Read the API keys", _ADMIN),
    Action("keys.export", Group.KEYING, "导出接口密钥表", "Export the table of API keys", _ADMIN),
    Action("key.create", Group.KEYING, "创建密钥", "Create a key"),
    Action("key.revoke", Group.KEYING, "吊销密钥", "Revoke a key"),
    Action("key.rotate", Group.KEYING, "轮换密钥", "Rotate a key"),
    Action("version.carry", Group.MACHINE, "提案顺延", "Carry a proposal over"),
    Action("link.create", Group.MACHINE, "创建登录链接", "Create a sign-in link"),
    Action("vault.rotate", Group.KEYING, "轮换保险库密钥", "Rotate the vault's keys"),
    Action("vault.rewrap", Group.KEYING, "重新封装密钥", "Re-wrap keys"),
    Action("vault.reseal", Group.KEYING, "重新加密数据", "Seal rows again"),
    Action("vault.destroy", Group.KEYING, "销毁密钥版本", "Destroy a version of the key ring"),
    Action("vault.recount", Group.MACHINE, "按现有数据重新清点保险库", "Give up what the vault is missing"),
    Action("vault.root", Group.MACHINE, "更换根密钥", "Change the root key"),
    Action("webhooks.read", Group.OPERATING, "查看推送地址", "Read the webhooks", _ADMIN),
    Action("webhooks.export", Group.OPERATING, "导出推送地址表", "Export the table of webhooks", _ADMIN),
    Action("deliveries.export", Group.OPERATING, "导出通知投递记录", "Export the log of deliveries", _ADMIN),
    Action("webhook.change", Group.OPERATING, "变更推送地址", "Change a webhook", _ADMIN),
    Action("channels.read", Group.OPERATING, "查看通知通道", "Read the channels of notifications", _ADMIN),
    Action("channel.change", Group.OPERATING, "变更通知通道", "Change a channel of notifications", _ADMIN),
    Action("channel.test", Group.OPERATING, "测试通知通道", "Test a channel of notifications", _ADMIN),
    Action("delivery.resend", Group.OPERATING, "重发通知", "Send a notification again", _ADMIN),
    Action("backup.drill", Group.MACHINE, "恢复演练", "Run a restore drill"),
    Action("control.result", Group.MACHINE, "控制检查结果", "The result of a control's check"),
    Action("control.run", Group.OPERATING, "执行控制检查", "Run a control's check", _ADMIN),
    Action(
        "controls.read",
        Group.OVERSEEING,
        "查看控制登记",
        "Read the control register",
        frozenset({Scope.DECISIONS_READ, Scope.AUDIT_READ}),
    ),
    Action(
        "controls.export",
        Group.OVERSEEING,
        "导出控制登记",
        "Export the control register",
        frozenset({Scope.DECISIONS_READ, Scope.AUDIT_READ}),
    ),
    Action(
        "staff_alerts.read",
        Group.AUDITING,
        "查看员工预警",
        "Read alerts about staff",
        frozenset({Scope.AUDIT_READ}),
        (Group.STAFFING,),
    ),
    Action("head.write", Group.AUDITING, "签发树头", "Sign a tree head", frozenset({Scope.ADMIN, Scope.AUDIT_READ})),
    Action("audit.read", Group.AUDITING, "查看审计", "Read the audit", frozenset({Scope.AUDIT_READ})),
    Action("audit.export", Group.AUDITING, "导出审计", "Export the audit", frozenset({Scope.AUDIT_READ})),
    Action(
        "audit.prove",
        Group.AUDITING,
        "核验记录并导出审计证据包",
        "Prove records, as a signed bundle",
        frozenset({Scope.AUDIT_READ}),
    ),
    Action("table.filter", Group.OWN, "筛选与保存表格视图", "Filter a table, and keep its filters", _CONSOLE),
    Action("help.read", Group.OWN, "查看帮助", "Read the help", _CONSOLE),
    Action("notices.read", Group.OWN, "查看本人通知", "Read one's own notifications", _CONSOLE),
    Action("notices.export", Group.OWN, "导出本人通知", "Export one's own notifications", _CONSOLE),
    Action("notices.mark", Group.OWN, "将本人通知标为已读", "Mark one's own notifications as read", _CONSOLE),
    Action("notices.prefer", Group.OWN, "设置本人通知偏好", "Say how one wants to be notified", _CONSOLE),
    Action("account.read", Group.OWN, "查看本人账户", "Read one's own account"),
    Action("password.change", Group.OWN, "修改密码", "Change one's password"),
    Action("factor.add", Group.OWN, "添加验证方式", "Add a second factor"),
    Action("factor.remove", Group.OWN, "移除验证方式", "Remove a second factor"),
    Action("factor.show", Group.OWN, "再次验证", "Show a second factor again"),
    Action("recovery.renew", Group.OWN, "更换恢复码", "Renew recovery codes"),
    Action("session.revoke", Group.OWN, "结束会话", "End a session"),
    Action("device.forget", Group.OWN, "忘记设备", "Forget a device"),
    Action("sign_in.link", Group.ENTERING, "凭链接登录", "Sign-in by link"),
    Action("sign_in.key", Group.ENTERING, "凭密钥登录", "Sign-in by key"),
    Action("sign_in.api", Group.ENTERING, "程序接入未通过验证", "A program that could not prove its key"),
    Action("sign_in.password", Group.ENTERING, "密码登录", "Sign-in by password"),
    Action("sign_in.totp", Group.ENTERING, "动态口令登录", "Sign-in by one-time code"),
    Action("sign_in.passkey", Group.ENTERING, "通行密钥登录", "Sign-in by passkey"),
    Action("sign_in.copied", Group.ENTERING, "复制的通行密钥被拒", "A copied passkey refused"),
    Action("sign_in.recovery", Group.ENTERING, "恢复码登录", "Sign-in by recovery code"),
    Action("sign_in.oidc", Group.ENTERING, "企业账号登录", "Sign-in by the company"),
    Action("sign_in.locked", Group.ENTERING, "登录被锁定", "Sign-in locked"),
    Action("door.flooded", Group.ENTERING, "请求超出速率上限", "More requests than a rate allows"),
    Action("form.forged", Group.ENTERING, "表单来自他站或令牌不符", "A form of another site, or without its token"),
    Action("invitation.accept", Group.ENTERING, "接受邀请", "Accept an invitation"),
    Action("sign_out", Group.ENTERING, "退出登录", "Sign-out"),
    Action("file.found", Group.MACHINE, "文件中查出恶意内容，已拒绝", "Malware found in a file, refused"),
    Action("file.unscanned", Group.MACHINE, "文件未经病毒扫描即放行", "A file passed that no scanner had looked at"),
    Action("platform.start", Group.MACHINE, "启动平台", "Start the platform"),
    Action("platform.stop", Group.MACHINE, "停止平台", "Stop the platform"),
)
"""All actions by name."""
