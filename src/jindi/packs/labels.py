"""labels.toml → what turns out about an event later, and which events say so."""

from collections.abc import Collection, Mapping
from typing import Any

from jindi.basics.problems import Problem
from jindi.language import BOOL, Expression, Kind, Scope, read
from jindi.packs.definitions import EventDef, LabelDef, PackDef, WordDef
from jindi.packs.expressions import read_unless_broken
from jindi.packs.tables import Table, meant, opened_table

_BY_DECISION = "decision"
"""A field of this name holds a decision's id, as in every event of a decision's life."""


def read_label(
    raw: Any, name: str, pack: PackDef, where: str, events: Mapping[str, EventDef], broken: Collection[str],
    problems: list[Problem],
) -> LabelDef | None:  # fmt: skip
    """One label with the events that speak about it; None when it is too broken to be used."""
    before = len(problems)
    table = opened_table(raw, "label", name, where, problems)
    if table is None:
        return None
    doc = table.words()
    on = table.names("on", single=True, required=True)
    for event in on:
        if event not in events and event not in broken:
            table.problem(f"`on`: unknown event '{event[:64]}'", meant(event, events))
    mature_us = table.duration("mature", None)
    given = table.tables("from")
    if not given:
        table.problem("nobody speaks about it", f'add [[{name}.from]] with event = "…" and names = "…"')
    words = [
        _read_word(Table(each, "word", where, f"{name}: from {number}", problems), on, events, broken)
        for number, each in enumerate(given, 1)
    ]
    if len(problems) > before:
        return None
    # Words about something broken are left out without a problem of their own: that is reported already.
    return LabelDef(name, pack.name, doc, on, mature_us, tuple(word for word in words if word is not None))


def _read_word(
    table: Table, on: Collection[str], events: Mapping[str, EventDef], broken: Collection[str]
) -> WordDef | None:
    name = table.text("event", remedy="name the event type that says it")
    names = table.text("names", remedy="name its field with the id of the labelled event (or of its decision)")
    if not name or name in broken or f"{name}.{names}" in broken:
        return None
    if name not in events:
        table.problem(f"unknown event '{name[:64]}'", meant(name, events))
        return None
    if name in on:
        table.problem(f"{name} would label itself", "leave it out of `on`, or let another event say it")
    event = events[name]
    fields = {field.name: field for field in event.fields}
    if names and names not in fields:
        table.problem(f"`names`: {name} has no field '{names[:64]}'", meant(names, fields))
        return None
    if names and (fields[names].type.kind is not Kind.TEXT or not fields[names].required):
        table.problem(f"`names`: {names} is no required text", "an id is a text that is always given")
    value = _value(table, event, broken)
    if value is None:
        return None
    return WordDef(name, names, names == _BY_DECISION and event.lifecycle is not None, value)


def _value(table: Table, event: EventDef, broken: Collection[str]) -> Expression | None:
    scope = Scope({field.name: field.type for field in event.fields}, {}, {})
    if not table.has("is"):
        return read("true", scope)
    text = table.text("is", remedy="say when it is true, over the event's own fields")
    return read_unless_broken(table, "is", text, scope, broken=broken, expected=BOOL)
