"""Finds the @context of a request: bundled, hosted here, cached, or fetched once and kept (5.13.1, 6.3.5).

Knows no database and no network: a Shelf keeps documents, a Fetch brings them.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urljoin

import msgspec

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.core import version_of
from onecity.kernel.twin.ngsild.context.processing import process
from onecity.kernel.twin.ngsild.context.terms import CORE, Context, Source
from onecity.kernel.twin.ngsild.model.problems import NgsiProblem, bad_request, problem

KEPT: Final = 512  # processed contexts in memory
DOCUMENTS: Final = 20  # documents that one @context may consist of
DEPTH: Final = 8  # contexts inside contexts
STEP_S: Final = 1.0  # how old the knowledge of what other processes changed may be
FAILED_S: Final = 10.0  # how long a failed fetch is not tried again
INLINE_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON-LD document with `@context`, and until when (Unix time) it may be used without asking again."""

    body: Mapping[str, Any]
    expires_at: float | None = None


class Shelf(Protocol):
    """Where documents are kept for all processes."""

    async def find(self, url: str) -> Document | None:
        """The document under this address: hosted here, or cached; None where there is none."""

    async def keep(self, url: str, document: Document) -> None:
        """Keep a fetched document as Cached."""

    async def stamp(self) -> object:
        """Something that differs whenever a document was added, replaced or removed."""

    async def used(self, hits: Mapping[str, int]) -> None:
        """Count uses of addresses."""


Fetch = Callable[[str], Awaitable[Document]]
"""Brings the document from its address; raises Problem."""


@dataclass(slots=True)
class _Memory:
    contexts: OrderedDict[str, Context] = field(default_factory=OrderedDict)
    failed: dict[str, tuple[float, NgsiProblem]] = field(default_factory=dict)
    expires: dict[str, float] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)
    stamp: object = None
    checked: float = float("-inf")


class ContextStore:
    """Resolves contexts for one event loop; what it has processed it keeps, as long as nobody changes the document."""

    def __init__(self, shelf: Shelf, fetch: Fetch) -> None:
        self._shelf = shelf
        self._fetch = fetch
        self._memory = _Memory()
        self._running: dict[str, asyncio.Task[Context]] = {}

    async def resolve(self, link: str | None, inline: object | None) -> Context:
        """The processed @context of a Link header or of a body; the core's where both are None.

        Raises Problem BadRequestData (400) for one that is no JSON-LD, LdContextNotAvailable (504) for one that cannot be
        had.
        """
        source = link if link is not None else inline
        if source is None:
            return CORE
        if isinstance(source, list) and len(source) == 1:
            source = source[0]
        if isinstance(source, str):
            return await self._by_key(source, source)
        key = _key(source)
        return await self._by_key(key, _source(source))

    def forget(self) -> None:
        """Forget everything that was processed: documents have changed."""
        self._memory = _Memory(hits=self._memory.hits)

    async def flush(self) -> None:
        """Write down how often documents were used."""
        hits, self._memory.hits = self._memory.hits, {}
        if hits:
            await self._shelf.used(hits)

    async def _by_key(self, key: str, source: Source) -> Context:
        if isinstance(source, str):
            if version_of(source) is not None:
                return self._remembered(key) or self._remember(key, Context(source))
            await self._in_step()
            self._memory.hits[source] = self._memory.hits.get(source, 0) + 1
        found = self._remembered(key)
        if found is not None:
            return found
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.get_running_loop().create_task(self._made(key, source))
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _ended(self, key: str, task: "asyncio.Task[Context]") -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever still waits gets it; where nobody does it is no news

    def _remembered(self, key: str) -> Context | None:
        found = self._memory.contexts.get(key)
        if found is None:
            return None
        if self._memory.expires.get(key, float("inf")) < time.time():
            del self._memory.contexts[key]
            return None
        self._memory.contexts.move_to_end(key)
        return found

    def _remember(self, key: str, context: Context, expires_at: float | None = None) -> Context:
        memory = self._memory
        memory.contexts[key] = context
        memory.expires.pop(key, None)
        if expires_at is not None:
            memory.expires[key] = expires_at
        while len(memory.contexts) > KEPT:
            old, _context = memory.contexts.popitem(last=False)
            memory.expires.pop(old, None)
        return context

    async def _in_step(self) -> None:
        """Forget what another process has changed; asked at most once a STEP_S."""
        now = time.monotonic()
        if now - self._memory.checked < STEP_S:
            return
        self._memory.checked = now
        await self.flush()
        stamp = await self._shelf.stamp()
        if stamp != self._memory.stamp:
            self.forget()
            self._memory.stamp, self._memory.checked = stamp, now

    async def _made(self, key: str, source: Source) -> Context:
        gathering = _Gathering(self._document)
        await gathering.add(source, "", ())
        context = await asyncio.to_thread(process, gathering.contexts, source)
        return self._remember(key, context, gathering.expires_at)

    async def _document(self, url: str) -> Document:
        known = await self._shelf.find(url)
        if known is not None and (known.expires_at is None or known.expires_at > time.time()):
            return known
        failed = self._memory.failed.get(url)
        if failed is not None and failed[0] > time.monotonic():
            if known is not None:
                return known
            raise failed[1]
        try:
            fetched = await self._fetch(url)
        except Problem as error:
            unavailable = _unavailable(url, error)
            if len(self._memory.failed) >= KEPT:
                self._memory.failed.clear()
            self._memory.failed[url] = (time.monotonic() + FAILED_S, unavailable)
            if known is not None:
                return Document(known.body, time.time() + FAILED_S)
            raise unavailable from error
        await self._shelf.keep(url, fetched)
        self._memory.stamp = await self._shelf.stamp()
        return fetched

    async def reload(self, url: str) -> Document:
        """Fetch a document anew and keep it in place of the old one; raises Problem LdContextNotAvailable (504)."""
        try:
            fetched = await self._fetch(url)
            gathering = _Gathering(self._document)
            await gathering.add(dict(fetched.body).get("@context"), url, (url,))
            await asyncio.to_thread(process, gathering.contexts, url)
        except Problem as error:
            raise _unavailable(url, error) from error
        await self._shelf.keep(url, fetched)
        self.forget()
        return fetched

    async def check(self, body: object) -> None:
        """Make sure that a document that is to be hosted can be processed; raises Problem."""
        if not isinstance(body, dict) or "@context" not in body:
            raise bad_request(_("A document with a member @context is wanted."), "@context")
        gathering = _Gathering(self._document)
        await gathering.add(_source(body["@context"]), "", ())
        await asyncio.to_thread(process, gathering.contexts, None)


