"""Linked entities in an answer (4.5.23): inside the relationships that lead to them, or behind the entities themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import serving
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.shaping import Join
from onecity.kernel.twin.ngsild.model.kinds import RELATIONSHIPS
from onecity.kernel.twin.ngsild.model.representing import represent
from onecity.kernel.twin.ngsild.model.shape import Shape
from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity
from onecity.kernel.twin.ngsild.query.language import Projection
from onecity.kernel.twin.ngsild.store import problems

MOST_LINKED = 5000
Entities = Sequence[StoredEntity]


async def joined(
    request: Request, entities: Entities, shape: Shape, context: Context, join: Join, warnings: list[str] | None = None
) -> list[Any]:
    """The entities, represented, with those they link to.

    `warnings`: takes what the reader is to be warned of; without it linked entities are those held here.
    """
    if join.how == "flat":
        linked = await _reached(request, entities, join, warnings)
        return [
            *(represent(e, context, shape) for e in entities),
            *(represent(one.entity, context, _inner(shape, one.pick, one.omit)) for one in linked),
        ]
    if join.how == "inline":
        seen = await _reached(request, entities, join, warnings)
        known = {entity.urn: entity for entity in (*(one.entity for one in seen), *entities)}
        inline = _Inline(known, context, join.contained)
        return [
            inline.represent(e, shape, join.level, join.contained | {e.urn}, join.pick, join.omit) for e in entities
        ]
    return [represent(entity, context, shape) for entity in entities]


@dataclass(frozen=True, slots=True)
class _Linked:
    """An entity that was reached, and what of it is to be shown."""

    entity: StoredEntity
    pick: Projection | None
    omit: Projection | None


def _inner(shape: Shape, pick: Projection | None, omit: Projection | None) -> Shape:
    """The shape of a linked entity."""
    return replace(
        shape,
        attrs=None,
        geojson=False,
        pick=None if pick is None else pick.names,
        omit=() if omit is None else omit.dropped,
    )


async def _reached(request: Request, entities: Entities, join: Join, warnings: list[str] | None) -> list[_Linked]:
    """The entities that are linked to, level by level, each once."""
    seen = {entity.urn for entity in entities} | join.contained
    found: list[_Linked] = []
    frontier = [_Linked(entity, join.pick, join.omit) for entity in entities]
    for _level in range(join.level):
        ways = {urn: way for one in frontier for urn, way in _ways(one) if urn not in seen}
        wanted = sorted(ways)
        if not wanted:
            break
        if len(seen) + len(wanted) > MOST_LINKED:
            raise problems.too_many(MOST_LINKED)
        seen.update(wanted)
        if warnings is None:
            got = await request.services.reader.get_many(request.principal, request.tenant, wanted)
        else:
            got = await serving.linked(request, wanted, warnings)
        frontier = [_Linked(got[urn], *ways[urn]) for urn in wanted if urn in got]
        found += frontier
    return found


def _ways(one: _Linked) -> Iterator[tuple[str, tuple[Projection | None, Projection | None]]]:
    """The ids that an entity leads to by relationships that are shown, with what is picked and omitted there."""
    for name, instances in one.entity.attributes.items():
        if (one.pick is not None and name not in one.pick) or (one.omit is not None and name in one.omit.dropped):
            continue
        further = (None if p is None else p.linked(name) for p in (one.pick, one.omit))
        way = (next(further), next(further))
        for instance in instances:
            yield from ((urn, way) for urn in targets(instance))


def targets(instance: Instance) -> list[str]:
    """The ids of the entities that a relationship leads to; none for what is no relationship."""
    if instance["type"] not in RELATIONSHIPS:
        return []
    value = instance.get("object", instance.get("objectList"))
    return list(value) if isinstance(value, list) else [value] if isinstance(value, str) else []


class _Inline:
    """Represents entities with the linked ones inside, from those that were read before."""

    def __init__(self, known: dict[str, StoredEntity], context: Context, contained: frozenset[str]) -> None:
        self._known = known
        self._context = context
        self._contained = contained

    def represent(
        self,
        entity: StoredEntity,
        shape: Shape,
        level: int,
        path: frozenset[str],
        pick: Projection | None,
        omit: Projection | None,
    ) -> dict[str, Any]:
        """The entity with linked entities down to `level`; those on the path to it are not entered again."""
        attributes = {
            name: [self._instance(instance, name, shape, level, path, pick, omit) for instance in instances]
            for name, instances in entity.attributes.items()
        }
        return represent(replace(entity, attributes=attributes), self._context, shape)

    def _instance(
        self,
        instance: Instance,
        name: str,
        shape: Shape,
        level: int,
        path: frozenset[str],
        pick: Projection | None,
        omit: Projection | None,
    ) -> Instance:
        wanted = [urn for urn in targets(instance) if urn in self._known and urn not in path] if level else []
        if not wanted:
            return instance
        inner_pick = None if pick is None else pick.linked(name)
        inner_omit = None if omit is None else omit.linked(name)
        inner = _inner(shape, inner_pick, inner_omit)
        bodies = {
            urn: self.represent(self._known[urn], inner, level - 1, path | {urn}, inner_pick, inner_omit)
            for urn in wanted
        }
        return _with(instance, bodies, simplified=shape.format == "simplified")


def _with(instance: Instance, bodies: dict[str, dict[str, Any]], *, simplified: bool) -> Instance:
    """The instance with what it leads to: as `entity` or `entityList`, or in place of the ids."""
    listed = "objectList" in instance
    member = "objectList" if listed else "object"
    if simplified:
        value = instance[member]
        shown = [bodies.get(urn, urn) for urn in value] if isinstance(value, list) else bodies.get(value, value)
        return instance | {member: shown}
    found = list(bodies.values())
    if listed:
        return instance | {"entityList": found}
    return instance | {"entity": found if isinstance(instance["object"], list) else found[0]}
