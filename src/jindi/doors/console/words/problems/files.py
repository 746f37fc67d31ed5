"""What is said of whole packs and of their smaller files: calendars, controls, incidents, labels, lists, parameters,
reporting, sources, typologies, words; and of texts that an edit can't reach (`packs.edits`).
"""

from typing import Final

PHRASES: Final = {
    # ---- files and packs (load)
    "there is no pack": "没有行业包",
    "begin with a pack.toml": "请从 pack.toml 开始",
    "not a relative path": "不是相对路径",
    "use / and no ..": "请用 /，不要用 ..",
    "lies in no pack": "不属于任何行业包",
    "put a pack.toml beside it": "请在其旁边放一个 pack.toml",
    "not a file of a pack": "不是行业包的文件",
    "a pack holds pack.toml, events.toml, words.toml, case_words.toml, features.toml, labels.toml, typologies.toml, "
    "advice.toml, patterns.toml, incidents.toml, calendars.toml, reporting.toml, rating.toml, controls.toml, "
    "models.toml, sources.toml, policies/*.toml, policies/shadow/*.toml, parameters/*.toml, lists/*.toml, "
    "models/*.json": (
        "行业包由这些文件组成：pack.toml、events.toml、words.toml、case_words.toml、features.toml、labels.toml、"
        "typologies.toml、advice.toml、patterns.toml、incidents.toml、calendars.toml、reporting.toml、rating.toml、"
        "controls.toml、models.toml、sources.toml、policies/*.toml、policies/shadow/*.toml、parameters/*.toml、lists/*.toml、models/*.json"
    ),
    "longer than {} characters": "超过 {0} 个字符",
    "split it": "请拆成几个文件",
    "holds half a character (a lone surrogate)": "含有半个字符（孤立的代理码点）",
    "save the file as UTF-8": "请把文件存为 UTF-8",
    "nested too deeply": "嵌套过深",
    "write it flatter": "请减少嵌套",
    "not TOML: {}": "不是合规的 TOML：{0:o}",
    "mend the line": "请修正这一行",
    "no model asks for it": "没有模型用到它",
    "name it in models.toml, or remove it": "请在 models.toml 中写明它，或删去该文件",
    'write currency = "CNY"': '写作 currency = "CNY"',
    "the pack {} is declared in {} too": "行业包 {0} 在 {1} 中也有声明",
    "`needs` pack '{}', which isn't loaded": "`needs` 所列的行业包“{0}”没有加载",
    "the {} {} is declared in {} too": "{0:t} {1} 在 {2} 中也有声明",
    "rename one of the two": "请改名两者之一",
    'write zone = "Asia/Shanghai"': '写作 zone = "Asia/Shanghai"',
    "unknown time zone '{}'": "未知的时区“{0}”",
    'use a name such as "Asia/Shanghai" or "UTC"': '请用 "Asia/Shanghai" 或 "UTC" 这样的名称',
    "the words of {} stand in {} too": "{0} 的叫法在 {1} 中也有",
    # ---- words and the Chinese names of cases
    'write VALUE = { zh = "…", en = "…" } under a table of the field\'s name': (
        '在以字段命名的表下写作 取值 = { zh = "…", en = "…" }'
    ),
    "must be a table of values, not {}": "应为列出取值的表，现为{0:t}",
    "names no value": "没有列出取值",
    "no event has a field '{}'": "没有事件带有字段“{0}”",
    "must be a table with zh and en, not {}": "应为含 zh 与 en 的表，现为{0:t}",
    "no field {} may hold it": "字段 {0} 没有这一取值",
    "say it shorter": "请写短一些",
    'write "its name" = "它的中文名"': '写作 "用例原名" = "它的中文名"',
    "is empty": "为空",
    # ---- calendars
    'write year = [ { of = 2026, off = [ … ], work = [ … ], basis = "…", mark = "…" } ]': (
        '写作 year = [ { of = 2026, off = [ … ], work = [ … ], basis = "…", mark = "…" } ]'
    ),
    "the year {} stands here twice": "{0} 年在此出现两次",
    "`adds_to`: there is no calendar '{}'": "`adds_to`：没有日历“{0}”",
    "{} has the year {} already": "{0} 已有 {1} 年",
    "from {} to {} is no stretch of days off": "{0} 至 {1} 不是一段假期",
    "1 to {} days": "一段假期为 1 至 {0} 天",
    "`work`: {} is no weekend day": "`work`：{0} 不是周末",
    "other days are worked without saying so": "其他日子本就上班，不必写出",
    "name the notice": "请写明放假通知",
    "write {} = {}-01-01": "写作 {0} = {1}-01-01",
    "a list of dates": "日期列表",
    "`work`: a day {}": "`work`：其中一天{0:t}",
    "`{}`: {} is no day of {}, nor of the December before": "`{0}`：{1} 不在 {2} 年，也不在上一年 12 月",
    "move it to its own year": "请移到它所在的年份",
    "{} is off twice": "{0} 两次列为放假",
    "{} is worked twice": "{0} 两次列为上班",
    "{} is off and worked": "{0} 既放假又上班",
    "look at the notice again": "请核对放假通知",
    # ---- controls
    "use capital letters, digits and _, beginning with a letter, at most 32, such as C01": (
        "请用大写字母、数字和 _，以字母开头，至多 32 个字符，例如 C01"
    ),
    "not a control's id": "不是合规的控制措施编号",
    "`every` is longer than a year": "`every` 超过一年",
    "a safeguard is proved at least once a year": "安全措施至少每年验证一次",
    "say which rule or standard asks for it": "请写明哪项规定或标准要求它",
    "`with`: '{}' is not a name": "`with`：“{0}”不是合规的名称",
    "`with`: {} must be a whole number, a text or a list of texts, not {}": (
        "`with`：{0} 应为整数、文本或文本列表，现为{1:t}"
    ),
    # ---- incidents
    "not a part of incidents": "事件应急文件中没有这一部分",
    "begin it with [{}.…]": "以 [{0}.…] 开头",
    'write due = [ { from = "aware", within = "…" } ]': '写作 due = [ { from = "aware", within = "…" } ]',
    "say which rule asks for it": "请写明哪项规定要求它",
    '`of` names the report that was sent, and belongs to from = "sent" alone': (
        '`of` 指已报送的报告，只与 from = "sent" 同用'
    ),
    "name a report, or leave it out": "请写明一份报告，或删去",
    "a plan has 1 to {} steps": "一份预案有 1 至 {0} 步",
    "say what is done first, and what then": "请写明先做什么、再做什么",
    "`{}`: there is no parameter '{}'": "`{0}`：没有参数“{1}”",
    "`{}`: the parameter {} is no {}": "`{0}`：参数 {1} 不是{2:t}",
    "name {}": "请写{0:t}类参数",
    "an amount of money": "金额",
    "`of`: there is no report '{}'": "`of`：没有报告“{0}”",
    "waits for itself to be sent": "要等它自己先报送",
    "let one of them begin elsewhere": "请让其中一份从别的时点起算",
    "`kinds`: unknown kind '{}'": "`kinds`：未知的类别“{0}”",
    # ---- labels
    "`on`: unknown event '{}'": "`on`：未知的事件“{0}”",
    "nobody speaks about it": "没有事件给出这个标签",
    'add [[{}.from]] with event = "…" and names = "…"': '请加 [[{0}.from]]，写明 event = "…" 和 names = "…"',
    "name the event type that says it": "请写明给出它的事件类型",
    "name its field with the id of the labelled event (or of its decision)": (
        "请写明其中存放被标记事件（或其决策）编号的字段"
    ),
    "unknown event '{}'": "未知的事件“{0}”",
    "{} would label itself": "{0} 会给自己打标签",
    "leave it out of `on`, or let another event say it": "请从 `on` 中删去它，或由别的事件给出",
    "`names`: {} has no field '{}'": "`names`：{0} 没有字段“{1}”",
    "`names`: {} is no required text": "`names`：{0} 不是必填文本",
    "an id is a text that is always given": "编号是每次都有的文本",
    "say when it is true, over the event's own fields": "请用该事件自己的字段写明何时为真",
    # ---- lists and parameters
    "has both `of` and `identifier`": "同时写了 `of` 和 `identifier`",
    "entries of identifiers would stand in the pack in clear": "标识类名单的条目会以明文留在行业包里",
    "leave `entry` out and add entries by `list_entry` events": "请删去 `entry`，用 `list_entry` 事件添加条目",
    'write of = "text", or identifier = "phone" for a list of tokens': (
        '写作 of = "text"；标识令牌的名单写作 identifier = "phone"'
    ),
    "stands in the list already": "名单中已有此条目",
    "`currency` belongs to a money limit": "`currency` 只用于金额参数",
    'write type = "money", or leave it out': '写作 type = "money"，或删去',
    'write value = [ { since = 2026-01-01, is = …, basis = "…" } ]': (
        '写作 value = [ { since = 2026-01-01, is = …, basis = "…" } ]'
    ),
    "value {} is dated {}, not after the one before it": "第 {0} 个值的日期 {1} 不晚于它前面的值",
    "order them by date": "请按日期排列",
    "`value` is empty": "`value` 为空",
    "give at least one dated value": "至少写一个带日期的值",
    "say where the figure comes from": "请写明数字的来源",
    "say from which day on it holds, such as 2026-01-01": "请写明从哪天起生效，例如 2026-01-01",
    'give the {}, or "{}" until it is known': '请填写{0:t}；尚不知道时写 "{1}"',
    # ---- reports of large transactions
    "not a part of reporting": "报告文件中没有这一部分",
    "`code` is not four digits": "`code` 不是四位数字",
    'write it as "0501"': '写作 "0501"',
    "`who`: unknown kind of customer '{}'": "`who`：未知的客户类别“{0}”",
    "`calendar`: there is no calendar '{}'": "`calendar`：没有日历“{0}”",
    "say which rule exempts it": "请写明哪项规定豁免它",
    "`{}`: the parameter {} is no whole number": "`{0}`：参数 {1} 不是整数",
    "name a number of working days": "请写工作日天数的参数",
    "`{}`: the parameter {} is no amount in {}": "`{0}`：参数 {1} 不是 {2} 金额",
    "name such an amount": "请写这样的金额参数",
    # ---- sources
    "`address` is no https address": "`address` 不是 https 地址",
    "write https://…, or leave it out": "写作 https://…，或删去",
    "`names`: '{}' is too short": "`names`：“{0}”太短",
    "a name that is found in any text finds too much": "名称太短，会在任何文本中误中",
    "`id` is not an article's number": "`id` 不是条号",
    'write it as "18", "11(3)", "8.1.4.2" or "TY07"': '写作 "18"、"11(3)"、"8.1.4.2" 或 "TY07"',
    "{} stands here twice": "{0} 在此出现两次",
    "the basis names {}, which the register of sources lacks": "依据提到 {0:o}，而依据登记表中没有",
    "article {} of {}": "{1} 第 {0} 条",
    "declare it in a pack's sources.toml, or mend the name": "请在某个行业包的 sources.toml 中登记，或改正名称",
    "`names`: '{}' is a name of {} too": "`names`：“{0}”也是 {1} 的名称",
    "keep it in one": "只留在一处",
    # ---- typologies
    "`by`: no event names an entity '{}'": "`by`：没有事件带有实体“{0}”",
    "more than {} steps": "超过 {0} 步",
    "a list that nobody can go through is not worked": "步骤太多就没有人照做",
    "`rest` is that of {} already": "`rest` 已由 {0} 担任",
    "leave `rest` out of one of the two": "请从两者之一删去 `rest`",
    # ---- what an edit can't reach (packs.edits, packs.toml_text)
    "{}: a value without a day": "{0}：有取值没有日期",
    "the file goes away, went, or came": "该文件被删除、已删除或是新增的",
    "no policy and no parameters": "既不是策略也不是参数",
    "its policy lies elsewhere": "其策略现在另一个文件中",
    "`{}` is no array of tables": "`{0}` 不是表数组",
    "there is a rule {} already": "已有规则 {0}",
    "no {} {}": "没有{0:t} {1}",
    "two {}s {}": "有两个{0:t} {1}",
    "no parameter {} with dated values": "没有带日期取值的参数 {0}",
    "{} is not written as [{}]": "{0} 没有写作 [{1}]",
    "more than dated values is different": "改动不止带日期的取值",
    "two {}s have one id": "有两个{0:t}用了同一编号",
    "its {}s are not written as [[{}]]": "其中的{0:t}没有写作 [[{1}]]",
    "it is written in a way that can't be changed here": "其写法无法在此修改",
    "TOML has no {}": "TOML 不能表示 {0}",
    "half a character (a lone surrogate)": "含有半个字符（孤立的代理码点）",
}  # fmt: skip
