"""A represented body on its way out: with its @context in the body or in a Link header (6.3.6)."""

from typing import Any

from onecity.kernel.twin.ngsild.context.core import CORE_URL
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.http.links import context_header
from onecity.kernel.twin.ngsild.http.negotiation import GEO_JSON, JSON
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response, encode
from onecity.kernel.twin.ngsild.model.downgrading import applied, downgraded, preferred


def represented(body: Any, request: Request, context: Context, status: int = 200, *, link: str = "") -> Response:
    """The answer with this body, in the media type that was negotiated; `link`: where its @context is to be had."""
    media = request.media
    if media == JSON or (media == GEO_JSON and prefers_plain(request)):
        response = Response(status, encode(body), media, [context_header(link or context.link)])
    else:
        source = {"@context": context.source or CORE_URL}
        body = [item | source for item in body] if isinstance(body, list) else body | source
        response = Response(status, encode(body), media)
    wanted = preferred(request.headers.get("prefer", ""))
    if wanted is None:
        return response
    return response.with_header("Preference-Applied", "ngsi-ld={}.{}".format(*applied(wanted)))


def represented_entities(body: Any, request: Request, context: Context, *, link: str = "") -> Response:
    """The answer with entities, as an older version of the standard knows them where `Prefer` asks so (4.3.6.8)."""
    wanted = preferred(request.headers.get("prefer", ""))
    if wanted is None:
        return represented(body, request, context, link=link)
    amended = downgraded(body, wanted)
    return represented(amended, request, context, 200 if amended == body else 203, link=link)


def prefers_plain(request: Request) -> bool:
    """Whether a GeoJSON body is to come without its @context (6.3.6: Prefer: body=json)."""
    return "body=json" in request.headers.get("prefer", "").replace(" ", "").split(",")
