"""Decides whether an entity belongs to a selection: for subscriptions, federation, snapshots, and to refine what SQL found."""

from collections.abc import Callable
from functools import lru_cache

from onecity.kernel.twin.ngsild.query.geo_matching import geo_test
from onecity.kernel.twin.ngsild.query.language import Entity, ScopeExpr, ScopePattern, TypeExpr
from onecity.kernel.twin.ngsild.query.q_matching import EntityTest, Linked, q_test
from onecity.kernel.twin.ngsild.query.selection import Selection

Scopes = tuple[str, ...]


def nothing_linked(_urn: str) -> Entity | None:
    """Return no entity: for where linked entities cannot be fetched, conditions over them are not met."""
    return None


def matches(selection: Selection, entity: Entity, linked: Linked = nothing_linked) -> bool:
    """Tell whether the entity meets every condition; `linked` fetches an entity by id for `relationship{attribute}`."""
    return matcher(selection)(entity, linked)


@lru_cache(maxsize=32_768)
def matcher(selection: Selection) -> EntityTest:
    """Return the selection as a function of (entity, linked); made once, the cheapest conditions first."""
    tests: list[EntityTest] = []
    if selection.ids:
        ids = frozenset(selection.ids)
        tests.append(lambda entity, _linked: entity.urn in ids)
    if selection.types is not None:
        tests.append(_type_test(selection.types))
    if selection.attrs:
        attrs = selection.attrs
        tests.append(lambda entity, _linked: any(name in entity.attributes for name in attrs))
    if selection.id_pattern is not None:
        search = selection.id_pattern.search
        tests.append(lambda entity, _linked: search(entity.urn))
    if selection.scope is not None:
        scope = scope_test(selection.scope)
        tests.append(lambda entity, _linked: scope(entity.scopes))
    if selection.q is not None:
        tests.append(q_test(selection.q))
    if selection.geo is not None:
        geoproperty, geo = selection.geo.geoproperty, geo_test(selection.geo)
        tests.append(lambda entity, _linked: geo(entity.attributes.get(geoproperty, ())))
    return _all(tuple(tests))


def _all(tests: tuple[EntityTest, ...]) -> EntityTest:
    if len(tests) == 1:
        return tests[0]

    def decide(entity: Entity, linked: Linked) -> bool:
        for test in tests:  # noqa: SIM110 - half the time of all() with a generator, and this runs for every change
            if not test(entity, linked):
                return False
        return True

    return decide


def type_test(expression: TypeExpr) -> Callable[[tuple[str, ...]], bool]:
    """Return the type selection as a function of an entity's types (4.17)."""
    single = frozenset(group[0] for group in expression.any_of if len(group) == 1)
    groups = tuple(frozenset(group) for group in expression.any_of if len(group) > 1)
    if not groups:
        return lambda types: not single.isdisjoint(types)
    return lambda types: not single.isdisjoint(types) or any(group.issubset(types) for group in groups)


def _type_test(expression: TypeExpr) -> EntityTest:
    test = type_test(expression)
    return lambda entity, _linked: test(entity.types)


def scope_test(expression: ScopeExpr) -> Callable[[Scopes], bool]:
    """Return the scope selection as a function of an entity's scopes (4.19)."""

    def decide(scopes: Scopes) -> bool:
        if not scopes:
            return False
        split = [scope.removeprefix("/").split("/") for scope in scopes]
        return any(
            all(any(_covers(pattern, levels) for levels in split) for pattern in group) for group in expression.any_of
        )

    return decide


def _covers(pattern: ScopePattern, levels: list[str]) -> bool:
    wanted = pattern.levels
    if len(levels) < len(wanted) or (len(levels) > len(wanted) and not pattern.below):
        return False
    return all(want in ("+", have) for want, have in zip(wanted, levels, strict=False))
