"""Many entities in one request: create, upsert, update, merge, delete, each with its own result (5.6.7-5.6.10, 5.6.20)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import batching, gate, outcomes
from onecity.kernel.twin.ngsild.federation.distributing.batching import (
    APPEND,
    CREATE,
    DELETE,
    REPLACE,
    Batch,
    Item,
)
from onecity.kernel.twin.ngsild.federation.distributing.batching import MERGE as MERGE_STEP
from onecity.kernel.twin.ngsild.federation.distributing.batching import UPDATE as UPDATE_STEP
from onecity.kernel.twin.ngsild.federation.distributing.outcomes import Part
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.entities import create, delete, found, moment
from onecity.kernel.twin.ngsild.http.limits import MAX_BATCH
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import merging, problems, reading
from onecity.kernel.twin.ngsild.model.names import is_uri, require_uri
from onecity.kernel.twin.ngsild.model.rules import MERGE, UPDATE
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store.operation import Operation, Result

Error = dict[str, Any]
# what one item of the body asks for
Make = Callable[[Any, Context], Operation]
UNKNOWN_ID = "urn:ngsi-ld:null"
ADDRESS = "/entityOperations"


@route("POST", "/entityOperations/create", creates_tenant=True)
async def batch_create(request: Request) -> Response:
    """5.6.7."""
    batch, at = Batch("createBatch", f"{ADDRESS}/create", (CREATE,), creating=True), moment()
    return await _run(request, lambda item, context: create(reading.read_entity(item, context, at)), batch)


@route("POST", "/entityOperations/upsert", creates_tenant=True)
async def batch_upsert(request: Request) -> Response:
    """5.6.8: replaces what is there, or with `options=update` updates it."""
    update, at = "update" in request.options(), moment()

    def make(item: Any, context: Context) -> Operation:
        entity = reading.read_entity(item, context, at)
        fragment = reading.read_fragment(item, context, at) if update else None

        def change(current: StoredEntity | None, now: str) -> Outcome:
            if current is None:
                return merging.created(entity)
            if fragment is not None:
                return merging.append(current, fragment, now)
            return merging.replace(current, entity, now)

        return Operation(entity.urn, change)

    again = UPDATE_STEP if update else REPLACE
    return await _run(
        request,
        make,
        Batch("upsertBatch", f"{ADDRESS}/upsert", (CREATE, again), again, creating=True, query=_passed(request)),
    )


@route("POST", "/entityOperations/update")
async def batch_update(request: Request) -> Response:
    """5.6.9: `options=noOverwrite` leaves attributes that are there."""
    overwrite, at = "noOverwrite" not in request.options(), moment()

    def make(item: Any, context: Context) -> Operation:
        fragment = reading.read_fragment(item, context, at, rules=UPDATE)
        urn = _urn(item, fragment.urn)
        return Operation(
            urn, lambda current, now: merging.append(found(current, urn), fragment, now, overwrite=overwrite)
        )

    step = UPDATE_STEP if overwrite else APPEND
    return await _run(request, make, Batch("updateBatch", f"{ADDRESS}/update", (step,), query=_passed(request)))


@route("POST", "/entityOperations/merge")
async def batch_merge(request: Request) -> Response:
    """5.6.20."""
    lang, observed_at, at = request.query.get("lang"), request.query.get("observedAt"), moment()

    def make(item: Any, context: Context) -> Operation:
        fragment = reading.read_fragment(item, context, at, rules=MERGE)
        urn = _urn(item, fragment.urn)
        return Operation(
            urn,
            lambda current, now: merging.merge_patch(
                found(current, urn), fragment, now, observed_at=observed_at, lang=lang
            ),
        )

    return await _run(request, make, Batch("mergeBatch", f"{ADDRESS}/merge", (MERGE_STEP,), query=_passed(request)))


@route("POST", "/entityOperations/delete")
async def batch_delete(request: Request) -> Response:
    """5.6.10: the body is a list of ids."""
    batch = Batch("deleteBatch", f"{ADDRESS}/delete", (DELETE,))
    return await _run(request, lambda item, _context: delete(require_uri(item, "id")), batch)


def _passed(request: Request) -> dict[str, str]:
    """The parameters that a source is given with a batch."""
    return {name: request.query[name] for name in ("options", "lang", "observedAt") if name in request.query}


async def _run(request: Request, make: Make, batch: Batch) -> Response:
    """Read each item for itself, tell others what is theirs, and write what could be read and is ours.

    Raises Problem where the body is no such list.
    """
    federation = await gate.federation(request, "write")
    operations, errors, items = await _read(request, make, divided=federation is not None)
    shared = None if federation is None else await batching.shared(federation, request, batch, items)
    told: dict[str, list[Part]] = {}
    if shared is not None:
        operations = [
            operation if names.is_everything else make(batching.own_body(item, names), item.context)
            for item, operation, names in zip(items, operations, shared.local, strict=True)
            if names is not None
        ]
        told = await shared.carry_out()
    results = await request.services.writer.submit(request.principal, request.tenant, operations)
    return _answer(batching.settled(results, told, creating=batch.creating), errors, told, created=batch.creating)


async def _read(request: Request, make: Make, *, divided: bool) -> tuple[list[Operation], list[Error], list[Item]]:
    """What each item asks for, what is wrong with those that cannot be read, and, `divided`, the items to be divided."""
    items = request.array()
    if not items:
        raise problems.bad_request(_("The list is empty."))
    if len(items) > MAX_BATCH:
        raise problems.problem("TooManyResults", _("A batch holds at most {most} entities.", most=MAX_BATCH))
    if any(item is None for item in items):
        raise problems.bad_request(_("The list must not hold null."))
    context = None if request.is_ld else await request.context()
    operations: list[Operation] = []
    errors: list[Error] = []
    whole: list[Item] = []
    for item in items:
        try:
            own = context or await request.context_of(item if isinstance(item, dict) else {})
            if context is not None and isinstance(item, dict) and "@context" in item:
                await request.context_of(item)
            operation = make(item, own)
            operations.append(operation)
            if divided:
                whole.append(batching.item_of(item, operation.urn, own))
        except Problem as problem:
            errors.append(error(_id_of(item), problem))
    return operations, errors, whole


def _answer(
    results: Sequence[Result], errors: list[Error], told: Mapping[str, list[Part]], *, created: bool
) -> Response:
    """201 with the ids of what was created, 204, or 207 with a BatchOperationResult (5.2.16)."""
    failed = [*errors, *(error(r.urn, r.problem) for r in results if r.problem is not None), *_refused(results)]
    elsewhere_failed = [one for urn, parts in told.items() for one in outcomes.errors(urn, parts)]
    failed += elsewhere_failed
    if failed:
        # an id that came twice may be among both (5.5.11): each item has its own result
        bad = {one["entityId"] for one in elsewhere_failed}
        done = dict.fromkeys([*(r.urn for r in results if r.problem is None and not _partly(r)), *told])
        return responses.json({"success": [urn for urn in done if urn not in bad], "errors": failed}, 207)
    elsewhere = [urn for urn, parts in told.items() if any(part.created for part in parts)]
    new = list(dict.fromkeys([*(r.urn for r in results if r.created), *elsewhere])) if created else []
    return responses.json(new, 201) if new else responses.no_content()


def _refused(results: Sequence[Result]) -> list[Error]:
    """What was done only in part: attributes that were left as they are."""
    refused = []
    for result in results:
        outcome = result.outcome
        if outcome is not None and _partly(result):
            names = ", ".join(name for name, _reason in outcome.not_updated)
            detail = _("These attributes were not changed: {names}.", names=names)
            refused.append(error(result.urn, problems.bad_request(detail)))
    return refused


def _partly(result: Result) -> bool:
    return result.outcome is not None and bool(result.outcome.not_updated)


def error(urn: str, problem: Problem) -> Error:
    """A BatchEntityError (5.2.17)."""
    return {"entityId": urn, "error": problem.to_dict()}


def _id_of(item: Any) -> str:
    given = (item.get("id") or item.get("@id")) if isinstance(item, dict) else item
    return given if isinstance(given, str) and is_uri(given) else UNKNOWN_ID


def _urn(item: Any, urn: str | None) -> str:
    if urn is None:
        return reading.read_id(item if isinstance(item, dict) else {})
    return urn


ROUTES = (batch_create, batch_upsert, batch_update, batch_merge, batch_delete)
