"""Brings a JSON-LD @context from another server, through the guarded door (6.3.16: how long it may be kept)."""

import email.utils
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from onecity.kernel.access.outbound import Answer, Bounds, async_fetch
from onecity.kernel.core.outbound import Network
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.resolving import Document, Fetch
from onecity.kernel.twin.ngsild.model.problems import problem

BOUNDS: Final = Bounds(seconds=8.0, most_bytes=2 * 1024 * 1024, redirects=3)
ACCEPT: Final = {"Accept": "application/ld+json, application/json;q=0.9, */*;q=0.1"}
USUAL_S: Final = 24 * 3600.0  # where the server says nothing
LEAST_S: Final = 60.0
LONGEST_S: Final = 30 * 24 * 3600.0


def fetcher(allow: Sequence[Network]) -> Fetch:
    """A Fetch that may reach public addresses and the networks of `allow`."""

    async def fetch(url: str) -> Document:
        answer = await async_fetch(url, allow, BOUNDS, ACCEPT)
        return Document(_body(url, answer), time.time() + lifetime(answer.headers, time.time()))

    return fetch


def _body(url: str, answer: Answer) -> dict[str, Any]:
    if answer.status != 200:
        raise problem(
            "LdContextNotAvailable", _("{url} answered with status {status}.", url=url[:200], status=answer.status)
        )
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise problem("LdContextNotAvailable", _("{url} did not answer with JSON.", url=url[:200])) from error
    if not isinstance(value, dict) or "@context" not in value:
        raise problem("LdContextNotAvailable", _("{url} is no JSON-LD @context.", url=url[:200]))
    return {"@context": value["@context"]}


def lifetime(headers: Mapping[str, str], now: float) -> float:
    """For how many seconds an answer may be kept (RFC 9111, 4.2.1), within bounds; a day where nothing is said."""
    for directive in headers.get("cache-control", "").lower().split(","):
        name, _equals, value = directive.strip().partition("=")
        if name in {"no-store", "no-cache"}:
            return LEAST_S
        if name == "max-age" and value.strip('"').isdigit():
            return min(max(float(value.strip('"')[:12]), LEAST_S), LONGEST_S)
    expires = headers.get("expires")
    if expires is None:
        return USUAL_S
    try:
        until = email.utils.parsedate_to_datetime(expires).timestamp()
    except (TypeError, ValueError, OverflowError):
        return LEAST_S
    return min(max(until - now, LEAST_S), LONGEST_S)
