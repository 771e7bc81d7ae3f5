"""The doors for readings as OpenAPI describes them: they are served beside the API, and belong into the same document."""

from onecity.kernel.core.openapi import Described, refusals
from onecity.kernel.telemetry.ingest.formats import ARROW_TYPE
from onecity.kernel.telemetry.logic.careful import NAME_LIMIT
from onecity.kernel.telemetry.logic.line_protocol import PRECISIONS
from onecity.kernel.telemetry.models.quarantine import Reason

TAG = "readings"
SENTENCE = (
    "Where devices send their readings, each with a credential of its own; what is answered with 2xx is durably kept."
)
REFUSED = (400, 401, 408, 413, 415, 422, 429, 503)
DEVICE: list[Described] = [{"device": []}, {"device_basic": []}]

_NAME: Described = {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT, "pattern": r"^[^\x00]+$"}
_COMMON: Described = {
    "entity": _NAME | {"description": "URN or key of the entity"},
    "observed_at": {
        "description": "ISO 8601 with its zone, or seconds or milliseconds since 1970 UTC",
        "oneOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}],
    },
}
_WIDE_EXAMPLE = {
    "entity": "urn:ngsi-ld:AirQualityObserved:school-roof-3",
    "observed_at": "2026-07-01T08:00:00+08:00",
    "values": {"pm2_5": 35.2, "pm10": 61.0},
}
_FLAT_EXAMPLE = {
    "entity": "school-roof-3",
    "attribute": "pm2_5",
    "value": 35.2,
    "unit": "ug/m3",
    "observed_at": 1782864000,
}
_LINE_EXAMPLE = "air,entity=school-roof-3 pm2_5=35.2,pm10=61 1782864000000000000"

SCHEMAS: Described = {
    "Reading": {
        "title": "Reading",
        "description": "One moment of one entity: several attributes in `values`, or one in `attribute` and `value`.",
        "oneOf": [
            {
                "type": "object",
                "required": ["entity", "observed_at", "values"],
                "properties": _COMMON
                | {
                    "values": {
                        "description": "numbers by attribute, in the attribute's unit",
                        "type": "object",
                        "minProperties": 1,
                        "additionalProperties": {"type": "number"},
                    },
                    "units": {
                        "description": "UCUM codes by attribute; a reading in another unit is refused, not converted",
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                    },
                },
                "not": {"required": ["attribute"]},
            },
            {
                "type": "object",
                "required": ["entity", "observed_at", "attribute", "value"],
                "properties": _COMMON
                | {
                    "attribute": _NAME,
                    "value": {"type": "number"},
                    "unit": {"type": "string", "description": "UCUM code"},
                },
                "not": {"required": ["values"]},
            },
        ],
    },
    "Receipt": {
        "title": "Receipt",
        "description": "Everything that was sent is kept: accepted, or in quarantine with its reason.",
        "type": "object",
        "required": ["accepted", "quarantined", "reasons", "errors"],
        "properties": {
            "accepted": {"type": "integer", "minimum": 0},
            "quarantined": {"type": "integer", "minimum": 0},
            "reasons": {
                "description": "readings in quarantine by reason",
                "type": "object",
                "propertyNames": {"enum": list(Reason.values)},
                "additionalProperties": {"type": "integer", "minimum": 1},
            },
            "errors": {
                "description": "the first refusals",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["line", "reason", "title", "detail", "readings"],
                    "properties": {
                        "line": {"type": "integer", "description": "from 1"},
                        "reason": {"enum": list(Reason.values)},
                        "title": {"type": "string"},
                        "detail": {"type": "string"},
                        "readings": {"type": "integer", "minimum": 1},
                    },
                },
            },
        },
    },
    "Health": {
        "title": "Health",
        "type": "object",
        "required": ["name", "status", "checks"],
        "properties": {
            "name": {"const": "onecity"},
            "status": {"enum": ["pass", "fail"]},
            "checks": {"type": "object", "additionalProperties": {"type": "boolean"}},
        },
    },
}

