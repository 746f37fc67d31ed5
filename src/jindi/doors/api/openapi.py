"""The OpenAPI 3.1 description, made from the definitions in force: what it says is what intake accepts."""

from typing import Any, get_args

from jindi import __version__
from jindi.access import PURPOSES
from jindi.basics.identifiers import NORMAL_FORMS
from jindi.basics.money import AMOUNT_MINOR_MAX
from jindi.doors.api import (
    openapi_cases,
    openapi_filings,
    openapi_incidents,
    openapi_links,
    openapi_lists,
    openapi_ratings,
    openapi_safety,
    openapi_screening,
)
from jindi.doors.api.notices import LIMIT_MAX, OFFSET_MAX
from jindi.language import Kind
from jindi.packs import OUTCOMES, Definitions, EventDef, FieldDef
from jindi.run.replay.causes import Kind as CauseKind
from jindi.run.subjects import ASKED, REASONS
from jindi.run.webhooks.mailing import STEPS

_DECISION_ID = {"type": "string", "pattern": "^dec_[0-9a-f]{12}$"}
_REQUEST_ID = "^req-[0-9]+$"
_STEP_ID = "^chg_[0-9a-f]{12}$"
_INSTANT = {"type": "string", "format": "date-time"}


def document(definitions: Definitions) -> dict[str, Any]:
    """The whole description."""
    # What only the platform itself tells, nobody can send.
    taken = {name: event for name, event in definitions.events.items() if not event.own}
    events = {f"event_{name}": _event(event) for name, event in taken.items()}
    any_event = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in events],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: f"#/components/schemas/event_{name}" for name in taken},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jindi",
            "version": __version__,
            "description": "Risk decisions for internet finance. Jindi is not legal advice. 金堤不构成法律意见。",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key, jk_…"}},
            "schemas": {
                "Event": any_event,
                **events,
                "Decision": _decision(),
                "Case": openapi_cases.case(),
                "Incident": openapi_incidents.incident(),
                "Replay": _replay(),
                "Problem": _problem(),
            },
        },
    }


