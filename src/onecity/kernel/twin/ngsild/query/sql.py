"""A selection as a condition of PostgreSQL over `twin_entity e`: parameters only, never text of the user in the statement.

Columns it relies on: `urn` (collation "C"), `types text[]`, `scopes text[]`, `attributes jsonb` (stored form), `extent box`
(around all instances of `location`), `created_at`, `changed_at`, `expires_at`, `tenant`, `id`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onecity.kernel.twin.ngsild.query.geometry import boxes_around
from onecity.kernel.twin.ngsild.query.language import LOCATION, GeoQuery, ScopeExpr, ScopePattern, Term, TypeExpr
from onecity.kernel.twin.ngsild.query.q_sql import Builder, q_condition
from onecity.kernel.twin.ngsild.query.selection import Selection

Prefilter = Callable[[Term, str], tuple[str, list[Any]]]


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


def compile(  # noqa: A001 - the name of the contract: sql.compile(selection)
    selection: Selection,
    series_attributes: Collection[str] | Mapping[str, Sequence[str]] = (),
    *,
    prefilter: Prefilter | None = None,
    first_type: str | None = None,
) -> Where:
    """Return the condition of a selection.

    `series_attributes` are the stored names under which telemetry series are shown, with the series' own names where they
    differ. `prefilter` (see `indexing`) writes an extra condition that an existing expression index serves.
    `first_type` asks for the entities whose first type it is, in place of the selection's types; candidates of a geo-query are
    then looked up in the index over TYPED_EXTENT, which must be there.
    """
    series = (
        series_attributes if isinstance(series_attributes, Mapping) else {name: (name,) for name in series_attributes}
    )
    builder = Builder(series, prefilter)
    q_rest = None
    parts = _ids_and_types(selection, first_type, builder)
    if selection.id_pattern is not None:
        builder.add(selection.id_pattern.sql)
        parts.append("e.urn ~ %s")
    if selection.attrs:
        parts.append(_attrs(selection.attrs, builder))
    if selection.scope is not None:
        parts.append(_scopes(selection.scope, builder))
    if selection.geo is not None:
        parts.append(_geo(selection.geo, first_type, builder))
    if selection.q is not None:
        decided = builder.exact
        builder.exact = True
        parts.append(q_condition(selection.q, builder))
        q_rest = None if builder.exact else selection.q
        builder.exact = builder.exact and decided
    rest = None if builder.exact else Selection(geo=selection.geo, q=q_rest)
    return Where(" AND ".join(parts) or "TRUE", builder.params, builder.exact, rest)


def _ids_and_types(selection: Selection, first_type: str | None, builder: Builder) -> list[str]:
    parts: list[str] = []
    if selection.ids:
        builder.add(list(dict.fromkeys(selection.ids)))
        parts.append("e.urn = ANY (%s::text[])")
    if first_type is not None:
        builder.add(first_type)
        parts.append("e.types[1] = %s")
    elif selection.types is not None:
        parts.append(_types(selection.types, builder))
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


# An R-tree knows no types: in the index over this expression each first type has a map of its own, beside the others.
# CREATE INDEX … ON twin_entity USING gist ((extent + point((hashtext(types[1]) & 4095) * 1000.0, 0)))
TYPED_EXTENT = "({alias}extent + point((hashtext({alias}types[1]) & 4095) * 1000.0, 0))"


def _boxes(query: GeoQuery) -> list[str]:
    """Return the boxes, as PostgreSQL's text, of which a matching location meets one; none where any location may match."""
    if query.geoproperty != LOCATION or query.relation == "disjoint" or query.min_distance is not None:
        return []
    boxes = boxes_around(query.geometry, query.max_distance or 0.0)
    return [f"({east!r},{north!r}),({west!r},{south!r})" for west, south, east, north in boxes]


def _geo(query: GeoQuery, first_type: str | None, builder: Builder) -> str:
    """Return candidates of a geo-query; `geo_matching` decides."""
    builder.exact = False
    if query.geoproperty != LOCATION:
        builder.add(query.geoproperty)
        return "e.attributes ? %s"
    boxes = _boxes(query)
    if not boxes:
        return "e.extent IS NOT NULL"
    condition, values = "e.extent && %s::box", list[Any](boxes)
    if first_type is not None:
        condition = f"{TYPED_EXTENT.format(alias='e.')} && (%s::box + point((hashtext(%s) & 4095) * 1000.0, 0))"
        values = [value for box in boxes for value in (box, first_type)]
    builder.add(*values)
    return "(" + " OR ".join([condition] * len(boxes)) + ")"
