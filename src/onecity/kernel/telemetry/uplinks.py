"""Devices' own messages on their way in: whose they are, by which codec they are read, and what becomes of each."""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from django.db import DatabaseError, connection

from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry import limits
from onecity.kernel.telemetry.batch import Batch, Int32s
from onecity.kernel.telemetry.capture import Capture
from onecity.kernel.telemetry.codecs import flat, registry
from onecity.kernel.telemetry.codecs.declaration import BINARY, Codec, CodecError, Payload
from onecity.kernel.telemetry.codecs.decoding import decode
from onecity.kernel.telemetry.codecs.gathering import Decoded
from onecity.kernel.telemetry.codecs.reading import read
from onecity.kernel.telemetry.ingest.formats import window
from onecity.kernel.telemetry.logic import admission, times
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.columns import join
from onecity.kernel.telemetry.logic.readings import Readings, Refusal, Refusals
from onecity.kernel.telemetry.models import CodecStatus, CodecVersion, DeviceAddress

# how old what is known of addresses and codecs may be (s)
FRESH_S = 2.0

log = logging.getLogger(__name__)
Units = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Uplink:
    """A message of a device as a network handed it over; `extra`: attributes that the network itself measured.

    `division`: whoever hands it over speaks only for devices within it. `silent`: the device itself said nothing, only `extra` is to be kept.
    `document`: the same message as JSON where the network has read it already; a codec that reads no bytes gets it.
    """

    network: str
    address: str
    payload: Payload
    document: bytes = b""
    extra: Mapping[str, float] = field(default_factory=dict)
    silent: bool = False
    division: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the platform knows of an address."""

    device: str
    entity: str
    codec: str
    version: int | None
    attributes: Mapping[str, str]
    division_path: str


@dataclass
class Shelf:
    """Codecs and addresses in memory, read anew when they are older than FRESH_S; one thread uses it."""

    addresses: dict[tuple[str, str], Known] = field(default_factory=dict)
    _codecs: dict[tuple[str, int | None], Codec | CodecError] = field(default_factory=dict)
    _state: tuple[object, ...] = ()
    _read_at: float = -FRESH_S

    def refresh(self) -> None:
        """Read again where something changed; what was known stays while the database is away."""
        if time.monotonic() - self._read_at < FRESH_S:
            return
        try:
            self._load()
        except DatabaseError as error:
            log.warning("codecs and addresses cannot be read: %s", str(error).strip())
            connection.close()
        self._read_at = time.monotonic()

    def codec(self, name: str, version: int | None) -> Codec | CodecError | None:
        """The codec of a version, or the newest in use; None where there is none."""
        return self._codecs.get((name, version))

    def _load(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM telemetry_deviceaddress),"
                " (SELECT max(changed_at) FROM telemetry_deviceaddress),"
                " (SELECT count(*) FROM telemetry_codecversion WHERE status <> 'draft'),"
                " (SELECT max(published_at) FROM telemetry_codecversion)"
            )
            state = cursor.fetchone()
        if state == self._state:
            return
        names = ("network", "address", "device_id", "entity", "codec", "codec_version", "attributes", "division_path")
        self.addresses = {
            (network, address): Known(str(device), entity, codec, version, renamed, path)
            for network, address, device, entity, codec, version, renamed, path in DeviceAddress.objects.values_list(
                *names
            )
        }
        self._codecs = {("", None): flat.CODEC}
        for row in CodecVersion.objects.exclude(status=CodecStatus.DRAFT).order_by("name", "version"):
            codec = _read(row)
            self._codecs[row.name, row.version] = codec
            if row.status == CodecStatus.PUBLISHED:
                self._codecs[row.name, None] = codec
        self._state = state


def _read(row: CodecVersion) -> Codec | CodecError:
    try:
        return read(row.definition)
    except CodecError as error:
        # of an earlier edition of the platform, perhaps; its messages go to quarantine with this reason
        return error


def take(uplinks: Sequence[Uplink], shelf: Shelf, catalogue: Catalogue, refusals: Refusals, at: int) -> Batch:
    """The readings of messages that may enter at this time (µs); everything else goes to `refusals`, whole."""
    parts: list[Readings] = []
    units: Units = []
    senders: list[Int32s] = []
    for wanted, group in _by_codec(uplinks, shelf, catalogue, refusals).items():
        readings, senders_of, own = _decoded(group, wanted, shelf, catalogue, refusals)
        before = sum(len(part) for part in parts)
        units += [(before + row, unit) for row, unit in own]
        parts.append(readings)
        senders.append(senders_of)
    readings = join(parts)
    sender = np.concatenate(senders) if senders else np.empty(0, np.int32)
    return admission.admit(catalogue, readings, sender, window(at), refusals, units)


def note(capture: Capture, way: str, messages: Sequence[Uplink], shelf: Shelf, refused: Sequence[Refusal]) -> None:
    """Note messages as they came, with what became of each sender's."""
    outcomes = {refusal.device: refusal.reason for refusal in refused}
    for message in messages:
        known = shelf.addresses.get((message.network, message.address))
        if known is not None and not message.silent and known.division_path.startswith(message.division):
            capture.note(
                way,
                known.device,
                message.payload.data,
                port=message.payload.port,
                document=message.document,
                outcome=outcomes.get(known.device, ""),
            )


