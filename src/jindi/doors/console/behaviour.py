"""An entity's features as a page groups them: by what feeds them, windows of one figure beside each other.

What is usual is only said where the declared features say it: a sum or a count over several days, divided by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jindi.basics.instants import DAY_US
from jindi.doors.console.view import View
from jindi.language import Value
from jindi.packs import Definitions, DerivedDef, FeatureDef, Over, Words


@dataclass(frozen=True, slots=True)
class Reading:
    """What one feature says now: `over` is its window in words."""

    name: str
    over: str
    text: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure over its windows, the shortest first. `usual` is a day's share of the longest one, "" where the
    declared windows do not say it, and `days` of how many days that is.
    """

    doc: Words
    readings: tuple[Reading, ...]
    usual: str = ""
    days: int = 0


@dataclass(frozen=True, slots=True)
class Topic:
    """The figures that the same events feed; no events: those that are worked out of others."""

    of: tuple[str, ...]
    figures: tuple[Figure, ...]


def topics_of(features: Mapping[str, Value], definitions: Definitions, view: View) -> list[Topic]:
    """All features of an entity, by what feeds them."""
    families: dict[tuple[Any, ...], list[FeatureDef]] = {}
    derived: list[DerivedDef] = []
    for name in features:
        declared = definitions.features.get(name)
        if declared is not None:
            families.setdefault(_family(declared), []).append(declared)
        elif name in definitions.derived:
            derived.append(definitions.derived[name])
    topics: dict[tuple[str, ...], list[Figure]] = {}
    for family in families.values():
        family.sort(key=lambda each: _length(each.over))
        topics.setdefault(family[0].of, []).append(_figure(family, features, view))
    found = [Topic(of, tuple(figures)) for of, figures in sorted(topics.items())]
    if derived:
        found.append(
            Topic((), tuple(Figure(each.doc, (_reading(each, "", features[each.name], view),)) for each in derived))
        )
    return found


def _family(feature: FeatureDef) -> tuple[Any, ...]:
    """What features have in common that differ in nothing but the window."""
    where = tuple(sorted((event, each.text) for event, each in feature.where.items()))
    value = tuple(sorted(feature.value.items()))
    return feature.of, feature.fold, value, where, feature.lag_us, feature.counts, feature.current, feature.quantile_ppm


def _figure(family: Sequence[FeatureDef], features: Mapping[str, Value], view: View) -> Figure:
    readings = tuple(_reading(each, over_words(each.over, view), features[each.name], view) for each in family)
    usual, days = _usual(family, features, view)
    return Figure(family[0].doc, readings, usual, days)


def _usual(family: Sequence[FeatureDef], features: Mapping[str, Value], view: View) -> tuple[str, int]:
    """A day's share of the longest window of whole days, where a window of a day or less stands beside it."""
    longest = family[-1]
    days, rest = divmod(longest.over.length_us, DAY_US)
    value = features[longest.name]
    is_told = (
        len(family) > 1 and longest.fold in ("count", "sum") and longest.over.kind == "sliding" and not rest
        and days > 1 and _length(family[0].over) <= DAY_US and isinstance(value, int) and not isinstance(value, bool)
    )  # fmt: skip
    if not is_told or not isinstance(value, int):
        return "", 0
    if longest.type.kind == "money" and longest.type.of:
        return view.amount(round(value / days), longest.type.of), days
    if longest.fold == "sum" and longest.type.kind != "int":
        return "", 0
    return f"{value / days:.2f}".rstrip("0").rstrip("."), days


def _reading(feature: FeatureDef | DerivedDef, over: str, value: Value, view: View) -> Reading:
    return Reading(feature.name, over, feature_text(view, value, feature.type), value is None)


def over_words(over: Over, view: View) -> str:
    """A window in words."""
    if over.kind == "sliding":
        return view.duration(over.length_us)
    return view.t(f"customer.over.{over.unit if over.kind == 'calendar' else 'ever'}")


_UNIT_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}


def _length(over: Over) -> int:
    """How long a window is, to put windows in order."""
    if over.kind == "calendar" and over.unit is not None:
        return _UNIT_DAYS[over.unit] * DAY_US
    return over.length_us if over.kind == "sliding" else 1 << 62


def feature_text(view: View, value: Any, kind: Any) -> str:
    """A feature's value as a page says it."""
    if value is None:
        return view.t("missing")
    if isinstance(value, bool):
        return view.t("yes" if value else "no")
    if kind.kind == "duration" and isinstance(value, int):
        return view.duration(value)
    if kind.kind == "time" and isinstance(value, int):
        return view.at(value)
    if kind.kind == "money" and kind.of and isinstance(value, int):
        return view.amount(value, kind.of)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
