"""The answer to a request, and how it goes out through ASGI."""

import gzip
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from onecity.kernel.twin.ngsild.http.limits import MIN_COMPRESSED
from onecity.kernel.twin.ngsild.http.negotiation import JSON

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[str, str]
encode = msgspec.json.Encoder().encode
LEVEL = 5


@dataclass(slots=True)
class Response:
    """Status, body with its media type, and further headers in their order."""

    status: int
    body: bytes = b""
    media: str = ""
    headers: list[Header] = field(default_factory=list)

    def with_header(self, name: str, value: str) -> "Response":
        """The same answer with one more header."""
        self.headers.append((name, value))
        return self

    async def send(self, send: Send, *, head_only: bool = False, zipped: bool = False) -> None:
        """Send it; a 204 carries no Content-Length (6.3.6)."""
        body = self.body
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in self.headers]
        if self.media:
            raw.append((b"content-type", self.media.encode()))
        if zipped and len(body) >= MIN_COMPRESSED:
            body = gzip.compress(body, LEVEL, mtime=0)
            raw += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
        if self.status != 204:
            raw.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if head_only else body})


def no_content() -> Response:
    """204: done, and nothing to say."""
    return Response(204)


def created(location: str) -> Response:
    """201 with the address of what was created."""
    return Response(201, headers=[("Location", location)])


def json(value: object, status: int = 200) -> Response:
    """An answer in application/json without a @context: errors and partial successes (6.3.6)."""
    return Response(status, encode(value), JSON)


def problem(details: Mapping[str, Any], status: int) -> Response:
    """ProblemDetails, always as application/json (6.3.6)."""
    return json(details, status)