def again(raw: bytes, catalogue: Catalogue) -> tuple[Batch, Refusals]:
    """Read messages that quarantine kept for their codec once more, by the codec in use now."""
    refusals, found, shelf = Refusals(), list[Uplink](), Shelf()
    for line in raw.split(b"\n"):
        try:
            kept = msgspec.json.decode(line, type=_Kept)
            payload = Payload(bytes.fromhex(kept.hex), kept.port, times.from_one(kept.received_at) or now_us())
            found.append(Uplink(kept.network, kept.address, payload, kept.document.encode()))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            # what a network handed over broken is no message of a device
            refusals.add("codec", [line], count=1)
    shelf.refresh()
    return take(found, shelf, catalogue, refusals, now_us()), refusals


class _Kept(msgspec.Struct):
    network: str
    address: str
    hex: str
    received_at: str
    port: int = 0
    document: str = ""


def raw_line(uplink: Uplink, known: Known | None = None) -> bytes:
    """A message as quarantine keeps it: one line of JSON with all that is needed to read it again."""
    body = {
        "network": uplink.network,
        "address": uplink.address,
        "codec": known.codec if known else "",
        "port": uplink.payload.port,
        "received_at": times.to_text(uplink.payload.received_at),
        "hex": uplink.payload.data[: limits.MAX_MQTT_MESSAGE].hex(),
    }
    if uplink.document:
        body["document"] = uplink.document.decode(errors="replace")
    return json.dumps(body).encode()


def _by_codec(
    uplinks: Sequence[Uplink], shelf: Shelf, catalogue: Catalogue, refusals: Refusals
) -> dict[tuple[str, int | None], list[tuple[Uplink, Known]]]:
    groups: dict[tuple[str, int | None], list[tuple[Uplink, Known]]] = {}
    for uplink in uplinks:
        known = shelf.addresses.get((uplink.network, uplink.address))
        if known is None or not _active(catalogue, known.device):
            detail = f"{uplink.network} {uplink.address}"
            device = known.device if known is not None else ""
            refusals.add("unknown_device", [raw_line(uplink)], count=1, detail=detail, device=device)
        elif not known.division_path.startswith(uplink.division):
            refusals.add("not_yours", [raw_line(uplink)], count=1, detail=f"{uplink.network} {uplink.address}")
        else:
            wanted = ("", None) if uplink.silent else (known.codec, known.version)
            groups.setdefault(wanted, []).append((uplink, known))
    return groups


