"""The words of the trade that stand on our pages, each with what it means: one line, in both languages.

The same words stand in docs/glossary.md; a test holds the two together.
"""

from dataclasses import dataclass
from typing import Final

from jindi.packs.definitions import Words


@dataclass(frozen=True, slots=True)
class Term:
    """A word: the name of its place on the page of terms, how it is called, and what it means."""

    id: str
    name: Words
    means: Words


def _term(identifier: str, zh: str, en: str, means_zh: str, means_en: str) -> Term:
    return Term(identifier, Words(zh, en), Words(means_zh, means_en))


TERMS: Final = (
    _term("event", "事件", "event", "已经发生的一件事，有类型，有它自己的时间：一笔付款、一次登录、一次提现。",
          "Something that happened, of a type, with its own time: a payment, a login, a withdrawal."),
    _term("decision", "决策", "decision", "系统对一个事件的答复，落盘之后才回复调用方。",
          "The answer to an event; it is on disk before anybody is answered."),
    _term("outcome", "处置", "outcome", "放行、验证、延迟、审核、拒绝，由轻到重；命中多条规则时取最重的。",
          "Allow, challenge, delay, review, deny, from light to heavy; of several the heaviest holds."),
    _term("challenge", "验证", "challenge", "要求用户再证明一次身份；通过后在一段时间内豁免。",
          "The person proves more; once passed, it exempts for a while."),
    _term("delay", "延迟", "delay", "先冷静一段时间再执行，期间可以放行，也可以撤回。",
          "A cooling-off before it goes through; meanwhile it can be released or recalled."),
    _term("policy", "策略", "policy", "一种事件的全部规则，每次修改是一个新版本。",
          "All rules of one type of event; each change is another version."),
    _term("rule", "规则", "rule", "一个条件，连同命中后的处置或分数、理由和依据。",
          "A condition, with what follows from it, its reason and its basis."),
    _term("basis", "依据", "basis", "规则或数字凭什么成立：法规、事件或自行判断。",
          "What a rule or a figure rests on: a law, an incident, a judgement of our own."),
    _term("source", "依据来源", "source of a basis", "依据所引的法规、标准或自定口径，登记其条文、状态和核实程度。",
          "The law, standard or judgement that a basis cites, with its articles, its state and how sure it is."),
    _term("score", "分数", "score", "命中的规则加起来的整数分，与先后次序无关。",
          "Whole points that hit rules add up to, in any order."),
    _term("band", "分数段", "band", "从多少分起给出哪一种处置。", "From which score on which outcome follows."),
    _term("exemption", "豁免", "exemption", "在什么情形下免除较轻的处置，例如刚通过验证。",
          "What lifts an outcome, a challenge just passed for instance."),
    _term("limit", "参数（限额）", "parameter (limit)", "带生效日期和来源的数字；标有“已核实”“凭记忆”或“设计默认值”。",
          "A figure with dates and a source, marked verified, from memory, or design default."),
    _term("list", "名单", "list", "黑、白、灰名单：成员、理由和到期日。",
          "Members with a reason and an expiry: black, white, grey."),
    _term("feature", "特征", "feature", "由历史算出的一个值，例如该设备七天内的用户数。",
          "One value that the past gives, such as the users of this device in seven days."),
    _term("window", "窗口", "window", "特征看多长的历史：滑动的、按自然日周月的，或全部。",
          "How much of the past a feature looks at: sliding, by calendar, or ever."),
    _term("fact", "事实", "fact", "作出决策时看到的一个值，随决策一起记入日志。",
          "One value that a decision saw; the journal keeps it with the decision."),
    _term("missing", "缺失", "missing", "本来就没有的值，含义只有一种写法。",
          "A value that is not there; it has one written meaning."),
    _term("absent", "缺席", "absent", "此刻取不到的值；按声明降级，并在决策上注明。",
          "A value that can't be had now: the decision degrades as declared and says so."),
    _term("degradation", "降级", "degradation", "输入取不到时怎么办：按放行、按拦截或要求验证。",
          "What is done when an input can't be had: open, closed, or a challenge."),
    _term("token", "令牌", "token", "代替手机号、证件号等的密钥化代码；同一号码处处同一令牌，凭令牌看不出号码。",
          "What stands for a phone, a card, an id: the same everywhere for the same number, and it tells nothing."),
    _term("class", "数据级别", "data class", "字段的敏感程度：公开、C1、C2、C3（JR/T 0171—2020）。",
          "How sensitive a field is: public, C1, C2, C3 (JR/T 0171-2020)."),
    _term("alert", "预警", "alert", "需要人看的决策：按规则指向的案件类型归入案件。",
          "A decision that comes to people; its rules say to which kind of case."),
    _term("case", "案件", "case (of an investigation)", "同一主体、同一类型的预警归在一起，由一个人调查到底。",
          "Alerts of one kind about one party, which one person examines together."),
    _term("typology", "案件类型", "typology", "一类风险的样子：盯谁、多严重、多久办完、怎么查。",
          "A pattern of risk: whom it is about, how grave, by when, and the steps to look at it."),
    _term("level", "严重程度", "severity", "低、中、高、极高，由案件类型规定。",
          "Low, medium, high, critical, as the kind of case says."),
    _term("due", "办理时限", "due (of a case)", "从第一笔预警算起，应在何时之前办结。",
          "By when people have looked, from the first alert on."),
    _term("priority", "优先级", "priority", "风险 × 金额 × 紧迫程度；越接近时限越靠前。",
          "Risk × money × urgency: the nearer the time, the further in front."),
    _term("verdict", "处置结论", "verdict", "属实、排除或无法认定；结案后回写到每一笔决策，成为标签。",
          "Confirmed, cleared or undetermined: it goes back to each decision and is a label."),
    _term("second-look", "复核", "second look", "结案时抽签，由另一位组长判断结论是否正确。",
          "Drawn by lot at closing: somebody else who leads judges the verdict."),
    _term("label", "标签", "label", "事后得知的真相及得知的时间，用于评估与训练。",
          "What turned out to be true, and when it became known."),
    _term("shadow", "影子策略", "shadow policy", "与生效版本同时运行、只记录、不影响客户的版本。",
          "Evaluated beside the live one, only recorded."),
    _term("backtest", "回测", "backtest", "把改动后的策略放到历史上跑一遍，看会有什么不同。",
          "What a policy would have done in the past."),
    _term("replay", "重放(逐字节)", "replay", "按当时的版本重新作出决策，逐字节相同。",
          "A past decision made again with the versions of its moment, byte for byte."),
    _term("drift", "漂移", "drift", "现在的数据已不像训练或设定规则时的样子。",
          "What is decided on is no longer what it was."),
    _term("four-eyes", "双人复核", "four eyes", "重要的操作由一人提出、另一人批准，批准的内容不可更改。",
          "One asks, another approves, and what was approved can't be changed."),
    _term("journal", "日志", "journal", "一切决策和操作的只增记录，前后相扣，改一个字就会被发现。",
          "The append-only record of everything, chained: a changed byte is found out."),
    _term("control", "控制项", "control", "一项承诺和证明它的检查；没查、过期都算未通过。",
          "A promise and the check that proves it; not run and overdue count as failed."),
    _term("incident-grade", "事件级别", "grade (of an incident)", "一般、较大、重大、特别重大；数值只作建议。",
          "General, serious, major, critical; figures suggest it, people decide."),
    _term("reporting-clock", "报送时限", "reporting clock", "事件报告须在多久内送出，从知悉、定级、解决等起算。",
          "Within how long a report is sent: from awareness, grading, the end, or the report before it."),
    _term("post-incident-review", "复盘", "post-incident review", "原因、教训和措施；关闭事件之前必须写。",
          "Cause, lessons and measures; written before an incident is closed."),
    _term("critical-infrastructure", "关键信息基础设施", "critical information infrastructure",
          "一旦损坏会危害国家安全或公共利益的系统，报送时限更严。",
          "Systems whose failure hurts the country; stricter times hold."),
    _term("signed-head", "签名树头", "signed head", "日志全部记录的树根，经签名并存放在别处；凭它可证明记录未被改动。",
          "The root over all records of the journal, signed and kept elsewhere: what is proved, is proved against it."),
    _term("vault", "保险库", "vault", "明文个人信息加密存放的地方；查看须有案件、用途和二次验证。",
          "Where clear personal data lies sealed; to see it takes a case, a purpose and a second factor."),
)  # fmt: skip

BY_ID: Final = {term.id: term for term in TERMS}
