"""The console's words for lists."""

from typing import Final

WORDS: Final = {
    "nav.lists": ("名单", "Lists"),
    "lists.title": ("名单", "Lists"),
    "lists.line": (
        "黑名单拦截，灰名单加强核验，白名单放宽。条目随事件加入和移除，到期自动失效。",
        "Black lists stop, grey lists make checks stricter, white lists relax them. Entries come and go by events.",
    ),
    "lists.line.two": ("变更由两人完成。", "Changing a list takes two people."),
    "lists.count": ("{n} 个名单", "{n} {n:list|lists}"),
    "lists.none": ("生效的行业包没有声明名单。", "The packs in force declare no list."),
    "lists.list": ("名单", "List"),
    "lists.kind": ("类别", "Kind"),
    "lists.of": ("内容", "Of"),
    "lists.pack": ("行业包", "Pack"),
    "lists.text": ("文本", "text"),
    "lists.range": ("地址段", "ranges of addresses"),
    "lists.colour.black": ("黑名单", "Black"),
    "lists.colour.grey": ("灰名单", "Grey"),
    "lists.colour.white": ("白名单", "White"),
    "lists.live": ("有效", "Live"),
    "lists.soon": ("7 天内到期", "Within 7 d"),
    "lists.forever": ("长期有效", "For good"),
    "lists.expired": ("已过期", "Expired"),
    "lists.changed": ("最近变更", "Last change"),
    "lists.never": ("未变更", "never"),
    "lists.rules": ("引用规则", "Rules"),
    "lists.unused": ("没有规则引用此名单：条目不起作用。", "No rule asks for this list: its entries do nothing."),
    "lists.unused_short": ("未引用", "unused"),
    "lists.waits": ("{n} 项待批", "{n} waiting"),
    "lists.waiting_change": ("{who} 申请的变更待批（{n} 条）：", "A change by {who} waits ({n} entries):"),
    "lists.behind": (
        "变更记录还在读取，尚余 {n} 条：来源与历史可能不全；是否命中不受影响。",
        "The journal is still being read ({n} to go): sources and histories may be incomplete; what decides is not.",
    ),
    "lists.states": ("状态", "States"),
    "lists.all": ("全部", "All"),
    "lists.tab.live": ("有效", "Live"),
    "lists.tab.soon": ("即将到期", "Ending soon"),
    "lists.tab.forever": ("长期有效", "For good"),
    "lists.tab.expired": ("已过期", "Expired"),
    "lists.tab.removed": ("已移除", "Taken off"),
    "lists.state.live": ("有效", "Live"),
    "lists.state.expired": ("已过期", "Expired"),
    "lists.state.removed": ("已移除", "Taken off"),
    "lists.state.soon": ("即将到期", "Ends soon"),
    "lists.find": ("查找条目", "Find an entry"),
    "lists.find.go": ("查找", "Find"),
    "lists.find.line": (
        "可输入明文：立即转为令牌，不留在地址和日志中。",
        "Clear text may be typed: it becomes a token at once and stays in no address and no log.",
    ),
    "lists.not_found": ("此名单从未有过该条目。", "This was never on the list."),
    "lists.value": ("值", "Value"),
    "lists.source": ("来源", "Source"),
    "lists.of_pack": ("行业包", "Pack"),
    "lists.of_event": ("名单变更事件", "A list_entry event"),
    "lists.expires": ("到期", "Ends"),
    "lists.why": ("原因", "Why"),
    "lists.by": ("变更人", "By"),
    "lists.hits": ("近期命中", "Recent hits"),
    "lists.hits.line": (
        "内存中最近 {of} 个决策里共命中 {n} 次。",
        "{n} hits among the newest {of} decisions, those still in memory.",
    ),
    "lists.empty": ("名单目前为空。", "The list is empty for now."),
    "lists.empty.filtered": ("没有此状态的条目。", "No entry is in this state."),
    "lists.used_by": ("引用此名单的规则", "Rules that ask for it"),
    "lists.policy": ("策略", "Policy"),
    "lists.exemption": ("豁免", "exemption"),
    "lists.change": ("变更名单", "Change the list"),
    "lists.change.line": (
        "提交后由另一人审批，批准后即时生效。",
        "Another person approves it; then it is in force at once.",
    ),
    "lists.change.alone": (
        "按平台设置，部分变更可由一人完成（lists_alone 或 four_eyes），并如实记录。",
        "As this platform is set, one person may make some changes alone (lists_alone, four_eyes); the record says so.",
    ),
    "lists.change.not_you": (
        "您不能申请变更此名单：由分析员、高级分析员或反洗钱专员提出；员工监测名单由人事系统以事件维护。",
        (
            "You can't ask for a change: analysts, senior analysts and AML officers do; lists that watch staff "
            "are told by the personnel department."
        ),
    ),
    "lists.move": ("变更方式", "What to do"),
    "lists.move.add": ("加入", "Add"),
    "lists.move.extend": ("调整到期", "Change the end"),
    "lists.move.remove": ("移除", "Take off"),
    "lists.lines": ("条目，每行一个", "Entries, one a line"),
    "lists.lines.line": (
        "每行：值，可再加到期与原因，以逗号或制表符分隔；可直接粘贴 CSV。至多 {most} 行。",
        (
            "Each line: a value, then perhaps an end and a reason, parted by commas or tabs; a CSV can be pasted."
            " At most {most} lines."
        ),
    ),
    "lists.lines.count": ("{n} 行", "{n} lines"),
    "lists.file": ("或读入 CSV 文件", "Or read a CSV file"),
    "lists.expires.line": (
        "日期、时刻或天数（如 30d）。必填，默认 {days} 天、至多 {most} 天（自定默认值，可调参数）；移除时不用。",
        (
            "A day, an instant, or days such as 30d. Must be given; {days} days are proposed, {most} at the most "
            "(design defaults: parameters list_days, list_days_max). Not used when taking off."
        ),
    ),
    "lists.expires.free": (
        "日期、时刻或天数（如 30d）；不填则长期有效。",
        "A day, an instant, or days such as 30d; for good when left empty.",
    ),
    "lists.refused": ("未提交：{n} 处需要修改。", "Nothing was asked for: {n} {n:thing is|things are} wrong."),
    "lists.line_no": ("行", "Line"),
    "lists.what_is_wrong": ("问题", "What is wrong"),
    "lists.more_problems": ("另有 {n} 处未列出。", "{n} more are not shown."),
    "lists.entry": ("名单条目", "Entry of a list"),
    "lists.now": ("现状", "As it stands"),
    "lists.history": ("变更历史", "History"),
    "lists.did.add": ("加入或调整", "Added, or its end changed"),
    "lists.did.remove": ("移除", "Taken off"),
    "lists.until": ("至 {at}", "until {at}"),
    "lists.declared": ("行业包 {pack} 的初始条目", "What the pack {pack} begins with"),
    "lists.export.title": ("按当前筛选导出 CSV；导出会被记录", "CSV of the current filter; taking it is recorded"),
    "lists.export.too_many": (
        "共 {n} 条，超出一人一次可导出的 {most} 条：请缩小筛选。",
        "{n} entries are more than the {most} that one person may take at once: narrow the filter.",
    ),
    "error.no_list": ("没有此名单或条目，或不对您开放。", "There is no such list or entry, or it is not for you."),
}
