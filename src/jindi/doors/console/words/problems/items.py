"""How the places inside a file are called: `rule night: case 3` and its like, part by part."""

from typing import Final

ITEMS: Final = {
    "rule": "规则 {}",
    "exemption": "豁免 {}",
    "policy": "策略 {}",
    "band": "第 {} 个分数段",
    "case": "用例 {}",
    "number": "第 {} 条",
    "value": "第 {} 个值",
    "entry": "第 {} 个条目",
    "year": "第 {} 个年度",
    "off": "第 {} 段假期",
    "due": "第 {} 个时限",
    "step": "第 {} 步",
    "from": "第 {} 个来源",
    "of": "第 {} 类转账",
    "article": "第 {} 条",
    "input": "输入 {}",
    "term": "第 {} 项",
    "tree": "第 {} 棵树",
    "row": "第 {} 行",
    "line": "第 {} 行",
    "report": "报告 {}",
    "pattern": "资金图形 {}",
    "calendar": "日历 {}",
    "criterion": "大额标准 {}",
    "movement": "资金变动 {}",
    "suspicion": "可疑报告默认值 {}",
    "scheme": "评级方案 {}",
    "factor": "评级指标 {}",
    "rating": "评级 {}",
}
"""A part of two words, by its first: how the second stands in Chinese."""

KINDS: Final = {
    # Values, as TOML, as the language and as packs name them.
    "text": "文本", "a text": "文本", "texts": "文本", "a whole number": "整数", "whole numbers": "整数", "int": "整数",
    "a int": "整数", "an amount": "金额", "amounts": "金额", "amount of money": "金额", "money": "金额",
    "truths": "是/否", "bool": "是/否",
    "token": "标识令牌", "a token": "标识令牌", "tokens": "标识令牌", "time": "时刻", "a time": "时刻", "times": "时刻",
    "duration": "时长", "a duration": "时长", "durations": "时长", "ratio": "比率", "a ratio": "比率", "ratios": "比率",
    "list": "名单", "a list": "名单", "lists": "名单",
    # Outcomes.
    "allow": "通过", "challenge": "验证", "delay": "延迟", "review": "审核", "deny": "拒绝",
    # What packs declare.
    "event": "事件", "feature": "特征", "limit": "参数", "label": "标签", "control": "控制措施", "typology": "案件类型",
    "report": "报告", "threshold": "定级标准", "plan": "预案", "source": "依据来源", "pattern": "资金图形",
    "calendar": "日历", "criterion": "大额标准", "exemption": "豁免", "rule": "规则", "policy": "策略",
    "band": "分数段",
    "case": "用例",
    # What a case expects, what a tree is made of.
    "fires": "触发", "node": "节点", "leaf": "叶子", "derived": "派生特征",
}  # fmt: skip
"""What things and values are called; a value's kind may say of what: `money of CNY`, `an amount in CNY`."""
