"""The part of the description that is about due diligence: customers' ratings, their history, and reviews."""

from typing import Any

from jindi.doors.api.ratings import LIMIT_MAX, OFFSET_MAX

_INSTANT = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_TEXT, _NUMBER, _TRUTH, _POINTS = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {"type": "number"}
_MAYBE = {"type": ["string", "null"]}
_TEXTS = {"type": "array", "items": _TEXT}
ONE = [{"name": "user", "in": "path", "required": True, "schema": _TEXT, "description": "The customer."}]


def paths(
    errors: dict[str, Any], found: dict[str, Any], one: dict[str, Any], frozen: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """The addresses; `errors` are the answers when a step can't be taken, the others what is looked at."""
    body = {
        "type": "object",
        "properties": {"note": {"type": "string", "maxLength": 500}, "document_until": _MAYBE_INSTANT},
        "required": ["note"], "additionalProperties": False,
    }  # fmt: skip
    order = {
        "type": "object", "properties": {"user": _TEXT, "order": {"type": "string", "maxLength": 100}},
        "required": ["user", "order"], "additionalProperties": False,
    }  # fmt: skip
    return {
        "/v1/kyc/freezes": {
            "get": frozen,
            "post": {
                "summary": "An authority orders a temporary freeze: it begins at once, and ends by itself.",
                "operationId": "freezeCustomer",
                "requestBody": {"required": True, "content": {"application/json": {"schema": order}}},
                "responses": {"201": _answer("It is durable.", freeze()), **errors},
            },
        },
        "/v1/kyc/customers": {"get": found},
        "/v1/kyc/customers/{user}": {"get": one},
        "/v1/kyc/customers/{user}/review": {
            "post": {
                "summary": "A person has reviewed a customer: he is assessed anew and his clock begins again. A level "
                "by hand is asked for at /v1/approvals (kyc.level).",
                "operationId": "reviewCustomer", "parameters": ONE,
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                "responses": {"200": _answer("It is durable.", standing()), **errors},
            }
        },
    }  # fmt: skip


def filters() -> list[dict[str, Any]]:
    """What customers can be asked for."""
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "level": ("A level of the scheme, or none: not rated yet.", _TEXT),
        "overdue": ("true: those alone of whom something was not done in time.", _TRUTH),
        "user": ("What their names begin with.", _TEXT),
        "limit": ("At most so many (50).", {"type": "integer", "minimum": 0, "maximum": LIMIT_MAX}),
        "offset": ("Without the first so many.", {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX}),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": said, "schema": schema}
        for name, (said, schema) in told.items()
    ]


def found() -> dict[str, Any]:
    """What is answered of customers, those due first first."""
    level = _whole({"level": _TEXT, "doc": _whole({"zh": _TEXT, "en": _TEXT}), "from": _NUMBER})
    return _whole({
        "customers": {"type": "array", "items": standing()}, "count": _NUMBER,
        "levels": {"type": "object", "additionalProperties": _whole({"customers": _NUMBER, "overdue": _NUMBER})},
        "scheme": _whole({"name": _TEXT, "steps": _NUMBER, "levels": {"type": "array", "items": level}}),
        "behind": {"type": "integer", "description": "How many records of the journal are not known here yet."},
        "problem": {**_MAYBE, "description": "Why what is known is not up to date."},
    })  # fmt: skip


def standing() -> dict[str, Any]:
    """How a customer stands."""
    by_hand = _whole({"level": _TEXT, "by": _TEXT, "second": _MAYBE, "reason": _TEXT, "at": _INSTANT})
    return _whole({
        "user": _TEXT, "level": {**_MAYBE, "description": "Which counts; null: not rated yet."},
        "assessed_level": _MAYBE, "points": {"type": ["number", "null"]}, "assessed_at": _MAYBE_INSTANT,
        "grounds": {**_TEXTS, "description": "Why the level is the highest whatever the points."},
        "by_hand": {"anyOf": [by_hand, {"type": "null"}]}, "opened_at": _MAYBE_INSTANT, "reviewed_at": _MAYBE_INSTANT,
        "due": _INSTANT, "owed": {"enum": ["first", "review", "document"]}, "overdue": _TRUTH,
        "document_until": _MAYBE_INSTANT, "account_class": _MAYBE, "classed_at": _MAYBE_INSTANT,
    })  # fmt: skip


def one() -> dict[str, Any]:
    """A customer in full, with his history, the newest first."""
    factor = _whole({"factor": _TEXT, "value": {}, "step": _NUMBER, "points": _POINTS})
    assessment = _whole({
        "level": _TEXT, "points": _POINTS, "before": {**_POINTS, "description": "Before mitigations."},
        "mitigations": _TEXTS, "grounds": _TEXTS, "factors": {"type": "array", "items": factor},
    })  # fmt: skip
    step = _whole({
        "decision": _TEXT, "at": _INSTANT, "event": _TEXT, "fields": {"type": "object"},
        "assessment": {"anyOf": [assessment, {"type": "null"}]},
    })  # fmt: skip
    return _whole(standing()["properties"] | {"history": {"type": "array", "items": step}})


def freeze() -> dict[str, Any]:
    """A temporary freeze in force."""
    return _whole({"user": _TEXT, "until": _INSTANT})


def freezes() -> dict[str, Any]:
    """What is answered of temporary freezes, the one that ends first first."""
    return _whole({"freezes": {"type": "array", "items": freeze()}})


def _answer(said: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": said, "content": {"application/json": {"schema": schema}}}


def _whole(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
