"""Who this source is (5.15; 6.33)."""

import datetime as dt

from onecity.kernel.core.clock import now
from onecity.kernel.twin.ngsild.federation.distributing.via import alias_of
from onecity.kernel.twin.ngsild.http.answering import represented
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.store import times

SECOND = dt.timedelta(seconds=1)
_started = now()


@route("GET", "/info/sourceIdentity", creates_tenant=True)
async def source_identity(request: Request) -> Response:
    """5.15.1: the alias by which loops are found, since when this process runs, and its time."""
    moment = now()
    context = await request.context()
    # each tenant is a source of its own
    alias = alias_of(request.services.alias, request.tenant)
    body = {
        "id": f"urn:ngsi-ld:ContextSourceIdentity:{alias}",
        "type": "ContextSourceIdentity",
        "contextSourceAlias": alias,
        "contextSourceUptime": f"PT{int((moment - _started) / SECOND)}S",
        "contextSourceTimeAt": times.text(moment),
    }
    return represented(body, request, context)


ROUTES = (source_identity,)