@dataclass(slots=True)
class _Gathering:
    """Collects the local contexts that a source consists of, the core's left out."""

    document: Callable[[str], Awaitable[Document]]
    contexts: list[Mapping[str, Any]] = field(default_factory=list)
    expires_at: float | None = None
    documents: int = 0

    async def add(self, source: object, base: str, within: tuple[str, ...], depth: int = 0) -> None:
        """Take in one source: address, object, list of them, or null, which starts afresh."""
        if depth > DEPTH:
            raise bad_request(_("Contexts are nested too deeply."), "@context")
        if isinstance(source, str):
            await self._remote(urljoin(base, source) if base else source, within, depth)
        elif isinstance(source, list):
            for item in _sources(source):
                await self.add(item, base, within, depth + 1)
        elif isinstance(source, dict):
            if set(source) == {"@context"}:
                await self.add(source["@context"], base, within, depth + 1)
            else:
                self.contexts.append(source)
        elif source is None:
            self.contexts.clear()
        else:
            raise bad_request(_("An @context is an address, an object, or a list of these."), "@context")

    async def _remote(self, url: str, within: tuple[str, ...], depth: int) -> None:
        if version_of(url) is not None:
            return
        if not url.startswith(("http://", "https://")):
            raise bad_request(_("The @context {url} is no address that begins with http.", url=url[:200]), "@context")
        self.documents += 1
        if url in within or self.documents > DOCUMENTS:
            raise bad_request(_("The @context {url} leads to itself or to too many others.", url=url[:200]), "@context")
        found = await self.document(url)
        if found.expires_at is not None:
            self.expires_at = min(found.expires_at, self.expires_at or found.expires_at)
        await self.add(dict(found.body).get("@context"), url, (*within, url), depth + 1)


def _source(source: object) -> Source:
    if isinstance(source, dict | list | str):
        return source
    raise bad_request(_("An @context is an address, an object, or a list of these."), "@context")


def _sources(items: list[object]) -> list[object]:
    """The items, looked at before any of them is fetched; raises Problem."""
    if all(item is None or isinstance(item, str | dict | list) for item in items):
        return items
    raise bad_request(_("An @context is an address, an object, or a list of these."), "@context")


def _key(source: object) -> str:
    try:
        text = msgspec.json.encode(source, order="deterministic")
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise bad_request(_("An @context is an address, an object, or a list of these."), "@context") from error
    if len(text) > INLINE_BYTES:
        raise bad_request(
            _("An @context in a body has at most {most} bytes; host a larger one.", most=INLINE_BYTES), "@context"
        )
    return text.decode()


def _unavailable(url: str, error: Problem) -> NgsiProblem:
    if isinstance(error, NgsiProblem) and error.code == "LdContextNotAvailable":
        return error
    return problem("LdContextNotAvailable", _("{url}: {reason}", url=url[:200], reason=_why(error)))


def _why(error: Problem) -> str:
    return str(error.detail) or str(error.title)
