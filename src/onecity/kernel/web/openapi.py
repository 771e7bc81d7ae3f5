"""The platform's one OpenAPI document: what the library derives from the code, completed by what it cannot know.

The library describes each operation's good answer. Completed here: the problems that an operation of its kind may answer
(`core.openapi`), who may call it and with which credential, the packages as tags, and operations that are served outside the
library (the lean doors for readings), merged as fragments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.conf import settings
from ninja import NinjaAPI
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema
from ninja.types import DictStrAny

from onecity.kernel.core.openapi import PROBLEM_SCHEMA, Described, problem_responses, refusals
from onecity.kernel.web import wrong_values
from onecity.kernel.web.api import BodyParser
from onecity.kernel.web.strict_query import strict_query

UNSAFE = frozenset({"post", "put", "patch", "delete"})
REFERENCE = "#/components/schemas/"

# how the library calls a guard → what a caller may send instead of each other
CREDENTIALS: Mapping[str, tuple[Described, ...]] = {
    "SessionAuth": ({"session": []},),
    "AccountAuth": ({"session": []}, {"token": []}),
    # or a key that an account made for a program, as bearer token
    "KeyAuth": ({"session": []}, {"token": []}),
    "PublicAuth": ({}, {"session": []}, {"token": []}),
}
SCHEMES: Described = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "The cookie that signing in at `/accounts/login/` sets.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": f"With a session, whatever changes something repeats the cookie `{settings.CSRF_COOKIE_NAME}` here.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of the platform's own sign-in (OpenID Connect, `/.well-known/openid-configuration`).",
    },
}


class DescribedAPI(NinjaAPI):
    """An API whose OpenAPI document says everything that its operations answer."""

    def __init__(self, *, title: str, version: str, description: str, docs: DocsBase, urls_namespace: str) -> None:
        super().__init__(
            title=title,
            version=version,
            description=description,
            docs=docs,
            urls_namespace=urls_namespace,
            parser=BodyParser(),
        )
        self.add_decorator(strict_query, mode="view")
        self._fragments: list[Described] = []
        self._tags: dict[str, str] = {}

    def describe(self, tag: str, description: str, fragment: Described | None = None) -> None:
        """Say what the operations with a tag are; `fragment` holds paths and components that are served elsewhere."""
        self._tags[tag] = description
        if fragment is not None:
            self._fragments.append(fragment)

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """All that is wrong with a request's values, by the names that the caller used."""
        return ValidationError([error for context in error_contexts for error in wrong_values.found(context)])

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: DictStrAny | None = None
    ) -> OpenAPISchema:
        """The whole document; built once, since no operation comes later."""
        del path_prefix, path_params  # the document is that of the one place where the API is served
        return self._document

    @cached_property
    def _document(self) -> OpenAPISchema:
        return complete(super().get_openapi_schema(), self._tags, self._fragments)


def complete(document: OpenAPISchema, tags: Mapping[str, str], fragments: Sequence[Described]) -> OpenAPISchema:
    """Add problems, credentials, tags and fragments to a document of the library, in place; returns it."""
    components = document["components"]
    components["securitySchemes"] = dict(SCHEMES)
    components["responses"] = problem_responses()
    components["schemas"]["Problem"] = PROBLEM_SCHEMA
    for path, method, operation in operations(document):
        document["paths"][path][method] = _completed(method, operation)
    for fragment in fragments:
        document["paths"].update(fragment["paths"])
        for kind, named in fragment["components"].items():
            components[kind].update(named)
    document["tags"] = [{"name": name, "description": text} for name, text in tags.items()]
    used = _used(document["paths"], components)
    components["schemas"] = {name: schema for name, schema in components["schemas"].items() if name in used}
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Described]]:
    """(path, method, operation) of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in list(methods.items()):
            yield path, method, operation


def _completed(method: str, operation: Described) -> Described:
    known = {str(status): answer for status, answer in operation["responses"].items()}
    guards = [guard for entry in operation.get("security", ()) for guard in entry]
    credentials = [dict(credential) for guard in guards for credential in CREDENTIALS[guard]]
    if method in UNSAFE:
        credentials = [c | {"csrf": []} if "session" in c else c for c in credentials]
    answers = refusals(*_statuses(method, operation, credentials)) | known
    return operation | {"responses": dict(sorted(answers.items())), "security": credentials}


def _statuses(method: str, operation: Described, credentials: Sequence[Described]) -> Iterable[int]:
    """The problems that an operation of this kind may answer, whatever it does."""
    places = {parameter["in"] for parameter in operation["parameters"]}
    if places or "requestBody" in operation:
        yield 422
    if "requestBody" in operation:
        yield from (400, 413)
    if credentials:
        yield 401
    if credentials and {} not in credentials:
        yield 403
    if "path" in places:
        yield 404
    if method in UNSAFE:
        yield 409


def _used(paths: Described, components: Described) -> set[str]:
    """The names of the schemas that the paths need, directly or through each other."""
    found: set[str] = set()
    waiting = [paths, components["responses"]]
    while waiting:
        new = {name for part in waiting for name in _references(part)} - found
        found |= new
        waiting = [components["schemas"][name] for name in sorted(new)]
    return found


def _references(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith(REFERENCE):
            yield target.removeprefix(REFERENCE)
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from _references(item)
