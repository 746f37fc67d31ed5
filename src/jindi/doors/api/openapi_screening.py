"""The part of the description that is about screening: watch lists, matches, and what is answered of them."""

from typing import Any

from jindi.doors.api.screening import LIMIT_MAX, OFFSET_MAX
from jindi.run.screening.book import STATES

_INSTANT = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_TEXT, _NUMBER, _TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_MAYBE = {"type": ["string", "null"]}
_TEXTS = {"type": "array", "items": _TEXT}
ONE = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^dec_[0-9a-f]{12}$"}}]


def paths(errors: dict[str, Any], lists: dict[str, Any], found: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """The addresses; `errors` are the answers when a step can't be taken, the others what is looked at."""
    body = {
        "type": "object", "properties": {"reason": {"type": "string", "maxLength": 500}}, "required": ["reason"],
        "additionalProperties": False,
    }  # fmt: skip
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        "/v1/watchlists": {
            "get": lists,
            "post": {
                "summary": "Load a list from its publisher's file (XML, CSV, TOML, as .gz or .zip): it is in force at "
                "once, and everybody is held against what is new in it. A list that says the same counts as fresh.",
                "operationId": "loadWatchlist",
                "parameters": [
                    {"name": "file", "in": "query", "required": True, "schema": _TEXT, "description": "Its name."},
                    {"name": "meant", "in": "query", "required": False, "schema": _TRUTH,
                     "description": "true: it may take away many entries, or be older than the one in force."},
                ],
                "requestBody": {"required": True, "content": {"application/octet-stream": binary}},
                "responses": {"201": _answer("In force.", _whole({"lists": {"type": "array", "items": _list()}})),
                              **errors},
            },
        },
        "/v1/screening/matches": {"get": found},
        "/v1/screening/matches/{id}": {"get": one},
        "/v1/screening/matches/{id}/confirm": {
            "post": {
                "summary": "Somebody is whom the list means: business with him stops at once. Clearing a match, and "
                "lifting a freeze, are asked for at /v1/approvals (screening.clear, screening.lift).",
                "operationId": "confirmMatch", "parameters": ONE,
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                "responses": {"200": _answer("It is durable.", match()), **errors},
            }
        },
    }  # fmt: skip


def filters() -> list[dict[str, Any]]:
    """What matches can be asked for."""
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "state": ("Without: all.", {"enum": list(STATES)}),
        "limit": ("At most so many (50).", {"type": "integer", "minimum": 0, "maximum": LIMIT_MAX}),
        "offset": ("Without the first so many.", {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX}),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": said, "schema": schema}
        for name, (said, schema) in told.items()
    ]


def lists() -> dict[str, Any]:
    """What is answered of the lists in force."""
    looking = _whole({"entries": _NUMBER, "rows": _NUMBER, "of": _NUMBER, "found": _NUMBER})
    return _whole({
        "lists": {"type": "array", "items": _list()},
        "problem": {**_MAYBE, "description": "Why they can't be used: whoever is to be screened is stopped then."},
        "reading": _TRUTH, "looking": {"anyOf": [looking, {"type": "null"}]},
    })  # fmt: skip


def found() -> dict[str, Any]:
    """What is answered of matches."""
    return _whole({"matches": {"type": "array", "items": match()}, "count": _NUMBER})


def match() -> dict[str, Any]:
    """A match, the newest word of it."""
    return _whole({
        "id": _TEXT, "at": _INSTANT, "user": _TEXT,
        "name": {"type": "string", "description": "The name's token."},
        "list": _TEXT, "entry": _TEXT, "digest": {"type": "string", "description": "Of the entry as it read."},
        "list_version": _TEXT, "score": _NUMBER, "strength": {"enum": ["exact", "strong", "weak"]}, "rules": _TEXTS,
        "found": {"enum": ["event", "list"]}, "state": {"enum": list(STATES)}, "by": _MAYBE, "second": _MAYBE,
        "reason": _MAYBE, "decided_at": _MAYBE_INSTANT,
        "report_due": {**_MAYBE_INSTANT, "description": "Of a suspicious report, for a match that was confirmed."},
    })  # fmt: skip


def one() -> dict[str, Any]:
    """A match in full: the entry as it reads now, if it is the same, and why it was found."""
    named = _whole({"name": _TEXT, "quality": {"enum": ["primary", "strong", "weak"]}})
    number = _whole({"kind": _TEXT, "value": _TEXT, "country": _TEXT})
    entry = _whole({
        "id": _TEXT, "kind": _TEXT, "names": {"type": "array", "items": named}, "births": _TEXTS,
        "birth_places": _TEXTS, "countries": _TEXTS, "identifiers": {"type": "array", "items": number},
        "programmes": _TEXTS, "listed_on": _MAYBE, "addresses": _TEXTS, "remarks": _MAYBE,
    })  # fmt: skip
    why = _whole({"zh": _TEXTS, "en": _TEXTS})
    more = {"now": {"anyOf": [entry, {"type": "null"}]}, "why": {"anyOf": [why, {"type": "null"}]}}
    return _whole(match()["properties"] | more)


def _list() -> dict[str, Any]:
    return _whole({
        "name": _TEXT, "version": _TEXT, "published_on": _MAYBE, "entries": _NUMBER, "loaded_at": _INSTANT, "by": _TEXT,
        "files": _TEXTS, "before": _MAYBE, "added": _NUMBER, "removed": _NUMBER, "changed": _NUMBER,
    })  # fmt: skip


def _answer(said: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": said, "content": {"application/json": {"schema": schema}}}


def _whole(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
