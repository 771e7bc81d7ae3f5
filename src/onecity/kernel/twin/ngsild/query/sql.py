"""A selection as a condition of PostgreSQL over `twin_entity e`: parameters only, never text of the user in the statement.

Columns it relies on: `urn` (collation "C"), `types text[]`, `scopes text[]`, `attributes jsonb` (stored form), `extent box`
(around all instances of `location`), `created_at`, `changed_at`, `expires_at`, `tenant`, `id`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from onecity.kernel.twin.ngsild.query.geometry import boxes_around
from onecity.kernel.twin.ngsild.query.language import LOCATION, GeoQuery, ScopeExpr, ScopePattern, Term, TypeExpr
from onecity.kernel.twin.ngsild.query.q_sql import Builder, q_condition
from onecity.kernel.twin.ngsild.query.selection import Selection

Branch = Literal["any", "first", "later"]
Prefilter = Callable[[Term, str], tuple[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Where:
    """A condition with `%s` for each of `params`. `exact` False: it selects candidates, refine them with `matching.matches`."""

    sql: str
    params: list[Any]
    exact: bool


def compile(  # noqa: A001 - the name of the contract: sql.compile(selection)
    selection: Selection,
    series_attributes: Collection[str] | Mapping[str, Sequence[str]] = (),
    *,
    prefilter: Prefilter | None = None,
    branch: Branch = "any",
) -> Where:
    """Return the condition of a selection.

    `series_attributes` are the stored names under which telemetry series are shown, with the series' own names where they
    differ. `prefilter` (see `indexing`) writes an extra condition that an existing expression index serves. `branch` splits a
    selection of types into two that have nothing in common and together are the whole, so that each has its index and its
    order: "first" selects by the first type (index over tenant, types[1], urn), "later" what has the type in another place
    (index over types of rows with several). Use `branches` to learn which there are.
    """
    series = (
        series_attributes if isinstance(series_attributes, Mapping) else {name: (name,) for name in series_attributes}
    )
    builder = Builder(series, prefilter)
    parts: list[str] = []
    if selection.ids:
        builder.add(list(dict.fromkeys(selection.ids)))
        parts.append("e.urn = ANY (%s::text[])")
    if selection.types is not None:
        parts.append(_types(selection.types, branch, builder))
    if selection.id_pattern is not None:
        builder.add(selection.id_pattern.sql)
        parts.append("e.urn ~ %s")
    if selection.attrs:
        parts.append(_attrs(selection.attrs, builder))
    if selection.scope is not None:
        parts.append(_scopes(selection.scope, builder))
    if selection.geo is not None:
        parts.append(_geo(selection.geo, builder))
    if selection.q is not None:
        parts.append(q_condition(selection.q, builder))
    return Where(" AND ".join(parts) or "TRUE", builder.params, builder.exact)


def _types(expression: TypeExpr, branch: Branch, builder: Builder) -> str:
    """Return the condition on types, written for the index over the first type and the one over rows with several types."""
    single = list(dict.fromkeys(group[0] for group in expression.any_of if len(group) == 1))
    if branch == "first":
        builder.add(single)
        return "e.types[1] = ANY (%s::text[])"
    found: list[str] = []
    if single and branch == "any":
        builder.add(single)
        found.append("e.types[1] = ANY (%s::text[])")
    several = ["cardinality(e.types) > 1 AND e.types && %s::text[]"] if single else []
    builder.add(*([single] if single else []))
    for group in expression.any_of:
        if len(group) > 1:
            builder.add(list(group))
            several.append("cardinality(e.types) > 1 AND e.types @> %s::text[]")
    found += [f"({condition})" for condition in several]
    whole = f"({' OR '.join(found)})"
    if branch == "any" or not single:
        return whole
    builder.add(single)
    return f"{whole} AND NOT e.types[1] = ANY (%s::text[])"


def branches(selection: Selection) -> tuple[Branch, ...]:
    """Return the branches whose union is the selection."""
    if selection.types is None:
        return ("any",)
    return ("first", "later") if any(len(group) == 1 for group in selection.types.any_of) else ("later",)


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


def _geo(query: GeoQuery, builder: Builder) -> str:
    """Return candidates of a geo-query; `geo_matching` decides."""
    builder.exact = False
    if query.geoproperty != LOCATION:
        builder.add(query.geoproperty)
        return "e.attributes ? %s"
    if query.relation == "disjoint" or query.min_distance is not None:
        return "e.extent IS NOT NULL"
    boxes = boxes_around(query.geometry, query.max_distance or 0.0)
    builder.add(*(f"({east!r},{north!r}),({west!r},{south!r})" for west, south, east, north in boxes))
    return "(" + " OR ".join(["e.extent && %s::box"] * len(boxes)) + ")"
