"""The part of the description that is about reports against money laundering."""

from typing import Any

import msgspec

from jindi.cases.filings import STATES
from jindi.cases.filings_counting import Row
from jindi.cases.filings_steps import WHY_LENGTH_MAX
from jindi.doors.api.filings import TOPICS
from jindi.parties.reporting.drafts import Draft

_INSTANT = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_DAY, _MAYBE_DAY = {"type": "string", "format": "date"}, {"type": ["string", "null"], "format": "date"}
_TEXT, _NUMBER, _TRUTH, _MAYBE = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "boolean"},
    {"type": ["string", "null"]},
)
_TEXTS = {"type": "array", "items": _TEXT}
_WORDS = {"type": "object", "properties": {"zh": _TEXT, "en": _TEXT}, "required": ["zh", "en"]}
ONE = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^rpt_[0-9a-f]{12}$"}}]

SUMMARIES = {
    "write": "Say something else: it is written anew, and what waited for approval waits no more.",
    "propose": "Make the packet. Names and numbers are taken out of the vault for it, each person's against a record; "
    "it then waits for a second person.",
    "approve": "Agree to exactly the packet of a digest. Nobody agrees to what he wrote, changed or proposed himself.",
    "return": "Send it back to be written anew.",
    "pack": "Give the approved packet its name: the next number of the day.",
    "send": "Say that the packet was handed over, and when.",
    "revise": "Open it again: it came back, or the centre has it and it is to be changed.",
    "withdraw": "Have a report of large transactions deleted at the centre that has it.",
    "drop": "Give up what was never sent.",
}


