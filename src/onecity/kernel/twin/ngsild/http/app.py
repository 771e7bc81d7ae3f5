"""The application with all its routes; a feature package adds its own to MODULES."""

from onecity.kernel.twin.ngsild.context import routes as contexts
from onecity.kernel.twin.ngsild.http import attributes, batch, discovery, entities, info, querying
from onecity.kernel.twin.ngsild.http.application import Application
from onecity.kernel.twin.ngsild.http.router import PREFIX, Router

MODULES = (entities, attributes, querying, batch, discovery, info, contexts)


def make() -> Application:
    """A new application."""
    return Application(Router(route for module in MODULES for route in module.ROUTES))


app = make()
__all__ = ["PREFIX", "app", "make"]
