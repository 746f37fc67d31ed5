"""Mined rules as a draft policy: TOML with a sentence in both languages and cases that prove each rule."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from jindi.basics.instants import format_instant
from jindi.basics.money import EXPONENTS
from jindi.language import TIME_WORDS, Kind
from jindi.packs import Definitions, ModelInput
from jindi.run.learn.conditions import CLOCK, Condition, literal
from jindi.run.learn.mining import Counts, Found, Mined
from jindi.run.learn.recipe import Recipe

_SECOND_US = 1_000_000


def draft_of(recipe: Recipe, found: Found, definitions: Definitions) -> str:
    """The policy file. It holds no event's values: cases stand just on a threshold and just beside it."""
    fold, whole = found.fold, found.tested_on
    days = [_day(each) for each in (fold.train_us, fold.calibrate_us, fold.known_us, fold.test_us, fold.end_us)]
    zh, en = f"由历史数据挖掘的规则草案：{recipe.doc.zh}", f"Rules mined from the past, a draft: {recipe.doc.en}"
    lines = [
        f"# Mined by `jindi rules mine`: rules found on {days[0]} to {days[1]}, chosen on {days[1]} to {days[2]},",
        f"# tested on {days[3]} to {days[4]}. {found.tried} were tried, {found.held} kept their precision.",
        f"# All together on the test: {_figures(whole)}.",
        f"# The present policy there: {_figures(found.policy_on_test)}.",
        "# It is a draft: read it, change it, name who answers for it, then let it run as a shadow.",
        "",
        f'id    = "{_slug(recipe.name)}"',
        f'on    = "{recipe.on}"',
        'state = "draft"',
        f"doc   = {{ zh = {_text(zh)}, en = {_text(en)} }}",
    ]
    for number, each in enumerate(found.rules, 1):
        lines += ["", *_rule(number, each, recipe, definitions, days)]
    return "\n".join(lines) + "\n"


def _rule(number: int, each: Mined, recipe: Recipe, definitions: Definitions, days: Sequence[str]) -> list[str]:
    low, high = each.tested_on.bounds()
    base = each.tested_on.positives / max(each.tested_on.rows, 1)
    lift = f"{each.tested_on.precision / base:,.0f} times the share of all" if base and each.tested_on.told else "–"
    extra = {"challenge": ['method = "otp"'], "delay": ['wait  = "2h"']}.get(recipe.mine.then, [])
    zh, en = (_text(_words(each, definitions, recipe, zh=zh)) for zh in (True, False))
    beyond = each.tested_on
    basis = f"Mined from facts of {days[0]} to {days[2]}; tested until {days[4]}"
    return [
        f"# Test: {_figures(each.tested_on)};",
        f"# precision {_share(low)} to {_share(high)} (95 %), {lift}; beyond the present policy",
        f"# {beyond.beyond_true} rightly, {beyond.beyond_caught:,.0f} in money, {beyond.beyond_false} false alarms.",
        "[[rule]]",
        f'id    = "mined-{number}"',
        f"doc   = {{ zh = {zh}, en = {en} }}",
        f'when  = "{each.text}"',
        f'then  = "{recipe.mine.then}"',
        *extra,
        f'basis = "{basis}"',
        *_case("on its thresholds", each.conditions, definitions, recipe, fires=True),
        *_case("beside one of them", _turned(each.conditions), definitions, recipe, fires=False),
    ]


def _words(each: Mined, definitions: Definitions, recipe: Recipe, *, zh: bool) -> str:
    """The rule in words: what each fact says, and the threshold."""
    fields = {field.name: field.doc for field in definitions.events[recipe.on].fields}
    told = []
    for condition in each.conditions:
        name = condition.input.name
        known = definitions.features.get(name) or definitions.derived.get(name)
        doc = known.doc if known else fields.get(name)
        words = (doc.zh if zh else doc.en).rstrip(".。") if doc else name
        told.append(f"{words}{'：' if zh else ': '}{_how(condition, zh=zh)}")
    return "；".join(told) + "。" if zh else "; ".join(told) + "."


def _how(condition: Condition, *, zh: bool) -> str:
    word = condition.input.equals
    cut = _shown(condition.input, condition.cut)
    match condition.how:
        case ">=":
            return f"{cut} 及以上" if zh else f"{cut} or more"
        case "<":
            return f"低于 {cut}" if zh else f"below {cut}"
        case "missing":
            return "无" if zh else "none"
        case "is":
            return (word or "是") if zh else (word or "yes")
        case "is not":
            return (f"非 {word}" if word else "否") if zh else (f"not {word}" if word else "no")


def _shown(each: ModelInput, cut: float) -> str:
    text = literal(each, cut)
    if each.type.kind is Kind.MONEY:
        return f"{each.type.of} {cut:,.{EXPONENTS[str(each.type.of)]}f}".removesuffix(".00")
    if each.type.kind is Kind.DURATION:
        word, count = text.removesuffix(")").split("(")
        return f"{count} {word if count != '1' else word[:-1]}"
    return text


