"""words.toml → what the values of text fields are called, so that people need not read `mini_program`.

A table is a field's name, whatever events have it (fields of one name mean the same); its keys are values. Words change
no decision: conditions speak of the values.
"""

from collections.abc import Mapping
from typing import Any

from jindi.basics.problems import Problem
from jindi.packs.definitions import EventDef, Words
from jindi.packs.tables import Table, kind_of, meant

ValueWords = Mapping[str, Mapping[str, Words]]
"""For a field's name and one of its values, what that is called."""

LENGTH_MAX = 64
"""A value's words stand in a table's cell; what needs more belongs to the field's `doc`."""

_REMEDY = 'write VALUE = { zh = "…", en = "…" } under a table of the field\'s name'


def read_words(
    raw: Any, field: str, where: str, events: Mapping[str, EventDef] | None
) -> tuple[dict[str, Words], list[Problem]]:
    """The words for one field's values, and what is wrong with them.

    `events` are all that are declared; None when some can't be read, so that nobody knows all fields and values.
    """
    problems: list[Problem] = []
    if not isinstance(raw, dict):
        return {}, [Problem(where, field, f"must be a table of values, not {kind_of(raw)}", _REMEDY)]
    if not raw:
        return {}, [Problem(where, field, "names no value", _REMEDY)]
    known, is_open = _values(field, events or {})
    if events is not None and known is None:
        fields = sorted({each.name for event in events.values() for each in event.fields})
        return {}, [Problem(where, field, f"no event has a field '{field[:64]}'", meant(field, fields))]
    found = {}
    for value, words in raw.items():
        item = f"{field}: {value[:64]}"
        if not isinstance(words, dict):
            problems.append(Problem(where, item, f"must be a table with zh and en, not {kind_of(words)}", _REMEDY))
            continue
        if events is not None and known is not None and not is_open and value not in known:
            problems.append(Problem(where, item, f"no field {field} may hold it", meant(value, known)))
        table = Table(words, "doc", where, item, problems)
        found[value] = Words(table.text("zh", remedy=_REMEDY), table.text("en", remedy=_REMEDY))
        if max(len(found[value].zh), len(found[value].en)) > LENGTH_MAX:
            problems.append(Problem(where, item, f"longer than {LENGTH_MAX} characters", "say it shorter"))
    return found, problems


def _values(field: str, events: Mapping[str, EventDef]) -> tuple[list[str] | None, bool]:
    """The values that fields of a name may hold, and whether some of them may hold any; None without such a field."""
    fields = [each for event in events.values() for each in event.fields if each.name == field]
    if not fields:
        return None, False
    return sorted({value for each in fields for value in each.values}), any(not each.values for each in fields)
