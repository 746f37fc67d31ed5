"""The console's words for what a policy has beside rules, for new policies, and for parameters with their days."""

from typing import Final

WORDS: Final = {
    "parts.edit": ("编辑", "Edit"),
    "parts.see": ("查看", "Look"),
    "parts.up": ("上移", "Move up"),
    "parts.down": ("下移", "Move down"),
    "parts.up.n": ("第 {n} 行上移", "Move row {n} up"),
    "parts.down.n": ("第 {n} 行下移", "Move row {n} down"),
    "parts.drop.n": ("删除第 {n} 行", "Remove row {n}"),
    # bands
    "bands.title": ("分数段", "Bands"),
    "bands.about": (
        "命中规则的分数相加，总分到达某一段即至少作该处置",
        "the points of all hit rules are added; from here up the outcome is at least this",
    ),
    "bands.from": ("起始分", "From"),
    "bands.add": ("＋ 分数段", "+ band"),
    "bands.sort": ("按分数排序", "Order by score"),
    "bands.none": (
        "没有分数段：分数不产生任何处置，只有规则自己的处置生效。",
        "No bands: points come to nothing, and only the rules' own outcomes count.",
    ),
    "bands.there": ("那一版里的分数段", "The bands there"),
    "bands.line": ("各分数的处置", "What each score comes to"),
    "bands.scores": ("分数", "Scores"),
    "bands.every": ("任何分数", "any"),
    "bands.share": ("近期占比", "Recent share"),
    "bands.share.of": (
        "按草稿的规则给日志里最近 {n} 个此类事件重新打分（抽样，仅看分数）。",
        "The newest {n} events of this kind, scored by the draft's rules; the score alone is looked at.",
    ),
    "bands.reach": ("规则分数可达的范围", "What the rules' points can come to"),
    "bands.row": ("第 {n} 行：", "Row {n}:"),
    "bands.wrong.score": (
        "“{given}”不是分数，请写不超过正负 {most} 的整数。",
        "“{given}” is no score; write a whole number, at most {most} either way.",
    ),
    "bands.wrong.then": ("“{given}”不是处置，请从列表中选择。", "“{given}” is no outcome; choose one of the list."),
    "bands.wrong.same": (
        "与第 {other} 行重叠：都从 {score} 分开始。请改分数，或删去一行。",
        "overlaps row {other}: both begin at {score}. Change one score, or remove a row.",
    ),
    "bands.wrong.order": (
        "从 {score} 分开始，却排在第 {other} 行（{at} 分）之后。请按分数排序。",
        "begins at {score} and stands behind row {other}, which begins at {at}. Order them by score.",
    ),
    "bands.wrong.lighter": (
        "{then} 比第 {other} 行的 {before} 轻：分数更高，处置不能更轻。请调整其一。",
        "{then} is lighter than {before} of row {other}, though the score is higher. Change one of the two.",
    ),
    "bands.wrong.method": (
        "验证须写明方式，例如 otp 或 face。",
        "a challenge needs its method, such as otp or face.",
    ),
    "bands.wrong.method_name": (
        "“{given}”不是验证方式，请用小写字母、数字与下划线。",
        "“{given}” is no method; use small letters, digits and _.",
    ),
    "bands.wrong.no_method": (
        "验证方式只用于“验证”，请清空“{given}”。",
        "a method belongs to a challenge; empty “{given}”.",
    ),
    "bands.wrong.wait": ("延迟须写明时长，例如 2h。", "a delay needs its length, such as 2h."),
    "bands.wrong.wait_text": (
        "“{given}”不是时长，请写成 30m、2h 或 1d 这样。",
        "“{given}” is no length of time; write 30m, 2h or 1d.",
    ),
    "bands.wrong.no_wait": ("时长只用于“延迟”，请清空“{given}”。", "a wait belongs to a delay; empty “{given}”."),
    "bands.wrong.far": (
        "没有规则组合能到 {score} 分：全部加分之和为 {most}，这一段不会生效。",
        "no rules come to {score}: all points together are {most}, so this band never holds.",
    ),
    "bands.wrong.all": (
        "从 {score} 分起即“{then}”：一条规则都没命中的事件也会如此。",
        "from {score} on it is {then}, also for events that hit no rule at all.",
    ),
    # exemptions
    "exempt.new": ("新增豁免", "New exemption"),
    "exempt.new.title": ("新豁免", "A new exemption"),
    "exempt.none": ("没有豁免。", "No exemptions."),
    "exempt.id": ("豁免编号", "Exemption id"),
    "exempt.lifts": ("免去的处置", "Lifts"),
    "exempt.remove": ("删除豁免", "Remove the exemption"),
    "exempt.ok": ("写法无误。", "It is well written."),
    # the policy's own cases
    "cases_of.title": ("整体用例", "Cases of the whole policy"),
    "cases_of.about": (
        "给定情形下，整个策略最终作何处置",
        "what comes out in the end, with all rules, bands and exemptions",
    ),
    "cases_of.none": ("没有整体用例。", "No cases of the whole policy."),
    "cases_of.run": ("运行用例", "Run the cases"),
    "cases_of.no_hit": ("没有规则命中", "no rule is hit"),
    # settings
    "about_it.title": ("策略设置", "Settings"),
    "about_it.id": ("策略编号", "Policy id"),
    "about_it.file": ("所在文件", "File"),
    "about_it.state": ("阶段", "Stage"),
    "about_it.state.live": ("参与决策", "decides"),
    "about_it.state.shadow": ("只记录，不处置", "is watched, and decides nothing"),
    "about_it.state.draft": ("只检查", "is only checked"),
    "about_it.deadline": ("决策时限", "Deadline"),
    "about_it.rival": (
        "此类事件已由策略 {id} 决策：同一事件类型只能有一个生效策略，另一个须为影子，或只决策一部分。",
        "{id} decides these events: only one policy may, another is a shadow or decides a share.",
    ),
    "about_it.split": ("分流（挑战者）", "A share only (a challenger)"),
    "about_it.split.about": ("三项都留空即不分流", "leave all three empty to decide all"),
    "about_it.split.share": ("比例", "Share"),
    "about_it.split.by": ("按哪个字段抽签", "The field that draws the lot"),
    "about_it.split.seed": ("抽签种子", "Seed"),
    "about_it.keeps": ("另外保留的特征", "Features that are kept, too"),
    "about_it.keeps.about": (
        "规则没有用到、但要随决策记录的特征，每行一个",
        "recorded with each decision though no rule reads them; one per line",
    ),
    # a new policy
    "begin.title": ("新建策略", "New policy"),
    "begin.about": (
        "为一种事件新建策略。它先是您的草稿：带一条示例规则与用例，检查即可通过，全部放行，批准之前不参与决策。",
        (
            "Begin a policy for a type of event. It is a draft at first, with an example rule and its cases; "
            "it passes the check, allows everything, and decides nothing until it is approved."
        ),
    ),
    "begin.on": ("事件类型", "Event type"),
    "begin.taken": ("已有生效策略", "has a live policy"),
    "begin.id": ("策略编号", "Policy id"),
    "begin.do": ("新建草稿", "Begin the draft"),
    "begin.shadow": (
        "事件类型若已有生效策略，新策略以“影子”开始：只记录，不处置。",
        "Where the events have a live policy, the new one begins as a shadow: it is watched and decides nothing.",
    ),
    # parameters
    "params.title": ("参数", "Parameters"),
    "params.about": (
        "限额与阈值：每个数值都有生效日、依据与标注。将来的数值在此起草，经批准后到日生效；已生效的不能改。",
        (
            "Limits and thresholds: each value has its day, its basis and how sure it is. Values to come are drafted "
            "here and approved; what has been in force can't be changed."
        ),
    ),
    "params.all": ("全部参数", "All parameters"),
    "params.name": ("参数名", "Parameter"),
    "params.now": ("现行", "In force"),
    "params.coming": ("将来", "To come"),
    "params.mark": ("标注", "How sure"),
    "params.readers": ("哪些策略在用", "Policies that read it"),
    "params.no_readers": ("没有策略在用", "no policy reads it"),
    "params.values": ("数值", "Values"),
    "params.value": ("数值", "Value"),
    "params.from": ("生效日", "From"),
    "params.do": ("操作", "Change"),
    "params.time.past": ("已过", "past"),
    "params.time.now": ("现行", "in force"),
    "params.time.coming": ("将来", "to come"),
    "params.change": ("修改", "Change"),
    "params.remove": ("删除", "Remove"),
    "params.remove.of": ("删除自 {since} 起的数值", "Remove the value from {since} on"),
    "params.past": (
        "生效日已到的数值不能修改：那些日子的决策是按它们作出的。数值有误时，请新增一个自明日或更晚起生效的数值。",
        (
            "Values whose day has come can't be changed: decisions were made with them. "
            "Is one wrong, add the right one from tomorrow on or later."
        ),
    ),
    "params.new": ("新增或修改将来的数值", "A value to come"),
    "params.hint.money": ("金额，如 1500.00", "an amount such as 1500.00"),
    "params.hint.int": ("整数", "a whole number"),
    "params.hint.ratio": ("比率，如 0.02 或 2%", "a ratio such as 0.02 or 2%"),
    "params.hint.duration": ("时长，如 2h", "a length of time such as 2h"),
    "params.hint.text": ("文本", "a text"),
    "params.source_zh": ("出处（中文）：法规、条款、文号", "Source (Chinese): law, article, notice"),
    "params.source_en": ("出处（英文；留空则同中文）", "Source (English; empty: the same)"),
    "params.regulated": (
        "此数值来自监管或外部规定，修改须写明出处。标为“已核实”之前，请对照原文。",
        "This figure is of regulation; another one needs its source. Call it verified when you have read the text.",
    ),
    "params.draft": ("打开草稿", "Open the draft"),
    "params.changes": ("草稿的改动", "What the draft changes"),
    "params.both": (
        "以下参数双方都改过，保留了您的数值，请核对：",
        "Both sides changed these parameters, and yours were kept; look them over:",
    ),
    "params.check.ok": (
        "全部行业包载入无误，用到这些参数的策略用例全部成立。",
        "All packs load, and the cases of all policies that read these parameters hold.",
    ),
    "params.cases": (
        "用例默认取参数最新数值的当日运行。要沿用旧数值，请在策略草稿里给该用例写明时刻，并与本草稿一并提交。",
        (
            "Cases run on the day of the newest value. To keep the old one, give such a case its own instant in a "
            "draft of its policy, and let that draft go along."
        ),
    ),
    "params.along": ("一并提交的策略草稿", "Drafts that go along"),
    "params.along.about": (
        "选中的策略草稿与本草稿一起检查、试算、提案。",
        "Chosen drafts of policies are checked, tried and proposed together with this one.",
    ),
    "params.along.do": ("更新", "Set"),
    "params.as_if": (
        "假如新数值当时已生效：用日志里近期的真实决策重新判定一遍。在独立进程中运行，不影响线上决策。",
        (
            "As if in force: recent decisions are judged again as though the new values had held then, in a process of "
            "its own."
        ),
    ),
    "params.try.policy": ("试算策略", "Try it on"),
    "params.propose.about": (
        "提案绑定此刻的确切内容，由另一人批准；新数值自其生效日起生效。",
        "Bound to the exact content of now; another person approves it, and the values hold from their days on.",
    ),
    "params.propose.files": (
        "批准后写入行业包文件夹。",
        "On approval it is written into the packs' folder.",
    ),
    "params.no_shadow": (
        "参数没有影子运行：它被多个策略共用，影子只能增加、不能改动正在决策的内容。请用回测。",
        "Parameters have no shadow: policies share them, and a shadow may only add. Use a backtest.",
    ),
}
