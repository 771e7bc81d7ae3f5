"""The one register of domains: types are checked at the door, duplicates refused, and nothing changes after start."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from onecity.kernel.access import permissions
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.registry.domain import Domain, Indicator, Layer, Page, Permission
from onecity.kernel.rules.types import RuleDecl
from onecity.kernel.telemetry.types import EntityType

PARTS: tuple[tuple[str, type], ...] = (
    ("entity_types", EntityType),
    ("rules", RuleDecl),
    ("case_types", CaseTypeDecl),
    ("indicators", Indicator),
    ("layers", Layer),
    ("pages", Page),
    ("permissions", Permission),
)


class RegistryError(RuntimeError):
    """A manifest that the platform cannot accept; the message names the domain, the part and what to change."""


@dataclass
class Registry:
    """Domains by name, in the order in which they were registered."""

    frozen: bool = False
    _domains: dict[str, Domain] = field(default_factory=dict)
    _taken: dict[tuple[str, str], str] = field(default_factory=dict)

    def register(self, domain: Domain) -> None:
        """Take in a manifest; raises RegistryError and changes nothing when it is wrong or comes after `freeze`."""
        if self.frozen:
            raise RegistryError(f"domain {getattr(domain, 'name', domain)!r}: the registry is frozen after start")
        if not isinstance(domain, Domain):
            raise RegistryError(f"{domain!r} is not a Domain")
        if domain.name in self._domains:
            raise RegistryError(f"domain {domain.name!r} is registered twice")
        claims = self._claims(domain)
        self._domains[domain.name] = domain
        self._taken |= claims

    def domains(self) -> tuple[Domain, ...]:
        """Return every registered domain."""
        return tuple(self._domains.values())

    def freeze(self) -> None:
        """Refuse further registrations and check what only the whole can tell: every reference has its target."""
        for domain in self.domains():
            for problem in self._dangling(domain):
                raise RegistryError(f"domain {domain.name!r}: {problem}")
        self.frozen = True

    def entity_type(self, name: str) -> EntityType | None:
        """Return the entity type of that name, or None."""
        return next((kind for domain in self.domains() for kind in domain.entity_types if kind.name == name), None)

    def _claims(self, domain: Domain) -> dict[tuple[str, str], str]:
        claims: dict[tuple[str, str], str] = {}
        for part, kind in PARTS:
            items: Any = getattr(domain, part)
            if not isinstance(items, tuple):
                raise RegistryError(f"domain {domain.name!r}: {part} must be a tuple")
            for item in items:
                if not isinstance(item, kind):
                    raise RegistryError(f"domain {domain.name!r}: {item!r} in {part} is not a {kind.__name__}")
                key = (part, str(getattr(item, "path" if kind is Page else "name")))
                owner = domain.name if key in claims else self._taken.get(key)
                if owner is not None:
                    raise RegistryError(f"domain {domain.name!r}: {part} {key[1]!r} is already taken by {owner!r}")
                claims[key] = domain.name
        return claims

    def _dangling(self, domain: Domain) -> Iterable[str]:
        case_types = {decl.name for other in self.domains() for decl in other.case_types}
        for rule in domain.rules:
            yield from self._missing(f"rule {rule.name!r}", rule.entity_type, rule.attribute)
            if rule.case_type is not None and rule.case_type not in case_types:
                yield f"rule {rule.name!r} opens the case type {rule.case_type!r}, which no domain declares"
        for indicator in domain.indicators:
            yield from self._missing(f"indicator {indicator.name!r}", indicator.entity_type, indicator.attribute)
        for layer in domain.layers:
            yield from self._missing(f"layer {layer.name!r}", layer.entity_type, layer.colour_by)

    def _missing(self, what: str, entity_type: str, attribute: str) -> Iterable[str]:
        kind = self.entity_type(entity_type)
        if kind is None:
            yield f"{what} names the entity type {entity_type!r}, which no domain declares"
        elif attribute and attribute not in {known.name for known in kind.attributes}:
            yield f"{what} names the attribute {attribute!r}, which {entity_type!r} does not have"


REGISTRY = Registry()


def register(domain: Domain) -> None:
    """Take a manifest into the platform's registry, its rights included; raises RegistryError as `Registry.register`."""
    for right in domain.permissions:
        if right.name in permissions.declared():
            raise RegistryError(f"domain {domain.name!r}: the permission {right.name!r} is declared already")
    REGISTRY.register(domain)
    for right in domain.permissions:
        permissions.declare(right.name, right.title)


def domains() -> tuple[Domain, ...]:
    """Return the domains of the platform, in the order of registration."""
    return REGISTRY.domains()


def freeze() -> None:
    """Close the platform's registry after all domains are in; raises RegistryError for a dangling reference."""
    REGISTRY.freeze()


def entity_type(name: str) -> EntityType | None:
    """Return a registered entity type by name, or None."""
    return REGISTRY.entity_type(name)
