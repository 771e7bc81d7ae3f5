"""Pieces that the OpenAPI description of every package shares: problems (RFC 9457), GeoJSON (RFC 7946) and chart data.

OpenAPI 3.1, so each schema is JSON Schema 2020-12. They are plain dictionaries, because this package knows no framework.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from onecity.kernel.core.errors import MEDIA_TYPE

Described = dict[str, Any]

# status → name of the component and what the status says here
PROBLEMS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("BadRequest", "The request cannot be read: its body is no JSON, or the way it is written is damaged."),
        401: ("Unauthenticated", "Nobody has signed in, or the credential is unknown, revoked or expired."),
        403: ("Forbidden", "The caller may not do this; the detail says who can grant the right."),
        404: ("NotFound", "There is no such thing, or none that the caller may see."),
        408: ("TooSlow", "The body took too long to arrive; nothing was taken."),
        409: ("Conflict", "Somebody else has acted in between, or the step is not possible now; nothing was changed."),
        413: ("TooLarge", "The body is larger than is taken at once."),
        415: ("UnsupportedType", "The content type or content encoding is not supported."),
        422: ("Invalid", "The request can be read, but values are wrong; `errors` names each. Nothing was stored."),
        429: ("TooMany", "More was sent than is allowed; `Retry-After` says how many seconds to wait."),
        503: ("Unavailable", "A part that is needed cannot be reached now; nothing was taken, so send it again."),
    }
)

PROBLEM_SCHEMA: Described = {
    "title": "Problem",
    "description": "What went wrong and what to do (RFC 9457); titles and details are in the caller's language.",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "description": "`/problems/` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "a stable word for programs"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "the path that was asked"},
        "reference": {"type": "string", "description": "finds the entry in the log"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail", "code"],
                "properties": {
                    "field": {"type": "string"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
}

_POINT: Described = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"const": "Point"},
        "coordinates": {
            "description": "longitude, latitude: WGS-84 degrees",
            "type": "array",
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
        },
    },
}
_AREA: Described = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {"type": {"enum": ["Polygon", "MultiPolygon"]}, "coordinates": {"type": "array"}},
}


def _collection(geometry: Described) -> Described:
    feature = {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": geometry,
            "properties": {"type": "object"},
        },
    }
    return {
        "type": "object",
        "required": ["type", "features"],
        "properties": {"type": {"const": "FeatureCollection"}, "features": {"type": "array", "items": feature}},
    }


POINTS_SCHEMA = _collection(_POINT)
AREAS_SCHEMA = _collection(_AREA)

CHART_SCHEMA: Described = {
    "description": "Time series as the charts of the web take them.",
    "type": "object",
    "required": ["title", "series"],
    "properties": {
        "title": {"type": "string"},
        "gap_seconds": {"type": "number", "description": "points further apart are not joined"},
        "zero": {"type": "boolean", "description": "the axis of values begins at zero"},
        "series": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "unit", "points"],
                "properties": {
                    "name": {"type": "string"},
                    "unit": {"type": "string"},
                    "decimals": {"type": "integer"},
                    "points": {
                        "type": "array",
                        "items": {
                            "description": "milliseconds since 1970 UTC, value",
                            "type": "array",
                            "items": {"type": ["number", "null"]},
                            "minItems": 2,
                            "maxItems": 2,
                        },
                    },
                },
            },
        },
        "thresholds": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["value", "label"],
                "properties": {"value": {"type": "number"}, "label": {"type": "string"}},
            },
        },
        "bands": {"type": "array", "items": {"type": "object"}},
    },
}


def refusals(*statuses: int) -> dict[Any, Any]:
    """The responses of an operation that may answer these problems, by status; KeyError for one not in `PROBLEMS`."""
    return {str(status): {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"} for status in statuses}


def may_answer(*statuses: int) -> Described:
    """`openapi_extra` of an operation that answers these problems beside those that every such operation may."""
    return {"responses": refusals(*statuses)}


def answers_with(contents: Mapping[str, Described], *statuses: int) -> Described:
    """`openapi_extra` of an operation that writes its 200 answer itself: schema by media type, and further problems."""
    written = {media_type: {"schema": schema} for media_type, schema in contents.items()}
    return {"responses": {200: {"description": "OK", "content": written}} | refusals(*statuses)}


def with_body(example: Described) -> Described:
    """`openapi_extra` of an operation that takes JSON: a body that it would take."""
    return {"requestBody": {"content": {"application/json": {"example": example}}}}


def like(value: Any) -> Any:
    """`json_schema_extra` of a parameter: a value that it would take."""
    return {"example": value}


def problem_responses() -> Described:
    """`components.responses`: every problem by its name."""
    body = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {
        401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
        429: {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 0}}},
    }
    return {
        name: {"description": description, "content": body}
        | ({"headers": headers[status]} if status in headers else {})
        for status, (name, description) in PROBLEMS.items()
    }