def _paths() -> dict[str, Any]:
    decision, event = {"$ref": "#/components/schemas/Decision"}, {"$ref": "#/components/schemas/Event"}
    anything = {"type": "object"}
    exact = {
        "name": "exact",
        "in": "query",
        "required": False,
        "description": "true: the reasons of models are exact Shapley values.",
        "schema": {"type": "boolean"},
    }
    one_id = [{"name": "id", "in": "path", "required": True, "schema": _DECISION_ID}]
    entity = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": text}
        for name, text in (
            ("key", "The entity: user, device, …"),
            ("value", "Its value; an identifier as its token, never in clear: an address is no place for it."),
        )
    ]
    lines = {"schema": {"type": "string", "description": "One JSON object a line."}}
    return {
        "/v1/events": {
            "post": {
                "summary": "Decide one event, or many (NDJSON: each line is answered by a line).",
                "operationId": "decideEvents",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": event}, "application/x-ndjson": lines},
                },
                "responses": {
                    "200": {
                        "description": "The decision; it is durable.",
                        "content": {"application/json": {"schema": decision}, "application/x-ndjson": lines},
                    },
                    **_errors("401", "403", "409", "413", "422", "503"),
                },
            }
        },
        "/v1/decisions/{id}": {
            "get": _get("A decision, and what became of it.", "readDecision", decision, [*one_id, _masks()])
        },
        "/v1/decisions/{id}/explanation": {
            "get": _get("Why, and what would change it.", "explainDecision", anything, [*one_id, exact])
        },
        "/v1/decisions/{id}/replay": {
            "get": _get(
                "The decision made again on its journalled facts, and whether every byte is the same.",
                "replayDecision", {"$ref": "#/components/schemas/Replay"}, one_id,
            )
        },
        "/v1/entities/{key}/{value}/features": {
            "get": _get(
                "All features with this entity as their key, as of now.", "readFeatures", _features(),
                [*entity, _masks()], "400",
            )
        },
        "/v1/entities/features": {
            "post": {
                "summary": "The same, for an entity named in the body, where an identifier may be in clear.",
                "operationId": "findFeatures",
                "requestBody": {"required": True, "content": {"application/json": {"schema": _entity_request()}}},
                "responses": {
                    "200": {"description": "Found.", "content": {"application/json": {"schema": _features()}}},
                    **_errors("400", "401", "403", "404", "413", "503"),
                },
            }
        },
        **openapi_safety.paths(_errors("400", "401", "403", "413", "503")),
        "/v1/packs": {"get": _get("The definitions in force.", "readPacks", anything, [])},
        "/v1/packs/try": {
            "post": {
                "summary": "Decide one event under edited packs against the running history; nothing is kept.",
                "operationId": "tryPacks",
                "requestBody": {"required": True, "content": {"application/json": {"schema": anything}}},
                "responses": {
                    "200": {
                        "description": "What they would decide.",
                        "content": {"application/json": {"schema": anything}},
                    },
                    **_errors("400", "401", "403", "413", "422"),
                },
            }
        },
        **_version_paths(),
        **_clear_paths(),
        **_approval_paths(),
        "/v1/cases": {
            "get": _get("Cases, in the order of the queue or another.", "readCases", openapi_cases.found(),
                        openapi_cases.filters(), "400", "503")
        },
        "/v1/cases/{id}": {
            "get": _get("A case in full.", "readCase", openapi_cases.page(),
                        [{"name": "id", "in": "path", "required": True, "schema": openapi_cases.CASE_ID}], "503")
        },
        "/v1/lists": {
            "get": _get("The lists of the packs in force, and what asks for them.", "readLists", openapi_lists.found(),
                        [])
        },
        "/v1/lists/{id}": {
            "get": _get("The entries of a list. A change is asked for at /v1/approvals (kind list.change).", "readList",
                        openapi_lists.one(), [*openapi_lists.ONE, *openapi_lists.filters()], "400")
        },
        **openapi_cases.steps(_errors("400", "401", "403", "404", "409", "413", "503")),
        **openapi_incidents.paths(
            _errors("400", "401", "403", "404", "409", "413", "503"),
            _get("Incidents, the one whose clock ends first before the others, or in another order.", "readIncidents",
                 openapi_incidents.found(), openapi_incidents.filters(), "400"),
            _get("An incident in full.", "readIncident", openapi_incidents.page(), openapi_incidents.ONE),
        ),
        **openapi_screening.paths(
            _errors("400", "401", "403", "404", "409", "413", "503"),
            _get("The watch lists in force, and whom they are being held against.", "readWatchlists",
                 openapi_screening.lists(), []),
            _get("Matches with watch lists, the newest first.", "readMatches", openapi_screening.found(),
                 openapi_screening.filters(), "400"),
            _get("A match in full, with the entry as it reads and why it was found.", "readMatch",
                 openapi_screening.one(), openapi_screening.ONE),
        ),
        **openapi_ratings.paths(
            _errors("400", "401", "403", "404", "409", "413", "503"),
            _get("Customers by their level of risk, those due first first.", "readCustomers", openapi_ratings.found(),
                 openapi_ratings.filters(), "400", "503"),
            _get("A customer's rating in full, with its history.", "readCustomer", openapi_ratings.one(),
                 openapi_ratings.ONE, "503"),
            _get("Temporary freezes in force, the one that ends first first.", "readFreezes",
                 openapi_ratings.freezes(), []),
        ),
        **openapi_filings.paths(
            _errors("400", "401", "403", "404", "409", "413", "503"),
            _get("Reports against money laundering, what is owed first before the others. Nobody without the scopes of "
                 "reports is told of any.", "readReports", openapi_filings.found(), openapi_filings.filters(), "400"),
            _get("A report in full.", "readReport", openapi_filings.page(), openapi_filings.ONE),
            _get("A draft to begin with, of a case.", "readReportDefaults", openapi_filings.defaults(),
                 [{"name": "case", "in": "query", "required": False, "schema": {"type": "string"}}], "400"),
            _get("Reports counted by month, topic and kind of case.", "readReportStatistics",
                 openapi_filings.statistics(),
                 [{"name": "form", "in": "query", "required": False, "schema": {"enum": ["json", "csv"]}}], "400"),
            _get("Days of large transactions among the platform's own movements, the newest first.", "readLargeDays",
                 openapi_filings.large(),
                 [{"name": "day", "in": "query", "required": False, "schema": {"type": "string", "format": "date"}}],
                 "400", "503"),
        ),
        "/v1/links": {
            "get": _get("What hangs on an entity: whoever stood with it in decided events, and with those.",
                        "readLinks", openapi_links.graph(), openapi_links.asked("start"), "400", "503")
        },
        "/v1/links/path": {
            "get": _get("The shortest way between two entities.", "readPath", openapi_links.path(),
                        openapi_links.asked("start", "goal"), "400", "503")
        },
        "/v1/snapshots": {
            "post": {
                "summary": "Write a snapshot of the state now.",
                "operationId": "writeSnapshot",
                "responses": {
                    "201": {"description": "It is on disk.", "content": {"application/json": {"schema": anything}}},
                    **_errors("401", "403", "503"),
                },
            }
        },
        **_webhook_paths(),
        **_notice_paths(),
        "/v1/audit": {
            "get": _get("What people and keys did, the newest first; to look is recorded, too.", "readAudit",
                        _actions(), _audit_filters())
        },
        "/v1/staff-alerts": {
            "get": _get("Alerts about staff, the newest first: never about oneself or one's line.", "readStaffAlerts",
                        _staff_alerts(), [each for each in _audit_filters() if each["name"] in ("before", "limit")])
        },
        "/v1/staff-alerts/{id}": {
            "get": _get("One of them, with the event, what the rules saw, and the person's habits.", "readStaffAlert",
                        anything, one_id)
        },
        "/v1/heads": {
            "post": {
                "summary": "Sign the head of the journal's Merkle tree now, and export it.",
                "operationId": "writeHead",
                "responses": {
                    "201": {"description": "It is signed.", "content": {"application/json": {"schema": anything}}},
                    **_errors("401", "403", "503"),
                },
            }
        },
        "/v1/controls": {
            "get": _get("The register of controls: how each stands, with its evidence.", "readControls", anything, [])
        },
        "/v1/controls/run": {
            "post": {
                "summary": "Run controls now: those of the ids, or all. It goes on beside decisions; read how it ends.",
                "operationId": "runControls",
                "parameters": [{
                    "name": "only", "in": "query", "required": False, "description": "A control's id; repeatable.",
                    "schema": {"type": "array", "items": {"type": "string"}},
                }],
                "responses": {
                    "202": {"description": "They are run.", "content": {"application/json": {"schema": anything}}},
                    **_errors("400", "401", "403", "503"),
                },
            }
        },
        "/metrics": {
            "get": {
                "summary": "Measures in the Prometheus text format.",
                "operationId": "readMetrics",
                "responses": {
                    "200": {"description": "Metrics.", "content": {"text/plain": {}}},
                    **_errors("401", "403"),
                },
            }
        },
        "/healthz": {"get": {"summary": "The process is alive.", "operationId": "readHealth", "security": [],
                             "responses": {"200": {"description": "Alive."}}}},
        "/readyz": {"get": {"summary": "The lane decides.", "operationId": "readReadiness", "security": [],
                            "responses": {"200": {"description": "Ready."}, **_errors("503")}}},
        "/openapi.json": {"get": {"summary": "This description.", "operationId": "readDescription", "security": [],
                                  "responses": {"200": {"description": "OpenAPI 3.1."}}}},
    }  # fmt: skip


