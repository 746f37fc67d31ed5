"""What is said of who stands behind events: what identifiers tell, ranges of addresses, advice to customers, how
customers are rated, what reports against laundering say by default.
"""

from typing import Final

PHRASES: Final = {
    # ---- what identifiers tell
    "leave it out: only numbers of {} can be impossible with a right check digit": (
        "请删去：只有{0:n}类号码会在校验位正确时仍不可能存在"
    ),
    "`strict` has nothing to be strict about": "`strict` 在此没有可检查的内容",
    "`derives`: {} tells nothing of its holder": "`derives`：{0} 不含关于持有人的信息",
    "`derives`: no {} tells '{}'": "`derives`：{0} 类标识不含“{1}”",
    "the platform fills what `derives`": "带 `derives` 的字段由平台填写",
    'write type = "{}", required = false, no identifier': '请写 type = "{0}"、required = false，且不设 identifier',
    "{} needs a higher class": "{0} 须用更高的敏感级别",
    'write class = "{}"': '请写 class = "{0}"',
    # ---- ranges of addresses
    "`lies_in`: unknown list '{}'": "`lies_in`：没有名单“{0}”",
    "`lies_in`: {} is no list of ranges": "`lies_in`：{0} 不是地址段名单",
    'declare the list with of = "range"': '请以 of = "range" 声明该名单',
    'write type = "text", required = false, and no entity, values or screens': (
        '请写 type = "text"、required = false，且不设 entity、values、screens'
    ),
    "the platform fills what `lies_in`": "带 `lies_in` 的字段由平台填写",
    "`lies_in`: {} has no address '{}'": "`lies_in`：{0} 没有地址字段“{1}”",
    'name a field with identifier = "ip"': '请给出 identifier = "ip" 的字段',
    # ---- advice to customers
    "`doc`: {} is longer than {} characters": "`doc`：{0} 超过 {1} 个字符",
    "nobody reads more: shorten it": "再长没有人读，请缩短",
    "`outcome`: {} is told for {} already": "`outcome`：{1:t}已由 {0} 告知",
    "leave out `outcome` in one of the two": "请在其中一处删去 `outcome`",
    "name an advice, or leave it out": "请给出一条告知，或删去",
    "is `discreet`, and tells the customer something": "已设为保密（`discreet`），却要告知客户",
    "leave out `tell`": "请删去 `tell`",
    "`tell`: unknown advice '{}'": "`tell`：没有告知“{0}”",
    # ---- facts of patterns
    "a fact of a pattern": "资金图形的事实",
    "is {} (`{}`) and a window (`{}`) at once": "既是{0:t}（`{1}`）又是窗口特征（`{2}`）",
    "leave out `{}`, or everything that belongs to a window": "请删去 `{0}`，或删去窗口特征的全部键",
    "unknown pattern '{}'": "没有资金图形“{0}”",
    "the amounts of pattern {} are in several currencies: {}": "资金图形 {0} 的金额有多种币种：{1:x}",
    "all patterns together have {} kinds of transfers in `of`, more than {}": (
        "全部资金图形的 `of` 共有 {0} 类转账，超过 {1} 类"
    ),
    "let patterns share them, or leave some out": "请让各图形共用，或删去一些",
    # ---- how customers are rated
    "name in `opens` and `again` what others tell": "`opens` 与 `again` 请给出由他人发来的事件",
    "{} is told by what rates: it would rate for ever": "{0} 由评级自身发出：会无休止地重评",
    "not a part of rating": "不属于评级",
    "there must be one scheme": "必须有且只有一个评级方案",
    "write one [scheme.NAME]": "请写一个 [scheme.名称]",
    "`steps` must divide a thousand": "`steps` 须能整除一千",
    "say where the scheme comes from": "请写明方案的来源",
    "the weights of its factors add up to {}": "各指标权重之和为 {0}",
    "make them add up to {}": "请使其合计为 {0}",
    "its levels do not rise from 0": "各等级没有从 0 起递增",
    "write two or more [level.…], the lowest first, from = 0": "请写两个以上 [level.…]，最低者在前，from = 0",
    "level {} is reviewed after {} months, {} after {}": "等级 {0} 每 {1} 个月审核，等级 {2} 每 {3} 个月审核",
    "give no level more than twice the time of the next higher one (银发〔2013〕2号)": (
        "低一等级的审核期限不得超过高一等级的两倍（银发〔2013〕2 号）"
    ),
    "say why it counts": "请写明为何计入",
    "`is`: {} needs a step from 1 to {}": "`is`：{0} 须给出 1 至 {1} 的分值",
    "write is = { VALUE = STEP }: the fact is a text, or true or false": (
        "请写 is = { 值 = 分值 }：该事实是文本或是/否"
    ),
    "`from` must name rising values": "`from` 须按从小到大给出",
    "write from = [{ at = 0, is = 1 }, { at = 10, is = 3 }]": "请写 from = [{ at = 0, is = 1 }, { at = 10, is = 3 }]",
    "give a value of type {}": "请给出类型为{0:t}的值",
    "`of`: {} is no field of {}, and its policy does not keep it": "`of`：{0} 不是 {1} 的字段，其策略也没有保存它",
    "`{}`: unknown event '{}'": "`{0}`：没有事件“{1}”",
    "`{}`: {} is about no {}": "`{0}`：{1} 与{2:o}无关",
    "name an event with a field of entity {}": "请给出含有 {0} 实体字段的事件",
    "name one of type int": "请给出一个整数类型的参数",
    # ---- movements, and what reports say by default
    "`exempt`: there is no exemption '{}'": "`exempt`：没有豁免“{0}”",
    "`event`: there is no event '{}'": "`event`：没有事件“{0}”",
    "`{}`: the field {} is {}": "`{0}`：字段 {1} {2:t}",
    "name another field": "请给出另一个字段",
    "no entity": "不是实体",
    "no money": "不是金额",
    "no bank card": "不是银行卡",
    "no name": "不是姓名",
    "`typology`: there is no typology '{}'": "`typology`：没有案件类型“{0}”",
    "`crimes` are not four digits each": "`crimes` 不是四位数字",
    'write them as ["0801"]': '请写作 ["0801"]',
    "say why these are suspected": "请写明怀疑的理由",
}
