"""The application with all its routes; a feature package adds its own to MODULES."""

from typing import Any

from onecity.kernel.twin.ngsild.context import routes as contexts
from onecity.kernel.twin.ngsild.federation import routes as federation
from onecity.kernel.twin.ngsild.federation.distributing import map_routes
from onecity.kernel.twin.ngsild.federation.subscribing import routes as source_subscriptions
from onecity.kernel.twin.ngsild.http import attributes, batch, discovery, entities, info, querying
from onecity.kernel.twin.ngsild.http.application import Application
from onecity.kernel.twin.ngsild.http.router import PREFIX, Router
from onecity.kernel.twin.ngsild.subscriptions import routes as subscriptions
from onecity.kernel.twin.ngsild.temporal import routes as temporal

MODULES = (
    entities,
    attributes,
    querying,
    batch,
    discovery,
    info,
    contexts,
    subscriptions,
    temporal,
    federation,
    map_routes,
    source_subscriptions,
)


def make(parameters: dict[str, Any] | None = None) -> Application:
    """A new application; `parameters` of its database connections, else Django's own."""
    return Application(Router(route for module in MODULES for route in module.ROUTES), parameters)


app = make()
__all__ = ["PREFIX", "app", "make"]