def paths(
    errors: dict[str, Any], listed: dict[str, Any], one: dict[str, Any], defaults: dict[str, Any],
    statistics: dict[str, Any], large: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The addresses; `errors` are the answers when a step can't be taken, the others what is looked at."""
    xml = {"description": "The file.", "content": {"application/xml": {"schema": {"type": "string"}}}}
    base = "/v1/aml/reports"
    return {
        base: {"get": listed, "post": _post("Begin a report.", "openReport", _opening(), "201", errors)},
        "/v1/aml/defaults": {"get": defaults},
        "/v1/aml/statistics": {"get": statistics},
        "/v1/aml/large": {"get": large},
        "/v1/aml/large/{day}": {
            "post": _post(
                "Begin a report of all that is large on a day and has none yet.", "openLargeReport", _closed({}), "201",
                errors,
            ) | {"parameters": [{"name": "day", "in": "path", "required": True, "schema": _DAY}]}
        },
        "/v1/aml/receipts": {
            "post": _post(
                "Take in a receipt under its own name: how its packet fared, and which fields are wrong. Without "
                "`form` errors in a form that is not known here are not read, and it says so.",
                "takeReceipt", _receipt_in(), "200", errors, page(),
            )
        },
        f"{base}/{{id}}": {"get": one},
        f"{base}/{{id}}/packet": {
            "get": {
                "summary": "The packet as it is sent. Each download is a record.", "operationId": "readPacket",
                "parameters": ONE, "responses": {"200": xml, **errors},
            }
        },
        f"{base}/{{id}}/goaml": {
            "post": {
                "summary": "The same report as a unit with goAML takes it, by that unit's own codes.",
                "operationId": "makeGoaml", "parameters": ONE,
                "requestBody": _body(_whole({"unit": {"type": "object"}})), "responses": {"200": xml, **errors},
            }
        },
        **{
            f"{base}/{{id}}/{verb}": {
                "post": _post(summary, f"{verb}Report", _steps()[verb], "200", errors) | {"parameters": ONE}
            }
            for verb, summary in SUMMARIES.items()
        },
    }  # fmt: skip


def _post(
    summary: str, operation: str, body: dict[str, Any], status: str, errors: dict[str, Any],
    answered: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    schema = report() if answered is None else answered
    done = {"description": "It is durable.", "content": {"application/json": {"schema": schema}}}
    return {
        "summary": summary,
        "operationId": operation,
        "requestBody": _body(body),
        "responses": {status: done, **errors},
    }


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _steps() -> dict[str, dict[str, Any]]:
    seen = {"type": ["integer", "null"], "description": "The version that was looked at."}
    why = _closed({"why": {"type": "string", "maxLength": WHY_LENGTH_MAX}}, "why")
    return {
        "write": _closed({"draft": draft(), "seen": seen}, "draft"), "propose": _closed({"seen": seen}),
        "approve": _closed({"digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}, "digest"),
        "pack": _closed({}), "send": _closed({"on": _DAY}, "on"),
        "return": why, "revise": why, "withdraw": why, "drop": why,
    }  # fmt: skip


def _opening() -> dict[str, Any]:
    return _closed(
        {"draft": draft(), "topic": {"enum": list(TOPICS)}, "case": _TEXT, "follows": _TEXT,
         "aware": {**_INSTANT, "description": "Since when the suspicion is confirmed; now, where it is left out."}},
        "draft",
    )  # fmt: skip


def _receipt_in() -> dict[str, Any]:
    form = {"type": ["object", "null"], "description": "The names of elements: error, place, field, code, says."}
    content = {"type": "string", "contentEncoding": "base64"}
    return _closed({"name": _TEXT, "content": content, "form": form}, "name", "content")


def filters() -> list[dict[str, Any]]:
    """What the list can be asked for."""
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "state": ("Without: all.", {"enum": list(STATES)}),
        "topic": ("Suspicions, or large transactions.", {"enum": list(TOPICS)}),
        "case": ("Of one case.", _TEXT),
        "late": ("true: only what is late, or owed by a day that no calendar knows.", _TRUTH),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": said, "schema": schema}
        for name, (said, schema) in told.items()
    ]


def draft() -> dict[str, Any]:
    """What people write."""
    (found,), parts = msgspec.json.schema_components([Draft], ref_template="{name}")
    whole: dict[str, Any] = _resolved(parts, found)
    return whole


def _resolved(parts: dict[str, Any], schema: Any) -> Any:
    """A schema with its references put in their places."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _resolved(parts, parts[schema["$ref"]])
        return {key: _resolved(parts, value) for key, value in schema.items() if key not in ("title", "default")}
    return [_resolved(parts, each) for each in schema] if isinstance(schema, list) else schema


def report() -> dict[str, Any]:
    """How a report stands."""
    return _whole(_report())


def _report() -> dict[str, Any]:
    clock = _whole({
        "kind": {"enum": ["file", "correct"]}, "start": _INSTANT, "due": _MAYBE_INSTANT,
        "settled": {"type": "boolean", "description": "false: the next year's notice may move it."},
        "state": {"enum": ["running", "late", "met", "met_late", "unknown"]}, "sent_on": _MAYBE_DAY, "mark": _TEXT,
        "basis": _WORDS,
    })  # fmt: skip
    return {
        "id": _TEXT, "topic": {"enum": list(TOPICS)}, "state": {"enum": list(STATES)}, "case": _MAYBE,
        "typology": _MAYBE, "follows": _MAYBE, "opened": _INSTANT, "opened_by": _TEXT, "aware": _INSTANT,
        "proposed_by": _MAYBE, "approved_by": _MAYBE,
        "digest": {**_MAYBE, "description": "SHA-256 of the packet that waits, or is approved."},
        "subjects": _NUMBER, "transactions": _NUMBER, "why": _MAYBE, "packets": _TEXTS, "first_sent_on": _MAYBE_DAY,
        "clocks": {"type": "array", "items": clock}, "late": _TRUTH, "version": _NUMBER,
    }  # fmt: skip


def page() -> dict[str, Any]:
    """A report in full."""
    problem = _whole({"item": _TEXT, "problem": _TEXT, "remedy": _TEXT})
    error = _whole({
        "field": _TEXT, "code": _TEXT, "place": _TEXT, "says": _TEXT, "name": {"anyOf": [_WORDS, {"type": "null"}]},
    })  # fmt: skip
    receipt = _whole({
        "name": _TEXT, "by": _TEXT, "at": _INSTANT, "asks": _MAYBE, "until": _MAYBE,
        "errors": {"type": ["array", "null"], "items": error, "description": "null: they could not be read."},
    })  # fmt: skip
    story = _whole({"at": _INSTANT, "by": _TEXT, "verb": _TEXT, "says": _TEXT})
    return _whole(_report() | {
        "draft": {"anyOf": [draft(), {"type": "null"}]}, "problems": {"type": "array", "items": problem},
        "receipts": {"type": "array", "items": receipt}, "kept_until": _MAYBE_DAY,
        "story": {"type": "array", "items": story},
    })  # fmt: skip


def found() -> dict[str, Any]:
    """What the list answers."""
    return _whole({"reports": {"type": "array", "items": report()}, "count": _NUMBER})


def defaults() -> dict[str, Any]:
    """What is answered of a draft to begin with."""
    return _whole({"draft": draft()})


def large() -> dict[str, Any]:
    """What is answered of large days."""
    line = _whole({
        "currency": {"enum": ["CNY", "USD"]}, "of": {"enum": ["local", "foreign", "all"]}, "sum": _TEXT, "line": _TEXT,
        "mark": _TEXT, "basis": _WORDS,
    })  # fmt: skip
    day = _whole({
        "customer": _TEXT, "day": _DAY, "code": _TEXT, "direction": {"enum": ["in", "out"]}, "decisions": _TEXTS,
        "lines": {"type": "array", "items": line}, "due": _MAYBE_DAY, "settled": {"type": ["boolean", "null"]},
        "late": _TRUTH, "report": _MAYBE, "state": _MAYBE,
        "grown": {"type": "boolean", "description": "It has decisions that its report has not."},
    })  # fmt: skip
    return _whole({
        "days": {"type": "array", "items": day}, "today": _DAY,
        "unconverted": {"type": "integer", "description": "Movements in a currency that can't be converted here."},
        "behind": {"type": "integer", "description": "Records of the journal that have not been taken in yet."},
    })  # fmt: skip


def statistics() -> dict[str, Any]:
    """What is answered of months."""
    shapes = {"month": _TEXT, "topic": {"enum": list(TOPICS)}, "typology": _TEXT}
    row = _whole({name: shapes.get(name, _NUMBER) for name in Row.__struct_fields__})
    return _whole({"months": {"type": "array", "items": row}})


def _whole(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
