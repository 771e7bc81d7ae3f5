"""The application with all its routes; a feature package adds its own."""

from typing import Any

from onecity.kernel.twin.ngsild.context import routes as contexts
from onecity.kernel.twin.ngsild.federation import routes as federation
from onecity.kernel.twin.ngsild.federation.distributing import map_routes
from onecity.kernel.twin.ngsild.federation.distributing.subscribing import routes as heard
from onecity.kernel.twin.ngsild.federation.subscribing import routes as source_subscriptions
from onecity.kernel.twin.ngsild.http import attributes, batch, discovery, entities, info, querying
from onecity.kernel.twin.ngsild.http.application import Application
from onecity.kernel.twin.ngsild.http.router import PREFIX, Router
from onecity.kernel.twin.ngsild.snapshots import routes as snapshots
from onecity.kernel.twin.ngsild.snapshots import scoping
from onecity.kernel.twin.ngsild.subscriptions import routes as subscriptions
from onecity.kernel.twin.ngsild.temporal import routes as temporal

# what works on a snapshot where the request names one, what cannot, and what has nothing to do with entities
SCOPED = (entities, attributes, querying, batch, discovery, temporal, subscriptions)
UNSCOPED = (federation, map_routes, source_subscriptions, heard)
MODULES = (info, contexts, snapshots)


def make(parameters: dict[str, Any] | None = None) -> Application:
    """A new application; `parameters` of its database connections, else Django's own."""
    router = Router(route for module in MODULES for route in module.ROUTES)
    router.add(scoping.scoped(route for module in SCOPED for route in module.ROUTES))
    router.add(scoping.unscoped(route for module in UNSCOPED for route in module.ROUTES))
    return Application(router, parameters)


app = make()
__all__ = ["PREFIX", "app", "make"]
