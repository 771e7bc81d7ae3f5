"""What sources answered, as entities of our own form: read, judged, and reduced to what each may say (4.3.6.1, 4.5.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.federation.distributing import planning, warning
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, Names
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model import combining, reading
from onecity.kernel.twin.ngsild.model.rules import FOREIGN
from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity


@dataclass(slots=True)
class Versions:
    """What is known of one entity: the local version, and those of sources with who they are from."""

    local: StoredEntity | None = None
    others: list[tuple[Registration, StoredEntity]] = field(default_factory=list)

    @property
    def types(self) -> tuple[str, ...]:
        """All types that anybody gives it."""
        known = [*([self.local] if self.local is not None else []), *(entity for _one, entity in self.others)]
        return tuple(dict.fromkeys(name for version in known for name in version.types))


def entity(reply: Reply, body: object, now: str) -> StoredEntity | None:
    """The entity of an answer; None where it is none."""
    if not isinstance(body, dict):
        return None
    try:
        return reading.read_entity(body, reply.context or CORE, now, rules=FOREIGN)
    except Problem:
        return None


def entities(reply: Reply, now: str) -> tuple[list[StoredEntity], list[str]]:
    """The entities of a list that a source answered, with a warning where some are none (6.3.17: left out)."""
    if not reply.ok or reply.body is None:
        return [], []
    items = reply.body if isinstance(reply.body, list) else [None]
    found = [entity(reply, item, now) for item in items]
    good = [one for one in found if one is not None]
    return good, [] if len(good) == len(found) else [invalid(reply)]


def together(
    registrations: Sequence[Registration], urn: str, versions: Versions, now: str, wanted: Names = EVERYTHING
) -> StoredEntity | None:
    """The one entity that local version and answers make, each for the attributes that are its own; None for none."""
    own = planning.owners(registrations, urn, versions.types)
    ours = own[planning.INCLUSIVE]
    extra: list[StoredEntity] = []
    alive = [reduced(versions.local, ours & wanted)] if versions.local is not None and ours else []
    for registration, version in versions.others:
        names = planning.covered(registration, urn, version.types) & own[registration.mode] & wanted
        if names:
            part = reduced(version, names)
            (extra if registration.mode == planning.AUXILIARY else alive).append(part)
    if not alive and not extra:
        return None
    return combining.combined(alive, now, extra)


def is_contested(versions: Versions, now: str) -> bool:
    """Whether two say something of one data set of an attribute, and none of the times they told decides (4.5.5.3).

    `now`: the moment at which the answers were read, which stands for a time that was not told.
    """
    known = [] if versions.local is None else [versions.local]
    known += [version for one, version in versions.others if one.mode != planning.AUXILIARY]
    seen: dict[tuple[str, str], Instance] = {}
    for version in known:
        for name, instances in version.attributes.items():
            for instance in instances:
                first = seen.setdefault((name, str(instance.get("datasetId"))), instance)
                if first is not instance and not _decided(first, instance, now):
                    return True
    return False


def _decided(one: Instance, other: Instance, now: str) -> bool:
    return one.get("observedAt") != other.get("observedAt") or now not in (
        one.get("modifiedAt"),
        other.get("modifiedAt"),
    )


def reduced(version: StoredEntity, names: Names) -> StoredEntity:
    """The entity with no other attributes than these."""
    if names.is_everything:
        return version
    return replace(version, attributes={name: value for name, value in version.attributes.items() if name in names})


def invalid(reply: Reply) -> str:
    """The warning that an answer was none."""
    return warning.warning(reply.registration, "invalid")


def speaks_of(registration: Registration) -> Callable[[str, Sequence[str]], bool]:
    """Whether an entity of an id and types is one that the registration speaks of."""
    return lambda urn, types: bool(planning.covered(registration, urn, types))
