"""Entities one at a time: create, replace, merge, delete, and their attributes (5.6.1-5.6.6, 5.6.17-5.6.19; 6.4-6.7)."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import iri_of
from onecity.kernel.twin.ngsild.federation.distributing.answers import reduced as part
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, Names, only
from onecity.kernel.twin.ngsild.federation.distributing.retrieving import path
from onecity.kernel.twin.ngsild.federation.distributing.writing import Write, carried_out, reduced
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import PREFIX, route
from onecity.kernel.twin.ngsild.model import merging, problems, reading
from onecity.kernel.twin.ngsild.model.names import moment as moment_of
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.rules import MERGE, UPDATE, WHOLE
from onecity.kernel.twin.ngsild.model.stored import Fragment, Outcome, StoredEntity
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.query.matching import type_test
from onecity.kernel.twin.ngsild.query.parsing import parse_types
from onecity.kernel.twin.ngsild.store.operation import Change, Operation, Result
from onecity.kernel.twin.ngsild.store.times import text_of

TypeTest = Callable[[StoredEntity], bool]


def address(urn: str) -> str:
    """The address of an entity, for Location (6.4.3.1)."""
    return f"{PREFIX}/entities/{quote(urn, safe=':')}"


def urn_of(request: Request) -> str:
    """The entity that the address names; raises Problem 400 where that is no URI."""
    return require_uri(request.params["entityId"], "entityId")


def moment() -> str:
    """Now, as text."""
    return text_of(now_us())


async def write(request: Request, urn: str, change: Change) -> Result:
    """Carry out one change on the caller's behalf; raises its problem."""
    return await request.services.writer.one(request.principal, request.tenant, Operation(urn, change))


def found(entity: StoredEntity | None, urn: str) -> StoredEntity:
    """The entity; raises Problem 404 where there is none."""
    if entity is None:
        raise problems.entity_not_found(urn)
    return entity


def create(entity: StoredEntity) -> Operation:
    """The operation that creates the entity, or fails with 409 where it is there."""

    def change(current: StoredEntity | None, _now: str) -> Outcome:
        if current is not None:
            raise problems.already_exists(entity.urn)
        return merging.created(entity)

    return Operation(entity.urn, change)


def delete(urn: str) -> Operation:
    """The operation that deletes the entity, or fails with 404 where there is none."""

    def change(current: StoredEntity | None, _now: str) -> None:
        found(current, urn)

    return Operation(urn, change)


@route("POST", "/entities", creates_tenant=True)
async def create_entity(request: Request) -> Response:
    """5.6.1."""
    context = await request.context()
    entity = reading.read_entity(request.object(), context, moment())

    async def local(names: Names) -> Result:
        return await request.services.writer.one(request.principal, request.tenant, create(part(entity, names)))

    def shared() -> Write:
        names = only(entity.attributes)
        return Write(
            "createEntity",
            "POST",
            entity.urn,
            names,
            "entity",
            "/entities",
            request.object(),
            entity.types,
            creating=True,
        )

    done = await carried_out(request, shared, local)
    if done is not None:
        return done
    await local(EVERYTHING)
    return responses.created(address(entity.urn))


@route("PUT", "/entities/{entityId}")
async def replace_entity(request: Request) -> Response:
    """5.6.18: everything but id and type is new."""
    urn, context = urn_of(request), await request.context()
    body = request.object()
    if body.get("id", body.get("@id", urn)) != urn:
        raise problems.bad_request(_("The id of the body is not that of the address."))
    entity = reading.read_entity({**body, "id": urn}, context, moment())

    async def local(names: Names) -> Result:
        own = part(entity, names)
        return await write(request, urn, lambda current, now: merging.replace(found(current, urn), own, now))

    def shared() -> Write:
        return Write("replaceEntity", "PUT", urn, only(entity.attributes), "entity", path(urn), body, entity.types)

    done = await carried_out(request, shared, local)
    if done is None:
        await local(EVERYTHING)
    return done or responses.no_content()


