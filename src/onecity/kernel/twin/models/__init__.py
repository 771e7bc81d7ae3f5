"""The tables of the twin: what kinds of things there are, the things, and how they relate."""

from onecity.kernel.twin.models.entity import Entity, EntityStatus
from onecity.kernel.twin.models.kind import EntityKind
from onecity.kernel.twin.models.relation import Relation

__all__ = ["Entity", "EntityKind", "EntityStatus", "Relation"]