def _audit_filters() -> list[dict[str, Any]]:
    """What `GET /v1/audit` can be asked for."""
    told = {
        "who": "A key's or session's id, or a name.", "what": "An action, or the beginning of one (decision).",
        "on": "An id or a token.", "since": "From this instant on.", "until": "Before this instant.",
        "before": "Before this record: the `older` of the page before.", "limit": "At most so many (50).",
    }  # fmt: skip
    shapes = {"since": _INSTANT, "until": _INSTANT, "before": {"type": "integer", "minimum": 1},
              "limit": {"type": "integer", "minimum": 1, "maximum": 200}}  # fmt: skip
    return [
        {"name": name, "in": "query", "required": False, "description": text,
         "schema": shapes.get(name, {"type": "string"})}
        for name, text in told.items()
    ]  # fmt: skip


def _actions() -> dict[str, Any]:
    text = {"type": "string"}
    one = {
        "seq": {"type": "integer"}, "at": _INSTANT, "key": text, "name": text, "what": text, "on": text,
        "outcome": {"enum": ["allowed", "refused"]}, "door": text, "place": text, "request": text,
    }  # fmt: skip
    return {
        "type": "object",
        "properties": {
            "actions": {"type": "array", "items": {"type": "object", "properties": one, "required": list(one)}},
            "older": {"type": ["integer", "null"]},
        },
        "required": ["actions", "older"],
    }


