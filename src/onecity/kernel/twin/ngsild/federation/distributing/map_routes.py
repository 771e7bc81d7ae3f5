"""The door to entity maps: make, retrieve, extend and delete them (5.14.1-5.14.4; 6.32, 6.34)."""

from typing import Any, Final

from onecity.kernel.core import clock
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import gate, mapping, serving, warning
from onecity.kernel.twin.ngsild.federation.distributing.maps import EntityMap
from onecity.kernel.twin.ngsild.federation.distributing.querying import Query
from onecity.kernel.twin.ngsild.http import query_body, selecting
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.answering import represented
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import moment, require_uri
from onecity.kernel.twin.ngsild.store import times

QUERY: Final = frozenset({"queryEntity"})


@route("GET", "/entityMaps")
async def make_map(request: Request) -> Response:
    """5.14.4 by address."""
    return await _make(request, dict(request.query), await request.context())


@route("POST", "/entityMaps", right="read")
async def post_map(request: Request) -> Response:
    """5.14.4 by body."""
    context = await request.context()
    return await _make(request, query_body.parameters(request.object(), context), context)


@route("GET", "/entityMaps/{entityMapId}")
async def retrieve_map(request: Request) -> Response:
    """5.14.1."""
    return represented(body(await _one(request)), request, await request.context())


@route("PATCH", "/entityMaps/{entityMapId}", right="read")
async def change_map(request: Request) -> Response:
    """5.14.2: only the moment at which it ends can be changed; one that is over ends it at once."""
    one, given = await _one(request), request.object()
    if "expiresAt" in given:
        await mapping.store(request).extend(one, times.read(moment(given["expiresAt"], "expiresAt")))
    return responses.no_content()


@route("DELETE", "/entityMaps/{entityMapId}", right="read")
async def delete_map(request: Request) -> Response:
    """5.14.3."""
    await mapping.store(request).delete(await _one(request))
    return responses.no_content()


def body(one: EntityMap) -> dict[str, Any]:
    """The map as 5.2.39 has it."""
    return {
        "id": one.urn,
        "type": "EntityMap",
        "expiresAt": times.text(one.expires_at),
        "entityMap": {urn: one.entries[urn] for urn in one.left()},
        "linkedMaps": dict(one.linked),
    }


async def _make(request: Request, parameters: dict[str, Any], context: Context) -> Response:
    question = selecting.question(request, parameters, context)
    federation = None if question.local else await gate.federation(request, "read")
    query = Query(serving.asked(parameters, question), QUERY, question.limit)
    seconds = mapping.lifetime(parameters)
    made, warnings = await mapping.create(federation, request, query, seconds, times.text(clock.now()))
    return answer(request, context, made, warnings)


def answer(request: Request, context: Context, made: EntityMap, warnings: list[str]) -> Response:
    """The answer to who had a map made."""
    response = represented(body(made), request, context, 201)
    response.headers += [(mapping.HEADER, made.address), *warning.headers(warnings)]
    return response


async def _one(request: Request) -> EntityMap:
    urn = require_uri(request.params["entityMapId"], "entityMapId")
    found = await mapping.store(request).find(urn)
    if found is None:
        raise problems.problem("ResourceNotFound", _("There is no entity map {urn}.", urn=urn[:200]))
    return found


ROUTES = (make_map, post_map, retrieve_map, change_map, delete_map)
