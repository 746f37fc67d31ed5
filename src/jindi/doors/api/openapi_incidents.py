"""The part of the description that is about incidents: their addresses, the bodies of steps, and what is answered."""

from typing import Any

from jindi.cases.incidents import STATES
from jindi.cases.incidents_refusing import COUNT_MAX, MINUTES_MAX, NAME_MAX, TEXT_MAX, TITLE_MAX
from jindi.cases.incidents_steps import CHANNELS, LINK_KINDS, POSTS, Open
from jindi.doors.api.incidents import LIMIT_MAX, OFFSET_MAX, STEPS, keys_of
from jindi.packs import GRADES, INCIDENT_KINDS, PROFILES_OF_REPORTS, RECEIVERS
from jindi.run.incidents.desk import ORDERS, SHOWS

INCIDENT_ID = {"type": "string", "pattern": "^inc_[0-9a-f]{12}$"}
ONE = [{"name": "id", "in": "path", "required": True, "schema": INCIDENT_ID}]
_INSTANT = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_INCIDENT = {"$ref": "#/components/schemas/Incident"}
_TEXT, _NUMBER, _TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}

SUMMARIES = {
    "classify": "Grade an incident, or say that it is of another kind; new clocks begin.",
    "assess": "Say what is hit, as it is known by now.",
    "predate": "Say that the house was aware of it earlier, or when it began.",
    "appoint": "Give somebody a post, or with an empty name leave it empty.",
    "entry": "Write into the timeline what happened, now or at an earlier time.",
    "task": "Ask for something to be done.",
    "tick": "Tick a task, by its place from 0 on, or untick it.",
    "tie": "Link a case, a decision, a control or another incident, or take the link away.",
    "contain": "Say that it goes no further.",
    "resolve": "Say that all works again; the clocks of the closing reports begin.",
    "report": "Record that a report was sent: its clock stops.",
    "excuse": "Say that a report is not owed, and why.",
    "review": "Write what is learnt: cause, lessons, measures.",
    "close": "Close an incident that is resolved, reviewed and reported.",
    "reopen": "Open a closed incident again.",
}
_MUST = {
    "classify": ["grade", "kind", "profiles", "why"], "assess": ["impact"], "predate": ["aware", "why"],
    "appoint": ["post", "who"], "entry": ["text"], "task": ["text"], "tick": ["task"], "tie": ["link"],
    "contain": ["text"], "resolve": ["text"], "report": ["report", "at", "to", "channel"],
    "excuse": ["report", "why"], "review": ["cause", "lessons", "measures"], "close": ["why"], "reopen": ["why"],
}  # fmt: skip


def _impact() -> dict[str, Any]:
    names = {"type": "array", "items": {"type": "string", "maxLength": NAME_MAX}}
    properties = {
        "systems": names, "lines": names, "persons": {"type": ["integer", "null"], "minimum": 0, "maximum": COUNT_MAX},
        "amount": {"type": ["string", "null"], "description": "The direct loss as a decimal text."},
        "currency": _TEXT, "outage_min": {"type": ["integer", "null"], "minimum": 0, "maximum": MINUTES_MAX},
        "critical": _TRUTH, "whole": _TRUTH,
    }  # fmt: skip
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _shapes() -> dict[str, dict[str, Any]]:
    text, name = {"type": "string", "maxLength": TEXT_MAX}, {"type": "string", "maxLength": NAME_MAX}
    link = {
        "type": "object", "properties": {"kind": {"enum": list(LINK_KINDS)}, "id": _TEXT}, "required": ["kind", "id"],
    }  # fmt: skip
    return {
        "title": {"type": "string", "maxLength": TITLE_MAX}, "kind": {"enum": list(INCIDENT_KINDS)},
        "grade": {"enum": list(GRADES)}, "aware": _INSTANT, "began": _MAYBE_INSTANT, "at": _MAYBE_INSTANT,
        "due": _MAYBE_INSTANT, "profiles": {"type": "array", "items": {"enum": list(PROFILES_OF_REPORTS)}},
        "impact": _impact(), "links": {"type": "array", "items": link}, "link": link, "drill": _TRUTH, "why": text,
        "post": {"enum": list(POSTS)}, "who": name, "text": text, "task": {"type": "integer", "minimum": 0},
        "done": _TRUTH, "off": _TRUTH, "report": _TEXT, "to": name, "channel": {"enum": list(CHANNELS)},
        "reference": name, "note": text, "cause": text, "lessons": text, "measures": text,
    }  # fmt: skip


