"""What an entity was over time, put together from the changes written down, the entity now and what clients wrote; pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from onecity.kernel.twin.ngsild.model.instances import INSTANCE_ID
from onecity.kernel.twin.ngsild.model.kinds import NULL, VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.stored import Attributes, Instance
from onecity.kernel.twin.ngsild.temporal.span import Span, micros

MEMBERS: Final = frozenset({"type", "expiresAt"})
SCOPE: Final = "scope"
DELETED: Final = 3
EVERY_ATTRIBUTE: Final = ""
EVERY_DATASET: Final = "*"
GONE: Final[dict[str, Any]] = {
    "languageMap": {"@none": NULL},
    "valueList": [NULL],
    "objectList": [NULL],
}
"""Kind's value member → how it says that the attribute was deleted, where that is not plain NGSI-LD Null (4.5.7)."""


@dataclass(frozen=True, slots=True)
class Series:
    """A measured attribute: the number of its series, its unit ("" where it has none), its newest reading's time (µs)."""

    id: int
    unit: str
    latest: int | None


@dataclass(slots=True)
class Evolution:
    """The history of one entity. `attributes`: stored name → all its instances in the order in which they were written.

    `held`: the scopes that a scope query found, wherever they were set; None where nothing was asked of scopes.
    `series`: measured attributes; their readings after `erased` (µs by name) belong to the history and are kept elsewhere.
    """

    urn: str
    types: tuple[str, ...]
    created_at: str = ""
    modified_at: str = ""
    deleted_at: str | None = None
    expires_at: str | None = None
    attributes: dict[str, list[Instance]] = field(default_factory=dict)
    scopes: list[Instance] = field(default_factory=list)
    held: list[Instance] | None = None
    series: dict[str, Series] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Erasure:
    """Up to `at` (µs) the history of an attribute ("" all) and data set ("*" all, "" the default one) was taken back."""

    attribute: str
    dataset: str
    at: int


class Gathering:
    """Puts one evolution together; changes come in the order in which they were made."""

    def __init__(self, evolution: Evolution, erasures: Sequence[Erasure], written: Iterable[tuple[str, Any]]) -> None:
        """`written`: (attribute, instance) that clients wrote; ({"instanceId": …} alone takes one of the log back)."""
        self.evolution = evolution
        self._erasures = erasures
        self._seen: set[tuple[str, str | None, str | None]] = set()
        self._replaced: set[str] = set()
        self._written: list[tuple[str, Instance]] = []
        for name, instance in written:
            self._replaced.add(instance["instanceId"])
            if "type" in instance:
                self._written.append((name, instance))

    def change(self, at: str, operation: int, changes: Mapping[str, Any], previous: Mapping[str, Any] | None) -> None:
        """Take in one write as the log holds it."""
        before = previous or {}
        if operation == DELETED:
            changes = dict.fromkeys(before)
        for name, after in changes.items():
            if name in MEMBERS:
                continue
            if name == SCOPE:
                self._scope(after, at)
                continue
            left = {instance.get("datasetId") for instance in after or ()}
            for instance in after or ():
                self._take(name, instance)
            for instance in before.get(name) or ():
                self._take(name, instance)
                if instance.get("datasetId") not in left:
                    self._take(name, gone(instance, at))

    def current(self, attributes: Attributes, scopes: Sequence[str], since: str) -> None:
        """Take in the entity as it is now, for what is older than the log."""
        if scopes and not self.evolution.scopes:
            self._scope(scopes, since)
        for name, instances in attributes.items():
            for instance in instances:
                self._take(name, instance)

    def finish(self) -> Evolution:
        """The evolution, with what clients wrote."""
        for name, instance in self._written:
            if name == SCOPE:
                self.evolution.scopes.append(instance)
            else:
                self.evolution.attributes.setdefault(name, []).append(instance)
        for erasure in self._erasures:
            if erasure.dataset in {EVERY_DATASET, ""}:
                names = self.evolution.series if erasure.attribute == EVERY_ATTRIBUTE else (erasure.attribute,)
                for name in names:
                    self.evolution.erased[name] = max(self.evolution.erased.get(name, erasure.at), erasure.at)
        return self.evolution

    def _take(self, name: str, instance: Instance) -> None:
        written = instance.get("modifiedAt") or instance.get("createdAt") or instance.get("observedAt")
        deleted = instance.get("deletedAt")
        key = (name, instance.get("datasetId"), f"{written} {deleted}" if deleted else written)
        if key in self._seen:
            return
        self._seen.add(key)
        if "instanceId" not in instance:
            instance = instance | {"instanceId": _identifier(self.evolution.urn, key)}
        if instance["instanceId"] in self._replaced or (written is not None and self._erased(name, instance, written)):
            return
        self.evolution.attributes.setdefault(name, []).append(instance)

    def _scope(self, scopes: Sequence[str] | None, at: str) -> None:
        """A change of scope as an instance of a Property (4.5.6)."""
        instance: Instance = {"type": "Property", "value": _one_or_all(scopes) if scopes else NULL}
        instance |= {"createdAt": at, "modifiedAt": at}
        instance |= {"observedAt": at} if scopes else {"deletedAt": at}
        instance["instanceId"] = _identifier(self.evolution.urn, (SCOPE, None, at))
        if instance["instanceId"] not in self._replaced and not self._erased(SCOPE, instance, at):
            self.evolution.scopes.append(instance)

    def _erased(self, name: str, instance: Instance, written: str) -> bool:
        if not self._erasures:
            return False
        at, dataset = micros(written), instance.get("datasetId", "")
        return any(
            at <= erasure.at
            and erasure.attribute in {EVERY_ATTRIBUTE, name}
            and erasure.dataset in {EVERY_DATASET, dataset}
            for erasure in self._erasures
        )


def _one_or_all(values: Sequence[str]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _identifier(urn: str, key: tuple[str, str | None, str | None]) -> str:
    """The same instance always has the same name, although it was written without one."""
    digest = hashlib.blake2b("\n".join((urn, *(part or "" for part in key))).encode(), digest_size=16)
    return f"{INSTANCE_ID}{digest.hexdigest()}"


def gone(instance: Instance, at: str) -> Instance:
    """The instance that says that an attribute (of a data set) was deleted (4.5.7)."""
    kind = instance["type"]
    member = VALUE_MEMBER.get(kind, "value")
    said: Instance = {"type": kind, member: GONE.get(member, NULL), "createdAt": instance.get("createdAt", at)}
    said |= {"modifiedAt": at, "deletedAt": at}
    if "datasetId" in instance:
        said["datasetId"] = instance["datasetId"]
    return said


@dataclass(frozen=True, slots=True)
class Timed:
    """An instance and the moment (µs) of the temporal property that was asked for; None where it has none."""

    at: int | None
    instance: Instance


def timed(instances: Iterable[Instance], span: Span) -> list[Timed]:
    """The instances that lie in the span, by time; without a temporal query all of them, those without a time first."""
    found = [Timed(at, instance) for at, instance in _moments(instances, span.timeproperty) if _within(at, span)]
    found.sort(key=_order)
    return found


def _moments(instances: Iterable[Instance], member: str) -> Iterator[tuple[int | None, Instance]]:
    for instance in instances:
        text = instance.get(member)
        yield (None if text is None else micros(text)), instance


def _within(at: int | None, span: Span) -> bool:
    if at is None:
        # whoever asks by the time of deletion asks for what was deleted
        return not span.relation and span.timeproperty != "deletedAt"
    return span.holds(at)


def _order(one: Timed) -> tuple[bool, int]:
    return (one.at is not None, one.at or 0)
