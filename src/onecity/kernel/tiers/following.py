"""The district's pipeline follows its towns: what each sends of readings, by its own numbers of series, becomes ours."""

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from django.db import connection, transaction

from onecity.kernel.telemetry.batch import Batch, Int32s
from onecity.kernel.telemetry.link import Link
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.pipeline.source import Entry, Stream
from onecity.kernel.telemetry.service import key_of
from onecity.kernel.tiers import peers
from onecity.kernel.tiers.logic import envelope, names
from onecity.kernel.tiers.models import TownSeries
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.twin.models import Entity

# the pipeline's thread keeps its connection; the one that reads ahead gives it back
PIPELINE_THREAD = "MainThread"
WAY = "town"
PREFIX = "t:"


class Described(msgspec.Struct, frozen=True):
    """What a town says of one of its series; see `stage.FACTS`."""

    id: int
    entity_id: UUID
    entity_urn: str
    entity_type: str
    attribute: str
    unit: str
    decimals: int
    minimum: float | None
    maximum: float | None
    max_age: float
    late_after: float
    division_path: str
    public: bool


class Content(msgspec.Struct, frozen=True):
    """A description in its message."""

    kind: str
    body: list[Described]


def origin_of(peer: Joined) -> str:
    """Whose readings these are, by town and installation: the name under which the pipeline keeps its position."""
    return f"{PREFIX}{peer.code}:{peer.installation.hex[:12]}"


class TownFollower:
    """See `telemetry.pipeline.process.Follower`."""

    def __init__(self) -> None:
        self._peers: dict[str, Joined] = {}
        self._numbers: dict[str, Int32s] = {}

    def logs(self) -> Mapping[str, tuple[Callable[[], Link], Stream]]:
        """The streams of the towns that have joined."""
        self._peers = {origin_of(peer): peer for peer in peers.joined() if not peer.up}
        return {
            origin: (
                partial(peers.connect, f"onecity-readings-{peer.code}", names.district_inbox(peer.code)),
                _stream(peer),
            )
            for origin, peer in self._peers.items()
        }

    def interpret(self, entry: Entry, catalogue: Catalogue) -> tuple[Batch, str] | None:  # noqa: ARG002 - the protocol's
        """The readings of a town's message; a description is taken into the dictionary. Raises ValueError."""
        origin = entry.origin[0] if entry.origin else ""
        peer = self._peers.get(origin)
        if peer is None:
            raise ValueError("a message of a town that does not belong here")
        message = envelope.read(entry.payload)
        try:
            if message.form == envelope.JSON:
                self._describe(peer, origin, message.content)
                return None
            return self._translate(peer, origin, envelope.unpack_readings(message.content)), WAY
        finally:
            if threading.current_thread().name != PIPELINE_THREAD:
                connection.close()

    def _translate(self, peer: Joined, origin: str, batch: Batch) -> Batch:
        numbers = self._dictionary(peer, origin)
        known = (batch.series_id >= 0) & (batch.series_id < len(numbers))
        series = np.where(known, numbers[np.where(known, batch.series_id, 0)] if len(numbers) else -1, -1)
        if (series < 0).any():
            raise ValueError(f"the town {peer.code} sends readings of a series that it has not described")
        return Batch(series.astype(np.int32), batch.observed_at, batch.value)

    def _dictionary(self, peer: Joined, origin: str) -> Int32s:
        if origin not in self._numbers:
            rows = list(TownSeries.objects.filter(peer_id=peer.code).values_list("number", "series_id"))
            numbers = np.full(max((number for number, _id in rows), default=-1) + 1, -1, np.int32)
            for number, series_id in rows:
                numbers[number] = series_id
            self._numbers[origin] = numbers
        return self._numbers[origin]

    def _describe(self, peer: Joined, origin: str, content: bytes) -> None:
        try:
            described = msgspec.json.decode(content, type=Content).body
        except msgspec.DecodeError as error:
            raise ValueError(
                f"the town {peer.code} describes a series in a way that cannot be read: {error}"
            ) from error
        foreign = [one.entity_urn for one in described if not one.division_path.startswith(peer.division_path)]
        if foreign:
            raise ValueError(f"the town {peer.code} describes {foreign[0]}, which does not lie in it")
        with transaction.atomic():
            rows = [TownSeries(peer_id=peer.code, number=one.id, series_id=_series(peer, one)) for one in described]
            TownSeries.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["peer_id", "number"], update_fields=["series_id"]
            )
        self._numbers.pop(origin, None)


def _stream(peer: Joined) -> Stream:
    return Stream(
        f"town-{peer.code}",
        names.up_stream(peer.code),
        names.up_subject(peer.code, names.READINGS),
        api=names.api(names.domain(peer.code)),
        inbox=f"{names.district_inbox(peer.code)}.log",
        numbered=partial(_numbered, origin_of(peer), peer.installation),
        patience=names.PATIENCE_S,
    )


def _numbered(origin: str, installation: UUID, payload: bytes) -> tuple[str, int] | None:
    try:
        message = envelope.read(payload)
    except ValueError:
        return None
    return (origin, message.number) if message.sender == installation else None


def _series(peer: Joined, one: Described) -> int:
    """The series here that stands for a town's; raises ValueError where this installation measures it itself."""
    facts: dict[str, Any] = {
        "entity_type": one.entity_type,
        "unit": one.unit,
        "decimals": one.decimals,
        "minimum": one.minimum,
        "maximum": one.maximum,
        "max_age": dt.timedelta(seconds=one.max_age),
        "late_after": dt.timedelta(seconds=one.late_after),
        "division_path": one.division_path,
        "public": one.public,
        "active": True,
        "origin": peer.code,
    }
    found = Series.objects.filter(entity_urn=one.entity_urn, attribute=one.attribute).select_for_update().first()
    if found is None:
        entity = Entity.objects.filter(urn=one.entity_urn).values_list("id", flat=True).first()
        names_ = {"entity_urn": one.entity_urn, "entity_key": key_of(one.entity_urn), "attribute": one.attribute}
        return Series.objects.create(entity_id=entity or one.entity_id, **names_, **facts).id
    if found.origin not in {"", peer.code} or (found.origin == "" and found.device_id is not None):
        raise ValueError(f"{one.entity_urn} {one.attribute} is measured elsewhere")
    if any(getattr(found, name) != value for name, value in facts.items()):
        for name, value in facts.items():
            setattr(found, name, value)
        found.save(update_fields=list(facts))
    return found.id
