"""What is said of events and features."""

from typing import Final

PHRASES: Final = {
    # ---- events
    "has no fields": "没有字段",
    "declare them under [{}.fields]": "请在 [{0}.fields] 下声明",
    "the events of a decision's life come from outside": "决策生命周期的事件来自外部",
    "leave `own` out": "请删去 `own`",
    "entity {} is {} here and {} in {}.{}": "实体 {0} 在此为{1:t}，在 {3}.{4} 中为{2:t}",
    "give both the same type and identifier, or name another entity": "请给两者同样的类型与标识，或另起实体名",
    "lifecycle {} is already that of {}": "生命周期 {0} 已由 {1} 担任",
    "leave `lifecycle` out": "请删去 `lifecycle`",
    "same_as {} is no entity{}": "same_as 所指的 {0} 不是{1:t}实体",
    " of type {}": "类型为{0:t}的",
    "the name is taken: expressions or the event itself mean something else by it": (
        "该名称已有其他含义：表达式或事件本身要用它"
    ),
    'write { type = "text", class = "C2", doc = { zh = "…", en = "…" } }': (
        '写作 { type = "text", class = "C2", doc = { zh = "…", en = "…" } }'
    ),
    "say how sensitive it is: public, C1, C2 or C3 (JR/T 0171-2020)": (
        "请写明敏感级别：public、C1、C2 或 C3（JR/T 0171-2020）"
    ),
    "`same_as` says which other entity this one is": "`same_as` 写明它是另一个什么实体",
    "give an `entity` of another name, or leave it out": "请给出不同名的 `entity`，或删去",
    "`subject` belongs to an identifier": "`subject` 只用于标识字段",
    "leave it out: only identifiers go into the vault": "请删去：只有标识进入保险库",
    "{} can't be the key of an entity": "{0:t}不能作为实体的键",
    "use a text, a token or a whole number": "请用文本、标识令牌或整数",
    "class C3 may not be stored (passwords, CVN, card expiry, biometrics)": (
        "C3 类信息不得存储（密码、CVN、卡有效期、生物特征）"
    ),
    "leave the field out, or set `identifier` so that only a keyed token goes on": (
        "请删去该字段，或设 `identifier`，只让带密钥的令牌往下走"
    ),
    "looks like a personal identifier that would be stored in clear": "像是个人标识，会以明文存储",
    "set `identifier` so that it becomes a keyed token, or choose another name": (
        "请设 `identifier` 使其成为带密钥的令牌，或换一个名称"
    ),
    "an identifier has type text": "标识字段的类型为 text",
    'write type = "text"': '写作 type = "text"',
    "{} points at a person: class {} is too low": "{0} 可定位到个人：{1} 级别过低",
    'write class = "C2"': '写作 class = "C2"',
    "an identifier is not public": "标识不得为 public",
    'write class = "C1" or "C2"': '写作 class = "C1" 或 "C2"',
    "`{}` belongs to a money field": "`{0}` 只用于金额字段",
    "has both `currency` and `currency_field`": "同时写了 `currency` 和 `currency_field`",
    "an identifier has no fixed `values`": "标识字段没有固定的 `values`",
    "a value is longer than `length_max`": "有取值超过 `length_max`",
    "make length_max larger": "请调大 length_max",
    "`{}` belongs to a text field": "`{0}` 只用于文本字段",
    "`least` is above `most`": "`least` 大于 `most`",
    "swap them": "请对调",
    "`{}` belongs to a number or to money": "`{0}` 只用于数字或金额",
    "unknown currency_field '{}'": "currency_field 所指的“{0}”不存在",
    "currency_field {} is {}": "currency_field 所指的 {0} 为{1:t}",
    "name a text field": "请写一个文本字段",
    "currency_field {} may be absent": "currency_field 所指的 {0} 可能缺失",
    "make it required": "请设为必填",
    "subject {} is no text, identifier or whole number of this event": (
        "subject 所指的 {0} 不是本事件的文本、标识或整数"
    ),
    "the platform fills what `screens`": "带 `screens` 的字段由平台填写",
    'write type = "int", required = false, and no entity': (
        '写作 type = "int"、required = false，不带 entity'
    ),
    "`screens`: {} has no field '{}'": "`screens`：{0} 没有字段“{1}”",
    "`screens`: {} is {}": "`screens`：{0} 为{1:t}",
    "name a text or an identifier": "请写一个文本或标识字段",
    "`screens`: {} is no name": "`screens`：{0} 不是姓名",
    'give it identifier = "name"': '请设 identifier = "name"',
    "lifecycle {} needs a required field '{}' of type {}": "生命周期 {0} 需要必填字段“{1}”，类型为{2:t}",
    "declare it": "请声明它",
    # ---- features
    "goes round in a circle: {}": "循环引用：{0:x}",
    "break the circle": "请打断循环",
    "`is`: no event type offers all of these together: {}": "`is`：没有事件类型同时提供：{0:x}",
    "read features of one key, or give `by` of a feature as a table per event type": (
        "请读取同一键的特征，或把特征的 `by` 按事件类型写成表"
    ),
    "has the name of a field of {}": "与 {0} 的字段同名",
    "`else` has no currency here: the amount's currency is a field": "`else` 在此没有币种：金额的币种由字段决定",
    "`else` of a {} {}": "`else` 对应{0:k}，{1:t}",
    "`over` and `lag` together are longer than a hundred years": "`over` 与 `lag` 相加超过一百年",
    "shorten one": "请缩短其中之一",
    'write "7d", "day", "week", "month", "year" or "ever"': (
        '写作 "7d"、"day"、"week"、"month"、"year" 或 "ever"'
    ),
    "`over` is no window: '{}'": "`over` 不是窗口：“{0}”",
    'write a duration such as "7d", or day, week, month, year, ever': (
        '写作时长，例如 "7d"，或 day、week、month、year、ever'
    ),
    "`over` is an empty window": "`over` 是空窗口",
    'write a duration such as "7d"': '写作时长，例如 "7d"',
    "`over` is longer than a hundred years": "`over` 超过一百年",
    'write "ever"': '写作 "ever"',
    "`current` means nothing: {} reads strictly earlier events": "`current` 没有意义：{0} 只读更早的事件",
    "`q` belongs to the fold quantile": "`q` 只用于 quantile",
    "an exact quantile has no lag": "精确分位数不能带滞后",
    "leave `lag` out": "请删去 `lag`",
    'an exact quantile keeps the whole window: over = "ever" is refused': (
        '精确分位数要保留整个窗口，不接受 over = "ever"'
    ),
    "give a duration": "请填写时长",
    "`q` must be a number between 0 and 1": "`q` 应为 0 与 1 之间的数",
    "write q = 0.95": "写作 q = 0.95",
    "`of`: unknown event '{}'": "`of`：未知的事件“{0}”",
    "`by` is missing": "缺少 `by`",
    "name the field or the entity that the feature is kept for": "请写明特征按哪个字段或实体保存",
    "`by` names one field of {} twice": "`by` 重复列出 {0} 的同一字段",
    "`by` has {} parts on {} and {} on {}": "`by` 在 {1} 上有 {0} 个部分，在 {3} 上有 {2} 个",
    "give as many": "请给出同样多个",
    "`by`: {} has {} {}": "`by`：{0} 与 {2} 不一致：{1:t}",
    "{} of type {}, unlike {} of type {} on": "{0}（{1:t}）对 {2}（{3:t}）",
    "{} of entity {}, unlike {} of {} on": "{0}（实体 {1}）对 {2}（实体 {3}）",
    "give both fields one type and one entity, or write `by` as a table per event type": (
        "请给两个字段同样的类型与实体，或把 `by` 按事件类型写成表"
    ),
    "`by`: {} is {}": "`by`：{0} 为{1:t}",
    "a key is a text, a token or a whole number": "键应为文本、标识令牌或整数",
    "`by`: unknown event '{}'": "`by`：未知的事件“{0}”",
    "`by`: {} must be a field or a list of fields": "`by`：{0} 应为一个字段或字段列表",
    'write by = { login = "user" }': '写作 by = { login = "user" }',
    "`by` says nothing of {}, which feeds the feature": "`by` 没有写明 {0}，而它要计入该特征",
    "add it to the table": "请在表中补上",
    "`{}`: {} has several fields of entity {}: {}": "`{0}`：{1} 有多个字段属于实体 {2}：{3:x}",
    'choose one: {} = { {} = "{}" }': '请选其一：{0} = { {1} = "{2}" }',
    "`{}`: {} has no field or entity '{}'": "`{0}`：{1} 没有字段或实体“{2}”",
    "`where`: '{}' does not feed the feature": "`where`：“{0}”不计入该特征",
    "`where`: {} must be a text, not {}": "`where`：{0} 应为文本，现为{1:t}",
    "a text, or a table of texts per event type": "文本，或按事件类型写成的文本表",
    "{} folds no value": "{0} 不对取值做汇总",
    "leave `value` out": "请删去 `value`",
    "`value`: {}.{} is {}, {}.{} is {}": "`value`：{0}.{1} 为{2:t}，{3}.{4} 为{5:t}",
    "fold values of one type": "请汇总同一类型的取值",
    "{} of a {}": "不能对{1:k}做 {0}",
    "fold a whole number or money, or use one of: {}": "请汇总整数或金额，或改用：{0:x}",
    "{} of a ratio is not exact": "对比率做 {0} 不精确",
    "use first or last, or make the field a whole number": "请用 first 或 last，或把字段改为整数",
    "`value` is missing: {} needs one": "缺少 `value`：{0} 需要它",
    "name the field that is folded": "请写明要汇总的字段",
    "`value`: '{}' does not feed the feature": "`value`：“{0}”不计入该特征",
    "`value`: {} must be a text, not {}": "`value`：{0} 应为文本，现为{1:t}",
    "`value` says nothing of {}, which feeds the feature": "`value` 没有写明 {0}，而它要计入该特征",
    "`value` must be a text or a table of texts per event type, not {}": (
        "`value` 应为文本，或按事件类型写成的文本表，现为{0:t}"
    ),
    "`value`: {} reads `seen` and has no such value": "`value`：{0} 要读 `seen`，却没有这一取值",
    "name its field in a `value` table": "请在 `value` 表中写明它的字段",
    "`by`: the currency's field has several names": "`by`：币种字段在各事件中名称不一",
    "give it the same name everywhere": "请统一名称",
    "`value`: {}.{} may be in any currency, and a fold needs one": (
        "`value`：{0}.{1} 可能是任何币种，而汇总须为同一币种"
    ),
    "put {} into `by`, or write where = \"{} == 'CNY'\"": "请把 {0} 放入 `by`，或写 where = \"{1} == 'CNY'\"",
    "`value` mixes currencies: {}": "`value` 混用币种：{0:x}",
    "fold one currency": "请只汇总一种币种",
    # ---- expressions inside packs
    "`{}`: {}": "`{0}`：{1:t}",
    "`{}`: unknown name '{}'": "`{0}`：没有名为“{1}”的字段或特征",
    "compare something, or ask missing(x)": "请作比较，或写 missing(x)",
    "`{}`: asks whether the derived feature {} is in a list": "`{0}`：派生特征 {1} 不能到名单中查找",
    "ask about a field or a window feature": "请改查字段或窗口特征",
}  # fmt: skip