def _decoded(
    group: Sequence[tuple[Uplink, Known]],
    wanted: tuple[str, int | None],
    shelf: Shelf,
    catalogue: Catalogue,
    refusals: Refusals,
) -> tuple[Readings, Int32s, Units]:
    codec = shelf.codec(*wanted)
    if not isinstance(codec, Codec):
        detail = f"{wanted[0]}: {codec}" if codec is not None else wanted[0]
        for uplink, known in group:
            refusals.add("codec", [raw_line(uplink, known)], count=1, detail=detail, device=known.device)
        return Readings.empty(), np.empty(0, np.int32), []
    payloads = [_payload(uplink, codec) for uplink, _known in group]
    decoded = decode(codec, payloads, registry.code(codec.code))
    for number, error in decoded.failures.items():
        uplink, known = group[number]
        detail = f"{codec.name}: {error}"
        refusals.add("codec", [raw_line(uplink, known)], count=1, detail=detail, device=known.device)
    return _readings(group, decoded, catalogue)


def _payload(uplink: Uplink, codec: Codec) -> Payload:
    if not uplink.document or codec.format == BINARY:
        return uplink.payload
    return Payload(uplink.document, uplink.payload.port, uplink.payload.received_at)


def _readings(
    group: Sequence[tuple[Uplink, Known]], decoded: Decoded, catalogue: Catalogue
) -> tuple[Readings, Int32s, Units]:
    """Columns of readings with the numbers of their senders; attributes renamed as each address wants it."""
    names: dict[str, int] = {}
    table = np.array(
        [
            [names.setdefault(known.attributes.get(name, name), len(names)) for name in decoded.attributes]
            for _uplink, known in group
        ],
        np.int32,
    ).reshape(len(group), len(decoded.attributes))
    attribute = table[decoded.message, decoded.attribute]
    extra = [
        (number, names.setdefault(name, len(names)), value, uplink.payload.received_at)
        for number, (uplink, known) in enumerate(group)
        if number not in decoded.failures
        for name, value in uplink.extra.items()
        if _measures(catalogue, known.entity, name)
    ]
    columns = np.array(extra, np.float64).reshape(-1, 4)
    message = np.concatenate([decoded.message, columns[:, 0].astype(np.int32)])
    readings = Readings(
        [known.entity for _uplink, known in group],
        list(names),
        message,
        np.concatenate([attribute, columns[:, 1].astype(np.int32)]),
        np.concatenate([decoded.observed_at, np.array([item[3] for item in extra], np.int64)]),
        np.concatenate([decoded.value, columns[:, 2]]),
        message,
    )
    numbers = np.array([catalogue.devices[known.device].number for _uplink, known in group], np.int32)
    sender = numbers[message]
    return readings, sender, foreign_units(readings, [decoded.units[a] for a in decoded.attribute.tolist()], catalogue)


def foreign_units(readings: Readings, units: Sequence[str], catalogue: Catalogue) -> Units:
    """Of readings with their units ("" for none), those whose unit is not their series' own: (position, unit)."""
    named = [position for position, unit in enumerate(units) if unit]
    if not named:
        return []
    series = catalogue.resolve(readings)
    own: dict[int, str] = {}
    found: Units = []
    for position in named:
        number = int(series[position])
        if number >= 0 and own.setdefault(number, catalogue.unit_of(number)) != units[position]:
            found.append((position, units[position]))
    return found


def _measures(catalogue: Catalogue, entity: str, attribute: str) -> bool:
    """Whether an entity has a series of this attribute."""
    one = np.zeros(1, np.int32)
    asked = Readings((entity,), (attribute,), one, one, np.zeros(1, np.int64), np.zeros(1), one)
    return bool(catalogue.resolve(asked)[0] >= 0)


def _active(catalogue: Catalogue, device: str) -> bool:
    known = catalogue.devices.get(device)
    return known is not None and known.active
