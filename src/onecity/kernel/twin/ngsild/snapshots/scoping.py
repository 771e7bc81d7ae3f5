"""The header NGSILD-Snapshot (5.5.15, 6.3.22): an operation that bears it works in the space of that snapshot."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import Handler, Route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import require_uri

HEADER: Final = "ngsild-snapshot"


def scoped(routes: Iterable[Route]) -> Iterator[Route]:
    """Routes that work in the space of a snapshot where a request names one."""
    return (replace(one, handler=_within(one.handler)) for one in routes)


def unscoped(routes: Iterable[Route]) -> Iterator[Route]:
    """Routes that snapshots have nothing of: a request that names one is refused."""
    return (replace(one, handler=_without(one.handler)) for one in routes)


def _within(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        urn = request.headers.get(HEADER)
        if urn is None:
            return await handler(request)
        snapshots = request.services.snapshots
        record = await snapshots.records.use(request.principal, request.tenant, require_uri(urn, "NGSILD-Snapshot"))
        request.home, request.tenant = request.tenant, record.space
        return await handler(request)

    return handle


def _without(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        if HEADER in request.headers:
            raise problems.problem(
                "OperationNotSupported",
                _("Snapshots have entities, their histories and subscriptions only; leave out the header."),
            )
        return await handler(request)

    return handle
