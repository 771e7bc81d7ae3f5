"""Many entities in one request: create, upsert, update, merge, delete, each with its own result (5.6.7-5.6.10, 5.6.20)."""

from collections.abc import Callable, Sequence
from typing import Any

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
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


@route("POST", "/entityOperations/create", creates_tenant=True)
async def batch_create(request: Request) -> Response:
    """5.6.7."""
    results, errors = await _run(request, lambda item, context: create(reading.read_entity(item, context, moment())))
    return _answer(results, errors, created=True)


@route("POST", "/entityOperations/upsert", creates_tenant=True)
async def batch_upsert(request: Request) -> Response:
    """5.6.8: replaces what is there, or with `options=update` updates it."""
    update = "update" in request.options()

    def make(item: Any, context: Context) -> Operation:
        entity = reading.read_entity(item, context, moment())
        fragment = reading.read_fragment(item, context, moment()) if update else None

        def change(current: StoredEntity | None, now: str) -> Outcome:
            if current is None:
                return merging.created(entity)
            if fragment is not None:
                return merging.append(current, fragment, now)
            return merging.replace(current, entity, now)

        return Operation(entity.urn, change)

    results, errors = await _run(request, make)
    return _answer(results, errors, created=True)


@route("POST", "/entityOperations/update")
async def batch_update(request: Request) -> Response:
    """5.6.9: `options=noOverwrite` leaves attributes that are there."""
    overwrite = "noOverwrite" not in request.options()

    def make(item: Any, context: Context) -> Operation:
        fragment = reading.read_fragment(item, context, moment(), rules=UPDATE)
        urn = _urn(item, fragment.urn)
        return Operation(
            urn, lambda current, now: merging.append(found(current, urn), fragment, now, overwrite=overwrite)
        )

    results, errors = await _run(request, make)
    return _answer(results, errors)


@route("POST", "/entityOperations/merge")
async def batch_merge(request: Request) -> Response:
    """5.6.20."""
    lang, observed_at = request.query.get("lang"), request.query.get("observedAt")

    def make(item: Any, context: Context) -> Operation:
        fragment = reading.read_fragment(item, context, moment(), rules=MERGE)
        urn = _urn(item, fragment.urn)
        return Operation(
            urn,
            lambda current, now: merging.merge_patch(
                found(current, urn), fragment, now, observed_at=observed_at, lang=lang
            ),
        )

    results, errors = await _run(request, make)
    return _answer(results, errors)


@route("POST", "/entityOperations/delete")
async def batch_delete(request: Request) -> Response:
    """5.6.10: the body is a list of ids."""
    results, errors = await _run(request, lambda item, _context: delete(require_uri(item, "id")))
    return _answer(results, errors)


async def _run(request: Request, make: Make) -> tuple[list[Result], list[Error]]:
    """Read each item for itself, then write all that could be read; raises Problem where the body is no such list."""
    items = request.array()
    if not items:
        raise problems.bad_request(_("The list is empty."))
    if len(items) > MAX_BATCH:
        raise problems.problem("TooManyResults", _("A batch holds at most {most} entities.", most=MAX_BATCH))
    if any(item is None for item in items):
        raise problems.bad_request(_("The list must not hold null."))
    context = None if request.is_ld else await request.context()
    operations, errors = [], []
    for item in items:
        try:
            own = context or await request.context_of(item if isinstance(item, dict) else {})
            if context is not None and isinstance(item, dict) and "@context" in item:
                await request.context_of(item)
            operations.append(make(item, own))
        except Problem as problem:
            errors.append(error(_id_of(item), problem))
    return await request.services.writer.submit(request.principal, request.tenant, operations), errors


def _answer(results: Sequence[Result], errors: list[Error], *, created: bool = False) -> Response:
    """201 with the ids of what was created, 204, or 207 with a BatchOperationResult (5.2.16)."""
    failed = [*errors, *(error(r.urn, r.problem) for r in results if r.problem is not None), *_refused(results)]
    if failed:
        bad = {one["entityId"] for one in failed}
        done = dict.fromkeys(r.urn for r in results if r.problem is None and r.urn not in bad)
        return responses.json({"success": list(done), "errors": failed}, 207)
    new = list(dict.fromkeys(r.urn for r in results if r.created)) if created else []
    return responses.json(new, 201) if new else responses.no_content()


def _refused(results: Sequence[Result]) -> list[Error]:
    """What was done only in part: attributes that were left as they are."""
    refused = []
    for result in results:
        outcome = result.outcome
        if outcome is not None and outcome.not_updated:
            names = ", ".join(name for name, _reason in outcome.not_updated)
            detail = _("These attributes were not changed: {names}.", names=names)
            refused.append(error(result.urn, problems.bad_request(detail)))
    return refused


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
