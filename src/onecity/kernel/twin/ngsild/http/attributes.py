"""One attribute of an entity: partial update, replacement, deletion (5.6.4, 5.6.5, 5.6.19; 6.7)."""

from typing import Any

from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, Names, only
from onecity.kernel.twin.ngsild.federation.distributing.retrieving import path
from onecity.kernel.twin.ngsild.federation.distributing.writing import Write, carried_out
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.entities import found, moment, urn_of, write
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import merging, reading
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.rules import PARTIAL, REPLACED
from onecity.kernel.twin.ngsild.store.operation import Result


@route("PATCH", "/entities/{entityId}/attrs/{attrId}")
async def partial_update(request: Request) -> Response:
    """5.6.4."""
    urn, context = urn_of(request), await request.context()
    given = request.params["attrId"]
    name = context.name(given)
    instances = reading.read_instances(request.json(), given, context, moment(), rules=PARTIAL)

    async def local(_names: Names) -> Result:
        return await write(
            request, urn, lambda current, now: merging.partial(found(current, urn), name, instances, now)
        )

    done = await carried_out(request, lambda: _shared("updateAttrs", "PATCH", urn, name, request.json()), local)
    if done is None:
        await local(EVERYTHING)
    return done or responses.no_content()


@route("PUT", "/entities/{entityId}/attrs/{attrId}")
async def replace_attribute(request: Request) -> Response:
    """5.6.19."""
    urn, context = urn_of(request), await request.context()
    given = request.params["attrId"]
    name = context.name(given)
    instances = reading.read_instances(request.json(), given, context, moment(), rules=REPLACED)

    async def local(_names: Names) -> Result:
        return await write(
            request, urn, lambda current, now: merging.replace_attribute(found(current, urn), name, instances, now)
        )

    done = await carried_out(request, lambda: _shared("replaceAttrs", "PUT", urn, name, request.json()), local)
    if done is None:
        await local(EVERYTHING)
    return done or responses.no_content()


@route("DELETE", "/entities/{entityId}/attrs/{attrId}")
async def delete_attribute(request: Request) -> Response:
    """5.6.5; `datasetId` names an instance, `deleteAll` all of them."""
    urn, context = urn_of(request), await request.context()
    name = context.name(request.params["attrId"])
    dataset, every = request.query.get("datasetId"), request.flag("deleteAll")
    if dataset is not None:
        require_uri(dataset, "datasetId")

    async def local(_names: Names) -> Result:
        return await write(
            request,
            urn,
            lambda current, now: merging.delete_attribute(
                found(current, urn), name, dataset, delete_all=every, now=now
            ),
        )

    done = await carried_out(request, lambda: _shared("deleteAttrs", "DELETE", urn, name), local)
    if done is None:
        await local(EVERYTHING)
    return done or responses.no_content()


def _shared(operation: str, method: str, urn: str, name: str, body: Any = None) -> Write:
    return Write(operation, method, urn, only([name]), "attribute", f"{path(urn)}/attrs", body, attribute=name)


ROUTES = (partial_update, replace_attribute, delete_attribute)