def paths(errors: dict[str, Any], listed: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """The addresses; `errors` are the answers when a step can't be taken, `listed` and `one` what is looked at."""
    opening = {
        "type": "object", "properties": {name: _shapes()[name] for name in keys_of(Open)},
        "required": ["title", "kind", "grade", "aware"], "additionalProperties": False,
    }  # fmt: skip
    made = {"201": {"description": "It is durable.", "content": {"application/json": {"schema": _INCIDENT}}}, **errors}
    return {
        "/v1/incidents": {
            "get": listed,
            "post": {
                "summary": "Open an incident: the clocks of its reports begin.", "operationId": "openIncident",
                "requestBody": {"required": True, "content": {"application/json": {"schema": opening}}},
                "responses": made,
            },
        },
        "/v1/incidents/{id}": {"get": one},
        **{
            f"/v1/incidents/{{id}}/{verb}": {
                "post": {
                    "summary": summary, "operationId": f"{verb}Incident", "parameters": ONE,
                    "requestBody": {"required": True, "content": {"application/json": {"schema": _step(verb)}}},
                    "responses": {
                        "200": {"description": "It is durable.",
                                "content": {"application/json": {"schema": _INCIDENT}}},
                        **errors,
                    },
                }
            }
            for verb, summary in SUMMARIES.items()
        },
    }  # fmt: skip


def _step(verb: str) -> dict[str, Any]:
    shapes = _shapes()
    seen = {
        "type": ["integer", "null"],
        "description": "The version that was looked at: if another step came since, this one is declined.",
    }
    properties = {name: shapes[name] for name in keys_of(STEPS[verb])} | {"seen": seen}
    return {"type": "object", "properties": properties, "required": _MUST[verb], "additionalProperties": False}


def found() -> dict[str, Any]:
    """What a list answers."""
    properties = {
        "incidents": {"type": "array", "items": _INCIDENT},
        "count": {"type": "integer", "description": "How many there are, whatever the limit."},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def filters() -> list[dict[str, Any]]:
    """What a list can be asked for."""
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "state": ("working (the default): all that are not closed; or one state, or all.", {"enum": list(SHOWS)}),
        "grade": ("Of one grade.", {"enum": list(GRADES)}),
        "kind": ("Of one kind.", {"enum": list(INCIDENT_KINDS)}),
        "late": ("true: only those with a report that should have been sent by now.", _TRUTH),
        "drill": ("Drills alone, or none of them.", _TRUTH),
        "order": ("due is by the clock that ends first (the default).", {"enum": list(ORDERS)}),
        "limit": ("At most so many (50).", {"type": "integer", "minimum": 0, "maximum": LIMIT_MAX}),
        "offset": ("Without the first so many.", {"type": "integer", "minimum": 0, "maximum": OFFSET_MAX}),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": said, "schema": schema}
        for name, (said, schema) in told.items()
    ]


def incident() -> dict[str, Any]:
    """An incident."""
    things, maybe = {"type": "array", "items": {"type": "object"}}, {"type": ["object", "null"]}
    clock = {
        "type": "object",
        "properties": {
            "report": _TEXT, "turn": _NUMBER, "to": {"enum": list(RECEIVERS)}, "from": _TEXT, "start": _INSTANT,
            "due": _INSTANT, "state": {"enum": ["running", "late", "met", "met_late", "excused"]}, "mark": _TEXT,
            "basis": {"type": "object"}, "sent": maybe, "excused_by": _TEXT, "why": _TEXT,
        },
    }  # fmt: skip
    properties: dict[str, Any] = {
        "id": INCIDENT_ID, "title": _TEXT, "kind": {"enum": list(INCIDENT_KINDS)}, "grade": {"enum": list(GRADES)},
        "peak": {"enum": list(GRADES)}, "state": {"enum": list(STATES)}, "drill": _TRUTH, "opened": _INSTANT,
        "opened_by": _TEXT, "aware": _INSTANT, "began": _MAYBE_INSTANT, "contained": _MAYBE_INSTANT,
        "resolved": _MAYBE_INSTANT, "profiles": {"type": "array", "items": {"enum": list(PROFILES_OF_REPORTS)}},
        "impact": _impact(), "posts": {"type": "object"}, "tasks": things, "links": things,
        "clocks": {"type": "array", "items": clock}, "review": maybe, "closed": _MAYBE_INSTANT, "closed_by": _TEXT,
        "why": _TEXT, "approval": _TEXT, "reopened": _NUMBER, "version": _NUMBER,
    }  # fmt: skip
    return {"type": "object", "properties": properties, "required": list(properties)}


def page() -> dict[str, Any]:
    """An incident in full: the incident itself, and all that belongs to it."""
    things = {"type": "array", "items": {"type": "object"}}
    more = {
        "takes_two": {"type": "boolean", "description": "Closing it takes a second person: ask for incident.close."},
        "coming": things, "suggestion": {"type": "object"}, "plans": things, "story": things,
    }  # fmt: skip
    whole = incident()
    return {"type": "object", "properties": whole["properties"] | more, "required": [*whole["required"], *more]}
