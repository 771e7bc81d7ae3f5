"""The body of a request: read within limits of size and time, inflated within a limit that no bomb gets past."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import limits

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
# gzip or zlib heads, found by zlib itself
ANY_HEAD = 47
RAW = -15


async def read(receive: Receive, declared: int | None) -> bytes:
    """The body as sent; raises Problem 413 or 408. `declared` is the Content-Length, None when there is none."""
    if declared is not None and declared > limits.MAX_BODY:
        raise too_large()
    try:
        async with asyncio.timeout(limits.MAX_UPLOAD_S):
            return await _collect(receive)
    except TimeoutError as error:
        raise Problem("upload_timeout", _("The request took too long to arrive"), status=408) from error


async def _collect(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the sender left before the end of the request")
        part = message.get("body", b"")
        size += len(part)
        if size > limits.MAX_BODY:
            raise too_large()
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding (gzip, deflate or none); raises Problem 413, 415 or 400."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflate(body, ANY_HEAD)
        case "deflate":
            # RFC 9110, 8.4.1.2 means zlib; some senders leave its head away
            return _inflate(body, ANY_HEAD if body[:1] in (b"\x78", b"\x58", b"\x08") else RAW)
    raise Problem(
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
                raise Problem("body_damaged", _("The compressed body is damaged or incomplete"), status=400)
            parts.append(part)
            rest = inflater.unused_data
    except zlib.error as error:
        raise Problem("body_damaged", _("The compressed body is damaged or incomplete"), status=400) from error
    return b"".join(parts)


def too_large() -> Problem:
    """The answer to a body beyond the limits."""
    return Problem(
        "too_large",
        _("The request is too large"),
        status=413,
        detail=_("Send at most %(sent)d MB (%(inflated)d MB uncompressed) at once; divide larger amounts.")
        % {"sent": limits.MAX_BODY // 2**20, "inflated": limits.MAX_INFLATED // 2**20},
        extra={"max_bytes": limits.MAX_BODY, "max_inflated_bytes": limits.MAX_INFLATED},
    )
