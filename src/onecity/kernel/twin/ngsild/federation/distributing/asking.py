"""Speaks to sources: several at once, each within its time and size, and none again right after it failed (6.3.17)."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import httpx

from onecity.kernel.access.outbound import (
    Answer,
    Bounds,
    OutboundFailed,
    OutboundRefused,
    async_client,
    async_exchange,
)
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.outbound import Network
from onecity.kernel.twin.ngsild.context.store import Contexts
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import calls, limits, warning
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http import json_body
from onecity.kernel.twin.ngsild.http.links import context_link
from onecity.kernel.twin.ngsild.http.response import encode

LOOP: Final = 508
# what tells that the source itself is not well, so that it is left alone for its cooldown
UNWELL: Final = frozenset({"timeout", "unreachable"})
Outcome = Callable[[Registration, bool], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that sources are asked for: its headers (small names), its @context, and the Via that goes on."""

    headers: Mapping[str, str]
    context: Context
    via: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call: an answer, or the `fault` that there is none to use. `context`: in which its body is written."""

    registration: Registration
    status: int = 0
    body: Any = None
    context: Context | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    fault: str = ""
    detail: object = ""
    size: int = 0

    @property
    def ok(self) -> bool:
        """Whether the source did what was asked."""
        return not self.fault and 200 <= self.status < 300

    @property
    def missing(self) -> bool:
        """Whether the source has nothing of the kind, which is nothing abnormal when reading."""
        return self.fault == "error" and self.status == 404

    def warnings(self) -> list[str]:
        """What a reader is to be told of it."""
        own = [] if not self.fault or self.missing else [warning.warning(self.registration, self.fault, self.status)]
        return own + warning.passed_on(self.headers.get_list(warning.HEADER))


@dataclass(slots=True)
class _Health:
    failures: int = 0
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    reply: Reply


class Sources:
    """The sources of one event loop."""

    def __init__(self, contexts: Contexts, allow: Sequence[Network], outcome: Outcome) -> None:
        self._contexts = contexts
        self._allow = allow
        self._outcome = outcome
        self._door: httpx.AsyncClient | None = None
        self._health: dict[tuple[str, str], _Health] = {}
        self._cache: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()

    async def ask(
        self, origin: Origin, asked: Sequence[tuple[Registration, Speak]], *, body: bool = False
    ) -> list[Reply]:
        """The replies of several sources in the order of `asked`; never raises for what a source does.

        `body`: whether the calls have one.
        """
        if not asked:
            return []
        gate = asyncio.Semaphore(limits.AT_ONCE)

        async def one(registration: Registration, speak: Speak) -> Reply:
            async with gate:
                return await self.one(origin, registration, speak, body=body)

        return list(await asyncio.gather(*(one(registration, speak) for registration, speak in asked)))

    async def one(self, origin: Origin, registration: Registration, speak: Speak, *, body: bool = False) -> Reply:
        """The reply of one source."""
        key = (registration.tenant, registration.id)
        health = self._health.get(key)
        if health is not None and health.until > time.monotonic():
            return Reply(registration, fault="cooling")
        try:
            spoken = await calls.words(registration, origin.context, self._contexts, with_body=body)
            reply = await self._exchanged(origin, registration, speak(spoken), spoken)
        except OutboundRefused as refusal:
            return Reply(registration, fault="refused", detail=refusal.detail)
        except OutboundFailed as failure:
            reply = Reply(registration, fault=_fault(failure), detail=failure.detail)
        except Problem as problem:
            # the @context that the source wants, or that its answer is written in, cannot be had
            reply = Reply(registration, fault="invalid", detail=problem.detail)
        self._note(key, reply)
        return reply

    async def close(self) -> None:
        """Give the connections back."""
        if self._door is not None:
            await self._door.aclose()
        self._door = None

    async def _exchanged(self, origin: Origin, registration: Registration, call: Call, spoken: Words) -> Reply:
        headers = calls.headers(registration, call, spoken, origin.headers, origin.via)
        address = calls.url(registration, call)
        key = self._key(registration, call.method, address, headers)
        if key is not None and (kept := self._kept(key)) is not None:
            return kept
        content = None if call.body is None else encode(calls.payload(registration, call, spoken))
        seconds = min(registration.timeout_s or limits.TIMEOUT_S, limits.LONGEST_TIMEOUT_S)
        bounds = Bounds(seconds, limits.MOST_BYTES, 0)
        answer = await async_exchange(
            self._open(), call.method, address, bounds=bounds, headers=headers, content=content
        )
        reply = await self._read(registration, answer, spoken.context)
        if key is not None and reply.ok and len(answer.body) <= limits.MOST_CACHED_BYTES:
            self._keep(key, reply, registration)
        return reply

    async def _read(self, registration: Registration, answer: Answer, spoken: Context) -> Reply:
        status, headers = answer.status, answer.headers
        fault = "" if 200 <= status < 300 else "loop" if status == LOOP else "error"
        if not answer.body:
            return Reply(registration, status, None, spoken, headers, fault)
        try:
            body = json_body.decode(answer.body)
        except Problem as problem:
            # an error may come with any page; what came in place of data is told
            return Reply(registration, status, None, spoken, headers, fault or "invalid", problem.detail)
        if fault:
            return Reply(registration, status, body, spoken, headers, fault)
        link = context_link(headers.get("link", ""))
        known = link is None or link == spoken.link
        context = spoken if known else await self._contexts.of(registration.tenant).resolve(link, None)
        return Reply(registration, status, body, context, headers, size=len(answer.body))

    def _open(self) -> httpx.AsyncClient:
        if self._door is None:
            self._door = async_client(self._allow, Bounds(limits.LONGEST_TIMEOUT_S, limits.MOST_BYTES, 0))
            # a cookie that one source sets for one request is none of another's
            self._door.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return self._door

    def _note(self, key: tuple[str, str], reply: Reply) -> None:
        registration, now = reply.registration, time.monotonic()
        self._outcome(registration, reply.ok or reply.missing)
        if reply.fault not in UNWELL:
            self._health.pop(key, None)
            return
        health = self._health.setdefault(key, _Health())
        health.failures += 1
        if registration.cooldown_s:
            health.until = now + registration.cooldown_s
        elif health.failures >= limits.FAILURES:
            health.until = now + limits.COOLDOWN_S

    def _key(
        self, registration: Registration, method: str, address: str, headers: Mapping[str, str]
    ) -> tuple[object, ...] | None:
        """Under what an answer is kept; None where it is not to be kept (5.2.34, cacheDuration)."""
        if method != "GET" or not registration.cache_duration_s:
            return None
        own = tuple(sorted((name, value) for name, value in headers.items() if name != "via"))
        return registration.tenant, registration.id, address, own

    def _kept(self, key: tuple[object, ...]) -> Reply | None:
        kept = self._cache.get(key)
        if kept is None:
            return None
        if kept.until <= time.monotonic():
            del self._cache[key]
            return None
        old = kept.reply
        headers = httpx.Headers(
            [*old.headers.multi_items(), (warning.HEADER, warning.warning(old.registration, "stale"))]
        )
        return Reply(old.registration, old.status, old.body, old.context, headers)

    def _keep(self, key: tuple[object, ...], reply: Reply, registration: Registration) -> None:
        while len(self._cache) >= limits.MOST_CACHED:
            self._cache.popitem(last=False)
        self._cache[key] = _Kept(time.monotonic() + (registration.cache_duration_s or 0), reply)


def _fault(failure: OutboundFailed) -> str:
    cause = failure.__cause__
    if cause is None:
        return "oversized"
    return "timeout" if isinstance(cause, TimeoutError | httpx.TimeoutException) else "unreachable"
