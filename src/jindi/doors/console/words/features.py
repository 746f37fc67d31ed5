"""The console's words for features."""

from typing import Final

WORDS: Final = {
    "nav.features": ("特征", "Features"),
    "features.title": ("特征", "Features"),
    "features.line": (
        "特征只声明一次，实时、回测与训练共用同一定义。",
        "A feature is declared once; live decisions, backtests and training read the same definition.",
    ),
    "features.count": ("{n} / {all} 个", "{n} of {all}"),
    "features.warming": (
        "{n} 个特征正在用历史补算；补齐前按声明降级。",
        "{n} {n:feature catches|features catch} up with the past; until then they degrade as declared.",
    ),
    "features.entity": ("主体", "Entity"),
    "features.pack": ("行业包", "Pack"),
    "features.event": ("来源事件", "Fed by"),
    "features.fold": ("聚合", "Fold"),
    "features.standing": ("状态", "State"),
    "features.standing.kept": ("已就绪", "Ready"),
    "features.standing.warming": ("补算中", "Warming"),
    "features.standing.unread": ("未被引用", "Unread"),
    "features.standing.kept.line": ("状态完整，随事件更新", "its state is whole and goes on with each event"),
    "features.standing.warming.line": (
        "正在用历史补算，补齐前缺失",
        "its state is made by a replay of the past; until then it is absent",
    ),
    "features.standing.unread.line": (
        "没有规则、模型或留存引用",
        "no rule and no model reads it, and no policy keeps it",
    ),
    "features.fold.derived": ("派生", "derived"),
    "features.name": ("特征", "Feature"),
    "features.type": ("类型", "Type"),
    "features.readers": ("引用", "Read by"),
    "features.none": ("没有符合条件的特征。", "No feature fits."),
    "features.empty": ("生效的行业包没有声明特征。", "The packs in force declare no feature."),
    "features.words": ("含义", "In words"),
    "features.written": ("定义原文", "As written"),
    "features.written.none": ("找不到原文。", "Its text was not found."),
    "features.fed_by": ("来源事件", "Fed by"),
    "features.read_on": ("可用事件", "Read on"),
    "features.inputs": ("由其计算", "Made of"),
    "features.enters": ("参与派生", "Enters"),
    "features.degrade": ("缺失时", "When absent"),
    "features.used_by": ("引用它的规则与模型", "Rules and models that read it"),
    "features.used_by.none": ("没有规则或模型引用。", "No rule and no model reads it."),
    "features.through": ("经 {name}", "through {name}"),
    "features.reader.model": ("模型", "model"),
    "features.reader.exemption": ("豁免", "exemption"),
    "features.reader.keeps": ("仅留存", "kept to learn from"),
    "features.more_readers": ("另有 {n} 处。", "{n} more."),
    "features.lately": ("近期分布", "Lately"),
    "features.lately.line": (
        (
            "取自内存中及启动前最近的 {n} 个决策（上限 {most}），事件：{events}；最早 {since}。"
            "缺失 {missing}，不可得 {absent}。"
        ),
        (
            "From the newest {n} decisions in memory and right before the start (at most {most}), on {events}; the "
            "oldest of {since}. Missing {missing}, absent {absent}."
        ),
    ),
    "features.lately.none": (
        "内存中还没有读取此特征的决策。",
        "No decision still in memory has read it.",
    ),
    "features.lately.confidential": (
        "涉及员工，分布不展示。",
        "It is about staff: what it says is shown to nobody here.",
    ),
    "features.lately.hidden": (
        "取值可能指向个人，只告知不同取值 {n} 个。",
        "Its values may point to persons: there were {n} different ones, and none is shown.",
    ),
    "features.chart": ("{name} 的近期分布", "How {name} was distributed lately"),
    "features.as_table": ("以表格查看", "As a table"),
    "features.range": ("取值", "Value"),
    "features.decisions": ("决策数", "Decisions"),
    "features.share": ("占比", "Share"),
    "features.value": ("某一主体的当前值", "What it says of an entity now"),
    "features.value.line": (
        "可输入明文，立即转为令牌；查询会被记录，不留在地址中。",
        "Clear text may be typed and becomes a token at once; that you asked is recorded, and no address holds it.",
    ),
    "features.value.of": ("{entity} 的值", "The value of {entity}"),
    "features.value.ask": ("查询", "Ask"),
    "features.value.as_of": ("截至 {at}", "as of {at}"),
    "features.value.all": ("该主体的全部特征", "All features of this entity"),
    "features.value.unread": ("此特征没有状态：不随任何事件更新。", "No state is kept of this feature."),
    "features.value.bad": ("值的写法不符合该主体的类型。", "The value has not the form that this entity has."),
    "features.quantile.min": ("最小", "least"),
    "features.quantile.p10": ("10% 分位", "10%"),
    "features.quantile.p50": ("中位数", "median"),
    "features.quantile.p90": ("90% 分位", "90%"),
    "features.quantile.p99": ("99% 分位", "99%"),
    "features.quantile.max": ("最大", "greatest"),
    "error.no_feature": ("没有此特征。", "There is no such feature."),
}
