"""The one door to other servers: HTTP whose every connection goes to an address that core.outbound has judged.

Names are resolved here and the answer is pinned; redirects come through the same door; time and size are bounded.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpcore
import httpx

from onecity.kernel.core import outbound
from onecity.kernel.core.outbound import Network, OutboundFailed, OutboundRefused
from onecity.kernel.core.text import lazy as _

__all__ = [
    "Answer",
    "Bounds",
    "OutboundFailed",
    "OutboundRefused",
    "async_client",
    "async_fetch",
    "client",
    "fetch",
    "judge",
]

AGENT: Final = "OneCity"
LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)

# what httpcore takes as options of a socket
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long (seconds, all together) and how large (bytes of the body) an exchange may be, and how often redirected."""

    seconds: float = 10.0
    most_bytes: int = 4 * 1024 * 1024
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What another server answered; `url` is where it came from in the end."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


class _Backend(httpcore.SyncBackend):
    """Connects to judged addresses only; the pool above still knows the server by its name (certificate, reuse)."""

    def __init__(self, allow: Sequence[Network]) -> None:
        super().__init__()
        self._allow = allow

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, judge, connect; the next address is tried when one does not answer."""
        addresses = outbound.choose(host, _resolve(host, port), self._allow)
        for text in addresses[:-1]:
            try:
                return super().connect_tcp(text, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


class _AsyncBackend(httpcore.AnyIOBackend):
    """The same for an event loop."""

    def __init__(self, allow: Sequence[Network]) -> None:
        super().__init__()
        self._allow = allow

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge, connect; the next address is tried when one does not answer."""
        addresses = outbound.choose(host, await _resolve_async(host, port), self._allow)
        for text in addresses[:-1]:
            try:
                return await super().connect_tcp(text, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await super().connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


class _Guarded(httpx.HTTPTransport):
    """A transport whose pool connects through _Backend."""

    def __init__(self, allow: Sequence[Network], limits: httpx.Limits) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(allow),
        )


class _AsyncGuarded(httpx.AsyncHTTPTransport):
    """A transport whose pool connects through _AsyncBackend."""

    def __init__(self, allow: Sequence[Network], limits: httpx.Limits) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_AsyncBackend(allow),
        )


@cache
def _tls() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes long, so once a process."""
    return httpx.create_ssl_context(trust_env=False)


def _resolve(host: str, port: int) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise OutboundFailed(_("The name {host} has no address.", host=host)) from error


async def _resolve_async(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundFailed(_("The name {host} has no address.", host=host)) from error
    return [str(entry[4][0]) for entry in found]


async def judge(url: str, allow: Sequence[Network] = (), schemes: Sequence[str] = ("http", "https")) -> list[str]:
    """The addresses that `url` may be reached at now; raises OutboundRefused, OutboundFailed. For other protocols than HTTP."""
    where = outbound.target(url, schemes)
    return outbound.choose(where.host, await _resolve_async(where.host, where.port), allow)


def client(allow: Sequence[Network] = (), bounds: Bounds = Bounds()) -> httpx.Client:
    """A client for many exchanges from a thread; close it."""
    return httpx.Client(
        transport=_Guarded(allow, LIMITS),
        timeout=bounds.seconds,
        follow_redirects=bounds.redirects > 0,
        max_redirects=max(bounds.redirects, 1),
        headers={"User-Agent": AGENT},
        trust_env=False,
    )


def async_client(
    allow: Sequence[Network] = (),
    bounds: Bounds = Bounds(),
    limits: httpx.Limits = LIMITS,
) -> httpx.AsyncClient:
    """A client for many exchanges from one event loop; close it."""
    return httpx.AsyncClient(
        transport=_AsyncGuarded(allow, limits),
        timeout=bounds.seconds,
        follow_redirects=bounds.redirects > 0,
        max_redirects=max(bounds.redirects, 1),
        headers={"User-Agent": AGENT},
        trust_env=False,
    )


def fetch(
    url: str,
    allow: Sequence[Network] = (),
    bounds: Bounds = Bounds(),
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> Answer:
    """GET `url` from a thread, or POST `form` to it; raises OutboundRefused, OutboundFailed."""
    outbound.target(url)
    deadline = time.monotonic() + bounds.seconds
    method = "GET" if form is None else "POST"
    with (
        _failures(url),
        client(allow, bounds) as door,
        door.stream(method, url, headers=headers, data=form) as response,
    ):
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            _check(url, len(body), bounds, late=time.monotonic() > deadline)
        return Answer(response.status_code, response.headers, bytes(body), str(response.url))


async def async_fetch(
    url: str,
    allow: Sequence[Network] = (),
    bounds: Bounds = Bounds(),
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """GET `url` from an event loop; raises OutboundRefused, OutboundFailed."""
    outbound.target(url)
    async with async_client(allow, bounds) as door:
        return await async_exchange(door, "GET", url, bounds=bounds, headers=headers)


async def async_exchange(
    door: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    bounds: Bounds = Bounds(),
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Answer:
    """One exchange through an open client, bounded in time and size as a whole; raises OutboundRefused, OutboundFailed."""
    async with (
        _async_failures(url, bounds.seconds),
        door.stream(method, url, headers=headers, content=content) as response,
    ):
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            _check(url, len(body), bounds, late=False)
        return Answer(response.status_code, response.headers, bytes(body), str(response.url))


def _check(url: str, size: int, bounds: Bounds, *, late: bool) -> None:
    if size > bounds.most_bytes:
        raise OutboundFailed(_("{url} answered more than {most} bytes.", url=url, most=bounds.most_bytes))
    if late:
        raise OutboundFailed(_("{url} did not answer within {seconds} s.", url=url, seconds=bounds.seconds))


@contextmanager
def _failures(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise OutboundFailed(_("{url} did not answer in time.", url=url)) from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise OutboundFailed(_("{url} could not be reached: {reason}", url=url, reason=_reason(error))) from error


@asynccontextmanager
async def _async_failures(url: str, seconds: float) -> AsyncIterator[None]:
    try:
        with _failures(url):
            async with asyncio.timeout(seconds):
                yield
    except TimeoutError as error:
        raise OutboundFailed(_("{url} did not answer within {seconds} s.", url=url, seconds=seconds)) from error


def _reason(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