# --- cases --------------------------------------------------------------------------------------------


def _turned(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """The conditions with one turned round, so that the rule does not fire: one that a case can give."""
    turn = {">=": "<", "<": ">=", "is": "is not", "is not": "is", "missing": ">="}
    for place, each in enumerate(conditions):
        other = Condition(each.input, each.place, turn[each.how], each.cut)  # type: ignore[arg-type]
        rest = [one for at, one in enumerate(conditions) if at != place and one.place != each.place]
        if each.how != "missing" or each.input.type.kind in (Kind.INT, Kind.RATIO, Kind.MONEY, Kind.DURATION):
            return (*rest, other)
    return ()


def _case(
    name: str, conditions: Sequence[Condition], definitions: Definitions, recipe: Recipe, *, fires: bool
) -> list[str]:
    zone = definitions.packs[definitions.events[recipe.on].pack].zone
    words = {field.name: field.values for field in definitions.events[recipe.on].fields}
    given: dict[str, str] = {}
    clock = [each for each in conditions if each.input.name in CLOCK]
    for each in conditions:
        if each.input.name in TIME_WORDS:
            continue
        about = [one for one in conditions if one.input.name == each.input.name]
        value = _word(about, words.get(each.input.name, ())) if each.input.equals else _value(each.input, about)
        if value is not None:
            given[each.input.name] = value
    lines = ["  [[rule.case]]", f'  name  = "{name}"']
    if clock:
        lines.append(f'  at    = "{_moment(clock, zone)}"')
    told = ", ".join(f"{key} = {value}" for key, value in given.items())
    return [*lines, f"  given = {{ {told} }}" if told else "  given = {}", f"  fires = {str(fires).lower()}"]


def _value(each: ModelInput, about: Sequence[Condition]) -> str | None:
    """A value of which all these conditions are true, as a case writes it; None for a missing one."""
    hows = {one.how: one for one in about}
    if "missing" in hows:
        return None
    if "is" in hows or "is not" in hows:
        return str("is" in hows).lower()
    if ">=" in hows:
        return _written(each, hows[">="].cut)
    cut = hows["<"].cut
    return _written(each, cut - _step(each, cut))


def _word(about: Sequence[Condition], allowed: Sequence[str]) -> str | None:
    """A word of a text field of which all these conditions are true."""
    wanted = [one.input.equals for one in about if one.how == "is"]
    shut_out = {one.input.equals for one in about if one.how == "is not"}
    free = [word for word in (*wanted, *allowed, "another") if word not in shut_out]
    return _text(str(free[0])) if free else None


def _step(each: ModelInput, cut: float) -> float:
    """How far below a threshold a case stands."""
    match each.type.kind:
        case Kind.MONEY:
            return float(10.0 ** -EXPONENTS[str(each.type.of)])
        case Kind.DURATION:
            return float(_SECOND_US)
        case Kind.INT:
            return 1.0
        case _:
            return max(abs(cut) / 10, 1e-6)


def _written(each: ModelInput, value: float) -> str:
    match each.type.kind:
        case Kind.MONEY:
            return f'"{value:.{EXPONENTS[str(each.type.of)]}f}"'
        case Kind.DURATION:
            return f'"{round(value / _SECOND_US)}s"'
        case Kind.INT:
            return str(round(value))
        case _:
            return repr(round(value, 12))


def _moment(clock: Sequence[Condition], zone: ZoneInfo) -> str:
    """The first full hour of 2026's second week at which the conditions on the clock hold."""
    start = datetime(2026, 1, 5, tzinfo=zone)
    for hour in range(7 * 24):
        moment = (start.astimezone(UTC) + timedelta(hours=hour)).astimezone(zone)
        words: Mapping[str, float] = {"hour": moment.hour, "weekday": moment.isoweekday()}
        if all(
            words[one.input.name] >= one.cut if one.how == ">=" else words[one.input.name] < one.cut for one in clock
        ):
            return moment.isoformat()
    return start.isoformat()


def _figures(counts: Counts) -> str:
    recall = counts.true / counts.positives if counts.positives else float("nan")
    money = counts.caught / counts.amount if counts.amount else float("nan")
    told = f"{counts.told:,} of {counts.rows:,} events told, {counts.true:,} rightly"
    return f"{told} (precision {_share(counts.precision)}), recall {_share(recall)}, money {_share(money)}"


def _share(value: float) -> str:
    return "–" if value != value else f"{value:.3f}"  # noqa: PLR0124 - NaN is unlike itself


def _day(at_us: int) -> str:
    return format_instant(at_us)[:16].replace("T00:00", "").replace("T", " ")


def _slug(name: str) -> str:
    return f"{name.replace('_', '-')}-mined"


def _text(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False)
