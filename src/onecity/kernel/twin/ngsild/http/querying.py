"""Retrieving and querying entities, and purging them (5.7.1, 5.7.2, 5.6.21; 6.4.3.2, 6.4.3.3, 6.5.3.1, 6.23)."""

from typing import Any
from urllib.parse import urlencode

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.routes import base_of
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import gate, purging, serving
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.warning import headers as warning_headers
from onecity.kernel.twin.ngsild.federation.distributing.warning import warned
from onecity.kernel.twin.ngsild.http import query_body, rendering, selecting, shaping
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.answering import represented_entities
from onecity.kernel.twin.ngsild.http.entities import urn_of
from onecity.kernel.twin.ngsild.http.joining import joined
from onecity.kernel.twin.ngsild.http.links import page_header
from onecity.kernel.twin.ngsild.http.negotiation import GEO_ANSWERS, LD_JSON
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.http.selecting import Question
from onecity.kernel.twin.ngsild.model import merging, problems
from onecity.kernel.twin.ngsild.model.representing import collection
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.query.language import link_depth
from onecity.kernel.twin.ngsild.query.matching import type_test
from onecity.kernel.twin.ngsild.query.parsing import parse_names, parse_types
from onecity.kernel.twin.ngsild.store.operation import Change, Operation
from onecity.kernel.twin.ngsild.store.reading import is_plain

COUNT = "NGSILD-Results-Count"
# what a source must offer to be asked, for a query by address and for one by body (4.20)
QUERY = frozenset({"queryEntity"})
BATCH_QUERY = frozenset({"queryEntity", "queryBatch"})
MOST_PURGED = 1000
TEMPORAL_MEMBERS = frozenset({"temporalQ", "aggrParams"})


@route("GET", "/entities/{entityId}", answers=GEO_ANSWERS)
async def retrieve_entity(request: Request) -> Response:
    """5.7.1."""
    urn, context = urn_of(request), await request.context()
    federation = await gate.federation(request, "read")
    if federation is not None and not federation.about(urn, ()):
        federation = None
    if federation is None and not request.query_string and rendering.is_usual(request):
        record = await request.services.reader.record(request.principal, request.tenant, urn)
        body = None if record is None else rendering.text(record, request.tenant, context)
        if body is None:
            raise problems.entity_not_found(urn)
        return rendering.one(body, context)
    parameters = request.query
    shape = shaping.shape(request, parameters, context)
    join = shaping.join(parameters, context, 0)
    wanted = parameters.get("type")
    expression = parse_types(wanted, context) if wanted else None
    told = await serving.entity(request, federation, urn, expression, shape.attrs)
    entity = told.entity
    if entity is None or (expression is not None and not type_test(expression)(entity.types)):
        raise warned(problems.entity_not_found(urn), told.warnings)
    if shape.attrs is not None and not any(name in entity.attributes for name in shape.attrs):
        lacking = problems.problem("ResourceNotFound", _("The entity {urn} has none of these attributes.", urn=urn))
        raise warned(lacking, told.warnings)
    further: list[str] = []
    bodies = await joined(request, [entity], shape, context, join, further)
    response = represented_entities(bodies if join.how == "flat" else bodies[0], request, context)
    response.headers += [*told.headers, *warning_headers(further)]
    return response


@route("GET", "/entities", answers=GEO_ANSWERS)
async def query_entities(request: Request) -> Response:
    """5.7.2 by address."""
    context = await request.context()
    federation = await gate.federation(request, "read")
    if rendering.is_usual(request):
        question = selecting.question(request, request.query, context)
        federation = serving.concerned(federation, question)
        if federation is None and is_plain(question.selections[0]) and question.limit:
            records, more = await request.services.reader.page_of_types(
                request.principal, request.tenant, question.selections[0], question.limit, question.offset
            )
            response = rendering.many(records, request.tenant, context)
            response.headers += _pages(request, question, more=more)
            return response
    return await _query(request, request.query, context, federation, QUERY)


@route("POST", "/entityOperations/query", right="read", answers=GEO_ANSWERS)
async def post_query(request: Request) -> Response:
    """5.7.2 by body (5.2.23)."""
    context = await request.context()
    body = request.object()
    if not TEMPORAL_MEMBERS.isdisjoint(body):
        raise problems.bad_request(_("temporalQ and aggrParams belong to queries of histories."), "temporalQ")
    federation = await gate.federation(request, "read")
    return await _query(request, query_body.parameters(body, context), context, federation, BATCH_QUERY)


