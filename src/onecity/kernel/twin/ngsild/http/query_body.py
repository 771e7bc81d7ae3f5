"""The body of a query by POST (5.2.23) as the parameters that the same query by GET has."""

from collections.abc import Mapping
from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model import problems

TEXTS = ("q", "scopeQ", "csf", "lang", "join", "expandValues", "jsonKeys", "entityMapLifetime")
LISTS = ("attrs", "pick", "omit", "containedBy", "datasetId")
GEO = ("georel", "geometry", "geoproperty")
FLAGS = ("entityMap", "splitEntities")
SELECTOR = frozenset({"id", "idPattern", "type"})


def parameters(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The parameters; raises Problem 400 where the body is no Query."""
    del context
    if body.get("type") != "Query":
        raise problems.bad_request(_("The body of a query has the type “Query”."), "type")
    found: dict[str, Any] = {name: _text(body, name) for name in TEXTS if name in body}
    found |= {name: ",".join(_words(body, name)) for name in LISTS if name in body}
    found |= {name: str(_flag(body, name)).lower() for name in FLAGS if name in body}
    if "joinLevel" in body:
        level = body["joinLevel"]
        if isinstance(level, bool) or not isinstance(level, int):
            raise problems.bad_request(_("joinLevel must be a whole number."), "joinLevel")
        found["joinLevel"] = str(level)
    if "geoQ" in body:
        geo = _object(body, "geoQ")
        found |= {name: _text(geo, name) for name in GEO if name in geo}
        found["coordinates"] = geo.get("coordinates")
    if "ordering" in body:
        found |= _ordering(_object(body, "ordering"))
    if "entities" in body:
        found |= _selectors(body["entities"])
    return found


def _selectors(given: Any) -> dict[str, Any]:
    """One selector as its parameters, several of them as alternatives."""
    if not isinstance(given, list) or not given:
        raise problems.bad_request(_("entities is a list of selectors that is not empty."), "entities")
    selectors = []
    for one in given:
        if not isinstance(one, dict) or not one or not SELECTOR.issuperset(one):
            raise problems.bad_request(_("A selector of entities has the members id, idPattern and type."), "entities")
        ids = one.get("id")
        joined = ",".join(_words(one, "id")) if isinstance(ids, list) else _text(one, "id") if "id" in one else ""
        texts = {name: _text(one, name) for name in ("idPattern", "type") if name in one}
        # an id takes precedence over a pattern (5.2.33)
        selectors.append({"id": joined} | texts | ({"idPattern": ""} if joined else {}))
    return selectors[0] if len(selectors) == 1 else {"selectors": selectors}


def _ordering(ordering: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "orderBy" in ordering:
        by = ordering["orderBy"]
        found["orderBy"] = by if isinstance(by, str) else ",".join(_words(ordering, "orderBy"))
    if "collation" in ordering:
        found["collation"] = _text(ordering, "collation")
    if "geometry" in ordering:
        found["orderGeometry"] = _text(ordering, "geometry")
    if "coordinates" in ordering:
        found["orderFrom"] = ordering["coordinates"]
    return found


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        raise problems.bad_request(_("{name} must be a text.", name=name), name)
    return value


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body[name]
    if not isinstance(value, bool):
        raise problems.bad_request(_("{name} must be true or false.", name=name), name)
    return value


def _words(body: Mapping[str, Any], name: str) -> list[str]:
    value = body[name]
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
        raise problems.bad_request(_("{name} must be a list of texts that is not empty.", name=name), name)
    return value


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body[name]
    if not isinstance(value, dict):
        raise problems.bad_request(_("{name} must be an object.", name=name), name)
    return value
