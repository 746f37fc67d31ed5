"""patterns.toml → shapes of money in the graph of transfers, each with transfers that make it and that don't."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from jindi.basics.instants import HOUR_US, parse_duration
from jindi.basics.money import EXPONENTS, parse_minor
from jindi.basics.problems import Problem
from jindi.language import Kind
from jindi.packs.definitions import (
    PATTERN_KINDS,
    CaseTransfer,
    EventDef,
    FeedDef,
    PackDef,
    PatternCaseDef,
    PatternDef,
    PatternKind,
)
from jindi.packs.tables import Table, kind_of, meant, opened_table
from jindi.packs.vocabulary import MARKS, PATTERN_FACTS

PATTERNS_MAX_OVER_US: Final = 400 * 24 * HOUR_US
COUNT_MAX: Final = 1_000
LENGTH_LEAST, LENGTH_MOST = 2, 6
SHARE_MAX_PPM: Final = 1_000_000_000
CASE_TRANSFERS_MAX: Final = 200
FEEDS_MAX: Final = 62
"""Kinds of transfers of all patterns together: those of a pattern are bits of one word."""

_PERCENT: Final = re.compile(r"(0|[1-9][0-9]{0,4})(?:\.([0-9]{1,4}))?%\Z", re.ASCII)
_THRESHOLDS: Final = ("payers", "payees", "middlemen", "sources")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a kind of pattern is told by: the fewest of each that it must have, or may be asked for (least, default;
    no default: it must be given); whether the share of money must, may or can't be given.
    """

    thresholds: Mapping[str, tuple[int, int | None]]
    share: str = "none"


_KINDS: Final[Mapping[str, _Kind]] = {
    "fan_in": _Kind({"payers": (2, None)}),
    "fan_out": _Kind({"payees": (2, None)}),
    "pass_through": _Kind({"payers": (1, 1), "payees": (1, 1)}, "must"),
    "gather_scatter": _Kind({"payers": (2, None), "payees": (2, None)}, "may"),
    "scatter_gather": _Kind({"middlemen": (2, None)}, "may"),
    "cycle": _Kind({}, "may"),
    "bipartite": _Kind({"payers": (2, None), "payees": (2, None)}),
    "stack": _Kind({"payers": (2, None), "payees": (2, None), "sources": (2, None)}),
}


def read_pattern(
    raw: Any, name: str, pack: PackDef, where: str, events: Mapping[str, EventDef], broken: Collection[str],
    problems: list[Problem],
) -> PatternDef | None:  # fmt: skip
    """One pattern; None when anything is wrong with it, which stands in the problems then, or speaks of an event that
    can't be read.
    """
    before = len(problems)
    table = opened_table(raw, "pattern", name, where, problems)
    if table is None:
        return None
    kind = cast("PatternKind", table.choice("kind", PATTERN_KINDS))
    asked = _KINDS[kind]
    over_us = table.duration("over", None)
    if over_us > PATTERNS_MAX_OVER_US:
        table.problem("`over` is longer than 400 days", "money that takes longer leaves no shape; give a shorter one")
    length, in_time = _cycle(table, kind)
    pattern = PatternDef(
        name=name,
        pack=pack.name,
        doc=table.words(),
        kind=kind,
        of=_feeds(table, events, broken),
        over_us=over_us,
        basis=table.basis('write basis = "TY01", or { zh = "…", en = "…" }'),
        mark=table.choice("mark", MARKS),
        length_least=length[0],
        length_most=length[1],
        in_time=in_time,
        share_ppm=_share(table, asked.share),
        new_for_us=table.duration("new_for", None) if table.has("new_for") else over_us,
        only_new=table.boolean("only_new", False),
        cases=_cases(table, pack),
        **_thresholds(table, kind),
    )
    if pattern.new_for_us > PATTERNS_MAX_OVER_US:
        table.problem("`new_for` is longer than 400 days", "give a shorter one")
    return pattern if len(problems) == before and pattern.of else None


def check_feeds(patterns: Mapping[str, PatternDef], places: Mapping[str, str]) -> list[Problem]:
    """Whether all patterns together are fed by no more kinds of transfers than one detector can tell apart."""
    feeds = {feed for pattern in patterns.values() for feed in pattern.of}
    if len(feeds) <= FEEDS_MAX:
        return []
    last = max(patterns)
    what = f"all patterns together have {len(feeds)} kinds of transfers in `of`, more than {FEEDS_MAX}"
    return [Problem(places[last], last, what, "let patterns share them, or leave some out")]


def _thresholds(table: Table, kind: str) -> dict[str, int]:
    asked, found = _KINDS[kind].thresholds, {}
    for key in _THRESHOLDS:
        if key in asked:
            least, default = asked[key]
            found[key] = table.integer(key, default, least, COUNT_MAX)
        elif table.has(key):
            table.problem(f"`{key}` says nothing of a {kind}", "leave it out")
    return found


def _cycle(table: Table, kind: str) -> tuple[tuple[int, int], bool]:
    """How many transfers the cycle has, and whether in the order of time."""
    if kind != "cycle":
        for key in ("length", "order"):
            if table.has(key):
                table.problem(f"`{key}` says nothing of a {kind}", "leave it out")
        return (0, 0), False
    in_time = table.choice("order", ("in_time", "any")) == "in_time"
    remedy = f"write length = [3, {LENGTH_MOST}]: from {LENGTH_LEAST} to {LENGTH_MOST}"
    if not table.has("length"):
        table.missing("length", remedy)
        return (LENGTH_LEAST, LENGTH_MOST), in_time
    given = table.raw["length"]
    if not (
        isinstance(given, list)
        and len(given) == 2
        and all(isinstance(each, int) and not isinstance(each, bool) for each in given)
        and LENGTH_LEAST <= given[0] <= given[1] <= LENGTH_MOST
    ):
        table.problem("`length` is not the fewest and the most transfers of a cycle", remedy)
        return (LENGTH_LEAST, LENGTH_MOST), in_time
    return (given[0], given[1]), in_time


