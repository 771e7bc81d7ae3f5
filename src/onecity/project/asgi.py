"""The web process: Django for pages and API, and lean applications for readings and entities, told apart by address."""

import gc
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onecity.project.settings")
os.environ.setdefault("ONECITY_PROCESS", "web")

from django.core.asgi import get_asgi_application

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

django = get_asgi_application()

from onecity.kernel.telemetry.commanding import door as commands  # noqa: E402 - models exist only now
from onecity.kernel.telemetry.ingest import INGEST_PATHS  # noqa: E402 - same
from onecity.kernel.telemetry.ingest import app as ingest  # noqa: E402 - same
from onecity.kernel.telemetry.network_door import NETWORK_PATHS  # noqa: E402 - same
from onecity.kernel.telemetry.network_door import app as networks  # noqa: E402 - same
from onecity.kernel.tiers.staleness import TownWarnings  # noqa: E402 - same
from onecity.kernel.twin.ngsild.http.app import PREFIX as NGSI_LD  # noqa: E402 - same
from onecity.kernel.twin.ngsild.http.app import app as ngsi_ld  # noqa: E402 - same
from onecity.kernel.twin.sensorthings import door as sensorthings  # noqa: E402 - same
from onecity.project import demonstration, domains  # noqa: E402 - same
from onecity.project.stack import processes  # noqa: E402 - same

domains.load()
demonstration.connect()
entities = TownWarnings(ngsi_ld)
# the server's main process may be killed; a worker left behind would hold the port and answer nobody
processes.die_with_parent()
# what is loaded now stays: walking through it at every collection took a quarter of the time of reading entities
gc.freeze()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand measured values to the ingest application, entities to the NGSI-LD door, everything else to Django."""
    path = scope.get("path", "")
    if scope["type"] == "lifespan" or path in INGEST_PATHS:
        await ingest(scope, receive, send)
    elif path in NETWORK_PATHS:
        await networks(scope, receive, send)
    elif commands.takes(scope):
        await commands.app(scope, receive, send)
    elif sensorthings.takes(scope):
        await sensorthings.app(scope, receive, send)
    elif path.startswith(NGSI_LD):
        await entities(scope, receive, send)
    else:
        await django(scope, receive, send)
