"""A query in the words of a source, narrowed to what its registration speaks of (4.3.6.1, 5.7.2.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import calls, planning, wording
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.response import encode
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.query.selection import Selection

# conditions that hold wherever the names are the same, and the members of a geo-query
CONDITIONS: Final = ("q", "expandValues", "jsonKeys")
GEO: Final = ("georel", "geometry", "coordinates")
# members of the body of a query by POST that are texts or lists (5.2.23)
TEXTS: Final = (*CONDITIONS, "scopeQ")
SELECTOR: Final = ("id", "idPattern", "type")
# ids that an address takes up
MOST_IDS: Final = 20
QUERIES: Final = "/entityOperations/query"


@dataclass(frozen=True, slots=True)
class Asked:
    """One selection with the texts that it was made of; `split`: conditions are checked on the whole entity only."""

    selection: Selection
    parameters: Mapping[str, Any]
    split: bool = False

    @property
    def filtered(self) -> bool:
        """Whether there are conditions that a part of an entity may fail to meet though the whole does."""
        one = self.selection
        return bool(one.q is not None or one.geo is not None or one.scope is not None or one.attrs)

    def candidates(self) -> Selection:
        """Only what a part of an entity can decide: ids and types (5.7.2.4, split entities)."""
        one = self.selection
        return Selection(ids=one.ids, id_pattern=one.id_pattern, types=one.types, dataset_ids=one.dataset_ids)


def speak(
    registration: Registration,
    asked: Asked,
    context: Context,
    page: Mapping[str, str],
    *,
    ids: Sequence[str] = (),
    path: str = "/entities",
    linked: str = "",
    system: bool = True,
) -> Speak:
    """The call for a page; `ids`: instead of those of the selection, and then without any condition.

    `system`: with the times of the system. The words of the client stand in its own order, and what narrows them after.
    """
    parts = ids or _ids(registration, asked.selection)
    names = planning.selects(registration, asked.selection.ids, asked.selection.id_pattern, asked.selection.types, ())

    def made(words: Words) -> Call:
        selection, compact = asked.selection, words.context.compact
        query: dict[str, str] = {}
        types = wording.types(narrowed(registration, selection.types), words.context)
        if types:
            query["type"] = types
        if parts:
            query["id"] = ",".join(parts)
        elif selection.id_pattern is not None:
            query["idPattern"] = selection.id_pattern.source
        attrs = set(names.listed) if not names.inverted else set()
        if not ids and not asked.split:
            query |= _conditions(asked, words, pushed=is_pushed(registration, asked, context))
            if selection.attrs:
                attrs = {name for name in selection.attrs if name in names}
        if attrs:
            query["attrs"] = ",".join(sorted(compact(name) for name in attrs))
        ordered = {name: query[name] for name in asked.parameters if name in query} | query
        whole = ordered | dict(page) | ({"options": "sysAttrs"} if system else {})
        return Call("GET", path, whole, headers={"ngsild-entitymap": linked} if linked else {})

    return made


def posted(call: Call) -> Call:
    """The same query with a body (5.2.23), for sources that are asked so or know nothing else."""
    query = dict(call.query)
    selector: dict[str, Any] = {name: query.pop(name) for name in SELECTOR if name in query}
    if "," in selector.get("id", ""):
        selector["id"] = selector["id"].split(",")
    body: dict[str, Any] = {"type": "Query"} | ({"entities": [selector]} if selector else {})
    if "attrs" in query:
        body["attrs"] = query.pop("attrs").split(",")
    body |= {name: query.pop(name) for name in TEXTS if name in query}
    if GEO[0] in query:
        body["geoQ"] = {name: query.pop(name) for name in (*GEO, "geoproperty") if name in query}
        body["geoQ"]["coordinates"] = msgspec.json.decode(body["geoQ"]["coordinates"])
    return replace(call, method="POST", path=QUERIES, query=query, body=body)


def narrowed(registration: Registration, types: TypeExpr | None) -> TypeExpr | None:
    """The types that are asked of a source: no others than those registered, all of them where none are asked for."""
    offered = [info.types for one in registration.information for info in one.entities]
    if not offered or not all(offered) or any(not one.entities for one in registration.information):
        return types
    known = tuple(dict.fromkeys(name for names in offered for name in names))
    if types is None:
        return TypeExpr(tuple((name,) for name in known))
    return replace(types, any_of=tuple(group for group in types.any_of if not set(group).isdisjoint(known)))


def _ids(registration: Registration, selection: Selection) -> list[str]:
    """The ids that are asked for, as far as the source speaks of them; else those that it is registered with."""
    asked = planning.ids_of(registration, selection.ids)
    return asked if asked or selection.id_pattern is not None else _registered(registration, selection.types)


def _registered(registration: Registration, types: TypeExpr | None) -> list[str]:
    """The ids that a source is registered with for these types; none where it speaks of others too (4.3.6.1)."""
    if not all(one.entities for one in registration.information):
        return []
    names = None if types is None else frozenset(types.names())
    infos = [
        info
        for one in registration.information
        for info in one.entities
        if names is None or not info.types or not names.isdisjoint(info.types)
    ]
    ids = [info.id for info in infos if info.id is not None]
    return list(dict.fromkeys(ids)) if len(ids) == len(infos) <= MOST_IDS else []


def is_pushed(registration: Registration, asked: Asked, context: Context) -> bool:
    """Whether the source applies all conditions: `q` is not translated into other words."""
    return asked.selection.q is None or calls.keeps_words(registration, context)


def _conditions(asked: Asked, words: Words, *, pushed: bool) -> dict[str, str]:
    parameters = asked.parameters
    found = {name: str(parameters[name]) for name in CONDITIONS if pushed and parameters.get(name)}
    if asked.selection.scope is not None:
        found["scopeQ"] = str(parameters["scopeQ"])
    if asked.selection.geo is not None:
        for name in GEO:
            value = parameters[name]
            found[name] = value if isinstance(value, str) else encode(value).decode()
        found["geoproperty"] = words.context.compact(asked.selection.geo.geoproperty)
    return found
