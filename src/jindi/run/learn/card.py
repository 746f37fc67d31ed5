"""A model card: what the model is, what it was trained on, how good it was, what it must not be used for."""

from collections.abc import Mapping
from typing import Any

from jindi.run.learn.recipe import Recipe

_FIGURES = (
    ("auc", "AUC"),
    ("average_precision", "AP"),
    ("card_precision", "CP@k"),
    ("ks", "KS"),
    ("macro_f1", "macro F1"),
    ("calibration_error", "ECE"),
    ("savings", "savings 节省"),
)
_KINDS = {
    "trees": "gradient-boosted trees 梯度提升树",
    "logistic-woe": "logistic regression on weights of evidence 证据权重逻辑回归",
    "balanced": "ensemble of boosted trees on balanced samples 平衡抽样提升树集成",
}

_SPLITS = {"time": "in the order of time 按时间先后", "random": "drawn at random 随机划分"}
_HONEST = {
    "time": "Each row was trained on what was known before its test began; the last is the model of this file.",
    "random": "Rows were drawn at random: the future helped to judge the past. Beside published figures only. "
    "随机划分，未来参与了对过去的判断，仅供与公布结果对照。",
}


def card_of(recipe: Recipe, evaluation: Mapping[str, Any], digest: str) -> str:
    """The card in Markdown, its headings in both languages. It repeats exactly from the evaluation."""
    folds = evaluation["folds"]
    head = "| test 测试 | rows 行 | positives 正例 | " + " | ".join(name for _, name in _FIGURES) + " |"
    lines = [
        f"# {recipe.name}", "", recipe.doc.zh, "", recipe.doc.en, "",
        "| | |", "|---|---|",
        f"| scores 评分对象 | `{recipe.on}` |",
        f"| kind 类型 | {_KINDS[recipe.kind]} |",
        f"| file 文件 | `models/{recipe.name}.json`, digest `{digest}` |",
        f"| label 标签 | `{recipe.label}`, known after 获知时延 {recipe.delay} |",
        f"| inputs 输入 | {', '.join(f'`{text}`' for text in recipe.inputs)} |",
        f"| trained on 训练时段 | {' – '.join(folds[-1]['train'])} |",
        f"| calibrated on 校准时段 | {' – '.join(folds[-1]['calibrate'])} |",
        f"| split 划分 | {_SPLITS[recipe.split]} |",
        f"| seed 随机种子 | {recipe.seed} |", "",
        "## Figures 指标", "",
        _HONEST[recipe.split],
        "Alerts are cards a day; entities known to be bad are left out of the test.", "",
        head, "|---" * (3 + len(_FIGURES)) + "|",
        *(_row(fold) for fold in folds),
        "| mean 均值 | | | " + " | ".join(_number(evaluation["mean"][key]) for key, _ in _FIGURES) + " |",
        "| sd 标准差 | | | " + " | ".join(_number(evaluation["deviation"][key]) for key, _ in _FIGURES) + " |", "",
        *_intervals(folds[-1]), "",
        *_alerts(folds[-1], recipe), "",
        "## Limits 使用限制", "",
        "- It knows the past that it was trained on. Watch its inputs and its score for drift, and train it again.",
        "- Its probability is calibrated to the share of positives of that time; another share needs another one.",
        "- It says how likely the label is, not why; reasons stand in each decision's explanation.",
        "- 仅适用于上述事件与时段的同类数据；监测漂移并定期重训。概率按上述时段校准。",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(fold: Mapping[str, Any]) -> str:
    figures = " | ".join(_number(fold[key]) for key, _ in _FIGURES)
    return f"| {fold['test'][0][:10]} | {fold['rows']:,} | {fold['positives']:,} | {figures} |"


def _intervals(fold: Mapping[str, Any]) -> list[str]:
    auc, precision = fold["auc_interval"], fold["average_precision_interval"]
    slope, intercept = _number(fold["calibration_slope"]), _number(fold["calibration_intercept"])
    return [
        f"95 % intervals of the last test, cards drawn again: AUC {_number(auc[0])}–{_number(auc[1])},",
        f"AP {_number(precision[0])}–{_number(precision[1])}.",
        f"Calibration slope {slope}, intercept {intercept} (1 and 0 when all is well).",
    ]


def _alerts(fold: Mapping[str, Any], recipe: Recipe) -> list[str]:
    lines = ["## Thresholds 阈值", "", "| | threshold 阈值 | cards a day 每日卡数 | precision 精确率 | recall 召回率 |"]
    lines.append("|---|---|---|---|---|")
    names = (
        ("alerts_at_budget", f"budget {recipe.cards_per_day} on this test 本测试期预算"),
        ("alerts_at_the_last_threshold", "asked for on the test before 上一测试期所定"),
    )
    for key, name in names:
        if (found := fold.get(key)) is not None:
            figures = (found["threshold"], found["cards_per_day"], found["precision"], found["recall"])
            lines.append(f"| {name} | " + " | ".join(_number(figure) for figure in figures) + " |")
    return lines


def _number(value: float) -> str:
    return f"{value:.4g}"