def _staff_alerts() -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    reason = {"rule": text, "doc": text, "doc_zh": text, "score": number}
    one = {
        "decision_id": text, "at": _INSTANT, "event_type": text, "people": {"type": "array", "items": text},
        "line": {"type": ["string", "null"]}, "action": {"type": ["string", "null"]}, "outcome": text, "score": number,
        "status": text, "repeats": number,
        "reasons": {"type": "array", "items": {"type": "object", "properties": reason, "required": list(reason)}},
    }  # fmt: skip
    return {
        "type": "object",
        "properties": {
            "alerts": {"type": "array", "items": {"type": "object", "properties": one, "required": list(one)}},
            "older": {"type": ["integer", "null"]},
        },
        "required": ["alerts", "older"],
    }


def _features() -> dict[str, Any]:
    by_name = "Amounts are decimal texts, instants RFC 3339, durations microseconds; null is missing."
    return {
        "type": "object",
        "properties": {
            "entity": {"type": "string"},
            "as_of": _INSTANT,
            "features": {"type": "object", "description": by_name},
            "types": {"type": "object", "additionalProperties": {"type": "string"}},
            "absent": {"type": "array", "items": {"type": "string"}, "description": "Features that still catch up."},
            "personal": {"type": "array", "items": {"type": "object"}, "description": "With masks=true."},
        },
        "required": ["entity", "as_of", "features", "types", "absent"],
    }


def _webhook_paths() -> dict[str, Any]:
    texts = {"type": "array", "items": {"type": "string"}}
    url = {"type": "string", "maxLength": 2048, "description": "https://…, outside of the platform's own networks."}
    wanted = {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {"url": url, "outcomes": texts, "types": texts, "asymmetric": {"type": "boolean"}},
    }
    told = {"application/json": {"schema": {"type": "object"}}}
    steps = {"type": "string", "enum": list(STEPS)}
    return {
        "/v1/webhooks": {
            "get": _get("Who is told of decisions, and how far.", "readWebhooks", {"type": "object"}, []),
            "post": {
                "summary": "Tell somebody of decisions from now on.",
                "operationId": "addWebhook",
                "requestBody": {"required": True, "content": {"application/json": {"schema": wanted}}},
                "responses": {
                    "201": {"description": "What signatures are checked with is in it, once.", "content": told},
                    **_errors("400", "401", "403", "413", "503"),
                },
            },
        },
        "/v1/webhooks/{id}/{step}": {
            "post": {
                "summary": "Test, disable, enable or remove an endpoint, or rotate its secret.",
                "operationId": "changeWebhook",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "step", "in": "path", "required": True, "schema": steps},
                ],
                "responses": {
                    "200": {"description": "It is done.", "content": told},
                    **_errors("401", "403", "404", "503"),
                },
            }
        },
    }


