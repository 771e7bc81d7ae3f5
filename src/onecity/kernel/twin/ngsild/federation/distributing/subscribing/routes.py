"""The door at which sources tell of what we asked them to follow (5.8.6): kept at once, passed on a moment later."""

import hashlib
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing.subscribing import limits
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.speaking import DOOR
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.links import context_link
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response, encode
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.subscriptions.limits import ENTITIES

HEAR: Final = "SELECT twin_hear(%s, %s, %s, %s, %s)"
LONGEST_KEY: Final = 128
UNKNOWN, FULL = "unknown", "full"


@route("POST", f"{DOOR}/{{key}}", right="none", creates_tenant=True)
async def hear(request: Request) -> Response:
    """Take a notification; 204 once it is kept, also where it came before. The address is the right to be heard."""
    body = _notification(request)
    link = context_link(request.headers.get("link", "")) or ""
    key = request.params["key"]
    if len(key.encode()) > LONGEST_KEY or not key.isascii() or "\x00" in key:
        raise _unknown()
    content = encode(body)
    name = body.get("id")
    # one without a name of its own is known by what it says
    known = name.encode() if isinstance(name, str) else content
    digest = hashlib.sha256(known).hexdigest()
    async with request.services.database.connection() as connection:
        cursor = await connection.execute(HEAR, (key, digest, link, content.decode(), limits.WAITING))
        row = await cursor.fetchone()
    if row is None or row[0] == UNKNOWN:
        raise _unknown()
    if row[0] == FULL:
        raise problems.problem(
            "InternalError", _("Too many notifications of this subscription wait; send it again later."), status=503
        )
    return responses.no_content()


def _notification(request: Request) -> dict[str, Any]:
    """The body, as far as must be known before it is kept; raises Problem 400, 413."""
    if len(request.body) > limits.MOST_BYTES:
        raise problems.problem("InvalidRequest", _("The body is too large."), status=413)
    body = request.object()
    if body.get("type") != "Notification":
        raise problems.bad_request(_("The type of a notification is “Notification”."), "type")
    data = body.get("data")
    if not isinstance(data, list) or not 0 < len(data) <= ENTITIES or not all(isinstance(one, dict) for one in data):
        raise problems.bad_request(_("data is a list of 1 to {most} entities.", most=ENTITIES), "data")
    return body


def _unknown() -> problems.NgsiProblem:
    return problems.problem("ResourceNotFound", _("No subscription of ours is known under this address."))


ROUTES = (hear,)
