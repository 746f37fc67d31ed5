"""What every table of a pack file may be told: of its keys, the kinds of its values, its names (`packs.tables`,
`packs.values`, `basics`).
"""

from typing import Final

PHRASES: Final = {
    # ---- names and keys
    "use lower-case letters, digits and _, beginning with a letter, at most 64": (
        "请用小写字母、数字和 _，以字母开头，至多 64 个字符"
    ),
    "use lower-case letters, digits, - and _, beginning with a letter, at most 64": (
        "请用小写字母、数字、- 和 _，以字母开头，至多 64 个字符"
    ),
    "not a name": "不是合规的名称",
    "`{}` is not a name": "`{0}` 不是合规的名称",
    "unknown key '{}'": "未知的键“{0}”",
    "unknown key": "未知的键",
    "unknown {} '{}'": "`{0}` 没有“{1}”这一取值",
    "did you mean '{}'?": "是否想写“{0}”？",
    "use one of: {}": "可选：{0:n}",
    "none is declared": "目前一个都没有声明",
    "`{}` is missing": "缺少 `{0}`",
    "`{}` is empty": "`{0}` 为空",
    "`{}` names '{}' twice": "`{0}` 重复列出“{1}”",
    "name it once": "只写一次",
    "name at least one": "至少写一个",
    # ---- kinds of values
    "`{}` must be {}, not {}": "`{0}` 应为{1:t}，现为{2:t}",
    "`{}` must be {}": "`{0}` 应为{1:t}",
    "`{}` must be a table with zh and en, not {}": "`{0}` 应为含 zh 与 en 的表，现为{1:t}",
    "`{}` must be an array of tables": "`{0}` 应为表数组",
    "must be a table, not {}": "应为表，现为{0:t}",
    "begin it with [{}]": "以 [{0}] 开头",
    "true or false": "true 或 false",
    "a whole number": "整数",
    "a number with decimals": "小数",
    "an array": "数组",
    "a table": "表",
    "a date and time": "日期时间",
    "a date": "日期",
    "a time of day": "时刻（无日期）",
    "something else": "其他类型",
    "a text": "文本",
    "a list of texts": "文本列表",
    "a text or a list of texts": "文本或文本列表",
    "a text, or a table with zh and en": "文本，或含 zh 与 en 的表",
    'a duration text such as "5m"': '时长文本，例如 "5m"',
    'a percentage text such as "5%"': '百分比文本，例如 "5%"',
    # ---- what to give
    "give a text": "请填写文本",
    "give {}": "请填写{0:t}",
    "give true or false": "请填写 true 或 false",
    "give a whole number": "请填写整数",
    "give a whole number from {} to {}": "请填写 {0} 到 {1} 之间的整数",
    'give a duration such as "5m"': '请填写时长，例如 "5m"',
    "give a longer duration": "请填写更长的时长",
    "give a shorter duration": "请填写更短的时长",
    "make it shorter": "请写短一些",
    'write {} = { zh = "…", en = "…" }': '写作 {0} = { zh = "…", en = "…" }',
    'write basis = { zh = "…", en = "…" }, or one text for both': (
        '写作 basis = { zh = "…", en = "…" }，或两种语言共用一个文本'
    ),
    'write it as "5%" or "0.25%"': '写作 "5%" 或 "0.25%"',
    # ---- bounds
    "`{}` is longer than {} characters": "`{0}` 超过 {1} 个字符",
    "`{}` is out of range": "`{0}` 超出范围",
    "`{}` is {}": "`{0}` {1:t}",
    "`{}` is too short": "`{0}` 太短",
    "`{}` is longer than a hundred years": "`{0}` 超过一百年",
    "`{}` is not a percentage above 0% and up to 100%": "`{0}` 应为大于 0%、至多 100% 的百分比",
    # ---- single values: each goes on after a name
    "`{}` {}": "`{0}` {1:t}",
    "`at` {}": "`at` {0:t}",
    "`is` {}": "`is` {0:t}",
    "`since` {}": "`since` {0:t}",
    "`expires` {}": "`expires` {0:t}",
    "must be true or false, not {}": "应为 true 或 false，现为{0:t}",
    'must be a duration text such as "5m", not {}': '应为时长文本，例如 "5m"，现为{0:t}',
    "must be a text, not {}": "应为文本，现为{0:t}",
    'must be an instant such as "2026-11-22T08:00:00+08:00", not {}': (
        '应为时刻，例如 "2026-11-22T08:00:00+08:00"，现为{0:t}'
    ),
    "has no offset; write it as 2026-11-22T08:00:00+08:00": "缺少时区，应写作 2026-11-22T08:00:00+08:00",
    "must be a date such as 2026-01-01 (without quotes), not {}": "应为日期，例如 2026-01-01（不加引号），现为{0:t}",
    "must be a whole number, not {}": "应为整数，现为{0:t}",
    "is beyond 64 bits": "超出 64 位整数的范围",
    'must be an amount as text such as "1234.50", not {}': '应为金额文本，例如 "1234.50"，现为{0:t}',
    "has no currency": "没有币种",
    'is not a ratio such as 0.25, "0.25" or "25%"': '不是比率，应写作 0.25、"0.25" 或 "25%"',
    "must be a number such as 0.25, not {}": "应为数字，例如 0.25，现为{0:t}",
    "is not a finite number of sane size": "不是大小合理的有限数值",
    "not a duration such as 30s, 5m, 1h or 7d": "不是时长，应写作 30s、5m、1h 或 7d",
    "not an instant such as 2026-11-22T08:00:00Z (RFC 3339, with its offset)": (
        "不是时刻，应写作 2026-11-22T08:00:00Z（RFC 3339，含时区）"
    ),
    "unknown currency; give an ISO 4217 code": "未知的币种，请填写 ISO 4217 代码",
    "not a decimal amount such as 1234.50": "不是十进制金额，应写作 1234.50",
    "more than {} decimal places for {}": "{1} 至多 {0} 位小数",
    "amount beyond {} minor units": "金额超过 {0} 个最小货币单位",
    "unknown currency '{}'": "未知的币种“{0}”",
    "keep one": "只保留一个",
    "keep one of the two": "两者只保留一个",
    "leave it out": "请删去",
    "leave them out": "请删去",
    "rename one": "请改名其中一个",
    "choose another name": "请换一个名称",
    "the name is taken": "该名称已有其他含义",
}  # fmt: skip
