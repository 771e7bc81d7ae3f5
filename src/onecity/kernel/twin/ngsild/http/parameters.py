"""Which parameters an operation knows: any other, and any unknown word of `options`, is refused with 400 (6.3.20)."""

from collections.abc import Iterable, Mapping
from typing import Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems

FORMATS: Final = frozenset({"normalized", "concise", "simplified", "keyValues", "sysAttrs"})
WRITING: Final = FORMATS | {"noOverwrite", "replace", "update"}
HISTORY: Final = frozenset({"normalized", "temporalValues", "aggregatedValues", "sysAttrs"})

LISTS: Final = frozenset(
    {"aggrMethods", "attrs", "containedBy", "datasetId", "drop", "expandValues", "id", "jsonKeys", "keep", "omit"}
    | {"options", "orderBy", "pick", "type"}
)
"""Parameters that hold a list with commas; given several times they are one list."""

PAGES: Final = frozenset({"limit", "offset", "count"})
SHAPE: Final = frozenset({"attrs", "containedBy", "datasetId", "entityMap", "entityMapLifetime", "format"}) | frozenset(
    {"geometryProperty", "join", "joinLevel", "lang", "local", "omit", "options", "pick", "splitEntities", "type"}
)
SELECTION: Final = frozenset({"attrs", "coordinates", "csf", "expandValues", "geometry", "geoproperty", "georel"}) | (
    frozenset({"id", "idPattern", "jsonKeys", "local", "q", "scopeQ", "type"})
)
ORDER: Final = frozenset({"collation", "orderBy", "orderFrom", "orderGeometry"})
TIME: Final = frozenset(
    {"aggrMethods", "aggrPeriodDuration", "endTimeAt", "lastN", "timeAt", "timeproperty", "timerel"}
)
QUERY: Final = SHAPE | SELECTION | ORDER | PAGES
WRITE: Final = frozenset(
    {"datasetId", "deleteAll", "format", "lang", "local", "observedAt", "options", "splitEntities", "type"}
)

KNOWN: Final = QUERY | TIME | WRITE | {"details", "drop", "keep", "kind", "reload"}
"""Every parameter of the interface: what an operation that is not named below may have."""

OF_PATH: Final[Mapping[str, frozenset[str]]] = {
    "GET /attributes": frozenset({"count", "details", "local"}),
    "GET /attributes/{attrId}": frozenset({"local"}),
    "GET /entities": QUERY,
    "GET /entities/{entityId}": SHAPE,
    "DELETE /entities": SELECTION | {"datasetId", "drop", "keep", "splitEntities"},
    "POST /entityOperations/query": QUERY,
    "GET /jsonldContexts": frozenset({"details", "kind"}),
    "GET /jsonldContexts/{contextId}": frozenset({"details"}),
    "POST /jsonldContexts": frozenset(),
    "DELETE /jsonldContexts/{contextId}": frozenset({"reload"}),
    "GET /subscriptions": PAGES | {"format", "options"},
    "GET /subscriptions/{subscriptionId}": frozenset({"format", "options"}),
    "POST /subscriptions": frozenset(),
    "PATCH /subscriptions/{subscriptionId}": frozenset(),
    "DELETE /subscriptions/{subscriptionId}": frozenset(),
    "GET /types": frozenset({"count", "details", "local"}),
    "GET /types/{type}": frozenset({"local"}),
}
WRITES: Final = ("/entities", "/entityOperations/", "/temporal/entities")


def known(method: str, path: str) -> frozenset[str]:
    """The parameters of the operation; `path` as the route has it."""
    found = OF_PATH.get(f"{method} {path}")
    if found is not None:
        return found
    return WRITE if method != "GET" and path.startswith(WRITES) else KNOWN


def words(method: str, path: str) -> frozenset[str] | None:
    """The words that `options` may hold there; None where the handler says so itself."""
    if path.startswith("/temporal/") and (method == "GET" or path.endswith("/query")):
        return HISTORY
    if method == "GET" or path == "/entityOperations/query":
        return FORMATS if path.startswith(("/entities", "/entityOperations/", "/subscriptions")) else None
    return WRITING if path.startswith(WRITES) else None


def check(method: str, path: str, query: Mapping[str, str]) -> None:
    """Raises Problem 400 (InvalidRequest) where the operation does not know a parameter or a word of `options`."""
    unknown = query.keys() - known(method, path)
    if unknown:
        raise problems.invalid_request(_("The parameter {name} is not known here.", name=min(unknown)[:100]))
    allowed = words(method, path)
    if allowed is not None and "options" in query:
        for word in query["options"].split(","):
            if word.strip() and word.strip() not in allowed:
                raise problems.invalid_request(_("The option {option} is not known here.", option=word.strip()[:100]))


def merged(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name: several of one list are one list, of others the last counts."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found and name in LISTS else value
    return found
