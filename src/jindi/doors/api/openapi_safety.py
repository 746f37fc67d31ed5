"""The part of the description that is about passwords and links."""

from typing import Any, get_args

from jindi.access import Trouble
from jindi.parties.phishing import URL_MAX
from jindi.run.phishing import Level

_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}


def paths(errors: dict[str, Any]) -> dict[str, Any]:
    """The addresses; `errors` are the answers when it can't be done."""
    asked = {
        "type": "object",
        "properties": {
            "password": {**_TEXT, "description": "The password. It is kept nowhere."},
            "about": {"type": "array", "items": _TEXT, "maxItems": 10,
                      "description": "What is known of its owner: name, phone, e-mail."},
        },
        "required": ["password"], "additionalProperties": False,
    }  # fmt: skip
    link = {
        "type": "object", "properties": {"url": {**_TEXT, "maxLength": URL_MAX}}, "required": ["url"],
        "additionalProperties": False,
    }  # fmt: skip
    return {
        "/v1/passwords/check": {
            "post": _post("Is a new password fit? It is not kept, logged or recorded.", "checkPassword", asked,
                          _password(), errors)
        },
        "/v1/urls/score": {
            "post": _post("How likely a link is phishing, and whether it imitates an own domain. It is not opened.",
                          "scoreUrl", link, _url(), errors)
        },
    }  # fmt: skip


def _post(summary: str, name: str, asked: dict[str, Any], told: dict[str, Any], errors: dict[str, Any]) -> Any:
    return {
        "summary": summary,
        "operationId": name,
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
        "responses": {"200": {"description": "Judged.", "content": {"application/json": {"schema": told}}}, **errors},
    }


def _password() -> dict[str, Any]:
    trouble = {"code": {"enum": [str(each) for each in Trouble]}, "zh": _TEXT, "en": _TEXT}
    return _whole({
        "acceptable": {"type": "boolean"},
        "strength": {"type": "integer", "minimum": 0, "maximum": 4},
        "breached": {"type": ["boolean", "null"], "description": "null: no leaked passwords are loaded."},
        "troubles": {"type": "array", "items": _whole(trouble)},
    })  # fmt: skip


def _url() -> dict[str, Any]:
    imitates = _whole({"domain": _TEXT, "how": _TEXT, "zh": _TEXT, "en": _TEXT})
    return _whole({
        "level": {"enum": list(get_args(Level))}, "zh": _TEXT, "en": _TEXT, "probability": _NUMBER, "host": _TEXT,
        "domain": _TEXT, "imitates": {**imitates, "type": ["object", "null"]},
        "shares": {"type": "array", "items": _whole({"input": _TEXT, "value": _NUMBER, "points": _NUMBER})},
    })  # fmt: skip


def _whole(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