def _notice_paths() -> dict[str, Any]:
    told = {"application/json": {"schema": {"type": "object"}}}
    one = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]

    def many(most: int) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": most}

    def post(summary: str, operation: str) -> dict[str, Any]:
        done = {"200": {"description": "What came of it.", "content": told}, **_errors("401", "403", "404", "503")}
        return {"post": {"summary": summary, "operationId": operation, "parameters": one, "responses": done}}

    pages = [
        {"name": "limit", "in": "query", "required": False, "schema": many(LIMIT_MAX)},
        {"name": "offset", "in": "query", "required": False, "schema": many(OFFSET_MAX)},
        {"name": "channel", "in": "query", "required": False, "schema": {"type": "string"}},
    ]
    return {
        "/v1/notification-channels": {
            "get": _get("The channels of teams, without their addresses.", "readChannels", {"type": "object"}, [])
        },
        "/v1/notification-channels/{id}/test": post("Send a test to a channel.", "testChannel"),
        "/v1/notification-deliveries": {
            "get": _get("What was sent and what was not.", "readDeliveries", {"type": "object"}, pages, "400", "503")
        },
        "/v1/notification-deliveries/{id}/resend": post("Send something again.", "resendDelivery"),
    }


def _version_paths() -> dict[str, Any]:
    """Where versions of policies are looked at and changed."""
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    files = {"type": "object", "additionalProperties": text, "description": "Pack files by path; else the saved ones."}
    why = {"type": "string", "maxLength": 500}
    proposal_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": _STEP_ID}}]
    name = [{"name": "id", "in": "path", "required": True, "schema": text, "description": "A policy or a version."}]
    version = [{"name": "version", "in": "query", "required": False, "schema": text}]
    said = "A policy, also one that is not there yet; or a file of parameters as PACK:NAME."
    draft_id = [{"name": "id", "in": "path", "required": True, "schema": text, "description": said}]
    count = {"type": "integer", "minimum": 0}
    anything = {"type": "object"}

    def post(summary: str, operation: str, needs: list[str], *, code: str = "200", path: Any = (), **given: Any) -> Any:
        schema = {"type": "object", "properties": given, "required": needs, "additionalProperties": False}
        answer = {"description": "Done, and durable.", "content": {"application/json": {"schema": anything}}}
        return {
            "post": {
                "summary": summary,
                "operationId": operation,
                "parameters": list(path),
                "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                "responses": {code: answer, **_errors("400", "401", "403", "404", "409", "413", "422", "503")},
            }
        }

    return {
        "/v1/policies": {"get": _get("All versions of policies and open proposals.", "readPolicies", anything, [])},
        "/v1/policies/statistics": {
            "get": _get("What watched versions would have decided.", "readStatistics", anything, version)
        },
        "/v1/policies/{id}": {"get": _get("A policy's versions and their history.", "readPolicy", anything, name)},
        "/v1/policies/diff": post(
            "What the drafts would put in force.", "previewDrafts", [], policies=texts, files=files
        ),
        "/v1/policies/shadow": post(
            "Put a draft beside what decides.", "startShadow", ["policy"], code="201", policy=text, files=files, why=why
        ),
        "/v1/policies/retire": post("End a shadow version.", "endShadow", ["version"], version=text, why=why),
        "/v1/policies/rollback": post(
            "Go back to what was in force before.", "rollBack", ["why"], why=why, policy=text
        ),
        "/v1/drafts": {"get": _get("The key's drafts of policies and of parameters.", "readDrafts", anything, [])},
        "/v1/drafts/{id}": {
            "get": _get("A draft, or what decides where there is none.", "readDraft", anything, draft_id),
            **post(
                "Keep a whole file as a draft, or one that deletes its policy.", "saveDraft", ["version"],
                path=draft_id, text=text, version=count, along=texts, removes={"type": "boolean"},
            ),
        },
        "/v1/drafts/{id}/check": post(
            "Load the packs with the draft in them and run the cases.", "checkDraft", [], path=draft_id
        ),
        "/v1/drafts/{id}/propose": post(
            "Propose a draft, bound to its exact content.", "proposeDraft", ["why", "version"], code="201",
            path=draft_id, why=why, version=count,
        ),
        "/v1/drafts/{id}/discard": post(
            "Give a draft up.", "discardDraft", ["version"], path=draft_id, version=count
        ),
        "/v1/proposals": {
            "get": _get("All proposals, the newest first.", "readProposals", anything, []),
            **post("Propose drafts.", "propose", ["why"], code="201", why=why, policies=texts, files=files),
        },
        "/v1/proposals/{id}": {
            "get": _get("A proposal and what it would change.", "readProposal", anything, proposal_id)
        },
        "/v1/proposals/{id}/approve": post(
            "Put a proposal in force.", "approve", [], path=proposal_id, why=why, confirm=texts, digest=text
        ),
        "/v1/proposals/{id}/take-up": post(
            "Make drafts of a proposal that ended, over what decides now.", "takeUp", [], code="201", path=proposal_id
        ),
        "/v1/proposals/{id}/reject": post(
            "Reject or withdraw a proposal.", "reject", ["why"], path=proposal_id, why=why
        ),
    }  # fmt: skip


