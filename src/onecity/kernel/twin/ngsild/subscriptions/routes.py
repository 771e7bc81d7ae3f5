"""The door to subscriptions: create, list, retrieve, change and delete (5.8.1-5.8.5; 6.10, 6.11).

Subscriptions to registrations (5.11) come through a door of their own that works the same.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.conf import settings

from onecity.kernel.access.outbound import OutboundFailed, OutboundRefused, judge
from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.outbound import networks
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.routes import base_of
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import gate
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.answering import represented
from onecity.kernel.twin.ngsild.http.limits import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from onecity.kernel.twin.ngsild.http.links import page_header
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import PREFIX, route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.store import times
from onecity.kernel.twin.ngsild.subscriptions import compiled, presenting, reading
from onecity.kernel.twin.ngsild.subscriptions.endpoints import HTTP, MQTT, read_endpoint
from onecity.kernel.twin.ngsild.subscriptions.records import ENTITY, Records

COUNT: Final = "NGSILD-Results-Count"
# an endpoint whose name is not known within this time is accepted: it is judged again before each notification
JUDGE_S: Final = 1.0
OPTIONS: Final = ("sysAttrs",)
ATTEMPTS: Final = 5
# an index of PostgreSQL holds entries up to 2,704 bytes
LONGEST_URN: Final = 1024


@dataclass(frozen=True, slots=True)
class Door:
    """Where subscriptions of one kind are, and what is to be checked of their conditions; `check` raises Problem 400."""

    kind: str
    path: str
    check: Callable[[Mapping[str, Any], Context], object]


ENTITIES: Final = Door(ENTITY, "/subscriptions", compiled.check)


async def create(request: Request, door: Door) -> Response:
    """Keep a new subscription."""
    context = await request.context()
    body = request.object()
    given = body.get("id", body.get("@id"))
    urn = f"urn:ngsi-ld:Subscription:{new_id()}" if given is None else require_uri(given, "id")
    if len(urn.encode()) > LONGEST_URN:
        raise problems.bad_request(_("The id of a subscription has at most {most} bytes.", most=LONGEST_URN), "id")
    document = reading.read_subscription(body, context)
    await _check(request, door, document, context)
    _in_future(document)
    document.setdefault("jsonldContext", await request.contexts.address(context, base_of(request)))
    way = gate.way(request)
    await _records(request, door).add(request.principal, request.tenant, urn, document, context.source, way)
    return responses.created(f"{PREFIX}{door.path}/{quote(urn, safe=':')}")


async def listed(request: Request, door: Door) -> Response:
    """A page of the subscriptions that the caller may see."""
    context = await request.context()
    count = request.flag("count")
    limit, offset = request.number("limit", DEFAULT_LIMIT, MAX_LIMIT), request.number("offset", 0, MAX_OFFSET)
    if limit == 0 and not count:
        raise problems.bad_request(_("limit=0 makes sense only together with count=true."))
    sys_attrs = "sysAttrs" in request.options(OPTIONS)
    records = _records(request, door)
    found, more, total = await records.page(request.principal, request.tenant, limit, offset, count=count)
    moment = clock.now()
    bodies = [presenting.present(record, context, moment, sys_attrs=sys_attrs) for record in found]
    response = represented(bodies, request, context)
    if limit and offset:
        response.headers.append(_page(request, limit, max(offset - limit, 0), "prev"))
    if limit and more:
        response.headers.append(_page(request, limit, offset + limit, "next"))
    if total is not None:
        response.headers.append((COUNT, str(total)))
    return response


async def retrieve(request: Request, door: Door) -> Response:
    """One subscription."""
    context = await request.context()
    sys_attrs = "sysAttrs" in request.options(OPTIONS)
    record = await _records(request, door).one(request.principal, request.tenant, _urn(request))
    return represented(presenting.present(record, context, clock.now(), sys_attrs=sys_attrs), request, context)


async def change(request: Request, door: Door) -> Response:
    """Change members of a subscription."""
    urn, context = _urn(request), await request.context()
    body = request.object()
    if body.get("id", body.get("@id", urn)) != urn:
        raise problems.bad_request(_("The id of a subscription cannot be changed."), "id")
    fragment = reading.read_fragment(body, context)
    _in_future(fragment)
    if fragment.get("jsonldContext", "") is None:
        fragment["jsonldContext"] = await request.contexts.address(context, base_of(request))
    for _attempt in range(ATTEMPTS):
        record = await _records(request, door).one(request.principal, request.tenant, urn)
        document = reading.patched(record.document, fragment)
        language = context if "q" in fragment else await request.contexts.resolve(None, record.context)
        await _check(request, door, document, language)
        if await _records(request, door).replace(request.principal, record, document, language.source):
            return responses.no_content()
    raise problems.problem("Conflict", _("The subscription is being changed by others; send the change again."))


async def delete(request: Request, door: Door) -> Response:
    """Delete a subscription."""
    await _records(request, door).delete(request.principal, request.tenant, _urn(request))
    return responses.no_content()


@route("POST", "/subscriptions", creates_tenant=True)
async def create_subscription(request: Request) -> Response:
    """5.8.1."""
    return await create(request, ENTITIES)


@route("GET", "/subscriptions")
async def list_subscriptions(request: Request) -> Response:
    """5.8.4."""
    return await listed(request, ENTITIES)


@route("GET", "/subscriptions/{subscriptionId}")
async def retrieve_subscription(request: Request) -> Response:
    """5.8.3."""
    return await retrieve(request, ENTITIES)


@route("PATCH", "/subscriptions/{subscriptionId}")
async def change_subscription(request: Request) -> Response:
    """5.8.2."""
    return await change(request, ENTITIES)


@route("DELETE", "/subscriptions/{subscriptionId}")
async def delete_subscription(request: Request) -> Response:
    """5.8.5."""
    return await delete(request, ENTITIES)


def _records(request: Request, door: Door) -> Records:
    return Records(request.services.database, door.kind)


def _urn(request: Request) -> str:
    return require_uri(request.params["subscriptionId"], "subscriptionId")


async def _check(request: Request, door: Door, document: dict[str, Any], context: Context) -> None:
    """Raises Problem 400 where a condition is not well formed, a context is not to be had, or the endpoint is out of bounds."""
    door.check(document, context)
    if "jsonldContext" in document:
        await request.contexts.resolve(document["jsonldContext"], None)
    await check_endpoint(document)


async def check_endpoint(document: dict[str, Any]) -> None:
    """Raises Problem 400 where notifications would go into a network that an administrator has not opened."""
    endpoint = read_endpoint(document["notification"]["endpoint"])
    try:
        async with asyncio.timeout(JUDGE_S):
            await judge(endpoint.bare, networks(settings.ONECITY_OUTBOUND_ALLOW), tuple(HTTP | MQTT))
    except OutboundRefused as refusal:
        raise problems.bad_request(str(refusal.detail or refusal.title), "notification.endpoint.uri") from refusal
    except (OutboundFailed, TimeoutError):
        return


def _in_future(document: dict[str, Any]) -> None:
    until = document.get("expiresAt")
    if until is not None and times.read(until) <= clock.now():
        raise problems.bad_request(_("expiresAt lies in the past."), "expiresAt")


def _page(request: Request, limit: int, offset: int, relation: str) -> tuple[str, str]:
    parameters = request.query | {"limit": str(limit), "offset": str(offset)}
    return page_header(f"{request.path}?{urlencode(parameters)}", relation, request.media)


ROUTES = (
    create_subscription,
    list_subscriptions,
    retrieve_subscription,
    change_subscription,
    delete_subscription,
)
