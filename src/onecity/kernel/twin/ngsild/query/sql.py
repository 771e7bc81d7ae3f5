"""A selection as a condition of PostgreSQL over `twin_entity e`: parameters only, never text of the user in the statement.

Columns it relies on: `urn` (collation "C"), `types text[]`, `scopes text[]`, `attributes jsonb` (stored form), `extent box`
(around all instances of `location`), `created_at`, `changed_at`, `expires_at`, `tenant`, `id`.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapely import Point

from onecity.kernel.core.geometry import EARTH_RADIUS_M
from onecity.kernel.twin.ngsild.query.geometry import SPHERE_ERROR, boxes_around
from onecity.kernel.twin.ngsild.query.language import LOCATION, GeoQuery, ScopeExpr, ScopePattern, Term, TypeExpr
from onecity.kernel.twin.ngsild.query.q_sql import Builder, q_condition
from onecity.kernel.twin.ngsild.query.selection import Selection

Prefilter = Callable[[Term, str], tuple[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Near:
    """A condition on place in two: what the index over `extent` and the columns beside it answers alone, and what is left.

    `walked` is the whole condition for areas that hold very much: it keeps that index away.
    """

    sql: str
    params: list[Any]
    left: str
    left_params: list[Any]
    walked: str


@dataclass(frozen=True, slots=True)
class Where:
    """A condition with `%s` for each of `params`.

    `exact` False: it selects candidates, refine them with `matching.matches`. `rest` is then the part that SQL has not decided,
    which is less work and needs linked entities only where they are measured; it holds for candidates of this one condition.
    """

    sql: str
    params: list[Any]
    exact: bool
    rest: Selection | None = None
    near: Near | None = None


def compile(  # noqa: A001 - the name of the contract: sql.compile(selection)
    selection: Selection,
    series_attributes: Collection[str] | Mapping[str, Sequence[str]] = (),
    *,
    prefilter: Prefilter | None = None,
) -> Where:
    """Return the condition of a selection.

    `series_attributes` are the stored names under which telemetry series are shown, with the series' own names where they
    differ. `prefilter` (see `indexing`) writes an extra condition that an existing expression index serves.
    """
    series = (
        series_attributes if isinstance(series_attributes, Mapping) else {name: (name,) for name in series_attributes}
    )
    builder = Builder(series, prefilter)
    q_rest = None
    boxes = [] if selection.geo is None else _boxes(selection.geo)
    parts = _ids_and_types(selection, builder)
    if selection.geo is not None and boxes:
        parts.append(_inside(selection.geo, boxes, builder))
    indexed = len(parts), len(builder.params)
    if selection.attrs:
        parts.append(_attrs(selection.attrs, builder))
    if selection.scope is not None:
        parts.append(_scopes(selection.scope, builder))
    if selection.geo is not None and not boxes:
        parts.append(_anywhere(selection.geo, builder))
    if selection.q is not None:
        decided = builder.exact
        builder.exact = True
        parts.append(q_condition(selection.q, builder))
        q_rest = None if builder.exact else selection.q
        builder.exact = builder.exact and decided
    rest = None if builder.exact else Selection(geo=selection.geo, q=q_rest)
    near = _near(parts, builder.params, *indexed) if boxes else None
    return Where(_all(parts), builder.params, builder.exact, rest, near)


def _all(parts: Sequence[str]) -> str:
    return " AND ".join(parts) or "TRUE"


def _near(parts: Sequence[str], params: list[Any], first: int, of_first: int) -> Near:
    walked = _all(parts).replace("e.extent &&", "e.extent + point '(0,0)' &&")
    return Near(_all(parts[:first]), params[:of_first], _all(parts[first:]), params[of_first:], walked)


def _ids_and_types(selection: Selection, builder: Builder) -> list[str]:
    parts: list[str] = []
    if selection.ids:
        builder.add(list(dict.fromkeys(selection.ids)))
        parts.append("e.urn = ANY (%s::text[])")
    if selection.types is not None:
        parts.append(_types(selection.types, builder))
    if selection.id_pattern is not None:
        builder.add(selection.id_pattern.sql)
        parts.append("e.urn ~ %s")
    return parts


def _types(expression: TypeExpr, builder: Builder) -> str:
    """Return the condition on types, written for the index over the first type and the one over rows with several types."""
    single = list(dict.fromkeys(group[0] for group in expression.any_of if len(group) == 1))
    found: list[str] = []
    if single:
        builder.add(single, single)
        found = ["e.types[1] = ANY (%s::text[])", "(cardinality(e.types) > 1 AND e.types && %s::text[])"]
    for group in expression.any_of:
        if len(group) > 1:
            builder.add(list(group))
            found.append("(cardinality(e.types) > 1 AND e.types @> %s::text[])")
    return f"({' OR '.join(found)})"


def _attrs(names: tuple[str, ...], builder: Builder) -> str:
    builder.add(list(names))
    shown = [series for name in names for series in builder.series.get(name, ())]
    if not shown:
        return "e.attributes ?| %s::text[]"
    builder.add(shown)
    return (
        "(e.attributes ?| %s::text[] OR EXISTS (SELECT 1 FROM telemetry_series s JOIN telemetry_latest l ON l.series_id = s.id"
        " WHERE s.entity_id = e.id AND s.attribute = ANY (%s::text[])))"
    )


def _scopes(expression: ScopeExpr, builder: Builder) -> str:
    groups = ["(" + " AND ".join([_scope(pattern, builder) for pattern in group]) + ")" for group in expression.any_of]
    return f"({' OR '.join(groups)})"


def _scope(pattern: ScopePattern, builder: Builder) -> str:
    if not pattern.levels:
        return "cardinality(e.scopes) > 0"
    if "+" not in pattern.levels and not pattern.below:
        plain = "/".join(pattern.levels)
        builder.add([plain, f"/{plain}"])
        return "e.scopes && %s::text[]"
    levels = "/".join(
        "[^/]+" if level == "+" else level for level in pattern.levels
    )  # levels hold letters, digits and _
    builder.add(f"^/?{levels}{'(/.*)?' if pattern.below else ''}$")
    return "EXISTS (SELECT 1 FROM unnest(e.scopes) scope WHERE scope ~ %s)"


# a location that is one point has a corner of its rectangle there
POINT = "(e.extent[0])[0] = (e.extent[1])[0] AND (e.extent[0])[1] = (e.extent[1])[1]"
# half the versed sine of the angle to a longitude and a latitude: the haversine
ANGLE = "(1 - cosd((e.extent[0])[1] - %s)) / 2 + %s * cosd((e.extent[0])[1]) * (1 - cosd((e.extent[0])[0] - %s)) / 2"
# of the haversine, where the difference of two numbers near 1 is lost
ROUNDING = 1e-15


def _boxes(query: GeoQuery) -> list[str]:
    """Return the boxes, as PostgreSQL's text, of which a matching location meets one; none where any location may match."""
    if query.geoproperty != LOCATION or query.relation == "disjoint" or query.min_distance is not None:
        return []
    boxes = boxes_around(query.geometry, query.max_distance or 0.0)
    return [f"({east!r},{north!r}),({west!r},{south!r})" for west, south, east, north in boxes]


def _inside(query: GeoQuery, boxes: Sequence[str], builder: Builder) -> str:
    """Return candidates that meet one of the boxes and, round a point, do not lie in their corners; `geo_matching` decides."""
    builder.exact = False
    builder.add(*boxes)
    condition = "(" + " OR ".join(["e.extent && %s::box"] * len(boxes)) + ")"
    if query.max_distance is None or not isinstance(query.geometry, Point) or query.geometry.is_empty:
        return condition
    lon, lat = query.geometry.x, query.geometry.y
    angle = min(query.max_distance * (1 + SPHERE_ERROR) / EARTH_RADIUS_M, math.pi)
    builder.add(lat, math.cos(math.radians(lat)), lon, (1 - math.cos(angle)) / 2 + ROUNDING)
    return f"{condition} AND (NOT ({POINT}) OR {ANGLE} <= %s)"


def _anywhere(query: GeoQuery, builder: Builder) -> str:
    """Return candidates of a geo-query that no box bounds."""
    builder.exact = False
    if query.geoproperty != LOCATION:
        builder.add(query.geoproperty)
        return "e.attributes ? %s"
    return "e.extent IS NOT NULL"
