"""Histories read and queried (5.7.3, 5.7.4; 6.18.3.2, 6.19.3.1, 6.24)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.routes import base_of
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import histories, map_routes
from onecity.kernel.twin.ngsild.federation.distributing.distinct import Values
from onecity.kernel.twin.ngsild.federation.distributing.warning import warned
from onecity.kernel.twin.ngsild.http import selecting
from onecity.kernel.twin.ngsild.http.answering import represented, represented_entities
from onecity.kernel.twin.ngsild.http.entities import urn_of
from onecity.kernel.twin.ngsild.http.limits import MAX_LIMIT
from onecity.kernel.twin.ngsild.http.links import page_header
from onecity.kernel.twin.ngsild.http.negotiation import LD_JSON
from onecity.kernel.twin.ngsild.http.querying import COUNT
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response, encode
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.downgrading import preferred
from onecity.kernel.twin.ngsild.store.rows import decode
from onecity.kernel.twin.ngsild.temporal import asking, collecting, history, searching
from onecity.kernel.twin.ngsild.temporal.asking import Asked
from onecity.kernel.twin.ngsild.temporal.collecting import Answer
from onecity.kernel.twin.ngsild.temporal.editing import EDITING
from onecity.kernel.twin.ngsild.temporal.evolution import Evolution
from onecity.kernel.twin.ngsild.temporal.readings import Ask

MOST_AGGREGATED = 10_000


@route("GET", "/temporal/entities/{entityId}")
async def retrieve_evolution(request: Request) -> Response:
    """5.7.3."""
    urn, context = urn_of(request), await request.context()
    asked = asking.asked(request, request.query, context, required=False)
    async with history.asking(request.services.database, request.principal) as ask:
        names = sorted(asked.names) if asked.names else None
        newest = asked.last is not None
        found = await history.evolutions(ask, request.tenant, [urn], asked.span, names, newest=newest)
        answer = await _answer(ask, list(found.values()), await histories.widened(request, asked), context)
    told, further = await histories.one(request, urn, answer.bodies, asked, _values(request, asked, context))
    if not told.bodies:
        missing = problems.problem("ResourceNotFound", _("Of {urn} no history is known in this time.", urn=urn))
        raise warned(missing, told.warnings)
    response = _respond(request, context, told.bodies[0], answer)
    response.headers += further
    return response


@route("GET", "/temporal/entities")
async def query_evolutions(request: Request) -> Response:
    """5.7.4 by address."""
    return await _query(request, request.query, await request.context())


@route("POST", "/temporal/entityOperations/query", right="read")
async def post_query(request: Request) -> Response:
    """5.7.4 by body."""
    context = await request.context()
    return await _query(request, asking.from_body(request.object(), context), context)


async def _query(request: Request, parameters: dict[str, Any], context: Context) -> Response:
    asked = asking.asked(request, parameters, context, required=True)
    most = MOST_AGGREGATED if asked.format == "aggregatedValues" else MAX_LIMIT
    question = selecting.question(request, parameters, context, most=most)
    if any(selection.follows_links() for selection in question.selections):
        raise problems.bad_request(_("A temporal query cannot depend on linked entities."))
    descending = _descending(parameters, context)
    federation = await histories.sources(request, question, ordered=bool(parameters.get("orderBy")))
    local = _local(request, await histories.widened(request, asked), context)
    values = _values(request, asked, context)
    shared = await histories.along(request, federation, parameters, question, asked, local, values)
    if shared is None and federation is not None:
        shared = await histories.page(federation, parameters, question, asked, local, values)
    if shared is not None:
        return await _shared(request, context, question, shared)
    async with history.asking(request.services.database, request.principal) as ask:
        limit, offset = question.limit, question.offset
        if descending:
            limit, offset = searching.MOST_CANDIDATES, 0
        page = await searching.find(
            ask, request.tenant, question.selections, asked, limit, offset, count=question.count
        )
        if descending:
            ordered = page.evolutions[::-1]
            chosen = ordered[question.offset : question.offset + question.limit]
            page = searching.Page(chosen, len(ordered) > question.offset + question.limit, page.total)
        answer = await _answer(ask, page.evolutions, asked, context)
    inline = request.media != LD_JSON and isinstance(context.source, dict | list)
    link = await request.contexts.address(context, base_of(request)) if inline else ""
    response = _respond(request, context, answer.bodies, answer, link=link)
    response.headers += _pages(request, question, more=page.more)
    if page.total is not None:
        response.headers.append((COUNT, str(page.total)))
    return response


def _local(request: Request, asked: Asked, context: Context) -> histories.Local:
    """What the local store has, for one who puts it together with what others have."""

    async def local(
        question: selecting.Question, most: int, shown: bool
    ) -> tuple[list[dict[str, Any]], searching.Page]:
        async with history.asking(request.services.database, request.principal) as ask:
            page = await searching.find(ask, request.tenant, question.selections, asked, most, 0, count=question.count)
            bodies = (await _answer(ask, page.evolutions, asked, context)).bodies if shown else []
        return bodies, page

    return local


def _values(request: Request, asked: Asked, context: Context) -> Values:
    """The values that the local store has, for one who counts how many different ones there are with those of others."""

    async def values(urn: str, names: Sequence[str]) -> tuple[list[dict[str, Any]], bool]:
        wanted = replace(asked, format="temporalValues", methods=(), names=frozenset(names))
        async with history.asking(request.services.database, request.principal) as ask:
            newest = asked.last is not None
            found = await history.evolutions(ask, request.tenant, [urn], asked.span, sorted(names), newest=newest)
            answer = await collecting.collect(ask, list(found.values()), wanted, context)
        return [decode(encode(body)) for body in answer.bodies], answer.content_range is None

    return values


async def _shared(
    request: Request, context: Context, question: selecting.Question, shared: histories.Shared
) -> Response:
    inline = request.media != LD_JSON and isinstance(context.source, dict | list)
    link = await request.contexts.address(context, base_of(request)) if inline else ""
    response = _respond(request, context, shared.bodies, Answer(shared.bodies), link=link)
    response.headers += _pages(request, question, more=shared.more) + shared.headers
    if shared.created:
        response.status = 201
    return response


@route("GET", "/temporal/entityMaps")
async def make_map(request: Request) -> Response:
    """5.14.5 by address."""
    return await _map(request, request.query, await request.context())


@route("POST", "/temporal/entityMaps", right="read")
async def post_map(request: Request) -> Response:
    """5.14.5 by body."""
    context = await request.context()
    return await _map(request, asking.from_body(request.object(), context), context)


async def _map(request: Request, parameters: dict[str, Any], context: Context) -> Response:
    asked = asking.asked(request, parameters, context, required=True)
    question = selecting.question(request, parameters, context)
    if any(selection.follows_links() for selection in question.selections):
        raise problems.bad_request(_("A temporal query cannot depend on linked entities."))
    local = _local(request, asked, context)
    made, warnings = await histories.made_map(request, parameters, question, asked, local)
    return map_routes.answer(request, context, made, warnings)


async def _answer(ask: Ask, evolutions: list[Evolution], asked: Asked, context: Context) -> Answer:
    if asked.format == "aggregatedValues":
        return await collecting.aggregate(ask, evolutions, asked, context)
    return await collecting.collect(ask, evolutions, asked, context)


def _descending(parameters: Mapping[str, Any], context: Context) -> bool:
    """Histories are ordered by their id alone (5.7.4.4); whether that is to be backwards."""
    order = selecting.order(parameters, context, local=True)
    if order is None:
        return False
    by = str(parameters.get("orderBy")).replace(" ", "").split(";")
    if by[0] != "id" or by[1:] not in ([], ["asc"], ["desc"]):
        raise problems.bad_request(_("Histories can be ordered by id only."), "orderBy")
    return by[1:] == ["desc"]


def _respond(request: Request, context: Context, body: Any, answer: Answer, *, link: str = "") -> Response:
    if preferred(request.headers.get("prefer", "")) is None:
        response = represented(body, request, context, link=link)
    else:
        response = represented_entities(decode(encode(body)), request, context, link=link)
    if answer.content_range is not None:
        response.status = 206
        response.headers.append(answer.content_range)
    return response


def _pages(request: Request, question: selecting.Question, *, more: bool) -> list[tuple[str, str]]:
    """Links to the pages before and after (5.5.9.2)."""
    headers = []
    if question.limit and question.offset:
        headers.append(_page(request, question, max(question.offset - question.limit, 0), "prev"))
    if question.limit and more:
        headers.append(_page(request, question, question.offset + question.limit, "next"))
    return headers


def _page(request: Request, question: selecting.Question, offset: int, relation: str) -> tuple[str, str]:
    parameters = request.query | {"limit": str(question.limit), "offset": str(offset)}
    return page_header(f"{request.path}?{urlencode(parameters)}", relation, request.media)


ROUTES = (retrieve_evolution, query_evolutions, post_query, make_map, post_map, *EDITING)
