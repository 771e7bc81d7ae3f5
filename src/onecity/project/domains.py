"""Every system of the plan that this installation runs, named in one place."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from onecity.domains.devices.domain import DOMAIN as DEVICES
from onecity.domains.environment.domain import DOMAIN as ENVIRONMENT
from onecity.domains.operations.domain import DOMAIN as OPERATIONS
from onecity.domains.services.domain import DOMAIN as SERVICES
from onecity.kernel.registry import registry
from onecity.kernel.registry.domain import Domain

ALL: tuple[Domain, ...] = (ENVIRONMENT, DEVICES, OPERATIONS, SERVICES)


def load() -> tuple[Domain, ...]:
    """Register every domain once and close the registry."""
    if not registry.domains():
        for domain in ALL:
            registry.register(domain)
        registry.freeze()
    return tuple(registry.domains())


def modules(name: str) -> list[ModuleType]:
    """The module of this name (`urls`, `api`) of each domain that has one."""
    names = [f"{domain.package}.{name}" for domain in ALL]
    return [import_module(full) for full in names if find_spec(full)]
