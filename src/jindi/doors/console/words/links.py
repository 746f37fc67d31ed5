"""The console's words for links."""

from typing import Final

WORDS: Final = {
    "nav.links": ("关联图谱", "Links"),
    "links.title": ("关联图谱", "Links"),
    "links.what": (
        (
            "从一个客户、设备、银行卡或商户出发，看还有谁与它出现在同一笔决策中。关联来自全部决策（包括放行的），"
            "不含员工事件；超过 {days}未再出现的关联会被清除。"
        ),
        (
            "Start from a customer, a device, a card or a merchant, and see who else stood in the same decisions. "
            "Links come of all decisions, also of those that allowed; what staff do links nobody. A link that is not "
            "seen for {days} is dropped."
        ),
    ),
    "links.privacy": (
        "输入的明文只用于换算令牌，不写入地址、日志和页面。",
        "Clear text is only turned into its token: it is in no address, no log and no page.",
    ),
    "links.start": ("起点", "Start"),
    "links.start.other": ("换起点", "Start elsewhere"),
    "links.kind": ("类别", "Kind"),
    "links.value": ("编号、号码或令牌", "Id, number or token"),
    "links.go": ("查看关联", "Show links"),
    "links.say_value": (
        "没有这样的主体：请核对类别，并检查号码是否完整。",
        "There is no such entity: check its kind, and whether the number is whole.",
    ),
    "links.not_for_address": (
        "该编号看起来像个人信息，不能写入地址。请改用其令牌，或先到「按号码查找」。",
        "This id is written as somebody's number or name, which no address may hold. Use its token.",
    ),
    "links.unknown": (
        "{name} 没有关联：从未与其他主体出现在同一笔决策中，或最近一次出现已超过保留期。",
        "Nothing is linked to {name}: it stood in no decision with anybody else, or too long ago.",
    ),
    "links.empty": (
        "所选时间和类型内没有关联。", "There are no links of these kinds in this time.",
    ),
    "links.stale": (
        "关联数据暂未更新：跟进日志时出错，详情见系统日志。下列内容可能不是最新。",
        "The links are not up to date: following the journal failed (see the server's log). What is shown may be old.",
    ),
    "links.behind": (
        "关联数据正在追赶日志，还有 {n} 条记录未计入。",
        "The links are catching up with the journal: {n} records are not in yet.",
    ),
    "links.shown": ("显示 {n} 个主体", "{n} {n:entity|entities} shown"),
    "links.cut": (
        "已达上限：共发现 {found} 个主体，显示其中最要紧的 {n} 个（先看处置，再看时间）。缩小范围可看到其余部分。",
        (
            "{n} of {found} shown: the most relevant ones, by outcome and then by time. Narrow the time or the kinds "
            "to see the others."
        ),
    ),
    "links.hubs": (
        "{n} 个枢纽未展开：关联过多（如公共 IP），经由它们的联系说明不了问题。需要时可单独展开。",
        (
            "{n} {n:hub is|hubs are} not gone through: so many are linked to them (a shared address, say) that it "
            "says little. Expand one to see."
        ),
    ),
    "links.count": ("{n} 条关联", "{n} {n:link|links}"),
    "links.depth": ("层数", "Depth"),
    "links.depth.n": ("{n} 层", "{n} {n:step|steps}"),
    "links.kinds": ("关联类型", "Kinds of links"),
    "links.kinds.all": ("全部", "all"),
    "links.kinds.some": ("已选 {n} 种", "{n} chosen"),
    "links.from": ("起始日", "From"),
    "links.to": ("截止日", "To"),
    "links.time.note": (
        "按首次与最近出现之间的时段筛选", "a link counts from its first decision to its last",
    ),
    "links.apply": ("应用", "Apply"),
    "links.reset": ("重置", "Reset"),
    "links.view.graph": ("图", "Graph"),
    "links.view.list": ("列表", "List"),
    "links.view": ("显示方式", "Shown as"),
    "links.permalink": ("固定链接", "Permalink"),
    "links.permalink.title": ("当前视图的地址，可保存或发给同事", "The address of this very view, to keep or to send"),
    "links.svg": ("下载 SVG", "SVG"),
    "links.svg.title": ("下载当前图形", "This picture as a file"),
    "links.export.title": ("按当前视图导出；导出会被记录", "This view as a table; taking it is recorded"),
    "links.export.head": ("不能导出这么多", "Too many to export"),
    "links.export.line": (
        "当前视图有 {n} 条关联，一个人一次最多导出 {most} 条。请缩小范围。",
        "This view has {n} links; one person may take {most} at once. Narrow it.",
    ),
    "links.picture": (
        "{name} 的关联图：{n} 个主体，{links} 条关联。列表视图内容相同。",
        "Links of {name}: {n} entities, {links} links. The list has the same.",
    ),
    "links.legend": ("图例", "Legend"),
    "links.legend.shape": ("形状：类别", "Shape: kind"),
    "links.legend.colour": ("颜色：最重处置", "Colour: heaviest outcome"),
    "links.legend.hub": ("虚线圈：枢纽", "Dashed ring: hub"),
    "links.legend.case": ("圆点：有未结案件", "Dot: open case"),
    "links.is_start": ("起点", "start"),
    "links.is_hub": ("枢纽", "hub"),
    "links.hub.of": ("枢纽，{n} 条关联", "hub of {n} links"),
    "links.decisions": ("{n} 笔决策", "{n} {n:decision|decisions}"),
    "links.seen": ("决策数", "Decisions"),
    "links.stopped": ("未放行", "Not allowed"),
    "links.stopped.of": ("{n} 笔未放行", "{n} not allowed"),
    "links.worst": ("最重处置", "Heaviest outcome"),
    "links.first": ("首次出现", "First seen"),
    "links.last": ("最近出现", "Last seen"),
    "links.degree": ("关联数", "Links"),
    "links.cases": ("未结案件", "Open cases"),
    "links.cases.open": ("{n} 个未结案件", "{n} open {n:case|cases}"),
    "links.none": ("无", "none"),
    "links.neighbours": ("相连主体", "Linked to"),
    "links.neighbours.more": ("在列表中查看全部 {n} 个", "All {n} in the list"),
    "links.expand": ("展开", "Expand"),
    "links.expand.title": ("把与它相连的主体加入图中（键 e）", "Add whoever is linked to it (key e)"),
    "links.start_here": ("以此为起点", "Start here"),
    "links.entity": ("主体页面", "Entity"),
    "links.its_decisions": ("相关决策", "Decisions"),
    "links.path": ("最短路径", "Shortest path"),
    "links.path.to": ("到此主体的最短路径", "Shortest path to it"),
    "links.path.from": ("从起点到……", "From the start to …"),
    "links.path.title": ("最短路径：{start} → {goal}", "Shortest path: {start} → {goal}"),
    "links.path.back": ("返回图谱", "Back to the graph"),
    "links.path.steps": ("{n} 步", "{n} {n:step|steps}"),
    "links.path.none": (
        "两者之间没有路径（所选时间和类型内，不经过枢纽）。",
        "There is no way between them (in this time, by these kinds, and through no hub).",
    ),
    "links.path.gave_up": (
        "已查看 {n} 条关联仍未找到，停止查找。请缩小时间或类型范围。",
        "Given up after {n} links without finding a way. Narrow the time or the kinds.",
    ),
    "links.path.hubs": (
        "两者都连到以下枢纽，但枢纽人人可及，不算路径：",
        "Both lead to these hubs, which anybody may share, so they make no way:",
    ),
    "links.add": ("写入案件备注", "Add to the case"),
    "links.add.label": ("备注", "Note"),
    "links.add.note": ("备注：{name}，关联图谱 {path}", "Links of {name}: {path}"),
    "links.column.a": ("一方", "One"),
    "links.column.b": ("另一方", "The other"),
    "links.money": ("金额", "Money"),
    "links.order.relevance": ("最要紧", "Most relevant"),
    "links.order.last": ("最近出现", "Seen last"),
    "links.order.first": ("最早出现", "Seen first"),
    "links.order.seen": ("决策最多", "Most decisions"),
    "links.order.stopped": ("未放行最多", "Most not allowed"),
    "links.order.money": ("金额最大", "Largest amount"),
    "links.of_entity": ("关联图谱", "Links"),
    "links.key.move": ("图中下一个 / 上一个主体", "next / previous entity of the picture"),
    "links.key.select": ("选中", "select it"),
    "links.key.expand": ("展开", "expand it"),
    "links.kind.user": ("用户", "User"),
    "links.kind.payee": ("收款人", "Payee"),
    "links.kind.inviter": ("邀请人", "Inviter"),
    "links.kind.customer": ("客户", "Customer"),
    "links.kind.device": ("设备", "Device"),
    "links.kind.ip": ("IP 地址", "IP address"),
    "links.kind.card": ("银行卡", "Bank card"),
    "links.kind.phone": ("手机号", "Phone"),
    "links.kind.person": ("证件", "Identity card"),
    "links.kind.merchant": ("商户", "Merchant"),
    "links.kind.terminal": ("终端", "Terminal"),
    "links.kind.campaign": ("活动", "Campaign"),
    "error.no_links": ("没有可供下载的关联。", "There are no links to take away."),
    "error.no_links_now": (
        "关联数据暂时无法读取。日志不受影响，请稍后重试。",
        "Links can't be read for now. The journal is unharmed; try again in a moment.",
    ),
}  # fmt: skip
