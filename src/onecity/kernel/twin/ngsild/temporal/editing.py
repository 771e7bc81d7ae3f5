"""Histories written by clients: added to, corrected, taken back (5.6.11-5.6.16; 6.18.3.1, 6.19.3.2, 6.20, 6.21, 6.22)."""

from collections.abc import Sequence
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, Names, only
from onecity.kernel.twin.ngsild.federation.distributing.past_writing import HISTORIES, Past, carried_out
from onecity.kernel.twin.ngsild.federation.distributing.past_writing import path as past
from onecity.kernel.twin.ngsild.federation.distributing.writing import Write, reduced
from onecity.kernel.twin.ngsild.http.entities import moment, urn_of
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import problems, reading
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.stored import Attributes, Fragment, Instance, StoredEntity
from onecity.kernel.twin.ngsild.store import problems as refusals
from onecity.kernel.twin.ngsild.store import rows
from onecity.kernel.twin.ngsild.store.names import LOCATION
from onecity.kernel.twin.ngsild.temporal import history, taking
from onecity.kernel.twin.ngsild.temporal.evolution import EVERY_DATASET, SCOPE, Evolution
from onecity.kernel.twin.ngsild.temporal.presenting import DEFAULT, READING_ID
from onecity.kernel.twin.ngsild.temporal.span import Span
from onecity.kernel.twin.ngsild.temporal.writing import History, Place, writing

LONGEST: Final = 1024


@route("POST", "/temporal/entities", creates_tenant=True)
async def write_evolution(request: Request) -> Response:
    """5.6.11: creates a history or adds to it."""
    context, now = await request.context(), moment()
    body = request.object()
    urn = reading.read_id(body)
    fragment = taking.read(body, context, now)

    async def local(names: Names) -> bool:
        given = _reduced(fragment, names)
        async with writing(request.services.database, request.principal, request.tenant, urn, now) as target:
            place = await target.place()
            known = place is not None
            if place is None:
                if not given.types:
                    reading.read_types(None, context)
                if await target.taken():
                    raise refusals.forbidden()
                place = await _new_place(request, urn, given.types, given.attributes)
            await target.add(place, given.types or place.types, given.attributes)
        return not known

    write = Write(
        "upsertTemporal", "POST", urn, _names(fragment), "entity", HISTORIES, body, fragment.types, creating=True
    )
    return await carried_out(request, Past(write), local)


async def _new_place(request: Request, urn: str, types: Sequence[str], attributes: Attributes) -> Place:
    """A new history belongs where its last location lies, else where its writer's entities do."""
    if any(len(name.encode()) > LONGEST for name in (urn, *types)):
        raise refusals.long_name(LONGEST)
    places = attributes.get(LOCATION, [])[-1:]
    point = rows.location(StoredEntity(urn, tuple(types), attributes={LOCATION: places})) if places else None
    (found,) = await request.services.locate([point])
    own = request.principal.division
    return Place(found or own or min(request.principal.written, default=""), public=False, types=tuple(types))


@route("DELETE", "/temporal/entities/{entityId}")
async def delete_evolution(request: Request) -> Response:
    """5.6.16."""
    urn = urn_of(request)

    async def local(_names: Names) -> bool:
        async with writing(request.services.database, request.principal, request.tenant, urn, moment()) as target:
            place, evolution = await _known(target)
            if not (evolution.attributes or evolution.scopes or evolution.series):
                raise problems.entity_not_found(urn)
            await target.forget(place)
        return False

    write = Write("deleteTemporal", "DELETE", urn, EVERYTHING, "entity", past(urn))
    return await carried_out(request, Past(write), local)


@route("POST", "/temporal/entities/{entityId}/attrs")
async def add_attributes(request: Request) -> Response:
    """5.6.12."""
    urn, context, now = urn_of(request), await request.context(), moment()
    body = request.object()
    fragment = taking.read(body, context, now)

    async def local(names: Names) -> bool:
        given = _reduced(fragment, names)
        async with writing(request.services.database, request.principal, request.tenant, urn, now) as target:
            place = await target.place()
            if place is None:
                raise problems.entity_not_found(urn)
            await target.add(place, given.types or place.types, given.attributes)
        return False

    write = Write("appendAttrsTemporal", "POST", urn, _names(fragment), "attributes", f"{past(urn)}/attrs", body)
    return await carried_out(request, Past(write), local)


