"""Every system of the plan that this installation runs, named in one place."""

from onecity.domains.environment.domain import DOMAIN as ENVIRONMENT
from onecity.domains.operations.domain import DOMAIN as OPERATIONS
from onecity.kernel.registry import registry
from onecity.kernel.registry.domain import Domain

ALL: tuple[Domain, ...] = (ENVIRONMENT, OPERATIONS)


def load() -> tuple[Domain, ...]:
    """Register every domain once and close the registry."""
    if not registry.domains():
        for domain in ALL:
            registry.register(domain)
        registry.freeze()
    return tuple(registry.domains())