@route("PATCH", "/entities/{entityId}")
async def merge_entity(request: Request) -> Response:
    """5.6.17."""
    urn, context = urn_of(request), await request.context()
    fragment = reading.read_fragment(request.object(), context, moment(), rules=MERGE)
    lang, observed_at = request.query.get("lang"), request.query.get("observedAt")
    if observed_at is not None:
        observed_at = moment_of(observed_at, "observedAt")

    async def local(names: Names) -> Result:
        own = reduced(fragment, names)

        def change(current: StoredEntity | None, now: str) -> Outcome:
            return merging.merge_patch(found(current, urn), own, now, observed_at=observed_at, lang=lang)

        return await write(request, urn, change)

    def shared() -> Write:
        names = only(fragment.attributes)
        return Write("mergeEntity", "PATCH", urn, names, "entity", path(urn), request.object(), fragment.types)

    done = await carried_out(request, shared, local)
    if done is None:
        await local(EVERYTHING)
    return done or responses.no_content()


@route("DELETE", "/entities/{entityId}")
async def delete_entity(request: Request) -> Response:
    """5.6.6; `type` restricts it to entities of that selection."""
    urn = urn_of(request)
    selected, wanted = await _types(request)

    def change(current: StoredEntity | None, _now: str) -> None:
        if not wanted(found(current, urn)):
            raise problems.entity_not_found(urn)

    async def local(_names: Names) -> Result:
        return await write(request, urn, change)

    def shared() -> Write:
        return Write("deleteEntity", "DELETE", urn, EVERYTHING, "entity", path(urn), selected=selected)

    done = await carried_out(request, shared, local)
    if done is None:
        await local(EVERYTHING)
    return done or responses.no_content()


@route("POST", "/entities/{entityId}/attrs")
async def append_attributes(request: Request) -> Response:
    """5.6.3; `options=noOverwrite` leaves what is there."""
    urn, context = urn_of(request), await request.context()
    overwrite = "noOverwrite" not in request.options()
    fragment = reading.read_fragment(request.object(), context, moment(), rules=WHOLE)
    selected, wanted = await _types(request)

    async def local(names: Names) -> Result:
        own = reduced(fragment, names)

        def change(current: StoredEntity | None, now: str) -> Outcome:
            if not wanted(found(current, urn)):
                raise problems.entity_not_found(urn)
            return merging.append(found(current, urn), own, now, overwrite=overwrite)

        return await write(request, urn, change)

    def shared() -> Write:
        return _attributes_write("appendAttrs", "POST", urn, fragment, request.object(), selected)

    done = await carried_out(request, shared, local)
    return done or _updated(await local(EVERYTHING), tuple(fragment.attributes))


@route("PATCH", "/entities/{entityId}/attrs")
async def update_attributes(request: Request) -> Response:
    """5.6.2."""
    urn, context = urn_of(request), await request.context()
    fragment = reading.read_fragment(request.object(), context, moment(), rules=UPDATE)
    selected, wanted = await _types(request)

    async def local(names: Names) -> Result:
        own = reduced(fragment, names)

        def change(current: StoredEntity | None, now: str) -> Outcome:
            if not wanted(found(current, urn)):
                raise problems.entity_not_found(urn)
            return merging.update(found(current, urn), own, now)

        return await write(request, urn, change)

    def shared() -> Write:
        return _attributes_write("updateEntity", "PATCH", urn, fragment, request.object(), selected)

    done = await carried_out(request, shared, local)
    return done or _updated(await local(EVERYTHING), tuple(fragment.attributes))


def _attributes_write(
    operation: str, method: str, urn: str, fragment: Fragment, body: dict[str, Any], selected: TypeExpr | None
) -> Write:
    names, below = only(fragment.attributes), f"{path(urn)}/attrs"
    return Write(operation, method, urn, names, "attributes", below, body, fragment.types, selected=selected)


async def _types(request: Request) -> tuple[TypeExpr | None, TypeTest]:
    text = request.query.get("type")
    expression = parse_types(text, await request.context()) if text else None
    if expression is None:
        return None, _any_type
    test = type_test(expression)
    return expression, lambda entity: test(entity.types)


def _any_type(_entity: StoredEntity) -> bool:
    return True


def _updated(result: Result, names: Sequence[str]) -> Response:
    """204, or 207 with an UpdateResult where some attributes were refused (5.2.18)."""
    outcome = result.outcome
    if outcome is None or not outcome.not_updated:
        return responses.no_content()
    refused = [{"attributeName": iri_of(name), "reason": str(reason)} for name, reason in outcome.not_updated]
    named = {name for name, _reason in outcome.not_updated}
    updated = [iri_of(name) for name in names if name not in named]
    return responses.json({"updated": updated, "notUpdated": refused}, 207)


ROUTES = (
    create_entity,
    replace_entity,
    merge_entity,
    delete_entity,
    append_attributes,
    update_attributes,
)
