"""The door to subscriptions to registrations (5.11.2-5.11.6; 6.12, 6.13)."""

from typing import Final

from onecity.kernel.twin.ngsild.federation.subscribing.watching import SOURCE, check
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import route
from onecity.kernel.twin.ngsild.subscriptions import routes

DOOR: Final = routes.Door(SOURCE, "/csourceSubscriptions", check)


@route("POST", "/csourceSubscriptions", creates_tenant=True)
async def create_source_subscription(request: Request) -> Response:
    """5.11.2."""
    return await routes.create(request, DOOR)


@route("GET", "/csourceSubscriptions")
async def list_source_subscriptions(request: Request) -> Response:
    """5.11.5."""
    return await routes.listed(request, DOOR)


@route("GET", "/csourceSubscriptions/{subscriptionId}")
async def retrieve_source_subscription(request: Request) -> Response:
    """5.11.4."""
    return await routes.retrieve(request, DOOR)


@route("PATCH", "/csourceSubscriptions/{subscriptionId}")
async def change_source_subscription(request: Request) -> Response:
    """5.11.3."""
    return await routes.change(request, DOOR)


@route("DELETE", "/csourceSubscriptions/{subscriptionId}")
async def delete_source_subscription(request: Request) -> Response:
    """5.11.6."""
    return await routes.delete(request, DOOR)


ROUTES = (
    create_source_subscription,
    list_source_subscriptions,
    retrieve_source_subscription,
    change_source_subscription,
    delete_source_subscription,
)