def _approval_paths() -> dict[str, Any]:
    """What takes a second person."""
    text, why = {"type": "string"}, {"type": "string", "maxLength": 500}
    anything = {"type": "object"}
    pattern = "^(apr|chg)_[0-9a-f]{12}$"
    one = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}]
    digest = {"type": "string", "description": "The digest of what was read; nothing else is approved."}

    def post(summary: str, operation: str, needs: list[str], *, path: Any = one, **given: Any) -> dict[str, Any]:
        schema = {"type": "object", "properties": given, "required": needs, "additionalProperties": False}
        answer = {"description": "Done, and durable.", "content": {"application/json": {"schema": anything}}}
        return {
            "post": {
                "summary": summary,
                "operationId": operation,
                "parameters": list(path),
                "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                "responses": {
                    "200" if path else "201": answer,
                    **_errors("400", "401", "403", "404", "409", "413", "422", "503"),
                },
            }
        }

    return {
        "/v1/approvals": {
            "get": _get("Everything that waits for a second person, or did.", "readApprovals", anything, []),
            **post("Ask for an operation.", "askForApproval", ["kind", "why"], path=(), kind=text, why=why,
                   payload=anything),
        },
        "/v1/approvals/{id}": {"get": _get("One of them, exactly.", "readApproval", anything, one)},
        "/v1/approvals/{id}/approve": post(
            "Approve exactly the content of a digest.", "approveOperation", ["digest"], digest=digest, why=why,
            confirm={"type": "array", "items": text},
        ),
        "/v1/approvals/{id}/reject": post("Reject what somebody else asked for.", "rejectOperation", ["why"], why=why),
        "/v1/approvals/{id}/withdraw": post("Take back what one asked for.", "withdrawOperation", ["why"], why=why),
        "/v1/approvals/{id}/collect": post(
            "Have what was approved done, and take the result: once.", "collectOperation", []
        ),
        "/v1/keys": {"get": _get("All API keys, without their secrets.", "readKeys", anything, [])},
    }  # fmt: skip


def _masks() -> dict[str, Any]:
    text = "true: `personal` names the identifiers with their classes and, as far as the key may see them, masks."
    return {"name": "masks", "in": "query", "required": False, "description": text, "schema": {"type": "boolean"}}


