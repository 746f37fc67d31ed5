"""The part of the description that is about cases: their addresses, the bodies of steps, and what is answered."""

from typing import Any, get_args

from jindi.cases import VERDICTS
from jindi.cases.evidence import FILE_BYTES_MAX
from jindi.cases.refusing import TAG_MAX, TEXT_MAX
from jindi.doors.api.cases import LIMIT_MAX, OFFSET_MAX, STEPS, keys_of
from jindi.packs import LEVELS, OUTCOMES
from jindi.ports import CaseOrder

CASE_ID = {"type": "string", "pattern": "^case_[0-9a-f]{12}$"}
_DECISION_ID = {"type": "string", "pattern": "^dec_[0-9a-f]{12}$"}
_INSTANT = {"type": "string", "format": "date-time"}
_ONE = [{"name": "id", "in": "path", "required": True, "schema": CASE_ID}]
_CASE = {"$ref": "#/components/schemas/Case"}

SUMMARIES = {
    "assign": "Give a case to somebody, oneself for instance, or with an empty name back to the queue.",
    "note": "Write a remark for colleagues.",
    "tag": "Mark a case, or take marks away.",
    "snooze": "Put a case aside until an instant, or until something new comes to it.",
    "wake": "End a snooze.",
    "check": "Tick a step of the investigation, by its place from 0 on, or untick it.",
    "escalate": "Hand a case to who leads.",
    "close": "End a case with a verdict. What its decisions wait for is settled by it.",
    "reopen": "Open a closed case again.",
    "merge": "Put all of a case into another of the same subject.",
    "split": "Make some decisions of a case a case of their own.",
    "task": "Ask for something that no step of the investigation foresees.",
    "tick": "Tick a task, by its place from 0 on, or untick it.",
    "withdraw": "Take a file back, by its place from 0 on: nobody is given it any more.",
    "review": "Take a second look at the verdict of a closed case.",
}
_MUST = {
    "note": ["text"], "snooze": ["until", "why"], "check": ["step"], "escalate": ["why"], "reopen": ["why"],
    "close": ["verdict", "why"], "merge": ["into", "why"], "split": ["decisions", "why"],
    "task": ["text"], "tick": ["task"], "withdraw": ["file", "why"], "review": ["agrees", "why"],
}  # fmt: skip


def found() -> dict[str, Any]:
    """What a list answers."""
    properties = {
        "cases": {"type": "array", "items": _CASE},
        "count": {"type": "integer", "description": "How many there are, whatever the limit."},
        "behind": {"type": "integer", "description": "Records of the journal that the cases do not know of yet."},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def steps(errors: dict[str, Any]) -> dict[str, Any]:
    """The addresses by which cases are worked; `errors` are the answers when they can't be."""
    first = {"type": "object", "properties": {"case": {"anyOf": [_CASE, {"type": "null"}]}}, "required": ["case"]}
    return {
        "/v1/cases/next": {
            "post": {
                "summary": "Take the case that is first in the queue; null when nothing waits there.",
                "operationId": "takeNextCase", "responses": _taken(first, errors),
            }
        },
        **{
            f"/v1/cases/{{id}}/{verb}": {
                "post": {
                    "summary": summary, "operationId": f"{verb}Case", "parameters": _ONE,
                    "requestBody": {"required": True, "content": {"application/json": {"schema": _step(verb)}}},
                    "responses": _taken(_CASE, errors),
                }
            }
            for verb, summary in SUMMARIES.items()
        },
        **_files(errors),
    }  # fmt: skip


def _files(errors: dict[str, Any]) -> dict[str, Any]:
    content = {"type": "string", "contentEncoding": "base64", "description": f"At most {FILE_BYTES_MAX:,} bytes."}
    file = {
        "type": "object", "properties": {"name": {"type": "string"}, "content": content},
        "required": ["name", "content"], "additionalProperties": False,
    }  # fmt: skip
    place = {"name": "place", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
    return {
        "/v1/cases/{id}/attach": {
            "post": {
                "summary": "Attach a file: looked at, and kept encrypted.", "operationId": "attachCase",
                "parameters": _ONE, "responses": _taken(_CASE, errors),
                "requestBody": {"required": True, "content": {"application/json": {"schema": file}}},
            }
        },
        "/v1/cases/{id}/files/{place}": {
            "get": {
                "summary": "A file of a case, exactly as it was attached.", "operationId": "readCaseFile",
                "parameters": [*_ONE, place],
                "responses": {
                    "200": {"description": "Its bytes.", "content": {"application/octet-stream": {}}},
                    **{code: each for code, each in errors.items() if code in ("401", "403", "404", "503")},
                },
            }
        },
    }  # fmt: skip


def _taken(schema: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "It is durable.", "content": {"application/json": {"schema": schema}}}, **errors}


def _step(verb: str) -> dict[str, Any]:
    text = {"type": "string", "maxLength": TEXT_MAX}
    tags = {"type": "array", "items": {"type": "string", "maxLength": TAG_MAX}}
    shapes: dict[str, dict[str, Any]] = {
        "to": {"type": "string"}, "text": text, "why": text, "add": tags, "remove": tags, "until": _INSTANT,
        "step": {"type": "integer", "minimum": 0}, "done": {"type": "boolean"}, "verdict": {"enum": list(VERDICTS)},
        "into": CASE_ID, "decisions": {"type": "array", "items": _DECISION_ID}, "who": {"type": "string"},
        "due": {**_INSTANT, "type": ["string", "null"]}, "task": {"type": "integer", "minimum": 0},
        "file": {"type": "integer", "minimum": 0}, "agrees": {"type": "boolean"},
    }  # fmt: skip
    seen = {
        "type": ["integer", "null"],
        "description": "The version that was looked at: if another step came since, this one is declined.",
    }
    properties = {name: shapes[name] for name in keys_of(STEPS[verb])} | {"seen": seen}
    return {
        "type": "object", "properties": properties, "required": _MUST.get(verb, []), "additionalProperties": False,
    }  # fmt: skip


def filters() -> list[dict[str, Any]]:
    """What a list can be asked for."""
    text, truth = {"type": "string"}, {"type": "boolean"}
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "state": ("open (the default), closed, merged, or all.", {"enum": ["open", "closed", "merged", "all"]}),
        "assignee": ("Whose they are; empty: nobody's.", text),
        "typology": ("Kinds, parted by commas.", text),
        "level": (f"Of {', '.join(LEVELS)}, parted by commas.", text),
        "subject": ("Whose a case is: the entity, a colon, and its value or token.", text),
        "tag": ("A mark.", text),
        "late": ("true: only those that should be over.", truth),
        "snoozed": ("Whether they are put aside.", truth),
        "escalated": ("Whether they wait for who leads.", truth),
        "order": ("rank is the queue's (the default).", {"enum": list(get_args(CaseOrder))}),
        "descending": ("The last first.", truth),
        "limit": ("At most so many (50).", {"type": "integer", "minimum": 0, "maximum": LIMIT_MAX}),
        "offset": ("Without the first so many.", {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX}),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": said, "schema": schema}
        for name, (said, schema) in told.items()
    ]


