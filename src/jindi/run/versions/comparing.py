"""What two sets of definitions have not in common, for people to read."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

from jindi.basics.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from jindi.basics.money import format_amount
from jindi.language import Expression, Kind, Type
from jindi.packs import Definitions, LimitDef, LimitStep, Over, PolicyDef, Words

LENGTH_MAX = 2_000
"""Texts longer than this (a model's arrays) are only said to differ."""

_SAID = {
    "share_max_ppm": "share_max", "confirmed_share_ppm": "confirmed_share", "wait_us": "wait", "lag_us": "lag",
    "deadline_us": "deadline", "score_from": "from", "expression": "is", "otherwise": "else", "mature_us": "mature",
    "late_after_us": "late_after", "quantile_ppm": "q", "due_us": "due", "level": "severity", "steps": "step",
}  # fmt: skip
"""How the packs call what the definitions call otherwise."""

_LEFT_OUT = frozenset({"pack", "digest", "cases", "rules", "bands", "exemptions", "trees", "terms", "id", "name"})


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that is said otherwise: before and after, None where it wasn't said."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A definition that came, went, or is another. `policy` is whose part it is, "" outside policies."""

    kind: str
    policy: str
    name: str
    what: Literal["added", "removed", "changed"]
    aspects: tuple[Aspect, ...]


def compare(old: Definitions, new: Definitions) -> tuple[Difference, ...]:
    """All that is different: policies with their parts first, then what they rest on."""
    found: list[Difference] = []
    for name in _either(_by_id(old.policies), _by_id(new.policies)):
        found.extend(compare_policies(_by_id(old.policies).get(name), _by_id(new.policies).get(name)))
    for kind, mine, theirs in (
        ("feature", old.features, new.features), ("derived feature", old.derived, new.derived),
        ("pattern", old.patterns, new.patterns), ("limit", old.limits, new.limits), ("list", old.lists, new.lists),
        ("model", old.models, new.models),
        ("event", old.events, new.events), ("label", old.labels, new.labels),
        ("typology", old.typologies, new.typologies), ("advice", old.advice, new.advice),
        ("incident report", old.reports, new.reports),
        ("incident threshold", old.thresholds, new.thresholds), ("incident plan", old.plans, new.plans),
        ("pack", old.packs, new.packs),
    ):  # fmt: skip
        found.extend(_of_kind(kind, "", mine, theirs))
    return tuple(found)


def compare_policies(old: PolicyDef | None, new: PolicyDef | None) -> Iterator[Difference]:
    """How two versions of a policy differ, part by part."""
    either = new or old
    assert either is not None, "one of the two is there"
    name = either.id
    if old is not None and new is not None:
        if old.digest == new.digest and old.state == new.state:
            return
        if aspects := _aspects(old, new):
            yield Difference("policy", name, name, "changed", aspects)
    else:
        yield _one_sided("policy", name, name, old, new)
    yield from _of_kind("rule", name, _rules(old), _rules(new))
    yield from _of_kind("exemption", name, _exemptions(old), _exemptions(new))
    yield from _of_kind("band", name, _bands(old), _bands(new))
    if old is not None and new is not None and old.cases != new.cases:
        number = Aspect("cases", str(len(old.cases)), str(len(new.cases)))
        yield Difference("cases", name, name, "changed", (number,))


def unified(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The files' texts as a unified diff."""
    parts: list[str] = []
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if before != after:
            if path.endswith(".json"):
                parts.append(f"{path}: another file\n")
                continue
            lines = difflib.unified_diff(
                (before or "").splitlines(keepends=True), (after or "").splitlines(keepends=True),
                f"{path} (before)", f"{path} (after)", n=2,
            )  # fmt: skip
            parts.extend(lines)
    return "".join(parts)


def _by_id(policies: Sequence[PolicyDef]) -> dict[str, PolicyDef]:
    return {policy.id: policy for policy in policies}


def _rules(policy: PolicyDef | None) -> dict[str, object]:
    return {rule.id: rule for rule in policy.rules} if policy is not None else {}


def _exemptions(policy: PolicyDef | None) -> dict[str, object]:
    return {each.id: each for each in policy.exemptions} if policy is not None else {}


def _bands(policy: PolicyDef | None) -> dict[str, object]:
    return {str(band.score_from): band for band in policy.bands} if policy is not None else {}


def _told(value: object) -> Iterator[tuple[str, str]]:
    assert is_dataclass(value), "asked just now"
    for field in fields(value):
        inner = getattr(value, field.name)
        if inner not in (None, (), frozenset(), ""):
            yield field.name, _measured(field.name, inner) or _text(inner)


def _either(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*new, *old]))