def _clear_paths() -> dict[str, Any]:
    """Clear text, and the rights of whom data is about."""
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    day = {"type": "string", "format": "date"}
    case = {"type": "string", "maxLength": 40, "description": "The case that it belongs to, such as CASE-2026-0042."}
    purpose = {"enum": list(PURPOSES)}
    which = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": _REQUEST_ID}}]

    def post(
        summary: str, operation: str, needs: list[str], *, code: str = "200", path: Any = (),
        media: str = "application/json", **given: Any,
    ) -> Any:  # fmt: skip
        schema = {"type": "object", "properties": given, "required": needs, "additionalProperties": False}
        answer = {"description": "Recorded, then done.", "content": {media: {"schema": {"type": "object"}}}}
        return {
            "post": {
                "summary": summary, "operationId": operation, "parameters": list(path),
                "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                "responses": {code: answer, **_errors("400", "401", "403", "404", "409", "413", "429", "503")},
            }
        }  # fmt: skip

    one = "/v1/subjects/requests/{id}"
    return {
        "/v1/vault/reveal": post(
            "See identifiers in clear: of a decision, or of a subject.", "reveal", ["purpose", "case"],
            purpose=purpose, case=case, decision=_DECISION_ID, fields=texts, subject=text, tokens=texts,
        ),
        "/v1/vault/search": post(
            "Find who has an identifier.", "searchVault", ["kind", "value", "purpose", "case"],
            kind={"enum": sorted(NORMAL_FORMS)}, value=text, purpose=purpose, case=case,
        ),
        "/v1/subjects/requests": {
            "get": _get("Requests about persons' data, those that are due first.", "readRequests", {"type": "object"},
                        []),
            **post("A request came in.", "openRequest", ["kind", "subject"], code="201", subject=text,
                   kind={"enum": list(ASKED)}, received=day, reference=case),
        },
        f"{one}/export": post("All about the subject, as lines of JSON; the last is `end`.", "exportSubject", [],
                              path=which, media="application/x-ndjson"),
        f"{one}/correct": post("Put the right text in the place of a wrong one.", "correctSubject",
                               ["token", "value"], path=which, token=text, value=text),
        f"{one}/erase": post("Destroy the subject's key.", "eraseSubject", [], path=which),
        f"{one}/refuse": post("Refuse the request.", "refuseRequest", ["reason"], path=which,
                              reason={"enum": list(REASONS)}),
    }  # fmt: skip


def _entity_request() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {"entity": text, "value": text, "masks": {"type": "boolean"}},
        "required": ["entity", "value"],
        "additionalProperties": False,
    }


def _get(
    summary: str, operation: str, schema: dict[str, Any], parameters: list[dict[str, Any]], *more: str
) -> dict[str, Any]:
    return {
        "summary": summary,
        "operationId": operation,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Found.", "content": {"application/json": {"schema": schema}}},
            **_errors("401", "403", "404", *more),
        },
    }


def _errors(*codes: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {code: {"description": "See the problem.", "content": content} for code in codes}


def _event(event: EventDef) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "type": {"const": event.name},
        "at": _INSTANT,
    }
    for field in event.fields:
        if not field.is_filled:  # else the platform does
            properties[field.name] = _field(field)
    return {
        "type": "object",
        "title": event.name,
        "description": f"{event.doc.en} {event.doc.zh}",
        "properties": properties,
        "required": ["id", "type", "at", *(field.name for field in event.fields if field.required)],
        "additionalProperties": False,
    }


def _field(field: FieldDef) -> dict[str, Any]:
    description = f"{field.doc.en} {field.doc.zh} ({field.data_class})"
    schema: dict[str, Any]
    match field.type.kind:
        case Kind.BOOL:
            schema = {"type": "boolean"}
        case Kind.INT | Kind.DURATION:
            schema = {
                "type": "integer",
                "minimum": -AMOUNT_MINOR_MAX if field.least is None else field.least,
                "maximum": AMOUNT_MINOR_MAX if field.most is None else field.most,
            }
        case Kind.RATIO:
            schema = {"type": "number"}
        case Kind.TIME:
            schema = dict(_INSTANT)
        case Kind.MONEY:
            schema = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$", "maxLength": 24}
        case _ if field.values:
            schema = {"type": "string", "enum": list(field.values)}
        case _:
            schema = {"type": "string", "minLength": 1, "maxLength": field.length_max}
    if field.identifier is not None:
        description += " Becomes a keyed token at intake; its clear text is not kept."
    if not field.required:
        schema = {"anyOf": [schema, {"type": "null"}]}
    return schema | {"description": description}


