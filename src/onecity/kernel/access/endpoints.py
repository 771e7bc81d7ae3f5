"""Every address the platform answers, with the door that its view declares: for the authorisation test and the docs."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern, RoutePattern
from ninja.operation import Operation, PathView

from onecity.kernel.people.doors import PUBLIC, Door, door_of

# one value for each converter of a route, enough to reach the view
NO_ID = "01900000-0000-7000-8000-000000000000"
EXAMPLES = {"int": "1", "uuid": NO_ID, "uuidstr": NO_ID}
CONVERTER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
GROUP = re.compile(r"\(\?P<(?P<name>\w+)>(?:[^()]|\([^()]*\))*\)")
PAGE_METHODS = ("GET", "POST")


@dataclass(frozen=True)
class Endpoint:
    """One address and method: how it is written, and who may come in (None: nobody has said)."""

    route: str
    method: str
    door: Door | None
    view: str
    is_api: bool = False

    @property
    def name(self) -> str:
        """Method and route, as a reader would write them."""
        return f"{self.method} /{self.route}"

    def path(self, values: Mapping[str, str] | None = None) -> str:
        """A path that reaches the view; `values` by parameter name, else an example of the parameter's kind."""
        given = values or {}

        def fill(match: re.Match[str]) -> str:
            kind = match.groupdict().get("kind") or "str"
            return given.get(match["name"], EXAMPLES.get(kind, "x"))

        return "/" + CONVERTER.sub(fill, GROUP.sub(fill, self.route))


def endpoints(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[Endpoint]:
    """Every endpoint below these URL patterns, pages with both methods, API operations with their own."""
    for entry in patterns:
        route = before + _route(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from endpoints(entry.url_patterns, route)
        elif (operations := _operations(entry.callback)) is not None:
            yield from _api_endpoints(route, operations)
        else:
            view = entry.callback
            name = f"{view.__module__}.{getattr(view, '__qualname__', type(view).__name__)}"
            for method in PAGE_METHODS:
                yield Endpoint(route, method, door_of(view), name)


def _api_endpoints(route: str, operations: list[Operation]) -> Iterator[Endpoint]:
    for operation in operations:
        view = operation.view_func
        for method in operation.methods:
            yield Endpoint(
                route, method, _operation_door(operation), f"{view.__module__}.{view.__qualname__}", is_api=True
            )


def _operation_door(operation: Operation) -> Door | None:
    doors = [door_of(callback) for callback in operation.auth_callbacks]
    if not doors:
        return PUBLIC if operation.auth_param is None else None
    return doors[0] if all(door == doors[0] for door in doors) else None


def _operations(view: Callable[..., Any]) -> list[Operation] | None:
    """The operations behind a view of Django Ninja; None for any other view."""
    held = [cell.cell_contents for cell in getattr(view, "__closure__", None) or ()]
    path_view = next((content for content in held if isinstance(content, PathView)), None)
    return path_view.operations if path_view is not None else None


def _route(pattern: object) -> str:
    if isinstance(pattern, RoutePattern):
        return str(pattern)
    if isinstance(pattern, RegexPattern):
        return str(pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    raise TypeError(f"{pattern!r} is no route that a test could reach")
