"""The platform's HTTP API: one OpenAPI description, one router per package."""

from importlib import import_module
from importlib.util import find_spec

from ninja import NinjaAPI

api = NinjaAPI(title="OneCity", version="1", urls_namespace="api")
if find_spec("onecity.kernel.web.api"):
    import_module("onecity.kernel.web.api").install_handlers(api)
for name in (
    "kernel.places",
    "kernel.people",
    "kernel.access",
    "kernel.telemetry",
    "kernel.twin",
    "kernel.rules",
    "kernel.cases",
    "domains.environment",
):
    if find_spec(f"onecity.{name}.api"):
        api.add_router("/" + name.split(".")[1], import_module(f"onecity.{name}.api").router)
