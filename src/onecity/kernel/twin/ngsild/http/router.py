"""Addresses and methods to handlers: each module of the door brings its routes."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.http.negotiation import ANSWERS
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.model import problems

PREFIX = "/ngsi-ld/v1"
Handler = Callable[[Request], Awaitable[Response]]
Right = Literal["read", "write", "none"]
WITH_BODY = frozenset({"POST", "PATCH", "PUT"})


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `path` has `{name}` for a segment that varies; `right`: what the caller must be allowed.

    `answers`: the media types that it can answer in; `body`: whether a JSON body is required (else none is read);
    `creates_tenant`: whether it may name a tenant that does not exist yet (5.5.10).
    """

    method: str
    path: str
    handler: Handler
    right: Right
    answers: tuple[str, ...] = ANSWERS
    body: bool = False
    creates_tenant: bool = False


def route(
    method: str,
    path: str,
    *,
    right: Right | None = None,
    answers: tuple[str, ...] = ANSWERS,
    body: bool | None = None,
    creates_tenant: bool = False,
) -> Callable[[Handler], Route]:
    """A decorator that makes a handler a Route; GET and HEAD read, everything else writes unless `right` says so."""

    def made(handler: Handler) -> Route:
        return Route(
            method,
            path,
            handler,
            right or ("read" if method == "GET" else "write"),
            answers,
            method in WITH_BODY if body is None else body,
            creates_tenant,
        )

    return made


@dataclass(slots=True)
class _Node:
    fixed: dict[str, "_Node"] = field(default_factory=dict)
    varying: "_Node | None" = None
    name: str = ""
    routes: dict[str, Route] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """What an address leads to: its operations by method, and the segments that vary."""

    routes: dict[str, Route]
    params: dict[str, str]

    def methods(self) -> list[str]:
        """The methods that the address offers, for Allow."""
        offered = set(self.routes) | ({"HEAD"} if "GET" in self.routes else set()) | {"OPTIONS"}
        return sorted(offered)


class Router:
    """A tree of segments; an identifier in an address is percent-decoded once, after the address is cut."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._root = _Node()
        self.add(routes)

    def add(self, routes: Iterable[Route]) -> None:
        """Take more routes in; raises ValueError where one is there already."""
        for one in routes:
            node = self._root
            for segment in _segments(PREFIX + one.path):
                node = self._step(node, segment)
            if one.method in node.routes:
                raise ValueError(f"{one.method} {one.path} leads to two handlers")
            node.routes[one.method] = one

    def match(self, raw_path: str) -> Match | None:
        """What the address (still percent-encoded) leads to; None where there is nothing.

        Raises Problem 400 where an identifier is left out between two slashes.
        """
        node, params = self._root, {}
        for segment in _segments(raw_path):
            following = node.fixed.get(segment)
            if following is None:
                following = node.varying
                if following is None:
                    return None
                if not segment:
                    raise problems.bad_request(_("The address lacks an identifier."))
                params[following.name] = unquote(segment)
            node = following
        return Match(node.routes, params) if node.routes else None

    @staticmethod
    def _step(node: _Node, segment: str) -> _Node:
        if not segment.startswith("{"):
            return node.fixed.setdefault(segment, _Node())
        if node.varying is None:
            node.varying = _Node(name=segment[1:-1])
        return node.varying


def _segments(path: str) -> Sequence[str]:
    return path.removesuffix("/").split("/")[1:]
