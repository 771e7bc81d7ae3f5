"""A snapshot as a client gives it (5.2.41): every member checked, what only the server says left out."""

from collections.abc import Mapping
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.reading import seconds
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.snapshots import limits
from onecity.kernel.twin.ngsild.subscriptions.endpoints import read_endpoint

Document = dict[str, Any]
KIND: Final = "Snapshot"
QUERIES, TEMPORAL = "snapshotQueries", "snapshotTemporalQueries"
HEAD: Final = frozenset({"id", "@id", "type", "@type", "@context"})
OUTPUT: Final = frozenset(
    {"snapshotStatus", "snapshotQueriesDetails", "snapshotTemporalQueriesDetails"}
    | {"createdAt", "modifiedAt", "expiresAt", "lastUsedAt"}
)
CHANGEABLE: Final = frozenset({"snapshotLifetime", "snapshotPriority", "endpoint", "receiverInfo"})


def read(body: Mapping[str, Any]) -> Document:
    """The members of a new snapshot; raises Problem 400 (BadRequestData). Its queries are not looked into here."""
    _kind(body)
    document = _members(body, CHANGEABLE | {QUERIES, TEMPORAL})
    if QUERIES not in document and TEMPORAL not in document:
        raise bad_request(_("A snapshot has snapshotQueries or snapshotTemporalQueries, or both."), QUERIES)
    return document


def read_clone(body: Mapping[str, Any]) -> Document:
    """The members of a snapshot that is to be a copy of another; raises Problem 400."""
    _kind(body)
    return _members(body, CHANGEABLE)


def patched(document: Document, body: Mapping[str, Any]) -> Document:
    """The snapshot after a patch, of which a member that is null is to go; raises Problem 400."""
    if "type" in body or "@type" in body:
        _kind(body)
    gone = {name for name, value in body.items() if name in CHANGEABLE and (value is None or value == NULL)}
    given = _members({name: value for name, value in body.items() if name not in gone}, CHANGEABLE)
    result = {name: value for name, value in (document | given).items() if name not in gone}
    return _complete(result)


def lifetime(document: Document) -> float:
    """How long the snapshot is to last, in seconds."""
    asked = document.get("snapshotLifetime")
    return limits.LIFETIME_S if asked is None else min(max(seconds(asked), 1.0), limits.LONGEST_S)


def _kind(body: Mapping[str, Any]) -> None:
    if body.get("type", body.get("@type")) != KIND:
        raise bad_request(_("The type of a snapshot is “Snapshot”."), "type")


def _members(body: Mapping[str, Any], allowed: frozenset[str]) -> Document:
    result: Document = {}
    for name, value in body.items():
        if name in HEAD | OUTPUT:
            continue
        if name not in allowed:
            raise bad_request(_("{member} cannot be given here.", member=name[:100]), name[:100])
        result[name] = _member(name, value)
    return _complete(result)


def _member(name: str, value: object) -> object:
    if name == "snapshotPriority":
        least, most = limits.LEAST_PRIORITY, limits.MOST_PRIORITY
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            detail = _("{name} is a whole number from {least} to {most}.", name=name, least=least, most=most)
            raise bad_request(detail, name)
    elif name == "snapshotLifetime":
        if not isinstance(value, str) or len(value) > limits.TEXT:
            raise bad_request(_("{name} is a duration such as PT1H.", name=name), name)
        seconds(value)
    elif name in {QUERIES, TEMPORAL}:
        _check_queries(name, value)
    return value


def _check_queries(name: str, value: object) -> None:
    if not isinstance(value, list) or not 0 < len(value) <= limits.QUERIES:
        raise bad_request(_("{name} is a list of 1 to {most} queries.", name=name, most=limits.QUERIES), name)
    for one in value:
        if not isinstance(one, dict) or one.get("type") != "Query":
            raise bad_request(_("Each entry of {name} has the type “Query”.", name=name), name)
        if ("temporalQ" in one) is not (name == TEMPORAL):
            raise bad_request(_("Queries with temporalQ are given as snapshotTemporalQueries, others are not."), name)


def _complete(document: Document) -> Document:
    """The document, once its endpoint can be spoken to."""
    if "endpoint" in document:
        endpoint = {"uri": document["endpoint"], "receiverInfo": document.get("receiverInfo", [])}
        if read_endpoint(endpoint).scheme not in {"http", "https"}:
            raise bad_request(_("The endpoint of a snapshot begins with http:// or https://."), "endpoint")
    return document
