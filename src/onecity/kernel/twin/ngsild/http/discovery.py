"""Which types and attributes there are (5.7.5-5.7.10; 6.25-6.28)."""

from collections.abc import Sequence
from typing import Any

from onecity.kernel.core.ids import new_id
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context, iri_of
from onecity.kernel.twin.ngsild.federation.distributing.discovering import counted
from onecity.kernel.twin.ngsild.http.answering import represented
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Header, Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store import census
from onecity.kernel.twin.ngsild.store.census import ENTITY, Count


async def _counts(
    request: Request, resource: str, *, details: bool = False, name: str = ""
) -> tuple[list[Count], list[Header]]:
    """What is counted here and at sources that are registered, with the headers that go with the answer."""
    own = await census.counts(request.services.database, request.principal, request.tenant)
    return await counted(request, own, resource, details=details, name=name)


@route("GET", "/types")
async def list_types(request: Request) -> Response:
    """5.7.5, with `details=true` 5.7.6."""
    context, details = await request.context(), request.flag("details")
    counts, headers = await _counts(request, "types", details=details)
    names = list(census.types(counts))
    if not details:
        body = _list("EntityTypeList", "typeList", [context.compact(name) for name in names])
        return _with(represented(body, request, context), headers)
    bodies = [
        {
            "id": iri_of(name),
            "type": "EntityType",
            "typeName": context.compact(name),
            "attributeNames": [context.compact(attribute) for attribute in _attributes(counts, name)],
        }
        for name in names
    ]
    return _with(represented(bodies, request, context), headers)


@route("GET", "/types/{type}")
async def type_information(request: Request) -> Response:
    """5.7.7."""
    context = await request.context()
    name = context.name(request.params["type"])
    counts, headers = await _counts(request, "types", name=name)
    number = census.types(counts).get(name)
    if number is None:
        missing = problems.problem("ResourceNotFound", _("There is no entity of the type {name}.", name=name))
        missing.headers.extend(headers)
        raise missing
    own = [one for one in counts if one.type == name]
    body = {
        "id": iri_of(name),
        "type": "EntityTypeInfo",
        "typeName": context.compact(name),
        "entityCount": number,
        "attributeDetails": [
            _attribute(attribute, context) | {"attributeTypes": _kinds(own, attribute)}
            for attribute in _attributes(own, name)
        ],
    }
    return _with(represented(body, request, context), headers)


@route("GET", "/attributes")
async def list_attributes(request: Request) -> Response:
    """5.7.8, with `details=true` 5.7.9."""
    context, details = await request.context(), request.flag("details")
    counts, headers = await _counts(request, "attributes", details=details)
    names = sorted({one.attribute for one in counts if one.attribute != ENTITY})
    if not details:
        body = _list("AttributeList", "attributeList", [context.compact(name) for name in names])
        return _with(represented(body, request, context), headers)
    bodies = [_attribute(name, context) | {"typeNames": _types(counts, name, context)} for name in names]
    return _with(represented(bodies, request, context), headers)


@route("GET", "/attributes/{attrId}")
async def attribute_information(request: Request) -> Response:
    """5.7.10."""
    context = await request.context()
    name = context.name(request.params["attrId"])
    counts, headers = await _counts(request, "attributes", name=name)
    own = [one for one in counts if one.attribute == name]
    if not own:
        missing = problems.problem("ResourceNotFound", _("No entity has the attribute {name}.", name=name))
        missing.headers.extend(headers)
        raise missing
    body = _attribute(name, context) | {
        "attributeCount": sum(one.entities for one in own),
        "attributeTypes": _kinds(own, name),
        "typeNames": _types(own, name, context),
    }
    return _with(represented(body, request, context), headers)


def _with(response: Response, headers: Sequence[Header]) -> Response:
    response.headers += headers
    return response


def _list(kind: str, member: str, names: Sequence[str]) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:{kind}:{new_id()}", "type": kind, member: names}


def _attribute(name: str, context: Context) -> dict[str, Any]:
    return {"id": iri_of(name), "type": "Attribute", "attributeName": context.compact(name)}


def _attributes(counts: Sequence[Count], type_name: str) -> list[str]:
    return list(dict.fromkeys(one.attribute for one in counts if one.type == type_name and one.attribute != ENTITY))


def _kinds(counts: Sequence[Count], attribute: str) -> list[str]:
    return sorted({one.kind for one in counts if one.attribute == attribute and one.kind})


def _types(counts: Sequence[Count], attribute: str, context: Context) -> list[str]:
    return list(dict.fromkeys(context.compact(one.type) for one in counts if one.attribute == attribute and one.type))


ROUTES = (list_types, type_information, list_attributes, attribute_information)
