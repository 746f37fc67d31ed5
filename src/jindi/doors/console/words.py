"""Every sentence of the console in both languages, by one English id; a missing one is an error.

One idea, one word: event 事件, rule 规则, policy 策略, decision 决策, feature 特征, basis 依据.
Chinese takes full-width punctuation and a space between Han and Latin letters or digits.
"""

from collections.abc import Iterator
from typing import Literal

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")
HTML_LANG: dict[Lang, str] = {"zh": "zh-CN", "en": "en"}

WORDS: dict[str, tuple[str, str]] = {
    # the frame around every page
    "brand": ("金堤", "Jindi"),
    "brand.line": ("金融风险控制", "Risk control"),
    "skip": ("跳到正文", "Skip to content"),
    "nav.label": ("主导航", "Main"),
    "nav.menu": ("菜单", "Menu"),
    "nav.overview": ("总览", "Overview"),
    "nav.decisions": ("决策", "Decisions"),
    "nav.policies": ("策略", "Policies"),
    "search.label": ("搜索决策、事件或主体编号", "Search decision, event or subject id"),
    "search.hint": ("编号… 按 / 键", "Id… press /"),
    "zone.title": ("所有时间均为该时区", "All times are in this zone"),
    "lang.other": ("English", "中文"),
    "display": ("显示", "Display"),
    "theme.label": ("主题", "Theme"),
    "theme.system": ("跟随系统", "System"),
    "theme.light": ("浅色", "Light"),
    "theme.dark": ("深色", "Dark"),
    "rows.label": ("行高", "Rows"),
    "rows.normal": ("标准", "Normal"),
    "rows.compact": ("紧凑", "Compact"),
    "rows.roomy": ("宽松", "Roomy"),
    "keys.label": ("键盘快捷键", "Keyboard shortcuts"),
    "keys.on": ("开启", "On"),
    "keys.off": ("关闭", "Off"),
    "sign_out": ("退出登录", "Sign out"),
    "footer.not_advice": (
        "本系统提供的信息不构成法律意见；标注为“设计默认值”的数字须由贵机构自行核定。",
        "Not legal advice. Figures marked “design default” are for your institution to confirm.",
    ),
    "footer.version": ("金堤 {version}", "Jindi {version}"),
    # keyboard help
    "help.title": ("键盘快捷键", "Keyboard shortcuts"),
    "help.search": ("搜索", "search"),
    "help.move": ("下一行 / 上一行", "next / previous row"),
    "help.open": ("打开所选行", "open the selected row"),
    "help.go_overview": ("前往总览", "go to overview"),
    "help.go_decisions": ("前往决策", "go to decisions"),
    "help.go_policies": ("前往策略", "go to policies"),
    "help.pause": ("暂停或继续实时列表", "pause or resume the live list"),
    "help.help": ("显示或关闭本帮助", "show or hide this help"),
    "help.close": ("关闭", "Close"),
    # signing in
    "sign_in.title": ("登录", "Sign in"),
    "sign_in.as": ("以 {who} 的身份登录金堤控制台。", "Sign in to the Jindi console as {who}."),
    "sign_in.once": (
        "此链接只能使用一次，{minutes} 分钟后失效。",
        "This link works once and expires in {minutes} min.",
    ),
    "sign_in.button": ("登录", "Sign in"),
    "sign_in.none": (
        "请打开终端中显示的一次性登录链接。金堤没有密码，也不依赖任何外部服务。",
        "Open the one-time sign-in link that the terminal shows. No password, no outside service.",
    ),
    "sign_in.how": (
        "没有链接？请让平台管理员签发一个新链接。",
        "No link? Ask the platform's administrator for a new one.",
    ),
    "sign_in.dead": (
        "此链接无效：可能已被使用，或已超过 15 分钟。请签发新链接。",
        "This link does not work: it was used already, or is older than 15 min. Ask for a new one.",
    ),
    "sign_in.ended": (
        "会话已结束。请使用新的登录链接。",
        "Your session has ended. Use a new sign-in link.",
    ),
    "sign_in.signed_out": ("您已退出登录。", "You are signed out."),
    # outcomes, states, marks
    "outcome.allow": ("通过", "Allow"),
    "outcome.challenge": ("验证", "Challenge"),
    "outcome.delay": ("延迟", "Delay"),
    "outcome.review": ("人审", "Review"),
    "outcome.deny": ("拒绝", "Deny"),
    "status.final": ("终局", "Final"),
    "status.pending": ("待处理", "Pending"),
    "status.passed": ("验证通过", "Challenge passed"),
    "status.failed": ("验证未通过", "Challenge failed"),
    "status.released": ("已放行", "Released"),
    "status.recalled": ("已撤回", "Recalled"),
    "status.accepted": ("人审通过", "Review accepted"),
    "status.rejected": ("人审拒绝", "Review rejected"),
    "status.closed": ("已关闭", "Closed"),
    "badge.degraded": ("降级", "Degraded"),
    "badge.late": ("迟到", "Late"),
    "mark.verified": ("已核实", "Verified"),
    "mark.from_memory": ("凭记忆，待核实", "From memory, to be verified"),
    "mark.design_default": ("设计默认值", "Design default"),
    "state.live": ("生效", "Live"),
    "state.shadow": ("影子", "Shadow"),
    "state.draft": ("草稿", "Draft"),
    # columns and common labels
    "col.time": ("时间", "Time"),
    "col.outcome": ("处置", "Outcome"),
    "col.score": ("分数", "Score"),
    "col.type": ("事件类型", "Event type"),
    "col.subject": ("主体", "Subject"),
    "col.amount": ("金额", "Amount"),
    "col.rules": ("命中规则", "Rules hit"),
    "col.status": ("状态", "Status"),
    "col.latency": ("耗时", "Took"),
    "col.hits": ("命中", "Hits"),
    "col.rule": ("规则", "Rule"),
    "col.points": ("加分", "Points"),
    "col.total": ("累计", "Total"),
    "col.basis": ("依据", "Basis"),
    "col.since": ("自", "Since"),
    "col.minute": ("分钟", "Minute"),
    "col.condition": ("条件", "Condition"),
    "col.then": ("处置", "Then"),
    "rules.more": ("另有 {n} 条规则命中", "{n} more rules were hit"),
    "none": ("无", "none"),
    "missing": ("缺失", "missing"),
    "limit.unset": ("未设定", "not set"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "as_table": ("以表格查看", "View as table"),
    "token": ("令牌", "token"),
    "token.title": (
        "个人信息在入口处已换成令牌，明文不在此处。",
        "Personal data became a token at the door; the clear text is not here.",
    ),
    # overview
    "overview.title": ("总览", "Overview"),
    "tile.rate": ("每秒决策", "Decisions per second"),
    "tile.rate.note": ("最近 10 秒", "last 10 s"),
    "tile.total": ("累计决策", "Decisions"),
    "tile.total.note": ("自 {since} 启动", "since start, {since}"),
    "tile.stopped": ("未直接通过", "Not allowed outright"),
    "tile.stopped.note": ("最近 60 分钟", "last 60 min"),
    "tile.latency": ("耗时 p50 / p99", "Time taken p50 / p99"),
    "tile.latency.note": ("最近一分钟，至写盘为止", "latest minute, until durable"),
    "tile.waiting": ("排队", "Waiting"),
    "tile.waiting.note": ("已决策、尚未写盘的事件", "decided, not yet on disk"),
    "live.title": ("实时决策", "Live decisions"),
    "live.pause": ("暂停", "Pause"),
    "live.resume": ("继续", "Resume"),
    "live.held": ("有 {n} 条新决策等待显示", "{n} new, held while you read"),
    "live.on": ("实时", "Live"),
    "live.polling": ("每 5 秒刷新", "Every 5 s"),
    "live.lost": ("数据截至 {at} · 重新连接中", "As of {at} · reconnecting"),
    "live.ended": ("会话已结束，请重新登录。", "Your session has ended; sign in again."),
    "live.empty": (
        "还没有决策。发送第一个事件后，这里会立即显示。",
        "No decision yet. The first event that you send appears here at once.",
    ),
    "live.all": ("全部决策", "All decisions"),
    "chart.rates": ("未直接通过的比例（每分钟）", "Not allowed outright, share per minute"),
    "chart.rates.desc": (
        "最近 {n} 分钟，每分钟各处置占全部决策的百分比。",
        "Each minute's outcomes as a percentage of its decisions, last {n} minutes.",
    ),
    "chart.volume": ("决策数（每分钟）", "Decisions per minute"),
    "chart.volume.desc": ("最近 {n} 分钟每分钟的决策数。", "Decisions in each of the last {n} minutes."),
    "chart.latency": ("耗时（毫秒）", "Time taken (ms)"),
    "chart.latency.desc": (
        "最近 {n} 分钟每分钟决策耗时的中位数和第 99 百分位。",
        "Median and 99th percentile of the time a decision took, last {n} minutes.",
    ),
    "chart.empty": ("这段时间没有决策。", "No decisions in this time."),
    "top.title": ("启动以来命中最多的规则", "Rules hit most since start"),
    "top.empty": ("启动以来没有规则命中。", "No rule was hit since start."),
    "board.title": ("模拟对照真值", "Simulation against the truth"),
    "board.caught": ("拦下金额", "Caught"),
    "board.missed": ("漏过金额", "Missed"),
    "board.wrongly": ("误拦", "Wrongly stopped"),
    "board.wrongly.note": ("{honest} 个诚实事件中的 {n} 个", "{n} of {honest} honest events"),
    "board.share": ("金额拦下率", "Money caught"),
    "board.scenario": ("情景", "Scenario"),
    "board.episodes": ("作案拦下", "Episodes"),
    "board.events": ("事件拦下", "Events"),
    "board.none_yet": ("尚无作案。", "No crime yet."),
    "scenario.account_takeover": ("账户盗用", "Account takeover"),
    "scenario.bonus_abuse": ("薅羊毛", "Bonus abuse"),
    "scenario.card_testing": ("试卡", "Card testing"),
    "scenario.compromised_terminal": ("终端被侵入", "Compromised terminal"),
    "scenario.credential_stuffing": ("撞库", "Credential stuffing"),
    "scenario.impossible_travel": ("不可能的行程", "Impossible travel"),
    "scenario.merchant_collusion": ("商户合谋", "Merchant collusion"),
    "scenario.mule_ring": ("骡子账户团伙", "Mule ring"),
    "scenario.stolen_card": ("盗卡", "Stolen card"),
    "scenario.structuring": ("拆分交易", "Structuring"),
    "stale": (
        "数据截至 {at}，已过 {seconds} 秒没有更新。",
        "As of {at}: nothing new for {seconds} s.",
    ),
    "stopped": (
        "平台已停止决策：{why}",
        "The platform has stopped deciding: {why}",
    ),
    # decisions
    "decisions.title": ("决策", "Decisions"),
    "filter.outcome": ("处置", "Outcome"),
    "filter.type": ("事件类型", "Event type"),
    "filter.rule": ("命中规则", "Rule hit"),
    "filter.text": ("编号", "Id"),
    "filter.trouble": ("异常", "Trouble"),
    "filter.any": ("全部", "Any"),
    "filter.apply": ("筛选", "Filter"),
    "filter.clear": ("清除筛选", "Clear filters"),
    "filter.unknown": (
        "网址中的筛选条件无法识别，已忽略：{what}",
        "Ignored an unknown filter in the address: {what}",
    ),
    "decisions.empty": ("没有符合条件的决策。", "No decisions match."),
    "decisions.shown": ("显示 {n} 条，最新在前", "{n} shown, newest first"),
    "decisions.horizon": (
        "此处可查到 {at} 以来的决策；更早的按编号打开。",
        "Decisions since {at} can be found here; open older ones by their id.",
    ),
    "page.older": ("更早", "Older"),
    "page.newest": ("最新", "Newest"),
    "export.csv": ("导出 CSV", "Export CSV"),
    "export.title": ("导出当前筛选结果", "Exports what this filter finds"),
    # one decision
    "decision.title": ("决策 {id}", "Decision {id}"),
    "decision.why": ("为什么", "Why"),
    "decision.waterfall": ("分数构成", "How the score came about"),
    "decision.waterfall.desc": (
        "每条命中规则的加分，合计 {score} 分；竖线为各处置的起点分。",
        "Points of each rule hit, {score} in all; vertical lines are where an outcome begins.",
    ),
    "decision.no_points": ("没有规则加分。", "No rule added points."),
    "decision.rules": ("规则", "Rules"),
    "decision.rules.count": ("命中 {hit} / 共 {all}", "{hit} hit of {all}"),
    "decision.only_hits": ("只看命中", "Only those hit"),
    "decision.all_rules": ("看全部", "Show all"),
    "decision.exemptions": ("豁免", "Exemptions"),
    "decision.limits": ("限额与参数", "Limits"),
    "decision.lists": ("名单", "Lists"),
    "decision.points.total": ("合计", "Total"),
    "decision.list.member": ("在名单中", "on the list"),
    "decision.list.not": ("不在名单中", "not on the list"),
    "decision.list.unset": ("主体缺失，无从比对", "nothing to look up"),
    "decision.features": ("特征", "Features"),
    "decision.models": ("模型评分与原因", "Model scores and their reasons"),
    "decision.model.raised": ("抬高评分的", "What raised it"),
    "decision.model.lowered": ("压低评分的", "What lowered it"),
    "decision.model.points": (
        "数字为对模型原始分的影响；起点 {base}，合计 {raw}。",
        "Numbers are effects on the model's raw score, which begins at {base} and comes to {raw}.",
    ),
    "decision.fields": ("事件内容", "The event"),
    "decision.change": ("怎样会不同", "What would change it"),
    "decision.change.if": ("若", "if"),
    "decision.change.and": ("且", "and"),
    "decision.change.without": ("若没有规则", "without the rule"),
    "decision.more": ("另 {n} 项", "{n} more"),
    "decision.list.nowhere": ("不在任何名单中。", "On no list."),
    "decision.clock": ("时间", "Clock"),
    "decision.feature.used": ("命中规则用到", "used by a rule that was hit"),
    "decision.features.all": ("其余 {n} 项", "The other {n}"),
    "decision.features.none": ("此策略不读取特征。", "This policy reads no features."),
    "decision.change.none": (
        "单独改变任何一个输入都不会改变处置。",
        "No single input alone would alter the outcome.",
    ),
    "decision.place": ("日志位置与版本", "Journal place and versions"),
    "decision.seq": ("日志序号", "Journal number"),
    "decision.batch": ("批次首号", "Batch begins at"),
    "decision.hash": ("批次哈希", "Batch hash"),
    "decision.event_id": ("事件编号", "Event id"),
    "decision.at": ("事件时间", "Event time"),
    "decision.as_of": ("计算时点", "As of"),
    "decision.received": ("收到", "Received"),
    "decision.durable": ("写盘", "Durable"),
    "decision.latency": ("耗时", "Took"),
    "decision.policy": ("策略", "Policy"),
    "decision.policy_version": ("策略版本", "Policy version"),
    "decision.definitions": ("定义版本", "Definitions version"),
    "decision.method": ("验证方式", "Method"),
    "decision.wait": ("延迟时长", "Wait"),
    "decision.retry_of": ("重试自", "Retry of"),
    "decision.follow_ups": ("后续", "What followed"),
    "decision.no_policy": (
        "此事件类型没有生效策略，默认通过。",
        "No live policy decides this event type; it passes.",
    ),
    "decision.no_explanation": (
        "暂时无法给出解释：当时的定义或事实不在手边。决策本身完好。",
        "No explanation now: the facts or definitions of the time are not at hand. The decision is intact.",
    ),
    "decision.degraded": (
        "作出此决策时以下输入不可用：{what}。按声明的降级方式处理。",
        "These inputs were away when this was decided: {what}. Their declared degradation was applied.",
    ),
    "decision.late": (
        "此事件迟到：发生时间早于计算时点超过允许范围。",
        "This event came late: its time lies further behind the moment of deciding than is tolerated.",
    ),
    "decision.shadows": ("影子策略会如何处置", "What shadow policies would have done"),
    "decision.back": ("返回列表", "Back to the list"),
    "rule.hit": ("命中", "Hit"),
    "rule.not_hit": ("未命中", "Not hit"),
    "rule.unknown": ("无法判断", "Unknown"),
    "rule.degraded": ("降级命中", "Hit by degradation"),
    "rule.trace": ("条件明细", "Condition, step by step"),
    "sign.true": ("成立", "true"),
    "sign.false": ("不成立", "false"),
    "sign.missing": ("缺失", "missing"),
    "rule.lifted": ("已豁免", "Lifted"),
    "rule.away": ("输入不可用：{what}", "away: {what}"),
    "rule.asks": ("要求{outcome}", "asks: {outcome}"),
    "exemption.holds": ("成立，免除 {what}", "holds, lifts {what}"),
    "exemption.not": ("不成立", "does not hold"),
    "summary.none": (
        "{outcome}：{n} 条规则均未命中。",
        "{outcome}: none of the {n} rules was hit.",
    ),
    "summary.lifted": (
        "{outcome}：命中的 {lifted} 条规则均被豁免。",
        "{outcome}: an exemption lifted all {lifted} rules that were hit.",
    ),
    "summary.one": (
        "{outcome}，{score} 分。命中一条规则：{doc}。",
        "{outcome}, score {score}. One rule was hit: {doc}.",
    ),
    "summary.many": (
        "{outcome}，{score} 分。命中 {n} 条规则，首要的是：{doc}。",
        "{outcome}, score {score}. {n} rules were hit, foremost: {doc}.",
    ),
    # policies
    "policies.title": ("策略", "Policies"),
    "policies.empty": (
        "没有加载任何策略。请检查行业包目录。",
        "No policy is loaded. Check the packs directory.",
    ),
    "policies.read_only": (
        "只读。策略写在行业包文件中，修改后由平台整体采用。",
        "Read only. Policies are written in pack files; the platform takes a change as a whole.",
    ),
    "policy.on": ("事件 {event}", "on {event}"),
    "policy.pack": ("行业包 {pack}", "pack {pack}"),
    "policy.rules": ("{n} 条规则", "{n} rules"),
    "policy.decided": ("已决策", "Decided"),
    "policy.would": ("影子处置", "Would have decided"),
    "policy.deadline": ("时限 {ms} 毫秒", "deadline {ms} ms"),
    "policy.bands": ("分数档", "Score bands"),
    "policy.band": ("{score} 分起", "from {score}"),
    "policy.exemptions": ("豁免", "Exemptions"),
    "policy.lifts": ("豁免 {what}", "lifts {what}"),
    "policy.no_decisions": ("启动以来尚无决策。", "No decision since start."),
    "degrade.open": ("输入缺失时不触发", "does not fire when an input is away"),
    "degrade.closed": ("输入缺失时照常触发", "fires when an input is away"),
    "degrade.challenge": ("输入缺失时要求验证", "asks for a challenge when an input is away"),
    # errors
    "error.title.400": ("请求有误", "That request makes no sense"),
    "error.title.403": ("没有权限", "Not permitted"),
    "error.title.404": ("没有这个页面", "Nothing here"),
    "error.title.405": ("不支持的请求方式", "That can't be done here"),
    "error.title.413": ("内容过大", "Too large"),
    "error.title.415": ("不支持的内容类型", "Not a form"),
    "error.title.500": ("出错了", "Something failed"),
    "error.title.503": ("暂时繁忙", "Busy for the moment"),
    "error.not_found": (
        "网址可能有误，或编号不存在。",
        "The address may be mistyped, or no such id exists.",
    ),
    "error.no_decision": (
        "没有编号为 {id} 的决策。",
        "There is no decision with the id {id}.",
    ),
    "error.no_policy": ("没有名为 {id} 的策略。", "There is no policy named {id}."),
    "error.scope": (
        "您的会话没有 {scope} 权限。请让平台管理员签发带有该权限的登录链接。",
        "Your session lacks the right {scope}. Your administrator can issue a link that carries it.",
    ),
    "error.csrf": (
        "表单已过期或来自其他页面，未作任何改动。请返回后重试。",
        "The form is out of date or came from another page; nothing was changed. Go back and try again.",
    ),
    "error.other_site": (
        "请求来自其他网站，未作任何改动。",
        "Another site sent this request; nothing was changed.",
    ),
    "error.method": (
        "此网址不支持该操作，未作任何改动。",
        "This address does not do that; nothing was changed.",
    ),
    "error.not_a_form": (
        "内容不是普通表单，未作任何改动。",
        "That is no ordinary form; nothing was changed.",
    ),
    "error.form_too_large": ("表单过大，未作任何改动。", "The form is too large; nothing was changed."),
    "error.failed": (
        "控制台处理此请求时出错，决策不受影响。请重试；若再次发生，请把请求编号交给管理员。",
        "The console failed here; decisions go on. Try again; if it recurs, tell your administrator the id.",
    ),
    "error.request_id": ("请求编号", "Request id"),
    "error.retry": ("重试", "Try again"),
    "error.home": ("回到总览", "To the overview"),
}


def say(lang: Lang, message: str, **values: object) -> str:
    """The sentence with this id; raises KeyError for an id that nobody wrote, or a value that is not given.

    >>> say("zh", "policy.rules", n=3), say("en", "policy.rules", n=3)
    ('3 条规则', '3 rules')
    """
    zh, en = WORDS[message]
    sentence = zh if lang == "zh" else en
    return sentence.format(**values) if values else sentence


def preferred(accept_language: str) -> Lang:
    """The language a browser asks for first, of the two that we speak; Chinese when it asks for neither.

    >>> preferred("en-GB,en;q=0.9,zh;q=0.8"), preferred("zh-CN,en;q=0.5"), preferred("")
    ('en', 'zh', 'zh')
    """
    wishes = sorted(_wishes(accept_language), key=lambda wish: -wish[0])
    return next((lang for weight, lang in wishes if weight > 0), "zh")


def _wishes(accept_language: str) -> Iterator[tuple[float, Lang]]:
    for part in accept_language[:256].split(","):
        tag, _, weight = part.strip().partition(";q=")
        primary = tag.partition("-")[0].lower()
        for lang in LANGS:
            if primary == lang:
                try:
                    yield float(weight or "1"), lang
                except ValueError:
                    yield 0.0, lang
