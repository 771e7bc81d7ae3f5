"""The body of a request: read within limits of size and time, inflated within a limit that no bomb gets past."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Self

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import limits
from onecity.kernel.telemetry.logic.readings import KEPT_BYTES

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
# how much of a body that cannot be read is kept
HEAD_BYTES = KEPT_BYTES
# gzip or zlib heads, found by zlib itself
ANY_HEAD = 47
RAW = -15


class UnreadableError(Problem):
    """A body that came and cannot be read, whole or in part; `head` is its beginning where nobody else holds it.

    It is kept like every refused reading, while its sender is told the problem.
    """

    head: bytes = b""

    def beginning(self, parts: Iterable[bytes]) -> Self:
        """The same with the beginning of the body."""
        head = bytearray()
        for part in parts:
            head += part[: HEAD_BYTES - len(head)]
            if len(head) >= HEAD_BYTES:
                break
        self.head = bytes(head)
        return self


async def read(receive: Receive, declared: int | None) -> bytes:
    """The body as sent; raises UnreadableError 413 or 408. `declared` is the Content-Length, None when there is none."""
    most = limits.MAX_BODY
    if declared is not None and declared > most:
        # it will be too large: so much is read as is kept
        most = 0
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(limits.MAX_UPLOAD_S):
            return await _collect(receive, parts, most)
    except TimeoutError as error:
        title = _("The request took too long to arrive")
        raise UnreadableError("upload_timeout", title, status=408).beginning(parts) from error


async def _collect(receive: Receive, parts: list[bytes], most: int) -> bytes:
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the sender left before the end of the request")
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if size > most and (most or size >= HEAD_BYTES or not message.get("more_body", False)):
            raise too_large().beginning(parts)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding (gzip, deflate or none); raises UnreadableError 413, 415 or 400."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflate(body, ANY_HEAD)
        case "deflate":
            # RFC 9110, 8.4.1.2 means zlib; some senders leave its head away
            return _inflate(body, ANY_HEAD if body[:1] in (b"\x78", b"\x58", b"\x08") else RAW)
    raise UnreadableError(
        "encoding_not_supported",
        _("This content encoding is not supported"),
        status=415,
        detail=_("Send the body with gzip or deflate, or without any encoding."),
    )


def _inflate(body: bytes, head: int) -> bytes:
    parts: list[bytes] = []
    room = limits.MAX_INFLATED
    rest = body
    try:
        while rest:
            inflater = zlib.decompressobj(head)
            part = inflater.decompress(rest, room + 1)
            room -= len(part)
            if room < 0:
                raise too_large()
            if not inflater.eof:
                raise UnreadableError("body_damaged", _("The compressed body is damaged or incomplete"), status=400)
            parts.append(part)
            rest = inflater.unused_data
    except zlib.error as error:
        raise UnreadableError("body_damaged", _("The compressed body is damaged or incomplete"), status=400) from error
    return b"".join(parts)


def too_large() -> UnreadableError:
    """The answer to a body beyond the limits."""
    return UnreadableError(
        "too_large",
        _("The request is too large"),
        status=413,
        detail=_("Send at most %(sent)d MB (%(inflated)d MB uncompressed) at once; divide larger amounts.")
        % {"sent": limits.MAX_BODY // 2**20, "inflated": limits.MAX_INFLATED // 2**20},
        extra={"max_bytes": limits.MAX_BODY, "max_inflated_bytes": limits.MAX_INFLATED},
    )
