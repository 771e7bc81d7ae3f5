"""A registration as a client sees it (5.2.9): its members under his terms, and how exchanges with its source went."""

from collections.abc import Sequence
from typing import Any, Final

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.reading import KIND, PROPERTIES
from onecity.kernel.twin.ngsild.federation.records import Record
from onecity.kernel.twin.ngsild.store import times

NAMES: Final = ("propertyNames", "relationshipNames")
# what is sent to the source may be a password; it is shown to those who may change it
CONFIDED: Final = "contextSourceInfo"


def document_of(urn: str, document: dict[str, Any], context: Context, *, trusted: bool) -> dict[str, Any]:
    """The members as they were given."""
    body: dict[str, Any] = {"id": urn, "type": KIND}
    for name, value in document.items():
        if name == "information":
            body[name] = [_information(one, context) for one in value]
        elif name == PROPERTIES:
            body |= {context.compact(own): given for own, given in value.items()}
        elif name == "scope":
            body[name] = value[0] if len(value) == 1 else value
        elif name != CONFIDED or trusted:
            body[name] = value
    return body


def present(record: Record, context: Context, *, sys_attrs: bool, trusted: bool) -> dict[str, Any]:
    """The registration; times of its making only where they are asked for (6.3.11)."""
    body = document_of(record.urn, record.document, context, trusted=trusted)
    body |= _counted(record)
    if sys_attrs:
        body |= {"createdAt": times.text(record.created_at), "modifiedAt": times.text(record.changed_at)}
    return body


def narrowed(document: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    """The document with those entries of `information` only that were asked about (5.10.2.5)."""
    return document | {"information": [document["information"][place] for place in places]}


def _information(one: dict[str, Any], context: Context) -> dict[str, Any]:
    shown: dict[str, Any] = {name: [context.compact(own) for own in one[name]] for name in NAMES if name in one}
    if "entities" not in one:
        return shown
    return {"entities": [_entity(entity, context) for entity in one["entities"]]} | shown


def _entity(one: dict[str, Any], context: Context) -> dict[str, Any]:
    names = [context.compact(name) for name in one["type"]]
    return one | {"type": names[0] if len(names) == 1 else names}


def _counted(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if record.status:
        found["status"] = record.status
    if record.times_sent:
        found |= {"timesSent": record.times_sent, "timesFailed": record.times_failed}
    moments = {"lastSuccess": record.last_success, "lastFailure": record.last_failure}
    return found | {name: times.text(moment) for name, moment in moments.items() if moment is not None}
