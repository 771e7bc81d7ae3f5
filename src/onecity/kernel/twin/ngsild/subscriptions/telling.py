"""What a notification says of an entity (5.8.6): its shape, what was deleted, what it was before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from onecity.kernel.twin.ngsild.model.downgrading import downgraded
from onecity.kernel.twin.ngsild.model.kinds import NULL, PREVIOUS_MEMBER, VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.representing import represent, with_previous
from onecity.kernel.twin.ngsild.model.shape import Shape
from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity
from onecity.kernel.twin.ngsild.subscriptions.compiled import View
from onecity.kernel.twin.ngsild.subscriptions.endpoints import GEO_JSON, LD_JSON, Endpoint
from onecity.kernel.twin.ngsild.subscriptions.events import MEMBERS, Event

Body = dict[str, Any]
encode = msgspec.json.Encoder().encode
# how the value of a deleted attribute is written where NGSI-LD Null alone would not do
NULLS: Final[Mapping[str, Any]] = {"languageMap": {"@none": NULL}, "objectList": [NULL]}


def changed(event: Event, entity: StoredEntity, view: View) -> tuple[StoredEntity, list[str]]:
    """The entity as it is to be shown after a change, and the attributes of which only NGSI-LD Null is shown."""
    attributes = dict(entity.attributes)
    bare: list[str] = []
    for name in event.changes:
        if name in MEMBERS:
            continue
        before = {one.get("datasetId"): one for one in event.previous.get(name) or ()}
        kept = attributes.get(name, [])
        gone = [one for dataset, one in before.items() if all(dataset != other.get("datasetId") for other in kept)]
        if view.show_changes:
            kept = [_with_previous(one, before.get(one.get("datasetId"))) for one in kept]
        if gone and not kept and len(gone) == 1 and "datasetId" not in gone[0] and not _detailed(view):
            bare.append(name)
        elif gone or view.show_changes:
            attributes[name] = [*kept, *(_deleted(one, event.at_text, view) for one in gone)]
    return replace(entity, attributes=attributes), [name for name in bare if _chosen(name, view.shape)]


def bared(entity: StoredEntity, view: View, gone: Callable[[Instance], bool]) -> tuple[StoredEntity, list[str]]:
    """An entity that another broker told of without attributes of which only NGSI-LD Null is shown, and their names."""
    if _detailed(view):
        return entity, []
    lost = [name for name, found in entity.attributes.items() if len(found) == 1 and gone(found[0])]
    bare = [name for name in lost if "datasetId" not in entity.attributes[name][0]]
    kept = {name: found for name, found in entity.attributes.items() if name not in bare}
    return replace(entity, attributes=kept), [name for name in bare if _chosen(name, view.shape)]


def _detailed(view: View) -> bool:
    """Whether a deleted attribute is an object: in the normalized form, of which its kind is part (4.5.2), always."""
    return view.shape.sys_attrs or view.show_changes or view.shape.format == "normalized"


def _with_previous(instance: Instance, before: Instance | None) -> Instance:
    """The instance with its value before, where that was another one."""
    if before is None or instance is before:
        return instance
    return with_previous(instance, before)


def _deleted(instance: Instance, at: str, view: View) -> Instance:
    member = VALUE_MEMBER.get(instance["type"], "value")
    found: Instance = {"type": instance["type"], member: NULLS.get(member, NULL)}
    found |= {name: instance[name] for name in ("datasetId", "createdAt") if name in instance}
    found |= {"modifiedAt": at, "deletedAt": at}
    if view.show_changes and member in instance:
        found[PREVIOUS_MEMBER[member]] = instance[member]
    return found


def _chosen(name: str, shape: Shape) -> bool:
    if shape.pick is not None and name not in shape.pick:
        return False
    return name not in shape.omit and (shape.attrs is None or name in shape.attrs)


def of_change(event: Event, entity: StoredEntity, view: View) -> Body:
    """What is told of an entity that was created or changed."""
    shown, bare = changed(event, entity, view)
    return finished(represent(shown, view.context, view.shape), view, bare)


def of_deletion(event: Event, before: StoredEntity, view: View, names: frozenset[str]) -> Body:
    """What is told of an entity that was deleted: that it was, when, and what it was where changes are to be shown.

    `names`: attributes whose deletion was waited for, told of in any case.
    """
    attributes = {
        name: [_deleted(one, event.at_text, view) for one in instances]
        for name, instances in before.attributes.items()
        if view.show_changes or name in names
    }
    body = represent(replace(before, attributes=attributes, expires_at=None), view.context, view.shape)
    inner = body["properties"] if view.shape.geojson else body
    inner.pop("scope", None)
    inner["deletedAt"] = event.at_text
    return finished(body, view, ())


def finished(body: Body, view: View, bare: Sequence[str] = ()) -> Body:
    """The represented entity with what only notifications have, in the version that is asked for."""
    if bare:
        inner = body["properties"] if view.shape.geojson else body
        inner.update({view.context.compact(name): NULL for name in bare})
    return body if view.version is None else downgraded(body, view.version)


def data(bodies: Sequence[Body], view: View, endpoint: Endpoint) -> str:
    """The member `data` of the notification (5.3.1), as JSON."""
    if endpoint.accept == GEO_JSON:
        collection: Body = {"type": "FeatureCollection", "features": list(bodies)}
        if not endpoint.plain_body:
            collection["@context"] = view.link
        return encode(collection).decode()
    if endpoint.accept == LD_JSON:
        bodies = [body | {"@context": view.link} for body in bodies]
    return encode(bodies).decode()


def message(identifier: str, subscription: str, at: str, payload: str, *, context: str | None = None) -> bytes:
    """The whole notification (5.3.1); `context` where it brings its own."""
    found: dict[str, Any] = {
        "id": identifier,
        "type": "Notification",
        "subscriptionId": subscription,
        "notifiedAt": at,
        "data": msgspec.Raw(payload.encode()),
    }
    if context is not None:
        found["@context"] = context
    return encode(found)


def sources(bodies: Sequence[Body], reason: str) -> str:
    """What `source_message` tells: registrations and why they are told of (5.3.3), as JSON."""
    return encode({"data": list(bodies), "triggerReason": reason}).decode()


def source_message(identifier: str, subscription: str, at: str, payload: str, *, context: str | None = None) -> bytes:
    """The whole notification of registrations (5.3.2); `payload` is what `sources` made."""
    found: dict[str, Any] = {
        "id": identifier,
        "type": "ContextSourceNotification",
        "subscriptionId": subscription,
        "notifiedAt": at,
    }
    found |= msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    if context is not None:
        found["@context"] = context
    return encode(found)