def _share(table: Table, asked: str) -> tuple[int, int] | None:
    remedy = 'write share = ["90%", "100%"]'
    if not table.has("share"):
        if asked == "must":
            table.missing("share", remedy)
        return None
    if asked == "none":
        table.problem("`share` says nothing of this kind", "leave it out")
        return None
    given = table.raw["share"]
    texts = given if isinstance(given, list) else []
    found = [_ppm(each) for each in texts]
    if len(found) != 2 or found[0] is None or found[1] is None or not found[0] <= found[1] <= SHARE_MAX_PPM:
        table.problem("`share` is not the least and the most, as percentages", remedy)
        return None
    return found[0], found[1]


def _ppm(text: object) -> int | None:
    match = _PERCENT.match(text) if isinstance(text, str) else None
    return int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0")) if match else None


def _feeds(table: Table, events: Mapping[str, EventDef], broken: Collection[str]) -> tuple[FeedDef, ...]:
    given = table.tables("of")
    if not given:
        table.problem("no event feeds it", f"add [[{table.item}.of]] with event, payer, payee and amount")
    feeds = []
    for number, raw in enumerate(given, 1):
        each = Table(raw, "pattern feed", table.where, f"{table.item}: of {number}", table.problems)
        feed = FeedDef(*(each.text(key) for key in ("event", "payer", "payee", "amount")))
        if feed.event in broken or any(
            f"{feed.event}.{name}" in broken for name in (feed.payer, feed.payee, feed.amount)
        ):
            continue
        if feed.event not in events:
            if feed.event:
                each.problem(f"unknown event '{feed.event[:64]}'", meant(feed.event, events))
            continue
        _check_feed(each, feed, events[feed.event])
        feeds.append(feed)
    if len(set(feeds)) < len(feeds):
        table.problem("`of` names the same transfers twice", "name them once")
    return tuple(feeds)


def _check_feed(table: Table, feed: FeedDef, event: EventDef) -> None:
    fields = {field.name: field for field in event.fields}
    for key, name in (("payer", feed.payer), ("payee", feed.payee), ("amount", feed.amount)):
        if not name:
            continue
        if name not in fields:
            table.problem(f"`{key}`: {feed.event} has no field '{name[:64]}'", meant(name, fields))
        elif key == "amount" and fields[name].type.kind is not Kind.MONEY:
            table.problem(f"`amount`: {name} is no money", "name a field of type money")
        elif key != "amount" and fields[name].entity is None:
            table.problem(f"`{key}`: {name} names no entity", "name a field with `entity`")
    if feed.payer and feed.payer == feed.payee:
        table.problem("payer and payee are one field", "name two")


def _cases(table: Table, pack: PackDef) -> tuple[PatternCaseDef, ...]:
    cases = []
    for number, raw in enumerate(table.tables("case"), 1):
        each = Table(raw, "pattern case", table.where, f"{table.item}: case {number}", table.problems)
        name = each.text("name")
        if not each.has("completes"):
            each.missing("completes", "say whether the last transfer completes the pattern")
        cases.append(PatternCaseDef(name, _transfers(each, pack), each.boolean("completes", False), _gives(each)))
    wanted = {True, False} - {case.completes for case in cases}
    if wanted:
        told = "transfers that complete it" if True in wanted else "transfers that don't"
        table.problem(f"no case shows {told}", "a pattern has a case of each kind: add [[….case]]")
    return tuple(cases)


def _gives(table: Table) -> dict[str, int]:
    found = {}
    for key, value in table.table("gives").items():
        if key not in PATTERN_FACTS:
            table.problem(f"`gives`: unknown fact '{key[:64]}'", meant(key, PATTERN_FACTS))
        elif isinstance(value, bool) or not isinstance(value, int):
            table.problem(f"`gives`: {key} must be a whole number, not {kind_of(value)}")
        else:
            found[key] = value
    return found


def _transfers(table: Table, pack: PackDef) -> tuple[CaseTransfer, ...]:
    remedy = 'write them as ["10m", "a", "b", "100.00"]: since the beginning, payer, payee, amount'
    given = table.raw.get("transfers")
    if not isinstance(given, list) or not 0 < len(given) <= CASE_TRANSFERS_MAX:
        table.problem("`transfers` must be a list of transfers", remedy)
        return ()
    found, last_us = [], 0
    for number, each in enumerate(given, 1):
        if not isinstance(each, list) or len(each) not in (4, 5) or not all(isinstance(part, str) for part in each):
            table.problem(f"transfer {number} is none", remedy)
            continue
        currency = each[4] if len(each) == 5 else pack.currency
        if currency not in EXPONENTS:
            table.problem(f"transfer {number}: unknown currency '{currency[:16]}'", meant(currency, EXPONENTS))
            continue
        try:
            at_us, amount_minor = parse_duration(each[0]), parse_minor(each[3], currency)
        except ValueError as error:
            table.problem(f"transfer {number}: {error}", remedy)
            continue
        if at_us < last_us:
            table.problem(f"transfer {number} lies before the one before it", "order them by time")
        last_us = at_us
        found.append(CaseTransfer(at_us, each[1], each[2], amount_minor, currency))
    return tuple(found)
