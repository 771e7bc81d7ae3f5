"""All series and devices in memory, as arrays: what turns the names in a reading into the number of its series."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
import polars as pl

from onecity.kernel.telemetry.batch import Bools, Floats, Int32s, Int64s
from onecity.kernel.telemetry.logic.columns import factorize
from onecity.kernel.telemetry.logic.readings import Readings

UNKNOWN_ENTITY, AMBIGUOUS_ENTITY, UNKNOWN_ATTRIBUTE = -1, -2, -3
NO_DEVICE = -1

SERIES_SCHEMA: Mapping[str, pl.DataType] = {
    "id": pl.Int32(),
    "entity_urn": pl.String(),
    "entity_key": pl.String(),
    "entity_type": pl.String(),
    "attribute": pl.String(),
    "unit": pl.String(),
    "minimum": pl.Float64(),
    "maximum": pl.Float64(),
    "late_after": pl.Int64(),
    "device_id": pl.String(),
    "active": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device as gateways know it; `number` is its place in this catalogue only.

    `earlier_hash` is of the secret before the last change; it opens until `earlier_until` (µs since 1970 UTC).
    """

    number: int
    id: str
    secret_hash: bytes
    active: bool
    readings_per_second: int
    division_path: str
    earlier_hash: bytes = b""
    earlier_until: int = 0

    def accepts(self, secret_hash: bytes, at_us: int) -> bool:
        """Whether a secret of this hash opens at this instant; takes the same time whatever it is."""
        newest = hmac.compare_digest(secret_hash, self.secret_hash)
        earlier = hmac.compare_digest(secret_hash, self.earlier_hash)
        return self.active and (newest or (earlier and at_us < self.earlier_until))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One state of all series and devices.

    Arrays `minimum`, `maximum` (±inf where open), `late_after` (µs), `owner` (number of the only device that may write,
    NO_DEVICE where none may) and `row` are indexed by series id. Names are looked up through `entity_of`, then
    `first_slot[entity] + place[type, attribute]` is where the series id stands in `slots`.
    """

    frame: pl.DataFrame
    devices: Mapping[str, KnownDevice]
    device_ids: tuple[str, ...]
    minimum: Floats
    maximum: Floats
    late_after: Int64s
    owner: Int32s
    row: Int32s
    entity_of: Mapping[str, int]
    attribute_of: Mapping[str, int]
    type_of: Int32s
    first_slot: Int64s
    place: Int32s
    slots: Int32s
    units: tuple[str, ...] = field(default=())

    def resolve(self, readings: Readings) -> Int32s:
        """The series id of each reading, int32[n]; UNKNOWN_ENTITY, AMBIGUOUS_ENTITY or UNKNOWN_ATTRIBUTE where none."""
        if not len(readings):
            return np.empty(0, np.int32)
        unknown = len(self.attribute_of)
        entity = np.array([self.entity_of.get(name, UNKNOWN_ENTITY) for name in readings.entities], np.int32)
        attribute = np.array([self.attribute_of.get(name, unknown) for name in readings.attributes], np.int32)
        entities = entity[readings.entity]
        known = entities >= 0
        place = np.where(known, self.place[self.type_of[entities], attribute[readings.attribute]], -1)
        found = place >= 0
        slot = np.where(found, self.first_slot[entities] + place, 0)
        series = np.where(found, self.slots[slot] if len(self.slots) else -1, -1)
        return np.where(known, np.where(series >= 0, series, UNKNOWN_ATTRIBUTE), entities).astype(np.int32)

    def owner_of(self, series: Int32s) -> Int32s:
        """The device number that may write each series, int32[n]; negative ids belong to nobody."""
        return np.where(series >= 0, self.owner[series], np.int32(NO_DEVICE)) if len(self.owner) else series * 0 - 1

    def describe(self, series: int) -> tuple[str, str]:
        """URN and attribute of a series; empty texts for an id this catalogue does not know."""
        row = int(self.row[series]) if 0 <= series < len(self.row) else -1
        if row < 0:
            return "", ""
        return self.frame["entity_urn"][row], self.frame["attribute"][row]

    def unit_of(self, series: int) -> str:
        """The UCUM unit of a series' values."""
        return str(self.frame["unit"][int(self.row[series])])

    def device_of(self, series: int) -> str:
        """The id of the device that may write a series, "" where none."""
        number = int(self.owner[series]) if 0 <= series < len(self.owner) else NO_DEVICE
        return self.device_ids[number] if number >= 0 else ""


