"""The part of the description that is about links: what they are asked for by, and what is answered."""

from typing import Any

from jindi.packs import OUTCOMES
from jindi.parties.graph import CAP, DEPTH_MAX

_TEXT: dict[str, Any] = {"type": "string"}
_INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_NAME: dict[str, Any] = {"type": "string", "pattern": "^[^:]+:.+$"}
_SEEN: dict[str, Any] = {
    "first_seen": _INSTANT, "last_seen": _INSTANT, "decisions": _COUNT,
    "not_allowed": {**_COUNT, "description": "How many of these decisions did not allow."},
    "outcome": {"enum": [str(each) for each in OUTCOMES], "description": "The heaviest outcome among them."},
}  # fmt: skip
_ENTITY: dict[str, Any] = {
    "entity": _TEXT, "value": {**_TEXT, "description": "As events have it: a token where it is an identifier."},
    "links": {**_COUNT, "description": "How many links it has in all."}, **_SEEN,
}  # fmt: skip


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _link() -> dict[str, Any]:
    kind = {**_TEXT, "description": "The roles that they stand in: that of `a`, a hyphen, that of `b` (payee-user)."}
    amounts = {"type": "object", "additionalProperties": _TEXT}
    return _object({"a": _NAME, "b": _NAME, "kind": kind, "amounts": amounts, **_SEEN})


_BEHIND = {**_COUNT, "description": "Records of the journal that the links do not know of yet."}


def graph() -> dict[str, Any]:
    """What hangs on an entity."""
    entity = _object({
        **_ENTITY, "distance": {**_COUNT, "description": "How many links it is from the start."},
        "hub": {"type": "boolean", "description": "It has so many links that it was not gone through."},
    })  # fmt: skip
    return _object({
        "start": _object(_ENTITY), "entities": _list(entity), "links": _list(_link()), "shown": _COUNT,
        "found": {**_COUNT, "description": "How many entities were met, the most relevant of which are shown."},
        "behind": _BEHIND,
    })  # fmt: skip


def path() -> dict[str, Any]:
    """A shortest way."""
    return _object({
        "path": _list(_object(_ENTITY)), "links": _list(_link()), "found": {"type": "boolean"},
        "gave_up": {"type": "boolean", "description": "More links were looked at than one question may."},
        "looked": _COUNT,
        "hubs": {**_list(_object(_ENTITY)), "description": "Hubs that both lead to; no way goes through them."},
        "behind": _BEHIND,
    })  # fmt: skip


def asked(*ends: str) -> list[dict[str, Any]]:
    """What both can be asked by; `ends` are the entities that must be named."""
    named = [
        {
            "name": end, "in": "query", "required": True, "schema": _NAME,
            "description": "The kind of an entity, a colon, and its value or token, never an identifier in clear.",
        }
        for end in ends
    ]  # fmt: skip
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "since": ("Only links that were seen at this instant or later.", _INSTANT),
        "until": ("Only links that were first seen at this instant or earlier.", _INSTANT),
        "kinds": ("Only links in these roles, parted by commas (device-user).", _TEXT),
    }
    if ends == ("start",):
        depth = {"type": "integer", "minimum": 1, "maximum": DEPTH_MAX, "default": 1}
        most = {"type": "integer", "minimum": 1, "maximum": CAP, "default": CAP}
        told |= {"depth": ("How many links far.", depth), "limit": ("So many entities at the most.", most)}
    return [
        *named,
        *({"name": name, "in": "query", "required": False, "description": said, "schema": schema}
          for name, (said, schema) in told.items()),
    ]  # fmt: skip
