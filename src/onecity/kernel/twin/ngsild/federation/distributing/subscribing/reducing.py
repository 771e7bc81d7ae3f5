"""The part of a subscription that a source is to follow for us: what its registration speaks of; pure (5.8.1.4)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, NOTHING, Names, only
from onecity.kernel.twin.ngsild.federation.registration import EntityInfo, Information, Registration
from onecity.kernel.twin.ngsild.query.parsing import parse_types
from onecity.kernel.twin.ngsild.query.patterns import pattern

Document = dict[str, Any]
Selector = dict[str, Any]
# members that mean at the source what they mean here; names, format and receiver are ours
KEPT: Final = ("notificationTrigger", "timeInterval", "throttling", "datasetId", "expiresAt", "isActive")
CONDITIONS: Final = ("q", "expandValues", "jsonKeys", "geoQ", "scopeQ")
ANY_TYPE: Final = "*"


def reduced(document: Mapping[str, Any], registration: Registration) -> Document | None:
    """The subscription as the source is to have it, under stored names; None where it has nothing to do with it.

    It tells whole entities with the system's times: here they are put together, filtered and shown as the subscriber wants
    them. Where an entity may be split among sources, conditions are left to us, who know all of it.
    """
    selectors, names = _matched(document, registration)
    if not names or (selectors is not None and not selectors):
        return None
    watched = _watched(document, names)
    if watched is not None and not watched:
        return None
    result: Document = {name: document[name] for name in KEPT if name in document}
    if document.get("splitEntities") is not True:
        result |= {name: document[name] for name in CONDITIONS if name in document}
    if selectors is not None:
        result["entities"] = selectors
    if watched is not None:
        result["watchedAttributes"] = watched
    if registration.local_only:
        result["localOnly"] = True
    result["notification"] = {"format": "normalized", "sysAttrs": True}
    if document["notification"].get("showChanges") is True:
        result["notification"]["showChanges"] = True
    return result if "entities" in result or "watchedAttributes" in result else None


def _matched(document: Mapping[str, Any], registration: Registration) -> tuple[list[Selector] | None, Names]:
    """The entities (None: of any kind) and attributes that subscription and registration have in common."""
    found: list[Selector] = []
    names, anything = NOTHING, False
    for information in registration.information:
        common = list(_selectors(document, information))
        everywhere = not information.entities and "entities" not in document
        if common or everywhere:
            own = information.properties | information.relationships
            names |= only(own) if own else EVERYTHING
        anything = anything or everywhere
        found += [one for one in common if one not in found]
    return None if anything else found, names


def _selectors(document: Mapping[str, Any], information: Information) -> Iterator[Selector]:
    offered = information.entities or (EntityInfo(),)
    if "entities" not in document:
        yield from (_of(info) for info in information.entities)
        return
    for given in document["entities"]:
        if given["type"] != ANY_TYPE:  # which is always local
            yield from (common for info in offered if (common := _common(given, info)) is not None)


def _of(info: EntityInfo) -> Selector:
    found: Selector = {"type": ",".join(info.types) or ANY_TYPE}
    if info.id is not None:
        found["id"] = info.id
    elif info.id_pattern is not None:
        found["idPattern"] = info.id_pattern
    return found


def _common(given: Selector, info: EntityInfo) -> Selector | None:
    """The entities that a selector and an entry of a registration have in common; None for none."""
    expression = parse_types(given["type"], CORE)
    groups = () if expression is None else expression.any_of
    if info.types:
        groups = tuple(group for group in groups if not set(group).isdisjoint(info.types))
    if not groups:
        return None
    found: Selector = {"type": ",".join(group[0] if len(group) == 1 else f"({';'.join(group)})" for group in groups)}
    ids = given.get("id", [])
    wanted = [ids] if isinstance(ids, str) else list(ids)
    if wanted:
        meant = [urn for urn in wanted if _is_of(info, urn)]
        return found | {"id": meant[0] if len(meant) == 1 else meant} if meant else None
    if info.id is not None:
        fits = "idPattern" not in given or pattern(given["idPattern"], "idPattern").search(info.id)
        return found | {"id": info.id} if fits else None
    chosen = given.get("idPattern", info.id_pattern)
    return found if chosen is None else found | {"idPattern": chosen}


def _is_of(info: EntityInfo, urn: str) -> bool:
    if info.id is not None:
        return info.id == urn
    return info.id_pattern is None or bool(pattern(info.id_pattern, "idPattern").search(urn))


def _watched(document: Mapping[str, Any], names: Names) -> list[str] | None:
    """The attributes that are to be watched there; None for all, empty where none of them is there."""
    if "watchedAttributes" in document:
        return [name for name in document["watchedAttributes"] if name in names]
    if names.inverted or "timeInterval" in document:
        return None
    return sorted(names.listed)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Document:
    """The fragment that makes one document of the other (5.5.8): members that went are null."""
    return {**after, **{name: None for name in before if name not in after}}
