"""The queries of a snapshot as what is to be copied: selections, the attributes that are wanted, and times (5.16.1.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.http import query_body, selecting, shaping
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.parsing import parse_names
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.snapshots.reading import QUERIES, TEMPORAL
from onecity.kernel.twin.ngsild.temporal import asking
from onecity.kernel.twin.ngsild.temporal.asking import Asked

MEMBERS = frozenset({"id", "type", "scope"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One query. `names`: the attributes that are wanted, None: all; `omitted`: those that are not; `asked`: of histories.

    `parameters`: the texts that it was made of.
    """

    selections: tuple[Selection, ...]
    names: frozenset[str] | None = None
    omitted: frozenset[str] = frozenset()
    asked: Asked | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def of(self, entity: StoredEntity) -> StoredEntity:
        """As much of an entity as is wanted."""
        if self.names is None and not self.omitted:
            return entity
        kept = {
            name: instances
            for name, instances in entity.attributes.items()
            if (self.names is None or name in self.names) and name not in self.omitted
        }
        return replace(entity, attributes=kept)


def queries(document: Mapping[str, Any], context: Context, request: Request) -> tuple[list[Wanted], list[Wanted]]:
    """The queries and the temporal queries of a snapshot; raises Problem 400 where one is not well formed."""
    return (
        [_query(body, context) for body in document.get(QUERIES, ())],
        [_temporal(body, context, request) for body in document.get(TEMPORAL, ())],
    )


def _query(body: Mapping[str, Any], context: Context) -> Wanted:
    parameters = query_body.parameters(body, context)
    pick, omit = shaping.projections(parameters, context)
    attrs = parse_names(str(parameters["attrs"]), context) if parameters.get("attrs") else None
    names = attrs if attrs is not None else None if pick is None else pick.names
    return Wanted(
        _selections(parameters, context),
        None if names is None else frozenset(names) - MEMBERS,
        frozenset() if omit is None else omit.names,
        parameters=parameters,
    )


def _temporal(body: Mapping[str, Any], context: Context, request: Request) -> Wanted:
    parameters = asking.from_body(body, context)
    asked = asking.asked(request, parameters, context, required=True)
    return Wanted(_selections(parameters, context), asked=asked)


def _selections(parameters: dict[str, Any], context: Context) -> tuple[Selection, ...]:
    return tuple(selecting.selected(parameters | one, context) for one in parameters.get("selectors", ({},)))
