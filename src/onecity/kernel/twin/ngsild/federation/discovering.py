"""Which registrations a question about entities leads to, and by which entries of their information (5.10.2, 5.12); pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from onecity.kernel.twin.ngsild.federation.describing import description
from onecity.kernel.twin.ngsild.federation.distributing import planning
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.query.geo_matching import geo_test, shape_or_none
from onecity.kernel.twin.ngsild.query.language import LOCATION, GeoQuery
from onecity.kernel.twin.ngsild.query.matching import nothing_linked, scope_test
from onecity.kernel.twin.ngsild.query.q_matching import q_test
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.temporal.span import ALWAYS, Span, micros

CORE: Final = LOCATION.removesuffix("location")
PRESENT: Final = Span()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What registrations are looked for: of sources with some of these entities and attributes, at this time.

    `names` empty: any attribute; `span` without a relation: sources that tell the present.
    """

    selection: Selection
    names: frozenset[str] = frozenset()
    span: Span = PRESENT

    def type_names(self) -> Collection[str]:
        """The types by which candidates are found; empty: of any."""
        return self.selection.type_names() or ()


def wanted(selection: Selection, span: Span) -> Wanted:
    """A question; attributes of its conditions count like those of its list (5.10.2.4)."""
    return Wanted(selection, selection.attribute_names(), span)


def places(registration: Registration, asked: Wanted) -> list[int]:
    """The entries of the registration's information that the question leads to; empty: it does not match."""
    if not (_in_time(registration, asked.span) and _described(registration, asked.selection)):
        return []
    selection = asked.selection
    return [
        place
        for place, one in enumerate(registration.information)
        if planning.selects(
            replace(registration, information=(one,)), selection.ids, selection.id_pattern, selection.types, asked.names
        )
    ]


def _described(registration: Registration, selection: Selection) -> bool:
    datasets = registration.dataset_ids
    if datasets and selection.dataset_ids and set(datasets).isdisjoint(selection.dataset_ids):
        return False
    if selection.scope is not None and not scope_test(selection.scope)(registration.scopes):
        return False
    if selection.csf is not None and not q_test(selection.csf)(description(registration), nothing_linked):
        return False
    return selection.geo is None or somewhere(registration, selection.geo)


def area_of(registration: Registration, query: GeoQuery) -> Mapping[str, Any] | None:
    """The area of the source that a query is about; None where none is registered."""
    spaces: Mapping[str, Mapping[str, Any] | None] = {
        LOCATION: registration.location,
        CORE + "observationSpace": registration.observation_space,
        CORE + "operationSpace": registration.operation_space,
    }
    return spaces.get(query.geoproperty)


def somewhere(registration: Registration, query: GeoQuery) -> bool:
    """Whether the source's area meets the relation, or has room for places that do."""
    area = area_of(registration, query)
    if area is None:
        return False
    if geo_test(query)([{"value": area}]):
        return True
    shape = shape_or_none(dict(area))
    if shape is None or shape.area == 0:
        return False
    if query.relation == "near":
        # only the nearest place of an area was measured: within it there are some farther away
        return query.min_distance is not None and geo_test(replace(query, min_distance=None))([{"value": area}])
    if query.relation == "disjoint":
        return not query.geometry.covers(shape)
    return bool(query.geometry.intersects(shape))


def _in_time(registration: Registration, span: Span) -> bool:
    """Whether the source tells of the time; without one, whether it tells the present (5.10.2.4)."""
    intervals = (registration.observation_interval, registration.management_interval)
    if not span.relation:
        return intervals == (None, None)
    interval = intervals[0 if span.timeproperty == "observedAt" else 1]
    if interval is None:
        return False
    first, last = micros(interval[0]), ALWAYS[1] if interval[1] is None else micros(interval[1])
    if span.relation == "between":
        return first <= span.last and span.first <= last
    return first <= (span.last if span.relation == "before" else span.first) <= last
