"""From rules in the database to rules at work: which version holds, and which series it watches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from django.db.models import QuerySet

from onecity.kernel.core.errors import Problem
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules import publishing
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.logic.arrays import Int32s
from onecity.kernel.rules.logic.engine import Watcher
from onecity.kernel.rules.logic.scope import Scope
from onecity.kernel.rules.models import RuleVersion
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import Entity, EntityKind


@dataclass(frozen=True, slots=True)
class Working:
    """A version at work, with what it says."""

    version: RuleVersion
    definition: Definition


@dataclass
class Roster:
    """Rules at work by the number of their run, what the engine needs of them, and rules that cannot work and why."""

    working: dict[int, Working] = field(default_factory=dict)
    watchers: list[Watcher] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)


def roster(versions: Sequence[RuleVersion]) -> Roster:
    """Return the rules that hold, put to work; a rule that cannot work is named in `failed` by its id."""
    result, scopes = Roster(), _Scopes()
    for version in versions:
        try:
            found = definitions.from_data(version.definition)
            _check(found)
        except Problem as problem:
            result.failed[version.rule_id] = str(problem)
            continue
        result.working[version.run] = Working(version, found)
        scope = scopes.of(found, version.rule.division_path)
        result.watchers.append(Watcher(version.run, found.channel, found.condition, scope))
    return result


def current() -> Roster:
    """Return the rules that hold now."""
    return roster(publishing.in_force())


def series_of(found: Definition, owner: str, among: QuerySet[Series] | None = None) -> Int32s:
    """Return the ids of the series that a rule watches, ascending: never outside the division `owner` whose rule it is.

    Series of another installation are judged there.
    """
    rows = Series.objects.all() if among is None else among
    rows = rows.filter(entity_type=found.entity_type, attribute=found.attribute, active=True, origin="")
    division = found.division_path if found.division_path.startswith(owner) else owner
    if division:
        rows = rows.filter(division_path__startswith=division)
    if found.properties:
        entities = Entity.objects.filter(type=found.entity_type, properties__contains=dict(found.properties))
        identities: list[UUID] = list(entities.values_list("id", flat=True))
        rows = rows.filter(entity_id__in=identities)
    return np.array(sorted(rows.values_list("id", flat=True)), np.int32)


class _Scopes:
    """Rules that watch the same series share one scope, so that they share their ladder."""

    def __init__(self) -> None:
        self._by_question: dict[tuple[str, str, str, str], Scope] = {}

    def of(self, found: Definition, owner: str) -> Scope:
        key = (found.channel, owner, found.division_path, repr(sorted(found.properties.items())))
        if key not in self._by_question:
            self._by_question[key] = Scope(series_of(found, owner))
        return self._by_question[key]


def _check(found: Definition) -> None:
    kind = EntityKind.objects.filter(name=found.entity_type).first()
    # a kind that no entity has declared yet watches nothing, which is no failure
    if kind is not None and kind.attribute(found.attribute) is None:
        raise Problem("attribute-unknown", f"{found.entity_type} has no attribute {found.attribute}")
