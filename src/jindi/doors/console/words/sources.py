"""The console's words for the sources of bases."""

from typing import Final

WORDS: Final = {
    "nav.sources": ("依据来源", "Sources"),
    "sources.title": ("依据来源", "Sources of bases"),
    "sources.line": (
        "规则、限额和控制项的依据都指向这里。条文是我们自己的转述，不代替原文，也不是法律意见。",
        (
            "Every basis of a rule, a limit or a control leads here. What articles say is told in our own words: it "
            "stands for no original and is no legal advice."
        ),
    ),
    "sources.count": ("{n} / {all} 个来源", "{n} of {all} {all:source|sources}"),
    "sources.text": ("名称、文号、发布机构", "Title, number, issuing body"),
    "sources.status": ("状态", "State"),
    "sources.status.in_force": ("现行有效", "in force"),
    "sources.status.repealed": ("已废止", "repealed"),
    "sources.status.draft": ("征求意见稿", "draft"),
    "sources.status.ours": ("自定口径", "our own"),
    "sources.source": ("来源", "Source"),
    "sources.number": ("文号", "Number"),
    "sources.body": ("发布机构", "Issued by"),
    "sources.since": ("施行日期", "In force since"),
    "sources.since.unknown": ("未记录", "not recorded"),
    "sources.mark": ("核实程度", "How sure"),
    "sources.articles": ("条文", "Articles"),
    "sources.rests": ("引用者", "Rest on it"),
    "sources.none": ("没有符合筛选的来源。", "No source fits the filter."),
    "sources.empty": (
        "生效的行业包没有登记来源；在某个包里写一份 sources.toml 即可。",
        "The packs in force register no source; write a sources.toml in one of them.",
    ),
    "source.names": ("依据中的叫法", "As bases call it"),
    "source.address": ("所读文本", "Text as read at"),
    "source.address.none": ("未记录网址", "no address is recorded"),
    "source.address.open": ("外部网站，由您自行打开。", "A site outside: you open it yourself."),
    "source.file": ("登记于", "Registered in"),
    "source.articles.none": (
        "按整份文件引用，没有逐条登记。",
        "It is cited as a whole; no article is registered.",
    ),
    "source.said": ("条文要点（我们的转述）", "What it says, in our words"),
    "source.cited_by": ("引用者", "Cited by"),
    "source.cited_by.none": ("没有引用。", "Nothing cites it."),
    "source.kind.rule": ("规则", "Rules"),
    "source.kind.exemption": ("豁免", "Exemptions"),
    "source.kind.limit": ("参数（限额）", "Parameters (limits)"),
    "source.kind.control": ("控制项", "Controls"),
    "source.kind.report": ("安全事件报告", "Reports of incidents"),
    "source.kind.pattern": ("洗钱图形", "Patterns of laundering"),
    "source.kind.calendar": ("工作日历", "Calendars of working days"),
    "source.kind.large": ("大额交易报告", "Reports of large transactions"),
    "source.kind.typology": ("案件类型（经由其规则）", "Kinds of cases (by their rules)"),
    "source.nothing": ("生效的行业包没有以它为依据的内容。", "Nothing in the packs in force rests on it."),
    "error.no_source": ("没有登记此来源。", "There is no such source."),
}