@route("DELETE", "/temporal/entities/{entityId}/attrs/{attrId}")
async def delete_attribute(request: Request) -> Response:
    """5.6.13; `datasetId` names a data set, `deleteAll` all of them."""
    urn, context = urn_of(request), await request.context()
    name = _name(request, context)
    given, every = request.query.get("datasetId"), request.flag("deleteAll")
    if given is not None and given != DEFAULT:
        require_uri(given, "datasetId")
    dataset = EVERY_DATASET if every else "" if given in {None, DEFAULT} else str(given)

    async def local(_names: Names) -> bool:
        async with writing(request.services.database, request.principal, request.tenant, urn, moment()) as target:
            place, evolution = await _known(target)
            _require(evolution, name, dataset)
            await target.erase(place, name, dataset)
        return False

    return await carried_out(request, Past(_of_attribute("deleteAttrsTemporal", "DELETE", urn, name)), local)


@route("PATCH", "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}")
async def modify_instance(request: Request) -> Response:
    """5.6.14: another instance in place of one; when it was made stays."""
    urn, context, now = urn_of(request), await request.context(), moment()
    name = _name(request, context)
    body = request.object()
    new = taking.read_one(body, request.params["attrId"], context, now)

    async def local(_names: Names) -> bool:
        async with writing(request.services.database, request.principal, request.tenant, urn, now) as target:
            place, evolution = await _known(target)
            old = _instance(request, evolution, name)
            kept = {"instanceId": old["instanceId"], "createdAt": old.get("createdAt", now)}
            await target.correct(place, name, new | kept)
        return False

    write = _of_attribute("updateAttrInstanceTemporal", "PATCH", urn, name, body)
    return await carried_out(request, Past(write, require_uri(request.params["instanceId"], "instanceId")), local)


@route("DELETE", "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}")
async def delete_instance(request: Request) -> Response:
    """5.6.15."""
    urn, context = urn_of(request), await request.context()
    name = _name(request, context)

    async def local(_names: Names) -> bool:
        async with writing(request.services.database, request.principal, request.tenant, urn, moment()) as target:
            place, evolution = await _known(target)
            await target.take_back(place, name, _instance(request, evolution, name))
        return False

    write = _of_attribute("deleteAttrInstanceTemporal", "DELETE", urn, name)
    return await carried_out(request, Past(write, require_uri(request.params["instanceId"], "instanceId")), local)


def _of_attribute(operation: str, method: str, urn: str, name: str, body: Any = None) -> Write:
    return Write(operation, method, urn, only([name]), "attribute", f"{past(urn)}/attrs", body, attribute=name)


def _names(fragment: Fragment) -> Names:
    """The attributes that are shared out; the scope is everybody's."""
    return only(name for name in fragment.attributes if name != SCOPE)


def _reduced(fragment: Fragment, names: Names) -> Fragment:
    return reduced(fragment, names | only([SCOPE]))


def _name(request: Request, context: Context) -> str:
    given = request.params["attrId"]
    return SCOPE if given == SCOPE else context.name(given)


async def _known(target: History) -> tuple[Place, Evolution]:
    """Where the history belongs, and all of it; raises Problem 404."""
    place = await target.place()
    if place is None:
        raise problems.entity_not_found(target.urn)
    found = await history.evolutions(target.ask, target.tenant, [target.urn], Span())
    return place, found[target.urn]


def _all(evolution: Evolution, name: str) -> list[Instance]:
    return evolution.scopes if name == SCOPE else evolution.attributes.get(name, [])


def _require(evolution: Evolution, name: str, dataset: str) -> None:
    instances = _all(evolution, name)
    measured = name in evolution.series and dataset in {"", EVERY_DATASET}
    if not measured and not any(dataset in {EVERY_DATASET, one.get("datasetId", "")} for one in instances):
        raise problems.attribute_not_found(evolution.urn, name, dataset if dataset not in {"", EVERY_DATASET} else None)


def _instance(request: Request, evolution: Evolution, name: str) -> Instance:
    """The instance that the address names; raises Problem 404, 422 for a reading, which is corrected where it came from."""
    wanted = require_uri(request.params["instanceId"], "instanceId")
    instances = _all(evolution, name)
    if not instances and name not in evolution.series:
        raise problems.attribute_not_found(evolution.urn, name)
    if wanted.startswith(READING_ID) and name in evolution.series:
        raise problems.problem(
            "OperationNotSupported",
            _("Readings of a measured attribute are kept as they came; the whole attribute can be taken back."),
        )
    found = next((one for one in instances if one["instanceId"] == wanted), None)
    if found is None:
        raise problems.problem("ResourceNotFound", _("{name} has no instance {instance}.", name=name, instance=wanted))
    return found


EDITING = (
    write_evolution,
    delete_evolution,
    add_attributes,
    delete_attribute,
    modify_instance,
    delete_instance,
)
