"""The indicator tree: every domain's figures for a division, with the course of a day, the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass

from onecity.domains.operations.scope import Scope
from onecity.domains.operations.situations import Situation
from onecity.kernel.registry import registry
from onecity.kernel.registry.domain import Domain
from onecity.kernel.web.indicators import Figure, figure


@dataclass(frozen=True)
class Branch:
    """A domain's figures, worst first, with the number of running alerts on its entities."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    alerts: int
    worst: str


def tree(scope: Scope, found: Sequence[Situation]) -> list[Branch]:
    """The branches of all domains that declare figures; those with the gravest alerts, then the worst figures, first."""
    domains = [domain for domain in registry.domains() if domain.indicators]
    branches = [_branch(domain, scope, found) for domain in domains]
    rank = {s.severity: s.rank for s in found}

    def order(branch: Branch) -> tuple[float, ...]:
        worst = max((one.badness for one in branch.figures), default=0.0)
        return (-rank.get(branch.worst, 0), -worst)

    return sorted(branches, key=order)


def _branch(domain: Domain, scope: Scope, found: Sequence[Situation]) -> Branch:
    kinds = {kind.name for kind in domain.entity_types}
    running = [s for s in found if s.ended is None and s.alert is not None and s.entity_type in kinds]
    worst = max(running, key=lambda s: s.rank).severity if running else ""
    values = [figure(indicator, scope.division, scope.at) for indicator in domain.indicators]
    values.sort(key=lambda one: -one.badness)
    return Branch(domain.name, str(domain.title), tuple(values), len(running), worst)
