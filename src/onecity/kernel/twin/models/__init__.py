"""The tables of the twin: what kinds of things there are, the things, how they relate, and every change to them."""

from onecity.kernel.twin.models.change import Change, Operation
from onecity.kernel.twin.models.context import ContextKind, LdContext
from onecity.kernel.twin.models.entity import Entity, EntityStatus
from onecity.kernel.twin.models.entity_map import EntityMap
from onecity.kernel.twin.models.kind import EntityKind
from onecity.kernel.twin.models.observation import Observation
from onecity.kernel.twin.models.passed import HeardNotification, PassedSubscription, ToldNotification
from onecity.kernel.twin.models.query_index import QueryIndex
from onecity.kernel.twin.models.registration import SourceChange, SourceRegistration
from onecity.kernel.twin.models.relation import Relation
from onecity.kernel.twin.models.snapshot import Snapshot
from onecity.kernel.twin.models.subscription import Delivery, Notification, Position, Subscription
from onecity.kernel.twin.models.tenant import Tenant

__all__ = [
    "Change",
    "ContextKind",
    "Delivery",
    "Entity",
    "EntityKind",
    "EntityMap",
    "EntityStatus",
    "HeardNotification",
    "LdContext",
    "Notification",
    "Observation",
    "Operation",
    "PassedSubscription",
    "Position",
    "QueryIndex",
    "Relation",
    "Snapshot",
    "SourceChange",
    "SourceRegistration",
    "Subscription",
    "Tenant",
    "ToldNotification",
]
