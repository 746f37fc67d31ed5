"""The console's words for models."""

from typing import Final

WORDS: Final = {
    "nav.models": ("模型", "Models"),
    "models.title": ("模型", "Models"),
    "models.line": (
        "模型在线外训练、在线内评分；文件只含数字，随策略一起入账、可重演。",
        (
            "A model is trained outside the hot path and scores inside it; its file holds numbers only and "
            "stands in the journal."
        ),
    ),
    "models.count": ("{n} 个模型", "{n} {n:model|models}"),
    "models.none": ("生效的行业包没有模型。", "The packs in force have no model."),
    "models.none.how": (
        (
            "制作一个模型：先用 jindi decide 或归档导出带标签的特征表，写好配方，再运行 jindi learn；"
            "得到的文件放入行业包的 models/ 并在 models.toml 声明，经提案与审批生效。"
        ),
        (
            "To make one: have jindi decide or the archive write a table of features with labels, write a "
            "recipe, and run jindi learn; what it makes goes into a pack's models/ and is declared in "
            "models.toml, and is put in force by a proposal and its approval."
        ),
    ),
    "models.none.docs": ("见 docs/learn.md 与 docs/models.md。", "See docs/learn.md and docs/models.md."),
    "models.model": ("模型", "Model"),
    "models.on": ("评分对象", "Scores"),
    "models.kind": ("种类", "Kind"),
    "models.kind.trees": ("提升树", "boosted trees"),
    "models.kind.logistic-woe": ("证据权重逻辑回归", "logistic regression on weights of evidence"),
    "models.size.trees": ("{n} 棵树", "{n} {n:tree|trees}"),
    "models.size.logistic-woe": ("{n} 项", "{n} {n:term|terms}"),
    "models.inputs": ("输入", "Inputs"),
    "models.readers": ("引用规则", "Rules"),
    "models.since": ("生效自", "In force since"),
    "models.proposal": ("漂移建议", "Drift proposes"),
    "models.card": ("模型卡", "Card"),
    "models.digest": ("文件摘要", "Digest"),
    "models.file": ("文件", "File"),
    "models.card_file": ("卡片文件", "Card's file"),
    "models.calibration": ("校准", "Calibration"),
    "models.degrade": ("输入不可得时", "When an input is away"),
    "models.approved": ("批准人", "Approved by"),
    "models.proposed": ("提出人", "Proposed by"),
    "models.saved": ("随保存的文件生效，未经审批", "came with saved files, without an approval"),
    "models.record": ("日志记录号", "Record of the journal"),
    "models.is_first": ("此前没有同名模型", "there was none of its name before"),
    "models.evaluation": ("评估", "Evaluation"),
    "models.evaluation.none": (
        "没有评估文件：把 jindi learn 写出的 evaluations/{name}.json 与模型放在一起即可显示指标。",
        "No evaluation is at hand: put evaluations/{name}.json, as jindi learn writes it, beside the model.",
    ),
    "models.evaluation.label": ("标签", "Label"),
    "models.evaluation.delay": ("获知时延", "Known after"),
    "models.evaluation.train": ("训练时段", "Trained on"),
    "models.evaluation.test": ("测试时段", "Test"),
    "models.evaluation.seed": ("随机种子", "Seed"),
    "models.evaluation.rows": ("行数", "Rows"),
    "models.evaluation.positives": ("正例", "Positives"),
    "models.evaluation.random": (
        "随机划分：未来参与了对过去的判断，仅供与公布结果对照。",
        "Drawn at random: the future helped to judge the past. Beside published figures only.",
    ),
    "models.figure.auc": ("AUC 值", "AUC"),
    "models.figure.average_precision": ("平均精确率", "Average precision"),
    "models.figure.card_precision": ("每日前 k 精确率", "Precision at k a day"),
    "models.figure.ks": ("KS 值", "KS"),
    "models.figure.macro_f1": ("宏平均 F1", "Macro F1"),
    "models.figure.calibration_error": ("校准误差", "Calibration error"),
    "models.figure.savings": ("节省", "Savings"),
    "models.last": ("最近一次测试", "Last test"),
    "models.value": ("数值", "Value"),
    "models.interval": ("95% 区间", "95% interval"),
    "models.folds": ("各次测试", "All tests"),
    "models.thresholds": ("阈值", "Thresholds"),
    "models.threshold.budget": ("本测试期按预算", "by the budget, on this test"),
    "models.threshold.kept": ("上一测试期所定", "asked for on the test before"),
    "models.threshold": ("阈值", "Threshold"),
    "models.threshold.by": ("选定方式", "Chosen by"),
    "models.per_day": ("每日告警", "A day"),
    "models.precision": ("精确率", "Precision"),
    "models.recall": ("召回率", "Recall"),
    "models.segments": ("分群", "Segments"),
    "models.segment": ("群体", "Segment"),
    "models.monotone": ("单调约束", "Monotone"),
    "models.monotone.up": ("只升", "only up"),
    "models.monotone.down": ("只降", "only down"),
    "models.monotone.none": ("未声明", "none declared"),
    "models.reliability": ("校准：预计与实际", "Calibration: foretold and true"),
    "models.reliability.told": ("预计", "Foretold"),
    "models.reliability.is": ("实际", "True"),
    "models.drift": ("漂移与衰退", "Drift and decay"),
    "models.drift.line": (
        "漂移监测的原始结果：{reference} 对比 {current}，显著性水平 {level}。",
        "As the drift watcher found it: {reference} against {current}, level {level}.",
    ),
    "models.drift.none": (
        "漂移监测尚未看过此模型（启动后约一小时内会看一次，决策太少时不作比较）。",
        (
            "The drift watcher has said nothing of this model yet (it looks within about an hour after a start, and "
            "compares nothing while there are too few decisions)."
        ),
    ),
    "models.drift.off": (
        "漂移监测未开启（设置 drift_hours）；可运行 jindi drift。",
        "The platform does not look for drift (setting drift_hours); run jindi drift.",
    ),
    "models.drift.other": (
        "结果属于此模型的上一版本，请等待下一轮。",
        "These figures are of the version before this one; the next round tells of this one.",
    ),
    "models.drift.score": ("分数分布", "Score distribution"),
    "models.drift.reference": ("参考时段", "reference"),
    "models.drift.current": ("当前时段", "current"),
    "models.drift.fact": ("输入", "Input"),
    "models.drift.psi": ("PSI / CSI 值", "PSI / CSI"),
    "models.drift.critical": ("临界值", "Critical"),
    "models.drift.p": ("p（Holm 校正）", "p (Holm)"),
    "models.drift.ks": ("KS 值", "KS"),
    "models.drift.worth": ("相当于独立行数", "Worth in rows"),
    "models.drift.size": ("程度", "Size"),
    "models.drift.size.small": ("小", "small"),
    "models.drift.size.moderate": ("中", "moderate"),
    "models.drift.size.large": ("大", "large"),
    "models.drift.alarm": ("超出偶然", "beyond chance"),
    "models.drift.growing": ("随历史增长，不判断", "grows by itself, not judged"),
    "models.drift.redefined": ("期间定义有变", "redefined meanwhile"),
    "models.drift.bins": ("区间", "Bins"),
    "models.decay": ("按成熟标签的表现", "By settled labels"),
    "models.decay.slice": ("时段", "Slice"),
    "models.decay.expected": ("评估时", "Evaluation"),
    "models.decay.newest": ("最近的成熟行", "Newest settled rows"),
    "models.decay.none": ("成熟标签不足，无法判断衰退。", "Too few labels are settled to say anything of decay."),
    "models.decay.ratio": (
        "应验 {observed}，预计 {expected}，比值 {ratio}（p {p}）",
        "{observed} turned out true, {expected} were foretold: {ratio} (p {p})",
    ),
    "models.proposal.nothing": ("无需处理", "nothing"),
    "models.proposal.recalibrate": ("重新校准", "recalibrate"),
    "models.proposal.retrain": ("重新训练", "retrain"),
    "models.proposal.retire": ("停用", "retire"),
    "models.because.auc_gone": ("AUC 的整个区间低于 0.60", "the whole interval of its AUC lies below 0.60"),
    "models.because.auc_fell": ("AUC 低于评估且超出偶然", "its AUC has fallen against its evaluation, beyond chance"),
    "models.because.score_drift_large": ("分数分布大幅漂移", "its score has drifted far, beyond chance"),
    "models.because.score_drift_moderate": ("分数分布有所漂移", "its score has drifted, beyond chance"),
    "models.because.calibration_off": ("应验数与预计数不符", "other numbers turn out true than were foretold"),
    "models.weights": ("主要原因", "What moves its score"),
    "models.weights.line": (
        "各输入对原始分的平均影响（绝对值），取自内存中最近 {n} 个决策各自的归因。",
        (
            "How far each input moves the raw score on average, either way, over the reasons of the newest "
            "{n} decisions in memory."
        ),
    ),
    "models.weights.none": ("内存中还没有此模型评过分的决策。", "No decision still in memory was scored by it."),
    "models.weights.one": ("查看一个决策自己的原因", "See the reasons of one decision"),
    "models.weights.more": ("另有 {n} 个输入。", "{n} more inputs."),
    "models.used_by": ("使用它的规则", "Rules that read its score"),
    "models.used_by.none": ("没有规则读取其分数。", "No rule reads its score."),
    "error.no_model": ("没有此模型。", "There is no such model."),
}
