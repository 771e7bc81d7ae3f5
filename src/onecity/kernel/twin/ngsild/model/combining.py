"""One entity out of what several sources know of it (ETSI GS CIM 009 V1.9.1, 4.5.5.2, 4.5.5.3, 4.18, 4.3.6.2)."""

from collections.abc import Sequence

from onecity.kernel.twin.ngsild.model.stored import Attributes, Instance, StoredEntity


def moment_key(moment: str | None) -> str:
    """A key by which RFC 3339 UTC texts of any number of decimals sort in time; what is not known comes first."""
    return (moment or "").removesuffix("Z")


def combined(versions: Sequence[StoredEntity], now: str, auxiliary: Sequence[StoredEntity] = ()) -> StoredEntity | None:
    """The entity that the versions, the local one first, make together; None where all have expired.

    Of two instances of one data set the one observed, else modified, last is taken; what an auxiliary source knows only
    fills attributes that nobody else has.
    """
    alive = [version for version in versions if not expired(version.expires_at, now)]
    extra = [version for version in auxiliary if not expired(version.expires_at, now)]
    if not alive and not extra:
        return None
    everyone = [*alive, *extra]
    attributes: Attributes = {}
    for version in alive:
        _take_in(attributes, _own(version, everyone), now)
    filled: Attributes = {}
    for version in extra:
        own = _own(version, everyone)
        _take_in(filled, {name: instances for name, instances in own.items() if name not in attributes}, now)
    return _one(everyone, attributes | filled)


def expired(expires_at: str | None, now: str) -> bool:
    """Whether a moment of expiry has passed."""
    return expires_at is not None and moment_key(expires_at) <= moment_key(now)


def _one(versions: Sequence[StoredEntity], attributes: Attributes) -> StoredEntity:
    first = versions[0]
    expiries = [version.expires_at for version in versions]
    return StoredEntity(
        first.urn,
        tuple(dict.fromkeys(name for version in versions for name in version.types)),
        tuple(dict.fromkeys(scope for version in versions for scope in version.scopes)),
        attributes,
        min((version.created_at for version in versions if version.created_at), key=moment_key, default=""),
        max((version.modified_at for version in versions if version.modified_at), key=moment_key, default=""),
        None if None in expiries else max(expiries, key=moment_key),
    )


def _own(version: StoredEntity, everyone: Sequence[StoredEntity]) -> Attributes:
    """Its attributes; where not all versions expire together, its own expiry goes down to them (4.5.5.2)."""
    if version.expires_at is None or all(other.expires_at == version.expires_at for other in everyone):
        return version.attributes
    limit = version.expires_at
    return {
        name: [_expiring(instance, limit) for instance in instances] for name, instances in version.attributes.items()
    }


def _expiring(instance: Instance, limit: str) -> Instance:
    given = instance.get("expiresAt")
    if given is not None and moment_key(given) <= moment_key(limit):
        return instance
    return instance | {"expiresAt": limit}


def _take_in(attributes: Attributes, more: Attributes, now: str) -> None:
    for name, instances in more.items():
        known = {instance.get("datasetId"): instance for instance in attributes.get(name, ())}
        for instance in instances:
            if not expired(instance.get("expiresAt"), now):
                data_set = instance.get("datasetId")
                known[data_set] = _newer(known.get(data_set), instance)
        if known:
            attributes[name] = list(known.values())


def _newer(one: Instance | None, other: Instance) -> Instance:
    if one is None:
        return other
    for member in ("observedAt", "modifiedAt"):
        first, second = moment_key(one.get(member)), moment_key(other.get(member))
        if first != second:
            return one if first > second else other
    return one
