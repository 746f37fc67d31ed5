"""The part of the description that is about lists: which there are, and what is answered of one."""

from typing import Any

from jindi.doors.api.lists import LIMIT_MAX, OFFSET_MAX
from jindi.run.listed import ORDERS, STATES

_INSTANT = {"type": "string", "format": "date-time"}
_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
ONE = [{"name": "id", "in": "path", "required": True, "schema": _TEXT, "description": "The list's name."}]


def filters() -> list[dict[str, Any]]:
    """What the entries of a list can be asked for."""
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "state": ("Without: all members, expired ones too. `soon` ends within seven days.", {"enum": list(STATES)}),
        "order": ("changed (the newest change first) is the default.", {"enum": list(ORDERS)}),
        "limit": ("At most so many (50).", {"type": "integer", "minimum": 0, "maximum": LIMIT_MAX}),
        "offset": ("Without the first so many.", {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX}),
        "masks": ("true: masks beside tokens, as far as the key may see them.", {"type": "boolean"}),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": said, "schema": schema}
        for name, (said, schema) in told.items()
    ]


def found() -> dict[str, Any]:
    """What the list of lists answers."""
    return _whole({"lists": {"type": "array", "items": _list()}, "behind": _behind()})


def one() -> dict[str, Any]:
    """What a list answers: the list itself, and its entries."""
    changed = {"anyOf": [_change(), {"type": "null"}]}
    entry = _whole({
        "value": {"type": "string", "description": "A token where the list is one of identifiers."},
        "state": {"enum": ["live", "expired", "removed"]},
        "expires": {"type": ["string", "null"], "format": "date-time", "description": "null: it has no end."},
        "source": {"enum": ["pack", "event"]}, "reason": _TEXT, "changes": _NUMBER, "changed": changed,
    })  # fmt: skip
    entry["properties"]["mask"] = {"type": ["string", "null"]}
    whole = _list()
    more = {"entries": {"type": "array", "items": entry}, "count": _NUMBER, "behind": _behind()}
    return _whole(whole["properties"] | more)


def _list() -> dict[str, Any]:
    words = _whole({"zh": _TEXT, "en": _TEXT})
    rule = _whole({"policy": _TEXT, "rule": _TEXT, "state": _TEXT, "exemption": {"type": "boolean"}})
    return _whole({
        "name": _TEXT, "pack": _TEXT, "doc": words, "colour": {"enum": ["black", "white", "grey"]},
        "of": {"type": "string", "description": "The kind of identifier, text, or range."}, "live": _NUMBER,
        "ends_soon": _NUMBER, "for_good": _NUMBER, "expired": _NUMBER,
        "changed": {"anyOf": [_change(), {"type": "null"}]}, "rules": {"type": "array", "items": rule},
    })  # fmt: skip


def _change() -> dict[str, Any]:
    return _whole({
        "at": _INSTANT, "action": {"enum": ["add", "remove"]}, "by": _TEXT, "event": _TEXT,
        "decision_id": {"type": "string", "pattern": "^dec_[0-9a-f]{12}$"},
    })  # fmt: skip


def _behind() -> dict[str, Any]:
    return {"type": "integer", "description": "Changes of lists and verdicts that are not read yet."}


def _whole(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
