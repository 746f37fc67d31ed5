"""parameters/*.toml → dated limits; lists/*.toml → lists that the platform begins with."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, cast

from jindi.basics.money import EXPONENTS
from jindi.basics.problems import Problem
from jindi.basics.ranges import read_range
from jindi.language import DURATION, INT, RATIO, TEXT, Kind, Type
from jindi.packs.definitions import LimitDef, LimitStep, ListDef, ListEntry, Mark, PackDef, Words
from jindi.packs.tables import Table, meant, opened_table
from jindi.packs.values import read_day, read_instant, read_value
from jindi.packs.vocabulary import COLOURS, IDENTIFIERS, LIMIT_TYPES, MARKS

PLACEHOLDER = "placeholder"
"""A step's value that says: whoever runs the platform must set this before a live policy may use it."""

_PLAIN: Mapping[str, Type] = {"int": INT, "ratio": RATIO, "duration": DURATION, "text": TEXT}


def read_limit(raw: Any, name: str, pack: PackDef, where: str, problems: list[Problem]) -> LimitDef | None:
    """One limit with its dated values; None when it is too broken for others to speak of."""
    table = opened_table(raw, "limit", name, where, problems)
    if table is None:
        return None
    word = table.choice("type", LIMIT_TYPES)
    if word == "money":
        currency = table.text("currency", pack.currency)
        if currency not in EXPONENTS:
            if table.has("currency"):
                table.problem(f"unknown currency '{currency[:16]}'", meant(currency, EXPONENTS))
            currency = pack.currency
        kind = Type(Kind.MONEY, of=currency)
    else:
        if table.has("currency"):
            table.problem("`currency` belongs to a money limit", 'write type = "money", or leave it out')
        kind = _PLAIN[word]
    steps: list[LimitStep] = []
    if not table.has("value"):
        table.missing("value", 'write value = [ { since = 2026-01-01, is = …, basis = "…" } ]')
    for number, given in enumerate(table.tables("value"), 1):
        step = _read_step(Table(given, "step", where, f"{name}: value {number}", problems), kind)
        if step is None:
            continue
        if steps and step.since <= steps[-1].since:
            table.problem(f"value {number} is dated {step.since}, not after the one before it", "order them by date")
            continue
        steps.append(step)
    if table.has("value") and not table.raw["value"]:
        table.problem("`value` is empty", "give at least one dated value")
    mark = table.choice("mark", MARKS)
    doc = table.words()
    return LimitDef(
        name, pack.name, doc, kind, cast("Mark", mark), tuple(steps) or (LimitStep(date.min, None, Words("", "")),)
    )


def _read_step(table: Table, kind: Type) -> LimitStep | None:
    basis = table.basis("say where the figure comes from")
    since: date | None = None
    # What can't be read is told as it is; policies are not told of a placeholder as well.
    value: int | float | str | None = 0
    if not table.has("since"):
        table.missing("since", "say from which day on it holds, such as 2026-01-01")
    else:
        try:
            since = read_day(table.raw["since"])
        except ValueError as error:
            table.problem(f"`since` {error}")
    if not table.has("is"):
        table.missing("is", f'give the {kind}, or "{PLACEHOLDER}" until it is known')
    elif table.raw["is"] == PLACEHOLDER:
        value = None
    else:
        try:
            value = cast("int | float | str", read_value(table.raw["is"], kind))
        except ValueError as error:
            table.problem(f"`is` {error}")
    mark = cast("Mark", table.choice("mark", MARKS)) if table.has("mark") else None
    return LimitStep(since, value, basis, mark) if since is not None else None


def read_list(raw: Any, name: str, pack: PackDef, where: str, problems: list[Problem]) -> ListDef | None:
    """One list with the entries it begins with; None when it is too broken for others to speak of."""
    table = opened_table(raw, "list", name, where, problems)
    if table is None:
        return None
    colour = cast("Literal['black', 'white', 'grey']", table.choice("colour", COLOURS))
    if table.has("of") and table.has("identifier"):
        table.problem("has both `of` and `identifier`", "keep one")
    kind, is_of_ranges = TEXT, False
    if table.has("identifier"):
        kind = Type(Kind.TOKEN, of=table.choice("identifier", IDENTIFIERS))
        if table.has("entry"):
            table.problem(
                "entries of identifiers would stand in the pack in clear",
                "leave `entry` out and add entries by `list_entry` events",
            )
    elif table.has("of"):
        is_of_ranges = table.choice("of", ("text", "range")) == "range"
    else:
        table.missing("of", 'write of = "text", or identifier = "phone" for a list of tokens')
    entries: list[ListEntry] = []
    for number, given in enumerate(table.tables("entry"), 1):
        entry = Table(given, "entry", where, f"{name}: entry {number}", problems)
        value, reason, expires_us = entry.text("value"), entry.text("reason"), None
        if entry.has("expires"):
            try:
                expires_us = read_instant(entry.raw["expires"])
            except ValueError as error:
                entry.problem(f"`expires` {error}")
        if is_of_ranges:
            try:
                value = read_range(value)
            except ValueError as error:
                entry.problem(f"`value`: {error}")
        if any(other.value == value for other in entries):
            entry.problem("stands in the list already", "keep one of the two")
        entries.append(ListEntry(value, expires_us, reason))
    return ListDef(name, pack.name, table.words(), colour, kind, tuple(entries), is_of_ranges)
