"""The door to registrations: create, query, retrieve, change and delete them (5.9, 5.10; 6.8, 6.9)."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.conf import settings

from onecity.kernel.access.outbound import OutboundFailed, OutboundRefused, judge
from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.outbound import networks
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation import presenting, reading
from onecity.kernel.twin.ngsild.federation.compiling import compiled
from onecity.kernel.twin.ngsild.federation.conflicts import claimed
from onecity.kernel.twin.ngsild.federation.discovering import Wanted, places, wanted
from onecity.kernel.twin.ngsild.federation.records import Record, Records
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http import selecting
from onecity.kernel.twin.ngsild.http.answering import represented
from onecity.kernel.twin.ngsild.http.limits import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, MAX_URN
from onecity.kernel.twin.ngsild.http.links import page_header
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import PREFIX, route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.store import times
from onecity.kernel.twin.ngsild.store.principal import SYSTEM
from onecity.kernel.twin.ngsild.temporal.span import read_span

COUNT: Final = "NGSILD-Results-Count"
HTTP: Final = ("http", "https")
# an endpoint whose name is not known within this time is accepted: it is judged again before each exchange
JUDGE_S: Final = 1.0
ATTEMPTS: Final = 5
NARROWING: Final = ("type", "attrs", "q", "georel")


@route("POST", "/csourceRegistrations", creates_tenant=True)
async def register_source(request: Request) -> Response:
    """5.9.2."""
    context, body = await request.context(), request.object()
    given = body.get("id", body.get("@id"))
    urn = f"urn:ngsi-ld:ContextSourceRegistration:{new_id()}" if given is None else require_uri(given, "id")
    if len(urn.encode()) > MAX_URN:
        raise problems.bad_request(_("The id of a registration has at most {most} bytes.", most=MAX_URN), "id")
    document = reading.read(body, context)
    _in_future(document)
    root = await _require_right(request)
    registration = compiled(request.tenant, urn, document)
    await _check(request, registration)
    await _records(request).add(request.principal, registration, document, root)
    request.services.registrations.forget()
    return responses.created(f"{PREFIX}/csourceRegistrations/{quote(urn, safe=':')}")


@route("GET", "/csourceRegistrations")
async def query_sources(request: Request) -> Response:
    """5.10.2: the registrations of sources that may have what is asked for."""
    context = await request.context()
    if not any(request.query.get(name) for name in NARROWING):
        raise problems.bad_request(_("The query is too wide: give at least one of type, attrs, q or a geo-query."))
    asked = wanted(selecting.selected(request.query, context), read_span(request.query, required=False))
    count, sys_attrs = request.flag("count"), _sys_attrs(request)
    limit, offset = request.number("limit", DEFAULT_LIMIT, MAX_LIMIT), request.number("offset", 0, MAX_OFFSET)
    if limit == 0 and not count:
        raise problems.bad_request(_("limit=0 makes sense only together with count=true."))
    found = await _matching(request, asked)
    shown = found[offset : offset + limit]
    records = await _records(request).many(request.principal, request.tenant, [one.id for one, _where in shown])
    trusted = bool(shown) and await _trusted(request)
    bodies = [
        _present(records[one.id], context, where, sys_attrs=sys_attrs, trusted=trusted)
        for one, where in shown
        if one.id in records
    ]
    response = represented(bodies, request, context)
    if limit and offset:
        response.headers.append(_page(request, limit, max(offset - limit, 0), "prev"))
    if limit and len(found) > offset + limit:
        response.headers.append(_page(request, limit, offset + limit, "next"))
    if count:
        response.headers.append((COUNT, str(len(found))))
    return response


@route("GET", "/csourceRegistrations/{registrationId}")
async def retrieve_source(request: Request) -> Response:
    """5.10.1."""
    context, sys_attrs = await request.context(), _sys_attrs(request)
    record = await _records(request).one(request.principal, request.tenant, _urn(request))
    body = presenting.present(record, context, sys_attrs=sys_attrs, trusted=await _trusted(request))
    return represented(body, request, context)


@route("PATCH", "/csourceRegistrations/{registrationId}")
async def change_source(request: Request) -> Response:
    """5.9.3."""
    urn, context, body = _urn(request), await request.context(), request.object()
    if body.get("id", body.get("@id", urn)) != urn:
        raise problems.bad_request(_("The id of a registration cannot be changed."), "id")
    await _require_right(request)
    for _attempt in range(ATTEMPTS):
        record = await _records(request).one(request.principal, request.tenant, urn)
        document = reading.patched(record.document, body, context)
        _in_future(document)
        registration = compiled(request.tenant, urn, document)
        await _check(request, registration)
        if await _records(request).replace(request.principal, record, registration, document):
            request.services.registrations.forget()
            return responses.no_content()
    raise problems.problem("Conflict", _("The registration is being changed by others; send the change again."))


@route("DELETE", "/csourceRegistrations/{registrationId}")
async def delete_source(request: Request) -> Response:
    """5.9.4."""
    await _require_right(request)
    await _records(request).delete(request.principal, request.tenant, _urn(request))
    request.services.registrations.forget()
    return responses.no_content()


def _records(request: Request) -> Records:
    return Records(request.services.database)


def _urn(request: Request) -> str:
    return require_uri(request.params["registrationId"], "registrationId")


def _sys_attrs(request: Request) -> bool:
    return "sysAttrs" in request.words("options")


async def _trusted(request: Request) -> bool:
    services = request.services
    return await services.rights.may(request.principal, "write", await services.root())


async def _require_right(request: Request) -> str:
    """The path of the district; raises Problem 403 for who may not change entities in all of it."""
    root = await request.services.root()
    if not await request.services.rights.may(request.principal, "write", root):
        raise problems.problem(
            "OperationNotSupported",
            _("Only who may change the entities of the whole district registers sources. Ask for that right."),
            status=403,
        )
    return root


async def _matching(request: Request, asked: Wanted) -> list[tuple[Registration, Sequence[int]]]:
    """The registrations that match and by which entries, in the order of their age; none for who sees only a part."""
    services = request.services
    if not await services.rights.may(request.principal, "read", await services.root()):
        return []
    roster = await services.registrations.active(request.tenant)
    candidates = roster.candidates(asked.selection.ids, asked.type_names())
    return [(one, found) for one in candidates if (found := places(one, asked))]


def _present(
    record: Record, context: Context, where: Sequence[int], *, sys_attrs: bool, trusted: bool
) -> dict[str, Any]:
    body = presenting.present(record, context, sys_attrs=sys_attrs, trusted=trusted)
    # changed since it was looked up: then all of it is shown
    return presenting.narrowed(body, where) if where[-1] < len(body["information"]) else body


async def _check(request: Request, registration: Registration) -> None:
    """Raises Problem 400 where the source is out of bounds, 409 where entities here hold what it claims for itself."""
    await _check_endpoint(registration.endpoint)
    selections = claimed(registration)
    if selections:
        page = await request.services.reader.find(SYSTEM, request.tenant, selections, limit=1)
        if page.entities:
            raise problems.problem("Conflict", _("Entities here already hold some of what the registration claims."))


async def _check_endpoint(endpoint: str) -> None:
    try:
        async with asyncio.timeout(JUDGE_S):
            await judge(endpoint, networks(settings.ONECITY_OUTBOUND_ALLOW), HTTP)
    except OutboundRefused as refusal:
        raise problems.bad_request(str(refusal.detail or refusal.title), "endpoint") from refusal
    except (OutboundFailed, TimeoutError):
        return


def _in_future(document: dict[str, Any]) -> None:
    until = document.get("expiresAt")
    if until is not None and times.read(until) <= clock.now():
        raise problems.bad_request(_("expiresAt lies in the past."), "expiresAt")


def _page(request: Request, limit: int, offset: int, relation: str) -> tuple[str, str]:
    parameters = request.query | {"limit": str(limit), "offset": str(offset)}
    return page_header(f"{request.path}?{urlencode(parameters)}", relation, request.media)


ROUTES = (register_source, query_sources, retrieve_source, change_source, delete_source)