async def _query(
    request: Request,
    parameters: dict[str, Any],
    context: Context,
    federation: Federation | None,
    operations: frozenset[str],
) -> Response:
    shape = shaping.shape(request, parameters, context)
    question = selecting.question(request, parameters, context)
    federation = serving.concerned(federation, question)
    depths = [link_depth(selection.q) for selection in question.selections if selection.q is not None]
    join = shaping.join(parameters, context, max(depths, default=0))
    order = selecting.order(parameters, context, local=question.local or federation is None)
    page = await serving.page(request, federation, parameters, question, operations)
    if page is None:
        page = await serving.own(request, question, order)
    further: list[str] = []
    bodies = await joined(request, page.entities, shape, context, join, further)
    # an @context that came in the body needs an address to be named in a Link header (5.13)
    inline = request.media != LD_JSON and isinstance(context.source, dict | list)
    link = await request.contexts.address(context, base_of(request)) if inline else ""
    response = represented_entities(collection(bodies) if shape.geojson else bodies, request, context, link=link)
    response.headers += _pages(request, question, more=page.more) + page.headers + warning_headers(further)
    if page.total is not None:
        response.headers.append((COUNT, str(page.total)))
    if page.created:
        response.status = 201
    return response


def _pages(request: Request, question: Question, *, more: bool) -> list[tuple[str, str]]:
    """Links to the pages before and after (5.5.9.2)."""
    headers = []
    if question.limit and question.offset:
        headers.append(_page(request, question, max(question.offset - question.limit, 0), "prev"))
    if question.limit and more:
        headers.append(_page(request, question, question.offset + question.limit, "next"))
    return headers


def _page(request: Request, question: Question, offset: int, relation: str) -> tuple[str, str]:
    parameters = request.query | {"limit": str(question.limit), "offset": str(offset)}
    return page_header(f"{request.path}?{urlencode(parameters)}", relation, request.media)


@route("DELETE", "/entities")
async def purge_entities(request: Request) -> Response:
    """5.6.21: deletes what a query selects, or the attributes that `drop` names, or all but those that `keep` names."""
    context = await request.context()
    question = selecting.question(request, request.query, context)
    if any(selection.follows_links() for selection in question.selections):
        raise problems.bad_request(_("A purge cannot depend on linked entities."))
    keep, drop = request.query.get("keep"), request.query.get("drop")
    if keep is not None and drop is not None:
        raise problems.bad_request(_("Give keep or drop, not both."))
    kept = frozenset(parse_names(keep, context, parameter="keep")) if keep else None
    dropped = frozenset(parse_names(drop, context, parameter="drop")) if drop else None

    async def local() -> None:
        await _purge_here(request, question, _purging(kept, dropped))

    done = await purging.carried_out(request, serving.asked(request.query, question), local)
    if done is None:
        await local()
    return done or responses.no_content()


async def _purge_here(request: Request, question: Question, change: Change) -> None:
    reader, writer = request.services.reader, request.services.writer
    last = ""
    while True:
        urns = await reader.urns(request.principal, request.tenant, question.selections, after=last, most=MOST_PURGED)
        if not urns:
            return
        last = urns[-1]
        for result in await writer.submit(request.principal, request.tenant, [Operation(urn, change) for urn in urns]):
            if result.problem is not None and result.problem.status != 404:
                raise result.problem


def _purging(kept: frozenset[str] | None, dropped: frozenset[str] | None) -> Change:
    def change(current: StoredEntity | None, now: str) -> Outcome | None:
        if current is None or (kept is None and dropped is None):
            return None
        gone = [n for n in current.attributes if (n not in kept if kept is not None else n in (dropped or ()))]
        outcome = Outcome(current, {}, {}, [], unchanged=True)
        changed: dict[str, Any] = {}
        previous: dict[str, Any] = {}
        for name in gone:
            outcome = merging.delete_attribute(outcome.entity, name, None, delete_all=True, now=now)
            changed |= outcome.changed
            previous |= outcome.previous
        return Outcome(outcome.entity, changed, previous, [], unchanged=not gone)

    return change


ROUTES = (retrieve_entity, query_entities, post_query, purge_entities)
