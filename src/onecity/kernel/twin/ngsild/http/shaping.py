"""How an answer is to look, from the parameters of the request (6.3.7, 6.3.11, 4.15, 4.21, 4.5.23)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.http.negotiation import GEO_JSON
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.shape import DEFAULT_INSTANCE, LOCATION, Format, Shape
from onecity.kernel.twin.ngsild.query.language import Projection
from onecity.kernel.twin.ngsild.query.parsing import parse_names, parse_projection

FORMATS: Mapping[str, Format] = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "simplified",
    "keyValues": "simplified",
}
MAX_JOIN_LEVEL = 8


@dataclass(frozen=True, slots=True)
class Join:
    """How linked entities are brought along (4.5.23): `how` is "", flat or inline."""

    how: str = ""
    level: int = 0
    contained: frozenset[str] = frozenset()
    pick: Projection | None = None
    omit: Projection | None = None


def shape(request: Request, parameters: Mapping[str, Any], context: Context) -> Shape:
    """The shape of the answer; raises Problem 400 where a parameter is wrong."""
    options = frozenset(request.words("options"))
    geometry = str(parameters.get("geometryProperty") or "")
    geojson = request.media == GEO_JSON
    if geometry and not geojson:
        raise problems.bad_request(_("geometryProperty belongs to answers in application/geo+json."))
    pick, omit = projections(parameters, context)
    attrs = str(parameters.get("attrs") or "")
    datasets = tuple(word.strip() for word in str(parameters.get("datasetId") or "").split(",") if word.strip())
    for dataset in datasets:
        if dataset != DEFAULT_INSTANCE:
            require_uri(dataset, "datasetId")
    return Shape(
        format=_format(request, options),
        sys_attrs="sysAttrs" in options,
        pick=None if pick is None else pick.names,
        omit=() if omit is None else omit.dropped,
        attrs=parse_names(attrs, context) if attrs else None,
        lang=str(parameters["lang"]) if parameters.get("lang") else None,
        dataset_ids=datasets or None,
        geojson=geojson,
        geometry_property=context.expand(geometry) if geometry else LOCATION,
    )


def projections(parameters: Mapping[str, Any], context: Context) -> tuple[Projection | None, Projection | None]:
    """What pick and omit say; raises Problem 400 where they say it of the same member, or beside attrs (4.21)."""
    texts = str(parameters.get("pick") or ""), str(parameters.get("omit") or "")
    if any(texts) and parameters.get("attrs"):
        raise problems.bad_request(_("Give attrs, or pick and omit."), "attrs")
    pick = parse_projection(texts[0], context) if texts[0] else None
    omit = parse_projection(texts[1], context, parameter="omit") if texts[1] else None
    if pick is not None and omit is not None and not pick.names.isdisjoint(omit.dropped):
        raise problems.bad_request(_("pick and omit name the same member."), "omit")
    return pick, omit


def join(parameters: Mapping[str, Any], context: Context, depth_of_q: int) -> Join:
    """How linked entities are to come along; raises Problem 400 where pick, omit or q reach further (5.7.2.4)."""
    how = str(parameters.get("join") or "@none")
    if how not in {"flat", "inline", "@none"}:
        raise problems.bad_request(_("join is flat, inline or @none."))
    given = str(parameters.get("joinLevel") or "1")
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= MAX_JOIN_LEVEL):
        raise problems.bad_request(_("joinLevel is a whole number from 1 to {most}.", most=MAX_JOIN_LEVEL))
    level = 0 if how == "@none" else int(given)
    pick, omit = projections(parameters, context)
    deepest = max(depth_of_q, *(0 if one is None else one.depth() for one in (pick, omit)))
    if deepest > level:
        raise problems.bad_request(
            _("pick, omit or q reach over {depth} relationships; give join and joinLevel={depth}.", depth=deepest)
        )
    contained = str(parameters.get("containedBy") or "")
    ids = frozenset(require_uri(one.strip(), "containedBy") for one in contained.split(",") if one.strip())
    return Join("" if how == "@none" else how, level, ids, pick, omit)


def _format(request: Request, options: frozenset[str]) -> Format:
    given = request.query.get("format")
    if given is not None:
        if given not in FORMATS:
            raise problems.invalid_request(_("format is normalized, concise or simplified."))
        return FORMATS[given]
    for word in request.words("options"):
        if word in FORMATS and word in options:
            return FORMATS[word]
    return "normalized"
