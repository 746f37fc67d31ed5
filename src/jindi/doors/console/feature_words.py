"""A window in words, in either language: which events, of whom, over how long, and what is made of them."""

from collections.abc import Mapping
from typing import Final

from jindi.doors.console.figures import duration
from jindi.doors.console.view import View
from jindi.packs import Definitions, FeatureDef, PatternDef
from jindi.packs.definitions import Words

_FOLDS: Final[Mapping[str, tuple[str, str]]] = {
    "count": ("笔数", "how many there were"),
    "sum": ("{value} 之和", "the sum of {value}"),
    "mean": ("{value} 的均值", "the mean of {value}"),
    "std": ("{value} 的标准差", "the standard deviation of {value}"),
    "min": ("{value} 的最小值", "the least {value}"),
    "max": ("{value} 的最大值", "the greatest {value}"),
    "distinct": ("{value} 的不同取值个数", "how many different values of {value} there were"),
    "first": ("最早一次的 {value}", "the {value} of the first one"),
    "last": ("最近一次的 {value}", "the {value} of the last one"),
    "since_first": ("距最早一次的时长", "the time since the first one"),
    "since_last": ("距最近一次的时长", "the time since the last one"),
    "seen": ("此次的 {value} 是否出现过", "whether this {value} was there before"),
    "quantile": ("{value} 的 {quantile} 分位数", "the {quantile} quantile of {value}"),
}
_FACTS: Final[Mapping[str, tuple[str, str]]] = {
    "hit": ("图形是否在本笔成立", "whether this transfer completes it"),
    "members": ("图形中有几人", "how many people make it"),
    "others": ("另一侧有几人", "how many there are on the other side"),
    "length": ("由几笔转账组成", "how many transfers make it"),
    "money": ("图形中的金额", "the money in it"),
    "span": ("最早一笔距今多久", "how long ago its oldest transfer was"),
    "share": ("经手资金的比例", "how much of the money goes on"),
    "new_pairs": ("有几笔是双方首次往来", "how many of its transfers are between new ties"),
    "whole": ("是否看全了窗口内的转账", "whether all transfers of the window could be looked at"),
}
_UNITS: Final = {
    "day": ("当日（自零点起）", "the day so far"),
    "week": ("本周（自周一起）", "the week so far"),
    "month": ("当月", "the month so far"),
    "year": ("当年", "the year so far"),
}
_EARLIER: Final = frozenset({"seen", "first", "last", "since_first", "since_last"})
"""These read strictly earlier events, whatever else is said."""


def value_words(definitions: Definitions, name: str, value: object) -> Words | None:
    """What packs call a value of a field, or of a feature that gives a field's value; None where they don't."""
    if not isinstance(value, str):
        return None
    feature = definitions.features.get(name)
    # `first` and `last` give what the field held; a pack's fields of one name mean the same.
    fields = set(feature.value.values()) if feature is not None and feature.fold in ("first", "last") else {name}
    found = [definitions.words.get(field, {}).get(value) for field in sorted(fields)]
    return next((words for words in found if words is not None), None)


def in_words(feature: FeatureDef, view: View) -> str:
    """The window, or the fact of a pattern, in the page's language, as one sentence."""
    if feature.pattern is not None:
        return _of_pattern(feature, feature.pattern, view)
    return _zh(feature, view) if view.lang == "zh" else _en(feature, view)


def _of_pattern(feature: FeatureDef, pattern: PatternDef, view: View) -> str:
    when, of = _when(feature, view, 0 if view.lang == "zh" else 1), _parts(feature, view, "、")[0]
    zh, en = _FACTS[feature.fact]
    if view.lang == "zh":
        return f"围绕本次的{of}，{when}资金图形“{pattern.name}”：{zh}。"
    return f"Of the pattern {pattern.name} around this {of}, {when}: {en}."


def _zh(feature: FeatureDef, view: View) -> str:
    of, by, value = _parts(feature, view, "、")
    fold = _FOLDS[feature.fold][0].format(value=value, quantile=f"{feature.quantile_ppm / 1_000_000:g}")
    told = [f"按 {by}，{_when(feature, view, 0)}的{of}"]
    if feature.where:
        told.append("只计 " + "；".join(sorted({each.text for each in feature.where.values()})))
    if feature.counts == "accepted":
        told.append("只计放行的")
    told.append("不含本次" if _is_earlier(feature) else "含本次（若本次也在其中）")
    return "，".join(told) + f"：{fold}。"


def _en(feature: FeatureDef, view: View) -> str:
    of, by, value = _parts(feature, view, ", ")
    fold = _FOLDS[feature.fold][1].format(value=value, quantile=f"{feature.quantile_ppm / 1_000_000:g}")
    told = f"Of {by if not feature.entities else f'each {by}'}: {fold} among {of} {_when(feature, view, 1)}"
    if feature.where:
        told += ", where " + "; ".join(sorted({each.text for each in feature.where.values()}))
    if feature.counts == "accepted":
        told += ", only those that were let through"
    return told + (", the current event not included." if _is_earlier(feature) else ", the current event included.")


def _parts(feature: FeatureDef, view: View, joint: str) -> tuple[str, str, str]:
    of = joint.join(f"{view.event(name)} ({name})" if view.event(name) != name else name for name in feature.of)
    everybody = ("全体", "all alike")[view.lang == "en"]
    by = " + ".join(_entity(name, view) for name in feature.entities) or everybody
    return of, by, joint.join(sorted(set(feature.value.values())))


def _entity(name: str, view: View) -> str:
    """Whose window it is. The packs' names are English already; in Chinese they stand beside the words."""
    word = view.entity(name) if view.lang == "zh" else name
    return word if word == name else f"{word} ({name})"


def _when(feature: FeatureDef, view: View, language: int) -> str:
    over, lag = feature.over, feature.lag_us
    lagged = duration(lag, view.lang) if lag else ""
    if over.kind == "ever":
        told = ("有史以来", "ever")[language]
    elif over.kind == "calendar":
        told = _UNITS[over.unit or "day"][language]
        told = told if language == 0 else f"in {told}"
    else:
        length = duration(over.length_us, view.lang)
        told = (f"最近 {length}内", f"in the last {length}")[language]
    if not lag:
        return told
    return (f"截至 {lagged}前的{told}", f"{told}, as it stood {lagged} ago")[language]


def _is_earlier(feature: FeatureDef) -> bool:
    return feature.fold in _EARLIER or feature.current == "exclude" or bool(feature.lag_us)