def _decision() -> dict[str, Any]:
    text = {"type": "string"}
    reason = {
        "type": "object",
        "properties": {"rule": text, "zh": text, "en": text, "basis": text},
        "required": ["rule", "zh", "en", "basis"],
    }
    transfers = {
        "type": "array", "items": _DECISION_ID,
        "description": "The decisions of its transfers, the newest of them, in the order of arrival.",
    }  # fmt: skip
    pattern = {
        "type": "object",
        "properties": {"pattern": text, "transfers_in_all": {"type": "integer"}, "transfers": transfers},
        "required": ["pattern", "transfers_in_all", "transfers"],
    }
    return {
        "type": "object",
        "properties": {
            "decision_id": _DECISION_ID,
            "event_id": text,
            "outcome": {"enum": [str(outcome) for outcome in OUTCOMES]},
            "score": {"type": "integer"},
            "reasons": {"type": "array", "items": reason},
            "policy": {"type": ["string", "null"]},
            "degraded": {"type": "boolean"},
            "degraded_inputs": {"type": "array", "items": text},
            "late": {"type": "boolean"},
            "exempted": {"type": "array", "items": text, "description": "Rules hit whose outcome an exemption lifted."},
            "method": {"type": "string", "description": "How to step up, for a challenge."},
            "release_at": {**_INSTANT, "description": "When a delayed event is released unless it is recalled."},
            "advice": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"id": text, "zh": text, "en": text},
                    "required": ["id", "zh", "en"],
                },
                "description": "What the customer is told: what happens now, why, and what to do. Absent: nothing.",
            },
            "event_type": text,
            "at": _INSTANT,
            "as_of": _INSTANT,
            "patterns": {
                "type": "array",
                "description": "Patterns that the transfer completes and rules that were hit speak of.",
                "items": pattern,
            },
            "status": {
                "enum": [
                    "final",
                    "pending",
                    "passed",
                    "failed",
                    "released",
                    "recalled",
                    "accepted",
                    "rejected",
                    "closed",
                ]
            },
        },
        "required": ["decision_id", "event_id", "outcome", "score", "reasons", "policy", "degraded", "late"],
    }


def _replay() -> dict[str, Any]:
    text, whole = {"type": "string"}, {"type": "integer"}
    kinds = list(get_args(CauseKind))
    difference = {
        "type": "object",
        "required": ["kind", "name", "journalled", "recomputed"],
        "properties": {
            "kind": {"enum": kinds},
            "name": {**text, "description": "Which rule, fact, limit, list or policy."},
            "journalled": {"description": "As the journal has it; null: nothing."},
            "recomputed": {"description": "As it comes out now; null: nothing."},
            "policy": {**text, "description": "The shadow policy that is meant, if one is."},
            "inputs": {"type": "object", "description": "What the rule read, scores of models included."},
        },
    }
    return {
        "type": "object",
        "required": ["decision_id", "depth", "identical", "record", "definitions", "differences"],
        "properties": {
            "decision_id": _DECISION_ID,
            "depth": {"const": "facts"},
            "identical": {"type": "boolean"},
            "record": {"type": "object", "properties": {"number": whole, "bytes": whole, "sha256": text}},
            "definitions": {"type": "object", "properties": {"record": whole, "digest": text}},
            "differences": {"type": "array", "items": difference},
        },
    }


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    line = {
        "type": "object",
        "properties": {"path": text, "problem": text, "remedy": text},
        "required": ["path", "problem"],
    }
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": text,
            "title_zh": text,
            "status": {"type": "integer"},
            "detail": text,
            "line": {"type": "integer"},
            "problems": {"type": "array", "items": line},
        },
        "required": ["type", "title", "title_zh", "status"],
    }
