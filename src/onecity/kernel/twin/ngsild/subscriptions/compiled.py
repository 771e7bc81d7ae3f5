"""A subscription made ready for matching and telling: its conditions as selections, its shape, its endpoint."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.http.shaping import Join
from onecity.kernel.twin.ngsild.model.downgrading import Version
from onecity.kernel.twin.ngsild.model.shape import Format, Shape
from onecity.kernel.twin.ngsild.query.language import Projection
from onecity.kernel.twin.ngsild.query.parsing import (
    parse_geo,
    parse_id_pattern,
    parse_projection,
    parse_q,
    parse_scope,
    parse_types,
)
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.subscriptions.endpoints import GEO_JSON, Endpoint, read_endpoint
from onecity.kernel.twin.ngsild.temporal.span import read_span

FORMATS: Final[Mapping[str, Format]] = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "simplified",
    "keyValues": "simplified",
}
DEFAULT_TRIGGERS: Final = ("attributeCreated", "attributeUpdated")
OF_ENTITY_UPDATED: Final = frozenset({"attributeCreated", "attributeUpdated", "attributeDeleted"})
CONDITIONS: Final = ("entities", "q", "geoQ", "scopeQ", "expandValues", "jsonKeys")
ANYTHING: Final = ({"type": "*"},)


@dataclass(frozen=True, slots=True)
class View:
    """How entities are shown in a notification. `key` is equal for equal views, which are made once for each change."""

    key: bytes
    shape: Shape
    join: Join
    show_changes: bool
    version: Version | None
    context: Context
    link: str


@dataclass(slots=True)
class Compiled:
    """One active subscription. `key` is equal for equal conditions; it tells of changes from `since` on, before `until`.

    `names`: with `watched`, an attribute of which a change must touch; empty: any. `of_sources`: it tells of registrations;
    `split`: of entities that may be split among sources, which are looked at as a whole. `snapshot`: the one in whose space
    (`tenant`) it is, "" where in none; `home`: the tenant as clients know it.
    """

    id: UUID
    urn: str
    tenant: str
    account_id: UUID | None
    seen: tuple[str, ...]
    division: str
    selections: tuple[Selection, ...]
    key: bytes
    watched: frozenset[str]
    triggers: frozenset[str]
    view: View
    endpoint: Endpoint
    since: dt.datetime
    until: dt.datetime | None
    interval: float | None = None
    throttling: float | None = None
    made_at: dt.datetime | None = None
    next_at: dt.datetime | None = None
    of_sources: bool = False
    split: bool = False
    home: str = ""
    snapshot: str = ""

    def live(self, moment: dt.datetime) -> bool:
        """Whether it has not expired."""
        return self.until is None or moment < self.until


def triggers(document: Mapping[str, Any]) -> frozenset[str]:
    """What sets the subscription off, `entityUpdated` resolved (5.2.12)."""
    found = frozenset(document.get("notificationTrigger", DEFAULT_TRIGGERS))
    return (found - {"entityUpdated"}) | OF_ENTITY_UPDATED if "entityUpdated" in found else found


def selections(document: Mapping[str, Any], context: Context) -> tuple[Selection, ...]:
    """The conditions as alternatives, one for each entry of `entities`; `context` is that of `q`. Raises Problem 400."""
    lists = [_list(document.get(name, "")) for name in ("expandValues", "jsonKeys")]
    text, scope, geo = document.get("q"), document.get("scopeQ"), document.get("geoQ")
    q = parse_q(text, context, expand_values=lists[0], json_keys=lists[1]) if text else None
    if document.get("csf"):
        parse_q(document["csf"], context, parameter="csf")
    place = (
        None
        if geo is None
        else parse_geo(
            geo.get("georel", ""), geo.get("geometry", ""), geo.get("coordinates"), geo.get("geoproperty", ""), CORE
        )
    )
    scopes = parse_scope(scope) if scope else None
    return tuple(
        Selection(
            ids=(ids,) if isinstance(ids := selector.get("id", ()), str) else tuple(ids),
            id_pattern=parse_id_pattern(selector["idPattern"]) if "idPattern" in selector and not ids else None,
            types=parse_types(selector["type"], CORE),
            q=q,
            geo=place,
            scope=scopes,
        )
        for selector in document.get("entities", ANYTHING)
    )


def view(document: Mapping[str, Any], context: Context, endpoint: Endpoint) -> View:
    """How entities are to look (5.2.14.1); `context` is the one that notifications are written in. Raises Problem 400."""
    wanted = document["notification"]
    pick, omit = _projection(wanted, "pick"), _projection(wanted, "omit")
    datasets = document.get("datasetId")
    shape = Shape(
        format=FORMATS[wanted.get("format", "normalized")],
        sys_attrs=wanted.get("sysAttrs", False),
        pick=None if pick is None else pick.names,
        omit=() if omit is None else omit.names,
        attrs=tuple(wanted["attributes"]) if "attributes" in wanted else None,
        lang=document.get("lang"),
        dataset_ids=None if datasets is None else tuple(datasets),
        geojson=endpoint.accept == GEO_JSON,
    )
    how = wanted.get("join", "@none")
    join = Join(
        "" if how == "@none" else how, wanted.get("joinLevel", 1) if how != "@none" else 0, frozenset(), pick, omit
    )
    version = document.get("ngsildConformance")
    link = document.get("jsonldContext", context.link)
    told = {name: value for name, value in wanted.items() if name != "endpoint"}
    key = (told, document.get("lang"), datasets, version, link, endpoint.accept, endpoint.plain_body)
    return View(
        msgspec.json.encode(key),
        shape,
        join,
        wanted.get("showChanges", False),
        None if version is None else _version(version),
        context,
        link,
    )


def check(document: Mapping[str, Any], context: Context) -> None:
    """Raises Problem 400 where a condition or a projection is not well formed."""
    selections(document, context)
    if "temporalQ" in document:
        read_span(document["temporalQ"], required=True)
    view(document, context, read_endpoint(document["notification"]["endpoint"]))


def conditions(document: Mapping[str, Any], source: object) -> bytes:
    """What is equal for subscriptions that the same entities match."""
    return msgspec.json.encode(([document.get(name) for name in CONDITIONS], source if document.get("q") else None))


def _projection(wanted: Mapping[str, Any], name: str) -> Projection | None:
    return parse_projection(",".join(wanted[name]), CORE, parameter=name) if name in wanted else None


def _version(text: str) -> Version:
    major, _dot, minor = text.partition(".")
    return int(major), int(minor)


def _list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