def _of_kind(kind: str, policy: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Difference]:
    for name in _either(old, new):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            yield _one_sided(kind, policy, name, before, after)
        elif before != after:
            yield Difference(kind, policy, name, "changed", _aspects(before, after) or (Aspect("cases", None, None),))


def _one_sided(kind: str, policy: str, name: str, old: object | None, new: object | None) -> Difference:
    there = new if new is not None else old
    told = _texts(there)
    if new is not None:
        return Difference(kind, policy, name, "added", tuple(Aspect(key, None, text) for key, text in told.items()))
    return Difference(kind, policy, name, "removed", tuple(Aspect(key, text, None) for key, text in told.items()))


def _aspects(old: object, new: object) -> tuple[Aspect, ...]:
    before, after = _texts(old), _texts(new)
    return tuple(
        Aspect(key, before.get(key), after.get(key))
        for key in _either(before, after)
        if before.get(key) != after.get(key)
    )


def _texts(definition: object) -> dict[str, str]:
    """The parts of a definition that people read, as texts; what is empty is left out."""
    assert is_dataclass(definition), "definitions are dataclasses"
    found: dict[str, str] = {}
    for field in fields(definition):
        value = getattr(definition, field.name)
        if isinstance(definition, LimitDef) and field.name == "steps":
            found["value"] = "; ".join(_step(step, definition.type) for step in definition.steps)
        elif field.name not in _LEFT_OUT and value not in (None, (), frozenset(), ""):
            text = _measured(field.name, value) or _text(value)[:LENGTH_MAX]
            found[_SAID.get(field.name, field.name)] = text
    return found


def _step(step: LimitStep, kind: Type) -> str:
    """A limit's value as its pack has it: amounts in major units, lengths of time with theirs.

    >>> from datetime import date
    >>> _step(LimitStep(date(2016, 1, 1), 400_000, Words.alike("ours")), Type(Kind.MONEY, "CNY"))
    'CNY 4,000.00 since 2016-01-01 (ours)'
    """
    value = step.value
    if kind.kind is Kind.MONEY and isinstance(value, int) and kind.of is not None:
        said = format_amount(value, kind.of)
    elif kind.kind is Kind.DURATION:
        said = _measured("length_us", value) or "0s"
    else:
        said = "placeholder" if value is None else str(value)
    sure = f", {step.mark}" if step.mark is not None else ""
    return f"{said} since {step.since} ({_text(step.basis)}{sure})"


def _measured(name: str, value: object) -> str | None:
    """A share or a length of time as a pack would write it; None for anything else.

    >>> _measured("share_max_ppm", 52_500), _measured("wait_us", 7_200_000_000)
    ('5.25%', '2h')
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if name.endswith("_ppm"):
        return f"{value / 10_000:g}%"
    if name.endswith("_us"):
        for unit, length in (("d", DAY_US), ("h", HOUR_US), ("m", MINUTE_US), ("s", SECOND_US), ("ms", 1_000)):
            if value % length == 0:
                return f"{value // length}{unit}"
    return None


def _text(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Over):
        return _measured("over_us", value.length_us) or "0" if value.kind == "sliding" else value.unit or value.kind
    if isinstance(value, Words):
        return value.en if value.zh == value.en else f"{value.en} / {value.zh}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(inner)}" for key, inner in value.items())
    if isinstance(value, frozenset):
        return ", ".join(sorted(_text(each) for each in value))
    if isinstance(value, tuple):
        return ", ".join(_text(each) for each in value)
    if is_dataclass(value):
        return " ".join(f"{_SAID.get(name, name)}={text}" for name, text in _told(value))
    return str(value)
