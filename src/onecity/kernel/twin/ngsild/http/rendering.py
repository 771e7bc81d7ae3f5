"""Entities as JSON text in the usual shape, kept by version: what has not changed is not put together again.

The version is read from the database with every answer, so that what is kept is used only for exactly the entity that is
there now, whichever process changed it last.
"""

from collections.abc import Sequence

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.http.links import context_header
from onecity.kernel.twin.ngsild.http.negotiation import JSON
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response, encode
from onecity.kernel.twin.ngsild.model.representing import represent
from onecity.kernel.twin.ngsild.store.search import CHANGED, MEASURED, PERISHES, URN, Record, entity

MOST_KEPT = 20_000
MOST_BYTES = 4096
# what may be asked for without changing how an entity looks
PLAIN = frozenset({"type", "limit", "offset", "local"})
# headers that ask for another look, or for other entities than those of the moment
UNUSUAL = frozenset({"prefer", "ngsild-entitymap"})

_kept: dict[tuple[str, str, Context], tuple[str, bytes]] = {}


def is_usual(request: Request) -> bool:
    """Whether the answer is normalized JSON with all attributes, as by default."""
    return request.media == JSON and PLAIN.issuperset(request.query) and UNUSUAL.isdisjoint(request.headers)


def text(record: Record, tenant: str, context: Context) -> bytes | None:
    """The entity of a row as JSON; None where it has expired."""
    key = (tenant, record[URN], context)
    known = _kept.get(key)
    if known is not None and known[0] == record[CHANGED]:
        return known[1]
    found = entity(record)
    if found is None:
        return None
    made = encode(represent(found, context))
    if not record[PERISHES] and record[MEASURED] is None and len(made) <= MOST_BYTES:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = (record[CHANGED], made)
    return made


def one(body: bytes, context: Context) -> Response:
    """The answer with one entity."""
    return Response(200, body, JSON, [context_header(context.link)])


def many(records: Sequence[Record], tenant: str, context: Context) -> Response:
    """The answer with the entities of a page."""
    bodies = [body for record in records if (body := text(record, tenant, context)) is not None]
    return Response(200, b"[" + b",".join(bodies) + b"]", JSON, [context_header(context.link)])