class _Index(TypedDict):
    """The part of a catalogue that turns names into series."""

    entity_of: Mapping[str, int]
    attribute_of: Mapping[str, int]
    type_of: Int32s
    first_slot: Int64s
    place: Int32s
    slots: Int32s


def build(frame: pl.DataFrame, devices: list[KnownDevice]) -> Catalogue:
    """The catalogue of all series in `frame` (SERIES_SCHEMA) and of `devices`, numbered in their order."""
    by_id = {device.id: device for device in devices}
    ids = frame["id"].to_numpy()
    size = int(ids.max()) + 1 if len(ids) else 1
    number_of = {device.id: device.number for device in devices}
    owners = frame["device_id"].replace_strict(
        list(number_of), list(number_of.values()), default=NO_DEVICE, return_dtype=pl.Int32
    )
    active = frame.filter(pl.col("active"))
    return Catalogue(
        frame=frame,
        devices=by_id,
        device_ids=tuple(device.id for device in devices),
        minimum=_spread(size, ids, frame["minimum"].fill_null(float("-inf")).to_numpy(), float("-inf")),
        maximum=_spread(size, ids, frame["maximum"].fill_null(float("inf")).to_numpy(), float("inf")),
        late_after=_spread(size, ids, frame["late_after"].to_numpy(), 0),
        owner=_spread(size, ids, owners.fill_null(NO_DEVICE).to_numpy(), NO_DEVICE),
        row=_spread(size, ids, np.arange(len(frame), dtype=np.int32), -1),
        **_index(active),
    )


def _spread(size: int, ids: Int32s, values: np.ndarray, empty: float) -> np.ndarray:
    spread = np.full(size, empty, values.dtype)
    spread[ids] = values
    return spread


def _index(active: pl.DataFrame) -> _Index:
    types, type_names = factorize(active["entity_type"])
    attributes, attribute_names = factorize(active["attribute"])
    place = np.full((len(type_names) + 1, len(attribute_names) + 1), -1, np.int32)
    declared: Bools = np.zeros(place.shape, np.bool_)
    declared[types, attributes] = True
    width = declared.sum(axis=1)
    place[declared] = (np.cumsum(declared, axis=1) - 1)[declared]
    entities = active.select("entity_urn", "entity_key", type=pl.Series(types)).unique(
        "entity_urn", maintain_order=True
    )
    type_of = entities["type"].to_numpy()
    first_slot = np.concatenate([[0], np.cumsum(width[type_of])]).astype(np.int64)
    urns = entities["entity_urn"].to_list()
    position = {urn: number for number, urn in enumerate(urns)}
    entity = active["entity_urn"].replace_strict(urns, np.arange(len(urns)), return_dtype=pl.Int64).to_numpy()
    entity = entity.astype(np.int64, copy=False)  # of an empty column the type is not kept
    slots = np.full(int(first_slot[-1]), -1, np.int32)
    where = first_slot[entity] + place[types, attributes]
    slots[where] = active["id"].to_numpy()
    return {
        "entity_of": _names(entities["entity_key"].to_list(), position),
        "attribute_of": {name: number for number, name in enumerate(attribute_names)},
        # one more for the unknown entity, whose number -1 points to the end
        "type_of": np.append(type_of, np.int32(len(type_names))).astype(np.int32),
        "first_slot": first_slot,
        "place": place,
        "slots": slots,
    }


def _names(keys: list[str], position: dict[str, int]) -> dict[str, int]:
    """Every name to its entity: keys that several entities share are ambiguous, a URN always means itself."""
    names: dict[str, int] = {}
    for number, key in enumerate(keys):
        names[key] = AMBIGUOUS_ENTITY if key in names else number
    return names | position