SCHEMES: Described = {
    "device": {
        "type": "http",
        "scheme": "bearer",
        "description": "`<device id>.<secret>`, as given when the device was registered; `Token` in place of `Bearer` too.",
    },
    "device_basic": {"type": "http", "scheme": "basic", "description": "The device id as user name, its secret."},
}

_IDEMPOTENCY: Described = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Names the request: sent again within two minutes, it is recognised and kept once.",
    "required": False,
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[!-~]*$"},
}


def _answer(schema: str, description: str) -> Described:
    body = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": description, "content": {"application/json": body}}


def _ingest() -> Described:
    one = {"$ref": "#/components/schemas/Reading"}
    return {
        "operationId": "ingest",
        "tags": [TAG],
        "summary": "Send readings",
        "description": (
            "One reading, an array, JSON lines, or an Arrow IPC stream (columns entity, attribute, value, observed_at; or "
            "entity, observed_at and one an attribute; timestamps have a time zone). The body may be compressed (`Content-Encoding: gzip` or `deflate`). "
            "The answer comes when everything is durably kept; what is refused stands in quarantine, so do not send it again. "
            "A body that cannot be read at all is answered with a problem; its beginning (256 KB) is kept in quarantine too."
        ),
        "security": DEVICE,
        "parameters": [_IDEMPOTENCY],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]},
                    "examples": {
                        "several attributes": {"value": _WIDE_EXAMPLE},
                        "one attribute": {"value": _FLAT_EXAMPLE},
                        "batch": {"value": [_WIDE_EXAMPLE, _FLAT_EXAMPLE]},
                    },
                },
                "application/x-ndjson": {"schema": {"type": "string", "description": "a reading a line"}},
                ARROW_TYPE: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": {"202": _answer("Receipt", "At least one reading was accepted.")} | refusals(*REFUSED),
    }


def _write(name: str, query: list[Described], summary: str) -> Described:
    precision = {"type": "string", "enum": [word for word in PRECISIONS if word]}
    return {
        "operationId": name,
        "tags": [TAG],
        "summary": summary,
        "description": (
            "For Telegraf and other senders of InfluxDB. The entity is the tag `entity`, else `host`, else the measurement; "
            "each numeric field is an attribute. Where only some lines are refused the answer is 400, as InfluxDB's is."
        ),
        "security": DEVICE,
        "parameters": [
            {"in": "query", "name": "precision", "required": False, "schema": precision, "description": "of the times"},
            *query,
            _IDEMPOTENCY,
        ],
        "requestBody": {
            "required": True,
            "content": {"text/plain": {"schema": {"type": "string"}, "example": _LINE_EXAMPLE}},
        },
        "responses": {"204": {"description": "Every line is kept."}} | refusals(*REFUSED),
    }


def _ignored(*names: str) -> list[Described]:
    words = {"type": "string"}
    return [
        {"in": "query", "name": name, "required": False, "schema": words, "description": "taken and ignored"}
        for name in names
    ]


def _credential(name: str, description: str) -> Described:
    return {"in": "query", "name": name, "required": False, "schema": {"type": "string"}, "description": description}


def fragment() -> Described:
    """Paths and components of the doors."""
    ping = {
        "operationId": "ping",
        "tags": [TAG],
        "summary": "Whether the door answers, as InfluxDB's clients ask",
        "security": [],
        "parameters": [],
        "responses": {"204": {"description": "It does."}},
    }
    health = {
        "operationId": "health",
        "tags": [TAG],
        "summary": "Whether readings can be taken now",
        "security": [],
        "parameters": [],
        "responses": {"200": _answer("Health", "They can."), "503": _answer("Health", "A part is missing.")},
    }
    v1 = [*_ignored("db", "rp"), _credential("u", "device id"), _credential("p", "its secret")]
    return {
        "paths": {
            "/ingest": {"post": _ingest()},
            "/api/v2/write": {
                "post": _write("write_v2", _ignored("org", "bucket"), "Send InfluxDB line protocol, version 2")
            },
            "/write": {"post": _write("write_v1", v1, "Send InfluxDB line protocol, version 1")},
            "/ping": {"get": ping},
            "/health": {"get": health},
        },
        "components": {"schemas": SCHEMAS, "securitySchemes": SCHEMES},
    }