def case() -> dict[str, Any]:
    """A case."""
    text, number, truth = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
    maybe_text, maybe_instant = {"type": ["string", "null"]}, {"type": ["string", "null"], "format": "date-time"}
    things = {"type": "array", "items": {"type": "object"}}
    properties: dict[str, Any] = {
        "id": CASE_ID, "typology": text, "entity": text, "subject": text, "level": {"enum": list(LEVELS)},
        "state": {"enum": ["open", "closed", "merged"]}, "assignee": text, "escalated": truth,
        "snoozed_until": maybe_instant, "opened": _INSTANT, "due": _INSTANT, "late": truth, "last_alert": _INSTANT,
        "alerts": number,
        "amounts": {"type": "object", "additionalProperties": text, "description": "Decimal texts by currency."},
        "outcome": {"enum": [str(each) for each in OUTCOMES]}, "score": number,
        "tags": {"type": "array", "items": text}, "done": {"type": "array", "items": number}, "verdict": maybe_text,
        "looks": things, "tasks": things, "files": things,
        "why": text, "closed": maybe_instant, "closed_by": text, "approval": text, "merged_into": text, "earlier": text,
        "version": number,
    }  # fmt: skip
    return {"type": "object", "properties": properties, "required": list(properties)}


def _pattern() -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    transfer: dict[str, Any] = {
        "decision_id": _DECISION_ID, "at": _INSTANT, "event_type": text,
        "payer": {**text, "description": "An entity and its value: user:u1."}, "payee": text,
        "amount": {**text, "description": "A decimal text."}, "currency": text,
        "outcome": {"enum": [str(each) for each in OUTCOMES]},
    }  # fmt: skip
    properties: dict[str, Any] = {
        "pattern": text, "doc": {"type": "object"}, "decision_id": _DECISION_ID,
        "decisions": {**number, "description": "How many of the newest decisions complete it."},
        "transfers_in_all": number,
        "transfers": {
            "type": "array", "description": "The newest, in the order of arrival.",
            "items": {"type": "object", "properties": transfer, "required": list(transfer)},
        },
    }  # fmt: skip
    return {"type": "object", "properties": properties, "required": list(properties)}


def page() -> dict[str, Any]:
    """A case in full: the case itself, and all that belongs to it."""
    things = {"type": "array", "items": {"type": "object"}}
    more = {
        "takes_two": {"type": "boolean", "description": "Closing it takes a second person: ask for case.close."},
        "doc": {"type": ["object", "null"]}, "steps": things, "decisions": things, "story": things,
        "patterns": {
            "type": "array", "items": _pattern(),
            "description": "Patterns of transfers that its decisions complete, each by the newest of them.",
        },
        "related": {"type": "array", "items": CASE_ID},
    }  # fmt: skip
    whole = case()
    return {"type": "object", "properties": whole["properties"] | more, "required": [*whole["required"], *more]}
