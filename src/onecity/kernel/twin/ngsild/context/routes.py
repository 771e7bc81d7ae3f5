"""The door to @context documents: add, list, serve, delete and reload (5.13; 6.29, 6.30)."""

from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.store import CACHED, KINDS, PATH, Kept
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.negotiation import LD_JSON
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store.times import text


@route("POST", "/jsonldContexts", creates_tenant=True)
async def add_context(request: Request) -> Response:
    """5.13.2: host a document that has an `@context`."""
    body = request.object()
    if "@context" not in body:
        raise problems.bad_request(_("A document with a member @context is wanted."), "@context")
    await request.contexts.check(body)
    identifier = await request.contexts.shelf.add({"@context": body["@context"]})
    return responses.created(f"{PATH}{identifier}")


@route("GET", "/jsonldContexts", creates_tenant=True)
async def list_contexts(request: Request) -> Response:
    """5.13.3: addresses of the documents that are kept, or with `details` what is known of them."""
    kind = request.query.get("kind")
    if kind is not None and kind not in KINDS:
        raise problems.bad_request(_("The kind of an @context is one of {kinds}.", kinds=", ".join(KINDS)), "kind")
    details = request.flag("details")
    await request.contexts.flush()
    kept = await request.contexts.shelf.all(kind)
    base = base_of(request)
    return responses.json([_details(one, base) if details else _address(one, base) for one in kept])


@route("GET", "/jsonldContexts/{contextId}", creates_tenant=True)
async def serve_context(request: Request) -> Response:
    """5.13.4: the document itself, or with `details` what is known of it."""
    details = request.flag("details")
    contexts = request.contexts
    if details:
        await contexts.flush()
    kept = await contexts.shelf.one(request.params["contextId"], to_read=not details)
    if details:
        return responses.json(_details(kept, base_of(request)))
    if kept.kind == CACHED:
        raise problems.problem("OperationNotSupported", _("A cached @context is not served; ask {url}.", url=kept.url))
    await contexts.shelf.used({f"{base_of(request)}{PATH}{kept.id}": 1})
    return Response(200, kept.body.encode(), LD_JSON)


@route("DELETE", "/jsonldContexts/{contextId}", creates_tenant=True)
async def delete_context(request: Request) -> Response:
    """5.13.5: forget a document; with `reload` fetch a cached one anew."""
    contexts = request.contexts
    reload = request.flag("reload")
    kept = await contexts.shelf.one(request.params["contextId"])
    if not reload:
        await contexts.shelf.remove(kept.id)
        contexts.forget()
        return responses.no_content()
    if kept.kind != CACHED:
        raise problems.bad_request(_("Only a cached @context can be loaded again."), "reload")
    await contexts.reload(kept.url)
    return responses.no_content()


def base_of(request: Request) -> str:
    """Scheme and host under which the client reaches the platform."""
    scheme = request.headers.get("x-forwarded-proto", "http").partition(",")[0].strip()
    return f"{scheme if scheme in {'http', 'https'} else 'http'}://{request.headers.get('host', 'localhost')}"


def _address(kept: Kept, base: str) -> str:
    return kept.url or f"{base}{PATH}{kept.id}"


def _details(kept: Kept, base: str) -> dict[str, Any]:
    known: dict[str, Any] = {
        "URL": _address(kept, base),
        "localId": str(kept.id),
        "kind": kept.kind,
        "createdAt": text(kept.created_at),
    }
    if kept.expires_at is not None:
        known["expiresAt"] = text(kept.expires_at)
    if kept.last_used_at is not None:
        known["lastUsage"] = text(kept.last_used_at)
    return known | {"numberOfHits": kept.hits}


ROUTES = (add_context, list_contexts, serve_context, delete_context)
