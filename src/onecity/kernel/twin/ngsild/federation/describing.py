"""What a registration says of its source, as an entity that conditions can be held against (csf, 4.9)."""

from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model.stored import StoredEntity


def description(registration: Registration) -> StoredEntity:
    """The source as an entity: where and how it is asked, its properties and scopes."""
    own = {
        "endpoint": registration.endpoint,
        "mode": registration.mode,
        "contextSourceAlias": registration.context_source_alias,
    }
    values = {CORE.name(name): value for name, value in own.items() if value} | dict(registration.properties)
    properties = {name: [{"type": "Property", "value": value}] for name, value in values.items()}
    return StoredEntity(registration.id, ("ContextSourceRegistration",), registration.scopes, properties)
