"""A registration's document as matching needs it."""

from collections.abc import Mapping
from typing import Any

from onecity.kernel.twin.ngsild.federation.reading import PROPERTIES, seconds
from onecity.kernel.twin.ngsild.federation.registration import EntityInfo, Information, Registration, expanded


def compiled(tenant: str, urn: str, document: Mapping[str, Any]) -> Registration:
    """The registration that a checked document describes."""
    management = document.get("management", {})
    timeout, cooldown = management.get("timeout"), management.get("cooldown")
    cached, refresh = management.get("cacheDuration"), document.get("refreshRate")
    return Registration(
        id=urn,
        tenant=tenant,
        endpoint=document["endpoint"],
        mode=document.get("mode", "inclusive"),
        operations=expanded(frozenset(document.get("operations", ()))),
        information=tuple(_information(one) for one in document["information"]),
        source_tenant=document.get("tenant"),
        headers=tuple((pair["key"], pair["value"]) for pair in document.get("contextSourceInfo", ())),
        scopes=tuple(document.get("scope", ())),
        dataset_ids=tuple(document.get("datasetId", ())),
        location=document.get("location"),
        observation_space=document.get("observationSpace"),
        operation_space=document.get("operationSpace"),
        observation_interval=_interval(document.get("observationInterval")),
        management_interval=_interval(document.get("managementInterval")),
        properties=document.get(PROPERTIES, {}),
        local_only=bool(management.get("localOnly", document.get("localOnly", False))),
        timeout_s=None if timeout is None else timeout / 1000,
        cooldown_s=None if cooldown is None else cooldown / 1000,
        cache_duration_s=None if cached is None else seconds(cached),
        refresh_s=None if refresh is None else seconds(refresh),
        expires_at=document.get("expiresAt"),
        context_source_alias=document.get("contextSourceAlias", ""),
    )


def _information(given: Mapping[str, Any]) -> Information:
    entities = tuple(
        EntityInfo(one.get("id"), one.get("idPattern"), tuple(one["type"])) for one in given.get("entities", ())
    )
    return Information(
        entities, frozenset(given.get("propertyNames", ())), frozenset(given.get("relationshipNames", ()))
    )


def _interval(given: Mapping[str, str] | None) -> tuple[str, str | None] | None:
    return None if given is None else (given["startAt"], given.get("endAt"))
