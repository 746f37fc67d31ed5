"""The console's words for alerts about staff."""

from typing import Final

WORDS: Final = {
    # alerts about staff
    "staff_alerts.title": ("员工预警", "Staff alerts"),
    "staff_alerts.shown": ("显示 {n} 条", "{n} shown"),
    "staff_alerts.line": (
        "员工的操作由同一引擎监测。涉及您本人或您条线的预警不在此列；查看本页也会被记录。",
        "What staff do is watched by the same engine. Alerts about you or your line are not here; looking is recorded.",
    ),
    "staff_alerts.who": ("涉及何人", "About whom"),
    "staff_alerts.of": ("条线", "Line"),
    "staff_alerts.what": ("何事", "What"),
    "staff_alerts.why": ("为何", "Why"),
    "staff_alerts.more": ("另有 {n} 条", "and {n} more"),
    "staff_alerts.repeats": ("当日再现 {n} 次", "{n} more that day"),
    "staff_alerts.repeats.title": (
        "同一人同日同样的原因，此处为最近一次",
        "The same people, day and reasons; this is the newest",
    ),
    "staff_alerts.empty": ("没有您可见的员工预警。", "No alert about staff that you may see."),
    "staff_alerts.event.staff_action": ("操作", "An action"),
    "staff_alerts.event.staff_sign_in": ("登录", "A sign-in"),
    "staff_alerts.event.staff_approval": ("审批", "An approval"),
    "staff_alerts.event.staff_grant": ("角色变更", "A change of roles"),
    "staff_alerts.event.staff_list_change": ("名单变更", "A change of a list"),
    "staff_alerts.event.staff_alert_closed": ("预警处置", "An alert closed"),
    "staff_alert.title": ("员工预警：{who}", "Alert about {who}"),
    "staff_alert.back": ("全部员工预警", "All staff alerts"),
    "staff_alert.habits": ("当日与平日", "That day, and other days"),
    "staff_alert.habits.line": (
        "截至此事；平日为二十八天内工作日的平均与标准差，同角色者为对照。",
        "Up to this event. Other days: mean and standard deviation of working days in 28; peers have the same roles.",
    ),
    "staff_alert.measure": ("计数", "Count"),
    "staff_alert.measure.customers": ("查看的客户", "Customers looked at"),
    "staff_alert.measure.caseless": ("其中无案件", "Of them without a case"),
    "staff_alert.measure.reveals": ("查看明文", "Reveals of clear text"),
    "staff_alert.measure.rows": ("导出行数", "Rows exported"),
    "staff_alert.today": ("当日", "That day"),
    "staff_alert.own": ("本人平日", "His other days"),
    "staff_alert.peers": ("同角色者", "Peers"),
    "staff_alert.usual": ("平常至多", "Usual at most"),
    "staff_alert.facts": ("规则所见", "What the rules saw"),
    "staff_alert.fields": ("此事", "The event"),
    "staff_alert.decision": ("决策与完整解释", "The decision, fully explained"),
}
