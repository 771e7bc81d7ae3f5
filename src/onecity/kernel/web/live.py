"""`/live`: the change feed as a stream of server-sent events, read as the account that asks, under row-level security."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import public
from onecity.kernel.web import problems
from onecity.kernel.web.hub import Hub, hub
from onecity.kernel.web.stream import event

BEAT = 15.0
# the browser comes back by itself and is then asked again who it is: a session that has ended ends its stream
LIFETIME = 300.0


@public
@transaction.non_atomic_requests
@require_safe
async def live(request: HttpRequest) -> HttpResponseBase:
    """Stream what changes from `Last-Event-ID`, `cursor` or now on; whoever has not signed in hears the public part."""
    user = await request.auser()
    account_id = user.id if user.is_authenticated else None
    # no database connection is held while the stream is open
    await sync_to_async(connections.close_all)()
    cursor = request.headers.get("Last-Event-ID") or request.GET.get("cursor", "")
    try:
        first = await hub().fetch(account_id, cursor)
    except Problem as problem:
        return await sync_to_async(problems.as_json)(request, problem)
    if not cursor:
        first = await hub().fetch(account_id, first.cursor)
    response = StreamingHttpResponse(
        _events(hub(), account_id, cursor or first.cursor), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _events(source: Hub, account_id: UUID | None, cursor: str) -> AsyncIterator[str]:
    ends = asyncio.get_running_loop().time() + LIFETIME
    source.join()
    try:
        yield f"retry: 2000\n{event('beat', {}, cursor)}"
        while not source.ended and asyncio.get_running_loop().time() < ends:
            batch = await source.fetch(account_id, cursor)
            moved, cursor = batch.cursor != cursor, batch.cursor
            if batch.gap:
                yield event("gap", {}, cursor)
            for frame in batch.frames:
                yield frame
            if not batch.frames:
                started = asyncio.get_running_loop().time()
                await source.wait(BEAT)
                if asyncio.get_running_loop().time() - started >= BEAT:
                    yield event("beat", {}, cursor if moved else "")
    finally:
        source.leave()
