"""The reference of the API as a page of the platform itself: read from the OpenAPI document, needing no script and no other host."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from onecity.kernel.core.openapi import Described
from onecity.kernel.web.openapi import REFERENCE, operations

RESPONSES = "#/components/responses/"


@dataclass(frozen=True)
class Value:
    """A parameter of a request, or a member of a body or an answer."""

    name: str
    place: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True)
class Content:
    """A body in one media type: what it is, its members, and examples as text."""

    media_type: str
    kind: str
    members: tuple[Value, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What an operation answers with one status."""

    status: str
    description: str
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class Operation:
    """One operation as the page shows it; `credentials` are the ways to come in, empty for everybody."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    credentials: tuple[str, ...]
    parameters: tuple[Value, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Group:
    """The operations of a package."""

    name: str
    description: str
    operations: tuple[Operation, ...]


class Reference(DocsBase):
    """Renders `web/reference.html`; given to the API in place of a viewer that would be loaded from another host."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """The page."""
        document = api.get_openapi_schema(path_params=kwargs)
        context = {
            "description": marked(document["info"]["description"]),
            "groups": groups(document),
            "schemes": {n: marked(s["description"]) for n, s in document["components"]["securitySchemes"].items()},
            "source": self.get_openapi_url(api, kwargs),
        }
        return render(request, "web/reference.html", context)


def groups(document: Mapping[str, Any]) -> list[Group]:
    """The operations of a document by tag, in its order."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, method, operation in operations(document):
        found[operation["tags"][0]].append(_operation(document, path, method, operation))
    return [Group(tag["name"], marked(tag["description"]), tuple(found[tag["name"]])) for tag in document["tags"]]


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Described) -> Operation:
    answers = [(status, _response(document, answer)) for status, answer in operation["responses"].items()]
    ways = [" + ".join(credential) for credential in operation["security"] if credential]
    return Operation(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=marked(operation.get("description", "")),
        credentials=tuple(ways),
        parameters=tuple(
            Value(p["name"], p["in"], kind(p["schema"]), p["required"], marked(p.get("description", "")))
            for p in operation["parameters"]
        ),
        bodies=tuple(_contents(document, operation.get("requestBody", {}))),
        answers=tuple(Answer(s, marked(a["description"]), tuple(_contents(document, a))) for s, a in answers),
    )


def _response(document: Mapping[str, Any], answer: Described) -> Described:
    name = answer.get("$ref", "").removeprefix(RESPONSES)
    found: Described = document["components"]["responses"][name] if name else answer
    return found


def _contents(document: Mapping[str, Any], holder: Described) -> Iterator[Content]:
    for media_type, content in holder.get("content", {}).items():
        schema = content["schema"]
        yield Content(media_type, kind(schema), tuple(_members(document, schema)), tuple(_examples(content)))


def _members(document: Mapping[str, Any], schema: Described) -> Iterator[Value]:
    """The members of an object, or of the objects in a list."""
    whole = _resolved(document, _resolved(document, schema).get("items", schema))
    required = whole.get("required", ())
    for name, member in whole.get("properties", {}).items():
        yield Value(name, "", kind(member), name in required, marked(member.get("description", "")))


def _resolved(document: Mapping[str, Any], schema: Described) -> Described:
    name = schema.get("$ref", "").removeprefix(REFERENCE)
    found: Described = document["components"]["schemas"][name] if name else schema
    return found


def _examples(content: Described) -> Iterator[str]:
    named = [entry["value"] for entry in content.get("examples", {}).values()]
    for value in [*named, *([content["example"]] if "example" in content else [])]:
        yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def marked(text: str) -> SafeString:
    """A text of the document as HTML: what stands between back quotes (CommonMark, 6.1) is code."""
    parts = text.split("`")
    pieces = ((part if number % 2 == 0 else format_html("<code>{}</code>", part),) for number, part in enumerate(parts))
    return format_html_join("", "{}", pieces)


def kind(schema: Described) -> str:
    """A schema in a few words, as a reader of the reference needs it."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REFERENCE)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " | ".join(dict.fromkeys(kind(part) for part in schema[choice]))
    if "enum" in schema or "const" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"[{kind(schema.get('items', {}))}]"
    name = schema.get("type", "any")
    text = " | ".join(name) if isinstance(name, list) else str(name)
    return f"{text} ({schema['format']})" if "format" in schema else text
