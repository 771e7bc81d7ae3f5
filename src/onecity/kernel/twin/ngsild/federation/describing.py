"""What a registration says of its source, as an entity that conditions can be held against (csf, 4.9)."""

from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model.stored import StoredEntity


def description(registration: Registration) -> StoredEntity:
    """The source as an entity: its properties and scopes."""
    properties = {name: [{"type": "Property", "value": value}] for name, value in registration.properties.items()}
    return StoredEntity(registration.id, ("ContextSourceRegistration",), registration.scopes, properties)
