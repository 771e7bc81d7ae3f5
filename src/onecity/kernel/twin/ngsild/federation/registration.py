"""A context source registration as matching needs it: names as stored names, operations one by one (5.2.9, 5.2.10, 5.12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Mode = Literal["inclusive", "exclusive", "redirect", "auxiliary"]

# Table 4.20-2 (V1.9.1)
RETRIEVE: Final = frozenset({"retrieveEntity", "queryEntity"})
DISCOVERY: Final = frozenset(
    {
        "retrieveEntityTypes",
        "retrieveEntityTypeDetails",
        "retrieveEntityTypeInfo",
        "retrieveAttrTypes",
        "retrieveAttrTypeDetails",
        "retrieveAttrTypeInfo",
    }
)
SUBSCRIPTION: Final = frozenset(
    {"createSubscription", "updateSubscription", "retrieveSubscription", "querySubscription", "deleteSubscription"}
)
MAPS: Final = frozenset({"retrieveEntityMap", "updateEntityMap", "deleteEntityMap", "createEntityMapQueryEntity"})
IDENTITY: Final = frozenset({"retrieveContextSourceIdentity"})
UPDATE: Final = frozenset({"updateEntity", "updateAttrs", "replaceEntity", "replaceAttrs"})
ASSOCIATION: Final = RETRIEVE | {"queryBatch"} | DISCOVERY | SUBSCRIPTION | IDENTITY
GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "federationOps": ASSOCIATION | MAPS,
    "associationOps": ASSOCIATION,
    "updateOps": UPDATE,
    "retrieveOps": RETRIEVE,
    "redirectionOps": UPDATE
    | {"createEntity", "appendAttrs", "deleteAttrs", "deleteEntity", "mergeEntity", "purgeEntity"}
    | RETRIEVE
    | DISCOVERY
    | MAPS
    | IDENTITY,
}
DEFAULT_GROUP: Final = "federationOps"
# Table 4.20-1 (V1.9.1): those that no group names
OTHERS: Final = frozenset(
    {
        "createBatch",
        "upsertBatch",
        "updateBatch",
        "deleteBatch",
        "mergeBatch",
        "upsertTemporal",
        "appendAttrsTemporal",
        "deleteAttrsTemporal",
        "updateAttrInstanceTemporal",
        "deleteAttrInstanceTemporal",
        "deleteTemporal",
        "retrieveTemporal",
        "queryTemporal",
        "createEntityMapQueryTemporal",
    }
)
OPERATIONS: Final = OTHERS.union(*GROUPS.values())


@dataclass(frozen=True, slots=True)
class EntityInfo:
    """Entities that a source may have: of an id, of a pattern of ids, or of all ids; of one of `types`, empty: of any."""

    id: str | None = None
    id_pattern: str | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Information:
    """Entities and what of them a source may have; without any attribute all of them, without any entity every one."""

    entities: tuple[EntityInfo, ...] = ()
    properties: frozenset[str] = frozenset()
    relationships: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Registration:
    """One source and what it is registered for. Durations are in seconds, None where nothing was given.

    `operations`: single names of Table 4.20-1; `source_tenant`: the tenant at the source; `headers`: contextSourceInfo;
    `properties`: further members by stored name, for the context source filter.
    """

    id: str
    tenant: str
    endpoint: str
    mode: Mode
    operations: frozenset[str]
    information: tuple[Information, ...]
    source_tenant: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    scopes: tuple[str, ...] = ()
    dataset_ids: tuple[str, ...] = ()
    location: Mapping[str, Any] | None = field(default=None, hash=False)
    observation_space: Mapping[str, Any] | None = field(default=None, hash=False)
    operation_space: Mapping[str, Any] | None = field(default=None, hash=False)
    observation_interval: tuple[str, str | None] | None = None
    management_interval: tuple[str, str | None] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict, hash=False)
    local_only: bool = False
    timeout_s: float | None = None
    cooldown_s: float | None = None
    cache_duration_s: float | None = None
    refresh_s: float | None = None
    expires_at: str | None = None
    context_source_alias: str = ""
    is_active: bool = True


def expanded(names: frozenset[str]) -> frozenset[str]:
    """Names of operations and groups as single operations; the default group where none is given (4.20)."""
    return frozenset().union(*(GROUPS.get(name, {name}) for name in names or {DEFAULT_GROUP}))
