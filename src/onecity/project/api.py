"""The platform's HTTP API: one OpenAPI description, one router per package, and the doors for readings beside them."""

from types import ModuleType

from onecity.kernel.access import api as access
from onecity.kernel.cases import api as cases
from onecity.kernel.cases.dispatching import api as dispatching
from onecity.kernel.people import api as people
from onecity.kernel.places import api as places
from onecity.kernel.records import api as records
from onecity.kernel.rules import api as rules
from onecity.kernel.telemetry import api as telemetry
from onecity.kernel.telemetry.ingest import description as doors
from onecity.kernel.tiers import api as tiers
from onecity.kernel.twin import api as twin
from onecity.kernel.web.api import install_handlers
from onecity.kernel.web.openapi import DescribedAPI
from onecity.kernel.web.reference import Reference
from onecity.project import domains

KERNEL: tuple[ModuleType, ...] = (places, people, access, telemetry, twin, rules, cases, dispatching, tiers, records)
DESCRIPTION = """\
Everything that the pages show can be read here, by the same rights. Times are ISO 8601 with their zone, places WGS-84
degrees (longitude first), units UCUM codes. Divisions are named by their path, for example `adm/990101/990101001/`: what
is asked of a division holds for all below it. Operations without a credential answer everybody, and more to those who may
see more. What goes wrong is answered as a problem (RFC 9457) in the language of `Accept-Language`; nothing is then half done.
"""

api = DescribedAPI(title="OneCity", version="1", description=DESCRIPTION, docs=Reference(), urls_namespace="api")
install_handlers(api)
for module in (*KERNEL, *domains.modules("api")):
    package = module.__name__.split(".")[-2]
    api.add_router(f"/{package}", module.router)
    api.describe(package, str(module.__doc__))
api.describe(doors.TAG, doors.SENTENCE, doors.fragment())
