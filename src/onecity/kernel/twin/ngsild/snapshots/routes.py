"""The door to snapshots: create, clone, look at, change, delete and purge them (5.16; 6.36, 6.37, 6.38)."""

import asyncio
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings

from onecity.kernel.access.outbound import OutboundFailed, OutboundRefused, judge
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.outbound import networks
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.federation.distributing import gate
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.answering import represented
from onecity.kernel.twin.ngsild.http.limits import MAX_URN
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import PREFIX, route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import Q, link_depth, paths
from onecity.kernel.twin.ngsild.query.matching import nothing_linked
from onecity.kernel.twin.ngsild.query.parsing import parse_q
from onecity.kernel.twin.ngsild.query.q_matching import q_test
from onecity.kernel.twin.ngsild.snapshots import asking, presenting, reading
from onecity.kernel.twin.ngsild.snapshots.filling import Filling
from onecity.kernel.twin.ngsild.snapshots.gathering import gather
from onecity.kernel.twin.ngsild.snapshots.preparing import Fill
from onecity.kernel.twin.ngsild.snapshots.records import Record, Records

JUDGE_S: Final = 1.0
HTTP: Final = ("http", "https")
MEMBERS: Final = reading.CHANGEABLE | reading.OUTPUT | {"id", "type"}


@route("POST", "/snapshots", creates_tenant=True)
async def create_snapshot(request: Request) -> Response:
    """5.16.1."""
    context, body = await request.context(), request.object()
    urn = _new_urn(body)
    document = reading.read(body)
    queries, temporal = asking.queries(document, context, request)
    await _check_endpoint(document)
    federation = await gate.federation(request, "read")
    root = await request.services.root()
    record = await _records(request).add(request.principal, request.tenant, urn, document, context.source)

    async def prepare() -> Fill:
        gathered = [await gather(request, federation, one) for one in queries]

        async def work(filling: Filling) -> None:
            await filling.run(list(zip(queries, gathered, strict=True)), temporal, root)

        return work

    request.services.snapshots.fill(request.principal, record, prepare)
    return responses.created(f"{PREFIX}/snapshots/{quote(urn, safe=':')}")


@route("POST", "/snapshots/{snapshotId}/clone")
async def clone_snapshot(request: Request) -> Response:
    """5.16.2."""
    context, body = await request.context(), request.object()
    urn = _new_urn(body)
    document = reading.read_clone(body)
    await _check_endpoint(document)
    source = await _records(request).use(request.principal, request.tenant, _urn(request))
    record = await _records(request).add(request.principal, request.tenant, urn, document, context.source)
    request.services.snapshots.clone(request.principal, record, source)
    return responses.created(f"{PREFIX}/snapshots/{quote(urn, safe=':')}")


@route("GET", "/snapshots/{snapshotId}")
async def snapshot_status(request: Request) -> Response:
    """5.16.3."""
    context = await request.context()
    record = await _records(request).one(request.principal, request.tenant, _urn(request))
    return represented(presenting.present(record), request, context)


@route("PATCH", "/snapshots/{snapshotId}")
async def change_snapshot(request: Request) -> Response:
    """5.16.4."""
    urn, context, body = _urn(request), await request.context(), request.object()
    if body.get("id", body.get("@id", urn)) != urn:
        raise problems.bad_request(_("The id of a snapshot cannot be changed."), "id")
    record = await _records(request).one(request.principal, request.tenant, urn)
    document = reading.patched(record.document, body)
    await _check_endpoint(document)
    await _records(request).change(request.principal, record, document)
    record = await _records(request).one(request.principal, request.tenant, urn)
    request.services.snapshots.tell(record)
    return represented(presenting.present(record), request, context)


@route("DELETE", "/snapshots/{snapshotId}")
async def delete_snapshot(request: Request) -> Response:
    """5.16.5."""
    record = await _records(request).one(request.principal, request.tenant, _urn(request))
    await _records(request).delete(request.principal, [record.id])
    return responses.no_content()


@route("DELETE", "/snapshots")
async def purge_snapshots(request: Request) -> Response:
    """5.16.7: deletes those whose members meet a query."""
    q = _members_only(request.query.get("q", ""))
    test = q_test(q)
    records = await _records(request).all(request.principal, request.tenant)
    found = [one.id for one in records if test(_as_entity(one), nothing_linked)]
    if not found:
        raise problems.problem("ResourceNotFound", _("No snapshot meets the query."))
    await _records(request).delete(request.principal, found)
    return responses.no_content()


def _records(request: Request) -> Records:
    return request.services.snapshots.records


def _urn(request: Request) -> str:
    return require_uri(request.params["snapshotId"], "snapshotId")


def _new_urn(body: dict[str, Any]) -> str:
    given = body.get("id", body.get("@id"))
    urn = f"urn:ngsi-ld:Snapshot:{new_id()}" if given is None else require_uri(given, "id")
    if len(urn.encode()) > MAX_URN:
        raise problems.bad_request(_("The id of a snapshot has at most {most} bytes.", most=MAX_URN), "id")
    return urn


async def _check_endpoint(document: dict[str, Any]) -> None:
    """Raises Problem 400 where notifications would go into a network that an administrator has not opened."""
    if "endpoint" not in document:
        return
    try:
        async with asyncio.timeout(JUDGE_S):
            await judge(document["endpoint"], networks(settings.ONECITY_OUTBOUND_ALLOW), HTTP)
    except OutboundRefused as refusal:
        raise problems.bad_request(str(refusal.detail or refusal.title), "endpoint") from refusal
    except (OutboundFailed, TimeoutError):
        return


def _members_only(text: str) -> Q:
    if not text:
        raise problems.bad_request(_("Say with q which snapshots are to go."), "q")
    q = parse_q(text, CORE)
    known = {CORE.expand(name) for name in MEMBERS} | {"", *MEMBERS}
    if link_depth(q) or any(path.first not in known for path in paths(q)):
        raise problems.bad_request(_("q may name members of snapshots only."), "q")
    return q


def _as_entity(record: Record) -> StoredEntity:
    """A snapshot as something that conditions can be held against."""
    body = presenting.present(record)
    properties = {CORE.expand(name): [{"type": "Property", "value": value}] for name, value in body.items()}
    return StoredEntity(
        record.urn, (reading.KIND,), (), properties, body["createdAt"], body["modifiedAt"], body["expiresAt"]
    )


ROUTES = (create_snapshot, clone_snapshot, snapshot_status, change_snapshot, delete_snapshot, purge_snapshots)
